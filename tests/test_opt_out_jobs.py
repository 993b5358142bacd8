"""Opt-out lists as jobs: they go on where they stopped, refuse before they block, and what they block stays blocked."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Engine
from sqlmodel import Session, col, select

from outbound import clock, db
from outbound.call_lists import keeping, starting
from outbound.call_lists.leases import ImportOver, ImportState
from outbound.call_lists.reading import open_list
from outbound.call_lists.running import Works
from outbound.call_lists.text import Source
from outbound.calling_rules.profiles import profile
from outbound.campaigns.opt_out_ends import earliest_ends
from outbound.journal import JournalEntry
from outbound.opt_outs.lists import running, taking
from outbound.opt_outs.lists.columns import Given
from outbound.opt_outs.lists.model import OptOutFile, UnblockedRow
from outbound.opt_outs.model import Category, OptOut
from outbound.people import known
from outbound.phones.model import find
from outbound.phones.vault import Vault
from outbound.settings import Settings
from tests.conftest import NOW, Cast

KEY = bytes(range(64))
SQLITE = pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
NUMBERS = [f"138{at:08d}" for at in range(40)]
LIST = "\n".join(["手机号码", *NUMBERS[:20], "10086", *NUMBERS[:5], "abc", *NUMBERS[20:]])
FIGURES = {"rows": 47, "accepted": 40, "duplicate": 5, "invalid": 2, "suppressed": 0}
GIVEN = Given(earliest=earliest_ends(profile(), NOW), zone="Asia/Shanghai", category=Category.COMPLAINT)
Begin = Callable[..., int]


@pytest.fixture
def works(engine: Engine, tmp_path: Path) -> Works:
    folder = running.folder_in(tmp_path)
    return Works(engine=engine, folder=folder, opener=partial(Vault, KEY), now=lambda: NOW, size=7)


@pytest.fixture
def begin(engine: Engine, cast: Cast, works: Works) -> Begin:
    def begun(content: str = LIST) -> int:
        listed = open_list(content.encode(), "黑名单.csv")
        with db.transaction(engine) as session:
            taken = taking.begin(session, listed, GIVEN, by=cast.care, now=NOW, centre_id=cast.fz.id)
            taken.file = keeping.keep(works.folder, works.opener(), listed.source)
        return known(taken.id)

    return begun


def stopping_after(works: Works, chunks: int) -> Works:
    """The same, but it breaks down after so many chunks, as a killed process would."""
    left = iter(range(chunks - 1))

    def told(_file: OptOutFile) -> None:
        next(left)

    return Works(**{**vars(works), "told": told})


def later(works: Works) -> Works:
    """The same, when the lease of a dead process is over."""
    return Works(**{**vars(works), "now": lambda: NOW + timedelta(minutes=2)})


def blocked(session: Session) -> int:
    return session.exec(select(sa.func.count()).select_from(OptOut)).one()


def test_a_list_that_is_broken_off_after_each_chunk_blocks_each_number_once(
    engine: Engine, session: Session, cast: Cast, begin: Begin, works: Works
) -> None:
    number, minutes = begin(), 0
    done = None
    while done is None:
        at = NOW + timedelta(minutes=minutes)
        try:
            done = running.run(Works(**{**vars(stopping_after(works, 1)), "now": lambda at=at: at}), number)
        except StopIteration:
            minutes += 2
    assert minutes > 10
    assert (done.counts(), done.state, done.file) == (FIGURES, ImportState.PUBLISHED, "")
    assert (blocked(session), session.exec(select(sa.func.count(sa.distinct(col(OptOut.phone_id))))).one()) == (40, 40)
    assert [(row.row, row.reason) for row in session.exec(select(UnblockedRow))] == [
        (22, "service number"),
        (28, "not a number"),
    ]


def test_what_was_given_for_the_whole_list_holds_in_the_other_process_too(
    session: Session, cast: Cast, begin: Begin, works: Works
) -> None:
    running.run(works, begin("手机号码,到期日\n13800138000,2026-12-01\n"))
    row = session.exec(select(OptOut)).one()
    assert (row.category, row.by_id, row.centre_id) == (Category.COMPLAINT, cast.care.id, cast.fz.id)
    assert row.expires_at == GIVEN.earliest[Category.COMPLAINT]


def test_everything_that_is_given_is_given_again_as_it_was_kept() -> None:
    whole = Given(
        earliest=GIVEN.earliest,
        zone="Asia/Urumqi",
        category=Category.LITIGATION,
        campaign_id=7,
        expires_at=NOW,
        columns={"对端": "phone"},
        campaigns={"亲情网": 7},
    )
    assert Given.from_kept(whole.kept()) == whole


def test_nobody_else_takes_a_list_that_is_in_hand(engine: Engine, begin: Begin, works: Works) -> None:
    number = begin()
    with pytest.raises(StopIteration):
        running.run(stopping_after(works, 2), number)
    assert running.run(works, number) is None
    assert running.run(later(works), number)


def test_a_fault_in_the_last_row_blocks_nobody_and_is_told_in_one_sentence(
    session: Session, begin: Begin, works: Works
) -> None:
    done = running.run(works, begin(LIST + '\n"138'))
    assert done
    assert (done.state, blocked(session), list(works.folder.iterdir())) == (ImportState.REFUSED, 0, [])
    assert "第 49 行的引号不成对" in done.why["zh"] and "row 49" in done.why["en"]


@SQLITE
@pytest.mark.parametrize("quoted", ["", '"'])
def test_too_many_rows_are_refused_before_anybody_is_blocked(
    session: Session, begin: Begin, works: Works, monkeypatch: pytest.MonkeyPatch, quoted: str
) -> None:
    monkeypatch.setattr(running, "MOST_ROWS", 46)
    done = running.run(works, begin(LIST.replace("10086", f"{quoted}10086{quoted}")))
    assert done
    assert (done.state, blocked(session), "46" in done.why["en"]) == (ImportState.REFUSED, 0, True)


@SQLITE
def test_as_many_rows_as_may_be_are_taken_in(
    session: Session, begin: Begin, works: Works, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running, "MOST_ROWS", 47)
    done = running.run(works, begin())
    assert done
    assert (done.state, blocked(session)) == (ImportState.PUBLISHED, 40)


@SQLITE
def test_the_column_that_was_chosen_is_read_by_the_other_process_too(
    engine: Engine, session: Session, cast: Cast, works: Works
) -> None:
    listed = open_list("对端,经办\n13800138001,王\n".encode(), "黑名单.csv")
    with db.transaction(engine) as work:
        given = replace(GIVEN, columns={"对端": "phone", "经办": "attribute"})
        taken = taking.begin(work, listed, given, by=cast.care, now=NOW, centre_id=cast.fz.id)
        taken.file = keeping.keep(works.folder, works.opener(), listed.source)
    running.run(works, known(taken.id))
    assert blocked(session) == 1


def test_a_cancelled_list_blocks_nobody_further_and_frees_nobody(
    engine: Engine, session: Session, cast: Cast, begin: Begin, works: Works
) -> None:
    number = begin()
    with pytest.raises(StopIteration):
        running.run(stopping_after(works, 2), number)
    for _again in range(2):
        with db.transaction(engine) as work:
            running.cancel(work, work.get_one(OptOutFile, number), by=cast.care, now=NOW)
    done = running.run(later(works), number)
    assert done
    assert (done.state, done.accepted, blocked(session)) == (ImportState.CANCELLED, 14, 14)
    assert list(works.folder.iterdir()) == []
    noted = select(JournalEntry).where(JournalEntry.action == "opt_outs.import_cancelled")
    assert [entry.actor_id for entry in session.exec(noted)] == [cast.care.id]


def test_a_list_that_is_over_cannot_be_cancelled(engine: Engine, cast: Cast, begin: Begin, works: Works) -> None:
    done = running.run(works, begin())
    assert done
    with pytest.raises(ImportOver), db.transaction(engine) as work:
        running.cancel(work, work.get_one(OptOutFile, known(done.id)), by=cast.care, now=NOW)


def test_a_list_whose_file_is_gone_is_refused(begin: Begin, works: Works) -> None:
    number = begin()
    for file in works.folder.iterdir():
        file.unlink()
    done = running.run(works, number)
    assert done
    assert done.why["en"] == "The file of “黑名单.csv” is no longer there; upload it again."


def test_each_chunk_takes_effect_before_the_next_is_read(
    engine: Engine, session: Session, begin: Begin, works: Works
) -> None:
    number = begin()
    with pytest.raises(StopIteration):
        running.run(stopping_after(works, 1), number)
    assert find(session, Vault(KEY), "+8613800000000")
    assert blocked(session) == 7


@SQLITE
def test_a_row_that_blocked_nobody_is_kept_as_it_was(session: Session, begin: Begin, works: Works) -> None:
    running.run(works, begin())
    for change in (sa.update(UnblockedRow).values(reason="x"), sa.delete(UnblockedRow)):
        with pytest.raises(sa.exc.IntegrityError, match="append-only"), session.begin_nested():
            session.execute(change)


@SQLITE
def test_the_worker_starts_a_process_for_each_list_that_nobody_has_in_hand(
    engine: Engine, settings: Settings, begin: Begin, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = begin()
    started: list[tuple[str, ...]] = []
    monkeypatch.setattr(starting, "start_command", lambda _settings, *words: started.append(words))
    assert running.take_up(engine, settings, now=clock.now()) == 1
    assert started == [("optouts", "import", "--resume", str(number))]
    with db.transaction(engine) as session:
        session.get_one(OptOutFile, number).lease_until = clock.now() + timedelta(minutes=1)
    assert running.take_up(engine, settings, now=clock.now()) == 0


@SQLITE
def test_a_file_of_a_list_is_not_swept_away_while_it_is_under_way(session: Session, begin: Begin, works: Works) -> None:
    number = begin()
    keeping.keep(works.folder, works.opener(), Source(b"left behind", "x"))
    keeping.sweep(session, works.folder, now=clock.now() + timedelta(days=2), of=OptOutFile)
    assert [file.name for file in works.folder.iterdir()] == [session.get_one(OptOutFile, number).file]
