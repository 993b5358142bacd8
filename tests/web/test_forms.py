"""What is typed into fields, as values or as a sentence at the field."""

from collections.abc import Callable
from datetime import UTC, date, datetime

import pytest

from outbound.people import Role
from web.app import Console
from web.forms import Form, FormFaulty, filled_form

pytestmark = pytest.mark.parametrize("engine", ["sqlite"], indirect=True)


@pytest.fixture
def desks() -> tuple[str, ...]:
    return ()


@pytest.mark.parametrize(("text", "fen"), [("5", 500), ("5.00", 500), ("0.01", 1), ("¥19.9", 1990), ("￥3", 300)])
def test_an_amount_in_yuan_is_kept_in_fen(app: Console, text: str, fen: int) -> None:
    with app.test_request_context(method="POST", data={"price": text}), filled_form() as form:
        assert form.money("price") == fen


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("", lambda form: form.text("x")),
        ("x" * 201, lambda form: form.text("x")),
        ("five", lambda form: form.whole("x")),
        ("91", lambda form: form.whole("x", most=90)),
        ("5.001", lambda form: form.money("x")),
        ("-1", lambda form: form.money("x")),
        ("Infinity", lambda form: form.money("x")),
        ("emperor", lambda form: form.choice("x", Role)),
        ("emperor", lambda form: form.several("x", Role)),
        ("2026-02-30", lambda form: form.day("x")),
        ("tomorrow", lambda form: form.instant("x", "Asia/Shanghai")),
        ("", lambda form: form.file("x")),
    ],
)
def test_what_does_not_fit_is_told_at_its_field(app: Console, text: str, read: Callable[[Form], object]) -> None:
    with (
        app.test_request_context(method="POST", data={"x": text}),
        pytest.raises(FormFaulty) as refused,
        filled_form() as form,
    ):
        read(form)
    assert list(refused.value.fields) == ["x"]


def test_a_day_and_a_time_are_read_on_the_centres_clock(app: Console) -> None:
    typed = {"day": "2026-11-23", "at": "2026-11-23T16:20"}
    with app.test_request_context(method="POST", data=typed), filled_form() as form:
        assert form.day("day") == date(2026, 11, 23)
        assert form.instant("at", "Asia/Shanghai") == datetime(2026, 11, 23, 8, 20, tzinfo=UTC)


def test_every_fault_of_a_form_is_told_at_once(app: Console) -> None:
    with (
        app.test_request_context(method="POST", data={"name": "", "tries": "x"}),
        pytest.raises(FormFaulty) as refused,
        filled_form() as form,
    ):
        form.text("name")
        form.whole("tries")
    assert list(refused.value.fields) == ["name", "tries"]
