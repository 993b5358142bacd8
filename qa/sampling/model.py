"""Draws: the seed promised before the day, the frozen list it was drawn from, and what was drawn."""

from datetime import datetime
from enum import StrEnum

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from outbound.db import UtcDateTime, append_only, choice, guard, table_of


class DrawKind(StrEnum):
    """Who draws, and how often."""

    DAILY = "daily"
    WEEKLY = "weekly"


class Late(StrEnum):
    """Why a seed was promised only when calls of its period had been made, or it was over."""

    FIRST_RUN = "first_run"
    NOT_RUNNING = "not_running"


class DrawSeed(SQLModel, table=True):
    """A seed whose hash is in the journal before the frame exists, so that nobody can steer the draw; or why not."""

    __tablename__ = "draw_seed"

    centre_id: int = Field(foreign_key="centre.id", primary_key=True)
    kind: DrawKind = Field(primary_key=True, sa_type=choice(DrawKind))
    period: str = Field(primary_key=True, max_length=10)
    seed: str = Field(max_length=64)
    seed_hash: str = Field(max_length=64)
    late: Late | None = Field(default=None, sa_type=choice(Late), description="None: promised in time")
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
    seed: str = Field(max_length=64, description="the promised one; bound to the anchor where that was late")
    anchor_id: int | None = Field(default=None, foreign_key="journal_anchor.id")
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

guard(
    table_of(Draw),
    "draw_of_a_late_seed_bound",
    when="BEFORE INSERT",
    refuse_if="""(NEW.anchor_id IS NOT NULL) <> EXISTS (SELECT 1 FROM draw_seed s WHERE s.centre_id = NEW.centre_id
        AND s.kind = NEW.kind AND s.period = NEW.period AND s.late IS NOT NULL)""",
    saying="a draw whose seed was promised late is bound to an anchor, and no other",
)
