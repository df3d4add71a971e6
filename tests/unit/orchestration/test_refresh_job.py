"""The refresh job's wiring, with the rooms below replaced: who is called with what, and what a failed check stops."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import dagster as dg
import pytest

from testdata_assets.definitions import build_defs
from testdata_assets.errors import RefusedError
from testdata_assets.orchestration.checks import DESCRIPTIONS
from testdata_assets.orchestration.resources import Workplace, workplace_resource
from testdata_assets.settings import Settings


class Rooms:
    """What the job calls, recorded."""

    def __init__(
        self, failing: str | None = None, explode: Exception | None = None, undrawable: Exception | None = None
    ) -> None:
        self.calls: list[tuple[str, Any]] = []
        self.failing = failing
        self.explode = explode
        self.undrawable = undrawable
        self.locked = 0

    def take_snapshot(self, settings: Any, places: Any, run_id: str) -> Any:
        assert self.locked == 1
        self.calls.append(("take_snapshot", run_id))
        if self.explode is not None:
            raise self.explode
        return SimpleNamespace(snapshot_id="s-1", tables=3, row_count=100, bytes=10, seconds=0.5)

    def build_image(self, settings: Any, places: Any, snapshot_id: str, run_id: str) -> Any:
        assert self.locked == 1
        self.calls.append(("build_image", snapshot_id))
        return self.image("candidate")

    def validate_candidate(self, settings: Any, places: Any, golden_id: str) -> Any:
        self.calls.append(("validate_candidate", golden_id))
        checks = tuple(
            SimpleNamespace(
                name=name,
                passed=name != self.failing,
                severity="error",
                summary="looked at",
                seconds=0.1,
                details={"n": 1},
                findings=(),
            )
            for name in DESCRIPTIONS
        )
        passed = self.failing is None
        return SimpleNamespace(
            checks=checks,
            passed=passed,
            drift_table=[],
            drift_since=None,
            data_docs="/state/data_docs/g-1/index.html",
            pictures={
                "worst_drift": self.draw,
                "drift_map": lambda: b"\x89PNG",
                "drift_trend": lambda: None,
            },
            seconds=1.0,
        )

    def draw(self) -> bytes:
        if self.undrawable is not None:
            raise self.undrawable
        return b"\x89PNG"

    def publish_image(self, settings: Any, places: Any, golden_id: str) -> Any:
        assert self.locked == 1
        self.calls.append(("publish_image", golden_id))
        return self.image("published")

    def reject_image(self, settings: Any, places: Any, golden_id: str, reason: str) -> None:
        self.calls.append(("reject_image", reason))

    @contextmanager
    def refresh_lock(self, control: Any) -> Iterator[None]:
        self.locked += 1
        yield
        self.locked -= 1

    @staticmethod
    def image(status: str) -> Any:
        return SimpleNamespace(
            golden_id="g-1",
            database_name="golden_1",
            status=status,
            table_count=3,
            row_count=100,
            bytes=1000,
            seconds={"mask_and_load": 1.0, "validate": 1.0},
            building_seconds=2.0,
            masked_columns=[{"table": "public.users", "column": "email", "transformer": "email", "pii": "email"}],
            checks=[{"name": "row_counts", "passed": True}],
        )


class _Registry:
    def __init__(self, control: Any) -> None:
        pass

    def snapshot_of_run(self, run_id: str) -> Any:
        return SimpleNamespace(snapshot_id="s-1")

    def image_of_run(self, run_id: str) -> Any:
        return Rooms.image("candidate")


def _refresh(rooms: Rooms, monkeypatch: pytest.MonkeyPatch) -> dg.ExecuteInProcessResult:
    import testdata_assets.golden.refresh as refresh
    import testdata_assets.golden.registry as registry
    import testdata_assets.orchestration.assets as assets
    import testdata_assets.validation.run as validation

    for name in ("take_snapshot", "build_image", "publish_image", "reject_image", "refresh_lock"):
        monkeypatch.setattr(refresh, name, getattr(rooms, name))
    monkeypatch.setattr(validation, "validate_candidate", rooms.validate_candidate)
    monkeypatch.setattr(registry, "GoldenRegistry", _Registry)
    monkeypatch.setattr(assets, "_columns", lambda workplace, image: iter(()))
    monkeypatch.setattr("testdata_assets.postgres.control.connect_control", lambda dsn: _Connection())
    monkeypatch.setattr(Workplace, "places", SimpleNamespace(control=None))
    definitions = build_defs(overrides={"workplace": workplace_resource(lambda: Settings())}, settings=Settings())
    with dg.DagsterInstance.ephemeral() as instance:
        job = definitions.resolve_job_def("refresh_golden_image")
        result = job.execute_in_process(instance=instance, raise_on_error=False)
    assert rooms.locked == 0, "the lock is given back when the run ends"
    return result


class _Connection:
    closed = False

    def __enter__(self) -> _Connection:
        return self

    def __exit__(self, *exc: object) -> None:
        self.closed = True


def test_a_clean_image_is_published(monkeypatch: pytest.MonkeyPatch) -> None:
    rooms = Rooms()
    result = _refresh(rooms, monkeypatch)
    assert result.success
    assert rooms.calls == [
        ("take_snapshot", result.run_id),
        ("build_image", "s-1"),
        ("validate_candidate", "g-1"),
        ("publish_image", "g-1"),
    ]
    evaluations = result.get_asset_check_evaluations()
    assert {evaluation.check_name for evaluation in evaluations} == set(DESCRIPTIONS)
    (published,) = result.asset_materializations_for_node("validated_golden_image")
    assert published.metadata["golden_id"].value == "g-1"
    assert "worst_drift" in published.metadata


@pytest.mark.parametrize("failing", sorted(DESCRIPTIONS))
def test_each_failing_check_rejects_and_nothing_is_published(failing: str, monkeypatch: pytest.MonkeyPatch) -> None:
    rooms = Rooms(failing=failing)
    result = _refresh(rooms, monkeypatch)
    assert not result.success
    assert rooms.calls[-1] == ("reject_image", f"failed checks: {failing}")
    failed = [e.check_name for e in result.get_asset_check_evaluations() if not e.passed]
    assert failed == [failing]


def test_an_image_whose_drift_cannot_be_drawn_does_not_stay_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    rooms = Rooms(undrawable=OSError("no font"))
    result = _refresh(rooms, monkeypatch)
    assert not result.success
    assert rooms.calls[-1] == ("reject_image", "validation did not come to an end")
    assert not result.get_asset_check_evaluations()


def test_a_refused_snapshot_stops_everything_behind_it(monkeypatch: pytest.MonkeyPatch) -> None:
    rooms = Rooms(explode=RefusedError("Column uncovered", where="public.users.shoe_size", remedy="Add a rule."))
    result = _refresh(rooms, monkeypatch)
    assert not result.success
    assert [name for name, _ in rooms.calls] == ["take_snapshot"]
