"""The second confirmation: what the call before the trial's end came to, by somebody other than the seller."""

from datetime import datetime, timedelta

from sqlmodel import Session, col, select

from outbound import journal
from outbound.billing import charges
from outbound.call_lists.model import Contact, ContactState
from outbound.calls.model import After, Call, Outcome
from outbound.clock import local_day
from outbound.compliance import Verdict
from outbound.confirmations.model import Confirmation, ConfirmationKind, ConfirmationResult, ConfirmationVoid
from outbound.dialing import barring
from outbound.errors import Refusal
from outbound.notices import making
from outbound.people import Staff, known
from outbound.subscriptions import guards, life
from outbound.subscriptions.model import Subscription
from outbound.subscriptions.model import SubscriptionState as S
from outbound.subscriptions.queueing import close_contact, definition_of, queue_confirmation, try_again
from outbound.subscriptions.transitions import WAITING, move
from outbound.subscriptions.trial import end_with_confirmation, zone_of

RESULTS = {
    "declined": ConfirmationResult.DECLINED,
    "do_not_call": ConfirmationResult.DECLINED,
    "considering": ConfirmationResult.CONSIDERING,
    "line_suspended": ConfirmationResult.SUSPENDED,
    "complaint": ConfirmationResult.COMPLAINED,
}
"""What an outcome means for the confirmation; any other without a yes is `not reached`."""


class SellerCannotConfirm(Refusal):
    """The second confirmation is never the seller's own; leave it to a colleague."""

    zh = "二次确认不能由销售本人进行，请交给同事。"


def record(
    session: Session, subscription: Subscription, call: Call, outcome: Outcome, *, by: Staff, now: datetime
) -> Confirmation:
    """Keep what a confirmation call came to, and let the subscription follow. Raises SellerCannotConfirm."""
    if subscription.seller_id == by.id:
        raise SellerCannotConfirm
    confirmation = Confirmation(
        subscription_id=known(subscription.id),
        kind=ConfirmationKind.SECOND,
        result=_result(session, call, outcome, by),
        call_id=known(call.id),
        by_id=known(by.id),
        at=now,
    )
    session.add(confirmation)
    session.flush()
    session.refresh(subscription)
    journal.record(
        session,
        "confirmation.recorded",
        confirmation,
        by=by,
        now=now,
        centre_id=call.centre_id,
        result=confirmation.result,
    )
    _follow(session, subscription, confirmation, call, by=by, now=now)
    return confirmation


def _result(session: Session, call: Call, outcome: Outcome, by: Staff) -> ConfirmationResult:
    if outcome.after == After.CONSENT:
        counts = life.marks_of(session, call) == Verdict.VALID and not _reviews_the_sale(session, call, by)
        return ConfirmationResult.PASSED if counts else ConfirmationResult.FAILED
    return RESULTS.get(outcome.code, ConfirmationResult.NOT_REACHED)


def _reviews_the_sale(session: Session, call: Call, by: Staff) -> bool:
    """Whether who confirms had been asked to review the sale: the hand-out sees to it that it hardly comes to that."""
    return known(by.id) in barring.reviewers_of(session, call.contact_id, until=call.dialled_at)


def _follow(
    session: Session, subscription: Subscription, confirmation: Confirmation, call: Call, *, by: Staff, now: datetime
) -> None:
    if subscription.state not in WAITING:
        return
    match confirmation.result:
        case ConfirmationResult.PASSED:
            said_yes(session, subscription, confirmation, call, by=by, now=now)
        case ConfirmationResult.DECLINED:
            life.cancel(session, subscription, via="confirmation", reason=call.note, by=by, now=now, call=call)
        case ConfirmationResult.CONSIDERING if call.callback_at is None:
            close_contact(session, subscription, "considering", now=now)
        case ConfirmationResult.COMPLAINED:
            close_contact(session, subscription, "complaint", now=now)
        case ConfirmationResult.FAILED:
            queue_confirmation(session, subscription, due_at=now)
        case ConfirmationResult.NOT_REACHED | ConfirmationResult.SUSPENDED:
            _stop_after_last_try(session, subscription, now=now)


def said_yes(
    session: Session,
    subscription: Subscription,
    confirmation: Confirmation,
    call: Call,
    *,
    by: Staff | None,
    now: datetime,
    why: str = "confirmed",
) -> None:
    """The customer said yes a second time: that is all, or the SMS is asked for that this campaign needs besides."""
    if not guards.replied(session, subscription):
        making.request_reply(session, subscription, confirmation, now=now)
        close_contact(session, subscription, "reply_awaited", now=now)
        return
    end_with_confirmation(session, subscription, call)
    move(session, subscription, "confirmed", by=by, call=call, now=now, why=why)
    close_contact(session, subscription, why, now=now)
    remind_in_time(session, subscription, now=now)


def remind_in_time(session: Session, subscription: Subscription, *, now: datetime) -> None:
    """Who is charged tomorrow is reminded at once: the round of reminders is over for today."""
    tomorrow = local_day(now, zone_of(session, subscription)) + timedelta(days=1)
    if charges.cycle_due(session, subscription, tomorrow) == tomorrow:
        making.remind(session, subscription, tomorrow, now=now)


def _stop_after_last_try(session: Session, subscription: Subscription, *, now: datetime) -> None:
    """After the agreed number of tries the customer is left in peace until the trial ends."""
    contact = session.get_one(Contact, subscription.contact_id)
    if contact.attempts >= definition_of(session, subscription).confirmation.tries:
        close_contact(session, subscription, "not_reached", now=now)
        return
    if contact.state == ContactState.CLOSED and contact.closed_why != "opted_out":
        contact.state, contact.closed_why = ContactState.QUEUED, ""
        session.add(contact)
    if contact.state == ContactState.QUEUED and not contact.callback:
        try_again(session, subscription)


def void_confirmation(
    session: Session, confirmation: Confirmation, *, reason: str, by: Staff | None, now: datetime
) -> None:
    """A confirmation no longer counts: due again before the charge, reversed and ended after it."""
    if session.get(ConfirmationVoid, known(confirmation.id)):
        return
    subscription = session.get_one(Subscription, confirmation.subscription_id)
    session.add(
        ConfirmationVoid(
            confirmation_id=known(confirmation.id),
            subscription_id=known(subscription.id),
            reason=reason,
            by_id=by.id if by else None,
            at=now,
        )
    )
    session.flush()
    session.refresh(subscription)
    journal.record(
        session, "confirmation.voided", confirmation, by=by, now=now, centre_id=subscription.centre_id, reason=reason
    )
    if _counts(session, subscription, confirmation):
        _fall_back(session, subscription, reason=reason, by=by, now=now)


def _counts(session: Session, subscription: Subscription, confirmation: Confirmation) -> bool:
    """Whether the subscription rests on this confirmation, and not on a later one."""
    latest = guards.latest(session, subscription, ConfirmationKind.SECOND)
    return latest is not None and latest.id == confirmation.id


def _fall_back(session: Session, subscription: Subscription, *, reason: str, by: Staff | None, now: datetime) -> None:
    if subscription.state == S.CONFIRMED:
        move(session, subscription, "confirmation_void", by=by, now=now)
        queue_confirmation(session, subscription, due_at=now)
    elif subscription.state == S.CORRECTION_DUE and subscription.before_correction == S.CONFIRMED:
        subscription.before_correction = S.CONFIRMING
        session.add(subscription)
    elif subscription.state == S.CHARGED:
        charges.reverse_all(session, subscription, why=reason, by=by, now=now)
        move(session, subscription, "charge_void", by=by, now=now, why="confirmation_void_after_charge")
        close_contact(session, subscription, "cancelled", now=now)


def of_call(session: Session, call: Call) -> Confirmation | None:
    """The confirmation that a call brought; where a review of it was found wrong, as it counts again."""
    of_it = select(Confirmation).where(Confirmation.call_id == call.id)
    return session.exec(of_it.order_by(col(Confirmation.id).desc())).first()
