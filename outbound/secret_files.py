"""Files that hold keys: readable by nobody else, and on the disk whole before anything is sealed with them."""

import os
import secrets
import sys
from pathlib import Path


def make(path: Path, content: bytes) -> None:
    """Keep `content` at `path` (mode 0600) unless something is there; its folder is made."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = _draft(path, content)
    try:
        # Linked into place whole: two processes starting at once agree on one key.
        os.link(draft, path)
    except FileExistsError:
        pass
    finally:
        draft.unlink()
    _sync_folder(path.parent)


def replace(path: Path, content: bytes) -> None:
    """Put `content` (mode 0600) in the place of what is at `path`, whole or not at all."""
    _draft(path, content).replace(path)
    _sync_folder(path.parent)


def _draft(path: Path, content: bytes) -> Path:
    draft = path.with_name(f"{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    draft.touch(mode=0o600)
    with draft.open("wb") as file:
        file.write(content)
        # A key that a power cut takes back would leave what nothing opens.
        file.flush()
        os.fsync(file.fileno())
    return draft


def _sync_folder(folder: Path) -> None:
    if sys.platform == "win32":
        return
    opened = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)
