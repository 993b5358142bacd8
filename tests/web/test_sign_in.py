"""Signing in, out, and the language of the pages."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy.engine import Engine
from sqlmodel import Session, select

from outbound import people
from outbound.people import SignInFailure, Staff
from tests.conftest import PASSWORD, Cast
from web.app import Console

ClientAs = Callable[..., FlaskClient]


def sign_in(client: FlaskClient, login: str, password: str = PASSWORD, **more: str):  # type: ignore[no-untyped-def]
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
