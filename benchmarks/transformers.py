"""How long each transformer takes for a million distinct values: `python -m benchmarks.transformers [--json]`.

Values are made up without Faker, all distinct, of the kind the transformer is for. Prints one table and
ends with one JSON line; with `--json` that line is all there is on stdout.
"""

# ruff: noqa: E501 - lists read best on one line each

from __future__ import annotations

import argparse
import gc
import json
import sys
import time
from collections.abc import Callable
from typing import Any

import polars as pl

from testdata_assets.masking.hashing import KeyedHash
from testdata_assets.masking.transformers import registry
from testdata_assets.masking.transformers.base import MaskContext
from testdata_assets.production.catalog import Column

_KEY = b"benchmark key, 32 bytes and more"
_FIRST = [
    "James",
    "Maria",
    "Wei",
    "Olga",
    "José",
    "Aisha",
    "Priya",
    "Kenji",
    "Zoë",
    "Lars",
    "Marie-Claire",
    "Sean",
    "Ivan",
    "Chloé",
    "Ahmed",
    "Ngozi",
]
_LAST = [
    "Smith",
    "O'Brien",
    "García",
    "van-Dyke",
    "Petrov",
    "Nguyen",
    "Kowalski",
    "Müller",
    "Johansson",
    "Rossi",
    "Silva",
    "Cohen",
    "Yamamoto",
]


def _pick(words: list[str], index: pl.Expr) -> pl.Expr:
    return (index % len(words)).replace_strict(list(range(len(words))), words, return_dtype=pl.String)


def _values(expression: Callable[[pl.Expr], pl.Expr], rows: int) -> pl.Series:
    return pl.select(pl.int_range(rows, dtype=pl.Int64).alias("i")).select(expression(pl.col("i"))).to_series()


def _name(i: pl.Expr) -> pl.Expr:
    return pl.concat_str(_pick(_FIRST, i), pl.lit(" "), _pick(_LAST, i // 16), pl.lit("son"), i.map_batches(_letters))


def _letters(numbers: pl.Series) -> pl.Series:
    """Numbers as letters, so that names stay names."""
    return numbers.cast(pl.String).str.replace_many(list("0123456789"), list("aeioulmnrs"))


_PLAIN_FIRST = ["Anna", "James", "Maria", "Olga", "Lars", "Priya", "Kenji", "Sean"]
_PLAIN_LAST = ["Schmidt", "Miller", "Petrov", "Cohen", "Rossi", "Silva", "Jones", "Fischer"]


def _suffix(number: pl.Expr) -> pl.Expr:
    """Three letters or more that tell names apart."""
    return pl.concat_str(*[_pick(list("abcdefghijklmnopqrst"), number // 20**place) for place in range(4)])


def inputs() -> dict[str, tuple[Callable[[pl.Expr], pl.Expr], str, dict[str, Any]]]:
    """For each transformer, and some a second time: how value i looks, the column's type, parameters."""
    return {
        "keep": (lambda i: i.cast(pl.String), "text", {}),
        "null": (lambda i: i.cast(pl.String), "text", {}),
        "constant": (lambda i: i.cast(pl.String), "text", {"value": "x"}),
        "hash": (lambda i: pl.format("secret {}", i), "text", {}),
        "scramble": (lambda i: pl.format("AB-{}-x", i), "text", {}),
        "email": (lambda i: pl.format("{}.{}{}@mail{}.com", _pick(_FIRST, i), _pick(_LAST, i), i, i % 977), "text", {}),
        "username": (lambda i: pl.format("{}_{}", _pick(_FIRST, i), i), "text", {}),
        "person_name": (_name, "text", {}),
        "first_name": (lambda i: pl.concat_str(_pick(_FIRST, i), i.map_batches(_letters)), "text", {}),
        "last_name": (lambda i: pl.concat_str(_pick(_LAST, i), i.map_batches(_letters)), "text", {}),
        "phone": (lambda i: pl.format("+1 ({}) {}-{}", 200 + i % 800, 200 + i // 800 % 800, 1000 + i % 9000), "text", {}),
        "street_address": (
            lambda i: pl.concat_str(i % 9999 + 1, pl.lit(" "), _pick(_LAST, i), i.map_batches(_letters), pl.lit(" Street")),
            "text",
            {},
        ),
        "city": (lambda i: pl.concat_str(pl.lit("New "), i.map_batches(_letters)), "text", {}),
        "postcode": (lambda i: pl.format("{} AB{}", 10000 + i % 90000, i // 90000), "text", {}),
        "company": (lambda i: pl.concat_str(_pick(_LAST, i), pl.lit(" & "), i.map_batches(_letters), pl.lit(" Ltd.")), "text", {}),
        "birth_date": (lambda i: (pl.date(1930, 1, 1) + pl.duration(days=i % 30000)).cast(pl.String), "date", {}),
        "ip": (lambda i: pl.format("{}.{}.{}.{}", 10 + i % 180, i // 7 % 256, i // 256 % 256, i % 256), "inet", {}),
        "credit_card": (lambda i: pl.format("4111 11{} {} 1111", 10 + i % 90, (1000 + i // 90 % 9000)), "text", {}),
        "url": (lambda i: pl.format("https://www.site{}.com/users/{}?ref=mail", i % 977, i), "text", {}),
        "free_text": (
            lambda i: pl.format("Customer {} called about order {}.\nShe wants her money back, soon.", i, i * 7),
            "text",
            {},
        ),
        "json": (
            lambda i: pl.format(
                '<"theme": "dark", "contact": <"email": "user{}@mail.com", "phone": "+1 555 {}">, "n": [{}, true]>',
                i, 2000000 + i, i,
            ).str.replace_many(["<", ">"], ["{", "}"]),
            "jsonb",
            {"paths": {"$.contact.email": "email", "$.contact.phone": "phone", "$.**": "keep"}},
        ),
        # What most columns hold: plain ASCII of the usual shape. Above, a third of the names have accents.
        "email, plain": (lambda i: pl.format("person.{}@mail{}.example.net", i, i % 977), "text", {}),
        "person_name, plain": (lambda i: pl.concat_str(_pick(_PLAIN_FIRST, i), pl.lit(" "), _pick(_PLAIN_LAST, i // 8), _suffix(i // 64)), "text", {}),
        "first_name, plain": (lambda i: pl.concat_str(_pick(_PLAIN_FIRST, i), _suffix(i // 8)), "text", {}),
        "phone, plain": (lambda i: pl.format("+4930{}", 10_000_000 + i), "text", {}),
        "street_address, plain": (lambda i: pl.concat_str(i % 99 + 1, pl.lit(" "), _pick(_PLAIN_LAST, i), _suffix(i // 99), pl.lit(" Street")), "text", {}),
        "company, plain": (lambda i: pl.concat_str(_pick(_PLAIN_LAST, i), _suffix(i // 8), pl.lit(" & "), _pick(_PLAIN_LAST, i // 3), pl.lit(" Ltd.")), "text", {}),
    }  # fmt: skip


def measure(name: str, rows: int, repeat: int) -> tuple[float, float]:
    """Best wall-clock and processor seconds per million values of a few runs."""
    expression, base_type, params = inputs()[name]
    values = _values(expression, rows)
    column = Column(name="value", type=base_type, base_type=base_type, category="S")
    context = MaskContext(KeyedHash.derive(_KEY, name), column, hash_for=lambda domain: KeyedHash.derive(_KEY, domain))
    transformer = registry.build(name.partition(",")[0], params)
    transformer.apply(values.head(100), context)  # tables and pools load once per process
    wall = processor = float("inf")
    for _ in range(repeat):
        gc.collect()
        begun, used = time.perf_counter(), time.process_time()
        transformer.apply(values, context)
        wall = min(wall, time.perf_counter() - begun)
        processor = min(processor, time.process_time() - used)
    return wall * 1_000_000 / rows, processor * 1_000_000 / rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--only", nargs="*", default=None)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    table = sys.stderr if options.json else sys.stdout
    seconds: dict[str, float] = {}
    busy: dict[str, float] = {}
    print(f"{'transformer':<24}{'s per million':>14}{'of processor':>14}", file=table)
    for name in options.only or inputs():
        wall, processor = measure(name, options.rows, options.repeat)
        seconds[name], busy[name] = round(wall, 3), round(processor, 3)
        print(f"{name:<24}{wall:>14.3f}{processor:>14.3f}", file=table, flush=True)
    print(json.dumps({"rows": options.rows, "seconds_per_million": seconds, "processor_seconds_per_million": busy}))


if __name__ == "__main__":
    main()
