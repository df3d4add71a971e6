"""Before and after of a few rows: masked by the plan as a refresh would, the raw side as shapes unless revealed.

Without `reveal` nothing that production says is in the result: raw values are shapes, and so is whatever of a masked
value stayed as it was: kept columns, kept leaves of documents, rows that a condition leaves alone. The masking is the
engine's own.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

from testdata_assets.errors import UsageFault
from testdata_assets.masking import copy_text
from testdata_assets.masking.engine import TableMasker
from testdata_assets.masking.hashing import KeyedHash
from testdata_assets.masking.keyring import Hashes, KeyRing
from testdata_assets.masking.plan_models import ColumnPlan, MaskingPlan, TablePlan
from testdata_assets.masking.plan_transformers import NULL
from testdata_assets.masking.rule_models import ColumnRef
from testdata_assets.masking.transformers.base import Coincidence, RowTransformer
from testdata_assets.masking.value_shapes import (
    json_shape,
    masked_json,
    shape,
    without,
    without_phrases,
    without_words,
    words_of,
)
from testdata_assets.postgres.identifiers import TableName
from testdata_assets.production.few_rows import few_rows
from testdata_assets.production.source import OpenSource
from testdata_assets.progress import current_progress

Status = Literal["kept", "masked", "nulled", "null"]

MAX_ROWS = 100
_LONGEST = 2000  # characters of a value that are shown
_READ = 8  # rows read for one that is shown, so that columns that are rarely filled are seen filled
_MOST_READ = 200
_KEY = re.compile(r"[^\s.\[\]'\"*$]+")
_JSON = ("json", "jsonb")


@dataclass(frozen=True)
class Cell:
    """One value.

    Attributes:
        before: Its shape, or the raw value where revealed; None for NULL.
        after: As it will be in the image; what stayed is a shape unless revealed. None for NULL.
        status: `kept` as it was, `masked`, `nulled` by its rule, or `null` before and after.
    """

    before: str | None
    after: str | None
    status: Status


@dataclass(frozen=True)
class PreviewColumn:
    """One stored column with its rule, as the plan has it."""

    name: str
    type: str
    transformer: str
    domain: str | None
    pii: str | None
    status: Status
    inherited_from: str | None = None


@dataclass(frozen=True)
class PreviewTable:
    """A few rows of one table, partitions under their root.

    Attributes:
        table: As rules write it.
        mode: mask, keep, truncate or synthesize.
        estimated_rows: Rows of the whole table, about.
        rows: Cells by row, in the order of `columns`.
    """

    table: str
    mode: str
    estimated_rows: int
    columns: tuple[PreviewColumn, ...]
    rows: tuple[tuple[Cell, ...], ...]


@dataclass(frozen=True)
class Preview:
    """The whole preview."""

    tables: tuple[PreviewTable, ...]
    revealed: bool
    key_id: str
    rules_digest: str

    def as_json(self) -> dict[str, Any]:
        """The document of `testdata preview --json`."""
        return asdict(self)


def preview(
    source: OpenSource,
    plan: MaskingPlan,
    keys: KeyRing,
    *,
    tables: Sequence[str] = (),
    rows: int = 5,
    reveal: bool = False,
) -> Preview:
    """Reads a few rows of some tables and masks them.

    Args:
        source: Held open.
        plan: Of this source.
        keys: The keys the image would be masked with.
        tables: `schema.table`, or the bare name where one table only has it; none for all with masked columns.
        rows: At most so many of each table.
        reveal: Whether raw values may be in the result.

    Raises:
        UsageFault: No such table.
        EnvironmentLack: A table cannot be read.
        TestdataError: A transformer refused a value, as it would in a refresh.
    """
    groups = _chosen(plan, tables)
    hash_for = Hashes(keys)
    found = []
    with current_progress().task("Reading a few rows", len(groups), "tables") as advance:
        for name, leaves in groups.items():
            found.append(_preview_table(source, name, leaves, hash_for, rows, reveal))
            advance(1)
    return Preview(tuple(found), reveal, plan.key_id, plan.rules_digest)


def preview_rows(
    plan: TablePlan, block: bytes, hash_for: Callable[[str], KeyedHash], *, reveal: bool = False
) -> list[tuple[Cell, ...]]:
    """Masks COPY lines of one table and sets them beside their shapes; rows that the rules leave out are left out.

    Args:
        plan: Of the table.
        block: Whole COPY lines.
        hash_for: Keyed hash of a domain.
        reveal: Whether raw values may be in the result.
    """
    masker = TableMasker(plan, hash_for)
    # With a filter each row goes by itself, so that masked rows are known to belong to their raw ones.
    blocks = [block] if plan.where is None else [line + b"\n" for line in block.split(b"\n")[:-1]]
    columns = [each.name for each in plan.table.stored_columns]
    found = []
    for each in blocks:
        masked = masker.mask(each).data
        before, after = _rows(each, columns), _rows(masked, columns)
        if after:
            words = {} if reveal else _row_words(plan, before)
            found += [_cells(plan, raw, new, words, reveal) for raw, new in zip(before, after, strict=True)]
    return found


def telling_rows(plan: TablePlan, block: bytes, wanted: int) -> bytes:
    """Of COPY lines those that show most: each masked column filled at least once, if any line has it, then evenly."""
    lines = block.split(b"\n")[:-1]
    if len(lines) <= wanted:
        return block
    names = [each.name for each in plan.table.stored_columns]
    masked = [names.index(each.column.name) for each in plan.masked]
    filled = [
        {place for place in masked if fields[place] not in (b"\\N", b"")}
        for fields in (line.split(b"\t") for line in lines)
    ]
    chosen: list[int] = []
    missing = set(masked)
    while missing and len(chosen) < wanted:
        best = max(range(len(lines)), key=lambda number: len(filled[number] & missing))
        if not filled[best] & missing:
            break
        chosen.append(best)
        missing -= filled[best]
    rest = [number for number in range(len(lines)) if number not in chosen]
    left = wanted - len(chosen)
    chosen += [rest[place * len(rest) // left] for place in range(left)]
    return b"".join(lines[number] + b"\n" for number in sorted(chosen))


def _rows(block: bytes, columns: list[str]) -> list[dict[str, str | None]]:
    frame = copy_text.decode(block, columns)
    return frame.select([copy_text.unescape(frame.get_column(name)) for name in columns]).to_dicts()


def _cells(
    plan: TablePlan,
    raw: dict[str, str | None],
    masked: dict[str, str | None],
    words: dict[str, frozenset[str]],
    reveal: bool,
) -> tuple[Cell, ...]:
    names = [column.column.name for column in plan.columns]
    return tuple(
        _cell(column, raw[name], masked[name], words.get(name), reveal)
        for name, column in zip(names, plan.columns, strict=True)
    )


def _row_words(plan: TablePlan, rows: Sequence[dict[str, str | None]]) -> dict[str, frozenset[str]]:
    """By column that masks by its rows: the words of all that its masks may hold, of any row, as values may move."""
    found: dict[str, frozenset[str]] = {}
    for column in plan.masked:
        sources: set[str] = set()
        waiting = [column.column.name]
        while waiting:
            name = waiting.pop()
            source = plan.column(name)
            if source is None or name in sources:
                continue
            sources.add(name)
            waiting += [
                other
                for each in _transformers(source)
                if isinstance(each, RowTransformer)
                for other in (*each.reads(), *each.reads_masked())
            ]
        if any(isinstance(each, RowTransformer) for each in _transformers(column)):
            found[column.column.name] = words_of(
                value for row in rows for name in sources if (value := row[name]) is not None
            )
    return found


def _cell(
    column: ColumnPlan, before: str | None, after: str | None, words: frozenset[str] | None, reveal: bool
) -> Cell:
    status: Status = "masked"
    if before is None and after is None:
        status = "null"
    elif after is None:
        status = "nulled"
    elif before == after:
        status = "kept"
    if reveal:
        return Cell(_cut(before), _cut(after), status)
    known = _known_keys(column)
    shown = None if before is None else _shape(column, before, known)
    if after is None or status == "kept":
        return Cell(_cut(shown), _cut(shown if status == "kept" else None), status)
    return Cell(_cut(shown), _cut(_told(column, before or "", after, words, known)), status)


def _shape(column: ColumnPlan, text: str, known: Collection[str]) -> str:
    return json_shape(text, known) if column.column.base_type in _JSON else shape(text)


def _told(column: ColumnPlan, before: str, after: str, words: frozenset[str] | None, known: Collection[str]) -> str:
    """A mask without what stayed of production, be it from another row."""
    transformers = list(_transformers(column))
    if words is not None:
        return json_shape(after, known) if column.column.base_type in _JSON else without(after, words)
    if any(each.guarantees_for(column.seen_as).coincidence is Coincidence.BY_PART for each in transformers):
        is_json = column.column.base_type in _JSON or any(each.name == "json" for each in transformers)
        return masked_json(after, before, known) if is_json else without_words(after, [before])
    return without_phrases(after, before)


def _transformers(column: ColumnPlan) -> Iterator[Any]:
    """The transformer, and those of the rows where its condition does not hold."""
    plan: ColumnPlan | None = column
    while plan is not None:
        yield plan.transformer
        plan = plan.otherwise


def _known_keys(column: ColumnPlan) -> frozenset[str]:
    """Words of the paths that the rule itself names: the rules file shows them anyway."""
    found: set[str] = set()
    for transformer in _transformers(column):
        paths = getattr(transformer.params, "paths", None)
        if isinstance(paths, dict):
            found |= {word for path in paths for word in _KEY.findall(path)}
    return frozenset(found)


def _cut(text: str | None) -> str | None:
    return text if text is None or len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"


def _chosen(plan: MaskingPlan, wanted: Sequence[str]) -> dict[str, list[TablePlan]]:
    """Plans of the wanted tables under the names they are shown by."""
    roots: dict[str, list[TablePlan]] = {}
    for each in plan.tables:
        roots.setdefault(str(each.table.rule_table if each.table.is_partition else each.table.name), []).append(each)
    if not wanted:
        return {name: leaves for name, leaves in roots.items() if any(leaf.masked for leaf in leaves)}
    leaves = {str(each.table.name): [each] for each in plan.tables}
    return {name: (roots | leaves)[name] for name in (_resolved(text, roots, leaves) for text in wanted)}


def _resolved(text: str, roots: Collection[str], leaves: Collection[str]) -> str:
    names = [*roots, *(name for name in leaves if name not in roots)]
    if "." in text and (name := str(TableName.parse(text))) in names:
        return name
    bare = [name for name in names if TableName.parse(name).name in (text, text.lower())]
    if len(bare) == 1:
        return bare[0]
    near = bare or difflib.get_close_matches(text, names, n=3) or _by_bare_name(text, names)
    raise UsageFault(
        f"{len(bare)} tables are called {text}" if bare else f"The database stores no rows in a table {text}",
        where=text,
        remedy=f"Did you mean {' or '.join(near)}?" if near else f"It has {', '.join(names[:20])}.",
        code="no-such-table",
    )


def _by_bare_name(text: str, names: Sequence[str]) -> list[str]:
    bare = {TableName.parse(name).name: name for name in names}
    return [bare[name] for name in difflib.get_close_matches(text.rpartition(".")[2], list(bare), n=3)]


def _preview_table(
    source: OpenSource,
    name: str,
    leaves: Sequence[TablePlan],
    hash_for: Callable[[str], KeyedHash],
    rows: int,
    reveal: bool,
) -> PreviewTable:
    first = leaves[0]
    found: list[tuple[Cell, ...]] = []
    filled = [leaf for leaf in leaves if leaf.columns and leaf.table.pages]
    for place, leaf in enumerate(filled[:: max(len(filled) // rows, 1)]):
        left = rows - len(found)
        if left <= 0:
            break
        share = max(left // max(min(len(filled), rows) - place, 1), 1)
        block = few_rows(source, leaf.table, max(share, min(share * _READ, _MOST_READ)))
        if leaf.where is None:
            block = telling_rows(leaf, block, share)
        cells = preview_rows(leaf, block, hash_for, reveal=reveal)[:share]
        order = [[each.column.name for each in leaf.columns].index(each.column.name) for each in first.columns]
        found += [tuple(row[index] for index in order) for row in cells]
    return PreviewTable(
        table=name,
        mode=first.mode,
        estimated_rows=sum(leaf.table.estimated_rows for leaf in leaves),
        columns=tuple(
            _column(each, str(ColumnRef(first.table.rule_table, each.column.name))) for each in first.columns
        ),
        rows=tuple(found),
    )


def _draws(plan: ColumnPlan) -> bool:
    return plan.transformer.guarantees.coincidence is not Coincidence.CONSTANT


def _column(plan: ColumnPlan, own: str) -> PreviewColumn:
    """A column; a domain of its own name says nothing."""
    status: Status = "nulled" if plan.transformer.name == NULL else "masked" if plan.masked else "kept"
    return PreviewColumn(
        name=plan.column.name,
        type=plan.column.type,
        transformer=" / ".join(dict.fromkeys(each.name for each in _transformers(plan))),
        domain=plan.domain if status == "masked" and _draws(plan) and plan.domain != own else None,
        pii=plan.pii,
        status=status,
        inherited_from=plan.inherited_from,
    )
