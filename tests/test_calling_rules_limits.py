"""How often a number may ring, and how calling-rule profiles are written."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from outbound.calling_rules.holds import Rule
from outbound.calling_rules.own_profiles import own_profile
from outbound.calling_rules.profiles import (
    PROFILES,
    Profile,
    ProfileFaulty,
    ProfileUnknown,
    abandonment_holds,
    earliest_unblock,
    profile,
)
from outbound.calling_rules.rules import held_back, next_free
from outbound.calling_rules.windows import window_open
from outbound.campaigns.definition import read_definition
from outbound.documents import DocumentFaulty
from tests.factories_calls import EXAMPLE

CN = ["Asia/Shanghai"]
NEW_YORK = ["America/New_York"]
ALWAYS: dict[str, Any] = {"windows": {"every_day": ["00:00-24:00"]}, "caps": [], "spacing": None}


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


NOON = utc("2026-11-23T04:00")  # Monday noon in Shanghai


def rules_holding(rules: Profile, now: datetime, **facts: Any) -> list[Rule]:
    return [hold.rule for hold in held_back(rules, now=now, **({"time_zones": CN, "tries": []} | facts))]


def free(rules: Profile, now: datetime, **facts: Any) -> datetime | None:
    return next_free(rules, now=now, **({"time_zones": CN, "tries": []} | facts))


# Caps, spacing and attempts


def test_three_tries_in_five_minutes_are_the_cap() -> None:
    rules = profile("cn-telecom", {"spacing": None})
    tries = [NOON - timedelta(minutes=minutes) for minutes in (1, 4, 2)]
    (hold,) = held_back(rules, now=NOON, time_zones=CN, tries=tries)
    assert (hold.rule, hold.free_at) == (Rule.CAP, NOON + timedelta(minutes=1))
    assert hold.zh == "该号码 5 分钟内已拨打 3 次，达到上限，11 月 23 日 12:01 起可拨。"
    assert rules_holding(rules, NOON, tries=tries[:2]) == []


def test_five_tries_in_a_day_are_the_cap_and_roll() -> None:
    rules = profile("cn-telecom", {"spacing": None})
    tries = [NOON - timedelta(hours=hours) for hours in (1, 2, 3, 4, 23)]
    assert free(rules, NOON, tries=tries) == NOON + timedelta(hours=1)
    assert rules_holding(rules, NOON + timedelta(hours=1), tries=tries) == []


def test_four_hours_lie_between_two_tries() -> None:
    rules = profile()
    assert rules_holding(rules, NOON, tries=[NOON - timedelta(hours=4)]) == []
    (hold,) = held_back(rules, now=NOON, time_zones=CN, tries=[NOON - timedelta(hours=4, microseconds=-1)])
    assert hold.rule is Rule.SPACING
    assert hold.zh.startswith("距上次拨打不足 4 小时")


def test_a_moment_is_said_rounded_up_to_the_minute() -> None:
    (hold,) = held_back(profile(), now=NOON, time_zones=CN, tries=[NOON - timedelta(hours=3, seconds=1)])
    assert hold.en.endswith("free from 13:00 on 2026-11-23.")
    assert hold.free_at == utc("2026-11-23T04:59:59")


def test_every_rule_that_holds_is_named() -> None:
    rules = profile("us-tsr", {"spacing": "4 h", "caps": [{"count": 1, "within": "1 h"}], "attempts": {"max": 1}})
    now = utc("2026-11-24T02:00")
    facts = {"tries": [now], "attempts_on_contact": [now], "list_imported_at": utc("2026-01-01")}
    assert rules_holding(rules, now, time_zones=NEW_YORK, **facts) == [
        Rule.CALLING_HOURS,
        Rule.CAP,
        Rule.SPACING,
        Rule.LIST_TOO_OLD,
        Rule.ATTEMPTS_USED_UP,
    ]


def test_a_contact_that_was_tried_often_enough_is_never_free() -> None:
    rules = profile("us-tsr", ALWAYS | {"attempts": {"max": 2}})
    attempts = [utc("2026-01-01"), utc("2026-01-02")]
    assert rules_holding(rules, NOON, attempts_on_contact=attempts) == [Rule.ATTEMPTS_USED_UP]
    assert free(rules, NOON, attempts_on_contact=attempts) is None
    assert rules_holding(rules, NOON, attempts_on_contact=attempts[:1]) == []


def test_attempts_of_a_day_end_at_the_callees_midnight() -> None:
    rules = profile("us-tsr", ALWAYS | {"attempts": {"per_day": 1}})
    yesterday, today = utc("2026-11-22T15:59"), utc("2026-11-22T16:00")
    assert rules_holding(rules, NOON, attempts_on_contact=[yesterday]) == []
    assert rules_holding(rules, NOON, attempts_on_contact=[today]) == [Rule.ATTEMPTS_TODAY]
    assert free(rules, NOON, attempts_on_contact=[today]) == utc("2026-11-23T16:00")


def test_of_several_zones_the_last_to_let_go_counts() -> None:
    for limits in ({"per_day": 1}, {"per_day_part": 1}):
        rules = profile("us-tsr", ALWAYS | {"attempts": limits})
        facts: dict[str, Any] = {"tries": [], "attempts_on_contact": [NOON]}
        alone = [held_back(rules, now=NOON, time_zones=[zone], **facts)[0].free_at for zone in CN + NEW_YORK]
        (both,) = held_back(rules, now=NOON, time_zones=CN + NEW_YORK, **facts)
        assert None not in alone
        assert both.free_at == max(filter(None, alone)) != min(filter(None, alone))


def test_a_part_of_the_day_has_its_own_limit() -> None:
    rules = profile("us-tsr", ALWAYS | {"attempts": {"per_day_part": 1}})
    (hold,) = held_back(rules, now=NOON, time_zones=CN, tries=[], attempts_on_contact=[NOON])
    assert (hold.rule, hold.free_at) == (Rule.ATTEMPTS_IN_DAY_PART, utc("2026-11-23T10:00"))
    assert "下午" in hold.zh
    assert rules_holding(rules, NOON, attempts_on_contact=[NOON - timedelta(minutes=1)]) == []
    assert rules_holding(rules, NOON, attempts_on_contact=[NOON - timedelta(days=1)]) == []


def test_tries_are_spread_over_the_parts_of_the_day() -> None:
    rules = profile("us-tsr", ALWAYS | {"attempts": {"in_one_day_part": 2}})
    attempts = [NOON - timedelta(days=1), NOON - timedelta(days=2)]
    assert free(rules, NOON, attempts_on_contact=attempts) == utc("2026-11-23T10:00")
    assert rules_holding(rules, NOON, attempts_on_contact=attempts[:1]) == []


def test_a_part_of_the_day_that_is_all_there_is_is_never_free_again() -> None:
    rules = profile("us-tsr", {"attempts": {"in_one_day_part": 1}, "windows": {"every_day": ["13:00-17:00"]}})
    assert free(rules, NOON, attempts_on_contact=[NOON - timedelta(days=1)]) is None


def test_an_abandoned_number_rests_seventy_two_hours_unless_an_agent_waits() -> None:
    noon, london = utc("2026-11-23T12:00"), ["Europe/London"]
    abandoned = [noon - timedelta(hours=71), noon - timedelta(hours=90)]
    assert rules_holding(profile("uk"), noon, time_zones=london, abandoned=abandoned) == [Rule.ABANDONED_LATELY]
    assert free(profile("uk"), noon, time_zones=london, abandoned=abandoned) == noon + timedelta(hours=1)
    assert rules_holding(profile("uk"), noon, time_zones=london, abandoned=abandoned, agent_waiting=True) == []


@pytest.mark.parametrize(("name", "zones", "days"), [("us-tsr", NEW_YORK, 31), ("uk", ["Europe/London"], 28)])
def test_a_list_grows_too_old(name: str, zones: list[str], days: int) -> None:
    noon = utc("2026-11-23T17:00")
    imported = noon - timedelta(days=days)
    assert rules_holding(profile(name), noon, time_zones=zones, list_imported_at=imported) == []
    later = noon + timedelta(seconds=1)
    assert rules_holding(profile(name), later, time_zones=zones, list_imported_at=imported) == [Rule.LIST_TOO_OLD]
    assert free(profile(name), later, time_zones=zones, list_imported_at=imported) is None


def test_a_list_that_is_too_old_by_the_time_the_window_opens_is_never_free() -> None:
    imported = utc("2026-10-24T02:30")
    now = utc("2026-11-24T02:00")
    assert rules_holding(profile("us-tsr"), now, time_zones=NEW_YORK, list_imported_at=imported) == [Rule.CALLING_HOURS]
    assert free(profile("us-tsr"), now, time_zones=NEW_YORK, list_imported_at=imported) is None


# Limits that are counted elsewhere


@pytest.mark.parametrize(
    ("name", "abandoned", "connected", "holds"),
    [("us-tsr", 30, 970, True), ("us-tsr", 31, 969, False), ("uk", 12, 400, True), ("uk", 13, 400, False)],
)
def test_at_most_three_percent_of_live_calls_are_abandoned(
    name: str, abandoned: int, connected: int, holds: bool
) -> None:
    assert abandonment_holds(profile(name), abandoned=abandoned, connected=connected) is holds


def test_no_calls_are_no_abandonment() -> None:
    assert abandonment_holds(profile(), abandoned=0, connected=0)


def test_abandonment_is_counted_over_the_profiles_days() -> None:
    assert [profile(name).abandonment.over_days for name in PROFILES] == [1, 30, 1]
    tsr = profile("us-tsr").abandonment
    assert (tsr.connect_within_seconds, tsr.ring_at_least_seconds, tsr.percent) == (2, 15, Decimal(3))


def test_recordings_are_kept_five_years() -> None:
    assert [profile(name).retention_years for name in PROFILES] == [5, 5, 5]


def test_a_refusal_blocks_for_six_months_at_least() -> None:
    assert earliest_unblock(profile(), utc("2026-08-31T10:00")) == utc("2027-02-28T10:00")
    assert earliest_unblock(profile(), utc("2026-06-30T10:00")) == utc("2026-12-30T10:00")


# Profiles as data


def test_the_default_is_the_chinese_telecom_profile() -> None:
    assert profile() is profile("cn-telecom")


def test_an_unknown_profile_is_refused_with_those_that_there_are() -> None:
    with pytest.raises(ProfileUnknown) as refused:
        profile("mars")
    assert refused.value.sentence("zh") == "没有名为“mars”的外呼规则，可选：cn-telecom, us-tsr, uk。"


def test_an_override_changes_only_what_it_names() -> None:
    rules = profile("cn-telecom", {"windows": {"every_day": ["08:00-21:00"]}, "attempts": {"max": 4}})
    assert str(rules.windows.week[0][0]) == "08:00-21:00"
    assert (rules.attempts.max, rules.caps, rules.spacing) == (4, profile().caps, profile().spacing)
    assert str(profile().windows.week[0][0]) == "09:00-21:00"


def test_all_faults_of_an_override_are_said_at_once() -> None:
    with pytest.raises(ProfileFaulty) as refused:
        profile("uk", {"windows": {"every_day": ["21:00-09:00"]}, "spacing": "soon", "colour": 1})
    assert [fault.path for fault in refused.value.list] == ["windows.every_day.0", "spacing", "colour"]
    assert "结束须晚于开始" in refused.value.sentence("zh")
    assert "5 min, 4 h or 2 days" in refused.value.sentence("en")


def test_a_bad_override_with_dates_for_keys_is_said_too() -> None:
    with pytest.raises(ProfileFaulty, match="workday"):
        profile("uk", {"calendar": {"days": {date(2026, 1, 1): "sunday"}}})


def test_a_centre_writes_its_own_profile() -> None:
    rules = own_profile(
        "name: ours\nlabel: {zh: 本中心, en: Ours}\nwindows: {every_day: [10:00-18:00]}\nspacing: 1 day\n"
    )
    assert rules.spacing == timedelta(days=1)
    assert window_open(rules, utc("2026-11-23T02:00"), CN)


def test_a_fault_in_an_own_profile_names_its_line() -> None:
    with pytest.raises(DocumentFaulty) as refused:
        own_profile("name: ours\nlabel: {zh: 本中心, en: Ours}\nwindows:\n  every_day: [10:00-25:00]\n")
    assert refused.value.sentence("en").startswith("Line 4")


@pytest.mark.parametrize("name", PROFILES)
def test_a_profile_survives_being_written_and_read(name: str) -> None:
    assert Profile.model_validate(profile(name).model_dump(mode="json")) == profile(name)


def test_a_centre_names_its_own_rules_in_a_definition() -> None:
    ours = """
  overrides:
    name: fuzhou-quiet
    label: {zh: 福州静音时段规则, en: "Fuzhou, quiet hours"}
    windows: {every_day: [09:30-12:00, 14:00-20:00], sunday: []}
    caps: [{count: 2, within: 24 h}]
"""
    text = EXAMPLE.replace("\n  overrides:\n", f"{ours[:-1]}\n", 1)
    rules = read_definition(text).profile
    assert (rules.name, rules.label.zh, len(rules.caps)) == ("fuzhou-quiet", "福州静音时段规则", 1)
    assert not window_open(rules, utc("2026-11-23T05:00"), CN)
    assert not window_open(rules, utc("2026-11-22T02:00"), CN)
    assert window_open(rules, utc("2026-11-23T06:00"), CN)
