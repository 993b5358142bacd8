"""The quality desk: its blueprint, and what its pages share."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from flask import Blueprint, g, request

from outbound import people
from outbound.clock import day_ends, day_starts, local_day
from outbound.errors import Refusal
from outbound.quality.figures import Dimension
from web.filters import zone
from web.language import lazy_gettext

bp = Blueprint("quality", __name__, url_prefix="/quality")

DIMENSIONS = {
    Dimension.WEEK: lazy_gettext("By week"),
    Dimension.CAMPAIGN: lazy_gettext("By campaign"),
    Dimension.AGENT: lazy_gettext("By agent"),
    Dimension.CRITERION: lazy_gettext("By criterion"),
    Dimension.CENTRE: lazy_gettext("By centre"),
}
DAYS = 28
"""The days up to today that pages are about where the address names none."""
MOST_DAYS = 366


class SpanUnreadable(Refusal):
    """Give a first and a last day as 2026-11-23, at most {most} days apart."""

    zh = "请填写起止日期（如 2026-11-23），间隔不超过 {most} 天。"
    status = 422


@dataclass(frozen=True)
class Span:
    """The days that a page is about, both included."""

    first: date
    last: date

    @property
    def since(self) -> datetime:
        """Its first instant on the reader's clock."""
        return day_starts(self.first, zone())

    @property
    def until(self) -> datetime:
        """The first instant after it."""
        return day_ends(self.last, zone())

    @property
    def asked(self) -> dict[str, str]:
        """Its part of an address."""
        return {"since": str(self.first), "until": str(self.last)}


def span_asked() -> Span:
    """The days in the address, or the last four weeks; raises SpanUnreadable."""
    today = local_day(g.now, zone())
    try:
        last = date.fromisoformat(request.args.get("until") or str(today))
        first = date.fromisoformat(request.args.get("since") or str(last - timedelta(days=DAYS - 1)))
    except (ValueError, OverflowError):
        raise SpanUnreadable(most=MOST_DAYS) from None
    if not timedelta(0) <= last - first < timedelta(days=MOST_DAYS) or not 2000 <= first.year <= last.year <= 2100:
        raise SpanUnreadable(most=MOST_DAYS)
    return Span(first, last)


def number_asked(name: str) -> int | None:
    """A number in the address; None where there is none that can be read."""
    text = request.args.get(name, "")
    return int(text) if text.isdecimal() and len(text) < 10 else None


def centre_id() -> int | None:
    """The centre of who asks; None for the carrier's people, who see them all."""
    return g.centre.id if g.centre else None


def may(permission: str) -> bool:
    """Whether who asks holds a permission."""
    return people.may(g.roles, permission)


@bp.context_processor
def shared() -> dict[str, Any]:
    """What every page of this desk knows."""
    return {"may": may, "dimensions": DIMENSIONS}
