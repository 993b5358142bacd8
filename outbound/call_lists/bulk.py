"""Many rows at once, at the driver's own speed: values are handed over as the engine stores them."""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session


def insert(
    session: Session, table: sa.Table, columns: Sequence[str], rows: Sequence[tuple[Any, ...]], *, then: str = ""
) -> None:
    """Insert rows of `columns`; `then` is what stands behind VALUES, such as ON CONFLICT.

    SQLAlchemy would look at each value again, which takes longer than storing it: whoever calls this turns instants,
    choices and JSON into what the column holds, with `stored`.
    """
    if not rows:
        return
    mark = "?" if session.get_bind().dialect.name == "sqlite" else "%s"
    marks = ", ".join([mark] * len(columns))
    # A column's name may be a word of SQL.
    named = ", ".join(f'"{column}"' for column in columns)
    statement = f"INSERT INTO {table.name} ({named}) VALUES ({marks}) {then}"
    session.connection().exec_driver_sql(statement, list(rows))


def stored(session: Session, column: sa.Column[Any], value: Any) -> Any:
    """A value as the driver takes it for that column."""
    dialect = session.get_bind().dialect
    process = column.type.dialect_impl(dialect).bind_processor(dialect)
    return process(value) if process else value
