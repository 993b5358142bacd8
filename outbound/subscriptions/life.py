"""How a subscription begins and ends: the first yes, the re-call, the correction, the customer's no."""

from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlmodel import Session, col, select

from outbound.billing import charges
from outbound.call_lists.model import Contact, ContactState
from outbound.calls.model import Call, SelfMark
from outbound.campaigns.definition import Definition
from outbound.campaigns.model import CampaignVersion
from outbound.clock import local_day
from outbound.compliance import Verdict, verdict
from outbound.confirmations.model import Confirmation, ConfirmationKind, ConfirmationResult, ConfirmationVoid
from outbound.people import Centre, Staff, known
from outbound.subscriptions import transitions
from outbound.subscriptions.guards import stands
from outbound.subscriptions.model import FINAL, Subscription, Withdrawal
from outbound.subscriptions.model import SubscriptionState as S
from outbound.subscriptions.queueing import (
    close_contact,
    definition_of,
    queue_confirmation,
    queue_correction,
    queue_recall,
)
from outbound.subscriptions.transitions import WAITING, WrongState, move
from outbound.subscriptions.trial import begin_trial, lapse, open_window, zone_of

RECALL_WITHIN = timedelta(days=14)
"""So long a doubtful sale may wait for a re-call that settles it (our own)."""


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
    event, subscription = _new(session, call, came_to, by=by, now=now)
    _keep_first(session, subscription, call, came_to, by=by, now=now)
    if came_to == Verdict.VALID:
        begin_trial(session, subscription, call)
    transitions.begin(session, subscription, event, by=by, call=call, now=now, marks=came_to)
    _queue_first(session, subscription, now=now)
    return subscription


def _queue_first(session: Session, subscription: Subscription, *, now: datetime) -> None:
    """The next call to a customer whose first yes has just been settled, where one is due already."""
    if subscription.state == S.RECALL_DUE:
        queue_recall(session, subscription, now=now)
    elif subscription.state == S.TRIAL and not subscription.trial_days:
        open_window(session, subscription, now=now)


def _new(session: Session, call: Call, came_to: Verdict, *, by: Staff, now: datetime) -> tuple[str, Subscription]:
    """The event with which a subscription begins, and the subscription in the state to which that leads."""
    version = session.get_one(CampaignVersion, call.campaign_version_id)
    definition = Definition.model_validate(version.document)
    offer = definition.offer
    assert offer is not None, "a consent call belongs to a campaign with an offer"
    event = f"sale_{came_to}" if came_to != Verdict.UNSURE or definition.calling.recalls else "sale_invalid"
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
        state=transitions.TRANSITIONS[event].after or S.VOID,
        made_at=now,
    )
    session.add(subscription)
    session.flush()
    return event, subscription


def recalled(session: Session, subscription: Subscription, call: Call, *, by: Staff, now: datetime) -> None:
    """An unsure sale was called again and the customer answered yes."""
    came_to = marks_of(session, call)
    _keep_first(session, subscription, call, came_to, by=by, now=now)
    if came_to == Verdict.VALID:
        subscription.recalls += 1
        begin_trial(session, subscription, call)
        move(session, subscription, "recall_passed", by=by, call=call, now=now)
        _queue_first(session, subscription, now=now)
    elif came_to == Verdict.INVALID:
        never_valid(session, subscription, by=by, call=call, now=now)
    elif not recall_missed(session, subscription, by=by, call=call, now=now):
        queue_recall(session, subscription, now=now)


def recall_missed(session: Session, subscription: Subscription, *, by: Staff, call: Call, now: datetime) -> bool:
    """A re-call brought no answer that settles the doubt; whether it was the last one, so that nothing was sold."""
    subscription.recalls += 1
    session.add(subscription)
    if subscription.recalls < definition_of(session, subscription).calling.recalls:
        return False
    never_valid(session, subscription, by=by, call=call, now=now)
    return True


def never_valid(
    session: Session, subscription: Subscription, *, by: Staff | None, call: Call | None, now: datetime, why: str = ""
) -> None:
    """No re-call brought a valid yes: it never was a sale, and nobody rings about it again."""
    move(session, subscription, "never_valid", by=by, call=call, now=now, why=why)
    close_contact(session, subscription, "void", now=now)


def end_hopeless_recalls(session: Session, centre: Centre, *, now: datetime) -> int:
    """End the doubtful sales whose customer nobody can or did ring again in time; how many."""
    asked = (
        select(Subscription, Contact)
        .join(Contact, col(Contact.id) == col(Subscription.contact_id))
        .where(Subscription.centre_id == centre.id, Subscription.state == S.RECALL_DUE)
        .where(sa.or_(col(Contact.state) == ContactState.CLOSED, col(Subscription.made_at) <= now - RECALL_WITHIN))
    )
    hopeless = session.exec(asked.order_by(col(Subscription.id))).all()
    for subscription, _contact in hopeless:
        never_valid(session, subscription, by=None, call=None, now=now, why="recall_not_reached")
    return len(hopeless)


def _keep_first(
    session: Session, subscription: Subscription, call: Call, came_to: Verdict, *, by: Staff, now: datetime
) -> None:
    result = {Verdict.VALID: ConfirmationResult.PASSED, Verdict.INVALID: ConfirmationResult.FAILED}.get(came_to)
    if result is None:
        return
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
    session.refresh(subscription)


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
    close_contact(session, subscription, "cancelled", now=now)


def suspend_for_correction(
    session: Session, subscription: Subscription, *, review_id: int, call_id: int, by: Staff, now: datetime
) -> None:
    """A reviewer failed the sale: it waits for a correction call; what was charged on it is taken back."""
    if subscription.state in FINAL or subscription.state == S.CORRECTION_DUE:
        return
    if not _void_first(session, subscription, call_id, by=by, now=now) or subscription.state == S.RECALL_DUE:
        return
    charges.reverse_all(session, subscription, why="review_failed", by=by, now=now)
    subscription.before_correction = S.CONFIRMED if subscription.state == S.CHARGED else subscription.state
    move(session, subscription, "review_failed", by=by, now=now)
    queue_correction(session, subscription, now=now)


def _void_first(session: Session, subscription: Subscription, call_id: int, *, by: Staff, now: datetime) -> bool:
    """A call of the sale no longer counts; whether the subscription rests on it, and not on a later one."""
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
    return not stands(session, subscription, ConfirmationKind.FIRST)


def resume_after_correction(
    session: Session, subscription: Subscription, call: Call, *, by: Staff, now: datetime
) -> None:
    """The correction call passed all four: the subscription goes on where the review found it.

    One that waited for its second confirmation has lapsed where its trial was over before that call. Raises WrongState.
    """
    if subscription.state != S.CORRECTION_DUE:
        raise WrongState(state=subscription.state)
    if _too_late(session, subscription, call):
        lapse(session, subscription, now=now, why="correction_too_late")
        return
    _keep_first(session, subscription, call, Verdict.VALID, by=by, now=now)
    go_on(session, subscription, by=by, call=call, now=now)


def go_on(
    session: Session, subscription: Subscription, *, by: Staff, call: Call, now: datetime, why: str = "corrected"
) -> None:
    """A subscription that waited for a correction goes on where the review found it. Raises WrongState, GuardNotMet."""
    move(session, subscription, "corrected", by=by, call=call, now=now, why=why)
    if subscription.state in WAITING:
        queue_confirmation(session, subscription, due_at=now)
    else:
        close_contact(session, subscription, why, now=now)


def _too_late(session: Session, subscription: Subscription, call: Call) -> bool:
    called_on, ends = local_day(call.dialled_at, zone_of(session, subscription)), subscription.trial_ends_on
    return subscription.before_correction != S.CONFIRMED and ends is not None and ends < called_on
