"""Masking one block as a task that may run anywhere: in a thread of this process, or on a Dask worker.

A task names a record of the encrypted chunk store and what becomes of its columns; it holds no key and no row. Whoever
runs it opens the store with its own STORE_KEY and masks with its own MASKING_KEY. The answer is sealed with the
snapshot's data key, so neither a scheduler in between nor a worker's spill folder sees a row, and nobody without that
key can put rows into an image. An answer is a pure function of the task: running it twice does no harm.
"""

from __future__ import annotations

import io
import os
import pickle
import socket
import struct
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from importlib import metadata
from typing import Any

import numpy as np
import polars as pl

from testdata_assets.errors import EnvironmentLack, RefusedError, TestdataError, UsageFault
from testdata_assets.keys import KeyName, key_id, load_key, variable_of
from testdata_assets.masking.change_counts import Ways
from testdata_assets.masking.engine import TableMasker
from testdata_assets.masking.fingerprints import Hashes as Fingerprints
from testdata_assets.masking.fingerprints import fingerprint
from testdata_assets.masking.keyring import Hashes, KeyRing
from testdata_assets.masking.plan import masking_data_version
from testdata_assets.masking.plan_models import TablePlan
from testdata_assets.masking.sensitive import member_hashes, members_of
from testdata_assets.masking.transformers import registry
from testdata_assets.production.chunk_store import ChunkStore, RecordPlace
from testdata_assets.settings import Settings, load_settings
from testdata_assets.unexpected import UnexpectedError, is_transient, without_message

_SEED_MASK = (1 << 63) - 1
_HEADER = struct.Struct("<Q")


@dataclass(frozen=True)
class BlockTask:
    """One block to mask, without anything secret.

    Attributes:
        location: Folder or URL of the chunk store.
        snapshot_id: The snapshot.
        stream: Its stream.
        record: Where in the stream.
        plan: What becomes of the table's columns.
        sample_every: Draw one raw row in so many for the profile.
        number: Of the block in its table; the draw hangs on it.
        masking_key_id: Names the masking key that must be used.
        previous_key_id: Names the key before it, while keys are rotated.
        held: Domains that mask under that one.
        store_key_id: Names the key that must open the store.
        version: Of code and frozen data that masks hang on.
        run: Tells one building of an image from another of the same snapshot, be it by other rules or keys.
    """

    location: str
    snapshot_id: str
    stream: str
    record: RecordPlace
    plan: TablePlan
    sample_every: int
    number: int
    masking_key_id: str
    store_key_id: str
    version: str
    previous_key_id: str | None = None
    held: frozenset[str] = frozenset()
    run: str = ""

    @property
    def purpose(self) -> str:
        """What an answer to this task is sealed for."""
        return f"answer {self.run} {self.stream} {self.record.number}"


@dataclass
class BlockAnswer:
    """What came of a block: rows for the image, and findings without raw values but for the sample.

    Attributes:
        data: Masked COPY lines.
        rows: Lines in it.
        left_out: Rows that the table's filter left out.
        sample: Some raw rows, decoded, for the profile.
        null_counts: NULLs in each column; None if the block was relayed.
        sensitive: Fingerprints by column.
        kept: Fingerprints by column of values that a rule with a condition keeps.
        changes: By column, for each of its ways.
        seconds: What decoding, masking and encoding took, on the clock.
    """

    data: bytes
    rows: int
    left_out: int = 0
    sample: pl.DataFrame | None = None
    null_counts: dict[str, int] | None = None
    sensitive: dict[str, Fingerprints] = field(default_factory=dict)
    kept: dict[str, Fingerprints] = field(default_factory=dict)
    changes: dict[str, Ways] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class TaskFailure:
    """A refusal as plain values: exceptions would be logged by the worker, message and all.

    Attributes:
        kind: Name of the error's base class.
        transient: Whether another try may succeed.
    """

    kind: str
    what: str
    where: str
    remedy: str
    code: str
    transient: bool

    @classmethod
    def of(cls, error: TestdataError) -> TaskFailure:
        kind = next(name for name, base in _KINDS.items() if isinstance(error, base))
        return cls(kind, error.what, error.where, error.remedy, error.error_code, is_transient(error))

    def error(self) -> TestdataError:
        """The error again, to be raised on this side."""
        if self.kind == "UnexpectedError":
            return UnexpectedError(self.what, where=self.where, transient=self.transient)
        kind: type[TestdataError] = _KINDS[self.kind]
        return kind(self.what, where=self.where, remedy=self.remedy, code=self.code)


_KINDS: dict[str, Any] = {
    "UnexpectedError": UnexpectedError,
    "UsageFault": UsageFault,
    "EnvironmentLack": EnvironmentLack,
    "RefusedError": RefusedError,
    "TestdataError": TestdataError,
}


def fingerprint_seed(store: ChunkStore) -> int:
    """The seed of a snapshot's fingerprints: whoever can read the snapshot derives it, it is never sent."""
    return int.from_bytes(store.secret("leak fingerprints", 8), "little") & _SEED_MASK


def code_version() -> str:
    """What must agree between two machines for equal values to get equal masks."""
    versions = [f"{name} {metadata.version(name)}" for name in ("testdata-assets", "polars", "polars-hash")]
    return ", ".join([*versions, masking_data_version()])


def mask_block(store: ChunkStore, masker: TableMasker, task: BlockTask, seed: int) -> BlockAnswer:
    """Reads and masks a block; raw values leave only as fingerprints and in the profile's sample."""
    # Handed over without a name here, so that the masker may let go of the block once it is decoded.
    masked = masker.mask(store.read_record(task.stream, task.record), task.sample_every, task.number)
    sensitive = {column: fingerprint(values, seed) for column, values in masked.sensitive.items()}
    for column in masker.shared & masked.sensitive.keys():
        where = f"{masker.plan.table.rule_table}.{column}"
        sensitive[members_of(column)] = member_hashes(masked.sensitive[column], seed, where)
    return BlockAnswer(
        masked.data,
        masked.rows,
        masked.left_out,
        masked.sample,
        masked.null_counts,
        sensitive,
        {column: fingerprint(values, seed) for column, values in masked.kept.items()},
        masked.changes,
        masked.seconds,
    )


# -- on the worker -------------------------------------------------------------------------------------------------


def run_sealed(pickled: bytes) -> bytes | TaskFailure:
    """Runs a task with this process's own keys.

    Args:
        pickled: A `BlockTask`.

    Returns:
        The sealed answer, or why there is none; nothing is raised, since Dask logs what is raised.
    """
    try:
        task: BlockTask = pickle.loads(pickled)  # noqa: S301  comes from our own scheduler, which runs any code anyway
    except Exception as error:  # noqa: BLE001  whatever a missing or different package raises
        return TaskFailure.of(
            EnvironmentLack(
                f"The worker cannot read its task ({type(error).__name__})",
                where=worker_name(),
                remedy="Install the same testdata-assets there, and every package that the rules' own transformers "
                "come from.",
                code="worker-differs",
            )
        )
    try:
        return _run(task)
    except TestdataError as error:
        return TaskFailure.of(error)
    except Exception as error:  # noqa: BLE001  its message may quote a row
        return TaskFailure.of(without_message(error))


def check_worker(
    masking_key_id: str,
    store_key_id: str,
    version: str,
    previous_key_id: str | None = None,
    own_code: Mapping[str, str] | None = None,
) -> TaskFailure | None:
    """Whether this process could run the tasks of such a refresh; None if so."""
    try:
        _require(masking_key_id, store_key_id, version)
        _require_code(own_code or {})
        if previous_key_id is not None:
            _KEYS.key("masking_previous", previous_key_id)
    except TestdataError as error:
        return TaskFailure.of(error)
    except Exception as error:  # noqa: BLE001  Dask would log its message
        return TaskFailure.of(without_message(error))
    return None


def worker_name() -> str:
    """This process, as an operator would look for it."""
    return f"worker process {os.getpid()} on {socket.gethostname()}"


def _require(masking_key_id: str, store_key_id: str, version: str) -> tuple[bytes, bytes]:
    """Masking key and store key of those ids, in a process that masks alike."""
    if version != code_version():
        raise EnvironmentLack(
            "The worker runs another version, which might mask differently",
            where=worker_name(),
            remedy=f"Install {version.partition(', data ')[0]} there, as the refresh has.",
            code="worker-differs",
        )
    return _KEYS.key("masking", masking_key_id), _KEYS.key("store", store_key_id)


def _require_code(own_code: Mapping[str, str]) -> None:
    """Users' transformers must be the refresh's own, line by line: a version number says nothing of them."""
    for name, digest in own_code.items():
        try:
            ours = registry.fingerprint(name)
        except UsageFault:
            ours = None
        if ours != digest:
            raise EnvironmentLack(
                f"The worker has {'another version of' if ours else 'no'} transformer {name}",
                where=worker_name(),
                remedy="Install the code there that the refresh has, then start the worker anew.",
                code="worker-differs",
            )


def _run(task: BlockTask) -> bytes:
    masking_key, store_key = _require(task.masking_key_id, task.store_key_id, task.version)
    _require_code(task.plan.own_code)
    store = _open(task, store_key)
    # No memo across tasks: an answer must not lack the fingerprints that another, perhaps lost, answer held.
    previous = _KEYS.key("masking_previous", task.previous_key_id) if task.previous_key_id else None
    masker = TableMasker(task.plan, Hashes(KeyRing(masking_key, previous, task.held)))
    return seal_answer(store, task, mask_block(store, masker, task, fingerprint_seed(store)))


def _open(task: BlockTask, store_key: bytes) -> ChunkStore:
    try:
        return ChunkStore.open(task.location, task.snapshot_id, store_key)
    except RefusedError as error:
        if error.error_code != "snapshot-dropped":
            raise
        raise EnvironmentLack(
            "The worker does not see the snapshot",
            where=f"{worker_name()}: {task.location}",
            remedy="Set TESTDATA_CHUNK_STORE of the refresh to s3://bucket/prefix, or to a folder that all workers "
            "share under the same path.",
            code="worker-lacks-store",
        ) from None


class _WorkerKeys:
    """This process's keys, kept once read, since reading one may run a vault's command."""

    def __init__(self, read_settings: Callable[[], Settings] = load_settings) -> None:
        self._read_settings = read_settings
        self._lock = threading.Lock()
        self._known: dict[KeyName, bytes] = {}

    def key(self, name: KeyName, wanted_id: str) -> bytes:
        """The key of that id.

        Raises:
            EnvironmentLack: This process has none, or another one.
        """
        with self._lock:
            known = self._known.get(name)
            if known is None or key_id(known) != wanted_id:  # rotated since
                try:
                    known = self._known[name] = load_key(self._read_settings(), name)
                except EnvironmentLack as error:
                    error.where = f"{worker_name()}: {error.where}"
                    raise
        if key_id(known) != wanted_id:
            raise EnvironmentLack(
                f"The worker has {name} key {key_id(known)}, the refresh has {wanted_id}",
                where=worker_name(),
                remedy=f"Give the worker the same {variable_of(name)} as the refresh, then start it anew.",
                code="worker-key-differs",
            )
        return known


_KEYS = _WorkerKeys()


# -- answers on their way -----------------------------------------------------------------------------------------


def seal_answer(store: ChunkStore, task: BlockTask, answer: BlockAnswer) -> bytes:
    """An answer as bytes that only the holder of the snapshot's data key can read."""
    buffer = io.BytesIO()
    if answer.sample is not None:
        answer.sample.write_ipc_stream(buffer)
    findings = pickle.dumps(
        replace(answer, data=b"", sample=None), protocol=pickle.HIGHEST_PROTOCOL
    )  # of our own making and authenticated: safe to load again
    sample = buffer.getvalue()
    parts = [_HEADER.pack(len(findings)), findings, _HEADER.pack(len(sample)), sample, answer.data]
    return store.seal_message(task.purpose, b"".join(parts))


def open_answer(store: ChunkStore, task: BlockTask, sealed: bytes) -> BlockAnswer:
    """Reads what `seal_answer` sealed for the same task.

    Raises:
        ChunkStoreDamaged: It is not an answer to this task.
    """
    whole = memoryview(store.open_message(task.purpose, sealed))
    findings, rest = _cut(whole)
    sample, data = _cut(rest)
    answer: BlockAnswer = pickle.loads(findings)  # noqa: S301  sealed by a holder of the data key
    answer.sensitive = {column: np.asarray(hashes, np.uint64) for column, hashes in answer.sensitive.items()}
    answer.sample = pl.read_ipc_stream(bytes(sample)) if len(sample) else None
    answer.data = bytes(data)
    return answer


def _cut(view: memoryview) -> tuple[memoryview, memoryview]:
    (length,) = _HEADER.unpack(view[: _HEADER.size])
    return view[_HEADER.size : _HEADER.size + length], view[_HEADER.size + length :]
