"""Recorders: machines that send recordings in under a token of their own, which opens nothing else."""

import hashlib
import secrets
from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Field, Session, SQLModel, col, select

from outbound import journal
from outbound.db import UtcDateTime, choice, guard, table_of
from outbound.errors import NotFound, Refusal
from outbound.people import Centre, Staff, known
from outbound.recordings.model import AgentSide

PREFIX = "obr_"
"""What every token begins with, so that one that has leaked is known for what it is."""
LONGEST_NAME = 60


class Recorder(SQLModel, table=True):
    """A machine of a centre that sends recordings; only the digest of its token is kept."""

    __tablename__ = "recorder"
    __table_args__ = (
        sa.UniqueConstraint("token_digest"),
        sa.CheckConstraint("(revoked_at IS NULL) = (revoked_by_id IS NULL)", name="revoked_by_somebody"),
    )

    id: int | None = Field(default=None, primary_key=True)
    centre_id: int = Field(foreign_key="centre.id", index=True)
    name: str = Field(max_length=LONGEST_NAME)
    token_digest: str = Field(max_length=64)
    agent_side: AgentSide = Field(default=AgentSide.LEFT, sa_type=choice(AgentSide))
    made_by_id: int = Field(foreign_key="staff.id")
    made_at: datetime = Field(sa_type=UtcDateTime)
    sent_at: datetime | None = Field(default=None, sa_type=UtcDateTime, description="when it last sent a recording")
    revoked_by_id: int | None = Field(default=None, foreign_key="staff.id")
    revoked_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


guard(
    table_of(Recorder),
    "recorder_token_stays",
    when="BEFORE UPDATE",
    refuse_if="""NEW.token_digest <> OLD.token_digest OR NEW.centre_id <> OLD.centre_id
        OR (OLD.revoked_at IS NOT NULL AND NEW.revoked_at IS NULL)""",
    saying="a recorder keeps its token",
)


class RecorderNameNeeded(Refusal):
    """A recorder needs a name of at most 60 characters, so that others know which machine it is."""

    zh = "请为录音系统填写名称（不超过 60 个字符），便于识别是哪台设备。"
    status = 422


class TokenUnknown(Refusal):
    """This token is not known or was revoked; ask the centre's manager for another."""

    zh = "令牌不存在或已作废，请联系中心经理重新签发。"
    status = 401


def of_centre(session: Session, centre_id: int) -> Sequence[Recorder]:
    """The recorders of a centre, those in use first, then the newest first."""
    asked = select(Recorder).where(Recorder.centre_id == centre_id)
    return session.exec(asked.order_by(col(Recorder.revoked_at).is_not(None), col(Recorder.id).desc())).all()


def make(
    session: Session, centre: Centre, *, name: str, agent_side: AgentSide, by: Staff, now: datetime
) -> tuple[Recorder, str]:
    """A recorder with its token, which is told this once and never again. Raises RecorderNameNeeded, NotFound."""
    if by.centre_id != centre.id:
        raise NotFound
    name = name.strip()
    if not 0 < len(name) <= LONGEST_NAME:
        raise RecorderNameNeeded
    token = PREFIX + secrets.token_urlsafe(32)
    recorder = Recorder(
        centre_id=known(centre.id),
        name=name,
        token_digest=_digest(token),
        agent_side=agent_side,
        made_by_id=known(by.id),
        made_at=now,
    )
    session.add(recorder)
    session.flush()
    journal.record(session, "recorder.made", recorder, by=by, now=now, name=name, agent_side=agent_side)
    return recorder, token


def revoke(session: Session, recorder: Recorder, *, by: Staff, now: datetime) -> None:
    """End a recorder's token at once. Raises NotFound for another centre's."""
    if by.centre_id != recorder.centre_id:
        raise NotFound
    if recorder.revoked_at:
        return
    recorder.revoked_by_id, recorder.revoked_at = by.id, now
    session.add(recorder)
    journal.record(session, "recorder.revoked", recorder, by=by, now=now, name=recorder.name)


def of_token(session: Session, token: str) -> Recorder:
    """The recorder whose token this is. Raises TokenUnknown."""
    asked = select(Recorder).where(Recorder.token_digest == _digest(token), col(Recorder.revoked_at).is_(None))
    recorder = session.exec(asked).first()
    if recorder is None:
        raise TokenUnknown
    return recorder


def _digest(token: str) -> str:
    # 256 bits of chance need no slow hash.
    return hashlib.sha256(token.encode()).hexdigest()
