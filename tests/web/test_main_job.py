"""The main job from end to end in a real browser: from a definition to one charge instruction and its evidence."""

import csv
import io
import re
from collections.abc import Callable
from dataclasses import fields
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy.engine import Engine
from sqlalchemy.exc import IntegrityError
from sqlmodel import select

from outbound import db, people, sign_ins
from outbound.billing.model import Acknowledgement, EntryKind, Instruction, InstructionKind, LedgerEntry
from outbound.calls import outcomes
from outbound.campaigns.model import Campaign, CampaignState
from outbound.people import Staff
from outbound.subscriptions.model import Subscription, SubscriptionState
from outbound.timetable.jobs import JOBS
from outbound.timetable.ledger import run_due
from outbound.verification import broken_promises
from qa.review.model import Review
from tests.conftest import Cast, picture
from tests.web.reading import read_what_is_new
from web.app import Console
from web.guard import Guarded

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.browser

SAMPLES = Path(__file__).parent.parent / "samples"
TO_CONSENT = ("Space", "1", "1", "Space", "Space", "Space", "Space", "Space", "1")
SCRIPTS = ("family-number-pitch", "family-number-confirmation", "family-number-correction")
NAME = "亲情网体验营销"


class Centre:
    """The console in a browser, and the clock on its wall."""

    def __init__(self, app: Console, engine: Engine, page: "Page", sign_in: "Callable[..., Page]") -> None:
        self.app, self.engine, self.page, self._sign_in = app, engine, page, sign_in
        self.at(datetime(2026, 11, 23, 2, 0, tzinfo=UTC))

    def at(self, instant: datetime) -> None:
        """Let it be `instant`, everywhere, and let the timetable do what is due by then."""
        self.app.config["NOW"] = lambda: instant
        run_due(self.engine, JOBS, now=instant)
        self.now = instant

    def one(self, asked: Any) -> Any:
        """The only row that a question finds."""
        with db.reading(self.engine) as session:
            return session.exec(asked).one()

    def as_(self, login: str) -> "Page":
        """Sign in as somebody else."""
        self.page.context.clear_cookies()
        return self._sign_in(login, "zh")

    def keys(self, *pressed: str) -> None:
        """Press keys one after the other."""
        for key in pressed:
            self.page.keyboard.press(key)

    def phase(self, name: str) -> None:
        """Wait for the caller's desk to be in a phase."""
        self.page.wait_for_selector(f"#desk[data-phase={name}]")

    def take_and_dial(self, login: str) -> None:
        """Take the next contact and ring, by keyboard."""
        self.as_(login)
        self.phase("idle")
        read_what_is_new(self.page)
        self.keys("n")
        self.phase("claimed")
        self.keys("d")
        self.phase("calling")

    def attach(self, recording: str) -> None:
        """Attach a recording in the wrap-up."""
        self.page.set_input_files("#file", SAMPLES / "recordings" / recording)
        self.page.wait_for_selector("#recording-told:has-text('有效')")


@pytest.fixture
def centre(app: Console, engine: Engine, page: "Page", page_as: "Callable[..., Page]") -> Centre:
    with db.transaction(engine) as session:
        outcomes.fill(session)
    return Centre(app, engine, page, page_as)


def write_and_import(centre: Centre) -> None:
    """Step 1: the manager creates the campaign from a definition, submits its scripts, imports a messy list."""
    page = centre.as_("manager")
    page.goto("/manager/campaigns/new?start=family-number-trial")
    page.click("#definition-form button.primary")
    page.wait_for_selector(f"h1:has-text('{NAME}')")
    assert page.locator(".lacking li").count() >= 4
    for script in SCRIPTS:
        page.goto(f"/scripts/new?start={script}")
        page.click("button[name=submit]")
        page.wait_for_url("**/scripts/versions/*")
    page.goto("/manager/lists/new")
    page.set_input_files("input[name=list]", SAMPLES / "call-lists" / "02-spellings-gbk.csv")
    page.click("#upload button.primary")
    page.wait_for_selector("table.preview")
    picture(page, "main-job-preview")
    page.click("form[data-importing] button.primary")
    page.wait_for_selector("text=240")


def approve(centre: Centre) -> None:
    """Step 2: carrier and business support approve each script; the campaign cannot open before both."""
    page = centre.as_("carrier")
    approve_all(page)
    page = centre.as_("manager")
    page.goto("/manager/campaigns/1")
    assert page.locator(".lacking li").count() == len(SCRIPTS)
    assert page.locator("form[action$='/open'] button:not([disabled])").count() == 0
    page = centre.as_("support")
    approve_all(page)
    page = centre.as_("manager")
    page.goto("/manager/campaigns/1")
    page.click("form[action$='/open'] button")
    confirm(page)
    page.wait_for_selector("form[action$='/pause']")


def approve_all(page: "Page") -> None:
    for version in range(1, len(SCRIPTS) + 1):
        page.goto(f"/scripts/versions/{version}")
        page.click("form[action$='/approve'] button")
        confirm(page)
        page.wait_for_load_state()


def confirm(page: "Page") -> None:
    """Answer the question that a weighty button asks, where it asks one."""
    if page.locator("dialog[open] button.primary").count():
        page.click("dialog[open] button.primary")


def sell(centre: Centre) -> None:
    """Step 3: the agent reads, ticks, makes the self-check, attaches the recording; by keyboard."""
    centre.take_and_dial("agent")
    centre.keys(*TO_CONSENT, "1", "Space")
    centre.phase("wrapup")
    centre.attach("compliant-sale.mp3")
    picture(centre.page, "main-job-sale")
    centre.keys("1", "1", "1", "1", "Enter")
    centre.phase("claimed")
    centre.keys("p")
    centre.page.wait_for_selector("text=请选择小休原因")
    centre.keys("1")
    centre.phase("break")


def review(centre: Centre) -> None:
    """Step 4: yesterday's draw waits for the reviewer, who hears it and marks each criterion."""
    page = centre.as_("reviewer")
    page.goto("/reviewer")
    if not page.locator("a[href^='/reviewer/tasks/']").count():
        page = centre.as_("second_reviewer")
        page.goto("/reviewer")
    page.click("a[href^='/reviewer/tasks/']")
    page.wait_for_url("**/reviewer/tasks/*")
    picture(page, "main-job-review")
    centre.keys("1", "2", "3", "4", "Control+Enter")
    # The next call of the sample, or the empty queue: either says first how this one ended.
    page.wait_for_selector(".notice.before")


def confirm_by_another(centre: Centre) -> None:
    """Step 5: before the trial ends somebody other than the seller asks again."""
    centre.take_and_dial("verifier")
    centre.keys("Space", "1", "1", "Space", "Space", "Space", "1", "1", "Space")
    centre.phase("wrapup")
    centre.attach("confirmation-yes.mp3")
    centre.keys("1", "1", "1", "1", "Enter")
    centre.phase("idle")


def bill(centre: Centre) -> None:
    """Step 6: finance exports the instructions once, and reads the acknowledgement back."""
    page = centre.as_("finance")
    page.goto("/finance")
    picture(page, "main-job-finance")
    page.click("form[action$='/export'] button")
    confirm(page)
    page.wait_for_url("**/finance/batches*")
    with page.expect_download() as download:
        page.click("a[href^='/finance/batches/']")
    rows = list(csv.reader(io.StringIO(Path(download.value.path()).read_text("utf-8-sig"))))
    assert [row[1] for row in rows[1:]] == ["activate", "charge"]
    answers = "key,result,reason\n" + "".join(f"{row[0]},accepted,\n" for row in rows[1:])
    page.set_input_files(
        "input[name=acknowledgement]",
        {"name": "回执.csv", "mimeType": "text/csv", "buffer": answers.encode("gb18030")},
    )
    page.click("form[enctype] button.primary")
    page.wait_for_selector("text=2")
    page.wait_for_load_state()


def test_the_main_job_ends_with_one_charge_instruction_and_its_evidence(centre: Centre, cast: Cast) -> None:
    write_and_import(centre)
    approve(centre)
    assert centre.one(select(Campaign.state)) == CampaignState.OPEN
    sell(centre)
    centre.at(datetime(2026, 11, 24, 2, 0, tzinfo=UTC))
    review(centre)
    assert centre.one(select(Review.verdict)) == "valid"
    sold = centre.one(select(Subscription))
    assert sold.state == SubscriptionState.TRIAL
    eve = datetime.combine(sold.trial_ends_on, time(2, 0), UTC)
    centre.at(eve - timedelta(days=2))
    confirm_by_another(centre)
    centre.at(eve + timedelta(days=1))
    bill(centre)
    assert centre.one(select(LedgerEntry.amount_fen)) == 500
    charge = centre.one(select(Instruction).where(Instruction.kind == InstructionKind.CHARGE))
    assert centre.one(select(Acknowledgement).where(Acknowledgement.instruction_id == charge.id)).accepted
    page = centre.as_("finance")
    page.goto(f"/subscriptions/{sold.id}/evidence")
    for said in ("¥5.00", "family-number-pitch", "family-number-confirmation"):
        assert said in page.content()
    picture(page, "main-job-evidence", full=True)
    with db.reading(centre.engine) as session:
        assert broken_promises(session) == []


def test_without_the_second_confirmation_nothing_that_a_person_clicks_or_posts_charges(
    centre: Centre, cast: Cast
) -> None:
    """Everybody posts to everything, with whatever a form may hold, before and after the trial's end."""
    write_and_import(centre)
    approve(centre)
    sell(centre)
    sold = centre.one(select(Subscription))
    centre.app.config["WTF_CSRF_ENABLED"] = False
    for days in (0, 1, 2, 40, 70):
        centre.at(datetime.combine(sold.trial_ends_on, time(2, 0), UTC) + timedelta(days=days))
        post_everything(centre, everybody_of(cast), also_forbidden=days == 1)
        with db.reading(centre.engine) as session:
            assert session.exec(select(LedgerEntry)).all() == []
            assert session.exec(select(Instruction).where(Instruction.kind == InstructionKind.CHARGE)).all() == []
    assert centre.one(select(Subscription.state)) in (SubscriptionState.LAPSED, SubscriptionState.CANCELLED)
    with pytest.raises(IntegrityError, match="charge"), db.transaction(centre.engine) as session:
        session.add(
            LedgerEntry(
                centre_id=sold.centre_id,
                subscription_id=sold.id,
                cycle="2026-12-24",
                kind=EntryKind.CHARGE,
                amount_fen=500,
                at=centre.now,
            )
        )


def everybody_of(cast: Cast) -> list[Staff]:
    """All who sign in at the centre or for the carrier, but the verifier: the second call is what must not happen."""
    people_here = [getattr(cast, field.name) for field in fields(cast)]
    return [person for person in people_here if isinstance(person, Staff) and person.login != "verifier"]


def post_everything(centre: Centre, posters: list[Staff], *, also_forbidden: bool) -> None:
    """Send plausible forms to every route that takes any, as each of `posters`; refusals are what is expected.

    What a role forbids is refused before anything else is looked at, so that need not be tried on every day.
    """
    routes = [rule for rule in centre.app.url_map.iter_rules() if (rule.methods or set()) & {"POST", "PUT", "DELETE"}]
    kept = [rule for rule in routes if rule.rule not in ("/sign-out", "/sign-in") and "let-go" not in rule.rule]
    for person in posters:
        client = centre.app.test_client()
        with db.transaction(centre.engine) as session:
            token = sign_ins.sign_in(session, session.get_one(Staff, person.id), hours=12, now=centre.now)
            roles = people.roles_of(session, person)
        with client.session_transaction() as cookie:
            cookie["token"] = token
        for rule in kept:
            view = centre.app.view_functions[rule.endpoint]
            permission = view.permission if isinstance(view, Guarded) else None
            if permission and not also_forbidden and not people.may(roles, permission):
                continue
            given = dict.fromkeys(rule.arguments, "1")
            address = rule.rule
            for name in given:
                address = re.sub(rf"<[^<>]*\b{name}>", given[name], address)
            for method in sorted((rule.methods or set()) & {"POST", "PUT", "DELETE"}):
                answer = client.open(address, method=method, data=PLAUSIBLE)
                assert answer.status_code < 500, (person.login, method, address)


PLAUSIBLE = {
    "outcome": "confirmed",
    "state": "confirmed",
    "result": "passed",
    "kind": "second",
    "amount_fen": "500",
    "reason": "x",
    "answer": "x",
    "said": "x",
    "note": "x",
    "comment": "x",
    "grievance": "price",
    "upheld": "no",
    "marks": "pass",
    "reviewer": "1",
    "reference": "1",
    "subscription": "1",
    "confirmation": "1",
    "reviewer_id": "1",
}
