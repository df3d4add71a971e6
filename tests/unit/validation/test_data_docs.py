"""Data Docs have a path that stays, and an address where they are served."""

from __future__ import annotations

from pathlib import Path

import pytest

from testdata_assets.settings import Settings
from testdata_assets.validation.data_docs import folder_of, lead_to, url_of


def test_latest_leads_to_the_image_checked_last(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path)
    for golden_id in ("g-1", "g-2", "g-2"):
        folder = folder_of(settings, golden_id)
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "index.html").write_text(golden_id)
        page = lead_to(folder)
        assert page == tmp_path / "data_docs" / "latest" / "index.html"
        assert page.read_text() == golden_id
    assert sorted(entry.name for entry in (tmp_path / "data_docs").iterdir()) == ["g-1", "g-2", "latest"]


@pytest.mark.parametrize(
    ("served", "expected"),
    [
        ("", None),
        ("https://docs.corp/data", "https://docs.corp/data/g-1/index.html"),
        ("http://x/", "http://x/g-1/index.html"),
    ],
)
def test_an_address_where_they_are_served(served: str, expected: str | None) -> None:
    assert url_of(Settings(data_docs_url=served), "g-1") == expected
