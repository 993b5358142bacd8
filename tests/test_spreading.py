"""Confirmation calls spread over the parts of the day, and never made by whoever reviews the sale."""

from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa
from sqlmodel import Session

from outbound.call_lists.model import ContactState, Duty
from outbound.calling_rules import spreading
from outbound.calling_rules.profiles import profile
from outbound.calls.model import Call
from outbound.complaints import Grievance, settle, take
from outbound.compliance import Mark
from outbound.confirmations.model import ConfirmationResult
from outbound.dialing import handout
from outbound.dialing.barring import is_barred, reviewers_of
from outbound.people import Role, Staff, StaffRole, known
from outbound.phones.model import Phone
from outbound.subscriptions import life, trial
from outbound.subscriptions.model import Subscription
from outbound.subscriptions.model import SubscriptionState as S
from qa.review import verbs as reviews
from qa.review.model import ReviewSource, ReviewTask
from tests.conftest import NOW, Cast
from tests.desk import Floor, brief, floor, vault
from tests.factories import Maker, marks
from tests.sales import Sales

__all__ = ["floor", "vault"]

SHANGHAI = ("Asia/Shanghai",)
MIDNIGHT = datetime.fromisoformat("2026-11-26T16:10:00+00:00")
MORNING, NOON, EVENING = (MIDNIGHT.replace(day=27, hour=hour, minute=0) for hour in (1, 4, 10))


def test_who_becomes_due_at_night_is_rung_in_the_part_of_the_day_whose_turn_it_is() -> None:
    due = [spreading.first_try(profile(), SHANGHAI, MIDNIGHT, place=place) for place in range(4)]
    assert due == [MORNING, NOON, EVENING, MORNING]


def test_who_becomes_due_within_hours_is_rung_at_once() -> None:
    assert spreading.first_try(profile(), SHANGHAI, NOON, place=2) == NOON


@pytest.mark.parametrize(
    ("tried", "expected"),
    [([], NOON), ([MORNING], NOON), ([MORNING, NOON], EVENING), ([NOON, EVENING], MORNING + timedelta(days=1))],
)
def test_the_next_try_is_in_a_part_of_the_day_that_was_not_tried(tried: list[datetime], expected: datetime) -> None:
    assert spreading.next_try(profile(), SHANGHAI, NOON, tried=tried) == expected


def test_once_every_part_was_tried_the_next_try_is_as_the_outcome_says() -> None:
    assert spreading.next_try(profile(), SHANGHAI, NOON, tried=[MORNING, NOON, EVENING]) == NOON


def test_the_windows_of_a_night_open_at_different_hours(sales: Sales) -> None:
    sold = [sales.sell() for _customer in range(3)]
    for subscription in sold:
        trial.open_window(sales.session, subscription, now=MIDNIGHT)
    assert {sales.contact(each).due_at for each in sold} == {MORNING, NOON, EVENING}


# Never the reviewer


def reviewed(sales: Sales, cast: Cast) -> Subscription:
    """A sale whose review was asked of the verifier, who is a reviewer too."""
    sales.session.add(StaffRole(staff_id=known(cast.verifier.id), role=Role.REVIEWER))
    subscription = sales.sell(recorded=False)
    call = sales.session.get_one(Call, subscription.sale_call_id)
    recording = sales.make.recording(call)
    reviews.pull_in(sales.session, recording, reviewer=cast.verifier, by=cast.supervisor, now=NOW)
    trial.open_window(sales.session, subscription, now=NOW)
    return subscription


def test_the_reviewer_of_the_sale_is_not_handed_its_confirmation(sales: Sales, cast: Cast) -> None:
    contact = sales.contact(reviewed(sales, cast))
    assert is_barred(sales.session, contact, known(cast.verifier.id), now=NOW)
    assert not is_barred(sales.session, contact, known(cast.supervisor.id), now=NOW)
    assert reviewers_of(sales.session, known(contact.id), until=NOW - timedelta(minutes=1)) == frozenset()


def test_the_hand_out_passes_over_whoever_reviews_the_sale(floor: Floor, session: Session, now: datetime) -> None:
    cast = floor.cast
    contact = floor.contact(duty=Duty.CONFIRMATION)
    make = Maker(session, cast.fz, now=now)
    recording = make.recorded_call(cast.agent, contact=contact, at=now - timedelta(days=2), outcome="no_answer")
    task = ReviewTask(
        centre_id=known(cast.fz.id),
        source=ReviewSource.DAILY,
        recording_id=known(recording.id),
        call_id=known(recording.call_id),
        reviewer_id=known(cast.verifier.id),
        made_at=now,
        due_at=now,
    )
    session.add(task)
    session.flush()
    asked = session.get_one(Staff, cast.verifier.id)
    assert handout.claim_next(session, asked, roles={Role.VERIFIER}, now=now) is None
    another = make.staff(Role.VERIFIER)
    brief(session, floor.campaign, now=now)
    assert handout.claim_next(session, another, roles={Role.VERIFIER}, now=now) is not None


def test_a_yes_that_the_reviewer_heard_all_the_same_does_not_count(sales: Sales, cast: Cast) -> None:
    subscription = reviewed(sales, cast)
    assert sales.confirm(subscription).result == ConfirmationResult.FAILED
    assert subscription.state == S.CONFIRMING


def test_the_database_refuses_the_reviewers_confirmation(sales: Sales, cast: Cast) -> None:
    subscription = reviewed(sales, cast)
    call = sales.make.call(
        cast.verifier,
        contact=sales.contact(subscription),
        duty=Duty.CONFIRMATION,
        outcome="confirmed",
        given=marks(),
    )
    statement = """INSERT INTO confirmation (subscription_id, kind, result, call_id, by_id, at, restored)
        VALUES (:id, 'second', 'passed', :call, :by, '2026-11-23 02:00:00', 0)"""
    with pytest.raises(sa.exc.IntegrityError, match="never the reviewer's"):
        sales.session.execute(sa.text(statement), {"id": subscription.id, "call": call.id, "by": cast.verifier.id})


# Complaints


def test_while_a_complaint_is_open_nobody_is_rung_to_confirm(sales: Sales, cast: Cast) -> None:
    subscription = sales.due()
    phone = sales.session.get_one(Phone, subscription.phone_id)
    complaint = take(
        sales.session, sales.centre, phone, grievance=Grievance.NEVER_ORDERED, said="没办过", by=cast.care, now=NOW
    )
    assert sales.contact(subscription).state == ContactState.CLOSED
    settle(sales.session, complaint, answer="有录音", upheld=False, by=cast.care, now=NOW)
    contact = sales.contact(subscription)
    assert (contact.state, contact.duty) == (ContactState.QUEUED, Duty.CONFIRMATION)


def test_a_window_that_opens_while_a_complaint_is_open_waits_too(sales: Sales, cast: Cast) -> None:
    subscription = sales.sell()
    phone = sales.session.get_one(Phone, subscription.phone_id)
    take(sales.session, sales.centre, phone, grievance=Grievance.NEVER_ORDERED, said="没办过", by=cast.care, now=NOW)
    trial.open_window(sales.session, subscription, now=NOW)
    assert sales.contact(subscription).state == ContactState.CLOSED


def test_who_complains_in_the_confirmation_call_was_reached(sales: Sales) -> None:
    subscription = sales.due()
    assert sales.confirm(subscription, "complaint").result == ConfirmationResult.COMPLAINED
    trial.end_trial(sales.session, subscription, now=NOW)
    assert subscription.state == S.LAPSED


# Re-calls and corrections that come too late


def test_a_doubtful_sale_that_nobody_could_settle_in_time_is_void(sales: Sales) -> None:
    subscription = sales.sell(given=marks(understanding=Mark.UNSURE))
    assert life.end_hopeless_recalls(sales.session, sales.centre, now=NOW + timedelta(days=13)) == 0
    assert life.end_hopeless_recalls(sales.session, sales.centre, now=NOW + timedelta(days=14, hours=1)) == 1
    assert (subscription.state, sales.contact(subscription).closed_why) == (S.VOID, "void")


def test_a_correction_call_after_the_trials_end_comes_too_late(sales: Sales) -> None:
    subscription = sales.due()
    sales.fail_review(subscription)
    sales.now = NOW + timedelta(days=8)
    sales.correct(subscription)
    assert sales.steps(subscription)[-1] == ("lapsed", "correction_too_late")
