"""Triggers as each migration put them on, in plain SQL; statements end with a line `;;`."""

from importlib.resources import files

from sqlalchemy.engine import Connection


def put_on(connection: Connection, migration: str) -> None:
    """Run the statements that a migration has for the engine of `connection`."""
    text = files("migrations.locks").joinpath(f"{migration}_{connection.dialect.name}.sql").read_text("utf-8")
    for statement in text.split("\n;;\n"):
        connection.exec_driver_sql(
            statement.replace("%", "%%") if connection.dialect.name == "postgresql" else statement
        )
