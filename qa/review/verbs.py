"""Reviews: what waits for whom, the four marks of a call as a reviewer heard it, calls pulled in besides the draw."""

from collections.abc import Mapping, Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session, col, select

from outbound import compliance, journal
from outbound.calls.model import Call, SelfMark
from outbound.compliance import Criterion, Mark
from outbound.errors import DATABASE_REFUSALS, NotAllowed, NotFound, Refusal
from outbound.people import Centre, Staff, known, may, roles_of
from outbound.recordings.model import Recording
from qa.review.consequences import follow
from qa.review.marks import CriterionMark, check
from qa.review.model import Review, ReviewMark, ReviewSource, ReviewTask
from qa.review.sharing import ASKED_FIRST, Sharing, callers_of, due_at


class AlreadyReviewed(Refusal):
    """This review is done already; a verdict is changed by a further review, never rewritten."""

    zh = "这条质检任务已经完成。结论不可改写，如有异议请另行复核。"


class NotYourTask(Refusal):
    """This review was given to a colleague; take the next one from your own queue."""

    zh = "这条质检任务分配给了其他同事，请从自己的队列中取下一条。"
    status = 403


class OwnCall(Refusal):
    """Nobody reviews a call to a customer whom they called themselves; leave it to a colleague."""

    zh = "不能质检自己呼叫过的客户的通话，请交给其他同事。"


class NotMatchedYet(Refusal):
    """It is not known yet which call this recording is of; match it first."""

    zh = "这条录音尚未匹配到通话，请先匹配。"


DATABASE_REFUSALS["nobody reviews their own call"] = OwnCall


def queue(session: Session, reviewer: Staff, *, now: datetime) -> Sequence[ReviewTask]:
    """What a reviewer still has to do: first what is overdue and was carried over, then by when it is due."""
    asked = select(ReviewTask).where(ReviewTask.reviewer_id == reviewer.id, col(ReviewTask.done_at).is_(None))
    until_now = asked.where(col(ReviewTask.made_at) <= now)
    return session.exec(until_now.order_by(col(ReviewTask.due_at), col(ReviewTask.id))).all()


def mark(
    session: Session,
    task: ReviewTask,
    marks: Mapping[Criterion, CriterionMark],
    *,
    comment: str = "",
    by: Staff,
    now: datetime,
) -> Review:
    """Give all four marks of a call; the verdict follows from them, and what it means for the sale from that.

    Raises NotFound, NotYourTask, AlreadyReviewed, OwnCall, CriteriaNotAllMarked, ReasonUnknown, FailNeedsReason,
    NoteNeeded, SecondNeeded, SecondOutside.
    """
    call = _check_task(session, task, by)
    verdict = compliance.verdict({criterion: given.mark for criterion, given in marks.items()})
    recording = session.get_one(Recording, task.recording_id)
    for criterion in Criterion:
        check(criterion, marks[criterion], seconds=recording.seconds)
    _take(session, task, now=now)
    review = Review(
        centre_id=task.centre_id,
        task_id=known(task.id),
        call_id=task.call_id,
        recording_id=task.recording_id,
        reviewer_id=known(by.id),
        verdict=verdict,
        comment=comment.strip(),
        at=now,
    )
    session.add(review)
    session.flush()
    session.add_all(_as_asked(review, criterion, marks[criterion]) for criterion in Criterion)
    session.flush()
    said = {criterion: marks[criterion].mark for criterion in Criterion}
    journal.record(session, "call.reviewed", review, by=by, now=now, call=call.id, verdict=verdict, marks=said)
    follow(session, review, call, by=by, now=now)
    return review


def _check_task(session: Session, task: ReviewTask, by: Staff) -> Call:
    call = session.get_one(Call, task.call_id)
    if by.centre_id != task.centre_id:
        raise NotFound
    if task.reviewer_id != by.id:
        raise NotYourTask
    if by.id in callers_of(session, call):
        raise OwnCall
    return call


def _take(session: Session, task: ReviewTask, *, now: datetime) -> None:
    """Make the task ours to finish: of two who send a verdict at once, one is told that it is done."""
    undone = sa.update(ReviewTask).where(col(ReviewTask.id) == task.id, col(ReviewTask.done_at).is_(None))
    if session.exec(undone.values(done_at=now)).rowcount != 1:
        raise AlreadyReviewed
    session.refresh(task)


def _as_asked(review: Review, criterion: Criterion, given: CriterionMark) -> ReviewMark:
    return ReviewMark(
        review_id=known(review.id),
        criterion=criterion,
        asked_zh=criterion.wording.zh,
        asked_en=criterion.wording.en,
        mark=given.mark,
        second=given.second,
        reason=given.reason if given.mark == Mark.FAIL else "",
        note=given.note.strip(),
    )


def pull_in(
    session: Session, recording: Recording, *, reviewer: Staff | None = None, by: Staff | None, now: datetime
) -> ReviewTask:
    """Ask for the review of a recording besides the draw; without a reviewer, of whoever has least to do.

    An open request of the same kind stays the only one. Raises NotMatchedYet, NotFound, NotAllowed, OwnCall,
    NobodyToReview.
    """
    if recording.call_id is None:
        raise NotMatchedYet
    call = session.get_one(Call, recording.call_id)
    if reviewer:
        _check_reviewer(session, call, reviewer)
    if waiting := _waiting(session, recording, reviewer):
        return waiting
    who = reviewer or Sharing(session, call.centre_id, ASKED_FIRST[ReviewSource.TARGETED]).pick(call)
    centre = session.get_one(Centre, call.centre_id)
    task = ReviewTask(
        centre_id=call.centre_id,
        source=ReviewSource.TARGETED,
        recording_id=known(recording.id),
        call_id=known(call.id),
        reviewer_id=known(who.id),
        made_at=now,
        due_at=due_at(session, centre, now),
    )
    session.add(task)
    session.flush()
    journal.record(session, "review.pulled_in", task, by=by, now=now, call=call.id, reviewer=who.id)
    return task


def _check_reviewer(session: Session, call: Call, reviewer: Staff) -> None:
    if reviewer.centre_id != call.centre_id:
        raise NotFound
    if not may(roles_of(session, reviewer), "review_calls"):
        raise NotAllowed
    if reviewer.id in callers_of(session, call):
        raise OwnCall


def _waiting(session: Session, recording: Recording, reviewer: Staff | None) -> ReviewTask | None:
    asked = select(ReviewTask).where(
        ReviewTask.recording_id == recording.id,
        ReviewTask.source == ReviewSource.TARGETED,
        col(ReviewTask.done_at).is_(None),
    )
    return session.exec(asked.where(ReviewTask.reviewer_id == reviewer.id) if reviewer else asked).first()


def hand_over(session: Session, task: ReviewTask, reviewer: Staff, *, by: Staff, now: datetime) -> None:
    """Give an open review to somebody else, who is here when the first is not.

    Raises AlreadyReviewed, NotFound, NotAllowed, OwnCall.
    """
    if task.reviewer_id == reviewer.id:
        return
    if task.done_at:
        raise AlreadyReviewed
    _check_reviewer(session, session.get_one(Call, task.call_id), reviewer)
    before, task.reviewer_id = task.reviewer_id, known(reviewer.id)
    session.add(task)
    journal.record(session, "review.handed_over", task, by=by, now=now, before=before, after=reviewer.id)


def of_call(session: Session, call: Call) -> Sequence[Review]:
    """Every review of a call, the oldest first."""
    return session.exec(select(Review).where(Review.call_id == call.id).order_by(col(Review.id))).all()


def marks_of(session: Session, review: Review) -> dict[Criterion, ReviewMark]:
    """The four marks of a review, in the order in which they are asked."""
    given = {row.criterion: row for row in session.exec(select(ReviewMark).where(ReviewMark.review_id == review.id))}
    return {criterion: given[criterion] for criterion in Criterion}


def self_marks_after_verdict(session: Session, review: Review) -> dict[Criterion, Mark]:
    """What the caller said of the call: there is none to be had without a verdict, which this asks for."""
    said = session.exec(select(SelfMark).where(SelfMark.call_id == review.call_id)).all()
    given = {row.criterion: row.mark for row in said}
    return {criterion: given[criterion] for criterion in Criterion if criterion in given}


__all__ = [
    "AlreadyReviewed",
    "CriterionMark",
    "hand_over",
    "mark",
    "marks_of",
    "of_call",
    "pull_in",
    "queue",
    "self_marks_after_verdict",
]
