"""How recordings are kept, in the console: rules, recorders and their tokens, legal holds, the nightly check."""

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy.engine import Engine
from sqlmodel import Session, select

from outbound import db
from outbound.intake import taking
from outbound.journal import JournalEntry
from outbound.people import Role, Staff, add_staff, known
from outbound.recordings import reconciling
from outbound.recordings.holds import LegalHold
from outbound.recordings.model import AgentSide, Recording
from outbound.recordings.recorders import Recorder
from outbound.recordings.rules import RecordingRules
from outbound.recordings.store import open_store
from outbound.settings import Settings
from tests.conftest import Cast, assert_no_violations, picture
from tests.heard_calls import SAMPLES, HeardMaker, show

if TYPE_CHECKING:
    from playwright.sync_api import Page

ClientAs = Callable[..., FlaskClient]
PageAs = Callable[..., "Page"]
once = pytest.mark.parametrize("engine", ["sqlite"], indirect=True)

SOUND = (SAMPLES / "confirmation-no.mp3").read_bytes()
PAGE = "/recordings/keeping"


@pytest.fixture
def desks() -> tuple[str, ...]:
    return (
        "web.desks.reviewer",
        "web.desks.recordings",
        "web.desks.keeping",
        "web.desks.supervisor",
        "web.desks.manager",
        "web.api",
    )


@pytest.fixture
def call(engine: Engine, cast: Cast, settings: Settings, now: datetime) -> str:
    """The reference of a call of the agent's that has no recording yet."""
    with db.transaction(engine) as session:
        return HeardMaker(session, cast.fz, settings, now=now).call(cast.agent, at=now - timedelta(hours=1)).reference


@pytest.fixture
def recording(engine: Engine, cast: Cast, settings: Settings, now: datetime) -> int:
    """A recording in the tray, whose name tells when it was made: an hour ago, at nine in Shanghai."""
    with db.transaction(engine) as session:
        kept = taking.keep(
            session,
            open_store(settings),
            cast.fz,
            data=SOUND,
            file_name="20261123-090010_8001.mp3",
            hearing=taking.heard_now(SOUND),
            reference="20261123-090010_8001",
            by=None,
            now=now,
        )
        return known(kept.id)


def rows(engine: Engine, model: Any) -> list[Any]:
    with Session(engine) as session:
        return list(session.exec(select(model)).all())


# ── Recorders


def make_token(manager: FlaskClient, side: str = "right") -> str:
    answer = manager.post(f"{PAGE}/recorders", data={"name": "PBX 1", "side": side})
    found = re.search(r"obr_[\w-]{40,}", answer.text)
    assert found
    return found.group()


def put(client: FlaskClient, token: str, reference: str, sound: bytes = SOUND) -> Any:
    return client.put(
        f"/api/v1/recordings/{reference}",
        data=sound,
        headers={"Authorization": f"Bearer {token}"},
        content_type="audio/mpeg",
    )


def test_a_recorder_sends_recordings_with_its_token_and_no_sign_in(
    client_as: ClientAs, client: FlaskClient, engine: Engine, call: str, now: datetime
) -> None:
    token = make_token(client_as("manager"))
    answer = put(client, token, call)
    assert (answer.status_code, answer.json["matched"]) == (201, True)
    (kept,) = rows(engine, Recording)
    assert (kept.kept_by_id, kept.agent_side) == (None, AgentSide.RIGHT)
    (recorder,) = rows(engine, Recorder)
    assert recorder.sent_at == now and token not in recorder.token_digest


@once
def test_a_token_is_shown_once_and_never_again(client_as: ClientAs, engine: Engine) -> None:
    manager = client_as("manager")
    token = make_token(manager)
    assert token not in manager.get(PAGE).text
    assert all(token not in entry.details for entry in rows(engine, JournalEntry))


@once
def test_a_revoked_token_sends_nothing_more(
    client_as: ClientAs, client: FlaskClient, engine: Engine, call: str
) -> None:
    manager = client_as("manager")
    token = make_token(manager)
    manager.post(f"{PAGE}/recorders/1/revoke")
    answer = put(client, token, call)
    assert (answer.status_code, answer.json["error"]) == (401, "TokenUnknown")
    assert not rows(engine, Recording)
    assert {"recorder.made", "recorder.revoked"} <= {entry.action for entry in rows(engine, JournalEntry)}


@once
def test_a_token_opens_nothing_but_sending(client_as: ClientAs, client: FlaskClient, recording: int) -> None:
    headers = {"Authorization": f"Bearer {make_token(client_as('manager'))}", "X-Requested-With": "fetch"}
    for address in (f"/recordings/{recording}/audio", "/api/v1/desk", PAGE):
        assert client.get(address, headers=headers).status_code == 401, address


@once
def test_a_wrong_token_is_refused_by_name(client: FlaskClient, cast: Cast) -> None:
    answer = put(client, "obr_wrong", "FZ-1")
    assert (answer.status_code, answer.json["error"]) == (401, "TokenUnknown")


@once
def test_a_broken_recording_is_refused_with_its_sentence(client_as: ClientAs, client: FlaskClient) -> None:
    answer = put(client, make_token(client_as("manager")), "FZ-1", b"nothing")
    assert (answer.status_code, answer.json["error"]) == (422, "NotAudio")


@once
@pytest.mark.parametrize("login", ["supervisor", "agent", "reviewer"])
def test_only_a_manager_makes_tokens(client_as: ClientAs, login: str) -> None:
    answer = client_as(login).post(f"{PAGE}/recorders", data={"name": "PBX", "side": "left"})
    assert answer.status_code == 403


@once
def test_another_centre_s_recorder_cannot_be_revoked(client_as: ClientAs, engine: Engine) -> None:
    make_token(client_as("manager"))
    assert client_as("outsider_manager").post(f"{PAGE}/recorders/1/revoke").status_code == 404
    assert rows(engine, Recorder)[0].revoked_at is None


# ── Rules


def test_the_rules_are_decided_by_the_manager_and_journalled(client_as: ClientAs, engine: Engine) -> None:
    data = {"agent_side": "right", "sale_years": "6", "other_days": "400"}
    assert client_as("manager").post(f"{PAGE}/rules", data=data).status_code == 302
    (rules,) = rows(engine, RecordingRules)
    assert (rules.agent_side, rules.sale_years, rules.other_days) == (AgentSide.RIGHT, 6, 400)
    assert "recording.rules" in {entry.action for entry in rows(engine, JournalEntry)}


@once
def test_recordings_of_sales_stay_five_years_at_least(client_as: ClientAs, engine: Engine) -> None:
    data = {"agent_side": "left", "sale_years": "4", "other_days": "400"}
    answer = client_as("manager").post(f"{PAGE}/rules", data=data)
    assert (answer.status_code, "between 5 and 100" in answer.text) == (422, True)
    assert not rows(engine, RecordingRules)


# ── Holds


@pytest.fixture
def second_manager(engine: Engine, cast: Cast, now: datetime) -> Staff:
    with db.transaction(engine) as session:
        facts = {"login": "deputy", "name": "Deputy", "password": "correct horse battery", "roles": {Role.MANAGER}}
        return add_staff(session, centre=cast.fz, by=None, now=now, **facts)  # type: ignore[arg-type]


def test_a_hold_takes_two_to_place_and_two_to_lift(client_as: ClientAs, engine: Engine, recording: int) -> None:
    manager, supervisor = client_as("manager"), client_as("supervisor")
    manager.post(f"/recordings/{recording}/hold", data={"reason": "court file 17"})
    assert manager.post("/recordings/holds/1/confirm").status_code == 409
    assert supervisor.post("/recordings/holds/1/confirm").status_code == 302
    supervisor.post("/recordings/holds/1/ask-to-lift", data={"lift-1": "settled"})
    assert supervisor.post("/recordings/holds/1/lift").status_code == 409
    assert rows(engine, LegalHold)[0].lifted_at is None
    assert manager.post("/recordings/holds/1/lift").status_code == 302
    assert rows(engine, LegalHold)[0].lifted_at is not None
    acts = {"hold.placed", "hold.confirmed", "hold.lift_asked", "hold.lifted"}
    assert acts <= {entry.action for entry in rows(engine, JournalEntry)}


@once
def test_a_hold_needs_its_reason(client_as: ClientAs, engine: Engine, recording: int) -> None:
    answer = client_as("manager").post(f"/recordings/{recording}/hold", data={"reason": " "})
    assert (answer.status_code, rows(engine, LegalHold)) == (422, [])


@once
def test_another_centre_cannot_hold_or_lift(client_as: ClientAs, recording: int) -> None:
    outsider = client_as("outsider_manager")
    assert outsider.post(f"/recordings/{recording}/hold", data={"reason": "x"}).status_code == 404
    client_as("manager").post(f"/recordings/{recording}/hold", data={"reason": "court file 17"})
    assert outsider.post("/recordings/holds/1/confirm").status_code == 404


# ── The tray's candidates


@once
def test_calls_near_the_time_in_the_name_are_shown_and_nothing_is_matched(
    client_as: ClientAs, engine: Engine, recording: int, call: str
) -> None:
    page = client_as("supervisor").get("/recordings/tray").text
    assert call in page and "It is this one" in page
    assert rows(engine, Recording)[0].call_id is None


@once
def test_an_agent_is_shown_own_calls_only(client_as: ClientAs, recording: int, call: str) -> None:
    assert call in client_as("agent").get("/recordings/tray").text
    assert call not in client_as("second_agent").get("/recordings/tray").text


@once
def test_a_call_that_has_its_recording_is_no_candidate(
    client_as: ClientAs, recording: int, call: str, engine: Engine
) -> None:
    supervisor = client_as("supervisor")
    token = make_token(client_as("manager"))
    assert put(supervisor, token, call, (SAMPLES / "dead-air.mp3").read_bytes()).status_code == 201
    assert call not in supervisor.get("/recordings/tray").text


# ── The sides


@once
@pytest.mark.parametrize(("side", "first"), [("left", "Agent"), ("right", "Customer"), ("unknown", "Left channel")])
def test_the_player_names_the_sides_as_the_recorder_has_them(
    client_as: ClientAs, client: FlaskClient, engine: Engine, side: str, first: str
) -> None:
    put(client, make_token(client_as("manager"), side), "FZ-9")
    page = client_as("supervisor").get(f"/recordings/{rows(engine, Recording)[0].id}").text
    names = re.findall(r'<span class="who">([^<]+)</span>', page)
    assert names[0] == first


# ── Pages looked at


@once
@pytest.mark.browser
@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_pages_can_be_read_by_everybody(
    page_as: PageAs,
    engine: Engine,
    cast: Cast,
    settings: Settings,
    recording: int,
    call: str,
    language: str,
    now: datetime,
) -> None:
    page = page_as("manager", language)
    page.goto(f"/recordings/{recording}")
    page.fill("#reason", "法院调取，案号 2026-17" if language == "zh" else "court file 17")
    page.click(".facts-side button[type=submit]")
    open_store(settings).put("fz/2026/11/stray.mp3", b"stray")
    reconciling.check_nightly(engine, open_store(settings), now=now + timedelta(days=2))
    page.goto(PAGE)
    page.fill("#name", "PBX 1")
    page.click("form[action$=recorders] button[type=submit]")
    page.wait_for_selector(".token")
    picture(page, f"recordings-keeping-{language}", full=True)
    assert_no_violations(page)
    for name, address in {"held": f"/recordings/{recording}", "candidates": "/recordings/tray"}.items():
        show(page, address)
        picture(page, f"recordings-{name}-{language}", full=True)
        assert_no_violations(page)
