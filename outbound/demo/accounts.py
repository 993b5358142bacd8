"""The demo's accounts: what waits is exported to the carrier, and its answers are read back."""

from datetime import datetime

from sqlmodel import col, select

from outbound.billing import answers, batches, instructions, settling
from outbound.billing.model import Decision, FileForm, InstructionBatch
from outbound.demo.stage import Stage
from outbound.people import Centre, Role, known


def settle(stage: Stage, centre: Centre, now: datetime) -> None:
    """Finance exports what waits and reads back yesterday's answers; the last day's work is left to be done."""
    clerk = stage.company.holding(centre.code, Role.FINANCE)[0]
    last = stage.session.exec(
        select(InstructionBatch)
        .where(InstructionBatch.centre_id == centre.id)
        .order_by(col(InstructionBatch.number).desc())
    ).first()
    if last:
        told = _answers(batches.file_of(stage.session, stage.vault, last, FileForm.CSV).decode("utf-8-sig"))
        answers.acknowledge(stage.session, centre, told, by=clerk, now=now)
    if not stage.last_day:
        for rejected in instructions.unanswered(stage.session, known(centre.id)):
            settling.settle(stage.session, rejected, Decision.RESEND, reason="运营商系统故障已恢复", by=clerk, now=now)
    if not stage.last_day and instructions.waiting(stage.session, known(centre.id)):
        batches.export(stage.session, stage.vault, centre, by=clerk, now=now)


def _answers(batch: str) -> bytes:
    """The carrier rejects one charge of a batch, never again what was sent again, and says a word too many."""
    keys = [line.split(",")[0] for line in batch.splitlines()[1:]]
    rejected = next((key for key in keys if "-charge-" in key and "~" not in key), None)
    lines = [f"{key},rejected,系统繁忙" if key == rejected else f"{key},accepted," for key in keys]
    return "\n".join(["key,result,reason", *lines, "TEST-0001,accepted,联调测试"]).encode()
