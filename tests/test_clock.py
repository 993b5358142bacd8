"""Instants in UTC, days and weeks in a centre's own zone."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outbound import clock

SHANGHAI = "Asia/Shanghai"
ZONES = st.sampled_from(
    [SHANGHAI, "Asia/Urumqi", "America/New_York", "Europe/London", "Australia/Lord_Howe", "Africa/Cairo", "UTC"]
)
DAYS = st.dates(date(2015, 1, 1), date(2035, 12, 31))


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def test_the_present_is_aware_and_in_utc() -> None:
    assert clock.now().utcoffset() == timedelta(0)


def test_an_instant_is_read_on_the_centres_wall_clock() -> None:
    local = clock.local(utc("2026-11-21T16:30"), SHANGHAI)
    assert (local.hour, local.minute, local.day) == (0, 30, 22)


def test_the_day_is_that_of_the_zone_and_not_of_utc() -> None:
    assert clock.local_day(utc("2026-12-31T15:59:59"), SHANGHAI) == date(2026, 12, 31)
    assert clock.local_day(utc("2026-12-31T16:00"), SHANGHAI) == date(2027, 1, 1)


def test_a_day_begins_at_midnight_of_the_zone() -> None:
    assert clock.day_starts(date(2026, 11, 21), SHANGHAI) == utc("2026-11-20T16:00")


def test_a_day_ends_where_the_next_begins() -> None:
    assert clock.day_ends(date(2026, 12, 31), SHANGHAI) == clock.day_starts(date(2027, 1, 1), SHANGHAI)


@pytest.mark.parametrize(
    ("day", "hours"),
    [(date(2026, 3, 7), 24), (date(2026, 3, 8), 23), (date(2026, 11, 1), 25), (date(2026, 11, 2), 24)],
)
def test_a_day_of_a_clock_change_is_an_hour_shorter_or_longer(day: date, hours: int) -> None:
    zone = "America/New_York"
    assert clock.day_ends(day, zone) - clock.day_starts(day, zone) == timedelta(hours=hours)


def test_a_day_whose_midnight_is_left_out_begins_at_the_clock_change() -> None:
    assert clock.day_starts(date(2026, 4, 24), "Africa/Cairo") == utc("2026-04-23T22:00")


def test_a_day_whose_midnight_comes_twice_begins_at_the_first() -> None:
    assert clock.day_starts(date(2026, 11, 1), "America/Havana") == utc("2026-11-01T04:00")


@given(DAYS, ZONES)
def test_a_day_holds_its_first_instant_and_not_its_end(day: date, zone: str) -> None:
    starts, ends = clock.day_starts(day, zone), clock.day_ends(day, zone)
    assert clock.local_day(starts, zone) == day
    assert clock.local_day(starts - timedelta(microseconds=1), zone) == day - timedelta(days=1)
    assert clock.local_day(ends - timedelta(microseconds=1), zone) == day
    assert clock.local_day(ends, zone) == day + timedelta(days=1)


@pytest.mark.parametrize(
    ("day", "name"),
    [
        (date(2026, 11, 21), "2026-W47"),
        (date(2026, 12, 31), "2026-W53"),
        (date(2027, 1, 3), "2026-W53"),
        (date(2027, 1, 4), "2027-W01"),
        (date(2024, 12, 30), "2025-W01"),
        (date(2021, 1, 3), "2020-W53"),
    ],
)
def test_a_week_at_a_years_end_bears_the_year_of_its_thursday(day: date, name: str) -> None:
    assert clock.week_name(day) == name


def test_a_week_runs_from_monday_to_sunday() -> None:
    assert clock.week_days("2026-W53") == (date(2026, 12, 28), date(2027, 1, 3))


@given(DAYS)
def test_a_day_lies_in_the_week_that_is_named_for_it(day: date) -> None:
    monday, sunday = clock.week_days(clock.week_name(day))
    assert monday <= day <= sunday
    assert (monday.weekday(), sunday.weekday()) == (0, 6)


def test_a_year_of_fifty_two_weeks_has_no_fifty_third() -> None:
    with pytest.raises(ValueError, match="W53"):
        clock.week_days("2025-W53")
