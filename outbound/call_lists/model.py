"""Call lists and the people in them. A contact carries what its next call is for, and from when."""

from datetime import datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from outbound.db import UtcDateTime, append_only, choice, table_of


class Duty(StrEnum):
    """What a call is for."""

    PITCH = "pitch"
    RECALL = "recall"
    CONFIRMATION = "confirmation"
    CORRECTION = "correction"


class ContactState(StrEnum):
    """Whether somebody may still be rung."""

    QUEUED = "queued"
    CLOSED = "closed"


class RowFault(StrEnum):
    """Why a row of a list became no contact."""

    DUPLICATE = "duplicate"
    INVALID = "invalid"
    SUPPRESSED = "suppressed"


class CallList(SQLModel, table=True):
    """An imported file, and what became of its rows."""

    __tablename__ = "call_list"
    __table_args__ = (sa.UniqueConstraint("campaign_id", "sha256"),)

    id: int | None = Field(default=None, primary_key=True)
    centre_id: int = Field(foreign_key="centre.id", index=True)
    campaign_id: int = Field(foreign_key="campaign.id")
    name: str = Field(max_length=200)
    sha256: str = Field(max_length=64)
    encoding: str = Field(default="", max_length=20)
    imported_by_id: int | None = Field(default=None, foreign_key="staff.id")
    at: datetime = Field(sa_type=UtcDateTime)
    published_at: datetime | None = Field(
        default=None, sa_type=UtcDateTime, description="from when its contacts are handed out: all at once"
    )
    rows: int = 0
    accepted: int = 0
    duplicate: int = 0
    invalid: int = 0
    suppressed: int = 0


class RefusedRow(SQLModel, table=True):
    """A row that became no contact, kept encrypted so that it can be handed back with its reason."""

    __tablename__ = "refused_row"

    call_list_id: int = Field(foreign_key="call_list.id", primary_key=True)
    row: int = Field(
        primary_key=True, sa_column_kwargs={"autoincrement": False}, description="its row in the file, from 1"
    )
    fault: RowFault = Field(sa_type=choice(RowFault))
    reason: str = Field(max_length=60)
    sealed: bytes = Field(sa_type=sa.LargeBinary)


class Contact(SQLModel, table=True):
    """A person on a list of one campaign."""

    __tablename__ = "contact"
    __table_args__ = (
        sa.UniqueConstraint("campaign_id", "phone_id"),
        sa.Index(
            "ix_contact_due",
            "call_list_id",
            "duty",
            "zone_group_id",
            "callback",
            "priority",
            "due_at",
            "id",
            sqlite_where=sa.text("state = 'queued'"),
            postgresql_where=sa.text("state = 'queued'"),
        ),
        sa.Index("ix_contact_phone_id", "phone_id"),
        sa.Index("ix_contact_call_list_id", "call_list_id"),
    )

    id: int | None = Field(default=None, primary_key=True)
    centre_id: int = Field(foreign_key="centre.id")
    campaign_id: int = Field(foreign_key="campaign.id")
    call_list_id: int = Field(foreign_key="call_list.id")
    phone_id: int = Field(foreign_key="phone.id")
    zone_group_id: int = Field(foreign_key="zone_group.id", description="where the number may be: that of its phone")
    name: str = Field(default="", max_length=80)
    attributes: dict[str, Any] = Field(default_factory=dict, sa_type=sa.JSON)
    state: ContactState = Field(default=ContactState.QUEUED, sa_type=choice(ContactState))
    duty: Duty = Field(default=Duty.PITCH, sa_type=choice(Duty))
    priority: int = Field(default=0, description="higher goes first")
    due_at: datetime = Field(sa_type=UtcDateTime, description="not before this instant")
    callback: bool = Field(default=False, description="the customer asked for this time")
    kept_for_id: int | None = Field(default=None, foreign_key="staff.id", description="whose personal callback it is")
    barred_id: int | None = Field(default=None, foreign_key="staff.id", description="never handed to this person")
    attempts: int = Field(default=0, description="dials for the present duty")
    epoch: int = Field(default=0, description="raised by every claim")
    closed_why: str = Field(default="", max_length=40)


append_only(table_of(RefusedRow))
