"""Where a review stands between its reviewer and its caller: still open, accepted, disputed, decided."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlmodel import Session, col, select

from outbound.errors import Language
from outbound.people import known
from qa.disputes.model import Dispute, DisputeScreening, ReviewAcceptance
from qa.review.model import Review, ReviewTask


class AnswerState(StrEnum):
    """What the caller has answered to a review, and what came of it."""

    NOTHING = "nothing"
    OPEN = "open"
    ACCEPTED = "accepted"
    SILENT = "silent"
    DISPUTED = "disputed"
    REJECTED = "rejected"
    REFERRED = "referred"
    DECIDED = "decided"

    def words(self, language: Language) -> str:
        """The state as people read it."""
        return _STATES[self][language == "en"]


_STATES = {
    AnswerState.NOTHING: ("无需答复", "nothing to answer"),
    AnswerState.OPEN: ("待坐席答复", "waits for the caller's answer"),
    AnswerState.ACCEPTED: ("坐席已认可", "accepted"),
    AnswerState.SILENT: ("逾期未答复，视为认可", "accepted by silence"),
    AnswerState.DISPUTED: ("已申诉，待班组长初审", "disputed, to be screened"),
    AnswerState.REJECTED: ("申诉被驳回", "dispute rejected"),
    AnswerState.REFERRED: ("已转交复核", "heard by another reviewer"),
    AnswerState.DECIDED: ("已有新结论", "decided anew"),
}


@dataclass(frozen=True, slots=True)
class Answer:
    """What the caller answered to one version of a review, and what followed."""

    state: AnswerState
    review: Review
    acceptance: ReviewAcceptance | None = None
    dispute: Dispute | None = None
    screening: DisputeScreening | None = None


def answer_to(session: Session, review: Review, *, now: datetime) -> Answer:
    """Where one review stands."""
    return answers_to(session, [review], now=now)[known(review.id)]


def answers_to(session: Session, reviews: Sequence[Review], *, now: datetime) -> dict[int, Answer]:
    """Where each of these reviews stands, by its number."""
    numbers = [known(review.id) for review in reviews]
    accepted = {
        row.review_id: row
        for row in session.exec(select(ReviewAcceptance).where(col(ReviewAcceptance.review_id).in_(numbers)))
    }
    disputed = {row.review_id: row for row in session.exec(select(Dispute).where(col(Dispute.review_id).in_(numbers)))}
    screened = screenings_of(session, [known(dispute.id) for dispute in disputed.values()])
    standing = _last_versions(session, {review.task_id for review in reviews})
    found = {}
    for review in reviews:
        number = known(review.id)
        dispute = disputed.get(number)
        screening = screened.get(known(dispute.id)) if dispute else None
        state = _state(review, accepted.get(number), dispute, screening, standing[review.task_id], now)
        found[number] = Answer(state, review, accepted.get(number), dispute, screening)
    return found


def _state(
    review: Review,
    acceptance: ReviewAcceptance | None,
    dispute: Dispute | None,
    screening: DisputeScreening | None,
    last_version: int,
    now: datetime,
) -> AnswerState:
    if last_version > review.version:
        return AnswerState.DECIDED
    if dispute:
        if screening is None:
            return AnswerState.DISPUTED
        return AnswerState.REFERRED if screening.referred else AnswerState.REJECTED
    if acceptance:
        return AnswerState.ACCEPTED
    if review.answer_by is None:
        return AnswerState.NOTHING
    return AnswerState.OPEN if now <= review.answer_by else AnswerState.SILENT


def _last_versions(session: Session, tasks: Collection[int]) -> dict[int, int]:
    asked = select(Review.task_id, Review.version).where(col(Review.task_id).in_(tasks))
    last: dict[int, int] = {}
    for task_id, version in session.exec(asked):
        last[task_id] = max(version, last.get(task_id, 0))
    return last


def screenings_of(session: Session, disputes: Collection[int]) -> dict[int, DisputeScreening]:
    """How disputes were screened, by their numbers."""
    asked = select(DisputeScreening).where(col(DisputeScreening.dispute_id).in_(disputes))
    return {row.dispute_id: row for row in session.exec(asked)}


def waiting(session: Session, centre_id: int) -> list[Dispute]:
    """Disputes of a centre that the team leader is still to screen, the oldest first."""
    screened = select(DisputeScreening.dispute_id)
    asked = select(Dispute).where(Dispute.centre_id == centre_id, col(Dispute.id).not_in(screened))
    return list(session.exec(asked.order_by(col(Dispute.at), col(Dispute.id))).all())


def dispute_heard_in(session: Session, task: ReviewTask) -> Dispute | None:
    """The dispute that a hearing decides; None of an ordinary review."""
    asked = select(Dispute).join(DisputeScreening, col(DisputeScreening.dispute_id) == col(Dispute.id))
    return session.exec(asked.where(DisputeScreening.task_id == task.id)).first()


def reviewers_before(session: Session, dispute: Dispute) -> set[int]:
    """Who has given a version of the verdict in dispute: none of them decides."""
    task_id = session.get_one(Review, dispute.review_id).task_id
    return set(session.exec(select(Review.reviewer_id).where(Review.task_id == task_id)))
