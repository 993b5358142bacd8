"""Whether everything that locks our promises is there, whole and switched on: who owns a database can take it off.

That is the triggers of `outbound.db`, and what the tables keep by themselves (`outbound.shapes`).
"""

import re
from collections.abc import Iterator, Mapping

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from outbound import db, shapes

_TRIGGER = re.compile(r"CREATE TRIGGER (\w+) .*? ON (\w+)\b", re.DOTALL)
_FUNCTION = re.compile(r"CREATE FUNCTION (\w+)\(\).*?\$\$(.*)\$\$", re.DOTALL)
_SQLITE = "SELECT name, sql FROM sqlite_master WHERE type = 'trigger'"
_TRIGGERS = """SELECT t.tgname, CASE WHEN t.tgqual IS NULL THEN 'always' ELSE 'sometimes' END
    FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_proc p ON p.oid = t.tgfoid
    WHERE NOT t.tgisinternal AND t.tgenabled IN ('O', 'A') AND c.relnamespace = 'public'::regnamespace
    AND p.pronamespace = c.relnamespace AND current_setting('session_replication_role') <> 'replica'"""
_FUNCTIONS = "SELECT proname, prosrc FROM pg_proc WHERE pronamespace = 'public'::regnamespace"
_STRANGERS = """SELECT t.tgname FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
    WHERE NOT t.tgisinternal AND c.relnamespace = 'public'::regnamespace
    UNION ALL SELECT r.rulename FROM pg_rewrite r JOIN pg_class c ON c.oid = r.ev_class
    WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r'
    UNION ALL SELECT p.polname FROM pg_policy p JOIN pg_class c ON c.oid = p.polrelid
    WHERE c.relnamespace = 'public'::regnamespace"""
"""What can change or swallow a row on its way: triggers, rules and policies."""


def missing(connection: Connection) -> list[str]:
    """The names of what is not as it was made: triggers, their functions, constraints, indexes, columns; in order."""
    dialect = connection.dialect.name
    triggers, parts = _there(connection), shapes.there(connection)
    gone = [name for name, made in _wanted(dialect) if triggers.get(name) != made]
    return gone + [name for name, shape in shapes.wanted(dialect).items() if parts.get(name) != shape]


def strange(connection: Connection) -> list[str]:
    """The names of triggers, rules and policies that we did not make: each can swallow a row that a promise needs."""
    asked = _SQLITE if connection.dialect.name == "sqlite" else _STRANGERS
    ours = {name for name, _made in _wanted(connection.dialect.name)}
    return sorted({str(row[0]) for row in connection.execute(sa.text(asked))} - ours)


def put_back(connection: Connection) -> list[str]:
    """Make what is missing again, as the owner of the tables; the names of what is there again.

    What the rows no longer allow stays missing, as does what stood in a column that was dropped; on SQLite also what is
    written into a table.
    """
    gone = missing(connection)
    for statement in _statements(connection.dialect.name):
        name, table = _named(statement)
        if name in gone or f"{name}()" in gone:
            _trigger_again(connection, statement, name, table)
    # A foreign key needs the key to which it points.
    for name in sorted(gone, key=lambda each: each.startswith("fk_")):
        _part_again(connection, name)
    return sorted(set(gone) - set(missing(connection)))


def _trigger_again(connection: Connection, statement: str, name: str, table: str) -> None:
    postgresql = connection.dialect.name == "postgresql"
    if table:
        connection.exec_driver_sql(f"DROP TRIGGER IF EXISTS {name}{f' ON {table}' if postgresql else ''}")
    again = statement.replace("CREATE FUNCTION", "CREATE OR REPLACE FUNCTION", 1)
    connection.exec_driver_sql(again.replace("%", "%%") if postgresql else again)


def _part_again(connection: Connection, name: str) -> None:
    for statements in shapes.making(name, connection.dialect.name):
        try:
            with connection.begin_nested():
                for statement in statements:
                    connection.execute(statement)
        except sa.exc.DBAPIError:
            # Rows have come in that it forbids: who asks what is missing is told so.
            continue


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
