"""Weak choices that are allowed: kept columns that look personal or hold free text. They never stop a refresh.

`rules check` fails for them all the same, unless the rule gives a `reason`. Names and types only are looked at, in the
languages that discovery reads; what values say is discovery's own business.
"""

from __future__ import annotations

import re

from testdata_assets.masking.discovery.names import read_name
from testdata_assets.masking.plan_domains import Member, members, type_family
from testdata_assets.masking.plan_draft import Draft
from testdata_assets.masking.plan_transformers import KEEP
from testdata_assets.masking.transformers.base import TEXT_TYPES
from testdata_assets.production.catalog import Column, Table

MAY_QUOTE = "a kept free-text column may quote anybody"
_PERSONAL = re.compile(
    r"(?:^|_)(?:e_?mails?|mail|(?:tele|mobile_?|cell_?)?phone(?:_?(?:no|number))?|mobile|fax"
    r"|(?:first|last|full|sur|given|family|middle|maiden|birth|user|nick)_?name|surname|login"
    r"|ssn|social_security\w*|passport\w*|national_id|tax_(?:id|number)|licen[cs]e_(?:no|number|plate)"
    r"|(?:date_of_)?birth(?:_?da(?:te|y))?|dob|iban|bic|card_?(?:no|num|number)|pan|cvv|account_?(?:no|number)"
    r"|street\w*|address(?:_?(?:line)?_?[0-9])?|post_?code|zip(?:_?code)?|ip(?:_?addr(?:ess)?)?|mac(?:_?address)?"
    r"|passw(?:or)?d\w*|secret\w*|(?:api|access|refresh|auth|session)_?(?:key|token)|token"
    r"|latitude|longitude|geo_?location)(?:$|_)"
)
_FREE_TEXT = re.compile(
    r"(?:^|_)(?:notes?|comments?|descriptions?|messages?|body|bio|remarks?|feedback|memo|reason)(?:$|_)"
)
# What discovery's lexicon may call a kept text column without anybody having looked at its values.
_TELLING = frozenset(
    ["email", "phone", "first_name", "last_name", "person_name", "national_id", "tax_id", "passport", "iban", "secret",
     "credit_card", "street_address", "postcode", "birth_date", "driving_licence", "licence_plate"]
)  # fmt: skip
_DOCUMENTS = frozenset({"json", "jsonb", "xml", "hstore", "bytea", "tsvector"})
_SAFE_CATEGORIES = frozenset("BE")  # booleans and enums hold no value of anybody's
_SENTENCE = 80  # characters
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


def find_weaknesses(draft: Draft) -> None:
    """Adds warnings for kept columns that look personal, hold free text or whole documents."""
    for table in draft.catalog.tables:
        if table.kind not in ("r", "p") or draft.untouched(table.name):
            continue
        for column in table.stored_columns:
            if draft.lineage.owner(table.name, column.name).table == table.name:
                _check_kept(draft, table, column)
    _check_types(draft)


def _check_kept(draft: Draft, table: Table, column: Column) -> None:
    transformer = draft.transformer(table.name, column.name)
    effective = draft.effective(table.name, column.name)
    if transformer is None or effective is None or transformer.name != KEEP:
        return
    if effective.rule.reason is not None:
        return
    mark = draft.rule_mark(effective.origin) or draft.table_mark(effective.origin.table)
    word = _CAMEL.sub("_", column.name).lower()
    if effective.rule.pii is not None:
        draft.warn(table.name, column.name, f"marked as {effective.rule.pii} and yet kept", mark, weak=True)
    elif column.category not in _SAFE_CATEGORIES and _looks_personal(word, column):
        message = f"kept, although its name looks personal ({column.type})"
        draft.warn(table.name, column.name, message, mark, weak=True)
    elif column.base_type in _DOCUMENTS:
        draft.warn(table.name, column.name, f"a kept {column.base_type} may hold anything", mark)
    elif _holds_sentences(column) and _is_free_text(word, column):
        draft.warn(table.name, column.name, MAY_QUOTE, mark, weak=True)


def _holds_sentences(column: Column) -> bool:
    """Whether there is room for more than a word from a list."""
    return column.base_type in TEXT_TYPES and (column.max_length is None or column.max_length >= _SENTENCE)


def _looks_personal(word: str, column: Column) -> bool:
    """Of numbers, only the name's end counts: `phone` may be one, `emails_sent` counts them."""
    if any(column.category != "N" or match.end() == len(word) for match in _PERSONAL.finditer(word)):
        return True
    sign = read_name(column.name) if column.base_type in TEXT_TYPES else None
    return sign is not None and sign.strong and sign.category in _TELLING


def _is_free_text(word: str, column: Column) -> bool:
    sign = read_name(column.name)
    named = sign is not None and sign.strong and sign.category == "free_text"
    return named or _FREE_TEXT.search(word) is not None


def _check_types(draft: Draft) -> None:
    """Equal values of different kinds of type mask differently, even in one domain."""
    found: dict[str, dict[str, Member]] = {}
    for member in members(draft):
        if member.path is None:
            found.setdefault(member.domain, {}).setdefault(type_family(member.column), member)
    for domain, families in found.items():
        if len(families) > 1:
            _, *others = families.values()
            for member in others:
                transformer = draft.transformer(member.owner.table, member.owner.column)
                if transformer is not None and families.keys() <= transformer.alike:
                    continue
                draft.warn(
                    member.owner.table,
                    member.owner.column,
                    f"domain {domain} holds {' and '.join(sorted(families))} columns, which mask differently",
                    draft.rule_mark(member.owner),
                )
