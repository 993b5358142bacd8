"""A reviewer's part in calibrations: the calls one by one, marked as in a review, without seeing what others said."""

from typing import Any

from flask import Blueprint, flash, g, redirect, render_template
from sqlmodel import Session

from outbound.errors import NotFound
from outbound.people import Staff, known
from outbound.recordings.model import Recording
from qa.calibration import verbs
from qa.calibration.model import Calibration, CalibrationReviewer
from web.desks.marking import marks_typed
from web.desks.verdicts import heard_of
from web.guard import allows, mine
from web.language import _

bp = Blueprint("calibrating", __name__)


@bp.get("/reviewer/calibrations")
@allows("review_calls")
def show_mine() -> str:
    """The calibrations in which I take part, and how far I am."""
    found = [(each, *_places(g.session, each, g.staff)) for each in verbs.open_for(g.session, g.staff)]
    return render_template("quality/my_calibrations.html", found=found)


def _places(session: Session, calibration: Calibration, reviewer: Staff) -> tuple[int, int, int | None]:
    """How many calls there are, how many somebody has marked, and the place of the first that is left."""
    recordings = verbs.recordings_of(session, calibration)
    marked = verbs.marked_by(session, calibration, reviewer)
    left = (place for place, each in enumerate(recordings, start=1) if each.id not in marked)
    return len(recordings), len(marked), next(left, None)


def _mine(calibration_id: int, place: int) -> tuple[Calibration, Recording]:
    """A calibration in which I take part, and its recording at a place; raises NotFound."""
    calibration = mine(g.session, Calibration, calibration_id)
    recordings = verbs.recordings_of(g.session, calibration)
    takes_part = g.session.get(CalibrationReviewer, (calibration_id, known(g.staff.id)))
    if takes_part is None or not 1 <= place <= len(recordings):
        raise NotFound
    return calibration, recordings[place - 1]


@bp.get("/reviewer/calibrations/<int:calibration_id>/calls/<int:place>")
@allows("review_calls")
def show_call(calibration_id: int, place: int) -> Any:
    """One call, to be heard and marked; one that is marked already leads back to what is left."""
    calibration, recording = _mine(calibration_id, place)
    closed = verbs.closing_of(g.session, calibration)
    if closed or recording.id in verbs.marked_by(g.session, calibration, g.staff):
        return redirect("/reviewer/calibrations")
    total, _marked, _left = _places(g.session, calibration, g.staff)
    return render_template(
        "quality/calibrate.html",
        calibration=calibration,
        place=place,
        total=total,
        **heard_of(known(recording.id), known(recording.call_id), f"/recordings/{recording.id}/audio"),
    )


@bp.post("/reviewer/calibrations/<int:calibration_id>/calls/<int:place>")
@allows("review_calls", again=show_call)
def mark_call(calibration_id: int, place: int) -> Any:
    """Take the four marks, and open the next call."""
    calibration, recording = _mine(calibration_id, place)
    given, comment, _why = marks_typed(recording.seconds)
    verbs.mark(g.session, calibration, recording, given, comment=comment, by=g.staff, now=g.now)
    _total, _marked, left = _places(g.session, calibration, g.staff)
    if left is None:
        flash(_("You have marked every call of “%(name)s”.", name=calibration.name))
        return redirect("/reviewer/calibrations")
    return redirect(f"/reviewer/calibrations/{calibration_id}/calls/{left}")
