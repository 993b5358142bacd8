"""Importing a list: upload, preview with every column correctable, import; the file waits sealed in between."""

from pathlib import Path
from typing import Any

from flask import Response, after_this_request, current_app, flash, g, redirect, render_template, request
from sqlmodel import col, select

from outbound import journal
from outbound.call_lists import importing
from outbound.call_lists.columns import Role
from outbound.call_lists.model import CallList
from outbound.call_lists.reading import FileKind, ListFile, open_list
from outbound.call_lists.refusals import FileRefused, NotInThatEncoding, UnknownEncoding
from outbound.campaigns.model import Campaign, CampaignState
from outbound.errors import Refusal
from outbound.people import known
from web.desks.manager import uploads
from web.desks.manager.cells import shown_cells
from web.desks.manager.desk import bp, vault
from web.forms import filled_form
from web.guard import allows, mine
from web.language import _, chosen_language, lazy_gettext

ROLES = {
    Role.PHONE: lazy_gettext("phone"),
    Role.NAME: lazy_gettext("name"),
    Role.PRIORITY: lazy_gettext("priority"),
    Role.CITY: lazy_gettext("city"),
    Role.ATTRIBUTE: lazy_gettext("attribute"),
    Role.IGNORED: lazy_gettext("leave out"),
}
ENCODINGS = {"utf-8": "UTF-8", "gb18030": "GB18030 / GBK", "big5": "Big5", "utf-16": "UTF-16"}
CODECS = {"utf-8-sig": "utf-8", "big5hkscs": "big5"}
"""Codecs by which a list is read, and the choice of ENCODINGS that means them."""
COUNTED = 100_000
"""Up to so many lines the rows are counted before the import; of a longer file the number is told as “about”."""
JOURNALLED = "list.columns_chosen"


class CampaignUnfit(Refusal):
    """Choose a campaign of your centre that is not closed."""

    zh = "请选择本中心尚未关闭的外呼活动。"
    status = 422


def folder() -> Path:
    """Where uploads wait."""
    return Path(current_app.config["SETTINGS"].data) / "uploads"


@bp.get("/lists/new")
@allows("import_lists")
def new_list() -> str:
    """The upload form."""
    asked = select(Campaign).where(Campaign.centre_id == g.centre.id, Campaign.state != CampaignState.CLOSED)
    options = [(each.id, each.name) for each in g.session.exec(asked.order_by(col(Campaign.id).desc()))]
    chosen = request.args.get("campaign", "")
    return render_template("manager/upload.html", options=options, chosen=chosen, megabytes=_megabytes())


def _megabytes() -> int:
    return int(current_app.config["SETTINGS"].upload_megabytes)


@bp.post("/lists/new")
@allows("import_lists", writes=False, again=new_list)
def upload_list() -> Any:
    """Keep an uploaded list for its preview, or say why it is none."""
    with filled_form() as form:
        file, campaign = form.file("list"), _campaign(form.text("campaign"))
        data, name = file.stream.read(), Path(file.filename or "").name
        if campaign is None:
            form.refuse("campaign", CampaignUnfit())
        elif not form.faults and (refused := _refused(campaign, data, name)):
            form.refuse("list", refused)
    assert campaign is not None
    about = uploads.About(name, known(g.centre.id), known(campaign.id))
    token = uploads.keep(folder(), vault(), data, about, now=g.now)
    return redirect(f"/manager/lists/uploads/{token}")


def _campaign(identity: str) -> Campaign | None:
    campaign = g.session.get(Campaign, int(identity)) if identity.isdecimal() else None
    fits = campaign and campaign.centre_id == g.centre.id and campaign.state is not CampaignState.CLOSED
    return campaign if fits else None


def _refused(campaign: Campaign, data: bytes, name: str) -> Refusal | None:
    """Why a file can be no list. What the preview can put right, an encoding or a column, is left to it."""
    try:
        opened = open_list(data, name)
        importing.preview(g.session, vault(), campaign, opened, now=g.now, first=1)
    except UnknownEncoding:
        return None
    except FileRefused as refused:
        return refused
    return None


def chosen_columns() -> dict[str, str]:
    """What the user chose for each header; empty where all is left to be recognised."""
    return dict(zip(request.values.getlist("header"), request.values.getlist("role"), strict=False))


def _opened(waiting: uploads.Waiting) -> ListFile:
    values = request.values
    return open_list(
        waiting.data, waiting.about.name, encoding=values.get("encoding") or None, sheet=values.get("sheet") or None
    )


@bp.get("/lists/uploads/<token>")
@allows("import_lists")
def show_upload(token: str) -> str:
    """How the file is understood, and what would become of its first rows."""
    waiting = uploads.fetch(folder(), vault(), token, centre_id=known(g.centre.id), now=g.now)
    campaign = mine(g.session, Campaign, waiting.about.campaign_id)
    try:
        opened = _opened(waiting)
        found = importing.preview(g.session, vault(), campaign, opened, column_map=chosen_columns(), now=g.now)
    except FileRefused as refused:
        return _preview_page(waiting, campaign, refused=refused)
    return _preview_page(waiting, campaign, found=found, count=_rows(opened, found.header_row))


def _rows(opened: ListFile, header_row: int | None) -> int | None:
    """How many rows stand beneath the header; None where counting would take long."""
    if header_row is None or opened.lines > COUNTED:
        return None
    return sum(1 for number, _cells in opened.rows() if number > header_row)


def _preview_page(waiting: uploads.Waiting, campaign: Campaign, **facts: Any) -> str:
    found, refused = facts.get("found"), facts.get("refused")
    doubtful = isinstance(refused, NotInThatEncoding | UnknownEncoding)
    return render_template(
        "manager/preview.html",
        waiting=waiting,
        campaign=campaign,
        found=found,
        count=facts.get("count"),
        sentence=refused.sentence(chosen_language()) if refused else "",
        encodings=ENCODINGS if doubtful or (found and found.kind is not FileKind.XLSX) else {},
        encoding=request.values.get("encoding") or (CODECS.get(found.encoding, found.encoding) if found else ""),
        roles=ROLES,
        shown_cells=shown_cells,
    )


@bp.post("/lists/uploads/<token>/import")
@allows("import_lists", again=show_upload)
def import_upload(token: str) -> Any:
    """Take the list into its campaign, and forget the file once that is stored."""
    waiting = uploads.fetch(folder(), vault(), token, centre_id=known(g.centre.id), now=g.now)
    campaign, opened, chosen = mine(g.session, Campaign, waiting.about.campaign_id), _opened(waiting), chosen_columns()
    call_list = importing.import_list(g.session, vault(), campaign, opened, column_map=chosen, by=g.staff, now=g.now)
    _note_columns(call_list, opened, chosen)
    after_this_request(_forgets(token))
    return redirect(f"/manager/lists/{call_list.id}")


def _note_columns(call_list: CallList, opened: ListFile, chosen: dict[str, str]) -> None:
    found = opened.columns(chosen)
    journal.record(g.session, JOURNALLED, call_list, by=g.staff, now=g.now, headers=found.headers, roles=found.roles())


def _forgets(token: str) -> Any:
    def forget(response: Response) -> Response:
        # Only now is the import committed; after a failure the file must still be there.
        if response.status_code < 400:
            uploads.discard(folder(), token)
        return response

    return forget


@bp.post("/lists/uploads/<token>/discard")
@allows("import_lists", writes=False)
def discard_upload(token: str) -> Any:
    """Forget an uploaded file."""
    waiting = uploads.fetch(folder(), vault(), token, centre_id=known(g.centre.id), now=g.now)
    uploads.discard(folder(), token)
    flash(_("“%(name)s” is discarded; nothing was imported.", name=waiting.about.name), "info")
    return redirect(f"/manager/campaigns/{waiting.about.campaign_id}")
