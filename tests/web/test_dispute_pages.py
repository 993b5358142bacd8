"""Disputes in the console: the agent answers, the team leader screens, another reviewer decides; verdicts changed."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

import pytest
from flask.testing import FlaskClient
from sqlalchemy.engine import Engine
from sqlmodel import Session, select

from outbound import db
from outbound.compliance import Criterion, Mark
from outbound.people import known
from outbound.recordings.model import Recording
from outbound.settings import Settings
from outbound.subscriptions.model import Subscription, SubscriptionState
from qa.disputes import verbs as disputes
from qa.disputes.model import Dispute, DisputeScreening
from qa.review import verbs as reviews
from qa.review.marks import CriterionMark
from qa.review.model import Review, ReviewSource, ReviewTask
from tests.conftest import Cast, assert_no_violations, picture
from tests.heard_calls import HeardMaker, Waiting, show, two_wait

if TYPE_CHECKING:
    from playwright.sync_api import Page

ClientAs = Callable[..., FlaskClient]
PageAs = Callable[..., "Page"]
pytestmark = pytest.mark.parametrize("engine", ["sqlite"], indirect=True)

PASSED = {criterion: CriterionMark(Mark.PASS, 5.0) for criterion in Criterion}
VAGUE = CriterionMark(Mark.FAIL, 57.5, "vague", "只说了“嗯”")
FAILED = {**PASSED, Criterion.EXPLICIT_CONSENT: VAGUE}
ALL_PASS = {f"mark-{criterion}": "pass" for criterion in Criterion}


@dataclass(frozen=True)
class Failed:
    """A sale that the reviewer has failed, and the call that still waits for them."""

    review: int
    sale: int
    waiting: Waiting


@pytest.fixture
def failed(engine: Engine, cast: Cast, settings: Settings, now: datetime) -> Failed:
    waiting = two_wait(engine, cast, settings, now=now)
    with db.transaction(engine) as session:
        task = session.get_one(ReviewTask, waiting.failed)
        comment = "[0:12] 语速偏快\n态度好"
        review = reviews.mark(session, task, FAILED, comment=comment, by=cast.reviewer, now=now)
        return Failed(known(review.id), waiting.sale, waiting)


@pytest.fixture
def disputed(engine: Engine, cast: Cast, failed: Failed, now: datetime) -> int:
    with db.transaction(engine) as session:
        review = session.get_one(Review, failed.review)
        return known(disputes.dispute(session, review, why="0:57 客户说了“可以”", by=cast.agent, now=now).id)


# ── The agent


def test_an_agent_sees_until_when_to_answer(client_as: ClientAs, failed: Failed) -> None:
    agent = client_as("agent")
    assert "Waiting for your answer: 1." in agent.get("/my-reviews").text
    assert "answer by" in agent.get(f"/my-reviews/{failed.review}").text


def test_a_remark_is_heard_at_its_moment(client_as: ClientAs, failed: Failed) -> None:
    page = client_as("agent").get(f"/my-reviews/{failed.review}").text
    assert 'data-jump="12.0"' in page and "态度好" in page


def test_an_accepted_review_asks_for_no_more(client_as: ClientAs, failed: Failed) -> None:
    agent = client_as("agent")
    page = agent.post(f"/my-reviews/{failed.review}/accept", follow_redirects=True).text
    assert "accepted" in page and "Waiting for your answer" not in page


def test_a_dispute_without_grounds_comes_back(client_as: ClientAs, failed: Failed) -> None:
    answer = client_as("agent").post(f"/my-reviews/{failed.review}/dispute", data={"why": " "})
    assert (answer.status_code, "Fill this in." in answer.text) == (422, True)


def test_a_dispute_waits_for_the_team_leader(client_as: ClientAs, failed: Failed, engine: Engine) -> None:
    agent = client_as("agent")
    page = agent.post(f"/my-reviews/{failed.review}/dispute", data={"why": "说了可以"}, follow_redirects=True).text
    assert "disputed, to be screened" in page and "/accept" not in page
    with Session(engine) as session:
        assert session.exec(select(Dispute)).one().why == "说了可以"


@pytest.mark.parametrize("verb", ["accept", "dispute"])
def test_a_colleague_answers_nothing(client_as: ClientAs, failed: Failed, verb: str) -> None:
    answer = client_as("second_agent").post(f"/my-reviews/{failed.review}/{verb}", data={"why": "x"})
    assert answer.status_code == 404


# ── The team leader


def test_the_team_leader_refers_a_dispute_and_another_reviewer_decides(
    client_as: ClientAs, failed: Failed, disputed: int, engine: Engine
) -> None:
    leader = client_as("supervisor")
    assert "0:57 客户说了“可以”" in leader.get(f"/supervisor/disputes/{disputed}").text
    page = leader.post(f"/supervisor/disputes/{disputed}/refer", follow_redirects=True).text
    assert "Second Reviewer hears the call again and decides." in page
    with Session(engine) as session:
        hearing = session.exec(select(ReviewTask).where(ReviewTask.source == ReviewSource.DISPUTE)).one()
    decider = client_as("second_reviewer")
    assert "The caller disputes this verdict; yours decides." in decider.get(f"/reviewer/tasks/{hearing.id}").text
    after = decider.post(f"/reviewer/tasks/{hearing.id}", data=ALL_PASS, follow_redirects=True).text
    assert "the call counts again" in after
    with Session(engine) as session:
        assert session.get_one(Subscription, failed.sale).state == SubscriptionState.TRIAL
    assert "The correction was called off" in client_as("agent").get(f"/my-reviews/{failed.review}").text
    assert "decided anew" in leader.get("/supervisor/disputes").text


def test_a_rejection_says_why(client_as: ClientAs, failed: Failed, disputed: int, engine: Engine) -> None:
    leader = client_as("supervisor")
    refused = leader.post(f"/supervisor/disputes/{disputed}/reject", data={"reason": ""})
    assert refused.status_code == 422
    leader.post(f"/supervisor/disputes/{disputed}/reject", data={"reason": "“嗯”不算明确同意"})
    with Session(engine) as session:
        assert not session.get_one(DisputeScreening, disputed).referred
    assert "“嗯”不算明确同意" in client_as("agent").get(f"/my-reviews/{failed.review}").text


def test_waiting_disputes_are_counted_beside_their_page(client_as: ClientAs, disputed: int) -> None:
    assert 'Disputes <span class="count">1</span>' in client_as("supervisor").get("/supervisor").text


def test_an_agent_does_not_screen(client_as: ClientAs, disputed: int) -> None:
    assert client_as("agent").post(f"/supervisor/disputes/{disputed}/refer").status_code == 403


# ── The reviewer changes an own verdict


def test_a_verdict_is_changed_with_a_reason_and_both_stay(client_as: ClientAs, failed: Failed, engine: Engine) -> None:
    reviewer = client_as("reviewer")
    form = reviewer.get(f"/reviewer/verdicts/{failed.review}/change").text
    assert 'value="0:57.5"' in form and "只说了“嗯”" in form
    without = reviewer.post(f"/reviewer/verdicts/{failed.review}/change", data=ALL_PASS)
    assert (without.status_code, "Fill this in." in without.text) == (422, True)
    page = reviewer.post(
        f"/reviewer/verdicts/{failed.review}/change", data={**ALL_PASS, "why": "重听更正"}, follow_redirects=True
    ).text
    assert "Reason: 重听更正" in page and page.count("Not valid") + page.count("Invalid") >= 1
    with Session(engine) as session:
        assert [review.version for review in session.exec(select(Review))] == [1, 2]


def test_a_colleague_s_verdict_is_not_mine_to_change(client_as: ClientAs, failed: Failed) -> None:
    assert client_as("second_reviewer").get(f"/reviewer/verdicts/{failed.review}/change").status_code == 404


# ── What must not be known before the verdict


def test_nothing_of_the_self_check_is_on_the_page_before_the_verdict(
    client_as: ClientAs, engine: Engine, cast: Cast, settings: Settings, now: datetime
) -> None:
    pages = []
    with db.transaction(engine) as session:
        maker = HeardMaker(session, cast.fz, settings, now=now)
        maker.write_script(cast.manager)
        unsure = {**dict.fromkeys(Criterion, Mark.PASS), Criterion.UNDERSTANDING: Mark.UNSURE}
        tasks: list[tuple[int, str, int]] = []
        for given in (dict.fromkeys(Criterion, Mark.PASS), unsure, None):
            call = maker.call(cast.agent, contact=maker.rung(f"+861380013800{len(tasks)}"), given=given, reference="")
            recording = maker.keep(call, "compliant-sale.mp3")
            task = reviews.pull_in(session, recording, reviewer=cast.reviewer, by=None, now=now)
            tasks.append((known(task.id), call.reference, known(recording.id)))
    reviewer = client_as("reviewer")
    for task_id, reference, recording_id in tasks:
        page = reviewer.get(f"/reviewer/tasks/{task_id}").text
        panel = page.split('<section class="player"')[1].split("</main>")[0]
        # A token names the second in which its page was made.
        panel = re.sub(r'name="csrf_token" value="[^"]*"', "", panel)
        pages.append(
            panel.replace(reference, "").replace(f"/{recording_id}/", "/").replace(f'"id": {recording_id}', "")
        )
    assert pages[0] == pages[1] == pages[2]
    assert reviewer.get(f"/recordings/{tasks[1][2]}").text.lower().count("unsure") == 0


def test_who_is_still_to_hear_a_call_sees_no_earlier_verdict_of_it(
    client_as: ClientAs, failed: Failed, engine: Engine, cast: Cast, now: datetime
) -> None:
    leader = client_as("supervisor")
    assert "只说了“嗯”" in leader.get("/supervisor/faults").text
    with db.transaction(engine) as session:
        recording = session.get_one(Recording, session.get_one(Review, failed.review).recording_id)
        reviews.pull_in(session, recording, reviewer=cast.supervisor, by=None, now=now)
    assert "只说了“嗯”" not in leader.get("/supervisor/faults").text
    hidden = [f"/supervisor/reviews/{failed.review}", f"/subscriptions/{failed.sale}/evidence"]
    hidden.append(f"/subscriptions/{failed.sale}/evidence.json")
    assert [leader.get(address).status_code for address in hidden] == [403, 403, 403]


# ── The register and the meeting's sheet


@pytest.mark.parametrize(("file", "begins"), [("csv", b"\xef\xbb\xbf"), ("xlsx", b"PK")])
def test_the_register_is_exported(client_as: ClientAs, failed: Failed, file: str, begins: bytes) -> None:
    answer = client_as("supervisor").get(f"/supervisor/faults?export={file}")
    assert answer.data.startswith(begins)
    assert f"faults-2026-W48.{file}" in answer.headers["Content-Disposition"]
    if file == "csv":
        assert "只说了“嗯”" in answer.data.decode("utf-8-sig")


def test_the_sheet_counts_faults_and_leaves_room_for_what_is_agreed(client_as: ClientAs, failed: Failed) -> None:
    page = client_as("supervisor").get("/supervisor/faults/sheet?week=2026-W48").text
    assert "What is agreed" in page and "只说了“嗯”" in page
    assert client_as("supervisor").get("/supervisor/faults/sheet?week=2026-48").status_code == 422


# ── Looked at


@pytest.mark.browser
@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_page_of_a_dispute_can_be_read_by_everybody(
    page_as: PageAs, failed: Failed, disputed: int, engine: Engine, cast: Cast, now: datetime, language: str
) -> None:
    page = page_as("supervisor", language)
    for name, address in {
        "disputes": "/supervisor/disputes",
        "dispute": f"/supervisor/disputes/{disputed}",
        "faults": "/supervisor/faults",
        "sheet": "/supervisor/faults/sheet",
    }.items():
        look(page, address, f"supervisor-{name}-{language}")
    page.emulate_media(media="print")
    picture(page, f"supervisor-sheet-printed-{language}")
    page.emulate_media(media="screen")
    with db.transaction(engine) as session:
        hearing = disputes.refer(session, session.get_one(Dispute, disputed), by=cast.supervisor, now=now)
    look(page_as("second_reviewer", language), f"/reviewer/tasks/{hearing.id}", f"reviewer-dispute-{language}")
    page = page_as("agent", language)
    look(page, "/my-reviews", f"own-reviews-{language}")
    look(page, f"/my-reviews/{failed.review}", f"own-review-{language}")
    with db.transaction(engine) as session:
        reviews.mark(session, session.get_one(ReviewTask, hearing.id), PASSED, by=cast.second_reviewer, now=now)
    look(page, f"/my-reviews/{failed.review + 1}", f"own-review-decided-{language}")


@pytest.mark.browser
@pytest.mark.parametrize("language", ["zh", "en"])
def test_answering_and_changing_can_be_read_by_everybody(page_as: PageAs, failed: Failed, language: str) -> None:
    look(page_as("agent", language), f"/my-reviews/{failed.review}", f"own-review-open-{language}")
    page = page_as("reviewer", language)
    look(page, f"/reviewer/verdicts/{failed.review}", f"reviewer-own-verdict-{language}")
    look(page, f"/reviewer/verdicts/{failed.review}/change", f"reviewer-change-{language}")


def look(page: "Page", address: str, name: str) -> None:
    show(page, address)
    picture(page, name)
    assert_no_violations(page)
