"""Columns of one domain that differ: in the length or the numbers they admit, or in whether case counts."""

from __future__ import annotations

import textwrap
from functools import partial
from typing import Any

import polars as pl
import pytest

from testdata_assets.masking.hashing import KeyedHash
from testdata_assets.masking.plan import MaskingPlan, PlanRefused, Problem, compile_plan, examine
from testdata_assets.masking.rules import MaskingRules, parse_rules
from testdata_assets.postgres.identifiers import TableName
from testdata_assets.production.catalog import Catalog, Column, Table, UniqueIndex

KEY = bytes(range(32))
T = TableName("public", "t")
TYPES = {"varchar": "character varying", "int2": "smallint", "int8": "bigint"}


def column(spec: str, position: int) -> Column:
    name, base, *flags = spec.split()
    base, _, limit = base.partition("(")
    kind = {"uuid": "U", "int2": "N", "int4": "N", "int8": "N", "numeric": "N", "jsonb": "U", "hstore": "U"}.get(
        base, "S"
    )
    text = TYPES.get(base, base) + (f"({limit}" if limit else "")
    length = int(limit.rstrip(")")) if limit and base != "numeric" else None
    return Column(name, text, base, kind, length, not_null="not" in flags, position=position)


def catalog(*columns: str, unique: tuple[UniqueIndex, ...] = ()) -> Catalog:
    table = Table(
        name=T, oid=1, kind="r", columns=tuple(column(spec, place) for place, spec in enumerate(columns, 1)),
        rule_table=T,
    )  # fmt: skip
    return Catalog(
        server_version=180000, system_identifier="1", database="d", tables=(table,), unique_indexes=unique,
        foreign_keys=(),
    )  # fmt: skip


def rules(text: str) -> MaskingRules:
    return parse_rules("version: 1\ntables:\n  public.t:\n" + textwrap.indent(textwrap.dedent(text), "    "))


def plain(*names: str) -> UniqueIndex:
    return UniqueIndex(f"{names[0]}_key", T, names)


def lowered(name: str) -> UniqueIndex:
    return UniqueIndex(f"{name}_lower", T, (), expressions=(f"lower({name})",), lowered=(name,))


def refusal(text: str, found: Catalog) -> list[Problem]:
    with pytest.raises(PlanRefused) as caught:
        compile_plan(rules(text), found, KEY)
    return caught.value.problems


def masked(plan: MaskingPlan, name: str, values: list[str]) -> list[Any]:
    planned = plan.table(T).column(name)
    assert planned is not None
    context = planned.context(partial(KeyedHash.derive, KEY))
    return planned.transformer.apply(pl.Series(values), context).to_list()


def test_a_uuid_of_32_characters_shares_a_domain_with_a_uuid_column() -> None:
    text = """
        u: {transform: uuid, domain: u}
        u32: {transform: uuid, domain: u, reason: small letters only}
        """
    plan = compile_plan(rules(text), catalog("u uuid", "u32 varchar(32)", unique=(plain("u"), plain("u32"))), KEY)
    value = "0b4e9e0a-64f4-4ab5-9a28-0d9ac3a1b7c2"
    (whole,) = masked(plan, "u", [value])
    (bare,) = masked(plan, "u32", [value.replace("-", "")])
    assert len(whole) == 36
    assert bare == whole.replace("-", "")


@pytest.mark.parametrize(
    ("transformer", "short", "long"),
    [
        ("phone", "555123", "+49 30 1234567"),
        ("scramble", "ab-12", "order-2024-00017"),
        ("iban", "DE89", "DE89370400440532013000"),
        ("licence_plate", "B-AB 1", "B-AB 12345 X"),
        ("integer_permute", "4711", "4711471147"),
        ("postcode", "1011", "1011 AB Amsterdam"),
    ],
)
def test_masks_as_long_as_their_values_need_no_limit_but_their_own(transformer: str, short: str, long: str) -> None:
    text = f"""
        wide: {{transform: {transformer}, domain: d}}
        narrow: {{transform: {transformer}, domain: d}}
        """
    found = catalog("wide text", "narrow varchar(6)", unique=(plain("wide"), plain("narrow")))
    plan = compile_plan(rules(text), found, KEY)
    assert masked(plan, "wide", [short]) == masked(plan, "narrow", [short])
    alone = compile_plan(rules(f"wide: {{transform: {transformer}, domain: d}}"), catalog("wide text"), KEY)
    assert masked(plan, "wide", [long]) == masked(alone, "wide", [long])
    assert len(masked(plan, "wide", [long])[0]) == len(long)
    assert not plan.warnings


def test_leaves_of_documents_are_not_cut_either() -> None:
    text = """
        doc: {transform: json, paths: {"$.phone": {transform: phone, domain: d}}}
        narrow: {transform: phone, domain: d}
        wide: {transform: phone, domain: d}
        """
    plan = compile_plan(rules(text), catalog("doc jsonb", "narrow varchar(6)", "wide text"), KEY)
    (document,) = masked(plan, "doc", ['{"phone": "+49 30 1234567"}'])
    (number,) = masked(plan, "wide", ["+49 30 1234567"])
    assert document == f'{{"phone": "{number}"}}'


@pytest.mark.parametrize(("transformer", "limit", "allowed"), [
    ("url", 30, False), ("ip", 15, False), ("email", 20, False), ("email", 24, True), ("username", 20, False),
    ("username", 30, True), ("hash", 16, True), ("hash", 10, False),
])  # fmt: skip
def test_what_a_narrower_column_cuts_is_not_unique(transformer: str, limit: int, allowed: bool) -> None:
    text = f"""
        wide: {{transform: {transformer}, domain: d}}
        narrow: {{transform: {transformer}, domain: d}}
        """
    found = catalog("wide text", f"narrow varchar({limit})", unique=(plain("wide"),))
    if allowed:
        assert not compile_plan(rules(text), found, KEY).warnings
        return
    (problem,) = refusal(text, found)
    assert (problem.kind, problem.column) == ("uniqueness", "wide")
    if transformer != "hash":
        assert f"cut to the {limit} characters that the narrowest column of its domain admits" in problem.message
        (warning,) = examine(rules(text), found).warnings
        assert warning.column == "wide"
        assert f"cuts masks to {limit} characters, as many as public.t.narrow of domain d admits" in warning.message
    # The narrow column's own values are not cut.
    only_narrow = catalog("wide text", f"narrow varchar({limit})", unique=(plain("narrow"),))
    if transformer != "hash":
        assert compile_plan(rules(text), only_narrow, KEY)


def test_arrays_are_cut_as_their_elements_are() -> None:
    elements = Column("wide", "text[]", "_text", "A", parts=(Column("", "text", "text", "S"),))
    base = catalog("narrow varchar(6)")
    table = base.tables[0]
    found = Catalog(
        server_version=180000, system_identifier="1", database="d", foreign_keys=(), unique_indexes=(plain("wide"),),
        tables=(Table(name=T, oid=1, kind="r", columns=(*table.columns, elements), rule_table=T),),
    )  # fmt: skip
    text = """
        wide: {transform: array, items: {transform: %s}, domain: d}
        narrow: {transform: %s, domain: d}
        """
    plan = compile_plan(rules(text % ("scramble", "scramble")), found, KEY)
    (array,) = masked(plan, "wide", ["{order-2024}"])
    assert len(array) == len("{order-2024}")
    (problem,) = [each for each in refusal(text % ("url", "url"), found) if each.kind == "uniqueness"]
    assert problem.column == "wide"


def test_buckets_are_those_of_the_number_itself() -> None:
    text = """
        big: {transform: number_bucket, size: 1000, domain: d}
        mid: {transform: number_bucket, size: 1000, domain: d}
        small: {transform: number_bucket, size: 1000, domain: d}
        exact: {transform: number_bucket, size: 1000, domain: d}
        """
    plan = compile_plan(rules(text), catalog("big int8", "mid int4", "small int2", "exact numeric"), KEY)
    assert masked(plan, "big", ["5000000001", "1234", "-5000000001"]) == ["5000000000", "1000", "-5000001000"]
    # What both types hold gets one mask, also where the bucket ends outside the narrower one.
    for low in ("-32768", "-32767"):
        assert {masked(plan, name, [low])[0] for name in ("big", "mid", "small", "exact")} == {"-32768"}
    assert masked(plan, "big", ["-2147483648"]) == masked(plan, "mid", ["-2147483648"]) == ["-2147483648"]
    assert masked(plan, "exact", ["-2147483648.5", "123456789012345678901"]) == ["-2147484000", "123456789012345678000"]
    alone = compile_plan(rules("big: {transform: number_bucket, size: 1000}"), catalog("big int8"), KEY)
    assert masked(alone, "big", ["-32768"]) == ["-33000"]


FOLDED = """
    code: {transform: %s, domain: d}
    loose: {transform: %s, domain: d}
    """


@pytest.mark.parametrize("transformer", ["hash", "secret"])
def test_values_that_differ_in_case_must_stay_unique(transformer: str) -> None:
    text = FOLDED % (transformer, transformer)
    found = catalog("code text", "loose citext", unique=(plain("code"), plain("loose")))
    (problem,) = refusal(text, found)
    assert (problem.kind, problem.column) == ("uniqueness", "code")
    assert "domain d ignores case" in problem.message
    assert "Or use scramble, bic, " in problem.remedy
    plan = compile_plan(rules(text), catalog("code text", "loose citext", unique=(plain("loose"),)), KEY)
    assert len(set(masked(plan, "code", ["Hh1-abcdefghijklmnop", "hh1-abcdefghijklmnop"]))) == 1  # what would break


@pytest.mark.parametrize("transformer", ["uuid", "mac"])
def test_transformers_that_read_any_case_are_refused_where_it_counts(transformer: str) -> None:
    text = f"""
    code: {{transform: {transformer}}}
    """
    (problem,) = refusal(text, catalog("code text", unique=(plain("code"),)))
    assert (problem.kind, problem.column) == ("uniqueness", "code")
    assert f"transformer {transformer} ignores case" in problem.message
    assert compile_plan(rules(text), catalog("code text", unique=(plain("code"), lowered("code"))), KEY)
    assert compile_plan(rules(text), catalog("code citext", unique=(plain("code"),)), KEY)
    said = f"""
    code: {{transform: {transformer}, reason: no two differ in case only}}
    """
    assert compile_plan(rules(said), catalog("code text", unique=(plain("code"),)), KEY)


def test_a_column_unique_whatever_the_case_holds_no_such_values() -> None:
    text = FOLDED % ("hash", "hash")
    both = (plain("code"), lowered("code"))
    assert compile_plan(rules(text), catalog("code text", "loose citext", unique=both), KEY)
    assert compile_plan(rules(text), catalog("code text", "loose citext", unique=(lowered("code"),)), KEY)


@pytest.mark.parametrize("transformer", ["scramble", "email", "phone", "username", "iban", "url"])
def test_transformers_that_tell_case_are_allowed(transformer: str) -> None:
    text = FOLDED % (transformer, transformer)
    plan = compile_plan(rules(text), catalog("code text", "loose citext", unique=(plain("code"), plain("loose"))), KEY)
    variants = ["Anna.K@corp.com", "anna.k@corp.com", "ANNA.K@CORP.COM"]
    assert len(set(masked(plan, "code", variants))) == len(variants)


def test_national_ids_say_under_which_parameters_they_stay_distinct() -> None:
    found = catalog("ssn text", unique=(plain("ssn"),))
    (problem,) = refusal("ssn: {transform: national_id}", found)
    told = "Set `never_issued: false`, or `country:` where all numbers are of one country but US. Or use hash, "
    assert problem.remedy.startswith(told)
    (problem,) = refusal("ssn: {transform: national_id, country: US}", found)
    assert problem.remedy.startswith("Set `never_issued: false`. Or use hash, ")
    for params in ("country: DE", "never_issued: false", "country: US, never_issued: false"):
        assert compile_plan(rules(f"ssn: {{transform: national_id, {params}}}"), found, KEY)


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        (
            "{transform: integer_permute, min: 1}",
            "parameters 'min' and 'max' of integer_permute: give min and max together, or neither",
        ),
        ("{transform: hash, lenght: 3}", "hash has no parameter 'lenght' (did you mean 'length'?)"),
        (
            "{transform: hash, length: many}",
            "parameter 'length' of hash: input should be a valid integer, unable to parse string as an integer",
        ),
        ("{transform: email, mail_domain: ' '}", "parameter 'mail_domain' of email: not a mail domain"),
    ],
)
def test_parameters_are_told_without_pydantic(rule: str, message: str) -> None:
    (problem,) = refusal(f"ssn: {rule}", catalog("ssn text"))
    assert problem.message == message
    (nested,) = refusal(f'doc: {{transform: json, paths: {{"$.a": {rule}}}}}', catalog("doc jsonb"))
    assert message in nested.message
    assert "Value error" not in nested.message
    assert "Extra inputs" not in nested.message


def test_nested_rules_are_looked_at_too() -> None:
    text = """
        attrs: {transform: hstore, keys: {"*": {transform: %s, domain: d}}}
        loose: {transform: %s, domain: d}
        """
    found = catalog("attrs hstore", "loose citext", unique=(plain("attrs"),))
    assert [each.column for each in refusal(text % ("hash", "hash"), found)] == ["attrs"]
    assert compile_plan(rules(text % ("scramble", "scramble")), found, KEY)
