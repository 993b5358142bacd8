"""Many rows at once, at the driver's own speed: values are handed over as the engine stores them."""

import gc
import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlmodel import Session

from outbound.db import UtcDateTime, is_sqlite

ItemT = TypeVar("ItemT")
MOST_VALUES = 4_000
"""In one question to SQLite, which takes some 32,000."""
_PG_TYPES: dict[type[Any], str] = {
    sa.Integer: "int4",
    sa.LargeBinary: "bytea",
    sa.Boolean: "bool",
    UtcDateTime: "timestamptz",
}


def insert(
    session: Session, table: sa.Table, columns: Sequence[str], rows: Sequence[tuple[Any, ...]], *, then: str = ""
) -> None:
    """Insert rows of `columns`; `then` is what stands behind VALUES, such as ON CONFLICT.

    SQLAlchemy would look at each value again, which takes longer than storing it: whoever calls this turns instants,
    choices and JSON into what the column holds, with `stored`. PostgreSQL takes them by COPY, where nothing follows.
    """
    if not rows:
        return
    if not is_sqlite(session) and not then:
        _copy(session, table, columns, rows)
        return
    mark = "?" if is_sqlite(session) else "%s"
    marks = ", ".join([mark] * len(columns))
    statement = f"INSERT INTO {table.name} ({_named(columns)}) VALUES ({marks}) {then}"
    session.connection().exec_driver_sql(statement, list(rows))


def _named(columns: Sequence[str]) -> str:
    # A column's name may be a word of SQL.
    return ", ".join(f'"{column}"' for column in columns)


def _copy(session: Session, table: sa.Table, columns: Sequence[str], rows: Iterable[tuple[Any, ...]]) -> None:
    kinds = [_PG_TYPES.get(type(table.c[column].type), "text") for column in columns]
    driver: Any = session.connection().connection.driver_connection
    statement = f"COPY {table.name} ({_named(columns)}) FROM STDIN (FORMAT BINARY)"
    try:
        with driver.cursor() as cursor, cursor.copy(statement) as copying:
            copying.set_types(kinds)
            for row in rows:
                copying.write_row(row)
    except driver.IntegrityError as refused:
        raise sa.exc.IntegrityError(statement, None, refused) from refused


def stored(session: Session, column: sa.Column[Any], value: Any) -> Any:
    """A value as the driver takes it for that column."""
    dialect = session.get_bind().dialect
    process = column.type.dialect_impl(dialect).bind_processor(dialect)
    return process(value) if process else value


def pairs(session: Session, before: str, values: Iterable[ItemT], *facts: Any) -> dict[ItemT, Any]:
    """What a question for two columns answers, as a mapping; `before` ends where the list of `values` follows.

    `facts` stand for the question marks in `before`.
    """
    found: dict[ItemT, Any] = {}
    connection = session.connection()
    if not is_sqlite(session):
        array = list(values)
        if array:
            asked = f"{before.replace('?', '%s').removesuffix(' IN ')} = ANY(%b)"
            found.update(_rows(connection.exec_driver_sql(asked, (*facts, array))))
        return found
    for some in parts(values):
        marks = ",".join("?" * len(some))
        found.update(_rows(connection.exec_driver_sql(f"{before}({marks})", (*facts, *some))))
    return found


def among(session: Session, column: Any, values: Iterable[int]) -> sa.ColumnElement[bool]:
    """The condition that a column is one of these numbers, as one value: thousands would each be named and bound."""
    listed = list(values)
    condition: sa.ColumnElement[bool]
    if is_sqlite(session):
        table = sa.func.json_each(json.dumps(listed)).table_valued("value")
        condition = column.in_(sa.select(table.c.value))
        return condition
    condition = column == sa.func.any(sa.cast(listed, sa.ARRAY(sa.Integer)))
    return condition


def parts(values: Iterable[ItemT]) -> Iterator[list[ItemT]]:
    """Values in lists of few different lengths, filled up with the last value.

    SQLite keeps the latest questions prepared, and each length is another one: a megabyte for thousands of values.
    """
    left = iter(values)
    while some := list(islice(left, MOST_VALUES)):
        length = MOST_VALUES
        while length // 4 >= len(some):
            length //= 4
        yield some + some[-1:] * (length - len(some))


def _rows(result: sa.CursorResult[Any]) -> Iterator[tuple[Any, Any]]:
    cursor: Any = result.cursor
    return iter(cursor.fetchall())


def next_ids(session: Session, table: sa.Table, count: int) -> list[int]:
    """So many new numbers for rows of `table`, which nobody else gets.

    On SQLite they are only safe within the writing transaction that uses them.
    """
    connection = session.connection()
    if is_sqlite(session):
        last = connection.exec_driver_sql(f"SELECT max(id) FROM {table.name}").scalar() or 0
        return list(range(last + 1, last + 1 + count))
    # The sequence's name is looked up once: in place of the subquery it would be for every number.
    sequence = f"(SELECT CAST(pg_get_serial_sequence('{table.name}', 'id') AS regclass))"
    asked = f"SELECT array_agg(number) FROM (SELECT nextval({sequence}) AS number FROM generate_series(1, %s)) AS taken"
    return connection.exec_driver_sql(asked, (count,)).scalar() or []


@contextmanager
def tidied_by_chunk() -> Iterator[None]:
    """Looking for circles of references after every few rows takes a third of the time: once after a chunk is enough,
    and what was there before need not be looked at.
    """
    tidied = gc.isenabled()
    gc.disable()
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()
        if tidied:
            gc.enable()
