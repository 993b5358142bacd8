"""What an outcome does to its contact: another try, a callback, the end, a block."""

from datetime import datetime, timedelta

from sqlmodel import Session

from outbound.call_lists.model import Contact, ContactState, Duty
from outbound.call_lists.numbers import turn_to_next
from outbound.calls.model import After, Call, NextNumber, Outcome
from outbound.dialing.statements import Book, Statement
from outbound.opt_outs import verbs as opt_outs
from outbound.opt_outs.model import Category
from outbound.people import Staff
from outbound.phones.model import Phone


def act(
    session: Session, contact: Contact, call: Call, outcome: Outcome, *, personal: bool, by: Staff, now: datetime
) -> None:
    """Let the outcome of a call act on its contact; `personal`: a callback is for `by` alone until it is released.

    Where the contact was rung again before this was told, the later call decides; only a block always counts.
    """
    if outcome.after != After.BLOCK and _was_rung_again(session, call):
        return
    contact.callback, contact.kept_for_id = False, None
    if outcome.after == After.RETRY:
        contact.due_at = now + timedelta(minutes=outcome.retry_minutes)
        # Once there is a sale, only the number that said yes is rung about it.
        if outcome.next_number == NextNumber.OTHER and contact.duty == Duty.PITCH:
            turn_to_next(session, contact, now=now)
    elif outcome.after == After.CALLBACK and call.callback_at:
        contact.due_at, contact.callback = call.callback_at, True
        contact.kept_for_id = by.id if personal else None
    elif outcome.after != After.BLOCK:
        contact.state, contact.closed_why = ContactState.CLOSED, outcome.code
    session.add(contact)
    session.flush()
    if outcome.after == After.BLOCK:
        block(session, call, by=by, now=now)


_LATER = Statement("SELECT 1 FROM call c WHERE c.contact_id = :contact AND c.id > :call LIMIT 1")


def _was_rung_again(session: Session, call: Call) -> bool:
    return bool(Book.of(session).ask(_LATER, contact=call.contact_id, call=call.id))


def block(session: Session, call: Call, *, by: Staff, now: datetime) -> None:
    """The customer wants no more calls: from now on nobody makes any."""
    opt_outs.block(
        session,
        session.get_one(Phone, call.phone_id),
        category=Category.REFUSAL,
        source="call",
        centre_id=call.centre_id,
        reason=call.note[:400],
        by=by,
        now=now,
    )
