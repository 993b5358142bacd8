"""A real server in a process of its own, and clients that cost next to nothing: raw sockets that are kept open."""

import json
import os
import re
import socket
import subprocess
import sys
import time
import urllib.parse
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from outbound.errors import Refusal

START_SECONDS = 60
_LENGTH = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)
_COOKIE = re.compile(rb"set-cookie: *([^=;\r]+)=([^;\r]*)", re.IGNORECASE)
_TOKEN = re.compile(rb'name="csrf-token" content="([^"]+)"')


class ServerSilent(Refusal):
    """The server that is to be measured did not start; its log: {log}."""

    zh = "被测服务器没有启动，日志：{log}。"


class SignInRefused(Refusal):
    """{login} could not sign in at the server that is measured ({status})."""

    zh = "{login} 无法登录被测服务器（{status}）。"


@contextmanager
def served(data: Path, *, database_url: str = "") -> Iterator[int]:
    """`outbound serve` over a folder, on a free port; raises ServerSilent. It ends with the block."""
    port, log = _free_port(), data / "server.log"
    environment = {name: value for name, value in os.environ.items() if not name.startswith("OUTBOUND_")}
    environment |= {"OUTBOUND_DATA": str(data), "PYTHONPATH": _root()}
    if database_url:
        environment["OUTBOUND_DATABASE_URL"] = database_url
    with log.open("wb") as out:
        server = subprocess.Popen(  # noqa: S603  # this very program
            [sys.executable, "-m", "outbound.cli", "serve", "--port", str(port)],
            env=environment,
            stdout=out,
            stderr=out,
            stdin=subprocess.DEVNULL,
        )
    try:
        _wait(server, port, log)
        yield port
    finally:
        server.terminate()
        server.wait(timeout=30)


def _root() -> str:
    return os.pathsep.join([str(Path(__file__).parent.parent.parent), os.environ.get("PYTHONPATH", "")])


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait(server: "subprocess.Popen[bytes]", port: int, log: Path) -> None:
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until and server.poll() is None:
        try:
            if Client(port).get("/healthz")[0] == 200:
                return
        except OSError:
            time.sleep(0.1)
    raise ServerSilent(log=log.read_text(errors="replace")[-600:])


class Client:
    """One browser: its connection, its cookies, its page's token."""

    def __init__(self, port: int) -> None:
        """Nothing is connected before the first request."""
        self._port = port
        self._socket: socket.socket | None = None
        self._cookies: dict[str, str] = {}
        self._token = ""
        self._head = b""
        self._compose()

    def sign_in(self, login: str, password: str) -> None:
        """Sign in through the form, as a browser does. Raises SignInRefused."""
        self._read_token("/sign-in")
        body = urllib.parse.urlencode({"csrf_token": self._token, "login": login, "password": password}).encode()
        status, _ = self._exchange(b"POST", b"/sign-in", body, b"application/x-www-form-urlencoded")
        if status != 302:
            raise SignInRefused(login=login, status=status)
        self._read_token("/me")

    def _read_token(self, page: str) -> None:
        _, text = self._exchange(b"GET", page.encode(), b"", b"")
        found = _TOKEN.search(text)
        self._token = found[1].decode() if found else ""
        self._compose()

    def get(self, path: str) -> tuple[int, bytes]:
        """The status and the body of an answer."""
        return self._exchange(b"GET", path.encode(), b"", b"")

    def post(self, path: str, body: Any = None) -> tuple[int, bytes]:
        """The status and the body of the answer to JSON."""
        sent = b"" if body is None else json.dumps(body).encode()
        return self._exchange(b"POST", path.encode(), sent, b"application/json" if sent else b"")

    def _compose(self) -> None:
        cookies = "; ".join(f"{name}={value}" for name, value in self._cookies.items())
        lines = [f"Host: 127.0.0.1:{self._port}", "Accept: application/json", f"Cookie: {cookies}"]
        self._head = "\r\n".join([*lines, f"X-CSRFToken: {self._token}", ""]).encode()

    def _exchange(self, method: bytes, path: bytes, body: bytes, kind: bytes) -> tuple[int, bytes]:
        typed = b"Content-Type: " + kind + b"\r\n" if kind else b""
        sized = b"Content-Length: %d\r\n" % len(body)
        request = method + b" " + path + b" HTTP/1.1\r\n" + self._head + typed + sized + b"\r\n" + body
        for fresh in (self._socket is None, True):
            if fresh:
                self._connect()
            try:
                return self._ask(request)
            except (ConnectionError, BrokenPipeError):
                # A server may end a connection that was idle for long.
                if fresh:
                    raise
        raise AssertionError

    def _connect(self) -> None:
        if self._socket:
            self._socket.close()
        self._socket = socket.create_connection(("127.0.0.1", self._port), timeout=60)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def _ask(self, request: bytes) -> tuple[int, bytes]:
        assert self._socket
        self._socket.sendall(request)
        head, _, body = self._until_head().partition(b"\r\n\r\n")
        length = _LENGTH.search(head)
        wanted = int(length[1]) if length else 0
        while len(body) < wanted:
            body += self._receive()
        self._keep_cookies(head)
        return int(head[9:12]), body

    def _until_head(self) -> bytes:
        got = self._receive()
        while b"\r\n\r\n" not in got:
            got += self._receive()
        return got

    def _receive(self) -> bytes:
        assert self._socket
        if got := self._socket.recv(262_144):
            return got
        raise ConnectionResetError

    def _keep_cookies(self, head: bytes) -> None:
        if found := _COOKIE.findall(head):
            self._cookies |= {name.decode().strip(): value.decode() for name, value in found}
            self._compose()
