"""XML columns taken apart: the leaves of sampled documents by path, each classified like a column of its own."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

import numpy as np
import polars as pl

from testdata_assets.errors import RefusedError
from testdata_assets.masking.discovery.classify import Surroundings, classify_text
from testdata_assets.masking.discovery.documents import Part, is_field, is_label, part_sign, part_surroundings
from testdata_assets.masking.discovery.values import Values
from testdata_assets.masking.xml_tokens import XmlTokens, tokenise_xml, xml_pattern

_MOST_PATHS = 300
_MOST_VALUES = 400


def read_xml(texts: Iterable[str], column: str, around: Surroundings) -> tuple[Part, ...]:
    """The leaves of XML documents; what is no XML, and paths with names that may be data, are left out."""
    leaves: dict[str, dict[str, None]] = {}
    holding: Counter[str] = Counter()  # documents, by the names in them
    documents = 0
    for text in texts:
        try:
            tokens = tokenise_xml(pl.Series([text], dtype=pl.String))
        except RefusedError:
            continue
        documents += 1
        holding.update({_bare(name) for name in (*tokens.names, *filter(None, tokens.attributes))})
        every = np.arange(len(tokens.starts), dtype=np.int64)
        for leaf, value in zip(every.tolist(), tokens.texts(every).to_list(), strict=True):
            path = _path(tokens, leaf)
            if _makes_sense(path) and (path in leaves or len(leaves) < _MOST_PATHS):
                seen = leaves.setdefault(path, {})
                if len(seen) < _MOST_VALUES:
                    seen[value] = None
    fields = {name for path in leaves for name in _names(path)}
    fields = {name for name in fields if is_field(name) or is_label(name, holding[name], documents)}
    return tuple(
        _part(path, list(values), column, around) for path, values in leaves.items() if fields.issuperset(_names(path))
    )


def _path(tokens: XmlTokens, leaf: int) -> str:
    """The path of a leaf as a rule writes it, names with their prefixes."""
    steps = [tokens.attributes[leaf]] if tokens.attributes[leaf] else []
    element = int(tokens.owners[leaf])
    while element >= 0:
        steps.append(tokens.names[element])
        element = int(tokens.parents[element])
    return "/" + "/".join(reversed(steps))


def _makes_sense(path: str) -> bool:
    try:
        xml_pattern(path)
    except ValueError:
        return False
    return True


def _names(path: str) -> list[str]:
    """The names a path is made of, without prefixes of namespaces."""
    return [_bare(step) for step in path.strip("/").split("/")]


def _bare(step: str) -> str:
    return step.removeprefix("@").rpartition(":")[2]


def _part(path: str, texts: list[str], column: str, around: Surroundings) -> Part:
    names = (column, *_names(path))
    values = Values.of(texts)
    return Part(path, classify_text(part_sign(names), values, part_surroundings(names, around)), values)
