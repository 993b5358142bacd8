"""S3 for tests: a real server in a thread of the test process, and a line to it that can be cut."""

import logging
import socket
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress

import pytest
from moto.moto_server.threaded_moto_server import ThreadedMotoServer
from s3fs import S3FileSystem

BUCKET = "recordings"
CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": "outbound",
    "AWS_SECRET_ACCESS_KEY": "secret",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_EC2_METADATA_DISABLED": "true",
    "AWS_CONFIG_FILE": "/dev/null",
    "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
}


@contextmanager
def serving() -> Iterator[str]:
    """The address of an S3 server that holds an empty bucket BUCKET."""
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server.start()
    host, port = server.get_host_and_port()
    address = f"http://{host}:{port}"
    with pytest.MonkeyPatch.context() as patch:
        point_at(address, patch)
        S3FileSystem().call_s3("create_bucket", Bucket=BUCKET)
        yield address
        S3FileSystem.clear_instance_cache()
    server.stop()
    logging.getLogger("werkzeug").setLevel(logging.NOTSET)


def point_at(address: str, patch: pytest.MonkeyPatch, **otherwise: str) -> None:
    """Have the environment name that server, as an administrator does; what was opened before is forgotten."""
    for name, value in {**CREDENTIALS, "AWS_ENDPOINT_URL": address, **otherwise}.items():
        patch.setenv(name, value)
    S3FileSystem.clear_instance_cache()


class Line:
    """A line to a server, which can be cut in the middle of what is said."""

    def __init__(self, address: str) -> None:
        host, port = address.removeprefix("http://").split(":")
        self._server = host, int(port)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address = "http://{}:{}".format(*self._listener.getsockname())
        self.cut_after: int | None = None
        """After how many bytes towards the server a connection is cut; None: never."""
        self.cuts = 0
        threading.Thread(target=self._serve, daemon=True).start()

    def close(self) -> None:
        """Take no more calls."""
        self._listener.close()

    def _serve(self) -> None:
        with suppress(OSError):
            while True:
                caller = self._listener.accept()[0]
                server = socket.create_connection(self._server)
                threading.Thread(target=self._carry, args=(caller, server, True), daemon=True).start()
                threading.Thread(target=self._carry, args=(server, caller, False), daemon=True).start()

    def _carry(self, source: socket.socket, target: socket.socket, asks: bool) -> None:
        carried = 0
        with suppress(OSError), closing(source), closing(target):
            while data := source.recv(1 << 16):
                carried += len(data)
                if asks and self.cut_after is not None and carried > self.cut_after:
                    self.cuts += 1
                    break
                target.sendall(data)
            for end in (source, target):
                end.shutdown(socket.SHUT_RDWR)
