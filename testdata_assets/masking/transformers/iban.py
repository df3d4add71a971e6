"""iban: another account number of the same country, with valid check digits."""

from __future__ import annotations

from dataclasses import replace

import polars as pl
from pydantic import Field

from testdata_assets.masking.transformers._iban_registry import iban_schemes
from testdata_assets.masking.transformers._id_texts import IdTexts
from testdata_assets.masking.transformers.base import NOTHING, Coincidence, Guarantees, Params, Uniqueness
from testdata_assets.masking.transformers.registry import register
from testdata_assets.masking.transformers.text import Draw, TextTransformer
from testdata_assets.production.catalog import Column


class IbanParams(Params):
    """Parameters of `iban`."""

    keep_bank: bool = Field(False, description="Keep the characters that name bank and branch.")


@register
class Iban(TextTransformer[IbanParams]):
    """Permutes the account number (and the bank's, unless kept); country, length, blanks and letter case stay.

    Digits stay digits and letters letters, so the country's structure of account numbers stays. The check digits
    fit the new number; so do the national ones inside it (BA, BE, ES, FI, FR, HR, IT, MC, ME, MK, NO, PL, PT, RS, SI,
    SM, TL) where they fitted the old one. Distinct numbers stay distinct. A bank that is not kept need not
    exist. What is no valid IBAN of a country in SWIFT's registry is permuted within its character classes and becomes
    none.
    """

    name = "iban"
    summary = "Replaces an IBAN by another of the same country with valid check digits."
    params_model = IbanParams
    redraws = False
    hashes_values = False
    guarantees = Guarantees(
        uniqueness=Uniqueness.INJECTIVE,
        coincidence=Coincidence.MAY_COINCIDE,
        preserves_length=True,
        preserves_format=True,
        searchable=True,
    )
    distribution = NOTHING
    tells_case = True

    def guarantees_for(self, column: Column) -> Guarantees:
        """Within one bank, real account numbers are met more often."""
        return replace(self.guarantees, searchable=not self.params.keep_bank)

    def draw(self, draw: Draw) -> pl.Series:
        return IdTexts(iban_schemes(self.params.keep_bank)).mask(draw)
