"""What texts of the catalog quote: comments, and the literals in defaults, checks, views and functions.

Comments can be dropped. The others make the schema and stay as they are, so that the draft can only point at them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from testdata_assets.masking.discovery import values as look
from testdata_assets.masking.discovery.values import Values
from testdata_assets.production.catalog import CatalogText

_LITERAL = re.compile(r"'((?:[^']|'')*)'")
_WORD = re.compile(r"[^\W\d_]+")
_SHORTEST = 6  # characters of a sampled value that is looked for


@dataclass(frozen=True)
class Quotation:
    """A text of the catalog that looks personal; of the text itself only what it looks like.

    Attributes:
        kind: As in the catalog: comment, default, view, ...
        object: What it is of.
        what: What it quotes.
    """

    kind: str
    object: str
    what: str

    def __str__(self) -> str:
        return f"{self.kind.replace('_', ' ')} of {self.object} ({self.what})"


def quotations(texts: Iterable[CatalogText], sampled: frozenset[str]) -> list[Quotation]:
    """Looks through the catalog.

    Args:
        texts: Its texts.
        sampled: Values that name somebody (names, addresses, numbers), case-folded.
    """
    found = []
    for text in texts:
        # Definitions are full of identifiers; what somebody wrote into them stands in literals.
        parts = [text.text] if text.kind in ("comment", "enum_label") else _LITERAL.findall(text.text)
        what = next((said for part in parts if (said := _look(part, sampled)) is not None), None)
        if what is not None:
            found.append(Quotation(text.kind, text.object, what))
    return found


def _look(text: str, sampled: frozenset[str]) -> str | None:
    if look.holds_contact(text):
        return "an e-mail address or phone number"
    words = text.split()
    if any(look.is_iban(word) or look.is_card(word) or look.is_password_hash(word) for word in words):
        return "an account number, card number or password hash"
    if look.names_inside(Values.of([text])):
        return "a name"
    folded = text.casefold()
    if len(text) >= _SHORTEST and any(value in folded for value in _candidates(folded, sampled)):
        return "a value of a personal column"
    return None


def _candidates(text: str, sampled: frozenset[str]) -> Iterable[str]:
    """Sampled values that share their first word with the text: looking for each of them would take long."""
    said = set(_WORD.findall(text))
    return (
        value
        for value in sampled
        if len(value) >= _SHORTEST and ((first := _WORD.search(value)) is None or first[0] in said)
    )
