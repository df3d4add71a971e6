"""Cutting COPY output into blocks: whole lines, nothing lost, one long row at a time in the whole process."""

from __future__ import annotations

import io
import threading
import time

import pytest

from testdata_assets.production.snapshot import block_bytes, whole_lines


@pytest.mark.parametrize("size", [1, 100, 1 << 20, 3 << 20, 10 << 20])
def test_blocks_are_whole_lines_and_complete(size: int) -> None:
    lines = b"".join(b"%d\t" % number + b"x" * (number % 5000) + b"\n" for number in range(1500))
    blocks = list(whole_lines(io.BytesIO(lines), size))
    assert b"".join(blocks) == lines
    assert all(block.endswith(b"\n") for block in blocks)
    assert all(len(block) <= max(size, 1 << 20) + (1 << 20) for block in blocks)


def test_a_row_longer_than_a_block_stays_whole() -> None:
    long = b"1\t" + b"y" * (5 << 20) + b"\n"
    blocks = list(whole_lines(io.BytesIO(b"0\ta\n" + long + b"2\tb\n"), 1 << 20))
    assert b"".join(blocks) == b"0\ta\n" + long + b"2\tb\n"
    assert max(map(len, blocks)) >= len(long)


def test_long_rows_of_two_streams_are_held_one_after_the_other() -> None:
    long = b"1\t" + b"y" * (5 << 20) + b"\n"
    first = whole_lines(io.BytesIO(long + b"2\tb\n"), 1 << 20)
    assert len(next(first)) >= len(long)  # held until asked for the next
    done = threading.Event()

    def second() -> None:
        assert b"".join(whole_lines(io.BytesIO(long), 1 << 20)) == long
        done.set()

    thread = threading.Thread(target=second)
    thread.start()
    time.sleep(0.2)
    assert not done.is_set()
    first.close()  # the first stream fails: it must not keep the others waiting
    assert done.wait(10)
    thread.join()


def test_a_stream_that_ends_without_a_newline_loses_nothing() -> None:
    assert list(whole_lines(io.BytesIO(b"1\ta\n2\tb"), 1 << 20)) == [b"1\ta\n2\tb"]
    assert list(whole_lines(io.BytesIO(b""), 1 << 20)) == []


@pytest.mark.parametrize(("workers", "size"), [(1, 8 << 20), (2, 4 << 20), (8, 4 << 20)])
def test_blocks_shrink_with_the_number_of_streams(workers: int, size: int) -> None:
    assert block_bytes(workers) == size
