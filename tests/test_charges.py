"""Promise 1, attacked: no charge without a valid second confirmation, whatever is written into the database."""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from sqlmodel import select

from outbound.billing import charges
from outbound.billing.charges import NoValidConfirmation, Obstacle
from outbound.billing.model import Instruction, LedgerEntry
from outbound.call_lists.model import Duty
from outbound.compliance import Mark
from outbound.confirmations import verbs as confirmations
from outbound.confirmations.model import Confirmation, ConfirmationKind, ConfirmationResult
from outbound.journal import JournalEntry
from outbound.subscriptions.model import Subscription
from outbound.subscriptions.model import SubscriptionState as S
from tests.conftest import NOW, Cast
from tests.factories import marks
from tests.sales import Sales

LATER = datetime.fromisoformat("2026-12-01T02:00:00+00:00")
"""The morning after the trial of a sale made NOW."""


# What is charged


def test_a_charge_is_a_line_of_the_ledger_and_one_instruction(sales: Sales) -> None:
    subscription = sales.confirmed()
    entry = charge(sales, subscription)
    instruction = sales.session.exec(select(Instruction).where(Instruction.ledger_entry_id == entry.id)).one()
    assert (entry.amount_fen, entry.cycle, subscription.state) == (500, "2026-12-01", S.CHARGED)
    assert (instruction.kind, instruction.amount_fen, instruction.effective_on) == ("charge", 500, date(2026, 12, 1))


def test_the_charge_run_charges_what_may_be_and_says_what_held_back_the_others(sales: Sales, cast: Cast) -> None:
    sales.confirmed()
    held, unheard = sales.confirmed(), sales.due()
    charges.hold(sales.session, held, reason="never_ordered", by=cast.care, now=NOW)
    sales.confirm(unheard, recorded=False)
    sales.due()
    assert charges.run(sales.session, sales.centre, now=LATER) == {"charged": 1, "held": 1, "second_not_recorded": 1}


def test_a_second_run_on_the_same_day_charges_nothing(sales: Sales) -> None:
    subscription = sales.confirmed()
    charges.run(sales.session, sales.centre, now=LATER)
    assert charges.run(sales.session, sales.centre, now=LATER + timedelta(hours=3)) == {"not_due": 1}
    assert sales.balance(subscription) == 500


def test_each_month_is_charged_once(sales: Sales) -> None:
    subscription = sales.confirmed()
    for day in range(70):
        charges.run(sales.session, sales.centre, now=LATER + timedelta(days=day))
    assert [entry.cycle for entry in sales.charges(subscription)] == ["2026-12-01", "2027-01-01", "2027-02-01"]


def test_months_missed_while_nothing_ran_are_charged_in_their_order(sales: Sales) -> None:
    subscription = sales.confirmed()
    for day in (40, 41, 42):
        charges.run(sales.session, sales.centre, now=LATER + timedelta(days=day))
    assert [entry.cycle for entry in sales.charges(subscription)] == ["2026-12-01", "2027-01-01"]


def test_a_refusal_of_the_database_does_not_stop_the_run(sales: Sales, monkeypatch: pytest.MonkeyPatch) -> None:
    withdrawn, other = sales.confirmed(), sales.confirmed()
    raw(sales, "INSERT INTO withdrawal (subscription_id, via, reason, at) VALUES (:id, 'x', '', :at)", withdrawn)
    monkeypatch.setattr(charges, "obstacle", lambda _session, _subscription: None)
    assert charges.run(sales.session, sales.centre, now=LATER) == {"refused": 1, "charged": 1}
    assert (sales.balance(withdrawn), sales.balance(other)) == (0, 500)


def test_another_centres_subscriptions_are_not_charged_here(sales: Sales, cast: Cast) -> None:
    sales.confirmed()
    assert charges.run(sales.session, cast.xm, now=LATER) == {}


# What is taken back


def test_a_reversal_takes_back_the_whole_charge_and_is_told_to_the_carrier(sales: Sales, cast: Cast) -> None:
    subscription = sales.confirmed()
    charge(sales, subscription)
    assert charges.reverse_all(sales.session, subscription, why="complaint", by=cast.care, now=LATER) == 1
    assert sales.balance(subscription) == 0
    assert sales.told(subscription) == ["activate", "charge", "reverse"]


def test_nothing_is_taken_back_twice(sales: Sales, cast: Cast) -> None:
    subscription = sales.confirmed()
    charge(sales, subscription)
    for _again in range(2):
        charges.reverse_all(sales.session, subscription, why="complaint", by=cast.care, now=LATER)
    assert sales.balance(subscription) == 0


def test_what_was_taken_back_is_not_charged_again(sales: Sales, cast: Cast) -> None:
    subscription = sales.confirmed()
    charge(sales, subscription)
    charges.reverse_all(sales.session, subscription, why="error", by=cast.care, now=LATER)
    assert charges.charge(sales.session, subscription, today=LATER.date(), now=LATER) is None


# Holds


def test_a_hold_forbids_the_charge_until_it_is_lifted(sales: Sales, cast: Cast) -> None:
    subscription = sales.confirmed()
    held = charges.hold(sales.session, subscription, reason="never_ordered", by=cast.care, now=NOW)
    with pytest.raises(NoValidConfirmation, match="held"):
        charge(sales, subscription)
    charges.lift_hold(sales.session, held, reason="the recording shows it", by=cast.manager, now=NOW)
    assert charge(sales, subscription).amount_fen == 500


def test_the_same_hold_twice_is_one(sales: Sales, cast: Cast) -> None:
    subscription = sales.confirmed()
    first = charges.hold(sales.session, subscription, reason="never_ordered", by=cast.care, now=NOW)
    assert charges.hold(sales.session, subscription, reason="never_ordered", by=cast.care, now=NOW) is first


def test_lifting_one_hold_leaves_the_other(sales: Sales, cast: Cast) -> None:
    subscription = sales.confirmed()
    first = charges.hold(sales.session, subscription, reason="never_ordered", by=cast.care, now=NOW)
    charges.hold(sales.session, subscription, reason="review_unsure", by=cast.care, now=NOW)
    charges.lift_hold(sales.session, first, reason="settled", by=cast.manager, now=NOW)
    assert charges.obstacle(sales.session, subscription) == Obstacle.HELD


def test_who_charged_held_and_lifted_is_in_the_journal(sales: Sales, cast: Cast) -> None:
    subscription = sales.confirmed()
    held = charges.hold(sales.session, subscription, reason="never_ordered", by=cast.care, now=NOW)
    charges.lift_hold(sales.session, held, reason="settled", by=cast.manager, now=NOW)
    charge(sales, subscription)
    sales.session.commit()
    entries = sales.session.exec(select(JournalEntry).where(JournalEntry.subject_kind == "subscription")).all()
    actors = {entry.action: entry.actor_id for entry in entries}
    assert actors["subscription.charge_held"] == cast.care.id
    assert actors["subscription.charge_hold_lifted"] == cast.manager.id
    assert actors["subscription.charge"] is None


@pytest.mark.parametrize("obstacle", list(Obstacle))
def test_every_obstacle_is_told_in_both_languages(obstacle: Obstacle) -> None:
    refused = NoValidConfirmation(obstacle)
    assert refused.sentence("zh").startswith("该订购不能计费：")
    assert refused.sentence("en").startswith("This subscription cannot be charged: ")
    assert "{" not in refused.sentence("zh") + refused.sentence("en")


# The attacks. Each brings a subscription into a state in which no charge is allowed; the verb and raw SQL both fail.


def unconfirmed(sales: Sales) -> Subscription:
    return sales.due()


def with_the_first_confirmation_only(sales: Sales) -> Subscription:
    subscription = sales.sell()
    sales.session.flush()
    force_state(sales, subscription, "confirmed")
    return subscription


def with_a_failed_confirmation(sales: Sales) -> Subscription:
    subscription = sales.due()
    sales.confirm(subscription, given=marks(explicit_consent=Mark.FAIL))
    force_state(sales, subscription, "confirmed")
    return subscription


def with_a_declined_one_after_the_yes(sales: Sales) -> Subscription:
    subscription = sales.confirmed()
    call = sales.make.call(sales.cast.verifier, contact=sales.contact(subscription), duty=Duty.CONFIRMATION)
    sales.make.recording(call)
    sales.make.confirmation(subscription, call, ConfirmationKind.SECOND, ConfirmationResult.DECLINED)
    return subscription


def with_a_void_confirmation(sales: Sales) -> Subscription:
    subscription = sales.due()
    confirmation = sales.confirm(subscription)
    confirmations.void_confirmation(
        sales.session, confirmation, reason="review_failed", by=sales.cast.reviewer, now=NOW
    )
    force_state(sales, subscription, "confirmed")
    return subscription


def with_a_sale_that_failed_in_review(sales: Sales) -> Subscription:
    subscription = sales.confirmed()
    sales.fail_review(subscription)
    force_state(sales, subscription, "confirmed")
    return subscription


def withdrawn(sales: Sales) -> Subscription:
    subscription = sales.confirmed()
    raw(sales, "INSERT INTO withdrawal (subscription_id, via, reason, at) VALUES (:id, 'x', '', :at)", subscription)
    return subscription


def cancelled(sales: Sales) -> Subscription:
    subscription = sales.confirmed()
    sales.cancel(subscription)
    return subscription


def held(sales: Sales) -> Subscription:
    subscription = sales.confirmed()
    charges.hold(sales.session, subscription, reason="never_ordered", by=sales.cast.care, now=NOW)
    return subscription


def whose_confirmation_was_not_recorded(sales: Sales) -> Subscription:
    subscription = sales.due()
    sales.confirm(subscription, recorded=False)
    return subscription


def whose_confirmation_nobody_can_hear(sales: Sales) -> Subscription:
    subscription = sales.due()
    confirmation = sales.confirm(subscription, recorded=False)
    from outbound.calls.model import Call

    sales.make.recording(sales.session.get_one(Call, confirmation.call_id), valid=False)
    return subscription


def whose_sale_was_not_recorded(sales: Sales) -> Subscription:
    subscription = sales.sell(recorded=False)
    force_state(sales, subscription, "confirming")
    sales.confirm(subscription)
    return subscription


ATTACKS: list[Callable[[Sales], Subscription]] = [
    unconfirmed,
    with_the_first_confirmation_only,
    with_a_failed_confirmation,
    with_a_declined_one_after_the_yes,
    with_a_void_confirmation,
    with_a_sale_that_failed_in_review,
    withdrawn,
    cancelled,
    held,
    whose_confirmation_was_not_recorded,
    whose_confirmation_nobody_can_hear,
    whose_sale_was_not_recorded,
]


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.__name__)
def test_the_database_refuses_a_charge_of_one(sales: Sales, attack: Callable[[Sales], Subscription]) -> None:
    subscription = attack(sales)
    with pytest.raises(sa.exc.IntegrityError):
        raw_charge(sales, subscription)


# Nobody who has said yes is put into the further trial: the database refuses that already.
@pytest.mark.parametrize("state", [state for state in S if state not in (S.CONFIRMED, S.CHARGED, S.EXTENDED)])
def test_the_database_refuses_a_charge_in_any_other_state_though_both_calls_stand(sales: Sales, state: S) -> None:
    subscription = sales.confirmed()
    force_state(sales, subscription, state)
    with pytest.raises(sa.exc.IntegrityError, match="valid second confirmation"):
        raw_charge(sales, subscription)


def test_nobody_becomes_the_seller_of_a_subscription_afterwards(sales: Sales) -> None:
    subscription = sales.confirmed()
    with pytest.raises(sa.exc.IntegrityError, match="stays ended"):
        raw(sales, "UPDATE subscription SET seller_id = :by WHERE id = :id", subscription, by=sales.cast.verifier.id)


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.__name__)
def test_the_verb_refuses_a_charge_of_one(sales: Sales, attack: Callable[[Sales], Subscription]) -> None:
    subscription = attack(sales)
    assert charges.obstacle(sales.session, subscription)
    charges.run(sales.session, sales.centre, now=LATER)
    assert sales.balance(subscription) == 0


def test_raw_sql_may_charge_what_is_rightly_confirmed(sales: Sales) -> None:
    subscription = sales.confirmed()
    raw_charge(sales, subscription)
    assert sales.balance(subscription) == 500


@pytest.mark.parametrize(
    "forged",
    [
        {"confirmation_id": None},
        {"confirmation_kind": None},
        {"confirmation_result": None},
        {"confirmation_kind": "first"},
        {"confirmation_result": "declined"},
        {"amount_fen": 0},
        {"amount_fen": -500},
        {"amount_fen": 50_000},
        {"kind": "gift"},
        {"cycle": "2026-11-30"},
        {"cycle": "2026-11-23"},
    ],
    ids=str,
)
def test_the_database_refuses_a_charge_that_says_something_else(sales: Sales, forged: dict[str, Any]) -> None:
    subscription = sales.confirmed()
    with pytest.raises(sa.exc.IntegrityError):
        raw_charge(sales, subscription, **forged)


def test_the_database_refuses_a_charge_on_another_customers_yes(sales: Sales) -> None:
    subscription, other = sales.confirmed(), sales.confirmed()
    with pytest.raises(sa.exc.IntegrityError):
        raw_charge(sales, subscription, confirmation_id=second_of(sales, other).id)


def test_the_database_refuses_a_charge_on_a_yes_older_than_the_latest(sales: Sales) -> None:
    subscription = sales.due()
    older = sales.confirm(subscription)
    later = sales.make.call(
        sales.cast.verifier,
        contact=sales.contact(subscription),
        duty=Duty.CONFIRMATION,
        outcome="confirmed",
        given=marks(),
    )
    sales.make.recording(later)
    sales.make.confirmation(subscription, later, ConfirmationKind.SECOND)
    with pytest.raises(sa.exc.IntegrityError, match="valid second confirmation"):
        raw_charge(sales, subscription, confirmation_id=older.id)


def test_the_database_refuses_the_first_confirmation_in_the_seconds_place(sales: Sales) -> None:
    subscription = sales.confirmed()
    asked = select(Confirmation).where(
        Confirmation.subscription_id == subscription.id, Confirmation.kind == ConfirmationKind.FIRST
    )
    first = sales.session.exec(asked).one()
    with pytest.raises(sa.exc.IntegrityError):
        raw_charge(sales, subscription, confirmation_id=first.id)


@pytest.mark.parametrize("cycle", ["2026-12-01", "2026-12-02", "2026-12-31"])
def test_the_database_refuses_a_second_charge_in_a_cycle(sales: Sales, cycle: str) -> None:
    subscription = sales.confirmed()
    charge(sales, subscription)
    with pytest.raises(sa.exc.IntegrityError, match=r"UNIQUE|unique|valid second confirmation"):
        raw_charge(sales, subscription, cycle=cycle, at="2026-12-31 02:00:00+00:00")


@pytest.mark.parametrize("forged", [{"cycle": "2027-01-01"}, {"at": "2026-11-29 02:00:00+00:00"}], ids=str)
def test_the_database_refuses_a_charge_dated_before_its_cycle(sales: Sales, forged: dict[str, Any]) -> None:
    subscription = sales.confirmed()
    with pytest.raises(sa.exc.IntegrityError, match="has its time after"):
        raw_charge(sales, subscription, **forged)


def test_the_database_refuses_a_charge_dated_before_the_confirmation_that_it_names(sales: Sales) -> None:
    subscription = sales.due()
    sales.now = LATER + timedelta(hours=1)
    sales.confirm(subscription)
    with pytest.raises(sa.exc.IntegrityError, match="has its time after"):
        raw_charge(sales, subscription)


def test_the_database_refuses_a_charge_that_was_taken_back_already(sales: Sales, cast: Cast) -> None:
    subscription = sales.confirmed()
    charge(sales, subscription)
    charges.reverse_all(sales.session, subscription, why="error", by=cast.care, now=LATER)
    with pytest.raises(sa.exc.IntegrityError):
        raw_charge(sales, subscription)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE ledger_entry SET amount_fen = 1",
        "UPDATE ledger_entry SET cycle = '2027-01-01'",
        "DELETE FROM ledger_entry",
        "UPDATE charge_hold SET reason = ''",
        "DELETE FROM charge_hold",
    ],
)
def test_the_ledger_and_its_holds_are_not_rewritten(sales: Sales, cast: Cast, statement: str) -> None:
    subscription = sales.confirmed()
    charge(sales, subscription)
    charges.hold(sales.session, subscription, reason="never_ordered", by=cast.care, now=NOW)
    with pytest.raises(sa.exc.IntegrityError, match="append-only"):
        sales.session.execute(sa.text(statement))


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
@pytest.mark.parametrize("recursive", ["ON", "OFF"])
@pytest.mark.parametrize("forged", [{"id": 1}, {"id": 1, "why": "x"}, {"id": 2}, {"id": 3}], ids=str)
def test_no_row_of_the_ledger_is_replaced(sales: Sales, recursive: str, forged: dict[str, Any]) -> None:
    subscription = sales.confirmed()
    entry = charge(sales, subscription)
    raw_reversal(sales, subscription, reverses_id=entry.id)
    before = sales.session.execute(sa.text("SELECT * FROM ledger_entry")).all()
    sales.session.execute(sa.text(f"PRAGMA recursive_triggers={recursive}"))
    with pytest.raises(sa.exc.IntegrityError):
        raw_charge(sales, subscription, verb="INSERT OR REPLACE", **forged)
    with pytest.raises(sa.exc.IntegrityError):
        raw_reversal(sales, subscription, verb="INSERT OR REPLACE", reverses_id=entry.id, **forged)
    assert sales.session.execute(sa.text("SELECT * FROM ledger_entry")).all() == before


@pytest.mark.owner
@pytest.mark.parametrize("engine", ["postgresql"], indirect=True)
def test_the_ledger_is_not_emptied(sales: Sales) -> None:
    with pytest.raises(sa.exc.IntegrityError, match="append-only"):
        sales.session.execute(sa.text("TRUNCATE ledger_entry CASCADE"))


@pytest.mark.parametrize("forged", [{"amount_fen": -499}, {"reverses_id": None}, {"cycle": "2027-01-01"}], ids=str)
def test_the_database_refuses_a_reversal_that_is_not_of_one_whole_charge(sales: Sales, forged: dict[str, Any]) -> None:
    subscription = sales.confirmed()
    entry = charge(sales, subscription)
    with pytest.raises(sa.exc.IntegrityError):
        raw_reversal(sales, subscription, **{"reverses_id": entry.id, **forged})


def test_the_database_refuses_to_take_back_twice(sales: Sales) -> None:
    subscription = sales.confirmed()
    entry = charge(sales, subscription)
    raw_reversal(sales, subscription, reverses_id=entry.id)
    with pytest.raises(sa.exc.IntegrityError):
        raw_reversal(sales, subscription, reverses_id=entry.id)


@pytest.mark.parametrize(
    ("kind", "amount", "of_entry"),
    [("charge", 500, False), ("charge", 501, True), ("reverse", 500, True), ("reverse", -500, False), ("cancel", 7, 0)],
)
def test_the_database_refuses_an_instruction_that_the_ledger_does_not_carry(
    sales: Sales, kind: str, amount: int, of_entry: bool
) -> None:
    subscription = sales.confirmed()
    entry = raw_charge(sales, subscription)
    facts = {"key": "forged", "kind": kind, "amount": amount, "entry": entry if of_entry else None}
    with pytest.raises(sa.exc.IntegrityError, match="follows the ledger"):
        raw(
            sales,
            """INSERT INTO instruction (centre_id, subscription_id, key, kind, amount_fen, effective_on,
            ledger_entry_id, made_at) VALUES (1, :id, :key, :kind, :amount, '2026-12-01', :entry, :at)""",
            subscription,
            **facts,
        )


# Ways there


def charge(sales: Sales, subscription: Subscription) -> LedgerEntry:
    """The verb, on the first day on which it may be."""
    entry = charges.charge(sales.session, subscription, today=LATER.date(), now=LATER)
    assert entry is not None
    return entry


def second_of(sales: Sales, subscription: Subscription) -> Confirmation:
    """The latest second confirmation."""
    found = charges.latest_of(sales.session, subscription, ConfirmationKind.SECOND)
    assert found is not None
    return found


def raw(sales: Sales, statement: str, subscription: Subscription, **facts: Any) -> Any:
    """A statement about a subscription, past all verbs."""
    sales.session.flush()
    return sales.session.execute(sa.text(statement), {"id": subscription.id, "at": str(NOW), **facts})


def force_state(sales: Sales, subscription: Subscription, state: str) -> None:
    """Put a subscription into a state as no verb would."""
    raw(sales, "UPDATE subscription SET state = :state WHERE id = :id", subscription, state=state)
    sales.session.refresh(subscription)


def raw_charge(sales: Sales, subscription: Subscription, *, verb: str = "INSERT", **forged: Any) -> int:
    """A charge written by hand, as good as its author can make it; its number."""
    latest = charges.latest_of(sales.session, subscription, ConfirmationKind.SECOND)
    facts = {
        "centre_id": subscription.centre_id,
        "subscription_id": subscription.id,
        "cycle": "2026-12-01",
        "kind": "charge",
        "amount_fen": 500,
        "confirmation_id": latest.id if latest else None,
        "confirmation_kind": "second",
        "confirmation_result": "passed",
        "why": "",
        "at": str(LATER),
        **forged,
    }
    values = ", ".join(f":{name}" for name in facts)
    statement = f"{verb} INTO ledger_entry ({', '.join(facts)}) VALUES ({values}) RETURNING id"
    return int(raw(sales, statement, subscription, **facts).scalar_one())


def raw_reversal(sales: Sales, subscription: Subscription, **forged: Any) -> int:
    """A reversal written by hand."""
    nothing = {"confirmation_id": None, "confirmation_kind": None, "confirmation_result": None}
    return raw_charge(sales, subscription, **{"kind": "reversal", "amount_fen": -500, **nothing, **forged})
