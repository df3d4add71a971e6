"""The attestation of a real refresh: all that it has to say, the commands that read it, the daily job."""

from __future__ import annotations

import json
import secrets
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
import yaml
from psycopg import sql

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
from sources import catalog_of, rules_keeping_all

from testdata_assets.cli.main import run
from testdata_assets.golden import attest, refresh
from testdata_assets.golden.registry import GoldenImage, GoldenRegistry
from testdata_assets.orchestration import alerts
from testdata_assets.orchestration.jobs import verify_golden_images
from testdata_assets.orchestration.resources import workplace_resource
from testdata_assets.postgres.connections import connect
from testdata_assets.postgres.control import connect_control
from testdata_assets.postgres.embedded import EmbeddedServer
from testdata_assets.postgres.places import Places, open_places
from testdata_assets.settings import Settings

CHECKS = [
    {"name": "row_counts", "passed": True, "severity": "error", "summary": "2 tables", "details": {"tables": 2}},
    {"name": "distribution_drift", "passed": False, "severity": "warning", "summary": "1 moved", "details": {}},
]


@pytest.fixture
def deployment(settings: Settings, server: EmbeddedServer, tmp_path: Path) -> Iterator[tuple[Settings, Places]]:
    name = f"source_{secrets.token_hex(4)}"
    with connect(server.dsn()) as conn:
        conn.execute(sql.SQL("CREATE DATABASE {} TEMPLATE template0").format(sql.Identifier(name)))
        with connect(server.dsn(name)) as filling:
            filling.execute("CREATE TABLE people (id int PRIMARY KEY, email text, born date)")
            filling.execute(
                "INSERT INTO people SELECT i, md5(i::text) || '@example.net', '1980-01-01'"
                " FROM generate_series(1, 40000) AS i"
            )
            filling.execute("CREATE TABLE nothing ()")
            filling.execute("CREATE TABLE parts (kind int, note text) PARTITION BY LIST (kind)")
            filling.execute("CREATE TABLE part_one PARTITION OF parts FOR VALUES IN (1)")
            filling.execute("INSERT INTO parts SELECT 1, 'tab' || chr(9) || i FROM generate_series(1, 10) i")
        rules = rules_keeping_all(catalog_of(server.dsn(name)), {("public.people", "email"): "hash"})
        (tmp_path / "masking.yaml").write_text(yaml.safe_dump(rules), encoding="utf-8")
        changed = settings.model_dump() | {"source_dsn": server.dsn(name).secret(), "rules_dir": tmp_path}
        made = Settings.model_validate(changed)
        yield made, open_places(made)
        conn.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


@pytest.fixture
def published(deployment: tuple[Settings, Places]) -> Iterator[GoldenImage]:
    settings, places = deployment
    snapshot = refresh.take_snapshot(settings, places)
    candidate = refresh.build_image(settings, places, snapshot.snapshot_id)
    docs = settings.state_dir / "data_docs" / candidate.golden_id
    docs.mkdir(parents=True)
    (docs / "index.html").write_text("<p>all checks</p>", encoding="utf-8")
    with connect_control(places.control) as control:
        GoldenRegistry(control).checked(candidate.golden_id, CHECKS, {"image": {}}, {"validate": 1.0})
    image = refresh.publish_image(settings, places, candidate.golden_id)
    yield image
    refresh.ImageDatabase(places.server, image.database_name, image.owner_role).drop()


@pytest.fixture
def command(
    deployment: tuple[Settings, Places], monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> Any:
    """Runs a command with `--json` and returns its exit status and document."""
    for name, value in deployment[0].model_dump(exclude_defaults=True).items():
        text = value.get_secret_value() if hasattr(value, "get_secret_value") else str(value)
        monkeypatch.setenv(f"TESTDATA_{name.upper()}", text)

    def call(*words: str) -> tuple[int, Any]:
        capfd.readouterr()
        status = run([*words, "--json"])
        return status, json.loads(capfd.readouterr().out)

    return call


def test_the_attestation_says_all_that_it_has_to(
    deployment: tuple[Settings, Places], published: GoldenImage, command: Any
) -> None:
    settings, places = deployment
    told = attest.verify(published.attestation, attest.trusted_by(settings), published.golden_id)
    with connect_control(places.control) as control:
        snapshot = GoldenRegistry(control).snapshot(published.snapshot_id)
    assert told["golden_id"] == published.golden_id
    assert (told["snapshot_id"], told["snapshot_taken_at"]) == (snapshot.snapshot_id, snapshot.created_at.isoformat())
    assert told["source_fingerprint"] == snapshot.source_fingerprint
    assert told["rules_digest"] == published.rules_digest
    assert told["key_id"] == published.key_id
    assert told["code_version"]
    assert told["seal"]["system_identifier"] == published.system_identifier
    assert told["seal"]["database_oid"] == published.database_oid
    assert told["row_counts"] == {"public.nothing": 0, "public.part_one": 10, "public.people": 40000}
    assert told["checks"] == CHECKS
    assert len(told["data_docs"]) == 64
    assert set(told["content"]["relations"]) == {"public.nothing", "public.part_one", "public.people"}
    assert told["seal"]["files"]["count"] > 200
    assert "pg_description" in told["seal"]["catalogs"]
    (people,) = [each for each in told["plan"]["tables"] if each["table"] == "public.people"]
    assert {each["column"]: each["transformer"] for each in people["columns"]} == {
        "id": "keep",
        "email": "hash",
        "born": "keep",
    }
    assert published.seconds["attest"] > 0

    status, document = command("golden", "verify", published.golden_id)
    assert (status, document["passed"], document["problems"], document["tables"]) == (0, True, [], 3)
    status, document = command("golden", "report", published.golden_id)
    assert status == 0
    page, text = Path(document["html"]).read_text(), Path(document["markdown"]).read_text()
    assert document["attested"] is True
    assert "public.people.email" in page
    assert "distribution\\_drift" in text
    with connect(places.source) as conn:
        emails = [row[0] for row in conn.execute("SELECT email FROM people LIMIT 1000")]
    assert not any(email in page or email in text for email in emails)


def test_a_changed_row_fails_the_command_and_the_daily_job_and_raises_one_alert(
    deployment: tuple[Settings, Places], published: GoldenImage, command: Any
) -> None:
    settings, places = deployment
    resources = {"workplace": workplace_resource(lambda: settings)}
    assert verify_golden_images.execute_in_process(resources=resources).success
    with connect(places.server) as conn:
        name = sql.Identifier(published.database_name)
        conn.execute(sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS true").format(name))
        with connect(places.server.with_database(published.database_name)) as inside:
            inside.execute("UPDATE people SET born = '1980-01-02' WHERE id = 39999")
        conn.execute(sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS false").format(name))
        conn.execute("CHECKPOINT")
    status, document = command("golden", "verify", published.golden_id)
    assert status == 1
    assert document["passed"] is False
    assert "the contents of public.people are not those attested" in document["problems"]
    assert document["error"]["code"] == "verification-failed"
    for _ in range(2):
        found = verify_golden_images.execute_in_process(resources=resources, raise_on_error=False)
        assert not found.success
        (failure,) = [event for event in found.all_events if event.event_type == dg.DagsterEventType.STEP_FAILURE]
        assert "1980" not in str(failure)
    with connect_control(places.control) as control:
        rows = control.execute("SELECT kind, subject, message FROM testdata.alerts").fetchall()
    assert [(row["kind"], row["subject"]) for row in rows] == [(alerts.IMAGE_TAMPERED, published.golden_id)]
    status, document = command("branch", "create", "never")
    assert status == 1
    assert "golden verify" in document["error"]["message"] or "not as attested" in document["error"]["message"]


def test_changed_data_docs_are_found_and_missing_ones_are_noted(
    deployment: tuple[Settings, Places], published: GoldenImage, command: Any
) -> None:
    folder = deployment[0].state_dir / "data_docs" / published.golden_id
    (folder / "index.html").write_text("<p>all is well</p>", encoding="utf-8")
    status, document = command("golden", "verify", published.golden_id)
    assert (status, document["problems"]) == (1, ["its Data Docs are not the attested ones"])
    (folder / "index.html").unlink()
    folder.rmdir()
    status, document = command("golden", "verify", published.golden_id)
    assert (status, document["problems"], len(document["notes"])) == (0, [], 1)


def test_commands_name_an_unknown_image(deployment: tuple[Settings, Places], command: Any) -> None:
    for words in (("golden", "verify", "g-none"), ("golden", "report", "g-none")):
        status, document = command(*words)
        assert (status, document["error"]["code"]) == (1, "unknown-id")
