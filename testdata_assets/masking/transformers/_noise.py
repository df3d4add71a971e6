"""Binary values in bytea's hexadecimal text form (`\\x00ff`): noise of the same length in their place."""

from __future__ import annotations

import numpy as np
import polars as pl

from testdata_assets.errors import RefusedError
from testdata_assets.masking.characters import FIXED, characters
from testdata_assets.masking.hashing import KeyedHash
from testdata_assets.masking.part_texts import slices
from testdata_assets.masking.permutation import permute_text
from testdata_assets.masking.text_arrays import TextArray, bytes_to_series, merge_rows, offsets_of, ragged_indices

PREFIX = "\\x"
_SHORT = 32  # hexadecimal digits up to which values are permuted
_LONG = 2 << 16  # hexadecimal digits after which noise repeats
_WORD_DIGITS = 8  # of a 32-bit draw


def check_hexadecimal(values: pl.Series) -> None:
    """Refuses what is no bytea in hexadecimal form.

    Raises:
        RefusedError: Some value is not.
    """
    if not values.str.starts_with(PREFIX).all():
        raise RefusedError(
            "A bytea value is not in hexadecimal form",
            where="",
            remedy="Set bytea_output to hex in the source for the reading role.",
            code="bytea-form",
        )


def noise(values: pl.Series, keyed: KeyedHash) -> pl.Series:
    """Other bytes of the same number, never the same ones; no bytes stay none.

    Values of up to 16 bytes are permuted, so that distinct ones stay distinct. Longer ones get a hashed keystream.
    That of values beyond 64 KiB repeats after so many, and they go one after the other: they are few for their size.
    """
    if not len(values):
        return values
    digits = values.str.len_bytes().to_numpy().astype(np.int64) - len(PREFIX)
    result = values
    for least, most, write in ((0, _SHORT, _permuted), (_SHORT, _LONG, _keystreams), (_LONG, None, _repeating)):
        rows = np.flatnonzero((digits > least) if most is None else (digits > least) & (digits <= most))
        if len(rows):
            chosen = values if len(rows) == len(values) else values.gather(pl.Series(rows))
            written = pl.concat([write(part, keyed) for part in slices(chosen)])
            result = merge_rows(result, rows, written)
    return result.rename(values.name)


def _permuted(values: pl.Series, keyed: KeyedHash) -> pl.Series:
    text = TextArray.from_series(values)
    classes = np.full(len(text.codes), np.int16(characters().special["hex"]), np.int16)
    for place in range(len(PREFIX)):
        classes[text.offsets[:-1] + place] = FIXED
    return permute_text(text, keyed.for_purpose("bytes"), classes).to_series()


def _keystreams(values: pl.Series, keyed: KeyedHash) -> pl.Series:
    own = keyed.for_purpose("keystream")
    digits = values.str.len_bytes().to_numpy().astype(np.int64) - len(PREFIX)
    words = -(-digits // _WORD_DIGITS)
    draws = own.prf("stream").stream(own.seeds(values), words)
    written = np.frombuffer(draws.astype("<u4").tobytes().hex().encode(), np.uint8)
    starts = _WORD_DIGITS * offsets_of(words)[:-1]
    cut = bytes_to_series(written[ragged_indices(starts, digits)], offsets_of(digits))
    return pl.select(pl.lit(PREFIX) + cut.rename("v")).to_series()


def _repeating(values: pl.Series, keyed: KeyedHash) -> pl.Series:
    own = keyed.for_purpose("long bytes")
    first, second = own.seeds(values)
    prf = own.prf("stream")
    found = []
    for row, length in enumerate(values.str.len_bytes().to_list()):
        words = prf.stream((first[row : row + 1], second[row : row + 1]), np.array([_LONG // _WORD_DIGITS]))
        tile = words.astype("<u4").tobytes().hex()
        digits = length - len(PREFIX)
        found.append(PREFIX + (tile * (digits // len(tile) + 1))[:digits])
    return pl.Series(values.name, found, dtype=pl.String)
