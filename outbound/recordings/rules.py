"""How a centre keeps its recordings: on which side its agents are, and how long recordings stay."""

from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlmodel import Field, Session, SQLModel, col

from outbound import journal
from outbound.db import UtcDateTime, choice
from outbound.errors import Refusal
from outbound.people import Centre, Staff, known
from outbound.recordings.model import AgentSide, Recording

SALE_YEARS = 5
"""Recordings of sales stay five years at least (STANDARDS: telesales of insurance, and the carriers' own rule)."""
OTHER_DAYS = 3 * 365
_PAGE = 1000
_LONGEST_DAYS = 100 * 366
_DAYS_A_YEAR = 366
"""A year as it is promised: never a day too short."""


class RecordingRules(SQLModel, table=True):
    """What one centre has decided about its recordings; without a row the defaults of this file hold."""

    __tablename__ = "recording_rules"
    __table_args__ = (
        sa.CheckConstraint(f"sale_years >= {SALE_YEARS} AND sale_years <= 100", name="sale_years"),
        sa.CheckConstraint(f"other_days >= 1 AND other_days <= {_LONGEST_DAYS}", name="other_days"),
    )

    centre_id: int = Field(foreign_key="centre.id", primary_key=True, sa_column_kwargs={"autoincrement": False})
    agent_side: AgentSide = Field(default=AgentSide.LEFT, sa_type=choice(AgentSide))
    sale_years: int = SALE_YEARS
    other_days: int = OTHER_DAYS
    set_by_id: int | None = Field(default=None, foreign_key="staff.id")
    set_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class TermTooShort(Refusal):
    """Recordings of sales stay {years} years at least, and others a day at least; choose a longer time."""

    zh = "销售录音至少保留 {years} 年，其他录音至少保留 1 天，请设置更长的期限。"
    status = 422


def of(session: Session, centre: Centre) -> RecordingRules:
    """The rules of a centre, as they stand now."""
    return session.get(RecordingRules, known(centre.id)) or RecordingRules(centre_id=known(centre.id))


def decide(
    session: Session,
    centre: Centre,
    *,
    agent_side: AgentSide,
    sale_years: int,
    other_days: int,
    by: Staff,
    now: datetime,
) -> RecordingRules:
    """Decide how a centre keeps its recordings. A longer term counts for those that are kept already, a shorter one
    only for those to come: what was promised holds. Raises TermTooShort.
    """
    if not (SALE_YEARS <= sale_years <= 100 and 1 <= other_days <= _LONGEST_DAYS):
        raise TermTooShort(years=SALE_YEARS)
    rules = of(session, centre)
    before, wanted = (rules.agent_side, rules.sale_years, rules.other_days), (agent_side, sale_years, other_days)
    if before == wanted:
        return rules
    rules.agent_side, rules.sale_years, rules.other_days = wanted
    rules.set_by_id, rules.set_at = by.id, now
    session.add(rules)
    session.flush()
    _lengthen(session, centre, rules)
    journal.record(session, "recording.rules", rules, by=by, now=now, before=list(before), after=list(wanted))
    return rules


def terms(rules: RecordingRules, kept_at: datetime) -> tuple[datetime, datetime]:
    """Until when a recording stays, and until when where a sale rests on it."""
    other, sale = timedelta(days=rules.other_days), timedelta(days=rules.sale_years * _DAYS_A_YEAR)
    return kept_at + other, kept_at + max(other, sale)


def _lengthen(session: Session, centre: Centre, rules: RecordingRules) -> None:
    row, kept_at = col(Recording.id), col(Recording.kept_at)
    columns = {"other": col(Recording.keep_until), "sale": col(Recording.keep_sale_until)}
    last = 0
    while page := session.execute(
        sa.select(row, kept_at).where(col(Recording.centre_id) == centre.id, row > last).order_by(row).limit(_PAGE)
    ).all():
        last = page[-1][0]
        ends = [dict(zip(("row_id", "other", "sale"), (each[0], *terms(rules, each[1])), strict=True)) for each in page]
        for name, column in columns.items():
            until = sa.bindparam(name, type_=UtcDateTime())
            longer = sa.update(Recording).where(row == sa.bindparam("row_id"), column < until).values({column: until})
            session.connection().execute(longer, [{"row_id": end["row_id"], name: end[name]} for end in ends])
    session.expire_all()
