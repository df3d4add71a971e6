"""Telling numbers of a kind from numbers that pass its check digits by chance.

One number in ten has Luhn's check digit. So a bare number says nothing; that more of a column's different
numbers pass than chance lets through does. Different ones, as one that passes may stand in many rows.
"""

from __future__ import annotations

import secrets
import threading
from dataclasses import dataclass, field
from math import exp, log

import numpy as np
import numpy.typing as npt
import polars as pl

# Different numbers remembered for each kind and column, as hashes: the lowest ones, so that neither the order nor
# the size of what comes in matters.
REMEMBERED = 4_096
_SEED = secrets.randbits(64)  # of this process: hashes of short numbers could be tried out


@dataclass
class Chance:
    """Numbers of one form in one column, and which of them pass the check.

    Attributes:
        hashes: Of different numbers, ascending.
        passed: Whether each passes.
        rows: Rows whose number passes.
    """

    hashes: npt.NDArray[np.uint64] = field(default_factory=lambda: np.zeros(0, np.uint64), repr=False)
    passed: npt.NDArray[np.bool_] = field(default_factory=lambda: np.zeros(0, np.bool_), repr=False)
    rows: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def add(self, numbers: pl.Series, passed: npt.NDArray[np.bool_], rows: npt.NDArray[np.int64]) -> None:
        """Adds n numbers of the form (digits only), whether they pass, and the rows that have each."""
        hashes = numbers.hash(seed=_SEED).to_numpy()
        with self._lock:
            self.rows += int(rows[passed].sum())
            together, first = np.unique(np.concatenate((self.hashes, hashes)), return_index=True)
            self.hashes = together[:REMEMBERED]
            self.passed = np.concatenate((self.passed, passed))[first[:REMEMBERED]]

    def rows_beyond(self, chance: float, level: float, share: float = 0.0) -> int:
        """Rows that pass, if chance alone lets so many pass with a probability of `level` at most; else 0.

        Args:
            chance: Share that passes by chance.
            level: That probability.
            share: Share of the different numbers that must pass, too.
        """
        passed = int(self.passed.sum())
        if passed < share * len(self.passed) or binomial_tail(passed, len(self.passed), chance) > level:
            return 0
        return self.rows


def binomial_tail(successes: int, trials: int, chance: float) -> float:
    """An upper bound of P(X >= successes) for X binomial(trials, chance): Chernoff's, exp(-n KL(s/n || p))."""
    if trials == 0 or successes <= chance * trials:
        return 1.0
    share = successes / trials
    divergence = share * log(share / chance)
    if share < 1:
        divergence += (1 - share) * log((1 - share) / (1 - chance))
    return exp(-trials * divergence)
