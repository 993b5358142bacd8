"""The ring of keys: one that makes digests and never changes, and the numbered ones that encrypt; the newest seals.

Kept as bytes in OUTBOUND_DATA/numbers.key (mode 0600), or as base64 in OUTBOUND_NUMBERS_KEY: 64 bytes (the first key
and the digest's), or 32 bytes (the digest's) and 34 for each further key (its number and itself).
"""

import base64
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from outbound import secret_files

KEY_BYTES = 32
SETTING = "OUTBOUND_NUMBERS_KEY"
_NUMBERED = 2 + KEY_BYTES


@dataclass(frozen=True)
class Ring:
    """The keys by number."""

    digest_key: bytes
    keys: Mapping[int, bytes]

    @staticmethod
    def read(kept: bytes) -> "Ring":
        """The ring in these bytes; raises ValueError where there is none."""
        if len(kept) == 2 * KEY_BYTES:
            return Ring(kept[KEY_BYTES:], {1: kept[:KEY_BYTES]})
        numbered = kept[KEY_BYTES:]
        if not numbered or len(numbered) % _NUMBERED:
            raise ValueError("not a ring of keys")
        parts = [numbered[at : at + _NUMBERED] for at in range(0, len(numbered), _NUMBERED)]
        return Ring(kept[:KEY_BYTES], {int.from_bytes(part[:2]): part[2:] for part in parts})

    def written(self) -> bytes:
        """The ring as it is kept."""
        return self.digest_key + b"".join(number.to_bytes(2) + key for number, key in sorted(self.keys.items()))

    def as_setting(self) -> str:
        """The ring as OUTBOUND_NUMBERS_KEY holds it."""
        return base64.b64encode(self.written()).decode()

    @property
    def newest(self) -> int:
        """The number of the key that seals."""
        return max(self.keys)

    def with_another(self) -> "Ring":
        """With a new key, which seals from now on."""
        return Ring(self.digest_key, {**self.keys, self.newest + 1: secrets.token_bytes(KEY_BYTES)})

    def with_newest_alone(self) -> "Ring":
        """Without the keys that seal no more."""
        return Ring(self.digest_key, {self.newest: self.keys[self.newest]})


def kept(data: Path) -> bytes:
    """The ring as it is kept; a file is made where there is neither a file nor the setting."""
    # Read here and nowhere else: it stands in no object of settings that could be logged or shown.
    if given := os.environ.get(SETTING):
        return decoded(given)
    path = _path(data)
    if not path.exists():
        secret_files.make(path, secrets.token_bytes(2 * KEY_BYTES))
    return path.read_bytes()


def decoded(given: str) -> bytes:
    """The bytes of a ring given as base64; of no ring where it is none."""
    try:
        return base64.b64decode(given, validate=True)
    except ValueError:
        return b""


def in_setting() -> bool:
    """Whether the ring stands in the setting, where nobody but the operator can change it."""
    return bool(os.environ.get(SETTING))


def replace(data: Path, ring: Ring) -> None:
    """Put another ring in the place of the present one, whole or not at all."""
    secret_files.replace(_path(data), ring.written())


def _path(data: Path) -> Path:
    return data / "numbers.key"
