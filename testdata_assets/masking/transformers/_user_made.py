"""Users' own transformers: importing the class, holding it to the contract, and a digest of the code behind it.

A class comes from an entry point of an installed package or from a dotted path in the rules. Both run code of
the user's with the rights of this process, which reads production and holds the masking key. Which names they go by
is `registry.py`'s business.
"""

from __future__ import annotations

import ast
import hashlib
import importlib
import importlib.util
import inspect
import re
import sys
import traceback
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from types import ModuleType
from typing import Any

from testdata_assets.errors import UsageFault
from testdata_assets.masking.transformers.base import Coincidence, Distribution, Guarantees, Params, Transformer

GROUP = "testdata_assets.transformers"
PACKAGE = "testdata_assets"
NAME = re.compile(r"[a-z][a-z0-9_]{0,62}\Z")
DOTTED = re.compile(r"(?P<module>[^\W\d]\w*(?:\.[^\W\d]\w*)*)[.:](?P<attribute>[^\W\d]\w*)\Z")
# Modules of base classes that are pinned by this package's own version.
_NOT_USERS = frozenset({PACKAGE, "pydantic", "pydantic_core", "polars", *sys.stdlib_module_names})
_INSTALLED = frozenset({"site-packages", "dist-packages"})


@dataclass(frozen=True)
class UserMade:
    """A transformer that is not of this package.

    Attributes:
        transformer: The class.
        origin: Where it comes from, in words.
        fingerprint: sha256 of its code as it was when it was loaded; masks hang on it.
    """

    transformer: type[Transformer[Any]]
    origin: str
    fingerprint: str


def is_dotted(name: str) -> bool:
    """Whether a rule's transformer is a path to a class: `package.module:Class` or `package.module.Class`."""
    return DOTTED.match(name) is not None


def declared() -> dict[str, tuple[EntryPoint, ...]]:
    """Entry points of installed packages by name; more than one under a name is a clash."""
    found: dict[str, list[EntryPoint]] = {}
    for entry in entry_points(group=GROUP):
        known = found.setdefault(entry.name, [])
        # A package that is on sys.path twice is listed twice.
        if (entry.value, _distribution(entry)) not in [(each.value, _distribution(each)) for each in known]:
            known.append(entry)
    return {name: tuple(entries) for name, entries in sorted(found.items())}


def load_entry_point(entry: EntryPoint) -> UserMade:
    """The class of an entry point, whose name must be the transformer's own.

    Raises:
        UsageFault: It cannot be imported, or is no sound transformer.
    """
    distribution = _distribution(entry)
    where = f"entry point {entry.name} = {entry.value} of {distribution}"
    if not NAME.match(entry.name):
        raise UsageFault(
            f"Entry point {entry.name!r} cannot name a transformer",
            where=where,
            remedy="Use lower-case letters, digits and underscores, beginning with a letter.",
            code="transformer-name",
        )
    match = re.fullmatch(r"\s*([\w.]+)\s*:\s*(\w+)\s*(?:\[.*\])?\s*", entry.value)
    if match is None:
        raise UsageFault(
            f"Entry point {entry.name!r} does not name a class",
            where=where,
            remedy="Write it as package.module:Class.",
            code="transformer-not-importable",
        )
    transformer = _class(match[1], match[2], (), where)
    if transformer.name != entry.name:
        raise UsageFault(
            f"Entry point {entry.name!r} holds the transformer {transformer.name!r}",
            where=where,
            remedy="Give the entry point and the class's `name` the same name.",
            code="transformer-name",
        )
    return UserMade(transformer, f"entry point of {distribution}", _fingerprint(transformer, distribution, where))


def load_dotted(path: str, folders: Sequence[Path]) -> UserMade:
    """The class at a dotted path.

    Args:
        path: `package.module:Class` or `package.module.Class`.
        folders: Looked into after everything Python knows; those that hold rules folders.

    Raises:
        UsageFault: It cannot be imported, or is no sound transformer.
    """
    match = DOTTED.match(path)
    if match is None:
        raise UsageFault(
            f"{path!r} is no path to a class", where=path, remedy="Write it as package.module:Class.", code="usage"
        )
    transformer = _class(match["module"], match["attribute"], folders, path)
    return UserMade(transformer, f"dotted path {path}", _fingerprint(transformer, "", path))


def _distribution(entry: EntryPoint) -> str:
    return f"{entry.dist.name} {entry.dist.version}" if entry.dist is not None else "an unnamed distribution"


def _class(module: str, attribute: str, folders: Sequence[Path], where: str) -> type[Transformer[Any]]:
    found = getattr(_import(module, folders, where), attribute, None)
    if found is None:
        raise UsageFault(
            f"Module {module} has no {attribute}",
            where=where,
            remedy="Correct the path; it is package.module:Class.",
            code="transformer-not-importable",
        )
    if not inspect.isclass(found) or not issubclass(found, Transformer):
        raise UsageFault(
            f"{module}:{attribute} is not a Transformer",
            where=where,
            remedy="Derive the class from testdata_assets.masking.transformers.base.Transformer.",
            code="transformer-not-a-transformer",
        )
    lacks = list(_lacks(found))
    if lacks:
        raise UsageFault(
            f"{module}:{attribute} is not a whole transformer: {'; '.join(lacks)}",
            where=where,
            remedy="docs/how-to/own-transformers.md shows what a transformer declares.",
            code="transformer-incomplete",
        )
    return found


def _import(module: str, folders: Sequence[Path], where: str) -> ModuleType:
    top = module.partition(".")[0]
    try:
        if top not in sys.modules and importlib.util.find_spec(top) is None:
            # At the end of the path, so that nothing there can stand in for an installed package.
            sys.path.extend(str(folder) for folder in folders if str(folder) not in sys.path)
            importlib.invalidate_caches()
        return importlib.import_module(module)
    except (Exception, SystemExit) as error:  # noqa: BLE001  users' code may raise anything while it is imported
        looked = f" (looked also in {', '.join(map(str, folders))})" if folders else ""
        raise UsageFault(
            f"Module {module} cannot be imported: {_told(error)}",
            where=where,
            remedy=f"Install its package, or correct the path or the module{looked}.",
            code="transformer-not-importable",
        ) from None


def _told(error: BaseException) -> str:
    """What went wrong, without the message of a foreign error: it may hold anything."""
    name = type(error).__name__
    if isinstance(error, ModuleNotFoundError) and error.name:
        return f"there is no module {error.name}"
    if isinstance(error, SyntaxError):
        return f"{name} at {Path(error.filename or '?').name}:{error.lineno}"
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if "importlib" not in frame.filename]
    last = next((frame for frame in reversed(frames) if frame.filename != __file__), None)
    return f"{name} at {Path(last.filename).name}:{last.lineno}" if last else name


def _lacks(transformer: type[Transformer[Any]]) -> Iterator[str]:
    """What the class does not declare as `base.py` asks for."""
    name = getattr(transformer, "name", None)
    if not isinstance(name, str) or not NAME.match(name):
        yield "`name` must be lower-case letters, digits and underscores"
    summary = getattr(transformer, "summary", None)
    if not isinstance(summary, str) or not summary.strip():
        yield "`summary` must be a sentence"
    model = getattr(transformer, "params_model", None)
    if not (inspect.isclass(model) and issubclass(model, Params)):
        yield "`params_model` must derive from Params"
    types = getattr(transformer, "base_types", None)
    if not isinstance(types, frozenset) or not all(isinstance(each, str) for each in types):
        yield "`base_types` must be a frozenset of Postgres type names"
    if inspect.isabstract(transformer):
        yield f"it lacks {', '.join(sorted(transformer.__abstractmethods__))}"
    guarantees = getattr(transformer, "guarantees", None)
    if not isinstance(guarantees, Guarantees):
        yield "`guarantees` must be a Guarantees"
    elif guarantees.coincidence is Coincidence.UNCHANGED:
        yield "`guarantees` says that values stay unchanged, which only keep may"
    if not isinstance(getattr(transformer, "distribution", None), Distribution):
        yield "`distribution` must be a Distribution"
    home = sys.modules.get(transformer.__module__)
    if transformer.__module__ == "__main__" or getattr(home, transformer.__qualname__, None) is not transformer:
        yield "it must stand at the top of a module, so that worker processes find it"


def _fingerprint(transformer: type[Transformer[Any]], distribution: str, where: str) -> str:
    """sha256 over the sources of the class, its bases, its parameters, and the users' modules these import.

    What Python cannot see (data files, modules imported by computed names) counts through the distribution's
    version or the class's own `version`.
    """
    classes = [*transformer.__mro__, *transformer.params_model.__mro__]
    waiting = list(dict.fromkeys(each.__module__ for each in classes if _top(each.__module__) not in _NOT_USERS))
    sources: dict[str, bytes] = {}
    while waiting:
        module = waiting.pop()
        if module in sources:
            continue
        sources[module] = _source(module, where)
        waiting += [other for other in _imports(module, sources[module]) if other not in sources]
    digest = hashlib.sha256(f"{distribution}\n{getattr(transformer, 'version', '')}\n".encode())
    for module, source in sorted(sources.items()):
        digest.update(f"{module} {len(source)}\n".encode() + source)
    return digest.hexdigest()


def _top(module: str) -> str:
    return module.partition(".")[0]


def _source(module: str, where: str) -> bytes:
    file = getattr(sys.modules.get(module), "__file__", None) or _file_of(module)
    try:
        return Path(file).read_bytes() if file else b""
    except OSError:
        loader = getattr(sys.modules.get(module), "__loader__", None)
        if file and loader is not None and hasattr(loader, "get_data"):
            return bytes(loader.get_data(file))  # a zipped package
        raise UsageFault(
            f"The source of module {module} cannot be read, so that its changes would go unnoticed",
            where=where,
            remedy="Install the package as files.",
            code="transformer-source",
        ) from None


def _file_of(module: str) -> str | None:
    try:
        spec = importlib.util.find_spec(module)
    except (ImportError, AttributeError, ValueError):
        return None
    return spec.origin if spec is not None and spec.has_location else None


def _imports(module: str, source: bytes) -> Iterator[str]:
    """Users' modules that a module imports: of its own package, or lying beside it outside an installation."""
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError):
        return  # a compiled module
    spec = getattr(sys.modules.get(module), "__spec__", None)
    package = (spec.parent if spec is not None else None) or ""
    for node in ast.walk(tree):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                parents = package.split(".")[: len(package.split(".")) - node.level + 1]
                base = ".".join([*parents, base] if base else parents)
            names = [base, *(f"{base}.{alias.name}" for alias in node.names)]
        yield from (name for name in names if name and _beside(name, module))


def _beside(other: str, module: str) -> bool:
    if _top(other) in _NOT_USERS:
        return False
    file = getattr(sys.modules.get(other), "__file__", None) or _file_of(other)
    if file is None:
        return False
    if _top(other) == _top(module):
        return True
    own = getattr(sys.modules.get(module), "__file__", None)
    if own is None:
        return False
    folder = Path(own).parents[module.count(".") + (Path(own).name == "__init__.py")]
    return folder.name not in _INSTALLED and Path(file).is_relative_to(folder) and not _INSTALLED & {*Path(file).parts}
