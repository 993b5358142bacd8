"""The callers' desks in a browser, by keyboard."""

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from sqlalchemy.engine import Engine
from sqlmodel import Session, col, select

from outbound import db, sign_ins
from outbound.attendance import Attendance, BreakReason, Stance
from outbound.calls.model import Call, SelfMark, Tick
from outbound.opt_outs import verbs as opt_outs
from outbound.phones.model import Phone
from outbound.phones.vault import Vault
from outbound.subscriptions import trial
from outbound.subscriptions.model import Subscription, SubscriptionState
from tests.conftest import Cast, assert_no_violations, picture
from tests.desk import Floor, desks, floor, survey_floor, vault
from tests.web.test_agent_api import sold
from web.app import Console

if TYPE_CHECKING:
    from flask.testing import FlaskClient
    from playwright.sync_api import Page

__all__ = ["desks", "floor", "vault"]

pytestmark = [pytest.mark.browser, pytest.mark.parametrize("engine", ["sqlite"], indirect=True)]

PageAs = Callable[..., "Page"]
SAMPLES = Path(__file__).parent.parent / "samples" / "recordings"
TO_CONSENT = ["Space", "1", "1", "Space", "Space", "Space", "Space", "Space", "1"]
"""The keys that read the family-number pitch from its greeting to the question of consent."""


class Keys:
    """Presses keys one after the other, waiting for what they bring, and counts them."""

    def __init__(self, page: "Page") -> None:
        self.page, self.count = page, 0

    def press(self, *keys: str) -> "Keys":
        for key in keys:
            self.page.keyboard.press(key)
            self.count += 1
        return self

    def until(self, phase: str) -> "Keys":
        self.page.wait_for_selector(f"#desk[data-phase={phase}]")
        return self


def at_desk(page_as: PageAs, login: str = "agent", language: str = "zh") -> Keys:
    page = page_as(login, language)
    page.wait_for_selector("#desk:not([data-phase=loading])")
    return Keys(page)


def in_call(page_as: PageAs, login: str = "agent", language: str = "zh") -> Keys:
    keys = at_desk(page_as, login, language)
    return keys.press("n").until("claimed").press("d").until("calling")


def test_a_whole_sale_takes_at_most_twenty_keys(floor: Floor, page_as: PageAs, session: Session) -> None:
    floor.contact()
    floor.contact("13900139000", name="李建国")
    keys = in_call(page_as)
    keys.press(*TO_CONSENT, "1", "Space").until("wrapup")
    keys.press("1", "1", "1", "1", "Enter").until("claimed")
    assert (
        keys.page.inner_text(".notices")
        == "王秀英 138****8000 · 同意办理 · 体验至12月23日，到期前由其他同事二次确认。 · 本通录音上传前不会计费。"
    )
    assert keys.page.inner_text("#who .name") == "李建国"
    assert keys.count <= 20
    subscription = session.exec(select(Subscription)).one()
    assert subscription.state == SubscriptionState.TRIAL
    assert len(session.exec(select(SelfMark)).all()) == 4
    assert {tick.step for tick in session.exec(select(Tick))} >= {"functions", "tariff", "trial_end", "usage", "cancel"}


def test_a_no_answer_takes_two_keys_after_dialling(floor: Floor, page_as: PageAs, session: Session) -> None:
    floor.contact()
    floor.contact("13900139000", name="李建国")
    keys = in_call(page_as)
    before = keys.count
    keys.press("6").until("wrapup").press("Enter").until("claimed")
    assert keys.count - before == 2
    assert session.exec(select(Call)).one().outcome_code == "no_answer"


def test_a_refusal_blocks_at_once_and_says_so(floor: Floor, page_as: PageAs, session: Session) -> None:
    contact = floor.contact()
    keys = in_call(page_as).press("Enter").until("wrapup").press("5", "Enter").until("idle")
    assert "已加入拒呼名单" in keys.page.inner_text(".notices")
    phone = session.get_one(Phone, contact.phone_id)
    assert len(opt_outs.of_number(session, phone, now=floor.now)) == 1


def test_consent_stays_shut_until_everything_is_told(floor: Floor, page_as: PageAs) -> None:
    floor.contact()
    keys = in_call(page_as, language="en").press("Space", "1", "1")
    page = keys.page
    page.click(".still button:has-text('How to enquire or cancel')")
    assert page.inner_text("#aloud").startswith("For questions")
    keys.press("Space", "1")
    shut = page.inner_text(".now.shut")
    assert "Consent cannot be asked yet" in shut
    assert "Say now: Tariff" in shut
    assert "Shall I set up" not in shut
    picture(page, "agent-consent-shut-en")
    keys.press("2")
    assert "taken from your phone bill" in page.inner_text("#aloud")


def test_a_reload_in_the_call_loses_nothing(floor: Floor, page_as: PageAs) -> None:
    floor.contact()
    keys = in_call(page_as).press("Space", "1", "1", "Space")
    keys.page.reload()
    keys.until("calling")
    assert "五元" in keys.page.inner_text("#aloud")
    keys.press(*TO_CONSENT[4:], "1", "Space").until("wrapup").press("1", "3", "n")
    keys.page.keyboard.type("客户问得很细")
    keys.page.reload()
    keys.until("wrapup")
    assert keys.page.input_value("#note") == "客户问得很细"
    assert keys.page.inner_text(".marks .given.unsure .badge") == "? 拿不准"


def test_a_report_made_while_the_server_is_away_goes_out_once_it_is_back(
    floor: Floor, page_as: PageAs, session: Session
) -> None:
    floor.contact()
    keys = in_call(page_as)
    page = keys.page
    page.route("**/wrap-up", lambda route: route.abort())
    keys.press("6").until("wrapup").press("Enter")
    page.wait_for_selector("#call .error")
    assert "登记内容已保存在本浏览器" in page.inner_text("#call .error")
    page.unroute("**/wrap-up")
    page.reload()
    keys.until("idle")
    assert "无人接听" in page.inner_text(".notices")
    assert session.exec(select(Call)).one().outcome_code == "no_answer"


def test_a_report_survives_a_sign_out(floor: Floor, page_as: PageAs, session: Session) -> None:
    floor.contact()
    keys = in_call(page_as)
    page = keys.page
    page.context.clear_cookies()
    keys.press("7").until("wrapup").press("Enter")
    page.wait_for_selector("#call .error")
    page = page_as("agent", "zh")
    page.wait_for_selector("#desk[data-phase=idle]")
    assert "占线" in page.inner_text(".notices")
    assert session.exec(select(Call)).one().outcome_code == "busy"


def test_a_second_wrap_up_of_the_same_call_is_told_in_its_sentence(floor: Floor, page_as: PageAs, live: str) -> None:
    floor.contact()
    keys = in_call(page_as)
    with db.transaction(floor.engine) as elsewhere:
        from outbound.calls.wrap_up import Report
        from outbound.concluding import conclude

        call = elsewhere.exec(select(Call)).one()
        report = Report(key="another-browser", outcome="busy")
        conclude(elsewhere, call, report, by=floor.cast.agent, now=floor.now)
    keys.press("6").until("wrapup").press("Enter").until("idle")
    assert "这通电话已经登记为“占线”，如有误请联系班组长。" in keys.page.inner_text(".notices")


def test_an_objection_is_found_answered_and_left_again(floor: Floor, page_as: PageAs) -> None:
    floor.contact()
    keys = in_call(page_as).press("Space", "1", "1", "/")
    keys.page.keyboard.type("贵")
    picture(keys.page, "agent-objections-zh")
    keys.press("Enter")
    assert keys.page.inner_text(".now.objection strong") == "太贵了"
    keys.press("Space")
    assert keys.page.inner_text("#aloud").startswith("谢谢您。亲情网是这样的")


def test_an_objection_that_ends_the_call_leads_to_its_outcome(floor: Floor, page_as: PageAs) -> None:
    floor.contact()
    keys = in_call(page_as).press("/")
    keys.page.keyboard.type("别打了")
    keys.press("Enter", "Space").until("wrapup")
    assert "拒绝来电" in keys.page.inner_text(".consequence")


def test_a_callback_is_booked_by_key(floor: Floor, page_as: PageAs, session: Session) -> None:
    floor.contact()
    keys = in_call(page_as).press("Enter").until("wrapup").press("4")
    picture(keys.page, "agent-callback-zh")
    keys.press("3", "Enter").until("idle")
    assert "约定" in keys.page.inner_text(".notices")
    assert session.exec(select(Call)).one().callback_at is not None


def test_escape_takes_back_one_thing_at_a_time(floor: Floor, page_as: PageAs) -> None:
    floor.contact()
    keys = in_call(page_as).press(*TO_CONSENT, "1", "Space").until("wrapup").press("1", "1")
    assert keys.page.locator(".marks .given").count() == 2
    keys.press("Escape")
    assert keys.page.locator(".marks .given").count() == 1
    keys.press("Escape", "Escape")
    assert keys.page.inner_text(".consequence") == "这通电话结果如何？"
    keys.press("Escape").until("calling")


def test_a_recording_is_heard_when_it_is_attached_and_sent_again_when_it_was_lost(
    floor: Floor, page_as: PageAs
) -> None:
    floor.contact()
    keys = in_call(page_as).press("Enter").until("wrapup")
    keys.page.set_input_files("#file", SAMPLES / "not-audio.wav")
    keys.page.wait_for_selector("#recording-told.error")
    assert keys.page.locator("#recording-told button").count() == 0
    keys.page.route("**/recording", lambda route: route.abort())
    keys.page.set_input_files("#file", SAMPLES / "compliant-sale.mp3")
    keys.page.wait_for_selector("#recording-told button")
    keys.page.unroute("**/recording")
    keys.page.click("#recording-told button")
    keys.page.wait_for_selector("#recording-told:has-text('1:06 · 有效')")


def test_two_tabs_of_one_agent_warn_each_other(floor: Floor, page_as: PageAs) -> None:
    first = at_desk(page_as).page
    second = first.context.new_page()
    second.goto("/agent")
    second.wait_for_selector("#twice:visible")
    first.wait_for_selector("#twice:visible")


def test_a_second_browser_at_the_desk_is_told_of_the_first(floor: Floor, page_as: PageAs) -> None:
    with db.transaction(floor.engine) as session:
        there = sign_ins.sign_in(session, floor.cast.agent, hours=12, now=floor.now)
        session.flush()
        sign_ins.calls_elsewhere(session, floor.cast.agent, there, now=floor.now)
    at_desk(page_as).page.wait_for_selector("#elsewhere:visible")


def test_one_browser_is_told_of_no_other(floor: Floor, page_as: PageAs) -> None:
    page = page_as("agent", "zh")
    with page.expect_response("**/attendance/seen") as seen:
        page.goto("/agent")
    assert seen.value.json()["elsewhere"] is False
    assert page.locator("#elsewhere").is_hidden()


def test_where_nobody_is_due_the_page_says_until_when(floor: Floor, page_as: PageAs) -> None:
    floor.contact(due_at=floor.now + timedelta(hours=3))
    keys = at_desk(page_as).press("n")
    keys.page.wait_for_selector("text=还有 1 位客户在等待，最早今天 13:00 可以拨打。")


def test_a_break_puts_the_contact_back_and_says_why(floor: Floor, page_as: PageAs, session: Session) -> None:
    floor.contact()
    keys = at_desk(page_as).press("n").until("claimed").press("p")
    keys.page.wait_for_selector("text=请选择小休原因")
    keys.press("2").until("break")
    assert keys.page.inner_text("#phase") == "小休"
    keys.page.reload()
    keys.until("break")
    entered = session.exec(select(Attendance).order_by(col(Attendance.id).desc())).first()
    assert entered
    assert (entered.state, entered.reason) == (Stance.BREAK, BreakReason.MEAL)


def test_the_verifier_confirms_by_keyboard(
    floor: Floor, page_as: PageAs, app: Console, client_as: "Callable[..., FlaskClient]", session: Session
) -> None:
    confirming(floor, app, client_as)
    keys = in_call(page_as, "verifier")
    assert "¥5.00/月" in keys.page.inner_text("#promised")
    keys.press("Space", "1", "1", "Space", "Space", "Space", "1", "1", "Space").until("wrapup")
    keys.press("1", "1", "1", "1", "Enter").until("idle")
    assert "已确认，12月24日起收费。" in keys.page.inner_text(".notices")
    assert session.exec(select(Subscription)).one().state == SubscriptionState.CONFIRMED


def confirming(floor: Floor, app: Console, client_as: "Callable[..., FlaskClient]") -> None:
    floor.contact()
    app.config["WTF_CSRF_ENABLED"] = False
    assert sold(client_as("agent")).status_code == 200
    app.config["WTF_CSRF_ENABLED"] = True
    later = floor.now + timedelta(days=27, hours=1)
    app.config["NOW"] = lambda: later
    with db.transaction(floor.engine) as session:
        for subscription in trial.due_for_window(session, floor.cast.fz, now=later):
            trial.open_window(session, subscription, now=later)


def test_a_survey_is_answered_by_keys(
    engine: Engine, vault: Vault, cast: Cast, now: datetime, page_as: PageAs, session: Session
) -> None:
    floor = survey_floor(engine, vault, cast, now)
    floor.contact()
    keys = in_call(page_as).press("1", "6")
    keys.page.keyboard.type("信号总断")
    keys.press("Enter", "3", "1", "3", "Space")
    picture(keys.page, "agent-survey-zh")
    keys.press("3", "Enter", "Space").until("wrapup").press("Enter").until("idle")
    call = session.exec(select(Call)).one()
    assert call.outcome_code == "completed"
    assert call.answers == {
        "overall": 6,
        "reason-low": "信号总断",
        "signal": "poor",
        "where-poor": ["home", "travel"],
        "contacted": "none",
    }


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_agents_desk_can_be_read_by_everybody(
    floor: Floor, page_as: PageAs, live: str, language: str, theme: str
) -> None:
    floor.contact()
    keys = at_desk(page_as, "agent", language)
    page, name = keys.page, f"agent-{{}}-{language}-{theme}"
    page.context.add_cookies([{"name": "theme", "value": theme, "url": live}])
    page.reload()
    keys.until("idle")
    for phase, pressed in (("idle", []), ("claimed", ["n"]), ("calling", ["d"])):
        keys.press(*pressed).until(phase)
        look(page, name.format(phase))
    keys.press(*TO_CONSENT[:5])
    look(page, name.format("tariff"))
    keys.press(*TO_CONSENT[5:], "1", "Space").until("wrapup").press("1", "1")
    look(page, name.format("wrapup"))


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_verifiers_desk_can_be_read_by_everybody(
    floor: Floor,
    page_as: PageAs,
    app: Console,
    client_as: "Callable[..., FlaskClient]",
    live: str,
    language: str,
    theme: str,
) -> None:
    confirming(floor, app, client_as)
    keys = at_desk(page_as, "verifier", language)
    keys.page.context.add_cookies([{"name": "theme", "value": theme, "url": live}])
    keys.page.reload()
    keys.until("idle").press("n").until("claimed").press("d").until("calling").press("Space", "1")
    look(keys.page, f"verifier-calling-{language}-{theme}")
    keys.press("Enter").until("wrapup")
    look(keys.page, f"verifier-wrapup-{language}-{theme}")


def look(page: "Page", name: str) -> None:
    picture(page, name)
    assert_no_violations(page)


@pytest.mark.parametrize("size", [(1280, 800), (1366, 768), (1920, 1080)])
def test_everything_of_a_call_is_on_the_screen_without_scrolling(
    floor: Floor, page_as: PageAs, size: tuple[int, int]
) -> None:
    floor.contact()
    keys = at_desk(page_as, language="en")
    keys.page.set_viewport_size({"width": size[0], "height": size[1]})
    keys.press("n").until("claimed").press("d").until("calling").press(*TO_CONSENT)
    picture(keys.page, f"agent-consent-en-{size[0]}")
    assert in_view(keys.page, ".choice, #call button, .still button")
    keys.press("1", "Space").until("wrapup").press("1", "1")
    picture(keys.page, f"agent-wrapup-en-{size[0]}")
    assert in_view(keys.page, ".marks li, #call button, #note, #reference")


def in_view(page: "Page", selector: str) -> bool:
    """Whether everything that the selector names lies within the window."""
    boxes = [element.bounding_box() for element in page.query_selector_all(selector)]
    window = page.viewport_size
    assert window and boxes
    return all(
        box
        and box["y"] >= 0
        and box["y"] + box["height"] <= window["height"]
        and box["x"] + box["width"] <= window["width"]
        for box in boxes
    )
