"""A process that dies in the middle of a wrap-up leaves nothing, or all of it."""

import os
import signal
import subprocess
import sys
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Engine
from sqlmodel import select

from outbound import db
from outbound.call_lists.model import Contact, ContactState
from outbound.calls import placing
from outbound.calls import wrap_up as calls
from outbound.calls.model import Call
from outbound.dialing import handout
from outbound.dialing.model import Claim, ClaimEnd
from outbound.opt_outs.model import OptOut
from outbound.people import Role
from tests.conftest import Cast
from tests.desk import Floor, floor, vault

__all__ = ["floor", "vault"]

DYING = """
import sys, time
from datetime import datetime
from sqlmodel import Session
from outbound import concluding, db
from outbound.calls.model import Call
from outbound.calls.wrap_up import Report
from outbound.people import Staff
from outbound.schema import import_rooms

import_rooms()
url, call_id, moment = sys.argv[1], int(sys.argv[2]), sys.argv[3]
now = datetime.fromisoformat(sys.argv[4])
with Session(db.open_database(url)) as session:
    call = session.get_one(Call, call_id)
    report = Report(key="dying-process", outcome="do_not_call", ticks={}, note="请不要再打")
    concluding.conclude(session, call, report, by=session.get_one(Staff, call.agent_id), now=now)
    session.flush()
    if moment == "after":
        session.commit()
    print("now", flush=True)
    time.sleep(600)
"""


def _killed(engine: Engine, call: Call, moment: str, now: datetime) -> None:
    """Another process wraps the call up and is killed before or after its commit."""
    url = engine.url.render_as_string(hide_password=False)
    command = [sys.executable, "-c", DYING, url, str(call.id), moment, now.isoformat()]
    root = str(Path(__file__).parent.parent)
    process = subprocess.Popen(command, stdout=subprocess.PIPE, env={**os.environ, "PYTHONPATH": root})
    assert process.stdout
    try:
        assert process.stdout.readline() == b"now\n"
    finally:
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        process.stdout.close()


def _traces(engine: Engine, call: Call) -> dict[str, Any]:
    with db.transaction(engine) as session:
        kept = session.get_one(Call, call.id)
        claim, contact = session.get_one(Claim, call.claim_id), session.get_one(Contact, call.contact_id)
        journalled = sa.text("SELECT count(*) FROM journal_entry WHERE action IN ('call.wrapped_up', 'phone.blocked')")
        return {
            "outcome": kept.outcome_code,
            "claim": claim.ended_how,
            "contact": contact.state,
            "blocks": len(session.exec(select(OptOut)).all()),
            "journalled": session.execute(journalled).scalar_one(),
        }


NOTHING = {"outcome": None, "claim": None, "contact": ContactState.QUEUED, "blocks": 0, "journalled": 0}
ALL = {
    "outcome": "do_not_call",
    "claim": ClaimEnd.DONE,
    "contact": ContactState.CLOSED,
    "blocks": 1,
    "journalled": 2,
}


@pytest.fixture
def ringing(engine: Engine, floor: Floor, cast: Cast) -> Call:
    """A call under way."""
    floor.contact()
    with db.transaction(engine) as session:
        claim = handout.claim_next(session, cast.agent, roles={Role.AGENT}, now=floor.now)
        assert claim
        token = handout.issue_token(session, claim, by=cast.agent, now=floor.now)
        return placing.begin(session, token, by=cast.agent, now=floor.now)


@pytest.mark.slow
def test_a_process_killed_in_a_wrap_up_leaves_nothing_and_another_can_do_it_at_once(
    engine: Engine, ringing: Call, cast: Cast, now: datetime
) -> None:
    later = now + timedelta(minutes=1)
    _killed(engine, ringing, "before", later)
    assert _traces(engine, ringing) == NOTHING
    report = calls.Report(key="dying-process", outcome="do_not_call", note="请不要再打")
    with db.transaction(engine) as session:
        done = calls.wrap_up(session, session.get_one(Call, ringing.id), report, by=cast.agent, now=later)
        assert not (done.late or done.repeated)
    assert _traces(engine, ringing) == ALL


@pytest.mark.slow
def test_a_process_killed_after_a_wrap_up_leaves_all_of_it(engine: Engine, ringing: Call, now: datetime) -> None:
    _killed(engine, ringing, "after", now + timedelta(minutes=1))
    assert _traces(engine, ringing) == ALL
