"""No NUL comes in, however it is sent: PostgreSQL keeps none, and SQLite cuts texts at it."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.desk import Floor, desks, floor, vault
from web.answers import NulRefused

__all__ = ["desks", "floor", "vault"]

ClientAs = Callable[..., Any]


def test_a_nul_in_json_is_refused_with_its_sentence(floor: Floor, client_as: ClientAs) -> None:
    answer = client_as("agent").post(
        "/api/v1/calls/1/wrap-up", json={"key": "12345678", "outcome": "x", "note": "a\0b"}
    )
    assert (answer.status_code, answer.json["error"]) == (422, "NulRefused")


def test_a_backslash_before_u0000_is_six_letters(floor: Floor, client_as: ClientAs) -> None:
    note = {"key": "12345678", "outcome": "x", "note": "a\\u0000b"}
    assert client_as("agent").post("/api/v1/calls/1/wrap-up", json=note).status_code == 404


def test_a_nul_in_a_form_is_refused_with_its_sentence(floor: Floor, client_as: ClientAs) -> None:
    answer = client_as("agent").post("/me/password", data={"current": "a\0b", "wanted": "long enough it is"})
    assert answer.status_code == 422
    assert NulRefused().sentence("en") in answer.text


@pytest.mark.parametrize("address", ["/sign-in?next=%00", "/api/v1/desk?desk=%00"])
def test_a_nul_in_an_address_is_refused(floor: Floor, client_as: ClientAs, address: str) -> None:
    assert client_as("agent").get(address).status_code == 422
