"""What a transformer is: declared parameters and guarantees, and one vectorised function.

A transformer maps a column's distinct or repeated non-null values, as text, to masked values. It is a
pure function of (value, key, domain, parameters): row order, chunk, process and machine do not matter.
Each lives in a file of its own beside this one and registers itself with `@register`. What most text
transformers share (blank values, padding, length limits, never the input itself) is in `text.py`'s base.
"""

from __future__ import annotations

import enum
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import ClassVar, Generic, Protocol, TypeVar

import numpy as np
import polars as pl
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from testdata_assets.errors import RefusedError
from testdata_assets.masking.hashing import KeyedHash
from testdata_assets.production.catalog import Column

TEXT_TYPES = frozenset({"text", "varchar", "bpchar", "citext", "name"})
_NAME_LIMIT = 63


class Params(BaseModel):
    """Parameters of a transformer as written in a rule; unknown names are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True)


P = TypeVar("P", bound=Params)


class Uniqueness(enum.StrEnum):
    """How a transformer treats distinct values."""

    INJECTIVE = "injective"  # distinct values stay distinct, always
    HASHED = "hashed"  # distinct values collide with probability below n^2 / 2^61; the unique index would tell
    LOSSY = "lossy"  # distinct values may become equal; refused under a unique index


class Coincidence(enum.StrEnum):
    """How outputs relate to real production values."""

    DISJOINT = "disjoint"  # no output is a real value: production's values are searched exactly
    MAY_COINCIDE = "may_coincide"  # outputs look like common values: rows must change at the expected rate
    UNCHANGED = "unchanged"  # keep
    CONSTANT = "constant"  # null, constant: carries nothing of the input
    BY_PART = "by_part"  # parts are masked, others kept: each part's own transformer says what holds for it


class Kept(enum.StrEnum):
    """What masks keep of how a column's values are distributed."""

    UNDECLARED = "undeclared"  # held to everything, see `ColumnPlan.distribution`
    NOTHING = "nothing"
    ROUGHLY = "roughly"  # each mask lies near its value
    EXACTLY = "exactly"  # the masks are distributed as the values were
    DRAWN = "drawn"  # the masks are drawn at rates that the rule gives, whatever the values were


@dataclass(frozen=True)
class Unheld:
    """Rows whose masks may lie anywhere, by what numbers a column has there.

    Attributes:
        edges: Ascending: from the first up to below the second, from the third up to below the fourth, and so on.
        column: The column that has them; None for the masked one itself.
    """

    edges: tuple[float, ...]
    column: str | None = None


@dataclass(frozen=True)
class Distribution:
    """What masks keep of how a column's values are distributed: the drift check holds the image to it.

    Attributes:
        kept: How much.
        amount: Of ROUGHLY: how far a mask may lie from its value; units of numbers, seconds of times.
        ratio: Of ROUGHLY: how much further, as a share of the number.
        unit: Of ROUGHLY: how much further, but by no more than the number itself: units of the last digit.
        edges: Of ROUGHLY: ascending; a mask may lie anywhere between the same two of them as its value.
        unheld: Of ROUGHLY: rows of which none of this holds.
        rows: Which row has which value stays, too, so that the column goes along with others as before.
        dealt: Of EXACTLY: the masks are the column's own values, each as often: nothing of them may differ.
        rates: Of DRAWN: masks as `figures.label` writes them, each with its share of all.
        by: Of DRAWN: rows that have equal values in these columns draw the same mask.
    """

    kept: Kept
    amount: float = 0.0
    ratio: float = 0.0
    unit: float = 0.0
    edges: tuple[float, ...] = ()
    unheld: tuple[Unheld, ...] = ()
    rows: bool = False
    dealt: bool = False
    rates: tuple[tuple[str, float], ...] = ()
    by: tuple[str, ...] = ()

    @property
    def compared(self) -> bool:
        return self.kept in (Kept.ROUGHLY, Kept.EXACTLY, Kept.DRAWN)

    def span(self, values: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Between what numbers the masks of n numbers lie; both ascend where the numbers do."""
        sizes = np.abs(values)
        reach = self.amount + self.ratio * sizes + np.minimum(self.unit, sizes)
        low, high = values, values
        if self.edges:
            edges = np.asarray(self.edges, np.float64)
            place = np.searchsorted(edges, values, side="right")
            low = np.where(place > 0, edges[np.maximum(place - 1, 0)], values)
            high = np.where(place < len(edges), edges[np.minimum(place, len(edges) - 1)], values)
        return np.minimum.accumulate((low - reach)[::-1])[::-1], np.maximum.accumulate(high + reach)

    def weaker(self, other: Distribution) -> Distribution:
        """What holds for a column some rows of which keep the one and some the other."""
        if self == other:
            return self
        if not (self.compared and other.compared) or Kept.DRAWN in (self.kept, other.kept):
            return NOTHING
        if self.edges and other.edges and self.edges != other.edges:
            return NOTHING
        both = Kept.EXACTLY if self.kept is other.kept is Kept.EXACTLY else Kept.ROUGHLY
        return Distribution(
            both,
            max(self.amount, other.amount),
            max(self.ratio, other.ratio),
            max(self.unit, other.unit),
            self.edges or other.edges,
            self.unheld + other.unheld,
            self.rows and other.rows,
            self.dealt and other.dealt,
        )


UNDECLARED, NOTHING, EXACTLY = (Distribution(each) for each in (Kept.UNDECLARED, Kept.NOTHING, Kept.EXACTLY))
DEALT = replace(EXACTLY, dealt=True)


@dataclass(frozen=True)
class Guarantees:
    """What the plan, the checks and the reference page may rely on."""

    uniqueness: Uniqueness
    coincidence: Coincidence
    deterministic: bool = True
    preserves_length: bool = False
    preserves_format: bool = False
    nulls_stay_null: bool = True
    # Outputs may coincide with real values, but so rarely that a real one left in a kept place is worth searching for.
    searchable: bool = False


@dataclass(frozen=True)
class Agreement:
    """How often a value and a mask would be equal that have nothing to do with each other.

    Attributes:
        anywhere: A value of the column and a mask of the column, of any two rows that are masked in one block.
        nearby: Values of two such rows; of one group, where masks are dealt out in groups.
    """

    anywhere: float
    nearby: float


def _no_other_domains(domain: str) -> KeyedHash:
    raise RefusedError(
        "A nested rule names a masking domain, but nothing here can derive its key",
        where=f"domain {domain}",
        remedy="Give MaskContext a hash_for function.",
    )


def _never_folds(_domain: str) -> bool:
    return False


def _never_limits(_domain: str) -> int | None:
    return None


def _never_integer(_domain: str) -> str | None:
    return None


@dataclass(frozen=True)
class MaskContext:
    """What a transformer may know beside the values.

    Attributes:
        hash: Keyed hash bound to the masking key and the rule's domain.
        column: The column written to: its type and length limit.
        fold_case: True where the domain's canonical form ignores case; values whose case-folded forms agree
            must then mask to values whose case-folded forms agree.
        hash_for: Keyed hash of another domain under the same masking key, for rules nested in this one.
        folds: Whether another domain's canonical form ignores case.
        limit_of: Characters that the narrowest column of another domain admits, or None.
        integer_type: The narrowest integer type of the rule's domain, where all its members are integers.
        integer_type_of: The same of another domain.
        collect: Takes the raw distinct parts (JSON leaves and the like) that nested transformers with
            disjoint outputs mask, so that the leak scan can search for them; None where nobody asks.
        collect_drawn: The same for parts whose masks may be somebody's real value by chance, and for emptied ones.
        count_emptied: Takes the parts, as often as they are there, that nested rules empty without saying of whom
            they tell, so that states and categories can be told from them; None where nobody asks.
    """

    hash: KeyedHash
    column: Column
    fold_case: bool = False
    hash_for: Callable[[str], KeyedHash] = _no_other_domains
    folds: Callable[[str], bool] = _never_folds
    limit_of: Callable[[str], int | None] = _never_limits
    integer_type: str | None = None
    integer_type_of: Callable[[str], str | None] = _never_integer
    collect: Callable[[pl.Series], None] | None = None
    collect_drawn: Callable[[pl.Series], None] | None = None
    count_emptied: Callable[[pl.Series], None] | None = None

    def with_hash(self, keyed: KeyedHash) -> MaskContext:
        return replace(self, hash=keyed)

    @property
    def max_length(self) -> int | None:
        """Characters the column admits, or None."""
        return _NAME_LIMIT if self.column.base_type == "name" else self.column.max_length


class Transformer(ABC, Generic[P]):
    """Base of all transformers; subclasses set the class variables and `apply`."""

    name: ClassVar[str]
    summary: ClassVar[str]
    params_model: ClassVar[type[Params]] = Params
    guarantees: ClassVar[Guarantees]
    # What masks keep of the distribution, under any parameters; `distribution_on` knows more.
    distribution: ClassVar[Distribution] = UNDECLARED
    # pg_type.typname below domains; empty: any type. "text" stands for text, varchar, bpchar, citext and name.
    base_types: ClassVar[frozenset[str]] = frozenset()
    # Kinds of type ("text", "integer", else pg_type.typname) whose equal values it masks equally, as 7 and '7'.
    alike: ClassVar[frozenset[str]] = frozenset()
    # Whether numbers mask equally however many decimals they are written with, as 7 and 7.00.
    same_numbers: ClassVar[bool] = False
    # Whether masks often equal the value, as in a draw from a few: then only some must change, not nearly all.
    often_stays: ClassVar[bool] = False
    # Whether every mask is its own mask, as a bucket's edge is: then the image holds nothing else.
    settles: ClassVar[bool] = False
    # Whether values that differ only in case stay distinct in domains that ignore case, as far as others do.
    tells_case: ClassVar[bool] = False
    # Whether it writes to the column's own integer type, rather than to the narrowest of the domain.
    own_type: ClassVar[bool] = False

    def __init__(self, params: P) -> None:
        self.params = params

    @abstractmethod
    def apply(self, values: pl.Series, context: MaskContext) -> pl.Series:
        """Masks values.

        Args:
            values: String series without nulls, COPY escapes already undone; may hold duplicates and ''.
            context: Hash, column and canonical form.

        Returns:
            String series of the same length and order; nulls allowed only where `nulls_stay_null` is False.
        """

    @classmethod
    def accepts(cls, base_type: str) -> bool:
        """Whether it can write to columns of a pg_type.typname."""
        if not cls.base_types:
            return True
        return base_type in cls.base_types or ("text" in cls.base_types and base_type in TEXT_TYPES)

    def problems(self, column: Column) -> tuple[str, ...]:
        """Why it cannot write to a column; empty where it can. Sentences without raw values."""
        if self.accepts(column.base_type):
            return ()
        return (f"{self.name} takes {', '.join(sorted(self.base_types))} columns, not {column.type}",)

    def guarantees_for(self, column: Column) -> Guarantees:
        """The guarantees under these parameters on this column; never better than the class's own."""
        return self.guarantees

    def distribution_on(self, column: Column) -> Distribution:
        """What masks keep of the distribution under these parameters on this column."""
        return self.distribution

    def draws_blindly(self, column: Column) -> bool:
        """Whether masks are drawn whatever the values are: then as many stay as chance makes equal."""
        return False

    def expected_changes(self, column: Column, agreement: Agreement) -> float | None:
        """Share of values whose masks are expected to differ from them; None where nobody can tell."""
        if self.draws_blindly(column):
            return 1.0 - agreement.anywhere
        return None if self.often_stays else 1.0

    def unique_with(self) -> str:
        """Parameters under which distinct values would stay distinct, as in `never_issued: false`; empty for none."""
        return ""

    def own_limit_suffices(self, column: Column) -> bool:
        """Whether any column that holds a value holds its mask: then no narrower column of the domain need cut it."""
        return self.guarantees_for(column).preserves_length

    def distinct_at(self, limit: int, column: Column) -> bool:
        """Whether masks cut to that many characters are as distinct as guaranteed, even where values are longer."""
        return False

    def distinguishes_case(self) -> bool:
        """`tells_case` under these parameters."""
        return self.tells_case


class Rows(Protocol):
    """The rows that values stand in: other columns of theirs, as text with COPY escapes undone, NULL as null."""

    def original(self, column: str) -> pl.Series:
        """Production's values of a column of the same table."""

    def masked(self, column: str) -> pl.Series:
        """The same column as it will be in the image."""


class RowTransformer(Transformer[P]):
    """A transformer whose masks hang on other columns of the row: implement `apply_rows` and name them.

    It cannot be nested in another one, nor can a referencing column inherit it, since both lack the row.
    """

    # Whether outputs hold the text of the columns of `unique_through`: then they may differ in case only, as those may.
    copies_text: ClassVar[bool] = False

    def reads(self) -> tuple[str, ...]:
        """Columns of the row whose original values `apply_rows` asks for, by raw name."""
        return ()

    def reads_masked(self) -> tuple[str, ...]:
        """Columns of the row whose masked values `apply_rows` asks for, by raw name; never in a circle."""
        return ()

    def dealt_within(self) -> tuple[str, ...]:
        """Columns whose equal values make the groups of rows that `Agreement.nearby` is counted in, by raw name."""
        return ()

    def unique_through(self) -> tuple[str, ...]:
        """Columns any one of which makes the output unique where its own masked values are; see `template`."""
        return ()

    @abstractmethod
    def apply_rows(self, values: pl.Series, rows: Rows, context: MaskContext) -> pl.Series:
        """Masks a column in its rows.

        Args:
            values: String series of all rows, nulls included, COPY escapes undone.
            rows: The other columns, of the same length and order.
            context: Hash, column and canonical form.

        Returns:
            String series of the same length and order; null exactly where the values were null, unless
            `nulls_stay_null` is False.
        """

    def apply(self, values: pl.Series, context: MaskContext) -> pl.Series:
        """Refuses: without its row there is nothing to mask by."""
        raise RefusedError(
            f"{self.name} reads other columns of the row, which a nested rule does not have",
            where=self.name,
            remedy="Use it for a column of its own.",
            code="row-transformer-nested",
        )
