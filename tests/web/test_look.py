"""The parts of the console on one page, looked at and held against axe in both languages, light and dark."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from flask import g, render_template_string, request
from sqlmodel import col, select

from outbound.people import Staff
from tests.conftest import assert_no_violations, picture
from web.app import Console
from web.forms import filled_form
from web.guard import allows
from web.tables import Column, Filter, Table

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = [pytest.mark.browser, pytest.mark.parametrize("engine", ["sqlite"], indirect=True)]

STAFF = Table(
    caption="Staff",
    columns=(
        Column("name", "Name", sort=col(Staff.name)),
        Column("login", "Sign-in name", sort=col(Staff.login)),
        Column("number", "Number", sort=col(Staff.number), number=True),
        Column("added_at", "Since"),
    ),
    key=col(Staff.id),
    order="name",
    empty="Nobody yet.",
    search=(col(Staff.name),),
    filters=(Filter("centre", "Centre", col(Staff.centre_id), {1: "Fuzhou", 2: "Xiamen"}),),
)


@allows("own_account")
def show_parts() -> Any:
    entries = [
        SimpleNamespace(at=g.now - timedelta(days=1), zh="订购，四项全部合格", en="Sold, all four passed", kind="good"),
        SimpleNamespace(
            at=g.now - timedelta(minutes=12), zh="二次确认未接通", en="Confirmation: no answer", kind="wait"
        ),
        SimpleNamespace(at=g.now, zh="客户要求取消", en="The customer cancels", kind="bad"),
    ]
    page = STAFF.page(g.session, select(Staff), request.args)
    source = (Path(__file__).parent / "style.html").read_text(encoding="utf-8")
    return (
        page.export()
        if page.exported
        else render_template_string(source, page=page, entries=entries, ends=g.now + timedelta(minutes=5))
    )


@allows("own_account", again=show_parts)
def take_parts() -> str:
    with filled_form() as form:
        form.text("name")
        form.money("price")
        form.whole("trial", least=0, most=90)
    return "taken"


@pytest.fixture
def desks() -> tuple[str, ...]:
    return ()


@pytest.fixture
def app(app: Console) -> Console:
    app.add_url_rule("/style", view_func=show_parts, methods=["GET"])
    app.add_url_rule("/style", view_func=take_parts, methods=["POST"])
    return app


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_part_can_be_read_by_everybody(
    page_as: "Callable[..., Page]", live: str, language: str, theme: str
) -> None:
    page = page_as("manager", language)
    page.context.add_cookies([{"name": "theme", "value": theme, "url": live}])
    page.goto("/style")
    picture(page, f"parts-{language}-{theme}", full=True)
    assert_no_violations(page)


@pytest.mark.parametrize("width", [375, 1280, 1920])
def test_no_screen_has_to_be_pushed_sideways(page_as: "Callable[..., Page]", width: int) -> None:
    page = page_as("manager", "zh")
    page.set_viewport_size({"width": width, "height": 800})
    page.goto("/style")
    picture(page, f"parts-{width}", full=True)
    assert page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_refused_form_can_be_read_by_everybody(page_as: "Callable[..., Page]", language: str) -> None:
    page = page_as("manager", language)
    page.goto("/style")
    page.fill("#name", "")
    page.fill("#price", "five")
    page.keyboard.press("Control+Enter")
    page.wait_for_selector(".error")
    picture(page, f"refused-{language}")
    assert_no_violations(page)


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_account_page_and_the_sheet_of_keys_can_be_read_by_everybody(
    page_as: "Callable[..., Page]", language: str
) -> None:
    page = page_as("manager", language)
    page.goto("/me")
    picture(page, f"account-{language}")
    assert_no_violations(page)
    page.goto("/style")
    page.keyboard.press("?")
    picture(page, f"keys-{language}")
    assert_no_violations(page)
