"""What plans and the engine do with conditions, row filters and transformers that read other columns."""

from __future__ import annotations

from functools import partial
from types import SimpleNamespace
from typing import Any

import polars as pl
import pytest

from testdata_assets.masking.engine import TableMasker
from testdata_assets.masking.hashing import KeyedHash
from testdata_assets.masking.plan import TablePlan, compile_plan
from testdata_assets.masking.rules import RulesError, parse_rules
from testdata_assets.masking.transformers import registry
from testdata_assets.masking.transformers.base import (
    Coincidence,
    Guarantees,
    MaskContext,
    Params,
    Rows,
    RowTransformer,
    Uniqueness,
)
from testdata_assets.postgres.identifiers import TableName
from testdata_assets.production.catalog import Catalog, Column, Table

KEY = b"k" * 32


class JoinParams(Params):
    source: str
    of_masked: str | None = None


class Joined(RowTransformer[JoinParams]):
    """The original of one column, and the masked value of another."""

    name = "joined"
    summary = "For tests."
    params_model = JoinParams
    guarantees = Guarantees(Uniqueness.LOSSY, Coincidence.MAY_COINCIDE)

    def reads(self) -> tuple[str, ...]:
        return (self.params.source,)

    def reads_masked(self) -> tuple[str, ...]:
        return (self.params.of_masked,) if self.params.of_masked else ()

    def unique_through(self) -> tuple[str, ...]:
        return self.reads_masked()

    def apply_rows(self, values: pl.Series, rows: Rows, context: MaskContext) -> pl.Series:
        parts = [rows.original(self.params.source).fill_null("-")]
        if self.params.of_masked:
            parts.append(rows.masked(self.params.of_masked).fill_null("-"))
        joined = pl.DataFrame([part.rename(str(n)) for n, part in enumerate(parts)]).select(
            pl.concat_str(pl.all(), separator="/")
        )
        return pl.select(pl.when(values.is_not_null()).then(joined.to_series())).to_series()


@pytest.fixture
def with_joined(make: SimpleNamespace, monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    monkeypatch.setitem(registry._REGISTRY, "joined", Joined)
    return make


def _found(problems: list[Any]) -> list[tuple[str, str, str]]:
    return sorted((each.kind, each.table, each.column or "") for each in problems)


def test_a_conditional_rule_is_planned_with_its_else(make: SimpleNamespace) -> None:
    catalog = make.catalog(make.table("public.u", "id int8 not", "mail text", "kind text"))
    plan = make.plan(
        """
        public.u:
          id: keep
          mail: {transform: email, domain: m, when: "kind != 'staff'", else: {transform: "null", when: id == 1}}
          kind: keep
        """,
        catalog,
    )
    column = plan.table(TableName("public", "u")).column("mail")
    assert column.condition is not None
    assert column.condition.columns == ("kind",)
    assert column.otherwise.transformer.name == "null"
    assert column.otherwise.condition.columns == ("id",)
    assert column.otherwise.otherwise.transformer.name == "keep"
    assert column.guarantees.coincidence is Coincidence.BY_PART
    assert [str(warning) for warning in plan.warnings if "`when` without `else`" in str(warning)]


def test_keeping_first_is_turned_round(make: SimpleNamespace) -> None:
    rules = make.rules("public.u: {mail: {transform: keep, when: \"kind == 'test'\", else: {transform: email}}}")
    rule = rules.tables[TableName("public", "u")].columns["mail"]
    assert (rule.transform, rule.when) == ("email", "not (kind == 'test')")
    assert rule.otherwise.transform == "keep"


def test_conditions_must_fit_the_table(make: SimpleNamespace) -> None:
    catalog = make.catalog(make.table("public.u", "id int8 not", "mail text", "g text generated"))
    problems = make.refusal(
        """
        public.u:
          where: "missing == 1"
          id: {transform: hash, when: "id == 'x'"}
          mail: {transform: email, when: "g == 'x' and nope is null", else: {transform: email, when: "no2 is null"}}
        """,
        catalog,
    )
    assert _found(problems) == [
        ("condition", "public.u", ""),
        ("condition", "public.u", "id"),
        ("condition", "public.u", "mail"),
        ("condition", "public.u", "mail"),
        ("condition", "public.u", "mail"),
    ]
    assert [problem.line for problem in sorted(problems, key=lambda each: each.line)] == [4, 5, 6, 6, 6]


def test_a_bad_condition_is_reported_with_its_place() -> None:
    with pytest.raises(RulesError) as caught:
        parse_rules(
            "version: 1\ntables:\n  public.u:\n    a: {transform: hash, when: a ===}\n    where: b or\n    c: keep\n"
        )
    assert [(problem.line, "cannot be read" in problem.message) for problem in caught.value.problems] == [
        (4, True),
        (5, True),
    ]


def test_a_reference_cannot_follow_a_condition(make: SimpleNamespace) -> None:
    catalog = make.catalog(
        make.table("public.u", "mail text not", "kind text"),
        make.table("public.o", "mail text"),
        keys=(make.key("public.o(mail)", "public.u(mail)"),),
        unique=(make.unique("public.u(mail)", "u_pkey", primary=True),),
    )
    problems = make.refusal(
        "public.u: {mail: {transform: email, when: kind is null, else: keep}, kind: keep}\npublic.o: {}", catalog
    )
    assert ("condition", "public.u", "mail") in _found(problems)


def test_unique_columns_allow_only_conditions_that_keep_values_apart(make: SimpleNamespace) -> None:
    catalog = make.catalog(
        make.table("public.u", "mail text not", "code int8 not", "kind text"),
        unique=(make.unique("public.u(mail)", "u_mail"), make.unique("public.u(code)", "u_code")),
    )
    text = "public.u: {{mail: {{transform: email, when: kind is null, else: {other}}}, code: keep, kind: keep}}"
    assert make.plan(text.format(other="keep"), catalog)
    assert _found(make.refusal(text.format(other="hash"), catalog)) == [("uniqueness", "public.u", "mail")]


def test_row_transformers_need_their_columns(with_joined: SimpleNamespace) -> None:
    make = with_joined
    catalog = make.catalog(
        make.table("public.u", "id int8 not", "a text", "b text", "c text"),
        unique=(make.unique("public.u(id)", "u_pkey", primary=True), make.unique("public.u(a)", "u_a")),
    )
    good = "public.u: {{id: hash, a: {{transform: joined, source: b, of_masked: {through}}}, b: keep, c: keep}}"
    assert make.plan(good.format(through="id"), catalog)
    assert _found(make.refusal(good.format(through="b"), catalog)) == [("uniqueness", "public.u", "a")]
    assert _found(
        make.refusal("public.u: {id: keep, a: keep, b: {transform: joined, source: x}, c: keep}", catalog)
    ) == [("row_transformer", "public.u", "b")]
    circle = """
    public.u:
      id: keep
      a: keep
      b: {transform: joined, source: a, of_masked: c}
      c: {transform: joined, source: a, of_masked: b}
    """
    assert _found(make.refusal(circle, catalog)) == [
        ("row_transformer", "public.u", "b"),
        ("row_transformer", "public.u", "c"),
    ]


def test_a_filtered_table_must_not_be_referenced(make: SimpleNamespace) -> None:
    catalog = make.catalog(
        make.table("public.u", "id int8 not", "kind text"),
        make.table("public.o", "u_id int8"),
        keys=(make.key("public.o(u_id)", "public.u(id)"),),
        unique=(make.unique("public.u(id)", "u_pkey", primary=True),),
    )
    filtered = "public.u: {where: \"kind == 'x'\", id: keep, kind: keep}\n"
    assert ("foreign_key", "public.o", "u_id") in _found(make.refusal(filtered + "public.o: {u_id: keep}", catalog))
    assert make.plan(filtered + "public.o: {u_id: null}", catalog)
    assert make.plan(filtered + "public.o: {mode: truncate}", catalog)


def test_a_column_called_where_keeps_its_rule(make: SimpleNamespace) -> None:
    catalog = make.catalog(make.table("public.u", "where text", "rows text"))
    plan = make.plan("public.u: {where: hash, rows: keep}", catalog)
    assert [column.transformer.name for column in plan.tables[0].columns] == ["hash", "keep"]
    assert plan.tables[0].where is None


def _real(rules: str, *columns: tuple[str, str, str]) -> TablePlan:
    name = TableName("public", "t")
    table = Table(
        name=name,
        oid=1,
        kind="r",
        rule_table=name,
        columns=tuple(
            Column(name=column, type=base, base_type=base, category=category, position=position)
            for position, (column, base, category) in enumerate(columns, start=1)
        ),
    )
    catalog = Catalog(server_version=180000, system_identifier="1", database="d", tables=(table,))
    return compile_plan(parse_rules(f"version: 1\ntables:\n  public.t: {rules}\n"), catalog, KEY).tables[0]


TEXT = ("text", "S")


def _masked(plan: TablePlan, *lines: str) -> tuple[list[list[str]], Any]:
    block = "".join(line + "\n" for line in lines).encode()
    result = TableMasker(plan, partial(KeyedHash.derive, KEY)).mask(block, sample_every=1)
    return [line.split("\t") for line in result.data.decode().splitlines()], result


def test_the_engine_masks_only_the_rows_a_condition_chooses() -> None:
    plan = _real(
        "{mail: {transform: email, when: kind != 'staff', else: keep}, kind: keep}", ("mail", *TEXT), ("kind", *TEXT)
    )
    lines = ("ann@one.org\tstaff", "bob@two.org\tuser", "\\N\tuser", "cyd@one.org\t\\N", "ann@one.org\tuser")
    rows, result = _masked(plan, *lines)
    assert [row[1] for row in rows] == ["staff", "user", "user", "\\N", "user"]
    assert rows[0][0] == "ann@one.org"
    assert rows[2][0] == "\\N"
    assert "bob" not in rows[1][0]
    assert "cyd" not in rows[3][0]
    assert rows[4][0] != "ann@one.org"
    assert sorted(result.sensitive["mail"].to_list()) == ["ann@one.org", "bob@two.org", "cyd@one.org"]
    assert result.kept["mail"].to_list() == ["ann@one.org"]
    whole = _real("{mail: email, kind: keep}", ("mail", *TEXT), ("kind", *TEXT))
    assert rows[4][0] == _masked(whole, *lines)[0][4][0]


def test_the_engine_leaves_out_rows_and_counts_them() -> None:
    plan = _real("{where: kind != 'old', mail: email, kind: keep}", ("mail", *TEXT), ("kind", *TEXT))
    rows, result = _masked(plan, "a@one.org\told", "b@two.org\tnew", "c@two.org\told")
    assert [row[1] for row in rows] == ["new"]
    assert (result.rows, result.left_out) == (1, 2)
    assert result.sample.get_column("kind").to_list() == ["new"]
    assert result.sensitive["mail"].to_list() == ["b@two.org"]


def test_the_engine_masks_in_the_order_columns_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    registry.all()
    monkeypatch.setitem(registry._REGISTRY, "joined", Joined)
    plan = _real(
        "{a: {transform: joined, source: c, of_masked: b}, b: {transform: joined, source: c, of_masked: m}, "
        "m: email, c: keep}",
        *((name, *TEXT) for name in "abmc"),
    )
    rows, result = _masked(plan, "x\ty\tann@one.org\tta\\tb", "\\N\ty\t\\N\tc")
    masked_mail = rows[0][2]
    assert masked_mail != "ann@one.org"
    assert rows[0] == [f"ta\\tb/ta\\tb/{masked_mail}", f"ta\\tb/{masked_mail}", masked_mail, "ta\\tb"]
    assert rows[1] == ["\\N", "c/-", "\\N", "c"]
    assert [(each.rows, each.changed) for each in result.changes["a"]] == [(1, 1)]


def test_a_condition_may_null_some_references_to_a_kept_key(make: SimpleNamespace) -> None:
    catalog = make.catalog(
        make.table("public.u", "id int8 not", "kind text"),
        make.table("public.o", "u_id int8", "kind text"),
        keys=(make.key("public.o(u_id)", "public.u(id)"),),
        unique=(make.unique("public.u(id)", "u_pkey", primary=True),),
    )
    some = "public.o: {u_id: {transform: null, when: kind is null, else: keep}, kind: keep}"
    assert make.plan("public.u: {id: keep, kind: keep}\n" + some, catalog)
    for parent in (
        "public.u: {id: hash, kind: keep}\n",
        "public.u: {mode: truncate}\n",
        "public.u: {where: \"kind == 'x'\", id: keep, kind: keep}\n",
    ):
        assert make.refusal(parent + some, catalog)
