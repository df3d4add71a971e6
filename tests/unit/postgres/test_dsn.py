"""DSNs never print their password."""

from __future__ import annotations

import pytest
from psycopg.conninfo import conninfo_to_dict

from testdata_assets.errors import UsageFault
from testdata_assets.postgres.dsn import Dsn

SECRETS = ["s3cr3t", "p@ss:w/rd?#%", "żółć 'quote'"]


@pytest.mark.parametrize("password", SECRETS)
def test_round_trips_and_hides_the_password(password: str) -> None:
    dsn = Dsn.of(host="127.0.0.1", port=5432, user="us er", password=password, dbname="My DB")
    assert conninfo_to_dict(dsn.secret())["password"] == password
    assert Dsn.from_string(dsn.secret()) == dsn
    assert Dsn.from_string(dsn.conninfo()) == dsn
    for shown in (str(dsn), repr(dsn), dsn.redacted(), f"{dsn}", dsn.conninfo_without_password()):
        assert password not in shown


def test_socket_folder_and_options_survive() -> None:
    dsn = Dsn.of(host="/run/pg", user="u", password="p", dbname="d").with_options("-c a=b")
    again = Dsn.from_string(dsn.secret())
    assert again.host == "/run/pg"
    assert conninfo_to_dict(again.secret())["options"] == "-c a=b"


def test_an_unparsable_dsn_is_not_repeated() -> None:
    with pytest.raises(UsageFault) as caught:
        Dsn.from_string("postgresql://u:hunter2@[bad", where="TESTDATA_SOURCE_DSN")
    assert "hunter2" not in str(caught.value)
    assert caught.value.where == "TESTDATA_SOURCE_DSN"
