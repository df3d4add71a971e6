"""One picture: the measure that moved most, source beside image. Drawn from profiles, so it shows no raw row."""

from __future__ import annotations

import io
import textwrap
from collections.abc import Mapping
from typing import Any

from testdata_assets.postgres.identifiers import TableName
from testdata_assets.production.profile import ColumnProfile, Steps, TableProfile
from testdata_assets.validation.drift import Drift

_SOURCE, _IMAGE = "#5b6c8f", "#e08a3c"
_MOST_BARS = 12


def draw_worst(
    drifts: list[Drift], source: Mapping[TableName, TableProfile], image: Mapping[TableName, TableProfile]
) -> bytes | None:
    """A PNG of the measure with the largest value over limit; None where nothing was measured.

    Args:
        drifts: All measures.
        source: Profiles of the snapshot.
        image: Profiles of the image.
    """

    def rank(drift: Drift) -> tuple[float, bool, int]:
        known = source.get(drift.table)
        return drift.severity, drift.measure in ("values", "categories"), known.rows if known else 0

    worst = max(drifts, key=rank, default=None)
    if worst is None or worst.table not in source or worst.table not in image:
        return None
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7, 3.4), dpi=110, layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    before, after = source[worst.table], image[worst.table]
    first, second = before.column(worst.column), after.column(worst.column)
    if first is not None and second is not None and worst.measure == "values" and first.values and second.values:
        _steps(axes, first.values, second.values, "value")
    elif first is not None and second is not None and worst.measure == "lengths" and first.lengths and second.lengths:
        _steps(axes, first.lengths, second.lengths, "characters")
    elif first is not None and second is not None and "categor" in worst.measure:
        _bars(axes, first.categories or {}, second.categories or {})
    else:
        _bars(axes, *_figures(worst, before, after, first, second))
    state = "drifted" if worst.exceeded else "within its limit"
    title = f"{worst.table}.{worst.column}: {worst.measure} {worst.value:.3f} of {worst.limit:.3f}, {state}"
    axes.set_title("\n".join(textwrap.wrap(title.replace("$", r"\$"), 78)), fontsize=10)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False, fontsize=9)
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", metadata={"Software": None})
    return buffer.getvalue()


def _steps(axes: Any, first: Steps, second: Steps, label: str) -> None:
    """Both cumulative distributions."""
    for steps, colour, name, width in ((first, _SOURCE, "source", 5), (second, _IMAGE, "image", 1.8)):
        axes.step(steps.at, steps.upto, where="post", color=colour, label=name, linewidth=width)
    axes.set_xlabel(label)
    axes.set_ylabel("share of rows up to it")


def _bars(axes: Any, first: Mapping[str, float], second: Mapping[str, float]) -> None:
    """Shares side by side."""
    names = sorted({*first, *second}, key=lambda name: -max(first.get(name, 0), second.get(name, 0)))[:_MOST_BARS]
    places = range(len(names))
    for shares, shift, colour, label in ((first, -0.2, _SOURCE, "source"), (second, 0.2, _IMAGE, "image")):
        heights = [shares.get(name, 0.0) for name in names]
        axes.bar([place + shift for place in places], heights, 0.4, color=colour, label=label)
    shown = [_printable(name) for name in names]
    axes.set_xticks(
        list(places), shown, rotation=30 if len(names) > 4 else 0, ha="right" if len(names) > 4 else "center"
    )
    axes.set_ylabel("share of rows")


def _printable(name: str) -> str:
    """A category as a label: short, and in letters the built-in font has; `$` would start a formula."""
    short = name if len(name) <= 18 else name[:17] + "…"
    return "".join(letter if ord(letter) < 0x250 or letter == "…" else "·" for letter in short).replace("$", r"\$")


def _figures(
    worst: Drift,
    before: TableProfile,
    after: TableProfile,
    first: ColumnProfile | None,
    second: ColumnProfile | None,
) -> tuple[dict[str, float], dict[str, float]]:
    """A single figure of both sides, as bars."""
    if worst.measure == "association":
        a, _, b = worst.column.partition(" ~ ")
        found = [{(x, y): v for x, y, v in profile.associations}.get((a, b), 0.0) for profile in (before, after)]
        return {"association": found[0]}, {"association": found[1]}
    if first is None or second is None:
        return {worst.measure: 0.0}, {worst.measure: worst.value}
    if worst.measure == "distinct":
        share = [column.distinct / max(table.sample_rows, 1) for column, table in ((first, before), (second, after))]
        return {"distinct values": share[0]}, {"distinct values": share[1]}
    share = [
        column.nulls / max(table.rows, 1)
        if column.nulls is not None
        else column.sample_nulls / max(table.sample_rows, 1)
        for column, table in ((first, before), (second, after))
    ]
    return {"NULL": share[0]}, {"NULL": share[1]}
