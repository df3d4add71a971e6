"""Discovery from end to end: samples, verdicts, domains, and rules that the plan's own checks are content with.

Columns joined by foreign keys are one group with one verdict; the rule is written for the column the others
reference. Each group has a list of transformers, best first. The draft is held against the catalog as a refresh
would hold it, and whatever is refused steps down its list, until nothing is.
"""

from __future__ import annotations

from testdata_assets.masking.discovery.findings import Discovery, Found
from testdata_assets.masking.discovery.settle import Settlement
from testdata_assets.production.sampling import DISTINCT
from testdata_assets.production.source import OpenSource

__all__ = ["Discovery", "Found", "discover"]


def discover(source: OpenSource, *, sample: int = DISTINCT, seconds: float = 300.0) -> Discovery:
    """Reads samples of a source and drafts rules for it.

    Args:
        source: Open and read-only.
        sample: Distinct values looked at in each column.
        seconds: After this long, tables not sampled yet are judged by their names alone.
    """
    draft = Settlement(source, sample, seconds)
    draft.classify()
    draft.assign_domains()
    draft.choose()
    return draft.settled()
