"""One nested rule at work on parts of values: its fit to the part, its guarantees, and the masks it makes."""

from __future__ import annotations

from typing import Any

import polars as pl

from testdata_assets.errors import RefusedError, TestdataError
from testdata_assets.masking.nested_rules import NestedRule, part_column
from testdata_assets.masking.transformers.base import (
    TEXT_TYPES,
    Coincidence,
    Guarantees,
    MaskContext,
    RowTransformer,
    Transformer,
    Uniqueness,
)
from testdata_assets.masking.transformers.keep import Keep
from testdata_assets.production import bulky
from testdata_assets.production.catalog import Column

_UNIQUENESS = (Uniqueness.INJECTIVE, Uniqueness.HASHED, Uniqueness.LOSSY)  # best first
_DISTINCT_PROBE = 2000
# Documents are full of times, and other tables have the same ones: a day or a moment is nobody's by itself.
_TIME = r"\A\s*\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d([.,]\d+)?)?\s*(Z|[+-]\d\d(:?\d\d)?)?)?\s*\z"
UNKNOWN = frozenset({None, "unknown"})  # categories of rules that do not say of whom values tell


class Misfit(str):
    """A sentence of `Transformer.problems` that knows which nested rule it is about.

    Attributes:
        inside: Path of that rule within the parameters, e.g. `("fields", "street")`.
    """

    __slots__ = ("inside",)
    inside: tuple[str, ...]

    def __new__(cls, text: str, inside: tuple[str, ...] = ()) -> Misfit:
        made = super().__new__(cls, text)
        made.inside = inside
        return made

    @classmethod
    def of(cls, rule: str, sentence: str) -> Misfit:
        """A sentence about a nested rule, by its label; the sentence may know where within that rule."""
        return cls(f"{rule}: {sentence}", (*rule.split(".", 1), *getattr(sentence, "inside", ())))


class PartRule:
    """A nested rule with its transformer.

    Attributes:
        label: Where it stands among the parameters, e.g. `items` or `fields.street`; for messages.
        rule: The rule.
        transformer: Its transformer.
    """

    def __init__(self, label: str, rule: NestedRule) -> None:
        self.label, self.rule = label, rule
        self.transformer: Transformer[Any] = rule.build()

    @property
    def keeps(self) -> bool:
        return isinstance(self.transformer, Keep)

    def problems(self, part: Column) -> tuple[str, ...]:
        """Why the rule cannot write to such a part."""
        if isinstance(self.transformer, RowTransformer):
            reason = f"{self.transformer.name} reads other columns, which a nested rule does not have"
            return (Misfit.of(self.label, reason),)
        return tuple(Misfit.of(self.label, problem) for problem in self.transformer.problems(part))

    def distinct_at(self, limit: int, part: Column) -> bool:
        """Whether distinct parts stay as distinct as guaranteed where masks have at most that many characters."""
        return self.keeps or self.transformer.own_limit_suffices(part) or self.transformer.distinct_at(limit, part)

    @property
    def distinguishes_case(self) -> bool:
        """Whether distinct parts stay distinct where their domain ignores case."""
        return self.keeps or self.transformer.distinguishes_case()

    def masked(self, values: pl.Series, outer: MaskContext, part: Column | None = None) -> pl.Series:
        """Masks parts.

        Args:
            values: Their contents, without nulls.
            outer: What the transformer of the whole column got.
            part: The part as a column; None for text without a limit.

        Returns:
            Masks, null where the rule writes NULL.

        Raises:
            TestdataError: The transformer refused; `where` names the rule.
        """
        if self.keeps or not len(values):
            return values
        inner = self.rule.context(outer) if part is None else self.rule.context_of_part(outer, part)
        chosen, positions = distinct_parts(values)
        hand_on(values, chosen, self.rule, self.transformer, inner)
        try:
            masked = self.transformer.apply(chosen, inner)
        except TestdataError as error:
            error.where = f"{self.label} {error.where}".strip()
            raise
        except (pl.exceptions.PolarsError, ValueError, OverflowError) as error:
            raise RefusedError(
                f"{self.transformer.name} cannot mask a value of this part ({type(error).__name__})",
                where=self.label,
                remedy="Choose a transformer that fits its values, e.g. hash, scramble or null.",
                code="transformer-failed",
            ) from None
        return masked if positions is None else masked.gather(positions)


def hand_on(
    values: pl.Series, distinct: pl.Series, rule: NestedRule, transformer: Transformer[Any], inner: MaskContext
) -> None:
    """Gives the raw parts that a nested rule masks to whoever searches for them, as far as they are searched for.

    Args:
        values: Parts as often as they are there, without nulls.
        distinct: The same, repeated ones once.
        rule: The rule.
        transformer: Its transformer.
        inner: What that gets.
    """
    promise = transformer.guarantees_for(inner.column)
    if promise.coincidence is Coincidence.DISJOINT:
        if inner.collect is not None:
            inner.collect(distinct)
    elif promise.coincidence is Coincidence.CONSTANT:
        if inner.column.base_type not in TEXT_TYPES:
            return
        if inner.collect_drawn is not None:
            inner.collect_drawn(distinct.filter(~distinct.str.contains(_TIME)))
        if inner.count_emptied is not None and rule.pii in UNKNOWN:
            inner.count_emptied(values)
    elif promise.searchable and inner.collect_drawn is not None:
        inner.collect_drawn(distinct)


def text_part(column: Column) -> Column:
    """A part that is text, as a column."""
    return part_column(column)


def combined(guarantees: list[Guarantees]) -> Guarantees:
    """What holds for a value when these hold for its parts."""
    worst = max((_UNIQUENESS.index(each.uniqueness) for each in guarantees), default=0)
    return Guarantees(
        uniqueness=_UNIQUENESS[worst],
        coincidence=Coincidence.BY_PART,
        deterministic=all(each.deterministic for each in guarantees),
        preserves_length=False,  # how a part is quoted or escaped hangs on its content
        preserves_format=all(each.preserves_format for each in guarantees),
    )


def distinct_parts(values: pl.Series) -> tuple[pl.Series, pl.Series | None]:
    """Distinct values and, for each value, its place among them; or the values themselves where few repeat."""
    values = values.rename("v")
    if bulky.is_bulky(values):
        return values, None  # long ones would be in memory several times
    if len(values) > _DISTINCT_PROBE:
        probe = values.gather_every(len(values) // _DISTINCT_PROBE)
        if probe.n_unique() > probe.len() // 2:
            return values, None
    frame = values.to_frame()
    distinct = frame.unique(maintain_order=True).with_row_index("i")
    positions = frame.join(distinct, on="v", how="left", maintain_order="left").get_column("i")
    return distinct.get_column("v"), positions
