"""What the desk of a caller shows of calls: today's figures, the open calls, a customer's history."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlmodel import Session, col

from outbound.calls.model import Call, Outcome
from outbound.clock import day_starts, local_day
from outbound.compliance import Criterion
from outbound.dialing.model import Claim
from outbound.dialing.statements import Book, Statement
from outbound.people import Staff

MOST_HISTORY = 20
LEFT_OPEN_FOR = timedelta(days=7)


@dataclass(frozen=True)
class Today:
    """What a caller did today: dials, customers spoken to, and yeses whose four marks all pass."""

    dialled: int
    reached: int
    valid: int


# The desk asks these at every step of a call: at the driver's own speed, and the others built once.
_TODAY = Statement(
    f"""SELECT count(*), coalesce(sum(CASE WHEN o.contacted THEN 1 ELSE 0 END), 0), coalesce(sum(CASE
        WHEN o.after = 'consent' AND {len(Criterion)} = (
            SELECT count(*) FROM self_mark m WHERE m.call_id = c.id AND m.mark = 'pass') THEN 1 ELSE 0 END), 0)
    FROM call c LEFT JOIN outcome o ON o.code = c.outcome_code
    WHERE c.agent_id = :agent AND c.dialled_at >= :since"""
)
_OPEN = (
    sa.select(Call)
    .where(col(Call.claim_id) == sa.bindparam("claim"), col(Call.wrapped_up_at).is_(None))
    .order_by(col(Call.id).desc())
    .limit(1)
)
_LEFT_OPEN = Statement(
    """SELECT c.id FROM call c JOIN claim h ON h.id = c.claim_id
    WHERE c.agent_id = :agent AND c.wrapped_up_at IS NULL AND h.ended_at IS NOT NULL AND c.dialled_at > :since
    AND NOT EXISTS (SELECT 1 FROM late_wrap_up l WHERE l.call_id = c.id) ORDER BY c.id"""
)
_HISTORY = (
    sa.select(Call, Outcome, Staff)
    .join(Outcome, col(Outcome.code) == col(Call.outcome_code))
    .join(Staff, col(Staff.id) == col(Call.agent_id))
    .where(col(Call.contact_id) == sa.bindparam("contact"))
    .order_by(col(Call.id).desc())
    .limit(MOST_HISTORY)
)


def today_of(session: Session, agent: Staff, *, zone: str, now: datetime) -> Today:
    """The figures of a caller since midnight in `zone`."""
    since = day_starts(local_day(now, zone), zone)
    [(dialled, reached, valid)] = Book.of(session).ask(_TODAY, agent=agent.id, since=since)
    return Today(dialled=dialled, reached=reached, valid=valid)


def open_call_of(session: Session, claim: Claim) -> Call | None:
    """The call of a claim that was dialled and not wrapped up yet."""
    return session.scalars(_OPEN, {"claim": claim.id}).first()


def left_open(session: Session, agent: Staff, *, now: datetime) -> list[Call]:
    """A caller's calls of the last days that nobody reported the end of, though the contact is gone, oldest first."""
    found = Book.of(session).ask(_LEFT_OPEN, agent=agent.id, since=now - LEFT_OPEN_FOR)
    return [session.get_one(Call, number) for (number,) in found]


def history_of(session: Session, contact_id: int) -> Sequence[tuple[Call, Outcome, Staff]]:
    """The calls with a customer that are over, the latest first."""
    return [(call, outcome, caller) for call, outcome, caller in session.execute(_HISTORY, {"contact": contact_id})]
