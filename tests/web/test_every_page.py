"""Every page of the demo centre in both languages: it answers, nothing is untranslated, and everybody can read it."""

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy.engine import Engine
from sqlmodel import col, select

from outbound import clock, db, sign_ins
from outbound.billing.model import InstructionBatch
from outbound.call_lists.model import CallList
from outbound.campaigns.model import Campaign
from outbound.demo.cast import PASSWORD
from outbound.people import Staff, known
from outbound.recordings.model import Recording
from outbound.settings import Settings
from outbound.subscriptions.model import Subscription
from qa.disputes.model import Dispute
from qa.review.model import Review, ReviewTask
from scripts.model import PitchScript, ScriptVersion
from tests.conftest import assert_no_violations, picture
from web.app import Console, create_app
from web.language import spoken_messages, translated_messages

if TYPE_CHECKING:
    from playwright.sync_api import Page

DESKS = {
    "agent1": "/agent",
    "verifier1": "/verifier",
    "reviewer1": "/reviewer",
    "supervisor": "/supervisor",
    "manager": "/manager",
    "carrier": "/scripts",
    "finance": "/finance",
    "care": "/care",
}
NOT_PAGES = re.compile(
    r"^/(static|api|openapi|healthz|metrics|language)|(audio|/progress)$|\.(csv|xlsx|json|yaml)$|export|token"
)


@pytest.fixture(scope="module")
def demo(demo_settings: Settings) -> Iterator[tuple[Settings, Engine]]:
    engine = db.open_database(demo_settings.database)
    yield demo_settings, engine
    engine.dispose()


@pytest.fixture
def app(demo: tuple[Settings, Engine]) -> Console:
    return create_app(*demo)


@dataclass(frozen=True)
class Places:
    """Numbers of things of the first centre, by the name under which routes ask for them."""

    numbers: dict[str, int]

    def address(self, rule: str) -> str:
        """The rule with every number filled in."""
        return re.sub(r"<(?:int:)?(\w+)>", lambda found: str(self.numbers.get(found[1], 1)), rule)


@pytest.fixture
def places(demo: tuple[Settings, Engine]) -> Places:
    models: dict[str, Any] = {
        "campaign_id": Campaign,
        "list_id": CallList,
        "script_id": PitchScript,
        "version_id": ScriptVersion,
        "subscription_id": Subscription,
        "recording_id": Recording,
        "batch_id": InstructionBatch,
        "dispute_id": Dispute,
    }
    with db.reading(demo[1]) as session:
        numbers: dict[str, Any] = {
            name: session.exec(select(model.id).where(model.centre_id == 1)).first() for name, model in models.items()
        }
        reviewer = session.exec(select(Staff).where(Staff.login == "reviewer1")).one()
        mine = select(ReviewTask).where(ReviewTask.reviewer_id == reviewer.id, col(ReviewTask.done_at).is_(None))
        numbers["task_id"] = known(session.exec(mine).first().id)  # type: ignore[union-attr]
        numbers["review_id"] = known(session.exec(select(Review)).first().id)  # type: ignore[union-attr]
        given = select(Review.id).where(Review.reviewer_id == reviewer.id)
        numbers["verdict_id"] = session.exec(given).first()
        numbers["staff_id"] = known(reviewer.id)
    return Places({**numbers, "number": 1})


def pages_of(app: Console, places: Places) -> list[str]:
    """The address of every page."""
    rules = [rule for rule in app.url_map.iter_rules() if "GET" in (rule.methods or ()) and "<token>" not in rule.rule]
    return sorted({places.address(rule.rule) for rule in rules if not NOT_PAGES.search(rule.rule)})


def signed_in(app: Console, login: str, language: str) -> FlaskClient:
    client = app.test_client()
    with db.transaction(app.config["ENGINE"]) as session:
        staff = session.exec(select(Staff).where(Staff.login == login)).one()
        token = sign_ins.sign_in(session, staff, hours=12, now=clock.now())
    with client.session_transaction() as cookie:
        cookie["token"] = token
    client.set_cookie("language", language)
    return client


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_page_answers_somebody(app: Console, places: Places, language: str) -> None:
    clients = {login: signed_in(app, login, language) for login in DESKS}
    answered: dict[str, set[int]] = {}
    for address in pages_of(app, places):
        answered[address] = {client.get(address).status_code for client in clients.values()}
    broken = {address: codes for address, codes in answered.items() if max(codes) >= 500 or not codes & {200, 302}}
    unseen = {"/my-reviews/1"}  # only the person reviewed sees it
    assert {address: codes for address, codes in broken.items() if address not in unseen or max(codes) >= 500} == {}


def test_a_chinese_page_holds_no_english_sentence_of_ours(app: Console, places: Places) -> None:
    translated = translated_messages()
    english = {text for _context, text in spoken_messages() if len(text) > 14 and " " in text and "%" not in text}
    assert english
    assert translated
    for login in DESKS:
        client = signed_in(app, login, "zh")
        for address in pages_of(app, places):
            answer = client.get(address)
            if answer.status_code == 200 and "html" in (answer.content_type or ""):
                shown = html.unescape(re.sub(r"<[^>]+>", "\n", answer.text))
                left = english & {line.strip() for line in shown.splitlines()}
                assert left == set(), (login, address)


@pytest.mark.browser
@pytest.mark.parametrize("login", DESKS)
def test_axe_finds_nothing_on_any_page(app: Console, live: str, page: "Page", places: Places, login: str) -> None:
    page.context.add_cookies([{"name": "language", "value": "zh", "url": live}])
    enter(page, login)
    mine = signed_in(app, login, "zh")
    earlier = [signed_in(app, other, "zh") for other in list(DESKS)[: list(DESKS).index(login)]]
    for address in pages_of(app, places):
        # What somebody before in the list may see was looked at with them.
        seen = address != DESKS[login] and any(client.get(address).status_code == 200 for client in earlier)
        if not seen and mine.get(address).status_code == 200:
            page.goto(address)
            assert_no_violations(page)


@pytest.mark.browser
@pytest.mark.parametrize("language", ["zh", "en"])
def test_each_desk_is_photographed_in_both_languages(live: str, page: "Page", language: str) -> None:
    for login, address in DESKS.items():
        page.context.clear_cookies()
        page.context.add_cookies([{"name": "language", "value": language, "url": live}])
        enter(page, login)
        page.goto(address)
        page.wait_for_load_state("networkidle")
        assert picture(page, f"desk-{address[1:]}-{language}").stat().st_size > 10_000


def enter(page: "Page", login: str) -> None:
    page.goto("/sign-in")
    page.fill("#login", login)
    page.fill("#password", PASSWORD)
    page.click("button.primary")
    page.wait_for_url(lambda address: "sign-in" not in address)
