"""The carrier's answers: held against what was told; what agrees is done, everything else is a difference."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col, select

from outbound import journal
from outbound.billing.answer_files import Answer, read_answers
from outbound.billing.model import Acknowledgement, Instruction, StrayAnswer
from outbound.errors import Refusal
from outbound.people import Centre, Staff, known


class AnswerChanged(Refusal):
    """The carrier answered {key} before, and otherwise; clear it up with them. Nothing was taken over."""

    zh = "运营商此前对指令 {key} 的答复与此不同，请与对方核实。未导入任何内容。"


@dataclass(frozen=True)
class ReadBack:
    """What an acknowledgement file came to."""

    accepted: int
    rejected: int
    known_already: int
    unknown: tuple[str, ...]
    differing: int = 0
    """Of the accepted: with another amount than was told."""


def acknowledge(session: Session, centre: Centre, data: bytes, *, by: Staff | None, now: datetime) -> ReadBack:
    """Read the carrier's answers. The same file twice changes nothing.

    Raises AcknowledgementUnreadable, naming the line, and AnswerChanged.
    """
    answers = read_answers(data)
    ours: dict[str, Instruction] = {}
    for keys in _pieces(list(answers)):
        ours |= {instruction.key: instruction for instruction in session.exec(_left(centre, keys))}
    before = _answered_before(session, list(ours.values()))
    _refuse_second_thoughts(answers, ours, before)
    new = {key: instruction for key, instruction in ours.items() if instruction.id not in before}
    _keep(session, new, answers, now=now)
    unknown = tuple(key for key in answers if key not in ours)
    strays = _keep_strays(session, centre, {key: answers[key] for key in unknown}, now=now)
    read = _counted(new, answers, known_already=len(ours) - len(new), unknown=unknown)
    if new or strays:
        facts = {"accepted": read.accepted, "rejected": read.rejected, "unknown": strays, "differing": read.differing}
        journal.record(session, "instructions.acknowledged", centre, by=by, now=now, centre_id=centre.id, **facts)
    return read


def _counted(
    new: Mapping[str, Instruction], answers: Mapping[str, Answer], *, known_already: int, unknown: tuple[str, ...]
) -> ReadBack:
    agreed = [key for key in new if answers[key].accepted]
    differing = sum(answers[key].amount_fen not in (None, new[key].amount_fen) for key in agreed)
    return ReadBack(len(agreed), len(new) - len(agreed), known_already, unknown, differing)


def _keep(session: Session, new: Mapping[str, Instruction], answers: Mapping[str, Answer], *, now: datetime) -> None:
    for key, instruction in new.items():
        said = answers[key]
        session.add(
            Acknowledgement(
                instruction_id=known(instruction.id),
                accepted=said.accepted,
                amount_fen=said.amount_fen,
                reason=said.reason,
                at=now,
            )
        )
    session.flush()


def _keep_strays(session: Session, centre: Centre, strays: Mapping[str, Answer], *, now: datetime) -> int:
    """Answers to what was never told are kept, and shown until somebody has cleared them up; how many are new."""
    new = dict(strays)
    for keys in _pieces(list(strays)):
        asked = select(StrayAnswer.key).where(StrayAnswer.centre_id == centre.id, col(StrayAnswer.key).in_(keys))
        for key in session.exec(asked):
            del new[key]
    rows = [
        {"centre_id": centre.id, "key": key, "accepted": said.accepted, "reason": said.reason, "at": now}
        for key, said in new.items()
    ]
    if rows:
        session.execute(sa.insert(StrayAnswer), rows)
    return len(rows)


def _answered_before(session: Session, ours: list[Instruction]) -> dict[int, Acknowledgement]:
    found: dict[int, Acknowledgement] = {}
    for numbers in _pieces([known(instruction.id) for instruction in ours]):
        asked = select(Acknowledgement).where(col(Acknowledgement.instruction_id).in_(numbers))
        found |= {answer.instruction_id: answer for answer in session.exec(asked)}
    return found


def _refuse_second_thoughts(
    answers: Mapping[str, Answer], ours: Mapping[str, Instruction], before: Mapping[int, Acknowledgement]
) -> None:
    for key, instruction in ours.items():
        said = before.get(known(instruction.id))
        if said and _meaning(said, instruction) != _meaning(answers[key], instruction):
            raise AnswerChanged(key=key)


def _meaning(said: Answer | Acknowledgement, instruction: Instruction) -> tuple[bool, int]:
    """Who does not name an amount means the one that was told."""
    return said.accepted, instruction.amount_fen if said.amount_fen is None else said.amount_fen


def _pieces(keys: list[Any]) -> Iterator[list[Any]]:
    # A statement takes some 32,000 values at most.
    return (keys[start : start + 5_000] for start in range(0, len(keys), 5_000))


def _left(centre: Centre, keys: list[str]) -> Any:
    return select(Instruction).where(
        Instruction.centre_id == centre.id, col(Instruction.batch_id).is_not(None), col(Instruction.key).in_(keys)
    )
