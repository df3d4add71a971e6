"""Rules nested in a transformer's parameters (JSON paths and the like): their model, and the context they mask in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    GetJsonSchemaHandler,
    ValidationError,
    model_serializer,
    model_validator,
)
from pydantic_core import CoreSchema, PydanticCustomError

from testdata_assets.errors import UsageFault
from testdata_assets.masking.parameter_errors import parameter_problems
from testdata_assets.masking.transformers import registry
from testdata_assets.masking.transformers.base import MaskContext, Transformer
from testdata_assets.production.catalog import Column

INTEGERS = frozenset({"int2", "int4", "int8", "numeric"})
_OWN = ("transform", "domain", "pii")
_NULL = "null"
_CATEGORIES = {"text": "S", "numeric": "N"}


class NestedRule(BaseModel):
    """What becomes of one part of a value: `keep`, `null`, or a transformer with its parameters and domain."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    transform: str = Field(min_length=1)
    domain: str | None = Field(None, min_length=1)
    pii: str | None = Field(None, min_length=1)
    params: dict[str, Any] = Field(default_factory=dict)

    @model_validator(mode="before")
    @classmethod
    def _shape(cls, raw: Any) -> Any:
        if raw is None or isinstance(raw, str):
            return {"transform": _NULL if raw is None else raw}
        if not isinstance(raw, Mapping) or "transform" not in raw:
            raise _off("write keep, null, a transformer's name or a mapping with `transform`")
        for key in ("when", "else"):
            if key in raw:
                raise _off(f"a nested rule takes no `{key}`")
        shaped = {key: raw[key] for key in _OWN if key in raw}
        if shaped["transform"] is None:
            shaped["transform"] = _NULL
        return {**shaped, "params": {key: value for key, value in raw.items() if key not in _OWN}}

    @model_validator(mode="after")
    def _builds(self) -> NestedRule:
        try:
            self.build()
        except UsageFault as fault:
            raise _off(f"{fault.what[:1].lower()}{fault.what[1:]}. {fault.remedy}") from None
        except ValidationError as error:
            known = ", ".join(registry.get(self.transform).params_model.model_fields) or "none"
            found = "; ".join(each.message for each in parameter_problems(self.transform, error))
            raise _off(f"{found} (parameters of {self.transform}: {known})") from None
        return self

    @model_serializer
    def _as_written(self) -> Any:
        """As rules write it, so that it reads in again and a dump shows the rule."""
        named = {key: getattr(self, key) for key in _OWN if getattr(self, key) is not None}
        return {**named, **self.params}

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        name = {"type": "string", "minLength": 1}
        return {
            "description": "keep, null, a transformer's name, or a transformer with its parameters.",
            "anyOf": [
                {"type": ["string", "null"]},
                {
                    "type": "object",
                    "required": ["transform"],
                    "properties": {"transform": {"type": ["string", "null"]}, "domain": name, "pii": name},
                },
            ],
        }

    def build(self) -> Transformer[Any]:
        """The transformer with its parameters."""
        return registry.build(self.transform, self.params)

    def context(self, outer: MaskContext, base_type: str = "text") -> MaskContext:
        """What the nested transformer gets: its own domain (by default that of the column), and a bare column."""
        column = part_column(outer.column, base_type)
        if self.domain is None:
            return replace(outer, column=column)
        limit = outer.limit_of(self.domain)
        column = replace(column, max_length=None if self._needs_no_other(column, limit) else limit)
        return self._in_domain(outer, column, self.domain)

    def context_of_part(self, outer: MaskContext, part: Column) -> MaskContext:
        """The same for a part with a type of its own: an array's element, a composite's field.

        It sees the narrowest limits of its domain, as a column of that type would; the plan counts it in.
        """
        limit = outer.column.max_length if self.domain is None else outer.limit_of(self.domain)
        integer = outer.integer_type if self.domain is None else outer.integer_type_of(self.domain)
        if self._needs_no_other(part, limit):
            limit = None
        limits = [each for each in (limit, part.max_length) if each is not None]
        column = replace(
            part,
            name=outer.column.name,
            position=outer.column.position,
            max_length=min(limits, default=None),
            base_type=integer if integer is not None and part.base_type in INTEGERS else part.base_type,
        )
        return replace(outer, column=column) if self.domain is None else self._in_domain(outer, column, self.domain)

    def _needs_no_other(self, part: Column, limit: int | None) -> bool:
        """Whether the limit of other columns need not cut the masks of this part."""
        return limit is not None and self.build().own_limit_suffices(part)

    @staticmethod
    def _in_domain(outer: MaskContext, column: Column, domain: str) -> MaskContext:
        return replace(
            outer,
            column=column,
            hash=outer.hash_for(domain),
            fold_case=outer.folds(domain),
            integer_type=outer.integer_type_of(domain),
        )


def part_column(column: Column, base_type: str = "text") -> Column:
    """A part of a column's values as a column of its own: without a length limit, NULL allowed."""
    return Column(
        name=column.name,
        type=base_type,
        base_type=base_type,
        category=_CATEGORIES[base_type],
        position=column.position,
    )


def _off(reason: str) -> PydanticCustomError:
    return PydanticCustomError("nested_rule", "{reason}", {"reason": reason})
