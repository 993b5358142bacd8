"""Attacks on the promises about numbers: many agents at once, blocks in between, raw SQL, and a process that dies."""

import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Engine
from sqlmodel import Session, col, select

from outbound import db, opt_outs
from outbound.call_lists.model import CallList, Contact, ContactState
from outbound.calls import placing
from outbound.calls import wrap_up as calls
from outbound.calls.model import Call
from outbound.campaigns import verbs as campaigns
from outbound.campaigns.model import Campaign
from outbound.dialing import handout
from outbound.dialing.model import Claim, ClaimEnd, DialToken
from outbound.opt_outs import OptOut
from outbound.people import Centre, Role, Staff, known
from outbound.phones.model import Phone
from outbound.phones.zones import group_of
from tests.conftest import Cast
from tests.desk import Floor, example, floor, vault
from tests.factories import Maker

__all__ = ["floor", "vault"]

AGENTS = 8
ALONE, SHARED = 120, 40
COLLISIONS = {"40001", "40P01"}


@pytest.fixture
def agents(engine: Engine, cast: Cast, now: datetime) -> list[Staff]:
    """Eight agents of the centre."""
    with db.transaction(engine) as session:
        maker = Maker(session, session.get_one(Centre, cast.fz.id), now=now)
        return [maker.staff(Role.AGENT) for _ in range(AGENTS)]


@pytest.fixture
def second(floor: Floor) -> Campaign:
    """A second open campaign of the same centre."""
    with db.transaction(floor.engine) as session:
        centre = session.get_one(Centre, known(floor.cast.fz.id))
        text = example("family-number-trial").replace("name: ", "name: 第二批 ", 1)
        campaign = campaigns.create(session, centre, text, by=floor.cast.manager, now=floor.now)
        session.add(listed(campaign, floor.now))
        session.flush()
        campaigns.open_(session, campaign, by=floor.cast.manager, now=floor.now)
        return campaign


def listed(campaign: Campaign, now: datetime) -> CallList:
    return CallList(
        centre_id=campaign.centre_id,
        campaign_id=known(campaign.id),
        name="list.csv",
        sha256="1" * 64,
        at=now,
        published_at=now,
        rows=1,
        accepted=1,
    )


def fill(session: Session, campaigns: list[Campaign], phones: int, now: datetime) -> list[int]:
    """As many phones, each with a contact in every one of the campaigns; the numbers of the phones' rows."""
    made = []
    for _ in range(phones):
        digest = os.urandom(16)
        phone = Phone(digest=digest, sealed=digest, region="CN", zones="Asia/Shanghai", added_at=now)
        session.add(phone)
        session.flush()
        made.append(known(phone.id))
        for campaign in campaigns:
            of = select(CallList.id).where(CallList.campaign_id == campaign.id)
            session.add(
                Contact(
                    centre_id=campaign.centre_id,
                    campaign_id=known(campaign.id),
                    call_list_id=known(session.exec(of).first()),
                    phone_id=known(phone.id),
                    zone_group_id=group_of(session, phone.zones),
                    name="王秀英",
                    due_at=now,
                )
            )
    session.flush()
    return made


def all_at_once(work: Callable[[Staff], None], agents: list[Staff]) -> None:
    """Let every agent work in a thread of their own; raises what went wrong in any of them."""
    failures: list[BaseException] = []

    def run(agent: Staff) -> None:
        try:
            work(agent)
        except BaseException as failed:
            failures.append(failed)

    threads = [threading.Thread(target=run, args=(agent,)) for agent in agents]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]


# One number, one agent


@pytest.mark.slow
def test_no_number_is_ever_with_two_agents_and_every_contact_is_handed_out_once(
    engine: Engine, floor: Floor, second: Campaign, agents: list[Staff]
) -> None:
    with db.transaction(engine) as session:
        fill(session, [floor.campaign], ALONE, floor.now)
        fill(session, [floor.campaign, second], SHARED, floor.now)
    in_hand: Counter[int] = Counter()
    handed_out: Counter[int] = Counter()
    together: list[int] = []
    watch = threading.Lock()

    def work(agent: Staff) -> None:
        idle = 0
        while idle < 5:
            with db.transaction(engine) as session:
                claim = handout.claim_next(session, agent, roles={Role.AGENT}, now=floor.now)
            if claim is None:
                idle += 1
                time.sleep(0.02)
                continue
            idle = 0
            with watch:
                in_hand[claim.phone_id] += 1
                handed_out[claim.contact_id] += 1
                if in_hand[claim.phone_id] > 1:
                    together.append(claim.phone_id)
            time.sleep(random.uniform(0, 0.01))
            with watch:
                in_hand[claim.phone_id] -= 1
            with db.transaction(engine) as session:
                mine = session.get_one(Claim, claim.id)
                mine.ended_at, mine.ended_how = floor.now, ClaimEnd.DONE
                session.get_one(Contact, claim.contact_id).state = ContactState.CLOSED

    all_at_once(work, agents)
    assert together == []
    assert len(handed_out) == ALONE + 2 * SHARED
    assert set(handed_out.values()) == {1}


@pytest.mark.slow
def test_an_agent_who_asks_in_many_tabs_at_once_holds_one_contact(
    engine: Engine, floor: Floor, agents: list[Staff]
) -> None:
    with db.transaction(engine) as session:
        fill(session, [floor.campaign], 30, floor.now)
    got: list[int] = []

    def work(_tab: Staff) -> None:
        with db.transaction(engine) as session:
            claim = handout.claim_next(session, agents[0], roles={Role.AGENT}, now=floor.now)
            if claim:
                got.append(known(claim.id))

    all_at_once(work, agents)
    assert len(set(got)) == 1


@pytest.mark.parametrize("callback", [False, True])
def test_a_contact_dialled_in_two_tabs_at_once_is_rung_once(
    engine: Engine, floor: Floor, agents: list[Staff], cast: Cast, callback: bool
) -> None:
    with db.transaction(engine) as session:
        fill(session, [floor.campaign], 1, floor.now)
        # The distance between tries does not hold for a time that the customer chose.
        session.exec(sa.update(Contact).values(callback=callback))
        claim = handout.claim_next(session, cast.agent, roles={Role.AGENT}, now=floor.now)
        assert claim
    came_to: list[str] = []

    def dial(_tab: Staff) -> None:
        try:
            with db.transaction(engine) as session:
                token = handout.issue_token(session, session.get_one(Claim, claim.id), by=cast.agent, now=floor.now)
                placing.begin(session, token, by=cast.agent, now=floor.now)
            came_to.append("rung")
        except (handout.CallUnderWay, handout.NotCallableNow):
            came_to.append("refused")

    all_at_once(dial, agents[:4])
    assert sorted(came_to) == ["refused"] * 3 + ["rung"]


def test_a_token_is_worthless_once_its_contact_was_put_back(engine: Engine, floor: Floor, cast: Cast) -> None:
    with db.transaction(engine) as session:
        fill(session, [floor.campaign], 1, floor.now)
        claim = handout.claim_next(session, cast.agent, roles={Role.AGENT}, now=floor.now)
        assert claim
        token = handout.issue_token(session, claim, by=cast.agent, now=floor.now)
        handout.put_back(session, claim, by=cast.agent, now=floor.now)
    with pytest.raises(handout.ClaimEnded), db.transaction(engine) as session:
        placing.begin(session, session.get_one(DialToken, token.id), by=cast.agent, now=floor.now)


def test_a_token_is_worthless_once_its_lease_is_over(engine: Engine, floor: Floor, cast: Cast) -> None:
    with db.transaction(engine) as session:
        fill(session, [floor.campaign], 1, floor.now)
        claim = handout.claim_next(session, cast.agent, roles={Role.AGENT}, now=floor.now)
        assert claim
        late = claim.lease_until - timedelta(seconds=30)
        token = handout.issue_token(session, claim, by=cast.agent, now=late)
    with pytest.raises(handout.ClaimEnded), db.transaction(engine) as session:
        again = session.get_one(DialToken, token.id)
        placing.begin(session, again, by=cast.agent, now=late + timedelta(minutes=1))


# No call to a blocked number


@pytest.mark.slow
def test_no_call_begins_after_the_block_of_its_number_is_committed(
    engine: Engine, floor: Floor, agents: list[Staff], cast: Cast
) -> None:
    with db.transaction(engine) as session:
        phones = fill(session, [floor.campaign], 150, floor.now)
    blocked: dict[int, float] = {}
    begun: dict[int, float] = {}
    over = threading.Event()

    def call(agent: Staff) -> None:
        idle = 0
        while idle < 5 and not (over.is_set() and idle):
            with db.transaction(engine) as session:
                claim = handout.claim_next(session, agent, roles={Role.AGENT}, now=floor.now)
            if claim is None:
                idle += 1
                time.sleep(0.02)
                continue
            _try_to_ring(agent, claim)

    def _try_to_ring(agent: Staff, claim: Claim) -> None:
        try:
            with db.transaction(engine) as session:
                mine = session.get_one(Claim, claim.id)
                token = handout.issue_token(session, mine, by=agent, now=floor.now)
            time.sleep(random.uniform(0, 0.004))
            with db.transaction(engine) as session:
                # Before the commit: a call that says it began later than this really began no earlier.
                began = time.monotonic()
                ours = session.get_one(DialToken, token.id)
                placing.begin(session, ours, by=agent, now=floor.now)
            begun[claim.phone_id] = began
        except (handout.NumberBlocked, handout.ClaimEnded):
            pass
        except sa.exc.IntegrityError as refused:
            assert "blocked" in str(refused.orig)
        with db.transaction(engine) as session:
            ended = sa.update(Claim).where(col(Claim.id) == claim.id, col(Claim.ended_at).is_(None))
            session.exec(ended.values(ended_at=floor.now, ended_how=ClaimEnd.DONE))
            session.exec(
                sa.update(Contact).where(col(Contact.id) == claim.contact_id).values(state=ContactState.CLOSED)
            )

    def block_them() -> None:
        for phone in random.sample(phones, 100):
            with db.transaction(engine) as session:
                opt_outs.block(
                    session,
                    session.get_one(Phone, phone),
                    category=opt_outs.Category.REFUSAL,
                    source="care desk",
                    by=cast.care,
                    now=floor.now,
                )
            blocked[phone] = time.monotonic()

    blocking = threading.Thread(target=block_them)
    blocking.start()
    all_at_once(call, agents[:6])
    blocking.join()
    over.set()
    assert len(blocked) == 100
    assert [phone for phone, at in begun.items() if at > blocked.get(phone, at)] == []
    with db.reading(engine) as session:
        unvoided = select(DialToken.id).where(
            col(DialToken.phone_id).in_(blocked), col(DialToken.used_at).is_(None), col(DialToken.voided_at).is_(None)
        )
        assert session.exec(unvoided).all() == []
    assert begun, "the race was none: nobody was rung"


@pytest.mark.slow
@pytest.mark.parametrize("isolation", ["READ COMMITTED", "REPEATABLE READ"])
@pytest.mark.parametrize("engine", ["postgresql"], indirect=True)
def test_a_token_and_a_block_at_once_never_both_stand(
    engine: Engine, cast: Cast, now: datetime, isolation: str
) -> None:
    rounds = 60
    with db.transaction(engine) as session:
        maker = Maker(session, session.get_one(Centre, cast.fz.id), now=now)
        held = [(contact.phone_id, contact.campaign_id, _claim(maker, contact)) for contact in _contacts(maker, rounds)]
    racing = engine.execution_options(isolation_level=isolation)
    won: Counter[str] = Counter()
    for phone, campaign, claim in held:
        facts = {"phone": phone, "campaign": campaign, "claim": claim}
        start = threading.Barrier(2)
        threads = [
            threading.Thread(target=_race, args=(racing, start, statement, facts)) for statement in (TOKEN, BLOCK)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        with db.reading(engine) as session:
            live = session.exec(
                select(DialToken.id).where(DialToken.phone_id == phone, col(DialToken.voided_at).is_(None))
            ).all()
            blocks = session.exec(select(OptOut.id).where(OptOut.phone_id == phone)).all()
        assert not (live and blocks)
        won["token" if live else "block"] += 1
    assert won["block"], f"the race was none: {won}"


TOKEN = """INSERT INTO dial_token (claim_id, campaign_id, phone_id, issued_at, expires_at)
    VALUES (:claim, :campaign, :phone, '2026-11-23 02:00:00+00', '2026-11-23 02:02:00+00')"""
BLOCK = """INSERT INTO opt_out (phone_id, category, scope, source, reason, at)
    VALUES (:phone, 'refusal', 'all', 'race', '', '2026-11-23 02:00:00+00')"""


def _race(engine: Engine, start: threading.Barrier, statement: str, facts: dict[str, Any]) -> None:
    start.wait()
    try:
        with engine.begin() as connection:
            # Looking first is what a careless program does, and what fixes the snapshot at REPEATABLE READ.
            connection.execute(sa.text("SELECT version FROM phone WHERE id = :phone"), facts)
            time.sleep(random.uniform(0, 0.002))
            connection.execute(sa.text(statement), facts)
            time.sleep(random.uniform(0, 0.002))
    except sa.exc.IntegrityError as refused:
        assert "blocked" in str(refused.orig)
    except sa.exc.OperationalError as collided:
        assert getattr(collided.orig, "sqlstate", "") in COLLISIONS


def _contacts(maker: Maker, count: int) -> list[Contact]:
    return [maker.contact() for _ in range(count)]


def _claim(maker: Maker, contact: Contact, **facts: Any) -> int:
    """An open claim on a contact, by raw SQL; by default of an agent of its own."""
    agent = facts.pop("agent", None) or maker.staff(Role.AGENT).id
    given = {"contact": contact.id, "phone": contact.phone_id, "agent": agent, **facts}
    statement = """INSERT INTO claim (centre_id, campaign_id, contact_id, phone_id, agent_id, duty, epoch, why_now,
        claimed_at, lease_until) VALUES (:centre, :campaign, :contact, :phone, :agent, 'pitch', 1, '', :at, :until)
        RETURNING id"""
    given |= {"centre": contact.centre_id, "campaign": contact.campaign_id}
    given |= {"at": "2026-11-23 02:00:00+00", "until": "2026-11-23 02:15:00+00"}
    return int(maker.session.execute(sa.text(statement), given).scalar_one())


# Raw SQL


@pytest.fixture
def make(session: Session, cast: Cast, now: datetime) -> Maker:
    return Maker(session, session.get_one(Centre, cast.fz.id), now=now)


def test_raw_sql_cannot_open_a_second_claim_for_a_contact(make: Maker) -> None:
    contact, other = make.contact(), make.phone()
    _claim(make, contact)
    with pytest.raises(sa.exc.IntegrityError, match="contact_id"):
        _claim(make, contact, phone=other.id)


def test_raw_sql_cannot_open_a_second_claim_for_a_phone(make: Maker) -> None:
    phone = make.phone()
    here, there = (make.contact(make.campaign(), phone=phone) for _ in range(2))
    _claim(make, here)
    with pytest.raises(sa.exc.IntegrityError, match="phone_id"):
        _claim(make, there)


def test_raw_sql_cannot_open_a_second_claim_for_an_agent(make: Maker) -> None:
    agent = make.staff(Role.AGENT).id
    _claim(make, make.contact(), agent=agent)
    with pytest.raises(sa.exc.IntegrityError, match="agent_id"):
        _claim(make, make.contact(), agent=agent)


def test_a_phone_can_be_claimed_again_once_its_claim_is_over(make: Maker) -> None:
    contact = make.contact()
    first = _claim(make, contact)
    make.session.execute(sa.text("UPDATE claim SET ended_at = claimed_at, ended_how = 'put_back'"))
    assert _claim(make, contact) != first


def _token(make: Maker, contact: Contact, claim: int) -> int:
    facts = {"phone": contact.phone_id, "campaign": contact.campaign_id, "claim": claim}
    return int(make.session.execute(sa.text(f"{TOKEN} RETURNING id"), facts).scalar_one())


def _use(make: Maker, token: int, at: str = "2026-11-23 02:01:00+00") -> None:
    make.session.execute(sa.text("UPDATE dial_token SET used_at = :at WHERE id = :id"), {"at": at, "id": token})


def test_raw_sql_cannot_make_a_token_for_a_blocked_number(make: Maker) -> None:
    contact = make.contact()
    claim = _claim(make, contact)
    make.session.execute(sa.text(BLOCK), {"phone": contact.phone_id})
    with pytest.raises(sa.exc.IntegrityError, match="the number is blocked"):
        _token(make, contact, claim)


def test_raw_sql_cannot_use_a_token_twice(make: Maker) -> None:
    contact = make.contact()
    token = _token(make, contact, _claim(make, contact))
    _use(make, token)
    with pytest.raises(sa.exc.IntegrityError, match="one dial only"):
        _use(make, token, "2026-11-23 02:01:30+00")


def test_raw_sql_cannot_use_a_token_that_is_too_old(make: Maker) -> None:
    contact = make.contact()
    token = _token(make, contact, _claim(make, contact))
    with pytest.raises(sa.exc.IntegrityError, match="one dial only"):
        _use(make, token, "2026-11-23 02:02:00+00")


def test_raw_sql_cannot_use_a_token_that_a_block_voided(make: Maker) -> None:
    contact = make.contact()
    token = _token(make, contact, _claim(make, contact))
    make.session.execute(sa.text(BLOCK), {"phone": contact.phone_id})
    with pytest.raises(sa.exc.IntegrityError, match="one dial only"):
        _use(make, token)


@pytest.mark.parametrize("change", ["phone_id = {other}", "used_at = NULL", "voided_at = NULL, used_at = issued_at"])
def test_raw_sql_cannot_turn_a_used_token_into_another(make: Maker, change: str) -> None:
    contact, other = make.contact(), make.phone()
    token = _token(make, contact, _claim(make, contact))
    _use(make, token)
    with pytest.raises(sa.exc.IntegrityError, match="one dial only"):
        make.session.execute(sa.text(f"UPDATE dial_token SET {change.format(other=other.id)} WHERE id = {token}"))


def test_raw_sql_cannot_delete_a_token_or_a_call(make: Maker, cast: Cast) -> None:
    make.call(cast.agent)
    for table in ("call", "dial_token"):
        with pytest.raises(sa.exc.IntegrityError, match="kept"), make.session.begin_nested():
            make.session.execute(sa.text(f"DELETE FROM {table}"))


CALL = """INSERT INTO call (centre_id, campaign_id, campaign_version_id, contact_id, phone_id, claim_id, dial_token_id,
    duty, agent_id, script_version_id, reference, dialled_at, note, answers)
    SELECT centre_id, campaign_id, campaign_version_id, :contact, :phone, :claim, :token, duty, agent_id,
    script_version_id, 'RAW-1', dialled_at, '', '{}' FROM call WHERE id = :past"""


@pytest.mark.parametrize("state", ["unused", "of another number", "used for a call already"])
def test_raw_sql_cannot_begin_a_call_without_a_used_token_of_its_own(make: Maker, cast: Cast, state: str) -> None:
    past, contact = make.call(cast.agent), make.contact()
    claim = _claim(make, contact)
    token = _token(make, contact, claim)
    if state == "of another number":
        _use(make, token)
    facts = {"contact": contact.id, "phone": contact.phone_id, "claim": claim, "token": token, "past": past.id}
    facts |= {"of another number": {"phone": make.phone().id}}.get(state, {})
    facts |= {"used for a call already": {"token": past.dial_token_id, "phone": past.phone_id}}.get(state, {})
    with pytest.raises(sa.exc.IntegrityError):
        make.session.execute(sa.text(CALL), facts)


def test_raw_sql_can_begin_a_call_with_a_used_token(make: Maker, cast: Cast) -> None:
    past, contact = make.call(cast.agent), make.contact()
    claim = _claim(make, contact)
    token = _token(make, contact, claim)
    _use(make, token)
    facts = {"contact": contact.id, "phone": contact.phone_id, "claim": claim, "token": token, "past": past.id}
    make.session.execute(sa.text(CALL), facts)
    assert make.session.exec(select(Call.phone_id).where(Call.reference == "RAW-1")).one() == contact.phone_id


@pytest.mark.parametrize(
    "change",
    ["outcome_code = 'sold'", "wrapped_up_at = NULL, outcome_code = NULL", "agent_id = 1", "phone_id = 1"],
)
def test_raw_sql_cannot_change_how_a_call_ended(make: Maker, cast: Cast, change: str) -> None:
    phone = make.phone()
    make.call(cast.second_agent, contact=make.contact(phone=make.phone()), outcome="refused")
    assert phone.id == 1
    with pytest.raises(sa.exc.IntegrityError, match="wrapped up once"):
        make.session.execute(sa.text(f"UPDATE call SET {change}"))


# A process that dies

DYING = """
import sys, time
from datetime import datetime
from sqlmodel import Session
from outbound import db, wrap_up
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
    wrap_up.conclude(session, call, report, by=session.get_one(Staff, call.agent_id), now=now)
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
    with db.transaction(engine) as session:
        fill(session, [floor.campaign], 1, floor.now)
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
