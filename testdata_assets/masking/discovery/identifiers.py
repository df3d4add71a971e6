"""Forms and checksums of numbers that states give to people and firms: facts of each country's scheme.

A checksum that one value in eleven meets by chance says nothing of one value; that nearly all values meet it does.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

_SSN = re.compile(r"(?!000|666|9)\d{3}-(?!00)\d\d-(?!0000)\d{4}")
_NINO = re.compile(r"[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z]\s?\d\d\s?\d\d\s?\d\d\s?[A-D]", re.IGNORECASE)
_FISCAL = re.compile(r"[A-Z]{6}\d{2}[A-EHLMPRST]\d{2}[A-Z]\d{3}[A-Z]", re.IGNORECASE)
_DNI = re.compile(r"[XYZ]?\d{7,8}-?[A-Z]", re.IGNORECASE)
_SVNR = re.compile(r"\d{8}[A-Z]\d{3}")
_CURP = re.compile(r"[A-Z]{4}\d{6}[HM][A-Z]{5}[A-Z0-9]\d")
_INDIAN_PAN = re.compile(r"[A-Z]{5}\d{4}[A-Z]")
_VAT = re.compile(
    r"(?:ATU\d{8}|BE[01]\d{9}|BG\d{9,10}|CY\d{8}[A-Z]|CZ\d{8,10}|DE\d{9}|DK\d{8}|EE\d{9}|EL\d{9}|ES[A-Z0-9]\d{7}[A-Z0-9]|"
    r"FI\d{8}|FR[A-Z0-9]{2}\d{9}|GB\d{9}(?:\d{3})?|HR\d{11}|HU\d{8}|IE\d[A-Z0-9]\d{5}[A-Z]{1,2}|IT\d{11}|LT\d{9}(?:\d{3})?|"
    r"LU\d{8}|LV\d{11}|MT\d{8}|NL\d{9}B\d\d|PL\d{10}|PT\d{9}|RO\d{2,10}|SE\d{12}|SI\d{8}|SK\d{10})"
)
_PERSONNUMMER = re.compile(r"(?:\d{2})?\d{6}[-+]\d{4}")
_LETTERS = "TRWAGMYFPDXBNJZSQVHLCKE"


def _digits(value: str) -> str:
    return re.sub(r"[\s.\-/]", "", value)


def _weighted(digits: str, weights: Sequence[int]) -> int:
    return sum(int(digit) * weight for digit, weight in zip(digits, weights, strict=False))


def _dni(value: str) -> bool:
    """Spain: the letter is the number modulo 23."""
    if _DNI.fullmatch(value) is None:
        return False
    bare = value.upper().replace("-", "")
    number = bare[:-1].translate(str.maketrans("XYZ", "012"))
    return bare[-1] == _LETTERS[int(number) % 23]


def _bsn(value: str) -> bool:
    """Netherlands: weights 9 to 2 and -1, divisible by 11."""
    bare = _digits(value)
    return bare.isdigit() and len(bare) == 9 and _weighted(bare, (9, 8, 7, 6, 5, 4, 3, 2, -1)) % 11 == 0


def _pesel(value: str) -> bool:
    """Poland: weights 1 3 7 9 repeated."""
    bare = _digits(value)
    return bare.isdigit() and len(bare) == 11 and _weighted(bare, (1, 3, 7, 9, 1, 3, 7, 9, 1, 3, 1)) % 10 == 0


def _cpf(value: str) -> bool:
    """Brazil: two check digits modulo 11."""
    bare = _digits(value)
    if not bare.isdigit() or len(bare) != 11 or len(set(bare)) == 1:
        return False
    for length in (9, 10):
        rest = _weighted(bare, range(length + 1, 1, -1)) * 10 % 11 % 10
        if rest != int(bare[length]):
            return False
    return True


def _nir(value: str) -> bool:
    """France: 97 minus the first thirteen digits modulo 97 (Corsica's 2A and 2B as 19 and 18)."""
    bare = _digits(value).upper().replace("2A", "19").replace("2B", "18")
    return bare.isdigit() and len(bare) == 15 and 97 - int(bare[:13]) % 97 == int(bare[13:])


def _german_tax(value: str) -> bool:
    """Germany's tax id: ISO 7064 mod 11-10 over eleven digits."""
    bare = _digits(value)
    if not bare.isdigit() or len(bare) != 11 or bare[0] == "0":
        return False
    product = 10
    for char in bare[:10]:
        product = ((int(char) + product) % 10 or 10) * 2 % 11
    return (11 - product) % 10 == int(bare[10])


NATIONAL: tuple[Callable[[str], object], ...] = (
    _SSN.fullmatch,
    _NINO.fullmatch,
    _FISCAL.fullmatch,
    _SVNR.fullmatch,
    _CURP.fullmatch,
    _PERSONNUMMER.fullmatch,
    _dni,
    _bsn,
    _pesel,
    _cpf,
    _nir,
)
TAX: tuple[Callable[[str], object], ...] = (_VAT.fullmatch, _INDIAN_PAN.fullmatch, _german_tax)


def scheme_share(values: Sequence[str], schemes: Sequence[Callable[[str], object]]) -> float:
    """The best share of values that one scheme's form and checksum take."""
    if not values:
        return 0.0
    return max(sum(1 for value in values if scheme(value)) for scheme in schemes) / len(values)
