"""Imported lists: what became of their rows, and the refused rows as a table and as files."""

from collections.abc import Iterator
from typing import Any

from flask import Response, g, render_template, request
from sqlmodel import col, select

from outbound import journal
from outbound.call_lists import importing
from outbound.call_lists.fates import from_text, reason_words
from outbound.call_lists.model import UNDER_WAY, CallList, ImportState, RefusedRow
from outbound.campaigns.model import Campaign
from outbound.exports import write_csv, write_xlsx
from outbound.people import Staff
from web.desks.manager.cells import shown_cells
from web.desks.manager.desk import FATES, IMPORT_STATES, bp, vault
from web.desks.manager.imports import progress_of
from web.guard import allows, mine
from web.language import _, chosen_language, lazy_gettext
from web.tables import Column, Filter, Table

LISTS = Table(
    caption=lazy_gettext("Call lists"),
    columns=(
        Column("name", lazy_gettext("File"), sort=col(CallList.name)),
        Column("at", lazy_gettext("Imported"), sort=col(CallList.at)),
        Column("state", lazy_gettext("State"), sort=col(CallList.state)),
        Column("rows", lazy_gettext("Rows"), sort=col(CallList.rows), number=True),
        Column("accepted", lazy_gettext("Accepted"), sort=col(CallList.accepted), number=True),
        Column("duplicate", lazy_gettext("Duplicate"), sort=col(CallList.duplicate), number=True),
        Column("invalid", lazy_gettext("Invalid"), sort=col(CallList.invalid), number=True),
        Column("suppressed", lazy_gettext("Opted out"), sort=col(CallList.suppressed), number=True),
    ),
    key=col(CallList.id),
    order="-at",
    empty=lazy_gettext("No lists yet: import the first one."),
    search=(col(CallList.name),),
    filters=(
        Filter(
            "state",
            lazy_gettext("State"),
            col(CallList.state),
            {state.value: words for state, (words, _kind) in IMPORT_STATES.items()},
        ),
    ),
)


@bp.get("/lists")
@allows("import_lists")
def list_lists() -> Any:
    """Every list of the centre."""
    page = LISTS.page(g.session, select(CallList).where(CallList.centre_id == g.centre.id), request.args)
    if page.exported:
        return page.export("lists")
    campaigns = {each.campaign_id: g.session.get(Campaign, each.campaign_id) for each in page.rows}
    return render_template("manager/lists.html", page=page, campaigns=campaigns)


@bp.get("/lists/<int:list_id>")
@allows("import_lists")
def show_list(list_id: int) -> str:
    """What became of a list, and its refused rows."""
    call_list = mine(g.session, CallList, list_id)
    if call_list.state is not ImportState.PUBLISHED:
        return _unpublished(call_list)
    rows = select(RefusedRow).where(RefusedRow.call_list_id == list_id)
    page = _refused_table(list_id).page(g.session, rows, request.args)
    cells = {each.row: shown_cells(from_text(vault().open(each.sealed)), each.fault) for each in page.rows}
    language = chosen_language()
    return render_template(
        "manager/list.html",
        call_list=call_list,
        campaign=g.session.get_one(Campaign, call_list.campaign_id),
        importer=g.session.get(Staff, call_list.imported_by_id) if call_list.imported_by_id else None,
        page=page,
        cells=cells,
        headers=headers_of(call_list, max(map(len, cells.values()), default=0)),
        words=lambda reason: reason_words(reason, language),
    )


def _unpublished(call_list: CallList) -> str:
    """How far an import is, or why there is nothing of it."""
    return render_template(
        "manager/importing.html",
        call_list=call_list,
        campaign=g.session.get_one(Campaign, call_list.campaign_id),
        importer=g.session.get(Staff, call_list.imported_by_id) if call_list.imported_by_id else None,
        progress=progress_of(call_list),
        under_way=call_list.state in UNDER_WAY,
    )


def _refused_table(list_id: int) -> Table:
    asked = select(RefusedRow.reason).where(RefusedRow.call_list_id == list_id).distinct()
    reasons = {reason: reason_words(reason, chosen_language()) for reason in sorted(g.session.exec(asked).all())}
    return Table(
        caption=_("Refused rows"),
        columns=(
            Column("row", _("Row"), sort=col(RefusedRow.row), number=True),
            Column("fault", _("What became of it"), sort=col(RefusedRow.fault)),
            Column("reason", _("Reason"), sort=col(RefusedRow.reason)),
        ),
        key=col(RefusedRow.row),
        order="row",
        empty=_("Every row was accepted."),
        filters=(
            Filter(
                "fault",
                _("What became of it"),
                col(RefusedRow.fault),
                {fault.value: words for fault, (words, _kind) in FATES.items() if fault},
            ),
            Filter("reason", _("Reason"), col(RefusedRow.reason), reasons),
        ),
        exports=False,
    )


def headers_of(call_list: CallList, width: int) -> list[str]:
    """The list's headers, `width` of them at least."""
    return call_list.headers + [
        _("Column %(number)d", number=place + 1) for place in range(len(call_list.headers), width)
    ]


@bp.get("/lists/<int:list_id>/refused.csv")
@allows("import_lists", writes=True)
def download_csv(list_id: int) -> Response:
    """The refused rows as they came, each with its reason, as CSV."""
    headers, rows = _refused(mine(g.session, CallList, list_id))
    return _file(write_csv(rows, headers), list_id, "text/csv", "csv")


@bp.get("/lists/<int:list_id>/refused.xlsx")
@allows("import_lists", writes=True)
def download_xlsx(list_id: int) -> Response:
    """The refused rows as they came, each with its reason, as a workbook."""
    headers, rows = _refused(mine(g.session, CallList, list_id))
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    return _file(write_xlsx(rows, headers), list_id, kind, "xlsx")


def _refused(call_list: CallList) -> tuple[list[str], list[list[str]]]:
    """Header and rows of the file that is handed back; who took the numbers out is journalled."""
    rows = list(_told_rows(call_list))
    journal.record(g.session, "list.refused_downloaded", call_list, by=g.staff, now=g.now, rows=len(rows))
    width = max((len(row) - 3 for row in rows), default=0)
    return [*headers_of(call_list, width), _("Row"), _("What became of it"), _("Reason")], _filled(rows, width)


def _told_rows(call_list: CallList) -> Iterator[list[str]]:
    language = chosen_language()
    for fate in importing.refused_rows(g.session, vault(), call_list):
        yield [*fate.cells, str(fate.row), str(FATES[fate.fault][0]), fate.words(language)]


def _filled(rows: list[list[str]], width: int) -> list[list[str]]:
    """Short rows filled up, so that the reason stands beneath its header."""
    return [[*row[:-3], *[""] * (width + 3 - len(row)), *row[-3:]] for row in rows]


def _file(content: bytes, list_id: int, kind: str, ending: str) -> Response:
    answer = Response(content, mimetype=kind)
    answer.headers.set("Content-Disposition", "attachment", filename=f"refused-rows-{list_id}.{ending}")
    return answer
