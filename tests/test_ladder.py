"""The ladder: a failed review tightens, two within five working days are full, five clean working days lead down."""

from datetime import date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlmodel import Session

from outbound.calling_rules import calendar
from outbound.calling_rules.profiles import DayKind
from outbound.compliance import Criterion, Mark, Verdict
from outbound.people import Role, Staff
from outbound.recordings.model import Recording
from qa import ladder
from qa.ladder import Level, standing
from qa.review.model import Review, ReviewMark, ReviewSource, ReviewTask
from tests.conftest import Cast
from tests.factories import Maker

MONDAY = date(2026, 11, 2)
ZONE = "Asia/Shanghai"
CONSENT = Criterion.EXPLICIT_CONSENT


def day(number: int) -> date:
    """The calendar day so many after the first Monday."""
    return MONDAY + timedelta(days=number)


def level(*failures: int, today: int) -> Level:
    return standing([day(number) for number in failures], today=day(today)).level


def test_nobody_begins_under_suspicion() -> None:
    assert level(today=0) is Level.NORMAL


def test_a_failed_review_tightens_at_once() -> None:
    assert level(0, today=0) is Level.TIGHTENED


def test_two_failures_within_five_working_days_are_sampled_in_full() -> None:
    assert level(0, 4, today=4) is Level.FULL


def test_two_failures_on_one_day_are_sampled_in_full() -> None:
    assert level(0, 0, today=0) is Level.FULL


def test_the_weekend_does_not_count_between_two_failures() -> None:
    assert level(3, 9, today=9) is Level.FULL


def test_a_failure_on_the_sixth_working_day_only_begins_the_count_anew() -> None:
    assert level(0, 7, today=7) is Level.TIGHTENED
    assert level(0, 7, today=14) is Level.TIGHTENED
    assert level(0, 7, today=15) is Level.NORMAL


def test_five_clean_working_days_lead_one_step_down() -> None:
    assert level(0, today=7) is Level.TIGHTENED
    assert level(0, today=8) is Level.NORMAL


def test_from_full_it_takes_two_steps_of_five_days() -> None:
    assert level(0, 1, today=8) is Level.FULL
    assert level(0, 1, today=9) is Level.TIGHTENED
    assert level(0, 1, today=15) is Level.TIGHTENED
    assert level(0, 1, today=16) is Level.NORMAL


def test_a_failure_on_full_begins_the_count_anew() -> None:
    assert level(0, 1, 7, today=14) is Level.FULL
    assert level(0, 1, 7, today=15) is Level.TIGHTENED


def test_holidays_are_not_days_without_a_failure() -> None:
    before_national_day = date(2026, 9, 30)
    assert standing([before_national_day], today=date(2026, 10, 10)).level is Level.TIGHTENED


@pytest.mark.parametrize(
    ("step", "percent", "rate"),
    [
        (Level.NORMAL, 10, 10),
        (Level.TIGHTENED, 5, 30),
        (Level.TIGHTENED, 10, 30),
        (Level.TIGHTENED, 20, 60),
        (Level.TIGHTENED, 40, 100),
        (Level.FULL, 1, 100),
        (Level.NORMAL, 100, 100),
    ],
)
def test_each_step_has_its_rate(step: Level, percent: int, rate: int) -> None:
    assert step.rate(percent) == rate


@given(st.lists(st.integers(0, 60), max_size=8), st.integers(0, 90))
def test_a_further_failure_never_makes_sampling_milder(failures: list[int], today: int) -> None:
    steps = list(Level)
    assert steps.index(level(*failures, today, today=today)) >= steps.index(level(*failures, today=today))


@given(st.lists(st.integers(0, 60), max_size=8))
def test_who_does_not_fail_again_is_normal_within_three_weeks(failures: list[int]) -> None:
    assert level(*failures, today=max(failures, default=0) + 21) is Level.NORMAL


def failed(
    make: Maker, recording: Recording, reviewer: Staff, at: datetime, verdict: Verdict = Verdict.INVALID
) -> None:
    facts: dict[str, Any] = {
        "centre_id": recording.centre_id,
        "recording_id": recording.id,
        "call_id": recording.call_id,
        "reviewer_id": reviewer.id,
    }
    task = ReviewTask(**facts, source=ReviewSource.TARGETED, made_at=at, due_at=at, done_at=at)
    make.session.add(task)
    make.session.flush()
    review = Review(**facts, task_id=task.id or 0, verdict=verdict, at=at)
    make.session.add(review)
    make.session.flush()
    mark = Mark.FAIL if verdict is Verdict.INVALID else Mark.UNSURE
    make.session.add(ReviewMark(review_id=review.id or 0, criterion=CONSENT, asked_zh="？", asked_en="?", mark=mark))
    make.session.flush()


def test_a_call_that_two_reviewers_failed_is_one_failure(session: Session, cast: Cast, now: datetime) -> None:
    make = Maker(session, cast.fz, now=now)
    recording = make.recorded_call(cast.agent)
    for reviewer in (cast.reviewer, cast.second_reviewer):
        failed(make, recording, reviewer, now)
    stands = ladder.standing_of(session, cast.agent.id or 0, zone=ZONE, now=now)
    assert stands.level is Level.TIGHTENED
    assert "2026-11-23" in stands.why("zh")


def test_passed_and_undecided_reviews_tighten_nothing(session: Session, cast: Cast, now: datetime) -> None:
    make = Maker(session, cast.fz, now=now)
    for verdict in (Verdict.VALID, Verdict.UNSURE):
        failed(make, make.recorded_call(cast.agent), cast.reviewer, now, verdict)
    assert ladder.rate_for(session, cast.agent.id or 0, percent=10, zone=ZONE, now=now) == 10


def test_a_day_that_the_centre_took_off_is_no_day_without_a_failure(
    session: Session, cast: Cast, now: datetime
) -> None:
    make = Maker(session, cast.fz, now=now)
    failed(make, make.recorded_call(cast.agent), cast.reviewer, now)
    a_week_on = now + timedelta(days=8)
    agent = cast.agent.id or 0
    assert ladder.standing_of(session, agent, zone=ZONE, now=a_week_on).level is Level.NORMAL
    calendar.decide(session, cast.fz, date(2026, 11, 27), DayKind.HOLIDAY, why="停电", by=cast.manager, now=now)
    assert ladder.standing_of(session, agent, zone=ZONE, now=a_week_on).level is Level.TIGHTENED


def test_a_campaign_is_on_full_when_all_its_agents_are(session: Session, cast: Cast, now: datetime) -> None:
    make = Maker(session, cast.fz, now=now)
    pair = [make.staff(Role.AGENT), make.staff(Role.AGENT)]
    campaign = make.campaign(staff=[*pair, cast.verifier])
    for agent in pair:
        assert not ladder.all_on_full(session, campaign, zone=ZONE, now=now)
        for _ in range(2):
            failed(make, make.recorded_call(agent), cast.reviewer, now)
    assert ladder.all_on_full(session, campaign, zone=ZONE, now=now)


def test_a_campaign_that_names_nobody_is_worked_by_every_agent_of_its_centre(
    session: Session, cast: Cast, now: datetime
) -> None:
    campaign = Maker(session, cast.fz, now=now).campaign()
    assert ladder.agents_of(session, campaign) == [cast.agent, cast.second_agent]
