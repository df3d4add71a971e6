"""The masking keys of one refresh: the one in force and, while keys are rotated, the one before it.

Every domain masks under one of them. Those that the rules hold back stay under the previous key for this refresh, so
that systems outside that know their masks can follow one after the other.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field

from testdata_assets.errors import EnvironmentLack
from testdata_assets.keys import is_guessable, key_id, load_key
from testdata_assets.masking.hashing import KeyedHash
from testdata_assets.settings import Settings


@dataclass(frozen=True)
class KeyRing:
    """Keys by domain; never printed.

    Attributes:
        current: The key in force, at least 32 bytes.
        previous: The one before it, while keys are rotated.
        held: Domains that still mask under the previous one.
    """

    current: bytes = field(repr=False)
    previous: bytes | None = field(default=None, repr=False)
    held: frozenset[str] = frozenset()

    @classmethod
    def load(cls, settings: Settings, held: frozenset[str] = frozenset()) -> KeyRing:
        """The keys of the settings.

        Raises:
            EnvironmentLack: No masking key; or the rules hold domains back and there is no previous key.
        """
        current = load_key(settings, "masking")
        previous = load_key(settings, "masking_previous") if settings.masking_key_previous is not None else None
        if held and previous is None:
            raise EnvironmentLack(
                f"The rules hold {len(held)} domains under the previous masking key, and there is none",
                where="TESTDATA_MASKING_KEY_PREVIOUS",
                remedy="Set it to the key before the present one, or remove `rotation` from masking.yaml.",
                code="masking-key-previous-missing",
            )
        return cls(current, previous, held)

    def key(self, domain: str) -> bytes:
        """The key that a domain masks under."""
        return self.previous if self.previous is not None and domain in self.held else self.current

    def key_id(self, domain: str) -> str:
        """Names that key."""
        return key_id(self.key(domain))

    @property
    def guessable(self) -> list[str]:
        """Ids of keys that can hardly be random: whoever guesses one can look masks up."""
        keys = [self.current] if self.previous is None else [self.current, self.previous]
        return [key_id(key) for key in keys if is_guessable(key)]

    @property
    def previous_id(self) -> str | None:
        return key_id(self.previous) if self.previous is not None else None


class Hashes:
    """Keyed hashes by domain, derived once each. Safe to share between threads."""

    def __init__(self, keys: KeyRing) -> None:
        self._keys = keys
        self._known: dict[str, KeyedHash] = {}
        self._lock = threading.Lock()

    def __call__(self, domain: str) -> KeyedHash:
        """The keyed hash of a domain."""
        with self._lock:
            if domain not in self._known:
                self._known[domain] = KeyedHash.derive(self._keys.key(domain), domain)
            return self._known[domain]
