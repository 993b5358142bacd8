"""The team leader's screening: disputes that wait, heard beside their verdicts, referred or rejected with a reason."""

from typing import Any

from flask import Blueprint, flash, g, redirect, render_template, request
from sqlmodel import col, select

from outbound.calls.model import Call
from outbound.people import Staff
from qa.disputes import lookups
from qa.disputes import verbs as disputes
from qa.disputes.model import Dispute, DisputeScreening
from qa.review import verbs as reviews
from qa.review.model import Review, ReviewTask
from web.desks.verdicts import KINDS, show_verdict
from web.forms import filled_form
from web.guard import allows, mine
from web.language import _, lazy_gettext
from web.tables import Column, Table

bp = Blueprint("disputes", __name__)

DISPUTES = Table(
    caption=lazy_gettext("Disputes"),
    columns=(
        Column("at", lazy_gettext("Disputed"), sort=col(Dispute.at), value=lambda row: row[0].at),
        Column("agent", lazy_gettext("Agent"), sort=col(Staff.name), value=lambda row: row[3].name),
        Column("call", lazy_gettext("Call reference"), sort=col(Call.reference), value=lambda row: row[2].reference),
        Column("verdict", lazy_gettext("Verdict"), value=lambda row: row[1].verdict),
        Column("why", lazy_gettext("Grounds"), value=lambda row: row[0].why),
        Column("state", lazy_gettext("Where it stands")),
    ),
    key=col(Dispute.id),
    order="-at",
    empty=lazy_gettext("No review has been disputed yet."),
    search=(col(Staff.name), col(Call.reference), col(Dispute.why)),
    exports=False,
)


@bp.get("/supervisor/disputes")
@allows("supervise")
def show_disputes() -> str:
    """What waits to be screened, and every dispute with what came of it."""
    asked = (
        select(Dispute, Review, Call, Staff)
        .join(Review, col(Review.id) == col(Dispute.review_id))
        .join(Call, col(Call.id) == col(Review.call_id))
        .join(Staff, col(Staff.id) == col(Dispute.by_id))
        .where(Dispute.centre_id == g.centre.id)
    )
    page = DISPUTES.page(g.session, asked, request.args)
    return render_template(
        "supervisor/disputes.html",
        page=page,
        answers=lookups.answers_to(g.session, [review for _dispute, review, _call, _staff in page.rows], now=g.now),
        kinds=KINDS,
        waiting=lookups.waiting(g.session, g.centre.id),
    )


@bp.get("/supervisor/disputes/<int:dispute_id>")
@allows("supervise")
def show_dispute(dispute_id: int) -> str:
    """One dispute: the verdict, the moments to hear, the grounds, and what the team leader decides."""
    dispute = mine(g.session, Dispute, dispute_id)
    review = g.session.get_one(Review, dispute.review_id)
    if reviews.has_still_to_hear(g.session, g.staff, review.call_id):
        raise reviews.HearItFirst
    screens = None if g.session.get(DisputeScreening, dispute_id) else dispute
    address = f"/recordings/{review.recording_id}/audio"
    return show_verdict(review, address, "/supervisor/disputes", screens=screens)


@bp.post("/supervisor/disputes/<int:dispute_id>/refer")
@allows("supervise", again=show_dispute)
def refer(dispute_id: int) -> Any:
    """Another reviewer is to hear the call and decide."""
    task: ReviewTask = disputes.refer(g.session, mine(g.session, Dispute, dispute_id), by=g.staff, now=g.now)
    decides = g.session.get_one(Staff, task.reviewer_id)
    flash(_("%(reviewer)s hears the call again and decides.", reviewer=decides.name))
    return redirect("/supervisor/disputes")


@bp.post("/supervisor/disputes/<int:dispute_id>/reject")
@allows("supervise", again=show_dispute)
def reject(dispute_id: int) -> Any:
    """The verdict stands; the caller reads why."""
    dispute = mine(g.session, Dispute, dispute_id)
    with filled_form() as form:
        reason = form.text("reason", most=1000)
    disputes.reject(g.session, dispute, reason=reason, by=g.staff, now=g.now)
    flash(_("Rejected; the agent reads your reason."))
    return redirect("/supervisor/disputes")
