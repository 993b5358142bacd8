"""The promises, derived again from the stored rows without the verbs that wrote them.

Questions over whole tables are one statement each, so that ten million rows take minutes; the journal passes once, in a
stream. What each name means stands in docs/evidence.md.
"""

from collections.abc import Callable, Iterator
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from outbound import locks
from outbound.promises import batches, billing, calls, charges, clocks, documents, past, sales

MOST_ROWS = 1000
"""Offending rows that are told of each promise: who has more needs no longer list."""

STATEMENTS: dict[str, str] = {
    **charges.CHECKS,
    **sales.CHECKS,
    **calls.CHECKS,
    **billing.CHECKS,
    **batches.CHECKS,
}
"""Every promise that one statement can ask for: its name, and the rows at which it does not hold."""


def broken_promises(
    session: Session,
    *,
    data: Path | None = None,
    now: datetime | None = None,
    told: Callable[[str], None] = lambda _step: None,
) -> list[dict[str, Any]]:
    """Every stored row at which a promise does not hold: the promise, and the row's columns; empty where all hold.

    With `data` the journal is also held against the anchors kept there, and the files of batches are opened with its
    keys; with `now` instants are held against the present. `told` hears of each step.
    """
    found = [*_of_rows(session, told), *_of_files(session, data, told)]
    if now:
        told("clocks")
        found += ({"promise": promise, **row} for promise, row in islice(clocks.check(session, now), MOST_ROWS))
    told("journal")
    return found + [{"promise": promise, **row} for promise, row in past.check(session, data, told)]


def _of_rows(session: Session, told: Callable[[str], None]) -> Iterator[dict[str, Any]]:
    count = len(STATEMENTS) + len(documents.CHECKS)
    for number, (promise, question) in enumerate(STATEMENTS.items(), start=1):
        told(f"{number}/{count} {promise}")
        rows = session.execute(sa.text(question).execution_options(yield_per=MOST_ROWS)).mappings()
        yield from ({"promise": promise, **row} for row in islice(rows, MOST_ROWS))
    for number, (promise, derive) in enumerate(documents.CHECKS.items(), start=len(STATEMENTS) + 1):
        told(f"{number}/{count} {promise}")
        yield from ({"promise": promise, **row} for row in islice(derive(session), MOST_ROWS))


def _of_files(session: Session, data: Path | None, told: Callable[[str], None]) -> Iterator[dict[str, Any]]:
    told("batches" if data and batches.keys_in(data) else "batches; there are no keys to open their files")
    yield from ({"promise": promise, **row} for promise, row in islice(batches.check(session, data), MOST_ROWS))
    told("locks")
    yield from ({"promise": "lock_missing", "lock": name} for name in locks.missing(session.connection()))
    yield from ({"promise": "lock_strange", "name": name} for name in locks.strange(session.connection()))
