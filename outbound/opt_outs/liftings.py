"""How a number may be rung again: one person asks, and another approves or declines."""

from datetime import datetime

from sqlmodel import Session, col, select

from outbound import journal
from outbound.errors import Refusal
from outbound.opt_outs.model import LiftingAnswer, LiftingRequest, OptOut, OptOutLifting
from outbound.people import Staff, known


class SecondPersonNeeded(Refusal):
    """A number may be rung again only when a second person agrees; ask a colleague to approve it."""

    zh = "解除拒呼需要第二个人同意，请让同事审批。"


class AnsweredAlready(Refusal):
    """Somebody has answered this wish already."""

    zh = "这条解除申请已有人处理。"


class NothingToLift(Refusal):
    """This opt-out was lifted already."""

    zh = "这条拒呼记录已经解除。"


def ask(session: Session, opt_out: OptOut, *, reason: str, by: Staff, now: datetime, centre_id: int) -> LiftingRequest:
    """Wish that a number may be rung again; raises NothingToLift. A second wish while one waits is no news."""
    if session.get(OptOutLifting, known(opt_out.id)):
        raise NothingToLift
    waiting = select(LiftingRequest).where(
        LiftingRequest.opt_out_id == opt_out.id, col(LiftingRequest.answer).is_(None)
    )
    if existing := session.exec(waiting).first():
        return existing
    request = LiftingRequest(
        centre_id=centre_id,
        opt_out_id=known(opt_out.id),
        asked_by_id=known(by.id),
        reason=reason[:400],
        asked_at=now,
    )
    session.add(request)
    session.flush()
    journal.record(session, "phone.unblocking_asked", request, by=by, now=now, opt_out=opt_out.id, reason=reason)
    return request


def approve(session: Session, request: LiftingRequest, *, by: Staff, now: datetime) -> OptOutLifting:
    """The second person agrees: the number may be rung again. Raises SecondPersonNeeded and AnsweredAlready."""
    if request.answer == LiftingAnswer.APPROVED:
        return session.get_one(OptOutLifting, request.opt_out_id)
    _answer(session, request, LiftingAnswer.APPROVED, "", by=by, now=now)
    lifting = OptOutLifting(
        opt_out_id=request.opt_out_id,
        request_id=known(request.id),
        asked_by_id=request.asked_by_id,
        approved_by_id=known(by.id),
        reason=request.reason,
        at=now,
    )
    session.add(lifting)
    session.flush()
    opt_out = session.get_one(OptOut, request.opt_out_id)
    journal.record(
        session,
        "phone.unblocked",
        opt_out,
        by=by,
        now=now,
        asked_by=request.asked_by_id,
        reason=request.reason,
        centre_id=request.centre_id,
    )
    return lifting


def decline(session: Session, request: LiftingRequest, *, note: str, by: Staff, now: datetime) -> LiftingRequest:
    """The second person does not agree: the number stays blocked. Raises SecondPersonNeeded and AnsweredAlready."""
    if request.answer == LiftingAnswer.DECLINED:
        return request
    _answer(session, request, LiftingAnswer.DECLINED, note, by=by, now=now)
    journal.record(session, "phone.unblocking_declined", request, by=by, now=now, opt_out=request.opt_out_id, note=note)
    return request


def lift(
    session: Session, opt_out: OptOut, *, asked_by: Staff, approved_by: Staff, reason: str, now: datetime
) -> OptOutLifting:
    """Ask and approve in one, where both people are there; raises SecondPersonNeeded."""
    if already := session.get(OptOutLifting, known(opt_out.id)):
        return already
    centre_id = known(opt_out.centre_id or asked_by.centre_id)
    request = ask(session, opt_out, reason=reason, by=asked_by, now=now, centre_id=centre_id)
    return approve(session, request, by=approved_by, now=now)


def _answer(
    session: Session, request: LiftingRequest, answer: LiftingAnswer, note: str, *, by: Staff, now: datetime
) -> None:
    if request.answer is not None:
        raise AnsweredAlready
    if by.id == request.asked_by_id:
        raise SecondPersonNeeded
    request.answer, request.answered_by_id, request.answered_at, request.note = answer, by.id, now, note[:400]
    session.add(request)
    session.flush()
