"""Recordings come in: from the caller's desk, or straight from the recorder.

A recording is decoded before the writing transaction begins: hearing half an hour of sound must hold nobody up.
"""

from flask import g, request
from flask.blueprints import BlueprintSetupState

from outbound import db
from outbound.calls.model import Call
from outbound.campaigns import verbs as campaigns
from outbound.campaigns.model import CampaignVersion
from outbound.people import Centre, known
from outbound.recordings import keeping
from qa.audio import analyse
from qa.audio.hearing import MINIMUM_SECONDS
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


@bp.put("/recordings/<reference>")
@allows("match_recordings", writes=False)
@bp.doc(description="The body is the sound itself; it is matched to the call of that reference, now or later.")
@bp.output(shapes.RecordingShown, status_code=201)
def put(reference: str) -> shapes.RecordingShown:
    """Keep a recording under its recorder's reference."""
    name = request.headers.get("X-File-Name", reference)
    return _keep(request.get_data(), name, call=None, reference=reference)


def _keep(data: bytes, file_name: str, *, call: Call | None, reference: str) -> shapes.RecordingShown:
    hearing = analyse(data)
    with db.transaction(engine()) as session:
        known_call = call or keeping.call_of_reference(session, g.centre.id, reference)
        recording = keeping.keep(
            session,
            store(),
            session.get_one(Centre, known(g.centre.id)),
            data=data,
            file_name=file_name,
            hearing=hearing,
            reference=reference,
            call=session.get_one(Call, known(call.id)) if call else None,
            minimum_seconds=_minimum(known_call),
            by=g.staff,
            now=g.now,
        )
        return describing.recording_shown(recording)


def _minimum(call: Call | None) -> float:
    if call is None:
        return MINIMUM_SECONDS
    version = g.session.get_one(CampaignVersion, call.campaign_version_id)
    return float(campaigns.definition_in(version).qa.minimum_seconds)


def _exempt(state: BlueprintSetupState) -> None:
    # A recorder has no page to take a token from; no form or link of another site can send a PUT.
    state.app.extensions["csrf"].exempt(put)


bp.record_once(_exempt)
