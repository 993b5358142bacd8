"""Time: instants are aware and in UTC; days and weeks are named in a centre's own zone."""

import time as machine
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo


def now() -> datetime:
    """The present instant, aware and in UTC. Read it once at the edge and hand it down as `now`."""
    return datetime.now(UTC)


def seconds_gone() -> float:
    """Seconds since some instant; a machine's sleep counts, and nobody can set them as a clock is set."""
    # What Python calls monotonic stands still on Linux and macOS while the machine sleeps.
    awake_or_not = getattr(machine, "CLOCK_BOOTTIME", getattr(machine, "CLOCK_MONOTONIC", None))
    return machine.monotonic() if awake_or_not is None else machine.clock_gettime(awake_or_not)


class Watch:
    """Notices that the clock is set while a process runs: it is held against the seconds that went by."""

    def __init__(self, now: datetime, gone: Callable[[], float] = seconds_gone) -> None:
        """From `now` on, which is taken to be right."""
        self._began, self._gone, self._at = now, gone, gone()

    def apart(self, now: datetime) -> timedelta:
        """How far the clock was set since then, forth or back; `now` is what it says."""
        return abs(now - self._began - timedelta(seconds=self._gone() - self._at))


def local(instant: datetime, zone: str) -> datetime:
    """The same instant on the wall clock of `zone` (an IANA name)."""
    return instant.astimezone(ZoneInfo(zone))


def local_day(instant: datetime, zone: str) -> date:
    """The calendar day of an instant in `zone`."""
    return local(instant, zone).date()


def day_starts(day: date, zone: str) -> datetime:
    """The first instant of a calendar day in `zone`, in UTC."""
    return datetime.combine(day, time(), ZoneInfo(zone)).astimezone(UTC)


def day_ends(day: date, zone: str) -> datetime:
    """The first instant after a calendar day in `zone`, in UTC: a day's end is exclusive."""
    return day_starts(day + timedelta(days=1), zone)


def week_name(day: date) -> str:
    """The ISO week that holds a day, as `2026-W47`."""
    year, week, _ = day.isocalendar()
    return f"{year}-W{week:02d}"


def week_days(name: str) -> tuple[date, date]:
    """The Monday and the Sunday of a week named as by `week_name`."""
    monday = date.fromisoformat(f"{name}-1")
    return monday, monday + timedelta(days=6)
