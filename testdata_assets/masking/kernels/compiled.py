"""How kernels are compiled."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba
from numba.core import config

from testdata_assets.masking.kernels import cache_folder

F = TypeVar("F", bound=Callable[..., Any])
_LOCK = threading.Lock()


def kernel(function: F) -> F:
    """Compiles a function when it is first called; it runs without Python's lock.

    Numba would keep machine code beside the source and renew it when that one file changes; ours lies in
    `cache_folder`. Where there is none, every process compiles anew.
    """
    folder = cache_folder(function.__module__.rpartition(".")[2])
    if folder is None:
        return cast(F, numba.njit(nogil=True, error_model="numpy")(function))
    with _LOCK:  # modules may be imported by several threads
        before = config.CACHE_DIR  # type: ignore[attr-defined]  # set when numba is loaded
        config.CACHE_DIR = str(folder)  # type: ignore[attr-defined]
        try:
            compiled = numba.njit(nogil=True, error_model="numpy", cache=True)(function)
        finally:
            config.CACHE_DIR = before  # type: ignore[attr-defined]
    return cast(F, compiled)
