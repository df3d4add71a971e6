"""Sealing of branch passwords for the registry: AES-256-GCM under a key derived from `STORE_KEY`.

The branch's name is associated data, so a sealed password copied to another row does not open. A fresh key
is derived for this use alone (HKDF-SHA256, RFC 5869), so that it never coincides with the one wrapping
snapshots.
"""

from __future__ import annotations

import secrets

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from pydantic import SecretStr

from testdata_assets.errors import EnvironmentLack

_VERSION = b"\x01"
_NONCE_BYTES = 12
_MINIMUM = len(_VERSION) + _NONCE_BYTES + 16


def _cipher(store_key: bytes) -> AESGCM:
    if len(store_key) < 32:
        raise EnvironmentLack(
            "The store key is shorter than 32 bytes",
            where="TESTDATA_STORE_KEY",
            remedy="Set at least 32 random bytes, in hex or base64.",
            code="store-key",
        )
    return AESGCM(HKDF(SHA256(), 32, salt=None, info=b"testdata-assets/branch-password/v1").derive(store_key))


def seal(password: SecretStr, branch: str, store_key: bytes) -> bytes:
    """Encrypts a password for the registry: version byte, 12-byte random nonce, ciphertext with its tag."""
    nonce = secrets.token_bytes(_NONCE_BYTES)
    sealed = _cipher(store_key).encrypt(nonce, password.get_secret_value().encode(), branch.encode())
    return _VERSION + nonce + sealed


def unseal(sealed: bytes, branch: str, store_key: bytes) -> SecretStr:
    """Decrypts what `seal` made for the same branch.

    Raises:
        EnvironmentLack: Another key, another branch's row, or a damaged value.
    """
    if len(sealed) >= _MINIMUM and sealed[:1] == _VERSION:
        nonce, ciphertext = sealed[1 : 1 + _NONCE_BYTES], sealed[1 + _NONCE_BYTES :]
        try:
            return SecretStr(_cipher(store_key).decrypt(nonce, ciphertext, branch.encode()).decode())
        except InvalidTag:
            pass
    raise EnvironmentLack(
        f"The password of branch {branch} does not open with this store key",
        where="TESTDATA_STORE_KEY",
        remedy="Use the key the branch was made with, or reset the branch to give it a new password.",
        code="branch-password",
    )
