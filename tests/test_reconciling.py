"""The register of recordings held against the store: what is missing, changed, orphaned or left over is found."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from sqlalchemy.engine import Engine

from outbound.cli import main
from outbound.db import reading, transaction
from outbound.migrating import migrate_database, open_checked
from outbound.people import known, open_centre
from outbound.recordings import deleting, keeping, reconciling
from outbound.recordings.model import Recording
from outbound.recordings.reconciling import Fault, Tally
from outbound.recordings.store import Store, open_store
from outbound.settings import Settings
from qa.audio import analyse
from tests.conftest import Cast
from tests.kept_recordings import SOUND, Keep, keeper

once = pytest.mark.parametrize("engine", ["sqlite"], indirect=True)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(str(tmp_path / "recordings"))


@pytest.fixture
def keep(engine: Engine, cast: Cast, store: Store) -> Keep:
    return keeper(engine, cast, store)


def bury(engine: Engine, number: int, now: datetime) -> None:
    with transaction(engine) as session:
        deleting.bury(session, session.get_one(Recording, number), why="term over", by=None, now=now)


def found(engine: Engine, store: Store, cast: Cast, now: datetime, **how: Any) -> list[Fault]:
    return [each.fault for each in reconciling.reconcile(engine, store, cast.fz, now=now, tally=Tally(), **how)]


@pytest.fixture
def later() -> datetime:
    return datetime.now(UTC) + timedelta(hours=2)


def test_the_reconciler_finds_what_is_missing_changed_orphaned_and_left_over(
    engine: Engine, cast: Cast, keep: Keep, store: Store, tmp_path: Path, later: datetime
) -> None:
    missing, altered, left = keep("pitch"), keep("sale"), keep("none")
    with reading(engine) as session:
        key = {number: session.get_one(Recording, number).storage_key for number in (missing, altered)}
    (tmp_path / "recordings" / key[missing]).unlink()
    (tmp_path / "recordings" / key[altered]).write_bytes(b"another sound")
    bury(engine, left, later)
    store.put("fz/2026/11/stray.mp3", b"stray")
    assert found(engine, store, cast, later) == [Fault.MISSING, Fault.ALTERED, Fault.LEFT_OVER, Fault.ORPHAN]
    assert found(engine, store, cast, later, slice_of=reconciling.NO_HASHES) == [
        Fault.MISSING,
        Fault.LEFT_OVER,
        Fault.ORPHAN,
    ]


@once
def test_a_file_that_was_only_just_written_is_no_orphan(engine: Engine, cast: Cast, store: Store) -> None:
    store.put("fz/2026/11/fresh.mp3", b"fresh")
    assert found(engine, store, cast, datetime.now(UTC)) == []


def test_the_nightly_check_is_made_once_and_takes_left_over_files_away(
    engine: Engine, cast: Cast, keep: Keep, store: Store, later: datetime
) -> None:
    bury(engine, keep("pitch"), later)
    assert reconciling.check_nightly(engine, store, now=later) == {"fz": 1, "xm": 0}
    assert reconciling.check_nightly(engine, store, now=later) == {}
    assert list(store.keys()) == []
    with reading(engine) as session:
        last = reconciling.last_check(session, known(cast.fz.id))
    assert last is not None and (last.recordings, last.faults) == (1, 1)


# The command


@pytest.fixture
def house(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """A migrated database with one recording in it, as the command finds it."""
    monkeypatch.setenv("OUTBOUND_DATA", str(settings.data))
    migrate_database(settings)
    now = datetime.now(UTC)
    with transaction(open_checked(settings)) as session:
        centre = open_centre(session, "fz", name="Fuzhou", now=now)
        keeping.keep(
            session,
            open_store(settings),
            centre,
            data=SOUND,
            file_name="call.mp3",
            hearing=analyse(SOUND),
            reference="R-1",
            minimum_seconds=5,
            by=None,
            now=now,
        )
    return settings


def test_the_command_says_that_all_is_as_registered(house: Settings) -> None:
    done = CliRunner().invoke(main, ["recordings", "check", "--json"])
    assert (done.exit_code, json.loads(done.stdout)) == (0, {"recordings": 1, "hashed": 1, "findings": []})


def test_the_command_ends_with_one_where_a_file_was_changed(house: Settings) -> None:
    (file,) = Path(house.recordings).rglob("*.mp3")
    file.write_bytes(b"another sound")
    done = CliRunner().invoke(main, ["recordings", "check", "--json"])
    (finding,) = json.loads(done.stdout)["findings"]
    assert (done.exit_code, finding["fault"], finding["reference"]) == (1, "altered", "R-1")
    assert "the file was changed" in CliRunner().invoke(main, ["recordings", "check"], env={"LANG": "C"}).stdout
    assert CliRunner().invoke(main, ["recordings", "check", "--quick"]).exit_code == 0
