"""The supervisor's desk: wrap-ups that came late, who is on the phone, reviews and who does them."""

from datetime import timedelta
from typing import Any

from flask import Blueprint, flash, g, redirect, render_template, request
from sqlmodel import col, select

from outbound import concluding, support
from outbound.call_lists.model import Contact
from outbound.calls import wrap_up as calls
from outbound.calls.broken import broken_since
from outbound.calls.model import Call, LateWrapUp, Outcome
from outbound.calls.wrap_up import Report
from outbound.campaigns.model import Campaign
from outbound.compliance import Criterion
from outbound.dialing.model import Claim
from outbound.overview.calendar import warnings_at
from outbound.people import Role, Staff, holders, known
from qa.disputes import lookups
from qa.review import verbs as reviews
from qa.review.model import Review, ReviewTask
from qa.review.sharing import open_tasks
from web.desks.verdicts import SOURCES, show_verdict
from web.forms import ChoiceUnknown, filled_form
from web.guard import allows, mine
from web.language import _, chosen_language

bp = Blueprint("supervisor", __name__)

BROKEN_SHOWN, MOST_BROKEN = timedelta(days=7), 50
"""How long a callback that nobody kept is shown, and how many of them."""


@bp.app_template_global()
def disputes_waiting() -> int:
    """How many disputes of the centre are still to be screened."""
    return len(lookups.waiting(g.session, g.centre.id)) if g.centre else 0


@bp.app_template_global()
def questions_waiting() -> int:
    """How many questions of agents wait for an answer."""
    return len(support.waiting(g.session, g.centre.id, now=g.now)) if g.centre else 0


@bp.app_template_global()
def wrap_ups_waiting() -> int:
    """How many wrap-ups that came late are still to be settled."""
    return len(calls.late_ones(g.session, g.centre.id)) if g.centre else 0


@bp.app_template_global()
def reviews_waiting() -> int:
    """How many calls are given to who asks for review."""
    return len(reviews.queue(g.session, g.staff, now=g.now))


@bp.get("/supervisor")
@allows("supervise")
def show_today() -> str:
    """What waits for me, and who has whom on the phone."""
    late = [_late(each) for each in calls.late_ones(g.session, g.centre.id)]
    return render_template(
        "supervisor/today.html",
        late=late,
        claims=_claims(),
        waiting=reviews_waiting(),
        criteria=Criterion,
        broken=_broken(),
        undecreed=[each.sentence(chosen_language()) for each in warnings_at(g.session, g.centre, now=g.now)],
    )


def _broken() -> list[dict[str, Any]]:
    """The callbacks of the last days that nobody kept."""
    found = broken_since(g.session, g.centre.id, g.now - BROKEN_SHOWN)[:MOST_BROKEN]
    return [
        {
            "broken": each,
            "agent": g.session.get_one(Staff, each.agent_id),
            "campaign": g.session.get_one(Campaign, each.campaign_id),
            "contact": g.session.get_one(Contact, each.contact_id),
        }
        for each in found
    ]


def _late(late: LateWrapUp) -> dict[str, Any]:
    report = Report.model_validate(late.report)
    return {
        "late": late,
        "report": report,
        "call": g.session.get_one(Call, late.call_id),
        "by": g.session.get_one(Staff, late.by_id),
        "outcome": g.session.get_one(Outcome, report.outcome),
    }


def _claims() -> list[dict[str, Any]]:
    asked = (
        select(Claim, Staff, Campaign)
        .join(Staff, col(Staff.id) == col(Claim.agent_id))
        .join(Campaign, col(Campaign.id) == col(Claim.campaign_id))
        .where(Claim.centre_id == g.centre.id, col(Claim.ended_at).is_(None))
    )
    rows = g.session.exec(asked.order_by(col(Claim.claimed_at), col(Claim.id))).all()
    talking = select(Call).where(
        col(Call.claim_id).in_([claim.id for claim, _agent, _campaign in rows]), col(Call.wrapped_up_at).is_(None)
    )
    dialled = {call.claim_id: call for call in g.session.exec(talking)}
    return [
        {"claim": claim, "agent": agent, "campaign": campaign, "call": dialled.get(known(claim.id))}
        for claim, agent, campaign in rows
    ]


@bp.post("/supervisor/late/<int:late_id>/settle")
@allows("supervise", again=show_today)
def settle(late_id: int) -> Any:
    """Accept a late wrap-up as its caller reported it."""
    late = mine(g.session, LateWrapUp, late_id)
    with filled_form() as form:
        note = form.text(f"note-{late_id}", most=400)
    done = concluding.settle_late(g.session, late, note=note, by=g.staff, now=g.now)
    flash(_("Accepted; the call %(reference)s is registered as reported.", reference=done.call.reference))
    return redirect("/supervisor")


@bp.get("/supervisor/reviews")
@allows("supervise")
def show_reviews() -> str:
    """Who has how many reviews to do, what is overdue, and to whom it can be handed over."""
    counts = open_tasks(g.session, g.centre.id)
    asked = (
        select(ReviewTask, Staff, Call)
        .join(Staff, col(Staff.id) == col(ReviewTask.reviewer_id))
        .join(Call, col(Call.id) == col(ReviewTask.call_id))
        .where(ReviewTask.centre_id == g.centre.id, col(ReviewTask.done_at).is_(None))
    )
    waiting = g.session.exec(asked.order_by(col(ReviewTask.due_at), col(ReviewTask.id))).all()
    overdue = [row for row in waiting if row[0].due_at < g.now]
    load = [
        {
            "reviewer": person,
            "open": counts[known(person.id)],
            "overdue": sum(task.reviewer_id == person.id for task, _staff, _call in overdue),
        }
        for person in _reviewers()
    ]
    return render_template(
        "supervisor/reviews.html", load=load, waiting=waiting, overdue=overdue, sources=SOURCES, people=_reviewers()
    )


def _reviewers() -> list[Staff]:
    """Everybody who reviews calls here, each once."""
    found = [*holders(g.session, Role.REVIEWER, g.centre.id), *holders(g.session, Role.SUPERVISOR, g.centre.id)]
    return list({person.id: person for person in found}.values())


@bp.post("/supervisor/tasks/<int:task_id>/hand-over")
@allows("supervise", again=show_reviews)
def hand_over(task_id: int) -> Any:
    """Give a review to somebody else."""
    task = mine(g.session, ReviewTask, task_id)
    with filled_form() as form:
        chosen = request.form.get(f"reviewer-{task_id}", "")
        reviewer = next((person for person in _reviewers() if str(person.id) == chosen), None)
        if reviewer is None:
            form.refuse(f"reviewer-{task_id}", ChoiceUnknown())
    assert reviewer is not None, "the form is refused without one"
    reviews.hand_over(g.session, task, reviewer, by=g.staff, now=g.now)
    flash(_("Handed over to %(reviewer)s.", reviewer=reviewer.name))
    return redirect("/supervisor/reviews")


@bp.get("/supervisor/reviews/<int:review_id>")
@allows("supervise")
def show_review(review_id: int) -> str:
    """A verdict of this centre, whoever gave it."""
    review = mine(g.session, Review, review_id)
    if reviews.has_still_to_hear(g.session, g.staff, review.call_id):
        raise reviews.HearItFirst
    return show_verdict(review, f"/recordings/{review.recording_id}/audio", "/supervisor/faults")
