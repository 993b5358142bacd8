"""The results of a survey on the manager's desk."""

from collections.abc import Callable, Sequence
from io import BytesIO
from typing import TYPE_CHECKING, Any

import pytest
from flask.testing import FlaskClient
from python_calamine import CalamineWorkbook
from sqlalchemy.engine import Engine

from outbound import db
from outbound.campaigns.model import Campaign
from tests.conftest import Cast, assert_no_violations, picture
from tests.test_surveys import surveyed

if TYPE_CHECKING:
    from playwright.sync_api import Page

ClientAs = Callable[..., FlaskClient]
pytestmark = pytest.mark.parametrize("engine", ["sqlite"], indirect=True)


@pytest.fixture
def desks() -> Sequence[str]:
    return ("web.desks.manager", "web.desks.scripts")


@pytest.fixture
def campaign(engine: Engine, cast: Cast) -> Campaign:
    with db.transaction(engine) as session:
        return surveyed(session, cast.fz)


def test_a_question_shows_shares_with_their_interval(client_as: ClientAs, campaign: Campaign) -> None:
    page = client_as("manager").get(f"/manager/campaigns/{campaign.id}/survey").text
    assert "How is the signal when you call or go online?" in page
    assert "66.7%" in page and "20.8% – 93.9%" in page


def test_a_click_on_an_answer_leads_to_its_calls(client_as: ClientAs, campaign: Campaign) -> None:
    client = client_as("manager")
    place = f"/manager/campaigns/{campaign.id}/survey"
    assert f"{place}/answers?step=signal&amp;answer=poor" in client.get(place).text
    page = client.get(f"{place}/answers?step=signal&answer=poor").text
    assert page.count("FZ-0") == 2
    assert "<strong>Poor</strong>" in page


def test_every_answer_can_be_taken_along(client_as: ClientAs, campaign: Campaign) -> None:
    answer = client_as("manager", "zh").get(f"/manager/campaigns/{campaign.id}/survey/answers?export=csv")
    head, *rows = answer.data.decode("utf-8-sig").splitlines()
    assert head.endswith("overall,reason-low,signal,where-poor,contacted,staff,suggestion")
    assert len(rows) == 3
    assert any(row.endswith("3,信号不好,不太好,家里、单位,都没有,,") for row in rows)


def test_the_answers_and_the_figures_go_out_as_workbooks(client_as: ClientAs, campaign: Campaign) -> None:
    client, place = client_as("manager", "en"), f"/manager/campaigns/{campaign.id}/survey"
    answers, figures = (rows_of(client.get(f"{place}{page}?export=xlsx").data) for page in ("/answers", ""))
    assert answers[0][-7:] == ["overall", "reason-low", "signal", "where-poor", "contacted", "staff", "suggestion"]
    assert len(answers) == 4
    poor = next(row for row in figures if row[0] == "signal" and row[4] == "Poor")
    assert poor[5:9] == ["2", "66.7%", "20.8%", "93.9%"]


def rows_of(data: bytes) -> list[list[Any]]:
    return CalamineWorkbook.from_filelike(BytesIO(data)).get_sheet_by_index(0).to_python()


@pytest.mark.parametrize(("login", "status"), [("outsider_manager", 404), ("agent", 403), ("carrier", 200)])
def test_who_sees_the_answers(client_as: ClientAs, campaign: Campaign, login: str, status: int) -> None:
    assert client_as(login).get(f"/manager/campaigns/{campaign.id}/survey").status_code == status
    assert client_as(login).get(f"/manager/campaigns/{campaign.id}/survey/answers").status_code == status


@pytest.mark.browser
@pytest.mark.parametrize(("language", "theme"), [("zh", "light"), ("en", "dark")])
def test_the_charts_can_be_read(
    page_as: "Callable[..., Page]", live: str, campaign: Campaign, language: str, theme: str
) -> None:
    page = page_as("manager", language)
    page.context.add_cookies([{"name": "theme", "value": theme, "url": live}])
    page.goto(f"/manager/campaigns/{campaign.id}/survey")
    picture(page, f"survey-{language}-{theme}")
    assert_no_violations(page)
    page.keyboard.press("l")
    page.wait_for_url("**/answers")
    picture(page, f"survey-answers-{language}-{theme}")
    assert_no_violations(page)
