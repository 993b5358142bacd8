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
from outbound.campaigns.model import Campaign
from outbound.dialing.facts import facts_of, holds_on, rules_for
from outbound.dialing.hands import barred_from, hands_of
from outbound.dialing.model import Claim
from outbound.dialing.reasons import Reason, duty_reasons, list_reason, settings_of, told
from outbound.dialing.terms import Terms
from outbound.opt_outs import verbs as opt_outs
from outbound.opt_outs.model import OptOut, OptOutLifting
from outbound.people import Staff
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
        return WhyNot(contact, campaign, list(_closed_reasons(session, contact, campaign, now=now)), None)
    reasons = list(_reasons(session, contact, campaign, now=now))
    if asked_about and asked_about.id != contact.phone_id:
        reasons.append(told("other_number", None))
    free_at = _free_at(session, contact, reasons, now=now)
    late = list(_by_then(session, contact, campaign, then=free_at)) if free_at else []
    return WhyNot(contact, campaign, reasons + late, None if late else free_at)


def _reasons(session: Session, contact: Contact, campaign: Campaign, *, now: datetime) -> Iterator[Reason]:
    terms = settings_of(session, campaign)
    stopped = duty_reasons(session, campaign, terms, now=now)[contact.duty]
    yield from stopped
    if nobody := _nobody(session, contact, campaign, now=now, as_if_open=bool(stopped)):
        yield nobody
    if listed := list_reason(session.get_one(CallList, contact.call_list_id), contact.duty, terms, now=now):
        yield listed
    if block := _block(session, contact.phone_id, campaign, now=now):
        yield told("opted_out", block.expires_at)
    yield from _of_its_own(session, contact, terms, now=now)
    for hold in holds_on(session, contact, now=now):
        if hold.rule != Rule.LIST_TOO_OLD:
            yield Reason(hold.rule, hold.zh, hold.en, hold.free_at)


def _nobody(
    session: Session, contact: Contact, campaign: Campaign, *, now: datetime, as_if_open: bool = False
) -> Reason | None:
    barred = barred_from(session, contact, now=now)
    return hands_of(session, campaign, now=now).lacking(contact.duty, barred=barred, as_if_open=as_if_open)


def _of_its_own(session: Session, contact: Contact, terms: Terms, *, now: datetime) -> Iterator[Reason]:
    claim = _claim_on(session, contact, now=now)
    if claim:
        agent = session.get_one(Staff, claim.agent_id)
        # Another centre may have the number on a list of its own: who works there is nobody's business here.
        yield _named(told("in_hand", claim.lease_until), agent.name if agent.centre_id == contact.centre_id else "")
    # While it is in an agent's own hands a contact is due when the lease ends.
    if contact.due_at > now and not (claim and claim.contact_id == contact.id):
        yield told("callback_later" if contact.callback else "later", contact.due_at)
    release = timedelta(minutes=terms.definition.calling.callback_release_minutes)
    if contact.kept_for_id and contact.due_at + release > now:
        yield _named(told("kept", contact.due_at + release), session.get_one(Staff, contact.kept_for_id).name)


def _named(reason: Reason, name: str) -> Reason:
    return replace(reason, zh=f"{reason.zh}（{name}）", en=f"{reason.en} ({name})") if name else reason


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


def _closed_reasons(session: Session, contact: Contact, campaign: Campaign, *, now: datetime) -> Iterator[Reason]:
    block = _block(session, contact.phone_id, campaign, now=now)
    if contact.closed_why != "opted_out":
        yield told("rules" if contact.closed_why == "rules" else "done", None)
    elif not block:
        yield _was_blocked(session, contact)
    if block:
        yield told("opted_out", None)


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


def _free_at(session: Session, contact: Contact, reasons: Sequence[Reason], *, now: datetime) -> datetime | None:
    """When all that holds a contact lets go, the rules asked again at that moment; now where nothing holds it."""
    ends = [reason.free_at for reason in reasons]
    if not all(ends):
        return None
    start, rules = max([now, *(end for end in ends if end)]), rules_for(session, contact)
    facts = facts_of(session, contact, session.get_one(Phone, contact.phone_id), rules, now=now)
    # How old the list will be by then is told in words of its own.
    facts["list_imported_at"] = None
    return next_free(rules, now=start, **facts) if reasons else now


def _by_then(session: Session, contact: Contact, campaign: Campaign, *, then: datetime) -> Iterator[Reason]:
    """What will have come into the way when everything else lets go: the campaign's end, the age of its list."""
    terms, listed = settings_of(session, campaign), session.get_one(CallList, contact.call_list_id)
    stopped = duty_reasons(session, campaign, terms, now=then)[contact.duty]
    if stopped:
        yield told("over_by_then", None, subject=str(campaign.ends_on))
    elif nobody := _nobody(session, contact, campaign, now=then):
        yield nobody
    if list_reason(listed, contact.duty, terms, now=then):
        yield told("too_old_by_then", None, subject=listed.name)
