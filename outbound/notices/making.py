"""What a customer is to be told in writing: each notice is put into the outbox once, under a key that never changes."""

from datetime import date, datetime

import sqlalchemy as sa
from sqlmodel import Session, col, select

from outbound import journal
from outbound.billing.model import EntryKind, LedgerEntry
from outbound.calling_rules.calendar import overrides_of
from outbound.calling_rules.windows import next_opening
from outbound.campaigns import lookups as campaigns
from outbound.campaigns.definition import Definition
from outbound.campaigns.model import CampaignVersion
from outbound.clock import day_ends
from outbound.confirmations.model import Confirmation
from outbound.notices.model import Notice, NoticeKind
from outbound.people import Centre, known
from outbound.phones.model import Phone
from outbound.subscriptions.model import Subscription

CODES = 90
"""Requests carry a number of two digits, from 10 on, by which a reply names the one that it means."""


def notify(session: Session, subscription: Subscription, kind: NoticeKind, *, now: datetime) -> Notice:
    """Let the customer be told, once for each occasion, at an hour at which the number may ring."""
    occasion = _cycle_charged(session, subscription) if kind == NoticeKind.CHARGE else "1"
    return _make(session, subscription, kind, occasion, due_at=_civil_hour(session, subscription, now), now=now)


def remind(session: Session, subscription: Subscription, cycle: date, *, now: datetime) -> Notice:
    """Remind the customer of the charge of a cycle, named by its first day."""
    due_at = _civil_hour(session, subscription, now)
    return _make(session, subscription, NoticeKind.REMINDER, cycle.isoformat(), due_at=due_at, now=now)


def request_reply(session: Session, subscription: Subscription, confirmation: Confirmation, *, now: datetime) -> Notice:
    """Ask the customer, who has just said yes, to confirm it by SMS before the trial is over."""
    centre = session.get_one(Centre, subscription.centre_id)
    assert subscription.trial_ends_on is not None, "who confirms has a trial, or days to confirm"
    return _make(
        session,
        subscription,
        NoticeKind.REPLY_REQUEST,
        str(confirmation.id),
        # Asked for in the call: nobody is disturbed by it.
        due_at=now,
        now=now,
        confirmation=confirmation,
        expects=_code(session, subscription, confirmation, now=now),
        valid_until=day_ends(subscription.trial_ends_on, centre.zone),
    )


def ask_again(session: Session, request: Notice, *, now: datetime) -> Notice:
    """Ask once more, by the name of the offer and the request's own code, where a yes may have meant another."""
    subscription = session.get_one(Subscription, request.subscription_id)
    return _make(
        session,
        subscription,
        NoticeKind.REPLY_REQUEST,
        f"{request.confirmation_id}-again",
        # The customer is writing to us at this moment.
        due_at=now,
        now=now,
        confirmation=session.get_one(Confirmation, request.confirmation_id),
        expects=request.expects,
        valid_until=request.valid_until,
    )


def _code(session: Session, subscription: Subscription, confirmation: Confirmation, *, now: datetime) -> str:
    """The wording that a reply to a request has: no other request that the number may still answer has the same."""
    asked = select(Notice.expects).where(
        Notice.phone_id == subscription.phone_id, col(Notice.confirmation_id).is_not(None)
    )
    taken = set(session.exec(asked.where(col(Notice.valid_until) >= now)))
    codes = [f"Y{10 + (known(confirmation.id) + further) % CODES}" for further in range(CODES)]
    return next((code for code in codes if code not in taken), codes[0])


def _make(
    session: Session,
    subscription: Subscription,
    kind: NoticeKind,
    occasion: str,
    *,
    due_at: datetime,
    now: datetime,
    confirmation: Confirmation | None = None,
    expects: str = "",
    valid_until: datetime | None = None,
) -> Notice:
    key = f"{subscription.id}-{kind}-{occasion}"
    if made := session.exec(select(Notice).where(Notice.key == key)).first():
        return made
    notice = Notice(
        centre_id=subscription.centre_id,
        subscription_id=known(subscription.id),
        phone_id=subscription.phone_id,
        kind=kind,
        key=key,
        language=terms_of(session, subscription).calling.languages[0],
        confirmation_id=confirmation.id if confirmation else None,
        expects=expects,
        valid_until=valid_until,
        made_at=now,
        due_at=due_at,
    )
    session.add(notice)
    session.flush()
    journal.record(session, "notice.made", notice, by=None, now=now, kind=kind, subscription=subscription.id)
    return notice


def terms_of(session: Session, subscription: Subscription) -> Definition:
    """The campaign as the customer was told it: what a subscription was sold under never changes."""
    return campaigns.definition_in(session.get_one(CampaignVersion, subscription.campaign_version_id))


def _civil_hour(session: Session, subscription: Subscription, now: datetime) -> datetime:
    zones = session.get_one(Phone, subscription.phone_id).time_zones
    overrides = overrides_of(session, subscription.centre_id)
    return next_opening(terms_of(session, subscription).profile, now, zones, overrides) or now


def _cycle_charged(session: Session, subscription: Subscription) -> str:
    asked = select(sa.func.max(col(LedgerEntry.cycle))).where(LedgerEntry.subscription_id == subscription.id)
    return str(session.exec(asked.where(LedgerEntry.kind == EntryKind.CHARGE)).one())
