"""Two transactions, statement by statement, in every order in which they can meet: nothing is left to chance."""

import select
import shutil
import sqlite3
from collections.abc import Iterator, Sequence
from itertools import combinations
from pathlib import Path
from typing import Protocol

import psycopg
from psycopg.pq import ExecStatus

BLOCKED_AFTER = 0.002
"""Seconds after which the server is asked whether a statement waits for another transaction."""


def orders(first: int, second: int) -> Iterator[tuple[int, ...]]:
    """Every order of `first` steps of transaction 0 and `second` steps of transaction 1."""
    for places in combinations(range(first + second), first):
        yield tuple(0 if place in places else 1 for place in range(first + second))


class Lane(Protocol):
    """A transaction that takes its steps one at a time."""

    answers: list[str | None]
    failed: bool

    def take(self) -> bool:
        """Take the next step; False where it waits for another transaction, or there is none left."""
        ...

    def close(self) -> None: ...


def meet(lanes: Sequence[Lane], order: Sequence[int]) -> None:
    """Let the lanes take their steps in that order; who waits goes on as soon as it can."""
    for place in order:
        lanes[place].take()
    moved = True
    while moved:
        took = [lane.take() for lane in lanes]
        moved = any(took)


class PostgresLane:
    """A connection to PostgreSQL that sends a statement without waiting for its answer."""

    def __init__(self, connection: psycopg.Connection, steps: Sequence[str], watcher: psycopg.Connection) -> None:
        """`watcher` asks the server who waits; both commit by themselves."""
        self._server, self._watcher = connection.pgconn, watcher
        self._left, self._waiting = list(steps), False
        self.answers: list[str | None] = []
        self.failed = False

    def take(self) -> bool:
        """The next statement, or the rest of the one that waited."""
        if not self._waiting:
            if not self._left or self.failed:
                return False
            self._server.send_query(self._left.pop(0).encode())
            self._waiting = True
        while not self._answered():
            if self._is_blocked():
                return False
        self._waiting = False
        self._read()
        return True

    def _answered(self) -> bool:
        if select.select([self._server.socket], [], [], BLOCKED_AFTER)[0]:
            self._server.consume_input()
            return not self._server.is_busy()
        return False

    def _is_blocked(self) -> bool:
        asked = "SELECT cardinality(pg_blocking_pids(%s)) > 0"
        found = self._watcher.execute(asked, (self._server.backend_pid,)).fetchone()
        return bool(found and found[0])

    def _read(self) -> None:
        while result := self._server.get_result():
            if result.status == ExecStatus.FATAL_ERROR:
                self.failed = True
                break
            if result.ntuples:
                value = result.get_value(0, 0)
                self.answers.append(value.decode() if value is not None else None)
        if self.failed:
            while self._server.get_result():
                pass
            # Until then it holds what others wait for.
            self._server.exec_(b"ROLLBACK")

    def close(self) -> None:
        """Nothing to do: the connection is used again."""


class SqliteLane:
    """A careless connection to SQLite: its transactions begin late, and it waits for nobody."""

    def __init__(self, file: Path, steps: Sequence[str]) -> None:
        """None of the pragmas of the application is set."""
        self._connection = sqlite3.connect(file, isolation_level=None, timeout=0)
        self._left = list(steps)
        self.answers: list[str | None] = []
        self.failed = False

    def take(self) -> bool:
        """The next statement; one that finds the file locked fails its transaction."""
        if not self._left or self.failed:
            return False
        try:
            for statement in self._left.pop(0).split(";"):
                rows = self._connection.execute(statement).fetchall()
                self.answers += [str(row[0]) for row in rows[:1]]
        except sqlite3.Error:
            self.failed = True
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
        return True

    def close(self) -> None:
        """Whatever was not committed is undone."""
        self._connection.close()


def put_back(kept: Path, file: Path) -> None:
    """A SQLite file as it was, with nothing beside it that was written since; nobody may have it open."""
    for beside in ("-wal", "-shm"):
        Path(f"{file}{beside}").unlink(missing_ok=True)
    shutil.copyfile(kept, file)
