"""Whether a CHECK constraint admits a transformer's masks: sampled values are masked and the source is asked.

Masks are made under a key drawn for the draft; nothing is written. Constraints that read other columns are not asked,
nor those that call functions of the database's own. Operators of its own, such as citext's, are called, in the source's
read-only transaction.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterable, Sequence

import polars as pl
import psycopg
from psycopg import sql

from testdata_assets.errors import TestdataError
from testdata_assets.masking.discovery.choose import Choice
from testdata_assets.masking.hashing import KeyedHash
from testdata_assets.masking.transformers import registry
from testdata_assets.masking.transformers.base import TEXT_TYPES, MaskContext, RowTransformer
from testdata_assets.production.catalog import Column
from testdata_assets.production.sampling import Sampler

_TRIED = 100  # values
_SECONDS = 2.0
_CONDITION = re.compile(r"CHECK \((.*)\)(?: NO INHERIT)?(?: NOT (?:VALID|ENFORCED))*\Z", re.DOTALL)
_LITERAL = re.compile(r"'(?:[^']|'')*'")
_OWN_FUNCTION = re.compile(r"(?<!OPERATOR\()(?:\w|\")\.(?:\w+|\"[^\"]+\")\(")
_NOT_TRIED = frozenset({"keep", "block", "null"})


class Trials:
    """Asks one source, each question once."""

    def __init__(self, sampler: Sampler) -> None:
        self._sampler = sampler
        self._key = secrets.token_bytes(32)
        self._answers: dict[tuple[str, str, str], bool] = {}

    def passes(self, choice: Choice, column: Column, values: Sequence[str], checks: Iterable[tuple[str, str]]) -> bool:
        """Whether masks fulfil the constraints; also where that cannot be told.

        Args:
            choice: What would mask the column.
            column: Its type.
            values: Sampled ones. Their masks stay in memory and on the wire to the source.
            checks: Constraints as the catalog prints them, with the name they know the column by.
        """
        if choice.transform in _NOT_TRIED or not values:
            return True
        masks: list[str | None] | None = None
        for check, name in checks:
            asked = (check, column.type, repr(choice))
            if asked not in self._answers:
                masks = self._masks(choice, column, values) if masks is None else masks
                self._answers[asked] = not masks or self._admits(check, name, column, masks)
            if not self._answers[asked]:
                return False
        return True

    def _masks(self, choice: Choice, column: Column, values: Sequence[str]) -> list[str | None]:
        """Masks of some values; none where the transformer does not work on values alone."""
        try:
            transformer = registry.build(choice.transform, choice.params)
            if isinstance(transformer, RowTransformer):
                return []
            keyed = KeyedHash.derive(self._key, "trial")
            context = MaskContext(keyed, column, hash_for=lambda _: keyed)
            return transformer.apply(pl.Series(list(values[:_TRIED]), dtype=pl.String), context).to_list()
        except (TestdataError, pl.exceptions.PolarsError, ValueError, OverflowError):
            return []  # the refresh will say so

    def _admits(self, check: str, name: str, column: Column, masks: Sequence[str | None]) -> bool:
        condition = _CONDITION.fullmatch(check)
        if condition is None or _OWN_FUNCTION.search(_LITERAL.sub("''", condition.group(1))):
            return True
        # The catalog prints VALUE where a domain's constraint means the value.
        known_as = "value" if name == "VALUE" else name
        base = "text" if column.base_type in ("varchar", "bpchar") else column.base_type
        masked = sql.SQL("SELECT count(*) FROM (SELECT unnest({}::text[])::{} AS {}) AS masked WHERE NOT ").format(
            sql.Literal(list(masks)), sql.Identifier(base), sql.Identifier(known_as)
        )
        try:
            with self._sampler.limited(_SECONDS) as cursor:
                cursor.execute(masked.as_bytes(cursor) + f"({condition.group(1)})".encode())
                row = cursor.fetchone()
            return row is None or row[0] == 0
        except psycopg.errors.DataError:
            return column.base_type in TEXT_TYPES  # no number, date or the like
        except psycopg.Error:
            if self._sampler.lost:
                raise
            return True  # it reads other columns, or takes too long
