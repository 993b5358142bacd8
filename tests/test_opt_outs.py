"""Opt-outs: a block counts at once and everywhere, and only two people together take it back."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Engine
from sqlmodel import Session, select

from outbound import db
from outbound.call_lists.model import Contact, ContactState
from outbound.calling_rules.profiles import profile
from outbound.campaigns.model import Campaign
from outbound.dialing.model import Claim, ClaimEnd, DialToken
from outbound.opt_outs import liftings
from outbound.opt_outs import verbs as opt_outs
from outbound.opt_outs.model import Category, LiftingRequest, OptOut, OptOutLifting, Scope
from outbound.people import known
from outbound.phones.model import Phone
from tests.conftest import Cast
from tests.factories import Maker


@pytest.fixture
def make(session: Session, cast: Cast, now: datetime) -> Maker:
    return Maker(session, session.get_one(type(cast.fz), known(cast.fz.id)), now=now)


def block(session: Session, phone: Phone, cast: Cast, now: datetime, **facts: Any) -> OptOut:
    usual: dict[str, Any] = {"category": Category.REFUSAL, "source": "call", "by": cast.agent, "now": now}
    return opt_outs.block(session, phone, **{**usual, **facts})


def asked(session: Session, blocked: OptOut, cast: Cast, now: datetime) -> LiftingRequest:
    return liftings.ask(session, blocked, reason="本人要求", by=cast.care, now=now, centre_id=known(cast.fz.id))


def claimed(make: Maker, contact: Contact, cast: Cast) -> Claim:
    claim = Claim(
        centre_id=contact.centre_id,
        campaign_id=contact.campaign_id,
        contact_id=known(contact.id),
        phone_id=contact.phone_id,
        agent_id=known(cast.agent.id),
        duty=contact.duty,
        epoch=1,
        claimed_at=make.now,
        lease_until=make.now + timedelta(minutes=15),
    )
    make.session.add(claim)
    make.session.flush()
    return claim


def token_for(make: Maker, claim: Claim) -> DialToken:
    token = DialToken(
        claim_id=known(claim.id),
        campaign_id=claim.campaign_id,
        phone_id=claim.phone_id,
        issued_at=make.now,
        expires_at=make.now + timedelta(minutes=2),
    )
    make.session.add(token)
    make.session.flush()
    return token


def dialled(make: Maker, claim: Claim, cast: Cast) -> None:
    """A call under way on the claim."""
    used = token_for(make, claim)
    used.used_at = make.now
    make.session.flush()
    past = make.call(cast.second_agent, contact=make.contact(), outcome=None)
    make.briefed(cast.agent, make.session.get_one(Campaign, claim.campaign_id))
    statement = """INSERT INTO call (centre_id, campaign_id, campaign_version_id, contact_id, phone_id, claim_id,
        dial_token_id, duty, agent_id, script_version_id, reference, dialled_at, note, answers)
        SELECT centre_id, campaign_id, campaign_version_id, :contact, :phone, :claim, :token, duty, :agent,
        script_version_id, 'UNDER-WAY', dialled_at, '', '{}' FROM call WHERE id = :past"""
    facts = {"contact": claim.contact_id, "phone": claim.phone_id, "claim": claim.id, "token": used.id}
    make.session.execute(sa.text(statement), {**facts, "agent": cast.agent.id, "past": past.id})


# At once


def test_a_block_closes_queued_contacts_of_every_campaign(session: Session, make: Maker, cast: Cast) -> None:
    phone = make.phone()
    contacts = [make.contact(make.campaign(), phone=phone) for _ in range(2)]
    other = make.contact()
    block(session, phone, cast, make.now)
    assert [(each.state, each.closed_why) for each in contacts] == [(ContactState.CLOSED, "opted_out")] * 2
    assert other.state == ContactState.QUEUED


def test_a_block_ends_the_open_claim(session: Session, make: Maker, cast: Cast) -> None:
    claim = claimed(make, make.contact(), cast)
    block(session, session.get_one(Phone, claim.phone_id), cast, make.now)
    assert (claim.ended_how, claim.ended_at) == (ClaimEnd.BLOCKED, make.now)


def test_a_call_under_way_is_left_to_be_wrapped_up(session: Session, make: Maker, cast: Cast) -> None:
    claim = claimed(make, make.contact(), cast)
    dialled(make, claim, cast)
    block(session, session.get_one(Phone, claim.phone_id), cast, make.now)
    assert claim.ended_at is None


def test_a_block_voids_unused_tokens_and_leaves_used_ones(session: Session, make: Maker, cast: Cast) -> None:
    claim = claimed(make, make.contact(), cast)
    used, unused = token_for(make, claim), token_for(make, claim)
    used.used_at = make.now
    session.flush()
    block(session, session.get_one(Phone, claim.phone_id), cast, make.now)
    assert (used.voided_at, unused.voided_at) == (None, make.now)


def test_a_block_raises_the_phones_version(session: Session, make: Maker, cast: Cast) -> None:
    phone = make.phone()
    before = phone.version
    block(session, phone, cast, make.now)
    assert phone.version == before + 1


def test_a_block_written_by_raw_sql_takes_effect_as_well(session: Session, make: Maker, cast: Cast) -> None:
    contact = make.contact()
    statement = """INSERT INTO opt_out (phone_id, category, scope, source, reason, at)
        VALUES (:phone, 'regulator', 'all', 'a script', '', '2026-11-23 02:00:00')"""
    session.execute(sa.text(statement), {"phone": contact.phone_id})
    session.refresh(contact)
    assert contact.state == ContactState.CLOSED


def test_a_block_rolled_back_leaves_everything_as_it_was(engine: Engine, cast: Cast, now: datetime) -> None:
    with db.transaction(engine) as session:
        contact = Maker(session, cast.fz, now=now).contact()
    with pytest.raises(ZeroDivisionError), db.transaction(engine) as session:
        block(session, session.get_one(Phone, contact.phone_id), cast, now)
        _ = 1 / 0
    with db.reading(engine) as session:
        assert session.get_one(Contact, contact.id).state == ContactState.QUEUED
        assert session.exec(select(OptOut)).all() == []


def test_blocking_a_blocked_number_is_no_news(session: Session, make: Maker, cast: Cast) -> None:
    phone = make.phone()
    assert block(session, phone, cast, make.now) is block(session, phone, cast, make.now + timedelta(days=1))


def test_a_block_for_ever_covers_a_narrower_one(session: Session, make: Maker, cast: Cast) -> None:
    phone, campaign = make.phone(), make.campaign()
    whole = block(session, phone, cast, make.now)
    assert block(session, phone, cast, make.now, scope=Scope.CAMPAIGN, campaign_id=campaign.id) is whole


def test_a_block_for_ever_follows_one_that_expires(session: Session, make: Maker, cast: Cast) -> None:
    phone = make.phone()
    short = block(session, phone, cast, make.now, expires_at=make.now + timedelta(days=190))
    assert block(session, phone, cast, make.now) is not short


# Scopes


def holding(session: Session, phone: Phone, now: datetime, campaign: Campaign | None = None) -> int:
    kind, number = (campaign.kind, campaign.id) if campaign else (None, None)
    condition = opt_outs.in_force(now, kind=kind, campaign_id=number)
    return len(session.exec(select(OptOut).where(OptOut.phone_id == phone.id, condition)).all())


def test_a_block_of_one_campaign_leaves_the_others(session: Session, make: Maker, cast: Cast) -> None:
    phone, here, there = make.phone(), make.campaign(), make.campaign()
    contacts = [make.contact(campaign, phone=phone) for campaign in (here, there)]
    block(session, phone, cast, make.now, scope=Scope.CAMPAIGN, campaign_id=here.id)
    assert [each.state for each in contacts] == [ContactState.CLOSED, ContactState.QUEUED]
    assert [holding(session, phone, make.now, each) for each in (here, there)] == [1, 0]


def test_a_block_of_a_kind_leaves_other_kinds(session: Session, make: Maker, cast: Cast) -> None:
    phone, sales, survey = make.phone(), make.campaign(), make.campaign(kind="survey")
    contacts = [make.contact(campaign, phone=phone) for campaign in (sales, survey)]
    block(session, phone, cast, make.now, scope=Scope.CAMPAIGN_KIND, campaign_kind="telesales")
    assert [each.state for each in contacts] == [ContactState.CLOSED, ContactState.QUEUED]
    assert [holding(session, phone, make.now, each) for each in (sales, survey)] == [1, 0]


def test_a_narrow_block_does_not_hold_for_all_calls(session: Session, make: Maker, cast: Cast) -> None:
    phone, campaign = make.phone(), make.campaign()
    block(session, phone, cast, make.now, scope=Scope.CAMPAIGN, campaign_id=campaign.id)
    block(session, phone, cast, make.now, scope=Scope.CAMPAIGN_KIND, campaign_kind="survey")
    assert holding(session, phone, make.now) == 0


def test_a_block_of_all_calls_holds_for_every_campaign(session: Session, make: Maker, cast: Cast) -> None:
    phone = make.phone()
    block(session, phone, cast, make.now)
    assert holding(session, phone, make.now, make.campaign()) == holding(session, phone, make.now) == 1


@pytest.mark.parametrize(
    "facts", [{"scope": "campaign"}, {"scope": "campaign_kind"}, {"scope": "all", "campaign_kind": "telesales"}]
)
def test_a_scope_that_does_not_say_of_what_is_refused(
    session: Session, make: Maker, cast: Cast, facts: dict[str, Any]
) -> None:
    facts["scope"] = Scope(facts["scope"])
    with pytest.raises(sa.exc.IntegrityError):
        block(session, make.phone(), cast, make.now, **facts)


# Expiry


def test_a_block_holds_until_it_expires(session: Session, make: Maker, cast: Cast) -> None:
    phone, ends = make.phone(), make.now + timedelta(days=190)
    block(session, phone, cast, make.now, expires_at=ends)
    assert [holding(session, phone, at) for at in (ends - timedelta(seconds=1), ends)] == [1, 0]


def test_a_token_is_refused_until_the_block_expires_and_given_after(session: Session, make: Maker, cast: Cast) -> None:
    claim = claimed(make, make.contact(), cast)
    phone = session.get_one(Phone, claim.phone_id)
    block(session, phone, cast, make.now, category=Category.STAFF_REQUEST, expires_at=make.now + timedelta(days=1))
    with pytest.raises(sa.exc.IntegrityError, match="the number is blocked"), session.begin_nested():
        token_for(make, claim)
    make.now += timedelta(days=1)
    assert token_for(make, claim).id


@pytest.mark.parametrize("category", [each for each in Category if each != Category.STAFF_REQUEST])
def test_a_customers_block_never_ends_before_the_profile_allows(
    session: Session, make: Maker, cast: Cast, category: Category
) -> None:
    # The test's instant is the 23rd of November.
    six_months = datetime(2027, 5, 23, 2, 0, tzinfo=UTC)
    with pytest.raises(opt_outs.ExpiryTooEarly, match="2027-05-23"):
        block(session, make.phone(), cast, make.now, category=category, expires_at=six_months - timedelta(seconds=1))
    assert block(session, make.phone(), cast, make.now, category=category, expires_at=six_months).id


def test_a_stricter_profile_keeps_a_block_longer(session: Session, make: Maker, cast: Cast) -> None:
    rules, year = profile("us-tsr"), make.now + timedelta(days=365)
    with pytest.raises(opt_outs.ExpiryTooEarly):
        block(session, make.phone(), cast, make.now, expires_at=year, rules=rules)


def test_a_block_that_ends_before_it_begins_is_refused_by_the_database(
    session: Session, make: Maker, cast: Cast
) -> None:
    with pytest.raises(sa.exc.IntegrityError):
        block(session, make.phone(), cast, make.now, category=Category.STAFF_REQUEST, expires_at=make.now)


# Lifting


def test_two_people_together_lift_a_block(session: Session, make: Maker, cast: Cast) -> None:
    phone = make.phone()
    lifted = block(session, phone, cast, make.now)
    liftings.lift(session, lifted, asked_by=cast.care, approved_by=cast.manager, reason="本人要求", now=make.now)
    session.flush()
    assert (holding(session, phone, make.now), opt_outs.of_number(session, phone, now=make.now)) == (0, [])


def test_one_person_alone_lifts_nothing(session: Session, make: Maker, cast: Cast) -> None:
    blocked = block(session, make.phone(), cast, make.now)
    with pytest.raises(liftings.SecondPersonNeeded):
        liftings.lift(session, blocked, asked_by=cast.care, approved_by=cast.care, reason="", now=make.now)


def test_a_wish_waits_for_somebody_else(session: Session, make: Maker, cast: Cast) -> None:
    blocked = block(session, make.phone(), cast, make.now)
    request = asked(session, blocked, cast, make.now)
    assert (request.answer, asked(session, blocked, cast, make.now)) == (None, request)
    assert opt_outs.of_number(session, session.get_one(Phone, blocked.phone_id), now=make.now) == [blocked]


def test_a_declined_wish_leaves_the_block_and_may_be_made_again(session: Session, make: Maker, cast: Cast) -> None:
    blocked = block(session, make.phone(), cast, make.now)
    request = asked(session, blocked, cast, make.now)
    liftings.decline(session, request, note="客户没有本人确认", by=cast.manager, now=make.now)
    assert opt_outs.of_number(session, session.get_one(Phone, blocked.phone_id), now=make.now) == [blocked]
    assert asked(session, blocked, cast, make.now) is not request


def test_an_answered_wish_is_not_answered_otherwise(session: Session, make: Maker, cast: Cast) -> None:
    request = asked(session, block(session, make.phone(), cast, make.now), cast, make.now)
    liftings.decline(session, request, note="", by=cast.manager, now=make.now)
    assert liftings.decline(session, request, note="", by=cast.manager, now=make.now) is request
    with pytest.raises(liftings.AnsweredAlready):
        liftings.approve(session, request, by=cast.manager, now=make.now)


def test_nobody_answers_their_own_wish(session: Session, make: Maker, cast: Cast) -> None:
    request = asked(session, block(session, make.phone(), cast, make.now), cast, make.now)
    with pytest.raises(liftings.SecondPersonNeeded):
        liftings.approve(session, request, by=cast.care, now=make.now)
    with pytest.raises(liftings.SecondPersonNeeded):
        liftings.decline(session, request, note="", by=cast.care, now=make.now)


def test_what_is_lifted_cannot_be_asked_for(session: Session, make: Maker, cast: Cast) -> None:
    blocked = block(session, make.phone(), cast, make.now)
    liftings.lift(session, blocked, asked_by=cast.care, approved_by=cast.manager, reason="", now=make.now)
    with pytest.raises(liftings.NothingToLift):
        asked(session, blocked, cast, make.now)


ALONE = {
    "a lifting nobody asked for": """INSERT INTO opt_out_lifting
        (opt_out_id, request_id, asked_by_id, approved_by_id, reason, at)
        SELECT opt_out_id, id, asked_by_id, {manager}, '', asked_at FROM lifting_request""",
    "one's own answer": """UPDATE lifting_request SET answer = 'approved', answered_by_id = asked_by_id,
        answered_at = asked_at""",
    "another asker": "UPDATE lifting_request SET asked_by_id = {manager}",
    "another number": "UPDATE lifting_request SET opt_out_id = opt_out_id + 1",
    "no wish any more": "DELETE FROM lifting_request",
    "an end of the block": "UPDATE opt_out SET expires_at = '2027-01-01 00:00:00'",
    "a narrower block": "UPDATE opt_out SET scope = 'campaign_kind', campaign_kind = 'survey'",
    "no block any more": "DELETE FROM opt_out",
}


@pytest.mark.parametrize("what", ALONE)
def test_raw_sql_lifts_nothing_for_one_person_alone(session: Session, make: Maker, cast: Cast, what: str) -> None:
    asked(session, block(session, make.phone(), cast, make.now), cast, make.now)
    with pytest.raises(sa.exc.IntegrityError):
        session.execute(sa.text(ALONE[what].format(manager=cast.manager.id)))


def test_an_approval_is_not_lent_to_another_block(session: Session, make: Maker, cast: Cast) -> None:
    blocks = [block(session, make.phone(), cast, make.now) for _ in range(2)]
    liftings.lift(session, blocks[0], asked_by=cast.care, approved_by=cast.manager, reason="", now=make.now)
    statement = """INSERT INTO opt_out_lifting (opt_out_id, request_id, asked_by_id, approved_by_id, reason, at)
        SELECT :other, request_id, asked_by_id, approved_by_id, reason, at FROM opt_out_lifting"""
    with pytest.raises(sa.exc.IntegrityError):
        session.execute(sa.text(statement), {"other": blocks[1].id})


def test_a_block_is_lifted_once(session: Session, make: Maker, cast: Cast) -> None:
    blocked = block(session, make.phone(), cast, make.now)
    first, second = (
        liftings.lift(session, blocked, asked_by=cast.care, approved_by=by, reason="", now=make.now)
        for by in (cast.manager, cast.supervisor)
    )
    assert first is second
    assert len(session.exec(select(OptOutLifting)).all()) == 1


def test_a_number_can_be_blocked_again_after_a_lifting(session: Session, make: Maker, cast: Cast) -> None:
    phone = make.phone()
    first = block(session, phone, cast, make.now)
    liftings.lift(session, first, asked_by=cast.care, approved_by=cast.manager, reason="", now=make.now)
    session.flush()
    assert block(session, phone, cast, make.now) is not first
    assert holding(session, phone, make.now) == 1


# For ever


@pytest.mark.parametrize("table", ["opt_out", "opt_out_lifting"])
@pytest.mark.parametrize("statement", ["UPDATE {table} SET reason = 'changed'", "DELETE FROM {table}"])
def test_a_block_and_its_lifting_stay_as_they_were(
    session: Session, make: Maker, cast: Cast, table: str, statement: str
) -> None:
    blocked = block(session, make.phone(), cast, make.now)
    liftings.lift(session, blocked, asked_by=cast.care, approved_by=cast.manager, reason="", now=make.now)
    session.flush()
    with pytest.raises(sa.exc.IntegrityError, match=f"{table} is append-only"):
        session.execute(sa.text(statement.format(table=table)))
