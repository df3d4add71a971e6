"""city: real places, the shape of the name kept."""

from __future__ import annotations

import re
from collections.abc import Callable

Mask = Callable[..., list[str]]


def test_cities_keep_their_connecting_words(mask: Mask):
    one, two, three = mask("city", ["New York", "FRANKFURT am Main", "St. John's"])
    assert one.startswith("New ")
    assert " am " in two
    assert re.fullmatch(r"St\. \w+'\w+", three)
