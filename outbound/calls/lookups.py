"""What the desk of a caller shows of calls: today's figures, the open calls, a customer's history."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlmodel import Session, col, select

from outbound.calls.model import After, Call, LateWrapUp, Outcome, SelfMark
from outbound.clock import day_starts, local_day
from outbound.compliance import Criterion, Mark
from outbound.dialing.model import Claim
from outbound.people import Staff

MOST_HISTORY = 20
LEFT_OPEN_FOR = timedelta(days=7)


@dataclass(frozen=True)
class Today:
    """What a caller did today: dials, customers spoken to, and yeses whose four marks all pass."""

    dialled: int
    reached: int
    valid: int


_ALL_PASS = (
    select(sa.func.count()).where(col(SelfMark.call_id) == col(Call.id), SelfMark.mark == Mark.PASS).correlate(Call)
).scalar_subquery() == len(Criterion)
_VALID = sa.and_(col(Outcome.after) == After.CONSENT, _ALL_PASS)
# The desk asks these at every step of a call: the statements are built once.
_TODAY = (
    sa.select(
        sa.func.count(col(Call.id)),
        sa.func.sum(sa.case((col(Outcome.contacted), 1), else_=0)),
        sa.func.sum(sa.case((_VALID, 1), else_=0)),
    )
    .join(Outcome, col(Outcome.code) == col(Call.outcome_code), isouter=True)
    .where(col(Call.agent_id) == sa.bindparam("agent"), col(Call.dialled_at) >= sa.bindparam("since"))
)
_OPEN = (
    sa.select(Call)
    .where(col(Call.claim_id) == sa.bindparam("claim"), col(Call.wrapped_up_at).is_(None))
    .order_by(col(Call.id).desc())
    .limit(1)
)
_LEFT_OPEN = (
    sa.select(Call)
    .join(Claim, col(Claim.id) == col(Call.claim_id))
    .where(col(Call.agent_id) == sa.bindparam("agent"), col(Call.wrapped_up_at).is_(None))
    .where(~sa.exists().where(col(LateWrapUp.call_id) == col(Call.id)))
    .where(col(Claim.ended_at).is_not(None), col(Call.dialled_at) > sa.bindparam("since"))
    .order_by(col(Call.id))
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
    dialled, reached, valid = session.execute(_TODAY, {"agent": agent.id, "since": since}).one()
    return Today(dialled=dialled, reached=reached or 0, valid=valid or 0)


def open_call_of(session: Session, claim: Claim) -> Call | None:
    """The call of a claim that was dialled and not wrapped up yet."""
    return session.scalars(_OPEN, {"claim": claim.id}).first()


def left_open(session: Session, agent: Staff, *, now: datetime) -> list[Call]:
    """A caller's calls of the last days that nobody reported the end of, though the contact is gone, oldest first."""
    return list(session.scalars(_LEFT_OPEN, {"agent": agent.id, "since": now - LEFT_OPEN_FOR}))


def history_of(session: Session, contact_id: int) -> Sequence[tuple[Call, Outcome, Staff]]:
    """The calls with a customer that are over, the latest first."""
    return [(call, outcome, caller) for call, outcome, caller in session.execute(_HISTORY, {"contact": contact_id})]
