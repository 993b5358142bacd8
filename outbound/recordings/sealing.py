"""Recordings encrypted at rest: AES-256-GCM piece by piece, so that any range can be read without the rest.

A sealed file is a head of 32 bytes (what it is, the length of the sound, a salt) and then pieces of 64 KiB, each with
its tag. Every file has a key of its own, derived from the master key and its salt (HKDF-SHA256), so that a piece's
number is nonce enough; head, number and lastness are authenticated with each piece: none can be changed, moved, left
out or brought in from another file.
"""

import io
import secrets
import struct
from pathlib import Path
from typing import IO, Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from outbound import secret_files
from outbound.errors import Refusal
from outbound.sealed_reading import SealedReading

SUFFIX = ".sealed"
"""What the key of an encrypted recording ends with."""
PIECE = 1 << 16
KEY_BYTES = 32
_MAGIC = b"OBSEAL1\n"
_HEAD = struct.Struct(">8sQ16s")
_TAG = 16


class WrongSoundKey(Refusal):
    """The key in OUTBOUND_DATA does not open this recording, or its file was changed; put back recordings.key."""

    zh = "OUTBOUND_DATA 中的密钥打不开这条录音，或文件已被改动；请放回配套的 recordings.key。"
    status = 503


class SoundKeyMissing(Refusal):
    """This recording is encrypted and OUTBOUND_DATA holds no recordings.key; put back the file that belongs to it."""

    zh = "这条录音已加密，但 OUTBOUND_DATA 中没有 recordings.key，请放回配套的密钥文件。"
    status = 503


def seal(key: bytes, sound: bytes) -> bytes:
    """The sound, encrypted."""
    head = _HEAD.pack(_MAGIC, len(sound), secrets.token_bytes(16))
    cipher = _cipher(key, head)
    count = _pieces(len(sound))
    view = memoryview(sound)
    pieces = [
        cipher.encrypt(_nonce(number), view[number * PIECE : (number + 1) * PIECE], _bound(head, number, count))
        for number in range(count)
    ]
    return b"".join([head, *pieces])


class Opened(SealedReading):
    """A sealed file as a seekable one that gives the sound; only the pieces that are asked for are read."""

    def __init__(self, key: bytes, file: IO[bytes]) -> None:
        """Raises WrongSoundKey where the file is not a sealed one."""
        self._head = file.read(_HEAD.size)
        if len(self._head) < _HEAD.size or not self._head.startswith(_MAGIC):
            raise WrongSoundKey
        super().__init__(file, int(_HEAD.unpack(self._head)[1]))
        self._count = _pieces(self.length)
        self._cipher = _cipher(key, self._head)

    def readinto(self, buffer: Any) -> int:
        """Fill `buffer` with what follows, at most to the end of a piece. Raises WrongSoundKey."""
        if self._at >= self.length:
            return 0
        number, within = divmod(self._at, PIECE)
        part = self._piece(number)[within : within + len(buffer)]
        buffer[: len(part)] = part
        self._at += len(part)
        return len(part)

    def _piece(self, number: int) -> bytes:
        if self._held[0] != number:
            self._file.seek(_HEAD.size + number * (PIECE + _TAG))
            sealed = self._file.read(min(PIECE, self.length - number * PIECE) + _TAG)
            try:
                opened = self._cipher.decrypt(_nonce(number), sealed, _bound(self._head, number, self._count))
            except (InvalidTag, ValueError):
                raise WrongSoundKey from None
            self._held = (number, opened)
        return self._held[1]


def opened(key: bytes, file: IO[bytes]) -> IO[bytes]:
    """What a sealed file holds, to be read and sought. Raises WrongSoundKey."""
    return io.BufferedReader(Opened(key, file), PIECE)


def _cipher(key: bytes, head: bytes) -> AESGCM:
    salt = _HEAD.unpack(head)[2]
    return AESGCM(HKDF(SHA256(), KEY_BYTES, salt, b"outbound recording").derive(key))


def _pieces(length: int) -> int:
    # An empty sound has a piece too: its head must not pass unauthenticated.
    return max(1, -(-length // PIECE))


def _nonce(number: int) -> bytes:
    return number.to_bytes(12, "big")


def _bound(head: bytes, number: int, count: int) -> bytes:
    return head + struct.pack(">QQ", number, count)


def sound_key(data: Path) -> bytes:
    """The key in `data`/recordings.key, which is made (mode 0600) where there is none. Raises WrongSoundKey."""
    path = data / "recordings.key"
    if not path.exists():
        secret_files.make(path, secrets.token_bytes(KEY_BYTES))
    return _checked(path.read_bytes())


def kept_key(data: Path) -> bytes | None:
    """The key in `data`/recordings.key where there is one. Raises WrongSoundKey."""
    path = data / "recordings.key"
    return _checked(path.read_bytes()) if path.exists() else None


def _checked(key: bytes) -> bytes:
    if len(key) != KEY_BYTES:
        raise WrongSoundKey
    return key
