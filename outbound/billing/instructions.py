"""Instructions to the carrier's billing system: each told once under its key, exported in batches, acknowledged."""

import csv
import hashlib
import io
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session, col, select

from outbound import journal
from outbound.billing.model import Acknowledgement, Instruction, InstructionBatch, InstructionKind, LedgerEntry
from outbound.clock import local_day
from outbound.errors import Refusal
from outbound.exports import harmless
from outbound.people import Centre, Staff, known
from outbound.phones.model import Phone
from outbound.phones.parsing import display
from outbound.phones.vault import Vault
from outbound.subscriptions.model import Subscription

COLUMNS = ("key", "kind", "phone", "offer", "amount_fen", "effective_on", "subscription")
ACCEPTED = {"accepted", "ok", "success", "成功", "接受", "已接受"}
REJECTED = {"rejected", "failed", "fail", "失败", "拒绝", "已拒绝"}


class NothingToExport(Refusal):
    """There are no new instructions to export; what left already is in the list of batches below."""

    zh = "没有新的指令需要导出，已导出的在下方批次列表中。"


class AcknowledgementUnreadable(Refusal):
    """The acknowledgement cannot be read: {reason}; nothing was taken over."""

    zh = "回执文件无法读取：{reason}，未导入任何内容。"
    status = 422


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
    centre = session.get_one(Centre, subscription.centre_id)
    instruction = Instruction(
        centre_id=subscription.centre_id,
        subscription_id=known(subscription.id),
        key=key,
        kind=kind,
        amount_fen=entry.amount_fen if entry else 0,
        effective_on=local_day(now, centre.zone),
        ledger_entry_id=entry.id if entry else None,
        made_at=now,
    )
    session.add(instruction)
    session.flush()
    return instruction


def _told_before(session: Session, subscription: Subscription, kind: InstructionKind) -> int:
    asked = select(sa.func.count()).select_from(Instruction)
    return session.exec(asked.where(Instruction.subscription_id == subscription.id, Instruction.kind == kind)).one()


def waiting(session: Session, centre_id: int) -> list[Instruction]:
    """Instructions that have not left yet, in the order in which they were made."""
    asked = select(Instruction).where(Instruction.centre_id == centre_id, col(Instruction.batch_id).is_(None))
    return list(session.exec(asked.order_by(col(Instruction.id))).all())


def export(session: Session, vault: Vault, centre: Centre, *, by: Staff, now: datetime) -> InstructionBatch:
    """Let everything that waits leave as one numbered batch. Raises NothingToExport."""
    leaving = waiting(session, known(centre.id))
    if not leaving:
        raise NothingToExport
    content = _as_csv(session, vault, leaving)
    last = session.exec(select(sa.func.max(InstructionBatch.number)).where(InstructionBatch.centre_id == centre.id))
    batch = InstructionBatch(
        centre_id=known(centre.id),
        number=(last.one() or 0) + 1,
        count=len(leaving),
        sum_fen=sum(instruction.amount_fen for instruction in leaving),
        sha256=hashlib.sha256(content.encode("utf-8-sig")).hexdigest(),
        sealed=vault.seal(content),
        by_id=known(by.id),
        at=now,
    )
    session.add(batch)
    session.flush()
    for instruction in leaving:
        instruction.batch_id = batch.id
        session.add(instruction)
    journal.record(session, "instructions.exported", batch, by=by, now=now, count=batch.count, sha256=batch.sha256)
    return batch


def file_of(vault: Vault, batch: InstructionBatch) -> bytes:
    """The batch as it left, byte for byte: CSV in UTF-8 with a BOM."""
    return vault.open(batch.sealed).encode("utf-8-sig")


def _as_csv(session: Session, vault: Vault, leaving: list[Instruction]) -> str:
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(COLUMNS)
    for instruction in leaving:
        subscription = session.get_one(Subscription, instruction.subscription_id)
        number = display(vault.open(session.get_one(Phone, subscription.phone_id).sealed)).replace(" ", "")
        writer.writerow(
            [
                instruction.key,
                instruction.kind,
                number,
                harmless(subscription.offer_name),
                instruction.amount_fen,
                instruction.effective_on.isoformat(),
                subscription.id,
            ]
        )
    return out.getvalue()


@dataclass(frozen=True)
class ReadBack:
    """What an acknowledgement file came to."""

    accepted: int
    rejected: int
    known_already: int
    unknown: tuple[str, ...]


def acknowledge(session: Session, centre: Centre, data: bytes, *, by: Staff, now: datetime) -> ReadBack:
    """Read the carrier's answers (CSV: key, result, reason). The same file twice changes nothing.

    Raises AcknowledgementUnreadable, naming the line.
    """
    answers = _read_answers(data)
    asked = select(Instruction).where(Instruction.centre_id == centre.id, col(Instruction.batch_id).is_not(None))
    ours = {
        instruction.key: instruction for instruction in session.exec(asked.where(col(Instruction.key).in_(answers)))
    }
    done = set(
        session.exec(
            select(Acknowledgement.instruction_id).where(
                col(Acknowledgement.instruction_id).in_([instruction.id for instruction in ours.values()])
            )
        )
    )
    new = {key: ours[key] for key in answers if key in ours and ours[key].id not in done}
    for key, instruction in new.items():
        accepted, reason = answers[key]
        session.add(
            Acknowledgement(instruction_id=known(instruction.id), accepted=accepted, reason=reason[:200], at=now)
        )
    agreed = sum(answers[key][0] for key in new)
    unknown = tuple(key for key in answers if key not in ours)
    journal.record(
        session,
        "instructions.acknowledged",
        centre,
        by=by,
        now=now,
        centre_id=centre.id,
        accepted=agreed,
        rejected=len(new) - agreed,
        unknown=len(unknown),
    )
    return ReadBack(agreed, len(new) - agreed, len(ours) - len(new), unknown)


def _read_answers(data: bytes) -> dict[str, tuple[bool, str]]:
    answers: dict[str, tuple[bool, str]] = {}
    rows = csv.reader(io.StringIO(_decoded(data)))
    for line, row in enumerate(rows, start=1):
        if not any(cell.strip() for cell in row) or (line == 1 and row[0].strip().lower() in ("key", "指令编号")):
            continue
        if len(row) < 2 or row[1].strip().lower() not in ACCEPTED | REJECTED:
            raise AcknowledgementUnreadable(
                reason=f"line {line}: expected `key, accepted/rejected, reason` / 第 {line} 行应为“编号,成功/失败,原因”"
            )
        answers[row[0].strip().lstrip("'")] = (
            row[1].strip().lower() in ACCEPTED,
            row[2].strip() if len(row) > 2 else "",
        )
    if not answers:
        raise AcknowledgementUnreadable(reason="the file holds no answers / 文件中没有回执")
    return answers


def _decoded(data: bytes) -> str:
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise AcknowledgementUnreadable(reason="not text / 不是文本文件")


def unanswered(session: Session, centre_id: int) -> list[Instruction]:
    """Instructions that left and were not answered, or were rejected: differences to settle."""
    accepted = sa.exists().where(
        col(Acknowledgement.instruction_id) == col(Instruction.id), col(Acknowledgement.accepted)
    )
    asked = select(Instruction).where(
        Instruction.centre_id == centre_id, col(Instruction.batch_id).is_not(None), ~accepted
    )
    return list(session.exec(asked.order_by(col(Instruction.id))).all())
