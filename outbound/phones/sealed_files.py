"""Files that hold numbers, encrypted while they wait: AES-256-GCM piece by piece, with the keys of the numbers.

A sealed file is a head (the key's number, a salt) and then pieces of 64 KiB, each with its tag. Every file has a key of
its own, derived from the numbers' key and its salt (HKDF-SHA256, RFC 5869), so that a piece's place is nonce enough.
Place and lastness are authenticated with each piece (as in STREAM, Hoang et al. 2015): none can be changed, moved, left
out, or brought in from another file. Neither writing nor reading holds more than a piece.
"""

import errno
import io
import os
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Any, BinaryIO, cast

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from outbound.errors import Refusal
from outbound.phones.vault import NUMBER_BYTES, Vault, WrongNumberKey
from outbound.sealed_reading import SealedReading

PIECE = 1 << 16
SALT_BYTES = 16
_HEAD = NUMBER_BYTES + SALT_BYTES
_TAG = 16
_PURPOSE = b"outbound waiting file"


@dataclass(frozen=True)
class SealedFile:
    """A sealed file at its place; it is read with the vault that sealed it."""

    path: Path
    vault: Vault

    def open(self) -> BinaryIO:
        """What it holds, to be read and sought. Raises WrongNumberKey, also while it is read."""
        return _reader(self.path.open("rb"), lambda head: self.vault.derive(_PURPOSE, head[NUMBER_BYTES:], head))


class DiskFull(Refusal):
    """There is no room left on the disk of OUTBOUND_DATA or of the database; nothing is lost: ask your operator to make
    room, then try again.
    """

    zh = "OUTBOUND_DATA 或数据库所在的磁盘已满，数据没有丢失；请运维人员清理空间后重试。"
    status = 507


@contextmanager
def disk_watched() -> Iterator[None]:
    """Raise DiskFull where the operating system, or a database, says that its disk is full."""
    try:
        yield
    except Exception as failed:
        if not _says_full(failed):
            raise
        raise DiskFull from failed


def _says_full(failed: Exception) -> bool:
    if isinstance(failed, OSError):
        return failed.errno in (errno.ENOSPC, errno.EDQUOT)
    # What SQLAlchemy raises, told by its shape: who only prepares a list has no need of SQLAlchemy's thirty megabytes.
    by_database = getattr(failed, "orig", None)
    return getattr(by_database, "sqlstate", "") == "53100" or "disk is full" in str(by_database)


def seal(vault: Vault, data: IO[bytes], path: Path) -> None:
    """Keep what a stream gives in a new file (mode 0600) at `path`, sealed, and on the disk when this returns.

    Raises DiskFull; then, as after every failure, nothing is left of the file.
    """
    path.touch(mode=0o600, exist_ok=False)
    try:
        with disk_watched():
            _seal(vault, data, path)
    except BaseException:
        path.unlink()
        raise


def _seal(vault: Vault, data: IO[bytes], path: Path) -> None:
    salt = secrets.token_bytes(SALT_BYTES)
    with path.open("wb") as file:
        sealing = _Sealing(file, vault.prefix + salt, vault.derive(_PURPOSE, salt, vault.prefix))
        while piece := data.read(PIECE):
            sealing.write(piece)
        sealing.finish()
        # Who is told that it is kept must find it after a power cut.
        file.flush()
        os.fsync(file.fileno())


class Scratch:
    """A nameless file of this process: written once, then read, and sealed with a key that nobody keeps."""

    def __init__(self) -> None:
        self._file = TemporaryFile()  # noqa: SIM115 - open as long as this is
        self._key = secrets.token_bytes(32)
        head = secrets.token_bytes(_HEAD)
        self._sealing = _Sealing(cast(IO[bytes], self._file), head, AESGCM(self._key))
        self.size = 0

    def write(self, data: bytes) -> None:
        """Add to what is in it."""
        self._sealing.write(data)
        self.size += len(data)

    def reader(self) -> BinaryIO:
        """All that was written, to be read and sought; nothing can be added any more."""
        self._sealing.finish()
        self._file.flush()
        self._file.seek(0)
        return _reader(cast(IO[bytes], self._file), lambda _head: AESGCM(self._key))


class _Sealing:
    """Seals pieces into a file; the last one may be short or empty, and is known to be the last."""

    def __init__(self, file: IO[bytes], head: bytes, cipher: AESGCM) -> None:
        self._file, self._head, self._cipher = file, head, cipher
        self._waiting = bytearray()
        self._count = 0
        file.write(head)

    def write(self, data: bytes) -> None:
        self._waiting += data
        # A full piece waits for more, since it may be the last.
        while len(self._waiting) > PIECE:
            self._put(bytes(self._waiting[:PIECE]), last=False)
            del self._waiting[:PIECE]

    def finish(self) -> None:
        self._put(bytes(self._waiting), last=True)

    def _put(self, piece: bytes, *, last: bool) -> None:
        self._file.write(self._cipher.encrypt(_nonce(self._count), piece, _bound(self._head, last=last)))
        self._count += 1


class _Opened(SealedReading):
    """A sealed file as a seekable one of what it holds; only the pieces that are asked for are read."""

    def __init__(self, file: IO[bytes], cipher_of: Callable[[bytes], AESGCM]) -> None:
        self._head = file.read(_HEAD)
        pieces = file.seek(0, io.SEEK_END) - _HEAD
        self._count = max(1, -(-pieces // (PIECE + _TAG)))
        super().__init__(file, pieces - self._count * _TAG)
        if len(self._head) < _HEAD or self.length < 0:
            raise WrongNumberKey
        self._cipher = cipher_of(self._head)

    def readinto(self, buffer: Any) -> int:
        number, within = divmod(self._at, PIECE)
        # At the end the last piece is looked at once more: it alone says that none is missing.
        part = self._piece(min(number, self._count - 1))[within if number < self._count else PIECE :][: len(buffer)]
        buffer[: len(part)] = part
        self._at += len(part)
        return len(part)

    def _piece(self, number: int) -> bytes:
        if self._held[0] != number:
            self._file.seek(_HEAD + number * (PIECE + _TAG))
            bound = _bound(self._head, last=number == self._count - 1)
            try:
                piece = self._cipher.decrypt(_nonce(number), self._file.read(PIECE + _TAG), bound)
            except (InvalidTag, ValueError):
                raise WrongNumberKey from None
            self._held = (number, piece)
        return self._held[1]


def _reader(file: IO[bytes], cipher_of: Callable[[bytes], AESGCM]) -> BinaryIO:
    return io.BufferedReader(_Opened(file, cipher_of), PIECE)


def _nonce(number: int) -> bytes:
    return number.to_bytes(12, "big")


def _bound(head: bytes, *, last: bool) -> bytes:
    return head + (b"last" if last else b"more")
