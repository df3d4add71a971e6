"""The document of a branch, and that it holds no password unless asked for."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from testdata_assets.branches.providers import open_provider
from testdata_assets.branches.registry import Branch
from testdata_assets.errors import RefusedError
from testdata_assets.postgres.dsn import Dsn
from testdata_assets.postgres.places import Places
from testdata_assets.settings import Settings


def _branch(**facts: Any) -> Branch:
    base: dict[str, Any] = {
        "branch_id": 1,
        "name": "pr-1",
        "golden_id": "g1",
        "provider": "postgres",
        "database_name": "branch_pr-1",
        "role_name": "branch_pr-1",
        "status": "ready",
        "created_at": datetime(2026, 1, 2, tzinfo=UTC),
        "expires_at": datetime(2026, 1, 9, tzinfo=UTC),
        "password_sealed": b"sealed-bytes",
        "seconds": 0.12345,
        "copy_on_write": True,
        "copy_on_write_evidence": "fiemap",
        "size": 42,
    }
    return Branch(**{**base, **facts})


def test_document_holds_what_the_command_line_promises() -> None:
    document = _branch().as_json()
    assert {"name", "golden_id", "seconds", "copy_on_write", "expires_at", "status"} <= document.keys()
    assert document["expires_at"] == "2026-01-09T00:00:00+00:00"
    assert document["copy_on_write_evidence"] == "fiemap"
    json.dumps(document)


def test_url_and_password_only_when_asked_for() -> None:
    dsn = Dsn.of(host="h", user="branch_pr-1", password="s3cret", dbname="branch_pr-1")
    assert "url" not in _branch().as_json()
    assert "s3cret" in _branch().as_json(dsn)["url"]


def test_neither_document_nor_repr_shows_the_sealed_password() -> None:
    assert "sealed" not in repr(_branch())
    assert "sealed" not in json.dumps(_branch().as_json())


def test_unmeasured_is_reported_as_a_full_copy() -> None:
    document = _branch(copy_on_write=None, copy_on_write_evidence=None).as_json()
    assert (document["copy_on_write"], document["copy_on_write_evidence"]) == (False, "unmeasured")


@pytest.mark.parametrize("provider", ["neon", "dblab"])
def test_providers_that_are_not_built_are_refused(provider: str) -> None:
    settings = Settings.model_validate({"provider": provider, "server_dsn": "postgresql://x/y"})
    with pytest.raises(RefusedError) as refusal:
        open_provider(settings, Places(settings), "1/2")
    assert refusal.value.error_code == "provider-unavailable"
    assert provider in refusal.value.what
