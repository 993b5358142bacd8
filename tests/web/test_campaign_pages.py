"""Campaigns in the console: written as YAML or as a form, what they lack, their life, their versions."""

import re
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

import pytest
from flask.testing import FlaskClient
from playwright import sync_api
from sqlalchemy.engine import Engine
from sqlmodel import Session, select

from outbound import db
from outbound.calls.outcomes import OutcomeTerms
from outbound.campaigns import lookups, verbs
from outbound.campaigns.definition import read_definition
from outbound.campaigns.model import Campaign, CampaignState
from outbound.settings import Settings
from tests.conftest import NOW, Cast, assert_no_violations, picture
from tests.web import desk_scenes as scenes

if TYPE_CHECKING:
    from playwright.sync_api import Page

ClientAs = Callable[..., FlaskClient]
FORM: dict[str, Any] = {
    "name": "亲情网冬季",
    "kind": "telesales",
    "starts": "2026-12-01",
    "ends": "2026-12-31",
    "offer.name": "亲情网",
    "offer.name_en": "Family number",
    "offer.price_fen": "5.00",
    "offer.trial_days": "30",
    "offer.functions": "加十九位家人\n国内通话不限分钟",
    "offer.functions_en": "add nineteen members\ncalls are included",
    "offer.usage": "发短信办理",
    "offer.enquiry": "打10086",
    "offer.cancel": "打10086取消",
    "offer.cancel_en": "call 10086",
    "scripts.pitch": "family-number-pitch",
    "scripts.confirmation": "family-number-confirmation",
    "scripts.correction": "family-number-correction",
    "calling.profile": "cn-telecom",
    "calling.overrides": "attempts: {max: 4}",
    "calling.outcomes": "no_answer: {retry_minutes: 120, next_number: same}",
    "calling.recalls": "2",
    "calling.lease_minutes": "15",
    "calling.languages": ["zh", "en"],
    "staff": ["agent", "verifier"],
    "skills": "闽南语、莆仙话",
    "lists": "一月.csv",
    "qa.daily_percent": "20",
    "qa.weekly_percent": "5",
    "qa.minimum_seconds": "5",
    "confirmation.requires": ["voice", "sms"],
    "confirmation.days_before": "3",
    "confirmation.tries": "3",
    "confirmation.extension": "yes",
    "targets.sales_per_day": "3",
}


@pytest.fixture
def desks() -> Sequence[str]:
    return ("web.desks.manager", "web.desks.scripts")


@pytest.fixture
def manager(client_as: ClientAs) -> FlaskClient:
    return client_as("manager")


def only_campaign(session: Session) -> Campaign:
    return session.exec(select(Campaign)).one()


def state_of(session: Session, campaign: Campaign) -> CampaignState:
    state = session.exec(select(Campaign.state).where(Campaign.id == campaign.id)).one()
    session.rollback()
    return CampaignState(state)


@pytest.fixture
def drafted(engine: Engine, cast: Cast, now: datetime) -> Campaign:
    with db.transaction(engine) as session:
        return scenes.draft(session, cast, now=now)


@pytest.fixture
def complete(engine: Engine, cast: Cast, settings: Settings, now: datetime) -> Campaign:
    with db.transaction(engine) as session:
        return scenes.ready(session, cast, settings, now=now)


def test_a_definition_makes_a_campaign(manager: FlaskClient, session: Session, cast: Cast) -> None:
    answer = manager.post("/manager/campaigns/new", data={"text": scenes.definition()})
    campaign = only_campaign(session)
    assert answer.location == f"/manager/campaigns/{campaign.id}"
    assert (campaign.name, campaign.centre_id, campaign.state) == ("亲情网体验营销", cast.fz.id, CampaignState.DRAFT)
    assert lookups.in_force(session, campaign).source == scenes.definition()


def test_lines_as_browsers_send_them_are_kept_as_they_were_typed(manager: FlaskClient, session: Session) -> None:
    manager.post("/manager/campaigns/new", data={"text": scenes.definition().replace("\n", "\r\n")})
    assert lookups.in_force(session, only_campaign(session)).source == scenes.definition()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_an_uploaded_definition_makes_a_campaign(manager: FlaskClient, session: Session, encoding: str) -> None:
    manager.post("/manager/campaigns/new", data=upload(scenes.definition().encode(encoding)))
    assert only_campaign(session).name == "亲情网体验营销"


def upload(content: bytes, name: str = "campaign.yaml") -> dict[str, Any]:
    from io import BytesIO

    return {"text": "", "file": (BytesIO(content), name)}


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_an_upload_that_is_no_text_is_told_at_the_file(manager: FlaskClient, session: Session) -> None:
    answer = manager.post("/manager/campaigns/new", data=upload(b"\x89PNG\x00\xff\xfe", "a.png"))
    assert "“a.png” is not a text file" in answer.text
    assert session.exec(select(Campaign)).all() == []


@pytest.mark.parametrize(
    ("old", "new", "line", "sentence"),
    [
        ("name: 亲情网体验营销", "name: 亲情网体验营销\ncolour: red", 3, "`colour` is not known here"),
        ("  price_fen: 500\n", "", 7, "the offer has no price; add `price_fen`"),
        ("trial_days: 30", "trial_days: -3", 12, "a trial cannot last -3 days"),
        ("ends: 2027-01-31", "ends: 2026-01-31", 5, "before it starts on 2026-11-02"),
        ("kind: telesales", "kind telesales", 3, "this line lacks its colon"),
        (
            "\ncalling:",
            "\nstaff: [agent, outsider]\ncalling:",
            33,
            "no agent or verifier with the sign-in name `outsider`",
        ),
    ],
)
@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_a_faulty_definition_comes_back_with_each_fault_at_its_line(
    manager: FlaskClient, session: Session, cast: Cast, old: str, new: str, line: int, sentence: str
) -> None:
    text = scenes.definition().replace(old, new)
    answer = manager.post("/manager/campaigns/new", data={"text": text})
    assert answer.status_code == 422
    assert sentence in answer.text
    assert f'data-line="{line}"' in answer.text
    assert text.splitlines()[line - 1] in answer.text
    assert session.exec(select(Campaign)).all() == []


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_a_faulty_upload_comes_back_in_the_editor(manager: FlaskClient) -> None:
    answer = manager.post("/manager/campaigns/new", data=upload("name: 只有名称\n".encode()))
    assert "name: 只有名称" in answer.text
    assert 'data-line="1"' in answer.text


def test_a_taken_name_is_refused_and_the_text_kept(manager: FlaskClient, drafted: Campaign) -> None:
    answer = manager.post("/manager/campaigns/new", data={"text": scenes.definition()})
    assert "The centre has a campaign named “亲情网体验营销” already; choose another name." in answer.text
    assert "offer:" in answer.text


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_the_check_tells_faults_and_saves_nothing(manager: FlaskClient, session: Session) -> None:
    faulty = manager.post("/manager/campaigns/check", data={"text": "name: x\n"})
    sound = manager.post("/manager/campaigns/check", data={"text": scenes.definition()})
    assert "`kind` is missing; add it." in faulty.text
    assert "No faults: it can be saved." in sound.text
    assert session.exec(select(Campaign)).all() == []


def test_the_form_makes_the_definition_that_was_filled_in(manager: FlaskClient, session: Session, cast: Cast) -> None:
    answer = manager.post("/manager/campaigns/new/form", data=FORM)
    assert answer.status_code == 302, answer.text
    made = lookups.definition_of(session, only_campaign(session))
    assert made.offer is not None
    assert (made.offer.price_fen, made.offer.trial_days) == (500, 30)
    assert [function.en for function in made.offer.functions] == ["add nineteen members", "calls are included"]
    assert (made.offer.cancel.zh, made.offer.cancel.en) == ("打10086取消", "call 10086")
    assert made.calling.overrides == {"attempts": {"max": 4}}
    assert made.calling.outcomes == {"no_answer": OutcomeTerms(retry_minutes=120, next_number="same")}
    assert (made.staff, made.skills, made.lists) == (["agent", "verifier"], ["闽南语", "莆仙话"], ["一月.csv"])
    assert (made.confirmation.requires, made.qa.correction_by_another) == (["voice", "sms"], False)


def test_the_form_gives_back_what_a_definition_holds(manager: FlaskClient, session: Session, cast: Cast) -> None:
    manager.post("/manager/campaigns/new/form", data=FORM)
    place = f"/manager/campaigns/{only_campaign(session).id}/form"
    session.rollback()
    manager.post(place, data={**FORM, "name": "亲情网冬季二期"})
    first, second = (lookups.definition_in(version) for version in lookups.versions(session, only_campaign(session)))
    assert second == first.model_copy(update={"name": "亲情网冬季二期"})


@pytest.mark.parametrize(
    ("field", "typed", "sentence"),
    [
        ("offer.trial_days", "-3", "a trial cannot last -3 days"),
        ("offer.trial_days", "a month", "“Free trial, in days” must be a whole number"),
        ("offer.price_fen", "five", "“five” is not an amount; write yuan, such as 5.00."),
        ("offer.price_fen", "", "Write the price in yuan, such as 5.00"),
        ("offer.functions", "", "“What it does”"),
        ("name", "", "“Name” is missing; add it."),
        ("ends", "2026-11-01", "it ends on 2026-11-01, before it starts"),
        ("scripts.confirmation", "", "A campaign with an offer needs this script; choose one."),
        (
            "qa.daily_percent",
            "120",
            "“Reviewed daily by the centre, in percent” cannot be 120; it must be at most 100.",
        ),
        ("calling.overrides", "max: [4", "This is not YAML such as"),
        ("calling.outcomes", "no_reply: {retry_minutes: 5}", "there is no outcome `no_reply`"),
        ("calling.overrides", "colour: red", "`colour` is not known here"),
        ("staff", "outsider", "no agent or verifier with the sign-in name `outsider`"),
    ],
)
@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_a_fault_of_the_form_is_told_at_its_field(
    manager: FlaskClient, session: Session, cast: Cast, field: str, typed: str, sentence: str
) -> None:
    otherwise = {"offer.functions": "", "offer.functions_en": ""} if field == "offer.functions" else {field: typed}
    answer = manager.post("/manager/campaigns/new/form", data={**FORM, **otherwise})
    assert answer.status_code == 422
    shown = answer.text.split(f'id="{field}-error">')[-1] if field != "staff" else answer.text
    assert shown.startswith(sentence) or field == "staff"
    assert sentence in shown
    assert 'value="亲情网冬季"' in answer.text or field == "name"
    assert session.exec(select(Campaign)).all() == []


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_a_survey_needs_no_offer(manager: FlaskClient, session: Session) -> None:
    survey = {name: value for name, value in FORM.items() if not name.startswith(("offer.", "scripts.c", "staff"))}
    manager.post(
        "/manager/campaigns/new/form",
        data={**survey, "kind": "satisfaction_survey", "scripts.pitch": "satisfaction-survey"},
    )
    assert lookups.definition_of(session, only_campaign(session)).offer is None


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_the_form_shows_the_yaml_that_it_makes(manager: FlaskClient, session: Session) -> None:
    answer = manager.post("/manager/campaigns/form/yaml", data=FORM)
    assert "price_fen: 500" in answer.text
    editor = manager.post("/manager/campaigns/form/editor", data=FORM)
    assert "<textarea" in editor.text
    assert "trial_days: 30" in editor.text
    assert session.exec(select(Campaign)).all() == []


def test_a_draft_says_what_it_lacks_and_where_to_see_to_it(manager: FlaskClient, drafted: Campaign) -> None:
    page = manager.get(f"/manager/campaigns/{drafted.id}").text
    assert "There is no script “family-number-pitch” yet; write it first." in page
    assert 'href="/scripts/new?start=family-number-pitch"' in page
    assert f'href="/manager/lists/new?campaign={drafted.id}"' in page
    assert "<button disabled>Open the campaign</button>" in page


def test_a_script_on_its_way_is_linked(
    manager: FlaskClient, engine: Engine, cast: Cast, drafted: Campaign, now: datetime
) -> None:
    with db.transaction(engine) as session:
        version = scenes.submitted(session, cast, now=now)
    page = manager.get(f"/manager/campaigns/{drafted.id}").text
    assert "still needs the approval of the carrier and business support." in page
    assert f'href="/scripts/versions/{version.id}">version 1</a>' in page


def test_a_campaign_that_lacks_something_does_not_open(
    manager: FlaskClient, session: Session, drafted: Campaign
) -> None:
    answer = manager.post(f"/manager/campaigns/{drafted.id}/open")
    assert (answer.status_code, "Not ready to open:" in answer.text) == (409, True)
    assert state_of(session, drafted) is CampaignState.DRAFT


def test_a_campaign_is_opened_paused_resumed_and_closed(
    manager: FlaskClient, session: Session, complete: Campaign
) -> None:
    states = []
    for verb in ("open", "pause", "resume", "close"):
        assert manager.post(f"/manager/campaigns/{complete.id}/{verb}").status_code == 302
        states.append(state_of(session, complete))
    assert states == [CampaignState.OPEN, CampaignState.PAUSED, CampaignState.OPEN, CampaignState.CLOSED]


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_each_button_says_what_will_happen(manager: FlaskClient, complete: Campaign) -> None:
    page = manager.get(f"/manager/campaigns/{complete.id}").text
    assert 'data-confirm="Agents get contacts of this campaign from now on, within its calling hours."' in page
    manager.post(f"/manager/campaigns/{complete.id}/open")
    page = manager.get(f"/manager/campaigns/{complete.id}").text
    assert "Nobody gets its contacts for sales calls until it is resumed" in page


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_a_closed_campaign_cannot_be_opened_again(manager: FlaskClient, complete: Campaign) -> None:
    manager.post(f"/manager/campaigns/{complete.id}/close")
    answer = manager.post(f"/manager/campaigns/{complete.id}/open")
    assert "“亲情网体验营销” is closed for good; make a new campaign." in answer.text


def test_an_amended_definition_is_a_new_version_with_its_changes(
    manager: FlaskClient, session: Session, drafted: Campaign
) -> None:
    text = scenes.definition().replace("daily_percent: 10", "daily_percent: 30")
    manager.post(f"/manager/campaigns/{drafted.id}/definition", data={"text": text})
    page = manager.get(f"/manager/campaigns/{drafted.id}/versions/2").text
    assert "Version 2" in page
    assert "<ins>3</ins>" in page and "<del>1</del>" in page
    assert "Reviews or second confirmations go otherwise from now on." in page
    assert "The offer is another one" not in page
    assert [version.number for version in lookups.versions(session, drafted)] == [1, 2]


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_the_same_definition_again_is_no_new_version(manager: FlaskClient, session: Session, drafted: Campaign) -> None:
    manager.post(f"/manager/campaigns/{drafted.id}/definition", data={"text": scenes.definition()})
    assert len(lookups.versions(session, drafted)) == 1


def test_an_open_campaign_keeps_its_offer(manager: FlaskClient, session: Session, complete: Campaign) -> None:
    manager.post(f"/manager/campaigns/{complete.id}/open")
    text = scenes.definition().replace("price_fen: 500", "price_fen: 900")
    answer = manager.post(f"/manager/campaigns/{complete.id}/definition", data={"text": text})
    assert "Customers are being told this offer now; pause the campaign to change it" in answer.text
    assert "price_fen: 900" in answer.text
    assert len(lookups.versions(session, complete)) == 1


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_a_definition_is_downloaded_byte_for_byte(manager: FlaskClient, drafted: Campaign) -> None:
    answer = manager.get(f"/manager/campaigns/{drafted.id}/versions/1.yaml")
    assert answer.data.decode() == scenes.definition()
    assert "attachment" in answer.headers["Content-Disposition"]


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_a_version_that_never_was_is_not_there(manager: FlaskClient, drafted: Campaign) -> None:
    assert manager.get(f"/manager/campaigns/{drafted.id}/versions/7").status_code == 404


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_the_schema_is_there_for_editors(manager: FlaskClient) -> None:
    answer = manager.get("/manager/campaigns/schema.json")
    assert answer.json is not None
    assert answer.json["properties"]["offer"]


@pytest.mark.parametrize(
    "place", ["", "/definition", "/form", "/versions/1", "/versions/1.yaml"], ids=lambda place: place or "page"
)
@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_another_centres_campaign_is_not_there(client_as: ClientAs, drafted: Campaign, place: str) -> None:
    assert client_as("outsider_manager").get(f"/manager/campaigns/{drafted.id}{place}").status_code == 404


@pytest.mark.parametrize("verb", ["open", "pause", "resume", "close", "definition", "form"])
def test_another_centres_campaign_cannot_be_changed(
    client_as: ClientAs, session: Session, complete: Campaign, verb: str
) -> None:
    answer = client_as("outsider_manager").post(f"/manager/campaigns/{complete.id}/{verb}", data=FORM)
    assert answer.status_code == 404
    assert (state_of(session, complete), len(lookups.versions(session, complete))) == (CampaignState.DRAFT, 1)


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_the_carriers_people_see_every_centres_campaigns_and_change_none(
    client_as: ClientAs, drafted: Campaign
) -> None:
    carrier = client_as("carrier")
    assert drafted.name in carrier.get("/manager/campaigns").text
    page = carrier.get(f"/manager/campaigns/{drafted.id}").text
    assert "Open the campaign" not in page
    assert carrier.post(f"/manager/campaigns/{drafted.id}/close").status_code == 403


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_agents_do_not_see_campaigns(client_as: ClientAs, drafted: Campaign) -> None:
    assert client_as("agent").get(f"/manager/campaigns/{drafted.id}").status_code == 403


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_campaigns_are_filtered_by_state(manager: FlaskClient, drafted: Campaign) -> None:
    assert drafted.name in manager.get("/manager/campaigns?state=draft").text
    assert f"/manager/campaigns/{drafted.id}" not in manager.get("/manager/campaigns?state=open").text


@pytest.mark.browser
@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_a_click_on_a_fault_goes_to_its_line_and_a_reload_loses_nothing(page_as: "Callable[..., Page]") -> None:
    page = page_as("manager")
    page.goto("/manager/campaigns/new")
    text = scenes.definition().replace("trial_days: 30", "trial_days: -3").replace("kind: telesales", "kind: tele")
    page.fill("#text", text)
    page.keyboard.press("Control+k")
    page.click("[data-faults] [data-line='12']")
    assert selected(page) == "trial_days: -3"
    page.keyboard.press("Control+Enter")
    page.wait_for_selector("[role=alert]")
    assert_no_violations(page)
    assert selected(page) == "kind: tele"
    assert page.locator(".editor-lines .faulty").all_inner_texts() == ["3", "12"]
    page.goto("/manager/campaigns/new")
    assert page.input_value("#text") == text


def selected(page: "Page") -> str:
    said = page.evaluate("(a => a.value.slice(a.selectionStart, a.selectionEnd))(document.getElementById('text'))")
    return str(said).strip()


@pytest.mark.browser
@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_a_chosen_file_is_shown_in_the_editor(page_as: "Callable[..., Page]", tmp_path: Any) -> None:
    file = tmp_path / "campaign.yaml"
    file.write_bytes(scenes.definition("contract-renewal-retention").encode("gb18030"))
    page = page_as("manager")
    page.goto("/manager/campaigns/new")
    page.set_input_files("#file", file)
    sync_api.expect(page.locator("#text")).to_have_value(re.compile("合约到期维系"))
    page.keyboard.press("Control+Enter")
    page.wait_for_url("**/manager/campaigns/1")
    assert page.locator("h1").inner_text() == "合约到期维系"


@pytest.mark.browser
@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
@pytest.mark.parametrize(("language", "theme"), [("zh", "light"), ("en", "dark")])
def test_every_page_of_a_campaign_can_be_read_by_everybody(
    page_as: "Callable[..., Page]",
    live: str,
    engine: Engine,
    cast: Cast,
    now: datetime,
    complete: Campaign,
    language: str,
    theme: str,
) -> None:
    page = page_as("manager", language)
    page.context.add_cookies([{"name": "theme", "value": theme, "url": live}])
    with db.transaction(engine) as session:
        draft = scenes.draft(session, cast, now=now, text=scenes.definition("contract-renewal-retention"))
    for name, place in (
        ("campaigns", "/manager/campaigns"),
        ("campaign", f"/manager/campaigns/{complete.id}"),
        ("campaign-draft", f"/manager/campaigns/{draft.id}"),
        ("campaign-definition", f"/manager/campaigns/{complete.id}/versions/1"),
        ("campaign-editor", f"/manager/campaigns/{complete.id}/definition"),
        ("campaign-form", f"/manager/campaigns/{complete.id}/form"),
    ):
        page.goto(place)
        picture(page, f"{name}-{language}-{theme}", full=name == "campaign-form")
        assert_no_violations(page)


@pytest.mark.browser
@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_opening_asks_first_and_can_be_done_by_keyboard(page_as: "Callable[..., Page]", complete: Campaign) -> None:
    page = page_as("manager")
    page.goto(f"/manager/campaigns/{complete.id}")
    page.keyboard.press("o")
    page.wait_for_selector("#confirm[open]")
    page.keyboard.press("Escape")
    assert page.locator(".page-head .badge").inner_text() == "Draft"
    page.keyboard.press("o")
    page.click("#confirm button[value=yes]")
    page.wait_for_selector(".page-head .badge-good")


def test_the_examples_of_the_editor_are_sound() -> None:
    assert read_definition(scenes.definition()).name


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_a_version_is_held_against_any_other(manager: FlaskClient, drafted: Campaign) -> None:
    dearer = scenes.definition().replace("price_fen: 500", "price_fen: 600")
    for text in (dearer, dearer.replace("tries: 3", "tries: 4")):
        manager.post(f"/manager/campaigns/{drafted.id}/definition", data={"text": text})
    place = f"/manager/campaigns/{drafted.id}/versions/3"
    assert "The offer is another one" not in manager.get(place).text
    page = manager.get(f"{place}?against=1").text
    assert "What changed from version 1 to version 3" in page
    assert "its scripts need a new approval" in page


@pytest.mark.browser
@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_changes_of_a_version_can_be_read(
    page_as: "Callable[..., Page]", engine: Engine, drafted: Campaign, cast: Cast, language: str
) -> None:
    dearer = scenes.definition().replace("price_fen: 500", "price_fen: 600")
    with db.transaction(engine) as session:
        campaign = session.get_one(Campaign, drafted.id)
        for text in (dearer, dearer.replace("tries: 3", "tries: 4")):
            verbs.amend(session, campaign, text, by=cast.manager, now=NOW)
    page = page_as("manager", language)
    page.goto(f"/manager/campaigns/{drafted.id}/versions/3?against=1")
    picture(page, f"campaign-changes-{language}")
    assert_no_violations(page)
