"""The hand-out: who gets which contact now, and the right to dial it. Every rule is asked at this very moment."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session, col, select

from outbound import opt_outs
from outbound.call_lists.model import CallList, Contact, ContactState, Duty
from outbound.calling_rules.holds import Facts, Hold, Rule
from outbound.calling_rules.rules import held_back, next_free
from outbound.calls.model import Call
from outbound.campaigns import lookups as campaigns
from outbound.campaigns.model import Campaign, CampaignState
from outbound.db import is_sqlite, table_of
from outbound.dialing.model import Claim, ClaimEnd, DialToken
from outbound.dialing.refusals import CallUnderWay, ClaimEnded, NotCallableNow, NumberBlocked
from outbound.errors import NotFound
from outbound.people import Role, Staff, known
from outbound.phones.model import Phone

__all__ = ["CallUnderWay", "ClaimEnded", "NotCallableNow", "NumberBlocked"]

DUTIES = {
    Role.AGENT: (Duty.PITCH, Duty.RECALL, Duty.CORRECTION),
    Role.VERIFIER: (Duty.CONFIRMATION,),
}
"""Which calls each role makes."""

TOKEN_LIFE = timedelta(minutes=2)
PROBE = 20
"""Contacts looked at in one go; those that a rule holds back are put off until they are free, so none is met twice."""
MOST_PROBES = 10
CALLBACK_RELEASED_AFTER = timedelta(minutes=30)
"""When a personal callback that its agent did not take goes to anybody."""
PUT_BACK_FOR = timedelta(minutes=10)
"""How long a contact that was put back rests, so that the next hand-out is another one."""
PROTECTIVE = (Duty.CONFIRMATION, Duty.CORRECTION)
"""Calls that protect a customer go on when a campaign is paused, over or closed."""


def claim_next(session: Session, agent: Staff, *, roles: Collection[Role], now: datetime) -> Claim | None:
    """The contact that `agent` is to ring now, held for the length of its lease; None where nobody is due.

    Callbacks that are due go first, then priority, then who has waited longest. An agent who already holds one
    gets the same again.
    """
    end_expired(session, now=now)
    if held := held_by(session, agent):
        return held
    open_to = calls_open_to(session, agent, roles, now=now)
    for _ in range(MOST_PROBES):
        candidates = _candidates(session, agent, open_to, now=now)
        for contact in candidates:
            if claim := _claim(session, contact, agent, now=now):
                return claim
        if len(candidates) < PROBE:
            return None
    return None


def held_by(session: Session, agent: Staff) -> Claim | None:
    """The open claim of an agent."""
    return session.exec(select(Claim).where(Claim.agent_id == agent.id, col(Claim.ended_at).is_(None))).first()


def end_expired(session: Session, *, now: datetime) -> int:
    """End every claim whose lease is over, so that its contact can be handed out again; how many."""
    over = sa.update(Claim).where(col(Claim.ended_at).is_(None), col(Claim.lease_until) <= now)
    return session.exec(over.values(ended_at=now, ended_how=ClaimEnd.LEASE_ENDED)).rowcount


def calls_open_to(
    session: Session, agent: Staff, roles: Collection[Role], *, now: datetime
) -> list[tuple[int, list[Duty]]]:
    """The campaigns that this person may call for now, each with the duties for which a script is in force."""
    duties = [duty for role in roles for duty in DUTIES.get(role, ())]
    readable = campaigns.scripts_in_force(session, agent.centre_id or 0)
    found = []
    for campaign in campaigns.campaigns_of(session, agent):
        definition = campaigns.definition_of(session, campaign)
        selling = campaign.state == CampaignState.OPEN and campaigns.is_within_dates(session, campaign, now=now)
        allowed = [duty for duty in duties if selling or duty in PROTECTIVE]
        ready = [duty for duty in allowed if campaigns.script_name(definition, duty) in readable]
        if ready and campaign.state != CampaignState.DRAFT:
            found.append((known(campaign.id), ready))
    return found


def _candidates(
    session: Session, agent: Staff, open_to: Sequence[tuple[int, list[Duty]]], *, now: datetime
) -> list[Contact]:
    if not open_to:
        return []
    calls_for = sa.or_(
        *(sa.and_(col(Contact.campaign_id) == campaign, col(Contact.duty).in_(duties)) for campaign, duties in open_to)
    )
    personal = sa.or_(
        col(Contact.kept_for_id).is_(None),
        col(Contact.kept_for_id) == agent.id,
        col(Contact.due_at) <= now - CALLBACK_RELEASED_AFTER,
    )
    not_barred = sa.or_(col(Contact.barred_id).is_(None), col(Contact.barred_id) != agent.id)
    held = sa.exists().where(
        col(Claim.ended_at).is_(None),
        sa.or_(col(Claim.contact_id) == col(Contact.id), col(Claim.phone_id) == col(Contact.phone_id)),
    )
    asked = (
        select(Contact)
        .where(calls_for, Contact.state == ContactState.QUEUED, col(Contact.due_at) <= now, personal, not_barred, ~held)
        .order_by(col(Contact.callback).desc(), col(Contact.priority).desc(), col(Contact.due_at), col(Contact.id))
        .limit(PROBE)
    )
    if not is_sqlite(session):
        asked = asked.with_for_update(skip_locked=True, of=Contact)
    return list(session.exec(asked).all())


def _claim(session: Session, contact: Contact, agent: Staff, *, now: datetime) -> Claim | None:
    if _put_off(session, contact, now=now):
        return None
    campaign = session.get_one(Campaign, contact.campaign_id)
    lease = timedelta(minutes=campaigns.definition_of(session, campaign).calling.lease_minutes)
    facts = {
        "centre_id": contact.centre_id,
        "campaign_id": contact.campaign_id,
        "contact_id": contact.id,
        "phone_id": contact.phone_id,
        "agent_id": agent.id,
        "duty": contact.duty,
        "epoch": contact.epoch + 1,
        "why_now": _why_now(contact),
        "claimed_at": now,
        "lease_until": now + lease,
    }
    claimed = _insert_claim(session, facts)
    if claimed is None:
        return None
    contact.epoch += 1
    session.add(contact)
    return session.get_one(Claim, claimed)


def _insert_claim(session: Session, facts: Mapping[str, Any]) -> int | None:
    """The number of the new claim; None where the contact, its phone or the agent is in an open one."""
    columns = table_of(Claim).columns
    mine = sa.or_(*(columns[name] == facts[name] for name in ("contact_id", "phone_id", "agent_id")))
    # Looking in the same statement: waiting for a wrap-up that is about to end the claim would wait in a circle.
    row = select(*(sa.literal(value, columns[name].type) for name, value in facts.items())).where(
        ~sa.exists().where(columns["ended_at"].is_(None), mine)
    )
    insert = sqlite.insert if is_sqlite(session) else postgresql.insert
    statement = insert(Claim).from_select(list(facts), row).on_conflict_do_nothing().returning(col(Claim.id))
    return session.execute(statement).scalar_one_or_none()


def _why_now(contact: Contact) -> str:
    if contact.callback:
        return "callback"
    return "retry" if contact.attempts else str(contact.duty)


def _put_off(session: Session, contact: Contact, *, now: datetime) -> bool:
    """Whether a rule holds the contact back; it is then put off until it is free, or closed where it never will be."""
    phone = session.get_one(Phone, contact.phone_id)
    campaign = session.get_one(Campaign, contact.campaign_id)
    if opted_out(session, phone, campaign, now=now):
        contact.state, contact.closed_why = ContactState.CLOSED, "opted_out"
        session.add(contact)
        return True
    rules = campaigns.definition_of(session, campaign).profile
    facts = facts_of(session, contact, phone, now=now)
    if not [hold for hold in held_back(rules, now=now, **facts) if not _waived(contact, hold)]:
        return False
    free_at = next_free(rules, now=now, **facts)
    if free_at is None:
        contact.state, contact.closed_why = ContactState.CLOSED, "rules"
    else:
        contact.due_at = max(free_at, now + timedelta(seconds=1))
    session.add(contact)
    return True


def _waived(contact: Contact, hold: Hold) -> bool:
    # The customer chose the time of a callback: the distance between tries protects nobody then. Caps still hold.
    return contact.callback and hold.rule == Rule.SPACING


def opted_out(session: Session, phone: Phone, campaign: Campaign, *, now: datetime) -> bool:
    """Whether the number must not be rung for this campaign."""
    condition = opt_outs.in_force(now, kind=campaign.kind, campaign_id=campaign.id)
    asked = select(opt_outs.OptOut.id).where(opt_outs.OptOut.phone_id == phone.id, condition)
    return session.exec(asked.limit(1)).first() is not None


def facts_of(session: Session, contact: Contact, phone: Phone, *, now: datetime) -> Facts:
    """What the calling rules want to know of a contact."""
    tries = session.exec(
        select(Call.dialled_at).where(Call.phone_id == phone.id, col(Call.dialled_at) > now - timedelta(days=7))
    ).all()
    attempts = session.exec(
        select(Call.dialled_at).where(Call.contact_id == contact.id, Call.duty == contact.duty)
    ).all()
    imported_at = session.get_one(CallList, contact.call_list_id).at
    return Facts(
        time_zones=phone.time_zones,
        tries=tries,
        list_imported_at=imported_at if contact.duty == Duty.PITCH else None,
        attempts_on_contact=attempts,
    )


def holds_on(session: Session, contact: Contact, *, now: datetime) -> list[Hold]:
    """Every rule that holds a contact back now, in words, and when each lets go."""
    phone = session.get_one(Phone, contact.phone_id)
    rules = campaigns.definition_of(session, session.get_one(Campaign, contact.campaign_id)).profile
    holds = held_back(rules, now=now, **facts_of(session, contact, phone, now=now))
    return [hold for hold in holds if not _waived(contact, hold)]


def renew(session: Session, claim: Claim, *, by: Staff, now: datetime) -> None:
    """The agent is still there: hold the contact for another lease. Raises ClaimEnded."""
    check_in_force(claim, by=by, now=now)
    campaign = session.get_one(Campaign, claim.campaign_id)
    claim.lease_until = now + timedelta(minutes=campaigns.definition_of(session, campaign).calling.lease_minutes)
    session.add(claim)


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
    contact.due_at = max(contact.due_at, now + PUT_BACK_FOR)
    session.add_all([claim, contact])


def _is_ringing(session: Session, claim: Claim) -> bool:
    open_call = select(Call.id).where(Call.claim_id == claim.id, col(Call.wrapped_up_at).is_(None))
    return session.exec(open_call).first() is not None


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
    phone = session.get_one(Phone, claim.phone_id)
    # Two dials of a number, and a dial and a block, wait here for each other; then they look.
    session.refresh(phone, with_for_update={"key_share": True})
    session.refresh(claim)
    check_in_force(claim, by=by, now=now)
    contact = session.get_one(Contact, claim.contact_id)
    if opted_out(session, phone, session.get_one(Campaign, claim.campaign_id), now=now):
        raise NumberBlocked
    if holds := holds_on(session, contact, now=now):
        raise NotCallableNow(holds)
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
