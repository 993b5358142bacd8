"""A day whose seed nobody promised is drawn all the same: promised late, saying why, bound to what nobody chose."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime, timedelta
from threading import Barrier

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Engine
from sqlmodel import Session, col, select

from outbound.anchors import anchoring
from outbound.anchors.model import JournalAnchor
from outbound.clock import day_ends, day_starts
from outbound.db import open_database, transaction
from outbound.journal import JournalEntry
from outbound.people import Role, known
from outbound.reports import weekly
from outbound.timetable.jobs import JOBS
from outbound.timetable.ledger import run_due
from qa import drawing
from qa.review.model import ReviewTask
from qa.sampling import seeds
from qa.sampling import verbs as sampling
from qa.sampling.checking import Difference
from qa.sampling.lateness import late_between, lateness_of
from qa.sampling.model import Draw, DrawKind, DrawSeed, Late
from qa.sampling.verbs import SeedAwaitsAnchor
from tests.conftest import Cast
from tests.factories import Maker

DAY = date(2026, 11, 23)
PERIOD = DAY.isoformat()
ZONE = "Asia/Shanghai"
MORNING = day_starts(DAY, ZONE) + timedelta(hours=10)
AFTER = day_ends(DAY, ZONE) + timedelta(hours=1)
LATER = AFTER + seeds.BOUND_AFTER

once = pytest.mark.parametrize("engine", ["sqlite"], indirect=True)


@pytest.fixture
def called(engine: Engine, cast: Cast, now: datetime) -> None:
    """A day on which four agents called and nobody promised a seed."""
    with transaction(engine) as session:
        make = Maker(session, cast.fz, now=now)
        make.days_of_calls([make.staff(Role.AGENT) for _ in range(4)], [DAY], each=10)


def promise(engine: Engine, cast: Cast, *, at: datetime, seed: str = "afterwards") -> DrawSeed:
    with transaction(engine) as session:
        return sampling.commit_seed(session, cast.fz, DrawKind.DAILY, PERIOD, seed=seed, now=at)


def anchor(engine: Engine, cast: Cast, *, at: datetime) -> JournalAnchor | None:
    with transaction(engine) as session:
        return anchoring.drop(session, known(cast.fz.id), now=at)


def draw(engine: Engine, cast: Cast, *, at: datetime = LATER) -> Draw:
    with transaction(engine) as session:
        return sampling.draw(session, cast.fz, DrawKind.DAILY, PERIOD, now=at)


@pytest.fixture
def late(engine: Engine, cast: Cast, called: None) -> Draw:
    """That day's draw: promised when it was over, anchored an hour later."""
    promise(engine, cast, at=AFTER)
    anchor(engine, cast, at=LATER)
    return draw(engine, cast)


@pytest.mark.parametrize("at", [day_ends(DAY, ZONE) - timedelta(hours=1), AFTER])
@once
def test_a_seed_promised_when_calls_were_made_is_late(engine: Engine, cast: Cast, called: None, at: datetime) -> None:
    assert promise(engine, cast, at=at).late == Late.FIRST_RUN


@once
def test_a_seed_promised_before_the_first_call_of_its_day_is_in_time(engine: Engine, cast: Cast, called: None) -> None:
    assert promise(engine, cast, at=day_starts(DAY, ZONE) + timedelta(minutes=1)).late is None


@once
def test_a_late_promise_stands_in_the_journal_with_its_reason(engine: Engine, cast: Cast, called: None) -> None:
    with transaction(engine) as session:
        before = (DAY - timedelta(days=3)).isoformat()
        sampling.commit_seed(session, cast.fz, DrawKind.DAILY, before, seed="in time", now=MORNING - timedelta(days=4))
    promise(engine, cast, at=AFTER)
    with Session(engine) as session:
        asked = select(JournalEntry).where(JournalEntry.action == "draw.seed_committed", JournalEntry.at == AFTER)
        assert '"late":"not_running"' in session.exec(asked).one().details


def test_nothing_is_drawn_from_a_late_seed_before_an_anchor_of_an_hour_later(
    engine: Engine, cast: Cast, called: None
) -> None:
    promise(engine, cast, at=AFTER)
    anchor(engine, cast, at=LATER - timedelta(seconds=1))
    with pytest.raises(SeedAwaitsAnchor, match=PERIOD):
        draw(engine, cast)


def test_a_late_draw_is_made_with_the_seed_and_the_anchor(engine: Engine, cast: Cast, late: Draw) -> None:
    with Session(engine) as session:
        found = session.get_one(JournalAnchor, late.anchor_id)
        assert (found.chain, found.at) == (cast.fz.id, LATER)
        assert late.seed == drawing.bound("afterwards", found.head)
        assert sampling.verify(session, late) == []


@once
def test_another_anchor_would_have_drawn_others(engine: Engine, cast: Cast, late: Draw) -> None:
    with Session(engine) as session:
        frame = sampling.frozen(session, late)
        samples = {
            tuple(each.recording for each in drawing.draw(frame, rate=10, seed=drawing.bound("afterwards", head)))
            for head in ("1" * 64, "2" * 64, "3" * 64)
        }
    assert len(samples) == 3


def test_the_reviews_of_a_late_draw_are_due_after_it_and_not_after_its_day(engine: Engine, late: Draw) -> None:
    with Session(engine) as session:
        dues = set(session.exec(select(ReviewTask.due_at).where(ReviewTask.draw_id == late.id)))
    assert dues == {day_ends(DAY + timedelta(days=2), ZONE)}


def test_the_database_keeps_no_late_draw_that_is_not_bound(engine: Engine, cast: Cast, called: None) -> None:
    promise(engine, cast, at=AFTER)
    unbound = Draw(
        centre_id=known(cast.fz.id),
        kind=DrawKind.DAILY,
        period=PERIOD,
        rate_percent=10,
        seed="chosen",
        frame_hash="",
        frame_size=0,
        sample_size=0,
        at=LATER,
    )
    with pytest.raises(sa.exc.DBAPIError, match="promised late"), transaction(engine) as session:
        session.add(unbound)


@once
@pytest.mark.parametrize(
    ("tampering", "difference"),
    [
        ("UPDATE draw_seed SET late = NULL", Difference.SEED),
        ("UPDATE draw_seed SET seed = 'chosen'", Difference.SEED),
        ("UPDATE draw_seed SET late = 'not_running'", Difference.SEED_NOT_PUBLISHED),
        ("UPDATE journal_anchor SET head = 'chosen'", Difference.SEED),
        (f"UPDATE draw_seed SET at = '{LATER:%Y-%m-%d %H:%M:%S}'", Difference.SEED),
    ],
)
def test_a_steered_late_draw_is_found_out(engine: Engine, late: Draw, tampering: str, difference: Difference) -> None:
    with transaction(engine) as session:
        for table in ("draw_seed", "journal_anchor"):
            session.connection().exec_driver_sql(f"DROP TRIGGER {table}_no_update")
        session.connection().exec_driver_sql(tampering)
    with transaction(engine) as session:
        assert difference in sampling.verify(session, session.get_one(Draw, late.id))


@once
def test_a_late_draw_says_when_and_why_in_both_languages(engine: Engine, late: Draw) -> None:
    with Session(engine) as session:
        told = lateness_of(session, late)
        assert told is not None
        assert told.told.en.startswith(
            "The seed of 2026-11-23 was promised late, at 2026-11-24 01:00: the timetable had never"
        )
        assert "于 2026-11-24 01:00 补作承诺（此前定时任务从未运行）" in told.told.zh


@once
def test_the_weekly_report_says_which_draws_were_promised_late(engine: Engine, cast: Cast, late: Draw) -> None:
    with Session(engine) as session:
        pages = [weekly.page(session, cast.fz, week, []) for week in ("2026-W47", "2026-W48")]
    assert ["The seed of 2026-11-23 was promised late" in page for page in pages] == [False, True]


@once
def test_late_draws_are_listed_by_their_days_and_a_draw_in_time_is_not(
    engine: Engine, cast: Cast, late: Draw, now: datetime
) -> None:
    with transaction(engine) as session:
        sampling.commit_seed(session, cast.fz, DrawKind.DAILY, "2026-11-25", seed="in time", now=AFTER)
    with Session(engine) as session:
        listed = [late_between(session, cast.fz.id, DAY, until) for until in (DAY, DAY + timedelta(days=9))]
        before = late_between(session, None, DAY - timedelta(days=9), DAY - timedelta(days=1))
    assert [[each.seed.period for each in found] for found in listed] == [[PERIOD], [PERIOD]]
    assert before == []


def test_two_processes_that_promise_late_at_once_promise_one_seed(engine: Engine, cast: Cast, called: None) -> None:
    url = engine.url.render_as_string(hide_password=False)
    processes = [open_database(url) for _ in range(2)]
    begin = Barrier(2)

    def promised_in(process: Engine) -> str:
        begin.wait()
        return promise(process, cast, at=AFTER, seed=f"of {id(process)}").seed_hash

    with ThreadPoolExecutor(2) as both:
        hashes = set(both.map(promised_in, processes))
    with Session(engine) as session:
        assert {seed.seed_hash for seed in session.exec(select(DrawSeed))} == hashes
        entries = select(sa.func.count()).where(JournalEntry.action == "draw.seed_committed")
        assert (len(hashes), session.execute(entries).scalar()) == (1, 1)
    for process in processes:
        process.dispose()


def test_after_three_days_without_a_worker_every_day_is_drawn(engine: Engine, cast: Cast, now: datetime) -> None:
    days = [DAY + timedelta(days=ahead) for ahead in range(4)]
    run_due(engine, JOBS, now=day_starts(DAY, ZONE) + timedelta(hours=1))
    with transaction(engine) as session:
        make = Maker(session, cast.fz, now=now)
        make.days_of_calls([make.staff(Role.AGENT) for _ in range(2)], days, each=5)
    back = day_starts(days[-1], ZONE) + timedelta(hours=23)
    run_due(engine, JOBS, now=back)
    assert [period for period, late in _drawn(engine, cast)] == [str(day) for day in days[:2]]
    run_due(engine, JOBS, now=back + timedelta(hours=2, minutes=5))
    assert _drawn(engine, cast) == [(str(day), day not in days[:2]) for day in days]


def _drawn(engine: Engine, cast: Cast) -> list[tuple[str, bool]]:
    """The days that were drawn from, each with whether its seed was late; all can be drawn again."""
    with Session(engine) as session:
        asked = select(Draw).where(Draw.centre_id == cast.fz.id, Draw.kind == DrawKind.DAILY, Draw.frame_size > 0)
        made = session.exec(asked.order_by(col(Draw.period))).all()
        assert [sampling.verify(session, each) for each in made] == [[]] * len(made)
        return [(each.period, each.anchor_id is not None) for each in made]


@once
def test_days_before_the_timetable_first_ran_are_drawn_too(engine: Engine, cast: Cast, called: None) -> None:
    start = AFTER + timedelta(days=2)
    run_due(engine, JOBS, now=start)
    run_due(engine, JOBS, now=start + timedelta(days=1))
    assert _drawn(engine, cast) == [(PERIOD, True)]
