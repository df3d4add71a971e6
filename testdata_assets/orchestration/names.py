"""The words Dagster sees: groups, owners, tags and metadata keys. One place, so that no two spellings exist."""

from __future__ import annotations

OWNERS = ["team:data-platform"]

GROUP_PRODUCTION = "production"
GROUP_GOLDEN = "golden_image"
GROUP_BRANCHES = "pull_requests"
GROUP_SYNTHESIS = "factories"

REFRESH_JOB = "refresh_golden_image"
CREATE_JOB = "create_branch"
DELETE_JOB = "delete_branch"
RECONCILE_JOB = "reconcile_branches"
VERIFY_JOB = "verify_golden_images"
VERIFY_FACTORIES_JOB = "verify_factories"

PARTITIONS = "pull_requests"

TAG_LAUNCHED_BY = "testdata/launched_by"
COMMAND_LINE = "command line"  # value of TAG_LAUNCHED_BY
TAG_REFRESH = "testdata/refresh"  # dagster.yaml lets one such run at a time
TAG_BRANCH = "testdata/branch"  # dagster.yaml lets one run at a time work on one branch
TAG_EVENT = "testdata/event_id"
TAG_REPOSITORY = "testdata/repository"
TAG_PULL_REQUEST = "testdata/pull_request"
TAG_HEAD_SHA = "testdata/head_sha"
TAG_REASON = "testdata/reason"

STALE_SUBJECT = "validated_golden_image since"

META_SNAPSHOT = "snapshot_id"
META_GOLDEN = "golden_id"

META_ERROR_CODE = "code"
META_ERROR_WHAT = "what"
META_ERROR_WHERE = "where"
META_ERROR_REMEDY = "remedy"
META_ERROR_STATUS = "exit_status"
META_ERROR_PROBLEMS = "problems"
