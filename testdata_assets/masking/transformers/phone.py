"""phone: another number of the same country, area, length and punctuation."""

from __future__ import annotations

from types import ModuleType

import numpy as np
import polars as pl
from numpy.typing import NDArray
from pydantic import Field

from testdata_assets.masking.characters import FIXED, characters
from testdata_assets.masking.kernels.texts import Bytes, Masks, Places
from testdata_assets.masking.permutation import cycle_pairs, default_classes, permute_text
from testdata_assets.masking.text_arrays import TextArray, merge_rows
from testdata_assets.masking.transformers._phone_numbers import PhoneForm, kernel_tables, read_phones
from testdata_assets.masking.transformers.base import NOTHING, Coincidence, Guarantees, MaskContext, Params, Uniqueness
from testdata_assets.masking.transformers.registry import register
from testdata_assets.masking.transformers.text import Draw, TextTransformer

_NUMBER_COLUMNS = ("int8", "numeric")
_SCHEME = "tel:"  # RFC 3966
_LINK = rf"^(?i:{_SCHEME})(?s:.)"
_AT_ONCE = 8192  # numbers that kernels work on: arrays stay in the processor's cache


class PhoneParams(Params):
    """Parameters of `phone`."""

    country_code: str | None = Field(
        None, pattern=r"^[1-9]\d{0,2}$", description="Country of numbers without a leading + or 00."
    )


@register
class Phone(TextTransformer[PhoneParams]):
    """Keeps country code, area or carrier prefix, length, punctuation and the word before an extension.

    The digits after them are permuted by a key, so distinct numbers stay distinct; a North American
    exchange keeps beginning with 2 to 9. The same number with other punctuation masks to the same digits.
    So does it after `tel:`, which stays. What is no phone number (words, fewer than 7 or more than 15 digits) is
    permuted whole.
    """

    name = "phone"
    summary = "Replaces a phone number, keeping country, area, length and punctuation."
    params_model = PhoneParams
    base_types = frozenset({"text", "int8", "numeric"})
    redraws = False
    hashes_values = False
    kernel = "phones"
    guarantees = Guarantees(
        uniqueness=Uniqueness.INJECTIVE,
        coincidence=Coincidence.MAY_COINCIDE,
        preserves_length=True,
        preserves_format=True,
        searchable=True,
    )
    distribution = NOTHING
    tells_case = True

    def draw(self, draw: Draw) -> pl.Series:
        rows = np.flatnonzero(draw.values.str.contains(_LINK).to_numpy())
        if not len(rows):
            return self._permuted(draw, within=False)
        linked = draw.values.gather(pl.Series(rows))
        numbers = Draw(linked.str.slice(len(_SCHEME)), draw.hash, draw.context)
        masked = pl.select(linked.str.slice(0, len(_SCHEME)) + self._permuted(numbers, within=True)).to_series()
        if len(rows) == len(draw.values):
            return masked
        rest = np.delete(np.arange(len(draw.values)), rows)
        others = merge_rows(draw.values, rest, self._permuted(draw.narrowed(rest), within=False))
        return merge_rows(others, rows, masked)

    def _permuted(self, draw: Draw, *, within: bool) -> pl.Series:
        """Masks texts without a scheme, or what follows it (`within`)."""
        country = int(self.params.country_code or 0)
        number_column = draw.context.column.base_type in _NUMBER_COLUMNS
        text = draw.text
        form = read_phones(text, country)
        result = permute_text(text, draw.hash, _classes(text, form, number_column), form.tweak)
        # What is no number may become one, or a link, and meet another's mask: such ones walk on along the cycle.
        rows = np.flatnonzero(~form.is_number)
        masked = result.to_series()
        while len(rows):
            drawn = masked.gather(pl.Series(rows))
            part = TextArray.from_series(drawn)
            form = read_phones(part, country)
            met = form.is_number if within else form.is_number | drawn.str.contains(_LINK).to_numpy()
            walking = np.flatnonzero(met)
            if not len(walking):
                break
            rows, part = rows[walking], part.take(walking)
            whole = _classes(part, None, number_column)
            masked = merge_rows(masked, rows, permute_text(part, draw.hash, whole).to_series())
        return masked

    def by_kernel(self, loaded: ModuleType, data: Bytes, offsets: Places, context: MaskContext) -> Masks | None:
        if context.column.base_type in _NUMBER_COLUMNS:
            return None
        limit = len(data) if context.max_length is None else context.max_length
        prf = context.hash.for_purpose(self.name).prf("feistel")
        count = len(offsets) - 1
        size = min(count, _AT_ONCE)
        words = np.empty((5, size), np.uint64)
        bases, free = np.empty(size, np.int64), np.empty(size, np.int64)
        done = np.empty(count, np.bool_)
        target = np.empty(len(data), np.uint8)
        ends = np.zeros(count + 1, np.int64)
        end = 0
        for first in range(0, count, size):
            last = min(first + size, count)
            block = data, offsets[first : last + 1]
            found = loaded.read(
                *block, limit, int(self.params.country_code or 0), kernel_tables(), done[first:last], words, bases, free
            )
            left, right, *moduli, tweak = words[:, :found]
            if found:
                left, right = cycle_pairs(prf, left, right, (moduli[0], moduli[1]), tweak)
            end = loaded.write(
                *block, done[first:last], left, right, bases, free, target, ends[first + 1 : last + 1], end
            )
        return Masks(target[:end], ends, done)


def _classes(text: TextArray, form: PhoneForm | None, number_column: bool) -> NDArray[np.int16]:
    """What each character may become."""
    special = characters().special
    classes = default_classes(text.codes)
    if number_column:
        digits = np.append(np.flatnonzero((text.codes >= 0x30) & (text.codes <= 0x39)), -1)
        first = digits[np.searchsorted(digits[:-1], text.offsets[:-1])]
        first = first[(first >= 0) & (text.codes[first] != 0x30)]
        classes[first] = special["digit_1_9"]
    if form is not None:
        low = text.codes[form.exchange] <= 0x31
        classes[form.exchange] = np.where(low, special["digit_0_1"], special["digit_2_9"])
        classes[form.kept] = FIXED
    return classes
