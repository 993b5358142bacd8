"""How numbers rest: encrypted with AES-GCM, found by a keyed digest; a stolen database shows none.

Every sealed value begins with the number of the key that opens it, so that keys can be changed while people work. The
digest's key never changes: with another one no number would be found again, and blocked ones would be called.
"""

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from hashlib import blake2s
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from outbound.errors import Refusal
from outbound.phones import ring
from outbound.phones.ring import Ring

NONCE_BYTES = 12
NUMBER_BYTES = 2
DIGEST_BYTES = 16
"""128 bits of keyed BLAKE2s (RFC 7693): among ten billion numbers two meet by chance with odds of one in 10^18."""


class WrongNumberKey(Refusal):
    """The key in OUTBOUND_DATA (or OUTBOUND_NUMBERS_KEY) does not open the numbers in this database; put back the key
    that belongs to it.
    """

    zh = "OUTBOUND_DATA 中的密钥（或 OUTBOUND_NUMBERS_KEY）打不开此数据库里的号码，请放回配套的密钥。"
    status = 503


class Vault:
    """Seals and opens numbers and rows of call lists with the centre's keys."""

    def __init__(self, kept: bytes, *, again: Callable[[], bytes] | None = None) -> None:
        """`kept` are the keys as `ring` writes them; `again` reads them anew, where another process may change them.

        Raises WrongNumberKey.
        """
        self._again = again
        self._hold(kept)

    def _hold(self, kept: bytes) -> None:
        try:
            self.ring = Ring.read(kept)
        except ValueError:
            raise WrongNumberKey from None
        self._keyed = blake2s(key=self.ring.digest_key, digest_size=DIGEST_BYTES)
        self._ciphers: Mapping[bytes, AESGCM] = {
            number.to_bytes(NUMBER_BYTES): AESGCM(key) for number, key in self.ring.keys.items()
        }

    @property
    def prefix(self) -> bytes:
        """With what everything begins that is sealed now."""
        return self.ring.newest.to_bytes(NUMBER_BYTES)

    def digest(self, e164: str) -> bytes:
        """The 16 bytes under which a number is found."""
        return self.digest_many((e164,))[0]

    def digest_many(self, numbers: Iterable[str]) -> list[bytes]:
        """The digest of each of these numbers (E.164), in their order: some 3 million a second."""
        copied, digests = self._keyed.copy, list[bytes]()
        for number in numbers:
            keyed = copied()
            keyed.update(number.encode())
            digests.append(keyed.digest())
        return digests

    def seal(self, text: str) -> bytes:
        """The text encrypted under a fresh nonce; the key's number and the nonce stand in front."""
        return self.seal_many((text,))[0]

    def seal_many(self, texts: Sequence[str]) -> list[bytes]:
        """Each of these texts encrypted under a fresh nonce of its own: some 1.4 million a second."""
        prefix, size = self.prefix, NONCE_BYTES
        encrypt = self._ciphers[prefix].encrypt
        # One question for chance instead of one for each text.
        random = os.urandom(size * len(texts))
        nonces = [random[at : at + size] for at in range(0, len(random), size)]
        return [prefix + nonce + encrypt(nonce, text.encode(), None) for nonce, text in zip(nonces, texts, strict=True)]

    def open(self, sealed: bytes) -> str:
        """The text again; raises WrongNumberKey where it was sealed with another key or changed since."""
        cipher = self._cipher(sealed[:NUMBER_BYTES])
        nonce, hidden = sealed[NUMBER_BYTES : NUMBER_BYTES + NONCE_BYTES], sealed[NUMBER_BYTES + NONCE_BYTES :]
        try:
            return cipher.decrypt(nonce, hidden, None).decode()
        except (InvalidTag, ValueError):
            raise WrongNumberKey from None

    def derive(self, purpose: bytes, salt: bytes, sealed: bytes) -> AESGCM:
        """A cipher of its own for a file, from the key with whose number `sealed` begins. Raises WrongNumberKey."""
        prefix = sealed[:NUMBER_BYTES]
        self._cipher(prefix)
        key = self.ring.keys[int.from_bytes(prefix)]
        return AESGCM(HKDF(SHA256(), len(key), salt, purpose).derive(key))

    def _cipher(self, prefix: bytes) -> AESGCM:
        if prefix not in self._ciphers and self._again:
            # The key may have come while this was at work.
            self._hold(self._again())
        if prefix not in self._ciphers:
            raise WrongNumberKey
        return self._ciphers[prefix]


def open_vault(data: Path) -> Vault:
    """The vault with the keys of OUTBOUND_NUMBERS_KEY; without that, of `data`/numbers.key, made where there is none.

    Raises WrongNumberKey.
    """
    # The file is read every time, as somebody may have changed the keys; what is made from it serves every request.
    return _vault(data, ring.kept(data))


@lru_cache(maxsize=8)
def _vault(data: Path, kept: bytes) -> Vault:
    return Vault(kept, again=lambda: ring.kept(data))
