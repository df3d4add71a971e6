"""bic: another bank identifier code of the same country."""

from __future__ import annotations

import numpy as np
import polars as pl

from testdata_assets.masking.characters import FIXED, characters
from testdata_assets.masking.permutation import default_classes, permute_text
from testdata_assets.masking.text_arrays import Codes, TextArray, merge_rows, ragged_indices
from testdata_assets.masking.transformers._forms import Flags, scrambled_outside
from testdata_assets.masking.transformers.base import NOTHING, Coincidence, Guarantees, Params, Uniqueness
from testdata_assets.masking.transformers.registry import register
from testdata_assets.masking.transformers.text import Draw, TextTransformer

_FORM = "^[A-Za-z]{6}[A-Za-z0-9]{2}(?:[A-Za-z0-9]{3})?$"
_SHORT, _LONG = 8, 11
# ISO 3166 alpha-2 codes, and Kosovo's XK.
_COUNTRIES = (
    "AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BV BW BY BZ "
    "CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK FM FO "
    "FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE "
    "JM JO JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO "
    "MP MQ MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW "
    "PY QA RE RO RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM "
    "TN TO TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS XK YE YT ZA ZM ZW"
)
_KNOWN = np.array([ord(code[0]) * 128 + ord(code[1]) for code in _COUNTRIES.split()])


@register
class Bic(TextTransformer[Params]):
    """Permutes bank, place and branch of a BIC (ISO 9362); country, length and letter case stay.

    Eight characters and the same eight with XXX for the head office mask alike; XXX stays, and so does a last
    place character of 0 or 1 (test and passive participants). Letters stay letters and digits digits. Distinct
    codes stay distinct. What has not the form, or no country in its place, is permuted within its character
    classes and does not come to have it.
    """

    name = "bic"
    summary = "Replaces a BIC (SWIFT code) by another of the same country and length."
    redraws = False
    hashes_values = False
    guarantees = Guarantees(
        uniqueness=Uniqueness.INJECTIVE,
        coincidence=Coincidence.MAY_COINCIDE,
        preserves_length=True,
        preserves_format=True,
    )
    distribution = NOTHING
    tells_case = True

    def draw(self, draw: Draw) -> pl.Series:
        text = draw.text
        good = _matches(text)
        rows, others = np.flatnonzero(good), np.flatnonzero(~good)
        masked = self._permuted(text.take(rows), draw)
        if not len(others):
            return masked
        return merge_rows(merge_rows(draw.values, rows, masked), others, scrambled_outside(draw, others, _matches))

    def _permuted(self, text: TextArray, draw: Draw) -> pl.Series:
        size = len(text)
        codes = text.codes.copy()
        heads = ragged_indices(text.offsets[:-1], np.full(size, _SHORT))
        head = TextArray(codes[heads], np.arange(size + 1, dtype=np.int64) * _SHORT)
        classes = default_classes(head.codes).reshape(size, _SHORT)
        upper = _capitals(head.codes).reshape(size, _SHORT)
        last = upper[:, 7]
        classes[:, 4:6] = FIXED
        # Digits other than 0 and 1 stay such, so that the code keeps its status.
        digit = (last >= 0x30) & (last <= 0x39)
        status = np.where(last <= 0x31, np.int16(FIXED), np.int16(characters().special["digit_2_9"]))
        classes[:, 7] = np.where(digit, status, classes[:, 7])
        country = (upper[:, 4] * 128 + upper[:, 5]).astype(np.uint64)
        codes[heads] = permute_text(head, draw.hash.for_purpose("bank"), classes.ravel(), country).codes

        long = np.flatnonzero(text.lengths == _LONG)
        places = text.offsets[long][:, None] + np.arange(_SHORT, _LONG)
        branches = long[(_capitals(codes[places]) != 0x58).any(axis=1)]
        bank = np.zeros(len(branches), np.uint64)
        for place in range(_SHORT):
            bank = bank * np.uint64(64) + (upper[branches, place] - 0x30).astype(np.uint64)
        while len(branches):
            places = text.offsets[branches][:, None] + np.arange(_SHORT, _LONG)
            branch = TextArray(codes[places].ravel(), np.arange(len(branches) + 1, dtype=np.int64) * 3)
            codes[places] = permute_text(branch, draw.hash.for_purpose("branch"), tweak=bank).codes.reshape(-1, 3)
            head_office = (_capitals(codes[places]) == 0x58).all(axis=1)
            branches, bank = branches[head_office], bank[head_office]
        return TextArray(codes, text.offsets).to_series()


def _capitals(codes: Codes) -> Codes:
    return np.where(codes >= 0x61, codes - 32, codes)


def _matches(text: TextArray) -> Flags:
    flags: Flags = text.to_series().str.contains(_FORM).to_numpy().copy()
    rows = np.flatnonzero(flags)
    country = _capitals(text.codes[text.offsets[rows][:, None] + np.array([4, 5])])
    flags[rows] = np.isin(country[:, 0] * 128 + country[:, 1], _KNOWN)
    return flags
