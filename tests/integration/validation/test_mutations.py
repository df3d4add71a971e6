"""Masking that does not happen is found: the identity instead of each transformer, `keep` instead of each rule.

The engine gets a mutated plan while validation holds the declared one, as if masking had a fault. The quick tests
mutate every column of one table at once and want a finding for each; the slow one makes an image for each mutation.
"""

from __future__ import annotations

import random
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import yaml
from psycopg import sql

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "unit" / "masking" / "transformers"))
import transformer_cases as table
from sources import catalog_of, rules_keeping_all

from testdata_assets.golden import refresh
from testdata_assets.golden.registry import GoldenRegistry
from testdata_assets.masking.plan import ColumnPlan, MaskingPlan
from testdata_assets.masking.transformers import registry
from testdata_assets.masking.transformers.base import Transformer
from testdata_assets.postgres.connections import connect
from testdata_assets.postgres.control import connect_control
from testdata_assets.postgres.dsn import Dsn
from testdata_assets.postgres.embedded import EmbeddedServer
from testdata_assets.postgres.places import Places, ensure_database, open_places
from testdata_assets.settings import Settings
from testdata_assets.validation.report import ValidationReport
from testdata_assets.validation.run import validate_candidate

ROWS = 120
TABLE = "public.everything"
HELPERS = ("id", "other", "third", "land", "degrees")
# What the identity does not change: there is nothing to find.
NOTHING_TO_MUTATE = {"keep"}
KINDS = {"json": "jsonb", "xml": "text", "array": "text[]", "composite": "composite", "hstore": "hstore"}
TYPES = {"composite": "public.pair", "hstore": "hstore", "citext": "citext"}


@dataclass(frozen=True)
class Masked:
    """A column of the test's table with its rule and values."""

    name: str
    kind: str
    rule: Mapping[str, Any]
    values: list[str] = field(repr=False)

    @property
    def type(self) -> str:
        return TYPES.get(self.kind, table.COLUMNS[self.kind].type)


def columns() -> list[Masked]:
    """One column for each transformer, and more for those that promise different things under different parameters."""
    found = [_column(name) for name in sorted(registry.all()) if name not in NOTHING_TO_MUTATE]
    found += [
        _column("identity", "gender", params={"part": "gender", "entity": "id"}, values=["female", "male"]),
        _column(
            "address", "country", params={"part": "country", "entity": "id"}, values=["Chad", "Fiji", "Peru", "Iran"]
        ),
        _column("tsvector", "anew", params={"mode": "recompute", "from": ["third"]}),
        _column("constant", "alike", params={"value": "gold"}, values=["platinum"]),
        _column("bytes", "text", params={"mode": "text", "content": "scramble"}),
        _column("number_bucket", "wide", params={"edges": [0, 100, 1000]}),
        _conditional("hash", "partly", "id != '7'"),
        _conditional("null", "emptied", "id != '7'"),
        _conditional("city", "elsewhere", "third == 'b'"),
    ]
    return found


def _column(
    name: str, suffix: str = "", params: dict[str, Any] | None = None, values: list[str] | None = None
) -> Masked:
    chosen = params if params is not None else table.PARAMS[name][0]
    kinds = [case.kind for case in table.cases() if case.name == name]
    kind = KINDS.get(name) or kinds[0]
    column = f"{name}_{suffix}" if suffix else name
    rule = {"transform": name, "domain": column, **_writable(chosen)}
    return Masked(column, kind, rule, _spread(values or _values(name, kind, column)))


def _conditional(name: str, suffix: str, condition: str) -> Masked:
    plain = _column(name, suffix)
    return replace(plain, rule={**plain.rule, "when": condition, "else": "keep"})


def _writable(params: Mapping[str, Any]) -> dict[str, Any]:
    """Parameters as a rules file has them."""
    return {name: "trees.txt" if name == "file" else list(each) if isinstance(each, tuple) else each
            for name, each in params.items()}  # fmt: skip


def _values(name: str, kind: str, column: str) -> list[str]:
    """Values that no other column holds, so that a finding is of this column alone."""
    words = [f"{column.title()} said {_word(column, number)} to {number:05d}" for number in range(ROWS)]
    if name == "json":
        return [f'{{"a": "{word}", "kept": {number}}}' for number, word in enumerate(words)]
    if name == "xml":
        return [f'<r kept="yes"><p>{word}</p></r>' for word in words]
    if name == "hstore":
        return [f'"mail"=>"{word}", "kept"=>"yes"' for word in words]
    if kind == "text[]":
        return [f'{{"{word}","{_word(column, 1000 + number)}"}}' for number, word in enumerate(words)]
    if kind == "composite":
        return [f'("{word}",{_word(column, number)[:9]})' for number, word in enumerate(words)]
    if kind == "tsvector":
        return [f"'{_word(column, number)}':1" for number in range(ROWS)]
    if kind == "bytea":
        return [f"\\x{word.encode().hex()}" for word in words]
    if kind == "oid":
        return [str(20_000 + number) for number in range(ROWS)]
    if name in ("number_bucket", "number_noise") or kind.startswith(("int", "float", "numeric")):
        return [str(11 + 7 * number) for number in range(ROWS)]
    if name == "number_bucket":
        return [str(number) for number in range(ROWS)]
    if name in ("choice",):
        return ["4", "5", "1"]
    plausible = table.PLAUSIBLE.get(name)
    if kind in table.TYPED and plausible is None:
        return [
            value for value in table.TYPED[kind] if re.fullmatch(r"[12]\d{3}-\d\d-\d\d.*|[\w-]{36}|[1-9][\d.]*", value)
        ]
    return plausible or words


def _word(column: str, number: int) -> str:
    draw = random.Random(f"{column} {number}")
    return "".join(draw.choice("bcdfghklmnprst") + draw.choice("aeiou") for _ in range(5))


def _spread(values: list[str]) -> list[str]:
    return [values[number % len(values)] for number in range(ROWS)]


MASKED = columns()


@pytest.fixture(scope="module")
def source(server: EmbeddedServer) -> Iterator[Dsn]:
    """A database with the table of all transformers."""
    name = "mutations_source"
    dsn = server.dsn(name)
    ensure_database(server.dsn(), name)
    with connect(dsn) as conn:
        conn.execute(
            "CREATE EXTENSION hstore; CREATE EXTENSION citext; CREATE TYPE pair AS (name text, code varchar(9))"
        )
        helpers = [sql.SQL("id int PRIMARY KEY"), *(sql.SQL(f"{each} text") for each in HELPERS[1:])]
        own = [sql.SQL("{} {}").format(sql.Identifier(each.name), sql.SQL(each.type)) for each in MASKED]
        conn.execute(sql.SQL("CREATE TABLE everything ({})").format(sql.SQL(", ").join([*helpers, *own])))
        with conn.cursor() as cursor, cursor.copy("COPY everything FROM STDIN") as copying:
            for number in range(ROWS):
                row = (number, f"entity {number // 3}", "abc"[number % 3], "DE", "13.40")
                copying.write_row([*map(str, row), *(each.values[number] for each in MASKED)])
    yield dsn
    with connect(server.dsn()) as conn:
        conn.execute("DROP DATABASE mutations_source WITH (FORCE)")


@pytest.fixture
def deployment(settings: Settings, source: Dsn, tmp_path: Path) -> tuple[Settings, Places]:
    rules = rules_keeping_all(catalog_of(source), {(TABLE, each.name): each.rule for each in MASKED})
    (tmp_path / "masking.yaml").write_text(yaml.safe_dump(rules, allow_unicode=True, sort_keys=False), encoding="utf-8")
    (tmp_path / "trees.txt").write_text("Oak\nElm\nAsh tree\nWillow\nmaple\n", encoding="utf-8")
    changed = Settings.model_validate(settings.model_dump() | {"source_dsn": source.secret(), "rules_dir": tmp_path})
    return changed, open_places(changed)


Mutation = Callable[[ColumnPlan], ColumnPlan]


class _Same:
    """A transformer that does nothing and promises what the real one does."""

    def apply(self, values: pl.Series, context: object) -> pl.Series:
        return values

    def apply_rows(self, values: pl.Series, rows: object, context: object) -> pl.Series:
        return values


def identity(column: ColumnPlan) -> ColumnPlan:
    otherwise = None if column.otherwise is None else identity(column.otherwise)
    return replace(column, transformer=_idle(column.transformer), otherwise=otherwise)


def _idle(transformer: Transformer[Any]) -> Transformer[Any]:
    kind = type("Idle", (_Same, type(transformer)), {})
    idle: Transformer[Any] = object.__new__(kind)
    idle.__dict__.update(transformer.__dict__)
    return idle


def kept(column: ColumnPlan) -> ColumnPlan:
    return replace(column, transformer=registry.build("keep"), condition=None, otherwise=None)


def mutated(plan: MaskingPlan, names: set[str], mutation: Mutation) -> MaskingPlan:
    tables = tuple(
        replace(each, columns=tuple(mutation(one) if one.column.name in names else one for one in each.columns))
        for each in plan.tables
    )
    return replace(plan, tables=tables)


def candidate(
    settings: Settings, places: Places, names: set[str], mutation: Mutation, monkeypatch: pytest.MonkeyPatch
) -> tuple[str, ValidationReport]:
    """Builds and validates an image whose masking is mutated in some columns."""
    real = refresh.build.build

    def build(database: Any, manifest: Any, store: Any, plan: MaskingPlan, *others: Any, **more: Any) -> Any:
        return real(database, manifest, store, mutated(plan, names, mutation), *others, **more)

    record = refresh.take_snapshot(settings, places)
    with monkeypatch.context() as patch:
        patch.setattr(refresh.build, "build", build)
        image = refresh.build_image(settings, places, record.snapshot_id)
    return image.golden_id, validate_candidate(settings, places, image.golden_id)


def found(report: ValidationReport) -> set[str]:
    """Columns with findings of production's values."""
    return {each.column_or_object for each in report.check("no_production_values").findings if each.table == TABLE}


def publish_clean(settings: Settings, places: Places, monkeypatch: pytest.MonkeyPatch) -> str:
    golden_id, report = candidate(settings, places, set(), kept, monkeypatch)
    assert report.passed, [(check.name, check.findings) for check in report.checks if not check.passed]
    return refresh.publish_image(settings, places, golden_id).golden_id


def published(places: Places) -> str:
    with connect_control(places.control) as control:
        image = GoldenRegistry(control).published()
    assert image is not None
    return image.golden_id


def test_every_registered_transformer_is_mutated() -> None:
    assert {each.rule["transform"] for each in MASKED} | NOTHING_TO_MUTATE == set(registry.all())


def test_each_column_that_is_not_masked_is_found(
    deployment: tuple[Settings, Places], monkeypatch: pytest.MonkeyPatch
) -> None:
    settings, places = deployment
    before = publish_clean(settings, places, monkeypatch)
    names = {each.name for each in MASKED}
    for mutation in (identity, kept):
        golden_id, report = candidate(settings, places, names, mutation, monkeypatch)
        assert not report.passed
        assert found(report) == names, (mutation.__name__, found(report) ^ names)
        with pytest.raises(refresh.RefusedError):
            refresh.publish_image(settings, places, golden_id)
        refresh.reject_image(settings, places, golden_id, "test")
        assert published(places) == before


@pytest.mark.slow
@pytest.mark.timeout(3600)  # an image for every transformer
@pytest.mark.parametrize("mutation", [identity, kept])
def test_an_image_with_one_column_not_masked_is_rejected(
    deployment: tuple[Settings, Places], monkeypatch: pytest.MonkeyPatch, mutation: Mutation
) -> None:
    settings, places = deployment
    before = publish_clean(settings, places, monkeypatch)
    for each in MASKED:
        golden_id, report = candidate(settings, places, {each.name}, mutation, monkeypatch)
        assert not report.passed, each
        assert each.name in found(report), each
        refresh.reject_image(settings, places, golden_id, "test")
        assert published(places) == before
