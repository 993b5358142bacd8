"""Failed sales that wait for their correction call, and why: a calling rule, or nobody here who may make it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session

from outbound import attendance
from outbound.call_lists.model import Contact, Duty
from outbound.calls.model import Call
from outbound.campaigns import lookups
from outbound.campaigns.model import Campaign
from outbound.dialing import why_not
from outbound.dialing.reasons import Reason
from outbound.dialing.terms import DUTIES
from outbound.people import Centre, Staff, known, roles_of
from outbound.subscriptions.model import Subscription
from qa import corrections
from qa.review.model import Correction

CALLERS = frozenset(role for role, duties in DUTIES.items() if Duty.CORRECTION in duties)
"""The roles that make correction calls."""

ONLY_SELLER = Reason(
    "only_seller",
    "该活动只有原销售坐席，按活动规定须由他人回访，请安排其他坐席",
    "only its seller works on the campaign, which wants somebody else to call; put another agent on it",
)
SELLER_HERE = Reason(
    "seller_here",
    "在岗坐席只有原销售坐席，按活动规定须由他人回访",
    "only its seller is at a desk, and the campaign wants somebody else to call",
)
NOBODY_HERE = Reason("nobody_here", "该活动目前没有坐席在岗", "no agent of the campaign is at a desk")
SAID_HERE = frozenset({"no_staff", "nobody_else"})
"""What `_nobody` says more exactly than the hand-out does, with what to do."""
NEXT = Reason("next", "下一位领取客户的坐席将拨打", "whoever asks for a customer next is given it")


@dataclass(frozen=True, slots=True)
class Waiting:
    """A correction that is due, and what holds its call back; never nothing: at least that its turn comes next."""

    correction: Correction
    subscription: Subscription
    seller: Staff
    failed: Call
    reasons: Sequence[Reason]


def waiting(session: Session, centre: Centre, *, now: datetime) -> list[Waiting]:
    """The corrections of a centre that are due, the oldest first."""
    here = frozenset(known(seat.staff.id) for seat in attendance.seats(session, centre, now=now))
    return [_told(session, correction, here, now=now) for correction in corrections.due(session, known(centre.id))]


def _told(session: Session, correction: Correction, here: frozenset[int], *, now: datetime) -> Waiting:
    subscription = session.get_one(Subscription, correction.subscription_id)
    contact = session.get_one(Contact, subscription.contact_id)
    found = why_not.of_contact(session, contact, now=now)
    reasons = [reason for reason in found.reasons if reason.key not in SAID_HERE]
    if not any(reason.key == "in_hand" for reason in reasons) and (lacking := _nobody(session, contact, here)):
        reasons.insert(0, lacking)
    return Waiting(
        correction,
        subscription,
        session.get_one(Staff, subscription.seller_id),
        session.get_one(Call, correction.failed_call_id),
        reasons or [NEXT],
    )


def _nobody(session: Session, contact: Contact, here: frozenset[int]) -> Reason | None:
    """Why nobody can be given the call: nobody else works on the campaign, or nobody else is at a desk."""
    workers = lookups.staff_of(session, session.get_one(Campaign, contact.campaign_id))
    callers = {known(worker.id) for worker in workers if not CALLERS.isdisjoint(roles_of(session, worker))}
    others = callers - {contact.barred_id}
    if not others and contact.barred_id in callers:
        return ONLY_SELLER
    if others & here:
        return None
    return SELLER_HERE if contact.barred_id in callers & here else NOBODY_HERE
