"""Instructions to the carrier's billing system: each told once under its key, answered, and compared."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col, select

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
from outbound.clock import local_day
from outbound.people import Centre, known
from outbound.subscriptions.model import Subscription


def tell(
    session: Session,
    subscription: Subscription,
    kind: InstructionKind,
    *,
    now: datetime,
    entry: LedgerEntry | None = None,
) -> Instruction:
    """Tell the carrier once: the key names subscription, kind and occasion, so a repetition is the same row."""
    occasion = entry.cycle if entry else str(_told_before(session, subscription, kind) + 1)
    key = f"{subscription.id}-{kind}-{occasion}"
    if existing := session.exec(select(Instruction).where(Instruction.key == key)).first():
        return existing
    return _write(session, subscription, kind, key, entry_id=entry.id if entry else None, now=now)


def tell_again(session: Session, rejected: Instruction, *, now: datetime) -> Instruction:
    """Tell a rejected instruction once more, under a key of its own; a repetition of this is the same row."""
    if existing := session.exec(select(Instruction).where(Instruction.repeats_id == rejected.id)).first():
        return existing
    root, _, times = rejected.key.partition("~")
    key = f"{root}~{int(times or 1) + 1}"
    subscription = session.get_one(Subscription, rejected.subscription_id)
    return _write(
        session, subscription, rejected.kind, key, entry_id=rejected.ledger_entry_id, now=now, repeats_id=rejected.id
    )


def _write(
    session: Session,
    subscription: Subscription,
    kind: InstructionKind,
    key: str,
    *,
    entry_id: int | None,
    now: datetime,
    repeats_id: int | None = None,
) -> Instruction:
    centre = session.get_one(Centre, subscription.centre_id)
    instruction = Instruction(
        centre_id=subscription.centre_id,
        subscription_id=known(subscription.id),
        key=key,
        kind=kind,
        amount_fen=session.get_one(LedgerEntry, entry_id).amount_fen if entry_id else 0,
        effective_on=local_day(now, centre.zone),
        ledger_entry_id=entry_id,
        repeats_id=repeats_id,
        made_at=now,
    )
    session.add(instruction)
    session.flush()
    return instruction


def _told_before(session: Session, subscription: Subscription, kind: InstructionKind) -> int:
    asked = select(sa.func.count()).select_from(Instruction)
    return session.exec(asked.where(Instruction.subscription_id == subscription.id, Instruction.kind == kind)).one()


def is_never_active(session: Session, subscription: Subscription) -> bool:
    """Whether the carrier would not activate it and a person has accepted that: there is nothing to cancel there."""
    asked = (
        select(DifferenceSettlement.id)
        .join(Instruction, col(Instruction.id) == col(DifferenceSettlement.instruction_id))
        .where(Instruction.subscription_id == subscription.id, Instruction.kind == InstructionKind.ACTIVATE)
        .where(DifferenceSettlement.decision == Decision.ACCEPT)
    )
    return session.exec(asked.limit(1)).first() is not None


def waiting(session: Session, centre_id: int) -> list[Instruction]:
    """Instructions that have not left yet, in the order in which they were made."""
    asked = select(Instruction).where(Instruction.centre_id == centre_id, col(Instruction.batch_id).is_(None))
    return list(session.exec(asked.order_by(col(Instruction.id))).all())


def answer_to(session: Session, instruction: Instruction) -> Acknowledgement | None:
    """What the carrier answered."""
    return session.exec(select(Acknowledgement).where(Acknowledgement.instruction_id == instruction.id)).first()


def unanswered(session: Session, centre_id: int) -> list[Instruction]:
    """Instructions that left and were not answered, or otherwise than told: differences to settle."""
    return list(session.exec(differing(select(Instruction), centre_id).order_by(col(Instruction.id))).all())


def how_many_unanswered(session: Session, centre_id: int) -> int:
    """How many differences there are to settle, answers to what was never told among them."""
    asked = differing(select(sa.func.count()).select_from(Instruction), centre_id)
    strays = stray(select(sa.func.count()).select_from(StrayAnswer), centre_id)
    return int(session.exec(asked).one()) + int(session.exec(strays).one())


def differing(asked: Any, centre_id: int) -> Any:
    """The question narrowed to differences that nobody has settled; it can ask for Acknowledgement as well."""
    answer, settled = col(Acknowledgement.id), col(DifferenceSettlement.acknowledgement_id)
    decided = sa.exists().where(
        col(DifferenceSettlement.instruction_id) == col(Instruction.id), settled.is_not_distinct_from(answer)
    )
    agreed = sa.and_(
        col(Acknowledgement.accepted),
        sa.func.coalesce(Acknowledgement.amount_fen, Instruction.amount_fen) == col(Instruction.amount_fen),
    )
    return (
        asked.join(Acknowledgement, col(Acknowledgement.instruction_id) == col(Instruction.id), isouter=True)
        .where(col(Instruction.centre_id) == centre_id, col(Instruction.batch_id).is_not(None))
        .where(sa.or_(answer.is_(None), ~agreed), ~decided)
    )


def stray(asked: Any, centre_id: int) -> Any:
    """The question narrowed to answers to what was never told, and that nobody has cleared up."""
    settled = sa.exists().where(col(StraySettlement.stray_answer_id) == col(StrayAnswer.id))
    return asked.where(col(StrayAnswer.centre_id) == centre_id, ~settled)
