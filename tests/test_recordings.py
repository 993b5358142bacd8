"""Recordings: written and synced before they are registered, matched by reference only, sealed, and heard on record."""

import os
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Engine
from sqlmodel import col, select

from outbound.db import transaction
from outbound.errors import NotFound
from outbound.journal import JournalEntry
from outbound.people import Staff
from outbound.recordings import hearing as hearings
from outbound.recordings import keeping
from outbound.recordings.candidates import candidates
from outbound.recordings.hearing import Soundness
from outbound.recordings.keeping import CallHasRecording, MatchedAlready, ReferenceNeeded, ReferenceTaken
from outbound.recordings.model import Recording
from outbound.recordings.store import RecordingGone, Store, StoreOutOfReach
from qa.audio import NotAudio, analyse
from tests.conftest import Cast
from tests.factories import Maker

SAMPLES = Path(__file__).parent / "samples" / "recordings"
SALE = (SAMPLES / "compliant-sale.mp3").read_bytes()
YES = (SAMPLES / "confirmation-yes.mp3").read_bytes()


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(str(tmp_path / "recordings"))


def keep(make: Maker, store: Store, data: bytes = SALE, *, by: Staff | None = None, **facts: Any) -> Recording:
    facts = {"file_name": "call.mp3", "minimum_seconds": 5.0, "hearing": analyse(data), **facts}
    return keeping.keep(make.session, store, make.centre, data=data, by=by, now=make.now, **facts)


def test_the_agents_upload_is_the_recording_of_that_call(make: Maker, cast: Cast, store: Store) -> None:
    call = make.call(cast.agent)
    recording = keep(make, store, call=call, by=cast.agent)
    assert (recording.call_id, recording.reference) == (call.id, call.reference)
    assert recording.matched_at == make.now


def test_what_was_kept_can_be_read_back_byte_for_byte(make: Maker, cast: Cast, store: Store) -> None:
    recording = keep(make, store, call=make.call(cast.agent))
    with store.open(recording.storage_key) as file:
        assert file.read() == SALE


def test_the_length_is_from_decoding_and_the_figures_are_kept(make: Maker, store: Store) -> None:
    recording = keep(make, store, reference="R-1")
    assert recording.seconds == pytest.approx(66.14, abs=0.2)
    assert (recording.codec, recording.channels, recording.media_type) == ("mp3", 2, "audio/mpeg")
    assert len(recording.hearing["sides"]) == 2


def test_names_are_generated_and_hold_nothing_that_was_uploaded(make: Maker, store: Store) -> None:
    recording = keep(make, store, reference="R-1", file_name="../../etc/passwd\n.mp3")
    assert recording.storage_key.startswith("fz/2026/11/")
    assert recording.storage_key.endswith(".mp3")
    assert recording.file_name == "passwd.mp3"


def test_a_recording_is_matched_by_its_reference_alone(make: Maker, cast: Cast, store: Store) -> None:
    make.call(cast.agent, reference="NEAREST-IN-TIME", at=make.now)
    call = make.call(cast.agent, reference="R-7", at=make.now - timedelta(days=3))
    assert keep(make, store, reference=" R-7 ").call_id == call.id


@pytest.mark.parametrize("written", ["r-7", "R- 7", "Ｒ-7"], ids=["case", "space", "full width"])
@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_a_reference_that_is_only_alike_is_left_to_a_person_and_shown_first(
    make: Maker, cast: Cast, store: Store, written: str
) -> None:
    make.call(cast.agent, reference="NEARER", at=make.now)
    alike = make.call(cast.agent, reference="R-7", at=make.now - timedelta(hours=1))
    recording = keep(make, store, reference=written)
    assert recording.call_id is None
    found = candidates(make.session, recording, make.centre)
    assert [each.call.reference for each in found] == ["R-7", "NEARER"]
    keeping.match(make.session, recording, found[0].call, by=cast.supervisor, now=make.now)
    assert recording.call_id == alike.id


def test_a_recording_of_an_unknown_call_waits_in_the_tray(make: Maker, cast: Cast, store: Store) -> None:
    make.call(cast.agent)
    recording = keep(make, store, reference="R-8")
    assert recording.call_id is None
    assert keeping.unmatched(make.session, make.centre.id or 0) == [recording]


def test_a_call_registered_later_finds_its_waiting_recording(make: Maker, cast: Cast, store: Store) -> None:
    recording = keep(make, store, reference="R-9")
    call = make.call(cast.agent, reference="R-9")
    assert keeping.match_waiting(make.session, call, now=make.now) is recording
    assert recording.call_id == call.id
    assert keeping.match_waiting(make.session, call, now=make.now) is None


def test_the_same_recording_again_is_no_news(make: Maker, cast: Cast, store: Store) -> None:
    call = make.call(cast.agent)
    first = keep(make, store, call=call)
    assert keep(make, store, call=call) is first
    assert keep(make, store, reference=call.reference) is first
    assert len(list(store.keys())) == 1


def test_other_bytes_under_a_reference_are_refused_by_name(make: Maker, store: Store) -> None:
    keep(make, store, reference="R-1")
    with pytest.raises(ReferenceTaken, match="R-1"):
        keep(make, store, YES, reference="R-1")
    assert len(list(store.keys())) == 1


def test_a_call_has_one_recording_only(make: Maker, cast: Cast, store: Store) -> None:
    call = make.call(cast.agent)
    keep(make, store, call=call)
    tray = keep(make, store, YES, reference="R-2")
    with pytest.raises(CallHasRecording):
        keeping.match(make.session, tray, call, by=cast.supervisor, now=make.now)


def test_a_recording_without_a_reference_is_refused(make: Maker, store: Store) -> None:
    with pytest.raises(ReferenceNeeded):
        keep(make, store, reference="  ")


def test_another_centres_call_is_not_found(make: Maker, cast: Cast, store: Store) -> None:
    elsewhere = Maker(make.session, cast.xm, now=make.now).call(cast.outsider)
    with pytest.raises(NotFound):
        keep(make, store, call=elsewhere)
    with pytest.raises(NotFound):
        keeping.match(make.session, keep(make, store, reference="R-1"), elsewhere, by=cast.supervisor, now=make.now)
    assert keep(make, store, YES, reference=elsewhere.reference).call_id is None


def test_a_supervisor_matches_from_the_tray_once(make: Maker, cast: Cast, store: Store) -> None:
    recording, call = keep(make, store, reference="R-1"), make.call(cast.agent)
    keeping.match(make.session, recording, call, by=cast.supervisor, now=make.now)
    assert keeping.match(make.session, recording, call, by=cast.supervisor, now=make.now).call_id == call.id
    with pytest.raises(MatchedAlready):
        keeping.match(make.session, recording, make.call(cast.agent), by=cast.supervisor, now=make.now)


def test_a_file_that_is_not_audio_leaves_nothing_behind(make: Maker, store: Store) -> None:
    with pytest.raises(NotAudio):
        keep(make, store, (SAMPLES / "not-audio.wav").read_bytes(), reference="R-1")
    assert list(store.keys()) == []


@pytest.mark.parametrize(
    ("sample", "minimum", "reason"),
    [
        ("compliant-sale.mp3", 5.0, ""),
        ("dead-air.mp3", 5.0, "nobody_speaks"),
        ("compliant-sale.mp3", 90.0, "too_short"),
    ],
)
@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_a_recording_is_kept_valid_or_not_with_its_reason(
    make: Maker, store: Store, sample: str, minimum: float, reason: str
) -> None:
    recording = keep(make, store, (SAMPLES / sample).read_bytes(), reference="R-1", minimum_seconds=minimum)
    assert (recording.valid, recording.invalid_reason) == (not reason, reason)


def test_a_kept_recording_never_changes(make: Maker, store: Store) -> None:
    recording = keep(make, store, reference="R-1")
    make.session.flush()
    recording.sha256 = "0" * 64
    with pytest.raises(sa.exc.IntegrityError, match="sealed"):
        make.session.flush()


def test_the_same_upload_twice_at_once_is_one_recording(
    engine: Engine, cast: Cast, store: Store, now: datetime
) -> None:
    with transaction(engine) as session:
        first = keep(Maker(session, cast.fz, now=now), store, reference="R-1")
    with transaction(engine) as session:
        late = Maker(session, cast.fz, now=now)
        stale = Recording(**{**first.model_dump(exclude={"id"}), "storage_key": "fz/other.mp3"})
        assert keeping._register(session, late.centre, stale, by=None, now=now).id == first.id


def test_every_hearing_is_journalled_but_not_every_range_of_it(
    engine: Engine, cast: Cast, store: Store, now: datetime
) -> None:
    with transaction(engine) as session:
        make = Maker(session, cast.fz, now=now)
        recording = keep(make, store, call=make.call(cast.agent))
    for who, minute in [(cast.reviewer, 0), (cast.reviewer, 2), (cast.supervisor, 3), (cast.reviewer, 11)]:
        with transaction(engine) as session:
            at = now + timedelta(minutes=minute)
            with hearings.open_for(session, store, recording, by=who, now=at) as file:
                file.seek(100)
                assert file.read(50) == SALE[100:150]
    with transaction(engine) as session:
        asked = select(JournalEntry).where(JournalEntry.action == "recording.heard").order_by(col(JournalEntry.id))
        heard_by = [entry.actor_id for entry in session.exec(asked)]
    assert heard_by == [cast.reviewer.id, cast.supervisor.id, cast.reviewer.id]


def test_another_centres_recording_is_not_heard(make: Maker, cast: Cast, store: Store) -> None:
    recording = keep(make, store, reference="R-1")
    with pytest.raises(NotFound):
        hearings.open_for(make.session, store, recording, by=cast.outsider_manager, now=make.now)
    hearings.open_for(make.session, store, recording, by=cast.carrier, now=make.now).close()


def test_a_swapped_or_missing_file_is_found_by_its_hash(make: Maker, store: Store, tmp_path: Path) -> None:
    recording = keep(make, store, reference="R-1")
    file = tmp_path / "recordings" / recording.storage_key
    assert hearings.check(store, recording) is Soundness.SAME
    file.write_bytes(YES)
    assert hearings.check(store, recording) is Soundness.CHANGED
    file.unlink()
    assert hearings.check(store, recording) is Soundness.GONE
    with pytest.raises(RecordingGone):
        store.open(recording.storage_key)


def test_a_file_is_synced_before_it_has_its_name(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[list[str]] = []
    folder, fsync = tmp_path / "recordings" / "fz", os.fsync

    def noting(handle: int) -> None:
        synced.append([place.name for place in folder.glob("*")] if folder.exists() else [])
        fsync(handle)

    monkeypatch.setattr(os, "fsync", noting)
    store.put("fz/a.mp3", b"sound")
    drafts = [names for names in synced if any(name.endswith(".part") for name in names)]
    assert drafts
    assert all("a.mp3" not in names for names in drafts)
    assert synced[-1] == ["a.mp3"]


def test_a_full_disk_leaves_no_half_file(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(StoreOutOfReach, match="No space left"):
        store.put("fz/a.mp3", b"sound")
    assert [place for place in (tmp_path / "recordings").rglob("*") if place.is_file()] == []


@pytest.mark.parametrize("url", ["{}/recordings", "memory://deleting{}"], ids=["folder", "memory"])
def test_what_is_deleted_is_gone_and_deleting_it_again_says_so(tmp_path: Path, url: str) -> None:
    store = Store(url.format(tmp_path))
    store.put("fz/a.mp3", b"sound")
    assert [store.delete("fz/a.mp3"), store.delete("fz/a.mp3")] == [True, False]
    assert list(store.keys()) == []


def test_a_folder_that_is_not_there_is_told_and_no_recording_is_called_gone(tmp_path: Path) -> None:
    with pytest.raises(StoreOutOfReach, match="is not there"):
        Store(str(tmp_path / "unmounted")).open("fz/a.mp3")


def test_any_storage_that_fsspec_knows_keeps_recordings() -> None:
    store = Store("memory://centre")
    store.put("fz/a.mp3", b"sound")
    with store.open("fz/a.mp3") as file:
        assert file.read() == b"sound"
    assert list(store.keys()) == ["fz/a.mp3"]


def test_a_store_that_cannot_be_reached_is_named() -> None:
    with pytest.raises(StoreOutOfReach, match="OUTBOUND_RECORDINGS_URL"):
        Store("nosuch://bucket/recordings")
