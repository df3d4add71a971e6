"""national_id: another personal number of the same country, valid where the input was."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cached_property
from typing import Literal

import numpy as np
import polars as pl
from numpy.typing import NDArray
from pydantic import Field

from testdata_assets.masking.hashing import KeyedHash
from testdata_assets.masking.text_arrays import TextArray
from testdata_assets.masking.transformers._checksums import Digits
from testdata_assets.masking.transformers._forms import Flags
from testdata_assets.masking.transformers._id_schemes import Scheme
from testdata_assets.masking.transformers._id_texts import IdTexts, permuted
from testdata_assets.masking.transformers._national_ids_europe import (
    BE,
    CH,
    DE,
    DK,
    ES_DNI,
    ES_NIE,
    FI_LETTER,
    FI_SIGN,
    FR,
    GB,
    IT,
    NL,
    NO,
    PL,
    SE,
    SE_LONG,
)
from testdata_assets.masking.transformers._national_ids_world import (
    AU,
    BR,
    CA,
    CN,
    IN,
    TR,
    US,
    US_ANY,
    ZA,
    never_issued,
)
from testdata_assets.masking.transformers.base import NOTHING, Coincidence, Guarantees, Params, Uniqueness
from testdata_assets.masking.transformers.registry import register
from testdata_assets.masking.transformers.text import Draw, TextTransformer
from testdata_assets.production.catalog import Column

Country = Literal[
    "AU", "BE", "BR", "CA", "CH", "CN", "DE", "DK", "ES", "FI", "FR", "GB", "IN", "IT", "NL", "NO", "PL", "SE",
    "TR", "US", "ZA",
]  # fmt: skip
# The most specific first: several check digits and a date before a single check digit before none.
_SCHEMES = (
    FI_SIGN, FI_LETTER, IT, CN, ES_DNI, ES_NIE, GB, FR, CH, ZA, SE_LONG, NO, BE, PL, BR, TR, DE, IN, SE, DK, CA, AU, NL,
)  # fmt: skip
_US_PLACES = 9
_ANYWHERE = Column("", "text", "text", "S")


class NationalIdParams(Params):
    """Parameters of `national_id`."""

    country: Country | None = Field(
        None,
        description="Country (ISO 3166) that all numbers are of. Without it each is told by form and check digits, "
        "which takes some bare numbers for another country's.",
    )
    never_issued: bool = Field(
        True,
        description="US numbers become ones that are never issued (area 9xx, group 01 to 49): nobody's, but distinct "
        "numbers may become equal. Otherwise they are permuted among those that may be issued.",
    )


@register
class NationalId(TextTransformer[NationalIdParams]):
    """Permutes a personal number among the valid ones of its kind; punctuation and letter case stay.

    Valid numbers stay valid and distinct ones distinct; invalid ones are permuted within their character classes
    and stay invalid. The same number in other punctuation masks alike. What else stays, by country:
    year of birth and sex in BE, CN, DK, FI, FR, IT, NO, PL, SE and ZA numbers (day and month change, in FR the
    month), with the century and what is added to a day or month for people without a permanent number; the
    region in CN (six digits), the department in FR, the province in CA, citizenship in ZA; in GB the suffix letter.
    AU, BR, CH, DE, ES, IN, NL and TR numbers change wholly. The leap day is a day like others. Births of
    the current year may come to lie in the future. Danish numbers need no check digit. US social security numbers
    become, by default, ones that are never issued, so their masks are nobody's but may collide; they do not
    pass a check of the area.

    Without `country`, bare digits may be valid by chance as several countries' numbers and are taken
    for the first kind that fits: name the country of columns that hold only one's.
    """

    name = "national_id"
    summary = "Replaces personal numbers of 21 countries by others with valid check digits."
    params_model = NationalIdParams
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
        """Only never issued numbers are surely nobody's, and only permuted ones stay distinct."""
        country = self.params.country
        hashed = country in (None, "US") and self.params.never_issued
        # Narrower columns cannot hold a number, only other things.
        nobodys = hashed and country == "US" and (column.max_length is None or column.max_length >= _US_PLACES)
        return replace(
            self.guarantees,
            uniqueness=Uniqueness.LOSSY if hashed else Uniqueness.INJECTIVE,
            coincidence=Coincidence.DISJOINT if nobodys else Coincidence.MAY_COINCIDE,
            searchable=True,
        )

    def unique_with(self) -> str:
        if self.guarantees_for(_ANYWHERE).uniqueness is not Uniqueness.LOSSY:
            return ""
        other = "" if self.params.country == "US" else ", or `country:` where all numbers are of one country but US"
        return f"`never_issued: false`{other}"

    @cached_property
    def _texts(self) -> IdTexts:
        american = US_ANY if self.params.never_issued else US
        schemes = [
            scheme
            for scheme in (*_SCHEMES, american)
            if self.params.country is None or scheme.name == self.params.country
        ]
        return IdTexts(schemes)

    def draw(self, draw: Draw) -> pl.Series:
        return self._texts.mask(draw, _masked)


def _masked(
    scheme: Scheme, values: Digits, keyed: KeyedHash, same_kind: Callable[[Digits, NDArray[np.int64]], Flags]
) -> Digits:
    if scheme is not US_ANY:
        return permuted(scheme, values, keyed, same_kind)
    size, places = values.shape
    numbers = TextArray((values + 0x30).ravel().astype(np.int32), np.arange(size + 1, dtype=np.int64) * places)
    return never_issued(values, keyed.for_purpose("never issued").seeds(numbers.to_series())[0])
