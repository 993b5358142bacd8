"""Charge against withdrawal and against a review's void, at the same moment, on both engines: never both."""

import random
import threading
import time
from collections.abc import Callable
from datetime import timedelta
from itertools import cycle
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Engine
from sqlmodel import Session, col, select

from outbound.billing import charges
from outbound.billing.model import LedgerEntry
from outbound.call_lists.model import Duty
from outbound.calls.model import Call, Outcome
from outbound.confirmations import verbs as confirmations
from outbound.confirmations.model import ConfirmationKind
from outbound.db import transaction
from outbound.people import Staff
from outbound.promises.billing import CHECKS
from outbound.subscriptions import life
from outbound.subscriptions.model import Subscription
from outbound.subscriptions.model import SubscriptionState as S
from outbound.subscriptions.transitions import WrongState
from tests.conftest import NOW, Cast
from tests.factories import ALL_PASS
from tests.sales import Sales

ROUNDS = 150
LATER = NOW + timedelta(days=8)
COLLISIONS = {"40001", "40P01"}

pytestmark = [
    pytest.mark.slow,
    pytest.mark.parametrize(
        ("engine", "isolation"),
        [("sqlite", ""), ("postgresql", "READ COMMITTED"), ("postgresql", "REPEATABLE READ")],
        indirect=["engine"],
    ),
]


@pytest.fixture
def racetrack(engine: Engine, isolation: str) -> Engine:
    """The database at an isolation level; SQLite has one only."""
    return engine.execution_options(isolation_level=isolation) if isolation else engine


@pytest.fixture
def confirmed(engine: Engine, cast: Cast) -> list[int]:
    """The numbers of as many confirmed subscriptions as there are rounds."""
    with transaction(engine) as session:
        sales = Sales(session, cast, NOW)
        return [subscription.id or 0 for subscription in (sales.confirmed() for _round in range(ROUNDS))]


def race(engine: Engine, number: int, *racers: Callable[[Session, int], Any]) -> list[Any]:
    """Let each racer work on a subscription in its own transaction, all at once; what each came to, None: refused."""
    start, came_to = threading.Barrier(len(racers)), [None] * len(racers)

    def run(place: int) -> None:
        start.wait()
        time.sleep(random.uniform(0, 0.002))
        try:
            with transaction(engine) as session:
                came_to[place] = racers[place](session, number)
        except (sa.exc.IntegrityError, charges.NoValidConfirmation):
            came_to[place] = None
        except sa.exc.OperationalError as failed:
            assert getattr(failed.orig, "sqlstate", "") in COLLISIONS
            came_to[place] = None

    threads = [threading.Thread(target=run, args=(place,)) for place in range(len(racers))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return came_to


def persistently(racer: Callable[[Session, int], Any], tries: int = 3) -> Callable[[Engine, int], None]:
    """As a request does: once more where two collided."""

    def run(engine: Engine, number: int) -> None:
        for _try in range(tries):
            try:
                with transaction(engine) as session:
                    racer(session, number)
                return
            except sa.exc.OperationalError:
                continue

    return run


# Raw statements: who comes second reads a higher version, and a charge must never be second.


def raw_charge(session: Session, number: int) -> int:
    statement = """INSERT INTO ledger_entry (centre_id, subscription_id, cycle, kind, amount_fen, confirmation_id,
        confirmation_kind, confirmation_result, why, at)
        SELECT s.centre_id, s.id, '2026-12-01', 'charge', s.price_fen, c.id, 'second', 'passed', '', :at
        FROM subscription s JOIN confirmation c ON c.subscription_id = s.id AND c.kind = 'second' WHERE s.id = :id"""
    return _version_after(session, statement, number)


def raw_withdrawal(session: Session, number: int) -> int:
    statement = "INSERT INTO withdrawal (subscription_id, via, reason, at) VALUES (:id, 'care desk', '', :at)"
    return _version_after(session, statement, number)


def raw_void(session: Session, number: int) -> int:
    statement = """INSERT INTO confirmation_void (confirmation_id, subscription_id, reason, at)
        SELECT c.id, c.subscription_id, 'review_failed', :at FROM confirmation c
        WHERE c.subscription_id = :id AND c.kind = 'second'"""
    return _version_after(session, statement, number)


def raw_hold(session: Session, number: int) -> int:
    statement = "INSERT INTO charge_hold (subscription_id, reason, at) VALUES (:id, 'never_ordered', :at)"
    return _version_after(session, statement, number)


def _version_after(session: Session, statement: str, number: int) -> int:
    # Looking first is what a careless program does, and what fixes the snapshot at REPEATABLE READ.
    session.execute(sa.text("SELECT state FROM subscription WHERE id = :id"), {"id": number}).one()
    session.execute(sa.text(statement), {"id": number, "at": str(LATER)})
    time.sleep(random.uniform(0, 0.001))
    asked = sa.text("SELECT version FROM subscription WHERE id = :id")
    return int(session.execute(asked, {"id": number}).scalar_one())


def test_no_charge_is_written_after_a_withdrawal_a_void_or_a_hold(racetrack: Engine, confirmed: list[int]) -> None:
    won = {"charge first": 0, "charge refused": 0}
    for number, against in zip(confirmed, cycle((raw_withdrawal, raw_void, raw_hold)), strict=False):
        charged, forbidden = race(racetrack, number, raw_charge, against)
        assert charged is None or forbidden is None or charged < forbidden
        won["charge first" if charged else "charge refused"] += 1
    assert min(won.values()) > 0, f"the race was none: {won}"


# The verbs, as the charge run, the care desk and the reviewer use them.


def charge(session: Session, number: int) -> LedgerEntry | None:
    subscription = session.get_one(Subscription, number)
    return charges.charge(session, subscription, today=LATER.date(), now=LATER)


def complain(by: Staff) -> Callable[[Session, int], None]:
    def run(session: Session, number: int) -> None:
        subscription = session.get_one(Subscription, number)
        life.cancel(session, subscription, via="complaint", reason="", by=by, now=LATER)

    return run


def void(by: Staff) -> Callable[[Session, int], None]:
    def run(session: Session, number: int) -> None:
        subscription = session.get_one(Subscription, number)
        latest = charges.latest_of(session, subscription, ConfirmationKind.SECOND)
        assert latest
        confirmations.void_confirmation(session, latest, reason="review_failed", by=by, now=LATER)

    return run


def test_nobody_is_left_charged_who_withdrew_or_whose_confirmation_is_void(
    racetrack: Engine, confirmed: list[int], cast: Cast
) -> None:
    for number, against in zip(confirmed, cycle((complain(cast.care), void(cast.reviewer))), strict=False):
        racers = (persistently(charge), persistently(against))
        threads = [threading.Thread(target=_quietly, args=(work, racetrack, number)) for work in racers]
        random.shuffle(threads)
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        with transaction(racetrack) as session:
            assert _balance(session, number) == 0
            assert session.get_one(Subscription, number).state in {S.CANCELLED, S.CONFIRMING}


def confirm(by: Staff) -> Callable[[Session, int], None]:
    def run(session: Session, number: int) -> None:
        subscription = session.get_one(Subscription, number)
        calls = select(Call).where(Call.contact_id == subscription.contact_id, Call.duty == Duty.CONFIRMATION)
        yes = session.get_one(Outcome, "confirmed")
        confirmations.record(session, subscription, session.exec(calls).one(), yes, by=by, now=LATER)

    return run


def fail(by: Staff) -> Callable[[Session, int], None]:
    def run(session: Session, number: int) -> None:
        subscription = session.get_one(Subscription, number)
        life.suspend_for_correction(
            session, subscription, review_id=1, call_id=subscription.sale_call_id, by=by, now=LATER
        )

    return run


@pytest.fixture
def called(engine: Engine, cast: Cast) -> list[int]:
    """Subscriptions whose customers have just said yes a second time, which is not recorded yet."""
    with transaction(engine) as session:
        sales = Sales(session, cast, NOW)
        due = [sales.due() for _round in range(20)]
        for subscription in due:
            contact = sales.contact(subscription)
            call = sales.make.call(cast.verifier, contact=contact, duty=Duty.CONFIRMATION, given=ALL_PASS)
            sales.make.recording(call)
        return [subscription.id or 0 for subscription in due]


def test_confirmation_withdrawal_review_and_charge_at_once_leave_no_charge_that_must_not_be(
    racetrack: Engine, called: list[int], cast: Cast
) -> None:
    against = cycle((complain(cast.care), fail(cast.reviewer)))
    for number in called:
        works = (confirm(cast.verifier), charge, charge, next(against))
        threads = [
            threading.Thread(target=_quietly, args=(persistently(work, 30), racetrack, number)) for work in works
        ]
        for thread in random.sample(threads, len(threads)):
            thread.start()
        for thread in threads:
            thread.join()
    with transaction(racetrack) as session:
        assert [_balance(session, number) for number in called] == [0] * len(called)
        broken = {name: session.execute(sa.text(question)).all() for name, question in CHECKS.items()}
        assert {name: rows for name, rows in broken.items() if rows} == {}


def _quietly(work: Callable[[Engine, int], None], engine: Engine, number: int) -> None:
    try:
        work(engine, number)
    except (charges.NoValidConfirmation, WrongState, sa.exc.IntegrityError):
        return


def test_two_charge_runs_at_once_charge_once(racetrack: Engine, confirmed: list[int]) -> None:
    for number in confirmed[:50]:
        race(racetrack, number, charge, charge)
        with transaction(racetrack) as session:
            assert _balance(session, number) == 500


def _balance(session: Session, number: int) -> int:
    asked = select(sa.func.coalesce(sa.func.sum(LedgerEntry.amount_fen), 0))
    return int(session.exec(asked.where(col(LedgerEntry.subscription_id) == number)).one())
