"""What number types hold."""

from __future__ import annotations

import re

INTEGER_BITS = {"int2": 16, "int4": 32, "int8": 64}
_NUMERIC = re.compile(r"numeric\((\d+)(?:,(-?\d+))?\)\Z")


def numeric_limits(type_name: str) -> tuple[int, int] | None:
    """Precision and scale of a type as `format_type` prints it, `numeric(p,s)`; None where it has none."""
    match = _NUMERIC.match(type_name)
    return (int(match[1]), int(match[2] or 0)) if match else None
