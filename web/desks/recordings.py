"""Recordings in the console: their list, one of them heard, files that come in, the tray of those without a call."""

from dataclasses import dataclass
from pathlib import PurePath
from typing import Any

from flask import Blueprint, Response, flash, g, jsonify, redirect, render_template, request
from sqlmodel import col, select
from werkzeug.datastructures import FileStorage

from outbound import db
from outbound.calls.model import Call
from outbound.errors import NotFound, Refusal
from outbound.intake import taking
from outbound.people import Centre, Staff, known, may
from outbound.recordings import deleting, holds, keeping
from outbound.recordings.candidates import candidates
from outbound.recordings.describing import InvalidReason
from outbound.recordings.model import Recording
from qa.review import verbs as reviews
from web.answers import wants_json
from web.desks import listening
from web.desks.verdicts import heard_of
from web.forms import FileMissing, filled_form
from web.guard import allows, engine, mine
from web.language import _, chosen_language, lazy_gettext
from web.tables import Column, Filter, Table

bp = Blueprint("recordings", __name__)

MOST_IN_TRAY = 50
SUFFIXES = ".wav,.mp3,.ogg,.opus,.flac,.amr,.m4a,audio/*"


class CallUnknown(Refusal):
    """No call of this centre has the reference “{reference}”; copy it from the recorder or from the call."""

    zh = "本中心没有编号为“{reference}”的通话，请从录音系统或通话记录中复制编号。"
    status = 422


RECORDINGS = Table(
    caption=lazy_gettext("Recordings"),
    columns=(
        Column("kept_at", lazy_gettext("Came in"), sort=col(Recording.kept_at), value=lambda row: row[0].kept_at),
        Column(
            "reference",
            lazy_gettext("Call reference"),
            sort=col(Recording.reference),
            value=lambda row: row[0].reference,
        ),
        Column(
            "dialled_at",
            lazy_gettext("Dialled"),
            sort=col(Call.dialled_at),
            value=lambda row: row[1].dialled_at if row[1] else None,
        ),
        Column("agent", lazy_gettext("Agent"), sort=col(Staff.name), value=lambda row: row[2].name if row[2] else ""),
        Column(
            "seconds",
            lazy_gettext("Length"),
            sort=col(Recording.seconds),
            value=lambda row: row[0].seconds,
            number=True,
        ),
        Column("codec", lazy_gettext("Format"), value=lambda row: f"{row[0].codec} ×{row[0].channels}"),
        Column("valid", lazy_gettext("Valid"), sort=col(Recording.valid), value=lambda row: validity(row[0])),
    ),
    key=col(Recording.id),
    order="-kept_at",
    empty=lazy_gettext("No recordings yet: upload some, or let the recorder send them."),
    search=(col(Recording.reference), col(Recording.file_name), col(Staff.name)),
    filters=(
        Filter(
            "valid",
            lazy_gettext("Valid"),
            col(Recording.valid),
            {True: lazy_gettext("valid"), False: lazy_gettext("not valid")},
        ),
    ),
)


def validity(recording: Recording) -> str:
    """Why a recording is not valid; nothing for one that is."""
    return "" if recording.valid else InvalidReason(recording.invalid_reason).words(chosen_language())


@bp.get("/recordings")
@allows("hear_recordings")
def show_recordings() -> Any:
    """Every recording of the centre, the newest first."""
    asked = (
        select(Recording, Call, Staff)
        .join(Call, col(Call.id) == col(Recording.call_id), isouter=True)
        .join(Staff, col(Staff.id) == col(Call.agent_id), isouter=True)
    )
    if g.centre:
        asked = asked.where(Recording.centre_id == g.centre.id)
    page = RECORDINGS.page(g.session, asked, request.args)
    if page.exported:
        return page.export("recordings")
    return render_template("recordings/list.html", page=page, validity=validity, waiting=_waiting(), **_tabs())


def _waiting() -> int:
    return len(keeping.unmatched(g.session, g.centre.id)) if g.centre else 0


def _tabs() -> dict[str, bool]:
    """Which pages about recordings are open to who asks."""
    permissions = {"sends": "match_recordings", "keeps": "hold_recordings", "hears": "hear_recordings"}
    return {name: may(g.roles, permission) for name, permission in permissions.items()}


@bp.get("/recordings/<int:recording_id>")
@allows("hear_recordings")
def show_recording(recording_id: int) -> str:
    """One recording: heard, with what was measured on it and the hash under which it is kept."""
    recording = mine(g.session, Recording, recording_id)
    if recording.call_id is None:
        player = listening.player_of(recording, f"/recordings/{recording_id}/audio")
        heard = {"recording": recording, "call": None, "player": player, "spoken": None}
    else:
        heard = heard_of(recording_id, recording.call_id, f"/recordings/{recording_id}/audio")
    return render_template(
        "recordings/one.html",
        validity=validity,
        asks=may(g.roles, "supervise"),
        holds=may(g.roles, "hold_recordings"),
        matches=may(g.roles, "match_recordings"),
        hold=holds.in_force(g.session, recording),
        gone=deleting.of(g.session, recording),
        until=deleting.stays_until(g.session, recording),
        **heard,
    )


@bp.get("/recordings/<int:recording_id>/audio")
@allows("hear_recordings", writes=True)
def hear(recording_id: int) -> Response:
    """The sound, whole or in ranges; each hearing is journalled."""
    return listening.sound(mine(g.session, Recording, recording_id))


@bp.post("/recordings/<int:recording_id>/review")
@allows("supervise", again=show_recording)
def ask_for_review(recording_id: int) -> Any:
    """Ask for a review of this call besides the draw."""
    recording = mine(g.session, Recording, recording_id)
    task = reviews.pull_in(g.session, recording, by=g.staff, now=g.now)
    reviewer = g.session.get_one(Staff, task.reviewer_id)
    flash(_("%(reviewer)s is asked to review this call.", reviewer=reviewer.name))
    return redirect(f"/recordings/{recording_id}")


@bp.get("/recordings/tray")
@allows("match_recordings")
def show_tray() -> str:
    """Recordings whose call is not known yet, the newest first."""
    waiting = keeping.unmatched(g.session, g.centre.id)
    only = None if may(g.roles, "supervise") else g.staff
    shown = [(each, candidates(g.session, each, g.centre, agent=only)) for each in waiting[:MOST_IN_TRAY]]
    return render_template("recordings/tray.html", waiting=shown, count=len(waiting), validity=validity, **_tabs())


@bp.post("/recordings/<int:recording_id>/match")
@allows("match_recordings", again=show_tray)
def match(recording_id: int) -> Any:
    """Say by its reference which call a recording is of."""
    recording = mine(g.session, Recording, recording_id)
    with filled_form() as form:
        reference = form.text(f"reference-{recording_id}", most=80)
        call = keeping.call_of_reference(g.session, recording.centre_id, reference)
        if reference and call is None:
            form.refuse(f"reference-{recording_id}", CallUnknown(reference=reference))
    if call is None:
        raise NotFound
    taking.refuse_others(call, by=g.staff, roles=g.roles)
    keeping.match(g.session, recording, call, by=g.staff, now=g.now)
    flash(_("Matched to the call %(reference)s.", reference=call.reference))
    return redirect("/recordings/tray")


@bp.get("/recordings/upload")
@allows("match_recordings")
def show_upload() -> str:
    """Where files are dropped."""
    return render_template("recordings/upload.html", sent=[], accept=SUFFIXES, **_tabs())


@dataclass(frozen=True)
class Sent:
    """What became of one file."""

    name: str
    recording: Recording | None = None
    refused: Refusal | None = None

    @property
    def kind(self) -> str:
        """`good` where it has its call, `wait` where it waits for one or is not valid, `bad` where it was refused."""
        if self.recording is None:
            return "bad"
        return "good" if self.recording.call_id and (self.recording.valid or self.recording.waits) else "wait"

    @property
    def told(self) -> str:
        """What became of it, as a sentence."""
        if self.refused:
            return self.refused.sentence(chosen_language())
        assert self.recording is not None, "a file is kept or refused"
        if self.recording.call_id is None:
            return str(_("Kept; waits in the tray, for no call has the reference %(r)s.", r=self.recording.reference))
        if self.recording.waits:
            return str(_("Kept and matched to its call; it is long and will be heard through in a moment."))
        if reason := validity(self.recording):
            return str(_("Kept and matched, but not valid: %(reason)s.", reason=reason))
        return str(_("Kept and matched to its call."))


@bp.post("/recordings/upload")
@allows("match_recordings", writes=False, again=show_upload)
def take() -> Any:
    """Take one file or many; what is refused is told at its file, and the others go on."""
    files = [file for file in request.files.getlist("files") if file.filename]
    if not files:
        raise FileMissing
    sent = [_send(file) for file in files]
    status = 200 if any(each.recording for each in sent) else 422
    if wants_json():
        told = [{"name": each.name, "kind": each.kind, "told": each.told, "id": _number(each)} for each in sent]
        return jsonify(files=told), status
    return render_template("recordings/upload.html", sent=sent, accept=SUFFIXES, **_tabs()), status


def _number(sent: Sent) -> int | None:
    return sent.recording.id if sent.recording else None


def _send(file: FileStorage) -> Sent:
    name = PurePath((file.filename or "").replace("\\", "/")).name
    try:
        return Sent(name, recording=take_in(file.stream.read(), name))
    except Refusal as refused:
        return Sent(name, refused=refused)


def take_in(data: bytes, file_name: str) -> Recording:
    """Hear a file through and keep it; its name without the suffix is the recorder's call reference.

    It is decoded before the writing transaction begins. Raises what `taking.heard_now` and `keeping.keep` raise, and
    SomebodyElsesCall.
    """
    hearing, reference = taking.heard_now(data), PurePath(file_name).stem.strip()
    with (
        keeping.ahead(engine(), listening.store(), g.centre, data, hearing, now=g.now) as key,
        db.transaction(engine()) as session,
    ):
        centre = session.get_one(Centre, known(g.centre.id))
        taking.refuse_others(keeping.call_of_reference(session, known(centre.id), reference), by=g.staff, roles=g.roles)
        return taking.keep(
            session,
            listening.store(),
            centre,
            data=data,
            file_name=file_name,
            hearing=hearing,
            reference=reference,
            written=key,
            by=g.staff,
            now=g.now,
        )
