"""A program that opens the SQLite file by itself, with none of our pragmas and without CHECKs, breaks no promise.

Foreign keys are off, triggers do not fire for what INSERT OR REPLACE deletes, CHECK constraints are not looked at.
"""

import sqlite3
from collections.abc import Iterator
from datetime import timedelta

import pytest
from sqlalchemy.engine import Engine
from sqlmodel import Session

from outbound.billing import charges
from outbound.confirmations import verbs as confirmations
from outbound.confirmations.model import ConfirmationKind
from tests.conftest import NOW, Cast
from tests.sales import Sales
from tests.test_charges import ATTACKS

LATER = NOW + timedelta(days=8)
CHARGE = """INSERT INTO ledger_entry (centre_id, subscription_id, cycle, kind, amount_fen, confirmation_id,
    confirmation_kind, confirmation_result, reverses_id, why, at)
    SELECT s.centre_id, s.id, {cycle}, {kind}, {amount_fen}, {confirmation_id}, {confirmation_kind},
        {confirmation_result}, {reverses_id}, '', '2026-12-01 02:00:00'
    FROM subscription s JOIN confirmation c ON c.subscription_id = s.id AND c.kind = 'second' WHERE s.id = 1"""
RIGHT = {
    "cycle": "'2026-12-01'",
    "kind": "'charge'",
    "amount_fen": "500",
    "confirmation_id": "c.id",
    "confirmation_kind": "'second'",
    "confirmation_result": "'passed'",
    "reverses_id": "NULL",
}

pytestmark = pytest.mark.parametrize("engine", ["sqlite"], indirect=True)


@pytest.fixture
def sales(engine: Engine, cast: Cast) -> Iterator[Sales]:
    with Session(engine) as session:
        yield Sales(session, cast, NOW)


@pytest.fixture
def careless(engine: Engine) -> Iterator[sqlite3.Connection]:
    """The file, opened without a thought."""
    connection = sqlite3.connect(str(engine.url.database), isolation_level=None, timeout=0)
    connection.execute("PRAGMA foreign_keys=OFF")
    connection.execute("PRAGMA recursive_triggers=OFF")
    connection.execute("PRAGMA ignore_check_constraints=ON")
    yield connection
    connection.close()


def test_what_is_rightly_confirmed_can_be_charged(sales: Sales, careless: sqlite3.Connection) -> None:
    sales.confirmed()
    sales.session.commit()
    careless.execute(CHARGE.format(**RIGHT))
    assert careless.execute("SELECT sum(amount_fen) FROM ledger_entry").fetchone() == (500,)


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.__name__)
def test_no_charge_is_written_of_one(sales: Sales, careless: sqlite3.Connection, attack: object) -> None:
    attack(sales)  # type: ignore[operator]
    sales.session.commit()
    entry = {**RIGHT, "confirmation_id": "coalesce(c.id, 1)"}
    statement = CHARGE.format(**entry).replace("JOIN confirmation", "LEFT JOIN confirmation")
    for verb in ("INSERT", "INSERT OR IGNORE", "INSERT OR REPLACE"):
        with pytest.raises(sqlite3.IntegrityError):
            careless.execute(statement.replace("INSERT", verb, 1))


@pytest.mark.parametrize(
    ("column", "forged"),
    [
        ("kind", "'gift'"),
        ("kind", "'reversal'"),
        ("amount_fen", "0"),
        ("amount_fen", "-500"),
        ("amount_fen", "50000"),
        ("confirmation_id", "NULL"),
        ("confirmation_id", "4711"),
        ("confirmation_kind", "NULL"),
        ("confirmation_kind", "'first'"),
        ("confirmation_result", "NULL"),
        ("confirmation_result", "'declined'"),
        ("reverses_id", "4711"),
        ("cycle", "'2026-11-23'"),
        ("cycle", "'２０２６-12-01'"),
        ("cycle", "'x2026-12-01'"),
        ("cycle", "'2026-12-01 '"),
        ("cycle", "'soon'"),
    ],
)
def test_no_charge_is_written_that_says_something_else(
    sales: Sales, careless: sqlite3.Connection, column: str, forged: str
) -> None:
    sales.confirmed()
    sales.session.commit()
    with pytest.raises(sqlite3.IntegrityError):
        careless.execute(CHARGE.format(**{**RIGHT, column: forged}))


@pytest.fixture
def ended(sales: Sales, careless: sqlite3.Connection) -> sqlite3.Connection:
    """One that was charged, found void, reversed and ended, with a hold on it."""
    subscription = sales.confirmed()
    charges.charge(sales.session, subscription, today=LATER.date(), now=LATER)
    charges.hold(sales.session, subscription, reason="never_ordered", by=sales.cast.care, now=LATER)
    second = charges.latest_of(sales.session, subscription, ConfirmationKind.SECOND)
    assert second
    confirmations.void_confirmation(sales.session, second, reason="review_failed", by=sales.cast.reviewer, now=LATER)
    sales.cancel(sales.confirmed())
    sales.session.commit()
    return careless


KEPT = (
    "subscription",
    "ledger_entry",
    "confirmation",
    "confirmation_void",
    "charge_hold",
    "withdrawal",
    "instruction",
    "recording",
    "call",
    "self_mark",
    "state_change",
    "journal_entry",
)


@pytest.mark.parametrize("table", KEPT)
def test_no_row_is_put_in_the_place_of_another(ended: sqlite3.Connection, table: str) -> None:
    before = ended.execute(f"SELECT * FROM {table}").fetchall()
    assert before
    with pytest.raises(sqlite3.IntegrityError):
        ended.execute(f"INSERT OR REPLACE INTO {table} SELECT * FROM {table}")
    assert ended.execute(f"SELECT * FROM {table}").fetchall() == before


@pytest.mark.parametrize("table", KEPT)
def test_no_row_is_removed(ended: sqlite3.Connection, table: str) -> None:
    with pytest.raises(sqlite3.IntegrityError):
        ended.execute(f"DELETE FROM {table}")


@pytest.mark.parametrize(
    "change",
    [
        "subscription SET state = 'confirmed'",
        "subscription SET version = 0",
        "subscription SET seller_id = 5",
        "subscription SET price_fen = 1",
        "ledger_entry SET why = 'x'",
        "confirmation SET result = 'passed'",
        "confirmation_void SET reason = 'x'",
        "withdrawal SET via = 'x'",
        "charge_hold SET reason = 'x'",
        "self_mark SET mark = 'pass'",
        "recording SET sha256 = 'x'",
        "instruction SET amount_fen = 1",
        "state_change SET why = 'x'",
    ],
)
def test_no_row_says_something_else_than_it_did(ended: sqlite3.Connection, change: str) -> None:
    for verb in ("UPDATE", "UPDATE OR IGNORE", "UPDATE OR REPLACE"):
        with pytest.raises(sqlite3.IntegrityError):
            ended.execute(f"{verb} {change}")
