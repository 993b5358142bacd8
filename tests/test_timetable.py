"""The timetable: each period has one effect, however many processes run and whenever they crash."""

import json
import os
import signal
import subprocess
import sys
import time as real_time
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.engine import Engine
from sqlmodel import Session, select

from outbound import db, journal
from outbound.journal import JournalEntry, broken_links
from outbound.people import Centre, known
from outbound.timetable.jobs import JOBS
from outbound.timetable.ledger import Every, Job, PeriodDone, run_due
from qa.sampling.model import DrawSeed
from tests.conftest import Cast

ROOT = Path(__file__).parent.parent
once = pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
Start = Callable[..., "subprocess.Popen[bytes]"]


class Broken(Exception):
    """A job of this file broke down."""


def ticking(name: str = "tick", every: Every = Every.DAY, at: time = time(0, 5), fails_on: str = "") -> Job:
    """A job that notes each of its periods in the journal, and breaks down in one of them."""

    def effect(session: Session, centre: Centre, period: str, now: datetime) -> Mapping[str, Any]:
        journal.record(session, "tick", centre, by=None, now=now, job=name, period=period)
        if period == fails_on:
            raise Broken
        return {"ticked": 1}

    return Job(name, every, at, effect)


def ticks(engine: Engine, centre: Centre) -> list[str]:
    """The periods that took effect at a centre, in the order in which they did."""
    with Session(engine) as session:
        asked = select(JournalEntry).where(JournalEntry.action == "tick", JournalEntry.subject_id == centre.id)
        entries = session.exec(asked.order_by(JournalEntry.sequence)).all()  # type: ignore[arg-type]
        return [json.loads(entry.details)["period"] for entry in entries]


def done(engine: Engine) -> list[tuple[str, str]]:
    """The ledger: each job and period, in order."""
    with Session(engine) as session:
        return sorted((row.job, row.period) for row in session.exec(select(PeriodDone)).all())


def at(day: int, hour: int = 10) -> datetime:
    """An hour of a day of November 2026 in Shanghai."""
    return datetime(2026, 11, day, hour, tzinfo=UTC) - timedelta(hours=8)


# ── When a period is due


@pytest.mark.parametrize(
    ("every", "now", "period"),
    [
        (Every.DAY, at(23, 0), "2026-11-22"),
        (Every.DAY, at(23, 1), "2026-11-23"),
        (Every.WEEK, at(23, 0), "2026-W47"),
        (Every.WEEK, at(23, 1), "2026-W48"),
        (Every.WEEK, at(29, 23), "2026-W48"),
        (Every.WEEK, datetime(2027, 1, 3, 12, tzinfo=UTC), "2026-W53"),
    ],
)
def test_a_period_is_due_from_its_hour_on_the_centre_s_clock(every: Every, now: datetime, period: str) -> None:
    assert ticking(every=every).period_at(now, "Asia/Shanghai") == period


def test_a_period_follows_another_over_the_year_s_end() -> None:
    assert ticking(every=Every.WEEK).following("2026-W53") == "2027-W01"
    assert ticking().following("2026-12-31") == "2027-01-01"


def test_each_centre_has_its_own_clock(engine: Engine, cast: Cast) -> None:
    with db.transaction(engine) as session:
        there = session.get_one(Centre, cast.xm.id)
        there.zone = "America/New_York"
        session.add(there)
    ran = run_due(engine, (ticking(),), now=at(23, 1))
    assert ran == [("tick", "fz", "2026-11-23"), ("tick", "xm", "2026-11-22")]


# ── One effect


def test_a_period_takes_effect_once(engine: Engine, cast: Cast) -> None:
    for minute in range(3):
        run_due(engine, (ticking(),), now=at(23) + timedelta(minutes=minute))
    assert ticks(engine, cast.fz) == ["2026-11-23"]


def test_a_job_that_is_new_begins_with_the_period_that_is_due(engine: Engine, cast: Cast) -> None:
    run_due(engine, (ticking(),), now=at(23))
    run_due(engine, (ticking(), ticking("later")), now=at(24))
    assert [line for line in done(engine) if line[0] == "later"] == [("later", "2026-11-24")] * 2


def test_missed_periods_are_caught_up_in_order(engine: Engine, cast: Cast) -> None:
    run_due(engine, (ticking(),), now=at(20))
    run_due(engine, (ticking(),), now=at(24))
    assert ticks(engine, cast.fz) == [f"2026-11-{day}" for day in (20, 21, 22, 23, 24)]


def test_what_was_due_earlier_runs_earlier_whatever_the_job(engine: Engine, cast: Cast) -> None:
    two = (ticking("late", at=time(0, 40)), ticking("early", at=time(0, 10)))
    run_due(engine, two, now=at(20))
    ran = [(job, period) for job, centre, period in run_due(engine, two, now=at(22)) if centre == "fz"]
    days = ["2026-11-21", "2026-11-22"]
    assert ran == [(job, day) for day in days for job in ("early", "late")]


def test_the_effect_is_told_in_the_ledger(engine: Engine, cast: Cast) -> None:
    run_due(engine, (ticking(),), now=at(23))
    with Session(engine) as session:
        rows = session.exec(select(PeriodDone).where(PeriodDone.centre_id == cast.fz.id)).all()
        assert [(row.period, row.at) for row in rows] == [("2026-11-23", at(23))]


# ── A job that breaks down


def test_a_crash_in_a_job_leaves_neither_its_row_nor_its_effect(engine: Engine, cast: Cast) -> None:
    with pytest.raises(ExceptionGroup):
        run_due(engine, (ticking(fails_on="2026-11-23"),), now=at(23))
    assert (done(engine), ticks(engine, cast.fz)) == ([], [])


def test_what_broke_down_is_done_by_the_next_round(engine: Engine, cast: Cast) -> None:
    with pytest.raises(ExceptionGroup):
        run_due(engine, (ticking(fails_on="2026-11-23"),), now=at(23))
    run_due(engine, (ticking(),), now=at(23) + timedelta(minutes=1))
    assert ticks(engine, cast.fz) == ["2026-11-23"]


def test_a_job_that_breaks_down_does_not_hold_up_the_others(engine: Engine, cast: Cast) -> None:
    two = (ticking("broken", fails_on="2026-11-23"), ticking("whole", at=time(0, 30)))
    with pytest.raises(ExceptionGroup):
        run_due(engine, two, now=at(23))
    assert done(engine) == [("whole", "2026-11-23")] * 2


def test_a_period_that_broke_down_holds_up_the_later_ones_of_its_job(engine: Engine, cast: Cast) -> None:
    run_due(engine, (ticking(),), now=at(20))
    with pytest.raises(ExceptionGroup):
        run_due(engine, (ticking(fails_on="2026-11-22"),), now=at(24))
    assert ticks(engine, cast.fz) == ["2026-11-20", "2026-11-21"]
    run_due(engine, (ticking(),), now=at(24))
    assert ticks(engine, cast.fz) == [f"2026-11-{day}" for day in (20, 21, 22, 23, 24)]


def test_a_centre_whose_job_breaks_down_does_not_hold_up_the_other(engine: Engine, cast: Cast) -> None:
    def effect(session: Session, centre: Centre, period: str, now: datetime) -> Mapping[str, Any]:
        if centre.code == "fz":
            raise Broken
        return {}

    with pytest.raises(ExceptionGroup) as told:
        run_due(engine, (Job("tick", Every.DAY, time(0, 5), effect),), now=at(23))
    assert told.value.exceptions[0].__notes__ == ["in the job tick of fz, 2026-11-23"]
    with Session(engine) as session:
        rows = session.exec(select(PeriodDone)).all()
        assert [(row.centre_id, row.period) for row in rows] == [(cast.xm.id, "2026-11-23")]


# ── Several processes


@pytest.fixture
def start(engine: Engine, tmp_path: Path) -> Iterator[Start]:
    """Starts a process of the timetable on the test's database; those that still run at the end are killed."""
    started: list[subprocess.Popen[bytes]] = []

    def begin(now: datetime, how: str = "finish") -> "subprocess.Popen[bytes]":
        address = engine.url.render_as_string(hide_password=False)
        command = [sys.executable, "-m", "tests.timetable_process", address, str(tmp_path), now.isoformat(), how]
        process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        started.append(process)
        return process

    yield begin
    for process in started:
        if process.poll() is None:
            process.kill()
        process.communicate()


def finish(*processes: "subprocess.Popen[bytes]") -> None:
    for process in processes:
        said, _ = process.communicate(timeout=120)
        assert process.returncode == 0, said.decode()


def in_its_transaction(folder: Path, process: "subprocess.Popen[bytes]") -> None:
    """Wait until a process has done its work and not committed it."""
    for _try in range(1200):
        if list(folder.glob(f"*.{process.pid}")):
            return
        assert process.poll() is None, "it ended before it worked"
        real_time.sleep(0.05)
    raise AssertionError("it never came to work")


@pytest.mark.slow
def test_three_processes_at_once_have_one_effect_in_each_period(
    engine: Engine, cast: Cast, start: Start, tmp_path: Path
) -> None:
    run_due(engine, (ticking(),), now=at(15))
    finish(*(start(at(24)) for _process in range(3)))
    days = [f"2026-11-{day}" for day in range(15, 25)]
    assert (ticks(engine, cast.fz), ticks(engine, cast.xm)) == (days, days)
    assert done(engine) == sorted([("tick", day) for day in days] * 2)


@pytest.mark.slow
def test_one_of_three_is_killed_in_the_middle_and_each_period_still_has_one_effect(
    engine: Engine, cast: Cast, start: Start, tmp_path: Path
) -> None:
    run_due(engine, (ticking(),), now=at(20))
    killed = start(at(24), "hang")
    in_its_transaction(tmp_path, killed)
    others = [start(at(24)) for _process in range(2)]
    real_time.sleep(1)
    os.kill(killed.pid, signal.SIGKILL)
    finish(*others)
    days = [f"2026-11-{day}" for day in range(20, 25)]
    assert (ticks(engine, cast.fz), ticks(engine, cast.xm)) == (days, days)
    with Session(engine) as session:
        assert broken_links(session, known(cast.fz.id)) == []


@pytest.mark.slow
def test_a_process_that_is_killed_leaves_nothing_of_its_period(
    engine: Engine, cast: Cast, start: Start, tmp_path: Path
) -> None:
    killed = start(at(23), "hang")
    in_its_transaction(tmp_path, killed)
    os.kill(killed.pid, signal.SIGKILL)
    killed.wait(timeout=60)
    assert (done(engine), ticks(engine, cast.fz)) == ([], [])
    finish(start(at(23)))
    assert ticks(engine, cast.fz) == ["2026-11-23"]


# ── The real timetable


def test_the_whole_timetable_runs_on_an_empty_centre(engine: Engine, cast: Cast) -> None:
    run_due(engine, JOBS, now=at(23))
    assert {job for job, _period in done(engine)} == {job.name for job in JOBS}
    assert run_due(engine, JOBS, now=at(23)) == []


def test_seeds_are_promised_before_the_day_that_they_draw(engine: Engine, cast: Cast) -> None:
    run_due(engine, JOBS, now=at(23))
    with Session(engine) as session:
        seeds = session.exec(select(DrawSeed).where(DrawSeed.centre_id == cast.fz.id)).all()
        promised = {(seed.kind.value, seed.period) for seed in seeds}
    assert {
        ("daily", "2026-11-23"),
        ("daily", "2026-11-24"),
        ("weekly", "2026-W48"),
        ("weekly", "2026-W49"),
    } <= promised


def test_what_is_drawn_was_promised_the_day_before(engine: Engine, cast: Cast) -> None:
    run_due(engine, JOBS, now=at(23))
    run_due(engine, JOBS, now=at(24))
    with Session(engine) as session:
        asked = select(PeriodDone).where(PeriodDone.job == "daily_draw", PeriodDone.centre_id == cast.fz.id)
        assert {row.period for row in session.exec(asked)} == {"2026-11-23", "2026-11-24"}
        seed = session.get_one(DrawSeed, (cast.fz.id, "daily", "2026-11-24"))
        assert seed.at == at(23) and date.fromisoformat(seed.period) == date(2026, 11, 24)
