"""Staff in the console: who works here, new people, roles, passwords, and who leaves."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import pytest
from flask.testing import FlaskClient
from sqlmodel import Session, select

from outbound import people, sign_ins
from outbound.people import Role, Staff
from tests.conftest import PASSWORD, Cast, assert_no_violations, picture

if TYPE_CHECKING:
    from playwright.sync_api import Page

ClientAs = Callable[..., FlaskClient]
NEW = {"name": "林晓燕", "login": "linxy", "number": "2001", "password": "a long password", "roles": ["agent"]}


@pytest.fixture
def desks() -> Sequence[str]:
    return ("web.desks.manager",)


@pytest.fixture
def manager(client_as: ClientAs) -> FlaskClient:
    return client_as("manager")


def named(session: Session, login: str) -> Staff | None:
    return session.exec(select(Staff).where(Staff.login == login)).first()


def test_a_manager_sees_everybody_of_the_own_centre_only(manager: FlaskClient) -> None:
    page = manager.get("/manager/staff").text
    assert "Second Agent" in page
    assert "Outsider" not in page


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_staff_can_be_looked_for_by_role(manager: FlaskClient) -> None:
    page = manager.get("/manager/staff?role=verifier").text
    assert ("Verifier" in page, "Second Agent" in page) == (True, False)


def test_who_has_left_can_be_filtered(manager: FlaskClient, cast: Cast) -> None:
    manager.post(f"/manager/staff/{cast.agent.id}/let-go")
    place = f'/manager/staff/{cast.agent.id}"'
    assert place not in manager.get("/manager/staff?employed=True").text
    assert place in manager.get("/manager/staff?employed=False").text


def test_somebody_new_can_sign_in(manager: FlaskClient, session: Session, cast: Cast) -> None:
    assert manager.post("/manager/staff/new", data=NEW).location == "/manager/staff"
    staff = sign_ins.check_password(session, "linxy", "a long password")
    assert (staff.centre_id, staff.number, people.roles_of(session, staff)) == (
        cast.fz.id,
        "2001",
        frozenset({Role.AGENT}),
    )


@pytest.mark.parametrize(
    ("otherwise", "field", "sentence"),
    [
        ({"login": "agent"}, "login", "The sign-in name agent is taken; choose another."),
        ({"password": "short"}, "password", "A password needs at least 10 characters."),
        ({"name": ""}, "name", "Fill this in."),
        ({"roles": []}, "roles", "Fill this in."),
        ({"roles": ["carrier"]}, "roles", "Carrier and business-support staff belong to no centre"),
        ({"roles": ["king"]}, "roles", "Choose one of the options shown."),
    ],
)
@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_a_refused_newcomer_is_told_at_the_field(
    manager: FlaskClient, session: Session, otherwise: dict[str, Any], field: str, sentence: str
) -> None:
    answer = manager.post("/manager/staff/new", data={**NEW, **otherwise})
    assert answer.status_code == 422
    assert f'id="{field}-error">{sentence}' in answer.text
    assert named(session, "linxy") is None


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_what_was_typed_stays_but_the_password(manager: FlaskClient) -> None:
    page = manager.post("/manager/staff/new", data={**NEW, "login": "agent"}).text
    assert 'value="林晓燕"' in page
    assert "a long password" not in page


def test_new_roles_sign_somebody_out(manager: FlaskClient, client_as: ClientAs, session: Session, cast: Cast) -> None:
    agent = client_as("agent")
    manager.post(f"/manager/staff/{cast.agent.id}/roles", data={"roles": ["agent", "verifier"]})
    assert people.roles_of(session, cast.agent) == {Role.AGENT, Role.VERIFIER}
    assert agent.get("/me").status_code == 401


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_nobody_is_left_without_a_role(manager: FlaskClient, session: Session, cast: Cast) -> None:
    assert manager.post(f"/manager/staff/{cast.agent.id}/roles").status_code == 422
    assert people.roles_of(session, cast.agent) == {Role.AGENT}


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_a_manager_does_not_give_up_the_own_desk_by_mistake(manager: FlaskClient, session: Session, cast: Cast) -> None:
    answer = manager.post(f"/manager/staff/{cast.manager.id}/roles", data={"roles": ["agent"]})
    assert "This is your own account: ask another manager to do this." in answer.text
    assert people.roles_of(session, cast.manager) == {Role.MANAGER}


def test_a_new_password_works_at_once(manager: FlaskClient, session: Session, cast: Cast) -> None:
    manager.post(f"/manager/staff/{cast.agent.id}/password", data={"password": "another password"})
    assert sign_ins.check_password(session, "agent", "another password").id == cast.agent.id


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_a_short_password_changes_nothing(manager: FlaskClient, session: Session, cast: Cast) -> None:
    answer = manager.post(f"/manager/staff/{cast.agent.id}/password", data={"password": "short"})
    assert 'id="password-error">A password needs at least 10 characters.' in answer.text
    assert sign_ins.check_password(session, "agent", PASSWORD)


def test_who_is_let_go_cannot_sign_in(manager: FlaskClient, session: Session, cast: Cast) -> None:
    manager.post(f"/manager/staff/{cast.agent.id}/let-go")
    with pytest.raises(sign_ins.WrongPassword):
        sign_ins.check_password(session, "agent", PASSWORD)


@pytest.mark.parametrize("verb", ["let-go", "password"])
@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_a_manager_needs_another_one_for_the_own_account(manager: FlaskClient, cast: Cast, verb: str) -> None:
    answer = manager.post(f"/manager/staff/{cast.manager.id}/{verb}", data={"password": "another password"})
    assert answer.status_code == 403


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_who_has_left_gets_no_new_roles(manager: FlaskClient, cast: Cast) -> None:
    manager.post(f"/manager/staff/{cast.agent.id}/let-go")
    answer = manager.post(f"/manager/staff/{cast.agent.id}/roles", data={"roles": ["manager"]})
    assert "Agent has left; add them anew if they come back." in answer.text


@pytest.mark.parametrize("verb", ["", "/roles", "/password", "/let-go"])
@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_somebody_of_another_centre_is_not_there(manager: FlaskClient, cast: Cast, verb: str) -> None:
    place = f"/manager/staff/{cast.outsider.id}{verb}"
    answer = manager.post(place, data={"roles": ["agent"]}) if verb else manager.get(place)
    assert answer.status_code == 404


@pytest.mark.parametrize("login", ["agent", "supervisor", "carrier"])
@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_only_managers_see_staff(client_as: ClientAs, login: str) -> None:
    assert client_as(login).get("/manager/staff").status_code == 403


@pytest.mark.browser
@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
@pytest.mark.parametrize("language", ["zh", "en"])
def test_somebody_can_be_added_with_the_keyboard_alone(
    page_as: "Callable[..., Page]", cast: Cast, language: str
) -> None:
    page = page_as("manager", language)
    page.goto("/manager/staff")
    assert_no_violations(page)
    picture(page, f"staff-{language}")
    page.keyboard.press("n")
    page.wait_for_url("**/staff/new")
    assert_no_violations(page)
    for name in ("name", "login", "password"):
        page.focus(f"#{name}")
        page.keyboard.type(str(NEW[name]))
    page.focus("input[value=agent]")
    page.keyboard.press("Space")
    page.keyboard.press("Control+Enter")
    page.wait_for_url("**/manager/staff")
    assert page.locator(".notice-good").is_visible()
    page.goto(f"/manager/staff/{cast.agent.id}")
    assert_no_violations(page)
