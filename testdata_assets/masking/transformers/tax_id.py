"""tax_id: another tax number of the same country, valid where the input was."""

from __future__ import annotations

from typing import Literal

import polars as pl
from pydantic import Field

from testdata_assets.masking.transformers._id_texts import IdTexts
from testdata_assets.masking.transformers._tax_ids import tax_schemes
from testdata_assets.masking.transformers.base import NOTHING, Coincidence, Guarantees, Params, Uniqueness
from testdata_assets.masking.transformers.registry import register
from testdata_assets.masking.transformers.text import Draw, TextTransformer

TaxCountry = Literal[
    "AT", "AU", "BE", "BR", "CH", "DE", "DK", "EE", "ES", "FI", "FR", "GB", "GR", "HR", "HU", "IE", "IT", "LU", "NL",
    "PL", "PT", "SE", "SI", "US",
]  # fmt: skip


class TaxIdParams(Params):
    """Parameters of `tax_id`."""

    country: TaxCountry | None = Field(
        None,
        description="Country (ISO 3166) that all numbers are of. Without it, numbers with a prefix are told by that, "
        "and bare ones only where form and check digits are telling (AU, BR, ES, NL; PL and US as usually written).",
    )


@register
class TaxId(TextTransformer[TaxIdParams]):
    """Permutes the number among the valid ones of its kind; prefix, punctuation and letter case stay.

    Valid numbers stay valid, invalid ones are permuted within their character classes and stay invalid; distinct ones
    stay distinct. Number and prefixed number of one company mask alike where the country is given. Kinds: VAT
    numbers of AT, BE, CH, DE, DK, EE, ES, FI, FR, GB (and XI), GR, HR, HU, IE, IT, LU, NL, PL, PT, SE and
    SI; the US EIN, whose first two digits stay; the Brazilian CNPJ, whose branch stays; the Australian ABN. The
    kind of company in ES, the tax office in IT and what follows the B in NL stay.
    """

    name = "tax_id"
    summary = "Replaces tax and VAT numbers of 24 countries by others with valid check digits."
    params_model = TaxIdParams
    redraws = False
    hashes_values = False
    guarantees = Guarantees(
        uniqueness=Uniqueness.INJECTIVE,
        coincidence=Coincidence.MAY_COINCIDE,
        searchable=True,
        preserves_length=True,
        preserves_format=True,
    )
    distribution = NOTHING
    tells_case = True

    def draw(self, draw: Draw) -> pl.Series:
        return IdTexts(tax_schemes(self.params.country)).mask(draw)
