"""Agents ask, who supervises answers, and nobody answers themself."""

from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa
from sqlmodel import Session

from outbound import support
from outbound.errors import NotAllowed, NotFound
from outbound.people import Centre, known
from outbound.support import AskedAlready, HelpQuestion, NothingAnswered, NothingAsked
from tests.conftest import Cast
from tests.factories import Maker

QUESTION = "客户问能不能过户，怎么说？"


def ask(session: Session, cast: Cast, now: datetime, text: str = QUESTION) -> HelpQuestion:
    return support.ask(session, text, call=None, step="", by=cast.agent, now=now)


def test_a_question_waits_until_it_is_answered(session: Session, cast: Cast, now: datetime) -> None:
    question = ask(session, cast, now)
    assert [each.question.id for each in support.waiting(session, known(cast.fz.id), now=now)] == [question.id]
    assert support.waiting(session, known(cast.xm.id), now=now) == []
    support.answer(session, question, "可以，到营业厅办理。", by=cast.supervisor, now=now)
    assert support.waiting(session, known(cast.fz.id), now=now) == []
    shown = support.shown_to(session, cast.agent, now=now)
    assert shown
    assert [(answer.text, by.login) for answer, by in shown.answers] == [("可以，到营业厅办理。", "supervisor")]


def test_one_asks_one_thing_at_a_time(session: Session, cast: Cast, now: datetime) -> None:
    assert ask(session, cast, now).id == ask(session, cast, now).id
    with pytest.raises(AskedAlready):
        ask(session, cast, now, "还有一个问题")


def test_a_question_taken_back_waits_for_nobody(session: Session, cast: Cast, now: datetime) -> None:
    question = ask(session, cast, now)
    with pytest.raises(NotFound):
        support.withdraw(session, question, by=cast.second_agent, now=now)
    for _ in range(2):
        support.withdraw(session, question, by=cast.agent, now=now)
    assert support.waiting(session, known(cast.fz.id), now=now) == []
    assert support.shown_to(session, cast.agent, now=now) is None


def test_an_answer_leaves_the_desk_after_a_while(session: Session, cast: Cast, now: datetime) -> None:
    support.answer(session, ask(session, cast, now), "可以。", by=cast.manager, now=now)
    assert support.shown_to(session, cast.agent, now=now + timedelta(minutes=31)) is None
    assert len(support.answered_lately(session, known(cast.fz.id))) == 1


def test_empty_words_ask_and_answer_nothing(session: Session, cast: Cast, now: datetime) -> None:
    with pytest.raises(NothingAsked):
        ask(session, cast, now, "  ")
    with pytest.raises(NothingAnswered):
        support.answer(session, ask(session, cast, now), " ", by=cast.supervisor, now=now)


def test_a_question_is_of_ones_own_call(session: Session, cast: Cast, now: datetime) -> None:
    call = Maker(session, session.get_one(Centre, known(cast.fz.id)), now=now).call(cast.second_agent, outcome=None)
    with pytest.raises(NotFound):
        support.ask(session, QUESTION, call=call, step="tariff", by=cast.agent, now=now)


def test_nobody_answers_themself(session: Session, cast: Cast, now: datetime) -> None:
    question = ask(session, cast, now)
    with pytest.raises(NotAllowed):
        support.answer(session, question, "可以。", by=cast.agent, now=now)
    with pytest.raises(sa.exc.IntegrityError, match="nobody answers their own question"):
        session.execute(
            sa.text(
                "INSERT INTO help_answer (question_id, by_id, text, at) SELECT id, asker_id, 'x', at FROM help_question"
            )
        )
