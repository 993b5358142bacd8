"""Rows that a `Statement` read, as instances of their models: what a session's own query gives, at a fraction of its
cost. For the few questions that every request and every step of a call asks.
"""

from collections.abc import Callable, Collection, Sequence
from functools import cached_property, lru_cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm.attributes import instance_state
from sqlmodel import Session, SQLModel

from outbound.db import table_of

_Reader = Callable[[Any], Any]


class Instances:
    """Rows of some models side by side, each with all its columns but those that are fetched when they are wanted."""

    def __init__(self, *models: type[SQLModel], later: Collection[str] = ()) -> None:
        """`later` names columns, as `table.column`, that are too long to be read every time."""
        self._kinds = [_Kind(model, later) for model in models]
        named = [str(column) for kind in self._kinds for column in kind.columns]
        self.columns = ", ".join(named)
        """What the statement selects first; each table goes by its own name there."""
        self.width = len(named)

    def of(self, session: Session, row: Sequence[Any]) -> list[Any]:
        """The instances of a row, persistent in `session`; None where an outer join found nothing.

        What the session has already stays as it is, as with its own queries.
        """
        dialect, place, found = session.get_bind().dialect, 0, list[Any]()
        for kind in self._kinds:
            until = place + len(kind.columns)
            found.append(None if row[place] is None else kind.instance(session, row[place:until], dialect))
            place = until
        return found


class _Kind:
    """One model, and which of its columns are read at once."""

    def __init__(self, model: type[SQLModel], later: Collection[str]) -> None:
        table = table_of(model)
        self._model = model
        self.columns = tuple(column for column in table.columns if str(column) not in later)
        self._names = [column.key for column in self.columns]
        self._later = {column.key for column in table.columns if str(column) in later}
        self._is_held = getattr(model, "asked_often", False)
        assert list(table.primary_key) == [self.columns[0]], f"{table.name} has not one key in front"

    @cached_property
    def _mapper(self) -> Any:
        return sa.inspect(self._model)

    def instance(self, session: Session, row: Sequence[Any], dialect: sa.Dialect) -> Any:
        key = self._mapper.identity_key_from_primary_key((row[0],))
        held = session.identity_map.get(key)
        return self._read(session, key, row, dialect) if held is None else held

    def _read(self, session: Session, key: Any, row: Sequence[Any], dialect: sa.Dialect) -> Any:
        """What SQLAlchemy's own loading does with a row that the session does not have."""
        values = list(row)
        for place, read in _readers(self.columns, dialect):
            values[place] = read(values[place])
        instance = self._mapper.class_manager.new_instance()
        instance.__dict__.update(zip(self._names, values, strict=True))
        state = instance_state(instance)
        state.key, state.session_id = key, session.hash_key
        state.expired_attributes.update(self._later)
        session.identity_map.add(state)
        if self._is_held:
            # As `db` does for what a query loads.
            session.info.setdefault("held", {})[id(instance)] = instance
        return instance


@lru_cache(maxsize=256)
def _readers(columns: tuple[sa.Column[Any], ...], dialect: sa.Dialect) -> list[tuple[int, _Reader]]:
    """The places whose values come from the driver of an engine in another form than they go on."""
    processors = (column.type.dialect_impl(dialect).result_processor(dialect, None) for column in columns)
    return [(place, read) for place, read in enumerate(processors) if read is not None]
