"""Draws: the seed promised before the day, the frozen list it was drawn from, and what was drawn."""

from datetime import datetime
from enum import StrEnum

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from outbound.db import UtcDateTime, append_only, choice, table_of


class DrawKind(StrEnum):
    """Who draws, and how often."""

    DAILY = "daily"
    WEEKLY = "weekly"


class DrawSeed(SQLModel, table=True):
    """A seed made before the frame exists; its hash is in the journal, so that nobody can steer the draw."""

    __tablename__ = "draw_seed"

    centre_id: int = Field(foreign_key="centre.id", primary_key=True)
    kind: DrawKind = Field(primary_key=True, sa_type=choice(DrawKind))
    period: str = Field(primary_key=True, max_length=10)
    seed: str = Field(max_length=64)
    seed_hash: str = Field(max_length=64)
    at: datetime = Field(sa_type=UtcDateTime)


class Draw(SQLModel, table=True):
    """A sample drawn from a period's valid recordings."""

    __tablename__ = "draw"
    __table_args__ = (sa.UniqueConstraint("centre_id", "kind", "period"),)

    id: int | None = Field(default=None, primary_key=True)
    centre_id: int = Field(foreign_key="centre.id")
    kind: DrawKind = Field(sa_type=choice(DrawKind))
    period: str = Field(max_length=10)
    rate_percent: int
    seed: str = Field(max_length=64)
    frame_hash: str = Field(max_length=64)
    frame_size: int
    sample_size: int
    at: datetime = Field(sa_type=UtcDateTime)


class FrameItem(SQLModel, table=True):
    """One recording of a frozen frame, with the probability with which it could be drawn."""

    __tablename__ = "frame_item"

    draw_id: int = Field(foreign_key="draw.id", primary_key=True)
    recording_id: int = Field(foreign_key="recording.id", primary_key=True)
    agent_id: int = Field(foreign_key="staff.id")
    stratum: str = Field(max_length=60)
    chance_of: int = Field(description="drawn from its stratum: the numerator of its inclusion probability")
    chance_in: int = Field(description="size of its stratum: the denominator")
    drawn: bool


for _table in (DrawSeed, Draw, FrameItem):
    append_only(table_of(_table))
