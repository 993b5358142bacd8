"""Rows that a `Statement` read, as instances of their models: what a session's own query gives, at a fraction of its
cost. For the few questions that every request and every step of a call asks.
"""

from collections.abc import Callable, Collection, Sequence
from functools import lru_cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import make_transient_to_detached
from sqlmodel import Session, SQLModel

from outbound.db import table_of

_Reader = Callable[[Any], Any]


class Instances:
    """Rows of some models side by side, each with all its columns but those that are fetched when they are wanted."""

    def __init__(self, *models: type[SQLModel], later: Collection[str] = ()) -> None:
        """`later` names columns, as `table.column`, that are too long to be read every time."""
        self._models = [(model, _columns(model, later)) for model in models]
        named = [str(column) for _, columns in self._models for column in columns]
        self.columns = ", ".join(named)
        """What the statement selects first; each table goes by its own name there."""
        self.width = len(named)

    def of(self, session: Session, row: Sequence[Any]) -> list[Any]:
        """The instances of a row, persistent in `session`; None where an outer join found nothing.

        What the session has already stays as it is, as with its own queries.
        """
        dialect, place, found = session.get_bind().dialect, 0, list[Any]()
        for model, columns in self._models:
            values = row[place : place + len(columns)]
            place += len(columns)
            found.append(None if values[0] is None else _instance(session, model, columns, values, dialect))
        return found


def _columns(model: type[SQLModel], later: Collection[str]) -> tuple[sa.Column[Any], ...]:
    table = table_of(model)
    columns = tuple(column for column in table.columns if str(column) not in later)
    assert list(table.primary_key) == [columns[0]], f"{table.name} has not one key in front"
    return columns


def _instance(
    session: Session, model: type[SQLModel], columns: tuple[sa.Column[Any], ...], values: Sequence[Any], dialect: Any
) -> Any:
    mapper = sa.inspect(model)
    held = session.identity_map.get(mapper.identity_key_from_primary_key((values[0],)))
    if held is not None:
        return held
    instance = mapper.class_manager.new_instance()
    instance.__dict__.update(
        (key, value if read is None else read(value))
        for (key, read), value in zip(_readers(columns, dialect), values, strict=True)
    )
    make_transient_to_detached(instance)
    session.add(instance)
    if getattr(model, "asked_often", False):
        # As `db` does for what a query loads.
        session.info.setdefault("held", {})[id(instance)] = instance
    return instance


@lru_cache(maxsize=256)
def _readers(columns: tuple[sa.Column[Any], ...], dialect: sa.Dialect) -> list[tuple[str, _Reader | None]]:
    """How each column's values come from the driver of an engine."""
    return [(column.key, column.type.dialect_impl(dialect).result_processor(dialect, None)) for column in columns]
