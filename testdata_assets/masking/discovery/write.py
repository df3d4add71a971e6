"""Findings as a commented masking.yaml, and that file onto the disk: whole or not at all, never over another one."""

from __future__ import annotations

import json
import os
import re
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from testdata_assets.errors import EnvironmentLack, RefusedError
from testdata_assets.masking.rule_shapes import TABLE_KEYS
from testdata_assets.masking.rules import RULES_FILE
from testdata_assets.postgres.identifiers import TableName

_PLAIN = re.compile(r"[a-z_][a-z0-9_]*\Z")
_PLAIN_VALUE = re.compile(r"[a-z_][a-z0-9_.]*\Z")
_NOT_TEXT = frozenset(["y", "n", "yes", "no", "on", "off", "true", "false", "null"])
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]+")
_NESTED = "paths"


@dataclass(frozen=True)
class ColumnEntry:
    """One line of a table: a column's rule, or why it has none.

    Attributes:
        rule: As YAML data; None where the rule comes from elsewhere.
        comment: Confidence and why, without any value.
    """

    column: str
    rule: Mapping[str, Any] | None
    comment: str
    parts: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class TableEntry:
    """One table of the file; a mode stands for all columns."""

    table: TableName
    columns: Sequence[ColumnEntry] = ()
    mode: str | None = None
    comment: str = ""


def render(tables: Sequence[TableEntry], objects: Mapping[str, str], notes: Sequence[str] = (), why: str = "") -> str:
    """The whole file; `why` stands behind the rule for objects."""
    lines = [
        "# Masking rules, drafted by `testdata rules init` from the source's catalog and small samples of its values.",
        "# Behind each rule: how sure the draft is (0 to 1), and why. Read the low ones first.",
        "# Columns of one `domain` mask equal values equally. Columns that only a comment names take the rule of the",
        "# column they reference; generated columns and partitions take none. A column added later, and one marked",
        "# BLOCKED here, has no rule and stops the refresh until somebody decides.",
        *(f"# {_comment(note)}" for note in notes),
        "version: 1",
        "tables:" if tables else "tables: {}",
    ]
    for entry in tables:
        lines += _table(entry)
    if objects:
        lines += ["", f"objects: {_flow(objects)}" + (f"  # {_comment(why)}" if why else "")]
    return "\n".join(lines) + "\n"


def _table(entry: TableEntry) -> Iterator[str]:
    comment = f"  # {_comment(entry.comment)}" if entry.comment else ""
    if entry.mode is not None:
        yield f"  {_key(str(entry.table))}: {{mode: {entry.mode}}}{comment}"
        return
    ruled = [each for each in entry.columns if each.rule is not None]
    if not ruled:
        yield f"  {_key(str(entry.table))}: {{}}{comment}"
        yield from (f"    # {_comment(each.column)}: {_comment(each.comment)}" for each in entry.columns)
        return
    yield f"  {_key(str(entry.table))}:{comment}"
    indent = "    "
    if any(each.column in TABLE_KEYS for each in ruled):
        yield f"{indent}columns:"
        indent += "  "
    for each in entry.columns:
        yield from _column(each, indent)
    yield ""


def _column(entry: ColumnEntry, indent: str) -> Iterator[str]:
    comment = f"  # {_comment(entry.comment)}" if entry.comment else ""
    if entry.rule is None:
        yield f"{indent}# {_comment(entry.column)}: {_comment(entry.comment)}"
        return
    nested = entry.rule.get(_NESTED)
    if isinstance(nested, Mapping):
        yield f"{indent}{_key(entry.column)}:{comment}"
        for key, value in entry.rule.items():
            if key != _NESTED:
                yield f"{indent}  {key}: {_flow(value)}"
        yield f"{indent}  {_NESTED}:"
        for path, rule in nested.items():
            why = f"  # {_comment(entry.parts[path])}" if path in entry.parts else ""
            yield f"{indent}    {json.dumps(path, ensure_ascii=False)}: {_flow(rule)}{why}"
        return
    rule = entry.rule["transform"] if set(entry.rule) == {"transform"} else entry.rule
    yield f"{indent}{_key(entry.column)}: {_flow(rule)}{comment}"


def _key(text: str) -> str:
    if (_PLAIN.match(text) or re.fullmatch(r"[a-z_][a-z0-9_]*\.[a-z_][a-z0-9_]*", text)) and text not in _NOT_TEXT:
        return text
    return _text(text)


def _text(text: str) -> str:
    """A text in double quotes; JSON's are YAML's, but for the few characters YAML wants escaped."""
    quoted = json.dumps(text, ensure_ascii=False)
    return re.sub("[\x7f-\x9f\u2028\u2029\ufeff]", lambda match: f"\\u{ord(match[0]):04x}", quoted)


def _flow(value: Any) -> str:
    """YAML in flow style on one line."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_key(str(key))}: {_flow(each)}" for key, each in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(_flow, value)) + "]"
    if isinstance(value, str):
        return value if _PLAIN_VALUE.match(value) and value not in _NOT_TEXT else _text(value)
    return json.dumps(value)


def _comment(text: str) -> str:
    return _CONTROL.sub(" ", text)


def write_rules(folder: Path, text: str, *, force: bool = False) -> Path:
    """Writes masking.yaml into the rules folder, which is made if need be.

    Raises:
        RefusedError: There is one already, and `force` is off.
        EnvironmentLack: The folder cannot be written.
    """
    file = folder / RULES_FILE
    try:
        folder.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=f".{RULES_FILE}.", dir=folder)
        temporary = Path(name)
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as stream:
                stream.write(text)
                stream.flush()
                os.fsync(stream.fileno())
            temporary.chmod(0o644)
            if force:
                temporary.replace(file)
            else:
                os.link(temporary, file)  # unlike a replacement, refuses a file that somebody just made
        finally:
            temporary.unlink(missing_ok=True)
    except FileExistsError:
        raise already_there(file) from None
    except OSError as error:
        raise EnvironmentLack(
            f"The rules cannot be written ({error.strerror})",
            where=str(file),
            remedy="Set TESTDATA_RULES_DIR to a folder that you may write.",
            code="rules-unwritable",
        ) from None
    return file


def already_there(file: Path) -> RefusedError:
    """The refusal to write over rules."""
    return RefusedError(
        f"There are rules already in {file}",
        where=str(file),
        remedy="Compare with `testdata rules init --stdout`, or write over them with --force.",
        code="rules-exist",
    )
