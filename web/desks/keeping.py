"""How recordings are kept: the centre's rules, its recorders, legal holds, and what the nightly check found."""

from typing import Any

from flask import Blueprint, flash, g, redirect, render_template
from sqlmodel import col, select

from outbound.people import Staff, known, may
from outbound.recordings import holds, keeping, reconciling, recorders, rules
from outbound.recordings.deleting import RecordingDeletion
from outbound.recordings.holds import LegalHold
from outbound.recordings.model import AgentSide, Recording
from outbound.recordings.reconciling import Fault
from outbound.recordings.recorders import LONGEST_NAME, Recorder
from web.desks.recordings import show_recording
from web.forms import filled_form
from web.guard import allows, mine
from web.language import _, chosen_language, lazy_gettext

bp = Blueprint("keeping", __name__)

SIDES = {
    AgentSide.LEFT: lazy_gettext("agent on the left"),
    AgentSide.RIGHT: lazy_gettext("agent on the right"),
    AgentSide.UNKNOWN: lazy_gettext("not known"),
}
"""On which side of a stereo recording the agent is, in words."""

PAGE = "/recordings/keeping"
LATEST = 20


@bp.get("/recordings/keeping")
@allows("hold_recordings")
def show_keeping() -> str:
    """Everything about how recordings are kept, on one page."""
    return _page()


def _page(token: str = "", made: Recorder | None = None) -> str:
    centre = known(g.centre.id)
    return render_template(
        "recordings/keeping.html",
        rules=rules.of(g.session, g.centre),
        least_years=rules.SALE_YEARS,
        sides=list(SIDES.items()),
        recorders=recorders.of_centre(g.session, centre),
        holds=holds.of_centre(g.session, centre),
        names=_names(),
        check=reconciling.last_check(g.session, centre),
        fault_words=lambda fault: Fault(fault).words(chosen_language()),
        buried=_buried(centre),
        waiting=len(keeping.unmatched(g.session, centre)),
        manages=may(g.roles, "manage_recordings"),
        token=token,
        made=made,
    )


def _names() -> dict[int | None, str]:
    return {row.id: row.name for row in g.session.exec(select(Staff).where(Staff.centre_id == g.centre.id))}


def _buried(centre: int) -> Any:
    asked = select(RecordingDeletion, Recording).join(Recording, col(Recording.id) == RecordingDeletion.recording_id)
    here = asked.where(RecordingDeletion.centre_id == centre)
    return g.session.exec(here.order_by(col(RecordingDeletion.at).desc()).limit(LATEST)).all()


@bp.post("/recordings/keeping/rules")
@allows("manage_recordings", again=show_keeping)
def decide() -> Any:
    """Decide on which side agents are and how long recordings stay."""
    with filled_form() as form:
        side = form.choice("agent_side", AgentSide)
        years = form.whole("sale_years", least=rules.SALE_YEARS, most=100)
        days = form.whole("other_days", least=1, most=36_600)
    rules.decide(g.session, g.centre, agent_side=side, sale_years=years, other_days=days, by=g.staff, now=g.now)
    flash(_("The rules are in force."))
    return redirect(PAGE)


@bp.post("/recordings/keeping/recorders")
@allows("manage_recordings", again=show_keeping)
def make_recorder() -> str:
    """Make a recorder; its token is on the page that answers, and nowhere else."""
    with filled_form() as form:
        name, side = form.text("name", most=LONGEST_NAME), form.choice("side", AgentSide)
    made, token = recorders.make(g.session, g.centre, name=name, agent_side=side, by=g.staff, now=g.now)
    return _page(token, made)


@bp.post("/recordings/keeping/recorders/<int:recorder_id>/revoke")
@allows("manage_recordings", again=show_keeping)
def revoke_recorder(recorder_id: int) -> Any:
    """End a recorder's token."""
    recorder = mine(g.session, Recorder, recorder_id)
    recorders.revoke(g.session, recorder, by=g.staff, now=g.now)
    flash(_("The token of %(name)s no longer works.", name=recorder.name))
    return redirect(PAGE)


@bp.post("/recordings/<int:recording_id>/hold")
@allows("hold_recordings", again=show_recording)
def hold(recording_id: int) -> Any:
    """Place a legal hold on a recording."""
    recording = mine(g.session, Recording, recording_id)
    with filled_form() as form:
        reason = form.text("reason", most=holds.LONGEST_REASON)
    holds.place(g.session, recording, reason=reason, by=g.staff, now=g.now)
    flash(_("Nobody can delete this recording now; a second person confirms the hold."))
    return redirect(f"/recordings/{recording_id}")


@bp.post("/recordings/holds/<int:hold_id>/confirm")
@allows("hold_recordings", again=show_keeping)
def confirm_hold(hold_id: int) -> Any:
    """Stand by a hold as the second person."""
    holds.confirm(g.session, mine(g.session, LegalHold, hold_id), by=g.staff, now=g.now)
    flash(_("The hold is confirmed."))
    return redirect(PAGE)


@bp.post("/recordings/holds/<int:hold_id>/ask-to-lift")
@allows("hold_recordings", again=show_keeping)
def ask_to_lift(hold_id: int) -> Any:
    """Ask for the end of a hold."""
    found = mine(g.session, LegalHold, hold_id)
    with filled_form() as form:
        reason = form.text(f"lift-{hold_id}", most=holds.LONGEST_REASON)
    holds.ask_to_lift(g.session, found, reason=reason, by=g.staff, now=g.now)
    flash(_("The hold stays until somebody else agrees to lift it."))
    return redirect(PAGE)


@bp.post("/recordings/holds/<int:hold_id>/lift")
@allows("hold_recordings", again=show_keeping)
def lift_hold(hold_id: int) -> Any:
    """Agree to lift a hold."""
    holds.lift(g.session, mine(g.session, LegalHold, hold_id), by=g.staff, now=g.now)
    flash(_("The hold is lifted."))
    return redirect(PAGE)


@bp.post("/recordings/holds/<int:hold_id>/keep")
@allows("hold_recordings", again=show_keeping)
def keep_hold(hold_id: int) -> Any:
    """Decline to lift a hold."""
    holds.keep_on(g.session, mine(g.session, LegalHold, hold_id), by=g.staff, now=g.now)
    flash(_("The hold stays."))
    return redirect(PAGE)
