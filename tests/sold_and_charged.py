"""One customer from the first call to the charge by the verbs of the desks, with nothing put in by hand."""

import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Engine
from sqlmodel import Session, select

from outbound import db
from outbound.billing import charges
from outbound.calls import placing
from outbound.calls.model import Call
from outbound.calls.wrap_up import Report
from outbound.compliance import Criterion, Mark
from outbound.concluding import conclude
from outbound.dialing import handout
from outbound.evidence.bundle import Sources
from outbound.people import Centre, Role, Staff, known
from outbound.phones.vault import Vault
from outbound.recordings import keeping
from outbound.recordings.store import open_store
from outbound.settings import Settings
from outbound.subscriptions import trial
from outbound.subscriptions.model import Subscription
from qa.audio import analyse
from qa.review import verbs as reviews
from qa.review.marks import CriterionMark
from scripts.model import ScriptVersion, script_of
from tests.conftest import PEOPLED, Cast
from tests.conftest import _as_owner as as_owner
from tests.desk import Floor, open_floor

SAMPLES = Path(__file__).parent / "samples" / "recordings"
PASSED: Mapping[Criterion, Mark] = dict.fromkeys(Criterion, Mark.PASS)


@dataclass
class Shift:
    """People at work on a floor."""

    engine: Engine
    settings: Settings
    vault: Vault
    cast: Cast
    floor: Floor

    @property
    def sources(self) -> Sources:
        """Where evidence of this floor comes from."""
        return Sources(self.vault, open_store(self.settings), self.settings.data)

    def call(self, who: Staff, role: Role, outcome: str, sound: str, *, at: datetime) -> int:
        """Take the next contact, ring, tick every disclosure, wrap up with four passes, keep the recording."""
        with db.transaction(self.engine) as session:
            me = session.get_one(Staff, known(who.id))
            claim = handout.claim_next(session, me, roles={role}, now=at)
            assert claim
            token = handout.issue_token(session, claim, by=me, now=at)
            call = placing.begin(session, token, by=me, now=at)
            version = session.get_one(ScriptVersion, call.script_version_id)
            ticks = {step: 1.0 + place for place, step in enumerate(script_of(version).steps)}
            key = f"browser-{call.id:08d}"
            report = Report(key=key, outcome=outcome, marks=dict(PASSED), ticks=ticks, seconds=66)
            conclude(session, call, report, by=me, now=at + timedelta(minutes=2))
            self._keep(session, call, sound, me, at + timedelta(minutes=3))
            return known(call.id)

    def _keep(self, session: Session, call: Call, sound: str, by: Staff, now: datetime) -> None:
        data = (SAMPLES / sound).read_bytes()
        keeping.keep(
            session,
            open_store(self.settings),
            session.get_one(Centre, call.centre_id),
            data=data,
            file_name=sound,
            hearing=analyse(data),
            call=call,
            minimum_seconds=5,
            by=by,
            now=now,
        )

    def review(self, call_id: int, *, at: datetime) -> None:
        """A reviewer hears that all four were met."""
        with db.transaction(self.engine) as session:
            reviewer = session.get_one(Staff, known(self.cast.reviewer.id))
            recording = keeping.of_call(session, session.get_one(Call, call_id))
            assert recording
            task = reviews.pull_in(session, recording, reviewer=reviewer, by=reviewer, now=at)
            heard = {criterion: CriterionMark(Mark.PASS, second=20.0) for criterion in Criterion}
            reviews.mark(session, task, heard, by=reviewer, now=at)

    def charge(self, *, days: int) -> None:
        """The trial is over, and the charge run comes by."""
        with db.transaction(self.engine) as session:
            at = self.floor.now + timedelta(days=days)
            assert charges.run(session, session.get_one(Centre, known(self.cast.fz.id)), now=at) == {"charged": 1}


def sold_and_charged(engine: Engine, settings: Settings, vault: Vault, cast: Cast, now: datetime) -> Shift:
    """A sale, its review, its second confirmation and its charge."""
    shift = Shift(engine, settings, vault, cast, open_floor(engine, vault, cast, now))
    shift.floor.contact()
    sale = shift.call(cast.agent, Role.AGENT, "sold", "compliant-sale.mp3", at=now)
    shift.review(sale, at=now + timedelta(hours=5))
    with db.transaction(engine) as session:
        subscription = session.exec(select(Subscription)).one()
        days = subscription.trial_days
        opened = now + timedelta(days=days - 2)
        trial.open_window(session, subscription, now=opened - timedelta(hours=1))
    shift.call(cast.verifier, Role.VERIFIER, "confirmed", "confirmation-yes.mp3", at=opened)
    shift.charge(days=days + 1)
    return shift


@contextmanager
def owned_copy(request: pytest.FixtureRequest, dialect: str, folder: Path) -> Iterator[Engine]:
    """A database with the cast in it, opened by its owner, for as long as a file of tests runs."""
    if dialect == "sqlite":
        file = folder / "outbound.sqlite3"
        shutil.copyfile(request.getfixturevalue("sqlite_templates") / PEOPLED, file)
        engine = db.open_database(f"sqlite:///{file}")
        yield engine
        engine.dispose()
        return
    server: sa.URL = request.getfixturevalue("postgres")
    as_owner(server, f"CREATE DATABASE sold_once TEMPLATE {PEOPLED} STRATEGY FILE_COPY")
    engine = db.open_database(server.set(database="sold_once").render_as_string(hide_password=False))
    yield engine
    engine.dispose()
    as_owner(server, "DROP DATABASE sold_once WITH (FORCE)")
