"""What sampled values say: which kinds of personal data their forms, checksums and words look like.

Every look returns a share of distinct values, 0 to 1. Nothing here keeps or prints a value.
"""

from __future__ import annotations

import ipaddress
import itertools
import math
import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property

import phonenumbers

from testdata_assets.masking.discovery.dictionaries import dictionaries

_EMAIL = re.compile(r"[^\s@<>\",;]+@[\w.-]+\.[^\W\d_]{2,}", re.UNICODE)
_URL = re.compile(r"(?:https?|ftp|ftps|ssh|wss?)://\S+|www\.\S+\.\S+", re.IGNORECASE)
_UUID = re.compile(r"\{?[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\}?", re.IGNORECASE)
_MAC = re.compile(r"(?:[0-9a-f]{2}[:-]){5}[0-9a-f]{2}|(?:[0-9a-f]{4}\.){2}[0-9a-f]{4}", re.IGNORECASE)
_IBAN = re.compile(r"[A-Z]{2}\d{2}[A-Z0-9]{11,30}")
_BIC = re.compile(r"[A-Z]{4}[A-Z]{2}[A-Z0-9]{2}(?:[A-Z0-9]{3})?")
_PHONE = re.compile(r"\+?[\d\s().\-/]{6,22}(?:\s?(?:x|ext\.?)\s?\d{1,6})?", re.IGNORECASE)
_PHONE_IN_TEXT = re.compile(r"\+\d[\d\s().\-/]{7,16}\d|\(\d{3}\)\s?\d{3}-\d{4}|\b\d{3}-\d{3}-\d{4}\b")
_HASH = re.compile(
    r"\$(?:2[abxy]|argon2\w*|5|6|1|scrypt|pbkdf2\S*)\$\S+|pbkdf2_\w+\$\S+|scrypt:\S+|\{S?SHA\d*\}\S+|bcrypt\S+|md5[0-9a-f]{32}"
)
_JWT = re.compile(r"eyJ[\w-]+\.[\w-]+\.[\w-]*")
_KEYED = re.compile(
    r"(?:sk|pk|rk|ghp|gho|xox[abp]|whsec|AKIA|SG|key|tok|api|pat|glpat|secret|live|test)[_\-.][\w\-.]{12,}|AKIA[0-9A-Z]{16}"
    r"|-----BEGIN[\s\S]*|ssh-(?:rsa|ed25519) \S+.*"
)
_HEX = re.compile(r"[0-9a-f]{24,}", re.IGNORECASE)
_BASE64 = re.compile(r"[A-Za-z0-9+/_\-]{20,}={0,2}")
_AGENT = re.compile(r"(?:Mozilla|Opera|curl|okhttp|Dalvik|PostmanRuntime|python-requests|\w+)/\d[\w.]*(?: .*)?")
_COMPACT_DATE = re.compile(r"(?:19|20)\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])")
_DATE = re.compile(r"(\d{4})-(\d\d)-(\d\d)|(\d{1,2})[./](\d{1,2})[./](\d{4})")
_AMOUNT = re.compile(r"[-+]?(?:\d+|\d{1,3}(?:[.,' ]\d{3})+)[.,]\d{1,2}")
_MONTH = re.compile(r"(?:0?[1-9]|1[0-2])/(?:\d{2}|20\d{2})|(?:0?[1-9]|1[0-2])-20\d{2}|20\d{2}[/-](?:0[1-9]|1[0-2])")
_LATLON = re.compile(r"\(?\s*-?\d{1,3}\.\d{3,}\s*[,; ]\s*-?\d{1,3}\.\d{3,}\s*\)?")
_WORDS = re.compile(r"[^\W\d_]+(?:['’\-][^\W\d_]+)*", re.UNICODE)
_NAME = re.compile(r"[^\W\d_][^\W\d_.'’\-]*(?:[ ,.'’/\-]+[^\W\d_][^\W\d_.'’\-]*){0,6}\.?", re.UNICODE)
_STREET_WORDS = (
    r"street|st|avenue|ave|road|rd|lane|ln|drive|dr|boulevard|blvd|court|ct|square|sq|place|pl|terrace|way|highway|hwy|"
    r"parkway|circle|trail|plaza|mews|crescent|close|grove|route|apt|suite|unit|flat|box|"
    r"rue|chemin|impasse|allée|allee|quai|boulevard|calle|avenida|avda|paseo|plaza|camino|carrera|c/|urbanización|pasaje|vial|ronda|"
    r"glorieta|cuesta|alameda|rambla|acceso|callejón|cañada|"
    r"via|viale|piazza|corso|vicolo|strada|contrada|borgo|rotonda|canale|incrocio|"
    r"rua|travessa|praça|praca|largo|estrada|alameda|"
    r"\w*straat|\w*laan|\w*weg|\w*plein|\w*pad|\w*gracht|\w*kade|\w*dreef|\w*hof|\w*steeg|\w*singel|"
    r"\w*straße|\w*strasse|\w*str\.?|\w*gasse|\w*allee|\w*platz|\w*ring|\w*damm|\w*ufer|\w*vej|\w*gade|\w*gatan|\w*vägen|ulica|ul\."
)
_STREET = re.compile(
    rf"(?:.*\d.*\b(?:{_STREET_WORDS})(?!\w).*|.*\b(?:{_STREET_WORDS})(?!\w).*\d.*|\d{{1,5}}[a-z]?(?:[ -]\w+){{1,5}})",
    re.IGNORECASE | re.UNICODE | re.DOTALL,
)
_FREE_WORDS = 4
_FAMILY = 4  # letters
_ENTROPY = 3.2
_OLDEST, _AGES, _GROWN, _GENERATIONS = 115, 12, 40, 35  # years


@dataclass(frozen=True)
class Values:
    """Distinct non-blank values of one column (or of one JSON path), ready to be looked at.

    Attributes:
        distinct: Stripped, without the blank ones.
        filled: Rows that held a value.
    """

    distinct: tuple[str, ...] = field(repr=False)
    filled: int

    @classmethod
    def of(cls, raw: Iterable[str], filled: int | None = None) -> Values:
        seen = tuple(dict.fromkeys(value.strip() for value in raw if value.strip()))
        return cls(seen, max(filled if filled is not None else len(seen), len(seen)))

    def __len__(self) -> int:
        return len(self.distinct)

    def share(self, test: Callable[[str], object]) -> float:
        """Share of distinct values that pass a test."""
        return sum(1 for value in self.distinct if test(value)) / len(self.distinct) if self.distinct else 0.0

    @cached_property
    def tokens(self) -> list[list[str]]:
        return [[word.casefold() for word in _WORDS.findall(value)] for value in self.distinct]

    @property
    def few(self) -> bool:
        """Whether few values repeat often, as those of an enumeration do."""
        return self.filled >= 20 and len(self) <= 60 and len(self) * 4 <= self.filled

    @property
    def various(self) -> bool:
        """Whether nearly every row has a value of its own; samples end at some hundreds of distinct ones."""
        return len(self) >= 20 and len(self) >= 0.9 * min(self.filled, 250)

    @cached_property
    def words(self) -> float:
        """Words of a value, on average."""
        return sum(len(value.split()) for value in self.distinct) / len(self) if len(self) else 0.0

    @cached_property
    def longest(self) -> int:
        return max(map(len, self.distinct), default=0)

    @cached_property
    def digits_only(self) -> float:
        return self.share(str.isdigit)


def is_email(value: str) -> bool:
    return _EMAIL.fullmatch(value) is not None


def holds_contact(value: str) -> bool:
    """Whether a text quotes an e-mail address or a phone number."""
    return _EMAIL.search(value) is not None or _PHONE_IN_TEXT.search(value) is not None


def is_url(value: str) -> bool:
    return _URL.fullmatch(value) is not None


def is_uuid(value: str) -> bool:
    return _UUID.fullmatch(value) is not None


def is_ip(value: str) -> bool:
    if value.count(".") != 3 and value.count(":") < 2:
        return False
    try:
        ipaddress.ip_interface(value)
    except ValueError:
        return False
    return True


def is_mac(value: str) -> bool:
    return _MAC.fullmatch(value) is not None


def is_iban(value: str) -> bool:
    """Form and ISO 7064 mod 97-10 check digits."""
    bare = re.sub(r"[\s-]", "", value).upper()
    if _IBAN.fullmatch(bare) is None:
        return False
    return int("".join(str(int(char, 36)) for char in bare[4:] + bare[:4])) % 97 == 1


def is_bic(value: str) -> bool:
    return _BIC.fullmatch(value) is not None


def luhn(digits: str) -> bool:
    """The Luhn check of ISO/IEC 7812."""
    total = 0
    for place, char in enumerate(reversed(digits)):
        number = int(char) * (2 if place % 2 else 1)
        total += number - 9 if number > 9 else number
    return total % 10 == 0


def is_card(value: str) -> bool:
    bare = re.sub(r"[\s-]", "", value)
    return bare.isascii() and bare.isdigit() and 12 <= len(bare) <= 19 and bare[0] in "23456" and luhn(bare)


def looks_like_phone(value: str) -> bool:
    """Seven to fifteen digits with a phone's punctuation; where it names a country, a possible number of it."""
    if _PHONE.fullmatch(value) is None or _DATE.fullmatch(value) is not None or is_ip(value) or is_amount(value):
        return False
    digits = sum(char.isdigit() for char in value)
    if not 7 <= digits <= 17:
        return False
    if value.startswith(("+", "00")):
        try:
            return phonenumbers.is_possible_number(phonenumbers.parse(f"+{value.lstrip('+0')}", None))
        except phonenumbers.NumberParseException:
            return False
    return True


def is_amount(value: str) -> bool:
    """One decimal point, or thousands in groups: `000000123.45`, `1.234,50`."""
    return _AMOUNT.fullmatch(value) is not None


def is_month(value: str) -> bool:
    """A month with its year, as cards expire: `12/27`."""
    return _MONTH.fullmatch(value) is not None


def surely_phone(value: str) -> bool:
    """A phone by its looks alone: international, or with brackets, or grouped and led by a zero."""
    if not looks_like_phone(value):
        return False
    if value.startswith(("+", "00")) or re.match(r"\(\+?\d+\)", value):
        return True
    groups = re.findall(r"\d+", value)
    return len(groups) > 1 and (value.startswith("0") or re.match(r"\d{3}[-. ]\d{3}[-. ]\d{4}", value) is not None)


def is_bare_phone(value: str) -> bool:
    """Digits alone that make a valid international number."""
    if not (value.isascii() and value.isdigit() and 10 <= len(value) <= 15):
        return False
    try:
        return phonenumbers.is_valid_number(phonenumbers.parse(f"+{value}", None))
    except phonenumbers.NumberParseException:
        return False


# Countries whose numbers are tried where values name none, the larger ones first; each writes lengths and first
# digits of its own, which numbers of other kinds seldom meet.
_REGIONS = ("US", "GB", "DE", "FR", "ES", "IT", "NL", "BE", "BR", "PT", "PL", "CH", "SE", "DK", "NO", "IN", "AU", "MX")
_TRIED = 60


def local_phone_share(values: Values) -> float:
    """Best share of values that are valid numbers of one country, written as it writes them at home."""
    tried = values.distinct[:_TRIED]
    possible = [value for value in tried if looks_like_phone(value)]
    if len(tried) < 8 or len(possible) < 0.7 * len(tried):
        return 0.0
    if sum(1 for value in possible if value[0] == "0" or not value.isdigit()) < 0.5 * len(possible):
        return 0.0  # bare digits are amounts, references and ids as well
    return max(sum(1 for value in possible if _valid_in(value, region)) for region in _REGIONS) / len(tried)


def _valid_in(value: str, region: str) -> bool:
    try:
        return phonenumbers.is_valid_number(phonenumbers.parse(value, region))
    except phonenumbers.NumberParseException:
        return False


def shaped_like_names(values: Values) -> float:
    """Share of values of two to five words that are written as names are, known or not."""
    return values.share(
        lambda value: (
            2 <= len(value.replace(",", " ").replace("/", " ").split()) <= 5
            and looks_like_name(value)
            and sum(word[0].isupper() for word in _WORDS.findall(value)) >= 2
        )
    )


def is_password_hash(value: str) -> bool:
    return _HASH.fullmatch(value) is not None or _JWT.fullmatch(value) is not None


def entropy(value: str) -> float:
    """Shannon entropy of a text's characters, bits per character."""
    counts = Counter(value)
    return -sum(count / len(value) * math.log2(count / len(value)) for count in counts.values())


def is_token(value: str) -> bool:
    """A key, a token or a digest: known prefixes, or long and random over a wide alphabet."""
    if is_password_hash(value) or _KEYED.fullmatch(value):
        return True
    if is_uuid(value) or value.isdigit() or is_iban(value):
        return False
    if _HEX.fullmatch(value):
        return entropy(value) > 2.8
    if _BASE64.fullmatch(value) is None or entropy(value) < _ENTROPY:
        return False
    mixed = any(char.isdigit() for char in value) and any(char.isalpha() for char in value)
    both = any(char.isupper() for char in value) and any(char.islower() for char in value)
    runs = max((len(word) for word in re.findall(r"[a-z]+", value)), default=0)
    return mixed and runs < 10 and (both or len(value) >= 28)


def is_user_agent(value: str) -> bool:
    return _AGENT.fullmatch(value) is not None and (
        value.startswith(("Mozilla/", "Opera/", "Dalvik/")) or " (" in value
    )


def is_lat_lon(value: str) -> bool:
    return _LATLON.fullmatch(value) is not None


def year_of_date(value: str) -> int | None:
    """The year of a date as text (also `19640229`, as old systems write it), or None."""
    if _COMPACT_DATE.fullmatch(value):
        return int(value[:4])
    match = _DATE.match(value)
    if match is None:
        return None
    return int(match.group(1) or match.group(6))


def is_street(value: str) -> bool:
    return _STREET.fullmatch(value) is not None and any(char.isalpha() for char in value)


def looks_like_name(value: str) -> bool:
    """Words of letters, the first one large where the script has large letters, as names are written."""
    if len(value) > 60 or _NAME.fullmatch(value) is None:
        return False
    return not value[0].islower() or value.split()[0].casefold() in _PARTICLES


_PARTICLES = frozenset(
    re.findall(r"\w+", "de del della di da do dos van von der den la le el al bin ibn ter ten zu zum af av")
)


def full_name_share(values: Values) -> float:
    """Share of values of two to five words, one of them a known first name and another a known family name."""
    known = dictionaries()
    hits = 0
    for value, tokens in zip(values.distinct, values.tokens, strict=True):
        if not 2 <= len(tokens) <= 6 or not looks_like_name(value):
            continue
        parts = [piece for token in tokens for piece in re.split(r"['’\-]", token) if piece]
        first = [part in known.first for part in parts]
        last = [part in known.last for part in parts]
        hits += any(first) and any(
            last[place] or first[place] for place in range(len(parts)) if sum(first) > 1 or last[place]
        )
    return hits / len(values) if len(values) else 0.0


def first_name_share(values: Values) -> float:
    """Share of values of one or two words that begin with a known first name."""
    known = dictionaries().first
    return _leading(values, lambda token: any(piece in known for piece in re.split(r"['’\-]", token)))


def last_name_share(values: Values) -> float:
    known = dictionaries().last
    return _leading(values, lambda token: any(piece in known for piece in re.split(r"['’\-]", token)), last=True)


def _leading(values: Values, test: Callable[[str], bool], *, last: bool = False) -> float:
    hits = 0
    for value, tokens in zip(values.distinct, values.tokens, strict=True):
        if 1 <= len(tokens) <= 3 and looks_like_name(value):
            hits += test(tokens[-1] if last else tokens[0])
    return hits / len(values) if len(values) else 0.0


def city_share(values: Values) -> float:
    known = dictionaries().cities
    return values.share(lambda value: value.casefold() in known)


def names_inside(values: Values) -> float:
    """Share of longer texts that hold a known first name followed by a known family name."""
    known = dictionaries()
    hits = 0
    for value in values.distinct:
        found = re.findall(r"[^\W\d_]+", value)
        hits += any(
            one[0].isupper() and two[0].isupper() and one.casefold() in known.first and two.casefold() in known.last
            for one, two in itertools.pairwise(found)
        )
    return hits / len(values) if len(values) else 0.0


def share_with_names(values: Values) -> float:
    """Share of values of several words, one of them a capitalised first name that is no usual beginning."""
    known = dictionaries().first
    hits = 0
    for value in values.distinct:
        found = re.findall(r"[^\W\d_]+", value)
        hits += any(word[0].isupper() and len(word) > 2 and word.casefold() in known for word in found[1:])
    return hits / len(values) if len(values) else 0.0


def share_with_families(values: Values) -> float:
    """Share of values that hold a family name in any case, which no other value holds, beside words that others do.

    `see file MEIER`, `see file okafor`: what varies in a phrase that repeats. Family names are also words of all
    kinds, so that one that stands in several values says nothing.
    """
    known = dictionaries().last
    held = [set(found) for found in values.tokens]
    holders = Counter(token for found in held for token in found)
    hits = sum(
        any(holders[token] == 1 and len(token) >= _FAMILY and token in known for token in found)
        and any(holders[token] > 1 and len(token) >= _FAMILY for token in found)
        for found in held
    )
    return hits / len(values) if len(values) else 0.0


def is_prose(value: str) -> bool:
    """Running text: several words, or lines."""
    return len(value.split()) >= _FREE_WORDS or "\n" in value


def birth_like(years: Sequence[int], today: date) -> bool:
    """Whether years of dates spread as those of births do: wide, in the past, few of them recent."""
    if len(years) < 8:
        return False
    recent = sum(1 for year in years if year > today.year - _AGES) / len(years)
    possible = sum(1 for year in years if today.year - _OLDEST <= year <= today.year) / len(years)
    return possible > 0.97 and recent < 0.35 and sorted(years)[len(years) // 5] <= today.year - _GROWN


def of_all_ages(years: Sequence[int], today: date) -> bool:
    """Whether years of dates are spread over two generations: nothing else that is known of people is."""
    if len(years) < 8:
        return False
    ordered = sorted(years)
    tenth = len(ordered) // 10
    return ordered[-1 - tenth] - ordered[tenth] >= _GENERATIONS and ordered[-1] <= today.year
