"""What a verdict has set in motion, in sentences."""

from sqlmodel import Session, col, select

from outbound.calls.model import Call
from outbound.compliance import Verdict
from outbound.confirmations.model import Confirmation, ConfirmationKind, ConfirmationVoid
from qa import ladder
from qa.review.model import Correction, CorrectionState, Review, ReviewSource, ReviewTask
from web.language import _, chosen_language, lazy_gettext

CORRECTIONS = {
    CorrectionState.DUE: lazy_gettext("A correction call is due; the sale is suspended until it passes."),
    CorrectionState.PASSED: lazy_gettext("The correction call has passed; the sale goes on."),
    CorrectionState.DECLINED: lazy_gettext("The customer said no in the correction call; the sale is cancelled."),
    CorrectionState.LAPSED: lazy_gettext("The customer was not reached in time; the sale has lapsed."),
    CorrectionState.LIFTED: lazy_gettext("The correction was called off: the verdict was found wrong."),
}


def what_follows(session: Session, review: Review, *, zone: str) -> list[str]:
    """What came of a verdict, for the sale and for its caller; a sentence each."""
    told = [*_for_the_sale(session, review), *_for_a_doubt(session, review)]
    if review.verdict == Verdict.INVALID:
        told.append(_for_the_caller(session, review, zone=zone))
    return told or [_("Nothing else follows.")]


def _for_the_sale(session: Session, review: Review) -> list[str]:
    correction = session.exec(select(Correction).where(Correction.review_id == review.id)).first()
    if correction:
        return [str(CORRECTIONS[correction.state])]
    again = select(Confirmation).where(Confirmation.call_id == review.call_id, Confirmation.restored > 0)
    if session.exec(again.where(Confirmation.at == review.at)).first():
        return [_("What the verdict of before had stopped goes on: the call counts again.")]
    asked = (
        select(Confirmation)
        .join(ConfirmationVoid, col(ConfirmationVoid.confirmation_id) == col(Confirmation.id))
        .where(Confirmation.call_id == review.call_id, Confirmation.kind == ConfirmationKind.SECOND)
        .where(ConfirmationVoid.at == review.at)
    )
    if session.exec(asked).first():
        return [_("The second confirmation is void; nothing is charged without a new one.")]
    return []


def _for_a_doubt(session: Session, review: Review) -> list[str]:
    asked = select(ReviewTask).where(
        ReviewTask.call_id == review.call_id,
        ReviewTask.source == ReviewSource.TARGETED,
        ReviewTask.made_at == review.at,
        col(ReviewTask.id) != review.task_id,
    )
    if session.exec(asked).first():
        return [_("A supervisor hears the call too; nothing is charged meanwhile.")]
    return []


def _for_the_caller(session: Session, review: Review, *, zone: str) -> str:
    agent_id = session.get_one(Call, review.call_id).agent_id
    standing = ladder.standing_of(session, agent_id, zone=zone, now=review.at)
    return str(_("The agent's calls are sampled: %(level)s.", level=standing.level.words(chosen_language())))
