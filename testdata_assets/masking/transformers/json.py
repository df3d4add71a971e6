"""json: masks the leaves of JSON documents by path; every other byte of a document stays as it is.

What is decided here beside the paths (`json_paths.py` says which of several wins):

- A leaf is a string, a number, true, false or null. A rule for an object or array does not exist: name its leaves.
- null stays null and needs no rule. Any other leaf without a rule refuses the whole column, naming the path.
- The rule `null` writes null for every leaf, `constant` its value as JSON, also over true, false and "".
- Under any other rule true, false and "" stay as they are.
- A string masks like a text column without length limit. A number masks like a numeric column where its transformer
  takes those, else like text; what comes out and is not a JSON number is written as a string.
- Keys are never masked. A blank text, which is no JSON, stays.
- json columns may hold what is no character (a lone surrogate): such a leaf masks as if U+FFFD stood there.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np
import polars as pl
from numpy.typing import NDArray
from pydantic import AfterValidator, Field, field_validator

from testdata_assets.errors import RefusedError, TestdataError
from testdata_assets.masking.json_paths import JsonPattern, PathMatcher
from testdata_assets.masking.json_pieces import is_long, pieces
from testdata_assets.masking.json_tokens import STRING, Tokens, tokenise
from testdata_assets.masking.nested_parts import Misfit, distinct_parts, hand_on
from testdata_assets.masking.nested_rules import NestedRule, part_column
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
from testdata_assets.masking.transformers.constant import Constant
from testdata_assets.masking.transformers.keep import Keep
from testdata_assets.masking.transformers.null import Null
from testdata_assets.masking.transformers.registry import register
from testdata_assets.production import bulky
from testdata_assets.production.catalog import Column

_SLICE_BYTES = 2 << 20  # documents worked on at a time: memory is about twenty times as much
_NUMBER = r"\A-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?\z"
_CONTROL = r"[\x00-\x1f]"
_SHORT_ESCAPES = {"\b": "\\b", "\f": "\\f", "\n": "\\n", "\r": "\\r", "\t": "\\t"}
_SHOWN_PATHS = 5
_LOOKED_AT = 2000


def _readable(path: str) -> str:
    JsonPattern.parse(path)
    return path


class JsonParams(Params):
    """Parameters of `json`."""

    paths: dict[Annotated[str, AfterValidator(_readable)], NestedRule] = Field(
        min_length=1,
        description="Rules by JSON path ($.contact.email, $['any key'], $.items[*].name, $.**); "
        "the most specific path wins.",
    )

    @field_validator("paths")
    @classmethod
    def _distinct(cls, paths: Mapping[str, NestedRule]) -> Mapping[str, NestedRule]:
        known: dict[object, str] = {}
        for text in paths:
            steps = JsonPattern.parse(text).steps
            if steps in known:
                raise ValueError(f"the paths {known[steps]!r} and {text!r} say the same")
            known[steps] = text
        return paths


@dataclass(frozen=True)
class _PathRule:
    """A path with what becomes of its leaves."""

    path: str
    rule: NestedRule
    transformer: Transformer[Any]

    @property
    def literal(self) -> str | None:
        """What is written for every leaf, whatever it holds."""
        if isinstance(self.transformer, Null):
            return "null"
        if isinstance(self.transformer, Constant):
            return json.dumps(self.transformer.params.value, ensure_ascii=False)
        return None


@register
class Json(Transformer[JsonParams]):
    """Masks leaves by path; each path's transformer, domain and parameters are a rule of their own."""

    name = "json"
    summary = "Masks the leaves of JSON documents by path and keeps the rest byte for byte."
    params_model = JsonParams
    guarantees = Guarantees(uniqueness=Uniqueness.LOSSY, coincidence=Coincidence.BY_PART)
    distribution = NOTHING
    base_types = frozenset({"json", "jsonb", "text"})

    def __init__(self, params: JsonParams) -> None:
        super().__init__(params)
        self._rules = [_PathRule(path, rule, rule.build()) for path, rule in params.paths.items()]
        patterns = [JsonPattern.parse(each.path) for each in self._rules]
        # Of equally specific ones the stricter wins, then one independent of the order they were written in.
        ranks = [
            (pattern.specificity, not isinstance(each.transformer, Keep), pattern.text)
            for pattern, each in zip(patterns, self._rules, strict=True)
        ]
        self._matcher = PathMatcher(patterns, ranks)

    def problems(self, column: Column) -> tuple[str, ...]:
        found = list(super().problems(column))
        for each in self._rules:
            as_text = each.transformer.problems(part_column(column))
            if as_text and each.transformer.problems(part_column(column, "numeric")):
                found += [Misfit.of(f"paths.{each.path}", problem) for problem in as_text]
        return tuple(found)

    def apply(self, values: pl.Series, context: MaskContext) -> pl.Series:
        trusted = context.column.base_type in ("json", "jsonb")
        filled = np.arange(len(values)) if trusted else np.flatnonzero((values.str.strip_chars() != "").to_numpy())
        if not len(filled):
            return values
        documents = values if len(filled) == len(values) else values.gather(pl.Series(filled))
        masked = pl.concat([self._documents(part, context, trusted) for part in _slices(documents)])
        limit = context.max_length
        if limit is not None and (masked.str.len_chars() > limit).any():
            raise RefusedError(
                "A masked JSON document is longer than its column admits",
                where="",
                remedy="Use transformers that keep lengths (scramble) or shorten (null, constant) for its leaves.",
                code="json-too-long",
            )
        return merge_rows(values, filled, masked).rename(values.name)

    def _documents(self, documents: pl.Series, context: MaskContext, trusted: bool) -> pl.Series:
        if not is_long(documents):
            return self._slice(documents, context, trusted)
        written = bytearray()
        for piece in pieces(documents, self._matcher.told_elements):
            written += b"," * piece.follows + piece.inner(self._slice(piece.text, context, trusted))
        return bulky.one_value(written)

    def _slice(self, documents: pl.Series, context: MaskContext, trusted: bool) -> pl.Series:
        tokens = tokenise(documents, trusted)
        winners = tokens.winners(self._matcher)
        strings = tokens.kinds[tokens.leaves] == STRING
        first_bytes = np.where(strings, ord('"'), tokens.data[tokens.starts[tokens.leaves]])
        present = first_bytes != ord("n")
        unlisted = np.flatnonzero((winners < 0) & present)
        if len(unlisted):
            raise _refusal(tokens, tokens.leaves[unlisted])
        filled = strings & (tokens.ends - tokens.starts > 2)[tokens.leaves]
        replaced: list[NDArray[np.int64]] = []
        replacements: list[pl.Series] = []
        for number, each in enumerate(self._rules):
            if isinstance(each.transformer, Keep):
                continue
            chosen = (winners == number) & present
            if each.literal is not None:
                _hand_on_strings(tokens, tokens.leaves[chosen & filled], each, context)
                leaves = tokens.leaves[chosen]
                replaced.append(leaves)
                replacements.append(pl.Series([each.literal]).new_from_index(0, len(leaves)))
                continue
            is_number = ~strings & (first_bytes != ord("t")) & (first_bytes != ord("f"))
            for leaves, numbers in ((tokens.leaves[chosen & filled], False), (tokens.leaves[chosen & is_number], True)):
                if len(leaves):
                    replaced.append(leaves)
                    replacements.append(_masked(tokens, leaves, numbers, each, context))
        if not any(len(leaves) for leaves in replaced):
            return documents
        return tokens.replaced(np.concatenate(replaced), pl.concat(replacements))


def _hand_on_strings(tokens: Tokens, leaves: Positions, each: _PathRule, context: MaskContext) -> None:
    """Strings in whose place something constant is written are searched for all the same."""
    if len(leaves) and (context.collect_drawn is not None or context.count_emptied is not None):
        values = tokens.strings(leaves)
        hand_on(values, distinct_parts(values)[0], each.rule, each.transformer, each.rule.context(context))


def _masked(tokens: Tokens, leaves: Positions, numbers: bool, each: _PathRule, context: MaskContext) -> pl.Series:
    """What to write for string or number leaves of one rule."""
    transformer = each.transformer
    base_type = "numeric" if numbers and not transformer.problems(part_column(context.column, "numeric")) else "text"
    inner = each.rule.context(context, base_type)
    if transformer.problems(inner.column):
        raise RefusedError(
            f"{transformer.name} takes numbers only, and a leaf of path {each.path} is text",
            where=each.path,
            remedy="Write a rule with another transformer for this path.",
            code="json-leaf-type",
        )
    raw = tokens.texts(leaves) if numbers else tokens.strings(leaves)
    values, positions = distinct_parts(raw)
    hand_on(raw, values, each.rule, transformer, inner)
    try:
        masked = transformer.apply(values, inner)
    except TestdataError as error:
        error.where = f"{each.path} {error.where}".strip()
        raise
    except (pl.exceptions.PolarsError, ValueError, OverflowError) as error:
        raise RefusedError(
            f"{transformer.name} cannot mask a leaf of this path ({type(error).__name__})",
            where=each.path,
            remedy="Choose a transformer that fits the path's values, e.g. hash, scramble or null.",
            code="transformer-failed",
        ) from None
    written = _quoted(masked)
    if numbers:
        written = pl.select(pl.when(masked.str.contains(_NUMBER)).then(masked).otherwise(written)).to_series()
    if written.null_count():
        written = written.fill_null("null")
    return written if positions is None else written.gather(positions)


def _quoted(values: pl.Series) -> pl.Series:
    """Values as JSON strings."""
    if bulky.is_bulky(values):
        inner = bulky.mapped(values, lambda piece: json.dumps(piece.decode(), ensure_ascii=False)[1:-1].encode())
        return pl.concat([bulky.one_value(b"".join((b'"', view or b"", b'"'))) for view in bulky.views(inner)])
    for char, escape in (("\\", "\\\\"), ('"', '\\"')):
        if values.str.contains(char, literal=True).any():
            values = values.str.replace_all(char, escape, literal=True)
    if values.str.contains(_CONTROL).any():
        for code in range(32):
            escape = _SHORT_ESCAPES.get(chr(code), f"\\u{code:04x}")
            values = values.str.replace_all(chr(code), escape, literal=True)
    quote = pl.lit('"')
    return pl.select(quote + values.rename("v") + quote).to_series().rename("")


def _slices(values: pl.Series) -> list[pl.Series]:
    """Runs of documents of bounded size, each at least one document."""
    ends = np.cumsum(bulky.lengths(values))
    bounds = [0]
    while bounds[-1] < len(values):
        done = int(ends[bounds[-1] - 1]) if bounds[-1] else 0
        bounds.append(max(int(np.searchsorted(ends, done + _SLICE_BYTES, side="right")), bounds[-1] + 1))
    return [values.slice(start, end - start) for start, end in itertools.pairwise(bounds)]


def _refusal(tokens: Tokens, leaves: Positions) -> RefusedError:
    """The refusal of leaves that no path covers: names a few of their paths, and no value."""
    paths = list(dict.fromkeys(tokens.shown_path(int(leaf)) for leaf in leaves[:_LOOKED_AT]))
    shown = ", ".join(paths[:_SHOWN_PATHS]) + (" and others" if len(paths) > _SHOWN_PATHS else "")
    return RefusedError(
        f"No rule covers the JSON path{'s' if len(paths) > 1 else ''} {shown}",
        where=paths[0],
        remedy="Add the path to the column's `paths`, or a pattern that covers it, such as $.**.",
        code="json-path-unlisted",
    )
