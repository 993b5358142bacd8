"""Calling rules against a scan minute by minute."""

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from outbound.calling_rules.profiles import DayKind, Profile, profile
from outbound.calling_rules.rules import callable_now, next_free
from outbound.calling_rules.windows import next_opening, window_open

CN = ["Asia/Shanghai"]
ALWAYS: dict[str, Any] = {"windows": {"every_day": ["00:00-24:00"]}, "caps": [], "spacing": None}


NOON = datetime(2026, 11, 23, 4, tzinfo=UTC)  # Monday noon in Shanghai


ZONES = st.sampled_from(
    ["Asia/Shanghai", "America/New_York", "America/Havana", "Europe/London", "Africa/Cairo", "Australia/Lord_Howe"]
)
INSTANTS = st.one_of(
    st.datetimes(datetime(2026, 1, 1), datetime(2027, 12, 31)),  # noqa: DTZ001 - made aware below
    st.sampled_from([datetime(2026, 3, 8), datetime(2026, 11, 1), datetime(2026, 10, 4), datetime(2026, 4, 23, 20)]),  # noqa: DTZ001
).map(lambda instant: instant.replace(second=0, microsecond=0, tzinfo=UTC))


@st.composite
def stretches(draw: st.DrawFn) -> str:
    start, end = sorted(draw(st.lists(st.integers(0, 48), min_size=2, max_size=2, unique=True)))
    return f"{start // 2:02d}:{start % 2 * 30:02d}-{end // 2:02d}:{end % 2 * 30:02d}"


WINDOWS = st.fixed_dictionaries(
    {"every_day": st.lists(stretches(), min_size=1, max_size=2)},
    optional={day: st.lists(stretches(), max_size=1) for day in ("saturday", "sunday", "wednesday")},
)


def shows_open(windows: dict[str, list[str]], instant: datetime, zone: str) -> bool:
    local = instant.astimezone(ZoneInfo(zone))
    hours = windows.get(local.strftime("%A").lower(), windows["every_day"])
    return any(hour[:5] <= local.strftime("%H:%M") < hour[6:] for hour in hours)


@settings(deadline=None)
@given(WINDOWS, INSTANTS, st.lists(ZONES, min_size=1, max_size=3, unique=True))
def test_windows_agree_with_a_scan_minute_by_minute(
    windows: dict[str, list[str]], now: datetime, zones: list[str]
) -> None:
    rules = profile("us-tsr", {"windows": windows})
    minutes = (now + timedelta(minutes=minute) for minute in range(60 * 60))
    first = next((at for at in minutes if all(shows_open(windows, at, zone) for zone in zones)), None)
    assert window_open(rules, now, zones) is (first == now)
    opening = next_opening(rules, now, zones)
    assert opening == first if first else opening is None or opening >= now + timedelta(hours=60)


TRIES = st.lists(st.integers(-72 * 60, 0).map(lambda minutes: timedelta(minutes=minutes)), max_size=8)
LIMITS = st.fixed_dictionaries(
    {},
    optional={
        "per_day": st.integers(1, 3),
        "per_day_part": st.integers(1, 2),
        "in_one_day_part": st.integers(1, 3),
        "max": st.integers(5, 9),
    },
)


@settings(deadline=None)
@given(WINDOWS, LIMITS, INSTANTS, st.lists(ZONES, min_size=1, max_size=2, unique=True), TRIES)
def test_the_next_free_instant_is_free_and_nothing_before_it_is(
    windows: dict[str, list[str]], limits: dict[str, int], now: datetime, zones: list[str], ago: list[timedelta]
) -> None:
    rules = profile("cn-telecom", {"windows": windows, "attempts": limits})
    facts: dict[str, Any] = {"time_zones": zones, "tries": [now + gap for gap in ago]}
    facts["attempts_on_contact"] = facts["tries"]
    found = next_free(rules, now=now, **facts)
    minutes = (now + timedelta(minutes=minute) for minute in range(36 * 60))
    first = next((at for at in minutes if callable_now(rules, now=at, **facts)), None)
    assert found == first if first else found is None or found >= now + timedelta(hours=36)


@settings(deadline=None)
@given(
    st.lists(st.tuples(st.integers(1, 4), st.integers(1, 30)), min_size=1, max_size=3),
    st.lists(st.integers(0, 20), min_size=1, max_size=40),
)
def test_who_obeys_the_caps_never_dials_too_often_in_any_stretch(caps: list[tuple[int, int]], waits: list[int]) -> None:
    written = [{"count": count, "within": f"{minutes} min"} for count, minutes in caps]
    rules = profile("cn-telecom", ALWAYS | {"caps": written})
    tries = obedient_tries(rules, waits)
    for count, minutes in caps:
        for first in tries:
            assert sum(first <= at < first + timedelta(minutes=minutes) for at in tries) <= count


def obedient_tries(rules: Profile, waits: Sequence[int]) -> list[datetime]:
    now, tries = NOON, list[datetime]()
    for wait in waits:
        now += timedelta(minutes=wait)
        if callable_now(rules, now=now, time_zones=CN, tries=tries):
            tries.insert(0, now)
    return tries


DAYS = st.dictionaries(
    st.integers(0, 12).map(lambda ahead: date(2026, 11, 23) + timedelta(days=ahead)), st.sampled_from(DayKind)
)


@settings(deadline=None)
@given(DAYS, st.integers(0, 12 * 48).map(lambda halves: NOON + timedelta(minutes=30 * halves)))
def test_the_next_opening_obeys_holidays_and_made_up_workdays(decided: dict[date, DayKind], now: datetime) -> None:
    rules = profile("cn-telecom", {"windows": {"saturday": [], "sunday": [], "holiday": []}})

    def works(at: datetime) -> bool:
        here = at.astimezone(ZoneInfo("Asia/Shanghai"))
        usual = DayKind.WORKDAY if here.weekday() < 5 else DayKind.HOLIDAY
        return decided.get(here.date(), usual) == DayKind.WORKDAY and 9 <= here.hour < 21

    first = next(at for half in range(30 * 48) if works(at := now + timedelta(minutes=30 * half)))
    assert next_opening(rules, now, CN, decided) == first
    assert window_open(rules, now, CN, decided) is (first == now)


@settings(deadline=None)
@given(LIMITS, st.lists(st.integers(0, 600), min_size=1, max_size=60), ZONES)
def test_who_obeys_the_limits_never_tries_a_contact_too_often(
    limits: dict[str, int], waits: list[int], zone: str
) -> None:
    rules = profile("cn-telecom", ALWAYS | {"attempts": limits})
    now, attempts = NOON, list[datetime]()
    for wait in waits:
        now += timedelta(minutes=wait)
        if callable_now(rules, now=now, time_zones=[zone], tries=[], attempts_on_contact=attempts):
            attempts.append(now)
    local = [at.astimezone(ZoneInfo(zone)) for at in attempts]
    parts = [(at.date(), (at.hour >= 12) + (at.hour >= 18)) for at in local]
    assert len(attempts) <= limits.get("max", len(attempts))
    for counts, limit in (
        (Counter(day for day, _part in parts), limits.get("per_day")),
        (Counter(parts), limits.get("per_day_part")),
        (Counter(part for _day, part in parts), limits.get("in_one_day_part")),
    ):
        assert limit is None or max(counts.values(), default=0) <= limit
