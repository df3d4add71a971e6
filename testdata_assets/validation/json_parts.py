"""Parting the strings of JSON documents that are masked by path: which leaf was to be masked, and how.

A search may then treat a kept leaf like a kept column and a masked leaf like a masked one.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import numpy as np
import polars as pl

from testdata_assets.errors import RefusedError
from testdata_assets.masking.canonical import MINIMUM_DIGITS
from testdata_assets.masking.json_paths import JsonPattern, PathMatcher
from testdata_assets.masking.json_pieces import PIECE_BYTES, pieces
from testdata_assets.masking.json_tokens import KEY, SCALAR, STRING, tokenise
from testdata_assets.masking.nested_rules import part_column
from testdata_assets.masking.transformers.base import Coincidence, Transformer
from testdata_assets.masking.transformers.json import Json
from testdata_assets.production import bulky
from testdata_assets.production.catalog import Column
from testdata_assets.validation import long_values
from testdata_assets.validation.column_hits import Role
from testdata_assets.validation.text_values import texts

# Transformers whose inputs are prose: phrases out of them prove nothing when found inside other prose.
PROSE = frozenset({"free_text", "scramble", "hash"})
_ROLES: dict[Coincidence, Role] = {Coincidence.UNCHANGED: "kept", Coincidence.DISJOINT: "disjoint"}


class JsonParts:
    """Parts documents by the rules of one `json` transformer. Thread-safe.

    Args:
        transformer: With its paths.
        column: The column, for what its rules promise on it.
    """

    def __init__(self, transformer: Json, column: Column) -> None:
        rules = transformer.params.paths
        built = [rule.build() for rule in rules.values()]
        patterns = [JsonPattern.parse(path) for path in rules]
        # The order of winners is the transformer's own: the more specific, then the stricter, then by name.
        ranks = [
            (pattern.specificity, each.name != "keep", pattern.text)
            for pattern, each in zip(patterns, built, strict=True)
        ]
        self._matcher = PathMatcher(patterns, ranks)
        self._roles: list[Role] = [
            _ROLES.get(each.guarantees_for(part_column(column)).coincidence, "masked") for each in built
        ]
        self.holds_prose = any(each.name in PROSE for each in built)
        self._trusted = column.base_type in ("json", "jsonb")

    @staticmethod
    def domains(transformer: Transformer[Any]) -> set[str]:
        """The domains that the rules nested in a `json` transformer name; none for other transformers."""
        if not isinstance(transformer, Json):
            return set()
        return {rule.domain for rule in transformer.params.paths.values() if rule.domain is not None}

    def portions(self, documents: pl.Series) -> Iterator[tuple[Role, pl.Series]]:
        """What `part` says, long documents and long texts in them by pieces: a role may come several times."""
        long = bulky.lengths(documents) > PIECE_BYTES
        if not long.all():
            yield from self.part(documents.filter(pl.Series(~long)) if long.any() else documents).items()
        for row in np.flatnonzero(long).tolist():
            yield from self._pieces(documents.slice(row, 1))

    def _pieces(self, document: pl.Series) -> Iterator[tuple[Role, pl.Series]]:
        parts = (self.part(piece.text) for piece in pieces(document, self._matcher.told_elements))
        try:
            for role, found in itertools.chain.from_iterable(part.items() for part in parts):
                values, long = long_values.apart(found)
                if values.len():
                    yield role, values
                for each in long.values():
                    yield from ((role, portion) for portion in long_values.portions(each, "plain"))
        except RefusedError:  # by `pieces`: no JSON
            values, _ = long_values.apart(document)
            if values.len():
                yield "kept", values
            for each in long_values.apart(document)[1].values():
                yield from (("kept", portion) for portion in long_values.portions(each, "plain"))

    def part(self, documents: pl.Series) -> dict[Role, pl.Series]:
        """Strings and long numbers by the role of their path; keys, and leaves that no path covers, count as kept.

        Args:
            documents: String series without nulls, COPY escapes undone. What is no JSON counts as kept text.
        """
        try:
            tokens = tokenise(documents, trusted=self._trusted)
        except RefusedError:
            return {"kept": pl.concat([documents.alias("v"), texts(documents, "json").alias("v")])}
        kinds = tokens.kinds[tokens.leaves]
        lengths = tokens.ends[tokens.leaves] - tokens.starts[tokens.leaves]
        chosen = (kinds == STRING) | ((kinds == SCALAR) & (lengths >= MINIMUM_DIGITS))
        strings = tokens.leaves[chosen]
        winners = tokens.winners(self._matcher)[chosen]
        found: dict[Role, pl.Series] = {}
        for role in ("kept", "masked", "disjoint"):
            numbers = [number for number, each in enumerate(self._roles) if each == role]
            chosen = np.isin(winners, [*numbers, -1] if role == "kept" else numbers)
            positions = strings[chosen]
            if role == "kept":
                positions = np.concatenate([positions, np.flatnonzero(tokens.kinds == KEY)])
            numbers_here = tokens.kinds[positions] == SCALAR
            parts = [tokens.strings(positions[~numbers_here]), tokens.texts(positions[numbers_here])]
            if len(positions):
                found[role] = pl.concat([part.alias("v") for part in parts if part.len()])
        return found
