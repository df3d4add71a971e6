"""The inner loops of masking, compiled to machine code by numba: the same masks as the general way, much faster.

Kernels take the usual values (ASCII, short, of the expected shape) and leave the rest to the general way; which way a
value goes makes no difference to its mask, and tests hold both against each other. numba is the extra `fast`: without
it, and for a few values, where loading it would not pay, everything goes the general way.

A kernel's module is loaded when it is first wanted: `kernels.load("words", len(values))`.
"""

from __future__ import annotations

import importlib
from functools import cache
from importlib.util import find_spec
from types import ModuleType

WORTHWHILE = 2000  # values


def load(name: str, count: int) -> ModuleType | None:
    """A module of kernels.

    Args:
        name: Of a module of this package.
        count: Values to mask.

    Returns:
        The module; None where numba is not installed or so few values do not pay for it.
    """
    if count < WORTHWHILE or not _installed():
        return None
    return importlib.import_module(f"{__name__}.{name}")


@cache
def _installed() -> bool:
    return find_spec("numba") is not None
