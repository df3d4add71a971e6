"""Large objects of an image: kept ones with their numbers and contents, and empty ones behind blanked columns.

All belong to the owner of the image, so that branches can hand them on with everything else.
"""

from __future__ import annotations

from typing import Any

import psycopg
from psycopg import sql

from testdata_assets.errors import RefusedError
from testdata_assets.masking.plan import ColumnPlan, MaskingPlan
from testdata_assets.masking.transformers.large_object import LargeObject
from testdata_assets.postgres.connections import connect
from testdata_assets.postgres.dsn import Dsn
from testdata_assets.production.catalog import Catalog
from testdata_assets.production.chunk_store import ChunkStore
from testdata_assets.production.large_objects import read_large_objects


def create_large_objects(image: Dsn, catalog: Catalog, store: ChunkStore, plan: MaskingPlan, owner: str) -> int:
    """Creates the large objects that the rules want; call it when the rows are loaded, before constraints.

    Args:
        image: The image's database.
        catalog: The source's, as of the snapshot.
        store: The snapshot's.
        plan: `objects.large_objects` and the columns' transformers decide.
        owner: Role that shall own them.

    Returns:
        How many the image has.

    Raises:
        RefusedError: Fewer came through than the source had.
        ChunkStoreDamaged: The snapshot holds none, or was changed.
    """
    keeps = plan.objects.large_objects == "keep" and catalog.large_objects > 0
    blanked = [(table, column) for table in plan.tables for column in table.columns if _blanks(column)]
    if not keeps and not blanked:
        return 0
    with connect(image, autocommit=True, role="image database") as conn, conn.transaction():
        conn.execute(sql.SQL("SET LOCAL ROLE {}").format(sql.Identifier(owner)))
        if keeps:
            kept = _keep(conn, store)
            if kept != catalog.large_objects:
                raise RefusedError(
                    f"The image has {kept} large objects where the source has {catalog.large_objects}",
                    where="objects.large_objects",
                    remedy="Take a new snapshot: testdata refresh.",
                    code="large-objects-missing",
                )
        for table, column in blanked:
            _create_blank(conn, table.table.name.schema, table.table.name.name, column.column.name)
        row = conn.execute("SELECT count(*) FROM pg_catalog.pg_largeobject_metadata").fetchone()
    return int(row[0]) if row is not None else 0


def _keep(conn: psycopg.Connection[Any], store: ChunkStore) -> int:
    """Writes the snapshot's large objects, block by block through a temporary table."""
    kept = 0
    conn.execute("CREATE TEMPORARY TABLE pieces (number oid, place bigint, data bytea) ON COMMIT DROP")
    for block in read_large_objects(store):
        with conn.cursor() as cursor, cursor.copy("COPY pg_temp.pieces FROM STDIN") as copy:
            copy.write(block)
        # An object's first piece is at place 0, wherever its others are.
        created = conn.execute(
            "SELECT count(pg_catalog.lo_create(number)) FROM pg_temp.pieces WHERE place = 0"
        ).fetchone()
        kept += int(created[0]) if created is not None else 0
        conn.execute("SELECT pg_catalog.lo_put(number, place, data) FROM pg_temp.pieces")
        conn.execute("TRUNCATE pg_temp.pieces")
    return kept


def _blanks(column: ColumnPlan) -> bool:
    plan: ColumnPlan | None = column
    while plan is not None:
        if isinstance(plan.transformer, LargeObject) and plan.transformer.blanks:
            return True
        plan = plan.otherwise
    return False


def _create_blank(conn: psycopg.Connection[Any], schema: str, table: str, column: str) -> None:
    """Creates an empty object for each number in a column that has none yet; 0 is no number of any."""
    conn.execute(
        sql.SQL(
            "SELECT count(pg_catalog.lo_create(number)) FROM ("
            " SELECT DISTINCT {column}::oid AS number FROM ONLY {table} WHERE {column}::oid <> 0"
            " EXCEPT SELECT oid FROM pg_catalog.pg_largeobject_metadata) AS missing"
        ).format(column=sql.Identifier(column), table=sql.Identifier(schema, table))
    )
