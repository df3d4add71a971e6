"""A long XML document as pieces that are documents themselves, so that memory hangs on the piece.

A document is cut between two of its tokens: tags, comments, sections. Each piece stands within the elements that are
open where it begins, without their attributes, and closes those that are open where it ends: every leaf has the path
that it has in the whole, and all pieces are well-formed just where the whole is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np
import polars as pl

from testdata_assets.masking.part_pieces import PIECE_BYTES, is_long
from testdata_assets.masking.part_texts import slices
from testdata_assets.masking.text_arrays import offsets_of
from testdata_assets.masking.xml_tokens import PIECE, invalid_xml
from testdata_assets.production import bulky

Mask = Callable[[pl.Series], pl.Series]


def in_slices(documents: pl.Series, mask: Mask) -> pl.Series:
    """Documents masked in runs of bounded size, a long one in pieces.

    Args:
        documents: None empty.
        mask: Gets documents and gives as many, their outermost tags as they were.
    """
    return pl.concat([_in_pieces(run, mask) if is_long(run) else mask(run) for run in slices(documents)])


def _in_pieces(document: pl.Series, mask: Mask) -> pl.Series:
    written = bytearray()
    for before, content, behind in pieces(bulky.views(document)[0] or memoryview(b"")):
        piece = bulky.one_value(b"".join((before, content, behind)))
        masked = bulky.views(mask(piece))[0] or memoryview(b"")
        written += masked[len(before) : len(masked) - len(behind)]
    return bulky.one_value(written)


def pieces(document: memoryview, size: int = PIECE_BYTES) -> Iterator[tuple[bytes, memoryview, bytes]]:
    """The pieces of a document; what they hold is for who reads them to judge.

    Args:
        document: UTF-8.
        size: Bytes looked at together: pieces are about as long, longer where a single token is.

    Yields:
        Tags that open what is open where a piece begins, the piece, and tags that close what is open where it ends.

    Raises:
        RefusedError: It cannot be well-formed.
    """
    begin, wanted = 0, size
    opened: list[str] = []
    while begin + wanted < len(document):
        tokens = _whole_tokens(document[begin : begin + wanted])
        if not len(tokens):
            wanted *= 2
            continue
        end = begin + int(tokens.str.len_bytes().sum())
        still = _open_behind(tokens, opened)
        yield _opening(opened), document[begin:end], _closing(still)
        begin, opened, wanted = end, still, size
    yield _opening(opened), document[begin:], b""


def _whole_tokens(window: memoryview) -> pl.Series:
    """The tokens that a window begins with, but the last, which may go on behind it."""
    text = bytes(window).decode(errors="ignore")  # it may end within a character
    tokens = pl.Series([text]).str.extract_all(PIECE).explode(empty_as_null=False)
    joined = np.frombuffer(tokens.str.join("").item().encode(), np.uint8)
    differs = np.flatnonzero(joined != np.array(window[: len(joined)]))
    gapless = int(differs[0]) if len(differs) else len(joined)
    ends = offsets_of(tokens.str.len_bytes().to_numpy().astype(np.int64))[1:]
    return tokens.head(max(int(np.searchsorted(ends, gapless, side="right")) - 1, 0))


def _open_behind(tokens: pl.Series, opened: Sequence[str]) -> list[str]:
    """The names of the elements that are open behind some tokens."""
    tag = tokens.str.contains(r"\A<[^!?]").to_numpy()
    end = tokens.str.starts_with("</").to_numpy()
    start = tag & ~end & ~tokens.str.ends_with("/>").to_numpy()
    depths = len(opened) + np.cumsum(start.astype(np.int64) - end)
    depth = int(depths[-1])
    lowest = int(depths.min())
    if lowest < 0:
        raise invalid_xml()
    # Of several start tags at one depth only the last can still be open.
    starts = np.flatnonzero(start & (depths <= depth) & (depths > min(lowest, len(opened))))
    last = np.full(depth + 1, -1, np.int64)
    last[depths[starts]] = starts
    kept = list(opened[: min(lowest, depth)])
    names = tokens.gather(pl.Series(last[len(kept) + 1 :])).str.extract(r"\A<([^\s/>]+)", 1)
    return kept + names.to_list()


def _opening(names: Sequence[str]) -> bytes:
    return "".join(f"<{name}>" for name in names).encode()


def _closing(names: Sequence[str]) -> bytes:
    return "".join(f"</{name}>" for name in reversed(names)).encode()
