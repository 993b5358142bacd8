"""Anchors leave the database: into a file that only grows, and to an address that somebody else keeps.

Whoever can rewrite the whole journal with hashes that fit cannot rewrite what others hold. Both ways may be repeated:
a process that dies between sending and noting it sends the same line again.
"""

import os
import urllib.request
from datetime import datetime
from pathlib import Path

import sqlalchemy as sa
import structlog
from sqlalchemy.engine import Engine
from sqlmodel import Session, col, select

from outbound import db, signing
from outbound.anchors import anchoring
from outbound.anchors.model import AnchorOuting, JournalAnchor, Place
from outbound.people import known
from outbound.settings import Settings

log = structlog.get_logger()

FILE = "anchors.jsonl"
AT_ONCE = 500
PATIENCE_SECONDS = 5
"""How long the other side may take to answer before we try again at the next beat."""


def waiting(session: Session, place: Place) -> list[tuple[int, str]]:
    """Anchors that have not left for a place yet, the oldest first: number and line."""
    left = sa.exists().where(col(AnchorOuting.anchor_id) == col(JournalAnchor.id), col(AnchorOuting.place) == place)
    asked = select(JournalAnchor).where(~left).order_by(col(JournalAnchor.id)).limit(AT_ONCE)
    return [(known(anchor.id), anchoring.line(session, anchor)) for anchor in session.exec(asked)]


def put_in_file(engine: Engine, data: Path, *, now: datetime) -> int:
    """Append what is not there yet to OUTBOUND_DATA/anchors.jsonl, synced to the disk; how many lines."""
    with db.reading(engine) as session:
        leaving = waiting(session, Place.FILE)
    if not leaving:
        return 0
    _append(data / FILE, [text for _, text in leaving])
    _note(engine, [number for number, _ in leaving], Place.FILE, now=now)
    return len(leaving)


def _append(file: Path, lines: list[str]) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    # Several processes may have found the same lines: each appends them in one write.
    with file.open("ab", buffering=0) as opened:
        opened.write("".join(f"{line}\n" for line in lines).encode())
        os.fsync(opened.fileno())


def send(engine: Engine, settings: Settings, *, now: datetime) -> int:
    """POST each anchor that is not there yet to OUTBOUND_ANCHOR_URL; how many were taken. The rest is tried again."""
    if not settings.anchor_url:
        return 0
    with db.reading(engine) as session:
        leaving = waiting(session, Place.ADDRESS)
    for sent, (number, text) in enumerate(leaving):
        try:
            _post(settings.anchor_url, text.encode(), signing.private_key(settings.data, 0).sign(text.encode()).hex())
        except OSError as failed:
            log.warning("an anchor could not be sent; it is tried again", reason=str(failed), anchor=number)
            return sent
        _note(engine, [number], Place.ADDRESS, now=now)
    return len(leaving)


def _post(address: str, body: bytes, signature: str) -> None:
    headers = {"Content-Type": "application/json", "Outbound-Signature": signature}
    request = urllib.request.Request(address, data=body, headers=headers, method="POST")  # noqa: S310  # checked below
    # Anything but a 2xx raises, and so does an address of another kind: settings take http and https only.
    with urllib.request.urlopen(request, timeout=PATIENCE_SECONDS):  # noqa: S310
        pass


def _note(engine: Engine, numbers: list[int], place: Place, *, now: datetime) -> None:
    with db.transaction(engine) as session:
        for number in numbers:
            if session.get(AnchorOuting, (number, place)) is None:
                session.add(AnchorOuting(anchor_id=number, place=place, at=now))
