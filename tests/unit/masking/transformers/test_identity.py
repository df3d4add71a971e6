"""identity: parts of one person per entity."""

from __future__ import annotations

import re
import unicodedata
from functools import partial
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from testdata_assets.masking.block_rows import BlockRows, FrameLines
from testdata_assets.masking.hashing import KeyedHash
from testdata_assets.masking.pools import ALL_SCRIPTS, SINGLE_SCRIPTS
from testdata_assets.masking.transformers import registry
from testdata_assets.masking.transformers._people import given_names
from testdata_assets.masking.transformers.base import Coincidence, MaskContext, RowTransformer
from testdata_assets.production.catalog import Column

KEY = b"a key of the tests, 32 bytes long"
PARTS = ("first_name", "last_name", "full_name", "initials", "email", "username", "gender", "title")
EMAIL = re.compile(r"[a-z0-9.]{12,35}@example\.(com|org|net)")


def build(part: str, entity: Any = "id", **params: Any) -> RowTransformer[Any]:
    made = registry.build("identity", {"part": part, "entity": entity, **params})
    assert isinstance(made, RowTransformer)
    return made


def mask(
    part: str,
    values: list[str | None],
    entities: dict[str, list[str | None]] | list[str | None],
    *,
    column: str = "value",
    base_type: str = "text",
    limit: int | None = None,
    key: bytes = KEY,
    fold: bool = False,
    **params: Any,
) -> list[str | None]:
    named = entities if isinstance(entities, dict) else {"id": entities}
    schema = dict.fromkeys(named, pl.String)
    rows = BlockRows(FrameLines(pl.DataFrame(named, schema=schema)))
    hash_for = partial(KeyedHash.derive, key)
    context = MaskContext(
        hash_for(f"public.t.{column}"), Column(column, base_type, base_type, "S", limit), fold, hash_for=hash_for
    )
    made = build(part, tuple(named) if len(named) > 1 else next(iter(named)), **params)
    result = made.apply_rows(pl.Series(column, values, dtype=pl.String), rows, context)
    assert (result.name, result.dtype, len(result)) == (column, pl.String, len(values))
    return result.to_list()


def test_parts_of_a_row_belong_together():
    ids: list[str | None] = [str(number) for number in range(300)]
    found = {part: mask(part, ["Xyz"] * 300, ids, column=part) for part in PARTS}
    women, men = map(set, given_names())
    for first, last, full, initials, email, user, gender, title in zip(*found.values(), strict=True):
        assert full == f"{first} {last}"
        assert initials[0] == first[0]
        assert initials[-1] == last[0]
        local, _, hashed = email.partition("@")[0].rpartition(".")
        assert local == f"{first[:10]}.{last[:10]}".lower()
        assert user == f"{first[:10]}.{hashed}".lower()
        assert EMAIL.fullmatch(email)
        assert (gender, title) == (("F", "Ms") if first in women else ("M", "Mr"))
        assert first in women | men
    assert 100 < found["gender"].count("F") < 200
    assert len(set(found["email"])) == len(set(found["username"])) == 300
    assert len(set(found["full_name"])) > 290


def test_an_entity_is_one_person_in_every_table():
    one = mask("full_name", ["a b", "c d"], {"id": ["7", "8"]})
    other = mask("full_name", ["e f", "g h"], {"user_id": ["8", "7"]}, column="buyer", base_type="varchar")
    assert one == other[::-1]
    assert mask("first_name", ["X"], ["7  "]) == mask("first_name", ["Y"], ["7"])
    some = "0A0B0C0D-0000-4000-8000-00000000000F"
    assert mask("email", ["X"], [some]) == mask("email", ["X"], [some.lower()])
    assert mask("email", ["X"], ["Ab"]) != mask("email", ["X"], ["aB"])


def test_group_key_and_further_columns_make_other_people():
    found = [
        mask("email", ["X"], ["7"]),
        mask("email", ["X"], ["7"], group="staff"),
        mask("email", ["X"], ["7"], key=b"k" * 32),
        mask("email", ["X"], {"a": ["7"], "b": ["1"]}),
        mask("email", ["X"], {"a": ["71"], "b": [""]}),
        mask("email", ["X"], {"a": ["7"], "b": [None]}),
    ]
    assert len({str(each) for each in found}) == len(found)


def test_without_an_entity_the_value_stands_for_it():
    one, two, three = mask("full_name", ["Ann Lee", "Ann Lee", "Bob Lee"], [None, None, None])
    assert one == two != three
    (by_key,) = mask("full_name", ["Ann Lee"], ["Ann Lee"])
    assert by_key != one
    lower, upper = mask("email", ["a@b.c", "A@B.C"], [None, None], fold=True, base_type="citext")
    assert lower == upper


@pytest.mark.parametrize("part", PARTS)
def test_nulls_and_blanks_stay(part: str):
    values = [None, "", " ", "X", None]
    found = mask(part, values, ["1", "1", "1", None, None])
    assert found[:3] == [None, "", " "]
    assert found[3] is not None
    assert found[4] is None
    assert mask(part, [], []) == []


def test_the_form_of_the_value_is_kept():
    ids: list[str | None] = ["1"] * 6
    first, *others = mask("first_name", ["Ann", "ANN", "ann", "aNN", "李", "J."], ids)
    assert first.istitle()
    assert others == [first.upper(), first.lower(), first, first, first]
    full, listed = mask("full_name", ["Ann Lee", "LEE, ANN"], ids[:2])
    assert listed == ", ".join(reversed(full.split())).upper()
    forms = mask("initials", ["A", "AB", "A.B.", "a. b. c.", "A B", "ABCD"], ids)
    patterns = [r"[A-Z]", r"[A-Z]{2}", r"([A-Z]\.){2}", r"([a-z]\. ){2}[a-z]\.", r"[A-Z] [A-Z]", r"[A-Z]{3}"]
    assert all(re.fullmatch(pattern, form) for pattern, form in zip(patterns, forms, strict=True))


def test_genders_and_titles_are_said_in_the_words_of_the_value():
    women, _ = given_names()
    for entity in map(str, range(6)):
        female = mask("first_name", ["X"], [entity])[0] in women
        genders = ["M", "f", "Male", "WEIBLICH", "femme", "Hombre", "мужской", "x", "Diverse"]
        expected = {
            True: ["F", "f", "Female", "WEIBLICH", "femme", "Mujer", "женский", "f", "F"],
            False: ["M", "m", "Male", "MÄNNLICH", "homme", "Hombre", "мужской", "m", "M"],
        }[female]
        found = mask("gender", list(genders), [entity] * len(genders))
        assert [each.lower() for each in found] == [each.lower() for each in expected]
        assert found[:7] == expected[:7]
        titles = ["Mr.", "MRS", "Herr", "Dr.", "mme"]
        expected = {
            True: ["Ms.", "MRS", "Frau", "Ms.", "mme"],
            False: ["Mr.", "MR", "Herr", "Mr.", "m"],
        }[female]
        assert mask("title", list(titles), [entity] * len(titles)) == expected
        assert mask("gender", ["2"], [entity], labels=["2", "1"]) == ["2" if female else "1"]


@pytest.mark.parametrize("script", ALL_SCRIPTS)
def test_scripts(script: str):
    ids: list[str | None] = [str(number) for number in range(50)]
    full = mask("full_name", ["X y"] * 50, ids, script=script)
    first, last = (mask(part, ["Xyz"] * 50, ids, script=script) for part in ("first_name", "last_name"))
    wanted = {"latin": "LATIN", "accented": "LATIN", "han": "CJK"}.get(script, script.upper())
    for name, one, two in zip(full, first, last, strict=True):
        assert all(unicodedata.name(letter).startswith(wanted) for letter in name if letter.isalpha())
        assert name.replace(" ", "") == (two + one if script in SINGLE_SCRIPTS else one + two)
    assert len(set(full)) > 40
    assert all(EMAIL.fullmatch(each) for each in mask("email", ["x"] * 50, ids, script=script))


def test_narrow_columns_get_shorter_forms_and_too_narrow_ones_are_refused():
    ids: list[str | None] = [str(number) for number in range(200)]
    for limit in (24, 30, 36, 47):
        found = mask("email", ["x"] * 200, ids, base_type="varchar", limit=limit)
        assert all(len(each) <= limit and EMAIL.fullmatch(each) for each in found)
        assert len(set(found)) == 200
    assert all(len(each) == 12 for each in mask("username", ["x"] * 9, ids[:9], base_type="varchar", limit=12))
    assert {len(each) for each in mask("last_name", ["x"] * 200, ids, base_type="varchar", limit=4)} == {4}
    narrow = Column("c", "character varying(23)", "varchar", "S", 23)
    assert "needs 24 characters" in build("email").problems(narrow)[0]
    assert build("username").problems(narrow) == ()
    assert "needs 16" in build("email", mail_domain="a.b").problems(Column("c", "char(15)", "bpchar", "S", 15))[0]
    assert "text" in build("email").problems(Column("n", "integer", "int4", "N"))[0]
    assert mask("email", ["x"], ["1"], mail_domain="Mail.Test")[0].endswith("@mail.test")


def test_what_is_promised():
    text = Column("c", "text", "text", "S")
    assert build("email", "user_id").unique_through() == ("user_id",)
    assert build("username", ["a"]).unique_through() == ("a",)
    assert build("email", ["a", "b"]).unique_through() == build("full_name").unique_through() == ()
    assert build("email", ["a", "b"]).reads() == ("a", "b")
    assert build("email").reads_masked() == ()
    expected = {part: Coincidence.MAY_COINCIDE for part in PARTS}
    expected |= {part: Coincidence.DISJOINT for part in ("email", "username", "full_name")}
    expected |= {part: Coincidence.BY_PART for part in ("gender", "title")}
    assert {part: build(part).guarantees_for(text).coincidence for part in PARTS} == expected
    short = Column("c", "character varying(5)", "varchar", "S", 5)
    assert build("full_name").guarantees_for(short).coincidence is Coincidence.MAY_COINCIDE


@pytest.mark.parametrize(
    ("params", "reason"),
    [
        ({"part": "email"}, "entity"),
        ({"part": "shoe", "entity": "id"}, "part"),
        ({"part": "email", "entity": []}, "entity"),
        ({"part": "email", "entity": ["a", ""]}, "no column"),
        ({"part": "email", "entity": "id", "labels": ["a", "b"]}, "gender and title only"),
        ({"part": "username", "entity": "id", "mail_domain": "a.b"}, "part email only"),
        ({"part": "email", "entity": "id", "mail_domain": "a b"}, "not a mail domain"),
    ],
)
def test_wrong_parameters_are_named(params: dict[str, Any], reason: str):
    with pytest.raises(ValidationError, match=reason):
        registry.build("identity", params)


@settings(max_examples=30, deadline=None)
@given(
    st.sampled_from(PARTS),
    st.lists(
        st.tuples(
            st.one_of(st.none(), st.text(alphabet=st.characters(exclude_categories=("Cs",)), max_size=8)),
            st.one_of(st.none(), st.text(alphabet="a1 é", max_size=3)),
        ),
        max_size=20,
    ),
)
def test_a_row_does_not_hang_on_its_neighbours(part: str, rows: list[tuple[str | None, str | None]]):
    values, entities = [row[0] for row in rows], [row[1] for row in rows]
    found = mask(part, values, entities)
    assert found[::-1] == mask(part, values[::-1], entities[::-1])
    for value, masked in zip(values, found, strict=True):
        assert (masked is None) == (value is None)
        assert value is None or bool(masked) == bool(value)
