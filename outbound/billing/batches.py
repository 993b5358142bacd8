"""Batches: what waits leaves once, under the next number, as CSV and as JSON with a manifest, kept byte for byte."""

import csv
import hashlib
import io
import json
from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlmodel import Session, col, select

from outbound import journal
from outbound.billing.instructions import waiting
from outbound.billing.model import BatchFile, FileForm, Instruction, InstructionBatch
from outbound.errors import Refusal
from outbound.exports import harmless
from outbound.people import Centre, Staff, known
from outbound.phones.model import Phone
from outbound.phones.parsing import display
from outbound.phones.vault import Vault
from outbound.subscriptions.model import Subscription

COLUMNS = ("key", "kind", "phone", "offer", "amount_fen", "effective_on", "subscription", "repeats")


class NothingToExport(Refusal):
    """There are no new instructions to export; what left already is in the list of batches below."""

    zh = "没有新的指令需要导出，已导出的在下方批次列表中。"


class BatchDamaged(Refusal):
    """Batch {number} is not what left: its files do not have the hashes in the manifest. Tell who runs the database."""

    zh = "第 {number} 批的文件与清单中的哈希不符，已不是当时导出的内容，请联系数据库管理员。"


def export(session: Session, vault: Vault, centre: Centre, *, by: Staff | None, now: datetime) -> InstructionBatch:
    """Let everything that waits leave as one numbered batch. Raises NothingToExport."""
    # Two at once: the second waits here, and finds nothing left.
    session.exec(select(Centre.id).where(Centre.id == centre.id).with_for_update(key_share=True)).one()
    leaving = [instruction for instruction in waiting(session, known(centre.id)) if instruction.made_at <= now]
    if not leaving:
        raise NothingToExport
    last = _last(session, centre)
    number = last.number + 1 if last else 1
    told = [_told(session, vault, instruction) for instruction in leaving]
    contents = {FileForm.CSV: _as_csv(told), FileForm.JSON: _as_json(told, centre, number)}
    files = [_file(vault, centre, number, form, content) for form, content in contents.items()]
    manifest = _manifest(leaving, files, centre, number, previous=last.sha256 if last else None, now=now)
    batch = InstructionBatch(
        centre_id=known(centre.id),
        number=number,
        count=len(leaving),
        sum_fen=sum(instruction.amount_fen for instruction in leaving),
        manifest=manifest,
        sha256=hashlib.sha256(manifest.encode()).hexdigest(),
        by_id=by.id if by else None,
        at=now,
    )
    _keep(session, batch, files, leaving)
    journal.record(session, "instructions.exported", batch, by=by, now=now, count=batch.count, sha256=batch.sha256)
    return batch


def _last(session: Session, centre: Centre) -> InstructionBatch | None:
    asked = select(InstructionBatch).where(InstructionBatch.centre_id == centre.id)
    return session.exec(asked.order_by(col(InstructionBatch.number).desc()).limit(1)).first()


def _keep(
    session: Session, batch: InstructionBatch, files: Sequence[BatchFile], leaving: Sequence[Instruction]
) -> None:
    session.add(batch)
    session.flush()
    for file in files:
        file.batch_id = known(batch.id)
    for instruction in leaving:
        instruction.batch_id = batch.id
    session.add_all([*files, *leaving])
    session.flush()


def _told(session: Session, vault: Vault, instruction: Instruction) -> dict[str, Any]:
    """One instruction as the carrier reads it."""
    subscription = session.get_one(Subscription, instruction.subscription_id)
    phone = session.get_one(Phone, subscription.phone_id)
    repeated = session.get_one(Instruction, instruction.repeats_id) if instruction.repeats_id else None
    return {
        "key": instruction.key,
        "kind": str(instruction.kind),
        "phone": display(vault.open(phone.sealed)).replace(" ", ""),
        "offer": subscription.offer_name,
        "amount_fen": instruction.amount_fen,
        "effective_on": instruction.effective_on.isoformat(),
        "subscription": subscription.id,
        "repeats": repeated.key if repeated else "",
    }


def _as_csv(told: Sequence[dict[str, Any]]) -> bytes:
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(COLUMNS)
    for each in told:
        # An amount below zero is a number and stays one; the offer is the only text that others write.
        writer.writerow([harmless(each[name]) if name == "offer" else each[name] for name in COLUMNS])
    return out.getvalue().encode("utf-8-sig")


def _as_json(told: Sequence[dict[str, Any]], centre: Centre, number: int) -> bytes:
    return _written({"centre": centre.code, "batch": number, "instructions": list(told)}).encode()


def _written(document: dict[str, Any]) -> str:
    return json.dumps(document, ensure_ascii=False, indent=1, sort_keys=True) + "\n"


def _file(vault: Vault, centre: Centre, number: int, form: FileForm, content: bytes) -> BatchFile:
    return BatchFile(
        batch_id=0,
        form=form,
        name=_name(centre, number, form),
        size=len(content),
        sha256=hashlib.sha256(content).hexdigest(),
        sealed=vault.seal(content.decode()),
    )


def _manifest(
    leaving: Sequence[Instruction],
    files: Sequence[BatchFile],
    centre: Centre,
    number: int,
    *,
    previous: str | None,
    now: datetime,
) -> str:
    """Counts, sums and hashes; it names the manifest before it, so that a batch left out is noticed."""
    counts, sums = Counter[str](), Counter[str]()
    for instruction in leaving:
        counts[instruction.kind] += 1
        sums[instruction.kind] += instruction.amount_fen
    return _written(
        {
            "centre": centre.code,
            "batch": number,
            "at": now.isoformat(),
            "count": len(leaving),
            "sum_fen": sums.total(),
            "kinds": {kind: {"count": counts[kind], "sum_fen": sums[kind]} for kind in counts},
            "files": [{"name": file.name, "bytes": file.size, "sha256": file.sha256} for file in files],
            "previous": previous,
        }
    )


def _name(centre: Centre, number: int, form: str) -> str:
    return f"instructions-{centre.code}-{number}.{form}"


def file_name(centre: Centre, batch: InstructionBatch, form: FileForm) -> str:
    """What a batch is called as a file."""
    return _name(centre, batch.number, form)


def manifest_name(centre: Centre, batch: InstructionBatch) -> str:
    """What the manifest is called as a file."""
    return _name(centre, batch.number, "manifest.json")


def file_of(session: Session, vault: Vault, batch: InstructionBatch, form: FileForm) -> bytes:
    """The batch as it left, byte for byte: nothing of it is written anew. Raises BatchDamaged."""
    asked = select(BatchFile).where(BatchFile.batch_id == batch.id, BatchFile.form == form)
    file = session.exec(asked).one()
    content = vault.open(file.sealed).encode()
    if hashlib.sha256(content).hexdigest() != file.sha256 or file.sha256 not in manifest_of(batch).decode():
        raise BatchDamaged(number=batch.number)
    return content


def manifest_of(batch: InstructionBatch) -> bytes:
    """The manifest as it left, byte for byte. Raises BatchDamaged."""
    content = batch.manifest.encode()
    if hashlib.sha256(content).hexdigest() != batch.sha256:
        raise BatchDamaged(number=batch.number)
    return content


def numbered(session: Session, centre: Centre, number: int) -> InstructionBatch | None:
    """The batch of that number."""
    asked = select(InstructionBatch).where(InstructionBatch.centre_id == centre.id, InstructionBatch.number == number)
    return session.exec(asked).first()
