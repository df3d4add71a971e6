"""Sealing: opens with the same key and name, and with nothing else."""

from __future__ import annotations

import pytest
from pydantic import SecretStr

from testdata_assets.branches.sealing import seal, unseal
from testdata_assets.errors import EnvironmentLack

KEY, OTHER_KEY = b"k" * 32, b"o" * 32
PASSWORD = SecretStr("p4ssw0rd-ÿ")


def test_round_trip() -> None:
    assert unseal(seal(PASSWORD, "pr-1", KEY), "pr-1", KEY).get_secret_value() == "p4ssw0rd-ÿ"


def test_sealed_value_does_not_show_the_password_and_never_repeats() -> None:
    first, second = seal(PASSWORD, "pr-1", KEY), seal(PASSWORD, "pr-1", KEY)
    assert first != second
    assert b"p4ssw0rd" not in first


def test_key_longer_than_32_bytes_works() -> None:
    assert unseal(seal(PASSWORD, "x", b"l" * 50), "x", b"l" * 50) == PASSWORD


@pytest.mark.parametrize(("name", "key"), [("pr-2", KEY), ("pr-1", OTHER_KEY)])
def test_another_branch_or_key_does_not_open_it(name: str, key: bytes) -> None:
    sealed = seal(PASSWORD, "pr-1", KEY)
    with pytest.raises(EnvironmentLack) as lack:
        unseal(sealed, name, key)
    assert lack.value.error_code == "branch-password"
    assert "p4ssw0rd" not in str(lack.value)


@pytest.mark.parametrize("position", [0, 1, 13, -1])
def test_a_changed_byte_does_not_open(position: int) -> None:
    sealed = bytearray(seal(PASSWORD, "pr-1", KEY))
    sealed[position] ^= 1
    with pytest.raises(EnvironmentLack):
        unseal(bytes(sealed), "pr-1", KEY)


@pytest.mark.parametrize("sealed", [b"", b"\x01", b"\x01" + b"n" * 12])
def test_truncated_values_do_not_open(sealed: bytes) -> None:
    with pytest.raises(EnvironmentLack):
        unseal(sealed, "pr-1", KEY)


def test_a_short_key_is_refused() -> None:
    with pytest.raises(EnvironmentLack) as lack:
        seal(PASSWORD, "pr-1", b"short")
    assert lack.value.error_code == "store-key"
