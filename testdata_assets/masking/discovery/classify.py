"""One column's verdict: what kind of personal data it holds, if any, how sure that is, and why.

The type has a veto, then the name speaks, then the values confirm, refute or speak for themselves. Where
nothing tells, text counts as personal: what stays unmasked by mistake is worse than what is masked by mistake.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

from testdata_assets.masking.discovery import values as look
from testdata_assets.masking.discovery.identifiers import NATIONAL, TAX, scheme_share
from testdata_assets.masking.discovery.judge_text import classify_text
from testdata_assets.masking.discovery.judge_values import as_number
from testdata_assets.masking.discovery.lexicon import HEADS, NUMERIC
from testdata_assets.masking.discovery.lexicon_roles import CURRENCIES, MEASURES, STANDING
from testdata_assets.masking.discovery.names import NameSign, read_name, words
from testdata_assets.masking.discovery.values import Values
from testdata_assets.masking.discovery.verdicts import (
    ENOUGH,
    INTEGERS,
    MOMENTS,
    NUMBERS,
    UNKNOWN,
    Surroundings,
    Verdict,
    of_people,
    trait,
)
from testdata_assets.masking.transformers.base import TEXT_TYPES
from testdata_assets.production.catalog import Column

__all__ = ["INTEGERS", "MOMENTS", "NUMBERS", "Surroundings", "Verdict", "classify", "classify_number", "classify_text"]


def _listed(text: str) -> frozenset[str]:
    return frozenset(text.split())


_HARMLESS = _listed(
    """oid xid xid8 cid tid pg_lsn txid_snapshot pg_snapshot regclass regproc regtype regrole regnamespace regconfig
    interval time timetz int4range int8range numrange daterange tsrange tstzrange int4multirange int8multirange
    nummultirange datemultirange tsmultirange tstzmultirange bit varbit isbn isbn13 issn issn13 ean13 ismn ismn13 upc
    ltree lquery ltxtquery cube seg tsquery jsonpath"""
)
_PLACES = frozenset({"point", "box", "circle", "path", "polygon", "line", "lseg", "geometry", "geography"})
_CARD_DIGITS = 13
_ID_DIGITS = 6
_SHORT = 1000.0  # what is measured of people, or counted of what they did, rather than a number of something
_HUNDRED = 100.0  # per cent: where this is the largest number, they are shares rather than amounts
_NUMBER_WORDS = frozenset({"num", "nr", "no", "nro", "numero", "nb", "n"})
_ID_WORDS = frozenset({"id", "pk", "key", "seq", "sk", "oid", "uid", "row", "idx", "index", "serial"})
_DIGESTS = frozenset(["hash", "digest", "sha", "sha1", "sha256", "sha512", "md5", "hex", "hashed"])
_SWITCHES = frozenset({"is", "has", "was", "est", "es", "hat", "ist", "flag", "flg", "ind", "yn", "jn", "bool"})
_PIN_LIKE = frozenset({"pin", "pin_code", "pincode", "otp", "cvv", "cvc", "cvv2", "tan", "security_code"})


def classify(column: Column, sampled: Values, around: Surroundings) -> Verdict:
    """The verdict on a scalar column; documents, arrays and composites are taken apart in `documents.py`."""
    sign = _of_secrets(column.name, around.table) or read_name(column.name)
    base = column.base_type
    if sign is not None and sign.category is None and base in TEXT_TYPES | NUMBERS:
        sign = _without_number(column.name) or sign
    if base in TEXT_TYPES:
        verdict = classify_text(sign, sampled, around)
        return replace(verdict, few=verdict.few or sampled.few)
    if base in NUMBERS:
        return classify_number(sign, sampled, around, integer=base in INTEGERS or base == "numeric")
    if base in MOMENTS:
        return _classify_moment(sign, sampled, around, base)
    return _classify_rest(column, sign, around)


def _of_secrets(name: str, table: str) -> NameSign | None:
    """What `digest` says in a table of API keys: it is theirs, and such a digest can be tried against guesses."""
    sign = read_name(f"{table}_{name}") if all(word in _DIGESTS or word.isdigit() for word in words(name)) else None
    return sign if sign is not None and sign.strong and sign.category == "secret" else None


def _without_number(name: str) -> NameSign | None:
    """`num_expediente`, `nr_karty`: of numbers and texts, a number rather than a count of something."""
    first, *rest = words(name)
    return read_name("_".join(rest)) if first in _NUMBER_WORDS and rest else None


def _said_by_yes(name: str) -> str | None:
    """`is_pregnant`, `disability_flag`: what a switch says is its name without the words that make it one."""
    rest = [word for word in words(name) if word not in _SWITCHES]
    sign = read_name("_".join(rest)) if rest else None
    return sign.category if sign is not None and sign.strong else None


def _classify_rest(column: Column, sign: NameSign | None, around: Surroundings) -> Verdict:
    base, category = column.base_type, sign.category if sign and sign.strong else None
    if base == "bool":
        said = category or _said_by_yes(column.name)
        if said in ("health", "demographic"):
            return Verdict(said, 0.6, f"named like {said}", few=True)
        if sign is None and around.topic == "health" and around.linked and not set(words(column.name)) & HEADS:
            return Verdict("health", 0.4, f"yes or no in {around.table}", undecided=True, few=True)
        return Verdict(None, 0.97, "a boolean")
    if column.category == "E":
        if category in ("gender", "demographic", "health"):
            return Verdict(category, 0.7, f"named like {category}")
        return Verdict(None, 0.9, "an enumeration")
    if base == "uuid":
        if category in ("secret", "device_id") or (sign is not None and sign.category == "device_id"):
            return Verdict(category or "device_id", 0.8, f"named like {category or 'device_id'}")
        return Verdict(None, 0.85, "random identifiers")
    if base in ("inet", "cidr"):
        return Verdict("ip", 0.95, f"of type {base}")
    if base in ("macaddr", "macaddr8"):
        return Verdict("mac", 0.95, f"of type {base}")
    if base == "bytea":
        if sign is not None and sign.category is None and re.search(r"sum|digest|etag|sha|md5|hash", sign.phrase):
            return Verdict(None, 0.6, "named like a checksum of a thing")
        if category is not None:
            return Verdict(
                "attachment" if category in ("free_text", "url") else category, 0.85, f"named like {category}"
            )
        return Verdict("attachment", 0.5, "bytes may hold anything", undecided=True)
    if base == "tsvector":
        return Verdict("search_index", 0.8, "holds the words of other columns")
    if base == "xml":
        return Verdict("document", 0.5, "a document may hold anything", undecided=True)
    if base in _PLACES:
        return Verdict("lat_lon", 0.7, "a place")
    if column.category == "R" and category in ("financial", "birth_date", "health"):
        return Verdict(category, 0.7, f"named like {category}")
    if base in _HARMLESS or column.category in "RTV":
        return Verdict(None, 0.85, f"of type {base}")
    return Verdict(UNKNOWN, 0.3, "a type that nothing here can read", undecided=True)


def _classify_moment(sign: NameSign | None, sampled: Values, around: Surroundings, base: str) -> Verdict:
    years = [year for value in sampled.distinct if (year := look.year_of_date(value)) is not None]
    if sign is not None and sign.category == "birth_date" and (sign.strong or around.kind == "person"):
        return Verdict("birth_date", 0.95 if look.birth_like(years, around.today) else 0.85, "named like birth dates")
    silent = sign is None or not sign.strong or sign.category is not None  # no date is what else a name may say
    births = look.birth_like(years, around.today) or (of_people(around) and look.of_all_ages(years, around.today))
    if silent and around.kind == "person" and births:
        return Verdict("birth_date", 0.55, "dates spread like births, in a table of people")
    return Verdict(None, 0.85, "a point in time")


def classify_number(sign: NameSign | None, sampled: Values, around: Surroundings, *, integer: bool) -> Verdict:
    """The verdict on a column of numbers."""
    category = sign.category if sign is not None else None
    found = sampled.distinct
    if sign is not None and category is not None and _number_may_be(sign, around):
        test = _NUMBER_TESTS.get(category)
        share = sampled.share(test) if test and found else None
        if share is None or share >= 0.5:
            return Verdict(category, 0.92 if share else 0.8, f"named like {category}")
    if integer and len(found) >= ENOUGH:
        if min(map(len, found)) >= _CARD_DIGITS and sampled.share(look.is_card) >= 0.9:
            return Verdict("credit_card", 0.9, "card numbers with a right check digit")
        long_enough = [value for value in found if len(value) >= 9]
        if len(long_enough) > 0.9 * len(found) and len(found) >= 20 and scheme_share(found, (*NATIONAL, *TAX)) >= 0.9:
            return Verdict("national_id", 0.85, "numbers with a state's check digits")
    named = sign is None and around.name and not set(around.name.split("_")) & _ID_WORDS
    if around.key and integer and named and of_people(around):
        return Verdict("customer_id", 0.4, "a key of people that bears a name of its own", undecided=True)
    if sign is None and around.kind == "person" and not around.key and sampled.various and integer:
        lengths = [len(value) for value in found if value.isdigit()]
        if len(lengths) == len(found) and min(lengths) >= _ID_DIGITS and max(lengths) - min(lengths) <= 1:
            return Verdict("customer_id", 0.4, "long numbers, each its own, in a table of people", undecided=True)
    if around.key:
        return Verdict(None, 0.9, "a key without meaning of its own")
    if around.topic == "financial" and sign is None and any("." in value for value in found):
        return Verdict("financial", 0.6, f"amounts in {around.table}")
    largest = max((abs(as_number(value) or 0.0) for value in found), default=0.0)
    percent = largest == _HUNDRED or largest <= 1
    amounts = integer and sampled.share(_is_amount) > 0.5
    if amounts and not percent and around.pay and (around.linked or around.kind == "person"):
        return Verdict("financial", 0.6, f"amounts in {around.table}")
    counted = around.name.rpartition("_")[2] in CURRENCIES and around.name.count("_") > 0
    if around.kind == "person" and counted and not percent:
        return Verdict("financial", 0.5, "amounts of money in a table of people", undecided=True)
    if sign is None and of_people(around) and amounts and not percent:
        return Verdict("financial", 0.4, "amounts in a table of people", undecided=True)
    short = around.register and integer and len(found) >= ENOUGH and largest < _SHORT
    unexplained = trait(around) if named and (sampled.few or short) else None
    return unexplained or Verdict(None, 0.85, "numbers")


def _is_amount(value: str) -> bool:
    return "." in value and (number := as_number(value)) is not None and abs(number) >= 1


def _number_may_be(sign: NameSign, around: Surroundings) -> bool:
    if sign.category not in NUMERIC:
        return False
    if sign.category == "secret":
        return sign.phrase in _PIN_LIKE
    if not sign.strong and sign.category == "financial" and around.name.rpartition("_")[2] in MEASURES:
        return False
    if not sign.strong and sign.category == "financial":
        standing = "balance" in sign.phrase or (around.linked and bool(set(sign.phrase.split("_")) & STANDING))
        return around.kind == "person" or around.topic == "financial" or around.pay or standing
    sized = sign.category == "demographic" and around.linked and around.kind != "thing"
    return sign.strong or around.kind == "person" or sized


def _between(low: float, high: float) -> Callable[[str], bool]:
    def test(value: str) -> bool:
        number = as_number(value)
        return number is not None and low <= number <= high

    return test


_NUMBER_TESTS: dict[str, Callable[[str], object]] = {
    "phone": _between(1e5, 1e16),
    "national_id": _between(1e3, 1e19),
    "tax_id": _between(1e3, 1e19),
    "account_number": _between(100, 1e25),
    "credit_card": _between(1e10, 1e20),
    "postcode": _between(100, 1e8),
    "lat_lon": _between(-180, 180),
    "birth_date": _between(1, 20_300_000),
}
