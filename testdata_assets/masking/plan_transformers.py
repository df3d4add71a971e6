"""What plans ask of the transformer registry: who takes a type, who keeps values distinct, what is nested."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import ValidationError

from testdata_assets.masking.transformers import registry
from testdata_assets.masking.transformers.base import Transformer, Uniqueness
from testdata_assets.production.catalog import Column

KEEP = "keep"
NULL = "null"
_SHOWN = 6
_ANY_TEXT = ("hash", "scramble")  # whatever values mean


def transformers_for(column: Column) -> str:
    """`keep, null or hash`: what takes this column's type."""
    names = [name for name, each in registry.all().items() if each.accepts(column.base_type)]
    if column.not_null:
        names = [name for name in names if name != NULL]
    plain = [name for name in (KEEP, NULL, "constant", "hash") if name in names]
    return _either([*plain, *(name for name in names if name not in plain)][:_SHOWN])


def unique_alternatives(column: Column, tells_case: bool = False) -> str:
    """`hash or keep`: what keeps distinct values of this column distinct, with default parameters.

    Args:
        column: As transformers see it.
        tells_case: Whether its domain ignores case, but values that differ only in case must stay distinct.
    """
    names = [
        name
        for name, each in registry.all().items()
        if name != KEEP and each.accepts(column.base_type) and _distinct(each, column)
        if each.tells_case or not tells_case
    ]
    names.sort(key=lambda name: name not in _ANY_TEXT)
    return _either([*names[: _SHOWN - 1], KEEP])


def transformers_alike(families: frozenset[str]) -> str:
    """`integer_permute or keep`: what masks equal values of several kinds of type equally."""
    return _either([*(name for name, each in registry.all().items() if families <= each.alike), KEEP])


def nested_domains(params: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Path and domain of every rule nested in parameters (JSON paths, array items and the like)."""
    if isinstance(params, Mapping):
        domain = params.get("domain")
        if path and "transform" in params and isinstance(domain, str):
            yield path, domain
        for key, value in params.items():
            yield from nested_domains(value, f"{path}.{key}" if path else str(key))
    elif isinstance(params, list):
        for index, value in enumerate(params):
            yield from nested_domains(value, f"{path}[{index}]")


def _distinct(transformer: type[Transformer[Any]], column: Column) -> bool:
    if transformer.guarantees.uniqueness is Uniqueness.LOSSY:
        return False
    try:
        built = registry.build(transformer.name, {})
    except ValidationError:
        return False  # it needs parameters, so that nothing can be promised here
    return not built.problems(column) and built.guarantees_for(column).uniqueness is not Uniqueness.LOSSY


def _either(names: list[str]) -> str:
    return " or ".join(filter(None, [", ".join(names[:-1]), names[-1] if names else ""]))
