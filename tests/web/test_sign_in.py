"""Signing in, out, and the language of the pages."""

from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from outbound.sign_ins import WrongPassword
from tests.conftest import NOW, PASSWORD, Cast, assert_no_violations, picture
from web.app import Console

if TYPE_CHECKING:
    from playwright.sync_api import Page

ClientAs = Callable[..., FlaskClient]


@pytest.fixture
def desks() -> tuple[str, ...]:
    return ()


def sign_in(client: FlaskClient, login: str, password: str = PASSWORD, **more: str) -> TestResponse:
    return client.post("/sign-in", data={"login": login, "password": password, **more})


@pytest.mark.parametrize(
    ("login", "desk"),
    [
        ("agent", "/agent"),
        ("verifier", "/verifier"),
        ("reviewer", "/reviewer"),
        ("supervisor", "/supervisor"),
        ("manager", "/manager"),
        ("carrier", "/scripts"),
        ("support", "/scripts"),
        ("finance", "/finance"),
        ("care", "/care"),
    ],
)
@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_signing_in_leads_to_the_desk_of_the_role(client: FlaskClient, cast: Cast, login: str, desk: str) -> None:
    assert sign_in(client, login).location == desk


def test_signing_in_opens_what_was_closed(client: FlaskClient, cast: Cast) -> None:
    assert client.get("/me").status_code == 401
    sign_in(client, "agent")
    assert client.get("/me").status_code == 200


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_signing_in_goes_on_to_the_page_that_was_wanted(client: FlaskClient, cast: Cast) -> None:
    assert sign_in(client, "agent", next="/me?from=here").location == "/me?from=here"


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
@pytest.mark.parametrize("elsewhere", ["//evil.example", "https://evil.example", "/\\evil.example", "/sign-out"])
def test_signing_in_never_leads_to_another_site(client: FlaskClient, cast: Cast, elsewhere: str) -> None:
    assert sign_in(client, "agent", next=elsewhere).location == "/agent"


@pytest.mark.parametrize("login", ["agent", "nobody"])
def test_a_wrong_password_and_an_unknown_name_are_told_alike(client: FlaskClient, cast: Cast, login: str) -> None:
    answer = sign_in(client, login, "not the password")
    assert answer.status_code == 422
    assert WrongPassword().sentence("zh") in answer.text
    assert f'value="{login}"' in answer.text


def test_after_five_wrong_passwords_even_the_right_one_must_wait(client: FlaskClient, cast: Cast) -> None:
    for _try in range(5):
        sign_in(client, "agent", "not the password")
    assert sign_in(client, "agent").status_code == 429


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_after_a_quarter_of_an_hour_the_right_password_opens_again(
    client: FlaskClient, app: Console, cast: Cast
) -> None:
    for _try in range(5):
        sign_in(client, "agent", "not the password")
    app.config["NOW"] = lambda: NOW + timedelta(minutes=15, seconds=1)
    assert sign_in(client, "agent").status_code == 302


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_a_sign_in_ends_after_its_hours(client: FlaskClient, app: Console, cast: Cast) -> None:
    sign_in(client, "agent")
    app.config["NOW"] = lambda: NOW + timedelta(hours=12)
    assert client.get("/me").status_code == 401


def test_signing_out_closes_what_was_open(client_as: ClientAs) -> None:
    client = client_as("agent")
    client.post("/sign-out")
    assert client.get("/me").status_code == 401


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_a_stolen_cookie_is_worth_nothing_after_signing_out(client_as: ClientAs) -> None:
    client = client_as("agent")
    stolen = client.get_cookie("outbound")
    assert stolen is not None
    client.post("/sign-out")
    client.set_cookie("outbound", stolen.value)
    assert client.get("/me").status_code == 401


def test_the_chosen_language_stays_with_the_person(client_as: ClientAs, cast: Cast) -> None:
    client_as("agent").post("/language", data={"language": "zh", "next": "/me"})
    assert "我的账号" in client_as("agent").get("/me").text


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_the_chosen_language_holds_before_signing_in(client: FlaskClient) -> None:
    client.post("/language", data={"language": "en"})
    assert "Sign-in name" in client.get("/sign-in").text


def test_a_new_password_signs_out_every_other_browser(client_as: ClientAs) -> None:
    here, elsewhere = client_as("agent"), client_as("agent")
    here.post("/me/password", data={"current": PASSWORD, "wanted": "another long password"})
    assert (here.get("/me").status_code, elsewhere.get("/me").status_code) == (200, 401)


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_a_new_password_needs_the_present_one(client_as: ClientAs) -> None:
    answer = client_as("agent").post("/me/password", data={"current": "guess", "wanted": "another long password"})
    assert 'id="current-error">This is not your present password.' in answer.text


@pytest.mark.browser
@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
@pytest.mark.parametrize(("language", "title"), [("zh", "登录"), ("en", "Sign in")])
def test_the_sign_in_page_can_be_used_by_everybody(
    page: "Page", live: str, cast: Cast, language: str, title: str
) -> None:
    page.context.add_cookies([{"name": "language", "value": language, "url": live}])
    page.goto("/sign-in")
    assert page.locator("h1").inner_text() == title
    assert_no_violations(page)
    picture(page, f"sign-in-{language}")
    page.wait_for_selector("#login:focus")
    page.keyboard.type("agent")
    page.keyboard.press("Tab")
    page.keyboard.type("not the password")
    page.keyboard.press("Enter")
    page.wait_for_selector("[role=alert]")
    assert_no_violations(page)
    page.wait_for_selector("#password:focus")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url("**/agent")
