"""Pages of who supervises a shift: attendance with its hours, questions of agents, briefings that were not read."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from io import BytesIO
from typing import TYPE_CHECKING, Any

import pytest
from python_calamine import CalamineWorkbook
from sqlmodel import Session, select

from outbound import attendance, briefings, db, support
from outbound.attendance import BreakReason, Stance
from outbound.people import Centre, Role, known
from outbound.support import HelpAnswer
from tests.conftest import Cast, assert_no_violations, picture
from tests.desk import Floor, floor, vault
from tests.factories import Maker

if TYPE_CHECKING:
    from playwright.sync_api import Page

__all__ = ["floor", "vault"]

pytestmark = pytest.mark.parametrize("engine", ["sqlite"], indirect=True)

ClientAs = Callable[..., Any]
MINUTE = timedelta(minutes=1)


@pytest.fixture
def desks() -> Sequence[str]:
    return ("web.desks.supervisor", "web.desks.manager", "web.desks.shifts", "web.desks.agent", "web.api")


def work(floor: Floor, now: datetime) -> None:
    """The agent was ready for an hour, had a meal, and is ready again."""
    with db.transaction(floor.engine) as session:
        for minutes, state, reason in (
            (-90, Stance.READY, None),
            (-30, Stance.BREAK, BreakReason.MEAL),
            (0, Stance.READY, None),
        ):
            attendance.stayed(session, floor.cast.agent, until=now + minutes * MINUTE)
            attendance.enter(session, floor.cast.agent, state, reason=reason, now=now + minutes * MINUTE)


def ask(floor: Floor, text: str = "客户问能不能过户？") -> int:
    with db.transaction(floor.engine) as session:
        return known(support.ask(session, text, call=None, step="", by=floor.cast.agent, now=floor.now).id)


def test_attendance_shows_who_is_there_and_the_hours_of_the_day(
    floor: Floor, client_as: ClientAs, now: datetime
) -> None:
    work(floor, now)
    page = client_as("supervisor").get("/supervisor/attendance").text
    assert "At their desks now" in page
    assert "1:00:00" in page
    assert "Meal 30:00" in page


def test_hours_go_out_as_they_are_shown(floor: Floor, client_as: ClientAs, now: datetime) -> None:
    work(floor, now)
    client = client_as("manager", "zh")
    rows = client.get("/supervisor/attendance?export=csv").get_data(as_text=True).splitlines()
    assert rows[1].split(",")[:2] == ["agent", "Agent"]
    assert rows[1].split(",")[4] == "1:00:00"
    book = CalamineWorkbook.from_filelike(BytesIO(client.get("/supervisor/attendance?export=xlsx").data))
    assert book.get_sheet_by_index(0).to_python()[1][4] == "1:00:00"


def test_a_day_that_is_none_is_refused(floor: Floor, client_as: ClientAs) -> None:
    answer = client_as("supervisor").get("/supervisor/attendance?day=yesterday")
    assert answer.status_code == 422
    assert "is no day" in answer.text


def test_a_question_is_answered_from_the_page(floor: Floor, client_as: ClientAs, session: Session) -> None:
    number, client = ask(floor), client_as("supervisor")
    assert "客户问能不能过户？" in client.get("/supervisor/help").text
    assert client.get("/supervisor/help/waiting.json").json == {"waiting": [number]}
    answered = client.post(f"/supervisor/help/{number}", data={f"answer-{number}": "可以。"})
    assert answered.status_code == 302
    assert session.exec(select(HelpAnswer.text)).one() == "可以。"
    session.rollback()
    assert client.get("/supervisor/help/waiting.json").json == {"waiting": []}
    told = client_as("agent").get("/api/v1/help").json
    assert [each["text"] for each in told["help"]["answers"]] == ["可以。"]


def test_another_centre_answers_nothing_here(floor: Floor, client_as: ClientAs) -> None:
    number = ask(floor)
    client = client_as("outsider_manager")
    assert "过户" not in client.get("/supervisor/help").text
    assert client.post(f"/supervisor/help/{number}", data={f"answer-{number}": "x"}).status_code == 404


def test_who_has_not_read_is_named(floor: Floor, client_as: ClientAs, cast: Cast) -> None:
    client = client_as("manager")
    assert "everybody has read it" in client.get("/supervisor/briefings").text
    with db.transaction(floor.engine) as session:
        Maker(session, session.get_one(Centre, known(cast.fz.id)), now=floor.now).staff(Role.AGENT, name="新来的")
    for page in ("/supervisor/briefings", f"/manager/campaigns/{floor.campaign.id}"):
        assert "新来的" in client.get(page).text
    assert "1 caller has not read what is new" in client.get("/manager").text
    assert "新来的" in client.get("/supervisor/briefings?export=csv").get_data(as_text=True)


def test_reading_goes_through_the_api(floor: Floor, client_as: ClientAs, session: Session, cast: Cast) -> None:
    with db.transaction(floor.engine) as other:
        newcomer = Maker(other, other.get_one(Centre, known(cast.fz.id)), now=floor.now).staff(Role.AGENT)
    floor.contact()
    object.__setattr__(cast, "agent", newcomer)
    client = client_as("agent")
    told = client.post("/api/v1/claims", json={"desk": "agent"}).json
    assert told["claim"] is None
    assert told["nobody"] == "Read what is new first; then you get its customers."
    for each in told["briefings"]:
        read = {"desk": "agent", "campaign": each["campaign"], "script": each["script"]}
        told = client.post("/api/v1/briefings", json=read).json
    assert told["briefings"] == []
    assert client.post("/api/v1/claims", json={"desk": "agent"}).json["claim"]
    assert briefings.unread(session, newcomer, roles=[Role.AGENT], now=floor.now) == []


def test_targets_stand_beside_what_was_reached(floor: Floor, client_as: ClientAs) -> None:
    page = client_as("manager").get(f"/manager/campaigns/{floor.campaign.id}").text
    assert "Valid sales per agent today" in page
    assert "Contacts spoken to" in page


@pytest.mark.browser
@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_pages_can_be_read_by_everybody(
    floor: Floor, page_as: "Callable[..., Page]", now: datetime, language: str
) -> None:
    work(floor, now)
    ask(floor)
    page = page_as("supervisor", language)
    for name in ("attendance", "help", "briefings"):
        page.goto(f"/supervisor/{name}")
        assert_no_violations(page)
        picture(page, f"supervisor-{name}-{language}")


@pytest.mark.browser
def test_a_new_question_appears_by_itself(floor: Floor, page_as: "Callable[..., Page]") -> None:
    page = page_as("supervisor", "en")
    page.goto("/supervisor/help")
    page.wait_for_selector("text=No agent waits for an answer")
    ask(floor)
    page.wait_for_selector("text=客户问能不能过户？")
