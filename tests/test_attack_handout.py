"""Attacks on the hand-out by twelve processes at once, some of them killed in the middle of it."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Engine
from sqlmodel import Session, select

from outbound import db
from outbound.call_lists.model import CallList, Contact
from outbound.calls.model import Call
from outbound.dialing.model import Claim, DialToken
from outbound.opt_outs import verbs as opt_outs
from outbound.opt_outs.model import Category
from outbound.people import Centre, Role, known
from outbound.phones.model import Phone
from outbound.phones.zones import group_of
from tests.conftest import Cast
from tests.desk import Floor, brief, floor, vault
from tests.factories import Maker

__all__ = ["floor", "vault"]

PROCESSES, KILLED, THREADS = 12, 4, 3
PEOPLE = 600
SECONDS = 5.0

# An agent who takes, holds for a moment, and gives back or is done; half by the queue, half by the verb.
CLAIMING = """
import json, random, sys, threading, time
from datetime import datetime, timedelta
import sqlalchemy as sa
from outbound import db
from outbound.dialing import handout
from outbound.dialing.model import Claim
from outbound.dialing.queue import queue_of
from outbound.people import Role, Staff
from outbound.schema import import_rooms

import_rooms()
url, agents, begun, seconds = sys.argv[1:]
agents, begun, seconds = json.loads(agents), datetime.fromisoformat(begun), float(seconds)
engine = db.open_database(url)
start = time.monotonic()

def take(agent, by_queue, now):
    if by_queue:
        return queue_of(engine).claim(agent, (Role.AGENT,), now=now)
    with db.transaction(engine) as session:
        claim = handout.claim_next(session, session.get_one(Staff, agent), roles=[Role.AGENT], now=now)
        return claim and claim.id

def done(claim, now):
    with db.transaction(engine) as session:
        ended = session.execute(sa.text("UPDATE claim SET ended_at = :now, ended_how = 'done' WHERE id = :id "
            "AND ended_at IS NULL RETURNING contact_id"), {"id": claim, "now": str(now).replace("+00:00", "")}).scalar()
        if ended:
            closed = sa.text("UPDATE contact SET state = 'closed', closed_why = 'done' WHERE id = :id")
            session.execute(closed, {"id": ended})

def work(agent):
    # On a busy machine it may take longer to come to two contacts at least.
    taken = 0
    while time.monotonic() - start < (seconds if taken > 1 else 12 * seconds):
        now = begun + timedelta(seconds=time.monotonic() - start)
        if claim := take(agent, random.random() < 0.5, now):
            taken += 1
            time.sleep(random.uniform(0, 0.02))
            done(claim, now)
        else:
            time.sleep(0.02)

threads = [threading.Thread(target=work, args=(agent,)) for agent in agents]
print("ready", flush=True)
sys.stdin.readline()
start = time.monotonic()
for thread in threads: thread.start()
for thread in threads: thread.join()
"""


def _fill(engine: Engine, floor: Floor, count: int) -> list[int]:
    """As many customers on the list, due now; the numbers of their phones."""
    with db.transaction(engine) as session:
        call_list = session.exec(select(CallList.id).where(CallList.campaign_id == floor.campaign.id)).one()
        group = group_of(session, "Asia/Shanghai")
        phones = [
            Phone(digest=os.urandom(16), sealed=b"x", region="CN", zones="Asia/Shanghai", added_at=floor.now)
            for _ in range(count)
        ]
        session.add_all(phones)
        session.flush()
        session.add_all(
            Contact(
                centre_id=floor.campaign.centre_id,
                campaign_id=known(floor.campaign.id),
                call_list_id=known(call_list),
                phone_id=known(phone.id),
                zone_group_id=group,
                due_at=floor.now,
            )
            for phone in phones
        )
        return [known(phone.id) for phone in phones]


def _agents(floor: Floor, count: int) -> list[int]:
    with db.transaction(floor.engine) as session:
        maker = Maker(session, session.get_one(Centre, floor.cast.fz.id), now=floor.now)
        agents = [known(maker.staff(Role.AGENT).id) for _ in range(count)]
        brief(session, floor.campaign, now=floor.now)
        return agents


def _started(engine: Engine, program: str, *given: Any) -> "subprocess.Popen[bytes]":
    url = engine.url.render_as_string(hide_password=False)
    root = str(Path(__file__).parent.parent)
    return subprocess.Popen(
        [sys.executable, "-c", program, url, *map(str, given)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": root},
    )


def _let_go(processes: "list[subprocess.Popen[bytes]]") -> None:
    """All of them at once, as soon as the last is ready."""
    for process in processes:
        assert process.stdout and process.stdout.readline() == b"ready\n"
    for process in processes:
        assert process.stdin
        process.stdin.write(b"go\n")
        process.stdin.flush()


def _ended(processes: "list[subprocess.Popen[bytes]]") -> list[int]:
    codes = [process.wait(timeout=90) for process in processes]
    for process in processes:
        assert process.stdin and process.stdout
        process.stdin.close()
        process.stdout.close()
    return codes


@pytest.mark.slow
def test_twelve_processes_some_of_them_killed_never_have_a_number_twice_and_lose_nobody(
    engine: Engine, floor: Floor, cast: Cast, now: datetime
) -> None:
    _fill(engine, floor, PEOPLE)
    agents = _agents(floor, PROCESSES * THREADS)
    shares = [agents[place::PROCESSES] for place in range(PROCESSES)]
    processes = [_started(engine, CLAIMING, json.dumps(share), now.isoformat(), SECONDS) for share in shares]
    _let_go(processes)
    for process in random.sample(processes, KILLED):
        time.sleep(random.uniform(0.1, 0.6))
        os.kill(process.pid, signal.SIGKILL)
    codes = _ended(processes)
    assert sorted(codes) == [-signal.SIGKILL] * KILLED + [0] * (PROCESSES - KILLED)
    with db.reading(engine) as session:
        claims = session.exec(select(Claim)).all()
    assert len(claims) > PROCESSES * THREADS, "the race was none"
    assert _overlapping(claims) == []
    _nobody_is_lost(engine, claims, now)


def _overlapping(claims: Any) -> list[tuple[int, int]]:
    """Pairs of claims that held one number, contact or agent at the same time."""
    found = []
    for name in ("phone_id", "contact_id", "agent_id"):
        open_now = Counter(getattr(claim, name) for claim in claims if claim.ended_at is None)
        found += [(key, count) for key, count in open_now.items() if count > 1]
    by_contact: dict[int, set[int]] = {}
    for claim in claims:
        epochs = by_contact.setdefault(claim.contact_id, set())
        if claim.epoch in epochs:
            found.append((claim.contact_id, claim.epoch))
        epochs.add(claim.epoch)
    return found


def _nobody_is_lost(engine: Engine, claims: Any, now: datetime) -> None:
    """Everybody is either done with, or comes out again once the leases of the dead are over."""
    done = {claim.contact_id for claim in claims if claim.ended_how == "done"}
    with db.transaction(engine) as session:
        closed = set(session.execute(sa.text("SELECT id FROM contact WHERE state = 'closed'")).scalars())
        assert closed == done
        later = now + timedelta(minutes=30)
        waiting = session.execute(sa.text("SELECT count(*) FROM contact WHERE state = 'queued'")).scalar_one()
        assert waiting + len(done) == PEOPLE
    due = sa.text("SELECT count(*) FROM contact WHERE state = 'queued' AND due_at <= :later")
    with db.reading(engine) as session:
        assert session.execute(due, {"later": str(later).replace("+00:00", ".000000")}).scalar_one() == waiting


# Agents who dial whatever they get, as quickly as they can; every call says on which instant of the wall it began.
DIALLING = """
import json, random, sys, threading, time
from datetime import datetime
import sqlalchemy as sa
from outbound import db
from outbound.calls import placing
from outbound.dialing import handout
from outbound.dialing.model import Claim
from outbound.dialing.queue import queue_of
from outbound.people import Role, Staff
from outbound.schema import import_rooms

import_rooms()
url, agents, now, seconds = sys.argv[1:]
agents, now, seconds = json.loads(agents), datetime.fromisoformat(now), float(seconds)
engine = db.open_database(url)

def ring(agent, claim):
    try:
        with db.transaction(engine) as session:
            mine, by = session.get_one(Claim, claim), session.get_one(Staff, agent)
            token = handout.issue_token(session, mine, by=by, now=now)
            phone = mine.phone_id
        time.sleep(random.uniform(0, 0.004))
        with db.transaction(engine) as session:
            began = time.time()
            token = session.get_one(type(token), token.id)
            placing.begin(session, token, by=session.get_one(Staff, agent), now=now)
        # In one piece: a print writes its line's end apart, and other threads come between.
        sys.stdout.write(json.dumps([phone, began]) + "\\n")
        sys.stdout.flush()
    except (handout.NumberBlocked, handout.ClaimEnded):
        pass
    except sa.exc.IntegrityError as refused:
        assert "blocked" in str(refused.orig)

def work(agent):
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        claim = queue_of(engine).claim(agent, (Role.AGENT,), now=now)
        if not claim:
            time.sleep(0.02)
            continue
        ring(agent, claim)
        with db.transaction(engine) as session:
            session.execute(sa.text("UPDATE claim SET ended_at = claimed_at, ended_how = 'done' WHERE id = :id "
                "AND ended_at IS NULL"), {"id": claim})

threads = [threading.Thread(target=work, args=(agent,)) for agent in agents]
print("ready", flush=True)
sys.stdin.readline()
for thread in threads: thread.start()
for thread in threads: thread.join()
"""


@pytest.mark.slow
def test_no_token_is_used_after_its_number_was_blocked_while_agents_dial(
    engine: Engine, floor: Floor, cast: Cast, now: datetime
) -> None:
    phones = _fill(engine, floor, 400)
    agents = _agents(floor, 8)
    processes = [_started(engine, DIALLING, json.dumps(agents[place::4]), now.isoformat(), 3) for place in range(4)]
    _let_go(processes)
    blocked = _block_some(engine, phones[:200], cast, now)
    begun: dict[int, float] = {}
    for process in processes:
        assert process.stdout
        begun.update(json.loads(line) for line in process.stdout)
    assert _ended(processes) == [0] * 4
    assert [phone for phone, began in begun.items() if began > blocked.get(phone, began)] == []
    assert begun and blocked, "the race was none"
    with db.reading(engine) as session:
        assert _usable_tokens(session, blocked) == []
        assert len(session.exec(select(Call.id)).all()) == len(begun)


def _block_some(engine: Engine, phones: list[int], cast: Cast, now: datetime) -> dict[int, float]:
    """Block them one after the other while others dial; when each block was committed."""
    blocked: dict[int, float] = {}
    until = time.monotonic() + 2.5
    for phone in random.sample(phones, len(phones)):
        if time.monotonic() > until:
            break
        with db.transaction(engine) as session:
            row, category = session.get_one(Phone, phone), Category.REFUSAL
            opt_outs.block(session, row, category=category, source="care desk", by=cast.care, now=now)
        blocked[phone] = time.time()
    return blocked


def _usable_tokens(session: Session, blocked: dict[int, float]) -> list[int]:
    unused = select(DialToken).where(sa.column("used_at").is_(None), sa.column("voided_at").is_(None))
    return [token.phone_id for token in session.exec(unused) if token.phone_id in blocked]
