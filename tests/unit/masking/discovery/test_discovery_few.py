"""Few values that repeat: codes and states stay, a small staff's logins and what says something intimate do not."""

from __future__ import annotations

import pytest

from testdata_assets.masking.discovery.beside import Beside
from testdata_assets.masking.discovery.choose import choices
from testdata_assets.masking.discovery.classify import Surroundings, Verdict, classify
from testdata_assets.masking.discovery.names import read_name
from testdata_assets.masking.discovery.sensitive import sensitive_category
from testdata_assets.masking.discovery.values import Values, is_amount, looks_like_phone, surely_phone
from testdata_assets.production.catalog import Column

LINKED = Surroundings(linked=True, table="things_done")


def judged(name: str, *values: str, around: Surroundings = LINKED) -> Verdict:
    return classify(Column(name, "text", "text", "S"), Values.of(values, 100 * len(values)), around)


@pytest.mark.parametrize("name", ["wobble", "who", "updated_by", "analyst", "owner_label", "relationship_mgr"])
def test_logins_of_a_small_staff_are_personal(name: str) -> None:
    assert judged(name, "m.rossi", "j.smith", "batch", "l.brown").category == "username"


@pytest.mark.parametrize("name", ["who", "updated_by", "owner_label", "LstUpdUsr"])
def test_somebody_is_somebody_though_no_dictionary_knows_the_login(name: str) -> None:
    assert judged(name, "qvx", "zzar", "wms").category in ("username", "person_name")


@pytest.mark.parametrize("name", ["who", "updated_by", "owner", "reporter"])
def test_kinds_of_actors_are_nobody(name: str) -> None:
    assert judged(name, "system", "api", "import", "admin").category is None


@pytest.mark.parametrize(
    "values", [("open", "closed", "on hold"), ("red", "green", "brown", "white"), ("A1", "B2"), ("footer", "popup")]
)
def test_codes_and_states_stay(values: tuple[str, ...]) -> None:
    assert judged("wobble", *values).category is None


def test_known_first_names_of_a_small_staff() -> None:
    assert judged("wobble", "Maria", "Stefan", "Laura", "Thomas").category == "person_name"
    of_things = Surroundings(kind="thing", table="products")
    assert judged("wobble", "Maria", "Stefan", "Laura", "Thomas", around=of_things).category is None


def test_names_beat_a_harmless_word() -> None:
    assert judged("badge_code", "Maria Schmidt", "Stefan Bauer", "Laura Wagner").category == "person_name"


@pytest.mark.parametrize(
    ("values", "category"),
    [
        (("CP", "RTT", "maladie", "maternité"), "health"),
        (("A+", "O-", "AB+", "B+"), "health"),
        (("migraine", "Burnout", "other"), "health"),
        (("röm.-kath.", "evangelisch", "keine"), "demographic"),
        (("verheiratet", "ledig", "geschieden"), "demographic"),
        (("paid", "open", "invalid"), None),
    ],
)
def test_special_categories_by_their_values(values: tuple[str, ...], category: str | None) -> None:
    assert sensitive_category(values) == category
    assert judged("wobble", *values).category == category


def test_family_names_in_any_case_are_told_by_the_phrase_around_them() -> None:
    files = tuple(f"gone, see file {name}" for name in ("MEIER", "okafor", "Dupont"))
    assert judged("wobble", "retired", "end of contract", "resigned by letter", *files).category == "free_text"
    assert judged("wobble", "second class", "first class", "same day class", "home day class").category is None


def test_a_list_of_illnesses_is_no_patients() -> None:
    of_list = Surroundings(bare=True, lookup=True, table="conditions_ref")
    assert judged("wobble", "Migraine", "Hypertension", "Asthma", around=of_list).category is None


def test_enumerated_categories_are_shuffled_by_the_key() -> None:
    column = Column("wobble", "text", "text", "S")
    verdict = judged("wobble", "maladie", "maternité", "CP")
    assert verdict.few
    assert choices(verdict, column, around=Beside(key=("id",)))[0].transform == "shuffle"


@pytest.mark.parametrize("amount", ["000000123.45", "0000012,50", "1.234,50", "12.5"])
def test_amounts_are_no_phones(amount: str) -> None:
    assert is_amount(amount)
    assert not looks_like_phone(amount)


@pytest.mark.parametrize("phone", ["06.12.34.56.78", "0049 30 901820", "(030) 901820", "020 7946 0958"])
def test_phones_are(phone: str) -> None:
    assert not is_amount(phone)
    assert surely_phone(phone)


def test_noughts_before_a_number_name_no_country() -> None:
    assert not surely_phone("0000000042")


def test_texts_of_amounts_and_of_months_stay() -> None:
    amounts = tuple(f"{number:012.2f}" for number in range(0, 5000, 71))
    assert classify(Column("wobble", "text", "text", "S"), Values.of(amounts), Surroundings()).category is None
    assert judged("exp", "01/27", "11/28", "06/26").category is None


def test_pay_is_told_by_the_table_and_a_share_is_no_amount() -> None:
    paid = Surroundings(linked=True, pay=True, table="bulletin")
    amounts = Values.of([f"{number}.50" for number in range(1500, 1600)])
    for name in ("brut", "net", "gross", "wobble"):
        assert classify(Column(name, "numeric", "numeric", "N"), amounts, paid).category == "financial"
    shares = Values.of([f"{number}.50" for number in range(20, 90)] + ["100.00"])
    people = Surroundings(kind="person", table="employees")
    assert classify(Column("wobble", "numeric", "numeric", "N"), shares, people).category is None


@pytest.mark.parametrize(
    ("name", "category"),
    [
        ("ethnic_cd", "demographic"),
        ("blood_grp", "health"),
        ("owner_label", "person_name"),
        ("issued_by", None),
        ("tipo_cliente", None),
        ("status_label", None),
    ],
)
def test_names(name: str, category: str | None) -> None:
    sign = read_name(name)
    assert (sign.category if sign else None) == category
