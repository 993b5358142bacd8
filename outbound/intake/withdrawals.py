"""The carrier's list of customers who cancelled with it: a CSV with the number, and the offer and a reason if known."""

import csv
import io
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

from pydantic import ValidationError
from sqlalchemy.engine import Engine

from outbound.db import transaction
from outbound.errors import Refusal
from outbound.intake.messages import WithdrawalTold
from outbound.phones.vault import Vault

COLUMNS = {
    "number": ("number", "phone", "号码", "手机号", "手机号码", "用户号码"),
    "offer": ("offer", "业务", "业务名称", "产品"),
    "reason": ("reason", "原因", "退订原因"),
}


class NotAListOfWithdrawals(Refusal):
    """This is no list of withdrawals: it needs a CSV whose first row names a column of numbers."""

    zh = "这不是退订清单：需要 CSV 文件，首行须有号码列。"
    status = 422


@dataclass
class Withdrawn:
    """What became of a list: each row was cancelled, had ended before, or was refused with its sentence."""

    rows: int = 0
    cancelled: int = 0
    ended: int = 0
    refused: list[tuple[int, Refusal | None]] = field(default_factory=list)

    def told(self) -> dict[str, int]:
        """The four counts."""
        return {"rows": self.rows, "cancelled": self.cancelled, "ended": self.ended, "refused": len(self.refused)}


def take_list(engine: Engine, vault: Vault, data: bytes, *, now: datetime) -> Withdrawn:
    """End everything that a list names, each row at once and for itself; the same list twice changes nothing.

    Raises NotAListOfWithdrawals before anything is changed.
    """
    counts: Counter[str] = Counter()
    done = Withdrawn()
    for line, row in _rows(data):
        done.rows += 1
        try:
            told = WithdrawalTold.model_validate(row)
            with transaction(engine) as session:
                counts[told.take(session, vault, now=now)] += 1
        except Refusal as why:
            done.refused.append((line, why))
        except ValidationError:
            done.refused.append((line, None))
    done.cancelled, done.ended = counts["cancelled"], counts["ended"]
    return done


def _rows(data: bytes) -> Iterator[tuple[int, dict[str, str]]]:
    reader = csv.reader(io.StringIO(_decoded(data), newline=""))
    try:
        rows = [(reader.line_num, row) for row in reader if any(cell.strip() for cell in row)]
    except csv.Error:
        raise NotAListOfWithdrawals from None
    heads = [head.strip().lower() for head in rows[0][1]] if rows else []
    places = {name: heads.index(head) for name, known in COLUMNS.items() for head in heads if head in known}
    if "number" not in places:
        raise NotAListOfWithdrawals
    for line, row in rows[1:]:
        yield line, {name: row[at].strip().lstrip("'") for name, at in places.items() if at < len(row)}


def _decoded(data: bytes) -> str:
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise NotAListOfWithdrawals
