"""The one list of transformers: this folder's own, installed packages' by entry point, users' by dotted path.

Every module of this folder registers the class it holds. Plan validation, the command line's listing and the
reference page read the list; rules build their transformers through `build`. Modules with a leading underscore,
`base`, `text` and this one hold no transformer. One name means one class: two that share a name are refused
wherever it is used, so that neither an installed package nor an upgrade can change masks unnoticed.
"""

from __future__ import annotations

import difflib
import importlib
import pkgutil
import threading
from collections.abc import Mapping
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any, TypeVar

from testdata_assets.errors import UsageFault
from testdata_assets.masking.transformers import __path__ as _folder
from testdata_assets.masking.transformers import _user_made
from testdata_assets.masking.transformers._user_made import UserMade, is_dotted
from testdata_assets.masking.transformers.base import Transformer

_REGISTRY: dict[str, type[Transformer[Any]]] = {}
_NOT_TRANSFORMERS = frozenset({"base", "registry", "text"})
_discovered = False
_declared: dict[str, tuple[EntryPoint, ...]] | None = None
_installed: dict[str, UserMade | UsageFault] = {}
_by_path: dict[str, UserMade] = {}
_folders: list[Path] = []
_lock = threading.RLock()

T = TypeVar("T", bound=type[Transformer[Any]])


def register(transformer: T) -> T:
    """Class decorator: makes a transformer of this package known under its `name`.

    A class of another package stays as it is: an entry point or a dotted path names it.
    """
    known = _REGISTRY.get(transformer.name, transformer)
    if known.__qualname__ != transformer.__qualname__ or known.__module__ != transformer.__module__:
        raise ValueError(f"two transformers are called {transformer.name}")
    if transformer.__module__.startswith(f"{_user_made.PACKAGE}."):
        _REGISTRY[transformer.name] = transformer
    return transformer


def search_in(folder: Path) -> None:
    """Names a folder to look into for dotted paths, after everything Python knows: the one that holds the rules."""
    folder = folder.absolute()
    with _lock:
        if folder not in _folders:
            _folders.insert(0, folder)


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


def _entry_points() -> dict[str, tuple[EntryPoint, ...]]:
    global _declared
    with _lock:
        if _declared is None:
            _declared = _user_made.declared()
        return _declared


def built_in() -> dict[str, type[Transformer[Any]]]:
    """The transformers of this package by name, in alphabetical order."""
    _discover()
    return dict(sorted(_REGISTRY.items()))


def all() -> dict[str, type[Transformer[Any]]]:
    """Every usable transformer by name, in alphabetical order; `unusable` says what is left out and why."""
    found = built_in()
    for name in _entry_points():
        found.pop(name, None)
        made = _of_entry_point(name)
        if isinstance(made, UserMade):
            found[name] = made.transformer
    return dict(sorted(found.items()))


def unusable() -> dict[str, UsageFault]:
    """Entry points that give no transformer, with the reason; whoever does not name them is not troubled."""
    _discover()
    made = {name: _of_entry_point(name) for name in _entry_points()}
    return {name: fault for name, fault in made.items() if isinstance(fault, UsageFault)}


def get(name: str) -> type[Transformer[Any]]:
    """The transformer of that name, or at that dotted path.

    Raises:
        UsageFault: There is none, the remedy names the nearest; or it is a user's and cannot be used.
    """
    made = _user_class(name)
    if made is not None:
        return made.transformer
    try:
        return _REGISTRY[name]
    except KeyError:
        known = [*_REGISTRY, *_entry_points()]
        near = difflib.get_close_matches(name, known, n=3)
        remedy = f"Did you mean {' or '.join(near)}?" if near else f"Known: {', '.join(sorted(known))}."
        raise UsageFault(
            f"There is no transformer {name!r}", where="transform", remedy=remedy, code="unknown-transformer"
        ) from None


def build(name: str, raw_params: Mapping[str, Any] | None = None) -> Transformer[Any]:
    """Builds a transformer from the parameters a rule gives it.

    Raises:
        UsageFault: There is no transformer of that name, or a user's cannot be used.
        pydantic.ValidationError: The parameters are off; locations are relative to `raw_params`.
    """
    transformer = get(name)
    return transformer(transformer.params_model.model_validate(dict(raw_params or {})))


def origin(name: str) -> str:
    """Where a transformer comes from, in words.

    Raises:
        UsageFault: As `get`.
    """
    made = _user_class(name)
    return made.origin if made is not None else "built in"


def fingerprint(name: str) -> str | None:
    """sha256 of the code of a user's transformer; None for those of this package, and where there is none.

    Raises:
        UsageFault: It is a user's and cannot be used.
    """
    made = _user_class(name)
    return made.fingerprint if made is not None else None


def loaded(name: str) -> bool:
    """Whether a user's transformer has been loaded by this dotted path, or is declared under this name."""
    return _canonical(name) in _by_path or name in _entry_points()


def _user_class(name: str) -> UserMade | None:
    """A user's class by name or path; None for what is none.

    Raises:
        UsageFault: It cannot be used.
    """
    _discover()
    if is_dotted(name):
        return _at_path(_canonical(name))
    if name not in _entry_points():
        return None
    made = _of_entry_point(name)
    if isinstance(made, UsageFault):
        # A new one each time: whoever catches an error may add to it.
        raise UsageFault(made.what, where=made.where, remedy=made.remedy, code=made.error_code)
    return made


def _of_entry_point(name: str) -> UserMade | UsageFault:
    """The class that installed packages declare under a name, or why there is none; looked up once."""
    with _lock:
        if name not in _installed:
            entries = _entry_points()[name]
            try:
                if name in _REGISTRY:
                    raise _clash(name, f"{entries[0].value} (entry point)", "one of testdata-assets' own")
                if len(entries) > 1:
                    raise _clash(name, f"{entries[0].value} (entry point)", f"{entries[1].value} (entry point)")
                _installed[name] = _user_made.load_entry_point(entries[0])
            except UsageFault as fault:
                _installed[name] = fault
        return _installed[name]


def _at_path(path: str) -> UserMade:
    with _lock:
        if path not in _by_path:
            made = _user_made.load_dotted(path, _folders)
            name = made.transformer.name
            for other, where in _holders(name):
                if other is not made.transformer:
                    raise _clash(name, path, where)
            _by_path[path] = made
        return _by_path[path]


def _holders(name: str) -> list[tuple[object, str]]:
    """Who goes by a name already: (class, where from)."""
    holders: list[tuple[object, str]] = []
    if name in _REGISTRY:
        holders.append((_REGISTRY[name], "one of testdata-assets' own"))
    if name in _entry_points():
        made = _of_entry_point(name)
        holders.append((made.transformer if isinstance(made, UserMade) else None, "an entry point"))
    holders += [(each.transformer, path) for path, each in _by_path.items() if each.transformer.name == name]
    return holders


def _clash(name: str, one: str, other: str) -> UsageFault:
    return UsageFault(
        f"Two transformers are called {name!r}: {one} and {other}",
        where=one,
        remedy="Give your class another `name`, so that it is clear which one masks.",
        code="transformer-name-clash",
    )


def _canonical(path: str) -> str:
    """`package.module.Class` as `package.module:Class`."""
    if ":" in path or "." not in path:
        return path
    module, _, attribute = path.rpartition(".")
    return f"{module}:{attribute}"
