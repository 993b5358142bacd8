"""Opt-out lists as jobs: a kept file is taken in chunk by chunk, and each chunk takes effect as soon as it is stored.

When the process dies, another one goes on behind the last chunk. A list that is cancelled blocks nobody further; whom
it has blocked stays blocked, since an opt-out is only ever lifted by two people.
"""

import gc
import time
from datetime import datetime
from pathlib import Path

from sqlalchemy.engine import Engine
from sqlmodel import Session

from outbound import journal
from outbound.call_lists import bulk, keeping, leases, starting
from outbound.call_lists.examining import MOST_ROWS
from outbound.call_lists.leases import ENDS, LEASE, UNDER_WAY, ImportState
from outbound.call_lists.reading import ListFile, open_list
from outbound.call_lists.refusals import FileGone, FileRefused, TooManyRows
from outbound.call_lists.running import Works
from outbound.db import reading, transaction
from outbound.opt_outs.lists import taking
from outbound.opt_outs.lists.columns import Given, OptOutColumns, opt_out_columns
from outbound.opt_outs.lists.model import OptOutFile
from outbound.opt_outs.lists.preparing import Chunk, prepared
from outbound.people import Staff
from outbound.phones.sealed_files import SealedFile
from outbound.phones.vault import Vault
from outbound.settings import Settings

FOLDER = "opt-out-imports"


def folder_in(data: Path) -> Path:
    """Where files wait that are under way."""
    return keeping.folder_in(data, FOLDER)


def take_up(engine: Engine, settings: Settings, *, now: datetime) -> int:
    """Start a process for each list that nobody has in hand; how many there were."""
    with reading(engine) as session:
        waiting = leases.unfinished(session, OptOutFile, now=now)
        keeping.sweep(session, folder_in(settings.data), now=now, of=OptOutFile)
    for number in waiting:
        start(settings, number)
    return len(waiting)


def start(settings: Settings, number: int) -> None:
    """Bring a list to its end in a process of its own, which outlives this one."""
    starting.start_command(settings, "optouts", "import", "--resume", str(number))


def cancel(session: Session, taken: OptOutFile, *, by: Staff | None, now: datetime) -> None:
    """Block nobody further by this list. Raises ImportOver."""
    locked = leases.locked(session, OptOutFile, taken.id or 0)
    if leases.stopped(session, locked):
        journal.record(session, "opt_outs.import_cancelled", locked, by=by, now=now, rows=locked.rows)


def run(works: Works, number: int) -> OptOutFile | None:
    """Bring a list to its end, whatever is left of it; None where another process has it in hand."""
    with bulk.tidied_by_chunk():
        return leases.under_lease(
            works.engine, OptOutFile, number, lambda lease: _brought_to_its_end(works, number, lease), now=works.now()
        )


def _brought_to_its_end(works: Works, number: int, lease: str) -> OptOutFile:
    taken = _read(works, number)
    file = taken.file
    if taken.state is ImportState.RUNNING:
        try:
            _take_in(works, taken, lease)
        except FileRefused as refused:
            _refuse(works, number, lease, refused)
        taken = _read(works, number)
    if taken.state in ENDS:
        _give_up(works, number, lease)
        taken = _read(works, number)
    if taken.state not in UNDER_WAY:
        keeping.discard(works.folder, file)
    return taken


def _read(works: Works, number: int) -> OptOutFile:
    with reading(works.engine) as session:
        return session.get_one(OptOutFile, number)


def _take_in(works: Works, taken: OptOutFile, lease: str) -> None:
    vault, number = works.opener(), taken.id or 0
    listed = _opened(works, taken, vault)
    given = Given.from_kept(taken.given)
    columns = opt_out_columns(listed, given.columns)
    if not taken.reached:
        # A fault in the last row refuses the whole file, before anybody is blocked.
        _read_through(works, number, lease, listed, columns.numbers.header_row)
    for chunk in prepared(listed, columns.numbers, vault, after=taken.reached, size=works.size):
        if not _stored(works, number, lease, vault, chunk, columns, given):
            return
        gc.collect()
        time.sleep(works.pause)
    with transaction(works.engine) as session:
        done = leases.held(session, OptOutFile, number, lease)
        if done.state is ImportState.RUNNING:
            taking.finish(session, done, by=_whose(session, done), now=works.now())


def _opened(works: Works, taken: OptOutFile, vault: Vault) -> ListFile:
    path = works.folder / taken.file
    if not path.is_file():
        raise FileGone(file_name=taken.name)
    sealed = SealedFile(path, vault)
    return open_list(sealed, taken.name, encoding=taken.encoding or None, sheet=taken.sheet or None)


EVERY = 500_000
"""Rows after which it is told that somebody still reads."""


def _read_through(works: Works, number: int, lease: str, listed: ListFile, header_row: int) -> None:
    """Raise what is wrong with any row of a list, and TooManyRows."""
    # One that may have too many is counted, whatever its bytes say.
    counted = listed.lines > MOST_ROWS
    rows = (row for row, _ in listed.rows()) if counted else listed.read_through()
    for count, _row in enumerate((row for row in rows if row > header_row), start=1):
        if count > MOST_ROWS:
            raise TooManyRows(file_name=listed.file_name, limit=MOST_ROWS)
        if count % EVERY == 0:
            with transaction(works.engine) as session:
                leases.held(session, OptOutFile, number, lease).lease_until = works.now() + LEASE


def _stored(
    works: Works,
    number: int,
    lease: str,
    vault: Vault,
    chunk: Chunk,
    columns: OptOutColumns,
    given: Given,
) -> bool:
    """Block the numbers of a chunk; False when the import is to stop."""
    now = works.now()
    with transaction(works.engine) as session:
        taken = leases.held(session, OptOutFile, number, lease)
        if taken.state is not ImportState.RUNNING:
            return False
        taken.lease_until = now + LEASE
        taking.take(session, vault, taken, chunk, columns, given, now=now)
    works.told(taken)
    return True


def _whose(session: Session, taken: OptOutFile) -> Staff | None:
    return session.get(Staff, taken.by_id) if taken.by_id else None


def _refuse(works: Works, number: int, lease: str, refused: FileRefused) -> None:
    with transaction(works.engine) as session:
        taken = leases.held(session, OptOutFile, number, lease)
        taken.why = {"zh": refused.sentence("zh"), "en": refused.sentence("en")}
        if taken.state is ImportState.RUNNING:
            taken.state = ImportState.REFUSING
        session.add(taken)
        journal.record(session, "opt_outs.import_refused", taken, by=None, now=works.now(), why=refused.name())


def _give_up(works: Works, number: int, lease: str) -> None:
    with transaction(works.engine) as session:
        taken = leases.held(session, OptOutFile, number, lease)
        taken.state, taken.file, taken.finished_at = ENDS[taken.state], "", works.now()
        session.add(taken)
