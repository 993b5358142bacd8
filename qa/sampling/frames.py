"""What a draw is made from: the period, the seed promised before it, and the frame of its valid recordings."""

from collections.abc import Sequence
from datetime import date, datetime

import sqlalchemy as sa
from sqlmodel import Session, col, select

from outbound import journal
from outbound.calls.model import Call
from outbound.clock import day_ends, day_starts, local_day, week_days, week_name
from outbound.errors import Refusal
from outbound.people import Centre, known
from outbound.recordings.model import Recording
from qa import drawing
from qa.sampling.model import Draw, DrawKind, DrawSeed, FrameItem

Frame = Sequence[tuple[Recording, Call]]


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


def commit_seed(session: Session, centre: Centre, kind: DrawKind, period: str, *, seed: str, now: datetime) -> DrawSeed:
    """Promise the seed of a draw: its hash goes into the journal now, itself is shown with the draw.

    A period that has its seed keeps it. Raises PeriodUnknown.
    """
    span_of(kind, period, centre.zone)
    if already := seed_of(session, centre, kind, period):
        return already
    promised = drawing.commitment(seed)
    committed = DrawSeed(centre_id=known(centre.id), kind=kind, period=period, seed=seed, seed_hash=promised, at=now)
    session.add(committed)
    session.flush()
    journal.record(
        session, "draw.seed_committed", committed, by=None, now=now, kind=kind, period=period, seed_hash=promised
    )
    return committed


def seed_of(session: Session, centre: Centre, kind: DrawKind, period: str) -> DrawSeed | None:
    """The seed promised for a period."""
    return session.get(DrawSeed, (centre.id, kind, period))


def frame_of(session: Session, centre: Centre, kind: DrawKind, period: str) -> Frame:
    """The valid recordings that a period is drawn from, in order, each with its call.

    Those dialled in the period; and those dialled before whose recording came in during it, too late for their own
    period's draw: nobody escapes the draw by sending a recording late. Raises PeriodUnknown.
    """
    since, until = span_of(kind, period, centre.zone)
    own = sa.and_(col(Call.dialled_at) >= since, col(Call.dialled_at) < until)
    late = sa.and_(
        col(Call.dialled_at) < since,
        col(Recording.matched_at) >= since,
        col(Recording.matched_at) < until,
        ~in_a_frame(centre, kind),
    )
    asked = select(Recording, Call).join(Call, col(Call.id) == col(Recording.call_id))
    here = asked.where(Recording.centre_id == centre.id, col(Recording.valid), sa.or_(own, late))
    return session.exec(here.order_by(col(Recording.id))).all()


def in_a_frame(centre: Centre, kind: DrawKind) -> sa.ColumnElement[bool]:
    """That a recording stands in the frame of a draw of this kind at a centre, drawn or not."""
    framed = sa.exists().where(col(FrameItem.recording_id) == col(Recording.id))
    return framed.where(
        col(Draw.id) == col(FrameItem.draw_id), col(Draw.centre_id) == centre.id, col(Draw.kind) == kind
    )
