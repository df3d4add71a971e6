"""The listing of the transformers and the reference page: made from the registry, readable, current."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from testdata_assets.cli import main, transformer_reference
from testdata_assets.masking.transformer_docs import describe, describe_all, type_words
from testdata_assets.masking.transformers import registry

ROOT = Path(__file__).resolve().parents[3]


def run(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    status = main.run(["rules", "list-transformers", *words])
    captured = capsys.readouterr()
    return status, captured.out, captured.err


def test_the_reference_page_is_current() -> None:
    page = (ROOT / transformer_reference.PAGE).read_text(encoding="utf-8")
    assert page == transformer_reference.render(), "run: python -m testdata_assets.cli.transformer_reference"


def test_the_page_names_every_transformer_and_parameter() -> None:
    page = transformer_reference.render()
    for name, transformer in registry.built_in().items():
        assert f"\n## {name}\n" in page
        for field in transformer.params_model.model_fields.values():
            assert field.description
    assert "| `keep_domains` | list of text | `[]` |" in page
    rows = [line for line in page.splitlines() if line.startswith("| [`")]
    assert len(rows) == len(registry.built_in())
    assert all(line.replace("\\|", "").count("|") == 6 for line in rows)


def test_the_list_is_readable_at_100_columns(capsys: pytest.CaptureFixture[str]) -> None:
    status, out, _ = run(capsys)
    assert status == 0
    assert max(map(len, out.splitlines())) <= 100
    for name in registry.all():
        assert any(line.startswith(f"{name} ") for line in out.splitlines()), name
    assert "…" not in "".join(line[:17] for line in out.splitlines()), "no name is cut"


def test_the_list_says_what_holds_without_parameters(capsys: pytest.CaptureFixture[str]) -> None:
    document = describe(registry.get("national_id"))
    assert (document.uniqueness, document.uniqueness_at_best, document.coincidence) == (
        "lossy", "injective", "may_coincide",
    )  # fmt: skip
    assert describe(registry.get("uuid")).uniqueness == "injective"
    _, out, _ = run(capsys, "national_id")
    assert "lossy by default, under other parameters injective" in out
    assert "lossy by default, under other parameters injective" in transformer_reference.render()


def test_the_document_holds_every_declaration(capsys: pytest.CaptureFixture[str]) -> None:
    status, out, _ = run(capsys, "--json")
    assert status == 0
    documents = {each["name"]: each for each in json.loads(out)}
    assert [*documents] == [*registry.all()]
    email = documents["email"]
    assert (email["uniqueness"], email["coincidence"], email["deterministic"]) == ("hashed", "disjoint", True)
    assert (email["types"], email["nulls"], email["origin"]) == (["text"], "NULL stays NULL", "built in")
    assert email["preserves_format"] is True
    assert email["parameters"]["mail_domain"] == {
        "type": "text or null",
        "required": False,
        "default": "null",
        "description": "One domain for all masked addresses instead of a reserved one for each.",
    }
    assert documents["json"]["parameters"]["paths"]["type"] == "mapping of names to rule"
    assert documents["constant"]["parameters"]["value"]["required"] is True
    assert documents["null"]["nulls"] == "Values may become NULL"


@pytest.mark.parametrize("name", sorted(registry.built_in()))
def test_each_is_shown_in_detail(capsys: pytest.CaptureFixture[str], name: str) -> None:
    status, out, _ = run(capsys, name)
    assert status == 0
    assert max(map(len, out.splitlines())) <= 100
    doc = describe(registry.get(name))
    flat = " ".join(out.replace("│", " ").split())
    assert doc.summary in flat
    for parameter in doc.parameters:
        assert parameter.name in flat
    assert json.loads(json.dumps(doc.as_json()))["name"] == name


def test_an_unknown_one_is_answered_with_a_near_one(capsys: pytest.CaptureFixture[str]) -> None:
    status, _, err = run(capsys, "emial")
    assert status == 2
    assert "email" in err


def test_no_promise_is_left_without_words() -> None:
    for doc in describe_all():
        assert doc.nulls
        assert all(each.type and "any value" not in each.type for each in doc.parameters if each.name != "value"), (
            doc.name
        )


@pytest.mark.parametrize(
    ("schema", "words"),
    [
        ({"type": "integer", "minimum": 1, "maximum": 48}, "integer from 1 to 48"),
        ({"type": "number", "exclusiveMinimum": 0}, "number above 0"),
        ({"type": "array", "items": {"type": "string"}}, "list of text"),
        ({"anyOf": [{"type": "string", "format": "date"}, {"type": "null"}]}, "date or null"),
        ({"enum": ["hex", "base32"]}, "hex or base32"),
        ({"$ref": "#/$defs/Kind"}, "a or b"),
        ({"type": "object", "additionalProperties": {"$ref": "#/$defs/NestedRule"}}, "mapping of names to rule"),
    ],
)
def test_types_in_words(schema: dict[str, object], words: str) -> None:
    assert type_words(schema, {"Kind": {"enum": ["a", "b"]}}) == words
