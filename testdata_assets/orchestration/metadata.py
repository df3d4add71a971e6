"""Results of the rooms below as Dagster metadata: plain numbers, tables, a picture. No raw value passes here.

Every number is converted, because a numpy scalar in metadata fails the run.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import dagster as dg

if TYPE_CHECKING:
    from testdata_assets.validation.report import ValidationReport

SHOWN_ROWS = 100
_PICTURE_LIMIT = 400_000  # bytes; event rows are read as a whole by the UI
_PICTURES = {
    "drift_map": "tables by columns, coloured by drift",
    "worst_drift": "distributions that moved most, before and after",
    "drift_trend": "drift of the last images",
}


def plain(value: object) -> Any:
    """A value as JSON knows it: numpy scalars as numbers, tuples and sets as lists, mappings with text keys."""
    if value is None or type(value) in (bool, int, float, str):
        return value
    if isinstance(value, str):
        return str(value)
    if isinstance(value, Mapping):
        return {str(key): plain(entry) for key, entry in value.items()}
    if getattr(value, "shape", None) == () and hasattr(value, "item"):
        return value.item()  # a numpy scalar; np.float64 passes for a float, yet Dagster refuses it
    if isinstance(value, Iterable):
        return [plain(entry) for entry in value]
    return str(value)


def number(value: object) -> int | float:
    """A Python number of whatever number it is."""
    converted = plain(value)
    if isinstance(converted, int | float):
        return converted
    return float(converted)


def volume(rows: int | None, size: int | None, seconds: float | None) -> dict[str, Any]:
    """Rows, bytes, seconds and rows per second, under names that Dagster plots over time."""
    rows_, size_, seconds_ = int(rows or 0), int(size or 0), float(seconds or 0.0)
    return {
        "dagster/row_count": rows_,
        "bytes": size_,
        "seconds": round(seconds_, 3),
        "rows_per_second": round(rows_ / seconds_) if seconds_ > 0 else 0,
    }


def counts_table(counts: Mapping[str, object], name: str, value: str) -> dg.MetadataValue[Any]:
    """A two-column table, biggest first."""
    ordered = sorted(((str(key), number(count)) for key, count in counts.items()), key=lambda pair: -pair[1])
    records = [dg.TableRecord({name: key, value: count}) for key, count in ordered]
    schema = dg.TableSchema(columns=[dg.TableColumn(name, "string"), dg.TableColumn(value, "int")])
    return dg.MetadataValue.table(records, schema)


def records_table(rows: Sequence[Mapping[str, object]], columns: Sequence[str]) -> dg.MetadataValue[Any]:
    """A table of the first rows; what is neither text, number nor boolean becomes text."""
    records = [dg.TableRecord({column: _cell(row.get(column)) for column in columns}) for row in rows[:SHOWN_ROWS]]
    schema = dg.TableSchema(columns=[dg.TableColumn(column, _kind(records, column)) for column in columns])
    return dg.MetadataValue.table(records, schema)


def column_schema(columns: Iterable[Mapping[str, Any]]) -> dg.TableSchema:
    """The image's columns with tags `pii` and `masked_by`, for the asset's Columns tab.

    Args:
        columns: Mappings with `table`, `column`, `type`, `pii` and `transform`.
    """
    described = []
    for column in columns:
        tags = {"masked_by": str(column["transform"])}
        if column.get("pii"):
            tags["pii"] = str(column["pii"])
        described.append(dg.TableColumn(f"{column['table']}.{column['column']}", str(column["type"]), tags=tags))
    return dg.TableSchema(columns=described)


def picture(png: bytes | None, alt: str) -> dg.MetadataValue[Any] | None:
    """A PNG inside a markdown value, which the UI shows; None where there is none or it is too big."""
    if png is None or len(png) > _PICTURE_LIMIT:
        return None
    return dg.MetadataValue.md(f"![{alt}](data:image/png;base64,{base64.b64encode(png).decode('ascii')})")


def drift(report: ValidationReport | None) -> dict[str, Any]:
    """The drift tables, worst first, and the pictures; nothing where no report is at hand."""
    if report is None:
        return {}
    columns = ["table", "column", "measure", "value", "limit", "drifted"]
    pictures = {
        name: picture(report.pictures[name](), alt) for name, alt in _PICTURES.items() if name in report.pictures
    }
    moved = [each for each in report.drift_since or () if each["drifted"]]
    return {
        "drift": records_table(report.drift_table, columns),
        **({} if report.drift_since is None else {"measures_changed_since_last_image": len(moved)}),
        **({"changed_since_last_image": records_table(moved, columns)} if moved else {}),
        **{name: shown for name, shown in pictures.items() if shown is not None},
    }


def limits(known: Mapping[str, object]) -> dict[str, Any]:
    """The thresholds of a check, each under a name of its own, so that Dagster plots them beside the figures."""
    return {f"limit_{name}": number(value) for name, value in known.items() if not isinstance(value, str)}


def _cell(value: object) -> str | int | float | bool | None:
    converted = plain(value)
    return converted if converted is None or isinstance(converted, str | int | float | bool) else str(converted)


def _kind(records: Sequence[dg.TableRecord], column: str) -> str:
    values = [record.data[column] for record in records if record.data[column] is not None]
    if values and all(isinstance(value, bool) for value in values):
        return "bool"
    if values and all(isinstance(value, int | float) and not isinstance(value, bool) for value in values):
        return "float" if any(isinstance(value, float) for value in values) else "int"
    return "string"
