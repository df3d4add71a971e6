"""Where Data Docs lie: a folder for each image, and `latest`, which always leads to the one checked last.

A browser opens no file from a page of a web server: a check can only show the path, unless the folder is served, too;
then `TESTDATA_DATA_DOCS_URL` says where.
"""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from testdata_assets.settings import Settings

FOLDER, LATEST, FIRST_PAGE = "data_docs", "latest", "index.html"


def folder_of(settings: Settings, golden_id: str) -> Path:
    """The folder of an image's pages."""
    return settings.state_dir / FOLDER / golden_id


def lead_to(folder: Path) -> Path:
    """Points `latest` beside a folder to it, in one step: it never leads nowhere.

    Returns:
        The path of its first page.
    """
    latest = folder.parent / LATEST
    fresh = folder.parent / f".{LATEST}-{secrets.token_hex(4)}"
    fresh.symlink_to(folder.name, target_is_directory=True)
    try:
        os.replace(fresh, latest)
    except OSError:
        fresh.unlink(missing_ok=True)
        raise
    return latest / FIRST_PAGE


def url_of(settings: Settings, golden_id: str) -> str | None:
    """The address of an image's first page where the folder is served; None where it is not."""
    return f"{settings.data_docs_url.rstrip('/')}/{golden_id}/{FIRST_PAGE}" if settings.data_docs_url else None
