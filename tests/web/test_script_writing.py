"""The writer's desk: completion, the proof while typing, the picture, the rehearsal."""

import re
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

import pytest
from flask.testing import FlaskClient
from playwright.sync_api import expect
from sqlalchemy.engine import Engine
from sqlmodel import Session, select

from outbound import db
from outbound.calls import outcomes
from scripts.language import library
from scripts.model import ScriptVersion
from scripts.vocabulary import Kind
from tests.conftest import Cast, assert_no_violations, picture
from tests.web import desk_scenes as scenes

if TYPE_CHECKING:
    from playwright.sync_api import Page

ClientAs = Callable[..., FlaskClient]
PITCH = "family-number-pitch"
SURVEY = "satisfaction-survey"
SQLITE = pytest.mark.parametrize("engine", ["sqlite"], indirect=True)


@pytest.fixture
def desks() -> Sequence[str]:
    return ("web.desks.manager", "web.desks.scripts")


@pytest.fixture
def draft(engine: Engine, cast: Cast, now: datetime) -> ScriptVersion:
    with db.transaction(engine) as session:
        outcomes.fill(session)
        return scenes.written(session, cast, now=now)


# Live proof and picture


@SQLITE
def test_the_proof_and_the_picture_follow_the_text(client_as: ClientAs, cast: Cast) -> None:
    told = client_as("manager").post("/scripts/live", data={"text": library()[PITCH]}).json
    assert told is not None
    assert "Proof holds" in told["told"]
    assert (
        told["drawn"].count('class="box ')
        == library()[PITCH].count("\n    say:") - library()[PITCH].count("title:") + 1
    )


@SQLITE
def test_a_text_that_cannot_be_read_has_faults_and_no_picture(client_as: ClientAs, cast: Cast) -> None:
    told = client_as("manager").post("/scripts/live", data={"text": "script: x\n"}).json
    assert told is not None
    assert ("`kind` is missing" in told["told"], "drawn" in told) == (True, False)


@SQLITE
def test_the_step_at_which_a_proof_fails_is_marked_in_the_picture(client_as: ClientAs, cast: Cast) -> None:
    text = library()[PITCH].replace("stands_for: {discloses: usage}", "note: 用法", 1)
    told = client_as("manager").post("/scripts/live", data={"text": text}).json
    assert told is not None
    faulty = re.findall(r'class="box [^"]*faulty"[^>]*data-step="([\w-]+)"', told["drawn"])
    assert faulty == ["consent"] or "consent" in faulty


@SQLITE
def test_only_who_writes_scripts_may_look_while_typing(client_as: ClientAs, cast: Cast) -> None:
    assert client_as("carrier").post("/scripts/live", data={"text": "x"}).status_code == 403


@SQLITE
def test_the_editor_knows_every_placeholder_and_the_schema(client_as: ClientAs, cast: Cast) -> None:
    manager = client_as("manager", "zh")
    told = manager.get("/scripts/placeholders.json").json
    assert told is not None
    assert {"name": "offer.cancel", "told": "业务的退订方式"} in told["placeholders"]
    assert manager.get("/scripts/schema.json").json["title"] == "Script"  # type: ignore[index]


# The picture of a version


@SQLITE
def test_a_version_is_drawn_with_ways_to_its_lines(client_as: ClientAs, draft: ScriptVersion) -> None:
    page = client_as("carrier").get(f"/scripts/versions/{draft.id}?view=graph").text
    line = library()[PITCH].splitlines().index("  consent:") + 1
    assert f'href="?view=text#line-{line}"' in page
    assert "■ Sold" in page


# Rehearsal


@SQLITE
def test_a_text_is_rehearsed_before_it_is_kept(client_as: ClientAs, session: Session, cast: Cast) -> None:
    page = client_as("manager").post("/scripts/rehearsal", data={"text": library()[PITCH]}).text
    assert "This call is recorded." in page
    assert session.exec(select(ScriptVersion)).all() == []


@SQLITE
def test_a_faulty_text_comes_back_to_the_editor(client_as: ClientAs, cast: Cast) -> None:
    answer = client_as("manager").post("/scripts/rehearsal", data={"text": "script: x\n"})
    assert (answer.status_code, "`kind` is missing" in answer.text) == (422, True)


@SQLITE
def test_another_centres_version_is_not_rehearsed(client_as: ClientAs, draft: ScriptVersion) -> None:
    assert client_as("outsider_manager").get(f"/scripts/versions/{draft.id}/rehearsal").status_code == 404


# In the browser


@pytest.mark.browser
@SQLITE
@pytest.mark.parametrize(("language", "theme"), [("zh", "light"), ("en", "dark")])
def test_a_rehearsal_walks_to_a_sale_by_keyboard(
    page_as: "Callable[..., Page]", live: str, draft: ScriptVersion, language: str, theme: str
) -> None:
    page = page_as("manager", language)
    page.context.add_cookies([{"name": "theme", "value": theme, "url": live}])
    page.goto(f"/scripts/versions/{draft.id}")
    page.keyboard.press("w")
    page.wait_for_url("**/rehearsal")
    expect(page.locator(".aloud")).to_have_count(1)
    for key in ("Space", "1", "1", *["Space"] * 5, "2", "Space", "1"):
        page.keyboard.press(key)
    look(page, f"rehearsal-consent-{language}-{theme}")
    assert page.locator(".criteria .met").count() == 4
    page.keyboard.press("1")
    page.keyboard.press("Space")
    expect(page.locator(".badge-info")).to_have_count(1)
    look(page, f"rehearsal-over-{language}-{theme}")
    page.keyboard.press("r")
    expect(page.locator(".trail li")).to_have_count(0)


@pytest.mark.browser
@SQLITE
def test_consent_stays_shut_in_a_rehearsal_too(page_as: "Callable[..., Page]", cast: Cast) -> None:
    page = page_as("manager")
    page.goto(f"/scripts/new?start={PITCH}")
    text = library()[PITCH].replace("start: greeting", "start: consent", 1)
    page.fill("#text", text)
    with page.expect_popup() as opened:
        page.keyboard.press("Control+j")
    expect(opened.value.locator(".now.shut")).to_have_count(1)
    opened.value.close()
    page.reload()
    assert page.input_value("#text") == text


@pytest.mark.browser
@SQLITE
def test_objections_are_answered_and_the_rehearsal_goes_on(
    page_as: "Callable[..., Page]", draft: ScriptVersion
) -> None:
    page = page_as("manager", "zh")
    page.goto(f"/scripts/versions/{draft.id}/rehearsal")
    page.keyboard.press("/")
    page.keyboard.type("太贵")
    page.keyboard.press("Enter")
    expect(page.locator(".now.objection")).to_contain_text("太贵了")
    page.keyboard.press("Space")
    expect(page.locator(".aloud")).to_contain_text("您好")


@pytest.mark.browser
@SQLITE
@pytest.mark.parametrize(("language", "theme"), [("zh", "light"), ("en", "dark")])
def test_the_picture_follows_while_somebody_types(
    page_as: "Callable[..., Page]", live: str, cast: Cast, language: str, theme: str
) -> None:
    page = page_as("manager", language)
    page.context.add_cookies([{"name": "theme", "value": theme, "url": live}])
    page.goto(f"/scripts/new?start={PITCH}")
    expect(page.locator("[data-drawn] .box")).to_have_count(19)
    look(page, f"script-graph-{language}-{theme}")
    page.fill("#text", library()[PITCH].replace("next: usage", "next: cancel", 1))
    expect(page.locator("[data-live] .badge-bad")).to_have_count(1)
    page.click("[data-step=consent]")
    line = library()[PITCH].splitlines().index("  consent:") + 1
    assert (
        page.evaluate(
            "document.getElementById('text').value.slice(0, document.getElementById('text').selectionStart)"
        ).count("\n")
        + 1
        == line
    )
    expect(page.locator("[data-step=consent].here")).to_have_count(1)
    page.fill("#text", "script: [")
    expect(page.locator("[data-drawn].stale")).to_have_count(1)


@pytest.mark.browser
@SQLITE
@pytest.mark.parametrize(
    ("typed", "offered", "made"),
    [
        ("  closing:\n    stands_for: ver", "verifies_identity", "    stands_for: verifies_identity"),
        ("  closing:\n    next: iden", "identity", "    next: identity"),
        ("  closing:\n    no", "note", "    note: "),
        ("  closing:\n    say:\n      zh: 资费是{offer.pr", "offer.price", "      zh: 资费是{offer.price}"),
        ("  closing:\n    choices:\n      - {label: 好, meaning: un", "unsure", "      - {label: 好, meaning: unsure"),
        ("  closing:\n    choices:\n      - {label: 好, en", "ends", "      - {label: 好, ends: "),
        ("  closing:\n    question:\n      kind: mul", "multiple", "      kind: multiple"),
    ],
)
def test_the_editor_completes(page_as: "Callable[..., Page]", cast: Cast, typed: str, offered: str, made: str) -> None:
    page = page_as("manager")
    page.goto("/scripts/new")
    with page.expect_response("**/placeholders.json"):
        page.focus("#text")
    page.fill("#text", "script: x\nkind: pitch\nsteps:\n  greeting:\n    say: 您好\n  identity:\n    say: 您好\n")
    page.keyboard.press("Control+End")
    page.keyboard.insert_text(typed[:-1])
    page.keyboard.type(typed[-1])
    expect(page.locator(".completions [aria-selected=true] strong")).to_have_text(offered)
    page.keyboard.press("Tab")
    assert page.input_value("#text").splitlines()[-1] == made


@pytest.mark.browser
@SQLITE
def test_the_list_of_what_may_be_written_is_read_and_left_by_keyboard(
    page_as: "Callable[..., Page]", cast: Cast
) -> None:
    page = page_as("manager", "zh")
    page.goto("/scripts/new")
    with page.expect_response("**/placeholders.json"):
        page.focus("#text")
    page.fill("#text", "script: x\nkind: ")
    page.keyboard.press("Control+End")
    page.keyboard.press("Control+Space")
    expect(page.locator(".completions li")).to_have_count(len(Kind))
    page.keyboard.press("ArrowDown")
    expect(page.locator("#text")).to_have_attribute("aria-activedescendant", "text-completions-1")
    look(page, "script-completion-zh")
    page.keyboard.press("Escape")
    expect(page.locator(".completions")).to_be_hidden()
    assert page.input_value("#text") == "script: x\nkind: "


@pytest.mark.browser
@SQLITE
def test_definitions_are_completed_too(page_as: "Callable[..., Page]", cast: Cast) -> None:
    page = page_as("manager")
    with page.expect_response("**/schema.json"):
        page.goto("/manager/campaigns/new?start=")
        page.focus("#text")
    page.keyboard.type("name: x\nkind: ret")
    page.keyboard.press("Enter")
    assert page.input_value("#text") == "name: x\nkind: retention"


def look(page: "Page", name: str) -> None:
    picture(page, name)
    assert_no_violations(page)
