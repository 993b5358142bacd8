"""What the commands about opt-outs do: files taken in chunk by chunk, and given out."""

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import date, datetime
from functools import partial
from pathlib import Path

import sqlalchemy as sa
from sqlmodel import Session, col, select

from outbound import clock, journal
from outbound.call_lists import keeping, remembering
from outbound.call_lists.leases import UNDER_WAY, ImportState
from outbound.call_lists.reading import ListFile, open_list
from outbound.call_lists.refusals import NoPhoneColumn
from outbound.call_lists.running import Works
from outbound.campaigns.opt_out_ends import earliest_ends, strictest
from outbound.commands.evidence import FileUnwritable
from outbound.commands.list_imports import (
    LIGHT,
    PAUSE,
    ImportWaitsForRoom,
    ListRefused,
    refuse_illegible,
    roles_said,
)
from outbound.commands.named import campaign_named, centre_named
from outbound.compliance import Words
from outbound.db import reading, transaction
from outbound.errors import BadInput, Language, Refusal
from outbound.exports import csv_parts, write_xlsx
from outbound.migrating import opened
from outbound.opt_outs.lists import running, taking
from outbound.opt_outs.lists.columns import Given, OptOutColumns, opt_out_columns
from outbound.opt_outs.lists.exporting import HEADERS, Count, campaigns_named, exported
from outbound.opt_outs.lists.model import OptOutFile
from outbound.opt_outs.lists.preparing import CHUNK
from outbound.opt_outs.model import Category, OptOut, Scope
from outbound.opt_outs.verbs import holding
from outbound.people import Centre, known
from outbound.phones.model import refuse_other_key
from outbound.phones.sealed_files import DiskFull
from outbound.phones.vault import open_vault
from outbound.settings import Settings

ZONE = "Asia/Shanghai"
"""Where the days of a list are that belongs to no centre."""


class ScopeIncomplete(BadInput):
    """A scope of one campaign needs --campaign, one of a kind needs --kind, and never both."""

    zh = "按活动限定范围时请指定 --campaign，按类型限定时请指定 --kind，二者不能同时使用。"


class SoundsLikeCallList(Refusal):
    """“{name}” has a column of names ({column}), and nothing in it says opt-outs: a list of customers to be called goes
    into its campaign with `outbound import`."""

    zh = "“{name}”含有姓名列（{column}），且没有任何拒呼字样；如为待呼叫的客户清单，请用 outbound import 导入。"


class ImportStopped(Refusal):
    """The import of “{name}” was cancelled; the {count:,} rows that took effect before stay blocked."""

    zh = "“{name}”的导入已取消，此前已生效的 {count:,} 行拒呼继续有效。"


def taken_in(
    settings: Settings,
    file: Path,
    *,
    until: date | None = None,
    chosen: Sequence[str] = (),
    options: Mapping[str, str | None] | None = None,
    doubt: Callable[[Refusal], None] = lambda _why: None,
) -> dict[str, int]:
    """Take a list in, each chunk in a transaction of its own; the five figures of its rows.

    `chosen` are columns as HEADER=ROLE; `options` are category, scope, kind, campaign, centre, encoding and sheet,
    where they are given. `doubt` hears why this may be no list of opt-outs, and may end it before anybody is blocked.
    Raises ScopeIncomplete, CampaignUnknown, CentreUnknown, ColumnUnsaid, and a FileRefused or ListRefused before
    anything is blocked; ImportStopped where it was cancelled.
    """
    asked = options or {}
    listed = open_list(file, file.name, encoding=asked.get("encoding"), sheet=asked.get("sheet"))
    refuse_illegible(listed, doubt)
    roles = roles_said(chosen)
    _doubted(listed, opt_out_columns(listed, roles), doubt)
    works = _works(settings)
    with transaction(works.engine) as session:
        vault = works.opener()
        refuse_other_key(session, vault)
        given, centre_id = _given(session, until, asked, clock.now())
        given = replace(given, columns=roles)
        begun = taking.begin(session, listed, given, by=None, now=clock.now(), centre_id=centre_id)
        begun.file = keeping.keep(works.folder, vault, listed.source)
    try:
        done = running.run(works, known(begun.id))
    except DiskFull:
        raise ImportWaitsForRoom(command="outbound optouts import", number=begun.id) from None
    return _told(works, known(begun.id), done)


def _works(settings: Settings) -> Works:
    opener = partial(open_vault, settings.data)
    folder = running.folder_in(settings.data)
    return Works(engine=opened(settings), folder=folder, opener=opener, now=clock.now, size=CHUNK)


def _told(works: Works, number: int, done: OptOutFile | None) -> dict[str, int]:
    """What came of a list, also where another process was quicker to take it up."""
    while done is None or done.state in UNDER_WAY:
        time.sleep(0.5)
        with reading(works.engine) as session:
            done = session.get_one(OptOutFile, number)
    if done.state is ImportState.REFUSED:
        raise ListRefused(why=Words(done.why["zh"], done.why["en"]))
    if done.state is ImportState.CANCELLED:
        raise ImportStopped(name=done.name, count=done.accepted)
    return done.counts()


def resume(settings: Settings, number: int) -> None:
    """Bring this list to its end, beside people at work."""
    running.run(replace(_works(settings), size=LIGHT, pause=PAUSE), number)


def _doubted(listed: ListFile, columns: OptOutColumns, doubt: Callable[[Refusal], None]) -> None:
    told = (columns.category, columns.scope, columns.expiry)
    if told != (None, None, None) or remembering.opt_outs_said(listed, columns.numbers.header_row):
        return
    with suppress(NoPhoneColumn):
        found = listed.columns()
        if found.name is not None:
            doubt(SoundsLikeCallList(name=listed.file_name, column=found.headers[found.name]))


def _given(
    session: Session, until: date | None, asked: Mapping[str, str | None], now: datetime
) -> tuple[Given, int | None]:
    """What the options say for rows that do not say it, and the centre whose list it is."""
    name, kind, code, category = (asked.get(each) for each in ("campaign", "kind", "centre", "category"))
    scope = Scope.CAMPAIGN if name else Scope.CAMPAIGN_KIND if kind else Scope.ALL
    if (name and kind) or (asked.get("scope") or scope) != scope:
        raise ScopeIncomplete
    centre = centre_named(session, code) if code else None
    campaign = campaign_named(session, name, code) if name else None
    if campaign and not centre:
        centre = session.get_one(Centre, campaign.centre_id)
    centre_id, zone = (known(centre.id), centre.zone) if centre else (None, ZONE)
    given = Given(
        earliest=earliest_ends(strictest(session, centre_id, campaign), now),
        zone=zone,
        category=Category(category) if category else None,
        scope=scope,
        campaign_kind=kind,
        campaign_id=known(campaign.id) if campaign else None,
        expires_at=clock.day_ends(until, zone) if until else None,
        campaigns=campaigns_named(session, centre_id),
    )
    return given, centre_id


def given_out(
    settings: Settings, file: Path, *, centre: str | None, whole: bool, past_too: bool, language: Language
) -> int:
    """Write opt-outs to a file; how many. Raises CentreUnknown, TooManyForWorkbook and FileUnwritable."""
    now, vault, engine, count = clock.now(), open_vault(settings.data), opened(settings), Count()
    with reading(engine) as session:
        here = centre_named(session, centre) if centre else None
        wanted = sa.true() if past_too else holding(now)
        if here:
            wanted = sa.and_(wanted, col(OptOut.centre_id) == here.id)
        zone = here.zone if here else ZONE
        rows = count.of(exported(session, vault, wanted, zone=zone, language=language, whole=whole))
        parts = [write_xlsx(rows, HEADERS[language])] if _is_workbook(file) else csv_parts(rows, HEADERS[language])
        _write(file, parts)
    with transaction(engine) as session:
        for each in [here] if here else session.exec(select(Centre)).all():
            facts = {"rows": count.rows, "whole": whole}
            journal.record(session, "opt_outs.exported", each, by=None, now=now, centre_id=each.id, **facts)
    return count.rows


def _write(file: Path, parts: Iterable[bytes]) -> None:
    draft = file.with_name(f".{file.name}.part")
    try:
        # Customers' numbers are in it: nobody else reads it.
        draft.touch(mode=0o600)
        with draft.open("wb") as target:
            target.writelines(parts)
        draft.replace(file)
    except OSError as refused:
        raise FileUnwritable(file=file, reason=refused.strerror or refused) from None
    finally:
        draft.unlink(missing_ok=True)


def _is_workbook(file: Path) -> bool:
    return file.suffix.lower() == ".xlsx"
