"""full_address: whole addresses, coherent and invented. Their parts are in test_address.py."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from pydantic import ValidationError

from testdata_assets.masking.transformers import registry

Mask = Callable[..., list[Any]]
KEY = b"a key of the tests, 32 bytes long"

WRITTEN = {
    "12 Main St, Springfield, IL 62701": r"\d+ \w+ \w+, [\w ]+, [A-Z]{2} \d{5}, United States",
    "12 Main St\nLondon SW1A 1AA\nUnited Kingdom": r"\d+ \w+ \w+\n\w+ [A-Z]{1,2}\d \d[A-Z]{2}\nUnited Kingdom",
    "12 Main St\nLondon SW1A 1AA": r"\d+ \w+ \w+\n\w+ [A-Z]{1,2}\d \d[A-Z]{2}",
    "Hauptstraße 5, 10115 Berlin": r"\w+ \d+, \d{5} \w+",
    "Rue de la Paix 5\r\n75002 Paris": r"\d+ \w+ \w+\r\n\d{5} \w+",
    "HAUPTSTRASSE 5, BERLIN, DE": r"[A-ZÄÖÜß]+ \d+, \d{5} [A-ZÄÖÜ]+, DEUTSCHLAND",
    "ул. Ленина, д. 5, Москва": r"\S+ \w+, д. \d+, \d{6} [\w-]+, Россия",
    "東京都新宿区西新宿2-8-1": r"\w+町\d+番地 〒\d{3}-\d{4} \w+",
    "北京市朝阳区建国路88号": r"\w+\d+号 \d{6} \w+",
    "서울특별시 강남구 테헤란로 152": r"\w+ \d+ \w+ \d{5}",
    "Calle Mayor 1 Madrid": r"\w+ \w+ \d+ \d{5} \w+",
    "ul. Prosta 1\n00-838 Warszawa\nPolska": r"\w+\. \w+ \d+\n\d\d-\d{3} \w+\nPolska",
    "Ann Lee\nAcme Ltd\nFloor 5\n1 Elm Road\nLeeds": r"\w+\n\d*[^\n]+\n\w+\n[^\n]+\n[^\n]+",
}


def test_whole_addresses_keep_country_script_and_lines(mask: Mask):
    for key in (KEY, b"k" * 32, b"x" * 32):
        for (value, form), masked in zip(WRITTEN.items(), mask("full_address", list(WRITTEN), key=key), strict=True):
            assert re.fullmatch(form, masked), (value, masked)
    (long,) = mask("full_address", ["x\n" * 100 + "y"])
    assert long.count("\n") == 63


def test_the_default_country_is_for_addresses_that_show_none(mask: Mask):
    shown, hidden = mask("full_address", ["5 Elm, London SW1A 1AA", "somewhere 5, there"], params={"country": "de"})
    assert re.search(r"[A-Z]{1,2}\d \d[A-Z]{2}$", shown)
    assert re.fullmatch(r"\w+ \d+, \d{5} \w+", hidden, re.IGNORECASE)
    with pytest.raises(ValidationError, match="known countries are"):
        registry.build("full_address", {"country": "XX"})


def test_whole_addresses_differ_by_key_domain_and_value(mask: Mask):
    values = [f"{number} Elm Street, Leeds" for number in range(300)]
    found = mask("full_address", values)
    assert len(set(found)) == 300
    assert not set(found) & set(mask("full_address", values, domain="other"))
    assert not set(found) & set(mask("full_address", values, key=b"k" * 32))
    assert max(map(len, mask("full_address", values, base_type="varchar", limit=20))) <= 20
