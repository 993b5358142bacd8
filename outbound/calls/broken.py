"""Callbacks that nobody kept: recorded by the timetable with an outcome of their own, and given to anybody."""

from collections.abc import Iterator
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import aliased
from sqlmodel import Field, Session, SQLModel, col, select

from outbound import journal
from outbound.call_lists.model import Contact, ContactState
from outbound.calls.model import After, Call, Outcome
from outbound.campaigns import lookups
from outbound.campaigns.model import Campaign
from outbound.db import UtcDateTime, append_only, table_of
from outbound.dialing.model import Claim
from outbound.people import Centre, known

OUTCOME = "callback_broken"
LOOKED_BACK = timedelta(days=30)
"""Older promises are not looked for any more: the timetable would have found them."""


class BrokenCallback(SQLModel, table=True):
    """A callback that was promised in a call and not kept in time; the customer is still called if that is possible."""

    __tablename__ = "broken_callback"
    __table_args__ = (
        sa.UniqueConstraint("call_id"),
        sa.Index("ix_broken_callback_centre_promised", "centre_id", "promised_at"),
        sa.Index("ix_broken_callback_contact_id", "contact_id"),
    )

    id: int | None = Field(default=None, primary_key=True)
    centre_id: int = Field(foreign_key="centre.id")
    campaign_id: int = Field(foreign_key="campaign.id")
    contact_id: int = Field(foreign_key="contact.id")
    call_id: int = Field(foreign_key="call.id", description="the call in which it was promised")
    agent_id: int = Field(foreign_key="staff.id", description="who promised it")
    personal: bool = Field(description="whether it was for that agent alone")
    promised_at: datetime = Field(sa_type=UtcDateTime, description="when the customer was to be called")
    outcome_code: str = Field(default=OUTCOME, foreign_key="outcome.code")
    at: datetime = Field(sa_type=UtcDateTime)


append_only(table_of(BrokenCallback))


def record_broken(session: Session, centre: Centre, *, now: datetime) -> list[BrokenCallback]:
    """Record every callback of a centre that is overdue by its campaign's hours, once; who waits is then anybody's."""
    return [_record(session, call, contact, now=now) for call, contact in _not_kept(session, centre, now=now)]


def _record(session: Session, call: Call, contact: Contact, *, now: datetime) -> BrokenCallback:
    assert call.callback_at is not None, "asked for by the query"
    broken = BrokenCallback(
        centre_id=call.centre_id,
        campaign_id=call.campaign_id,
        contact_id=call.contact_id,
        call_id=known(call.id),
        agent_id=call.agent_id,
        personal=contact.kept_for_id is not None,
        promised_at=call.callback_at,
        at=now,
    )
    contact.kept_for_id = None
    session.add_all([broken, contact])
    session.flush()
    journal.record(session, "callback.broken", broken, by=None, now=now, call=call.id, promised=str(call.callback_at))
    return broken


def _not_kept(session: Session, centre: Centre, *, now: datetime) -> Iterator[tuple[Call, Contact]]:
    """The calls whose callback is overdue, with their contacts, in the order of the promises."""
    asked = (
        select(Call, Contact)
        .join(Contact, col(Contact.id) == col(Call.contact_id))
        .join(Outcome, col(Outcome.code) == col(Call.outcome_code))
        .where(Call.centre_id == centre.id, col(Call.callback_at) <= now, col(Call.callback_at) > now - LOOKED_BACK)
        .where(Outcome.after == After.CALLBACK, _still_wanted(), ~_called_since(), ~_in_hand(), ~_recorded())
        .order_by(col(Call.callback_at), col(Call.id))
    )
    for call, contact in session.exec(asked).all():
        allowed = lookups.definition_of(session, session.get_one(Campaign, call.campaign_id)).calling
        if call.callback_at and call.callback_at + timedelta(hours=allowed.callback_broken_hours) <= now:
            yield call, contact


def _still_wanted() -> sa.ColumnElement[bool]:
    # Who asked not to be called, or is done with, is owed no callback; whom the rules never let ring again still is.
    return sa.or_(col(Contact.state) == ContactState.QUEUED, col(Contact.closed_why) == "rules")


def _called_since() -> sa.ColumnElement[bool]:
    later = aliased(Call)
    return sa.exists().where(col(later.contact_id) == col(Call.contact_id), col(later.id) > col(Call.id))


def _in_hand() -> sa.ColumnElement[bool]:
    return sa.exists().where(col(Claim.contact_id) == col(Contact.id), col(Claim.ended_at).is_(None))


def _recorded() -> sa.ColumnElement[bool]:
    return sa.exists().where(col(BrokenCallback.call_id) == col(Call.id))


def broken_since(session: Session, centre_id: int, since: datetime) -> list[BrokenCallback]:
    """The callbacks of a centre that were to be made since then and were not, the latest first."""
    asked = select(BrokenCallback).where(
        BrokenCallback.centre_id == centre_id, col(BrokenCallback.promised_at) >= since
    )
    return list(session.exec(asked.order_by(col(BrokenCallback.promised_at).desc(), col(BrokenCallback.id))).all())
