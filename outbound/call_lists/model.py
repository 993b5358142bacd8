"""Call lists and the people in them. A contact carries what its next call is for, and from when."""

from datetime import datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from outbound.call_lists.leases import GIVEN_UP, UNDER_WAY, Imported, ImportState
from outbound.db import PLPGSQL, UtcDateTime, choice, guard, lock, table_of

__all__ = [
    "GIVEN_UP",
    "UNDER_WAY",
    "CallList",
    "ColumnChoice",
    "Contact",
    "ContactNumber",
    "ContactState",
    "Duty",
    "ImportState",
    "RefusedRow",
    "RowFault",
]


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


_ONCE = sa.text("state NOT IN ('cancelled', 'refused')")


class CallList(Imported, table=True):
    """An imported file, and what became of its rows: the five figures are told once it is published.

    While it is under way `so_far` are the figures up to the last row that is stored.
    """

    __tablename__ = "call_list"
    __table_args__ = (
        sa.Index("uq_call_list_file", "campaign_id", "sha256", unique=True, sqlite_where=_ONCE, postgresql_where=_ONCE),
    )

    centre_id: int = Field(foreign_key="centre.id", index=True)
    campaign_id: int = Field(foreign_key="campaign.id")
    sha256: str = Field(max_length=64)
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
    headers: list[str] = Field(default_factory=list, sa_type=sa.JSON)
    roles: dict[str, str] = Field(default_factory=dict, sa_type=sa.JSON, description="header to role, as chosen")
    so_far: dict[str, int] = Field(default_factory=dict, sa_type=sa.JSON)


class ColumnChoice(SQLModel, table=True):
    """What a centre's lists with these headers hold in their columns, as its people last chose."""

    __tablename__ = "column_choice"

    centre_id: int = Field(foreign_key="centre.id", primary_key=True)
    headers: str = Field(primary_key=True, max_length=64, description="digest of the set of headers")
    roles: dict[str, str] = Field(default_factory=dict, sa_type=sa.JSON)
    by_id: int | None = Field(default=None, foreign_key="staff.id")
    at: datetime = Field(sa_type=UtcDateTime)


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
    # Every claim moves its contact, and with it each of these: there is none that another one can stand in for.
    __table_args__ = (
        sa.UniqueConstraint("phone_id", "campaign_id"),
        sa.Index(
            "ix_contact_due",
            "call_list_id",
            "duty",
            "zone_group_id",
            "callback",
            "priority",
            "due_at",
            "id",
            # Read without the row: whose callbacks stand in front of others must not cost a look at each.
            "kept_for_id",
            sqlite_where=sa.text("state = 'queued'"),
            postgresql_where=sa.text("state = 'queued'"),
        ),
        sa.Index(
            "ix_contact_closed",
            "call_list_id",
            "closed_why",
            sqlite_where=sa.text("state = 'closed'"),
            postgresql_where=sa.text("state = 'closed'"),
        ),
        sa.Index(
            "ix_contact_sealed",
            "id",
            sqlite_where=sa.text("sealed IS NOT NULL"),
            postgresql_where=sa.text("sealed IS NOT NULL"),
        ),
    )

    id: int | None = Field(default=None, primary_key=True)
    centre_id: int = Field(foreign_key="centre.id")
    campaign_id: int = Field(foreign_key="campaign.id")
    call_list_id: int = Field(foreign_key="call_list.id")
    phone_id: int = Field(foreign_key="phone.id")
    zone_group_id: int = Field(foreign_key="zone_group.id", description="where the number may be: that of its phone")
    name: str = Field(default="", max_length=80)
    attributes: dict[str, Any] = Field(
        default_factory=dict, sa_type=sa.JSON, description="the further columns of the list; see `hidden_cells`"
    )
    sealed: bytes | None = Field(
        default=None, sa_type=sa.LargeBinary, description="those of them that hold a number, encrypted"
    )
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


class ContactNumber(SQLModel, table=True):
    """A further number of a contact, next in turn by `position`; the one that is rung stands with the contact."""

    __tablename__ = "contact_number"
    __table_args__ = (sa.UniqueConstraint("campaign_id", "phone_id"),)

    contact_id: int = Field(foreign_key="contact.id", primary_key=True)
    position: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    campaign_id: int = Field(foreign_key="campaign.id")
    phone_id: int = Field(foreign_key="phone.id", index=True)


guard(
    table_of(CallList),
    "call_list_stays_published",
    when="BEFORE UPDATE OF published_at",
    refuse_if="OLD.published_at IS NOT NULL AND NEW.published_at IS NULL",
    saying="a published call list stays published",
)
guard(
    table_of(RefusedRow),
    "refused_row_stays",
    when="BEFORE DELETE",
    refuse_if="EXISTS (SELECT 1 FROM call_list WHERE id = OLD.call_list_id AND published_at IS NOT NULL)",
    saying="refused rows of a published list are append-only",
)
guard(
    table_of(RefusedRow),
    "refused_row_unchanged",
    when="BEFORE UPDATE OF call_list_id, row, fault, reason",
    # Its cells may be sealed again under a newer key.
    refuse_if="1 = 1",
    saying="refused_row is append-only",
)
lock(
    table_of(RefusedRow),
    "refused_row_no_replace",
    # INSERT OR REPLACE deletes in silence where recursive_triggers is off.
    sqlite=[
        """CREATE TRIGGER refused_row_no_replace BEFORE INSERT ON refused_row
WHEN EXISTS (SELECT 1 FROM refused_row WHERE call_list_id = NEW.call_list_id AND row = NEW.row)
BEGIN SELECT RAISE(ABORT, 'UNIQUE constraint failed: refused_row is append-only'); END"""
    ],
    postgresql=[
        f"""CREATE FUNCTION refused_row_no_truncate() RETURNS trigger {PLPGSQL} AS $$ BEGIN
RAISE EXCEPTION 'refused_row is append-only' USING ERRCODE = 'integrity_constraint_violation'; END $$""",
        """CREATE TRIGGER refused_row_no_truncate BEFORE TRUNCATE ON refused_row
FOR EACH STATEMENT EXECUTE FUNCTION refused_row_no_truncate()""",
    ],
)
guard(
    table_of(ContactNumber),
    "contact_number_is_once",
    when="BEFORE INSERT",
    refuse_if="EXISTS (SELECT 1 FROM contact WHERE campaign_id = NEW.campaign_id AND phone_id = NEW.phone_id)",
    saying="the campaign has a contact with this number already",
)
guard(
    table_of(Contact),
    "contact_number_moves",
    when="BEFORE UPDATE OF phone_id",
    refuse_if="""EXISTS (SELECT 1 FROM contact_number
        WHERE campaign_id = NEW.campaign_id AND phone_id = NEW.phone_id)""",
    saying="the campaign has a contact with this number already",
)
