"""Importing a list: upload, preview with every column correctable, import; the file waits sealed in between."""

from pathlib import Path
from typing import Any

from flask import Response, after_this_request, current_app, flash, g, redirect, render_template, request
from sqlmodel import col, select

from outbound.call_lists import importing, keeping, remembering, running
from outbound.call_lists.columns import ColumnMap, Role
from outbound.call_lists.model import CallList
from outbound.call_lists.reading import FileKind, ListFile, open_list
from outbound.call_lists.refusals import FileRefused, NotInThatEncoding, UnknownEncoding
from outbound.call_lists.starting import start
from outbound.campaigns.model import Campaign, CampaignState
from outbound.campaigns.verbs import CampaignClosed
from outbound.errors import Refusal
from outbound.people import known
from web.desks.encodings import ENCODINGS, choice_of
from web.desks.manager import uploads
from web.desks.manager.cells import shown_cells
from web.desks.manager.desk import bp, vault
from web.desks.progress import progress_of
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
AT_ONCE = 3_000
"""Up to so many lines a list is taken in while the user waits; a longer one goes its own way and tells its progress."""


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
        if campaign is None:
            form.refuse("campaign", CampaignUnfit())
        if not form.faults and campaign is not None:
            waiting = _kept(file, campaign)
            if refused := _refused(campaign, waiting):
                uploads.discard(folder(), waiting.token)
                form.refuse("list", refused)
    return redirect(f"/manager/lists/uploads/{waiting.token}")


def _kept(file: Any, campaign: Campaign) -> uploads.Waiting:
    about = uploads.About(Path(file.filename or "").name, known(g.centre.id), known(campaign.id))
    return uploads.keep(folder(), vault(), file.stream, about, now=g.now)


def _campaign(identity: str) -> Campaign | None:
    campaign = g.session.get(Campaign, int(identity)) if identity.isdecimal() else None
    fits = campaign and campaign.centre_id == g.centre.id and campaign.state is not CampaignState.CLOSED
    return campaign if fits else None


def _refused(campaign: Campaign, waiting: uploads.Waiting) -> Refusal | None:
    """Why a file can be no list. What the preview can put right, an encoding or a column, is left to it."""
    try:
        opened = open_list(waiting.file, waiting.about.name)
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
        waiting.file, waiting.about.name, encoding=values.get("encoding") or None, sheet=values.get("sheet") or None
    )


@bp.get("/lists/uploads/<token>")
@allows("import_lists")
def show_upload(token: str) -> str:
    """How the file is understood, and what would become of its rows."""
    waiting = uploads.fetch(folder(), vault(), token, centre_id=known(g.centre.id), now=g.now)
    campaign = mine(g.session, Campaign, waiting.about.campaign_id)
    try:
        opened = _opened(waiting)
        found, recalled = _previewed(campaign, opened)
    except FileRefused as refused:
        return _preview_page(waiting, campaign, refused=refused)
    return _preview_page(waiting, campaign, found=found, recalled=recalled, suspicion=_suspicion(opened, found))


def _previewed(campaign: Campaign, opened: ListFile) -> tuple[importing.Preview, bool]:
    """The preview, with the columns as they were chosen last where nobody has chosen now; and whether that was so."""
    chosen = chosen_columns()
    found = importing.preview(g.session, vault(), campaign, opened, column_map=chosen, now=g.now)
    recalled = {} if chosen else remembering.recalled(g.session, known(g.centre.id), found.headers)
    again = found.roles | recalled
    if again == found.roles:
        return found, False
    return importing.preview(g.session, vault(), campaign, opened, column_map=again, now=g.now), True


def _suspicion(opened: ListFile, found: importing.Preview) -> str:
    """The words of the file that say that its numbers must not be rung; empty where none do."""
    return remembering.opt_outs_said(opened, found.header_row or 0)


def _preview_page(waiting: uploads.Waiting, campaign: Campaign, **facts: Any) -> str:
    found, refused = facts.get("found"), facts.get("refused")
    doubtful = isinstance(refused, NotInThatEncoding | UnknownEncoding)
    return render_template(
        "manager/preview.html",
        waiting=waiting,
        campaign=campaign,
        found=found,
        recalled=facts.get("recalled"),
        suspicion=facts.get("suspicion", ""),
        sentence=refused.sentence(chosen_language()) if refused else "",
        encodings=ENCODINGS if doubtful or (found and found.kind is not FileKind.XLSX) else {},
        encoding=request.values.get("encoding") or (choice_of(found.encoding) if found else ""),
        roles=ROLES,
        shown_cells=shown_cells,
    )


class OptOutsInside(Refusal):
    """“{said}” sounds like a list of people who must not be called; confirm that these customers are to be called, or
    import it as opt-outs.
    """

    zh = "“{said}”看起来是拒呼名单。如确实要拨打名单中的客户，请勾选确认；否则请到拒呼名单页导入。"
    status = 422


@bp.post("/lists/uploads/<token>/import")
@allows("import_lists", again=show_upload)
def import_upload(token: str) -> Any:
    """Take the list into its campaign: a short one at once, a long one by a process of its own."""
    waiting = uploads.fetch(folder(), vault(), token, centre_id=known(g.centre.id), now=g.now)
    campaign, opened = mine(g.session, Campaign, waiting.about.campaign_id), _opened(waiting)
    if campaign.state is CampaignState.CLOSED:
        raise CampaignClosed(name=campaign.name)
    found = opened.columns(chosen_columns())
    _refuse_opt_outs(opened, found)
    remembering.remember(g.session, known(g.centre.id), found.roles(), by=g.staff, now=g.now)
    begun = _taken_in if opened.lines <= AT_ONCE else _begun
    call_list = begun(campaign, opened, found, waiting)
    after_this_request(_forgets(token))
    return redirect(f"/manager/lists/{call_list.id}")


def _refuse_opt_outs(opened: ListFile, found: ColumnMap) -> None:
    said = remembering.opt_outs_said(opened, found.header_row)
    if said and not request.form.get("sure"):
        raise OptOutsInside(said=said)


def _taken_in(campaign: Campaign, opened: ListFile, found: ColumnMap, _waiting: uploads.Waiting) -> CallList:
    return importing.import_list(g.session, vault(), campaign, opened, column_map=found.roles(), by=g.staff, now=g.now)


def _begun(campaign: Campaign, opened: ListFile, found: ColumnMap, waiting: uploads.Waiting) -> CallList:
    call_list = importing.begin(g.session, campaign, opened, found, by=g.staff, now=g.now)
    call_list.file = keeping.keep(keeping.folder_in(current_app.config["SETTINGS"].data), vault(), opened.source)
    after_this_request(_goes_on(known(call_list.id)))
    return call_list


def _goes_on(list_id: int) -> Any:
    def go_on(response: Response) -> Response:
        # Only now is the list committed, so that the other process finds it.
        if response.status_code < 400:
            current_app.config.get("START_IMPORT", start)(current_app.config["SETTINGS"], list_id)
        return response

    return go_on


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


@bp.post("/lists/<int:list_id>/cancel")
@allows("import_lists")
def cancel_import(list_id: int) -> Any:
    """Stop an import; what is stored of it is removed by the process that runs it, or by another."""
    running.cancel(g.session, mine(g.session, CallList, list_id), by=g.staff, now=g.now)
    after_this_request(_goes_on(list_id))
    return redirect(f"/manager/lists/{list_id}")


@bp.get("/lists/<int:list_id>/progress")
@allows("import_lists")
def show_progress(list_id: int) -> Any:
    """How far an import is, as JSON, for the page that shows it."""
    call_list = mine(g.session, CallList, list_id)
    return progress_of(call_list, call_list.so_far)
