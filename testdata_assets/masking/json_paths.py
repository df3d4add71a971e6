"""JSON path patterns: how they are written, which of several that fit a leaf wins, and a matcher for many leaves.

A pattern is `$` followed by steps: `.key` or `['any key']` (exactly that key of an object), `[0]` (that element of
an array), `.*` (any key), `[*]` (any element), `.**` (any number of keys and elements, also none). As in Postgres'
own jsonpath, `.*` is for objects and `[*]` for arrays.

Of the patterns that fit a leaf, the most specific wins: the one with more exact keys; then more exact elements;
then more `.*` and `[*]`; then fewer `.**`; then the one whose steps, read from the leaf upwards, are the more
specific (key, element, wildcard, `.**`). So `$.user.email` beats `$.user.*`, which beats `$.user.**`, which beats
`$.**`; and `$.**.email` beats `$.contact.**` for `$.contact.email`. `JsonPattern.specificity` sorts that way.
"""

from __future__ import annotations

import enum
import re
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray


class StepKind(enum.IntEnum):
    """Kinds of steps, the less specific first."""

    DESCENT = 0  # .**
    WILD_KEY = 1  # .*
    WILD_ELEMENT = 2  # [*]
    ELEMENT = 3  # [0]
    KEY = 4  # .key


@dataclass(frozen=True)
class Step:
    """One step of a pattern: a key or an element where it names one."""

    kind: StepKind
    key: str = ""
    element: int = 0


_STEP = re.compile(
    r"""(?P<descent>\.?\*\*)
      | (?P<wild_key>\.\*)
      | (?P<wild_element>\[\s*\*\s*\])
      | \[\s*(?P<element>0|[1-9][0-9]{0,8})\s*\]
      | \.(?P<plain>[^\s.\[\]'"*]+)
      | (?:\[\s*|\.)(?P<quoted>'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")""",
    re.VERBOSE | re.DOTALL,
)
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_PLAIN_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,39}\Z")
_MANY_DIGITS = 4


@dataclass(frozen=True)
class JsonPattern:
    """A parsed pattern.

    Attributes:
        text: As it was written.
        steps: From the root down.
    """

    text: str
    steps: tuple[Step, ...]

    @classmethod
    def parse(cls, text: str) -> JsonPattern:
        """Reads a pattern.

        Raises:
            ValueError: It is none; the message says where it stops making sense.
        """
        if not text.startswith("$"):
            raise ValueError(f"a JSON path begins with $, as in $.contact.email; {text!r} does not")
        place = 1
        steps: list[Step] = []
        while place < len(text):
            match = _STEP.match(text, place)
            end = match.end() if match else place
            if match is None:
                hint = " (for any depth write .**)" if text.startswith("..", place) else ""
                raise ValueError(f"JSON path {text!r} does not make sense from {text[place:]!r} on{hint}")
            if match["quoted"] is not None and text[place] == "[":
                closing = re.compile(r"\s*\]").match(text, end)
                if closing is None:
                    raise ValueError(f"JSON path {text!r} lacks a ] after {match['quoted']}")
                end = closing.end()
            step = _step(match)
            if not (steps and step.kind is StepKind.DESCENT and steps[-1] == step):
                steps.append(step)
            place = end
        return cls(text, tuple(steps))

    @property
    def specificity(self) -> tuple[object, ...]:
        """A sort key: of two patterns that fit one leaf, the greater is the more specific."""
        kinds = [step.kind for step in self.steps]
        wild = kinds.count(StepKind.WILD_KEY) + kinds.count(StepKind.WILD_ELEMENT)
        return (
            kinds.count(StepKind.KEY),
            kinds.count(StepKind.ELEMENT),
            wild,
            -kinds.count(StepKind.DESCENT),
            tuple(reversed(kinds)),
        )


def _step(match: re.Match[str]) -> Step:
    if match["descent"]:
        return Step(StepKind.DESCENT)
    if match["wild_key"]:
        return Step(StepKind.WILD_KEY)
    if match["wild_element"]:
        return Step(StepKind.WILD_ELEMENT)
    if match["element"] is not None:
        return Step(StepKind.ELEMENT, element=int(match["element"]))
    if match["plain"] is not None:
        return Step(StepKind.KEY, key=match["plain"])
    return Step(StepKind.KEY, key=_ESCAPE.sub(r"\1", match["quoted"][1:-1]))


def shown_key(key: str) -> str:
    """A key as an error may show it: `.key` where it looks like a field's name, else `[?]`, for it may be data."""
    plain = _PLAIN_KEY.match(key) is not None and sum(each.isdigit() for each in key) < _MANY_DIGITS
    return f".{key}" if plain else "[?]"


class PathMatcher:
    """Finds the winning pattern of many leaves at once: a finite automaton over keys and elements.

    Documents know a few symbols only: each key and each element number that a pattern names, any other key, any
    other element, and the root. The automaton's states are sets of places within patterns; they are made when
    documents first need them, so that patterns which never meet cost nothing. Safe to share between threads.

    Attributes:
        patterns: In the order of the numbers that `winners` gives.
        keys: Keys that patterns name; the symbol of `keys[i]` is i.
        elements: Element numbers that patterns name, ascending; the symbol of `elements[i]` is
            `first_element + i`.
    """

    START = 0

    def __init__(self, patterns: Sequence[JsonPattern], ranks: Sequence[object]) -> None:
        """Takes patterns with what decides between them: the greatest rank wins."""
        self.patterns = tuple(patterns)
        steps = [step for pattern in patterns for step in pattern.steps]
        self.keys = sorted({step.key for step in steps if step.kind is StepKind.KEY})
        self.elements = sorted({step.element for step in steps if step.kind is StepKind.ELEMENT})
        self._key_symbols = {key: symbol for symbol, key in enumerate(self.keys)}
        self._order = sorted(range(len(patterns)), key=lambda number: ranks[number], reverse=True)  # type: ignore[arg-type,return-value]
        self._lock = threading.Lock()
        self._numbers: dict[frozenset[tuple[int, int]], int] = {}
        self._states: list[frozenset[tuple[int, int]]] = []
        self._table = np.full((8, self.symbols), -1, np.int32)
        self._winner = np.full(8, -1, np.int32)
        self._number(self._closed({(number, 0) for number in range(len(patterns))}))

    def __getstate__(self) -> dict[str, object]:
        return {"patterns": self.patterns, "order": self._order}

    def __setstate__(self, state: dict[str, object]) -> None:
        patterns, order = state["patterns"], state["order"]
        assert isinstance(patterns, tuple)  # noqa: S101 - our own pickle
        assert isinstance(order, list)  # noqa: S101
        self.__init__(patterns, [-order.index(number) for number in range(len(patterns))])  # type: ignore[misc]

    @property
    def other_key(self) -> int:
        return len(self.keys)

    @property
    def first_element(self) -> int:
        return len(self.keys) + 1

    @property
    def other_element(self) -> int:
        return self.first_element + len(self.elements)

    @property
    def root(self) -> int:
        """Symbol of a document's outermost value: a step to nowhere."""
        return self.other_element + 1

    @property
    def told_elements(self) -> int:
        """How many elements of an array, from its first, patterns may tell apart."""
        return self.elements[-1] + 1 if self.elements else 0

    @property
    def symbols(self) -> int:
        return self.root + 1

    @cached_property
    def key_bytes(self) -> list[bytes]:
        """The keys as they stand in documents that escape nothing."""
        return [key.encode("utf-8", "surrogatepass") for key in self.keys]

    def key_symbol(self, key: str) -> int:
        return self._key_symbols.get(key, self.other_key)

    def element_symbols(self, numbers: NDArray[np.int64]) -> NDArray[np.int32]:
        """The symbols of element numbers."""
        if not self.elements:
            return np.full(len(numbers), self.other_element, np.int32)
        known = np.array(self.elements, np.int64)
        places = np.minimum(np.searchsorted(known, numbers), len(known) - 1)
        found = known[places] == numbers
        return np.where(found, self.first_element + places, self.other_element).astype(np.int32)

    def step(self, states: NDArray[np.int32], symbols: NDArray[np.int32]) -> NDArray[np.int32]:
        """The states that steps lead to.

        Args:
            states: n states.
            symbols: n symbols.
        """
        width = self.symbols
        codes = states.astype(np.int64) * width + symbols
        result: NDArray[np.int32] = self._table.ravel()[codes]
        if len(result) and result.min() < 0:
            for code in np.flatnonzero(np.bincount(codes[result < 0])).tolist():
                self._grow(*divmod(code, width))
            result = self._table.ravel()[codes]
        return result

    def winners(self, states: NDArray[np.int32]) -> NDArray[np.int32]:
        """Numbers of the patterns that win where a leaf ends in these states; -1 where none fits."""
        result: NDArray[np.int32] = self._winner[states]
        return result

    def _grow(self, state: int, symbol: int) -> None:
        with self._lock:
            if self._table[state, symbol] >= 0:
                return
            places = self._states[state]
            if symbol != self.root:
                places = self._closed({after for place in places for after in self._after(place, symbol)})
            # The number first: it may replace the table by a longer one.
            number = self._number(places)
            self._table[state, symbol] = number

    def _after(self, place: tuple[int, int], symbol: int) -> list[tuple[int, int]]:
        number, done = place
        steps = self.patterns[number].steps
        if done == len(steps):
            return []
        step = steps[done]
        is_key = symbol <= self.other_key
        if step.kind is StepKind.DESCENT:
            return [place]
        if step.kind is StepKind.WILD_KEY:
            fits = is_key
        elif step.kind is StepKind.WILD_ELEMENT:
            fits = not is_key
        elif step.kind is StepKind.KEY:
            fits = is_key and symbol == self._key_symbols[step.key]
        else:
            fits = not is_key and symbol == self.first_element + self.elements.index(step.element)
        return [(number, done + 1)] if fits else []

    def _closed(self, places: set[tuple[int, int]]) -> frozenset[tuple[int, int]]:
        """With the places behind a `.**` that takes no step."""
        closed = set(places)
        for number, done in places:
            steps = self.patterns[number].steps
            while done < len(steps) and steps[done].kind is StepKind.DESCENT:
                done += 1
                closed.add((number, done))
        return frozenset(closed)

    def _number(self, places: frozenset[tuple[int, int]]) -> int:
        known = self._numbers.get(places)
        if known is not None:
            return known
        number = len(self._states)
        if number == len(self._table):
            # New arrays take the place of the old ones whole: readers in other threads see either.
            self._winner = np.concatenate([self._winner, np.full(number, -1, np.int32)])
            self._table = np.concatenate([self._table, np.full_like(self._table, -1)])
        ended = {pattern for pattern, done in places if done == len(self.patterns[pattern].steps)}
        self._winner[number] = next((pattern for pattern in self._order if pattern in ended), -1)
        self._states.append(places)
        self._numbers[places] = number
        return number
