"""A turnstile before the console: of those who only read and reckon, one at a time goes through.

CPython runs one thread at a time, and SQLite's driver lets another one in at every row that it reads. Where a dozen
want to run, each row is a change of threads, and a request costs twice its work and more. So threads wait here instead,
first come, first served, but never long: behind a slow page one goes in all the same. PostgreSQL's clients wait for the
server and not for each other; they have no turnstile.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from threading import Semaphore
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from flask import request

PATIENCE = 0.1
"""Seconds after which one goes in all the same."""
LUGGAGE = 65_536
"""Bytes: who brings more takes long to come in, and goes past the turnstile."""
_HELD = "outbound.turnstile"
"""The place that a request holds, in its environment."""


class Turnstile:
    """An application behind a turnstile."""

    def __init__(self, app: WSGIApplication) -> None:
        """Nobody is inside yet."""
        self._app, self._place = app, Semaphore()

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer a request once there is room; what is streamed is made after its place is free again."""
        if int(environ.get("CONTENT_LENGTH") or 0) > LUGGAGE:
            return self._app(environ, start_response)
        _enter(environ, self._place)
        try:
            return self._app(environ, start_response)
        finally:
            _leave(environ)


def _enter(environ: WSGIEnvironment, place: Semaphore) -> None:
    if place.acquire(timeout=PATIENCE):
        environ[_HELD] = place


def _leave(environ: WSGIEnvironment) -> Semaphore | None:
    held: Semaphore | None = environ.pop(_HELD, None)
    if held:
        held.release()
    return held


@contextmanager
def outside() -> Iterator[None]:
    """Let others through while this request waits for something else than the processor."""
    held = _leave(request.environ)
    try:
        yield
    finally:
        if held:
            _enter(request.environ, held)
