"""xml: masks texts and attribute values of XML by path; every other byte stays, but for comments.

- A leaf is a text between tags, a CDATA section or the value of an attribute. Blanks around it stay; a blank one needs
  no rule. Of mixed content (`a<b>c</b>d`) each piece of text is a leaf of the element that it stands in.
- Any leaf without a rule refuses the whole column, naming the path. The most specific path wins, as in `json`.
- Comments and processing instructions may say anything: they go, unless `comments: keep`. Namespace declarations and
  the XML declaration stay.
- Names stay as written, prefix included: `//ns:phone`. Documents with a DOCTYPE are refused.
- Under the rule `null` a leaf becomes empty.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

import numpy as np
import polars as pl
from pydantic import AfterValidator, Field, field_validator

from testdata_assets.errors import RefusedError
from testdata_assets.masking.json_paths import PathMatcher
from testdata_assets.masking.nested_parts import PartRule, combined, text_part
from testdata_assets.masking.nested_rules import NestedRule
from testdata_assets.masking.text_arrays import Positions, merge_rows
from testdata_assets.masking.transformers.base import (
    NOTHING,
    Coincidence,
    Guarantees,
    MaskContext,
    Params,
    Transformer,
    Uniqueness,
)
from testdata_assets.masking.transformers.registry import register
from testdata_assets.masking.xml_pieces import in_slices
from testdata_assets.masking.xml_tokens import XmlTokens, tokenise_xml, xml_pattern
from testdata_assets.production.catalog import Column

_SHOWN_PATHS = 5
_LOOKED_AT = 2000


def _readable(path: str) -> str:
    xml_pattern(path)
    return path


class XmlParams(Params):
    """Parameters of `xml`."""

    paths: dict[Annotated[str, AfterValidator(_readable)], NestedRule] = Field(
        min_length=1,
        description="Rules by path (/contact/email, //phone, /a/b/@id, /a/*, **); the most specific path wins.",
    )
    comments: Literal["drop", "keep"] = Field(
        "drop", description="What becomes of comments and processing instructions."
    )

    @field_validator("paths")
    @classmethod
    def _distinct(cls, paths: Mapping[str, NestedRule]) -> Mapping[str, NestedRule]:
        known: dict[object, str] = {}
        for text in paths:
            steps = xml_pattern(text).steps
            if steps in known:
                raise ValueError(f"the paths {known[steps]!r} and {text!r} say the same")
            known[steps] = text
        return paths


@register
class Xml(Transformer[XmlParams]):
    """A leaf masks like a value of a text column without a limit, in the domain of its path's rule."""

    name = "xml"
    summary = "Masks texts and attributes of XML by path and keeps the rest byte for byte."
    params_model = XmlParams
    guarantees = Guarantees(uniqueness=Uniqueness.LOSSY, coincidence=Coincidence.BY_PART)
    distribution = NOTHING
    base_types = frozenset({"xml", "text"})

    def __init__(self, params: XmlParams) -> None:
        super().__init__(params)
        self._rules = [PartRule(f"paths.{path}", rule) for path, rule in params.paths.items()]
        patterns = [xml_pattern(path) for path in params.paths]
        # Of equally specific ones the stricter wins, then one independent of the order they were written in.
        ranks = [
            (pattern.specificity, not rule.keeps, pattern.text)
            for pattern, rule in zip(patterns, self._rules, strict=True)
        ]
        self._matcher = PathMatcher(patterns, ranks)

    def problems(self, column: Column) -> tuple[str, ...]:
        found = list(super().problems(column))
        for rule in self._rules:
            found += rule.problems(text_part(column))
        return tuple(found)

    def guarantees_for(self, column: Column) -> Guarantees:
        """Dropped comments may be all that tells two documents apart."""
        nested = combined([rule.transformer.guarantees_for(text_part(column)) for rule in self._rules])
        return Guarantees(uniqueness=Uniqueness.LOSSY, coincidence=nested.coincidence)

    def apply(self, values: pl.Series, context: MaskContext) -> pl.Series:
        filled = np.flatnonzero((values.str.strip_chars(" \t\n\r") != "").to_numpy())
        if not len(filled):
            return values
        documents = values if len(filled) == len(values) else values.gather(pl.Series(filled))
        masked = in_slices(documents, lambda run: self._masked(run, context))
        limit = context.max_length
        if limit is not None and (masked.str.len_chars() > limit).any():
            raise RefusedError(
                "A masked XML document is longer than its column admits",
                where="",
                remedy="Use transformers that keep lengths (scramble) or shorten (null, constant) for its leaves.",
                code="xml-too-long",
            )
        return merge_rows(values, filled, masked).rename(values.name)

    def _masked(self, documents: pl.Series, context: MaskContext) -> pl.Series:
        tokens = tokenise_xml(documents)
        winners = tokens.winners(self._matcher)
        unlisted = np.flatnonzero(winners < 0)
        if len(unlisted):
            raise _refusal(tokens, unlisted)
        replaced, written = [np.zeros(0, np.int64)], [pl.Series([], dtype=pl.String)]
        for number, rule in enumerate(self._rules):
            leaves = np.flatnonzero(winners == number)
            if not rule.keeps and len(leaves):
                masked = rule.masked(tokens.texts(leaves), context).fill_null("")
                replaced.append(leaves)
                written.append(tokens.written(leaves, masked).rename(""))
        return tokens.replaced(np.concatenate(replaced), pl.concat(written), remarks=self.params.comments == "keep")


def _refusal(tokens: XmlTokens, leaves: Positions) -> RefusedError:
    """The refusal of leaves that no path covers: names a few of their paths, and no value."""
    paths = list(dict.fromkeys(tokens.shown_path(int(leaf)) for leaf in leaves[:_LOOKED_AT]))
    shown = ", ".join(paths[:_SHOWN_PATHS]) + (" and others" if len(paths) > _SHOWN_PATHS else "")
    return RefusedError(
        f"No rule covers the XML path{'s' if len(paths) > 1 else ''} {shown}",
        where=paths[0],
        remedy="Add the path to the column's `paths`, or a pattern that covers it, such as **.",
        code="xml-path-unlisted",
    )
