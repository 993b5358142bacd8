"""Into whose hands a campaign's customers may go: its staff by duty, and who of them has read what is new in it."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session

from outbound.call_lists.model import Contact, Duty
from outbound.campaigns import lookups
from outbound.campaigns.model import Campaign
from outbound.dialing.barring import reviewers_of
from outbound.dialing.reasons import Reason, told
from outbound.dialing.statements import Book
from outbound.dialing.terms import DUTIES, Asker, ground_of
from outbound.people import holders, known


@dataclass(frozen=True, slots=True)
class Hands:
    """The staff of a campaign by duty, as numbers."""

    able: Mapping[Duty, frozenset[int]]
    """Who works on it in the role that makes such calls."""
    ready: Mapping[Duty, frozenset[int]]
    """To whom such a call is handed out now: the campaign goes on, and they have read the briefing."""

    def lacking(self, duty: Duty, *, barred: Collection[int] = (), as_if_open: bool = False) -> Reason | None:
        """Why nobody may make a call of that duty; `barred` may not make this one, and nobody can have read what is
        new in a campaign that is not open.
        """
        if not self.able[duty]:
            return told("no_staff", None)
        if not self.able[duty].difference(barred):
            return told("nobody_else", None)
        if as_if_open or self.ready[duty].difference(barred):
            return None
        return told("unread", None)


def hands_of(session: Session, campaign: Campaign, *, now: datetime) -> Hands:
    """Who works on a campaign, and to whom its customers are handed out now."""
    working = lookups.staff_ids(session, campaign)
    makers = {role: {known(each.id) for each in holders(session, role, campaign.centre_id)} for role in DUTIES}
    askers = [
        Asker(staff, frozenset(role for role, staff_ids in makers.items() if staff in staff_ids)) for staff in working
    ]
    ground = ground_of(Book.of(session), working, now=now)
    calls = ground.calls(askers, [campaign.centre_id] * len(askers))
    ready = [
        (asker.staff_id, duty)
        for asker, open_to in zip(askers, calls, strict=True)
        for terms, duties in open_to
        for duty in duties
        if terms.id == campaign.id
    ]
    return Hands(
        able={duty: frozenset(each.staff_id for each in askers if duty in each.duties) for duty in Duty},
        ready={duty: frozenset(staff for staff, theirs in ready if theirs == duty) for duty in Duty},
    )


def barred_from(session: Session, contact: Contact, *, now: datetime) -> frozenset[int]:
    """Who may not ring a contact for what is due: its seller, and who was asked to review the sale."""
    barred = frozenset() if contact.barred_id is None else frozenset({contact.barred_id})
    if contact.duty != Duty.CONFIRMATION:
        return barred
    return barred | reviewers_of(session, known(contact.id), until=now)
