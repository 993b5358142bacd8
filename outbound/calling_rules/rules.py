"""What holds a number back now, in words, and when it will be free. Pure: the clock and all facts are arguments.

Each rule is asked alone and answers with the first instant at which it alone allows a call; `next_free` finds the first
at which all do.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Unpack
from zoneinfo import ZoneInfo

from outbound.calling_rules.attempts import attempts_in_all, attempts_in_day_part, attempts_today
from outbound.calling_rules.days import NO_OVERRIDES, day_kind
from outbound.calling_rules.holds import Case, Facts, Hold, Rule, on_clock
from outbound.calling_rules.profiles import DayKind, Profile
from outbound.calling_rules.windows import (
    HORIZON_DAYS,
    MOST_ZONES,
    is_open_at,
    opening_in_all,
    stretches_of,
    zones_named,
)
from outbound.calling_rules.writing import span_said


def held_back(rules: Profile, *, now: datetime, **facts: Unpack[Facts]) -> list[Hold]:
    """Every rule that holds the number back at `now`; an empty list means that it may be called."""
    return list(_holds(_case(rules, now, facts), facts["time_zones"]))


def callable_now(rules: Profile, *, now: datetime, **facts: Unpack[Facts]) -> bool:
    """Whether no rule holds the number back at `now`; stops at the first that does, without asking until when."""
    case = _case(rules, now, facts)
    if not all(is_open_at(rules, now, zone, case.overrides) for zone in case.zones):
        return False
    return next(_holds(case, facts["time_zones"]), None) is None


def next_free(rules: Profile, *, now: datetime, **facts: Unpack[Facts]) -> datetime | None:
    """The first instant from `now` on at which all rules together allow a call; None where there is none in a year."""
    case = _case(rules, now, facts)
    horizon = now + timedelta(days=HORIZON_DAYS)
    while case.now <= horizon:
        holds = list(_holds(case, facts["time_zones"]))
        if not holds:
            return case.now
        free = [hold.free_at for hold in holds if hold.free_at]
        if len(free) < len(holds):
            return None
        case = replace(case, now=max(free))
    return None


def _case(rules: Profile, now: datetime, facts: Facts) -> Case:
    if now.tzinfo is None:
        raise ValueError("an instant must know its zone")
    names = facts["time_zones"]
    return Case(
        rules,
        now,
        (zones_named(tuple(names)) or ()) if len(names) <= MOST_ZONES else (),
        sorted(facts["tries"]),
        facts.get("list_imported_at"),
        facts.get("attempts_on_contact", ()),
        () if facts.get("agent_waiting") else facts.get("abandoned", ()),
        facts.get("workday_override", NO_OVERRIDES),
    )


def _holds(case: Case, zone_names: Sequence[str]) -> Iterator[Hold]:
    if not case.zones:
        yield _zones_unusable(zone_names)
    for rule in _RULES:
        yield from rule(case)


def _zones_unusable(names: Sequence[str]) -> Hold:
    if len(names) > MOST_ZONES:
        return Hold(
            Rule.TOO_MANY_ZONES,
            None,
            f"号码可能位于 {len(names)} 个时区（超过 {MOST_ZONES} 个），无法判断当地时间，不可拨打。",
            f"The number may be in {len(names)} time zones (over {MOST_ZONES}), so its local time is unknown.",
        )
    return Hold(Rule.ZONE_UNKNOWN, None, "号码所在时区不明，不可拨打。", "The number's time zone is unknown.")


def _calling_hours(case: Case) -> Iterator[Hold]:
    shut = next((zone for zone in case.zones if not is_open_at(case.rules, case.now, zone, case.overrides)), None)
    if shut is None:
        return
    zh, en = _hours_said(case, shut)
    free_at = opening_in_all(case.rules, case.now, case.zones, case.overrides)
    if free_at is None:
        zh, en = f"{zh}，一年内无可拨时间。", f"{en}, and there is no time for it within a year."
        yield Hold(Rule.CALLING_HOURS, None, zh, en)
    else:
        yield case.hold(Rule.CALLING_HOURS, free_at, zh, en, zone=shut)


def _hours_said(case: Case, zone: ZoneInfo) -> tuple[str, str]:
    local = case.now.astimezone(zone)
    hours = [str(stretch).replace("-", "–") for stretch in stretches_of(case.rules, local.date(), case.overrides)]
    if hours:
        zh, en = f"可拨时段为 {'、'.join(hours)}", f"calling hours are {', '.join(hours)}"
    elif day_kind(case.rules.calendar, local.date(), case.overrides) == DayKind.HOLIDAY:
        zh, en = "当天放假，不外呼", "there are no calls on that holiday"
    else:
        zh, en = "当天不外呼", "there are no calls on that day"
    return f"对方当地时间为 {on_clock(local, 'zh')}，{zh}", f"It is {on_clock(local, 'en')} where the number is; {en}"


def _caps(case: Case) -> Iterator[Hold]:
    for cap in case.rules.caps:
        if len(case.tries) < cap.count:
            continue
        # Free as soon as the count-th dial from the end no longer lies within the cap's length.
        free_at = case.tries[-cap.count] + cap.within
        if free_at > case.now:
            zh, en = span_said(cap.within)
            zh = f"该号码 {zh}内已拨打 {cap.count} 次，达到上限"
            yield case.hold(Rule.CAP, free_at, zh, f"The number was dialled {cap.count} times within {en}, the cap")


def _spacing(case: Case) -> Iterator[Hold]:
    spacing = case.rules.spacing
    if spacing and case.tries and (free_at := case.tries[-1] + spacing) > case.now:
        zh, en = span_said(spacing)
        yield case.hold(Rule.SPACING, free_at, f"距上次拨打不足 {zh}", f"The last dial was less than {en} ago")


def _abandoned(case: Case) -> Iterator[Hold]:
    quiet = case.rules.abandonment.quiet
    if quiet and case.abandoned and (free_at := max(case.abandoned) + quiet) > case.now:
        zh, en = span_said(quiet)
        yield case.hold(
            Rule.ABANDONED_LATELY,
            free_at,
            f"{zh}内曾有客户接听后无坐席应答的呼叫（有坐席专门等候时除外）",
            f"It was abandoned within {en}, and no agent waits for this call",
        )


def _list_age(case: Case) -> Iterator[Hold]:
    limit = case.rules.list_max_age_days
    if limit and case.list_imported_at and case.now - case.list_imported_at > timedelta(days=limit):
        yield Hold(
            Rule.LIST_TOO_OLD,
            None,
            f"外呼清单导入已超过 {limit} 天，须重新核查后再导入。",
            f"The list was imported more than {limit} days ago; it must be scrubbed and imported again.",
        )


_RULES: tuple[Callable[[Case], Iterator[Hold]], ...] = (
    _calling_hours,
    _caps,
    _spacing,
    _abandoned,
    _list_age,
    attempts_in_all,
    attempts_today,
    attempts_in_day_part,
)
