"""What discovery says of a column, and what it is told about the column's table."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime

from testdata_assets.masking.discovery.names import NameSign, TableKind, table_kind

INTEGERS = frozenset({"int2", "int4", "int8"})
NUMBERS = INTEGERS | {"numeric", "float4", "float8", "money"}
MOMENTS = frozenset({"date", "timestamp", "timestamptz"})
UNKNOWN = "unknown"
_RIGHTS = frozenset({"role", "roles", "rol", "rolle", "ruolo", "scope"})  # what an account may do
ENOUGH = 5  # values, before they refute a name


@dataclass(frozen=True)
class Verdict:
    """What a column holds.

    Attributes:
        category: Of personal data; None where it holds nothing personal.
        confidence: 0 to 1.
        why: A few words without any value.
        undecided: Nothing told: what holds is the safe side.
        few: Values repeat, as those of an enumeration or of a measurement do: they can be shuffled among the rows.
    """

    category: str | None
    confidence: float
    why: str
    undecided: bool = False
    few: bool = False


@dataclass(frozen=True)
class Surroundings:
    """What a column's table says about it.

    Attributes:
        kind: What the table is about.
        table: Its bare name, for reasons.
        topic: What the table's own name says its rows are: health, financial, or nothing.
        address: Other columns of the table are parts of addresses.
        name: The column's own name, its words joined by `_`.
        key: The column is the table's surrogate key, or unique by itself.
        listed: A CHECK constraint lists its values.
        bare: Nothing else in the table is personal, and it references no table of people.
        lookup: Such a table that others refer to, or that is named like a list of codes.
        linked: The table references one of people, by a key or by a column's name.
        register: The table holds people's names beside what only a person has, such as a date of birth.
        pay: The table (or its schema) is of what people are paid.
        today: For ages.
    """

    kind: TableKind = "other"
    table: str = ""
    topic: str | None = None
    address: bool = False
    name: str = ""
    key: bool = False
    listed: bool = False
    bare: bool = False
    lookup: bool = False
    linked: bool = False
    register: bool = False
    pay: bool = False
    today: date = field(default_factory=lambda: datetime.now(UTC).date())


def of_people(around: Surroundings) -> bool:
    """Whether the table's name or what it holds says that its rows are people; others hold what people do or get."""
    return around.register or table_kind(around.table) == "person"


def trait(around: Surroundings) -> Verdict | None:
    """What nothing explains counts as a trait of people in a table of them, as health in a table of their health."""
    if around.topic == "health" and around.linked and not around.key and not around.lookup:
        return Verdict("health", 0.3, f"few values repeat in {around.table}", undecided=True, few=True)
    if around.name.rpartition("_")[2] in _RIGHTS:
        return None
    if not of_people(around) or around.kind != "person" or around.key or around.lookup:
        return None
    return Verdict("demographic", 0.3, "a trait of people that nothing explains", undecided=True, few=True)


def shown(sign: NameSign) -> str:
    """A name's telling words, for reasons."""
    return sign.phrase.replace("_", " ")
