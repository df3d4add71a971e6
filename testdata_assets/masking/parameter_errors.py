"""What is wrong with a transformer's parameters, in words of the rules file rather than of pydantic."""

from __future__ import annotations

import re
from dataclasses import dataclass

from pydantic import ValidationError

from testdata_assets.masking.rule_errors import did_you_mean
from testdata_assets.masking.transformers import registry

_PREFIXES = ("Value error, ", "Assertion failed, ")


@dataclass(frozen=True)
class ParameterProblem:
    """One mistake.

    Attributes:
        location: Path of the parameter it is about, relative to the rule's parameters; empty for all of them together.
        message: What is wrong.
    """

    location: tuple[str | int, ...]
    message: str


def parameter_problems(transformer: str, error: ValidationError) -> list[ParameterProblem]:
    """Every mistake in the parameters of a transformer; no text holds a value of a parameter.

    Args:
        transformer: Its name, which the registry knows.
        error: What building it raised.
    """
    known = [field.alias or name for name, field in registry.get(transformer).params_model.model_fields.items()]
    found = []
    for each in error.errors(include_url=False, include_input=False, include_context=False):
        location = tuple(part for part in each["loc"] if part != "[key]")
        named = ".".join(str(part) for part in location)
        reason = _plain(each["msg"])
        if each["type"] == "extra_forbidden":
            message = f"{transformer} has no parameter {named!r}{did_you_mean(named, known)}"
        elif location:
            message = f"parameter {named!r} of {transformer}: {reason[:1].lower() + reason[1:]}"
        else:
            # What the model says of all parameters together names those it is about.
            about = [name for name in known if re.search(rf"\b{re.escape(name)}\b", reason)]
            location = tuple(about[:1])
            label = f"parameter{'s' * (len(about) > 1)} {' and '.join(map(repr, about))} of " if about else ""
            message = f"{label}{transformer}: {reason}"
        found.append(ParameterProblem(location, message))
    return found


def _plain(message: str) -> str:
    for prefix in _PREFIXES:
        message = message.removeprefix(prefix)
    return message
