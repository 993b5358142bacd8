"""Locks that somebody took off are noticed: before anything is served, and by whoever verifies."""

import json
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Engine

from outbound import db, locks, migrating
from outbound.verification import broken_promises

pytestmark = pytest.mark.owner

GUARD = "charge_needs_second_confirmation"
SQLITE = pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
POSTGRESQL = pytest.mark.parametrize("engine", ["postgresql"], indirect=True)
EMPTIED = f"""CREATE OR REPLACE FUNCTION {GUARD}() RETURNS trigger {db.PLPGSQL}
    AS $$ BEGIN RETURN NEW; END $$"""
NEVER = f"""CREATE OR REPLACE TRIGGER {GUARD} BEFORE INSERT ON ledger_entry FOR EACH ROW WHEN (1 = 2)
    EXECUTE FUNCTION {GUARD}()"""
WEAKENED = f"""CREATE TRIGGER {GUARD} BEFORE INSERT ON ledger_entry FOR EACH ROW BEGIN
    SELECT RAISE(ABORT, 'no') WHERE 1 = 2; END"""


def spoil(engine: Engine, *statements: str) -> None:
    with engine.begin() as connection:
        for statement in statements:
            connection.exec_driver_sql(statement)


def drop(engine: Engine) -> None:
    spoil(engine, f"DROP TRIGGER {GUARD}" + (" ON ledger_entry" if engine.dialect.name == "postgresql" else ""))


def missing(engine: Engine) -> list[str]:
    with engine.connect() as connection:
        return locks.missing(connection)


def test_in_a_database_as_it_was_made_no_lock_is_missing(engine: Engine) -> None:
    assert missing(engine) == []


def test_a_dropped_trigger_is_missing_and_verify_says_so(engine: Engine) -> None:
    drop(engine)
    with db.reading(engine) as session:
        assert broken_promises(session) == [{"promise": "lock_missing", "lock": GUARD}]


@SQLITE
def test_a_weakened_trigger_is_missing(engine: Engine) -> None:
    spoil(engine, f"DROP TRIGGER {GUARD}", WEAKENED)
    assert missing(engine) == [GUARD]


@POSTGRESQL
@pytest.mark.parametrize(
    ("statement", "name"),
    [
        (f"ALTER TABLE ledger_entry DISABLE TRIGGER {GUARD}", GUARD),
        (f"ALTER TABLE ledger_entry ENABLE REPLICA TRIGGER {GUARD}", GUARD),
        (NEVER, GUARD),
        (EMPTIED, f"{GUARD}()"),
    ],
)
def test_a_trigger_that_is_switched_off_or_does_nothing_is_missing(engine: Engine, statement: str, name: str) -> None:
    spoil(engine, statement)
    assert missing(engine) == [name]


@POSTGRESQL
def test_where_no_trigger_fires_all_are_missing(engine: Engine) -> None:
    with engine.connect() as connection:
        connection.execute(sa.text("SET session_replication_role = replica"))
        assert GUARD in locks.missing(connection)
        connection.execute(sa.text("SET session_replication_role = origin"))


def test_nothing_is_served_without_its_locks(engine: Engine) -> None:
    migrating.refuse_unlocked(engine)
    drop(engine)
    with pytest.raises(migrating.LocksMissing, match=GUARD):
        migrating.refuse_unlocked(engine)


@pytest.mark.parametrize("index", ["uq_ledger_entry_charge_once", "uq_claim_open_phone_id", "ix_instruction_waiting"])
def test_a_dropped_index_is_missing(engine: Engine, index: str) -> None:
    spoil(engine, f"DROP INDEX {index}")
    assert missing(engine) == [index]


def test_an_index_that_holds_for_fewer_rows_is_missing(engine: Engine) -> None:
    weaker = "ON ledger_entry (subscription_id, cycle) WHERE kind = 'charge' AND amount_fen > 100"
    spoil(
        engine,
        "DROP INDEX uq_ledger_entry_charge_once",
        f"CREATE UNIQUE INDEX uq_ledger_entry_charge_once {weaker}",
    )
    assert missing(engine) == ["uq_ledger_entry_charge_once"]


@SQLITE
@pytest.mark.parametrize(
    ("written", "instead", "name"),
    [
        (" AND amount_fen > 0 AND", " AND", "ck_ledger_entry_charge_names_confirmation"),
        ("kind = 'charge' OR (", "1 = 1 OR (", "ck_ledger_entry_reversal_names_charge"),
        ("\tamount_fen INTEGER NOT NULL", "\tamount_fen INTEGER", "ledger_entry.amount_fen"),
        ("UNIQUE (reverses_id)", "UNIQUE (why)", "uq_ledger_entry_reverses_id"),
        ("REFERENCES confirmation (", "REFERENCES call (", "fk_ledger_entry_confirmation"),
    ],
)
def test_what_is_written_otherwise_into_a_table_is_missing(
    engine: Engine, written: str, instead: str, name: str
) -> None:
    with engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA writable_schema = ON")
        changed = "UPDATE sqlite_master SET sql = replace(sql, ?, ?) WHERE name = 'ledger_entry'"
        connection.exec_driver_sql(changed, (written, instead))
        connection.commit()
    # A connection that is open has read the tables already.
    engine.dispose()
    assert missing(engine) == [name]


@POSTGRESQL
@pytest.mark.parametrize(
    ("statements", "name"),
    [
        (
            (
                "ALTER TABLE ledger_entry DROP CONSTRAINT ck_ledger_entry_charge_names_confirmation",
                "ALTER TABLE ledger_entry ADD CONSTRAINT ck_ledger_entry_charge_names_confirmation CHECK (1 = 1)",
            ),
            "ck_ledger_entry_charge_names_confirmation",
        ),
        (
            ("ALTER TABLE ledger_entry DROP CONSTRAINT fk_ledger_entry_confirmation",),
            "fk_ledger_entry_confirmation",
        ),
        (("ALTER TABLE ledger_entry ALTER amount_fen DROP NOT NULL",), "ledger_entry.amount_fen"),
        (("ALTER TABLE ledger_entry DROP CONSTRAINT uq_ledger_entry_reverses_id",), "uq_ledger_entry_reverses_id"),
        (("ALTER TABLE withdrawal DISABLE TRIGGER ALL",), "fk_withdrawal_subscription_id"),
    ],
)
def test_a_constraint_that_is_dropped_weakened_or_switched_off_is_missing_until_it_is_put_back(
    engine: Engine, statements: tuple[str, ...], name: str
) -> None:
    spoil(engine, *statements)
    assert name in missing(engine)
    with engine.begin() as connection:
        locks.put_back(connection)
    assert missing(engine) == []


SWALLOWING = {
    "sqlite": "CREATE TRIGGER quiet BEFORE INSERT ON withdrawal BEGIN SELECT RAISE(IGNORE); END",
    "postgresql": "CREATE RULE quiet AS ON INSERT TO withdrawal DO INSTEAD NOTHING",
}


def test_what_swallows_rows_is_strange_and_nothing_is_served_with_it(engine: Engine) -> None:
    spoil(engine, SWALLOWING[engine.dialect.name])
    with pytest.raises(migrating.StrangersFound, match="quiet"):
        migrating.refuse_unlocked(engine)
    with db.reading(engine) as session:
        assert broken_promises(session) == [{"promise": "lock_strange", "name": "quiet"}]


def test_what_is_missing_can_be_put_back(engine: Engine) -> None:
    drop(engine)
    spoil(engine, "DROP INDEX uq_ledger_entry_charge_once")
    if engine.dialect.name == "postgresql":
        spoil(engine, EMPTIED, "ALTER TABLE withdrawal DISABLE TRIGGER withdrawal_raises_version")
    with engine.begin() as connection:
        assert {GUARD, "uq_ledger_entry_charge_once"} <= set(locks.put_back(connection))
    assert missing(engine) == []


@pytest.fixture
def migrated(engine: Engine, tmp_path: Path) -> Engine:
    """A database that the migrations made."""
    if engine.dialect.name == "sqlite":
        engine = db.open_database(f"sqlite:///{tmp_path / 'migrated.sqlite3'}")
    else:
        spoil(engine, "DROP SCHEMA public CASCADE", "CREATE SCHEMA public")
    migrating.upgrade(engine)
    return engine


def test_migrate_puts_back_and_the_journal_says_who_and_which(migrated: Engine) -> None:
    assert (missing(migrated), journalled(migrated)) == ([], [])
    drop(migrated)
    migrating.upgrade(migrated)
    migrating.upgrade(migrated)
    assert missing(migrated) == []
    (told,) = journalled(migrated)
    assert (told["locks"], bool(told["login"])) == ([GUARD], True)
    with db.reading(migrated) as session:
        assert broken_promises(session) == []


def journalled(engine: Engine) -> list[dict[str, Any]]:
    with engine.connect() as connection:
        asked = "SELECT details FROM journal_entry WHERE action = 'locks.put_back'"
        return [json.loads(told) for told in connection.exec_driver_sql(asked).scalars()]


CLAIM = """INSERT INTO claim (centre_id, campaign_id, contact_id, phone_id, agent_id, duty, epoch, why_now, claimed_at,
    lease_until) VALUES (1, 1, {number}, 1, {number}, 'pitch', 1, '', '2026-11-23 02:00:00', '2026-11-23 02:15:00')"""


def test_what_the_rows_forbid_by_now_is_told_and_the_rest_is_put_back(migrated: Engine) -> None:
    drop(migrated)
    spoil(migrated, "DROP INDEX uq_claim_open_phone_id")
    # Neither engine asks for foreign keys here.
    plain = sa.create_engine(migrated.url)
    quietly = ["SET LOCAL session_replication_role = replica"] if plain.dialect.name == "postgresql" else []
    spoil(plain, *quietly, *(CLAIM.format(number=number) for number in (1, 2)))
    plain.dispose()
    with pytest.raises(migrating.LocksLost, match="uq_claim_open_phone_id"):
        migrating.upgrade(migrated)
    assert missing(migrated) == ["uq_claim_open_phone_id"]
