"""What a draw is made from: the frame of a period's valid recordings."""

from collections.abc import Sequence

import sqlalchemy as sa
from sqlmodel import Session, col, select

from outbound.calls.model import Call
from outbound.people import Centre
from outbound.recordings.model import Recording
from qa.sampling.model import Draw, DrawKind, FrameItem
from qa.sampling.seeds import span_of

Frame = Sequence[tuple[Recording, Call]]


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
