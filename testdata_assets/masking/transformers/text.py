"""What text transformers share: padding, blank values, length limits, blocks, never the input itself.

A subclass says how sensitive values are redrawn; everything here is the frame around that, so that no
transformer can forget it.
"""

from __future__ import annotations

import itertools
from abc import abstractmethod
from dataclasses import replace
from functools import cached_property
from types import ModuleType
from typing import ClassVar

import numpy as np
import polars as pl
from numpy.typing import NDArray

from testdata_assets.masking import kernels
from testdata_assets.masking.characters import FIXED, characters
from testdata_assets.masking.hashing import KeyedHash, Words
from testdata_assets.masking.kernels.texts import Bytes, Masks, Places
from testdata_assets.masking.permutation import default_classes, permute_text
from testdata_assets.masking.text_arrays import (
    Positions,
    TextArray,
    bytes_to_series,
    merge_rows,
    running,
    slices_of,
    string_bytes,
)
from testdata_assets.masking.transformers.base import (
    Coincidence,
    Guarantees,
    MaskContext,
    P,
    Transformer,
    Uniqueness,
)
from testdata_assets.production import bulky
from testdata_assets.production.catalog import Column

BLOCK = 4096  # values a step works on: arrays stay in the processor's cache
_REDRAWS = 8
_NUMBER_TYPES = frozenset({"int2", "int4", "int8", "numeric", "float4", "float8"})
# A transformer may take sixty times the size of what it works on at once.
_LONG_BYTES = 2 << 20
_PIECE_CHARACTERS = 1 << 18
_BATCH_BYTES = 2 << 20
_BULKY_BYTES = 1024
_SHOWN = np.array([(1 << 8 * size) - 1 for size in range(9)], np.uint64)  # the first bytes of a little-endian word
_ROOMY = 12  # in columns that admit fewer characters, even hashed outputs meet real values


def fold(values: pl.Series) -> pl.Series:
    """The canonical form of values whose case does not count: lower case, character by character.

    Unlike Unicode's full lower-casing it keeps the number of characters and knows one small sigma, so that
    it does not depend on a letter's neighbours.
    """
    if values.str.contains_any(["İ", "Σ", "ς"]).any():
        values = values.str.replace_many(["İ", "Σ", "ς"], ["i", "σ", "σ"])
    return values.str.to_lowercase()


class Draw:
    """One draw of replacements for a block of sensitive values.

    Attributes:
        values: n values, none blank, trailing padding removed.
        hash: Keyed hash of this draw; a redraw has another.
        context: Column and canonical form. Its `hash` does not change between redraws.
    """

    def __init__(
        self,
        values: pl.Series,
        keyed: KeyedHash,
        context: MaskContext,
        canonical: pl.Series | None = None,
        seeds: tuple[Words, Words] | None = None,
        data: tuple[NDArray[np.uint8], Positions] | None = None,
    ) -> None:
        self.values, self.hash, self.context = values, keyed, context
        self._canonical, self._seeds, self._bytes = canonical, seeds, data

    @cached_property
    def text(self) -> TextArray:
        """The values as codepoints; where case does not count, letters that fold alike differ in case at most."""
        text = TextArray.from_bytes(*self.bytes)
        if not self.context.fold_case or not len(text.wide):
            return text
        codes = text.codes.copy()
        codes[text.wide] = characters().plain.take(codes[text.wide])
        return text.with_codes(codes)

    @property
    def bytes(self) -> tuple[NDArray[np.uint8], Positions]:
        """The values' UTF-8 bytes end to end, and n + 1 offsets."""
        if self._bytes is None:
            self._bytes = string_bytes(self.values)
        return self._bytes

    @property
    def canonical(self) -> pl.Series:
        """The values as far as masks depend on them."""
        if self._canonical is None:
            self._canonical = fold(self.values) if self.context.fold_case else self.values
        return self._canonical

    @property
    def seeds(self) -> tuple[Words, Words]:
        """Two random words per value."""
        if self._seeds is None:
            self._seeds = self.seeds_of(self.hash)
        return self._seeds

    def seeds_of(self, keyed: KeyedHash) -> tuple[Words, Words]:
        """Two random words per value under another hash."""
        if keyed == self.hash and self._seeds is not None:
            return self._seeds
        if self.context.fold_case:
            return keyed.draws(self.canonical)
        data, offsets = self.bytes
        return keyed.draws_of(data, offsets[:-1], np.diff(offsets))

    @property
    def limit(self) -> int | None:
        return self.context.max_length

    def block(self, start: int, size: int) -> Draw:
        """The same draw for some values from `start` on."""
        canonical, seeds = self._canonical, self._seeds
        return Draw(
            self.values.slice(start, size),
            self.hash,
            self.context,
            None if canonical is None else canonical.slice(start, size),
            None if seeds is None else (seeds[0][start : start + size], seeds[1][start : start + size]),
            self._bytes_of(start, size),
        )

    def _bytes_of(self, start: int, size: int) -> tuple[NDArray[np.uint8], Positions]:
        data, offsets = self.bytes
        edges = offsets[start : start + size + 1]
        return data[edges[0] : edges[-1]], edges - edges[0]

    def narrowed(self, rows: NDArray[np.int64]) -> Draw:
        """The same draw for some of its values."""
        seeds = self._seeds
        return Draw(
            self.values.gather(pl.Series(rows)),
            self.hash,
            self.context,
            seeds=None if seeds is None else (seeds[0][rows], seeds[1][rows]),
        )


class TextTransformer(Transformer[P]):
    """A transformer of text: implement `draw`."""

    base_types = frozenset({"text"})
    # False for permutations without a fixed point: drawing again would make them collide.
    redraws: ClassVar[bool] = True
    # Whether draws use `Draw.seeds`; then all values are hashed at once.
    hashes_values: ClassVar[bool] = True
    # Values drawn at a time.
    at_once: ClassVar[int] = BLOCK
    # Whether a very long value may be masked piece by piece.
    by_pieces: ClassVar[bool] = True
    # Module of kernels that mask the usual values (see `by_kernel`); None where there is none.
    kernel: ClassVar[str | None] = None

    @abstractmethod
    def draw(self, draw: Draw) -> pl.Series:
        """Replacements for sensitive values, in order; at most `draw.limit` characters where it can."""

    def by_kernel(self, loaded: ModuleType, data: Bytes, offsets: Places, context: MaskContext) -> Masks | None:
        """Masks the usual ones among n values by compiled code, exactly as `apply` would without it.

        It must leave out (`Masks.done`) whatever it does not understand: beyond ASCII, blank, of another shape, with
        capitals where `context.fold_case` holds, and values whose first draw is too long for the column or equals
        the value but for case. Never asked for bpchar columns.

        Args:
            loaded: The module of `kernel`.
            data, offsets: UTF-8 bytes of the values end to end, and n + 1 offsets.
            context: As for `apply`.

        Returns:
            None where it can do nothing for this column.
        """
        return None

    def guarantees_for(self, column: Column) -> Guarantees:
        """In very narrow columns no output is sure to be nobody's, and numbers may meet."""
        if column.base_type in _NUMBER_TYPES and self.guarantees.uniqueness is Uniqueness.INJECTIVE:
            # Texts stay distinct; numbers may not: 3 and -3 could become 0 and -0.
            return replace(self.guarantees, uniqueness=Uniqueness.LOSSY)
        narrow = column.max_length is not None and column.max_length < _ROOMY
        if narrow and self.guarantees.coincidence is Coincidence.DISJOINT:
            return replace(self.guarantees, coincidence=Coincidence.MAY_COINCIDE, searchable=True)
        return self.guarantees

    def apply(self, values: pl.Series, context: MaskContext) -> pl.Series:
        if not len(values):
            return values
        long = bulky.is_bulky(values, _LONG_BYTES)
        loaded = None if self.kernel is None or long else kernels.load(self.kernel, len(values))
        if loaded is None or context.column.base_type == "bpchar":
            return self._apply_general(values, context)  # what kernels leave undone would be in memory twice
        found = self.by_kernel(loaded, *string_bytes(values), context)
        if found is None:
            return self._apply_general(values, context)
        masked = bytes_to_series(found.data, found.offsets, values.name)
        rest = np.flatnonzero(~found.done)
        if not len(rest):
            return masked
        return merge_rows(masked, rest, self._apply_general(values.gather(pl.Series(rest)), context))

    def _apply_general(self, values: pl.Series, context: MaskContext) -> pl.Series:
        sizes = bulky.lengths(values)
        if self.by_pieces and sizes.max() > _LONG_BYTES:
            return self._apply_long(values, sizes, context)
        if sizes.sum() > _BATCH_BYTES and sizes.mean() > _BULKY_BYTES:
            ends = np.flatnonzero(np.diff(np.cumsum(sizes) // _BATCH_BYTES)) + 1
            edges = [0, *ends.tolist(), len(values)]
            parts = [self._apply(values.slice(a, b - a), context) for a, b in itertools.pairwise(edges)]
            return pl.concat(parts).rename(values.name)
        return self._apply(values, context)

    def _apply_long(self, values: pl.Series, sizes: NDArray[np.int64], context: MaskContext) -> pl.Series:
        """Masks values of many megabytes piece by piece, so that memory hangs on the piece; there are few of them."""
        column = replace(context.column, base_type="text", max_length=None)
        inner = replace(context, column=column)
        masked: list[pl.Series] = []
        for place in np.flatnonzero(sizes > _LONG_BYTES).tolist():
            text: str = values[place]
            pieces = [
                "".join(self._apply(pl.Series([text[start : start + _PIECE_CHARACTERS]]), inner))
                for start in range(0, len(text), _PIECE_CHARACTERS)
            ]
            del text
            joined = "".join(pieces)
            del pieces
            masked.append(_fit(pl.Series(values.name, [joined]), context))
            del joined
        if len(masked) == len(values) == 1:
            return masked[0]
        short = self._apply_general(values.filter(pl.Series(sizes <= _LONG_BYTES)), context)
        where = np.argsort(np.concatenate((np.flatnonzero(sizes <= _LONG_BYTES), np.flatnonzero(sizes > _LONG_BYTES))))
        return pl.concat([short, *masked]).gather(pl.Series(where)).rename(values.name)

    def _apply(self, values: pl.Series, context: MaskContext) -> pl.Series:
        padded = context.column.base_type == "bpchar"
        bare = values.str.strip_chars_end(" ") if padded else values
        blank = _blank(bare)
        if context.column.base_type in _NUMBER_TYPES and not self.redraws:
            # A permutation of letters would leave no number.
            blank = blank | bare.is_in(["NaN", "Infinity", "-Infinity"]).to_numpy()
        if blank.all():
            return values
        rows = np.flatnonzero(~blank)
        chosen = bare if len(rows) == len(bare) else bare.filter(pl.Series(~blank))
        return merge_rows(bare, rows, self._draw_other(chosen, context)).rename(values.name)

    def _draw_other(self, values: pl.Series, context: MaskContext) -> pl.Series:
        keyed = context.hash.for_purpose(self.name)
        draw = Draw(values, keyed, context)
        result = self._draw_blocks(draw)
        if not self.redraws:
            return result
        for attempt in range(1, _REDRAWS):
            rows = same_ignoring_case(result, values, draw.bytes)
            if not len(rows):
                return result
            again = Draw(values.gather(pl.Series(rows)), keyed.for_purpose(f"again-{attempt}"), context)
            result = merge_rows(result, rows, self._draw_blocks(again))
        rows = same_ignoring_case(result, values)
        if len(rows):
            # Too few values to choose from: a permutation of the characters has no fixed point.
            stuck = TextArray.from_series(values.gather(pl.Series(rows)))
            last = permute_text(stuck, keyed.for_purpose("last resort")).to_series()
            result = merge_rows(result, rows, _fit(last, context))
        return result

    def _draw_blocks(self, draw: Draw) -> pl.Series:
        if self.hashes_values:
            _ = draw.seeds
        blocks = [self.draw(draw.block(start, self.at_once)) for start in range(0, len(draw.values), self.at_once)]
        return _fit(blocks[0] if len(blocks) == 1 else pl.concat(blocks), draw.context)


def _blank(values: pl.Series) -> NDArray[np.bool_]:
    if bulky.is_bulky(values):
        views = (view or memoryview(b"") for view in bulky.views(values))
        return np.array([not any(bytes(piece).decode().strip() for piece in bulky.pieces(view)) for view in views])
    return (values.str.strip_chars() == "").to_numpy()


def _fit(values: pl.Series, context: MaskContext) -> pl.Series:
    """Cuts what the column would not admit, and blanks a cut would leave at the end."""
    limit = context.max_length
    if limit is None:
        return values
    long = np.flatnonzero((values.str.len_chars() > limit).to_numpy())
    if not len(long):
        return values
    cut = values.gather(pl.Series(long)).str.slice(0, limit)
    bare = cut.str.strip_chars_end()
    return merge_rows(values, long, pl.select(pl.when(bare == "").then(cut).otherwise(bare)).to_series())


def same_ignoring_case(
    left: pl.Series, right: pl.Series, right_bytes: tuple[NDArray[np.uint8], Positions] | None = None
) -> NDArray[np.int64]:
    """The rows where two series agree but for case; the bytes of the right one may be given."""
    near = np.flatnonzero((left.str.len_bytes() == right.str.len_bytes()).to_numpy())
    if not len(near):
        return near
    begins = _first_bytes(*string_bytes(left), near), _first_bytes(*(right_bytes or string_bytes(right)), near)
    near = near[_may_agree(*begins, left.str.len_bytes().to_numpy()[near])]
    if not len(near):
        return near
    where = pl.Series(near)
    same = left.gather(where).str.to_lowercase() == right.gather(where).str.to_lowercase()
    rows: NDArray[np.int64] = near[same.to_numpy()]
    return rows


def _first_bytes(data: NDArray[np.uint8], offsets: Positions, rows: NDArray[np.int64]) -> Words:
    """The first eight bytes of some values as a word; what follows a shorter value is in it too."""
    if len(data) < 8 or offsets[rows[-1]] > len(data) - 8:
        data = np.concatenate((data, np.zeros(8, np.uint8)))
    words: Words = slices_of(data, 8)[offsets[rows]].view("<u8")
    return words


def _may_agree(left: Words, right: Words, lengths: NDArray[np.uint32]) -> NDArray[np.bool_]:
    """Whether two beginnings agree but for ASCII case, or hold more than ASCII."""
    shown = _SHOWN[np.minimum(lengths, 8)]
    apart = (left ^ right) & shown & np.uint64(0xDFDFDFDFDFDFDFDF)
    beyond = (left | right) & shown & np.uint64(0x8080808080808080)
    agree: NDArray[np.bool_] = (apart == 0) | (beyond != 0)
    return agree


def has_letter_or_digit(text: TextArray) -> NDArray[np.bool_]:
    """Texts that hold anything a permutation could change."""
    return text.count(characters().klass.take(text.codes) >= 0) > 0


def scrambled(draw: Draw, rows: NDArray[np.int64] | None = None) -> pl.Series:
    """The values (or some rows of them) permuted within their character classes: for what fits no form.

    In a numeric column a number stays a number of as many digits: its first digit other than zero stays so,
    and its exponent stays.
    """
    part = draw if rows is None else draw.narrowed(rows)
    keyed = part.context.hash.for_purpose("scramble")
    if part.context.column.base_type == "numeric":
        return permute_text(part.text, keyed, _number_classes(part.text)).to_series()
    return permute_text(part.text, keyed).to_series()


def _number_classes(text: TextArray) -> NDArray[np.int16]:
    codes = text.codes
    digit = (codes >= 0x30) & (codes <= 0x39)
    classes = np.where(digit, default_classes(codes), np.int16(FIXED))
    exponent = running((codes == 0x45) | (codes == 0x65))
    classes[exponent[:-1] > np.repeat(exponent[text.offsets[:-1]], text.lengths)] = FIXED
    first = text.first(digit)[text.count(digit) > 1]
    classes[first] = np.where(codes[first] == 0x30, FIXED, characters().special["digit_1_9"])
    return classes
