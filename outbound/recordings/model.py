"""Recordings: which call they are of, their hash, what was measured on them, and how long they stay."""

from datetime import datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from outbound.db import UtcDateTime, choice, guard, table_of


class AgentSide(StrEnum):
    """On which side of a stereo recording the agent is."""

    LEFT = "left"
    RIGHT = "right"
    UNKNOWN = "unknown"


class Recording(SQLModel, table=True):
    """Audio that is kept, with the hash under which anybody can see that it is the same."""

    __tablename__ = "recording"
    __table_args__ = (
        sa.UniqueConstraint("centre_id", "reference"),
        sa.Index(
            "uq_recording_call_id",
            "call_id",
            unique=True,
            sqlite_where=sa.text("call_id IS NOT NULL"),
            postgresql_where=sa.text("call_id IS NOT NULL"),
        ),
        sa.Index("ix_recording_waits", "id", sqlite_where=sa.text("waits"), postgresql_where=sa.text("waits")),
        sa.Index("ix_recording_keep_until", "keep_until"),
        sa.CheckConstraint("NOT (waits AND valid)", name="heard_before_valid"),
    )

    id: int | None = Field(default=None, primary_key=True)
    centre_id: int = Field(foreign_key="centre.id")
    call_id: int | None = Field(default=None, foreign_key="call.id", description="null: waits to be matched")
    reference: str = Field(max_length=80, description="the recorder's call reference")
    file_name: str = Field(max_length=200)
    storage_key: str = Field(max_length=200, unique=True)
    sha256: str = Field(max_length=64)
    size: int = Field(description="bytes")
    media_type: str = Field(max_length=40)
    codec: str = Field(max_length=40)
    channels: int
    sample_rate: int
    seconds: float = Field(description="from decoding")
    valid: bool = Field(description="decodes, lasts long enough, and somebody speaks on it")
    invalid_reason: str = Field(default="", max_length=60)
    waits: bool = Field(default=False, description="kept, but nobody has heard it through yet: a worker will")
    hearing: dict[str, Any] = Field(sa_type=sa.JSON, description="the figures of qa.audio, with the waveform's peaks")
    agent_side: AgentSide = Field(default=AgentSide.LEFT, sa_type=choice(AgentSide))
    kept_by_id: int | None = Field(default=None, foreign_key="staff.id")
    kept_at: datetime = Field(sa_type=UtcDateTime)
    matched_at: datetime | None = Field(
        default=None, sa_type=UtcDateTime, description="since when it is both heard and matched: what draws go by"
    )
    keep_until: datetime | None = Field(
        default=None, sa_type=UtcDateTime, description="it stays until then at least; null: for ever"
    )
    keep_sale_until: datetime | None = Field(
        default=None, sa_type=UtcDateTime, description="the same where a sale rests on it, or its call is not known"
    )
    version: int = Field(default=0, description="raised by holds and by deletion, so that two at once cannot both win")


guard(
    table_of(Recording),
    "recording_sealed",
    when="BEFORE UPDATE",
    refuse_if="""NEW.sha256 <> OLD.sha256 OR NEW.storage_key <> OLD.storage_key OR NEW.size <> OLD.size
        OR NEW.reference <> OLD.reference OR NEW.kept_at <> OLD.kept_at OR (NEW.waits AND NOT OLD.waits)
        OR (NOT OLD.waits AND (NEW.seconds <> OLD.seconds OR NEW.valid <> OLD.valid OR NEW.codec <> OLD.codec))
        OR (OLD.keep_until IS NULL AND NEW.keep_until IS NOT NULL) OR NEW.keep_until < OLD.keep_until
        OR (OLD.keep_sale_until IS NULL AND NEW.keep_sale_until IS NOT NULL)
        OR NEW.keep_sale_until < OLD.keep_sale_until
        OR (OLD.call_id IS NOT NULL AND (NEW.call_id IS NULL OR NEW.call_id <> OLD.call_id))""",
    saying="a recording is sealed",
)
guard(
    table_of(Recording),
    "recording_never_deleted",
    when="BEFORE DELETE",
    refuse_if="OLD.id IS NOT NULL",
    saying="recordings are kept",
)
