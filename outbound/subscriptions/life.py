"""How a subscription begins and ends: the first yes, the re-call, the correction, the customer's no."""

from datetime import datetime

from sqlmodel import Session, col, select

from outbound import journal
from outbound.billing import charges
from outbound.calls.model import Call, SelfMark
from outbound.campaigns.definition import Definition
from outbound.campaigns.model import CampaignVersion
from outbound.compliance import Verdict, verdict
from outbound.confirmations.model import Confirmation, ConfirmationKind, ConfirmationResult, ConfirmationVoid
from outbound.people import Staff, known
from outbound.subscriptions.model import FINAL, StateChange, Subscription, Withdrawal
from outbound.subscriptions.model import SubscriptionState as S
from outbound.subscriptions.queueing import (
    close_contact,
    definition_of,
    queue_confirmation,
    queue_correction,
    queue_recall,
)
from outbound.subscriptions.transitions import WAITING, WrongState, enter, move
from outbound.subscriptions.trial import begin_trial


def of_call(session: Session, call: Call) -> Subscription | None:
    """The subscription that a call is about."""
    return of_contact(session, call.contact_id)


def of_contact(session: Session, contact_id: int) -> Subscription | None:
    """The subscription of a contact."""
    return session.exec(select(Subscription).where(Subscription.contact_id == contact_id)).first()


def marks_of(session: Session, call: Call) -> Verdict:
    """What the four marks of a call come to; raises CriteriaNotAllMarked."""
    marks = session.exec(select(SelfMark).where(SelfMark.call_id == call.id)).all()
    return verdict({mark.criterion: mark.mark for mark in marks})


def begin(session: Session, call: Call, *, by: Staff, now: datetime) -> Subscription:
    """A customer said yes for the first time: a trial, a re-call, or nothing, as the four marks say."""
    if existing := of_call(session, call):
        return existing
    came_to = marks_of(session, call)
    subscription = _new(session, call, came_to, by=by, now=now)
    session.add(
        StateChange(
            subscription_id=known(subscription.id),
            after=subscription.state,
            why=f"sale_{came_to}",
            call_id=call.id,
            by_id=by.id,
            at=now,
        )
    )
    journal.record(session, f"subscription.{subscription.state}", subscription, by=by, now=now, marks=came_to)
    _settle_sale(session, subscription, call, came_to, by=by, now=now)
    return subscription


def _new(session: Session, call: Call, came_to: Verdict, *, by: Staff, now: datetime) -> Subscription:
    version = session.get_one(CampaignVersion, call.campaign_version_id)
    definition = Definition.model_validate(version.document)
    offer = definition.offer
    assert offer is not None, "a consent call belongs to a campaign with an offer"
    subscription = Subscription(
        centre_id=call.centre_id,
        campaign_id=call.campaign_id,
        campaign_version_id=call.campaign_version_id,
        contact_id=call.contact_id,
        phone_id=call.phone_id,
        sale_call_id=known(call.id),
        seller_id=known(by.id),
        offer_name=str(offer.name),
        price_fen=offer.price_fen,
        cycle=offer.cycle,
        trial_days=offer.trial_days,
        state=_first_state(came_to, recalls=definition.calling.recalls),
        made_at=now,
    )
    session.add(subscription)
    session.flush()
    return subscription


def _first_state(came_to: Verdict, *, recalls: int) -> S:
    if came_to == Verdict.UNSURE and recalls:
        return S.RECALL_DUE
    return S.TRIAL if came_to == Verdict.VALID else S.VOID


def recalled(session: Session, subscription: Subscription, call: Call, *, by: Staff, now: datetime) -> None:
    """An unsure sale was called again and the customer answered yes."""
    subscription.recalls += 1
    came_to = marks_of(session, call)
    limit = definition_of(session, subscription).calling.recalls
    if came_to == Verdict.INVALID or (came_to == Verdict.UNSURE and subscription.recalls >= limit):
        move(session, subscription, "never_valid", by=by, call=call, now=now)
        close_contact(session, subscription, "void")
        return
    _settle_sale(session, subscription, call, came_to, by=by, now=now)


def _settle_sale(
    session: Session, subscription: Subscription, call: Call, came_to: Verdict, *, by: Staff, now: datetime
) -> None:
    result = {Verdict.VALID: ConfirmationResult.PASSED, Verdict.INVALID: ConfirmationResult.FAILED}.get(came_to)
    if result:
        _keep_first(session, subscription, call, result, by=by, now=now)
    if subscription.state == S.RECALL_DUE and came_to == Verdict.UNSURE:
        queue_recall(session, subscription, now=now)
    elif came_to == Verdict.VALID:
        begin_trial(session, subscription, call, by=by, now=now)


def _keep_first(
    session: Session, subscription: Subscription, call: Call, result: ConfirmationResult, *, by: Staff, now: datetime
) -> None:
    session.add(
        Confirmation(
            subscription_id=known(subscription.id),
            kind=ConfirmationKind.FIRST,
            result=result,
            call_id=known(call.id),
            by_id=known(by.id),
            at=now,
        )
    )
    session.flush()


def cancel(
    session: Session,
    subscription: Subscription,
    *,
    via: str,
    reason: str,
    by: Staff | None,
    now: datetime,
    call: Call | None = None,
) -> None:
    """The customer takes the yes back: at once everywhere; what was charged is reversed where it never was valid."""
    if subscription.state in FINAL:
        return
    session.add(
        Withdrawal(
            subscription_id=known(subscription.id), via=via, reason=reason[:400], by_id=by.id if by else None, at=now
        )
    )
    session.flush()
    session.refresh(subscription)
    if via == "complaint":
        charges.reverse_all(session, subscription, why="complaint", by=by, now=now)
    move(session, subscription, "declined", by=by, call=call, now=now, why=via)
    close_contact(session, subscription, "cancelled")


def suspend_for_correction(
    session: Session, subscription: Subscription, *, review_id: int, call_id: int, by: Staff, now: datetime
) -> None:
    """A reviewer failed the sale: it waits for a correction call; what was charged on it is taken back."""
    if subscription.state in FINAL or subscription.state == S.CORRECTION_DUE:
        return
    of_call = select(Confirmation).where(Confirmation.call_id == call_id)
    first = session.exec(of_call.order_by(col(Confirmation.id).desc())).first()
    if first and not session.get(ConfirmationVoid, known(first.id)):
        session.add(
            ConfirmationVoid(
                confirmation_id=known(first.id),
                subscription_id=known(subscription.id),
                reason="review_failed",
                by_id=by.id,
                at=now,
            )
        )
        session.flush()
        session.refresh(subscription)
    if subscription.state == S.RECALL_DUE:
        return
    charges.reverse_all(session, subscription, why="review_failed", by=by, now=now)
    subscription.before_correction = S.CONFIRMED if subscription.state == S.CHARGED else subscription.state
    move(session, subscription, "review_failed", by=by, now=now)
    queue_correction(session, subscription, now=now)


def resume_after_correction(
    session: Session, subscription: Subscription, call: Call, *, by: Staff, now: datetime
) -> None:
    """The correction call passed all four: the subscription goes on where the review found it."""
    if subscription.state != S.CORRECTION_DUE:
        raise WrongState(state=subscription.state)
    _keep_first(session, subscription, call, ConfirmationResult.PASSED, by=by, now=now)
    go_on(session, subscription, "corrected", by=by, call=call, now=now)


def go_on(session: Session, subscription: Subscription, why: str, *, by: Staff, call: Call, now: datetime) -> None:
    """A subscription that waited for a correction goes on where the review found it."""
    back = subscription.before_correction or S.TRIAL
    subscription.before_correction = None
    enter(session, subscription, back, why, by=by, call=call, now=now)
    if back in WAITING:
        queue_confirmation(session, subscription, due_at=now)
    else:
        close_contact(session, subscription, why)
