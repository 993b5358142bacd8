"""Who never makes a customer's second confirmation besides the seller: whoever was asked to review the sale."""

from collections.abc import Collection, Mapping
from datetime import datetime

from sqlmodel import Session

from outbound.call_lists.model import Contact, Duty
from outbound.dialing.lanes import Candidate
from outbound.dialing.statements import Book, Statement

_REVIEWERS = Statement(
    """SELECT c.contact_id, t.reviewer_id FROM {contacts} AS p
    JOIN call c ON c.contact_id = p.id AND c.duty <> 'confirmation'
    JOIN review_task t ON t.call_id = c.id AND t.made_at <= :until""",
    contacts={"id": "integer"},
)


def reviewers(book: Book, candidates: Collection[Candidate], *, now: datetime) -> Mapping[int, frozenset[int]]:
    """By the numbers of the contacts that wait for their confirmation: who may not ring them."""
    waiting = [[each.id] for each in candidates if each.lane.duty == Duty.CONFIRMATION]
    return _asked(book, waiting, until=now) if waiting else {}


def reviewers_of(session: Session, contact_id: int, *, until: datetime) -> frozenset[int]:
    """Who was asked by `until` to review a call of this customer's sale."""
    session.flush()
    return _asked(Book(session.connection()), [[contact_id]], until=until).get(contact_id, frozenset())


def is_barred(session: Session, contact: Contact, staff_id: int, *, now: datetime) -> bool:
    """Whether this person may not ring the contact for what is due."""
    if contact.barred_id == staff_id:
        return True
    return contact.duty == Duty.CONFIRMATION and staff_id in reviewers_of(session, contact.id or 0, until=now)


def _asked(book: Book, contacts: list[list[int]], *, until: datetime) -> dict[int, frozenset[int]]:
    found: dict[int, frozenset[int]] = {}
    for contact, reviewer in book.ask(_REVIEWERS, contacts=contacts, until=until):
        found[contact] = found.get(contact, frozenset()) | {reviewer}
    return found
