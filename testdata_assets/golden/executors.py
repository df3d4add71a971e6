"""Where masking runs: threads of this process, or a Dask cluster; either way through a `concurrent.futures` executor.

A `Masking` turns the blocks of a table into answers, in order, with a bounded number of bytes under way: enough to
keep every core busy, never more than this process may hold. What a task is and what travels is `masking/tasks.py`'s
matter; which table is loaded when is `load.py`'s.
"""

from __future__ import annotations

import pickle
import secrets
import threading
import time
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Generator, Iterator, Mapping
from concurrent.futures import CancelledError, Executor, Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as FutureTimeout
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any, Generic, Protocol, TypeVar

from testdata_assets.errors import EnvironmentLack
from testdata_assets.keys import key_id
from testdata_assets.masking.engine import TableMasker
from testdata_assets.masking.hashing import KeyedHash
from testdata_assets.masking.keyring import Hashes, KeyRing
from testdata_assets.masking.memo import Memos
from testdata_assets.masking.plan import TablePlan
from testdata_assets.masking.tasks import (
    BlockAnswer,
    BlockTask,
    TaskFailure,
    check_worker,
    code_version,
    fingerprint_seed,
    mask_block,
    open_answer,
    run_sealed,
)
from testdata_assets.production.chunk_store import ChunkStore, RecordPlace

# Raw bytes read, being masked or waiting to be loaded. Masking a block of prose takes a dozen times its size.
LOCAL_BYTES = 64 << 20
# Encrypted bytes under way on a cluster: what this process holds if it loads more slowly than the workers mask.
REMOTE_BYTES = 192 << 20
_TRIES = 3
_CONNECT_SECONDS = 20
_POLL_SECONDS = 2.0
_NO_WORKER_SECONDS = 60.0

Block = tuple[str, RecordPlace]
Answers = Generator[tuple[BlockAnswer, int], None, None]
T = TypeVar("T")


class Stopped(Exception):
    """Another table failed, so this one needs not go on; that one's error is reported, not this."""


class Budget:
    """Bytes that may be under way at once; whoever needs more than all of it goes alone. First come, first served."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._used = 0
        self._queue: deque[object] = deque()
        self._changed = threading.Condition()

    def try_take(self, amount: int) -> bool:
        """Takes without waiting, unless somebody waits already."""
        with self._changed:
            if self._queue or not self._fits(amount):
                return False
            self._used += amount
            return True

    def take(self, amount: int, stopped: threading.Event) -> None:
        """Takes when it is free; hold nothing while waiting.

        Raises:
            Stopped: While waiting.
        """
        ticket = object()
        with self._changed:
            self._queue.append(ticket)
            try:
                while self._queue[0] is not ticket or not self._fits(amount):
                    self._changed.wait(0.5)
                    if stopped.is_set():
                        raise Stopped
                self._used += amount
            finally:
                self._queue.remove(ticket)
                self._changed.notify_all()

    def give(self, amount: int) -> None:
        with self._changed:
            self._used -= amount
            self._changed.notify_all()

    def _fits(self, amount: int) -> bool:
        return self._used == 0 or self._used + amount <= self._limit


class Masking(Protocol):
    """Masks the blocks of a snapshot. Safe to share between the threads that load tables."""

    seed: int

    def answers(self, plan: TablePlan, sample_every: int, blocks: Iterator[Block]) -> Answers:
        """Answers in the order of the blocks, each with the raw bytes of its block.

        Raises:
            TestdataError: A block cannot be read or masked, or the cluster is gone.
            Stopped: `stop` was called.
        """

    def stop(self) -> None:
        """Makes all `answers` end soon."""


@dataclass
class _Pending(Generic[T]):
    future: Future[T]
    task: BlockTask
    cost: int
    tries: int = 1


class _Ordered(ABC, Generic[T]):
    """Keeps blocks under way and hands out their answers in order."""

    def __init__(self, store: ChunkStore, keys: KeyRing, budget: Budget, slots: int) -> None:
        self.seed = fingerprint_seed(store)
        self._store = store
        self._budget = budget
        self._slots = slots
        self._ids: dict[str, Any] = {
            "masking_key_id": key_id(keys.current),
            "store_key_id": store.store_key_id,
            "previous_key_id": keys.previous_id if keys.held else None,
            "held": keys.held,
            "run": secrets.token_hex(16),
        }
        self._version = code_version()
        self._tables = 0
        self._lock = threading.Lock()
        self._stopped = threading.Event()

    def stop(self) -> None:
        self._stopped.set()

    def answers(self, plan: TablePlan, sample_every: int, blocks: Iterator[Block]) -> Answers:
        submit = self._submitter(plan)
        pending: deque[_Pending[T]] = deque()
        with self._one_more_table():
            try:
                for number, (stream, record) in enumerate(blocks):
                    task = BlockTask(
                        self._store.location, self._store.snapshot_id, stream, record, plan, sample_every, number,
                        **self._ids, version=self._version,
                    )  # fmt: skip
                    cost = self._cost(record)
                    while pending and not self._budget.try_take(cost):
                        yield from self._next(pending, submit)
                    if not pending and not self._budget.try_take(cost):
                        self._budget.take(cost, self._stopped)
                    pending.append(_Pending(submit(task), task, cost))
                    while len(pending) > self._ahead():
                        yield from self._next(pending, submit)
                while pending:
                    yield from self._next(pending, submit)
            finally:
                for each in pending:
                    each.future.cancel()
                    self._budget.give(each.cost)

    def _next(self, pending: deque[_Pending[T]], submit: Callable[[BlockTask], Future[T]]) -> Answers:
        """The oldest block's answer; its bytes are under way until the caller comes back for the next."""
        if self._stopped.is_set():
            raise Stopped
        oldest = pending[0]
        answer = self._result(oldest, submit)
        pending.popleft()
        try:
            yield answer, oldest.task.record.raw_bytes
        finally:
            self._budget.give(oldest.cost)

    def _ahead(self) -> int:
        """Blocks of one table to have under way beside the one being loaded: more where fewer tables are left."""
        return max(1, self._slots // max(1, self._tables))

    @contextmanager
    def _one_more_table(self) -> Iterator[None]:
        with self._lock:
            self._tables += 1
        try:
            yield
        finally:
            with self._lock:
                self._tables -= 1

    @abstractmethod
    def _cost(self, record: RecordPlace) -> int:
        """Bytes that a block holds while it is under way."""

    @abstractmethod
    def _submitter(self, plan: TablePlan) -> Callable[[BlockTask], Future[T]]:
        """Starts the tasks of one table."""

    @abstractmethod
    def _result(self, pending: _Pending[T], submit: Callable[[BlockTask], Future[T]]) -> BlockAnswer:
        """Waits for a task."""


class LocalMasking(_Ordered[BlockAnswer]):
    """Masks in threads: polars and numpy let go of the interpreter's lock, and masks are remembered across blocks."""

    def __init__(self, store: ChunkStore, keys: KeyRing, executor: Executor, slots: int) -> None:
        super().__init__(store, keys, Budget(LOCAL_BYTES), slots)
        self._executor = executor
        self._hash_for = Hashes(keys)
        self._memos = Memos()

    def _cost(self, record: RecordPlace) -> int:
        return record.raw_bytes

    def _submitter(self, plan: TablePlan) -> Callable[[BlockTask], Future[BlockAnswer]]:
        masker = TableMasker(plan, self._hash_for, self._memos)

        def submit(task: BlockTask) -> Future[BlockAnswer]:
            return self._executor.submit(mask_block, self._store, masker, task, self.seed)

        return submit

    def _result(
        self, pending: _Pending[BlockAnswer], submit: Callable[[BlockTask], Future[BlockAnswer]]
    ) -> BlockAnswer:
        answer = pending.future.result()
        pending.future = Future()  # the answer's last reference is the caller's
        return answer


class DaskMasking(_Ordered["bytes | TaskFailure"]):
    """Masks on the workers of a Dask cluster.

    A worker that dies loses nothing: the scheduler runs its tasks elsewhere. Tables with nothing to mask stay in this
    process, which has to load their rows anyway.
    """

    def __init__(
        self, store: ChunkStore, keys: KeyRing, executor: Executor, relays: LocalMasking, slots: int, client: Any
    ) -> None:
        super().__init__(store, keys, Budget(REMOTE_BYTES), slots)
        self._executor = executor
        self._relays = relays
        self._client = client
        self._address = str(client.scheduler.address) if client.scheduler is not None else "the scheduler"
        self._last_worker_seen = time.monotonic()

    def answers(self, plan: TablePlan, sample_every: int, blocks: Iterator[Block]) -> Answers:
        if TableMasker(plan, _no_hash).relays:
            return self._relays.answers(plan, sample_every, blocks)
        return super().answers(plan, sample_every, blocks)

    def stop(self) -> None:
        super().stop()
        self._relays.stop()

    def _cost(self, record: RecordPlace) -> int:
        return record.stored_bytes

    def _submitter(self, plan: TablePlan) -> Callable[[BlockTask], Future[bytes | TaskFailure]]:
        def submit(task: BlockTask) -> Future[bytes | TaskFailure]:
            try:
                return self._executor.submit(run_sealed, pickle.dumps(task, protocol=pickle.HIGHEST_PROTOCOL))
            except (OSError, RuntimeError) as error:  # the client has closed itself
                raise self._gone(error) from None

        return submit

    def _result(
        self,
        pending: _Pending[bytes | TaskFailure],
        submit: Callable[[BlockTask], Future[bytes | TaskFailure]],
    ) -> BlockAnswer:
        while True:
            found = self._wait(pending.future)
            if not isinstance(found, TaskFailure):
                pending.future = Future()  # the worker may forget the answer, and so may we once it is open
                return open_answer(self._store, pending.task, found)
            if not found.transient or pending.tries >= _TRIES:
                raise found.error()
            pending.tries += 1
            pending.future = submit(pending.task)

    def _wait(self, future: Future[bytes | TaskFailure]) -> bytes | TaskFailure:
        from distributed import KilledWorker

        while True:
            try:
                return future.result(_POLL_SECONDS)
            except CancelledError as error:
                raise self._gone(error) from None
            except FutureTimeout as error:
                if future.done():  # the task's own time-out, not ours
                    raise self._gone(error) from None
                if self._stopped.is_set():
                    raise Stopped from None
                self._look_for_workers()
            except KilledWorker:
                raise EnvironmentLack(
                    "The workers that tried to mask one block died, one after the other",
                    where=self._address,
                    remedy="See the workers' logs; a worker needs about 400 MB for each of its threads, and more for "
                    "tables with very long values.",
                    code="worker-killed",
                ) from None
            except Exception as error:  # noqa: BLE001  whatever the cluster's communication raises
                raise self._gone(error) from None

    def _look_for_workers(self) -> None:
        if self._client.status != "running":
            raise self._gone(None)
        now = time.monotonic()
        try:
            workers = self._client.nthreads()
        except (OSError, TimeoutError) as error:
            raise self._gone(error) from None
        if workers:
            self._last_worker_seen = now
            return
        if now - self._last_worker_seen > _NO_WORKER_SECONDS:
            raise EnvironmentLack(
                f"The Dask cluster has had no worker for {_NO_WORKER_SECONDS:.0f} s",
                where=self._address,
                remedy="Start workers, then run testdata refresh again.",
                code="connection-failed",
            )

    def _gone(self, error: BaseException | None) -> EnvironmentLack:
        kind = f" ({type(error).__name__})" if error is not None else ""
        return EnvironmentLack(
            f"The Dask cluster went away while it masked{kind}",
            where=self._address,
            remedy="Start scheduler and workers again, then run testdata refresh; until then production's snapshot "
            "is kept where a retry can use it.",
            code="connection-failed",
        )


def _no_hash(domain: str) -> KeyedHash:
    raise AssertionError(f"domain {domain} is not masked here")


@contextmanager
def open_masking(executor: str, store: ChunkStore, keys: KeyRing, *, workers: int) -> Iterator[Masking]:
    """What the setting `executor` names, for one snapshot.

    Raises:
        EnvironmentLack: The cluster cannot be reached, has no worker, or the extra is not installed.
    """
    with ExitStack() as stack:
        threads = ThreadPoolExecutor(workers, thread_name_prefix="mask")
        stack.callback(partial(threads.shutdown, wait=True, cancel_futures=True))
        local = LocalMasking(store, keys, threads, workers)
        if executor == "local":
            yield local
            return
        client = stack.enter_context(dask_client(executor))
        pool = client.get_executor(pure=False, retries=0)
        # Twice as many as run at once: a worker that ends a block finds the next one waiting.
        slots = 2 * max(1, sum(client.nthreads().values()))
        masking = DaskMasking(store, keys, pool, local, slots, client)
        try:
            yield masking
        finally:
            if client.status == "running":
                pool.shutdown(wait=False)


def check_workers(executor: str, keys: KeyRing, store_key: bytes, own_code: Mapping[str, str]) -> None:
    """Asks every worker of a cluster for version, key ids and users' code: what is missing shows before a row is read.

    Raises:
        EnvironmentLack: The cluster cannot be reached, or a worker could not mask for this refresh.
    """
    if executor == "local":
        return
    previous = keys.previous_id if keys.held else None
    with dask_client(executor) as client:
        try:
            ids = key_id(keys.current), key_id(store_key)
            answers = client.run(check_worker, *ids, code_version(), previous, dict(own_code), on_error="return")
        except (OSError, TimeoutError) as error:
            raise EnvironmentLack(
                f"The Dask cluster does not answer ({type(error).__name__})",
                where=executor,
                remedy="See the logs of scheduler and workers, then try again.",
                code="connection-failed",
            ) from None
    for address, answer in answers.items():
        if isinstance(answer, TaskFailure):
            raise answer.error()
        if answer is not None:  # testdata-assets is not there, or too old to know the question
            raise EnvironmentLack(
                f"A Dask worker cannot mask ({type(answer).__name__})",
                where=str(address),
                remedy="Install the same testdata-assets on every worker.",
                code="worker-differs",
            )


@contextmanager
def dask_client(executor: str) -> Iterator[Any]:
    """A client of the cluster that `dask://host:port` names, with at least one worker in it.

    Raises:
        EnvironmentLack: The cluster cannot be reached, has no worker, or the extra is not installed.
    """
    try:
        import dask.config
        import distributed
    except ImportError:
        raise EnvironmentLack(
            "Masking on Dask needs a package that is not installed",
            where="TESTDATA_EXECUTOR",
            remedy="pip install testdata-assets[dask]",
            code="extra-missing",
        ) from None
    encrypted = bool(dask.config.get("distributed.comm.require-encryption", None))
    address = executor.replace("dask://", "tls://" if encrypted else "tcp://", 1)
    try:
        make_client: Any = distributed.Client  # has no types
        client = make_client(address, set_as_default=False, timeout=_CONNECT_SECONDS, name="testdata-refresh")
    except (OSError, TimeoutError, ValueError, TypeError) as error:
        raise EnvironmentLack(
            f"The Dask scheduler does not answer ({type(error).__name__})",
            where=executor,
            remedy="Start it (dask scheduler), or correct TESTDATA_EXECUTOR; encrypted clusters need Dask's own TLS "
            "configuration here, too.",
            code="connection-failed",
        ) from None
    try:
        try:
            client.wait_for_workers(1, timeout=_CONNECT_SECONDS)
        except TimeoutError:
            raise EnvironmentLack(
                "The Dask cluster has no worker",
                where=executor,
                remedy=f"Start one: dask worker {executor.removeprefix('dask://')}",
                code="connection-failed",
            ) from None
        yield client
    finally:
        client.close(timeout=5)
