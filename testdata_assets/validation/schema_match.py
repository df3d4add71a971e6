"""Whether an image consists of what its source does: tables, columns, constraints, views, sequences, definitions.

What must hold in any image, whatever its source has, is in `schema_state.py`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from testdata_assets.masking.plan import MaskingPlan
from testdata_assets.production.catalog import Catalog
from testdata_assets.validation import schema_state
from testdata_assets.validation.image_reader import ImageReader
from testdata_assets.validation.report import Finding


@dataclass(frozen=True)
class Aspect:
    """One aspect of the schema: how many things each side has, and what differs."""

    name: str
    source: int
    image: int
    findings: list[Finding]


def compare_schemas(
    reader: ImageReader,
    source: Catalog,
    image: Catalog,
    plan: MaskingPlan,
    source_definitions: Mapping[tuple[str, str], str] | None,
    image_definitions: Mapping[tuple[str, str], str] | None,
) -> list[Aspect]:
    """Compares what both databases consist of.

    Args:
        reader: Of the image.
        source: The source's catalog.
        image: The image's.
        plan: For its objects rule.
        source_definitions: `read_definitions` of the source, if it was kept; makes the comparison exact.
        image_definitions: The same of the image.
    """
    same_major = source.server_version // 10_000 == image.server_version // 10_000
    image = _without_stand_ins(source, image)
    stands_in = _StandsIn(source_definitions)
    aspects: dict[str, tuple[Mapping[str, Any], Mapping[str, Any]]] = {
        "tables": (_tables(source), _tables(image)),
        "columns": (_columns(source, same_major), _columns(image, same_major)),
        "foreign keys": (_foreign_keys(source), _foreign_keys(image)),
        "unique indexes": (_unique_indexes(source, same_major), _unique_indexes(image, same_major)),
        "sequences": (_sequences(source), _sequences(image)),
        "views": (_names(source.views), _names(image.views)),
        "materialized views": (_names(source.materialized_views), _names(image.materialized_views)),
        "extensions": (_names(name for name, _ in source.extensions), _names(name for name, _ in image.extensions)),
        "definitions": (_texts(source, plan, same_major), _texts(image, plan, same_major, stands_in)),
    }
    if source_definitions is not None and image_definitions is not None:
        aspects["all definitions"] = (
            _definitions(source_definitions, same_major, stands_in),
            _definitions(image_definitions, same_major, stands_in),
        )
    compared = [
        Aspect(name, len(before), len(after), _differences(name, before, after))
        for name, (before, after) in aspects.items()
    ]
    looks: dict[str, tuple[int, list[Finding]]] = {
        "owners and grants": (1, schema_state.foreign_rights(reader)),
        "nothing that reaches outside": (1, schema_state.reaching_out(reader)),
        "indexes valid": (len(image.unique_indexes), schema_state.invalid_indexes(reader)),
        "views selectable": (len(image.views), schema_state.broken_views(reader, image)),
        "materialized views populated": (len(image.materialized_views), schema_state.unpopulated(reader)),
        "sequences ahead of data": (
            len(image.sequences),
            schema_state.late_sequences(reader, source, image, plan),
        ),
    }
    return compared + [Aspect(name, count, count, found) for name, (count, found) in looks.items()]


def _differences(aspect: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> list[Finding]:
    found = [Finding("schema", name, f"{aspect}: missing", 1) for name in before if name not in after]
    found += [Finding("schema", name, f"{aspect}: not in the source", 1) for name in after if name not in before]
    found += [
        Finding("schema", name, f"{aspect}: different", 1)
        for name in before
        if name in after and before[name] != after[name]
    ]
    return found


def _names(names: Iterable[Any]) -> dict[str, bool]:
    return {str(name): True for name in names}


def _tables(catalog: Catalog) -> dict[str, Any]:
    return {
        str(table.name): (table.kind, table.parent, table.is_partition, table.partition_columns)
        for table in catalog.tables
        if table.kind != "f"  # foreign tables are never restored
    }


def _columns(catalog: Catalog, same_major: bool) -> dict[str, Any]:
    """By order, not by attnum: dropped columns leave gaps that no restore repeats.

    From Postgres 17 on partitions take over the identity of their root; in older sources they have none.
    """
    return {
        f"{table.name}.{column.name}": (
            order,
            column.type,
            column.not_null,
            column.generated,
            column.identity if same_major or not table.is_partition else "",
        )
        for table in catalog.tables
        if table.kind != "f"
        for order, column in enumerate(table.columns)
    }


def _foreign_keys(catalog: Catalog) -> dict[str, Any]:
    return {
        f"{key.table}.{key.name}": (key.columns, key.referenced_table, key.referenced_columns, key.validated)
        for key in catalog.foreign_keys
    }


def _unique_indexes(catalog: Catalog, with_texts: bool) -> dict[str, Any]:
    return {
        f"{index.table}.{index.name}": (
            index.columns,
            index.primary,
            index.exclusion,
            (index.expressions, index.predicate) if with_texts else len(index.expressions),
        )
        for index in catalog.unique_indexes
    }


def _sequences(catalog: Catalog) -> dict[str, Any]:
    return {
        str(sequence.name): (sequence.increment, sequence.owner_table, sequence.owner_column)
        for sequence in catalog.sequences
    }


@dataclass(frozen=True)
class _StandsIn:
    """Objects of the image that stand in for foreign tables, whose definitions the source has under another kind."""

    source_definitions: Mapping[tuple[str, str], str] | None

    @cached_property
    def _names(self) -> frozenset[str]:
        return frozenset(name for kind, name in self.source_definitions or () if kind == "stand_in")

    def for_(self, object_: str) -> bool:
        """Whether an object is such a table, or a column or constraint of one."""
        return object_ in self._names or any(object_.startswith(f"{name}.") for name in self._names)


def _without_stand_ins(source: Catalog, image: Catalog) -> Catalog:
    """The image's catalog without the empty tables that stand in for foreign ones."""
    foreign = set(source.foreign_tables)
    return replace(image, tables=tuple(table for table in image.tables if table.name not in foreign))


def _texts(catalog: Catalog, plan: MaskingPlan, with_texts: bool, stands_in: _StandsIn | None = None) -> dict[str, Any]:
    """Catalog texts by kind and object; across major versions Postgres prints them differently."""
    found: dict[str, list[str]] = {}
    for text in catalog.texts:
        if text.kind == "comment_not_restored" or (stands_in is not None and stands_in.for_(text.object)):
            continue
        if text.kind != "comment":
            found.setdefault(f"{text.kind} {text.object}", []).append(text.text if with_texts else "")
        elif plan.objects.comments == "keep" and not text.object.startswith("database "):
            found.setdefault(f"comment on {text.object}", []).append(text.text)
    return {name: sorted(texts) for name, texts in found.items()}


def _definitions(definitions: Mapping[tuple[str, str], str], with_texts: bool, stands_in: _StandsIn) -> dict[str, str]:
    """Texts by object; across major versions, which print them differently, only whether it is proven, or valid."""
    endings = ("NOT VALID", " invalid")
    return {
        f"{kind} {name}": text if with_texts else next((each for each in endings if text.endswith(each)), "")
        for (kind, name), text in definitions.items()
        if kind != "policy_for_roles" and not stands_in.for_(name)
    }
