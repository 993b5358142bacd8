"""When a number may ring: calling windows, clock changes, holidays."""

from datetime import UTC, date, datetime, time, timedelta
from time import process_time
from timeit import repeat
from typing import Any

import pytest

from outbound.calling_rules.days import is_workday, undecreed_years
from outbound.calling_rules.holds import Rule
from outbound.calling_rules.profiles import (
    DayKind,
    Profile,
    profile,
)
from outbound.calling_rules.rules import callable_now, held_back, next_free
from outbound.calling_rules.windows import next_opening, window_open

CN = ["Asia/Shanghai"]
NEW_YORK, LOS_ANGELES = ["America/New_York"], ["America/Los_Angeles"]
ANCHORAGE_ADAK = ["America/Anchorage", "America/Adak"]
SEVEN_ZONES = [f"Etc/GMT+{hours}" for hours in range(1, 8)]
ALWAYS: dict[str, Any] = {"windows": {"every_day": ["00:00-24:00"]}, "caps": [], "spacing": None}


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


NOON = utc("2026-11-23T04:00")  # Monday noon in Shanghai


def rules_holding(rules: Profile, now: datetime, **facts: Any) -> list[Rule]:
    return [hold.rule for hold in held_back(rules, now=now, **({"time_zones": CN, "tries": []} | facts))]


def free(rules: Profile, now: datetime, **facts: Any) -> datetime | None:
    return next_free(rules, now=now, **({"time_zones": CN, "tries": []} | facts))


# The window


@pytest.mark.parametrize(
    ("instant", "zones", "name", "verdict"),
    [
        ("2026-11-23T13:00", NEW_YORK, "us-tsr", True),
        ("2026-11-23T13:00", LOS_ANGELES, "us-tsr", False),
        ("2026-11-23T13:00", NEW_YORK + LOS_ANGELES, "us-tsr", False),
        ("2026-11-24T02:00", NEW_YORK, "us-tsr", False),
        ("2026-03-07T12:30", NEW_YORK, "us-tsr", False),
        ("2026-03-08T12:30", NEW_YORK, "us-tsr", True),
        ("2026-11-23T17:30", ANCHORAGE_ADAK, "us-tsr", False),
        ("2026-11-23T17:30", ANCHORAGE_ADAK[:1], "us-tsr", True),
        ("2026-11-23T13:00", CN, "cn-telecom", False),
        ("2026-11-23T12:59:59", CN, "cn-telecom", True),
        ("2026-11-23T00:59:59", CN, "cn-telecom", False),
        ("2026-11-23T01:00", CN, "cn-telecom", True),
        ("2026-11-23T08:00", ["Europe/London"], "uk", True),
        ("2026-11-23T21:00", ["Europe/London"], "uk", False),
    ],
)
def test_a_number_rings_only_in_the_callees_window(instant: str, zones: list[str], name: str, verdict: bool) -> None:
    assert window_open(profile(name), utc(instant), zones) is verdict
    assert callable_now(profile(name), now=utc(instant), time_zones=zones, tries=[]) is verdict
    assert (Rule.CALLING_HOURS in rules_holding(profile(name), utc(instant), time_zones=zones)) is not verdict


def test_a_shut_window_says_when_it_opens_on_the_callees_clock() -> None:
    (hold,) = held_back(profile(), now=utc("2026-11-23T13:00"), time_zones=CN, tries=[])
    assert hold.free_at == utc("2026-11-24T01:00")
    assert hold.sentence("zh") == (
        "对方当地时间为 11 月 23 日 21:00，可拨时段为 09:00–21:00，11 月 24 日 09:00 起可拨。"
    )
    assert hold.sentence("en") == (
        "It is 21:00 on 2026-11-23 where the number is; calling hours are 09:00–21:00; free from 09:00 on 2026-11-24."
    )


def test_several_zones_open_together_when_the_last_one_does() -> None:
    assert next_opening(profile("us-tsr"), utc("2026-11-23T06:00"), NEW_YORK + LOS_ANGELES) == utc("2026-11-23T16:00")


def test_zones_that_are_never_open_together_are_never_free() -> None:
    rules = profile("uk", {"windows": {"every_day": ["09:00-20:00"]}})
    assert next_opening(rules, NOON, ["Etc/GMT+6", "Etc/GMT-6"]) is None
    (hold,) = held_back(rules, now=NOON, time_zones=["Etc/GMT+6", "Etc/GMT-6"], tries=[])
    assert hold.free_at is None
    assert hold.zh.endswith("一年内无可拨时间。")


def test_over_six_zones_are_not_callable() -> None:
    rules = profile("us-tsr", ALWAYS)
    assert rules_holding(rules, NOON, time_zones=SEVEN_ZONES) == [Rule.TOO_MANY_ZONES]
    assert rules_holding(rules, NOON, time_zones=SEVEN_ZONES[:6]) == []
    assert window_open(rules, NOON, SEVEN_ZONES[:6])
    assert next_opening(rules, NOON, SEVEN_ZONES[:6]) == NOON
    assert free(rules, NOON, time_zones=SEVEN_ZONES) is None
    assert not window_open(rules, NOON, SEVEN_ZONES)
    assert next_opening(rules, NOON, SEVEN_ZONES) is None


@pytest.mark.parametrize("zones", [[], ["Etc/Unknown"], ["Asia/Shanghai", "Mars/Olympus"], ["../etc/passwd"]])
def test_an_unknown_zone_is_not_callable(zones: list[str]) -> None:
    assert rules_holding(profile("us-tsr", ALWAYS), NOON, time_zones=zones) == [Rule.ZONE_UNKNOWN]
    assert not window_open(profile(), NOON, zones)


def test_an_instant_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="zone"):
        held_back(profile(), now=NOON.replace(tzinfo=None), time_zones=CN, tries=[])


def test_a_window_that_opens_within_the_hour_left_out_opens_at_the_clock_change() -> None:
    rules = profile("us-tsr", {"windows": {"every_day": ["02:30-21:00"]}})
    assert next_opening(rules, utc("2026-03-08T06:00"), NEW_YORK) == utc("2026-03-08T07:00")


def test_a_window_within_the_hour_that_comes_twice_opens_twice() -> None:
    rules = profile("us-tsr", {"windows": {"every_day": ["01:15-01:45"]}})
    assert next_opening(rules, utc("2026-11-01T05:00"), NEW_YORK) == utc("2026-11-01T05:15")
    assert next_opening(rules, utc("2026-11-01T05:45"), NEW_YORK) == utc("2026-11-01T06:15")
    assert next_opening(rules, utc("2026-11-01T06:45"), NEW_YORK) == utc("2026-11-02T06:15")


def test_an_evening_that_comes_again_after_midnight_opens_again() -> None:
    # St. John's went from 00:01 on 7 November 2010 back to 23:01 on the 6th.
    rules = profile("us-tsr", {"windows": {"every_day": ["23:30-23:45"]}})
    assert next_opening(rules, utc("2010-11-07T02:30:30"), ["America/St_Johns"]) == utc("2010-11-07T03:00")


def test_weekdays_may_have_their_own_windows() -> None:
    rules = profile("uk", {"windows": {"saturday": ["10:00-12:00", "14:00-16:00"], "sunday": []}})
    london = ["Europe/London"]
    assert next_opening(rules, utc("2026-11-21T12:00"), london) == utc("2026-11-21T14:00")
    assert next_opening(rules, utc("2026-11-21T16:00"), london) == utc("2026-11-23T08:00")
    (hold,) = held_back(rules, now=utc("2026-11-22T12:00"), time_zones=london, tries=[])
    assert "当天不外呼" in hold.zh


# Holidays

OFFICE: dict[str, Any] = {"windows": {"saturday": [], "sunday": [], "holiday": []}}


@pytest.mark.parametrize(
    ("day", "works"),
    [
        ("2026-10-01", False),  # National Day
        ("2026-10-07", False),  # moved from Sunday 20 September
        ("2026-10-08", True),
        ("2026-10-10", True),  # a Saturday that is made up
        ("2026-10-11", False),  # Sunday
        ("2026-02-16", False),  # the eve of the Spring Festival
        ("2026-02-14", True),  # a Saturday that is made up
        ("2025-12-31", True),
    ],
)
def test_holidays_and_made_up_workdays_are_as_decreed(day: str, works: bool) -> None:
    assert is_workday(profile().calendar, date.fromisoformat(day)) is works
    noon = datetime.combine(date.fromisoformat(day), time(4), UTC)
    assert window_open(profile("cn-telecom", OFFICE), noon, CN) is works


def test_a_holiday_says_so() -> None:
    (hold,) = held_back(profile("cn-telecom", OFFICE), now=utc("2026-10-01T04:00"), time_zones=CN, tries=[])
    assert "当天放假，不外呼" in hold.zh
    assert hold.free_at == utc("2026-10-08T01:00")


def test_the_standard_rules_call_on_holidays_as_on_any_day() -> None:
    assert window_open(profile(), utc("2026-10-01T04:00"), CN)


def test_a_centres_own_table_wins_over_the_calendar() -> None:
    rules = profile("cn-telecom", OFFICE)
    table = {date(2026, 10, 1): DayKind.WORKDAY, date(2026, 11, 23): DayKind.HOLIDAY}
    assert callable_now(rules, now=utc("2026-10-01T04:00"), time_zones=CN, tries=[], workday_override=table)
    assert rules_holding(rules, NOON, workday_override=table) == [Rule.CALLING_HOURS]
    assert free(rules, NOON, workday_override=table) == utc("2026-11-24T01:00")


def test_a_profiles_own_table_wins_over_the_calendar() -> None:
    rules = profile("cn-telecom", OFFICE | {"calendar": {"days": {"2026-11-23": "holiday"}}})
    assert not window_open(rules, NOON, CN)


def test_a_centres_own_table_wins_over_the_profiles() -> None:
    rules = profile("cn-telecom", OFFICE | {"calendar": {"days": {"2026-11-23": "holiday"}}})
    assert window_open(rules, NOON, CN, {date(2026, 11, 23): DayKind.WORKDAY})


def test_an_undecreed_year_warns() -> None:
    (warning,) = undecreed_years(profile(), [date(2026, 12, 31), date(2027, 1, 4), date(2027, 5, 1)])
    assert warning.year == 2027
    assert "2027 年的放假调休安排尚未公布" in warning.sentence("zh")
    assert "2027" in warning.sentence("en")


def test_an_undecreed_year_knows_only_the_festivals_fixed_by_law() -> None:
    calendar = profile().calendar
    assert not is_workday(calendar, date(2027, 10, 1))
    assert is_workday(calendar, date(2027, 2, 9))  # a guess would move a day of the Spring Festival here


def test_a_year_that_the_centre_entered_itself_does_not_warn() -> None:
    rules = profile("cn-telecom", {"calendar": {"decided_years": [2027], "days": {"2027-02-09": "holiday"}}})
    assert undecreed_years(rules, [date(2027, 1, 4)]) == []
    assert not is_workday(rules.calendar, date(2027, 2, 9))


def test_countries_whose_holidays_stand_in_law_never_warn() -> None:
    assert undecreed_years(profile("uk"), [date(2035, 1, 1)]) == []
    assert not is_workday(profile("uk").calendar, date(2026, 12, 25))


def test_a_verdict_on_a_mainland_number_is_quick() -> None:
    facts: dict[str, Any] = {"time_zones": CN, "tries": [NOON - timedelta(days=day) for day in range(1, 5)]}
    # The processor's time: how busy the machine is otherwise says nothing about the rules.
    runs = repeat(lambda: held_back(profile(), now=NOON, **facts), timer=process_time, number=200, repeat=5)
    assert min(runs) / 200 < 50e-6
