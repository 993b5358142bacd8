"""Differences between what was told and what the carrier answered, settled by a person who says why."""

from datetime import datetime

from sqlmodel import Session, select

from outbound import journal
from outbound.billing import charges
from outbound.billing.instructions import answer_to, tell_again
from outbound.billing.model import (
    Acknowledgement,
    Decision,
    DifferenceSettlement,
    Instruction,
    InstructionKind,
    LedgerEntry,
    StrayAnswer,
    StraySettlement,
)
from outbound.errors import Refusal
from outbound.people import Staff, known
from outbound.subscriptions import life
from outbound.subscriptions.model import Subscription


class NoDifference(Refusal):
    """Instruction {key} has nothing to settle: it has not left, or the carrier has accepted it as it was told."""

    zh = "指令 {key} 没有需要处理的差异：尚未导出，或运营商已按原样接受。"


class SettledOtherwise(Refusal):
    """A colleague has settled this difference already, and otherwise; look at the list again."""

    zh = "该差异已由同事按其他方式处理，请刷新列表。"


class NotRejected(Refusal):
    """Only what the carrier has rejected can be sent again or given up; send the same batch once more, or ask them."""

    zh = "只有运营商处理失败的指令才能重发或不再办理；尚未回执的，请再次发送原批次或向对方核实。"


class SettlementReasonNeeded(Refusal):
    """Say why, so that others understand the decision later."""

    zh = "请填写理由，便于日后核查。"
    status = 422


class ChargeTakenBack(Refusal):
    """The charge has been taken back meanwhile, so it is not sent again; give the rejected instruction up."""

    zh = "该笔计费已冲正，不能重发，请选择“不再办理”。"


class RefundOwed(Refusal):
    """The customer is owed this money: the carrier made the charge, so its reversal is sent again, not given up."""

    zh = "运营商已向客户计费，这笔冲正必须办成，请重新下发。"


def settle(
    session: Session, instruction: Instruction, decision: Decision, *, reason: str, by: Staff, now: datetime
) -> DifferenceSettlement:
    """Settle what differs: send it again in the next batch, accept its rejection, or note that it is carried out.

    Raises NoDifference, SettledOtherwise, SettlementReasonNeeded, NotRejected, ChargeTakenBack and RefundOwed.
    """
    # Two at once: the second waits here, and finds the decision of the first.
    session.refresh(instruction, with_for_update=True)
    answer = answer_to(session, instruction)
    if already := settlement_of(session, instruction, answer):
        if already.decision != decision:
            raise SettledOtherwise
        return already
    if not reason.strip():
        raise SettlementReasonNeeded
    if refused := _refusal(session, instruction, answer, decision):
        raise refused
    settlement = DifferenceSettlement(
        centre_id=instruction.centre_id,
        instruction_id=known(instruction.id),
        acknowledgement_id=answer.id if answer else None,
        decision=decision,
        reason=reason.strip()[:400],
        by_id=known(by.id),
        at=now,
    )
    session.add(settlement)
    session.flush()
    key, why = instruction.key, settlement.reason
    journal.record(session, "instructions.settled", instruction, by=by, now=now, decision=decision, key=key, reason=why)
    _carry_out(session, instruction, settlement, by=by, now=now)
    return settlement


def settlement_of(
    session: Session, instruction: Instruction, answer: Acknowledgement | None
) -> DifferenceSettlement | None:
    """The decision about an instruction's answer, or about there being none."""
    asked = select(DifferenceSettlement).where(
        DifferenceSettlement.instruction_id == instruction.id,
        DifferenceSettlement.acknowledgement_id == (answer.id if answer else None),
    )
    return session.exec(asked).first()


def possible(session: Session, instruction: Instruction) -> list[Decision]:
    """What can be decided about an instruction now; nothing where there is no difference, or it is settled."""
    answer = answer_to(session, instruction)
    if settlement_of(session, instruction, answer):
        return []
    return [decision for decision in Decision if not _refusal(session, instruction, answer, decision)]


def _refusal(
    session: Session, instruction: Instruction, answer: Acknowledgement | None, decision: Decision
) -> Refusal | None:
    if instruction.batch_id is None or (answer and answer.accepted and _same_amount(instruction, answer)):
        return NoDifference(key=instruction.key)
    if decision == Decision.CARRIED_OUT:
        return None
    if answer is None or answer.accepted:
        return NotRejected()
    if decision == Decision.RESEND:
        return ChargeTakenBack() if _taken_back(session, instruction) else None
    owed = instruction.kind == InstructionKind.REVERSE and _charged(session, instruction)
    return RefundOwed() if owed else None


def _same_amount(instruction: Instruction, answer: Acknowledgement) -> bool:
    return answer.amount_fen in (None, instruction.amount_fen)


def _taken_back(session: Session, instruction: Instruction) -> bool:
    asked = select(LedgerEntry.id).where(LedgerEntry.reverses_id == instruction.ledger_entry_id)
    return instruction.kind == InstructionKind.CHARGE and session.exec(asked).first() is not None


def _charged(session: Session, reverse: Instruction) -> bool:
    """Whether the carrier may have made the charge that an instruction takes back."""
    reversal = session.get_one(LedgerEntry, reverse.ledger_entry_id)
    told = session.exec(select(Instruction).where(Instruction.ledger_entry_id == reversal.reverses_id)).all()
    answers = [answer_to(session, each) for each in told]
    return any(answer is None or answer.accepted for answer in answers)


def _carry_out(
    session: Session, instruction: Instruction, settlement: DifferenceSettlement, *, by: Staff, now: datetime
) -> None:
    """What a decision brings about: a further instruction, a charge struck, or a subscription ended."""
    if settlement.decision == Decision.RESEND:
        tell_again(session, instruction, now=now)
    elif settlement.decision == Decision.ACCEPT and instruction.kind == InstructionKind.CHARGE:
        entry = session.get_one(LedgerEntry, instruction.ledger_entry_id)
        charges.strike(session, entry, why="carrier_rejected", by=by, now=now)
    elif settlement.decision == Decision.ACCEPT and instruction.kind == InstructionKind.ACTIVATE:
        subscription = session.get_one(Subscription, instruction.subscription_id)
        life.cancel(session, subscription, via="carrier", reason=settlement.reason, by=by, now=now)


def clear_up(session: Session, stray: StrayAnswer, *, reason: str, by: Staff, now: datetime) -> StraySettlement:
    """An answer to what was never told is explained. Raises SettlementReasonNeeded."""
    if already := session.get(StraySettlement, known(stray.id)):
        return already
    if not reason.strip():
        raise SettlementReasonNeeded
    settlement = StraySettlement(
        stray_answer_id=known(stray.id), reason=reason.strip()[:400], by_id=known(by.id), at=now
    )
    session.add(settlement)
    session.flush()
    journal.record(session, "instructions.stray_cleared", stray, by=by, now=now, key=stray.key, reason=reason.strip())
    return settlement
