"""template: texts from masked columns of the row."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from testdata_assets.errors import RefusedError
from testdata_assets.masking.block_rows import BlockRows, FrameLines, Values
from testdata_assets.masking.hashing import KeyedHash
from testdata_assets.masking.transformers import registry
from testdata_assets.masking.transformers.base import MaskContext
from testdata_assets.masking.transformers.template import Placeholder, Template, parse
from testdata_assets.production.catalog import Column

COLUMN = Column("email", "text", "text", "S")


def build(template: str, **params: Any) -> Template:
    made = registry.build("template", {"template": template, **params})
    assert isinstance(made, Template)
    return made


def mask(
    template: str, values: list[str | None], masked: dict[str, list[str | None]], column: Column = COLUMN, **params: Any
) -> list[str | None]:
    originals = {name: ["raw"] * len(values) for name in masked}
    rows = BlockRows(FrameLines(pl.DataFrame({"email": values, **originals}, schema_overrides={"email": pl.String})))
    for name, texts in masked.items():
        rows.put(name, Values(pl.Series(name, texts, dtype=pl.String)))
    series = pl.Series("email", values, dtype=pl.String)
    result = build(template, **params).apply_rows(series, rows, MaskContext(KeyedHash.derive(b"k" * 32, "d"), column))
    assert result.name == "email"
    assert result.dtype == pl.String
    return result.to_list()


def test_masked_columns_are_written_and_nulls_and_blanks_stay():
    found = mask("user_{id}@test.example", ["a@b.c", None, "", " "], {"id": ["7", "8", "9", "10"]})
    assert found == ["user_7@test.example", None, "", " "]


def test_null_in_a_named_column():
    masked: dict[str, list[str | None]] = {"a": ["x", None], "b": ["y", "z"]}
    assert mask("{a}-{b}", ["v", "v"], masked) == ["x-y", "-z"]
    assert mask("{a}-{b}", ["v", "v"], masked, on_null="null") == ["x-y", None]
    assert mask("{a}-{b}", ["v", "v"], masked, on_null=None) == ["x-y", None]


def test_filters_work_in_order():
    masked: dict[str, list[str | None]] = {"n": [" José Øst-Weiß 12 "], "Odd |{}Name": ["É"]}
    templates = {
        "{n|strip|lower}": "josé øst-weiß 12",
        "{n|ascii|strip|upper}": "JOSE OST-WEISS 12",
        "{n|slug}": "jose-ost-weiss-12",
        "{n|initial}.": "J.",
        "{ n | digits }": "12",
        '{"Odd |{}Name"|ascii}{{x}}': "E{x}",
    }
    for template, expected in templates.items():
        assert mask(template, ["v"], masked) == [expected]


def test_what_cannot_be_read_is_refused_with_a_reason():
    for template, reason in {
        "a{": "at character 2",
        "}{id}": "at character 1",
        "{}{id}": "belongs to no placeholder",
        "{id|shout}": "no filter 'shout'",
        "plain": "names no column",
        "{id}\0": "NUL",
    }.items():
        with pytest.raises(ValidationError, match=reason):
            build(template)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.one_of(st.text(min_size=1, max_size=5), st.text(min_size=1, max_size=5).map(Placeholder))))
def test_what_is_escaped_is_read_back(parts: list[str | Placeholder]):
    def written(part: str | Placeholder) -> str:
        if isinstance(part, str):
            return part.replace("{", "{{").replace("}", "}}")
        return '{"' + part.column.replace('"', '""') + '"}'

    def joined(some: Any) -> list[str | Placeholder]:
        found: list[str | Placeholder] = []
        for part in some:
            if isinstance(part, str) and found and isinstance(found[-1], str):
                found[-1] += part
            else:
                found.append(part)
        return found

    assert joined(parse("".join(map(written, parts)))) == joined(parts)


def test_long_results_are_refused_or_cut():
    narrow = Column("email", "character varying(8)", "varchar", "S", 8)
    with pytest.raises(RefusedError, match="up to 9 characters, the column admits 8") as refusal:
        mask("user_{id}", ["v", "v"], {"id": ["7", "1234"]}, narrow)
    assert "1234" not in str(refusal.value)
    assert mask("user_{id}", ["v", "v"], {"id": ["7", "1234"]}, narrow, too_long="cut") == ["user_7", "user_123"]
    assert mask("{id}", ["v"], {"id": ["1234567   "]}, narrow) == ["1234567   "]


def test_what_it_reads_and_is_unique_through():
    assert build('{b}{a}{"b"}').reads_masked() == ("b", "a")
    assert build("u_{id}").unique_through() == ("id",)
    for template in ("{id}", " {id}", "u_{id|lower}", "u_{id}{id}", "u_{id}_{x}"):
        assert build(template).unique_through() == ()
    assert build("u_{id}", too_long="cut").unique_through() == ()


def test_unsuitable_columns():
    assert build("u_{id}").problems(COLUMN) == ()
    assert "text" in build("u_{id}").problems(Column("n", "integer", "int4", "N"))[0]
    assert "admits 3" in build("user_{id}").problems(Column("c", "character varying(3)", "varchar", "S", 3))[0]
    fixed = Column("c", "text", "text", "S", not_null=True)
    assert "NOT NULL" in build("{id}", on_null="null").problems(fixed)[0]
    assert build("{id}", on_null="null").guarantees_for(fixed).nulls_stay_null is False


@settings(max_examples=40, deadline=None)
@given(st.lists(st.text(alphabet=st.characters(exclude_categories=("Cs",), exclude_characters="\0"), max_size=6)))
def test_one_column_in_fixed_text_stays_distinct(ids: list[str]):
    found = mask("u_{id}.", ["v"] * len(ids), {"id": list(ids)})
    assert found == [f"u_{each}." for each in ids]
