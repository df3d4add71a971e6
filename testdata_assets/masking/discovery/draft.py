"""The first part of a draft: samples, and what each column holds by itself, beside others and by its references."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import replace
from functools import cached_property

from testdata_assets.masking.discovery.classify import Surroundings, Verdict, classify
from testdata_assets.masking.discovery.documents import (
    Part,
    is_field,
    read_array,
    read_composite,
    read_documents,
    read_hstore,
)
from testdata_assets.masking.discovery.echoes import Echo, echo, quotable, quoting
from testdata_assets.masking.discovery.findings import (
    ANYTHING,
    UNREADABLE,
    Group,
    checks_of,
    lists,
    of_parts,
)
from testdata_assets.masking.discovery.lexicon import EXAMINATIONS, LOOKUPS, PAY, words_of
from testdata_assets.masking.discovery.names import TableKind, read_name, table_kind, words
from testdata_assets.masking.discovery.values import Values, is_url
from testdata_assets.masking.discovery.verdicts import UNKNOWN
from testdata_assets.masking.discovery.xml_documents import read_xml
from testdata_assets.masking.lineage import Lineage
from testdata_assets.masking.plan_uniqueness import mentions
from testdata_assets.masking.rule_models import ColumnRef, MaskingRules
from testdata_assets.masking.transformers.base import TEXT_TYPES
from testdata_assets.postgres.identifiers import TableName
from testdata_assets.production.catalog import Catalog, Column, Table
from testdata_assets.production.sampling import ColumnSample, Sampler
from testdata_assets.production.source import OpenSource
from testdata_assets.progress import current_progress

_ENOUGH_SIGNS = 2  # columns of people, before a table counts as one of them
# Quoted by a word, or quoted whole.
_NAMING = frozenset({"person_name", "first_name", "last_name", "username", "email"})
_NUMBERING = frozenset(
    {"phone", "national_id", "tax_id", "customer_id", "passport", "iban", "account_number", "credit_card"}
)
_READ = TEXT_TYPES | {"ltree"}
# Last words of columns that hold a value of any kind, and of those that say which.
_VALUE = frozenset((word,) for word in words_of("v val value values wert valeur valor valore waarde"))
_KEY = frozenset(
    (word,)
    for word in words_of(
        """k key name attribute attr property setting option field param parameter variable schluessel schl
        sleutel clave llave chave chiave cle"""
    )
)
_SEPARATORS = re.compile(r"[.:/-]")  # in names of settings
_MOST_KEYS = 5000
_TOLD = _NAMING | _NUMBERING | {"secret", "birth_date", "full_address", "street_address", "ip"}
_QUOTED = (_NAMING - {"first_name", "last_name"}) | _NUMBERING | {"company", "secret", UNKNOWN}
_ENOUGH_QUOTED = 5  # values
_MOST_SOURCES = 12  # columns of a table that another one is held against
# What a list of codes may be of without being anybody's.
_CONCEPTS = frozenset({"health", "demographic", "gender", "job_title", "region", "country", "city", "company"})
_PLACES = frozenset({"city", "region", "postcode", "street_address", "full_address", "lat_lon"})
_REFERRING = frozenset({"id", "fk", "ref", "uuid", "number", "nr", "no", "nbr", "code", "key"})
_PERSONAL = frozenset(
    [
        "email",
        "phone",
        "first_name",
        "last_name",
        "person_name",
        "birth_date",
        "national_id",
        "passport",
        "street_address",
        "gender",
    ]
)


# Names or ways to reach somebody, beside what only a person has: such a table has a person in each row.
_NAMES = frozenset({"person_name", "first_name", "last_name"})
_REACHED = _NAMES | {"email", "phone"}
_OF_ONE_PERSON = frozenset({"birth_date", "gender", "national_id", "passport", "driving_licence", "health"})

Reading = tuple[Verdict, tuple[Part, ...]]  # of a column: what it is, and the parts of its values
Verdicts = Mapping[ColumnRef, Reading]


class Draft:
    """A source's columns with their samples and verdicts."""

    def __init__(self, source: OpenSource, sample: int, seconds: float) -> None:
        self.source = source
        self.catalog: Catalog = source.catalog
        self.lineage = Lineage(MaskingRules(tables={}), source.catalog)
        self.sampler = Sampler(source, distinct=sample, seconds=seconds)
        foreign = frozenset(source.catalog.foreign_tables)
        self.modes: dict[TableName, str] = {}
        self.reasons: dict[TableName, str] = {}
        for table in source.catalog.tables:
            if table.name in foreign or table.kind == "f":
                self._truncate(table.name, "a foreign table: its rows are on another server")
            elif table.row_security:
                self._truncate(
                    table.name, "row security hides rows from this role; read as one with BYPASSRLS to mask it"
                )
        self.own: dict[ColumnRef, tuple[Table, Column]] = {
            ColumnRef(table.name, column.name): (table, column)
            for table in source.catalog.tables
            if table.kind in ("r", "p")
            for column in table.stored_columns
            if self.lineage.owner(table.name, column.name).table == table.name
        }
        self.samples: dict[tuple[TableName, str], ColumnSample] = {}
        self.bare: set[TableName] = set()
        self.linked: set[TableName] = set()
        self.lookups: set[TableName] = set()
        self.registers: set[TableName] = set()
        self.echoes: dict[ColumnRef, Echo] = {}
        self.groups: list[Group] = []
        self.group_of: dict[ColumnRef, Group] = {}
        self.single_keys = {
            ColumnRef(index.table, index.columns[0])
            for index in source.catalog.unique_indexes
            if len(index.columns) == 1 and not index.expressions and not index.predicate and not index.exclusion
        }
        self.checks = checks_of(source.catalog)

    def _truncate(self, name: TableName, why: str) -> None:
        root = self.lineage.ancestry(name)[-1]
        self.modes[root] = "truncate"
        self.reasons.setdefault(root, why)

    # Verdicts

    def classify(self) -> None:
        """Samples every table and gives every group of columns its verdict."""
        tables = list(dict.fromkeys(table.name for table, _ in self.own.values()))
        by_name = {table.name: table for table in self.catalog.tables}
        with current_progress().task("Looking at samples", len(tables), "tables") as advance:
            for name in tables:
                if self.lineage.ancestry(name)[-1] not in self.modes:
                    self.samples.update(self.sampler.sample([by_name[name]]))
                advance(1)
        kinds = self._table_kinds()
        self.linked = self._linked(kinds)
        verdicts = {reference: self._verdict(reference, kinds) for reference in self.own}
        verdicts |= self._second_look(verdicts, kinds)
        verdicts |= self._repeating(verdicts)
        verdicts |= self._settings(verdicts)
        verdicts |= self._of_keys(verdicts)
        verdicts |= self._quoting_parts(verdicts)
        for members in self._joined():
            roots = tuple(each for each in members if each not in self.lineage.edges) or (min(members),)
            verdict, parts = verdicts[roots[0]]
            for each in (*roots[1:], *members):
                other = verdicts[each][0]
                # A list of illnesses is no patient's: who has which stands with the patient.
                listed = other.category in _CONCEPTS and roots[0].table in self.lookups
                if (
                    verdict.category is None
                    and other.category is not None
                    and not other.undecided
                    and other.confidence >= 0.75
                    and not listed
                ):
                    verdict = replace(other, why=f"{other.why}, as {each}")
            found = Group(roots, members, verdict, parts=parts)
            self.groups.append(found)
            self.group_of.update(dict.fromkeys(members, found))

    def _second_look(
        self, first: Mapping[ColumnRef, tuple[Verdict, tuple[Part, ...]]], kinds: dict[TableName, TableKind]
    ) -> dict[ColumnRef, Reading]:
        """Verdicts that change now that values have told which tables hold people, and which hold nothing of them."""
        people: Counter[TableName] = Counter()
        told: defaultdict[TableName, set[str]] = defaultdict(set)
        personal: set[TableName] = set()
        for reference, (verdict, _) in first.items():
            if verdict.category is not None and not verdict.undecided:
                people[reference.table] += verdict.category in _PERSONAL and verdict.confidence >= 0.7
                if verdict.confidence >= 0.7 or verdict.category in _NAMES:
                    told[reference.table].add(verdict.category)
                of_thing = kinds[reference.table] == "thing" and verdict.category in _PLACES
                of_list = verdict.category in _CONCEPTS and self._lists_each_once(reference)
                if not of_thing and not of_list and verdict.category not in ("free_text", "company", "url"):
                    personal.add(reference.table)
        risen = {name for name, count in people.items() if count >= _ENOUGH_SIGNS and kinds[name] == "other"}
        kinds.update(dict.fromkeys(risen, "person"))
        self.registers = {
            name
            for name, found in told.items()
            if kinds[name] == "person" and found & _REACHED and found & _OF_ONE_PERSON
        }
        before, self.linked = self.linked, self._linked(kinds)
        again = risen | self.registers | (self.linked - before)
        self.bare = {
            name for name in kinds if kinds[name] != "person" and name not in personal and name not in self.linked
        }
        self.lookups = {name for name in self.bare if self._is_lookup(name)}
        return (
            {
                reference: self._verdict(reference, kinds)
                for reference, (verdict, _) in first.items()
                if reference.table in again
                or (reference.table in self.bare and verdict.undecided)
                or (reference.table in self.lookups and verdict.category == "free_text")
            }
            | {
                reference: (Verdict(None, 0.5, f"where things are: nothing in {reference.table.name} is of people"), ())
                for reference, (verdict, _) in first.items()
                if reference.table in self.bare and kinds[reference.table] == "thing" and verdict.category in _PLACES
            }
            | {
                reference: (Verdict(None, 0.5, "each value once, in a list with nothing else of people"), ())
                for reference, (verdict, _) in first.items()
                if reference.table in self.bare and verdict.category in _CONCEPTS and self._lists_each_once(reference)
            }
        )

    def _lists_each_once(self, reference: ColumnRef) -> bool:
        """Whether a column of a list others refer to has each value once: a code table's codes, not people's."""
        sample = self.samples.get((reference.table, reference.column))
        return (
            sample is not None
            and sample.filled >= len(sample.values) >= 0.95 * sample.filled > 0
            and self._is_lookup(reference.table)
        )

    def _is_lookup(self, name: TableName) -> bool:
        """Whether other tables refer to a table, or its name (or its schema's) says that it lists codes."""
        said = {*words(name.name), *words(name.schema)} & set(LOOKUPS)
        return bool(said) or any(
            edge.target.table == name and edge.source.table != name
            for edges in self.lineage.edges.values()
            for edge in edges
        )

    def _linked(self, kinds: Mapping[TableName, TableKind]) -> set[TableName]:
        keys = {
            each.column
            for each in self.single_keys
            if kinds.get(each.table) == "person" and len(words(each.column)) > 1
        }
        return {
            reference.table
            for reference in self.own
            if self._names_people(reference, kinds)
            or (reference.column in keys and reference not in self.single_keys and kinds[reference.table] != "person")
        }

    def _repeating(self, verdicts: Verdicts) -> dict[ColumnRef, Reading]:
        """Verdicts on texts that would stay, though they repeat what is personal in their own row."""
        found: dict[ColumnRef, Reading] = {}
        for reference, (verdict, _) in verdicts.items():
            if (verdict.category is None or _dealt_out(verdict)) and self._is_text(reference):
                echo_of = self._echo(reference, verdicts)
                if echo_of is not None:
                    self.echoes[reference] = echo_of
                    category = verdicts[ColumnRef(reference.table, echo_of.source)][0].category
                    said = f"{echo_of.source} of the same row in {echo_of.share:.0%} of rows"
                    found[reference] = (
                        (Verdict(category, 0.8, f"made of {said}"), ())
                        if echo_of.made
                        else (Verdict("free_text", 0.8, f"quotes {said}"), ())
                    )
        return found

    def _of_keys(self, verdicts: Verdicts) -> dict[ColumnRef, Reading]:
        """Values that stand beside keys such as `smtp_password`: a few personal ones among many that are not."""
        found: dict[ColumnRef, Reading] = {}
        for reference, (verdict, _) in verdicts.items():
            if (
                verdict.category is not None
                or words(reference.column)[-1:] not in _VALUE
                or not self._is_text(reference)
            ):
                continue
            for each in verdicts:
                if each.table == reference.table and words(each.column)[-1:] in _KEY and self._is_text(each):
                    signs = [read_name(key) for key in self.sampler.more(*self.own[each], _MOST_KEYS) if is_field(key)]
                    personal = [sign for sign in signs if sign is not None and sign.strong and sign.category in _TOLD]
                    if personal:
                        said = f"{len(personal)} of its keys in {each.column} name something personal"
                        found[reference] = (Verdict(UNKNOWN, 0.4, said, undecided=True), ())
        return found

    def _settings(self, verdicts: Verdicts) -> dict[ColumnRef, Reading]:
        """Names of settings in tables of names and values: without them nothing finds its setting."""
        values = {each.table for each in verdicts if words(each.column)[-1:] in _VALUE}
        found: dict[ColumnRef, Reading] = {}
        for reference, (verdict, _) in verdicts.items():
            keys = self._seen(reference).values
            if (
                verdict.category == UNKNOWN
                and verdict.undecided
                and reference.table in values & self.bare
                and words(reference.column)[-1:] in _KEY - {("name",)}
                and self._is_text(reference)
                and keys  # of a table without rows nothing is known
                and all(is_field(_SEPARATORS.sub("_", key)) for key in keys)
            ):
                found[reference] = (Verdict(None, 0.6, "names of settings, each with its value"), ())
        return found

    def _quoting_parts(self, verdicts: Verdicts) -> dict[ColumnRef, Reading]:
        """Documents whose harmless parts quote what is masked beside them: `Patient/4711`, a firm's host."""
        found: dict[ColumnRef, Reading] = {}
        for reference, (_, parts) in verdicts.items():
            open_parts = [part for part in parts if part.verdict.category is None and not part.numbers]
            if not open_parts or self.own[reference][1].category in "AC":
                continue
            sources = [
                (each.column, values)
                for each, (verdict, _) in verdicts.items()
                if each.table == reference.table and verdict.category in _QUOTED and self._is_text(each)
                if len(values := quotable(self._seen(each).values)) >= _ENOUGH_QUOTED
            ]
            quoted = {part.path: source for part in open_parts if (source := quoting(part.values.distinct, sources))}
            if quoted:
                changed = tuple(
                    replace(part, verdict=_quoting(part, quoted[part.path])) if part.path in quoted else part
                    for part in parts
                )
                found[reference] = (of_parts([part for part in changed if part != ANYTHING], ""), changed)
        return found

    def _seen(self, reference: ColumnRef) -> ColumnSample:
        return self.samples.get((reference.table, reference.column), ColumnSample())

    def _echo(self, reference: ColumnRef, verdicts: Verdicts) -> Echo | None:
        """What a column repeats most of its row: of what is personal there, names first."""
        sources = [
            (each, category)
            for each, (verdict, _) in verdicts.items()
            if each.table == reference.table
            and (category := verdict.category) is not None
            and not _dealt_out(verdict)
            and self._is_text(each)
        ]
        sources.sort(key=lambda source: (source[1] not in _NAMING, source[1] not in _NUMBERING))
        best: Echo | None = None
        for source, category in sources[:_MOST_SOURCES]:
            for rows in self.sampler.rows.get(reference.table, ()):
                if reference.column in rows.columns and source.column in rows.columns:
                    pairs = rows.pairs(reference.column, source.column)
                    found = echo(pairs, source.column, whole=category in _NUMBERING)
                    quoting = category in _NAMING or category in _NUMBERING
                    if found is not None and (found.made or quoting):
                        best = max(filter(None, (best, found)), key=lambda each: (each.made, each.slug, each.share))
        return best

    def _is_text(self, reference: ColumnRef) -> bool:
        column = self.own[reference][1]
        return column.base_type in _READ and column.category not in "ACE"

    def _names_people(self, reference: ColumnRef, kinds: Mapping[TableName, TableKind]) -> bool:
        """Whether a column references a table of people, by a foreign key or else by its name (`driver_id`)."""
        edges = self.lineage.edges.get(reference, ())
        if edges:
            return any(kinds.get(edge.target.table) == "person" for edge in edges)
        sign = read_name(reference.column)
        if sign is not None and sign.strong and sign.category == "customer_id":
            return True
        *rest, last = words(reference.column)
        return last in _REFERRING and bool(rest) and table_kind("_".join(rest)) == "person"

    def _joined(self) -> list[tuple[ColumnRef, ...]]:
        """Columns joined by foreign keys, each group sorted; most hold one column."""
        neighbours: dict[ColumnRef, set[ColumnRef]] = {reference: set() for reference in self.own}
        for edges in self.lineage.edges.values():
            for edge in edges:
                if edge.source in neighbours and edge.target in neighbours:
                    neighbours[edge.source].add(edge.target)
                    neighbours[edge.target].add(edge.source)
        seen: set[ColumnRef] = set()
        found = []
        for start in neighbours:
            if start in seen:
                continue
            members, stack = {start}, [start]
            while stack:
                for other in neighbours[stack.pop()] - members:
                    members.add(other)
                    stack.append(other)
            seen |= members
            found.append(tuple(sorted(members)))
        return found

    def _table_kinds(self) -> dict[TableName, TableKind]:
        """What each table is about; one with several columns that name people is about people."""
        kinds: dict[TableName, TableKind] = {}
        signs: Counter[TableName] = Counter()
        for reference, (_, column) in self.own.items():
            kinds.setdefault(reference.table, table_kind(reference.table.name))
            verdict = classify(column, Values((), 0), Surroundings())
            if verdict.category in _PERSONAL and verdict.confidence >= 0.7:
                signs[reference.table] += 1
        for name, count in signs.items():
            if count >= 3 and kinds[name] == "other":
                kinds[name] = "person"
        return kinds

    def _topic(self, table: TableName) -> str | None:
        if set(words(table.name)) & set(EXAMINATIONS):
            return "health"
        sign = read_name(table.name)
        return sign.category if sign is not None and sign.strong and sign.category in ("health", "financial") else None

    @cached_property
    def _addressed(self) -> frozenset[TableName]:
        """Tables with columns named like parts of addresses."""
        signs = ((reference.table, read_name(reference.column)) for reference in self.own)
        parts = ("street_address", "postcode", "full_address")
        return frozenset(table for table, sign in signs if sign is not None and sign.strong and sign.category in parts)

    def _verdict(self, reference: ColumnRef, kinds: Mapping[TableName, TableKind]) -> Reading:
        table, column = self.own[reference]
        sample = self.samples.get((reference.table, reference.column), ColumnSample())
        around = Surroundings(
            kind=kinds[reference.table],
            table=reference.table.name,
            topic=self._topic(reference.table),
            address=reference.table in self._addressed,
            name="_".join(words(column.name)),
            bare=reference.table in self.bare,
            lookup=reference.table in self.lookups,
            linked=reference.table in self.linked,
            register=reference.table in self.registers,
            pay=bool({*words(reference.table.name), *words(reference.table.schema)} & set(PAY)),
            key=bool(column.identity) or reference in self.single_keys,
            listed=any(lists(text, column, bare) for text, bare in self._checks_on(table, column)),
        )
        base = column.base_type
        if base == "oid" and self.catalog.large_objects:
            return Verdict("attachment", 0.5, "may point to a large object, and these are dropped"), ()
        if base in ("json", "jsonb"):
            documents = read_documents(sample.values, column.name, around)
            if documents.personal_keys:
                return Verdict("document", 0.8, "keys of its objects look personal, and no rule masks keys"), ()
            return of_parts(documents.parts, "no document seen"), (*documents.parts, ANYTHING)
        if base == "xml":
            parts = read_xml(sample.values, column.name, around)
            if parts:
                return of_parts(parts, ""), (*parts, ANYTHING)
        if base == "hstore":
            parts = read_hstore(column, sample.values, around)
            return of_parts(parts, "no value seen"), (*parts, ANYTHING)
        if column.category == "A" and column.parts:
            element = read_array(column, sample.values, sample.filled, around)
            return (element.verdict if element else UNREADABLE), (
                element,
            ) if element and element.verdict.category else ()
        if column.category == "C" and column.parts:
            parts = read_composite(column, sample.values, around)
            verdict = of_parts(parts, "no value seen")
            return verdict, parts if verdict.category else ()
        return classify(column, Values.of(sample.values, sample.filled), around), ()

    def _checks_on(self, table: Table, column: Column) -> list[tuple[str, str]]:
        """CHECK constraints that read a column, with the name they know it by."""
        found = [(text, column.name) for text in self.checks.get(str(table.name), ()) if mentions(text, column.name)]
        return found + [(text, "VALUE") for text in self.checks.get(column.type, ())]


def _dealt_out(verdict: Verdict) -> bool:
    """Whether values are to stay as they are, only in other rows: as if they were kept, what they quote matters."""
    return verdict.few and verdict.undecided


def _quoting(part: Part, source: str) -> Verdict:
    """What a part is that quotes a column of its row."""
    category = "url" if part.values.share(is_url) >= 0.5 else UNKNOWN
    return Verdict(category, 0.7, f"quotes {source} of the same row")
