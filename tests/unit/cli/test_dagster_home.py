"""Where Dagster's processes find their instance and keep their tables."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from sqlalchemy import make_url

from testdata_assets.cli.dagster_home import dagster_home, storage_url
from testdata_assets.errors import EnvironmentLack
from testdata_assets.postgres.dsn import Dsn
from testdata_assets.settings import Settings

ROOT = Path(__file__).resolve().parents[3]


def test_storage_uses_the_old_driver_and_a_schema_of_its_own() -> None:
    url = make_url(storage_url(Dsn.from_string("postgresql://u:p%40ss@db.example:5433/control?sslmode=require")))
    assert url.drivername == "postgresql+psycopg2"
    assert (url.username, url.password, url.host, url.port, url.database) == (
        "u", "p@ss", "db.example", 5433, "control",
    )  # fmt: skip
    assert url.query["options"] == "-csearch_path=dagster"
    assert url.query["sslmode"] == "require"


def test_options_of_the_dsn_are_kept() -> None:
    dsn = Dsn.from_string("postgresql://u@h/control?options=-cstatement_timeout%3D5s")
    assert make_url(storage_url(dsn)).query["options"] == "-cstatement_timeout=5s -csearch_path=dagster"


def test_the_checkout_holds_the_default_home(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DAGSTER_HOME", raising=False)
    assert dagster_home(Settings()) == ROOT / "dagster_home"


def test_a_home_without_configuration_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path))
    with pytest.raises(EnvironmentLack) as caught:
        dagster_home(Settings())
    assert caught.value.where == str(tmp_path)


def test_dagster_accepts_the_configuration_and_listens_to_us(monkeypatch: pytest.MonkeyPatch) -> None:
    from dagster._core.instance.config import dagster_instance_config

    configuration, _ = dagster_instance_config(str(ROOT / "dagster_home"))
    assert configuration["telemetry"] == {"enabled": False}
    assert configuration["freshness"] == {"enabled": True}
    raw = yaml.safe_load((ROOT / "dagster_home" / "dagster.yaml").read_text())
    assert raw["storage"] == {"postgres": {"postgres_url": {"env": "TESTDATA_DAGSTER_POSTGRES_URL"}}}
