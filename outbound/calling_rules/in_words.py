"""Calling rules in words, for who must know what they permit without reading YAML."""

from collections.abc import Iterator, Sequence
from itertools import groupby

from outbound.calling_rules.profiles import Attempts, Label, Profile
from outbound.calling_rules.writing import Stretch, span_said

_DAYS = (
    ("周一", "Monday"),
    ("周二", "Tuesday"),
    ("周三", "Wednesday"),
    ("周四", "Thursday"),
    ("周五", "Friday"),
    ("周六", "Saturday"),
    ("周日", "Sunday"),
)


def in_words(rules: Profile) -> list[Label]:
    """What the rules permit, a sentence each, in both languages."""
    return [
        *_hours(rules),
        *_caps(rules),
        *_attempts(rules.attempts),
        *_abandonment(rules),
        *_keeping(rules),
    ]


def _hours(rules: Profile) -> Iterator[Label]:
    for stretches, days in groupby(range(7), key=lambda day: rules.windows.week[day]):
        yield hours_said(days_said(list(days)), stretches)
    if rules.windows.on_holidays is not None:
        country = rules.calendar.country
        zh, en = (f"（{country}）", f" ({country})") if country else ("", "")
        yield hours_said(Label(zh=f"节假日{zh}", en=f"Holidays{en}"), rules.windows.on_holidays)
    if rules.windows.ask_the_calendar and rules.windows.week[0]:
        yield Label(zh="调休上班的周末按周一的时段。", en="A weekend day that is worked has Monday’s hours.")


def days_said(days: Sequence[int]) -> Label:
    """Days of the week that follow each other, 0 being Monday."""
    if len(days) == 7:
        return Label(zh="每天", en="Every day")
    (first_zh, first_en), (last_zh, last_en) = _DAYS[days[0]], _DAYS[days[-1]]
    if len(days) == 1:
        return Label(zh=first_zh, en=first_en)
    return Label(zh=f"{first_zh}至{last_zh}", en=f"{first_en} to {last_en}")


def hours_said(days: Label, stretches: Sequence[Stretch]) -> Label:
    """When numbers may ring on some days."""
    if not stretches:
        return Label(zh=f"{days.zh}不拨打。", en=f"{days.en}: no calls.")
    return Label(
        zh=f"{days.zh} {stretches_said(stretches, '、')}，按被叫当地时间。",
        en=f"{days.en} {stretches_said(stretches, ', ')}, on the callee’s clock.",
    )


def stretches_said(stretches: Sequence[Stretch], between: str) -> str:
    """Stretches of a day as they are read, such as 09:00–12:00."""
    return between.join(str(stretch).replace("-", "–") for stretch in stretches)


def _caps(rules: Profile) -> Iterator[Label]:
    for cap in rules.caps:
        zh, en = span_said(cap.within)
        times = "call" if cap.count == 1 else "calls"
        yield Label(
            zh=f"同一号码任意 {zh}内最多拨打 {cap.count} 次，所有活动合计。",
            en=f"At most {cap.count} {times} to a number within any {en}, all campaigns together.",
        )
    if rules.spacing:
        zh, en = span_said(rules.spacing)
        yield Label(zh=f"同一号码两次拨打至少间隔 {zh}。", en=f"At least {en} between two calls to a number.")
    if not rules.caps and not rules.spacing:
        yield Label(zh="同一号码的拨打次数和间隔不限。", en="No limit to how often or how soon a number is called.")


def _attempts(attempts: Attempts) -> Iterator[Label]:
    written = (
        (attempts.max, "同一联系人在一个活动中最多拨打 {} 次。", "A contact is tried at most {} in a campaign."),
        (attempts.per_day, "同一联系人每天最多拨打 {} 次。", "A contact is tried at most {} a day."),
        (
            attempts.per_day_part,
            "同一联系人在一天的同一时段内最多拨打 {} 次。",
            "A contact is tried at most {} in one part of a day.",
        ),
        (
            attempts.in_one_day_part,
            "同一联系人在同一时段各天合计最多拨打 {} 次。",
            "A contact is tried at most {} in the same part of the day, all days together.",
        ),
    )
    for count, zh, en in written:
        if count is not None:
            yield Label(zh=zh.format(count), en=en.format("once" if count == 1 else f"{count} times"))
    if attempts.per_day_part or attempts.in_one_day_part:
        parts = [(part.label, str(part.hours).replace("-", "–")) for part in attempts.day_parts]
        yield Label(
            zh=f"一天分为{'、'.join(f'{name.zh}（{hours}）' for name, hours in parts)}。",
            en=f"The parts of the day: {', '.join(f'{name.en} ({hours})' for name, hours in parts)}.",
        )


def _abandonment(rules: Profile) -> Iterator[Label]:
    limits = rules.abandonment
    days = "a day" if limits.over_days == 1 else f"{limits.over_days} days"
    yield Label(
        zh=f"客户接通后无坐席应答的呼叫不超过 {limits.percent}%，按 {limits.over_days} 天计算。",
        en=f"At most {limits.percent} % of answered calls may find no agent, counted over {days}.",
    )
    if limits.quiet:
        zh, en = span_said(limits.quiet)
        yield Label(
            zh=f"无坐席应答的号码 {zh}内不再拨打，除非已有坐席等候。",
            en=f"A number that found no agent is not called again for {en}, unless an agent is waiting.",
        )
    if limits.connect_within_seconds is not None:
        seconds = limits.connect_within_seconds
        yield Label(zh=f"接通后 {seconds} 秒内须有坐席应答。", en=f"An agent answers within {seconds} s.")
    if limits.ring_at_least_seconds is not None:
        seconds = limits.ring_at_least_seconds
        yield Label(zh=f"至少振铃 {seconds} 秒。", en=f"It rings for at least {seconds} s.")


def _keeping(rules: Profile) -> Iterator[Label]:
    if rules.list_max_age_days:
        days = rules.list_max_age_days
        yield Label(
            zh=f"清单导入后 {days} 天内有效。", en=f"A list is good for {_counted(days, 'day')} after its import."
        )
    years, refusal = rules.retention_years, rules.refusal
    yield Label(
        zh=f"成交录音至少保存 {years} 年。", en=f"Recordings of sales are kept for at least {_counted(years, 'year')}."
    )
    yield Label(
        zh=f"拒绝来电的号码不再拨打，屏蔽最早 {refusal.minimum_months} 个月后可以到期。",
        en="Who refuses calls is called no more; the block may end "
        f"after {_counted(refusal.minimum_months, 'month')} at the earliest.",
    )


def _counted(number: int, unit: str) -> str:
    return f"{number} {unit}" if number == 1 else f"{number} {unit}s"
