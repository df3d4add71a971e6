"""Data Docs that load nothing from elsewhere: no scripts, no fonts, no pictures of others, one small stylesheet.

Great Expectations' pages fetch scripts and styles from public networks, which tells those networks who reads reports
when, and lets them change what a report says. What stays here are texts, tables and links between the pages.
"""

from __future__ import annotations

import html
import re
import shutil
from collections.abc import Mapping
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import quote

_DROPPED = frozenset(
    {"script", "style", "iframe", "object", "noscript", "button", "form", "svg"}
)  # with what is inside
_LOST = frozenset({"link", "img", "embed", "input", "source", "base"})
_LOADING = frozenset({"src", "href", "action", "srcset", "poster", "data", "formaction", "style", "background"})
_OUTSIDE = re.compile(r"^\s*(?:[a-z][a-z0-9+.\-]*:|//)|url\s*\(", re.IGNORECASE)
_STYLE = """
body{font:15px/1.5 system-ui,sans-serif;color:#1b1f24;max-width:75rem;margin:2rem auto;padding:0 1rem}
table{border-collapse:collapse;margin:.5rem 0}td,th{border:1px solid #d0d7de;padding:.3rem .6rem;text-align:left}
th{background:#f6f8fa}a{color:#0550ae}.passed{color:#116329}.failed{color:#a40e26;font-weight:600}
nav ul,ol.breadcrumb{list-style:none;padding:0;display:flex;gap:1rem;flex-wrap:wrap}
@media(prefers-color-scheme:dark){body{background:#0d1117;color:#e6edf3}th{background:#161b22}
td,th{border-color:#30363d}a{color:#79c0ff}.passed{color:#7ee787}.failed{color:#ff7b72}}
"""


def make_offline(folder: Path, outcomes: Mapping[str, bool]) -> None:
    """Rewrites every page of a site and puts a first page of our own in front.

    Args:
        folder: Of the site.
        outcomes: Whether each suite succeeded, in the order to be listed.
    """
    shutil.rmtree(folder / "static", ignore_errors=True)
    for page in sorted(folder.rglob("*.html")):
        page.write_text(offline(page.read_text(encoding="utf-8")), encoding="utf-8")
    rows = []
    for name, success in outcomes.items():
        found = sorted((folder / "validations" / name).rglob("*.html"))
        shown = html.escape(name)
        if found:
            shown = f'<a href="{quote(found[-1].relative_to(folder).as_posix())}">{shown}</a>'
        word = "passed" if success else "failed"
        rows.append(f'<tr><td>{shown}</td><td class="{word}">{word}</td></tr>')
    (folder / "index.html").write_text(
        f'<!DOCTYPE html>\n<html lang="en"><head><meta charset="UTF-8"><title>Validation</title><style>{_STYLE}</style>'
        "</head><body><h1>Validation of a golden image</h1><p>Every expectation, with counts; no page holds a value of "
        f"the image.</p><table><tr><th>suite</th><th>outcome</th></tr>{''.join(rows)}</table></body></html>\n",
        encoding="utf-8",
    )


def offline(page: str) -> str:
    """A page without anything that it would load."""
    writer = _Writer()
    writer.feed(page)
    writer.close()
    return "".join(writer.parts)


class _Writer(HTMLParser):
    """Writes a page again as it is read, without what loads or runs something."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=False)
        self.parts: list[str] = []
        self._inside: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _DROPPED:
            self._inside.append(tag)
        if self._inside or tag in _LOST:
            return
        kept = [
            (name, value)
            for name, value in attrs
            if not name.startswith("on") and not (name in _LOADING and _OUTSIDE.search(value or ""))
        ]
        text = "".join(f" {name}" if value is None else f' {name}="{html.escape(value)}"' for name, value in kept)
        self.parts.append(f"<{tag}{text}>")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in _DROPPED:
            self.handle_starttag(tag, attrs)

    def handle_endtag(self, tag: str) -> None:
        if tag in _DROPPED:
            if tag in self._inside:
                while self._inside.pop() != tag:
                    pass
            return
        if self._inside or tag in _LOST:
            return
        if tag == "head":
            self.parts.append(f"<style>{_STYLE}</style>")
        self.parts.append(f"</{tag}>")

    def handle_data(self, data: str) -> None:
        if not self._inside:
            self.parts.append(data)

    def handle_entityref(self, name: str) -> None:
        self.handle_data(f"&{name};")

    def handle_charref(self, name: str) -> None:
        self.handle_data(f"&#{name};")

    def handle_decl(self, decl: str) -> None:
        self.parts.append(f"<!{decl}>")
