"""Factories without a server: order, links, uniqueness by construction, values of every type within their limits."""

from __future__ import annotations

import ipaddress
import json
import re
import uuid
from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from itertools import pairwise

import pytest

from testdata_assets.postgres.identifiers import TableName
from testdata_assets.production.catalog import Catalog, Column, ForeignKey, Table, UniqueIndex
from testdata_assets.synthesis.factories import Factory, Reference, derive_factories
from testdata_assets.synthesis.factory_schema import ColumnFacts, SchemaFacts, listed_values
from testdata_assets.synthesis.factory_values import maker_for

INT = Column("id", "integer", "int4", "N", not_null=True)


def name(table: str) -> TableName:
    return TableName("public", table)


def table(named: str, *columns: Column, kind: str = "r", root: str | None = None) -> Table:
    return Table(name(named), 1, kind, columns, name(root or named), is_partition=root is not None)


def integer(named: str, not_null: bool = True) -> Column:
    return Column(named, "integer", "int4", "N", not_null=not_null)


def catalog(tables: Sequence[Table], keys: Sequence[ForeignKey] = (), indexes: Sequence[UniqueIndex] = ()) -> Catalog:
    return Catalog(180000, "1", "db", tuple(tables), tuple(keys), tuple(indexes))


def key(child: str, column: str, parent: str) -> ForeignKey:
    return ForeignKey(f"{child}_{column}_fkey", name(child), (column,), name(parent), ("id",))


def unique(named: str, *columns: str) -> UniqueIndex:
    return UniqueIndex(f"{named}_key", name(named), columns)


def by_name(factories: Sequence[Factory]) -> dict[str, Factory]:
    return {factory.table.name: factory for factory in factories}


def values(column: Column, facts: ColumnFacts | None = None, *, distinct: bool = False, count: int = 50) -> list[str]:
    maker = maker_for(column, facts or ColumnFacts(), seed="7/public.t", distinct=distinct)
    assert maker is not None
    return [maker.make(row) for row in range(min(count, maker.capacity) if distinct else count)]


def test_parents_come_first_and_children_point_at_the_row_of_the_same_number() -> None:
    tables = [table("a_child", integer("id"), integer("parent")), table("z_parent", integer("id"))]
    factories = derive_factories(catalog(tables, [key("a_child", "parent", "z_parent")]))
    assert [factory.table.name for factory in factories] == ["z_parent", "a_child"]
    rows = factories[1].build(3)
    assert [row["parent"] for row in rows] == [Reference(name("z_parent"), "id", number) for number in range(3)]


def test_a_cycle_is_cut_where_null_is_allowed() -> None:
    tables = [
        table("hen", integer("id"), integer("egg")),
        table("egg", integer("id"), integer("hen", not_null=False)),
        table("nest", integer("id"), integer("egg", not_null=False)),
    ]
    keys = [key("hen", "egg", "egg"), key("egg", "hen", "hen"), key("nest", "egg", "egg")]
    found = by_name(derive_factories(catalog(tables, keys)))
    assert [row["hen"] for row in found["egg"].build(2)] == [None, None]
    assert isinstance(found["hen"].build(1)[0]["egg"], Reference)
    assert isinstance(found["nest"].build(1)[0]["egg"], Reference), "what only leads into the cycle keeps its link"
    assert all(factory.problem is None for factory in found.values())


def test_a_cycle_without_null_is_a_problem_of_one_table() -> None:
    tables = [table("hen", integer("id"), integer("egg")), table("egg", integer("id"), integer("hen"))]
    found = derive_factories(catalog(tables, [key("hen", "egg", "egg"), key("egg", "hen", "hen")]))
    assert [factory.problem for factory in found] == [
        "foreign key hen_egg_fkey closes a cycle and may not be NULL",
        None,
    ]


def test_a_reference_to_the_own_table_is_null_or_the_row_itself() -> None:
    tables = [
        table("tree", integer("id"), integer("up", not_null=False)),
        table("ring", integer("id"), integer("up")),
    ]
    found = by_name(derive_factories(catalog(tables, [key("tree", "up", "tree"), key("ring", "up", "ring")])))
    assert found["tree"].build(1)[0]["up"] is None
    assert all(row["up"] == row["id"] for row in found["ring"].build(4))


def test_what_the_server_fills_is_left_to_it() -> None:
    columns = (
        Column("always", "bigint", "int8", "N", not_null=True, identity="a"),
        Column("by_default", "bigint", "int8", "N", not_null=True, identity="d"),
        Column("made", "text", "text", "S", generated=True),
        integer("serial"),
        Column("plain", "text", "text", "S", not_null=True),
        Column("code", "text", "text", "S", not_null=True),
    )
    facts = SchemaFacts(
        {
            (name("t"), "serial"): ColumnFacts(default="nextval('t_serial_seq'::regclass)"),
            (name("t"), "plain"): ColumnFacts(default="'new'::text"),
            (name("t"), "code"): ColumnFacts(default="''::text"),
        }
    )
    indexes = [unique("t", "serial"), unique("t", "always"), unique("t", "code")]
    (factory,) = derive_factories(catalog([table("t", *columns)], (), indexes), facts)
    rows = factory.build(5)
    assert {tuple(row) for row in rows} == {("code",)}
    assert len({row["code"] for row in rows}) == 5


def test_unique_indexes_are_satisfied_by_counting() -> None:
    columns = (integer("a"), Column("b", "boolean", "bool", "B", not_null=True), Column("c", "text", "text", "S"))
    lowered = UniqueIndex("lower_c", name("t"), (), ("lower(c)",), ("c",), expression_columns=("c",))
    (factory,) = derive_factories(catalog([table("t", *columns)], (), [unique("t", "b", "a"), lowered]))
    rows = factory.build(500)
    assert len({(row["a"], row["b"]) for row in rows}) == len({str(row["c"]).lower() for row in rows}) == 500
    assert None not in {row["c"] for row in rows}


def test_no_more_rows_than_can_be_unique() -> None:
    feeling = Column("feeling", "mood", "mood", "E", not_null=True)
    facts = SchemaFacts({(name("t"), "feeling"): ColumnFacts(labels=("sad", "happy"))})
    children = table("child", integer("id"), feeling)
    tables = [table("t", feeling), children]
    link = ForeignKey("child_fk", name("child"), ("feeling",), name("t"), ("feeling",))
    found = by_name(
        derive_factories(catalog(tables, [link], [unique("t", "feeling"), unique("child", "feeling")]), facts)
    )
    assert [row["feeling"] for row in found["t"].build(5)] == ["sad", "happy"]
    assert len(found["child"].build(5)) == 2


def test_partitions_have_no_factories_and_their_root_keeps_to_a_bound() -> None:
    at = Column("at", "date", "date", "D", not_null=True)
    tables = [table("m", at, kind="p"), table("m_1", at, root="m"), table("hollow", at, kind="p")]
    facts = SchemaFacts(partition_values={name("m"): {"at": "2019-03-01"}})
    (factory,) = derive_factories(catalog(tables), facts)
    assert factory.table == name("m")
    assert {row["at"] for row in factory.build(4)} == {"2019-03-01"}


def test_optional_columns_are_null_in_some_rows_and_required_ones_never() -> None:
    columns = (integer("need"), integer("may", not_null=False), Column("odd", "x.blob", "blob", "U"))
    (factory,) = derive_factories(catalog([table("t", *columns)]))
    rows = factory.build(9)
    assert sum(row["may"] is None for row in rows) == 3
    assert all(row["need"] is not None and "odd" not in row for row in rows)


def test_a_required_column_of_an_unknown_type_is_a_problem() -> None:
    odd = Column("odd", "x.blob", "blob", "U", not_null=True)
    (factory,) = derive_factories(catalog([table("t", odd)]))
    assert factory.problem == "no value is known for column odd of type x.blob"


def test_equal_seeds_make_equal_rows() -> None:
    source = catalog([table("t", INT, Column("v", "text", "text", "S"))], (), [unique("t", "id")])

    def rows(seed: int) -> list[list[object]]:
        return [list(row.values()) for factory in derive_factories(source, seed=seed) for row in factory.build(5)]

    assert rows(3) == rows(3)
    assert all(one != other for one, other in zip(rows(3), rows(4), strict=True))


@pytest.mark.parametrize("length", [1, 2, 3, 4, 6, 10, 20, 40])
@pytest.mark.parametrize("named", ["email", "website", "phone", "full name"])
def test_text_fits_and_differs(length: int, named: str) -> None:
    column = Column(named, f"character varying({length})", "varchar", "S", length)
    made = values(column, distinct=True, count=26 if length == 1 else 500)
    assert max(map(len, made)) <= length
    assert len(set(made)) == len(made)
    assert len(made) == (26 if length == 1 else 500)


@pytest.mark.parametrize(("precision", "scale"), [(1, 0), (3, 2), (2, 2), (10, 2), (5, 0), (4, 6), (3, -2)])
@pytest.mark.parametrize("distinct", [False, True])
def test_numerics_stay_within_their_precision(precision: int, scale: int, distinct: bool) -> None:
    column = Column("n", f"numeric({precision},{scale})", "numeric", "N")
    made = [Decimal(value) for value in values(column, distinct=distinct)]
    assert all(0 < number < Decimal(10) ** (precision - scale) for number in made)
    assert all(number == round(number, scale) for number in made)
    assert not distinct or len(set(made)) == len(made)


def test_the_modifier_of_a_domain_counts() -> None:
    column = Column("n", "public.share", "numeric", "N")
    assert all(Decimal(value) < 1 for value in values(column, ColumnFacts(formatted="numeric(2,2)")))


@pytest.mark.parametrize("base", ["int2", "int4", "int8", "oid"])
def test_integers_stay_within_their_type(base: str) -> None:
    limit = {"int2": 2**15, "int4": 2**31, "int8": 2**63, "oid": 2**32}[base]
    made = [int(value) for value in values(Column("n", base, base, "N"), distinct=True, count=2000)]
    assert len(set(made)) == 2000
    assert 0 < min(made) <= max(made) < limit


@pytest.mark.parametrize(
    ("base", "category", "read"),
    [
        ("uuid", "U", uuid.UUID),
        ("json", "U", json.loads),
        ("jsonb", "U", json.loads),
        ("inet", "I", ipaddress.ip_address),
        ("cidr", "I", ipaddress.ip_network),
        ("date", "D", date.fromisoformat),
        ("timestamp", "D", datetime.fromisoformat),
        ("timestamptz", "D", datetime.fromisoformat),
        ("bytea", "U", lambda text: bytes.fromhex(text.removeprefix("\\x"))),
        ("float8", "N", float),
    ],
)
def test_other_types_read_back_and_differ(base: str, category: str, read: object) -> None:
    made = values(Column("c", base, base, category), distinct=True)
    assert callable(read)
    assert len({str(read(value)) for value in made}) == 50


def test_ranges_never_overlap() -> None:
    made = values(Column("r", "int4range", "int4range", "R"))
    bounds = [tuple(map(int, re.findall(r"\d+", value))) for value in made]
    assert all(earlier[1] <= later[0] for earlier, later in pairwise(bounds))


def test_arrays_are_empty_or_hold_an_element() -> None:
    made = values(Column("xs", "public.mood[]", "_mood", "A"), ColumnFacts(labels=('say "a"', "b")), count=4)
    assert made == ['{"say \\"a\\""}', "{}", '{"say \\"a\\""}', "{}"]
    assert "{}" not in values(Column("xs", "integer[]", "_int4", "A"), distinct=True)


def test_listed_values_are_read_from_checks_as_the_server_prints_them() -> None:
    assert listed_values(["CHECK ((size = ANY (ARRAY['s'::text, 'it''s'::text])))"]) == ("s", "it's")
    assert listed_values(
        [
            "CHECK ((n > 0))",
            "CHECK (((v)::text = ANY ((ARRAY['a'::character varying, 'b'::character varying])::text[])))",
        ]
    ) == ("a", "b")
    assert listed_values(["CHECK ((n = ANY (ARRAY[1, '-2'::integer])))"]) == ("1", "-2")
    assert listed_values(["CHECK ((v <> ALL (ARRAY['a'::text])))"]) == ()
