"""The database: what our promises rest on, the same on SQLite and on PostgreSQL."""

import multiprocessing
import sqlite3
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Engine
from sqlmodel import Session, col, select

from outbound import db
from outbound.people import Centre
from outbound.sign_ins import SignInFailure

SQLITE = pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
POSTGRESQL = pytest.mark.parametrize("engine", ["postgresql"], indirect=True)


def centre(code: str) -> Centre:
    return Centre(code=code, name_zh="中心", name_en="Centre")


def codes(engine: Engine) -> list[str]:
    with db.reading(engine) as session:
        return list(session.exec(select(Centre.code).order_by(Centre.code)))


# The engine


@SQLITE
def test_sqlite_keeps_what_it_acknowledged_and_holds_foreign_keys(engine: Engine) -> None:
    asked = ("journal_mode", "synchronous", "foreign_keys", "recursive_triggers", "busy_timeout")
    with engine.connect() as connection:
        found = [connection.exec_driver_sql(f"PRAGMA {name}").scalar_one() for name in asked]
    assert found == ["wal", 2, 1, 1, 20000]


def test_a_foreign_key_that_leads_nowhere_is_refused(session: Session) -> None:
    statement = "INSERT INTO staff_role (staff_id, role) VALUES (999, 'agent')"
    with pytest.raises(sa.exc.IntegrityError):
        session.execute(sa.text(statement))


def test_a_value_outside_its_choice_is_refused_by_the_database(session: Session, cast: object) -> None:
    with pytest.raises(sa.exc.IntegrityError):
        session.execute(sa.text("INSERT INTO staff_role (staff_id, role) VALUES (1, 'owner')"))


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("nonsense", "parse"),
        ("mysql://somebody@host/it", "mysql is neither sqlite nor postgresql"),
        ("postgresql://host:many/it", "port"),
        ("sqlite://", "memory"),
        ("sqlite:////proc/nowhere/outbound.sqlite3", "/proc/nowhere"),
    ],
)
def test_an_address_that_cannot_be_used_is_refused_in_a_sentence(url: str, reason: str) -> None:
    with pytest.raises(db.DatabaseOutOfReach, match=reason):
        db.open_database(url)


def test_a_password_in_a_bad_address_is_not_shown() -> None:
    for url in ("postgresql//me:secret@host/it", "postgresql://me:secret@host:x/it", "mysql://me:secret@host/it"):
        with pytest.raises(db.DatabaseOutOfReach) as refused:
            db.open_database(url)
        assert "secret" not in str(refused.value)


def _open_and_ask(url: str) -> int:
    with db.open_database(url).connect() as connection:
        return int(connection.execute(sa.text("SELECT 1")).scalar_one())


@pytest.mark.slow
def test_processes_that_open_a_fresh_sqlite_file_at_once_all_get_in(tmp_path: Path) -> None:
    with multiprocessing.get_context("fork").Pool(4) as pool:
        for round_ in range(5):
            url = f"sqlite:///{tmp_path / str(round_)}.sqlite3"
            assert pool.map(_open_and_ask, [url] * 8) == [1] * 8


# Instants


def test_an_instant_without_a_zone_is_refused(session: Session) -> None:
    session.add(SignInFailure(login="x", address="y", at=datetime(2026, 11, 23)))  # noqa: DTZ001
    with pytest.raises(sa.exc.StatementError, match="needs its zone"):
        session.flush()


def test_an_instant_comes_back_aware_in_utc_and_to_the_microsecond(session: Session) -> None:
    at = datetime(2026, 11, 23, 10, 0, 0, 123456, timezone(timedelta(hours=8)))
    session.add(SignInFailure(login="x", address="y", at=at))
    session.flush()
    session.expire_all()
    kept = session.exec(select(SignInFailure)).one().at
    assert (kept, kept.utcoffset()) == (at, timedelta(0))


def test_instants_of_different_zones_compare_as_instants(session: Session) -> None:
    at = datetime(2026, 11, 23, 10, 0, tzinfo=timezone(timedelta(hours=8)))
    session.add(SignInFailure(login="x", address="y", at=at))
    session.flush()
    asked = select(SignInFailure).where(col(SignInFailure.at) < datetime(2026, 11, 23, 2, 0, 1, tzinfo=UTC))
    assert session.exec(asked).one().login == "x"


# Transactions


def test_a_transaction_is_committed_whole(engine: Engine) -> None:
    with db.transaction(engine) as session:
        session.add_all([centre("a"), centre("b")])
    assert codes(engine) == ["a", "b"]


def test_a_transaction_that_fails_leaves_nothing(engine: Engine) -> None:
    with pytest.raises(ZeroDivisionError), db.transaction(engine) as session:
        session.add(centre("a"))
        session.flush()
        _ = 1 / 0
    assert codes(engine) == []


def test_a_savepoint_rolled_back_leaves_the_rest(engine: Engine) -> None:
    with db.transaction(engine) as session:
        session.add(centre("a"))
        with pytest.raises(sa.exc.IntegrityError), session.begin_nested():
            session.add(centre("a"))
            session.flush()
        session.add(centre("b"))
    assert codes(engine) == ["a", "b"]


def test_writes_of_one_transaction_are_not_seen_before_it_commits(engine: Engine) -> None:
    with db.transaction(engine) as session:
        session.add(centre("a"))
        session.flush()
        assert codes(engine) == []


# Reading


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO centre (code, name_zh, name_en, zone) VALUES ('z', 'z', 'z', 'UTC')",
        "UPDATE centre SET code = 'z'",
        "DELETE FROM centre",
        "DROP TABLE sign_in_failure",
    ],
)
def test_a_reading_session_cannot_write(engine: Engine, statement: str) -> None:
    with db.transaction(engine) as session:
        session.add(centre("a"))
    with pytest.raises(sa.exc.DBAPIError, match=r"read-?only"), db.reading(engine) as session:
        session.execute(sa.text(statement))
    assert codes(engine) == ["a"]


def test_a_connection_that_was_read_from_can_be_written_to_again(engine: Engine) -> None:
    for code in ("a", "b", "c"):
        with db.transaction(engine) as session:
            session.add(centre(code))
        with db.reading(engine) as session:
            session.exec(select(Centre)).all()
    assert codes(engine) == ["a", "b", "c"]
    assert engine.pool.checkedin() == 1, "the same connection did both"  # type: ignore[attr-defined]


def test_a_reading_session_sees_one_state_throughout(engine: Engine) -> None:
    with db.reading(engine) as session:
        before = session.exec(select(sa.func.count()).select_from(Centre)).one()
        with db.transaction(engine) as writer:
            writer.add(centre("a"))
        assert session.exec(select(sa.func.count()).select_from(Centre)).one() == before
    assert codes(engine) == ["a"]


def test_a_reader_does_not_wait_for_a_writer(engine: Engine) -> None:
    with db.transaction(engine) as writer:
        writer.add(centre("a"))
        writer.flush()
        assert codes(engine) == []


# What is locked


def test_a_replacement_under_another_key_is_refused_even_without_our_pragmas(tmp_path: Path) -> None:
    metadata = sa.MetaData()
    kept = sa.Table(
        "kept",
        metadata,
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("key", sa.String, unique=True),
        sa.Column("words", sa.String),
    )
    locks: dict[str, list[str]] = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(db, "lock", lambda _table, _name, *, sqlite, postgresql: locks.update(sqlite=sqlite))
        db.append_only(kept)
    plain = sqlite3.connect(tmp_path / "plain.sqlite3")
    plain.execute("CREATE TABLE kept (id INTEGER PRIMARY KEY, key VARCHAR UNIQUE, words VARCHAR)")
    for statement in locks["sqlite"]:
        plain.execute(statement)
    plain.execute("INSERT INTO kept (key, words) VALUES ('k', 'as it was')")
    for replacement in ("(1, 'other', 'changed')", "(NULL, 'k', 'changed')", "(9, 'k', 'changed')"):
        with pytest.raises(sqlite3.IntegrityError, match="append-only"):
            plain.execute(f"INSERT OR REPLACE INTO kept VALUES {replacement}")
    assert plain.execute("SELECT id, key, words FROM kept").fetchall() == [(1, "k", "as it was")]
    plain.close()


def test_every_table_that_is_append_only_says_so_on_both_engines() -> None:
    names = {name for name in db.LOCKS["sqlite"] if name.endswith("_append_only")}
    assert {"journal_entry_append_only", "ledger_entry_append_only", "opt_out_append_only"} <= names
    assert names == {name for name in db.LOCKS["postgresql"] if name.endswith("_append_only")}


@POSTGRESQL
def test_truncating_an_append_only_table_is_refused(session: Session) -> None:
    with pytest.raises(sa.exc.IntegrityError, match="append-only"):
        session.execute(sa.text("TRUNCATE journal_entry"))
