"""A customer taken by hand at the agent's desk: by the API, and by keyboard."""

from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from outbound.attendance import Stance, stands
from outbound.people import Staff
from tests.conftest import assert_no_violations, picture
from tests.desk import Floor, desks, floor, vault

if TYPE_CHECKING:
    from playwright.sync_api import Page
    from sqlmodel import Session

__all__ = ["desks", "floor", "vault"]

ClientAs = Callable[..., Any]
ONLY_SQLITE = pytest.mark.parametrize("engine", ["sqlite"], indirect=True)


def take(client: Any, number: str, desk: str = "agent") -> Any:
    return client.post("/api/v1/claims/by-hand", json={"desk": desk, "number": number})


def test_the_customer_comes_masked_and_says_why(floor: Floor, client_as: ClientAs, session: "Session") -> None:
    floor.contact(due_at=floor.now + timedelta(hours=5))
    answer = take(client_as("agent"), "138 0013 8000")
    assert answer.status_code == 200, answer.text
    claim = answer.json["claim"]
    assert (claim["number"], claim["why"]) == ("138****8000", "You took this customer by their number")
    assert stands(session, session.get_one(Staff, floor.cast.agent.id)) is Stance.READY


@ONLY_SQLITE
@pytest.mark.parametrize(
    ("number", "status", "error"),
    [("13911112222", 404, "NotYours"), ("10086", 422, "NotCallable"), ("", 422, "RequestFaulty")],
)
def test_a_number_that_cannot_be_taken_is_one_sentence(
    floor: Floor, client_as: ClientAs, number: str, status: int, error: str
) -> None:
    floor.contact()
    answer = take(client_as("agent"), number)
    assert (answer.status_code, answer.json["error"]) == (status, error)


@ONLY_SQLITE
def test_another_centre_does_not_learn_that_a_number_is_known(floor: Floor, client_as: ClientAs) -> None:
    floor.contact()
    met, never_met = (take(client_as("outsider"), number) for number in ("13800138000", "13911112222"))
    assert (met.status_code, met.json) == (never_met.status_code, never_met.json)


@ONLY_SQLITE
def test_nobody_takes_a_customer_at_a_desk_that_is_not_theirs(floor: Floor, client_as: ClientAs) -> None:
    floor.contact()
    assert take(client_as("agent"), "13800138000", desk="verifier").status_code == 403
    assert take(client_as("manager"), "13800138000").status_code == 403


@ONLY_SQLITE
@pytest.mark.browser
@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_number_is_typed_at_the_desk(floor: Floor, page_as: "Callable[..., Page]", language: str) -> None:
    floor.contact(due_at=floor.now + timedelta(hours=5))
    page = page_as("agent", language)
    page.wait_for_selector("#desk[data-phase=idle]")
    page.keyboard.press("m")
    page.wait_for_selector("#by-hand-number:focus")
    page.keyboard.type("13911112222")
    page.keyboard.press("Enter")
    page.wait_for_selector("#by-hand-error:not([hidden])")
    assert_no_violations(page)
    picture(page, f"by-hand-refused-{language}")
    page.fill("#by-hand-number", "13800138000")
    page.keyboard.press("Enter")
    page.wait_for_selector("#desk[data-phase=claimed]")
    assert page.locator("#by-hand").is_hidden()
    picture(page, f"by-hand-{language}")
