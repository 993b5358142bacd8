"""One fair queue for the next contact: everybody in this process who asks at the same time is served together.

Whoever asks first serves all who wait, in one transaction with one durable commit, in the order in which they came, and
wakes them; who came meanwhile is served next. So the cost of a commit is shared, nobody is overtaken, and on SQLite
nobody starves. The rules are those of `outbound.dialing.handing`, whether one asks or a hundred.
"""

import threading
import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from weakref import WeakKeyDictionary

import sqlalchemy as sa
from sqlalchemy.engine import Engine

from outbound import db
from outbound.dialing.handing import HandedOut, hand_out
from outbound.dialing.statements import Book
from outbound.dialing.terms import Asker
from outbound.errors import Refusal
from outbound.people import Role
from outbound.turns import DatabaseBusy

MOST_AT_ONCE = 128
"""Requests served in one transaction, so that none of them waits long for the others."""
TRIES = 3
COLLISIONS = frozenset({"40001", "40P01"})
"""PostgreSQL's codes for a serialization failure and a deadlock: the same work may succeed the next time."""


MOST_LEADERS = {"sqlite": 1, "postgresql": 2}
"""How many transactions of a process are under way: SQLite has one writer, PostgreSQL goes on while one commits."""
LINGER = 0.002
"""How many seconds one waits for those who were served together a moment ago: they are likely to ask again at once, and
a transaction for one costs nearly as much as one for all."""
LOOK_AGAIN = 0.0002
MOST_CONTESTED = 10
CONTESTED_FOR = 0.003
"""How often, and after how many seconds, one looks again whom another transaction left after all."""


@dataclass(eq=False)
class _Request:
    asker: Asker
    now: datetime
    gate: threading.Lock = field(default_factory=threading.Lock)
    claim: int | None = None
    failed: BaseException | None = None
    together: list["_Request"] = field(default_factory=list)
    """Whom this one serves, itself among them; empty: another one serves it."""
    contested: int = 0

    def __post_init__(self) -> None:
        self.gate.acquire()


class Queue:
    """The queue before one database."""

    def __init__(self, engine: Engine) -> None:
        """One for each engine: ask `queue_of`."""
        self._engine = engine
        self._door = threading.Lock()
        self._waiting: list[_Request] = []
        self._leaders, self._most_leaders = 0, MOST_LEADERS[engine.dialect.name]
        self._together = 1
        """How many were served at once lately."""

    def claim(
        self, staff_id: int, roles: Collection[Role], *, now: datetime, puts_back: int | None = None
    ) -> int | None:
        """The number of the claim that `staff_id` holds now, committed; None where nobody is due.

        `puts_back` is a claim that they give back for another one; where it cannot be, because the customer has been
        dialled, they keep it. Raises DatabaseBusy, and what the database says where it cannot be reached.
        """
        request = _Request(Asker(staff_id, frozenset(roles), puts_back), now)
        self._stand(request)
        if not request.together:
            request.gate.acquire()
        if request.together:
            self._lead(request.together)
        if request.failed:
            raise request.failed
        return request.claim

    def _stand(self, request: _Request) -> None:
        with self._door:
            if self._leaders < self._most_leaders:
                self._leaders += 1
                request.together = [request]
            else:
                self._waiting.append(request)

    def _lead(self, together: list[_Request]) -> None:
        """Serve those, and who has come since; then another one leads."""
        self._linger(len(together))
        with self._door:
            room = MOST_AT_ONCE - len(together)
            together, self._waiting = together + self._waiting[:room], self._waiting[room:]
            self._together = max(len(together), self._together // 2)
        try:
            while together:
                together = self._serve(together)
        finally:
            self._hand_on()

    def _linger(self, already: int) -> None:
        until = time.perf_counter() + LINGER
        while already + len(self._waiting) < self._together and time.perf_counter() < until:
            time.sleep(LOOK_AGAIN)

    def _hand_on(self) -> None:
        with self._door:
            together, self._waiting = self._waiting[:MOST_AT_ONCE], self._waiting[MOST_AT_ONCE:]
            if not together:
                self._leaders -= 1
        if together:
            together[0].together = together
            together[0].gate.release()

    def _serve(self, together: Sequence[_Request]) -> list[_Request]:
        """Serve and wake them; those are left for whom too much had to be put off."""
        try:
            done = self._transact(together)
        except (Refusal, sa.exc.OperationalError, sa.exc.TimeoutError) as failed:
            _wake(together, failed=failed)
            return []
        except Exception as failed:
            if len(together) == 1:
                _wake(together, failed=failed)
                return []
            # What one of them brings about must not hurt the others.
            return [again for request in together for again in self._serve([request])]
        except BaseException:
            _wake(together, failed=DatabaseBusy(seconds=0))
            raise
        for request in together:
            request.claim = done.claims.get(request.asker.staff_id)
        again = [each for each in together if each.claim is None and _asks_again(each, done)]
        _wake([each for each in together if each not in again])
        if done.contested and again:
            time.sleep(CONTESTED_FOR)
        return again

    def _transact(self, together: Sequence[_Request]) -> HandedOut:
        askers, now = [request.asker for request in together], max(request.now for request in together)
        for tries_left in reversed(range(TRIES)):
            try:
                with db.writing(self._engine) as connection:
                    return hand_out(Book(connection), askers, now=now)
            except sa.exc.DBAPIError as failed:
                if getattr(failed.orig, "sqlstate", None) not in COLLISIONS or not tries_left:
                    raise
        raise AssertionError


def _asks_again(request: _Request, done: HandedOut) -> bool:
    if request.asker.staff_id in done.contested and request.contested < MOST_CONTESTED:
        request.contested += 1
        return True
    return request.asker.staff_id in done.unserved


def _wake(requests: Sequence[_Request], *, failed: BaseException | None = None) -> None:
    for request in requests:
        request.failed = failed
        request.gate.release()


_queues: WeakKeyDictionary[Engine, Queue] = WeakKeyDictionary()


def queue_of(engine: Engine) -> Queue:
    """The queue before the database of an engine: one in each process."""
    # One step for all threads: setdefault is not interrupted.
    return _queues.setdefault(engine, Queue(engine))
