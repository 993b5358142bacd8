"""Lanes: contacts of one list, duty, group of zones, callback or not, and priority, in the order in which they are due.

A lane is a contiguous stretch of the index `ix_contact_due`. Lanes that are closed now, of lists that are not handed
out, or whose first contact is not due yet, are passed over whole, without a look at their rows.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import chain
from typing import Any

from outbound.call_lists.model import Duty
from outbound.dialing.statements import Book, Statement
from outbound.dialing.terms import Calls, Ground, Terms, is_open, is_too_old

FEWEST = 8
MOST = 256
"""Contacts looked at in one go."""


@dataclass(frozen=True, slots=True)
class Lane:
    """A lane whose first contact is due."""

    terms: Terms
    call_list_id: int
    duty: Duty
    zone_group_id: int
    callback: bool
    priority: int
    time_zones: tuple[str, ...]


@dataclass(slots=True)
class Candidate:
    """A contact that is due, of an open lane."""

    id: int
    due_at: Any
    """As stored."""
    phone_id: int
    kept_for_id: int | None
    barred_id: int | None
    attempts: int
    epoch: int
    lane: Lane
    is_released: bool
    """Whether a personal callback goes to anybody now."""

    def is_for(self, staff_id: int) -> bool:
        """Whether this person may have it."""
        return self.barred_id != staff_id and (self.kept_for_id in (None, staff_id) or self.is_released)


# From the head of a lane straight to the head of the next; a group of zones that is closed is passed over in one step.
_FIRST_OF_ALL = """first.state = 'queued' AND first.call_list_id = seed.list AND first.duty = seed.duty
            ORDER BY first.zone_group_id, first.callback, first.priority, first.due_at, first.id LIMIT 1"""
# Not `> (…, priority)`: SQLite would look at every row of the lane that it leaves.
_FIRST_OF_NEXT = """next.state = 'queued' AND next.call_list_id = c.call_list_id AND next.duty = c.duty
            AND (next.zone_group_id, next.callback, next.priority) >= (
                CASE WHEN c.zone_group_id IN (SELECT id FROM {zones} AS one) THEN c.zone_group_id
                    ELSE c.zone_group_id + 1 END,
                CASE WHEN c.zone_group_id IN (SELECT id FROM {zones} AS two) THEN c.callback ELSE FALSE END,
                CASE WHEN c.zone_group_id IN (SELECT id FROM {zones} AS three) THEN c.priority + 1
                    ELSE -2147483648 END)
            ORDER BY next.zone_group_id, next.callback, next.priority, next.due_at, next.id LIMIT 1"""
_HEAD = "{0}.call_list_id, {0}.duty, {0}.zone_group_id, {0}.callback, {0}.priority"
_OPEN_AND_DUE = "c.due_at <= :now AND c.zone_group_id IN (SELECT id FROM {zones} AS four)"
_SEEDS = {"list": "integer", "duty": "text"}
_HEADS_SQLITE = Statement(
    f"""WITH RECURSIVE head(id) AS (
        SELECT (SELECT first.id FROM contact first WHERE {_FIRST_OF_ALL}) FROM {{seeds}} AS seed
        UNION ALL
        SELECT (SELECT next.id FROM contact next WHERE {_FIRST_OF_NEXT})
        FROM head CROSS JOIN contact c ON c.id = head.id)
    SELECT {_HEAD.format("c")} FROM head CROSS JOIN contact c ON c.id = head.id WHERE {_OPEN_AND_DUE}""",
    seeds=_SEEDS,
    zones={"id": "integer"},
)
_HEADS_POSTGRESQL = Statement(
    f"""WITH RECURSIVE head AS (
        SELECT ahead.* FROM {{seeds}} AS seed CROSS JOIN LATERAL (
            SELECT {_HEAD.format("first")}, first.due_at FROM contact first WHERE {_FIRST_OF_ALL}) AS ahead
        UNION ALL
        SELECT ahead.* FROM head AS c CROSS JOIN LATERAL (
            SELECT {_HEAD.format("next")}, next.due_at FROM contact next WHERE {_FIRST_OF_NEXT}) AS ahead)
    SELECT {_HEAD.format("c")} FROM head AS c WHERE {_OPEN_AND_DUE}""",
    seeds=_SEEDS,
    zones={"id": "integer"},
)


def lanes_of(book: Book, ground: Ground, calls: Iterable[Calls], *, now: datetime) -> list[Lane]:
    """Every open lane for those calls with somebody due, in the order in which they are served."""
    wanted: dict[Terms, set[Duty]] = {}
    for terms, duties in chain.from_iterable(calls):
        wanted.setdefault(terms, set()).update(duties)
    zones, lists = ground.zones, ground.lists_of(wanted)
    found: list[Lane] = []
    for alike in _alike(wanted):
        by_list = {number: (alike[campaign], at) for number, campaign, at in lists if campaign in alike}
        first = next(iter(alike.values()))
        opened = [[number] for number, named in zones.items() if is_open(first.rules, named, first.overrides, now=now)]
        seeds = [
            [number, duty]
            for number, (campaign, at) in by_list.items()
            for duty in _seeded(campaign, at, wanted[campaign], now)
        ]
        if opened and seeds:
            rows = book.ask(_HEADS_SQLITE if book.sqlite else _HEADS_POSTGRESQL, seeds=seeds, zones=opened, now=now)
            found += [_lane(by_list[row[0]][0], row, zones) for row in rows]
    return sorted(found, key=lambda lane: (not lane.callback, -lane.priority))


def _lane(terms: Terms, row: Any, zones: Mapping[int, str]) -> Lane:
    call_list, duty, zone_group, callback, priority = row
    return Lane(terms, call_list, Duty(duty), zone_group, bool(callback), priority, tuple(zones[zone_group].split(",")))


def _alike(every: Iterable[Terms]) -> list[dict[int, Terms]]:
    """Campaigns by their numbers, together with those that have the same hours."""
    together: dict[tuple[int, int], dict[int, Terms]] = {}
    for terms in every:
        together.setdefault((id(terms.rules), id(terms.overrides)), {})[terms.id] = terms
    return list(together.values())


def _seeded(terms: Terms, imported_at: datetime, duties: Collection[Duty], now: datetime) -> list[Duty]:
    too_old = is_too_old(terms.rules, imported_at, now=now)
    return [duty for duty in duties if not (too_old and duty == Duty.PITCH)]


_COLUMNS = (
    "q.id, q.due_at, q.phone_id, q.kept_for_id, q.barred_id, q.attempts, q.epoch, q.due_at <= lane.released, lane.place"
)
_FIRST = """(SELECT p.id FROM contact p WHERE p.state = 'queued' AND p.call_list_id = lane.list AND p.duty = lane.duty
        AND p.zone_group_id = lane.zones AND p.callback = lane.callback AND p.priority = lane.priority
        AND p.due_at <= :now AND (p.due_at, p.id) > (:after_due, :after_id)
        AND (p.kept_for_id IS NULL OR p.kept_for_id IN (SELECT id FROM {agents} AS asking) OR p.due_at <= lane.released)
        ORDER BY p.due_at, p.id LIMIT :size)"""
_LANE = {
    "place": "integer",
    "list": "integer",
    "duty": "text",
    "zones": "integer",
    "callback": "boolean",
    "priority": "integer",
    "released": "timestamptz",
}
_PAGE_SQLITE = Statement(
    f"""SELECT {_COLUMNS}, 1 FROM {{lanes}} AS lane CROSS JOIN contact q ON q.id IN {_FIRST}
    ORDER BY q.due_at, q.id LIMIT :size""",
    lanes=_LANE,
    agents={"id": "integer"},
)
# What another process has in its hands just now is told as such (null), so that this one goes on behind it.
_PAGE_POSTGRESQL = Statement(
    f"""WITH page AS MATERIALIZED (SELECT {_COLUMNS} FROM {{lanes}} AS lane
        CROSS JOIN LATERAL {_FIRST} AS first JOIN contact q ON q.id = first.id ORDER BY q.due_at, q.id LIMIT :size),
    mine AS MATERIALIZED (SELECT c.id FROM contact c WHERE c.id IN (SELECT id FROM page)
        AND c.state = 'queued' AND c.due_at <= :now FOR UPDATE SKIP LOCKED)
    SELECT page.*, mine.id FROM page LEFT JOIN mine ON mine.id = page.id ORDER BY page.due_at, page.id""",
    lanes=_LANE,
    agents={"id": "integer"},
)


class Level:
    """The lanes of one rank (callback or not, and priority), read together in the order in which people are due."""

    def __init__(self, book: Book, lanes: Sequence[Lane], agents: Collection[int], *, now: datetime) -> None:
        """Rows are read as they are wanted, for those `agents`."""
        self._book, self._lanes, self._agents, self._now = book, lanes, [[agent] for agent in agents], now
        self._after: tuple[Any, int] = ("" if book.sqlite else "-infinity", 0)
        self._is_over = False

    def more(self, size: int) -> list[Candidate]:
        """The next ones, about `size` of them; empty at the end."""
        statement = _PAGE_SQLITE if self._book.sqlite else _PAGE_POSTGRESQL
        while not self._is_over:
            rows = self._book.ask(
                statement,
                lanes=[self._as_row(place, lane) for place, lane in enumerate(self._lanes)],
                agents=self._agents,
                now=self._now,
                after_due=self._after[0],
                after_id=self._after[1],
                size=size,
            )
            self._is_over = len(rows) < size
            if rows:
                self._after = (rows[-1][1], rows[-1][0])
            self._book.saw_locked |= any(row[9] is None for row in rows)
            if found := [self._candidate(row) for row in rows if row[9] is not None]:
                return found
        return []

    def _as_row(self, place: int, lane: Lane) -> list[Any]:
        released = self._now - timedelta(minutes=lane.terms.definition.calling.callback_release_minutes)
        stretch = [lane.call_list_id, lane.duty, lane.zone_group_id, lane.callback, lane.priority]
        return [place, *stretch, self._book.at(released)]

    def _candidate(self, row: Any) -> Candidate:
        number, due_at, phone, kept_for, barred, attempts, epoch, is_released, place, _mine = row
        lane = self._lanes[place]
        return Candidate(number, due_at, phone, kept_for, barred, attempts, epoch, lane, bool(is_released))


def levels(book: Book, lanes: Iterable[Lane], agents: Collection[int], *, now: datetime) -> Iterator[Level]:
    """Lanes by rank, the first to be served first."""
    ranks: dict[tuple[bool, int], list[Lane]] = {}
    for lane in lanes:
        ranks.setdefault((lane.callback, lane.priority), []).append(lane)
    return (Level(book, ranked, agents, now=now) for ranked in ranks.values())


class Stream:
    """Everybody who is due in some lanes, in order; who was passed over stays in front for the next who asks."""

    def __init__(self, book: Book, lanes: Iterable[Lane], agents: Collection[int], *, now: datetime) -> None:
        """Nothing is read before it is wanted."""
        self._levels = levels(book, lanes, agents, now=now)
        self._level = next(self._levels, None)
        self._size = max(FEWEST, len(agents) + 2)
        self.waiting: list[Candidate] = []
        """Who was read and is not gone, in order."""

    def without(self, gone: Collection[int]) -> Iterator[Candidate]:
        """Everybody but those; more are read as they are wanted. `gone` may grow meanwhile."""
        self.waiting = [candidate for candidate in self.waiting if candidate.id not in gone]
        place = 0
        while place < len(self.waiting) or self._read_on():
            yield self.waiting[place]
            place += 1

    def _read_on(self) -> bool:
        while self._level:
            if found := self._level.more(self._size):
                self._size = min(2 * self._size, MOST)
                self.waiting += found
                return True
            self._level = next(self._levels, None)
        return False
