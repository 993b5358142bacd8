"""How many wait in each lane, and from when: by index alone, however long the lists are."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from outbound.call_lists.model import Duty
from outbound.dialing.statements import Book, Statement

# As in `lanes`, from the head of a lane straight to the head of the next; here closed ones are visited too. The plus
# before the priority keeps SQLite from walking through the lane: two integer columns it compares as numbers, and for
# that it does not use an index of integers.
_TEXT = """WITH RECURSIVE head(id) AS (
        SELECT (SELECT first.id FROM contact first
            WHERE first.state = 'queued' AND first.call_list_id = seed.list AND first.duty = seed.duty
            ORDER BY first.zone_group_id, first.callback, first.priority, first.due_at, first.id LIMIT 1)
        FROM {{seeds}} AS seed
        UNION ALL
        SELECT (SELECT after.id FROM contact after
            WHERE after.state = 'queued' AND after.call_list_id = c.call_list_id AND after.duty = c.duty
            AND (after.zone_group_id, after.callback, after.priority) > (c.zone_group_id, c.callback, +c.priority)
            ORDER BY after.zone_group_id, after.callback, after.priority, after.due_at, after.id LIMIT 1)
        FROM head JOIN contact c ON c.id = head.id)
    SELECT c.call_list_id, c.duty, c.zone_group_id, c.callback,
        (SELECT count(*) FROM (SELECT 1 FROM contact d WHERE {lane} AND d.due_at <= :now LIMIT :most) AS due),
        (SELECT count(*) FROM (SELECT 1 FROM contact d WHERE {lane} AND d.due_at > :now LIMIT :most) AS later),
        (SELECT d.due_at FROM contact d WHERE {lane} AND d.due_at > :now ORDER BY d.due_at LIMIT 1)
    FROM head JOIN contact c ON c.id = head.id"""
_LANE = """d.state = 'queued' AND d.call_list_id = c.call_list_id AND d.duty = c.duty
        AND d.zone_group_id = c.zone_group_id AND d.callback = c.callback AND d.priority = c.priority"""
_SEEDS = {"list": "integer", "duty": "text"}
_COUNT = Statement(_TEXT.format(lane=_LANE), seeds=_SEEDS)
_COUNT_FOR = Statement(_TEXT.format(lane=f"{_LANE} AND (d.barred_id IS NULL OR d.barred_id <> :agent)"), seeds=_SEEDS)


@dataclass(slots=True)
class Counted:
    """A lane in figures; `bounded` means that there may be more than were counted."""

    call_list_id: int
    duty: Duty
    zone_group_id: int
    callback: bool
    due: int
    later: int
    next_at: datetime | None
    """When the next of those who are not due yet is due."""
    bounded: bool


def count(
    book: Book, seeds: Sequence[tuple[int, Duty]], *, now: datetime, most: int, agent: int | None = None
) -> list[Counted]:
    """Every lane of those lists and duties; at most `most` are counted of each, due and not due apart.

    With `agent`, whom nobody may hand to that agent is left out; those rows are read, but nobody is barred from first
    calls.
    """
    first = [[number, str(duty)] for number, duty in seeds if agent is None or duty == Duty.PITCH]
    others = [[number, str(duty)] for number, duty in seeds if agent is not None and duty != Duty.PITCH]
    rows = list(book.ask(_COUNT, seeds=first, now=now, most=most)) if first else []
    if others:
        rows += book.ask(_COUNT_FOR, seeds=others, now=now, most=most, agent=agent)
    return [
        Counted(
            call_list,
            Duty(duty),
            zones,
            bool(callback),
            due,
            later,
            book.instant(at) if at else None,
            most in (due, later),
        )
        for call_list, duty, zones, callback, due, later, at in rows
    ]
