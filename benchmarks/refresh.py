"""A refresh next to `pg_dump -Fd -jN` + `pg_restore -jN` of the same source into the same server, in one run.

    python -m benchmarks.refresh --rows 1000000 --pairs 5 [--jobs 2] [--masked 9] [--growth 100000,1000000] [--json]

Prints one row a pair, the stages, how the total grows with the rows, and the medians; the last line is JSON. `ratio` is
(snapshot + mask_and_load + constraints) over the pair's time, with encryption, leak fingerprints and profiles on;
`ratio_total` adds what pg_restore leaves to others, ANALYZE, and our registry; `ratio_validated` validation as well.
Kernels are compiled before the first pair, as once for every machine (`compile_seconds`), and loaded, as once for every
process (`startup_seconds`).
Pairs are interleaved: ours, theirs, ours, theirs; other maskers on PATH run last.
"""

from __future__ import annotations

import argparse
import json
import logging
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import structlog

from benchmarks import peers, shop_source
from testdata_assets.golden import refresh
from testdata_assets.golden.registry import STEPS_WITHIN, GoldenRegistry
from testdata_assets.postgres.connections import connect
from testdata_assets.postgres.control import connect_control
from testdata_assets.postgres.embedded import EmbeddedServer
from testdata_assets.postgres.places import Places, ensure_database, open_places
from testdata_assets.settings import Settings
from testdata_assets.validation.run import validate_candidate

SOURCE, TARGET = "bench_source", "bench_target"
_FEW_ROWS = 20_000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=1_000_000, help="rows in all tables together")
    parser.add_argument("--pairs", type=int, default=5, help="interleaved pairs; the median counts")
    parser.add_argument("--jobs", type=int, default=2, help="parallel streams on both sides")
    parser.add_argument("--masked", type=int, choices=(9, 16), default=16, help="how many of the 31 columns are masked")
    parser.add_argument("--growth", default="", help="further row counts, one pair each, to show how the total grows")
    parser.add_argument("--no-validate", action="store_true", help="leave out validation (no ratio_validated)")
    parser.add_argument("--json", action="store_true", help="print only the JSON line on stdout")
    options = parser.parse_args()
    out = sys.stderr if options.json else sys.stdout
    logging.disable(logging.INFO)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    with tempfile.TemporaryDirectory(prefix="bench-refresh-") as folder:
        settings = Settings(
            home=Path(folder) / "state", rules_dir=Path(folder) / "rules", workers=options.jobs, masking_key="5a" * 32
        )
        shop_source.write_rules(settings.rules_dir, options.masked)
        server = EmbeddedServer(settings.state_dir)
        server.ensure_running()
        try:
            settings = settings.model_copy(update={"source_dsn": _secret(server.dsn(SOURCE).secret())})
            result = run(settings, server, Path(folder), options, lambda line: print(line, file=out, flush=True))
        finally:
            server.stop()
    print(json.dumps(result))


def run(
    settings: Settings, server: EmbeddedServer, folder: Path, options: argparse.Namespace, say: Callable[[str], None]
) -> dict[str, Any]:
    """All pairs; returns what the JSON line holds."""
    compiled = _compile(say)
    startup = _startup(settings, server, say)
    growth = [_grown(settings, server, folder, options, int(rows), say) for rows in options.growth.split(",") if rows]
    _refill(server, options.rows)
    places = open_places(settings)
    size = _size(server)
    say(
        f"{options.rows:,} rows, {size / 1e6:,.0f} MB in the source, {options.masked} of 31 columns masked, "
        f"{options.jobs} jobs, Postgres {server.status().version}"
    )
    heads = ("snapshot", "mask+load", "constr.", "analyze", "rest", "ours", "dump", "restore", "theirs")
    say("pair " + " ".join(f"{head:>9}" for head in heads) + "  ratio")
    ours: list[dict[str, float]] = []
    theirs: list[dict[str, float]] = []
    for pair in range(1, options.pairs + 1):
        ours.append(_ours(settings, places, validate=not options.no_validate))
        theirs.append(_theirs(server, folder, options.jobs))
        mine, other = ours[-1], theirs[-1]
        say(
            f"{pair:>4} {mine['snapshot']:>9.2f} {mine['mask_and_load']:>9.2f} {mine['constraints']:>9.2f}"
            f" {mine['analyze']:>9.2f} {mine['rest']:>9.2f} {mine['counted']:>9.2f} {other['dump']:>9.2f}"
            f" {other['restore']:>9.2f} {other['total']:>9.2f}"
            f" {mine['counted'] / other['total']:>6.2f}"
        )
    ratio = statistics.median(mine["counted"] / other["total"] for mine, other in zip(ours, theirs, strict=True))
    seconds = {stage: round(statistics.median(mine[stage] for mine in ours), 3) for stage in ours[0]}
    result: dict[str, Any] = {
        "benchmark": "refresh",
        "rows": options.rows,
        "masked_columns": options.masked,
        "source_bytes": size,
        "pairs": options.pairs,
        "jobs": options.jobs,
        "ratio": round(ratio, 3),
        "ratio_total": round(
            statistics.median(mine["total"] / other["total"] for mine, other in zip(ours, theirs, strict=True)), 3
        ),
        "compile_seconds": compiled,
        "startup_seconds": startup,
        "seconds": seconds,
        "baseline_seconds": {key: round(statistics.median(other[key] for other in theirs), 3) for key in theirs[0]},
        "baseline_commands": [" ".join(command) for command in _commands(server, Path("DUMP"), options.jobs)],
        "rows_per_second": round(options.rows / seconds["counted"]),
        "mb_per_second": round(size / 1e6 / seconds["counted"], 1),
        "peak_rss_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
    }
    result["stages"] = _stages(seconds, say)
    if growth:
        growth.append({"rows": options.rows, "seconds": seconds["counted"], "ratio": result["ratio"]})
        result["growth"] = growth
        for each in growth:
            say(
                f"{each['rows']:>12,} rows {each['seconds']:>8.2f} s  ratio {each['ratio']:.2f}"
                f"  {each['seconds'] / each['rows'] * 1e6:.2f} s a million"
            )
    result["peers"] = _peers(settings, server, folder, options, say)
    if not options.no_validate:
        validated = statistics.median(
            (mine["total"] + mine["validate"]) / other["total"] for mine, other in zip(ours, theirs, strict=True)
        )
        result["ratio_validated"] = round(validated, 3)
    say("baseline: " + " && ".join(result["baseline_commands"]))
    say(
        f"median ratio {result['ratio']}, {result['ratio_total']} with ANALYZE and registry"
        + (f", with validation {result['ratio_validated']}" if "ratio_validated" in result else "")
        + f"; {result['rows_per_second']:,} rows/s, {result['mb_per_second']} MB/s, peak RSS {result['peak_rss_mb']} MB"
    )
    return result


def _compile(say: Callable[[str], None]) -> float:
    """Seconds that compiling the kernels took; next to none where that was done before."""
    started = time.monotonic()
    found = subprocess.run([sys.executable, "-m", "testdata_assets.masking.compile_kernels"], check=False)
    seconds = round(time.monotonic() - started, 1)
    say(f"kernels compiled in {seconds} s" if found.returncode == 0 else "without compiled kernels")
    return seconds


def _startup(settings: Settings, server: EmbeddedServer, say: Callable[[str], None]) -> float:
    """Seconds that the first refresh of a process takes more than the next one: numba and machine code are loaded."""
    _refill(server, _FEW_ROWS)
    places = open_places(settings)
    first, second = (_ours(settings, places, validate=False)["total"] for _ in range(2))
    say(f"the first refresh of a process takes {first - second:.1f} s more ({second:.1f} s for {_FEW_ROWS:,} rows)")
    return round(first - second, 1)


def _refill(server: EmbeddedServer, rows: int) -> None:
    with connect(server.dsn()) as conn:
        conn.execute(f"DROP DATABASE IF EXISTS {SOURCE} WITH (FORCE)".encode())
    ensure_database(server.dsn(), SOURCE)
    shop_source.fill(server.dsn(SOURCE), rows)


def _grown(
    settings: Settings,
    server: EmbeddedServer,
    folder: Path,
    options: argparse.Namespace,
    rows: int,
    say: Callable[[str], None],
) -> dict[str, float]:
    """One pair with another number of rows."""
    _refill(server, rows)
    mine = _ours(settings, open_places(settings), validate=False)
    other = _theirs(server, folder, options.jobs)
    say(f"{rows:,} rows: ours {mine['counted']:.2f} s, theirs {other['total']:.2f} s")
    return {"rows": rows, "seconds": round(mine["counted"], 3), "ratio": round(mine["counted"] / other["total"], 3)}


def _stages(seconds: dict[str, float], say: Callable[[str], None]) -> dict[str, float]:
    """Prints where our time goes. Decoding, masking and encoding run in threads beside the load."""
    stages = {
        "extract": seconds["snapshot"],
        **{stage: seconds.get(stage, 0.0) for stage in STEPS_WITHIN},
        "load": seconds["mask_and_load"],
        "constraints": seconds["constraints"],
        "analyze": seconds["analyze"],
        "rest": seconds["rest"],
    }
    say("stage        seconds")
    for stage, spent in stages.items():
        note = "  (all threads together, within load)" if stage in STEPS_WITHIN else ""
        say(f"{stage:<12} {spent:>7.2f}{note}")
    return stages


def _peers(
    settings: Settings,
    server: EmbeddedServer,
    folder: Path,
    options: argparse.Namespace,
    say: Callable[[str], None],
) -> dict[str, float]:
    """Seconds of other maskers on the same work."""
    found = {}
    for name, run_peer in peers.present().items():
        ensure_database(server.dsn(), TARGET)
        masked = shop_source.masked_columns(settings.rules_dir)
        try:
            found[name] = round(
                run_peer(folder, server.dsn(SOURCE), server.dsn(TARGET), masked, options.jobs, server.bin_dir), 3
            )
        finally:
            with connect(server.dsn()) as conn:
                conn.execute(f"DROP DATABASE IF EXISTS {TARGET} WITH (FORCE)".encode())
        say(f"{name}: {found[name]:.2f} s")
    if not found:
        say("no other masker on PATH (looked for greenmask)")
    return found


def _ours(settings: Settings, places: Places, *, validate: bool) -> dict[str, float]:
    started = time.monotonic()
    snapshot = refresh.take_snapshot(settings, places)
    image = refresh.build_image(settings, places, snapshot.snapshot_id)
    total = time.monotonic() - started
    seconds = {"snapshot": snapshot.seconds or 0.0, **image.seconds}
    counted = seconds["snapshot"] + seconds["mask_and_load"] + seconds["constraints"]
    seconds["rest"] = total - counted - seconds["analyze"]
    seconds |= {"counted": counted, "total": total}
    if validate:
        started = time.monotonic()
        report = validate_candidate(settings, places, image.golden_id)
        seconds["validate"] = time.monotonic() - started
        if not report.passed:
            raise SystemExit(f"the image was rejected: {[check.name for check in report.checks if not check.passed]}")
    refresh.reject_image(settings, places, image.golden_id, "benchmark")
    with connect_control(places.control) as control:
        assert GoldenRegistry(control).get(image.golden_id).row_count
    return seconds


def _commands(server: EmbeddedServer, folder: Path, jobs: int) -> list[list[str]]:
    return [
        ["pg_dump", "-Fd", f"-j{jobs}", "-f", str(folder), server.dsn(SOURCE).conninfo_without_password()],
        ["pg_restore", f"-j{jobs}", "-d", server.dsn(TARGET).conninfo_without_password(), str(folder)],
    ]


def _theirs(server: EmbeddedServer, folder: Path, jobs: int) -> dict[str, float]:
    from testdata_assets.postgres.tools import PgTools

    tools = PgTools(server.bin_dir, server.binaries.environment)
    ensure_database(server.dsn(), TARGET)
    dump = folder / "dump"
    seconds = {}
    try:
        for name, command in zip(("dump", "restore"), _commands(server, dump, jobs), strict=True):
            started = time.monotonic()
            subprocess.run([tools.path(command[0]), *command[1:]], env=tools.environment(server.dsn()), check=True)
            seconds[name] = time.monotonic() - started
    finally:
        shutil.rmtree(dump, ignore_errors=True)
        with connect(server.dsn()) as conn:
            conn.execute(f"DROP DATABASE IF EXISTS {TARGET} WITH (FORCE)".encode())
    seconds["total"] = seconds["dump"] + seconds["restore"]
    return seconds


def _size(server: EmbeddedServer) -> int:
    with connect(server.dsn(SOURCE)) as conn:
        row = conn.execute("SELECT pg_database_size(current_database())").fetchone()
    assert row is not None
    return int(row[0])


def _secret(text: str) -> Any:
    from pydantic import SecretStr

    return SecretStr(text)


if __name__ == "__main__":
    main()
