"""From a file's short forms to the one canonical shape of the rule models, every part with its place.

Bare scalars, `columns:`, quoted names and `null` end here. Problems are collected, never raised, so that
one run names them all.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, get_args

from testdata_assets.errors import UsageFault
from testdata_assets.masking.conditions import Condition
from testdata_assets.masking.rule_errors import Mark, RuleProblem, did_you_mean, one_of
from testdata_assets.masking.rule_models import RULE_KEYS, ColumnRef, Mode, ObjectsRule
from testdata_assets.masking.rules_yaml import YamlNode
from testdata_assets.postgres.identifiers import TableName

Location = tuple[str | int, ...]
TOP_KEYS = ("version", "tables", "relationships", "objects", "rotation")
TABLE_KEYS = ("mode", "where", "rows", "columns")
MODES: tuple[str, ...] = get_args(Mode)


class Shaper:
    """Shapes one document.

    Attributes:
        positions: Place of every part of the shaped data, by its location there.
        problems: What could not be shaped.
        unread: Locations of what is left out for that, so that nobody takes it for missing.
    """

    def __init__(self, problems: list[RuleProblem]) -> None:
        self.positions: dict[Location, Mark] = {}
        self.problems = problems
        self.unread: set[Location] = set()
        self._table_name: str | None = None
        self._column_name: str | None = None

    def shape(self, root: YamlNode) -> dict[str, Any]:
        """The document as input for `MaskingRules`; parts with problems are left out."""
        self.positions[()] = root.mark
        if not root.is_mapping:
            self._problem(root.mark, f"a rules file is a mapping with the keys {one_of(TOP_KEYS)}")
            return {}
        data: dict[str, Any] = {}
        for key, mark, node in root.entries():
            self.positions[(key,)] = node.mark
            if key == "tables":
                data[key] = self._tables(node)
            elif key == "relationships":
                data[key] = self._relationships(node)
            elif key == "objects":
                data[key] = self._objects(node)
            elif key == "rotation":
                data[key] = self._rotation(node)
            elif key == "version":
                data[key] = node.value
            else:
                self._problem(mark, f"unknown key {key!r}{did_you_mean(key, TOP_KEYS)}")
        for key in ("version", "tables"):
            if key not in data:
                self._problem(root.mark, f"key {key!r} is missing")
        return data

    def leave_out(self, data: dict[str, Any], location: Location) -> None:
        """Takes the column, table or section with a mistake out of shaped data."""
        tables = data.get("tables", {})
        if location[:1] != ("tables",):
            data.pop(str(location[0]), None) if location else None
            self.unread.add(location[:1])
            if location[:1] == ("version",):
                data["version"] = 1
        elif len(location) >= 4 and location[2] == "columns" and location[1] in tables:
            tables[location[1]]["columns"].pop(location[3], None)
            self.unread.add(location[:4])
        elif len(location) > 1:
            tables.pop(location[1], None)
            self.unread.add(location[:2])

    def _tables(self, node: YamlNode) -> dict[str, dict[str, Any]]:
        tables: dict[str, dict[str, Any]] = {}
        if not node.is_mapping:
            self._problem(node.mark, "tables must be a mapping of schema.table to its rules")
            return tables
        for key, mark, entry in node.entries():
            try:
                name = str(TableName.parse(key))
            except UsageFault as fault:
                self._problem(mark, f"{fault.what}. {fault.remedy}")
                self.unread.add(("tables", key))
                continue
            if ("tables", name) in self.positions:
                first = self.positions[("tables", name)]
                self._problem(mark, f"table {name} stands here again; it is first on line {first.line}")
                continue
            self.positions[("tables", name)] = mark
            self._table_name = name
            table = self._table(name, entry)
            if ("tables", name) not in self.unread:
                tables[name] = table
            self._table_name = None
        return tables

    def _table(self, name: str, node: YamlNode) -> dict[str, Any]:
        base: Location = ("tables", name)
        if not node.is_mapping:
            if isinstance(node.value, str) and node.value in MODES:
                self._problem(node.mark, f"a mode of a whole table is written {{mode: {node.value}}}")
            else:
                self._problem(node.mark, "a table's value is a mapping of its columns; {} for a table without any")
            self.unread.add(base)
            return {}
        data: dict[str, Any] = {}
        columns_node = node.children.get("columns")
        nested = columns_node is not None and columns_node.is_mapping
        columns: dict[str, Any] = {}
        for key, mark, entry in node.entries():
            if key == "mode":
                self._mode(data, (*base, "mode"), entry)
            elif key == "where" and _is_condition(entry):
                self.positions[(*base, "where")] = entry.mark
                condition = self._condition(entry)
                if condition is not None:
                    data["where"] = condition
            elif key == "rows" and isinstance(entry.value, int):
                self.positions[(*base, "rows")] = entry.mark
                data["rows"] = entry.value
            elif key == "columns" and nested:
                for column, column_mark, rule in entry.entries():
                    self._column(columns, (*base, "columns", column), column_mark, rule)
            elif nested:
                self._problem(mark, f"{key!r} stands beside `columns:`; a table that uses it names all columns there")
                self.unread.add((*base, "columns", key))
            else:
                self._column(columns, (*base, "columns", key), mark, entry)
        data["columns"] = columns
        self._check_mode(data, base)
        return data

    def _mode(self, data: dict[str, Any], location: Location, node: YamlNode) -> None:
        self.positions[location] = node.mark
        if isinstance(node.value, str) and node.value in MODES:
            data["mode"] = node.value
            return
        self.unread.add(location[:2])
        near = did_you_mean(node.value, MODES) if isinstance(node.value, str) else ""
        self._problem(
            node.mark,
            f"a table's mode is {one_of(MODES)}{near}; the rule of a column named mode goes under `columns:`",
        )

    def _check_mode(self, data: dict[str, Any], base: Location) -> None:
        """A mode for all columns and a rule for one of them contradict each other."""
        mode = data.get("mode", "mask")
        if "rows" in data and mode != "synthesize":
            self._problem(self.positions[(*base, "rows")], "rows: N goes with mode: synthesize only")
        if "where" in data and mode not in ("mask", "keep"):
            self._problem(self.positions[(*base, "where")], f"a table whose mode is {mode} has no rows to choose from")
        if mode == "mask":
            return
        for column, rule in data["columns"].items():
            if mode == "keep" and rule.get("transform") == "keep":
                continue
            self.unread.add(base)
            self._problem(
                self.positions[(*base, "columns", column)],
                f"column {column!r} has a rule although its table's mode is {mode};"
                " if the table has a column named mode, put all columns under `columns:`",
            )

    def _column(self, columns: dict[str, Any], location: Location, mark: Mark, node: YamlNode) -> None:
        name = str(location[-1])
        self.positions[location] = mark
        if not name:
            self._problem(mark, "a column's name cannot be empty")
            return
        known, self._column_name = len(self.problems), name
        rule = self._rule(location, node, what=f"column {name!r}")
        self._column_name = None
        if len(self.problems) > known:
            rule = _readable_rest(rule)
            if rule is None:
                self.unread.add(location)
        if rule is not None:
            columns[name] = rule

    def _rule(self, location: Location, node: YamlNode, *, what: str) -> dict[str, Any] | None:
        if node.empty:
            self._problem(node.mark, f"{what} has no rule; write keep, null or a transformer")
            return None
        if node.value is None or isinstance(node.value, str):
            self.positions[(*location, "transform")] = node.mark
            return {"transform": "null" if node.value is None else node.value}
        if not node.is_mapping:
            self._problem(node.mark, f"{what} needs the name of a transformer or a mapping with `transform`")
            return None
        if "transform" not in node.children:
            near = [key for key, _, _ in node.entries() if did_you_mean(key, ["transform"])]
            self._problem(
                node.key_marks[near[0]] if near else node.mark,
                f"{what} names no `transform`" + (f" (did you mean it by {near[0]!r}?)" if near else ""),
            )
            return None
        rule: dict[str, Any] = {}
        params: dict[str, Any] = {}
        for key, _, entry in node.entries():
            if key == "else":
                self.positions[(*location, key)] = entry.mark
                otherwise = self._rule((*location, key), entry, what=f"the `else` of {what}")
                if otherwise is not None:
                    rule[key] = otherwise
            elif key == "when":
                self.positions[(*location, key)] = entry.mark
                rule[key] = self._condition(entry)
            elif key in RULE_KEYS:
                if key == "reason" and isinstance(entry.value, str) and not entry.value.strip():
                    self._problem(entry.mark, f"the reason of {what} says nothing")
                self.positions[(*location, key)] = entry.mark
                rule[key] = "null" if key == "transform" and entry.value is None and not entry.empty else entry.value
            else:
                params[key] = entry.value
                self._place((*location, "params", key), node.key_marks[key], entry)
        if params:
            rule["params"] = params
        if "else" in rule and "when" not in rule:
            self._problem(self.positions[(*location, "else")], f"`else` of {what} has no `when`")
        return self._kept_last(rule, location, what)

    def _condition(self, node: YamlNode) -> Any:
        """The text of a condition, once it is known to be one."""
        if not isinstance(node.value, str):
            self._problem(node.mark, "a condition is a text such as plan == 'free'")
            return None
        try:
            Condition.parse(node.value)
        except UsageFault as fault:
            self._problem(node.mark, fault.what[:1].lower() + fault.what[1:])
            return None
        return node.value

    def _kept_last(self, rule: dict[str, Any], location: Location, what: str) -> dict[str, Any]:
        """A rule that keeps some rows and masks the others, the other way round: masking first, keeping in `else`."""
        otherwise = rule.get("else")
        last = {"keep": ("keep",), "null": ("keep", "null")}.get(rule["transform"])
        if last is None or not otherwise or otherwise["transform"] in last:
            return rule
        if "when" in otherwise:
            if {each["transform"] for each in _branches(otherwise)} <= {"keep", "null"}:
                return rule  # nothing is masked that could be first
            self._problem(
                self.positions[(*location, "transform")],
                f"{what} keeps rows before it masks others; begin with a transformer and put keep or null last",
            )
            return rule
        first = {key: value for key, value in rule.items() if key not in ("when", "else")}
        self._turn_places(location)
        return {**otherwise, "when": f"not ({rule['when']})", "else": first}

    def _turn_places(self, location: Location) -> None:
        """Lets the places of both branches of a rule follow them as they change places."""
        depth = len(location)
        inside = [each for each in self.positions if len(each) > depth and each[:depth] == location]
        taken = {each[depth:]: self.positions.pop(each) for each in inside}
        for part, mark in taken.items():
            if part == ("when",) or part == ("else",):
                self.positions[(*location, *part)] = mark
            elif part[0] == "else":
                self.positions[(*location, *part[1:])] = mark
            else:
                self.positions[(*location, "else", *part)] = mark

    def _place(self, location: Location, mark: Mark, node: YamlNode) -> None:
        """Remembers the places of a parameter and of all inside it: keys of mappings, items of lists."""
        self.positions[location] = mark
        for key, child in node.children.items():
            self._place((*location, key), node.key_marks[key] if isinstance(key, str) else child.mark, child)

    def _relationships(self, node: YamlNode) -> tuple[dict[str, Any], ...]:
        if node.value is None:
            return ()
        if not node.is_list:
            self._problem(node.mark, "relationships must be a list of {from: schema.table.column, to: ...}")
            return ()
        shaped: list[dict[str, Any]] = []
        for entry in node.children.values():
            pair = self._relationship(entry)
            if pair is not None:
                location = ("relationships", len(shaped))
                self.positions[location] = entry.mark
                shaped.append(pair)
        return tuple(shaped)

    def _relationship(self, node: YamlNode) -> dict[str, Any] | None:
        if not node.is_mapping:
            self._problem(node.mark, "a relationship is {from: schema.table.column, to: schema.table.column}")
            return None
        pair: dict[str, ColumnRef] = {}
        inside: str | None = None
        for key, mark, entry in node.entries():
            if key not in ("from", "to"):
                self._problem(mark, f"unknown key {key!r}{did_you_mean(key, ('from', 'to'))}")
            elif not isinstance(entry.value, str):
                self._problem(entry.mark, f"{key!r} must be text: schema.table.column")
            else:
                try:
                    pair[key], part = ColumnRef.parse_end(entry.value)
                    if key == "from":
                        inside = part
                    elif part is not None:
                        self._problem(
                            entry.mark, "a relationship points to a whole column, not to a part of its values"
                        )
                        del pair[key]
                except UsageFault as fault:
                    self._problem(entry.mark, f"{fault.what}. {fault.remedy}")
        for key in ("from", "to"):
            if key not in node.children:
                self._problem(node.mark, f"key {key!r} is missing")
        if len(pair) == 2 and pair["from"] == pair["to"] and inside is None:
            self._problem(node.mark, "a relationship from a column to itself says nothing")
        if len(pair) != 2 and "from" in pair:
            self.unread.add(("relationships", str(pair["from"])))
        return {**pair, "inside": inside} if len(pair) == 2 else None

    def _objects(self, node: YamlNode) -> Any:
        if node.value is None:
            return {}
        for key, mark, entry in node.entries():
            self.positions[("objects", key)] = entry.mark if key in ObjectsRule.model_fields else mark
        return node.value

    def _rotation(self, node: YamlNode) -> dict[str, Any]:
        hold = node.children.get("hold")
        if node.value is None:
            return {}
        if not node.is_mapping or set(node.children) != {"hold"} or hold is None or not hold.is_list:
            self._problem(node.mark, "rotation is {hold: [domain, ...]}")
            return {}
        names: list[str] = []
        for place, entry in enumerate(hold.children.values()):
            self.positions[("rotation", "hold", place)] = entry.mark
            if isinstance(entry.value, str) and entry.value:
                names.append(entry.value)
            else:
                self._problem(entry.mark, "a domain's name is a text")
        return {"hold": tuple(names)}

    def _problem(self, mark: Mark, message: str) -> None:
        self.problems.append(RuleProblem.at(mark, message, self._table_name, self._column_name))


def _readable_rest(rule: dict[str, Any] | None) -> dict[str, Any] | None:
    """What a rule with a mistake says all the same: how it masks. Not in which rows, so that nothing follows of that.

    A rule that keeps or empties some rows says nothing without them.
    """
    if rule is None or not isinstance(rule["transform"], str) or rule["transform"] in ("keep", "null"):
        return None
    return {key: value for key, value in rule.items() if key not in ("when", "else")}


def _branches(rule: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """A rule and what follows in its `else`."""
    yield rule
    if rule.get("else"):
        yield from _branches(rule["else"])


def _is_condition(node: YamlNode) -> bool:
    """Whether `where:` of a table holds a condition, rather than the rule of a column of that name."""
    return isinstance(node.value, str) and not node.value.strip().isidentifier()
