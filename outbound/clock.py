"""Time: instants are aware and in UTC; days and weeks are named in a centre's own zone."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo


def now() -> datetime:
    """The present instant, aware and in UTC. Read it once at the edge and hand it down as `now`."""
    return datetime.now(UTC)


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
