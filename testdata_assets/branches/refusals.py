"""Why the lifecycle refuses, and what the registry keeps of an error."""

from __future__ import annotations

import psycopg

from testdata_assets.errors import RefusedError, TestdataError


def unknown(name: str) -> RefusedError:
    """There has never been a branch of that name, or it is gone."""
    return RefusedError(
        f"There is no branch {name[:80]!r}",
        where=f"branch {name[:80]}",
        remedy="See `testdata branch list`.",
        code="branch-unknown",
    )


def no_image(golden_id: str | None) -> RefusedError:
    """No image is published, or not the one asked for."""
    if golden_id is None:
        return RefusedError(
            "There is no published golden image to branch",
            where="golden images",
            remedy="Build one with `testdata refresh`.",
            code="no-golden-image",
        )
    return RefusedError(
        f"The golden image {golden_id[:80]!r} is not published",
        where=f"golden image {golden_id[:80]}",
        remedy="See `testdata golden list`.",
        code="image-unpublished",
    )


def reason_of(error: BaseException) -> str:
    """What the registry keeps: an expected error's sentence; else only the kind, as texts may quote data."""
    if isinstance(error, TestdataError):
        return f"{error.error_code}: {error.what}"
    if isinstance(error, psycopg.Error) and error.sqlstate:
        return f"{type(error).__name__} (SQLSTATE {error.sqlstate})"
    return type(error).__name__
