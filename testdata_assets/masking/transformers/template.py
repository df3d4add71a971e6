"""template: a text put together from the row's masked columns."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import polars as pl
from pydantic import Field, field_validator

from testdata_assets.errors import RefusedError
from testdata_assets.masking.transformers.base import (
    NOTHING,
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

_TOKEN = re.compile(
    r"""(?P<escape>\{\{|\}\})
    |\{\s*(?:"(?P<quoted>(?:[^"]|"")+)"|(?P<plain>[^{}|"]+?))\s*(?P<filters>(?:\|[^{}|"]*)*)\}
    |(?P<odd>[{}])
    |(?P<fixed>[^{}]+)""",
    re.VERBOSE,
)
# Letters that Unicode does not take apart into an ASCII letter and marks.
_PLAIN_LETTERS = {
    "ß": "ss", "ẞ": "SS", "æ": "ae", "Æ": "AE", "œ": "oe", "Œ": "OE", "ø": "o", "Ø": "O", "đ": "d", "Đ": "D",
    "ð": "d", "Ð": "D", "þ": "th", "Þ": "Th", "ł": "l", "Ł": "L", "ı": "i", "ħ": "h", "Ħ": "H", "ŋ": "n", "Ŋ": "N",
    "ə": "e", "Ə": "E",
}  # fmt: skip


def _ascii(texts: pl.Series) -> pl.Series:
    if not texts.str.contains(r"[^\x00-\x7f]").any():
        return texts
    plain = texts.str.replace_many(list(_PLAIN_LETTERS), list(_PLAIN_LETTERS.values()))
    return plain.str.normalize("NFKD").str.replace_all(r"[^\x00-\x7f]", "")


def _slug(texts: pl.Series) -> pl.Series:
    return _ascii(texts).str.to_lowercase().str.replace_all("[^a-z0-9]+", "-").str.strip_chars("-")


_FILTERS: dict[str, Callable[[pl.Series], pl.Series]] = {
    "lower": lambda texts: texts.str.to_lowercase(),
    "upper": lambda texts: texts.str.to_uppercase(),
    "ascii": _ascii,
    "slug": _slug,
    "initial": lambda texts: texts.str.strip_chars().str.slice(0, 1),
    "digits": lambda texts: texts.str.replace_all("[^0-9]", ""),
    "strip": lambda texts: texts.str.strip_chars(),
}


@dataclass(frozen=True)
class Placeholder:
    """`{column|filter|filter}`."""

    column: str
    filters: tuple[str, ...] = ()


def parse(template: str) -> tuple[str | Placeholder, ...]:
    """Takes a template apart into fixed texts and placeholders.

    Raises:
        ValueError: It cannot be read; says where.
    """
    parts: list[str | Placeholder] = []
    for found in _TOKEN.finditer(template):
        if found["odd"] is not None:
            raise ValueError(
                f"{found['odd']!r} at character {found.start() + 1} belongs to no placeholder: write {{column}}, "
                '{"odd name"} or {column|filter}, and {{ or }} for a brace'
            )
        if found["plain"] is None and found["quoted"] is None:
            parts.append(found["escape"][0] if found["escape"] else found["fixed"])
            continue
        column = found["quoted"].replace('""', '"') if found["quoted"] is not None else found["plain"]
        filters = tuple(name.strip() for name in found["filters"].split("|")[1:])
        for name in filters:
            if name not in _FILTERS:
                raise ValueError(f"there is no filter {name!r}; there are {', '.join(_FILTERS)}")
        parts.append(Placeholder(column, filters))
    return tuple(parts)


class TemplateParams(Params):
    """Parameters of `template`."""

    template: str = Field(
        min_length=1,
        description='Text with {column} or {"odd name"} for masked columns of the row, {{ and }} for braces. '
        "Filters change a column's text: {first_name|ascii|lower}; there are lower, upper, ascii, slug, initial "
        "(first character), digits (only those) and strip.",
    )
    on_null: Literal["empty", "null"] = Field(
        "empty", description="What a NULL in a named column becomes: no text, or the whole result NULL."
    )
    too_long: Literal["refuse", "cut"] = Field(
        "refuse",
        description="What happens to a result that the column does not admit; one that was cut is not unique.",
    )

    @field_validator("on_null", mode="before")
    @classmethod
    def _null_in_yaml(cls, on_null: object) -> object:
        return "null" if on_null is None else on_null

    @field_validator("template")
    @classmethod
    def _readable(cls, template: str) -> str:
        if "\0" in template:
            raise ValueError("Postgres text holds no NUL character")
        if not any(isinstance(part, Placeholder) for part in parse(template)):
            raise ValueError("names no column: use the transformer constant, or write {column}")
        return template


@register
class Template(RowTransformer[TemplateParams]):
    """Writes e.g. `user_{id}@test.example` with the row's columns as they are in the image.

    Kept columns enter as they are, so a template says no more than the columns it names. NULL and blank values of
    the column itself stay. Results that the column does not admit are refused while masking, naming the column,
    unless `too_long: cut`. A template of one column without filters and with some fixed text keeps distinct what
    that column keeps distinct, so it may be unique where that column is. `char(n)` columns come with their padding:
    use `strip`. Outputs may be real values by chance, or because all named columns are kept.
    """

    name = "template"
    summary = "Puts a text together from masked columns of the row."
    params_model = TemplateParams
    guarantees = Guarantees(uniqueness=Uniqueness.LOSSY, coincidence=Coincidence.MAY_COINCIDE, searchable=True)
    distribution = NOTHING
    base_types = frozenset({"text"})
    copies_text = True

    @cached_property
    def parts(self) -> tuple[str | Placeholder, ...]:
        """Fixed texts and placeholders in order."""
        return parse(self.params.template)

    @property
    def _fixed(self) -> str:
        return "".join(part for part in self.parts if isinstance(part, str))

    def reads_masked(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(part.column for part in self.parts if isinstance(part, Placeholder)))

    def unique_through(self) -> tuple[str, ...]:
        """The one column that is written in full; some fixed text keeps outputs apart from blank values that stay."""
        placeholders = [part for part in self.parts if isinstance(part, Placeholder)]
        if len(placeholders) != 1 or placeholders[0].filters or not self._fixed.strip():
            return ()
        return () if self.params.too_long == "cut" else (placeholders[0].column,)

    def guarantees_for(self, column: Column) -> Guarantees:
        return Guarantees(
            uniqueness=self.guarantees.uniqueness,
            coincidence=self.guarantees.coincidence,
            nulls_stay_null=self.params.on_null == "empty",
            searchable=True,
        )

    def problems(self, column: Column) -> tuple[str, ...]:
        found = list(super().problems(column))
        limit = 63 if column.base_type == "name" else column.max_length
        if limit is not None and len(self._fixed) > limit and self.params.too_long == "refuse":
            found.append(f"the template's fixed text has {len(self._fixed)} characters, {column.type} admits {limit}")
        if column.not_null and self.params.on_null == "null":
            found.append("template with `on_null: null` cannot fill a column that is NOT NULL")
        return tuple(found)

    def apply_rows(self, values: pl.Series, rows: Rows, context: MaskContext) -> pl.Series:
        columns = {name: rows.masked(name) for name in self.reads_masked()}
        pieces: list[pl.Series | pl.Expr] = []
        for part in self.parts:
            if isinstance(part, str):
                pieces.append(pl.lit(part))
                continue
            texts = columns[part.column]
            for name in part.filters:
                texts = _FILTERS[name](texts)
            pieces.append(texts.fill_null("") if self.params.on_null == "empty" else texts)
        masked = pl.concat_str(pieces)
        limit = context.max_length
        if limit is not None and self.params.too_long == "cut":
            masked = masked.str.slice(0, limit)
        # A blank value says nothing and stays; so does NULL, for which the test is NULL.
        stays = values.is_null() | (values.str.strip_chars() == "")
        result = pl.select(pl.when(stays).then(values).otherwise(masked).alias(values.name)).to_series()
        if limit is not None and self.params.too_long == "refuse":
            self._refuse_long(result, limit)
        return result

    @staticmethod
    def _refuse_long(result: pl.Series, limit: int) -> None:
        lengths = result.drop_nulls().str.strip_chars_end(" ").str.len_chars().to_numpy()
        long = int((lengths > limit).sum())
        if long:
            raise RefusedError(
                f"template makes texts of up to {int(lengths.max())} characters, the column admits {limit}"
                f" ({long} row{'s' if long > 1 else ''} of one block)",
                where="",
                remedy="Shorten the template, use a filter such as initial, or set `too_long: cut`.",
                code="template-too-long",
            )
