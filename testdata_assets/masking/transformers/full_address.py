"""full_address: another whole address in one text."""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray
from pydantic import Field, field_validator

from testdata_assets.masking.transformers._drawn_words import in_case_of
from testdata_assets.masking.transformers._places import Addresses, gazetteer, known_countries, lay_out
from testdata_assets.masking.transformers.base import NOTHING, Coincidence, Guarantees, Params, Uniqueness
from testdata_assets.masking.transformers.registry import register
from testdata_assets.masking.transformers.text import Draw, TextTransformer

# The first that a text holds says its script.
_SCRIPTS = (
    ("han", r"[\p{Hiragana}\p{Katakana}]"),
    ("hangul", r"\p{Hangul}"),
    ("han", r"\p{Han}"),
    ("cyrillic", r"\p{Cyrillic}"),
    ("greek", r"\p{Greek}"),
    ("arabic", r"\p{Arabic}"),
    ("hebrew", r"\p{Hebrew}"),
    ("devanagari", r"\p{Devanagari}"),
    ("thai", r"\p{Thai}"),
)
# What gives a country away that is not named: forms of postcodes and words of streets. The first one counts.
_FORMS = (
    ("JP", "han", r"[\p{Hiragana}\p{Katakana}〒都県府町]|丁目|番地"),
    ("CN", "han", r"[省号路]|\p{Han}"),
    ("KR", "hangul", r"\p{Hangul}"),
    ("UA", "cyrillic", r"(?i)\bвул\b|[їєґі]"),
    ("RU", "cyrillic", r"\p{Cyrillic}"),
    ("GB", "latin", r"(?i)\b[a-z]{1,2}[0-9][0-9a-z]? ?[0-9][a-z]{2}\b"),
    ("CA", "latin", r"(?i)\b[a-z][0-9][a-z] ?[0-9][a-z][0-9]\b"),
    ("IE", "latin", r"(?i)\b[a-z][0-9]{2} [0-9a-z]{4}\b"),
    ("DE", "latin", r"(?i)straße|strasse\b|str\. ?[0-9]|platz\b|allee\b"),
    ("NL", "latin", r"(?i)\b[0-9]{4} ?[a-z]{2}\b|straat\b|gracht\b"),
    ("PL", "latin", r"(?i)\bul\. |\b[0-9]{2}-[0-9]{3}\b"),
    ("FR", "latin", r"(?i)\brue\b|\bboulevard (?:de|du|des)\b|\bavenue (?:de|du|des)\b|\bchemin\b"),
    ("IT", "latin", r"(?i)\b(?:via|viale|piazza|corso) "),
    ("ES", "latin", r"(?i)\b(?:calle|avenida|plaza|paseo) "),
    ("PT", "latin", r"(?i)\b[0-9]{4}-[0-9]{3}\b"),
    ("BR", "latin", r"(?i)\brua |\b[0-9]{5}-[0-9]{3}\b"),
    ("SE", "latin", r"(?i)gatan\b|vägen\b"),
    ("DK", "latin", r"(?i)gade\b|vej\b"),
    ("FI", "latin", r"(?i)katu\b"),
    ("AU", "latin", r"(?i)\b(?:nsw|vic|qld|tas) [0-9]{4}\b"),
    ("US", "latin", r"(?i)\b[a-z]{2},? [0-9]{5}(?:-[0-9]{4})?\b"),
)


class FullAddressParams(Params):
    """Parameters of `full_address`."""

    country: str | None = Field(
        None, description="ISO 3166 code of the country of addresses that do not show theirs; by default any."
    )

    @field_validator("country")
    @classmethod
    def _known(cls, country: str | None) -> str | None:
        if country is not None and country.upper() not in gazetteer().codes:
            raise ValueError(f"known countries are {', '.join(sorted(set(gazetteer().codes.to_list())))}")
        return country.upper() if country else None


@register
class FullAddress(TextTransformer[FullAddressParams]):
    """Writes an invented street in a real city of the same country, with a postcode of its pattern.

    The country is the one the text ends with, by name or code, or that its postcode or words of its streets give
    away; otherwise `country`, or any that writes in the same script. Keeps the number of lines (up to 64) and line
    breaks, whether commas are used, and capitals. Nothing else of the text remains: names of people or firms in
    further lines become invented words. Columns of limited length cut what does not fit.
    """

    name = "full_address"
    summary = "Replaces whole addresses by invented ones of the same country, script and number of lines."
    params_model = FullAddressParams
    guarantees = Guarantees(uniqueness=Uniqueness.LOSSY, coincidence=Coincidence.DISJOINT)
    distribution = NOTHING

    def draw(self, draw: Draw) -> pl.Series:
        values = draw.canonical
        scripts = _scripts(values)
        addresses = Addresses(draw.seeds, draw.hash, self._countries(values, scripts), scripts)
        return in_case_of(draw.values, lay_out(values, addresses), letters=2)

    def _countries(self, values: pl.Series, scripts: pl.Series) -> NDArray[np.int64]:
        """Entry of each address's country, or -1."""
        found = known_countries(values.str.extract(r"[,;，、\n]\s*([^,;，、\n]+?)\s*\z"))
        table = gazetteer()
        guess = pl.lit(-1, pl.Int64)
        if self.params.country is not None:
            entries = {script: table.entry(self.params.country, script) for script in set(table.scripts)}
            guess = pl.col("script").replace_strict(entries, default=-1, return_dtype=pl.Int64)
        for code, script, form in reversed(_FORMS):
            shown = (pl.col("script") == script) & pl.col("value").str.contains(form)
            guess = pl.when(shown).then(pl.lit(table.entry(code, script), pl.Int64)).otherwise(guess)
        frame = pl.DataFrame([values.rename("value"), scripts.rename("script")])
        guessed = frame.select(guess.alias("guess")).to_series().to_numpy()
        # A code at the end may be a state's: CA is California where the text is American.
        in_script = np.array([*table.scripts])[np.maximum(found, 0)] == scripts.to_numpy()
        short = values.str.contains(r"[,;\n]\s*[A-Za-z]{2}\s*\z").to_numpy()
        named = (found >= 0) & (in_script | ~short)
        return np.where(named, found, guessed)


def _scripts(values: pl.Series) -> pl.Series:
    script = pl.lit("latin")
    for name, letters in reversed(_SCRIPTS):
        script = pl.when(pl.col("v").str.contains(letters)).then(pl.lit(name)).otherwise(script)
    return values.rename("v").to_frame().select(script.alias("script")).to_series()
