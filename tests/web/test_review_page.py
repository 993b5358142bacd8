"""The reviewer's desk: the queue, one call heard and marked by keyboard, what follows from it."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from flask.testing import FlaskClient
from sqlalchemy.engine import Engine
from sqlmodel import Session, select

from outbound import db
from outbound.campaigns.definition import read_definition
from outbound.clock import local_day
from outbound.compliance import Criterion, Mark, Verdict
from outbound.journal import JournalEntry
from outbound.people import known
from outbound.settings import Settings
from outbound.subscriptions.model import Subscription, SubscriptionState
from qa.review.model import Correction, CorrectionState, Review, ReviewMark, ReviewSource, ReviewTask
from scripts.spoken import date_said
from tests.conftest import Cast, assert_no_violations, picture
from tests.factories_calls import EXAMPLE
from tests.heard_calls import HeardMaker, show

if TYPE_CHECKING:
    from playwright.sync_api import Page

ClientAs = Callable[..., FlaskClient]
PageAs = Callable[..., "Page"]
once = pytest.mark.parametrize("engine", ["sqlite"], indirect=True)

DESKS = ("web.desks.reviewer", "web.desks.recordings", "web.desks.supervisor")

OFFER = read_definition(EXAMPLE).offer
TRIAL_DAYS = OFFER.trial_days if OFFER else 0

ALL_PASS = {f"mark-{criterion}": "pass" for criterion in Criterion}
NO_CONSENT = {
    **ALL_PASS,
    "mark-explicit_consent": "fail",
    "second-explicit_consent": "0:57.5",
    "reason-explicit_consent": "vague",
    "note-explicit_consent": "只说了“嗯”",
}


@pytest.fixture
def desks() -> tuple[str, ...]:
    return DESKS


@dataclass(frozen=True)
class Waiting:
    """Two calls that wait for the reviewer: the first without a clear yes, the second as it should be."""

    failed: int
    passed: int
    sale: int
    recording: int


@pytest.fixture
def waiting(engine: Engine, cast: Cast, settings: Settings, now: datetime) -> Waiting:
    with db.transaction(engine) as session:
        maker = HeardMaker(session, cast.fz, settings, now=now)
        maker.write_script(cast.manager)
        failed = maker.heard_sale(cast.agent, "no-explicit-consent.mp3")
        passed = maker.heard_sale(
            cast.second_agent, "compliant-sale.mp3", at=now - timedelta(hours=20), digits="+8613800138001"
        )
        first, second = maker.task(failed, cast.reviewer), maker.task(passed, cast.reviewer)
        return Waiting(known(first.id), known(second.id), known(failed.id), first.recording_id)


# ── The queue


def test_the_queue_shows_what_waits_for_me(client_as: ClientAs, waiting: Waiting) -> None:
    page = client_as("reviewer").get("/reviewer").text
    assert f"/reviewer/tasks/{waiting.failed}" in page
    assert "0 done today, 2 to do" in page


def test_the_queue_of_a_colleague_is_not_mine(client_as: ClientAs, waiting: Waiting) -> None:
    assert f"/reviewer/tasks/{waiting.failed}" not in client_as("second_reviewer").get("/reviewer").text


def test_what_is_overdue_says_so(client_as: ClientAs, waiting: Waiting, engine: Engine, now: datetime) -> None:
    with db.transaction(engine) as session:
        task = session.get_one(ReviewTask, waiting.failed)
        task.due_at = now - timedelta(hours=3)
        session.add(task)
    assert client_as("reviewer").get("/reviewer").text.count("overdue, carried over") == 1


@once
def test_an_agent_has_no_queue(client_as: ClientAs, waiting: Waiting) -> None:
    assert client_as("agent").get("/reviewer").status_code == 403


# ── One call


def test_a_call_shows_its_script_as_it_was_spoken(client_as: ClientAs, waiting: Waiting) -> None:
    page = client_as("reviewer").get(f"/reviewer/tasks/{waiting.failed}").text
    assert "我是福州外呼中心的客户代表" in page
    assert "{offer." not in page


def test_the_trial_s_end_is_the_one_that_was_told(
    client_as: ClientAs, waiting: Waiting, engine: Engine, now: datetime
) -> None:
    with db.transaction(engine) as session:
        sale = session.get_one(Subscription, waiting.sale)
        assert sale.trial_ends_on is not None
        sale.trial_ends_on += timedelta(days=30)
        session.add(sale)
    page = client_as("reviewer").get(f"/reviewer/tasks/{waiting.failed}").text
    agreed = local_day(now, "Asia/Shanghai") + timedelta(days=TRIAL_DAYS - 1)
    assert f"到{date_said(agreed, 'zh')}结束" in page


def test_a_disclosure_leads_to_the_second_at_which_it_was_ticked(client_as: ClientAs, waiting: Waiting) -> None:
    page = client_as("reviewer").get(f"/reviewer/tasks/{waiting.failed}").text
    marker = re.search(r'<button type="button" class="marker told" data-jump="23.78"[^>]*><span>([^<]*)', page)
    assert marker is not None and marker[1] == "Tariff"


def test_the_self_check_is_not_on_the_page_before_the_verdict(client_as: ClientAs, waiting: Waiting) -> None:
    assert "self-check" not in client_as("reviewer").get(f"/reviewer/tasks/{waiting.failed}").text.lower()


def test_somebody_else_s_task_is_refused(client_as: ClientAs, waiting: Waiting) -> None:
    answer = client_as("second_reviewer").get(f"/reviewer/tasks/{waiting.failed}")
    assert (answer.status_code, "was given to a colleague" in answer.text) == (403, True)


def test_another_centre_s_task_is_not_there(
    client_as: ClientAs, waiting: Waiting, engine: Engine, cast: Cast, settings: Settings, now: datetime
) -> None:
    with db.transaction(engine) as session:
        maker = HeardMaker(session, cast.xm, settings, now=now)
        recording = maker.recorded_call(cast.outsider)
        task = ReviewTask(
            centre_id=known(cast.xm.id),
            source=ReviewSource.TARGETED,
            recording_id=known(recording.id),
            call_id=known(recording.call_id),
            reviewer_id=known(cast.outsider_manager.id),
            made_at=now,
            due_at=now,
        )
        session.add(task)
        session.flush()
        number = task.id
    assert client_as("reviewer").get(f"/reviewer/tasks/{number}").status_code == 404


# ── The verdict


def test_a_failed_sale_makes_a_correction_task_and_the_next_call_opens(
    client_as: ClientAs, waiting: Waiting, engine: Engine
) -> None:
    answer = client_as("reviewer").post(f"/reviewer/tasks/{waiting.failed}", data=NO_CONSENT, follow_redirects=True)
    assert answer.request.path == f"/reviewer/tasks/{waiting.passed}"
    assert "A correction call is due" in answer.text
    with Session(engine) as session:
        correction = session.exec(select(Correction)).one()
        assert (correction.subscription_id, correction.state) == (waiting.sale, CorrectionState.DUE)
        assert session.get_one(Subscription, waiting.sale).state == SubscriptionState.CORRECTION_DUE


def test_marks_are_kept_with_second_reason_note_and_the_words_asked(
    client_as: ClientAs, waiting: Waiting, engine: Engine
) -> None:
    client_as("reviewer").post(f"/reviewer/tasks/{waiting.failed}", data={**NO_CONSENT, "comment": "语速偏快"})
    with Session(engine) as session:
        review = session.exec(select(Review)).one()
        mark = session.get_one(ReviewMark, (review.id, Criterion.EXPLICIT_CONSENT))
        assert (review.verdict, review.comment) == (Verdict.INVALID, "语速偏快")
        assert (mark.mark, mark.second, mark.reason, mark.note) == (Mark.FAIL, 57.5, "vague", "只说了“嗯”")
        assert mark.asked_zh == Criterion.EXPLICIT_CONSENT.wording.zh


def test_after_the_verdict_the_self_check_stands_beside_it(client_as: ClientAs, waiting: Waiting) -> None:
    reviewer = client_as("reviewer")
    answer = reviewer.post(f"/reviewer/tasks/{waiting.failed}", data=NO_CONSENT, follow_redirects=True)
    assert answer.text.count('class="differs"') == 1
    assert "The self-check and the review differ." in reviewer.get(f"/reviewer/tasks/{waiting.failed}").text


def test_what_one_reviewer_cannot_tell_goes_to_a_supervisor(client_as: ClientAs, waiting: Waiting) -> None:
    unsure = {**ALL_PASS, "mark-understanding": "unsure"}
    answer = client_as("reviewer").post(f"/reviewer/tasks/{waiting.failed}", data=unsure, follow_redirects=True)
    assert "A supervisor hears the call too" in answer.text


def test_the_last_verdict_empties_the_queue(client_as: ClientAs, waiting: Waiting) -> None:
    reviewer = client_as("reviewer")
    reviewer.post(f"/reviewer/tasks/{waiting.failed}", data=NO_CONSENT)
    answer = reviewer.post(f"/reviewer/tasks/{waiting.passed}", data=ALL_PASS, follow_redirects=True)
    assert (answer.request.path, "Your queue is empty" in answer.text) == ("/reviewer", True)


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ({"mark-understanding": ""}, "Mark this one: pass, fail or cannot tell."),
        ({"reason-explicit_consent": "", "note-explicit_consent": ""}, "choose a reason or write a note"),
        ({"reason-explicit_consent": "other", "note-explicit_consent": ""}, "write in a note what it is"),
        ({"second-explicit_consent": ""}, "give the second at which it is"),
        ({"second-explicit_consent": "9:00"}, "lies outside the recording"),
        ({"second-explicit_consent": "soon"}, "is not a moment of the call"),
        ({"reason-explicit_consent": "tariff_not_told"}, "is not a reason for failing"),
    ],
)
def test_a_verdict_that_says_too_little_is_refused_and_stays_typed(
    client_as: ClientAs, waiting: Waiting, engine: Engine, typed: dict[str, str], sentence: str
) -> None:
    answer = client_as("reviewer").post(f"/reviewer/tasks/{waiting.failed}", data={**NO_CONSENT, **typed})
    assert (answer.status_code, sentence in answer.text) == (422, True)
    assert 'value="fail" data-key="Shift+4"' in answer.text and "checked" in answer.text
    with Session(engine) as session:
        assert session.exec(select(Review)).all() == []


def test_a_verdict_is_given_once(client_as: ClientAs, waiting: Waiting, engine: Engine) -> None:
    reviewer = client_as("reviewer")
    reviewer.post(f"/reviewer/tasks/{waiting.failed}", data=NO_CONSENT)
    answer = reviewer.post(f"/reviewer/tasks/{waiting.failed}", data=ALL_PASS)
    assert (answer.status_code, "done already" in answer.text) == (409, True)
    with Session(engine) as session:
        assert session.exec(select(Review)).one().verdict == Verdict.INVALID


def test_a_colleague_cannot_give_my_verdict(client_as: ClientAs, waiting: Waiting, engine: Engine) -> None:
    answer = client_as("second_reviewer").post(f"/reviewer/tasks/{waiting.failed}", data=NO_CONSENT)
    assert answer.status_code == 403
    with Session(engine) as session:
        assert session.exec(select(Review)).all() == []


# ── Agents and their own reviews


def test_an_agent_reads_own_reviews_with_marks_and_notes(client_as: ClientAs, waiting: Waiting) -> None:
    client_as("reviewer").post(f"/reviewer/tasks/{waiting.failed}", data=NO_CONSENT)
    agent = client_as("agent")
    assert "Explicit consent" in agent.get("/my-reviews").text
    review = agent.get("/my-reviews/1").text
    assert "只说了“嗯”" in review and 'data-jump="57.5"' in review


def test_an_agent_hears_the_moment_and_that_is_journalled(
    client_as: ClientAs, waiting: Waiting, engine: Engine, cast: Cast
) -> None:
    client_as("reviewer").post(f"/reviewer/tasks/{waiting.failed}", data=NO_CONSENT)
    answer = client_as("agent").get("/my-reviews/1/audio", headers={"Range": "bytes=0-99"})
    assert (answer.status_code, len(answer.data)) == (206, 100)
    with Session(engine) as session:
        heard = session.exec(select(JournalEntry).where(JournalEntry.action == "recording.heard")).one()
        assert heard.actor_id == cast.agent.id


@pytest.mark.parametrize("address", ["/my-reviews/1", "/my-reviews/1/audio"])
def test_a_colleague_s_review_is_not_there(client_as: ClientAs, waiting: Waiting, address: str) -> None:
    client_as("reviewer").post(f"/reviewer/tasks/{waiting.failed}", data=NO_CONSENT)
    assert client_as("second_agent").get(address).status_code == 404


# ── In a real browser


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
    for _try in range(200):
        if second(page) > wanted:
            return
        page.wait_for_timeout(50)
    raise AssertionError(f"the player stands at {second(page)} s")


def playing(page: "Page") -> bool:
    return not page.evaluate("document.querySelector('audio').paused")


@pytest.mark.browser
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
    keys.press("Control+Enter")
    page.wait_for_url(f"**/reviewer/tasks/{waiting.passed}?after=*")
    assert "A correction call is due" in page.inner_text(".before")
    with Session(engine) as session:
        assert session.exec(select(Correction)).one().state == CorrectionState.DUE
        mark = session.get_one(ReviewMark, (1, Criterion.EXPLICIT_CONSENT))
        assert mark.second is not None and 50 < mark.second < 62


@once
@pytest.mark.browser
def test_a_compliant_call_takes_at_most_twelve_keys(page_as: PageAs, waiting: Waiting, engine: Engine) -> None:
    page = page_as("reviewer")
    page.goto(f"/reviewer/tasks/{waiting.passed}")
    keys = Keyboard(page)
    keys.press("]", "]", "]", "s", "Space")
    hear_past(page, 1)
    keys.press("1", "2", "3", "4", "Control+Enter")
    page.wait_for_url(f"**/reviewer/tasks/{waiting.failed}?after=*")
    assert keys.pressed <= 12
    with Session(engine) as session:
        assert session.exec(select(Review)).one().verdict == Verdict.VALID


@pytest.fixture
def call(page_as: PageAs, waiting: Waiting) -> "Page":
    page = page_as("reviewer")
    page.goto(f"/reviewer/tasks/{waiting.failed}")
    return page


@once
@pytest.mark.browser
def test_both_sides_are_drawn_before_any_sound_is_loaded(call: "Page") -> None:
    drawn = call.evaluate(
        """[...document.querySelectorAll('.track canvas')].map((canvas) =>
        canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data.some((value) => value > 0))"""
    )
    assert drawn == [True, True]
    assert call.evaluate("document.querySelector('audio').readyState") == 0


@once
@pytest.mark.browser
def test_the_line_being_heard_is_lit(call: "Page") -> None:
    call.click("button.line[data-jump='23.78']")
    hear_past(call, 23.7)
    assert call.get_attribute("li[aria-current]", "data-line") == "23.78"
    assert playing(call)


@once
@pytest.mark.browser
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
@pytest.mark.browser
def test_speed_changes_without_the_pitch(call: "Page") -> None:
    for _ in range(9):
        call.keyboard.press("]")
    assert call.inner_text("[data-speed]") == "3×"
    for _ in range(9):
        call.keyboard.press("[")
    assert call.inner_text("[data-speed]") == "0.75×"
    assert call.evaluate("document.querySelector('audio').preservesPitch")


@once
@pytest.mark.browser
def test_silence_is_skipped_when_wanted(call: "Page") -> None:
    call.keyboard.press("s")
    call.evaluate("window.outbound.player.jump(8.2, {play: true})")
    hear_past(call, 8.8)
    assert call.get_attribute("[data-do=skip]", "aria-pressed") == "true"
    spoken = call.evaluate("JSON.parse(document.querySelector('[data-player]').dataset.player).spoken")
    following = min(start for start, _end in spoken if start > 8.5)
    assert second(call) >= following - 0.4


@once
@pytest.mark.browser
def test_t_stamps_the_moment_for_the_current_criterion(call: "Page") -> None:
    call.evaluate("window.outbound.player.jump(12.3)")
    call.keyboard.press("t")
    assert call.input_value("[name=second-identity_and_permission]") == "0:12.3"


@once
@pytest.mark.browser
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
@pytest.mark.browser
@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_page_of_the_desk_can_be_read_by_everybody(
    page_as: PageAs, live: str, waiting: Waiting, client_as: ClientAs, language: str, theme: str
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
    picture(page, f"reviewer-refused-{language}-{theme}")
    page.select_option("[name=reason-explicit_consent]", "vague")
    page.keyboard.press("Control+Enter")
    page.wait_for_selector(".before")
    picture(page, f"reviewer-next-{language}-{theme}")
    assert_no_violations(page)
    show(page, f"/reviewer/tasks/{waiting.failed}")
    picture(page, f"reviewer-verdict-{language}-{theme}")
    assert_no_violations(page)
