"""What is new is read before the first call of it: by the verbs, and whatever else is tried, by the database."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from sqlmodel import Session, select

from outbound import briefings
from outbound.briefings import BriefingOutdated, BriefingRead, BriefingUnread, Novelty
from outbound.call_lists.model import Duty
from outbound.calls import placing
from outbound.campaigns import verbs as campaigns
from outbound.campaigns.model import Campaign
from outbound.dialing import handout
from outbound.errors import NotFound
from outbound.people import Centre, Role, Staff, known
from scripts import approval
from scripts.language import library
from scripts.model import ScriptVersion
from tests.desk import Floor, desks, example, floor, put_in_force, staff, vault
from tests.factories import Maker

__all__ = ["desks", "floor", "vault"]

AGENT = [Role.AGENT]


@pytest.fixture
def newcomer(floor: Floor, session: Session) -> Staff:
    """An agent who was taken on today and has read nothing."""
    hired = Maker(session, session.get_one(Centre, known(floor.cast.fz.id)), now=floor.now).staff(Role.AGENT)
    session.commit()
    return hired


def unread(session: Session, floor: Floor, person: Staff) -> list[briefings.Briefing]:
    return briefings.unread(session, person, roles=AGENT, now=floor.now)


def read_everything(session: Session, floor: Floor, person: Staff) -> None:
    for each in unread(session, floor, person):
        briefings.acknowledge(session, each.campaign, each.script, by=person, now=floor.now)


def new_pitch(session: Session, floor: Floor) -> ScriptVersion:
    text = library()["family-number-pitch"].replace("大概两分钟。您现在方便听吗？", "大概两分钟。您这会儿方便听吗？")
    put_in_force(session, session.get_one(Centre, known(floor.cast.fz.id)), text, floor.cast, floor.now)
    version = approval.in_force(session, known(floor.cast.fz.id), "family-number-pitch")
    assert version
    return version


def new_offer(session: Session, floor: Floor) -> None:
    campaign, by = session.get_one(Campaign, known(floor.campaign.id)), staff(session, floor.cast.manager)
    campaigns.pause(session, campaign, by=by, now=floor.now)
    text = example("family-number-trial").replace("price_fen: 500", "price_fen: 600")
    campaigns.amend(session, campaign, text, by=by, now=floor.now)


def test_a_new_campaign_is_read_once_for_each_script_of_ones_calls(
    floor: Floor, session: Session, newcomer: Staff
) -> None:
    told = unread(session, floor, newcomer)
    assert {each.novelty for each in told} == {Novelty.CAMPAIGN}
    assert {duty for each in told for duty in each.duties} == {Duty.PITCH, Duty.RECALL, Duty.CORRECTION}
    read_everything(session, floor, newcomer)
    assert unread(session, floor, newcomer) == []


def test_who_has_not_read_is_handed_nobody(floor: Floor, session: Session, newcomer: Staff) -> None:
    floor.contact()
    assert handout.claim_next(session, newcomer, roles=AGENT, now=floor.now) is None
    read_everything(session, floor, newcomer)
    assert handout.claim_next(session, newcomer, roles=AGENT, now=floor.now) is not None


def test_a_new_version_of_the_script_is_read_again(floor: Floor, session: Session) -> None:
    agent = staff(session, floor.cast.agent)
    assert unread(session, floor, agent) == []
    version = new_pitch(session, floor)
    [told] = unread(session, floor, agent)
    assert (told.novelty, told.script.id, told.duties) == (Novelty.SCRIPT, version.id, (Duty.PITCH, Duty.RECALL))
    assert told.former_script
    assert told.former_script.number == version.number - 1


def test_a_new_price_is_read_again(floor: Floor, session: Session) -> None:
    new_offer(session, floor)
    [told] = unread(session, floor, staff(session, floor.cast.agent))
    # Paused, only what protects customers goes on.
    assert (told.novelty, told.duties) == (Novelty.OFFER, (Duty.CORRECTION,))


def test_what_else_changes_about_a_campaign_need_not_be_read(floor: Floor, session: Session) -> None:
    text = example("family-number-trial").replace("daily_percent: 10", "daily_percent: 20")
    assert text != example("family-number-trial")
    campaign = session.get_one(Campaign, known(floor.campaign.id))
    campaigns.amend(session, campaign, text, by=staff(session, floor.cast.manager), now=floor.now)
    assert unread(session, floor, staff(session, floor.cast.agent)) == []


def test_a_contact_in_hand_is_not_rung_with_a_script_that_came_meanwhile(floor: Floor, session: Session) -> None:
    floor.contact()
    agent = staff(session, floor.cast.agent)
    claim = handout.claim_next(session, agent, roles=AGENT, now=floor.now)
    assert claim
    new_pitch(session, floor)
    token = handout.issue_token(session, claim, by=agent, now=floor.now)
    with pytest.raises(BriefingUnread):
        placing.begin(session, token, by=agent, now=floor.now)


def test_reading_twice_is_no_news(floor: Floor, session: Session, newcomer: Staff) -> None:
    [first, *_] = unread(session, floor, newcomer)
    for _ in range(2):
        briefings.acknowledge(session, first.campaign, first.script, by=newcomer, now=floor.now)
    assert len(session.exec(select(BriefingRead).where(BriefingRead.staff_id == newcomer.id)).all()) == 1


def test_a_script_that_is_in_force_no_more_cannot_be_acknowledged(
    floor: Floor, session: Session, newcomer: Staff
) -> None:
    [old, *_] = [each for each in unread(session, floor, newcomer) if Duty.PITCH in each.duties]
    new_pitch(session, floor)
    with pytest.raises(BriefingOutdated):
        briefings.acknowledge(session, old.campaign, old.script, by=newcomer, now=floor.now)


def test_another_centres_campaign_is_not_theirs_to_read(floor: Floor, session: Session, newcomer: Staff) -> None:
    [told, *_] = unread(session, floor, newcomer)
    with pytest.raises(NotFound):
        briefings.acknowledge(
            session, told.campaign, told.script, by=staff(session, floor.cast.outsider), now=floor.now
        )


def test_who_supervises_sees_who_has_not(floor: Floor, session: Session, newcomer: Staff) -> None:
    standings = briefings.standings(session, session.get_one(Campaign, known(floor.campaign.id)))
    by_duty = {each.duties: {person.id for person in each.unread} for each in standings}
    assert by_duty == {
        (Duty.PITCH, Duty.RECALL): {newcomer.id},
        (Duty.CONFIRMATION,): set(),
        (Duty.CORRECTION,): {newcomer.id},
    }


RAW = """INSERT INTO call (centre_id, campaign_id, campaign_version_id, contact_id, phone_id, claim_id, dial_token_id,
    duty, agent_id, script_version_id, reference, dialled_at, note, answers)
    SELECT centre_id, campaign_id, campaign_version_id, :contact, :phone, :claim, :token, duty, :agent,
    script_version_id, 'RAW-1', dialled_at, '', '{}' FROM call WHERE id = :past"""


@pytest.fixture
def begin_raw(session: Session, floor: Floor) -> Callable[[Staff], Any]:
    """A function that begins a call of somebody past all verbs, with a used token of its own."""
    make = Maker(session, session.get_one(Centre, known(floor.cast.fz.id)), now=floor.now)

    def begin(person: Staff) -> Any:
        past, contact = make.call(floor.cast.agent), make.contact()
        token = make._used_token(contact, floor.cast.agent, Duty.PITCH, floor.now)
        facts = {"contact": contact.id, "phone": contact.phone_id, "claim": token.claim_id, "token": token.id}
        return session.execute(sa.text(RAW), {**facts, "agent": person.id, "past": past.id})

    return begin


def test_the_database_takes_no_call_of_who_has_not_read(
    session: Session, newcomer: Staff, begin_raw: Callable[[Staff], Any]
) -> None:
    with pytest.raises(sa.exc.IntegrityError, match="the briefing is unread"):
        begin_raw(newcomer)


def test_the_database_takes_a_call_of_who_has_read(floor: Floor, begin_raw: Callable[[Staff], Any]) -> None:
    begin_raw(floor.cast.agent)


@pytest.mark.parametrize("change", ["UPDATE briefing_read SET staff_id = staff_id", "DELETE FROM briefing_read"])
def test_nobody_can_unread_or_read_for_another(floor: Floor, session: Session, change: str) -> None:
    with pytest.raises(sa.exc.IntegrityError, match="append-only"):
        session.execute(sa.text(change))


def test_a_briefing_holds_for_the_time_being(floor: Floor, session: Session) -> None:
    later = floor.now + timedelta(days=20)
    assert briefings.unread(session, staff(session, floor.cast.agent), roles=AGENT, now=later) == []
