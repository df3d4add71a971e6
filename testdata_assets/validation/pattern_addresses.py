"""E-mail addresses, phone numbers and public addresses of the internet in texts.

E-mail addresses count outside the reserved domains that masking writes to. Phone numbers count in
international form or in the bracketed or dashed North American one; bare digits do not, an order number passes for
one too easily. Addresses of the internet count if they are public: private and documentation ranges are nobody's.
"""

from __future__ import annotations

import re
from functools import lru_cache

import phonenumbers
import polars as pl

from testdata_assets.validation.pattern_texts import matching, pieces, rows_of

_EMAIL = r"[\p{L}\p{N}._%+'!#$&*/=?^`{|}~-]+@[\p{L}\p{N}-]+(?:\.[\p{L}\p{N}-]+)+"
# RFC 2606 and RFC 6761: nobody can own an address there.
_RESERVED = r"(?i)[@.](?:example\.(?:com|org|net)|example|invalid|test|localhost)$"
_WHOLE_RESERVED = r"(?i)^[^@\s,;<>]+@(?:[a-z0-9.-]+\.)?example\.(?:com|org|net)$"  # what masking writes, mostly
_TOP_LEVEL = r"\.(?:\p{L}{2,24}|xn--[A-Za-z0-9-]+)$"
# Pictures for dense screens (logo@2x.png), and the user of all repositories at a host (git@github.com:owner/name).
_NO_PERSON = r"(?i)@\dx\.(?:png|jpe?g|gif|webp|svg|avif|ico|bmp)$|^(?:git|hg|svn)@"
_USER_OF_URL = r"://[^\s/@]+@"  # scheme://user:password@host: no address, see pattern_tokens

# A dash behind would make it a part of something longer, of a UUID for instance.
_BEHIND = r"(?:$|[^\w-])"
_NUMBER = r"[1-9]\d{0,2}[\d ().\u00a0/-]{5,18}\d"
_PLUS = rf"(?:^|[^\w+.])(\+{_NUMBER}){_BEHIND}"
# 0049 may also be four digits of a card or of another number in groups.
_ZEROS = rf"(?:^|[^\w+. \u00a0/-]|[^\d \u00a0/-][ \u00a0/-])(00 ?{_NUMBER}){_BEHIND}"
_NORTH_AMERICAN = (
    r"(?:^|[^\w+.-])(\(\d{3}\) ?\d{3}[-. ]\d{4}|\d{3}-\d{3}-\d{4}|\d{3}\.\d{3}\.\d{4})(?:$|[^\w.-]|\.(?:$|[^\w]))"
)
# Zeros in front of digits alone are padding more often than the way out of a country.
_PADDED = r"^00\d+$"
_PHONE_WORDS = r"(?i)\b(?:phone|tel|telephone|telefon|call|ring|mobile|mobil|cell|fax|whatsapp|sms|handy)\b"
# Candidates put to phonenumbers, which takes some 50 microseconds for each: of a column, then of each further block.
MOST_PHONES = 400
MORE_PHONES = 40

_QUAD = (
    r"(?:^|//|@|[^0-9A-Za-z_.,+/-])([0-9]{1,5}\.[0-9]{1,5}\.[0-9]{1,5}\.[0-9]{1,5})"
    r"(?:$|[^0-9A-Za-z_.-]|\.(?:$|[^0-9A-Za-z]))"
)
_OCTETS = r"^(?<a>\d+)\.(?<b>\d+)\.(?<c>\d+)\.(?<d>\d+)$"
_IP_WORDS = r"(?i)\b(?:ips?|ipv4|addr|address|host|hosts|client|remote|peer|server|from|login|://)\b|://"
_VERSION_WORDS = (
    r"(?i)\b(?:v|ver|vers|version|versions|build|release|firmware|driver|update|upgrade|upgraded|updated|rev|sdk|oid|section"
    r"|chapter|chrome|firefox|safari|edge|opera)\b"
)
# Names of columns: no address stands in one that is called so.
_VERSION_NAMES = (
    r"(?i)\b(?:ver|vers|versions?|firmware|fw|build|release|driver|rev|revision|sdk|bios|kernel|oid|app version)\b"
)
_ADDRESS_NAMES = r"(?i)\b(?:ips?|ipv4|addr|address)\b"
# Types whose values are addresses and nothing else.
NETWORKS = frozenset({"inet", "cidr", "macaddr", "macaddr8"})
_NETWORK = r"(?:::|\.0)/\d+$"
# Second lowest bit of the first byte: chosen by whoever uses it; lowest: of a group (IEEE 802, 8.2).
_GIVEN_MAC = r"(?i)^[0-9a-f][048c]:"
_NOBODYS_MAC = r"(?i)^00:00:5e:|^(?:00:)+00$"  # for documentation (RFC 9542), for nothing
_LARGE_OCTET = 100  # four numbers all below are a version or a chapter more often than an address
_V6 = r"(?:^|[^0-9A-Za-z:.])([23][0-9a-fA-F]{3}:[0-9a-fA-F:]{2,35})(?:$|[^0-9A-Za-z:.]|\.(?:$|[^0-9A-Za-z]))"
_V6_WHOLE = r"^(?:[0-9a-fA-F]{1,4}:){7}[0-9a-fA-F]{1,4}$"
_V6_SHORT = r"^[0-9a-fA-F]{4}(?::[0-9a-fA-F]{1,4}){0,5}::(?:[0-9a-fA-F]{1,4}(?::[0-9a-fA-F]{1,4}){0,5})?$"
# Documentation (RFC 3849, RFC 9637), Teredo, benchmarking, ORCHID, 6to4.
_V6_NOBODYS = r"(?i)^(?:2001:0?db8:|3fff:|2001:(?::|0{1,4}:|0{0,2}2:|0{0,2}[12][0-9a-f]:)|2002:)"

# One pass finds out whether there is anything to look at but e-mail addresses: all pieces make one automaton.
PREFILTER = (
    r"(?:^|[^0-9A-Za-z_+.])(?:\+|00 ?)[1-9][0-9 ().\u00a0/-]{6}",
    r"(?:^|[^0-9A-Za-z_+.-])(?:\([0-9]{3}\) ?[0-9]{3}|[0-9]{3}-[0-9]{3}-[0-9]{4}|[0-9]{3}\.[0-9]{3}\.[0-9]{4})",
    r"(?:^|//|[^0-9A-Za-z_.,+/-])[0-9]{1,5}\.[0-9]{1,5}\.[0-9]{1,5}\.[0-9]",
    r"(?:^|[^0-9A-Za-z:.])[23][0-9a-fA-F]{3}:[0-9a-fA-F:]{2}",
)


def count_emails(frame: pl.DataFrame) -> int:
    """Rows with addresses outside reserved domains, of texts with an @; a row counts once for each."""
    some = frame.filter(~pl.col("v").str.contains(_WHOLE_RESERVED))
    if some.height == 0:
        return 0
    some = some.with_columns(pl.col("v").str.replace_all(_USER_OF_URL, "://"))
    parts = some.with_columns(pl.col("v").str.extract_all(_EMAIL)).explode("v").drop_nulls("v")
    parts = parts.with_columns(pl.col("v").str.strip_chars_end(".-'"))
    address = pl.col("v").str
    return rows_of(
        parts.filter(address.contains(_TOP_LEVEL) & ~address.contains(_RESERVED) & ~address.contains(_NO_PERSON))
    )


def phone_candidates(frame: pl.DataFrame) -> list[tuple[str, str | None]]:
    """Different texts that are written like phone numbers, with the country to read them in."""
    found: list[tuple[str, str | None]] = []
    for pattern, region in ((_PLUS, None), (_ZEROS, None), (_NORTH_AMERICAN, "US")):
        some = matching(frame, pattern)
        if some.height == 0:
            continue
        parts = pieces(some.with_columns(told=pl.col("v").str.contains(_PHONE_WORDS)), pattern, ["told"])
        parts = parts.filter(pl.col("told") | ~pl.col("v").str.contains(_PADDED))
        found += [(text, region) for text in parts.get_column("v").unique(maintain_order=True).to_list()]
    return found


@lru_cache(maxsize=4096)
def valid_phone(text: str, region: str | None) -> str | None:
    """The number in E.164 if it is a valid one; None otherwise.

    Numbers that are set apart for fiction (North America's 555-01xx) count as invalid.
    """
    digits = text.strip(" \t\r\n.,;:!?\"'<>[]{}=/")
    if digits.startswith("00"):
        digits = "+" + digits[2:].lstrip()
    try:
        number = phonenumbers.parse(digits, region)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_valid_number(number):
        return None
    national = str(number.national_number)
    if number.country_code == 1 and national[3:8] == "55501":
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def count_ips(frame: pl.DataFrame, name: str = "") -> tuple[int, int]:
    """Rows with public addresses, and rows with four numbers of that form that are none: versions, mostly.

    Args:
        frame: Texts `v`, the rows `n` that have each.
        name: Words of the column's name: it may tell which of both they are.
    """
    public, versions = _count_v4(frame, name)
    some = matching(frame, _V6)
    if some.height:
        address = pl.col("v").str
        parts = pieces(some, _V6).filter(address.contains(_V6_WHOLE) | address.contains(_V6_SHORT))
        public += rows_of(parts.filter((address.count_matches(":") <= 7) & ~address.contains(_V6_NOBODYS)))
    return public, versions


def count_addresses(frame: pl.DataFrame) -> tuple[str, int]:
    """The kind and the rows of public hosts in a column of type inet or cidr; networks are nobody's."""
    hosts = frame.filter(~pl.col("v").str.contains(_NETWORK)).with_columns(pl.col("v").str.replace(r"/\d+$", ""))
    return "ip address", count_ips(hosts, "ip")[0]


def count_macs(frame: pl.DataFrame) -> tuple[str, int]:
    """The kind and the rows of addresses that a manufacturer gave a device, in a column of type macaddr."""
    given = pl.col("v").str.contains(_GIVEN_MAC) & ~pl.col("v").str.contains(_NOBODYS_MAC)
    return "mac address", rows_of(frame.filter(given))


def _count_v4(frame: pl.DataFrame, name: str) -> tuple[int, int]:
    some = matching(frame, _QUAD)
    if some.height == 0:
        return 0, 0
    if re.search(_VERSION_NAMES, name) and not re.search(_ADDRESS_NAMES, name):
        return 0, 0
    told = pl.lit(re.search(_IP_WORDS, name) is not None) | pl.col("v").str.contains(_IP_WORDS)
    version = pl.col("v").str.contains(_VERSION_WORDS)
    parts = pieces(some.with_columns(told=told, version=version), _QUAD, ["told", "version"])
    parts = parts.with_columns(padded=pl.col("v").str.contains(r"(?:^|\.)0\d"))
    parts = parts.with_columns(pl.col("v").str.extract_groups(_OCTETS)).unnest("v")
    parts = parts.with_columns(pl.col("a", "b", "c", "d").cast(pl.Int64))
    a, b, c, d = (pl.col(name) for name in "abcd")
    possible = (pl.max_horizontal(a, b, c, d) <= 255) & ~pl.col("padded")
    versions = rows_of(parts.filter(~possible))
    large = pl.max_horizontal(a, b, c, d) >= _LARGE_OCTET
    # Nobody's host ends in 0; a version often does.
    sure = possible & (d > 0) & ~pl.col("version") & (large | pl.col("told")) & ~_set_apart(a, b, c)
    return rows_of(parts.filter(sure)), versions


def _set_apart(a: pl.Expr, b: pl.Expr, c: pl.Expr) -> pl.Expr:
    """Whether IANA's registry of special-purpose IPv4 addresses has them, by their first three numbers."""
    net = a * 65536 + b * 256 + c
    return (
        a.is_in([0, 10, 127])
        | (a >= 224)
        | ((a == 100) & (b >= 64) & (b < 128))
        | ((a == 169) & (b == 254))
        | ((a == 172) & (b >= 16) & (b < 32))
        | ((a == 192) & (b == 168))
        | ((a == 198) & b.is_in([18, 19]))
        | net.is_in([0xC00000, 0xC00002, 0xC05863, 0xC63364, 0xCB0071])
    )
