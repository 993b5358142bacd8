"""Calls, their outcomes, what was said in them, and the seller's own marks."""

from datetime import datetime
from enum import StrEnum
from typing import Any, ClassVar

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from outbound.call_lists.model import Duty
from outbound.compliance import Criterion, Mark
from outbound.db import UtcDateTime, append_only, choice, guard, table_of


class After(StrEnum):
    """What an outcome does to the contact."""

    RETRY = "retry"
    CALLBACK = "callback"
    CLOSE = "close"
    CONSENT = "consent"
    BLOCK = "block"


class NextNumber(StrEnum):
    """Which of a contact's numbers is rung at the next try."""

    SAME = "same"
    OTHER = "other"


class Outcome(SQLModel, table=True):
    """How a call may end: outcomes are data."""

    __tablename__ = "outcome"
    asked_often: ClassVar[bool] = True

    code: str = Field(primary_key=True, max_length=40)
    zh: str = Field(max_length=40)
    en: str = Field(max_length=60)
    position: int = Field(description="order on the screen")
    duties: str = Field(max_length=80, description="the duties whose calls may end so, separated by commas")
    contacted: bool = Field(description="whether somebody was spoken to")
    after: After = Field(sa_type=choice(After))
    retry_minutes: int = Field(default=0, description="wait before the next try")
    next_number: NextNumber = Field(default=NextNumber.SAME, sa_type=choice(NextNumber))
    note_required: bool = False
    personal: bool = Field(
        default=True, description="whether its callback is the caller's own unless they say otherwise"
    )
    key: str = Field(default="", max_length=1, description="its key on the agent's keyboard")


class Call(SQLModel, table=True):
    """One dial of one number by one person, pinned to a script version."""

    __tablename__ = "call"
    __table_args__ = (
        sa.UniqueConstraint("dial_token_id"),
        sa.UniqueConstraint("centre_id", "reference"),
        sa.UniqueConstraint("wrap_up_key"),
        sa.Index("ix_call_phone_dialled", "phone_id", "dialled_at"),
        sa.Index("ix_call_contact_id", "contact_id"),
        sa.Index("ix_call_agent_dialled", "agent_id", "dialled_at"),
        sa.Index("ix_call_campaign_dialled", "campaign_id", "dialled_at"),
        sa.Index("ix_call_claim_id", "claim_id"),
        sa.Index(
            "ix_call_callback_at",
            "centre_id",
            "callback_at",
            sqlite_where=sa.text("callback_at IS NOT NULL"),
            postgresql_where=sa.text("callback_at IS NOT NULL"),
        ),
        sa.CheckConstraint("(wrapped_up_at IS NULL) = (outcome_code IS NULL)", name="wrapped_up_with_outcome"),
    )

    id: int | None = Field(default=None, primary_key=True)
    centre_id: int = Field(foreign_key="centre.id")
    campaign_id: int = Field(foreign_key="campaign.id")
    campaign_version_id: int = Field(foreign_key="campaign_version.id")
    contact_id: int = Field(foreign_key="contact.id")
    phone_id: int = Field(foreign_key="phone.id")
    claim_id: int = Field(foreign_key="claim.id")
    dial_token_id: int = Field(foreign_key="dial_token.id")
    duty: Duty = Field(sa_type=choice(Duty))
    agent_id: int = Field(foreign_key="staff.id")
    script_version_id: int = Field(foreign_key="script_version.id")
    reference: str = Field(max_length=80, description="the recorder's call reference")
    dialled_at: datetime = Field(sa_type=UtcDateTime)
    ended_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    wrapped_up_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    wrap_up_key: str | None = Field(default=None, max_length=64, description="the browser's idempotency key")
    outcome_code: str | None = Field(default=None, foreign_key="outcome.code")
    callback_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    note: str = Field(default="", max_length=2000)
    answers: dict[str, Any] = Field(
        default_factory=dict, sa_type=sa.JSON, description="answers to the script's questions"
    )


class Tick(SQLModel, table=True):
    """A step of the script that was said, with the second of the call."""

    __tablename__ = "tick"

    call_id: int = Field(foreign_key="call.id", primary_key=True)
    step: str = Field(primary_key=True, max_length=60)
    second: float = Field(ge=0)
    disclosures: str = Field(default="", max_length=120, description="what it told, separated by commas")


class SelfMark(SQLModel, table=True):
    """What the caller says of one criterion after the call."""

    __tablename__ = "self_mark"

    call_id: int = Field(foreign_key="call.id", primary_key=True)
    criterion: Criterion = Field(primary_key=True, sa_type=choice(Criterion))
    mark: Mark = Field(sa_type=choice(Mark))


class LateWrapUp(SQLModel, table=True):
    """A wrap-up that came when its claim was no longer in force: kept for a supervisor, never dropped."""

    __tablename__ = "late_wrap_up"
    __table_args__ = (sa.UniqueConstraint("key"),)

    id: int | None = Field(default=None, primary_key=True)
    centre_id: int = Field(foreign_key="centre.id", index=True)
    call_id: int = Field(foreign_key="call.id")
    by_id: int = Field(foreign_key="staff.id")
    key: str = Field(max_length=64)
    report: dict[str, Any] = Field(sa_type=sa.JSON)
    at: datetime = Field(sa_type=UtcDateTime)


class LateWrapUpSettlement(SQLModel, table=True):
    """What a supervisor did with a late wrap-up."""

    __tablename__ = "late_wrap_up_settlement"

    late_wrap_up_id: int = Field(foreign_key="late_wrap_up.id", primary_key=True)
    by_id: int = Field(foreign_key="staff.id")
    at: datetime = Field(sa_type=UtcDateTime)
    note: str = Field(max_length=400)


for _table in (Tick, SelfMark, LateWrapUp, LateWrapUpSettlement):
    append_only(table_of(_table))
guard(
    table_of(Call),
    "call_needs_used_token",
    when="BEFORE INSERT",
    refuse_if="""NOT EXISTS (SELECT 1 FROM dial_token t WHERE t.id = NEW.dial_token_id AND t.phone_id = NEW.phone_id
        AND t.used_at IS NOT NULL AND t.voided_at IS NULL)""",
    saying="a call needs a dial token",
)
guard(
    table_of(Call),
    "call_of_an_approved_offer",
    when="BEFORE INSERT",
    # Customers of a sale are told what they were sold, whatever the offer is now: only a pitch tells of the new one.
    refuse_if="""NEW.duty = 'pitch' AND EXISTS (SELECT 1 FROM campaign_version v
        JOIN script_version s ON s.id = NEW.script_version_id WHERE v.id = NEW.campaign_version_id
        AND v.offer_since IS NOT NULL AND (s.in_force_at IS NULL OR s.in_force_at <= v.offer_since))""",
    saying="the script is older than the offer",
)
guard(
    table_of(Call),
    "call_wrapped_up_once",
    when="BEFORE UPDATE",
    refuse_if="""OLD.wrapped_up_at IS NOT NULL AND (OLD.outcome_code <> NEW.outcome_code
        OR NEW.wrapped_up_at IS NULL OR OLD.wrapped_up_at <> NEW.wrapped_up_at)
        OR NEW.agent_id <> OLD.agent_id OR NEW.phone_id <> OLD.phone_id OR NEW.dialled_at <> OLD.dialled_at
        OR NEW.script_version_id <> OLD.script_version_id""",
    saying="a call is wrapped up once",
)
guard(
    table_of(Call), "call_never_deleted", when="BEFORE DELETE", refuse_if="OLD.id IS NOT NULL", saying="calls are kept"
)
