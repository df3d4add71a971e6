"""What kernels and the frame of text transformers hand each other: values as bytes, and masks as bytes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Bytes = NDArray[np.uint8]
Places = NDArray[np.int64]


@dataclass(frozen=True)
class Masks:
    """Masks of n values, some of them perhaps left to the general way.

    Attributes:
        data: Their UTF-8 bytes end to end.
        offsets: n + 1 places in `data`; a value left out takes none.
        done: Which of the n were masked.
    """

    data: Bytes
    offsets: Places
    done: NDArray[np.bool_]
