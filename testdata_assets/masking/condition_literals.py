"""Literals of conditions in the form in which a snapshot writes values, so that equal ones have equal texts.

Of types whose equal values are written in several ways (intervals, documents, arrays) no literal is taken at all.
"""

from __future__ import annotations

import ipaddress
import re
from decimal import Decimal
from typing import TypeAlias

from testdata_assets.masking.rule_errors import did_you_mean
from testdata_assets.masking.transformers.base import TEXT_TYPES
from testdata_assets.production.catalog import Column

Literal: TypeAlias = str | int | Decimal | bool | None

INTEGERS = frozenset({"int2", "int4", "int8"})
_LARGEST = 2**63
_CLOCK = r"\d\d:\d\d:\d\d(?:\.\d{0,5}[1-9])?"
# How the snapshot writes these types: they are compared as text, and what is written otherwise would never match.
_FORMS = {
    "date": r"-?infinity|\d{4,7}-\d\d-\d\d(?: BC)?",
    "timestamp": rf"-?infinity|\d{{4,6}}-\d\d-\d\d {_CLOCK}(?: BC)?",
    "timestamptz": rf"-?infinity|\d{{4,6}}-\d\d-\d\d {_CLOCK}\+00(?: BC)?",
    "time": _CLOCK,
    "uuid": r"[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}",
    "bytea": r"\\x(?:[0-9a-f]{2})*",
}
_AS_WRITTEN = TEXT_TYPES | _FORMS.keys() | {"char", "bit", "varbit"}
_MAC_BYTES = {"macaddr": 6, "macaddr8": 8}


def misfit(column: Column, value: str | int | Decimal | bool) -> str | None:
    """Why a value of the column never equals a literal; None where it may."""
    never = f"{column.name!r} is {column.type}, which {shown(value)} never equals"
    if column.base_type == "bool":
        return None if isinstance(value, bool) or str(value).lower() in ("true", "false", "t", "f") else never
    if not _comparable(column):
        only = "it takes only `is null` and `is not null`"
        return f"{column.name!r} is {column.type}, whose equal values are written in several ways: {only}"
    if isinstance(value, bool):
        return None if column.base_type in TEXT_TYPES else never
    if column.category == "E":
        known = str(value) in column.labels or not column.labels
        return None if known else never + did_you_mean(str(value), column.labels)
    return None if _suits(column, value) else never


def _comparable(column: Column) -> bool:
    return (
        column.base_type in _AS_WRITTEN or column.category in "EN" or column.base_type in ("inet", "cidr", *_MAC_BYTES)
    )


def _suits(column: Column, value: str | int | Decimal) -> bool:
    if column.base_type in _FORMS:
        return isinstance(value, str) and re.fullmatch(_FORMS[column.base_type], value) is not None
    if column.base_type in INTEGERS:
        return re.fullmatch(r"-?\d{1,19}", str(value)) is not None and -_LARGEST <= int(str(value)) < _LARGEST
    if column.base_type in ("inet", "cidr", "money", *_MAC_BYTES):
        return written(column, value) is not None
    if column.base_type in ("float4", "float8"):
        return re.fullmatch(r"-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?|NaN|-?Infinity", plain(value)) is not None
    if column.category == "N":
        return re.fullmatch(r"-?\d+(?:\.\d+)?|NaN|-?Infinity", plain(value)) is not None
    return True


def written(column: Column, value: str | int | Decimal | bool) -> str | None:
    """The text by which a snapshot writes a value of the column; None where there is none like it."""
    text = plain(value)
    if column.base_type in ("inet", "cidr"):
        return _network(text, whole=column.base_type == "cidr")
    if column.base_type in _MAC_BYTES:
        return _hardware(text, _MAC_BYTES[column.base_type])
    if column.base_type == "money":
        return _money(text)
    return text


def plain(value: str | int | Decimal | bool) -> str:
    """A literal as text: numbers without an exponent, truth as words."""
    if isinstance(value, Decimal) and value.is_finite():
        return format(value, "f")
    return str(value).lower() if isinstance(value, bool) else str(value)


def shown(value: Literal) -> str:
    """A literal as an error shows it."""
    return repr(value) if isinstance(value, str) else "null" if value is None else plain(value)


def _network(text: str, *, whole: bool) -> str | None:
    """An address as Postgres writes it: inet without a mask that covers all of it, cidr always with one."""
    try:
        found = ipaddress.ip_interface(text)
        if whole and found.network.network_address != found.ip:
            return None  # a cidr has no bits right of its mask
    except ValueError:
        return None
    length = found.network.prefixlen
    address = str(found.ip)
    if isinstance(found.ip, ipaddress.IPv6Address):
        words = [int.from_bytes(found.ip.packed[at : at + 2], "big") for at in range(0, 16, 2)]
        mapped = words[:6] == [0, 0, 0, 0, 0, 0xFFFF]
        if mapped or (words[:6] == [0] * 6 and words[6]):
            address = f"::{'ffff:' if mapped else ''}{ipaddress.IPv4Address(found.ip.packed[12:])}"
    return address if length == found.max_prefixlen and not whole else f"{address}/{length}"


def _hardware(text: str, count: int) -> str | None:
    digits = re.sub(r"[:.-]", "", text).lower()
    if re.fullmatch(rf"[0-9a-f]{{{2 * count}}}", digits) is None:
        return None
    return ":".join(digits[at : at + 2] for at in range(0, len(digits), 2))


def _money(text: str) -> str | None:
    """An amount as the source's sessions write it, whose lc_monetary is C."""
    match = re.fullmatch(r"(-?)\$?(\d+|\d{1,3}(?:,\d{3})+)(\.\d{1,2}0*)?", text)
    if match is None:
        return None
    amount = Decimal(match[2].replace(",", "") + (match[3] or ""))
    return f"{'-' if match[1] and amount else ''}${amount:,.2f}"
