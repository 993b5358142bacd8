"""How the demo's calls are reviewed: heard as the tapes are, then accepted or disputed, screened and decided."""

from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlmodel import col, select

from outbound.calls.model import Call
from outbound.compliance import Criterion, Mark
from outbound.demo.stage import Stage
from outbound.demo.tapes import CONFIRMED, DECLINED, SALES, Tape, tape
from outbound.people import Role, Staff
from outbound.recordings.model import Recording
from outbound.subscriptions.model import Subscription
from outbound.subscriptions.model import SubscriptionState as S
from qa.disputes import lookups
from qa.disputes import verbs as disputes
from qa.disputes.lookups import AnswerState
from qa.disputes.model import Dispute
from qa.review import verbs as review
from qa.review.marks import CriterionMark
from qa.review.model import Review, stands
from qa.review.sharing import NobodyToReview

EVERY_DISPUTED = 3
"""Of the reviews that found something, every third is disputed."""

_WHERE = {
    Criterion.IDENTITY_AND_PERMISSION: "identity",
    Criterion.UNDERSTANDING: "understanding",
    Criterion.SCRIPT_FOLLOWED: "tariff",
    Criterion.EXPLICIT_CONSENT: "consent",
}

_NOTES = {
    Criterion.IDENTITY_AND_PERMISSION: "没有问接电话的是不是机主，就开始介绍业务。",
    Criterion.UNDERSTANDING: "客户说没听清，坐席没有重说，直接往下走。",
    Criterion.SCRIPT_FOLLOWED: "没有介绍业务功能，直接报了资费。",
    Criterion.EXPLICIT_CONSENT: "没有问客户是否同意，就说已经登记好了。",
}


def review_day(stage: Stage, centre: str, since: datetime, *, leave: int = 0) -> None:
    """Reviewers and supervisors hear what waits for them, but for the last `leave` each."""
    now = since
    for role in (Role.REVIEWER, Role.SUPERVISOR):
        for reviewer in stage.company.holding(centre, role):
            waiting = review.queue(stage.session, reviewer, now=now)
            for task in waiting[: len(waiting) - leave] if leave else waiting:
                now += timedelta(minutes=2)
                recording = stage.session.get_one(Recording, task.recording_id)
                review.mark(stage.session, task, heard(recording, stage), by=reviewer, now=now)


def heard(recording: Recording, stage: Stage) -> dict[Criterion, CriterionMark]:
    """What a reviewer hears on a recording: what is on its tape."""
    said = next(tape(name) for name in (*SALES, CONFIRMED, DECLINED) if _is_of(recording, tape(name)))
    found = {}
    for criterion in Criterion:
        mark = said.marks.get(criterion, Mark.PASS)
        step = _WHERE[criterion]
        reason = criterion.reasons[0].code if mark == Mark.FAIL else ""
        note = _NOTES[criterion] if mark == Mark.FAIL else ""
        found[criterion] = CriterionMark(mark=mark, second=said.steps.get(step, 1.0), reason=reason, note=note)
    return found


def _is_of(recording: Recording, said: Tape) -> bool:
    return abs(recording.seconds - said.hearing.seconds) < 0.005 and (
        recording.size - len(said.labelled(recording.reference)) == 0
    )


def find_a_fault(stage: Stage, centre: str, now: datetime) -> None:
    """The supervisor listens to sales besides the draw until one of them must be called again."""
    supervisor = stage.company.holding(centre, Role.SUPERVISOR)[0]
    here = stage.company.centres[centre]
    asked = select(Recording).join(Subscription, col(Subscription.sale_call_id) == col(Recording.call_id))
    living = asked.where(Subscription.centre_id == here.id, col(Subscription.state).in_((S.TRIAL, S.CONFIRMING)))
    for recording in stage.session.exec(living.order_by(sa.desc(col(Recording.id)))).all():
        marks = heard(recording, stage)
        if any(given.mark == Mark.FAIL for given in marks.values()) and not _reviewed(stage, recording):
            task = review.pull_in(stage.session, recording, reviewer=supervisor, by=supervisor, now=now)
            review.mark(stage.session, task, marks, by=supervisor, now=now + timedelta(minutes=3))
            return


def _reviewed(stage: Stage, recording: Recording) -> bool:
    return bool(review.of_call(stage.session, stage.session.get_one(Call, recording.call_id)))


def answer_reviews(stage: Stage, centre: str, now: datetime) -> None:
    """Callers accept what was found, or dispute it; the supervisor screens.

    On the last day one dispute is left to be screened, and the others have not answered yet.
    """
    number = stage.company.centres[centre].id
    asked = select(Review, Call).join(Call, col(Call.id) == col(Review.call_id)).where(Review.centre_id == number)
    rows = stage.session.exec(asked.where(stands(), col(Review.answer_by) > now).order_by(col(Review.id))).all()
    answers = lookups.answers_to(stage.session, [found for found, _call in rows], now=now)
    unanswered = [(found, call) for found, call in rows if answers[found.id or 0].state == AnswerState.OPEN]
    for found, call in unanswered[:1] if stage.last_day else unanswered:
        caller = stage.session.get_one(Staff, call.agent_id)
        if stage.last_day or (found.id or 0) % EVERY_DISPUTED == 0:
            why = "客户当时已明确答应，请复听 0:50 之后的部分。"
            disputes.dispute(stage.session, found, why=why, by=caller, now=now)
        else:
            disputes.accept(stage.session, found, by=caller, now=now)
    if not stage.last_day:
        _screen(stage, centre, now=now + timedelta(minutes=20))


def _screen(stage: Stage, centre: str, *, now: datetime) -> None:
    supervisor = stage.company.holding(centre, Role.SUPERVISOR)[0]
    manager = stage.company.holding(centre, Role.MANAGER)[0]
    for place, dispute in enumerate(lookups.waiting(stage.session, supervisor.centre_id or 0)):
        own = supervisor.id in lookups.reviewers_before(stage.session, dispute)
        by = manager if own else supervisor
        if place % 2 or not _refers(stage, dispute, by, now):
            disputes.reject(stage.session, dispute, reason="录音中客户只说“嗯”，不算明确同意。", by=by, now=now)


def _refers(stage: Stage, dispute: Dispute, by: Staff, now: datetime) -> bool:
    """Give a dispute to another reviewer; False where the centre is too small to have one."""
    try:
        with stage.session.begin_nested():
            disputes.refer(stage.session, dispute, by=by, now=now)
    except NobodyToReview:
        return False
    return True
