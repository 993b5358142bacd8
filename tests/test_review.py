"""Reviews: the four marks as they were heard, by whom they were asked for, and what a verdict means for the sale."""

from collections import Counter
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Engine
from sqlmodel import Session, select

from outbound.billing import charges
from outbound.billing.charges import obstacle
from outbound.call_lists.model import Contact, ContactState, Duty
from outbound.calls.model import Call
from outbound.compliance import CriteriaNotAllMarked, Criterion, Mark, ReasonUnknown, Verdict
from outbound.confirmations.model import ConfirmationVoid
from outbound.db import transaction
from outbound.errors import NotAllowed, NotFound
from outbound.people import Role, Staff
from outbound.recordings.model import Recording
from outbound.subscriptions.model import Subscription, SubscriptionState
from qa import corrections
from qa.review import verbs as reviews
from qa.review.marks import CriterionMark, FailNeedsReason, NoteNeeded, SecondNeeded, SecondOutside
from qa.review.model import Correction, Review, ReviewSource, ReviewTask
from qa.review.verbs import AlreadyReviewed, NotMatchedYet, NotYourTask, OwnCall
from tests.conftest import Cast
from tests.factories import ALL_PASS, Maker

PASSES = {criterion: CriterionMark(Mark.PASS, second=12.5) for criterion in Criterion}
SILENCE = CriterionMark(Mark.FAIL, second=52.0, reason="silence", note="客户一直没有说话")
FAILS = {**PASSES, Criterion.EXPLICIT_CONSENT: SILENCE}
DOUBTS = {**PASSES, Criterion.UNDERSTANDING: CriterionMark(Mark.UNSURE)}


@pytest.fixture
def sale(make: Maker, cast: Cast) -> Subscription:
    return make.sale(cast.agent)


def sale_recording(make: Maker, sale: Subscription) -> Recording:
    return make.session.exec(select(Recording).where(Recording.call_id == sale.sale_call_id)).one()


def task_for(make: Maker, recording: Recording, reviewer: Staff) -> ReviewTask:
    return reviews.pull_in(make.session, recording, reviewer=reviewer, by=None, now=make.now)


def review(make: Maker, recording: Recording, reviewer: Staff, marks: Any = PASSES, **facts: Any) -> Review:
    task = task_for(make, recording, reviewer)
    return reviews.mark(make.session, task, marks, by=reviewer, now=make.now, **facts)


def corrections_of(session: Session) -> int:
    return session.exec(select(sa.func.count()).select_from(Correction)).one()


def test_four_passes_are_valid_and_close_the_task(make: Maker, cast: Cast) -> None:
    recording = make.recorded_call(cast.agent)
    task = task_for(make, recording, cast.reviewer)
    given = reviews.mark(make.session, task, PASSES, comment=" clear ", by=cast.reviewer, now=make.now)
    assert (given.verdict, given.comment, task.done_at) == (Verdict.VALID, "clear", make.now)
    assert reviews.queue(make.session, cast.reviewer, now=make.now) == []


def test_marks_keep_the_words_in_which_they_were_asked(make: Maker, cast: Cast) -> None:
    given = review(make, make.recorded_call(cast.agent), cast.reviewer, FAILS)
    kept = reviews.marks_of(make.session, given)
    assert list(kept) == list(Criterion)
    consent = kept[Criterion.EXPLICIT_CONSENT]
    assert (consent.mark, consent.second, consent.reason) == (Mark.FAIL, 52.0, "silence")
    assert consent.asked_zh == Criterion.EXPLICIT_CONSENT.wording.zh
    assert consent.asked_en == Criterion.EXPLICIT_CONSENT.wording.en


def test_a_criterion_may_fail_for_several_reasons_and_keeps_the_words_of_each(make: Maker, cast: Cast) -> None:
    several = replace(SILENCE, also=("someone_else", "silence", "not_audible"))
    given = review(make, make.recorded_call(cast.agent), cast.reviewer, {**PASSES, Criterion.EXPLICIT_CONSENT: several})
    consent = reviews.marks_of(make.session, given)[Criterion.EXPLICIT_CONSENT]
    assert (consent.reason, consent.also) == ("silence", ["someone_else", "not_audible"])
    assert consent.reason_zh == "客户沉默或未作答；由他人代为同意；录音中听不到同意的话"


def test_all_four_criteria_must_be_marked(make: Maker, cast: Cast) -> None:
    three = {criterion: PASSES[criterion] for criterion in list(Criterion)[:3]}
    with pytest.raises(CriteriaNotAllMarked):
        review(make, make.recorded_call(cast.agent), cast.reviewer, three)


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("given", "refusal"),
    [
        (CriterionMark(Mark.FAIL), FailNeedsReason),
        (CriterionMark(Mark.FAIL, second=3, note="the line went dead"), FailNeedsReason),
        (CriterionMark(Mark.FAIL, reason="no such reason", note="?"), ReasonUnknown),
        (CriterionMark(Mark.FAIL, reason="other", note="?", also=("no such reason",)), ReasonUnknown),
        (CriterionMark(Mark.FAIL, reason="", second=3, note="?", also=("silence",)), FailNeedsReason),
        (CriterionMark(Mark.FAIL, reason="not_audible", note="?", also=("silence",)), SecondNeeded),
        (CriterionMark(Mark.FAIL, reason="silence", second=3, note="  "), NoteNeeded),
        (CriterionMark(Mark.FAIL, reason="silence", note="nothing"), SecondNeeded),
        (CriterionMark(Mark.FAIL, reason="silence", second=66.1, note="nothing"), SecondOutside),
        (CriterionMark(Mark.PASS, second=-1), SecondOutside),
    ],
)
def test_a_mark_says_why_it_fails_and_where(
    make: Maker, cast: Cast, given: CriterionMark, refusal: type[Exception]
) -> None:
    task = task_for(make, make.recorded_call(cast.agent), cast.reviewer)
    with pytest.raises(refusal):
        reviews.mark(make.session, task, {**PASSES, Criterion.EXPLICIT_CONSENT: given}, by=cast.reviewer, now=make.now)
    assert task.done_at is None


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    "given",
    [
        CriterionMark(Mark.FAIL, reason="consent_not_asked", note="the line went dead"),
        CriterionMark(Mark.FAIL, reason="other", note="a child was pretending"),
    ],
)
def test_what_was_left_out_is_heard_at_no_second(make: Maker, cast: Cast, given: CriterionMark) -> None:
    marks = {**PASSES, Criterion.EXPLICIT_CONSENT: given}
    assert review(make, make.recorded_call(cast.agent), cast.reviewer, marks).verdict is Verdict.INVALID


def test_refused_marks_name_their_criterion_in_both_languages() -> None:
    refused = FailNeedsReason(Criterion.UNDERSTANDING)
    assert "“Understanding” fails" in refused.sentence("en")
    assert "“清醒理解”" in refused.sentence("zh")


def test_a_colleagues_task_is_not_ones_own(make: Maker, cast: Cast) -> None:
    task = task_for(make, make.recorded_call(cast.agent), cast.reviewer)
    with pytest.raises(NotYourTask):
        reviews.mark(make.session, task, PASSES, by=cast.second_reviewer, now=make.now)
    with pytest.raises(NotFound):
        reviews.mark(make.session, task, PASSES, by=cast.outsider_manager, now=make.now)


def test_a_review_is_done_once(engine: Engine, cast: Cast, now: datetime) -> None:
    with transaction(engine) as session:
        make = Maker(session, cast.fz, now=now)
        task = task_for(make, make.recorded_call(cast.agent), cast.reviewer)
    with transaction(engine) as session:
        reviews.mark(session, session.get_one(ReviewTask, task.id), PASSES, by=cast.reviewer, now=now)
    with pytest.raises(AlreadyReviewed), transaction(engine) as session:
        stale = session.merge(task, load=False)
        reviews.mark(session, stale, FAILS, by=cast.reviewer, now=now)
    with transaction(engine) as session:
        assert [row.verdict for row in session.exec(select(Review))] == [Verdict.VALID]


def test_verdicts_and_marks_are_never_rewritten(make: Maker, cast: Cast) -> None:
    given = review(make, make.recorded_call(cast.agent), cast.reviewer)
    given.verdict = Verdict.INVALID
    with pytest.raises(sa.exc.DBAPIError, match="append-only"):
        make.session.flush()


def test_the_database_too_refuses_a_review_of_ones_own_call(make: Maker, cast: Cast) -> None:
    both = make.staff(Role.AGENT, Role.REVIEWER)
    recording = make.recorded_call(both)
    with pytest.raises(OwnCall):
        task_for(make, recording, both)
    task = task_for(make, recording, cast.reviewer)
    own = Review(
        centre_id=task.centre_id,
        task_id=task.id or 0,
        call_id=task.call_id,
        recording_id=task.recording_id,
        reviewer_id=both.id or 0,
        verdict=Verdict.VALID,
        at=make.now,
    )
    make.session.add(own)
    with pytest.raises(sa.exc.IntegrityError, match="own call"):
        make.session.flush()


def test_what_is_overdue_is_carried_over_and_comes_first(make: Maker, cast: Cast) -> None:
    new = task_for(make, make.recorded_call(cast.agent), cast.reviewer)
    earlier = make.now - timedelta(days=5)
    old = reviews.pull_in(make.session, make.recorded_call(cast.agent), reviewer=cast.reviewer, by=None, now=earlier)
    task_for(make, make.recorded_call(cast.agent), cast.second_reviewer)
    assert reviews.queue(make.session, cast.reviewer, now=make.now) == [old, new]


def test_a_pulled_in_review_is_targeted_and_asked_for_once(make: Maker, cast: Cast) -> None:
    recording = make.recorded_call(cast.agent)
    first = reviews.pull_in(make.session, recording, by=cast.supervisor, now=make.now)
    assert first.source is ReviewSource.TARGETED
    assert first.draw_id is None
    assert reviews.pull_in(make.session, recording, by=cast.supervisor, now=make.now) is first


def test_pulled_in_reviews_go_to_whoever_has_least_to_do(make: Maker, cast: Cast) -> None:
    asked = [
        reviews.pull_in(make.session, make.recorded_call(cast.agent), by=None, now=make.now).reviewer_id
        for _ in range(4)
    ]
    assert Counter(asked) == {cast.reviewer.id: 2, cast.second_reviewer.id: 2}


def test_only_reviewers_of_the_same_centre_are_asked(make: Maker, cast: Cast) -> None:
    recording = make.recorded_call(cast.agent)
    with pytest.raises(NotAllowed):
        task_for(make, recording, cast.second_agent)
    with pytest.raises(NotFound):
        task_for(make, recording, cast.outsider_manager)
    with pytest.raises(NotMatchedYet):
        task_for(make, make.recording(None), cast.reviewer)


def test_an_absent_reviewers_task_is_handed_over(make: Maker, cast: Cast) -> None:
    task = task_for(make, make.recorded_call(cast.agent), cast.reviewer)
    reviews.hand_over(make.session, task, cast.second_reviewer, by=cast.supervisor, now=make.now)
    assert reviews.queue(make.session, cast.second_reviewer, now=make.now) == [task]
    reviews.mark(make.session, task, PASSES, by=cast.second_reviewer, now=make.now)
    with pytest.raises(AlreadyReviewed):
        reviews.hand_over(make.session, task, cast.reviewer, by=cast.supervisor, now=make.now)


def test_the_callers_marks_are_shown_beside_the_verdict(make: Maker, cast: Cast) -> None:
    said = {**ALL_PASS, Criterion.UNDERSTANDING: Mark.UNSURE}
    given = review(make, make.recorded_call(cast.agent, given=said), cast.reviewer)
    assert reviews.self_marks_after_verdict(make.session, given) == said


def test_all_reviews_of_a_call_are_shown_in_order(make: Maker, cast: Cast) -> None:
    recording = make.recorded_call(cast.agent)
    made = [review(make, recording, who) for who in (cast.reviewer, cast.supervisor)]
    assert reviews.of_call(make.session, make.session.get_one(Call, recording.call_id)) == made


def test_a_failed_call_that_sold_nothing_is_only_judged(make: Maker, cast: Cast) -> None:
    review(make, make.recorded_call(cast.agent), cast.reviewer, FAILS)
    assert corrections_of(make.session) == 0


def test_a_failed_sale_is_to_be_called_again_at_once(make: Maker, cast: Cast, sale: Subscription) -> None:
    given = review(make, sale_recording(make, sale), cast.reviewer, FAILS)
    correction = corrections.due(make.session, sale.centre_id)[0]
    contact = make.session.get_one(Contact, sale.contact_id)
    assert sale.state is SubscriptionState.CORRECTION_DUE
    assert (correction.review_id, correction.failed_call_id) == (given.id, sale.sale_call_id)
    assert (contact.state, contact.duty) == (ContactState.QUEUED, Duty.CORRECTION)


def test_a_sale_that_two_reviewers_fail_is_corrected_once(make: Maker, cast: Cast, sale: Subscription) -> None:
    for reviewer in (cast.reviewer, cast.supervisor):
        review(make, sale_recording(make, sale), reviewer, FAILS)
    assert corrections_of(make.session) == 1


def test_a_passed_sale_goes_on(make: Maker, cast: Cast, sale: Subscription) -> None:
    review(make, sale_recording(make, sale), cast.reviewer)
    assert sale.state is SubscriptionState.TRIAL


def test_an_ended_sale_is_judged_and_stays_ended(make: Maker, cast: Cast, sale: Subscription) -> None:
    make.moved(sale, SubscriptionState.CANCELLED)
    assert review(make, sale_recording(make, sale), cast.reviewer, FAILS).verdict is Verdict.INVALID
    assert (sale.state, corrections_of(make.session)) == (SubscriptionState.CANCELLED, 0)


def test_a_failed_confirmation_is_void_and_due_again(make: Maker, cast: Cast, sale: Subscription) -> None:
    confirmation = make.confirmed(sale, cast.verifier)
    recording = make.session.exec(select(Recording).where(Recording.call_id == confirmation.call_id)).one()
    assert obstacle(make.session, sale) is None
    review(make, recording, cast.reviewer, FAILS)
    assert make.session.get(ConfirmationVoid, confirmation.id)
    assert (sale.state, corrections_of(make.session)) == (SubscriptionState.CONFIRMING, 0)
    contact = make.session.get_one(Contact, sale.contact_id)
    assert (contact.duty, contact.barred_id) == (Duty.CONFIRMATION, sale.seller_id)


def test_a_charge_is_taken_back_when_its_sale_fails(make: Maker, cast: Cast, sale: Subscription) -> None:
    make.confirmed(sale, cast.verifier)
    then = make.now + timedelta(days=30)
    assert charges.charge(make.session, sale, today=then.date(), now=then)
    review(make, sale_recording(make, sale), cast.reviewer, FAILS)
    assert sale.state is SubscriptionState.CORRECTION_DUE
    assert charges.reverse_all(make.session, sale, why="test", by=None, now=make.now) == 0


def test_what_one_cannot_tell_a_supervisor_hears_and_nothing_is_charged_meanwhile(
    make: Maker, cast: Cast, sale: Subscription
) -> None:
    make.confirmed(sale, cast.verifier)
    given = review(make, sale_recording(make, sale), cast.reviewer, DOUBTS)
    waiting = reviews.queue(make.session, cast.supervisor, now=make.now)
    assert given.verdict is Verdict.UNSURE
    assert [task.call_id for task in waiting] == [sale.sale_call_id]
    assert (sale.state, obstacle(make.session, sale)) == (SubscriptionState.CONFIRMED, "held")


@pytest.mark.parametrize(
    ("second", "state"),
    [
        (PASSES, SubscriptionState.CONFIRMED),
        (FAILS, SubscriptionState.CORRECTION_DUE),
        (DOUBTS, SubscriptionState.CORRECTION_DUE),
    ],
)
def test_the_second_hearing_decides_and_a_second_doubt_is_a_no(
    make: Maker, cast: Cast, sale: Subscription, second: Any, state: SubscriptionState
) -> None:
    make.confirmed(sale, cast.verifier)
    review(make, sale_recording(make, sale), cast.reviewer, DOUBTS)
    task = reviews.queue(make.session, cast.supervisor, now=make.now)[0]
    reviews.mark(make.session, task, second, by=cast.supervisor, now=make.now)
    assert sale.state is state
    assert (obstacle(make.session, sale) is None) == (second is PASSES)
    assert charges.standing_holds(make.session, sale) == []


def test_a_doubt_that_nobody_else_can_settle_is_a_no(make: Maker, cast: Cast, sale: Subscription) -> None:
    review(make, sale_recording(make, sale), cast.supervisor, DOUBTS)
    assert sale.state is SubscriptionState.CORRECTION_DUE


def test_a_sale_that_was_put_right_is_not_undone_by_its_old_call(make: Maker, cast: Cast, sale: Subscription) -> None:
    review(make, sale_recording(make, sale), cast.reviewer, FAILS)
    contact = make.session.get_one(Contact, sale.contact_id)
    again = make.call(cast.second_agent, contact=contact, duty=Duty.CORRECTION, outcome="corrected", given=ALL_PASS)
    corrections.conclude(make.session, again, passed=True, by=cast.second_agent, now=make.now)
    review(make, sale_recording(make, sale), cast.supervisor, FAILS)
    assert (sale.state, corrections_of(make.session)) == (SubscriptionState.TRIAL, 1)


def test_a_failed_correction_call_is_to_be_corrected_again(make: Maker, cast: Cast, sale: Subscription) -> None:
    review(make, sale_recording(make, sale), cast.reviewer, FAILS)
    contact = make.session.get_one(Contact, sale.contact_id)
    again = make.recorded_call(
        cast.second_agent, contact=contact, duty=Duty.CORRECTION, outcome="corrected", given=ALL_PASS
    )
    call = make.session.get_one(Call, again.call_id)
    corrections.conclude(make.session, call, passed=True, by=cast.second_agent, now=make.now)
    review(make, again, cast.reviewer, FAILS)
    assert (sale.state, corrections_of(make.session)) == (SubscriptionState.CORRECTION_DUE, 2)
