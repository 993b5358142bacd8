"""What left for the carrier: each batch's manifest and sealed files, held against the instructions that they tell.

The files are opened where the keys are; they are read anew here, without the code that wrote them.
"""

import csv
import hashlib
import io
import json
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlmodel import Session

from outbound.phones import ring
from outbound.phones.parsing import display
from outbound.phones.vault import Vault, WrongNumberKey, open_vault

Found = tuple[str, Mapping[str, Any]]
"""The promise that is broken, and the batch at which."""
_BATCHES = """SELECT id, centre_id, number, manifest, sha256, count, sum_fen FROM instruction_batch
    ORDER BY centre_id, number"""
_FILES = "SELECT name, size, sha256, form, sealed FROM batch_file WHERE batch_id = :batch ORDER BY form"
_TOLD = """SELECT i.key, i.kind, i.amount_fen, CAST(i.effective_on AS TEXT), i.subscription_id, coalesce(r.key, ''),
    p.sealed FROM instruction i JOIN subscription s ON s.id = i.subscription_id JOIN phone p ON p.id = s.phone_id
    LEFT JOIN instruction r ON r.id = i.repeats_id WHERE i.batch_id = :batch"""
_SAID = ("key", "kind", "amount_fen", "effective_on", "subscription", "repeats", "phone")
"""What a file says of an instruction and we hold against our rows."""

CHECKS: dict[str, str] = {
    "batch_not_in_the_journal": """
        SELECT b.id, b.number FROM instruction_batch b WHERE NOT EXISTS (SELECT 1 FROM journal_entry j
            WHERE j.subject_kind = 'instruction_batch' AND j.subject_id = b.id AND j.action = 'instructions.exported'
            AND j.at = b.at AND j.details LIKE '%"sha256":"' || b.sha256 || '"%')""",
}


class Batch(NamedTuple):
    """A batch as its row has it."""

    id: int
    centre_id: int
    number: int
    manifest: str
    sha256: str
    instructions: int
    total_fen: int


class File(NamedTuple):
    """A file of a batch as its row has it."""

    name: str
    size: int
    sha256: str
    form: str
    sealed: bytes


Line = tuple[str, ...]
"""What is said of an instruction, in the order of `_SAID`, as text."""


def check(session: Session, data: Path | None) -> Iterator[Found]:
    """Every batch that is not what left; without the keys in `data` its files stay shut."""
    vault = open_vault(data) if data and keys_in(data) else None
    before: dict[int, str] = {}
    for batch in map(Batch._make, session.execute(sa.text(_BATCHES)).all()):
        files = list(map(File._make, session.execute(sa.text(_FILES), {"batch": batch.id})))
        told = _lines(session, batch, vault)
        if not _fits(batch, files, told, before.get(batch.centre_id)):
            yield "batch_manifest_changed", {"id": batch.id, "number": batch.number}
        before[batch.centre_id] = batch.sha256
        for file in files:
            if vault and (why := _wrong_with(vault, file, told)):
                yield "batch_file_changed", {"id": batch.id, "number": batch.number, "file": file.name, "why": why}


def keys_in(data: Path) -> bool:
    """Whether there are keys to open the files with: none are made for that."""
    return ring.in_setting() or (data / "numbers.key").exists()


def _lines(session: Session, batch: Batch, vault: Vault | None) -> dict[str, Line]:
    """The instructions of a batch by their keys; the number stays shut where there is no key."""
    found: dict[str, Line] = {}
    for *said, sealed in session.execute(sa.text(_TOLD), {"batch": batch.id}):
        found[said[0]] = (*map(str, said), _number(vault, sealed))
    return found


def _number(vault: Vault | None, sealed: bytes) -> str:
    try:
        return display(vault.open(bytes(sealed))).replace(" ", "") if vault else ""
    except WrongNumberKey:
        return ""


def _fits(batch: Batch, files: list[File], told: Mapping[str, Line], previous: str | None) -> bool:
    if hashlib.sha256(batch.manifest.encode()).hexdigest() != batch.sha256:
        return False
    try:
        manifest = json.loads(batch.manifest)
        stated = (manifest["batch"], manifest["count"], manifest["sum_fen"], manifest["previous"], manifest["kinds"])
        named = {(each["name"], each["bytes"], each["sha256"]) for each in manifest["files"]}
    except (KeyError, TypeError, ValueError):
        return False
    ours = (batch.number, batch.instructions, batch.total_fen, previous, _kinds(told))
    return stated == ours and len(files) == 2 and named == {(each.name, each.size, each.sha256) for each in files}


def _kinds(told: Mapping[str, Line]) -> dict[str, dict[str, int]]:
    counts, sums = Counter[str](), Counter[str]()
    for _key, kind, amount, *_rest in told.values():
        counts[kind] += 1
        sums[kind] += int(amount)
    return {kind: {"count": counts[kind], "sum_fen": sums[kind]} for kind in counts}


def _wrong_with(vault: Vault, file: File, told: Mapping[str, Line]) -> str:
    """Why a file is not what left; empty where it is."""
    try:
        content = vault.open(bytes(file.sealed)).encode()
    except WrongNumberKey:
        return "cannot be opened"
    if (len(content), hashlib.sha256(content).hexdigest()) != (file.size, file.sha256):
        return "its hash is another"
    try:
        rows = _read(file.form, content)
        said = {row["key"]: tuple(str(row[name]) for name in _SAID) for row in rows}
    except (KeyError, TypeError, ValueError, csv.Error):
        return "cannot be read"
    return "" if len(rows) == len(told) and said == told else "does not say what was told"


def _read(form: str, content: bytes) -> list[dict[str, Any]]:
    if form == "json":
        return list(json.loads(content)["instructions"])
    return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline="")))
