"""The reviewer's desk: the queue, one call heard and marked by keyboard, what follows from it."""

import re
from collections.abc import Callable
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
from outbound.subscriptions import trial
from outbound.subscriptions.model import Subscription, SubscriptionState
from qa.review.model import Correction, CorrectionState, Review, ReviewMark, ReviewSource, ReviewTask
from scripts.spoken import date_said
from tests.conftest import Cast
from tests.factories_calls import EXAMPLE
from tests.heard_calls import HeardMaker, Waiting, two_wait

if TYPE_CHECKING:
    from playwright.sync_api import Page

ClientAs = Callable[..., FlaskClient]
PageAs = Callable[..., "Page"]
once = pytest.mark.parametrize("engine", ["sqlite"], indirect=True)

DESKS = (
    "web.desks.reviewer",
    "web.desks.own_reviews",
    "web.desks.disputes",
    "web.desks.faults",
    "web.desks.recordings",
    "web.desks.supervisor",
)

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


@pytest.fixture
def waiting(engine: Engine, cast: Cast, settings: Settings, now: datetime) -> Waiting:
    return two_wait(engine, cast, settings, now=now)


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
        trial.end_trial(session, sale, now=now)
        assert sale.state == SubscriptionState.EXTENDED
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


def test_further_reasons_are_kept_read_and_stay_ticked(client_as: ClientAs, waiting: Waiting, engine: Engine) -> None:
    reviewer, also = client_as("reviewer"), ["someone_else", "led_or_tricked"]
    typed = {**NO_CONSENT, "also-explicit_consent": also}
    task = f"/reviewer/tasks/{waiting.failed}"
    assert (
        reviewer.post(task, data={**typed, "note-explicit_consent": ""}).text.count('value="someone_else" checked') == 1
    )
    reviewer.post(task, data=typed)
    with Session(engine) as session:
        review = session.exec(select(Review)).one()
        assert session.get_one(ReviewMark, (review.id, Criterion.EXPLICIT_CONSENT)).also == also
    assert "Someone else said yes; The yes was led" in reviewer.get(task).text
    change = reviewer.get(f"/reviewer/verdicts/{review.id}/change").text
    assert change.count('value="someone_else" checked') == 1 and '<details class="also" open>' in change


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
        ({"reason-explicit_consent": ""}, "choose the reason from its list"),
        ({"note-explicit_consent": " "}, "write in a note what was said or left out"),
        ({"comment": "[2:30] too fast"}, "The moment 2:30 of the comment lies outside the recording"),
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
