"""The finance desk: export once, download the same bytes again, read the answers, see what differs."""

import hashlib
import io
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest
from flask.testing import FlaskClient
from sqlmodel import Session, select

from outbound.billing.model import InstructionBatch
from outbound.journal import JournalEntry
from outbound.settings import Settings
from tests.conftest import Cast, assert_no_violations, picture
from tests.web.shop import Shop

if TYPE_CHECKING:
    from playwright.sync_api import Page

ClientAs = Callable[..., FlaskClient]


@pytest.fixture
def shop(session: Session, cast: Cast, settings: Settings) -> Shop:
    return Shop(session, cast, settings)


@pytest.fixture
def waiting(shop: Shop) -> Shop:
    """One charged subscription: an activation and a charge wait."""
    shop.charged()
    shop.session.commit()
    return shop


def test_what_waits_is_shown_with_its_sum(waiting: Shop, client_as: ClientAs) -> None:
    page = client_as("finance").get("/finance").text
    assert "1-charge-2026-11-21" in page
    assert "¥5.00" in page
    assert "Export batch" in page


def test_the_export_leaves_once(waiting: Shop, client_as: ClientAs) -> None:
    client = client_as("finance")
    assert client.post("/finance/export").location == "/finance/batches"
    again = client.post("/finance/export")
    assert again.status_code == 409
    assert "There are no new instructions to export" in again.text


def test_a_batch_can_be_downloaded_again_byte_for_byte(waiting: Shop, client_as: ClientAs) -> None:
    client = client_as("finance")
    client.post("/finance/export")
    first, second = (client.get("/finance/batches/1.csv") for _time in range(2))
    batch = waiting.session.exec(select(InstructionBatch)).one()
    assert first.data == second.data
    assert hashlib.sha256(first.data).hexdigest() == batch.sha256
    assert b",13812345678," in first.data
    assert "instructions-fz-1.csv" in first.headers["Content-Disposition"]


def test_each_download_is_in_the_journal(waiting: Shop, client_as: ClientAs, cast: Cast) -> None:
    client = client_as("finance")
    client.post("/finance/export")
    client.get("/finance/batches/1.csv")
    entries = waiting.session.exec(select(JournalEntry).where(JournalEntry.action == "instructions.downloaded")).all()
    assert [entry.actor_id for entry in entries] == [cast.finance.id]


def test_the_list_of_batches_names_count_sum_and_hash(waiting: Shop, client_as: ClientAs) -> None:
    client = client_as("finance")
    client.post("/finance/export")
    page = client.get("/finance/batches").text
    batch = waiting.session.exec(select(InstructionBatch)).one()
    assert batch.sha256 in page
    assert "Batch 1 is ready with 2 instructions" in page


def test_the_answers_come_to_something_and_the_rejected_stay_as_differences(waiting: Shop, client_as: ClientAs) -> None:
    client = client_as("finance")
    client.post("/finance/export")
    lines = b"1-activate-1,accepted,\n1-charge-2026-11-21,rejected,no credit\nx-1,accepted,\n"
    answer = acknowledge(client, lines)
    page = client.get(answer.location).text
    assert answer.location == "/finance/differences"
    assert "1 accepted, 1 rejected, 0 known already." in page
    assert "1 keys are none of ours: x-1" in page
    assert "no credit" in page
    assert "1-activate-1" not in page


def test_the_same_answers_twice_are_known_already(waiting: Shop, client_as: ClientAs) -> None:
    client = client_as("finance")
    client.post("/finance/export")
    for _time in range(2):
        acknowledge(client, b"1-activate-1,accepted,\n")
    assert "0 accepted, 0 rejected, 1 known already." in client.get("/finance/batches").text


def test_a_file_that_is_no_answer_is_refused_with_its_line(waiting: Shop, client_as: ClientAs) -> None:
    answer = acknowledge(client_as("finance", "zh"), b"1-activate-1,perhaps,\n")
    assert answer.status_code == 422
    assert "第 1 行应为" in answer.text


def test_no_file_is_told_at_its_field(waiting: Shop, client_as: ClientAs) -> None:
    answer = client_as("finance").post("/finance/acknowledgements")
    assert answer.status_code == 422
    assert 'id="acknowledgement-error">Choose a file.' in answer.text


def test_another_centre_sees_neither_instructions_nor_batches(waiting: Shop, client_as: ClientAs) -> None:
    client_as("finance").post("/finance/export")
    outsider = client_as("outsider_manager")
    assert outsider.get("/finance/batches/1.csv").status_code == 404
    assert "Nothing waits" in outsider.get("/finance").text
    assert "No batch has left yet" in outsider.get("/finance/batches").text


@pytest.mark.parametrize("login", ["agent", "verifier", "reviewer", "supervisor", "care", "carrier", "support"])
@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_others_do_not_come_in(client_as: ClientAs, login: str) -> None:
    client = client_as(login)
    assert client.get("/finance").status_code == 403
    assert client.post("/finance/export").status_code == 403


@pytest.mark.parametrize("path", ["/finance", "/finance/batches", "/finance/differences"])
@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_every_table_is_exported_as_shown(waiting: Shop, client_as: ClientAs, path: str) -> None:
    answer = client_as("finance").get(f"{path}?export=csv")
    assert answer.mimetype == "text/csv"


@pytest.mark.browser
@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
@pytest.mark.parametrize(("language", "theme"), [("zh", "light"), ("zh", "dark"), ("en", "light"), ("en", "dark")])
def test_the_desk_can_be_worked_by_everybody(
    shop: Shop, page_as: "Callable[..., Page]", live: str, language: str, theme: str
) -> None:
    for last in range(6):
        shop.charged(f"1381234567{last}")
    shop.session.commit()
    page = page_as("finance", language)
    page.context.add_cookies([{"name": "theme", "value": theme, "url": live}])
    look(page, "/finance", f"finance-waiting-{language}-{theme}")
    page.keyboard.press("e")
    page.click("#confirm [value=yes]")
    page.wait_for_url("**/finance/batches")
    file = {"name": "a.csv", "mimeType": "text/csv", "buffer": b"1-activate-1,accepted,\n2-activate-1,rejected,x\n"}
    page.set_input_files("#acknowledgement", file)  # type: ignore[arg-type]  # playwright's own TypedDict
    page.click(".body button.primary")
    page.wait_for_url("**/finance/differences")
    look(page, "/finance/differences", f"finance-differences-{language}-{theme}")
    look(page, "/finance/batches", f"finance-batches-{language}-{theme}")


def look(page: "Page", path: str, name: str) -> None:
    """Go there, keep a picture, and hold it against axe."""
    page.goto(path)
    picture(page, name)
    assert_no_violations(page)


def acknowledge(client: FlaskClient, data: bytes):  # type: ignore[no-untyped-def]  # noqa: ANN201
    """Send an acknowledgement file."""
    return client.post("/finance/acknowledgements", data={"acknowledgement": (io.BytesIO(data), "answers.csv")})
