"""Draws whose seed was promised late: which, why, and how they were bound, for everybody who reads their figures."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import sqlalchemy as sa
from sqlmodel import Session, col, select

from outbound.anchors.model import JournalAnchor
from outbound.clock import local
from outbound.compliance import Words
from outbound.people import Centre
from qa.sampling.model import Draw, DrawKind, DrawSeed, Late

WHY = {
    Late.FIRST_RUN: Words("此前定时任务从未运行", "the timetable had never run before"),
    Late.NOT_RUNNING: Words("到期时定时任务未运行", "the timetable was not running when it was due"),
}


@dataclass(frozen=True)
class Lateness:
    """A seed that was promised late, and the draw made with it; None while it waits for its anchor."""

    seed: DrawSeed
    draw: Draw | None
    anchor: JournalAnchor | None
    zone: str

    @property
    def told(self) -> Words:
        """When and why, and to what the draw is bound, as a sentence."""
        at = f"{local(self.seed.at, self.zone):%Y-%m-%d %H:%M}"
        why = WHY[self.seed.late or Late.NOT_RUNNING]
        zh, en = "待审计日志下一次锚定后抽样", "it is drawn after the journal's next anchor"
        if self.anchor:
            zh = f"样本已与审计日志第 {self.anchor.length} 条处的锚定绑定，任何人都无法左右"
            en = f"the sample is bound to the journal's anchor at entry {self.anchor.length}, which nobody could steer"
        seed = self.seed.period
        return Words(
            f"{seed} 的抽样种子未能事先承诺，于 {at} 补作承诺（{why.zh}），{zh}。",
            f"The seed of {seed} was promised late, at {at}: {why.en}; {en}.",
        )


def lateness_of(session: Session, draw: Draw) -> Lateness | None:
    """How late a draw's seed was promised; None where it was in time."""
    seed = session.get(DrawSeed, (draw.centre_id, draw.kind, draw.period))
    if seed is None or seed.late is None:
        return None
    anchor = session.get(JournalAnchor, draw.anchor_id) if draw.anchor_id else None
    return Lateness(seed, draw, anchor, session.get_one(Centre, draw.centre_id).zone)


def late_between(
    session: Session, centre_id: int | None, first: date, last: date, kinds: Sequence[DrawKind] = tuple(DrawKind)
) -> list[Lateness]:
    """Draws of the days from `first` to `last` (and of the weeks that hold them) whose seed was promised late.

    Of one centre or (None) of all; days on which there was nothing to draw from are left out.
    """
    here = [] if centre_id is None else [DrawSeed.centre_id == centre_id]
    asked = (
        select(DrawSeed, Draw, JournalAnchor, Centre.zone)
        .join(Centre, col(Centre.id) == col(DrawSeed.centre_id))
        .outerjoin(
            Draw,
            sa.and_(
                col(Draw.centre_id) == col(DrawSeed.centre_id),
                col(Draw.kind) == col(DrawSeed.kind),
                col(Draw.period) == col(DrawSeed.period),
            ),
        )
        .outerjoin(JournalAnchor, col(JournalAnchor.id) == col(Draw.anchor_id))
        .where(*here, col(DrawSeed.late).is_not(None), sa.or_(*(_named(kind, first, last) for kind in kinds)))
        .where(sa.or_(col(Draw.id).is_(None), col(Draw.frame_size) > 0))
    )
    return [Lateness(*row) for row in session.exec(asked.order_by(col(DrawSeed.centre_id), col(DrawSeed.period)))]


def _named(kind: DrawKind, first: date, last: date) -> sa.ColumnElement[bool]:
    periods = (str(first), str(last)) if kind == DrawKind.DAILY else (f"{first:%G-W%V}", f"{last:%G-W%V}")
    return sa.and_(col(DrawSeed.kind) == kind, col(DrawSeed.period).between(*periods))
