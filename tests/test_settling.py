"""Differences with the carrier: shown until a person settles them, and settled with everything that follows."""

from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlmodel import select

from outbound.billing import answers, batches, charges, instructions, settling
from outbound.billing.model import (
    Acknowledgement,
    Decision,
    DifferenceSettlement,
    Instruction,
    StrayAnswer,
)
from outbound.journal import JournalEntry
from outbound.phones.model import Phone, keep
from outbound.phones.parsing import Number, parse
from outbound.phones.vault import Vault, open_vault
from outbound.promises.billing import CHECKS
from outbound.subscriptions.model import Subscription
from outbound.subscriptions.model import SubscriptionState as S
from tests.conftest import NOW, Cast
from tests.sales import Sales

LATER = NOW + timedelta(days=8)


@pytest.fixture
def vault(tmp_path: Path) -> Vault:
    return open_vault(tmp_path / "data")


@pytest.fixture
def charged(sales: Sales, vault: Vault) -> Subscription:
    """A charged subscription, of which the carrier has been told."""
    subscription = sales.confirmed(phone=phone(sales, vault))
    charges.charge(sales.session, subscription, today=LATER.date(), now=LATER)
    export(sales, vault)
    return subscription


def phone(sales: Sales, vault: Vault) -> Phone:
    number = parse("13812345678")
    assert isinstance(number, Number)
    return keep(sales.session, vault, number, now=NOW)


def export(sales: Sales, vault: Vault) -> None:
    batches.export(sales.session, vault, sales.centre, by=sales.cast.finance, now=LATER)


def answer(sales: Sales, *lines: str) -> answers.ReadBack:
    data = "\n".join(lines).encode()
    return answers.acknowledge(sales.session, sales.centre, data, by=sales.cast.finance, now=LATER)


def told(sales: Sales, subscription: Subscription, what: str) -> Instruction:
    key = f"{subscription.id}-{what}"
    return sales.session.exec(select(Instruction).where(Instruction.key == key)).one()


def settle(sales: Sales, instruction: Instruction, decision: Decision, why: str = "核实过") -> DifferenceSettlement:
    return settling.settle(sales.session, instruction, decision, reason=why, by=sales.cast.finance, now=LATER)


def open_differences(sales: Sales) -> list[str]:
    return [each.key for each in instructions.unanswered(sales.session, sales.centre.id or 0)]


CHARGE = "charge-2026-12-01"


# A rejected charge


def test_a_rejected_charge_is_sent_again_in_the_next_batch_under_a_new_key(
    sales: Sales, vault: Vault, charged: Subscription
) -> None:
    answer(sales, f"{charged.id}-activate-1,accepted", f"{charged.id}-{CHARGE},rejected,系统繁忙")
    settle(sales, told(sales, charged, CHARGE), Decision.RESEND)
    assert open_differences(sales) == []
    [again] = instructions.waiting(sales.session, sales.centre.id or 0)
    assert (again.key, again.amount_fen) == (f"{charged.id}-{CHARGE}~2", 500)
    export(sales, vault)
    answer(sales, f"{again.key},accepted")
    assert (open_differences(sales), sales.balance(charged)) == ([], 500)


def test_what_is_rejected_again_can_be_sent_a_third_time(sales: Sales, vault: Vault, charged: Subscription) -> None:
    for name in (CHARGE, f"{CHARGE}~2"):
        answer(sales, f"{charged.id}-{name},rejected,系统繁忙")
        settle(sales, told(sales, charged, name), Decision.RESEND)
        export(sales, vault)
    assert told(sales, charged, f"{CHARGE}~3").batch_id == 3


def test_a_rejection_that_is_accepted_strikes_the_charge_and_tells_the_carrier_nothing(
    sales: Sales, charged: Subscription
) -> None:
    answer(sales, f"{charged.id}-{CHARGE},rejected,余额不足")
    settle(sales, told(sales, charged, CHARGE), Decision.ACCEPT)
    assert sales.balance(charged) == 0
    assert sales.told(charged) == ["activate", "charge"]
    assert charged.state == S.CHARGED


def test_a_struck_month_stays_free_and_the_next_is_charged(sales: Sales, charged: Subscription) -> None:
    answer(sales, f"{charged.id}-{CHARGE},rejected,余额不足")
    settle(sales, told(sales, charged, CHARGE), Decision.ACCEPT)
    charges.run(sales.session, sales.centre, now=LATER + timedelta(days=20))
    assert sales.balance(charged) == 0
    charges.run(sales.session, sales.centre, now=LATER + timedelta(days=40))
    assert [entry.cycle for entry in sales.charges(charged)] == ["2026-12-01", "2027-01-01"]


def test_a_charge_that_was_taken_back_meanwhile_is_not_sent_again(
    sales: Sales, cast: Cast, charged: Subscription
) -> None:
    answer(sales, f"{charged.id}-{CHARGE},rejected")
    charges.reverse_all(sales.session, charged, why="complaint", by=cast.care, now=LATER)
    with pytest.raises(settling.ChargeTakenBack):
        settle(sales, told(sales, charged, CHARGE), Decision.RESEND)


@pytest.mark.parametrize("decision", list(Decision))
def test_however_it_is_settled_the_ledger_and_what_was_told_add_up(
    sales: Sales, vault: Vault, charged: Subscription, decision: Decision
) -> None:
    answer(sales, f"{charged.id}-{CHARGE},rejected,系统繁忙", f"{charged.id}-activate-1,accepted")
    settle(sales, told(sales, charged, CHARGE), decision)
    sales.session.flush()
    broken = {name: sales.session.execute(sa.text(question)).all() for name, question in CHECKS.items()}
    assert {name: rows for name, rows in broken.items() if rows} == {}


# A rejected reversal


def rejected_reversal(sales: Sales, vault: Vault, charged: Subscription, result: str) -> Instruction:
    answer(sales, f"{charged.id}-{CHARGE},{result}")
    charges.reverse_all(sales.session, charged, why="complaint", by=sales.cast.care, now=LATER)
    export(sales, vault)
    answer(sales, f"{charged.id}-reverse-2026-12-01,rejected,查无此计费")
    return told(sales, charged, "reverse-2026-12-01")


def test_money_that_the_carrier_took_is_never_given_up(sales: Sales, vault: Vault, charged: Subscription) -> None:
    reversal = rejected_reversal(sales, vault, charged, "accepted")
    with pytest.raises(settling.RefundOwed):
        settle(sales, reversal, Decision.ACCEPT)
    settle(sales, reversal, Decision.RESEND)
    assert told(sales, charged, "reverse-2026-12-01~2").amount_fen == -500


def test_a_reversal_of_a_charge_that_was_rejected_too_can_be_given_up(
    sales: Sales, vault: Vault, charged: Subscription
) -> None:
    reversal = rejected_reversal(sales, vault, charged, "rejected")
    settle(sales, reversal, Decision.ACCEPT)
    settle(sales, told(sales, charged, CHARGE), Decision.ACCEPT)
    assert (sales.balance(charged), open_differences(sales)) == (0, [f"{charged.id}-activate-1"])


# Other kinds


def test_what_the_carrier_will_not_activate_ends(sales: Sales, vault: Vault) -> None:
    subscription = sales.sell(phone=phone(sales, vault))
    export(sales, vault)
    answer(sales, f"{subscription.id}-activate-1,rejected,号码已销户")
    settle(sales, told(sales, subscription, "activate-1"), Decision.ACCEPT)
    assert subscription.state == S.CANCELLED


def test_what_was_never_active_is_not_cancelled_with_the_carrier(sales: Sales, vault: Vault) -> None:
    subscription = sales.sell(phone=phone(sales, vault))
    export(sales, vault)
    answer(sales, f"{subscription.id}-activate-1,rejected,号码已销户")
    settle(sales, told(sales, subscription, "activate-1"), Decision.ACCEPT)
    assert sales.told(subscription) == ["activate"]
    assert sales.session.execute(sa.text(CHECKS["ended_without_cancellation"])).all() == []


def test_what_may_be_active_is_cancelled_with_the_carrier(sales: Sales, vault: Vault) -> None:
    subscription = sales.sell(phone=phone(sales, vault))
    export(sales, vault)
    answer(sales, f"{subscription.id}-activate-1,rejected,系统繁忙")
    settle(sales, told(sales, subscription, "activate-1"), Decision.RESEND)
    sales.cancel(subscription)
    assert sales.told(subscription) == ["activate", "activate", "cancel"]


def test_silence_is_settled_only_as_carried_out(sales: Sales, charged: Subscription) -> None:
    instruction = told(sales, charged, CHARGE)
    for decision in (Decision.RESEND, Decision.ACCEPT):
        with pytest.raises(settling.NotRejected):
            settle(sales, instruction, decision)
    settle(sales, instruction, Decision.CARRIED_OUT, "电话核实，已计费")
    assert open_differences(sales) == [f"{charged.id}-activate-1"]


def test_a_rejection_that_comes_after_that_opens_the_difference_again(sales: Sales, charged: Subscription) -> None:
    instruction = told(sales, charged, CHARGE)
    settle(sales, instruction, Decision.CARRIED_OUT)
    answer(sales, f"{charged.id}-{CHARGE},rejected,余额不足", f"{charged.id}-activate-1,accepted")
    assert open_differences(sales) == [instruction.key]
    settle(sales, instruction, Decision.ACCEPT)
    assert open_differences(sales) == []


def test_another_amount_than_told_is_a_difference(sales: Sales, charged: Subscription) -> None:
    read = answer(sales, f"{charged.id}-{CHARGE},accepted,,900", f"{charged.id}-activate-1,accepted,,0")
    instruction = told(sales, charged, CHARGE)
    assert (read.accepted, read.differing, open_differences(sales)) == (2, 1, [instruction.key])
    with pytest.raises(settling.NotRejected):
        settle(sales, instruction, Decision.RESEND)
    settle(sales, instruction, Decision.CARRIED_OUT, "对方已退回多收部分")
    assert open_differences(sales) == []


def test_the_amount_that_was_told_is_no_news_to_who_had_accepted(sales: Sales, charged: Subscription) -> None:
    answer(sales, f"{charged.id}-{CHARGE},accepted")
    assert answer(sales, f"{charged.id}-{CHARGE},accepted,,500").known_already == 1
    with pytest.raises(answers.AnswerChanged):
        answer(sales, f"{charged.id}-{CHARGE},accepted,,501")


def test_answers_are_read_from_json_too(sales: Sales, charged: Subscription) -> None:
    text = (
        f'{{"answers": [{{"key": "{charged.id}-{CHARGE}", "result": "rejected", "reason": "no credit"}},'
        f' {{"key": "{charged.id}-activate-1", "result": "accepted", "amount_fen": 0}}]}}'
    )
    read = answer(sales, text)
    assert (read.accepted, read.rejected) == (1, 1)


# Deciding


def test_a_settlement_names_who_when_and_why(sales: Sales, cast: Cast, charged: Subscription) -> None:
    answer(sales, f"{charged.id}-{CHARGE},rejected")
    settlement = settle(sales, told(sales, charged, CHARGE), Decision.RESEND, " 对方系统故障已恢复 ")
    sales.session.commit()
    entry = sales.session.exec(select(JournalEntry).where(JournalEntry.action == "instructions.settled")).one()
    assert (settlement.by_id, settlement.reason) == (cast.finance.id, "对方系统故障已恢复")
    assert (entry.actor_id, "对方系统故障已恢复" in entry.details) == (cast.finance.id, True)


@pytest.mark.parametrize("why", ["", "  "])
def test_a_settlement_needs_a_reason(sales: Sales, charged: Subscription, why: str) -> None:
    with pytest.raises(settling.SettlementReasonNeeded):
        settle(sales, told(sales, charged, CHARGE), Decision.CARRIED_OUT, why)


def test_the_same_decision_twice_is_one_and_another_is_refused(sales: Sales, charged: Subscription) -> None:
    answer(sales, f"{charged.id}-{CHARGE},rejected")
    instruction = told(sales, charged, CHARGE)
    first, again = (settle(sales, instruction, Decision.RESEND) for _time in range(2))
    assert first.id == again.id
    assert len(instructions.waiting(sales.session, sales.centre.id or 0)) == 1
    with pytest.raises(settling.SettledOtherwise):
        settle(sales, instruction, Decision.ACCEPT)


def test_what_agrees_or_has_not_left_is_no_difference(sales: Sales, vault: Vault, charged: Subscription) -> None:
    answer(sales, f"{charged.id}-{CHARGE},accepted,,500")
    sales.cancel(charged)
    for name in (CHARGE, "cancel-1"):
        with pytest.raises(settling.NoDifference):
            settle(sales, told(sales, charged, name), Decision.CARRIED_OUT)


# Answers to what was never told


def test_an_answer_to_what_was_never_told_is_shown_until_it_is_cleared_up(sales: Sales, charged: Subscription) -> None:
    answer(sales, f"{charged.id}-activate-1,accepted", f"{charged.id}-{CHARGE},accepted", "77-charge-2026-12-01,成功")
    centre_id = sales.centre.id or 0
    assert instructions.how_many_unanswered(sales.session, centre_id) == 1
    [stray] = sales.session.exec(select(StrayAnswer)).all()
    with pytest.raises(settling.SettlementReasonNeeded):
        settling.clear_up(sales.session, stray, reason=" ", by=sales.cast.finance, now=LATER)
    for _time in range(2):
        settling.clear_up(sales.session, stray, reason="对方测试数据", by=sales.cast.finance, now=LATER)
    assert instructions.how_many_unanswered(sales.session, centre_id) == 0


def test_the_same_stray_answer_twice_is_one(sales: Sales, charged: Subscription) -> None:
    for _time in range(2):
        answer(sales, "77-charge-2026-12-01,成功")
    assert len(sales.session.exec(select(StrayAnswer)).all()) == 1


# What the database refuses


SETTLED = """INSERT INTO difference_settlement (centre_id, instruction_id, acknowledgement_id, decision, reason,
    by_id, at) SELECT i.centre_id, i.id, a.id, :decision, :why, :by, :at FROM instruction i
    LEFT JOIN acknowledgement a ON a.instruction_id = i.id WHERE i.key = :key"""
REPEATED = """INSERT INTO instruction (centre_id, subscription_id, key, kind, amount_fen, effective_on, ledger_entry_id,
    repeats_id, made_at) SELECT centre_id, subscription_id, 'forged', kind, amount_fen, effective_on, ledger_entry_id,
    id, made_at FROM instruction WHERE key = :key"""


def raw(sales: Sales, statement: str, **facts: object) -> None:
    sales.session.flush()
    sales.session.execute(sa.text(statement), facts)


@pytest.mark.parametrize(
    ("name", "decision", "why"),
    [
        ("activate-1", "resend", "x"),
        ("activate-1", "carried_out", "x"),
        (CHARGE, "carried_out", ""),
        (CHARGE, "forgotten", "x"),
    ],
)
def test_raw_sql_settles_only_differences_and_never_without_a_reason(
    sales: Sales, charged: Subscription, name: str, decision: str, why: str
) -> None:
    answer(sales, f"{charged.id}-activate-1,accepted", f"{charged.id}-{CHARGE},rejected")
    facts = {"decision": decision, "why": why, "by": sales.cast.finance.id, "at": str(LATER)}
    with pytest.raises(sa.exc.IntegrityError):
        raw(sales, SETTLED, key=f"{charged.id}-{name}", **facts)


def test_raw_sql_repeats_nothing_that_nobody_decided_to_repeat(sales: Sales, charged: Subscription) -> None:
    answer(sales, f"{charged.id}-{CHARGE},rejected")
    with pytest.raises(sa.exc.IntegrityError, match="repeated once"):
        raw(sales, REPEATED, key=f"{charged.id}-{CHARGE}")


def test_raw_sql_repeats_no_charge_that_was_taken_back(sales: Sales, cast: Cast, charged: Subscription) -> None:
    answer(sales, f"{charged.id}-{CHARGE},rejected")
    facts = {"decision": "resend", "why": "x", "by": sales.cast.finance.id, "at": str(LATER)}
    raw(sales, SETTLED, key=f"{charged.id}-{CHARGE}", **facts)
    charges.reverse_all(sales.session, charged, why="complaint", by=cast.care, now=LATER)
    with pytest.raises(sa.exc.IntegrityError, match="repeated once"):
        raw(sales, REPEATED, key=f"{charged.id}-{CHARGE}")


def test_raw_sql_answers_nothing_that_has_not_left(sales: Sales, charged: Subscription) -> None:
    sales.cancel(charged)
    sales.session.flush()
    sales.session.add(Acknowledgement(instruction_id=told(sales, charged, "cancel-1").id or 0, accepted=True, at=LATER))
    with pytest.raises(sa.exc.IntegrityError, match="what has left"):
        sales.session.flush()


def test_raw_sql_lets_nothing_leave_with_a_batch_that_is_gone(sales: Sales, charged: Subscription) -> None:
    sales.now = LATER + timedelta(days=1)
    sales.cancel(charged)
    with pytest.raises(sa.exc.IntegrityError, match="leaves once"):
        raw(sales, "UPDATE instruction SET batch_id = 1 WHERE kind = 'cancel'")


def test_raw_sql_leaves_no_gap_between_batches(sales: Sales, charged: Subscription) -> None:
    statement = """INSERT INTO instruction_batch (centre_id, number, count, sum_fen, manifest, sha256, at)
        SELECT centre_id, 3, 0, 0, '', '', at FROM instruction_batch"""
    with pytest.raises(sa.exc.IntegrityError, match="without gaps"):
        raw(sales, statement)
