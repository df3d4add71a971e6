"""Copying bytes inside kernels, at once instead of one by one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import numpy as np
from numba.core import cgutils
from numba.core.types import void
from numba.extending import intrinsic

from testdata_assets.masking.kernels.texts import Bytes


@intrinsic
def _copy_bytes(_context: Any, target: Any, at: Any, source: Any, start: Any, count: Any) -> Any:
    """What `copy_bytes` compiles to."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        to_array, to_place, from_array, from_place, length = arguments
        to = context.make_array(signature.args[0])(context, builder, to_array).data
        origin = context.make_array(signature.args[2])(context, builder, from_array).data
        cgutils.raw_memcpy(  # type: ignore[no-untyped-call]
            builder, builder.gep(to, [to_place]), builder.gep(origin, [from_place]), length, 1
        )
        return context.get_dummy_value()

    return void(target, at, source, start, count), generate


_CopyBytes = Callable[[Bytes, int | np.int64, Bytes, int | np.int64, int | np.int64], None]
# (target, at, source, start, count): copies `count` bytes of `source` from `start` into `target` from `at`. Nobody
# checks that they fit; both must be contiguous, and they must not overlap.
copy_bytes = cast(_CopyBytes, _copy_bytes)
