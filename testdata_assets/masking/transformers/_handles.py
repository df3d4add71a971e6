"""What e-mail addresses, user names and host names share: short hashes, words before them, capitals."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
import polars as pl
from numpy.typing import NDArray

from testdata_assets.masking.characters import LETTER, characters
from testdata_assets.masking.hashing import KeyedHash, Words
from testdata_assets.masking.pools import SCRIPTS, Pools, pools
from testdata_assets.masking.text_arrays import Pieces, Positions, TextArray, offsets_of, take_slices
from testdata_assets.masking.transformers.text import Draw, fold

BASE32 = np.frombuffer(b"abcdefghijklmnopqrstuvwxyz234567", np.uint8).astype(np.int32)
HASH_CHARACTERS = 12  # of 5 bits: 60
LABEL_CHARACTERS = 8
RESERVED = ("example.com", "example.org", "example.net")  # RFC 2606
WORD_CHARACTERS = 6


@cache
def _pairs() -> NDArray[np.uint8]:
    """(1024, 2): two characters for each ten bits, the lower five first."""
    numbers = np.arange(1024)
    return np.stack((BASE32[numbers & 31], BASE32[numbers >> 5]), axis=1).astype(np.uint8)


def base32_bytes(words: Words, length: int) -> NDArray[np.uint8]:
    """Each 60-bit word as up to 12 characters: (n, length)."""
    shifts = np.uint64(10) * np.arange((length + 1) // 2, dtype=np.uint64)
    places = ((words[:, None] >> shifts) & np.uint64(1023)).view(np.int64)
    found: NDArray[np.uint8] = _pairs().view(np.uint16).ravel().take(places).view(np.uint8)
    return found[:, :length]


def base32(words: Words, length: int) -> TextArray:
    """Each 60-bit word as up to 12 characters."""
    codes = base32_bytes(words, length).astype(np.int32)
    return TextArray(codes.reshape(-1), np.arange(len(words) + 1, dtype=np.int64) * length)


@dataclass(frozen=True)
class Hosts:
    """Masked hosts of n texts.

    Attributes:
        names: One for each text.
        number: For each text a random number that tells its host.
    """

    names: TextArray
    number: Words


def reserved_hosts(hosts: pl.Series, keyed: KeyedHash) -> Hosts:
    """Maps host names, whatever their case, to subdomains of reserved domains."""
    first, second = keyed.for_purpose("host").draws(fold(hosts))
    labels = base32(first, LABEL_CHARACTERS)
    pieces = Pieces(len(hosts))
    pieces.add_text(labels)
    tops = TextArray.from_strings([f".{name}" for name in RESERVED])
    pieces.add_text(tops, (second % np.uint64(len(RESERVED))).astype(np.int64))
    return Hosts(pieces.join()[0], second)


@dataclass(frozen=True)
class Stem:
    """What a user name or the part of an address before + and @ begins with.

    Attributes:
        entry: Place in the pools' words of a word in the stem's script.
        length: Characters to take of it.
        separator: Position of the first . _ or - inside the stem, where there is one.
        separated: Whether there is.
        capital: Whether the stem begins with a capital.
    """

    entry: Positions
    length: Positions
    separator: Positions
    separated: NDArray[np.bool_]
    capital: NDArray[np.bool_]

    def words(self, present: bool) -> TextArray:
        """The chosen words, cut to length; empty if none are to be present."""
        known = pools().words
        length = self.length * present
        return TextArray(take_slices(known.codes, known.offsets[self.entry], length), offsets_of(length))


def read_stems(text: TextArray, starts: Positions, ends: Positions, draws: Words) -> Stem:
    """Chooses a word for each stem [start, end) of `text.codes`; stems have a character at least."""
    codes = text.codes
    table = characters()
    mark = np.append(np.flatnonzero((codes == 0x2E) | (codes == 0x5F) | (codes == 0x2D)), len(codes))
    separator = mark[np.searchsorted(mark, starts + 1)]
    separated = separator < ends - 1
    first = codes[starts]
    script = np.where(table.kind[first] == LETTER, pools().script_of[table.script[first]], 0)
    script = np.where((script < 0) | (script >= len(SCRIPTS)), 0, script)
    foreign = np.flatnonzero(codes >= 0x80)
    has_foreign = np.searchsorted(foreign, ends) > np.searchsorted(foreign, starts)
    accented = (script == SCRIPTS.index("latin")) & has_foreign
    script = np.where(accented, SCRIPTS.index("accented"), script)
    wanted = np.clip(np.where(separated, separator, ends) - starts, 3, WORD_CHARACTERS)
    pool = Pools.number("first", script)
    entry = (pools().first[pool, wanted] + draws % pools().count[pool, wanted]).astype(np.int64)
    return Stem(
        entry=entry,
        length=np.minimum(pools().length[entry], WORD_CHARACTERS),
        separator=np.where(separated, separator, 0),
        separated=separated,
        capital=table.lower[first] != first,
    )


def capitals(draw: Draw, masked: TextArray, hashed: tuple[Positions, Positions], word: Positions, stem: Stem) -> None:
    """Writes the input's case onto masked handles: all capitals, or a leading one.

    Where case does not count, addresses that differ only in case mask to ones that differ only in case; to
    keep them apart in columns where it does, mixed-case ones get capitals in their hash drawn from the exact
    value.

    Args:
        draw: The inputs.
        masked: Masked texts in lower case; changed in place.
        hashed: Where each text's hash begins and ends in `masked.codes`.
        word: Where each text's word begins.
        stem: What the stems look like.
    """
    table = characters()
    text = draw.text
    is_capital = table.lower.take(text.codes) != text.codes
    if not is_capital.any():
        return
    has_capital = text.count(is_capital) > 0
    has_small = text.count(table.upper.take(text.codes) != text.codes) > 0
    all_capitals = np.repeat(has_capital & ~has_small, masked.lengths)
    masked.codes[all_capitals] = table.upper[masked.codes[all_capitals]]
    mixed = has_capital & has_small
    leading = word[mixed & stem.capital]
    masked.codes[leading] = table.upper[masked.codes[leading]]
    rows = np.flatnonzero(mixed)
    if draw.context.fold_case and len(rows):
        exact = draw.hash.for_purpose("case").draws(draw.values.gather(pl.Series(rows)))[0]
        width = int((hashed[1] - hashed[0])[rows].max(initial=0))
        place = np.arange(width)
        chosen = ((exact[:, None] >> place.astype(np.uint64)) & np.uint64(1)) == 1
        chosen &= place < (hashed[1] - hashed[0])[rows][:, None]
        where = (hashed[0][rows][:, None] + place)[chosen]
        masked.codes[where] = table.upper[masked.codes[where]]
