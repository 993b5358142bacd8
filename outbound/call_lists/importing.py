"""Call lists taken into a campaign: whole or not at all, in chunks, every refused row kept with its reason."""

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from itertools import islice
from typing import TypeVar

import sqlalchemy as sa
from sqlmodel import Session, col, select

from outbound import clock, journal
from outbound.call_lists import bulk, sieve
from outbound.call_lists.examining import Row
from outbound.call_lists.model import CallList, Contact, ContactState, Duty, RefusedRow, RowFault
from outbound.call_lists.previewing import Preview, Upload, opened_list, preview
from outbound.call_lists.reading import ListFile
from outbound.call_lists.sieve import ForCampaign, Judged, RowFate, Sieve
from outbound.call_lists.text import Source
from outbound.db import is_sqlite, table_of
from outbound.errors import Refusal
from outbound.people import Centre, Staff, known
from outbound.phones.model import Phone, zones_kept
from outbound.phones.parsing import Number
from outbound.phones.vault import Vault
from outbound.phones.zones import group_of

__all__ = [
    "CHUNK",
    "OTHER_PHONES",
    "ListImportedAlready",
    "Preview",
    "RowFate",
    "Upload",
    "import_list",
    "preview",
    "refused_rows",
    "tally_of",
]

CHUNK = 2_000
HIGHEST_PRIORITY = 10
OTHER_PHONES = "_other_phones"
"""The attribute that keeps a customer's further numbers, as the ids of their rows, never as digits."""

ItemT = TypeVar("ItemT")


class ListImportedAlready(Refusal):
    """The campaign has this list already: {who} imported it on {when} as “{name}”."""

    zh = "该清单已由{who}于 {when} 导入本活动，文件名为“{name}”，请勿重复导入。"


def import_list(
    session: Session,
    vault: Vault,
    campaign: ForCampaign,
    file: Upload,
    *,
    encoding: str | None = None,
    sheet: str | None = None,
    column_map: Mapping[str, str] | None = None,
    by: Staff | None,
    now: datetime,
) -> CallList:
    """Take a list into a campaign; `column_map` (header to role) overrules what is recognised.

    Raises ListImportedAlready and, where the file is no list, a FileRefused; nothing of it stays if the caller rolls
    back.
    """
    opened = opened_list(file, encoding, sheet)
    found = opened.columns(column_map)
    _one_at_a_time(session, campaign)
    call_list = _begun(session, campaign, opened, by=by, now=now)
    judges, counts = Sieve(session, vault, campaign, now=now), Counter[RowFault | None]()
    for chunk in _chunks(sieve.rows(opened, found), CHUNK):
        judged = judges.judge(chunk)
        counts.update(each.fault for each in judged)
        _keep_contacts(session, call_list, judges, judged)
        _keep_refused(session, call_list, vault, judged)
    _counted(session, call_list, counts)
    journal.record(session, "list.imported", call_list, by=by, now=now, campaign=campaign.id, **tally_of(call_list))
    return call_list


def tally_of(call_list: CallList) -> dict[str, int]:
    """The five figures of a list by name: rows, accepted, duplicate, invalid, suppressed."""
    return {name: getattr(call_list, name) for name in ("rows", "accepted", "duplicate", "invalid", "suppressed")}


def _one_at_a_time(session: Session, campaign: ForCampaign) -> None:
    # On SQLite every writer is alone already.
    if not is_sqlite(session):
        session.execute(sa.text("SELECT id FROM campaign WHERE id = :id FOR NO KEY UPDATE"), {"id": campaign.id})


def _begun(session: Session, campaign: ForCampaign, opened: ListFile, *, by: Staff | None, now: datetime) -> CallList:
    sha256 = _sha256(opened.source)
    _refuse_again(session, campaign, sha256)
    call_list = CallList(
        centre_id=campaign.centre_id,
        campaign_id=known(campaign.id),
        name=opened.file_name[:200],
        sha256=sha256,
        encoding=opened.encoding or "",
        imported_by_id=by.id if by else None,
        at=now,
    )
    session.add(call_list)
    session.flush()
    return call_list


def _sha256(source: Source) -> str:
    digest = hashlib.sha256()
    with source.open() as stream:
        while block := stream.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def _refuse_again(session: Session, campaign: ForCampaign, sha256: str) -> None:
    asked = select(CallList).where(CallList.campaign_id == campaign.id, CallList.sha256 == sha256)
    former = session.exec(asked).first()
    if former is None:
        return
    zone = session.get_one(Centre, campaign.centre_id).zone
    importer = session.get(Staff, former.imported_by_id) if former.imported_by_id else None
    raise ListImportedAlready(
        name=former.name,
        who=importer.name if importer else "—",
        when=clock.local(former.at, zone).strftime("%Y-%m-%d %H:%M"),
    )


def _chunks(items: Iterator[ItemT], size: int) -> Iterator[list[ItemT]]:
    while chunk := list(islice(items, size)):
        yield chunk


def _keep_contacts(session: Session, call_list: CallList, judges: Sieve, judged: Iterable[Judged]) -> None:
    accepted = [each for each in judged if each.chosen is not None]
    new = {
        digest: number for each in accepted for digest, number in each.numbers.items() if digest not in judges.phones
    }
    phones = judges.phones | _kept_phones(session, judges.vault, new, now=call_list.at)
    table = table_of(Contact)
    same = {
        "centre_id": call_list.centre_id,
        "campaign_id": call_list.campaign_id,
        "call_list_id": call_list.id,
        "state": ContactState.QUEUED.value,
        "duty": Duty.PITCH.value,
        "due_at": bulk.stored(session, table.c.due_at, call_list.at),
        "callback": False,
        "attempts": 0,
        "epoch": 0,
        "closed_why": "",
    }
    alike = tuple(same.values())
    groups = {zones: group_of(session, zones) for zones in {_zones(each) for each in accepted}}
    rows = [(*alike, *_contact(each, phones), groups[_zones(each)]) for each in accepted]
    bulk.insert(session, table, [*same, "phone_id", "name", "attributes", "priority", "zone_group_id"], rows)


def _zones(judged: Judged) -> str:
    assert judged.chosen is not None
    return zones_kept(judged.numbers[judged.chosen])


def _contact(judged: Judged, phones: Mapping[bytes, int]) -> tuple[int, str, str, int]:
    row, chosen = judged.found, judged.chosen
    assert isinstance(row, Row) and chosen is not None
    attributes = row.attributes
    if len(judged.numbers) > 1:
        others = [str(phones[digest]) for digest in judged.numbers if digest != chosen]
        attributes = {**attributes, OTHER_PHONES: ",".join(others)}
    name = " ".join((row.name or "").split())[:80]
    return phones[chosen], name, sieve.ENCODE(attributes), _priority(row.priority)


def _priority(written: int | None) -> int:
    """Lists call the most urgent 1; contacts go out highest first."""
    return 0 if written is None else max(0, HIGHEST_PRIORITY - written)


def _kept_phones(session: Session, vault: Vault, new: Mapping[bytes, Number], *, now: datetime) -> dict[bytes, int]:
    """Rows for numbers that had none; another import may have made some of them meanwhile."""
    if not new:
        return {}
    table = table_of(Phone)
    added_at, seal = bulk.stored(session, table.c.added_at, now), vault.seal
    rows = [
        (digest, seal(number.e164), number.region, zones_kept(number), 0, added_at)
        # In one order for everybody, so that two imports never wait for each other in a circle.
        for digest, number in sorted(new.items(), key=lambda item: item[0])
    ]
    columns = ("digest", "sealed", "region", "zones", "version", "added_at")
    bulk.insert(session, table, columns, rows, then="ON CONFLICT (digest) DO NOTHING")
    return sieve.phone_ids(session, new)


def _keep_refused(session: Session, call_list: CallList, vault: Vault, judged: Iterable[Judged]) -> None:
    rows = [
        (call_list.id, each.row, each.fault.value, str(each.reason), vault.seal(sieve.as_text(each.cells)))
        for each in judged
        if each.fault
    ]
    bulk.insert(session, table_of(RefusedRow), ("call_list_id", "row", "fault", "reason", "sealed"), rows)


def _counted(session: Session, call_list: CallList, counts: Mapping[RowFault | None, int]) -> None:
    call_list.rows = sum(counts.values())
    call_list.accepted = counts.get(None, 0)
    call_list.duplicate = counts.get(RowFault.DUPLICATE, 0)
    call_list.invalid = counts.get(RowFault.INVALID, 0)
    call_list.suppressed = counts.get(RowFault.SUPPRESSED, 0)
    call_list.published_at = call_list.at
    session.add(call_list)
    session.flush()


def refused_rows(session: Session, vault: Vault, call_list: CallList) -> Iterator[RowFate]:
    """The rows of a list that became no contacts, in the file's order, as a stream."""
    asked = select(RefusedRow).where(RefusedRow.call_list_id == call_list.id).order_by(col(RefusedRow.row))
    for row in session.exec(asked, execution_options={"yield_per": CHUNK}):
        yield RowFate(row.row, sieve.from_text(vault.open(row.sealed)), row.fault, row.reason)
