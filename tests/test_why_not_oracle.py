"""“Why not dialled?” says what the hand-out does: now, just before the instant that it names, and at that instant."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
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
from outbound.campaigns import verbs as campaigns
from outbound.campaigns.model import Campaign
from outbound.dialing.handing import hand_out
from outbound.dialing.model import Claim
from outbound.dialing.statements import Book
from outbound.dialing.tally import tally
from outbound.dialing.terms import Asker
from outbound.dialing.why_not import of_contact
from outbound.people import Centre, Role, Staff, known
from outbound.phones.model import Phone
from outbound.phones.zones import group_of
from tests.conftest import Cast
from tests.desk import Floor, brief, example, floor, vault
from tests.factories import Maker

__all__ = ["floor", "vault"]

ZONES = ("Asia/Shanghai", "Asia/Shanghai", "America/New_York", "Asia/Shanghai,Asia/Urumqi", "Etc/Unknown")
PHONES = 5
EXAMPLES = 12
OVERRIDES = """  profile: cn-telecom
  overrides:
    attempts: {max: 6, per_day: 2}
"""
STRICT = """  profile: us-tsr
  overrides:
    windows: {every_day: [09:00-12:00, 14:00-20:00], sunday: []}
    caps: [{count: 2, within: 10 days}, {count: 1, within: 1 h}]
    attempts: {max: 3, per_day_part: 1}
    list_max_age_days: 3
"""
FURTHER = tuple(timedelta(hours=hours) for hours in (1, 5, 24, 28, 100, 1000))
"""When those are looked at again of whom it is said that they never come free."""


@dataclass(frozen=True)
class Drawn:
    """A customer as chance made them; what is not callable now is as likely as what is."""

    phone: int
    campaign: int
    duty: Duty
    callback: bool
    due_in: int
    """Minutes."""
    kept: bool
    barred: bool
    dialled: tuple[int, ...]
    """Minutes ago."""


drawn = st.builds(
    Drawn,
    phone=st.integers(0, PHONES - 1),
    campaign=st.integers(0, 2),
    duty=st.sampled_from([Duty.PITCH, Duty.PITCH, Duty.PITCH, Duty.RECALL, Duty.CONFIRMATION]),
    callback=st.booleans(),
    due_in=st.sampled_from([-90, -10, -10, 0, 5, 700, 4000]),
    kept=st.sampled_from([False, False, True]),
    barred=st.sampled_from([False, False, True]),
    dialled=st.sets(st.sampled_from([1, 2, 3, 30, 60, 300, 1500, 8 * 1440, 9 * 1440]), max_size=5).map(tuple),
)
people_drawn = st.lists(drawn, min_size=1, max_size=5, unique_by=lambda who: (who.phone, who.campaign))


@pytest.fixture
def callers(engine: Engine, cast: Cast, now: datetime) -> list[Staff]:
    """Two who sell and confirm: the first has callbacks of their own, calls they may not make, and a contact in hand;
    the second asks.
    """
    with db.transaction(engine) as session:
        maker = Maker(session, session.get_one(Centre, cast.fz.id), now=now)
        return [maker.staff(Role.AGENT, Role.VERIFIER) for _ in range(2)]


@pytest.fixture
def three(floor: Floor, callers: list[Staff]) -> list[Campaign]:
    """One that goes on, a strict one that is nearly over, and one whose briefing nobody has read."""
    logins = ", ".join(each.login for each in callers)
    usual = f"{example('family-number-trial')}\nstaff: [{logins}]\n"
    strict = usual.replace("name: ", "name: 严格", 1).replace(OVERRIDES, STRICT).replace("2027-01-31", "2026-11-25")
    unread = usual.replace("name: ", "name: 未读", 1)
    assert STRICT in strict
    with db.transaction(floor.engine) as session:
        made = [_opened(session, floor, text) for text in (usual.replace("name: ", "name: 照常", 1), strict, unread)]
        for each in made[:2]:
            brief(session, each, now=floor.now)
    return made


def _opened(session: Session, floor: Floor, text: str) -> Campaign:
    centre = session.get_one(Centre, known(floor.cast.fz.id))
    campaign = campaigns.create(session, centre, text, by=floor.cast.manager, now=floor.now)
    facts: dict[str, Any] = {
        "centre_id": campaign.centre_id,
        "campaign_id": known(campaign.id),
        "rows": 1,
        "accepted": 1,
    }
    session.add(CallList(name="list.csv", sha256="1" * 64, at=floor.now, published_at=floor.now, **facts))
    session.flush()
    campaigns.open_(session, campaign, by=floor.cast.manager, now=floor.now)
    return campaign


@pytest.mark.slow
def test_why_not_and_the_hand_out_agree_now_and_at_the_instant_that_is_named(
    engine: Engine, floor: Floor, three: list[Campaign], callers: list[Staff]
) -> None:
    @settings(max_examples=EXAMPLES, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
    @given(people=people_drawn, in_hand=st.sampled_from([None, None, 0, 1, 2]))
    def check(people: list[Drawn], in_hand: int | None) -> None:
        with Session(engine, expire_on_commit=False) as session:
            contacts = _put_in(session, people, three, callers, floor)
            if in_hand is not None:
                _take(session, contacts[in_hand % len(contacts)], callers[0], floor.now)
            for contact in contacts:
                _agrees(session, contact, known(callers[1].id), floor.now)
            _figures_agree(session, contacts, three, floor.now)
            session.rollback()

    check()


def _take(session: Session, contact: Contact, agent: Staff, now: datetime) -> None:
    until = now + timedelta(minutes=15)
    contact.due_at, contact.epoch = until, contact.epoch + 1
    whose: dict[str, Any] = {"agent_id": agent.id, "duty": contact.duty, "epoch": contact.epoch}
    whose |= {name: getattr(contact, name) for name in ("centre_id", "campaign_id", "phone_id")}
    session.add_all([contact, Claim(contact_id=known(contact.id), claimed_at=now, lease_until=until, **whose)])
    session.flush()


def _agrees(session: Session, contact: Contact, agent: int, now: datetime) -> None:
    told = of_contact(session, contact, now=now)
    assert told.is_callable == _is_handed_out(session, contact, agent, now)
    assert told.is_callable == (told.free_at == now)
    if told.free_at and not told.is_callable:
        assert not _is_handed_out(session, contact, agent, told.free_at - timedelta(milliseconds=1))
        assert _is_handed_out(session, contact, agent, told.free_at)
    elif not told.free_at:
        assert [ahead for ahead in FURTHER if _is_handed_out(session, contact, agent, now + ahead)] == []


def _is_handed_out(session: Session, contact: Contact, agent: int, now: datetime) -> bool:
    """Whether it is, where nobody else waits; nothing stays of it."""
    with _undone(session):
        session.execute(sa.update(Contact).where(col(Contact.id) != contact.id).values(state=ContactState.CLOSED))
        done = hand_out(Book(session.connection()), [Asker(agent, frozenset({Role.AGENT, Role.VERIFIER}))], now=now)
        return bool(done.claims)


@contextmanager
def _undone(session: Session) -> Iterator[None]:
    session.flush()
    savepoint = session.begin_nested()
    try:
        yield
    finally:
        savepoint.rollback()
        session.expire_all()


def _figures_agree(session: Session, contacts: Sequence[Contact], three: Sequence[Campaign], now: datetime) -> None:
    for campaign in three:
        found = tally(session, session.get_one(Campaign, campaign.id), now=now)
        every = [of_contact(session, each, now=now) for each in contacts if each.campaign_id == campaign.id]
        # Who is in hand is being rung already, and is not waited for.
        waiting = [each for each in every if "in_hand" not in {reason.key for reason in each.reasons}]
        free = [each.free_at for each in waiting if each.free_at]
        assert (found.callable, found.waiting) == (sum(each.is_callable for each in every), len(every))
        assert not free or (found.first_at and found.first_at <= min(free))


def _put_in(
    session: Session, people: Sequence[Drawn], three: list[Campaign], callers: list[Staff], floor: Floor
) -> list[Contact]:
    maker = Maker(session, session.get_one(Centre, known(floor.cast.fz.id)), now=floor.now)
    maker._count = count(1000)
    phones = [_phone(session, number, floor.now) for number in range(PHONES)]
    return [_contact(session, maker, who, phones[who.phone], three, callers, floor) for who in people]


def _phone(session: Session, number: int, now: datetime) -> Phone:
    phone = Phone(digest=bytes([number] * 16), sealed=b"x", region="CN", zones=ZONES[number], added_at=now)
    session.add(phone)
    session.flush()
    return phone


def _contact(
    session: Session,
    maker: Maker,
    who: Drawn,
    phone: Phone,
    three: list[Campaign],
    callers: list[Staff],
    floor: Floor,
) -> Contact:
    campaign, first = three[who.campaign], known(callers[0].id)
    contact = Contact(
        centre_id=campaign.centre_id,
        campaign_id=known(campaign.id),
        call_list_id=known(session.exec(select(CallList.id).where(CallList.campaign_id == campaign.id)).one()),
        phone_id=known(phone.id),
        zone_group_id=group_of(session, phone.zones),
        duty=who.duty,
        callback=who.callback,
        due_at=floor.now + timedelta(minutes=who.due_in),
        kept_for_id=first if who.kept and who.callback else None,
        barred_id=first if who.barred else None,
    )
    session.add(contact)
    session.flush()
    for minutes in who.dialled:
        at = floor.now - timedelta(minutes=minutes)
        maker.call(floor.cast.second_agent, contact=contact, duty=who.duty, at=at, outcome="no_answer")
    session.execute(sa.update(Claim).where(col(Claim.contact_id) == contact.id).values(ended_at=floor.now))
    return contact
