"""From a verdict to transformers that could carry it out, best first, as far as the registry has them.

Which of them fits is for the plan's own checks to say (`discover.py` steps down the list until they are
content); here only what a single column refuses by itself is left out.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pydantic import ValidationError

from testdata_assets.errors import UsageFault
from testdata_assets.masking.discovery.beside import Beside
from testdata_assets.masking.discovery.classify import INTEGERS, MOMENTS, NUMBERS, Verdict
from testdata_assets.masking.discovery.documents import Part
from testdata_assets.masking.transformers import registry
from testdata_assets.masking.transformers.base import TEXT_TYPES, RowTransformer
from testdata_assets.production.catalog import Column


@dataclass(frozen=True)
class Choice:
    """A transformer with its parameters, as a rule writes them."""

    transform: str
    params: Mapping[str, Any] = field(default_factory=dict, hash=False)

    def as_rule(self, **more: str | None) -> dict[str, Any]:
        """The rule as YAML data."""
        named = {key: value for key, value in more.items() if value is not None}
        return {"transform": None if self.transform == "null" else self.transform, **named, **self.params}


KEEP = Choice("keep")
# No rule at all: whatever no rule names stops the refresh before a row is read.
BLOCK = Choice("block")
NULL = Choice("null")
SCRAMBLE = Choice("scramble")
_LONG_HASH = Choice("hash", {"length": 32})
_OTHER_DAY = Choice("birth_date", {"distinct": True})  # fits unique indexes

# By category, what fits it best; then what fits its type follows by itself.
_BEST: dict[str, tuple[Choice, ...]] = {
    "email": (Choice("email"),),
    "phone": (Choice("phone"),),
    "person_name": (Choice("person_name"),),
    "first_name": (Choice("first_name"),),
    "last_name": (Choice("last_name"),),
    "username": (Choice("username"),),
    "full_address": (Choice("full_address"), Choice("street_address"), Choice("free_text")),
    "street_address": (Choice("street_address"),),
    "city": (Choice("city"),),
    "region": (Choice("region"), Choice("city")),
    "country": (Choice("country"),),
    "postcode": (Choice("postcode"),),
    "birth_date": (Choice("birth_date"), _OTHER_DAY, Choice("number_noise", {"amount": 2})),
    "gender": (Choice("gender_title"),),
    "demographic": (Choice("number_noise", {"ratio": 0.1}),),
    "health": (Choice("free_text"), Choice("number_noise", {"ratio": 0.1})),
    "ip": (Choice("ip"),),
    "mac": (Choice("mac"),),
    "url": (Choice("url"),),
    "credit_card": (Choice("credit_card"),),
    "iban": (Choice("iban"),),
    "bic": (Choice("bic"),),
    "account_number": (Choice("integer_permute"),),
    "national_id": (Choice("national_id"),),
    "tax_id": (Choice("tax_id"),),
    "passport": (Choice("passport"),),
    "driving_licence": (),
    "licence_plate": (Choice("licence_plate"),),
    "secret": (Choice("secret"), _LONG_HASH),
    "free_text": (Choice("free_text"),),
    "company": (Choice("company"),),
    "job_title": (Choice("job_title"), Choice("free_text")),
    "lat_lon": (Choice("number_noise", {"amount": 0.1}),),
    "financial": (Choice("number_noise", {"ratio": 0.1}),),
    "user_agent": (Choice("user_agent"), Choice("free_text")),
    "device_id": (Choice("uuid"),),
    "biometric": (Choice("image_blank"), Choice("url"), Choice("free_text")),
    "attachment": (Choice("bytes"),),
    "customer_id": (),
    "search_index": (Choice("tsvector"),),
    "document": (Choice("xml"), Choice("redact")),
}
_FORMED = frozenset(
    {
        "iban",
        "bic",
        "national_id",
        "tax_id",
        "passport",
        "licence_plate",
        "mac",
        "uuid",
        "email",
        "phone",
        "credit_card",
    }
)
# What every value of a type can be replaced by, where nothing else fits.
_CONSTANTS = {
    "bytea": "",
    "xml": "",
    "tsvector": "",
    "hstore": "",
    "ltree": "masked",
    "json": "{}",
    "jsonb": "{}",
    "macaddr": "02:00:00:00:00:00",
    "macaddr8": "02:00:00:00:00:00:00:00",
    "inet": "192.0.2.1",
    "cidr": "192.0.2.0/24",
    "point": "(0,0)",
    "date": "1970-01-01",
    "timestamp": "1970-01-01 00:00:00",
    "timestamptz": "1970-01-01 00:00:00+00",
    "uuid": "00000000-0000-4000-8000-000000000000",
    "bool": "false",
}
_STARTING_ALIKE = 20  # values
_LONGEST_START = 16  # characters
_DROWNING = frozenset({"free_text", "document", "attachment"})


def choices(
    verdict: Verdict,
    column: Column,
    parts: Sequence[Part] = (),
    *,
    formed: bool = False,
    around: Beside | None = None,
    leaves: bool = False,
) -> list[Choice]:
    """Transformers for a column, best first; then some that take away everything, and `block` at the end.

    Args:
        verdict: What the column holds.
        column: Its type and limits.
        parts: Of a column that consists of parts, what those hold.
        formed: A CHECK constraint reads the column: transformers that keep characters in place come first.
        around: Columns that a transformer may read; None where it must do without, as one under foreign keys must.
        leaves: Of XML, that documents were seen and could be taken apart.
    """
    if verdict.category is None and not parts:
        return [KEEP]
    found: list[Choice] = []
    seen: set[str] = set()
    reading = _reading(verdict, column, around) if around is not None and not parts else []
    if around is not None and around.made and column.base_type in TEXT_TYPES:
        reading += [SCRAMBLE, _LONG_HASH]  # of a rewritten value the form matters more than the category
    of_leaves = list(_of_xml(parts, column)) if leaves and column.base_type == "xml" else []
    for choice in [*reading, *of_leaves, *_in_order(verdict, column, parts, formed)]:
        key = repr(choice)
        if key not in seen and (fits(choice, column) or (choice in reading and _takes(choice, column))):
            seen.add(key)
            found.append(choice)
    return [*found, KEEP if verdict.category is None else BLOCK]


def _reading(verdict: Verdict, column: Column, around: Beside) -> list[Choice]:
    """Transformers that read other columns of the row, where these are there."""
    base = column.base_type
    if around.slug_of is not None:
        name = around.slug_of.replace('"', '""')
        cut = {} if column.max_length is None else {"too_long": "cut"}
        return [Choice("template", {"template": f'{{"{name}"|slug}}', **cut})]
    if around.recipe is not None:
        made = {"mode": "recompute", "from": list(around.recipe.columns), "config": around.recipe.config}
        return [Choice("tsvector", made)]
    if verdict.category == "lat_lon":
        if around.part is not None and around.other is not None:
            return [Choice("lat_lon", {"part": around.part, "other": around.other})]
        return [Choice("lat_lon", {"part": "point" if base == "point" else "text"})]
    enumerated = verdict.few and verdict.category in ("health", "financial")
    if (verdict.category in ("demographic", "gender") or enumerated) and around.key and base not in MOMENTS:
        # Values of an enumeration stay values of it, as often as before; `choice` would have to list them here.
        alone = {"alone": "keep"} if column.not_null else {}
        by = around.key[0] if len(around.key) == 1 else list(around.key)
        shuffle = Choice("shuffle", {"by": by, **alone})
        return [Choice("gender_title"), shuffle] if verdict.category == "gender" else [shuffle]
    return []


def _takes(choice: Choice, column: Column) -> bool:
    try:
        return not registry.build(choice.transform, choice.params).problems(column)
    except (UsageFault, ValidationError):
        return False


def fits(choice: Choice, column: Column) -> bool:
    """Whether the registry has the transformer, its parameters build, and the column takes it."""
    try:
        transformer = registry.build(choice.transform, choice.params)
    except (UsageFault, ValidationError):
        return False
    if isinstance(transformer, RowTransformer) and transformer.reads() + transformer.reads_masked():
        return False
    return not transformer.problems(column)


def keeping_start(values: Sequence[str]) -> Choice | None:
    """`scramble` that keeps what all values begin with, as codes do that a CHECK wants so (`MRN-00012345`)."""
    if len(values) < _STARTING_ALIKE:
        return None
    first, last = min(values), max(values)  # what these begin with, all that lie between them do
    alike = itertools.takewhile(lambda pair: pair[0] == pair[1], zip(first, last, strict=False))
    start = "".join(one for one, _ in alike).rstrip("0123456789")
    if not 0 < len(start) <= _LONGEST_START:
        return None
    return Choice("scramble", {"keep_start": len(start)})


def part_choice(part: Part, column: Column) -> Choice:
    """The transformer of one part; the column is the part seen as a column of its own."""
    if part.verdict.category is None:
        return KEEP
    if part.numbered:
        return Choice("integer_permute")
    for choice in _in_order(part.verdict, column, (), formed=False):
        if fits(choice, column):
            return choice
    return NULL


def _in_order(verdict: Verdict, column: Column, parts: Sequence[Part], formed: bool) -> Iterator[Choice]:
    base, category = column.base_type, verdict.category or ""
    if column.category in "AC" or base in ("json", "jsonb", "hstore"):
        yield from _of_parts(column, parts)
    else:
        best = _BEST.get(category, ())
        if formed and category not in _FORMED and base in TEXT_TYPES:
            yield SCRAMBLE
        yield from best
        yield from _of_type(base, category)
    if not column.not_null:
        yield NULL
    constant = _constant(column)
    if constant is not None:
        yield Choice("constant", {"value": constant})


def _of_parts(column: Column, parts: Sequence[Part]) -> Iterator[Choice]:
    rest = SCRAMBLE.as_rule()
    if column.base_type in ("json", "jsonb"):
        paths = {part.path: _part_rule(part, column) for part in parts}
        yield Choice("json", {"paths": {**paths, "$.**": rest["transform"]}})
    elif column.base_type == "hstore":
        keys = {part.path: _part_rule(part, column) for part in parts}
        yield Choice("hstore", {"keys": {**keys, "*": rest["transform"]}})
    elif column.category == "A" and column.parts and parts:
        yield Choice("array", {"items": _bare(part_choice(parts[0], column.parts[0]), parts[0])})
    elif column.category == "C" and column.parts:
        attributes = {each.name: each for each in column.parts}
        yield Choice(
            "composite",
            {"fields": {part.path: _bare(part_choice(part, attributes[part.path]), part) for part in parts}},
        )


def _of_xml(parts: Sequence[Part], column: Column) -> Iterator[Choice]:
    paths = {part.path: _part_rule(part, column) for part in parts}
    yield Choice("xml", {"paths": {**paths, "**": SCRAMBLE.transform}})


def _part_rule(part: Part, column: Column) -> Any:
    kind = ("numeric", "N") if part.numbers else ("text", "S")
    return _bare(part_choice(part, Column(column.name, kind[0], kind[0], kind[1])), part)


def _bare(choice: Choice, part: Part) -> Any:
    """A nested rule, in its short form where it says no more than a name."""
    if choice == KEEP:
        return "keep"
    rule = choice.as_rule(pii=part.verdict.category, domain=part.domain if choice.transform != "null" else None)
    return rule["transform"] if len(rule) == 1 else rule


def _of_type(base: str, category: str) -> Iterator[Choice]:
    if base in TEXT_TYPES:
        if category not in _DROWNING:
            yield SCRAMBLE
        yield Choice("free_text")
        yield _LONG_HASH
        yield SCRAMBLE
    elif base in NUMBERS:
        if category in ("financial", "lat_lon", "health", "demographic"):
            yield Choice("number_noise", {"ratio": 0.1})
        if base in INTEGERS or base == "numeric":
            yield Choice("integer_permute")
        yield SCRAMBLE
        yield Choice("hash")
        yield Choice("number_noise", {"ratio": 0.1})
    elif base in MOMENTS:
        yield Choice("timestamp_noise")
        yield _OTHER_DAY
    elif base == "uuid":
        yield Choice("uuid")
        yield Choice("hash")
    elif base == "bytea":
        yield Choice("bytes")
        yield _LONG_HASH
    elif base == "oid":
        yield Choice("large_object")


def _constant(column: Column) -> str | int | None:
    if column.category == "A":
        return "{}"
    if column.category == "C" and column.parts:
        return "(" + "," * (len(column.parts) - 1) + ")"
    if column.category == "R":
        return "empty" if column.base_type.endswith("range") and "multi" not in column.base_type else None
    if column.base_type in NUMBERS:
        return 0
    return _CONSTANTS.get(column.base_type)
