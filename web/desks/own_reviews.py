"""Agents and verifiers read the reviews of their own calls, hear the moment, and accept or dispute in time."""

from typing import Any

from flask import Blueprint, Response, flash, g, redirect, render_template, request
from sqlmodel import col, select

from outbound.calls.model import Call
from outbound.campaigns.model import Campaign
from outbound.compliance import Mark, Verdict
from outbound.errors import NotFound
from outbound.people import known
from outbound.recordings.model import Recording
from qa.disputes import verbs as disputes
from qa.disputes.lookups import AnswerState, answer_to, answers_to
from qa.review.model import Review, ReviewMark, stands
from web.desks import listening
from web.desks.verdicts import KINDS, show_verdict
from web.forms import filled_form
from web.guard import allows, mine
from web.language import _, lazy_gettext
from web.tables import Column, Filter, Table

bp = Blueprint("own_reviews", __name__)

OWN = Table(
    caption=lazy_gettext("Reviews of my calls"),
    columns=(
        Column("at", lazy_gettext("Reviewed"), sort=col(Review.at), value=lambda row: row[0].at),
        Column("call", lazy_gettext("Call"), sort=col(Call.dialled_at), value=lambda row: row[1].dialled_at),
        Column("campaign", lazy_gettext("Campaign"), value=lambda row: row[2].name),
        Column("verdict", lazy_gettext("Verdict"), value=lambda row: row[0].verdict),
        Column("failed", lazy_gettext("Not passed")),
        Column("answer", lazy_gettext("My answer"), sort=col(Review.answer_by)),
    ),
    key=col(Review.id),
    order="-at",
    empty=lazy_gettext("None of your calls has been reviewed yet."),
    filters=(
        Filter(
            "verdict",
            lazy_gettext("Verdict"),
            col(Review.verdict),
            {
                Verdict.VALID: lazy_gettext("valid"),
                Verdict.INVALID: lazy_gettext("not valid"),
                Verdict.UNSURE: lazy_gettext("unsure"),
            },
        ),
    ),
    exports=False,
)


@bp.get("/my-reviews")
@allows("see_own_reviews")
def show_own() -> str:
    """The reviews of my own calls, as they stand."""
    page = OWN.page(g.session, _of_mine(), request.args)
    reviews = [review for review, _call, _campaign in page.rows]
    numbers = [known(review.id) for review in reviews]
    wrong = select(ReviewMark).where(col(ReviewMark.review_id).in_(numbers), ReviewMark.mark != Mark.PASS)
    return render_template(
        "reviewer/own.html",
        page=page,
        wrong=g.session.exec(wrong).all(),
        answers=answers_to(g.session, reviews, now=g.now),
        kinds=KINDS,
        unanswered=_unanswered(),
    )


def _of_mine() -> Any:
    return (
        select(Review, Call, Campaign)
        .join(Call, col(Call.id) == col(Review.call_id))
        .join(Campaign, col(Campaign.id) == col(Call.campaign_id))
        .where(Call.agent_id == g.staff.id, stands())
    )


def _unanswered() -> int:
    """How many reviews still wait for my answer."""
    rows = g.session.exec(_of_mine().where(col(Review.answer_by) >= g.now)).all()
    answers = answers_to(g.session, [review for review, _call, _campaign in rows], now=g.now)
    return sum(answer.state == AnswerState.OPEN for answer in answers.values())


def own_review(review_id: int) -> Review:
    """A review of one of my own calls; raises NotFound."""
    review = mine(g.session, Review, review_id)
    if g.session.get_one(Call, review.call_id).agent_id != g.staff.id:
        raise NotFound
    return review


@bp.get("/my-reviews/<int:review_id>")
@allows("see_own_reviews")
def show_own_review(review_id: int) -> str:
    """One review of a call of mine, with the moments to hear, and my answer to it."""
    review = own_review(review_id)
    answers = answer_to(g.session, review, now=g.now).state == AnswerState.OPEN
    return show_verdict(review, f"/my-reviews/{review_id}/audio", "/my-reviews", answers=answers)


@bp.post("/my-reviews/<int:review_id>/accept")
@allows("see_own_reviews", again=show_own_review)
def accept(review_id: int) -> Any:
    """I agree with a review."""
    disputes.accept(g.session, own_review(review_id), by=g.staff, now=g.now)
    flash(_("Accepted."))
    return redirect("/my-reviews")


@bp.post("/my-reviews/<int:review_id>/dispute")
@allows("see_own_reviews", again=show_own_review)
def dispute(review_id: int) -> Any:
    """I say that a review is wrong, and why."""
    review = own_review(review_id)
    with filled_form() as form:
        why = form.text("why", most=1000)
    disputes.dispute(g.session, review, why=why, by=g.staff, now=g.now)
    flash(_("Disputed; the team leader screens it first."))
    return redirect(f"/my-reviews/{review_id}")


@bp.get("/my-reviews/<int:review_id>/audio")
@allows("see_own_reviews", writes=True)
def hear_own(review_id: int) -> Response:
    """The sound of a reviewed call of mine."""
    return listening.sound(g.session.get_one(Recording, own_review(review_id).recording_id))
