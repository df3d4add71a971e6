"""What stands around a column: tables with nothing of people, abbreviations, numbers of one country, row masks."""

from __future__ import annotations

import pytest

from testdata_assets.masking.discovery.beside import Beside, beside
from testdata_assets.masking.discovery.choose import choices
from testdata_assets.masking.discovery.classify import Surroundings, Verdict, classify
from testdata_assets.masking.discovery.documents import read_documents
from testdata_assets.masking.discovery.names import read_name
from testdata_assets.masking.discovery.values import Values, local_phone_share, shaped_like_names, year_of_date
from testdata_assets.production.catalog import Column

TEXT = Column("x", "text", "text", "text", "S")


def _column(name: str, base: str = "text", category: str = "S", *, not_null: bool = False) -> Column:
    return Column(name, base, base, base, category, not_null=not_null)


@pytest.mark.parametrize(
    ("name", "category"),
    [
        ("HLDR", "person_name"),
        ("FNGRPRNT", "biometric"),
        ("GNDR_CD", "gender"),
        ("sha256_upload", None),
        ("upload_md5", None),
    ],
)
def test_words_without_their_vowels_are_read(name: str, category: str | None) -> None:
    sign = read_name(name)
    assert (sign.category if sign else None) == category


def test_codes_stay_only_where_nothing_is_of_people() -> None:
    codes = Values.of([f"QX{number:05}" for number in range(80)])
    column = _column("wobble")
    assert classify(column, codes, Surroundings(bare=True)).category is None
    assert classify(column, codes, Surroundings()).undecided


@pytest.mark.parametrize(
    ("table", "name", "base", "category"),
    [
        ("api_keys", "digest", "text", "secret"),
        ("personal_access_tokens", "sha256", "bytea", "secret"),
        ("files", "digest", "text", None),
        ("password_resets", "hash", "text", "secret"),
    ],
)
def test_a_digest_in_a_table_of_secrets_is_one(table: str, name: str, base: str, category: str | None) -> None:
    digests = Values.of([f"{number * 0x9E3779B97F4A7C15 % 2**64:016x}" for number in range(1, 80)])
    found = classify(_column(name, base), digests, Surroundings(table=table))
    assert found.category == category


def _few(*values: str) -> Values:
    return Values.of(values, 40 * len(values))


def test_what_nothing_explains_in_a_table_of_people_is_a_trait_of_theirs() -> None:
    wobbles, column = _few("alpha", "beta", "gamma"), _column("wobble")
    found = classify(column, wobbles, Surroundings(kind="person", table="tenants_of_flats", name="wobble"))
    assert found.category is None, "the table's own name must say that its rows are people"
    found = classify(column, wobbles, Surroundings(kind="person", table="mieter", name="wobble"))
    assert (found.category, found.few, found.undecided) == ("demographic", True, True)
    numbers = _few("1", "2", "3")
    found = classify(
        _column("wobble", "int4", "N"), numbers, Surroundings(kind="person", table="mieter", name="wobble")
    )
    assert found.category == "demographic"
    assert classify(column, wobbles, Surroundings(table="orders", name="wobble")).category is None
    roles = classify(_column("role"), wobbles, Surroundings(kind="person", table="users", name="role"))
    assert roles.category is None


def test_yes_or_no_in_a_table_of_health_is_about_it() -> None:
    around = Surroundings(table="med_history", topic="health", linked=True)
    for name, base, category in (("wobble", "bool", "B"), ("wobble", "text", "S")):
        assert classify(_column(name, base, category), _few("t", "f"), around).category == "health"
    for name in ("is_pregnant", "disability_flag"):
        assert classify(_column(name, "bool", "B"), Values.of([]), Surroundings()).category == "health"
    assert classify(_column("is_active", "bool", "B"), Values.of([]), around).category is None


def test_switches_are_dealt_out_or_say_no() -> None:
    verdict = classify(_column("is_pregnant", "bool", "B"), Values.of([]), Surroundings())
    column = _column("is_pregnant", "bool", "B", not_null=True)
    assert choices(verdict, column, around=Beside(key=("id",)))[0].transform == "shuffle"
    assert next(each.as_rule() for each in choices(verdict, column)) == {"transform": "constant", "value": "false"}


@pytest.mark.parametrize(
    ("values", "category"),
    [
        (("Nerea M.", "Stavros K.", "Itziar"), "person_name"),
        (("Me Lefort", "Me Dubreuil", "Me Kaci"), "person_name"),
        (("J. Okafor", "B.C. Smit", "pending"), "person_name"),
        (("Vitamin B", "vitamin c", "Phase 2."), None),
        (("mr pending", "ms done", "dr open"), None),
    ],
)
def test_names_among_few_are_told_by_initials_and_titles(values: tuple[str, ...], category: str | None) -> None:
    assert classify(_column("wobble"), _few(*values), Surroundings()).category == category


@pytest.mark.parametrize(
    ("name", "table", "category"),
    [
        ("saldo_cents", "accounts_of_users", "financial"),
        ("net_kg", "mieter", None),
        ("kaution_eur", "mieter", "financial"),
        ("preis_eur", "products", None),
    ],
)
def test_what_people_stand_at_is_theirs(name: str, table: str, category: str | None) -> None:
    around = Surroundings(table=table, kind="person" if table == "mieter" else "other", linked=True, name=name)
    numbers = Values.of([str(number * 17) for number in range(3, 90)])
    assert classify(_column(name, "int4", "N"), numbers, around).category == category


def test_numbers_of_one_country_are_phones() -> None:
    dutch = Values.of([f"06-{number}" for number in range(12345678, 12345718)])
    amounts = Values.of([str(number) for number in range(12345678, 12345718)])
    assert local_phone_share(dutch) == 1.0
    assert local_phone_share(amounts) == 0.0
    assert classify(_column("wobble"), dutch, Surroundings()).category == "phone"


def test_dates_of_old_systems_have_years() -> None:
    assert year_of_date("19640229") == 1964
    assert year_of_date("19641329") is None


@pytest.mark.parametrize("value", ["OKORO, Adaeze", "ADAEZE/OKORO MRS", "Adaeze Okoro", "DE GROOT, Jan Peter"])
def test_names_are_told_by_how_they_are_written(value: str) -> None:
    assert shaped_like_names(Values.of([value])) == 1.0


def test_things_are_not_written_like_names() -> None:
    assert shaped_like_names(Values.of(["blue chair", "Desk 140", "OK", "walnut"])) == 0.0


def test_people_in_a_table_are_told_apart_by_codes() -> None:
    codes = Values.of([f"E-{number:06}" for number in range(200)])
    patients = Surroundings(kind="person", table="patients", key=True)
    assert classify(_column("barcode"), codes, patients).category == "customer_id"
    assert classify(_column("barcode"), codes, Surroundings(kind="thing", table="products")).category is None


def test_amounts_are_financial_in_tables_of_people_only() -> None:
    amounts = Values.of([f"{number}.50" for number in range(20, 90)])
    column = _column("wobble", "numeric", "N")
    assert classify(column, amounts, Surroundings(kind="person", table="employees")).category == "financial"
    assert classify(column, amounts, Surroundings(kind="person", table="deliveries")).category is None


def test_coordinates_find_their_other_half() -> None:
    table = [_column(name, "float8", "N") for name in ("start_lat", "start_lng", "end_lat", "end_lng", "rate")]
    assert beside(table[1], table, ()) == Beside((), "lon", "start_lat")
    assert beside(table[2], table, ()) == Beside((), "lat", "end_lng")
    assert beside(table[4], table, ()) == Beside()
    best = choices(Verdict("lat_lon", 0.9, ""), table[0], around=Beside((), "lat", "start_lng"))[0]
    assert (best.transform, best.params) == ("lat_lon", {"part": "lat", "other": "start_lng"})


def test_a_lone_coordinate_does_without() -> None:
    alone = _column("lat", "float8", "N")
    assert choices(Verdict("lat_lon", 0.9, ""), alone, around=beside(alone, [alone], ()))[0].transform == (
        "number_noise"
    )


def test_traits_are_dealt_out_by_the_key() -> None:
    table = [_column("id", "int8", "N", not_null=True), _column("religion", not_null=True)]
    around = beside(table[1], table, [("id",)])
    best = choices(Verdict("demographic", 0.9, ""), table[1], around=around)[0]
    assert (best.transform, best.params) == ("shuffle", {"by": "id", "alone": "keep"})
    assert choices(Verdict("demographic", 0.9, ""), table[1], around=None)[0].transform == "scramble"


def test_keys_that_are_values_do_not_come_into_paths() -> None:
    texts = ['{"anna@mail-of-hers.net": 3, "bob@mail-of-his.org": 1}', '{"carl.gustav@mail-of-his.org": 2}']
    found = read_documents(texts, "scores", Surroundings())
    assert [part.path for part in found.parts] == ["$.*"]
    assert found.personal_keys
    names = read_documents(['{"Elisabeth": 3}'] * 3, "scores", Surroundings())
    assert all("Elisabeth" not in part.path for part in names.parts)
    fields = read_documents(['{"email": "a@mail-of-hers.net", "city": "Bonn", "total": 3}'] * 3, "data", Surroundings())
    assert sorted(part.path for part in fields.parts) == ["$.city", "$.email", "$.total"]


def test_keys_that_many_objects_have_are_fields_in_any_script_and_form() -> None:
    texts = [
        f'{{"電話": "03-1234-{n:04}", "Phone No.": "+49 30 901{n:05}", "X-User": {{"e-mail": "p{n}@mail-of-hers.net"}},'
        f' "Anna Schmidt": 1, "row {n:05}": "x"}}'
        for n in range(20)
    ]
    found = {part.path: part.verdict.category for part in read_documents(texts, "data", Surroundings()).parts}
    assert set(found) == {"$.*", "$.*.*"}  # keys that are data make the others doubtful
    plain = [text.split(', "Anna')[0] + "}" for text in texts]
    found = {part.path: part.verdict.category for part in read_documents(plain, "data", Surroundings()).parts}
    assert found == {"$['電話']": "phone", "$['Phone No.']": "phone", "$['X-User']['e-mail']": "email"}


def test_sizes_are_of_people_where_rows_are_of_people_only() -> None:
    sizes = _few("38", "39", "40", "41")
    column = _column("shoe_uk", "int4", "N")
    assert classify(column, sizes, Surroundings(linked=True, table="extras_sizes")).category == "demographic"
    assert classify(column, sizes, Surroundings(kind="person", table="employees")).category == "demographic"
    assert classify(column, sizes, Surroundings(kind="thing", table="products", linked=True)).category is None
    assert classify(column, sizes, Surroundings(table="order_lines")).category is None
