"""substitute: an entry of a file of one's own."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray
from pydantic import Field, field_validator
from pydantic_core import PydanticCustomError

from testdata_assets.masking.rule_files import RulesFile
from testdata_assets.masking.transformers._present import on_present
from testdata_assets.masking.transformers.base import (
    NOTHING,
    TEXT_TYPES,
    Coincidence,
    Guarantees,
    MaskContext,
    Params,
    Transformer,
    Uniqueness,
)
from testdata_assets.masking.transformers.constant import Constant, ConstantParams
from testdata_assets.masking.transformers.registry import register
from testdata_assets.masking.transformers.text import fold
from testdata_assets.production.catalog import Column


class SubstituteParams(Params):
    """Parameters of `substitute`."""

    file: RulesFile = Field(
        description="Text file with one entry a line, by its path from the rules folder (or absolute)."
    )

    @field_validator("file")
    @classmethod
    def _a_choice(cls, file: RulesFile) -> RulesFile:
        if len({line.lower() for line in file.lines}) < 2:
            raise PydanticCustomError("rules_file", "the file needs two different entries at least")
        return file


@register
class Substitute(Transformer[SubstituteParams]):
    """Replaces a value by an entry of a pool that the rules bring along.

    The value's hash picks the entry, never the value itself. Blank lines and repeated entries do not count, and
    neither do entries that a narrow column does not admit. The file's content is part of the rules' digest.
    """

    name = "substitute"
    summary = "Replaces a value by an entry of a file that the rules name."
    params_model = SubstituteParams
    guarantees = Guarantees(uniqueness=Uniqueness.LOSSY, coincidence=Coincidence.MAY_COINCIDE)
    distribution = NOTHING

    def problems(self, column: Column) -> tuple[str, ...]:
        file = self.params.file
        if column.base_type in TEXT_TYPES:
            if len(self._entries(63 if column.base_type == "name" else column.max_length)) < 2:
                return (f"fewer than two entries of {file} fit {column.type}, or a narrower column of its domain",)
            return ()
        unfit = sum(1 for line in file.lines if Constant(ConstantParams(value=line)).problems(column))
        return (f"{unfit} of {len(file.lines)} entries of {file} are no values of {column.type}",) if unfit else ()

    def apply(self, values: pl.Series, context: MaskContext) -> pl.Series:
        return on_present(values, context, lambda present: self._chosen(present, context))

    def _entries(self, limit: int | None) -> list[str]:
        lines = self.params.file.lines
        return [line for line in lines if limit is None or len(line) <= limit]

    def _chosen(self, values: pl.Series, context: MaskContext) -> pl.Series:
        entries = pl.Series(self._entries(context.max_length), dtype=pl.String)
        first, second = context.hash.for_purpose(self.name).draws(fold(values) if context.fold_case else values)
        places = first % np.uint64(len(entries))
        chosen = entries.gather(_indices(places))
        own = (fold(chosen) == fold(values)).to_numpy()
        if not own.any():
            return chosen
        # Any entry but the value itself; two that differ in case only are one.
        forms = fold(entries)
        for _ in range(len(entries)):
            places = np.where(
                own, (places + np.uint64(1) + second % np.uint64(len(entries) - 1)) % len(entries), places
            )
            second = np.zeros_like(second)
            own = (forms.gather(_indices(places)) == fold(values)).to_numpy()
            if not own.any():
                break
        return entries.gather(_indices(places))


def _indices(places: NDArray[Any]) -> pl.Series:
    return pl.Series(places.astype(np.uint32))
