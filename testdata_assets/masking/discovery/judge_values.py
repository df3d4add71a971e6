"""Verdicts from sampled values alone: forms that leave no doubt, votes by share, and the safe side."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from testdata_assets.masking.discovery import values as look
from testdata_assets.masking.discovery.identifiers import NATIONAL, TAX, scheme_share
from testdata_assets.masking.discovery.judge_few import among_few, is_login
from testdata_assets.masking.discovery.names import NameSign
from testdata_assets.masking.discovery.values import Values
from testdata_assets.masking.discovery.verdicts import UNKNOWN, Surroundings, Verdict, trait

MANY = 12  # distinct values: more than most enumerations have
_MIXED, _NUMBERED = 0.7, 0.2  # fewer names than this among so many numbers are no column of names
_MENTION, _THINGS_MENTION = 0.15, 0.4  # share of texts that name somebody
_CODE = 24  # letters: longer ones are no codes

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


def by_form(sign: NameSign | None, sampled: Values) -> Verdict | None:
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


def veto_of_values(sampled: Values, around: Surroundings) -> Verdict | None:
    """What values say against a harmless name."""
    if not len(sampled):
        return None
    of_things = around.kind == "thing" or around.lookup
    quoted = sampled.share(look.holds_contact)
    if quoted >= 0.02 and (len(sampled) >= 20 or quoted >= 0.1):
        return Verdict("free_text", 0.9, f"{quoted:.0%} of values quote an e-mail address or phone number")
    share = look.full_name_share(sampled)
    if share >= 0.5 and (not sampled.few or (share * len(sampled) >= 2 and not of_things)):
        return Verdict("person_name", 0.7, f"{share:.0%} of values look like full names")
    # Things are named after people: brands, towns, composers.
    if sampled.words >= 4 and look.names_inside(sampled) >= (_THINGS_MENTION if of_things else _MENTION):
        return Verdict("free_text", 0.75, "values mention names")
    if not of_things and sampled.share(is_login) >= 0.5:
        return Verdict("username", 0.6, "values look like logins")
    if sampled.share(look.is_token) >= 0.9 and sampled.share(look.is_password_hash) > 0:
        return Verdict("secret", 0.8, "values look like secrets")
    return None


def by_values(sampled: Values, around: Surroundings) -> Verdict:
    """A name that says nothing: the values speak, and if they do not, the safe side."""
    if not len(sampled):
        return Verdict(UNKNOWN, 0.2, "neither name nor values tell", undecided=True)
    found = sampled.distinct
    if sampled.share(look.is_uuid) >= 0.9:
        return Verdict(None, 0.75, "random identifiers")
    few = sampled.few
    for category, share, least, called in (
        ("phone", sampled.share(look.surely_phone), 0.6, "phone numbers"),
        ("phone", look.local_phone_share(sampled), 0.7, "phone numbers of one country"),
        ("national_id", scheme_share(found, NATIONAL) if len(found) >= 20 else 0.0, 0.9, "a state's numbers"),
        ("tax_id", scheme_share(found, TAX) if len(found) >= 20 else 0.0, 0.9, "tax numbers"),
        ("person_name", look.full_name_share(sampled), 0.4, "full names"),
        ("first_name", look.first_name_share(sampled) if sampled.words < 1.5 else 0.0, 0.7, "first names"),
        ("last_name", look.last_name_share(sampled) if sampled.words < 1.5 else 0.0, 0.7, "family names"),
        ("street_address", sampled.share(look.is_street) if sampled.words >= 2 else 0.0, 0.7, "streets"),
        ("city", look.city_share(sampled), 0.6, "cities"),
        ("secret", sampled.share(look.is_token), 0.7, "long random strings"),
    ):
        if few and (share * len(found) < 2 or category in ("city", "first_name", "last_name")):
            continue
        if share >= least:
            if category == "person_name" and share < _MIXED and sampled.share(_has_digit) >= _NUMBERED:
                return Verdict("free_text", 0.7, f"{share:.0%} of values look like full names, others hold numbers")
            return Verdict(category, round(0.35 + 0.5 * share, 2), f"{share:.0%} of values look like {called}")
    vetoed = veto_of_values(sampled, around)
    if vetoed is not None:
        return vetoed
    if sampled.share(look.is_amount) >= 0.95:
        if around.kind == "person" or around.pay or around.topic == "financial":
            return Verdict("financial", 0.4, "amounts in a table of people", undecided=True)
        return Verdict(None, 0.6, "amounts")
    if sampled.share(look.is_month) >= 0.9:
        return Verdict(None, 0.6, "months")
    years = [year for value in found if (year := look.year_of_date(value)) is not None]
    if len(years) >= 0.9 * len(found):
        if around.kind == "person" and look.birth_like(years, around.today):
            return Verdict("birth_date", 0.6, "dates spread like births")
        return Verdict(None, 0.6, "dates")
    if few:
        found_among = among_few(sampled, around)
        if found_among is not None:
            return found_among
        if around.kind == "person" and len(found) >= MANY and sampled.share(look.looks_like_name) >= 0.9:
            # More kinds than an enumeration of people's traits has: their names, towns or trades.
            return _name_like(sampled) or Verdict(
                UNKNOWN, 0.3, "words written like names, in a table of people", undecided=True
            )
        return trait(around) or Verdict(None, 0.7, "few values repeat, as codes and states do")
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
        if sampled.share(lambda value: as_number(value) is not None and len(value) < 7) > 0.95:
            return Verdict(None, 0.55, "short numbers")
    if around.bare and sampled.words < 1.5 and sampled.longest <= _CODE:
        digits = sampled.share(lambda value: any(map(str.isdigit, value)))
        if digits >= 0.6 or sampled.share(lambda value: value == value.upper()) > 0.95:
            return Verdict(None, 0.5, "codes in a table with nothing else of people")
    if around.bare and (around.kind == "thing" or around.lookup) and sampled.words < 4:
        return Verdict(None, 0.5, f"names of what is in {around.table}")
    if around.kind == "person" and around.key and sampled.share(lambda value: any(map(str.isdigit, value))) > 0.9:
        return Verdict("customer_id", 0.45, "unique codes in a table of people")
    return _name_like(sampled) or Verdict(UNKNOWN, 0.3, "neither name nor values tell", undecided=True)


def _has_digit(value: str) -> bool:
    return any(map(str.isdigit, value))


def _name_like(sampled: Values) -> Verdict | None:
    """Names that no dictionary knows: written as names are, and some of them known."""
    shaped = look.shaped_like_names(sampled)
    if len({tokens[0] for tokens in sampled.tokens if tokens}) < 0.3 * len(sampled):
        return None  # Hall A, Hall B
    if shaped >= 0.8 and (look.full_name_share(sampled) >= 0.03 or look.first_name_share(sampled) >= 0.15):
        return Verdict("person_name", 0.5, f"{shaped:.0%} of values are written like full names", undecided=True)
    return None


def as_number(value: str) -> float | None:
    try:
        return float(value.replace("$", "").replace(",", ""))
    except ValueError:
        return None
