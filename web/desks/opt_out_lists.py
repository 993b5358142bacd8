"""Lists of opt-outs taken in by way of a page that says before what will happen, and given out as files."""

from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from flask import Blueprint, Response, after_this_request, current_app, flash, g, redirect, render_template, request
from sqlmodel import col
from werkzeug.datastructures import MultiDict

from outbound import clock, journal
from outbound.call_lists import keeping
from outbound.call_lists.columns import HEADER_WITHIN, Role, fullest
from outbound.call_lists.reading import FileKind, ListFile, open_list
from outbound.call_lists.refusals import FileRefused, NoPhoneColumn, UnknownEncoding
from outbound.campaigns.opt_out_ends import earliest_ends, strictest
from outbound.db import transaction
from outbound.errors import Refusal
from outbound.opt_outs.lists import running, taking
from outbound.opt_outs.lists.columns import Given
from outbound.opt_outs.lists.exporting import HEADERS, Count, campaigns_named, exported
from outbound.opt_outs.lists.foreseeing import Foreseen, foresee
from outbound.opt_outs.model import Category, OptOut
from outbound.people import known
from web.desks import money_words
from web.desks.encodings import ENCODINGS, choice_of
from web.desks.evidence import vault
from web.desks.manager import uploads
from web.desks.opt_out_files import goes_on
from web.desks.opt_out_forms import Reach, end_in, reach_of, scope_in, scope_options
from web.desks.opt_outs import ours, table
from web.files import sent
from web.filters import zone
from web.forms import filled_form
from web.guard import allows, engine
from web.language import _, chosen_language
from web.tables import address

bp = Blueprint("opt_out_lists", __name__)

AT_ONCE = 3_000
"""Up to so many lines a list is taken in while the user waits; a longer one goes its own way and tells its progress."""
COUNTED = 20_000
"""Lines up to which all of a list is foreseen; of a longer one its beginning."""


def _folder() -> Path:
    return Path(current_app.config["SETTINGS"].data) / "opt-out-uploads"


@bp.get("/opt-outs/import")
@allows("block_numbers")
def new_list() -> str:
    """The upload form."""
    reasons = [(each.value, words) for each, words in money_words.CATEGORIES.items()]
    return render_template("opt_outs/upload.html", reasons=reasons, scopes=scope_options())


@bp.post("/opt-outs/import")
@allows("block_numbers", writes=False, again=new_list)
def upload_list() -> Any:
    """Keep an uploaded list until it is confirmed, or say why it is none."""
    with filled_form() as form:
        file, category, reach = form.file("list"), form.choice("category", Category), scope_in(form, "scope")
        end_in(form, "until", category, reach)
        if not form.faults:
            about = uploads.About(Path(file.filename or "").name, known(g.centre.id), 0)
            stream: Any = file.stream
            waiting = uploads.keep(_folder(), vault(), stream, about, now=g.now)
            if refused := _refused(waiting):
                uploads.discard(_folder(), waiting.token)
                form.refuse("list", refused)
    asked = {name: request.form.get(name, "") for name in ("category", "scope", "until")}
    return redirect(uploads_address(waiting.token, asked))


def uploads_address(token: str, asked: Mapping[str, str]) -> str:
    """The address of the page that says what a list will do."""
    return address(f"/opt-outs/import/{token}", MultiDict(asked))


def _refused(waiting: uploads.Waiting) -> Refusal | None:
    """Why a file can be no list. What the next page can put right, an encoding or a column, is left to it."""
    try:
        _foreseen(open_list(waiting.file, waiting.about.name), _given({}))
    except (UnknownEncoding, NoPhoneColumn):
        return None
    except FileRefused as refused:
        return refused
    return None


def _foreseen(listed: ListFile, given: Given) -> Foreseen:
    return foresee(g.session, vault(), listed, given, now=g.now, most=COUNTED)


def _given(asked: Mapping[str, str], columns: Mapping[str, str] | None = None) -> Given:
    """What the form says for rows that do not say it; what no form sends says nothing."""
    reach, category, until = (
        reach_of(asked.get("scope", "")) or Reach(),
        asked.get("category", ""),
        asked.get("until", ""),
    )
    return Given(
        earliest=earliest_ends(strictest(g.session, g.centre.id, reach.campaign), g.now),
        zone=zone(),
        category=Category(category) if category in set(Category) else None,
        scope=reach.scope,
        campaign_kind=reach.kind,
        campaign_id=reach.campaign_id,
        expires_at=_end(until),
        columns=columns or {},
        campaigns=campaigns_named(g.session, g.centre.id),
    )


def _end(until: str) -> Any:
    try:
        return clock.day_ends(date.fromisoformat(until), zone()) if until else None
    except (ValueError, OverflowError):
        return None


def _waiting(token: str) -> uploads.Waiting:
    return uploads.fetch(_folder(), vault(), token, centre_id=known(g.centre.id), now=g.now)


def _opened(waiting: uploads.Waiting) -> ListFile:
    encoding, sheet = request.values.get("encoding") or None, request.values.get("sheet") or None
    return open_list(waiting.file, waiting.about.name, encoding=encoding, sheet=sheet)


def _columns() -> dict[str, str]:
    """The one column that holds the numbers, where somebody has chosen it."""
    headers, chosen = request.values.getlist("header"), request.values.get("number", "")
    return {each: Role.PHONE if each == chosen else Role.ATTRIBUTE for each in headers} if chosen in headers else {}


ASKED = ("category", "scope", "until", "encoding", "sheet")


@bp.get("/opt-outs/import/<token>")
@allows("block_numbers")
def show_upload(token: str) -> str:
    """What taking in this list will do; where it is not understood, what could be chosen otherwise."""
    waiting = _waiting(token)
    try:
        listed = _opened(waiting)
    except FileRefused as refused:
        return _preview_page(waiting, refused=refused)
    try:
        seen = _foreseen(listed, _given(request.values, _columns()))
    except FileRefused as refused:
        return _preview_page(waiting, listed, refused=refused)
    return _preview_page(waiting, listed, seen=seen)


def _preview_page(
    waiting: uploads.Waiting, listed: ListFile | None = None, *, seen: Foreseen | None = None, refused: Any = None
) -> str:
    headers, number = _headers(listed) if listed else ((), "")
    asked = {name: request.values.get(name, "") for name in ASKED}
    texts = listed is None or listed.kind is not FileKind.XLSX
    return render_template(
        "opt_outs/preview.html",
        name=waiting.about.name,
        token=waiting.token,
        listed=listed,
        seen=seen,
        sentence=refused.sentence(chosen_language()) if refused else "",
        asked=asked,
        headers=headers,
        recognised=number,
        number=request.values.get("number", ""),
        encodings=ENCODINGS if texts else {},
        encoding=asked["encoding"] or choice_of(listed.encoding if listed else None),
        scope=dict(scope_options()).get(asked["scope"]),
        words=money_words,
    )


def _headers(listed: ListFile) -> tuple[Sequence[str], str]:
    """The columns of a list, and which of them are taken to hold the numbers."""
    try:
        found = listed.columns()
    except NoPhoneColumn:
        return fullest(listed.preview(HEADER_WITHIN))[1], ""
    except FileRefused:
        return (), ""
    return found.headers, "、".join(found.headers[at] for at in found.phone)


@bp.post("/opt-outs/import/<token>")
@allows("block_numbers", again=show_upload)
def take_in(token: str) -> Any:
    """Block every number of the list: of a short one at once, of a long one by a process of its own."""
    waiting = _waiting(token)
    listed, given, centre_id = _opened(waiting), _given(request.form, _columns()), known(g.centre.id)
    if listed.lines <= AT_ONCE:
        taken = taking.take_in(g.session, vault(), listed, given, by=g.staff, now=g.now, centre_id=centre_id)
        flash(_("%(accepted)d numbers are blocked at once; %(duplicate)d were already.", **taken.counts()))
    else:
        taken = taking.begin(g.session, listed, given, by=g.staff, now=g.now, centre_id=centre_id)
        taken.file = keeping.keep(running.folder_in(current_app.config["SETTINGS"].data), vault(), listed.source)
        after_this_request(goes_on(known(taken.id)))
    _forget(token)
    return redirect(f"/opt-outs/lists/{taken.id}")


def _forget(token: str) -> None:
    """Only once all is stored: a request that the database turns down is tried again."""

    @after_this_request
    def forget(response: Response) -> Response:
        if response.status_code < 400:
            uploads.discard(_folder(), token)
        return response


@bp.post("/opt-outs/import/<token>/discard")
@allows("block_numbers", writes=False)
def discard(token: str) -> Any:
    """Forget the list; nobody is blocked."""
    uploads.discard(_folder(), _waiting(token).token)
    flash(_("The list is discarded; no number was blocked."), "info")
    return redirect("/opt-outs")


@bp.post("/opt-outs/export")
@allows("block_numbers", writes=False)
def export_masked() -> Response:
    """The opt-outs that the filters leave, with masked numbers."""
    return _exported(whole=False)


@bp.post("/opt-outs/export/whole")
@allows("export_whole_numbers", writes=False)
def export_whole() -> Response:
    """The opt-outs that the filters leave, with whole numbers."""
    return _exported(whole=True)


def _exported(*, whole: bool) -> Response:
    """Read in a transaction that only reads, since there may be millions: nobody waits for them."""
    kind, language, count = ("xlsx" if request.form.get("kind") == "xlsx" else "csv"), chosen_language(), Count()
    rows = exported(g.session, vault(), _narrowed(), zone=zone(), language=language, whole=whole)
    answer = sent(count.of(rows), HEADERS[language], name="opt-outs", kind=kind)
    with transaction(engine()) as session:
        facts = {"rows": count.rows, "whole": whole}
        journal.record(session, "opt_outs.exported", g.centre, by=g.staff, now=g.now, centre_id=g.centre.id, **facts)
    return answer


def _narrowed() -> sa.ColumnElement[bool]:
    """The condition that the filters leave."""
    conditions = [each.condition(request.form.get(each.name, "")) for each in table().filters]
    phone = request.form.get("phone", "")
    if phone.isdecimal():
        conditions.append(col(OptOut.phone_id) == int(phone))
    return sa.and_(ours(), *(each for each in conditions if each is not None))
