"""Uploaded lists between preview and import: encrypted files in OUTBOUND_DATA/uploads, kept for a day at most."""

import base64
import json
import os
import re
import secrets
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path

from outbound.errors import Refusal
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
    data: bytes


def keep(folder: Path, vault: Vault, data: bytes, about: About, *, now: datetime) -> str:
    """Keep an uploaded file sealed until it is imported; the token under which it is found again."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    sweep(folder, now=now)
    token = secrets.token_urlsafe(16)
    path = folder / token
    path.touch(mode=0o600, exist_ok=False)
    head = json.dumps(asdict(about), ensure_ascii=False)
    path.write_bytes(vault.seal(f"{head}\n{base64.b64encode(data).decode('ascii')}"))
    os.utime(path, (now.timestamp(), now.timestamp()))
    return token


def fetch(folder: Path, vault: Vault, token: str, *, centre_id: int, now: datetime) -> Waiting:
    """The upload of that token; raises UploadGone, also where it belongs to another centre."""
    path = folder / token
    if not _TOKEN.fullmatch(token) or not path.exists() or _age(path, now) >= KEPT_FOR:
        raise UploadGone
    head, _newline, body = vault.open(path.read_bytes()).partition("\n")
    about = About(**json.loads(head))
    if about.centre_id != centre_id:
        raise UploadGone
    return Waiting(token, about, base64.b64decode(body))


def discard(folder: Path, token: str) -> None:
    """Delete an upload; one that is gone already is no news."""
    if _TOKEN.fullmatch(token):
        (folder / token).unlink(missing_ok=True)


def sweep(folder: Path, *, now: datetime) -> None:
    """Delete the uploads that nobody has imported within a day."""
    for path in folder.glob("*") if folder.exists() else ():
        # Another process may sweep at the same time.
        with suppress(FileNotFoundError):
            if _age(path, now) >= KEPT_FOR:
                path.unlink()


def _age(path: Path, now: datetime) -> timedelta:
    return timedelta(seconds=now.timestamp() - path.stat().st_mtime)
