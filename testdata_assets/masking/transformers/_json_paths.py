"""Paths into JSON documents: `$.a.b`, `$['a b']`, `[0]`, `[*]`, `.*`, `**`; which of several wins at a leaf.

All patterns of a rule are compiled into one automaton over "this key" and "this index", so that a column of
documents is matched by table lookups, however many distinct keys it holds.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_MOST_STATES = 4096
_STEP = re.compile(
    r"""\.(?P<any_depth>\*\*)|\.(?P<any_child>\*)|\.(?P<name>[^.\[\]*'"\s]+)
        |\[(?P<any_index>\*)\]|\[(?P<index>\d+)\]|\['(?P<single>(?:[^'\\]|\\.)*)'\]|\["(?P<double>(?:[^"\\]|\\.)*)"\]""",
    re.VERBOSE | re.DOTALL,
)
_PLAIN = re.compile(r"[^.\[\]*'\"\s]+\Z")


@dataclass(frozen=True)
class AnyIndex:
    """`[*]`: any element of an array."""


@dataclass(frozen=True)
class AnyChild:
    """`.*`: any member or element."""


@dataclass(frozen=True)
class AnyDepth:
    """`**`: any number of steps, none included."""


Step = str | int | AnyIndex | AnyChild | AnyDepth


def parse_path(path: str) -> tuple[Step, ...]:
    """Reads a path.

    Raises:
        ValueError: It is none.
    """
    if not path.startswith("$"):
        raise ValueError(f"JSON path {path!r} does not begin with $")
    steps: list[Step] = []
    at = 1
    while at < len(path):
        match = _STEP.match(path, at)
        if match is None:
            raise ValueError(f"JSON path {path!r} cannot be read from character {at + 1} on")
        steps.append(_step(match))
        at = match.end()
    return tuple(steps)


def _step(match: re.Match[str]) -> Step:
    kind, text = match.lastgroup, match[match.lastgroup or 0]
    if kind == "index":
        return int(text)
    if kind in ("single", "double"):
        return re.sub(r"\\(.)", r"\1", text, flags=re.DOTALL)
    if kind == "name":
        return text
    return {"any_depth": AnyDepth(), "any_child": AnyChild(), "any_index": AnyIndex()}[kind or ""]


def format_path(steps: Sequence[str | int]) -> str:
    """The path of one leaf, as it would be written in a rule."""
    parts = ["$"]
    for step in steps:
        if isinstance(step, int):
            parts.append(f"[{step}]")
        elif _PLAIN.match(step):
            parts.append(f".{step}")
        else:
            escaped = step.replace("\\", "\\\\").replace("'", "\\'")
            parts.append(f"['{escaped}']")
    return "".join(parts)


def specificity(steps: Sequence[Step]) -> tuple[int, int, int, tuple[int, ...]]:
    """Orders patterns: more exact steps, then fewer `**`, then more steps, then the earlier exact step."""
    exact = sum(isinstance(step, str | int) for step in steps)
    depths = sum(isinstance(step, AnyDepth) for step in steps)
    ranks = tuple(
        3 if isinstance(step, str | int) else 2 if isinstance(step, AnyIndex) else 1 if isinstance(step, AnyChild) else 0
        for step in steps
    )
    return exact, -depths, len(steps), ranks


@dataclass(frozen=True)
class Automaton:
    """A deterministic automaton over the steps from a document's root; state 0 is the root.

    Attributes:
        keys: Keys that patterns name; symbol of a key is its place, any other key is `len(keys)`.
        indexes: Likewise for array indexes, from symbol `len(keys) + 1` on; any other index is the last.
        table: (states, symbols): following state.
        accepts: For each state the most specific pattern that a leaf there matches, or -1.
    """

    keys: tuple[str, ...]
    indexes: tuple[int, ...]
    table: NDArray[np.int64]
    accepts: NDArray[np.int64]

    @property
    def other_key(self) -> int:
        return len(self.keys)

    @property
    def first_index(self) -> int:
        return len(self.keys) + 1

    @property
    def other_index(self) -> int:
        return len(self.keys) + 1 + len(self.indexes)


Places = frozenset[tuple[int, int]]


def compile_paths(patterns: Sequence[tuple[Step, ...]]) -> Automaton:
    """Builds the automaton of some patterns.

    Raises:
        ValueError: Too many `**` make it too large.
    """
    keys = tuple(dict.fromkeys(step for steps in patterns for step in steps if isinstance(step, str)))
    indexes = tuple(dict.fromkeys(step for steps in patterns for step in steps if isinstance(step, int)))
    symbols: list[str | int | None] = [*keys, None, *indexes, None]
    start = _closed(patterns, {(number, 0) for number in range(len(patterns))})
    states: dict[Places, int] = {start: 0}
    rows: list[list[int]] = []
    queue = [start]
    for places in queue:
        row = []
        for number, symbol in enumerate(symbols):
            following = _closed(patterns, _after(patterns, places, symbol, is_key=number <= len(keys)))
            if following not in states:
                states[following] = len(states)
                queue.append(following)
            row.append(states[following])
        rows.append(row)
        if len(states) > _MOST_STATES:
            raise ValueError("these JSON paths combine too many **; write fewer of them")
    return Automaton(
        keys, indexes, np.array(rows, np.int64), np.array([_best(patterns, places) for places in states], np.int64)
    )


def _closed(patterns: Sequence[tuple[Step, ...]], places: set[tuple[int, int]]) -> Places:
    """Adds the places reached by letting `**` stand for no step."""
    found = set(places)
    waiting = list(places)
    while waiting:
        pattern, place = waiting.pop()
        steps = patterns[pattern]
        if place < len(steps) and isinstance(steps[place], AnyDepth) and (pattern, place + 1) not in found:
            found.add((pattern, place + 1))
            waiting.append((pattern, place + 1))
    return frozenset(found)


def _after(
    patterns: Sequence[tuple[Step, ...]], places: Places, symbol: str | int | None, *, is_key: bool
) -> set[tuple[int, int]]:
    following = set()
    for pattern, place in places:
        if place == len(patterns[pattern]):
            continue
        step = patterns[pattern][place]
        if isinstance(step, AnyDepth):
            following.add((pattern, place))
        elif isinstance(step, AnyChild) or (isinstance(step, AnyIndex) and not is_key):
            following.add((pattern, place + 1))
        elif symbol is not None and step == symbol and isinstance(step, str) == is_key:
            following.add((pattern, place + 1))
    return following


def _best(patterns: Sequence[tuple[Step, ...]], places: Places) -> int:
    accepted = [pattern for pattern, place in places if place == len(patterns[pattern])]
    return max(accepted, key=lambda pattern: (specificity(patterns[pattern]), -pattern), default=-1)
