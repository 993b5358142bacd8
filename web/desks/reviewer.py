"""The reviewer's desk: what waits, one call heard and marked, what follows from it, a verdict changed with a reason."""

from collections.abc import Sequence
from typing import Any

from flask import Blueprint, flash, g, redirect, render_template, request
from sqlmodel import col, select

from outbound.calls.model import Call
from outbound.campaigns.model import Campaign
from outbound.clock import day_starts, local_day
from outbound.errors import NotFound
from outbound.people import known
from outbound.recordings.model import Recording
from qa.calibration import verbs as calibrations
from qa.disputes.lookups import dispute_heard_in
from qa.review import verbs as reviews
from qa.review.model import Review, ReviewTask
from web.desks.marking import as_typed, marks_typed
from web.desks.verdicts import SOURCES, compared, heard_of, show_verdict
from web.guard import allows, mine
from web.language import _

bp = Blueprint("reviewer", __name__)

Waiting = Sequence[tuple[ReviewTask, Recording, Call, Campaign]]


@bp.get("/reviewer")
@allows("review_calls")
def show_queue() -> str:
    """What waits for me, first what is due first."""
    rows = waiting()
    return render_template(
        "reviewer/queue.html",
        rows=rows,
        done=done_today(),
        sources=SOURCES,
        before=before(),
        hours=sum(recording.seconds for _task, recording, _call, _campaign in rows),
        calibrating=len(calibrations.open_for(g.session, g.staff)),
        overdue=sum(task.due_at <= g.now for task, _recording, _call, _campaign in rows),
    )


def waiting() -> Waiting:
    """My queue with what is known of each call, first what is due first."""
    numbers = [task.id for task in reviews.queue(g.session, g.staff, now=g.now)]
    asked = (
        select(ReviewTask, Recording, Call, Campaign)
        .join(Recording, col(Recording.id) == col(ReviewTask.recording_id))
        .join(Call, col(Call.id) == col(ReviewTask.call_id))
        .join(Campaign, col(Campaign.id) == col(Call.campaign_id))
        .where(col(ReviewTask.id).in_(numbers))
    )
    found: Waiting = g.session.exec(asked.order_by(col(ReviewTask.due_at), col(ReviewTask.id))).all()
    return found


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


def my_task(task_id: int) -> ReviewTask:
    """A review given to me; raises NotFound for another centre's and NotYourTask for a colleague's."""
    task = mine(g.session, ReviewTask, task_id)
    if task.reviewer_id != g.staff.id:
        raise reviews.NotYourTask
    return task


@bp.get("/reviewer/tasks/<int:task_id>")
@allows("review_calls")
def show_task(task_id: int) -> str:
    """One call: heard, read along and marked; with its verdict, as it was marked."""
    task = my_task(task_id)
    if review := reviews.result_of(g.session, task):
        return _my_verdict(review)
    rows = waiting()
    numbers = [known(each.id) for each, _recording, _call, _campaign in rows]
    place = numbers.index(task_id) if task_id in numbers else 0
    done = len(done_today())
    return render_template(
        "reviewer/task.html",
        task=task,
        rows=rows,
        place=done + place + 1,
        total=done + len(rows),
        following=numbers[place + 1] if place + 1 < len(rows) else None,
        before=before(),
        disputed=_disputed(task),
        **_heard(task),
    )


def _heard(task: ReviewTask) -> dict[str, Any]:
    return heard_of(task.recording_id, task.call_id, f"/recordings/{task.recording_id}/audio")


def _disputed(task: ReviewTask) -> dict[str, Any] | None:
    """What a dispute is about: the caller's grounds, and the marks that they call wrong."""
    dispute = dispute_heard_in(g.session, task)
    if dispute is None:
        return None
    review = g.session.get_one(Review, dispute.review_id)
    return {"dispute": dispute, "review": review, "given": reviews.marks_of(g.session, review)}


@bp.post("/reviewer/tasks/<int:task_id>")
@allows("review_calls", again=show_task)
def give_verdict(task_id: int) -> Any:
    """Take the four marks, and open the next call."""
    task = my_task(task_id)
    if reviews.result_of(g.session, task):
        raise reviews.AlreadyReviewed
    given, comment, _why = marks_typed(g.session.get_one(Recording, task.recording_id).seconds)
    review = reviews.mark(g.session, task, given, comment=comment, by=g.staff, now=g.now)
    left = reviews.queue(g.session, g.staff, now=g.now)
    if not left:
        flash(_("Your queue is empty: every review given to you is done."))
    address = f"/reviewer/tasks/{left[0].id}" if left else "/reviewer"
    return redirect(f"{address}?after={review.id}")


def my_verdict(verdict_id: int) -> Review:
    """A verdict that I gave; raises NotFound."""
    review = mine(g.session, Review, verdict_id)
    if review.reviewer_id != g.staff.id:
        raise NotFound
    return review


@bp.get("/reviewer/verdicts/<int:verdict_id>")
@allows("review_calls")
def show_my_verdict(verdict_id: int) -> str:
    """A verdict that I gave, beside the self-check, with what became of it."""
    return _my_verdict(my_verdict(verdict_id))


def _my_verdict(review: Review) -> str:
    standing = reviews.latest_of(g.session, review)
    changes = f"/reviewer/verdicts/{review.id}/change" if standing.reviewer_id == g.staff.id else ""
    return show_verdict(standing, f"/recordings/{review.recording_id}/audio", "/reviewer", changes=changes)


@bp.get("/reviewer/verdicts/<int:verdict_id>/change")
@allows("review_calls")
def show_change(verdict_id: int) -> str:
    """The marks that I gave, to be changed with a reason."""
    review = my_verdict(verdict_id)
    task = g.session.get_one(ReviewTask, review.task_id)
    return render_template(
        "reviewer/change.html",
        review=review,
        stored=as_typed(reviews.marks_of(g.session, review), review.comment),
        task=task,
        **_heard(task),
    )


@bp.post("/reviewer/verdicts/<int:verdict_id>/change")
@allows("review_calls", again=show_change)
def change_verdict(verdict_id: int) -> Any:
    """Keep a further version of my verdict."""
    review = my_verdict(verdict_id)
    given, comment, why = marks_typed(g.session.get_one(Recording, review.recording_id).seconds, why=True)
    changed = reviews.change(g.session, review, given, why=why, comment=comment, by=g.staff, now=g.now)
    flash(_("Changed; the verdict of before stays in the history."))
    return redirect(f"/reviewer/verdicts/{changed.id}")
