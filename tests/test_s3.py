"""Recordings in S3-compatible storage, over HTTP against a real server: kept, heard in ranges, listed, deleted."""

import hashlib
import io
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from s3fs import S3FileSystem
from sqlalchemy.engine import Engine
from sqlmodel import select

from outbound.db import reading, transaction
from outbound.intake import taking
from outbound.intake.watched import take_watched
from outbound.recordings import reconciling
from outbound.recordings.deleting import RecordingDeletion
from outbound.recordings.model import Recording
from outbound.recordings.reconciling import Fault, Tally
from outbound.recordings.sealing import SUFFIX, WrongSoundKey
from outbound.recordings.store import RecordingGone, Store, StoreOutOfReach
from outbound.settings import Settings
from tests.bucket import BUCKET, Line, point_at, serving
from tests.conftest import Cast
from tests.kept_recordings import SOUND, keeper

once = pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
sealed_and_plain = pytest.mark.parametrize("sealed", [False, True], ids=["plain", "sealed"])
ClientAs = Callable[..., FlaskClient]


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with serving() as address:
        yield address


@pytest.fixture
def url(server: str, tmp_path: Path) -> str:
    """A folder of the test's own in the bucket."""
    return f"s3://{BUCKET}/{tmp_path.name}"


@pytest.fixture
def settings(tmp_path: Path, url: str) -> Settings:
    return Settings(data=tmp_path / "data", recordings_url=url)


@pytest.fixture
def desks() -> Sequence[str]:
    return ("web.desks.recordings",)


def opened(url: str, tmp_path: Path, *, sealed: bool = False) -> Store:
    return Store(url, data=tmp_path / "data", encrypted=sealed)


def objects(url: str) -> dict[str, bytes]:
    """What lies in a folder of the bucket, as the server tells it."""
    files: Any = S3FileSystem(use_listings_cache=False)
    root = url.removeprefix("s3://")
    return {path.removeprefix(f"{root}/"): files.cat_file(path) for path in files.find(root)}


# The store


@sealed_and_plain
def test_what_is_put_is_read_back_whole_and_by_its_hash(url: str, tmp_path: Path, sealed: bool) -> None:
    store = opened(url, tmp_path, sealed=sealed)
    key = f"fz/2026/11/a.mp3{store.suffix}"
    store.put(key, SOUND)
    with store.open(key) as file:
        assert file.read() == SOUND
    assert store.sha256(key) == hashlib.sha256(SOUND).hexdigest()
    assert (objects(url)[key] == SOUND) is not sealed


@sealed_and_plain
def test_any_range_is_read_as_it_is_of_the_sound(url: str, tmp_path: Path, sealed: bool) -> None:
    store = opened(url, tmp_path, sealed=sealed)
    key, sound = f"fz/a.wav{store.suffix}", bytes(range(256)) * 9000
    store.put(key, sound)
    with store.open(key) as file:
        for at, count in [(2_000_000, 5), (0, 10), (65_530, 20), (1_048_570, 20), (len(sound) - 7, 50)]:
            file.seek(at)
            assert file.read(count) == sound[at : at + count]
        file.seek(-3, io.SEEK_END)
        assert file.read() == sound[-3:]


def test_a_range_of_a_long_recording_does_not_fetch_the_rest(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, fetched = opened(url, tmp_path), 0
    store.put("fz/long.wav", bytes(8 << 20))
    call = S3FileSystem._call_s3

    async def noting(self: Any, method: str, *given: Any, **facts: Any) -> Any:
        nonlocal fetched
        answer = await call(self, method, *given, **facts)
        fetched += int(answer["ContentLength"]) if method == "get_object" else 0
        return answer

    monkeypatch.setattr(S3FileSystem, "_call_s3", noting)
    with store.open("fz/long.wav") as file:
        file.seek(4 << 20)
        assert len(file.read(1000)) == 1000
    assert 0 < fetched <= 3 << 20


def test_keys_are_listed_by_folder_with_the_time_of_writing(url: str, tmp_path: Path) -> None:
    store = opened(url, tmp_path)
    for key in ("fz/2026/b.mp3", "fz/2026/a.mp3", "fz2/c.mp3"):
        store.put(key, b"sound")
    assert list(store.keys()) == ["fz/2026/a.mp3", "fz/2026/b.mp3", "fz2/c.mp3"]
    found = dict(store.listing("fz"))
    assert list(found) == ["fz/2026/a.mp3", "fz/2026/b.mp3"]
    assert all(at and abs(datetime.now(UTC) - at) < timedelta(hours=1) for at in found.values())
    assert list(store.listing("xm")) == []


def test_what_another_process_has_put_is_found_after_the_folder_was_listed(url: str, tmp_path: Path) -> None:
    store = opened(url, tmp_path)
    store.put("fz/a.mp3", b"sound")
    assert list(store.keys()) == ["fz/a.mp3"]
    S3FileSystem.clear_instance_cache()
    opened(url, tmp_path).put("fz/b.mp3", b"another")
    with store.open("fz/b.mp3") as file:
        assert file.read() == b"another"


def test_what_is_deleted_is_gone_and_deleting_it_again_says_so(url: str, tmp_path: Path) -> None:
    store = opened(url, tmp_path)
    store.put("fz/a.mp3", b"sound")
    assert store.delete("fz/a.mp3") is True
    assert store.delete("fz/a.mp3") is False
    assert list(store.keys()) == []
    with pytest.raises(RecordingGone, match=r"fz/a\.mp3"):
        store.open("fz/a.mp3")


def test_what_is_deleted_while_it_is_read_is_gone(url: str, tmp_path: Path) -> None:
    store = opened(url, tmp_path)
    store.put("fz/a.mp3", b"sound")
    with store.open("fz/a.mp3") as file:
        store.delete("fz/a.mp3")
        with pytest.raises(RecordingGone):
            file.read()


# Storage that cannot be used


def test_a_bucket_that_is_not_there_is_told_and_no_recording_is_called_gone(server: str, tmp_path: Path) -> None:
    store = opened("s3://elsewhere/recordings", tmp_path)
    for use in (lambda: store.put("fz/a.mp3", b"x"), lambda: store.open("fz/a.mp3"), lambda: list(store.keys())):
        with pytest.raises(StoreOutOfReach, match="OUTBOUND_RECORDINGS_URL"):
            use()


def test_storage_that_refuses_us_is_told_in_one_sentence(
    server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import requests

    point_at(server, monkeypatch, AWS_ACCESS_KEY_ID="AKIANOBODY")
    requests.post(f"{server}/moto-api/reset-auth", data="0", timeout=10)
    try:
        store = opened(f"s3://{BUCKET}/refused", tmp_path)
        for use in (lambda: store.put("fz/a.mp3", b"x"), lambda: list(store.keys()), lambda: store.open("fz/a.mp3")):
            with pytest.raises(StoreOutOfReach) as refused:
                use()
            assert "\n" not in str(refused.value)
    finally:
        requests.post(f"{server}/moto-api/reset-auth", data="inf", timeout=10)
        S3FileSystem.clear_instance_cache()


def test_without_credentials_the_sentence_says_so(server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    S3FileSystem.clear_instance_cache()
    with pytest.raises(StoreOutOfReach, match="credentials"):
        opened(f"s3://{BUCKET}/nobody", tmp_path).put("fz/a.mp3", b"x")
    S3FileSystem.clear_instance_cache()


def test_where_s3fs_is_not_installed_the_sentence_names_it(monkeypatch: pytest.MonkeyPatch) -> None:
    S3FileSystem.clear_instance_cache()
    monkeypatch.setitem(sys.modules, "s3fs", None)
    monkeypatch.delitem(sys.modules["fsspec.registry"]._registry, "s3", raising=False)
    with pytest.raises(StoreOutOfReach, match="s3fs"):
        Store(f"s3://{BUCKET}/recordings")


def test_another_sound_key_opens_nothing(url: str, tmp_path: Path) -> None:
    key = f"fz/a.mp3{SUFFIX}"
    opened(url, tmp_path / "one", sealed=True).put(key, SOUND)
    other = opened(url, tmp_path / "other", sealed=True)
    other.put(f"fz/b.mp3{SUFFIX}", SOUND)
    with pytest.raises(WrongSoundKey):
        other.sha256(key)


# The register


@once
@sealed_and_plain
def test_the_reconciler_finds_what_is_missing_changed_orphaned_and_left_over(
    engine: Engine, cast: Cast, url: str, tmp_path: Path, sealed: bool
) -> None:
    store, later = opened(url, tmp_path, sealed=sealed), datetime.now(UTC) + timedelta(hours=2)
    keep = keeper(engine, cast, store)
    missing, altered = keep("pitch"), keep("sale")
    with reading(engine) as session:
        keys = [session.get_one(Recording, number).storage_key for number in (missing, altered)]
    store.delete(keys[0])
    store.put(keys[1], b"another sound")
    store.put("fz/2026/11/stray.mp3", b"stray")
    found = [each.fault for each in reconciling.reconcile(engine, store, cast.fz, now=later, tally=Tally())]
    assert found == [Fault.MISSING, Fault.ALTERED, Fault.ORPHAN]


@once
def test_a_recording_past_its_term_leaves_a_tombstone_and_no_object(
    engine: Engine, cast: Cast, url: str, tmp_path: Path, now: datetime
) -> None:
    store = opened(url, tmp_path)
    number = keeper(engine, cast, store)("pitch")
    assert len(objects(url)) == 1
    assert reconciling.delete_over(engine, store, now=now) == 1
    assert objects(url) == {}
    with reading(engine) as session:
        assert session.get_one(RecordingDeletion, number).sha256 == hashlib.sha256(SOUND).hexdigest()


@once
def test_a_store_out_of_reach_leaves_recordings_to_be_heard_later(
    engine: Engine, cast: Cast, url: str, tmp_path: Path, now: datetime
) -> None:
    store = opened(url, tmp_path)
    with transaction(engine) as session:
        taking.keep(
            session, store, cast.fz, data=SOUND, file_name="L.mp3", hearing=None, reference="L-1", by=None, now=now
        )
    with pytest.raises(StoreOutOfReach):
        taking.hear_waiting(engine, opened("s3://elsewhere/recordings", tmp_path), now=now)
    assert taking.hear_waiting(engine, store, now=now) == 1
    with reading(engine) as session:
        assert session.exec(select(Recording)).one().valid


# From the page into the bucket and back


def send(client: FlaskClient, name: str) -> dict[str, Any]:
    answer = client.post(
        "/recordings/upload", data={"files": (io.BytesIO(SOUND), name)}, headers={"X-Requested-With": "fetch"}
    )
    return dict(answer.get_json()["files"][0])


@once
def test_what_is_sent_in_on_the_page_is_heard_from_the_bucket(client_as: ClientAs, engine: Engine, url: str) -> None:
    supervisor = client_as("supervisor")
    told = send(supervisor, "R-1.mp3")
    assert list(objects(url).values()) == [SOUND]
    address = f"/recordings/{told['id']}/audio"
    whole, part = supervisor.get(address), supervisor.get(address, headers={"Range": "bytes=1000-1999"})
    assert (whole.status_code, whole.data) == (200, SOUND)
    assert (part.status_code, part.data) == (206, SOUND[1000:2000])


@pytest.fixture
def line(server: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Line]:
    """A line to the server that all storage of this test goes through."""
    with closing(Line(server)) as line:
        point_at(line.address, monkeypatch)
        monkeypatch.setattr(S3FileSystem, "retries", 1)
        yield line
    S3FileSystem.clear_instance_cache()


@once
def test_a_line_cut_in_the_middle_of_an_upload_is_one_sentence_and_the_same_file_may_be_sent_again(
    line: Line, client_as: ClientAs, engine: Engine, url: str
) -> None:
    supervisor, line.cut_after = client_as("supervisor"), len(SOUND) // 2
    told = send(supervisor, "R-1.mp3")
    assert (told["kind"], told["id"], line.cuts > 0) == ("bad", None, True)
    assert told["told"].startswith("The store of recordings cannot be used (") and "\n" not in told["told"]
    with reading(engine) as session:
        assert session.exec(select(Recording)).all() == []
    line.cut_after = None
    assert objects(url) == {}
    assert send(supervisor, "R-1.mp3")["kind"] == "wait"
    assert list(objects(url).values()) == [SOUND]


@once
def test_a_watched_file_waits_until_the_storage_is_back(
    line: Line, engine: Engine, cast: Cast, url: str, tmp_path: Path
) -> None:
    folder, later = tmp_path / "watched", datetime.now(UTC) + timedelta(minutes=1)
    (folder / "fz").mkdir(parents=True)
    (folder / "fz" / "R-1.mp3").write_bytes(SOUND)
    store, line.cut_after = opened(url, tmp_path), len(SOUND) // 2
    assert take_watched(engine, store, folder, now=later) == (0, 0)
    assert (folder / "fz" / "R-1.mp3").read_bytes() == SOUND
    line.cut_after = None
    assert take_watched(engine, store, folder, now=later) == (1, 0)
    assert list(objects(url).values()) == [SOUND]


def test_a_line_cut_while_a_recording_is_read_is_told_and_it_is_read_once_the_line_is_back(
    line: Line, url: str, tmp_path: Path
) -> None:
    store = opened(url, tmp_path)
    store.put("fz/a.mp3", SOUND)
    with store.open("fz/a.mp3") as file:
        line.cut_after = 0
        with pytest.raises(StoreOutOfReach):
            file.read()
    line.cut_after = None
    with store.open("fz/a.mp3") as file:
        assert file.read() == SOUND
