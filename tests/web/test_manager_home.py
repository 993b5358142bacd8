"""The manager's first page: what needs me, with the way there, then each campaign as one row."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from flask.testing import FlaskClient
from sqlalchemy.engine import Engine

from outbound import db
from outbound.campaigns import verbs
from outbound.overview.needs import Need
from outbound.people import known
from outbound.settings import Settings
from tests.conftest import Cast, assert_no_violations, picture
from tests.factories import Maker
from tests.web import desk_scenes as scenes
from web.app import create_app
from web.desks.manager.home import PLACES, place_of

if TYPE_CHECKING:
    from playwright.sync_api import Page

ClientAs = Callable[..., FlaskClient]


@pytest.fixture
def desks() -> Sequence[str]:
    return ("web.desks.manager", "web.desks.scripts")


def test_a_new_centre_is_told_that_nothing_waits(client_as: ClientAs) -> None:
    page = client_as("manager").get("/manager").text
    assert "Nothing waits for you." in page
    assert "No campaigns yet: create the first one." in page


@pytest.mark.parametrize("login", ["agent", "reviewer", "carrier", "finance", "supervisor"])
@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_only_managers_have_this_page(client_as: ClientAs, login: str) -> None:
    assert client_as(login).get("/manager").status_code == 403


def test_each_need_leads_to_where_it_is_seen_to(
    client_as: ClientAs, engine: Engine, cast: Cast, settings: Settings, now: datetime
) -> None:
    with db.transaction(engine) as session:
        campaign = scenes.draft(session, cast, now=now)
        version = scenes.written(session, cast, now=now)
        call_list = scenes.imported(session, cast, settings, campaign, now=now)
    page = client_as("manager").get("/manager").text
    for place in (
        f"/manager/campaigns/{campaign.id}",
        f"/scripts/versions/{version.id}",
        f"/manager/lists/{call_list.id}?fault=invalid",
    ):
        assert f'href="{place}"' in page


def test_a_need_whose_desk_this_console_lacks_is_told_without_a_link(
    client_as: ClientAs, engine: Engine, cast: Cast, now: datetime
) -> None:
    with db.transaction(engine) as session:
        Maker(session, cast.fz, now=now).recording(None)
    page = client_as("manager").get("/manager").text
    assert "<span>1 recording without a call; match it.</span>" in page


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_every_need_has_its_page_in_the_whole_console(settings: Settings, engine: Engine) -> None:
    app = create_app(settings, engine)
    with app.test_request_context():
        assert [key for key in PLACES if not place_of(Need(key, "", "", 1))] == []


def test_a_campaign_is_one_row_of_figures(
    client_as: ClientAs, engine: Engine, cast: Cast, settings: Settings, now: datetime
) -> None:
    with db.transaction(engine) as session:
        campaign = scenes.ready(session, cast, settings, now=now)
        maker = Maker(session, cast.fz, now=now)
        for minutes, outcome in enumerate(("refused", "busy", "no_answer", "no_answer")):
            maker.call(cast.agent, campaign=campaign, outcome=outcome, at=now - timedelta(minutes=9 - minutes))
    page = client_as("manager").get("/manager").text
    assert "4 / 400" in page
    assert 'title="1 of 4">25.0%' in page


def test_a_closed_campaign_is_left_out(client_as: ClientAs, engine: Engine, cast: Cast, now: datetime) -> None:
    with db.transaction(engine) as session:
        campaign = scenes.draft(session, cast, now=now)
        verbs.close(session, campaign, by=cast.manager, now=now)
    assert f"/manager/campaigns/{known(campaign.id)}" not in client_as("manager").get("/manager").text


def test_what_another_centre_needs_is_not_shown(client_as: ClientAs, engine: Engine, cast: Cast, now: datetime) -> None:
    with db.transaction(engine) as session:
        scenes.draft(session, cast, now=now)
    assert "Nothing waits for you." in client_as("outsider_manager").get("/manager").text


@pytest.mark.browser
@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
@pytest.mark.parametrize(("language", "theme"), [("zh", "light"), ("en", "dark")])
def test_the_page_can_be_read_by_everybody_and_a_number_key_opens_a_need(
    page_as: "Callable[..., Page]",
    live: str,
    engine: Engine,
    cast: Cast,
    settings: Settings,
    now: datetime,
    language: str,
    theme: str,
) -> None:
    with db.transaction(engine) as session:
        campaign = scenes.ready(session, cast, settings, now=now)
        scenes.imported(session, cast, settings, campaign, now=now)
    page = page_as("manager", language)
    page.context.add_cookies([{"name": "theme", "value": theme, "url": live}])
    page.goto("/manager")
    picture(page, f"manager-{language}-{theme}")
    assert_no_violations(page)
    page.keyboard.press("1")
    page.wait_for_url(f"**/manager/campaigns/{campaign.id}")
