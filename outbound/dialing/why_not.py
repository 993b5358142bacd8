"""Why not dialled? Every rule that holds one contact or one number back now, in words, and when it will be free."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlmodel import Session, col, select

from outbound.call_lists import numbers
from outbound.call_lists.model import CallList, Contact, ContactState
from outbound.calling_rules.holds import Rule
from outbound.calling_rules.rules import next_free
from outbound.calls.model import Call
from outbound.campaigns import lookups
from outbound.campaigns.model import Campaign
from outbound.dialing.facts import facts_of, holds_on
from outbound.dialing.model import Claim
from outbound.dialing.reasons import Reason, duty_reasons, list_reason, settings_of, told
from outbound.dialing.terms import DUTIES, Terms
from outbound.opt_outs import verbs as opt_outs
from outbound.opt_outs.model import OptOut, OptOutLifting
from outbound.people import Staff, roles_of
from outbound.phones.model import Phone

DAY, WEEK = timedelta(days=1), timedelta(days=7)


@dataclass(frozen=True, slots=True)
class WhyNot:
    """One contact: everything that holds it back now, and when all of that lets go; no reasons: it may be rung."""

    contact: Contact
    campaign: Campaign
    reasons: Sequence[Reason]
    free_at: datetime | None
    """The first instant at which it may be rung; None: not before somebody acts."""

    @property
    def is_callable(self) -> bool:
        """Whether it may be handed out at this moment."""
        return not self.reasons


@dataclass(frozen=True, slots=True)
class Dials:
    """How often a number was dialled, by hand or not, in all campaigns: one ledger, which the caps count."""

    last_day: int
    last_week: int
    ever: int
    last_at: datetime | None


@dataclass(frozen=True, slots=True)
class NumberWhyNot:
    """One number: who blocked it, how often it was dialled, and each contact that has it."""

    phone: Phone
    blocks: Sequence[OptOut]
    dials: Dials
    contacts: Sequence[WhyNot]


def of_number(session: Session, phone: Phone, *, centre_id: int, now: datetime) -> NumberWhyNot:
    """Why a number is not rung by the campaigns of a centre."""
    listed = numbers.contacts_with(session, phone, centre_id=centre_id)
    return NumberWhyNot(
        phone,
        opt_outs.of_number(session, phone, now=now),
        dials_of(session, phone, now=now),
        [of_contact(session, contact, asked_about=phone, now=now) for contact in listed],
    )


def dials_of(session: Session, phone: Phone, *, now: datetime) -> Dials:
    """How often a number was dialled, in all campaigns."""
    at = col(Call.dialled_at)
    figures = [sa.func.count(sa.case((at > now - span, 1))) for span in (DAY, WEEK)]
    asked = sa.select(*figures, sa.func.count(), sa.func.max(at)).where(col(Call.phone_id) == phone.id)
    return Dials(*session.execute(asked).one())


def of_contact(session: Session, contact: Contact, *, now: datetime, asked_about: Phone | None = None) -> WhyNot:
    """Why a contact is not rung now; `asked_about` may be another of its numbers than the one whose turn it is."""
    campaign = session.get_one(Campaign, contact.campaign_id)
    if contact.state == ContactState.CLOSED:
        return WhyNot(contact, campaign, [_closed_reason(session, contact, campaign, now=now)], None)
    reasons = list(_reasons(session, contact, campaign, now=now))
    if asked_about and asked_about.id != contact.phone_id:
        reasons.append(told("other_number", None))
    return WhyNot(contact, campaign, reasons, _free_at(session, contact, campaign, reasons, now=now))


def _reasons(session: Session, contact: Contact, campaign: Campaign, *, now: datetime) -> Iterator[Reason]:
    terms = settings_of(session, campaign)
    if barred := duty_reasons(session, campaign, terms, now=now)[contact.duty]:
        yield barred
    if not _staffed(session, campaign, contact):
        yield told("no_staff", None)
    if listed := list_reason(session.get_one(CallList, contact.call_list_id), contact.duty, terms, now=now):
        yield listed
    if block := _block(session, contact.phone_id, campaign, now=now):
        yield told("opted_out", block.expires_at)
    yield from _of_its_own(session, contact, terms, now=now)
    for hold in holds_on(session, contact, now=now):
        if hold.rule != Rule.LIST_TOO_OLD:
            yield Reason(hold.rule, hold.zh, hold.en, hold.free_at)


def _of_its_own(session: Session, contact: Contact, terms: Terms, *, now: datetime) -> Iterator[Reason]:
    if claim := _claim_on(session, contact, now=now):
        agent = session.get_one(Staff, claim.agent_id)
        hand = told("in_hand", claim.lease_until)
        yield replace(hand, zh=f"{hand.zh}（{agent.name}）", en=f"{hand.en} ({agent.name})")
    elif contact.due_at > now:
        yield told("callback_later" if contact.callback else "later", contact.due_at)
    release = timedelta(minutes=terms.definition.calling.callback_release_minutes)
    if contact.kept_for_id and contact.due_at + release > now:
        agent = session.get_one(Staff, contact.kept_for_id)
        kept = told("kept", contact.due_at + release)
        yield replace(kept, zh=f"{kept.zh}（{agent.name}）", en=f"{kept.en} ({agent.name})")


def _claim_on(session: Session, contact: Contact, *, now: datetime) -> Claim | None:
    asked = select(Claim).where(
        Claim.phone_id == contact.phone_id, col(Claim.ended_at).is_(None), col(Claim.lease_until) > now
    )
    return session.exec(asked).first()


def _block(session: Session, phone_id: int, campaign: Campaign, *, now: datetime) -> OptOut | None:
    """The opt-out of a number that holds longest for a campaign."""
    holding = opt_outs.in_force(now, kind=campaign.kind, campaign_id=campaign.id)
    found = session.exec(select(OptOut).where(OptOut.phone_id == phone_id, holding)).all()
    return max(found, key=lambda each: (each.expires_at is None, each.expires_at or now), default=None)


def _closed_reason(session: Session, contact: Contact, campaign: Campaign, *, now: datetime) -> Reason:
    if contact.closed_why == "opted_out":
        block = _block(session, contact.phone_id, campaign, now=now)
        return told("opted_out", None) if block else _was_blocked(session, contact)
    return told("rules" if contact.closed_why == "rules" else "done", None)


def _was_blocked(session: Session, contact: Contact) -> Reason:
    lifted = sa.select(col(OptOutLifting.opt_out_id)).where(col(OptOutLifting.opt_out_id) == col(OptOut.id)).exists()
    asked = select(OptOut.id).where(OptOut.phone_id == contact.phone_id, lifted)
    how = (
        ("拒呼已解除", "the block was lifted") if session.exec(asked).first() else ("拒呼已到期", "the block has ended")
    )
    return Reason(
        "was_opted_out",
        f"曾被拒呼而关闭，{how[0]}；重新导入后才会再拨",
        f"closed by a block; {how[1]}, and it is rung again once it is imported anew",
    )


def _staffed(session: Session, campaign: Campaign, contact: Contact) -> bool:
    roles = {role for role, duties in DUTIES.items() if contact.duty in duties}
    workers = lookups.staff_of(session, campaign)
    return any(not roles.isdisjoint(roles_of(session, worker)) for worker in workers if worker.id != contact.barred_id)


def _free_at(
    session: Session, contact: Contact, campaign: Campaign, reasons: Sequence[Reason], *, now: datetime
) -> datetime | None:
    """When all that holds a contact lets go, the rules asked again at that moment; now where nothing holds it."""
    ends = [reason.free_at for reason in reasons]
    if not all(ends):
        return None
    start = max([now, *(end for end in ends if end)])
    rules = lookups.definition_of(session, campaign).profile
    if contact.callback:
        # As at the hand-out: the customer chose the time, so the distance between tries protects nobody.
        rules = rules.model_copy(update={"spacing": None})
    facts = facts_of(session, contact, session.get_one(Phone, contact.phone_id), now=now)
    return next_free(rules, now=start, **facts) if reasons else now
