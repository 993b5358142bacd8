"""The hand-out: who gets whom, when, and the right to dial once."""

from datetime import datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from sqlmodel import Session, select

from outbound.call_lists.model import Contact, ContactState, Duty
from outbound.calls import placing
from outbound.calls.model import Call
from outbound.campaigns import verbs as campaigns
from outbound.campaigns.model import Campaign
from outbound.dialing import handout
from outbound.dialing.model import Claim, ClaimEnd
from outbound.dialing.outlook import outlook
from outbound.errors import NotFound
from outbound.opt_outs import verbs as opt_outs
from outbound.opt_outs.model import Category
from outbound.people import Role, Staff, known
from outbound.phones.model import Phone
from tests.desk import Floor, desks, floor, staff, vault

__all__ = ["desks", "floor", "vault"]

MORNING = datetime.fromisoformat("2026-11-24T01:00:00+00:00")
EVENING = datetime.fromisoformat("2026-11-23T13:30:00+00:00")


def next_for(session: Session, floor: Floor, person: Staff, now: datetime, role: Role = Role.AGENT) -> Claim | None:
    return handout.claim_next(session, staff(session, person), roles=[role], now=now)


def taken(session: Session, floor: Floor, now: datetime, person: Staff | None = None) -> Claim:
    claim = next_for(session, floor, person or floor.cast.agent, now)
    assert claim is not None
    return claim


def name_of(session: Session, claim: Claim | None) -> str:
    assert claim is not None
    return session.get_one(Contact, claim.contact_id).name


def blocked(session: Session, contact: Contact, now: datetime) -> None:
    phone = session.get_one(Phone, contact.phone_id)
    opt_outs.block(session, phone, category=Category.REFUSAL, source="call", by=None, now=now)


def dialled(session: Session, floor: Floor, claim: Claim, now: datetime, person: Staff | None = None) -> Call:
    by = staff(session, person or floor.cast.agent)
    return placing.begin(session, handout.issue_token(session, claim, by=by, now=now), by=by, now=now)


def test_an_agent_holds_one_contact_at_a_time(floor: Floor, session: Session, now: datetime) -> None:
    floor.contact()
    floor.contact("13900139000")
    assert taken(session, floor, now).id == taken(session, floor, now).id


def test_two_agents_never_get_the_same_contact(floor: Floor, session: Session, now: datetime) -> None:
    floor.contact()
    taken(session, floor, now)
    assert next_for(session, floor, floor.cast.second_agent, now) is None


def test_a_due_callback_goes_first_then_priority_then_who_waits_longest(
    floor: Floor, session: Session, now: datetime
) -> None:
    floor.contact("13800138001", name="first", due_at=now - timedelta(hours=2))
    floor.contact("13800138002", name="urgent", priority=5)
    floor.contact("13800138003", name="callback", callback=True)
    order = []
    for person in (floor.cast.agent, floor.cast.second_agent):
        order.append(name_of(session, next_for(session, floor, person, now)))
    assert order == ["callback", "urgent"]


def test_a_personal_callback_waits_for_its_agent_and_then_goes_to_anybody(
    floor: Floor, session: Session, now: datetime
) -> None:
    floor.contact(callback=True, kept_for_id=known(floor.cast.agent.id))
    assert next_for(session, floor, floor.cast.second_agent, now) is None
    assert next_for(session, floor, floor.cast.second_agent, now + timedelta(minutes=31)) is not None


def test_nobody_is_called_before_their_time(floor: Floor, session: Session, now: datetime) -> None:
    floor.contact(due_at=now + timedelta(minutes=1))
    assert next_for(session, floor, floor.cast.agent, now) is None


def test_outside_the_hours_nobody_is_handed_out_and_nobody_loses_their_place(
    floor: Floor, session: Session, now: datetime
) -> None:
    contact = floor.contact()
    assert next_for(session, floor, floor.cast.agent, EVENING) is None
    assert session.get_one(Contact, known(contact.id)).due_at == now
    assert next_for(session, floor, floor.cast.agent, MORNING) is not None


def test_an_opted_out_number_is_closed_instead_of_handed_out(floor: Floor, session: Session, now: datetime) -> None:
    contact = floor.contact()
    # A block that came before the contact was put on the list.
    blocked(session, contact, now)
    session.exec(sa.update(Contact).values(state=ContactState.QUEUED, closed_why=""))
    assert next_for(session, floor, floor.cast.agent, now) is None
    session.flush()
    assert session.get_one(Contact, known(contact.id)).closed_why == "opted_out"


def test_blocking_a_number_takes_it_out_of_the_agents_hands(floor: Floor, session: Session, now: datetime) -> None:
    contact = floor.contact()
    claim = taken(session, floor, now)
    blocked(session, contact, now)
    session.refresh(claim)
    assert claim.ended_how == ClaimEnd.BLOCKED
    with pytest.raises(handout.ClaimEnded):
        handout.issue_token(session, claim, by=staff(session, floor.cast.agent), now=now)


def test_a_token_issued_before_the_block_is_worth_nothing_after_it(
    floor: Floor, session: Session, now: datetime
) -> None:
    contact = floor.contact()
    claim, by = taken(session, floor, now), staff(session, floor.cast.agent)
    token = handout.issue_token(session, claim, by=by, now=now)
    blocked(session, contact, now)
    with pytest.raises(handout.NumberBlocked):
        placing.begin(session, token, by=by, now=now)


def test_a_token_is_good_for_one_dial(floor: Floor, session: Session, now: datetime) -> None:
    floor.contact()
    claim, by = taken(session, floor, now), staff(session, floor.cast.agent)
    token = handout.issue_token(session, claim, by=by, now=now)
    placing.begin(session, token, by=by, now=now)
    with pytest.raises(handout.NumberBlocked):
        placing.begin(session, token, by=by, now=now)


def test_a_token_of_two_minutes_ago_is_too_old(floor: Floor, session: Session, now: datetime) -> None:
    floor.contact()
    claim, by = taken(session, floor, now), staff(session, floor.cast.agent)
    token = handout.issue_token(session, claim, by=by, now=now)
    with pytest.raises(handout.NumberBlocked):
        placing.begin(session, token, by=by, now=now + handout.TOKEN_LIFE)


def test_a_number_just_rung_is_not_rung_again_and_the_refusal_says_until_when(
    floor: Floor, session: Session, now: datetime
) -> None:
    floor.contact()
    claim = taken(session, floor, now)
    dialled(session, floor, claim, now)
    with pytest.raises(handout.NotCallableNow) as refused:
        handout.issue_token(session, claim, by=staff(session, floor.cast.agent), now=now + timedelta(minutes=5))
    assert "14:00" in refused.value.sentence("zh")


def test_a_lease_that_ended_frees_the_contact_for_a_colleague(floor: Floor, session: Session, now: datetime) -> None:
    floor.contact()
    claim = taken(session, floor, now)
    later = now + timedelta(minutes=15)
    assert taken(session, floor, later, floor.cast.second_agent).contact_id == claim.contact_id
    session.refresh(claim)
    assert claim.ended_how == ClaimEnd.LEASE_ENDED


def test_a_renewed_lease_keeps_the_contact(floor: Floor, session: Session, now: datetime) -> None:
    floor.contact()
    claim = taken(session, floor, now)
    handout.renew(session, claim, by=staff(session, floor.cast.agent), now=now + timedelta(minutes=14))
    assert next_for(session, floor, floor.cast.second_agent, now + timedelta(minutes=20)) is None


def test_an_ended_lease_cannot_be_renewed(floor: Floor, session: Session, now: datetime) -> None:
    floor.contact()
    claim = taken(session, floor, now)
    with pytest.raises(handout.ClaimEnded):
        handout.renew(session, claim, by=staff(session, floor.cast.agent), now=now + timedelta(minutes=15))


def test_a_contact_put_back_rests_and_is_then_anybodys(floor: Floor, session: Session, now: datetime) -> None:
    floor.contact()
    claim = taken(session, floor, now)
    handout.put_back(session, claim, by=staff(session, floor.cast.agent), now=now)
    assert next_for(session, floor, floor.cast.agent, now) is None
    assert next_for(session, floor, floor.cast.second_agent, now + handout.PUT_BACK_FOR) is not None


def test_putting_back_twice_changes_nothing(floor: Floor, session: Session, now: datetime) -> None:
    floor.contact()
    claim, by = taken(session, floor, now), staff(session, floor.cast.agent)
    handout.put_back(session, claim, by=by, now=now)
    handout.put_back(session, claim, by=by, now=now + timedelta(minutes=1))
    assert claim.ended_at == now


@pytest.mark.parametrize("verb", [handout.put_back, handout.renew, handout.issue_token])
def test_a_colleagues_contact_is_not_ones_own(floor: Floor, session: Session, now: datetime, verb: Any) -> None:
    floor.contact()
    claim = taken(session, floor, now)
    with pytest.raises(NotFound):
        verb(session, claim, by=staff(session, floor.cast.second_agent), now=now)


def test_a_paused_campaign_hands_out_no_first_calls(floor: Floor, session: Session, now: datetime) -> None:
    floor.contact()
    campaign = session.get_one(Campaign, known(floor.campaign.id))
    campaigns.pause(session, campaign, by=staff(session, floor.cast.manager), now=now)
    assert next_for(session, floor, floor.cast.agent, now) is None


def test_a_paused_campaign_still_confirms_what_was_sold(floor: Floor, session: Session, now: datetime) -> None:
    floor.contact(duty=Duty.CONFIRMATION)
    campaign = session.get_one(Campaign, known(floor.campaign.id))
    campaigns.pause(session, campaign, by=staff(session, floor.cast.manager), now=now)
    assert next_for(session, floor, floor.cast.verifier, now, Role.VERIFIER) is not None


def test_the_seller_is_never_handed_the_confirmation(floor: Floor, session: Session, now: datetime) -> None:
    floor.contact(duty=Duty.CONFIRMATION, barred_id=known(floor.cast.verifier.id))
    assert next_for(session, floor, floor.cast.verifier, now, Role.VERIFIER) is None


def test_agents_get_no_confirmations_and_verifiers_no_first_calls(
    floor: Floor, session: Session, now: datetime
) -> None:
    floor.contact("13800138001", duty=Duty.CONFIRMATION)
    assert next_for(session, floor, floor.cast.agent, now) is None
    claim = next_for(session, floor, floor.cast.verifier, now, Role.VERIFIER)
    assert claim is not None
    assert claim.duty == Duty.CONFIRMATION


def test_another_centres_agent_gets_nobody(floor: Floor, session: Session, now: datetime) -> None:
    floor.contact()
    assert next_for(session, floor, floor.cast.outsider, now) is None


def test_the_outlook_tells_how_many_wait_and_when_the_next_is_due(
    floor: Floor, session: Session, now: datetime
) -> None:
    floor.contact("13800138001", due_at=now + timedelta(hours=2))
    floor.contact("13800138002", due_at=now + timedelta(hours=1))
    told = outlook(session, staff(session, floor.cast.agent), roles=[Role.AGENT], now=now)
    assert (told.campaigns, told.waiting, told.next_at) == (1, 2, now + timedelta(hours=1))


def test_the_outlook_leaves_out_whose_time_comes_after_the_campaigns_end(
    floor: Floor, session: Session, now: datetime
) -> None:
    floor.contact(due_at=now + timedelta(days=80))
    told = outlook(session, staff(session, floor.cast.agent), roles=[Role.AGENT], now=now)
    assert (told.campaigns, told.waiting, told.next_at) == (1, 0, None)


def test_the_outlook_of_somebody_without_campaigns_is_empty(floor: Floor, session: Session, now: datetime) -> None:
    floor.contact()
    told = outlook(session, staff(session, floor.cast.outsider), roles=[Role.AGENT], now=now)
    assert (told.campaigns, told.waiting, told.next_at) == (0, 0, None)


def test_dialling_pins_the_versions_and_counts_the_try(floor: Floor, session: Session, now: datetime) -> None:
    contact = floor.contact()
    call = dialled(session, floor, taken(session, floor, now), now)
    assert call.reference == f"FZ-20261123-{call.dial_token_id:06d}"
    assert session.get_one(Contact, known(contact.id)).attempts == 1
    assert session.exec(select(Call)).one().script_version_id is not None
