"""The finance desk: export once, download the same bytes again, read the answers, see what differs."""

import hashlib
import io
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest
from flask.testing import FlaskClient
from sqlmodel import select

from outbound.billing.model import InstructionBatch, LedgerEntry
from outbound.journal import JournalEntry
from tests.conftest import Cast, assert_no_violations, picture
from tests.web.shop import Shop

if TYPE_CHECKING:
    from playwright.sync_api import Page

ClientAs = Callable[..., FlaskClient]


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
    assert hashlib.sha256(first.data).hexdigest() in batch.manifest
    assert b",13812345678," in first.data
    assert "instructions-fz-1.csv" in first.headers["Content-Disposition"]


def test_a_batch_comes_as_json_and_with_its_manifest_too(waiting: Shop, client_as: ClientAs) -> None:
    client = client_as("finance")
    client.post("/finance/export")
    told, manifest = (client.get(f"/finance/batches/1.{form}") for form in ("json", "manifest.json"))
    batch = waiting.session.exec(select(InstructionBatch)).one()
    assert [each["kind"] for each in told.get_json()["instructions"]] == ["activate", "charge"]
    assert manifest.get_json()["count"] == 2
    assert hashlib.sha256(told.data).hexdigest() in batch.manifest
    assert hashlib.sha256(manifest.data).hexdigest() == batch.sha256


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
    assert "Answers to what was never told" in page


REJECTED = b"1-activate-1,accepted,\n1-charge-2026-11-21,rejected,no credit\n"
CHARGE = "/finance/instructions/2"


@pytest.fixture
def rejected(waiting: Shop, client_as: ClientAs) -> FlaskClient:
    """A client at the finance desk, to whom the carrier has answered that it did not charge."""
    client = client_as("finance")
    client.post("/finance/export")
    acknowledge(client, REJECTED)
    return client


def test_a_rejected_charge_is_settled_with_a_decision_and_a_reason(rejected: FlaskClient, waiting: Shop) -> None:
    page = rejected.get(CHARGE).text
    assert "no credit" in page
    assert "the customer is not charged for this month" in page
    rejected.post(f"{CHARGE}/settle", data={"decision": "accept", "reason": "余额不足，客户已停机"})
    assert "No differences" in rejected.get("/finance/differences").text
    assert "余额不足，客户已停机" in rejected.get("/finance/settled").text
    entries = waiting.session.exec(select(LedgerEntry.amount_fen)).all()
    assert sum(entries) == 0


def test_a_rejected_charge_can_be_sent_again_and_both_point_at_each_other(rejected: FlaskClient) -> None:
    rejected.post(f"{CHARGE}/settle", data={"decision": "resend", "reason": "对方系统故障已恢复"})
    assert "1-charge-2026-11-21~2" in rejected.get("/finance").text
    assert "It is told again as:" in rejected.get(CHARGE).text
    assert "It tells again what was rejected:" in rejected.get("/finance/instructions/3").text


@pytest.mark.parametrize(
    "data", [{"decision": "accept", "reason": " "}, {"reason": "x"}, {"decision": "?", "reason": "x"}]
)
@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_nothing_is_settled_without_a_decision_and_a_reason(rejected: FlaskClient, data: dict[str, str]) -> None:
    assert rejected.post(f"{CHARGE}/settle", data=data).status_code == 422
    assert CHARGE in rejected.get("/finance/differences").text


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_what_agrees_has_nothing_to_settle(rejected: FlaskClient) -> None:
    assert "Settle the difference" not in rejected.get("/finance/instructions/1").text
    refused = rejected.post("/finance/instructions/1/settle", data={"decision": "carried_out", "reason": "x"})
    assert refused.status_code == 409
    assert "nothing to settle" in refused.text


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_another_centres_differences_are_not_there(rejected: FlaskClient, client_as: ClientAs) -> None:
    acknowledge(rejected, b"x-1,accepted\n")
    outsider = client_as("outsider_manager")
    for path in (CHARGE, "/finance/strays/1"):
        assert outsider.get(path).status_code == 404
    assert outsider.post(f"{CHARGE}/settle", data={"decision": "accept", "reason": "x"}).status_code == 404


def test_an_answer_to_what_was_never_told_is_cleared_up(rejected: FlaskClient) -> None:
    acknowledge(rejected, b"x-1,accepted,who is this\n")
    assert 'href="/finance/strays/1"' in rejected.get("/finance/differences").text
    assert rejected.post("/finance/strays/1/clear", data={"reason": ""}).status_code == 422
    rejected.post("/finance/strays/1/clear", data={"reason": "对方测试数据"})
    assert "对方测试数据" in rejected.get("/finance/strays/1").text
    assert "x-1</a>" not in rejected.get("/finance/differences").text


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


@pytest.mark.parametrize("path", ["/finance", "/finance/batches", "/finance/differences", "/finance/settled"])
@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_every_table_is_exported_as_shown(waiting: Shop, client_as: ClientAs, path: str) -> None:
    answer = client_as("finance").get(f"{path}?export=csv")
    assert answer.mimetype == "text/csv"


ANSWERS = """1-activate-1,accepted
2-activate-1,rejected,号码已销户
2-charge-2026-11-21,rejected,余额不足
3-charge-2026-11-21,accepted,,900
77-charge-2026-11-21,accepted,
""".encode()


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
    file = {"name": "a.csv", "mimeType": "text/csv", "buffer": ANSWERS}
    page.set_input_files("#acknowledgement", file)  # type: ignore[arg-type]  # playwright's own TypedDict
    page.click(".body button.primary")
    page.wait_for_url("**/finance/differences")
    look(page, "/finance/differences", f"finance-differences-{language}-{theme}")
    look(page, "/finance/batches", f"finance-batches-{language}-{theme}")
    look(page, "/finance/instructions/4", f"finance-rejected-{language}-{theme}")
    page.check("[value=accept]")
    page.fill("#reason", "客户余额不足，移动公司张工 11 月 23 日电话确认")
    page.click(".body button.primary")
    page.wait_for_url("**/finance/differences")
    look(page, "/finance/instructions/4", f"finance-given-up-{language}-{theme}")
    look(page, "/finance/settled", f"finance-settled-{language}-{theme}")
    look(page, "/finance/strays/1", f"finance-stray-{language}-{theme}")


def look(page: "Page", path: str, name: str) -> None:
    """Go there, keep a picture, and hold it against axe."""
    page.goto(path)
    picture(page, name)
    assert_no_violations(page)


def acknowledge(client: FlaskClient, data: bytes):  # type: ignore[no-untyped-def]  # noqa: ANN201
    """Send an acknowledgement file."""
    return client.post("/finance/acknowledgements", data={"acknowledgement": (io.BytesIO(data), "answers.csv")})
