"""Locks that somebody took off are noticed: before anything is served, and by whoever verifies."""

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


def test_what_is_missing_can_be_put_back(engine: Engine) -> None:
    drop(engine)
    if engine.dialect.name == "postgresql":
        spoil(engine, EMPTIED, "ALTER TABLE withdrawal DISABLE TRIGGER withdrawal_raises_version")
    with engine.begin() as connection:
        assert GUARD in locks.put_back(connection)
    assert missing(engine) == []
