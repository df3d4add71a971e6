"""How a measure of drift is judged: its value, and how much of it noise explains at a probability allowed to it."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from testdata_assets.production.figures import Steps
from testdata_assets.validation import distances, noise

ROUNDED = 1e-4  # more than what profiles round: less is no difference
_TAIL_PLACES = 40  # a lost tail is looked for at so many places

# From the probability allowed to a measure to (value, what noise explains).
Judge = Callable[[float], tuple[float, float]]
# Names of measures, each with the effect size that the rules let pass, None where nothing but noise may pass.
Measures = Iterator[tuple[str, float | None, Judge]]


def against(value: float, explained: Callable[[float], float]) -> Judge:
    """A value that is the same whatever the probability."""
    return lambda alpha: (value, explained(alpha))


def less(judge: Judge, allowed: float) -> Judge:
    """The measure without what may have another reason."""

    def judged_less(alpha: float) -> tuple[float, float]:
        value, explained = judge(alpha)
        return max(0.0, value - allowed), explained

    return judged_less


def difference(errors: tuple[float, float], unseen: tuple[float, float]) -> Callable[[float], float]:
    """What noise explains of the difference of two associations; see `noise.of_difference`."""
    return lambda alpha: noise.of_difference(errors, unseen, alpha)


def tails(first: Steps, second: Steps, variance: float) -> Judge:
    """Whether one of two distributions is cut off; see `distances.cut_tail`."""
    return lambda alpha: distances.cut_tail(first, second, noise.of_root_share(variance, alpha / _TAIL_PLACES))
