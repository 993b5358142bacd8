"""Whether the locks of `outbound.db` are there, whole and switched on: who owns a database can take them off."""

import re
from collections.abc import Iterator, Mapping

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from outbound import db

_TRIGGER = re.compile(r"CREATE TRIGGER (\w+) .*? ON (\w+)\b", re.DOTALL)
_FUNCTION = re.compile(r"CREATE FUNCTION (\w+)\(\).*?\$\$(.*)\$\$", re.DOTALL)
_SQLITE = "SELECT name, sql FROM sqlite_master WHERE type = 'trigger'"
_TRIGGERS = """SELECT t.tgname, CASE WHEN t.tgqual IS NULL THEN 'always' ELSE 'sometimes' END
    FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_proc p ON p.oid = t.tgfoid
    WHERE NOT t.tgisinternal AND t.tgenabled IN ('O', 'A') AND c.relnamespace = 'public'::regnamespace
    AND p.pronamespace = c.relnamespace AND current_setting('session_replication_role') <> 'replica'"""
_FUNCTIONS = "SELECT proname, prosrc FROM pg_proc WHERE pronamespace = 'public'::regnamespace"


def missing(connection: Connection) -> list[str]:
    """The names of the triggers and functions that are not as they were made, in order."""
    there = _there(connection)
    return [name for name, made in _wanted(connection.dialect.name) if there.get(name) != made]


def put_back(connection: Connection) -> list[str]:
    """Make those that are missing again, as the owner of the tables; their names."""
    gone = set(missing(connection))
    postgresql = connection.dialect.name == "postgresql"
    for statement in _statements(connection.dialect.name):
        name, table = _named(statement)
        if name not in gone and f"{name}()" not in gone:
            continue
        if table:
            connection.exec_driver_sql(f"DROP TRIGGER IF EXISTS {name}{f' ON {table}' if postgresql else ''}")
        again = statement.replace("CREATE FUNCTION", "CREATE OR REPLACE FUNCTION", 1)
        connection.exec_driver_sql(again.replace("%", "%%") if postgresql else again)
    return sorted(gone)


def _statements(dialect: str) -> Iterator[str]:
    for statements in db.LOCKS[dialect].values():
        yield from statements


def _wanted(dialect: str) -> Iterator[tuple[str, str]]:
    """What each lock is called, and what it must be: on PostgreSQL a function and the triggers that call it."""
    for statement in _statements(dialect):
        if dialect == "sqlite":
            yield _named(statement)[0], statement
        elif body := _FUNCTION.match(statement):
            yield f"{body[1]}()", body[2]
        else:
            yield _named(statement)[0], "sometimes" if " WHEN (" in statement else "always"


def _named(statement: str) -> tuple[str, str]:
    """The name of what a statement makes, and the table of a trigger."""
    if trigger := _TRIGGER.match(statement):
        return trigger[1], trigger[2]
    function = _FUNCTION.match(statement)
    assert function, statement
    return function[1], ""


def _there(connection: Connection) -> Mapping[str, str]:
    if connection.dialect.name == "sqlite":
        return dict(map(tuple, connection.execute(sa.text(_SQLITE))))
    functions = {f"{name}()": body for name, body in connection.execute(sa.text(_FUNCTIONS))}
    return functions | dict(map(tuple, connection.execute(sa.text(_TRIGGERS))))
