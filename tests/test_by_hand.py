"""Calls by hand: out of turn, under every rule, and in the same ledger."""

from datetime import datetime, timedelta
from threading import Barrier, Thread

import pytest
from sqlalchemy.engine import Engine
from sqlmodel import Session, select

from outbound import db
from outbound.call_lists.model import Contact, Duty
from outbound.calls import placing
from outbound.calls.wrap_up import Report
from outbound.campaigns.model import Campaign
from outbound.concluding import conclude
from outbound.dialing import by_hand, handout
from outbound.dialing.by_hand import HandsFull, NotByHand, NotYours, TakenMeanwhile
from outbound.dialing.model import Claim
from outbound.dialing.queue import queue_of
from outbound.dialing.tally import tally
from outbound.dialing.why_not import of_contact
from outbound.journal import JournalEntry
from outbound.opt_outs import verbs as opt_outs
from outbound.opt_outs.model import Category
from outbound.people import Role, Staff, known
from outbound.phones.model import Phone
from tests.desk import Floor, floor, staff, vault

__all__ = ["floor", "vault"]

HOUR = timedelta(hours=1)


def taken(session: Session, floor: Floor, contact: Contact, now: datetime, by: Staff | None = None) -> Claim:
    person = staff(session, by or floor.cast.agent)
    phone = session.get_one(Phone, contact.phone_id)
    return by_hand.take(session, phone, by=person, roles=[Role.AGENT], now=now)


def rung(session: Session, floor: Floor, contact: Contact, now: datetime, outcome: str = "busy") -> None:
    claim, by = taken(session, floor, contact, now), staff(session, floor.cast.agent)
    call = placing.begin(session, handout.issue_token(session, claim, by=by, now=now), by=by, now=now)
    conclude(session, call, Report(key=f"key-{call.id:06d}", outcome=outcome), by=by, now=now)


def test_a_customer_is_taken_out_of_turn(floor: Floor, session: Session, now: datetime) -> None:
    floor.contact("13900139000", priority=9)
    contact = floor.contact(due_at=now + 5 * HOUR)
    claim = taken(session, floor, contact, now)
    assert (claim.contact_id, claim.why_now, claim.lease_until) == (contact.id, "by_hand", now + HOUR / 4)
    assert taken(session, floor, contact, now).id == claim.id
    assert handout.held_by(session, staff(session, floor.cast.agent)) == claim


@pytest.mark.parametrize("how", ["put back", "the lease ends", "another is taken"])
def test_who_was_taken_before_their_time_and_not_rung_keeps_it(
    floor: Floor, session: Session, now: datetime, how: str
) -> None:
    other = floor.contact("13900139000") if how == "another is taken" else None
    contact = floor.contact(due_at=now + 5 * HOUR)
    claim, by = taken(session, floor, contact, now), staff(session, floor.cast.agent)
    if how == "put back":
        handout.put_back(session, claim, by=by, now=now)
    if how == "the lease ends":
        handout.renew(session, claim, by=by, now=now)
    session.commit()
    got = queue_of(floor.engine).claim(known(by.id), [Role.AGENT], now=now + HOUR, puts_back=claim.id)
    assert (got is None) == (other is None)
    session.expire_all()
    assert session.get_one(Contact, contact.id).due_at == now + 5 * HOUR


def test_a_call_by_hand_counts_like_any_other(floor: Floor, session: Session, now: datetime) -> None:
    contact = floor.contact()
    rung(session, floor, contact, now)
    told = of_contact(session, session.get_one(Contact, contact.id), now=now + HOUR)
    assert [reason.key for reason in told.reasons] == ["later", "spacing"]
    with pytest.raises(NotByHand) as refused:
        taken(session, floor, contact, now + HOUR)
    assert "距上次拨打不足 4 小时，11 月 23 日 14:00 起可拨。" in refused.value.sentence("zh")
    assert refused.value.sentence("en").endswith("free from 14:00 on 2026-11-23.")


def test_calls_by_hand_use_up_the_attempts_of_a_day(floor: Floor, session: Session, now: datetime) -> None:
    contact = floor.contact()
    for hours in (0, 4):
        rung(session, floor, contact, now + hours * HOUR)
    campaign = session.get_one(Campaign, contact.campaign_id)
    session.get_one(Contact, contact.id).due_at = now
    found = tally(session, campaign, now=now + 8 * HOUR)
    assert [held.reason.key for held in found.held] == ["attempts_today"]
    with pytest.raises(NotByHand, match="2 times today"):
        taken(session, floor, contact, now + 8 * HOUR)


def test_an_opted_out_number_is_not_taken_by_hand_either(floor: Floor, session: Session, now: datetime) -> None:
    contact = floor.contact()
    phone = session.get_one(Phone, contact.phone_id)
    opt_outs.block(session, phone, category=Category.REFUSAL, source="call", by=None, now=now)
    with pytest.raises(NotByHand, match="opt-out list"):
        taken(session, floor, contact, now)


def test_outside_the_hours_nobody_is_taken_by_hand(floor: Floor, session: Session, now: datetime) -> None:
    contact = floor.contact()
    with pytest.raises(NotByHand, match="calling hours"):
        taken(session, floor, contact, now + 11 * HOUR)


def test_the_time_that_a_customer_chose_is_kept(floor: Floor, session: Session, now: datetime) -> None:
    contact = floor.contact(callback=True, due_at=now + 3 * HOUR)
    with pytest.raises(NotByHand, match="callback has not come"):
        taken(session, floor, contact, now)


def test_a_personal_callback_is_taken_by_its_agent_alone(floor: Floor, session: Session, now: datetime) -> None:
    contact = floor.contact(callback=True, kept_for_id=floor.cast.agent.id)
    with pytest.raises(NotByHand, match=r"\(Agent\)"):
        taken(session, floor, contact, now, by=floor.cast.second_agent)
    assert taken(session, floor, contact, now).contact_id == contact.id


def test_who_is_in_a_colleagues_hands_stays_there(floor: Floor, session: Session, now: datetime) -> None:
    contact = floor.contact()
    taken(session, floor, contact, now)
    with pytest.raises(NotByHand, match=r"in an agent's hands \(Agent\)"):
        taken(session, floor, contact, now, by=floor.cast.second_agent)


def test_who_has_a_customer_in_hand_takes_no_other(floor: Floor, session: Session, now: datetime) -> None:
    contact, other = floor.contact(), floor.contact("13900139000")
    taken(session, floor, contact, now)
    with pytest.raises(HandsFull):
        taken(session, floor, other, now)


def test_only_customers_of_ones_own_calls_are_taken(floor: Floor, session: Session, now: datetime) -> None:
    contact, confirmed = floor.contact(), floor.contact("13900139000", duty=Duty.CONFIRMATION)
    with pytest.raises(NotYours):
        taken(session, floor, confirmed, now)
    with pytest.raises(NotYours):
        taken(session, floor, contact, now, by=floor.cast.outsider)


def test_the_seller_does_not_take_the_confirmation_by_hand(floor: Floor, session: Session, now: datetime) -> None:
    contact = floor.contact(duty=Duty.CONFIRMATION, barred_id=known(floor.cast.verifier.id))
    verifier = staff(session, floor.cast.verifier)
    with pytest.raises(NotByHand, match="may not make this call"):
        by_hand.take(session, session.get_one(Phone, contact.phone_id), by=verifier, roles=[Role.VERIFIER], now=now)


def test_a_customer_taken_by_hand_is_journalled(floor: Floor, session: Session, now: datetime) -> None:
    contact = floor.contact()
    claim = taken(session, floor, contact, now)
    session.commit()
    (entry,) = session.exec(select(JournalEntry).where(JournalEntry.action == "contact.taken_by_hand")).all()
    assert (entry.actor_id, entry.subject_id) == (floor.cast.agent.id, claim.id)


def test_two_who_name_one_customer_at_once_do_not_both_get_it(floor: Floor, engine: Engine, now: datetime) -> None:
    contact, start = floor.contact(), Barrier(4)
    askers = [floor.cast.agent, floor.cast.second_agent] * 2
    got: list[int] = []

    def ask(place: int) -> None:
        start.wait(30)
        try:
            if place < 2:
                with db.transaction(engine) as session:
                    got.append(known(taken(session, floor, contact, now, by=askers[place]).id))
            elif claim := queue_of(engine).claim(known(askers[place].id), [Role.AGENT], now=now):
                got.append(claim)
        except (NotByHand, TakenMeanwhile):
            pass

    threads = [Thread(target=ask, args=(place,)) for place in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    with db.reading(engine) as session:
        (claim,) = session.exec(select(Claim)).all()
    assert set(got) == {claim.id}
