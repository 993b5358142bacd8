"""Recordings that come in without anybody's hand: the watched folder, and long ones that a worker hears through."""

import os
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy.engine import Engine
from sqlmodel import col, select

from outbound.db import reading, transaction
from outbound.intake import taking
from outbound.intake.watched import take_watched
from outbound.people import known
from outbound.recordings import keeping
from outbound.recordings.model import Recording
from outbound.recordings.store import Store, StoreOutOfReach
from qa.audio import NotAudio
from tests.conftest import Cast
from tests.factories import Maker

SAMPLES = Path(__file__).parent / "samples" / "recordings"
SALE = (SAMPLES / "compliant-sale.mp3").read_bytes()
once = pytest.mark.parametrize("engine", ["sqlite"], indirect=True)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(str(tmp_path / "recordings"))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "watched" / "fz").mkdir(parents=True)
    return tmp_path / "watched"


@pytest.fixture
def later() -> datetime:
    """A moment at which files written in this test lie still."""
    from outbound import clock

    return clock.now() + timedelta(minutes=1)


def kept(engine: Engine) -> Sequence[Recording]:
    with reading(engine) as session:
        return session.exec(select(Recording).order_by(col(Recording.id))).all()


def call(engine: Engine, cast: Cast, now: datetime, reference: str) -> int:
    with transaction(engine) as session:
        return known(Maker(session, cast.fz, now=now).call(cast.agent, reference=reference).id)


# The watched folder


def test_a_file_in_the_watched_folder_is_kept_under_its_name_and_moved_to_done(
    engine: Engine, cast: Cast, store: Store, folder: Path, later: datetime
) -> None:
    number = call(engine, cast, later, "FZ-7")
    (folder / "fz" / "FZ-7.mp3").write_bytes(SALE)
    assert take_watched(engine, store, folder, now=later) == (1, 0)
    (recording,) = kept(engine)
    assert (recording.reference, recording.call_id, recording.kept_by_id) == ("FZ-7", number, None)
    assert [file.name for file in (folder / "fz").iterdir()] == ["done"]
    assert (folder / "fz" / "done" / "FZ-7.mp3").read_bytes() == SALE


@once
def test_a_refused_file_is_moved_with_its_sentence_beside_it(
    engine: Engine, cast: Cast, store: Store, folder: Path, later: datetime
) -> None:
    (folder / "fz" / "R-1.wav").write_bytes((SAMPLES / "not-audio.wav").read_bytes())
    assert take_watched(engine, store, folder, now=later) == (0, 1)
    told = (folder / "fz" / "refused" / "R-1.wav.txt").read_text("utf-8")
    assert "不是可以播放的录音" in told and "is not a recording that can be played" in told
    assert (folder / "fz" / "refused" / "R-1.wav").exists() and not kept(engine)


@once
def test_a_file_that_is_still_being_written_is_left_alone(
    engine: Engine, cast: Cast, store: Store, folder: Path, later: datetime
) -> None:
    file = folder / "fz" / "R-1.mp3"
    file.write_bytes(SALE)
    os.utime(file, (0, 0))
    assert take_watched(engine, store, folder, now=later - timedelta(seconds=55)) == (0, 0)
    assert file.exists() and not kept(engine)


@once
@pytest.mark.parametrize("name", [".R-1.mp3", "R-1.mp3.part", "R-1.tmp"])
def test_names_of_unfinished_files_are_left_alone(
    engine: Engine, cast: Cast, store: Store, folder: Path, later: datetime, name: str
) -> None:
    (folder / "fz" / name).write_bytes(SALE)
    assert take_watched(engine, store, folder, now=later) == (0, 0)


@once
def test_the_same_file_again_is_no_news_and_overwrites_nothing(
    engine: Engine, cast: Cast, store: Store, folder: Path, later: datetime
) -> None:
    for _ in range(2):
        (folder / "fz" / "R-1.mp3").write_bytes(SALE)
        take_watched(engine, store, folder, now=later)
    assert len(kept(engine)) == 1
    assert sorted(file.name for file in (folder / "fz" / "done").iterdir()) == ["R-1-2.mp3", "R-1.mp3"]


@once
def test_a_recording_that_cannot_be_stored_now_stays_and_is_taken_in_later(
    engine: Engine, cast: Cast, store: Store, folder: Path, later: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_key: str, _data: bytes) -> None:
        raise StoreOutOfReach(reason="No space left on device")

    (folder / "fz" / "R-1.mp3").write_bytes(SALE)
    with monkeypatch.context() as patch:
        patch.setattr(store, "put", full)
        assert take_watched(engine, store, folder, now=later) == (0, 0)
    assert take_watched(engine, store, folder, now=later) == (1, 0)


@once
def test_a_folder_of_an_unknown_centre_is_not_touched(
    engine: Engine, cast: Cast, store: Store, folder: Path, later: datetime
) -> None:
    (folder / "elsewhere").mkdir()
    (folder / "elsewhere" / "R-1.mp3").write_bytes(SALE)
    (folder / "R-2.mp3").write_bytes(SALE)
    assert take_watched(engine, store, folder, now=later) == (0, 0)


# What a worker hears through


def unheard(engine: Engine, cast: Cast, store: Store, now: datetime, data: bytes = SALE) -> None:
    with transaction(engine) as session:
        keeping.keep(
            session,
            store,
            cast.fz,
            data=data,
            file_name="long.mp3",
            hearing=None,
            reference="L-1",
            minimum_seconds=5,
            by=None,
            now=now,
        )


def test_a_long_recording_is_kept_at_once_and_valid_only_when_it_was_heard(
    engine: Engine, cast: Cast, store: Store, now: datetime
) -> None:
    number = call(engine, cast, now, "L-1")
    unheard(engine, cast, store, now)
    (waiting,) = kept(engine)
    assert (waiting.waits, waiting.valid, waiting.call_id, waiting.matched_at) == (True, False, number, None)
    assert taking.hear_waiting(engine, store, now=now + timedelta(minutes=1)) == 1
    (heard,) = kept(engine)
    assert (heard.waits, heard.valid) == (False, True)
    assert heard.seconds == pytest.approx(66.14, abs=0.01)
    assert heard.matched_at == now + timedelta(minutes=1)
    assert taking.hear_waiting(engine, store, now=now) == 0


@once
def test_a_recording_that_turns_out_to_be_unreadable_stays_kept_with_its_sentence(
    engine: Engine, cast: Cast, store: Store, now: datetime
) -> None:
    unheard(engine, cast, store, now, SALE[: len(SALE) // 2])
    taking.hear_waiting(engine, store, now=now)
    (recording,) = kept(engine)
    assert (recording.waits, recording.valid, recording.invalid_reason) == (False, False, "unreadable")
    assert recording.hearing["refused"]["en"].startswith("The recording breaks off")


def test_what_takes_long_is_left_to_a_worker_and_the_rest_is_heard_at_once() -> None:
    heard = taking.heard_now(SALE)
    assert heard is not None and heard.seconds == pytest.approx(66.14, abs=0.01)
    assert taking.heard_now(SALE * 40) is None


def test_a_long_file_that_is_plainly_no_recording_is_refused_at_once() -> None:
    with pytest.raises(NotAudio):
        taking.heard_now(b"x" * (1 << 20))
