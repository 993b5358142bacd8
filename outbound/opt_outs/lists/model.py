"""The lists of opt-outs that were taken in, and what became of their rows."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from outbound.call_lists.leases import Imported
from outbound.db import UtcDateTime, table_of
from outbound.resealing import append_only_but_resealed


class OptOutFile(Imported, table=True):
    """A file of numbers that must not be rung: each chunk takes effect at once, and the five figures grow with it."""

    __tablename__ = "opt_out_file"

    centre_id: int | None = Field(default=None, foreign_key="centre.id", index=True)
    by_id: int | None = Field(default=None, foreign_key="staff.id")
    at: datetime = Field(sa_type=UtcDateTime)
    given: dict[str, Any] = Field(
        default_factory=dict, sa_type=sa.JSON, description="what holds where its rows say nothing else"
    )
    rows: int = 0
    accepted: int = 0
    duplicate: int = 0
    invalid: int = 0
    suppressed: int = Field(default=0, description="always none: for the sake of the same five figures")
    finished_at: datetime | None = Field(default=None, sa_type=UtcDateTime)

    def counts(self) -> dict[str, int]:
        """The five figures by name."""
        return {name: getattr(self, name) for name in ("rows", "accepted", "duplicate", "invalid", "suppressed")}


class UnblockedRow(SQLModel, table=True):
    """A row of such a list that blocked nobody, kept encrypted so that it can be handed back with its reason."""

    __tablename__ = "unblocked_row"

    opt_out_file_id: int = Field(foreign_key="opt_out_file.id", primary_key=True)
    row: int = Field(
        primary_key=True, sa_column_kwargs={"autoincrement": False}, description="its row in the file, from 1"
    )
    reason: str = Field(max_length=60)
    sealed: bytes = Field(sa_type=sa.LargeBinary)


append_only_but_resealed(table_of(UnblockedRow))
