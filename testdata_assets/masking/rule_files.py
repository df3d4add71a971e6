"""Files that rules name, such as a pool of words: read with the rules, so that later nothing hangs on a folder.

A parameter whose type is `RulesFile` is a path, from the rules folder or absolute. Reading the rules puts the
file's lines in its place, under the path as written. So the plan can go to any process or machine, and the
rules' digest holds the file's content and not where it lies.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePath
from typing import Any

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from testdata_assets.errors import UsageFault
from testdata_assets.masking.rule_errors import Mark, RuleProblem
from testdata_assets.masking.transformers import registry

_LARGEST = 16 << 20

_Location = tuple[str | int, ...]


class RulesFile(str):
    """A path as a rule writes it, with what the file said when the rules were read.

    Attributes:
        lines: The file's distinct lines in their order, without blanks around them; none is empty.
        digest: sha256 of the file's content.
    """

    __slots__ = ("digest", "lines")
    lines: tuple[str, ...]
    digest: str

    def __new__(cls, path: str, lines: tuple[str, ...] = (), digest: str = "") -> RulesFile:
        made = super().__new__(cls, path)
        made.lines, made.digest = lines, digest
        return made

    def __repr__(self) -> str:
        return f"RulesFile({str(self)!r}, sha256={self.digest})"

    def __reduce__(self) -> tuple[type[RulesFile], tuple[str, tuple[str, ...], str]]:
        return RulesFile, (str(self), self.lines, self.digest)

    @classmethod
    def read(cls, path: str, folder: Path) -> RulesFile:
        """Reads a file.

        Args:
            path: As the rule writes it: absolute, or from the folder and inside it.
            folder: The rules folder.

        Raises:
            UsageFault: It leads out of the folder, does not exist, is empty, too large or no UTF-8 text.
        """
        file = folder / path
        if not PurePath(path).is_absolute() and not file.resolve().is_relative_to(folder.resolve()):
            raise _fault(
                file, "leads out of the rules folder", "Put the file beside the rules, or write its whole path."
            )
        try:
            if file.stat().st_size > _LARGEST:
                raise _fault(file, "is larger than 16 MiB", "Shorten it: a few thousand lines are plenty.")
            raw = file.read_bytes()
            text = raw.decode("utf-8-sig")
        except FileNotFoundError:
            raise _fault(file, "does not exist", "Paths count from the folder of the rules file.") from None
        except OSError as error:
            raise _fault(file, f"cannot be read ({error.strerror})", "Check that it is a file you may read.") from None
        except UnicodeDecodeError:
            raise _fault(file, "is not UTF-8", "Save it as UTF-8 text, one entry a line.") from None
        if "\0" in text:
            raise _fault(file, "holds a NUL character", "Save it as UTF-8 text, one entry a line.")
        lines = tuple(dict.fromkeys(line for each in text.split("\n") if (line := each.strip())))
        if not lines:
            raise _fault(file, "is empty", "Write one entry a line.")
        return cls(path, lines, hashlib.sha256(raw).hexdigest())

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(
            cls._taken, serialization=core_schema.plain_serializer_function_ser_schema(str)
        )

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return {"type": "string", "minLength": 1}

    @classmethod
    def _taken(cls, value: object) -> RulesFile:
        if isinstance(value, RulesFile):
            return value
        if not isinstance(value, str) or not value:
            raise PydanticCustomError("rules_file", "write the path of a file")
        if not PurePath(value).is_absolute():
            raise PydanticCustomError(
                "rules_file", "a path from the rules folder has no meaning apart from a rules file; write it whole"
            )
        try:
            return cls.read(value, Path("/"))
        except UsageFault as fault:
            raise PydanticCustomError("rules_file", "{reason}", {"reason": f"{fault.what}. {fault.remedy}"}) from None


def read_files(
    data: Mapping[str, Any], folder: Path, positions: Mapping[_Location, Mark]
) -> list[tuple[_Location, RuleProblem]]:
    """Replaces the paths in shaped rules by the files they name.

    Args:
        data: Rules as `rule_shapes.py` leaves them; changed in place.
        folder: The rules folder.
        positions: Places in the rules file.

    Returns:
        What is wrong with files, with the locations and at the places that name them.
    """
    problems: list[tuple[_Location, RuleProblem]] = []
    for location, owner, name in _paths(data.get("tables", {}), ("tables",)):
        try:
            owner[name] = RulesFile.read(owner[name], folder)
        except UsageFault as fault:
            places = (location[:length] for length in range(len(location), -1, -1))
            mark = next(positions[place] for place in places if place in positions)
            table, column = str(location[1]), str(location[3])
            problems.append((location, RuleProblem.at(mark, f"{fault.what}. {fault.remedy}", table, column)))
    return problems


def file_digests(rules: Any) -> dict[str, str]:
    """Path as written and digest of every file in (parts of) rules as plain data."""
    if isinstance(rules, RulesFile):
        return {str(rules): rules.digest}
    parts = rules.values() if isinstance(rules, Mapping) else rules if isinstance(rules, list | tuple) else ()
    return {path: digest for part in parts for path, digest in file_digests(part).items()}


def _paths(part: Any, location: _Location) -> Iterator[tuple[_Location, dict[str, Any], str]]:
    """(where, mapping, key) of every parameter that is a file's path, in rules and the rules nested in them."""
    if isinstance(part, dict):
        if "transform" in part:
            inside = isinstance(part.get("params"), dict)
            params = part["params"] if inside else part
            for name in _file_parameters(part["transform"], params):
                yield (*location, "params", name) if inside else (*location, name), params, name
        for key, each in part.items():
            yield from _paths(each, (*location, key))
    elif isinstance(part, list):
        for place, each in enumerate(part):
            yield from _paths(each, (*location, place))


def _file_parameters(transform: Any, params: Mapping[str, Any]) -> list[str]:
    written = [name for name, value in params.items() if isinstance(value, str) and value and name != "transform"]
    if not written or not isinstance(transform, str):
        return []
    try:
        fields = registry.get(transform).params_model.model_fields
    except UsageFault:
        return []  # the plan says what is wrong with it, where the rule stands
    return [name for name in written if name in fields and fields[name].annotation is RulesFile]


def _fault(file: Path, what: str, remedy: str) -> UsageFault:
    return UsageFault(f"The file {file} {what}", where=str(file), remedy=remedy, code="rules-file")
