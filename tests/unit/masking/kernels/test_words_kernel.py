"""Texts of words by kernels get the masks of the general way."""

from __future__ import annotations

import importlib
import random
from dataclasses import replace
from types import ModuleType

import numpy as np
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from testdata_assets.masking.hashing import KeyedHash
from testdata_assets.masking.kernels.texts import Masks
from testdata_assets.masking.pools import LONGEST, ROLES, pools
from testdata_assets.masking.text_arrays import TextArray, string_bytes
from testdata_assets.masking.transformers import registry
from testdata_assets.masking.transformers._word_transformer import WordTransformer
from testdata_assets.masking.transformers.base import MaskContext
from testdata_assets.masking.words import WordList, vocabulary
from testdata_assets.production.catalog import Column
from tests.unit.masking.kernels.conftest import BothWays

NAMES = ("person_name", "first_name", "last_name", "street_address", "company", "city")
RUNS = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])

# Words that some rule keeps, others near them, and what may stand between words.
_LISTED = (
    "van der Le de st Dr. PhD MC O o Jr. II mba Street st. Ave N S Gmbh LTD and & y New San am Anna bob MARIA McDonald "
    "x Q lE smith-Jones O'Brien o`hara Conan, A, Boris 12B 007 100 3 Main Square the Inc. mARIA Le, Wolfeschlegelstein "
    "Hauptstrasse Birkenweg HAUPTSTR. Hallstr S.A. Sp. z o.o. A/S S.p.A. B.V. s.r.o. strasse Norwegen "
    "HubertBlaineWolfeschlegelsteinhausenbergerdorff suite 4a p.o. Box dela stree streett strset"
)
WORDS = tuple(_LISTED.split())
GAPS = (" ", " ", " ", " ", ", ", "  ", " - ", "-", "'", "\t", "\n", " \r\n ", "/", " (", ")", ",", ".", "\x1c", " , ")


def context(limit: int | None = None, fold: bool = False, domain: str = "d") -> MaskContext:
    column = Column(name="c", type="text", base_type="text", category="S", max_length=limit)
    return MaskContext(KeyedHash.derive(b"k" * 32, domain), column, fold)


def transformer(name: str) -> WordTransformer:
    built = registry.build(name, {})
    assert isinstance(built, WordTransformer)
    return built


def words_kernel() -> ModuleType:
    pytest.importorskip("numba", reason="the extra `fast` is not installed")
    return importlib.import_module("testdata_assets.masking.kernels.words")


def compiled(name: str, values: list[str], where: MaskContext) -> Masks:
    masks = transformer(name).by_kernel(words_kernel(), *string_bytes(pl.Series(values, dtype=pl.String)), where)
    assert masks is not None
    return masks


def usual(name: str, count: int = 3000) -> list[str]:
    """Values as such columns hold them."""
    draw = random.Random(name)

    def word() -> str:
        return "".join(draw.choices("abcdefghijklmnopqrstuvwxyz", k=draw.randint(3, 11))).capitalize()

    forms = {
        "person_name": (
            lambda: f"{word()} {word()}",
            lambda: f"Dr. {word()} van {word()}",
            lambda: f"{word()}, {word()} {word()[0]}.",
            lambda: f"{word()} O'{word()}",
            lambda: f"{word()}-{word()} {word()}",
        ),
        "street_address": (
            lambda: f"{draw.randint(1, 2000)} {word()} Street",
            lambda: f"{word()} Str. {draw.randint(1, 99)}b",
            lambda: f"{draw.randint(1, 99)} {word()} Ave, Apt {draw.randint(1, 30)}",
        ),
        "company": (lambda: f"{word()} Ltd", lambda: f"{word()} & Sons Inc.", lambda: f"{word().upper()} GmbH"),
        "city": (word, lambda: f"New {word()}", lambda: f"{word()}-{word()}"),
    }
    chosen = forms.get(name, (word, lambda: f"{word()}-{word()}", lambda: f"de {word()}"))
    return [draw.choice(chosen)() for _ in range(count)]


ASCII = st.text(st.characters(min_codepoint=1, max_codepoint=0x7F), max_size=300)
ODD = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=300)
PIECED = st.lists(st.tuples(st.sampled_from(WORDS), st.sampled_from(GAPS)), max_size=9).map(
    lambda parts: "".join(word + gap for word, gap in parts)
)
VALUES = st.lists(st.one_of(PIECED, PIECED, PIECED.map(str.strip), ASCII, ODD), min_size=1, max_size=40)


@pytest.mark.parametrize("name", NAMES)
@given(values=VALUES, limit=st.one_of(st.none(), st.integers(1, 40)), fold=st.booleans())
@RUNS
def test_any_text_is_masked_alike(both_ways: BothWays, name: str, values: list[str], limit: int | None, fold: bool):
    if limit is not None:
        values = [value[:limit] for value in values]
    fast, general = both_ways(transformer(name), values, context(limit, fold))
    assert fast == general


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(("limit", "fold"), [(None, False), (14, False), (None, True), (24, True)])
def test_usual_values_are_masked_alike_and_by_the_kernel(both_ways: BothWays, name: str, limit: int | None, fold: bool):
    values = [value[:limit] for value in usual(name)]
    values += ["", " ", "Zoë Ünal", "x" * 256, values[0]]
    where = context(limit, fold)
    fast, general = both_ways(transformer(name), values, where)
    assert fast == general
    masks = compiled(name, values, where)
    assert masks.done.mean() > 0.95
    assert not masks.done[-5:-1].any()
    shown = TextArray.from_bytes(masks.data, masks.offsets).to_series().to_list()
    assert [new for new, done in zip(shown, masks.done, strict=True) if done] == [
        new for new, done in zip(general, masks.done, strict=True) if done
    ]


@pytest.mark.parametrize("name", NAMES)
def test_pieces_of_all_rules_are_masked_alike(both_ways: BothWays, name: str):
    draw = random.Random(7)
    values = [
        "".join(draw.choice(WORDS) + draw.choice(GAPS) for _ in range(draw.randint(1, 6))).strip() for _ in range(6000)
    ]
    fast, general = both_ways(transformer(name), values, context())
    assert fast == general


def test_what_equals_its_mask_but_for_case_is_left_to_the_general_way(both_ways: BothWays):
    # Single letters are drawn from 26, so one in 26 comes out as itself; digits alone from ten.
    values = [letter + case for letter in "abcdefghijklmnopqrstuvwxyz" for case in ("", ".", "!", "?")] + [
        "B",
        "7",
        "70",
    ]
    where = replace(context(), fold_case=True)
    fast, general = both_ways(transformer("person_name"), values, where)
    assert fast == general
    assert all(new.lower() != old.lower() for new, old in zip(fast, values, strict=True))
    done = compiled("person_name", values, where).done
    assert 0.8 < done.mean() < 1


def test_longer_masks_are_cut_as_the_general_way_cuts(both_ways: BothWays):
    values = [value for value in usual("company") if len(value) > 8]
    for size in (9, 12, 15):
        fitting = [value for value in values if len(value) == size]
        where = context(size)
        fast, general = both_ways(transformer("company"), fitting, where)
        assert fast == general
        assert max(map(len, fast)) == size
        assert compiled("company", fitting, where).done.mean() > 0.95


def test_a_column_of_other_scripts_or_long_texts_goes_the_general_way():
    for values in (["Анна Петрова", "Bob", "山田太郎"], ["x " * 200, "y " * 200, "Bob"]):
        assert transformer("city").by_kernel(words_kernel(), *string_bytes(pl.Series(values)), context()) is None


def test_no_values_at_all():
    masks = compiled("city", [], context())
    assert (len(masks.data), masks.offsets.tolist(), len(masks.done)) == (0, [0], 0)


def test_pool_words_fit_what_the_kernel_copies():
    table = pools()
    latin = [role * (len(table.first) // len(ROLES)) for role in range(len(ROLES))]
    ranges = [(int(table.first[row].min()), int((table.first[row] + table.count[row]).max())) for row in latin]
    for low, high in ranges:
        assert table.length[low:high].max() <= LONGEST + 1
        assert table.words.take(np.arange(low, high)).codes.max() < 0x80


@given(st.lists(st.text("abc", min_size=1, max_size=24), min_size=1, max_size=30, unique=True))
def test_every_word_of_a_vocabulary_shows_in_its_table_of_ends(words: list[str]):
    listed = vocabulary(words)
    assert WordList.of(TextArray.from_strings(words)).among(listed).all()
    for word in words:
        assert listed.ends[ord(word[0]) & 31, ord(word[-1]) & 31, min(len(word), 20)]
