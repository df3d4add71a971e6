"""Which words of a text stay and which pool the others come from, as numbers that compiled code can follow.

A rule says what its transformer's choice of words says (see `WordTransformer`); tests hold both against each other.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

from testdata_assets.masking.words import Vocabulary


class Form(IntEnum):
    """What a text is."""

    LISTED = 0  # known words stay, all others change
    NAME = 1  # particles stay before a name, titles and suffixes anywhere
    FULL_NAME = 2  # the same, first names and a family name


@dataclass(frozen=True)
class WordRule:
    """Says which words change.

    Attributes:
        form: What the texts are.
        kept: Words that stay; in names the particles, which stay before another name only.
        always_kept: Words that stay in names anywhere; not looked at otherwise.
        role: Pool of the words that change (one of pools.ROLES), in full names of the family name.
        first_role: Pool of the other words of full names.
        kept_from: Letters a listed word must have to stay.
        name_from: Letters that one of the changing words must have; where none has, the listed ones change as well.
    """

    form: Form
    kept: Vocabulary
    always_kept: Vocabulary
    role: str
    first_role: str = "first"
    kept_from: int = 1
    name_from: int = 1
