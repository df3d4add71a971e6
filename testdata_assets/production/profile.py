"""Profiles of tables: what is remembered of a table's distributions once its raw rows are gone.

A profile stays with the golden image and is plain JSON, so it holds nothing that points at a person: no
minima or maxima (every quantile has at least `MIN_GROUP` sampled rows on either side), no category of
fewer than `MIN_GROUP` rows, and of masked columns neither values nor categories, only NULLs, distinct count
and lengths. Comparing two profiles is `validation/drift.py`'s job.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa

from testdata_assets.production.associations import associations, codes
from testdata_assets.production.catalog import Column, Table

MAX_SAMPLE = 60_000  # callers aim at 50,000 and may come out a little above
MAX_SAMPLE_BYTES = 48 << 20
MAX_CHARACTERS = 16_384  # what a value has beyond them is not looked at, in source and image alike
MIN_GROUP = 20
QUANTILE_STEP = 0.005
MAX_CATEGORIES = 40
_CATEGORY_WIDTH = 64  # longer texts are prose, not categories

Kind = Literal["number", "time", "category", "text", "other"]

_NUMBERS = frozenset({"int2", "int4", "int8", "float4", "float8", "numeric", "oid"})
_TIMES = frozenset({"date", "timestamp", "timestamptz"})
_TEXTS = frozenset({"text", "varchar", "bpchar", "citext", "name"})


@dataclass(frozen=True)
class Steps:
    """A cumulative distribution, known at some points.

    Attributes:
        at: Ascending values x (rounded to a few significant digits).
        below: Share of rows smaller than x.
        upto: Share of rows not larger than x.
    """

    at: tuple[float, ...]
    below: tuple[float, ...]
    upto: tuple[float, ...]


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


@dataclass(frozen=True)
class TableProfile:
    """A table's profile: rows, sampled rows, one entry a column and associations between kept columns.

    `associations` holds (column, column, bias-corrected Cramer's V) for pairs of kept columns.
    """

    rows: int
    sample_rows: int
    columns: tuple[ColumnProfile, ...]
    associations: tuple[tuple[str, str, float], ...] = ()
    version: int = 1

    @cached_property
    def _by_name(self) -> dict[str, ColumnProfile]:
        return {column.name: column for column in self.columns}

    def column(self, name: str) -> ColumnProfile | None:
        return self._by_name.get(name)

    def as_json(self) -> dict[str, Any]:
        """The profile as JSON-safe values; `from_json` reads it back."""
        return asdict(self)

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> TableProfile:
        return cls(
            rows=document["rows"],
            sample_rows=document["sample_rows"],
            columns=tuple(_column_from_json(column) for column in document["columns"]),
            associations=tuple((a, b, v) for a, b, v in document["associations"]),
            version=document["version"],
        )


def _column_from_json(document: Mapping[str, Any]) -> ColumnProfile:
    def steps(name: str) -> Steps | None:
        entry = document[name]
        return None if entry is None else Steps(tuple(entry["at"]), tuple(entry["below"]), tuple(entry["upto"]))

    return ColumnProfile(**{**document, "values": steps("values"), "lengths": steps("lengths")})


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
    longest = frame.select(pl.all().str.len_bytes().max().fill_null(0)) if frame.height else frame
    long = [name for name in longest.columns if frame.height and longest.item(0, name) > MAX_CHARACTERS]
    return frame.with_columns(pl.col(name).str.head(MAX_CHARACTERS) for name in long) if long else frame


class TableProfiler:
    """Gathers a bounded, evenly thinned sample of one table and profiles it.

    `add` may get every row or a sample; above `MAX_SAMPLE` rows or `MAX_SAMPLE_BYTES` half of them are dropped at
    random, again and again, so that what remains is spread evenly over all that came. Rows must therefore come
    evenly from the whole table (see `spread`), not from the heads of chunks: neighbours in a table resemble each
    other, and the noise limits of the drift check assume independent rows.

    Args:
        table: The table; its stored columns are expected in every frame.
        masked: Names of columns whose values must not be remembered. Required, so that it is never forgotten.
    """

    def __init__(self, table: Table, masked: Collection[str]) -> None:
        self._table = table
        self._masked = frozenset(masked)
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
        self._keep([clipped(frame)])
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

    def finish(self) -> TableProfile:
        """Profiles what was gathered."""
        names = [column.name for column in self._table.stored_columns]
        sample = self._sample() if self._parts else pl.DataFrame(schema=dict.fromkeys(names, pl.String))
        exact = self._nulls if self._rows is not None and self._nulls else None
        profiles: list[ColumnProfile] = []
        coded: dict[str, npt.NDArray[np.int64]] = {}
        for column in self._table.stored_columns:
            series = sample.get_column(column.name)
            masked = column.name in self._masked
            profile, numbers = _profile_column(column, series, masked, exact)
            profiles.append(profile)
            if not masked:
                code = codes(series, numbers, categorical=profile.categories is not None)
                if code is not None:
                    coded[column.name] = code
        return TableProfile(
            rows=max(self._seen if self._rows is None else self._rows, sample.height),
            sample_rows=sample.height,
            columns=tuple(profiles),
            associations=associations(coded),
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
    column: Column, series: pl.Series, masked: bool, exact_nulls: Mapping[str, int] | None
) -> tuple[ColumnProfile, pl.Series | None]:
    """Profiles one column; also returns its numbers (with nulls, row by row) for the associations."""
    kind = kind_of(column)
    present = series.drop_nulls()
    numbers = None if masked else _numbers(kind, series)
    counted = present.value_counts(name="count")
    profile = ColumnProfile(
        name=column.name,
        kind=kind,
        masked=masked,
        sample_nulls=series.null_count(),
        distinct=counted.height,
        nulls=None if exact_nulls is None else exact_nulls.get(column.name),
        values=None if numbers is None else _steps(numbers.drop_nulls().to_numpy()),
        lengths=_lengths(present) if kind in {"text", "other"} else None,
        categories=None if masked or kind == "time" else _categories(counted, present),
    )
    return profile, numbers


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


def _steps(values: npt.NDArray[np.float64]) -> Steps | None:
    """The cumulative distribution at quantiles with `MIN_GROUP` rows on either side; None for few rows."""
    count = len(values)
    if count < 2 * MIN_GROUP:
        return None
    ordered = np.sort(values)
    edge = max(QUANTILE_STEP, MIN_GROUP / count)
    levels = np.arange(edge, 1 - edge + 1e-9, QUANTILE_STEP)
    picked = np.unique(ordered[np.minimum((levels * count).astype(np.int64), count - 1)])
    below = np.searchsorted(ordered, picked, side="left") / count
    upto = np.searchsorted(ordered, picked, side="right") / count
    return Steps(tuple(picked.tolist()), tuple(np.round(below, 6).tolist()), tuple(np.round(upto, 6).tolist()))


def _lengths(present: pl.Series) -> Steps | None:
    """Characters of each value; COPY writes what it escapes as two."""
    lengths = present.str.len_chars()
    if present.str.contains("\\", literal=True).any():
        lengths = lengths - present.str.count_matches(r"\\.")
    return _steps(lengths.to_numpy().astype(np.float64))


def _categories(counted: pl.DataFrame, present: pl.Series) -> dict[str, float] | None:
    """Shares of the most frequent values that at least `MIN_GROUP` sampled rows have; None without any."""
    if present.len() == 0:
        return None
    value, count = counted.columns
    frequent = (
        counted.filter((pl.col(count) >= MIN_GROUP) & (pl.col(value).str.len_chars() <= _CATEGORY_WIDTH))
        .sort(count, value, descending=[True, False])
        .head(MAX_CATEGORIES)
    )
    shares = {name: round(rows / present.len(), 6) for name, rows in frequent.iter_rows()}
    return shares or None
