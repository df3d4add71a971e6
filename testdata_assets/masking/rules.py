"""Reading `rules/masking.yaml`: to `MaskingRules`, or to one error that names every mistake.

Whether the rules fit a database is `plan.py`'s business; the editor's schema is in `rules_schema.py`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from testdata_assets.errors import UsageFault
from testdata_assets.masking.rule_errors import Mark, RuleProblem, RulesError, did_you_mean, one_of
from testdata_assets.masking.rule_files import file_digests, read_files
from testdata_assets.masking.rule_models import (
    ColumnRef,
    ColumnRule,
    MaskingRules,
    Mode,
    ObjectsRule,
    Relationship,
    RulesDocument,
    TableRule,
)
from testdata_assets.masking.rule_shapes import Location, Shaper
from testdata_assets.masking.rules_schema import json_schema
from testdata_assets.masking.rules_yaml import read_yaml
from testdata_assets.masking.transformers import registry
from testdata_assets.postgres.identifiers import TableName

__all__ = [
    "ColumnRef",
    "ColumnRule",
    "MaskingRules",
    "Mode",
    "ObjectsRule",
    "Relationship",
    "RuleProblem",
    "RulesError",
    "TableRule",
    "json_schema",
    "load_rules",
    "look_beside",
    "own_code",
    "parse_rules",
    "rules_digest",
]

RULES_FILE = "masking.yaml"


def load_rules(path: Path) -> MaskingRules:
    """Reads the masking rules. Dotted paths in them are also looked for in the folder that holds the rules folder.

    Args:
        path: The file, or the folder that holds `masking.yaml`.

    Raises:
        UsageFault: There is no such file (`rules-missing`), or it cannot be read (`rules-unreadable`).
        RulesError: What it says is not a set of rules; all mistakes at once.
    """
    file = path / RULES_FILE if path.is_dir() else path
    try:
        raw = file.read_bytes()
    except FileNotFoundError:
        raise UsageFault(
            f"There is no rules file {file}",
            where=str(file),
            remedy="Write one (rules/masking.yaml of the sample is an example); TESTDATA_RULES_DIR names its folder.",
            code="rules-missing",
        ) from None
    except OSError as error:
        raise UsageFault(
            f"The rules file {file} cannot be read ({error.strerror})",
            where=str(file),
            remedy="Check that it is a file and that you may read it.",
            code="rules-unreadable",
        ) from None
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = raw[: error.start]
        line, column = before.count(b"\n") + 1, error.start - before.rfind(b"\n")
        raise RulesError([RuleProblem(str(file), line, column, "the file is not UTF-8")]) from None
    look_beside(file.parent)
    return parse_rules(text, file=str(file))


def look_beside(rules_dir: Path) -> None:
    """Lets dotted paths also name modules in the folder that holds the rules folder: the repository of the rules."""
    registry.search_in(rules_dir.absolute().parent)


def parse_rules(text: str, *, file: str = RULES_FILE) -> MaskingRules:
    """Reads masking rules from a text.

    Args:
        text: The YAML document.
        file: Name of the file, for positions.

    Raises:
        RulesError: All mistakes at once, with the readable rest.
    """
    problems: list[RuleProblem] = []
    root = read_yaml(text, file, problems)
    shaper = Shaper(problems)
    data = shaper.shape(root)
    for location, problem in read_files(data, Path(file).parent, shaper.positions):
        problems.append(problem)
        shaper.leave_out(data, location)
    try:
        document: RulesDocument | None = RulesDocument.model_validate(data)
    except ValidationError as error:
        mistakes = error.errors(include_url=False, include_input=False)
        problems += [
            _problem(found, shaper.positions, root.mark)
            for found in mistakes
            if not (found["type"] == "missing" and problems)  # left out above, for the reason already named
        ]
        for found in mistakes:
            shaper.leave_out(data, _location(found))
        document = _rest(data)
    rules = None
    if document is not None:
        rules = MaskingRules(
            tables={TableName.parse(name): rule for name, rule in document.tables.items()},
            relationships=document.relationships,
            objects=document.objects,
            rotation=document.rotation,
        )
        rules._positions, rules._unread = shaper.positions, frozenset(shaper.unread)
    if problems or rules is None:
        raise RulesError(problems, rules)
    return rules


def _rest(data: Mapping[str, Any]) -> RulesDocument | None:
    """What is left once the mistakes are left out, if that is a rules file at all."""
    try:
        return RulesDocument.model_validate(data)
    except ValidationError:
        return None  # its mistakes are known already


def rules_digest(rules: MaskingRules, *extra: str) -> str:
    """sha256 of what the rules say: comments, spacing, order and short forms do not matter.

    The code of users' own transformers and the content of files that rules name enter it, as masks hang on them.

    Args:
        rules: The rules.
        extra: Versions of what the masks also depend on, such as the value pools.

    Raises:
        UsageFault: A user's transformer cannot be used.
    """
    canonical = rules.canonical()
    code = own_code(rules)
    files = file_digests(canonical)
    parts = [canonical, *extra, *([{"transformers": code}] if code else []), *([{"files": files}] if files else [])]
    document = json.dumps(parts, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(document.encode("ascii")).hexdigest()


def own_code(rules: MaskingRules) -> dict[str, str]:
    """sha256 of the code of every user's transformer that rules name, by the name they use.

    Raises:
        UsageFault: One cannot be used.
    """
    names = sorted(set(_named(rules.canonical())))
    return {name: made for name in names if (made := registry.fingerprint(name)) is not None}


def _named(part: Any) -> Iterator[str]:
    """Texts of the rules that name transformers, and others that might: nested rules also come as bare words."""
    if isinstance(part, Mapping):
        named = part.get("transform")
        if isinstance(named, str):
            yield named
        for each in part.values():
            yield from _named(each)
    elif isinstance(part, list | tuple):
        for each in part:
            yield from _named(each)
    elif isinstance(part, str) and registry.loaded(part):
        yield part


def _problem(found: Any, positions: dict[Location, Mark], top: Mark) -> RuleProblem:
    """A pydantic error as a problem in words of the file, at the deepest place known."""
    location = _location(found)
    mark = next(
        (positions[location[:length]] for length in range(len(location), -1, -1) if location[:length] in positions),
        top,
    )
    name = str(location[-1]) if location else "the file"
    kind, context = found["type"], found.get("ctx") or {}
    if kind == "extra_forbidden":
        known = [field.alias or key for key, field in ObjectsRule.model_fields.items()]
        message = f"unknown key {name!r}{did_you_mean(name, known)}"
    elif kind == "literal_error":
        message = f"{name} must be {_allowed(name, str(context.get('expected', '')))}"
    elif kind == "string_type":
        message = f"{name} must be text"
    elif kind == "string_too_short":
        message = f"{name} cannot be empty"
    elif kind in ("dict_type", "model_type"):
        message = f"{name} must be a mapping"
    else:
        message = f"{name}: {found['msg']}"
    table, column = (str(location[at]) if len(location) > at and location[0] == "tables" else None for at in (1, 3))
    return RuleProblem.at(mark, message, table, column)


def _location(found: Any) -> Location:
    return tuple(str(part) if not isinstance(part, int) else part for part in found["loc"])


def _allowed(name: str, expected: str) -> str:
    """pydantic's list of literals in our words."""
    if name == "version":
        return "the number 1"
    return one_of([word.strip().strip("'") for word in expected.replace(" or ", ",").split(",") if word.strip()])
