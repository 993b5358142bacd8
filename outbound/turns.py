"""Turns: first come, first served. A plain lock lets whoever happens to wake up first go, and some wait for ever."""

import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager

from outbound.errors import Refusal


class DatabaseBusy(Refusal):
    """The database has been busy for {seconds} seconds; nothing was changed, try again in a moment."""

    zh = "数据库已连续繁忙 {seconds} 秒，本次操作未生效，请稍后再试。"
    status = 503


class Turns:
    """A lock that is handed on in the order in which it was asked for."""

    def __init__(self, most_seconds: float) -> None:
        """Nobody waits longer than `most_seconds`."""
        self._most_seconds = most_seconds
        self._door = threading.Lock()
        self._waiting: deque[threading.Lock] = deque()
        self._holder: int | None = None

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Be alone until the end of the block.

        Raises DatabaseBusy after the longest wait, and at once where this thread holds the turn already: it would wait
        for itself.
        """
        self._take()
        try:
            yield
        finally:
            self._pass_on()

    def _take(self) -> None:
        me = threading.get_ident()
        with self._door:
            if self._holder is None:
                self._holder = me
                return
            if self._holder == me:
                raise DatabaseBusy(seconds=0)
            gate = threading.Lock()
            gate.acquire()
            self._waiting.append(gate)
        if not gate.acquire(timeout=self._most_seconds):
            self._give_up(gate)
        self._holder = me

    def _give_up(self, gate: threading.Lock) -> None:
        with self._door:
            if gate in self._waiting:
                self._waiting.remove(gate)
                raise DatabaseBusy(seconds=round(self._most_seconds))
            # The turn came in the very moment in which the wait was over.

    def _pass_on(self) -> None:
        with self._door:
            self._holder = None
            if self._waiting:
                # Somebody holds it at every moment, so that nobody who comes now can push in.
                self._holder = 0
                self._waiting.popleft().release()
