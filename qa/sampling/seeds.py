"""Seeds: promised before a period's calls by their hash; and what holds where nobody promised one in time.

A seed that is promised when calls of its period have been made could have been chosen by what they are. So nothing is
drawn with it alone: it is bound to the first anchor of the journal that is dropped an hour or more after the promise,
whose hash is made by everybody's acts in between and which is kept outside the database.
"""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col, select

from outbound import journal
from outbound.anchors.model import JournalAnchor
from outbound.calls.model import Call
from outbound.campaigns.model import Campaign
from outbound.clock import day_ends, day_starts, local_day, week_days, week_name
from outbound.errors import Refusal
from outbound.people import Centre, known
from qa import drawing
from qa.sampling.model import Draw, DrawKind, DrawSeed, Late

BOUND_AFTER = timedelta(hours=1)
"""How long after a late promise the anchor is dropped that its draw is bound to, at the earliest (ours)."""


class SeedAwaitsAnchor(Refusal):
    """The seed of {period} was promised late: it is drawn with the next anchor of the journal after {instant}."""

    zh = "{period} 的种子承诺晚了，须等审计日志在 {instant} 之后的下一次锚定，才能抽样。"


class PeriodUnknown(Refusal):
    """“{period}” is not a period; write a day as 2026-11-21 and a week as 2026-W47."""

    zh = "“{period}”不是有效的期间，日期请写成 2026-11-21，周请写成 2026-W47。"
    status = 422


def period_of(kind: DrawKind, instant: datetime, zone: str) -> str:
    """The day, or the week, that holds an instant in `zone`."""
    day = local_day(instant, zone)
    return day.isoformat() if kind == DrawKind.DAILY else week_name(day)


def span_of(kind: DrawKind, period: str, zone: str) -> tuple[datetime, datetime]:
    """The first instant of a period and the first after it. Raises PeriodUnknown."""
    try:
        first, last = (date.fromisoformat(period),) * 2 if kind == DrawKind.DAILY else week_days(period)
        span = day_starts(first, zone), day_ends(last, zone)
    except (ValueError, OverflowError):
        raise PeriodUnknown(period=period) from None
    # Python reads more spellings than this one, and each would be a period of its own.
    if period != (first.isoformat() if kind == DrawKind.DAILY else week_name(first)):
        raise PeriodUnknown(period=period)
    return span


def kind_named(period: str) -> DrawKind:
    """Which draw a period is of: a day's or a week's. Raises PeriodUnknown."""
    kind = DrawKind.WEEKLY if "W" in period else DrawKind.DAILY
    span_of(kind, period, "UTC")
    return kind


def seed_of(session: Session, centre: Centre, kind: DrawKind, period: str) -> DrawSeed | None:
    """The seed promised for a period."""
    return session.get(DrawSeed, (centre.id, kind, period))


def commit_seed(session: Session, centre: Centre, kind: DrawKind, period: str, *, seed: str, now: datetime) -> DrawSeed:
    """Promise the seed of a draw: its hash goes into the journal now, itself is shown with the draw.

    A period that has its seed keeps it. One whose calls have begun, or that is over, is promised late: the journal says
    why, and the draw is bound to a later anchor. Raises PeriodUnknown.
    """
    since, until = span_of(kind, period, centre.zone)
    if already := seed_of(session, centre, kind, period):
        return already
    late = _why_late(session, centre, kind, period) if _begun(session, centre, since, until, now=now) else None
    promised = DrawSeed(
        centre_id=known(centre.id),
        kind=kind,
        period=period,
        seed=seed,
        seed_hash=drawing.commitment(seed),
        late=late,
        at=now,
    )
    try:
        with session.begin_nested():
            session.add(promised)
    except sa.exc.IntegrityError:
        return _the_others_seed(session, centre, kind, period)
    journal.record(session, "draw.seed_committed", promised, by=None, now=now, **said_of(promised))
    return promised


def _the_others_seed(session: Session, centre: Centre, kind: DrawKind, period: str) -> DrawSeed:
    found = seed_of(session, centre, kind, period)
    assert found is not None, "a seed that is there already can be read"
    return found


def said_of(seed: DrawSeed) -> dict[str, Any]:
    """What the journal says of a promise."""
    told = {"kind": str(seed.kind), "period": seed.period, "seed_hash": seed.seed_hash}
    return told | {"late": str(seed.late)} if seed.late else told


def _begun(session: Session, centre: Centre, since: datetime, until: datetime, *, now: datetime) -> bool:
    """Whether a period is over, or calls of it have been made."""
    if not since <= now < until:
        return now >= until
    made = select(Call.id).where(Call.centre_id == centre.id, Call.dialled_at >= since, Call.dialled_at <= now)
    return session.exec(made.limit(1)).first() is not None


def _why_late(session: Session, centre: Centre, kind: DrawKind, period: str) -> Late:
    before = select(DrawSeed.period).where(
        DrawSeed.centre_id == centre.id, DrawSeed.kind == kind, DrawSeed.period < period
    )
    return Late.FIRST_RUN if session.exec(before.limit(1)).first() is None else Late.NOT_RUNNING


def anchor_of(session: Session, seed: DrawSeed) -> JournalAnchor | None:
    """The anchor that the draw of a late seed is bound to; None while it is not there."""
    asked = select(JournalAnchor).where(
        JournalAnchor.chain == seed.centre_id, col(JournalAnchor.at) >= seed.at + BOUND_AFTER
    )
    return session.exec(asked.order_by(col(JournalAnchor.length)).limit(1)).first()


def drawn_with(session: Session, seed: DrawSeed) -> tuple[str, JournalAnchor | None]:
    """What a period is drawn with: the seed that was promised, or bound to an anchor where that was late.

    Raises SeedAwaitsAnchor.
    """
    if seed.late is None:
        return seed.seed, None
    anchor = anchor_of(session, seed)
    if anchor is None:
        raise SeedAwaitsAnchor(period=seed.period, instant=seed.at + BOUND_AFTER)
    return drawing.bound(seed.seed, anchor.head), anchor


def unpromised(session: Session, centre: Centre, kind: DrawKind, *, now: datetime) -> list[str]:
    """Periods since the centre's first call that are over and were never promised a seed, the oldest first."""
    # One look into the index of each campaign: the calls of a centre are not read through.
    first = sa.select(sa.func.min(col(Call.dialled_at))).where(col(Call.campaign_id) == col(Campaign.id))
    asked = select(sa.func.min(first.scalar_subquery())).where(Campaign.centre_id == centre.id)
    began = session.exec(asked).one()
    if began is None:
        return []
    here = select(DrawSeed.period).where(DrawSeed.centre_id == centre.id, DrawSeed.kind == kind)
    promised = set(session.exec(here).all())
    return [period for period in _since(kind, began, centre.zone, now=now) if period not in promised]


def _since(kind: DrawKind, began: datetime, zone: str, *, now: datetime) -> Iterator[str]:
    period = period_of(kind, began, zone)
    while (ends := span_of(kind, period, zone)[1]) <= now:
        yield period
        period = period_of(kind, ends, zone)


def undrawn(session: Session, centre: Centre, *, now: datetime) -> list[DrawSeed]:
    """Late seeds that can be drawn with and were not: the period is over, the anchor there; the oldest first."""
    made = sa.exists().where(
        col(Draw.centre_id) == col(DrawSeed.centre_id),
        col(Draw.kind) == col(DrawSeed.kind),
        col(Draw.period) == col(DrawSeed.period),
    )
    asked = select(DrawSeed).where(DrawSeed.centre_id == centre.id, col(DrawSeed.late).is_not(None), ~made)
    waiting = session.exec(asked.order_by(col(DrawSeed.period))).all()
    over = [seed for seed in waiting if span_of(seed.kind, seed.period, centre.zone)[1] <= now]
    return [seed for seed in over if anchor_of(session, seed) is not None]
