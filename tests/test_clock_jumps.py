"""A clock that jumps a day back or forth: no charge comes before its day, none comes twice, and jobs wait in doubt."""

from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Engine

from outbound import clock, db, hosting
from outbound.billing.model import LedgerEntry
from outbound.promises import charges
from outbound.settings import Settings
from outbound.timetable.jobs import JOBS
from outbound.timetable.ledger import run_due
from tests.conftest import NOW, Cast
from tests.sales import Sales

MONEY = tuple(job for job in JOBS if job.name in ("trial_ends", "confirmation_windows", "charge_run"))
DAYS = (6, 8, 7, 9, 8, 7, 8, 10, 9, 38, 39, 38, 40, 39)
"""Days after NOW at which the clock stands, one after the other: the first charge is due on the eighth, the next on
the thirty-ninth.
"""


def entries(engine: Engine) -> Iterator[LedgerEntry]:
    with db.reading(engine) as session:
        yield from session.exec(sa.select(LedgerEntry)).scalars()  # type: ignore[call-overload]


def test_no_charge_comes_before_its_day_and_none_twice_however_the_clock_jumps(engine: Engine, cast: Cast) -> None:
    with db.transaction(engine) as session:
        sales = Sales(session, cast, NOW)
        for _customer in range(2):
            sales.confirmed()
    for day in DAYS:
        run_due(engine, MONEY, now=NOW + timedelta(days=day))
        for entry in entries(engine):
            assert clock.local_day(entry.at, "Asia/Shanghai").isoformat() >= entry.cycle
    cycles = sorted((entry.subscription_id, entry.cycle) for entry in entries(engine))
    assert cycles == [(customer, cycle) for customer in (1, 2) for cycle in ("2026-12-01", "2027-01-01")]
    with db.reading(engine) as session:
        found = {name: session.execute(sa.text(question)).all() for name, question in charges.CHECKS.items()}
    assert {name: rows for name, rows in found.items() if rows} == {}


@pytest.mark.parametrize("engine", ["postgresql"], indirect=True)
@pytest.mark.parametrize(("jump", "runs"), [(timedelta(days=1), 0), (-timedelta(days=1), 0), (timedelta(seconds=9), 1)])
def test_the_timetable_waits_while_our_clock_and_the_databases_differ(
    engine: Engine, settings: Settings, monkeypatch: pytest.MonkeyPatch, jump: timedelta, runs: int
) -> None:
    ran: list[datetime] = []
    jumped = clock.now() + jump
    monkeypatch.setattr(hosting, "go_round", lambda *_given, **_named: True)
    monkeypatch.setattr(hosting, "run_due", lambda *_given, now: ran.append(now))
    monkeypatch.setattr(clock, "now", lambda: jumped)
    assert hosting.tick(engine, settings) == bool(runs)
    assert len(ran) == runs


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("jump", "runs"),
    [
        (timedelta(days=1), 0),
        (timedelta(minutes=6), 0),
        (-timedelta(days=1), 0),
        (timedelta(minutes=4), 1),
        (timedelta(0), 1),
    ],
)
def test_the_timetable_waits_once_the_clock_was_set_while_it_ran(
    engine: Engine, settings: Settings, monkeypatch: pytest.MonkeyPatch, jump: timedelta, runs: int
) -> None:
    ran: list[datetime] = []
    gone = 0.0
    watch = clock.Watch(NOW, lambda: gone)
    # The machine slept for a week, and the clock was set besides.
    gone = timedelta(days=7).total_seconds()
    monkeypatch.setattr(hosting, "go_round", lambda *_given, **_named: True)
    monkeypatch.setattr(hosting, "run_due", lambda *_given, now: ran.append(now))
    monkeypatch.setattr(clock, "now", lambda: NOW + timedelta(days=7) + jump)
    assert hosting.tick(engine, settings, watch) == bool(runs)
    assert len(ran) == runs


def test_a_clock_that_is_set_back_ends_the_wait() -> None:
    watch = clock.Watch(NOW, lambda: 0.0)
    assert [watch.apart(NOW + timedelta(days=days)).days for days in (0, 30, 0)] == [0, 30, 0]


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_the_timetable_runs_under_a_watch(engine: Engine, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[object] = []
    monkeypatch.setattr(hosting, "opened", lambda _settings: engine)
    monkeypatch.setattr(
        "outbound.hosting.BlockingScheduler.add_job", lambda *given_to, **_named: given.extend(given_to[3])
    )
    monkeypatch.setattr("outbound.hosting.BlockingScheduler.start", lambda _scheduler: None)
    monkeypatch.setattr("outbound.hosting.signal.signal", lambda *_given: None)
    hosting.run_timetable(settings)
    (watch,) = [each for each in given if isinstance(each, clock.Watch)]
    assert watch.apart(clock.now()) < hosting.MOST_APART
