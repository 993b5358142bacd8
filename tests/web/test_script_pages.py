"""Scripts in the console: what waits for an approver, the diff and the proof, decisions; and writing a new one."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from flask.testing import FlaskClient
from sqlalchemy.engine import Engine
from sqlmodel import Session, select

from outbound import db
from outbound.campaigns import verbs
from scripts import approval
from scripts.language import library
from scripts.model import ScriptDecision, ScriptState, ScriptVersion, script_of
from tests.conftest import Cast, assert_no_violations, picture
from tests.web import desk_scenes as scenes

if TYPE_CHECKING:
    from playwright.sync_api import Page

ClientAs = Callable[..., FlaskClient]
PITCH = "family-number-pitch"


@pytest.fixture
def desks() -> Sequence[str]:
    return ("web.desks.manager", "web.desks.scripts")


@pytest.fixture
def manager(client_as: ClientAs) -> FlaskClient:
    return client_as("manager")


@pytest.fixture
def waiting(engine: Engine, cast: Cast, now: datetime) -> ScriptVersion:
    """A second version of the pitch, submitted; the first is in force."""
    with db.transaction(engine) as session:
        scenes.in_force(session, cast, now=now - timedelta(days=3))
        return scenes.submitted(session, cast, now=now - timedelta(hours=1), text=scenes.changed(library()[PITCH]))


@pytest.fixture
def draft(engine: Engine, cast: Cast, now: datetime) -> ScriptVersion:
    with db.transaction(engine) as session:
        return scenes.written(session, cast, now=now)


def state_of(session: Session, version: ScriptVersion) -> ScriptState:
    state = session.exec(select(ScriptVersion.state).where(ScriptVersion.id == version.id)).one()
    session.rollback()
    return ScriptState(state)


def versions(session: Session) -> list[ScriptVersion]:
    return list(session.exec(select(ScriptVersion)).all())


@pytest.mark.parametrize("login", ["carrier", "support"])
def test_an_approver_is_shown_what_waits_with_its_centre(
    client_as: ClientAs, waiting: ScriptVersion, login: str
) -> None:
    page = client_as(login).get("/scripts").text
    assert "Family number offer" in page
    assert "Fuzhou centre" in page
    assert "version 2 in place of version 1" in page


def test_what_i_have_approved_no_longer_waits_for_me(client_as: ClientAs, waiting: ScriptVersion) -> None:
    carrier = client_as("carrier")
    carrier.post(f"/scripts/versions/{waiting.id}/approve")
    assert "Nothing waits for your decision." in carrier.get("/scripts").text
    assert "Look and decide" in client_as("support").get("/scripts").text


def test_a_script_is_in_force_only_when_both_have_approved_it(
    client_as: ClientAs, session: Session, waiting: ScriptVersion
) -> None:
    states = []
    for login in ("carrier", "support"):
        assert client_as(login).post(f"/scripts/versions/{waiting.id}/approve").location == "/scripts"
        states.append(state_of(session, waiting))
    assert states == [ScriptState.SUBMITTED, ScriptState.IN_FORCE]


def test_the_changes_are_shown_against_what_is_in_force(client_as: ClientAs, waiting: ScriptVersion) -> None:
    page = client_as("carrier").get(f"/scripts/versions/{waiting.id}").text
    assert "<del>现在</del>方便听吗？" in page
    assert "<ins>这会儿</ins>方便听吗？" in page
    assert "never_say" not in page


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_the_changes_are_shown_side_by_side(client_as: ClientAs, waiting: ScriptVersion) -> None:
    page = client_as("carrier").get(f"/scripts/versions/{waiting.id}?view=sides").text
    removed, added = page.index('<td class="removed">'), page.index('<td class="added">')
    assert removed < added < page.index("</tr>", removed)


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_who_decides_is_shown_a_first_version_whole_and_others_as_it_is_read(
    client_as: ClientAs, engine: Engine, cast: Cast, now: datetime
) -> None:
    with db.transaction(engine) as session:
        version = scenes.submitted(session, cast, now=now)
    page, others = (client_as(login).get(f"/scripts/versions/{version.id}").text for login in ("carrier", "reviewer"))
    assert "never_say" in page
    assert "Side by side" not in page
    assert "never_say" not in others


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_a_version_in_force_is_held_against_the_one_before_it(
    client_as: ClientAs, engine: Engine, cast: Cast, waiting: ScriptVersion, now: datetime
) -> None:
    with db.transaction(engine) as session:
        for approver in (cast.carrier, cast.support):
            approval.approve(session, session.get_one(ScriptVersion, waiting.id), by=approver, now=now)
    page = client_as("carrier").get(f"/scripts/versions/{waiting.id}").text
    assert "Changes to version 1" in page
    assert "<ins>这会儿</ins>" in page


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_the_script_reads_with_the_offer_of_its_campaign(
    client_as: ClientAs, engine: Engine, cast: Cast, waiting: ScriptVersion, now: datetime
) -> None:
    with db.transaction(engine) as session:
        verbs.create(
            session, cast.fz, scenes.definition().replace("price_fen: 500", "price_fen: 900"), by=cast.manager, now=now
        )
    carrier = client_as("carrier")
    assert "The price is 9 yuan a month" in carrier.get(f"/scripts/versions/{waiting.id}?view=read").text
    chinese = carrier.get(f"/scripts/versions/{waiting.id}?view=read&spoken=zh").text
    assert "资费是每月九元" in chinese
    assert "到十二月二十二日结束" in chinese


@pytest.mark.parametrize("name", sorted(library()))
@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_every_script_of_the_library_can_be_read_aloud(
    client_as: ClientAs, engine: Engine, cast: Cast, now: datetime, name: str
) -> None:
    with db.transaction(engine) as session:
        version = scenes.written(session, cast, name, now=now)
    page = client_as("carrier").get(f"/scripts/versions/{version.id}?view=read").text
    assert '<p class="said">' in page
    assert "cannot be shown" not in page


def test_a_version_is_returned_with_a_comment_on_a_line(
    client_as: ClientAs, manager: FlaskClient, session: Session, waiting: ScriptVersion
) -> None:
    sent = {"line": "33", "comment": "请说明大概几分钟。"}
    assert client_as("support").post(f"/scripts/versions/{waiting.id}/return", data=sent).location == "/scripts"
    assert state_of(session, waiting) is ScriptState.RETURNED
    page = manager.get(f"/scripts/versions/{waiting.id}?view=text").text
    line = page.index('id="line-33"')
    assert line < page.index("请说明大概几分钟。", line) < page.index('id="line-34"')


@pytest.mark.parametrize(
    ("sent", "field", "sentence"),
    [
        ({"line": "3", "comment": " "}, "comment", "Write what must be changed"),
        ({"line": "9999", "comment": "x"}, "line", "The script has"),
        ({"line": "three", "comment": "x"}, "line", "“three” is not a whole number."),
    ],
)
@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_a_return_that_says_too_little_is_refused_at_its_field(
    client_as: ClientAs, session: Session, waiting: ScriptVersion, sent: dict[str, str], field: str, sentence: str
) -> None:
    answer = client_as("carrier").post(f"/scripts/versions/{waiting.id}/return", data=sent)
    assert answer.status_code == 422
    assert f'id="{field}-error">{sentence}' in answer.text
    assert state_of(session, waiting) is ScriptState.SUBMITTED


def test_nobody_approves_their_own_script(
    client_as: ClientAs, engine: Engine, session: Session, cast: Cast, now: datetime
) -> None:
    with db.transaction(engine) as writing:
        version = approval.write(writing, cast.fz, library()[PITCH], by=cast.carrier, now=now)
        approval.submit(writing, version, by=cast.carrier, now=now)
    carrier = client_as("carrier")
    page = carrier.get(f"/scripts/versions/{version.id}").text
    assert "You wrote it: nobody approves their own script." in page
    assert "/approve" not in page
    answer = carrier.post(f"/scripts/versions/{version.id}/approve")
    assert (answer.status_code, "Nobody approves their own script" in answer.text) == (403, True)
    assert session.exec(select(ScriptDecision)).all() == []


@pytest.mark.parametrize("verb", ["approve", "return"])
@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_a_draft_cannot_be_decided_about(client_as: ClientAs, draft: ScriptVersion, verb: str) -> None:
    answer = client_as("carrier").post(f"/scripts/versions/{draft.id}/{verb}", data={"comment": "x"})
    assert (answer.status_code, "has not been submitted yet" in answer.text) == (409, True)


@pytest.mark.parametrize("login", ["manager", "supervisor"])
@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_managers_do_not_approve(client_as: ClientAs, session: Session, waiting: ScriptVersion, login: str) -> None:
    assert client_as(login).post(f"/scripts/versions/{waiting.id}/approve").status_code == 403
    assert state_of(session, waiting) is ScriptState.SUBMITTED


def test_a_script_is_kept_as_a_draft_and_submitted_later(manager: FlaskClient, session: Session) -> None:
    answer = manager.post("/scripts/new", data={"text": library()[PITCH]})
    (version,) = versions(session)
    session.rollback()
    assert (answer.location, state_of(session, version)) == ("/scripts/versions/1", ScriptState.DRAFT)
    manager.post("/scripts/versions/1/submit")
    assert state_of(session, version) is ScriptState.SUBMITTED


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_a_script_can_be_submitted_straight_from_the_editor(manager: FlaskClient, session: Session) -> None:
    manager.post("/scripts/new", data={"text": library()[PITCH], "submit": "yes"})
    assert [version.state for version in versions(session)] == [ScriptState.SUBMITTED]


def test_a_faulty_script_comes_back_with_each_fault_at_its_line(manager: FlaskClient, session: Session) -> None:
    text = library()[PITCH].replace("start: greeting", "start: nowhere", 1)
    answer = manager.post("/scripts/new", data={"text": text})
    assert answer.status_code == 422
    assert f'data-line="{text.splitlines().index("start: nowhere") + 1}"' in answer.text
    assert "start: nowhere" in answer.text
    assert versions(session) == []


UNPROVED = library()[PITCH].replace("next: usage", "next: cancel", 1)


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_an_unproved_script_is_not_submitted_and_the_text_is_kept(manager: FlaskClient, session: Session) -> None:
    answer = manager.post("/scripts/new", data={"text": UNPROVED, "submit": "yes"})
    assert answer.status_code == 422
    assert "consent is reached without the usage being told." in answer.text
    assert "never_say" in answer.text
    assert versions(session) == []


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_an_unproved_draft_shows_what_fails_and_no_way_to_submit(manager: FlaskClient) -> None:
    manager.post("/scripts/new", data={"text": UNPROVED})
    page = manager.get("/scripts/versions/1").text
    assert "Proof fails" in page
    assert "/scripts/versions/1/submit" not in page


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_the_check_tells_faults_or_the_proof(manager: FlaskClient, session: Session) -> None:
    assert "`kind` is missing" in manager.post("/scripts/check", data={"text": "script: x\n"}).text
    assert "Proof fails" in manager.post("/scripts/check", data={"text": UNPROVED}).text
    assert "Proof holds" in manager.post("/scripts/check", data={"text": library()[PITCH]}).text
    assert versions(session) == []


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_the_editor_begins_with_a_script_of_the_library_or_a_version(
    manager: FlaskClient, waiting: ScriptVersion
) -> None:
    assert "script: satisfaction-survey" in manager.get("/scripts/new?start=satisfaction-survey").text
    page = manager.get(f"/scripts/new?from={waiting.id}").text
    assert "您这会儿方便听吗？" in page
    assert "New version of “family-number-pitch”" in page


def test_a_returned_script_is_corrected_as_a_new_version(
    client_as: ClientAs, manager: FlaskClient, session: Session, waiting: ScriptVersion
) -> None:
    client_as("carrier").post(f"/scripts/versions/{waiting.id}/return", data={"comment": "再改"})
    text = waiting.source.replace("大概两分钟", "大概三分钟")
    manager.post(f"/scripts/new?from={waiting.id}", data={"text": text, "submit": "yes"})
    newest = versions(session)[-1]
    assert (newest.number, newest.state) == (3, ScriptState.SUBMITTED)


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_a_scripts_page_tells_every_version_and_decision(
    client_as: ClientAs, manager: FlaskClient, waiting: ScriptVersion
) -> None:
    client_as("carrier").post(f"/scripts/versions/{waiting.id}/return", data={"comment": "再改"})
    page = manager.get(f"/scripts/{waiting.script_id}").text
    assert ("Version 1" in page, "Version 2" in page, "再改" in page) == (True, True, True)


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_a_version_is_downloaded_byte_for_byte(manager: FlaskClient, draft: ScriptVersion) -> None:
    assert manager.get(f"/scripts/versions/{draft.id}.yaml").data.decode() == library()[PITCH]


@pytest.mark.parametrize(
    "place", ["/scripts/1", "/scripts/versions/1", "/scripts/versions/1.yaml", "/scripts/new?from=1"]
)
@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_another_centres_script_is_not_there(client_as: ClientAs, draft: ScriptVersion, place: str) -> None:
    assert client_as("outsider_manager").get(place).status_code == 404


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_another_centres_script_cannot_be_submitted(
    client_as: ClientAs, session: Session, draft: ScriptVersion
) -> None:
    assert client_as("outsider_manager").post(f"/scripts/versions/{draft.id}/submit").status_code == 404
    assert state_of(session, draft) is ScriptState.DRAFT


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_a_manager_lists_the_own_centres_scripts_only(
    manager: FlaskClient, client_as: ClientAs, draft: ScriptVersion
) -> None:
    page = manager.get("/scripts").text
    assert PITCH in page
    assert script_of(draft).title.shown("en") in page
    assert "No scripts yet" in client_as("outsider_manager").get("/scripts").text


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_scripts_are_filtered_by_state_and_kind(manager: FlaskClient, draft: ScriptVersion) -> None:
    assert PITCH in manager.get("/scripts?state=draft&kind=pitch&sort=name").text
    assert "Nothing fits these filters." in manager.get("/scripts?state=in_force").text


@pytest.mark.parametrize("login", ["agent", "finance"])
@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_who_has_nothing_to_do_with_scripts_does_not_see_them(
    client_as: ClientAs, draft: ScriptVersion, login: str
) -> None:
    assert client_as(login).get(f"/scripts/versions/{draft.id}").status_code == 403


@pytest.mark.browser
@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
@pytest.mark.parametrize(("language", "theme"), [("zh", "light"), ("en", "dark")])
def test_an_approver_works_with_the_keyboard(
    page_as: "Callable[..., Page]",
    live: str,
    session: Session,
    waiting: ScriptVersion,
    language: str,
    theme: str,
) -> None:
    page = page_as("carrier", language)
    page.context.add_cookies([{"name": "theme", "value": theme, "url": live}])
    page.goto("/scripts")
    _look(page, f"scripts-{language}-{theme}")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/scripts/versions/{waiting.id}")
    for view in ("sides", "read", "graph", "text", "changes"):
        page.goto(f"/scripts/versions/{waiting.id}?view={view}")
        _look(page, f"script-{view}-{language}-{theme}")
    page.keyboard.press("a")
    page.click("#confirm button[value=yes]")
    page.wait_for_selector(".notice-good")
    assert page.locator(".empty").count() == 1


@pytest.mark.browser
@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_a_click_on_a_line_says_what_the_comment_is_about(
    page_as: "Callable[..., Page]", waiting: ScriptVersion
) -> None:
    page = page_as("support")
    page.goto(f"/scripts/versions/{waiting.id}")
    page.click("[data-comment-on='33']")
    assert page.input_value("#line") == "33"
    page.keyboard.type("请说明大概几分钟。")
    page.click("#return button.danger")
    page.wait_for_url("**/scripts")
    page.goto(f"/scripts/versions/{waiting.id}?view=text")
    assert_no_violations(page)
    assert "请说明大概几分钟。" in page.locator("tr.comment").inner_text()


@pytest.mark.browser
@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_manager_writes_checks_and_submits(page_as: "Callable[..., Page]", cast: Cast, language: str) -> None:
    page = page_as("manager", language)
    page.goto(f"/scripts/new?start={PITCH}")
    page.fill("#text", UNPROVED)
    page.keyboard.press("Control+k")
    page.wait_for_selector("[data-faults] .badge-bad")
    _look(page, f"script-editor-{language}")
    page.fill("#text", library()[PITCH])
    page.keyboard.press("Control+Enter")
    page.wait_for_url("**/scripts/versions/1")
    assert page.locator(".page-head .badge-wait").count() == 1
    assert_no_violations(page)
    page.goto("/scripts/1")
    assert_no_violations(page)


def _look(page: "Page", name: str) -> None:
    picture(page, name)
    assert_no_violations(page)
