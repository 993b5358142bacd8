"""A review that had voided a confirmation was found wrong: the confirmation counts again, as a row of its own."""

from datetime import datetime

from sqlmodel import Session, col, select

from outbound import journal
from outbound.calls.model import Call
from outbound.confirmations.model import Confirmation, ConfirmationKind, ConfirmationVoid
from outbound.confirmations.verbs import said_yes
from outbound.dialing.model import Claim
from outbound.people import Staff, known
from outbound.subscriptions import life
from outbound.subscriptions.model import FINAL, Subscription
from outbound.subscriptions.model import SubscriptionState as S
from outbound.subscriptions.transitions import WAITING

WHY = "review_reversed"


def restore(session: Session, confirmation: Confirmation, *, by: Staff, now: datetime) -> Confirmation | None:
    """Let a confirmation that a review voided count again, and the subscription go on where the review found it.

    None where no review voided it, where the subscription has ended, and where somebody is calling the customer for a
    new second confirmation at this moment: then that call decides.
    """
    void = session.get(ConfirmationVoid, known(confirmation.id))
    subscription = session.get_one(Subscription, confirmation.subscription_id)
    if void is None or void.reason != "review_failed" or subscription.state in FINAL:
        return None
    if confirmation.kind == ConfirmationKind.SECOND and _is_being_called(session, subscription):
        return None
    again = _again(session, confirmation, now=now)
    session.refresh(subscription)
    journal.record(
        session, "confirmation.restored", again, by=by, now=now, centre_id=subscription.centre_id, was=confirmation.id
    )
    call = session.get_one(Call, confirmation.call_id)
    if confirmation.kind == ConfirmationKind.FIRST:
        _resume(session, subscription, call, by=by, now=now)
    else:
        _confirm(session, subscription, again, call, by=by, now=now)
    return again


def _again(session: Session, confirmation: Confirmation, *, now: datetime) -> Confirmation:
    again = Confirmation(
        subscription_id=confirmation.subscription_id,
        kind=confirmation.kind,
        result=confirmation.result,
        call_id=confirmation.call_id,
        by_id=confirmation.by_id,
        at=now,
        restored=confirmation.restored + 1,
    )
    session.add(again)
    session.flush()
    return again


def _is_being_called(session: Session, subscription: Subscription) -> bool:
    open_claim = select(Claim.id).where(Claim.contact_id == subscription.contact_id, col(Claim.ended_at).is_(None))
    return session.exec(open_claim).first() is not None


def _resume(session: Session, subscription: Subscription, call: Call, *, by: Staff, now: datetime) -> None:
    if subscription.state == S.CORRECTION_DUE:
        life.go_on(session, subscription, by=by, call=call, now=now, why=WHY)


def _confirm(
    session: Session, subscription: Subscription, again: Confirmation, call: Call, *, by: Staff, now: datetime
) -> None:
    if subscription.state in WAITING:
        said_yes(session, subscription, again, call, by=by, now=now, why=WHY)
    elif subscription.state == S.CORRECTION_DUE and subscription.before_correction == S.CONFIRMING:
        subscription.before_correction = S.CONFIRMED
        session.add(subscription)
