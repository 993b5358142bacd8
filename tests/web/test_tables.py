"""Tables: sorted, searched, filtered, paged and exported by the server, from the address."""

from collections.abc import Callable
from typing import Any

import pytest
from flask import g, render_template_string, request
from flask.testing import FlaskClient
from sqlalchemy.engine import Engine
from sqlmodel import col, select

from outbound import db, people
from outbound.people import Role, Staff
from tests.conftest import Cast
from web.app import Console
from web.guard import allows
from web.tables import Column, Filter, Table

ClientAs = Callable[..., FlaskClient]

TABLE = Table(
    caption="Staff",
    columns=(
        Column("login", "Sign-in name", sort=col(Staff.login)),
        Column("number", "Number", sort=col(Staff.number), number=True),
        Column("name", "Name"),
        Column("centre", "Centre", value=lambda staff: staff.centre_id),
    ),
    key=col(Staff.id),
    order="login",
    empty="Nobody yet.",
    search=(col(Staff.login), col(Staff.name)),
    filters=(Filter("centre", "Centre", col(Staff.centre_id), {1: "Fuzhou", 2: "Xiamen"}),),
)
PAGE = """{% extends "base.html" %}{% import "parts/macros.html" as parts %}{% block content %}
{% call(row) parts.table(page) %}<td>{{ row.login }}</td>{% endcall %}{% endblock %}"""


@allows("own_account")
def show() -> Any:
    page = TABLE.page(g.session, select(Staff), request.args)
    return page.export("staff") if page.exported else render_template_string(PAGE, page=page)


@pytest.fixture
def desks() -> tuple[str, ...]:
    return ()


@pytest.fixture
def app(app: Console) -> Console:
    app.add_url_rule("/table", view_func=show)
    return app


@pytest.fixture
def crowd(engine: Engine, cast: Cast, now: Any) -> None:
    with db.transaction(engine) as session:
        for place in range(60):
            people.add_staff(
                session,
                centre=cast.fz,
                login=f"crowd{place:02}",
                name="=1+1" if place == 0 else "Crowd",
                password="correct horse battery",
                roles={Role.AGENT},
                by=None,
                now=now,
            )


def shown(client: FlaskClient, address: str) -> list[str]:
    body = client.get(address).text.split("<tbody>")[1].split("</tbody>")[0]
    return [cell.split("</td>")[0] for cell in body.split("<td>")[1:]]


def test_rows_stand_in_the_order_that_the_address_says(client_as: ClientAs) -> None:
    client = client_as("manager")
    logins = sorted(shown(client, "/table"))
    assert shown(client, "/table") == logins
    assert shown(client, "/table?sort=-login") == logins[::-1]


def test_an_unknown_order_is_no_failure(client_as: ClientAs) -> None:
    assert client_as("manager").get("/table?sort=;drop&page=-3&centre=x").status_code == 200


def test_a_search_looks_into_every_searched_column(client_as: ClientAs) -> None:
    assert shown(client_as("manager"), "/table?q=OUTSIDER") == ["outsider", "outsider_manager"]


def test_a_percent_sign_is_searched_as_itself(client_as: ClientAs) -> None:
    answer = client_as("manager").get("/table?q=%25")
    assert "Nothing fits these filters." in answer.text


def test_a_filter_leaves_only_the_rows_of_its_choice(client_as: ClientAs, cast: Cast) -> None:
    assert shown(client_as("manager"), f"/table?centre={cast.xm.id}") == ["outsider", "outsider_manager"]


def test_fifty_rows_make_a_page(client_as: ClientAs, crowd: None) -> None:
    client = client_as("manager")
    first, second = shown(client, "/table"), shown(client, "/table?page=2")
    assert (len(first), len(first) + len(second)) == (50, 73)
    assert set(first).isdisjoint(second)


def test_a_page_past_the_end_is_the_last(client_as: ClientAs, crowd: None) -> None:
    client = client_as("manager")
    assert shown(client, "/table?page=99") == shown(client, "/table?page=2")


def test_the_address_of_the_next_page_keeps_order_and_search(client_as: ClientAs, crowd: None) -> None:
    page = client_as("manager").get("/table?sort=-login&q=crowd").text
    assert 'href="/table?sort=-login&amp;q=crowd&amp;page=2"' in page


def test_the_export_holds_every_row_that_is_left_and_no_formula(client_as: ClientAs, crowd: None) -> None:
    answer = client_as("manager").get("/table?q=crowd&export=csv&page=2")
    lines = answer.get_data().decode("utf-8-sig").splitlines()
    assert lines[0] == "Sign-in name,Number,Name,Centre"
    assert lines[1].startswith("crowd00,,'=1+1,")
    assert len(lines) == 61
