"""The hand-out: who gets which contact now, and the right to dial it. Every rule is asked at this very moment."""

from collections.abc import Collection
from datetime import datetime, timedelta

from sqlmodel import Session, col, select

from outbound.call_lists.model import Contact
from outbound.campaigns import lookups as campaigns
from outbound.campaigns.model import Campaign
from outbound.dialing import handing
from outbound.dialing.barring import is_barred
from outbound.dialing.facts import facts_of, holds_on, opted_out
from outbound.dialing.handing import PUT_BACK_FOR
from outbound.dialing.model import Claim, ClaimEnd, DialToken
from outbound.dialing.refusals import CallUnderWay, ClaimEnded, NotCallableNow, NumberBlocked
from outbound.dialing.statements import Book, Statement
from outbound.dialing.terms import DUTIES, PROTECTIVE, Asker
from outbound.errors import NotFound
from outbound.people import Role, Staff, known
from outbound.phones.model import Phone

__all__ = [
    "DUTIES",
    "PROTECTIVE",
    "PUT_BACK_FOR",
    "CallUnderWay",
    "ClaimEnded",
    "NotCallableNow",
    "NumberBlocked",
    "facts_of",
    "holds_on",
    "opted_out",
]

TOKEN_LIFE = timedelta(minutes=2)


def claim_next(session: Session, agent: Staff, *, roles: Collection[Role], now: datetime) -> Claim | None:
    """The contact that `agent` is to ring now, held for the length of its lease; None where nobody is due.

    Callbacks that are due go first, then priority, then who has waited longest. An agent who already holds one
    gets the same again. Where many ask at once, `outbound.dialing.queue` serves them together by the same rules.
    """
    asker = Asker(known(agent.id), frozenset(roles))
    session.flush()
    done = handing.hand_out(Book(session.connection()), [asker], now=now)
    _look_again(session)
    claim = done.claims.get(asker.staff_id)
    return session.get_one(Claim, claim) if claim else None


def _look_again(session: Session) -> None:
    """What was changed below the session is read anew; the rest of it stays as it is."""
    for row in session.identity_map.values():
        if isinstance(row, Claim | Contact):
            session.expire(row)


def held_by(session: Session, agent: Staff) -> Claim | None:
    """The open claim of an agent."""
    return session.exec(select(Claim).where(Claim.agent_id == agent.id, col(Claim.ended_at).is_(None))).first()


def renew(session: Session, claim: Claim, *, by: Staff, now: datetime) -> None:
    """The agent is still there: hold the contact for another lease. Raises ClaimEnded."""
    check_in_force(claim, by=by, now=now)
    campaign = session.get_one(Campaign, claim.campaign_id)
    claim.lease_until = now + timedelta(minutes=campaigns.definition_of(session, campaign).calling.lease_minutes)
    contact = session.get_one(Contact, claim.contact_id)
    contact.due_at = claim.not_before(claim.lease_until)
    session.add_all([claim, contact])


def put_back(session: Session, claim: Claim, *, by: Staff, now: datetime) -> None:
    """Give a contact back that was not rung; it rests for a while. Raises NotFound, ClaimEnded, CallUnderWay."""
    if claim.agent_id != by.id:
        raise NotFound
    session.refresh(claim, with_for_update=True)
    if claim.ended_at:
        return
    check_in_force(claim, by=by, now=now)
    if _is_ringing(session, claim):
        raise CallUnderWay
    claim.ended_at, claim.ended_how = now, ClaimEnd.PUT_BACK
    contact = session.get_one(Contact, claim.contact_id)
    contact.due_at = claim.not_before(now + PUT_BACK_FOR)
    session.add_all([claim, contact])


_RINGING = Statement("SELECT 1 FROM call c WHERE c.claim_id = :claim AND c.wrapped_up_at IS NULL LIMIT 1")


def _is_ringing(session: Session, claim: Claim) -> bool:
    return bool(Book.of(session).ask(_RINGING, claim=claim.id))


def check_in_force(claim: Claim, *, by: Staff, now: datetime) -> None:
    """Raise NotFound where the claim is somebody else's, ClaimEnded where it is over."""
    if claim.agent_id != by.id:
        raise NotFound
    if claim.ended_at or claim.lease_until <= now:
        raise ClaimEnded


def issue_token(session: Session, claim: Claim, *, by: Staff, now: datetime) -> DialToken:
    """The right to ring the number once, within two minutes.

    Raises ClaimEnded, NumberBlocked, NotCallableNow, CallUnderWay.
    """
    # Two dials of a number, and a dial and a block, wait here for each other; then they look.
    alone = {"key_share": True}
    phone = session.get_one(Phone, claim.phone_id, with_for_update=alone, populate_existing=True)
    session.refresh(claim)
    check_in_force(claim, by=by, now=now)
    contact = session.get_one(Contact, claim.contact_id)
    if opted_out(session, phone, session.get_one(Campaign, claim.campaign_id), now=now):
        raise NumberBlocked
    if holds := holds_on(session, contact, now=now):
        raise NotCallableNow(holds)
    if is_barred(session, contact, known(by.id), now=now):
        raise ClaimEnded
    if _is_ringing(session, claim):
        raise CallUnderWay
    token = DialToken(
        claim_id=known(claim.id),
        campaign_id=claim.campaign_id,
        phone_id=claim.phone_id,
        issued_at=now,
        expires_at=now + TOKEN_LIFE,
    )
    session.add(token)
    session.flush()
    return token
