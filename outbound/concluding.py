"""What the end of a call sets in motion: its report is registered, and the room that the call was for goes on."""

from datetime import datetime, timedelta

from sqlmodel import Session

from outbound import complaints
from outbound.call_lists.model import Duty
from outbound.calls import wrap_up as calls
from outbound.calls.model import After, Call, LateWrapUp, Outcome
from outbound.compliance import Verdict
from outbound.confirmations import verbs as confirmations
from outbound.people import Centre, Staff
from outbound.phones.model import Phone
from outbound.recordings import keeping
from outbound.subscriptions import life
from outbound.subscriptions.model import Subscription, SubscriptionState
from outbound.subscriptions.queueing import queue_confirmation, queue_correction
from outbound.subscriptions.transitions import WAITING
from qa import corrections

ENDS_SUBSCRIPTION = frozenset({"declined", "do_not_call"})


def conclude(session: Session, call: Call, report: calls.Report, *, by: Staff, now: datetime) -> calls.WrappedUp:
    """Register the report of a call; sale, confirmation or correction follow. Refuses as `calls.wrap_up` does."""
    done = calls.wrap_up(session, call, report, by=by, now=now)
    if report.reference:
        # The recorder may have been quicker than the wrap-up that tells its reference.
        keeping.match_waiting(session, call, now=now)
    if not (done.late or done.repeated):
        follow(session, call, done.outcome, by=by, now=now)
    return done


def settle_late(session: Session, late: LateWrapUp, *, note: str, by: Staff, now: datetime) -> calls.WrappedUp:
    """A supervisor accepts a late wrap-up: everything follows as if it had come in time."""
    done = calls.settle_late(session, late, note=note, by=by, now=now)
    if not done.repeated:
        follow(session, done.call, done.outcome, by=session.get_one(Staff, done.call.agent_id), now=now)
    return done


def follow(session: Session, call: Call, outcome: Outcome, *, by: Staff, now: datetime) -> None:
    """What the outcome of a registered call sets in motion for its sale."""
    subscription = life.of_call(session, call)
    if subscription is None:
        if outcome.after == After.CONSENT:
            life.begin(session, call, by=by, now=now)
    elif call.duty == Duty.CONFIRMATION:
        confirmations.record(session, subscription, call, outcome, by=by, now=now)
        if outcome.code == "complaint":
            _take_complaint(session, subscription, call, by=by, now=now)
    elif call.duty == Duty.RECALL:
        _after_recall(session, subscription, call, outcome, by=by, now=now)
    elif call.duty == Duty.CORRECTION:
        _after_correction(session, subscription, call, outcome, by=by, now=now)


def _take_complaint(session: Session, subscription: Subscription, call: Call, *, by: Staff, now: datetime) -> None:
    """What the customer complained of in the call that was to confirm is for the care desk to answer."""
    complaints.take(
        session,
        session.get_one(Centre, call.centre_id),
        session.get_one(Phone, call.phone_id),
        grievance=complaints.Grievance.OTHER,
        said=call.note,
        subscription=subscription,
        by=by,
        now=now,
    )


def _after_recall(
    session: Session, subscription: Subscription, call: Call, outcome: Outcome, *, by: Staff, now: datetime
) -> None:
    if outcome.after == After.CONSENT:
        life.recalled(session, subscription, call, by=by, now=now)
    elif outcome.after in (After.CLOSE, After.BLOCK):
        # Nobody will ring this customer again, so the doubt can never be settled.
        life.never_valid(session, subscription, by=by, call=call, now=now, why=outcome.code)
    else:
        life.recall_missed(session, subscription, by=by, call=call, now=now)


def _after_correction(
    session: Session, subscription: Subscription, call: Call, outcome: Outcome, *, by: Staff, now: datetime
) -> None:
    if subscription.state != SubscriptionState.CORRECTION_DUE:
        _after_needless_correction(session, subscription, call, outcome, by=by, now=now)
    elif outcome.after == After.CONSENT:
        passed = life.marks_of(session, call) == Verdict.VALID
        # A yes with a doubt left is no no: the customer is called again rather than cancelled.
        corrections.conclude(session, call, passed=passed or None, by=by, now=now)
        if not passed:
            queue_correction(session, subscription, now=now)
    elif outcome.code == "considering" and call.callback_at is None:
        queue_correction(session, subscription, now=now + timedelta(days=1))
    elif outcome.code in ENDS_SUBSCRIPTION:
        corrections.conclude(session, call, passed=False, by=by, now=now)


def _after_needless_correction(
    session: Session, subscription: Subscription, call: Call, outcome: Outcome, *, by: Staff, now: datetime
) -> None:
    """While the customer was on the phone the review was found wrong: a no counts all the same."""
    if outcome.code in ENDS_SUBSCRIPTION:
        life.cancel(session, subscription, via="correction", reason=call.note, by=by, now=now, call=call)
    elif subscription.state in WAITING and outcome.after != After.BLOCK:
        queue_confirmation(session, subscription, due_at=now)
