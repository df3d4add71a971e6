"""Verdicts on texts: what the name says, held against the values, and the values where the name is silent."""

from __future__ import annotations

import re
from collections.abc import Callable

from testdata_assets.masking.discovery import values as look
from testdata_assets.masking.discovery.judge_few import among_few, somebody_among_few
from testdata_assets.masking.discovery.judge_values import MANY, by_form, by_values, veto_of_values
from testdata_assets.masking.discovery.names import NameSign
from testdata_assets.masking.discovery.values import Values
from testdata_assets.masking.discovery.verdicts import ENOUGH, Surroundings, Verdict, of_people, shown

# Names of texts that describe what a table of things is about.
_DESCRIBING = re.compile(
    r"^(descr?|description|details|summary|caption|content|title|texto?|body|info|value|beschreibung.*|"
    r"bezeichnung|descripcion.*|descrizione|descricao|omschrijving.*|libelle|concepto|subject|topic|label)$"
)
_HOLDING_EMAILS = frozenset({"email", "free_text", "url", "secret", "user_agent"})
_SOME_EMAILS, _MANY_EMAILS = 0.05, 0.2
_TELLING_APART = frozenset({"code", "codes", "reference", "referencia", "referenz", "riferimento", "barcode", "tag"})
_RESULT = re.compile(r"(?:^|_)(?:results?|outcome|findings?|values?|tests?|reason|resultado?|ergebnis|resultat)$")
_SALUTATIONS = frozenset(
    re.findall(
        r"\S+",
        """mr mrs ms miss mx dr prof herr frau monsieur madame mademoiselle m mme mlle sr sra srta senor senora don dona
        sig sigra signor signora dott dottssa dhr mevr m f male female w d x other diverse divers weiblich maennlich
        männlich
        h homme femme hombre mujer maschio femmina masculino feminino masculin feminin man vrouw non-binary nonbinary
        unknown n/a u""",
    )
)


def classify_text(sign: NameSign | None, sampled: Values, around: Surroundings) -> Verdict:
    """The verdict on a column (or a part of one) of text."""
    category = sign.category if sign is not None else None
    if around.listed:
        if sign is not None and sign.strong and category in ("gender", "demographic", "health"):
            return Verdict(category, 0.7, f"named like {category}, values listed by a constraint")
        return Verdict(None, 0.9, "its values are listed by a constraint")
    formed = by_form(sign, sampled)
    if formed is not None:
        return formed
    emails = sampled.share(look.is_email)
    if category not in _HOLDING_EMAILS and emails >= (_SOME_EMAILS if len(sampled) >= 20 else _MANY_EMAILS):
        # No mask of names keeps an address within domains that nobody owns.
        return Verdict("free_text", 0.8, f"{emails:.0%} of values are e-mail addresses, the others are not")
    if sign is not None and sign.category is not None:
        named = _by_name(sign, sampled, around)
        if named is not None:
            return named
    if sign is not None and sign.category is None and not (_names_id(sign) and len(sampled)):
        if around.topic == "health" and around.linked and _RESULT.search(sign.phrase):
            return Verdict("health", 0.6, f"results in {around.table}", few=True)
        if of_people(around) and _numbers_people(sign, sampled, around):
            return Verdict("customer_id", 0.4, "nearly every row of a table of people has its own", undecided=True)
        among = among_few(sampled, around) if sampled.few else None
        harmless = Verdict(None, 0.8, f"named like {shown(sign)}, which says nothing of people")
        return veto_of_values(sampled, around) or among or harmless
    return by_values(sampled, around)


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
        if category == "job_title" and around.kind == "person":
            return Verdict("demographic", 0.5, "few trades or posts, in a table of people", few=True)
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
    if len(sampled) < ENOUGH:
        return Verdict(category, 0.5, f"named like {category}; too few values to tell")
    if sampled.few and sampled.longest <= 24:
        among = somebody_among_few(sampled, around) if category in ("person_name", "username") else None
        if among is None and category in ("birth_date", "financial"):
            return Verdict("demographic", 0.45, f"named like {category}, few values repeat", undecided=True, few=True)
        return (
            among
            or veto_of_values(sampled, around)
            or Verdict(None, 0.55, f"named like {category}, but few values repeat and none fits")
        )
    verdict = by_values(sampled, around)
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
    found = veto_of_values(sampled, around)
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
    if describing and (around.kind == "thing" or around.lookup):
        return Verdict(None, 0.65, f"describes what is in {around.table}; quotes no contact or name")
    if len(sampled) and (sampled.few or sampled.longest <= 3):
        return among_few(sampled, around) or Verdict(None, 0.6, "named like free text, but few values repeat")
    if not sign.strong:
        if len(sampled) and sampled.share(look.is_prose) < 0.2 and sampled.words < 2.5:
            return by_values(sampled, around)
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
    if category == "username" and sampled.few:
        return somebody_among_few(sampled, around)
    if category == "region" and (sampled.few or sampled.longest <= 3):
        return Verdict(None, 0.6, "named like regions, few values repeat")
    plausible = _PLAUSIBLE.get(category)
    fits = plausible is None or not len(sampled) or sampled.share(plausible) >= 0.5
    if of_people and sampled.few and category in ("gender", "demographic", "health"):
        return Verdict(category, 0.6, f"named like {category}")
    linked_device = category == "device_id" and around.linked
    if fits and (of_people or linked_device or category in ("account_number", "username")) and not sampled.few:
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
        if share >= 0.2 or single >= 0.4:
            return Verdict("person_name", 0.6, "few values, some of them names")
        if len(sampled) >= MANY and look.shaped_like_names(sampled) >= 0.8:
            return Verdict("person_name", 0.45, "named like somebody and written like names", undecided=True)
        return None if bare else somebody_among_few(sampled, around)
    if bare and not around.bare and look.shaped_like_names(sampled) >= 0.8:
        return Verdict("person_name", 0.45, "named and written like names, though none is known", undecided=True)
    if bare and len(sampled) >= ENOUGH and max(share, single) < 0.1:
        return Verdict(None, 0.5, "names, but not of people")
    if bare and len(sampled) and around.lookup and max(share, single) == 0:
        return Verdict(None, 0.5, f"names of what is in {around.table}")
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
    return Verdict("url", 0.75 if around.kind == "person" or telling else 0.6, f"named like {shown(sign)}")


def _numbers_people(sign: NameSign, sampled: Values, around: Surroundings) -> bool:
    """Whether a code, number or reference without further meaning tells the people of a table apart."""
    if sign.phrase.rpartition("_")[2] not in _TELLING_APART or len(sampled) < 20:
        return False
    return (around.key or sampled.various) and sampled.share(lambda value: any(map(str.isdigit, value))) >= 0.9


def _names_id(sign: NameSign) -> bool:
    """Whether a name is of a reference: as text it may be anything, a login as well as a number."""
    return sign.phrase.rpartition("_")[2] in ("id", "ids", "key", "ref")
