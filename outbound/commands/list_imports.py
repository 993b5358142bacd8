"""Imports on the command line: a list brought in while its progress is told, and imports that were left taken up."""

import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from sqlalchemy.engine import Engine

from outbound import clock
from outbound.call_lists import importing, keeping, remembering, running
from outbound.call_lists.columns import ColumnMap
from outbound.call_lists.importing import tally_of
from outbound.call_lists.model import UNDER_WAY, CallList, ImportState
from outbound.call_lists.reading import ListFile, open_list
from outbound.call_lists.running import Works
from outbound.call_lists.text import ENCODINGS
from outbound.campaigns.model import Campaign, CampaignState
from outbound.campaigns.verbs import CampaignClosed
from outbound.commands.named import campaign_named
from outbound.compliance import Words
from outbound.db import reading, transaction
from outbound.errors import BadInput, Refusal
from outbound.migrating import opened
from outbound.people import known
from outbound.phones.model import refuse_other_key
from outbound.phones.sealed_files import DiskFull
from outbound.phones.vault import open_vault
from outbound.settings import Settings

LIGHT, PAUSE = 5_000, 0.03
"""Rows in a chunk, and seconds between two, of an import that goes on beside people at work."""


class ListRefused(Refusal):
    """{why}"""

    zh = "{why}"
    status = 422


class SoundsLikeOptOuts(Refusal):
    """“{said}” sounds like a list of people who must not be called; `outbound optouts import` takes such a list in."""

    zh = "“{said}”看起来是拒呼名单；拒呼名单请用 outbound optouts import 导入。"


class ImportWaitsForRoom(Refusal):
    """There is no room left on the disk; what is stored stays, and once there is room the import goes on by itself
    (`outbound work`), or a minute later with `{command} --resume {number}`.
    """

    zh = "磁盘已满，已入库数据保留；腾出空间后自动继续（outbound work），或一分钟后执行 {command} --resume {number}。"
    status = 507


class EncodingDoubtful(Refusal):
    """“{name}” may not be GB18030 (GBK) text: it would be read as “{read}”; if that is illegible, name its encoding
    with --encoding ({encodings}).
    """

    zh = (
        "“{name}”可能不是 GB18030（GBK）编码，读出的内容为“{read}”；如为乱码，请用 --encoding 指明编码（{encodings}）。"
    )


class ColumnUnsaid(BadInput):
    """“{said}” says of no column what it holds; write --column HEADER=ROLE, such as --column 联系方式2=phone."""

    zh = "“{said}”没有说明某列的用途，请写成 --column 表头=用途，例如 --column 联系方式2=phone。"


class ImportCancelled(Refusal):
    """The import of “{name}” was cancelled; nothing of it is kept."""

    zh = "“{name}”的导入已取消，未保留任何数据。"


def import_into(
    settings: Settings,
    file: Path,
    *,
    campaign: str,
    centre: str | None,
    encoding: str | None,
    sheet: str | None = None,
    chosen: Sequence[str] = (),
    told: Callable[[CallList], None] = lambda _list: None,
    doubt: Callable[[Refusal], None] = lambda _why: None,
) -> dict[str, int]:
    """Import a list into the campaign of that name; the counts of its rows. `told` hears of each chunk.

    `chosen` are columns as HEADER=ROLE; without any they are as the centre chose last for such a list. `doubt` hears
    why this may be no call list, and may end the import before anything is stored. Raises CampaignUnknown,
    CampaignAmbiguous, CampaignClosed, CentreUnknown, ColumnUnsaid, ListImportedAlready, ImportWaitsForRoom, and a
    FileRefused or ListRefused.
    """
    works = _works(settings, opened(settings), told)
    listed = open_list(file, file.name, encoding=encoding, sheet=sheet)
    refuse_illegible(listed, doubt)
    roles = roles_said(chosen)
    with reading(works.engine) as session:
        into = campaign_named(session, campaign, centre)
        if into.state is CampaignState.CLOSED:
            raise CampaignClosed(name=into.name)
        found = remembering.understood(session, into.centre_id, listed, roles)
    if said := remembering.opt_outs_said(listed, found.header_row):
        doubt(SoundsLikeOptOuts(said=said))
    begun = _begun(works, listed, found, into)
    # An opened workbook is held in memory whole.
    del listed
    return _run(works, begun)


def roles_said(chosen: Sequence[str]) -> dict[str, str]:
    """Header to role, from HEADER=ROLE; raises ColumnUnsaid."""
    roles = {}
    for said in chosen:
        header, is_said, role = said.rpartition("=")
        if not is_said or not header.strip():
            raise ColumnUnsaid(said=said)
        roles[header.strip()] = role.strip()
    return roles


def refuse_illegible(listed: ListFile, doubt: Callable[[Refusal], None]) -> None:
    """Let `doubt` hear where a text is read in an encoding in which it hardly was written."""
    if listed.doubtful:
        read = next((cell for _, cells in listed.preview() for cell in cells if not cell.isascii()), "…")
        doubt(EncodingDoubtful(name=listed.file_name, read=read[:20], encodings=", ".join(ENCODINGS)))


def _begun(works: Works, listed: ListFile, found: ColumnMap, into: Campaign) -> int:
    """The number of the list that begins to be imported."""
    with transaction(works.engine) as session:
        refuse_other_key(session, works.opener())
        call_list = importing.begin(session, into, listed, found, by=None, now=works.now())
        call_list.file = keeping.keep(works.folder, works.opener(), listed.source)
    return known(call_list.id)


def _works(settings: Settings, engine: Engine, told: Callable[[CallList], None]) -> Works:
    folder, opener = keeping.folder_in(settings.data), partial(open_vault, settings.data)
    return Works(engine=engine, folder=folder, opener=opener, now=clock.now, told=told)


def _run(works: Works, list_id: int) -> dict[str, int]:
    try:
        done = running.run(works, list_id)
    except DiskFull:
        raise ImportWaitsForRoom(command="outbound import", number=list_id) from None
    except KeyboardInterrupt:
        with transaction(works.engine) as session:
            running.cancel(session, session.get_one(CallList, list_id), by=None, now=works.now())
            session.get_one(CallList, list_id).lease_until = works.now()
        done = running.run(works, list_id)
    if done is None:
        done = _awaited(works, list_id)
    works.told(done)
    if done.state is ImportState.REFUSED:
        raise ListRefused(why=Words(done.why["zh"], done.why["en"]))
    if done.state is ImportState.CANCELLED:
        raise ImportCancelled(name=done.name)
    return tally_of(done)


def _awaited(works: Works, list_id: int) -> CallList:
    """The list when it is over, where another process was quicker to take it up."""
    while True:
        with reading(works.engine) as session:
            call_list = session.get_one(CallList, list_id)
        if call_list.state not in UNDER_WAY:
            return call_list
        works.told(call_list)
        time.sleep(0.5)


def resume_imports(settings: Settings, list_id: int | None = None) -> None:
    """Bring this import to its end, or all that are under way and that no process has in hand."""
    engine = opened(settings)
    works = replace(_works(settings, engine, lambda _list: None), size=LIGHT, pause=PAUSE)
    with transaction(engine) as session:
        keeping.sweep(session, works.folder, now=clock.now())
        waiting = [list_id] if list_id else running.unfinished(session, now=clock.now())
    for each in waiting:
        running.run(works, each)


def telling(*, quiet: bool) -> Callable[[CallList], None]:
    """What shows the progress of an import on a terminal; nothing where there is none, or where it should be quiet."""
    if quiet or not sys.stderr.isatty():
        return lambda _list: None
    began = time.monotonic()

    def tell(call_list: CallList) -> None:
        done, seconds = call_list.so_far.get("rows", 0), time.monotonic() - began
        per_second = done / seconds if seconds else 0
        left = max(0, call_list.lines - call_list.reached) / per_second if per_second else 0
        end = "" if call_list.state in UNDER_WAY else "\n"
        print(f"\r{done:>12,} rows  {per_second:>9,.0f}/s  {left:>6,.0f} s left", end=end, file=sys.stderr, flush=True)

    return tell
