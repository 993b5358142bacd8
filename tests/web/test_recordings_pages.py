"""Recordings in the console: heard in ranges by those allowed, sent in one by one or many at once, matched by hand."""

from collections.abc import Callable
from datetime import datetime, timedelta
from io import BytesIO
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import soundfile
from flask.testing import FlaskClient
from sqlalchemy.engine import Engine
from sqlmodel import Session, select

from outbound import db
from outbound.calls.model import Call
from outbound.intake.taking import hear_waiting
from outbound.journal import JournalEntry
from outbound.people import Staff, known
from outbound.recordings.keeping import keep
from outbound.recordings.model import Recording
from outbound.recordings.store import Store, open_store
from outbound.settings import Settings
from qa.audio import analyse
from qa.review.model import ReviewSource, ReviewTask
from tests.conftest import Cast, assert_no_violations, picture
from tests.heard_calls import SAMPLES, HeardMaker, show

if TYPE_CHECKING:
    from playwright.sync_api import Page

ClientAs = Callable[..., FlaskClient]
PageAs = Callable[..., "Page"]
once = pytest.mark.parametrize("engine", ["sqlite"], indirect=True)

SOUND = (SAMPLES / "compliant-sale.mp3").read_bytes()
DROPPED = """told => {
  const dropped = new DataTransfer();
  for (const name of told.names) {
    const sound = name === told.broken ? "no sound" : new Uint8Array(told.sound);
    dropped.items.add(new File([sound], name, { type: "audio/wav" }));
  }
  return dropped;
}"""
"""What a browser hands over when files are dropped."""


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


@pytest.fixture
def recording(engine: Engine, cast: Cast, settings: Settings, now: datetime) -> int:
    """A compliant sale of the agent's, recorded."""
    with db.transaction(engine) as session:
        maker = HeardMaker(session, cast.fz, settings, now=now)
        maker.write_script(cast.manager)
        sale = maker.heard_sale(cast.agent, "compliant-sale.mp3")
        kept = session.exec(select(Recording).where(Recording.call_id == sale.sale_call_id)).one()
        return known(kept.id)


@pytest.fixture
def call(engine: Engine, cast: Cast, settings: Settings, now: datetime) -> str:
    """The reference of a call of the agent's that has no recording yet."""
    with db.transaction(engine) as session:
        made = HeardMaker(session, cast.fz, settings, now=now).call(cast.agent, at=now - timedelta(hours=1))
        return made.reference


def send(client: FlaskClient, *files: tuple[bytes, str]) -> Any:
    told = {"files": [(BytesIO(data), name) for data, name in files]}
    answer = client.post("/recordings/upload", data=told, headers={"X-Requested-With": "fetch"})
    return answer.status_code, answer.get_json()["files"]


def kept(engine: Engine) -> list[Recording]:
    with Session(engine) as session:
        return list(session.exec(select(Recording).order_by(Recording.reference)).all())


# ── Heard


def test_the_whole_sound_is_served_with_its_hash_as_its_tag(
    client_as: ClientAs, recording: int, engine: Engine
) -> None:
    answer = client_as("reviewer").get(f"/recordings/{recording}/audio")
    assert (answer.status_code, answer.data, answer.mimetype) == (200, SOUND, "audio/mpeg")
    assert answer.headers["Accept-Ranges"] == "bytes"
    assert answer.get_etag() == (kept(engine)[0].sha256, False)


@pytest.mark.parametrize(
    ("asked", "part", "said"),
    [
        ("bytes=0-99", SOUND[:100], f"bytes 0-99/{len(SOUND)}"),
        ("bytes=1000-", SOUND[1000:], f"bytes 1000-{len(SOUND) - 1}/{len(SOUND)}"),
        ("bytes=-50", SOUND[-50:], f"bytes {len(SOUND) - 50}-{len(SOUND) - 1}/{len(SOUND)}"),
    ],
)
def test_a_range_is_served_alone(client_as: ClientAs, recording: int, asked: str, part: bytes, said: str) -> None:
    answer = client_as("reviewer").get(f"/recordings/{recording}/audio", headers={"Range": asked})
    assert (answer.status_code, answer.data, answer.headers["Content-Range"]) == (206, part, said)
    assert answer.content_length == len(part)


@once
def test_a_range_beyond_the_end_is_refused(client_as: ClientAs, recording: int) -> None:
    answer = client_as("reviewer").get(f"/recordings/{recording}/audio", headers={"Range": f"bytes={len(SOUND)}-"})
    assert (answer.status_code, answer.headers["Content-Range"]) == (416, f"bytes */{len(SOUND)}")


@once
def test_a_range_of_another_file_gets_the_whole(client_as: ClientAs, recording: int) -> None:
    headers = {"Range": "bytes=0-99", "If-Range": '"another"'}
    answer = client_as("reviewer").get(f"/recordings/{recording}/audio", headers=headers)
    assert (answer.status_code, len(answer.data)) == (200, len(SOUND))


@once
def test_what_the_browser_has_already_is_not_sent_again(client_as: ClientAs, recording: int, engine: Engine) -> None:
    headers = {"If-None-Match": f'"{kept(engine)[0].sha256}"'}
    answer = client_as("reviewer").get(f"/recordings/{recording}/audio", headers=headers)
    assert (answer.status_code, answer.data) == (304, b"")


def test_a_hearing_is_journalled_once_however_many_ranges_it_takes(
    client_as: ClientAs, recording: int, engine: Engine, cast: Cast
) -> None:
    reviewer = client_as("reviewer")
    for start in (0, 1000, 2000):
        reviewer.get(f"/recordings/{recording}/audio", headers={"Range": f"bytes={start}-"})
    with Session(engine) as session:
        heard = session.exec(select(JournalEntry).where(JournalEntry.action == "recording.heard")).all()
        assert [(entry.actor_id, entry.subject_id) for entry in heard] == [(cast.reviewer.id, recording)]


@pytest.mark.parametrize("login", ["agent", "second_agent", "finance"])
@once
def test_who_may_not_hear_is_refused(client_as: ClientAs, recording: int, login: str) -> None:
    assert client_as(login).get(f"/recordings/{recording}/audio").status_code == 403


@pytest.mark.parametrize("address", ["/recordings/{}", "/recordings/{}/audio"])
def test_another_centre_s_recording_is_not_there(client_as: ClientAs, recording: int, address: str) -> None:
    assert client_as("outsider_manager").get(address.format(recording)).status_code == 404


@once
def test_the_carrier_hears_recordings_of_every_centre(client_as: ClientAs, recording: int) -> None:
    assert client_as("carrier").get(f"/recordings/{recording}/audio").status_code == 200


@once
def test_a_file_that_is_gone_says_so(client_as: ClientAs, recording: int, engine: Engine, settings: Settings) -> None:
    (Path(settings.recordings) / kept(engine)[0].storage_key).unlink()
    answer = client_as("reviewer").get(f"/recordings/{recording}/audio", headers={"X-Requested-With": "fetch"})
    assert (answer.status_code, answer.get_json()["error"]) == (410, "RecordingGone")


# ── Sent in


def test_a_file_is_matched_by_its_name(client_as: ClientAs, call: str, engine: Engine, settings: Settings) -> None:
    status, files = send(client_as("supervisor"), (SOUND, f"{call}.mp3"))
    assert (status, files[0]["kind"], files[0]["told"]) == (200, "good", "Kept and matched to its call.")
    recording = kept(engine)[0]
    assert (recording.reference, recording.call_id is not None, recording.valid) == (call, True, True)
    with Store(settings.recordings).open(recording.storage_key) as file:
        assert file.read() == SOUND


def test_of_many_files_the_refused_ones_say_why_and_the_others_go_on(
    client_as: ClientAs, call: str, engine: Engine
) -> None:
    broken = ["not-audio.wav", "empty.wav", "truncated.mp3"]
    files = [((SAMPLES / name).read_bytes(), name) for name in broken]
    status, told = send(client_as("supervisor"), *files, (SOUND, f"{call}.mp3"))
    assert (status, [each["kind"] for each in told]) == (200, ["bad", "bad", "bad", "good"])
    assert "is not a recording that can be played" in told[0]["told"]
    assert "holds no sound at all" in told[1]["told"]
    assert "breaks off" in told[2]["told"]
    assert [recording.reference for recording in kept(engine)] == [call]


def test_only_refused_files_are_no_success(client_as: ClientAs) -> None:
    status, told = send(client_as("supervisor"), (b"", "nothing.wav"))
    assert (status, told[0]["kind"]) == (422, "bad")


def test_a_recording_on_which_nobody_speaks_is_kept_and_not_valid(
    client_as: ClientAs, call: str, engine: Engine
) -> None:
    _status, told = send(client_as("supervisor"), ((SAMPLES / "dead-air.mp3").read_bytes(), f"{call}.mp3"))
    assert (told[0]["kind"], told[0]["told"]) == ("wait", "Kept and matched, but not valid: nobody speaks.")
    assert not kept(engine)[0].valid


@once
def test_a_long_recording_is_kept_at_once_and_heard_through_by_a_worker(
    client_as: ClientAs, call: str, engine: Engine, settings: Settings, now: datetime
) -> None:
    supervisor = client_as("supervisor")
    _status, told = send(supervisor, (SOUND * 40, f"{call}.mp3"))
    assert told[0]["kind"] == "good" and "will be heard through in a moment" in told[0]["told"]
    assert "not heard through yet" in supervisor.get("/recordings").text
    assert supervisor.get(f"/recordings/{told[0]['id']}").status_code == 200
    hear_waiting(engine, open_store(settings), now=now)
    (recording,) = kept(engine)
    assert recording.valid and recording.seconds > 2000


def test_the_same_file_again_changes_nothing(client_as: ClientAs, call: str, engine: Engine) -> None:
    supervisor = client_as("supervisor")
    send(supervisor, (SOUND, f"{call}.mp3"))
    assert send(supervisor, (SOUND, f"{call}.mp3"))[1][0]["kind"] == "good"
    assert len(kept(engine)) == 1


def test_sound_is_stored_before_the_transaction_that_registers_it(
    client_as: ClientAs, call: str, engine: Engine, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    supervisor, put = client_as("supervisor"), Store.put

    def while_others_work(store: Store, key: str, data: bytes) -> None:
        with db.transaction(engine) as session:
            session.get_one(Staff, cast.agent.id).name = "Somebody else's work"
        put(store, key, data)

    monkeypatch.setattr(Store, "put", while_others_work)
    assert send(supervisor, (SOUND, f"{call}.mp3"))[1][0]["kind"] == "good"
    with Session(engine) as session:
        assert session.get_one(Staff, cast.agent.id).name == "Somebody else's work"


def test_what_is_refused_or_came_in_before_leaves_no_second_file(
    client_as: ClientAs, call: str, engine: Engine, settings: Settings
) -> None:
    supervisor = client_as("supervisor")
    other = (SAMPLES / "confirmation-yes.mp3").read_bytes()
    for data, name in [(SOUND, call), (SOUND, call), (other, call), (other, " ")]:
        send(supervisor, (data, f"{name}.mp3"))
    assert send(client_as("second_agent"), (other, f"{call}.mp3"))[1][0]["kind"] == "bad"
    assert list(Store(settings.recordings).keys()) == [recording.storage_key for recording in kept(engine)]
    assert len(kept(engine)) == 1


@once
def test_no_file_at_all_is_refused(client_as: ClientAs) -> None:
    answer = client_as("supervisor").post("/recordings/upload", data={})
    assert (answer.status_code, "Choose a file." in answer.text) == (422, True)


@once
def test_an_agent_sends_own_recordings_and_not_a_colleague_s(client_as: ClientAs, call: str) -> None:
    assert "is a colleague&#39;s" in client_as("second_agent").post(
        "/recordings/upload", data={"files": [(BytesIO(SOUND), f"{call}.mp3")]}
    ).text.replace("&#34;", '"')
    assert send(client_as("agent"), (SOUND, f"{call}.mp3"))[1][0]["kind"] == "good"


# ── The tray


@pytest.fixture
def unknown(engine: Engine, cast: Cast, settings: Settings, now: datetime) -> int:
    """A recording whose reference belongs to no call."""
    with db.transaction(engine) as session:
        recording = keep(
            session,
            Store(settings.recordings),
            cast.fz,
            data=SOUND[:-400],
            file_name="REC-77.mp3",
            hearing=analyse(SOUND),
            reference="REC-77",
            minimum_seconds=5,
            by=None,
            now=now - timedelta(minutes=3),
        )
        return known(recording.id)


def test_a_recording_without_a_call_waits_in_the_tray(client_as: ClientAs, unknown: int) -> None:
    assert "REC-77" in client_as("supervisor").get("/recordings/tray").text


def test_it_is_matched_by_typing_the_call_s_reference(
    client_as: ClientAs, unknown: int, call: str, engine: Engine
) -> None:
    supervisor = client_as("supervisor")
    answer = supervisor.post(f"/recordings/{unknown}/match", data={f"reference-{unknown}": call}, follow_redirects=True)
    assert f"Matched to the call {call}." in answer.text and "REC-77" not in answer.text
    with Session(engine) as session:
        recording = session.get_one(Recording, unknown)
        assert recording.call_id == session.exec(select(Call.id).where(Call.reference == call)).one()


@pytest.mark.parametrize(("typed", "sentence"), [("FZ-NOBODY", "No call of this centre has"), ("", "Fill this in.")])
def test_a_reference_that_nobody_knows_is_told_at_its_field(
    client_as: ClientAs, unknown: int, typed: str, sentence: str
) -> None:
    answer = client_as("supervisor").post(f"/recordings/{unknown}/match", data={f"reference-{unknown}": typed})
    assert (answer.status_code, sentence in answer.text, f'value="{typed}"' in answer.text) == (422, True, True)


@once
def test_a_call_that_has_its_recording_takes_no_other(client_as: ClientAs, unknown: int, call: str) -> None:
    supervisor = client_as("supervisor")
    send(supervisor, ((SAMPLES / "clipped.wav").read_bytes(), f"{call}.wav"))
    answer = supervisor.post(f"/recordings/{unknown}/match", data={f"reference-{unknown}": call})
    assert (answer.status_code, "has its recording already" in answer.text) == (409, True)


@once
def test_an_agent_does_not_match_a_recording_to_a_colleague_s_call(
    client_as: ClientAs, unknown: int, call: str
) -> None:
    answer = client_as("second_agent").post(f"/recordings/{unknown}/match", data={f"reference-{unknown}": call})
    assert answer.status_code == 403


@once
def test_another_centre_s_tray_is_not_mine(client_as: ClientAs, unknown: int, call: str) -> None:
    manager = client_as("outsider_manager")
    assert "REC-77" not in manager.get("/recordings/tray").text
    assert manager.post(f"/recordings/{unknown}/match", data={f"reference-{unknown}": call}).status_code == 404


# ── The list, and one recording


def test_the_list_says_why_a_recording_is_not_valid(client_as: ClientAs, call: str) -> None:
    send(client_as("supervisor"), ((SAMPLES / "dead-air.mp3").read_bytes(), f"{call}.mp3"))
    assert "nobody speaks" in client_as("manager").get("/recordings").text


@once
def test_a_two_hour_recording_is_shown_from_its_peaks_alone(
    client_as: ClientAs, call: str, engine: Engine, settings: Settings, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    talk, rate = soundfile.read(SAMPLES / "compliant-sale-mono-alaw.wav", dtype="int16")
    sound, supervisor = BytesIO(), client_as("supervisor")
    soundfile.write(sound, np.resize(talk, 7200 * rate), rate, format="WAV", subtype="ALAW")
    send(supervisor, (sound.getvalue(), f"{call}.wav"))
    hear_waiting(engine, open_store(settings), now=now)
    (recording,) = kept(engine)
    assert (recording.seconds, recording.valid) == (7200, True)
    monkeypatch.setattr(Store, "open", lambda *_asked: pytest.fail("the page reads the sound"))
    answer = supervisor.get(f"/recordings/{recording.id}")
    assert (answer.status_code, len(answer.data) < 200_000) == (200, True)
    assert len(recording.hearing["sides"][0]["peaks"]) == 1000


@once
def test_the_list_is_exported_as_it_is_shown(client_as: ClientAs, recording: int) -> None:
    answer = client_as("manager").get("/recordings?valid=True&export=csv")
    assert answer.mimetype == "text/csv" and "FZ-" in answer.text


def test_a_supervisor_asks_for_a_review_of_one_call(
    client_as: ClientAs, recording: int, engine: Engine, cast: Cast
) -> None:
    answer = client_as("supervisor").post(f"/recordings/{recording}/review", follow_redirects=True)
    assert "is asked to review this call" in answer.text
    with Session(engine) as session:
        task = session.exec(select(ReviewTask)).one()
        assert (task.source, task.recording_id) == (ReviewSource.TARGETED, recording)


# ── In a real browser


@once
@pytest.mark.browser
def test_many_files_are_sent_with_their_progress(page_as: PageAs, call: str, engine: Engine, tmp_path: Path) -> None:
    named = tmp_path / f"{call}.mp3"
    named.write_bytes(SOUND)
    page = page_as("supervisor")
    page.goto("/recordings/upload")
    page.set_input_files("#files", [named, SAMPLES / "not-audio.wav", SAMPLES / "compliant-sale.ogg"])
    page.click("text=Send the files")
    page.wait_for_selector("text=3 of 3 files are done, 1 refused")
    assert len(kept(engine)) == 2
    assert page.locator(".sent .badge-bad").count() == 1


@once
@pytest.mark.browser
def test_of_many_that_are_dropped_a_broken_one_and_a_lost_line_stop_no_other(page_as: PageAs, engine: Engine) -> None:
    page, sent, sound = page_as("supervisor"), count(1), BytesIO()
    # The line breaks once, in the middle of it all.
    page.route("**/recordings/upload", lambda route: route.abort() if next(sent) == 80 else route.continue_())
    page.goto("/recordings/upload")
    soundfile.write(sound, np.zeros(400), 8000, format="WAV", subtype="ALAW")
    names = [f"R-{number}.wav" for number in range(120)]

    def drop(names: list[str], broken: str = "") -> None:
        told = {"names": names, "broken": broken, "sound": list(sound.getvalue())}
        page.dispatch_event("[data-drop]", "drop", {"dataTransfer": page.evaluate_handle(DROPPED, told)})

    drop(names, broken="R-20.wav")
    page.wait_for_selector("text=119 of 120 files are done, 1 refused, 1 did not arrive", timeout=120_000)
    missed = page.locator(".sent li", has=page.locator(".badge-bad")).locator(".name").all_inner_texts()
    assert missed[0] == "R-20.wav"
    assert sorted(each.file_name for each in kept(engine)) == sorted({*names} - {*missed})
    # The lost one is sent again from its row; what is dropped once more is taken, and is no news.
    page.click(f'role=button[name="Send again {missed[1]}"]')
    page.wait_for_selector("text=120 of 120 files are done, 1 refused")
    drop(["R-19.wav"])
    page.wait_for_selector("text=121 of 121 files are done, 1 refused")
    assert sorted(each.file_name for each in kept(engine)) == sorted({*names} - {"R-20.wav"})


@once
@pytest.mark.browser
def test_what_a_broken_line_lost_is_sent_again_at_one_click(
    page_as: PageAs, call: str, engine: Engine, tmp_path: Path
) -> None:
    page = page_as("supervisor")
    files = [tmp_path / f"{name}.mp3" for name in (call, "R-1")]
    for file in files:
        file.write_bytes(SOUND)
    page.goto("/recordings/upload")
    page.route("**/recordings/upload", lambda route: route.abort())
    page.set_input_files("#files", files)
    page.click("text=Send the files")
    page.wait_for_selector("text=0 of 2 files are done, 0 refused, 2 did not arrive")
    page.unroute("**/recordings/upload")
    page.click("text=Send again what did not arrive")
    page.wait_for_selector("text=2 of 2 files are done, 0 refused")
    assert not page.is_visible("text=Send again what did not arrive")
    assert {each.file_name for each in kept(engine)} == {file.name for file in files}


@once
@pytest.mark.browser
@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_page_of_recordings_can_be_read_by_everybody(
    page_as: PageAs, recording: int, unknown: int, language: str
) -> None:
    page = page_as("supervisor", language)
    for name, address in {
        "list": "/recordings",
        "one": f"/recordings/{recording}",
        "unmatched": f"/recordings/{unknown}",
        "tray": "/recordings/tray",
        "upload": "/recordings/upload",
    }.items():
        show(page, address)
        picture(page, f"recordings-{name}-{language}")
        assert_no_violations(page)
