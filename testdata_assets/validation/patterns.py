"""Searching kept columns, kept JSON leaves and catalog text for what looks like personal data, whoever's it is.

E-mail addresses outside the reserved domains that masking writes to; phone numbers in international form or
in the bracketed or dashed North American one; payment card numbers. Bare digits are no phone numbers here: an
order number passes for one too easily.
"""

from __future__ import annotations

import threading
from collections import Counter
from dataclasses import dataclass, field
from functools import lru_cache
from math import exp, log

import numpy as np
import numpy.typing as npt
import phonenumbers
import polars as pl

from testdata_assets.validation.leaks import EMAIL
from testdata_assets.validation.report import Finding

# RFC 2606 and RFC 6761: nobody can own an address there.
_RESERVED = r"(?i)[@.](?:example\.(?:com|org|net)|example|invalid|test|localhost)$"
_TOP_LEVEL = r"\.(?:\p{L}{2,24}|xn--[A-Za-z0-9-]+)$"

_INTERNATIONAL = r"(?:^|[^\w+.])(?:\+|00 ?)[1-9]\d{0,2}[\d ().\u00a0/-]{5,18}\d(?:$|[^\w])"
_NORTH_AMERICAN = r"(?:^|[^\w+.-])(?:\(\d{3}\) ?\d{3}[-. ]\d{4}|\d{3}-\d{3}-\d{4}|\d{3}\.\d{3}\.\d{4})(?:$|[^\w.-])"
_MOST_PHONES = 400  # candidates of one column put to phonenumbers; it takes some 50 microseconds each

_CARD = r"(?:^|[^\w.,-])(?:\d[ -]?){12,18}\d(?:$|[^\w.,-])"
_GROUPED = r"^(?:\d{4}[ -]\d{4}[ -]\d{4}[ -]\d{1,7}|3\d{3}[ -]\d{6}[ -]\d{4,5})$"
_CARD_WORDS = ["card", "visa", "mastercard", "amex", "american express", "credit", "debit", "karte", "carte", "pan"]
_LUHN_BY_CHANCE = 0.1
_CHANCE_LEVEL = 1.001e-3  # three of three


@dataclass
class PatternHits:
    """What was found in one column or catalog object so far."""

    emails: int = 0
    phones: set[str] = field(default_factory=set)
    phones_checked: int = 0
    cards: int = 0
    candidates: int = 0  # digit runs with an issuer's prefix and length, bare and without a telling word
    luhn_passes: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def findings(self, table: str, column: str) -> list[Finding]:
        cards = self.cards + (self.luhn_passes if self._more_than_chance else 0)
        found = {"email": self.emails, "phone": len(self.phones), "card": cards}
        return [Finding(table, column, kind, count) for kind, count in found.items() if count]

    @property
    def anything(self) -> bool:
        """Whether there was anything at all, chance or not."""
        return bool(self.emails or self.phones or self.cards or self.candidates or self.phones_checked)

    @property
    def _more_than_chance(self) -> bool:
        """Whether more bare runs pass Luhn's check than one in ten, which chance lets through."""
        return binomial_tail(self.luhn_passes, self.candidates, _LUHN_BY_CHANCE) <= _CHANCE_LEVEL

    def add(self, other: Counter[str], phones: set[str]) -> None:
        with self._lock:
            self.emails += other["emails"]
            self.cards += other["cards"]
            self.candidates += other["candidates"]
            self.luhn_passes += other["luhn_passes"]
            self.phones |= phones


def look(values: pl.Series, counts: pl.Series | None, hits: PatternHits, *, emails_only: bool = False) -> None:
    """Looks at texts and adds what it finds.

    Args:
        values: String series without nulls.
        counts: Rows that have each value, where `values` are distinct; else None.
        hits: Of the column.
        emails_only: For columns masked in part, whose masked parts hold phones and cards of our own making.
    """
    frame = values.alias("v").to_frame()
    if counts is not None:
        frame = frame.with_columns(counts.alias("n"))
    found: Counter[str] = Counter()
    phones: set[str] = set()
    found["emails"] = _emails(frame)
    if not emails_only:
        phones = _phones(frame, hits)
        found.update(_cards(frame))
    hits.add(found, phones)


def _emails(frame: pl.DataFrame) -> int:
    some = frame.filter(pl.col("v").str.contains("@", literal=True))
    if some.height == 0:
        return 0
    parts = some.with_columns(pl.col("v").str.extract_all(EMAIL)).explode("v").drop_nulls("v")
    parts = parts.with_columns(pl.col("v").str.strip_chars_end(".-'"))
    real = parts.filter(pl.col("v").str.contains(_TOP_LEVEL) & ~pl.col("v").str.contains(_RESERVED))
    return int(real.get_column("n").sum()) if "n" in real.columns else real.height


def _phones(frame: pl.DataFrame, hits: PatternHits) -> set[str]:
    found: set[str] = set()
    for pattern, region in ((_INTERNATIONAL, None), (_NORTH_AMERICAN, "US")):
        some = frame.filter(pl.col("v").str.contains(pattern))
        if some.height == 0:
            continue
        parts = some.get_column("v").str.extract_all(pattern).explode().drop_nulls().unique(maintain_order=True)
        for text in parts.to_list():
            if hits.phones_checked >= _MOST_PHONES:
                break
            hits.phones_checked += 1
            if number := valid_phone(text, region):
                found.add(number)
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


def _cards(frame: pl.DataFrame) -> Counter[str]:
    found: Counter[str] = Counter()
    some = frame.filter(pl.col("v").str.contains(_CARD))
    if some.height == 0:
        return found
    telling = some.get_column("v").str.to_lowercase().str.contains_any(_CARD_WORDS)
    parts = (
        some.with_columns(telling.alias("told"), pl.col("v").str.extract_all(_CARD))
        .explode("v")
        .with_columns(pl.col("v").str.strip_chars(" \t\r\n-:;!?\"'()[]{}<>=#/"))
        .unique("v", maintain_order=True)
    )
    digits = parts.get_column("v").str.replace_all(r"[ -]", "")
    grouped = parts.get_column("v").str.contains(_GROUPED).to_numpy()
    sure = grouped | parts.get_column("told").to_numpy()
    issued = issuer_fits(digits)
    passes = luhn(digits) & issued
    found["cards"] = int((passes & sure).sum())
    found["candidates"] = int((issued & ~sure).sum())
    found["luhn_passes"] = int((passes & ~sure).sum())
    return found


def issuer_fits(digits: pl.Series) -> npt.NDArray[np.bool_]:
    """Whether prefix and length are those of a card issuer (Visa, Mastercard, Amex, Discover, Diners, JCB)."""
    pattern = (
        r"^(?:4\d{15}|4\d{12}|4\d{18}|5[1-5]\d{14}|2(?:22[1-9]|2[3-9]\d|[3-6]\d\d|7[01]\d|720)\d{12}"
        r"|3[47]\d{13}|6(?:011|4[4-9]\d|5\d\d)\d{12}|3(?:0[0-5]|[689]\d)\d{11}|35(?:2[89]|[3-8]\d)\d{12})$"
    )
    return digits.str.contains(pattern).to_numpy()


def luhn(digits: pl.Series) -> npt.NDArray[np.bool_]:
    """Luhn's check of strings of up to 19 digits (ISO/IEC 7812-1, annex B)."""
    padded = digits.str.zfill(19)
    total = np.zeros(digits.len(), dtype=np.int64)
    for position in range(19):
        digit = padded.str.slice(position, 1).cast(pl.Int64).to_numpy()
        if position % 2 == 1:  # every second digit from the right, as 19 is odd
            digit = np.where(digit > 4, digit * 2 - 9, digit * 2)
        total += digit
    return np.asarray(total % 10 == 0)


def binomial_tail(successes: int, trials: int, chance: float) -> float:
    """An upper bound of P(X >= successes) for X binomial(trials, chance): Chernoff's, exp(-n KL(s/n || p))."""
    if trials == 0 or successes <= chance * trials:
        return 1.0
    share = successes / trials
    divergence = share * log(share / chance)
    if share < 1:
        divergence += (1 - share) * log((1 - share) / (1 - chance))
    return exp(-trials * divergence)
