"""The timetable: APScheduler only ticks; a ledger of periods in the database decides what runs, once."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from outbound.db import UtcDateTime, append_only, table_of


class PeriodDone(SQLModel, table=True):
    """A job's effect in one period of one centre, committed together with this row; never deleted."""

    __tablename__ = "period_done"

    job: str = Field(primary_key=True, max_length=40)
    centre_id: int = Field(foreign_key="centre.id", primary_key=True)
    period: str = Field(primary_key=True, max_length=20)
    at: datetime = Field(sa_type=UtcDateTime)
    effect: dict[str, Any] = Field(default_factory=dict, sa_type=sa.JSON)


append_only(table_of(PeriodDone))
