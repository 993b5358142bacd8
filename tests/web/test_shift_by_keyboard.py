"""A whole shift by keyboard alone: what is new is read, calls are made, help is asked for, a break is taken."""

from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect
from sqlalchemy.engine import Engine
from sqlmodel import Session, col, select

from outbound import db, support
from outbound.attendance import Attendance, Stance
from outbound.briefings import BriefingRead
from outbound.calls import speaking
from outbound.calls.model import Call, SelfMark
from outbound.people import known
from outbound.phones.vault import Vault
from scripts.language import library
from tests.conftest import Cast, assert_no_violations, picture
from tests.desk import Floor, desks, floor, put_in_force, staff, survey_floor, vault
from tests.web.reading import read_to_the_end
from tests.web.test_agent_page import TO_CONSENT, PageAs, at_desk, in_call

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

__all__ = ["desks", "floor", "vault"]

pytestmark = [pytest.mark.browser, pytest.mark.parametrize("engine", ["sqlite"], indirect=True)]

SALE = ["d", *TO_CONSENT, "1", "Space", "1", "1", "1", "1", "Enter"]


def new_script(floor: Floor) -> None:
    """Another wording of the pitch is in force, which nobody has read yet."""
    text = library()["family-number-pitch"].replace("大概两分钟。您现在方便听吗？", "大概两分钟。您这会儿方便听吗？")
    with db.transaction(floor.engine) as session:
        put_in_force(session, floor.cast.fz, text, floor.cast, floor.now)


def test_a_full_shift_by_keyboard_alone(floor: Floor, page_as: PageAs, session: Session) -> None:
    for number, name in (("13800138000", "王秀英"), ("13900139000", "李建国"), ("13700137000", "陈明")):
        floor.contact(number, name=name)
    new_script(floor)
    keys = at_desk(page_as)
    keys.page.wait_for_selector("text=脚本有新版本")
    assert keys.page.locator(".briefing .lines .new").count() == 1
    picture(keys.page, "agent-briefing-zh")
    read_to_the_end(keys.page)
    keys.page.wait_for_selector("text=可以取下一位客户了。")
    keys.count = 0
    keys.press("n").until("claimed").press(SALE[0]).until("calling")
    keys.press(*SALE[1:-5]).until("wrapup").press(*SALE[-5:]).until("claimed")
    assert keys.count <= 20
    assert len(session.exec(select(SelfMark)).all()) == 4
    session.rollback()
    keys.press("d").until("calling")
    keys.count = 0
    keys.press("6").until("wrapup").press("Enter").until("claimed")
    assert keys.count == 2
    keys.press("d").until("calling").press("p", "Enter").until("wrapup").press("5", "Enter").until("idle")
    keys.press("1").until("break").press("n").until("idle")
    outcomes = session.exec(select(Call.outcome_code).order_by(col(Call.id))).all()
    assert outcomes == ["sold", "no_answer", "do_not_call"]
    entered = session.exec(select(Attendance.state).order_by(col(Attendance.id))).all()
    assert entered[0] == Stance.READY
    assert {*entered} >= {Stance.READY, Stance.IN_CALL, Stance.BREAK}


def test_marks_are_made_one_by_one_and_never_filled_in(floor: Floor, page_as: PageAs) -> None:
    floor.contact()
    keys = in_call(page_as).press(*TO_CONSENT, "1", "Space").until("wrapup")
    assert keys.page.locator(".marks .given").count() == 0
    assert keys.page.locator("#send").is_disabled()
    keys.press("1", "1", "1")
    assert keys.page.locator("#send").is_disabled()
    keys.press("1")
    expect(keys.page.locator("#send")).to_be_enabled()


def test_what_is_new_must_be_seen_to_its_end(floor: Floor, page_as: PageAs, session: Session) -> None:
    new_script(floor)
    before = len(session.exec(select(BriefingRead)).all())
    session.rollback()
    keys = at_desk(page_as, language="en")
    keys.page.wait_for_selector("text=The script has a new version")
    keys.press("y")
    assert_no_violations(keys.page)
    read_to_the_end(keys.page)
    keys.page.wait_for_selector("text=Ready for the next customer.")
    assert len(session.exec(select(BriefingRead)).all()) == before + 1


def test_help_is_asked_for_and_answered_without_leaving_the_call(
    floor: Floor, page_as: PageAs, session: Session
) -> None:
    floor.contact()
    keys = in_call(page_as).press("Space", "q")
    keys.page.keyboard.type("客户问能不能过户？")
    keys.press("Enter")
    keys.page.wait_for_selector("text=班组长已看到您的求助")
    [asked] = support.waiting(session, known(floor.cast.fz.id), now=floor.now)
    assert (asked.question.text, asked.question.step) == ("客户问能不能过户？", "identity")
    support.answer(
        session, asked.question, "可以，请到营业厅。", by=staff(session, floor.cast.supervisor), now=floor.now
    )
    session.commit()
    keys.page.wait_for_selector("text=可以，请到营业厅。")
    picture(keys.page, "agent-help-zh")
    assert keys.page.get_attribute("#desk", "data-phase") == "calling"
    keys.press("x")
    expect(keys.page.locator("#help")).to_be_hidden()


@pytest.fixture
def elsewhere(browser: "Browser", live: str) -> "Iterator[Page]":
    """A page of another browser, which knows nothing of the first."""
    context = browser.new_context(base_url=live, viewport={"width": 1366, "height": 768})
    yield context.new_page()
    context.close()


def test_a_call_goes_on_in_another_browser_where_it_stood(
    floor: Floor, page_as: PageAs, session: Session, elsewhere: "Page"
) -> None:
    floor.contact()
    keys = in_call(page_as)
    for _ in range(2):
        with keys.page.expect_response("**/spoken"):
            keys.press("Space" if _ == 0 else "1")
    call = session.exec(select(Call)).one()
    assert list(speaking.ticks_of(session, call)) == ["greeting", "identity"]
    session.rollback()
    shown = keys.page.inner_text("#aloud")
    elsewhere.context.add_cookies(keys.page.context.cookies())  # type: ignore[arg-type]
    keys.page.close()
    elsewhere.goto("/agent")
    elsewhere.wait_for_selector("#desk[data-phase=calling]")
    assert elsewhere.inner_text("#aloud") == shown


def test_a_survey_goes_on_in_another_browser_with_its_answers(
    engine: Engine, vault: Vault, cast: Cast, now: datetime, page_as: PageAs, elsewhere: "Page"
) -> None:
    survey_floor(engine, vault, cast, now).contact()
    keys = in_call(page_as)
    for key in ("1", "6"):
        with keys.page.expect_response("**/spoken"):
            keys.press(key)
    shown = keys.page.inner_text("#aloud")
    elsewhere.context.add_cookies(keys.page.context.cookies())  # type: ignore[arg-type]
    keys.page.close()
    elsewhere.goto("/agent")
    elsewhere.wait_for_selector("#desk[data-phase=calling]")
    # Only who gave a low mark is asked why.
    assert "不满意" in shown
    assert elsewhere.inner_text("#aloud") == shown


def test_a_tab_that_died_lost_neither_note_nor_answer(floor: Floor, page_as: PageAs) -> None:
    floor.contact()
    keys = in_call(page_as).press("Enter").until("wrapup").press("n")
    keys.page.keyboard.type("客户说再考虑")
    context = keys.page.context
    keys.page.close()
    page = context.new_page()
    page.goto("/agent")
    page.wait_for_selector("#desk[data-phase=wrapup]")
    assert page.input_value("#note") == "客户说再考虑"
