"""A customer's yes, from trial to charge or end; its history and its withdrawal are rows that stay."""

from datetime import date, datetime, timedelta
from enum import StrEnum

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from outbound.db import UtcDateTime, after, append_only, choice, guard, table_of
from outbound.errors import Language


class SubscriptionState(StrEnum):
    """Where a subscription is in its life."""

    RECALL_DUE = "recall_due"
    TRIAL = "trial"
    CONFIRMING = "confirming"
    EXTENDED = "extended"
    CONFIRMED = "confirmed"
    CHARGED = "charged"
    CORRECTION_DUE = "correction_due"
    CANCELLED = "cancelled"
    LAPSED = "lapsed"
    VOID = "void"

    def words(self, language: Language) -> str:
        """The state as people read it."""
        return _STATES[self][language == "en"]


_STATES = {
    SubscriptionState.RECALL_DUE: ("待重拨核实", "re-call due"),
    SubscriptionState.TRIAL: ("体验中", "on trial"),
    SubscriptionState.CONFIRMING: ("待二次确认", "confirmation due"),
    SubscriptionState.EXTENDED: ("延长体验，待二次确认", "trial extended, confirmation due"),
    SubscriptionState.CONFIRMED: ("已确认，待计费", "confirmed"),
    SubscriptionState.CHARGED: ("已计费", "charged"),
    SubscriptionState.CORRECTION_DUE: ("待回访修正", "correction due"),
    SubscriptionState.CANCELLED: ("已退订", "cancelled"),
    SubscriptionState.LAPSED: ("逾期未确认，已失效", "lapsed"),
    SubscriptionState.VOID: ("无效订购", "void"),
}

FINAL = frozenset({SubscriptionState.CANCELLED, SubscriptionState.LAPSED, SubscriptionState.VOID})


class Subscription(SQLModel, table=True):
    """What one customer agreed to, under the terms of one version of the campaign."""

    __tablename__ = "subscription"
    __table_args__ = (
        sa.UniqueConstraint("contact_id"),
        sa.Index("ix_subscription_centre_state", "centre_id", "state"),
        sa.CheckConstraint("price_fen >= 0 AND trial_days >= 0", name="terms"),
    )

    id: int | None = Field(default=None, primary_key=True)
    centre_id: int = Field(foreign_key="centre.id")
    campaign_id: int = Field(foreign_key="campaign.id", index=True)
    campaign_version_id: int = Field(foreign_key="campaign_version.id")
    contact_id: int = Field(foreign_key="contact.id")
    phone_id: int = Field(foreign_key="phone.id", index=True)
    sale_call_id: int = Field(foreign_key="call.id")
    seller_id: int = Field(foreign_key="staff.id")
    offer_name: str = Field(max_length=80)
    price_fen: int
    cycle: str = Field(default="month", max_length=10)
    trial_days: int
    state: SubscriptionState = Field(sa_type=choice(SubscriptionState))
    before_correction: SubscriptionState | None = Field(
        default=None, sa_type=choice(SubscriptionState, "before_correction")
    )
    recalls: int = 0
    trial_starts_on: date | None = None
    trial_ends_on: date | None = Field(default=None, description="the last free day; an extension moves it")
    version: int = Field(default=0, description="raised by everything that bears on the charge")
    made_at: datetime = Field(sa_type=UtcDateTime)

    @property
    def chargeable_from(self) -> date | None:
        """The first day on which it may be charged: the day after the trial."""
        return self.trial_ends_on + timedelta(days=1) if self.trial_ends_on else None


class StateChange(SQLModel, table=True):
    """One step in the life of a subscription."""

    __tablename__ = "state_change"

    id: int | None = Field(default=None, primary_key=True)
    subscription_id: int = Field(foreign_key="subscription.id", index=True)
    before: SubscriptionState | None = Field(default=None, sa_type=choice(SubscriptionState, "before"))
    after: SubscriptionState = Field(sa_type=choice(SubscriptionState))
    why: str = Field(max_length=60)
    call_id: int | None = Field(default=None, foreign_key="call.id")
    by_id: int | None = Field(default=None, foreign_key="staff.id")
    at: datetime = Field(sa_type=UtcDateTime)


class Withdrawal(SQLModel, table=True):
    """The customer took the yes back."""

    __tablename__ = "withdrawal"

    subscription_id: int = Field(foreign_key="subscription.id", primary_key=True)
    via: str = Field(max_length=40, description="confirmation call, care desk, carrier")
    reason: str = Field(default="", max_length=400)
    by_id: int | None = Field(default=None, foreign_key="staff.id")
    at: datetime = Field(sa_type=UtcDateTime)


def raises_version(table: sa.Table, subscription: str = "NEW.subscription_id") -> None:
    """Every new row of `table` raises its subscription's version, so that it and a charge cannot both win at once."""
    after(
        table,
        f"{table.name}_raises_version",
        when="AFTER INSERT",
        do=(f"UPDATE subscription SET version = version + 1 WHERE id = {subscription}",),
    )


append_only(table_of(StateChange))
append_only(table_of(Withdrawal))
raises_version(table_of(Withdrawal))
guard(
    table_of(Subscription),
    "subscription_final_is_final",
    when="BEFORE UPDATE",
    refuse_if="""(OLD.state IN ('cancelled', 'lapsed', 'void') AND NEW.state <> OLD.state)
        OR NEW.price_fen <> OLD.price_fen OR NEW.phone_id <> OLD.phone_id OR NEW.version < OLD.version
        OR NEW.campaign_version_id <> OLD.campaign_version_id OR NEW.trial_days <> OLD.trial_days
        OR NEW.seller_id <> OLD.seller_id OR NEW.sale_call_id <> OLD.sale_call_id OR NEW.contact_id <> OLD.contact_id
        OR NEW.centre_id <> OLD.centre_id""",
    saying="an ended subscription stays ended",
)
guard(
    table_of(Subscription),
    "subscription_charged_with_entry",
    when="BEFORE UPDATE OF state",
    refuse_if="""NEW.state = 'charged' AND OLD.state <> 'charged' AND NOT EXISTS (SELECT 1 FROM ledger_entry e
        WHERE e.subscription_id = NEW.id AND e.kind = 'charge')""",
    saying="charged means that the ledger says so",
)
