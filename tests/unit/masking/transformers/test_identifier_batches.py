"""Identifiers of real forms: a mask hangs on the value alone, and on its folded form where case does not count."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from testdata_assets.masking.transformers import registry
from testdata_assets.masking.transformers.base import Uniqueness

Mask = Callable[..., list[str]]
VALUES = {
    "bic": ["DEUTDEFF", "DEUTDEFFXXX", "DEUTDEFF500", "BNPAFRPP", "nothing"],
    "iban": ["GB82 WEST 1234 5698 7654 32", "DE89370400440532013000", "FR1420041010050500013M02606", "DE00"],
    "licence_plate": ["M-AB 123", "LX12 ABC", "京A·12345", "007"],
    "mac": ["08:00:2b:01:02:03", "02-AB-CD-EF-01-02", "0800.2b01.0203", "08:00:2b:ff:fe:01:02:03", "x"],
    "national_id": ["131052-308T", "RCCMNL83S18D969H", "11010519491231002X", "54362315K", "123-45-6789",
                    "123.456.789-09", "AB 12 34 56 C", "2 55 08 14 168 025 38", "44051401359", "12345678901"],
    "passport": ["C01X00T47", "123456789", "AB 1234567"],
    "secret": ["AKIAIOSFODNN7EXAMPLE", "ghp_aB3dE5gH7jK9mN1pQ3sT5vW7yZ9bC2dF4gH6", "hunter2",
               "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJqYW5lIn0.aB3dE5gH7jK9mN1pQ3sT5vW7yZ9bC2dF4gH6jK8mN1p",
               "$2b$12$R9h/cIPz0gi.URNNX3kh2OPST9/PgBkqquzi.Ss7KIUgO2t0jWMUW", "0123456789abcdef0123456789abcdef"],
    "tax_id": ["DE136695976", "ATU13585627", "12-3456789", "16.727.230/0001-97", "CHE-107.787.577 IVA", "none"],
    "user_agent": ["curl/7.88.1", "Mozilla/5.0 (X11; Linux x86_64; rv:115.0) Gecko/20100101 Firefox/115.0", "own app"],
    "uuid": ["6ba7b810-9dad-41d1-80b4-00c04fd430c8", "{6BA7B810-9DAD-41D1-80B4-00C04FD430C8}",
             "urn:uuid:6ba7b810-9dad-41d1-80b4-00c04fd430c8", "6ba7b8109dad41d180b400c04fd430c9", "n/a"],
}  # fmt: skip


@pytest.mark.parametrize("name", sorted(VALUES))
def test_neighbours_order_and_blocks_do_not_show(mask: Mask, name: str):
    values = VALUES[name]
    alone = [mask(name, [value])[0] for value in values]
    assert mask(name, values) == alone
    assert mask(name, values[::-1]) == alone[::-1]
    many = [f"filler {number}" for number in range(8190)] + values
    assert mask(name, many)[8190:] == alone
    assert not set(alone) & set(values)


@pytest.mark.parametrize("name", sorted(VALUES))
def test_case_does_not_count_in_folded_domains(mask: Mask, name: str):
    for value in VALUES[name]:
        variants = [value, value.upper(), value.lower(), value.swapcase()]
        assert len({masked.lower() for masked in mask(name, variants, fold=True)}) == 1


@pytest.mark.parametrize("name", sorted(VALUES))
def test_narrow_columns_hold_every_mask(mask: Mask, name: str):
    for base_type in ("varchar", "bpchar"):
        limit = max(map(len, VALUES[name]))
        values = [value.ljust(limit) if base_type == "bpchar" else value for value in VALUES[name]]
        masked = mask(name, values, base_type=base_type, limit=limit)
        assert all(len(each) <= limit for each in masked)
        if name != "user_agent" and base_type == "bpchar":
            assert [each.rstrip() for each in masked] == mask(name, VALUES[name])


@pytest.mark.parametrize("name", sorted(VALUES))
def test_forms_and_other_texts_never_meet(mask: Mask, name: str):
    if registry.get(name).guarantees.uniqueness is Uniqueness.LOSSY:
        pytest.skip("distinct values may become equal")
    values = VALUES[name]
    near = [value[:-1] + symbol for value in values for symbol in "0123456789abcXYZ"] + [
        value + "1" for value in values
    ]
    batch = sorted({*values, *near})
    assert len(set(mask(name, batch, params={"country": "PL"} if name == "national_id" else {}))) == len(batch)
