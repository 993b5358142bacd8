"""How values read on a page: money, instants, days, lengths, shares, numbers of customers."""

from datetime import date, datetime, timedelta
from typing import Any

from babel.dates import format_date
from babel.numbers import format_decimal
from flask import Flask, g
from markupsafe import Markup

from outbound import clock
from web.language import _, chosen_language

NOTHING = "–"
DAYS = {"zh": ("M月d日", "y年M月d日", "y年M月d日 EEE"), "en": ("d MMM", "d MMM y", "EEE d MMM y")}
"""Patterns of a day in this year, in another year, and in full."""


def set_up(app: Flask) -> None:
    """Make the filters known to the templates of `app`."""
    for name in (money, instant, deadline, exact, day, week, seconds, percent, number, masked):
        app.jinja_env.filters[name.__name__] = name


def money(fen: int | None) -> str:
    """500 → ¥5.00."""
    if fen is None:
        return NOTHING
    return f"{'-' if fen < 0 else ''}¥{abs(fen) / 100:,.2f}"


def zone() -> str:
    """The zone in which the reader's clock runs: the centre's, or Shanghai's for the carrier's people."""
    centre = g.get("centre")
    return centre.zone if centre else "Asia/Shanghai"


def deadline(at: datetime | None) -> Markup | str:
    """The last minute before an instant at which something is due: midnight belongs to the next day."""
    return instant(at - timedelta(minutes=1) if at else None)


def exact(at: datetime | None) -> str:
    """2026-11-23 10:00:00 in the centre's zone."""
    return clock.local(at, zone()).strftime("%Y-%m-%d %H:%M:%S") if at else NOTHING


def instant(at: datetime | None) -> Markup | str:
    """An instant as people say it, the exact one on hover: in 5 min, yesterday 16:20, 3 Oct 09:15."""
    if at is None:
        return NOTHING
    pattern = Markup('<time datetime="{}" title="{} {}">{}</time>')
    return pattern.format(at.isoformat(), exact(at), zone(), _said(at, g.now))


def _said(at: datetime, now: datetime) -> str:
    minutes = round(abs(at - now) / timedelta(minutes=1))
    if minutes < 1:
        return str(_("just now"))
    if minutes < 60:
        return str(_("in %(minutes)d min", minutes=minutes) if at > now else _("%(minutes)d min ago", minutes=minutes))
    here = clock.local(at, zone())
    return f"{_day_said(here.date(), clock.local_day(now, zone()))} {here:%H:%M}"


def _day_said(then: date, today: date) -> str:
    names = {-1: _("yesterday"), 0: _("today"), 1: _("tomorrow")}
    short, longer, _full = DAYS[chosen_language()]
    pattern = short if then.year == today.year else longer
    name = names.get((then - today).days)
    return str(name) if name else format_date(then, pattern, locale=chosen_language())


def day(then: date | datetime | None) -> str:
    """A calendar day with its weekday; of an instant, the day in the centre's zone."""
    if then is None:
        return NOTHING
    local = clock.local_day(then, zone()) if isinstance(then, datetime) else then
    return format_date(local, DAYS[chosen_language()][2], locale=chosen_language())


def week(name: str) -> str:
    """2026-W47 → 16–22 Nov 2026; in Chinese with its number, by which people speak of it."""
    monday, sunday = clock.week_days(name)
    if chosen_language() == "zh":
        year, number = name.split("-W")
        last = f"{sunday.day}日" if sunday.month == monday.month else day_of_year(sunday)
        return f"{year}年第{int(number)}周（{day_of_year(monday)}–{last}）"
    if sunday.month == monday.month:
        return f"{monday.day}–{format_date(sunday, DAYS['en'][1], locale='en')}"
    first = DAYS["en"][0 if sunday.year == monday.year else 1]
    return f"{format_date(monday, first, locale='en')} – {format_date(sunday, DAYS['en'][1], locale='en')}"


def day_of_year(then: date) -> str:
    """A calendar day without its year: 16 Nov."""
    return format_date(then, DAYS[chosen_language()][0], locale=chosen_language())


def seconds(length: float | None) -> str:
    """98 → 1:38, 3661 → 1:01:01."""
    if length is None:
        return NOTHING
    minutes, rest = divmod(int(length), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"


def percent(share: float | None, digits: int = 1) -> str:
    """0.1234 → 12.3%."""
    return NOTHING if share is None else f"{share * 100:.{digits}f}%"


def number(count: Any) -> str:
    """12345 → 12,345."""
    return NOTHING if count is None else str(format_decimal(count, locale=chosen_language()))


def masked(digits: str | None) -> str:
    """13800138000 → 138****8000; a short number keeps its last two digits."""
    if not digits:
        return NOTHING
    return f"{digits[:3]}****{digits[-4:]}" if len(digits) >= 10 else f"****{digits[-2:]}"
