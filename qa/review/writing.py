"""A verdict as it is written down: four marks in the words of the day; what it means for the sale follows at once."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col, select

from outbound import compliance, journal
from outbound.calls.model import Call
from outbound.campaigns.definition import Quality
from outbound.campaigns.lookups import definition_in
from outbound.campaigns.model import CampaignVersion
from outbound.compliance import Criterion, Mark, Verdict
from outbound.people import Centre, Staff, known
from outbound.recordings.model import Recording
from qa import stopping
from qa.disputes.model import Dispute
from qa.review import comments, marks
from qa.review.consequences import follow
from qa.review.marks import CriterionMark, as_asked
from qa.review.model import Review, ReviewMark, ReviewTask
from qa.review.sharing import due_at


def check(session: Session, task: ReviewTask, given: Mapping[Criterion, CriterionMark], comment: str) -> None:
    """Refuse marks and a comment that say too little of a call.

    Raises CriteriaNotAllMarked, FailNeedsReason, ReasonUnknown, NoteNeeded, SecondNeeded, SecondOutside, RemarkOutside.
    """
    compliance.verdict(_marks(given))
    seconds = session.get_one(Recording, task.recording_id).seconds
    for criterion in Criterion:
        marks.check(criterion, given[criterion], seconds=seconds)
    comments.check(comment, seconds=seconds)


def _marks(given: Mapping[Criterion, CriterionMark]) -> dict[Criterion, Mark]:
    return {criterion: one.mark for criterion, one in given.items()}


def write(
    session: Session,
    task: ReviewTask,
    given: Mapping[Criterion, CriterionMark],
    *,
    comment: str,
    by: Staff,
    now: datetime,
    earlier: Review | None = None,
    why: str = "",
) -> Review:
    """The verdict on `task`, or the next version of `earlier` for the reason `why`; `check` has let the marks pass."""
    call = session.get_one(Call, task.call_id)
    verdict = compliance.verdict(_marks(given))
    review = Review(
        centre_id=task.centre_id,
        task_id=known(task.id),
        version=earlier.version + 1 if earlier else 1,
        why_changed=why.strip(),
        call_id=task.call_id,
        recording_id=task.recording_id,
        reviewer_id=known(by.id),
        verdict=verdict,
        comment=comment.strip(),
        at=now,
        answer_by=_answer_by(session, task, call, verdict, now=now),
    )
    session.add(review)
    session.flush()
    session.add_all(_kept(review, criterion, given[criterion]) for criterion in Criterion)
    session.flush()
    _tell(session, review, earlier, given, by=by, now=now)
    follow(session, review, call, by=by, now=now)
    if verdict == Verdict.INVALID:
        stopping.stop_after_failure(session, call, now=now)
    return review


def _answer_by(session: Session, task: ReviewTask, call: Call, verdict: Verdict, *, now: datetime) -> datetime | None:
    """Until when the caller may dispute it; None where nothing was found, and where it was disputed often enough."""
    policy = policy_of(session, call)
    if verdict == Verdict.VALID or disputes_of(session, task) >= policy.dispute_rounds:
        return None
    return due_at(session, session.get_one(Centre, task.centre_id), now, days=policy.answer_days)


def policy_of(session: Session, call: Call) -> Quality:
    """How calls were to be reviewed under the definition of this one."""
    return definition_in(session.get_one(CampaignVersion, call.campaign_version_id)).qa


def disputes_of(session: Session, task: ReviewTask) -> int:
    """How often versions of the verdict on a task have been disputed."""
    asked = select(sa.func.count()).select_from(Dispute).join(Review, col(Review.id) == col(Dispute.review_id))
    return session.exec(asked.where(Review.task_id == task.id)).one()


def _tell(
    session: Session,
    review: Review,
    earlier: Review | None,
    given: Mapping[Criterion, CriterionMark],
    *,
    by: Staff,
    now: datetime,
) -> None:
    facts: dict[str, Any] = {"call": review.call_id, "verdict": review.verdict, "marks": _marks(given)}
    if earlier:
        facts |= {"before": earlier.id, "was": earlier.verdict, "why": review.why_changed}
    journal.record(session, "review.changed" if earlier else "call.reviewed", review, by=by, now=now, **facts)


def _kept(review: Review, criterion: Criterion, given: CriterionMark) -> ReviewMark:
    reasons = [compliance.reason(criterion, code) for code in given.reasons]
    return ReviewMark(
        review_id=known(review.id),
        reason_zh="；".join(reason.zh for reason in reasons),
        reason_en="; ".join(reason.en for reason in reasons),
        **as_asked(criterion, given),
    )
