"""Masking tasks: nothing secret or raw travels in them, answers are pure, sealed and refused when they differ."""

from __future__ import annotations

import pickle
from dataclasses import replace
from functools import partial
from pathlib import Path

import polars as pl
import pytest

from testdata_assets.errors import EnvironmentLack, RefusedError, UsageFault
from testdata_assets.keys import key_id
from testdata_assets.masking import tasks
from testdata_assets.masking.engine import TableMasker
from testdata_assets.masking.fingerprints import fingerprint
from testdata_assets.masking.hashing import KeyedHash
from testdata_assets.masking.plan_models import ColumnPlan, TablePlan
from testdata_assets.masking.tasks import BlockTask, TaskFailure
from testdata_assets.masking.transformers import registry
from testdata_assets.postgres.identifiers import TableName
from testdata_assets.production.catalog import Column, Table
from testdata_assets.production.chunk_store import ChunkStore, ChunkStoreDamaged
from testdata_assets.production.profile import MAX_CHARACTERS
from testdata_assets.settings import Settings
from testdata_assets.unexpected import UnexpectedError, without_message

MASKING, STORE = b"m" * 32, b"s" * 32
EMAILS = [f"jane.doe{number}@private.test" for number in range(300)]
BLOCK = "".join(f"{number}\t{email}\tnote {number}\n" for number, email in enumerate(EMAILS)).encode()


def plan() -> TablePlan:
    columns = (
        Column("id", "bigint", "int8", "N"),
        Column("email", "text", "text", "S"),
        Column("n", "text", "text", "S"),
    )
    name = TableName("public", "people")
    rules = ("keep", "email", "free_text")
    return TablePlan(
        Table(name, 1, "r", columns, name),
        "mask",
        tuple(
            ColumnPlan(column, registry.build(rule), f"domain.{column.name}", None, False, None)
            for column, rule in zip(columns, rules, strict=True)
        ),
    )


@pytest.fixture
def store(tmp_path: Path) -> ChunkStore:
    store = ChunkStore.create(tmp_path / "snap", "s-1", STORE)
    store.write("00000-00000", [BLOCK, b"", BLOCK])
    return store


@pytest.fixture
def task(store: ChunkStore) -> BlockTask:
    return task_of(store)


def task_of(store: ChunkStore, **changes: object) -> BlockTask:
    made = BlockTask(
        store.location,
        store.snapshot_id,
        "00000-00000",
        store.index("00000-00000")[0],
        plan(),
        1,
        0,
        key_id(MASKING),
        key_id(STORE),
        tasks.code_version(),
    )
    return replace(made, **changes)  # type: ignore[arg-type]


@pytest.fixture(autouse=True)
def worker(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> dict[str, object]:
    """This process as a worker; its settings may be changed."""
    values: dict[str, object] = {"home": tmp_path / "home", "masking_key": MASKING.hex(), "store_key": STORE.hex()}
    monkeypatch.setattr(tasks, "_KEYS", tasks._WorkerKeys(lambda: Settings.model_validate(values)))
    return values


def failure(task: BlockTask) -> TaskFailure:
    found = tasks.run_sealed(pickle.dumps(task))
    assert isinstance(found, TaskFailure)
    assert not any(email in repr(found) for email in EMAILS)
    return found


def test_a_task_holds_neither_keys_nor_rows(store: ChunkStore, task: BlockTask) -> None:
    sent = pickle.dumps(task)
    seed = tasks.fingerprint_seed(store)
    secrets = [MASKING, STORE, MASKING.hex().encode(), STORE.hex().encode(), seed.to_bytes(8, "little"), b"jane"]
    assert not [secret for secret in secrets if secret in sent]


def test_an_answer_is_what_masking_here_gives(store: ChunkStore, task: BlockTask) -> None:
    sealed = tasks.run_sealed(pickle.dumps(task))
    assert isinstance(sealed, bytes)
    answer = tasks.open_answer(store, task, sealed)
    masked = TableMasker(task.plan, partial(KeyedHash.derive, MASKING)).mask(BLOCK, 1, 0)
    assert answer.data == masked.data
    assert (answer.rows, answer.left_out, answer.null_counts) == (300, 0, masked.null_counts)
    assert answer.changes == masked.changes
    assert answer.sample is not None
    assert masked.sample is not None
    assert answer.sample.equals(masked.sample)
    seed = tasks.fingerprint_seed(ChunkStore.open(store.location, "s-1", STORE))
    expected = set(fingerprint(pl.Series(EMAILS), seed).tolist())
    assert set(answer.sensitive["email"].tolist()) == expected


def test_answers_are_pure_and_unreadable(store: ChunkStore, task: BlockTask) -> None:
    first, second = (tasks.run_sealed(pickle.dumps(task)) for _ in range(2))
    assert isinstance(first, bytes)
    assert isinstance(second, bytes)
    assert first != second  # random nonces
    ours, theirs = (tasks.open_answer(store, task, sealed) for sealed in (first, second))
    assert ours.data == theirs.data
    # What the first run had seen before is still in the second one's fingerprints.
    assert sorted(ours.sensitive["email"]) == sorted(theirs.sensitive["email"])
    assert b"jane" not in first
    assert ours.data[:40] not in first


def test_an_answer_answers_one_task(store: ChunkStore, task: BlockTask, tmp_path: Path) -> None:
    sealed = tasks.run_sealed(pickle.dumps(task))
    assert isinstance(sealed, bytes)
    with pytest.raises(ChunkStoreDamaged):
        tasks.open_answer(store, replace(task, record=replace(task.record, number=2)), sealed)
    with pytest.raises(ChunkStoreDamaged):
        tasks.open_answer(ChunkStore.create(tmp_path / "other", "s-1", STORE), task, sealed)


def test_an_empty_block_has_an_empty_answer(store: ChunkStore) -> None:
    task = task_of(store, record=store.index("00000-00000")[1])
    sealed = tasks.run_sealed(pickle.dumps(task))
    assert isinstance(sealed, bytes)
    answer = tasks.open_answer(store, task, sealed)
    assert (answer.data, answer.rows) == (b"", 0)


def test_long_values_travel_cut_in_the_sample(store: ChunkStore) -> None:
    store.write("long", [b"1\ta@b.test\t" + b"word " * 100_000 + b"\n"])
    task = task_of(store, stream="long", record=store.index("long")[0])
    sealed = tasks.run_sealed(pickle.dumps(task))
    assert isinstance(sealed, bytes)
    answer = tasks.open_answer(store, task, sealed)
    assert answer.sample is not None
    assert answer.sample["n"].str.len_chars().to_list() == [MAX_CHARACTERS]
    assert len(answer.data) > 500_000


@pytest.mark.parametrize("name", ["masking", "store"])
def test_a_worker_with_another_key_refuses(task: BlockTask, worker: dict[str, object], name: str) -> None:
    worker[f"{name}_key"] = "77" * 32
    found = failure(task)
    error = found.error()
    assert isinstance(error, EnvironmentLack)
    assert error.error_code == "worker-key-differs"
    assert error.where == tasks.worker_name()
    assert key_id(bytes.fromhex("77" * 32)) in error.what
    assert "77" * 32 not in str(error)
    assert not found.transient
    worker[f"{name}_key"] = {"masking": MASKING, "store": STORE}[name].hex()
    assert isinstance(tasks.run_sealed(pickle.dumps(task)), bytes)  # a rotated key is read anew


def test_a_worker_without_key_or_store_refuses(store: ChunkStore, worker: dict[str, object], tmp_path: Path) -> None:
    away = failure(task_of(store, location=str(tmp_path / "elsewhere")))
    assert (away.code, away.kind) == ("worker-lacks-store", "EnvironmentLack")
    worker["masking_key"] = None
    tasks._KEYS._known.clear()
    lacking = failure(task_of(store))
    assert lacking.code == "masking-key-missing"
    assert tasks.worker_name() in lacking.where


def test_another_version_refuses(store: ChunkStore) -> None:
    assert failure(task_of(store, version="testdata-assets 0.0.1, data 0")).code == "worker-differs"


def test_a_task_that_cannot_be_read_refuses() -> None:
    found = tasks.run_sealed(b"cno_such_module\nThing\n.")
    assert isinstance(found, TaskFailure)
    assert found.code == "worker-differs"


def test_damage_and_defects_are_told_without_values(
    store: ChunkStore, task: BlockTask, monkeypatch: pytest.MonkeyPatch
) -> None:
    damaged = failure(replace(task, record=replace(task.record, number=1)))
    assert damaged.code == "chunk-store-damaged"

    def broken(*_: object) -> None:
        raise ValueError(f"cannot mask {EMAILS[0]}")

    monkeypatch.setattr(TableMasker, "mask", broken)
    assert failure(task).kind == "UnexpectedError"


@pytest.mark.parametrize(
    "error",
    [
        RefusedError("no", where="here", remedy="do", code="x"),
        EnvironmentLack("no", where="here", remedy="do", code="connection-failed"),
        UsageFault("no", where="here", remedy="do"),
        without_message(ConnectionResetError("secret")),
    ],
)
def test_failures_survive_the_way(error: RefusedError) -> None:
    again = pickle.loads(pickle.dumps(TaskFailure.of(error))).error()  # noqa: S301  our own
    assert (again.what, again.where, again.error_code) == (error.what, error.where, error.error_code)
    assert again.exit_status == error.exit_status
    if isinstance(error, UnexpectedError):
        assert isinstance(again, UnexpectedError)
        assert again.transient == error.transient


@pytest.mark.parametrize("name", sorted(registry.all()))
def test_every_transformer_class_pickles_by_name(name: str) -> None:
    found = registry.all()[name]
    assert pickle.loads(pickle.dumps(found)) is found  # noqa: S301  our own


def test_a_worker_without_a_users_transformer_says_so(task: BlockTask) -> None:
    own = {"acme.masks:LoyaltyNumber": "0" * 64}
    found = failure(replace(task, plan=replace(task.plan, own_code=own)))
    assert (found.code, found.kind) == ("worker-differs", "EnvironmentLack")
    assert "acme.masks:LoyaltyNumber" in found.what
    asked = tasks.check_worker(key_id(MASKING), key_id(STORE), tasks.code_version(), None, own)
    assert isinstance(asked, TaskFailure)
    assert asked.code == "worker-differs"
