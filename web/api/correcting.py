"""What a caller has to know who puts a failed sale right: what the review found wrong."""

from sqlmodel import Session

from outbound.call_lists.model import Duty
from outbound.compliance import Mark
from outbound.prompter import InHand
from qa import corrections
from qa.review import lookups
from qa.review.model import Review, ReviewMark
from web.language import _, chosen_language


def found_wrong(session: Session, hand: InHand) -> list[str]:
    """The criteria that the review failed, each with its reason and note; nothing where no correction is due."""
    if hand.claim.duty != Duty.CORRECTION or hand.subscription is None:
        return []
    correction = corrections.of_subscription(session, hand.subscription)
    if correction is None:
        return []
    review = lookups.latest_of(session, session.get_one(Review, correction.review_id))
    return [_fault(mark) for mark in lookups.marks_of(session, review).values() if mark.mark is Mark.FAIL]


def _fault(mark: ReviewMark) -> str:
    language = chosen_language()
    reason = mark.reason_zh if language == "zh" else mark.reason_en
    return str(_(": ")).join(filter(None, (mark.criterion.label.said(language), reason, mark.note)))
