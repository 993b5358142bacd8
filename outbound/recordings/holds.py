"""Legal holds: a recording under one is deleted by nobody.

A hold is placed by one person, in force from then on, and confirmed by a second. It is lifted when one asks for it and
another agrees.
"""

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Field, Session, SQLModel, col, select

from outbound import journal
from outbound.db import UtcDateTime, guard, table_of
from outbound.errors import DATABASE_REFUSALS, NotFound, Refusal
from outbound.people import Staff, known
from outbound.recordings.model import Recording

LONGEST_REASON = 400


class LegalHold(SQLModel, table=True):
    """One hold on one recording: who placed it and why, who confirmed it, and by whom it was lifted."""

    __tablename__ = "legal_hold"
    __table_args__ = (
        sa.Index("ix_legal_hold_recording_id", "recording_id"),
        sa.Index(
            "uq_legal_hold_open",
            "recording_id",
            unique=True,
            sqlite_where=sa.text("lifted_at IS NULL"),
            postgresql_where=sa.text("lifted_at IS NULL"),
        ),
        sa.CheckConstraint("confirmed_by_id <> placed_by_id", name="confirmed_by_another"),
        sa.CheckConstraint("lifted_by_id <> lift_asked_by_id", name="lifted_by_another"),
        sa.CheckConstraint("(confirmed_at IS NULL) = (confirmed_by_id IS NULL)", name="confirmed_by_somebody"),
        sa.CheckConstraint("(lift_asked_at IS NULL) = (lift_asked_by_id IS NULL)", name="lift_asked_by_somebody"),
        sa.CheckConstraint(
            "lifted_at IS NULL AND lifted_by_id IS NULL OR lifted_at IS NOT NULL AND lifted_by_id IS NOT NULL"
            " AND lift_asked_at IS NOT NULL",
            name="lifted_by_two",
        ),
    )

    id: int | None = Field(default=None, primary_key=True)
    centre_id: int = Field(foreign_key="centre.id", index=True)
    recording_id: int = Field(foreign_key="recording.id")
    reason: str = Field(max_length=LONGEST_REASON)
    placed_by_id: int = Field(foreign_key="staff.id")
    placed_at: datetime = Field(sa_type=UtcDateTime)
    confirmed_by_id: int | None = Field(default=None, foreign_key="staff.id")
    confirmed_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    lift_reason: str = Field(default="", max_length=LONGEST_REASON)
    lift_asked_by_id: int | None = Field(default=None, foreign_key="staff.id")
    lift_asked_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    lifted_by_id: int | None = Field(default=None, foreign_key="staff.id")
    lifted_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


_ON_DELETED = "a deleted recording cannot be held"
_RAISE = "UPDATE recording SET version = version + 1 WHERE id = NEW.recording_id"

guard(
    table_of(LegalHold),
    "legal_hold_on_what_is_there",
    when="BEFORE INSERT",
    first=_RAISE,
    refuse_if="""EXISTS (SELECT 1 FROM recording_deletion d WHERE d.recording_id = NEW.recording_id)
        OR NEW.lifted_at IS NOT NULL""",
    saying=_ON_DELETED,
)
guard(
    table_of(LegalHold),
    "legal_hold_goes_forward",
    when="BEFORE UPDATE",
    refuse_if="""OLD.lifted_at IS NOT NULL OR NEW.recording_id <> OLD.recording_id OR NEW.reason <> OLD.reason
        OR NEW.placed_by_id <> OLD.placed_by_id OR NEW.placed_at <> OLD.placed_at
        OR (OLD.confirmed_by_id IS NOT NULL
            AND (NEW.confirmed_by_id IS NULL OR NEW.confirmed_by_id <> OLD.confirmed_by_id))
        OR (NEW.lifted_at IS NOT NULL
            AND (OLD.lift_asked_by_id IS NULL OR NEW.lift_asked_by_id <> OLD.lift_asked_by_id))""",
    saying="a legal hold goes forward",
)
guard(
    table_of(LegalHold),
    "legal_hold_never_deleted",
    when="BEFORE DELETE",
    refuse_if="OLD.id IS NOT NULL",
    saying="legal holds are kept",
)


class HoldReasonNeeded(Refusal):
    """Say why, in at most 400 characters: somebody will read it years from now."""

    zh = "请写明原因（不超过 400 字），以便日后查阅。"
    status = 422


class SecondPersonNeeded(Refusal):
    """Two people decide on a legal hold; somebody else has to agree to what you asked for."""

    zh = "法律保全须由两人办理，请由另一人确认您的操作。"


class NoLiftAsked(Refusal):
    """Nobody has asked to lift this hold; ask for it first, and another person agrees."""

    zh = "尚无人申请解除该保全，请先提出申请，再由另一人同意。"


class RecordingDeleted(Refusal):
    """This recording was deleted at the end of its term; only its hash is left."""

    zh = "这条录音已到期删除，仅保留校验值。"
    status = 410


class HoldDecided(Refusal):
    """Somebody else has just decided on this hold; look at it again."""

    zh = "刚刚已有人处理了该保全，请刷新后再看。"


DATABASE_REFUSALS["a legal hold goes forward"] = HoldDecided
DATABASE_REFUSALS[_ON_DELETED] = RecordingDeleted
DATABASE_REFUSALS["confirmed_by_another"] = SecondPersonNeeded
DATABASE_REFUSALS["lifted_by_another"] = SecondPersonNeeded


def in_force(session: Session, recording: Recording) -> LegalHold | None:
    """The hold that is on a recording, if any."""
    asked = select(LegalHold).where(LegalHold.recording_id == recording.id, col(LegalHold.lifted_at).is_(None))
    return session.exec(asked).first()


def of_centre(session: Session, centre_id: int) -> Sequence[tuple[LegalHold, Recording]]:
    """The holds in force at a centre, each with its recording, the newest first."""
    asked = select(LegalHold, Recording).join(Recording, col(Recording.id) == col(LegalHold.recording_id))
    here = asked.where(LegalHold.centre_id == centre_id, col(LegalHold.lifted_at).is_(None))
    return session.exec(here.order_by(col(LegalHold.id).desc())).all()


def place(session: Session, recording: Recording, *, reason: str, by: Staff, now: datetime) -> LegalHold:
    """Hold a recording: from now on nobody can delete it. Raises NotFound, HoldReasonNeeded, RecordingDeleted."""
    if by.centre_id != recording.centre_id:
        raise NotFound
    if hold := in_force(session, recording):
        return hold
    hold = LegalHold(
        centre_id=recording.centre_id,
        recording_id=known(recording.id),
        reason=_checked(reason),
        placed_by_id=known(by.id),
        placed_at=now,
    )
    try:
        with session.begin_nested():
            session.add(hold)
    except sa.exc.IntegrityError as refused:
        if _ON_DELETED in str(refused.orig):
            raise RecordingDeleted from None
        # Another person placed one at the same moment.
        if other := in_force(session, recording):
            return other
        raise
    journal.record(session, "hold.placed", hold, by=by, now=now, recording=recording.id, reason=hold.reason)
    return hold


def confirm(session: Session, hold: LegalHold, *, by: Staff, now: datetime) -> None:
    """A second person stands by a hold. Raises NotFound, SecondPersonNeeded."""
    _refuse_stranger(hold, by)
    if hold.confirmed_at:
        return
    if by.id == hold.placed_by_id:
        raise SecondPersonNeeded
    hold.confirmed_by_id, hold.confirmed_at = by.id, now
    _store(session, hold, "hold.confirmed", by=by, now=now)


def ask_to_lift(session: Session, hold: LegalHold, *, reason: str, by: Staff, now: datetime) -> None:
    """Ask for the end of a hold; it stays in force until another person agrees. Raises NotFound, HoldReasonNeeded."""
    _refuse_stranger(hold, by)
    if hold.lift_asked_at or hold.lifted_at:
        return
    hold.lift_reason, hold.lift_asked_by_id, hold.lift_asked_at = _checked(reason), by.id, now
    _store(session, hold, "hold.lift_asked", by=by, now=now)


def keep_on(session: Session, hold: LegalHold, *, by: Staff, now: datetime) -> None:
    """Decline to lift a hold: it stays. Raises NotFound."""
    _refuse_stranger(hold, by)
    if hold.lift_asked_at is None or hold.lifted_at:
        return
    hold.lift_reason, hold.lift_asked_by_id, hold.lift_asked_at = "", None, None
    _store(session, hold, "hold.kept_on", by=by, now=now)


def lift(session: Session, hold: LegalHold, *, by: Staff, now: datetime) -> None:
    """Agree to lift a hold that another asked to lift. Raises NotFound, NoLiftAsked, SecondPersonNeeded."""
    _refuse_stranger(hold, by)
    if hold.lifted_at:
        return
    if hold.lift_asked_at is None:
        raise NoLiftAsked
    if by.id == hold.lift_asked_by_id:
        raise SecondPersonNeeded
    hold.lifted_by_id, hold.lifted_at = by.id, now
    _store(session, hold, "hold.lifted", by=by, now=now)


def _refuse_stranger(hold: LegalHold, by: Staff) -> None:
    if by.centre_id != hold.centre_id:
        raise NotFound


def _checked(reason: str) -> str:
    reason = reason.strip()
    if not 0 < len(reason) <= LONGEST_REASON:
        raise HoldReasonNeeded
    return reason


def _store(session: Session, hold: LegalHold, action: str, *, by: Staff, now: datetime) -> None:
    session.add(hold)
    session.flush()
    journal.record(session, action, hold, by=by, now=now, recording=hold.recording_id)
