"""Lists that are not what they seem, in the console: told, and put right on the page that shows them."""

import errno
import io
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy.engine import Engine
from sqlmodel import Session, select

from outbound import db
from outbound.call_lists.model import Contact
from outbound.campaigns import verbs as campaigns
from outbound.campaigns.model import Campaign
from outbound.opt_outs.lists.model import OptOutFile
from outbound.opt_outs.model import OptOut
from outbound.phones import sealed_files
from outbound.phones.model import Phone
from outbound.phones.vault import open_vault
from outbound.settings import Settings
from tests.conftest import Cast, assert_no_violations, picture
from tests.test_list_oddities import two_sheets
from tests.web.test_import_pages import SIMPLE, campaign, lists_in, manager, upload, uploaded, waiting

__all__ = ["campaign", "manager"]

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
BIG5 = "name,phone,remark\n張偉,13800138001,臺北市中山區\n陳靜,13800138002,請於下午聯絡\n".encode("big5")


@pytest.fixture
def desks() -> Sequence[str]:
    return ("web.desks.manager", "web.desks.opt_outs", "web.desks.opt_out_lists", "web.desks.opt_out_files")


# Call lists


def test_a_doubtful_encoding_is_told_until_somebody_chooses(manager: FlaskClient, campaign: Campaign) -> None:
    place = uploaded(manager, campaign, BIG5)
    assert "may be in another encoding" in manager.get(place).text
    chosen = manager.get(f"{place}?encoding=big5").text
    assert ("may be in another encoding" in chosen, "張偉" in chosen) == (False, True)


def test_a_list_without_a_header_is_told_and_keeps_its_first_customer(
    manager: FlaskClient, session: Session, campaign: Campaign
) -> None:
    place = uploaded(manager, campaign, "王秀英,13800138001\n陈芳,13800138002\n".encode())
    assert "This list has no header" in manager.get(place).text
    manager.post(f"{place}/import", data={"header": ["第1列", "第2列"], "role": ["name", "phone"]})
    assert session.exec(select(Contact.name).order_by(Contact.name)).all() == ["王秀英", "陈芳"]


def test_columns_chosen_once_are_known_among_others(manager: FlaskClient, campaign: Campaign) -> None:
    chosen = {"header": ["手机号码", "客户姓名", "联系备注"], "role": ["phone", "ignored", "name"]}
    manager.post(f"{uploaded(manager, campaign, SIMPLE)}/import", data=chosen)
    wider = "客户姓名,地市,手机号码,联系备注\n王秀英,福州,13800138003,白天打\n".encode()
    page = manager.get(uploaded(manager, campaign, wider)).text
    assert "The columns are set as they were chosen" in page
    narrower = manager.get(uploaded(manager, campaign, "客户姓名,手机号码\n王秀英,13800138004\n".encode())).text
    assert "The columns are set as they were chosen" not in narrower


def test_a_campaign_that_was_closed_meanwhile_takes_no_list(
    manager: FlaskClient, engine: Engine, session: Session, cast: Cast, campaign: Campaign, now: datetime
) -> None:
    place = uploaded(manager, campaign, SIMPLE)
    with db.transaction(engine) as work:
        campaigns.close(work, work.get_one(Campaign, campaign.id), by=cast.manager, now=now)
    answer = manager.post(f"{place}/import")
    assert ("is closed for good" in answer.text, lists_in(session)) == (True, [])


def test_a_full_disk_is_told_in_one_sentence_and_leaves_nothing(
    manager: FlaskClient, campaign: Campaign, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(sealed_files, "_seal", full)
    answer = upload(manager, campaign, SIMPLE)
    assert (answer.status_code, "There is no room left on the disk" in answer.text) == (507, True)
    assert waiting(settings) == []


# Lists of opt-outs


Send = Callable[..., str]


@pytest.fixture
def send(manager: FlaskClient) -> Send:
    def sent(data: bytes, name: str = "黑名单.csv") -> str:
        form = {"category": "refusal", "scope": "all", "list": (io.BytesIO(data), name)}
        return str(manager.post("/opt-outs/import", data=form, content_type="multipart/form-data").location)

    return sent


def blocked(engine: Engine, data: Path) -> list[str]:
    vault = open_vault(data)
    with db.reading(engine) as session:
        asked = select(Phone).join(OptOut, OptOut.phone_id == Phone.id)  # type: ignore[arg-type]
        return sorted(vault.open(phone.sealed) for phone in session.exec(asked))


def test_the_column_of_numbers_is_chosen_where_none_is_known(
    manager: FlaskClient, send: Send, engine: Engine, settings: Settings
) -> None:
    place = send("姓名,对端\n王秀英,13800138001\n".encode())
    page = manager.get(place).text
    assert ("no column that is known to hold phone numbers" in page, "Block these numbers" in page) == (True, False)
    chosen = {"category": "refusal", "scope": "all", "header": ["姓名", "对端"], "number": "对端"}
    assert "Block these numbers" in manager.get(place.split("?")[0], query_string=chosen).text
    manager.post(place.split("?")[0], data=chosen)
    assert blocked(engine, settings.data) == ["+8613800138001"]


def test_the_choice_of_a_column_goes_with_a_long_list(
    manager: FlaskClient, send: Send, engine: Engine, session: Session, app: Any
) -> None:
    app.config["START_OPT_OUTS"] = lambda *_: None
    place = send(("姓名,对端\n" + "".join(f"王,138{at:08d}\n" for at in range(3_100))).encode())
    chosen = {"category": "refusal", "scope": "all", "header": ["姓名", "对端"], "number": "对端"}
    manager.post(place.split("?")[0], data=chosen)
    (taken,) = session.exec(select(OptOutFile))
    assert taken.given["columns"] == {"姓名": "attribute", "对端": "phone"}


def test_the_encoding_of_a_list_of_opt_outs_is_chosen(
    manager: FlaskClient, send: Send, engine: Engine, settings: Settings
) -> None:
    place = send("電話號碼,備註\n13800138001,臺北市\n".encode("big5"))
    page = manager.get(place).text
    assert ("may be in another encoding" in page, "Block these numbers" in page) == (True, False)
    chosen = {"encoding": "big5", "header": ["電話號碼", "備註"], "number": "電話號碼"}
    manager.post(place.split("?")[0], data=chosen)
    assert blocked(engine, settings.data) == ["+8613800138001"]


def test_bytes_in_no_known_encoding_wait_for_the_choice(manager: FlaskClient, send: Send) -> None:
    place = send("phone,name\n13800138001,José\n".encode("windows-1252"))
    assert "is neither UTF-8 nor GB18030" in manager.get(place).text
    assert "Block these numbers" in manager.get(f"{place}&encoding=windows-1252").text


def test_the_sheet_of_a_list_of_opt_outs_is_chosen(
    manager: FlaskClient, send: Send, engine: Engine, settings: Settings
) -> None:
    place = send(two_sheets(hidden=False), "黑名单.xlsx")
    manager.post(place.split("?")[0], data={"sheet": "新名单"})
    assert blocked(engine, settings.data) == ["+8613900139002"]


@pytest.mark.browser
def test_the_encoding_and_the_column_of_a_list_are_put_right_in_the_browser(
    page_as: "Callable[..., Page]", engine: Engine, settings: Settings, tmp_path: Path
) -> None:
    file = tmp_path / "黑名单.csv"
    file.write_bytes("對端,備註\n13800138001,臺北市\n".encode("big5"))
    page = page_as("manager", "zh")
    page.goto("/opt-outs/import")
    page.set_input_files("#list", str(file))
    page.click("button.primary")
    page.wait_for_selector(".notice-bad")
    assert_no_violations(page)
    picture(page, "opt-outs-list-doubtful")
    page.select_option("#encoding", "big5")
    page.wait_for_selector("#number option:text-is('對端')", state="attached")
    page.select_option("#number", "對端")
    page.wait_for_selector("button.primary")
    page.keyboard.press("Control+Enter")
    page.wait_for_url("**/opt-outs/lists/*")
    assert blocked(engine, settings.data) == ["+8613800138001"]
