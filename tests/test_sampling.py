"""The draw: promised beforehand, frozen, drawn once, shared out evenly, and the same whoever draws it again."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime, timedelta
from threading import Barrier

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Engine
from sqlmodel import Session, col, select

from outbound.calling_rules import calendar
from outbound.calling_rules.profiles import DayKind
from outbound.clock import day_ends, day_starts, local
from outbound.compliance import Criterion, Mark
from outbound.db import open_database, transaction
from outbound.journal import JournalEntry
from outbound.people import Role, Staff
from qa.review import verbs as reviews
from qa.review.marks import CriterionMark
from qa.review.model import ReviewTask
from qa.review.sharing import NobodyToReview
from qa.sampling import rates
from qa.sampling import verbs as sampling
from qa.sampling.checking import Difference
from qa.sampling.model import Draw, DrawKind, DrawSeed, FrameItem
from qa.sampling.verbs import PeriodNotOver, PeriodUnknown, SeedNotCommitted
from tests.conftest import Cast
from tests.factories import Maker

DAY = date(2026, 11, 23)
PERIOD = DAY.isoformat()
ZONE = "Asia/Shanghai"
BEFORE = day_starts(DAY, ZONE) - timedelta(hours=1)
AFTER = day_ends(DAY, ZONE) + timedelta(hours=1)


@pytest.fixture
def agents(make: Maker) -> list[Staff]:
    return [make.staff(Role.AGENT) for _ in range(4)]


def promise(make: Maker, kind: DrawKind = DrawKind.DAILY, period: str = PERIOD, seed: str = "seed") -> DrawSeed:
    return sampling.commit_seed(make.session, make.centre, kind, period, seed=seed, now=BEFORE)


def drawn(make: Maker, **facts: object) -> Draw:
    promise(make)
    return sampling.draw(make.session, make.centre, DrawKind.DAILY, PERIOD, now=AFTER, **facts)  # type: ignore[arg-type]


def every_call(_campaign: int, _agent: int) -> int:
    return 100


def tasks(session: Session, draw: Draw) -> list[ReviewTask]:
    return list(session.exec(select(ReviewTask).where(ReviewTask.draw_id == draw.id)).all())


def framed(session: Session, draw: Draw) -> set[int]:
    return set(session.exec(select(FrameItem.recording_id).where(FrameItem.draw_id == draw.id)).all())


def test_the_seeds_hash_is_in_the_journal_and_the_seed_is_not(engine: Engine, cast: Cast, now: datetime) -> None:
    with transaction(engine) as session:
        committed = promise(Maker(session, cast.fz, now=now), seed="secret seed")
    with transaction(engine) as session:
        said = session.exec(select(JournalEntry.details).where(JournalEntry.action == "draw.seed_committed")).one()
    assert committed.seed_hash in said
    assert "secret" not in said


def test_a_period_keeps_the_seed_it_was_promised(make: Maker) -> None:
    first = promise(make, seed="one")
    assert promise(make, seed="two") is first
    assert first.seed == "one"


def test_without_a_promised_seed_nothing_is_drawn(make: Maker) -> None:
    with pytest.raises(SeedNotCommitted, match=PERIOD):
        sampling.draw(make.session, make.centre, DrawKind.DAILY, PERIOD, now=AFTER)


def test_a_day_is_not_drawn_before_it_is_over(make: Maker) -> None:
    promise(make)
    with pytest.raises(PeriodNotOver):
        sampling.draw(make.session, make.centre, DrawKind.DAILY, PERIOD, now=day_ends(DAY, ZONE) - timedelta(seconds=1))


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
@pytest.mark.parametrize(("kind", "period"), [(DrawKind.DAILY, "2026-W47"), (DrawKind.WEEKLY, "2026-11-23")])
def test_a_period_is_named_as_its_kind_names_it(make: Maker, kind: DrawKind, period: str) -> None:
    with pytest.raises(PeriodUnknown, match=period):
        promise(make, kind, period)


def test_the_frame_is_the_valid_recordings_of_the_centres_own_day(make: Maker, cast: Cast, agents: list[Staff]) -> None:
    first, last = day_starts(DAY, ZONE), day_ends(DAY, ZONE) - timedelta(minutes=10)
    inside = [make.recorded_call(agents[0], at=at) for at in (first, last)]
    make.recorded_call(agents[0], at=first - timedelta(minutes=10))
    make.recorded_call(agents[0], at=day_ends(DAY, ZONE))
    make.recording(make.call(agents[0], at=first), valid=False)
    make.recording(None)
    Maker(make.session, cast.xm, now=make.now).recorded_call(cast.outsider, at=first)
    found = sampling.frame_of(make.session, make.centre, DrawKind.DAILY, PERIOD)
    assert [recording.id for recording, _ in found] == [recording.id for recording in inside]


def test_a_weeks_frame_runs_from_monday_to_sunday(make: Maker, agents: list[Staff]) -> None:
    made = make.days_of_calls(agents[:1], [DAY + timedelta(days=offset) for offset in range(-1, 8)], each=1)
    found = sampling.frame_of(make.session, make.centre, DrawKind.WEEKLY, "2026-W48")
    assert [recording.id for recording, _ in found] == [recording.id for recording in made[1:8]]


def test_ten_per_cent_is_drawn_exactly_with_one_of_each_agent(make: Maker, agents: list[Staff]) -> None:
    make.days_of_calls(agents, [DAY], each=13)
    draw = drawn(make)
    assert (draw.frame_size, draw.sample_size, draw.rate_percent) == (52, 6, 10)
    items = make.session.exec(select(FrameItem).where(FrameItem.draw_id == draw.id, col(FrameItem.drawn))).all()
    assert {item.agent_id for item in items} == {agent.id for agent in agents}


def test_every_recording_keeps_the_chance_with_which_it_could_be_drawn(make: Maker, agents: list[Staff]) -> None:
    make.days_of_calls(agents, [DAY], each=13)
    draw = drawn(make)
    items = make.session.exec(select(FrameItem).where(FrameItem.draw_id == draw.id)).all()
    assert len(items) == 52
    assert sum(item.chance_of / item.chance_in for item in items) == pytest.approx(draw.sample_size)


def test_a_complaint_puts_its_call_into_the_sample(make: Maker, agents: list[Staff]) -> None:
    recordings = make.days_of_calls(agents[:1], [DAY], each=20)
    draw = drawn(make, complained={recordings[7].call_id, recordings[9].call_id})
    sample = {task.recording_id for task in tasks(make.session, draw)}
    assert {recordings[7].id, recordings[9].id} < sample
    assert len(sample) == 4


def test_every_call_of_a_new_agent_is_reviewed(make: Maker, agents: list[Staff]) -> None:
    newcomer = make.staff(Role.AGENT, added_at=make.now - timedelta(days=3))
    make.days_of_calls([agents[0]], [DAY], each=20)
    theirs = {recording.id for recording in make.days_of_calls([newcomer], [DAY], each=5)}
    assert theirs < {task.recording_id for task in tasks(make.session, drawn(make))}


def test_rates_follow_the_campaign_and_the_agents_step(make: Maker, agents: list[Staff]) -> None:
    make.days_of_calls(agents[:3], [DAY], each=10)
    draw = drawn(make, rates=lambda _campaign, agent: {agents[0].id: 100, agents[1].id: 30}.get(agent, 10))
    reviewed = Counter(
        make.session.exec(select(FrameItem.agent_id).where(FrameItem.draw_id == draw.id, col(FrameItem.drawn))).all()
    )
    assert reviewed == {agents[0].id: 10, agents[1].id: 3, agents[2].id: 1}


def test_a_day_without_calls_has_an_empty_draw(make: Maker) -> None:
    draw = drawn(make)
    make.session.commit()
    assert (draw.frame_size, draw.sample_size) == (0, 0)
    assert sampling.verify(make.session, draw) == []


def test_drawing_again_gives_the_same_draw(make: Maker, agents: list[Staff]) -> None:
    make.days_of_calls(agents, [DAY], each=13)
    draw = drawn(make)
    make.days_of_calls(agents, [DAY], each=13)
    assert drawn(make) is draw
    assert len(tasks(make.session, draw)) == draw.sample_size


def test_a_recording_that_comes_in_late_is_drawn_from_with_its_day_of_arrival(make: Maker, agents: list[Staff]) -> None:
    make.days_of_calls(agents[:1], [DAY], each=2)
    first = drawn(make)
    late = make.recording(make.call(agents[0], at=make.now), at=AFTER + timedelta(hours=2))
    next_day = (DAY + timedelta(days=1)).isoformat()
    frame = sampling.frame_of(make.session, make.centre, DrawKind.DAILY, next_day)
    assert late.id not in framed(make.session, first)
    assert [recording.id for recording, _ in frame] == [late.id]


def test_reviews_are_shared_out_evenly_among_the_reviewers(make: Maker, cast: Cast, agents: list[Staff]) -> None:
    make.days_of_calls(agents, [DAY], each=25)
    shares = Counter(task.reviewer_id for task in tasks(make.session, drawn(make)))
    assert shares == {cast.reviewer.id: 5, cast.second_reviewer.id: 5}


def test_nobody_is_given_their_own_call(make: Maker, cast: Cast) -> None:
    both = make.staff(Role.AGENT, Role.REVIEWER)
    make.days_of_calls([both], [DAY], each=30)
    assert both.id not in {task.reviewer_id for task in tasks(make.session, drawn(make))}


def test_the_weekly_draw_is_for_supervisors_and_blind_to_the_first(
    make: Maker, cast: Cast, agents: list[Staff]
) -> None:
    both = make.staff(Role.SUPERVISOR, Role.REVIEWER)
    make.days_of_calls(agents, [DAY], each=13)
    daily = {task.recording_id: task.reviewer_id for task in tasks(make.session, drawn(make, rates=every_call))}
    promise(make, DrawKind.WEEKLY, "2026-W48")
    a_week_on = AFTER + timedelta(days=7)
    week = sampling.draw(make.session, make.centre, DrawKind.WEEKLY, "2026-W48", now=a_week_on, rates=every_call)
    weekly = {task.recording_id: task.reviewer_id for task in tasks(make.session, week)}
    assert set(weekly.values()) == {cast.supervisor.id, both.id}
    assert all(daily[recording] != reviewer for recording, reviewer in weekly.items())


def test_a_centre_without_reviewers_hears_so_and_draws_later(make: Maker, cast: Cast) -> None:
    elsewhere = Maker(make.session, cast.xm, now=make.now)
    elsewhere.days_of_calls([cast.outsider], [DAY], each=3)
    promise(elsewhere)
    with pytest.raises(NobodyToReview):
        sampling.draw(make.session, cast.xm, DrawKind.DAILY, PERIOD, now=AFTER)


def test_reviews_are_due_at_the_end_of_the_next_working_day(make: Maker, agents: list[Staff]) -> None:
    make.days_of_calls(agents, [DAY], each=1)
    due = tasks(make.session, drawn(make))[0].due_at
    assert local(due - timedelta(seconds=1), ZONE).date() == date(2026, 11, 25)


def test_a_friday_nights_draw_is_due_on_monday(make: Maker, agents: list[Staff]) -> None:
    friday = date(2026, 11, 27)
    make.days_of_calls(agents, [friday], each=1)
    promise(make, period=friday.isoformat())
    saturday = day_ends(friday, ZONE) + timedelta(hours=1)
    draw = sampling.draw(make.session, make.centre, DrawKind.DAILY, friday.isoformat(), now=saturday)
    assert tasks(make.session, draw)[0].due_at == day_ends(date(2026, 11, 30), ZONE)


@pytest.fixture
def stored(engine: Engine, cast: Cast, now: datetime) -> Draw:
    """A draw that was made and committed, of 40 recordings."""
    with transaction(engine) as session:
        make = Maker(session, cast.fz, now=now)
        promise(make)
        make.days_of_calls([make.staff(Role.AGENT) for _ in range(4)], [DAY], each=10)
    with transaction(engine) as session:
        return sampling.draw(session, cast.fz, DrawKind.DAILY, PERIOD, now=AFTER)


def test_an_honest_draw_is_drawn_again_without_a_difference(engine: Engine, stored: Draw) -> None:
    with transaction(engine) as session:
        assert sampling.verify(session, session.get_one(Draw, stored.id)) == []


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("tampering", "difference"),
    [
        ("UPDATE draw SET seed = 'another'", Difference.SEED),
        ("UPDATE journal_entry SET details = '{}'", Difference.SEED_NOT_PUBLISHED),
        ("UPDATE draw_seed SET at = '2026-11-23 20:00:00'", Difference.SEED_LATE),
        ("DELETE FROM frame_item WHERE NOT drawn", Difference.FRAME),
        ("DELETE FROM frame_item WHERE NOT drawn", Difference.FRAME_INCOMPLETE),
        ("UPDATE frame_item SET chance_of = chance_of + 1", Difference.CHANCES),
        ("UPDATE frame_item SET drawn = NOT drawn", Difference.SAMPLE),
        ("DELETE FROM review_task", Difference.TASKS),
    ],
)
def test_a_steered_draw_is_found_out(engine: Engine, stored: Draw, tampering: str, difference: Difference) -> None:
    with transaction(engine) as session:
        for table in ("draw", "draw_seed", "journal_entry", "frame_item"):
            for verb in ("update", "delete"):
                session.connection().exec_driver_sql(f"DROP TRIGGER {table}_no_{verb}")
        session.connection().exec_driver_sql(tampering)
    with transaction(engine) as session:
        assert difference in sampling.verify(session, session.get_one(Draw, stored.id))


def test_a_late_recording_that_was_left_out_of_every_draw_is_found_out(make: Maker, agents: list[Staff]) -> None:
    next_day = (DAY + timedelta(days=1)).isoformat()
    for period in (PERIOD, next_day):
        sampling.commit_seed(make.session, make.centre, DrawKind.DAILY, period, seed="beforehand", now=make.now)
    drawn(make)
    tomorrow = AFTER + timedelta(days=1)
    draw = sampling.draw(make.session, make.centre, DrawKind.DAILY, next_day, now=tomorrow)
    assert Difference.FRAME_INCOMPLETE not in sampling.verify(make.session, draw)
    make.recording(make.call(agents[0], at=make.now), at=AFTER + timedelta(hours=2))
    assert Difference.FRAME_INCOMPLETE in sampling.verify(make.session, draw)


def test_two_draws_at_once_are_one_draw(
    engine: Engine, cast: Cast, stored: Draw, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second process looked before the first had committed, and inserts after it."""
    real, answers = sampling.draw_of, iter([None])

    def once_blind(*asked: object) -> Draw | None:
        return next(answers, real(*asked))  # type: ignore[arg-type]

    monkeypatch.setattr(sampling, "draw_of", once_blind)
    with transaction(engine) as session:
        assert sampling.draw(session, cast.fz, DrawKind.DAILY, PERIOD, now=AFTER).id == stored.id
    with transaction(engine) as session:
        assert session.exec(select(sa.func.count()).select_from(Draw)).one() == 1
        assert session.exec(select(sa.func.count()).select_from(ReviewTask)).one() == stored.sample_size


def test_a_kept_draw_never_changes(engine: Engine, stored: Draw) -> None:
    with pytest.raises(sa.exc.DBAPIError, match="append-only"), transaction(engine) as session:
        session.connection().exec_driver_sql("UPDATE frame_item SET drawn = NOT drawn")


def test_a_period_is_named_in_the_centres_zone() -> None:
    midnight = datetime.fromisoformat("2026-11-22T16:00+00:00")
    assert sampling.period_of(DrawKind.DAILY, midnight, ZONE) == "2026-11-23"
    assert sampling.period_of(DrawKind.WEEKLY, midnight, ZONE) == "2026-W48"
    assert sampling.period_of(DrawKind.WEEKLY, midnight - timedelta(seconds=1), ZONE) == "2026-W47"


def test_rates_are_the_campaigns_own_and_the_ladder_raises_the_daily_one(make: Maker, agents: list[Staff]) -> None:
    campaign = make.campaign(qa={"daily_percent": 20, "weekly_percent": 4})
    make.days_of_calls(agents[1:2], [DAY], each=1)
    _fail_twice(make, agents[0])
    daily = rates.in_force(make.session, make.centre, DrawKind.DAILY, now=make.now)
    weekly = rates.in_force(make.session, make.centre, DrawKind.WEEKLY, now=make.now)
    numbers = [agent.id or 0 for agent in agents[:2]]
    assert [daily(campaign.id or 0, number) for number in numbers] == [100, 20]
    assert [weekly(campaign.id or 0, number) for number in numbers] == [4, 4]


def _fail_twice(make: Maker, agent: Staff) -> None:
    reviewer = make.staff(Role.REVIEWER)
    failing = dict.fromkeys(Criterion, CriterionMark(Mark.FAIL, reason="other", note="unheard"))
    for _ in range(2):
        task = reviews.pull_in(make.session, make.recorded_call(agent), reviewer=reviewer, by=None, now=make.now)
        reviews.mark(make.session, task, failing, by=reviewer, now=make.now)


def test_a_review_that_is_due_on_the_centres_day_off_is_due_the_day_after(
    make: Maker, cast: Cast, agents: list[Staff]
) -> None:
    make.days_of_calls(agents, [DAY], each=1)
    calendar.decide(make.session, cast.fz, date(2026, 11, 25), DayKind.HOLIDAY, why="停电", by=cast.manager, now=BEFORE)
    assert tasks(make.session, drawn(make))[0].due_at == day_ends(date(2026, 11, 26), ZONE)


def test_neither_seller_nor_verifier_of_a_sale_reviews_its_calls(make: Maker, cast: Cast) -> None:
    verifying = make.staff(Role.VERIFIER, Role.REVIEWER)
    selling = make.staff(Role.AGENT, Role.REVIEWER)
    for _ in range(6):
        make.confirmed(make.sale(selling), verifying)
    drawn_tasks = tasks(make.session, drawn(make, rates=every_call))
    assert len(drawn_tasks) == 12
    assert {task.reviewer_id for task in drawn_tasks} == {cast.reviewer.id, cast.second_reviewer.id}


def test_two_processes_that_draw_at_once_make_one_draw(engine: Engine, cast: Cast, now: datetime) -> None:
    with transaction(engine) as session:
        make = Maker(session, cast.fz, now=now)
        promise(make)
        make.days_of_calls([make.staff(Role.AGENT) for _ in range(3)], [DAY], each=10)
    url = engine.url.render_as_string(hide_password=False)
    processes = [open_database(url) for _ in range(2)]
    begin = Barrier(2)

    def draw_in(process: Engine) -> int | None:
        begin.wait()
        with transaction(process) as session:
            return sampling.draw(session, cast.fz, DrawKind.DAILY, PERIOD, now=AFTER).id

    with ThreadPoolExecutor(2) as both:
        numbers = set(both.map(draw_in, processes))
    with transaction(engine) as session:
        drawn_once = session.exec(select(Draw)).one()
        assert numbers == {drawn_once.id}
        assert len(tasks(session, drawn_once)) == drawn_once.sample_size
    for process in processes:
        process.dispose()
