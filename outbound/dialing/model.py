"""Claims (who holds a contact now) and dial tokens (the right to ring it once)."""

from datetime import datetime
from enum import StrEnum
from typing import ClassVar

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from outbound.call_lists.model import Duty
from outbound.db import UtcDateTime, choice, guard, table_of


class ClaimEnd(StrEnum):
    """How a claim ended."""

    DONE = "done"
    PUT_BACK = "put_back"
    LEASE_ENDED = "lease_ended"
    BLOCKED = "blocked"


def _one_open(column: str) -> sa.Index:
    condition = sa.text("ended_at IS NULL")
    return sa.Index(f"uq_claim_open_{column}", column, unique=True, sqlite_where=condition, postgresql_where=condition)


class Claim(SQLModel, table=True):
    """One contact in one agent's hands: at most one open claim per contact, per phone and per agent."""

    __tablename__ = "claim"
    asked_often: ClassVar[bool] = True
    __table_args__ = (
        _one_open("contact_id"),
        _one_open("phone_id"),
        _one_open("agent_id"),
        sa.Index(
            "ix_claim_open_lease",
            "lease_until",
            sqlite_where=sa.text("ended_at IS NULL"),
            postgresql_where=sa.text("ended_at IS NULL"),
        ),
    )

    id: int | None = Field(default=None, primary_key=True)
    centre_id: int = Field(foreign_key="centre.id")
    campaign_id: int = Field(foreign_key="campaign.id")
    contact_id: int = Field(foreign_key="contact.id", index=True)
    phone_id: int = Field(foreign_key="phone.id")
    agent_id: int = Field(foreign_key="staff.id")
    duty: Duty = Field(sa_type=choice(Duty))
    epoch: int = Field(description="the contact's epoch at the claim; an older one is no longer in force")
    why_now: str = Field(default="", max_length=40)
    claimed_at: datetime = Field(sa_type=UtcDateTime)
    lease_until: datetime = Field(sa_type=UtcDateTime, description="the claim ends at this instant")
    was_due_at: datetime | None = Field(default=None, sa_type=UtcDateTime, description="when the contact had been due")
    ended_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    ended_how: ClaimEnd | None = Field(default=None, sa_type=choice(ClaimEnd))

    def not_before(self, instant: datetime) -> datetime:
        """When the contact is due again at an `instant`: who was taken by hand before their time keeps that time."""
        return max(instant, self.was_due_at or instant)


class DialToken(SQLModel, table=True):
    """The right to dial a number once, issued while it was callable; a block voids it."""

    __tablename__ = "dial_token"
    __table_args__ = (
        sa.CheckConstraint("used_at IS NULL OR voided_at IS NULL", name="used_or_voided"),
        sa.Index(
            "ix_dial_token_unused",
            "phone_id",
            sqlite_where=sa.text("used_at IS NULL AND voided_at IS NULL"),
            postgresql_where=sa.text("used_at IS NULL AND voided_at IS NULL"),
        ),
    )

    id: int | None = Field(default=None, primary_key=True)
    claim_id: int = Field(foreign_key="claim.id", index=True)
    campaign_id: int = Field(foreign_key="campaign.id")
    phone_id: int = Field(foreign_key="phone.id")
    issued_at: datetime = Field(sa_type=UtcDateTime)
    expires_at: datetime = Field(sa_type=UtcDateTime)
    used_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    voided_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


_BLOCKED = """EXISTS (SELECT 1 FROM opt_out o JOIN campaign c ON c.id = NEW.campaign_id
        WHERE o.phone_id = NEW.phone_id AND (o.expires_at IS NULL OR o.expires_at > {instant})
        AND (o.scope = 'all' OR o.campaign_id = c.id OR o.campaign_kind = c.kind)
        AND NOT EXISTS (SELECT 1 FROM opt_out_lifting l WHERE l.opt_out_id = o.id))"""
guard(
    table_of(DialToken),
    "dial_token_not_for_opted_out",
    when="BEFORE INSERT",
    # Touching the phone row first makes this wait for a block in flight, and then see it.
    first="UPDATE phone SET version = version + 1 WHERE id = NEW.phone_id",
    refuse_if=_BLOCKED.format(instant="NEW.issued_at"),
    saying="the number is blocked",
)
guard(
    table_of(DialToken),
    "dial_token_used_once",
    when="BEFORE UPDATE",
    refuse_if="""OLD.used_at IS NOT NULL OR OLD.voided_at IS NOT NULL OR NEW.phone_id <> OLD.phone_id
        OR NEW.claim_id <> OLD.claim_id OR (NEW.used_at IS NOT NULL AND NEW.used_at >= OLD.expires_at)""",
    saying="a dial token is good for one dial only",
)
guard(
    table_of(DialToken),
    "dial_token_never_deleted",
    when="BEFORE DELETE",
    refuse_if="OLD.id IS NOT NULL",
    saying="dial tokens are kept",
)
