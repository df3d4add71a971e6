"""A refresh whose snapshot lies on S3 (moto's server, a process of its own): ciphertext only, and gone afterwards."""

from __future__ import annotations

import secrets
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from psycopg import sql

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
from clusters import cluster
from sources import catalog_of, contents

from benchmarks import shop_source
from testdata_assets.errors import EnvironmentLack, RefusedError
from testdata_assets.golden import refresh
from testdata_assets.golden.registry import GoldenRegistry
from testdata_assets.postgres.connections import connect
from testdata_assets.postgres.control import connect_control
from testdata_assets.postgres.dsn import Dsn
from testdata_assets.postgres.embedded import EmbeddedServer
from testdata_assets.postgres.places import open_places
from testdata_assets.production import snapshot as snapshots
from testdata_assets.production.chunk_store import ChunkStore, ChunkStoreDamaged, drop_store
from testdata_assets.settings import Settings
from testdata_assets.validation.run import validate_candidate

KEY = b"k" * 32
ROWS = 10_000


@pytest.fixture(scope="module")
def endpoint(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A moto server on the loopback."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    log = tmp_path_factory.mktemp("moto") / "log"
    program = Path(sys.executable).with_name("moto_server")
    with log.open("wb") as output:
        process = subprocess.Popen([program, "-H", "127.0.0.1", "-p", str(port)], stdout=output, stderr=output)
    try:
        deadline = time.monotonic() + 60
        while True:
            with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                break
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < deadline
            time.sleep(0.1)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.kill()
        process.wait(10)


@pytest.fixture
def bucket(endpoint: str, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> str:
    """An empty bucket; its variables are those any S3 client reads."""
    for name, value in aws(endpoint).items():
        monkeypatch.setenv(name, value)
    name = f"snapshots-{abs(hash(request.node.name))}"
    files().mkdir(name)
    return name


def aws(endpoint: str) -> dict[str, str]:
    return {
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_DEFAULT_REGION": "us-east-1",
    }


def files() -> Any:
    import s3fs

    return s3fs.S3FileSystem(use_listings_cache=False, skip_instance_cache=True)


def test_streams_come_back_in_any_order(bucket: str) -> None:
    location = f"s3://{bucket}/here/s-1"
    store = ChunkStore.create(location, "s-1", KEY)
    blocks = [secrets.token_bytes(17 << 20), b"second\n", secrets.token_bytes(24 << 20), b"last\n"]
    size = store.write("a", iter(blocks))
    assert files().info(f"{bucket}/here/s-1/a.chunk")["size"] == size.stored_bytes > 32 << 20  # several parts
    again = ChunkStore.open(location, "s-1", KEY)
    assert list(again.read("a")) == blocks
    assert again.read_record("a", 3) == blocks[3]
    store.write("a", [b"anew"])
    assert list(again.read("a")) == [b"anew"]
    files().pipe(f"{bucket}/here/s-1/a.chunk", b"x" * 100)
    with pytest.raises(ChunkStoreDamaged):
        list(again.read("a"))
    files().pipe(f"{bucket}/here/s-10/other", b"another snapshot")
    store.drop()
    assert files().find(bucket) == [f"{bucket}/here/s-10/other"]
    with pytest.raises(RefusedError) as caught:
        ChunkStore.open(location, "s-1", KEY)
    assert caught.value.error_code == "snapshot-dropped"
    drop_store(location)  # once more does no harm


def test_a_stream_that_fails_half_way_never_appears(bucket: str) -> None:
    store = ChunkStore.create(f"s3://{bucket}/s-1", "s-1", KEY)

    def failing() -> Iterator[bytes]:
        for _ in range(3):
            yield secrets.token_bytes(20 << 20)
        raise OSError(5, "the pipe broke")

    with pytest.raises(OSError, match="the pipe broke"):
        store.write("broken", failing())
    assert files().find(bucket) == [f"{bucket}/s-1/data.key"]
    assert not files().list_multipart_uploads(bucket)


def test_uploads_that_a_crash_left_are_dropped(bucket: str) -> None:
    location = f"s3://{bucket}/s-1"
    ChunkStore.create(location, "s-1", KEY)
    system = files()
    system.call_s3("create_multipart_upload", Bucket=bucket, Key="s-1/crashed.chunk")
    system.call_s3("create_multipart_upload", Bucket=bucket, Key="s-10/anothers.chunk")
    drop_store(location)
    assert [upload["Key"] for upload in files().list_multipart_uploads(bucket)] == ["s-10/anothers.chunk"]


def test_a_bucket_that_keeps_versions_is_refused(bucket: str) -> None:
    files().call_s3("put_bucket_versioning", Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    with pytest.raises(RefusedError) as caught:
        ChunkStore.create(f"s3://{bucket}/s-1", "s-1", KEY)
    assert caught.value.error_code == "chunk-store-versioned"
    assert files().find(bucket) == []


def test_a_missing_bucket_is_said(bucket: str) -> None:
    with pytest.raises(EnvironmentLack) as caught:
        ChunkStore.create("s3://there-is-no-such-bucket/s-1", "s-1", KEY)
    assert caught.value.error_code == "chunk-store-missing"


def test_a_place_that_fails_does_not_block_the_next_refresh(
    settings: Settings, source: Dsn, bucket: str, tmp_path: Path
) -> None:
    shop_source.write_rules(tmp_path / "rules", 8)
    values = settings.model_dump() | {"source_dsn": source.secret(), "rules_dir": tmp_path / "rules"}
    places = open_places(Settings.model_validate(values))
    with pytest.raises(EnvironmentLack) as caught:
        refresh.take_snapshot(Settings.model_validate(values | {"chunk_store": "s3://no-such-bucket/x"}), places)
    assert caught.value.error_code == "chunk-store-missing"
    record = refresh.take_snapshot(Settings.model_validate(values), places)
    with connect_control(places.control) as control:
        left = GoldenRegistry(control).undropped_snapshots()
    assert [each.snapshot_id for each in left] == [record.snapshot_id]


@pytest.fixture
def source(server: EmbeddedServer) -> Iterator[Dsn]:
    name = "s3_source"
    with connect(server.dsn()) as conn:
        conn.execute(sql.SQL("CREATE DATABASE {} TEMPLATE template0").format(sql.Identifier(name)))
        shop_source.fill(server.dsn(name), ROWS)
        yield server.dsn(name)
        conn.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


def test_a_refresh_with_its_snapshot_on_s3(
    settings: Settings,
    source: Dsn,
    bucket: str,
    endpoint: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(snapshots, "block_bytes", lambda workers: 128 << 10)
    shop_source.write_rules(tmp_path / "rules", 12)
    values = settings.model_dump() | {"source_dsn": source.secret(), "rules_dir": tmp_path / "rules", "workers": 2}
    here = Settings.model_validate(values)
    there = Settings.model_validate(values | {"chunk_store": f"s3://{bucket}/snap/"})
    places = open_places(there)

    def image_of(settings: Settings) -> dict[str, list[bytes]]:
        record = refresh.take_snapshot(settings, places)
        image = refresh.build_image(settings, places, record.snapshot_id)
        rows = contents(places.server.with_database(image.database_name), catalog_of(source))
        refresh.reject_image(settings, places, image.golden_id, "test")
        return rows

    expected = image_of(here)
    with connect(source) as conn:
        raw = [
            str(value) for row in conn.execute("SELECT email, full_name, phone FROM people LIMIT 500") for value in row
        ]

    record = refresh.take_snapshot(there, places)
    assert record.location == f"s3://{bucket}/snap/{record.snapshot_id}"
    stored = {name: files().cat_file(name) for name in files().find(f"{bucket}/snap")}
    assert len(stored) > 4
    assert sum(map(len, stored.values())) > 100_000
    for name, data in stored.items():
        assert not [value for value in raw if value.encode() in data or value in name]
        assert b"PGDMP" not in data
    image = refresh.build_image(there, places, record.snapshot_id)
    assert contents(places.server.with_database(image.database_name), catalog_of(source)) == expected
    assert validate_candidate(there, places, image.golden_id).passed
    refresh.publish_image(there, places, image.golden_id)
    assert files().find(bucket) == []
    with connect_control(places.control) as control:
        assert GoldenRegistry(control).undropped_snapshots() == []

    keys = {"TESTDATA_MASKING_KEY": "11" * 32, "TESTDATA_STORE_KEY": "22" * 32}
    with cluster(tmp_path / "cluster", keys | aws(endpoint)) as dask:
        values = there.model_dump() | {"executor": dask.setting}
        assert image_of(Settings.model_validate(values)) == expected
    assert files().find(bucket) == []
