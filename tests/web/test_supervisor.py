"""The supervisor's desk: late wrap-ups settled, who is on a customer, the week's faults, reviews handed over."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from flask.testing import FlaskClient
from sqlalchemy.engine import Engine
from sqlmodel import Session, select

from outbound import db
from outbound.calls.model import Call, LateWrapUp, LateWrapUpSettlement
from outbound.compliance import Criterion, Mark
from outbound.dialing.model import Claim
from outbound.people import known
from outbound.settings import Settings
from outbound.subscriptions.model import Subscription, SubscriptionState
from qa.review import verbs as reviews
from qa.review.marks import CriterionMark
from qa.review.model import ReviewTask
from tests.conftest import Cast, assert_no_violations, picture
from tests.heard_calls import TRUTH, HeardMaker, show

if TYPE_CHECKING:
    from playwright.sync_api import Page

ClientAs = Callable[..., FlaskClient]
PageAs = Callable[..., "Page"]
once = pytest.mark.parametrize("engine", ["sqlite"], indirect=True)

PASSED = {criterion: CriterionMark(Mark.PASS, 5.0) for criterion in Criterion}
NO_CONSENT = {**PASSED, Criterion.EXPLICIT_CONSENT: CriterionMark(Mark.FAIL, 57.5, "vague", "只说了“嗯”")}


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


@dataclass(frozen=True)
class Day:
    """A morning: one wrap-up came late, one review is done with a fault, one is overdue, one agent holds a contact."""

    late: int
    late_call: int
    task: int
    review: int


@pytest.fixture
def day(engine: Engine, cast: Cast, settings: Settings, now: datetime) -> Day:
    with db.transaction(engine) as session:
        maker = HeardMaker(session, cast.fz, settings, now=now)
        maker.write_script(cast.manager)
        late = _late(maker, cast, now)
        failed = maker.task(maker.heard_sale(cast.agent, "no-explicit-consent.mp3"), cast.reviewer)
        review = reviews.mark(session, failed, NO_CONSENT, by=cast.reviewer, now=now - timedelta(minutes=30))
        waiting = maker.task(
            maker.heard_sale(cast.second_agent, "compliant-sale.mp3", digits="+8613800138002"), cast.reviewer
        )
        waiting.due_at = now - timedelta(hours=10)
        session.add(waiting)
        _held(maker, cast, now)
        return Day(known(late.id), late.call_id, known(waiting.id), known(review.id))


def _late(maker: HeardMaker, cast: Cast, now: datetime) -> LateWrapUp:
    call = maker.call(cast.agent, contact=maker.rung("+8613800138009"), at=now - timedelta(hours=1), outcome=None)
    maker._wrap_up(maker.call(cast.second_agent, outcome=None), "refused", now)
    ticks = {step["step"]: step["start"] for step in TRUTH["compliant-sale.mp3"]["steps"]}
    report = {
        "key": "late-report-1",
        "outcome": "sold",
        "ticks": ticks,
        "marks": dict.fromkeys(Criterion, "pass"),
        "note": "客户要求发短信说明",
        "seconds": 66,
    }
    late = LateWrapUp(
        centre_id=known(cast.fz.id),
        call_id=known(call.id),
        by_id=known(cast.agent.id),
        key="late-report-1",
        report=report,
        at=now - timedelta(minutes=20),
    )
    return maker._store(late)


def _held(maker: HeardMaker, cast: Cast, now: datetime) -> None:
    contact = maker.rung("+8613800138008")
    maker._store(
        Claim(
            centre_id=contact.centre_id,
            campaign_id=contact.campaign_id,
            contact_id=known(contact.id),
            phone_id=contact.phone_id,
            agent_id=known(cast.second_agent.id),
            duty=contact.duty,
            epoch=1,
            claimed_at=now - timedelta(minutes=4),
            lease_until=now + timedelta(minutes=11),
        )
    )


# ── Late wrap-ups


def test_a_late_wrap_up_shows_what_was_reported(client_as: ClientAs, day: Day) -> None:
    page = client_as("supervisor").get("/supervisor").text
    assert "客户要求发短信说明" in page and "1:06" in page


def test_an_accepted_wrap_up_counts_as_if_it_had_come_in_time(
    client_as: ClientAs, day: Day, engine: Engine, cast: Cast
) -> None:
    supervisor = client_as("supervisor")
    data = {f"note-{day.late}": "录音已听，属实"}
    answer = supervisor.post(f"/supervisor/late/{day.late}/settle", data=data, follow_redirects=True)
    assert "is registered as reported" in answer.text and "客户要求发短信说明" not in answer.text
    with Session(engine) as session:
        settled = session.get_one(LateWrapUpSettlement, day.late)
        assert (settled.by_id, settled.note) == (cast.supervisor.id, "录音已听，属实")
        assert session.get_one(Call, day.late_call).outcome_code == "sold"
        sale = session.exec(select(Subscription).where(Subscription.sale_call_id == day.late_call)).one()
        assert (sale.state, sale.seller_id) == (SubscriptionState.TRIAL, cast.agent.id)


def test_accepting_needs_a_note(client_as: ClientAs, day: Day, engine: Engine) -> None:
    answer = client_as("supervisor").post(f"/supervisor/late/{day.late}/settle", data={f"note-{day.late}": " "})
    assert (answer.status_code, "Fill this in." in answer.text) == (422, True)
    with Session(engine) as session:
        assert session.get_one(Call, day.late_call).outcome_code is None


def test_accepted_twice_is_accepted_once(client_as: ClientAs, day: Day, engine: Engine) -> None:
    supervisor = client_as("supervisor")
    for note in ("first", "second"):
        supervisor.post(f"/supervisor/late/{day.late}/settle", data={f"note-{day.late}": note})
    with Session(engine) as session:
        assert session.get_one(LateWrapUpSettlement, day.late).note == "first"


@once
def test_another_centre_s_late_wrap_up_is_not_there(client_as: ClientAs, day: Day) -> None:
    answer = client_as("outsider_manager").post(f"/supervisor/late/{day.late}/settle", data={f"note-{day.late}": "x"})
    assert answer.status_code == 404


@pytest.mark.parametrize("address", ["/supervisor", "/supervisor/faults", "/supervisor/reviews"])
@once
def test_an_agent_does_not_supervise(client_as: ClientAs, address: str) -> None:
    assert client_as("agent").get(address).status_code == 403


# ── Who is on a customer now


def test_who_holds_a_contact_is_shown_with_since_and_until(client_as: ClientAs, day: Day) -> None:
    page = client_as("supervisor").get("/supervisor").text
    assert "Second Agent" in page and "4 min ago" in page and "in 11 min" in page


@once
def test_another_centre_s_agents_are_not_shown(client_as: ClientAs, day: Day) -> None:
    assert "Nobody holds a contact" in client_as("outsider_manager").get("/supervisor").text


# ── Faults


def test_a_failed_sale_stands_in_the_register_with_its_correction(client_as: ClientAs, day: Day) -> None:
    page = client_as("supervisor").get("/supervisor/faults").text
    assert "Explicit consent" in page and "只说了“嗯”" in page and "● due" in page


def test_the_fault_leads_to_the_verdict(client_as: ClientAs, day: Day) -> None:
    supervisor = client_as("supervisor")
    assert f'href="/supervisor/reviews/{day.review}"' in supervisor.get("/supervisor/faults").text
    assert "只说了“嗯”" in supervisor.get(f"/supervisor/reviews/{day.review}").text


@once
def test_another_week_is_empty(client_as: ClientAs, day: Day) -> None:
    assert "No fault was found" in client_as("supervisor").get("/supervisor/faults?week=2026-W40").text


@once
@pytest.mark.parametrize("week", ["2026-W99", "yesterday"])
def test_a_week_that_does_not_exist_is_refused(client_as: ClientAs, week: str) -> None:
    answer = client_as("supervisor").get(f"/supervisor/faults?week={week}")
    assert (answer.status_code, "is not a period" in answer.text) == (422, True)


@once
def test_another_centre_s_verdict_is_not_there(client_as: ClientAs, day: Day) -> None:
    assert client_as("outsider_manager").get(f"/supervisor/reviews/{day.review}").status_code == 404


# ── Reviews and reviewers


@once
@pytest.mark.parametrize("address", ["/supervisor", "/supervisor/reviews"])
def test_what_waits_is_counted_beside_every_page(client_as: ClientAs, day: Day, address: str) -> None:
    rail = client_as("supervisor").get(address).text.split('class="rail"')[1].split("</nav>")[0]
    assert 'Today <span class="count">1</span>' in rail
    assert rail.count('class="count"') == 1


def test_overdue_reviews_are_counted_for_their_reviewer(client_as: ClientAs, day: Day) -> None:
    page = client_as("supervisor").get("/supervisor/reviews").text
    assert "overdue, carried over" in page and '<strong class="bad">1</strong>' in page


def test_a_review_is_handed_over(client_as: ClientAs, day: Day, engine: Engine, cast: Cast) -> None:
    data = {f"reviewer-{day.task}": str(cast.second_reviewer.id)}
    answer = client_as("supervisor").post(f"/supervisor/tasks/{day.task}/hand-over", data=data, follow_redirects=True)
    assert "Handed over to Second Reviewer." in answer.text
    assert client_as("second_reviewer").get(f"/reviewer/tasks/{day.task}").status_code == 200
    assert client_as("reviewer").get(f"/reviewer/tasks/{day.task}").status_code == 403


@pytest.mark.parametrize("who", ["", "agent", "outsider_manager"])
@once
def test_a_review_goes_only_to_somebody_who_reviews_here(
    client_as: ClientAs, day: Day, engine: Engine, cast: Cast, who: str
) -> None:
    chosen = str(getattr(cast, who).id) if who else ""
    answer = client_as("supervisor").post(
        f"/supervisor/tasks/{day.task}/hand-over", data={f"reviewer-{day.task}": chosen}
    )
    assert (answer.status_code, "Choose one of the options shown." in answer.text) == (422, True)
    with Session(engine) as session:
        assert session.get_one(ReviewTask, day.task).reviewer_id == cast.reviewer.id


def test_a_supervisor_reviews_through_the_same_page(client_as: ClientAs, day: Day, engine: Engine, cast: Cast) -> None:
    supervisor = client_as("supervisor")
    supervisor.post(f"/supervisor/tasks/{day.task}/hand-over", data={f"reviewer-{day.task}": str(cast.supervisor.id)})
    assert f"/reviewer/tasks/{day.task}" in supervisor.get("/reviewer").text
    data = {f"mark-{criterion}": "pass" for criterion in Criterion}
    assert supervisor.post(f"/reviewer/tasks/{day.task}", data=data).status_code == 302


# ── In a real browser


@once
@pytest.mark.browser
@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_page_of_the_desk_can_be_read_by_everybody(
    page_as: PageAs, live: str, day: Day, language: str, theme: str
) -> None:
    page = page_as("supervisor", language)
    page.context.add_cookies([{"name": "theme", "value": theme, "url": live}])
    for name, address in {
        "today": "/supervisor",
        "faults": "/supervisor/faults",
        "reviews": "/supervisor/reviews",
        "verdict": f"/supervisor/reviews/{day.review}",
    }.items():
        show(page, address)
        picture(page, f"supervisor-{name}-{language}-{theme}")
        assert_no_violations(page)


@once
@pytest.mark.browser
def test_an_agent_s_reviews_can_be_read_by_everybody(page_as: PageAs, day: Day) -> None:
    page = page_as("agent", "zh")
    show(page, "/my-reviews")
    picture(page, "my-reviews-zh")
    assert_no_violations(page)
    show(page, f"/my-reviews/{day.review}")
    picture(page, "my-review-zh")
    assert_no_violations(page)
