"""How long it takes to derive every promise again, against the raw limit: reading the same rows by plain SQL.

One sale is made by the verbs, from the call to the charge; its rows are then stored again and again under numbers of
their own, and the journal goes on over them with hashes that fit. So nothing is broken, and everything is looked at.
"""

import json
import resource
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import click
import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine
from sqlmodel import Session, SQLModel, select

from outbound import clock, locks
from outbound.bench.databases import database
from outbound.bench.honest_sale import make
from outbound.db import open_database, reading
from outbound.errors import Refusal
from outbound.journal import START, JournalEntry, digest_of
from outbound.phones.vault import open_vault
from outbound.verification import broken_promises

OF_A_SALE = (
    "phone",
    "contact",
    "claim",
    "dial_token",
    "call",
    "tick",
    "self_mark",
    "recording",
    "subscription",
    "state_change",
    "confirmation",
    "ledger_entry",
    "instruction",
    "notice",
)
"""What a sale leaves behind, each after what it names."""
_POINTS_TO = {f"{table}_id": table for table in OF_A_SALE} | {"sale_call_id": "call"}
_NAMES = {"wrap_up_key", "reference", "storage_key", "key"}
"""Texts that only one row may have."""
_AT_ONCE = 400
_AGO = timedelta(days=90)


class NotHonest(Refusal):
    """The rows to be measured break promises ({names}); nothing was measured."""

    zh = "用于测量的数据不满足承诺（{names}），未进行测量。"


def run(engines: Sequence[str], rows: Sequence[int], *, as_json: bool) -> None:
    """Measure each engine and each number of rows, and say what came of it."""
    for name in engines:
        for wanted in rows:
            with TemporaryDirectory(prefix="outbound-bench-verify-") as place, database(name) as url:
                told = {"engine": name, **measure(url, Path(place), wanted)}
            click.echo(json.dumps(told) if as_json else line(told))


def line(told: dict[str, Any]) -> str:
    """A measurement for people."""
    return (
        f"{told['engine']:<11} {told['rows']:>11,} rows of {told['sales']:,} sales: {told['seconds']:>7.1f} s "
        f"({told['rows_per_s']:,} rows/s), raw limit {told['raw_seconds']:.1f} s, ratio {told['ratio']:.2f}, "
        f"{told['peak_mb']} MB"
    )


def measure(url: str, place: Path, wanted: int) -> dict[str, Any]:
    """Fill a database, read it plainly, and verify it. Raises NotHonest."""
    engine, now = open_database(url or f"sqlite:///{place / 'bench.sqlite3'}"), clock.now()
    make(engine, open_vault(place), now=now - _AGO)
    sales = _multiply(engine, wanted)
    rows, raw = _read_plainly(engine)
    began, busy = time.perf_counter(), time.process_time()
    with reading(engine) as session:
        found = broken_promises(session, data=place, now=now, told=_tell)
    seconds, busy = time.perf_counter() - began, time.process_time() - busy
    engine.dispose()
    if found:
        raise NotHonest(names=", ".join(sorted({each["promise"] for each in found})))
    return {
        "rows": rows,
        "sales": sales,
        "seconds": round(seconds, 2),
        "processor_seconds": round(busy, 2),
        "rows_per_s": round(rows / seconds),
        "raw_seconds": round(raw, 2),
        "ratio": round(raw / seconds, 3),
        "peak_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
    }


def _tell(step: str) -> None:
    click.echo(f"  {step}", err=True)


# The rows


@dataclass(frozen=True)
class Model:
    """The one sale: its rows by table, how many numbers each table took for it, and its part of the journal."""

    rows: dict[str, list[dict[str, Any]]]
    strides: dict[str, int]
    journal: list[JournalEntry]

    @property
    def size(self) -> int:
        """How many rows one sale leaves behind."""
        return len(self.journal) + sum(map(len, self.rows.values()))

    def copy(self, table: str, number: int) -> Iterator[dict[str, Any]]:
        """The rows of a table as those of another sale."""
        for row in self.rows[table]:
            yield {column: self._other(table, column, value, number) for column, value in row.items()}

    def _other(self, table: str, column: str, value: Any, number: int) -> Any:
        owner = table if column == "id" else _POINTS_TO.get(column)
        if value is not None and owner:
            return value + number * self.strides[owner]
        if column == "digest":
            return number.to_bytes(16)
        return f"{value}-{number}" if column in _NAMES and value is not None else value


def _model(session: Session) -> Model:
    tables = {name: SQLModel.metadata.tables[name] for name in OF_A_SALE}
    rows = {name: [dict(row) for row in session.execute(sa.select(table)).mappings()] for name, table in tables.items()}
    strides = {name: max((row["id"] for row in found if "id" in row), default=0) for name, found in rows.items()}
    asked = select(JournalEntry).where(sa.column("subject_kind").in_([*OF_A_SALE, "self_mark"]))
    return Model(rows, strides, list(session.exec(asked.order_by(sa.text("sequence"))).all()))


def _multiply(engine: Engine, wanted: int) -> int:
    """Store the sale again until there are so many rows; how many sales there are then."""
    with Session(engine) as session:
        model = _model(session)
    copies = max(1, wanted // model.size)
    with engine.begin() as connection:
        _unlock(connection)
        for first in range(1, copies + 1, _AT_ONCE):
            numbers = range(first, min(first + _AT_ONCE, copies + 1))
            for table in OF_A_SALE:
                found = [row for number in numbers for row in model.copy(table, number)]
                if found:
                    connection.execute(sa.insert(SQLModel.metadata.tables[table]), found)
            _go_on(connection, model, numbers)
        connection.exec_driver_sql(f"UPDATE call_list SET rows = rows + {copies}, accepted = accepted + {copies}")
        locks.put_back(connection)
    with engine.begin() as connection:
        connection.exec_driver_sql("ANALYZE")
    return copies + 1


def _unlock(connection: Connection) -> None:
    """What the locks refuse is not asked of every row again: the rows are a copy of what they let pass."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql("SET LOCAL session_replication_role = replica")
        return
    names = connection.exec_driver_sql("SELECT name FROM sqlite_master WHERE type = 'trigger'").scalars().all()
    for name in names:
        connection.exec_driver_sql(f"DROP TRIGGER {name}")


def _go_on(connection: Connection, model: Model, numbers: Sequence[int]) -> None:
    """The journal about these sales, each entry chained to the one before."""
    chain = model.journal[0].chain
    head = connection.execute(sa.text("SELECT length, hash FROM journal_head WHERE chain = :c"), {"c": chain}).one()
    sequence, last = int(head[0]), str(head[1] or START)
    entries: list[dict[str, Any]] = []
    for number in numbers:
        for each in model.journal:
            sequence += 1
            entry = each.model_dump(exclude={"id"})
            entry["subject_id"] = number * model.strides[each.subject_kind] + (each.subject_id or 0)
            said = (each.action, each.subject_kind, entry["subject_id"], each.details)
            entry |= {"sequence": sequence, "previous_hash": last}
            last = digest_of(last, chain, sequence, each.at.isoformat(), each.actor_id, *said)
            entries.append({**entry, "hash": last})
    connection.execute(sa.insert(SQLModel.metadata.tables["journal_entry"]), entries)
    moved = sa.text("UPDATE journal_head SET length = :length, hash = :hash WHERE chain = :c")
    connection.execute(moved, {"length": sequence, "hash": last, "c": chain})


def _read_plainly(engine: Engine) -> tuple[int, float]:
    """All rows of the database, and the seconds in which the driver hands them over."""
    rows, began = 0, time.perf_counter()
    with engine.connect() as connection:
        streamed = connection.execution_options(yield_per=5000)
        for table in SQLModel.metadata.sorted_tables:
            for part in streamed.exec_driver_sql(f"SELECT * FROM {table.name}").partitions():
                rows += len(part)
    return rows, time.perf_counter() - began
