"""Pictures of drift, drawn from profiles alone: a map of all columns, the worst five before and after, the trend.

Nothing of production's rows is shown: distributions by quantiles of many rows, categories by rank instead of by
value (labels of enums and booleans are part of the schema and may be named), of masked columns only how far they moved.
"""

from __future__ import annotations

import io
import textwrap
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import numpy as np

from testdata_assets.postgres.identifiers import TableName
from testdata_assets.production.figures import Steps
from testdata_assets.production.profile import ColumnProfile, TableProfile
from testdata_assets.validation.distances import group_sizes, sizes_shown
from testdata_assets.validation.drift import Drift
from testdata_assets.validation.history import SHOWN_IMAGES, PastImage, Track

_SOURCE, _IMAGE, _LIMIT, _QUIET = "#5b6c8f", "#e08a3c", "#b3372f", "#8a8f98"
_LINES = ("#5b6c8f", "#e08a3c", "#4f9a8b", "#a0699c", "#8f8547")
_MOST_BARS, _MOST_NAMED = 24, 12
_WORST = 5
_BINS = 24
_MOST_SHOWN = 5  # times its limit
_MOST_TABLES, _MOST_COLUMNS = 30, 16
_OF_VALUES = ("values", "cut", "scale", "categories", "dropped category", "hours", "weekdays", "other categories")
_HOURS = tuple(map(str, range(24)))
_WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")

Profiles = Mapping[TableName, TableProfile]
Shares = Mapping[str, float]


def draw_worst(drifts: Sequence[Drift], source: Profiles, image: Profiles) -> bytes | None:
    """A PNG of the five columns that moved most, before and after; None where nothing was measured.

    Args:
        drifts: All measures.
        source: Profiles of the snapshot.
        image: Profiles of the image.
    """

    def rank(drift: Drift) -> tuple[float, bool, int]:
        known = source.get(drift.table)
        return drift.severity, drift.measure in ("values", "categories"), known.rows if known else 0

    chosen: dict[tuple[TableName, str], Drift] = {}
    for drift in sorted(drifts, key=rank, reverse=True):
        if drift.table in source and drift.table in image:
            chosen.setdefault((drift.table, drift.column), drift)
        if len(chosen) == _WORST:
            break
    if not chosen:
        return None
    columns = min(len(chosen), 2)
    rows = -(-len(chosen) // columns)
    figure = _figure(7 if columns == 1 else 10, 2.9 * rows + 0.3)
    for place, drift in enumerate(chosen.values()):
        axes = figure.add_subplot(rows, columns, place + 1)
        _draw_one(axes, drift, source[drift.table], image[drift.table])
        state = "drifted" if drift.exceeded else "within its limit"
        title = f"{_label(f'{drift.table}.{drift.column}', 90)}: {drift.measure} {drift.value:.3f} "
        title += f"of {drift.limit:.3f}, {state}"
        axes.set_title("\n".join(textwrap.wrap(title, 62)), fontsize=9, color=_LIMIT if drift.exceeded else "#222222")
        _plain(axes)
        axes.legend(frameon=False, fontsize=8)
    return _png(figure)


def draw_map(drifts: Sequence[Drift], image: Profiles) -> bytes | None:
    """A PNG of tables by columns, each coloured by its worst measure over its limit; None without measures.

    Tables and columns that moved most are shown where there are too many; columns stand in the order of the table.

    Args:
        drifts: All measures.
        image: Profiles of the image, for the order of columns.
    """
    severity: dict[TableName, dict[str, float]] = {}
    for drift in drifts:
        known = severity.setdefault(drift.table, {})
        for column in drift.column.split(" ~ "):
            known[column] = max(known.get(column, 0.0), drift.severity)
    if not severity:
        return None
    tables = sorted(severity, key=lambda table: (-max(severity[table].values()), str(table)))
    shown = {table: _columns_shown(severity[table], image.get(table)) for table in tables[:_MOST_TABLES]}
    width = max(len(columns) for columns in shown.values())
    grid = np.full((len(shown), width), np.nan)
    for row, (table, columns) in enumerate(shown.items()):
        grid[row, : len(columns)] = [severity[table][column] for column in columns]
    figure = _figure(2.6 + 0.8 * width, 1.3 + 0.34 * len(shown))
    axes = figure.add_subplot()
    picture = axes.pcolormesh(grid, cmap=_map_colours(), vmin=0, vmax=2, edgecolors="white", linewidth=1.5)
    for row, columns in enumerate(shown.values()):
        for place, column in enumerate(columns):
            loud = grid[row, place] > 1
            axes.text(
                place + 0.5,
                row + 0.5,
                _label(column, 12),
                ha="center",
                va="center",
                fontsize=7,
                color="white" if grid[row, place] > 1.5 else "#222222",
                weight="bold" if loud else "normal",
            )
    axes.set_yticks(np.arange(len(shown)) + 0.5, [_label(str(table), 32) for table in shown], fontsize=8)
    axes.set_xticks([])
    axes.invert_yaxis()
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    hidden = len(severity) - len(shown)
    cut = sum(len(severity[table]) - len(columns) for table, columns in shown.items())
    more = [f"{hidden} tables" * bool(hidden), f"{cut} columns" * bool(cut)]
    note = " and ".join(each for each in more if each)
    drifted = sum(1 for known in severity.values() for value in known.values() if value > 1)
    title = f"{drifted} of {sum(map(len, severity.values()))} columns drifted"
    axes.set_title(title + (f" ({note} that moved less are not shown)" if note else ""), fontsize=10, loc="left")
    bar = figure.colorbar(picture, ax=axes, shrink=min(1.0, 2.4 / (0.34 * len(shown) + 0.5)), pad=0.02)
    bar.set_ticks([0, 1, 2], labels=["0", "limit", "twice"], fontsize=8)
    bar.outline.set_visible(False)
    return _png(figure)


def draw_trend(past: Sequence[PastImage], newest: Mapping[str, Any], tracked: Sequence[Track]) -> bytes | None:
    """A PNG of the last images: their worst measure over its limit, and how far each lies from the newest one.

    Args:
        past: Images published before, oldest first.
        newest: The `drift` part of what the registry keeps of the new image.
        tracked: Measures to follow.

    Returns:
        None where no image was published before.
    """
    past = past[-SHOWN_IMAGES:]
    if not past:
        return None
    figure = _figure(10, 3.6)
    first, second = figure.add_subplot(1, 2, 1), figure.add_subplot(1, 2, 2)
    labels = [each.published_at.astimezone(UTC).strftime("%d %b %H:%M") for each in past] + ["this one"]
    places = range(len(labels))
    for name, colour, values in (
        ("against its snapshot", _SOURCE, [*(each.severity for each in past), newest.get("severity")]),
        ("against the image before", _IMAGE, [*(each.severity_since for each in past), newest.get("severity_since")]),
    ):
        heights = [np.nan if value is None else min(float(value), _MOST_SHOWN) for value in values]
        first.plot(places, heights, marker="o", markersize=4, color=colour, label=name)
    first.set_title("Worst measure of each image, over its limit", fontsize=10, loc="left")
    first.legend(frameon=False, fontsize=8)
    order = {each.golden_id: place for place, each in enumerate(past)}
    for colour, track in zip(_LINES, tracked, strict=False):
        points = sorted((order[image], min(far, _MOST_SHOWN)) for image, far in track.distances if image in order)
        points.append((len(past), 0.0))
        label = _label(f"{track.table}.{track.column}: {track.measure}", 52)
        second.plot(*zip(*points, strict=True), marker="o", markersize=4, color=colour, label=label)
    second.set_title("How far each lies from this one, over the limit", fontsize=10, loc="left")
    if tracked:
        second.legend(frameon=False, fontsize=7)
    for axes in (first, second):
        axes.axhline(1, color=_LIMIT, linewidth=1, linestyle="--")
        axes.text(0, 1, "limit", color=_LIMIT, fontsize=8, va="bottom")
        top = max(1.3, axes.get_ylim()[1])
        axes.set_ylim(0, top)
        if top > _MOST_SHOWN:
            axes.set_yticks(range(_MOST_SHOWN + 1), [*map(str, range(_MOST_SHOWN)), f"{_MOST_SHOWN} or more"])
        axes.set_xticks(list(places), labels, rotation=35, ha="right", fontsize=8)
        _plain(axes)
    return _png(figure)


def _draw_one(axes: Any, drift: Drift, before: TableProfile, after: TableProfile) -> None:
    """Source beside image, in the way that fits the measure."""
    first, second = before.column(drift.column), after.column(drift.column)
    if first is None or second is None:
        _bars(axes, *_pair_figures(drift, before, after))
        axes.set_ylabel("strength", fontsize=8)
    elif first.masked and drift.measure in _OF_VALUES:
        _withheld(axes, drift)
    elif drift.measure in ("values", "cut", "scale") and first.values and second.values:
        _histogram(axes, first.values, second.values, time=first.kind == "time")
    elif drift.measure in ("lengths", "length cut") and first.lengths and second.lengths:
        _histogram(axes, first.lengths, second.lengths, label="characters")
    elif "categor" in drift.measure:
        _bars(axes, *_named(first, second))
    elif drift.measure == "hours":
        _bars(axes, _numbered(first.hours, _HOURS), _numbered(second.hours, _HOURS))
    elif drift.measure == "weekdays":
        _bars(axes, _numbered(first.weekdays, _WEEKDAYS), _numbered(second.weekdays, _WEEKDAYS))
    elif drift.measure == "characters":
        _bars(axes, first.classes or {}, second.classes or {})
        axes.set_ylabel("share of values", fontsize=8)
    elif drift.measure in ("fan-out", "frequencies"):
        for column, colour, name, width in ((first, _SOURCE, "source", 5), (second, _IMAGE, "image", 1.8)):
            axes.plot(sizes_shown(), group_sizes(column.multiplicities, 1.0), color=colour, label=name, linewidth=width)
        axes.set_xscale("log")
        axes.set_xlabel("rows of the sample for a value", fontsize=8)
        axes.set_ylabel("share of values up to it", fontsize=8)
    else:
        _bars(axes, *_column_figures(drift, before, after, first, second))


def _withheld(axes: Any, drift: Drift) -> None:
    """How far a masked column moved, without a value of it."""
    axes.bar([0], [drift.limit], 0.4, color=_SOURCE, label="limit")
    axes.bar([1], [drift.value], 0.4, color=_IMAGE, label="moved by")
    axes.set_xlim(-1, 2)
    axes.set_xticks([])
    axes.set_xlabel("values of masked columns are not shown", fontsize=8)
    axes.set_ylabel(drift.measure, fontsize=8)


def _histogram(axes: Any, first: Steps, second: Steps, *, time: bool = False, label: str = "value") -> None:
    """Rows in bins of equal width between the outermost known quantiles; wide ranges on a logarithmic axis."""
    low = min(first.at[0], second.at[0])
    high = max(first.at[-1], second.at[-1])
    wide = not time and low > 0 and high / low > 100
    edges = np.geomspace(low, high, _BINS + 1) if wide else np.linspace(low, high, _BINS + 1)
    if high <= low:
        edges = np.linspace(low - 0.5, low + 0.5, 3)
    heights = [_in_bins(steps, edges) for steps in (first, second)]
    axes.stairs(heights[0], edges, fill=True, color=_SOURCE, alpha=0.45, label="source")
    axes.stairs(heights[1], edges, color=_IMAGE, linewidth=1.8, label="image")
    if wide:
        axes.set_xscale("log")
    if time:
        ticks = np.linspace(low, high, 4)
        axes.set_xticks(ticks, [datetime.fromtimestamp(tick, UTC).strftime("%Y-%m-%d") for tick in ticks])
    axes.set_xlabel("date" if time else label, fontsize=8)
    axes.set_ylabel("share of rows", fontsize=8)


def _in_bins(steps: Steps, edges: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Share of rows between edges: atoms at known values, the rest spread evenly between them."""
    at, below, upto = (np.asarray(part) for part in (steps.at, steps.below, steps.upto))
    heights, _ = np.histogram(at, edges, weights=upto - below)
    if len(at) > 1:
        between = np.maximum(below[1:] - upto[:-1], 0)
        cumulated = np.concatenate([[0.0], np.cumsum(between)])
        heights = heights + np.diff(np.interp(edges, at, cumulated))
    heights[0] += below[0]
    heights[-1] += 1 - upto[-1]
    return np.asarray(heights)


def _bars(axes: Any, first: Shares, second: Shares) -> None:
    """Shares side by side, in the order of the first."""
    names = list(dict.fromkeys([*first, *second]))[:_MOST_BARS]
    places = np.arange(len(names))
    for shares, shift, colour, label in ((first, -0.2, _SOURCE, "source"), (second, 0.2, _IMAGE, "image")):
        axes.bar(places + shift, [shares.get(name, 0.0) for name in names], 0.4, color=colour, label=label)
    axes.set_xlim(min(-0.6, len(names) / 2 - 2), max(len(names) - 0.4, len(names) / 2 + 1))
    turned = len(names) > 5 and max(map(len, names)) > 3
    axes.set_xticks(
        places,
        [_label(name, 18) for name in names],
        rotation=30 if turned else 0,
        ha="right" if turned else "center",
        fontsize=8,
    )
    axes.set_ylabel("share of rows", fontsize=8)


def _named(first: ColumnProfile, second: ColumnProfile) -> tuple[Shares, Shares]:
    """Categories of both, the source's most frequent first; called by rank, except where the schema lists them."""
    one, other = first.categories or {}, second.categories or {}
    order = sorted({*one, *other}, key=lambda name: (-one.get(name, 0.0), -other.get(name, 0.0), name))[:_MOST_NAMED]
    if first.kind != "category":
        names = {name: f"#{place + 1}" if name in one else f"new {place + 1}" for place, name in enumerate(order)}
    else:
        names = {name: {"t": "true", "f": "false"}.get(name, name) for name in order}
    return {names[name]: one.get(name, 0.0) for name in order}, {names[name]: other.get(name, 0.0) for name in order}


def _numbered(shares: Sequence[float] | None, names: Sequence[str]) -> Shares:
    return dict(zip(names, shares or [0.0] * len(names), strict=True))


def _pair_figures(drift: Drift, before: TableProfile, after: TableProfile) -> tuple[Shares, Shares]:
    """The strength of an association in both."""
    a, _, b = drift.column.partition(" ~ ")
    known = [
        {pair[:2]: pair[2] for pair in pairs[drift.measure]}
        for pairs in (
            {
                "association": profile.associations,
                "rank correlation": profile.correlations,
                "dependency": profile.dependencies,
            }
            for profile in (before, after)
        )
    ]
    return {drift.measure: known[0].get((a, b), 0.0)}, {drift.measure: known[1].get((a, b), 0.0)}


def _column_figures(
    drift: Drift, before: TableProfile, after: TableProfile, first: ColumnProfile, second: ColumnProfile
) -> tuple[Shares, Shares]:
    """A single figure of both sides."""
    sides = ((first, before), (second, after))
    if drift.measure == "distinct":
        found = [column.distinct / max(table.sample_rows - column.sample_nulls, 1) for column, table in sides]
        return {"different values": found[0]}, {"different values": found[1]}
    found = [
        column.nulls / max(table.rows, 1)
        if column.nulls is not None
        else column.sample_nulls / max(table.sample_rows, 1)
        for column, table in sides
    ]
    return {"NULL": found[0]}, {"NULL": found[1]}


def _columns_shown(severity: Mapping[str, float], table: TableProfile | None) -> list[str]:
    worst = set(sorted(severity, key=lambda column: -severity[column])[:_MOST_COLUMNS])
    order = {column.name: place for place, column in enumerate(table.columns)} if table else {}
    return sorted(worst, key=lambda column: (order.get(column, len(order)), column))


def _label(name: str, most: int) -> str:
    """A label: short, and in letters the built-in font has; `$` would start a formula."""
    short = name if len(name) <= most else name[: most - 1] + "…"
    return "".join(letter if _drawable(letter) else "·" for letter in short).replace("$", r"\$")


def _drawable(letter: str) -> bool:
    return letter.isprintable() and (ord(letter) < 0x250 or letter == "…")


def _map_colours() -> Any:
    from matplotlib.colors import LinearSegmentedColormap

    return LinearSegmentedColormap.from_list(
        "drift", [(0, "#f3f5f8"), (0.45, "#d5dfea"), (0.5, "#f6d9a8"), (0.75, "#e08a3c"), (1, _LIMIT)]
    )


def _figure(width: float, height: float) -> Any:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), dpi=100, layout="constrained", facecolor="white")
    FigureCanvasAgg(figure)
    return figure


def _plain(axes: Any) -> None:
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color(_QUIET)
    axes.tick_params(labelsize=8, color=_QUIET)


def _png(figure: Any) -> bytes:
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", metadata={"Software": None})
    return buffer.getvalue()
