"""A call by hand: an agent takes the customer whose number they name, instead of the one whose turn it is.

Every rule holds as at the hand-out, and the dial stands in the same ledger: only the order is the agent's, and that the
next try was not due yet. A time that the customer chose is kept.
"""

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime, timedelta
from typing import ClassVar

from sqlalchemy.exc import IntegrityError
from sqlmodel import Session

from outbound import journal
from outbound.call_lists import numbers
from outbound.call_lists.model import Contact, ContactState
from outbound.campaigns import lookups
from outbound.campaigns.model import Campaign
from outbound.dialing.barring import is_barred
from outbound.dialing.handout import held_by
from outbound.dialing.model import Claim
from outbound.dialing.reasons import Reason, told
from outbound.dialing.statements import Book
from outbound.dialing.terms import Asker, ground_of
from outbound.dialing.why_not import of_contact
from outbound.errors import Language, Refusal
from outbound.people import Role, Staff, known
from outbound.phones.model import Phone

WHY_NOW = "by_hand"
ORDER_ALONE = frozenset({"later", "over_by_then", "too_old_by_then"})
"""What holds somebody back for the sake of the order, and for nobody's protection."""


class NotByHand(Refusal):
    """This customer cannot be rung now: {why}."""

    zh = "现在不能拨打这位客户：{why}。"

    def __init__(self, reasons: Sequence[Reason]) -> None:
        self.reasons = reasons
        super().__init__(why="")

    def sentence(self, language: Language) -> str:
        """Everything that holds the customer back, in words."""
        why = ("；" if language == "zh" else "; ").join(
            reason.sentence(language).rstrip("。.") for reason in self.reasons
        )
        return (self.zh if language == "zh" else str(self.__doc__)).format(why=why)


class NotYours(Refusal):
    """None of your campaigns has this number on a list; check the number."""

    zh = "您参与的活动清单里没有这个号码，请核对。"
    status: ClassVar[int] = 404


class HandsFull(Refusal):
    """You have a customer in hand already; finish that call, or put them back."""

    zh = "您手上还有一位客户，请先完成通话或放回。"


class TakenMeanwhile(Refusal):
    """A colleague has taken this customer at the same moment; try again later."""

    zh = "同事刚刚取走了这位客户，请稍后再试。"


def take(session: Session, phone: Phone, *, by: Staff, roles: Collection[Role], now: datetime) -> Claim:
    """Hold the contact with this number for `by`, to be dialled like any other; held already, the same claim.

    Raises HandsFull, NotYours, NotByHand, TakenMeanwhile.
    """
    # Two who name one number, and a block, wait here for each other; then they look.
    session.get_one(Phone, phone.id, with_for_update={"key_share": True}, populate_existing=True)
    if held := held_by(session, by):
        return _same(held, phone, now=now)
    theirs = list(_theirs(session, phone, Asker(known(by.id), frozenset(roles)), by, now=now))
    if not theirs:
        raise NotYours
    holding = [(contact, _in_the_way(session, contact, phone, by, now=now)) for contact in theirs]
    free = next((contact for contact, reasons in holding if not reasons), None)
    if free is None:
        raise NotByHand(holding[0][1])
    claim = _claim(session, free, by, now=now)
    journal.record(session, "contact.taken_by_hand", claim, by=by, now=now, contact=free.id)
    return claim


def _same(held: Claim, phone: Phone, *, now: datetime) -> Claim:
    if held.phone_id != phone.id or held.lease_until <= now:
        raise HandsFull
    return held


def _theirs(session: Session, phone: Phone, asker: Asker, by: Staff, *, now: datetime) -> Iterator[Contact]:
    """The contacts with a number for whom somebody may make the call that is due; who can be rung comes first."""
    if by.centre_id is None:
        return
    [calls] = ground_of(Book.of(session), [asker.staff_id], now=now).calls([asker], [by.centre_id])
    duties = {terms.id: duties for terms, duties in calls}
    found = numbers.contacts_with(session, phone, centre_id=by.centre_id)
    for contact in sorted(found, key=lambda each: each.state == ContactState.CLOSED):
        if contact.duty in duties.get(contact.campaign_id, ()):
            # The hand-out passes over what is locked, and whoever had it first is seen.
            yield session.get_one(Contact, contact.id, with_for_update=True, populate_existing=True)


def _in_the_way(session: Session, contact: Contact, phone: Phone, by: Staff, *, now: datetime) -> list[Reason]:
    if is_barred(session, contact, known(by.id), now=now):
        return [told("nobody_else", None)]
    reasons = of_contact(session, contact, asked_about=phone, now=now).reasons
    own = {"kept"} if contact.kept_for_id == by.id else set[str]()
    return [reason for reason in reasons if reason.key.partition(":")[0] not in ORDER_ALONE | own]


def _claim(session: Session, contact: Contact, by: Staff, *, now: datetime) -> Claim:
    calling = lookups.definition_of(session, session.get_one(Campaign, contact.campaign_id)).calling
    claim = Claim(
        centre_id=contact.centre_id,
        campaign_id=contact.campaign_id,
        contact_id=known(contact.id),
        phone_id=contact.phone_id,
        agent_id=known(by.id),
        duty=contact.duty,
        epoch=contact.epoch + 1,
        why_now=WHY_NOW,
        claimed_at=now,
        lease_until=now + timedelta(minutes=calling.lease_minutes),
        was_due_at=contact.due_at,
    )
    try:
        with session.begin_nested():
            session.add(claim)
    except IntegrityError:
        raise TakenMeanwhile from None
    contact.epoch, contact.due_at = claim.epoch, claim.not_before(claim.lease_until)
    session.add(contact)
    session.flush()
    return claim
