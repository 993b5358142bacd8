"""Recordings come in: heard through at once where that takes a moment, by a worker where it takes longer.

Sound is decoded outside every transaction: hearing half an hour of it must hold nobody up.
"""

from collections.abc import Collection
from datetime import datetime

import structlog
from sqlalchemy.engine import Engine
from sqlmodel import Session

from outbound.calls.model import Call
from outbound.campaigns.lookups import definition_in
from outbound.campaigns.model import CampaignVersion
from outbound.db import reading, transaction
from outbound.errors import Refusal
from outbound.people import Centre, Role, Staff, known, may
from outbound.recordings import describing, keeping
from outbound.recordings.model import AgentSide, Recording
from outbound.recordings.store import RecordingGone, Store
from qa.audio import Hearing, analyse, glance
from qa.audio.hearing import MINIMUM_SECONDS

log = structlog.get_logger()

_QUICK = {b"RIFF": 48 << 20, b"RIFX": 48 << 20, b"ID3": 4 << 20, b"\xff": 4 << 20, b"fLaC": 8 << 20, b"OggS": 1 << 19}
"""By its first bytes, up to how many bytes a recording is heard through in about half a second."""
_QUICK_OTHERWISE = 1 << 18


class SomebodyElsesCall(Refusal):
    """The call {reference} is a colleague's; only a supervisor sends or matches its recording."""

    zh = "通话 {reference} 是其他同事的，只有班组长可以上传或匹配它的录音。"
    status = 403


def refuse_others(call: Call | None, *, by: Staff, roles: Collection[Role]) -> None:
    """Raise SomebodyElsesCall where a call is a colleague's and one is no supervisor."""
    if call and call.agent_id != by.id and not may(roles, "supervise"):
        raise SomebodyElsesCall(reference=call.reference)


def heard_now(data: bytes) -> Hearing | None:
    """What is heard on a recording; None where that would take long, and a worker shall hear it.

    Raises what `qa.audio.analyse` raises; of a long one only what is seen at a glance.
    """
    most = next((most for begin, most in _QUICK.items() if data.startswith(begin)), _QUICK_OTHERWISE)
    if len(data) <= most:
        return analyse(data)
    glance(data)
    return None


def keep(
    session: Session,
    store: Store,
    centre: Centre,
    *,
    data: bytes,
    file_name: str,
    hearing: Hearing | None,
    reference: str = "",
    call: Call | None = None,
    agent_side: AgentSide | None = None,
    written: str = "",
    by: Staff | None,
    now: datetime,
) -> Recording:
    """Keep a recording, held to the minimum of its call's campaign. Raises what `keeping.keep` raises."""
    whose = call or keeping.call_of_reference(session, known(centre.id), reference)
    return keeping.keep(
        session,
        store,
        centre,
        data=data,
        file_name=file_name,
        hearing=hearing,
        reference=reference,
        call=call,
        minimum_seconds=minimum_of(session, whose),
        agent_side=agent_side,
        written=written,
        by=by,
        now=now,
    )


def minimum_of(session: Session, call: Call | None) -> float:
    """How long a recording must last at least, in seconds: as the call's campaign says."""
    if call is None:
        return MINIMUM_SECONDS
    return float(definition_in(session.get_one(CampaignVersion, call.campaign_version_id)).qa.minimum_seconds)


def hear_waiting(engine: Engine, store: Store, *, now: datetime, most: int = 20) -> int:
    """Hear through what was kept for a worker; how many that were. Two workers at once do no harm."""
    with reading(engine) as session:
        waiting = describing.waiting(session, most=most)
    for recording in waiting:
        heard = _heard(store, recording)
        with transaction(engine) as session:
            again = session.get_one(Recording, known(recording.id))
            call = session.get_one(Call, again.call_id) if again.call_id else None
            describing.hear(session, again, heard, minimum_seconds=minimum_of(session, call), now=now)
    return len(waiting)


def _heard(store: Store, recording: Recording) -> Hearing | Refusal:
    try:
        with store.open(recording.storage_key) as file:
            return analyse(file.read())
    except Refusal as refused:
        # A store out of reach is no fault of the recording: that waits for the next beat.
        if refused.status == 503:
            raise
        level = log.error if isinstance(refused, RecordingGone) else log.info
        level("recording cannot be heard", recording=recording.id, why=str(refused))
        return refused
