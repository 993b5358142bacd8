"""Why nobody is handed out now, and how it will go on."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session, col, select

from outbound.call_lists.model import Contact, ContactState
from outbound.dialing.handout import calls_open_to
from outbound.people import Role, Staff


@dataclass(frozen=True)
class Outlook:
    """What waits for somebody: how many campaigns and customers, and when the next of them may be called."""

    campaigns: int
    waiting: int
    next_at: datetime | None


def outlook(session: Session, agent: Staff, *, roles: Collection[Role], now: datetime) -> Outlook:
    """Who waits for `agent`, whether their time has come or not."""
    open_to = calls_open_to(session, agent, roles, now=now)
    if not open_to:
        return Outlook(campaigns=0, waiting=0, next_at=None)
    calls_for = sa.or_(
        *(sa.and_(col(Contact.campaign_id) == campaign, col(Contact.duty).in_(duties)) for campaign, duties in open_to)
    )
    not_barred = sa.or_(col(Contact.barred_id).is_(None), col(Contact.barred_id) != agent.id)
    later = sa.func.min(sa.case((col(Contact.due_at) > now, col(Contact.due_at))))
    asked = select(sa.func.count(), later).select_from(Contact)
    count, next_at = session.exec(asked.where(calls_for, not_barred, Contact.state == ContactState.QUEUED)).one()
    return Outlook(campaigns=len(open_to), waiting=count, next_at=next_at)
