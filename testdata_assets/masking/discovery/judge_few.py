"""Verdicts on columns of few values: most are codes and states, some are the logins and names of a small staff."""

from __future__ import annotations

import re

from testdata_assets.masking.discovery import values as look
from testdata_assets.masking.discovery.dictionaries import dictionaries
from testdata_assets.masking.discovery.lexicon import ACTORS
from testdata_assets.masking.discovery.sensitive import sensitive_category
from testdata_assets.masking.discovery.values import Values
from testdata_assets.masking.discovery.verdicts import Surroundings, Verdict

_PARTED = re.compile(r"[^\W\d_]+(?:[._-][^\W\d_]+){1,2}\d{0,4}", re.UNICODE)
_OPAQUE = re.compile(r"[^\W\d_][\w.'’-]*(?: [\w.'’-]+){0,3}", re.UNICODE)
_INITIALLED_OR_TITLED = re.compile(
    r"(?:[A-ZÀ-Þ]\. ?){1,3}[A-ZÀ-Þ][\w'’-]+|[A-ZÀ-Þ][\w'’-]+,? [A-ZÀ-Þ]\.|"
    r"(?i:mr|mrs|ms|miss|dr|prof|herr|frau|fr|me|maître|mme|mlle|sr|sra|srta|dra|dott|sig|sig\.ra|dhr|mevr|pfr|pater)"
    r"\.? [A-ZÀ-Þ].*"
)
_LETTERS = re.compile(r"[^\W\d_]+", re.UNICODE)
_MENTION, _THINGS_MENTION = 0.15, 0.6  # share of texts that name somebody
_SOME = 0.4
_MOST = 0.8


def among_few(sampled: Values, around: Surroundings) -> Verdict | None:
    """What few repeating values say by themselves; None where they look like codes and states."""
    found = sampled.distinct
    if not around.lookup and around.kind != "thing":
        category = sensitive_category(found, least=1 if around.topic == "health" and around.linked else 2)
        if category is not None:
            return Verdict(category, 0.7, f"few values repeat, several are called like {category}")
    of_things = around.lookup or around.kind == "thing"
    if not of_things:
        called = sampled.share(_INITIALLED_OR_TITLED.fullmatch)
        if called >= _SOME and called * len(found) >= 2:
            return Verdict("person_name", 0.6, f"few values repeat, {called:.0%} are names with an initial or a title")
    if sampled.words >= 1.5:
        mentions = look.names_inside(sampled) + look.share_with_names(sampled)
        families = look.share_with_families(sampled)
        mentions += families if families * len(found) >= 2 else 0.0
        if mentions >= (_THINGS_MENTION if of_things else _MENTION):
            return Verdict("free_text", 0.6, "few values repeat, but some hold names")
    if of_things:
        return None
    logins = sampled.share(is_login)
    if logins >= _SOME and logins * len(found) >= 2:
        return Verdict("username", 0.6, f"few values repeat, {logins:.0%} look like logins")
    if len(found) >= 3 and sampled.words < 1.7 and _first_names(sampled) >= _MOST:
        return Verdict("person_name", 0.55, "few values repeat, most are known first names")
    return None


def somebody_among_few(sampled: Values, around: Surroundings) -> Verdict | None:
    """The same where the column is named like somebody: then it is, unless the values are kinds of actors."""
    found = sampled.distinct
    if not found or around.lookup:
        return None
    named = [value for value in found if value.casefold() not in ACTORS]
    if len(named) * 2 < len(found) or not named:
        return None
    if sum(_OPAQUE.fullmatch(value) is not None and len(value) > 1 for value in named) < _MOST * len(named):
        return None
    names = look.full_name_share(sampled) >= 0.2 or sampled.words >= 1.5 or _first_names(sampled) >= _SOME
    return Verdict(
        "person_name" if names else "username", 0.5, "named like somebody, few values repeat", undecided=not names
    )


def is_login(value: str) -> bool:
    """`m.rossi`, `jane_doe3`: parts of a name with a dot between them, one of them known."""
    if _PARTED.fullmatch(value) is None or value != value.lower():
        return False
    known = dictionaries()
    parts = [part.casefold() for part in _LETTERS.findall(value)]
    long = [part for part in parts if len(part) >= 3]
    short = len(long) < len(parts)
    families = sum(part in known.last for part in long)
    return bool(families) if short and len(long) == 1 else families > 0 and any(part in known.first for part in long)


def _first_names(sampled: Values) -> float:
    """Share of values that begin with a known first name, written with a capital."""
    known = dictionaries().first
    return sampled.share(
        lambda value: (
            look.looks_like_name(value) and value[0].isupper() and _LETTERS.findall(value)[0].casefold() in known
        )
    )
