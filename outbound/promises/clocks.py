"""Instants that cannot be: rows of the time to come, charges before their day, and charges dated back.

The database does not hold instants against its own clock: every verb is given its time, so that a stop is caught up
and a past is told as it was. Who forges one is found here, and the order of the journal is what gives it away.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from outbound import clock
from outbound.db import UtcDateTime, is_sqlite

Found = tuple[str, Mapping[str, Any]]
"""The promise that is broken, and the row at which."""
TOLERANCE = timedelta(minutes=5)
"""So far may the clocks of hosts go apart."""
DATED = {
    "ledger_entry": "at",
    "instruction": "made_at",
    "instruction_batch": "at",
    "confirmation": "at",
    "confirmation_void": "at",
    "withdrawal": "at",
    "charge_hold": "at",
    "reply": "at",
    "journal_entry": "at",
}
"""What money rests on, and the column that says when."""
_DATED_BACK = """SELECT sequence, chain, subject_id FROM (SELECT chain, sequence, action, subject_id, at,
    max(at) OVER (PARTITION BY chain ORDER BY sequence ROWS UNBOUNDED PRECEDING) AS latest FROM journal_entry) j
    WHERE action IN ('subscription.charge', 'subscription.reversed') AND {behind}"""
_BEHIND = {
    # What stands behind the second may be written so that julianday() knows no answer.
    "sqlite": "coalesce(julianday(substr(latest, 1, 19)) - julianday(substr(at, 1, 19)), 2) > 1",
    "postgresql": "latest - at > interval '1 day'",
}
"""A day is what a clock that was set right may take back; the money of another day it is not."""


def check(session: Session, now: datetime) -> Iterator[Found]:
    """Every row of these whose instant cannot be, `now` being the present."""
    for table, column in DATED.items():
        key = "confirmation_id" if table == "confirmation_void" else "subscription_id"
        number = key if table in ("confirmation_void", "withdrawal") else "id"
        asked = sa.text(f"SELECT {number} FROM {table} WHERE {column} > :last").bindparams(
            sa.bindparam("last", now + TOLERANCE, type_=UtcDateTime)
        )
        for found in session.execute(asked.execution_options(yield_per=1000)).scalars():
            yield "dated_in_the_future", {"table": table, "id": found}
    yield from (("charge_before_its_cycle", row) for row in _early(session))
    behind = _BEHIND["sqlite" if is_sqlite(session) else "postgresql"]
    for row in session.execute(sa.text(_DATED_BACK.format(behind=behind))).mappings():
        yield "charge_dated_back", dict(row)


def _early(session: Session) -> Iterator[Mapping[str, Any]]:
    """Charges before the day on which their cycle begins at their centre; those of a run are looked at together."""
    asked = sa.text("""SELECT DISTINCT e.centre_id, z.zone, e.at, e.cycle FROM ledger_entry e
        JOIN centre z ON z.id = e.centre_id WHERE e.kind = 'charge'""").columns(
        sa.column("centre_id", sa.Integer),
        sa.column("zone", sa.String),
        sa.column("at", UtcDateTime),
        sa.column("cycle", sa.String),
    )
    for centre, zone, at, cycle in session.execute(asked.execution_options(yield_per=1000)):
        if clock.local_day(at, zone).isoformat() < cycle:
            yield {"centre_id": centre, "at": at, "cycle": cycle}
