"""gender_title: another form of address of the same language and kind."""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray

from testdata_assets.masking.text_arrays import merge_rows
from testdata_assets.masking.transformers._peers import Peers, cased_like, peers, read_lists
from testdata_assets.masking.transformers._present import on_present
from testdata_assets.masking.transformers.base import (
    NOTHING,
    Coincidence,
    Guarantees,
    MaskContext,
    Params,
    Transformer,
    Uniqueness,
)
from testdata_assets.masking.transformers.registry import register
from testdata_assets.masking.transformers.text import Draw, scrambled

_FILE = "titles.txt"


@register
class GenderTitle(Transformer[Params]):
    """Replaces forms of address by others of the same language and kind: Mr by Ms, Herr by Frau, Prof. by Dr.

    Short forms stay short, academic titles academic; a full stop and the case stay. Several titles behind each
    other are replaced one by one; what is no known title is permuted. There are few titles, so a mask says little
    less than the value: where that matters draw it anew with `choice`, or make all alike with `constant`.
    """

    name = "gender_title"
    summary = "Replaces titles such as Mr, Frau or Mme by others of the same language and kind."
    base_types = frozenset({"text"})
    guarantees = Guarantees(uniqueness=Uniqueness.LOSSY, coincidence=Coincidence.MAY_COINCIDE, preserves_format=True)
    distribution = NOTHING

    def apply(self, values: pl.Series, context: MaskContext) -> pl.Series:
        return on_present(values, context, lambda present: self._titled(present, context))

    def _titled(self, values: pl.Series, context: MaskContext) -> pl.Series:
        known = peers(_FILE, tuple(read_lists(_FILE)), context.max_length)
        result, missed = _replaced(values, known, context)
        rows = np.flatnonzero(missed)
        if not len(rows):
            return result
        # Titles behind each other: word by word, blanks as they were.
        rest = values.gather(pl.Series(rows))
        words = rest.str.extract_all(r"[^\s]+|\s+")
        flat = words.explode()
        replaced, unknown = _replaced(flat, known, context)
        blank = (flat.str.strip_chars() == "").to_numpy()
        odd = np.flatnonzero(unknown & ~blank)
        if len(odd):
            draw = Draw(flat.gather(pl.Series(odd)), context.hash.for_purpose(self.name), context)
            replaced = merge_rows(replaced, odd, scrambled(draw))
        owners = np.repeat(np.arange(len(rest)), words.list.len().to_numpy())
        joined = (
            pl.DataFrame({"row": owners, "word": replaced}).group_by("row", maintain_order=True).agg("word")["word"]
        ).list.join("")
        fits = joined if context.max_length is None else joined.str.slice(0, context.max_length)
        return merge_rows(result, rows, fits)


def known_share(values: pl.Series) -> float:
    """Share of values that are known titles; others are permuted (`M` and `F`, as well as what is no title)."""
    lists, _ = peers(_FILE, tuple(read_lists(_FILE)), None).recognised(values.str.strip_suffix("."))
    return float((lists >= 0).mean()) if len(values) else 0.0


def _replaced(values: pl.Series, known: Peers, context: MaskContext) -> tuple[pl.Series, NDArray[np.bool_]]:
    """Known titles replaced, and which values are none."""
    lists, places = known.recognised(values)
    stopped = lists < 0
    if stopped.any():
        # `Mr.` is `Mr` with a full stop behind; lists hold full stops only where they belong to the form.
        bare = values.str.strip_suffix(".")
        bare_lists, bare_places = known.recognised(bare)
        stopped &= (bare_lists >= 0) & (bare.str.len_bytes() < values.str.len_bytes()).to_numpy()
        lists, places = np.where(stopped, bare_lists, lists), np.where(stopped, bare_places, places)
    rows = np.flatnonzero(lists >= 0)
    moved = known.moved(lists[rows], places[rows], context.hash.for_purpose(GenderTitle.name))
    where = pl.Series(rows)
    given = pl.DataFrame({"v": values.gather(where), "s": stopped[rows]})
    without = given.select(pl.when("s").then(pl.col("v").str.strip_suffix(".")).otherwise("v")).to_series()
    cased = cased_like(without, moved, known.listed(lists[rows], places[rows]))
    limit = context.max_length
    frame = pl.DataFrame({"w": cased, "s": stopped[rows]})
    full = pl.col("w") + pl.when("s").then(pl.lit(".")).otherwise(pl.lit(""))
    written = frame.select(full if limit is None else pl.when(full.str.len_chars() <= limit).then(full).otherwise("w"))
    return merge_rows(values, rows, written.to_series()) if len(rows) else values, lists < 0
