"""Escapes of URLs, HTML and JSON are put back, whatever else stands in the texts, and however often it was done."""

from __future__ import annotations

import polars as pl
import pytest

from testdata_assets.validation.escapes import ESCAPED, without_entities, without_escapes


@pytest.mark.parametrize(
    ("escaped", "plain"),
    [
        ("Jos%C3%A9", "José"),
        ("Jos%c3%a9 %E6%9D%8E %F0%9F%98%80", "José 李 😀"),
        ("Jos%E9 alone, %C3%A9 of two", "José alone, é of two"),
        ("%u00e9", "é"),
        ("Jos&eacute; &#233; &#xE9; &#XE9;", "José é é é"),
        ("&amp;amp;eacute;", "é"),
        ("%252540", "@"),
        (r"Jos\\u00e9\\nM\u00fcller", "José Müller"),
        ("a%00b%0Ac&#10;d", "a b c d"),
        (r"half of a pair \ud83d here", "half of a pair   here"),
        ("100% of it, 5%zz, &unknown; & so on; %C3%", "100% of it, 5%zz, &unknown; & so on; Ã%"),
        ("nothing at all", "nothing at all"),
    ],
)
def test_escapes_are_put_back(escaped: str, plain: str) -> None:
    others = ["%C3", "&amp;", "%A9 lone", "text"]
    found = without_escapes(pl.Series([escaped, *others]))
    assert found.to_list() == [plain, "Ã", "&", "© lone", "text"]
    assert (escaped != plain) <= pl.Series([escaped]).str.contains(ESCAPED)[0]


def test_entities_alone_leave_percent_signs() -> None:
    assert without_entities(pl.Series(["&lt;a&gt; %41 &#65;"])).to_list() == ["<a> %41 A"]
