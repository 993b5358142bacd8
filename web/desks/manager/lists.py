"""Imported lists: what became of their rows, and the refused rows as a table and as files."""

from functools import partial
from typing import Any

from flask import Response, g, render_template, request
from sqlmodel import col, select

from outbound.call_lists import importing
from outbound.call_lists.fates import from_text, reason_words
from outbound.call_lists.model import UNDER_WAY, CallList, ImportState, RefusedRow
from outbound.campaigns.model import Campaign
from outbound.people import Staff
from web.desks.encodings import encoding_words
from web.desks.manager.cells import shown_cells
from web.desks.manager.desk import FATES, bp, vault
from web.desks.progress import IMPORT_STATES, progress_of
from web.desks.refused_rows import handed_back, headers_of
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
        encoding=encoding_words(call_list.encoding),
        headers=headers_of(call_list.headers, max(map(len, cells.values()), default=0)),
        words=lambda reason: reason_words(reason, language),
    )


def _unpublished(call_list: CallList) -> str:
    """How far an import is, or why there is nothing of it."""
    return render_template(
        "manager/importing.html",
        call_list=call_list,
        campaign=g.session.get_one(Campaign, call_list.campaign_id),
        importer=g.session.get(Staff, call_list.imported_by_id) if call_list.imported_by_id else None,
        progress=progress_of(call_list, call_list.so_far),
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


@bp.get("/lists/<int:list_id>/refused.csv")
@allows("import_lists")
def download_csv(list_id: int) -> Response:
    """The refused rows as they came, each with its reason, as CSV."""
    return _refused(mine(g.session, CallList, list_id), "csv")


@bp.get("/lists/<int:list_id>/refused.xlsx")
@allows("import_lists")
def download_xlsx(list_id: int) -> Response:
    """The refused rows as they came, each with its reason, as a workbook."""
    return _refused(mine(g.session, CallList, list_id), "xlsx")


def _refused(call_list: CallList, kind: str) -> Response:
    fates = partial(importing.refused_rows, g.session, vault(), call_list)
    return handed_back(call_list, call_list.headers, fates, action="list.refused_downloaded", kind=kind)
