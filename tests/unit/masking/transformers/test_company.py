"""company: invented names with the legal forms of many countries."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

Mask = Callable[..., list[str]]


def test_companies_keep_their_legal_form_and_may_be_long(mask: Mask):
    one, two, long, words = mask(
        "company", ["Smith & Sons, Inc.", "Müller GmbH & Co. KG", "x" * 300, "word " * 59 + "end"]
    )
    assert re.fullmatch(r"\w+ & Sons, Inc\.", one)
    assert two.endswith(" GmbH & Co. KG")
    assert 270 <= len(long) <= 330
    assert len(words.split()) == 60
    assert "word" not in words.split()
    (tight,) = mask("company", ["x" * 300], base_type="varchar", limit=300)
    assert 270 <= len(tight) <= 300


@pytest.mark.parametrize(
    ("value", "pattern"),
    [
        ("Acme S.A.", r"[A-Z]\w+ S\.A\."),
        ("Banco Norte, S.A. de C.V.", r"\w+ \w+, S\.A\. de C\.V\."),
        ("Kowalski Sp. z o.o.", r"\w+ Sp\. z o\.o\."),
        ("Kowalski sp.z o.o. sp.k.", r"\w+ sp\.z o\.o\. sp\.k\."),
        ("Maersk A/S", r"\w+ A/S"),
        ("Rossi S.p.A.", r"\w+ S\.p\.A\."),
        ("Dupont S. à r. l.", r"\w+ S\. à r\. l\."),
        ("Novák s.r.o.", r"\w+ s\.r\.o\."),
        ("Jansen Beheer B.V.", r"\w+ \w+ B\.V\."),
        ("Smith L.L.C", r"\w+ L\.L\.C"),
        ("Demir A.Ş.", r"\w+ A\.Ş\."),
        ("ACME HOLDING S.A. (S.L.)", r"\w+ HOLDING S\.A\. \(S\.L\.\)"),
        ("株式会社山田製作所", r"株式会社\w{5}"),
        ("山田製作所株式会社", r"\w{5}株式会社"),
        ("株式会社トヨタ", r"株式会社[ァ-ヿ]{3}"),
        ("株式会社 山田", r"株式会社 \w\w"),
        ("华为技术有限公司", r"\w{4}有限公司"),
        ("삼성전자주식회사", r"\w{4}주식회사"),
    ],
)
def test_legal_forms_of_many_countries_stay(mask: Mask, value: str, pattern: str):
    for fold in (False, True):
        (masked,) = mask("company", [value], fold=fold)
        assert re.fullmatch(pattern, masked), masked
        assert not set(re.findall(r"\w{4,}", value)) & set(re.findall(r"\w{4,}", masked)) - {"HOLDING", "株式会社"}


@pytest.mark.parametrize("value", ["S.A.", "J.S. Bach Records", "U.S.A.", "株式会社", "A.B. Miller"])
def test_what_only_looks_like_a_legal_form_changes(mask: Mask, value: str):
    (masked,) = mask("company", [value])
    assert not set(re.findall(r"\w+", value)) & set(re.findall(r"\w+", masked))
