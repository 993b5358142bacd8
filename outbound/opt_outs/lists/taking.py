"""Opt-out lists taken in, a chunk at a time: each chunk takes effect whole, in the transaction of whoever calls.

The same list twice adds nothing, so that a list whose import was interrupted is simply taken in again.
"""

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from operator import itemgetter
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlmodel import Session, col, select

from outbound import journal
from outbound.call_lists import bulk, fates
from outbound.call_lists.fates import RowFate
from outbound.call_lists.leases import ImportState
from outbound.call_lists.model import RowFault
from outbound.call_lists.phones import Fresh, keep_phones, phone_ids
from outbound.call_lists.reading import ListFile
from outbound.db import table_of
from outbound.opt_outs.lists.columns import Given, Held, OptOutColumns, Wanted, opt_out_columns
from outbound.opt_outs.lists.model import OptOutFile, UnblockedRow
from outbound.opt_outs.lists.preparing import Chunk, prepared
from outbound.opt_outs.model import OptOut
from outbound.opt_outs.verbs import holding, look_again
from outbound.people import Staff
from outbound.phones.vault import Vault

AT_ONCE = 10_000
"""Numbers in one question to the database."""
MOST_KNOWN = 10_000
"""Different wishes that are remembered."""
ItemT = TypeVar("ItemT")
COLUMNS = (
    "phone_id",
    "centre_id",
    "category",
    "scope",
    "campaign_kind",
    "campaign_id",
    "source",
    "reason",
    "by_id",
    "at",
    "expires_at",
)


@dataclass(frozen=True)
class Judged:
    """What is new in a chunk: numbers with the opt-outs they get, and how many rows are of which sort."""

    new: list[tuple[bytes, Wanted]]
    counts: Counter[str]


def chunks(list_file: ListFile, columns: OptOutColumns, vault: Vault) -> Iterator[Chunk]:
    """The rows of a list in chunks; raises TooManyRows and, at its row, what is wrong with the file."""
    return prepared(list_file, columns.numbers, vault)


def begin(
    session: Session, list_file: ListFile, given: Given, *, by: Staff | None, now: datetime, centre_id: int | None
) -> OptOutFile:
    """A list that is to be taken in."""
    taken = OptOutFile(
        centre_id=centre_id,
        name=list_file.file_name[:200],
        by_id=by.id if by else None,
        at=now,
        given=given.kept(),
        encoding=list_file.encoding or "",
        sheet=(list_file.sheet or "")[:200],
        lines=list_file.lines,
        state=ImportState.WAITING,
    )
    session.add(taken)
    session.flush()
    journal.record(session, "opt_outs.import_begun", taken, by=by, now=now, name=taken.name)
    return taken


def take(
    session: Session,
    vault: Vault,
    taken: OptOutFile,
    chunk: Chunk,
    columns: OptOutColumns,
    given: Given,
    *,
    now: datetime,
) -> None:
    """Block the numbers of a chunk: at once, in every campaign that the scope of each concerns."""
    ids = phone_ids(session, sorted(chunk.numbers))
    judged = judge(session, chunk, columns, given, ids, now=now)
    ids |= keep_phones(session, _fresh(vault, chunk, judged, ids), now=now)
    rows = _rows(session, taken, judged.new, ids, now=now)
    # In one order for everybody, so that two lists never wait for each other in a circle.
    bulk.insert(session, table_of(OptOut), COLUMNS, sorted(rows, key=itemgetter(0)))
    look_again(session)
    _keep_unblocked(session, vault, taken, chunk)
    for name, count in judged.counts.items():
        setattr(taken, name, getattr(taken, name) + count)
    taken.reached = chunk.rows[-1]
    session.add(taken)


def _rows(
    session: Session, taken: OptOutFile, new: Sequence[tuple[bytes, Wanted]], ids: Mapping[bytes, int], *, now: datetime
) -> list[tuple[Any, ...]]:
    """Opt-outs as they are stored, the number's row first."""
    table = table_of(OptOut)
    at, source = bulk.stored(session, table.c.at, now), f"list {taken.id}"

    def alike(wanted: Wanted) -> tuple[Any, ...]:
        end = bulk.stored(session, table.c.expires_at, wanted.expires_at)
        scope = (wanted.scope.value, wanted.campaign_kind, wanted.campaign_id)
        return (taken.centre_id, wanted.category.value, *scope, source, wanted.reason, taken.by_id, at, end)

    # A list of millions asks for a handful of different things.
    known = {id(wanted): wanted for _, wanted in new}
    facts = {place: alike(wanted) for place, wanted in known.items()}
    return [(ids[digest], *facts[id(wanted)]) for digest, wanted in new]


def _keep_unblocked(session: Session, vault: Vault, taken: OptOutFile, chunk: Chunk) -> None:
    """The rows that block nobody, to be handed back."""
    sealed = vault.seal_many([json.dumps(chunk.cells[at], ensure_ascii=False) for at in chunk.reasons])
    rows = [
        (taken.id, chunk.rows[at], reason, seal)
        for (at, reason), seal in zip(chunk.reasons.items(), sealed, strict=True)
    ]
    bulk.insert(session, table_of(UnblockedRow), ("opt_out_file_id", "row", "reason", "sealed"), rows)


def unblocked_rows(session: Session, vault: Vault, taken: OptOutFile) -> Iterator[RowFate]:
    """The rows of a list that blocked nobody, in the file's order, as a stream."""
    asked = select(UnblockedRow).where(UnblockedRow.opt_out_file_id == taken.id).order_by(col(UnblockedRow.row))
    for row in session.exec(asked, execution_options={"yield_per": AT_ONCE}):
        yield RowFate(row.row, fates.from_text(vault.open(row.sealed)), RowFault.INVALID, row.reason)
        session.expunge(row)


def _fresh(vault: Vault, chunk: Chunk, judged: Judged, ids: Mapping[bytes, int]) -> list[Fresh]:
    """The numbers of a chunk that were never met."""
    new = sorted({digest for digest, _ in judged.new if digest not in ids})
    places = [chunk.numbers[digest] for digest in new]
    sealed = vault.seal_many([number for number, _, _ in places])
    return [(digest, seal, region, zones) for digest, seal, (_, region, zones) in zip(new, sealed, places, strict=True)]


def finish(session: Session, taken: OptOutFile, *, by: Staff | None, now: datetime) -> None:
    """The whole list is taken in."""
    taken.finished_at, taken.state, taken.file = now, ImportState.PUBLISHED, ""
    session.add(taken)
    journal.record(session, "opt_outs.imported", taken, by=by, now=now, name=taken.name, **taken.counts())


def take_in(
    session: Session,
    vault: Vault,
    list_file: ListFile,
    given: Given,
    *,
    by: Staff | None,
    now: datetime,
    centre_id: int | None,
) -> OptOutFile:
    """A whole list in one transaction: for lists that are not long. Raises a FileRefused where the file is no list."""
    columns = opt_out_columns(list_file, given.columns)
    taken = begin(session, list_file, given, by=by, now=now, centre_id=centre_id)
    for chunk in chunks(list_file, columns, vault):
        take(session, vault, taken, chunk, columns, given, now=now)
    finish(session, taken, by=by, now=now)
    return taken


def judge(
    session: Session,
    chunk: Chunk,
    columns: OptOutColumns,
    given: Given,
    ids: Mapping[bytes, int],
    *,
    now: datetime,
) -> Judged:
    """Which of a chunk's rows block something new; `ids` are the numbers that have a row already."""
    by_phone = in_force(session, ids.values(), now=now)
    held = {digest: by_phone[phone] for digest, phone in ids.items() if phone in by_phone}
    wants = _Wants(columns, given)
    invalid, accepted, new = 0, 0, list[tuple[bytes, Wanted]]()
    for cells, digests in zip(chunk.cells, chunk.digests, strict=True):
        if not digests:
            invalid += 1
            continue
        wanted, fresh = wants.of(cells), False
        for each in digests:
            covered = held.get(each)
            if covered and any(one.covers(wanted) for one in covered):
                continue
            held.setdefault(each, []).append(wanted.held)
            new.append((each, wanted))
            fresh = True
        accepted += fresh
    rows = len(chunk.cells)
    duplicate = rows - accepted - invalid
    return Judged(new, Counter(rows=rows, accepted=accepted, duplicate=duplicate, invalid=invalid))


class _Wants:
    """What rows ask for; a list of millions asks for a handful of different things."""

    def __init__(self, columns: OptOutColumns, given: Given) -> None:
        self.columns, self.given = columns, given
        self.places = columns.places
        self.known: dict[tuple[str, ...], Wanted] = {}

    def of(self, cells: Sequence[str]) -> Wanted:
        """The opt-out that a row asks for."""
        told = tuple([cells[at] if at < len(cells) else "" for at in self.places])
        wanted = self.known.get(told)
        if wanted is None:
            if len(self.known) > MOST_KNOWN:
                self.known.clear()
            wanted = self.known[told] = self.given.wanted(self.columns.said(cells))
        return wanted


def in_force(session: Session, phones: Iterable[int], *, now: datetime) -> dict[int, list[Held]]:
    """What is blocked of these phones at `now`."""
    found: dict[int, list[Held]] = defaultdict(list)
    asked = sa.select(
        col(OptOut.phone_id), col(OptOut.scope), col(OptOut.campaign_kind), col(OptOut.campaign_id),
        col(OptOut.expires_at),
    ).where(holding(now))  # fmt: skip
    for some in parts(sorted(phones), AT_ONCE):
        for phone, *facts in session.execute(asked.where(bulk.among(session, col(OptOut.phone_id), some))):
            found[phone].append(Held(*facts))
    return found


def parts(items: Iterable[ItemT], size: int) -> Iterator[list[ItemT]]:
    """The items in parts of that size."""
    left = iter(items)
    while part := list(islice(left, size)):
        yield part
