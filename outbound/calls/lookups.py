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


def today_of(session: Session, agent: Staff, *, zone: str, now: datetime) -> Today:
    """The figures of a caller since midnight in `zone`."""
    since = day_starts(local_day(now, zone), zone)
    asked = (
        select(
            sa.func.count(col(Call.id)),
            sa.func.sum(sa.case((col(Outcome.contacted), 1), else_=0)),
            sa.func.sum(sa.case((sa.and_(col(Outcome.after) == After.CONSENT, _all_pass()), 1), else_=0)),
        )
        .join(Outcome, col(Outcome.code) == col(Call.outcome_code), isouter=True)
        .where(Call.agent_id == agent.id, col(Call.dialled_at) >= since)
    )
    dialled, reached, valid = session.exec(asked).one()
    return Today(dialled=dialled, reached=reached or 0, valid=valid or 0)


def _all_pass() -> sa.ColumnElement[bool]:
    passed = select(sa.func.count()).where(col(SelfMark.call_id) == col(Call.id), SelfMark.mark == Mark.PASS)
    return passed.correlate(Call).scalar_subquery() == len(Criterion)


def open_call_of(session: Session, claim: Claim) -> Call | None:
    """The call of a claim that was dialled and not wrapped up yet."""
    asked = select(Call).where(Call.claim_id == claim.id, col(Call.wrapped_up_at).is_(None))
    return session.exec(asked.order_by(col(Call.id).desc()).limit(1)).first()


def left_open(session: Session, agent: Staff, *, now: datetime) -> list[Call]:
    """A caller's calls of the last days that nobody reported the end of, though the contact is gone, oldest first."""
    reported = sa.exists().where(col(LateWrapUp.call_id) == col(Call.id))
    asked = (
        select(Call)
        .join(Claim, col(Claim.id) == col(Call.claim_id))
        .where(Call.agent_id == agent.id, col(Call.wrapped_up_at).is_(None), ~reported)
        .where(col(Claim.ended_at).is_not(None), col(Call.dialled_at) > now - LEFT_OPEN_FOR)
        .order_by(col(Call.id))
    )
    return list(session.exec(asked).all())


def history_of(session: Session, contact_id: int) -> Sequence[tuple[Call, Outcome, Staff]]:
    """The calls with a customer that are over, the latest first."""
    asked = (
        select(Call, Outcome, Staff)
        .join(Outcome, col(Outcome.code) == col(Call.outcome_code))
        .join(Staff, col(Staff.id) == col(Call.agent_id))
        .where(Call.contact_id == contact_id)
        .order_by(col(Call.id).desc())
    )
    return session.exec(asked.limit(MOST_HISTORY)).all()
