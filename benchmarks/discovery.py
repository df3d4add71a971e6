"""How well `testdata rules init` tells personal columns, on labelled databases it was not tuned on.

`python -m benchmarks.discovery [--json] [--split held_out_3] [--without-dictionaries]` makes each labelled database
on a throw-away server, runs discovery on it, prints one table and ends with one JSON line. Recall and precision
are of personal columns; `category` is the share of personal columns whose category is exactly the label's.
Columns labelled `?` are not counted. Most values come from Faker, whose names discovery also knows as a dictionary;
`--without-dictionaries` shows what is left when it knows none.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from psycopg import sql
from rich.console import Console
from rich.table import Table as Grid

from benchmarks.labelled.builder import FOLDER, SPLITS, create, databases
from testdata_assets.masking.discovery import dictionaries as words
from testdata_assets.masking.discovery.discover import Discovery, discover
from testdata_assets.masking.rules_check import check_rules
from testdata_assets.postgres.connections import connect
from testdata_assets.postgres.dsn import Dsn
from testdata_assets.postgres.embedded import EmbeddedServer
from testdata_assets.postgres.identifiers import TableName
from testdata_assets.postgres.tools import PgTools
from testdata_assets.production.source import open_source

PAGILA = FOLDER.parents[2] / "shared" / "samples" / "pagila.sql"
TARGETS = {"recall": 0.98, "precision": 0.85}


@dataclass(frozen=True)
class Score:
    """What one database's columns were taken for.

    Attributes:
        personal: Columns labelled as personal.
        found: Those of them that discovery took for personal.
        wrongly: Columns it took for personal although they are not.
        category: Personal columns whose category it named exactly.
        checks: Whether the rules pass `rules check` as written.
    """

    database: str
    split: str
    columns: int
    personal: int
    found: int
    wrongly: int
    category: int
    checks: bool
    seconds: float
    misses: tuple[str, ...] = ()

    @property
    def recall(self) -> float:
        return self.found / self.personal if self.personal else 1.0

    @property
    def precision(self) -> float:
        return self.found / (self.found + self.wrongly) if self.found + self.wrongly else 1.0

    @property
    def category_share(self) -> float:
        return self.category / self.personal if self.personal else 1.0


def score(
    name: str, split: str, labels: Mapping[tuple[str, str], str], found: Discovery, seconds: float, ok: bool
) -> Score:
    """Holds findings against labels; columns without a label are not personal."""
    personal = hits = wrong = category = counted = 0
    misses: list[str] = []
    for column in found.columns:
        label = labels.get((column.table, column.column), "-")
        if label == "?":
            continue
        counted += 1
        if label == "-":
            if column.pii is not None:
                wrong += 1
                misses.append(f"+ {column.table}.{column.column}: {column.pii} ({column.why})")
            continue
        personal += 1
        hits += column.pii is not None
        category += column.pii == label
        if column.pii != label:
            sign = "-" if column.pii is None else "~"
            misses.append(f"{sign} {column.table}.{column.column}: {label}, taken for {column.pii} ({column.why})")
    return Score(name, split, counted, personal, hits, wrong, category, ok, seconds, tuple(misses))


def measure(server: EmbeddedServer, split: str | None) -> list[Score]:
    """Makes every database, runs discovery on it and scores it."""
    scores = []
    for database in databases():
        if split is None or database.split == split:
            with _fresh(server, database.name) as dsn:
                create(database, dsn)
                labels = {(_rule_name(table), column): label for (table, column), label in database.labels.items()}
                scores.append(_run(database.name, database.split, labels, dsn))
    if PAGILA.exists() and split in (None, "development"):
        with _fresh(server, "pagila") as dsn:
            tools = PgTools(server.bin_dir, server.binaries.environment)
            tools.run("psql", dsn, ["-X", "-q", "-v", "ON_ERROR_STOP=1", "-o", "/dev/null", "-f", str(PAGILA)])
            scores.append(_run("pagila", "development", _pagila_labels(), dsn))
    return scores


def _run(name: str, split: str, labels: Mapping[tuple[str, str], str], dsn: Dsn) -> Score:
    started = time.perf_counter()
    with open_source(dsn) as source:
        found = discover(source)
        ok = check_rules(found.rules, source.catalog).ok
    return score(name, split, labels, found, round(time.perf_counter() - started, 2), ok)


def _rule_name(table: str) -> str:
    bare = table.strip('"')
    schema, _, name = bare.rpartition(".")
    return str(TableName(schema or "public", name))


def _pagila_labels() -> dict[tuple[str, str], str]:
    lines = (FOLDER / "pagila_labels.txt").read_text(encoding="utf-8").splitlines()
    pairs = (line.split() for line in lines if line and not line.startswith("#"))
    return {(f"public.{name.split('.')[0]}", name.split(".")[1]): label for name, label in pairs}


@contextlib.contextmanager
def _fresh(server: EmbeddedServer, name: str) -> Iterator[Dsn]:
    with connect(server.dsn()) as conn:
        conn.execute(sql.SQL("CREATE DATABASE {} TEMPLATE template0").format(sql.Identifier(f"labelled_{name}")))
        try:
            yield server.dsn(f"labelled_{name}")
        finally:
            conn.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(f"labelled_{name}")))


def _total(split: str, scores: list[Score]) -> Score:
    chosen = [each for each in scores if each.split == split]
    return Score(
        "all",
        split,
        sum(each.columns for each in chosen),
        sum(each.personal for each in chosen),
        sum(each.found for each in chosen),
        sum(each.wrongly for each in chosen),
        sum(each.category for each in chosen),
        all(each.checks for each in chosen),
        round(sum(each.seconds for each in chosen), 2),
    )


def _row(each: Score) -> dict[str, object]:
    plain = {key: value for key, value in asdict(each).items() if key != "misses"}
    shares = {"recall": each.recall, "precision": each.precision, "category_share": each.category_share}
    return plain | {key: round(value, 4) for key, value in shares.items()}


def main() -> None:
    """Runs the benchmark."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--json", action="store_true", help="print the JSON line only")
    parser.add_argument("--split", choices=SPLITS, help="one split only")
    parser.add_argument("--without-dictionaries", action="store_true", help="know no names of people and places")
    parser.add_argument("--misses", action="store_true", help="name the misses of the development split")
    arguments = parser.parse_args()
    if arguments.without_dictionaries:
        nothing = words.Dictionaries(frozenset(), frozenset(), frozenset())
        words.use(nothing)
    with tempfile.TemporaryDirectory(prefix="discovery-") as folder:
        server = EmbeddedServer(Path(folder))
        server.ensure_running()
        try:
            scores = measure(server, arguments.split)
        finally:
            server.stop()
    totals = [_total(split, scores) for split in SPLITS if any(each.split == split for each in scores)]
    if not arguments.json:
        grid = Grid("split", "database", "columns", "personal", "recall", "precision", "category", "checks", "s")
        for each in [*scores, *totals]:
            shares = [f"{share:.3f}" for share in (each.recall, each.precision, each.category_share)]
            grid.add_row(
                each.split,
                each.database,
                str(each.columns),
                str(each.personal),
                *shares,
                str(each.checks),
                f"{each.seconds:.1f}",
            )
        Console(width=120).print(grid)
        if arguments.misses:
            for each in scores:
                if each.split == "development":
                    print(*(f"{each.database} {miss}" for miss in each.misses), sep="\n")
    document = {
        "benchmark": "discovery",
        "dictionaries": not arguments.without_dictionaries,
        "targets": TARGETS,
        "databases": [_row(each) for each in scores],
        "totals": {each.split: _row(each) for each in totals},
    }
    sys.stdout.write(json.dumps(document) + "\n")


if __name__ == "__main__":
    main()
