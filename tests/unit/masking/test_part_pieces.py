"""Long arrays, hstore and XML in pieces: together they hold what the whole holds, in the same places."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from testdata_assets.errors import RefusedError
from testdata_assets.masking import part_pieces, xml_pieces
from testdata_assets.masking.part_texts import array_element, array_parts, hstore_parts, row_field
from testdata_assets.masking.xml_tokens import tokenise_xml

RUNS = settings(max_examples=100, deadline=None)
sizes = st.sampled_from([2, 3, 5, 8, 13, 34])
letters = st.text(alphabet="aé,;{}\"\\ \n'=>", max_size=6)


def element(value: object) -> str:
    if isinstance(value, list):
        return "{" + ",".join(element(each) for each in value) + "}"
    return str(array_element(pl.Series([value], dtype=pl.String))[0])


rows = st.lists(st.one_of(st.none(), letters), min_size=1, max_size=4)
arrays = st.one_of(rows, st.lists(rows, min_size=1, max_size=5), st.lists(st.lists(rows, min_size=1), min_size=1)).map(
    element
)


@RUNS
@given(arrays, sizes, st.sampled_from(["", "[0:1]=", "[2:3][-1:4]="]))
@example('{"a,b",{', 2, "")
def test_pieces_of_arrays_hold_the_same_elements(array: str, size: int, bounds: str) -> None:
    array = bounds + array
    cuts = list(part_pieces.pieces(memoryview(array.encode()), ord(","), size))
    assert ",".join(bytes(content).decode() for _, content, _ in cuts) == array
    texts = ["{" * before + bytes(content).decode() + "}" * behind for before, content, behind in cuts]
    try:
        whole = array_parts(pl.Series([array])).texts().to_list()
    except RefusedError:
        with pytest.raises(RefusedError):
            array_parts(pl.Series(texts))
        return
    assert array_parts(pl.Series(texts)).texts().to_list() == whole


@RUNS
@given(st.dictionaries(letters, st.one_of(st.none(), letters), min_size=1, max_size=8), sizes)
def test_pieces_of_hstore_hold_the_same_pairs(pairs: dict[str, str | None], size: int) -> None:
    def quoted(text: str | None) -> str:
        return "NULL" if text is None else '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'

    value = ", ".join(f"{quoted(key)}=>{quoted(each)}" for key, each in pairs.items())
    cuts = list(part_pieces.pieces(memoryview(value.encode()), ord(","), size))
    assert all(before == behind == 0 for before, _, behind in cuts)
    texts = [bytes(content).decode() for _, content, _ in cuts]
    assert ",".join(texts) == value
    whole, parts = hstore_parts(pl.Series([value])), hstore_parts(pl.Series(texts))
    assert parts.texts().to_list() == whole.texts().to_list()
    assert parts.key_texts().to_list() == whole.key_texts().to_list()


names = st.sampled_from(["a", "b", "n:c", "é"])
content = st.sampled_from(
    ["text", " ", "x &amp; y", "<!-- <a> - > -->", "<![CDATA[ <b> ]] ]]>", "<?pi <a> ?>", "é > ]", "\n"]
)
attributes = st.sampled_from(["", ' x="1"', " y='<'".replace("<", ">"), ' x="a>b" z=\'"\'', "  "])


def tree(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    filled = st.builds(
        lambda name, given, parts: f"<{name}{given}>{''.join(parts)}</{name}>",
        names,
        attributes,
        st.lists(inner, max_size=5),
    )
    return st.one_of(filled, st.builds(lambda name, given: f"<{name}{given}/>", names, attributes))


documents = st.lists(st.recursive(content, tree, max_leaves=25), min_size=1, max_size=4).map("".join)


def leaves(documents: list[str]) -> list[tuple[str, str, int]]:
    tokens = tokenise_xml(pl.Series(documents))
    order = sorted(range(len(tokens.starts)), key=lambda leaf: int(tokens.starts[leaf]))
    texts = tokens.texts(tokens.starts.argsort(kind="stable")).to_list()
    return [(text, tokens.shown_path(leaf), int(tokens.kinds[leaf])) for text, leaf in zip(texts, order, strict=True)]


@RUNS
@given(documents, sizes, st.sampled_from(["", "</a>", "<b>", "<a></b>", "<!--", "<", "<![CDATA["]))
@example("<a><b>x</b><b>y</b></a>", 5, "")
def test_pieces_of_xml_hold_the_same_leaves(document: str, size: int, fault: str) -> None:
    document = '<?xml version="1.0"?>' + document + fault
    try:
        cuts = list(xml_pieces.pieces(memoryview(document.encode()), size))
        texts = [(before + bytes(inner) + behind).decode() for before, inner, behind in cuts]
        assert "".join(bytes(inner).decode() for _, inner, _ in cuts) == document
        found = leaves([text for text in texts if text])
    except RefusedError:
        with pytest.raises(RefusedError):
            leaves([document])
        return
    assert found == leaves([document])


def test_long_values_mask_in_pieces_as_they_do_whole() -> None:
    def upper(values: pl.Series) -> pl.Series:
        assert values.str.len_bytes().max() < part_pieces.PIECE_BYTES + 100
        return values.str.to_uppercase()

    array = "{" + ",".join(f'"word {number}, and on"' for number in range(300_000)) + "}"
    found = part_pieces.in_slices(pl.Series("v", ["{a}", array, "{b,c}"]), ",", upper)
    assert (found.name, found.to_list()) == ("v", ["{A}", array.upper(), "{B,C}"])
    document = "<A>" + "".join(f"<P N='{number}'>text {number}</P>" for number in range(200_000)) + "</A>"
    assert xml_pieces.in_slices(pl.Series([document, "<B/>"]), upper).to_list() == [document.upper(), "<B/>"]


def test_long_parts_are_quoted_as_short_ones_are() -> None:
    text = 'a "b" \\c\\ é, ' * 400_000
    for value in (text, "é" * 3_000_000):
        long = pl.Series([value, "x y", None, value])
        assert row_field(long).to_list() == pl.concat([row_field(long[:2]), row_field(long[2:])]).to_list()
        expected = '"' + value.replace("\\", "\\\\").replace('"', '""') + '"' if value is text else value
        assert row_field(long)[0] == expected
        assert array_element(long).to_list()[1:3] == ['"x y"', "NULL"]
