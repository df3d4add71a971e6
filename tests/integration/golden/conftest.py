"""A refresh up to its checks, of a source made by a script, as one call."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from psycopg import sql
from pydantic import SecretStr

from testdata_assets.golden import refresh
from testdata_assets.postgres.connections import connect
from testdata_assets.postgres.dsn import Dsn
from testdata_assets.postgres.embedded import EmbeddedServer
from testdata_assets.postgres.places import ensure_database, open_places
from testdata_assets.settings import Settings
from testdata_assets.validation.run import validate_candidate

Judge = Callable[..., list[str]]


@pytest.fixture
def judge(settings: Settings, server: EmbeddedServer, database: Dsn, tmp_path: Path) -> Iterator[Judge]:
    """Masks a source made by a script under the rules of its tables; gives what the failed checks found."""
    name = f"{database.database}_source"

    def judged(script: str, tables: dict[str, Any]) -> list[str]:
        ensure_database(server.dsn(), name)
        with connect(server.dsn(name)) as conn:
            conn.execute(script.encode())
        rules = {"version": 1, "tables": tables, "objects": {"comments": "keep", "large_objects": "keep"}}
        (tmp_path / "masking.yaml").write_text(yaml.safe_dump(rules), encoding="utf-8")
        source = SecretStr(server.dsn(name).secret())
        changed = settings.model_copy(update={"source_dsn": source, "rules_dir": tmp_path})
        places = open_places(changed)
        snapshot = refresh.take_snapshot(changed, places)
        image = refresh.build_image(changed, places, snapshot.snapshot_id)
        try:
            report = validate_candidate(changed, places, image.golden_id)
        finally:
            refresh.reject_image(changed, places, image.golden_id, "test")
        return [
            f"{check.name}: {each.table} {each.column_or_object}: {each.kind} ({each.count})"
            for check in report.checks
            if not check.passed
            for each in check.findings
        ]

    yield judged
    with connect(server.dsn()) as conn:
        conn.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))
