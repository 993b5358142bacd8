"""Opt-outs: numbers that must not be rung, since when, why, and who lifted it.

Blocking takes effect in the same transaction everywhere: triggers void the number's unused dial tokens, end its open
claims and close its queued contacts, whoever writes the row.
"""

from datetime import datetime
from enum import StrEnum

import sqlalchemy as sa
from sqlmodel import Field, Session, SQLModel, col, select

from outbound import journal
from outbound.db import UtcDateTime, after, append_only, choice, table_of
from outbound.errors import Refusal
from outbound.people import Staff, known
from outbound.phones.model import Phone

TOUCHED = frozenset({"phone", "dial_token", "claim", "contact"})
"""Tables in which a block takes effect."""


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


class OptOutLifting(SQLModel, table=True):
    """The decision of two people that a number may be rung again."""

    __tablename__ = "opt_out_lifting"
    __table_args__ = (sa.CheckConstraint("asked_by_id <> approved_by_id", name="two_people"),)

    opt_out_id: int = Field(foreign_key="opt_out.id", primary_key=True)
    asked_by_id: int = Field(foreign_key="staff.id")
    approved_by_id: int = Field(foreign_key="staff.id")
    reason: str = Field(max_length=400)
    at: datetime = Field(sa_type=UtcDateTime)


append_only(table_of(OptOut))
append_only(table_of(OptOutLifting))

_CONCERNS = """(NEW.scope = 'all' OR campaign_id = NEW.campaign_id
        OR campaign_id IN (SELECT id FROM campaign WHERE kind = NEW.campaign_kind))"""
after(
    table_of(OptOut),
    "opt_out_takes_effect",
    when="AFTER INSERT",
    do=(
        # Raising the phone's version makes this wait for a dial in flight, and a dial wait for this.
        "UPDATE phone SET version = version + 1 WHERE id = NEW.phone_id",
        f"""UPDATE dial_token SET voided_at = NEW.at WHERE phone_id = NEW.phone_id AND used_at IS NULL
        AND voided_at IS NULL AND {_CONCERNS}""",
        f"""UPDATE claim SET ended_at = NEW.at, ended_how = 'blocked' WHERE phone_id = NEW.phone_id
        AND ended_at IS NULL AND {_CONCERNS}
        AND NOT EXISTS (SELECT 1 FROM call WHERE call.claim_id = claim.id)""",
        f"""UPDATE contact SET state = 'closed', closed_why = 'opted_out' WHERE phone_id = NEW.phone_id
        AND state = 'queued' AND {_CONCERNS}""",
    ),
)


def in_force(now: datetime, *, kind: str | None = None, campaign_id: int | None = None) -> sa.ColumnElement[bool]:
    """The condition that an opt-out holds at `now` for a campaign of that kind; without both: for all calls."""
    lifted = sa.exists().where(col(OptOutLifting.opt_out_id) == col(OptOut.id))
    # A kind or a campaign that is not asked about must not match the rows that have none.
    concerns = [col(OptOut.scope) == Scope.ALL]
    if kind is not None:
        concerns.append(col(OptOut.campaign_kind) == kind)
    if campaign_id is not None:
        concerns.append(col(OptOut.campaign_id) == campaign_id)
    return sa.and_(sa.or_(col(OptOut.expires_at).is_(None), col(OptOut.expires_at) > now), ~lifted, sa.or_(*concerns))


def of_number(session: Session, phone: Phone, *, now: datetime) -> list[OptOut]:
    """Every opt-out of a number that is in force, the newest first."""
    lifted = sa.exists().where(col(OptOutLifting.opt_out_id) == col(OptOut.id))
    current = sa.or_(col(OptOut.expires_at).is_(None), col(OptOut.expires_at) > now)
    asked = select(OptOut).where(OptOut.phone_id == phone.id, current, ~lifted).order_by(col(OptOut.id).desc())
    return list(session.exec(asked).all())


def block(
    session: Session,
    phone: Phone,
    *,
    category: Category,
    source: str,
    by: Staff | None,
    now: datetime,
    centre_id: int | None = None,
    scope: Scope = Scope.ALL,
    campaign_kind: str | None = None,
    campaign_id: int | None = None,
    reason: str = "",
    expires_at: datetime | None = None,
) -> OptOut:
    """Never ring this number again: at once, in every campaign that the scope concerns."""
    wanted = (scope, campaign_kind, campaign_id)
    for existing in of_number(session, phone, now=now):
        held = (existing.scope, existing.campaign_kind, existing.campaign_id)
        if existing.expires_at is None and (existing.scope == Scope.ALL or held == wanted):
            return existing
    opt_out = OptOut(
        centre_id=centre_id,
        phone_id=known(phone.id),
        category=category,
        scope=scope,
        campaign_kind=campaign_kind,
        campaign_id=campaign_id,
        source=source,
        reason=reason,
        by_id=by.id if by else None,
        at=now,
        expires_at=expires_at,
    )
    session.add(opt_out)
    session.flush()
    _look_again(session)
    journal.record(session, "phone.blocked", opt_out, by=by, now=now, phone=phone.id, category=category, scope=scope)
    return opt_out


def _look_again(session: Session) -> None:
    """What the trigger changed is read anew; the rest of the session stays as it is."""
    for row in session.identity_map.values():
        if getattr(row, "__tablename__", "") in TOUCHED:
            session.expire(row)


class SecondPersonNeeded(Refusal):
    """A number may be rung again only when a second person agrees; ask a colleague to approve it."""

    zh = "解除拒呼需要第二个人同意，请让同事审批。"


def lift(
    session: Session, opt_out: OptOut, *, asked_by: Staff, approved_by: Staff, reason: str, now: datetime
) -> OptOutLifting:
    """Let a number be rung again, on the word of two people; raises SecondPersonNeeded."""
    if already := session.get(OptOutLifting, known(opt_out.id)):
        return already
    if asked_by.id == approved_by.id:
        raise SecondPersonNeeded
    lifting = OptOutLifting(
        opt_out_id=known(opt_out.id),
        asked_by_id=known(asked_by.id),
        approved_by_id=known(approved_by.id),
        reason=reason,
        at=now,
    )
    session.add(lifting)
    journal.record(session, "phone.unblocked", opt_out, by=approved_by, now=now, asked_by=asked_by.id, reason=reason)
    return lifting
