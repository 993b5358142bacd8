"""Recordings come in: from the caller's desk, or straight from the recorder.

A recording is decoded before the writing transaction begins: hearing half an hour of sound must hold nobody up.
"""

from flask import g, request
from flask.blueprints import BlueprintSetupState
from sqlmodel import Session

from outbound import db
from outbound.calls.model import Call
from outbound.intake import taking
from outbound.people import Centre, known
from outbound.recordings import keeping, recorders
from outbound.recordings.recorders import Recorder
from web.api import describing, shapes
from web.api.blueprint import bp, store
from web.api.calls import my_call
from web.forms import FileMissing
from web.guard import allows, engine


@bp.post("/calls/<int:call_id>/recording")
@allows("make_calls", writes=False)
@bp.doc(description="Multipart upload; the sound is in the field `file`.")
@bp.output(shapes.RecordingShown, status_code=201)
def attach(call_id: int) -> shapes.RecordingShown:
    """Attach a recording to one's own call."""
    call, file = my_call(call_id), request.files.get("file")
    if file is None or not file.filename:
        raise FileMissing
    return _keep(file.read(), file.filename, call=call, reference="")


def enter_recorder(session: Session, token: str) -> None:
    """Let a recorder in by its token: for its centre, and for nothing but sending recordings. Raises TokenUnknown."""
    g.recorder = recorders.of_token(session, token)
    g.session, g.staff, g.roles = session, None, frozenset()
    g.centre = session.get_one(Centre, g.recorder.centre_id)


@bp.put("/recordings/<reference>")
@allows("match_recordings", writes=False, token=enter_recorder)
@bp.doc(
    description="The body is the sound itself; it is matched to the call of that reference, now or later. A recorder"
    " shows the token that the centre's manager made for it: `Authorization: Bearer obr_…`."
)
@bp.output(shapes.RecordingShown, status_code=201)
def put(reference: str) -> shapes.RecordingShown:
    """Keep a recording under its recorder's reference."""
    name = request.headers.get("X-File-Name", reference)
    if g.staff:
        call = keeping.call_of_reference(g.session, known(g.centre.id), reference)
        taking.refuse_others(call, by=g.staff, roles=g.roles)
    return _keep(request.get_data(), name, call=None, reference=reference)


def _keep(data: bytes, file_name: str, *, call: Call | None, reference: str) -> shapes.RecordingShown:
    hearing = taking.heard_now(data)
    recorder: Recorder | None = g.get("recorder")
    with (
        keeping.ahead(engine(), store(), g.centre, data, hearing, now=g.now) as key,
        db.transaction(engine()) as session,
    ):
        recording = taking.keep(
            session,
            store(),
            session.get_one(Centre, known(g.centre.id)),
            data=data,
            file_name=file_name,
            hearing=hearing,
            reference=reference,
            call=session.get_one(Call, known(call.id)) if call else None,
            agent_side=recorder.agent_side if recorder else None,
            written=key,
            by=g.staff,
            now=g.now,
        )
        if recorder:
            session.get_one(Recorder, known(recorder.id)).sent_at = g.now
        return describing.recording_shown(recording)


def _exempt(state: BlueprintSetupState) -> None:
    # A recorder has no page to take a token from; no form or link of another site can send a PUT.
    state.app.extensions["csrf"].exempt(put)


bp.record_once(_exempt)
