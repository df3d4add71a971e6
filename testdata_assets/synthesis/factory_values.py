"""Values a factory puts into one column: of the column's type, within its limits, in the text form Postgres reads.

A maker turns a row's number into a value and says how many different ones it has. One that is asked to be `distinct`
counts up from a start that seed, table and column decide, high in the type's range, where it meets no existing rows.
Nothing here asks a server or repeats itself by chance.
"""

from __future__ import annotations

import random
import re
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from ipaddress import IPv4Address

from testdata_assets.synthesis.factory_schema import ColumnFacts, ColumnLike

_UNLIMITED = 10**9
_MODIFIER = re.compile(r"\((\d+)(?:,(-?\d+))?\)")
_DAY = date(2024, 1, 1)
_MOMENT = datetime(2024, 1, 1, 9, tzinfo=UTC)
_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"
_INTEGERS = {"int2": 20_000, "int4": 1_500_000_000, "oid": 1_500_000_000, "int8": 10**15}
_INTEGER_SPREAD = {"int2": 10_000, "int4": 500_000_000, "oid": 500_000_000, "int8": 10**14}
_RANGES = {
    "int4range": "int4",
    "int8range": "int8",
    "numrange": "int8",
    "daterange": "date",
    "tsrange": "timestamp",
    "tstzrange": "timestamptz",
}
_MULTIRANGES = {name.replace("range", "multirange"): name for name in _RANGES}
_SHORT_MEMORY = 60_000  # seconds of a day that `time` counters use

Make = Callable[[int], str]


@dataclass(frozen=True)
class Maker:
    """One column's values.

    Attributes:
        make: From a row's number (0 and up) to its value.
        capacity: How many rows get different values; 1 and more. Afterwards they repeat.
    """

    make: Make
    capacity: int = _UNLIMITED


@dataclass(frozen=True)
class _Type:
    """A type with its modifiers, and what makes one column's values differ from another's."""

    name: str
    category: str
    length: int | None
    precision: int | None
    scale: int
    facts: ColumnFacts
    stem: str
    hint: str
    position: int
    draw: random.Random
    distinct: bool


def maker_for(column: ColumnLike, facts: ColumnFacts, *, seed: str, distinct: bool) -> Maker | None:
    """The maker of a column.

    Args:
        column: From the catalog.
        facts: What else is known of it.
        seed: Decides where counting begins; the caller puts the table into it.
        distinct: Whether rows must differ as far as the type allows.

    Returns:
        None where no value of the type is known.
    """
    if facts.listed:
        return _cycle(facts.listed)
    kind = _type_of(column, facts, seed, distinct)
    if kind.category == "A":
        return _array(kind, column)
    return _scalar(kind)


def _type_of(column: ColumnLike, facts: ColumnFacts, seed: str, distinct: bool) -> _Type:
    modifier = _MODIFIER.search(facts.formatted or column.type)
    first = int(modifier.group(1)) if modifier else None
    return _Type(
        name=column.base_type,
        category=column.category,
        length=column.max_length or first,
        precision=first,
        scale=int(modifier.group(2) or 0) if modifier else 0,
        facts=facts,
        stem=re.sub(r"[^a-z0-9]+", "-", column.name.lower())[:20].strip("-") or "value",
        hint=f"{column.name} {column.type}".lower(),
        position=column.position,
        draw=random.Random(f"{seed}/{column.name}"),  # noqa: S311  test data, not a secret
        distinct=distinct,
    )


def _cycle(values: Sequence[str]) -> Maker:
    return Maker(lambda row: values[row % len(values)], len(values))


def _scalar(kind: _Type) -> Maker | None:
    name = kind.name
    if kind.category == "E":
        return _cycle(kind.facts.labels) if kind.facts.labels else None
    if kind.category == "C":
        return Maker(lambda row: f"({',' * (kind.facts.fields - 1)})", 1) if kind.facts.fields else None
    if name in _INTEGERS:
        return _integer(kind)
    if name in ("varchar", "bpchar", "text", "citext", "name", "char"):
        return _text(kind)
    if name == "numeric":
        return _numeric(kind)
    if name in ("bit", "varbit"):
        return _bits(kind)
    if name in ("date", "timestamp", "timestamptz", "time", "timetz"):
        return _moment(kind, name)
    if name in _RANGES:
        return Maker(_range(kind, name))
    if name in _MULTIRANGES:
        make = _range(kind, _MULTIRANGES[name])
        return Maker(lambda row: "{" + make(row) + "}")
    return _other(kind)


def _integer(kind: _Type) -> Maker:
    if not kind.distinct:
        return Maker(lambda row: str(1 + row % 5), 5)  # small: shares, ratings and quantities are checked so
    start = _INTEGERS[kind.name] + kind.draw.randrange(_INTEGER_SPREAD[kind.name])
    return Maker(lambda row: str(start + row), 2000 if kind.name == "int2" else _UNLIMITED)


def _numeric(kind: _Type) -> Maker:
    if kind.precision is None:
        return Maker(lambda row: str(10**15 + row) if kind.distinct else f"{1 + row % 5}")
    limit = 10**kind.precision - 1  # units of 10 ** -scale
    one = 10**kind.scale if kind.scale >= 0 else 1
    if kind.distinct:
        start = limit // 2 + kind.draw.randrange(limit // 4 + 1)
        capacity = limit - start + 1
    else:
        start, capacity = min(one, limit), 1
    return Maker(lambda row: _decimal(start + row % capacity, kind.scale), min(capacity, _UNLIMITED))


def _decimal(units: int, scale: int) -> str:
    if scale <= 0:
        return str(units * 10**-scale)
    return f"{units // 10**scale}.{units % 10**scale:0{scale}d}"


def _text(kind: _Type) -> Maker:
    length = 1 if kind.name == "char" else kind.length
    token = f"{kind.draw.randrange(16**6):06x}"
    if length is not None and length <= 3:
        return _digits(kind, _LETTERS, length)

    def make(row: int) -> str:
        if re.search(r"e-?_?mail", kind.hint):
            return f"factory-{token}-{row}@example.test"
        if re.search(r"url|website|link|homepage", kind.hint):
            return f"https://example.test/{token}/{row}"
        if re.search(r"phone|mobile|fax", kind.hint):
            return f"+1555{int(token, 16) % 1000:03d}{row:04d}"
        return f"{kind.stem}-{token}-{row}"

    if length is not None and len(make(0)) + 6 > length:
        return _digits(kind, _DIGITS, min(length, 8))
    return Maker(make, 10**6)


def _digits(kind: _Type, alphabet: str, width: int) -> Maker:
    """Numbers of a fixed width in an alphabet, for columns too short for words."""
    base = len(alphabet)
    start = kind.draw.randrange(base**width)

    def make(row: int) -> str:
        number, text = (start + row) % base**width, ""
        for _ in range(width):
            number, digit = divmod(number, base)
            text = alphabet[digit] + text
        return text

    return Maker(make, base**width)


def _bits(kind: _Type) -> Maker:
    width = kind.length or (1 if kind.name == "bit" else 32)
    return Maker(lambda row: format(row % 2**width, f"0{width}b"), min(2**width, _UNLIMITED))


def _moment(kind: _Type, name: str) -> Maker:
    """Later columns get later moments, so that what is checked to follow does follow."""
    if name == "date":
        first = date(2100, 1, 1) + timedelta(days=kind.draw.randrange(30_000)) if kind.distinct else _DAY
        return Maker(lambda row: (first + timedelta(days=row + kind.position)).isoformat(), 10**6)
    if name in ("time", "timetz"):
        zone = "+00" if name == "timetz" else ""
        second = kind.draw.randrange(20_000) if kind.distinct else 9 * 3600
        clock = datetime(2024, 1, 1, tzinfo=UTC)
        return Maker(
            lambda row: (
                (clock + timedelta(seconds=(second + row + 60 * kind.position) % 86_400)).strftime("%H:%M:%S") + zone
            ),
            _SHORT_MEMORY,
        )
    spread = timedelta(microseconds=kind.draw.randrange(10**9) if kind.distinct else 0)
    zone = "+00" if name == "timestamptz" else ""

    def make(row: int) -> str:
        moment = _MOMENT + spread + timedelta(days=row, minutes=kind.position)
        return moment.strftime("%Y-%m-%d %H:%M:%S.%f") + zone

    return Maker(make, 10**6)


def _range(kind: _Type, name: str) -> Make:
    """Ranges that never overlap, as exclusion constraints ask."""
    element = _RANGES[name]
    if element in ("int4", "int8"):
        start = _INTEGERS[element] + kind.draw.randrange(10**6)
        return lambda row: f"[{start + 10 * row},{start + 10 * row + 5})"
    day = date(2100, 1, 1) + timedelta(days=kind.draw.randrange(30_000))
    zone = "+00" if element == "timestamptz" else ""
    clock = "" if element == "date" else f" 00:00:00{zone}"
    return lambda row: f'["{day + timedelta(days=10 * row)}{clock}","{day + timedelta(days=10 * row + 5)}{clock}")'


def _other(kind: _Type) -> Maker | None:
    number = kind.draw.randrange(10**6) if kind.distinct else 0
    token = kind.draw.getrandbits(64)
    makers: dict[str, Maker] = {
        "bool": _cycle(("true", "false")),
        "float4": Maker(lambda row: f"{number + row}.5"),
        "float8": Maker(lambda row: f"{number + row}.25"),
        "money": Maker(lambda row: f"{number + row + 1}.00"),
        "uuid": Maker(lambda row: str(uuid.UUID(int=token << 64 | 0x8 << 60 | row, version=4))),
        "json": Maker(lambda row: f'{{"row": {number + row}}}'),
        "jsonb": Maker(lambda row: f'{{"row": {number + row}}}'),
        "inet": Maker(lambda row: str(IPv4Address("198.18.0.0") + (token + row) % 2**17), 2**17),
        "cidr": Maker(lambda row: f"{IPv4Address('198.18.0.0') + (token + row) % 2**17}/32", 2**17),
        "macaddr": Maker(lambda row: _hex_pairs((0x02 << 40) + (token + row) % 2**32, 6), 2**32),
        "macaddr8": Maker(lambda row: _hex_pairs((0x02 << 56) + (token + row) % 2**48, 8)),
        "bytea": Maker(lambda row: f"\\x{token:016x}{row:08x}"),
        "interval": Maker(lambda row: f"{number + row + 1} minutes"),
        "tsvector": Maker(lambda row: f"factory:1 row{number + row}:2"),
        "tsquery": Maker(lambda row: f"factory & row{number + row}"),
        "pg_lsn": Maker(lambda row: f"0/{number + row + 1:X}"),
        "jsonpath": Maker(lambda row: f"$.row{number + row}"),
        "xml": Maker(lambda row: f"<row>{number + row}</row>"),
        "hstore": Maker(lambda row: f'"row"=>"{number + row}"'),
        "ltree": Maker(lambda row: f"factory.row{number + row}"),
        "point": Maker(lambda row: f"({number + row},1)"),
        "line": Maker(lambda row: f"{{1,-1,{number + row}}}"),
        "lseg": Maker(lambda row: f"[({number + row},0),({number + row},1)]"),
        "box": Maker(lambda row: f"({number + row}.5,1),({number + row},0)"),
        "path": Maker(lambda row: f"[({number + row},0),({number + row},1)]"),
        "polygon": Maker(lambda row: f"(({number + row},0),({number + row},1),({number + row}.5,1))"),
        "circle": Maker(lambda row: f"<({number + row},0),0.25>"),
    }
    return makers.get(kind.name)


def _hex_pairs(number: int, size: int) -> str:
    return number.to_bytes(size, "big").hex(":")


def _array(kind: _Type, column: ColumnLike) -> Maker:
    """Every other array empty, the others with one element; never empty where rows must differ."""
    category = "E" if kind.facts.labels else "U"
    element = _scalar(_Type(**{**kind.__dict__, "name": column.base_type.removeprefix("_"), "category": category}))
    if element is None:
        return Maker(lambda row: "{}", 1)

    def make(row: int) -> str:
        if row % 2 and not kind.distinct:
            return "{}"
        value = element.make(row).replace("\\", "\\\\").replace('"', '\\"')
        return f'{{"{value}"}}'

    return Maker(make, element.capacity)
