"""The database: engine, transaction, column types, and locks (triggers) that hold on SQLite and PostgreSQL alike."""

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from weakref import WeakKeyDictionary

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.orm import Session as OrmSession
from sqlmodel import Session, SQLModel

from outbound.errors import Refusal
from outbound.grants import changes_only
from outbound.sqlite import BUSY_SECONDS, open_both
from outbound.turns import Turns

READING = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
"""What makes a transaction of PostgreSQL see one state and write nothing."""

SQLModel.metadata.naming_convention = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


class DatabaseOutOfReach(Refusal):
    """The database cannot be opened ({reason}); check OUTBOUND_DATABASE_URL and OUTBOUND_DATA."""

    zh = "无法打开数据库（{reason}），请检查 OUTBOUND_DATABASE_URL 和 OUTBOUND_DATA。"
    status = 503


class UtcDateTime(sa.types.TypeDecorator[datetime]):
    """An instant: aware and in UTC in Python, whatever the engine hands back."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:
        """Refuse naive datetimes: nobody knows when they are."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"an instant needs its zone: {value!r}")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:
        """SQLite forgets the zone; it is always UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def choice(of: type[StrEnum], name: str = "") -> sa.Enum:
    """A column type that holds the values of an enum, checked by the database; `name` where a table has two."""
    return sa.Enum(
        of,
        native_enum=False,
        create_constraint=True,
        name=name or of.__name__.lower(),
        values_callable=lambda members: [member.value for member in members],
        length=40,
    )


def open_database(url: str) -> Engine:
    """An engine for `url` with the settings that our promises rest on; raises DatabaseOutOfReach."""
    try:
        address = sa.make_url(url)
        if address.get_backend_name() == "sqlite":
            return _open_sqlite(address)
    except ValueError:
        raise DatabaseOutOfReach(reason="the port in its address is not a number") from None
    except (sa.exc.ArgumentError, OSError) as refused:
        raise DatabaseOutOfReach(reason=str(refused).splitlines()[0]) from None
    if address.get_backend_name() not in ("postgresql", "postgres"):
        raise DatabaseOutOfReach(reason=f"{address.get_backend_name()} is neither sqlite nor postgresql")
    address = address.set(drivername="postgresql+psycopg")
    return sa.create_engine(address, pool_size=10, max_overflow=40, pool_pre_ping=True)


def _open_sqlite(address: sa.URL) -> Engine:
    if not address.database or address.database == ":memory:":
        raise DatabaseOutOfReach(reason="a database in memory would be lost at every stop")
    engine, reader = open_both(address)
    _readers[engine] = reader
    return engine


_readers: WeakKeyDictionary[Engine, Engine] = WeakKeyDictionary()


def reader_of(engine: Engine) -> Engine:
    """The same database, each transaction of which sees one state and writes nothing."""
    if engine.dialect.name == "sqlite":
        return _readers[engine]
    return engine.execution_options(**READING)


_turns: WeakKeyDictionary[Engine, Turns] = WeakKeyDictionary()


def writing_turn(engine: Engine) -> AbstractContextManager[None]:
    """The right to write, for the length of a block; raises DatabaseBusy.

    SQLite has one writer at a time, and lets the others look again ever more seldom: threads would starve. They queue
    up here instead, first come, first served. PostgreSQL has its own queues.
    """
    if engine.dialect.name != "sqlite":
        return nullcontext()
    # One step for all threads: setdefault is not interrupted.
    return _turns.setdefault(engine, Turns(BUSY_SECONDS)).turn()


@contextmanager
def transaction(engine: Engine) -> Iterator[Session]:
    """A session whose work is committed whole at the end, or not at all; raises DatabaseBusy."""
    with writing_turn(engine), Session(engine, expire_on_commit=False) as session, session.begin():
        yield session


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """As `transaction`, without a session: for work at the driver's own speed."""
    with writing_turn(engine), engine.begin() as connection:
        yield connection


@contextmanager
def reading(engine: Engine) -> Iterator[Session]:
    """A session that sees one consistent state and cannot write; it does not wait for writers, nor they for it."""
    with Session(reader_of(engine), expire_on_commit=False) as session, session.begin():
        yield session


@event.listens_for(OrmSession, "loaded_as_persistent")
@event.listens_for(OrmSession, "pending_to_persistent")
def _hold_on(session: OrmSession, row: object) -> None:
    """Rows that everything asks for are held to the end: a session itself forgets what nobody holds."""
    if getattr(row, "asked_often", False):
        session.info.setdefault("held", {})[id(row)] = row


def apart(engine: Engine, now: datetime) -> timedelta:
    """How far `now` is from the database's own clock; nothing on SQLite, which has none of its own."""
    if engine.dialect.name == "sqlite":
        return timedelta(0)
    with engine.connect() as connection:
        theirs: datetime = connection.execute(sa.text("SELECT clock_timestamp()")).scalar_one()
    return abs(theirs - now)


def is_sqlite(session: Session) -> bool:
    """Whether the session speaks to SQLite."""
    return session.get_bind().dialect.name == "sqlite"


PLPGSQL = "LANGUAGE plpgsql SET search_path = public, pg_temp"
"""A temporary table of the same name must not be looked at in place of the real one."""

LOCKS: dict[str, dict[str, list[str]]] = {"sqlite": {}, "postgresql": {}}
"""Every trigger by engine and name, as the statements that make it; migrations and tests compare against it."""


def lock(table: sa.Table, name: str, *, sqlite: Sequence[str], postgresql: Sequence[str]) -> None:
    """Attach triggers to `table`, one promise under one `name`, created with the table on each engine."""
    for dialect, statements in (("sqlite", sqlite), ("postgresql", postgresql)):
        LOCKS[dialect][name] = [_tidy(statement) for statement in statements]
        for statement in LOCKS[dialect][name]:
            escaped = sa.DDL(statement.replace("%", "%%"))  # type: ignore[no-untyped-call]
            event.listen(SQLModel.metadata, "after_create", escaped.execute_if(dialect=dialect))


def _tidy(statement: str) -> str:
    return "\n".join(line.rstrip() for line in statement.strip().splitlines() if line.strip())


def guard(
    table: sa.Table, name: str, *, when: str, refuse_if: str, saying: str, first: str = "", postgresql_if: str = ""
) -> None:
    """A trigger that refuses a change of a row.

    `when` is e.g. `BEFORE INSERT` or `BEFORE UPDATE OF used_at`; `refuse_if` an SQL condition over NEW and OLD that
    both engines understand; `saying` the word by which the refusal is known; `first` a statement that is run before
    the condition is looked at (it raises a parent row's version, so that two at once cannot both win); `postgresql_if`
    the condition as PostgreSQL has it where instants are reckoned with.
    """
    sqlite_first = f"{first};" if first else ""
    saying = saying.replace("'", "''")
    sqlite = f"""CREATE TRIGGER {name} {when} ON {table.name} FOR EACH ROW BEGIN
    {sqlite_first}
    SELECT RAISE(ABORT, '{saying}') WHERE {refuse_if};
END"""
    theirs = postgresql_if or refuse_if
    function = f"""CREATE FUNCTION {name}() RETURNS trigger {PLPGSQL} AS $$ BEGIN
    {sqlite_first}
    IF {theirs} THEN RAISE EXCEPTION '{saying}' USING ERRCODE = 'integrity_constraint_violation'; END IF;
    IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;
    RETURN NEW;
END $$"""
    trigger = f"CREATE TRIGGER {name} {when} ON {table.name} FOR EACH ROW EXECUTE FUNCTION {name}()"
    lock(table, name, sqlite=[sqlite], postgresql=[function, trigger])


def after(table: sa.Table, name: str, *, when: str, do: Sequence[str], only_if: str = "") -> None:
    """A trigger that runs the statements `do` after a change of a row, in the same transaction."""
    body = "\n    ".join(f"{statement};" for statement in do)
    condition = f"WHEN ({only_if})" if only_if else ""
    sqlite = f"CREATE TRIGGER {name} {when} ON {table.name} FOR EACH ROW {condition} BEGIN\n    {body}\nEND"
    function = f"CREATE FUNCTION {name}() RETURNS trigger {PLPGSQL} AS $$ BEGIN\n    {body}\n    RETURN NULL;\nEND $$"
    trigger = f"CREATE TRIGGER {name} {when} ON {table.name} FOR EACH ROW {condition} EXECUTE FUNCTION {name}()"
    lock(table, name, sqlite=[sqlite], postgresql=[function, trigger])


def append_only(table: sa.Table) -> None:
    """Rows of `table` are written once: no update, no delete, no replacement, on either engine."""
    changes_only(table)
    refuse = f"SELECT RAISE(ABORT, '{table.name} is append-only')"
    sqlite = [
        f"CREATE TRIGGER {table.name}_no_{verb.lower()} BEFORE {verb} ON {table.name} BEGIN {refuse}; END"
        for verb in ("UPDATE", "DELETE")
    ]
    sqlite.append(_no_replacement(table, f"{table.name} is append-only"))
    function = (
        f"CREATE FUNCTION {table.name}_append_only() RETURNS trigger {PLPGSQL} AS $$ BEGIN "
        f"RAISE EXCEPTION '{table.name} is append-only' USING ERRCODE = 'integrity_constraint_violation'; END $$"
    )
    postgresql = [
        function,
        f"CREATE TRIGGER {table.name}_append_only BEFORE UPDATE OR DELETE ON {table.name} "
        f"FOR EACH ROW EXECUTE FUNCTION {table.name}_append_only()",
        f"CREATE TRIGGER {table.name}_no_truncate BEFORE TRUNCATE ON {table.name} "
        f"FOR EACH STATEMENT EXECUTE FUNCTION {table.name}_append_only()",
    ]
    lock(table, f"{table.name}_append_only", sqlite=sqlite, postgresql=postgresql)


def never_replaced(table: sa.Table, saying: str) -> None:
    """A row of `table` is never put in the place of another: INSERT OR REPLACE would pass every guard of a change."""
    lock(table, f"{table.name}_never_replaced", sqlite=[_no_replacement(table, saying)], postgresql=())


def _no_replacement(table: sa.Table, saying: str) -> str:
    # INSERT OR REPLACE deletes in silence where recursive_triggers is off: refuse any key that is there already.
    same_key = " OR ".join(" AND ".join(f"{name} = NEW.{name}" for name in key) for key in _keys(table))
    return (
        f"CREATE TRIGGER {table.name}_no_replace BEFORE INSERT ON {table.name} "
        f"WHEN EXISTS (SELECT 1 FROM {table.name} WHERE {same_key}) BEGIN "
        f"SELECT RAISE(ABORT, 'UNIQUE constraint failed: {saying}'); END"
    )


def _keys(table: sa.Table) -> list[list[str]]:
    """The columns of everything that is unique in `table`, the primary key among them."""
    keyed = (sa.PrimaryKeyConstraint, sa.UniqueConstraint)
    constraints = [each.columns for each in table.constraints if isinstance(each, keyed)]
    indexes = [
        each.columns for each in table.indexes if each.unique and each.dialect_options["sqlite"]["where"] is None
    ]
    return sorted([column.name for column in columns] for columns in [*constraints, *indexes])


def table_of(model: type[SQLModel]) -> sa.Table:
    """The table of a model, typed."""
    table = model.__table__  # type: ignore[attr-defined]
    assert isinstance(table, sa.Table)
    return table
