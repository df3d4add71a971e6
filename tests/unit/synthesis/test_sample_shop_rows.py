"""The sample's rows: repeatable, and with everything real users do to a database."""

from __future__ import annotations

import hashlib
import ipaddress
import json
import re
import unicodedata
from collections.abc import Iterator
from typing import Any

import numpy as np
import phonenumbers
import polars as pl
import pytest

from testdata_assets.errors import UsageFault
from testdata_assets.synthesis.sample_shop.copy_text import copy_blocks
from testdata_assets.synthesis.sample_shop.notable import LONG_COMPANY, NOTABLES
from testdata_assets.synthesis.sample_shop.shop import TableSource, build_shop

SCALE = 0.03
EMAIL = re.compile(r"[^@\s]{1,64}@[a-z0-9-]+(\.[a-z0-9-]+)+", re.IGNORECASE)


def digest(sources: tuple[TableSource, ...]) -> dict[str, str]:
    found = {}
    for source in sources:
        whole = hashlib.sha256()
        for frame in source.frames():
            whole.update(",".join(frame.columns).encode())
            for block in copy_blocks(frame):
                whole.update(block)
        found[source.name] = whole.hexdigest()
    return found


@pytest.fixture(scope="module")
def sources() -> tuple[TableSource, ...]:
    return build_shop(SCALE, 20)


@pytest.fixture(scope="module")
def tables(sources: tuple[TableSource, ...]) -> dict[str, pl.DataFrame]:
    frames: dict[str, list[pl.DataFrame]] = {}
    for source in sources:
        frames.setdefault(source.root, []).extend(source.frames())
    return {root: pl.concat(parts) for root, parts in frames.items()}


def test_same_seed_same_bytes_whatever_was_made_before(sources: tuple[TableSource, ...]) -> None:
    before = digest(sources)
    build_shop(0.05, 3)
    again = tuple(reversed(build_shop(SCALE, 20)))  # nor does the order of tables matter
    assert digest(again) == before


def test_another_seed_makes_other_rows(sources: tuple[TableSource, ...]) -> None:
    here, there = digest(sources), digest(build_shop(SCALE, 21))
    constant = {"categories"}
    assert {name for name in here if here[name] == there[name]} == constant


@pytest.mark.parametrize(("scale", "seed"), [(0, 20), (-1, 20), (101, 20), (float("nan"), 20), (0.1, -1)])
def test_bad_scale_or_seed_is_a_usage_fault(scale: float, seed: int) -> None:
    with pytest.raises(UsageFault):
        build_shop(scale, seed)


def test_every_notable_person_is_there(tables: dict[str, pl.DataFrame]) -> None:
    names = set(tables["users"]["full_name"])
    assert {one.full_name for one in NOTABLES} <= names


@pytest.mark.parametrize(
    "pattern",
    [
        r"\w'\w",  # O'Brien
        r"\w’\w",
        r"\w-\w",
        r"\b(van der|de la|von|dos|Di) ",
        r"\p{Cyrillic}",
        r"\p{Greek}",
        r"\p{Han}",
        r"\p{Hiragana}",
        r"\p{Katakana}",
        r"\p{Arabic}",
        r"\p{Hangul}",
        r"\p{Hebrew}",
        r"\p{Devanagari}",
        r"\p{Emoji_Presentation}",
        "\u200d",  # a joined emoji
        "\u0301",  # a decomposed accent
        r'"',
        r"\\",
        r"  ",
        r"^\S$",
        r"^[[:upper:]' .-]+$",
        r"^[[:lower:]' .-]+$",
        r"ß",
    ],
)
def test_full_names_have(tables: dict[str, pl.DataFrame], pattern: str) -> None:
    names = tables["users"]["full_name"]
    assert names.str.contains(pattern).any()


def test_companies_reach_the_columns_limit(tables: dict[str, pl.DataFrame]) -> None:
    companies = tables["users"]["company"]
    assert companies.str.len_chars().max() == 300 == len(LONG_COMPANY)
    assert 0 < companies.null_count() < len(companies)


def test_emails_are_valid_and_unique_whatever_the_case(tables: dict[str, pl.DataFrame]) -> None:
    emails = tables["users"]["email"]
    assert all(EMAIL.fullmatch(email) for email in emails)
    assert emails.str.to_lowercase().n_unique() == len(emails)
    assert emails.str.contains(r"\+\w+@").sum() >= 5
    assert emails.str.contains("'").any()
    assert (emails != emails.str.to_lowercase()).sum() >= 10
    assert emails.str.split("@").list.get(0).str.len_chars().max() == 64


def test_emails_differ_only_in_case_between_tables_but_never_in_a_key(tables: dict[str, pl.DataFrame]) -> None:
    login = set(tables["users"]["email"])
    lower = {email.lower() for email in login}
    subscribed = tables["newsletter_subscribers"]["email"]
    assert subscribed.str.to_lowercase().n_unique() == len(subscribed)
    for column in (subscribed, tables["orders"]["contact_email"], tables["subscriptions"]["billing_email"]):
        recased = [email for email in column.drop_nulls() if email not in login and email.lower() in lower]
        assert recased
    outsiders = [email for email in subscribed if email.lower() not in lower]
    assert outsiders


def test_usernames_are_unique_whatever_the_case(tables: dict[str, pl.DataFrame]) -> None:
    usernames = tables["users"]["username"]
    assert usernames.str.to_lowercase().n_unique() == len(usernames)
    assert (usernames != usernames.str.to_lowercase()).any()
    assert usernames.str.len_chars().max() <= 40


def test_phones_are_valid_numbers_of_many_countries(tables: dict[str, pl.DataFrame]) -> None:
    users = tables["users"].filter(pl.col("phone").fill_null("") != "")
    kinds = set()
    shared = 0
    for phone, country in users.select("phone", "country").iter_rows():
        parsed = phonenumbers.parse(phone, country)
        if phonenumbers.is_valid_number(parsed):
            kinds.add(parsed.country_code)
        else:
            shared += 1  # a family member's national form, read as another country's
    assert len(kinds) >= 15
    assert shared <= 0.02 * users.height
    assert tables["users"]["phone"].null_count() > 0
    assert (tables["users"]["phone"] == "").any()
    assert users["phone"].n_unique() < users.height  # families share


def test_cards_pass_luhn_with_and_without_blanks(tables: dict[str, pl.DataFrame]) -> None:
    cards = tables["payments"]["card_number"].drop_nulls()
    assert cards.str.contains(" ").any()
    bare = cards.str.replace_all(" ", "").unique()
    assert set(bare.str.len_chars()) == {15, 16}
    for card in bare:
        figures = [int(figure) for figure in reversed(card)]
        doubled = [sum(divmod(2 * figure, 10)) for figure in figures[1::2]]
        assert (sum(figures[::2]) + sum(doubled)) % 10 == 0


def test_addresses_are_ip_addresses(tables: dict[str, pl.DataFrame]) -> None:
    parsed = [ipaddress.ip_address(text) for text in tables["users"]["last_login_ip"].drop_nulls()]
    assert {ip.version for ip in parsed} == {4, 6}
    assert not any(ip.is_private for ip in parsed)


def test_four_orders_in_five_come_from_one_country(tables: dict[str, pl.DataFrame]) -> None:
    share = (tables["orders"]["ship_country"] == "US").mean()
    assert share == pytest.approx(0.8, abs=0.06)
    assert tables["orders"]["ship_country"].n_unique() >= 10


def test_orders_per_user_have_a_long_tail(tables: dict[str, pl.DataFrame]) -> None:
    counts = tables["orders"]["user_id"].value_counts()["count"].sort(descending=True)
    assert counts[0] > 10 * counts.median()
    assert counts.head(len(counts) // 5).sum() > 0.5 * counts.sum()
    assert len(counts) < tables["users"].height  # some never ordered


def test_totals_add_up(tables: dict[str, pl.DataFrame]) -> None:
    lines = tables["order_items"].select(
        "order_id", line=(pl.col("quantity") * pl.col("unit_price") - pl.col("discount")).round(2)
    )
    goods = lines.group_by("order_id").agg(pl.col("line").sum().round(2))
    joined = tables["orders"].join(goods, left_on="id", right_on="order_id", validate="1:1")
    shipping = (joined["total"] - joined["line"]).round(2)
    assert set(shipping.unique()) <= {0.0, 4.99}
    assert joined.height == tables["orders"].height


def test_some_payments_succeed_partially(tables: dict[str, pl.DataFrame]) -> None:
    payments = tables["payments"]
    partial = payments.filter(pl.col("status") == "partially_succeeded")
    assert partial.height >= 10
    assert (partial["captured_amount"] < partial["amount"]).all()
    assert (partial["captured_amount"] > 0).any()
    assert set(payments["status"]) == {"pending", "succeeded", "partially_succeeded", "failed", "refunded"}
    assert payments["order_id"].n_unique() < payments.height  # more than one attempt for some


def test_payments_stay_inside_their_partitions(sources: tuple[TableSource, ...]) -> None:
    for source in sources:
        if source.root == "payments":
            months = pl.concat(list(source.frames()))["paid_at"].dt.strftime("%Y_%m").unique().to_list()
            if source.name == "payments_before_2025":
                assert max(months) < "2025_01"
            else:
                assert months == [source.name.removeprefix("payments_")]


def test_local_times_are_not_utc(tables: dict[str, pl.DataFrame]) -> None:
    orders = tables["orders"]
    assert (orders["placed_at"] != orders["placed_local"]).mean() > 0.9
    assert orders["time_zone"].n_unique() >= 10
    seen = [document.get("last_seen") for document in documents(tables["users"]["preferences"])]
    offsets = {text[-6:] for text in seen if text}
    assert {"+05:30", "-05:00"} <= offsets


def test_tickets_quote_their_own_customer(tables: dict[str, pl.DataFrame]) -> None:
    users = tables["users"].select("id", "full_name", "email", "phone")
    tickets = tables["support_tickets"].join(users, left_on="user_id", right_on="id")
    text = tickets["subject"] + "\n" + tickets["body"]
    for column in ("full_name", "email", "phone"):
        quoted = [bool(value) and value in body for value, body in zip(tickets[column], text.to_list(), strict=True)]
        assert np.mean(quoted) > 0.2, column


@pytest.mark.parametrize("part", ["\t", "\n", "\r\n", "\\", "\\.\n", "\\N", '"', "'", "<p>", "您好", "😡", "مرحبا"])
def test_some_ticket_holds(tables: dict[str, pl.DataFrame], part: str) -> None:
    assert tables["support_tickets"]["body"].str.contains(part, literal=True).any()


def documents(column: pl.Series) -> list[dict[str, Any]]:
    return [json.loads(text) for text in column.drop_nulls()]


def leaves(value: Any, path: str = "$") -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from leaves(inner, f"{path}.{key}")
    elif isinstance(value, list):
        for inner in value:
            yield from leaves(inner, f"{path}[*]")
    else:
        yield path, value


def test_preferences_nest_contact_data_of_all_kinds(tables: dict[str, pl.DataFrame]) -> None:
    column = tables["users"]["preferences"]
    assert column.null_count() > 0
    assert (column == "{}").any()
    found: dict[str, set[str]] = {}
    for document in documents(column):
        for path, value in leaves(document):
            found.setdefault(path, set()).add(str(value))
    emails = {email.lower() for email in tables["users"]["email"]}
    assert all(email.lower() in emails for email in found["$.contact.backup_emails[*]"])
    assert all(email.lower() in emails for email in found["$.contact.email"])
    names = set(tables["users"]["full_name"])
    assert found["$.emergency_contacts[*].name"] & names
    assert any(any(name in search for name in names) for search in found["$.recent_searches[*]"])


def test_audit_log_remembers_old_and_new_addresses(tables: dict[str, pl.DataFrame]) -> None:
    log = tables["audit_log"]
    changed = log.filter(pl.col("new_email").is_not_null())
    by_id = dict(tables["users"].select("id", "email").iter_rows())
    assert all(by_id[row] == email for row, email in changed.select("row_id", "new_email").iter_rows())
    assert set(changed["old_email"]) - set(by_id.values())
    assert set(log["changed_by"].drop_nulls()) <= set(tables["employees"]["email"])


def test_empty_strings_nulls_and_duplicates_occur(tables: dict[str, pl.DataFrame]) -> None:
    for table, column in (("users", "bio"), ("addresses", "street2"), ("orders", "note"), ("subscriptions", "notes")):
        values = tables[table][column]
        assert (values == "").any(), f"{table}.{column}"
        assert values.null_count() > 0, f"{table}.{column}"
        assert values.drop_nulls().n_unique() < len(values.drop_nulls()), f"{table}.{column}"


def test_employees_form_a_tree(tables: dict[str, pl.DataFrame]) -> None:
    managers = dict(tables["employees"].select("id", "manager_id").iter_rows())
    assert [one for one, manager in managers.items() if manager is None] == [1]
    assert all(manager is None or manager < one for one, manager in managers.items())
    assert tables["employees"]["email"].str.to_lowercase().n_unique() == len(managers)


def test_a_subscription_is_claimed_and_redeemed_by_its_key(tables: dict[str, pl.DataFrame]) -> None:
    claims = set(tables["coupon_claims"].select("subscriber_email", "coupon_code").iter_rows())
    assert len(claims) == tables["coupon_claims"].height
    redeemed = set(tables["coupon_redemptions"].select("subscriber_email", "coupon_code").iter_rows())
    assert redeemed
    assert redeemed <= claims


def test_text_is_nfc_except_where_meant(tables: dict[str, pl.DataFrame]) -> None:
    odd = {name for name in tables["users"]["full_name"] if unicodedata.normalize("NFC", name) != name}
    assert odd == {one.full_name for one in NOTABLES if "\u0301" in one.full_name}
