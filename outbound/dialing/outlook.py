"""Why nobody is handed out now, and how it will go on."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session

from outbound.calling_rules.windows import next_opening
from outbound.dialing.counting import Counted, count
from outbound.dialing.statements import Book
from outbound.dialing.terms import Asker, Terms, ground_of, is_open
from outbound.people import Role, Staff, known

MOST_COUNTED = 200
"""Customers counted of one lane: a desk asks often, and no list may make it wait."""


@dataclass(frozen=True)
class Outlook:
    """What waits for somebody: how many campaigns and customers, and when the next of them may be called."""

    campaigns: int
    waiting: int
    next_at: datetime | None
    bounded: bool = False
    """Whether more wait than were counted."""


def outlook(session: Session, agent: Staff, *, roles: Collection[Role], now: datetime) -> Outlook:
    """Who waits for `agent`, whether their time has come or not; nobody whom the agent may not have."""
    if agent.centre_id is None:
        return Outlook(campaigns=0, waiting=0, next_at=None)
    session.flush()
    book, asker = Book(session.connection()), Asker(known(agent.id), frozenset(roles))
    ground = ground_of(book, [asker.staff_id], now=now)
    [calls] = ground.calls([asker], [agent.centre_id])
    by_campaign = {terms.id: (terms, duties) for terms, duties in calls}
    lists = ground.lists_of(terms for terms, _duties in calls)
    seeds = [(number, duty) for number, campaign, _at in lists for duty in by_campaign[campaign][1]]
    lanes = count(book, seeds, now=now, most=MOST_COUNTED, agent=agent.id)
    terms_by_list = {number: by_campaign[campaign][0] for number, campaign, _at in lists}
    nexts = [
        _next_at(lane, terms_by_list[lane.call_list_id], ground.zones[lane.zone_group_id], now=now) for lane in lanes
    ]
    return Outlook(
        campaigns=len(calls),
        waiting=sum(lane.due + lane.later for lane in lanes),
        next_at=min((at for at in nexts if at), default=None),
        bounded=any(lane.bounded for lane in lanes),
    )


def _next_at(lane: Counted, terms: Terms, zones: str, *, now: datetime) -> datetime | None:
    """When somebody of a lane comes free who is not free now."""
    if lane.due and not is_open(terms.rules, zones, terms.overrides, now=now):
        return next_opening(terms.rules, now, tuple(zones.split(",")), terms.overrides)
    return lane.next_at and next_opening(terms.rules, lane.next_at, tuple(zones.split(",")), terms.overrides)
