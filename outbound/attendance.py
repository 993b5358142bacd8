"""Attendance: in which state everybody who calls is, since when, and how long they were in each; no row ever changes.

Who is at a desk is seen every minute. Somebody who was not seen for a while, because a tab or a machine died, was away
from the moment at which they were seen last.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum

import sqlalchemy as sa
from sqlmodel import Field, Session, SQLModel, col, select
from sqlmodel.sql.expression import SelectOfScalar

from outbound.clock import day_starts
from outbound.db import UtcDateTime, append_only, choice, table_of
from outbound.dialing.statements import Book, Statement
from outbound.errors import Language, Refusal
from outbound.people import Centre, Staff, known

UNSEEN_AFTER = timedelta(minutes=5)
"""Who was not seen for so long was away."""
SEEN_EVERY = timedelta(seconds=30)
"""Who was seen less than this ago need not be written down again."""


class Stance(StrEnum):
    """What somebody who calls is doing."""

    READY = "ready"
    IN_CALL = "in_call"
    WRAP_UP = "wrap_up"
    BREAK = "break"
    AWAY = "away"

    def words(self, language: Language) -> str:
        """The state as pages show it."""
        return _STANCES[self][language == "en"]


_STANCES = {
    Stance.READY: ("就绪", "Ready"),
    Stance.IN_CALL: ("通话中", "In call"),
    Stance.WRAP_UP: ("话后处理", "Wrap-up"),
    Stance.BREAK: ("小休", "On a break"),
    Stance.AWAY: ("离席", "Away"),
}
WORKING = (Stance.READY, Stance.IN_CALL, Stance.WRAP_UP)
"""States that are counted as work."""


class BreakReason(StrEnum):
    """Why somebody takes a break."""

    REST = "rest"
    MEAL = "meal"
    MEETING = "meeting"
    TRAINING = "training"
    TROUBLE = "trouble"

    def words(self, language: Language) -> str:
        """The reason as pages show it."""
        return _REASONS[self][language == "en"]


_REASONS = {
    BreakReason.REST: ("休息", "Rest"),
    BreakReason.MEAL: ("用餐", "Meal"),
    BreakReason.MEETING: ("会议", "Meeting"),
    BreakReason.TRAINING: ("培训", "Training"),
    BreakReason.TROUBLE: ("设备故障", "Equipment trouble"),
}


class BreakReasonNeeded(Refusal):
    """Say why you take a break; choose one of the reasons."""

    zh = "请选择小休原因。"
    status = 422


class Attendance(SQLModel, table=True):
    """Somebody entered a state; they are in it until they enter the next."""

    __tablename__ = "attendance"
    __table_args__ = (
        sa.Index("ix_attendance_staff_id", "staff_id", "id"),
        sa.Index("ix_attendance_centre_at", "centre_id", "at"),
        sa.CheckConstraint("(state = 'break') = (reason IS NOT NULL)", name="break_with_reason"),
    )

    id: int | None = Field(default=None, primary_key=True)
    centre_id: int = Field(foreign_key="centre.id")
    staff_id: int = Field(foreign_key="staff.id")
    state: Stance = Field(sa_type=choice(Stance))
    reason: BreakReason | None = Field(default=None, sa_type=choice(BreakReason))
    at: datetime = Field(sa_type=UtcDateTime)


class Presence(SQLModel, table=True):
    """When somebody was last seen at their desk."""

    __tablename__ = "presence"

    staff_id: int = Field(foreign_key="staff.id", primary_key=True)
    seen_at: datetime = Field(sa_type=UtcDateTime)


append_only(table_of(Attendance))


def enter(
    session: Session, staff: Staff, state: Stance, *, reason: BreakReason | None = None, now: datetime
) -> Attendance | None:
    """`staff` enters a state; who is in it already stays in it. Raises BreakReasonNeeded."""
    if staff.centre_id is None:
        return None
    if state == Stance.BREAK and reason is None:
        raise BreakReasonNeeded
    last = _settled(session, staff, now=now)
    reason = reason if state == Stance.BREAK else None
    if last and (last.state, last.reason) == (state, reason):
        return last
    if state == Stance.WRAP_UP and (last is None or last.state != Stance.IN_CALL):
        # Wrap-up follows a call: told later, it is over already.
        return last
    return _note(session, staff, state, reason, now)


def leave(session: Session, staff: Staff, *, now: datetime) -> None:
    """`staff` goes away from the desk; who never sat at one is not kept."""
    if current(session, staff):
        enter(session, staff, Stance.AWAY, now=now)


def was_there(session: Session, staff: Staff, *, now: datetime) -> Attendance | None:
    """`staff` is at the desk: after a time in which nobody saw them, they go on with what they did before."""
    before = current(session, staff)
    last = _settled(session, staff, now=now)
    if before and last and last is not before and before.state != Stance.AWAY:
        return _note(session, staff, before.state, before.reason, now)
    return last


def stayed(session: Session, staff: Staff, *, until: datetime) -> None:
    """`staff` was at the desk all the time up to an instant."""
    seen = session.get(Presence, known(staff.id)) or Presence(staff_id=known(staff.id), seen_at=until)
    seen.seen_at = max(seen.seen_at, until)
    session.add(seen)


_CURRENT = (
    sa.select(Attendance)
    .where(col(Attendance.staff_id) == sa.bindparam("staff"))
    .order_by(col(Attendance.id).desc())
    .limit(1)
)
"""Asked at every step of a call: built once."""
_STATE = Statement("SELECT a.state FROM attendance a WHERE a.staff_id = :staff ORDER BY a.id DESC LIMIT 1")


def current(session: Session, staff: Staff) -> Attendance | None:
    """The state that somebody entered last."""
    return session.scalars(_CURRENT, {"staff": staff.id}).first()


def stands(session: Session, staff: Staff) -> Stance:
    """What somebody is doing, as far as they said it."""
    found = Book.of(session).ask(_STATE, staff=staff.id)
    return Stance(found[0][0]) if found else Stance.AWAY


def _settled(session: Session, staff: Staff, *, now: datetime) -> Attendance | None:
    """Where they stand, once a time in which nobody saw them is written down; and that they are seen now."""
    last, seen = current(session, staff), session.get(Presence, known(staff.id))
    if last and seen and last.state != Stance.AWAY and now - max(seen.seen_at, last.at) > UNSEEN_AFTER:
        last = _note(session, staff, Stance.AWAY, None, max(seen.seen_at, last.at))
    if seen is None or now - seen.seen_at >= SEEN_EVERY:
        stayed(session, staff, until=now)
    return last


def _note(session: Session, staff: Staff, state: Stance, reason: BreakReason | None, at: datetime) -> Attendance:
    entered = Attendance(centre_id=known(staff.centre_id), staff_id=known(staff.id), state=state, reason=reason, at=at)
    session.add(entered)
    session.flush()
    return entered


@dataclass(frozen=True)
class Seat:
    """Somebody who calls, and what they are doing."""

    staff: Staff
    state: Stance
    reason: BreakReason | None
    since: datetime


def seats(session: Session, centre: Centre, *, now: datetime) -> list[Seat]:
    """Who of a centre is at their desk now and what they do, who has done it longest first."""
    newest = sa.select(sa.func.max(col(Attendance.id))).where(col(Attendance.centre_id) == centre.id)
    asked = (
        select(Attendance, Staff, Presence)
        .join(Staff, col(Staff.id) == col(Attendance.staff_id))
        .join(Presence, col(Presence.staff_id) == col(Staff.id))
        .where(col(Attendance.id).in_(newest.group_by(col(Attendance.staff_id))), Attendance.state != Stance.AWAY)
        .order_by(col(Attendance.at), col(Attendance.id))
    )
    return [
        Seat(staff, entered.state, entered.reason, entered.at)
        for entered, staff, presence in session.exec(asked).all()
        if now - max(presence.seen_at, entered.at) <= UNSEEN_AFTER
    ]


@dataclass
class Hours:
    """How long somebody was in each state on a day."""

    staff: Staff
    began: datetime
    ended: datetime
    times: dict[Stance, timedelta] = field(default_factory=dict)
    breaks: dict[BreakReason, timedelta] = field(default_factory=dict)

    @property
    def worked(self) -> timedelta:
        """Ready, in calls and in wrap-up together."""
        return sum((self.of(state) for state in WORKING), timedelta(0))

    def of(self, state: Stance) -> timedelta:
        """The time in one state."""
        return self.times.get(state, timedelta(0))

    def count(self, entered: Attendance, begins: datetime, ends: datetime) -> None:
        """Add a stretch of time."""
        self.times[entered.state] = self.of(entered.state) + (ends - begins)
        if entered.reason:
            self.breaks[entered.reason] = self.breaks.get(entered.reason, timedelta(0)) + (ends - begins)
        self.began, self.ended = min(self.began, begins), max(self.ended, ends)


def hours_of(session: Session, centre: Centre, day: date, *, now: datetime) -> list[Hours]:
    """How long everybody of a centre was in each state on a day of the centre's zone, by name of login."""
    begins, ends = day_starts(day, centre.zone), min(now, day_starts(day + timedelta(days=1), centre.zone))
    entered = session.exec(_entries(centre, begins, ends)).all()
    by_staff: dict[int, list[Attendance]] = {}
    for each in entered:
        by_staff.setdefault(each.staff_id, []).append(each)
    seen = _seen(session, by_staff)
    found = (
        _hours(session.get_one(Staff, number), each, begins, ends, seen.get(number, ends))
        for number, each in by_staff.items()
    )
    return sorted((hours for hours in found if hours), key=lambda hours: hours.staff.login)


def _entries(centre: Centre, begins: datetime, ends: datetime) -> SelectOfScalar[Attendance]:
    """What was entered on a day, and for each person the last of the day before."""
    before = (
        sa.select(sa.func.max(col(Attendance.id)))
        .where(col(Attendance.centre_id) == centre.id, col(Attendance.at) < begins)
        .where(col(Attendance.at) >= begins - timedelta(days=1))
        .group_by(col(Attendance.staff_id))
    )
    within = sa.and_(col(Attendance.centre_id) == centre.id, col(Attendance.at) >= begins, col(Attendance.at) < ends)
    return select(Attendance).where(sa.or_(within, col(Attendance.id).in_(before))).order_by(col(Attendance.id))


def _seen(session: Session, staff: Iterable[int]) -> Mapping[int, datetime]:
    asked = select(Presence).where(col(Presence.staff_id).in_(list(staff)))
    return {presence.staff_id: presence.seen_at for presence in session.exec(asked)}


def _hours(staff: Staff, entered: list[Attendance], begins: datetime, ends: datetime, seen: datetime) -> Hours | None:
    """None for somebody who was away all day."""
    told: Hours | None = None
    # What was entered last lasts as long as somebody is seen in it.
    upto = [*(each.at for each in entered[1:]), max(seen, entered[-1].at)]
    for each, until in zip(entered, upto, strict=True):
        first, last = max(each.at, begins), min(until, ends)
        if each.state == Stance.AWAY or last < first:
            continue
        told = told or Hours(staff, first, last)
        told.count(each, first, last)
    return told
