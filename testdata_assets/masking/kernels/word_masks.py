"""Putting pool words in place of ASCII words: the draws they need, and the masks, compiled."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from testdata_assets.masking.hashing import Words
from testdata_assets.masking.kernels.compiled import kernel
from testdata_assets.masking.kernels.copying import copy_bytes
from testdata_assets.masking.kernels.texts import Bytes, Places
from testdata_assets.masking.kernels.word_choice import (
    CAPITALISED,
    CASE,
    LENGTH,
    MIXED,
    PLACE,
    STATE,
    WordTable,
    integer,
)
from testdata_assets.masking.pools import LONGEST, PIECE
from testdata_assets.masking.words import REDRAW

ROOM = 16  # bytes of a pool's word, the last for its length

_HALF = np.uint64(32)


@kernel
def list_draws(
    words: WordTable,
    counts: WordTable,
    seeds: Words,
    tweaks: Words,
    word_blocks: Words,
    cells: Places,
    letter_blocks: Words,
) -> tuple[int, int]:
    """Writes down the cipher blocks of all draws.

    Args:
        words, counts: Of n values, with what becomes of each word.
        seeds, tweaks: Two random words of each value.
        word_blocks: Becomes the blocks for pool words (pieces of them if long), two words each.
        cells: Becomes the place in the pools' tables of each.
        letter_blocks: Becomes those for digits and single letters.

    Returns:
        How many blocks there are for words, and for letters.
    """
    pieces = blocks = 0
    first = 0
    for row in range(len(counts)):
        drawn = integer(counts[row, 1])
        tweak = tweaks[row] << _HALF
        for number in range(counts[row, 0]):
            length = integer(words[first + number, LENGTH])
            choice = integer(words[first + number, STATE])
            if choice == REDRAW:
                drawn += length
            elif choice >= 0:
                short = length <= LONGEST
                cell = choice * (LONGEST + 1) + (length if short else PIECE)
                for piece in range(1 if short else (length + PIECE - 1) // PIECE):
                    word_blocks[pieces, 0] = seeds[row]
                    word_blocks[pieces, 1] = tweak | np.uint64(number << 16 | piece)
                    cells[pieces] = cell
                    pieces += 1
        for counter in range((drawn + 3) >> 2):
            letter_blocks[blocks, 0] = seeds[row]
            letter_blocks[blocks, 1] = tweak | np.uint64(counter)
            blocks += 1
        first += integer(counts[row, 0])
    return pieces, blocks


@kernel
def write_masks(
    data: Bytes,
    starts: Places,
    lengths: Places,
    words: WordTable,
    counts: WordTable,
    taken: Bytes,
    letters: NDArray[np.uint32],
    limit: int,
    out: Bytes,
    sizes: Places,
) -> int:
    """Writes the masks of n values end to end.

    Args:
        data, starts, lengths, words, counts: The values and their words.
        taken: Drawn words of 16 bytes.
        letters: Draws for digits and letters; each value's begin at a multiple of four.
        limit: Most characters of a mask.
        out: Receives the masks; as large as the values, 16 bytes more for each drawn word, and 16 more.
        sizes: Becomes the size of each mask, -1 for values left out: the mask would be too long, or equal but for case.

    Returns:
        Bytes written.
    """
    written = word = piece = letter = 0
    for row in range(len(starts)):
        start = integer(starts[row])
        end = start + integer(lengths[row])
        last = word + integer(counts[row, 0])
        tight = False
        while True:
            to = written
            place = start
            drawn, part = letter, piece
            for number in range(word, last + 1):
                # What stands before the word, or after the last one.
                ahead = start + integer(words[number, PLACE]) if number < last else end
                while place < ahead:
                    code = integer(data[place])
                    if 0x30 <= code <= 0x39:
                        draw = integer(letters[drawn])
                        drawn += 1
                        # The first digit of a run stays other than zero.
                        follows = place > start and 0x30 <= integer(data[place - 1]) <= 0x39
                        code = 0x30 + draw % 10 if follows or code == 0x30 else 0x31 + draw % 9
                    out[to] = code
                    to += 1
                    place += 1
                if number == last:
                    break
                size, choice = integer(words[number, LENGTH]), integer(words[number, STATE])
                place = ahead + size
                if choice < 0:
                    for step in range(size):
                        code = integer(data[ahead + step])
                        if choice == REDRAW:
                            code = (0x41 if code < 0x60 else 0x61) + integer(letters[drawn]) % 26
                            drawn += 1
                        out[to + step] = code
                    to += size
                    continue
                case = integer(words[number, CASE])
                done = 0
                for step in range(1 if size <= LONGEST else (size + PIECE - 1) // PIECE):
                    from_ = part * ROOM
                    part += 1
                    found = integer(taken[from_ + ROOM - 1])
                    if size > LONGEST:
                        found = min(found, max(1, size - step * PIECE))
                    fits = found
                    if tight:
                        # The general way cuts by what the pieces take before they are cut.
                        fits = min(found, max(size - done, 0))
                    copy_bytes(out, to, taken, from_, ROOM)
                    if case == CAPITALISED and done == 0 and 0x61 <= integer(out[to]) <= 0x7A:
                        out[to] -= 0x20
                    elif case == MIXED:
                        for byte in range(fits):
                            like = integer(data[ahead + min(done + byte, size - 1)])
                            if 0x41 <= like <= 0x5A and 0x61 <= integer(out[to + byte]) <= 0x7A:
                                out[to + byte] -= 0x20
                    to += fits
                    done += found
            if to - written <= limit or tight:
                break
            tight = True
        word, piece = last, part
        letter += (drawn - letter + 3) & ~3
        size = to - written
        same = size == end - start
        if same:
            for byte in range(size):
                left, right = integer(data[start + byte]), integer(out[written + byte])
                if left != right and (left ^ right != 0x20 or not 0x61 <= left | 0x20 <= 0x7A):
                    same = False
                    break
        if same or size > limit:
            sizes[row] = -1
        else:
            sizes[row] = size
            written = to
    return written
