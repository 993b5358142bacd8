"""SQL for both engines in one text, at the driver's own speed: sets of rows go in as JSON, one statement for many.

In a text `{name}` stands for such a set, `:name` for one value. Instants are handed over and come back as they are
stored; `Book.at` and `Book.instant` turn them.
"""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Self

import sqlalchemy as sa
from sqlalchemy.engine import Connection
from sqlmodel import Session

_VALUE = re.compile(r"(?<![:\w]):([a-z_]+)")
_rows = json.JSONEncoder(default=str, separators=(",", ":")).encode


class Statement:
    """A statement in the words of each engine."""

    def __init__(self, text: str, *, only: dict[str, dict[str, str]] | None = None, **sets: dict[str, str]) -> None:
        """`sets` names the columns and types of each set of rows; `only` gives the words in which engines differ."""
        words = only or {}
        self.sqlite = text.format_map(
            {name: _sqlite_rows(name, columns) for name, columns in sets.items()} | _of("sqlite", words)
        )
        postgresql = text.format_map(
            {name: _postgresql_rows(name, columns) for name, columns in sets.items()} | _of("postgresql", words)
        )
        self.postgresql = _VALUE.sub(r"%(\1)s", postgresql)

    def of(self, **values: Any) -> "Question":
        """The statement with its values; lists are sets of rows, each a sequence of values."""
        return Question(self, values)


@dataclass(frozen=True, slots=True)
class Question:
    """A statement that is to be run with these values."""

    statement: Statement
    values: dict[str, Any]


def _of(engine: str, words: dict[str, dict[str, str]]) -> dict[str, str]:
    return {name: texts[engine] for name, texts in words.items()}


def _sqlite_rows(name: str, columns: dict[str, str]) -> str:
    picked = ", ".join(f"value ->> {place} AS {column}" for place, column in enumerate(columns))
    return f"(SELECT {picked} FROM json_each(:{name}))"


def _postgresql_rows(name: str, columns: dict[str, str]) -> str:
    picked = ", ".join(
        f"CAST(value ->> {at} AS {kind}) AS {column}" for at, (column, kind) in enumerate(columns.items())
    )
    return f"(SELECT {picked} FROM jsonb_array_elements(CAST(:{name} AS jsonb)) AS each_of(value))"


class Book:
    """The database of one transaction, asked with statements."""

    def __init__(self, connection: Connection) -> None:
        """Ask over `connection`; its owner commits."""
        self.connection = connection
        self.sqlite = connection.dialect.name == "sqlite"
        # A hand-out is a dozen statements: what lies above the driver would cost as much as some of them.
        self._raw: Any = connection.connection.driver_connection
        self._error = connection.dialect.loaded_dbapi.Error
        self.saw_locked = False
        """Whether somebody who was wanted is in the hands of another transaction just now."""

    @classmethod
    def of(cls, session: Session) -> Self:
        """The database of a session's transaction, with all that the session has changed so far."""
        session.flush()
        # Every request asks a dozen times: a session looks long for the connection that it has.
        held: Self | None = session.info.get("book")
        if held is None or held.connection.closed or not (session.in_transaction() and session.is_active):
            held = session.info["book"] = cls(session.connection())
        return held

    def ask(self, statement: Statement, **values: Any) -> Sequence[Any]:
        """The rows that a statement answers with; lists are sets of rows, each a sequence of values."""
        try:
            rows: list[Any] = self._run(statement, values).fetchall()
        except self._error as failed:
            raise self._told(failed) from failed
        return rows

    def do(self, statement: Statement, **values: Any) -> int:
        """The number of rows that a statement changed."""
        try:
            return int(self._run(statement, values).rowcount)
        except self._error as failed:
            raise self._told(failed) from failed

    def ask_together(self, *questions: Question) -> list[Sequence[Any]]:
        """The rows of each, run one after the other; PostgreSQL is sent all of them before it answers the first."""
        try:
            if self.sqlite:
                return [self._run(each.statement, each.values).fetchall() for each in questions]
            with self._raw.pipeline():
                asked = [self._run(each.statement, each.values) for each in questions]
            return [cursor.fetchall() if cursor.description else [] for cursor in asked]
        except self._error as failed:
            raise self._told(failed) from failed

    def _run(self, statement: Statement, values: dict[str, Any]) -> Any:
        given = {name: _rows(value) if isinstance(value, list) else self.at(value) for name, value in values.items()}
        return self._raw.execute(statement.sqlite if self.sqlite else statement.postgresql, given)

    def _told(self, failed: Exception) -> Exception:
        """What the driver says, in the words in which everything else is told."""
        dialect = self.connection.dialect
        return sa.exc.DBAPIError.instance(None, None, failed, self._error, dialect=dialect)

    def at(self, value: Any) -> Any:
        """An instant as it is stored; anything else as it is."""
        if not isinstance(value, datetime):
            return value
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None).isoformat(" ", "microseconds") if self.sqlite else value.isoformat()

    def instant(self, stored: Any) -> datetime:
        """An instant as rules want it."""
        return datetime.fromisoformat(stored).replace(tzinfo=UTC) if self.sqlite else stored.astimezone(UTC)
