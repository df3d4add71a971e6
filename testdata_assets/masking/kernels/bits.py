"""Bits of words inside kernels."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import numpy as np
from numba.core.cgutils import true_bit
from numba.core.types import int64
from numba.extending import intrinsic


@intrinsic
def _lowest_bit(_context: Any, word: Any) -> Any:
    """What `lowest_bit` compiles to."""

    def generate(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        return builder.cttz(arguments[0], true_bit)

    return int64(word), generate


# The place of the lowest bit that is set, of a word with one.
lowest_bit = cast(Callable[[np.uint64], int], _lowest_bit)
