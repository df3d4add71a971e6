"""Many XML documents as flat arrays of tokens: text, attribute values, and the paths they stand at. No row by row work.

A regular expression cuts documents into tags, text, CDATA, comments and instructions; what it cannot cut gapless is no
XML. Elements are told by depth: the last start tag of a depth before a text is the element that it stands in.
Entities are never expanded: a document with a DOCTYPE is refused.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from testdata_assets.errors import RefusedError
from testdata_assets.masking.json_paths import JsonPattern, PathMatcher, Step, StepKind, shown_key
from testdata_assets.masking.json_tokens import Bytes, cut, laid_out, with_pieces
from testdata_assets.masking.text_arrays import Positions, offsets_of

PIECE = (
    r"<!--(?s:.*?)-->|<!\[CDATA\[(?s:.*?)\]\]>|<\?(?s:.*?)\?>|</[^\s<>/]+\s*>"
    r"""|<[^!?/"'>\s](?:[^"'<>]|"[^"<]*"|'[^'<]*')*>|[^<]+"""
)
_IN_TAG = r"""\A<[^\s/>]+|[^\s=/>"']+\s*=\s*(?:"[^"]*"|'[^']*')|[\s/>]+"""
# Nothing else counts as the XML declaration, which stays.
_DECLARED = r"""(?:"[A-Za-z0-9._-]{1,20}"|'[A-Za-z0-9._-]{1,20}')"""
_DECLARATION = rf"\A<\?xml(?:\s+(?:version|encoding|standalone)\s*=\s*{_DECLARED})+\s*\?>\z"
_BLANKS = " \t\n\r"
_NAMED = {"&amp;": "&", "&lt;": "<", "&gt;": ">", "&quot;": '"', "&apos;": "'"}
_NUMBERED = r"&#(?:[0-9]{1,7}|x[0-9A-Fa-f]{1,6});"
_REFERENCE = r"&[^;]*;?"
_STEP = re.compile(r"(?P<slashes>//?)(?P<step>\*\*|\*|@?[^\s/@*\[\]<>=\"'()|]+)")
TEXT, ATTRIBUTE, CDATA = range(3)


def xml_pattern(text: str) -> JsonPattern:
    """Reads a path: `/contact/email`, `//phone`, `/a/b/@id`, `/a/*`, `/a/**`, `**`.

    `*` is any one element or attribute, `//` and `**` any number of elements, also none.

    Raises:
        ValueError: It is none.
    """
    steps: list[Step] = []
    place = 0
    source = f"/{text}" if text == "**" else text
    while place < len(source):
        match = _STEP.match(source, place)
        if match is None or (steps and steps[-1].key.startswith("@")):
            raise ValueError(f"XML path {text!r} does not make sense from {source[place:]!r} on")
        if match["slashes"] == "//":
            steps.append(Step(StepKind.DESCENT))
        step = match["step"]
        kind = {"**": StepKind.DESCENT, "*": StepKind.WILD_KEY}.get(step)
        added = Step(StepKind.KEY, key=step) if kind is None else Step(kind)
        if not (steps and added.kind is StepKind.DESCENT and steps[-1] == added):
            steps.append(added)
        place = match.end()
    if not steps:
        raise ValueError(f"an XML path begins with /, as in /contact/email; {text!r} does not")
    return JsonPattern(text, tuple(steps))


def invalid_xml() -> RefusedError:
    """The refusal of a text that is no XML; says nothing of its content."""
    return RefusedError(
        "A value is not well-formed XML",
        where="",
        remedy="Mask the column with another transformer (free_text, scramble, null), or correct the values.",
        code="xml-invalid",
    )


@dataclass(frozen=True)
class XmlTokens:
    """The leaves of n documents: texts, CDATA sections and attribute values that are not blank.

    Attributes:
        data: All documents, a NUL before each and padding behind the last.
        document_starts: n + 1 positions in `data`: of the NUL before each document, and behind the last.
        starts, ends: First byte of each leaf and the byte behind it, without quotes and surrounding blanks.
        kinds: TEXT, ATTRIBUTE or CDATA.
        owners: Number of the element each leaf belongs to, -1 for text outside of all.
        attributes: Name of each leaf's attribute as `@name`, '' for others.
        names: Of the elements, in the order of their start tags.
        parents: Number of each element's parent, -1 for outermost ones.
        levels: Depth of each element from 1.
        remarks: First bytes and ends of comments and instructions.
    """

    data: Bytes
    document_starts: Positions
    starts: Positions
    ends: Positions
    kinds: Bytes
    owners: Positions
    attributes: pl.Series
    names: pl.Series
    parents: Positions
    levels: Positions
    remarks: tuple[Positions, Positions]

    def winners(self, matcher: PathMatcher) -> NDArray[np.int32]:
        """For each leaf, the number of the pattern that decides on it, or -1."""
        symbols = _symbols(self.names, matcher)
        # One place more, for what stands outside of all elements: index -1 finds it.
        states = np.full(len(self.names) + 1, PathMatcher.START, np.int32)
        for level in range(1, int(self.levels.max(initial=0)) + 1):
            here = np.flatnonzero(self.levels == level)
            states[here] = matcher.step(states[self.parents[here]], symbols[here])
        reached = states[self.owners]
        attributes = np.flatnonzero(self.kinds == ATTRIBUTE)
        named = _symbols(self.attributes.gather(pl.Series(attributes)), matcher)
        reached[attributes] = matcher.step(reached[attributes], named)
        return matcher.winners(reached)

    def texts(self, leaves: Positions) -> pl.Series:
        """What some leaves say: references undone."""
        texts = cut(self.data, self.starts[leaves], self.ends[leaves])
        plain = pl.Series(self.kinds[leaves] == CDATA) | ~texts.str.contains("&", literal=True)
        if plain.all():
            return texts
        return pl.select(pl.when(plain).then(texts).otherwise(_dereferenced(texts, plain))).to_series()

    def written(self, leaves: Positions, values: pl.Series) -> pl.Series:
        """Values as these leaves hold them."""
        escaped = values.str.replace_many(["&", "<", ">", "\r"], ["&amp;", "&lt;", "&gt;", "&#13;"])
        quoted = escaped.str.replace_many(['"', "'", "\n", "\t"], ["&quot;", "&apos;", "&#10;", "&#9;"])
        section = values.str.replace_all("]]>", "]]]]><![CDATA[>", literal=True)
        kinds = pl.Series(self.kinds[leaves])
        chosen = pl.when(kinds == TEXT).then(escaped).when(kinds == ATTRIBUTE).then(quoted).otherwise(section)
        return pl.select(chosen).to_series()

    def replaced(self, leaves: Positions, written: pl.Series, *, remarks: bool) -> pl.Series:
        """The documents with some leaves replaced.

        Args:
            leaves: Which.
            written: What to write for each.
            remarks: Whether comments and instructions stay.
        """
        starts, ends = self.starts[leaves], self.ends[leaves]
        if not remarks:
            starts, ends = np.concatenate([starts, self.remarks[0]]), np.concatenate([ends, self.remarks[1]])
            blank = pl.Series([""], dtype=pl.String).new_from_index(0, len(self.remarks[0]))
            written = pl.concat([written.rename(""), blank])
        return with_pieces(self.data, self.document_starts, starts, ends, written)

    def shown_path(self, leaf: int) -> str:
        """The path of a leaf for an error message; names that may be data do not show."""
        steps = [shown_key(self.attributes[leaf][1:]).replace(".", "@", 1)] if self.attributes[leaf] else []
        element = int(self.owners[leaf])
        while element >= 0:
            steps.append(shown_key(self.names[element]).removeprefix("."))
            element = int(self.parents[element])
        return "/" + "/".join(reversed(steps))


def tokenise_xml(documents: pl.Series) -> XmlTokens:
    """Finds the leaves of XML documents (or of their content: several elements, text around them).

    Raises:
        RefusedError: One is not well-formed, or has a DOCTYPE.
    """
    data, document_starts = laid_out(documents)
    if documents.str.contains("(?i)<!DOCTYPE").any():
        raise RefusedError(
            "A value has a DOCTYPE, whose entities are not expanded here",
            where="",
            remedy="Mask the column with another transformer (free_text, scramble, null).",
            code="xml-doctype",
        )
    tokens, starts, ends = _tiles(documents, document_starts[:-1] + 1, PIECE)
    first, second = data[starts], data[starts + 1]
    tag = first == ord("<")
    end_tag = tag & (second == ord("/"))
    instruction = tag & (second == ord("?"))
    section = tag & (second == ord("!")) & (data[starts + 2] == ord("["))
    comment = tag & (second == ord("!")) & ~section
    start_tag = tag & ~(end_tag | instruction | section | comment)
    alone = start_tag & (data[ends - 2] == ord("/"))
    delta = (start_tag & ~alone).astype(np.int64) - end_tag
    depth = np.cumsum(delta)
    behind = np.searchsorted(starts, document_starts[1:]) - 1
    if depth.min(initial=0) < 0 or depth[behind].any():
        raise invalid_xml()
    before = depth - delta
    elements = np.flatnonzero(start_tag)
    levels = before[elements] + 1
    names = _names(tokens.gather(pl.Series(elements)), r"\A<([^\s/>]+)")
    _check_pairs(tokens, start_tag & ~alone, end_tag, before)
    parents = _owners(elements, levels, elements, levels - 1)
    holders = np.flatnonzero(~tag | section)
    owners = _owners(elements, levels, holders, before[holders])
    head = np.where(section[holders], len("<![CDATA["), 0)
    tail = np.where(section[holders], len("]]>"), 0)
    found = _Leaves(data)
    found.add(starts[holders] + head, ends[holders] - tail, np.where(section[holders], CDATA, TEXT), owners)
    _add_attributes(found, tokens, elements, starts)
    remarks = np.flatnonzero(comment | (instruction & ~tokens.str.contains(_DECLARATION).to_numpy()))
    return found.tokens(document_starts, names, parents, levels, (starts[remarks], ends[remarks]))


class _Leaves:
    """Collects leaves, blanks around them cut off and blank ones left out."""

    def __init__(self, data: Bytes) -> None:
        self._data = data
        self._starts: list[Positions] = []
        self._ends: list[Positions] = []
        self._kinds: list[NDArray[np.uint8]] = []
        self._owners: list[Positions] = []
        self._attributes: list[pl.Series] = []

    def add(
        self,
        starts: Positions,
        ends: Positions,
        kinds: NDArray[np.int64],
        owners: Positions,
        attributes: pl.Series | None = None,
    ) -> None:
        texts = cut(self._data, starts, ends)
        sizes = texts.str.len_bytes().to_numpy().astype(np.int64)
        lead = sizes - texts.str.strip_chars_start(_BLANKS).str.len_bytes().to_numpy()
        tail = sizes - texts.str.strip_chars_end(_BLANKS).str.len_bytes().to_numpy()
        filled = np.flatnonzero(lead < sizes)
        none = pl.Series([""], dtype=pl.String).new_from_index(0, len(starts))
        self._starts.append((starts + lead)[filled])
        self._ends.append((ends - tail)[filled])
        self._kinds.append(kinds[filled].astype(np.uint8))
        self._owners.append(owners[filled])
        self._attributes.append((none if attributes is None else attributes).rename("").gather(pl.Series(filled)))

    def tokens(
        self,
        document_starts: Positions,
        names: pl.Series,
        parents: Positions,
        levels: Positions,
        remarks: tuple[Positions, Positions],
    ) -> XmlTokens:
        return XmlTokens(
            self._data,
            document_starts,
            np.concatenate(self._starts),
            np.concatenate(self._ends),
            np.concatenate(self._kinds),
            np.concatenate(self._owners),
            pl.concat(self._attributes),
            names,
            parents,
            levels,
            remarks,
        )


def _tiles(texts: pl.Series, firsts: Positions, pattern: str) -> tuple[pl.Series, Positions, Positions]:
    """Texts cut into the pieces that a pattern finds, which must leave no gap.

    Args:
        texts: n texts, none empty.
        firsts: Position of each text's first byte.
        pattern: Regular expression.

    Returns:
        The pieces, and where each begins and ends.
    """
    lists = texts.str.extract_all(pattern)
    counts = lists.list.len().to_numpy().astype(np.int64)
    pieces = lists.explode(empty_as_null=False) if len(lists) else pl.Series([], dtype=pl.String)
    sizes = pieces.str.len_bytes().to_numpy().astype(np.int64)
    offsets = offsets_of(sizes)
    bounds = offsets[offsets_of(counts)]
    if (np.diff(bounds) != texts.str.len_bytes().to_numpy()).any():
        raise invalid_xml()
    starts = offsets[:-1] + np.repeat(firsts - bounds[:-1], counts)
    return pieces, starts, starts + sizes


def _add_attributes(found: _Leaves, tokens: pl.Series, elements: Positions, starts: Positions) -> None:
    chosen = np.flatnonzero(tokens.gather(pl.Series(elements)).str.contains(r"\A<[^\s/>]+[\s/]+[^\s/>]").to_numpy())
    if not len(chosen):
        return
    tags = tokens.gather(pl.Series(elements[chosen]))
    pieces, first, behind = _tiles(tags, starts[elements[chosen]], _IN_TAG)
    owners = chosen[np.searchsorted(starts[elements[chosen]], first, side="right") - 1]
    names = _names(pieces, r"\A([^\s=</>][^\s=]*)")
    wanted = (names.is_not_null() & ~names.str.contains(r"\Axmlns(?::|\z)").fill_null(False)).to_numpy()
    rows = np.flatnonzero(wanted)
    values = _names(pieces.gather(pl.Series(rows)), r"""(?s)=\s*["'](.*)["']\z""").str.len_bytes().to_numpy()
    ends = behind[rows] - 1
    attributes = pl.select("@" + names.gather(pl.Series(rows)).rename("v")).to_series()
    found.add(ends - values.astype(np.int64), ends, np.full(len(rows), ATTRIBUTE), owners[rows], attributes)


def _names(texts: pl.Series, pattern: str) -> pl.Series:
    return texts.str.extract(pattern, 1)


def _owners(elements: Positions, levels: Positions, tokens: Positions, wanted: Positions) -> Positions:
    """For each token, the number of the last element of a level before it; -1 for level 0."""
    owners = np.full(len(tokens), -1, np.int64)
    for level in range(1, int(wanted.max(initial=0)) + 1):
        here = np.flatnonzero(levels == level)
        rows = np.flatnonzero(wanted == level)
        owners[rows] = here[np.searchsorted(elements[here], tokens[rows]) - 1]
    return owners


def _check_pairs(tokens: pl.Series, opening: NDArray[np.bool_], closing: NDArray[np.bool_], before: Positions) -> None:
    """Start and end tags of one depth alternate, and the names of each pair agree."""
    tags = np.flatnonzero(opening | closing)
    level = before[tags] + opening[tags]
    order = tags[np.argsort(level, kind="stable")]
    names = _names(tokens.gather(pl.Series(order)), r"\A</?([^\s/>]+)")
    closes = closing[order]
    if closes[::2].any() or not closes[1::2].all() or (names.gather_every(2) != names.gather_every(2, 1)).any():
        raise invalid_xml()


def _symbols(names: pl.Series, matcher: PathMatcher) -> NDArray[np.int32]:
    table = {key: matcher.key_symbol(key) for key in matcher.keys}
    return names.replace_strict(
        list(table), list(table.values()), default=matcher.other_key, return_dtype=pl.Int32
    ).to_numpy()


def _dereferenced(texts: pl.Series, plain: pl.Series) -> pl.Series:
    """Texts with the five named references and character numbers undone, all in one pass."""
    found = texts.filter(~plain).str.extract_all(_REFERENCE).explode().drop_nulls().unique()
    table = dict(_NAMED)
    for reference in found.to_list():
        if reference in table:
            continue
        if re.fullmatch(_NUMBERED, reference) is None:
            raise invalid_xml()  # an entity of a DOCTYPE, or a bare ampersand
        digits = reference[2:-1]
        code = int(digits[1:], 16) if digits.startswith("x") else int(digits)
        if code > 0x10FFFF or 0xD800 <= code < 0xE000 or code == 0:
            raise invalid_xml()
        table[reference] = chr(code)
    return texts.str.replace_many(list(table), list(table.values()))
