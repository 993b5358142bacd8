"""The process in which an import goes on, so that those who serve people are not slowed by it."""

import os
import subprocess
import sys
from datetime import datetime
from pathlib import Path

from sqlalchemy.engine import Engine

from outbound.call_lists import keeping, running
from outbound.db import reading
from outbound.settings import Settings


def take_up(engine: Engine, settings: Settings, *, now: datetime) -> int:
    """Start a process for each import that nobody has in hand; how many there were."""
    with reading(engine) as session:
        waiting = running.unfinished(session, now=now)
        keeping.sweep(session, keeping.folder_in(settings.data), now=now)
    for list_id in waiting:
        start(settings, list_id)
    return len(waiting)


def start(settings: Settings, list_id: int) -> None:
    """Bring an import to its end in a process of its own, which outlives this one."""
    start_command(settings, "import", "--resume", str(list_id))


def start_command(settings: Settings, *words: str) -> None:
    """Run one of our own commands in a process that outlives this one."""
    root = str(Path(__file__).resolve().parents[2])
    environment = {
        **os.environ,
        "OUTBOUND_DATA": str(settings.data.absolute()),
        "OUTBOUND_DATABASE_URL": settings.database,
        "PYTHONPATH": os.pathsep.join(filter(None, (root, os.environ.get("PYTHONPATH")))),
    }
    subprocess.Popen(  # noqa: S603 - no shell, fixed arguments
        [sys.executable, "-m", "outbound.cli", *words],
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
