"""The dynamic partitions: one key for each pull request that wants a branch. Nothing else belongs here.

The key equals the branch's name. A key that exists says only that a branch was wanted: Dagster keeps the
history of deleted keys, so the registry, not a partition's status, tells which branches exist.
"""

from __future__ import annotations

import dagster as dg

from testdata_assets.orchestration.names import PARTITIONS

pull_requests = dg.DynamicPartitionsDefinition(name=PARTITIONS)
