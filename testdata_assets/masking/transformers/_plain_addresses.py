"""The usual e-mail address, masked several at a time: the same masks as `_addresses` draws, at a fraction of the cost.

Usual is an ASCII address of at most 64 characters (letters, digits, and . _ - + before and after its only @) that is
not all capitals. Whatever is not usual goes the general way; which way a value goes makes no difference to its mask.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
import polars as pl
from numpy.typing import NDArray

from testdata_assets.masking.byte_rows import WIDTHS, ByteRows, below, count_bits, first_bit
from testdata_assets.masking.hashing import KeyedHash, Words
from testdata_assets.masking.pools import SCRIPTS, Pools, pools
from testdata_assets.masking.text_arrays import (
    Positions,
    bytes_to_series,
    offsets_of,
    slices_of,
    take_slices,
)
from testdata_assets.masking.transformers._handles import (
    HASH_CHARACTERS,
    LABEL_CHARACTERS,
    RESERVED,
    WORD_CHARACTERS,
    base32_bytes,
)

_ITEM = 48  # bytes of the pieces that outputs are laid from
_TAG = 3


@dataclass(frozen=True)
class PlainAddresses:
    """The usual addresses among n texts.

    Attributes:
        rows: Which texts.
        data: Their bytes and other texts', capitals as they are.
        starts: Where each begins in `data`.
        shape: Their bytes as rows.
        at: Place of the @.
        plus: Place of the first +; beyond the @ where there is no tag.
        separator: Place of the first . _ or - inside what comes before + and @; 64 where there is none.
        leading: Whether the first letter is a capital.
    """

    rows: Positions
    data: NDArray[np.uint8]
    starts: Positions
    shape: ByteRows
    at: Positions
    plus: Positions
    separator: Positions
    leading: NDArray[np.bool_]

    @classmethod
    def read(cls, data: NDArray[np.uint8], offsets: Positions, folds: bool) -> PlainAddresses:
        """Finds them; with capitals only where case counts, since else masks carry more of it."""
        starts, lengths = offsets[:-1], np.diff(offsets)
        shape = ByteRows.of(data, starts, lengths)
        found = shape.bytes
        at = shape.equal("@")
        plus = shape.equal("+")
        dots = shape.where(found == 0x2E)
        marks = dots | shape.where((found == 0x2D) | (found == 0x5F))
        known = shape.letters | shape.digits | marks | at | plus
        place = first_bit(at)
        one = np.uint64(1)
        usual = (known == shape.inside) & (count_bits(at) == 1) & (place > 0) & (place < lengths - 1)
        usual &= lengths <= WIDTHS[-1]
        # Neither part begins or ends with a dot, nor the first with a plus.
        edges = one | (at << one) | (at >> one) | (one << (lengths - 1).clip(0, 63).astype(np.uint64))
        usual &= ((dots & edges) == 0) & ((plus & one) == 0)
        capitals = shape.capitals
        if folds:
            usual &= capitals == 0
        else:
            usual &= (capitals == 0) | (capitals != shape.letters)
        stem = np.minimum(first_bit(plus), place)
        separator = first_bit(marks & ~one & below((stem - 1).clip(0)))
        leading = (capitals & one) == 1
        whole = cls(np.arange(len(starts)), data, starts, shape, place, first_bit(plus), separator, leading)
        return whole.narrowed(usual)

    def narrowed(self, flags: NDArray[np.bool_]) -> PlainAddresses:
        """The flagged ones of them."""
        if flags.all():
            return self
        rows = np.flatnonzero(flags)
        return PlainAddresses(
            self.rows[rows],
            self.data,
            self.starts[rows],
            ByteRows(self.shape.bytes[rows], self.shape.lengths[rows]),
            self.at[rows],
            self.plus[rows],
            self.separator[rows],
            self.leading[rows],
        )

    def outside(self, domains: frozenset[str]) -> PlainAddresses:
        """Those at none of some domains, given in lower case."""
        data, starts, lengths = self.hosts()
        hosts = bytes_to_series(take_slices(data, starts, lengths), offsets_of(lengths))
        return self.narrowed(~hosts.is_in(sorted(domains)).to_numpy())

    def hosts(self) -> tuple[NDArray[np.uint8], Positions, Positions]:
        """Their hosts in lower case: a buffer, starts and lengths."""
        data = self.data
        if (self.shape.capitals != 0).any():
            capital = (data - np.uint8(0x41)) < 26
            data = data | (capital.view(np.uint8) << np.uint8(5))
        return data, self.starts + self.at + 1, self.shape.lengths - self.at - 1

    def draw(self, seeds: tuple[Words, Words], keyed: KeyedHash, mail_domain: str | None) -> pl.Series:
        """The masks of all of them."""
        count = len(self.rows)
        tagged = self.plus < self.at
        items = np.empty((count, 2), f"V{_ITEM}")
        # First piece: word and separator.
        entry, length = self._words(seeds[1])
        items[:, 0] = slices_of(_pool_bytes(), _ITEM)[pools().words.offsets.take(entry)]
        view = items.view(np.uint8).reshape(count, 2, _ITEM)
        capital = np.flatnonzero(self.leading)
        view[capital, 0, 0] -= np.uint8(0x20)
        separated = np.flatnonzero(self.separator < min(64, self.shape.bytes.shape[1]))
        view[separated, 0, length[separated]] = self.shape.bytes[separated, self.separator[separated]]
        first = length.copy()
        first[separated] += 1
        # Second piece: hash, @ and host; where there is a tag, it moves the rest.
        view[:, 1, :HASH_CHARACTERS] = base32_bytes(seeds[0], HASH_CHARACTERS)
        end = self._add_host(view[:, 1], HASH_CHARACTERS, keyed, mail_domain)
        second = np.full(count, end)
        rows = np.flatnonzero(tagged)
        if len(rows):
            size = np.minimum((self.at - self.plus - 1)[rows], _TAG)
            tag = np.full((len(rows), 1 + _TAG), 0x2B, np.uint8)
            tag[:, 1:] = base32_bytes(seeds[1][rows], _TAG)
            for width in range(_TAG + 1):
                some = rows[size == width]
                moved = HASH_CHARACTERS + 1 + width
                view[some, 1, moved : moved + end - HASH_CHARACTERS] = view[some, 1, HASH_CHARACTERS:end]
                view[some, 1, HASH_CHARACTERS:moved] = tag[size == width, : 1 + width]
            second[rows] += 1 + size
        return _laid(items, first, second)

    def _words(self, draws: Words) -> tuple[Positions, Positions]:
        table = pools()
        stem = np.minimum(np.minimum(self.plus, self.at), self.separator)
        wanted = np.clip(stem, 3, WORD_CHARACTERS)
        pool = int(Pools.number("first", np.array([SCRIPTS.index("latin")]))[0])
        entry = table.entries(np.full(1, pool), wanted, draws)
        return entry, np.minimum(table.length.take(entry), WORD_CHARACTERS)

    def _add_host(self, target: NDArray[np.uint8], at: int, keyed: KeyedHash, mail_domain: str | None) -> int:
        """Writes @ and the host at a column; gives the column after them."""
        target[:, at] = 0x40
        if mail_domain is not None:
            end = at + 1 + len(mail_domain)
            target[:, at + 1 : end] = np.frombuffer(mail_domain.encode(), np.uint8)
            return end
        first, second = keyed.for_purpose("host").draws_of(*self.hosts())
        label = at + 1
        dot = label + LABEL_CHARACTERS
        end = dot + 1 + len(RESERVED[0])
        target[:, label:dot] = base32_bytes(first, LABEL_CHARACTERS)
        tops = np.frombuffer("".join(f".{name}" for name in RESERVED).encode(), np.uint8).reshape(len(RESERVED), -1)
        target[:, dot:end] = tops.take((second % np.uint64(len(RESERVED))).view(np.int64), axis=0)
        return end


def room(mail_domain: str | None) -> int:
    """Bytes that the longest mask takes; nothing longer than a piece can be laid."""
    host = LABEL_CHARACTERS + 1 + len(RESERVED[0]) if mail_domain is None else len(mail_domain)
    return WORD_CHARACTERS + 1 + HASH_CHARACTERS + 1 + _TAG + 1 + host


def fits(limit: int | None, mail_domain: str | None) -> bool:
    """Whether all masks fit a column and a piece."""
    longest = room(mail_domain)
    return longest - WORD_CHARACTERS - 1 <= _ITEM and (limit is None or longest <= limit)


@cache
def _pool_bytes() -> NDArray[np.uint8]:
    """The pools' characters as bytes, those beyond ASCII cut: the latin pool has none."""
    return np.concatenate((pools().words.codes.astype(np.uint8), np.zeros(_ITEM, np.uint8)))


def _laid(items: NDArray[np.void], first: Positions, second: Positions) -> pl.Series:
    """Texts from two pieces each."""
    lengths = np.empty((len(items), 2), np.int64)
    lengths[:, 0], lengths[:, 1] = first, second
    ends = offsets_of(lengths.ravel())
    data = np.empty(ends[-1] + _ITEM, np.uint8)
    slices_of(data, _ITEM)[ends[:-1]] = items.ravel()
    return bytes_to_series(data[: ends[-1]], ends[::2])
