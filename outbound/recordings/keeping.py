"""Recordings come in: written and synced first, then registered; matched to their call by the recorder's reference."""

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.engine import Engine
from sqlmodel import Session, col, select

from outbound import journal
from outbound.calls.model import Call
from outbound.db import reading
from outbound.errors import DATABASE_REFUSALS, NotFound, Refusal
from outbound.people import Centre, Staff, known
from outbound.recordings import describing
from outbound.recordings import rules as centre_rules
from outbound.recordings.describing import Hearing
from outbound.recordings.model import AgentSide, Recording
from outbound.recordings.store import Store, StoreOutOfReach

LONGEST_REFERENCE = 80


class ReferenceNeeded(Refusal):
    """A recording needs its recorder's call reference, of at most 80 characters, so that it is matched to its call."""

    zh = "录音需要附上录音系统的通话编号（不超过 80 个字符），才能与通话匹配。"
    status = 422


class ReferenceTaken(Refusal):
    """Another recording is kept already under the reference {reference}; check which call this one is of."""

    zh = "通话编号 {reference} 下已保存了另一条录音，请核对这条录音属于哪通电话。"


class CallHasRecording(Refusal):
    """The call {reference} has its recording already; check which call this one is of."""

    zh = "通话 {reference} 已有录音，请核对这条录音属于哪通电话。"


class MatchedAlready(Refusal):
    """This recording is matched to another call already, and stays so."""

    zh = "这条录音已匹配到另一通电话，不能更改。"


class RecordingSealed(Refusal):
    """A recording that is kept never changes; send the right one under its own reference."""

    zh = "已保存的录音不可更改，请用正确的通话编号另行上传。"


DATABASE_REFUSALS["a recording is sealed"] = RecordingSealed


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
    minimum_seconds: float,
    agent_side: AgentSide | None = None,
    written: str = "",
    by: Staff | None,
    now: datetime,
) -> Recording:
    """Keep a recording and match it to its call; without a call it waits in the tray, and without a `hearing` it waits
    to be heard through. `agent_side` is as the centre's rule says where it is not given. `written` is the key
    under which `ahead` has put the sound already; without one it is put now, inside the transaction.

    A `call` counts instead of `reference`. The same bytes under the same reference again change nothing. Raises
    NotFound for another centre's call, ReferenceNeeded, ReferenceTaken, CallHasRecording, StoreOutOfReach.
    """
    if call and call.centre_id != centre.id:
        raise NotFound
    reference = _checked(call.reference if call else reference)
    digest = hashlib.sha256(data).hexdigest()
    if existing := _same_again(session, centre, reference, digest):
        return _complete(session, existing, call, by=by, now=now)
    matched = call or call_of_reference(session, known(centre.id), reference)
    if matched and (other := of_call(session, matched)):
        return _the_same_sound(other, digest, matched)
    key = written or _put(store, centre, data, hearing, now=now)
    recording = describing.described(centre, key, data, file_name, hearing, now=now)
    recording.reference, recording.sha256, recording.kept_by_id = reference, digest, by.id if by else None
    if hearing:
        describing.fill(recording, hearing, minimum_seconds=minimum_seconds)
    _belongs_to(recording, matched, at=now if hearing else None)
    _under_rules(session, centre, recording, agent_side, now=now)
    return _register(session, centre, recording, by=by, now=now)


def _belongs_to(recording: Recording, call: Call | None, *, at: datetime | None) -> None:
    if call:
        recording.call_id, recording.matched_at = call.id, at


def _put(store: Store, centre: Centre, data: bytes, hearing: Hearing | None, *, now: datetime) -> str:
    """Put sound into the store; the key under which it is there."""
    key = describing.new_key(centre, store, data, hearing, now=now)
    store.put(key, data)
    return key


@contextmanager
def ahead(
    engine: Engine, store: Store, centre: Centre, data: bytes, hearing: Hearing | None, *, now: datetime
) -> Iterator[str]:
    """Put sound into the store before the transaction begins that registers it: a slow store must hold nobody up.

    What was refused, or had come in before, is taken away again. Raises StoreOutOfReach, WrongSoundKey.
    """
    key = _put(store, centre, data, hearing, now=now)
    try:
        yield key
    except Refusal:
        _take_back(engine, store, key)
        raise
    # After any other failure nobody knows what was committed: the file stays, and the reconciler tells of it.
    _take_back(engine, store, key)


def _take_back(engine: Engine, store: Store, key: str) -> None:
    """Delete a file that no recording is registered under."""
    with reading(engine) as session:
        if session.exec(select(Recording.id).where(Recording.storage_key == key)).first():
            return
    with suppress(StoreOutOfReach):
        store.delete(key)


def _under_rules(
    session: Session, centre: Centre, recording: Recording, agent_side: AgentSide | None, *, now: datetime
) -> None:
    rules = centre_rules.of(session, centre)
    recording.agent_side = agent_side or rules.agent_side
    recording.keep_until, recording.keep_sale_until = centre_rules.terms(rules, now)


def _checked(reference: str) -> str:
    reference = reference.strip()
    if not 0 < len(reference) <= LONGEST_REFERENCE:
        raise ReferenceNeeded
    return reference


def _same_again(session: Session, centre: Centre, reference: str, digest: str) -> Recording | None:
    asked = select(Recording).where(Recording.centre_id == centre.id, Recording.reference == reference)
    existing = session.exec(asked).first()
    if existing and existing.sha256 != digest:
        raise ReferenceTaken(reference=reference)
    return existing


def _complete(
    session: Session, recording: Recording, call: Call | None, *, by: Staff | None, now: datetime
) -> Recording:
    return match(session, recording, call, by=by, now=now) if call else recording


def _the_same_sound(recording: Recording, digest: str, call: Call) -> Recording:
    if recording.sha256 != digest:
        raise CallHasRecording(reference=call.reference)
    return recording


def _register(session: Session, centre: Centre, recording: Recording, *, by: Staff | None, now: datetime) -> Recording:
    try:
        with session.begin_nested():
            session.add(recording)
    except sa.exc.IntegrityError:
        # The same recording came in twice at once, and the other one won.
        existing = _same_again(session, centre, recording.reference, recording.sha256)
        if existing is None:
            raise CallHasRecording(reference=recording.reference) from None
        return existing
    journal.record(
        session,
        "recording.kept",
        recording,
        by=by,
        now=now,
        call=recording.call_id,
        sha256=recording.sha256,
        valid=recording.valid,
    )
    return recording


def of_call(session: Session, call: Call) -> Recording | None:
    """The recording of a call, if it has come in."""
    return session.exec(select(Recording).where(Recording.call_id == call.id)).first()


def call_of_reference(session: Session, centre_id: int, reference: str) -> Call | None:
    """The call of a centre that its recorder knows by this reference."""
    return session.exec(select(Call).where(Call.centre_id == centre_id, Call.reference == reference.strip())).first()


def unmatched(session: Session, centre_id: int) -> Sequence[Recording]:
    """The tray: recordings of a centre that no call is known for yet, the newest first."""
    asked = select(Recording).where(Recording.centre_id == centre_id, col(Recording.call_id).is_(None))
    return session.exec(asked.order_by(col(Recording.kept_at).desc(), col(Recording.id).desc())).all()


def match(session: Session, recording: Recording, call: Call, *, by: Staff | None, now: datetime) -> Recording:
    """Say which call a recording is of, once and for good.

    Raises NotFound for another centre's call, MatchedAlready, CallHasRecording.
    """
    if recording.call_id == call.id:
        return recording
    if recording.centre_id != call.centre_id:
        raise NotFound
    if recording.call_id:
        raise MatchedAlready
    if of_call(session, call):
        raise CallHasRecording(reference=call.reference)
    recording.call_id, recording.matched_at = call.id, None if recording.waits else now
    session.add(recording)
    session.flush()
    journal.record(session, "recording.matched", recording, by=by, now=now, call=call.id, reference=call.reference)
    return recording


def match_waiting(session: Session, call: Call, *, now: datetime) -> Recording | None:
    """The recording that came in before its call was registered, matched to it by its reference; None if none waits."""
    asked = select(Recording).where(Recording.centre_id == call.centre_id, Recording.reference == call.reference)
    waiting = session.exec(asked.where(col(Recording.call_id).is_(None))).first()
    if waiting is None or of_call(session, call):
        return None
    return match(session, waiting, call, by=None, now=now)
