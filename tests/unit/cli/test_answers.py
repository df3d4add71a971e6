"""What every command owes its caller: one JSON document, the right exit status, never a traceback or a raw value."""

from __future__ import annotations

import json
from pathlib import Path

import psycopg
import pytest

from testdata_assets.cli import branch, main, output, rules
from testdata_assets.cli.refresh import show_refresh
from testdata_assets.errors import EnvironmentLack, RefusedError, UsageFault
from testdata_assets.postgres.identifiers import TableName
from testdata_assets.production.catalog import Catalog, Column, Table
from testdata_assets.settings import Settings

SECRET = "raw-4711@example.com"


def _run(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    status = main.run(words)
    captured = capsys.readouterr()
    return status, captured.out, captured.err


def _raising(monkeypatch: pytest.MonkeyPatch, error: BaseException) -> None:
    def service() -> None:
        raise error

    monkeypatch.setattr(branch, "_service", service)


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (RefusedError("It was refused", where="here", remedy="Do this."), 1),
        (UsageFault("It was said wrongly", where="here", remedy="Do this."), 2),
        (EnvironmentLack("It is not there", where="here", remedy="Do this."), 3),
    ],
)
def test_errors_are_one_document_and_their_status(
    error: RefusedError, status: int, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    _raising(monkeypatch, error)
    got, out, err = _run(capsys, "branch", "list", "--json")
    assert got == status
    assert json.loads(out) == error.as_json()
    assert error.what in err


def test_without_json_an_error_says_what_where_and_remedy_on_stderr(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    _raising(monkeypatch, RefusedError("It was refused", where="public.users [x]", remedy="Do this."))
    status, out, err = _run(capsys, "branch", "list")
    assert (status, out) == (1, "")
    assert err == "error: It was refused\n  where:  public.users [x]\n  remedy: Do this.\n"


def _source(monkeypatch: pytest.MonkeyPatch, catalog: Catalog | None) -> None:
    """A source with this catalog, or one that cannot be reached."""

    def read() -> Catalog:
        if catalog is None:
            raise EnvironmentLack("No answer", where="TESTDATA_SOURCE_DSN", remedy="Wait.")
        return catalog

    monkeypatch.setattr(rules, "_catalog", read)


def _write_rules(folder: Path, monkeypatch: pytest.MonkeyPatch, text: str) -> Path:
    monkeypatch.setenv("TESTDATA_RULES_DIR", str(folder))
    file = folder / "masking.yaml"
    file.write_text(text)
    return file


def test_rules_check_reads_what_is_said_of_validation(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    users = TableName("public", "users")
    _source(
        monkeypatch,
        Catalog(180000, "1", "shop", (Table(users, 1, "r", (Column("id", "integer", "int4", "N"),), users),)),
    )
    _write_rules(tmp_path, monkeypatch, "version: 1\ntables:\n  public.users: {id: keep}\n")
    assert _run(capsys, "rules", "check", "--json")[0] == 0
    file = tmp_path / "validation.yaml"
    file.write_text(
        "drift:\n  nulls: 2\naccepted:\n"
        "  - {check: row_counts, table: public.user, reason: looked at by hand, expires: 2999-01-01}\n"
        "  - {check: row_counts, table: public.users, reason: looked at by hand, expires: 2001-01-01}\n"
    )
    status, out, _ = _run(capsys, "rules", "check", "--json")
    document = json.loads(out)
    assert (status, document["ok"]) == (1, False)
    assert [(each["file"], each["line"], each["position"]) for each in document["errors"]] == [(str(file), 2, 10)]
    assert [each["line"] for each in document["warnings"] if each["file"] == str(file)] == [4, 5]
    status, out, _ = _run(capsys, "rules", "check")
    assert status == 1
    assert f"{file}:2:10: drift.nulls: " in out
    assert "A refresh would refuse." in out


def test_every_mistake_of_a_rules_file_is_a_line_with_its_place(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    text = "version: 2\ntables:\n  public.t:\n    a:\n    b: {transfrom: keep}\n    b: keep\ntabels: {}\n"
    file = _write_rules(tmp_path, monkeypatch, text)
    _source(monkeypatch, None)
    status, _, err = _run(capsys, "rules", "check")
    assert status == 2
    places = ["1:10", "4:7", "5:9", "6:5", "7:1"]
    assert [line.split(": ")[0] for line in err.splitlines() if line.startswith(str(file))] == [
        f"{file}:{place}" for place in places
    ]
    status, out, _ = _run(capsys, "rules", "check", "--json")
    problems = json.loads(out)["error"]["problems"]
    assert [f"{each['line']}:{each['position']}" for each in problems] == places
    assert {each["file"] for each in problems} == {str(file)}
    assert (problems[1]["table"], problems[1]["column"]) == ("public.t", "a")
    assert all(each["message"] for each in problems)


def test_mistakes_of_the_file_and_of_its_readable_rest_come_in_one_report(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    text = "version: 1\ntables:\n  public.t:\n    a: {transform: hash, when: 'x =='}\n    gone: keep\n    b: emial\n"
    file = _write_rules(tmp_path, monkeypatch, text)
    columns = tuple(Column(name, "text", "text", "S", position=place) for place, name in enumerate("abc", start=1))
    name = TableName("public", "t")
    _source(monkeypatch, Catalog(180000, "1", "shop", (Table(name, 1, "r", columns, name),), (), ()))
    status, out, _ = _run(capsys, "rules", "check", "--json")
    document = json.loads(out)
    assert (status, document["ok"]) == (1, False)
    places = {
        title: [(each["column"], each["file"], each["line"], each["position"]) for each in document[title]]
        for title in ("unclassified", "stale", "errors")
    }
    assert places == {
        "unclassified": [("c", str(file), 3, 3)],
        "stale": [("gone", str(file), 5, 5)],
        "errors": [("a", str(file), 4, 32), ("b", str(file), 6, 8)],
    }
    status, out, _ = _run(capsys, "rules", "check")
    assert status == 1
    assert sorted(line.split(": ")[0] for line in out.splitlines() if line.startswith(str(file))) == [
        f"{file}:{place}" for place in ("3:3", "4:32", "5:5", "6:8")
    ]


def test_what_is_no_yaml_is_one_error(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    _write_rules(tmp_path, monkeypatch, "version: 1\ntables: [")
    status, out, _ = _run(capsys, "rules", "check", "--json")
    assert (status, len(json.loads(out)["error"]["problems"])) == (2, 1)


@pytest.mark.parametrize(
    "words",
    [
        ("bogus", "--json"),
        ("branch", "create", "--json"),
        ("pr", "open", "seven", "--json"),
        ("branch", "list", "--nope", "--json"),
        ("--json",),
    ],
)
def test_usage_errors_are_documents_too(words: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    status, out, err = _run(capsys, *words)
    assert status == 2
    document = json.loads(out)["error"]
    assert set(document) == {"code", "message", "where", "remedy"}
    assert document["code"] == "usage"
    assert "Traceback" not in err


def test_no_command_at_all_shows_the_help(capsys: pytest.CaptureFixture[str]) -> None:
    status, out, err = _run(capsys)
    assert (status, out) == (2, "")
    assert "Usage: testdata" in err


def test_a_driver_error_nobody_expected_keeps_its_values_to_itself(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    _raising(monkeypatch, psycopg.errors.CheckViolation(f"DETAIL: Failing row contains ({SECRET})"))
    status, out, err = _run(capsys, "branch", "list", "--json")
    assert status == 1
    document = json.loads(out)["error"]
    assert document["code"] == "unexpected"
    assert "CheckViolation" in document["message"]
    assert SECRET not in out + err
    assert "Traceback" not in err


def test_ctrl_c_is_one_clear_error(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    _raising(monkeypatch, KeyboardInterrupt())
    status, out, err = _run(capsys, "branch", "list", "--json")
    assert status == 1
    assert json.loads(out)["error"]["code"] == "interrupted"
    assert err.count("error:") == 1


def test_stray_prints_do_not_spoil_the_document(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    class Service:
        def __enter__(self) -> Service:
            print("a library says hello")
            return self

        def __exit__(self, *exc: object) -> None:
            return None

        def list(self, include_deleted: bool) -> list[object]:
            return []

    monkeypatch.setattr(branch, "_service", Service)
    status, out, err = _run(capsys, "branch", "list", "--json")
    assert (status, json.loads(out)) == (0, [])
    assert "a library says hello" in err


def test_a_bad_variable_is_named_and_never_quoted(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TESTDATA_SERVER_DSN", f"not a dsn {SECRET}")
    status, out, err = _run(capsys, "branch", "list", "--json")
    assert status == 2
    assert json.loads(out)["error"]["where"] == "TESTDATA_SERVER_DSN"
    assert SECRET not in out + err


def test_an_unreachable_server_is_an_environment_lack_without_the_password(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("SOURCE", "SERVER", "CONTROL"):
        monkeypatch.setenv(f"TESTDATA_{name}_DSN", "postgresql://someone:hush-hush@127.0.0.1:1/nowhere")
    status, out, err = _run(capsys, "golden", "list", "--json")
    assert status == 3
    assert json.loads(out)["error"]["code"] == "connection-failed"
    assert "hush-hush" not in out + err


def test_every_command_takes_json_and_explains_itself() -> None:
    from typer.main import get_command

    def commands(group: object, path: str) -> list[tuple[str, object]]:
        children = getattr(group, "commands", None)
        if children is None:
            return [(path, group)]
        return [found for name, child in children.items() for found in commands(child, f"{path} {name}".strip())]

    found = dict(commands(get_command(main.app), ""))
    assert {
        "demo", "up", "down", "refresh", "doctor", "golden list", "golden show", "rules check",
        "rules list-transformers", "branch create", "branch list", "branch show", "branch url", "branch reset",
        "branch delete", "branch gc", "pr open", "pr close", "webhook serve",
    } <= set(found)  # fmt: skip
    for path, command in found.items():
        options = {option for parameter in command.params for option in parameter.opts}  # type: ignore[attr-defined]
        assert "--json" in options, path
        assert command.help, path  # type: ignore[attr-defined]


def test_documents_hold_times_and_numpy() -> None:
    from datetime import UTC, datetime

    import numpy as np

    assert output._plain(datetime(2026, 1, 2, tzinfo=UTC)) == "2026-01-02T00:00:00+00:00"
    assert output._plain(np.int64(3)) == 3
    assert output._plain(Path("/a/b")) == "/a/b"
    with pytest.raises(TypeError):
        output._plain(object())


def test_settings_of_this_test_are_empty() -> None:
    assert Settings().server_dsn is None


def test_a_rejected_refresh_says_what_was_found_and_where_to_look(capsys: pytest.CaptureFixture[str]) -> None:
    check = {"name": "no_pii_patterns", "passed": False, "severity": "error", "summary": "public.users.note: phone (3)"}
    passed = {"name": "row_counts", "passed": True, "severity": "error", "summary": "as in the snapshot"}
    document = {"golden_id": "g-1", "status": "rejected", "tables": 1, "rows": 1, "seconds": {"total": 1.0}}
    show_refresh({**document, "checks": [check, passed]})
    out = capsys.readouterr().out
    assert "no_pii_patterns: public.users.note: phone (3)" in out
    assert "testdata golden show g-1" in out
    assert "as in the snapshot" not in out
