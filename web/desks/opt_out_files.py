"""Lists of opt-outs, taken in or under way: how far they are, what came of them, which rows blocked nobody."""

from functools import partial
from typing import Any

from flask import Blueprint, Response, after_this_request, current_app, g, redirect, render_template, request
from sqlmodel import col, select

from outbound.call_lists.fates import from_text, reason_words
from outbound.call_lists.leases import UNDER_WAY, ImportState
from outbound.call_lists.model import RowFault
from outbound.opt_outs.lists import running, taking
from outbound.opt_outs.lists.model import OptOutFile, UnblockedRow
from outbound.people import Staff
from web.desks.evidence import vault
from web.desks.manager.cells import shown_cells
from web.desks.progress import IMPORT_STATES, progress_of
from web.desks.refused_rows import handed_back
from web.guard import allows, mine
from web.language import chosen_language, lazy_gettext
from web.tables import Column, Filter, Table

bp = Blueprint("opt_out_files", __name__)

STATES = {**IMPORT_STATES, ImportState.PUBLISHED: (lazy_gettext("Taken in"), "good")}
FILES = Table(
    caption=lazy_gettext("Lists of opt-outs"),
    columns=(
        Column("name", lazy_gettext("File"), sort=col(OptOutFile.name)),
        Column("at", lazy_gettext("Imported"), sort=col(OptOutFile.at)),
        Column("state", lazy_gettext("State"), sort=col(OptOutFile.state)),
        Column("rows", lazy_gettext("Rows"), sort=col(OptOutFile.rows), number=True),
        Column("accepted", lazy_gettext("newly blocked"), sort=col(OptOutFile.accepted), number=True),
        Column("duplicate", lazy_gettext("blocked already"), sort=col(OptOutFile.duplicate), number=True),
        Column("invalid", lazy_gettext("without a usable number"), sort=col(OptOutFile.invalid), number=True),
    ),
    key=col(OptOutFile.id),
    order="-at",
    empty=lazy_gettext("No lists of opt-outs yet: import the first one."),
    search=(col(OptOutFile.name),),
    filters=(
        Filter(
            "state",
            lazy_gettext("State"),
            col(OptOutFile.state),
            {state.value: words for state, (words, _kind) in STATES.items()},
        ),
    ),
)
SHOWN = 50
"""Rows that blocked nobody, shown on the page; all of them are in the file that is handed back."""


@bp.get("/opt-outs/lists")
@allows("block_numbers")
def list_files() -> Any:
    """Every list of opt-outs of the centre."""
    page = FILES.page(g.session, select(OptOutFile).where(OptOutFile.centre_id == g.centre.id), request.args)
    if page.exported:
        return page.export("opt-out-lists")
    return render_template("opt_outs/files.html", page=page, states=STATES)


@bp.get("/opt-outs/lists/<int:file_id>")
@allows("block_numbers")
def show_file(file_id: int) -> str:
    """How far a list is, or what came of it."""
    taken, opener = mine(g.session, OptOutFile, file_id), vault()
    language = chosen_language()
    rows = select(UnblockedRow).where(UnblockedRow.opt_out_file_id == file_id).order_by(col(UnblockedRow.row))
    return render_template(
        "opt_outs/file.html",
        taken=taken,
        standing=STATES[taken.state],
        by=g.session.get(Staff, taken.by_id) if taken.by_id else None,
        under_way=taken.state in UNDER_WAY,
        progress=progress_of(taken, taken.counts()),
        refused=[
            (
                each.row,
                reason_words(each.reason, language),
                shown_cells(from_text(opener.open(each.sealed)), RowFault.INVALID),
            )
            for each in g.session.exec(rows.limit(SHOWN))
        ],
    )


@bp.get("/opt-outs/lists/<int:file_id>/progress")
@allows("block_numbers")
def show_progress(file_id: int) -> Any:
    """How far a list is, as JSON, for the page that shows it."""
    taken = mine(g.session, OptOutFile, file_id)
    return progress_of(taken, taken.counts())


@bp.post("/opt-outs/lists/<int:file_id>/cancel")
@allows("block_numbers", again=show_file)
def cancel(file_id: int) -> Any:
    """Block nobody further by this list."""
    running.cancel(g.session, mine(g.session, OptOutFile, file_id), by=g.staff, now=g.now)
    after_this_request(goes_on(file_id))
    return redirect(f"/opt-outs/lists/{file_id}")


def goes_on(file_id: int) -> Any:
    """What starts the process of a list, once the list is committed and can be found."""

    def go_on(response: Response) -> Response:
        if response.status_code < 400:
            current_app.config.get("START_OPT_OUTS", running.start)(current_app.config["SETTINGS"], file_id)
        return response

    return go_on


@bp.get("/opt-outs/lists/<int:file_id>/refused.csv")
@allows("block_numbers")
def download_csv(file_id: int) -> Response:
    """The rows that blocked nobody, as they came, each with its reason, as CSV."""
    return _refused(mine(g.session, OptOutFile, file_id), "csv")


@bp.get("/opt-outs/lists/<int:file_id>/refused.xlsx")
@allows("block_numbers")
def download_xlsx(file_id: int) -> Response:
    """The rows that blocked nobody, as they came, each with its reason, as a workbook."""
    return _refused(mine(g.session, OptOutFile, file_id), "xlsx")


def _refused(taken: OptOutFile, kind: str) -> Response:
    fates = partial(taking.unblocked_rows, g.session, vault(), taken)
    return handed_back(taken, [], fates, action="opt_outs.refused_downloaded", kind=kind)
