"""Columns whose masks are drawn at the rates of a rule: how far the image's shares lie from those.

Production has no part in it. The draws are chance even where the whole table is known, and rows that draw together
count as one draw.
"""

from __future__ import annotations

from collections.abc import Mapping

from testdata_assets.masking.transformers.base import Distribution
from testdata_assets.production.figures import MIN_GROUP, label
from testdata_assets.production.profile import ColumnProfile, TableProfile
from testdata_assets.validation import distances, noise
from testdata_assets.validation.judges import Measures


def measures(distribution: Distribution, before: TableProfile, after: TableProfile, column: ColumnProfile) -> Measures:
    """Distance from the rates, categories that ought to be there, and those that ought not.

    Args:
        distribution: With the rates.
        before: Profile of the source's table, which tells how many rows draw together.
        after: Profile of the image's.
        column: The image's column.
    """
    present = after.sample_rows - column.sample_nulls
    if not distribution.rates or column.held is None or present < 2 * MIN_GROUP:
        return
    rates = dict(distribution.rates)
    found = _labelled(column.held.categories or {}, column.kind)
    variance = _variance(distribution, before, after, present)
    value = distances.tvd(rates, found, (present, present))
    yield "categories", None, lambda alpha: (value, noise.of_shares(rates.values(), variance, alpha))
    yield (
        "dropped category",
        None,
        lambda alpha: distances.dropped(rates, found, present, noise.of_root_share(variance, alpha)),
    )
    others = sum(share for name, share in found.items() if name not in rates)
    yield "other categories", None, lambda _: (others, 0.0)


def _labelled(categories: Mapping[str, float], kind: str) -> dict[str, float]:
    shares: dict[str, float] = {}
    for name, share in categories.items():
        known = label(kind, name)
        shares[known] = shares.get(known, 0.0) + share
    return shares


def _variance(distribution: Distribution, before: TableProfile, after: TableProfile, present: int) -> float:
    """1/n of as many independent draws as the image's sample is worth: sum t^2 over rows that draw together, over n^2.

    Two rows draw together that are equal in all columns of `by`, so not more than are equal in any one of them. A
    sample of a share f of the rows has f^2 of the pairs.
    """
    taken = (after.sample_rows / max(after.rows, 1)) / (before.sample_rows / max(before.rows, 1))
    pairs = []
    for name in distribution.by:
        column = before.column(name)
        if column is not None:
            equal = sum(times * (times - 1) * values for times, values in column.multiplicities)
            pairs.append((equal + column.sample_nulls * (column.sample_nulls - 1)) * taken * taken)
    return min(1.0, (present + min(pairs, default=0.0)) / (present * present))
