"""Distances of profiles against the distances of the data they describe, and the noise allowed to them."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from testdata_assets.production.associations import correlations as rank_correlations
from testdata_assets.production.associations import cramers_v_with_error, dependencies, groups, scores
from testdata_assets.production.figures import multiplicities, steps
from testdata_assets.production.profile import TableProfile
from testdata_assets.validation import noise
from testdata_assets.validation.distances import (
    association_gap,
    cut_tail,
    distinct_at,
    group_sizes,
    sizes_shown,
    spectrum_distance,
)


def counts_of(values: np.ndarray) -> tuple[tuple[int, int], ...]:
    return multiplicities(pl.Series(np.unique(values, return_counts=True)[1]))


def test_rarefaction_tells_the_distinct_values_of_smaller_samples() -> None:
    rng = np.random.default_rng(1)
    values = rng.zipf(1.3, 20_000) % 5_000
    smaller = [len(np.unique(rng.choice(values, 5_000, replace=False))) for _ in range(20)]
    assert distinct_at(counts_of(values), 0.25) == pytest.approx(np.mean(smaller), rel=0.01)
    assert distinct_at(counts_of(values), 1.0) == len(np.unique(values))


@pytest.mark.parametrize("kept", [0.05, 0.5, 0.97])
def test_group_sizes_are_those_of_thinned_data(kept: float) -> None:
    rng = np.random.default_rng(2)
    values = rng.integers(0, 400, 30_000) // rng.choice([1, 7, 90], 30_000)
    expected = group_sizes(counts_of(values), kept)
    drawn = [group_sizes(counts_of(values[rng.random(30_000) < kept]), 1.0) for _ in range(15)]
    assert np.abs(expected - np.mean(drawn, axis=0)).max() < 0.03
    assert expected[-1] == pytest.approx(1, abs=1e-6)
    assert len(expected) == len(sizes_shown())


def test_a_spectrum_does_not_care_for_names() -> None:
    values = np.repeat(np.arange(8), [500, 400, 300, 200, 100, 50, 30, 5])
    distance, shares = spectrum_distance(counts_of(values), counts_of(97 - values * 3))
    assert distance == 0
    assert shares[0] == pytest.approx(500 / len(values))
    merged, _ = spectrum_distance(counts_of(values), counts_of(np.where(values == 4, 0, values)))
    assert merged > 0.05


@pytest.mark.parametrize(("share", "lost"), [(0.01, True), (0.05, True), (0.0004, False)])
def test_a_cut_shows_however_thin_the_tail(share: float, lost: bool) -> None:
    values = np.sort(np.random.default_rng(3).lognormal(0, 2, 20_000))
    limit = np.quantile(values, 1 - share)
    whole, cut = steps(values), steps(np.minimum(values, limit))
    assert whole is not None
    assert cut is not None
    margin = noise.of_root_share(2 / 20_000, 1e-6)
    for first, second in ((whole, cut), (cut, whole)):
        value, limit_ = cut_tail(first, second, margin)
        assert (value > limit_) is lost
        if lost:
            assert value == pytest.approx(share, rel=0.15)
    assert cut_tail(whole, whole, margin)[0] == 0


def test_one_dimension_more_is_no_change_of_association() -> None:
    assert association_gap((0.5, 2), (0.5, 2)) == 0
    assert association_gap((1.0, 3), (0.95, 4)) == 0
    assert association_gap((0.5, 1), (0.354, 2)) == pytest.approx(0, abs=1e-3)
    assert association_gap((0.8, 4), (0.05, 4)) == pytest.approx(0.75)


def test_one_column_may_determine_another() -> None:
    rng = np.random.default_rng(4)
    customer = pl.Series(rng.integers(0, 3_000, 10_000))
    email = "p" + customer.cast(pl.String)
    other = email.sample(fraction=1, shuffle=True, seed=1)
    coded = {name: groups(series) for name, series in (("customer", customer), ("email", email), ("other", other))}
    found = {
        pair[:2]: pair[2] for pair in dependencies({name: code for name, code in coded.items() if code is not None})
    }
    assert found["customer", "email"] == 1
    assert found["customer", "other"] < 0.03
    assert groups(pl.Series(range(1_000))) is None  # nothing repeats
    assert groups(pl.Series(["a", "b"] * 500)) is None  # two values: categories


def test_standard_errors_cover_the_spread_of_resamples() -> None:
    rng = np.random.default_rng(5)
    a = rng.choice(6, 40_000, p=[0.4, 0.3, 0.2, 0.08, 0.015, 0.005])
    b = np.where(rng.random(40_000) < 0.4, a, rng.integers(0, 5, 40_000))
    x = rng.normal(size=40_000)
    y = np.round(x + rng.normal(size=40_000) * 2)
    strengths, errors, ranks, bounds = [], [], [], []
    for _ in range(60):
        rows = rng.integers(0, 40_000, 4_000)
        strength, error, width = cramers_v_with_error(a[rows], b[rows])
        assert width in (4, 5)
        strengths.append(strength)
        errors.append(error)
        coded = {"x": scores(pl.Series(x[rows])), "y": scores(pl.Series(y[rows]))}
        ((_, _, rank, bound, _),) = rank_correlations(
            {name: score for name, score in coded.items() if score is not None}
        )
        ranks.append(rank)
        bounds.append(bound)
    assert 0.5 < np.std(strengths) / np.mean(errors) < 1.3
    assert np.std(ranks) < np.mean(bounds)
    assert np.mean(ranks) == pytest.approx(0.43, abs=0.03)


def test_noise_of_the_same_rows_vanishes_and_of_fresh_ones_does_not() -> None:
    whole = TableProfile(rows=1_000, sample_rows=1_000, columns=())
    part = TableProfile(rows=100_000, sample_rows=1_000, columns=())
    assert noise.Noise(whole, whole, same_rows=True).variance() == 0
    assert noise.Noise(whole, whole, same_rows=False).variance() == pytest.approx(0.002)
    assert noise.Noise(part, part, same_rows=True).variance() == pytest.approx(0.00198)
    assert noise.Noise(part, part, same_rows=True).variance((500, 500)) == pytest.approx(0.00396)


def test_quantiles_are_those_of_the_tables() -> None:
    assert noise.normal_quantile(0.05) == pytest.approx(1.96, abs=1e-3)
    assert noise.smirnov_quantile(0.05) == pytest.approx(1.358, abs=1e-3)
    assert noise.smirnov_quantile(0.01) == pytest.approx(1.628, abs=1e-3)
