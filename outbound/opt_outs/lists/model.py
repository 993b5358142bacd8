"""The lists of opt-outs that were taken in, and what became of their rows."""

from datetime import datetime

from sqlmodel import Field, SQLModel

from outbound.db import UtcDateTime


class OptOutFile(SQLModel, table=True):
    """A file of numbers that must not be rung: the five figures grow while it is taken in, chunk by chunk."""

    __tablename__ = "opt_out_file"

    id: int | None = Field(default=None, primary_key=True)
    centre_id: int | None = Field(default=None, foreign_key="centre.id", index=True)
    name: str = Field(max_length=200)
    by_id: int | None = Field(default=None, foreign_key="staff.id")
    at: datetime = Field(sa_type=UtcDateTime)
    rows: int = 0
    accepted: int = 0
    duplicate: int = 0
    invalid: int = 0
    suppressed: int = Field(default=0, description="always none: for the sake of the same five figures")
    finished_at: datetime | None = Field(default=None, sa_type=UtcDateTime)

    def counts(self) -> dict[str, int]:
        """The five figures by name."""
        return {name: getattr(self, name) for name in ("rows", "accepted", "duplicate", "invalid", "suppressed")}
