"""Plants leaks in masked images of the sample and of Pagila, and measures what the leak scan finds of them.

    python -m benchmarks.leaks [--placements 100] [--scale 0.2] [--rows 1000000] [--only sample,pagila,speed] [--json]

Prints recall by kind, false findings on the images before anything was planted, the scan's throughput and its share
of a refresh (on the database of `benchmarks.refresh`); the last line is JSON. Leaks are written into the candidate
image, behind the back of masking. One scan looks for all of them; a plant counts as found if a finding names its
column and row, or its object.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import random
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import structlog
import yaml

from benchmarks import leak_kinds, shop_source
from benchmarks.leak_kinds import DRAWER, DRAWER_COLUMNS, SHELF
from benchmarks.leak_planting import Bench, Planter, account
from testdata_assets.golden import refresh
from testdata_assets.golden.registry import GoldenRegistry
from testdata_assets.postgres.connections import connect
from testdata_assets.postgres.control import connect_control
from testdata_assets.postgres.dsn import Dsn
from testdata_assets.postgres.embedded import EmbeddedServer
from testdata_assets.postgres.places import Places, ensure_database, open_places
from testdata_assets.postgres.tools import PgTools
from testdata_assets.production.catalog_reader import read_catalog
from testdata_assets.settings import Settings
from testdata_assets.validation.image_reader import ImageReader
from testdata_assets.validation.report import Finding, sift
from testdata_assets.validation.rules import load_validation_rules
from testdata_assets.validation.run import validate_candidate
from testdata_assets.validation.scan import ScanResult, scan

ROOT = Path(__file__).resolve().parent.parent
PAGILA = ROOT.parent / "shared" / "samples" / "pagila.sql"
SEED = 20260101

# Raw values by what they are. Of those, what is made of everyday words alone, or has too few digits, can be anybody's
# and is no evidence: it is not planted, and how much that is stands in the output.
SAMPLE_VALUES = {
    "email": "SELECT DISTINCT ON (lower(email)) email::text FROM users ORDER BY lower(email)",
    "name": "SELECT DISTINCT full_name FROM users WHERE full_name ~ '[^ ] [^ ]' AND length(full_name) <= 100",
    "phone": "SELECT DISTINCT phone FROM users WHERE length(regexp_replace(phone, '\\D', '', 'g')) <= 15"
    " AND phone ~ '^[-+()0-9 ./]+$'",
    "street": "SELECT DISTINCT street FROM addresses WHERE length(street) <= 120 AND street ~ '[^ ] [^ ]'",
    "card": "SELECT DISTINCT card_number FROM payments WHERE card_number IS NOT NULL",
    "username": "SELECT DISTINCT username::text FROM users",
    "url": "SELECT DISTINCT avatar_url FROM users WHERE avatar_url IS NOT NULL",
    "text": "SELECT DISTINCT body FROM support_tickets WHERE length(body) > 40",
    "company": "SELECT DISTINCT company FROM users WHERE company ~ '[^ ] [^ ]'",
}
PAGILA_VALUES = {
    "email": "SELECT DISTINCT email FROM customer",
    "phone": "SELECT DISTINCT phone FROM address WHERE phone <> ''",
    "street": "SELECT DISTINCT address FROM address WHERE address ~ '\\d'",
    "name": "SELECT DISTINCT first_name || ' ' || last_name FROM customer",
}


DRAWER_VALUES = {
    name: f"SELECT {each.read.format(name)} FROM {DRAWER} ORDER BY id" for name, each in DRAWER_COLUMNS.items()
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--placements", type=int, default=100, help="random placements of each kind")
    parser.add_argument("--scale", type=float, default=0.2, help="of the sample; 1.0 is 100,000 orders")
    parser.add_argument("--rows", type=int, default=1_000_000, help="rows for throughput and share of the refresh")
    parser.add_argument("--only", default="sample,pagila,speed", help="which parts to run")
    parser.add_argument("--jobs", type=int, default=2, help="threads of the scan")
    parser.add_argument("--misses", action="store_true", help="show some values that were missed (fabricated data)")
    parser.add_argument("--json", action="store_true", help="print only the JSON line on stdout")
    options = parser.parse_args()
    out = sys.stderr if options.json else sys.stdout
    logging.disable(logging.INFO)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))

    def say(line: str) -> None:
        print(line, file=out, flush=True)

    with tempfile.TemporaryDirectory(prefix="bench-leaks-") as folder:
        settings = Settings(home=Path(folder) / "state", workers=options.jobs, masking_key="5a" * 32)
        server = EmbeddedServer(settings.state_dir)
        server.ensure_running()
        try:
            result = run(settings, server, Path(folder), options, say)
        finally:
            server.stop()
    print(json.dumps(result))


def run(
    settings: Settings,
    server: EmbeddedServer,
    folder: Path,
    options: argparse.Namespace,
    say: Callable[[str], None],
) -> dict[str, Any]:
    """All parts; returns what the JSON line holds."""
    wanted = set(options.only.split(","))
    result: dict[str, Any] = {"benchmark": "leaks", "placements": options.placements, "databases": {}}
    makers = {"sample": _sample, "pagila": _pagila}
    for name, make in makers.items():
        if name not in wanted:
            continue
        if name == "pagila" and not PAGILA.exists():
            say("pagila: ../shared/samples/pagila.sql is absent")
            continue
        bench = make(server, folder, options)
        result["databases"][name] = _measure(bench, settings, options, say)
    if "speed" in wanted:
        result["speed"] = _speed(settings, server, folder, options, say)
    kinds = [kind for each in result["databases"].values() for kind in each["recall"].items()]
    planted = sum(each["planted"] for each in result["databases"].values())
    found = sum(each["found"] for each in result["databases"].values())
    result |= {
        "kinds": len({name for name, _ in kinds}),
        "planted": planted,
        "found": found,
        "recall": round(found / planted, 4) if planted else None,
        "missed_kinds": sorted({name for name, recall in kinds if recall < 1}),
        "false_findings": sum(each["false_findings"] for each in result["databases"].values()),
    }
    say(
        f"{result['kinds']} kinds, {planted:,} leaks planted, {found:,} found (recall {result['recall']}), "
        f"{result['false_findings']} false findings on clean images"
    )
    return result


def _sample(server: EmbeddedServer, folder: Path, options: argparse.Namespace) -> Bench:
    from testdata_assets.synthesis.sample_shop import create_sample

    ensure_database(server.dsn(), "leak_sample")
    source = server.dsn("leak_sample")
    create_sample(source, scale=options.scale)
    _add_shelf(source, options.placements)
    rules = _rules(ROOT / "rules", folder / "rules_sample")
    return Bench("sample", source, rules, SAMPLE_VALUES | DRAWER_VALUES, leak_kinds.SAMPLE_KINDS)


def _pagila(server: EmbeddedServer, folder: Path, options: argparse.Namespace) -> Bench:
    ensure_database(server.dsn(), "leak_pagila")
    source = server.dsn("leak_pagila")
    tools = PgTools(server.bin_dir, server.binaries.environment)
    tools.run("psql", source, ["-X", "-q", "-v", "ON_ERROR_STOP=1", "-o", "/dev/null", "-f", str(PAGILA)])
    _add_shelf(source, options.placements)
    rules = _rules(ROOT / "tests" / "fixtures" / "pagila_rules", folder / "rules_pagila")
    return Bench("pagila", source, rules, PAGILA_VALUES | DRAWER_VALUES, leak_kinds.PAGILA_KINDS)


def _add_shelf(source: Dsn, placements: int) -> None:
    """A table of kept columns, one for each kind, full of what is nobody's; and one of parts that rules empty."""
    rows = max(1_000, 5 * placements)
    columns = ", ".join(f'"{kind.name}" {kind.type}' for kind in leak_kinds.SHELF_KINDS)
    values = ", ".join(kind.clean for kind in leak_kinds.SHELF_KINDS)
    with connect(source, autocommit=True) as conn:
        for statement in (
            "CREATE EXTENSION IF NOT EXISTS hstore SCHEMA public",
            "CREATE EXTENSION IF NOT EXISTS citext SCHEMA public",
            "SET search_path = public",
            "CREATE TYPE leak_parcel AS (number int, receiver text)",
            "CREATE DOMAIN leak_label AS text",
            "CREATE TYPE leak_range AS RANGE (subtype = text)",
            "CREATE FUNCTION leak_nothing() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN new; END'",
            f"CREATE TABLE {SHELF} (id int PRIMARY KEY, {columns})",
        ):
            conn.execute(statement.encode())
        conn.execute(
            f"INSERT INTO {SHELF} SELECT i, {values} FROM (SELECT i, (%s::text[])[1 + i %% 6] || ' no ' || i AS prose"
            f" FROM generate_series(1, {rows}) AS i) AS rows".encode(),
            (list(leak_kinds.PROSE),),
        )
        columns = ", ".join(f"{name} {each.type}" for name, each in DRAWER_COLUMNS.items())
        values = ", ".join(
            f"(SELECT {each.write} FROM (SELECT 'Zyla ' || initcap(translate(md5('{name}' || i), '0123456789',"
            " 'aeioukrstz')) AS name) AS named)"
            for name, each in DRAWER_COLUMNS.items()
        )
        conn.execute(f"CREATE TABLE {DRAWER} (id int PRIMARY KEY, {columns})".encode())
        conn.execute(f"INSERT INTO {DRAWER} SELECT i, {values} FROM generate_series(1, 1000) AS i".encode())


def _rules(template: Path, folder: Path) -> Path:
    """Rules of a database, of the shelf, all of which is kept, and of the drawer."""
    folder.mkdir()
    document = yaml.safe_load((template / "masking.yaml").read_text(encoding="utf-8"))
    names = ["id", *(kind.name for kind in leak_kinds.SHELF_KINDS)]
    document["tables"][f"public.{SHELF}"] = {"columns": dict.fromkeys(names, "keep")}
    document["tables"][f"public.{DRAWER}"] = {"id": "keep"} | {name: each.rule for name, each in DRAWER_COLUMNS.items()}
    document["objects"] = {"comments": "keep", "large_objects": "keep"}
    (folder / "masking.yaml").write_text(yaml.safe_dump(document, sort_keys=False), encoding="utf-8")
    accepted = template / "validation.yaml"
    if accepted.exists():
        (folder / "validation.yaml").write_text(accepted.read_text(encoding="utf-8"), encoding="utf-8")
    return folder


def _measure(
    bench: Bench, settings: Settings, options: argparse.Namespace, say: Callable[[str], None]
) -> dict[str, Any]:
    """Masks a database, scans the clean image, plants, scans again."""
    settings = settings.model_copy(update={"source_dsn": _secret(bench.source.secret()), "rules_dir": bench.rules})
    with _candidate(settings) as (places, evidence, _):
        clean, clean_seconds = _scanned(places, evidence, options, settings, keys=0)
        for finding in clean[:20]:
            say(f"  false finding: {finding}")
        planter = Planter(bench, options.placements, random.Random(SEED))  # noqa: S311  the same leaks every time
        with connect(evidence.image_dsn) as image, connect(bench.source) as source:
            tallies = planter.plant(image, source)
        found, seconds = _scanned(places, evidence, options, settings, keys=1_000_000)
        account(tallies, found)
        if options.misses:
            planter.show_misses(tallies, found, say)
    for name, (out, of) in planter.left_out.items():
        if out:
            say(f"{bench.name}: {out:,} of {of:,} values of kind {name} say too little and were not planted")
    planted, hit = sum(t.planted for t in tallies.values()), sum(t.found for t in tallies.values())
    say(f"{bench.name}: {'kind':<28} planted  found  recall")
    for name, tally in tallies.items():
        say(f"{bench.name}: {name:<28} {tally.planted:>7,} {tally.found:>6,} {tally.found / tally.planted:>7.1%}")
    say(
        f"{bench.name}: {planted:,} planted, {hit:,} found; {len(clean)} false findings on the clean image; "
        f"scan {clean_seconds:.2f} s clean, {seconds:.2f} s planted"
    )
    return {
        "recall": {name: round(tally.found / tally.planted, 4) for name, tally in tallies.items()},
        "planted": planted,
        "found": hit,
        "not_planted": {name: [out, of] for name, (out, of) in planter.left_out.items()},
        "false_findings": len(clean),
        "scan_seconds": round(clean_seconds, 3),
    }


@contextmanager
def _candidate(settings: Settings) -> Iterator[tuple[Places, refresh.Evidence, dict[str, float]]]:
    places = open_places(settings)
    snapshot = refresh.take_snapshot(settings, places)
    image = refresh.build_image(settings, places, snapshot.snapshot_id)
    seconds = {"snapshot": snapshot.seconds or 0.0, **image.seconds}
    try:
        with connect_control(places.control) as control:
            evidence = refresh.read_evidence(settings, places, GoldenRegistry(control), image.golden_id)
        yield places, evidence, seconds
    finally:
        refresh.reject_image(settings, places, image.golden_id, "benchmark")


def _scanned(
    places: Places, evidence: refresh.Evidence, options: argparse.Namespace, settings: Settings, *, keys: int
) -> tuple[list[Finding], float]:
    """Findings that nobody accepted, and the seconds of the search for production's values."""
    result = _scan(places, evidence, options.jobs, keys)
    rules = load_validation_rules(settings.rules_dir / "validation.yaml")
    open_ones = sift("no_production_values", result.leaks, rules, datetime.now(UTC).date()).open
    return list(open_ones), result.leak_seconds


def _scan(places: Places, evidence: refresh.Evidence, workers: int, keys: int) -> ScanResult:
    reader = ImageReader(evidence.image_dsn, places.tools)
    with reader.connect() as conn:
        image = read_catalog(conn)
    return scan(reader, image, evidence.plan, evidence.fingerprints, workers=workers, keys=keys)


def _speed(
    settings: Settings, server: EmbeddedServer, folder: Path, options: argparse.Namespace, say: Callable[[str], None]
) -> dict[str, Any]:
    """The scan's throughput and its share of a refresh: of all of it, and of reading, masking and loading alone."""
    ensure_database(server.dsn(), "leak_speed")
    source = server.dsn("leak_speed")
    shop_source.fill(source, options.rows)
    rules = folder / "rules_speed"
    shop_source.write_rules(rules)
    settings = settings.model_copy(update={"source_dsn": _secret(source.secret()), "rules_dir": rules})
    places, clock = open_places(settings), [time.monotonic()]
    snapshot = refresh.take_snapshot(settings, places)
    image = refresh.build_image(settings, places, snapshot.snapshot_id)
    clock.append(time.monotonic())
    seconds = {"snapshot": snapshot.seconds or 0.0, **image.seconds}
    with connect_control(places.control) as control:
        evidence = refresh.read_evidence(settings, places, GoldenRegistry(control), image.golden_id)
    started, cpu = time.monotonic(), os.times()
    result = _scan(places, evidence, options.jobs, 0)
    elapsed, after = time.monotonic() - started, os.times()
    values = sum(column.values for column in result.columns)
    size = evidence.image.bytes or 0
    clock.append(time.monotonic())
    validate_candidate(settings, places, image.golden_id)
    refresh.publish_image(settings, places, image.golden_id)
    clock.append(time.monotonic())
    whole = clock[1] - clock[0] + clock[3] - clock[2]  # the scan once, as part of validation
    others = seconds["snapshot"] + seconds["mask_and_load"] + seconds["constraints"]
    scan_seconds = result.leak_seconds
    speed = {
        "rows": options.rows,
        "values": values,
        "fingerprints": len(evidence.fingerprints),
        "scan_seconds": round(scan_seconds, 3),
        "both_scans_seconds": round(elapsed, 3),
        "cpu_seconds": round(after.user + after.system - cpu.user - cpu.system, 3),
        "values_per_second": round(values / scan_seconds),
        "mb_per_second": round(size / 1e6 / scan_seconds, 1),
        "refresh_seconds": {key: round(value, 3) for key, value in seconds.items()},
        "whole_refresh_seconds": round(whole, 3),
        "share": round(scan_seconds / whole, 4),
        "share_beside_masking": round(scan_seconds / (others + scan_seconds), 4),
        "false_findings": len(result.leaks),
    }
    say(
        f"speed: {options.rows:,} rows, {values:,} values in {scan_seconds:.2f} s ({speed['values_per_second']:,}/s, "
        f"{speed['mb_per_second']} MB/s) against {speed['fingerprints']:,} fingerprints: {speed['share']:.1%} of a "
        f"refresh of {whole:.2f} s, {speed['share_beside_masking']:.1%} beside reading, masking, loading; "
        f"{speed['false_findings']} false findings"
    )
    return speed


def _secret(text: str) -> Any:
    from pydantic import SecretStr

    return SecretStr(text)


if __name__ == "__main__":
    main()
