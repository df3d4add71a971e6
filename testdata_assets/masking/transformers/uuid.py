"""uuid: another uuid of the same version and variant."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl
from numpy.typing import NDArray
from pydantic import Field

from testdata_assets.masking.text_arrays import TextArray, is_any, merge_rows
from testdata_assets.masking.transformers._forms import Flags, scrambled_outside
from testdata_assets.masking.transformers._hexadecimal import HEX, hex_values, permute_hex, write_hex
from testdata_assets.masking.transformers.base import NOTHING, Coincidence, Guarantees, Params, Uniqueness
from testdata_assets.masking.transformers.registry import register
from testdata_assets.masking.transformers.text import Draw, TextTransformer
from testdata_assets.production.catalog import Column

_BARE = "[0-9a-fA-F]{32}|[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
_FORM = rf"^(?:(?i:urn:uuid:)(?:{_BARE})|\{{(?:{_BARE})\}}|{_BARE})$"
_DIGITS = 32
_VERSION, _VARIANT = 12, 16  # places of these digits
# Digits that hold the time, by version.
_TIME_DIGITS = {1: 16, 6: 16, 7: 12}


class UuidParams(Params):
    """Parameters of `uuid`."""

    keep_time: bool = Field(
        False, description="Keep the creation time of time-ordered uuids (versions 1, 6 and 7), and so their order."
    )


@register
class Uuid(TextTransformer[UuidParams]):
    """Permutes 120 of the 128 bits by a key; the version digit and the variant digit stay.

    Text may be in any case, in braces, after `urn:uuid:` or without hyphens: the same uuid masks to the same
    uuid everywhere, in uuid columns too, and its written form stays (letters in mixed case become small).
    The nil uuid is masked like any other. Versions 1, 6 and 7 keep their version but by default not their
    time, hence not their order; version 1 does not keep its network card either. With `keep_time` the time
    bits stay (version 1: 60 bits, version 6: 60, version 7: 48) and the others change. Other texts are permuted
    within their character classes.

    In text columns a collision needs one uuid twice: in mixed case and in small letters, or in capitals and in small
    letters where its mask has no letters.
    """

    name = "uuid"
    summary = "Replaces a uuid by another of the same version and variant, and of the same written form."
    params_model = UuidParams
    base_types = frozenset({"text", "uuid"})
    alike = base_types
    redraws = False
    hashes_values = False
    guarantees = Guarantees(
        uniqueness=Uniqueness.INJECTIVE,
        coincidence=Coincidence.DISJOINT,
        preserves_length=True,
        preserves_format=True,
    )
    distribution = NOTHING
    tells_case = True

    def guarantees_for(self, column: Column) -> Guarantees:
        """Text may hold other things than uuids, and one uuid in several written forms."""
        if column.base_type == "uuid":
            return self.guarantees
        return replace(
            self.guarantees,
            uniqueness=Uniqueness.HASHED,
            coincidence=Coincidence.MAY_COINCIDE,
            searchable=column.max_length is None or column.max_length >= _DIGITS,
        )

    def draw(self, draw: Draw) -> pl.Series:
        text = draw.text
        good = _matches(text)
        rows, others = np.flatnonzero(good), np.flatnonzero(~good)
        masked = self._permuted(text.take(rows), draw)
        if not len(others):
            return masked
        return merge_rows(merge_rows(draw.values, rows, masked), others, scrambled_outside(draw, others, _matches))

    def _permuted(self, text: TextArray, draw: Draw) -> pl.Series:
        where = np.flatnonzero(is_any(text.codes, HEX))  # with urn:uuid: the last 32 count
        places = where[np.searchsorted(where, text.offsets[1:])[:, None] - _DIGITS + np.arange(_DIGITS)]
        codes = text.codes.copy()
        values = hex_values(codes[places])
        free = np.ones(places.shape, np.bool_)
        free[:, [_VERSION, _VARIANT]] = False
        tweak = values[:, _VERSION] * 16 + values[:, _VARIANT]
        if self.params.keep_time:
            time = _time_digits(values)
            free &= np.arange(_DIGITS) >= time[:, None]
            for place in range(16):  # of 64 bits the low 56 count: enough to tell most times apart
                tweak = np.where((place < time) & (place != _VERSION), (tweak << 4) ^ values[:, place], tweak)
        tweaks = tweak.astype(np.uint64) & np.uint64((1 << 56) - 1)
        write_hex(codes, places, permute_hex(codes, places, free, tweaks, draw.hash))
        return TextArray(codes, text.offsets).to_series()


def _time_digits(values: NDArray[np.int64]) -> NDArray[np.int64]:
    """How many leading digits hold the time of uuids of the usual variant."""
    usual = (values[:, _VARIANT] >= 8) & (values[:, _VARIANT] <= 11)
    time = np.zeros(16, np.int64)
    time[list(_TIME_DIGITS)] = list(_TIME_DIGITS.values())
    counted: NDArray[np.int64] = np.where(usual, time[values[:, _VERSION]], 0)
    return counted


def _matches(text: TextArray) -> Flags:
    flags: Flags = text.to_series().str.contains(_FORM).to_numpy()
    return flags
