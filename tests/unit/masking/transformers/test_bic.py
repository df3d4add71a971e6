"""bic: country, length and form stay; codes stay distinct."""

from __future__ import annotations

from collections.abc import Callable

from hypothesis import given, settings
from hypothesis import strategies as st
from stdnum import bic

from testdata_assets.masking.transformers import registry
from testdata_assets.production.catalog import Column

Mask = Callable[..., list[str]]
CODES = st.from_regex(r"[A-Z]{4}(DE|FR|GB|US|XK|CH)[A-Z0-9]{2}([A-Z0-9]{3}|XXX)?", fullmatch=True)


@settings(max_examples=60, deadline=None)
@given(st.sets(CODES, min_size=1, max_size=40))
def test_form_and_country_stay(mask: Mask, found: set[str]):
    values = sorted(found)
    masked = mask("bic", values)
    assert len(set(masked)) == len(values)
    for value, result in zip(values, masked, strict=True):
        assert bic.is_valid(result)
        assert len(value) == len(result)
        assert value[4:6] == result[4:6]
        assert value[:8] != result[:8]
        assert (value[8:] == "XXX") == (result[8:] == "XXX")
        assert (value[7] in "01") == (result[7] in "01")


def test_head_offices_agree_and_branches_share_a_bank(mask: Mask):
    masked = mask("bic", ["DEUTDEFF", "DEUTDEFFXXX", "DEUTDEFF500", "deutdeff"])
    assert masked[1] == masked[0] + "XXX"
    assert masked[2][:8] == masked[0]
    assert masked[2][8:] != "500"
    assert masked[3] == masked[0].lower()


def test_branches_never_become_the_head_office(mask: Mask):
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    values = [f"DEUTDEFF{one}{two}{three}" for one in letters for two in letters for three in letters]
    masked = mask("bic", values)
    assert len(set(masked)) == len(values)
    assert sum(each.endswith("XXX") for each in masked) == 1
    assert all(one != two for one, two in zip(values, masked, strict=True))


def test_other_texts_change_and_do_not_become_codes(mask: Mask):
    values = ["", "n/a", "DEUTDEF", "DEUTZZFF", "1234DEFF", *(f"ABCDQQ{number:02d}" for number in range(100))]
    masked = mask("bic", values)
    assert masked[0] == ""
    assert all(one != two for one, two in zip(values[1:], masked[1:], strict=True))
    codes = mask("bic", [f"{each[:4]}DE{each[6:]}" for each in values[5:]])
    assert not set(masked) & set(codes)


def test_keys_and_domains_matter(mask: Mask):
    values = ["DEUTDEFF", "BNPAFRPP", "CHASUS33"]
    plain = mask("bic", values)
    assert not set(plain) & set(mask("bic", values, key=b"another key of the tests, 32 bytes"))
    assert not set(plain) & set(mask("bic", values, domain="other"))


def test_other_columns_are_refused():
    assert registry.build("bic").problems(Column("c", "bigint", "int8", "N"))
