"""Where a centre's own rules allow more than the profile from which they start: its own responsibility, and said."""

from collections.abc import Iterator, Sequence
from datetime import timedelta
from itertools import groupby

from outbound.calling_rules.in_words import days_said, stretches_said
from outbound.calling_rules.profiles import Cap, Label, Profile
from outbound.calling_rules.writing import Stretch, span_said

_NEVER = timedelta(0)


def looser(rules: Profile, base: Profile) -> list[Label]:
    """Each point in which `rules` allow what `base` does not, in both languages; empty: they are as strict or stricter.

    Kinds of the calendar's days are not compared: whose holidays count is a fact, and not a matter of strictness.
    """
    return [
        *_hours(rules, base),
        *_caps(rules, base),
        *_attempts(rules, base),
        *_abandonment(rules, base),
        *_keeping(rules, base),
    ]


def _hours(rules: Profile, base: Profile) -> Iterator[Label]:
    ours, theirs = rules.windows, base.windows
    beyond = [tuple(_beyond(ours.week[day], theirs.week[day])) for day in range(7)]
    for more, days in groupby(range(7), key=lambda day: beyond[day]):
        if more:
            yield _rings(days_said(list(days)), more)
    if ours.on_holidays is None and theirs.on_holidays is None:
        return
    # A holiday without hours of its own is like its weekday.
    held = [
        _beyond(_on_holiday(ours.on_holidays, ours.week[day]), _on_holiday(theirs.on_holidays, theirs.week[day]))
        for day in range(7)
    ]
    if more := next((tuple(stretches) for stretches in held if stretches), ()):
        yield _rings(Label(zh="节假日", en="Holidays"), more)


def _on_holiday(written: Sequence[Stretch] | None, weekday: Sequence[Stretch]) -> Sequence[Stretch]:
    return weekday if written is None else written


def _beyond(ours: Sequence[Stretch], theirs: Sequence[Stretch]) -> list[Stretch]:
    """The stretches of `ours` that lie outside of `theirs`."""
    minutes = {minute for each in ours for minute in range(each.start, each.end)}
    minutes -= {minute for each in theirs for minute in range(each.start, each.end)}
    runs = groupby(enumerate(sorted(minutes)), key=lambda pair: pair[1] - pair[0])
    found = []
    for _shift, run in runs:
        within = [minute for _place, minute in run]
        found.append(Stretch(start=within[0], end=within[-1] + 1))
    return found


def _rings(days: Label, more: Sequence[Stretch]) -> Label:
    return Label(
        zh=f"{days.zh} {stretches_said(more, '、')} 也可拨打。",
        en=f"{days.en}: calls at {stretches_said(more, ', ')} too.",
    )


def _caps(rules: Profile, base: Profile) -> Iterator[Label]:
    for cap in base.caps:
        # At most 3 in an hour keeps "at most 5 in 30 min" too.
        if not any(ours.count <= cap.count and ours.within >= cap.within for ours in rules.caps):
            yield _cap_said(cap)
    if base.spacing and (rules.spacing or _NEVER) < base.spacing:
        zh, en = span_said(base.spacing)
        yield Label(zh=f"两次拨打的间隔可短于 {zh}。", en=f"Less than {en} may lie between two calls to a number.")


def _cap_said(cap: Cap) -> Label:
    zh, en = span_said(cap.within)
    return Label(
        zh=f"同一号码 {zh}内可拨打 {cap.count} 次以上。",
        en=f"A number may be called more than {cap.count} times in {en}.",
    )


def _attempts(rules: Profile, base: Profile) -> Iterator[Label]:
    ours, theirs = rules.attempts, base.attempts
    compared = (
        (ours.max, theirs.max, "同一联系人可拨打 {} 次以上。", "A contact may be tried more than {} times."),
        (ours.per_day, theirs.per_day, "每天可拨打 {} 次以上。", "A contact may be tried more than {} times a day."),
        (
            ours.per_day_part,
            theirs.per_day_part,
            "每天每个时段可拨打 {} 次以上。",
            "A contact may be tried more than {} times in one part of a day.",
        ),
        (
            ours.in_one_day_part,
            theirs.in_one_day_part,
            "同一时段各天合计可拨打 {} 次以上。",
            "A contact may be tried more than {} times in the same part of the day.",
        ),
    )
    yield from (Label(zh=zh.format(limit), en=en.format(limit)) for own, limit, zh, en in compared if _over(own, limit))


def _over(own: int | None, limit: int | None) -> bool:
    """Whether a limit is higher than another, nothing being no limit."""
    return limit is not None and (own is None or own > limit)


def _abandonment(rules: Profile, base: Profile) -> Iterator[Label]:
    ours, theirs = rules.abandonment, base.abandonment
    if ours.percent > theirs.percent:
        yield Label(
            zh=f"无坐席应答的呼叫可超过 {theirs.percent}%。",
            en=f"More than {theirs.percent} % of answered calls may find no agent.",
        )
    if theirs.quiet and (ours.quiet or _NEVER) < theirs.quiet:
        zh, en = span_said(theirs.quiet)
        yield Label(
            zh=f"无坐席应答的号码可在 {zh}内再次拨打。", en=f"A number that found no agent may be called within {en}."
        )
    if _over(ours.connect_within_seconds, theirs.connect_within_seconds):
        seconds = theirs.connect_within_seconds
        yield Label(zh=f"坐席应答可晚于 {seconds} 秒。", en=f"An agent may answer later than after {seconds} s.")
    if (ours.ring_at_least_seconds or 0) < (theirs.ring_at_least_seconds or 0):
        seconds = theirs.ring_at_least_seconds
        yield Label(zh=f"振铃可短于 {seconds} 秒。", en=f"It may ring for less than {seconds} s.")


def _keeping(rules: Profile, base: Profile) -> Iterator[Label]:
    if _over(rules.list_max_age_days, base.list_max_age_days):
        days = base.list_max_age_days
        yield Label(zh=f"导入超过 {days} 天的清单仍可使用。", en=f"A list older than {days} days may be used.")
    if rules.retention_years < base.retention_years:
        years = base.retention_years
        yield Label(
            zh=f"成交录音的保存可少于 {years} 年。", en=f"Recordings of sales may be kept for less than {years} years."
        )
    if rules.refusal.minimum_months < base.refusal.minimum_months:
        months = base.refusal.minimum_months
        yield Label(
            zh=f"拒绝来电的号码可在 {months} 个月内解除屏蔽。",
            en=f"A refusal may end before {months} months have passed.",
        )
