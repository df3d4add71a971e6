"""Large objects of the source: their contents in pieces, as COPY lines, into the encrypted chunk store and out again.

Only taken where the rules keep them. One line is (oid, place of the piece in the object, bytes); an empty object has
one empty piece. Reading needs SELECT on every object, which pg_read_all_data does not include.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import IO

from testdata_assets.postgres.tools import PgTools
from testdata_assets.production.chunk_store import ChunkStore
from testdata_assets.production.snapshot import whole_lines
from testdata_assets.production.source import OpenSource, guard_options

STREAM = "large-objects"
_PIECE_BYTES = 1 << 20
_READ_MODE = 0x40000  # INV_READ of libpq-fs.h
_COPY = f"""COPY (
    SELECT sized.oid, place, pg_catalog.lo_get(sized.oid, place, {_PIECE_BYTES})
    FROM (SELECT oid, pg_catalog.lo_lseek64(pg_catalog.lo_open(oid, {_READ_MODE}), 0, 2) AS size
          FROM pg_catalog.pg_largeobject_metadata OFFSET 0) AS sized
    CROSS JOIN LATERAL pg_catalog.generate_series(0, greatest(sized.size - 1, 0), {_PIECE_BYTES}) AS place
) TO STDOUT"""  # noqa: S608  (numbers of this module only)


def extract_large_objects(source: OpenSource, store: ChunkStore, tools: PgTools) -> int:
    """Reads all large objects under the source's exported snapshot.

    Returns:
        Bytes read, as COPY lines.

    Raises:
        ToolFailed: psql failed, e.g. for want of SELECT on an object.
    """
    arguments = ["-X", "-q", "-v", "ON_ERROR_STOP=1"]
    for statement in (
        "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
        f"SET TRANSACTION SNAPSHOT '{source.exported_snapshot}'",
        _COPY,
        "COMMIT",
    ):
        arguments += ["-c", statement]

    def blocks(pipe: IO[bytes]) -> Iterator[bytes]:
        yield from whole_lines(pipe)

    with tools.stream("psql", source.dsn.with_options(guard_options()), arguments) as pipe:
        return store.write(STREAM, blocks(pipe)).raw_bytes


def read_large_objects(store: ChunkStore) -> Iterator[bytes]:
    """Blocks of whole COPY lines.

    Raises:
        ChunkStoreDamaged: The snapshot was changed, or was taken under rules that did not keep large objects.
    """
    return store.read(STREAM)
