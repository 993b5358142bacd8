"""Many who ask at once get what they would get one after the other, by the plainest reading of the rules."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import count
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.engine import Engine
from sqlmodel import Session, col, select

from outbound import db
from outbound.call_lists.model import CallList, Contact, ContactState, Duty
from outbound.campaigns import lookups
from outbound.campaigns import verbs as campaigns
from outbound.campaigns.model import Campaign
from outbound.dialing.facts import holds_on, opted_out
from outbound.dialing.handing import hand_out
from outbound.dialing.model import Claim
from outbound.dialing.statements import Book
from outbound.dialing.terms import DUTIES, Asker
from outbound.opt_outs import verbs as opt_outs
from outbound.opt_outs.model import Category
from outbound.people import Centre, Role, known
from outbound.phones.model import Phone
from outbound.phones.zones import group_of
from tests.conftest import Cast
from tests.desk import Floor, brief, example, floor, vault
from tests.factories import Maker

__all__ = ["floor", "vault"]

ZONES = ("Asia/Shanghai", "America/New_York", "Asia/Shanghai,Asia/Urumqi", "Etc/Unknown")
"""Open, closed, open in both, and nowhere."""
AGENTS = 4
PHONES = 6


@dataclass(frozen=True)
class Drawn:
    """A customer as chance made them; what is not callable now is as likely as what is."""

    phone: int
    campaign: int
    published: bool
    duty: Duty
    callback: bool
    priority: int
    due_in: int
    kept_for: int | None
    barred: int | None
    blocked: bool
    dialled: int | None
    """Minutes ago."""


drawn = st.builds(
    Drawn,
    phone=st.integers(0, PHONES - 1),
    campaign=st.integers(0, 1),
    published=st.sampled_from([True, True, True, False]),
    duty=st.sampled_from([Duty.PITCH, Duty.PITCH, Duty.RECALL, Duty.CONFIRMATION]),
    callback=st.booleans(),
    priority=st.integers(0, 2),
    due_in=st.sampled_from([-90, -31, -30, -10, -10, 0, 5]),
    kept_for=st.sampled_from([None, None, 0, 1]),
    barred=st.sampled_from([None, None, 0, 2]),
    blocked=st.sampled_from([False, False, False, True]),
    dialled=st.sampled_from([None, None, None, 60, 300]),
)
requests = st.lists(
    st.tuples(st.integers(0, AGENTS - 1), st.sampled_from([Role.AGENT, Role.AGENT, Role.VERIFIER])), max_size=5
)


@pytest.fixture
def agents(engine: Engine, cast: Cast, now: datetime) -> list[int]:
    """Four people who sell and confirm."""
    with db.transaction(engine) as session:
        maker = Maker(session, session.get_one(Centre, cast.fz.id), now=now)
        return [known(maker.staff(Role.AGENT, Role.VERIFIER).id) for _ in range(AGENTS)]


@pytest.fixture
def both(floor: Floor, agents: list[int]) -> list[Campaign]:
    """Two open campaigns of one centre."""
    with db.transaction(floor.engine) as session:
        centre = session.get_one(Centre, known(floor.cast.fz.id))
        text = example("family-number-trial").replace("name: ", "name: 第二批 ", 1)
        campaign = campaigns.create(session, centre, text, by=floor.cast.manager, now=floor.now)
        session.add(_list(campaign, floor.now, floor.now, "1"))
        session.flush()
        campaigns.open_(session, campaign, by=floor.cast.manager, now=floor.now)
        for each in (floor.campaign, campaign):
            brief(session, each, now=floor.now)
    return [floor.campaign, campaign]


def _list(campaign: Campaign, at: datetime, published_at: datetime | None, digit: str) -> CallList:
    return CallList(
        centre_id=campaign.centre_id,
        campaign_id=known(campaign.id),
        name="list.csv",
        sha256=digit * 64,
        at=at,
        published_at=published_at,
        rows=1,
        accepted=1,
    )


@pytest.mark.slow
def test_many_at_once_get_what_they_would_get_one_after_the_other(
    engine: Engine, floor: Floor, both: list[Campaign], agents: list[int]
) -> None:
    @settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck), database=None)
    @given(people=st.lists(drawn, max_size=9, unique_by=lambda who: (who.phone, who.campaign)), asked=requests)
    def check(people: list[Drawn], asked: list[tuple[int, Role]]) -> None:
        with Session(engine, expire_on_commit=False) as session:
            _put_in(session, people, both, agents, floor)
            expected = _one_by_one(session, asked, both, agents, floor.now)
            askers = [Asker(agents[who], frozenset({role})) for who, role in asked]
            done = hand_out(Book(session.connection()), askers, now=floor.now)
            contacts = {claim: session.get_one(Claim, claim).contact_id for claim in done.claims.values()}
            session.rollback()
        assert {agent: contacts[claim] for agent, claim in done.claims.items()} == expected

    check()


def _put_in(session: Session, people: Sequence[Drawn], both: list[Campaign], agents: list[int], floor: Floor) -> None:
    lists = {}
    for place, campaign in enumerate(both):
        lists[place, True] = session.exec(select(CallList.id).where(CallList.campaign_id == campaign.id)).first()
        coming_in = _list(campaign, floor.now, None, "7")
        session.add(coming_in)
        session.flush()
        lists[place, False] = coming_in.id
    maker = Maker(session, session.get_one(Centre, known(floor.cast.fz.id)), now=floor.now)
    maker._count = count(1000)
    phones = [_phone(session, number, floor.now) for number in range(PHONES)]
    for who in people:
        phone = phones[who.phone]
        contact = Contact(
            centre_id=both[who.campaign].centre_id,
            campaign_id=known(both[who.campaign].id),
            call_list_id=known(lists[who.campaign, who.published]),
            phone_id=known(phone.id),
            zone_group_id=group_of(session, phone.zones),
            duty=who.duty,
            callback=who.callback,
            priority=who.priority,
            due_at=floor.now + timedelta(minutes=who.due_in),
            kept_for_id=None if who.kept_for is None else agents[who.kept_for],
            barred_id=None if who.barred is None else agents[who.barred],
        )
        session.add(contact)
        session.flush()
        if who.dialled:
            at = floor.now - timedelta(minutes=who.dialled)
            maker.call(floor.cast.second_agent, contact=contact, duty=who.duty, at=at, outcome="no_answer")
    for number in {who.phone for who in people if who.blocked}:
        opt_outs.block(session, phones[number], category=Category.REFUSAL, source="test", by=None, now=floor.now)
    # As if the blocks had come before the lists.
    session.exec(sa.update(Contact).values(state=ContactState.QUEUED, closed_why=""))
    session.flush()
    session.expire_all()


def _phone(session: Session, number: int, now: datetime) -> Phone:
    zones = ZONES[number % len(ZONES)] if number < 5 else ZONES[0]
    phone = Phone(digest=bytes([number] * 16), sealed=b"x", region="CN", zones=zones, added_at=now)
    session.add(phone)
    session.flush()
    return phone


def _one_by_one(
    session: Session, asked: Sequence[tuple[int, Role]], both: list[Campaign], agents: list[int], now: datetime
) -> dict[int, int]:
    """Who gets whom by the rules as they are written, without any index, batch or lane."""
    got: dict[int, int] = {}
    phones_gone: set[int] = set()
    for who, role in asked:
        agent = agents[who]
        if agent in got:
            continue
        for contact in _in_order(session):
            if (
                contact.id not in got.values()
                and contact.phone_id not in phones_gone
                and _may(session, contact, agent, role, now)
            ):
                got[agent] = known(contact.id)
                phones_gone.add(contact.phone_id)
                break
    return got


def _in_order(session: Session) -> Iterator[Any]:
    every = session.exec(select(Contact).where(col(Contact.state) == ContactState.QUEUED)).all()
    return iter(sorted(every, key=lambda who: (not who.callback, -who.priority, who.due_at, who.id)))


def _may(session: Session, contact: Contact, agent: int, role: Role, now: datetime) -> bool:
    campaign = session.get_one(Campaign, contact.campaign_id)
    minutes = lookups.definition_of(session, campaign).calling.callback_release_minutes
    released = contact.due_at <= now - timedelta(minutes=minutes)
    return (
        contact.due_at <= now
        and contact.duty in DUTIES[role]
        and session.get_one(CallList, contact.call_list_id).published_at is not None
        and contact.barred_id != agent
        and (contact.kept_for_id in (None, agent) or released)
        and not opted_out(session, session.get_one(Phone, contact.phone_id), campaign, now=now)
        and not holds_on(session, contact, now=now)
    )
