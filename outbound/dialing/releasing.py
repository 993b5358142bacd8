"""Taking a contact away from who holds it and has not rung: what the customer decided elsewhere counts at once."""

from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session, col

from outbound.call_lists.model import Contact
from outbound.calls.model import Call
from outbound.dialing.model import Claim, ClaimEnd, DialToken


def take_away(session: Session, contact: Contact, *, now: datetime) -> None:
    """Void the unused dial tokens of a contact and end its open claim; a call under way goes on to its wrap-up."""
    session.flush()
    held = sa.select(col(Claim.id)).where(col(Claim.contact_id) == contact.id, col(Claim.ended_at).is_(None))
    unused = sa.and_(col(DialToken.used_at).is_(None), col(DialToken.voided_at).is_(None))
    tokens = sa.update(DialToken).where(col(DialToken.claim_id).in_(held), unused).values(voided_at=now)
    session.execute(tokens, execution_options={"synchronize_session": "fetch"})
    ringing = sa.exists().where(col(Call.claim_id) == col(Claim.id), col(Call.wrapped_up_at).is_(None))
    claims = sa.update(Claim).where(col(Claim.contact_id) == contact.id, col(Claim.ended_at).is_(None), ~ringing)
    ended = claims.values(ended_at=now, ended_how=ClaimEnd.BLOCKED)
    session.execute(ended, execution_options={"synchronize_session": "fetch"})
