"""Imports as jobs: a kept file is taken in chunk by chunk, each in a durable transaction, and published all at once.

Whoever does it holds a lease. When that process dies, another one goes on behind the last chunk that is stored; a
cancelled or refused list is removed in small transactions, and its file may come again.
"""

import gc
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy.engine import Engine
from sqlmodel import Session

from outbound import journal
from outbound.call_lists import bulk, feeding, importing, keeping, leases, removing, taking
from outbound.call_lists.feeding import Feed
from outbound.call_lists.judging import Judge, Marks
from outbound.call_lists.leases import ENDS, LEASE, UNDER_WAY, ImportOver, ImportState
from outbound.call_lists.model import CallList
from outbound.call_lists.preparing import CHUNK, Chunk
from outbound.call_lists.refusals import FileRefused
from outbound.call_lists.taking import Taker
from outbound.db import reading, transaction
from outbound.people import Staff
from outbound.phones.vault import Vault

__all__ = ["ImportOver", "Works", "cancel", "run", "unfinished"]


@dataclass(frozen=True)
class Works:
    """With what imports are run: `opener` opens the vault, also in another process; `now` tells the time.

    `pause` are seconds between two chunks, in which others get to write.
    """

    engine: Engine
    folder: Path
    opener: Callable[[], Vault]
    now: Callable[[], datetime]
    size: int = CHUNK
    pause: float = 0.0
    told: Callable[[Any], None] = lambda _file: None


def unfinished(session: Session, *, now: datetime) -> list[int]:
    """The lists under way that no process has in hand."""
    return list(leases.unfinished(session, CallList, now=now))


def cancel(session: Session, call_list: CallList, *, by: Staff | None, now: datetime) -> None:
    """Stop an import; what is stored of it is removed by whoever runs it. Raises ImportOver."""
    locked = leases.locked(session, CallList, call_list.id or 0)
    if leases.stopped(session, locked):
        journal.record(session, "list.cancelled", locked, by=by, now=now, rows=locked.so_far.get("rows", 0))


def run(works: Works, list_id: int) -> CallList | None:
    """Bring an import to its end, whatever is left of it; None where another process has it in hand."""
    with bulk.tidied_by_chunk():
        return leases.under_lease(
            works.engine, CallList, list_id, lambda lease: _brought_to_its_end(works, list_id, lease), now=works.now()
        )


def _brought_to_its_end(works: Works, list_id: int, lease: str) -> CallList:
    call_list = _read(works, list_id)
    file = call_list.file
    if call_list.state is ImportState.RUNNING:
        _take_in(works, call_list, lease)
        call_list = _read(works, list_id)
    if call_list.state in ENDS:
        _remove(works, list_id, lease)
        call_list = _read(works, list_id)
    if call_list.state not in UNDER_WAY:
        keeping.discard(works.folder, file)
    return call_list


def _read(works: Works, list_id: int) -> CallList:
    with reading(works.engine) as session:
        return session.get_one(CallList, list_id)


def _take_in(works: Works, call_list: CallList, lease: str) -> None:
    number, marks = call_list.id or 0, Marks()
    if call_list.so_far.get("suppressed"):
        with reading(works.engine) as session:
            marks = removing.marks_of(session, works.opener(), call_list)
    vault = works.opener()
    try:
        for chunk in _chunks(works, call_list):
            if not _stored(works, number, lease, chunk, vault, marks):
                return
            gc.collect()
            time.sleep(works.pause)
    except FileRefused as refused:
        _refuse(works, number, lease, refused)
        return
    _publish(works, number, lease)


def _chunks(works: Works, call_list: CallList) -> Iterator[Chunk | None]:
    feed = Feed(
        path=works.folder / call_list.file,
        file_name=call_list.name,
        opener=works.opener,
        encoding=call_list.encoding or None,
        sheet=call_list.sheet or None,
        roles=call_list.roles,
        after=call_list.reached,
        size=works.size,
    )
    return feeding.apart(feed) if call_list.lines >= feeding.MADE_APART_FROM else feeding.here(feed)


def _stored(works: Works, number: int, lease: str, chunk: Chunk | None, vault: Vault, marks: Marks) -> bool:
    """Store a chunk, or just keep the lease where there is none yet; False when the import is to stop."""
    now = works.now()
    with transaction(works.engine) as session:
        call_list = _held(session, number, lease)
        if call_list.state is not ImportState.RUNNING:
            return False
        call_list.lease_until = now + LEASE
        if chunk:
            campaign = taking.campaign_of(session, call_list)
            judge = Judge(session, campaign, number, suppressed=marks, now=now)
            counted = Taker(session, vault, call_list, judge).take(chunk)
            call_list.so_far, call_list.reached = taking.added(call_list.so_far, counted), chunk.rows[-1]
        session.add(call_list)
    works.told(call_list)
    return True


def _held(session: Session, number: int, lease: str) -> CallList:
    return leases.held(session, CallList, number, lease)


def _publish(works: Works, number: int, lease: str) -> None:
    with transaction(works.engine) as session:
        call_list = _held(session, number, lease)
        if call_list.state is ImportState.RUNNING:
            by = session.get(Staff, call_list.imported_by_id) if call_list.imported_by_id else None
            importing.publish(session, call_list, by=by, now=works.now())


def _refuse(works: Works, number: int, lease: str, refused: FileRefused) -> None:
    with transaction(works.engine) as session:
        call_list = _held(session, number, lease)
        call_list.why = {"zh": refused.sentence("zh"), "en": refused.sentence("en")}
        if call_list.state is ImportState.RUNNING:
            call_list.state = ImportState.REFUSING
        session.add(call_list)
        journal.record(session, "list.refused", call_list, by=None, now=works.now(), why=refused.name())


def _remove(works: Works, number: int, lease: str) -> None:
    """Remove what is stored of a list that is given up, a little at a time."""
    left = True
    while left:
        with transaction(works.engine) as session:
            call_list = _held(session, number, lease)
            left = removing.remove_some(session, call_list)
            call_list.lease_until = works.now() + LEASE
            if not left:
                call_list.state = ENDS[call_list.state]
                call_list.file = ""
            session.add(call_list)
        works.told(call_list)
        time.sleep(works.pause)
