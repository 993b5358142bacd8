"""The results of a survey: each answer counted once, under the question as it was asked."""

from typing import Any

import pytest
from sqlmodel import Session, select

from outbound import surveys
from outbound.calls.model import Call
from outbound.campaigns.model import Campaign
from outbound.people import Centre, Role
from outbound.surveys import Result
from qa.estimates import wilson
from scripts.language import Question, WordsPart, library
from tests.conftest import NOW, Cast
from tests.factories_calls import CallMaker

ANSWERS: tuple[dict[str, Any], ...] = (
    {"overall": 9, "signal": "good", "contacted": "none"},
    {"overall": 3, "reason-low": "信号不好", "signal": "poor", "where-poor": ["home", "work"], "contacted": "none"},
    {"overall": 9, "signal": "poor", "where-poor": ["home"]},
    {},
)


def surveyed(session: Session, centre: Centre) -> Campaign:
    """A campaign with four calls, one of them without an answer."""
    maker = CallMaker(session, centre, now=NOW)
    maker._default_script().source = library()["satisfaction-survey"]
    campaign, agent = maker.campaign(kind="satisfaction_survey"), maker.staff(Role.AGENT)
    for answers in ANSWERS:
        call = maker.call(agent, campaign=campaign, outcome="completed")
        call.answers = dict(answers)
        session.add(call)
    session.flush()
    return campaign


def by_step(session: Session, campaign: Campaign) -> dict[str, Result]:
    return {result.step: result for result in surveys.results(session, campaign)}


def counts(result: Result) -> dict[str, int]:
    return {share.answer: share.count for share in result.shares if share.count}


def test_answers_are_counted_by_question(session: Session, cast: Cast) -> None:
    found = by_step(session, surveyed(session, cast.fz))
    assert counts(found["signal"]) == {"good": 1, "poor": 2}
    assert counts(found["overall"]) == {"3": 1, "9": 2}
    assert (found["overall"].mean, found["overall"].median) == (7.0, 9)


def test_a_question_with_several_answers_counts_customers(session: Session, cast: Cast) -> None:
    found = by_step(session, surveyed(session, cast.fz))["where-poor"]
    assert (found.answered, counts(found)) == (2, {"home": 2, "work": 1})
    assert [share.share for share in found.shares] == [1.0, 0.5, 0.0, 0.0]
    assert found.shares[1].interval == wilson(1, 2)


def test_answers_in_words_stand_as_they_were_given(session: Session, cast: Cast) -> None:
    assert by_step(session, surveyed(session, cast.fz))["reason-low"].texts == ["信号不好"]


def test_questions_come_in_the_order_of_the_script(session: Session, cast: Cast) -> None:
    steps = list(by_step(session, surveyed(session, cast.fz)))
    assert steps == ["overall", "reason-low", "signal", "where-poor", "contacted", "staff", "suggestion"]


@pytest.mark.parametrize(
    ("step", "answer", "found"), [("signal", "poor", 2), ("where-poor", "work", 1), ("overall", "9", 2), ("x", "y", 0)]
)
def test_an_answer_leads_to_its_calls(session: Session, cast: Cast, step: str, answer: str, found: int) -> None:
    campaign = surveyed(session, cast.fz)
    asked = select(Call).where(*surveys.answered_calls(campaign), surveys.answered_with(step, answer))
    assert len(session.exec(asked).all()) == found


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_another_campaigns_answers_are_not_counted(session: Session, cast: Cast) -> None:
    surveyed(session, cast.fz)
    assert surveys.results(session, CallMaker(session, cast.xm, now=NOW).campaign()) == []


def test_many_different_numbers_are_counted_in_ranges() -> None:
    result = Result("age", WordsPart(zh="多大"), Question(kind="number"), list(range(18, 98)))
    assert len(result.shares) == surveys.BARS
    assert sum(share.count for share in result.shares) == 80
    assert not any(share.single for share in result.shares)
