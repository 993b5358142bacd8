"""A caller accepts a review or disputes it; the team leader refers the dispute to another reviewer, or rejects it."""

from datetime import datetime

from sqlmodel import Session, select

from outbound import journal
from outbound.calls.model import Call
from outbound.errors import DATABASE_REFUSALS, NotFound, Refusal
from outbound.people import Centre, Staff, known
from qa.disputes.lookups import AnswerState, answer_to, reviewers_before
from qa.disputes.model import Dispute, DisputeScreening, ReviewAcceptance
from qa.review.model import Review, ReviewSource, ReviewTask
from qa.review.sharing import ASKED_FIRST, NobodyToReview, Sharing, due_at


class NothingToAnswer(Refusal):
    """There is nothing to answer to this review: nothing was found, or its verdict is final."""

    zh = "这条质检无需答复：没有发现问题，或结论已是最终结论。"


class AnsweredAlready(Refusal):
    """This review has been answered already."""

    zh = "这条质检您已经答复过了。"


class TooLateToDispute(Refusal):
    """The time to dispute this review is over; it counts as accepted."""

    zh = "申诉期限已过，该质检结论视为认可。"


class GroundsMissing(Refusal):
    """Write what is wrong with the verdict, if possible with the moment of the call."""

    zh = "请写明申诉理由，最好注明录音中的时刻。"
    status = 422


class ScreenedAlready(Refusal):
    """This dispute has been screened already."""

    zh = "这条申诉已经初审过了。"


class OwnVerdict(Refusal):
    """Nobody screens a dispute about their own verdict or call; leave it to another team leader or a manager."""

    zh = "不能初审针对自己结论或自己通话的申诉，请交给其他班组长或经理。"


class RejectionNeedsReason(Refusal):
    """Write why the dispute is rejected; the agent reads it."""

    zh = "请写明驳回理由，坐席会看到。"
    status = 422


DATABASE_REFUSALS["a review is accepted by its caller"] = AnsweredAlready
DATABASE_REFUSALS["a review is disputed in time by its caller"] = TooLateToDispute
DATABASE_REFUSALS["nobody screens a dispute about their own verdict"] = OwnVerdict


def accept(session: Session, review: Review, *, by: Staff, now: datetime) -> None:
    """The caller agrees with a review. Raises NotFound, NothingToAnswer, AnsweredAlready."""
    state = _state_for_caller(session, review, by, now=now)
    if state in (AnswerState.ACCEPTED, AnswerState.SILENT):
        return
    if state != AnswerState.OPEN:
        raise AnsweredAlready
    session.add(ReviewAcceptance(review_id=known(review.id), by_id=known(by.id), at=now))
    session.flush()
    journal.record(session, "review.accepted", review, by=by, now=now)


def dispute(session: Session, review: Review, *, why: str, by: Staff, now: datetime) -> Dispute:
    """The caller says that a review is wrong. Raises NotFound, NothingToAnswer, AnsweredAlready, TooLateToDispute,
    GroundsMissing.
    """
    state = _state_for_caller(session, review, by, now=now)
    if state == AnswerState.SILENT:
        raise TooLateToDispute
    if state != AnswerState.OPEN:
        raise AnsweredAlready
    if not why.strip():
        raise GroundsMissing
    made = Dispute(
        centre_id=review.centre_id, review_id=known(review.id), by_id=known(by.id), why=why.strip()[:1000], at=now
    )
    session.add(made)
    session.flush()
    journal.record(session, "review.disputed", made, by=by, now=now, review=review.id, why=made.why)
    return made


def _state_for_caller(session: Session, review: Review, by: Staff, *, now: datetime) -> AnswerState:
    if session.get_one(Call, review.call_id).agent_id != by.id:
        raise NotFound
    state = answer_to(session, review, now=now).state
    if state == AnswerState.NOTHING:
        raise NothingToAnswer
    return state


def refer(session: Session, dispute: Dispute, *, note: str = "", by: Staff, now: datetime) -> ReviewTask:
    """Somebody who has given no version of the verdict is to hear the call again, and decides.

    Raises NotFound, ScreenedAlready, OwnVerdict, NobodyToReview.
    """
    heard_by = _check_screening(session, dispute, by)
    review = session.get_one(Review, dispute.review_id)
    call = session.get_one(Call, review.call_id)
    task = ReviewTask(
        centre_id=dispute.centre_id,
        source=ReviewSource.DISPUTE,
        recording_id=review.recording_id,
        call_id=review.call_id,
        reviewer_id=known(_who_decides(session, call, heard_by, by).id),
        made_at=now,
        due_at=due_at(session, session.get_one(Centre, dispute.centre_id), now),
    )
    session.add(task)
    session.flush()
    _screen(session, dispute, task, note, by=by, now=now)
    journal.record(session, "dispute.referred", dispute, by=by, now=now, reviewer=task.reviewer_id)
    return task


def _who_decides(session: Session, call: Call, heard_by: set[int], screener: Staff) -> Staff:
    sharing = Sharing(session, call.centre_id, ASKED_FIRST[ReviewSource.DISPUTE])
    try:
        return sharing.pick(call, but={*heard_by, known(screener.id)})
    except NobodyToReview:
        return sharing.pick(call, but=heard_by)


def reject(session: Session, dispute: Dispute, *, reason: str, by: Staff, now: datetime) -> None:
    """The dispute gives no ground to hear the call again: the verdict stands.

    Raises NotFound, ScreenedAlready, OwnVerdict, RejectionNeedsReason.
    """
    _check_screening(session, dispute, by)
    if not reason.strip():
        raise RejectionNeedsReason
    _screen(session, dispute, None, reason, by=by, now=now)
    journal.record(session, "dispute.rejected", dispute, by=by, now=now, reason=reason.strip())


def _check_screening(session: Session, dispute: Dispute, by: Staff) -> set[int]:
    """Who has given a version of the verdict; `by` may be none of them."""
    if by.centre_id != dispute.centre_id:
        raise NotFound
    screened = select(DisputeScreening.dispute_id).where(DisputeScreening.dispute_id == dispute.id)
    if session.exec(screened).first():
        raise ScreenedAlready
    heard_by = reviewers_before(session, dispute)
    if by.id in (*heard_by, dispute.by_id):
        raise OwnVerdict
    return heard_by


def _screen(
    session: Session, dispute: Dispute, task: ReviewTask | None, reason: str, *, by: Staff, now: datetime
) -> None:
    session.add(
        DisputeScreening(
            dispute_id=known(dispute.id),
            by_id=known(by.id),
            referred=task is not None,
            reason=reason.strip()[:1000],
            task_id=task.id if task else None,
            at=now,
        )
    )
    session.flush()
