"""Hand-made catalogs, and a small fixed set of transformers, so that plans are tested apart from real ones."""

from __future__ import annotations

import textwrap
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import polars as pl
import pytest
from pydantic import Field

from testdata_assets.masking.plan import MaskingPlan, PlanRefused, Problem, compile_plan
from testdata_assets.masking.rules import MaskingRules, parse_rules
from testdata_assets.masking.transformers import registry
from testdata_assets.masking.transformers.base import (
    Coincidence,
    Guarantees,
    MaskContext,
    Params,
    Transformer,
    Uniqueness,
)
from testdata_assets.masking.transformers.keep import Keep
from testdata_assets.masking.transformers.null import Null
from testdata_assets.postgres.identifiers import TableName
from testdata_assets.production.catalog import Catalog, Column, ForeignKey, Table, UniqueIndex

MASKING_KEY = b"k" * 32
CATEGORIES = {
    "int4": "N", "int8": "N", "text": "S", "varchar": "S", "citext": "S", "bool": "B", "jsonb": "U",
    "tsrange": "R", "_text": "A", "timestamptz": "D", "tsvector": "U", "mood": "E",
}  # fmt: skip
TYPES = {"varchar": "character varying", "int4": "integer", "int8": "bigint", "_text": "text[]"}


class _Double(Transformer[Any]):
    """A transformer of which only the declarations matter."""

    def apply(self, values: pl.Series, context: MaskContext) -> pl.Series:
        return values


class HashParams(Params):
    length: int = Field(16, ge=8)


class HashDouble(_Double):
    name = "hash"
    summary = "Distinct stays distinct, on wide enough columns."
    params_model = HashParams
    guarantees = Guarantees(Uniqueness.HASHED, Coincidence.DISJOINT)
    base_types = frozenset({"text", "int8", "int4"})

    def guarantees_for(self, column: Column) -> Guarantees:
        narrow = column.max_length is not None and column.max_length < 8
        return Guarantees(Uniqueness.LOSSY if narrow else Uniqueness.HASHED, Coincidence.DISJOINT)

    def distinct_at(self, limit: int, column: Column) -> bool:
        return True


class EmailDouble(_Double):
    name = "email"
    summary = "Addresses."
    guarantees = Guarantees(Uniqueness.HASHED, Coincidence.DISJOINT)
    base_types = frozenset({"text"})


class CityDouble(_Double):
    name = "city"
    summary = "Cities."
    guarantees = Guarantees(Uniqueness.LOSSY, Coincidence.MAY_COINCIDE)
    base_types = frozenset({"text"})


class RangeDouble(_Double):
    name = "shift_range"
    summary = "Ranges."
    guarantees = Guarantees(Uniqueness.INJECTIVE, Coincidence.MAY_COINCIDE)
    base_types = frozenset({"tsrange", "timestamptz"})


class JsonParams(Params):
    paths: dict[str, Any]


class JsonDouble(_Double):
    name = "json"
    summary = "Documents."
    params_model = JsonParams
    guarantees = Guarantees(Uniqueness.LOSSY, Coincidence.DISJOINT)
    base_types = frozenset({"json", "jsonb"})


@pytest.fixture
def doubles(monkeypatch: pytest.MonkeyPatch) -> None:
    """The registry holds keep, null and the doubles of this file only."""
    known = (Keep, Null, HashDouble, EmailDouble, CityDouble, RangeDouble, JsonDouble)
    monkeypatch.setattr(registry, "_REGISTRY", {each.name: each for each in known})
    monkeypatch.setattr(registry, "_discovered", True)


def _column(spec: str, position: int) -> Column:
    """`name type(limit) [not null] [generated]`; a leading `"quoted name"` may hold spaces."""
    if spec.startswith('"'):
        name, _, rest = spec[1:].partition('" ')
    else:
        name, _, rest = spec.partition(" ")
    flags = rest.split()
    base, _, limit = flags[0].partition("(")
    return Column(
        name=name,
        type=TYPES.get(base, base) + (f"({limit}" if limit else ""),
        base_type=base,
        category=CATEGORIES[base],
        max_length=int(limit.rstrip(")")) if limit else None,
        not_null="not" in flags,
        generated="generated" in flags,
        position=position,
    )


def _table(name: str, *columns: str, parent: str | None = None, root: str | None = None, **other: Any) -> Table:
    parsed = TableName.parse(name)
    return Table(
        name=parsed,
        oid=abs(hash(name)) % 100_000,
        kind=other.pop("kind", "r"),
        columns=tuple(_column(spec, position) for position, spec in enumerate(columns, start=1)),
        rule_table=TableName.parse(root or parent or name),
        parent=TableName.parse(parent) if parent else None,
        **other,
    )


def _key(source: str, target: str, name: str | None = None) -> ForeignKey:
    """`public.a(x, y)` to `public.b(z, w)`."""
    (table, columns), (other, others) = (_split(end) for end in (source, target))
    return ForeignKey(name or f"{table.name}_{columns[0]}_fkey", table, columns, other, others)


def _unique(target: str, name: str, **other: Any) -> UniqueIndex:
    table, columns = _split(target)
    return UniqueIndex(name=name, table=table, columns=columns, **other)


def _split(text: str) -> tuple[TableName, tuple[str, ...]]:
    table, _, columns = text.rstrip(")").partition("(")
    return TableName.parse(table), tuple(each.strip() for each in columns.split(",") if each.strip())


def _catalog(*tables: Table, keys: tuple[ForeignKey, ...] = (), unique: tuple[UniqueIndex, ...] = (), **other: Any):
    return Catalog(
        server_version=180000,
        system_identifier="1",
        database="shop",
        tables=tables,
        foreign_keys=keys,
        unique_indexes=unique,
        **other,
    )


def _rules(text: str) -> MaskingRules:
    """Rules from the lines under `tables:` (or a whole file where they begin with `version`)."""
    text = textwrap.dedent(text).strip("\n")
    if not text.startswith("version"):
        text = "version: 1\ntables:\n" + textwrap.indent(text, "  ")
    return parse_rules(text)


def _plan(text: str, catalog: Catalog) -> MaskingPlan:
    return compile_plan(_rules(text), catalog, MASKING_KEY)


def _refusal(text: str, catalog: Catalog) -> list[Problem]:
    with pytest.raises(PlanRefused) as caught:
        _plan(text, catalog)
    return caught.value.problems


@pytest.fixture
def make(doubles: None) -> SimpleNamespace:
    """Builders: `table`, `key`, `unique`, `catalog`, `rules`, `plan`, `refusal`."""
    builders: dict[str, Callable[..., Any]] = {
        "table": _table, "key": _key, "unique": _unique, "catalog": _catalog,
        "rules": _rules, "plan": _plan, "refusal": _refusal,
    }  # fmt: skip
    return SimpleNamespace(**builders)
