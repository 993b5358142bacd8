"""Call lists taken into a campaign: whole or not at all, every refused row kept with its reason."""

import hashlib
from collections.abc import Iterator, Mapping
from datetime import datetime

from sqlmodel import Session, col, select

from outbound import clock, journal
from outbound.call_lists import fates, taking
from outbound.call_lists.columns import ColumnMap
from outbound.call_lists.fates import ForCampaign, RowFate
from outbound.call_lists.judging import Judge
from outbound.call_lists.model import GIVEN_UP, CallList, ImportState, RefusedRow
from outbound.call_lists.preparing import prepared
from outbound.call_lists.previewing import Preview, Upload, opened_list, preview
from outbound.call_lists.reading import ListFile
from outbound.call_lists.taking import FIGURES, Taker
from outbound.call_lists.text import Source
from outbound.errors import Refusal
from outbound.people import Centre, Staff, known
from outbound.phones.vault import Vault

__all__ = [
    "ListImportedAlready",
    "ListUnderWay",
    "Preview",
    "RowFate",
    "Upload",
    "begin",
    "import_list",
    "preview",
    "refused_rows",
    "tally_of",
]

AT_ONCE = 2_000


class ListImportedAlready(Refusal):
    """The campaign has this list already: {who} imported it on {when} as “{name}”."""

    zh = "该清单已由{who}于 {when} 导入本活动，文件名为“{name}”，请勿重复导入。"


class ListUnderWay(Refusal):
    """This list is being imported into the campaign right now: {who} began it on {when} as “{name}”."""

    zh = "该清单正在导入本活动（{who}于 {when} 开始，文件名为“{name}”），请等待其完成。"


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
    """Take a list into a campaign at once; `column_map` (header to role) overrules what is recognised.

    Raises ListImportedAlready, ListUnderWay and, where the file is no list, a FileRefused; nothing of it stays if the
    caller rolls back. Long lists are better imported as a job (`running`), which lets others write meanwhile.
    """
    opened = opened_list(file, encoding, sheet)
    found = opened.columns(column_map)
    taking.one_at_a_time(session, known(campaign.id))
    call_list = begin(session, campaign, opened, found, by=by, now=now)
    taker = Taker(session, vault, call_list, Judge(session, campaign, call_list.id, now=now))
    for chunk in prepared(opened, found, vault):
        call_list.so_far = taking.added(call_list.so_far, taker.take(chunk))
        call_list.reached = chunk.rows[-1]
    publish(session, call_list, by=by, now=now)
    return call_list


def begin(
    session: Session, campaign: ForCampaign, opened: ListFile, found: ColumnMap, *, by: Staff | None, now: datetime
) -> CallList:
    """The list whose rows are to be taken in; raises ListImportedAlready or ListUnderWay."""
    sha256 = _sha256(opened.source)
    _refuse_again(session, campaign, sha256)
    call_list = CallList(
        centre_id=campaign.centre_id,
        campaign_id=known(campaign.id),
        name=opened.file_name[:200],
        sha256=sha256,
        encoding=opened.encoding or "",
        sheet=(opened.sheet or "")[:200],
        headers=list(found.headers),
        roles=found.roles(),
        lines=opened.lines,
        state=ImportState.WAITING,
        imported_by_id=by.id if by else None,
        at=now,
    )
    session.add(call_list)
    session.flush()
    return call_list


def publish(session: Session, call_list: CallList, *, by: Staff | None, now: datetime) -> None:
    """From now on the contacts of a list are handed out: all at once."""
    for name in FIGURES:
        setattr(call_list, name, call_list.so_far.get(name, 0))
    call_list.state, call_list.published_at, call_list.file = ImportState.PUBLISHED, now, ""
    session.add(call_list)
    session.flush()
    figures = tally_of(call_list)
    journal.record(session, "list.imported", call_list, by=by, now=now, campaign=call_list.campaign_id, **figures)


def tally_of(call_list: CallList) -> dict[str, int]:
    """The five figures of a list by name: rows, accepted, duplicate, invalid, suppressed."""
    return {name: getattr(call_list, name) for name in FIGURES}


def _sha256(source: Source) -> str:
    digest = hashlib.sha256()
    with source.open() as stream:
        while block := stream.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def _refuse_again(session: Session, campaign: ForCampaign, sha256: str) -> None:
    asked = select(CallList).where(CallList.campaign_id == campaign.id, CallList.sha256 == sha256)
    former = session.exec(asked.where(col(CallList.state).not_in(GIVEN_UP))).first()
    if former is None:
        return
    zone = session.get_one(Centre, campaign.centre_id).zone
    importer = session.get(Staff, former.imported_by_id) if former.imported_by_id else None
    refusal = ListImportedAlready if former.state is ImportState.PUBLISHED else ListUnderWay
    raise refusal(
        name=former.name,
        who=importer.name if importer else "—",
        when=clock.local(former.at, zone).strftime("%Y-%m-%d %H:%M"),
    )


def refused_rows(session: Session, vault: Vault, call_list: CallList) -> Iterator[RowFate]:
    """The rows of a list that became no contacts, in the file's order, as a stream."""
    asked = select(RefusedRow).where(RefusedRow.call_list_id == call_list.id).order_by(col(RefusedRow.row))
    for row in session.exec(asked, execution_options={"yield_per": AT_ONCE}):
        yield RowFate(row.row, fates.from_text(vault.open(row.sealed)), row.fault, row.reason)
        session.expunge(row)
