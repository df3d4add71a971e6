"""What every text transformer holds to beyond what all do (`test_transformer_properties.py`)."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from testdata_assets.masking.characters import FIXED, characters
from testdata_assets.masking.transformers import registry
from testdata_assets.masking.transformers.base import Coincidence, Uniqueness
from testdata_assets.masking.transformers.text import TextTransformer, fold

Mask = Callable[..., list[str]]

TEXT = sorted(name for name, each in registry.all().items() if issubclass(each, TextTransformer))
RUNS = settings(max_examples=8, deadline=None)

LETTERS = "abzABZ019éßİıςΣжЖاबท王ひ가😀"
WORDS = ["John", "O'Brien", "van", "SMITH", "Müller", "Иван", "王小明", "a@b.com", "J.+t@X.org", "+1 (555) 234-5678",
         "4111111111111111", "10.0.0.1/8", "2001:db8::1", "https://acme.com/x?y=%C3%A9", "1980-02-29", "12B", "Ltd.",
         "03/15/1980", "x", "--", "😀", "ａ", "გიო", "٣٤", "Ⅷ", "ﬁ"]  # fmt: skip
values = st.one_of(
    st.text(alphabet=st.sampled_from(list(LETTERS + " .-_'@+/:,\n")), max_size=20),
    st.lists(st.sampled_from(WORDS), min_size=1, max_size=4).map(" ".join),
    st.text(alphabet=st.characters(exclude_categories=("Cs",), exclude_characters="\0"), max_size=30),
)
batches = st.lists(values, min_size=1, max_size=30)


def can_change(value: str) -> bool:
    """Whether it holds a letter or digit."""
    table = characters()
    return any(table.klass[ord(character)] != FIXED for character in value)


def is_blank(value: str) -> bool:
    """White space as Unicode has it; Python counts four separators more."""
    return all(character.isspace() and character not in "\x1c\x1d\x1e\x1f" for character in value)


@pytest.mark.parametrize("name", TEXT)
@RUNS
@given(batches)
@example(["", " ", "\t", "\N{NO-BREAK SPACE}"])
def test_every_value_changes_and_blank_ones_stay(mask: Mask, name: str, batch: list[str]):
    for value, masked in zip(batch, mask(name, batch), strict=True):
        if is_blank(value):
            assert masked == value
        elif can_change(value) and value.strip() not in ("infinity", "-infinity") and name != "ip":
            assert masked.lower() != value.lower()
            assert masked.strip()


@pytest.mark.parametrize("name", TEXT)
@RUNS
@given(batches)
def test_a_mask_depends_on_the_value_alone(mask: Mask, name: str, batch: list[str]):
    together = mask(name, batch)
    assert together == mask(name, batch)
    assert together[::-1] == mask(name, batch[::-1])
    assert together == [mask(name, [value])[0] for value in batch]
    assert together + together == mask(name, batch + batch)


def test_blocks_do_not_show(mask: Mask):
    batch = [f"value {number} of many" for number in range(20_000)]
    for name in TEXT:
        whole = mask(name, batch)
        assert whole[19_000:] == mask(name, batch[19_000:])


@pytest.mark.parametrize("name", TEXT)
def test_keys_and_domains_are_unrelated(mask: Mask, name: str):
    batch = [f"{word} {number} Street 1980-05-03" for number in range(1000, 1050) for word in ("Anna", "Bob", "Carla")]
    if name == "birth_date":
        batch = [f"{1900 + number}-{month:02d}-17" for number in range(100) for month in range(1, 13)]
    plain = mask(name, batch)
    for other in (mask(name, batch, key=b"another key of the same length 33"), mask(name, batch, domain="other")):
        same = sum(one == two for one, two in zip(plain, other, strict=True))
        assert same < 0.02 * len(batch)


@pytest.mark.parametrize("name", TEXT)
@pytest.mark.parametrize("base_type", ["varchar", "bpchar"])
@RUNS
@given(batches, st.integers(1, 30))
def test_lengths_fit_the_column(mask: Mask, name: str, base_type: str, batch: list[str], limit: int):
    cut = [value[:limit] for value in batch]
    if base_type == "bpchar":
        cut = [value.ljust(limit) for value in cut]
    for value, masked in zip(cut, mask(name, cut, base_type=base_type, limit=limit), strict=True):
        assert len(masked) <= limit
        if can_change(value) and value.strip() not in ("infinity", "-infinity") and name != "ip":
            assert masked.lower().rstrip() != value.lower().rstrip()


@pytest.mark.parametrize("name", TEXT)
@RUNS
@given(st.lists(st.sampled_from([*WORDS, "Straße", "ΟΔΟΣ", "IĞDIR"]), min_size=1, max_size=4).map(" ".join))
def test_folded_domains_ignore_case(mask: Mask, name: str, value: str):
    variants = [value, value.upper(), value.lower(), value.swapcase(), value.title()]
    masked = mask(name, variants, fold=True)
    by_form: dict[str, set[str]] = {}
    for variant, result in zip(variants, masked, strict=True):
        by_form.setdefault(folded(variant), set()).add(folded(result))
    assert all(len(results) == 1 for results in by_form.values())


def folded(value: str) -> str:
    import polars as pl

    return str(fold(pl.Series([value]))[0])


@pytest.mark.parametrize("name", TEXT)
def test_all_capitals_stay_all_capitals(mask: Mask, name: str):
    if name in ("hash", "birth_date", "free_text"):
        pytest.skip("does not carry case")
    words = ["MARIA SMITH", "SMITH", "ЖАННА", "MÜLLER"]
    assert all(masked == masked.upper() for masked in mask(name, words))
    assert all(masked == masked.lower() for masked in mask(name, [word.lower() for word in words]))


@pytest.mark.parametrize(
    "name", [name for name in TEXT if registry.get(name).guarantees.uniqueness is not Uniqueness.LOSSY]
)
@RUNS
@given(st.sets(values, min_size=1, max_size=60))
def test_distinct_values_stay_distinct(mask: Mask, name: str, batch: set[str]):
    batch = {unicodedata.normalize("NFC", value) for value in batch}
    masked = mask(name, sorted(batch))
    assert len(set(masked)) == len(batch)


@pytest.mark.parametrize(
    "name", [name for name in TEXT if registry.get(name).guarantees.uniqueness is Uniqueness.INJECTIVE]
)
@pytest.mark.parametrize("digits", [1, 2, 3])
def test_bijections_are_onto(mask: Mask, name: str, digits: int):
    batch = [f"{number:0{digits}d}" for number in range(10**digits)]
    assert sorted(mask(name, batch)) == batch


@pytest.mark.parametrize("name", [name for name in TEXT if registry.get(name).guarantees.preserves_length])
@RUNS
@given(batches)
def test_declared_lengths_are_kept(mask: Mask, name: str, batch: list[str]):
    assert [len(masked) for masked in mask(name, batch)] == [len(value) for value in batch]


@pytest.mark.parametrize("name", TEXT)
def test_narrow_columns_promise_no_disjoint_outputs(name: str):
    from testdata_assets.production.catalog import Column

    narrow = Column("value", "character varying(8)", "varchar", "S", 8)
    assert registry.build(name).guarantees_for(narrow).coincidence is not Coincidence.DISJOINT


@pytest.mark.parametrize("name", TEXT)
def test_an_empty_column_is_no_trouble(mask: Mask, name: str):
    assert mask(name, []) == []
