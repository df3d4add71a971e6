"""One column's verdict: what kind of personal data it holds, if any, how sure that is, and why.

The type has a veto, then the name speaks, then the values confirm, refute or speak for themselves. Where
nothing tells, text counts as personal: what stays unmasked by mistake is worse than what is masked by mistake.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime

from testdata_assets.masking.discovery import values as look
from testdata_assets.masking.discovery.identifiers import NATIONAL, TAX, scheme_share
from testdata_assets.masking.discovery.lexicon import NUMERIC
from testdata_assets.masking.discovery.names import NameSign, TableKind, read_name
from testdata_assets.masking.discovery.values import Values
from testdata_assets.masking.transformers.base import TEXT_TYPES
from testdata_assets.production.catalog import Column

INTEGERS = frozenset({"int2", "int4", "int8"})
NUMBERS = INTEGERS | {"numeric", "float4", "float8", "money"}
MOMENTS = frozenset({"date", "timestamp", "timestamptz"})
UNKNOWN = "unknown"


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
# Names of texts that describe what a table of things is about.
_DESCRIBING = re.compile(
    r"^(descr?|description|details|summary|caption|content|title|texto?|body|info|value|beschreibung.*|"
    r"bezeichnung|descripcion.*|descrizione|descricao|omschrijving.*|libelle|concepto|subject|topic|label)$"
)
_PIN_LIKE = frozenset({"pin", "pin_code", "pincode", "otp", "cvv", "cvc", "cvv2", "tan", "security_code"})
_ENOUGH = 5
_SALUTATIONS = _listed(
    """mr mrs ms miss mx dr prof herr frau monsieur madame mademoiselle m mme mlle sr sra srta senor senora don dona sig
    sigra signor signora dott dottssa dhr mevr m f male female w d x other diverse divers weiblich maennlich männlich
    h homme femme hombre mujer maschio femmina masculino feminino masculin feminin man vrouw non-binary nonbinary
    unknown n/a u"""
)


@dataclass(frozen=True)
class Verdict:
    """What a column holds.

    Attributes:
        category: Of personal data; None where it holds nothing personal.
        confidence: 0 to 1.
        why: A few words without any value.
        undecided: Nothing told: what holds is the safe side.
    """

    category: str | None
    confidence: float
    why: str
    undecided: bool = False


@dataclass(frozen=True)
class Surroundings:
    """What a column's table says about it.

    Attributes:
        kind: What the table is about.
        table: Its bare name, for reasons.
        topic: What the table's own name says its rows are: health, financial, or nothing.
        address: Other columns of the table are parts of addresses.
        name: The column's own name, its words joined by `_`.
        key: The column is the table's surrogate key, or unique by itself.
        listed: A CHECK constraint lists its values.
        today: For ages.
    """

    kind: TableKind = "other"
    table: str = ""
    topic: str | None = None
    address: bool = False
    name: str = ""
    key: bool = False
    listed: bool = False
    today: date = field(default_factory=lambda: datetime.now(UTC).date())


def classify(column: Column, sampled: Values, around: Surroundings) -> Verdict:
    """The verdict on a scalar column; documents, arrays and composites are taken apart in `documents.py`."""
    sign = read_name(column.name)
    base = column.base_type
    if base in TEXT_TYPES:
        return classify_text(sign, sampled, around)
    if base in NUMBERS:
        return classify_number(sign, sampled, around, integer=base in INTEGERS or base == "numeric")
    if base in MOMENTS:
        return _classify_moment(sign, sampled, around, base)
    return _classify_rest(column, sign)


def _classify_rest(column: Column, sign: NameSign | None) -> Verdict:
    base, category = column.base_type, sign.category if sign and sign.strong else None
    if base == "bool":
        return Verdict(None, 0.97, "a boolean")
    if column.category == "E":
        if category in ("gender", "demographic", "health"):
            return Verdict(category, 0.7, f"named like {category}")
        return Verdict(None, 0.9, "an enumeration")
    if base == "uuid":
        if category in ("secret", "device_id"):
            return Verdict(category, 0.8, f"named like {category}")
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
    if base in _HARMLESS or column.category in "RTV":
        return Verdict(None, 0.85, f"of type {base}")
    return Verdict(UNKNOWN, 0.3, "a type that nothing here can read", undecided=True)


def _classify_moment(sign: NameSign | None, sampled: Values, around: Surroundings, base: str) -> Verdict:
    years = [year for value in sampled.distinct if (year := look.year_of_date(value)) is not None]
    if sign is not None and sign.category == "birth_date" and (sign.strong or around.kind == "person"):
        return Verdict("birth_date", 0.95 if look.birth_like(years, around.today) else 0.85, "named like birth dates")
    if sign is None and base == "date" and around.kind == "person" and look.birth_like(years, around.today):
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
    if integer and len(found) >= _ENOUGH:
        if min(map(len, found)) >= _CARD_DIGITS and sampled.share(look.is_card) >= 0.9:
            return Verdict("credit_card", 0.9, "card numbers with a right check digit")
        long_enough = [value for value in found if len(value) >= 9]
        if len(long_enough) > 0.9 * len(found) and len(found) >= 20 and scheme_share(found, (*NATIONAL, *TAX)) >= 0.9:
            return Verdict("national_id", 0.85, "numbers with a state's check digits")
    if around.key:
        return Verdict(None, 0.9, "a key without meaning of its own")
    if around.topic == "financial" and any("." in value for value in found):
        return Verdict("financial", 0.6, f"amounts in {around.table}")
    return Verdict(None, 0.85, "numbers")


def _number_may_be(sign: NameSign, around: Surroundings) -> bool:
    if sign.category not in NUMERIC:
        return False
    if sign.category == "secret":
        return sign.phrase in _PIN_LIKE
    if not sign.strong and sign.category == "financial":
        return around.kind == "person" or around.topic == "financial" or "balance" in sign.phrase
    return sign.strong or around.kind == "person"


def _number(value: str) -> float | None:
    try:
        return float(value.replace("$", "").replace(",", ""))
    except ValueError:
        return None


def _between(low: float, high: float) -> Callable[[str], bool]:
    def test(value: str) -> bool:
        number = _number(value)
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


def classify_text(sign: NameSign | None, sampled: Values, around: Surroundings) -> Verdict:
    """The verdict on a column (or a part of one) of text."""
    category = sign.category if sign is not None else None
    if around.listed:
        if sign is not None and sign.strong and category in ("gender", "demographic", "health"):
            return Verdict(category, 0.7, f"named like {category}, values listed by a constraint")
        return Verdict(None, 0.9, "its values are listed by a constraint")
    by_form = _by_form(sign, sampled)
    if by_form is not None:
        return by_form
    if sign is not None and sign.category is not None:
        by_name = _by_name(sign, sampled, around)
        if by_name is not None:
            return by_name
    if sign is not None and sign.category is None and not (_names_id(sign) and len(sampled)):
        return _veto_of_values(sampled) or Verdict(
            None, 0.8, f"named like {_shown(sign)}, which says nothing of people"
        )
    return _by_values(sampled, around)


_FORMS: Sequence[tuple[str, Callable[[str], object], float, str]] = (
    ("email", look.is_email, 0.5, "e-mail addresses"),
    ("secret", look.is_password_hash, 0.5, "password hashes or signed tokens"),
    ("iban", look.is_iban, 0.6, "IBANs with right check digits"),
    ("mac", look.is_mac, 0.8, "hardware addresses"),
    ("ip", look.is_ip, 0.7, "IP addresses"),
    ("lat_lon", look.is_lat_lon, 0.8, "coordinates"),
    ("user_agent", look.is_user_agent, 0.7, "browsers' names for themselves"),
    ("credit_card", look.is_card, 0.8, "card numbers with a right check digit"),
)


def _by_form(sign: NameSign | None, sampled: Values) -> Verdict | None:
    """Values whose form leaves no doubt."""
    if not len(sampled):
        return None
    category = sign.category if sign is not None else None
    for kind, test, least, called in _FORMS:
        share = sampled.share(test)
        if share >= least and (kind != "credit_card" or category in (None, kind) or share > 0.95):
            kept_name = (
                category in ("device_id", "account_number", "national_id", "customer_id") and kind == "credit_card"
            )
            return Verdict(
                category if kept_name else kind,
                0.99 if category == kind else round(0.75 + 0.2 * share, 2),
                f"{share:.0%} of values are {called}",
            )
    return None


def _by_name(sign: NameSign, sampled: Values, around: Surroundings) -> Verdict | None:
    """A name that says something personal, held against the values; None where they say otherwise."""
    category = sign.category or ""
    if category == "free_text":
        return _free_text(sign, sampled, around)
    if not sign.strong:
        return _weak_name(sign, sampled, around)
    if category == "url":
        return _url(sign, sampled, around)
    if category in ("job_title", "region") and sampled.few:
        return Verdict(None, 0.6, f"named like {category}, but few values repeat")
    if (
        category == "gender"
        and len(sampled)
        and not sampled.few
        and sampled.share(_is_salutation) < 0.5
        and len(sampled) > 12
    ):
        return None
    if not len(sampled):
        return Verdict(category, 0.75, f"named like {category}; no values seen")
    plausible = _PLAUSIBLE.get(category)
    share = sampled.share(plausible) if plausible is not None else None
    if share is None or share >= 0.3:
        return Verdict(category, 0.95 if share is not None and share >= 0.8 else 0.85, f"named like {category}")
    if len(sampled) < _ENOUGH:
        return Verdict(category, 0.5, f"named like {category}; too few values to tell")
    if sampled.few and sampled.longest <= 24:
        return _veto_of_values(sampled) or Verdict(
            None, 0.55, f"named like {category}, but few values repeat and none fits"
        )
    verdict = _by_values(sampled, around)
    if verdict.category is not None and not verdict.undecided:
        return verdict
    return Verdict(category, 0.45, f"named like {category}, though the values hardly look it", undecided=True)


def _is_salutation(value: str) -> bool:
    return value.casefold().strip(". ").replace(".", "") in _SALUTATIONS


def _letters(value: str) -> bool:
    letters = sum(char.isalpha() for char in value)
    return letters >= 0.5 * len(value)


def _digits_among(least: int) -> Callable[[str], bool]:
    def test(value: str) -> bool:
        return sum(char.isdigit() for char in value) >= least

    return test


_PLAUSIBLE: dict[str, Callable[[str], object]] = {
    "email": lambda value: "@" in value,
    "phone": _digits_among(5),
    "iban": _digits_among(8),
    "credit_card": _digits_among(4),
    "account_number": _digits_among(3),
    "national_id": _digits_among(2),
    "tax_id": _digits_among(3),
    "passport": _digits_among(2),
    "driving_licence": _digits_among(2),
    "licence_plate": lambda value: len(value) <= 20,
    "first_name": _letters,
    "last_name": _letters,
    "person_name": _letters,
    "postcode": lambda value: len(value) <= 12 and any(char.isdigit() for char in value),
    "city": _letters,
    "birth_date": _digits_among(2),
    "ip": lambda value: look.is_ip(value) or value.count(".") >= 2 or value.count(":") >= 2,
    "mac": _digits_among(1),
    "bic": lambda value: len(value) in (8, 11),
    "lat_lon": _digits_among(2),
    "financial": _digits_among(1),
}


def _free_text(sign: NameSign, sampled: Values, around: Surroundings) -> Verdict | None:
    """Notes, comments and the like; what describes things and quotes nobody may stay."""
    found = _veto_of_values(sampled)
    if found is not None:
        return found if found.category != "person_name" or sampled.words < 4 else Verdict("free_text", 0.9, found.why)
    describing = _DESCRIBING.match(sign.phrase.split("_")[-1]) is not None
    title = sign.phrase.split("_")[-1] == "title"
    if title and around.kind == "person":
        if len(sampled) and sampled.share(_is_salutation) >= 0.5:
            return Verdict("gender", 0.75, "titles of people")
        return (
            Verdict("job_title", 0.6, "titles in a table of people")
            if not sampled.few
            else Verdict(None, 0.6, "few titles repeat")
        )
    if describing and around.kind == "thing":
        return Verdict(None, 0.65, f"describes what is in {around.table}; quotes no contact or name")
    if len(sampled) and (sampled.few or sampled.longest <= 3):
        return Verdict(None, 0.6, "named like free text, but few values repeat")
    if not sign.strong:
        if len(sampled) and sampled.share(look.is_prose) < 0.2 and sampled.words < 2.5:
            return _by_values(sampled, around)
        return Verdict("free_text", 0.5, "may hold free text")
    prose = sampled.share(look.is_prose) if len(sampled) else 0.0
    return Verdict("free_text", 0.9 if prose >= 0.5 else 0.75, "named like free text")


def _weak_name(sign: NameSign, sampled: Values, around: Surroundings) -> Verdict | None:
    """A name that only hints: the table or the values must agree."""
    category = sign.category or ""
    of_people = around.kind == "person"
    if category == "person_name":
        return _somebody(sign, sampled, around)
    if category == "company":
        if around.kind == "thing" and sampled.few:
            return None
        return Verdict("company", 0.55, "named like firms") if not sampled.few else None
    if category == "url":
        return _url(sign, sampled, around)
    if category == "job_title":
        return Verdict("job_title", 0.6, "titles in a table of people") if of_people and not sampled.few else None
    if category in ("first_name", "last_name"):
        if around.name != sign.phrase:
            return None  # last_seen, first_order
        known = look.first_name_share if category == "first_name" else look.last_name_share
        return Verdict(category, 0.8, f"named like {category}") if of_people or known(sampled) >= 0.3 else None
    if category == "region" and (sampled.few or sampled.longest <= 3):
        return Verdict(None, 0.6, "named like regions, few values repeat")
    plausible = _PLAUSIBLE.get(category)
    fits = plausible is None or not len(sampled) or sampled.share(plausible) >= 0.5
    if fits and (of_people or category in ("account_number", "username")) and not sampled.few:
        return Verdict(category, 0.6, f"named like {category}")
    return None


def _somebody(sign: NameSign, sampled: Values, around: Surroundings) -> Verdict | None:
    """`name`, `owner`, `created_by`: a person's, a firm's or a thing's, as table and values say."""
    share = look.full_name_share(sampled)
    single = max(look.first_name_share(sampled), look.last_name_share(sampled)) if sampled.words < 1.5 else 0.0
    bare = sign.phrase in ("name", "names", "nom", "nombre", "nome", "naam")
    if share >= 0.35:
        return Verdict("person_name", round(0.7 + 0.25 * share, 2), f"{share:.0%} of values look like full names")
    if single >= 0.5 and not sampled.few:
        which = "first_name" if look.first_name_share(sampled) >= look.last_name_share(sampled) else "last_name"
        return Verdict(which, 0.75, f"{single:.0%} of values are known names")
    if bare and around.kind == "person":
        return Verdict("person_name", 0.75, "names in a table of people") if not sampled.few else None
    if bare and around.kind == "organisation":
        return Verdict("company", 0.7, "names in a table of firms")
    if bare and around.kind == "thing":
        return Verdict(None, 0.75, f"names of what is in {around.table}")
    if sampled.few:
        return Verdict("person_name", 0.6, "few values, some of them names") if share >= 0.2 or single >= 0.4 else None
    if bare and len(sampled) >= _ENOUGH and max(share, single) < 0.1:
        return Verdict(None, 0.5, "names, but not of people")
    if len(sampled) and not bare:
        if sampled.share(look.is_uuid) > 0.9 or sampled.digits_only > 0.9:
            return Verdict(None, 0.6, "named like somebody, but holds references")
        category = "username" if sampled.words < 1.3 else "person_name"
        return Verdict(category, 0.6, "named like somebody")
    return Verdict("person_name", 0.5, "may name people", undecided=True)


def _url(sign: NameSign, sampled: Values, around: Surroundings) -> Verdict | None:
    """Links: those of people, and those that carry a key or a name; a thing's picture may stay."""
    if len(sampled) and sampled.share(look.is_url) < 0.3:
        if sampled.few:
            return None
        if around.kind == "thing" and sampled.share(lambda value: "/" in value or "." in value) > 0.5:
            return Verdict(None, 0.55, f"files of what is in {around.table}")
        return Verdict("url", 0.55, "named like links")
    telling = len(sampled) and sampled.share(lambda value: "@" in value or "token=" in value or "key=" in value) > 0.02
    if around.kind == "thing" and not telling:
        return Verdict(None, 0.6, f"links of what is in {around.table}")
    return Verdict("url", 0.75 if around.kind == "person" or telling else 0.6, f"named like {_shown(sign)}")


def _veto_of_values(sampled: Values) -> Verdict | None:
    """What values say against a harmless name."""
    if not len(sampled):
        return None
    quoted = sampled.share(look.holds_contact)
    if quoted >= 0.02 and (len(sampled) >= 20 or quoted >= 0.1):
        return Verdict("free_text", 0.9, f"{quoted:.0%} of values quote an e-mail address or phone number")
    share = look.full_name_share(sampled)
    if share >= 0.5 and not sampled.few:
        return Verdict("person_name", 0.7, f"{share:.0%} of values look like full names")
    if sampled.words >= 4 and look.names_inside(sampled) >= 0.15:
        return Verdict("free_text", 0.75, "values mention names")
    if sampled.share(look.is_token) >= 0.9 and sampled.share(look.is_password_hash) > 0:
        return Verdict("secret", 0.8, "values look like secrets")
    return None


def _by_values(sampled: Values, around: Surroundings) -> Verdict:
    """A name that says nothing: the values speak, and if they do not, the safe side."""
    if not len(sampled):
        return Verdict(UNKNOWN, 0.2, "neither name nor values tell", undecided=True)
    found = sampled.distinct
    if sampled.share(look.is_uuid) >= 0.9:
        return Verdict(None, 0.75, "random identifiers")
    few = sampled.few
    for category, share, least, called in (
        ("phone", sampled.share(look.surely_phone), 0.6, "phone numbers"),
        ("national_id", scheme_share(found, NATIONAL) if len(found) >= 20 else 0.0, 0.9, "a state's numbers"),
        ("tax_id", scheme_share(found, TAX) if len(found) >= 20 else 0.0, 0.9, "tax numbers"),
        ("person_name", look.full_name_share(sampled), 0.4, "full names"),
        ("first_name", look.first_name_share(sampled) if sampled.words < 1.5 else 0.0, 0.7, "first names"),
        ("last_name", look.last_name_share(sampled) if sampled.words < 1.5 else 0.0, 0.7, "family names"),
        ("street_address", sampled.share(look.is_street) if sampled.words >= 2 else 0.0, 0.7, "streets"),
        ("city", look.city_share(sampled), 0.6, "cities"),
        ("secret", sampled.share(look.is_token), 0.7, "long random strings"),
    ):
        if share >= least and not (few and category in ("city", "first_name", "last_name")):
            return Verdict(category, round(0.35 + 0.5 * share, 2), f"{share:.0%} of values look like {called}")
    vetoed = _veto_of_values(sampled)
    if vetoed is not None:
        return vetoed
    years = [year for value in found if (year := look.year_of_date(value)) is not None]
    if len(years) >= 0.9 * len(found):
        if around.kind == "person" and look.birth_like(years, around.today):
            return Verdict("birth_date", 0.6, "dates spread like births")
        return Verdict(None, 0.6, "dates")
    if few:
        if sampled.words >= 1.5 and look.names_inside(sampled) + look.share_with_names(sampled) >= 0.15:
            return Verdict("free_text", 0.6, "few values repeat, but some hold names")
        return Verdict(None, 0.7, "few values repeat, as codes and states do")
    if sampled.share(look.is_url) >= 0.6:
        return Verdict("url", 0.6, "links")
    if sampled.share(look.is_bare_phone) >= 0.9:
        return Verdict("phone", 0.6, "digits that are valid phone numbers")
    if around.topic == "health":
        return Verdict("health", 0.5, f"text in {around.table}")
    if sampled.share(look.is_prose) >= 0.3 or sampled.words >= 4:
        return Verdict("free_text", 0.6, "running text")
    if around.address and sampled.longest <= 8 and sampled.words < 2:
        return Verdict("street_address", 0.45, "short values among parts of addresses")
    if around.kind != "person":
        if sampled.longest <= 2 and len(sampled) > 1:
            return Verdict(None, 0.55, "codes of one or two characters")
        if sampled.share(lambda value: _number(value) is not None and len(value) < 7) > 0.95:
            return Verdict(None, 0.55, "short numbers")
    elif around.key and sampled.share(lambda value: any(map(str.isdigit, value))) > 0.9:
        return Verdict("customer_id", 0.45, "unique codes in a table of people")
    return Verdict(UNKNOWN, 0.3, "neither name nor values tell", undecided=True)


def _names_id(sign: NameSign) -> bool:
    """Whether a name is of a reference: as text it may be anything, a login as well as a number."""
    return sign.phrase.rpartition("_")[2] in ("id", "ids", "key", "ref")


def _shown(sign: NameSign) -> str:
    return sign.phrase.replace("_", " ")
