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

from testdata_assets.masking.characters import DIGIT, FIXED, LETTER, MARK, characters, is_space
from testdata_assets.masking.hashing import KeyedHash, Words
from testdata_assets.masking.pools import LONGEST, PIECE, SCRIPTS, Pools, pools
from testdata_assets.masking.text_arrays import (
    Positions,
    TextArray,
    assemble,
    offsets_of,
    ragged_indices,
    slices_of,
    take_slices,
)

KEEP = -1  # the word stays
REDRAW = -2  # every letter is replaced by one of its alphabet: initials, and scripts without a pool

LONGEST_KNOWN = 20  # longer words of vocabularies are told apart by their keys only
SLOT_BITS = 14
_SHORT_KEY = 10
_MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)
POWERS = np.cumprod(np.full(64, _MULTIPLIER))  # of each letter's place in keys; the last for all places after it


@dataclass(frozen=True)
class WordList:
    """The m words of n texts, in order.

    Attributes:
        text: The texts.
        start, length: Where each word lies in `text.codes`.
        owner: The text each belongs to.
        first: For each text the number of its first word among all, or where that would be.
    """

    text: TextArray
    start: Positions
    length: Positions
    owner: Positions
    first: Positions

    @classmethod
    def of(cls, text: TextArray) -> WordList:
        inside, breaks = _letters(text)
        edge = np.empty(len(inside), np.bool_)
        edge[0] = True
        np.not_equal(inside[1:], inside[:-1], out=edge[1:])
        edge[text.offsets] = True
        edge[breaks] = True
        # A word ends where the next one begins, where letters end, or where its text does.
        edges = np.flatnonzero(edge)
        begins = np.flatnonzero(inside.take(edges))
        start = edges.take(begins)
        length = edges.take(begins + 1) - start
        first = np.searchsorted(start, text.offsets)
        owner = np.repeat(np.arange(len(text), dtype=np.int64), np.diff(first))
        return cls(text, start, length, owner, first[:-1])

    def __len__(self) -> int:
        return len(self.start)

    def split(self, cuts: Positions) -> WordList:
        """The same words, some of them cut in two at positions inside."""
        if not len(cuts):
            return self
        start = np.sort(np.concatenate((self.start, cuts)))
        whole = np.searchsorted(self.start, start, side="right") - 1
        end = np.minimum((self.start + self.length)[whole], np.append(start[1:], len(self.text.codes)))
        first = np.searchsorted(start, self.text.offsets)
        return WordList(self.text, start, end - start, self.owner[whole], first[:-1])

    def joints(self, parts: Iterable[str], *, at_end: bool, least: int = 1) -> Positions:
        """Where words that end (or begin) with one of some parts, whatever their case, have their joint.

        Args:
            parts: In lower case; of several that fit the longest counts.
            at_end: Whether words end with them.
            least: Letters that the rest of a word must have.
        """
        lower, codes = characters().lower, self.text.codes
        joint = np.full(len(self), -1, np.int64)
        for part in sorted(parts, key=len, reverse=True):
            rows = np.flatnonzero((joint < 0) & (self.length >= len(part) + least))
            begin = self.start[rows] + (self.length[rows] - len(part) if at_end else 0)
            same = np.ones(len(rows), np.bool_)
            for place, letter in enumerate(part):
                same &= lower.take(codes.take(begin + place)) == ord(letter)
            joint[rows[same]] = begin[same] if at_end else begin[same] + len(part)
        found: Positions = joint[joint >= 0]
        return found

    @cached_property
    def script(self) -> NDArray[np.int64]:
        """Place in pools.ALL_SCRIPTS, Latin words with other than ASCII letters as accented; -1 for others."""
        found = pools().script_of.take(characters().script.take(self.text.codes.take(self.start)))
        foreign = self.text.wide
        if not len(foreign):
            return found
        ends = np.searchsorted(foreign, self.start + self.length)
        accented = (found == SCRIPTS.index("latin")) & (ends > np.searchsorted(foreign, self.start))
        return np.where(accented, SCRIPTS.index("accented"), found)

    def key(self, rows: Positions) -> Words:
        """A number for each of some words that tells it from others whatever its case."""
        start, length = self.start[rows], self.length[rows]
        if len(rows) and length.max() <= _SHORT_KEY:
            return self._short_key(start, length)
        where = ragged_indices(start, length)
        place = where - np.repeat(start, length)
        lower = characters().lower.take(self.text.codes[where]).astype(np.uint64)
        terms = (lower + np.uint64(1)) * POWERS[np.minimum(place, len(POWERS) - 1)]
        keys: Words = np.add.reduceat(terms, np.cumsum(length) - length) if len(rows) else np.zeros(0, np.uint64)
        return keys

    def _short_key(self, start: Positions, length: Positions) -> Words:
        """The same for words short enough to stand in rows of an array."""
        padded = np.concatenate((self.text.codes, np.zeros(_SHORT_KEY, np.int32)))
        codes = slices_of(padded, _SHORT_KEY)[start].view(np.int32).reshape(-1, _SHORT_KEY)
        lower = codes | 0x20 if not len(self.text.wide) else characters().lower.take(codes)
        terms = (lower + 1).astype(np.uint64) * POWERS[:_SHORT_KEY]
        terms *= np.arange(_SHORT_KEY) < length[:, None]
        keys: Words = terms.sum(axis=1, dtype=np.uint64)
        return keys

    def among(self, vocabulary: Vocabulary) -> NDArray[np.bool_]:
        """Words found in a vocabulary, whatever their case."""
        first = np.minimum(characters().lower.take(self.text.codes.take(self.start)), 0x7F)
        length = np.minimum(self.length, LONGEST_KNOWN)
        found = vocabulary.shapes.ravel().take(first * (LONGEST_KNOWN + 1) + length)
        rows = np.flatnonzero(found)
        key = self.key(rows)
        found[rows] = vocabulary.slots.take(_slot(key, vocabulary.salt)) == key
        return found

    @cached_property
    def number(self) -> Positions:
        """Number of each word within its text, from 0."""
        return np.arange(len(self)) - self.first.take(self.owner)

    @cached_property
    def part(self) -> Positions:
        """Number of the part each word belongs to; parts are what blanks separate."""
        end = self.start + self.length
        gap = self.start[1:] - end[:-1]
        fresh = np.zeros(len(self), np.int64)
        fresh[1:][is_space(self.text.codes.take(np.minimum(end[:-1], len(self.text.codes) - 1))) & (gap > 0)] = 1
        long = np.flatnonzero((gap > 1) & (self.owner[1:] == self.owner[:-1])) + 1
        if len(long):
            fresh[long] = self._blank_runs(end[long - 1], gap[long - 1])
        seen = np.cumsum(fresh)
        firsts = np.minimum(self.first, max(len(self) - 1, 0))
        return seen - seen.take(firsts).take(self.owner) if len(self) else seen

    def _blank_runs(self, starts: Positions, lengths: Positions) -> Positions:
        """Runs of blanks in each of some pieces of the codes."""
        pieces = TextArray(take_slices(self.text.codes, starts, lengths), offsets_of(lengths))
        blank = is_space(pieces.codes)
        begins = blank.copy()
        begins[1:] &= ~blank[:-1]
        begins[pieces.offsets[:-1]] = blank[pieces.offsets[:-1]]
        return pieces.count(begins)

    def last_part(self, among: NDArray[np.bool_]) -> Positions:
        """For each word, the highest part number of its text's flagged words; -1 where there is none."""
        highest = np.full(len(self.text), -1, np.int64)
        rows = np.flatnonzero(among)
        highest[self.owner.take(rows)] = self.part.take(rows)  # parts ascend within a text: the last one wins
        return highest.take(self.owner)

    def any_in_text(self, flags: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """For each word, whether any word of its text is flagged."""
        if flags.all():
            return flags
        any_flagged = np.zeros(len(self.text), np.bool_)
        any_flagged[self.owner.take(np.flatnonzero(flags))] = True
        return any_flagged.take(self.owner)

    def before(self, symbols: str) -> NDArray[np.bool_]:
        """Words directly followed by one of some characters."""
        end = self.start + self.length
        within = end < self.text.offsets.take(self.owner + 1)
        following = np.where(within, self.text.codes.take(np.minimum(end, len(self.text.codes) - 1)), 0)
        found = np.zeros(len(self), np.bool_)
        for symbol in symbols:
            found |= following == ord(symbol)
        return found


@dataclass(frozen=True)
class Vocabulary:
    """Known words, for `WordList.among`.

    Attributes:
        slots: Their keys, each in the slot that its salted product points to; 0 elsewhere.
        salt: An odd number under which no two keys share a slot.
        shapes: (128, longest + 1): whether any begins with this ASCII letter (127: any other) at this length.
        ends: (32, 32, longest + 1): whether any begins and ends with letters of these lower five bits at this length.
    """

    slots: Words
    salt: np.uint64
    shapes: NDArray[np.bool_]
    ends: NDArray[np.bool_]


def vocabulary(words: Iterable[str]) -> Vocabulary:
    """Takes single words; case does not count."""
    listed = WordList.of(TextArray.from_strings(list(words)))
    shapes = np.zeros((0x80, LONGEST_KNOWN + 1), np.bool_)
    ends = np.zeros((0x20, 0x20, LONGEST_KNOWN + 1), np.bool_)
    codes, length = characters().lower.take(listed.text.codes), np.minimum(listed.length, LONGEST_KNOWN)
    first, last = codes[listed.start], codes[listed.start + listed.length - 1]
    shapes[np.minimum(first, 0x7F), length] = True
    ends[first & 0x1F, last & 0x1F, length] = True
    keys = np.unique(listed.key(np.arange(len(listed))))
    salt = _MULTIPLIER
    while len(np.unique(_slot(keys, salt))) < len(keys):
        salt = np.uint64(int(salt) * int(_MULTIPLIER) % 2**64)
    slots = np.zeros(1 << SLOT_BITS, np.uint64)
    slots[_slot(keys, salt)] = keys
    return Vocabulary(slots, salt, shapes, ends)


def _slot(keys: Words, salt: np.uint64) -> NDArray[np.int64]:
    """Where each key would be found in a vocabulary."""
    return ((keys * salt) >> np.uint64(64 - SLOT_BITS)).astype(np.int64)


def _letters(text: TextArray) -> tuple[NDArray[np.bool_], Positions]:
    """Flags of letters and their marks, with one more that is not set; and where one script follows another."""
    codes = text.codes
    inside = np.zeros(len(codes) + 1, np.bool_)
    np.less((codes.view(np.uint32) | np.uint32(0x20)) - np.uint32(0x61), np.uint32(26), out=inside[:-1])
    wide = text.wide
    if not len(wide):
        return inside, wide
    table = characters()
    kind = table.kind.take(codes[wide])
    inside[wide] = (kind == LETTER) | (kind == MARK)
    # Only where a letter beyond ASCII is one of both.
    pairs = np.unique(np.concatenate((wide, wide + 1)))
    pairs = pairs[(pairs > 0) & (pairs < len(codes))]
    before, after = codes[pairs - 1], codes[pairs]
    letters = (table.kind.take(before) == LETTER) & (table.kind.take(after) == LETTER)
    return inside, pairs[letters & (table.script.take(before) != table.script.take(after))]


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
    change = np.flatnonzero(_digits(text)) if digits else np.zeros(0, np.int64)
    redraw = np.flatnonzero(choice == REDRAW)
    letters = ragged_indices(words.start[redraw], words.length[redraw])
    where = np.sort(np.concatenate((change, letters))) if len(letters) else change
    klass = table.klass.take(text.codes.take(where))
    if len(klass) and klass.min() == FIXED:
        where, klass = where[klass != FIXED], klass[klass != FIXED]
    if not len(where):
        return text
    needed = np.diff(np.searchsorted(where, text.offsets))
    draws = keyed.prf("letters").stream(seeds, needed).astype(np.int64)
    old = text.codes.take(where)
    picked = draws % table.radix.take(klass)
    # The first digit of a run stays other than zero: house numbers do not begin with 0.
    previous = text.codes.take(where - 1, mode="wrap")
    follows = (where > np.repeat(text.offsets[:-1], needed)) & (previous >= 0x30) & (previous <= 0x39)
    leading = np.flatnonzero((old >= 0x31) & (old <= 0x39) & ~follows)
    picked[leading] = 1 + draws[leading] % 9
    new = table.members.take(table.start.take(klass) + picked)
    codes = text.codes.copy()
    codes[where] = np.where(table.lower.take(old) != old, table.upper.take(new), new) if len(redraw) else new
    return text.with_codes(codes)


def _digits(text: TextArray) -> NDArray[np.bool_]:
    digit = (text.codes.view(np.uint32) - np.uint32(0x30)) < 10
    return text.flags(digit, lambda wide: characters().kind.take(wide) == DIGIT)


def _capitals(text: TextArray) -> NDArray[np.bool_]:
    capital = (text.codes.view(np.uint32) - np.uint32(0x41)) < 26
    return text.flags(capital, lambda wide: characters().lower.take(wide) != wide)


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
        single = table.single.take(pool)
        if len(wanted) and wanted.max() <= LONGEST and not single.any():
            entry = table.entries(pool, wanted, _draws(keyed, seeds, owner, words.number[chosen] << 16))
            number = np.arange(len(chosen))
            return cls(number, entry, table.length.take(entry), np.zeros(len(chosen), np.int64))
        counts = np.where(single, wanted, np.where(wanted > LONGEST, -(-wanted // PIECE), 1))
        word = np.repeat(np.arange(len(chosen)), counts)
        number = np.arange(len(word)) - np.repeat(np.cumsum(counts) - counts, counts)
        long = wanted[word] > LONGEST
        size = np.where(single[word], 1, np.where(long, PIECE, wanted[word]))
        from_pool = np.where(number > 0, table.rest[pool[word]], pool[word])
        place = words.number[chosen][word] << 16 | (number & 0xFFFF)
        entry = table.entries(from_pool, size, _draws(keyed, seeds, owner[word], place))
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
        drawn = take_slices(table.codes, table.offsets.take(self.entry), self.length)
        starts[where] = len(source.codes) + np.cumsum(self.length) - self.length
        lengths[where] = self.length
        after = np.cumsum(np.bincount(owner, per_word, len(source)).astype(np.int64))
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
        capital = _capitals(words.text)
        capitals = np.count_nonzero(capital)
        if not capitals:
            return
        out_start = (np.cumsum(lengths) - lengths)[where]
        start, length = words.start[chosen], words.length[chosen]
        leads = capital.take(start)
        if capitals == np.count_nonzero(leads) and (length > 1)[leads].all():
            # Mostly capitals begin words.
            plain, rest = leads, np.zeros(0, np.int64)
        else:
            positions = np.flatnonzero(capital)
            count = np.searchsorted(positions, start + length) - np.searchsorted(positions, start)
            plain = (count == 1) & leads & (length > 1)
            rest = np.flatnonzero(((count > 0) & ~plain)[self.word])
        target = out_start[(self.offset == 0) & (self.length > 0) & plain[self.word]]
        joined.codes[target] = table.upper.take(joined.codes[target])
        if not len(rest):
            return
        target = ragged_indices(out_start[rest], self.length[rest])
        place = ragged_indices(self.offset[rest], self.length[rest])
        word = np.repeat(self.word[rest], self.length[rest])
        like = codes[start[word] + np.minimum(place, length[word] - 1)]
        target = target[table.lower.take(like) != like]
        joined.codes[target] = table.upper.take(joined.codes[target])


def _draws(keyed: KeyedHash, seeds: tuple[Words, Words], owner: Positions, place: Positions) -> Words:
    """One draw for each of some places in texts."""
    tweak = (seeds[1].take(owner) << np.uint64(32)) | (place & 0xFFFFFFFF).view(np.uint64)
    return keyed.prf("pool").blocks(seeds[0].take(owner), tweak)[:, 0]


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
