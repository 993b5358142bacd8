"""One sale by the verbs of the desks, from the first call to the charge, with recordings that nobody has to hear."""

from datetime import datetime, timedelta

from sqlalchemy.engine import Engine
from sqlmodel import Session, SQLModel, select

from outbound import journal
from outbound.bench.stage import Plan, set_up
from outbound.billing import charges
from outbound.calls import outcomes, placing
from outbound.calls.model import Call
from outbound.calls.wrap_up import Report
from outbound.compliance import Criterion, Mark
from outbound.concluding import conclude
from outbound.db import transaction
from outbound.dialing import handout
from outbound.people import Centre, Role, Staff, known
from outbound.phones.vault import Vault
from outbound.recordings.model import Recording
from outbound.schema import import_rooms
from outbound.subscriptions import trial
from outbound.subscriptions.model import Subscription
from scripts.model import ScriptVersion, script_of


def make(engine: Engine, vault: Vault, *, now: datetime) -> None:
    """Every table, a centre at work, and one customer who said yes twice and was charged once."""
    import_rooms()
    SQLModel.metadata.create_all(engine)
    with transaction(engine) as session:
        outcomes.fill(session)
    (seller,) = set_up(engine, vault, Plan(agents=1, contacts=1, hostile=False), now=now)
    _call(engine, seller, Role.AGENT, "sold", now=now)
    with transaction(engine) as session:
        subscription = session.exec(select(Subscription)).one()
        days = subscription.trial_days
        trial.open_window(session, subscription, now=now + timedelta(days=days - 2, hours=-1))
    _call(engine, "verifier", Role.VERIFIER, "confirmed", now=now + timedelta(days=days - 2))
    with transaction(engine) as session:
        charges.run(session, session.exec(select(Centre)).one(), now=now + timedelta(days=days + 1))


def _call(engine: Engine, login: str, role: Role, outcome: str, *, now: datetime) -> None:
    with transaction(engine) as session:
        me = session.exec(select(Staff).where(Staff.login == login)).one()
        claim = handout.claim_next(session, me, roles={role}, now=now)
        assert claim, "the only customer is there to be called"
        call = placing.begin(session, handout.issue_token(session, claim, by=me, now=now), by=me, now=now)
        steps = script_of(session.get_one(ScriptVersion, call.script_version_id)).steps
        report = Report(
            key=f"bench-{known(call.id):08d}",
            outcome=outcome,
            marks=dict.fromkeys(Criterion, Mark.PASS),
            ticks={step: 1.0 + place for place, step in enumerate(steps)},
            seconds=66,
        )
        conclude(session, call, report, by=me, now=now + timedelta(minutes=2))
        _keep(session, call, by=me, now=now + timedelta(minutes=3))


def _keep(session: Session, call: Call, *, by: Staff, now: datetime) -> None:
    """The recording as its room would register it: how quickly audio is heard is measured elsewhere."""
    recording = Recording(
        centre_id=call.centre_id,
        call_id=call.id,
        reference=call.reference,
        file_name=f"{call.reference}.wav",
        storage_key=f"bench/{call.reference}",
        sha256="0" * 64,
        size=1,
        media_type="audio/wav",
        codec="pcm",
        channels=1,
        sample_rate=8000,
        seconds=66,
        valid=True,
        hearing={},
        kept_by_id=by.id,
        kept_at=now,
        matched_at=now,
    )
    session.add(recording)
    session.flush()
    journal.record(session, "recording.kept", recording, by=by, now=now, sha256=recording.sha256)
