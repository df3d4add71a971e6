"""Of a server's message only the missing library is read."""

from __future__ import annotations

import psycopg

from testdata_assets.postgres.extensions import Unusable, _read


def test_the_missing_library_is_named_and_nothing_else() -> None:
    error = psycopg.errors.UndefinedFile(
        'could not load library "/srv/secret/uuid-ossp.so": libossp-uuid.so.16: cannot open shared object file'
    )
    found = _read("uuid-ossp", error)
    assert found == Unusable("uuid-ossp", "libossp-uuid.so.16", "SQLSTATE 58P01")
    assert "secret" not in str(found)
    assert found.remedy == "apt-get install libossp-uuid16"


def test_other_messages_are_told_by_their_state() -> None:
    found = _read("x", psycopg.errors.ObjectNotInPrerequisiteState("x must be preloaded for 'somebody'"))
    assert str(found) == "extension x (SQLSTATE 55000)"
    assert found.remedy is None
