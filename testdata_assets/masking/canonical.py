"""Canonical forms of values as keyed 64-bit hashes, of whole values and of runs of words inside texts.

Two values have the same form if nobody would call them different: case, blanks and punctuation do not count, nor does
the order of words (`Dyke, Mary van`), nor how the digits of a number are grouped. A value is cut into words, runs of
letters and digits. If it has seven digits or more and fewer letters it is a code (a phone, a card, an IBAN), and its
form is all its characters end to end, leading zeros and a `(0)` left out; else its form is the set of its words. So a
run of words in a text has the form of the value it quotes, and no pattern of what a name or an address looks like is
needed.

Letters count without their accents, in whatever form Unicode writes them: `José Müller` is `Jose Muller`. What makes a
letter of its own of them is spelled out as well when a value is stored, so that `Mueller` is found, too; in a short
value each such letter either way, as in `Jurgen Mueller`. Digits of all scripts are digits.

An international number is found without its calling code, and a national one with it; a value of more words than runs
are made of by its opening, and then word by word (`longer_runs`).

A hash holds in its lowest five bits how many words, or digits of a code, it was made of. How hashes are computed is in
`word_hashes.py`.
"""

from __future__ import annotations

import sys
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
import numpy.typing as npt
import polars as pl

from testdata_assets.masking import kernels, word_hashes
from testdata_assets.masking.text_arrays import bytes_to_series, string_bytes
from testdata_assets.masking.word_hashes import (
    BLANK,
    CALLING,
    CLASSES,
    FIRST_CODE_TAG,
    LOCAL_TAG,
    LONG_TAG,
    MINIMUM_CHARACTERS,
    MINIMUM_DIGITS,
    MOST_WORDS,
    OPENING_TAG,
    TAG_BITS,
    Bytes,
    Filter,
    Hashes,
    Keys,
    Places,
    keys_of,
)
from testdata_assets.production import bulky

__all__ = [
    "FIRST_CODE_TAG",
    "LOCAL_TAG",
    "LONG_TAG",
    "MINIMUM_CHARACTERS",
    "MINIMUM_DIGITS",
    "MOST_WORDS",
    "OPENING_TAG",
    "TAG_BITS",
    "Filter",
    "Runs",
    "as_national",
    "folded",
    "forms",
    "longer_runs",
    "prepared",
    "probes",
    "runs",
]

LONGEST = 1 << 16  # characters of a value that its form is made of: what follows takes memory and tells nothing more
_PORTION = 1 << 20  # bytes of a long text that runs are looked for in at once
_OVERLAP = 1 << 16  # bytes of it that two portions share, so that no run falls between them
_WIDE = r"[^\x00-\x7F]"
# Letters that Unicode does not take apart, and how ASCII writes them.
_LIGATURES = {
    **{"ß": "ss", "æ": "ae", "œ": "oe", "þ": "th", "ø": "o", "đ": "d", "ð": "d", "ħ": "h", "ł": "l", "ŧ": "t"},
    **{"ı": "i", "ς": "σ"},
}
_OTHER_DIGIT = r"[\p{Nd}--0-9]"
# How German and the languages of Scandinavia spell letters out where there are none: another letter follows, written as
# a byte that no text holds, so that it can be left out.
_E, _A = "\x01", "\x02"
_SPELLED = {
    **{"ä": f"a{_E}", "ö": f"o{_E}", "ü": f"u{_E}", "ø": f"o{_E}", "å": f"a{_A}"},
    **{"a\u0308": f"a{_E}", "o\u0308": f"o{_E}", "u\u0308": f"u{_E}", "a\u030a": f"a{_A}"},
}
_MARKS = np.array([0, ord("e"), ord("a")], np.uint8)  # what those bytes stand for
# Of so many such letters each may be spelled out or not, in values of so many bytes: names and addresses.
_MIXED_LETTERS, _MIXED_BYTES = 4, 120
# Accents, how an emoji is drawn, and what nobody sees: soft hyphens, joiners, marks of direction.
_UNSEEN = r"[\x{300}-\x{36F}\p{Me}\x{FE00}-\x{FE0F}\x{AD}\x{200B}-\x{200F}\x{202A}-\x{202E}\x{2060}-\x{206F}\x{FEFF}]"


def folded(values: pl.Series) -> pl.Series:
    """Texts in one form, whatever letters they are written with.

    Unicode's compatibility decomposition (NFKD) without accents, lower case, ligatures as two letters, digits of all
    scripts as 0 to 9; what is neither letter, digit nor mark becomes a blank. Marks that are no accents, as vowels are
    in the scripts of India, stay.

    Args:
        values: String series without nulls.
    """
    plain = (
        values.str.normalize("NFKD")
        .str.to_lowercase()
        .str.replace_all(_UNSEEN, "")
        .str.replace_many(list(_LIGATURES), list(_LIGATURES.values()))
        .str.replace_all(r"[^\p{L}\p{N}\p{M}\x00-\x7F]", " ")
    )
    if plain.str.contains(_OTHER_DIGIT).any():
        plain = plain.str.replace_many(*_digits())
    return plain


@lru_cache(maxsize=1)
def _digits() -> tuple[list[str], list[str]]:
    """The digits of all scripts but ours, and which of ours each is."""
    every = map(chr, range(0x80, sys.maxunicode + 1))
    others = [each for each in every if unicodedata.category(each) == "Nd"]
    return others, [str(unicodedata.digit(each)) for each in others]


def prepared(values: pl.Series) -> tuple[Bytes, Places]:
    """Bytes of values and their n + 1 offsets, those beyond ASCII folded; of others hashing ignores the case.

    Args:
        values: String series without nulls.
    """
    data, offsets, _ = _prepared(values)
    return data, offsets


def _prepared(values: pl.Series) -> tuple[Bytes, Places, pl.Series]:
    """The same, with the values that were folded as they were."""
    data, offsets = string_bytes(values)
    if not len(data) or data.max() < 0x80:
        return data, offsets, values.clear()
    wide = values.str.contains(_WIDE)
    places, beyond = pl.Series(np.flatnonzero(wide.to_numpy())), values.filter(wide)
    data, offsets = string_bytes(values.alias("v").to_frame().to_series().scatter(places, folded(beyond)))
    return data, offsets, beyond


def forms(values: pl.Series, seed: int) -> tuple[Hashes, Hashes]:
    """The hash of each value's form, and what else is known of them by which they are found.

    Args:
        values: String series without nulls; of longer ones the first `LONGEST` characters count.
        seed: Key.

    Returns:
        Array of shape (n,), 0 where a value says too little; and one of shape (m,) with zeros in it, in no order: local
        parts of e-mail addresses, numbers without their calling codes, openings of long values, and the same of values
        with letters spelled out.
    """
    data, offsets, beyond = _prepared(_beginnings(values))
    keys = keys_of(seed)
    whole, local, national, opening = _hashed(data, offsets, keys)
    further = [local, word_hashes.as_national(national, keys), opening[opening != 0]]
    for spelled in _spelled_out(beyond):
        again, local, _, opening = _hashed(*spelled, keys)
        further += [again, local, opening[opening != 0]]
    return whole, np.concatenate(further)


def probes(values: pl.Series, seed: int) -> tuple[Hashes, Hashes]:
    """What values are searched by as a whole.

    Args:
        values: As for `forms`.
        seed: Key.

    Returns:
        Two arrays of shape (n,): hashes of their forms, and of international numbers those without the calling code;
        0 for none.
    """
    whole, _, national, _ = _hashed(*prepared(_beginnings(values)), keys_of(seed))
    return whole, national


def as_national(hashes: Hashes, seed: int) -> Hashes:
    """What forms of numbers are held against to find them where production has them with their calling codes.

    Args:
        hashes: Of forms, or of numbers without their calling codes.
        seed: Key.

    Returns:
        Array of the same shape, 0 for what is no number.
    """
    return word_hashes.as_national(hashes, keys_of(seed))


def _hashed(data: Bytes, offsets: Places, keys: Keys) -> tuple[Hashes, Hashes, Hashes, Hashes]:
    count = len(offsets) - 1
    found = kernels.load("canonical", count)
    if found is None:
        return word_hashes.forms(data, offsets, keys)
    whole, local, national, opening = (np.zeros(count, np.uint64) for _ in range(4))
    arguments = (CLASSES, keys.table, np.uint64(keys.base), keys.mixers, CALLING)
    found.forms(data, offsets, *arguments, whole, local, national, opening)
    return whole, local, national, opening


def _spelled_out(values: pl.Series) -> Iterator[tuple[Bytes, Places]]:
    """Those of some values that hold letters which may be spelled out, with those spelled out: their bytes and offsets.

    Short values of a few such letters in all ways but with none spelled out, others with all.
    """
    if not len(values):
        return
    lower = values.str.to_lowercase()
    lower = lower.filter(lower.str.contains("|".join(_SPELLED)))
    if not len(lower):
        return
    marked = lower.str.replace_many([_E, _A, *_SPELLED], [" ", " ", *_SPELLED.values()])
    data, offsets = prepared(marked)
    starts, ends = offsets[:-1], offsets[1:]
    marks = _before(_is_mark(data))
    letters = marks[ends] - marks[starts]
    letters[(letters > _MIXED_LETTERS) | (ends - starts > _MIXED_BYTES)] = 0
    for count in np.unique(letters).tolist():
        chosen = letters == count
        part, within = _cut_out(data, starts[chosen], ends[chosen])
        mark = _is_mark(part)
        written = part.copy()
        written[mark] = _MARKS[part[mark]]
        if count == 0:
            yield written, within
            continue
        places = np.zeros(len(part), np.uint8)
        places[mark] = np.tile(np.arange(count, dtype=np.uint8), int(chosen.sum()))
        for way in range(1, 1 << count):
            kept = ~mark | ((np.uint8(way) >> places) & 1).astype(np.bool_)
            yield written[kept], _before(kept)[within]


def _before(flags: npt.NDArray[np.bool_]) -> Places:
    """How many flags are set before each place, and before the end."""
    return np.concatenate((np.zeros(1, np.int64), np.cumsum(flags, dtype=np.int64)))


def _is_mark(data: Bytes) -> npt.NDArray[np.bool_]:
    """Which bytes stand for letters that may be left out."""
    mark: npt.NDArray[np.bool_] = (data == ord(_E)) | (data == ord(_A))
    return mark


def _beginnings(values: pl.Series) -> pl.Series:
    if not bulky.is_bulky(values, LONGEST):
        return values
    # Of what is cut the last word is left out: it may be half of one.
    cut = bulky.beginnings(values, LONGEST)
    whole = pl.Series(bulky.lengths(values) == bulky.lengths(cut))
    shorter = cut.str.replace(r"[\p{L}\p{N}\p{M}]+$", "")
    return cut.to_frame("v").select(pl.when(whole).then(cut).otherwise(shorter)).to_series()


@dataclass(frozen=True)
class Runs:
    """Runs of words inside texts whose hashes pass a filter.

    Attributes:
        rows: Which text each is in.
        hashes: Of their forms.
        starts, ends: Where they are in `data`.
        data: The bytes of all texts, as `prepared` gives them.
        offsets: Where texts begin and end in them, of shape (n + 1,).
        codes: Of shape (32,), by the lowest five bits of their hashes: how many codes of digits alone were held
            against the filter, found or not.
    """

    rows: Places
    hashes: Hashes
    starts: Places
    ends: Places
    data: Bytes
    offsets: Places
    codes: Places

    def chosen(self, places: Places) -> Runs:
        """Some of them."""
        return replace(
            self,
            rows=self.rows[places],
            hashes=self.hashes[places],
            starts=self.starts[places],
            ends=self.ends[places],
        )

    def texts(self) -> pl.Series:
        """What they say."""
        return bytes_to_series(*_cut_out(self.data, self.starts, self.ends)).alias("v")

    def joined(self, others: Runs) -> Runs:
        """These and others of the same texts."""
        return replace(
            self,
            rows=np.concatenate((self.rows, others.rows)),
            hashes=np.concatenate((self.hashes, others.hashes)),
            starts=np.concatenate((self.starts, others.starts)),
            ends=np.concatenate((self.ends, others.ends)),
        )


def _cut_out(data: Bytes, starts: Places, ends: Places) -> tuple[Bytes, Places]:
    """Parts of texts end to end, and their offsets."""
    lengths = ends - starts
    offsets = np.concatenate((np.zeros(1, np.int64), np.cumsum(lengths)))
    places = np.arange(offsets[-1]) - np.repeat(offsets[:-1] - starts, lengths)
    return np.ascontiguousarray(data[places]), offsets


def runs(values: pl.Series, seed: int, wanted: Filter) -> Runs:
    """All runs of up to `MOST_WORDS` words inside texts that pass a filter; what looks like local parts, or openings.

    Args:
        values: String series without nulls.
        seed: Key.
        wanted: Of the hashes looked for.
    """
    data, offsets = prepared(values)
    keys = keys_of(seed)
    parts = []
    for row, start, within in _portions(data, offsets):
        rows, hashes, starts, ends, codes = _runs_of(data[start : start + within[-1]], within, keys, wanted)
        parts.append((rows + row, hashes, starts + start, ends + start, codes))
    rows, hashes, starts, ends = (np.concatenate([part[place] for part in parts]) for place in range(4))
    codes = np.sum([part[4] for part in parts], axis=0, dtype=np.int64)
    return Runs(rows, hashes, starts, ends, data, offsets, codes)


def longer_runs(openings: Runs, seed: int, wanted: Filter) -> Runs:
    """Runs of more words than `MOST_WORDS` that pass a filter and begin where an opening is.

    So a value of many words is found where all of it is. Its opening alone proves nothing: letters begin alike.

    Args:
        openings: Of values that are looked for.
        seed: Key.
        wanted: Of the hashes looked for.
    """
    order = np.argsort(openings.starts, kind="stable")
    openings = openings.chosen(order)
    again = (openings.hashes[1:] == openings.hashes[:-1]) & (openings.starts[1:] < openings.ends[:-1])
    # A word that is repeated all over a text opens the same value again and again: the first and the last time count.
    between = np.concatenate((again, [False])) & np.concatenate(([False], again))
    openings = openings.chosen(np.flatnonzero(~between[: len(order)]))
    ends = np.minimum(openings.offsets[openings.rows + 1], openings.starts + 4 * LONGEST)
    found = [openings.chosen(np.zeros(0, np.int64))]
    for first, last in _together(ends - openings.starts):
        starts = openings.starts[first:last]
        data, offsets = _cut_out(openings.data, starts, ends[first:last])
        which, hashes, stops = word_hashes.longer(data, offsets, keys_of(seed), wanted)
        rows = openings.rows[first:last]
        found.append(
            replace(
                openings,
                rows=rows[which],
                hashes=hashes,
                starts=starts[which],
                ends=starts[which] + stops - offsets[which],
            )
        )
    total = found[0]
    for each in found[1:]:
        total = total.joined(each)
    return total


def _together(lengths: Places) -> Iterator[tuple[int, int]]:
    """Ranges of texts that are looked at together: of a portion's bytes, and at least one each."""
    first, bounds = 0, np.concatenate((np.zeros(1, np.int64), np.cumsum(lengths)))
    while first < len(lengths):
        last = max(int(np.searchsorted(bounds, bounds[first] + _PORTION, side="right")) - 1, first + 1)
        yield first, last
        first = last


def _portions(data: Bytes, offsets: Places) -> list[tuple[int, int, Places]]:
    """Texts to look at together: the first one's number, where they begin, their offsets from there.

    A long text is cut between words into portions that overlap; memory then hangs on the portion.
    """
    long = np.flatnonzero(np.diff(offsets) > _PORTION)
    if not len(long):
        return [(0, 0, offsets)]
    found: list[tuple[int, int, Places]] = []
    first = 0
    for row in long.tolist():
        if first < row:
            found.append((first, int(offsets[first]), offsets[first : row + 1] - offsets[first]))
        start, end = int(offsets[row]), int(offsets[row + 1])
        while start < end:
            stop = min(start + _PORTION, end)
            if stop < end:
                stop = _between_words(data, start + _PORTION // 2, stop)
            found.append((row, start, np.array([0, stop - start], np.int64)))
            start = stop if stop == end else max(_between_words(data, start + 1, stop - _OVERLAP), start + 1)
        first = row + 1
    if first < len(offsets) - 1:
        found.append((first, int(offsets[first]), offsets[first:] - offsets[first]))
    return found


def _between_words(data: Bytes, least: int, most: int) -> int:
    """The last place from `least` to `most` that follows a blank, else `most`: text of no blanks is cut anywhere."""
    begin = max(least, most - _OVERLAP)
    blanks = np.flatnonzero(CLASSES[data[begin:most]] == BLANK)
    return begin + int(blanks[-1]) + 1 if len(blanks) else most


def _runs_of(data: Bytes, offsets: Places, keys: Keys, wanted: Filter) -> word_hashes.Found:
    found = kernels.load("canonical", len(data) // 16)
    if found is None:
        return word_hashes.runs(data, offsets, keys, wanted)
    longest = int(np.diff(offsets).max(initial=0)) // 2 + 2
    room = 1 << 14
    while True:
        rows, hashes = np.empty(room, np.int64), np.empty(room, np.uint64)
        starts, ends = np.empty(room, np.int64), np.empty(room, np.int64)
        codes = np.zeros(1 << TAG_BITS, np.int64)
        keyed = (CLASSES, keys.table, np.uint64(keys.base), keys.mixers, CALLING)
        filtered = (wanted.bits, np.uint64(wanted.shift), wanted.kinds, wanted.nationals)
        count = int(found.runs(data, offsets, *keyed, *filtered, longest, rows, hashes, starts, ends, codes))
        if count <= room:
            return rows[:count], hashes[:count], starts[:count], ends[:count], codes
        room = count
