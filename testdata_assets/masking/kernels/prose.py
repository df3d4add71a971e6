"""Running text in ASCII, replaced by slices of a corpus of invented words."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from testdata_assets.masking.kernels.compiled import kernel
from testdata_assets.masking.kernels.texts import Bytes, Places

LONGEST = 1024  # bytes of a text

Words = NDArray[np.uint64]


@kernel
def read(
    data: Bytes,
    offsets: Places,
    limit: int,
    done: NDArray[np.bool_],
    starts: Places,
    lengths: Places,
    lower: Bytes,
) -> int:
    """Finds the texts that kernels take: ASCII, not blank, not too long.

    Args:
        data, offsets: n texts.
        limit: Bytes that a text has at most.
        done: Takes for each of the n whether it is one.
        starts, lengths: Take where the k of them lie, from the first of the n texts on.
        lower: Takes the n texts in lower case; empty where case counts.

    Returns:
        k.
    """
    folds = len(lower) > 0
    origin = offsets[0]
    count = 0
    for row in range(len(offsets) - 1):
        first, last = offsets[row], offsets[row + 1]
        done[row] = False
        if last - first > min(limit, LONGEST):
            continue
        beyond, filled = np.uint8(0), False
        for place in range(first, last):
            symbol = data[np.uint64(place)]
            beyond |= symbol
            filled |= (symbol != np.uint8(0x20)) & ((symbol < np.uint8(0x09)) | (symbol > np.uint8(0x0D)))
        if beyond >= 0x80 or not filled:
            continue
        if folds:
            for place in range(first, last):
                symbol = data[place]
                lower[place - origin] = symbol + np.uint8(0x20 if 0x41 <= symbol <= 0x5A else 0)
        starts[count], lengths[count] = first - origin, last - first
        done[row] = True
        count += 1
    return count


@kernel
def blocks(seeds: tuple[Words, Words], lengths: Places, step: int, first: Words, second: Words) -> int:
    """Prepares the draws of slices, `step` characters each.

    Args:
        seeds: Two random words for each of k texts.
        lengths: Of the k texts.
        first, second: Take what to encrypt for every slice.

    Returns:
        Slices.
    """
    count = 0
    for at in range(len(lengths)):
        number = 0
        while number * step < lengths[at]:
            first[count] = seeds[0][at]
            second[count] = (seeds[1][at] << np.uint64(32)) | np.uint64(number)
            count, number = count + 1, number + 1
    return count


@kernel
def write(
    data: Bytes,
    offsets: Places,
    done: NDArray[np.bool_],
    draws: Words,
    corpus: Bytes,
    corpus_starts: Places,
    step: int,
    target: Bytes,
    ends: Places,
    end: int,
) -> int:
    """Writes slices of the corpus in the place of texts.

    Args:
        data, offsets: n texts.
        done: Which of them to write; unset where a text would come out as it was but for case.
        draws: (slices, 2) random words.
        corpus: Running text.
        corpus_starts: Where slices of `step` characters may begin.
        step: See above.
        target: Takes the texts from `end` on; room for all of them.
        ends: Takes where each of the n ends.
        end: Where to begin.

    Returns:
        Where the last one ends.
    """
    count = 0
    choices = np.uint64(len(corpus_starts))
    for row in range(len(offsets) - 1):
        if done[row]:
            first, last = offsets[row], offsets[row + 1]
            size = last - first
            for begin in range(0, size, step):
                source = corpus_starts[np.int64(draws[count, 0] % choices)]
                count += 1
                for place in range(min(step, size - begin)):
                    old = data[np.uint64(first + begin + place)]
                    new = corpus[np.uint64(source + place)]
                    # Line breaks and tabs stay.
                    stays = (old >= np.uint8(0x09)) & (old <= np.uint8(0x0D))
                    target[np.uint64(end + begin + place)] = old if stays else new
            for edge in (0, size - 1):
                if target[end + edge] == 0x20:
                    target[end + edge] = 0x2E
            place = 0
            while place < size:
                old, new = data[first + place], target[end + place]
                if old != new and ((old ^ new) != 0x20 or not 0x61 <= (old | 0x20) <= 0x7A):
                    break
                place += 1
            if place == size:
                done[row] = False
            else:
                end += size
        ends[row] = end
    return end
