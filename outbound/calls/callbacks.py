"""When a customer can be called back: only times at which the number may ring."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from outbound.calling_rules.days import NO_OVERRIDES, Overrides
from outbound.calling_rules.profiles import Profile
from outbound.calling_rules.windows import window_open
from outbound.clock import local

STEP = timedelta(minutes=30)
DAYS = 14
"""How far ahead the desk offers times."""
_EVENING, _MORNING = time(18, 30), time(10)


def possible_times(
    rules: Profile, zones: Sequence[str], *, zone: str, now: datetime, overrides: Overrides = NO_OVERRIDES
) -> list[datetime]:
    """Every half hour of the next days, by the clock of `zone`, at which a number that may be in `zones` may ring."""
    first = local(now, zone).replace(minute=0, second=0, microsecond=0).astimezone(UTC)
    steps = (first + STEP * count for count in range(DAYS * 48))
    return [at for at in steps if at > now and window_open(rules, at, zones, overrides)]


def suggested_times(
    rules: Profile, zones: Sequence[str], *, zone: str, now: datetime, overrides: Overrides = NO_OVERRIDES
) -> list[datetime]:
    """The times that customers ask for most: soon, this evening, tomorrow and the day after; at most six, in order."""
    possible = sorted({at for at in _usual(zone, now) if at > now and window_open(rules, at, zones, overrides)})
    return possible[:6]


def _usual(zone: str, now: datetime) -> Iterator[datetime]:
    yield _rounded(now + timedelta(hours=1))
    yield _rounded(now + timedelta(hours=3))
    here = local(now, zone)
    for days in range(3):
        day = here.date() + timedelta(days=days)
        for clock in (_MORNING, _EVENING):
            yield datetime.combine(day, clock, ZoneInfo(zone)).astimezone(UTC)
    yield _rounded(now + timedelta(days=1))


def _rounded(at: datetime) -> datetime:
    """The next quarter of an hour."""
    late = timedelta(minutes=at.minute % 15, seconds=at.second, microseconds=at.microsecond)
    return at - late + timedelta(minutes=15) if late else at
