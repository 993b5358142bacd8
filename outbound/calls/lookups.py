"""What the desk of a caller shows of calls: today's figures, the open calls, a customer's history."""

import json
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
    left_open: Sequence[int]
    """The calls of the last days that nobody reported the end of, though the contact is gone, oldest first."""


# The desk asks this at every step of a call: all at once and at the driver's own speed; the others are built once.
_TODAY = Statement(
    f"""SELECT count(*), coalesce(sum(CASE WHEN o.contacted THEN 1 ELSE 0 END), 0), coalesce(sum(CASE
        WHEN o.after = 'consent' AND {len(Criterion)} = (
            SELECT count(*) FROM self_mark m WHERE m.call_id = c.id AND m.mark = 'pass') THEN 1 ELSE 0 END), 0),
        (SELECT {{listed}} FROM call c JOIN claim h ON h.id = c.claim_id
            WHERE c.agent_id = :agent AND c.wrapped_up_at IS NULL AND h.ended_at IS NOT NULL AND c.dialled_at > :lately
            AND NOT EXISTS (SELECT 1 FROM late_wrap_up l WHERE l.call_id = c.id))
    FROM call c LEFT JOIN outcome o ON o.code = c.outcome_code
    WHERE c.agent_id = :agent AND c.dialled_at >= :since""",
    only={"listed": {"sqlite": "json_group_array(c.id)", "postgresql": "CAST(json_agg(c.id) AS text)"}},
)
_OPEN = (
    sa.select(Call)
    .where(col(Call.claim_id) == sa.bindparam("claim"), col(Call.wrapped_up_at).is_(None))
    .order_by(col(Call.id).desc())
    .limit(1)
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
    """The figures of a caller since midnight in `zone`, and the calls that they left open."""
    since = day_starts(local_day(now, zone), zone)
    [row] = Book.of(session).ask(_TODAY, agent=agent.id, since=since, lately=now - LEFT_OPEN_FOR)
    dialled, reached, valid, left = row
    return Today(dialled, reached, valid, sorted(json.loads(left or "[]")))


def open_call_of(session: Session, claim: Claim) -> Call | None:
    """The call of a claim that was dialled and not wrapped up yet."""
    return session.scalars(_OPEN, {"claim": claim.id}).first()


def history_of(session: Session, contact_id: int) -> Sequence[tuple[Call, Outcome, Staff]]:
    """The calls with a customer that are over, the latest first."""
    return [(call, outcome, caller) for call, outcome, caller in session.execute(_HISTORY, {"contact": contact_id})]
