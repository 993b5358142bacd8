"""Patrol: what an inspector saw at a seat. Notes are never changed; they count in the agent's file."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

import sqlalchemy as sa
from sqlmodel import Field, Session, SQLModel, col, select

from outbound import journal
from outbound.compliance import Words
from outbound.db import UtcDateTime, append_only, choice, guard, table_of
from outbound.errors import DATABASE_REFUSALS, NotFound, Refusal
from outbound.people import Staff, known, may, roles_of


class Topic(StrEnum):
    """What was looked at."""

    SCRIPT = "script"
    MANNER = "manner"
    PRESENCE = "presence"
    CUSTOMER_DATA = "customer_data"
    EQUIPMENT = "equipment"
    OTHER = "other"

    @property
    def label(self) -> Words:
        """What it is called on the inspector's screen."""
        return _LABELS[self]


_LABELS = {
    Topic.SCRIPT: Words("照脚本外呼", "Reads the script"),
    Topic.MANNER: Words("态度与用语", "Manner and wording"),
    Topic.PRESENCE: Words("在岗与精神状态", "At the seat and alert"),
    Topic.CUSTOMER_DATA: Words("客户信息保密", "Customers' data kept safe"),
    Topic.EQUIPMENT: Words("耳麦与现场环境", "Headset and surroundings"),
    Topic.OTHER: Words("其他（请写明）", "Other (please say what)"),
}


class PatrolNote(SQLModel, table=True):
    """One thing seen at one seat."""

    __tablename__ = "patrol_note"
    __table_args__ = (sa.UniqueConstraint("key"), sa.Index("ix_patrol_note_agent_at", "agent_id", "at"))

    id: int | None = Field(default=None, primary_key=True)
    centre_id: int = Field(foreign_key="centre.id", index=True)
    agent_id: int = Field(foreign_key="staff.id")
    by_id: int = Field(foreign_key="staff.id")
    topic: Topic = Field(sa_type=choice(Topic))
    in_order: bool
    note: str = Field(default="", max_length=400)
    key: str = Field(max_length=64, description="of the page it was sent from: a second tap is the same note")
    at: datetime = Field(sa_type=UtcDateTime)


append_only(table_of(PatrolNote))
guard(
    table_of(PatrolNote),
    "patrol_of_ones_own_centre",
    when="BEFORE INSERT",
    refuse_if="""NEW.agent_id = NEW.by_id OR NOT EXISTS (SELECT 1 FROM staff s
        WHERE s.id = NEW.agent_id AND s.centre_id = NEW.centre_id)""",
    saying="nobody inspects their own seat",
)


class OwnSeat(Refusal):
    """Nobody inspects their own seat; leave it to a colleague."""

    zh = "不能巡查自己的工位，请由其他同事巡查。"


class SaidNothing(Refusal):
    """Write in a word what was seen."""

    zh = "请简要写明看到的情况。"
    status = 422


DATABASE_REFUSALS["nobody inspects their own seat"] = OwnSeat


def note(
    session: Session,
    agent: Staff,
    topic: Topic,
    *,
    in_order: bool,
    note: str = "",
    key: str,
    by: Staff,
    now: datetime,
) -> PatrolNote:
    """Keep what was seen at somebody's seat; the same key again is the same note.

    Raises NotFound for who is no caller of the inspector's centre, OwnSeat, and SaidNothing for another topic without
    words.
    """
    if already := session.exec(select(PatrolNote).where(PatrolNote.key == key)).first():
        return already
    if agent.centre_id != by.centre_id or not may(roles_of(session, agent), "make_calls"):
        raise NotFound
    if agent.id == by.id:
        raise OwnSeat
    if topic is Topic.OTHER and not note.strip():
        raise SaidNothing
    seen = PatrolNote(
        centre_id=known(agent.centre_id),
        agent_id=known(agent.id),
        by_id=known(by.id),
        topic=topic,
        in_order=in_order,
        note=note.strip(),
        key=key,
        at=now,
    )
    session.add(seen)
    session.flush()
    journal.record(session, "patrol.noted", seen, by=by, now=now, agent=agent.id, topic=topic, in_order=in_order)
    return seen


@dataclass(frozen=True, slots=True)
class Seen:
    """How often an agent's seat was looked at, and how often something was not in order."""

    times: int = 0
    not_in_order: int = 0


def counts(session: Session, centre_id: int, *, since: datetime, until: datetime) -> Mapping[int, Seen]:
    """What patrols of a centre came to between two instants, by agent; who was not looked at is not in it."""
    wrong = sa.func.sum(sa.case((col(PatrolNote.in_order), 0), else_=1))
    asked = (
        select(PatrolNote.agent_id, sa.func.count(), wrong)
        .where(PatrolNote.centre_id == centre_id, col(PatrolNote.at) >= since, col(PatrolNote.at) < until)
        .group_by(col(PatrolNote.agent_id))
    )
    return {agent: Seen(times, not_in_order) for agent, times, not_in_order in session.exec(asked)}


def notes_of(session: Session, agent: Staff, *, most: int = 50) -> Sequence[tuple[PatrolNote, Staff]]:
    """What was seen at somebody's seat and by whom, the latest first."""
    asked = select(PatrolNote, Staff).join(Staff, col(Staff.id) == col(PatrolNote.by_id))
    theirs = asked.where(PatrolNote.agent_id == agent.id).order_by(col(PatrolNote.id).desc())
    return session.exec(theirs.limit(most)).all()
