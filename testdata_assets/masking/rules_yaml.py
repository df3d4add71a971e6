"""YAML with positions: a text becomes plain data of which every key and value knows its line and column.

Scalars resolve as in YAML 1.2, so that `no` and `on` are words, not truth values, and `0123` and dates
keep their text. Keys are always text, as written. Duplicate keys, unknown tags and cyclic aliases are
problems. Nothing here knows what a rule is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from testdata_assets.masking.rule_errors import Mark, RuleProblem, RulesError

_MERGE = "tag:yaml.org,2002:merge"
_STR = "tag:yaml.org,2002:str"
_NULL = "tag:yaml.org,2002:null"
_BOOL = "tag:yaml.org,2002:bool"
_INT = "tag:yaml.org,2002:int"
_FLOAT = "tag:yaml.org,2002:float"

MAX_DEPTH = 64
_BARE_QUOTED_NAME = re.compile(r'\s*(?:"[^"]*"\."|"[^"]*"\.\w)')

_RESOLVERS: tuple[tuple[str, str, list[str]], ...] = (
    (_NULL, r"(?:~|null|Null|NULL|)\Z", ["~", "n", "N", ""]),
    (_BOOL, r"(?:true|True|TRUE|false|False|FALSE)\Z", list("tTfF")),
    (_INT, r"[-+]?(?:0|[1-9][0-9]*)\Z", list("-+0123456789")),
    (
        _FLOAT,
        r"[-+]?(?:0|[1-9][0-9]*)(?:\.[0-9]*(?:[eE][-+]?[0-9]+)?|[eE][-+]?[0-9]+)\Z",
        list("-+0123456789"),
    ),
    (_MERGE, r"<<\Z", ["<"]),
)


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """The parser (libyaml's where it is there) with resolvers of its own."""

    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}  # noqa: RUF012  # yaml's own API


for _tag, _pattern, _first in _RESOLVERS:
    _Loader.add_implicit_resolver(_tag, re.compile(_pattern), _first)


@dataclass(frozen=True)
class YamlNode:
    """A value with its place.

    Attributes:
        value: The plain value: str, int, float, bool, None, or a list or dict of such.
        mark: Where the value begins.
        empty: True for a null that was not written at all (`key:` and nothing after it).
        children: Nodes of the entries, by key or index, in file order.
        key_marks: Where each key stands (mappings only).
    """

    value: Any
    mark: Mark
    empty: bool = False
    children: dict[str | int, YamlNode] = field(default_factory=dict)
    key_marks: dict[str, Mark] = field(default_factory=dict)

    @property
    def is_mapping(self) -> bool:
        return isinstance(self.value, dict)

    @property
    def is_list(self) -> bool:
        return isinstance(self.value, list)

    def entries(self) -> Iterator[tuple[str, Mark, YamlNode]]:
        """Key, place of the key and node of every mapping entry."""
        for key, node in self.children.items():
            if isinstance(key, str):
                yield key, self.key_marks[key], node


def read_yaml(text: str, file: str, problems: list[RuleProblem]) -> YamlNode:
    """Parses one YAML document.

    Args:
        text: The document.
        file: Name for positions.
        problems: Receives what is wrong inside a readable document: duplicate keys, unknown tags, and
            aliases that point into themselves.

    Raises:
        RulesError: Bad syntax (its first place), or nothing there.
    """
    _refuse_unprintable(text, file)
    try:
        _refuse_deep(text, file)
        root = yaml.compose(text, Loader=_Loader)
    except yaml.MarkedYAMLError as error:
        raise RulesError([_syntax_problem(error, text, file)]) from None
    if root is None:
        raise RulesError([RuleProblem(file, 1, 1, "the file is empty; it begins with `version: 1` and `tables:`")])
    return _Reader(file, problems).read(root)


def _refuse_deep(text: str, file: str) -> None:
    """Walks the events first: libyaml's composer recurses in C and would crash on a file made for that."""
    depth = 0
    for event in yaml.parse(text, Loader=_Loader):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > MAX_DEPTH:
                mark: Any = event.start_mark
                line, column = mark.line + 1, mark.column + 1
                raise RulesError([RuleProblem(file, line, column, f"nested deeper than {MAX_DEPTH} levels")])
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1


def _refuse_unprintable(text: str, file: str) -> None:
    """Refuses what YAML's reader refuses, but with line and column."""
    bad = yaml.reader.Reader.NON_PRINTABLE.search(text)
    if bad is None:
        return
    before = text[: bad.start()]
    line, column = before.count("\n") + 1, bad.start() - (before.rfind("\n") + 1) + 1
    raise RulesError([RuleProblem(file, line, column, f"character U+{ord(bad.group()):04X} is not allowed in YAML")])


def _syntax_problem(error: yaml.MarkedYAMLError, text: str, file: str) -> RuleProblem:
    mark: Any = error.problem_mark or error.context_mark
    message = "YAML syntax: " + " ".join(part for part in (error.context, error.problem) if part)
    if mark is None:
        return RuleProblem(file, 1, 1, message)
    lines = text.splitlines()
    if mark.line < len(lines) and _BARE_QUOTED_NAME.match(lines[mark.line]):
        message += """; a quoted table name needs single quotes around it: '"Sales Dept"."Order"'"""
    return RuleProblem(file, mark.line + 1, mark.column + 1, message)


class _Reader:
    """Turns yaml's nodes into ours, collecting problems on the way."""

    def __init__(self, file: str, problems: list[RuleProblem]) -> None:
        self.file = file
        self.problems = problems
        self._open: set[int] = set()
        self._done: dict[int, YamlNode] = {}

    def read(self, node: Node) -> YamlNode:
        done = self._done.get(id(node))
        if done is not None:
            return done  # an alias: the anchor's own node
        if id(node) in self._open:
            self._problem(node, "an alias points into itself")
            return YamlNode(None, self._mark(node))
        self._open.add(id(node))
        try:
            result = self._read(node)
        finally:
            self._open.discard(id(node))
        self._done[id(node)] = result
        return result

    def _read(self, node: Node) -> YamlNode:
        if isinstance(node, MappingNode):
            return self._mapping(node)
        if isinstance(node, SequenceNode):
            items = [self.read(item) for item in node.value]
            children: dict[str | int, YamlNode] = dict(enumerate(items))
            return YamlNode([item.value for item in items], self._mark(node), children=children)
        assert isinstance(node, ScalarNode)  # noqa: S101  # yaml has three kinds of nodes
        empty = node.tag == _NULL and node.value == ""
        return YamlNode(self._scalar(node), self._mark(node), empty=empty)

    def _mapping(self, node: MappingNode) -> YamlNode:
        children: dict[str | int, YamlNode] = {}
        key_marks: dict[str, Mark] = {}
        merged: list[YamlNode] = []
        for key_node, value_node in node.value:
            if key_node.tag == _MERGE:
                merged += self._merge_sources(value_node)
                continue
            if not isinstance(key_node, ScalarNode):
                self._problem(key_node, "a key must be a word, not a list or mapping")
                continue
            key = str(key_node.value)
            if key in key_marks:
                self._problem(key_node, f"key {key!r} stands here again; it is first on line {key_marks[key].line}")
                continue
            key_marks[key] = self._mark(key_node)
            children[key] = self.read(value_node)
        for source in merged:  # written keys win over merged ones, earlier sources over later ones
            for key, mark, child in source.entries():
                if key not in key_marks:
                    key_marks[key], children[key] = mark, child
        value = {key: child.value for key, child in children.items()}
        return YamlNode(value, self._mark(node), children=children, key_marks=key_marks)

    def _merge_sources(self, node: Node) -> list[YamlNode]:
        nodes = node.value if isinstance(node, SequenceNode) else [node]
        if not all(isinstance(item, MappingNode) for item in nodes):
            self._problem(node, "`<<` merges mappings only")
            return []
        return [self.read(item) for item in nodes]

    def _scalar(self, node: ScalarNode) -> Any:
        text = str(node.value)
        if node.tag == _STR:
            return text
        if node.tag == _NULL:
            return None
        if node.tag == _BOOL and text.lower() in ("true", "false"):
            return text.lower() == "true"
        try:
            if node.tag == _INT:
                return int(text)
            if node.tag == _FLOAT:
                return float(text)
        except ValueError:
            pass  # an explicit tag on a text that is no number: the problem below
        self._problem(node, f"tag {node.tag.removeprefix('tag:yaml.org,2002:')!r} does not fit here")
        return None

    def _mark(self, node: Node) -> Mark:
        return Mark(self.file, node.start_mark.line + 1, node.start_mark.column + 1)

    def _problem(self, node: Node, message: str) -> None:
        self.problems.append(RuleProblem.at(self._mark(node), message))
