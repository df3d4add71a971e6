"""Partial unique indexes: a predicate that asks for NULL stands only where no rule makes or fills NULLs."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import polars as pl
import pytest
from pydantic import Field

from testdata_assets.masking.plan import PlanRefused
from testdata_assets.masking.transformers import registry
from testdata_assets.masking.transformers.base import (
    Coincidence,
    Guarantees,
    MaskContext,
    Params,
    Transformer,
    Uniqueness,
)
from testdata_assets.production.catalog import Column


class BlankParams(Params):
    drop: bool = Field(False)


class Blanked(Transformer[BlankParams]):
    """Some parameters, and some columns, turn values into NULL."""

    name = "blanked"
    summary = "For tests."
    params_model = BlankParams
    guarantees = Guarantees(Uniqueness.INJECTIVE, Coincidence.MAY_COINCIDE)

    def guarantees_for(self, column: Column) -> Guarantees:
        drops = self.params.drop or column.max_length == 1
        return replace(self.guarantees, nulls_stay_null=not drops)

    def apply(self, values: pl.Series, context: MaskContext) -> pl.Series:
        return values


class Dropping(Blanked):
    """Promises nothing in general, but much under the right parameters."""

    name = "dropping"
    guarantees = Guarantees(Uniqueness.INJECTIVE, Coincidence.MAY_COINCIDE, nulls_stay_null=False)


@pytest.fixture
def with_blanks(make: SimpleNamespace, monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    for each in (Blanked, Dropping):
        monkeypatch.setitem(registry._REGISTRY, each.name, each)
    return make


def refused(make: SimpleNamespace, rule: str, gone: str = "gone text") -> list[str]:
    table = make.table("public.t", "id int4", gone, "kind text")
    index = make.unique("public.t(id)", "t_present", predicate="(gone IS NULL)")
    catalog = make.catalog(table, unique=(index,))
    rules = f"public.t: {{id: keep, kind: keep, gone: {rule}}}"
    try:
        make.plan(rules, catalog)
    except PlanRefused as refusal:
        return [
            str(each.column) for each in refusal.problems if each.kind == "uniqueness" and "predicate" in each.message
        ]
    return []


@pytest.mark.parametrize("name", ["blanked", "dropping"])
def test_what_parameters_and_column_promise_counts(with_blanks: SimpleNamespace, name: str) -> None:
    assert refused(with_blanks, name) == []
    assert refused(with_blanks, f"{{transform: {name}, drop: true}}") == ["gone"]
    assert refused(with_blanks, name, gone="gone varchar(1)") == ["gone"]


def test_the_other_side_of_a_condition_counts(with_blanks: SimpleNamespace) -> None:
    rule = "{{transform: {first}, when: kind is null, else: {other}}}"
    assert refused(with_blanks, rule.format(first="city", other="keep")) == []
    assert refused(with_blanks, rule.format(first="keep", other="city")) == []
    for first, other in (
        ("city", '"null"'),
        ('"null"', "city"),
        ("keep", '"null"'),
        ("city", "{transform: blanked, drop: true}"),
    ):
        assert refused(with_blanks, rule.format(first=first, other=other)) == ["gone"], (first, other)


@pytest.mark.parametrize(
    "conditional", ["{transform: keep, when: kind is null, else: city}", "{transform: city, when: kind is null}"]
)
def test_a_lossy_else_breaks_a_plain_unique_index_too(make: SimpleNamespace, conditional: str) -> None:
    table = make.table("public.t", "id int4", "code text", "kind text")
    catalog = make.catalog(table, unique=(make.unique("public.t(code)", "t_code"),))
    problems = make.refusal(f"public.t: {{id: keep, kind: keep, code: {conditional}}}", catalog)
    assert [each.column for each in problems if each.kind == "uniqueness"] == ["code"]
