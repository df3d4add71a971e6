"""Images masked as the rules say pass every check, whatever oddities the data has."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from psycopg import sql

from testdata_assets.golden import refresh
from testdata_assets.postgres.connections import connect
from testdata_assets.postgres.dsn import Dsn
from testdata_assets.postgres.embedded import EmbeddedServer
from testdata_assets.postgres.places import ensure_database, open_places
from testdata_assets.settings import Settings
from testdata_assets.validation.report import ValidationReport
from testdata_assets.validation.run import validate_candidate

Judge = Callable[[str, dict[str, Any]], ValidationReport]


@pytest.fixture
def judge(settings: Settings, server: EmbeddedServer, database: Dsn, tmp_path: Path) -> Iterator[Judge]:
    """Masks a source made by a script under the rules of its tables, and validates the image."""
    name = f"{database.database}_source"

    def judged(script: str, tables: dict[str, Any]) -> ValidationReport:
        ensure_database(server.dsn(), name)
        source = server.dsn(name)
        with connect(source) as conn:
            conn.execute(script.encode())
        rules = {"version": 1, "tables": tables, "objects": {"comments": "keep", "large_objects": "keep"}}
        (tmp_path / "masking.yaml").write_text(yaml.safe_dump(rules), encoding="utf-8")
        changed = settings.model_copy(update={"source_dsn": _secret(source), "rules_dir": tmp_path})
        places = open_places(changed)
        snapshot = refresh.take_snapshot(changed, places)
        image = refresh.build_image(changed, places, snapshot.snapshot_id)
        try:
            return validate_candidate(changed, places, image.golden_id)
        finally:
            refresh.reject_image(changed, places, image.golden_id, "test")

    yield judged
    with connect(server.dsn()) as conn:
        conn.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


def _secret(dsn: Dsn) -> Any:
    from pydantic import SecretStr

    return SecretStr(dsn.secret())


def problems(report: ValidationReport) -> list[str]:
    return [
        f"{check.name}: {each.table} {each.column_or_object} {each.kind} ({each.count})"
        for check in report.checks
        if not check.passed
        for each in check.findings
    ]


PAY = """
CREATE TABLE pay (id int PRIMARY KEY, bonus numeric(8,2), factor float8, born date, picture bytea, ip inet, since date);
INSERT INTO pay SELECT i, CASE WHEN i % 10 = 0 THEN 0 ELSE 100 + i END,
    CASE i % 9 WHEN 0 THEN 'NaN' WHEN 1 THEN 'Infinity' ELSE i / 7.0 END,
    CASE WHEN i % 5 = 0 THEN 'infinity' ELSE date '1950-01-01' + 9 * i END,
    CASE WHEN i % 4 = 0 THEN '' ELSE decode(md5(i::text), 'hex') END,
    CASE WHEN i % 6 = 0 THEN '::1' ELSE '100.20.' || i % 250 || '.' || i % 199 END::inet,
    CASE WHEN i % 3 = 0 THEN '-infinity' ELSE date '2020-01-01' + i END
FROM generate_series(1, 500) i;
CREATE TABLE one_row (salary int NOT NULL);
INSERT INTO one_row VALUES (0);
"""
PAY_RULES = {
    "public.pay": {
        "id": "keep",
        "bonus": {"transform": "number_noise", "ratio": 0.1},
        "factor": {"transform": "number_noise", "ratio": 0.1},
        "born": "birth_date",
        "picture": "image_blank",
        "ip": "ip",
        "since": {"transform": "date_shift", "entity": "id"},
    },
    "public.one_row": {"salary": {"transform": "number_noise", "ratio": 0.1}},
}


def test_values_that_stay_by_design_are_no_unchanged_values(judge: Judge) -> None:
    assert problems(judge(PAY, PAY_RULES)) == []
