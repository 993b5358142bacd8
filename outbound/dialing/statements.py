"""SQL for both engines in one text, at the driver's own speed: sets of rows go in as JSON, one statement for many.

In a text `{name}` stands for such a set, `:name` for one value. Instants are handed over and come back as they are
stored; `Book.at` and `Book.instant` turn them.
"""

import json
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy.engine import Connection

_VALUE = re.compile(r"(?<![:\w]):([a-z_]+)")


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
        self.saw_locked = False
        """Whether somebody who was wanted is in the hands of another transaction just now."""

    def ask(self, statement: Statement, **values: Any) -> Sequence[Any]:
        """The rows that a statement answers with; lists are sets of rows, each a sequence of values."""
        text = statement.sqlite if self.sqlite else statement.postgresql
        return self.connection.exec_driver_sql(text, self._given(values)).all()

    def do(self, statement: Statement, **values: Any) -> int:
        """The number of rows that a statement changed."""
        text = statement.sqlite if self.sqlite else statement.postgresql
        return self.connection.exec_driver_sql(text, self._given(values)).rowcount

    def _given(self, values: dict[str, Any]) -> dict[str, Any]:
        return {
            name: json.dumps(value, default=str) if isinstance(value, list) else self.at(value)
            for name, value in values.items()
        }

    def at(self, value: Any) -> Any:
        """An instant as it is stored; anything else as it is."""
        if not isinstance(value, datetime):
            return value
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None).isoformat(" ", "microseconds") if self.sqlite else value.isoformat()

    def instant(self, stored: Any) -> datetime:
        """An instant as rules want it."""
        return datetime.fromisoformat(stored).replace(tzinfo=UTC) if self.sqlite else stored.astimezone(UTC)
