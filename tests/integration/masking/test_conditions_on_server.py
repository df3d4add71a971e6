"""Conditions choose the rows that Postgres itself would choose, in the texts that a snapshot holds."""

from __future__ import annotations

import polars as pl
import pytest

from testdata_assets.masking import copy_text
from testdata_assets.masking.block_rows import BlockRows, FrameLines
from testdata_assets.masking.conditions import Condition
from testdata_assets.postgres.connections import connect
from testdata_assets.postgres.dsn import Dsn
from testdata_assets.production.source import open_source

VALUES = {
    "inet": ["10.0.0.1", "10.0.0.1/8", "::1", "::", "::ffff:1.2.3.4", "::1:2", "1:0:0:2::3", "fe80::1/64"],
    "cidr": ["10.0.0.0/8", "10.0.0.1", "2001:db8::/32", "::/0"],
    "macaddr": ["08:00:2b:01:02:03", "08002b010204"],
    "macaddr8": ["08:00:2b:01:02:03:04:05"],
    "money": ["0", "-1234.5", "1234567.89", "0.01"],
    "numeric": ["1234567890123456.78", "1e-20", "100", "0.10"],
    "numeric(10,2)": ["7", "0", "-0.5"],
    "int8": ["9223372036854775807", "-7"],
    "float8": ["0.1", "1e300"],
    "bytea": ["\\x00ff", "abc"],
    "mood": ["glad", "sad"],
    "bit(3)": ["101", "010"],
}


@pytest.mark.parametrize("kind", VALUES)
def test_every_value_is_found_as_written_and_as_printed(database: Dsn, kind: str) -> None:
    with connect(database) as conn:
        conn.execute("CREATE TYPE mood AS ENUM ('glad', 'sad')")
        conn.execute(f"CREATE TABLE t (v {kind})".encode())
        with conn.cursor() as cursor:
            cursor.executemany(f"INSERT INTO t VALUES (%s::text::{kind})".encode(), [(each,) for each in VALUES[kind]])
    with open_source(database) as source:
        table = source.catalog.tables[0]
        columns = {each.name: each for each in table.columns}
        printed = [row[0] for row in source.conn.execute("SELECT format('%s', v) FROM public.t ORDER BY ctid")]
    rows = BlockRows(FrameLines(pl.DataFrame({"v": copy_text.escape(pl.Series(printed))})))
    for place, (text, shown) in enumerate(zip(VALUES[kind], printed, strict=True)):
        for literal in {shown, *([text] if kind not in ("numeric", "bytea", "float8") else [])}:
            condition = Condition.parse(f"v == '{literal}'")
            assert condition.problems(columns) == (), literal
            assert condition.evaluate(rows, columns).to_list() == [at == place for at in range(len(printed))], literal
