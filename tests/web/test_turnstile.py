"""One request at a time uses the processor; nobody waits for long, and who waits for something else lets others by."""

import io
from collections.abc import Iterable
from threading import Event, Thread
from wsgiref.types import StartResponse, WSGIEnvironment

import pytest
from flask import Flask

from web import turnstile
from web.app import Console
from web.turnstile import Turnstile, outside

FOR_EVER = 60.0


class Room:
    """An application in which whoever comes first stays until they are told to go."""

    def __init__(self) -> None:
        self.first_is_in, self.first_may_go, self.second_is_in = Event(), Event(), Event()
        self._flask = Flask(__name__)
        self.waits_outside = False

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if environ["PATH_INFO"] == "/second":
            self.second_is_in.set()
            return []
        self.first_is_in.set()
        if self.waits_outside:
            with self._flask.request_context(environ), outside():
                self.first_may_go.wait(FOR_EVER)
        else:
            self.first_may_go.wait(FOR_EVER)
        return []


def asked(door: Turnstile, path: str, brings: int = 0) -> Thread:
    environ = {"PATH_INFO": path, "CONTENT_LENGTH": str(brings), "wsgi.input": io.BytesIO()}
    environ |= {"REQUEST_METHOD": "GET", "SERVER_NAME": "here", "SERVER_PORT": "80", "wsgi.url_scheme": "http"}
    thread = Thread(target=lambda: list(door(environ, lambda *_: lambda _: None)))
    thread.start()
    return thread


@pytest.fixture
def room() -> Iterable[Room]:
    made = Room()
    yield made
    made.first_may_go.set()


def both(room: Room, monkeypatch: pytest.MonkeyPatch, patience: float, brings: int = 0) -> list[Thread]:
    monkeypatch.setattr(turnstile, "PATIENCE", patience)
    door = Turnstile(room)
    first = asked(door, "/first")
    assert room.first_is_in.wait(FOR_EVER)
    return [first, asked(door, "/second", brings)]


def test_the_second_goes_in_when_the_first_has_left(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    threads = both(room, monkeypatch, FOR_EVER)
    assert not room.second_is_in.wait(0.2)
    room.first_may_go.set()
    assert room.second_is_in.wait(FOR_EVER)
    for thread in threads:
        thread.join(FOR_EVER)


def test_nobody_waits_long_behind_a_slow_page(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    both(room, monkeypatch, 0.01)
    assert room.second_is_in.wait(FOR_EVER)


def test_who_brings_much_goes_past_it(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    both(room, monkeypatch, FOR_EVER, brings=10_000_000)
    assert room.second_is_in.wait(FOR_EVER)


def test_who_waits_for_the_hand_out_lets_others_by(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    room.waits_outside = True
    both(room, monkeypatch, FOR_EVER)
    assert room.second_is_in.wait(FOR_EVER)


def test_only_a_console_over_sqlite_has_one(app: Console) -> None:
    assert isinstance(app.wsgi_app, Turnstile) == (app.config["ENGINE"].dialect.name == "sqlite")
