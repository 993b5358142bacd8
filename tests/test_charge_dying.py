"""The charge run is killed before each of its writes in turn: nothing of it is left, and in the end all is done."""

import multiprocessing
import os
import signal
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.engine import Engine
from sqlmodel import Session

from outbound import db
from outbound.promises import billing, charges
from outbound.timetable.jobs import JOBS
from outbound.timetable.ledger import run_due
from tests.conftest import NOW, Cast
from tests.sales import Sales

LATER = NOW + timedelta(days=8)
MOST_WRITES = 60
"""More than the run of two charges makes, so that the last one goes through."""
CHARGE_RUN = tuple(job for job in JOBS if job.name == "charge_run")


def run_until(url: str, writes: int) -> None:
    """The charge run of a process that is killed before its write of that number."""
    engine, written = db.open_database(url), 0

    def count(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        nonlocal written
        written += statement.lstrip().startswith(("INSERT", "UPDATE", "DELETE", "SAVEPOINT", "RELEASE"))
        if written == writes:
            os.kill(os.getpid(), signal.SIGKILL)

    def commit(connection: Any) -> None:
        # The commit is the last write; what reads commits too.
        if written:
            count(connection, None, "INSERT")

    event.listen(engine, "before_cursor_execute", count)
    event.listen(engine, "commit", commit)
    run_due(engine, CHARGE_RUN, now=LATER)


def ended(url: str, writes: int) -> int | None:
    """How a process ended that ran the charge run up to that write."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.test_charge_dying"])
    process = context.Process(target=run_until, args=(url, writes))
    process.start()
    process.join()
    return process.exitcode


def traces(engine: Engine) -> dict[str, int]:
    """What the charge run writes, counted."""
    tables = ("ledger_entry", "period_done", "state_change", "journal_entry", "instruction", "notice")
    with engine.connect() as connection:
        return {table: connection.exec_driver_sql(f"SELECT count(*) FROM {table}").scalar() or 0 for table in tables}


def broken(engine: Engine) -> dict[str, list[Any]]:
    """Promises about charges and billing that do not hold."""
    with Session(engine) as session:
        asked = {**charges.CHECKS, **billing.CHECKS}
        rows = {name: list(session.execute(sa.text(question)).all()) for name, question in asked.items()}
    return {name: found for name, found in rows.items() if found}


@pytest.mark.slow
def test_a_charge_run_killed_before_any_of_its_writes_leaves_nothing_and_is_done_once(
    engine: Engine, cast: Cast
) -> None:
    with db.transaction(engine) as session:
        sales = Sales(session, cast, NOW)
        for _customer in range(2):
            sales.confirmed()
    url, before = engine.url.render_as_string(hide_password=False), traces(engine)
    left: list[int] = []
    while (code := ended(url, len(left) + 1)) == -signal.SIGKILL:
        found = traces(engine)
        # Later it dies at the other centre, when this one's run is committed whole.
        left.append(found["ledger_entry"])
        assert (found == before or left[-1] == 2, broken(engine)) == (True, {}), f"killed before write {len(left)}"
        assert len(left) < MOST_WRITES
    assert (code, left.count(0) >= 10, left == sorted(left)) == (0, True, True)
    after = traces(engine)
    assert (after["ledger_entry"], after["period_done"], broken(engine)) == (2, 2, {})
    assert (ended(url, MOST_WRITES), traces(engine)) == (0, after)
