"""Compiling all kernels ahead, in a process of its own: `python -m testdata_assets.masking.compile_kernels`.

Every kernel is called through what uses it, on a few values of the usual shape, so that it is compiled for the very
types that refreshes hand it. An image of a container that masks large databases should run this when it is built.
"""

from __future__ import annotations

import fcntl
import importlib
import sys
from typing import Any

import numpy as np
import polars as pl

from testdata_assets.masking import kernels
from testdata_assets.masking.block_rows import Values, take_apart
from testdata_assets.masking.canonical import forms, runs
from testdata_assets.masking.change_counts import count_changes
from testdata_assets.masking.fingerprint_filters import filter_of
from testdata_assets.masking.hashing import KeyedHash
from testdata_assets.masking.transformers import registry
from testdata_assets.masking.transformers.base import MaskContext
from testdata_assets.production.catalog import Column

_COUNT = 64
# (transformer, parameters, type, a value in which {n} is a number)
_SAMPLES: tuple[tuple[str, dict[str, Any], str, str], ...] = (
    ("email", {}, "text", "marta.sample{n}@host{n}.example.org"),
    ("username", {}, "text", "marta_sample{n}"),
    ("person_name", {}, "text", "Martha Sample the {n}th"),
    ("street_address", {}, "text", "{n} Sample Street"),
    ("phone", {}, "text", "+44 20 7946 0{n}"),
    ("free_text", {}, "text", "Some prose about the {n}th sample, of no great length."),
    ("scramble", {}, "text", "SAMPLE-{n}"),
    ("scramble", {}, "numeric", "100{n}"),
    ("number_noise", {}, "numeric", "{n}.25"),
    ("number_noise", {"distribution": "normal"}, "int4", "{n}"),
    ("ip", {}, "text", "93.184.216.{n}"),
    ("ip", {}, "inet", "10.2.3.{n}"),
    ("hash", {}, "text", "sample {n}"),
    ("birth_date", {}, "date", "1980-04-{n}"),
    ("timestamp_noise", {}, "timestamptz", "2024-05-06 07:08:{n}+00"),
    ("timestamp_noise", {}, "date", "2024-05-{n}"),
    ("uuid", {}, "uuid", "8d3b2a10-4c5d-4e6f-8a9b-0c1d2e3f45{n}"),
)


def compile_all() -> list[str]:
    """Compiles every kernel into this user's cache.

    Returns:
        Kernels that no sample reached, as module.function; there should be none.
    """
    kernels.compiles_itself, kernels.WORTHWHILE = True, 1
    keyed = KeyedHash.derive(bytes(32), "compile")
    for name, params, base_type, pattern in _SAMPLES:
        values = pl.Series("v", [pattern.format(n=10 + number % 18) for number in range(_COUNT)])
        column = Column("v", base_type, base_type, "S")
        masked = registry.build(name, params).apply(values, MaskContext(keyed, column, hash_for=lambda _: keyed))
        count_changes(values, masked)
    texts = pl.Series("v", [f"Martha Sample of {number}0 Sample Street wrote" for number in range(_COUNT)])
    found, _ = forms(texts, 1)
    runs(texts, 1, filter_of(found))
    keyed.draws(pl.Series("v", ["x" * length for length in (5, 40, 100, 200)]))
    keyed.prf("stream").stream(keyed.draws(texts), np.full(_COUNT, 9, np.int64))
    lines = take_apart(b"1\ta\\tb\n2\t\\N\n", ["n", "v"])
    lines.sample(np.arange(2))
    lines.encoded({"v": Values(pl.Series(["c\td"]), lines.values("v").present)})
    lines.encoded({"v": Values(pl.Series(["c", None]))})
    importlib.import_module(f"{kernels.__name__}.sorting").attributed(found.copy(), np.zeros(_COUNT, np.int32))
    kernels.preload()
    return [f"{module}.{name}" for module in kernels.modules() for name in _unreached(module)]


def _unreached(module: str) -> list[str]:
    """Kernels of a module that neither this process compiled nor one before it."""
    loaded = importlib.import_module(f"{kernels.__name__}.{module}")
    own = {name: each for name, each in vars(loaded).items() if getattr(each, "__module__", "") == loaded.__name__}
    fresh = {name for name, each in own.items() if hasattr(each, "signatures") and not each.signatures}
    folder = kernels.cache_folder(module)
    kept = set() if folder is None else {path.name.split("-")[0].rpartition(".")[2] for path in folder.glob("*/*.nbi")}
    return sorted(fresh - kept)


def main() -> int:
    """Exit status 1 where a kernel was not reached: it would be compiled in the middle of a refresh."""
    if not kernels.available():
        print("numba is not installed: pip install 'testdata-assets[fast]'", file=sys.stderr)
        return 3
    folder = kernels.cache_folder("warming")
    if folder is None:
        print("there is no folder below ~/.cache that only this user can write to", file=sys.stderr)
        return 3
    with (folder.parent / "compiling.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # whoever comes second finds everything done
        missed = compile_all()
        kernels.mark_compiled()
    for name in missed:
        print(f"not compiled: {name}", file=sys.stderr)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
