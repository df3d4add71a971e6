"""Whether a text is what Postgres would print for a type, and what makes two values equal there."""

# ruff: noqa: E501 - tables
from __future__ import annotations

import calendar
import ipaddress
import json
import math
import re
import unicodedata
from collections.abc import Callable
from decimal import Decimal
from xml.etree import ElementTree

import polars as pl

from testdata_assets.masking.transformers.base import TEXT_TYPES
from testdata_assets.masking.transformers.text import fold
from testdata_assets.production.catalog import Column

_INTEGERS = {"int2": (-(1 << 15), (1 << 15) - 1), "int4": (-(1 << 31), (1 << 31) - 1), "int8": (-(1 << 63), (1 << 63) - 1),
             "oid": (0, (1 << 32) - 1)}  # fmt: skip
_FLOATS = {"float4": 3.4028235677973366e38, "float8": 1.7976931348623157e308}
_DAY = re.compile(r"(\d{4,7})-(\d\d)-(\d\d)")
_CLOCK = r"(?:(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d{1,6})?|24:00:00)"
_ZONE = r"[+-]\d\d(?::\d\d(?::\d\d)?)?"
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_MONEY = re.compile(r"-?\$\d{1,3}(,\d{3})*\.\d\d")
_NUMERIC = re.compile(r"-?\d+(\.\d+)?")
_FLOAT = re.compile(r"-?\d+(\.\d+)?(e[+-]\d+)?")
_ELEMENT = r'(?:NULL|-?\d+|"(?:[^"\\]|\\.)*"|[^{}",\\ \t\n\r\v\f]+)'
_ARRAY = re.compile(rf"(?:\[-?\d+:-?\d+\])*=?\{{[{{}},]*(?:{_ELEMENT}[{{}},]*)*\}}", re.DOTALL)
_PAIR = re.compile(r'"(?:[^"\\]|\\.)*"=>(?:NULL|"(?:[^"\\]|\\.)*")', re.DOTALL)
_FIELD = r'(?:"(?:[^"\\]|""|\\.)*"|[^",()\\]*)'
_SPECIAL = ("NaN", "Infinity", "-Infinity")


def _integer(value: str, column: Column) -> bool:
    low, high = _INTEGERS[column.base_type]
    return re.fullmatch(r"-?(0|[1-9]\d*)", value) is not None and value != "-0" and low <= int(value) <= high


def _numeric(value: str, column: Column) -> bool:
    if value in _SPECIAL:
        return column.type == "numeric" or value == "NaN"
    if not _NUMERIC.fullmatch(value):
        return False
    limits = re.search(r"\((\d+),(\d+)\)", column.type)
    if limits is None:
        return True
    whole, _, fraction = value.lstrip("-").partition(".")
    return len(fraction) <= int(limits[2]) and len(whole.lstrip("0")) <= int(limits[1]) - int(limits[2])


def _float(value: str, column: Column) -> bool:
    if value in _SPECIAL:
        return True
    if not _FLOAT.fullmatch(value):
        return False
    number = float(value)
    # What underflows to zero is refused as well.
    return abs(number) <= _FLOATS[column.base_type] and (number != 0 or not re.search("[1-9]", value.partition("e")[0]))


def _money(value: str, column: Column) -> bool:
    return _MONEY.fullmatch(value) is not None and -(1 << 63) <= money_cents(value) < 1 << 63


def money_cents(value: str) -> int:
    return int(re.sub(r"[$,.]", "", value))


def _day(value: str, last_year: int, rest: str) -> bool:
    if value in ("infinity", "-infinity"):
        return True
    found = re.fullmatch(rf"{_DAY.pattern}{rest}( BC)?", value)
    if found is None:
        return False
    year, month, day, before = int(found[1]), int(found[2]), int(found[3]), found[found.re.groups] is not None
    if year == 0 or not 1 <= month <= 12:
        return False
    proleptic = 1 - year if before else year
    most = (
        29 if month == 2 and calendar.isleap(proleptic) else (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)[month - 1]
    )
    return 1 <= day <= most and (proleptic, month, day) >= (-4713, 11, 24) and proleptic <= last_year


def _inet(value: str, column: Column) -> bool:
    try:
        if column.base_type == "cidr":
            return "/" in value and bool(ipaddress.ip_network(value, strict=True))
        return bool(ipaddress.ip_interface(value))
    except ValueError:
        return False


def _point(value: str, column: Column) -> bool:
    found = re.fullmatch(r"\(([^,()]+),([^,()]+)\)", value)
    double = Column("", "double precision", "float8", "N")
    return found is not None and all(_float(each, double) for each in found.groups())


def _xml(value: str, column: Column) -> bool:
    try:
        ElementTree.fromstring(value)  # noqa: S314 - of our own making
    except ElementTree.ParseError:
        return False
    return True


def _json(value: str, column: Column) -> bool:
    try:
        json.loads(value)
    except ValueError:
        return False
    return True


def _hstore(value: str, column: Column) -> bool:
    pairs = _PAIR.findall(value)
    return ", ".join(pairs) == value


_CHECKS: dict[str, Callable[[str, Column], bool]] = {
    "int2": _integer, "int4": _integer, "int8": _integer, "oid": _integer, "numeric": _numeric, "float4": _float,
    "float8": _float, "money": _money, "inet": _inet, "cidr": _inet, "point": _point, "xml": _xml, "json": _json,
    "jsonb": _json, "hstore": _hstore,
    "date": lambda value, _: _day(value, 5_874_897, ""),
    "timestamp": lambda value, _: _day(value, 294_276, f" {_CLOCK}"),
    "timestamptz": lambda value, _: _day(value, 294_276, f" {_CLOCK}{_ZONE}"),
    "time": lambda value, _: re.fullmatch(_CLOCK, value) is not None,
    "timetz": lambda value, _: re.fullmatch(_CLOCK + _ZONE, value) is not None,
    "uuid": lambda value, _: _UUID.fullmatch(value) is not None,
    "macaddr": lambda value, _: re.fullmatch("[0-9a-f]{2}(:[0-9a-f]{2}){5}", value) is not None,
    "macaddr8": lambda value, _: re.fullmatch("[0-9a-f]{2}(:[0-9a-f]{2}){7}", value) is not None,
    "bytea": lambda value, _: re.fullmatch(r"\\x([0-9a-f]{2})*|[^\\]*", value) is not None,  # hexadecimal, or as it is
    "bool": lambda value, _: value in ("t", "f", "1"),  # a constant 1 is read as true
    "tsvector": lambda value, _: value == "" or re.fullmatch(r"('([^']|'')+'(:\d+[A-D]?(,\d+[A-D]?)*)? ?)+", value) is not None,
    "_text": lambda value, _: _ARRAY.fullmatch(value) is not None,
    "_int4": lambda value, _: _ARRAY.fullmatch(value) is not None,
    "pair": lambda value, _: re.fullmatch(rf"\({_FIELD},{_FIELD}\)", value, re.DOTALL) is not None,
}  # fmt: skip


def valid(value: str, column: Column) -> bool:
    """Whether a column takes a text."""
    if "\0" in value or any(0xD800 <= ord(each) < 0xE000 for each in value):
        return False
    if column.base_type not in TEXT_TYPES:
        return _CHECKS[column.base_type](value, column)
    limit = 63 if column.base_type == "name" else column.max_length
    return limit is None or len(value) <= limit or not value[limit:].strip(" ")


def canonical(value: str, column: Column) -> object:
    """Equal for values that a unique index of the column's type takes for one."""
    base_type = column.base_type
    if base_type in TEXT_TYPES:
        text = unicodedata.normalize("NFC", value.rstrip(" ") if base_type == "bpchar" else value)
        return str(fold(pl.Series([text]))[0]) if base_type == "citext" else text
    if base_type == "numeric":
        return value if value in _SPECIAL else Decimal(value)
    if base_type in _FLOATS:
        number = float(value)
        return "NaN" if math.isnan(number) else number
    return value
