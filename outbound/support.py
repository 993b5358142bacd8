"""One-point response: agents ask their hard questions from the desk, who supervises answers, and they read it there."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlmodel import Field, Session, SQLModel, col, select

from outbound import journal
from outbound.calls.model import Call
from outbound.db import UtcDateTime, append_only, guard, table_of
from outbound.errors import NotAllowed, NotFound, Refusal
from outbound.people import Staff, known

WAITS_FOR = timedelta(hours=12)
"""After that nobody waits for an answer any more."""
SHOWN_FOR = timedelta(minutes=30)
"""How long an answer stands on the desk of who asked."""


class NothingAsked(Refusal):
    """Write in a few words what you need to know."""

    zh = "请简要写明需要什么帮助。"
    status = 422


class NothingAnswered(Refusal):
    """Write the answer that the agent is to read."""

    zh = "请写明给坐席的答复。"
    status = 422


class AskedAlready(Refusal):
    """Your question is still open; wait for the answer, or take it back first."""

    zh = "您的求助还在等待答复，请等待或先撤回。"


class HelpQuestion(SQLModel, table=True):
    """A question of somebody who calls, and in which call and at which step it came up."""

    __tablename__ = "help_question"
    __table_args__ = (sa.Index("ix_help_question_centre_at", "centre_id", "at"),)

    id: int | None = Field(default=None, primary_key=True)
    centre_id: int = Field(foreign_key="centre.id")
    asker_id: int = Field(foreign_key="staff.id", index=True)
    call_id: int | None = Field(default=None, foreign_key="call.id")
    step: str = Field(default="", max_length=60)
    text: str = Field(max_length=400)
    at: datetime = Field(sa_type=UtcDateTime)


class HelpAnswer(SQLModel, table=True):
    """What was answered to a question."""

    __tablename__ = "help_answer"

    id: int | None = Field(default=None, primary_key=True)
    question_id: int = Field(foreign_key="help_question.id", index=True)
    by_id: int = Field(foreign_key="staff.id")
    text: str = Field(max_length=1000)
    at: datetime = Field(sa_type=UtcDateTime)


class HelpWithdrawal(SQLModel, table=True):
    """Who asked needs no answer any more."""

    __tablename__ = "help_withdrawal"

    question_id: int = Field(foreign_key="help_question.id", primary_key=True)
    at: datetime = Field(sa_type=UtcDateTime)


for _table in (HelpQuestion, HelpAnswer, HelpWithdrawal):
    append_only(table_of(_table))
guard(
    table_of(HelpAnswer),
    "help_answer_not_by_the_asker",
    when="BEFORE INSERT",
    refuse_if="EXISTS (SELECT 1 FROM help_question q WHERE q.id = NEW.question_id AND q.asker_id = NEW.by_id)",
    saying="nobody answers their own question",
)


@dataclass(frozen=True)
class Asked:
    """A question with who asked it and what was answered."""

    question: HelpQuestion
    asker: Staff
    answers: tuple[tuple[HelpAnswer, Staff], ...]


def ask(session: Session, text: str, *, call: Call | None, step: str, by: Staff, now: datetime) -> HelpQuestion:
    """Ask for help; the same question again is the same one.

    Raises NothingAsked, AskedAlready, and NotFound for another's call.
    """
    if not (words := text.strip()):
        raise NothingAsked
    if call and call.agent_id != by.id:
        raise NotFound
    if open_one := open_of(session, by, now=now):
        if open_one.text == words[:400]:
            return open_one
        raise AskedAlready
    question = HelpQuestion(
        centre_id=known(by.centre_id),
        asker_id=known(by.id),
        call_id=call.id if call else None,
        step=step[:60],
        text=words[:400],
        at=now,
    )
    session.add(question)
    session.flush()
    journal.record(session, "help.asked", question, by=by, now=now, call=question.call_id)
    return question


def answer(session: Session, question: HelpQuestion, text: str, *, by: Staff, now: datetime) -> HelpAnswer:
    """Answer a question; a second answer stands beneath the first. Raises NothingAnswered, NotAllowed to who asked."""
    if not (words := text.strip()):
        raise NothingAnswered
    if by.id == question.asker_id:
        raise NotAllowed
    answered = HelpAnswer(question_id=known(question.id), by_id=known(by.id), text=words[:1000], at=now)
    session.add(answered)
    session.flush()
    journal.record(session, "help.answered", question, by=by, now=now)
    return answered


def withdraw(session: Session, question: HelpQuestion, *, by: Staff, now: datetime) -> None:
    """Who asked needs no answer any more. Raises NotFound for another's question."""
    if question.asker_id != by.id:
        raise NotFound
    if session.get(HelpWithdrawal, known(question.id)):
        return
    session.add(HelpWithdrawal(question_id=known(question.id), at=now))
    session.flush()


def _is_open(now: datetime) -> sa.ColumnElement[bool]:
    answered = sa.exists().where(col(HelpAnswer.question_id) == col(HelpQuestion.id))
    withdrawn = sa.exists().where(col(HelpWithdrawal.question_id) == col(HelpQuestion.id))
    return sa.and_(col(HelpQuestion.at) > now - WAITS_FOR, ~answered, ~withdrawn)


def open_of(session: Session, staff: Staff, *, now: datetime) -> HelpQuestion | None:
    """The question of somebody that nobody has answered yet."""
    return session.exec(select(HelpQuestion).where(HelpQuestion.asker_id == staff.id, _is_open(now))).first()


def waiting(session: Session, centre_id: int, *, now: datetime) -> list[Asked]:
    """The questions of a centre that nobody has answered yet, the oldest first."""
    asked = select(HelpQuestion).where(HelpQuestion.centre_id == centre_id, _is_open(now))
    return _told(session, session.exec(asked.order_by(col(HelpQuestion.id))).all())


def shown_to(session: Session, staff: Staff, *, now: datetime) -> Asked | None:
    """What stands on the desk of who asked: their latest question of the last half hour or still open, with answers."""
    withdrawn = sa.exists().where(col(HelpWithdrawal.question_id) == col(HelpQuestion.id))
    asked = select(HelpQuestion).where(HelpQuestion.asker_id == staff.id, ~withdrawn)
    lately = asked.where(sa.or_(col(HelpQuestion.at) > now - SHOWN_FOR, _is_open(now)))
    told = _told(session, session.exec(lately.order_by(col(HelpQuestion.id).desc()).limit(1)).all())
    return told[0] if told else None


def answered_lately(session: Session, centre_id: int, *, most: int = 50) -> list[Asked]:
    """The questions of a centre that were answered, the latest first."""
    has_answer = sa.exists().where(col(HelpAnswer.question_id) == col(HelpQuestion.id))
    asked = select(HelpQuestion).where(HelpQuestion.centre_id == centre_id, has_answer)
    return _told(session, session.exec(asked.order_by(col(HelpQuestion.id).desc()).limit(most)).all())


def _told(session: Session, questions: Sequence[HelpQuestion]) -> list[Asked]:
    asked = (
        select(HelpAnswer, Staff)
        .join(Staff, col(Staff.id) == col(HelpAnswer.by_id))
        .where(col(HelpAnswer.question_id).in_([each.id for each in questions]))
        .order_by(col(HelpAnswer.id))
    )
    answers = session.exec(asked).all() if questions else []
    return [
        Asked(
            each,
            session.get_one(Staff, each.asker_id),
            tuple((answer, by) for answer, by in answers if answer.question_id == each.id),
        )
        for each in questions
    ]
