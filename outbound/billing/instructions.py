"""Instructions to the carrier's billing system: each told once under its key, exported in batches, acknowledged."""

import csv
import hashlib
import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col, select

from outbound import journal
from outbound.billing.model import Acknowledgement, Instruction, InstructionBatch, InstructionKind, LedgerEntry
from outbound.clock import local_day
from outbound.errors import Language, Refusal
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


class Unreadable(StrEnum):
    """Why an acknowledgement cannot be read."""

    NOT_TEXT = "not_text"
    EMPTY = "empty"
    LINE = "line"
    CONTRADICTS = "contradicts"


_UNREADABLE = {
    Unreadable.NOT_TEXT: ("这不是 CSV 文本文件", "it is not a CSV file"),
    Unreadable.EMPTY: ("文件中没有回执", "it holds no answers"),
    Unreadable.LINE: (
        "第 {line} 行应为“指令编号,成功或失败,原因”",
        "line {line} should read “key, accepted or rejected, reason”",
    ),
    Unreadable.CONTRADICTS: (
        "第 {line} 行与前面同一指令的结果矛盾",
        "line {line} contradicts an earlier answer to the same instruction",
    ),
}


class AcknowledgementUnreadable(Refusal):
    """The acknowledgement cannot be read: {reason}; nothing was taken over."""

    zh = "回执文件无法读取：{reason}，未导入任何内容。"
    status = 422

    def __init__(self, why: Unreadable, line: int = 0) -> None:
        self.why, self.line = why, line
        super().__init__(reason="")

    def sentence(self, language: Language) -> str:
        """The sentence with the reason, and the line where there is one."""
        template = self.zh if language == "zh" else str(self.__doc__)
        return template.format(reason=_UNREADABLE[self.why][language == "en"].format(line=self.line))


class AnswerChanged(Refusal):
    """The carrier answered {key} before, and otherwise; clear it up with them. Nothing was taken over."""

    zh = "运营商此前对指令 {key} 的答复与此不同，请与对方核实。未导入任何内容。"


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

    Raises AcknowledgementUnreadable, naming the line, and AnswerChanged.
    """
    answers = _read_answers(data)
    ours: dict[str, tuple[int, bool]] = {}
    for keys in _pieces(list(answers)):
        ours |= {key: (known(number), bool(done)) for key, number, done in session.exec(_left(centre, keys))}
    _refuse_second_thoughts(session, answers, {key: number for key, (number, done) in ours.items() if done})
    new = {key: number for key, (number, done) in ours.items() if not done}
    for key, number in new.items():
        accepted, reason = answers[key]
        session.add(Acknowledgement(instruction_id=number, accepted=accepted, reason=reason[:200], at=now))
    session.flush()
    agreed = sum(answers[key][0] for key in new)
    read = ReadBack(agreed, len(new) - agreed, len(ours) - len(new), tuple(key for key in answers if key not in ours))
    if new:
        facts = {"accepted": read.accepted, "rejected": read.rejected, "unknown": len(read.unknown)}
        journal.record(session, "instructions.acknowledged", centre, by=by, now=now, centre_id=centre.id, **facts)
    return read


def _refuse_second_thoughts(session: Session, answers: Mapping[str, tuple[bool, str]], done: Mapping[str, int]) -> None:
    for keys in _pieces(list(done)):
        asked = select(Acknowledgement.instruction_id, Acknowledgement.accepted)
        numbers = [done[key] for key in keys]
        said = dict(session.exec(asked.where(col(Acknowledgement.instruction_id).in_(numbers))).all())
        for key in keys:
            if said[done[key]] != answers[key][0]:
                raise AnswerChanged(key=key)


def _pieces(keys: list[str]) -> Iterator[list[str]]:
    # A statement takes some 32,000 values at most.
    return (keys[start : start + 5_000] for start in range(0, len(keys), 5_000))


def _left(centre: Centre, keys: list[str]) -> Any:
    done = sa.exists().where(col(Acknowledgement.instruction_id) == col(Instruction.id))
    asked = select(Instruction.key, Instruction.id, done)
    return asked.where(
        Instruction.centre_id == centre.id, col(Instruction.batch_id).is_not(None), col(Instruction.key).in_(keys)
    )


def _read_answers(data: bytes) -> dict[str, tuple[bool, str]]:
    answers: dict[str, tuple[bool, str]] = {}
    for line, row in _rows(_decoded(data)):
        if not any(cell.strip() for cell in row) or (line == 1 and row[0].strip().lower() in ("key", "指令编号")):
            continue
        if len(row) < 2 or row[1].strip().lower() not in ACCEPTED | REJECTED:
            raise AcknowledgementUnreadable(Unreadable.LINE, line)
        key, accepted = row[0].strip().lstrip("'"), row[1].strip().lower() in ACCEPTED
        if key in answers and answers[key][0] != accepted:
            raise AcknowledgementUnreadable(Unreadable.CONTRADICTS, line)
        answers[key] = accepted, row[2].strip() if len(row) > 2 else ""
    if not answers:
        raise AcknowledgementUnreadable(Unreadable.EMPTY)
    return answers


def _rows(text: str) -> Iterator[tuple[int, list[str]]]:
    reader = csv.reader(io.StringIO(text, newline=""))
    try:
        for row in reader:
            yield reader.line_num, row
    except csv.Error:
        raise AcknowledgementUnreadable(Unreadable.NOT_TEXT) from None


def _decoded(data: bytes) -> str:
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise AcknowledgementUnreadable(Unreadable.NOT_TEXT)


def unanswered(session: Session, centre_id: int) -> list[Instruction]:
    """Instructions that left and were not answered, or were rejected: differences to settle."""
    return list(session.exec(select(Instruction).where(_differs(centre_id)).order_by(col(Instruction.id))).all())


def how_many_unanswered(session: Session, centre_id: int) -> int:
    """How many differences there are to settle."""
    return session.exec(select(sa.func.count()).select_from(Instruction).where(_differs(centre_id))).one()


def _differs(centre_id: int) -> sa.ColumnElement[bool]:
    accepted = sa.exists().where(
        col(Acknowledgement.instruction_id) == col(Instruction.id), col(Acknowledgement.accepted)
    )
    return sa.and_(col(Instruction.centre_id) == centre_id, col(Instruction.batch_id).is_not(None), ~accepted)
