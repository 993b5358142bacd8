"""The demo centre: a fortnight of work, done by the real verbs on a simulated clock, ready to be looked at."""

import gc
import logging
import os
import shutil
import time as stopwatch
from collections.abc import Callable
from itertools import groupby
from pathlib import Path
from typing import Any

import click
import structlog
from sqlalchemy import event
from sqlalchemy.engine import Engine

from outbound import clock, migrating
from outbound.anchors import outings
from outbound.demo import cast
from outbound.demo.fortnight import live_through
from outbound.errors import Refusal
from outbound.settings import Settings

MARKER = "demo-made"
"""Written last, so that a demo cut off while it was made is begun anew."""
ROOM_NEEDED = 200 * 10**6
"""Bytes: twice what the demo takes, since the old one stays until the new one is whole."""
PARTS = ("numbers.key", "recordings.key", "recordings", "lists", outings.FILE, "outbound.sqlite3")
"""What the demo centre consists of in its folder."""
PLACES = {code: f"{zh} {en}" for code, zh, en in cast.CENTRES} | {None: "运营商和业务支撑 carrier and business support"}
"""Where somebody of the cast works, as the list of who may sign in is headed."""


class NotTheDemo(Refusal):
    """There is a database in {data} already that is no demo; choose another OUTBOUND_DATA for the demo."""

    zh = "{data} 中已有正式数据库，不是演示数据；请为演示另选 OUTBOUND_DATA。"


class DemoWantsSqlite(Refusal):
    """The demo makes its own SQLite database; unset OUTBOUND_DATABASE_URL."""

    zh = "演示使用自带的 SQLite 数据库，请取消设置 OUTBOUND_DATABASE_URL。"


class NoRoom(Refusal):
    """Not enough disk space: the demo needs {need} MB, and {data} has {free} MB left."""

    zh = "磁盘空间不足：演示数据需要 {need} MB，{data} 只剩 {free} MB。"
    status = 507


def prepare(settings: Settings, *, fresh: bool, say: Callable[[str], None] = click.echo) -> None:
    """Make the demo centre where there is none, or anew; then say who may sign in."""
    if settings.database_url:
        raise DemoWantsSqlite
    data = settings.data.absolute()
    made = (data / MARKER).exists()
    if (data / "outbound.sqlite3").exists() and not made:
        raise NotTheDemo(data=data)
    if fresh or not made:
        _refuse_full_disk(data)
        began = stopwatch.monotonic()
        _make(settings, data, say)
        say(f"  {stopwatch.monotonic() - began:.0f} s")
    migrating.migrate_database(settings)
    _introduce(settings, say)


def _refuse_full_disk(data: Path) -> None:
    data.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(data).free
    if free < ROOM_NEEDED:
        raise NoRoom(need=ROOM_NEEDED // 10**6, data=data, free=free // 10**6)


def _make(settings: Settings, data: Path, say: Callable[[str], None]) -> None:
    """Make everything in a folder beside, then put it in place: what was there stays until the new one is whole."""
    making = data / "demo-in-the-making"
    shutil.rmtree(making, ignore_errors=True)
    making.mkdir(parents=True)
    within = settings.model_copy(update={"data": making})
    engine = without_waiting(migrating.open_checked(within))
    migrating.upgrade(engine)
    # A fortnight of periods would bury the progress.
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    # What the program itself consists of need not be looked through for garbage all the while.
    gc.freeze()
    live_through(engine, within, now=clock.now(), say=say)
    gc.unfreeze()
    outings.put_in_file(engine, making, now=clock.now())
    # The last connection that closes brings everything into the one file that is moved.
    engine.dispose()
    _sync(making / "outbound.sqlite3")
    _put_in_place(making, data)


def without_waiting(engine: Engine) -> Engine:
    """An SQLite database of which nobody was told yet that it keeps anything: no commit of it waits for the disk."""

    def hurry(connection: Any, _record: object) -> None:
        connection.execute("PRAGMA synchronous=OFF")

    event.listen(engine, "connect", hurry)
    # Connections that were opened before are as they were.
    engine.dispose()
    return engine


def _sync(file: Path) -> None:
    with file.open("rb") as opened:
        os.fsync(opened.fileno())


def _put_in_place(making: Path, data: Path) -> None:
    """Set the old centre aside, move the new one in, then drop the old one."""
    before = data / "demo-before"
    shutil.rmtree(before, ignore_errors=True)
    before.mkdir()
    for name in ("outbound.sqlite3-wal", "outbound.sqlite3-shm", *PARTS):
        if (data / name).exists():
            (data / name).rename(before / name)
    for name in PARTS:
        # Keys may come from settings, and recordings may be kept as they are.
        if (making / name).exists():
            (making / name).rename(data / name)
    (data / MARKER).write_text("")
    shutil.rmtree(making)
    shutil.rmtree(before)


def _introduce(settings: Settings, say: Callable[[str], None]) -> None:
    say(f"\nhttp://{settings.host}:{settings.port}    密码 / password: {cast.PASSWORD}\n")
    for where, parts in groupby(cast.CAST, key=lambda part: part.centre):
        say(PLACES[where])
        for part in parts:
            # A wide space is as wide as a character of a name.
            say(f"  {part.login:14}{part.name:\u3000<4}{', '.join(part.roles)}")
    say("")
