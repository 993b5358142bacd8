"""SQLite as our promises need it: one writer at a time, readers beside it, and nothing lost that was acknowledged."""

import sqlite3
import time
from functools import partial
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.engine import Connection, Engine

BUSY_SECONDS = 20
PRAGMAS = (
    f"PRAGMA busy_timeout={BUSY_SECONDS * 1000}",
    "PRAGMA journal_mode=WAL",
    "PRAGMA synchronous=FULL",
    "PRAGMA foreign_keys=ON",
    "PRAGMA recursive_triggers=ON",
)


def open_both(address: sa.URL) -> tuple[Engine, Engine]:
    """An engine that writes, and one for the same file that only reads; raises OSError where there is no such place.

    The reader has connections of its own: to forbid one its writes and allow them again makes SQLite forget every plan.
    """
    Path(address.database or "").parent.mkdir(parents=True, exist_ok=True)
    engine, reader = (sa.create_engine(address, pool_size=20, max_overflow=40) for _ in range(2))
    for each, begin in ((engine, "BEGIN IMMEDIATE"), (reader, "BEGIN")):
        event.listen(each, "connect", _prepare)
        event.listen(each, "begin", partial(_begin, begin))
    event.listen(reader, "connect", _only_read)
    event.listen(engine, "engine_disposed", lambda _engine: reader.dispose())
    return engine, reader


def _only_read(connection: Any, _record: object) -> None:
    connection.execute("PRAGMA query_only=ON")


def _prepare(connection: Any, _record: object) -> None:
    # With the driver's own BEGIN, reads start a snapshot that a later write cannot leave: updates are lost in silence.
    connection.isolation_level = None
    for pragma in PRAGMAS:
        _ask_until_free(connection, pragma)


def _ask_until_free(connection: Any, pragma: str) -> None:
    # SQLite refuses at once, without its own waiting, where two connections change a fresh file to WAL together.
    give_up_at = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            connection.execute(pragma)
        except sqlite3.OperationalError:
            if time.monotonic() > give_up_at:
                raise
            time.sleep(0.01)
        else:
            return


def _begin(begin: str, connection: Connection) -> None:
    # Straight to the driver: what lies above it costs more than the statement, several times in a request.
    try:
        connection.connection.driver_connection.execute(begin)  # type: ignore[union-attr]
    except sqlite3.Error as failed:
        raise sa.exc.DBAPIError.instance(begin, None, failed, sqlite3.Error, dialect=connection.dialect) from failed
