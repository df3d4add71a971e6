"""How many values may stay: limits that know the number of rows and how often values and masks agree by chance."""

from __future__ import annotations

import math

import numpy as np
import pytest

from testdata_assets.masking.transformers import registry
from testdata_assets.masking.transformers.base import Agreement
from testdata_assets.production.catalog import Column
from testdata_assets.validation.changes import excessive
from testdata_assets.validation.rules import ValidationRules

TEXT = Column("c", "text", "text", "S")


@pytest.mark.parametrize(("rows", "share"), [(20, 0.5), (400, 0.5), (400, 0.1), (10_000, 0.9), (10_000, 0.02)])
def test_a_binomial_passes_hardly_ever(rows: int, share: float) -> None:
    """The bound holds of the exact tail, and is not far above it."""
    least = next(count for count in range(rows + 1) if excessive(count, rows, rows, share) or count == rows)
    logs = [
        math.lgamma(rows + 1) - math.lgamma(k + 1) - math.lgamma(rows - k + 1)
        + k * math.log(share) + (rows - k) * math.log1p(-share)
        for k in range(least, rows + 1)
    ]  # fmt: skip
    tail = float(np.exp(logs).sum())
    assert tail <= 1e-6
    assert tail > 1e-9 or rows == 20


def test_few_rows_say_nothing_and_many_say_it() -> None:
    assert not excessive(5, 5, 5, 0.5)
    assert excessive(50, 50, 50, 0.5)
    assert not excessive(5_100, 10_000, 10_000, 0.5)
    assert excessive(5_500, 10_000, 10_000, 0.5)
    assert not excessive(5_500, 100, 10_000, 0.5)  # ten thousand rows of a hundred entities
    assert excessive(1, 10, 10, 0.0)
    assert not excessive(10, 10, 10, 1.0)


def test_rates_follow_from_parameters_and_frequencies() -> None:
    agreement = Agreement(anywhere=0.4, nearby=0.3)

    def rate(name: str, **params: object) -> float | None:
        return registry.build(name, params).expected_changes(TEXT, agreement)

    assert rate("choice", values=["a", "b"], by="id") == 0.6
    assert rate("shuffle", by="id") == 0.7
    assert rate("shuffle", by="id", within="land") == 0.7
    assert rate("identity", part="gender", entity="id") == 0.5
    assert rate("identity", part="last_name", entity="id") == 1.0
    assert rate("address", part="country", entity="id") == 0.95
    assert rate("address", part="region", entity="id", keep_country="land") is None
    assert rate("number_bucket") is None
    assert rate("first_name") == rate("number_noise") == rate("integer_permute") == 1.0


def test_the_rate_of_the_file_is_the_files_own() -> None:
    assert ValidationRules().own_change_rate is None
    assert ValidationRules(change_rate=0.98).own_change_rate == 0.98
    assert ValidationRules(change_rate=0.4).own_change_rate == 0.4
