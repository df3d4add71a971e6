"""Path patterns: what they mean, which wins, and that the matcher agrees with a plain reading of the rules."""

from __future__ import annotations

import pickle
from functools import cache

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from testdata_assets.masking.json_paths import JsonPattern, PathMatcher, Step, StepKind, shown_key

KEYS, NUMBERS = ["a", "b", "c"], [0, 1, 2]


def matcher(*texts: str) -> PathMatcher:
    patterns = [JsonPattern.parse(text) for text in texts]
    return PathMatcher(patterns, [(pattern.specificity, pattern.text) for pattern in patterns])


def winner(machine: PathMatcher, path: list[str | int]) -> str | None:
    state = np.array([PathMatcher.START], np.int32)
    for step in path or [None]:
        if step is None:
            symbol = machine.root
        elif isinstance(step, str):
            symbol = machine.key_symbol(step)
        else:
            symbol = int(machine.element_symbols(np.array([step]))[0])
        state = machine.step(state, np.array([symbol], np.int32))
    number = int(machine.winners(state)[0])
    return None if number < 0 else machine.patterns[number].text


@pytest.mark.parametrize(
    ("text", "steps"),
    [
        ("$", []),
        ("$.a", [Step(StepKind.KEY, "a")]),
        ("$['a b'][0][*]", [Step(StepKind.KEY, "a b"), Step(StepKind.ELEMENT, element=0), Step(StepKind.WILD_ELEMENT)]),
        ('$["it\'s"].*', [Step(StepKind.KEY, "it's"), Step(StepKind.WILD_KEY)]),
        (r"$['it\'s \\']", [Step(StepKind.KEY, "it's \\")]),
        ('$."a.b"', [Step(StepKind.KEY, "a.b")]),
        ("$['']", [Step(StepKind.KEY, "")]),
        ("$.**.e-mail", [Step(StepKind.DESCENT), Step(StepKind.KEY, "e-mail")]),
        ("$**", [Step(StepKind.DESCENT)]),
        ("$.**.**", [Step(StepKind.DESCENT)]),
        ("$.straße[ 12 ]", [Step(StepKind.KEY, "straße"), Step(StepKind.ELEMENT, element=12)]),
    ],
)
def test_patterns_are_read(text, steps):
    assert list(JsonPattern.parse(text).steps) == steps


@pytest.mark.parametrize(
    "text", ["", "a", ".a", "$a", "$.", "$..a", "$[a]", "$[-1]", "$['a'", "$.a b", "$.a[", "$[01]"]
)
def test_what_is_no_pattern_is_refused(text):
    with pytest.raises(ValueError, match="JSON path"):
        JsonPattern.parse(text)


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        (["user", "email"], "$.user.email"),
        (["user", "fax"], "$.user.*"),
        (["user", "x", "y"], "$.user.**"),
        (["user", "x", "email"], "$.**.email"),
        (["items", 0], "$.items[0]"),
        (["items", 4], "$.items[*]"),
        (["other"], "$.**"),
        ([], "$.**"),
    ],
)
def test_the_most_specific_wins(path, expected):
    texts = ["$.**", "$.user.**", "$.items[*]", "$.user.*", "$.items[0]", "$.**.email", "$.user.email"]
    assert winner(matcher(*texts), path) == expected
    assert winner(matcher(*reversed(texts)), path) == expected


def test_wildcards_keep_objects_and_arrays_apart():
    machine = matcher("$.*", "$.a[*]")
    assert winner(machine, ["x"]) == "$.*"
    assert winner(machine, [0]) is None
    assert winner(machine, ["a", 7]) == "$.a[*]"
    assert winner(machine, ["a", "b"]) is None


def test_a_matcher_survives_pickling():
    machine = matcher("$.**", "$.a", "$.a.b")
    assert winner(pickle.loads(pickle.dumps(machine)), ["a", "b"]) == "$.a.b"  # noqa: S301 - our own


@pytest.mark.parametrize(
    ("key", "shown"),
    [
        ("contact", ".contact"),
        ("first_name", ".first_name"),
        ("line2", ".line2"),
        ("anna@example.com", "[?]"),
        ("Anna Berg", "[?]"),
        ("4111111111111111", "[?]"),
        ("k4111111", "[?]"),
        ("ключ", "[?]"),
        ("", "[?]"),
    ],
)
def test_keys_show_only_where_they_look_like_names(key, shown):
    assert shown_key(key) == shown


def fits(steps: tuple[Step, ...], path: tuple[str | int, ...]) -> bool:
    """The meaning of a pattern, written down as plainly as can be."""

    @cache
    def rest(at: int, done: int) -> bool:
        if at == len(steps):
            return done == len(path)
        step = steps[at]
        if step.kind is StepKind.DESCENT:
            return rest(at + 1, done) or (done < len(path) and rest(at, done + 1))
        if done == len(path):
            return False
        here = path[done]
        one = {
            StepKind.KEY: here == step.key,
            StepKind.ELEMENT: here == step.element and not isinstance(here, str),
            StepKind.WILD_KEY: isinstance(here, str),
            StepKind.WILD_ELEMENT: not isinstance(here, str),
        }[step.kind]
        return one and rest(at + 1, done + 1)

    return rest(0, 0)


pattern_texts = st.lists(
    st.sampled_from([*(f".{key}" for key in KEYS), *(f"[{number}]" for number in NUMBERS), ".*", "[*]", ".**"]),
    max_size=5,
).map(lambda steps: "$" + "".join(steps))
paths = st.lists(st.sampled_from([*KEYS, *NUMBERS, "z", 9]), max_size=6)


@given(
    texts=st.lists(pattern_texts, min_size=1, max_size=6, unique_by=lambda text: JsonPattern.parse(text).steps),
    path=paths,
)
def test_the_matcher_agrees_with_the_meaning(texts, path):
    fitting = [pattern for pattern in map(JsonPattern.parse, texts) if fits(pattern.steps, tuple(path))]
    best = max(fitting, key=lambda pattern: (pattern.specificity, pattern.text), default=None)
    assert winner(matcher(*texts), path) == (best.text if best else None)
