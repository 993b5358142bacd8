"""A migrated database is the models' database: columns, constraints, partial indexes and triggers, on both engines."""

from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine
from sqlmodel import SQLModel

from outbound import db, migrating
from outbound.schema import import_rooms

pytestmark = pytest.mark.owner

POSTGRESQL_QUESTIONS = {
    "columns": """SELECT table_name, column_name, data_type, character_maximum_length, is_nullable
        FROM information_schema.columns WHERE table_schema = 'public'""",
    "constraints": """SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid)
        FROM pg_constraint WHERE connamespace = 'public'::regnamespace AND contype <> 'n'""",
    "indexes": "SELECT tablename, indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'",
    "triggers": """SELECT tgrelid::regclass::text, tgname, pg_get_triggerdef(oid)
        FROM pg_trigger WHERE NOT tgisinternal""",
    "functions": "SELECT proname, prosrc FROM pg_proc WHERE pronamespace = 'public'::regnamespace",
}


def described(connection: Connection) -> dict[str, set[Any]]:
    """Everything about the schema that a migration could get wrong, but for alembic's own table."""
    if connection.dialect.name == "postgresql":
        return {
            about: {tuple(row) for row in connection.execute(sa.text(question)) if "alembic" not in str(row)}
            for about, question in POSTGRESQL_QUESTIONS.items()
        }
    rows = connection.execute(sa.text("SELECT type, name, sql FROM sqlite_master WHERE sql IS NOT NULL")).all()
    inspector = sa.inspect(connection)
    described = {
        "triggers": {(name, sql) for kind, name, sql in rows if kind == "trigger"},
        "indexes": {(name, " ".join(sql.split())) for kind, name, sql in rows if kind == "index"},
    }
    for table in inspector.get_table_names():
        if table != "alembic_version":
            described[table] = _sqlite_table(inspector, table)
    return described


def _sqlite_table(inspector: sa.Inspector, table: str) -> set[Any]:
    columns = {(c["name"], str(c["type"]), c["nullable"]) for c in inspector.get_columns(table)}
    keys = {("key", *inspector.get_pk_constraint(table)["constrained_columns"])}
    foreign = {
        (f["name"], *f["constrained_columns"], f["referred_table"], *f["referred_columns"])
        for f in inspector.get_foreign_keys(table)
    }
    unique = {(u["name"], *u["column_names"]) for u in inspector.get_unique_constraints(table)}
    checks = {(c["name"], c["sqltext"]) for c in inspector.get_check_constraints(table)}
    return columns | keys | foreign | unique | checks


@pytest.fixture
def emptied(engine: Engine, tmp_path: Path) -> Engine:
    """A database of the same engine with nothing in it."""
    if engine.dialect.name == "sqlite":
        return db.open_database(f"sqlite:///{tmp_path / 'migrated.sqlite3'}")
    with engine.begin() as connection:
        connection.exec_driver_sql("DROP SCHEMA public CASCADE")
        connection.exec_driver_sql("CREATE SCHEMA public")
    return engine


def test_a_migrated_database_equals_the_models(engine: Engine, emptied: Engine) -> None:
    import_rooms()
    migrating.upgrade(emptied)
    with emptied.connect() as connection:
        migrated = described(connection)
    if emptied is engine:
        with engine.begin() as connection:
            connection.exec_driver_sql("DROP SCHEMA public CASCADE")
            connection.exec_driver_sql("CREATE SCHEMA public")
        SQLModel.metadata.create_all(engine)
    with engine.connect() as connection:
        modelled = described(connection)
    for about in modelled:
        assert migrated[about] == modelled[about], about
    assert migrated.keys() == modelled.keys()


def test_migrating_twice_changes_nothing(emptied: Engine) -> None:
    first = migrating.upgrade(emptied)
    assert migrating.upgrade(emptied) == first


def test_the_console_refuses_a_database_that_was_never_migrated(emptied: Engine) -> None:
    with pytest.raises(migrating.NotMigrated):
        migrating.refuse_old_schema(emptied)
