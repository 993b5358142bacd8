"""What the next call to a subscriber is for: re-call, second confirmation or correction, and who may not make it."""

from datetime import datetime

from sqlmodel import Session

from outbound.call_lists.model import Contact, ContactState, Duty
from outbound.campaigns import lookups as campaigns
from outbound.campaigns.definition import Definition
from outbound.campaigns.model import Campaign
from outbound.subscriptions.model import Subscription

CONFIRMATION_PRIORITY = 100
CORRECTION_PRIORITY = 200


def queue_confirmation(session: Session, subscription: Subscription, *, due_at: datetime) -> None:
    """Put the customer in the verifiers' queue, never for the seller."""
    queue(
        session,
        subscription,
        Duty.CONFIRMATION,
        due_at=due_at,
        priority=CONFIRMATION_PRIORITY,
        barred_id=subscription.seller_id,
    )


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


def close_contact(session: Session, subscription: Subscription, why: str) -> None:
    """No further call to this customer."""
    contact = session.get_one(Contact, subscription.contact_id)
    if contact.state != ContactState.CLOSED:
        contact.state, contact.closed_why = ContactState.CLOSED, why
        session.add(contact)


def definition_of(session: Session, subscription: Subscription) -> Definition:
    """The campaign's definition that is in force now."""
    return campaigns.definition_of(session, session.get_one(Campaign, subscription.campaign_id))
