"""Recordings encrypted at rest: no plain sound on disk, ranges without the rest, and every change found."""

import io
import os
import stat
from datetime import datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy.engine import Engine

from outbound.db import transaction
from outbound.intake import taking
from outbound.recordings import sealing
from outbound.recordings.hearing import Soundness, check
from outbound.recordings.sealing import PIECE, SoundKeyMissing, WrongSoundKey
from outbound.recordings.store import Store, open_store
from outbound.settings import Settings
from tests.conftest import Cast

SAMPLES = Path(__file__).parent / "samples" / "recordings"
SOUND = (SAMPLES / "compliant-sale.mp3").read_bytes()
KEY = bytes(range(32))
KEY_NAME = "fz/a.mp3" + sealing.SUFFIX


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(str(tmp_path / "recordings"), data=tmp_path / "data", encrypted=True)


def opened(sealed: bytes, key: bytes = KEY) -> bytes:
    return sealing.opened(key, io.BytesIO(sealed)).read()


def test_what_is_sealed_opens_again_whatever_its_length() -> None:
    for length in (0, 1, PIECE - 1, PIECE, PIECE + 1, 3 * PIECE + 17):
        sound = os.urandom(length)
        assert opened(sealing.seal(KEY, sound)) == sound


@given(st.data())
@settings(max_examples=60, deadline=None)
def test_any_range_reads_as_it_does_of_the_plain_sound(data: st.DataObject) -> None:
    sound = bytes(range(256)) * 1100
    file = sealing.opened(KEY, io.BytesIO(sealing.seal(KEY, sound)))
    for _ in range(3):
        at = data.draw(st.integers(0, len(sound) + 10))
        count = data.draw(st.integers(0, 2 * PIECE))
        file.seek(at)
        assert file.read(count) == sound[at : at + count]


def test_a_range_is_read_without_opening_the_rest() -> None:
    sealed = io.BytesIO(sealing.seal(KEY, bytes(40 * PIECE)))
    raw = sealing.Opened(KEY, sealed)
    raw.seek(30 * PIECE + 5)
    assert raw.read(10) == bytes(10)
    assert sealed.tell() == 32 + 31 * (PIECE + 16)


@pytest.mark.parametrize("at", [9, 20, 40, 32 + PIECE + 16 + 3, -1])
def test_a_changed_byte_is_found(at: int) -> None:
    sealed = bytearray(sealing.seal(KEY, os.urandom(2 * PIECE)))
    sealed[at] ^= 1
    with pytest.raises(WrongSoundKey):
        opened(bytes(sealed))


def test_pieces_cannot_be_exchanged_left_out_or_brought_in_from_another_file() -> None:
    sound, size = os.urandom(3 * PIECE), PIECE + 16
    sealed, other = sealing.seal(KEY, sound), sealing.seal(KEY, sound)
    head, pieces = sealed[:32], [sealed[32 + n * size : 32 + (n + 1) * size] for n in range(3)]
    for forged in (
        head + pieces[1] + pieces[0] + pieces[2],
        head + pieces[0] + pieces[2],
        head + other[32:],
        head[:8] + (2 * PIECE).to_bytes(8, "big") + head[16:] + pieces[0] + pieces[1],
    ):
        with pytest.raises(WrongSoundKey):
            opened(forged)


def test_another_key_opens_nothing() -> None:
    with pytest.raises(WrongSoundKey):
        opened(sealing.seal(KEY, SOUND), bytes(32))


def test_no_plain_sound_is_on_disk(engine: Engine, cast: Cast, tmp_path: Path, now: datetime) -> None:
    chosen = Settings(data=tmp_path / "data", recordings_encrypted=True)
    store = open_store(chosen)
    with transaction(engine) as session:
        facts = {"data": SOUND, "file_name": "FZ-1.mp3", "hearing": taking.heard_now(SOUND), "reference": "FZ-1"}
        recording = taking.keep(session, store, cast.fz, by=None, now=now, **facts)  # type: ignore[arg-type]
    pieces = [SOUND[at : at + 48] for at in range(0, len(SOUND) - 48, 4096)]
    files = [file for file in tmp_path.rglob("*") if file.is_file()]
    assert any(file.name.endswith(".mp3.sealed") for file in files)
    for file in files:
        content = file.read_bytes()
        assert not any(piece in content for piece in pieces), file
    with store.open(recording.storage_key) as sound:
        assert sound.read() == SOUND
    assert check(store, recording) is Soundness.SAME


def test_the_key_is_made_once_and_only_its_owner_reads_it(store: Store, tmp_path: Path) -> None:
    store.put(KEY_NAME, SOUND)
    path = tmp_path / "data" / "recordings.key"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    before = path.read_bytes()
    store.put("fz/b.mp3.sealed", SOUND)
    assert path.read_bytes() == before


def test_without_its_key_an_encrypted_recording_says_so(store: Store, tmp_path: Path) -> None:
    store.put(KEY_NAME, SOUND)
    (tmp_path / "data" / "recordings.key").unlink()
    with pytest.raises(SoundKeyMissing, match="holds no recordings"):
        store.open(KEY_NAME)


def test_plain_and_encrypted_recordings_lie_side_by_side(store: Store, tmp_path: Path) -> None:
    Store(str(tmp_path / "recordings")).put("fz/plain.mp3", SOUND)
    store.put(KEY_NAME, SOUND)
    for key in ("fz/plain.mp3", KEY_NAME):
        with store.open(key) as file:
            file.seek(1000)
            assert file.read(10) == SOUND[1000:1010]


def test_an_object_store_holds_encrypted_recordings_too(tmp_path: Path) -> None:
    store = Store("memory://sealed", data=tmp_path, encrypted=True)
    store.put(KEY_NAME, SOUND)
    with store.open(KEY_NAME) as file:
        file.seek(-20, io.SEEK_END)
        assert file.read() == SOUND[-20:]
    assert store.delete(KEY_NAME) and not store.delete(KEY_NAME)
