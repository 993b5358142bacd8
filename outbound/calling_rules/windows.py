"""Calling windows on the callee's wall clock, and the instants at which they open: right across clock changes."""

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from outbound.calling_rules.days import NO_OVERRIDES, Overrides, day_kind, days_from
from outbound.calling_rules.profiles import DayKind, Profile
from outbound.calling_rules.writing import Stretch

MOST_ZONES = 6
"""A number that may be in more zones than these is not callable: nobody can say what time it is there."""

HORIZON_DAYS = 370
"""How far ahead an opening is looked for: a year, so that the widest holiday and every clock change lie within."""

Interval = tuple[datetime, datetime]
"""Two instants in UTC, the second exclusive."""


@lru_cache(maxsize=1024)
def zones_named(names: tuple[str, ...]) -> tuple[ZoneInfo, ...] | None:
    """The zones of those IANA names, or None where there are none or one is unknown (as `Etc/Unknown` is)."""
    try:
        return tuple(ZoneInfo(name) for name in names) or None
    except (KeyError, ValueError, OSError):
        return None


def stretches_of(rules: Profile, day: date, overrides: Overrides = NO_OVERRIDES) -> tuple[Stretch, ...]:
    """When numbers may ring on a calendar day; a make-up workday at a weekend has Monday's hours."""
    windows = rules.windows
    weekday = day.weekday()
    if windows.ask_the_calendar:
        kind = day_kind(rules.calendar, day, overrides)
        if kind == DayKind.HOLIDAY and windows.on_holidays is not None:
            return windows.on_holidays
        if kind == DayKind.WORKDAY and weekday >= 5:
            weekday = 0
    return windows.week[weekday]


def is_open_at(rules: Profile, instant: datetime, zone: ZoneInfo, overrides: Overrides = NO_OVERRIDES) -> bool:
    """Whether the wall clock of one zone stands within a window; a window's end is exclusive."""
    local = instant.astimezone(zone)
    minute = local.hour * 60 + local.minute
    return any(stretch.start <= minute < stretch.end for stretch in stretches_of(rules, local.date(), overrides))


def window_open(rules: Profile, now: datetime, zones: Sequence[str], overrides: Overrides = NO_OVERRIDES) -> bool:
    """Whether a number that may be in any of `zones` may ring now: only where all of them allow it."""
    known = zones_named(tuple(zones)) if len(zones) <= MOST_ZONES else None
    return known is not None and all(is_open_at(rules, now, zone, overrides) for zone in known)


def next_opening(
    rules: Profile, now: datetime, zones: Sequence[str], overrides: Overrides = NO_OVERRIDES
) -> datetime | None:
    """The first instant from `now` on at which all of `zones` allow a call; None where there is none within a year."""
    known = zones_named(tuple(zones)) if len(zones) <= MOST_ZONES else None
    return None if known is None else opening_in_all(rules, now, known, overrides)


def opening_in_all(
    rules: Profile, now: datetime, zones: Sequence[ZoneInfo], overrides: Overrides = NO_OVERRIDES
) -> datetime | None:
    """As `next_opening`, of zones already known."""
    instant, horizon = now, now + timedelta(days=HORIZON_DAYS)
    while instant <= horizon:
        openings = [_opening(rules, instant, zone, overrides) for zone in zones]
        if None in openings:
            return None
        later = max(opening for opening in openings if opening)
        if later == instant:
            return instant
        instant = later
    return None


def _opening(rules: Profile, now: datetime, zone: ZoneInfo, overrides: Overrides) -> datetime | None:
    if is_open_at(rules, now, zone, overrides):
        return now
    # From the day before: where clocks go back across midnight, a part of it comes again.
    for day in days_from(now.astimezone(zone).date() - timedelta(days=1), HORIZON_DAYS):
        starts = [
            max(start, now)
            for stretch in stretches_of(rules, day, overrides)
            for start, end in instants_of(day, stretch, zone)
            if end > now
        ]
        if starts:
            return min(starts)
    return None


def instants_of(day: date, stretch: Stretch, zone: ZoneInfo) -> list[Interval]:
    """The instants at which the wall clock of `zone` shows `day` and a time within `stretch`.

    One interval on ordinary days; none or a shorter one where clocks go forward, and up to two where they go back.
    """
    midnight = datetime.combine(day, time(), UTC)
    start, end = midnight + timedelta(minutes=stretch.start), midnight + timedelta(minutes=stretch.end)
    shown = ((max(start, since + offset), min(end, until + offset), offset) for since, until, offset in _run(day, zone))
    return [(since - offset, until - offset) for since, until, offset in shown if since < until]


@lru_cache(maxsize=4096)
def _run(day: date, zone: ZoneInfo) -> tuple[tuple[datetime, datetime, timedelta], ...]:
    """Instants around a calendar day in `zone`, cut where its offset from UTC changes: (from, until, offset)."""
    midnight = datetime.combine(day, time(), UTC)
    return tuple(_cut(midnight - timedelta(hours=26), midnight + timedelta(hours=50), zone))


def _cut(since: datetime, until: datetime, zone: ZoneInfo) -> Iterator[tuple[datetime, datetime, timedelta]]:
    before, after = _offset(since, zone), _offset(until, zone)
    if before == after:
        yield since, until, before
        return
    early, late = since, until
    while late - early > timedelta(seconds=1):
        middle = early + timedelta(seconds=(late - early) // timedelta(seconds=2))
        early, late = (middle, late) if _offset(middle, zone) == before else (early, middle)
    yield since, late, before
    yield from _cut(late, until, zone)


def _offset(instant: datetime, zone: ZoneInfo) -> timedelta:
    offset = instant.astimezone(zone).utcoffset()
    assert offset is not None
    return offset
