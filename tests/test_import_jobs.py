"""Imports as jobs: published all at once, cancelled without a trace, refused with one sentence, resumed by others."""

import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Engine
from sqlmodel import Session, select

from outbound import db, resealing
from outbound.call_lists import feeding, importing, keeping, preparing, running
from outbound.call_lists.importing import ListImportedAlready, ListUnderWay, import_list
from outbound.call_lists.model import CallList, Contact, ContactNumber, ContactState, ImportState, RefusedRow
from outbound.call_lists.reading import open_list
from outbound.call_lists.refusals import FileRefused
from outbound.call_lists.running import ImportOver, Works
from outbound.call_lists.text import Source
from outbound.campaigns.model import Campaign
from outbound.journal import JournalEntry
from outbound.people import known
from outbound.phones.model import Phone
from outbound.phones.vault import Vault, open_vault
from tests.conftest import NOW, Cast
from tests.test_importing import a_campaign, block, csv

KEY = bytes(range(64))
MESSY = [f"138{place:08d},王,a" for place in range(30)] + ["13800000001,王,a", "1.38E+10,李,a", "13900139000,张,a"]


@pytest.fixture
def vault() -> Vault:
    return Vault(KEY)


@pytest.fixture
def campaign(engine: Engine, cast: Cast, vault: Vault) -> Campaign:
    with db.transaction(engine) as session:
        block(session, vault, "13900139000", cast)
        return a_campaign(session, cast, "亲情网")


@pytest.fixture
def works(engine: Engine, tmp_path: Path) -> Works:
    folder = keeping.folder_in(tmp_path)
    return Works(engine=engine, folder=folder, opener=partial(Vault, KEY), now=lambda: NOW, size=7)


Begin = Callable[..., int]


@pytest.fixture
def begin(engine: Engine, campaign: Campaign, cast: Cast, works: Works, tmp_path: Path) -> Begin:
    def kept(data: bytes = csv(*MESSY), *, at: datetime = NOW) -> int:
        file = tmp_path / "list.csv"
        file.write_bytes(data)
        with db.transaction(engine) as session:
            opened = open_list(file, "list.csv")
            call_list = importing.begin(session, campaign, opened, opened.columns(), by=cast.manager, now=at)
            call_list.file = keeping.keep(works.folder, works.opener(), opened.source)
        return known(call_list.id)

    return kept


def counted(session: Session) -> list[int]:
    tables = (Contact, ContactNumber, RefusedRow)
    return [session.exec(select(sa.func.count()).select_from(table)).one() for table in tables]


def stopping_after(works: Works, chunks: int) -> Works:
    """The same, but it breaks down after so many chunks, as a killed process would."""
    left = iter(range(chunks - 1))

    def told(_list: CallList) -> None:
        next(left)

    return Works(**{**vars(works), "told": told})


def test_a_job_tells_the_same_as_an_import_at_once(
    session: Session, vault: Vault, cast: Cast, begin: Begin, works: Works
) -> None:
    done = running.run(works, begin())
    other = a_campaign(session, cast, "流量包")
    at_once = import_list(session, vault, other, (csv(*MESSY), "list.csv"), by=cast.manager, now=NOW)
    assert done
    assert importing.tally_of(done) == importing.tally_of(at_once)
    assert importing.tally_of(done) == {"rows": 33, "accepted": 30, "duplicate": 1, "invalid": 1, "suppressed": 1}
    assert (done.state, done.published_at, done.file) == (ImportState.PUBLISHED, NOW, "")


def test_a_file_under_way_shows_no_number_to_who_takes_the_disk(begin: Begin, works: Works) -> None:
    begin()
    (kept,) = works.folder.iterdir()
    assert b"138000000" not in kept.read_bytes()


def test_the_file_is_gone_when_its_list_is_published(begin: Begin, works: Works) -> None:
    number = begin()
    assert [file.stat().st_mode & 0o777 for file in works.folder.iterdir()] == [0o600]
    running.run(works, number)
    assert list(works.folder.iterdir()) == []


def test_a_list_under_way_shows_how_far_it_is_and_is_not_published(
    session: Session, begin: Begin, works: Works
) -> None:
    number = begin()
    with pytest.raises(StopIteration):
        running.run(stopping_after(works, 2), number)
    under_way = session.get_one(CallList, number)
    assert (under_way.state, under_way.published_at, under_way.accepted) == (ImportState.RUNNING, None, 0)
    assert (under_way.so_far["rows"], under_way.reached) == (14, 15)


def test_a_list_that_was_left_is_taken_up_behind_the_last_chunk_once_its_lease_is_over(
    engine: Engine, session: Session, begin: Begin, works: Works
) -> None:
    number = begin()
    with pytest.raises(StopIteration):
        running.run(stopping_after(works, 3), number)
    assert running.run(works, number) is None
    later = Works(**{**vars(works), "now": lambda: NOW + timedelta(minutes=2)})
    with db.reading(engine) as reader:
        assert running.unfinished(reader, now=later.now()) == [number]
    done = running.run(later, number)
    assert done
    assert importing.tally_of(done) == {"rows": 33, "accepted": 30, "duplicate": 1, "invalid": 1, "suppressed": 1}
    assert counted(session) == [30, 0, 3]


def test_a_blocked_number_that_comes_again_after_a_break_is_a_duplicate(
    session: Session, begin: Begin, works: Works
) -> None:
    number = begin(csv(*["13900139000,张,a"], *MESSY[:20], "13900139000,张,a"))
    with pytest.raises(StopIteration):
        running.run(stopping_after(works, 1), number)
    done = running.run(Works(**{**vars(works), "now": lambda: NOW + timedelta(minutes=2)}), number)
    assert done
    assert (done.suppressed, done.duplicate) == (1, 1)


def test_a_number_that_is_blocked_while_its_list_comes_in_is_not_called_once_it_is_published(
    engine: Engine, session: Session, vault: Vault, cast: Cast, begin: Begin, works: Works
) -> None:
    number, chunks = begin(), 0

    def told(_list: CallList) -> None:
        nonlocal chunks
        chunks += 1
        if chunks == 2:
            # The first is stored already, the second is still to come.
            with db.transaction(engine) as meanwhile:
                block(meanwhile, vault, "13800000003", cast)
                block(meanwhile, vault, "13800000025", cast)

    done = running.run(replace(works, told=told), number)
    assert done and done.published_at
    waiting = select(Phone.sealed).join(Contact).where(Contact.state == ContactState.QUEUED)
    numbers = {vault.open(sealed) for sealed in session.exec(waiting)}
    assert len(numbers) == 28
    assert numbers.isdisjoint({"+8613800000003", "+8613800000025"})


def test_keys_are_changed_while_a_list_comes_in(
    engine: Engine, session: Session, begin: Begin, works: Works, tmp_path: Path
) -> None:
    (tmp_path / "numbers.key").write_bytes(KEY)
    number, chunks = begin(), 0

    def told(_list: CallList) -> None:
        nonlocal chunks
        chunks += 1
        if chunks == 2:
            resealing.rotate(engine, tmp_path, now=NOW)
            resealing.go_on(engine, tmp_path, now=NOW)

    done = running.run(replace(works, opener=partial(open_vault, tmp_path), told=told), number)
    assert done and importing.tally_of(done)["accepted"] == 30
    for days in (1, 2):
        resealing.go_on(engine, tmp_path, now=NOW + timedelta(days=days))
        resealing.go_on(engine, tmp_path, now=NOW + timedelta(days=days))
    newest = open_vault(tmp_path)
    assert list(newest.ring.keys) == [2]
    for table in (Phone, RefusedRow):
        assert all(newest.open(sealed) for sealed in session.exec(select(table.sealed)))


def test_a_cancelled_import_leaves_nothing_and_its_file_may_come_again(
    engine: Engine, session: Session, cast: Cast, begin: Begin, works: Works
) -> None:
    number = begin()
    with pytest.raises(StopIteration):
        running.run(stopping_after(works, 5), number)
    with db.transaction(engine) as work:
        running.cancel(work, work.get_one(CallList, number), by=cast.manager, now=NOW)
    later = Works(**{**vars(works), "now": lambda: NOW + timedelta(minutes=2)})
    done = running.run(later, number)
    assert done
    assert (done.state, counted(session), list(works.folder.iterdir())) == (ImportState.CANCELLED, [0, 0, 0], [])
    session.rollback()
    again = running.run(later, begin())
    assert again
    assert again.accepted == 30


def test_cancelling_is_journalled_once(engine: Engine, session: Session, cast: Cast, begin: Begin) -> None:
    number = begin()
    for _ in range(2):
        with db.transaction(engine) as work:
            running.cancel(work, work.get_one(CallList, number), by=cast.manager, now=NOW)
    entry = session.exec(select(JournalEntry).where(JournalEntry.action == "list.cancelled")).one()
    assert (entry.subject_id, entry.actor_id) == (number, cast.manager.id)


def test_an_import_that_is_over_cannot_be_cancelled(engine: Engine, cast: Cast, begin: Begin, works: Works) -> None:
    done = running.run(works, begin())
    assert done
    with pytest.raises(ImportOver), db.transaction(engine) as work:
        running.cancel(work, work.get_one(CallList, known(done.id)), by=cast.manager, now=NOW)


def test_a_fault_deep_in_the_file_is_told_in_one_sentence_and_nothing_stays(
    session: Session, begin: Begin, works: Works
) -> None:
    done = running.run(works, begin(csv(*MESSY, '13700137000,"李,a')))
    assert done
    assert (done.state, counted(session)) == (ImportState.REFUSED, [0, 0, 0])
    assert "第 35 行的引号不成对" in done.why["zh"] and "row 35" in done.why["en"]


def test_an_import_whose_file_is_gone_is_refused(session: Session, begin: Begin, works: Works) -> None:
    number = begin()
    for file in works.folder.iterdir():
        file.unlink()
    done = running.run(works, number)
    assert done
    assert done.why["en"] == "The file of “list.csv” is no longer there; upload it again."


def test_too_many_rows_are_refused_before_any_is_stored(
    session: Session, begin: Begin, works: Works, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(preparing.prepared, "__kwdefaults__", {"after": 0, "size": 7, "most": 32})
    stored: list[int] = []
    done = running.run(Works(**{**vars(works), "told": lambda one: stored.append(one.so_far.get("rows", 0))}), begin())
    assert done
    assert (done.state, any(stored)) == (ImportState.REFUSED, False)
    assert done.why["en"] == "“list.csv” has more than 32 rows; split it into smaller lists and import them one by one."


def test_the_same_file_is_noticed_while_the_first_is_under_way_and_after_it(begin: Begin, works: Works) -> None:
    number = begin()
    with pytest.raises(ListUnderWay):
        begin()
    running.run(works, number)
    with pytest.raises(ListImportedAlready):
        begin()


def test_a_second_process_prepares_the_same_chunks(begin: Begin, works: Works) -> None:
    begin()
    (kept,) = works.folder.iterdir()
    feed = feeding.Feed(path=kept, file_name="list.csv", opener=works.opener, size=7)
    made = [chunk for chunk in feeding.apart(feed) if chunk]
    expected = list(feeding.here(feed))
    assert [(chunk.rows, chunk.digests, chunk.cells) for chunk in made] == [
        (chunk.rows, chunk.digests, chunk.cells) for chunk in expected
    ]


@pytest.mark.parametrize(("module", "spared"), [("feeding", {"sqlalchemy", "polars"}), ("running", {"polars"})])
def test_of_two_processes_neither_holds_what_only_the_other_needs(module: str, spared: set[str]) -> None:
    told = f"import sys, outbound.call_lists.{module}; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", told], capture_output=True, text=True, check=True)
    assert spared & set(done.stdout.split()) == set()


def test_a_file_that_is_no_list_is_refused_from_the_other_process_too(works: Works) -> None:
    source = Source(csv('13800138000,"王,a'), "broken.csv")
    kept = works.folder / keeping.keep(works.folder, works.opener(), source)
    with pytest.raises(FileRefused):
        list(feeding.apart(feeding.Feed(path=kept, file_name="broken.csv", opener=works.opener)))


def test_what_a_crash_left_behind_is_swept_away_after_a_day(session: Session, begin: Begin, works: Works) -> None:
    number = begin()
    left = works.folder / ("0" * 32)
    left.touch()
    keeping.sweep(session, works.folder, now=datetime.now(NOW.tzinfo) + timedelta(days=2))
    assert [file.name for file in works.folder.iterdir()] == [session.get_one(CallList, number).file]


def test_refused_rows_of_a_published_list_cannot_be_deleted(session: Session, begin: Begin, works: Works) -> None:
    running.run(works, begin())
    with pytest.raises(sa.exc.IntegrityError, match="append-only"):
        session.execute(sa.delete(RefusedRow))


def test_a_published_list_cannot_be_taken_back(session: Session, begin: Begin, works: Works) -> None:
    running.run(works, begin())
    with pytest.raises(sa.exc.IntegrityError, match="stays published"):
        session.execute(sa.update(CallList).values(published_at=None))
