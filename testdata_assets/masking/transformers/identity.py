"""identity: parts of one invented person, the same in all columns and tables that name the entity."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Literal

import polars as pl
from pydantic import Field, field_validator, model_validator

from testdata_assets.masking.transformers._drawn_words import capitalised, cut, in_case_of, joined
from testdata_assets.masking.transformers._entities import entity_columns, entity_seeds
from testdata_assets.masking.transformers._handles import HASH_CHARACTERS, RESERVED
from testdata_assets.masking.transformers._people import People
from testdata_assets.masking.transformers.base import (
    NOTHING,
    Agreement,
    Coincidence,
    Guarantees,
    MaskContext,
    Params,
    Rows,
    RowTransformer,
    Uniqueness,
)
from testdata_assets.masking.transformers.registry import register
from testdata_assets.production.catalog import Column

Part = Literal["first_name", "last_name", "full_name", "initials", "email", "username", "gender", "title"]
Script = Literal[
    "latin", "accented", "cyrillic", "greek", "arabic", "hebrew", "devanagari", "thai", "han", "hangul", "katakana",
    "hiragana",
]  # fmt: skip
_UNIQUE = ("email", "username")
_WORDS = {
    "gender": "f/m female/male woman/man girl/boy w/m weiblich/männlich f/h femme/homme femenino/masculino "
    "feminino/masculino mujer/hombre mulher/homem femminile/maschile vrouw/man kobieta/mężczyzna kvinna/man ж/м "
    "женский/мужской 女/男 여/남",
    "title": "ms/mr mrs/mr miss/mr frau/herr mme/m mlle/m madame/monsieur sra/sr srta/sr señora/señor mevr/dhr "
    "pani/pan fru/hr",
}
_DEFAULTS = {"gender": ("f", "m"), "title": ("Ms", "Mr")}
_HOST = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)+\Z")
_NARROW = 12  # in columns that admit fewer characters a cut name may be a real one


class IdentityParams(Params):
    """Parameters of `identity`."""

    part: Part = Field(description="What of the person the column holds.")
    entity: str | tuple[str, ...] = Field(
        min_length=1,
        description="Column or columns whose original values say who it is: id in users, user_id in orders.",
    )
    group: str = Field(
        "person", min_length=1, description="Entities of one group with equal keys are one person, in every table."
    )
    script: Script = Field("latin", description="Script of names; addresses and user names are ASCII in any case.")
    labels: tuple[str, str] | None = Field(
        None, description="What gender or title is called, first of women, then of men; by default as in the value."
    )
    mail_domain: str | None = Field(
        None, description="One domain for all e-mail addresses instead of example.com, .org and .net."
    )

    @field_validator("entity")
    @classmethod
    def _named(cls, entity: str | tuple[str, ...]) -> str | tuple[str, ...]:
        if not all(entity_columns(entity)):
            raise ValueError("an empty name is no column")
        return entity

    @field_validator("mail_domain")
    @classmethod
    def _a_domain(cls, domain: str | None) -> str | None:
        if domain is not None and not _HOST.match(domain.lower()):
            raise ValueError("not a mail domain")
        return domain.lower() if domain else None

    @model_validator(mode="after")
    def _fitting(self) -> IdentityParams:
        if self.labels is not None and self.part not in _WORDS:
            raise ValueError("`labels` goes with the parts gender and title only")
        if self.mail_domain is not None and self.part != "email":
            raise ValueError("`mail_domain` goes with the part email only")
        return self


@register
class Identity(RowTransformer[IdentityParams]):
    """Draws a person for each entity; every part of the row, and of other tables' rows, belongs to that person.

    The person hangs on the key, the group and the entity's original value, not on the domain: write the same `group`
    and the `entity` column of each table. An integer 7 and a text '7' are one entity. Where the entity is NULL the
    column's own value stands for it. Keeps NULL and blank values, and whether a name is in capitals or small letters,
    `Family, First`, the number of initials and their dots, and the word a gender or title is said by (or `labels`).

    E-mail addresses and user names hold 60 random bits: distinct entities get distinct ones but for a chance below
    n^2 / 2^61, so they may be unique where the entity column is. E-mail addresses take 24 to 47 characters, user
    names 12 to 23. Latin first names fit the gender; other scripts' pools do not tell. The original's own length,
    script and gender leave no trace.
    """

    name = "identity"
    summary = "Draws parts of one invented person per entity, coherent across columns and tables."
    params_model = IdentityParams
    guarantees = Guarantees(uniqueness=Uniqueness.LOSSY, coincidence=Coincidence.DISJOINT)
    distribution = NOTHING
    base_types = frozenset({"text"})

    @property
    def _shortest(self) -> int:
        """Characters that the shortest form takes which keeps entities apart."""
        if self.params.part == "username":
            return HASH_CHARACTERS
        hosts = (self.params.mail_domain,) if self.params.mail_domain else RESERVED
        return HASH_CHARACTERS + 1 + max(map(len, hosts))

    def reads(self) -> tuple[str, ...]:
        return entity_columns(self.params.entity)

    def unique_through(self) -> tuple[str, ...]:
        """The entity's only column, for the parts that tell entities apart."""
        columns = self.reads()
        return columns if self.params.part in _UNIQUE and len(columns) == 1 else ()

    def guarantees_for(self, column: Column) -> Guarantees:
        part = self.params.part
        if part in _WORDS:
            return replace(self.guarantees, coincidence=Coincidence.BY_PART)  # one of two words: half of them stay
        narrow = column.max_length is not None and column.max_length < _NARROW
        if part in _UNIQUE or (part == "full_name" and not narrow and self.params.script in ("latin", "accented")):
            return self.guarantees
        return replace(self.guarantees, coincidence=Coincidence.MAY_COINCIDE)

    def expected_changes(self, column: Column, agreement: Agreement) -> float | None:
        if self.params.part in _WORDS:
            return 0.5
        # The commonest first letter begins the names of less than a quarter, in whatever script.
        return 0.75 if self.params.part == "initials" else super().expected_changes(column, agreement)

    def problems(self, column: Column) -> tuple[str, ...]:
        found = super().problems(column)
        if not found and self.params.part in _UNIQUE:
            limit = 63 if column.base_type == "name" else column.max_length
            if limit is not None and limit < self._shortest:
                return (
                    f"identity's {self.params.part} needs {self._shortest} characters, {column.type} admits {limit}",
                )
        return found

    def apply_rows(self, values: pl.Series, rows: Rows, context: MaskContext) -> pl.Series:
        keyed = context.hash_for(self.params.group).for_purpose("identity")
        seeds = entity_seeds(values, rows, self.reads(), keyed, context)
        drawn = self._drawn(values, People(seeds, keyed, self.params.script), context.max_length)
        if self.params.part not in _UNIQUE:
            drawn = cut(drawn, context.max_length)
        stays = values.is_null() | (values.str.strip_chars() == "")
        return pl.select(pl.when(stays).then(values).otherwise(drawn).alias(values.name)).to_series()

    def _drawn(self, values: pl.Series, people: People, limit: int | None) -> pl.Series:
        part = self.params.part
        if part == "email":
            return people.emails(limit, self.params.mail_domain)
        if part == "username":
            return people.user_names(limit)
        if part == "initials":
            return _initials(values, people)
        if part in _WORDS:
            return self._labels(values, people)
        if part == "full_name":
            comma = values.str.contains(r"\S\s*[,，]\s*\S")
            full = pl.select(pl.when(comma).then(people.family_first).otherwise(people.full)).to_series()
            return in_case_of(values, full, letters=2)
        return in_case_of(values, people.first if part == "first_name" else people.family, letters=2)

    def _labels(self, values: pl.Series, people: People) -> pl.Series:
        """The word for the person's sex in the vocabulary of each value."""
        female = pl.Series(people.female)
        if self.params.labels is not None:
            one, other = (pl.lit(label) for label in self.params.labels)
            return pl.select(pl.when(female).then(one).otherwise(other)).to_series()
        part = self.params.part
        pairs = [tuple(pair.split("/")) for pair in _WORDS[part].split()]
        # Of a word in several pairs the first one counts.
        women = {word: woman for woman, man in reversed(pairs) for word in (woman, man)}
        men = {word: man for woman, man in reversed(pairs) for word in (woman, man)}
        women |= {woman: woman for woman, _ in pairs}
        men |= {man: man for _, man in pairs}
        default = _DEFAULTS[part]
        bare = values.str.strip_chars()
        word = bare.str.strip_chars_end(".").str.to_lowercase()
        drawn = pl.select(
            pl.when(female)
            .then(word.replace_strict(women, default=default[0]))
            .otherwise(word.replace_strict(men, default=default[1]))
        ).to_series()
        if part == "title":
            drawn = capitalised(drawn)
        else:
            capital = bare.str.contains(r"^\p{Lu}\p{Ll}")
            drawn = pl.select(pl.when(capital).then(capitalised(drawn)).otherwise(drawn)).to_series()
        dot = pl.when(bare.str.ends_with(".")).then(pl.lit(".")).otherwise(pl.lit(""))
        return pl.select(in_case_of(values, drawn) + dot).to_series()


def _initials(values: pl.Series, people: People) -> pl.Series:
    """One to three letters, with the dots and blanks of the value."""
    letters = values.str.count_matches(r"\p{L}")
    none = pl.lit("")
    dot = pl.when(values.str.contains(".", literal=True)).then(pl.lit(".")).otherwise(none)
    gap = pl.when(values.str.strip_chars().str.contains(r"\s")).then(pl.lit(" ")).otherwise(none)
    middle = pl.when(letters > 2).then(pl.concat_str([gap, people.middle, dot])).otherwise(none)
    last = pl.concat_str([gap, people.family.str.slice(0, 1), dot])
    end = pl.when(letters == 1).then(none).otherwise(last)
    return in_case_of(values, joined(people.first.str.slice(0, 1), dot, middle, end))
