"""The daily and the weekly draw: a seed promised beforehand, a frozen frame, a sample that anybody can draw again."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, timedelta
from functools import cache

import sqlalchemy as sa
from sqlmodel import Session, select

from outbound import journal
from outbound.errors import Refusal
from outbound.people import Centre, Staff, known
from qa import drawing
from qa.review.model import ReviewSource, ReviewTask
from qa.review.sharing import ASKED_FIRST, Sharing, due_at
from qa.sampling.checking import Difference, frozen, verify
from qa.sampling.frames import Frame, frame_of
from qa.sampling.model import Draw, DrawKind, DrawSeed, FrameItem
from qa.sampling.rates import Rates, in_force
from qa.sampling.seeds import PeriodUnknown, SeedAwaitsAnchor, commit_seed, drawn_with, period_of, seed_of, span_of

__all__ = [
    "Difference",
    "PeriodNotOver",
    "PeriodUnknown",
    "SeedAwaitsAnchor",
    "SeedNotCommitted",
    "commit_seed",
    "draw",
    "draw_of",
    "frame_of",
    "frozen",
    "period_of",
    "seed_of",
    "verify",
]

NEW_AGENT_DAYS = {DrawKind.DAILY: 7, DrawKind.WEEKLY: 0}
"""The days before a period's end in which an agent who began then is new: every call is reviewed, daily (ours)."""


class SeedNotCommitted(Refusal):
    """No seed was promised for {period}; the timetable promises it late, with the reason, and draws an hour later."""

    zh = "{period} 还没有承诺抽样种子；定时任务会补作承诺并写明原因，一小时后再抽样。"


class PeriodNotOver(Refusal):
    """{period} is not over yet; its recordings are drawn from once it is."""

    zh = "{period} 尚未结束，结束后才能抽样。"


def draw_of(session: Session, centre: Centre, kind: DrawKind, period: str) -> Draw | None:
    """The draw of a period, if it has been made."""
    asked = select(Draw).where(Draw.centre_id == centre.id, Draw.kind == kind, Draw.period == period)
    return session.exec(asked).first()


def draw(
    session: Session,
    centre: Centre,
    kind: DrawKind,
    period: str,
    *,
    now: datetime,
    rates: Rates | None = None,
    complained: Collection[int] = (),
    new_agent_days: int | None = None,
) -> Draw:
    """Draw a period's sample, once, and share its reviews out; drawn already, that draw.

    `rates` says at which per cent whose recordings are reviewed (None: `rates.in_force`); `complained` are calls that a
    customer complained of: they, and all calls of agents who came less than `new_agent_days` before the period's end
    (None: NEW_AGENT_DAYS), are reviewed in any case.
    Raises SeedNotCommitted, SeedAwaitsAnchor, PeriodNotOver, PeriodUnknown, NobodyToReview.
    """
    if already := draw_of(session, centre, kind, period):
        return already
    seed = seed_of(session, centre, kind, period)
    if seed is None:
        raise SeedNotCommitted(period=period)
    _, until = span_of(kind, period, centre.zone)
    if now < until:
        raise PeriodNotOver(period=period)
    frame = frame_of(session, centre, kind, period)
    days = NEW_AGENT_DAYS[kind] if new_agent_days is None else new_agent_days
    new = _who_came_after(session, centre, until - timedelta(days=days))
    rates = rates or in_force(session, centre, kind, now=now)
    made = _freeze(session, seed, _rated(frame, rates, certain_calls=complained, certain_agents=new), now=now)
    if made is None:
        return _the_others_draw(session, centre, kind, period)
    _share_out(session, centre, made, frame, now=now)
    return made


def _who_came_after(session: Session, centre: Centre, since: datetime) -> set[int]:
    asked = select(Staff.id).where(Staff.centre_id == centre.id, Staff.added_at > since)
    return {known(number) for number in session.exec(asked)}


def _rated(
    frame: Frame, rates: Rates, *, certain_calls: Collection[int], certain_agents: Collection[int]
) -> list[drawing.FrameItem]:
    usual = cache(rates)

    def rate(campaign_id: int, agent_id: int, call_id: int) -> int:
        certain = call_id in certain_calls or agent_id in certain_agents
        return drawing.CERTAIN if certain else usual(campaign_id, agent_id)

    return [
        drawing.FrameItem(
            recording=str(recording.id),
            agent=str(call.agent_id),
            rate=rate(call.campaign_id, call.agent_id, known(call.id)),
        )
        for recording, call in frame
    ]


def _freeze(session: Session, seed: DrawSeed, items: Sequence[drawing.FrameItem], *, now: datetime) -> Draw | None:
    """The draw with its frame, stored; None where another process was faster."""
    lowest = min((item.rate or 0 for item in items), default=0)
    used, anchor = drawn_with(session, seed)
    drawn = {item.recording for item in drawing.draw(items, rate=lowest, seed=used)}
    made = Draw(
        centre_id=seed.centre_id,
        kind=seed.kind,
        period=seed.period,
        rate_percent=lowest,
        seed=used,
        anchor_id=anchor.id if anchor else None,
        frame_hash=drawing.frame_hash(items),
        frame_size=len(items),
        sample_size=len(drawn),
        at=now,
    )
    try:
        with session.begin_nested():
            session.add(made)
    except sa.exc.IntegrityError:
        return None
    session.add_all(_frame_items(known(made.id), drawing.strata(items, rate=lowest), drawn))
    session.flush()
    facts = {"frame_hash": made.frame_hash, "frame_size": made.frame_size, "sample_size": made.sample_size}
    journal.record(session, "draw.made", made, by=None, now=now, kind=made.kind, period=made.period, facts=facts)
    return made


def _frame_items(draw_id: int, strata: Iterable[drawing.Stratum], drawn: Collection[str]) -> Iterable[FrameItem]:
    for stratum in strata:
        for item in stratum.items:
            yield FrameItem(
                draw_id=draw_id,
                recording_id=int(item.recording),
                agent_id=int(item.agent),
                stratum=stratum.name,
                chance_of=stratum.take,
                chance_in=len(stratum.items),
                drawn=item.recording in drawn,
            )


def _the_others_draw(session: Session, centre: Centre, kind: DrawKind, period: str) -> Draw:
    found = draw_of(session, centre, kind, period)
    assert found is not None, "a draw that is there already can be read"
    return found


def _share_out(session: Session, centre: Centre, made: Draw, frame: Frame, *, now: datetime) -> None:
    source = ReviewSource(made.kind)
    sharing = Sharing(session, known(centre.id), ASKED_FIRST[source])
    due = due_at(session, centre, now)
    calls = {str(recording.id): call for recording, call in frame}
    sample = drawing.draw(frozen(session, made), rate=made.rate_percent, seed=made.seed)
    # In the order of their tickets, so that nobody gets one agent's calls in a row.
    for item in sorted(sample, key=lambda drawn: drawn.ticket):
        call = calls[item.recording]
        session.add(
            ReviewTask(
                centre_id=known(centre.id),
                draw_id=made.id,
                source=source,
                recording_id=int(item.recording),
                call_id=known(call.id),
                reviewer_id=known(sharing.pick(call).id),
                made_at=now,
                due_at=due,
            )
        )
    session.flush()
