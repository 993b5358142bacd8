"""Verdicts as they are looked up: what a task led to, every version of it, the marks, and the caller's own."""

from collections.abc import Sequence

from sqlmodel import Session, col, select

from outbound.calls.model import Call, SelfMark
from outbound.compliance import Criterion, Mark
from outbound.people import Staff
from qa.disputes.lookups import dispute_heard_in
from qa.review.model import Review, ReviewMark, ReviewTask


def result_of(session: Session, task: ReviewTask) -> Review | None:
    """The verdict to which a task has led, in the version that stands; of a dispute, the version that decided it."""
    dispute = dispute_heard_in(session, task)
    if dispute is None:
        asked = select(Review).where(Review.task_id == task.id)
        return session.exec(asked.order_by(col(Review.version).desc())).first()
    disputed = session.get_one(Review, dispute.review_id)
    asked = select(Review).where(Review.task_id == disputed.task_id, Review.version == disputed.version + 1)
    return session.exec(asked).first()


def latest_of(session: Session, review: Review) -> Review:
    """The version of a verdict that stands."""
    return versions_of(session, review)[-1]


def versions_of(session: Session, review: Review) -> Sequence[Review]:
    """Every version of a verdict, the first one first."""
    asked = select(Review).where(Review.task_id == review.task_id)
    return session.exec(asked.order_by(col(Review.version))).all()


def has_still_to_hear(session: Session, staff: Staff, call_id: int) -> bool:
    """Whether somebody is still to review a call, and so must know neither its self-check nor an earlier verdict."""
    asked = select(ReviewTask.id).where(ReviewTask.call_id == call_id, ReviewTask.reviewer_id == staff.id)
    return session.exec(asked.where(col(ReviewTask.done_at).is_(None)).limit(1)).first() is not None


def of_call(session: Session, call: Call) -> Sequence[Review]:
    """Every review of a call in all its versions, the oldest first."""
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
