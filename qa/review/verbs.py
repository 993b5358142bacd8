"""Reviews: what waits for whom, the four marks of a call as a reviewer heard it, calls pulled in besides the draw."""

from collections.abc import Mapping, Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session, col, select

from outbound import journal
from outbound.calls.model import Call
from outbound.compliance import Criterion
from outbound.errors import DATABASE_REFUSALS, NotAllowed, NotFound, Refusal
from outbound.people import Centre, Staff, known, may, roles_of
from outbound.recordings.model import Recording
from qa.disputes.lookups import dispute_heard_in, reviewers_before
from qa.disputes.model import Dispute
from qa.review import writing
from qa.review.lookups import (
    has_still_to_hear,
    latest_of,
    marks_of,
    of_call,
    result_of,
    self_marks_after_verdict,
    versions_of,
)
from qa.review.marks import CriterionMark
from qa.review.model import Review, ReviewSource, ReviewTask
from qa.review.sharing import ASKED_FIRST, Sharing, callers_of, due_at


class AlreadyReviewed(Refusal):
    """This review is done already; a verdict is never rewritten: change it with a reason, as a further version."""

    zh = "这条质检任务已经完成。结论不可改写，如需更正，请写明原因另存一版。"


class NotYourTask(Refusal):
    """This review was given to a colleague; take the next one from your own queue."""

    zh = "这条质检任务分配给了其他同事，请从自己的队列中取下一条。"
    status = 403


class OwnCall(Refusal):
    """Nobody reviews a call to a customer whom they called themselves; leave it to a colleague."""

    zh = "自己打过电话的客户，其通话不能由自己质检，请交给其他同事。"


class NotMatchedYet(Refusal):
    """It is not known yet which call this recording is of; match it first."""

    zh = "这条录音尚未匹配到通话，请先匹配。"


class NotYourVerdict(Refusal):
    """Only who gave a verdict changes it; the caller may dispute it, and a colleague may hear the call again."""

    zh = "只有作出结论的质检员本人可以更正。坐席可以申诉，也可以请同事复核。"
    status = 403


class VersionOutdated(Refusal):
    """This verdict has been changed since; look at the version that stands."""

    zh = "这条结论已有新的版本，请查看现行版本。"


class VerdictDisputed(Refusal):
    """This verdict is disputed, so another reviewer decides; it can no longer be changed by you."""

    zh = "这条结论正在申诉中，由其他质检员裁定，您不能再更正。"


class ChangeNeedsReason(Refusal):
    """Write why the verdict is changed; the reason stays in its history."""

    zh = "请写明更正原因，原因会保留在历史记录中。"
    status = 422


class HeardBefore(Refusal):
    """This dispute is about a verdict that they gave themselves; leave it to somebody else."""

    zh = "这条申诉针对的正是该质检员作出的结论，请交给其他人。"


class HearItFirst(Refusal):
    """You are still to review this call yourself; its earlier verdict opens after your own."""

    zh = "您还要质检这通电话，完成自己的质检后才能查看已有的结论。"
    status = 403


DATABASE_REFUSALS["nobody reviews their own call"] = OwnCall
DATABASE_REFUSALS["a dispute is decided by another reviewer"] = HeardBefore
DATABASE_REFUSALS["a verdict is changed with a reason"] = ChangeNeedsReason


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

    On a disputed call it is the next version of the verdict, which decides the dispute.
    Raises NotFound, NotYourTask, AlreadyReviewed, OwnCall, and what `writing.check` raises.
    """
    _check_task(session, task, by)
    writing.check(session, task, marks, comment)
    _take(session, task, now=now)
    dispute = dispute_heard_in(session, task)
    if dispute is None:
        return writing.write(session, task, marks, comment=comment, by=by, now=now)
    disputed = session.get_one(Review, dispute.review_id)
    about = session.get_one(ReviewTask, disputed.task_id)
    return writing.write(session, about, marks, comment=comment, by=by, now=now, earlier=disputed, why=dispute.why)


def change(
    session: Session,
    review: Review,
    marks: Mapping[Criterion, CriterionMark],
    *,
    why: str,
    comment: str = "",
    by: Staff,
    now: datetime,
) -> Review:
    """Change one's own verdict: a further version with its reason, beside the one that was given first.

    Raises NotFound, NotYourVerdict, VersionOutdated, VerdictDisputed, ChangeNeedsReason, and what `writing.check`
    raises.
    """
    if by.centre_id != review.centre_id:
        raise NotFound
    if review.reviewer_id != by.id:
        raise NotYourVerdict
    if latest_of(session, review).id != review.id:
        raise VersionOutdated
    if session.exec(select(Dispute.id).where(Dispute.review_id == review.id)).first():
        raise VerdictDisputed
    if not why.strip():
        raise ChangeNeedsReason
    task = session.get_one(ReviewTask, review.task_id)
    writing.check(session, task, marks, comment)
    return writing.write(session, task, marks, comment=comment, by=by, now=now, earlier=review, why=why)


def _check_task(session: Session, task: ReviewTask, by: Staff) -> None:
    if by.centre_id != task.centre_id:
        raise NotFound
    if task.reviewer_id != by.id:
        raise NotYourTask
    if by.id in callers_of(session, session.get_one(Call, task.call_id)):
        raise OwnCall


def _take(session: Session, task: ReviewTask, *, now: datetime) -> None:
    """Make the task ours to finish: of two who send a verdict at once, one is told that it is done."""
    undone = sa.update(ReviewTask).where(col(ReviewTask.id) == task.id, col(ReviewTask.done_at).is_(None))
    if session.exec(undone.values(done_at=now)).rowcount != 1:
        raise AlreadyReviewed
    session.refresh(task)


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

    Raises AlreadyReviewed, NotFound, NotAllowed, OwnCall, HeardBefore.
    """
    if task.reviewer_id == reviewer.id:
        return
    if task.done_at:
        raise AlreadyReviewed
    _check_reviewer(session, session.get_one(Call, task.call_id), reviewer)
    if (dispute := dispute_heard_in(session, task)) and reviewer.id in reviewers_before(session, dispute):
        raise HeardBefore
    before, task.reviewer_id = task.reviewer_id, known(reviewer.id)
    session.add(task)
    journal.record(session, "review.handed_over", task, by=by, now=now, before=before, after=reviewer.id)


__all__ = [
    "AlreadyReviewed",
    "CriterionMark",
    "change",
    "hand_over",
    "has_still_to_hear",
    "latest_of",
    "mark",
    "marks_of",
    "of_call",
    "pull_in",
    "queue",
    "result_of",
    "self_marks_after_verdict",
    "versions_of",
]
