"""What every registered transformer holds to: purity, NULL and '', types, lengths, and what it declares.

The cases come from `transformer_cases.py`, which must name every transformer. Further properties of text
transformers are in `test_text_properties.py`.
"""

from __future__ import annotations

import json
import os
import random
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

sys.path.insert(0, str(Path(__file__).parent))

import transformer_cases as table
from transformer_cases import Case, Row
from value_checks import canonical, valid

from testdata_assets.masking.canonical import MINIMUM_CHARACTERS
from testdata_assets.masking.transformers import registry
from testdata_assets.masking.transformers.base import Coincidence, Guarantees, Uniqueness
from testdata_assets.masking.transformers.text import fold

NAMES = sorted(registry.all())
RUNS = settings(max_examples=6, deadline=None)

# Draws hang on a group rather than on the column's domain.
GROUPED = {"address", "identity", "lat_lon"}
# Masks that no key has a part in.
KEYLESS = {"constant", "keep", "large_object", "null", "number_bucket", "redact", "template", "tsvector"}
# Blank values say nothing and stay; these write over them, or move them.
FILLS_BLANKS = {"choice", "constant", "null", "shuffle", "tsvector"}
# A handful of outputs: two keys agree on many.
FEW = {"choice", "country", "gender_title", "region", "shuffle", "substitute", "city", "job_title", "user_agent",
       "number_noise", "timestamp_noise"}  # fmt: skip


# Promises known to be broken, by test; to be taken out with the fault (the test says so then).
FAULTS: dict[str, dict[str, str]] = {}


def names(test: str, chosen: list[str] = NAMES, strict: bool = True) -> list[Any]:
    """The names to try, those with a known fault marked so that mending it is noticed."""
    faults = FAULTS.get(test, {})
    return [
        pytest.param(name, marks=pytest.mark.xfail(reason=faults[name], strict=strict)) if name in faults else name
        for name in chosen
    ]


def of(name: str) -> list[Case]:
    return [case for case in table.cases() if case.name == name]


def promised(case: Case) -> Guarantees:
    return case.build().guarantees_for(case.column)


def is_blank(value: str) -> bool:
    """White space as Unicode has it; Python counts four separators more."""
    return all(character.isspace() and character not in "\x1c\x1d\x1e\x1f" for character in value)


def shown(case: Case, masks: list[str | None]) -> list[str | None]:
    """Masks without the padding of char(n), which the server adds anyway."""
    padded = case.column.base_type == "bpchar"
    return [mask.rstrip(" ") if padded and mask is not None else mask for mask in masks]


def rows_of(values: list[str | None]) -> list[Row]:
    return [table.row_of(value, number) for number, value in enumerate(values)]


def test_every_transformer_is_in_the_table():
    assert sorted(table.PARAMS) == NAMES
    assert {case.name for case in table.cases()} == set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_every_accepted_type_is_tried(name: str):
    tried = {case.column.base_type for case in of(name)}
    declared = registry.get(name).base_types
    assert {"text" if each in table.TEXT_TYPES else each for each in tried} >= declared
    assert tried


def check_purity(case: Case, rows: list[Row], found: list[str | None], key: random.Random) -> None:
    """A mask hangs on its row alone: not on order, chunk, or what was masked before."""

    def mask(chosen: list[Row]) -> list[str | None]:
        return shown(case, case.mask(chosen))

    found = shown(case, found)
    assert mask(rows) == found, str(case)
    order = list(range(len(rows)))
    key.shuffle(order)
    assert mask([rows[place] for place in order]) == [found[place] for place in order], str(case)
    if not promised(case).deterministic:
        return
    cut = key.randrange(len(rows) + 1)
    assert mask(rows[:cut]) + mask(rows[cut:]) == found, str(case)
    place = key.randrange(len(rows))
    assert mask([rows[place]]) == [found[place]], str(case)
    assert mask([*rows, rows[place], *rows[:3]]) == [*found, found[place], *found[:3]], str(case)


def check_shape(case: Case, rows: list[Row], found: list[str | None]) -> None:
    """NULL and '' stay apart, and the column takes what is written; declared lengths stay."""
    guarantees = promised(case)
    for row, masked in zip(rows, found, strict=True):
        where = f"{case}: {row.value!r} -> {masked!r}"
        if guarantees.nulls_stay_null:
            assert (row.value is None) == (masked is None), where
        if row.value is None or masked is None:
            continue
        assert valid(masked, case.column), where
        if case.textual and is_blank(row.value) and case.name not in FILLS_BLANKS:
            assert masked.rstrip(" ") == row.value.rstrip(" "), where
        if guarantees.preserves_length:
            padded = case.column.base_type == "bpchar"
            lengths = [len(each.rstrip(" ") if padded else each) for each in (row.value, masked)]
            assert lengths[0] == lengths[1], where


def check_distinct(case: Case, values: list[str], found: list[str | None]) -> None:
    """Equal values have equal masks; where it is promised, different ones have different masks."""
    masks: dict[object, object] = {}
    for value, masked in zip(values, found, strict=True):
        if masked is not None:
            masks.setdefault(canonical(value, case.column), (value, masked))
    seen: dict[object, object] = {}
    for value, masked in masks.values():
        other = seen.setdefault(canonical(masked, case.column), value)
        assert other == value, f"{case}: {other!r} and {value!r} both become {masked!r}"


@pytest.mark.parametrize("name", names("samples"))
def test_samples_keep_all_promises(name: str):
    for case in of(name):
        values: list[str | None] = [*table.samples(case)]
        rows = rows_of([*values, None, *values[:5], None])
        found = case.mask(rows)
        check_purity(case, rows, found, random.Random(str(case)))
        check_shape(case, rows, found)
        if promised(case).uniqueness is not Uniqueness.LOSSY and not case.by_row:
            check_distinct(case, [str(value) for value in values], found[: len(values)])


@pytest.mark.parametrize("name", names("samples", strict=False))
@RUNS
@given(st.data())
def test_random_values_keep_all_promises(name: str, data: st.DataObject):
    case = data.draw(st.sampled_from(of(name)))
    drawn = data.draw(st.lists(st.one_of(st.none(), values_of(case)), min_size=1, max_size=25))
    rows = rows_of(drawn)
    found = case.mask(rows)
    check_purity(case, rows, found, data.draw(st.randoms(use_true_random=False)))
    check_shape(case, rows, found)
    if promised(case).uniqueness is not Uniqueness.LOSSY and not case.by_row:
        kept = [(value, masked) for value, masked in zip(drawn, found, strict=True) if value is not None]
        check_distinct(case, [value for value, _ in kept], [masked for _, masked in kept])


texts = st.one_of(
    st.text(alphabet=st.characters(exclude_categories=("Cs",), exclude_characters="\0"), max_size=30),
    st.text(alphabet="abzABZ019éßİıςΣжЖاबท王ひ가😀 .-_'@+/:,\\\"\n", max_size=20),
    st.lists(st.sampled_from(table.HOSTILE), max_size=3).map("".join),
)
bits = {16: st.integers(-(1 << 15), (1 << 15) - 1), 32: st.integers(-(1 << 31), (1 << 31) - 1)}
days = st.dates().map(str)
clocks = st.times().map(
    lambda each: (
        each.isoformat(timespec="seconds") + (f".{each.microsecond:06d}".rstrip("0") if each.microsecond else "")
    )
)
zones = st.sampled_from(["+00", "-08", "+05:30", "-03:30", "+14"])
floats = st.floats(allow_nan=False, allow_infinity=False)
TYPED: dict[str, st.SearchStrategy[str]] = {
    "int2": bits[16].map(str),
    "int4": bits[32].map(str),
    "int8": st.integers(-(1 << 63), (1 << 63) - 1).map(str),
    "numeric": st.one_of(
        st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**25), max_value=10**25, places=3).map(
            lambda each: f"{each + 0:f}"
        ),
        st.integers(-(10**45), 10**45).map(str),
    ),
    "numeric(10,2)": st.decimals("-99999999.99", "99999999.99", places=2).map(
        lambda each: f"{each:f}".replace("-0.00", "0.00")
    ),
    "float8": floats.map(lambda each: repr(each).removesuffix(".0")),
    "money": st.integers(-(1 << 63), (1 << 63) - 1).map(
        lambda each: ("-" if each < 0 else "") + f"${abs(each) // 100:,}.{abs(each) % 100:02d}"
    ),
    "date": days,
    "time": clocks,
    "timestamp": st.tuples(days, clocks).map(" ".join),
    "timestamptz": st.tuples(days, clocks, zones).map(lambda each: f"{each[0]} {each[1]}{each[2]}"),
    "timetz": st.tuples(clocks, zones).map("".join),
    "uuid": st.uuids().map(str),
    "inet": st.ip_addresses().map(str),
    "cidr": st.ip_addresses(v=4).map(lambda each: f"{each}/32"),
    "macaddr": st.binary(min_size=6, max_size=6).map(lambda each: each.hex(":")),
    "macaddr8": st.binary(min_size=8, max_size=8).map(lambda each: each.hex(":")),
    "bytea": st.one_of(st.binary(max_size=40), texts.map(str.encode)).map(lambda each: "\\x" + each.hex()),
    "oid": st.integers(0, (1 << 32) - 1).map(str),
    "bool": st.sampled_from("tf"),
    "point": st.tuples(floats, floats).map(
        lambda each: f"({each[0]!r},{each[1]!r})".replace(".0,", ",").replace(".0)", ")")
    ),
    "tsvector": st.just("'fat':2 'rat':3"),
    "int4[]": st.lists(st.one_of(st.just("NULL"), bits[32].map(str))).map(lambda each: "{" + ",".join(each) + "}"),
}


def values_of(case: Case) -> st.SearchStrategy[str]:
    """Values of a case's column: of its type's whole range, and plausible ones among them."""
    samples = st.sampled_from(table.samples(case))
    if case.name == "integer_permute" and case.kind.startswith("numeric"):
        return samples
    if case.kind in table.TYPED:
        return st.one_of(samples, TYPED[case.kind]) if case.kind in TYPED else samples
    return st.one_of(samples, texts.map(lambda text: table.fitted(case, text)))


@pytest.mark.parametrize("name", NAMES)
def test_very_long_texts_are_masked_alike(name: str):
    for case in of(name):
        if case.kind not in ("text", "json", "xml", "hstore", "text[]", "composite", "bytea"):
            continue
        values = [
            f"\\x{text.encode()[:65_536].hex()}" if case.kind == "bytea" else table.fitted(case, text)
            for text in table.LONG
        ]
        rows = rows_of([*values])
        found = case.mask(rows)
        check_shape(case, rows, found)
        if promised(case).deterministic:
            assert shown(case, case.mask(rows[::-1])) == shown(case, found)[::-1], str(case)


def has_key(case: Case) -> bool:
    """Whether masks hang on the key at all."""
    if case.name == "bytes":
        return case.params.get("mode", "random") in ("random", "text")
    return case.name not in KEYLESS


def sensitive(case: Case) -> list[str]:
    """Plausible values whose masks come from many."""
    typed = {"0", "-0", "0.00", "$0.00", "\\x", "NaN", "Infinity", "-Infinity", "infinity", "-infinity"}
    typed |= {"(NaN,Infinity)", "0.0.0.0/0", "::/0", "10.0.0.0/8", "2001:db8::/32"}  # nothing in them could change
    return [value for value in table.samples(case, hostile=False) if value not in typed and not is_blank(value)]


def share(left: list[str | None], right: list[str | None]) -> float:
    return sum(one == other for one, other in zip(left, right, strict=True)) / len(left)


@pytest.mark.parametrize("name", NAMES)
def test_keys_and_domains_are_unrelated(name: str):
    for case in of(name):
        values = sensitive(case)
        if case.column.base_type == "bool":
            continue  # two values: chance decides
        plain = case.mask_values(values)
        keyed = share(plain, case.mask_values(values, key=table.OTHER_KEY))
        apart = share(plain, case.mask_values(values, domain="other"))
        if not has_key(case):
            assert keyed == apart == 1, str(case)
            continue
        words = case.params.get("part") in (
            "gender",
            "title",
            "initials",
            "country",
            "country_code",
            "region",
            "house_number",
        )
        narrow = case.kind in ("varchar(3)", "bool", "oid", "int2")
        most = 0.9 if name == "choice" else 0.75 if name in FEW or words or narrow else 0.2
        assert keyed <= most, (str(case), keyed)
        if name in GROUPED or name in ("json", "xml") or own_domain(case):
            # What is no coordinate is permuted in its column's own domain.
            assert apart > 0.99 or (name == "lat_lon" and case.kind != "text"), (str(case), apart)
        else:
            assert apart <= most, (str(case), apart)


def own_domain(case: Case) -> bool:
    """Whether all parts are masked in domains of their own."""
    return name_of_items(case) is not None


def name_of_items(case: Case) -> str | None:
    items = case.params.get("items")
    return items.get("domain") if isinstance(items, dict) else None


@pytest.mark.parametrize("name", NAMES)
def test_plausible_values_change(name: str):
    for case in of(name):
        kind = promised(case).coincidence
        if kind in (Coincidence.UNCHANGED, Coincidence.CONSTANT, Coincidence.BY_PART) or name in (
            "choice",
            "number_bucket",
        ):
            continue
        if name in FEW and case.kind == "varchar(3)":
            continue  # a list may have one member so short
        values = sensitive(case)
        unchanged = [value for value, masked in zip(values, case.mask_values(values), strict=True) if value == masked]
        assert len(unchanged) <= 0.02 * len(values), (str(case), unchanged)


def telling(value: str) -> bool:
    """Whether the leak scan searches for it; it ignores case."""
    return (
        len(value) >= MINIMUM_CHARACTERS
        and re.search(r"[^\W_]", value) is not None
        and re.search(r"[^\W\d_]|(?:\d\D*){7}", value) is not None
    )


@pytest.mark.parametrize("name", NAMES)
def test_disjoint_masks_are_nobodys(name: str):
    for case in of(name):
        if promised(case).coincidence is not Coincidence.DISJOINT:
            continue
        values = [value for value in table.samples(case) if telling(value)]
        real = {value.strip().lower() for value in values}
        met = [
            masked
            for masked in case.mask_values(values)
            if masked is not None and telling(masked) and masked.strip().lower() in real
        ]
        assert not met, (str(case), met)


def small_ranges(case: Case) -> Iterator[list[str]]:
    """All values of some small sets, on which a permutation is easily seen to be none."""
    base_type = case.column.base_type
    if base_type in ("int2", "int4", "int8", "numeric"):
        yield [str(number) for number in range(-150, 1500)]
    if case.textual:
        for digits in (1, 2, 3):
            yield [f"{number:0{digits}d}" for number in range(10**digits)]
        letters = "abcdefghijklmnopqrstuvwxyz"
        yield [one + other for one in letters for other in letters]
        yield [f"{one}{digit}" for one in letters.upper() for digit in range(10)]
    if base_type == "inet":
        yield [f"10.0.{high}.{low}" for high in range(4) for low in range(256)]
        yield [f"2001:db8::{low:x}" for low in range(1, 600)]
        yield [f"10.0.0.0/{bits}" for bits in range(8, 32)]
    if base_type == "cidr":
        yield [f"10.{number}.0.0/16" for number in range(256)]
    if base_type in ("macaddr", "macaddr8"):
        middle = ["ff"] * (3 if base_type == "macaddr8" else 1)
        ends = [(f"{high:02x}", f"{low:02x}") for high in range(4) for low in range(256)]
        yield [":".join(["08", "00", "2b", *middle, *end]) for end in ends]
    if base_type == "uuid":
        yield [f"00000000-0000-4000-8000-{number:012x}" for number in range(1000)]
    if base_type == "_int4":
        yield [f"{{{number}}}" for number in range(500)]


@pytest.mark.parametrize(
    "name",
    names("ranges", [name for name in NAMES if registry.get(name).guarantees.uniqueness is not Uniqueness.LOSSY]),
)
def test_small_ranges_stay_distinct(name: str):
    for case in of(name):
        if promised(case).uniqueness is Uniqueness.LOSSY or case.by_row or case.kind in ("name", "citext", "char(12)"):
            continue  # as in a text column
        for values in small_ranges(case):
            check_distinct(case, values, case.mask_values(values))


@pytest.mark.parametrize("name", names("folded"))
def test_folded_domains_ignore_case(name: str):
    for case in of(name):
        if case.kind != "citext" or name in ("json", "xml"):
            continue
        # How capitals are spread is no matter of letters whose case changes their number.
        values = [value for value in table.samples(case) if value.isascii() and value.lower() != value.upper()]
        rows = rows_of([*values])
        forms = [
            folded(case.mask([replace(row, value=change(str(row.value))) for row in rows])) for change in CASE_CHANGES
        ]
        assert forms[0] == forms[1] == forms[2] == forms[3], [
            (str(case), value, *each) for value, *each in zip(values, *forms, strict=True) if len(set(each)) > 1
        ]


CASE_CHANGES: list[Callable[[str], str]] = [str, str.lower, str.upper, str.swapcase]


def folded(values: list[str | None]) -> list[str | None]:
    import polars as pl

    found: list[str | None] = fold(pl.Series(values, dtype=pl.String)).to_list()
    return found


@pytest.mark.parametrize("name", [name for name in NAMES if registry.get(name).guarantees.preserves_format])
def test_declared_formats_keep_punctuation(name: str):
    """Where length and format stay, so does every sign that is no letter or digit."""
    for case in of(name):
        guarantees = promised(case)
        if not (case.textual and guarantees.preserves_length and guarantees.preserves_format):
            continue
        values = [value for value in sensitive(case) if value.isascii()]
        for value, masked in zip(values, case.mask_values(values), strict=True):
            assert re.sub("[A-Za-z0-9]", "x", value.rstrip()) == re.sub("[A-Za-z0-9]", "x", str(masked).rstrip()), (
                str(case),
                value,
                masked,
            )


@pytest.mark.parametrize("name", NAMES)
def test_an_empty_block_is_no_trouble(name: str):
    for case in of(name):
        assert case.mask([]) == []


def test_masks_are_the_same_in_every_process():
    here = table.digests()
    child = subprocess.run(
        [sys.executable, str(Path(table.__file__))],
        env={**os.environ, "PYTHONHASHSEED": "4711", "POLARS_MAX_THREADS": "1"},
        capture_output=True,
        check=True,
        timeout=200,
    )
    there = json.loads(child.stdout)
    assert set(there) == set(here)
    assert [label for label in here if here[label] != there[label]] == []
