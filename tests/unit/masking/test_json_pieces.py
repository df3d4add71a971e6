"""Long documents in pieces: together they say what the whole says, by the same paths, and are JSON where it is."""

from __future__ import annotations

import json

import numpy as np
import polars as pl
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from testdata_assets.errors import RefusedError
from testdata_assets.masking.json_paths import JsonPattern, PathMatcher
from testdata_assets.masking.json_pieces import PIECE_BYTES, is_long, pieces
from testdata_assets.masking.json_tokens import SCALAR, STRING, tokenise
from tests.unit.masking.test_json_tokens import is_json, written

PATHS = ["$.a", "$.a[*]", "$[1].a", "$[0]", "$[2]", "$.a[2].b", "$.**.b", "$[*][1]", "$.**"]
letters = st.sampled_from(["a", "b", "", "é\n", 'q"\\'])
nested = st.recursive(
    st.one_of(st.none(), st.integers(), letters),
    lambda inner: st.one_of(st.lists(inner, max_size=5), st.dictionaries(letters, inner, max_size=4)),
    max_leaves=40,
)
sizes = st.sampled_from([1, 2, 3, 5, 8, 13, 34])


def matcher() -> PathMatcher:
    patterns = [JsonPattern.parse(path) for path in PATHS]
    return PathMatcher(patterns, [pattern.specificity for pattern in patterns])


def decided(document: str, chosen: PathMatcher) -> list[tuple[str, int]]:
    """Leaves but null in the order they stand, each with the path that wins."""
    tokens = tokenise(pl.Series([document]), trusted=False)
    order = np.argsort(tokens.starts[tokens.leaves])
    raw = tokens.texts(tokens.leaves[order]).to_list()
    kinds = tokens.kinds[tokens.leaves][order].tolist()
    winners = tokens.winners(chosen)[order].tolist()
    found = zip(raw, kinds, winners, strict=True)
    return [(text, winner) for text, kind, winner in found if kind == STRING or (kind == SCALAR and text != "null")]


@settings(max_examples=100, deadline=None)
@given(written(nested), sizes)
@example('{"a":[[],{"b":1},{"b":"x"},3],"b":{"a":[1,2]}}', 3)
@example('[{"a\\"]":"\\\\","b":[1,[2,{"a":3}]]},[[4],5],6]', 5)
def test_pieces_say_what_the_whole_says(document: str, size: int):
    chosen = matcher()
    found = list(pieces(pl.Series([document]), chosen.told_elements, size))
    assert b",".join(piece.inner(piece.text) for piece in found).decode() == document
    assert [piece.follows for piece in found] == [number > 0 for number in range(len(found))]
    assert [leaf for piece in found for leaf in decided(piece.text[0], chosen)] == decided(document, chosen)


@settings(max_examples=400, deadline=None)
@given(
    st.lists(
        st.sampled_from(["{", "}", "[", "]", ",", ",", ":", '"', '"a"', '"k":', '"k":[', '{"a":', "1", "\\", "\n"]),
        min_size=1,
        max_size=14,
    ).map("".join),
    st.integers(0, 2),
    sizes,
)
@example("[1,]", 0, 1)
@example("[,1]", 1, 1)
@example('{"a":[1,2}', 0, 3)
@example('{"a":1,"b"}', 0, 3)
def test_pieces_are_json_just_where_the_whole_is(text: str, elements: int, size: int):
    try:
        for piece in pieces(pl.Series([text]), elements, size):
            tokenise(piece.text, trusted=False)
    except RefusedError:
        assert not is_json(text)
    else:
        assert is_json(text)


@pytest.mark.parametrize(
    "document",
    [
        json.dumps({"items": [{"k": number, "t": "word " * 9} for number in range(90_000)]}),
        json.dumps({"before": [1, 2], "text": 'a, b: [c] {d} \\ " ' * 400_000, "after": [3, 4]}),
        "[" * 900 + "1," * 2_000_000 + "2" + "]" * 900,
        json.dumps([[[number]] * 30 for number in range(30_000)]),
    ],
)
def test_no_piece_is_longer_than_it_must_be(document: str):
    series = pl.Series([document])
    assert is_long(series)
    longest = max(len(word) for word in document.split('"'))
    found = list(pieces(series, 0))
    assert len(found) > 1
    assert all(piece.text.str.len_bytes()[0] < 2 * PIECE_BYTES + min(longest, 8_000_000) for piece in found[:-1])
    assert b",".join(piece.inner(piece.text) for piece in found).decode() == document
