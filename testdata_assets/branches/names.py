"""Names of branches: what users may choose, what pull requests get, and the database each name stands for.

The branch name doubles as Dagster's partition key, so it must be derivable from a webhook alone. No I/O
here.
"""

from __future__ import annotations

import hashlib
import re

from testdata_assets.errors import UsageFault

NAME_LIMIT = 50
"""Bytes a branch name may take; `branch_` and the name stay below Postgres' 63."""

DATABASE_PREFIX = "branch_"

_BRANCH_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,49}\Z")
_REPOSITORY = re.compile(r"([A-Za-z0-9][A-Za-z0-9_-]{0,99})/([A-Za-z0-9._-]{1,100})\Z")
_DIGEST_LENGTH = 8


def validate_branch_name(name: str) -> str:
    """Returns the name if users may use it.

    Raises:
        UsageFault: Other than a lower-case letter or digit, then up to 49 of `a-z 0-9 . _ -`.
    """
    if not _BRANCH_NAME.match(name):
        raise UsageFault(
            f"{name[:80]!r} is not a branch name",
            where="branch name",
            remedy="Use 1 to 50 of a-z, 0-9, '.', '_' and '-', beginning with a letter or digit.",
            code="branch-name",
        )
    return name


def is_repository(text: str) -> bool:
    """Whether the text has the form `owner/repo` as GitHub allows it."""
    return _REPOSITORY.match(text) is not None


def pull_request_branch_name(repository: str | None, number: int) -> str:
    """The branch of a pull request.

    `pr-7` without a repository (the command line), else `owner--repo--pr-7` in lower case. GitHub owners hold
    no `--` and end in no hyphen, so no two repositories share a name; where an old owner does, or where the
    name would pass the limit, eight hexadecimal digits of the full name's SHA-256 keep names apart.

    Raises:
        UsageFault: The number is not positive, or the repository has not the form `owner/repo`.
    """
    if isinstance(number, bool) or number < 1:
        raise UsageFault(
            f"{number} is not the number of a pull request",
            where="pull request number",
            remedy="Give the positive number GitHub shows.",
            code="pull-request-number",
        )
    if repository is None:
        return f"pr-{number}"
    match = _REPOSITORY.match(repository)
    if not match:
        raise UsageFault(
            f"{repository[:200]!r} is not a repository",
            where="repository",
            remedy="Write owner/repo as GitHub does.",
            code="repository-name",
        )
    owner, repo = (part.lower() for part in match.groups())
    suffix = f"--pr-{number}"
    plain = f"{owner}--{repo}{suffix}"
    ambiguous = "--" in owner or owner.endswith("-")
    if len(plain) <= NAME_LIMIT and not ambiguous:
        return plain
    digest = hashlib.sha256(f"{owner}/{repo}".encode()).hexdigest()[:_DIGEST_LENGTH]
    room = NAME_LIMIT - len(suffix) - len(digest) - 1
    return f"{f'{owner}--{repo}'[:room]}-{digest}{suffix}"


def database_name(branch: str) -> str:
    """The database (and the role) of a branch. At most 57 bytes, so Postgres never truncates it."""
    return f"{DATABASE_PREFIX}{branch}"
