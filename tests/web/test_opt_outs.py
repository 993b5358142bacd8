"""The opt-out desk: what is blocked, what a list will do, and the second person who frees a number."""

import csv
import io
from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy.engine import Engine
from sqlmodel import col, select
from werkzeug.test import TestResponse

from outbound import db
from outbound.call_lists import keeping
from outbound.call_lists.model import Contact, ContactState
from outbound.call_lists.reading import open_list
from outbound.call_lists.running import Works
from outbound.journal import JournalEntry
from outbound.opt_outs import liftings
from outbound.opt_outs import verbs as opt_outs
from outbound.opt_outs.lists import running, taking
from outbound.opt_outs.lists.columns import Given
from outbound.opt_outs.model import Category, LiftingRequest, OptOut, OptOutLifting, Scope
from outbound.people import Centre, Staff, known
from outbound.phones.model import keep
from outbound.phones.parsing import Number, parse
from outbound.phones.sealed_files import Scratch
from outbound.phones.vault import open_vault
from outbound.settings import Settings
from tests.conftest import NOW, Cast, assert_no_violations, picture
from tests.factories import Maker
from web import files
from web.app import Console
from web.desks import opt_out_lists

if TYPE_CHECKING:
    from playwright.sync_api import Page

ClientAs = Callable[..., FlaskClient]
NUMBER = "13812345678"
NEW = {"new-number": NUMBER, "new-category": "refusal", "new-scope": "all"}
UPLOAD = {"category": "refusal", "scope": "all"}
LIST = "手机号码,原因,到期日\n13800138000,严重投诉,\n13900139000,客户拒绝,2026-12-01\n13812345678,,\n10086,,\n"


@pytest.fixture
def desks() -> Sequence[str]:
    return (
        "web.desks.opt_outs",
        "web.desks.opt_out_lists",
        "web.desks.opt_out_files",
        "web.desks.care",
        "web.desks.manager",
    )


@pytest.fixture
def blocked(engine: Engine, settings: Settings, cast: Cast) -> int:
    """NUMBER, blocked by customer care; its opt-out's number."""
    return block(engine, settings, cast, NUMBER)


def block(engine: Engine, settings: Settings, cast: Cast, number: str, **facts: Any) -> int:
    with db.transaction(engine) as session:
        parsed = parse(number)
        assert isinstance(parsed, Number)
        phone = keep(session, open_vault(settings.data), parsed, now=NOW)
        usual: dict[str, Any] = {"category": Category.REFUSAL, "source": "care desk", "centre_id": cast.fz.id}
        row = opt_outs.block(session, phone, by=cast.care, now=NOW, reason="不要再打", **{**usual, **facts})
        return known(row.id)


def rows(engine: Engine, model: Any = OptOut) -> list[Any]:
    with db.reading(engine) as session:
        return list(session.exec(select(model).order_by(col(model.id if hasattr(model, "id") else model.opt_out_id))))


def text(answer: TestResponse, status: int = 200) -> str:
    assert answer.status_code == status, answer.get_data(as_text=True)[-3000:]
    return answer.get_data(as_text=True)


def upload(client: FlaskClient, content: str | bytes = LIST, **asked: str) -> TestResponse:
    data = content.encode() if isinstance(content, str) else content
    form = {**UPLOAD, **asked, "list": (io.BytesIO(data), "黑名单.csv")}
    return client.post("/opt-outs/import", data=form, content_type="multipart/form-data")


# Who, and what they see


@pytest.mark.parametrize("login", ["care", "supervisor", "manager"])
def test_opt_outs_are_listed_masked(client_as: ClientAs, blocked: int, login: str) -> None:
    shown = text(client_as(login).get("/opt-outs"))
    assert "138****5678" in shown
    assert NUMBER not in shown


@pytest.mark.parametrize("login", ["agent", "reviewer", "finance", "carrier"])
def test_others_have_no_business_here(client_as: ClientAs, login: str) -> None:
    assert client_as(login).get("/opt-outs").status_code == 403


def test_another_centres_opt_outs_are_not_shown(client_as: ClientAs, blocked: int) -> None:
    outsider = client_as("outsider_manager")
    assert "138****5678" not in text(outsider.get("/opt-outs"))
    assert outsider.get(f"/opt-outs/{blocked}").status_code == 404
    assert outsider.post(f"/opt-outs/{blocked}/lift", data={"reason": "x"}).status_code == 404


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("category=refusal", True),
        ("category=litigation", False),
        ("scope=all", True),
        ("scope=campaign", False),
        ("source=care", True),
        ("source=list", False),
        ("holds=yes", True),
        ("holds=no", False),
        ("holds=asked", False),
    ],
)
def test_filters_narrow_the_list(client_as: ClientAs, blocked: int, asked: str, found: bool) -> None:
    assert ("138****5678" in text(client_as("care").get(f"/opt-outs?{asked}"))) is found


def test_a_number_is_found_and_stands_in_no_address(client_as: ClientAs, blocked: int) -> None:
    answer = client_as("care").post("/opt-outs/search", data={"number": "+86 138-1234-5678"})
    assert answer.location == "/opt-outs?phone=1"
    assert "138****5678" in text(client_as("care").get(answer.location))


def test_a_number_that_nobody_met_is_told_so(client_as: ClientAs, blocked: int) -> None:
    assert "never had to do" in text(client_as("care").post("/opt-outs/search", data={"number": "13900000000"}), 404)


# Blocking


def test_a_number_is_blocked_for_ever(client_as: ClientAs, engine: Engine, cast: Cast) -> None:
    client_as("supervisor").post("/opt-outs", data={**NEW, "new-reason": "本人来电"})
    [row] = rows(engine)
    assert (row.scope, row.category, row.expires_at, row.reason) == (Scope.ALL, Category.REFUSAL, None, "本人来电")
    assert (row.centre_id, row.by_id, row.source) == (cast.fz.id, cast.supervisor.id, "opt-out desk")


def test_a_number_is_blocked_for_one_campaign_until_a_day(client_as: ClientAs, engine: Engine, cast: Cast) -> None:
    with db.transaction(engine) as session:
        campaign = Maker(session, session.get_one(Centre, known(cast.fz.id)), now=NOW).campaign()
    client_as("care").post("/opt-outs", data={**NEW, "new-scope": str(campaign.id), "new-until": "2027-12-31"})
    [row] = rows(engine)
    assert (row.scope, row.campaign_id) == (Scope.CAMPAIGN, campaign.id)
    assert row.expires_at.isoformat() == "2027-12-31T16:00:00+00:00"


def test_a_number_is_blocked_for_every_campaign_of_a_kind(client_as: ClientAs, engine: Engine) -> None:
    shown = text(client_as("care").post("/opt-outs", data={**NEW, "new-scope": "telesales"}, follow_redirects=True))
    [row] = rows(engine)
    assert (row.scope, row.campaign_kind, row.campaign_id) == (Scope.CAMPAIGN_KIND, "telesales", None)
    assert "Telesales" in shown


def test_an_end_too_early_is_told_at_its_field(client_as: ClientAs, engine: Engine) -> None:
    answer = client_as("care").post("/opt-outs", data={**NEW, "new-until": "2026-12-31"})
    assert "2027-05-23 at the earliest" in text(answer, 422)
    assert rows(engine) == []


@pytest.mark.parametrize(
    ("field", "typed"), [("new-number", "abc"), ("new-scope", "99"), ("new-category", "x"), ("new-until", "bald")]
)
def test_what_is_typed_wrong_blocks_nobody(client_as: ClientAs, engine: Engine, field: str, typed: str) -> None:
    text(client_as("care").post("/opt-outs", data={**NEW, field: typed}), 422)
    assert rows(engine) == []


def test_another_centres_campaign_is_no_scope(client_as: ClientAs, engine: Engine, cast: Cast) -> None:
    with db.transaction(engine) as session:
        campaign = Maker(session, session.get_one(Centre, known(cast.xm.id)), now=NOW).campaign()
    text(client_as("care").post("/opt-outs", data={**NEW, "new-scope": str(campaign.id)}), 422)


# Lifting


def test_one_asks_and_another_agrees(client_as: ClientAs, engine: Engine, blocked: int, cast: Cast) -> None:
    client_as("care").post(f"/opt-outs/{blocked}/lift", data={"reason": "本人要求恢复"})
    assert "本人要求恢复" in text(client_as("supervisor").get("/opt-outs"))
    client_as("supervisor").post("/opt-outs/requests/1/approve")
    [lifting] = rows(engine, OptOutLifting)
    assert (lifting.asked_by_id, lifting.approved_by_id) == (cast.care.id, cast.supervisor.id)
    assert "lifted" in text(client_as("care").get(f"/opt-outs/{blocked}"))


def test_nobody_agrees_to_their_own_wish(client_as: ClientAs, engine: Engine, blocked: int) -> None:
    manager = client_as("manager")
    manager.post(f"/opt-outs/{blocked}/lift", data={"reason": "x"})
    assert "approve" not in text(manager.get("/opt-outs"))
    assert "second person" in text(manager.post("/opt-outs/requests/1/approve"), 409)
    assert rows(engine, OptOutLifting) == []


def test_a_wish_is_declined_with_a_reason(client_as: ClientAs, engine: Engine, blocked: int) -> None:
    client_as("care").post(f"/opt-outs/{blocked}/lift", data={"reason": "x"})
    client_as("manager").post("/opt-outs/requests/1/decline", data={"note-1": "无本人授权"})
    assert "无本人授权" in text(client_as("care").get(f"/opt-outs/{blocked}"))
    assert rows(engine, LiftingRequest)[0].answer == "declined"


def test_care_asks_but_does_not_decide(client_as: ClientAs, engine: Engine, blocked: int) -> None:
    client_as("manager").post(f"/opt-outs/{blocked}/lift", data={"reason": "x"})
    assert client_as("care").post("/opt-outs/requests/1/approve").status_code == 403


def test_a_wish_without_a_reason_is_none(client_as: ClientAs, engine: Engine, blocked: int) -> None:
    text(client_as("care").post(f"/opt-outs/{blocked}/lift", data={"reason": " "}), 422)
    assert rows(engine, LiftingRequest) == []


def test_another_centres_wish_is_not_found(client_as: ClientAs, engine: Engine, blocked: int) -> None:
    client_as("care").post(f"/opt-outs/{blocked}/lift", data={"reason": "x"})
    assert client_as("outsider_manager").post("/opt-outs/requests/1/approve").status_code == 404


# Lists


def test_a_list_says_what_it_will_do_and_then_does_it(
    client_as: ClientAs, engine: Engine, settings: Settings, blocked: int, cast: Cast
) -> None:
    client, contact = client_as("care"), queued(engine, settings, cast)
    address = upload(client).location
    foretold = text(client.get(address))
    for told in ("After a complaint", "1 contacts that wait for a call", "1 rows end earlier"):
        assert told in foretold
    assert len(rows(engine)) == 1
    client.post(address.split("?")[0], data=UPLOAD)
    assert [row.category for row in rows(engine)] == ["refusal", "complaint", "refusal"]
    with db.reading(engine) as session:
        assert session.get_one(Contact, contact).state == ContactState.CLOSED
    assert client.get(address).status_code == 404


def queued(engine: Engine, settings: Settings, cast: Cast) -> int:
    """A contact that waits for a call to the list's first number."""
    number = parse("13800138000")
    assert isinstance(number, Number)
    with db.transaction(engine) as session:
        phone = keep(session, open_vault(settings.data), number, now=NOW)
        maker = Maker(session, session.get_one(Centre, known(cast.fz.id)), now=NOW)
        return known(maker.contact(phone=phone).id)


def test_a_discarded_list_blocks_nobody(client_as: ClientAs, engine: Engine) -> None:
    client = client_as("manager")
    address = upload(client).location.split("?")[0]
    client.post(f"{address}/discard")
    assert rows(engine) == []
    assert client.get(address).status_code == 404


def test_another_centres_upload_is_not_found(client_as: ClientAs) -> None:
    address = upload(client_as("manager")).location
    assert client_as("outsider_manager").get(address).status_code == 404


@pytest.mark.parametrize(
    ("content", "sentence"),
    [('手机号码\n1380013"8000\n"x', "quot"), (b"\x89PNG\r\n", "picture")],
)
def test_a_file_that_is_no_list_is_told_at_its_field(
    client_as: ClientAs, engine: Engine, content: str | bytes, sentence: str
) -> None:
    assert sentence in text(upload(client_as("care"), content), 422)


LONG = "手机号码\n" + "".join(f"138{at:08d}\n" for at in range(3_100)) + "10086\n=1+1\n"


@pytest.fixture
def started(app: Console) -> list[int]:
    """The lists for which the console would start a process of its own."""
    begun: list[int] = []
    app.config["START_OPT_OUTS"] = lambda _settings, number: begun.append(number)
    return begun


@pytest.fixture
def long_list(client_as: ClientAs, started: list[int]) -> FlaskClient:
    """Somebody at customer care whose long list is under way, with nobody at it yet."""
    client = client_as("care")
    client.post(upload(client, LONG).location.split("?")[0], data=UPLOAD)
    return client


def under_way(engine: Engine, settings: Settings, cast: Cast) -> None:
    """A long list that waits for its process."""
    listed = open_list(LONG.encode(), "谢绝来电.csv")
    given = Given(earliest=dict.fromkeys(Category, NOW), zone="Asia/Shanghai")
    with db.transaction(engine) as session:
        taken = taking.begin(session, listed, given, by=None, now=NOW, centre_id=cast.fz.id)
        taken.file = keeping.keep(running.folder_in(settings.data), open_vault(settings.data), listed.source)


def carried_on(engine: Engine, settings: Settings) -> None:
    works = Works(
        engine=engine,
        folder=running.folder_in(settings.data),
        opener=partial(open_vault, settings.data),
        now=lambda: NOW + timedelta(minutes=2),
    )
    running.run(works, 1)


def test_an_upload_waits_without_showing_a_number(client_as: ClientAs, settings: Settings) -> None:
    upload(client_as("care"))
    kept = [file for file in (settings.data / "opt-out-uploads").rglob("*") if file.is_file()]
    assert kept
    assert not any(b"13800138000" in file.read_bytes() for file in kept)


def test_a_long_list_goes_its_own_way_and_its_page_tells_how_far_it_is(
    long_list: FlaskClient, engine: Engine, settings: Settings, started: list[int]
) -> None:
    assert (started, rows(engine)) == ([1], [])
    assert b"138000000" not in b"".join(file.read_bytes() for file in running.folder_in(settings.data).iterdir())
    page = text(long_list.get("/opt-outs/lists/1"))
    assert "Waiting to begin" in page and "Cancel the import" in page
    before = long_list.get("/opt-outs/lists/1/progress").get_json()
    carried_on(engine, settings)
    after = long_list.get("/opt-outs/lists/1/progress").get_json()
    assert (before["over"], before["lines"], after["over"], after["accepted"]) == (False, "3,103", True, "3,100")
    assert len(rows(engine)) == 3_100
    assert list(running.folder_in(settings.data).iterdir()) == []


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_the_preview_of_a_long_list_says_that_it_tells_its_beginning(
    client_as: ClientAs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(opt_out_lists, "COUNTED", 3)
    client = client_as("care")
    assert "figures of its first 4 rows" in text(client.get(upload(client).location))


def test_a_list_under_way_is_cancelled_on_its_page(
    long_list: FlaskClient, engine: Engine, settings: Settings, started: list[int]
) -> None:
    long_list.post("/opt-outs/lists/1/cancel")
    carried_on(engine, settings)
    assert "This import was cancelled" in text(long_list.get("/opt-outs/lists/1"))
    assert (rows(engine), started) == ([], [1, 1])


def test_rows_that_blocked_nobody_are_shown_and_handed_back_harmless(
    long_list: FlaskClient, engine: Engine, settings: Settings
) -> None:
    carried_on(engine, settings)
    assert "10086" in text(long_list.get("/opt-outs/lists/1"))
    told = list(csv.reader(io.StringIO(long_list.get("/opt-outs/lists/1/refused.csv").data.decode("utf-8-sig"))))
    assert told[1:] == [
        ["10086", "3102", "Invalid", "service number"],
        ["'=1+1", "3103", "Invalid", "not a number"],
    ]
    assert long_list.get("/opt-outs/lists/1/refused.xlsx").data.startswith(b"PK")
    assert [entry.action for entry in rows(engine, JournalEntry)][-1] == "opt_outs.refused_downloaded"


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_lists_are_listed_with_what_became_of_them(client_as: ClientAs) -> None:
    client = client_as("care")
    client.post(upload(client).location.split("?")[0], data=UPLOAD)
    assert "黑名单.csv" in text(client.get("/opt-outs/lists"))
    assert "No lists of opt-outs yet" in text(client_as("outsider_manager").get("/opt-outs/lists"))


@pytest.mark.parametrize("place", ["", "/progress", "/refused.csv", "/refused.xlsx"])
@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_another_centres_list_of_opt_outs_is_not_there(long_list: FlaskClient, client_as: ClientAs, place: str) -> None:
    outsider = client_as("outsider_manager")
    assert outsider.get(f"/opt-outs/lists/1{place}").status_code == 404
    assert outsider.post("/opt-outs/lists/1/cancel").status_code == 404


# Export


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_what_the_filters_leave_is_exported_masked_and_noted(
    client_as: ClientAs, engine: Engine, settings: Settings, cast: Cast, blocked: int, kind: str
) -> None:
    block(engine, settings, cast, "13900139000", category=Category.LITIGATION)
    answer = client_as("care").post("/opt-outs/export", data={"kind": kind, "category": "refusal"})
    assert answer.headers["Content-Disposition"].endswith(f".{kind}")
    if kind == "csv":
        lines = answer.get_data().decode("utf-8-sig").splitlines()
        assert (len(lines), lines[1].split(",")[0]) == (2, "138****5678")
    assert [entry.action for entry in rows(engine, JournalEntry)][-1] == "opt_outs.exported"


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_no_more_than_some_rows_are_held_while_they_are_exported(app: Console, monkeypatch: pytest.MonkeyPatch) -> None:
    passed, waiting, write = 0, list[int](), Scratch.write

    def rows() -> Iterator[tuple[str]]:
        nonlocal passed
        for passed in range(1, 3_001):
            yield (str(passed),)

    def noted(scratch: Scratch, part: bytes) -> None:
        waiting.append(passed)
        write(scratch, part)

    monkeypatch.setattr(Scratch, "write", noted)
    with app.test_request_context():
        answer = files.sent(rows(), ["a"], name="all", kind="csv")
        answer.direct_passthrough = False
        assert answer.get_data().count(b"\r\n") == 3_001
    assert waiting[1] < 1_500


def test_whole_numbers_leave_with_the_manager_alone(client_as: ClientAs, blocked: int) -> None:
    assert client_as("care").post("/opt-outs/export/whole").status_code == 403
    assert NUMBER in client_as("manager").post("/opt-outs/export/whole").get_data(as_text=True)


# In a browser


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_the_desk_is_readable_and_worked_by_keyboard(
    page_as: "Callable[..., Page]", engine: Engine, settings: Settings, cast: Cast, blocked: int, language: str
) -> None:
    other = block(engine, settings, cast, "13900139000", category=Category.COMPLAINT)
    with db.transaction(engine) as session:
        row, asker = session.get_one(OptOut, other), session.get_one(Staff, known(cast.care.id))
        liftings.ask(session, row, reason="客户本人来电要求恢复", by=asker, now=NOW, centre_id=known(cast.fz.id))
    page = page_as("manager", language)
    page.goto("/opt-outs")
    assert_no_violations(page)
    picture(page, f"opt-outs-{language}")
    page.keyboard.press("b")
    page.fill("#new-number", "13700137000")
    assert_no_violations(page)
    picture(page, f"opt-outs-block-{language}")
    page.goto(f"/opt-outs/{other}")
    assert_no_violations(page)
    picture(page, f"opt-out-{language}")
    page.goto("/opt-outs")
    page.keyboard.press("i")
    page.wait_for_url("**/opt-outs/import")
    assert_no_violations(page)
    page.set_input_files("#list", {"name": "黑名单.csv", "mimeType": "text/csv", "buffer": LIST.encode()})
    page.keyboard.press("Control+Enter")
    page.wait_for_url("**/opt-outs/import/*")
    assert_no_violations(page)
    picture(page, f"opt-outs-import-{language}")
    page.keyboard.press("Control+Enter")
    page.wait_for_url("**/opt-outs/lists/1")
    assert len(rows(engine)) == 3
    assert_no_violations(page)
    picture(page, f"opt-out-list-{language}")
    page.goto("/opt-outs/lists")
    assert_no_violations(page)
    picture(page, f"opt-out-lists-{language}")


@pytest.mark.browser
@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_a_long_list_is_watched_until_it_is_over(
    page_as: "Callable[..., Page]", engine: Engine, settings: Settings, cast: Cast, language: str
) -> None:
    under_way(engine, settings, cast)
    page = page_as("care", language)
    page.goto("/opt-outs/lists/1")
    assert_no_violations(page)
    picture(page, f"opt-outs-importing-{language}")
    carried_on(engine, settings)
    page.wait_for_selector(".badge-good")
    assert_no_violations(page)
    picture(page, f"opt-outs-imported-{language}")
