"""What a verdict means for the sale, in the same transaction: a correction, a void confirmation, a second hearing."""

from collections.abc import Sequence
from datetime import datetime

from sqlmodel import Session, select

from outbound import journal
from outbound.billing import charges
from outbound.calls.model import Call
from outbound.compliance import Verdict
from outbound.confirmations import restoring
from outbound.confirmations import verbs as confirmations
from outbound.confirmations.model import Confirmation, ConfirmationKind, ConfirmationResult
from outbound.people import Centre, Role, Staff, known
from outbound.subscriptions.model import Subscription
from qa import corrections
from qa.review.model import Review, ReviewSource, ReviewTask, stands
from qa.review.sharing import NobodyToReview, Sharing, due_at

DOUBT = "review_unsure"
"""The reason of the hold on a charge while somebody else hears what one reviewer could not tell."""


def follow(session: Session, review: Review, call: Call, *, by: Staff, now: datetime) -> None:
    """Let the subscription follow a verdict on one of its two consent calls; other calls are only judged.

    Not valid: a sale is to be called again, a second confirmation is void. What one reviewer cannot tell, a supervisor
    hears too, and no charge is made meanwhile; what nobody can tell is not shown, and counts as not valid.
    Valid, where it was not valid before: what had followed is taken back, unless another review still fails the call.
    """
    confirmation = confirmations.of_call(session, call)
    if confirmation is None or confirmation.result != ConfirmationResult.PASSED:
        return
    subscription = session.get_one(Subscription, confirmation.subscription_id)
    if not _is_latest(session, subscription, confirmation):
        return
    if review.verdict == Verdict.UNSURE and _ask_a_supervisor(session, review, call, subscription, by=by, now=now):
        return
    _end_doubt(session, subscription, by=by, now=now)
    if review.verdict != Verdict.VALID:
        _undo(session, review, call, confirmation, by=by, now=now)
    elif not any(other.verdict == Verdict.INVALID for other in _others(session, review)):
        _take_back(session, subscription, confirmation, by=by, now=now)


def _is_latest(session: Session, subscription: Subscription, confirmation: Confirmation) -> bool:
    latest = charges.latest_of(session, subscription, confirmation.kind)
    return latest is not None and latest.id == confirmation.id


def _undo(
    session: Session, review: Review, call: Call, confirmation: Confirmation, *, by: Staff, now: datetime
) -> None:
    if confirmation.kind == ConfirmationKind.SECOND:
        confirmations.void_confirmation(session, confirmation, reason="review_failed", by=by, now=now)
        return
    subscription = session.get_one(Subscription, confirmation.subscription_id)
    corrections.begin(session, subscription, review, call, by=by, now=now)


def _take_back(
    session: Session, subscription: Subscription, confirmation: Confirmation, *, by: Staff, now: datetime
) -> None:
    """No review fails the call any more: what was voided counts again, and no correction is needed."""
    if restoring.restore(session, confirmation, by=by, now=now) and confirmation.kind == ConfirmationKind.FIRST:
        corrections.lift(session, subscription, by=by, now=now)


def _others(session: Session, review: Review) -> Sequence[Review]:
    """The other reviews of the same call that stand."""
    asked = select(Review).where(Review.call_id == review.call_id, Review.task_id != review.task_id, stands())
    return session.exec(asked).all()


def _ask_a_supervisor(
    session: Session, review: Review, call: Call, subscription: Subscription, *, by: Staff, now: datetime
) -> bool:
    """Whether a supervisor is to hear it too: once, and where there is one who has not heard it."""
    others = _others(session, review)
    if any(other.verdict == Verdict.UNSURE for other in others):
        return False
    heard = set(session.exec(select(Review.reviewer_id).where(Review.call_id == call.id)))
    try:
        supervisor = Sharing(session, call.centre_id, (Role.SUPERVISOR,)).pick(call, but=heard)
    except NobodyToReview:
        return False
    task = ReviewTask(
        centre_id=call.centre_id,
        source=ReviewSource.TARGETED,
        recording_id=review.recording_id,
        call_id=known(call.id),
        reviewer_id=known(supervisor.id),
        made_at=now,
        due_at=due_at(session, session.get_one(Centre, call.centre_id), now),
    )
    session.add(task)
    session.flush()
    charges.hold(session, subscription, reason=DOUBT, by=by, now=now)
    journal.record(session, "review.second_hearing", task, by=by, now=now, call=call.id, reviewer=supervisor.id)
    return True


def _end_doubt(session: Session, subscription: Subscription, *, by: Staff, now: datetime) -> None:
    for held in charges.standing_holds(session, subscription):
        if held.reason == DOUBT:
            charges.lift_hold(session, held, reason="heard again", by=by, now=now)
