"""What a character is, as lookup tables over codepoints: script, kind, case, and its class of look-alikes.

A class is a closed set of characters that may stand for each other (lower-case and capital letters of one
alphabet count once, so that case is carried apart). Format-preserving permutations work on the index of a
character in its class. The tables are frozen in data/characters.txt.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import numpy as np
from numpy.typing import NDArray

SIZE = 0x110000
OTHER, LETTER, DIGIT, MARK, PICTURE, SPACE = range(6)
FIXED = -1  # class of characters that no permutation touches

_SPACES = (
    0x20,
    0x09,
    0x0A,
    0x0B,
    0x0C,
    0x0D,
    0x85,
    0xA0,
    0x1680,
    *range(0x2000, 0x200B),
    0x2028,
    0x2029,
    0x202F,
    0x3000,
)
# Parts of large alphabets whose members look alike; a letter outside any part belongs to its script's rest.
_PARTS: dict[str, tuple[tuple[int, int], ...]] = {
    "LATIN": ((0x41, 0x7A), (0xC0, 0x17F)),
    "CYRILLIC": ((0x400, 0x45F),),
    "GREEK": ((0x386, 0x3CE),),
    "ARABIC": ((0x620, 0x64A),),
    "HANGUL": ((0xAC00, 0xD7A3),),
    "HIRAGANA": ((0x3041, 0x3096),),
    "KATAKANA": ((0x30A1, 0x30FA),),
    "HEBREW": ((0x5D0, 0x5EA),),
    "GEORGIAN": ((0x10D0, 0x10F0),),
    "ARMENIAN": ((0x531, 0x586),),
}
# Classes of ASCII characters that callers ask for by name; each is a string of its members.
SPECIAL = {
    "digit_1_9": "123456789",
    "digit_2_9": "23456789",
    "digit_0_1": "01",
    "hex": "0123456789abcdef",
    "hex_1_f": "123456789abcdef",
}


@dataclass(frozen=True)
class Characters:
    """Lookup tables indexed by codepoint (arrays of 0x110000) and tables of classes.

    Attributes:
        kind: OTHER, LETTER, DIGIT, MARK, PICTURE or SPACE.
        script: Number of the script of a letter or digit; see `scripts`. 0 where there is none.
        lower, upper: The one-to-one case counterpart, or the codepoint itself.
        plain: For letters that fold with another without being its counterpart (final sigma, Kelvin's sign),
            that other letter, capital if it may be; else the codepoint itself.
        klass: Class of a letter or digit, else FIXED.
        index: Place within the class; a capital has its lower-case letter's.
        scripts: Number of each script by Unicode's first word for it.
        radix: Members of each class.
        bits: Bits that an index of each class needs.
        start: Where each class begins in `members`.
        members: All classes' members end to end, lower-case where there is case.
        special: Class numbers of `SPECIAL`; their indices are in `special_index`.
        special_index: (special classes, 128): place of an ASCII character in a special class.
    """

    kind: NDArray[np.uint8]
    script: NDArray[np.uint8]
    lower: NDArray[np.int32]
    upper: NDArray[np.int32]
    plain: NDArray[np.int32]
    klass: NDArray[np.int16]
    index: NDArray[np.int32]
    scripts: dict[str, int]
    radix: NDArray[np.int64]
    bits: NDArray[np.int64]
    start: NDArray[np.int64]
    members: NDArray[np.int32]
    special: dict[str, int]
    special_index: NDArray[np.int32]

    def class_of(self, character: str) -> int:
        return int(self.klass[ord(character)])


def _common_han() -> set[int]:
    """The 6,763 hanzi of GB 2312, by way of its codec: characters that every font has."""
    codes = set()
    for row in range(0xB0, 0xF8):
        for cell in range(0xA1, 0xFF):
            character = bytes((row, cell)).decode("gb2312", errors="ignore")
            if character:
                codes.add(ord(character))
    return codes


def _part(script: str, code: int, common_han: set[int]) -> int:
    if script == "CJK":
        return 0 if code in common_han else 1 if 0x4E00 <= code <= 0x9FFF else 2
    for number, (first, last) in enumerate(_PARTS.get(script, ())):
        if first <= code <= last:
            return number
    return len(_PARTS.get(script, ()))


@cache
def characters() -> Characters:
    """The tables, read once per process."""
    kind = np.zeros(SIZE, np.uint8)
    script = np.zeros(SIZE, np.uint8)
    lower = np.arange(SIZE, dtype=np.int32)
    upper = np.arange(SIZE, dtype=np.int32)
    plain = np.arange(SIZE, dtype=np.int32)
    scripts: dict[str, int] = {}
    runs: list[tuple[int, int, str, str]] = []
    text = files("testdata_assets.masking.data").joinpath("characters.txt").read_text(encoding="ascii")
    for line in text.splitlines()[1:]:
        if ">" in line:
            capital, small = (int(code, 16) for code in line.split(">"))
            lower[capital], upper[small] = small, capital
            continue
        if "~" in line:  # after all pairs
            code, small = (int(code, 16) for code in line.split("~"))
            plain[code] = small if code == 0x3C2 else upper[small]
            continue
        span, letter, *names = line.split()
        first, last = (int(code, 16) for code in span.split("-"))
        kind[first : last + 1] = {"L": LETTER, "N": DIGIT, "M": MARK, "S": PICTURE}[letter]
        if names:
            number = scripts.setdefault(names[0], len(scripts) + 1)
            script[first : last + 1] = number
            runs.append((first, last, letter, names[0]))
    kind[[0x5E, 0x60, 0xA8, 0xAF, 0xB4, 0xB8]] = OTHER  # spacing accents are punctuation here, not pictures
    kind[list(_SPACES)] = SPACE
    return _with_classes(kind, script, (lower, upper, plain), scripts, runs)


def _with_classes(
    kind: NDArray[np.uint8],
    script: NDArray[np.uint8],
    cases: tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.int32]],
    scripts: dict[str, int],
    runs: list[tuple[int, int, str, str]],
) -> Characters:
    lower, upper, plain = cases
    common_han = _common_han()
    groups: dict[tuple[str, str, int, bool], list[int]] = {}
    for first, last, letter, name in runs:
        for code in range(first, last + 1):
            if lower[code] != code:
                continue  # a capital: its lower-case letter stands for it
            paired = bool(upper[code] != code)
            groups.setdefault((letter, name, _part(name, code, common_han), paired), []).append(code)
    # A class needs two members, else its only one could not change.
    lonely = [code for key, codes in groups.items() if len(codes) < 2 for code in codes]
    classes = [codes for _, codes in sorted(groups.items()) if len(codes) >= 2]
    if len(lonely) > 1:
        classes.append(sorted(lonely))
    klass = np.full(SIZE, FIXED, np.int16)
    index = np.zeros(SIZE, np.int32)
    for number, codes in enumerate(classes):
        members = np.array(codes, np.int32)
        for variant in (members, upper[members]):
            klass[variant] = number
            index[variant] = np.arange(len(members), dtype=np.int32)
    special: dict[str, int] = {}
    special_index = np.zeros((len(SPECIAL), 128), np.int32)
    for row, (label, symbols) in enumerate(SPECIAL.items()):
        special[label] = len(classes)
        codes = [ord(symbol) for symbol in symbols]
        special_index[row, codes] = range(len(codes))
        special_index[row, [ord(symbol.upper()) for symbol in symbols]] = range(len(codes))
        classes.append(codes)
    radix = np.array([len(codes) for codes in classes], np.int64)
    return Characters(
        kind=kind,
        script=script,
        lower=lower,
        upper=upper,
        plain=plain,
        klass=klass,
        index=index,
        scripts=scripts,
        radix=radix,
        bits=np.array([int(size - 1).bit_length() for size in radix], np.int64),
        start=np.cumsum(radix) - radix,
        members=np.concatenate([np.array(codes, np.int32) for codes in classes]),
        special=special,
        special_index=special_index,
    )


def is_space(codes: NDArray[np.int32]) -> NDArray[np.bool_]:
    """Which characters are white space."""
    found: NDArray[np.bool_]
    if len(codes) and codes.max() >= 0x80:
        found = characters().kind.take(codes) == SPACE
    else:
        found = (codes == 0x20) | ((codes >= 0x09) & (codes <= 0x0D))
    return found
