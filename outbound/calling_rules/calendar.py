"""A centre's own calendar: days that it decided are holidays or workdays, and years whose decree it entered in full.

What is decided here wins over every profile and every country's calendar. `overrides_of` is what the rules ask.
"""

from collections.abc import Iterable
from datetime import date, datetime
from functools import lru_cache

import sqlalchemy as sa
from sqlalchemy.orm import aliased
from sqlmodel import Field, Session, SQLModel, col, select

from outbound import journal
from outbound.calling_rules.days import Overrides, UndecreedYear, undecreed_years
from outbound.calling_rules.profiles import DayKind, Profile
from outbound.db import UtcDateTime, append_only, choice, table_of
from outbound.errors import Refusal
from outbound.people import Centre, Staff, known

EARLIEST, LATEST = 2000, 2100
"""Years within which days can be decided; anything else is a slip of the keyboard."""


class CalendarDecision(SQLModel, table=True):
    """What somebody decided about a day; the last decision on a day counts."""

    __tablename__ = "calendar_decision"
    __table_args__ = (sa.Index("ix_calendar_decision_centre_day", "centre_id", "day"),)

    id: int | None = Field(default=None, primary_key=True)
    centre_id: int = Field(foreign_key="centre.id")
    day: date
    kind: DayKind | None = Field(default=None, sa_type=choice(DayKind), description="null: as the calendar says")
    why: str = Field(max_length=200)
    by_id: int = Field(foreign_key="staff.id")
    at: datetime = Field(sa_type=UtcDateTime)


class DecreedYear(SQLModel, table=True):
    """A year whose days off and make-up workdays somebody has entered in full: it is warned of no longer."""

    __tablename__ = "decreed_year"

    centre_id: int = Field(foreign_key="centre.id", primary_key=True)
    year: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    why: str = Field(max_length=200)
    by_id: int = Field(foreign_key="staff.id")
    at: datetime = Field(sa_type=UtcDateTime)


append_only(table_of(CalendarDecision))
append_only(table_of(DecreedYear))


class DayOutOfReach(Refusal):
    """{day} lies before the year {earliest} or after {latest}; check the date."""

    zh = "{day} 不在 {earliest} 年至 {latest} 年之间，请核对日期。"
    status = 422


def decide(
    session: Session, centre: Centre, day: date, kind: DayKind | None, *, why: str, by: Staff, now: datetime
) -> CalendarDecision | None:
    """A day is a holiday or a workday from now on, or (None) what the calendar says again.

    Returns the decision that counts, None where there never was one. Raises DayOutOfReach.
    """
    if not EARLIEST <= day.year <= LATEST:
        raise DayOutOfReach(day=day, earliest=EARLIEST, latest=LATEST)
    before = _decision_on(session, centre, day)
    if kind == (before.kind if before else None):
        return before
    decision = CalendarDecision(
        centre_id=known(centre.id), day=day, kind=kind, why=why.strip(), by_id=known(by.id), at=now
    )
    session.add(decision)
    session.flush()
    journal.record(session, "calendar.decided", decision, by=by, now=now, day=str(day), kind=kind, why=why.strip())
    return decision


def declare_complete(session: Session, centre: Centre, year: int, *, why: str, by: Staff, now: datetime) -> DecreedYear:
    """The decree of a year stands in this calendar in full; nobody is warned of that year any more."""
    if already := session.get(DecreedYear, (known(centre.id), year)):
        return already
    if not EARLIEST <= year <= LATEST:
        raise DayOutOfReach(day=year, earliest=EARLIEST, latest=LATEST)
    declared = DecreedYear(centre_id=known(centre.id), year=year, why=why.strip(), by_id=known(by.id), at=now)
    session.add(declared)
    session.flush()
    journal.record(session, "calendar.year_complete", declared, by=by, now=now, year=year, why=why.strip())
    return declared


def overrides_of(session: Session, centre_id: int) -> Overrides:
    """The days that a centre decided itself, as the rules want them.

    One look-up by index. The same days give the same object, so that a caller may keep what it derived from them.
    """
    return _table(tuple((row.day, row.kind) for row in decisions_of(session, centre_id) if row.kind))


@lru_cache(maxsize=64)
def _table(days: tuple[tuple[date, DayKind], ...]) -> Overrides:
    return dict(days)


_newer = aliased(CalendarDecision)
_LATEST = (
    sa.select(CalendarDecision)
    .where(col(CalendarDecision.centre_id) == sa.bindparam("centre"))
    .where(
        ~sa.exists().where(
            col(_newer.centre_id) == col(CalendarDecision.centre_id),
            col(_newer.day) == col(CalendarDecision.day),
            col(_newer.id) > col(CalendarDecision.id),
        )
    )
    .order_by(col(CalendarDecision.day))
)
"""Asked at every dial: built once."""


def decisions_of(session: Session, centre_id: int) -> list[CalendarDecision]:
    """The decision that counts for each day of which one was ever made, in the order of the days."""
    return list(session.scalars(_LATEST, {"centre": centre_id}))


def _decision_on(session: Session, centre: Centre, day: date) -> CalendarDecision | None:
    asked = select(CalendarDecision).where(CalendarDecision.centre_id == centre.id, CalendarDecision.day == day)
    return session.exec(asked.order_by(col(CalendarDecision.id).desc()).limit(1)).first()


def years_declared(session: Session, centre_id: int) -> dict[int, DecreedYear]:
    """The years of which a centre says that it has entered everything."""
    asked = select(DecreedYear).where(DecreedYear.centre_id == centre_id).order_by(col(DecreedYear.year))
    return {row.year: row for row in session.exec(asked)}


def warnings(session: Session, centre_id: int, rules: Profile, days: Iterable[date]) -> list[UndecreedYear]:
    """A warning for each year among `days` whose decree is neither known nor entered by the centre."""
    declared = years_declared(session, centre_id)
    return [warning for warning in undecreed_years(rules, days) if warning.year not in declared]
