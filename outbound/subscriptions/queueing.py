"""What the next call to a subscriber is for: re-call, second confirmation or correction, when, and who may not make it.

The hand-out itself also passes over whoever reviews the sale.
"""

from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session, col, select

from outbound.billing.model import ChargeHold, ChargeHoldLifting
from outbound.call_lists.model import Contact, ContactState, Duty
from outbound.calling_rules import spreading
from outbound.calling_rules.calendar import overrides_of
from outbound.calls.model import Call
from outbound.campaigns import lookups as campaigns
from outbound.campaigns.definition import Definition
from outbound.campaigns.model import Campaign
from outbound.clock import day_ends
from outbound.dialing import releasing
from outbound.people import Centre
from outbound.phones.model import Phone
from outbound.subscriptions.model import Subscription

CONFIRMATION_PRIORITY = 100
CORRECTION_PRIORITY = 200
COMPLAINT = "complaint:"
"""With what the reason of a hold begins that a complaint has laid on the charge."""


def queue_confirmation(session: Session, subscription: Subscription, *, due_at: datetime) -> None:
    """Put the customer in the verifiers' queue, never for the seller; not while a complaint is open.

    What becomes due at night is spread over the parts of the day, so that not everybody is rung in the morning.
    """
    queue(
        session,
        subscription,
        Duty.CONFIRMATION,
        due_at=_spread(session, subscription, due_at),
        priority=CONFIRMATION_PRIORITY,
        barred_id=subscription.seller_id,
    )
    if complained_of(session, subscription):
        hold_back(session, subscription, now=due_at)


def _spread(session: Session, subscription: Subscription, due_at: datetime) -> datetime:
    rules, zones = definition_of(session, subscription).profile, _zones(session, subscription)
    overrides = overrides_of(session, subscription.centre_id)
    return spreading.first_try(rules, zones, due_at, place=subscription.id or 0, overrides=overrides)


def try_again(session: Session, subscription: Subscription) -> None:
    """A call reached nobody: the next one comes in a part of the day that was not tried yet, before the trial ends."""
    contact = session.get_one(Contact, subscription.contact_id)
    asked = select(Call.dialled_at).where(Call.contact_id == contact.id, Call.duty == contact.duty)
    later = spreading.next_try(
        definition_of(session, subscription).profile,
        _zones(session, subscription),
        contact.due_at,
        tried=list(session.exec(asked)),
        overrides=overrides_of(session, subscription.centre_id),
    )
    ends = subscription.trial_ends_on
    zone = session.get_one(Centre, subscription.centre_id).zone
    if ends is None or later < day_ends(ends, zone):
        contact.due_at = later
        session.add(contact)


def _zones(session: Session, subscription: Subscription) -> tuple[str, ...]:
    return session.get_one(Phone, subscription.phone_id).time_zones


def queue(
    session: Session, subscription: Subscription, duty: Duty, *, due_at: datetime, priority: int, barred_id: int | None
) -> None:
    """The next call to the customer is for `duty`."""
    contact = session.get_one(Contact, subscription.contact_id)
    if contact.closed_why == "opted_out":
        return
    contact.state, contact.duty, contact.closed_why = ContactState.QUEUED, duty, ""
    contact.due_at, contact.priority, contact.barred_id = due_at, priority, barred_id
    contact.callback, contact.kept_for_id, contact.attempts = False, None, 0
    session.add(contact)
    session.flush()


def queue_correction(session: Session, subscription: Subscription, *, now: datetime) -> None:
    """The sale is to be called again, by another agent where the QA policy says so."""
    another = definition_of(session, subscription).qa.correction_by_another
    queue(
        session,
        subscription,
        Duty.CORRECTION,
        due_at=now,
        priority=CORRECTION_PRIORITY,
        barred_id=subscription.seller_id if another else None,
    )


def queue_recall(session: Session, subscription: Subscription, *, now: datetime) -> None:
    """The seller was unsure of a criterion: the customer is to be called again."""
    queue(session, subscription, Duty.RECALL, due_at=now, priority=CORRECTION_PRIORITY, barred_id=None)


def close_contact(session: Session, subscription: Subscription, why: str, *, now: datetime) -> None:
    """No further call to this customer, and who holds them to ring them loses them at once."""
    contact = session.get_one(Contact, subscription.contact_id)
    if contact.state != ContactState.CLOSED:
        contact.state, contact.closed_why = ContactState.CLOSED, why
        session.add(contact)
    releasing.take_away(session, contact, now=now)


def complained_of(session: Session, subscription: Subscription) -> bool:
    """Whether a complaint that nothing was ordered is open."""
    lifted = sa.exists().where(col(ChargeHoldLifting.charge_hold_id) == col(ChargeHold.id))
    held = select(ChargeHold.id).where(ChargeHold.subscription_id == subscription.id, ~lifted)
    return session.exec(held.where(col(ChargeHold.reason).startswith(COMPLAINT)).limit(1)).first() is not None


def hold_back(session: Session, subscription: Subscription, *, now: datetime) -> None:
    """The confirmation call waits for the answer to a complaint."""
    contact = session.get_one(Contact, subscription.contact_id)
    if contact.duty == Duty.CONFIRMATION and contact.state == ContactState.QUEUED:
        close_contact(session, subscription, "complaint", now=now)


def let_go(session: Session, subscription: Subscription, *, now: datetime) -> None:
    """The complaint is settled: the confirmation call that it held back is due again."""
    contact = session.get_one(Contact, subscription.contact_id)
    if contact.closed_why == "complaint" and contact.duty == Duty.CONFIRMATION:
        queue_confirmation(session, subscription, due_at=now)


def definition_of(session: Session, subscription: Subscription) -> Definition:
    """The campaign's definition that is in force now."""
    return campaigns.definition_of(session, session.get_one(Campaign, subscription.campaign_id))
