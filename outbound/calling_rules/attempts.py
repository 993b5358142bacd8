"""How often one contact may be tried in one campaign: in all, in a day, in a part of the day."""

from collections.abc import Iterator
from datetime import datetime
from zoneinfo import ZoneInfo

from outbound.calling_rules.holds import Case, Hold, Rule
from outbound.calling_rules.profiles import DayPart
from outbound.calling_rules.windows import instants_of
from outbound.clock import day_ends


def attempts_in_all(case: Case) -> Iterator[Hold]:
    """Held once the campaign's attempts are used up, and never free again."""
    limit = case.rules.attempts.max
    if limit and len(case.attempts) >= limit:
        yield Hold(
            Rule.ATTEMPTS_USED_UP,
            None,
            f"本活动已对该联系人拨打 {len(case.attempts)} 次（上限 {limit} 次），不再拨打。",
            f"The contact was tried {len(case.attempts)} times in this campaign, of at most {limit}.",
        )


def attempts_today(case: Case) -> Iterator[Hold]:
    """Held from the day's last allowed attempt to the end of that day where the callee is."""
    limit = case.rules.attempts.per_day
    if not limit or len(case.attempts) < limit:
        return
    full = [zone for zone in case.zones if len(_on_the_same_day(case, zone)) >= limit]
    if full:
        yield case.hold(
            Rule.ATTEMPTS_TODAY,
            max(day_ends(case.now.astimezone(zone).date(), zone.key) for zone in full),
            f"该联系人今天已拨打 {limit} 次，达到每日上限",
            f"The contact was tried {limit} times today, which is the most",
        )


def attempts_in_day_part(case: Case) -> Iterator[Hold]:
    """Held in a part of the day that has had its attempts, on that day or on all days together."""
    limits = case.rules.attempts
    if not case.attempts or not (limits.per_day_part or limits.in_one_day_part):
        return
    here = [(zone, part) for zone in case.zones if (part := _part_at(case, case.now, zone))]
    full = [(zone, part) for zone, part in here if _is_full(case, zone, part)]
    if full:
        label = full[0][1].label
        yield case.hold(
            Rule.ATTEMPTS_IN_DAY_PART,
            max(_part_ends(case, zone, part) for zone, part in full),
            f"该联系人在{label.zh}时段的拨打次数已达上限",
            f"The contact was tried as often as allowed in the {label.en}",
        )


def _is_full(case: Case, zone: ZoneInfo, part: DayPart) -> bool:
    limits = case.rules.attempts
    today = sum(_part_at(case, attempt, zone) == part for attempt in _on_the_same_day(case, zone))
    ever = sum(_part_at(case, attempt, zone) == part for attempt in case.attempts)
    return today >= (limits.per_day_part or today + 1) or ever >= (limits.in_one_day_part or ever + 1)


def _on_the_same_day(case: Case, zone: ZoneInfo) -> list[datetime]:
    today = case.now.astimezone(zone).date()
    return [attempt for attempt in case.attempts if attempt.astimezone(zone).date() == today]


def _part_at(case: Case, instant: datetime, zone: ZoneInfo) -> DayPart | None:
    local = instant.astimezone(zone)
    minute = local.hour * 60 + local.minute
    parts = case.rules.attempts.day_parts
    return next((part for part in parts if part.hours.start <= minute < part.hours.end), None)


def _part_ends(case: Case, zone: ZoneInfo, part: DayPart) -> datetime:
    runs = instants_of(case.now.astimezone(zone).date(), part.hours, zone)
    return next(end for start, end in runs if start <= case.now < end)
