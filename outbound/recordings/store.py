"""Where recordings lie: a folder, or any storage that fsspec speaks to (`s3://…`). Nothing is ever overwritten.

Keys that end with `.sealed` name encrypted files: whoever reads them through here gets the sound.
"""

import hashlib
import io
import os
import secrets
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

import fsspec
from fsspec.implementations.local import LocalFileSystem

from outbound.errors import Refusal
from outbound.recordings import sealing
from outbound.settings import Settings

_PIECE = 1 << 20
_OPTIONS: dict[str, dict[str, Any]] = {
    # Five tries of s3fs's own are enough: with five of its library's for each, a request would wait for minutes.
    "s3": {"config_kwargs": {"retries": {"max_attempts": 1}}},
}


class StoreOutOfReach(Refusal):
    """The store of recordings cannot be used ({reason}); check OUTBOUND_RECORDINGS_URL."""

    zh = "无法使用录音存储（{reason}），请检查 OUTBOUND_RECORDINGS_URL。"
    status = 503


class RecordingGone(Refusal):
    """The file of this recording is missing from the store; tell your administrator: {key}."""

    zh = "录音文件在存储中已不存在，请告知管理员：{key}。"
    status = 410


class Store:
    """A place in which files lie under keys; what has been put is whole and on disk, or is not there at all."""

    def __init__(self, url: str, *, data: Path | None = None, encrypted: bool = False) -> None:
        """`url` is a folder or an address such as `s3://bucket/folder`; `data` the folder in which recordings.key lies,
        and `encrypted` whether what is put from now on is sealed with it. Raises StoreOutOfReach.
        """
        try:
            # A remembered listing would call what another process has put there since missing.
            files, root = fsspec.core.url_to_fs(url, use_listings_cache=False, **_OPTIONS.get(_protocol(url), {}))
        except (ImportError, ValueError, OSError) as refused:
            raise StoreOutOfReach(reason=_first_line(refused)) from None
        self._files: Any = files
        self._root = str(root).rstrip("/")
        self._data = data
        self._local = isinstance(files, LocalFileSystem)
        # Every object store has errors of its own, and none of them may pass for a fault of ours.
        self._trouble: type[Exception] = OSError if self._local else Exception
        self.suffix = sealing.SUFFIX if encrypted and data else ""
        """What the keys of what is put from now on must end with."""

    def put(self, key: str, data: bytes) -> None:
        """Keep `data` under a key that is not taken; it is durable when this returns.

        Raises StoreOutOfReach and WrongSoundKey.
        """
        if key.endswith(sealing.SUFFIX) and self._data:
            data = sealing.seal(sealing.sound_key(self._data), data)
        try:
            if self._local:
                _write_durably(Path(self._path(key)), data)
            else:
                # An object store shows an object whole, and only once it is durable.
                self._files.pipe_file(self._path(key), data)
        except self._trouble as refused:
            raise StoreOutOfReach(reason=_first_line(refused)) from None

    def open(self, key: str) -> IO[bytes]:
        """The sound under a key, seekable, for reading; of an encrypted file only the ranges that are read are opened.

        Raises RecordingGone, StoreOutOfReach, SoundKeyMissing and WrongSoundKey.
        """
        try:
            # By its default, an object store reads 50 MB ahead of a range of a few bytes.
            opened: IO[bytes] = self._files.open(self._path(key), "rb", block_size=_PIECE)
        except FileNotFoundError:
            raise self._absent(key) from None
        except self._trouble as refused:
            raise StoreOutOfReach(reason=_first_line(refused)) from None
        if not self._local:
            opened = io.BufferedReader(_Distant(opened, lambda: self._absent(key)), _PIECE)
        return self._unsealed(opened) if key.endswith(sealing.SUFFIX) else opened

    def _absent(self, key: str) -> Refusal:
        """Why a file is not found: it is gone, or the whole store is, which is no fault of the recording."""
        try:
            there = Path(self._root).is_dir() if self._local else self._files.exists(self._root.partition("/")[0])
        except self._trouble as refused:
            return StoreOutOfReach(reason=_first_line(refused))
        return RecordingGone(key=key) if there else StoreOutOfReach(reason=f"{self._root} is not there")

    def _unsealed(self, file: IO[bytes]) -> IO[bytes]:
        try:
            key = sealing.kept_key(self._data) if self._data else None
            if key is None:
                raise sealing.SoundKeyMissing
            return sealing.opened(key, file)
        except Refusal:
            file.close()
            raise

    def delete(self, key: str) -> bool:
        """Take a file away for good; False where there is none. Raises StoreOutOfReach."""
        try:
            # Object stores take away what was never there without a word.
            self._files.info(self._path(key))
            self._files.rm_file(self._path(key))
        except FileNotFoundError:
            return False
        except self._trouble as refused:
            raise StoreOutOfReach(reason=_first_line(refused)) from None
        if self._local:
            _sync_folder(Path(self._path(key)).parent)
        return True

    def sha256(self, key: str) -> str:
        """SHA-256, in hexadecimal, of what lies under a key now. Raises RecordingGone or StoreOutOfReach."""
        found = hashlib.sha256()
        with self.open(key) as file:
            while piece := file.read(_PIECE):
                found.update(piece)
        return found.hexdigest()

    def keys(self, under: str = "") -> Iterator[str]:
        """Every key in the store, in order, or those under a folder; half-written files are not among them."""
        yield from (key for key, _since in self.listing(under))

    def listing(self, under: str = "") -> Iterator[tuple[str, datetime | None]]:
        """Every key, in order, and when it was written where the storage tells. Raises StoreOutOfReach."""
        try:
            found = self._files.find(self._path(under) if under else self._root, detail=True)
        except self._trouble as refused:
            raise StoreOutOfReach(reason=_first_line(refused)) from None
        for path in sorted(found):
            key = str(path).removeprefix(self._root).lstrip("/")
            if not _is_draft(Path(key)):
                yield key, _written(found[path])

    def _path(self, key: str) -> str:
        return f"{self._root}/{key}"


class _Distant(io.RawIOBase):
    """A file of an object store, whose troubles while it is being read are told as ours."""

    def __init__(self, file: IO[bytes], absent: Callable[[], Refusal]) -> None:
        self._file = file
        self._absent = absent

    def readable(self) -> bool:
        """Yes."""
        return True

    def seekable(self) -> bool:
        """Yes: the store is asked for ranges."""
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go to a place in the file."""
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        """The place in the file."""
        return self._file.tell()

    def readinto(self, buffer: Any) -> int:
        """Fill `buffer` with what follows. Raises RecordingGone and StoreOutOfReach."""
        part = self._read(len(buffer))
        buffer[: len(part)] = part
        return len(part)

    def readall(self) -> bytes:
        """The rest of the file, in one request. Raises RecordingGone and StoreOutOfReach."""
        return self._read(-1)

    def _read(self, count: int) -> bytes:
        try:
            return self._file.read(count)
        except FileNotFoundError:
            raise self._absent() from None
        except Exception as refused:
            # Every object store has errors of its own.
            raise StoreOutOfReach(reason=_first_line(refused)) from None

    def close(self) -> None:
        """Close the file beneath, too."""
        self._file.close()
        super().close()


def open_store(settings: Settings) -> Store:
    """The store of recordings that the settings name. Raises StoreOutOfReach."""
    return Store(settings.recordings, data=settings.data, encrypted=settings.recordings_encrypted)


def _write_durably(target: Path, data: bytes) -> None:
    _make_folders(target.parent)
    draft = target.with_name(f".{target.name}.{secrets.token_hex(4)}.part")
    try:
        with draft.open("xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        draft.rename(target)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise
    _sync_folder(target.parent)


def _make_folders(folder: Path) -> None:
    # A new folder is only durable once its parent's list of names is.
    missing = [place for place in (folder, *folder.parents) if not place.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    for place in missing:
        _sync_folder(place.parent)


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _protocol(url: str) -> str:
    protocol, found, _path = url.partition("://")
    return protocol if found else ""


def _written(facts: dict[str, Any]) -> datetime | None:
    at = facts.get("mtime") or facts.get("LastModified") or facts.get("created")
    return datetime.fromtimestamp(at, UTC) if isinstance(at, int | float) else at


def _is_draft(path: Path) -> bool:
    return path.name.startswith(".") and path.name.endswith(".part")


def _first_line(refused: BaseException) -> str:
    return (str(refused).splitlines() or [type(refused).__name__])[0]
