"""Importing a list in the console: upload, preview, correction, import, refused rows; and files that are no lists."""

import csv
import io
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from flask.testing import FlaskClient
from python_calamine import CalamineWorkbook
from sqlalchemy.engine import Engine
from sqlmodel import Session, select

from outbound import db
from outbound.call_lists import importing, keeping, running
from outbound.call_lists.model import CallList, Contact, ImportState
from outbound.call_lists.reading import open_list
from outbound.call_lists.running import Works
from outbound.campaigns.model import Campaign
from outbound.journal import JournalEntry
from outbound.opt_outs import verbs as opt_outs
from outbound.opt_outs.model import Category
from outbound.phones import model as phones
from outbound.phones.parsing import Number, parse
from outbound.phones.vault import open_vault
from outbound.settings import Settings
from tests.conftest import NOW, Cast, assert_no_violations, picture
from tests.web import desk_scenes as scenes
from web.app import Console
from web.desks.manager.cells import without_numbers

if TYPE_CHECKING:
    from playwright.sync_api import Page
    from werkzeug.test import TestResponse

ClientAs = Callable[..., FlaskClient]
SIMPLE = "手机号码,客户姓名,联系备注\n13800138001,王秀英,13900139001\n13800138002,陈芳,白天打\n".encode()


@pytest.fixture
def desks() -> Sequence[str]:
    return ("web.desks.manager",)


@pytest.fixture
def manager(client_as: ClientAs) -> FlaskClient:
    return client_as("manager")


@pytest.fixture
def campaign(engine: Engine, cast: Cast, now: datetime) -> Campaign:
    with db.transaction(engine) as session:
        return scenes.draft(session, cast, now=now)


def upload(client: FlaskClient, campaign: Campaign, file: str | bytes, name: str = "list.csv") -> "TestResponse":
    data = file if isinstance(file, bytes) else (scenes.LISTS / file).read_bytes()
    sent = {"campaign": str(campaign.id), "list": (io.BytesIO(data), name if isinstance(file, bytes) else file)}
    return client.post("/manager/lists/new", data=sent)


def uploaded(client: FlaskClient, campaign: Campaign, file: str | bytes, **more: str) -> str:
    """The address of the preview of an uploaded list."""
    answer = upload(client, campaign, file, **more)
    assert answer.status_code == 302, answer.text
    return str(answer.location)


def lists_in(session: Session) -> list[CallList]:
    return list(session.exec(select(CallList)).all())


def waiting(settings: Settings) -> list[Path]:
    return list((settings.data / "uploads").glob("*"))


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_the_preview_tells_how_a_gbk_file_is_understood(manager: FlaskClient, campaign: Campaign) -> None:
    page = manager.get(uploaded(manager, campaign, "02-spellings-gbk.csv")).text
    assert '<option value="gb18030" selected>' in page
    assert "胡超" in page
    assert "Import 240 rows" in page


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_numbers_are_masked_in_the_preview(manager: FlaskClient, campaign: Campaign) -> None:
    page = manager.get(uploaded(manager, campaign, SIMPLE)).text
    assert ("138****8001" in page, "13800138001" in page, "139****9001" in page) == (True, False, True)


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_a_preview_imports_nothing(manager: FlaskClient, session: Session, campaign: Campaign) -> None:
    manager.get(uploaded(manager, campaign, SIMPLE))
    assert lists_in(session) == []


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_the_sheet_of_a_workbook_is_shown_with_its_header_row(manager: FlaskClient, campaign: Campaign) -> None:
    page = manager.get(uploaded(manager, campaign, "05-title-row.xlsx")).text
    assert "The header is row 3." in page


def test_an_import_tells_what_became_of_every_row(manager: FlaskClient, session: Session, campaign: Campaign) -> None:
    place = uploaded(manager, campaign, "04-bad-lines.csv")
    answer = manager.post(f"{place}/import")
    (call_list,) = lists_in(session)
    session.rollback()
    assert answer.location == "/manager/lists/1"
    page = manager.get("/manager/lists/1").text
    assert (call_list.rows, call_list.accepted, call_list.invalid) == (74, 60, 14)
    assert "<dd>60</dd>" in page
    assert "1.38E+10" in page


def test_a_column_can_be_chosen_otherwise(manager: FlaskClient, session: Session, campaign: Campaign) -> None:
    place = uploaded(manager, campaign, SIMPLE)
    chosen = {"header": ["手机号码", "客户姓名", "联系备注"], "role": ["phone", "ignored", "name"]}
    assert '<option value="ignored" selected>' in manager.get(place, query_string=chosen).text
    manager.post(f"{place}/import", data=chosen)
    assert {contact.name for contact in session.exec(select(Contact))} == {"139****9001", "白天打"}


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_a_list_without_a_known_phone_column_is_put_right_in_the_preview(
    manager: FlaskClient, session: Session, campaign: Campaign
) -> None:
    place = uploaded(manager, campaign, "联络方法,称谓\n13800138001,王秀英\n".encode())
    first = manager.get(place).text
    assert "has no column that is known to hold phone numbers" in first
    assert '/import"' not in first
    chosen = {"header": ["联络方法", "称谓"], "role": ["phone", "name"]}
    assert "Import 1 row" in manager.get(place, query_string=chosen).text
    manager.post(f"{place}/import", data=chosen)
    assert [call_list.accepted for call_list in lists_in(session)] == [1]


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_another_encoding_can_be_chosen(manager: FlaskClient, campaign: Campaign) -> None:
    place = uploaded(manager, campaign, "手機號碼,電話,客戶姓名\n1,13800138001,陳芳\n".encode("big5"))
    assert "陳芳" in manager.get(place, query_string={"encoding": "big5"}).text


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_a_wrong_encoding_is_told_with_the_choice_still_there(manager: FlaskClient, campaign: Campaign) -> None:
    place = uploaded(manager, campaign, "02-spellings-gbk.csv")
    page = manager.get(place, query_string={"encoding": "utf-8"}).text
    assert "“02-spellings-gbk.csv” is not utf-8 text; choose another encoding" in page
    assert '<select id="encoding"' in page


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_a_text_of_no_known_encoding_waits_for_the_choice(manager: FlaskClient, campaign: Campaign) -> None:
    page = manager.get(uploaded(manager, campaign, b"phone,name\n13800138001,\xff\xff\n")).text
    assert "is neither UTF-8 nor GB18030 (GBK) text" in page
    assert '<select id="encoding"' in page


@pytest.mark.parametrize(
    ("file", "sentence"),
    [
        ("07-picture.csv", "“07-picture.csv” is a picture, not a call list"),
        ("07-empty.csv", "“07-empty.csv” is empty"),
        ("07-head-only.csv", "“07-head-only.csv” has a header but no rows beneath it"),
        ("07-broken.xlsx", "“07-broken.xlsx” is a damaged workbook"),
    ],
)
@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_a_file_that_is_no_list_is_told_on_the_upload_form(
    manager: FlaskClient, settings: Settings, campaign: Campaign, file: str, sentence: str
) -> None:
    answer = upload(manager, campaign, file)
    assert answer.status_code == 422
    assert f'id="list-error">{sentence}' in answer.text
    assert waiting(settings) == []


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_an_upload_needs_a_file_and_an_open_campaign_of_ones_own(
    manager: FlaskClient, client_as: ClientAs, campaign: Campaign
) -> None:
    assert 'id="list-error">Choose a file.' in manager.post("/manager/lists/new", data={"campaign": "1"}).text
    sentence = 'id="campaign-error">Choose a campaign of your centre that is not closed.'
    assert sentence in upload(client_as("outsider_manager"), campaign, SIMPLE).text
    manager.post(f"/manager/campaigns/{campaign.id}/close")
    assert sentence in upload(manager, campaign, SIMPLE).text


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_the_waiting_file_is_readable_by_nobody_else_and_deleted_by_the_import(
    manager: FlaskClient, settings: Settings, campaign: Campaign
) -> None:
    place = uploaded(manager, campaign, SIMPLE)
    (kept,) = waiting(settings)
    assert kept.stat().st_mode & 0o077 == 0
    assert (kept / "list").stat().st_mode & 0o077 == 0
    assert b"13800138001" not in b"".join(file.read_bytes() for file in kept.iterdir())
    manager.post(f"{place}/import")
    assert waiting(settings) == []
    assert manager.get(place).status_code == 404


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_a_refused_import_keeps_the_file_and_says_why(
    manager: FlaskClient, session: Session, settings: Settings, campaign: Campaign
) -> None:
    manager.post(f"{uploaded(manager, campaign, SIMPLE)}/import")
    answer = manager.post(f"{uploaded(manager, campaign, SIMPLE)}/import")
    assert answer.status_code == 409
    assert "The campaign has this list already: Manager imported it" in answer.text
    assert (len(waiting(settings)), len(lists_in(session))) == (1, 1)


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_a_file_can_be_discarded(manager: FlaskClient, settings: Settings, campaign: Campaign) -> None:
    place = uploaded(manager, campaign, SIMPLE)
    assert manager.post(f"{place}/discard").location == f"/manager/campaigns/{campaign.id}"
    assert waiting(settings) == []


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_a_file_that_nobody_imports_is_gone_after_a_day(
    manager: FlaskClient, app: Console, settings: Settings, campaign: Campaign, client_as: ClientAs
) -> None:
    place = uploaded(manager, campaign, SIMPLE)
    app.config["NOW"] = lambda: NOW + timedelta(days=1)
    later = client_as("manager")
    assert "This upload is no longer kept" in later.get(place).text
    uploaded(later, campaign, "01-clean-utf8-bom.csv")
    assert len(waiting(settings)) == 1
    app.config["NOW"] = lambda: NOW + timedelta(days=2)
    client_as("manager").get("/manager")
    assert waiting(settings) == []


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("13800138001", "138****8001"),
        ("13800138001.0", "138****8001"),
        ("+86 138-0013-8001", "138****8001"),
        ("13800138001/13900139001", "139****9001"),
        ("2026-11-23 10:00:00", "2026-11-23 10:00:00"),
        ("151.07", "151.07"),
        ("王秀英", "王秀英"),
    ],
)
def test_a_number_is_masked_however_it_is_written(written: str, shown: str) -> None:
    assert without_numbers(written) == shown


@pytest.mark.parametrize("token", ["x", "..%2Fnumbers.key", "A" * 22])
@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_an_upload_that_never_was_is_not_there(manager: FlaskClient, campaign: Campaign, token: str) -> None:
    assert manager.get(f"/manager/lists/uploads/{token}").status_code == 404


@pytest.mark.parametrize("verb", ["", "/import", "/discard"])
@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_another_centres_upload_is_not_there(
    manager: FlaskClient, client_as: ClientAs, settings: Settings, campaign: Campaign, verb: str
) -> None:
    place = uploaded(manager, campaign, SIMPLE) + verb
    outsider = client_as("outsider_manager")
    assert (outsider.post(place) if verb else outsider.get(place)).status_code == 404
    assert len(waiting(settings)) == 1


@pytest.mark.parametrize("place", ["", "/refused.csv", "/refused.xlsx"])
@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_another_centres_list_is_not_there(
    manager: FlaskClient, client_as: ClientAs, campaign: Campaign, place: str
) -> None:
    manager.post(f"{uploaded(manager, campaign, SIMPLE)}/import")
    assert client_as("outsider_manager").get(f"/manager/lists/1{place}").status_code == 404


@pytest.mark.parametrize("login", ["agent", "supervisor", "carrier"])
@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_only_managers_import(client_as: ClientAs, campaign: Campaign, login: str) -> None:
    assert upload(client_as(login), campaign, SIMPLE).status_code == 403


@pytest.fixture
def mixed(manager: FlaskClient, engine: Engine, campaign: Campaign, cast: Cast, settings: Settings) -> FlaskClient:
    """A manager who has imported a list with a row of every fate."""
    number = parse("13800138004", region="CN")
    assert isinstance(number, Number)
    with db.transaction(engine) as session:
        phone = phones.keep(session, scenes.vault_of(settings), number, now=NOW)
        opt_outs.block(
            session, phone, category=Category.REFUSAL, source="test", by=cast.care, now=NOW, centre_id=cast.fz.id
        )
    rows = [
        "号码,姓名,备注",
        "13800138001,王秀英,",
        "13800138001,王秀英,又一次",
        "1380013,陈芳,=1+1",
        "13800138004,林丽,",
    ]
    manager.post(f"{uploaded(manager, campaign, chr(10).join(rows).encode())}/import")
    return manager


def test_every_fate_is_counted(mixed: FlaskClient, session: Session) -> None:
    (call_list,) = lists_in(session)
    counts = (call_list.accepted, call_list.duplicate, call_list.invalid, call_list.suppressed)
    assert counts == (1, 1, 1, 1)


def test_refused_rows_are_filtered_and_sorted_by_the_server(mixed: FlaskClient) -> None:
    page = mixed.get("/manager/lists/1?fault=invalid").text
    assert ("陈芳" in page, "林丽" in page) == (True, False)
    backwards = mixed.get("/manager/lists/1?sort=-row").text
    assert backwards.index("林丽") < backwards.index("陈芳")


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_an_unusable_number_is_shown_as_written_and_a_usable_one_is_masked(mixed: FlaskClient) -> None:
    page = mixed.get("/manager/lists/1").text
    assert "<td>1380013</td>" in page
    assert "138****8004" in page
    assert "13800138004" not in page


def test_refused_rows_are_handed_back_as_csv_with_their_reasons(mixed: FlaskClient, session: Session) -> None:
    answer = mixed.get("/manager/lists/1/refused.csv")
    rows = list(csv.reader(io.StringIO(answer.data.decode("utf-8-sig"))))
    assert rows == [
        ["号码", "姓名", "备注", "Row", "What became of it", "Reason"],
        ["13800138001", "王秀英", "又一次", "3", "Duplicate", "already earlier in this list"],
        ["1380013", "陈芳", "'=1+1", "4", "Invalid", "length"],
        ["13800138004", "林丽", "", "5", "Opted out", "the customer does not want to be called"],
    ]


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_refused_rows_are_handed_back_as_a_workbook_without_formulas(mixed: FlaskClient) -> None:
    answer = mixed.get("/manager/lists/1/refused.xlsx")
    rows = CalamineWorkbook.from_filelike(io.BytesIO(answer.data)).get_sheet_by_index(0).to_python()
    assert rows[0][:3] == ["号码", "姓名", "备注"]
    assert rows[2][2] == "=1+1"


def test_taking_refused_rows_out_is_journalled(mixed: FlaskClient, session: Session, cast: Cast) -> None:
    mixed.get("/manager/lists/1/refused.csv")
    asked = select(JournalEntry).where(JournalEntry.action == "list.refused_downloaded")
    assert [entry.actor_id for entry in session.exec(asked)] == [cast.manager.id]


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_a_refused_list_can_be_corrected_and_imported_again(
    mixed: FlaskClient, campaign: Campaign, session: Session
) -> None:
    handed_back = mixed.get("/manager/lists/1/refused.csv").data.decode("utf-8-sig").replace("1380013,", "13800138003,")
    mixed.post(f"{uploaded(mixed, campaign, handed_back.encode())}/import")
    assert [call_list.accepted for call_list in lists_in(session)] == [1, 1]


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_a_list_imported_elsewhere_keeps_its_headers(
    manager: FlaskClient, engine: Engine, cast: Cast, settings: Settings, campaign: Campaign, now: datetime
) -> None:
    with db.transaction(engine) as session:
        scenes.imported(session, cast, settings, session.get_one(Campaign, campaign.id), now=now)
    assert '<th scope="col">手机号码</th>' in manager.get("/manager/lists/1").text


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_the_centres_lists_are_listed(mixed: FlaskClient, client_as: ClientAs) -> None:
    assert "list.csv" in mixed.get("/manager/lists").text
    assert "No lists yet" in client_as("outsider_manager").get("/manager/lists").text


@pytest.mark.browser
@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
@pytest.mark.parametrize(("language", "theme"), [("zh", "light"), ("en", "dark")])
def test_a_messy_list_is_imported_in_the_browser(
    page_as: "Callable[..., Page]", live: str, campaign: Campaign, language: str, theme: str
) -> None:
    page = page_as("manager", language)
    page.context.add_cookies([{"name": "theme", "value": theme, "url": live}])
    page.goto(f"/manager/campaigns/{campaign.id}")
    page.keyboard.press("i")
    page.wait_for_url("**/lists/new?campaign=*")
    page.set_input_files("#list", scenes.LISTS / "04-bad-lines.csv")
    assert "04-bad-lines.csv" in page.locator("[data-chosen]").inner_text()
    _look(page, f"upload-{language}-{theme}")
    page.keyboard.press("Control+Enter")
    page.wait_for_selector("table.preview")
    _look(page, f"preview-{language}-{theme}")
    page.select_option("th:nth-of-type(7) select", "ignored")
    page.wait_for_url("**header=*")
    page.keyboard.press("Control+Enter")
    page.wait_for_selector(".fates")
    _look(page, f"list-{language}-{theme}")
    page.select_option("#reason", index=1)
    page.wait_for_url("**reason=*")
    assert page.locator("tbody tr").count() < 14


@pytest.mark.browser
@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_a_file_may_be_dropped_on_the_form(page_as: "Callable[..., Page]", campaign: Campaign) -> None:
    page = page_as("manager")
    page.goto("/manager/lists/new")
    page.evaluate(
        """() => {
            const carried = new DataTransfer();
            carried.items.add(new File(["电话,姓名\\n13800138001,王秀英\\n"], "dropped.csv"));
            const dropped = new DragEvent("drop", { bubbles: true, cancelable: true, dataTransfer: carried });
            document.querySelector("[data-drop]").dispatchEvent(dropped);
        }"""
    )
    assert "dropped.csv" in page.locator("[data-chosen]").inner_text()
    page.keyboard.press("Control+Enter")
    page.wait_for_selector("table.preview")
    assert page.locator("h1").inner_text() == "dropped.csv"


def _look(page: "Page", name: str) -> None:
    picture(page, name)
    assert_no_violations(page)


LONG = "手机号码,客户姓名\n" + "".join(f"138{place:08d},王秀英\n" for place in range(3_100))


@pytest.fixture
def started(app: Console) -> list[int]:
    """The imports for which the console would start a process of its own."""
    begun: list[int] = []
    app.config["START_IMPORT"] = lambda _settings, number: begun.append(number)
    return begun


@pytest.fixture
def long_import(manager: FlaskClient, campaign: Campaign, started: list[int]) -> FlaskClient:
    """A manager whose long list is under way, with nobody at it yet."""
    manager.post(f"{uploaded(manager, campaign, LONG.encode())}/import")
    return manager


def carried_on(engine: Engine, settings: Settings) -> None:
    works = Works(
        engine=engine,
        folder=keeping.folder_in(settings.data),
        opener=partial(open_vault, settings.data),
        now=lambda: NOW + timedelta(minutes=2),
    )
    running.run(works, 1)


def under_way(engine: Engine, settings: Settings, campaign: Campaign, rows: str, name: str) -> None:
    """An import that waits for its process."""
    file = settings.data / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(rows, encoding="utf-8")
    with db.transaction(engine) as session:
        opened = open_list(file, name)
        call_list = importing.begin(session, campaign, opened, opened.columns(), by=None, now=NOW)
        call_list.file = keeping.keep(keeping.folder_in(settings.data), open_vault(settings.data), opened.source)


def test_a_long_list_is_left_to_a_process_of_its_own(
    long_import: FlaskClient, session: Session, settings: Settings, started: list[int]
) -> None:
    (call_list,) = lists_in(session)
    assert (started, call_list.state, call_list.accepted) == ([1], ImportState.WAITING, 0)
    assert [file.name for file in keeping.folder_in(settings.data).iterdir()] == [call_list.file]
    page = long_import.get("/manager/lists/1").text
    assert "Waiting to begin" in page and "Cancel the import" in page


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_the_progress_of_an_import_is_told_until_it_is_over(
    long_import: FlaskClient, engine: Engine, settings: Settings
) -> None:
    before = long_import.get("/manager/lists/1/progress").get_json()
    carried_on(engine, settings)
    after = long_import.get("/manager/lists/1/progress").get_json()
    assert (before["over"], before["rows"], before["lines"], after["over"]) == (False, "0", "3,101", True)
    assert "<dd>3,100</dd>" in long_import.get("/manager/lists/1").text


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_an_import_is_cancelled_on_its_page_and_may_come_again(
    long_import: FlaskClient, engine: Engine, settings: Settings, campaign: Campaign, started: list[int]
) -> None:
    long_import.post("/manager/lists/1/cancel")
    assert "Being cancelled" in long_import.get("/manager/lists/1").text
    carried_on(engine, settings)
    assert "This import was cancelled" in long_import.get("/manager/lists/1").text
    assert upload(long_import, campaign, LONG.encode()).status_code == 302
    assert started == [1, 1]


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_a_fault_deep_in_a_long_list_is_told_on_its_page(
    manager: FlaskClient, engine: Engine, settings: Settings, campaign: Campaign, started: list[int]
) -> None:
    under_way(engine, settings, campaign, LONG + '13900139000,"李\n', "broken.csv")
    carried_on(engine, settings)
    page = manager.get("/manager/lists/1").text
    assert "The quotation marks in row 3102 of “broken.csv” do not pair up" in page


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_another_centres_import_cannot_be_cancelled(long_import: FlaskClient, client_as: ClientAs) -> None:
    outsider = client_as("outsider_manager")
    assert outsider.post("/manager/lists/1/cancel").status_code == 404
    assert outsider.get("/manager/lists/1/progress").status_code == 404


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_the_preview_counts_what_becomes_of_every_row(manager: FlaskClient, campaign: Campaign) -> None:
    page = manager.get(uploaded(manager, campaign, "04-bad-lines.csv")).text
    assert "Of all rows, as things are now:" in page
    assert "<dd>60</dd>" in page and "<dd>14</dd>" in page


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_columns_are_offered_again_as_they_were_chosen_for_the_same_headers(
    manager: FlaskClient, campaign: Campaign
) -> None:
    chosen = {"header": ["手机号码", "客户姓名", "联系备注"], "role": ["phone", "ignored", "name"]}
    manager.post(f"{uploaded(manager, campaign, SIMPLE)}/import", data=chosen)
    page = manager.get(uploaded(manager, campaign, SIMPLE.replace(b"8001", b"8003"))).text
    assert "The columns are set as they were chosen" in page
    assert '<option value="ignored" selected>' in page


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_a_list_that_sounds_like_opt_outs_is_asked_about_before_it_is_called(
    manager: FlaskClient, session: Session, campaign: Campaign
) -> None:
    place = uploaded(manager, campaign, SIMPLE, name="黑名单.csv")
    assert "sounds like a list of people who must not be called" in manager.get(place).text
    refused = manager.post(f"{place}/import")
    assert (refused.status_code, lists_in(session)) == (422, [])
    session.rollback()
    manager.post(f"{place}/import", data={"sure": "1"})
    assert [call_list.accepted for call_list in lists_in(session)] == [2]


@pytest.mark.browser
@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_long_import_is_watched_until_it_is_over(
    page_as: "Callable[..., Page]", engine: Engine, settings: Settings, campaign: Campaign, language: str
) -> None:
    under_way(engine, settings, campaign, LONG, "三千户.csv")
    page = page_as("manager", language)
    page.goto("/manager/lists/1")
    _look(page, f"importing-{language}")
    carried_on(engine, settings)
    page.wait_for_selector(".page-head + p + .fates")
    _look(page, f"imported-{language}")
    page.goto("/manager/lists")
    _look(page, f"lists-{language}")
