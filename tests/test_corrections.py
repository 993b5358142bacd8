"""Corrections: ended by their own call, by the trial's end or by the customer; and the register of faults."""

from datetime import date, datetime, timedelta

import pytest
from sqlmodel import select

from outbound.call_lists.model import Contact, Duty
from outbound.calls.model import Call
from outbound.clock import day_ends
from outbound.compliance import Criterion, Mark
from outbound.people import Staff
from outbound.recordings.model import Recording
from outbound.subscriptions import life
from outbound.subscriptions.model import Subscription, SubscriptionState
from qa import corrections
from qa.corrections import Fault, NotACorrectionCall
from qa.review import verbs as reviews
from qa.review.marks import CriterionMark
from qa.review.model import Correction, CorrectionState
from tests.conftest import Cast
from tests.factories import ALL_PASS, Maker

PASSES = {criterion: CriterionMark(Mark.PASS) for criterion in Criterion}
FAILS = {
    **PASSES,
    Criterion.SCRIPT_FOLLOWED: CriterionMark(Mark.FAIL, reason="cancel_not_told", note="挂机前未提退订"),
    Criterion.EXPLICIT_CONSENT: CriterionMark(Mark.FAIL, second=50, reason="vague", note="“嗯”"),
}


@pytest.fixture
def failed(make: Maker, cast: Cast) -> Subscription:
    """A sale that a reviewer failed."""
    sale = make.sale(cast.agent)
    fail(make, sale.sale_call_id, cast.reviewer)
    return sale


def fail(make: Maker, call_id: int, reviewer: Staff, *, at: datetime | None = None) -> None:
    recording = make.session.exec(select(Recording).where(Recording.call_id == call_id)).one()
    at = at or make.now
    task = reviews.pull_in(make.session, recording, reviewer=reviewer, by=None, now=at)
    reviews.mark(make.session, task, FAILS, by=reviewer, now=at)


def called_again(make: Maker, sale: Subscription, agent: Staff, outcome: str, duty: Duty = Duty.CORRECTION) -> Call:
    contact = make.session.get_one(Contact, sale.contact_id)
    given = ALL_PASS if outcome == "corrected" else None
    return make.call(agent, contact=contact, duty=duty, outcome=outcome, given=given)


def conclude(make: Maker, call: Call, agent: Staff, *, passed: bool | None) -> Correction | None:
    return corrections.conclude(make.session, call, passed=passed, by=agent, now=make.now)


def test_a_correction_that_passes_lets_the_subscription_go_on(make: Maker, cast: Cast, failed: Subscription) -> None:
    call = called_again(make, failed, cast.second_agent, "corrected")
    correction = conclude(make, call, cast.second_agent, passed=True)
    assert correction
    assert (correction.state, correction.closing_call_id) == (CorrectionState.PASSED, call.id)
    assert failed.state is SubscriptionState.TRIAL
    assert corrections.due(make.session, failed.centre_id) == []


def test_a_no_in_the_correction_cancels(make: Maker, cast: Cast, failed: Subscription) -> None:
    call = called_again(make, failed, cast.second_agent, "declined")
    correction = conclude(make, call, cast.second_agent, passed=False)
    assert correction
    assert correction.state is CorrectionState.DECLINED
    assert failed.state is SubscriptionState.CANCELLED


def test_who_is_not_reached_stays_due(make: Maker, cast: Cast, failed: Subscription) -> None:
    call = called_again(make, failed, cast.second_agent, "no_answer")
    correction = conclude(make, call, cast.second_agent, passed=None)
    assert correction
    assert correction.state is CorrectionState.DUE
    assert corrections.due(make.session, failed.centre_id) == [correction]


def test_a_correction_ends_once(make: Maker, cast: Cast, failed: Subscription) -> None:
    call = called_again(make, failed, cast.second_agent, "corrected")
    conclude(make, call, cast.second_agent, passed=True)
    assert conclude(make, call, cast.second_agent, passed=True) is None


def test_another_call_ends_no_correction(make: Maker, cast: Cast, failed: Subscription) -> None:
    call = called_again(make, failed, cast.second_agent, "sold", Duty.PITCH)
    with pytest.raises(NotACorrectionCall):
        conclude(make, call, cast.second_agent, passed=True)


def test_a_call_without_a_sale_has_no_correction(make: Maker, cast: Cast) -> None:
    assert conclude(make, make.call(cast.agent), cast.agent, passed=True) is None


def test_by_the_trials_end_a_correction_lapses_with_its_subscription(make: Maker, failed: Subscription) -> None:
    assert failed.trial_ends_on
    last_moment = day_ends(failed.trial_ends_on, make.centre.zone)
    assert corrections.lapse(make.session, make.centre, now=last_moment - timedelta(seconds=1)) == []
    ended = corrections.lapse(make.session, make.centre, now=last_moment)
    assert [correction.state for correction in ended] == [CorrectionState.LAPSED]
    assert failed.state is SubscriptionState.LAPSED


def test_who_cancels_meanwhile_has_nothing_left_to_correct(make: Maker, cast: Cast, failed: Subscription) -> None:
    life.cancel(make.session, failed, via="care desk", reason="", by=cast.care, now=make.now)
    ended = corrections.lapse(make.session, make.centre, now=make.now)
    assert [correction.state for correction in ended] == [CorrectionState.DECLINED]


def register(make: Maker, week: str = "2026-W48") -> list[Fault]:
    return corrections.register_of_faults(make.session, make.centre.id or 0, week)


def test_the_register_lists_each_failed_criterion_with_its_cause(make: Maker, cast: Cast, failed: Subscription) -> None:
    lines = register(make)
    assert {(line.agent, line.criterion, line.reason) for line in lines} == {
        (cast.agent.name, Criterion.EXPLICIT_CONSENT, "vague"),
        (cast.agent.name, Criterion.SCRIPT_FOLLOWED, "cancel_not_told"),
    }
    assert len(lines) == 2
    assert {line.call_id for line in lines} == {failed.sale_call_id}
    assert {line.correction for line in lines} == {CorrectionState.DUE}


def test_the_register_is_of_one_centre_and_one_week(make: Maker, cast: Cast, failed: Subscription) -> None:
    assert register(make, "2026-W47") == []
    assert register(make, "2026-W49") == []
    assert corrections.register_of_faults(make.session, cast.xm.id or 0, "2026-W48") == []


def test_a_fault_that_comes_back_is_marked(make: Maker, cast: Cast, failed: Subscription) -> None:
    assert not any(line.came_back for line in register(make))
    later = make.now + timedelta(days=8)
    again = make.recorded_call(cast.agent, at=later)
    fail(make, again.call_id or 0, cast.reviewer, at=later + timedelta(hours=1))
    assert all(line.came_back for line in register(make))
    assert not any(line.came_back for line in register(make, "2026-W49"))


def test_a_call_that_was_older_than_the_review_is_no_relapse(make: Maker, cast: Cast, failed: Subscription) -> None:
    older = make.recorded_call(cast.agent, at=make.now - timedelta(days=1))
    fail(make, older.call_id or 0, cast.reviewer, at=make.now + timedelta(days=1))
    assert not any(line.came_back for line in register(make))


def test_faults_of_calls_that_sold_nothing_have_no_correction(make: Maker, cast: Cast) -> None:
    fail(make, make.recorded_call(cast.agent).call_id or 0, cast.reviewer)
    assert {line.correction for line in register(make)} == {None}
    assert register(make)[0].at.date() == date(2026, 11, 23)
