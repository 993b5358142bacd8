"""The end of a recording's term: its sound is deleted, and a tombstone with its hash stays, as does its row.

The tombstone is written first and the file goes afterwards: what a crash leaves between the two is a file that the
reconciler knows to be deleted, never a recording that is lost.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlmodel import Field, Session, SQLModel, col, select

from outbound import journal
from outbound.calls.model import Call
from outbound.campaigns.lookups import definition_in
from outbound.campaigns.model import CampaignVersion
from outbound.db import UtcDateTime, append_only, guard, table_of
from outbound.errors import DATABASE_REFUSALS, Refusal
from outbound.people import Staff, known
from outbound.recordings.holds import LegalHold
from outbound.recordings.model import Recording

AT_ONCE = 500
"""Recordings that one round of the worker deletes; the next goes on."""


class RecordingDeletion(SQLModel, table=True):
    """The tombstone of a recording: when and why its sound was deleted, and the hash that it had."""

    __tablename__ = "recording_deletion"

    recording_id: int = Field(foreign_key="recording.id", primary_key=True, sa_column_kwargs={"autoincrement": False})
    centre_id: int = Field(foreign_key="centre.id", index=True)
    sha256: str = Field(max_length=64)
    storage_key: str = Field(max_length=200)
    size: int
    why: str = Field(max_length=120)
    by_id: int | None = Field(default=None, foreign_key="staff.id", description="null: the timetable")
    at: datetime = Field(sa_type=UtcDateTime)


_OF_A_SALE = """(r.call_id IS NULL OR EXISTS (SELECT 1 FROM call c WHERE c.id = r.call_id AND (c.duty <> 'pitch'
        OR EXISTS (SELECT 1 FROM subscription s WHERE s.sale_call_id = c.id))))"""
"""Whether a sale rests on the recording `r`; one whose call nobody knows may be of a sale."""
_TERM = f"CASE WHEN {_OF_A_SALE} THEN r.keep_sale_until ELSE r.keep_until END"

append_only(table_of(RecordingDeletion))
guard(
    table_of(RecordingDeletion),
    "recording_stays_its_term",
    when="BEFORE INSERT",
    first="UPDATE recording SET version = version + 1 WHERE id = NEW.recording_id",
    # The database's own clock decides, not the instant that the row claims.
    refuse_if=f"""NOT EXISTS (SELECT 1 FROM recording r WHERE r.id = NEW.recording_id AND r.sha256 = NEW.sha256
        AND r.storage_key = NEW.storage_key
        AND {_TERM} <= CURRENT_TIMESTAMP)""",
    saying="a recording stays its term",
)
guard(
    table_of(RecordingDeletion),
    "recording_under_hold_stays",
    when="BEFORE INSERT",
    refuse_if="""EXISTS (SELECT 1 FROM legal_hold h WHERE h.recording_id = NEW.recording_id
        AND h.lifted_at IS NULL)""",
    saying="a recording under legal hold stays",
)


class WithinTerm(Refusal):
    """This recording has to be kept until {until}."""

    zh = "这条录音须保留至 {until}。"


class TermNotOver(Refusal):
    """This recording has not been kept for its whole term yet."""

    zh = "这条录音尚未到保留期限。"


class UnderHold(Refusal):
    """This recording is under legal hold; two people have to lift the hold first."""

    zh = "这条录音处于法律保全中，须先由两人解除保全。"


DATABASE_REFUSALS["a recording stays its term"] = TermNotOver
DATABASE_REFUSALS["a recording under legal hold stays"] = UnderHold


def of(session: Session, recording: Recording) -> RecordingDeletion | None:
    """The tombstone of a recording, if it was deleted."""
    return session.get(RecordingDeletion, known(recording.id))


def bury(session: Session, recording: Recording, *, why: str, by: Staff | None, now: datetime) -> RecordingDeletion:
    """Write the tombstone of a recording whose term is over; its file may go once this is committed.

    Raises WithinTerm, UnderHold.
    """
    if tombstone := of(session, recording):
        return tombstone
    until = stays_until(session, recording)
    if until is None or until > now:
        raise WithinTerm(until="9999-12-31" if until is None else f"{until:%Y-%m-%d}")
    if _held(session, recording):
        raise UnderHold
    tombstone = RecordingDeletion(
        recording_id=known(recording.id),
        centre_id=recording.centre_id,
        sha256=recording.sha256,
        storage_key=recording.storage_key,
        size=recording.size,
        why=why,
        by_id=by.id if by else None,
        at=now,
    )
    try:
        with session.begin_nested():
            session.add(tombstone)
    except sa.exc.DBAPIError:
        # A hold was placed at the same moment, and the database saw it.
        if _held(session, recording):
            raise UnderHold from None
        raise
    journal.record(session, "recording.deleted", recording, by=by, now=now, sha256=recording.sha256, why=why)
    return tombstone


def stays_until(session: Session, recording: Recording) -> datetime | None:
    """Until when a recording has to be kept: by its centre's rule, and where a sale rests on it by its campaign's too.

    None: for ever.
    """
    asked = sa.text(f"SELECT 1 FROM recording r WHERE r.id = :row AND {_OF_A_SALE}")
    if session.connection().execute(asked, {"row": recording.id}).first() is None:
        return recording.keep_until
    until = recording.keep_sale_until
    if until is None or recording.call_id is None:
        return until
    version = session.get_one(CampaignVersion, session.get_one(Call, recording.call_id).campaign_version_id)
    years = definition_in(version).profile.retention_years
    return max(until, recording.kept_at + timedelta(days=366 * years))


def over(session: Session, *, now: datetime) -> Sequence[Recording]:
    """Recordings whose term is over by their centre's rule, that nobody holds, and that are not deleted yet."""
    buried = select(RecordingDeletion.recording_id).where(RecordingDeletion.recording_id == col(Recording.id))
    held = select(LegalHold.id).where(LegalHold.recording_id == col(Recording.id), col(LegalHold.lifted_at).is_(None))
    done = sa.text(f"(SELECT {_TERM} FROM recording r WHERE r.id = recording.id) <= :now")
    asked = select(Recording).where(col(Recording.keep_until) <= now, ~buried.exists(), ~held.exists())
    ended = asked.where(done.bindparams(sa.bindparam("now", now, type_=UtcDateTime())))
    return session.exec(ended.order_by(col(Recording.id)).limit(AT_ONCE)).all()


def _held(session: Session, recording: Recording) -> bool:
    asked = select(LegalHold.id).where(LegalHold.recording_id == recording.id, col(LegalHold.lifted_at).is_(None))
    return session.exec(asked).first() is not None
