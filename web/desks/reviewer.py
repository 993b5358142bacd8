"""The reviewer's desk: what waits, one call heard and marked, what follows from it; and agents read their own."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from flask import Blueprint, Response, flash, g, redirect, render_template, request
from sqlmodel import col, select

from outbound.calls.model import Call
from outbound.campaigns.model import Campaign
from outbound.clock import day_starts, local_day
from outbound.compliance import Criterion, Mark, unmarked
from outbound.errors import NotFound, Refusal
from outbound.people import Staff, known
from outbound.recordings.model import Recording
from qa.review import marks as rules
from qa.review import verbs as reviews
from qa.review.marks import CriterionMark
from qa.review.model import Review, ReviewMark, ReviewSource, ReviewTask
from web.desks import listening
from web.desks.following import what_follows
from web.forms import Form, filled_form
from web.guard import allows, mine
from web.language import _, lazy_gettext
from web.tables import Column, Table

bp = Blueprint("reviewer", __name__)

SOURCES = {
    ReviewSource.DAILY: lazy_gettext("daily draw"),
    ReviewSource.WEEKLY: lazy_gettext("weekly draw"),
    ReviewSource.TARGETED: lazy_gettext("asked for"),
}


@bp.app_template_global()
def due_by(task: ReviewTask) -> datetime:
    """The last minute in which a review is in time: the midnight at which it is due belongs to the next day."""
    return task.due_at - timedelta(minutes=1)


class NotMarked(Refusal):
    """Mark this one: pass, fail or cannot tell."""

    zh = "请标记此项：合格、不合格或无法判定。"
    status = 422


class MomentUnreadable(Refusal):
    """“{text}” is not a moment of the call; write it as 1:38."""

    zh = "“{text}”不是录音中的时刻，请按 1:38 的格式填写。"
    status = 422


@bp.get("/reviewer")
@allows("review_calls")
def show_queue() -> str:
    """What waits for me, first what is due first."""
    waiting = reviews.queue(g.session, g.staff, now=g.now)
    numbers = [task.id for task in waiting]
    asked = (
        select(ReviewTask, Recording, Call, Campaign)
        .join(Recording, col(Recording.id) == col(ReviewTask.recording_id))
        .join(Call, col(Call.id) == col(ReviewTask.call_id))
        .join(Campaign, col(Campaign.id) == col(Call.campaign_id))
        .where(col(ReviewTask.id).in_(numbers))
        .order_by(col(ReviewTask.due_at), col(ReviewTask.id))
    )
    rows = g.session.exec(asked).all()
    done = done_today()
    return render_template(
        "reviewer/queue.html", rows=rows, done=done, sources=SOURCES, before=before(), hours=_hearing_left(rows)
    )


def _hearing_left(rows: Sequence[tuple[ReviewTask, Recording, Call, Campaign]]) -> float:
    return sum(recording.seconds for _task, recording, _call, _campaign in rows)


def done_today() -> list[Review]:
    """My verdicts since midnight, the latest first."""
    since = day_starts(local_day(g.now, g.centre.zone), g.centre.zone)
    asked = select(Review).where(Review.reviewer_id == g.staff.id, col(Review.at) >= since)
    return list(g.session.exec(asked.order_by(col(Review.id).desc())).all())


def before() -> dict[str, Any] | None:
    """The verdict given just before, beside what the caller had said of the call, and what followed from it."""
    number = request.args.get("after", "")
    review = g.session.get(Review, int(number)) if number.isdecimal() else None
    return compared(review) if review and review.reviewer_id == g.staff.id else None


def compared(review: Review) -> dict[str, Any]:
    """A verdict, mark by mark, beside the caller's own marks, and what it meant for the sale."""
    said = reviews.self_marks_after_verdict(g.session, review)
    given = reviews.marks_of(g.session, review)
    return {
        "review": review,
        "pairs": [(criterion, given[criterion], said.get(criterion)) for criterion in Criterion],
        "differs": any(said.get(each) not in (None, given[each].mark) for each in Criterion),
        "follows": what_follows(g.session, review, zone=g.centre.zone),
    }


def my_task(task_id: int) -> ReviewTask:
    """A review given to me; raises NotFound for another centre's and NotYourTask for a colleague's."""
    task = mine(g.session, ReviewTask, task_id)
    if task.reviewer_id != g.staff.id:
        raise reviews.NotYourTask
    return task


def review_of(task: ReviewTask) -> Review | None:
    """The verdict that a task has led to."""
    found: Review | None = g.session.exec(select(Review).where(Review.task_id == task.id)).first()
    return found


@bp.get("/reviewer/tasks/<int:task_id>")
@allows("review_calls")
def show_task(task_id: int) -> str:
    """One call: heard, read along and marked; with its verdict, as it was marked."""
    task = my_task(task_id)
    if review := review_of(task):
        return show_verdict(review, f"/recordings/{task.recording_id}/audio", "/reviewer")
    waiting = [each.id for each in reviews.queue(g.session, g.staff, now=g.now)]
    place = waiting.index(task.id) if task.id in waiting else 0
    done = len(done_today())
    following = waiting[place + 1] if place + 1 < len(waiting) else None
    return render_template(
        "reviewer/task.html",
        task=task,
        place=done + place + 1,
        total=done + len(waiting),
        following=following,
        before=before(),
        **heard_of(task.recording_id, task.call_id, f"/recordings/{task.recording_id}/audio"),
    )


def heard_of(recording_id: int, call_id: int, address: str) -> dict[str, Any]:
    """What every page on which a call is heard shows of it; `address` is that of its sound."""
    recording, call = g.session.get_one(Recording, recording_id), g.session.get_one(Call, call_id)
    return {
        "recording": recording,
        "call": call,
        "campaign": g.session.get_one(Campaign, call.campaign_id),
        "agent": g.session.get_one(Staff, call.agent_id),
        "player": listening.player_of(recording, address),
        "spoken": listening.spoken_in(g.session, call),
        "sources": SOURCES,
        "criteria": list(enumerate(Criterion, start=1)),
        "marks": Mark,
    }


def show_verdict(review: Review, address: str, back: str) -> str:
    """A verdict, with the recording to hear it by; `back` is the page to go back to."""
    return render_template(
        "reviewer/verdict.html",
        **compared(review),
        reviewer=g.session.get_one(Staff, review.reviewer_id),
        task=g.session.get_one(ReviewTask, review.task_id),
        back=back,
        **heard_of(review.recording_id, review.call_id, address),
    )


@bp.post("/reviewer/tasks/<int:task_id>")
@allows("review_calls", again=show_task)
def give_verdict(task_id: int) -> Any:
    """Take the four marks, and open the next call."""
    task = my_task(task_id)
    if review_of(task):
        raise reviews.AlreadyReviewed
    given, comment = marks_typed(g.session.get_one(Recording, task.recording_id).seconds)
    review = reviews.mark(g.session, task, given, comment=comment, by=g.staff, now=g.now)
    waiting = reviews.queue(g.session, g.staff, now=g.now)
    if not waiting:
        flash(_("Your queue is empty: every review given to you is done."))
    address = f"/reviewer/tasks/{waiting[0].id}" if waiting else "/reviewer"
    return redirect(f"{address}?after={review.id}")


def marks_typed(seconds: float) -> tuple[dict[Criterion, CriterionMark], str]:
    """The four marks and the comment as they were typed; raises FormFaulty with every fault at its field."""
    with filled_form() as form:
        given = {which: _typed(form, which) for which in Criterion if form.given(f"mark-{which}")}
        for missing in unmarked({which: one.mark for which, one in given.items()}):
            form.refuse(f"mark-{missing}", NotMarked())
        for which, one in given.items():
            _check(form, which, one, seconds)
        comment = form.text("comment", required=False, most=2000)
    return given, comment


def _typed(form: Form, which: Criterion) -> CriterionMark:
    return CriterionMark(
        mark=form.choice(f"mark-{which}", Mark),
        second=_moment(form, f"second-{which}"),
        reason=form.text(f"reason-{which}", required=False, most=60),
        note=form.text(f"note-{which}", required=False, most=1000),
    )


def _moment(form: Form, name: str) -> float | None:
    """A moment written as 98, 1:38 or 1:02:38, tenths allowed; None where nothing is written."""
    text = form.text(name, required=False, most=20).replace("：", ":")
    if not text:
        return None
    seconds = 0.0
    try:
        for part in text.split(":"):
            seconds = seconds * 60 + float(part)
    except ValueError:
        form.refuse(name, MomentUnreadable(text=text))
    return seconds


_AT_FIELD: dict[type[Refusal], str] = {
    rules.SecondNeeded: "second",
    rules.SecondOutside: "second",
    rules.NoteNeeded: "note",
}


def _check(form: Form, which: Criterion, given: CriterionMark, seconds: float) -> None:
    try:
        rules.check(which, given, seconds=seconds)
    except Refusal as refused:
        form.refuse(f"{_AT_FIELD.get(type(refused), 'reason')}-{which}", refused)


OWN = Table(
    caption=lazy_gettext("Reviews of my calls"),
    columns=(
        Column("at", lazy_gettext("Reviewed"), sort=col(Review.at), value=lambda row: row[0].at),
        Column("call", lazy_gettext("Call"), sort=col(Call.dialled_at), value=lambda row: row[1].dialled_at),
        Column("campaign", lazy_gettext("Campaign"), value=lambda row: row[2].name),
        Column("verdict", lazy_gettext("Verdict"), value=lambda row: row[0].verdict),
        Column("failed", lazy_gettext("Not passed")),
        Column("comment", lazy_gettext("Comment"), value=lambda row: row[0].comment),
    ),
    key=col(Review.id),
    order="-at",
    empty=lazy_gettext("None of your calls has been reviewed yet."),
    exports=False,
)


@bp.get("/my-reviews")
@allows("see_own_reviews")
def show_own() -> str:
    """The reviews of my own calls."""
    asked = (
        select(Review, Call, Campaign)
        .join(Call, col(Call.id) == col(Review.call_id))
        .join(Campaign, col(Campaign.id) == col(Call.campaign_id))
        .where(Call.agent_id == g.staff.id)
    )
    page = OWN.page(g.session, asked, request.args)
    numbers = [known(review.id) for review, _call, _campaign in page.rows]
    wrong = select(ReviewMark).where(col(ReviewMark.review_id).in_(numbers), ReviewMark.mark != Mark.PASS)
    return render_template("reviewer/own.html", page=page, wrong=g.session.exec(wrong).all())


def own_review(review_id: int) -> Review:
    """A review of one of my own calls; raises NotFound."""
    review = mine(g.session, Review, review_id)
    if g.session.get_one(Call, review.call_id).agent_id != g.staff.id:
        raise NotFound
    return review


@bp.get("/my-reviews/<int:review_id>")
@allows("see_own_reviews")
def show_own_review(review_id: int) -> str:
    """One review of a call of mine, with the moments to hear."""
    return show_verdict(own_review(review_id), f"/my-reviews/{review_id}/audio", "/my-reviews")


@bp.get("/my-reviews/<int:review_id>/audio")
@allows("see_own_reviews", writes=True)
def hear_own(review_id: int) -> Response:
    """The sound of a reviewed call of mine."""
    return listening.sound(g.session.get_one(Recording, own_review(review_id).recording_id))
