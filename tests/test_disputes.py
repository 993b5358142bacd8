"""Disputes: the caller answers in time, the team leader screens, another reviewer decides, and the sale follows."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from sqlmodel import Session, col, select

from outbound import concluding
from outbound.billing import charges
from outbound.billing.charges import obstacle
from outbound.call_lists.model import Contact, ContactState, Duty
from outbound.calls.model import Outcome
from outbound.compliance import Criterion, Mark, Verdict
from outbound.dialing.model import Claim
from outbound.errors import NotFound
from outbound.journal import JournalEntry
from outbound.overview.needs import needs_of
from outbound.people import Role, Staff
from outbound.recordings.model import Recording
from outbound.subscriptions import trial
from outbound.subscriptions.model import SubscriptionState
from qa import corrections
from qa.disputes import lookups
from qa.disputes import verbs as disputes
from qa.disputes.lookups import AnswerState
from qa.disputes.model import Dispute, DisputeScreening
from qa.review import verbs as reviews
from qa.review.marks import CriterionMark
from qa.review.model import Correction, CorrectionState, Review, ReviewSource, ReviewTask
from tests.conftest import Cast
from tests.factories import Maker

once = pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
PASSES = {criterion: CriterionMark(Mark.PASS, second=12.5) for criterion in Criterion}
VAGUE = CriterionMark(Mark.FAIL, second=52.0, reason="vague", note="只说了“嗯”")
FAILS = {**PASSES, Criterion.EXPLICIT_CONSENT: VAGUE}


class Floor:
    """Reviews and disputes of one sale of the agent."""

    def __init__(self, session: Session, cast: Cast, now: datetime) -> None:
        self.session, self.cast, self.now = session, cast, now
        self.make = Maker(session, cast.fz, now=now)
        self.sale = self.make.sale(cast.agent)

    def review(self, marks: Mapping[Criterion, CriterionMark] = FAILS, *, by: Staff | None = None) -> Review:
        """The reviewer hears the sale's call."""
        by = by or self.cast.reviewer
        heard = select(Recording).where(Recording.call_id == self.sale.sale_call_id)
        recording = self.session.exec(heard).one()
        task = reviews.pull_in(self.session, recording, reviewer=by, by=None, now=self.now)
        return reviews.mark(self.session, task, marks, by=by, now=self.now)

    def dispute(self, review: Review, *, by: Staff | None = None, at: datetime | None = None) -> Dispute:
        """The agent says that it is wrong."""
        by = by or self.cast.agent
        return disputes.dispute(self.session, review, why="0:52 客户说了“可以”", by=by, now=at or self.now)

    def refer(self, dispute: Dispute) -> ReviewTask:
        """The supervisor finds that it should be heard again."""
        return disputes.refer(self.session, dispute, by=self.cast.supervisor, now=self.now)

    def decide(self, task: ReviewTask, marks: Mapping[Criterion, CriterionMark] = PASSES) -> Review:
        """Whoever was asked hears it."""
        decider = self.session.get_one(Staff, task.reviewer_id)
        return reviews.mark(self.session, task, marks, by=decider, now=self.now + timedelta(hours=1))

    def state(self, review: Review, *, at: datetime | None = None) -> AnswerState:
        """How the review stands."""
        return lookups.answer_to(self.session, review, now=at or self.now).state

    def correction(self) -> Correction:
        """The correction of the sale."""
        return self.session.exec(select(Correction)).one()


@pytest.fixture
def floor(session: Session, cast: Cast, now: datetime) -> Floor:
    return Floor(session, cast, now)


# ── The caller's answer


@once
def test_a_review_that_found_something_waits_three_working_days_for_its_callers_answer(floor: Floor) -> None:
    review = floor.review()
    # Monday the 23rd: until the end of Thursday, in Shanghai.
    assert review.answer_by == datetime.fromisoformat("2026-11-26T16:00+00:00")
    assert floor.state(review) is AnswerState.OPEN


@once
def test_who_says_nothing_in_time_has_accepted(floor: Floor) -> None:
    review = floor.review()
    assert review.answer_by
    late = review.answer_by + timedelta(seconds=1)
    assert floor.state(review, at=late) is AnswerState.SILENT
    with pytest.raises(disputes.TooLateToDispute):
        floor.dispute(review, at=late)


@once
def test_there_is_nothing_to_answer_where_nothing_was_found(floor: Floor) -> None:
    review = floor.review(PASSES)
    assert floor.state(review) is AnswerState.NOTHING
    with pytest.raises(disputes.NothingToAnswer):
        floor.dispute(review)


def test_a_review_is_accepted_once_and_for_good(floor: Floor) -> None:
    review = floor.review()
    for _again in range(2):
        disputes.accept(floor.session, review, by=floor.cast.agent, now=floor.now)
    assert floor.state(review) is AnswerState.ACCEPTED
    with pytest.raises(disputes.AnsweredAlready):
        floor.dispute(review)


@once
def test_only_the_caller_answers(floor: Floor) -> None:
    review = floor.review()
    with pytest.raises(NotFound):
        floor.dispute(review, by=floor.cast.second_agent)
    with pytest.raises(NotFound):
        disputes.accept(floor.session, review, by=floor.cast.second_agent, now=floor.now)


@once
def test_a_dispute_says_what_is_wrong(floor: Floor) -> None:
    review = floor.review()
    with pytest.raises(disputes.GroundsMissing):
        disputes.dispute(floor.session, review, why=" ", by=floor.cast.agent, now=floor.now)


# ── The team leader's screening


@once
def test_a_rejected_dispute_leaves_the_verdict_and_says_why(floor: Floor) -> None:
    review = floor.review()
    made = floor.dispute(review)
    assert lookups.waiting(floor.session, floor.sale.centre_id) == [made]
    with pytest.raises(disputes.RejectionNeedsReason):
        disputes.reject(floor.session, made, reason="", by=floor.cast.supervisor, now=floor.now)
    disputes.reject(floor.session, made, reason="“嗯”不是明确同意", by=floor.cast.supervisor, now=floor.now)
    assert floor.state(review) is AnswerState.REJECTED
    assert lookups.waiting(floor.session, floor.sale.centre_id) == []
    assert floor.correction().state is CorrectionState.DUE


@once
def test_a_dispute_is_screened_once(floor: Floor) -> None:
    made = floor.dispute(floor.review())
    floor.refer(made)
    with pytest.raises(disputes.ScreenedAlready):
        disputes.reject(floor.session, made, reason="?", by=floor.cast.supervisor, now=floor.now)


def test_nobody_screens_a_dispute_about_their_own_verdict(floor: Floor) -> None:
    made = floor.dispute(floor.review(by=floor.cast.supervisor))
    with pytest.raises(disputes.OwnVerdict):
        floor.refer(made)
    floor.session.add(
        DisputeScreening(
            dispute_id=made.id or 0, by_id=floor.cast.supervisor.id or 0, referred=False, reason="?", at=floor.now
        )
    )
    with pytest.raises(sa.exc.IntegrityError, match="own verdict"):
        floor.session.flush()


@once
def test_a_referred_dispute_waits_in_another_reviewers_queue(floor: Floor) -> None:
    task = floor.refer(floor.dispute(floor.review()))
    assert (task.source, task.reviewer_id) == (ReviewSource.DISPUTE, floor.cast.second_reviewer.id)
    assert reviews.queue(floor.session, floor.cast.second_reviewer, now=floor.now) == [task]


@once
def test_the_screener_decides_only_where_nobody_else_can(floor: Floor) -> None:
    floor.cast.second_reviewer.left_at = floor.now
    floor.session.add(floor.session.merge(floor.cast.second_reviewer))
    task = floor.refer(floor.dispute(floor.review()))
    assert task.reviewer_id == floor.cast.supervisor.id


@once
def test_a_dispute_is_never_handed_to_who_gave_the_verdict(floor: Floor) -> None:
    task = floor.refer(floor.dispute(floor.review()))
    with pytest.raises(reviews.HeardBefore):
        reviews.hand_over(floor.session, task, floor.cast.reviewer, by=floor.cast.supervisor, now=floor.now)


# ── The decision


def test_a_reversed_fail_lifts_the_suspension_at_once(floor: Floor) -> None:
    review = floor.review()
    assert floor.sale.state is SubscriptionState.CORRECTION_DUE
    decided = floor.decide(floor.refer(floor.dispute(review)))
    assert (decided.version, decided.task_id, decided.why_changed) == (2, review.task_id, "0:52 客户说了“可以”")
    assert (floor.sale.state, floor.correction().state) == (SubscriptionState.TRIAL, CorrectionState.LIFTED)
    assert floor.session.get_one(Contact, floor.sale.contact_id).state is ContactState.CLOSED
    assert floor.state(review) is AnswerState.DECIDED


def test_a_confirmed_sale_can_be_charged_again_once_its_fail_is_reversed(floor: Floor) -> None:
    floor.make.confirmed(floor.sale, floor.cast.verifier)
    review = floor.review()
    floor.decide(floor.refer(floor.dispute(review)))
    assert (floor.sale.state, obstacle(floor.session, floor.sale)) == (SubscriptionState.CONFIRMED, None)
    day = floor.now.date() + timedelta(days=30)
    assert charges.charge(floor.session, floor.sale, today=day, now=floor.now + timedelta(days=30))


def test_a_reversed_fail_of_the_confirmation_confirms_again(floor: Floor) -> None:
    confirmation = floor.make.confirmed(floor.sale, floor.cast.verifier)
    recording = floor.session.exec(select(Recording).where(Recording.call_id == confirmation.call_id)).one()
    task = reviews.pull_in(floor.session, recording, reviewer=floor.cast.reviewer, by=None, now=floor.now)
    review = reviews.mark(floor.session, task, FAILS, by=floor.cast.reviewer, now=floor.now)
    assert floor.sale.state is SubscriptionState.CONFIRMING
    floor.decide(floor.refer(floor.dispute(review, by=floor.cast.verifier)))
    assert (floor.sale.state, obstacle(floor.session, floor.sale)) == (SubscriptionState.CONFIRMED, None)
    assert floor.session.get_one(Contact, floor.sale.contact_id).state is ContactState.CLOSED


@once
def test_a_new_confirmation_call_under_way_decides_and_not_the_old_one(floor: Floor) -> None:
    confirmation = floor.make.confirmed(floor.sale, floor.cast.verifier)
    recording = floor.session.exec(select(Recording).where(Recording.call_id == confirmation.call_id)).one()
    task = reviews.pull_in(floor.session, recording, reviewer=floor.cast.reviewer, by=None, now=floor.now)
    review = reviews.mark(floor.session, task, FAILS, by=floor.cast.reviewer, now=floor.now)
    floor.session.add(claim_of(floor))
    floor.decide(floor.refer(floor.dispute(review, by=floor.cast.verifier)))
    assert floor.sale.state is SubscriptionState.CONFIRMING


def claim_of(floor: Floor) -> Claim:
    """Somebody has the customer on the phone."""
    contact = floor.session.get_one(Contact, floor.sale.contact_id)
    return Claim(
        centre_id=contact.centre_id,
        campaign_id=contact.campaign_id,
        contact_id=contact.id or 0,
        phone_id=contact.phone_id,
        agent_id=floor.cast.second_agent.id or 0,
        duty=contact.duty,
        epoch=contact.epoch,
        claimed_at=floor.now,
        lease_until=floor.now + timedelta(minutes=15),
    )


@once
@pytest.mark.parametrize(
    ("outcome", "state", "contact_state"),
    [
        ("corrected", SubscriptionState.CONFIRMING, ContactState.QUEUED),
        ("declined", SubscriptionState.CANCELLED, ContactState.CLOSED),
    ],
)
def test_a_correction_call_that_became_needless_does_no_harm(
    floor: Floor, outcome: str, state: SubscriptionState, contact_state: ContactState
) -> None:
    trial.open_window(floor.session, floor.sale, now=floor.now)
    review = floor.review()
    contact = floor.session.get_one(Contact, floor.sale.contact_id)
    floor.decide(floor.refer(floor.dispute(review)))
    given = marks_all() if outcome == "corrected" else None
    again = floor.cast.second_agent
    call = floor.make.call(again, contact=contact, duty=Duty.CORRECTION, outcome=outcome, given=given)
    concluding.follow(floor.session, call, floor.session.get_one(Outcome, outcome), by=again, now=floor.now)
    assert (floor.sale.state, contact.state) == (state, contact_state)


@once
def test_an_upheld_fail_stays_and_can_be_disputed_once_more(floor: Floor) -> None:
    first = floor.decide(floor.refer(floor.dispute(floor.review())), FAILS)
    assert (floor.sale.state, floor.state(first)) == (SubscriptionState.CORRECTION_DUE, AnswerState.OPEN)
    last = floor.decide(floor.refer(floor.dispute(first)), FAILS)
    assert (last.version, last.answer_by, floor.state(last)) == (3, None, AnswerState.NOTHING)
    with pytest.raises(disputes.NothingToAnswer):
        floor.dispute(last)


@once
def test_what_was_put_right_meanwhile_stays_as_it_is(floor: Floor) -> None:
    review = floor.review()
    contact = floor.session.get_one(Contact, floor.sale.contact_id)
    again = floor.make.call(
        floor.cast.second_agent, contact=contact, duty=Duty.CORRECTION, outcome="corrected", given=marks_all()
    )
    corrections.conclude(floor.session, again, passed=True, by=floor.cast.second_agent, now=floor.now)
    floor.decide(floor.refer(floor.dispute(review)))
    assert (floor.sale.state, floor.correction().state) == (SubscriptionState.TRIAL, CorrectionState.PASSED)


def marks_all() -> dict[Criterion, Mark]:
    return dict.fromkeys(Criterion, Mark.PASS)


@once
def test_an_ended_sale_stays_ended_when_its_fail_is_reversed(floor: Floor) -> None:
    review = floor.review()
    floor.make.moved(floor.sale, SubscriptionState.CANCELLED)
    assert floor.decide(floor.refer(floor.dispute(review))).verdict is Verdict.VALID
    assert floor.sale.state is SubscriptionState.CANCELLED


@once
def test_a_sale_that_another_review_still_fails_stays_suspended(floor: Floor) -> None:
    review = floor.review()
    floor.review(by=floor.cast.supervisor)
    made = floor.dispute(review)
    task = disputes.refer(floor.session, made, by=floor.cast.manager, now=floor.now)
    floor.decide(task)
    assert (floor.sale.state, floor.correction().state) == (SubscriptionState.CORRECTION_DUE, CorrectionState.DUE)


@once
def test_a_fail_that_comes_after_a_reversal_suspends_again(floor: Floor) -> None:
    floor.decide(floor.refer(floor.dispute(floor.review())))
    floor.review(by=floor.make.staff(Role.REVIEWER))
    assert floor.sale.state is SubscriptionState.CORRECTION_DUE
    states = floor.session.exec(select(Correction.state).order_by(col(Correction.id)))
    assert list(states) == [CorrectionState.LIFTED, CorrectionState.DUE]


@once
def test_every_step_of_a_dispute_is_in_the_journal(floor: Floor) -> None:
    floor.decide(floor.refer(floor.dispute(floor.review())))
    floor.session.commit()
    actions = set(floor.session.exec(select(JournalEntry.action)))
    assert {"review.disputed", "dispute.referred", "review.changed", "correction.lifted"} <= actions


# ── Changing one's own verdict


def change(floor: Floor, review: Review, *, why: str = "重听后更正", by: Staff | None = None) -> Review:
    return reviews.change(
        floor.session, review, PASSES, why=why, by=by or floor.cast.reviewer, now=floor.now + timedelta(hours=1)
    )


def test_a_changed_verdict_is_a_further_version_and_the_sale_follows(floor: Floor) -> None:
    first = floor.review()
    changed = change(floor, first)
    assert [review.verdict for review in reviews.versions_of(floor.session, changed)] == ["invalid", "valid"]
    assert (changed.why_changed, floor.sale.state) == ("重听后更正", SubscriptionState.TRIAL)


@once
def test_a_new_fail_suspends(floor: Floor) -> None:
    first = floor.review(PASSES)
    reviews.change(floor.session, first, FAILS, why="漏听", by=floor.cast.reviewer, now=floor.now)
    assert (floor.sale.state, floor.correction().state) == (SubscriptionState.CORRECTION_DUE, CorrectionState.DUE)


@once
def test_a_verdict_is_changed_with_a_reason_by_who_gave_it(floor: Floor) -> None:
    first = floor.review()
    with pytest.raises(reviews.ChangeNeedsReason):
        change(floor, first, why="  ")
    with pytest.raises(reviews.NotYourVerdict):
        change(floor, first, by=floor.cast.second_reviewer)
    change(floor, first)
    with pytest.raises(reviews.VersionOutdated):
        change(floor, first)


@once
def test_a_disputed_verdict_is_no_longer_its_reviewers_to_change(floor: Floor) -> None:
    first = floor.review()
    floor.dispute(first)
    with pytest.raises(reviews.VerdictDisputed):
        change(floor, first)


# ── What the database itself refuses


def version(first: Review, **facts: Any) -> Review:
    copied = first.model_dump(exclude={"id"})
    return Review(**{**copied, "version": first.version + 1, "why_changed": "x", **facts})


@pytest.mark.parametrize(
    ("facts", "by", "refusal"),
    [
        ({"why_changed": " "}, "reviewer", "with a reason"),
        ({"version": 3}, "reviewer", "with a reason"),
        ({}, "second_reviewer", "decided by another"),
    ],
)
def test_the_database_refuses_a_version_without_grounds(
    floor: Floor, facts: dict[str, object], by: str, refusal: str
) -> None:
    first = floor.review()
    floor.session.add(version(first, reviewer_id=getattr(floor.cast, by).id, **facts))
    with pytest.raises(sa.exc.IntegrityError, match=refusal):
        floor.session.flush()


def test_the_database_too_lets_nobody_decide_a_dispute_about_their_own_verdict(floor: Floor) -> None:
    first = floor.review()
    floor.refer(floor.dispute(first))
    floor.session.add(version(first, verdict=Verdict.VALID))
    with pytest.raises(sa.exc.IntegrityError, match="decided by another"):
        floor.session.flush()


@pytest.mark.parametrize("table", ["review", "review_mark", "dispute", "dispute_screening"])
def test_raw_sql_rewrites_nothing_of_a_review(floor: Floor, table: str) -> None:
    floor.refer(floor.dispute(floor.review()))
    column = {"review": "comment", "review_mark": "note", "dispute": "why"}.get(table, "reason")
    for statement in (f"UPDATE {table} SET {column} = 'x'", f"DELETE FROM {table}"):
        with pytest.raises(sa.exc.DBAPIError, match="append-only"), floor.session.begin_nested():
            floor.session.connection().exec_driver_sql(statement)


def test_raw_sql_restores_no_confirmation_that_a_review_still_fails(floor: Floor) -> None:
    floor.review()
    copied = (
        "INSERT INTO confirmation (subscription_id, kind, result, call_id, by_id, at, restored) "
        "SELECT subscription_id, kind, result, call_id, by_id, at, 1 FROM confirmation"
    )
    with pytest.raises(sa.exc.DBAPIError, match="restored by a review"):
        floor.session.connection().exec_driver_sql(copied)


@once
def test_a_dispute_is_told_to_the_managers_until_it_is_screened(session: Session, cast: Cast, now: datetime) -> None:
    floor = Floor(session, cast, now)
    made = floor.dispute(floor.review())
    (told,) = [need for need in needs_of(session, cast.fz, now=now + timedelta(hours=3)) if need.key == "disputes"]
    assert told.zh == "1 件质检申诉待班组长初审，最早的已等待 3 小时。"
    floor.refer(made)
    assert "disputes" not in {need.key for need in needs_of(session, cast.fz, now=now)}
