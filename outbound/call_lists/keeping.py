"""The files of imports under way: sealed in OUTBOUND_DATA/imports, and gone when the import is over."""

import re
import secrets
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path

from sqlmodel import Session, col, select

from outbound.call_lists.leases import Imported
from outbound.call_lists.model import CallList
from outbound.call_lists.text import Source
from outbound.phones import sealed_files
from outbound.phones.vault import Vault

FOLDER = "imports"
KEPT_FOR = timedelta(days=1)
_NAME = re.compile(r"[0-9a-f]{32}")


def folder_in(data: Path, name: str = FOLDER) -> Path:
    """The folder of kept files within OUTBOUND_DATA, made where there is none."""
    folder = data / name
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder


def keep(folder: Path, vault: Vault, source: Source) -> str:
    """Keep a sealed copy of a file, on the disk when this returns; the name that it has got."""
    name = secrets.token_hex(16)
    with source.open() as data:
        sealed_files.seal(vault, data, folder / name)
    return name


def discard(folder: Path, name: str) -> None:
    """Delete a kept file; one that is gone already is no news."""
    if _NAME.fullmatch(name):
        (folder / name).unlink(missing_ok=True)


def sweep(session: Session, folder: Path, *, now: datetime, of: type[Imported] = CallList) -> None:
    """Delete files that no list knows and that are older than a day: a crash may have left them."""
    known = set(session.exec(select(of.file).where(col(of.file) != "")).all())
    for path in folder.glob("*"):
        with suppress(FileNotFoundError):
            old = now.timestamp() - path.stat().st_mtime >= KEPT_FOR.total_seconds()
            if old and _NAME.fullmatch(path.name) and path.name not in known:
                path.unlink()
