"""Recordings are heard: by whom and when is journalled, and what is heard can be held against its hash."""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import IO

from sqlmodel import Session, col, select

from outbound import journal
from outbound.errors import NotFound
from outbound.journal import JournalEntry
from outbound.people import Staff, known
from outbound.recordings import deleting
from outbound.recordings.holds import RecordingDeleted
from outbound.recordings.model import Recording
from outbound.recordings.store import RecordingGone, Store

ONE_HEARING = timedelta(minutes=10)
"""Requests of one person for one recording within this time are one hearing: a player asks for many ranges."""


class Soundness(StrEnum):
    """Whether the file in the store is still what was kept."""

    SAME = "same"
    CHANGED = "changed"
    GONE = "gone"


def open_for(session: Session, store: Store, recording: Recording, *, by: Staff, now: datetime) -> IO[bytes]:
    """The recording as a seekable file, for ranges; the hearing is journalled.

    Raises NotFound for another centre's recording, RecordingDeleted, RecordingGone, StoreOutOfReach.
    """
    if by.centre_id is not None and by.centre_id != recording.centre_id:
        raise NotFound
    if deleting.of(session, recording):
        raise RecordingDeleted
    opened = store.open(recording.storage_key)
    if not _heard_lately(session, recording, by, now):
        journal.record(session, "recording.heard", recording, by=by, now=now, call=recording.call_id)
    return opened


def _heard_lately(session: Session, recording: Recording, by: Staff, now: datetime) -> bool:
    asked = select(JournalEntry.id).where(
        JournalEntry.subject_kind == Recording.__tablename__,
        JournalEntry.subject_id == known(recording.id),
        JournalEntry.action == "recording.heard",
        JournalEntry.actor_id == by.id,
        col(JournalEntry.at) > now - ONE_HEARING,
        col(JournalEntry.at) <= now,
    )
    return session.exec(asked).first() is not None


def check(store: Store, recording: Recording) -> Soundness:
    """Hold the file in the store against the hash under which it was kept. Raises StoreOutOfReach."""
    try:
        same = store.sha256(recording.storage_key) == recording.sha256
    except RecordingGone:
        return Soundness.GONE
    return Soundness.SAME if same else Soundness.CHANGED
