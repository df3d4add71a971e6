"""What a rules file says, as values: column rules, table rules, relationships, the objects rule.

The models hold a rule in one canonical shape, whatever short form the file used (`rule_shapes.py` takes
those apart). Whether a rule fits a database is `plan.py`'s business.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, PrivateAttr

from testdata_assets.errors import UsageFault
from testdata_assets.masking.json_paths import JsonPattern
from testdata_assets.masking.rule_errors import Mark
from testdata_assets.postgres.identifiers import TableName, quote_identifier

Mode = Literal["mask", "keep", "truncate", "synthesize"]
ObjectMode = Literal["keep", "drop", "block"]
RULE_KEYS = ("transform", "pii", "domain", "reason", "when", "else")
_LAST_PART = re.compile(r'(?P<table>.+)\.(?:"(?P<quoted>(?:[^"]|"")+)"|(?P<plain>[^\s."]+))\Z', re.DOTALL)
_END = re.compile(
    r'(?P<column>(?:"(?:[^"]|"")*"|[^":\[\]])+)(?:\s*:\s*(?P<path>\$.*)|(?P<items>\[\s*\]))?\Z', re.DOTALL
)
_PLAIN = re.compile(r"[a-z_][a-z0-9_$]*\Z")


@dataclass(frozen=True, order=True)
class ColumnRef:
    """A column of a table, as raw identifiers."""

    table: TableName
    column: str

    @classmethod
    def parse(cls, text: str) -> ColumnRef:
        """Reads `schema.table.column`, each part quoted as in SQL where it must be.

        Raises:
            UsageFault: Not three parts.
        """
        match = _LAST_PART.match(text)
        try:
            if match is None:
                raise UsageFault("no column", where=text, remedy="Write it whole.")
            table = TableName.parse(match["table"])
        except UsageFault:
            raise UsageFault(
                f"{text!r} is not a column name",
                where=text,
                remedy="Write schema.table.column, with double quotes around parts that have capitals or dots.",
            ) from None
        quoted, plain = match["quoted"], match["plain"]
        return cls(table, quoted.replace('""', '"') if quoted is not None else plain.lower())

    @classmethod
    def parse_end(cls, text: str) -> tuple[ColumnRef, str | None]:
        """Reads `schema.table.column`, `schema.table.column:$.json.path` or `schema.table.column[]`.

        Returns:
            The column, and the path or `[]`.

        Raises:
            UsageFault: It is none of these, or the path is none.
        """
        match = _END.match(text)
        if match is None:
            return cls.parse(text), None
        column, path = cls.parse(match["column"]), match["path"]
        if path is None:
            return column, "[]" if match["items"] else None
        try:
            JsonPattern.parse(path)
        except ValueError as error:
            what = str(error)
            raise UsageFault(what[:1].upper() + what[1:], where=text, remedy="Write it as in `paths`.") from None
        return column, path

    def __str__(self) -> str:
        column = self.column if _PLAIN.match(self.column) else quote_identifier(self.column)
        return f"{self.table}.{column}"


class _RuleModel(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, arbitrary_types_allowed=True)


class ColumnRule(_RuleModel):
    """What becomes of one column."""

    transform: str = Field(min_length=1, description="Name of the transformer, or `null`.")
    pii: str | None = Field(None, min_length=1, description="Category of personal data, for reports and tags.")
    domain: str | None = Field(
        None, min_length=1, description="Equal values mask equally wherever the domain is the same."
    )
    reason: str | None = Field(
        None, min_length=1, description="Why a weak choice is right, such as keeping a column that looks personal."
    )
    when: str | None = Field(None, min_length=1, description="Condition over the row's original values.")
    otherwise: ColumnRule | None = Field(None, alias="else", description="Rule where `when` is false.")
    params: dict[str, Any] = Field(default_factory=dict, description="Parameters of the transformer.")

    def canonical(self) -> dict[str, Any]:
        """The rule as plain JSON data that does not depend on how it was written."""
        return {
            "transform": self.transform,
            "pii": self.pii,
            "domain": self.domain,
            **({"reason": self.reason} if self.reason is not None else {}),
            "when": self.when,
            "else": self.otherwise.canonical() if self.otherwise else None,
            "params": self.params,
        }


class TableRule(_RuleModel):
    """What becomes of one table and its columns."""

    mode: Mode = Field("mask", description="mask | keep | truncate | synthesize")
    where: str | None = Field(None, min_length=1, description="Rows of the image: a condition over original values.")
    rows: int | None = Field(None, ge=0, le=10_000_000, description="Rows to fabricate under mode synthesize.")
    columns: dict[str, ColumnRule] = Field(default_factory=dict, description="Rules by raw column name.")


class Relationship(_RuleModel):
    """A foreign key that the schema does not declare, also out of a document or an array."""

    from_: ColumnRef = Field(alias="from", description="Referencing column: schema.table.column.")
    inside: str | None = Field(None, description="What of its values references: a JSON path, or [] for elements.")
    to: ColumnRef = Field(description="Referenced column: schema.table.column.")

    @property
    def source(self) -> str:
        """The referencing end as rules write it."""
        if self.inside is None:
            return str(self.from_)
        return f"{self.from_}{self.inside}" if self.inside == "[]" else f"{self.from_}:{self.inside}"


class ObjectsRule(_RuleModel):
    """What becomes of texts and objects outside tables; what is not decided, blocks where it exists."""

    comments: ObjectMode = Field("block", description="COMMENT ON texts: keep | drop | block.")
    large_objects: ObjectMode = Field("block", description="Large objects: keep | drop | block.")


class RotationRule(_RuleModel):
    """What a rotation of the masking key leaves for later."""

    hold: tuple[str, ...] = Field((), description="Domains that still mask under TESTDATA_MASKING_KEY_PREVIOUS.")


class RulesDocument(_RuleModel):
    """A rules file as shaped from YAML: tables still under their printed names, as positions are."""

    version: Literal[1]
    tables: dict[str, TableRule]
    relationships: tuple[Relationship, ...] = ()
    objects: ObjectsRule = Field(default_factory=ObjectsRule)
    rotation: RotationRule = Field(default_factory=RotationRule)


class MaskingRules(_RuleModel):
    """A whole rules file."""

    version: Literal[1] = 1
    tables: dict[TableName, TableRule]
    relationships: tuple[Relationship, ...] = ()
    objects: ObjectsRule = Field(default_factory=ObjectsRule)
    rotation: RotationRule = Field(default_factory=RotationRule)
    _positions: Mapping[tuple[str | int, ...], Mark] = PrivateAttr(default_factory=dict)
    _unread: frozenset[tuple[str | int, ...]] = PrivateAttr(default=frozenset())

    def unread(self, *location: str | int) -> bool:
        """Whether the file says something there that could not be read, so that its absence here means nothing.

        Only the readable rest of a file with mistakes has such places; see `RulesError.rest`.
        """
        return location in self._unread

    def mark(self, *location: str | int) -> Mark | None:
        """Where something stands in the file: the deepest known place on the way to it.

        Args:
            location: As in the canonical shape, e.g. `"tables", "public.users", "columns", "email", "paths"`.
        """
        for length in range(len(location), -1, -1):
            found = self._positions.get(location[:length])
            if found is not None:
                return found
        return None

    def canonical(self) -> dict[str, Any]:
        """The rules as plain JSON data: independent of comments, spacing, order and short forms."""
        return {
            "version": self.version,
            "tables": {
                str(name): {
                    "mode": rule.mode,
                    **{key: value for key, value in (("where", rule.where), ("rows", rule.rows)) if value is not None},
                    "columns": {column: spec.canonical() for column, spec in rule.columns.items()},
                }
                for name, rule in self.tables.items()
            },
            "relationships": sorted([each.source, str(each.to)] for each in self.relationships),
            "objects": self.objects.model_dump(),
            **({"rotation": sorted(self.rotation.hold)} if self.rotation.hold else {}),
        }
