"""free_text: the outline stays, no word does."""

from __future__ import annotations

import re
from collections.abc import Callable

from hypothesis import given, settings
from hypothesis import strategies as st

Mask = Callable[..., list[str]]

NOTES = [
    "Hello Jane Smith, call 555-1234!\nThanks\tBob 😀",
    "Customer called twice about the invoice; wants a refund to jane@acme.com.\n\nSpoke to Peter.",
    "Привет, Иван! Позвони мне завтра.",
    "你好，王先生。请打电话给我",
]


def test_no_word_of_the_original_remains(mask: Mask):
    for note, masked in zip(NOTES, mask("free_text", NOTES), strict=True):
        words = {word.lower() for word in re.findall(r"[^\W\d_]{3,}|\d{2,}", note)}
        assert not words & {word.lower() for word in re.findall(r"\w+", masked)}


def test_length_line_breaks_and_emoji_stay(mask: Mask):
    for note, masked in zip(NOTES, mask("free_text", NOTES), strict=True):
        assert len(masked) == len(note)
        for index, character in enumerate(note):
            if character in "\n\t😀":
                assert masked[index] == character


@settings(max_examples=40, deadline=None)
@given(st.lists(st.text(alphabet="aé日ж \n😀.", min_size=1, max_size=50), min_size=1, max_size=20))
def test_trimming_does_not_shorten_it(mask: Mask, notes: list[str]):
    notes = [note for note in notes if note.strip()]
    for note, masked in zip(notes, mask("free_text", notes), strict=True):
        if note.strip(" ") == note:
            assert masked.strip(" ") == masked
        assert len(masked) == len(note)


def test_texts_longer_than_the_corpus(mask: Mask):
    (masked,) = mask("free_text", ["word " * 20_000])
    assert len(masked) == 100_000
    assert "word" not in re.findall(r"\w+", masked)


def test_equal_texts_stay_equal_and_others_differ(mask: Mask):
    masked = mask("free_text", [f"note number {number}" for number in range(500)] * 2)
    assert masked[:500] == masked[500:]
    assert len(set(masked)) > 430
