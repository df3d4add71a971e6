"""A process that dies between any two steps leaves nothing that the next reconcile does not finish or undo."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import psycopg
import pytest

from testdata_assets.branches.lifecycle import BranchService
from testdata_assets.branches.registry import Branch
from testdata_assets.errors import RefusedError
from testdata_assets.postgres.control import connect_control

CREATE_STEPS = (
    "attestation_verified",
    "nothing_of_ours",
    "server_hardened",
    "role_created",
    "database_created",
    "copy_on_write_measured",
    "database_isolated",
    "settings_copied",
    "copy_inspected",
    "objects_handed_over",
    "login_allowed",
    "ready",
)
DELETE_STEPS = ("sessions_ended", "prepared_transactions_rolled_back", "database_dropped", "role_dropped", "deleted")
RESET_STEPS = ("attestation_verified", "database_dropped", "role_dropped", "database_created", "login_allowed", "ready")


class Killed(BaseException):
    """Not an Exception, so that nothing tidies up on its way, as nothing would after SIGKILL."""


class DyingService(BranchService):
    """Dies at one step, before or after writing it down; its session, and so its locks, die with it."""

    def __init__(self, *arguments: Any, at: str, written: bool) -> None:
        super().__init__(*arguments)
        self.at, self.written = at, written

    def _step(self, branch: Branch, operation: Any, step: str, details: dict[str, Any]) -> None:
        dies = step == self.at and operation != "undo"
        if not dies or self.written:
            super()._step(branch, operation, step, details)
        if dies:
            self._conn.close()
            raise Killed(step)


def die(world: Any, operation: str, name: str, at: str, *, written: bool) -> None:
    with connect_control(world.places.control) as control:
        session = control.info.backend_pid
        service = DyingService(world.places, world.settings, control, at=at, written=written)
        with pytest.raises(Killed):
            getattr(service, operation)(name)
    for _ in range(200):  # the server needs a moment to notice, and until then the lock is held
        if not world.server("SELECT 1 FROM pg_stat_activity WHERE pid = %s", session):
            return
        time.sleep(0.05)
    pytest.fail("the session outlived its process")


@pytest.mark.parametrize("written", [False, True], ids=["before", "after"])
def test_dying_at_any_step_of_create(world: Any, written: bool) -> None:
    for number, step in enumerate(CREATE_STEPS):
        name = f"c{number}"
        die(world, "create", name, step, written=written)
        settled = world.service.reconcile()
        if step == "ready":  # the row was ready already, only the journal lacked its last entry
            assert settled == []
            assert world.service.url(name)
            world.service.delete(name)
        else:
            assert settled == [{"branch": name, "was": "creating", "is": "failed"}]
            assert world.service.get(name).reason == "interrupted"
        assert world.left_on_server(name) == []
        assert world.service.reconcile() == []
    assert world.service.gc()["leftovers"] == []


@pytest.mark.parametrize("written", [False, True], ids=["before", "after"])
def test_dying_at_any_step_of_delete(world: Any, written: bool) -> None:
    for number, step in enumerate(DELETE_STEPS):
        name = f"d{number}"
        world.service.create(name)
        with world.branch(name) as conn:
            conn.execute("BEGIN")
            conn.execute("DELETE FROM app.users WHERE id = 1")
            conn.execute(f"PREPARE TRANSACTION '{name}'")
        die(world, "delete", name, step, written=written)
        settled = world.service.reconcile()
        assert settled == ([] if step == "deleted" else [{"branch": name, "was": "deleting", "is": "deleted"}])
        assert world.left_on_server(name) == []
        with pytest.raises(RefusedError):
            world.service.get(name)


def test_dying_at_any_step_of_reset(world: Any) -> None:
    for number, step in enumerate(RESET_STEPS):
        name = f"r{number}"
        world.service.create(name)
        url = world.service.url(name).secret()
        die(world, "reset", name, step, written=True)
        settled = world.service.reconcile()
        assert settled == ([] if step == "ready" else [{"branch": name, "was": "creating", "is": "ready"}])
        with psycopg.connect(url) as conn:
            assert conn.execute("SELECT count(*) FROM app.users").fetchone() == (20000,)
        world.service.delete(name)


MURDERED = """
import os, signal
from testdata_assets.branches.lifecycle import BranchService
from testdata_assets.postgres.control import connect_control
from testdata_assets.postgres.places import open_places
from testdata_assets.settings import load_settings

class Murdered(BranchService):
    def _step(self, branch, operation, step, details):
        if step == "database_created":
            os.kill(os.getpid(), signal.SIGKILL)
        super()._step(branch, operation, step, details)

settings = load_settings()
places = open_places(settings)
Murdered(places, settings, connect_control(places.control)).create("murdered")
"""


def test_a_process_killed_for_real(world: Any) -> None:
    environment = {
        **os.environ,
        "TESTDATA_CONTROL_DSN": world.places.control.secret(),
        "TESTDATA_SERVER_DSN": world.places.server.secret(),
        "TESTDATA_SOURCE_DSN": world.places.server.secret(),
        "TESTDATA_STORE_KEY": "22" * 32,
        "TESTDATA_SIGNING_KEY": "33" * 32,
    }
    ended = subprocess.run([sys.executable, "-c", MURDERED], env=environment, capture_output=True, check=False)
    assert ended.returncode == -signal.SIGKILL
    assert world.left_on_server("murdered") == ["database", "role"]
    branch = world.service.create("murdered")  # waits for the dead session's lock, undoes, makes anew
    assert branch.created
    with world.branch("murdered") as conn:
        assert conn.execute("SELECT count(*) FROM app.users").fetchone() == (20000,)


@pytest.mark.parametrize("step", ["role_created", "database_created", "objects_handed_over"])
def test_the_next_create_of_the_name_settles_what_died(world: Any, step: str) -> None:
    die(world, "create", "retry", step, written=False)
    branch = world.service.create("retry")
    assert branch.created
    with world.branch("retry") as conn:
        assert conn.execute("SELECT count(*) FROM app.users").fetchone() == (20000,)
    states = world.control.execute("SELECT status FROM testdata.branches ORDER BY branch_id").fetchall()
    assert [state["status"] for state in states] == ["failed", "ready"]


def test_deleting_what_died_while_being_made(world: Any) -> None:
    die(world, "create", "half", "database_created", written=False)
    assert world.service.delete("half").status == "deleted"
    assert world.left_on_server("half") == []


def test_an_error_or_ctrl_c_is_undone_at_once(world: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    for number, error in enumerate((KeyboardInterrupt, OSError, psycopg.OperationalError)):

        def fail(*_: Any, error: type[BaseException] = error) -> None:
            raise error("value of a customer")

        monkeypatch.setattr("testdata_assets.branches.providers.postgres.hand_over_objects", fail)
        with pytest.raises(error):
            world.service.create(f"u{number}")
        failed = world.service.get(f"u{number}")
        assert (failed.status, failed.password_sealed) == ("failed", None)
        assert "customer" not in failed.reason
        assert world.left_on_server(f"u{number}") == []


def test_a_lost_control_connection_shows_the_first_error_and_is_settled_later(world: Any) -> None:
    class Cut(BranchService):
        def _step(self, branch: Branch, operation: Any, step: str, details: dict[str, Any]) -> None:
            if step == "database_created":
                self._conn.close()
            super()._step(branch, operation, step, details)

    with connect_control(world.places.control) as control:
        service = Cut(world.places, world.settings, control)
        with pytest.raises(psycopg.OperationalError):
            service.create("cut")
    time.sleep(0.5)
    assert world.left_on_server("cut") == ["database", "role"]
    assert world.service.reconcile() == [{"branch": "cut", "was": "creating", "is": "failed"}]
    assert world.left_on_server("cut") == []


def test_a_reset_that_cannot_be_finished_is_undone(world: Any) -> None:
    world.service.create("stuck")
    die(world, "reset", "stuck", "database_dropped", written=True)
    world.control.execute("UPDATE testdata.golden_images SET status = 'retired'")
    assert world.service.reconcile() == [{"branch": "stuck", "was": "creating", "is": "failed"}]
    assert world.left_on_server("stuck") == []


def test_one_branch_that_cannot_be_settled_keeps_no_other_waiting(world: Any) -> None:
    world.service.create("held")
    world.service.create("free")
    with connect_control(world.places.control) as control:
        control.execute('GRANT USAGE ON SCHEMA testdata TO "branch_held"')
        world.control.execute("UPDATE testdata.branches SET status = 'deleting'")
        settled = {change["branch"]: change for change in world.service.reconcile()}
        assert settled["free"]["is"] == "deleted"
        assert settled["held"]["is"] == "deleting"
        assert settled["held"]["error"].startswith("branch-role-in-use")
        control.execute('REVOKE USAGE ON SCHEMA testdata FROM "branch_held"')


def test_many_at_once_make_one_of_each(world: Any) -> None:
    """Six threads ask for three names; each name is made once, and all get a working URL."""
    barrier = threading.Barrier(6)

    def ask(number: int) -> bool:
        with connect_control(world.places.control) as control:
            service = BranchService(world.places, world.settings, control)
            barrier.wait()
            branch = service.create(f"many-{number % 3}")
            with psycopg.connect(service.url(branch.name).secret()) as conn:
                conn.execute("SELECT 1")
            return branch.created

    with ThreadPoolExecutor(6) as pool:
        made = list(pool.map(ask, range(6)))
    assert sorted(made) == [False, False, False, True, True, True]
    assert [branch.status for branch in world.service.list()] == ["ready"] * 3


def test_create_and_delete_racing_end_in_a_clean_state(world: Any) -> None:
    def work(kind: str) -> None:
        with connect_control(world.places.control) as control:
            service = BranchService(world.places, world.settings, control)
            for _ in range(3):
                if kind == "create":
                    service.create("raced")
                else:
                    with contextlib.suppress(RefusedError):  # branch-unknown, if it comes before the first create
                        service.delete("raced")

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(work, ["create", "delete"]))
    assert world.service.reconcile() == []
    ready = [branch.name for branch in world.service.list()]
    assert sorted(world.left_on_server("raced")) == (["database", "role"] if ready else [])


def _unlisted_folder(world: Any) -> Path:
    data_dir = world.places.data_dir
    if data_dir is None or not os.access(data_dir / "base", os.W_OK):
        pytest.skip("the server's data directory cannot be written here")
    folder = data_dir / "base" / "4200000000"
    folder.mkdir()
    (folder / "PG_VERSION").write_text("18\n")
    (folder / "16384").write_bytes(b"\0" * 8192)
    return Path(folder)


def test_files_of_databases_the_server_does_not_list_are_removed(world: Any) -> None:
    world.service.create("kept")
    folder = _unlisted_folder(world)
    assert world.service.gc()["orphaned_files"] == [{"oid": 4200000000, "bytes": 8195, "removed": True}]
    assert not folder.exists()
    with world.branch("kept") as conn:
        assert conn.execute("SELECT count(*) FROM app.users").fetchone() == (20000,)
    assert world.service.gc()["orphaned_files"] == []
