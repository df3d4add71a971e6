"""The one list of transformers: every module of this folder registers the class it holds.

Plan validation, the command line's listing and the reference page read it; rules build their transformers
through `build`. Modules with a leading underscore, `base`, `text` and this one hold no transformer.
"""

from __future__ import annotations

import difflib
import importlib
import pkgutil
import threading
from collections.abc import Mapping
from typing import Any, TypeVar

from testdata_assets.errors import UsageFault
from testdata_assets.masking.transformers import __path__ as _folder
from testdata_assets.masking.transformers.base import Transformer

_REGISTRY: dict[str, type[Transformer[Any]]] = {}
_NOT_TRANSFORMERS = frozenset({"base", "registry", "text"})
_discovered = False
_lock = threading.RLock()

T = TypeVar("T", bound=type[Transformer[Any]])


def register(transformer: T) -> T:
    """Class decorator: makes a transformer known under its `name`."""
    known = _REGISTRY.setdefault(transformer.name, transformer)
    if known.__qualname__ != transformer.__qualname__ or known.__module__ != transformer.__module__:
        raise ValueError(f"two transformers are called {transformer.name}")
    _REGISTRY[transformer.name] = transformer
    return transformer


def _discover() -> None:
    global _discovered
    with _lock:
        if _discovered:
            return
        package = __name__.rpartition(".")[0]
        for module in pkgutil.iter_modules(_folder):
            if module.name not in _NOT_TRANSFORMERS and not module.name.startswith("_"):
                importlib.import_module(f"{package}.{module.name}")
        _discovered = True


def all() -> dict[str, type[Transformer[Any]]]:
    """Every transformer by name, in alphabetical order."""
    _discover()
    return dict(sorted(_REGISTRY.items()))


def get(name: str) -> type[Transformer[Any]]:
    """The transformer of that name.

    Raises:
        UsageFault: There is none; the remedy names the nearest.
    """
    _discover()
    try:
        return _REGISTRY[name]
    except KeyError:
        near = difflib.get_close_matches(name, _REGISTRY, n=3)
        remedy = f"Did you mean {' or '.join(near)}?" if near else f"Known: {', '.join(sorted(_REGISTRY))}."
        raise UsageFault(
            f"There is no transformer {name!r}", where="transform", remedy=remedy, code="unknown-transformer"
        ) from None


def build(name: str, raw_params: Mapping[str, Any] | None = None) -> Transformer[Any]:
    """Builds a transformer from the parameters a rule gives it.

    Raises:
        UsageFault: There is no transformer of that name.
        pydantic.ValidationError: The parameters are off; locations are relative to `raw_params`.
    """
    transformer = get(name)
    return transformer(transformer.params_model.model_validate(dict(raw_params or {})))
