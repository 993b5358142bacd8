"""A charge meets what forbids it, in every order of their statements, on both engines: never both, whoever comes first.

The statements are raw SQL, as the application's role; who comes second reads a higher version of the subscription.
"""

import shutil
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Engine

from outbound.billing import charges
from outbound.call_lists.model import Duty
from outbound.confirmations.model import ConfirmationKind
from outbound.db import transaction
from tests.conftest import NOW, Cast, owning
from tests.interleavings import Lane, PostgresLane, SqliteLane, meet, orders, put_back
from tests.sales import Sales

LATER = NOW + timedelta(days=8)
CHARGE = """INSERT INTO ledger_entry (centre_id, subscription_id, cycle, kind, amount_fen, confirmation_id,
    confirmation_kind, confirmation_result, why, at)
    SELECT s.centre_id, s.id, '2026-12-01', 'charge', s.price_fen, {second}, 'second', 'passed', '', '{at}'
    FROM subscription s"""
RIVALS = {
    "withdrawal": "INSERT INTO withdrawal (subscription_id, via, reason, at) VALUES (1, 'care desk', '', '{at}')",
    "void": """INSERT INTO confirmation_void (confirmation_id, subscription_id, reason, at)
        VALUES ({second}, 1, 'review_failed', '{at}')""",
    "hold": "INSERT INTO charge_hold (subscription_id, reason, at) VALUES (1, 'never_ordered', '{at}')",
    "later no": """INSERT INTO confirmation (subscription_id, kind, result, call_id, by_id, at, restored)
        VALUES (1, 'second', 'declined', {call}, {verifier}, '{at}', 0)""",
    "review": """INSERT INTO review (centre_id, task_id, version, why_changed, call_id, recording_id, reviewer_id,
        verdict, comment, at) SELECT t.centre_id, t.id, 1, '', t.call_id, t.recording_id, t.reviewer_id, 'invalid', '',
        '{at}' FROM review_task t""",
    "charge": CHARGE,
}
CLEAN = """SET session_replication_role = replica; DELETE FROM ledger_entry; DELETE FROM withdrawal;
    DELETE FROM confirmation_void; DELETE FROM charge_hold; DELETE FROM confirmation WHERE result = 'declined';
    DELETE FROM review; UPDATE subscription SET version = 0"""
TASK = """INSERT INTO review_task (centre_id, source, recording_id, call_id, reviewer_id, made_at, due_at)
    SELECT r.centre_id, 'targeted', r.id, r.call_id, :reviewer, r.kept_at, r.kept_at FROM recording r
    WHERE r.call_id = :call"""


@pytest.fixture
def facts(engine: Engine, cast: Cast) -> dict[str, object]:
    """One confirmed subscription, the call of a later no, and a task to review the confirmation."""
    with transaction(engine) as session:
        sales = Sales(session, cast, NOW)
        subscription = sales.confirmed()
        second = charges.latest_of(session, subscription, ConfirmationKind.SECOND)
        assert second
        call = sales.make.call(cast.verifier, contact=sales.contact(subscription), duty=Duty.CONFIRMATION)
        session.execute(sa.text(TASK), {"reviewer": cast.reviewer.id, "call": second.call_id})
        return {"second": second.id, "call": call.id, "verifier": cast.verifier.id, "at": LATER}


Meeting = Callable[[tuple[str, str], tuple[int, ...]], list[Lane]]


def steps(begin: str, act: str) -> list[str]:
    """A careless program's transaction: it looks, which fixes what it sees; it acts; it commits."""
    look = "SELECT state FROM subscription WHERE id = 1"
    return [f"{begin}; {look}", act, "SELECT version FROM subscription WHERE id = 1", "COMMIT"]


@pytest.fixture
def postgres_meeting(engine: Engine, isolation: str) -> Iterator[Meeting]:
    with owning(engine) as owner:
        urls = [each.url.set(drivername="postgresql") for each in (engine, engine, owner)]
    one, other, watcher = (psycopg.connect(url.render_as_string(hide_password=False), autocommit=True) for url in urls)

    def met(acts: tuple[str, str], order: tuple[int, ...]) -> list[Lane]:
        watcher.execute(CLEAN)
        begin = f"BEGIN ISOLATION LEVEL {isolation}"
        pairs = zip((one, other), acts, strict=True)
        lanes: list[Lane] = [PostgresLane(connection, steps(begin, act), watcher) for connection, act in pairs]
        meet(lanes, order)
        return lanes

    yield met
    for connection in (one, other, watcher):
        connection.close()


@pytest.fixture
def sqlite_meeting(engine: Engine, facts: dict[str, object], tmp_path: Path) -> Meeting:
    with engine.connect() as connection:
        connection.exec_driver_sql("SELECT 1")
    engine.dispose()
    file, kept = Path(str(engine.url.database)), tmp_path / "kept"
    shutil.copyfile(file, kept)

    def met(acts: tuple[str, str], order: tuple[int, ...]) -> list[Lane]:
        put_back(kept, file)
        lanes: list[Lane] = [SqliteLane(file, steps("BEGIN", act)) for act in acts]
        meet(lanes, order)
        return lanes

    return met


def every_order(meeting: Meeting, facts: dict[str, object], rival: str) -> dict[str, int]:
    """Let the charge meet its rival in all seventy orders; how often which of the two was committed."""
    won = {"charge": 0, "rival": 0, "both": 0}
    acts = (CHARGE.format(**facts), RIVALS[rival].format(**facts))
    for order in orders(4, 4):
        charge, other = lanes = meeting(acts, order)
        for lane in lanes:
            lane.close()
        versions = [int(lane.answers[1] or 0) for lane in lanes if not lane.failed]
        if not charge.failed and not other.failed:
            # The charge came first, or it is another's and there is one too many.
            assert rival != "charge", order
            assert versions[0] < versions[1], order
        won["both" if not (charge.failed or other.failed) else "rival" if charge.failed else "charge"] += 1
    return won


@pytest.mark.slow
@pytest.mark.parametrize("rival", RIVALS)
@pytest.mark.parametrize(
    ("engine", "isolation"),
    [("postgresql", "READ COMMITTED"), ("postgresql", "REPEATABLE READ")],
    indirect=["engine"],
)
def test_no_order_of_statements_charges_after_what_forbids_it(
    postgres_meeting: Meeting, facts: dict[str, object], rival: str
) -> None:
    won = every_order(postgres_meeting, facts, rival)
    assert sum(won.values()) == 70
    assert won["rival"] >= 15, won


@pytest.mark.slow
@pytest.mark.parametrize("rival", RIVALS)
@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_no_order_of_statements_charges_after_what_forbids_it_on_one_machine(
    sqlite_meeting: Meeting, facts: dict[str, object], rival: str
) -> None:
    won = every_order(sqlite_meeting, facts, rival)
    assert sum(won.values()) == 70
    assert won["rival"] >= 15, won


@pytest.mark.slow
@pytest.mark.parametrize(("engine", "isolation"), [("postgresql", "REPEATABLE READ")], indirect=["engine"])
def test_without_the_version_that_a_withdrawal_raises_both_would_win(
    engine: Engine, postgres_meeting: Meeting, facts: dict[str, object]
) -> None:
    with owning(engine) as owner, owner.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE withdrawal DISABLE TRIGGER withdrawal_raises_version")
    with pytest.raises(AssertionError):
        every_order(postgres_meeting, facts, "withdrawal")
