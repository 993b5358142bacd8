"""What is said in a call is kept as it is said, and the wrap-up uses it."""

from datetime import datetime

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Engine
from sqlmodel import Session, select

from outbound.calls import placing, speaking
from outbound.calls.model import Call, Tick
from outbound.calls.speaking import Said, TickUnknown
from outbound.calls.wrap_up import Report
from outbound.concluding import conclude
from outbound.dialing import handout
from outbound.errors import NotFound
from outbound.people import Role
from outbound.phones.vault import Vault
from scripts.answers import AnswerUnfit
from tests.conftest import Cast
from tests.desk import Floor, desks, floor, staff, survey_floor, vault

__all__ = ["desks", "floor", "vault"]


@pytest.fixture
def call(floor: Floor, session: Session) -> Call:
    """A call of the agent under way."""
    return begun(floor, session)


@pytest.fixture
def surveyed(engine: Engine, vault: Vault, cast: Cast, now: datetime) -> Floor:
    """The floor of a survey."""
    return survey_floor(engine, vault, cast, now)


def begun(floor: Floor, session: Session) -> Call:
    floor.contact()
    agent, now = staff(session, floor.cast.agent), floor.now
    claim = handout.claim_next(session, agent, roles=[Role.AGENT], now=now)
    assert claim
    return placing.begin(session, handout.issue_token(session, claim, by=agent, now=now), by=agent, now=now)


def keep(session: Session, floor: Floor, call: Call, *said: Said) -> None:
    speaking.keep(session, call, said, by=staff(session, floor.cast.agent), now=floor.now)


def test_steps_are_kept_with_their_seconds_and_once(session: Session, floor: Floor, call: Call) -> None:
    greeting = Said(place=0, step="greeting", second=2.5, led_to="identity")
    keep(session, floor, call, greeting)
    keep(session, floor, call, greeting, Said(place=1, step="identity", second=9.1, meaning="yes"))
    assert speaking.ticks_of(session, call) == {"greeting": 2.5, "identity": 9.1}


def test_what_is_taken_back_was_not_said(session: Session, floor: Floor, call: Call) -> None:
    keep(
        session,
        floor,
        call,
        Said(place=0, step="greeting", second=2),
        Said(place=1, step="identity", second=9, meaning="no"),
        Said(place=2, step="identity", second=11, taken_back=True),
        Said(place=3, step="identity", second=12, meaning="yes"),
    )
    assert speaking.ticks_of(session, call) == {"greeting": 2, "identity": 12}


def test_told_twice_counts_where_it_was_heard_first(session: Session, floor: Floor, call: Call) -> None:
    keep(session, floor, call, Said(place=0, step="tariff", second=20), Said(place=1, step="tariff", second=70))
    assert speaking.ticks_of(session, call) == {"tariff": 20}


def test_the_wrap_up_of_a_browser_that_knows_nothing_has_every_tick(session: Session, floor: Floor, call: Call) -> None:
    keep(session, floor, call, Said(place=0, step="greeting", second=2.5), Said(place=1, step="tariff", second=31))
    report = Report(key="another-browser", outcome="hung_up", ticks={"tariff": 99, "usage": 40})
    conclude(session, call, report, by=staff(session, floor.cast.agent), now=floor.now)
    kept = {tick.step: tick.second for tick in session.exec(select(Tick).where(Tick.call_id == call.id))}
    assert kept == {"greeting": 2.5, "tariff": 31, "usage": 40}


def test_after_the_wrap_up_nothing_more_is_said(session: Session, floor: Floor, call: Call) -> None:
    conclude(session, call, Report(key="the-browsers-key", outcome="busy"), by=floor.cast.agent, now=floor.now)
    keep(session, floor, call, Said(place=0, step="greeting", second=2))
    assert speaking.spoken_in(session, call) == []


def test_a_step_that_the_script_has_not_is_refused(session: Session, floor: Floor, call: Call) -> None:
    with pytest.raises(TickUnknown):
        keep(session, floor, call, Said(place=0, step="nonsense", second=2))


def test_another_agent_says_nothing_in_this_call(session: Session, floor: Floor, call: Call, now: datetime) -> None:
    with pytest.raises(NotFound):
        speaking.keep(session, call, [Said(place=0, step="greeting", second=2)], by=floor.cast.second_agent, now=now)


def test_what_was_said_is_never_changed(session: Session, floor: Floor, call: Call) -> None:
    keep(session, floor, call, Said(place=0, step="greeting", second=2))
    with pytest.raises(sa.exc.IntegrityError, match="append-only"):
        session.execute(sa.text("UPDATE spoken SET second = 1"))


def test_answers_are_kept_as_they_are_given(session: Session, surveyed: Floor) -> None:
    call = begun(surveyed, session)
    keep(
        session,
        surveyed,
        call,
        Said(place=0, step="overall", second=5, answer=3),
        Said(place=1, step="signal", second=9, answer="good"),
        Said(place=2, step="signal", second=11, taken_back=True),
        Said(place=3, step="signal", second=12, answer="poor"),
        Said(place=4, step="where-poor", second=20, answer=["home", "work"]),
    )
    session.expire_all()
    assert speaking.answers_of(session, call) == {"overall": 3, "signal": "poor", "where-poor": ["home", "work"]}


def test_the_report_of_a_browser_that_knows_nothing_has_every_answer(session: Session, surveyed: Floor) -> None:
    call = begun(surveyed, session)
    given = Said(place=0, step="overall", second=5, answer=3), Said(place=1, step="signal", second=9, answer="good")
    keep(session, surveyed, call, *given)
    report = Report(key="another-browser", outcome="hung_up", answers={"overall": 4})
    conclude(session, call, report, by=staff(session, surveyed.cast.agent), now=surveyed.now)
    assert call.answers == {"overall": 4, "signal": "good"}


def test_what_is_no_answer_to_the_question_is_not_kept(session: Session, surveyed: Floor) -> None:
    with pytest.raises(AnswerUnfit):
        keep(session, surveyed, begun(surveyed, session), Said(place=0, step="overall", second=5, answer=11))
