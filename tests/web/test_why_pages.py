"""Why not dialled, and the calendar: the pages and the API, by keyboard, in both languages."""

from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from flask.testing import FlaskClient
from sqlalchemy.engine import Engine
from sqlmodel import Session, select

from outbound import db
from outbound.call_lists.model import Contact
from outbound.calling_rules.calendar import CalendarDecision, overrides_of, years_declared
from outbound.calling_rules.profiles import DayKind
from outbound.calls.broken import BrokenCallback
from outbound.campaigns import verbs as campaigns
from outbound.campaigns.model import Campaign
from outbound.opt_outs import verbs as opt_outs
from outbound.opt_outs.model import Category
from outbound.people import known
from outbound.phones.model import Phone, keep
from outbound.phones.parsing import Number, parse
from outbound.phones.vault import open_vault
from outbound.settings import Settings
from tests.conftest import Cast, assert_no_violations, picture
from tests.desk import Floor, floor, staff, vault
from tests.factories import Maker

if TYPE_CHECKING:
    from playwright.sync_api import Page

__all__ = ["floor", "vault"]

ClientAs = Callable[..., FlaskClient]
ONLY_SQLITE = pytest.mark.parametrize("engine", ["sqlite"], indirect=True)


@pytest.fixture
def desks() -> Sequence[str]:
    return ("web.desks.manager", "web.desks.supervisor", "web.desks.care", "web.api")


def test_a_number_leads_to_every_rule_that_holds_it(client_as: ClientAs, floor: Floor, now: datetime) -> None:
    contact = floor.contact(due_at=now + timedelta(hours=2))
    client = client_as("supervisor")
    answer = client.post("/manager/why", data={"number": "138 0013 8000"})
    assert answer.location == f"/manager/why/numbers/{contact.phone_id}"
    page = client.get(answer.location).text
    assert "138****8000" in page
    assert "13800138000" not in page
    assert "the next try is not due yet" in page
    assert "May be called from" in page
    assert "Never dialled." in page


def test_a_blocked_number_says_who_must_act(client_as: ClientAs, floor: Floor, engine: Engine, now: datetime) -> None:
    contact = floor.contact()
    with db.transaction(engine) as session:
        phone = session.get_one(Phone, contact.phone_id)
        opt_outs.block(session, phone, category=Category.REFUSAL, source="call", by=None, now=now)
    page = client_as("care").get(f"/manager/why/numbers/{contact.phone_id}").text
    assert "on the opt-out list" in page
    assert "It is not called before somebody acts." in page


@ONLY_SQLITE
@pytest.mark.parametrize(
    ("typed", "said"),
    [("10086", "is no number that can be called"), ("13900139999", "on no list"), ("", "Fill this in")],
)
def test_what_is_no_number_of_ours_is_said_at_the_field(
    client_as: ClientAs, floor: Floor, typed: str, said: str
) -> None:
    answer = client_as("manager").post("/manager/why", data={"number": typed})
    assert answer.status_code in (404, 422)
    assert said in answer.text


@ONLY_SQLITE
def test_another_centres_number_is_not_found(client_as: ClientAs, floor: Floor) -> None:
    contact = floor.contact()
    assert client_as("outsider_manager").get(f"/manager/why/numbers/{contact.phone_id}").status_code == 404
    assert client_as("outsider_manager").get(f"/manager/campaigns/{floor.campaign.id}/why").status_code == 404


@ONLY_SQLITE
@pytest.mark.parametrize("login", ["agent", "reviewer", "finance", "carrier"])
def test_only_the_office_and_the_care_desk_ask_why(client_as: ClientAs, floor: Floor, login: str) -> None:
    assert client_as(login).get("/manager/why").status_code == 403
    assert client_as(login).post("/api/v1/why", json={"number": "13800138000"}).status_code == 403


def test_a_campaign_tells_how_many_are_held_by_what(client_as: ClientAs, floor: Floor, now: datetime) -> None:
    floor.contact()
    floor.contact("13900139000", due_at=now + timedelta(hours=2))
    page = client_as("manager").get(f"/manager/campaigns/{floor.campaign.id}/why").text
    assert "1 may be called" in page
    assert "1 held back" in page
    assert "the next try is not due yet" in page


def test_a_campaign_that_is_not_open_shows_a_dry_run(
    client_as: ClientAs, floor: Floor, engine: Engine, now: datetime
) -> None:
    floor.contact()
    with db.transaction(engine) as session:
        campaign = session.get_one(Campaign, known(floor.campaign.id))
        campaigns.pause(session, campaign, by=staff(session, floor.cast.manager), now=now)
    page = client_as("manager").get(f"/manager/campaigns/{floor.campaign.id}").text
    assert "If it opened now:" in page
    assert "1 may be called" in page
    assert f'href="/manager/campaigns/{floor.campaign.id}/why"' in page


def test_a_campaign_into_an_undecreed_year_warns(client_as: ClientAs, floor: Floor) -> None:
    floor.contact()
    warning = "The days off and made-up"[:12]
    for login, page in (("manager", f"/manager/campaigns/{floor.campaign.id}"), ("supervisor", "/supervisor")):
        text = client_as(login).get(page).text
        assert warning in text
        assert "2027" in text
    assert 'href="/manager/calendar"' in client_as("manager").get("/manager").text


def test_a_manager_enters_a_day_and_takes_it_back(client_as: ClientAs, cast: Cast, engine: Engine) -> None:
    client, fz = client_as("manager"), known(cast.fz.id)
    typed = {"day": "2027-02-09", "kind": "holiday", "why": "国办发明电〔2026〕7号"}
    assert client.post("/manager/calendar", data=typed).location == "/manager/calendar"
    with db.reading(engine) as session:
        assert overrides_of(session, fz) == {date(2027, 2, 9): DayKind.HOLIDAY}
    page = client.get("/manager/calendar").text
    assert "2027-02-09" in page
    assert "国办发明电〔2026〕7号" in page
    client.post("/manager/calendar/2027-02-09/take-back")
    with db.reading(engine) as session:
        assert overrides_of(session, fz) == {}
        assert [row.by_id for row in session.exec(select(CalendarDecision))] == [cast.manager.id] * 2


@ONLY_SQLITE
@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({"day": "nonsense", "kind": "holiday", "why": "x"}, "is not a date"),
        ({"day": "1899-01-01", "kind": "holiday", "why": "x"}, "check the date"),
        ({"day": "2027-02-09", "kind": "perhaps", "why": "x"}, "Choose one"),
        ({"day": "2027-02-09", "kind": "holiday", "why": ""}, "Fill this in"),
    ],
)
def test_a_day_badly_entered_is_said_at_its_field(client_as: ClientAs, typed: dict[str, str], said: str) -> None:
    answer = client_as("manager").post("/manager/calendar", data=typed)
    assert answer.status_code == 422
    assert said in answer.text


def test_a_year_entered_in_full_is_warned_of_no_longer(client_as: ClientAs, floor: Floor, engine: Engine) -> None:
    client = client_as("manager")
    assert "Decree of 2027" in client.get("/manager/calendar").text
    client.post("/manager/calendar/years/2027/complete", data={"decree-2027": "国办发明电〔2026〕7号"})
    with db.reading(engine) as session:
        assert list(years_declared(session, known(floor.cast.fz.id))) == [2027]
    page = client.get("/manager/calendar").text
    assert "Decree of 2027" not in page
    assert "国办发明电〔2026〕7号" in page


@ONLY_SQLITE
@pytest.mark.parametrize("login", ["agent", "supervisor", "care", "carrier"])
def test_only_managers_keep_the_calendar(client_as: ClientAs, login: str) -> None:
    assert client_as(login).get("/manager/calendar").status_code == 403


def broken_callback(session: Session, maker: Maker, cast: Cast, now: datetime, contact: Contact | None = None) -> None:
    call = maker.call(cast.agent, contact=contact, outcome="callback", at=now - timedelta(hours=9))
    session.add(
        BrokenCallback(
            centre_id=call.centre_id,
            campaign_id=call.campaign_id,
            contact_id=call.contact_id,
            call_id=known(call.id),
            agent_id=known(cast.agent.id),
            personal=True,
            promised_at=now - timedelta(hours=4),
            at=now - timedelta(hours=1),
        )
    )


def test_the_supervisor_sees_the_callbacks_that_nobody_kept(
    client_as: ClientAs, cast: Cast, engine: Engine, now: datetime
) -> None:
    with db.transaction(engine) as session:
        broken_callback(session, Maker(session, cast.fz, now=now), cast, now)
    page = client_as("supervisor").get("/supervisor").text
    assert "Callbacks that nobody kept, in the last 7 days" in page
    assert "still to be called, by anybody" in page


def test_the_api_tells_a_number_and_a_campaign(client_as: ClientAs, floor: Floor, now: datetime) -> None:
    contact = floor.contact(due_at=now + timedelta(hours=2))
    client = client_as("manager")
    told = client.post("/api/v1/why", json={"number": "13800138000"}).json
    assert told is not None
    assert (told["number"], told["dials"]["ever"]) == ("138****8000", 0)
    [one] = told["contacts"]
    assert (one["contact"], one["callable"], [reason["key"] for reason in one["reasons"]]) == (
        contact.id,
        False,
        ["later"],
    )
    assert one["free_at"].startswith("2026-11-23T04:00:00")
    figures = client.get(f"/api/v1/campaigns/{floor.campaign.id}/why").json
    assert figures is not None
    assert (figures["waiting"], figures["callable"], figures["at_least"]) == (1, 0, False)
    assert [(group["key"], group["count"]) for group in figures["held"]] == [("later", 1)]


@ONLY_SQLITE
@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_pages_are_readable_and_worked_by_keyboard(
    page_as: "Callable[..., Page]", floor: Floor, engine: Engine, cast: Cast, now: datetime, language: str
) -> None:
    contact = floor.contact(callback=True, kept_for_id=cast.agent.id)
    for place, due in enumerate((now, now, now + timedelta(hours=2), now + timedelta(hours=20))):
        floor.contact(f"1390013900{place}", due_at=due, priority=place)
    floor.contact("+12125550100")
    with db.transaction(engine) as session:
        broken_callback(session, Maker(session, cast.fz, now=now), cast, now)
    page = page_as("manager", language)
    page.goto("/manager/why")
    page.wait_for_selector("#number:focus")
    page.keyboard.type("13800138000")
    assert_no_violations(page)
    picture(page, f"why-{language}")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/manager/why/numbers/{contact.phone_id}")
    assert_no_violations(page)
    picture(page, f"why-number-{language}")
    page.goto(f"/manager/campaigns/{floor.campaign.id}")
    assert_no_violations(page)
    picture(page, f"why-on-campaign-{language}")
    page.keyboard.press("w")
    page.wait_for_url("**/why")
    assert_no_violations(page)
    picture(page, f"why-campaign-{language}")
    page.goto("/manager/calendar")
    page.fill("#day", "2027-02-09")
    page.check("input[value=holiday]")
    page.fill("#why", "国办发明电〔2026〕7号")
    page.keyboard.press("Control+Enter")
    page.wait_for_selector("text=2027-02-09")
    assert_no_violations(page)
    picture(page, f"calendar-{language}", full=True)
    page.goto("/supervisor")
    assert_no_violations(page)
    picture(page, f"broken-callbacks-{language}", full=True)


def test_the_numbers_history_tells_the_callback_that_nobody_kept(
    client_as: ClientAs, cast: Cast, engine: Engine, now: datetime, settings: Settings
) -> None:
    with db.transaction(engine) as session:
        number = parse("13800138000")
        assert isinstance(number, Number)
        phone = keep(session, open_vault(settings.data), number, now=now)
        maker = Maker(session, cast.fz, now=now)
        broken_callback(session, maker, cast, now, contact=maker.contact(phone=phone))
    page = client_as("care").get(f"/care/numbers/{phone.id}").text
    assert "Callback not kept" in page
    assert f'href="/manager/why/numbers/{phone.id}"' in page
