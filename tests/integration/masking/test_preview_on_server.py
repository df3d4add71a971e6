"""`testdata preview` and `rules explain` over the sample shop on a real server: nothing raw comes out unasked."""

from __future__ import annotations

import itertools
import json
import re
import secrets
import stat
from collections.abc import Iterator
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from psycopg import sql

from testdata_assets.cli import main
from testdata_assets.errors import EnvironmentLack
from testdata_assets.masking.plan import MaskingPlan, compile_plan
from testdata_assets.masking.rule_models import ColumnRef
from testdata_assets.masking.rules import load_rules
from testdata_assets.masking.transformers.base import Coincidence
from testdata_assets.postgres.connections import connect
from testdata_assets.postgres.dsn import Dsn
from testdata_assets.postgres.embedded import EmbeddedServer
from testdata_assets.postgres.identifiers import TableName
from testdata_assets.production.catalog_reader import read_catalog
from testdata_assets.production.few_rows import few_rows
from testdata_assets.production.source import open_source
from testdata_assets.synthesis.sample_shop import create_sample

ROOT = Path(__file__).resolve().parents[3]
KEY = "1f" * 32
PROSE = re.compile(r"<[^>]*>")


@pytest.fixture(scope="module")
def shop(server: EmbeddedServer) -> Iterator[Dsn]:
    name = f"shop_{secrets.token_hex(4)}"
    with connect(server.dsn()) as admin:
        admin.execute(sql.SQL("CREATE DATABASE {} TEMPLATE template0").format(sql.Identifier(name)))
        create_sample(server.dsn(name), scale=0.05)
        with connect(server.dsn(name), autocommit=True) as conn:
            # Else autovacuum gives back the empty pages that loading left, between two looks that tests compare.
            conn.execute("VACUUM ANALYZE")
        yield server.dsn(name)
        admin.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


@pytest.fixture
def environment(shop: Dsn, server: EmbeddedServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {
        "HOME": str(tmp_path / "state"), "SOURCE_DSN": shop.secret(),
        "SERVER_DSN": server.dsn().secret(),
        "CONTROL_DSN": server.dsn().secret(),
        "MASKING_KEY": KEY, "RULES_DIR": str(ROOT / "rules"), "PG_BIN": str(server.bin_dir),
    }.items():  # fmt: skip
        monkeypatch.setenv(f"TESTDATA_{name}", value)


@pytest.fixture
def plan(shop: Dsn) -> MaskingPlan:
    with connect(shop) as conn:
        return compile_plan(load_rules(ROOT / "rules"), read_catalog(conn), bytes.fromhex(KEY))


def run(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    status = main.run(words)
    captured = capsys.readouterr()
    return status, captured.out, captured.err


def document(capsys: pytest.CaptureFixture[str], *words: str) -> dict[str, Any]:
    status, out, err = run(capsys, "preview", "--json", *words)
    assert status == 0, err
    found: dict[str, Any] = json.loads(out)
    return found


def leaves(value: str) -> Iterator[str]:
    """A value whole and, of a JSON document, its texts and numbers."""
    yield value
    if value.startswith(("{", "[")):
        try:
            waiting = [json.loads(value)]
        except ValueError:
            return
        while waiting:
            part = waiting.pop()
            if isinstance(part, dict):
                waiting += part.values()
            elif isinstance(part, list):
                waiting += part
            elif isinstance(part, str | int | float) and not isinstance(part, bool):
                yield str(part)


@pytest.mark.usefixtures("environment")
def test_no_raw_value_comes_out_unless_revealed(
    capsys: pytest.CaptureFixture[str], plan: MaskingPlan, tmp_path: Path
) -> None:
    revealed = document(capsys, "--reveal", "--rows", "8")
    hidden = document(capsys, "--rows", "8")
    assert (revealed["revealed"], hidden["revealed"]) == (True, False)
    _, terminal, _ = run(capsys, "preview", "--rows", "8")
    status, _, err = run(capsys, "preview", "--rows", "8", "--html", str(tmp_path / "page.html"))
    assert status == 0, err
    page = unescape(PROSE.sub("\n", (tmp_path / "page.html").read_text().partition("</style>")[2]))
    shown = json.dumps(hidden, ensure_ascii=False)
    compared = sensitive = 0
    for one, other in zip(revealed["tables"], hidden["tables"], strict=True):
        assert [each["name"] for each in one["columns"]] == [each["name"] for each in other["columns"]]
        for raw_row, row in zip(one["rows"], other["rows"], strict=True):
            for column, raw, cell in zip(one["columns"], raw_row, row, strict=True):
                assert raw["status"] == cell["status"]
                if raw["before"] is None:
                    assert cell["before"] is None
                    continue
                found = plan.covering(ColumnRef(TableName.parse(one["table"]), column["name"]))
                assert found is not None
                keeps = found[1].guarantees.coincidence is Coincidence.UNCHANGED
                for value in leaves(raw["before"]):
                    compared += 1
                    if any(each.isalnum() and each not in "Xx9" for each in value) and len(value) > 3:
                        # In its own cell, whatever it is.
                        assert value not in f"{cell['before']}\n{cell['after']}", (one["table"], column["name"])
                    coincides = found[1].guarantees.coincidence is Coincidence.MAY_COINCIDE
                    if not keeps and not coincides and len(value) > 6 and not re.fullmatch(r"[\d.:-]+|\w{1,8}", value):
                        sensitive += 1
                        for output in (shown, terminal, page):
                            assert value not in output, (one["table"], column["name"])
    assert compared > 1000
    assert sensitive > 200


@pytest.mark.usefixtures("environment")
def test_masks_are_those_of_a_refresh_and_the_same_every_time(capsys: pytest.CaptureFixture[str]) -> None:
    first = document(capsys, "--reveal", "users", "orders")
    assert first == document(capsys, "--reveal", "public.users", "public.orders")
    columns = [each["name"] for each in first["tables"][0]["columns"]]
    email = columns.index("email")
    for row in first["tables"][0]["rows"]:
        assert row[email]["after"] != row[email]["before"]
        if '"email"' in (row[columns.index("preferences")]["before"] or ""):
            mine = json.loads(row[columns.index("preferences")]["after"])["contact"].get("email")
            raw = json.loads(row[columns.index("preferences")]["before"])["contact"].get("email")
            assert raw is None or (mine == row[email]["after"]) == (raw == row[email]["before"])


@pytest.mark.usefixtures("environment")
def test_partitions_are_shown_under_their_root(capsys: pytest.CaptureFixture[str]) -> None:
    found = document(capsys, "payments", "--rows", "7")
    assert [each["table"] for each in found["tables"]] == ["public.payments"]
    assert len(found["tables"][0]["rows"]) == 7
    everything = document(capsys)
    names = [each["table"] for each in everything["tables"]]
    assert "public.users" in names
    assert "public.payments" in names
    assert not [name for name in names if name.startswith("public.payments_")]


@pytest.mark.usefixtures("environment")
def test_a_revealed_page_is_for_its_owner_only(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    file = tmp_path / "page.html"
    file.write_text("old")
    file.chmod(0o644)
    status, out, _ = run(capsys, "preview", "users", "--reveal", "--html", str(file))
    assert (status, stat.S_IMODE(file.stat().st_mode)) == (0, 0o600)
    assert "real production values" in out
    assert [each.name for each in tmp_path.iterdir() if each.name.startswith(".page")] == []
    status, _, err = run(capsys, "preview", "users", "--html", str(tmp_path / "no" / "page.html"))
    assert status == 3
    assert "cannot be written" in err


@pytest.mark.usefixtures("environment")
@pytest.mark.parametrize(
    ("words", "status", "says"),
    [
        (["preview", "usres"], 2, "public.users"),
        (["preview", "--rows", "0"], 2, "greater than or equal to 1"),
        (["preview", "--rows", "1000"], 2, "less than or equal to 100"),
        (["preview", "--json", "--html", "x.html"], 2, "Leave one of them out"),
        (["rules", "explain", "users.emial"], 2, "public.users.email"),
    ],
)
def test_wrong_words_are_answered(capsys: pytest.CaptureFixture[str], words: list[str], status: int, says: str) -> None:
    got, _, err = run(capsys, *words)
    assert got == status
    assert says in err


@pytest.mark.usefixtures("environment")
def test_without_a_key_nothing_is_masked(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TESTDATA_MASKING_KEY")
    status, out, _ = run(capsys, "preview", "--json")
    assert (status, json.loads(out)["error"]["code"]) == (3, "masking-key-missing")


@pytest.mark.usefixtures("environment")
def test_explain_needs_no_key(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TESTDATA_MASKING_KEY")
    status, out, err = run(capsys, "rules", "explain", "newsletter_deliveries.subscriber_email", "--json")
    assert status == 0, err
    found = json.loads(out)
    assert (found["transformer"], found["domain"]) == ("email", "user.email")
    assert found["inherited_from"] == "public.newsletter_subscribers.email"
    assert found["place"].startswith(str(ROOT / "rules" / "masking.yaml"))
    assert "public.users.email" in found["shared_with"]
    status, out, err = run(capsys, "rules", "explain", "public.users.preferences:$.contact.email")
    assert status == 0, err
    assert "user.email" in out
    assert max(map(len, out.splitlines())) <= 100


@pytest.mark.parametrize("pages", [False, True])
def test_few_rows_are_spread_over_the_table(database: Dsn, pages: bool) -> None:
    rows = 200_000 if pages else 1000
    with connect(database) as conn:
        conn.execute('CREATE TABLE t ("testdata number" int, filler text, twice int GENERATED ALWAYS AS (1) STORED)')
        conn.execute("INSERT INTO t SELECT i, repeat('x', 20) FROM generate_series(0, %s) i", (rows - 1,))
        conn.execute("CREATE TABLE empty (a text)")
        conn.execute("CREATE TABLE gappy (a int)")
        conn.execute("INSERT INTO gappy SELECT i FROM generate_series(1, 100000) i")
        conn.execute("DELETE FROM gappy WHERE a < 99990")
    with open_source(database) as source:
        tables = {table.name.name: table for table in source.catalog.tables}
        assert (tables["t"].pages > 64) is pages
        found = [int(line.split(b"\t")[0]) for line in few_rows(source, tables["t"], 5).splitlines()]
        assert len(found) == 5
        found.sort()
        assert all(rows / 6 < two - one < rows / 4 for one, two in itertools.pairwise(found))
        assert few_rows(source, tables["empty"], 5) == b""
        assert len(few_rows(source, tables["gappy"], 5).splitlines()) == 5
        assert len(few_rows(source, tables["t"], 3).splitlines()) == 3


def test_a_locked_or_forbidden_table_is_named(database: Dsn, server: EmbeddedServer) -> None:
    role = f"reader_{secrets.token_hex(4)}"
    with connect(database) as conn:
        conn.execute("CREATE TABLE secret_table (a text)")
        conn.execute(sql.SQL("CREATE ROLE {} LOGIN").format(sql.Identifier(role)))
        with open_source(database) as source:
            source.conn.execute(sql.SQL("SET ROLE {}").format(sql.Identifier(role)))
            with pytest.raises(EnvironmentLack, match="permission denied for table secret_table"):
                few_rows(source, source.catalog.tables[0], 5)
            source.conn.execute("RESET ROLE")
            assert few_rows(source, source.catalog.tables[0], 5) == b""
        conn.execute(sql.SQL("DROP ROLE {}").format(sql.Identifier(role)))
