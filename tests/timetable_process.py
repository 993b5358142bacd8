"""A process of the timetable with jobs of its own: `python -m tests.timetable_process DATABASE FOLDER NOW [HOW]`.

Its job writes a journal entry and, before the commit, a file that says how far it is; HOW says what happens then:
`finish`, `crash` (an exception), `hang` (it waits in the middle of its transaction until it is killed).
"""

import os
import sys
import time as real_time
from collections.abc import Mapping
from datetime import datetime, time
from pathlib import Path
from typing import Any

from sqlmodel import Session

from outbound import journal
from outbound.db import open_database
from outbound.people import Centre
from outbound.schema import import_rooms
from outbound.timetable.ledger import Every, Job, run_due

FAR = 3600


class Crashed(Exception):
    """The job broke down after it had done its work and before the commit."""


def jobs(folder: Path, how: str) -> tuple[Job, ...]:
    """One daily job whose effect is an entry in the journal for each period."""

    def effect(session: Session, centre: Centre, period: str, now: datetime) -> Mapping[str, Any]:
        journal.record(session, "tick", centre, by=None, now=now, period=period)
        session.flush()
        (folder / f"{period}.{os.getpid()}").touch()
        if how == "hang":
            real_time.sleep(FAR)
        if how == "crash":
            raise Crashed
        return {"process": os.getpid()}

    return (Job("tick", Every.DAY, time(0, 5), effect),)


def main(database: str, folder: str, now: str, how: str = "finish") -> None:
    """Run everything that is due by `now`, once."""
    import_rooms()
    run_due(open_database(database), jobs(Path(folder), how), now=datetime.fromisoformat(now))


if __name__ == "__main__":
    main(*sys.argv[1:])
