"""The forms in which `benchmarks.leaks` writes values: other punctuation, letters, escapes, surroundings."""

from __future__ import annotations

import random
import unicodedata
from collections.abc import Callable
from html.entities import codepoint2name

from testdata_assets.masking.word_hashes import CALLING

Form = Callable[[str, random.Random], str]

PROSE = (
    "please leave it with the neighbour if nobody opens",
    "second reminder sent, waiting for the answer of the bank",
    "returned unopened, refund by the end of the week",
    "asked twice whether blue is still in stock in Berlin or New York",
    "spoke to the Paris office on Monday, all fine, order 4711 again",
    "Jordan and May were on Brooklyn time; ticket 20240117 closed",
)


def digits(text: str) -> str:
    return "".join(filter(str.isdigit, text))


def prose(text: str, rng: random.Random) -> str:
    before, after = rng.choice(PROSE), rng.choice(PROSE)
    return f"{before} - {text}, {after}"


def regrouped(text: str, rng: random.Random) -> str:
    """The same digits with other punctuation."""
    number = digits(text)
    mark = rng.choice([".", "-", " ", "/", "\u00a0"])
    start = ("+" if text.strip().startswith("+") else "") + number[: len(number) % 3 or 3]
    rest = number[len(number) % 3 or 3 :]
    return mark.join([start, *(rest[at : at + 3] for at in range(0, len(rest), 3))])


def grouped(text: str, rng: random.Random) -> str:
    number = digits(text)
    return rng.choice("- ").join(number[at : at + 4] for at in range(0, len(number), 4))


def spaced(text: str, rng: random.Random) -> str:
    return text.replace(" ", rng.choice(["  ", "\u00a0", "\n", "\t"]))


def reversed(text: str, _rng: random.Random) -> str:
    words = text.split()
    return f"{words[-1]}, {' '.join(words[:-1])}"


def json_escaped(text: str) -> str:
    return "".join(c if c.isalnum() and ord(c) < 128 and c not in "aeiou" else f"\\u{ord(c):04x}" for c in text)


def calling_code(number: str) -> int:
    """How many digits of an international number are its calling code."""
    return int(CALLING[int(digits(number)[:3])])


def national(text: str, rng: random.Random) -> str:
    """An international number as it is dialled at home."""
    number = digits(text)
    code = calling_code(text)
    return regrouped(("" if code == 1 else "0") + number[code:], rng)


def international(text: str, rng: random.Random) -> str:
    """A national number as it is dialled from abroad, whichever country it may be of."""
    number = digits(text).lstrip("0")
    return f"{rng.choice(['+49', '0049', '+44 (0)'])} {number[:2]} {number[2:]}"


def without_accents(text: str, _rng: random.Random) -> str:
    plain = "".join(each for each in unicodedata.normalize("NFKD", text) if not unicodedata.combining(each))
    return plain.translate(str.maketrans({"ß": "ss", "ø": "o", "Ø": "O", "ł": "l", "Ł": "L", "æ": "ae", "Æ": "AE"}))


def spelled_out(text: str, _rng: random.Random) -> str:
    for letter, both in (("ä", "ae"), ("ö", "oe"), ("ü", "ue"), ("Ä", "Ae"), ("Ö", "Oe"), ("Ü", "Ue")):
        text = text.replace(letter, both)
    return text


def partly_spelled_out(text: str, rng: random.Random) -> str:
    """One of its letters spelled out, the others without what makes them letters of their own."""
    ways = {"ä": "ae", "ö": "oe", "ü": "ue", "ø": "oe", "å": "aa"}
    at = rng.choice([place for place, each in enumerate(text) if each.lower() in ways])
    spelled = ways[text[at].lower()]
    before, after = (without_accents(part, rng) for part in (text[:at], text[at + 1 :]))
    return before + (spelled.capitalize() if text[at].isupper() else spelled) + after


def in_digits(text: str, zero: str) -> str:
    """The same number in the digits of another script, by its zero."""
    return "".join(chr(ord(zero) + int(each)) if each in "0123456789" else each for each in text)


def full_width(text: str, _rng: random.Random) -> str:
    return "".join(chr(ord(each) + 0xFEE0) if "!" <= each <= "~" else each for each in text)


def entities(text: str, pattern: str) -> str:
    return "".join(pattern.format(ord(each)) for each in text)


def named_entities(text: str) -> str:
    return "".join(f"&{codepoint2name[ord(each)]};" if ord(each) in codepoint2name else each for each in text)
