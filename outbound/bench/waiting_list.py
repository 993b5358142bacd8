"""A list of millions of finished rows, written by the database itself: to measure what comes after an import."""

import os
import sqlite3
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy.engine import Engine

AT_ONCE = 500_000
_SKEW = 7919
"""A prime, so that neighbours on the list are due at different times."""


@dataclass(frozen=True)
class Waiting:
    """What the list holds; `hostile`: half of it in closed zones, the two highest of five priorities not yet due."""

    contacts: int
    hostile: bool
    open_zones: int
    """The group of time zones whose hours it is."""
    closed_zones: int
    """The other one."""
    sealed: bytes = bytes(40)
    """Everybody's number, encrypted: one for all, since nobody is really rung."""
    digest: bytes = bytes(16)
    """What the first one is found by: a server looks whether its key opens it."""


def fill(engine: Engine, waiting: Waiting, *, now: datetime) -> None:
    """Put everybody on list 1 of campaign 1 of centre 1. Indexes are built afterwards, which is far quicker."""
    (_fill_sqlite if engine.dialect.name == "sqlite" else _fill_postgresql)(engine, waiting, now)


_COLUMNS = """(id, centre_id, campaign_id, call_list_id, phone_id, zone_group_id, name, attributes, state, duty,
    priority, due_at, callback, attempts, epoch, closed_why)"""
_PERSON = """i, 1, 1, 1, i, CASE WHEN {hostile} AND i % 2 = 1 THEN {closed} ELSE {open} END, '王秀英',
    '{{"地市": "福州", "套餐": "畅享58"}}', 'queued', 'pitch', (i / 2) % 5, {due}, {no}, 0, 0, ''"""


def _person(waiting: Waiting, *, due: str, no: str) -> str:
    return _PERSON.format(
        hostile="1 = 1" if waiting.hostile else "1 = 0",
        closed=waiting.closed_zones,
        open=waiting.open_zones,
        due=due,
        no=no,
    )


def _later(waiting: Waiting, late: str, early: str) -> str:
    return f"CASE WHEN (i / 2) % 5 >= 3 THEN {late} ELSE {early} END" if waiting.hostile else early


_QUICK = (
    "PRAGMA foreign_keys=OFF",
    "PRAGMA synchronous=OFF",
    "PRAGMA journal_mode=OFF",
    "PRAGMA cache_size=-500000",
    "PRAGMA threads=2",
)
"""Nothing of it must survive a crash: a database that is half filled is thrown away."""


def _fill_sqlite(engine: Engine, waiting: Waiting, now: datetime) -> None:
    engine.dispose()
    file = sqlite3.connect(str(engine.url.database), isolation_level=None)
    for pragma in _QUICK:
        file.execute(pragma)
    named = "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND tbl_name = 'contact' AND sql IS NOT NULL"
    indexes = file.execute(named).fetchall()
    for name, _ in indexes:
        file.execute(f"DROP INDEX {name}")
    here = now.replace(tzinfo=None).isoformat(" ", "seconds")
    early = f"strftime('%Y-%m-%d %H:%M:%S.000000', :now, '-' || (1 + i * {_SKEW} % 100000) || ' seconds')"
    person = _person(
        waiting, due=_later(waiting, "strftime('%Y-%m-%d %H:%M:%S.000000', :now, '+1 day')", early), no="0"
    )
    rows = "WITH RECURSIVE n(i) AS (SELECT :begin UNION ALL SELECT i + 1 FROM n WHERE i < :last)"
    for begin in range(1, waiting.contacts + 1, AT_ONCE):
        given = {"begin": begin, "last": min(begin + AT_ONCE - 1, waiting.contacts), "now": here}
        file.execute(
            f"""{rows} INSERT INTO phone (id, digest, sealed, region, zones, version, added_at)
            SELECT i, CASE i WHEN 1 THEN x'{waiting.digest.hex()}' ELSE CAST(printf('%016d', i) AS BLOB) END,
            x'{waiting.sealed.hex()}', 'CN', 'Asia/Shanghai', 0,
            :now || '.000000' FROM n""",
            given,
        )
        file.execute(f"{rows} INSERT INTO contact {_COLUMNS} SELECT {person} FROM n", given)
    for _, made in indexes:
        file.execute(made)
    file.execute("PRAGMA journal_mode=WAL")
    file.close()
    # As after a real import: or else the first checkpoint that is measured would wait until all of this is on the disk.
    with Path(str(engine.url.database)).open("rb+") as written:
        os.fsync(written.fileno())


def _fill_postgresql(engine: Engine, waiting: Waiting, now: datetime) -> None:
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("SET session_replication_role = replica")
        named = """SELECT indexname, indexdef FROM pg_indexes WHERE tablename = 'contact' AND indexname LIKE 'ix_%%'"""
        indexes = connection.exec_driver_sql(named).all()
        for name, _ in indexes:
            connection.exec_driver_sql(f"DROP INDEX {name}")
        here = f"CAST('{now.isoformat()}' AS timestamptz)"
        early = f"{here} - make_interval(secs => 1 + i::bigint * {_SKEW} %% 100000)"
        person = _person(waiting, due=_later(waiting, f"{here} + interval '1 day'", early), no="false")
        person = person.replace("i % 2", "i %% 2").replace(") % 5", ") %% 5")
        n = f"generate_series(1, {waiting.contacts}) AS n(i)"
        connection.exec_driver_sql(
            f"""INSERT INTO phone (id, digest, sealed, region, zones, version, added_at)
            SELECT i, CASE i WHEN 1 THEN decode('{waiting.digest.hex()}', 'hex')
                ELSE CAST(lpad(CAST(i AS text), 16, '0') AS bytea) END, decode('{waiting.sealed.hex()}', 'hex'), 'CN',
            'Asia/Shanghai', 0, {here} FROM {n}"""
        )
        connection.exec_driver_sql(f"INSERT INTO contact {_COLUMNS} SELECT {person} FROM {n}")
        for _, made in indexes:
            connection.exec_driver_sql(made)
        for table in ("phone", "contact"):
            connection.exec_driver_sql(f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), {waiting.contacts})")
        connection.exec_driver_sql("SET session_replication_role = DEFAULT")
        connection.exec_driver_sql("VACUUM ANALYZE")
        connection.exec_driver_sql("CHECKPOINT")
