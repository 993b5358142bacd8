"""The hand-out as it is usually written: each agent alone takes the first by priority, with one `UPDATE … RETURNING`.

It does the same work as the real one and leaves the same rows behind: the contact in hand goes back to rest, the next
one is moved to the end of its lease, and a claim is written down. It has the index that suits it, instead of ours.
"""

import sqlite3
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import sqlalchemy as sa
from sqlalchemy.engine import Engine

from outbound.dialing.handing import PUT_BACK_FOR
from outbound.sqlite import PRAGMAS

LEASE = timedelta(minutes=10)
_PREPARED = (
    "DROP INDEX ix_contact_due",
    """CREATE INDEX ix_naive ON contact (campaign_id, callback DESC, priority DESC, due_at, id)
    WHERE state = 'queued'""",
    "ANALYZE contact",
)
_REST = """UPDATE contact SET due_at = :rest
    WHERE id = (SELECT contact_id FROM claim WHERE agent_id = :agent AND ended_at IS NULL)"""
_END = "UPDATE claim SET ended_at = :now, ended_how = 'put_back' WHERE agent_id = :agent AND ended_at IS NULL"
_TAKE = """UPDATE contact SET due_at = :lease, epoch = epoch + 1 WHERE id = (
    SELECT id FROM contact WHERE campaign_id = 1 AND state = 'queued' AND due_at <= :now AND zone_group_id = :zones
    ORDER BY callback DESC, priority DESC, due_at, id LIMIT 1{lock}) RETURNING id, phone_id, epoch"""
_CLAIM = """INSERT INTO claim (centre_id, campaign_id, contact_id, phone_id, agent_id, duty, epoch, why_now, claimed_at,
    lease_until, was_due_at) {row} RETURNING id"""
_ROW = "1, 1, {contact}, {phone}, {agent}, 'pitch', {epoch}, 'pitch', {now}, {lease}, {now}"


def prepare(engine: Engine) -> None:
    """Give it the index that suits it, and take away ours, which it would have to keep up in vain."""
    with engine.begin() as connection:
        for statement in _PREPARED:
            connection.exec_driver_sql(statement)


def claimer(engine: Engine, zones: int, agent: int) -> Callable[[], bool]:
    """A claim over a connection of its own, durable when it returns; False where nobody was left."""
    if engine.dialect.name == "sqlite":
        return _sqlite_claimer(str(engine.url.database), zones, agent)
    return _postgresql_claimer(engine.url, zones, agent)


def _values(zones: int, agent: int, stored: Callable[[datetime], Any]) -> dict[str, Any]:
    now = datetime.now(UTC)
    instants = {"now": stored(now), "rest": stored(now + PUT_BACK_FOR), "lease": stored(now + LEASE)}
    return {"zones": zones, "agent": agent, **instants}


def _sqlite_claimer(file: str, zones: int, agent: int) -> Callable[[], bool]:
    connection: list[sqlite3.Connection] = []
    named = {name: f":{name}" for name in ("contact", "phone", "agent", "epoch", "now", "lease")}
    claimed = _CLAIM.format(row=f"VALUES ({_ROW.format(**named)})")

    def claim() -> bool:
        if not connection:
            connection.append(sqlite3.connect(file, isolation_level=None, check_same_thread=False))
            for pragma in PRAGMAS:
                connection[0].execute(pragma)
        given = _values(zones, agent, lambda at: at.replace(tzinfo=None).isoformat(" ", "microseconds"))
        ask = connection[0].execute
        ask("BEGIN IMMEDIATE")
        for statement in (_REST, _END):
            ask(statement, given)
        taken = ask(_TAKE.format(lock=""), given).fetchone()
        if taken:
            contact, phone, epoch = taken
            ask(claimed, {**given, "contact": contact, "phone": phone, "epoch": epoch})
        ask("COMMIT")
        return taken is not None

    return claim


def _postgresql_claimer(url: sa.URL, zones: int, agent: int) -> Callable[[], bool]:
    address = url.set(drivername="postgresql").render_as_string(hide_password=False)
    connection = psycopg.connect(address, autocommit=True)
    row = _ROW.format(
        contact="t.id", phone="t.phone_id", agent="CAST(:agent AS integer)", epoch="t.epoch", now=":now", lease=":lease"
    )
    row = row.replace(":now", "CAST(:now AS timestamptz)").replace(":lease", "CAST(:lease AS timestamptz)")
    taken = f"WITH t AS ({_TAKE.format(lock=' FOR UPDATE SKIP LOCKED')}) {_CLAIM.format(row=f'SELECT {row} FROM t')}"
    rest, end, take = (_in_psycopg(statement) for statement in (_REST, _END, taken))

    def claim() -> bool:
        given = _values(zones, agent, lambda at: at)
        # Everything is sent at once, so that the peer waits for its commit alone.
        with connection.pipeline(), connection.transaction():
            connection.execute(rest, given)
            connection.execute(end, given)
            cursor = connection.execute(take, given)
        return cursor.fetchone() is not None

    return claim


def _in_psycopg(statement: str) -> str:
    for name in ("now", "rest", "lease", "zones", "agent"):
        statement = statement.replace(f":{name}", f"%({name})s")
    return statement
