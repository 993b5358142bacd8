"""The door: who may come in, one transaction for a request, and what a refusal looks like."""

import re
from collections.abc import Callable
from datetime import datetime

import pytest
import sqlalchemy as sa
from flask import Blueprint, g, render_template_string
from flask.testing import FlaskClient
from sqlalchemy.engine import Engine
from sqlmodel import Session

from outbound import errors, people
from outbound.errors import NotAllowed, Refusal
from outbound.people import Role, Staff
from outbound.settings import Settings
from tests.conftest import Cast
from web import sessions
from web.app import Console, create_app
from web.forms import filled_form
from web.guard import Guarded, RouteUnguarded, allows, authz_table, mine

ClientAs = Callable[..., FlaskClient]
once = pytest.mark.parametrize("engine", ["sqlite"], indirect=True)

FORM = """{% extends "base.html" %}{% import "parts/macros.html" as parts %}{% block content %}
{% call parts.form("/form") %}{{ parts.field("name", "Name", g.staff.name) }}{{ parts.field("tries", "Tries", 3) }}
{% endcall %}{% endblock %}"""


class Refused(Refusal):
    """This is refused for a test."""

    zh = "测试时被拒绝。"


class Collision(Exception):
    sqlstate = "40001"


@allows("own_account")
def show_form() -> str:
    return render_template_string(FORM)


@allows("own_account", again=show_form)
def take_form() -> str:
    with filled_form() as form:
        # In another order than the page's.
        form.whole("tries", least=1, most=5)
        g.staff.name = form.text("name", most=20)
    return "taken"


@allows("own_account", again=show_form)
def rename_and_refuse() -> str:
    g.staff.name = "Changed"
    g.session.flush()
    raise Refused


@allows("own_account")
def rewrite_the_past() -> str:
    g.session.execute(sa.text("UPDATE journal_entry SET action = 'nothing'"))
    return "rewritten"


@allows("own_account")
def take_a_taken_login() -> str:
    g.session.execute(sa.update(Staff).values(login="agent"))
    return "taken"


@allows("own_account")
def collide() -> str:
    tries: list[int] = g.setdefault("tries", [])
    tries.append(1)
    g.staff.name = f"Try {len(tries)}"
    if len(tries) < 3:
        raise sa.exc.OperationalError("UPDATE", {}, Collision())
    return str(g.staff.name)


@allows("own_account")
def break_down() -> str:
    raise ZeroDivisionError


@allows("own_account")
def show_staff(staff_id: int) -> str:
    return mine(g.session, Staff, staff_id).login


@allows("manage_staff")
def manage() -> str:
    return "managed"


ROUTES: list[tuple[str, Guarded, str]] = [
    ("/form", show_form, "GET"),
    ("/form", take_form, "POST"),
    ("/rename", rename_and_refuse, "POST"),
    ("/past", rewrite_the_past, "POST"),
    ("/login", take_a_taken_login, "POST"),
    ("/collide", collide, "POST"),
    ("/broken", break_down, "GET"),
    ("/staff/<int:staff_id>", show_staff, "GET"),
    ("/manage", manage, "GET"),
]


@pytest.fixture
def app(app: Console) -> Console:
    for rule, view, method in ROUTES:
        app.add_url_rule(rule, view_func=view, methods=[method])
    return app


@pytest.fixture
def desks() -> tuple[str, ...]:
    return ()


def name_of(engine: Engine, staff: Staff) -> str:
    with Session(engine) as session:
        return session.get_one(Staff, staff.id).name


@once
def test_who_is_not_signed_in_is_asked_to_and_comes_back(client: FlaskClient) -> None:
    answer = client.get("/form?from=here")
    assert answer.status_code == 401
    assert 'name="next" value="/form?from=here"' in answer.text


@once
def test_a_role_without_the_permission_is_refused(client_as: ClientAs) -> None:
    answer = client_as("agent").get("/manage")
    assert answer.status_code == 403
    assert NotAllowed().sentence("en") in answer.text


@once
def test_a_role_with_the_permission_comes_in(client_as: ClientAs) -> None:
    assert client_as("manager").get("/manage").text == "managed"


def test_a_change_of_roles_ends_the_sign_in_at_once(
    client_as: ClientAs, cast: Cast, session: Session, now: datetime
) -> None:
    client = client_as("manager")
    people.change_roles(session, session.get_one(Staff, cast.manager.id), {Role.AGENT}, by=cast.supervisor, now=now)
    session.commit()
    assert client.get("/manage").status_code == 401


@once
def test_what_belongs_to_another_centre_is_not_found(client_as: ClientAs, cast: Cast) -> None:
    assert client_as("agent").get(f"/staff/{cast.outsider.id}").status_code == 404
    assert client_as("agent").get(f"/staff/{cast.manager.id}").text == "manager"


@once
def test_the_carrier_sees_every_centre(client_as: ClientAs, cast: Cast) -> None:
    assert client_as("carrier").get(f"/staff/{cast.outsider.id}").text == "outsider"


def test_a_request_that_succeeds_is_kept(client_as: ClientAs, cast: Cast, engine: Engine) -> None:
    assert client_as("agent").post("/form", data={"name": "New name", "tries": "2"}).text == "taken"
    assert name_of(engine, cast.agent) == "New name"


def test_a_refusal_undoes_everything_that_the_request_did(client_as: ClientAs, cast: Cast, engine: Engine) -> None:
    assert client_as("agent").post("/rename").status_code == 409
    assert name_of(engine, cast.agent) == "Agent"


@once
def test_a_refused_form_comes_back_with_what_was_typed_and_why(client_as: ClientAs) -> None:
    answer = client_as("agent").post("/rename", data={"name": "Typed", "tries": "4"})
    assert 'value="Typed"' in answer.text
    assert Refused().sentence("en") in answer.text


@once
def test_every_fault_of_a_form_is_told_at_its_field_and_the_first_of_the_page_has_the_focus(
    client_as: ClientAs,
) -> None:
    answer = client_as("agent").post("/form", data={"name": "", "tries": "nine"})
    assert answer.status_code == 422
    assert 'id="name-error">Fill this in.' in answer.text
    assert 'id="tries-error">“nine” is not a whole number.' in answer.text
    assert re.findall(r'id="(\w+)"[^>]* autofocus', answer.text) == ["name"]


@once
def test_a_program_reads_the_refusal_as_json_in_both_languages(client_as: ClientAs) -> None:
    answer = client_as("agent").post("/rename", headers={"Accept": "application/json"})
    assert answer.status_code == 409
    assert answer.json == {
        "error": "Refused",
        "sentence": {"zh": "测试时被拒绝。", "en": "This is refused for a test."},
        "message": "This is refused for a test.",
        "faults": [],
    }


@once
def test_a_program_reads_each_fault_of_a_form(client_as: ClientAs) -> None:
    answer = client_as("agent").post("/form", data={"name": "x"}, headers={"X-Requested-With": "fetch"})
    assert answer.json is not None
    assert [fault["field"] for fault in answer.json["faults"]] == ["tries"]


def test_what_the_database_refuses_is_told_as_the_refusal_that_it_stands_for(
    client_as: ClientAs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(errors.DATABASE_REFUSALS, "journal_entry is append-only", Refused)
    answer = client_as("agent").post("/past")
    assert (answer.status_code, Refused().sentence("en") in answer.text) == (409, True)


def test_two_at_the_same_place_is_told_as_a_change_meanwhile(client_as: ClientAs) -> None:
    answer = client_as("agent").post("/login")
    assert answer.status_code == 409
    assert "at the same moment" in answer.text


def test_a_collision_in_the_database_is_tried_again(client_as: ClientAs, cast: Cast, engine: Engine) -> None:
    assert client_as("agent").post("/collide").text == "Try 3"
    assert name_of(engine, cast.agent) == "Try 3"


@once
def test_a_failure_is_told_with_a_number_and_not_with_its_inside(client_as: ClientAs) -> None:
    answer = client_as("agent").get("/broken")
    assert answer.status_code == 500
    assert "tell your operator the number" in answer.text
    assert "ZeroDivision" not in answer.text


@once
@pytest.mark.parametrize(("language", "sentence"), [("en", "There is no page"), ("zh", "这个网址没有页面")])
def test_an_unknown_address_is_told_in_the_readers_language(client_as: ClientAs, language: str, sentence: str) -> None:
    answer = client_as("agent", language).get("/nowhere")
    assert (answer.status_code, sentence in answer.text) == (404, True)


@once
@pytest.mark.parametrize("permission", [None, "make_coffee"])
def test_a_console_with_an_unguarded_route_does_not_start(
    settings: Settings, engine: Engine, monkeypatch: pytest.MonkeyPatch, permission: str | None
) -> None:
    blueprint = Blueprint("forgotten", __name__)
    view = (lambda: "open") if permission is None else Guarded(lambda: "open", permission, writes=None, again=None)
    blueprint.add_url_rule("/forgotten", view_func=view, endpoint="view")
    monkeypatch.setattr(sessions, "bp", blueprint)
    with pytest.raises(RouteUnguarded, match="/forgotten"):
        create_app(settings, engine, ())


@once
def test_the_table_of_who_may_what_names_each_route_and_method(app: Console) -> None:
    table = authz_table(app)
    assert {"route": "/manage", "method": "GET", "permission": "manage_staff", "roles": ["manager"]} in table
    assert {"route": "/healthz", "method": "GET", "permission": None, "roles": ["anybody"]} in table
