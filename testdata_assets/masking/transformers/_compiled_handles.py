"""E-mail addresses and user names by kernels: batches, draws, and each host hashed once."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from types import ModuleType

import numpy as np
from numpy.typing import NDArray

from testdata_assets.masking.hashing import KeyedHash, Words, read_only
from testdata_assets.masking.kernels.texts import Bytes, Masks, Places
from testdata_assets.masking.pools import SCRIPTS, Pools, pools
from testdata_assets.masking.text_arrays import bytes_to_series
from testdata_assets.masking.transformers._addresses import AddressStyle
from testdata_assets.masking.transformers._handles import HASH_CHARACTERS, WORD_CHARACTERS
from testdata_assets.masking.transformers.base import MaskContext

_BATCH = 8192  # values
_BATCH_BYTES = 1 << 18  # of these; a single value may have more
_SPARE = 8
_MOST_CELLS = 1 << 16  # of the table of hosts: it stays in the processor's cache
_LONGEST_LOCAL = WORD_CHARACTERS + 1 + HASH_CHARACTERS + len("+abc@")
_UNLIMITED = 1 << 30


@dataclass(frozen=True)
class Handles:
    """What to mask, and how.

    Attributes:
        addresses: Hash of the addresses among the values; None leaves them out.
        names: Hash of all else; None leaves that out.
        style: Of addresses.
    """

    addresses: KeyedHash | None
    names: KeyedHash | None = None
    style: AddressStyle = field(default_factory=AddressStyle)

    def masks(self, kernels: ModuleType, data: Bytes, offsets: Places, context: MaskContext) -> Masks | None:
        """Masks the values that `kernels.emails` knows how to read; None if that is none for sure."""
        if not len(data):
            return None
        return _Run(self, kernels, read_only(data), read_only(offsets), context).masks()

    def draws(self, data: Bytes, starts: Places, lengths: Places, host_of: NDArray[np.int32]) -> tuple[Words, Words]:
        """Two words per value: by the hash of addresses for those, by that of names for the others."""
        if self.addresses is None or self.names is None:
            keyed = self.addresses or self.names
            assert keyed is not None  # noqa: S101 - whoever builds this gives one
            return _contiguous(keyed.draws_of(data, starts, lengths))
        result = np.empty(len(starts), np.uint64), np.empty(len(starts), np.uint64)
        for keyed, flags in ((self.addresses, host_of >= 0), (self.names, host_of < 0)):
            rows = np.flatnonzero(flags)
            if len(rows):
                result[0][rows], result[1][rows] = keyed.draws_of(data, starts[rows], lengths[rows])
        return result


class _Run:
    """One column's values on their way through the kernels, batch by batch."""

    def __init__(
        self, handles: Handles, kernels: ModuleType, data: Bytes, offsets: Places, context: MaskContext
    ) -> None:
        self.handles, self.kernels, self.data, self.offsets = handles, kernels, data, offsets
        self.folds = context.fold_case
        self.limit = _UNLIMITED if context.max_length is None else context.max_length
        self.hosts = _Hosts.of(handles, kernels, data, len(offsets) - 1)
        size = min(len(offsets) - 1, _BATCH)
        self.rows: Places = np.empty(size, np.int64)
        self.shapes: Bytes = np.empty(size * kernels.SHAPE, np.uint8)
        self.host_of: NDArray[np.int32] = np.empty(size, np.int32)
        self.classes: Bytes = np.empty(_BATCH_BYTES + _SPARE, np.uint8)
        self.lowered: Bytes = np.empty(_BATCH_BYTES + _SPARE, np.uint8)

    def masks(self) -> Masks:
        count = len(self.offsets) - 1
        room = count * (_LONGEST_LOCAL + self.hosts.size) + self.kernels.MARGIN
        if self.handles.style.kept_domains:
            room += len(self.data)
        target: Bytes = np.empty(room, np.uint8)
        offsets: Places = np.zeros(count + 1, np.int64)
        done = np.zeros(count, np.bool_)
        end = 0
        first = 0
        while first < count:
            most = int(np.searchsorted(self.offsets, self.offsets[first] + _BATCH_BYTES, side="right")) - 1
            last = min(first + _BATCH, max(most, first + 1), count)
            end = self._mask(slice(first, last + 1), (target, end, offsets[first : last + 1], done[first:last]))
            first = last
        return Masks(target[:end], offsets, done)

    def _mask(self, edges: slice, output: tuple[Bytes, int, Places, NDArray[np.bool_]]) -> int:
        offsets = self.offsets[edges]
        takes = self.handles.addresses is not None, self.hosts.numbered, self.handles.names is not None
        begin, end = int(offsets[0]), int(offsets[-1])
        if end - begin + _SPARE > len(self.classes):
            self.classes, self.lowered = np.empty((2, end - begin + _SPARE), np.uint8)
        self.kernels.classify(self.data, begin, end, self.classes, self.lowered)
        texts = self.data, offsets, self.classes, self.lowered
        notes = self.rows, self.shapes, self.host_of
        found, known = self.kernels.read(*texts, takes, self.folds, *notes, *self.hosts.table)
        self.hosts.learn(known)
        rows, shapes = self.rows[:found], self.shapes[: found * self.kernels.SHAPE]
        host_of = self.host_of[:found]
        starts = offsets[rows]
        draws = self.handles.draws(self.data, starts, offsets[rows + 1] - starts, host_of)
        return int(
            self.kernels.write(
                self.data,
                offsets,
                rows,
                shapes,
                host_of,
                *self.hosts.masked,
                draws,
                *_word_table(),
                self.limit,
                *output,
            )
        )


@dataclass
class _Hosts:
    """The hosts met so far, and their masks.

    Attributes:
        handles, kernels: As above.
        numbered: Whether masks hang on hosts.
        size: Bytes of each mask.
        cells, names, offsets, count: See `kernels.emails.read`.
        kept: For each host whether it stays.
        texts: Masks, see `kernels.emails.write`.
    """

    handles: Handles
    kernels: ModuleType
    numbered: bool
    size: int
    cells: NDArray[np.int32]
    names: Bytes
    offsets: Places
    kept: Bytes
    texts: Words
    count: int = 0

    @classmethod
    def of(cls, handles: Handles, kernels: ModuleType, data: Bytes, count: int) -> _Hosts:
        style = handles.style
        numbered = style.mail_domain is None or bool(style.kept_domains)
        most = count if numbered else 1
        text = np.zeros(0, np.uint64)
        if style.mail_domain is not None:
            text = np.frombuffer(style.mail_domain.encode().ljust(256, b"\0"), "<u8").astype(np.uint64)
        size = kernels.HOST if style.mail_domain is None else len(style.mail_domain)
        words = -(-size // 8)
        return cls(
            handles,
            kernels,
            numbered,
            size,
            cells=np.zeros(min(1 << (2 * most - 1).bit_length(), _MOST_CELLS), np.int32),
            names=np.empty((len(data) if numbered else 0) + 8, np.uint8),
            offsets=np.zeros(most + 1, np.int64),
            kept=np.zeros(most, np.uint8),
            texts=np.empty(most * words, np.uint64) if style.mail_domain is None else np.tile(text[:words], most),
        )

    @property
    def table(self) -> tuple[NDArray[np.int32], Bytes, Places, int]:
        return self.cells, self.names, self.offsets, self.count

    @property
    def masked(self) -> tuple[Bytes, Words, int]:
        return self.kept, self.texts, self.size

    def learn(self, count: int) -> None:
        """Masks the hosts met since; there are now as many."""
        fresh = slice(self.count, count)
        self.count = count
        offsets = self.offsets[fresh.start : fresh.stop + 1]
        style = self.handles.style
        if fresh.start == fresh.stop or self.handles.addresses is None:
            return
        if style.kept_domains:
            names = bytes_to_series(self.names[offsets[0] : offsets[-1]], offsets - offsets[0])
            self.kept[fresh] = names.is_in(sorted(style.kept_domains)).to_numpy()
        if style.mail_domain is None:
            draws = self.handles.addresses.for_purpose("host").draws_of(self.names, offsets[:-1], np.diff(offsets))
            self.kernels.write_hosts(*_contiguous(draws), self.texts[3 * fresh.start : 3 * fresh.stop])


def _contiguous(draws: tuple[Words, Words]) -> tuple[Words, Words]:
    """Kernels are compiled for contiguous arrays only."""
    return np.ascontiguousarray(draws[0]), np.ascontiguousarray(draws[1])


@cache
def _word_table() -> tuple[Words, Bytes, Words]:
    """Latin first words by eight bytes each, how many of those count, and the ranges for each wanted length."""
    pool = int(Pools.number("first", np.array([SCRIPTS.index("latin")]))[0])
    wanted = slice(3, WORD_CHARACTERS + 1)
    first, count = pools().first[pool, wanted], pools().count[pool, wanted]
    base, end = int(first.min()), int((first + count).max())
    begins = pools().words.offsets[base:end]
    codes = np.append(pools().words.codes, np.zeros(8, np.int32))
    words = codes[begins[:, None] + np.arange(8)].astype(np.uint8)
    lengths = np.minimum(pools().length[base:end], WORD_CHARACTERS).astype(np.uint8)
    ranges = np.stack((first - np.uint64(base), count), axis=1)
    return words.reshape(-1).view("<u8").astype(np.uint64), lengths, np.ascontiguousarray(ranges).reshape(-1)
