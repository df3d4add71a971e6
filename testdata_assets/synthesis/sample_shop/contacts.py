"""Draws what reaches a person: e-mail addresses, usernames, phone numbers, IP addresses, card numbers.

E-mails and usernames are unique by construction, also when case is ignored: a candidate holds no `_`, and
the second holder of a candidate gets `_2`, the third `_3`.
"""

from __future__ import annotations

import numpy as np
import polars as pl

from testdata_assets.synthesis.sample_shop.countries import Country
from testdata_assets.synthesis.sample_shop.draw import (
    Bools,
    Ints,
    Rng,
    chance,
    choose,
    digits,
    fill_each,
    joined,
    only,
    pick,
    weighted_index,
)
from testdata_assets.synthesis.sample_shop.places import constant, each_country, in_row_order

_DOMAINS = {
    "gmail.com": 42, "yahoo.com": 11, "outlook.com": 10, "hotmail.com": 9, "icloud.com": 8, "aol.com": 3,
    "comcast.net": 3, "proton.me": 2, "gmx.de": 2, "web.de": 2, "mail.ru": 1.5, "yandex.ru": 1, "qq.com": 1,
    "163.com": 1, "naver.com": 0.7, "orange.fr": 0.8, "libero.it": 0.7, "wp.pl": 0.6, "uol.com.br": 0.6,
    "bigpond.net.au": 0.3, "students.uni-heidelberg.de": 0.2, "mail.co.uk": 0.2, "k12.ca.us": 0.1,
}  # fmt: skip
_LOCAL_PARTS = ("{first}.{last}", "{first}{last}", "{f}.{last}", "{f}{last}", "{last}.{first}", "{first}.{last}{year}",
                "{first}{year}", "{f}{last}{year}", "{first}-{last}")  # fmt: skip
_LOCAL_WEIGHTS = (30, 14, 8, 12, 6, 12, 8, 7, 3)
_USERNAMES = ("{f}{last}", "{first}.{last}", "{first}{l}", "{last}.{first}", "{first}-{last}")
_TAGS = ("shop", "orders", "newsletter", "spam", "2024", "amazon.backup")


def draw_emails(rng: Rng, first: pl.Series, last: pl.Series, birth_year: Ints) -> pl.Series:
    """Draws e-mail addresses of people.

    Args:
        first: Romanised first name of each of n people; may hold an apostrophe.
        last: Romanised last name.
        birth_year: Four digits.

    Returns:
        n addresses, distinct even when case is ignored; 3 % with a plus-tag, 6 % with capitals.
    """
    count = len(first)
    keeps_apostrophe = chance(rng, count, 0.4)
    parts = _name_parts(
        choose(keeps_apostrophe, first, first.str.replace_all("'", "")),
        choose(keeps_apostrophe, last, last.str.replace_all("'", "")),
    )
    parts["year"] = digits(birth_year % 100, 2)
    candidates = fill_each(weighted_index(rng, count, _LOCAL_WEIGHTS), _LOCAL_PARTS, parts)
    domains = pick(rng, count, list(_DOMAINS), list(_DOMAINS.values()))
    local = numbered(candidates, domains)
    tagged = only("+" + pick(rng, count, _TAGS), chance(rng, count, 0.03)).fill_null("")
    emails = local + tagged + "@" + domains
    return recase_some(rng, emails, 0.06)


def recase_some(rng: Rng, emails: pl.Series, share: float) -> pl.Series:
    """Addresses of which about `share` are `recase`d."""
    rows = np.flatnonzero(chance(rng, len(emails), share))
    return emails.clone().scatter(rows, recase(rng, emails.gather(rows)))


def recase(rng: Rng, emails: pl.Series) -> pl.Series:
    """The same addresses as another hand types them: title case mostly, else capitals or a capital first letter."""
    how = weighted_index(rng, len(emails), (6, 3, 1))
    first_upper = emails.str.slice(0, 1).str.to_uppercase() + emails.str.slice(1)
    title = emails.str.to_titlecase()
    return choose(how == 0, first_upper, choose(how == 1, title, emails.str.to_uppercase()))


def draw_usernames(rng: Rng, first: pl.Series, last: pl.Series) -> pl.Series:
    """Draws usernames of at most 40 characters, distinct even when case is ignored; one in ten has capitals."""
    parts = _name_parts(first.str.replace_all("'", "").str.slice(0, 14), last.str.replace_all("'", "").str.slice(0, 14))
    candidates = fill_each(rng.integers(0, len(_USERNAMES), len(first)), _USERNAMES, parts)
    names = numbered(candidates, constant("", len(first)))
    return choose(chance(rng, len(first), 0.1), names.str.to_titlecase(), names)


def _name_parts(first: pl.Series, last: pl.Series) -> dict[str, pl.Series]:
    return {"first": first, "last": last, "f": first.str.slice(0, 1), "l": last.str.slice(0, 1)}


def numbered(candidates: pl.Series, within: pl.Series) -> pl.Series:
    """Appends `_2`, `_3`, ... to the second, third, ... of equal candidates."""
    frame = pl.DataFrame({"candidate": candidates, "within": within})
    turn = pl.col("candidate").cum_count().over("candidate", "within")
    tail = pl.when(turn > 1).then("_" + turn.cast(pl.String)).otherwise(pl.lit(""))
    return frame.select(pl.col("candidate") + tail).to_series()


def draw_phones(rng: Rng, country: Ints) -> pl.Series:
    """Draws mobile numbers valid in each row's country, written as people write them."""
    parts = [
        (rows, pl.DataFrame({"phone": _phones_in(rng, place, len(rows))})) for place, rows in each_country(country)
    ]
    return in_row_order(parts)["phone"]


def _phones_in(rng: Rng, place: Country, count: int) -> pl.Series:
    which = rng.integers(0, len(place.mobiles), count)
    starts = pl.Series([start for start, _ in place.mobiles], dtype=pl.String).gather(which)
    following = np.array([number for _, number in place.mobiles], dtype=np.int64)[which]
    national = starts + digits(np.floor(rng.random(count) * 10**following).astype(np.int64), following)
    a, b, c = national.str.slice(0, 3), national.str.slice(3, 3), national.str.slice(6)
    plain, spaced = f"+{place.dial}" + national, f"+{place.dial} " + a + " " + b + " " + c
    if place.code == "US":
        local, dotted = "(" + a + ") " + b + "-" + c, a + "." + b + "." + c
    else:
        local, dotted = place.trunk + national, place.trunk + a + " " + b + " " + c
    how = weighted_index(rng, count, (5, 2, 2, 1))
    return choose(how == 0, plain, choose(how == 1, spaced, choose(how == 2, local, dotted)))


def draw_ips(rng: Rng, count: int) -> pl.Series:
    """Draws public addresses: nine in ten IPv4, the others IPv6."""
    first = np.array([23, 24, 31, 46, 50, 62, 66, 71, 73, 77, 81, 84, 86, 89, 91, 93, 98, 107, 108, 173, 184, 188, 212])
    v4 = [
        digits(first[rng.integers(0, len(first), count)], 1),
        *(digits(rng.integers(1, 255, count), 1) for _ in range(3)),
    ]
    groups = pl.Series([f"{number:x}" for number in range(0x1000, 0xFFFF)], dtype=pl.String)
    v6 = [groups.gather(rng.integers(0, len(groups), count)) for _ in range(5)]
    four = v4[0] + "." + v4[1] + "." + v4[2] + "." + v4[3]
    six = "2a02:" + v6[0] + ":" + v6[1] + "::" + v6[2] + ":" + v6[3] + ":" + v6[4]
    return choose(chance(rng, count, 0.9), four, six)


def draw_cards(rng: Rng, count: int) -> pl.Series:
    """Draws card numbers that pass the Luhn check, under the starts of the brands' own test numbers."""
    starts = ("424242", "411111", "400000", "555555", "510510", "222300", "378282", "371449", "601111")
    lengths = np.array([15 if start[0] == "3" else 16 for start in starts])
    brand = weighted_index(rng, count, (30, 15, 10, 18, 8, 5, 6, 3, 5))
    length = lengths[brand]
    figures = rng.integers(0, 10, (count, 16))
    figures[:, :6] = np.array([[int(figure) for figure in start] for start in starts])[brand]
    figures[np.arange(16) >= length[:, None] - 1] = 0  # the check digit's place and what lies behind it
    # Luhn: from the right, every second figure doubled, nines cast out; the check digit makes the sum end in 0.
    doubled = (length[:, None] - 1 - np.arange(16)) % 2 == 1
    weighted = np.where(doubled, figures * 2 - 9 * (figures > 4), figures)
    weighted[np.arange(16) >= length[:, None] - 1] = 0
    figures[np.arange(count), length - 1] = (-weighted.sum(axis=1)) % 10
    plain = joined(figures, "0123456789")
    plain = choose(length == 15, plain.str.slice(0, 15), plain)
    spaced = (
        plain.str.slice(0, 4) + " " + plain.str.slice(4, 4) + " " + plain.str.slice(8, 4) + " " + plain.str.slice(12)
    )
    spaces: Bools = chance(rng, count, 0.15) & (length == 16)
    return choose(spaces, spaced, plain)
