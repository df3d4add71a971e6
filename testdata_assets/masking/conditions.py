"""Conditions of rules (`when`, row filters): a small language over the original values of one row.

    plan == 'free' and (country in ('DE', 'AT') or not deleted_at is null)

A comparison has a column on its left (raw name, or in double quotes) and a literal on its right: text in single or
double quotes, a number, true, false or null; `condition_literals.py` says which fits which type. NULL counts as a value
that equals only null, so that `role != 'staff'` holds where role is NULL: an answer is always yes or no, and an unknown
is masked rather than kept.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import NoReturn, TypeAlias

import polars as pl

from testdata_assets.errors import UsageFault
from testdata_assets.masking.condition_literals import INTEGERS, Literal, misfit, plain, written
from testdata_assets.masking.rule_errors import did_you_mean
from testdata_assets.masking.transformers.base import Rows
from testdata_assets.production.catalog import Column

_TOKEN = re.compile(
    r"""\s*(?:(?P<text>'(?:[^']|'')*')|(?P<quoted>"(?:[^"]|"")*")|(?P<number>-?\d+(?:\.\d+)?)
    |(?P<operator>==|!=|<>|=|\(|\)|\[|\]|,)|(?P<word>[^\W\d]\w*(?:\$\w*)*))""",
    re.VERBOSE,
)
_LEADING_ZERO = re.compile(r"-?0\d")
_WORDS = frozenset({"and", "or", "not", "in", "is", "null", "true", "false"})
_DEEPEST = 100  # parentheses and nots within each other
_SHOWN = 60


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
                reason = misfit(column, value) if value is not None else None
                if reason is not None:
                    found.append(reason)
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


def _is_any(values: pl.Series, column: Column, wanted: list[str | int | Decimal | bool]) -> pl.Series:
    """Compares as Postgres would compare the column's type with these literals."""
    if column.base_type == "bool":
        return values.is_in(["t" if _truth(each) else "f" for each in wanted])
    if column.base_type in INTEGERS:
        return values.cast(pl.Int64).is_in([int(str(each)) for each in wanted])
    if column.base_type == "numeric":
        # As text: a float knows 17 digits, and would take other numbers for the same.
        return _plain_digits(values).is_in([_digits(each) for each in wanted])
    if column.category == "N" and column.base_type != "money":
        return values.cast(pl.Float64, strict=False).is_in([float(each) for each in wanted])
    texts = [text for each in wanted if (text := written(column, each)) is not None]
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


def _digits(value: str | int | Decimal | bool) -> str:
    """A literal in that form."""
    number = Decimal(str(value))
    text = plain(number) if number.is_finite() else str(value)
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return text.removeprefix("-") if number == 0 else text


def _truth(value: object) -> bool:
    return str(value).lower() in ("true", "t")


def _joined(terms: list[Node], *, either: bool) -> Node:
    """Terms of `and` or `or` as a tree that is as flat as may be: thousands of them must not nest as deep."""
    while len(terms) > 1:
        pairs = [Both(one, other, either) for one, other in zip(terms[::2], terms[1::2], strict=False)]
        terms = [*pairs, *(terms[-1:] if len(terms) % 2 else ())]
    return terms[0]


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
        self.depth = 0

    def whole(self) -> Node:
        node = self._either()
        if self.at < len(self.tokens):
            self._expected("and, or, or the end")
        return node

    def _either(self) -> Node:
        terms = [self._both()]
        while self._word("or"):
            terms.append(self._both())
        return _joined(terms, either=True)

    def _both(self) -> Node:
        terms = [self._single()]
        while self._word("and"):
            terms.append(self._single())
        return _joined(terms, either=False)

    def _single(self) -> Node:
        opposite = False
        while self._word("not"):
            opposite = not opposite
        if self._operator("("):
            self.depth += 1
            if self.depth > _DEEPEST:
                self._refuse(f"it nests deeper than {_DEEPEST} levels", self._peek()[2])
            node = self._either()
            self._need(")")
            self.depth -= 1
        else:
            node = self._comparison()
        return Not(node) if opposite else node

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
            if _LEADING_ZERO.match(token):
                self.at -= 1
                self._refuse(f"a number does not begin with a zero; a text does, in quotes: '{token}'", self._peek()[2])
            return Decimal(token) if "." in token else int(token)
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
        text = self.text if len(self.text) <= _SHOWN else f"{self.text[:_SHOWN]}..."
        raise UsageFault(
            f"The condition {text!r} cannot be read: {reason} at character {position + 1}",
            where="when",
            remedy="Write comparisons like plan == 'free', country in ('DE', 'AT') or deleted_at is null, joined by "
            "and, or, not.",
            code="bad-condition",
        )
