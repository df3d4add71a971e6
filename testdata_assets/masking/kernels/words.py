"""Texts of ASCII words with other words in place: what masking/words.py does for any script.

Values go through kernels batch by batch: words are found, what becomes of each is decided, the cipher blocks that all
draws need are listed, encrypted at once, and the masks written.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from testdata_assets.masking.hashing import KeyedHash, Words, read_only
from testdata_assets.masking.kernels.compiled import kernel
from testdata_assets.masking.kernels.texts import Bytes, Masks, Places
from testdata_assets.masking.kernels.word_choice import COLUMNS, choose_listed, choose_names, find_words, integer
from testdata_assets.masking.kernels.word_masks import ROOM, list_draws, write_masks
from testdata_assets.masking.pools import ALL_SCRIPTS, ROLES, pools
from testdata_assets.masking.text_arrays import offsets_of
from testdata_assets.masking.word_rules import Form, WordRule

_BATCH = 4096  # values
_MOST_BYTES = 255
_NO_LIMIT = 1 << 62
_LOWER = np.array([ord(chr(code).lower()) if code < 0x80 else code for code in range(256)], np.uint8)


@dataclass(frozen=True)
class _Pool:
    """The pools of ASCII words.

    Attributes:
        words: (m, 2): each word's bytes, the last of 16 for its length, as two numbers.
        first, count: For each role and length up to LONGEST, the range of words of about that length.
    """

    words: Words
    first: Places
    count: Words


@cache
def _pool() -> _Pool:
    table = pools()
    latin = np.arange(len(ROLES)) * len(ALL_SCRIPTS) + ALL_SCRIPTS.index("latin")
    first, count = table.first[latin].astype(np.int64), table.count[latin]
    ends = first + count.astype(np.int64)
    parts: list[NDArray[np.uint8]] = []
    for row in range(len(latin)):
        low, high = int(first[row].min()), int(ends[row].max())
        text = table.words.take(np.arange(low, high))
        if len(text.wide) or text.lengths.max() >= ROOM:
            raise ValueError("the pools of ASCII words hold other words than short ones of ASCII")
        words = np.zeros((high - low, ROOM), np.uint8)
        words[text.owners(), text.places()] = text.codes
        words[:, -1] = text.lengths
        first[row] += sum(len(part) for part in parts) - low
        parts.append(words)
    return _Pool(np.concatenate(parts).view(np.uint64), first.ravel(), count.ravel())


def masked(
    data: Bytes, offsets: Places, keyed: KeyedHash, rule: WordRule, limit: int | None, fold_case: bool
) -> Masks | None:
    """Masks the values of up to 255 ASCII characters.

    Args:
        data, offsets: UTF-8 bytes of n values end to end, and n + 1 offsets.
        keyed: Hash of the transformer.
        rule: Which words change.
        limit: Characters the column admits; values that would grow longer get words cut to their originals' lengths.
        fold_case: Whether the case of values does not count for their masks.

    Returns:
        None where most values are longer or beyond ASCII.
    """
    starts, lengths = offsets[:-1], np.diff(offsets)
    usual = _usual(data, offsets, lengths)
    if not usual.all():
        if 2 * np.count_nonzero(usual) < len(usual):
            return None
        starts, lengths = starts[usual], lengths[usual]
    seeds = keyed.draws_of(_LOWER.take(data) if fold_case else data, starts, lengths)
    most = _NO_LIMIT if limit is None else limit
    pieces, found = _replaced(read_only(data), read_only(starts), read_only(lengths), seeds, keyed, rule, most)
    sizes = np.full(len(usual), -1, np.int64)
    sizes[usual] = found
    joined = np.concatenate(pieces) if pieces else np.zeros(0, np.uint8)
    return Masks(joined, offsets_of(np.maximum(sizes, 0)), sizes >= 0)


def _usual(data: Bytes, offsets: Places, lengths: Places) -> NDArray[np.bool_]:
    usual = lengths <= _MOST_BYTES
    if len(data) and data.max() >= 0x80:
        usual[np.searchsorted(offsets, np.flatnonzero(data >= 0x80), side="right") - 1] = False
    return usual


def _replaced(
    data: Bytes,
    starts: Places,
    lengths: Places,
    seeds: tuple[Words, Words],
    keyed: KeyedHash,
    rule: WordRule,
    limit: int,
) -> tuple[list[Bytes], Places]:
    """Masks of all values, batch by batch, and the size of each; -1 for those left out."""
    table = _pool()
    kept, always = rule.kept, rule.always_kept
    ends: Bytes = kept.ends.view(np.uint8) | always.ends.view(np.uint8) << np.uint8(1)
    role, first_role = ROLES.index(rule.role), ROLES.index(rule.first_role)
    batches = [slice(first, first + _BATCH) for first in range(0, len(starts), _BATCH)]
    most = max((int(lengths[batch].sum()) for batch in batches), default=0)
    # A word takes a letter and mostly a gap after it; a piece of a long word takes more than two letters.
    most_words = (most + _BATCH) // 2 + 1
    words = np.empty((most_words, COLUMNS), np.int32)
    word_blocks, cells = np.empty((most_words, 2), np.uint64), np.empty(most_words, np.int64)
    letter_blocks = np.empty((most // 4 + _BATCH, 2), np.uint64)
    # What is encrypted takes a row more; words drawn take the place of their blocks.
    draws, letters = np.empty((most_words + 1, 2), np.uint64), np.empty((len(letter_blocks) + 1, 2), np.uint64)
    taken, drawn = word_blocks.view(np.uint8).reshape(-1), letters.view(np.uint32).reshape(-1)
    encrypt_words, encrypt_letters = keyed.prf("pool").encryptor(), keyed.prf("letters").encryptor()
    out, sizes = np.empty(most + ROOM * (most_words + 1), np.uint8), np.empty(len(starts), np.int64)
    masks: list[Bytes] = []
    for batch in batches:
        start, length = starts[batch], lengths[batch]
        counts = np.empty((len(start), 2), np.int32)
        find_words(data, start, length, ends, kept.slots, kept.salt, always.slots, always.salt, words, counts)
        if rule.form == Form.LISTED:
            choose_listed(words, counts, role, rule.kept_from, rule.name_from)
        else:
            choose_names(words, counts, role, first_role, rule.form == Form.FULL_NAME)
        pieces, blocks = list_draws(words, counts, seeds[0][batch], seeds[1][batch], word_blocks, cells, letter_blocks)
        if pieces:
            encrypt_words(word_blocks[:pieces], draws)
            _take_words(draws, pieces, cells, table.words, table.first, table.count, word_blocks)
        if blocks:
            encrypt_letters(letter_blocks[:blocks], letters)
        size = write_masks(data, start, length, words, counts, taken, drawn, limit, out, sizes[batch])
        masks.append(out[:size].copy())
    return masks, sizes


@kernel
def _take_words(
    draws: Words, count: int, cells: Places, pool: Words, pool_first: Places, pool_count: Words, taken: Words
) -> None:
    """Copies the drawn words: all at once, so that waiting for memory overlaps.

    Args:
        draws: Encrypted blocks, of which the first word counts.
        count: How many.
        cells: Places in the pools' tables.
        pool, pool_first, pool_count: Words of 16 bytes as two numbers, and the ranges that draws choose from.
        taken: Receives the words, two numbers each.
    """
    for piece in range(count):
        cell = integer(cells[piece])
        entry = integer(pool_first[cell]) + integer(draws[piece, 0] % pool_count[cell])
        taken[piece, 0] = pool[entry, 0]
        taken[piece, 1] = pool[entry, 1]
