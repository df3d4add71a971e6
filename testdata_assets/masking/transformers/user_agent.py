"""user_agent: another program's announcement of the same family, platform and age."""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray

from testdata_assets.masking.text_arrays import Pieces, TextArray, merge_rows
from testdata_assets.masking.transformers._user_agents import FAMILIES, PLATFORMS, pool
from testdata_assets.masking.transformers.base import NOTHING, Coincidence, Guarantees, Params, Uniqueness
from testdata_assets.masking.transformers.registry import register
from testdata_assets.masking.transformers.text import Draw, TextTransformer, scrambled

_BAND = 10  # major versions that are drawn from together: 120 to 129
_HIGHEST = 9999


@register
class UserAgent(TextTransformer[Params]):
    """Draws a replacement from a fixed pool by family, platform and a band of ten major versions.

    Families are the usual browsers (Chrome, Edge, Firefox, Internet Explorer, Opera, Safari, Samsung), crawlers
    (Googlebot, Bingbot, Yandex, link previews, others) and programs (curl, Python, okhttp, ...): bots stay bots. The
    major version is of the same band and never above the input's; below 10 it stays. Builds, devices and apps are the
    pool's, so nothing that singles out a visitor stays. Texts of no known family are permuted within their character
    classes.
    """

    name = "user_agent"
    summary = "Replaces a browser's or bot's user agent by a common one of the same family, platform and age."
    guarantees = Guarantees(uniqueness=Uniqueness.LOSSY, coincidence=Coincidence.MAY_COINCIDE, preserves_format=True)
    distribution = NOTHING

    def draw(self, draw: Draw) -> pl.Series:
        family, platform, major = _read(draw.values.str.to_lowercase())
        rows = np.flatnonzero(family >= 0)
        unknown = np.flatnonzero(family < 0)
        family, platform, major = family[rows], platform[rows], major[rows]
        texts = pool()
        first, second = draw.seeds[0][rows], draw.seeds[1][rows]
        count = texts.count[family, platform].astype(np.uint64)
        place = texts.first[family, platform] + (first % count).astype(np.int64)
        band = major - major % _BAND
        version = band + (second % (major - band + 1).astype(np.uint64)).astype(np.int64)
        # Programs other than browsers live long on one of the first versions.
        version = np.where(major < _BAND, major, version)
        distinct, number = np.unique(version, return_inverse=True)
        numbers = TextArray.from_strings([str(each) for each in distinct])
        pieces = Pieces(len(rows))
        for part, text in enumerate(texts.texts):
            if part:
                used = texts.marks[place] >= part
                pieces.add(numbers.codes, numbers.offsets[number], np.where(used, numbers.lengths[number], 0))
            pieces.add_text(text, place)
        masked = pieces.join()[0].to_series()
        if not len(unknown):
            return masked
        return merge_rows(merge_rows(draw.values, rows, masked), unknown, scrambled(draw, unknown))


def _read(lower: pl.Series) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Family (-1 where unknown), platform and major version of lower-case texts."""
    size = len(lower)
    family, major = np.full(size, -1, np.int64), np.zeros(size, np.int64)
    platform = np.full(size, len(PLATFORMS) - 1, np.int64)
    left = np.arange(size)
    for number, each in enumerate(FAMILIES):
        part = lower.gather(pl.Series(left))
        found = part.str.contains(each.pattern).to_numpy()
        rows = left[found]
        family[rows] = number
        versions = part.filter(pl.Series(found)).str.extract(each.pattern, 1)
        major[rows] = versions.cast(pl.Int64, strict=False).fill_null(1).clip(0, _HIGHEST).to_numpy()
        left = left[~found]
    left = np.flatnonzero(family >= 0)
    for number, pattern in enumerate(PLATFORMS.values()):
        found = lower.gather(pl.Series(left)).str.contains(pattern).to_numpy() if pattern else np.ones(len(left), bool)
        platform[left[found]] = number
        left = left[~found]
    return family, platform, major
