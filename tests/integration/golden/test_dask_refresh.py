"""A refresh on a Dask cluster of separate processes: the same image as masked here, whoever dies meanwhile."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from psycopg import sql

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
from clusters import cluster
from sources import catalog_of, contents

from benchmarks import shop_source
from testdata_assets.errors import EnvironmentLack
from testdata_assets.golden import executors, refresh
from testdata_assets.golden.registry import GoldenRegistry
from testdata_assets.masking.canonical import probes
from testdata_assets.masking.fingerprints import Fingerprints
from testdata_assets.postgres.connections import connect
from testdata_assets.postgres.control import connect_control
from testdata_assets.postgres.dsn import Dsn
from testdata_assets.postgres.embedded import EmbeddedServer
from testdata_assets.postgres.places import open_places
from testdata_assets.production import snapshot as snapshots
from testdata_assets.progress import Advance, use_progress
from testdata_assets.settings import Settings

KEYS = {"TESTDATA_MASKING_KEY": "11" * 32, "TESTDATA_STORE_KEY": "22" * 32}
ROWS = 40_000


@pytest.fixture(scope="module")
def source(server: EmbeddedServer) -> Iterator[Dsn]:
    name = "dask_source"
    with connect(server.dsn()) as conn:
        conn.execute(sql.SQL("CREATE DATABASE {} TEMPLATE template0").format(sql.Identifier(name)))
        shop_source.fill(server.dsn(name), ROWS)
        yield server.dsn(name)
        conn.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


@pytest.fixture
def shop(settings: Settings, source: Dsn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Settings of a refresh of the shop, cut into many small blocks."""
    monkeypatch.setattr(snapshots, "block_bytes", lambda workers: 128 << 10)
    shop_source.write_rules(tmp_path / "rules", 12)
    values = settings.model_dump() | {"source_dsn": source.secret(), "rules_dir": tmp_path / "rules", "workers": 2}
    return Settings.model_validate(values)


@dataclass
class Built:
    """One image and what was learned while it was made."""

    rows: dict[str, list[bytes]]
    fingerprints: Fingerprints
    changes: object
    profiles: object


def built(settings: Settings, source: Dsn, **changes: object) -> Built:
    """Refreshes up to the candidate, reads it and drops it."""
    settings = Settings.model_validate(settings.model_dump() | changes)
    places = open_places(settings)
    record = refresh.take_snapshot(settings, places)
    image = refresh.build_image(settings, places, record.snapshot_id)
    with connect_control(places.control) as control:
        evidence = refresh.read_evidence(settings, places, GoldenRegistry(control), image.golden_id)
    rows = contents(places.server.with_database(image.database_name), catalog_of(source))
    refresh.reject_image(settings, places, image.golden_id, "test")
    return Built(rows, evidence.fingerprints, evidence.changes, evidence.profiles)


def assert_same(ours: Built, theirs: Built, addresses: Dsn) -> None:
    assert ours.rows == theirs.rows
    assert sorted(map(str, ours.changes)) == sorted(map(str, theirs.changes))  # type: ignore[call-overload]
    assert ours.profiles == theirs.profiles
    # Each snapshot has a seed of its own, so the fingerprints are compared by what they find.
    assert len(ours.fingerprints) == len(theirs.fingerprints) > 1000
    import polars as pl

    with connect(addresses) as conn:
        emails = pl.Series([row[0] for row in conn.execute("SELECT email FROM people LIMIT 500")])
    for each in (ours, theirs):
        assert each.fingerprints.contains(probes(emails, each.fingerprints.seed)[0]).all()
    assert not ours.fingerprints.contains(theirs.fingerprints._held.values).any()


@contextmanager
def calling_back(work: object) -> Iterator[list[float]]:
    """Calls `work` once, when the first masked block has been loaded; yields the progress so far."""
    amounts: list[float] = []

    class Listener:
        @contextmanager
        def task(self, name: str, total: float | None, unit: str = "") -> Iterator[Advance]:
            def advance(amount: float) -> None:
                if name == "Masking and loading":
                    amounts.append(amount)
                    if len(amounts) == 1:
                        work()  # type: ignore[operator]

            yield advance

        def note(self, text: str) -> None:
            return None

    with use_progress(Listener()):
        yield amounts


def test_a_cluster_makes_the_same_image_even_if_a_worker_is_killed(shop: Settings, source: Dsn, tmp_path: Path) -> None:
    local = built(shop, source)
    with cluster(tmp_path / "cluster", KEYS) as dask:
        remote = built(shop, source, executor=dask.setting)
        assert_same(remote, local, source)

        victim = dask.workers[0]
        with calling_back(victim.kill) as amounts:
            again = built(shop, source, executor=dask.setting)
        assert victim.poll() is not None
        assert len(amounts) > 20  # most blocks were still to come when it died
        assert_same(again, local, source)
        with connect(source) as conn:
            names = [row[0] for row in conn.execute("SELECT full_name FROM people LIMIT 200")]
        logs = dask.logs()
        assert not [name for name in names if name in logs]
        assert KEYS["TESTDATA_MASKING_KEY"] not in logs


@pytest.mark.parametrize("variable", sorted(KEYS))
def test_a_worker_with_another_key_is_named(shop: Settings, source: Dsn, tmp_path: Path, variable: str) -> None:
    with cluster(tmp_path / "cluster", KEYS | {variable: "99" * 32}, workers=1) as dask:
        with pytest.raises(EnvironmentLack) as caught:
            built(shop, source, executor=dask.setting)
        assert caught.value.error_code == "worker-key-differs"
        assert f"process {dask.workers[0].pid} " in caught.value.where
        assert variable in caught.value.remedy
        assert "99" * 32 not in str(caught.value)
        with connect_control(open_places(shop).control) as control:  # refused before a row was read
            assert control.execute("SELECT count(*) AS n FROM testdata.snapshots").fetchone() == {"n": 0}


def test_a_worker_without_key_is_named(shop: Settings, source: Dsn, tmp_path: Path) -> None:
    with cluster(tmp_path / "cluster", {}, workers=1) as dask:
        with pytest.raises(EnvironmentLack) as caught:
            built(shop, source, executor=dask.setting)
        assert caught.value.error_code == "masking-key-missing"
        assert f"process {dask.workers[0].pid} " in caught.value.where


def test_a_lost_scheduler_keeps_the_snapshot_for_a_retry(shop: Settings, source: Dsn, tmp_path: Path) -> None:
    with cluster(tmp_path / "cluster", KEYS) as dask:
        settings = Settings.model_validate(shop.model_dump() | {"executor": dask.setting})
        places = open_places(settings)
        record = refresh.take_snapshot(settings, places)

        def kill_scheduler() -> None:
            dask.scheduler.kill()

        started = time.monotonic()
        with calling_back(kill_scheduler), pytest.raises(EnvironmentLack) as caught:
            refresh.build_image(settings, places, record.snapshot_id)
        assert caught.value.error_code == "connection-failed"
        assert time.monotonic() - started < 90
    with connect_control(places.control) as control:
        registry = GoldenRegistry(control)
        assert [image.status for image in registry.list()] == ["rejected"]
        assert Path(registry.snapshot(record.snapshot_id).location).exists()
    # The retry, here, from the same snapshot.
    image = refresh.build_image(shop, places, record.snapshot_id)
    assert image.row_count == ROWS
    refresh.reject_image(shop, places, image.golden_id, "test")


def test_no_cluster_and_no_worker_are_said(shop: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(executors, "_CONNECT_SECONDS", 2)
    with pytest.raises(EnvironmentLack, match="scheduler does not answer"), executors.dask_client("dask://127.0.0.1:9"):
        pass
    with (
        cluster(tmp_path / "cluster", KEYS, workers=0) as dask,
        pytest.raises(EnvironmentLack, match="no worker"),
        executors.dask_client(dask.setting),
    ):
        pass
