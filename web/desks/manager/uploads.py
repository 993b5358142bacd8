"""Uploaded lists before their import: sealed in OUTBOUND_DATA/uploads, kept for a day at most."""

import json
import os
import re
import secrets
import shutil
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import BinaryIO

from outbound.errors import Refusal
from outbound.phones import sealed_files
from outbound.phones.sealed_files import SealedFile
from outbound.phones.vault import Vault

KEPT_FOR = timedelta(days=1)
_TOKEN = re.compile(r"[A-Za-z0-9_-]{22}")


class UploadGone(Refusal):
    """This upload is no longer kept: it was imported or discarded, or is older than a day; upload the file again."""

    zh = "该文件已不再保留（已导入、已放弃或超过一天），请重新上传。"
    status = 404


@dataclass(frozen=True)
class About:
    """Which file it is, for which campaign of which centre."""

    name: str
    centre_id: int
    campaign_id: int


@dataclass(frozen=True)
class Waiting:
    """An upload that waits for its import."""

    token: str
    about: About
    file: SealedFile


def keep(folder: Path, vault: Vault, data: BinaryIO, about: About, *, now: datetime) -> Waiting:
    """Keep an uploaded file, as a stream, until it is imported; its token is how it is found again. Raises DiskFull."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    sweep(folder, now=now)
    token = secrets.token_urlsafe(16)
    place = folder / token
    place.mkdir(mode=0o700)
    try:
        sealed_files.seal(vault, data, place / "list")
    except Refusal:
        discard(folder, token)
        raise
    (place / "about.json").write_text(json.dumps(asdict(about), ensure_ascii=False), encoding="utf-8")
    os.utime(place, (now.timestamp(), now.timestamp()))
    return Waiting(token, about, SealedFile(place / "list", vault))


def fetch(folder: Path, vault: Vault, token: str, *, centre_id: int, now: datetime) -> Waiting:
    """The upload of that token; raises UploadGone, also where it belongs to another centre."""
    place = folder / token
    if not _TOKEN.fullmatch(token) or not place.exists() or _age(place, now) >= KEPT_FOR:
        raise UploadGone
    about = About(**json.loads((place / "about.json").read_text(encoding="utf-8")))
    if about.centre_id != centre_id:
        raise UploadGone
    return Waiting(token, about, SealedFile(place / "list", vault))


def discard(folder: Path, token: str) -> None:
    """Delete an upload; one that is gone already is no news."""
    if _TOKEN.fullmatch(token):
        shutil.rmtree(folder / token, ignore_errors=True)


def sweep(folder: Path, *, now: datetime) -> None:
    """Delete the uploads that nobody has imported within a day."""
    for place in folder.glob("*") if folder.exists() else ():
        # Another process may sweep at the same time.
        try:
            old = _age(place, now) >= KEPT_FOR
        except FileNotFoundError:
            continue
        if old:
            shutil.rmtree(place, ignore_errors=True)


def _age(path: Path, now: datetime) -> timedelta:
    return timedelta(seconds=now.timestamp() - path.stat().st_mtime)
