"""Executors: order, bounded bytes, stopping, what a missing extra says, and notes of progress."""

from __future__ import annotations

import builtins
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from testdata_assets.errors import EnvironmentLack, UsageFault
from testdata_assets.golden import executors
from testdata_assets.golden.executors import Budget, LocalMasking, Stopped, open_masking
from testdata_assets.golden.load import ChunkNotes
from testdata_assets.masking.keyring import KeyRing
from testdata_assets.masking.plan_models import ColumnPlan, TablePlan
from testdata_assets.masking.transformers import registry
from testdata_assets.postgres.identifiers import TableName
from testdata_assets.production.catalog import Column, Table
from testdata_assets.production.chunk_places import absolute_location, open_place
from testdata_assets.production.chunk_store import ChunkStore, RecordPlace
from testdata_assets.progress import Advance, use_progress
from testdata_assets.settings import Settings, load_settings

KEY = b"m" * 32
NAME = TableName("public", "t")


def table(rule: str = "hash") -> TablePlan:
    column = Column("v", "text", "text", "S")
    return TablePlan(
        Table(NAME, 1, "r", (column,), NAME),
        "mask",
        (ColumnPlan(column, registry.build(rule), "d", None, False, None),),
    )


def blocks_of(store: ChunkStore, stream: str) -> Iterator[tuple[str, RecordPlace]]:
    for record in store.index(stream):
        yield stream, record


@pytest.fixture
def store(tmp_path: Path) -> ChunkStore:
    store = ChunkStore.create(tmp_path / "snap", "s-1", b"s" * 32)
    store.write("a", [b"value %d\n" % number * 100 for number in range(30)])
    store.write("b", [b"other %d\n" % number * 100 for number in range(30)])
    return store


@pytest.mark.parametrize("workers", [1, 2, 5])
def test_answers_come_in_order(store: ChunkStore, workers: int) -> None:
    with open_masking("local", store, KeyRing(KEY), workers=workers) as masking:
        relayed = [answer.data for answer, _ in masking.answers(table("keep"), 0, blocks_of(store, "a"))]
        assert relayed == list(store.read("a"))
        masked = [answer.data for answer, _ in masking.answers(table(), 0, blocks_of(store, "a"))]
        assert len({data.splitlines()[0] for data in masked}) == 30
        again = [answer.data for answer, _ in masking.answers(table(), 0, blocks_of(store, "a"))]
        assert masked == again


def test_bytes_under_way_are_bounded(store: ChunkStore) -> None:
    """Two tables at once under a budget of two blocks: never more of them begun and not yet loaded."""
    under_way = most = 0
    lock = threading.Lock()

    class Counting(ThreadPoolExecutor):
        def submit(self, work: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
            nonlocal under_way, most
            with lock:
                under_way += 1
                most = max(most, under_way)
            return super().submit(work, *args, **kwargs)

    with Counting(8) as pool, ThreadPoolExecutor(2) as tables:
        masking = LocalMasking(store, KeyRing(KEY), pool, 8)
        masking._budget = Budget(2200)  # a block has 800 or 900 bytes

        def load(stream: str) -> int:
            nonlocal under_way
            count = 0
            for _ in masking.answers(table(), 0, blocks_of(store, stream)):
                time.sleep(0.002)
                with lock:
                    under_way -= 1
                count += 1
            return count

        assert [future.result(60) for future in [tables.submit(load, "a"), tables.submit(load, "b")]] == [30, 30]
    assert most == 2


def test_a_block_larger_than_the_budget_goes_alone(store: ChunkStore) -> None:
    with ThreadPoolExecutor(4) as pool:
        masking = LocalMasking(store, KeyRing(KEY), pool, 4)
        masking._budget = Budget(10)
        assert sum(1 for _ in masking.answers(table(), 0, blocks_of(store, "a"))) == 30
        assert masking._budget.try_take(10)  # all given back


def test_what_is_left_is_given_back(store: ChunkStore) -> None:
    with ThreadPoolExecutor(4) as pool:
        masking = LocalMasking(store, KeyRing(KEY), pool, 4)
        answers = masking.answers(table(), 0, blocks_of(store, "a"))
        next(answers)
        answers.close()
        assert masking._budget._used == 0
        assert masking._tables == 0


def test_stopping_ends_answers_and_waiting(store: ChunkStore) -> None:
    with ThreadPoolExecutor(2) as pool:
        masking = LocalMasking(store, KeyRing(KEY), pool, 2)
        answers = masking.answers(table(), 0, blocks_of(store, "a"))
        next(answers)
        masking.stop()
        with pytest.raises(Stopped):
            list(answers)
        budget, stopped = Budget(10), threading.Event()
        budget.take(10, stopped)
        stopped.set()
        with pytest.raises(Stopped):
            budget.take(5, stopped)
        budget.give(10)
        assert budget.try_take(5)


def test_the_budget_serves_who_came_first() -> None:
    budget, stopped = Budget(10), threading.Event()
    budget.take(6, stopped)
    waiter = threading.Thread(target=budget.take, args=(10, stopped))
    waiter.start()
    time.sleep(0.1)
    assert not budget.try_take(1)  # it would fit, but somebody waits for more
    budget.give(6)
    waiter.join(10)
    assert not waiter.is_alive()
    assert not budget.try_take(1)


def test_missing_extras_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def without(name: str, *args: Any, **kwargs: Any) -> Any:
        if name.split(".")[0] in ("distributed", "dask", "fsspec"):
            raise ImportError(name)
        return real(name, *args, **kwargs)

    for name in list(sys.modules):
        if name.split(".")[0] in ("distributed", "dask", "fsspec"):
            monkeypatch.delitem(sys.modules, name)
    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(EnvironmentLack, match=r"testdata-assets\[dask\]"), executors.dask_client("dask://h:1"):
        pass
    with pytest.raises(EnvironmentLack, match=r"testdata-assets\[s3\]"):
        open_place("s3://bucket/prefix")


def test_an_unknown_kind_of_url_is_refused() -> None:
    with pytest.raises(EnvironmentLack) as caught:
        open_place("nothing-like-that://bucket")
    assert caught.value.error_code == "chunk-store-unknown"


def test_where_snapshots_lie(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert absolute_location("", tmp_path / "x") == str(tmp_path / "x")
    assert absolute_location("there", tmp_path / "x") == str(tmp_path / "there")
    assert absolute_location("s3://bucket/prefix/", tmp_path / "x") == "s3://bucket/prefix"


@pytest.mark.parametrize("value", ["dask", "dask://", "dask://host", "tcp://host:1", "dask://host:port", "threads"])
def test_executors_that_are_none_are_refused(value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TESTDATA_EXECUTOR", value)
    with pytest.raises(UsageFault) as caught:
        load_settings()
    assert caught.value.where == "TESTDATA_EXECUTOR"


@pytest.mark.parametrize(
    "value", ["local", "dask://127.0.0.1:8786", "dask://scheduler.internal:1", "dask://[::1]:8786"]
)
def test_executors_that_are_some(value: str) -> None:
    assert Settings.model_validate({"executor": value}).executor == value


def test_notes_tell_table_and_chunk() -> None:
    heard: list[str] = []

    class Listener:
        @contextmanager
        def task(self, name: str, total: float | None, unit: str = "") -> Iterator[Advance]:
            yield lambda amount: None

        def note(self, text: str) -> None:
            heard.append(text)

    with use_progress(Listener()):
        notes = ChunkNotes(41, every_seconds=0)
        assert [notes.start(), notes.start()] == [1, 2]
        notes.chunk(NAME, 2, 3, 64)
        assert heard == ["Table 2 of 41 (public.t): chunk 3 of 64"]
        patient = ChunkNotes(41, every_seconds=60)
        patient.chunk(NAME, 1, 1, 2)
        patient.chunk(NAME, 1, 2, 2)
    assert len(heard) == 1
