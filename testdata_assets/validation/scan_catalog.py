"""Searching what an image holds beside rows: texts of its catalog, names of its objects, large objects."""

from __future__ import annotations

import re
import threading
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence

import numpy as np
import polars as pl

from testdata_assets.production.catalog import CatalogText
from testdata_assets.validation import patterns
from testdata_assets.validation.catalog_texts import large_objects, object_names
from testdata_assets.validation.column_hits import ColumnHits, kind_of
from testdata_assets.validation.image_reader import ImageReader
from testdata_assets.validation.leaks import LeakDetector
from testdata_assets.validation.patterns import PatternHits
from testdata_assets.validation.redaction import places_of
from testdata_assets.validation.report import Finding

_LITERAL = re.compile(r"'((?:[^']|'')*)'")
_DOLLAR = re.compile(r"\$([A-Za-z_]*)\$(.*?)\$\1\$", re.DOTALL)


class Stopwatch:
    """Sums the seconds threads spend on each search."""

    def __init__(self) -> None:
        self.leaks = 0.0
        self.patterns = 0.0
        self._lock = threading.Lock()

    def add(self, leaks: float, patterns_: float) -> None:
        with self._lock:
            self.leaks += leaks
            self.patterns += patterns_


def scan_catalog(
    found: Sequence[CatalogText], detector: LeakDetector, watch: Stopwatch
) -> tuple[list[Finding], list[Finding]]:
    """Looks at all texts together first, and at each apart only if there is anything to attribute."""
    started = time.monotonic()
    pieces = [[text.text, *_literals(text.text)] for text in found]
    together = ColumnHits("kept")
    detector.probe(_series(piece for several in pieces for piece in several), None, together, embedded=True)
    leaks: list[Finding] = []
    if together.places:
        for text, several in zip(found, pieces, strict=True):
            hits = ColumnHits("kept")
            detector.probe(_series(several), None, hits, embedded=True)
            leaks += hits.findings(text.kind, text.object)
    between = time.monotonic()
    others = [
        Finding(found[row].kind, found[row].object, kind, count)
        for row, kinds in _look_at_each(_series(text.text for text in found))
        for kind, count in kinds
    ]
    watch.add(between - started, time.monotonic() - between)
    return leaks, others


def scan_names(
    reader: ImageReader, detector: LeakDetector, watch: Stopwatch
) -> tuple[list[Finding], list[Finding], tuple[tuple[str, str], ...]]:
    """Names of objects: whoever names a column after a customer tells of him.

    Returns:
        Findings of both searches, which tell objects by their places, and of what is found the names and places.
    """
    started = time.monotonic()
    named = object_names(reader)
    names = _series(each.name for each in named)
    found: dict[int, set[str]] = {}
    hits = ColumnHits("kept", located={})
    detector.probe(names, None, hits, embedded=True)
    counted = hits.counted()
    for place, parts in (hits.located or {}).items():
        if place in counted:
            for row in np.unique(np.concatenate(parts)):
                found.setdefault(int(row), set()).add(kind_of(*place))
    between = time.monotonic()
    looked_like = {row: {kind for kind, _ in kinds} for row, kinds in _look_at_each(names)}
    told = places_of({row: named[row] for row in {*found, *looked_like}})
    watch.add(between - started, time.monotonic() - between)

    def findings(of: Mapping[int, set[str]]) -> list[Finding]:
        return [
            Finding(f"{named[row].kind.replace(' ', '_')}_name", told[row], kind, 1)
            for row in sorted(of)
            for kind in sorted(of[row])
        ]

    hidden = tuple((named[row].name, place) for row, place in sorted(told.items()))
    return findings(found), findings(looked_like), hidden


def _look_at_each(values: pl.Series) -> Iterator[tuple[int, list[tuple[str, int]]]]:
    """Row by row the kinds and counts of patterns, in texts none of which says anything of the others."""
    for row in patterns.may_hold(values).arg_true().to_list():
        hits = PatternHits()
        patterns.look(values.slice(row, 1), None, hits)
        if kinds := [(each.kind, each.count) for each in hits.findings("", "")]:
            yield row, kinds


def scan_large_objects(
    reader: ImageReader, detector: LeakDetector, watch: Stopwatch
) -> tuple[list[Finding], list[Finding]]:
    """Findings of both searches; bare numbers tell nothing there, one object holding too few of them."""
    found: Counter[tuple[str, str]] = Counter()
    looked_like: Counter[tuple[str, str]] = Counter()
    for numbers, contents in large_objects(reader):
        started = time.monotonic()
        hits = ColumnHits("kept", located={})
        detector.probe(contents, None, hits, embedded=True)
        counted = hits.counted()
        for place, parts in (hits.located or {}).items():
            if place in counted:
                found.update((numbers[int(row)], kind_of(*place)) for row in np.unique(np.concatenate(parts)))
        between = time.monotonic()
        for row, kinds in _look_at_each(contents):
            looked_like.update((numbers[row], kind) for kind, _ in kinds)
        watch.add(between - started, time.monotonic() - between)
    return (
        [Finding("large_object", number, kind, count) for (number, kind), count in sorted(found.items())],
        [Finding("large_object", number, kind, count) for (number, kind), count in sorted(looked_like.items())],
    )


def _literals(text: str) -> list[str]:
    """What stands between quotes or dollar quotes."""
    quoted = [match.replace("''", "'") for match in _LITERAL.findall(text)]
    return quoted + [body for _, body in _DOLLAR.findall(text)]


def _series(values: Iterable[str]) -> pl.Series:
    return pl.Series("v", list(values), dtype=pl.String)
