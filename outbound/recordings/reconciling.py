"""What the register says is held against what the store holds: files that are missing, changed, or belong to nobody."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Engine
from sqlmodel import Field, Session, SQLModel, col, select

from outbound.clock import local_day
from outbound.db import UtcDateTime, append_only, reading, table_of, transaction
from outbound.errors import Language
from outbound.people import Centre, known
from outbound.recordings import deleting
from outbound.recordings.deleting import RecordingDeletion
from outbound.recordings.hearing import Soundness, check
from outbound.recordings.model import Recording
from outbound.recordings.store import Store

IN_FLIGHT = timedelta(hours=1)
"""A file this young may not be registered yet: it is written first."""
SLICES = 30
"""Each night the hashes of one recording in so many are held against their files, and of all that came in lately."""
LATELY = timedelta(days=2)
MOST_TOLD = 200
NO_HASHES = -1
"""The number of a night on which no hash is looked at."""
_PAGE = 500


class Fault(StrEnum):
    """What is wrong with a file or a row."""

    MISSING = "missing"
    ALTERED = "altered"
    ORPHAN = "orphan"
    LEFT_OVER = "left_over"

    def words(self, language: Language) -> str:
        """The fault as people read it."""
        return _WORDS[self][language == "en"]


_WORDS = {
    Fault.MISSING: ("文件缺失", "the file is missing"),
    Fault.ALTERED: ("文件已被改动", "the file was changed"),
    Fault.ORPHAN: ("无登记的文件", "a file that is not registered"),
    Fault.LEFT_OVER: ("已删除但文件仍在", "deleted, but the file is still there"),
}


@dataclass(frozen=True)
class Finding:
    """One file that is not as the register says."""

    fault: Fault
    key: str
    recording: int | None = None
    reference: str = ""

    @property
    def facts(self) -> dict[str, Any]:
        """As JSON values."""
        return {"fault": self.fault, "key": self.key, "recording": self.recording, "reference": self.reference}


class RecordingCheck(SQLModel, table=True):
    """One night's reconciliation of a centre: how many recordings were looked at, and what was found."""

    __tablename__ = "recording_check"

    centre_id: int = Field(foreign_key="centre.id", primary_key=True)
    day: date = Field(primary_key=True)
    at: datetime = Field(sa_type=UtcDateTime)
    recordings: int
    hashed: int
    faults: int
    findings: list[dict[str, Any]] = Field(sa_type=sa.JSON, description="the first 200 of them")


append_only(table_of(RecordingCheck))


@dataclass
class Tally:
    """How much a reconciliation looked at."""

    recordings: int = 0
    hashed: int = 0


def reconcile(
    engine: Engine, store: Store, centre: Centre, *, now: datetime, tally: Tally, slice_of: int | None = None
) -> Iterator[Finding]:
    """Everything of a centre that is not as it should be.

    `slice_of` is the night's number: None for every hash, NO_HASHES for none. Raises StoreOutOfReach.
    """
    # The files first: what is registered between the two looks is known, and no orphan.
    files = dict(store.listing(centre.code))
    with reading(engine) as session:
        buried = _buried(session, centre)
    for recording in _register(engine, centre):
        tally.recordings += 1
        there = files.pop(recording.storage_key, _NOT_THERE) is not _NOT_THERE
        hashing = slice_of is None or _is_turn(recording, slice_of, now)
        tally.hashed += there and hashing and recording.id not in buried
        if fault := _fault(store, recording, there=there, buried=recording.id in buried, hashing=hashing):
            yield Finding(fault, recording.storage_key, recording.id, recording.reference)
    for key, since in files.items():
        if since is None or since <= now - IN_FLIGHT:
            yield Finding(Fault.ORPHAN, key)


def _is_turn(recording: Recording, slice_of: int, now: datetime) -> bool:
    lately = recording.kept_at > now - LATELY
    return slice_of != NO_HASHES and (lately or known(recording.id) % SLICES == slice_of)


def _register(engine: Engine, centre: Centre) -> Iterator[Recording]:
    """Every recording of a centre, page by page: reading hashes for hours must not hold a transaction open."""
    asked = select(Recording).where(Recording.centre_id == centre.id).order_by(col(Recording.id)).limit(_PAGE)
    last = 0
    while True:
        with reading(engine) as session:
            page = session.exec(asked.where(col(Recording.id) > last)).all()
        if not page:
            return
        last = known(page[-1].id)
        yield from page


_NOT_THERE = object()


def _buried(session: Session, centre: Centre) -> set[int]:
    return set(session.exec(select(RecordingDeletion.recording_id).where(RecordingDeletion.centre_id == centre.id)))


def _fault(store: Store, recording: Recording, *, there: bool, buried: bool, hashing: bool) -> Fault | None:
    if buried:
        return Fault.LEFT_OVER if there else None
    if not there:
        return Fault.MISSING
    if not hashing:
        return None
    found = check(store, recording)
    return {Soundness.SAME: None, Soundness.CHANGED: Fault.ALTERED, Soundness.GONE: Fault.MISSING}[found]


def check_nightly(engine: Engine, store: Store, *, now: datetime, from_hour: int = 3) -> Mapping[str, int]:
    """Reconcile every centre once a day, from three in the morning on, and note what was found; faults by centre."""
    with reading(engine) as session:
        centres = session.exec(select(Centre).order_by(col(Centre.id))).all()
    return {
        centre.code: found
        for centre in centres
        if (found := _check_centre(engine, store, centre, now=now, from_hour=from_hour)) is not None
    }


def _check_centre(engine: Engine, store: Store, centre: Centre, *, now: datetime, from_hour: int) -> int | None:
    day, tally = local_day(now - timedelta(hours=from_hour), centre.zone), Tally()
    with reading(engine) as session:
        if session.get(RecordingCheck, (known(centre.id), day)):
            return None
    night = day.toordinal() % SLICES
    found = list(reconcile(engine, store, centre, now=now, tally=tally, slice_of=night))
    for finding in found:
        if finding.fault == Fault.LEFT_OVER:
            store.delete(finding.key)
    with transaction(engine) as session:
        if session.get(RecordingCheck, (known(centre.id), day)) is None:
            told = [finding.facts for finding in found[:MOST_TOLD]]
            counts = {"recordings": tally.recordings, "hashed": tally.hashed, "faults": len(found)}
            session.add(RecordingCheck(centre_id=known(centre.id), day=day, at=now, findings=told, **counts))
    return len(found)


def last_check(session: Session, centre_id: int) -> RecordingCheck | None:
    """The last reconciliation of a centre."""
    asked = select(RecordingCheck).where(RecordingCheck.centre_id == centre_id)
    return session.exec(asked.order_by(col(RecordingCheck.day).desc())).first()


def delete_over(engine: Engine, store: Store, *, now: datetime) -> int:
    """Delete the sound of recordings whose term is over; how many that were.

    Each has its tombstone committed before its file goes. Raises StoreOutOfReach.
    """
    with reading(engine) as session:
        ended = deleting.over(session, now=now)
    buried = 0
    for recording in ended:
        try:
            with transaction(engine) as session:
                again = session.get_one(Recording, known(recording.id))
                deleting.bury(session, again, why="term over", by=None, now=now)
        except (deleting.WithinTerm, deleting.UnderHold):
            continue
        store.delete(recording.storage_key)
        buried += 1
    return buried
