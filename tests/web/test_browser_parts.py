"""What the frame's scripts do in a real browser: keys, dialogs, what was typed kept."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest
from flask import g, render_template_string
from sqlalchemy.engine import Engine
from sqlmodel import Session

from outbound import people
from outbound.people import Staff
from tests.conftest import PASSWORD, Cast
from web.app import Console
from web.forms import filled_form
from web.guard import allows

if TYPE_CHECKING:
    from playwright.sync_api import Page

PageAs = Callable[..., "Page"]
pytestmark = [pytest.mark.browser, pytest.mark.parametrize("engine", ["sqlite"], indirect=True)]

DESK = """{% extends "base.html" %}{% import "parts/macros.html" as parts %}{% block content %}
{% call parts.form("/desk", keep="note") %}
{{ parts.field("name", "Name", "", attrs={"data-key": "/"}) }}
{{ parts.options("mark", "Mark", [("pass", "Pass"), ("fail", "Fail")], keys={"pass": "1", "fail": "2"}) }}
{{ parts.area("note", "Note", required=false) }}
{{ parts.button("Save the note", "Ctrl+Enter", "primary") }}{% endcall %}
{{ parts.post("/desk/block", "Block the number", "b", "danger", confirm="Nobody will call it again.") }}
{% endblock %}"""


@allows("own_account")
def show_desk() -> str:
    return render_template_string(DESK)


@allows("own_account", again=show_desk)
def save_note() -> str:
    with filled_form() as form:
        form.text("name")
    g.staff.name = form.text("name")
    return render_template_string('{% extends "base.html" %}{% block content %}<h1>Saved</h1>{% endblock %}')


@allows("own_account")
def block() -> str:
    return render_template_string('{% extends "base.html" %}{% block content %}<h1>Blocked</h1>{% endblock %}')


@pytest.fixture
def desks() -> tuple[str, ...]:
    return ()


@pytest.fixture
def app(app: Console) -> Console:
    app.add_url_rule("/desk", view_func=show_desk, methods=["GET"])
    app.add_url_rule("/desk", view_func=save_note, methods=["POST"])
    app.add_url_rule("/desk/block", view_func=block, methods=["POST"])
    return app


@pytest.fixture
def desk(page_as: PageAs) -> "Page":
    page = page_as("agent")
    page.goto("/desk")
    return page


def test_a_key_presses_its_control(desk: "Page") -> None:
    desk.keyboard.press("2")
    assert desk.is_checked("[name=mark][value=fail]")


def test_a_key_typed_into_a_field_is_only_text(desk: "Page") -> None:
    desk.keyboard.press("/")
    desk.keyboard.type("b2")
    assert (desk.input_value("#name"), desk.is_checked("[name=mark][value=fail]")) == ("b2", False)


def test_escape_leaves_the_field_to_the_keys_again(desk: "Page") -> None:
    desk.fill("#name", "x")
    desk.keyboard.press("Escape")
    desk.keyboard.press("1")
    assert desk.is_checked("[name=mark][value=pass]")


def test_the_sheet_of_keys_names_each_with_what_it_does(desk: "Page") -> None:
    desk.keyboard.press("?")
    assert "Block the number" in desk.inner_text("#key-sheet")
    desk.keyboard.press("Escape")
    assert not desk.is_visible("#key-sheet")


def test_what_cannot_be_undone_asks_first(desk: "Page") -> None:
    desk.keyboard.press("b")
    assert "Nobody will call it again." in desk.inner_text("#confirm")
    desk.keyboard.press("Escape")
    assert desk.url.endswith("/desk")
    desk.keyboard.press("b")
    desk.click("#confirm [value=yes]")
    desk.wait_for_selector("text=Blocked")


def test_what_was_typed_survives_a_sign_in_that_ended(desk: "Page", cast: Cast, engine: Engine) -> None:
    desk.fill("#name", "王秀英")
    desk.fill("#note", "rings back at six")
    with Session(engine) as session:
        people.end_sign_ins(session, session.get_one(Staff, cast.agent.id))
        session.commit()
    desk.click("text=Save the note")
    desk.fill("#login", "agent")
    desk.fill("#password", PASSWORD)
    desk.keyboard.press("Enter")
    desk.wait_for_url("**/desk")
    assert (desk.input_value("#name"), desk.input_value("#note")) == ("王秀英", "rings back at six")


def test_what_the_server_has_taken_is_not_kept_in_the_browser(desk: "Page") -> None:
    desk.fill("#name", "Taken")
    desk.keyboard.press("Control+Enter")
    desk.wait_for_selector("text=Saved")
    desk.goto("/desk")
    assert desk.input_value("#name") == ""


def test_what_was_refused_stays_in_the_form_with_the_focus_on_the_fault(desk: "Page") -> None:
    desk.fill("#note", "kept")
    desk.keyboard.press("Control+Enter")
    desk.wait_for_selector(".error")
    assert desk.input_value("#note") == "kept"
    assert desk.evaluate("document.activeElement.id") == "name"


def test_the_theme_is_turned_round_and_stays(desk: "Page") -> None:
    desk.click("[data-theme-toggle]")
    turned = desk.get_attribute("html", "data-theme")
    desk.reload()
    assert (turned, desk.get_attribute("html", "data-theme")) == ("dark", "dark")
