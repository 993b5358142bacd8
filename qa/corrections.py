"""Corrections: the call that puts a failed sale right, under the same four criteria; and the register of faults."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, col, select

from outbound import journal
from outbound.call_lists.model import Duty
from outbound.calls.model import Call
from outbound.clock import day_ends, day_starts, local_day, week_days
from outbound.compliance import Criterion, Mark
from outbound.errors import Language, Refusal
from outbound.people import Centre, Staff, known
from outbound.subscriptions import life
from outbound.subscriptions.model import FINAL, Subscription, SubscriptionState
from outbound.subscriptions.trial import lapse as lapse_subscription
from qa.review.model import Correction, CorrectionState, Review, ReviewMark, stands


class NotACorrectionCall(Refusal):
    """Only the correction call itself ends a correction; this call was made for something else."""

    zh = "只有回访修正的通话才能结束修正任务，这通电话不是回访修正。"


def begin(
    session: Session, subscription: Subscription, review: Review, call: Call, *, by: Staff, now: datetime
) -> Correction | None:
    """A sale's call failed in review: the subscription waits for a correction. None where it ended or waits already."""
    waited = subscription.state == SubscriptionState.CORRECTION_DUE
    life.suspend_for_correction(
        session, subscription, review_id=known(review.id), call_id=known(call.id), by=by, now=now
    )
    if waited or subscription.state != SubscriptionState.CORRECTION_DUE:
        return None
    correction = Correction(
        centre_id=subscription.centre_id,
        subscription_id=known(subscription.id),
        review_id=known(review.id),
        failed_call_id=known(call.id),
        made_at=now,
    )
    session.add(correction)
    session.flush()
    journal.record(session, "correction.due", correction, by=by, now=now, subscription=subscription.id, call=call.id)
    return correction


def due(session: Session, centre_id: int) -> Sequence[Correction]:
    """Failed sales of a centre that are not put right yet, the oldest first."""
    asked = select(Correction).where(Correction.centre_id == centre_id, Correction.state == CorrectionState.DUE)
    return session.exec(asked.order_by(col(Correction.made_at), col(Correction.id))).all()


def of_subscription(session: Session, subscription: Subscription) -> Correction | None:
    """The correction for which a subscription waits."""
    asked = select(Correction).where(
        Correction.subscription_id == subscription.id, Correction.state == CorrectionState.DUE
    )
    return session.exec(asked).first()


def conclude(session: Session, call: Call, *, passed: bool | None, by: Staff, now: datetime) -> Correction | None:
    """End a correction by its call: with all four passing the subscription goes on, with a no it is cancelled.

    `passed` is None where nobody was reached or no answer was given: the correction stays due. None where none is due.
    Raises NotACorrectionCall.
    """
    subscription = life.of_call(session, call)
    correction = of_subscription(session, subscription) if subscription else None
    if subscription is None or correction is None:
        return None
    if call.duty != Duty.CORRECTION:
        raise NotACorrectionCall
    if passed is None:
        return correction
    if passed:
        life.resume_after_correction(session, subscription, call, by=by, now=now)
    else:
        life.cancel(session, subscription, via="correction", reason=call.note, by=by, now=now, call=call)
    state = CorrectionState.PASSED if passed else CorrectionState.DECLINED
    return _close(session, correction, state, call=call, by=by, now=now)


def lift(session: Session, subscription: Subscription, *, by: Staff, now: datetime) -> Correction | None:
    """The review that asked for a correction was found wrong: no call is needed. None where none is due."""
    correction = of_subscription(session, subscription)
    if correction is None:
        return None
    return _close(session, correction, CorrectionState.LIFTED, call=None, by=by, now=now)


def lapse(session: Session, centre: Centre, *, now: datetime) -> list[Correction]:
    """End the corrections whose customer was not reached by the trial's end, and those whose subscription has ended."""
    today = local_day(now, centre.zone)
    ended = []
    for correction in due(session, known(centre.id)):
        subscription = session.get_one(Subscription, correction.subscription_id)
        if subscription.state not in FINAL and subscription.trial_ends_on and subscription.trial_ends_on < today:
            lapse_subscription(session, subscription, now=now, why="correction_not_reached")
        if subscription.state in FINAL:
            cancelled = subscription.state == SubscriptionState.CANCELLED
            state = CorrectionState.DECLINED if cancelled else CorrectionState.LAPSED
            ended.append(_close(session, correction, state, call=None, by=None, now=now))
    return ended


def _close(
    session: Session,
    correction: Correction,
    state: CorrectionState,
    *,
    call: Call | None,
    by: Staff | None,
    now: datetime,
) -> Correction:
    correction.state, correction.closed_at = state, now
    correction.closing_call_id = call.id if call else None
    session.add(correction)
    session.flush()
    journal.record(session, f"correction.{state}", correction, by=by, now=now, call=correction.closing_call_id)
    return correction


@dataclass(frozen=True, slots=True)
class Fault:
    """A line of the register: who failed which criterion of which call, why, and what became of it."""

    agent_id: int
    agent: str
    call_id: int
    reference: str
    """Of the call."""
    review_id: int
    at: datetime
    criterion: Criterion
    reason: str
    """Its code among the criterion's reasons."""
    reason_zh: str
    reason_en: str
    """The reason in the words in which it was chosen."""
    note: str
    correction: CorrectionState | None
    """None where the call was no sale that could be put right."""
    came_back: bool
    """Whether the same agent failed the same criterion in a call made after this one was reviewed."""

    def cause(self, language: Language) -> str:
        """The reason as it was chosen, and the note."""
        said = self.reason_zh if language == "zh" else self.reason_en
        colon = "：" if language == "zh" else ": "
        return colon.join(filter(None, (said, self.note)))


def register_of_faults(session: Session, centre_id: int, week: str) -> list[Fault]:
    """The faults found in reviews of a week (as `2026-W47`, in the centre's zone), by agent and time."""
    zone = session.get_one(Centre, centre_id).zone
    monday, sunday = week_days(week)
    since, until = day_starts(monday, zone), day_ends(sunday, zone)
    found = _faults(session, centre_id, since)
    corrected = _corrections(session, centre_id)
    again = defaultdict(list)
    for _, mark, call, _ in found:
        again[call.agent_id, mark.criterion].append(call.dialled_at)
    return [
        Fault(
            agent_id=call.agent_id,
            agent=agent.name,
            call_id=known(call.id),
            reference=call.reference,
            review_id=known(review.id),
            at=review.at,
            criterion=mark.criterion,
            reason=mark.reason,
            reason_zh=mark.reason_zh,
            reason_en=mark.reason_en,
            note=mark.note,
            correction=corrected.get(known(call.id)),
            came_back=any(dialled > review.at for dialled in again[call.agent_id, mark.criterion]),
        )
        for review, mark, call, agent in found
        if review.at < until
    ]


def _faults(session: Session, centre_id: int, since: datetime) -> Sequence[tuple[Review, ReviewMark, Call, Staff]]:
    asked = (
        select(Review, ReviewMark, Call, Staff)
        .join(ReviewMark, col(ReviewMark.review_id) == col(Review.id))
        .join(Call, col(Call.id) == col(Review.call_id))
        .join(Staff, col(Staff.id) == col(Call.agent_id))
        .where(Review.centre_id == centre_id, stands(), col(Review.at) >= since, ReviewMark.mark == Mark.FAIL)
    )
    return session.exec(asked.order_by(Staff.login, col(Review.at), col(Review.id))).all()


def _corrections(session: Session, centre_id: int) -> dict[int, CorrectionState]:
    rows = session.exec(select(Correction).where(Correction.centre_id == centre_id).order_by(col(Correction.id)))
    return {row.failed_call_id: row.state for row in rows}
