"""Opt-outs: a number is blocked at once, everywhere; and the conditions under which an opt-out holds."""

from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session, col, select

from outbound import journal
from outbound.calling_rules.profiles import Profile, earliest_unblock, profile
from outbound.errors import Refusal
from outbound.opt_outs.model import Category, OptOut, OptOutLifting, Scope
from outbound.people import Staff, known
from outbound.phones.hiding import without_numbers
from outbound.phones.model import Phone

TOUCHED = frozenset({"phone", "dial_token", "claim", "contact"})
"""Tables in which a block takes effect."""


def holding(now: datetime) -> sa.ColumnElement[bool]:
    """The condition that an opt-out, of whatever scope, has neither expired nor been lifted by `now`."""
    lifted = sa.exists().where(col(OptOutLifting.opt_out_id) == col(OptOut.id))
    return sa.and_(sa.or_(col(OptOut.expires_at).is_(None), col(OptOut.expires_at) > now), ~lifted)


def in_force(now: datetime, *, kind: str | None = None, campaign_id: int | None = None) -> sa.ColumnElement[bool]:
    """The condition that an opt-out holds at `now` for a campaign of that kind; without both: for all calls."""
    # A kind or a campaign that is not asked about must not match the rows that have none.
    concerns = [col(OptOut.scope) == Scope.ALL]
    if kind is not None:
        concerns.append(col(OptOut.campaign_kind) == kind)
    if campaign_id is not None:
        concerns.append(col(OptOut.campaign_id) == campaign_id)
    return sa.and_(holding(now), sa.or_(*concerns))


def of_number(session: Session, phone: Phone, *, now: datetime) -> list[OptOut]:
    """Every opt-out of a number that is in force, the newest first."""
    asked = select(OptOut).where(OptOut.phone_id == phone.id, holding(now)).order_by(col(OptOut.id).desc())
    return list(session.exec(asked).all())


class ExpiryTooEarly(Refusal):
    """This opt-out may end on {earliest} at the earliest; choose a later day, or none."""

    zh = "该拒呼记录最早可于 {earliest} 到期，请选择更晚的日期或永久有效。"
    status = 422


def earliest_end(category: Category, now: datetime, rules: Profile | None = None) -> datetime:
    """The first instant at which an opt-out of that category may end; one that our own staff ask for: at any time."""
    return now if category == Category.STAFF_REQUEST else earliest_unblock(rules or profile(), now)


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
    rules: Profile | None = None,
) -> OptOut:
    """Never ring this number again: at once, in every campaign that the scope concerns.

    `rules` say how early it may end, `cn-telecom` where none are given. Raises ExpiryTooEarly.
    """
    _refuse_too_early(expires_at, earliest_end(category, now, rules))
    opt_out = OptOut(
        centre_id=centre_id,
        phone_id=known(phone.id),
        category=category,
        scope=scope,
        campaign_kind=campaign_kind,
        campaign_id=campaign_id,
        source=source,
        reason=without_numbers(reason),
        by_id=by.id if by else None,
        at=now,
        expires_at=expires_at,
    )
    if existing := next((held for held in of_number(session, phone, now=now) if _covers(held, opt_out)), None):
        return existing
    _put_in_force(session, opt_out)
    journal.record(session, "phone.blocked", opt_out, by=by, now=now, phone=phone.id, category=category, scope=scope)
    return opt_out


def _put_in_force(session: Session, opt_out: OptOut) -> None:
    session.add(opt_out)
    session.flush()
    look_again(session)


def _refuse_too_early(expires_at: datetime | None, earliest: datetime) -> None:
    if expires_at and expires_at < earliest:
        raise ExpiryTooEarly(earliest=earliest.date().isoformat())


def _covers(held: OptOut, wanted: OptOut) -> bool:
    same = (held.scope, held.campaign_kind, held.campaign_id) == (
        wanted.scope,
        wanted.campaign_kind,
        wanted.campaign_id,
    )
    if held.scope != Scope.ALL and not same:
        return False
    return held.expires_at is None or (wanted.expires_at is not None and held.expires_at >= wanted.expires_at)


def look_again(session: Session) -> None:
    """What the trigger changed is read anew; the rest of the session stays as it is."""
    for row in session.identity_map.values():
        if getattr(row, "__tablename__", "") in TOUCHED:
            session.expire(row)
