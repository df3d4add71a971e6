"""Texts as words: finding them, and putting other words of the same script, case and about length in place.

A word is a run of letters (with their marks) of one script. Everything between words (blanks, hyphens,
apostrophes, emoji) stays where it is; digits are redrawn. Which words are replaced and from which pool is
the transformers' decision.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from testdata_assets.masking.characters import DIGIT, FIXED, LETTER, MARK, SPACE, characters
from testdata_assets.masking.hashing import KeyedHash, Words
from testdata_assets.masking.pools import LONGEST, PIECE, SCRIPTS, Pools, pools
from testdata_assets.masking.text_arrays import Positions, TextArray, assemble, ragged_indices, running

KEEP = -1  # the word stays
REDRAW = -2  # every letter is replaced by one of its alphabet: initials, and scripts without a pool

_LONGEST_KNOWN = 20
_MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)
_POWERS = np.cumprod(np.full(64, _MULTIPLIER))


@dataclass(frozen=True)
class WordList:
    """The m words of n texts, in order.

    Attributes:
        text: The texts.
        start, length: Where each word lies in `text.codes`.
        owner: The text each belongs to.
    """

    text: TextArray
    start: Positions
    length: Positions
    owner: Positions

    @classmethod
    def of(cls, text: TextArray) -> WordList:
        table = characters()
        kind = table.kind.take(text.codes)
        script = table.script.take(text.codes)
        letter = kind == LETTER
        inside = letter | (kind == MARK)
        begins = inside.copy()
        begins[1:] &= ~inside[:-1] | (letter[1:] & letter[:-1] & (script[1:] != script[:-1]))
        firsts = text.offsets[:-1]
        firsts = firsts[firsts < len(inside)]
        begins[firsts] = inside[firsts]
        start = np.flatnonzero(begins)
        # A word ends where the next one begins, where letters end, or where its text does.
        edge = np.append(~inside | begins, True)
        edge[text.offsets] = True
        edges = np.flatnonzero(edge)
        end = edges[running(edge)[start + 1]]
        owner = text.owners()[start]
        return cls(text, start, end - start, owner)

    def __len__(self) -> int:
        return len(self.start)

    @cached_property
    def script(self) -> NDArray[np.int64]:
        """Place in pools.ALL_SCRIPTS, Latin words with other than ASCII letters as accented; -1 for others."""
        found = pools().script_of[characters().script.take(self.text.codes[self.start])]
        foreign = np.flatnonzero(self.text.codes >= 0x80)
        if not len(foreign):
            return found
        ends = np.searchsorted(foreign, self.start + self.length)
        accented = (found == SCRIPTS.index("latin")) & (ends > np.searchsorted(foreign, self.start))
        return np.where(accented, SCRIPTS.index("accented"), found)

    def key(self, rows: Positions) -> Words:
        """A number for each of some words that tells it from others whatever its case."""
        start, length = self.start[rows], self.length[rows]
        where = ragged_indices(start, length)
        place = where - np.repeat(start, length)
        lower = characters().lower.take(self.text.codes[where]).astype(np.uint64)
        terms = (lower + np.uint64(1)) * _POWERS[np.minimum(place, len(_POWERS) - 1)]
        keys: Words = np.add.reduceat(terms, np.cumsum(length) - length) if len(rows) else np.zeros(0, np.uint64)
        return keys

    def among(self, vocabulary: Vocabulary) -> NDArray[np.bool_]:
        """Words found in a vocabulary, whatever their case."""
        first = np.minimum(characters().lower.take(self.text.codes[self.start]), 0x7F)
        length = np.minimum(self.length, _LONGEST_KNOWN)
        found = vocabulary.shapes[first, length]
        rows = np.flatnonzero(found)
        key = self.key(rows)
        place = np.minimum(np.searchsorted(vocabulary.keys, key), len(vocabulary.keys) - 1)
        found[rows] = vocabulary.keys[place] == key
        return found

    @cached_property
    def number(self) -> Positions:
        """Number of each word within its text, from 0."""
        first = np.searchsorted(self.owner, np.arange(len(self.text)))
        return np.arange(len(self)) - first[self.owner]

    @cached_property
    def part(self) -> Positions:
        """Number of the part each word belongs to; parts are what blanks separate."""
        blank = characters().kind.take(self.text.codes) == SPACE
        begins = blank.copy()
        begins[1:] &= ~blank[:-1]
        seen = np.searchsorted(np.flatnonzero(begins), self.start)
        first = np.searchsorted(self.owner, np.arange(len(self.text)))
        return seen - seen[first[self.owner]]

    def last_part(self, among: NDArray[np.bool_]) -> Positions:
        """For each word, the highest part number of its text's flagged words; -1 where there is none."""
        highest = np.full(len(self.text), -1, np.int64)
        np.maximum.at(highest, self.owner[among], self.part[among])
        return highest[self.owner]

    def any_in_text(self, flags: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """For each word, whether any word of its text is flagged."""
        return np.bincount(self.owner[flags], minlength=len(self.text))[self.owner] > 0

    def before(self, symbols: str) -> NDArray[np.bool_]:
        """Words directly followed by one of some characters."""
        end = self.start + self.length
        within = end < self.text.offsets[self.owner + 1]
        following = np.where(within, self.text.codes[np.minimum(end, len(self.text.codes) - 1)], 0)
        found = np.zeros(len(self), np.bool_)
        for symbol in symbols:
            found |= following == ord(symbol)
        return found


@dataclass(frozen=True)
class Vocabulary:
    """Known words, for `WordList.among`.

    Attributes:
        keys: Their sorted keys.
        shapes: (128, longest + 1): whether any begins with this ASCII letter (127: any other) at this length.
    """

    keys: Words
    shapes: NDArray[np.bool_]


def vocabulary(words: Iterable[str]) -> Vocabulary:
    """Takes single words; case does not count."""
    listed = WordList.of(TextArray.from_strings(list(words)))
    shapes = np.zeros((0x80, _LONGEST_KNOWN + 1), np.bool_)
    first = np.minimum(characters().lower.take(listed.text.codes[listed.start]), 0x7F)
    shapes[first, np.minimum(listed.length, _LONGEST_KNOWN)] = True
    return Vocabulary(np.unique(listed.key(np.arange(len(listed)))), shapes)


def replace_words(
    words: WordList,
    choice: NDArray[np.int64],
    keyed: KeyedHash,
    seeds: tuple[Words, Words],
    limit: int | None = None,
    redraw_digits: bool = True,
) -> TextArray:
    """Puts other words in place.

    Args:
        words: m words of n texts.
        choice: For each word a pool (see `Pools.number`), KEEP or REDRAW.
        keyed: Key of the draws.
        seeds: Two words of randomness per text.
        limit: Texts that would grow longer get words cut to their originals' lengths.
        redraw_digits: Whether digits outside words change.
    """
    source = _redrawn(words, choice, keyed, seeds, redraw_digits)
    chosen = np.flatnonzero(choice >= 0)
    if not len(chosen):
        return source
    pieces = _Pieces.draw(words, chosen, choice[chosen], keyed, seeds)
    result = pieces.join(source, words, chosen)
    if limit is not None and (result.lengths > np.maximum(limit, 0)).any():
        tight = (result.lengths > limit)[words.owner[chosen]]
        result = pieces.cut(words.length[chosen], tight).join(source, words, chosen)
    return result


def _redrawn(
    words: WordList, choice: NDArray[np.int64], keyed: KeyedHash, seeds: tuple[Words, Words], digits: bool
) -> TextArray:
    """The texts with digits and the letters of REDRAW words replaced within their classes."""
    table = characters()
    text = words.text
    change = np.flatnonzero(table.kind.take(text.codes) == DIGIT) if digits else np.zeros(0, np.int64)
    redraw = np.flatnonzero(choice == REDRAW)
    letters = ragged_indices(words.start[redraw], words.length[redraw])
    where = np.union1d(change, letters) if len(letters) else change
    where = where[table.klass.take(text.codes[where]) != FIXED]
    if not len(where):
        return text
    klass = table.klass[text.codes[where]]
    needed = np.diff(np.searchsorted(where, text.offsets))
    draws = keyed.prf("letters").stream(seeds, needed).astype(np.int64)
    old = text.codes[where]
    radix = table.radix[klass]
    # The first digit of a run stays other than zero: house numbers do not begin with 0.
    leading = np.flatnonzero((old >= 0x31) & (old <= 0x39) & ~_follows_digit(text, where))
    picked = draws % radix
    picked[leading] = 1 + draws[leading] % 9
    new = table.members[table.start[klass] + picked]
    capital = table.lower[old] != old
    codes = text.codes.copy()
    codes[where] = np.where(capital, table.upper[new], new)
    return text.with_codes(codes)


def _follows_digit(text: TextArray, where: Positions) -> NDArray[np.bool_]:
    begins = np.zeros(len(text.codes) + 1, np.bool_)
    begins[text.offsets] = True
    previous = text.codes[where - 1]
    return ~begins[where] & (previous >= 0x30) & (previous <= 0x39)


@dataclass(frozen=True)
class _Pieces:
    """The pool words (or parts of long words) that replace k words.

    Attributes:
        word: Which of the k words each piece belongs to.
        entry: Its place in the pools' words.
        length: Characters taken from it.
        offset: Characters of the same word before it.
    """

    word: Positions
    entry: Positions
    length: Positions
    offset: Positions

    @classmethod
    def draw(
        cls,
        words: WordList,
        chosen: Positions,
        pool: NDArray[np.int64],
        keyed: KeyedHash,
        seeds: tuple[Words, Words],
    ) -> _Pieces:
        table = pools()
        wanted, owner = words.length[chosen], words.owner[chosen]
        single = table.single[pool]
        counts = np.where(single, wanted, np.where(wanted > LONGEST, -(-wanted // PIECE), 1))
        word = np.repeat(np.arange(len(chosen)), counts)
        number = np.arange(len(word)) - np.repeat(np.cumsum(counts) - counts, counts)
        long = wanted[word] > LONGEST
        size = np.where(single[word], 1, np.where(long, PIECE, wanted[word]))
        from_pool = np.where(number > 0, table.rest[pool[word]], pool[word])
        place = (words.number[chosen][word] << 16 | (number & 0xFFFF)).astype(np.uint64)
        tweak = (seeds[1][owner[word]] << np.uint64(32)) | (place & np.uint64(0xFFFFFFFF))
        draws = keyed.prf("pool").blocks(seeds[0][owner[word]], tweak)[:, 0]
        entry = (table.first[from_pool, size] + draws % table.count[from_pool, size]).astype(np.int64)
        length = table.length[entry]
        length = np.where(long, np.minimum(length, np.maximum(1, wanted[word] - number * PIECE)), length)
        return cls(word, entry, length, _offsets_within(word, length))

    def cut(self, lengths: Positions, tight: NDArray[np.bool_]) -> _Pieces:
        """The same pieces, with the flagged words no longer than the given lengths."""
        room = np.maximum(lengths[self.word] - self.offset, 0)
        length = np.where(tight[self.word], np.minimum(self.length, room), self.length)
        return _Pieces(self.word, self.entry, length, _offsets_within(self.word, length))

    def join(self, source: TextArray, words: WordList, chosen: Positions) -> TextArray:
        """The texts with the pieces in place of the chosen words, in the case of those."""
        table = pools().words
        owner, start = words.owner[chosen], words.start[chosen]
        end = start + words.length[chosen]
        first_of_text = np.ones(len(chosen), np.bool_)
        first_of_text[1:] = owner[1:] != owner[:-1]
        gap_start = np.where(first_of_text, source.offsets[owner], np.roll(end, 1))
        pieces_of = np.bincount(self.word, minlength=len(chosen))
        per_word = 1 + pieces_of
        base = np.cumsum(per_word) - per_word + owner
        total = len(self.word) + len(chosen) + len(source)
        starts, lengths = np.zeros(total, np.int64), np.zeros(total, np.int64)
        starts[base], lengths[base] = gap_start, start - gap_start
        first_piece = np.cumsum(pieces_of) - pieces_of
        where = base[self.word] + 1 + np.arange(len(self.word)) - first_piece[self.word]
        drawn = table.codes[ragged_indices(table.offsets[self.entry], self.length)]
        starts[where] = len(source.codes) + np.cumsum(self.length) - self.length
        lengths[where] = self.length
        after = np.append(0, np.cumsum(per_word))[np.searchsorted(owner, np.arange(len(source)), side="right")]
        tail = after + np.arange(len(source))
        last_end = source.offsets[:-1].copy()
        last_end[owner] = end  # the last word of a text wins: assignment goes in order
        starts[tail], lengths[tail] = last_end, source.offsets[1:] - last_end
        joined = assemble(np.concatenate((source.codes, drawn)), starts, lengths, np.append(0, tail + 1))
        self._carry_case(joined, lengths, where, words, chosen)
        return joined

    def _carry_case(
        self, joined: TextArray, lengths: Positions, where: Positions, words: WordList, chosen: Positions
    ) -> None:
        """Makes a new letter a capital where the letter in its place was one, or the last if it was longer."""
        table = characters()
        codes = words.text.codes
        capitals = np.flatnonzero(table.lower.take(codes) != codes)
        if not len(capitals):
            return
        out_start = (np.cumsum(lengths) - lengths)[where]
        start, length = words.start[chosen], words.length[chosen]
        first = np.searchsorted(capitals, start)
        count = np.searchsorted(capitals, start + length) - first
        leads = capitals[np.minimum(first, len(capitals) - 1)] == start
        # Most words have one capital, the first letter.
        plain = (count == 1) & leads & (length > 1)
        target = out_start[(self.offset == 0) & (self.length > 0) & plain[self.word]]
        joined.codes[target] = table.upper.take(joined.codes[target])
        rest = np.flatnonzero(((count > 0) & ~plain)[self.word])
        target = ragged_indices(out_start[rest], self.length[rest])
        place = ragged_indices(self.offset[rest], self.length[rest])
        word = np.repeat(self.word[rest], self.length[rest])
        like = codes[start[word] + np.minimum(place, length[word] - 1)]
        target = target[table.lower.take(like) != like]
        joined.codes[target] = table.upper.take(joined.codes[target])


def _offsets_within(word: Positions, length: Positions) -> Positions:
    """Lengths of the pieces of the same word before each piece."""
    if len(word) == 0 or word[-1] == len(word) - 1:
        return np.zeros(len(word), np.int64)  # one piece for each word
    before = np.cumsum(length) - length
    return before - before[np.searchsorted(word, word)]


def pool_or_redraw(words: WordList, role: str) -> NDArray[np.int64]:
    """Pool of a role for each word; REDRAW for single letters and scripts without one."""
    script = words.script
    latin_like = (script >= 0) & (script < len(SCRIPTS))
    usable = (script >= 0) & ~(latin_like & (words.length == 1))
    return np.where(usable, Pools.number(role, script), REDRAW)
