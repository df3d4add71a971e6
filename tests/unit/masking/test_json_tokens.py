"""The tokeniser against Python's own json module: what is JSON, where leaves lie, what they say."""

from __future__ import annotations

import json

import numpy as np
import polars as pl
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from testdata_assets.errors import RefusedError
from testdata_assets.masking.json_tokens import STRING, Tokens, tokenise

texts = st.text(st.characters(codec="utf-8"), max_size=12)
scalars = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False), texts)
documents = st.recursive(
    scalars,
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(texts, inner, max_size=4)),
    max_leaves=12,
)
spaces = st.sampled_from(["", "", " ", "\n", "\t\r\n  ", "   "])


@st.composite
def written(draw, value=documents):
    """A document in some of the many ways to write it: white space, escapes, repeated keys."""

    def string(text: str) -> str:
        how = draw(st.sampled_from(["plain", "ascii", "odd"]))
        if how != "odd":
            return json.dumps(text, ensure_ascii=how == "ascii")
        units = np.frombuffer(text.encode("utf-16-le"), "<u2")
        return '"' + "".join(f"\\u{unit:04{draw(st.sampled_from('xX'))}}" for unit in units) + '"'

    def write(part) -> str:
        gap = lambda: draw(spaces)  # noqa: E731
        if isinstance(part, dict):
            pairs = [f"{gap()}{string(key)}{gap()}:{gap()}{write(inner)}{gap()}" for key, inner in part.items()]
            if pairs and draw(st.booleans()):
                pairs.append(pairs[0])
            return "{" + (",".join(pairs) or gap()) + "}"
        if isinstance(part, list):
            return "[" + (",".join(f"{gap()}{write(inner)}{gap()}" for inner in part) or gap()) + "]"
        return string(part) if isinstance(part, str) else json.dumps(part)

    return draw(spaces) + write(draw(value)) + draw(spaces)


def leaves_of(text: str) -> list[str]:
    """Every leaf of a document in the order it stands, repeated keys and all; strings decoded, others as written."""
    found: list[str] = []

    def visit(part) -> None:
        if isinstance(part, list):
            for inner in part:
                visit(inner[1] if isinstance(inner, tuple) else inner)
        else:
            found.append(part)

    literal = lambda raw: f"<{raw}>"  # noqa: E731
    # Pairs become tuples inside a list, so that a repeated key keeps both values.
    parsed = json.loads(text, object_pairs_hook=list, parse_int=literal, parse_float=literal)
    visit(parsed)
    return [f"<{json.dumps(leaf)}>" if leaf is None or isinstance(leaf, bool) else leaf for leaf in found]


def found_leaves(tokens: Tokens) -> list[str]:
    leaves = tokens.leaves[np.argsort(tokens.starts[tokens.leaves])]
    strings = tokens.kinds[leaves] == STRING
    decoded = iter(tokens.strings(leaves[strings]))
    raw = iter(tokens.texts(leaves[~strings]))
    return [next(decoded) if is_string else f"<{next(raw)}>" for is_string in strings]


@settings(max_examples=300)
@given(st.lists(written(), min_size=1, max_size=5), st.booleans())
def test_leaves_are_those_that_python_reads(values, trusted):
    tokens = tokenise(pl.Series(values), trusted)
    assert found_leaves(tokens) == [leaf for value in values for leaf in leaves_of(value)]


def is_json(text: str) -> bool:
    def refuse(constant: str) -> None:
        raise ValueError(constant)

    try:
        json.loads(text, parse_constant=refuse)
    except ValueError:
        return False
    return True


@settings(max_examples=1500)
@given(
    st.lists(
        st.sampled_from(
            [
                "{",
                "}",
                "[",
                "]",
                ",",
                ":",
                '"',
                '"a"',
                '"k":',
                "1",
                "-",
                "01",
                "1.",
                "e5",
                "true",
                "nul",
                "null",
                " ",
                "\n",
                "\t",
                "\\",
                '\\"',
                "\\u00",
                "\\u12aF",
                "\x01",
                "\x00",
                "\x7f",
                "ä",
                "\ufeff",
                "\xa0",
                "NaN",
            ]
        ),
        max_size=9,
    ).map("".join)
)
@example("")
@example("{}{}")
@example("[1 2]")
@example('["a" "b"]')
@example('{"a":1,}')
@example('{"a"}')
@example('{"a":1 "b":2}')
@example("{1:2}")
@example('["a":1]')
@example('{"a","b"}')
@example('{"a":"b":"c"}')
@example("[}")
@example("][")
@example('"a":1')
@example("1,2")
@example('[[1],{"a":[}]')
def test_what_is_json_is_decided_as_python_does(text):
    # The neighbours are whole, so that no document can borrow a bracket or a quote from another.
    values = pl.Series(['{"a": [1]}', text, '[{"b": "x"}]'])
    if is_json(text):
        tokenise(values, trusted=False)
    else:
        with pytest.raises(RefusedError) as caught:
            tokenise(values, trusted=False)
        assert caught.value.error_code == "json-invalid"


@settings(max_examples=300)
@given(written(), st.integers(0, 200), st.sampled_from(list('{}[],:"\\ 0x\n')))
def test_one_wrong_character_is_noticed_as_python_does(text, place, char):
    place %= len(text)
    broken = text[:place] + char + text[place + 1 :]
    if is_json(broken):
        tokenise(pl.Series([broken]), trusted=False)
    else:
        with pytest.raises(RefusedError):
            tokenise(pl.Series([broken]), trusted=False)


@pytest.mark.parametrize(
    ("written_as", "reads"),
    [
        (r'"\"\\\/\b\f\n\r\t"', '"\\/\b\f\n\r\t'),
        (r'"\u00e9\u00C9"', "éÉ"),
        (r'"\ud83d\ude00"', "😀"),
        (r'"\ud83d\ud83d\ude00x"', "\ufffd😀x"),
        (r'"\ude00\ud83d"', "\ufffd\ufffd"),
        (r'"\ud83d \ude00"', "\ufffd \ufffd"),
        (r'"\u0000"', "\0"),
        (r'"\\u0041"', r"\u0041"),
        (r'"\\\\\""', '\\\\"'),
        ('"日本"', "日本"),
        ('""', ""),
    ],
)
def test_escapes_are_undone(written_as, reads):
    tokens = tokenise(pl.Series([written_as]), trusted=True)
    assert tokens.strings(tokens.leaves).to_list() == [reads]


def test_surrogates_of_neighbouring_strings_do_not_pair():
    tokens = tokenise(pl.Series([r'["\ud83d","\ude00"]']), trusted=True)
    assert tokens.strings(tokens.leaves).to_list() == ["\ufffd", "\ufffd"]


@pytest.mark.parametrize("depth", [120, 300, 70_000])
def test_deep_nesting(depth):
    text = '{"a":[' * (depth // 2) + '"x"' + "]}" * (depth // 2)
    tokens = tokenise(pl.Series(["[]", text, "1"]), trusted=False)
    assert tokens.strings(tokens.leaves[tokens.kinds[tokens.leaves] == STRING]).to_list() == ["x"]
    with pytest.raises(RefusedError):
        tokenise(pl.Series([text[:-1] + "]"]), trusted=False)


@settings(max_examples=200)
@given(st.lists(written(), min_size=1, max_size=4), st.randoms(use_true_random=False))
def test_replacing_leaves_keeps_every_other_byte(values, random):
    tokens = tokenise(pl.Series(values), trusted=True)
    chosen = np.array([leaf for leaf in tokens.leaves if random.random() < 0.5], np.int64)
    replacements = pl.Series([f'"«{number}»"' for number in range(len(chosen))], dtype=pl.String)
    data = bytearray(tokens.data[: tokens.document_starts[-1]].tobytes())
    for number in sorted(range(len(chosen)), key=lambda number: -tokens.starts[chosen[number]]):
        leaf = chosen[number]
        data[tokens.starts[leaf] : tokens.ends[leaf]] = replacements[number].encode()
    assert tokens.replaced(chosen, replacements).to_list() == bytes(data).decode().split("\0")[1:]
