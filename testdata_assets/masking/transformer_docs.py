"""What the registry says of a transformer, in words: for the command line's listing and the reference page.

Nothing is written here by hand about a single transformer: all comes from the class's declarations and docstring.
"""

from __future__ import annotations

import inspect
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from pydantic import ValidationError

from testdata_assets.masking.transformers import registry
from testdata_assets.masking.transformers.base import (
    TEXT_TYPES,
    Coincidence,
    Guarantees,
    Kept,
    RowTransformer,
    Transformer,
    Uniqueness,
)
from testdata_assets.production.catalog import Column

UNIQUENESS = {
    Uniqueness.INJECTIVE: ("injective", "distinct values stay distinct, always"),
    Uniqueness.HASHED: (
        "collision-checked",
        "of n distinct values two become equal with probability below n²/2⁶¹, and a unique index would tell",
    ),
    Uniqueness.LOSSY: ("lossy", "distinct values may become equal, so that a unique index refuses it"),
}
COINCIDENCE = {
    Coincidence.DISJOINT: (
        "disjoint",
        "no mask is a real value: the image is searched for every raw value",
    ),
    Coincidence.MAY_COINCIDE: (
        "may coincide",
        "masks look like common real values: rows are checked to change at the expected rate",
    ),
    Coincidence.UNCHANGED: ("unchanged", "values stay as they are"),
    Coincidence.CONSTANT: ("constant", "masks carry nothing of the value"),
    Coincidence.BY_PART: ("by part", "each part is masked or kept by a rule of its own, which says what holds for it"),
}
DISTRIBUTION = {
    Kept.UNDECLARED: (
        "undeclared",
        "it does not say, so numbers, times, booleans and enums must be distributed as before, row by row, where masks "
        "may be real values",
    ),
    Kept.NOTHING: ("lost", "masks are distributed otherwise, and not compared"),
    Kept.ROUGHLY: ("roughly kept", "masks lie near their values, and so must the distribution"),
    Kept.EXACTLY: ("kept", "masks are distributed as the values were"),
    Kept.DRAWN: ("by the rule", "masks are distributed as the rule says"),
}
# pg_type.typname to what SQL calls it; anything else goes by its own name.
_SQL_NAMES = {
    "int2": "smallint", "int4": "integer", "int8": "bigint", "float4": "real", "float8": "double precision",
    "bool": "boolean", "varchar": "character varying", "bpchar": "character", "varbit": "bit varying",
    "timestamptz": "timestamp with time zone", "timestamp": "timestamp", "timetz": "time with time zone",
}  # fmt: skip


_ORDER = tuple(UNIQUENESS)  # best first


@dataclass(frozen=True)
class ParameterDoc:
    """One parameter.

    Attributes:
        type: In words.
        default: As it is written in YAML; None where a value is required.
    """

    name: str
    type: str
    required: bool
    default: str | None
    description: str


@dataclass(frozen=True)
class TransformerDoc:
    """One transformer.

    Attributes:
        description: The class's docstring, one paragraph a line.
        types: What SQL calls the column types it takes; empty for any.
        nulls: What becomes of NULL.
        reads_row: Whether masks hang on other columns of the row.
        uniqueness, coincidence, ...: Under default parameters, on the type where most is promised.
        origin: `built in`, or which package or path it comes from.
        uniqueness_at_best: Under the parameters for which most is promised.
        distribution: What masks keep of how values are distributed.
    """

    name: str
    summary: str
    description: str
    parameters: tuple[ParameterDoc, ...]
    types: tuple[str, ...]
    nulls: str
    deterministic: bool
    uniqueness: str
    coincidence: str
    preserves_length: bool
    preserves_format: bool
    reads_row: bool
    origin: str
    uniqueness_at_best: str
    distribution: str

    def as_json(self) -> dict[str, Any]:
        """The document of `testdata rules list-transformers --json`."""
        document = asdict(self)
        document["parameters"] = {each.pop("name"): each for each in document["parameters"]}
        return {**document, "types": list(self.types)}


def describe(transformer: type[Transformer[Any]], origin: str = "built in") -> TransformerDoc:
    """What a transformer declares."""
    guarantees = _by_default(transformer)
    return TransformerDoc(
        name=transformer.name,
        summary=transformer.summary,
        description=_paragraphs(transformer),
        parameters=tuple(_parameters(transformer)),
        types=types_of(transformer),
        nulls=nulls(guarantees),
        deterministic=guarantees.deterministic,
        uniqueness=str(guarantees.uniqueness),
        coincidence=str(guarantees.coincidence),
        preserves_length=guarantees.preserves_length,
        preserves_format=guarantees.preserves_format,
        reads_row=issubclass(transformer, RowTransformer),
        origin=origin,
        uniqueness_at_best=str(transformer.guarantees.uniqueness),
        distribution=str(transformer.distribution.kept),
    )


def describe_all() -> list[TransformerDoc]:
    """Every usable transformer by name, users' own among them."""
    return [describe(transformer, registry.origin(name)) for name, transformer in registry.all().items()]


def distinct_words(doc: TransformerDoc) -> str:
    """What becomes of distinct values, in a few words."""
    usual, best = (UNIQUENESS[Uniqueness(each)][0] for each in (doc.uniqueness, doc.uniqueness_at_best))
    return usual if usual == best else f"{usual} by default, under other parameters {best}"


def _by_default(transformer: type[Transformer[Any]]) -> Guarantees:
    """What it promises without parameters on the type where that is most; the class's own where it needs some."""
    try:
        built = transformer(transformer.params_model())
    except ValidationError:
        return transformer.guarantees
    found = [built.guarantees_for(Column("", base, base, "")) for base in sorted(transformer.base_types) or ["text"]]
    best = min(found, key=lambda each: _ORDER.index(each.uniqueness))
    return transformer.guarantees if best.uniqueness is transformer.guarantees.uniqueness else best


def types_of(transformer: type[Transformer[Any]]) -> tuple[str, ...]:
    """SQL's names of the types it takes, text types as one; empty for any type."""
    bases = set(transformer.base_types)
    if "text" in bases:
        bases -= TEXT_TYPES
    names = sorted(_SQL_NAMES.get(base, f"{base[1:]}[]" if base.startswith("_") else base) for base in bases)
    return ("text", *names) if "text" in transformer.base_types else tuple(names)


def nulls(guarantees: Guarantees) -> str:
    """What becomes of NULL."""
    return "NULL stays NULL" if guarantees.nulls_stay_null else "Values may become NULL"


def promises(guarantees: Guarantees) -> list[str]:
    """The guarantees as sentences."""
    kind, meaning = UNIQUENESS[guarantees.uniqueness]
    relation, consequence = COINCIDENCE[guarantees.coincidence]
    return [
        "Equal values mask equally, in every table and every refresh under the same key."
        if guarantees.deterministic
        else "Not deterministic: equal values may mask differently.",
        f"Distinct values: {kind}; {meaning}.",
        f"Real values: {relation}; {consequence}.",
        "Keeps the length." if guarantees.preserves_length else "The length may change.",
        "Keeps the format: what was valid stays valid." if guarantees.preserves_format else "The format may change.",
    ]


def _paragraphs(transformer: type[Transformer[Any]]) -> str:
    text = inspect.cleandoc(transformer.__doc__ or "")
    return "\n\n".join(text.split("\n\n"))


def _parameters(transformer: type[Transformer[Any]]) -> list[ParameterDoc]:
    schema = transformer.params_model.model_json_schema()
    definitions, required = schema.get("$defs", {}), set(schema.get("required", ()))
    found = []
    for name, field in transformer.params_model.model_fields.items():
        shown = field.alias or name
        entry = schema.get("properties", {}).get(shown, {})
        default = entry.get("default")
        if default is None and field.default_factory is not None:
            default = field.get_default(call_default_factory=True, validated_data={})
        found.append(
            ParameterDoc(
                name=shown,
                type=type_words(entry, definitions),
                required=shown in required,
                default=None if shown in required else _yaml(default),
                description=field.description or "",
            )
        )
    return found


def _yaml(value: Any) -> str:
    if isinstance(value, str):
        return value if value and value.replace("_", "").isalnum() and not value.isdigit() else json.dumps(value)
    return json.dumps(value, ensure_ascii=False, default=str)


def type_words(schema: Mapping[str, Any], definitions: Mapping[str, Any]) -> str:
    """A JSON Schema in a few words, e.g. `integer from 1 to 64` or `list of text`."""
    if "$ref" in schema:
        name = str(schema["$ref"]).rpartition("/")[2]
        return "rule" if name == "NestedRule" else type_words(definitions.get(name, {}), definitions)
    if "allOf" in schema and len(schema["allOf"]) == 1:
        return type_words(schema["allOf"][0], definitions)
    if "const" in schema:
        return _yaml(schema["const"])
    if "enum" in schema:
        return " or ".join(_yaml(each) for each in schema["enum"])
    for key in ("anyOf", "oneOf"):
        if key in schema:
            return " or ".join(dict.fromkeys(type_words(each, definitions) for each in schema[key]))
    kind = schema.get("type")
    if isinstance(kind, list):
        return " or ".join(type_words({**schema, "type": each}, definitions) for each in kind)
    if kind == "array":
        items = schema.get("items") or next(iter(schema.get("prefixItems", ())), None)
        return f"list of {type_words(items, definitions)}" if items else "list"
    if kind == "object":
        values = schema.get("additionalProperties")
        return f"mapping of names to {type_words(values, definitions)}" if isinstance(values, dict) else "mapping"
    if kind == "string" and schema.get("format") in ("date", "date-time", "time"):
        return {"date": "date", "date-time": "time stamp", "time": "time of day"}[schema["format"]]
    words = {
        "string": "text", "integer": "integer", "number": "number", "boolean": "true or false", "null": "null",
    }  # fmt: skip
    return words.get(str(kind), "any value") + _bounds(schema)


def _bounds(schema: Mapping[str, Any]) -> str:
    low, high = schema.get("minimum"), schema.get("maximum")
    above, below = schema.get("exclusiveMinimum"), schema.get("exclusiveMaximum")
    if low is not None and high is not None:
        return f" from {low} to {high}"
    parts = [
        f" from {low} up" if low is not None else "",
        f" above {above}" if above is not None else "",
        f" up to {high}" if high is not None else "",
        f" below {below}" if below is not None else "",
    ]
    return "".join(parts)
