"""Writes characters.txt: which characters are letters, digits, marks or pictures, and of which script.

Python's Unicode tables grow with every release, and a mask must not change with them; so they are written
down once. Run `python -m testdata_assets.masking.data.build_characters` only to start a new version.
"""

from __future__ import annotations

import sys
import unicodedata
from pathlib import Path

VERSION = 1
TARGET = Path(__file__).parent / "characters.txt"
_KINDS = {"Lu": "L", "Ll": "L", "Lt": "L", "Lo": "L", "Nd": "N", "Lm": "M", "Mn": "M", "Mc": "M", "Me": "M"}


def classify(code: int) -> str | None:
    """`L SCRIPT`, `N SCRIPT`, `M` (joins the letter before it), `S` (pictures), or None for all else."""
    character = chr(code)
    category = unicodedata.category(character)
    if category in ("So", "Sk") or 0x1F000 <= code <= 0x1FAFF or code in (0x200D, 0xFE0E, 0xFE0F):
        return "S"
    kind = _KINDS.get(category)
    if kind in ("L", "N"):
        script = unicodedata.name(character, "UNNAMED").split()[0]
        return f"{kind} {'CJK' if script.startswith('CJK') else script}"
    return kind


def class_runs() -> list[tuple[int, int, str]]:
    """Inclusive runs of codepoints of one class."""
    runs: list[tuple[int, int, str]] = []
    for code in range(sys.maxunicode + 1):
        found = classify(code)
        if found is None:
            continue
        if runs and runs[-1][1] == code - 1 and runs[-1][2] == found:
            runs[-1] = (runs[-1][0], code, found)
        else:
            runs.append((code, code, found))
    return runs


def case_pairs() -> list[tuple[int, int]]:
    """(upper, lower) where each is the other's only counterpart, so that case survives any round trip."""
    pairs = []
    for code in range(sys.maxunicode + 1):
        lower = chr(code).lower()
        if len(lower) == 1 and ord(lower) != code and lower.upper() == chr(code):
            pairs.append((code, ord(lower)))
    return pairs


def one_way_folds() -> list[tuple[int, int]]:
    """(letter, lower) where the lower-case letter is another's counterpart: signs like Kelvin's, title case."""
    paired = {upper for upper, _ in case_pairs()}
    folds = [(0x130, 0x69), (0x3C2, 0x3C3)]  # I with dot, and the final sigma
    for code in range(sys.maxunicode + 1):
        lower = chr(code).lower()
        if len(lower) == 1 and ord(lower) != code and code not in paired:
            folds.append((code, ord(lower)))
    return folds


def main() -> None:
    lines = [f"version {VERSION} unicode {unicodedata.unidata_version}"]
    lines += [f"{first:X}-{last:X} {found}" for first, last, found in class_runs()]
    lines += [f"{upper:X}>{lower:X}" for upper, lower in case_pairs()]
    lines += [f"{letter:X}~{lower:X}" for letter, lower in one_way_folds()]
    TARGET.write_text("\n".join(lines) + "\n", encoding="ascii")


if __name__ == "__main__":
    main()
