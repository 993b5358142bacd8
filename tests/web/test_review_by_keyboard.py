"""The reviewer's page in a real browser: a call heard and marked by keyboard alone, and every page looked at."""

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING

import pytest
from sqlalchemy.engine import Engine
from sqlmodel import Session, select

from outbound import db
from outbound.compliance import Criterion, Verdict
from outbound.people import known
from outbound.settings import Settings
from qa.review import verbs as reviews
from qa.review.model import Correction, CorrectionState, Review, ReviewMark
from tests.conftest import Cast, assert_no_violations, picture
from tests.factories import ALL_PASS
from tests.heard_calls import HeardMaker, Waiting, lasting, show, two_wait

if TYPE_CHECKING:
    from playwright.sync_api import Page

PageAs = Callable[..., "Page"]
once = pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
pytestmark = pytest.mark.browser


@pytest.fixture
def desks() -> tuple[str, ...]:
    return (
        "web.desks.reviewer",
        "web.desks.own_reviews",
        "web.desks.disputes",
        "web.desks.faults",
        "web.desks.recordings",
        "web.desks.supervisor",
    )


@pytest.fixture
def waiting(engine: Engine, cast: Cast, settings: Settings, now: datetime) -> Waiting:
    return two_wait(engine, cast, settings, now=now)


class Keyboard:
    """The keyboard of a page; it counts."""

    def __init__(self, page: "Page") -> None:
        self.page, self.pressed = page, 0

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)
            self.pressed += 1


def second(page: "Page") -> float:
    return float(page.evaluate("window.outbound.player.second()"))


def hear_past(page: "Page", wanted: float) -> None:
    """Wait until the recording has been heard beyond that second. The page allows no eval, so ask from outside."""
    for _try in range(600):
        if second(page) > wanted:
            return
        page.wait_for_timeout(50)
    raise AssertionError(f"the player stands at {second(page)} s")


def come_back_to(page: "Page", before: float) -> None:
    """Wait until the player has jumped back to before that second."""
    for _try in range(200):
        if second(page) < before:
            return
        page.wait_for_timeout(50)
    raise AssertionError(f"the player stands at {second(page)} s")


def playing(page: "Page") -> bool:
    return not page.evaluate("document.querySelector('audio').paused")


def test_a_failed_sale_is_reviewed_by_keyboard_alone(page_as: PageAs, waiting: Waiting, engine: Engine) -> None:
    page = page_as("reviewer")
    page.goto("/reviewer")
    keys = Keyboard(page)
    keys.press("Enter")
    page.wait_for_url(f"**/reviewer/tasks/{waiting.failed}")
    keys.press("Space")
    hear_past(page, 0.3)
    keys.press("1", "2", "3", *["."] * 10, "Shift+Digit4")
    assert page.evaluate("document.activeElement.name") == "reason-explicit_consent"
    page.select_option("[name=reason-explicit_consent]", "vague")
    keys.press("Tab")
    page.keyboard.type("只说了“嗯”")
    keys.press("Tab", "Enter", "Tab", "Space", "Control+Enter")
    page.wait_for_url(f"**/reviewer/tasks/{waiting.passed}?after=*")
    assert "A correction call is due" in page.inner_text(".before")
    with Session(engine) as session:
        assert session.exec(select(Correction)).one().state == CorrectionState.DUE
        mark = session.get_one(ReviewMark, (1, Criterion.EXPLICIT_CONSENT))
        assert mark.second is not None and 50 < mark.second < 62
        assert (mark.reason, mark.also) == ("vague", ["consent_not_asked"])


@pytest.fixture
def long_call(engine: Engine, cast: Cast, settings: Settings, now: datetime) -> int:
    """The review of a compliant call of three minutes."""
    with db.transaction(engine) as session:
        maker = HeardMaker(session, cast.fz, settings, now=now)
        maker.write_script(cast.manager)
        call = maker.call(cast.agent, contact=maker.rung(), outcome="sold", given=ALL_PASS, ticks=LONG_TICKS)
        recording = maker.keep_sound(call, lasting("compliant-sale.mp3", seconds=180))
        task = reviews.pull_in(session, recording, reviewer=cast.reviewer, by=None, now=now)
        return known(task.id)


def hurry(page: "Page") -> None:
    """Play as fast as a browser can: the page counts what is heard at the speed that the reviewer chose.

    The speed chosen is set once the sound has come, so a hurry before that would be lost.
    """
    for _try in range(600):
        if page.evaluate("document.querySelector('audio').readyState") > 0:
            page.evaluate(f"document.querySelector('audio').playbackRate = {FASTEST}")
            return
        page.wait_for_timeout(50)
    raise AssertionError("no sound came")


LONG_TICKS = {"identity": 20.0, "understanding": 120.0, "tariff": 70.0, "consent": 160.0}
FASTEST = 16
"""At which a browser plays: the test need not last as long as the hearing."""


@once
def test_a_three_minute_call_is_heard_whole_in_75_seconds_with_twelve_keys(
    page_as: PageAs, long_call: int, engine: Engine
) -> None:
    page = page_as("reviewer")
    page.goto(f"/reviewer/tasks/{long_call}")
    keys = Keyboard(page)
    keys.press("]", "]", "]", "]", "]", "s", "Space")
    hurry(page)
    for heard, key in ((25, "1"), (75, "3"), (125, "2"), (165, "4")):
        hear_past(page, heard)
        keys.press(key)
    hear_past(page, 178.5)
    listened = page.evaluate("window.outbound.player.hearing()")
    keys.press("Control+Enter")
    page.wait_for_url("**/reviewer?after=*")
    assert 30 < listened < 75
    assert keys.pressed <= 12
    with Session(engine) as session:
        marks = session.exec(select(ReviewMark)).all()
        assert session.exec(select(Review)).one().verdict == Verdict.VALID
        assert all(mark.second is not None and mark.second > 20 for mark in marks)


@pytest.fixture
def call(page_as: PageAs, waiting: Waiting) -> "Page":
    page = page_as("reviewer")
    page.goto(f"/reviewer/tasks/{waiting.failed}")
    return page


@once
def test_both_sides_are_drawn_before_any_sound_is_loaded(call: "Page") -> None:
    drawn = call.evaluate(
        """[...document.querySelectorAll('.track canvas')].map((canvas) =>
        canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data.some((value) => value > 0))"""
    )
    assert drawn == [True, True]
    assert call.evaluate("document.querySelector('audio').readyState") == 0


@once
def test_the_line_being_heard_is_lit(call: "Page") -> None:
    call.click("button.line[data-jump='23.78']")
    hear_past(call, 23.7)
    assert call.get_attribute(".lines li[aria-current]", "data-line") == "23.78"
    assert playing(call)


@once
def test_arrows_jump_three_seconds_and_k_plays(call: "Page") -> None:
    call.keyboard.press("k")
    hear_past(call, 0.1)
    call.keyboard.press("k")
    assert not playing(call)
    before = second(call)
    call.keyboard.press("ArrowRight")
    call.keyboard.press("ArrowRight")
    call.keyboard.press("ArrowLeft")
    assert second(call) == pytest.approx(before + 3, abs=0.1)


@once
def test_speed_changes_without_the_pitch(call: "Page") -> None:
    for _ in range(9):
        call.keyboard.press("]")
    assert call.inner_text("[data-speed]") == "3×"
    for _ in range(9):
        call.keyboard.press("[")
    assert call.inner_text("[data-speed]") == "0.75×"
    assert call.evaluate("document.querySelector('audio').preservesPitch")


@once
def test_the_page_counts_how_long_was_listened_and_not_what_was_jumped_over(call: "Page") -> None:
    call.keyboard.press("]")
    call.evaluate("window.outbound.player.jump(40, {play: true})")
    hear_past(call, 41)
    call.keyboard.press("k")
    heard = second(call) - 40
    listened = call.evaluate("window.outbound.player.hearing()")
    assert listened == pytest.approx(heard / 1.25, abs=0.2)
    call.evaluate("window.outbound.player.jump(55)")
    assert call.evaluate("window.outbound.player.hearing()") == pytest.approx(listened, abs=0.2)
    assert call.inner_text("[data-heard]") in ("00:00", "00:01", "00:02")


@once
def test_silence_is_skipped_when_wanted(call: "Page") -> None:
    call.keyboard.press("s")
    call.evaluate("window.outbound.player.jump(8.2, {play: true})")
    hear_past(call, 8.8)
    assert call.get_attribute("[data-do=skip]", "aria-pressed") == "true"
    spoken = call.evaluate("JSON.parse(document.querySelector('[data-player]').dataset.player).spoken")
    following = min(start for start, _end in spoken if start > 8.5)
    assert second(call) >= following - 0.4


@once
def test_a_stretch_is_repeated_from_one_moment_to_another(call: "Page") -> None:
    call.evaluate("window.outbound.player.jump(20)")
    call.keyboard.press("a")
    call.evaluate("window.outbound.player.jump(20.6)")
    call.keyboard.press("b")
    for _round in range(2):
        hear_past(call, 20.4)
        come_back_to(call, 20.3)
    call.keyboard.press("l")
    hear_past(call, 20.8)
    assert call.get_attribute("[data-do=loop]", "aria-pressed") == "false"


@once
def test_the_line_being_heard_is_repeated(call: "Page") -> None:
    call.evaluate("window.outbound.player.jump(25)")
    call.keyboard.press("l")
    assert second(call) == pytest.approx(23.78, abs=0.5)
    call.evaluate("window.outbound.player.jump(27.2)")
    come_back_to(call, 25)


@once
def test_a_stretch_drawn_with_shift_is_repeated(call: "Page") -> None:
    around = call.locator(".track").bounding_box()
    assert around is not None
    middle = around["y"] + 10
    call.keyboard.down("Shift")
    call.mouse.move(around["x"] + 0.5 * around["width"], middle)
    call.mouse.down()
    call.mouse.move(around["x"] + 0.6 * around["width"], middle)
    call.mouse.up()
    call.keyboard.up("Shift")
    assert call.get_attribute("[data-do=loop]", "aria-pressed") == "true"
    assert second(call) == pytest.approx(0.5 * 61.74, abs=0.6)


@once
def test_the_queue_opens_over_the_call(call: "Page", waiting: Waiting) -> None:
    call.keyboard.press("q")
    assert call.locator(".queue li").count() == 3
    assert call.locator(f".queue a[href='/reviewer/tasks/{waiting.passed}']").is_visible()


@once
def test_t_stamps_the_moment_for_the_current_criterion(call: "Page") -> None:
    call.evaluate("window.outbound.player.jump(12.3)")
    call.keyboard.press("t")
    assert call.input_value("[name=second-identity_and_permission]") == "0:12.3"


@once
def test_no_further_reason_lies_under_the_bar_with_the_verdict(call: "Page") -> None:
    call.keyboard.press("Shift+Digit4")
    call.click(".criterion.current .also summary")
    call.wait_for_selector(".criterion.current .also[open]")
    last = call.locator(".criterion.current .also label").last.bounding_box()
    bar = call.locator(".marking > .actions").bounding_box()
    assert last is not None and bar is not None
    assert last["y"] + last["height"] <= bar["y"]


@once
def test_what_was_marked_survives_a_reload(call: "Page") -> None:
    call.evaluate("window.outbound.player.jump(20)")
    call.keyboard.press("1")
    call.keyboard.press("Shift+Digit3")
    call.keyboard.press("Escape")
    call.keyboard.press("Alt+Digit2")
    call.keyboard.press("c")
    call.keyboard.type("lost?")
    call.reload()
    chosen = call.evaluate("[...document.querySelectorAll('.criterion :checked')].map((each) => each.value)")
    assert [each for each in chosen if each in ("pass", "fail", "unsure")] == ["pass", "unsure", "fail"]
    assert call.input_value("#comment") == "[00:20] lost?"
    assert call.inner_text("[data-now]") == "00:20"


@once
@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_page_of_the_desk_can_be_read_by_everybody(
    page_as: PageAs, live: str, waiting: Waiting, language: str, theme: str
) -> None:
    page = page_as("reviewer", language)
    page.context.add_cookies([{"name": "theme", "value": theme, "url": live}])
    show(page, "/reviewer")
    picture(page, f"reviewer-queue-{language}-{theme}")
    assert_no_violations(page)
    show(page, f"/reviewer/tasks/{waiting.failed}")
    page.evaluate("window.outbound.player.jump(24.5)")
    for key in ("1", "2", "3"):
        page.keyboard.press(key)
    page.evaluate("window.outbound.player.jump(57.6)")
    page.keyboard.press("Shift+Digit4")
    picture(page, f"reviewer-call-{language}-{theme}")
    assert_no_violations(page)
    page.keyboard.press("Control+Enter")
    page.wait_for_selector(".error")
    page.wait_for_load_state()  # what was typed is put back by a script that runs late
    page.click(".criterion.current .also summary")
    page.evaluate("new Promise((shown) => requestAnimationFrame(() => requestAnimationFrame(shown)))")
    page.check(".criterion.current .also [value=not_audible]")
    picture(page, f"reviewer-refused-{language}-{theme}")
    page.select_option("[name=reason-explicit_consent]", "vague")
    page.fill("[name=note-explicit_consent]", "只说了“嗯”")
    page.keyboard.press("Control+Enter")
    page.wait_for_selector(".before")
    picture(page, f"reviewer-next-{language}-{theme}")
    assert_no_violations(page)
    show(page, f"/reviewer/tasks/{waiting.failed}")
    picture(page, f"reviewer-verdict-{language}-{theme}")
    assert_no_violations(page)
