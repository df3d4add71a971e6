"""The JSON Schema of `masking.yaml` for editors, made from the models and the transformer registry."""

from __future__ import annotations

from typing import Any, get_args

from testdata_assets.masking.rule_models import ColumnRule, Mode, ObjectsRule
from testdata_assets.masking.transformers import registry
from testdata_assets.masking.transformers.base import Transformer

_URL = "https://json-schema.org/draft/2020-12/schema"
_NAME = {"type": "string", "minLength": 1}
# package.module:Class or package.module.Class
_DOTTED = {"type": "string", "pattern": r"^[^\W\d]\w*(\.[^\W\d]\w*)*[.:][^\W\d]\w*$"}


def json_schema() -> dict[str, Any]:
    """The schema (draft 2020-12): every key of a rules file, every transformer with its parameters."""
    definitions: dict[str, Any] = {}
    transformers = registry.all()
    variants = [_variant(transformer, definitions) for transformer in transformers.values()]
    short = [name for name, transformer in transformers.items() if _needs_nothing(transformer)]
    definitions["columnRule"] = {
        "anyOf": [
            {"type": "null", "description": "Every value becomes NULL."},
            {"enum": short, "description": "Short for {transform: ...}."},
            {**_DOTTED, "description": "A transformer of your own that needs no parameters."},
            *variants,
            _own_variant(),
        ]
    }
    modes = list(get_args(Mode))
    definitions["tableRule"] = {
        "type": "object",
        "properties": {
            "mode": {"enum": modes, "default": "mask"},
            "where": {
                "type": "string",
                "description": "Rows of the image: a condition over original values (or, as one word, the rule of a "
                "column called where).",
            },
            "rows": {
                "anyOf": [
                    {"type": "integer", "minimum": 0, "description": "Rows to fabricate under mode synthesize."},
                    {"$ref": "#/$defs/columnRule"},
                ]
            },
            "columns": {"type": "object", "additionalProperties": {"$ref": "#/$defs/columnRule"}},
        },
        "additionalProperties": {"$ref": "#/$defs/columnRule"},
    }
    objects = ObjectsRule.model_json_schema()
    return {
        "$schema": _URL,
        "title": "testdata-assets masking rules",
        "type": "object",
        "required": ["version", "tables"],
        "additionalProperties": False,
        "properties": {
            "version": {"const": 1},
            "tables": {
                "type": "object",
                "description": "By schema.table, quoted as in SQL where it must be.",
                "additionalProperties": {"$ref": "#/$defs/tableRule"},
            },
            "relationships": {
                "type": ["array", "null"],
                "description": "Foreign keys that the schema does not declare.",
                "items": {
                    "type": "object",
                    "required": ["from", "to"],
                    "additionalProperties": False,
                    "properties": {
                        "from": {**_NAME, "description": "Referencing schema.table.column; :$.path or [] may follow."},
                        "to": {**_NAME, "description": "Referenced schema.table.column."},
                    },
                },
            },
            "rotation": {
                "type": ["object", "null"],
                "additionalProperties": False,
                "required": ["hold"],
                "properties": {
                    "hold": {
                        "type": "array",
                        "items": _NAME,
                        "description": "Domains that still mask under TESTDATA_MASKING_KEY_PREVIOUS.",
                    }
                },
            },
            "objects": {
                "type": ["object", "null"],
                "additionalProperties": False,
                "properties": objects["properties"],
            },
        },
        "$defs": definitions,
    }


def _variant(transformer: type[Transformer[Any]], definitions: dict[str, Any]) -> dict[str, Any]:
    """The long form of a rule with one transformer; definitions its parameters need go to the common ones."""
    name = transformer.name
    prefix = f"{name}."
    schema = transformer.params_model.model_json_schema(ref_template=f"#/$defs/{prefix}{{model}}")
    for key, definition in schema.get("$defs", {}).items():
        definitions[prefix + key] = definition
    transform: dict[str, Any] = {"const": name} if name != "null" else {"enum": ["null", None]}
    return {
        "title": name,
        "description": transformer.summary,
        "type": "object",
        "required": ["transform", *schema.get("required", ())],
        "additionalProperties": False,
        "properties": {
            "transform": transform,
            **_beside(),
            **schema.get("properties", {}),
        },
    }


def _own_variant() -> dict[str, Any]:
    """The long form of a rule with a dotted path: its parameters are not known here."""
    return {
        "title": "package.module:Class",
        "description": "A transformer of your own, by the path to its class.",
        "type": "object",
        "required": ["transform"],
        "properties": {"transform": _DOTTED, **_beside()},
    }


def _beside() -> dict[str, Any]:
    """What any rule may say beside its transformer's parameters."""
    fields = ColumnRule.model_fields
    described = {key: {**_NAME, "description": fields[key].description} for key in ("pii", "domain", "reason", "when")}
    return {**described, "else": {"$ref": "#/$defs/columnRule", "description": fields["otherwise"].description}}


def _needs_nothing(transformer: type[Transformer[Any]]) -> bool:
    return not any(field.is_required() for field in transformer.params_model.model_fields.values())
