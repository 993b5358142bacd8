"""The hand-out as it is usually written: one statement that takes the first by priority, for each agent alone."""

import sqlite3
from collections.abc import Callable
from datetime import UTC, datetime

import psycopg
import sqlalchemy as sa
from sqlalchemy.engine import Engine

from outbound.db import SQLITE_PRAGMAS

_INDEX = """CREATE INDEX ix_naive ON contact (campaign_id, callback DESC, priority DESC, due_at, id)
    WHERE state = 'queued'"""
_CLAIM = """UPDATE contact SET state = 'closed', closed_why = 'naive', epoch = epoch + 1 WHERE id = (
    SELECT id FROM contact WHERE campaign_id = 1 AND state = 'queued' AND due_at <= {now} AND zone_group_id = {zones}
    ORDER BY callback DESC, priority DESC, due_at, id LIMIT 1{lock}) RETURNING id"""


def prepare(engine: Engine) -> None:
    """Give it the index that suits it."""
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql(_INDEX)
        connection.exec_driver_sql("ANALYZE contact")


def clear_away(engine: Engine) -> None:
    """Take its index away, and put back whom it took."""
    with engine.begin() as connection:
        connection.exec_driver_sql("DROP INDEX ix_naive")
        taken = "UPDATE contact SET state = 'queued', closed_why = '' WHERE state = 'closed' AND closed_why = 'naive'"
        connection.exec_driver_sql(taken)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        if engine.dialect.name == "postgresql":
            connection.exec_driver_sql("VACUUM contact")


def claimer(engine: Engine, zones: int) -> Callable[[], bool]:
    """A claim over a connection of its own, durable when it returns; False where nobody was left."""
    if engine.dialect.name == "sqlite":
        return _sqlite_claimer(str(engine.url.database), zones)
    return _postgresql_claimer(engine.url, zones)


def _sqlite_claimer(file: str, zones: int) -> Callable[[], bool]:
    connection: list[sqlite3.Connection] = []
    statement = _CLAIM.format(now=":now", zones=":zones", lock="")

    def claim() -> bool:
        if not connection:
            connection.append(sqlite3.connect(file, isolation_level=None, check_same_thread=False))
            for pragma in SQLITE_PRAGMAS:
                connection[0].execute(pragma)
        now = datetime.now(UTC).replace(tzinfo=None).isoformat(" ", "microseconds")
        return bool(connection[0].execute(statement, {"now": now, "zones": zones}).fetchall())

    return claim


def _postgresql_claimer(url: sa.URL, zones: int) -> Callable[[], bool]:
    address = url.set(drivername="postgresql").render_as_string(hide_password=False)
    connection = psycopg.connect(address, autocommit=True)
    statement = _CLAIM.format(now="%(now)s", zones="%(zones)s", lock=" FOR UPDATE SKIP LOCKED")

    def claim() -> bool:
        return bool(connection.execute(statement, {"now": datetime.now(UTC), "zones": zones}).fetchall())

    return claim
