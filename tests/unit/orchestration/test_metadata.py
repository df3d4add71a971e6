"""numpy never reaches Dagster's metadata, and a table keeps its order and types."""

from __future__ import annotations

import json

import dagster as dg
import numpy as np
import pytest

from testdata_assets.orchestration import metadata


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (np.float64(0.5), 0.5),
        (np.int64(7), 7),
        (np.bool_(True), True),
        ({"a": np.float32(1.5), 3: [np.int8(1)]}, {"a": 1.5, "3": [1]}),
        ((1, None, "x"), [1, None, "x"]),
        (np.array([1, 2]), [1, 2]),
    ],
)
def test_plain_values_are_json(value: object, expected: object) -> None:
    converted = metadata.plain(value)
    assert converted == expected
    assert type(converted) is type(expected)
    json.dumps(converted)


def test_rows_per_second_of_nothing_is_zero() -> None:
    assert metadata.volume(None, None, None)["rows_per_second"] == 0
    assert metadata.volume(1000, 5, 2.0)["rows_per_second"] == 500


def test_tables_take_numpy_and_name_the_types() -> None:
    value = metadata.records_table(
        [{"table": "public.users", "value": np.float64(0.25), "drifted": np.bool_(False), "gone": None}],
        ["table", "value", "drifted", "gone"],
    )
    assert isinstance(value, dg.TableMetadataValue)
    assert [column.type for column in value.schema.columns] == ["string", "float", "bool", "string"]
    assert value.records[0].data == {"table": "public.users", "value": 0.25, "drifted": False, "gone": None}


def test_columns_carry_their_pii_tag() -> None:
    schema = metadata.column_schema(
        [
            {"table": "public.users", "column": "email", "type": "citext", "pii": "email", "transform": "email"},
            {"table": "public.users", "column": "id", "type": "bigint", "pii": None, "transform": "keep"},
        ]
    )
    assert [(c.name, dict(c.tags)) for c in schema.columns] == [
        ("public.users.email", {"masked_by": "email", "pii": "email"}),
        ("public.users.id", {"masked_by": "keep"}),
    ]


def test_a_picture_too_big_for_the_event_log_is_left_out() -> None:
    assert metadata.picture(None, "x") is None
    assert metadata.picture(b"0" * 500_000, "x") is None
    shown = metadata.picture(b"\x89PNG", "before and after")
    assert isinstance(shown, dg.MarkdownMetadataValue)
    assert shown.md_str == "![before and after](data:image/png;base64,iVBORw==)"
