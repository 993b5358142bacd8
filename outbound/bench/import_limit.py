"""The raw limit of an import: the rows that it has finished stored into the same tables of a copy, nothing else."""

import os
import shutil
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Engine
from sqlmodel import Session, select

from outbound.call_lists import bulk
from outbound.call_lists.model import CallList, Contact, RefusedRow
from outbound.call_lists.phones import PHONE_COLUMNS
from outbound.call_lists.preparing import CHUNK
from outbound.call_lists.taking import REFUSED_COLUMNS
from outbound.db import open_database, table_of, transaction
from outbound.phones.model import Phone

CONTACT_COLUMNS = [column.name for column in table_of(Contact).columns if column.name != "id"]


@contextmanager
def copied(engine: Engine) -> Iterator[Engine]:
    """The same database once more, as it is now; both rest on the disk, tidied up, when this hands it over."""
    engine.dispose()
    if engine.dialect.name == "sqlite":
        yield _copied_file(engine)
        return
    name = f"{engine.url.database}_raw"
    settle(engine)
    # Not page by page through the log, which would be written out while the import is measured.
    _as_owner(engine, f"CREATE DATABASE {name} TEMPLATE {engine.url.database} STRATEGY file_copy")
    copy = open_database(engine.url.set(database=name).render_as_string(hide_password=False))
    yield copy
    copy.dispose()
    _as_owner(engine, f"DROP DATABASE {name} WITH (FORCE)")


def _copied_file(engine: Engine) -> Engine:
    settle(engine)
    kept = Path(str(engine.url.database))
    copy = kept.with_suffix(".raw")
    shutil.copyfile(kept, copy)
    for file in (kept, copy):
        with file.open("rb+") as written:
            os.fsync(written.fileno())
    return open_database(f"sqlite:///{copy}")


def settle(engine: Engine) -> None:
    """What is written is on the disk, and tidied up as the server does by itself a minute later: while one of the two
    is measured nothing is left to do that belongs to neither.
    """
    if engine.dialect.name == "sqlite":
        with sa.create_engine(engine.url).connect() as connection:
            connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        return
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("VACUUM (ANALYZE) phone, opt_out, contact")
        connection.exec_driver_sql("CHECKPOINT")
    engine.dispose()


def _as_owner(engine: Engine, statement: str) -> None:
    owner = sa.create_engine(engine.url.set(database="postgres"), isolation_level="AUTOCOMMIT")
    with owner.connect() as connection:
        connection.exec_driver_sql(statement)
    owner.dispose()


def last_ids(engine: Engine) -> dict[str, int]:
    """The last number of each table that an import adds to."""
    with engine.connect() as connection:
        return {
            table: connection.exec_driver_sql(f"SELECT coalesce(max(id), 0) FROM {table}").scalar_one()
            for table in ("phone", "contact", "call_list")
        }


def raw_seconds(source: Engine, target: Engine, before: dict[str, int], rows: int) -> float:
    """Seconds in which the finished rows alone are stored, in as many transactions, prepared outside the clock."""
    with Session(source) as session:
        last = session.exec(select(CallList).order_by(sa.desc("id")).limit(1)).one()
        kept = last.model_dump()
    with transaction(target) as session:
        session.add(CallList(**kept))
    share = max(1, round(_count(source, before) * CHUNK / rows))
    seconds, phones, contacts, refused = 0.0, before["phone"], before["contact"], 0
    while True:
        with source.connect() as connection:
            found = [
                _rows(connection, "contact", CONTACT_COLUMNS, f"id > {contacts} ORDER BY id LIMIT {share}"),
                _rows(connection, "refused_row", REFUSED_COLUMNS, f"call_list_id = {kept['id']} AND row > {refused} "
                      f"ORDER BY row LIMIT {CHUNK - share}"),
            ]  # fmt: skip
            top = max((row[CONTACT_COLUMNS.index("phone_id")] for row in found[0]), default=phones)
            new = _rows(connection, "phone", PHONE_COLUMNS, f"id > {phones} AND id <= {top} ORDER BY id")
        if not any((*found, new)):
            return seconds
        began = time.perf_counter()
        with transaction(target) as session:
            bulk.insert(session, table_of(Phone), PHONE_COLUMNS, new)
            bulk.insert(session, table_of(Contact), CONTACT_COLUMNS, found[0])
            bulk.insert(session, table_of(RefusedRow), REFUSED_COLUMNS, found[1])
        seconds += time.perf_counter() - began
        phones, contacts = max(phones, top), contacts + len(found[0])
        refused = found[1][-1][1] if found[1] else refused


def _count(engine: Engine, before: dict[str, int]) -> int:
    with engine.connect() as connection:
        return int(
            connection.exec_driver_sql(f"SELECT count(*) FROM contact WHERE id > {before['contact']}").scalar_one()
        )


def _rows(connection: sa.Connection, table: str, columns: Sequence[str], where: str) -> list[tuple[Any, ...]]:
    asked = ", ".join('CAST("attributes" AS text)' if column == "attributes" else f'"{column}"' for column in columns)
    result = connection.exec_driver_sql(f"SELECT {asked} FROM {table} WHERE {where}")
    cursor: Any = result.cursor
    return [tuple(row) for row in cursor.fetchall()]
