"""The inbox: files of JSON lines that the carrier's gateway leaves in `notices/in`, receipts and replies, one a line.

A file is taken in line by line, each in a transaction of its own, and moved to `done`; where lines were refused it is
moved to `refused`, with the sentences in a text file beside it. A file that is taken in twice changes nothing.
"""

from datetime import datetime
from pathlib import Path

from pydantic import TypeAdapter, ValidationError
from sqlalchemy.engine import Engine

from outbound.db import transaction
from outbound.errors import Refusal
from outbound.intake.messages import ReceiptTold, ReplyTold
from outbound.intake.watched import DONE, REFUSED, files_in, put_away, read_file, touched
from outbound.phones.vault import Vault

ENDING = ".jsonl"
_LINE: TypeAdapter[ReceiptTold | ReplyTold] = TypeAdapter(ReceiptTold | ReplyTold)


def take_inbox(engine: Engine, vault: Vault, folder: Path, *, now: datetime) -> tuple[int, int]:
    """Take in what lies in the folder; how many lines were taken, and how many refused."""
    taken = refused = 0
    waiting = [file for file in files_in(folder) if file.suffix == ENDING]
    for file in sorted(waiting, key=lambda file: (touched(file) or now, file)):
        told = [_take(engine, vault, line, now=now) for line in _lines(file)]
        faults = [f"{number}: {fault}" for number, fault in enumerate(told, 1) if fault]
        put_away(file, REFUSED if faults else DONE, note="\n".join(faults))
        refused, taken = refused + len(faults), taken + len(told) - len(faults)
    return taken, refused


def _lines(file: Path) -> list[str]:
    return [line for line in read_file(file).decode("utf-8-sig", errors="replace").splitlines() if line.strip()]


def _take(engine: Engine, vault: Vault, line: str, *, now: datetime) -> str:
    """What is wrong with a line, nothing where it was taken."""
    try:
        told = _LINE.validate_json(line)
        with transaction(engine) as session:
            told.take(session, vault, now=now)
    except ValidationError:
        return "不是回执或回复 / neither a receipt nor a reply"
    except Refusal as why:
        return f"{why.sentence('zh')} {why.sentence('en')}"
    return ""
