"""Planting raw values of a database into its masked image, and telling which of them findings name."""

from __future__ import annotations

import random
import unicodedata
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl
import psycopg
from psycopg import sql

from benchmarks import leak_kinds
from benchmarks.leak_forms import calling_code, digits
from benchmarks.leak_kinds import SHELF, ObjectKind, PlacedKind
from testdata_assets.masking.word_hashes import MOST_WORDS
from testdata_assets.postgres.dsn import Dsn
from testdata_assets.validation.leaks import is_strong
from testdata_assets.validation.report import Finding

NUMBER_DIGITS = 9


@dataclass
class Bench:
    """A database to mask.

    Attributes:
        source: Where its raw rows are.
        rules: Folder of its rules.
        values: Queries of raw values by kind.
        placed: Kinds of leaks in its own tables.
    """

    name: str
    source: Dsn
    rules: Path
    values: Mapping[str, str]
    placed: tuple[PlacedKind, ...]


@dataclass
class Tally:
    """What was planted of one kind and where: (table, column) to row keys, or an object's name; what was found."""

    places: dict[tuple[str, str], set[str]] = field(default_factory=lambda: defaultdict(set))
    objects: list[str] = field(default_factory=list)
    found: int = 0

    @property
    def planted(self) -> int:
        return sum(len(rows) for rows in self.places.values()) + len(self.objects)


def _evidence(kind: str, values: list[str]) -> list[bool]:
    """Which values say enough to be searched for singly, by the rule that docs/how-to/validation-rules.md gives."""
    if kind in ("phone", "card"):
        return [sum(map(str.isdigit, value)) >= NUMBER_DIGITS for value in values]
    if kind in ("email", "text"):
        return [True] * len(values)
    found: list[bool] = is_strong(pl.Series(values, dtype=pl.String)).tolist()
    return found


def _has_accents(name: str) -> bool:
    """Whether a name is Latin but for what `without_accents` takes away."""
    plain = unicodedata.normalize("NFKD", name)
    return not name.isascii() and all(each.isascii() or "\u0300" <= each <= "\u036f" for each in plain)


class Planter:
    """Writes leaks into an image and remembers where."""

    def __init__(self, bench: Bench, placements: int, rng: random.Random) -> None:
        self._bench = bench
        self._placements = placements
        self._rng = rng
        self._pools: dict[str, list[str]] = {}
        self.left_out: dict[str, tuple[int, int]] = {}
        self._texts: dict[tuple[str, str, str], str] = {}

    def plant(self, image: psycopg.Connection[Any], source: psycopg.Connection[Any]) -> dict[str, Tally]:
        for name, query in self._bench.values.items():
            every = sorted({row[0] for row in source.execute(query.encode()) if row[0]})
            self._pools[name] = [value for value, tells in zip(every, _evidence(name, every), strict=True) if tells]
            self.left_out[name] = (len(every) - len(self._pools[name]), len(every))
        self._derive()
        tallies: dict[str, Tally] = {}
        image.execute("SET session_replication_role = replica")
        image.execute("SET search_path = public")
        for placed in self._bench.placed:
            if all(self._has(of) for _, of in placed.columns):
                tallies[placed.name] = self._place(image, placed)
        rows = [row[0] for row in image.execute(f"SELECT id FROM {SHELF} ORDER BY id".encode())]
        for kind in leak_kinds.SHELF_KINDS:
            if self._has(kind.of):
                tally = tallies[kind.name] = Tally()
                chosen = self._rng.sample(rows, min(self._placements, len(rows)))
                texts = [kind.form(self._value(kind.of), self._rng) for _ in chosen]
                query = f'UPDATE {SHELF} SET "{kind.name}" = {kind.write} WHERE id = %s'
                self._update(image, query, (f"public.{SHELF}", kind.name), chosen, texts, tally)
        for each in leak_kinds.OBJECT_KINDS:
            if self._has(each.of):
                tallies[each.name] = self._create(image, each)
        image.commit()
        return tallies

    def _derive(self) -> None:
        pools = self._pools
        pools["email_unused"] = list(pools["email"])
        pools["local"] = sorted(
            local
            for local in {each.partition("@")[0] for each in pools["email"]}
            if sum(map(str.isalnum, local)) >= 8 and not local.isalpha() and not local.isdigit()
        )
        pools["phone_plus"] = [each for each in pools["phone"] if each.startswith("+")]
        pools["phone_number"] = [
            each for each in pools["phone"] if not "".join(filter(str.isdigit, each)).startswith("0")
        ]
        abroad = [each for each in pools["phone_plus"] if digits(each)[0] != "0"]
        pools["phone_abroad"] = [each for each in abroad if len(digits(each)) - calling_code(each) >= NUMBER_DIGITS]
        pools["phone_at_home"] = [
            each
            for each in pools["phone"]
            if each[0] != "+" and not each.startswith("00") and 9 <= len(digits(each).lstrip("0")) <= 11
        ]
        names = pools.get("name", [])
        pools["name_accented"] = [each for each in names if _has_accents(each)]
        pools["name_umlaut"] = [each for each in names if set(each) & set("äöüÄÖÜ")]
        pools["name_umlauts"] = [each for each in names if 2 <= sum(c in "äöüøåÄÖÜØÅ" for c in each) <= 4]
        pools["name_latin"] = [each for each in pools["name_accented"] if max(each) <= "\u00ff"]
        pools["long_text"] = [each for each in pools.get("text", []) if len(each.split()) > MOST_WORDS + 2]
        for of in ("name", "email"):  # identifiers and labels hold no more
            pools[f"{of}_short"] = [each for each in pools.get(of, ()) if len(each.encode()) < 63]
        pools["username_own"] = list(pools.get("username", ()))

    def _has(self, of: str) -> bool:
        return bool(self._pools.get(of.removesuffix("_prose")))

    def _value(self, of: str) -> str:
        pool = self._pools[of.removesuffix("_prose")]
        text = (
            pool.pop(self._rng.randrange(len(pool)))
            if of in ("email_unused", "username_own")
            else self._rng.choice(pool)
        )
        return f"{self._rng.choice(leak_kinds.PROSE)}: {text}. Thanks" if of.endswith("_prose") else text

    def _place(self, image: psycopg.Connection[Any], kind: PlacedKind) -> Tally:
        tally = Tally()
        table = kind.columns[0][0].partition(".")[0]
        query = f"SELECT {kind.key} FROM {table} WHERE {kind.rows} ORDER BY {kind.key}"
        rows = [row[0] for row in image.execute(query.encode())]
        # Values of unique columns are drawn without putting them back.
        limits = [len(self._pools[of]) for _, of in kind.columns if of in ("email_unused", "username_own")]
        chosen = rows if kind.whole else self._rng.sample(rows, min(self._placements, len(rows), *limits))
        for place, of in kind.columns:
            column = place.partition(".")[2]
            texts = [self._value(of) for _ in chosen]
            update = f'UPDATE {table} SET "{column}" = {kind.write} WHERE {kind.key} = %s'.replace("{{", "{").replace(
                "}}", "}"
            )
            self._update(image, update, (f"public.{table}", column), chosen, texts, tally)
        return tally

    def _update(
        self,
        image: psycopg.Connection[Any],
        query: str,
        place: tuple[str, str],
        rows: list[Any],
        texts: list[str],
        tally: Tally,
    ) -> None:
        with image.cursor() as cursor:
            cursor.executemany(query.encode(), list(zip(texts, rows, strict=True)))
        tally.places[place] |= {str(row) for row in rows}
        self._texts |= {(*place, str(row)): text for row, text in zip(rows, texts, strict=True)}

    def _create(self, image: psycopg.Connection[Any], kind: ObjectKind) -> Tally:
        tally = Tally()
        for number in range(self._placements):
            raw = self._value(kind.of)
            text = f"{self._rng.choice(leak_kinds.PROSE)}: {raw}." if kind.prose else raw
            name = f"leak_{kind.name}_{number}"
            written = {
                "name": name,
                "value": sql.Literal(text).as_string(image),
                "ident": sql.Identifier(raw).as_string(image),
                "raw": raw.replace("*", ""),
            }
            statement = kind.statements
            for key, each in written.items():
                statement = statement.replace(f"{{{key}}}", each)
            result = image.execute(statement.encode())
            if kind.name.startswith("large_object"):
                row = result.fetchone()
                name = f"{row[0]}" if row else name
            tally.objects.append(name)
            self._texts["object", "", name] = text
        return tally

    def show_misses(self, tallies: dict[str, Tally], found: list[Finding], say: Callable[[str], None]) -> None:
        """Some values that were not found; the data is fabricated."""
        keys, objects = _by_place(found)
        for kind, tally in tallies.items():
            missed = [
                self._texts[table, column, row]
                for (table, column), rows in tally.places.items()
                for row in sorted(rows - keys[table, column])
            ] + [self._texts["object", "", name] for name in tally.objects if not _has_object(objects, name)]
            for text in missed[:4]:
                say(f"  missed {kind}: {text!r}")


def _by_place(found: list[Finding]) -> tuple[dict[tuple[str, str], set[str]], set[str]]:
    keys: dict[tuple[str, str], set[str]] = defaultdict(set)
    objects: set[str] = set()
    for finding in found:
        for key in finding.keys:
            # A key of several columns counts by any of them; the planted rows are known by one.
            keys[finding.table, finding.column_or_object] |= {key} if key.startswith("ctid") else set(key.split(", "))
        objects.add(finding.column_or_object)
    return keys, objects


def _has_object(objects: set[str], name: str) -> bool:
    words = {word for each in objects for word in each.replace("(", " ").replace(".", " ").split()}
    return any(
        name
        in (
            word,
            word.removesuffix("_c"),
            word.removesuffix("_i"),
            word.removesuffix("_p"),
            word.removesuffix("_t"),
            word.removesuffix("_r"),
            word.removesuffix("_s"),
        )
        for word in words
    )


def _met(rows: set[str], keys: set[str]) -> int:
    """How many of the planted rows are among the keys; where no key is shown, how many rows were named."""
    if any(key.startswith("ctid") for key in keys):
        return min(len(rows), len(keys))
    return len(rows & keys)


def account(tallies: dict[str, Tally], found: list[Finding]) -> None:
    """Which plants the findings name."""
    keys, objects = _by_place(found)
    for tally in tallies.values():
        tally.found = sum(_met(rows, keys[place]) for place, rows in tally.places.items())
        tally.found += sum(_has_object(objects, name) for name in tally.objects)
