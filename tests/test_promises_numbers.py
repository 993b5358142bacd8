"""Attacks on the promises about numbers: many agents at once, and blocks in between."""

import os
import random
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Engine
from sqlmodel import Session, col, select

from outbound import db
from outbound.call_lists.model import CallList, Contact, ContactState
from outbound.calls import placing
from outbound.campaigns import verbs as campaigns
from outbound.campaigns.model import Campaign
from outbound.dialing import handout
from outbound.dialing.model import Claim, ClaimEnd, DialToken
from outbound.opt_outs import verbs as opt_outs
from outbound.opt_outs.model import Category, OptOut
from outbound.people import Centre, Role, Staff, known
from outbound.phones.model import Phone
from outbound.phones.zones import group_of
from tests.conftest import Cast
from tests.desk import Floor, brief, example, floor, vault
from tests.factories import Maker
from tests.promises import BLOCK, TOKEN, open_claim

__all__ = ["floor", "vault"]

AGENTS = 8
ALONE, SHARED = 120, 40
COLLISIONS = {"40001", "40P01"}


@pytest.fixture
def agents(floor: Floor) -> list[Staff]:
    """Eight agents of the centre."""
    with db.transaction(floor.engine) as session:
        maker = Maker(session, session.get_one(Centre, floor.cast.fz.id), now=floor.now)
        hired = [maker.staff(Role.AGENT) for _ in range(AGENTS)]
        brief(session, floor.campaign, now=floor.now)
        return hired


@pytest.fixture
def second(floor: Floor, agents: list[Staff]) -> Campaign:
    """A second open campaign of the same centre."""
    with db.transaction(floor.engine) as session:
        centre = session.get_one(Centre, known(floor.cast.fz.id))
        text = example("family-number-trial").replace("name: ", "name: 第二批 ", 1)
        campaign = campaigns.create(session, centre, text, by=floor.cast.manager, now=floor.now)
        session.add(listed(campaign, floor.now))
        session.flush()
        campaigns.open_(session, campaign, by=floor.cast.manager, now=floor.now)
        brief(session, campaign, now=floor.now)
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


@dataclass
class Race:
    """Agents ring whoever is handed out while numbers are blocked; by phone, when each was begun and blocked."""

    floor: Floor
    begun: dict[int, float] = field(default_factory=dict)
    blocked: dict[int, float] = field(default_factory=dict)
    over: threading.Event = field(default_factory=threading.Event)

    def ring_on(self, agent: Staff) -> None:
        """Ring one contact after the other, until the blocking is over and nobody is left."""
        idle = 0
        while idle < 5 and not (self.over.is_set() and idle):
            with db.transaction(self.floor.engine) as session:
                claim = handout.claim_next(session, agent, roles={Role.AGENT}, now=self.floor.now)
            if claim is None:
                idle += 1
                time.sleep(0.02)
                continue
            try:
                self._ring(agent, claim)
            except (handout.NumberBlocked, handout.ClaimEnded):
                pass
            except sa.exc.IntegrityError as refused:
                assert "blocked" in str(refused.orig)
            self._end(claim)

    def _ring(self, agent: Staff, claim: Claim) -> None:
        with db.transaction(self.floor.engine) as session:
            token = handout.issue_token(session, session.get_one(Claim, claim.id), by=agent, now=self.floor.now)
        time.sleep(random.uniform(0, 0.004))
        with db.transaction(self.floor.engine) as session:
            # Before the commit: a call that says it began later than this really began no earlier.
            began = time.monotonic()
            placing.begin(session, session.get_one(DialToken, token.id), by=agent, now=self.floor.now)
        self.begun[claim.phone_id] = began

    def _end(self, claim: Claim) -> None:
        with db.transaction(self.floor.engine) as session:
            ended = sa.update(Claim).where(col(Claim.id) == claim.id, col(Claim.ended_at).is_(None))
            session.exec(ended.values(ended_at=self.floor.now, ended_how=ClaimEnd.DONE))
            over = sa.update(Contact).where(col(Contact.id) == claim.contact_id)
            session.exec(over.values(state=ContactState.CLOSED))

    def block(self, phones: list[int], by: Staff) -> None:
        """Block these numbers, one after the other."""
        facts: dict[str, Any] = {"category": Category.REFUSAL, "source": "care desk", "by": by, "now": self.floor.now}
        for phone in phones:
            with db.transaction(self.floor.engine) as session:
                opt_outs.block(session, session.get_one(Phone, phone), **facts)
            self.blocked[phone] = time.monotonic()


@pytest.mark.slow
def test_no_call_begins_after_the_block_of_its_number_is_committed(
    engine: Engine, floor: Floor, agents: list[Staff], cast: Cast
) -> None:
    with db.transaction(engine) as session:
        phones = fill(session, [floor.campaign], 150, floor.now)
    race = Race(floor)
    blocking = threading.Thread(target=race.block, args=(random.sample(phones, 100), cast.care))
    blocking.start()
    all_at_once(race.ring_on, agents[:6])
    blocking.join()
    race.over.set()
    assert len(race.blocked) == 100
    assert [phone for phone, at in race.begun.items() if at > race.blocked.get(phone, at)] == []
    with db.reading(engine) as session:
        unused = select(DialToken.id).where(col(DialToken.used_at).is_(None), col(DialToken.voided_at).is_(None))
        assert session.exec(unused.where(col(DialToken.phone_id).in_(race.blocked))).all() == []
    assert race.begun, "the race was none: nobody was rung"


@pytest.mark.slow
@pytest.mark.parametrize("isolation", ["READ COMMITTED", "REPEATABLE READ"])
@pytest.mark.parametrize("engine", ["postgresql"], indirect=True)
def test_a_token_and_a_block_at_once_never_both_stand(
    engine: Engine, cast: Cast, now: datetime, isolation: str
) -> None:
    rounds = 60
    with db.transaction(engine) as session:
        maker = Maker(session, session.get_one(Centre, cast.fz.id), now=now)
        held = [
            (contact.phone_id, contact.campaign_id, open_claim(maker, contact))
            for contact in (maker.contact() for _ in range(rounds))
        ]
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
