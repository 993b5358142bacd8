"""Tries spread over the parts of the day: who was not reached in the morning is rung in the afternoon or the evening.

Pure: the clock and all facts are arguments. Where the number may be in several zones, the parts are those of the first.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from outbound.calling_rules.days import NO_OVERRIDES, Overrides
from outbound.calling_rules.profiles import DayPart, Profile
from outbound.calling_rules.windows import instants_of, next_opening, window_open, zones_named

DAYS = 7
"""How far ahead a part of the day is looked for."""


def first_try(
    rules: Profile, zones: Sequence[str], due_at: datetime, *, place: int, overrides: Overrides = NO_OVERRIDES
) -> datetime:
    """When somebody is rung who becomes due at `due_at`: at once within hours; otherwise customers take turns.

    `place` is any number of the customer's: it names the part of the next day that opens.
    """
    if window_open(rules, due_at, zones, overrides):
        return due_at
    openings = list(_next_day(rules, zones, due_at, overrides))
    return openings[place % len(openings)][0] if openings else due_at


def next_try(
    rules: Profile,
    zones: Sequence[str],
    not_before: datetime,
    *,
    tried: Sequence[datetime],
    overrides: Overrides = NO_OVERRIDES,
) -> datetime:
    """The first instant from `not_before` on that lies in a part of the day in which nobody was tried yet.

    `not_before` itself where every part was tried, or none is open within a week.
    """
    known = zones_named(tuple(zones))
    if not known:
        return not_before
    used = {part for at in tried for part in rules.attempts.day_parts if _holds(part, at, known[0])}
    fresh = (at for at, part in _openings(rules, zones, not_before, overrides) if part not in used)
    return next(fresh, not_before)


def _next_day(
    rules: Profile, zones: Sequence[str], since: datetime, overrides: Overrides
) -> Iterator[tuple[datetime, DayPart]]:
    """The openings of the day that opens next."""
    known, first = zones_named(tuple(zones)), None
    for at, part in _openings(rules, zones, since, overrides):
        day = at.astimezone(known[0]).date() if known else None
        first = first or day
        if day != first:
            return
        yield at, part


def _openings(
    rules: Profile, zones: Sequence[str], since: datetime, overrides: Overrides
) -> Iterator[tuple[datetime, DayPart]]:
    """Each part of each coming day with the first instant from `since` on at which the number may ring in it."""
    known = zones_named(tuple(zones))
    if not known:
        return
    day = since.astimezone(known[0]).date()
    for ahead in range(DAYS):
        for part in rules.attempts.day_parts:
            for starts, ends in instants_of(day + timedelta(days=ahead), part.hours, known[0]):
                opens = next_opening(rules, max(starts, since), zones, overrides) if ends > since else None
                if opens and opens < ends:
                    yield opens, part


def _holds(part: DayPart, instant: datetime, zone: ZoneInfo) -> bool:
    local = instant.astimezone(zone)
    return part.hours.start <= local.hour * 60 + local.minute < part.hours.end
