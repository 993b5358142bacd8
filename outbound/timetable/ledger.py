"""The timetable: APScheduler only ticks; a ledger of periods in the database decides what runs, once.

A job's effect in a period is committed together with the period's row, whose key is unique: however many processes run
and whenever they crash, each period has one effect. Missed periods are caught up in order.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa
import structlog
from sqlalchemy.engine import Engine
from sqlmodel import Field, Session, SQLModel, col, select

from outbound import clock
from outbound.db import UtcDateTime, append_only, is_sqlite, reading, table_of, transaction
from outbound.people import Centre, known

log = structlog.get_logger()

MOST_CAUGHT_UP = 400
"""Periods of one job that one round catches up; the next round goes on."""


class PeriodDone(SQLModel, table=True):
    """A job's effect in one period of one centre, committed together with this row; never deleted."""

    __tablename__ = "period_done"

    job: str = Field(primary_key=True, max_length=40)
    centre_id: int = Field(foreign_key="centre.id", primary_key=True)
    period: str = Field(primary_key=True, max_length=20)
    at: datetime = Field(sa_type=UtcDateTime)
    effect: dict[str, Any] = Field(default_factory=dict, sa_type=sa.JSON)


append_only(table_of(PeriodDone))

Effect = Callable[[Session, Centre, str, datetime], Mapping[str, Any]]
"""What a job does for a centre in a period; returns what came of it, as JSON values."""


class Every(StrEnum):
    """How long a job's periods are."""

    HOUR = "hour"
    DAY = "day"
    WEEK = "week"


@dataclass(frozen=True)
class Job:
    """One line of the timetable: `at` is when, on the centre's wall clock, the period's effect is due.

    A daily job's period is the day on which it runs; a weekly one's is the ISO week, and it runs on its Monday. An
    hourly one's is an hour in UTC, such as `2026-11-23T02`, and of `at` only the minute counts; it does all there is to
    do, so that of hours that were missed only the last is caught up.
    """

    name: str
    every: Every
    at: time
    effect: Effect

    def due_at(self, period: str, zone: str) -> datetime:
        """The instant from which a period's effect is due."""
        if self.every == Every.HOUR:
            return datetime.fromisoformat(f"{period}:{self.at.minute:02d}").replace(tzinfo=UTC)
        day = date.fromisoformat(period) if self.every == Every.DAY else clock.week_days(period)[0]
        return datetime.combine(day, self.at, ZoneInfo(zone)).astimezone(UTC)

    def period_at(self, now: datetime, zone: str) -> str:
        """The last period whose effect is due by `now`."""
        if self.every == Every.HOUR:
            return _hour(now - timedelta(minutes=self.at.minute))
        step = timedelta(days=1 if self.every == Every.DAY else 7)
        day = clock.local_day(now, zone)
        while self.due_at(self._named(day), zone) > now:
            day -= step
        return self._named(day)

    def _named(self, day: date) -> str:
        return day.isoformat() if self.every == Every.DAY else clock.week_name(day)

    def following(self, period: str) -> str:
        """The period after this one."""
        if self.every == Every.HOUR:
            return _hour(datetime.fromisoformat(f"{period}:00").replace(tzinfo=UTC) + timedelta(hours=1))
        if self.every == Every.DAY:
            return (date.fromisoformat(period) + timedelta(days=1)).isoformat()
        return clock.week_name(clock.week_days(period)[0] + timedelta(days=7))


def _hour(instant: datetime) -> str:
    return f"{instant.astimezone(UTC):%Y-%m-%dT%H}"


def run_due(engine: Engine, jobs: tuple[Job, ...], *, now: datetime) -> list[tuple[str, str, str]]:
    """Let every job take effect in every period that is due and not done; (job, centre, period) of what this did.

    A job that breaks down at a centre holds up its own later periods there, and nothing else. Once all others are done,
    raises ExceptionGroup with what broke down; the next round tries that again.
    """
    with reading(engine) as session:
        centres = list(session.exec(select(Centre).order_by(col(Centre.id))).all())
    failures: list[Exception] = []
    ran = [done for centre in centres for done in _run_centre(engine, jobs, centre, failures, now=now)]
    if failures:
        raise ExceptionGroup("jobs of the timetable broke down", failures)
    return ran


def _run_centre(
    engine: Engine, jobs: tuple[Job, ...], centre: Centre, failures: list[Exception], *, now: datetime
) -> Iterator[tuple[str, str, str]]:
    due = [
        (job.due_at(period, centre.zone), place, job, period)
        for place, job in enumerate(jobs)
        for period in _missing(engine, job, centre, now=now)
    ]
    broken: set[str] = set()
    # In the order in which they were due, whatever the job: a day's draws come before the next day's charges.
    for _, _, job, period in sorted(due, key=lambda line: line[:2]):
        if job.name in broken:
            continue
        try:
            if _run_once(engine, job, centre, period, now=now):
                yield job.name, centre.code, period
        except Exception as failure:
            failure.add_note(f"in the job {job.name} of {centre.code}, {period}")
            log.exception("job broke down", job=job.name, centre=centre.code, period=period)
            failures.append(failure)
            broken.add(job.name)


def _missing(engine: Engine, job: Job, centre: Centre, *, now: datetime) -> list[str]:
    last = job.period_at(now, centre.zone)
    with reading(engine) as session:
        asked = select(sa.func.max(PeriodDone.period)).where(PeriodDone.job == job.name)
        done = session.exec(asked.where(PeriodDone.centre_id == centre.id)).one()
    if done is None or (job.every == Every.HOUR and str(done) < last):
        return [last]
    periods: list[str] = []
    period = str(done)
    while period < last and len(periods) < MOST_CAUGHT_UP:
        period = job.following(period)
        periods.append(period)
    return periods


def _run_once(engine: Engine, job: Job, centre: Centre, period: str, *, now: datetime) -> bool:
    """Take the period and let the job act, in one transaction; False where another process has it."""
    with transaction(engine) as session:
        if not _take(session, job, centre, period, now=now):
            return False
        here = session.get_one(Centre, known(centre.id))
        effect = dict(job.effect(session, here, period, now))
        log.info("period done", job=job.name, centre=centre.code, period=period, **effect)
    return True


def _take(session: Session, job: Job, centre: Centre, period: str, *, now: datetime) -> bool:
    # A second process waits here for the first one's commit, and then finds the period taken.
    from sqlalchemy.dialects import postgresql, sqlite

    # On SQLite the lock on a period's row speaks before ON CONFLICT does; nobody else writes until this is over.
    if is_sqlite(session) and session.get(PeriodDone, (job.name, known(centre.id), period)) is not None:
        return False
    insert = sqlite.insert if is_sqlite(session) else postgresql.insert
    row = insert(PeriodDone).values(job=job.name, centre_id=centre.id, period=period, at=now, effect={})
    taken = row.on_conflict_do_nothing().returning(col(PeriodDone.period))
    return session.execute(taken).first() is not None
