"""image_blank: pictures (bytea) become white ones of the same format and size; what is no picture becomes noise."""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray

from testdata_assets.masking.text_arrays import merge_rows
from testdata_assets.masking.transformers._images import GIF, JPEG, PNG, blank, jpeg_size
from testdata_assets.masking.transformers._noise import PREFIX, check_hexadecimal, noise
from testdata_assets.masking.transformers.base import (
    NOTHING,
    Coincidence,
    Guarantees,
    MaskContext,
    Params,
    Transformer,
    Uniqueness,
)
from testdata_assets.masking.transformers.registry import register

_MAGIC = {
    PNG: r"\A\\x89504e470d0a1a0a.{8}49484452.{16}",
    JPEG: r"\A\\xffd8ff",
    GIF: r"\A\\x474946383[79]61.{8}",
}
_JPEG_HEADER = 1 << 18  # hexadecimal digits looked at for the size: embedded previews and profiles come first


@register
class ImageBlank(Transformer[Params]):
    """Keeps format and pixel size, as far as a file of some kilobytes can (16 megapixels).

    PNG, JPEG and GIF are told by their first bytes. The size of a JPEG stands behind other segments: those are
    walked through one file after the other. Anything else, WebP and PDF among it, becomes noise of its length.
    """

    name = "image_blank"
    summary = "Replaces PNG, JPEG and GIF images by blank ones of the same size, other bytes by noise."
    guarantees = Guarantees(
        uniqueness=Uniqueness.LOSSY, coincidence=Coincidence.MAY_COINCIDE, preserves_format=True, searchable=True
    )
    distribution = NOTHING
    base_types = frozenset({"bytea"})

    def apply(self, values: pl.Series, context: MaskContext) -> pl.Series:
        check_hexadecimal(values)
        result = values
        left = np.ones(len(values), np.bool_)
        for form, magic in _MAGIC.items():
            rows = np.flatnonzero(values.str.contains(magic).to_numpy())
            if len(rows):
                left[rows] = False
                result = merge_rows(result, rows, _blanks(form, values.gather(pl.Series(rows))))
        others = np.flatnonzero(left)
        if len(others):
            masked = noise(values.gather(pl.Series(others)), context.hash.for_purpose(self.name))
            result = merge_rows(result, others, masked)
        return result.rename(values.name)


def _blanks(form: str, values: pl.Series) -> pl.Series:
    """A blank image for each, made once for each size."""
    sizes, places = np.unique(_sizes(form, values), axis=0, return_inverse=True)
    made = [PREFIX + blank(form, int(width), int(height)).hex() for width, height in sizes]
    return pl.Series(made, dtype=pl.String).gather(pl.Series(places.reshape(-1)))


def _sizes(form: str, values: pl.Series) -> NDArray[np.int64]:
    """(n, 2) widths and heights."""
    if form == JPEG:
        heads = values.str.slice(len(PREFIX), _JPEG_HEADER).str.decode("hex").to_list()
        return np.array([jpeg_size(head) for head in heads], np.int64).reshape(-1, 2)
    start, digits = (16, 8) if form == PNG else (6, 4)
    fields = []
    for place in range(2):
        text = values.str.slice(len(PREFIX) + 2 * start + digits * place, digits)
        if form == GIF:  # its numbers are little-endian
            text = text.str.slice(2) + text.str.slice(0, 2)
        fields.append(text.str.to_integer(base=16, dtype=pl.Int64).to_numpy())
    return np.stack(fields, axis=1)
