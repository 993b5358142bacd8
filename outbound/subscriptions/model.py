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

    def prolong(self) -> None:
        """One further trial, as long as the first: its end moves in the step that says so, and in no other."""
        assert self.trial_ends_on is not None
        self.trial_ends_on += timedelta(days=self.trial_days)


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

_OTHERWISE = """coalesce(CAST(NEW.{0} AS TEXT), '') <> coalesce(CAST(OLD.{0} AS TEXT), '')"""
_BEGINS = """(NEW.trial_days > 0 AND NEW.trial_ends_on IS NOT NULL
        AND NOT coalesce(NEW.trial_ends_on = {first}, FALSE)) OR NEW.state = 'extended'"""
_GOES_ON = f"""(OLD.trial_starts_on IS NOT NULL AND {_OTHERWISE.format("trial_starts_on")})
        OR (NEW.trial_days > 0 AND {_OTHERWISE.format("trial_ends_on")} AND NOT coalesce(
            (OLD.trial_ends_on IS NULL AND NEW.trial_ends_on = {{first}})
            OR (OLD.trial_ends_on = {{first}} AND NEW.trial_ends_on = {{last}}
                AND OLD.state = 'confirming' AND NEW.state = 'extended'), FALSE))
        OR (NEW.state = 'extended' AND OLD.state <> 'extended' AND NOT coalesce(
            NEW.trial_days > 0 AND NEW.trial_ends_on = {{last}}
            AND ((OLD.state = 'confirming' AND OLD.trial_ends_on = {{first}})
                OR (OLD.state = 'correction_due' AND OLD.before_correction = 'extended')), FALSE))
        OR (OLD.state = 'extended' AND NEW.state IN ('recall_due', 'trial', 'confirming'))"""
_ENDS = {
    "sqlite": {
        "first": "date(NEW.trial_starts_on, '+' || NEW.trial_days || ' days')",
        "last": "date(NEW.trial_starts_on, '+' || (2 * NEW.trial_days) || ' days')",
    },
    "postgresql": {
        "first": "NEW.trial_starts_on + NEW.trial_days",
        "last": "NEW.trial_starts_on + 2 * NEW.trial_days",
    },
}
"""The last free day of the trial, and of the further one: the row alone tells which of the two it is in."""
guard(
    table_of(Subscription),
    "trial_begins_with_one_period",
    when="BEFORE INSERT",
    refuse_if=_BEGINS.format(**_ENDS["sqlite"]),
    postgresql_if=_BEGINS.format(**_ENDS["postgresql"]),
    saying="a trial begins with one period",
)
guard(
    table_of(Subscription),
    "trial_is_extended_once",
    when="BEFORE UPDATE OF state, trial_starts_on, trial_ends_on",
    refuse_if=_GOES_ON.format(**_ENDS["sqlite"]),
    postgresql_if=_GOES_ON.format(**_ENDS["postgresql"]),
    saying="one further trial, once, and then nothing",
)
guard(
    table_of(StateChange),
    "extension_written_down_once",
    when="BEFORE INSERT",
    # Whoever else writes one just now has the subscription, and is seen once it is done.
    first="UPDATE subscription SET version = version + 1 WHERE id = NEW.subscription_id AND NEW.after = 'extended'",
    refuse_if="""NEW.after = 'extended' AND NOT (
        (coalesce(NEW.before, '') IN ('confirming', 'correction_due'))
        AND (NEW.before = 'correction_due') = EXISTS (SELECT 1 FROM state_change h
            WHERE h.subscription_id = NEW.subscription_id AND h.after = 'extended'))""",
    saying="one further trial, once, and then nothing",
)
