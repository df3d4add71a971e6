"""Conditions of rules (`when`, row filters): a small language over the original values of one row.

    plan == 'free' and (country in ('DE', 'AT') or not deleted_at is null)

A comparison has a column on its left (raw name, or in double quotes) and a literal on its right: text in single or
double quotes, a number, true, false or null. NULL counts as a value that equals only null, so that `role != 'staff'`
holds where role is NULL: an answer is always yes or no, and an unknown is masked rather than kept.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import NoReturn, TypeAlias

import polars as pl

from testdata_assets.errors import UsageFault
from testdata_assets.masking.rule_errors import did_you_mean
from testdata_assets.masking.transformers.base import TEXT_TYPES, Rows
from testdata_assets.production.catalog import Column

_TOKEN = re.compile(
    r"""\s*(?:(?P<text>'(?:[^']|'')*')|(?P<quoted>"(?:[^"]|"")*")|(?P<number>-?\d+(?:\.\d+)?)
    |(?P<operator>==|!=|<>|=|\(|\)|\[|\]|,)|(?P<word>[^\W\d]\w*(?:\$\w*)*))""",
    re.VERBOSE,
)
_WORDS = frozenset({"and", "or", "not", "in", "is", "null", "true", "false"})
_INTEGERS = frozenset({"int2", "int4", "int8"})
_CLOCK = r"\d\d:\d\d:\d\d(?:\.\d{0,5}[1-9])?"
# How the snapshot writes these types: they are compared as text, and what is written otherwise would never match.
_FORMS = {
    "date": r"-?infinity|\d{4,7}-\d\d-\d\d(?: BC)?",
    "timestamp": rf"-?infinity|\d{{4,6}}-\d\d-\d\d {_CLOCK}(?: BC)?",
    "timestamptz": rf"-?infinity|\d{{4,6}}-\d\d-\d\d {_CLOCK}\+00(?: BC)?",
    "time": _CLOCK,
    "uuid": r"[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}",
}

Literal: TypeAlias = str | int | float | bool | None


@dataclass(frozen=True)
class Among:
    """Whether a column's value is one of some literals."""

    column: str
    values: tuple[Literal, ...]


@dataclass(frozen=True)
class Not:
    """The opposite."""

    inner: Node


@dataclass(frozen=True)
class Both:
    """and, or."""

    left: Node
    right: Node
    either: bool


Node: TypeAlias = Among | Not | Both


@dataclass(frozen=True)
class Condition:
    """A parsed condition.

    Attributes:
        text: As written.
        root: Its tree.
    """

    text: str
    root: Node

    @classmethod
    def parse(cls, text: str) -> Condition:
        """Reads a condition.

        Raises:
            UsageFault: It is none; says what was expected at which character.
        """
        return cls(text, _Parser(text).whole())

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns it reads, in the order they are named."""
        return tuple(dict.fromkeys(each.column for each in _leaves(self.root)))

    def problems(self, columns: Mapping[str, Column]) -> tuple[str, ...]:
        """What does not fit a table: unknown columns, literals of the wrong kind."""
        found: list[str] = []
        for each in _leaves(self.root):
            column = columns.get(each.column)
            if column is None:
                found.append(
                    f"the table has no column {each.column!r} to compare{did_you_mean(each.column, list(columns))}"
                )
                continue
            if column.generated:
                found.append(f"{each.column!r} is a generated column, which is not read")
            for value in each.values:
                if value is not None and not _suits(column, value):
                    found.append(f"{each.column!r} is {column.type}, which {_shown(value)} never equals")
        return tuple(dict.fromkeys(found))

    def evaluate(self, rows: Rows, columns: Mapping[str, Column]) -> pl.Series:
        """Which rows it holds for.

        Args:
            rows: The rows' original values.
            columns: The table's columns by name.

        Returns:
            Boolean series without nulls, one for each row.
        """
        return _evaluate(self.root, rows, columns)


def _leaves(node: Node) -> Iterator[Among]:
    if isinstance(node, Among):
        yield node
    elif isinstance(node, Not):
        yield from _leaves(node.inner)
    else:
        yield from _leaves(node.left)
        yield from _leaves(node.right)


def _evaluate(node: Node, rows: Rows, columns: Mapping[str, Column]) -> pl.Series:
    if isinstance(node, Not):
        return ~_evaluate(node.inner, rows, columns)
    if isinstance(node, Both):
        left, right = _evaluate(node.left, rows, columns), _evaluate(node.right, rows, columns)
        return left | right if node.either else left & right
    values = rows.original(node.column)
    column = columns[node.column]
    wanted = [value for value in node.values if value is not None]
    result = pl.Series([False]).new_from_index(0, len(values))
    if len(wanted) < len(node.values):
        result = values.is_null()
    if wanted:
        result = result | _is_any(values, column, wanted).fill_null(False)
    return result


def _is_any(values: pl.Series, column: Column, wanted: list[str | int | float | bool]) -> pl.Series:
    """Compares as Postgres would compare the column's type with these literals."""
    if column.base_type == "bool":
        return values.is_in(["t" if _truth(each) else "f" for each in wanted])
    if column.base_type in _INTEGERS:
        return values.cast(pl.Int64).is_in(pl.Series([int(str(each)) for each in wanted], dtype=pl.Int64))
    if column.base_type == "numeric":
        # As text: a float knows 17 digits, and would take other numbers for the same.
        return _plain_digits(values).is_in([_digits(each) for each in wanted])
    if column.category == "N" and column.base_type != "money":
        return values.cast(pl.Float64, strict=False).is_in(
            pl.Series([float(each) for each in wanted], dtype=pl.Float64)
        )
    texts = [str(each).lower() if isinstance(each, bool) else str(each) for each in wanted]
    if column.base_type == "bpchar":
        return values.str.strip_chars_end(" ").is_in([text.rstrip(" ") for text in texts])
    if column.base_type in ("citext", "uuid"):
        return values.str.to_lowercase().is_in([text.lower() for text in texts])
    return values.is_in(texts)


def _plain_digits(values: pl.Series) -> pl.Series:
    """Numbers as Postgres writes numeric, without zeros at the end of a fraction."""
    fraction = values.str.contains(".", literal=True)
    bare = values.str.strip_chars_end("0").str.strip_chars_end(".")
    return pl.select(pl.when(fraction).then(bare).otherwise(values)).to_series()


def _digits(value: str | int | float | bool) -> str:
    """A literal in that form."""
    number = Decimal(str(value))
    text = format(number, "f") if number.is_finite() else str(value)
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return text.removeprefix("-") if number == 0 else text


def _truth(value: object) -> bool:
    return str(value).lower() in ("true", "t")


def _suits(column: Column, value: str | int | float | bool) -> bool:
    """Whether a value of the column could equal a literal at all."""
    if column.base_type == "bool":
        return isinstance(value, bool) or str(value).lower() in ("true", "false", "t", "f")
    if isinstance(value, bool):
        return column.base_type in TEXT_TYPES
    if column.base_type in _FORMS:
        return isinstance(value, str) and re.fullmatch(_FORMS[column.base_type], value) is not None
    if column.base_type in _INTEGERS:
        return re.fullmatch(r"-?\d{1,18}", str(value)) is not None
    if column.category == "N" and column.base_type != "money":
        return re.fullmatch(r"-?\d+(?:\.\d+)?|NaN|-?Infinity", str(value)) is not None
    return True


def _shown(value: Literal) -> str:
    return repr(value) if isinstance(value, str) else str(value).lower()


class _Parser:
    """Recursive descent: or, and, not, comparison."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens: list[tuple[str, str, int]] = []
        position = 0
        while text[position:].strip():
            match = _TOKEN.match(text, position)
            if match is None or match.lastgroup is None:
                start = position + len(text[position:]) - len(text[position:].lstrip())
                self._refuse(f"{text[start]!r} is not understood", start)
            self.tokens.append((match.lastgroup, match[match.lastgroup], match.start(match.lastgroup)))
            position = match.end()
        self.at = 0

    def whole(self) -> Node:
        node = self._either()
        if self.at < len(self.tokens):
            self._expected("and, or, or the end")
        return node

    def _either(self) -> Node:
        node = self._both()
        while self._word("or"):
            node = Both(node, self._both(), either=True)
        return node

    def _both(self) -> Node:
        node = self._single()
        while self._word("and"):
            node = Both(node, self._single(), either=False)
        return node

    def _single(self) -> Node:
        if self._word("not"):
            return Not(self._single())
        if self._operator("("):
            node = self._either()
            self._need(")")
            return node
        return self._comparison()

    def _comparison(self) -> Node:
        column = self._column()
        if self._operator("==", "="):
            return Among(column, (self._literal(),))
        if self._operator("!=", "<>"):
            return Not(Among(column, (self._literal(),)))
        if self._word("is"):
            opposite = self._word("not")
            if not self._word("null"):
                self._expected("null")
            node: Node = Among(column, (None,))
            return Not(node) if opposite else node
        opposite = self._word("not")
        if not self._word("in"):
            self._expected("==, !=, in, not in, is null or is not null")
        listed = Among(column, self._list())
        return Not(listed) if opposite else listed

    def _column(self) -> str:
        kind, token, _ = self._peek()
        if kind == "quoted":
            self.at += 1
            return token[1:-1].replace('""', '"')
        if kind != "word" or token.lower() in _WORDS:
            self._expected("a column")
        self.at += 1
        return token

    def _list(self) -> tuple[Literal, ...]:
        close = ")" if self._operator("(") else "]" if self._operator("[") else None
        if close is None:
            self._expected("a list in parentheses")
        values = [self._literal()]
        while self._operator(","):
            values.append(self._literal())
        self._need(close)
        return tuple(values)

    def _literal(self) -> Literal:
        kind, token, _ = self._peek()
        self.at += 1
        if kind in ("text", "quoted"):
            quote = token[0]
            return token[1:-1].replace(quote * 2, quote)
        if kind == "number":
            return float(token) if "." in token else int(token)
        word = token.lower() if kind == "word" else ""
        if word in ("true", "false", "null"):
            return {"true": True, "false": False}.get(word)
        self.at -= 1
        self._expected("a text in quotes, a number, true, false or null")

    def _peek(self) -> tuple[str, str, int]:
        return self.tokens[self.at] if self.at < len(self.tokens) else ("end", "", len(self.text))

    def _word(self, word: str) -> bool:
        kind, token, _ = self._peek()
        found = kind == "word" and token.lower() == word
        self.at += found
        return found

    def _operator(self, *operators: str) -> bool:
        kind, token, _ = self._peek()
        found = kind == "operator" and token in operators
        self.at += found
        return found

    def _need(self, operator: str) -> None:
        if not self._operator(operator):
            self._expected(operator)

    def _expected(self, what: str) -> NoReturn:
        kind, token, position = self._peek()
        self._refuse(f"expected {what}, found {'the end' if kind == 'end' else token}", position)

    def _refuse(self, reason: str, position: int) -> NoReturn:
        raise UsageFault(
            f"The condition {self.text!r} cannot be read: {reason} at character {position + 1}",
            where="when",
            remedy="Write comparisons like plan == 'free', country in ('DE', 'AT') or deleted_at is null, joined by "
            "and, or, not.",
            code="bad-condition",
        )
