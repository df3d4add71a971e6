"""Makes labelled databases: reads their description, invents rows with Faker under a fixed seed, loads them.

Generators: a Faker method (`email`, `name`), `seq`, `int(1,9)`, `real(0,9)`, `date(1950,2000)`, `moment`, `bool`,
`pick(a,b)`, `form(AB-####)` (Faker's bothify), `text(Call {{name}})` (Faker's own templates, also for JSON),
`hex(32)`, and `maybe(0.3,GENERATOR)` for a share of NULLs. `like({surname^}, {given} {###}{??})` draws from the
description's own pools (`pool NAME one ; two ; ...`, whose entries may draw again), `^` for upper case, `#` for
digits and `?` for letters: values that Faker, and so the dictionaries of discovery, do not know. `own(Ask {given})`
quotes columns of the same row that stand above, and `slug({given} {family})` does so in lower case with hyphens.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
from faker import Faker
from psycopg import sql

from testdata_assets.postgres.connections import connect
from testdata_assets.postgres.dsn import Dsn

FOLDER = Path(__file__).parent
SPLITS = ("development", "held_out_3", "held_out_4", "held_out_5", "held_out_6", "held_out_7", "held_out_8")
_DRAW = re.compile(r"\{([a-z]+|#+|\?+)(\^?)\}")
_OWN = re.compile(r"\{(\w+)\}")
_NO_SLUG = re.compile(r"[\W_]+")
_CALL = re.compile(r"(\w+)(?:\((.*)\))?\Z", re.DOTALL)


@dataclass(frozen=True)
class LabelledColumn:
    name: str
    type: str
    label: str
    generator: str


@dataclass(frozen=True)
class LabelledTable:
    name: str
    rows: int
    columns: tuple[LabelledColumn, ...]


@dataclass(frozen=True)
class LabelledDatabase:
    """A description: `split` is its folder, `locale` Faker's (several with commas), `pools` its own values."""

    name: str
    split: str
    locale: str
    setup: str
    tables: tuple[LabelledTable, ...]
    pools: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def labels(self) -> dict[tuple[str, str], str]:
        """Label by (table, column) as rules name them."""
        return {(table.name, column.name): column.label for table in self.tables for column in table.columns}


def databases() -> list[LabelledDatabase]:
    """All descriptions, development first."""
    found = [read(file) for split in SPLITS for file in sorted((FOLDER / split).glob("*.txt"))]
    if not found:
        raise FileNotFoundError(f"no labelled databases in {FOLDER}")
    return found


def read(file: Path) -> LabelledDatabase:
    """Reads one description.

    Raises:
        ValueError: A line is neither a table, a column, a comment nor a setting.
    """
    locale, setup = "en_US", []
    tables: list[tuple[str, int, list[LabelledColumn]]] = []
    pools: dict[str, tuple[str, ...]] = {}
    for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1):
        text = line.strip()
        if not text or text.startswith("#"):
            continue
        if text.startswith("locale ") and " | " not in text:
            locale = text.split()[1]
        elif text.startswith("pool ") and " | " not in text:
            _, name, entries = text.split(maxsplit=2)
            pools[name] = tuple(entry.strip() for entry in entries.split(" ; "))
        elif text.startswith("sql ") and " | " not in text:
            setup.append(text.removeprefix("sql "))
        elif text.startswith("table ") and " | " not in text:
            _, name, rows = text.split()
            tables.append((name, int(rows), []))
        else:
            parts = [part.strip() for part in text.split("|", 3)]
            if len(parts) != 4 or not tables:
                raise ValueError(f"{file.name}:{number}: not a column")
            tables[-1][2].append(LabelledColumn(*parts))
    return LabelledDatabase(
        file.stem,
        file.parent.name,
        locale,
        "\n".join(setup),
        tuple(LabelledTable(name, rows, tuple(columns)) for name, rows, columns in tables),
        pools,
    )


def create(database: LabelledDatabase, dsn: Dsn, seed: int = 20) -> int:
    """Makes the tables of a description in an empty database and fills them.

    Returns:
        Rows.
    """
    locales = database.locale.split(",")
    fake = Faker(locales if len(locales) > 1 else database.locale)
    fake.seed_instance(seed)
    chance = random.Random(seed)  # noqa: S311 - invented data, the same every time
    with connect(dsn) as conn:
        if database.setup:
            conn.execute(database.setup.encode())
        for table in database.tables:
            _create_table(conn, table, fake, chance, database.pools)
        conn.execute("ANALYZE")
    return sum(table.rows for table in database.tables)


def _create_table(
    conn: psycopg.Connection[tuple[object, ...]],
    table: LabelledTable,
    fake: Faker,
    chance: random.Random,
    pools: Mapping[str, tuple[str, ...]],
) -> None:
    name = sql.Identifier(*table.name.replace('"', "").split("."))
    columns = sql.SQL(", ").join(
        sql.SQL("{} {}").format(sql.Identifier(column.name), sql.SQL(column.type)) for column in table.columns
    )
    conn.execute(sql.SQL("CREATE TABLE {} ({})").format(name, columns))
    current: dict[str, object] = {}
    makers = [
        _without_repeats(make, table.rows) if "PRIMARY KEY" in column.type or "UNIQUE" in column.type else make
        for column in table.columns
        for make in [maker(column.generator, fake, chance, pools, current)]
    ]
    query = sql.SQL("COPY {} ({}) FROM STDIN").format(
        name, sql.SQL(", ").join(sql.Identifier(column.name) for column in table.columns)
    )
    with conn.cursor() as cursor, cursor.copy(query) as copy:
        for row in range(table.rows):
            for column, make in zip(table.columns, makers, strict=True):
                current[column.name] = make(row)
            copy.write_row([current[column.name] for column in table.columns])


def _without_repeats(make: Callable[[int], object], rows: int) -> Callable[[int], object]:
    seen: set[object] = set()

    def fresh(row: int) -> object:
        for _ in range(100 * rows):
            value = make(row)
            if value is None or value not in seen:
                seen.add(value)
                return value
        raise ValueError("the generator of a unique column has too few values")

    return fresh


def maker(
    generator: str,
    fake: Faker,
    chance: random.Random,
    pools: Mapping[str, tuple[str, ...]] | None = None,
    current: Mapping[str, object] | None = None,
) -> Callable[[int], object]:
    """A generator by its description: row number to value; `current` is the row as far as it is made."""
    match = _CALL.match(generator)
    if match is None:
        raise ValueError(f"not a generator: {generator}")
    name, inside = match[1], match[2] or ""
    if name == "seq":
        return lambda row: row + 1
    if name == "int":
        low, high = map(int, inside.split(","))
        return lambda row: chance.randint(low, high)
    if name == "real":
        low_real, high_real = map(float, inside.split(","))
        return lambda row: round(chance.uniform(low_real, high_real), 6)
    if name == "date":
        first, last = map(int, inside.split(","))
        days = (datetime(last, 12, 31, tzinfo=UTC) - datetime(first, 1, 1, tzinfo=UTC)).days
        return lambda row: (datetime(first, 1, 1, tzinfo=UTC) + timedelta(chance.randint(0, days))).date().isoformat()
    if name == "moment":
        start = datetime(2023, 1, 1, tzinfo=UTC)
        return lambda row: (start + timedelta(seconds=chance.randint(0, 60_000_000))).isoformat()
    if name == "bool":
        return lambda row: chance.random() < 0.5
    if name == "pick":
        options = inside.split(",")
        return lambda row: chance.choice(options)
    if name == "form":
        return lambda row: fake.bothify(inside).upper()
    if name == "hex":
        return lambda row: "".join(chance.choice("0123456789abcdef") for _ in range(int(inside)))
    if name == "text":
        return lambda row: fake.factories[0].parse(inside)
    if name == "like":
        return lambda row: _drawn(inside, pools or {}, chance)
    if name in ("own", "slug"):
        quoted = lambda: _OWN.sub(lambda match: str((current or {})[match[1]] or ""), inside)  # noqa: E731 - used twice
        return lambda row: _NO_SLUG.sub("-", quoted().casefold()).strip("-") if name == "slug" else quoted()
    if name == "maybe":
        share, _, rest = inside.partition(",")
        inner = maker(rest, fake, chance, pools, current)
        return lambda row: None if chance.random() < float(share) else inner(row)
    method = getattr(fake, name)
    return lambda row: method()


def _drawn(template: str, pools: Mapping[str, tuple[str, ...]], chance: random.Random) -> str:
    def draw(match: re.Match[str]) -> str:
        word, upper = match[1], match[2]
        if word[0] in "#?":
            return "".join(chance.choice("0123456789" if word[0] == "#" else "ABCDEFGHJKLMNPQRSTUVWXYZ") for _ in word)
        value = _drawn(chance.choice(pools[word]), pools, chance)
        return value.upper() if upper else value

    return _DRAW.sub(draw, template)
