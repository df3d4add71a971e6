"""Random draws over whole columns: streams, choices with and without a long tail, numbers as text.

Nothing here knows the shop. Every stream is named, so that a table (or a slice of it) draws the same
values whatever else is generated, in whatever order, in whatever thread.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Rng = np.random.Generator


def stream(seed: int, *purpose: str | int) -> Rng:
    """An independent random stream for one purpose, e.g. `stream(seed, "orders", slice_number)`."""
    words = [part if isinstance(part, int) else zlib.crc32(part.encode()) for part in purpose]
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed, *words])))


def chance(rng: Rng, count: int, probability: float) -> Bools:
    """`count` booleans, each true with the given probability."""
    return rng.random(count) < probability


def weighted_index(rng: Rng, count: int, weights: Sequence[float] | Floats) -> Ints:
    """`count` positions into `weights`, each as likely as its weight."""
    edges = np.cumsum(np.asarray(weights, dtype=np.float64))
    positions = np.searchsorted(edges, rng.random(count) * edges[-1], side="right")
    found: Ints = np.minimum(positions, len(edges) - 1).astype(np.int64)
    return found


def skewed_index(rng: Rng, count: int, size: int | Ints, skew: float = 2.0) -> Ints:
    """`count` positions below `size` with the low ones favoured; `skew` 1 is uniform."""
    return np.floor(np.asarray(size) * rng.random(count) ** skew).astype(np.int64)


def pick(rng: Rng, count: int, values: Sequence[str], weights: Sequence[float] | None = None) -> pl.Series:
    """`count` values, by weight or evenly."""
    index = rng.integers(0, len(values), count) if weights is None else weighted_index(rng, count, weights)
    return pl.Series(values, dtype=pl.String).gather(index)


def between(rng: Rng, low: Ints | int, high: Ints | int) -> Ints:
    """Whole numbers drawn evenly from [low, high), element by element; `low` where the range is empty."""
    low_, high_ = np.asarray(low, dtype=np.int64), np.asarray(high, dtype=np.int64)
    shape = np.broadcast(low_, high_).shape
    drawn: Ints = (low_ + np.floor(rng.random(shape) * np.maximum(high_ - low_, 0))).astype(np.int64)
    return drawn


def digits(numbers: Ints, width: int | Ints) -> pl.Series:
    """Numbers as text, filled up with leading zeros to `width` characters, which may differ by row."""
    frame = pl.DataFrame({"number": numbers, "width": np.broadcast_to(width, np.shape(numbers))})
    return frame.select(pl.col("number").cast(pl.String).str.zfill(pl.col("width"))).to_series()


def only(values: pl.Series, mask: Bools) -> pl.Series:
    """The values where the mask holds, null elsewhere."""
    return choose(mask, values, pl.lit(None, dtype=values.dtype))


def choose(mask: Bools, yes: pl.Series | pl.Expr | str, no: pl.Series | pl.Expr | str) -> pl.Series:
    """`yes` where the mask holds, `no` elsewhere; strings stand for themselves."""
    either = [pl.lit(side) if isinstance(side, (str, pl.Series)) else side for side in (yes, no)]
    condition = pl.lit(pl.Series("mask", mask))
    return pl.select(pl.when(condition).then(either[0]).otherwise(either[1]).alias("value")).to_series()


def fill(template: str, parts: dict[str, pl.Series]) -> pl.Series:
    """Puts columns into `{name}` places of a template, row by row; a null makes the whole text null."""
    names = [name for name in parts if "{" + name + "}" in template]
    frame = pl.DataFrame({name: parts[name] for name in names})
    pieces: list[pl.Expr] = []
    rest = template
    while rest:
        places = [(rest.find("{" + name + "}"), name) for name in names if "{" + name + "}" in rest]
        if not places:
            pieces.append(pl.lit(rest))
            break
        at, name = min(places)
        if at:
            pieces.append(pl.lit(rest[:at]))
        pieces.append(pl.col(name))
        rest = rest[at + len(name) + 2 :]
    return frame.select(pl.concat_str(pieces).alias("text")).to_series()


def fill_each(which: Ints, templates: Sequence[str], parts: dict[str, pl.Series]) -> pl.Series:
    """`fill` with the template that `which` names for each row."""
    rows: list[Ints] = []
    texts: list[pl.Series] = []
    for number, template in enumerate(templates):
        at = np.flatnonzero(which == number)
        if not len(at):
            continue
        if "{" in template:
            text = fill(template, {name: values.gather(at) for name, values in parts.items()})
        else:
            text = pl.Series([template], dtype=pl.String)
        texts.append(text if len(text) == len(at) else pl.Series([template]).gather(np.zeros(len(at), np.int64)))
        rows.append(at)
    if not rows:
        return pl.Series([], dtype=pl.String)
    order = np.argsort(np.concatenate(rows), kind="stable")
    return pl.concat(texts).gather(order)


def json_text(values: pl.Series) -> pl.Series:
    """Values as JSON string literals with their quotes; null becomes `null`."""
    escaped = (
        values.str.replace_all("\\", "\\\\", literal=True)
        .str.replace_all('"', '\\"', literal=True)
        .str.replace_all("\n", "\\n", literal=True)
        .str.replace_all("\t", "\\t", literal=True)
    )
    return ('"' + escaped + '"').fill_null("null")


def letters(rng: Rng, count: int, length: int, alphabet: str) -> pl.Series:
    """`count` random texts of `length` characters out of an ASCII alphabet."""
    return joined(rng.integers(0, len(alphabet), (count, length)), alphabet)


def joined(figures: Ints, alphabet: str) -> pl.Series:
    """Rows of positions in an ASCII alphabet as texts; shape (n, length) to n texts."""
    count, length = figures.shape
    data = np.frombuffer(alphabet.encode("ascii"), dtype=np.uint8)[figures]
    offsets = np.arange(count + 1, dtype=np.int64) * length
    array = pa.LargeStringArray.from_buffers(count, pa.py_buffer(offsets), pa.py_buffer(np.ascontiguousarray(data)))
    return pl.Series(array, dtype=pl.String)
