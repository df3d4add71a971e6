"""How far two samples of the same thing lie apart by chance: limits for each kind of measure.

Every limit is passed by chance with probability at most `alpha`. The drift check divides the probability it
allows an image by the number of its measures (Bonferroni), so that an image of a thousand columns alarms no
more often than one of ten.

Two samples of one table, drawn without replacement, differ less than fresh ones, and not at all where both are
the whole table: the finite-population correction (Cochran 1977, Sampling Techniques, section 2.6) multiplies
variances by the share of rows not seen. Against another image, whose rows are not the same, it does not apply.
"""

from __future__ import annotations

from collections.abc import Iterable
from math import log, pi, sqrt
from statistics import NormalDist

from testdata_assets.production.profile import TableProfile


def normal_quantile(alpha: float) -> float:
    """Two-sided standard normal quantile."""
    return NormalDist().inv_cdf(1 - alpha / 2)


def smirnov_quantile(alpha: float) -> float:
    """c such that sqrt(n m / (n + m)) * D exceeds it with probability alpha.

    sqrt(-ln(alpha / 2) / 2): Smirnov's asymptotic two-sample law, an upper bound for the sample sizes here (Wei and
    Dudley 2012, Two-sample Dvoretzky-Kiefer-Wolfowitz inequalities). Ties only make D smaller.
    """
    return sqrt(-log(alpha / 2) / 2)


class Noise:
    """Sampling noise of two samples, as variances in units of one row.

    Args:
        first: Profile of the one sample.
        second: Profile of the other.
        same_rows: Both were drawn from one table's rows, which the correction may use.
    """

    def __init__(self, first: TableProfile, second: TableProfile, *, same_rows: bool) -> None:
        self._same_rows = same_rows
        self._rows = (first.rows, second.rows)
        self._samples = (first.sample_rows, second.sample_rows)

    def variance(self, counts: tuple[float, float] | None = None, at_most: int | None = None) -> float:
        """Sum of 1/n over both samples, corrected.

        Args:
            counts: Rows of each sample that count (say those not NULL); the samples' rows if not given.
            at_most: Only so many rows of each sample were looked at.
        """
        total = 0.0
        for rows, sampled, count in zip(self._rows, self._samples, counts or self._samples, strict=True):
            looked_at = sampled if at_most is None else min(sampled, at_most)
            unseen = 1 - looked_at / max(rows, looked_at, 1) if self._same_rows else 1.0
            used = count * looked_at / max(sampled, 1)
            total += unseen / max(used, 1.0)
        return total

    @staticmethod
    def uncorrected(counts: tuple[float, float]) -> float:
        """The same as if the rows were fresh ones, whatever share of the tables they are."""
        return sum(1 / max(count, 1.0) for count in counts)

    def whole_variance(self) -> float:
        """The same where every row of both tables was counted."""
        return 0.0 if self._same_rows else sum(1 / max(rows, 1) for rows in self._rows)


def of_distance(variance: float, alpha: float) -> float:
    """Kolmogorov-Smirnov distance."""
    return smirnov_quantile(alpha) * sqrt(variance)


def of_share(share: float, variance: float, alpha: float) -> float:
    """Difference of two shares near `share`; the second term corrects for the skewness of rare ones."""
    share = min(max(share, 0.0), 1.0)
    quantile = normal_quantile(alpha)
    return quantile * sqrt(share * (1 - share) * variance) + quantile**2 * variance / 6


def of_root_share(variance: float, alpha: float) -> float:
    """Difference of the square roots of two small shares.

    The root of a count has variance 1/4 whatever its mean (Bartlett 1936; Anscombe 1948).
    """
    return normal_quantile(alpha) / 2 * sqrt(variance)


def of_shares(shares: Iterable[float], variance: float, alpha: float) -> float:
    """Total variation distance of categories with these shares.

    Half the sum of the absolute differences: each expected to be sqrt(2 / pi) standard deviations, and one row moves
    the sum by at most 1/n, hence McDiarmid's (1989) tail.
    """
    expected = 0.5 * sum(sqrt(2 / pi * share * (1 - share) * variance) for share in shares)
    return expected + sqrt(-log(alpha) / 2) * sqrt(variance)


def of_difference(errors: tuple[float, float], unseen: tuple[float, float], alpha: float) -> float:
    """Difference of two estimates with these standard errors, each seen to so much."""
    total = sum(error * error * part for error, part in zip(errors, unseen, strict=True))
    return normal_quantile(alpha) * sqrt(total)
