"""Users, their addresses, employees and newsletter readers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from testdata_assets.synthesis.sample_shop.calendar import DAY, END, START, dates, day, moments, years
from testdata_assets.synthesis.sample_shop.contacts import (
    draw_emails,
    draw_ips,
    draw_phones,
    draw_usernames,
    numbered,
)
from testdata_assets.synthesis.sample_shop.countries import CODES, COUNTRIES, HOME
from testdata_assets.synthesis.sample_shop.draw import (
    Ints,
    Rng,
    between,
    chance,
    choose,
    fill,
    fill_each,
    letters,
    only,
    pick,
    skewed_index,
    stream,
    weighted_index,
)
from testdata_assets.synthesis.sample_shop.notable import EMOJI_SUFFIXES, NOTABLES
from testdata_assets.synthesis.sample_shop.places import (
    constant,
    draw_addresses,
    draw_time_zones,
    each_country,
    in_row_order,
)
from testdata_assets.synthesis.sample_shop.pools import (
    CULTURE_NUMBER,
    CULTURES,
    company_pool,
    name_pool,
)
from testdata_assets.synthesis.sample_shop.preferences import draw_preferences

# Whose names the people of the home country bear; a few in a script of their own.
_HOME_CULTURES = {
    "en_US": 76, "es_ES": 8, "en_IN": 3, "de_DE": 2, "it_IT": 2, "fr_FR": 1.5, "pl_PL": 1.5, "pt_BR": 1, "en_GB": 1,
    "zh_CN": 0.8, "ko_KR": 0.6, "ja_JP": 0.4, "ru_RU": 0.6, "ar_AA": 0.5, "hi_IN": 0.3, "el_GR": 0.2, "he_IL": 0.3,
}  # fmt: skip
_LANGUAGES = {"US": "en", "GB": "en", "IN": "en", "BR": "pt", "SE": "sv", "UA": "uk", "GR": "el", "CN": "zh",
              "JP": "ja", "KR": "ko", "EG": "ar", "IL": "he"}  # fmt: skip
_BIOS = (
    "Coffee, cats and long walks.",
    "{first} from {city}. Reach me at {email}",
    "Dad of three. Not the other {name}!",
    "Runs a small studio in {city} - bookings: {phone}",
    "📚 reader | 🎸 guitarist | {city}",
    "",
)
_FEMALE = 0
_NOTABLE_ROWS = 2 + 7 * np.arange(len(NOTABLES))
_BCRYPT = "./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
# None of the domains e-mails are drawn from: hand-made addresses stay unique.
_NOTABLE_DOMAINS = ("fastmail.com", "posteo.de", "zoho.eu", "tutamail.com")


@dataclass(frozen=True)
class People:
    """n people by name: first, last and full name, and the romanised forms their addresses are made of."""

    first: pl.Series
    last: pl.Series
    full: pl.Series
    first_handle: pl.Series
    last_handle: pl.Series


@dataclass(frozen=True)
class Users:
    """Everybody with a login, and the outsiders whom newsletter and audit log know.

    Attributes:
        frame: The rows of `users`, as COPY takes them.
        first: First names.
        country: Position in COUNTRIES.
        created: Microseconds since 1970.
        addresses: The rows of `addresses`; the first n are the n users' main ones.
        outsider_emails: Addresses of nobody's login, distinct from every login whatever the case.
        outsider_names: Their full names.
        outsider_first: Their first names.
    """

    frame: pl.DataFrame
    first: pl.Series
    country: Ints
    created: Ints
    addresses: pl.DataFrame
    outsider_emails: pl.Series
    outsider_names: pl.Series
    outsider_first: pl.Series


def draw_people(rng: Rng, country: Ints) -> People:
    """Draws names of people living in the given countries."""
    count = len(country)
    native = np.array([CULTURE_NUMBER[place.culture] for place in COUNTRIES])[country]
    at_home = np.array([CULTURE_NUMBER[locale] for locale in _HOME_CULTURES])
    mixed = at_home[weighted_index(rng, count, list(_HOME_CULTURES.values()))]
    culture = np.where((country == HOME) | chance(rng, count, 0.08), mixed, native)
    group = culture * 2 + rng.integers(0, 2, count)
    parts = []
    rows = []
    for number in np.unique(group):
        at = np.flatnonzero(group == number)
        rows.append(at)
        parts.append(_names_of(rng, int(number) // 2, "female" if number % 2 == _FEMALE else "male", len(at)))
    drawn = pl.concat(parts)[np.argsort(np.concatenate(rows), kind="stable")]
    return People(drawn["first"], drawn["last"], _written(rng, drawn), drawn["first_handle"], drawn["last_handle"])


def _names_of(rng: Rng, culture: int, gender: str, count: int) -> pl.DataFrame:
    pool = name_pool(culture, gender)
    first = skewed_index(rng, count, len(pool.first), 1.8)
    last = skewed_index(rng, count, len(pool.last), 1.5)
    columns = {
        "first": pl.Series(pool.first, dtype=pl.String).gather(first),
        "last": pl.Series(pool.last, dtype=pl.String).gather(last),
        "first_handle": pl.Series(pool.first_handles, dtype=pl.String).gather(first),
        "last_handle": pl.Series(pool.last_handles, dtype=pl.String).gather(last),
    }
    return pl.DataFrame({**columns, "full": fill(CULTURES[culture].order, columns)})


def _written(rng: Rng, names: pl.DataFrame) -> pl.Series:
    """Full names as people write them: some with a middle initial, in capitals, in lower case, with an emoji."""
    count = names.height
    full = names["full"]
    initial = pick(rng, count, [letter + "." for letter in "ABCDEFGHJKLMPRSTW"])
    with_initial = names["first"] + " " + initial + " " + names["last"]
    latin = names["last"].str.contains("^[A-Za-z'. -]+$").to_numpy()
    full = choose(latin & chance(rng, count, 0.1), with_initial, full)
    full = choose(chance(rng, count, 0.02), full.str.to_uppercase(), full)
    full = choose(chance(rng, count, 0.02), full.str.to_lowercase(), full)
    return choose(chance(rng, count, 0.004), full + pick(rng, count, EMOJI_SUFFIXES), full)


def country_of_users(seed: int, order_counts: Ints) -> Ints:
    """Gives each user a country so that four orders in five come from home, however long the tail.

    Users are ranked by orders and four of every five neighbours live at home; so do the hand-made people.
    """
    rng = stream(seed, "countries")
    count = len(order_counts)
    fifth = rng.permuted(np.tile(np.arange(5), (count // 5 + 1, 1)), axis=1).ravel()[:count]
    fifth[:5] = (1, 2, 0, 3, 4)  # the heaviest buyers, who alone could tip the share, live at home
    ranked = np.argsort(-order_counts, kind="stable")
    country = np.full(count, HOME, dtype=np.int64)
    abroad = 1 + rng.integers(0, len(COUNTRIES) - 1, count)
    country[ranked] = np.where(fifth == 0, abroad, HOME)
    country[_NOTABLE_ROWS] = HOME
    return country


def build_users(seed: int, order_counts: Ints) -> Users:
    """Draws users with their addresses, and outsiders.

    Args:
        order_counts: Orders of each of n users.
    """
    count = len(order_counts)
    outsiders = max(60, count * 3 // 10)
    country = country_of_users(seed, order_counts)
    rng = stream(seed, "users")
    people = draw_people(rng, np.concatenate([country, np.full(outsiders, HOME)]))
    birth = day(1945) + skewed_index(rng, count + outsiders, day(2007) - day(1945), 0.8)
    emails = draw_emails(rng, people.first_handle, people.last_handle, years(birth))
    created = np.sort(START + skewed_index(rng, count, END - 46 * DAY - START, 0.7))
    named = pl.DataFrame(
        {
            "id": np.arange(1, count + 1),
            "email": emails[:count],
            "username": draw_usernames(rng, people.first_handle[:count], people.last_handle[:count]),
            "full_name": people.full[:count],
            "first": people.first[:count],
            "phone": _phones(rng, country),
            "birth_date": only(dates(birth[:count]), chance(rng, count, 0.8)),
            "company": _companies(rng, country),
        }
    )
    named = _with_notables(named)
    addresses = _addresses(stream(seed, "addresses"), named, country, created)
    frame = _with_accounts(stream(seed, "accounts"), named, addresses, country, created)
    return Users(
        frame,
        named["first"],
        country,
        created,
        addresses,
        emails[count:],
        people.full[count:],
        people.first[count:],
    )


def _phones(rng: Rng, country: Ints) -> pl.Series:
    """Phones for most; 4 % share another's (families do), 1 % typed nothing."""
    count = len(country)
    phones = draw_phones(rng, country)
    phones = choose(chance(rng, count, 0.04), phones.gather(rng.integers(0, count, count)), phones)
    phones = choose(chance(rng, count, 0.01), "", phones)
    return only(phones, chance(rng, count, 0.88))


def _companies(rng: Rng, country: Ints) -> pl.Series:
    """A company for one user in seven, of the country's own kind."""
    count = len(country)
    parts = [
        (rows, pl.DataFrame({"company": _draw_companies(rng, place.culture, len(rows))}))
        for place, rows in each_country(country)
    ]
    return only(in_row_order(parts)["company"], chance(rng, count, 0.15))


def _draw_companies(rng: Rng, culture: str, count: int) -> pl.Series:
    pool = company_pool(culture)
    return pl.Series(pool, dtype=pl.String).gather(skewed_index(rng, count, len(pool), 1.2))


def _with_notables(frame: pl.DataFrame) -> pl.DataFrame:
    """Puts the hand-made people in every seventh row from the third on."""
    written = {
        "full_name": [one.full_name for one in NOTABLES],
        "first": [one.first for one in NOTABLES],
        "email": [one.email or f"{one.handle}@{_NOTABLE_DOMAINS[number % 4]}" for number, one in enumerate(NOTABLES)],
        "username": ["the_" + one.handle.replace("'", "") for one in NOTABLES],
        "phone": [
            one.phone or drawn for one, drawn in zip(NOTABLES, frame["phone"].gather(_NOTABLE_ROWS), strict=True)
        ],
        "company": [
            one.company or drawn for one, drawn in zip(NOTABLES, frame["company"].gather(_NOTABLE_ROWS), strict=True)
        ],
    }
    return frame.with_columns(
        frame[name].clone().scatter(_NOTABLE_ROWS, values).alias(name) for name, values in written.items()
    )


def _with_accounts(
    rng: Rng, named: pl.DataFrame, addresses: pl.DataFrame, country: Ints, created: Ints
) -> pl.DataFrame:
    """Everything of `users` beside who they are, in the order COPY gets it."""
    count = named.height
    code = pl.Series(CODES, dtype=pl.String).gather(country)
    about = {
        "name": named["full_name"],
        "first": named["first"],
        "email": named["email"],
        "phone": named["phone"],
        "city": addresses["city"][:count],
    }
    bio = only(fill_each(rng.integers(0, len(_BIOS), count), _BIOS, about), chance(rng, count, 0.35))
    bio = bio.scatter(_NOTABLE_ROWS, [one.bio for one in NOTABLES])
    avatar = fill(
        "https://cdn.kestrel-market.com/avatars/{user}-{mark}.jpg",
        {"user": named["username"].str.to_lowercase(), "mark": letters(rng, count, 6, "abcdef0123456789")},
    )
    zones = draw_time_zones(rng, country)
    return pl.DataFrame(
        {
            "id": named["id"],
            "email": named["email"],
            "username": named["username"],
            "full_name": named["full_name"],
            "phone": named["phone"],
            "birth_date": named["birth_date"],
            "company": named["company"],
            "avatar_url": only(avatar, chance(rng, count, 0.4)),
            "bio": bio,
            "country": code,
            "language": code.replace_strict(_LANGUAGES, default=code.str.to_lowercase()),
            "time_zone": zones,
            "status": pick(rng, count, ("active", "pending", "suspended", "closed"), (88, 6, 2, 4)),
            "marketing_opt_in": chance(rng, count, 0.37),
            "password_hash": "$2b$12$" + letters(rng, count, 53, _BCRYPT),
            # A user's first address has the user's own number; one in seven never chose a default.
            "default_address_id": only(named["id"], chance(rng, count, 0.86)),
            "preferences": draw_preferences(rng, named, zones, created),
            "last_login_ip": only(draw_ips(rng, count), chance(rng, count, 0.93)),
            "created_at": moments(created),
            "updated_at": moments(between(rng, created, np.full(count, END))),
        }
    )


def _addresses(rng: Rng, named: pl.DataFrame, country: Ints, created: Ints) -> pl.DataFrame:
    """One address for each user, then second ones for three in ten; some are somebody else's."""
    count = named.height
    second = np.flatnonzero(chance(rng, count, 0.3))
    owner = np.concatenate([np.arange(count), second])
    total = len(owner)
    stranger = rng.integers(0, count, total)
    for_other = np.concatenate([np.zeros(count, bool), chance(rng, len(second), 0.4)])
    label = choose(for_other, "gift", pick(rng, total, ("home", "work", "other"), (8, 2, 1)))
    return pl.DataFrame(
        {
            "id": np.arange(1, total + 1),
            "user_id": owner + 1,
            "label": label,
            "recipient": named["full_name"].gather(np.where(for_other, stranger, owner)),
            "phone": only(named["phone"].gather(owner), chance(rng, total, 0.5)),
            "created_at": moments(between(rng, created[owner], np.full(total, END))),
        }
    ).hstack(draw_addresses(rng, country[owner]))


def build_employees(seed: int, count: int) -> pl.DataFrame:
    """Draws employees; the first heads the company, and five report to each."""
    rng = stream(seed, "employees")
    people = draw_people(rng, np.full(count, HOME))
    number = np.arange(1, count + 1)
    birth = day(1960) + rng.integers(0, day(2003) - day(1960), count)
    local = people.first_handle.str.replace_all("'", "") + "." + people.last_handle.str.replace_all("'", "")
    titles = ("Support Agent", "Warehouse Lead", "Buyer", "Engineer", "Account Manager", "Accountant")
    title = pick(rng, count, titles)
    return pl.DataFrame(
        {
            "id": number,
            "manager_id": only(pl.Series((number - 2) // 5 + 1), number > 1),
            "first_name": people.first,
            "last_name": people.last,
            "email": numbered(local, constant("", count)) + "@kestrel-market.com",
            "phone": only(draw_phones(rng, np.full(count, HOME)), chance(rng, count, 0.9)),
            "title": choose(number == 1, "Chief Executive", choose(number <= 6, "Head of Department", title)),
            "birth_date": dates(birth),
            "hired_on": dates(day(2021, 6) + rng.integers(0, day(2025, 6) - day(2021, 6), count)),
        }
    )
