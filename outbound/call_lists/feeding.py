"""The chunks of a kept list, prepared here or by a process of their own, so that one prepares while another stores."""

import gc
import multiprocessing
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path

from outbound.call_lists.preparing import CHUNK, Chunk, prepared
from outbound.call_lists.reading import open_list
from outbound.call_lists.refusals import FileGone, FileRefused
from outbound.phones.sealed_files import SealedFile
from outbound.phones.vault import Vault

HEARTBEAT = 10.0
"""Seconds after which who waits for a chunk is told that there is none yet."""
MADE_APART_FROM = 50_000
"""Lines from which a second process is worth its start."""


class FeederEnded(RuntimeError):
    """The process that prepared a list ended before the list did."""


@dataclass(frozen=True)
class Feed:
    """Which list is to be prepared, how it is understood, and with which vault; all of it can be sent elsewhere."""

    path: Path
    file_name: str
    opener: Callable[[], Vault]
    encoding: str | None = None
    sheet: str | None = None
    roles: Mapping[str, str] = field(default_factory=dict)
    after: int = 0
    size: int = CHUNK


def here(feed: Feed) -> Iterator[Chunk]:
    """The chunks, prepared in this process. Raises a FileRefused where the file is gone, or turns out to be no list."""
    if not feed.path.exists():
        raise FileGone(file_name=feed.file_name)
    vault = feed.opener()
    sealed = SealedFile(feed.path, vault)
    opened = open_list(sealed, feed.file_name, encoding=feed.encoding, sheet=feed.sheet)
    yield from prepared(opened, opened.columns(feed.roles), vault, after=feed.after, size=feed.size)


def apart(feed: Feed) -> Iterator[Chunk | None]:
    """The same from a process of its own; None when nothing came for a while. Raises FeederEnded besides."""
    # Spawned, not forked: a copy of a process with threads may wait for ever for a lock that nobody holds.
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe(duplex=False)
    process = context.Process(target=_send, args=(theirs, feed), daemon=True)
    process.start()
    theirs.close()
    try:
        yield from _received(ours)
    finally:
        ours.close()
        process.kill()
        process.join()


def _received(ours: Connection) -> Iterator[Chunk | None]:
    while True:
        if not ours.poll(HEARTBEAT):
            yield None
            continue
        try:
            what = ours.recv()
        except EOFError:
            raise FeederEnded from None
        if what is None:
            return
        if isinstance(what, tuple):
            refusal, facts = what
            raise refusal(**facts)
        yield what


def _send(theirs: Connection, feed: Feed) -> None:
    # Who receives may be gone: then nobody needs this process either.
    # Nothing here makes circles, and looking for them takes a quarter of the time.
    gc.disable()
    with suppress(BrokenPipeError), theirs:
        try:
            for chunk in here(feed):
                theirs.send(chunk)
        except FileRefused as refused:
            theirs.send((type(refused), refused.facts))
        else:
            theirs.send(None)
