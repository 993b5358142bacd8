"""The tables of opt-outs: numbers that must not be rung, since when, why, and who lifted it.

Blocking takes effect in the same transaction everywhere: triggers void the number's unused dial tokens, end its open
claims and close its queued contacts, whoever writes the row. How two people lift an opt-out is in `liftings`.
"""

from datetime import datetime
from enum import StrEnum

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from outbound.db import PLPGSQL, UtcDateTime, append_only, choice, guard, lock, table_of


class Category(StrEnum):
    """Why a number is blocked."""

    REFUSAL = "refusal"
    COMPLAINT = "complaint"
    REGULATOR = "regulator"
    LITIGATION = "litigation"
    STAFF_REQUEST = "staff_request"


class Scope(StrEnum):
    """What it is blocked for."""

    ALL = "all"
    CAMPAIGN_KIND = "campaign_kind"
    CAMPAIGN = "campaign"


class OptOut(SQLModel, table=True):
    """A number never to be called, from `at` until `expires_at` (null: for ever)."""

    __tablename__ = "opt_out"
    __table_args__ = (
        sa.CheckConstraint("(scope = 'campaign') = (campaign_id IS NOT NULL)", name="scope_campaign"),
        sa.CheckConstraint("(scope = 'campaign_kind') = (campaign_kind IS NOT NULL)", name="scope_kind"),
        sa.CheckConstraint("expires_at IS NULL OR expires_at > at", name="ends_after_it_begins"),
    )

    id: int | None = Field(default=None, primary_key=True)
    centre_id: int | None = Field(default=None, foreign_key="centre.id")
    phone_id: int = Field(foreign_key="phone.id", index=True)
    category: Category = Field(sa_type=choice(Category))
    scope: Scope = Field(default=Scope.ALL, sa_type=choice(Scope))
    campaign_kind: str | None = Field(default=None, max_length=40)
    campaign_id: int | None = Field(default=None, foreign_key="campaign.id")
    source: str = Field(max_length=80, description="how it reached us: the call, a list, the care desk")
    reason: str = Field(default="", max_length=400)
    by_id: int | None = Field(default=None, foreign_key="staff.id")
    at: datetime = Field(sa_type=UtcDateTime)
    expires_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class LiftingAnswer(StrEnum):
    """What a second person said to the wish that a number may be rung again."""

    APPROVED = "approved"
    DECLINED = "declined"


class LiftingRequest(SQLModel, table=True):
    """One person's wish that a number may be rung again; it waits for the answer of another."""

    __tablename__ = "lifting_request"
    __table_args__ = (
        sa.CheckConstraint("answered_by_id <> asked_by_id", name="two_people"),
        sa.CheckConstraint(
            "(answer IS NULL) = (answered_by_id IS NULL) AND (answer IS NULL) = (answered_at IS NULL)", name="answered"
        ),
        sa.Index(
            "uq_lifting_request_waiting",
            "opt_out_id",
            unique=True,
            sqlite_where=sa.text("answer IS NULL"),
            postgresql_where=sa.text("answer IS NULL"),
        ),
    )

    id: int | None = Field(default=None, primary_key=True)
    centre_id: int = Field(foreign_key="centre.id", index=True)
    opt_out_id: int = Field(foreign_key="opt_out.id")
    asked_by_id: int = Field(foreign_key="staff.id")
    reason: str = Field(max_length=400)
    asked_at: datetime = Field(sa_type=UtcDateTime)
    answer: LiftingAnswer | None = Field(default=None, sa_type=choice(LiftingAnswer))
    answered_by_id: int | None = Field(default=None, foreign_key="staff.id")
    answered_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    note: str = Field(default="", max_length=400)


class OptOutLifting(SQLModel, table=True):
    """The decision of two people that a number may be rung again."""

    __tablename__ = "opt_out_lifting"
    __table_args__ = (sa.CheckConstraint("asked_by_id <> approved_by_id", name="two_people"),)

    opt_out_id: int = Field(foreign_key="opt_out.id", primary_key=True)
    request_id: int = Field(foreign_key="lifting_request.id", unique=True)
    asked_by_id: int = Field(foreign_key="staff.id")
    approved_by_id: int = Field(foreign_key="staff.id")
    reason: str = Field(max_length=400)
    at: datetime = Field(sa_type=UtcDateTime)


append_only(table_of(OptOut))
append_only(table_of(OptOutLifting))
guard(
    table_of(OptOutLifting),
    "opt_out_lifting_asked_and_approved",
    when="BEFORE INSERT",
    refuse_if="""NOT EXISTS (SELECT 1 FROM lifting_request r WHERE r.id = NEW.request_id
        AND r.opt_out_id = NEW.opt_out_id AND r.asked_by_id = NEW.asked_by_id
        AND r.answer = 'approved' AND r.answered_by_id = NEW.approved_by_id)""",
    saying="a lifting is asked for by one person and approved by another",
)
guard(
    table_of(LiftingRequest),
    "lifting_request_answered_once",
    when="BEFORE UPDATE",
    refuse_if="""OLD.answer IS NOT NULL OR NEW.opt_out_id <> OLD.opt_out_id OR NEW.asked_by_id <> OLD.asked_by_id
        OR NEW.id <> OLD.id OR NEW.centre_id <> OLD.centre_id OR NEW.reason <> OLD.reason
        OR NEW.asked_at <> OLD.asked_at""",
    saying="a wish to lift an opt-out is answered once, and stays as it was asked",
)
guard(
    table_of(LiftingRequest),
    "lifting_request_never_deleted",
    when="BEFORE DELETE",
    refuse_if="OLD.id IS NOT NULL",
    saying="wishes to lift an opt-out are kept",
)

_CONCERNS = """({new}.scope = 'all' OR {row}.campaign_id = {new}.campaign_id
        OR {row}.campaign_id IN (SELECT id FROM campaign WHERE kind = {new}.campaign_kind))"""
_EFFECTS = (
    # Raising the phone's version makes this wait for a dial in flight, and a dial wait for this.
    "UPDATE phone SET version = version + 1 {from_new} WHERE phone.id = {new}.phone_id",
    f"""UPDATE dial_token SET voided_at = {{new}}.at {{from_new}} WHERE dial_token.phone_id = {{new}}.phone_id
        AND used_at IS NULL AND voided_at IS NULL AND {_CONCERNS.format(row="dial_token", new="{new}")}""",
    f"""UPDATE claim SET ended_at = {{new}}.at, ended_how = 'blocked' {{from_new}}
        WHERE claim.phone_id = {{new}}.phone_id
        AND ended_at IS NULL AND {_CONCERNS.format(row="claim", new="{new}")}
        AND NOT EXISTS (SELECT 1 FROM call WHERE call.claim_id = claim.id)""",
    f"""UPDATE contact SET state = 'closed', closed_why = 'opted_out' {{from_new}}
        WHERE contact.phone_id = {{new}}.phone_id
        AND state = 'queued' AND {_CONCERNS.format(row="contact", new="{new}")}""",
)


def _row_by_row() -> str:
    effects = "\n    ".join(f"{effect.format(new='NEW', from_new='')};" for effect in _EFFECTS)
    return f"CREATE TRIGGER opt_out_takes_effect AFTER INSERT ON opt_out FOR EACH ROW BEGIN\n    {effects}\nEND"


def _all_at_once() -> list[str]:
    # Locked in one order, so that two imports never wait for each other in a circle.
    first = """PERFORM 1 FROM phone WHERE id IN (SELECT phone_id FROM fresh) ORDER BY id FOR NO KEY UPDATE"""
    effects = "\n    ".join(f"{effect.format(new='fresh', from_new='FROM fresh')};" for effect in _EFFECTS)
    return [
        f"""CREATE FUNCTION opt_out_takes_effect() RETURNS trigger {PLPGSQL} AS $$ BEGIN
    {first};
    {effects}
    RETURN NULL;
END $$""",
        """CREATE TRIGGER opt_out_takes_effect AFTER INSERT ON opt_out REFERENCING NEW TABLE AS fresh
        FOR EACH STATEMENT EXECUTE FUNCTION opt_out_takes_effect()""",
    ]


# A million opt-outs come in with a few statements: PostgreSQL looks at all that one of them brings together.
lock(table_of(OptOut), "opt_out_takes_effect", sqlite=[_row_by_row()], postgresql=_all_at_once())
