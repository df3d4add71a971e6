"""One table of cases for every registered transformer, shared by the property tests and the golden vectors.

`PARAMS` says under which parameters each transformer is tried; it must name all of them. A case is a transformer
with parameters on a column: `cases()` makes one for each column of `COLUMNS` that the transformer takes. Run as a
script this file masks a fixed sample under every case and prints a digest of each, to compare processes.
"""

# ruff: noqa: E501, S104 - tables of values
from __future__ import annotations

import hashlib
import json
import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cache, partial
from typing import Any

import polars as pl

from testdata_assets.masking.hashing import KeyedHash
from testdata_assets.masking.rule_files import RulesFile
from testdata_assets.masking.transformers import registry
from testdata_assets.masking.transformers.base import TEXT_TYPES, MaskContext, RowTransformer, Transformer
from testdata_assets.production.catalog import Column

KEY = b"a key of the tests, 32 bytes long"
OTHER_KEY = b"another key of the same length 33"


def column(base_type: str, category: str, type_name: str | None = None, limit: int | None = None) -> Column:
    return Column("value", type_name or base_type, base_type, category, limit)


def _array(of: Column) -> Column:
    return Column("value", f"{of.type}[]", f"_{of.base_type}", "A", parts=(of,))


_TEXT = Column("value", "text", "text", "S")
_FIELDS = (Column("name", "text", "text", "S"), Column("code", "varchar(9)", "varchar", "S", 9))
COLUMNS: dict[str, Column] = {
    "text": _TEXT,
    "varchar(20)": column("varchar", "S", "character varying(20)", 20),
    "varchar(3)": column("varchar", "S", "character varying(3)", 3),
    "char(12)": column("bpchar", "S", "character(12)", 12),
    "citext": column("citext", "S", "public.citext"),
    "name": column("name", "S"),
    "int2": column("int2", "N", "smallint"),
    "int4": column("int4", "N", "integer"),
    "int8": column("int8", "N", "bigint"),
    "numeric": column("numeric", "N"),
    "numeric(10,2)": column("numeric", "N", "numeric(10,2)"),
    "float4": column("float4", "N", "real"),
    "float8": column("float8", "N", "double precision"),
    "money": column("money", "N"),
    "date": column("date", "D"),
    "timestamp": column("timestamp", "D", "timestamp without time zone"),
    "timestamptz": column("timestamptz", "D", "timestamp with time zone"),
    "time": column("time", "D", "time without time zone"),
    "timetz": column("timetz", "D", "time with time zone"),
    "uuid": column("uuid", "U"),
    "inet": column("inet", "I"),
    "cidr": column("cidr", "I"),
    "macaddr": column("macaddr", "U"),
    "macaddr8": column("macaddr8", "U"),
    "bytea": column("bytea", "U"),
    "oid": column("oid", "N"),
    "point": column("point", "G"),
    "tsvector": column("tsvector", "U"),
    "bool": column("bool", "B", "boolean"),
    "json": column("json", "U"),
    "jsonb": column("jsonb", "U"),
    "xml": column("xml", "U"),
    "hstore": column("hstore", "U", "public.hstore"),
    "text[]": _array(_TEXT),
    "int4[]": _array(Column("", "integer", "int4", "N")),
    "composite": Column("value", "public.pair", "pair", "C", parts=_FIELDS),
}
# What transformers of any type are tried on.
_ANY_KIND = ("text", "varchar(20)", "char(12)", "citext", "int4", "numeric(10,2)", "date", "uuid", "bytea", "bool")
_TREES = RulesFile("pool.txt", ("Oak", "Elm", "Ash tree", "Willow", "maple", "日本"), "0" * 64)
_ITEMS: dict[str, Any] = {"transform": "scramble", "domain": "items"}

PARAMS: dict[str, list[dict[str, Any]]] = {
    "address": [
        *({"part": part, "entity": "other"} for part in ("street", "house_number", "city", "region", "postcode")),
        *({"part": part, "entity": "other"} for part in ("country", "country_code", "lat", "lon", "full")),
        {"part": "full", "entity": ("other", "third"), "keep_country": "land", "group": "homes"},
    ],
    "array": [{"items": "scramble"}, {"items": {"transform": "hash", "domain": "items"}}],
    "bic": [{}],
    "birth_date": [{}],
    "bytes": [{}, {"mode": "empty"}, {"mode": "fixed", "value": "00ff"}, {"mode": "text", "content": "scramble"}],
    "choice": [{"values": ["1", "2", "3"], "by": "id"}, {"values": {"t": 3, "f": 1}, "by": ["id", "other"]}],
    "city": [{}],
    "company": [{}],
    "composite": [{"fields": {"name": "hash", "code": {"transform": "scramble", "domain": "codes"}}}],
    "constant": [{"value": "1"}],
    "country": [{}, {"form": "code"}, {"language": "de"}],
    "credit_card": [{}],
    "date_shift": [{"entity": "other"}, {"entity": "other", "within": "2 weeks", "keep_time": False}],
    "email": [{}, {"keep_domains": ["acme.org"]}],
    "first_name": [{}],
    "free_text": [{}],
    "full_address": [{}, {"country": "DE"}],
    "gender_title": [{}],
    "hash": [{}, {"encoding": "base32", "length": 20}],
    "hstore": [{"keys": {"*": "scramble", "kept": "keep", "mail": {"transform": "hash", "domain": "items"}}}],
    "iban": [{}, {"keep_bank": True}],
    "identity": [
        *({"part": part, "entity": "other"} for part in ("first_name", "last_name", "full_name", "initials")),
        *({"part": part, "entity": "other"} for part in ("email", "username", "gender", "title")),
        {"part": "full_name", "entity": ("other", "third"), "group": "staff", "script": "cyrillic"},
    ],
    "image_blank": [{}],
    "integer_permute": [{}],
    "ip": [{}],
    "job_title": [{}],
    "json": [{"paths": {"$.**": _ITEMS, "$.kept": "keep"}}],
    "keep": [{}],
    "large_object": [{}, {"mode": "blank"}],
    "last_name": [{}],
    "lat_lon": [
        {"part": "lat", "other": "degrees"},
        {"part": "lon", "other": "degrees", "radius_m": 50.0},
        {"part": "point"},
        {"part": "text"},
    ],
    "licence_plate": [{}, {"keep_region": True}],
    "mac": [{}, {"vendor": "keep"}],
    "national_id": [{}, {"country": "US"}, {"country": "US", "never_issued": False}, {"country": "DE"}],
    "null": [{}],
    "number_bucket": [{"size": 10}, {"edges": [0, 100, 1000], "value": "middle"}],
    "number_noise": [{}, {"amount": 3.5}, {"ratio": 0.5, "distribution": "normal"}],
    "passport": [{}, {"keep_start": 1}],
    "person_name": [{}],
    "phone": [{}, {"country_code": "49"}],
    "postcode": [{}],
    "redact": [{}, {"keep_first": 2, "keep_last": 4, "char": "#"}, {"label": "xxx"}],
    "region": [{}, {"country": "US"}],
    "scramble": [{}, {"keep_start": 2}],
    "secret": [{}],
    "shuffle": [{"by": "id"}, {"by": ["id"], "within": "third", "alone": "keep", "nulls": "move"}],
    "street_address": [{}],
    "substitute": [{"file": _TREES}],
    "tax_id": [{}, {"country": "DE"}],
    "template": [
        {"template": "{id}@x.example", "too_long": "cut"},
        {"template": "{other|ascii|lower}-{third}", "on_null": "null", "too_long": "cut"},
    ],
    "timestamp_noise": [{}, {"within": "2 hours"}],
    "tsvector": [{}, {"mode": "recompute", "from": ["other"]}],
    "url": [{}],
    "user_agent": [{}],
    "username": [{}],
    "uuid": [{}, {"keep_time": True}],
    "xml": [{"paths": {"**": _ITEMS, "/r/@kept": "keep"}}],
}  # fmt: skip


class CaseRows:
    """The other columns of a case's rows; what is masked of them is written in brackets."""

    def __init__(self, frame: pl.DataFrame) -> None:
        self._frame = frame

    def original(self, column: str) -> pl.Series:
        return self._frame.get_column(column)

    def masked(self, column: str) -> pl.Series:
        return self._frame.select(("<" + pl.col(column) + ">").alias(column)).to_series()


@dataclass(frozen=True)
class Row:
    """A value and the columns beside it."""

    value: str | None
    id: str = "1"
    other: str | None = "7"
    third: str | None = "x"
    land: str | None = "DE"
    degrees: str | None = "13.4050"


@dataclass(frozen=True)
class Case:
    """A transformer under parameters, on a column."""

    name: str
    params: dict[str, Any] = field(hash=False)
    kind: str
    fold: bool = False

    def __str__(self) -> str:
        return f"{self.name} {json.dumps(self.params, ensure_ascii=False)} {self.kind}" + " folded" * self.fold

    @property
    def column(self) -> Column:
        return COLUMNS[self.kind]

    def build(self) -> Transformer[Any]:
        return _built(self.name, str(self))(self.params)

    @property
    def by_row(self) -> bool:
        return issubclass(registry.get(self.name), RowTransformer)

    @property
    def textual(self) -> bool:
        return self.column.base_type in TEXT_TYPES

    def mask(self, rows: Sequence[Row], key: bytes = KEY, domain: str = "domain") -> list[str | None]:
        """Masks rows as the engine would: NULLs reach row transformers only."""
        hash_for = partial(KeyedHash.derive, key)
        context = MaskContext(
            hash_for(domain), self.column, self.fold, hash_for=hash_for, folds=lambda _: self.fold,
            integer_type=self.column.base_type if self.column.base_type in ("int2", "int4", "int8") else None,
        )  # fmt: skip
        values = pl.Series("value", [row.value for row in rows], dtype=pl.String)
        transformer = self.build()
        if isinstance(transformer, RowTransformer):
            names = ("id", "other", "third", "land", "degrees")
            frame = pl.DataFrame(
                {name: [getattr(row, name) for row in rows] for name in names},
                schema_overrides=dict.fromkeys(names, pl.String),
            )
            masked = transformer.apply_rows(values, CaseRows(frame), context)
        else:
            present = values.is_not_null()
            masked = transformer.apply(values.drop_nulls(), context)
            if not present.all():
                given = iter(masked.to_list())
                masked = pl.Series("value", [next(given) if here else None for here in present], dtype=pl.String)
        assert (masked.dtype, masked.name, len(masked)) == (pl.String, "value", len(rows)), str(self)
        found: list[str | None] = masked.to_list()
        return found

    def mask_values(self, values: Iterable[str], **other: Any) -> list[str | None]:
        """Masks values, each in a row of its own."""
        return self.mask([row_of(value, number) for number, value in enumerate(values)], **other)


@cache
def _built(name: str, label: str) -> Any:
    """Builds one transformer per case (`label` tells them apart) and gives it again."""
    made: list[Transformer[Any]] = []

    def build(params: dict[str, Any]) -> Transformer[Any]:
        if not made:
            made.append(registry.build(name, params))
        return made[0]

    return build


def row_of(value: str | None, number: int) -> Row:
    """The number-th row: an id of its own, an entity that three rows share, now and then NULLs."""
    lands = ("DE", "France", "us", "JPN", "Atlantis", None)
    return Row(
        value,
        id=str(number),
        other=None if number % 11 == 10 else f"Entity É {number // 3}",
        third=None if number % 7 == 6 else "abc"[number % 3],
        land=lands[number % 6],
        degrees=None if number % 13 == 12 else f"{(number * 37) % 180 - 90}.{number % 10_000:04d}",
    )


@cache
def cases() -> tuple[Case, ...]:
    """Every transformer of `PARAMS` under all parameters on all columns that it says it can write to."""
    made = []
    for name, variants in PARAMS.items():
        if name not in registry.all():
            continue
        for place, params in enumerate(variants):
            built = registry.build(name, params)
            kinds = _ANY_KIND if not built.base_types and name not in ("array", "composite") else tuple(COLUMNS)
            for kind in kinds:
                if name in ("json", "xml") and (COLUMNS[kind].max_length is not None or kind == "name"):
                    continue  # no document has room there
                if place and kind in ("varchar(3)", "citext", "name"):
                    continue  # tried under the first parameters
                if built.accepts(COLUMNS[kind].base_type) and not built.problems(COLUMNS[kind]):
                    made.append(Case(name, params, kind, fold=kind == "citext"))
    return tuple(made)


# Values.

HOSTILE = [
    "'", "''", "O'Brien; DROP TABLE users;--", '"', '""', "\\", "\\\\", "\\N", "\\.", "\t", "a\tb", "a\nb", "a\r\nb",
    "\r", " ", "   ", " lead", "trail ", "  both  ", "\N{NO-BREAK SPACE}", "\N{NO-BREAK SPACE}x", "\u2028", "\u200b",
    "\N{RIGHT-TO-LEFT OVERRIDE}abc", "محمد\u200f الأحمد", "דוד כהן", "e\u0301", "\u0301", "Z\u0351\u0343a\u030alg\u0334o",
    "👩‍👩‍👧‍👦", "😀", "🇩🇪🇫🇷", "日本語", "ｆｕｌｌ", "Ⅷ", "ﬁ", "ß", "ẞ", "İı", "ΟΔΟΣ ς", "ǅ", "𝒜𝓁𝒾𝒸𝑒", "\x01\x1f\x7f", "\x1c", "\ufeff",
    "\ufffd", "\U0010ffff", "0", "-0", "00", "007", "7", "-7", "+7", "1", "12", "NaN", "Infinity", "-Infinity",
    "infinity", "1e400", "-1E-400", "0x1F", "1234567890" * 4, "1.0", "1.50", ".5", "5.", "1,234.56", "-$1,234.50",
    "fe80::1%eth0/64", "2001:db8::/32", "::ffff:10.0.0.1", "10.0.0.1/8", "256.1.1.1", "0044-03-15 BC", "1980-02-30",
    "2024-12-31 23:59:60+00", "null", "NULL", "None", "true", "{}", "[]", "{a,b}", "(a,b)", "<a>", "&amp;", "${x}", "{0}",
    "%s", "%00", "a@b", "@", "a@b@c", "a@[10.0.0.1]", "https://", "http://user:pw@h:80/p?q=1#f", "mailto:x@y.z", "//", "---",
    "--", "..", "+", "()", "( )", "x", "X", "xX", "Jo", "Al.", "J. R. R.", "de", "von der", "SMITH", "smith", "a" * 63,
    "b" * 64, "ab " * 30,
]  # fmt: skip
LONG = ["x" * 65_536, "Ünï " * 2_048, "7" * 5_000, "😀" * 500]
_WORDS = ["John Smith", "O'BRIEN-jones", "Müller GmbH", "Иван Петров", "王小明", "김민수", "Ελένη Παππά", "New York", "12B Main St",
          "bob@acme.org", "Senior Engineer", "+1 (555) 234-5678", "Bavaria", "Mr", "Frau", "Germany", "1980-05-03"]  # fmt: skip


def _series(pattern: str, count: int, *choices: Sequence[str]) -> list[str]:
    """`count` texts: # is a digit, ^ a capital, ? a small letter, * a hexadecimal digit, 0-9 the n-th choice."""
    draw = random.Random(pattern)
    kinds = {"#": "0123456789", "^": "ABCDEFGHJKLMNPRSTVWXYZ", "?": "abcdefghijklmnoprstuvwz", "*": "0123456789abcdef"}
    made = set()
    while len(made) < count:
        text = "".join(draw.choice(kinds[each]) if each in kinds else each for each in pattern)
        made.add(text.format(*(draw.choice(each) for each in choices)))
    return sorted(made)


_FIRST = ["Anna", "Bob", "Carla", "Dmitri", "Éva", "MARIA", "jürgen", "Иван", "花子", "Nikolaos", "Alexandra", "Jo"]
_LAST = ["Smith", "O'Neill", "van der Berg", "Müller-Lüdenscheid", "NGUYEN", "Петров", "田中", "García", "Hofstadter"]
PLAUSIBLE: dict[str, list[str]] = {
    "bic": ["DEUTDEFF", "DEUTDEFF500", *_series("^^^^DE##", 30), *_series("^^^^FR^^###", 30)],
    "birth_date": _series("19##-0{0}-1#", 60, "123456789"),
    "city": ["Berlin", "New York", "МОСКВА", "東京", "São Paulo", "Paris", "Wien", "Stratford-upon-Avon"],
    "country": ["Germany", "DE", "DEU", "276", "France", "FR", "Deutschland", "Россия", "日本", "US", "USA", "4"],
    "credit_card": ["4111 1111 1111 1111", "378282246310005", *_series("4###-####-####-####", 60)],
    "email": _series("{0}.{1}##@?????.com", 60, ["anna", "bob", "Eve+tag"], ["smith", "jones"]),
    "first_name": _FIRST,
    "free_text": _series("{0} said that {1} will call at #### about the invoice.", 60, _FIRST, _LAST),
    "full_address": [
        *_series("### Main Street, Springfield, IL #####, USA", 20),
        *_series("Hauptstraße ##, 1#### Berlin, Germany", 20),
        "10 Downing St\nLondon SW1A 2AA\nUnited Kingdom", "東京都千代田区1-1", "ул. Ленина, 5, Москва",
    ],
    "gender_title": ["Mr", "Mrs", "Ms", "Dr.", "Herr", "Frau", "M.", "Mme", "female", "m"],
    "iban": ["DE89370400440532013000", "GB82 WEST 1234 5698 7654 32", *_series("DE####################", 60)],
    "integer_permute": [str(number) for number in (*range(120), 999, 1000, 32_767, 2_147_483_647)],
    "ip": ["10.1.2.3", "8.8.8.8", "2001:db8::1", *_series("10{0}.#.{0}#.1{0}{0}", 60, "1234")],
    "job_title": ["Senior Payments Analyst", "Baker", "Head of Sales", "CEO", "VP ENGINEERING", "nurse"],
    "last_name": _LAST,
    "lat_lon": ["52.520008, 13.404954", "48.8566,2.3522", *_series("4#.#####, 1#.#####", 40)],
    "licence_plate": ["B-AB 1234", "AB12 CDE", *_series("^-^^ ####", 60)],
    "mac": ["08:00:2b:01:02:03", "08-00-2B-01-02-03", "0800.2b01.0203", *_series("0*:**:**:**:**:**", 60)],
    "national_id": ["078-05-1120", "219-09-9999", "86095742719", *_series("{0}##-4#-1###", 60, "123456")],
    "passport": ["C01X00T47", "123456789", *_series("^########", 60)],
    "person_name": _series("{0} {1}", 60, _FIRST, _LAST),
    "phone": ["+1 (555) 234-5678", "+44 20 7946 0958", *_series("+49 151 ########", 60)],
    "postcode": ["SW1A 1AA", "12345-6789", *_series("#####", 60)],
    "region": ["California", "CA", "Bayern", "Bavaria", "NSW", "Ontario", "TEXAS", "ny"],
    "secret": ["AKIAIOSFODNN7EXAMPLE", "hunter2", "$2b$12$KIXQ4S5J0d8n0C5xq1vB8uYhF0mXqJ4o2c5c1eS2o1JqYv8m3n0Ga",
               *_series("ghp_" + "{0}??##^^" * 5 + "{0}", 20, "abcXYZ019"), *_series("*" * 40, 40)],
    "street_address": _series("### {0} {1}", 60, _FIRST, ["Street", "Ave", "Rd, Apt 4"]),
    "tax_id": ["DE136695976", "GB999999973", "12-3456789", *_series("DE1########", 60)],
    "timestamp_noise": _series("2020-0{0}-1# 1#:##:##", 60, "123456789"),
    "url": _series("https://www.?????.com/u/{0}?x=###", 60, ["jane", "bob"]),
    "user_agent": [
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Safari/537.36",
        "Mozilla/5.0 (X11; Linux x86_64; rv:121.0) Gecko/20100101 Firefox/121.0", "curl/8.5.0", "Googlebot/2.1",
    ],
    "username": _series("{0}_????##", 60, ["anna", "Bob", "мария"]),
    "uuid": _series("********-****-4***-a***-************", 60),
}  # fmt: skip


def _moments(times: Sequence[str]) -> list[str]:
    days = ["1980-05-03", "2000-02-29", "1999-12-31", "0001-01-01", "9999-12-31", "2024-03-01"]
    return [f"{day}{time}" for day in days for time in times] + [f"0044-03-15{time} BC" for time in times] + [
        "infinity", "-infinity", *(f"19{year:02d}-07-{day:02d}{times[0]}" for year in range(20, 99, 7) for day in (1, 15))
    ]  # fmt: skip


TYPED: dict[str, list[str]] = {
    "int2": ["0", "1", "-1", "7", "32767", "-32768", *map(str, range(10, 300, 3))],
    "int4": ["0", "1", "-1", "2147483647", "-2147483648", *_series("{0}#####", 60, "123456789")],
    "int8": ["0", "-1", "9223372036854775807", "-9223372036854775808", *_series("{0}" + "#" * 14, 60, "123456789")],
    "numeric": ["0", "NaN", "Infinity", "-Infinity", "0.00", "1234567890" * 4, "-" + "9" * 40, "0." + "0" * 30 + "17",
                "1" + "0" * 200, *_series("{0}###.##", 60, "123456789")],
    "numeric(10,2)": ["0.00", "NaN", "99999999.99", "-99999999.99", "0.01", "-0.01", *_series("{0}##.##", 60, "123456")],
    "float4": ["0", "-0", "NaN", "Infinity", "-Infinity", "3.4028235e+38", "1e-45", *_series("{0}#.#{0}", 60, "123456789")],
    "float8": ["0", "-0", "NaN", "Infinity", "-Infinity", "1.7976931348623157e+308", "5e-324", "1e+22",
               *_series("{0}##.##{0}", 60, "123456789")],
    "money": ["$0.00", "-$0.01", "$92,233,720,368,547,758.07", "-$92,233,720,368,547,758.08", "-$1,234.50",
              *_series("${0},###.##", 40, "123456789")],
    "date": [*_moments([""]), "4714-11-24 BC", "5874897-12-31"],
    "timestamp": [*_moments([" 00:00:00", " 10:11:12", " 23:59:59.999999"]), "294276-12-31 23:59:59.999999"],
    "timestamptz": _moments([" 00:00:00+00", " 10:11:12.5+02", " 23:59:59-03:30", " 12:00:00+05:53:28"]),
    "time": ["00:00:00", "23:59:59.999999", "24:00:00", "12:00:00", *_series("1#:{0}#:{0}#", 60, "012345")],
    "timetz": ["00:00:00+00", "23:59:59.999999-12", "24:00:00+14", *_series("1#:{0}#:{0}#+0{0}:30", 60, "012345")],
    "uuid": ["00000000-0000-0000-0000-000000000000", "ffffffff-ffff-ffff-ffff-ffffffffffff", *PLAUSIBLE["uuid"]],
    "inet": ["0.0.0.0", "255.255.255.255", "10.0.0.1/8", "::", "::1", "2001:db8::1", "fe80::1/64", "::ffff:10.0.0.1",
             "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", *_series("10{0}.#.{0}#.1{0}{0}", 60, "1234"), *_series("2001:db8::1***:1***", 30)],
    "cidr": ["0.0.0.0/0", "10.0.0.0/8", "192.168.1.0/24", "8.8.8.8/32", "::/0", "2001:db8::/32", "2001:db8::1/128",
             *_series("10{0}.#.{0}#.0/24", 40, "1234")],
    "macaddr": ["00:00:00:00:00:00", "ff:ff:ff:ff:ff:ff", "08:00:2b:01:02:03", *_series("0*:**:**:**:**:**", 60)],
    "macaddr8": ["00:00:00:00:00:00:00:00", "08:00:2b:ff:fe:01:02:03", *_series("0*:**:**:**:**:**:**:**", 60)],
    "bytea": ["\\x", "\\x00", "\\xff", "\\x" + b"John Smith".hex(), "\\x" + "Žluťoučký 😀".encode().hex(),
              "\\x89504e470d0a1a0a0000000d494844520000000200000003080600000072b60d24", "\\x474946383961020003008000000000",
              "\\xffd8ffe0", "\\x" + "ab" * 3000, *_series("\\x" + "**" * 16, 40)],
    "oid": ["0", "1", "16384", "4294967295"],
    "point": ["(0,0)", "(13.404954,52.520008)", "(-180,-90)", "(180,90)", "(1e+200,-1e-05)", "(NaN,Infinity)",
              *_series("(1#.#####,4#.#####)", 40)],
    "tsvector": ["", "'fat':2 'rat':3", "'a'':b':1A"],
    "bool": ["t", "f"],
    "int4[]": ["{}", "{1,NULL,-3}", "[0:1]={5,6}", "{{1,2},{3,4}}", "{2147483647,-2147483648}"],
}  # fmt: skip


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')


def _xml(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")


def wrapped(kind: str, text: str) -> str:
    """A text as a leaf of a value of a type with parts."""
    if kind in ("json", "jsonb"):
        leaf = json.dumps(text, ensure_ascii=False)
        return f'{{"a": {leaf}, "b": [{leaf}, 7, -1.50, true, null], "kept": {leaf}, "": {{}}}}'
    if kind == "xml":
        safe = "".join(each if each >= " " and each not in "\ufffe\uffff\x7f" else "_" for each in text)
        return f'<r kept="{_xml(safe)}" id="{_xml(safe)}"><p>{_xml(safe)}</p> tail <q/></r>'
    if kind == "hstore":
        return f'"kept"=>"{_escaped(text)}", "mail"=>"{_escaped(text)}", "a b"=>"{_escaped(text)}", "n"=>NULL'
    if kind == "text[]":
        return f'{{"{_escaped(text)}",NULL,"{_escaped(text)}"}}'
    cut = text[:9].replace("\\", "\\\\").replace('"', '""')
    return f'("{text.replace(chr(92), chr(92) * 2).replace(chr(34), chr(34) * 2)}","{cut}")'


def fitted(case: Case, text: str) -> str:
    """A text as the case's column would hold it."""
    if case.name in ("json", "xml"):
        return wrapped(case.name, text)
    if not case.textual:
        return wrapped(case.kind, text)
    limit = 63 if case.kind == "name" else case.column.max_length
    cut = text if limit is None else text[:limit]
    return cut.ljust(limit or 0) if case.column.base_type == "bpchar" else cut


def samples(case: Case, hostile: bool = True) -> list[str]:
    """Distinct values of the case's column: plausible ones, and hostile ones where asked for."""
    if case.kind in TYPED:
        found = TYPED[case.kind]
        if case.name == "integer_permute" and case.kind.startswith("numeric"):
            whole = [value for value in TYPED["int4"] if len(value) < 9]
            found = [value + ".00" for value in whole] if case.kind == "numeric(10,2)" else [*whole, "NaN", "9" * 40]
        return list(dict.fromkeys(found))
    texts = PLAUSIBLE.get(case.name, [*_WORDS, *_series("{0} {1} ####", 60, _FIRST, _LAST)])
    if case.params.get("part") in ("lat", "lon"):
        texts = [text.split(",")[0] for text in PLAUSIBLE["lat_lon"]]
    texts = [*texts, *HOSTILE] if hostile else texts
    return list(dict.fromkeys(fitted(case, text) for text in texts))


def digests() -> dict[str, str]:
    """A digest of each case's masks of a third of its sample."""
    found = {}
    for case in cases():
        masked = json.dumps(case.mask_values(samples(case)[::3]))
        found[str(case)] = hashlib.sha256(masked.encode()).hexdigest()
    return found


if __name__ == "__main__":
    print(json.dumps(digests()))
