"""Where recordings lie: a folder, or any storage that fsspec speaks to (`s3://…`). Nothing is ever overwritten."""

import hashlib
import os
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

import fsspec
from fsspec.implementations.local import LocalFileSystem

from outbound.errors import Refusal

_PIECE = 1 << 20


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

    def __init__(self, url: str) -> None:
        """`url` is a folder or an address such as `s3://bucket/folder`; raises StoreOutOfReach."""
        try:
            files, root = fsspec.core.url_to_fs(url)
        except (ImportError, ValueError, OSError) as refused:
            raise StoreOutOfReach(reason=_first_line(refused)) from None
        self._files: Any = files
        self._root = str(root).rstrip("/")

    def put(self, key: str, data: bytes) -> None:
        """Keep `data` under a key that is not taken; it is durable when this returns. Raises StoreOutOfReach."""
        try:
            if isinstance(self._files, LocalFileSystem):
                _write_durably(Path(self._path(key)), data)
            else:
                # An object store shows an object whole, and only once it is durable.
                self._files.pipe_file(self._path(key), data)
        except OSError as refused:
            raise StoreOutOfReach(reason=_first_line(refused)) from None

    def open(self, key: str) -> IO[bytes]:
        """The file under a key, seekable, for reading. Raises RecordingGone or StoreOutOfReach."""
        try:
            opened: IO[bytes] = self._files.open(self._path(key), "rb")
        except FileNotFoundError:
            raise RecordingGone(key=key) from None
        except OSError as refused:
            raise StoreOutOfReach(reason=_first_line(refused)) from None
        return opened

    def sha256(self, key: str) -> str:
        """SHA-256, in hexadecimal, of what lies under a key now. Raises RecordingGone or StoreOutOfReach."""
        found = hashlib.sha256()
        with self.open(key) as file:
            while piece := file.read(_PIECE):
                found.update(piece)
        return found.hexdigest()

    def keys(self) -> Iterator[str]:
        """Every key in the store, in order; half-written files are not among them."""
        for path in sorted(self._files.find(self._root)):
            key = str(path).removeprefix(self._root).lstrip("/")
            if not _is_draft(Path(key)):
                yield key

    def _path(self, key: str) -> str:
        return f"{self._root}/{key}"


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


def _is_draft(path: Path) -> bool:
    return path.name.startswith(".") and path.name.endswith(".part")


def _first_line(refused: BaseException) -> str:
    return (str(refused).splitlines() or [type(refused).__name__])[0]
