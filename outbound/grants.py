"""What the application's role may do on PostgreSQL: no more than the verbs need, so that the locks hold against it too.

The tables belong to another role, under which `outbound migrate` runs. The application's role makes no tables, not even
temporary ones that would stand in front of the real ones; it empties none, and takes off no trigger.
"""

from collections.abc import Iterator

import sqlalchemy as sa
from sqlalchemy.engine import Connection
from sqlmodel import SQLModel

from outbound.errors import Refusal

REMOVED = frozenset(
    {
        "campaign_staff",
        "contact",
        "contact_number",
        "refused_row",
        "sign_in",
        "sign_in_failure",
        "staff_role",
        "staff_skill",
    }
)
"""Tables from which verbs remove rows; from all others none is ever removed."""


class RoleTooStrong(Refusal):
    """The role {role} of OUTBOUND_DATABASE_URL owns the tables or is a superuser; name another one there."""

    zh = "OUTBOUND_DATABASE_URL 中的角色 {role} 是表的所有者或超级用户，请换用另一个角色。"


def changes_only(table: sa.Table, *columns: str) -> None:
    """Of the rows of `table` only these columns change; on PostgreSQL the application has no right to the others."""
    table.info["changes"] = columns


def changes_all_but(table: sa.Table, *columns: str) -> None:
    """As `changes_only`, told by what stays as it is; the primary key always does."""
    stay = {*columns, *(column.name for column in table.primary_key)}
    changes_only(table, *(column.name for column in table.columns if column.name not in stay))


def give(connection: Connection, role: str, password: str | None) -> None:
    """Let `role` work with the tables of this database, and with nothing else; it is made where there is none.

    Raises RoleTooStrong.
    """
    quote = connection.dialect.identifier_preparer.quote
    _refuse_strong(connection, role)
    if not connection.execute(sa.text("SELECT 1 FROM pg_roles WHERE rolname = :role"), {"role": role}).first():
        secret = f" PASSWORD {_literal(password)}" if password else ""
        connection.exec_driver_sql(f"CREATE ROLE {quote(role)} LOGIN{secret}")
    database = str(connection.execute(sa.text("SELECT current_database()")).scalar_one())
    for statement in (*on_database(quote(database)), *on_tables(quote(role))):
        connection.exec_driver_sql(statement)


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''").replace("%", "%%") + "'"


def _refuse_strong(connection: Connection, role: str) -> None:
    asked = sa.text("SELECT rolsuper OR rolname = current_user FROM pg_roles WHERE rolname = :role")
    if connection.execute(asked, {"role": role}).scalar():
        raise RoleTooStrong(role=role)


def on_database(database: str) -> Iterator[str]:
    """The statements that shut a database: who works with it makes nothing in it, for however short a time."""
    yield f"REVOKE CREATE, TEMPORARY ON DATABASE {database} FROM PUBLIC"
    yield "REVOKE CREATE ON SCHEMA public FROM PUBLIC"


def on_tables(role: str) -> Iterator[str]:
    """The statements that give `role` (quoted) its rights on every table, and take every other away."""
    yield f"REVOKE ALL ON ALL TABLES IN SCHEMA public FROM {role}"
    yield f"REVOKE ALL ON SCHEMA public FROM {role}"
    yield f"GRANT USAGE ON SCHEMA public TO {role}"
    yield f"GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO {role}"
    yield f"GRANT SELECT ON ALL TABLES IN SCHEMA public TO {role}"
    for table in SQLModel.metadata.sorted_tables:
        rights = [right for right in ("INSERT", _update(table), _delete(table)) if right]
        yield f"GRANT {', '.join(rights)} ON {table.name} TO {role}"


def _update(table: sa.Table) -> str:
    """The right to change rows: all columns, those that are named, or none where rows are written once."""
    columns = table.info.get("changes")
    if columns is None:
        return "UPDATE"
    return f"UPDATE ({', '.join(columns)})" if columns else ""


def _delete(table: sa.Table) -> str:
    return "DELETE" if table.name in REMOVED else ""
