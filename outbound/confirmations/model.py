"""Confirmations: what each consent call came to. The charge points at one of these rows, so they never change."""

from datetime import datetime
from enum import StrEnum

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from outbound.db import UtcDateTime, append_only, choice, guard, table_of
from outbound.subscriptions.model import raises_version


class ConfirmationKind(StrEnum):
    """Which of the two calls."""

    FIRST = "first"
    SECOND = "second"


class ConfirmationResult(StrEnum):
    """What the customer said."""

    PASSED = "passed"
    DECLINED = "declined"
    CONSIDERING = "considering"
    NOT_REACHED = "not_reached"
    SUSPENDED = "suspended"
    COMPLAINED = "complained"
    FAILED = "failed"


class Confirmation(SQLModel, table=True):
    """The result of one consent call: the sale (or its re-call or correction), or the second confirmation."""

    __tablename__ = "confirmation"
    __table_args__ = (
        sa.UniqueConstraint("call_id", "restored"),
        sa.UniqueConstraint("id", "subscription_id", "kind", "result", name="uq_confirmation_as_charged"),
        sa.Index("ix_confirmation_subscription_id", "subscription_id", "kind"),
    )

    id: int | None = Field(default=None, primary_key=True)
    subscription_id: int = Field(foreign_key="subscription.id")
    kind: ConfirmationKind = Field(sa_type=choice(ConfirmationKind))
    result: ConfirmationResult = Field(sa_type=choice(ConfirmationResult))
    call_id: int = Field(foreign_key="call.id")
    by_id: int = Field(foreign_key="staff.id")
    at: datetime = Field(sa_type=UtcDateTime)
    restored: int = Field(default=0, ge=0, description="how often a review that had voided it was found wrong")


class ConfirmationVoid(SQLModel, table=True):
    """A confirmation that no longer counts, and why."""

    __tablename__ = "confirmation_void"

    confirmation_id: int = Field(foreign_key="confirmation.id", primary_key=True)
    subscription_id: int = Field(foreign_key="subscription.id")
    reason: str = Field(max_length=60)
    by_id: int | None = Field(default=None, foreign_key="staff.id")
    at: datetime = Field(sa_type=UtcDateTime)


append_only(table_of(Confirmation))
append_only(table_of(ConfirmationVoid))
raises_version(table_of(Confirmation))
raises_version(table_of(ConfirmationVoid))
guard(
    table_of(Confirmation),
    "confirmation_not_by_the_seller",
    when="BEFORE INSERT",
    refuse_if="""NEW.kind = 'second' AND EXISTS (SELECT 1 FROM subscription s
        WHERE s.id = NEW.subscription_id AND s.seller_id = NEW.by_id)
        OR NOT EXISTS (SELECT 1 FROM call c JOIN subscription s ON s.id = NEW.subscription_id
        WHERE c.id = NEW.call_id AND c.agent_id = NEW.by_id AND c.contact_id = s.contact_id
        AND (NEW.kind = 'first') = (c.duty IN ('pitch', 'recall', 'correction')))""",
    saying="the second confirmation is never the seller's",
)
guard(
    table_of(Confirmation),
    "confirmation_all_four",
    when="BEFORE INSERT",
    refuse_if="""NEW.result = 'passed' AND (SELECT count(*) FROM self_mark m
        WHERE m.call_id = NEW.call_id AND m.mark = 'pass') < 4""",
    saying="all four criteria must pass",
)
guard(
    table_of(Confirmation),
    "confirmation_not_by_the_reviewer",
    when="BEFORE INSERT",
    # A review that is asked for while the call is under way does not undo what the customer said in it.
    refuse_if="""NEW.kind = 'second' AND NEW.result = 'passed' AND EXISTS (SELECT 1 FROM review_task t
        JOIN call heard ON heard.id = t.call_id AND heard.duty <> 'confirmation'
        JOIN call c ON c.id = NEW.call_id AND c.contact_id = heard.contact_id
        WHERE t.reviewer_id = NEW.by_id AND t.made_at <= c.dialled_at)""",
    saying="the second confirmation is never the reviewer's",
)
