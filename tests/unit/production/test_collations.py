"""Whether two databases sort alike, from the rows that versions of Postgres describe them by."""

from __future__ import annotations

import pytest
from psycopg import sql

from testdata_assets.postgres.identifiers import TableName
from testdata_assets.production.collations import Collation

LIBC = {"datlocprovider": "c", "datcollate": "en_US.UTF-8", "datctype": "en_US.UTF-8"}
OLD = {"datcollate": "en_US.utf8", "datctype": "en_US.utf8"}  # Postgres 14
C_14 = {"datcollate": "C", "datctype": "C"}
BUILTIN = {"datlocprovider": "b", "datcollate": "C", "datctype": "C", "datlocale": "C.UTF-8"}
ICU_15 = {"datlocprovider": "i", "datcollate": "C", "datctype": "C", "daticulocale": "en-US"}
ICU_17 = {"datlocprovider": "i", "datcollate": "en_US.UTF-8", "datctype": "C", "datlocale": "en-US"}
ICU_RULES = {**ICU_17, "daticurules": "&a < b"}


@pytest.mark.parametrize(
    ("one", "other", "alike"),
    [
        (LIBC, OLD, True),
        (LIBC, C_14, False),
        (C_14, BUILTIN, True),
        (LIBC, BUILTIN, False),
        (ICU_15, ICU_17, True),
        (ICU_15, ICU_RULES, False),
        (ICU_15, C_14, False),
        (ICU_17, LIBC, False),
    ],
)
def test_defaults(one: dict[str, str], other: dict[str, str], alike: bool) -> None:
    first, second = Collation.default_of(one), Collation.default_of(other)
    assert first.sorts_like(second) is second.sorts_like(first) is alike


def test_a_collation_is_made_again_as_it_was() -> None:
    name = TableName("public", "blind")
    row = {
        "collprovider": "i",
        "collcollate": "und-u-ks-level2",
        "collctype": "und-u-ks-level2",
        "collisdeterministic": False,
    }
    for facts in (row, {**row, "collcollate": None, "collctype": None, "colllocale": "und-u-ks-level2"}):
        made = Collation.made(name, facts)
        assert str(made) == "public.blind (icu und-u-ks-level2, nondeterministic)"
        assert not made.deterministic
    libc = Collation.made(
        name, {"collprovider": "c", "collcollate": "de_DE", "collctype": "C", "collisdeterministic": True}
    )
    text = libc.creation(sql.SQL("x")).as_string()
    assert text == "CREATE COLLATION x (provider = \"libc\", lc_collate = 'de_DE', lc_ctype = 'C')"
