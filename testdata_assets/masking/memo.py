"""Remembering masks of values that come again: in later blocks, and in other columns of the same domain.

Masking is a pure function of value, key, domain and parameters, so what was computed once may be looked up. A memo
that is seldom asked for what it knows forgets everything and stays empty; none grows beyond its budget.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

import polars as pl

_BUDGET_BYTES = 48 << 20
_TRIALS = 3
_USEFUL_SHARE = 0.15


class Memo:
    """Masks of one kind of column. Safe to share between threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: pl.DataFrame | None = None
        self._asked = self._found = self._lookups = 0
        self._growing = True
        self._version = 0
        self._useless = False

    def mask(self, distinct: pl.Series, compute: Callable[[pl.Series], pl.Series]) -> pl.Series:
        """Masks distinct values, computing only those not remembered.

        Args:
            distinct: String series of n mostly distinct values without nulls.
            compute: Masks a series of values.

        Returns:
            Series of n masks.
        """
        with self._lock:
            known, useless, version = self._known, self._useless, self._version
        if useless:
            return compute(distinct)
        if known is None:
            masked = compute(distinct)
            self._learn(distinct, masked, 0, version)
            return masked
        frame = distinct.to_frame("raw").join(known, on="raw", how="left", maintain_order="left")
        missing = frame.filter(~pl.col("hit").fill_null(False)).get_column("raw")
        if not missing.len():
            self._learn(missing, missing, distinct.len(), version)
            return frame.get_column("masked")
        computed = compute(missing)
        self._learn(missing, computed, distinct.len() - missing.len(), version)
        if missing.len() == distinct.len():
            return computed
        place = (~frame.get_column("hit").fill_null(False)).cum_sum().cast(pl.Int64) - 1
        return (
            frame.with_columns(computed.gather(place.clip(lower_bound=0)).alias("computed"))
            .select(pl.when("hit").then("masked").otherwise("computed").alias(distinct.name))
            .to_series()
        )

    def _learn(self, raw: pl.Series, masked: pl.Series, found: int, version: int) -> None:
        """Remembers what was computed after a look at the memo as it was at `version`."""
        fresh = None
        if raw.len() and self._growing and not self._useless:
            fresh = (
                pl.DataFrame({"raw": raw, "masked": masked}).with_columns(hit=pl.lit(True)).unique("raw", keep="any")
            )
        with self._lock:
            self._lookups += self._known is not None
            self._asked += raw.len() + found if self._known is not None else 0
            self._found += found
            if self._lookups == _TRIALS and self._found < _USEFUL_SHARE * self._asked:
                self._useless, self._known = True, None
                return
            if fresh is None or not self._growing or self._useless:
                return
            if self._known is not None and version != self._version:
                # Another thread may have computed the same values meanwhile: one of each stays.
                fresh = fresh.join(self._known, on="raw", how="anti")
            both = fresh if self._known is None else pl.concat([self._known, fresh])
            self._growing = both.estimated_size() < _BUDGET_BYTES
            self._known, self._version = both, self._version + 1


class Memos:
    """One memo for each kind of column: what masks alike shares one."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._memos: dict[object, Memo] = {}

    def of(self, kind: object) -> Memo:
        """The memo of a kind, any hashable value."""
        with self._lock:
            return self._memos.setdefault(kind, Memo())
