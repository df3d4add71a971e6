"""Columns whose values have parts: JSON documents by path, arrays by element, composites by field, hstore by key.

Each part is classified like a column of its own, named by its key and surrounded by what the key above says.
Keys that look like data are never listed: such an object's paths are written with a wildcard.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace
from typing import Any

import polars as pl

from testdata_assets.errors import TestdataError
from testdata_assets.masking.discovery.classify import Surroundings, Verdict, classify, classify_number, classify_text
from testdata_assets.masking.discovery.names import NameSign, read_name, table_kind, words
from testdata_assets.masking.discovery.values import Values
from testdata_assets.masking.part_texts import array_parts, hstore_parts, row_parts
from testdata_assets.production.catalog import Column

_FIELD = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,39}\Z")
# Fields of other languages, of headers and of forms; the like of them are data as well.
_LABEL = re.compile(r"[^\W\d_](?:[\w .()/-]{0,38}[\w).])?\Z")
_RECURRING, _OFTEN = 0.2, 5  # share of objects, and number of them, that have a label which names a field
_MANY_DIGITS = 4
_MANY_KEYS = 60  # fields of one object; more of them are data
_MOST_PATHS = 300
_ANY = ".*"
_Labels = AbstractSet[tuple[str, str]]  # keys by the path of their object
_EACH = "[*]"


@dataclass(frozen=True)
class Part:
    """One part of a column's values.

    Attributes:
        path: JSON path, hstore key or field name; '' for array elements.
        verdict: What it holds.
        values: What was seen there.
        numbers: Whether all values seen are JSON numbers.
        domain: Where its values mask like those of columns.
        numbered: That domain is one of integer columns, whose numbers it holds.
    """

    path: str
    verdict: Verdict
    values: Values = field(repr=False)
    numbers: bool = False
    domain: str | None = None
    numbered: bool = False


@dataclass
class _Leaf:
    names: tuple[str, ...]
    texts: dict[str, None] = field(default_factory=dict)
    filled: int = 0
    kinds: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True)
class Documents:
    """The parts of JSON documents.

    Attributes:
        parts: Leaves by path, booleans and nulls left to `keep`.
        personal_keys: Some keys look like data; no rule can mask keys.
    """

    parts: tuple[Part, ...]
    personal_keys: bool


def read_documents(texts: Iterable[str], column: str, around: Surroundings) -> Documents:
    """Takes sampled JSON documents apart and classifies their leaves."""
    documents: list[Any] = []
    for text in texts:
        try:
            documents.append(json.loads(text))
        except ValueError:
            continue
    seen: dict[str, Counter[str]] = {}
    for document in documents:
        _count_keys(document, "$", seen)
    labels = {(path, key) for path, keys in seen.items() for key in _labels(keys)}
    objects: dict[str, set[str]] = {}
    for document in documents:
        _keys(document, "$", labels, objects)
    open_objects = {path for path, keys in objects.items() if _keys_are_data(path, keys, labels)}
    leaves: dict[str, _Leaf] = {}
    for document in documents:
        _leaves(document, "$", (column,), open_objects, labels, leaves)
    parts = tuple(_part(path, leaf, around) for path, leaf in list(leaves.items())[:_MOST_PATHS])
    odd = [key for path in open_objects for key in objects[path]]
    return Documents(parts, any(_personal_key(key) for key in odd))


def _keys_are_data(path: str, keys: set[str], labels: _Labels) -> bool:
    """Whether an object's keys are values rather than names of fields: they must not come into a rules file."""
    if len(keys) > _MANY_KEYS or not all(is_field(key) or (path, key) in labels for key in keys):
        return True
    return bool(keys) and sum(map(_personal_key, keys)) * 2 >= len(keys)


def is_field(key: str) -> bool:
    """Whether a key reads like a field's name and not like data."""
    return _FIELD.match(key) is not None and sum(char.isdigit() for char in key) < _MANY_DIGITS


def _labels(keys: Counter[str]) -> list[str]:
    """Keys that name fields though not as programs do (`Phone No.`, `X-User`, `電話`): many objects have them."""
    objects = keys[""]
    return [key for key, count in keys.items() if not is_field(key) and is_label(key, count, objects)]


def is_label(key: str, count: int, objects: int) -> bool:
    """Whether a key that is no program's field names one all the same: so many of so many objects have it."""
    return (
        count >= max(_OFTEN, _RECURRING * objects)
        and _LABEL.match(key) is not None
        and sum(char.isdigit() for char in key) < _MANY_DIGITS
        and not _personal_key(key)
    )


def named(key: str) -> str:
    """A key as a step of a path."""
    if _FIELD.match(key) is not None:
        return f".{key}"
    escaped = key.replace("\\", "\\\\").replace("'", "\\'")
    return f"['{escaped}']"


def _personal_key(key: str) -> bool:
    verdict = classify_text(None, Values.of([key]), Surroundings())
    return verdict.category is not None and not verdict.undecided


def _count_keys(node: Any, path: str, seen: dict[str, Counter[str]]) -> None:
    """How many objects at a path there are (under '') and have each key."""
    if isinstance(node, dict):
        counts = seen.setdefault(path, Counter())
        counts[""] += 1
        counts.update(key for key in node if key)
        for key, child in node.items():
            _count_keys(child, path + named(key), seen)
    elif isinstance(node, list):
        for child in node:
            _count_keys(child, path + _EACH, seen)


def _keys(node: Any, path: str, labels: _Labels, objects: dict[str, set[str]]) -> None:
    if isinstance(node, dict):
        objects.setdefault(path, set()).update(node)
        for key, child in node.items():
            _keys(child, path + (named(key) if is_field(key) or (path, key) in labels else _ANY), labels, objects)
    elif isinstance(node, list):
        for child in node:
            _keys(child, path + _EACH, labels, objects)


def _leaves(
    node: Any, path: str, names: tuple[str, ...], wild: set[str], labels: _Labels, leaves: dict[str, _Leaf]
) -> None:
    if isinstance(node, dict):
        for key, child in node.items():
            if path in wild or not (is_field(key) or (path, key) in labels):
                # A wildcard's children are looked up under the names their own keys had when objects were counted.
                _leaves(child, path + _ANY, names, wild, labels, leaves)
            else:
                _leaves(child, path + named(key), (*names, key), wild, labels, leaves)
    elif isinstance(node, list):
        for child in node:
            _leaves(child, path + _EACH, names, wild, labels, leaves)
    elif node is not None:
        leaf = leaves.setdefault(path, _Leaf(names))
        leaf.filled += 1
        leaf.kinds["bool" if isinstance(node, bool) else "text" if isinstance(node, str) else "number"] += 1
        if not isinstance(node, bool) and len(leaf.texts) < 400:
            leaf.texts[str(node)] = None


def _part(path: str, leaf: _Leaf, around: Surroundings) -> Part:
    values = Values.of(leaf.texts, leaf.filled)
    numbers = leaf.kinds["number"] > 0 and not leaf.kinds["text"]
    if not leaf.kinds["number"] and not leaf.kinds["text"]:
        return Part(path, Verdict(None, 0.95, "booleans"), values)
    sign = part_sign(leaf.names)
    inside = replace(part_surroundings(leaf.names, around), name="_".join(words(leaf.names[-1])))
    if numbers:
        verdict = classify_number(sign, values, inside, integer=all(value.isdigit() for value in leaf.texts))
    else:
        verdict = classify_text(sign, values, inside)
    return Part(path, verdict, values, numbers)


def part_sign(names: Sequence[str]) -> NameSign | None:
    """What a part's own name says; where it says nothing, the name of what it stands in."""
    own = read_name(names[-1])
    if len(names) > 1 and (own is None or not own.strong):
        above = read_name(names[-2])
        both = read_name(f"{names[-2]}_{names[-1]}")
        if both is not None and both.strong and both.category is not None and both.phrase.count("_"):
            return both
        if own is None and above is not None and above.strong:
            return above
    return own


def part_surroundings(names: Sequence[str], around: Surroundings) -> Surroundings:
    """Inside an object that is named like people (or things), names are theirs."""
    for name in reversed(names[:-1]):
        kind = table_kind(name)
        if kind != "other":
            return replace(around, kind=kind, table=name, address=False, key=False, listed=False)
    return replace(around, address=False, key=False, listed=False)


def read_array(column: Column, values: Sequence[str], filled: int, around: Surroundings) -> Part | None:
    """The elements of an array column as one part; None where the catalog does not know them."""
    if not column.parts:
        return None
    element = replace(column.parts[0], name=column.name)
    try:
        texts = array_parts(pl.Series(list(values), dtype=pl.String)).texts().to_list() if values else []
    except TestdataError:
        texts = []
    seen = Values.of(texts, max(filled, len(texts)))
    return Part("", classify(element, seen, replace(around, key=False)), seen)


def read_composite(column: Column, values: Sequence[str], around: Surroundings) -> tuple[Part, ...]:
    """The fields of a composite column."""
    texts: dict[int, list[str]] = {}
    if values and column.parts:
        try:
            parts = row_parts(pl.Series(list(values), dtype=pl.String), len(column.parts))
            for number, text in zip(parts.numbers.tolist(), parts.texts().to_list(), strict=True):
                texts.setdefault(number, []).append(text)
        except TestdataError:
            texts = {}
    inside = part_surroundings((column.name, ""), around)
    found = []
    for number, attribute in enumerate(column.parts):
        seen = Values.of(texts.get(number, []), len(texts.get(number, [])))
        found.append(Part(attribute.name, classify(attribute, seen, inside), seen))
    return tuple(found)


def read_hstore(column: Column, values: Sequence[str], around: Surroundings) -> tuple[Part, ...]:
    """The keys of an hstore column that look like fields."""
    found: dict[str, list[str]] = {}
    if values:
        try:
            parts = hstore_parts(pl.Series(list(values), dtype=pl.String))
            for key, text in zip(parts.key_texts().to_list(), parts.texts().to_list(), strict=True):
                found.setdefault(key, []).append(text)
        except TestdataError:
            found = {}
    counts = Counter({key: len(texts) for key, texts in found.items() if key}) + Counter({"": len(values)})
    labels = set(_labels(counts))
    names: Mapping[str, list[str]] = {key: texts for key, texts in found.items() if is_field(key) or key in labels}
    inside = part_surroundings((column.name, ""), around)
    return tuple(
        Part(key, classify_text(part_sign((column.name, key)), seen, inside), seen)
        for key, texts in list(names.items())[:_MANY_KEYS]
        if (seen := Values.of(texts, len(texts))) is not None
    )
