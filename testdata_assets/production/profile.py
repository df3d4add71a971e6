"""Profiles of tables: what is remembered of a table's distributions once its raw rows are gone.

A profile stays with the golden image and is plain JSON, so it holds nothing that points at a person: no
minima or maxima (every quantile has at least `MIN_GROUP` sampled rows on either side), no category of
fewer than `MIN_GROUP` rows, and of masked columns neither values nor categories, only NULLs, how often values
repeat, lengths, kinds of characters and the strength of associations. What is computed of a column is in
`figures.py`; comparing two profiles is `validation/drift.py`'s job.

One comparison wants more: masks that promise to keep a distribution are held to it. For it alone a profile has
`Held` figures of such columns, which lie in the snapshot's encrypted store until the refresh ends and which
`as_json` leaves out.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa

from testdata_assets.production import bulky, figures
from testdata_assets.production.associations import (
    MAX_COLUMNS,
    MAX_GROUPED,
    MIN_ROWS,
    Association,
    associations,
    codes,
    correlations,
    dependencies,
    groups,
    presence,
    scores,
)
from testdata_assets.production.catalog import Column, Table
from testdata_assets.production.figures import MAX_CATEGORIES, MIN_GROUP, Steps

MAX_SAMPLE = 60_000  # callers aim at fewer and may come out a little above
MAX_SAMPLE_BYTES = 48 << 20
MAX_CHARACTERS = 16_384  # what a value has beyond them is not looked at, in source and image alike
VERSION = 2

_REPEATED = 0.5  # share of rows whose value is frequent, for a column to go along with others by its values

Kind = Literal["number", "time", "category", "text", "other"]
Coding = Literal["numbers", "values", "lengths", "presence"]

_NUMBERS = frozenset({"int2", "int4", "int8", "float4", "float8", "numeric", "oid"})
_TIMES = frozenset({"date", "timestamp", "timestamptz"})
_TEXTS = frozenset({"text", "varchar", "bpchar", "citext", "name"})


@dataclass(frozen=True)
class Held:
    """Figures of a masked column as `ColumnProfile` has them of kept ones, for the comparison with the image only.

    Attributes:
        unread: Share of the values for which `values` has no number, as for dates BC.
    """

    values: Steps | None = None
    categories: dict[str, float] | None = None
    hours: tuple[float, ...] | None = None
    weekdays: tuple[float, ...] | None = None
    magnitude: tuple[int, float, float] | None = None
    unread: float = 0.0


@dataclass(frozen=True)
class ColumnProfile:
    """One column of a sample.

    Attributes:
        nulls: NULLs in the whole table, None where only the sample was looked at.
        sample_nulls: NULLs among the `TableProfile.sample_rows`.
        distinct: Different non-null values in the sample.
        values: Distribution of numbers, or of times as seconds since 1970. Kept columns only.
        lengths: Distribution of text lengths in characters.
        categories: Frequent values and their share of the non-null sampled rows. Kept columns only,
            and not of times.
        multiplicities: How many different values occur how often in the sample: (times, values) pairs.
        classes: Share of values that hold each kind of character. Texts only.
        hours: Share of each hour of the day. Kept columns of times only; None for dates.
        weekdays: Share of each weekday, Monday first. Kept columns of times only.
        magnitude: Count, mean and standard deviation of ln|x| of numbers other than 0. Kept columns only.
        held: Of masked columns that promise something of it; never stored with the image.
        coded_by: What of it went along with other columns in the table's associations; None where it took no part.
    """

    name: str
    kind: Kind
    masked: bool
    sample_nulls: int
    distinct: int
    nulls: int | None = None
    values: Steps | None = None
    lengths: Steps | None = None
    categories: dict[str, float] | None = None
    multiplicities: tuple[tuple[int, int], ...] = ()
    classes: dict[str, float] | None = None
    hours: tuple[float, ...] | None = None
    weekdays: tuple[float, ...] | None = None
    magnitude: tuple[int, float, float] | None = None
    coded_by: Coding | None = None
    held: Held | None = field(default=None, repr=False)


@dataclass(frozen=True)
class TableProfile:
    """A table's profile: rows, sampled rows, one entry a column and associations between columns.

    Attributes:
        rows: Of the table.
        sample_rows: Of the sample.
        columns: One entry a stored column.
        associations: (column, column, bias-corrected Cramer's V, its standard error, its dimensions).
        correlations: (column, column, Spearman's rank correlation, its standard error, 1), of kept columns and of
            those with `Held` figures.
        dependencies: (column, column, how far one determines the other, its standard error, 1).
        version: Of this form; profiles of older images lack what came later.
    """

    rows: int
    sample_rows: int
    columns: tuple[ColumnProfile, ...]
    associations: tuple[Association, ...] = ()
    correlations: tuple[Association, ...] = ()
    dependencies: tuple[Association, ...] = ()
    version: int = VERSION

    @cached_property
    def _by_name(self) -> dict[str, ColumnProfile]:
        return {column.name: column for column in self.columns}

    def column(self, name: str) -> ColumnProfile | None:
        return self._by_name.get(name)

    def as_json(self) -> dict[str, Any]:
        """What may be stored with an image, as JSON-safe values; `from_json` reads it back."""
        return asdict(self.without_held())

    def without_held(self) -> TableProfile:
        """The profile with nothing of masked columns' values."""
        masked = {column.name for column in self.columns if column.masked}
        return replace(
            self,
            columns=tuple(replace(column, held=None) for column in self.columns),
            correlations=tuple(pair for pair in self.correlations if masked.isdisjoint(pair[:2])),
        )

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> TableProfile:
        return cls(
            rows=document["rows"],
            sample_rows=document["sample_rows"],
            columns=tuple(_column_from_json(column) for column in document["columns"]),
            associations=_pairs_from_json(document["associations"]),
            correlations=_pairs_from_json(document.get("correlations", ())),
            dependencies=_pairs_from_json(document.get("dependencies", ())),
            version=document["version"],
        )


def _pairs_from_json(entries: Iterable[Sequence[Any]]) -> tuple[Association, ...]:
    """Pairs; the first version had neither standard errors nor dimensions."""
    return tuple((each[0], each[1], each[2], *(tuple(each[3:]) or (0.0, 1))) for each in entries)


def _column_from_json(document: Mapping[str, Any]) -> ColumnProfile:
    def steps(name: str) -> Steps | None:
        entry = document[name]
        return None if entry is None else Steps(tuple(entry["at"]), tuple(entry["below"]), tuple(entry["upto"]))

    def numbers(name: str) -> tuple[Any, ...] | None:
        entry = document.get(name)
        return None if entry is None else tuple(entry)

    known = {
        "values": steps("values"),
        "lengths": steps("lengths"),
        "multiplicities": tuple((times, values) for times, values in document.get("multiplicities", ())),
        "hours": numbers("hours"),
        "weekdays": numbers("weekdays"),
        "magnitude": numbers("magnitude"),
    }
    return ColumnProfile(**{**document, **known})


def spread(rows: int, every: int, salt: int) -> npt.NDArray[np.intp]:
    """Positions of about every n-th of so many rows, drawn independently of each other.

    Not exactly every n-th: data that repeats with a period would resonate with the step.

    Args:
        rows: How many rows there are.
        every: Draw one in so many; 1 draws all.
        salt: Tells draws apart (say the number of the block); equal arguments draw equal positions.

    Returns:
        Ascending positions below `rows`.
    """
    if every <= 1:
        return np.arange(rows)
    generator = np.random.Generator(np.random.PCG64([salt, rows, every]))
    return np.flatnonzero(generator.random(rows) < 1 / every)


def clipped(frame: pl.DataFrame) -> pl.DataFrame:
    """A frame of strings, each cut to `MAX_CHARACTERS` characters, so that a sample of documents stays small."""
    if not frame.height:
        return frame
    longest = frame.select(pl.all().str.len_bytes().max()).row(0)
    if max(filter(None, longest), default=0) <= MAX_CHARACTERS:
        return frame
    return pl.DataFrame(
        [
            bulky.beginnings(column, MAX_CHARACTERS) if (size or 0) > MAX_CHARACTERS else column
            for column, size in zip(frame.iter_columns(), longest, strict=True)
        ]
    )


class TableProfiler:
    """Gathers a bounded, evenly thinned sample of one table and profiles it.

    `add` may get every row or a sample; above `MAX_SAMPLE` rows or `MAX_SAMPLE_BYTES` half of them are dropped at
    random, again and again, so that what remains is spread evenly over all that came. Rows must therefore come
    evenly from the whole table (see `spread`), not from the heads of chunks: neighbours in a table resemble each
    other, and the noise limits of the drift check assume independent rows.

    Args:
        table: The table; its stored columns are expected in every frame.
        masked: Names of columns whose values must not be remembered. Required, so that it is never forgotten.
        compared: Those of them of which `Held` figures are needed.
    """

    def __init__(self, table: Table, masked: Collection[str], compared: Collection[str] = ()) -> None:
        self._table = table
        self._masked = frozenset(masked)
        self._compared = self._masked.intersection(compared)
        self._parts: list[pa.Table] = []
        self._held = self._held_bytes = 0
        self._seen = 0
        self._every = 1
        self._rows: int | None = None
        self._nulls: dict[str, int] | None = {}

    def add(self, frame: pl.DataFrame) -> None:
        """Adds rows: all stored columns as String in COPY's text form, NULL as null, escapes not undone."""
        self._seen += frame.height
        if self._every > 1:
            frame = frame[spread(frame.height, self._every, self._seen)]
        if frame.height == 0:
            return
        frame = clipped(frame)
        self._keep([frame])
        while self._held > MAX_SAMPLE or (self._held_bytes > MAX_SAMPLE_BYTES and self._held > MIN_GROUP):
            self._thin()

    def add_counts(self, rows: int, null_counts: Mapping[str, int] | None = None) -> None:
        """Adds exact counts of (a part of) the table; NULL counts only count if every part has them."""
        self._rows = (self._rows or 0) + rows
        if null_counts is None:
            self._nulls = None
        elif self._nulls is not None:
            for name, count in null_counts.items():
                self._nulls[name] = self._nulls.get(name, 0) + int(count)

    def sampled(self, names: Collection[str]) -> pl.DataFrame:
        """Some columns of the sample, as they were added."""
        if not names or not self._parts:
            return pl.DataFrame(schema=dict.fromkeys(names, pl.String))
        return pl.DataFrame(pa.concat_tables([part.select(list(names)) for part in self._parts]))

    @property
    def many(self) -> float:
        """How many sampled rows hold what is nobody's: at least `MIN_GROUP`, and one in a hundred."""
        return float(max(MIN_GROUP, sum(part.num_rows for part in self._parts) / 100))

    def frequent(self, names: Collection[str]) -> dict[str, pl.Series]:
        """Raw values of some columns that `many` sampled rows hold."""
        sample = self.sampled(names)
        counted = {name: sample.get_column(name).drop_nulls().alias("v").value_counts(name="n") for name in names}
        return {name: each.filter(pl.col("n") >= self.many).get_column("v") for name, each in counted.items()}

    def finish(self) -> TableProfile:
        """Profiles what was gathered."""
        names = [column.name for column in self._table.stored_columns]
        sample = self._sample() if self._parts else pl.DataFrame(schema=dict.fromkeys(names, pl.String))
        exact = self._nulls if self._rows is not None and self._nulls else None
        profiles: list[ColumnProfile] = []
        coded: dict[str, tuple[Coding, npt.NDArray[np.int64]]] = {}
        ranked: dict[str, pl.Series] = {}
        for column in self._table.stored_columns:
            series = sample.get_column(column.name)
            masked, compared = column.name in self._masked, column.name in self._compared
            profile, numbers = _profile_column(column, series, exact, masked=masked, compared=compared)
            profiles.append(profile)
            code = _codes(profile, series, None if masked else numbers)
            if code is not None:
                coded[column.name] = code
            if numbers is not None:
                ranked[column.name] = numbers
        # Not all may be looked at: kept columns first.
        paired = sorted(coded, key=lambda name: name in self._masked)[:MAX_COLUMNS]
        ordered = sorted(ranked, key=lambda name: name in self._masked)[:MAX_COLUMNS]
        scored = {name: scores(ranked[name]) for name in ordered}
        return TableProfile(
            rows=max(self._seen if self._rows is None else self._rows, sample.height),
            sample_rows=sample.height,
            columns=tuple(
                replace(each, coded_by=coded[each.name][0] if each.name in paired else None) for each in profiles
            ),
            associations=associations({name: coded[name][1] for name in paired}),
            correlations=correlations({name: score for name, score in scored.items() if score is not None}),
            dependencies=dependencies(_grouped(sample, profiles)),
        )

    def _sample(self) -> pl.DataFrame:
        return pl.DataFrame(pa.concat_tables(self._parts))

    def _keep(self, frames: list[pl.DataFrame]) -> None:
        # Arrow's compact strings: polars' views would keep the buffers of the whole chunk alive.
        self._parts += [frame.to_arrow(compat_level=pl.CompatLevel.oldest()) for frame in frames]
        self._held = sum(part.num_rows for part in self._parts)
        self._held_bytes = sum(part.nbytes for part in self._parts)

    def _thin(self) -> None:
        whole = self._sample()
        self._parts = []
        self._every *= 2
        self._keep([whole[spread(whole.height, 2, self._seen)]])


def kind_of(column: Column) -> Kind:
    """How a column's distribution is described."""
    if column.base_type in _NUMBERS:
        return "number"
    if column.base_type in _TIMES:
        return "time"
    if column.category in {"B", "E"}:
        return "category"
    return "text" if column.base_type in _TEXTS else "other"


def _profile_column(
    column: Column, series: pl.Series, exact_nulls: Mapping[str, int] | None, *, masked: bool, compared: bool
) -> tuple[ColumnProfile, pl.Series | None]:
    """Profiles one column; also returns its numbers (with nulls, row by row) for the associations."""
    kind = kind_of(column)
    present = series.drop_nulls()
    numbers = _numbers(kind, series) if compared or not masked else None
    counted = present.value_counts(name="count")
    known = _figures(kind, column, numbers, counted, present.len()) if compared or not masked else Held()
    shown = Held() if masked else known
    profile = ColumnProfile(
        name=column.name,
        kind=kind,
        masked=masked,
        sample_nulls=series.null_count(),
        distinct=counted.height,
        nulls=None if exact_nulls is None else exact_nulls.get(column.name),
        values=shown.values,
        lengths=figures.steps(figures.text_lengths(present).to_numpy()) if kind in {"text", "other"} else None,
        categories=shown.categories,
        multiplicities=figures.multiplicities(counted.get_column("count")),
        classes=figures.character_classes(present) if kind == "text" else None,
        hours=shown.hours,
        weekdays=shown.weekdays,
        magnitude=shown.magnitude,
        held=known if compared else None,
    )
    return profile, numbers


def _figures(kind: Kind, column: Column, numbers: pl.Series | None, counted: pl.DataFrame, present: int) -> Held:
    """How values are distributed, in what way fits their kind."""
    known = None if numbers is None else numbers.drop_nulls().to_numpy()
    clock = figures.clock(known) if kind == "time" and known is not None else None
    return Held(
        values=None if known is None else figures.steps(known),
        categories=None if kind == "time" else figures.categories(counted, present),
        hours=clock[0] if clock and column.base_type != "date" else None,
        weekdays=clock[1] if clock else None,
        magnitude=figures.magnitude(known) if kind == "number" and known is not None else None,
        unread=0.0 if known is None or not present else round(1 - len(known) / present, 6),
    )


def _grouped(sample: pl.DataFrame, profiles: Sequence[ColumnProfile]) -> dict[str, npt.NDArray[np.int64]]:
    """Columns of many values that repeat, by what only tells equal values apart."""
    if sample.height < MIN_ROWS:
        return {}
    # What is known already tells most columns out before anything is sorted.
    repeating = [each.name for each in profiles if _repeats(each)][: 2 * MAX_GROUPED]
    found = {name: groups(sample.get_column(name)) for name in repeating}
    return {name: code for name, code in found.items() if code is not None}


def _repeats(profile: ColumnProfile) -> bool:
    """Whether many values occur, and most of them in more than one row."""
    rows = sum(times * values for times, values in profile.multiplicities)
    return profile.distinct > 2 * MAX_CATEGORIES and profile.distinct < rows / 2


def _codes(
    profile: ColumnProfile, series: pl.Series, numbers: pl.Series | None
) -> tuple[Coding, npt.NDArray[np.int64]] | None:
    """What of a column may go along with other columns: its values, else its lengths, else whether it is NULL.

    Codes of masked columns only tell equal values from different ones, so the mask does not matter; their
    lengths would. Values count only where most of the rows that have one share it with enough others: which of
    a few barely frequent values are listed is chance.
    """
    repeated = sum(times * values for times, values in profile.multiplicities if times >= MIN_GROUP)
    present = series.len() - profile.sample_nulls
    coding: Coding
    if numbers is not None:
        coding, code = "numbers", codes(series, numbers, categorical=False)
    elif repeated and repeated >= _REPEATED * present:
        coding, code = "values", codes(series, None, categorical=True)
    elif profile.lengths is not None and not profile.masked:
        coding, code = "lengths", codes(series, figures.text_lengths(series), categorical=False)
    else:
        coding, code = "presence", presence(series)
    return None if code is None else (coding, code)


def _numbers(kind: Kind, series: pl.Series) -> pl.Series | None:
    """Numbers, or times as seconds since 1970, rounded; NaN, infinities and dates BC become null."""
    if kind == "number":
        values = series.cast(pl.Float64, strict=False)
        return _rounded(values.set(~values.is_finite().fill_null(False), None), digits=6)
    if kind == "time":
        stamps = pl.when(series.str.ends_with("BC")).then(None).otherwise(series.str.slice(0, 19))
        text = series.to_frame().select(stamps.alias("t")).to_series()
        padded = text.to_frame().select(
            pl.when(pl.col("t").str.len_bytes() == 10).then(pl.col("t") + " 00:00:00").otherwise(pl.col("t"))
        )
        moments = padded.to_series().str.to_datetime("%Y-%m-%d %H:%M:%S", strict=False, time_unit="ms")
        return _rounded(moments.dt.epoch("s").cast(pl.Float64), digits=8)
    return None


def _rounded(values: pl.Series, digits: int) -> pl.Series:
    return values.round_sig_figs(digits)
