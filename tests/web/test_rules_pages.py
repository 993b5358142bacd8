"""The pages of the calling rules: read in words, written, changed, retired; and what a campaign's page says of them."""

from collections.abc import Callable, Sequence
from datetime import datetime
from io import BytesIO
from typing import TYPE_CHECKING

import pytest
from flask.testing import FlaskClient
from sqlalchemy.engine import Engine
from sqlmodel import Session

from outbound import db
from outbound.calling_rules import own_rules
from outbound.campaigns import lookups, pinning
from outbound.campaigns.model import Campaign
from outbound.people import known
from tests.conftest import Cast, assert_no_violations, picture
from tests.web import desk_scenes as scenes

if TYPE_CHECKING:
    from playwright.sync_api import Page

ClientAs = Callable[..., FlaskClient]
ONLY_SQLITE = pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
SHORT = """name: our-rules
label: {zh: 本中心规则, en: Our rules}
extends: cn-telecom
windows: {every_day: [10:00-12:00], sunday: []}
"""
LOOSE = SHORT.replace("10:00-12:00", "08:00-12:00") + "spacing: 1 h\n"
NAMING = scenes.definition().replace("profile: cn-telecom", "profile: our-rules")


@pytest.fixture
def desks() -> Sequence[str]:
    return ("web.desks.manager", "web.desks.scripts", "web.desks.quality", "web.desks.supervisor", "web.api")


@pytest.fixture
def rules_id(engine: Engine, cast: Cast, now: datetime) -> int:
    """The number of rules of one version."""
    with db.transaction(engine) as session:
        return own_rules.keep(session, cast.fz, SHORT, by=cast.manager, now=now).rules_id


@pytest.fixture
def campaign_id(rules_id: int, engine: Engine, cast: Cast, now: datetime) -> int:
    """The number of a campaign that is held by those rules."""
    with db.transaction(engine) as session:
        return known(scenes.draft(session, cast, now=now, text=NAMING).id)


@pytest.fixture
def second(rules_id: int, engine: Engine, cast: Cast, now: datetime) -> None:
    """A second version of the rules, which is looser."""
    with db.transaction(engine) as session:
        own_rules.keep(session, cast.fz, LOOSE, note="the carrier asked", by=cast.manager, now=now)


def held_number(engine: Engine, campaign_id: int) -> int:
    with db.reading(engine) as session:
        held = pinning.pinned(lookups.in_force(session, session.get_one(Campaign, campaign_id)))
    assert held
    return held.number


def test_the_rules_of_the_product_can_be_read_in_words(client_as: ClientAs) -> None:
    page = client_as("supervisor").get("/manager/rules").text
    assert "Every day 09:00–21:00, on the callee’s clock." in page
    assert "A list is good for 31 days after its import." in page
    assert "None yet: campaigns are held by the profiles below" in page
    assert "Write own rules" not in page


def test_a_manager_writes_rules_of_the_centres_own(client_as: ClientAs, session: Session, cast: Cast) -> None:
    client = client_as("manager")
    answer = client.post("/manager/rules/new", data={"text": SHORT, "note": "quiet hours"})
    page = client.get(answer.location).text
    assert "Monday to Saturday 10:00–12:00, on the callee’s clock." in page
    assert "As strict as cn-telecom or stricter in every point." in page
    assert "quiet hours" in page
    assert list(own_rules.names_at(session, known(cast.fz.id))) == ["our-rules"]
    assert "Our rules" in client.get("/manager/rules").text


def test_rules_come_from_a_file_as_well(client_as: ClientAs) -> None:
    client = client_as("manager")
    sent = {"text": "", "file": (BytesIO(SHORT.encode("gb18030")), "rules.yaml")}
    answer = client.post("/manager/rules/new", data=sent)
    assert "本中心规则" in client.get(answer.location).text


def test_a_fault_is_told_at_its_line_and_what_was_typed_stays(
    client_as: ClientAs, session: Session, cast: Cast
) -> None:
    answer = client_as("manager").post("/manager/rules/new", data={"text": f"{SHORT}spacing: soon\n", "note": "why so"})
    assert answer.status_code == 422
    assert 'data-line="5"' in answer.text
    assert "spacing: soon" in answer.text
    assert "why so" in answer.text
    assert own_rules.kept_at(session, known(cast.fz.id)) == {}


def test_the_editor_says_while_one_types_what_the_rules_permit(client_as: ClientAs) -> None:
    said = client_as("manager").post("/manager/rules/live", data={"text": LOOSE}).json["told"]  # type: ignore[index]
    assert "Monday to Saturday 08:00–12:00" in said
    assert "Looser than cn-telecom, at the centre’s own responsibility:" in said
    assert "Less than 4 h may lie between two calls to a number." in said


def test_the_words_are_chinese_for_who_reads_chinese(client_as: ClientAs, rules_id: int, second: None) -> None:
    page = client_as("manager", "zh").get(f"/manager/rules/{rules_id}").text
    assert "周一至周六 08:00–12:00，按被叫当地时间。" in page
    assert "以下各项比 cn-telecom 宽松，由本中心自行负责：" in page
    assert "两次拨打的间隔可短于 4 小时。" in page


def test_a_new_version_shows_what_it_changed(client_as: ClientAs, rules_id: int) -> None:
    client = client_as("manager")
    assert "10:00-12:00" in client.get(f"/manager/rules/{rules_id}/change").text
    client.post(f"/manager/rules/{rules_id}/change", data={"text": LOOSE, "over": "1", "note": "the carrier asked"})
    page = client.get(f"/manager/rules/{rules_id}").text
    assert "What changed from version 1 to version 2" in page
    assert "the carrier asked" in page
    first = client.get(f"/manager/rules/{rules_id}?version=1").text
    assert "Monday to Saturday 10:00–12:00" in first
    assert client.get(f"/manager/rules/{rules_id}?version=3").status_code == 404


def test_the_same_text_is_no_new_version(client_as: ClientAs, rules_id: int) -> None:
    client = client_as("manager")
    sent = {"text": SHORT, "over": "1"}
    page = client.post(f"/manager/rules/{rules_id}/change", data=sent, follow_redirects=True).text
    assert "The rules are as they were; nothing is changed." in page


def test_who_was_overtaken_is_told_and_keeps_what_they_typed(client_as: ClientAs, rules_id: int, second: None) -> None:
    typed = SHORT.replace("10:00", "11:00")
    answer = client_as("manager").post(f"/manager/rules/{rules_id}/change", data={"text": typed, "over": "1"})
    assert answer.status_code == 409
    assert "Somebody else has just changed these calling rules" in answer.text
    assert "11:00-12:00" in answer.text


def test_a_version_is_downloaded_byte_for_byte(client_as: ClientAs, rules_id: int, second: None) -> None:
    answer = client_as("supervisor").get(f"/manager/rules/{rules_id}/1.yaml")
    assert answer.text == SHORT
    assert "our-rules-v1.yaml" in answer.headers["Content-Disposition"]


def test_retired_rules_say_why_and_cannot_be_chosen(client_as: ClientAs, rules_id: int) -> None:
    client = client_as("manager")
    assert "our-rules" in client.get("/manager/campaigns/new/form").text
    assert client.post(f"/manager/rules/{rules_id}/retire", data={"why": ""}).status_code == 422
    page = client.post(f"/manager/rules/{rules_id}/retire", data={"why": "replaced"}, follow_redirects=True).text
    assert "Retired, because: “replaced”." in page
    assert "Write a new version" not in page
    assert "our-rules" not in client.get("/manager/campaigns/new/form").text


def test_another_centres_rules_are_not_there(client_as: ClientAs, rules_id: int) -> None:
    client = client_as("outsider_manager")
    assert client.get(f"/manager/rules/{rules_id}").status_code == 404
    assert client.post(f"/manager/rules/{rules_id}/change", data={"text": LOOSE, "over": "1"}).status_code == 404
    assert client.post(f"/manager/rules/{rules_id}/retire", data={"why": "x"}).status_code == 404
    assert "our-rules" not in client.get("/manager/rules").text


def test_only_managers_keep_rules(client_as: ClientAs, rules_id: int) -> None:
    client = client_as("supervisor")
    assert client.get(f"/manager/rules/{rules_id}").status_code == 200
    assert client.post("/manager/rules/new", data={"text": SHORT}).status_code == 403
    assert client.post(f"/manager/rules/{rules_id}/retire", data={"why": "x"}).status_code == 403
    assert client_as("agent").get("/manager/rules").status_code == 403


def test_a_campaigns_page_names_the_version_that_holds_it(client_as: ClientAs, rules_id: int, campaign_id: int) -> None:
    page = client_as("manager").get(f"/manager/campaigns/{campaign_id}").text
    assert f'<a href="/manager/rules/{rules_id}?version=1">Our rules</a>' in page
    assert "Its calling rules have a newer version" not in page
    assert f"/manager/campaigns/{campaign_id}" in client_as("manager").get(f"/manager/rules/{rules_id}").text


def test_a_campaign_takes_up_the_newer_version_and_shows_the_difference(
    client_as: ClientAs, campaign_id: int, second: None, engine: Engine
) -> None:
    client = client_as("manager")
    assert "Take up version 2" in client.get(f"/manager/campaigns/{campaign_id}").text
    assert held_number(engine, campaign_id) == 1
    page = client.post(f"/manager/campaigns/{campaign_id}/rules", follow_redirects=True).text
    assert held_number(engine, campaign_id) == 2
    assert "Other calling rules hold from now on." in page
    assert "What changed in its calling rules, from version 1 to version 2" in page
    assert "spacing: 1 h" in page
    assert "Take up version" not in client.get(f"/manager/campaigns/{campaign_id}").text


def test_the_form_of_a_campaign_offers_the_centres_rules(client_as: ClientAs, campaign_id: int) -> None:
    page = client_as("manager").get(f"/manager/campaigns/{campaign_id}/form").text
    assert '<option value="our-rules" selected>Our rules (our-rules)</option>' in page


def test_the_editor_of_a_definition_completes_the_names_of_the_centres_rules(
    client_as: ClientAs, rules_id: int
) -> None:
    asked = "/manager/campaigns/schema.json"
    schemas = [client_as(login).get(asked).json for login in ("manager", "outsider_manager", "carrier")]
    named = [schema["$defs"]["Calling"]["properties"]["profile"]["anyOf"][0]["enum"] for schema in schemas]  # type: ignore[index]
    assert named == [["cn-telecom", "us-tsr", "uk", "our-rules"], ["cn-telecom", "us-tsr", "uk"], named[1]]


def test_the_check_of_a_definition_knows_the_centres_rules(client_as: ClientAs, rules_id: int) -> None:
    client = client_as("manager")
    assert "No faults" in client.post("/manager/campaigns/check", data={"text": NAMING}).text
    said = client.post("/manager/campaigns/check", data={"text": NAMING.replace("our-rules", "their-rules")}).text
    assert "the centre has no calling rules `their-rules`; choose from cn-telecom, us-tsr, uk, our-rules." in said


@pytest.mark.browser
@ONLY_SQLITE
@pytest.mark.parametrize("language", ["zh", "en"])
def test_rules_are_written_and_changed_by_keyboard_alone(
    page_as: "Callable[..., Page]", campaign_id: int, second: None, language: str
) -> None:
    page = page_as("manager", language)
    page.goto("/manager/rules")
    assert_no_violations(page)
    picture(page, f"rules-{language}", full=True)
    page.keyboard.press("n")
    page.wait_for_selector(".rules-words")
    page.fill("#text", LOOSE.replace("our-rules", "other-rules"))
    page.wait_for_selector(".rules-words .notice-wait")
    assert_no_violations(page)
    picture(page, f"rules-editor-{language}")
    page.keyboard.press("Control+Enter")
    page.wait_for_selector("ol.code")
    page.goto("/manager/rules/1")
    assert_no_violations(page)
    picture(page, f"rules-one-{language}", full=True)
    page.keyboard.press("e")
    page.wait_for_selector("#text")
    page.goto(f"/manager/campaigns/{campaign_id}")
    assert_no_violations(page)
    picture(page, f"rules-campaign-{language}")
