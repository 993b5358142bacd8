"""Why nobody is handed out now, and how it will go on."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session

from outbound.call_lists.model import Duty
from outbound.calling_rules.windows import next_opening
from outbound.clock import day_ends
from outbound.dialing.counting import Counted, count
from outbound.dialing.statements import Book
from outbound.dialing.terms import PROTECTIVE, Asker, Terms, ground_of, is_open, is_too_old
from outbound.people import Centre, Role, Staff, known

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
    lists = {number: (by_campaign[campaign], at) for number, campaign, at in ground.lists_of(each for each, _ in calls)}
    seeds = [(number, duty) for number, ((_terms, duties), _at) in lists.items() for duty in duties]
    lanes = count(book, seeds, now=now, most=MOST_COUNTED, agent=agent.id)
    zone, nexts = session.get_one(Centre, agent.centre_id).zone, list[datetime]()
    for lane in lanes:
        (terms, _duties), imported_at = lists[lane.call_list_id]
        next_at = _next_at(lane, terms, ground.zones[lane.zone_group_id], now=now)
        if next_at and _is_in_time(lane, terms, imported_at, zone, then=next_at):
            nexts.append(next_at)
        elif next_at:
            # Nobody waits for what comes too late; who is due at an open hour is with a colleague.
            lane.due = (
                lane.due if is_open(terms.rules, ground.zones[lane.zone_group_id], terms.overrides, now=now) else 0
            )
            lane.later = 0
    return Outlook(
        campaigns=len(calls),
        waiting=sum(lane.due + lane.later for lane in lanes),
        next_at=min(nexts, default=None),
        bounded=any(lane.bounded for lane in lanes),
    )


def _is_in_time(lane: Counted, terms: Terms, imported_at: datetime, zone: str, *, then: datetime) -> bool:
    """Whether the campaign still goes on then, and the list is not too old."""
    is_over = lane.duty not in PROTECTIVE and then >= day_ends(terms.definition.ends, zone)
    return not is_over and not (lane.duty == Duty.PITCH and is_too_old(terms.rules, imported_at, now=then))


def _next_at(lane: Counted, terms: Terms, zones: str, *, now: datetime) -> datetime | None:
    """When somebody of a lane comes free who is not free now."""
    if lane.due and not is_open(terms.rules, zones, terms.overrides, now=now):
        return next_opening(terms.rules, now, tuple(zones.split(",")), terms.overrides)
    return lane.next_at and next_opening(terms.rules, lane.next_at, tuple(zones.split(",")), terms.overrides)
