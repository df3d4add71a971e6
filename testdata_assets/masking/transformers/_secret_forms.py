"""Which parts of secrets are not secret: prefixes, parameters of password hashes, delimiters of PEM blocks.

Forms are public knowledge of the systems that issue them; a value of none of them is all secret.
"""

from __future__ import annotations

import base64
from functools import lru_cache

import numpy as np
import polars as pl
from numpy.typing import NDArray

from testdata_assets.masking.text_arrays import Positions, TextArray, is_any, ragged_indices, running

BASE64_SIGNS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/-_."

# Password hashes whose fields are base64 of whole bytes: the last character has bits that must be zero.
_BASE64_HASHES = (
    r"\$argon2(?:id|i|d)\$(?:v=\d+\$)?m=\d+,t=\d+,p=\d+[,$]",
    r"\$pbkdf2(?:-sha\d+)?\$(?:i=)?\d+(?:,l=\d+)?\$",
    r"pbkdf2_sha\d+\$\d+\$",
    r"\$scrypt\$ln=\d+,r=\d+,p=\d+\$",
    r"SCRAM-SHA-\d+\$\d+:",
    r"\{(?:S?SHA|S?SHA256|S?SHA384|S?SHA512|S?MD5)\}",
)
_OTHER_PREFIXES = (
    r"\$2[abxy]?\$\d\d\$",
    r"\$(?:1|5|6|apr1)\$(?:rounds=\d+\$)?",
    r"\$(?:y|gy|7)\$[./A-Za-z0-9]+\$",
    r"\$[PH]\$",
    r"pbkdf2:sha\d+:\d+\$",
    r"scrypt:\d+:\d+:\d+\$",
    r"(?:sha1|sha256|sha512|md5|bcrypt_sha256)[$:]",
    r"gh[opsur]_|github_pat_|glpat-|gldt-|glrt-|npm_|pypi-|hf_|dop_v1_|doo_v1_|SG\.|AIza|ya29\.",
    r"(?:sk|pk|rk)_(?:live|test)_|whsec_",
    r"xox[a-z]-|xapp-",
    r"sk-(?:ant-[a-z]+\d*-|proj-|svcacct-)?",
    r"(?:Bearer|Basic|Token) ",
)
# Whole values, and the length of what is not secret at their start.
_WHOLE = (("^md5[0-9a-f]{32}$", 3), ("^A(?:KIA|SIA|ROA|IDA|GPA|NPA|NVA|PKA|BIA|CCA)[A-Z0-9]{16}$", 4))
_OTHER_PREFIX = "^(" + "|".join(_OTHER_PREFIXES) + ")"
_BASE64_PREFIX = "^(" + "|".join(_BASE64_HASHES) + ")"
_BCRYPT = r"^\$2[abxy]?\$\d\d\$[./A-Za-z0-9]{53}$"
_JWT = r"^(?:Bearer )?(eyJ[A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]{22,})$"
_PEM = "-----BEGIN [A-Z0-9 ]+-----"
_LABEL_SIGNS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 "


def prefix_lengths(values: pl.Series) -> tuple[Positions, NDArray[np.bool_]]:
    """Characters at each value's start that are not secret, and which values are hashes with base64 fields."""
    hashed = _matched(values, _BASE64_PREFIX)
    found = np.where(hashed > 0, hashed, _matched(values, _OTHER_PREFIX))
    for pattern, length in _WHOLE:
        rows = np.flatnonzero(values.str.contains(pattern).to_numpy())
        found[rows] = length
    return found, hashed > 0


def _matched(values: pl.Series, pattern: str) -> Positions:
    return values.str.extract(pattern).str.len_chars().fill_null(0).to_numpy().astype(np.int64)


def live_keys(values: pl.Series) -> NDArray[np.int64]:
    """Rows of payment keys for the live system: `live` stands at characters 3 to 6."""
    rows: NDArray[np.int64] = np.flatnonzero(values.str.contains("^(?:sk|pk|rk)_live_").to_numpy())
    return rows


def bcrypt_rows(values: pl.Series) -> NDArray[np.int64]:
    """Rows of bcrypt hashes: 22 characters of salt, 31 of digest at the end."""
    rows: NDArray[np.int64] = np.flatnonzero(values.str.contains(_BCRYPT).to_numpy())
    return rows


def pem_delimiters(values: pl.Series, text: TextArray) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Rows that are PEM blocks, and the characters of their BEGIN and END lines.

    Other lines of dashes (dividers, headings) say nothing of where a body begins, so what follows them is masked.
    """
    rows = values.str.contains(_PEM).to_numpy()
    kept = np.zeros(len(text.codes), np.bool_)
    if not rows.any():
        return rows, kept
    codes, size = text.codes, len(text.codes)
    dash = np.concatenate((codes == 0x2D, np.zeros(5, np.bool_)))
    five = dash[:size] & dash[1 : size + 1] & dash[2 : size + 2] & dash[3 : size + 3] & dash[4 : size + 4]
    starts = np.flatnonzero(five & ~np.concatenate((np.zeros(1, np.bool_), dash[: size - 1])))
    owners = np.searchsorted(text.offsets, starts, side="right") - 1
    first, end, owners = starts[:-1] + 5, starts[1:], owners[:-1]
    within = (owners == np.searchsorted(text.offsets, end, side="right") - 1) & rows[owners]
    # Nothing but a label between the dashes: `BEGIN PRIVATE KEY`.
    other = running(~is_any(codes, _LABEL_SIGNS))
    within &= other[end] == other[np.minimum(first, end)]
    labelled = np.zeros(len(first), np.bool_)
    for word in (b"BEGIN ", b"END "):
        found = end - first > len(word)
        for place, letter in enumerate(word):
            found &= codes[np.minimum(first + place, size - 1)] == letter
        labelled |= found
    chosen = np.flatnonzero(within & labelled)
    kept[ragged_indices(first[chosen], (end - first)[chosen])] = True
    # The letter of an escaped line break is no part of the base64 text.
    escape = np.flatnonzero(text.codes[:-1] == 0x5C) + 1
    kept[escape[np.repeat(rows, text.lengths)[escape]]] = True
    return rows, kept


def jwt_parts(values: pl.Series) -> tuple[NDArray[np.int64], list[Positions]]:
    """Rows of JSON web tokens whose header and payload can be rewritten, and the lengths of their three parts."""
    lengths = [
        values.str.extract(_JWT, group).str.len_chars().fill_null(0).to_numpy().astype(np.int64) for group in (1, 2, 3)
    ]
    good = (lengths[0] >= _shortest_header()) & (lengths[0] % 4 != 1) & (lengths[1] >= 3) & (lengths[1] % 4 != 1)
    rows = np.flatnonzero(good)
    return rows, [length[rows] for length in lengths]


def _shortest_header() -> int:
    return len(base64.urlsafe_b64encode(b'{"alg":"HS256"}').rstrip(b"="))


@lru_cache(maxsize=4096)
def empty_object(length: int, header: bool) -> str:
    """An empty claims object, or a header, as that many characters of base64url: blanks fill it up."""
    size = length * 3 // 4
    start = "{"
    if header:
        start = '{"alg":"HS256","typ":"JWT"' if size >= len('{"alg":"HS256","typ":"JWT"}') else '{"alg":"HS256"'
    document = start + " " * (size - len(start) - 1) + "}"
    return base64.urlsafe_b64encode(document.encode()).decode().rstrip("=")


def last_of_base64(text: TextArray, rows: NDArray[np.bool_]) -> tuple[Positions, Positions]:
    """Base64 fields of some texts, those with small letters and capitals.

    Returns:
        Position of each field's last character, and the field's length modulo four.
    """
    codes = text.codes
    first, last = runs(is_any(codes, BASE64_SIGNS) & np.repeat(rows, text.lengths), text)
    small, capital = running((codes >= 0x61) & (codes <= 0x7A)), running((codes >= 0x41) & (codes <= 0x5A))
    mixed = (small[last + 1] > small[first]) & (capital[last + 1] > capital[first])
    return last[mixed], (last - first + 1)[mixed] % 4


def runs(flags: NDArray[np.bool_], text: TextArray) -> tuple[Positions, Positions]:
    """First and last positions of unbroken runs of flagged characters within one text."""
    fresh = np.zeros(len(flags) + 1, np.bool_)
    fresh[text.offsets] = True
    before = np.concatenate((np.zeros(1, np.bool_), flags[:-1])) if len(flags) else flags
    after = np.concatenate((flags[1:], np.zeros(1, np.bool_))) if len(flags) else flags
    first = np.flatnonzero(flags & (~before | fresh[:-1]))
    last = np.flatnonzero(flags & (~after | fresh[1:]))
    return first, last


def leading(text: TextArray, lengths: Positions) -> NDArray[np.bool_]:
    """Flags of the first characters of each text."""
    kept = np.zeros(len(text.codes), np.bool_)
    kept[ragged_indices(text.offsets[:-1], lengths)] = True
    return kept
