"""The journal: chained, append-only, and sealed with what it tells of."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Engine
from sqlmodel import Session, col, select

from outbound import db, journal
from outbound.journal import START, JournalEntry, JournalHead
from outbound.people import Staff, known
from tests.conftest import Cast, owning


def note(engine: Engine, subject: Staff, *actions: str, now: datetime) -> None:
    """A transaction for each action."""
    for action in actions:
        with db.transaction(engine) as session:
            journal.record(session, action, subject, by=subject, now=now)


def chain_of(engine: Engine, chain: int) -> list[JournalEntry]:
    with db.reading(engine) as session:
        asked = select(JournalEntry).where(JournalEntry.chain == chain).order_by(col(JournalEntry.sequence))
        return list(session.exec(asked).all())


def actions(engine: Engine, chain: int) -> list[str]:
    return [entry.action for entry in chain_of(engine, chain)]


def broken(engine: Engine, chain: int) -> list[int]:
    with db.reading(engine) as session:
        return journal.broken_links(session, chain)


@contextmanager
def unlocked(engine: Engine) -> Iterator[sa.Connection]:
    """A connection to a database whose journal's triggers somebody took off."""
    with owning(engine) as owner, owner.begin() as connection:
        if connection.dialect.name == "postgresql":
            connection.exec_driver_sql("ALTER TABLE journal_entry DISABLE TRIGGER USER")
        else:
            for verb in ("update", "delete", "replace"):
                connection.exec_driver_sql(f"DROP TRIGGER journal_entry_no_{verb}")
        yield connection


@pytest.fixture
def chain(engine: Engine, cast: Cast, now: datetime) -> int:
    """The chain of the cast's centre, with five entries more than the cast itself made."""
    note(engine, cast.agent, "a", "b", "c", "d", "e", now=now)
    return known(cast.fz.id)


def test_entries_of_a_centre_are_numbered_without_a_gap(engine: Engine, chain: int) -> None:
    sequences = [entry.sequence for entry in chain_of(engine, chain)]
    assert sequences == list(range(1, len(sequences) + 1))


def test_each_entry_carries_the_hash_of_the_one_before(engine: Engine, chain: int) -> None:
    entries = chain_of(engine, chain)
    assert [entry.previous_hash for entry in entries] == [START, *(entry.hash for entry in entries[:-1])]


def test_the_head_is_the_last_link(engine: Engine, chain: int) -> None:
    last = chain_of(engine, chain)[-1]
    with db.reading(engine) as session:
        head = session.get_one(JournalHead, chain)
    assert (head.length, head.hash) == (last.sequence, last.hash)


def test_an_entry_says_who_did_what_to_whom_and_when(engine: Engine, cast: Cast, now: datetime) -> None:
    with db.transaction(engine) as session:
        journal.record(session, "staff.praised", cast.agent, by=cast.manager, now=now, why="十次成交", times=[2, 1])
    entry = chain_of(engine, known(cast.fz.id))[-1]
    assert (entry.action, entry.actor_id, entry.at) == ("staff.praised", cast.manager.id, now)
    assert (entry.subject_kind, entry.subject_id) == ("staff", cast.agent.id)
    assert entry.details == '{"times":[2,1],"why":"十次成交"}'


def test_an_entry_names_the_subject_that_was_made_in_the_same_transaction(
    engine: Engine, cast: Cast, now: datetime
) -> None:
    with db.transaction(engine) as session:
        fresh = Staff(centre_id=cast.fz.id, login="fresh", name="x", password_hash="-", added_at=now)
        session.add(fresh)
        journal.record(session, "staff.added", fresh, by=None, now=now)
    assert chain_of(engine, known(cast.fz.id))[-1].subject_id == fresh.id


def test_acts_of_no_centre_have_a_chain_of_their_own(engine: Engine, cast: Cast, now: datetime) -> None:
    before = len(chain_of(engine, 0))
    note(engine, cast.carrier, "script.approved", now=now)
    assert actions(engine, 0)[before:] == ["script.approved"]


def test_a_chain_holds_whatever_zone_the_instants_came_in(engine: Engine, cast: Cast, now: datetime) -> None:
    note(engine, cast.agent, "a", now=now.astimezone(timezone(timedelta(hours=8))))
    assert broken(engine, known(cast.fz.id)) == []


def test_a_transaction_rolled_back_leaves_no_entry(engine: Engine, chain: int, cast: Cast, now: datetime) -> None:
    with pytest.raises(ZeroDivisionError), db.transaction(engine) as session:
        journal.record(session, "never", cast.agent, by=None, now=now)
        _ = 1 / 0
    note(engine, cast.agent, "after", now=now)
    assert actions(engine, chain)[-2:] == ["e", "after"]


def test_a_session_goes_on_after_a_rollback_without_what_was_undone(
    engine: Engine, chain: int, cast: Cast, now: datetime
) -> None:
    with Session(engine) as session:
        agent = session.get_one(Staff, cast.agent.id)
        journal.record(session, "never", agent, by=None, now=now)
        session.rollback()
        journal.record(session, "kept", agent, by=None, now=now)
        session.commit()
    assert actions(engine, chain)[-2:] == ["e", "kept"]


def test_a_savepoint_rolled_back_leaves_no_entry(engine: Engine, chain: int, cast: Cast, now: datetime) -> None:
    with db.transaction(engine) as session:
        journal.record(session, "before", cast.agent, by=None, now=now)
        savepoint = session.begin_nested()
        journal.record(session, "within", cast.agent, by=None, now=now)
        savepoint.rollback()
        journal.record(session, "after", cast.agent, by=None, now=now)
    assert actions(engine, chain)[-2:] == ["before", "after"]


def test_what_a_savepoint_within_a_rolled_back_one_kept_is_gone_too(
    engine: Engine, chain: int, cast: Cast, now: datetime
) -> None:
    with db.transaction(engine) as session:
        outer = session.begin_nested()
        with session.begin_nested():
            journal.record(session, "innermost", cast.agent, by=None, now=now)
        outer.rollback()
        journal.record(session, "after", cast.agent, by=None, now=now)
    assert actions(engine, chain)[-2:] == ["e", "after"]


def test_a_savepoint_that_is_kept_keeps_its_entry(engine: Engine, chain: int, cast: Cast, now: datetime) -> None:
    with db.transaction(engine) as session, session.begin_nested():
        journal.record(session, "within", cast.agent, by=None, now=now)
    assert actions(engine, chain)[-1] == "within"


def test_a_commit_that_the_database_refuses_leaves_no_entry(
    engine: Engine, chain: int, cast: Cast, now: datetime
) -> None:
    with pytest.raises(sa.exc.IntegrityError), db.transaction(engine) as session:
        journal.record(session, "never", cast.agent, by=None, now=now)
        session.add(Staff(centre_id=cast.fz.id, login="agent", name="x", password_hash="-", added_at=now))
    assert actions(engine, chain)[-1] == "e"
    assert broken(engine, chain) == []


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE journal_entry SET action = 'changed'",
        "DELETE FROM journal_entry",
        "DELETE FROM journal_entry WHERE sequence = 2",
    ],
)
def test_raw_sql_cannot_change_the_journal(engine: Engine, chain: int, statement: str) -> None:
    with pytest.raises(sa.exc.IntegrityError, match="append-only"), engine.begin() as connection:
        connection.exec_driver_sql(statement)


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
@pytest.mark.parametrize("key", ["id", "NULL"])
def test_insert_or_replace_cannot_change_the_journal(engine: Engine, chain: int, key: str) -> None:
    columns = "chain, sequence, at, actor_id, action, subject_kind, subject_id, details, previous_hash, hash"
    statement = f"""INSERT OR REPLACE INTO journal_entry (id, {columns})
        SELECT {key}, {columns.replace("action", "'changed'")} FROM journal_entry WHERE sequence = 2"""
    with pytest.raises(sa.exc.IntegrityError, match="append-only"), engine.begin() as connection:
        connection.exec_driver_sql("PRAGMA recursive_triggers=OFF")
        connection.exec_driver_sql(statement)


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_an_upsert_cannot_change_the_journal(engine: Engine, chain: int) -> None:
    statement = """INSERT INTO journal_entry SELECT * FROM journal_entry WHERE sequence = 2
        ON CONFLICT (id) DO UPDATE SET action = 'changed'"""
    with pytest.raises(sa.exc.IntegrityError, match="append-only"), engine.begin() as connection:
        connection.exec_driver_sql(statement)


@pytest.mark.parametrize("engine", ["postgresql"], indirect=True)
def test_truncate_cannot_empty_the_journal(engine: Engine, chain: int) -> None:
    with pytest.raises(sa.exc.IntegrityError, match="append-only"), engine.begin() as connection:
        connection.exec_driver_sql("TRUNCATE journal_entry CASCADE")


def test_an_unbroken_chain_has_no_broken_link(engine: Engine, chain: int) -> None:
    assert broken(engine, chain) == []


@pytest.mark.parametrize(
    "change",
    [
        "action = 'changed'",
        "details = '{}'||' '",
        "actor_id = 1",
        "subject_id = 7777",
        "subject_kind = 'x'",
        "at = '2026-11-23 02:00:01'",
    ],
)
def test_a_changed_row_is_found(engine: Engine, chain: int, change: str) -> None:
    with unlocked(engine) as connection:
        connection.exec_driver_sql(f"UPDATE journal_entry SET {change} WHERE chain = {chain} AND sequence = 3")
    assert broken(engine, chain) == [3]


def test_a_changed_row_with_a_hash_made_to_fit_is_found_at_the_next(engine: Engine, chain: int) -> None:
    forged = chain_of(engine, chain)[2]
    forged.action = "changed"
    with unlocked(engine) as connection:
        connection.execute(
            sa.text("UPDATE journal_entry SET action = 'changed', hash = :hash WHERE id = :id"),
            {"hash": forged.digest(), "id": forged.id},
        )
    assert broken(engine, chain) == [4]


def test_a_row_taken_out_is_found(engine: Engine, chain: int) -> None:
    with unlocked(engine) as connection:
        connection.exec_driver_sql(f"DELETE FROM journal_entry WHERE chain = {chain} AND sequence = 3")
    assert broken(engine, chain) == [4]


def test_two_rows_changed_about_are_found(engine: Engine, chain: int) -> None:
    with unlocked(engine) as connection:
        for before, after in ((3, -1), (4, 3), (-1, 4)):
            connection.exec_driver_sql(
                f"UPDATE journal_entry SET sequence = {after} WHERE chain = {chain} AND sequence = {before}"
            )
    assert broken(engine, chain)[:2] == [3, 4]


def test_an_end_cut_off_is_found(engine: Engine, chain: int) -> None:
    length = len(chain_of(engine, chain))
    with unlocked(engine) as connection:
        connection.exec_driver_sql(f"DELETE FROM journal_entry WHERE chain = {chain} AND sequence = {length}")
    assert broken(engine, chain) == [length]


def test_a_chain_cut_off_whole_is_found(engine: Engine, chain: int) -> None:
    with unlocked(engine) as connection:
        connection.exec_driver_sql(f"DELETE FROM journal_entry WHERE chain = {chain}")
    assert broken(engine, chain) == [1]


@pytest.mark.owner
def test_a_chain_without_its_head_is_found(engine: Engine, chain: int) -> None:
    with engine.begin() as connection:
        connection.exec_driver_sql(f"DELETE FROM journal_head WHERE chain = {chain}")
    assert broken(engine, chain) == [len(chain_of(engine, chain)) + 1]
    with db.reading(engine) as session:
        assert chain in journal.chains(session)


@pytest.mark.slow
def test_transactions_at_once_keep_one_chain(engine: Engine, cast: Cast, now: datetime) -> None:
    chain = known(cast.fz.id)
    before, failures = len(chain_of(engine, chain)), []

    def work(who: Staff) -> None:
        try:
            note(engine, who, *["act"] * 10, now=now)
        except sa.exc.SQLAlchemyError as failed:
            failures.append(failed)

    threads = [threading.Thread(target=work, args=(cast.agent,)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert len(chain_of(engine, chain)) == before + 80
    assert broken(engine, chain) == []


@pytest.mark.slow
def test_a_chain_is_begun_once_by_transactions_at_once(engine: Engine, cast: Cast, now: datetime) -> None:
    start = threading.Barrier(6)

    def work() -> None:
        with db.transaction(engine) as session:
            journal.record(session, "first", cast.agent, by=None, now=now, centre_id=known(cast.xm.id) + 1000)
            start.wait()

    if engine.dialect.name == "sqlite":
        start = threading.Barrier(1)
    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [entry.sequence for entry in chain_of(engine, known(cast.xm.id) + 1000)] == [1, 2, 3, 4, 5, 6]
