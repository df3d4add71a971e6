"""secret: another key, token or password hash of the same form, with which nobody gets in."""

from __future__ import annotations

import string

import numpy as np
import polars as pl
from numpy.typing import NDArray

from testdata_assets.masking.characters import FIXED
from testdata_assets.masking.permutation import default_classes
from testdata_assets.masking.text_arrays import Codes, Pieces, Positions, TextArray, merge_rows, offsets_of
from testdata_assets.masking.transformers._forms import is_digit, is_letter, is_small
from testdata_assets.masking.transformers._secret_forms import (
    bcrypt_rows,
    empty_object,
    jwt_parts,
    last_of_base64,
    leading,
    live_keys,
    pem_delimiters,
    prefix_lengths,
    runs,
)
from testdata_assets.masking.transformers.base import NOTHING, Coincidence, Guarantees, Params, Uniqueness
from testdata_assets.masking.transformers.registry import register
from testdata_assets.masking.transformers.text import Draw, TextTransformer, scrambled

_ENOUGH_BITS = 64  # less than that could be hit by chance: such values are permuted instead
_HEX_LENGTH = 8
# Alphabets by the kinds of characters that occur: digits 1, small letters 2, capitals 4; then hexadecimal ones.
_KINDS = (string.digits, string.ascii_lowercase, string.ascii_uppercase)
_ALPHABETS = ["".join(kind for bit, kind in enumerate(_KINDS) if number & (1 << bit)) or "0" for number in range(8)] + [
    "0123456789abcdef",
    "0123456789ABCDEF",
]
_ALPHABETS += ["AQgw", "AEIMQUYcgkosw048", ".Oeu", ".CGKOSWaeimquy26"]  # last characters: spare bits are zero
_HEX_SMALL, _HEX_CAPITAL, _TWO_BITS, _FOUR_BITS, _BCRYPT_SALT, _BCRYPT_END = range(8, 14)
_SIZES = np.array([len(alphabet) for alphabet in _ALPHABETS], np.int64)
_STARTS = np.cumsum(_SIZES) - _SIZES
_SIGNS = np.frombuffer("".join(_ALPHABETS).encode(), np.uint8).astype(np.int32)
_LIVE_TO_TEST = np.frombuffer(b"test", np.uint8).astype(np.int32)


@register
class Secret(TextTransformer[Params]):
    """Redraws what is secret from the same alphabet; length, punctuation and public parts stay.

    Public are: the vendor prefix of a key (AKIA, ghp_, xoxb-, sk_test_, ...), algorithm and parameters of a
    password hash (bcrypt, argon2, pbkdf2, scrypt, crypt, SCRAM, md5, LDAP), BEGIN and END of a PEM block. A
    payment key for the live system (sk_live_) becomes one for the test system. A JSON web token gets the header of a
    signed one, an empty claims object and noise for a signature: three parts, each as long as before and decodable.
    Runs of digits stay digits, hexadecimal stays so, base64 fields stay decodable; nothing knows a password, message
    or key that would fit. Values of less than 64 bits (short passwords, PINs) and those with letters
    outside ASCII are permuted within their character classes. Where a domain ignores case no prefix is recognised.
    """

    name = "secret"
    summary = "Replaces keys, tokens and password hashes by useless ones of the same form and length."
    guarantees = Guarantees(
        uniqueness=Uniqueness.HASHED,
        coincidence=Coincidence.DISJOINT,
        preserves_length=True,
        preserves_format=True,
    )
    distribution = NOTHING

    def draw(self, draw: Draw) -> pl.Series:
        folds = draw.context.fold_case
        source = draw.canonical if folds else draw.values
        text = TextArray.from_series(source)
        free, alphabet = _secret_characters(source, text, plain=folds)
        bits = np.log2(_SIZES)[alphabet[free]]
        weight = np.bincount(text.owners()[free], bits, minlength=len(text))
        foreign = text.count((default_classes(text.codes) != FIXED) & (text.codes >= 0x80)) > 0
        weak = np.flatnonzero((weight < _ENOUGH_BITS) | foreign)
        codes = text.codes.copy()
        counts = text.count(free)
        noise = draw.hash.prf("noise").stream(draw.seeds, counts)
        chosen = alphabet[free]
        codes[free] = _SIGNS[_STARTS[chosen] + noise % _SIZES[chosen]]
        if folds:
            _restore_capitals(codes, draw.text)
        else:
            rows = live_keys(source)
            codes[text.offsets[rows][:, None] + np.arange(3, 7)] = _LIVE_TO_TEST
        result = TextArray(codes, text.offsets)
        masked = (result if folds else _with_empty_claims(source, result)).to_series()
        return merge_rows(masked, weak, scrambled(draw, weak)) if len(weak) else masked


def _secret_characters(values: pl.Series, text: TextArray, plain: bool) -> tuple[NDArray[np.bool_], NDArray[np.int64]]:
    """Which characters are redrawn, and each character's alphabet; `plain` without looking for prefixes."""
    codes = text.codes
    free = is_digit(codes) | is_letter(codes)
    fielded = np.zeros(len(text), np.bool_)
    if not plain:
        prefixes, fielded = prefix_lengths(values)
        pem, delimiters = pem_delimiters(values, text)
        free &= ~leading(text, prefixes) & ~delimiters
        fielded |= pem | values.str.ends_with("=").to_numpy() | values.str.starts_with("eyJ").to_numpy()
    alphabet = _alphabets(text, free)
    if plain:
        return free, alphabet
    last, rest = last_of_base64(text, fielded)
    rest = np.where(free[last], rest, 0)
    alphabet[last[rest == 2]] = _TWO_BITS
    alphabet[last[rest == 3]] = _FOUR_BITS
    rows = bcrypt_rows(values)
    ends = text.offsets[rows + 1]
    for places, kind in ((ends - 32, _BCRYPT_SALT), (ends - 1, _BCRYPT_END)):
        alphabet[places] = kind
        free[places] = True
    return free, alphabet


def _alphabets(text: TextArray, free: NDArray[np.bool_]) -> NDArray[np.int64]:
    """The kinds of characters that occur in each unbroken run; hexadecimal where a whole text's letters are."""
    codes = text.codes
    kinds = np.where(is_digit(codes), 1, np.where(is_small(codes), 2, 4))
    first, _ = runs(free, text)
    alphabet = np.zeros(len(codes), np.int64)
    if len(first):
        occurring = np.zeros(len(first), np.int64)
        owner = np.searchsorted(first, np.flatnonzero(free), side="right") - 1
        for kind in (1, 2, 4):
            occurring |= kind * (np.bincount(owner[kinds[free] == kind], minlength=len(first)) > 0)
        alphabet[free] = occurring[owner]
    letters = free & (kinds != 1)
    small, capital = text.count(letters & (kinds == 2)), text.count(letters & (kinds == 4))
    beyond = text.count(letters & ((codes | 0x20) > 0x66))
    digits = text.count(free & (kinds == 1))
    hexadecimal = (beyond == 0) & (digits > 0) & (digits + small + capital >= _HEX_LENGTH)
    for kind, rows in ((_HEX_SMALL, (small > 0) & (capital == 0)), (_HEX_CAPITAL, (capital > 0) & (small == 0))):
        alphabet[free & np.repeat(hexadecimal & rows, text.lengths)] = kind
    return alphabet


def _restore_capitals(codes: Codes, original: TextArray) -> None:
    """Capitals where all letters of a text were."""
    small = original.count(is_small(original.codes))
    big = original.count(is_letter(original.codes) & ~is_small(original.codes))
    shout = np.repeat((small == 0) & (big > 0), original.lengths)
    codes[shout & is_small(codes)] -= 32


def _with_empty_claims(values: pl.Series, text: TextArray) -> TextArray:
    """Header and payload of JSON web tokens rewritten."""
    rows, (header, payload, signature) = jwt_parts(values)
    if not len(rows):
        return text
    starts: Positions = text.offsets[rows + 1] - signature - payload - header - 2
    # Few lengths occur: one text for each.
    pieces = Pieces(len(rows))
    for lengths, is_header in ((header, True), (payload, False)):
        distinct, place = np.unique(lengths, return_inverse=True)
        pieces.add_text(TextArray.from_strings([empty_object(int(size), is_header) for size in distinct]), place)
        pieces.add_constant(".")
    rewritten, _ = pieces.join()
    codes = text.codes.copy()
    offset = np.repeat(starts - rewritten.offsets[:-1], rewritten.lengths)
    codes[np.arange(len(rewritten.codes)) + offset] = rewritten.codes
    return TextArray(codes, offsets_of(text.lengths))
