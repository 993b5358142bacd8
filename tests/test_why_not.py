"""Why somebody is not rung: of one contact or number in words, of a campaign in figures."""

from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import pytest
from sqlmodel import Session, select

from outbound.call_lists.model import CallList, Contact, ContactState, Duty
from outbound.calling_rules import calendar
from outbound.calling_rules.profiles import DayKind
from outbound.calls import placing
from outbound.calls.wrap_up import Report
from outbound.campaigns import verbs as campaigns
from outbound.campaigns.model import Campaign
from outbound.concluding import conclude
from outbound.dialing import handout
from outbound.dialing import tally as tallies
from outbound.dialing.model import Claim
from outbound.dialing.tally import Tally, tally
from outbound.dialing.why_not import WhyNot, of_contact, of_number
from outbound.opt_outs import verbs as opt_outs
from outbound.opt_outs.model import Category
from outbound.people import Centre, Role, Staff, known
from outbound.phones.model import Phone
from scripts import approval
from scripts.model import ScriptState
from tests.desk import Floor, desks, example, floor, staff, vault
from tests.factories import Maker

__all__ = ["desks", "floor", "vault"]

HOUR = timedelta(hours=1)
US = "+12125550100"
UNTIL_NINE = timedelta(hours=23)
"""From ten in the morning, when the tests happen, to nine the next day."""


def why(session: Session, contact: Contact, now: datetime) -> WhyNot:
    return of_contact(session, session.get_one(Contact, contact.id), now=now)


def keys(session: Session, contact: Contact, now: datetime) -> list[str]:
    return [reason.key.partition(":")[0] for reason in why(session, contact, now).reasons]


def counted(session: Session, floor: Floor, now: datetime, **how: Any) -> Tally:
    return tally(session, session.get_one(Campaign, known(floor.campaign.id)), now=now, **how)


def held(found: Tally) -> dict[str, int]:
    every: dict[str, int] = {}
    for each in found.held:
        key = each.reason.key.partition(":")[0]
        every[key] = every.get(key, 0) + each.count
    return every


def listed(session: Session, floor: Floor) -> CallList:
    return session.exec(select(CallList).where(CallList.campaign_id == floor.campaign.id)).one()


def amended(session: Session, floor: Floor, now: datetime, old: str, new: str) -> None:
    text = example("family-number-trial").replace(old, new)
    campaign = session.get_one(Campaign, known(floor.campaign.id))
    campaigns.amend(session, campaign, text, by=staff(session, floor.cast.manager), now=now)
    session.flush()


def rung(
    session: Session, floor: Floor, now: datetime, outcome: str = "busy", by: Staff | None = None, **told: Any
) -> Contact:
    by = staff(session, by or floor.cast.agent)
    claim = handout.claim_next(session, by, roles=[Role.AGENT], now=now)
    assert claim is not None
    call = placing.begin(session, handout.issue_token(session, claim, by=by, now=now), by=by, now=now)
    conclude(session, call, Report(key=f"key-{call.id:06d}", outcome=outcome, **told), by=by, now=now)
    return session.get_one(Contact, claim.contact_id)


class TestOneContact:
    """Every rule that holds it back, and when it will be free."""

    def test_who_is_due_is_callable(self, floor: Floor, session: Session, now: datetime) -> None:
        told = why(session, floor.contact(), now)
        assert (told.is_callable, told.reasons, told.free_at) == (True, [], now)

    def test_outside_the_hours_it_says_until_when(self, floor: Floor, session: Session, now: datetime) -> None:
        told = why(session, floor.contact(), now + 11 * HOUR)
        assert [reason.key for reason in told.reasons] == ["calling_hours"]
        assert told.free_at == now + UNTIL_NINE
        assert "09:00" in told.reasons[0].zh

    def test_a_retry_that_is_not_due_yet(self, floor: Floor, session: Session, now: datetime) -> None:
        floor.contact()
        contact = rung(session, floor, now)
        told = why(session, contact, now + HOUR)
        assert [reason.key for reason in told.reasons] == ["later", "spacing"]
        assert told.free_at == now + 4 * HOUR

    def test_a_callback_says_that_it_was_agreed(self, floor: Floor, session: Session, now: datetime) -> None:
        floor.contact()
        contact = rung(session, floor, now, "callback", callback_at=now + 3 * HOUR)
        told = why(session, contact, now + HOUR)
        assert [reason.key for reason in told.reasons] == ["callback_later", "kept"]
        assert told.free_at == now + 3 * HOUR + timedelta(minutes=30)

    def test_a_personal_callback_names_its_agent(self, floor: Floor, session: Session, now: datetime) -> None:
        contact = floor.contact(callback=True, kept_for_id=floor.cast.agent.id)
        (reason,) = why(session, contact, now).reasons
        assert (reason.key, reason.free_at) == ("kept", now + timedelta(minutes=30))
        assert "（Agent）" in reason.zh
        assert keys(session, contact, now + timedelta(minutes=30)) == []

    def test_whose_hands_it_is_in(self, floor: Floor, session: Session, now: datetime) -> None:
        contact = floor.contact()
        handout.claim_next(session, staff(session, floor.cast.agent), roles=[Role.AGENT], now=now)
        (reason,) = why(session, contact, now).reasons
        assert (reason.key, reason.free_at) == ("in_hand", now + timedelta(minutes=15))
        assert "(Agent)" in reason.en

    def test_who_asked_not_to_be_called(self, floor: Floor, session: Session, now: datetime) -> None:
        contact = floor.contact()
        phone = session.get_one(Phone, contact.phone_id)
        opt_outs.block(session, phone, category=Category.REFUSAL, source="call", by=None, now=now)
        told = why(session, contact, now)
        assert ([reason.key for reason in told.reasons], told.free_at) == (["opted_out"], None)

    def test_who_is_done_with_and_blocked_since_is_told_both(
        self, floor: Floor, session: Session, now: datetime
    ) -> None:
        contact = floor.contact(state=ContactState.CLOSED, closed_why="refused")
        phone = session.get_one(Phone, contact.phone_id)
        opt_outs.block(session, phone, category=Category.COMPLAINT, source="call", by=None, now=now)
        assert keys(session, contact, now) == ["done", "opted_out"]

    def test_a_campaign_that_is_paused_and_a_list_that_is_not_in(
        self, floor: Floor, session: Session, now: datetime
    ) -> None:
        contact = floor.contact()
        unpublished = CallList(
            centre_id=contact.centre_id, campaign_id=contact.campaign_id, name="b.csv", sha256="1" * 64, at=now
        )
        session.add(unpublished)
        session.flush()
        session.get_one(Contact, contact.id).call_list_id = known(unpublished.id)
        campaigns.pause(
            session, session.get_one(Campaign, contact.campaign_id), by=staff(session, floor.cast.manager), now=now
        )
        told = why(session, contact, now)
        assert [reason.key for reason in told.reasons] == ["paused", "unpublished:b.csv"]
        assert told.free_at is None

    def test_a_second_confirmation_goes_on_in_a_paused_campaign(
        self, floor: Floor, session: Session, now: datetime
    ) -> None:
        contact = floor.contact(duty=Duty.CONFIRMATION)
        campaigns.pause(
            session, session.get_one(Campaign, contact.campaign_id), by=staff(session, floor.cast.manager), now=now
        )
        assert keys(session, contact, now) == []

    def test_a_day_that_the_centre_closed(self, floor: Floor, session: Session, now: datetime) -> None:
        contact = floor.contact()
        amended(session, floor, now, "  overrides:\n", "  overrides:\n    windows: {holiday: []}\n")
        here = session.get_one(Centre, known(floor.cast.fz.id))
        calendar.decide(session, here, now.date(), DayKind.HOLIDAY, why="停电", by=floor.cast.manager, now=now)
        told = why(session, contact, now)
        assert [reason.key for reason in told.reasons] == ["calling_hours"]
        assert "当天放假" in told.reasons[0].zh
        assert told.free_at == now + UNTIL_NINE

    def test_when_it_is_free_the_hand_out_gives_it(self, floor: Floor, session: Session, now: datetime) -> None:
        floor.contact()
        contact = rung(session, floor, now)
        free_at = why(session, contact, now).free_at
        assert free_at is not None
        by = staff(session, floor.cast.agent)
        before = handout.claim_next(session, by, roles=[Role.AGENT], now=free_at - timedelta(seconds=1))
        then = handout.claim_next(session, by, roles=[Role.AGENT], now=free_at)
        assert before is None
        assert then is not None
        assert then.contact_id == contact.id


def test_a_number_tells_its_dials_and_each_of_its_contacts(floor: Floor, session: Session, now: datetime) -> None:
    contact = floor.contact()
    for hours in (0, 5, 28):
        rung(session, floor, now + hours * HOUR)
    phone = session.get_one(Phone, contact.phone_id)
    told = of_number(session, phone, centre_id=contact.centre_id, now=now + 28 * HOUR)
    assert (told.dials.last_day, told.dials.last_week, told.dials.ever) == (2, 3, 3)
    assert told.dials.last_at == now + 28 * HOUR
    assert [each.contact.id for each in told.contacts] == [contact.id]
    assert told.blocks == []


class TestACampaign:
    """How many are held back by what."""

    def test_everybody_is_counted_once(self, floor: Floor, session: Session, now: datetime) -> None:
        scene(floor, session, now)
        found = counted(session, floor, now)
        assert found.callable == 2
        assert held(found) == {"in_hand": 1, "kept": 1, "later": 2, "callback_later": 1, "hours": 2}
        assert [(each.reason.key, each.count) for each in found.closed] == [("opted_out", 1), ("done", 1)]
        assert found.waiting == 9
        assert not found.bounded

    def test_it_agrees_with_what_each_contact_tells(self, floor: Floor, session: Session, now: datetime) -> None:
        scene(floor, session, now)
        found = counted(session, floor, now)
        every = [of_contact(session, contact, now=now) for contact in session.exec(select(Contact)).all()]
        queued = [each for each in every if each.contact.state == ContactState.QUEUED]
        assert found.callable == sum(each.is_callable for each in queued)
        assert found.waiting == len(queued)

    def test_it_agrees_with_the_hand_out(self, floor: Floor, session: Session, now: datetime) -> None:
        scene(floor, session, now)
        before = counted(session, floor, now).callable
        people = (floor.cast.second_agent, floor.cast.verifier, floor.cast.reviewer, floor.cast.supervisor)
        claims = [handout.claim_next(session, staff(session, person), roles=[Role.AGENT], now=now) for person in people]
        assert sum(claim is not None for claim in claims) == before
        assert counted(session, floor, now).callable == 0

    def test_it_says_when_the_first_comes_free(self, floor: Floor, session: Session, now: datetime) -> None:
        floor.contact(due_at=now + 2 * HOUR)
        floor.contact("13900139000", due_at=now + 30 * HOUR)
        assert counted(session, floor, now).first_at == now + 2 * HOUR
        assert counted(session, floor, now + 11 * HOUR).first_at == now + UNTIL_NINE

    @pytest.mark.parametrize(("hours", "key"), [(1, "later"), (4, "callable")])
    def test_a_try_that_ended_is_counted_until_the_next(
        self, floor: Floor, session: Session, now: datetime, hours: int, key: str
    ) -> None:
        floor.contact()
        rung(session, floor, now)
        found = counted(session, floor, now + hours * HOUR)
        assert {**held(found), "callable": found.callable}.get(key) == 1

    def test_a_number_that_another_campaign_dialled_is_held_by_the_spacing(
        self, floor: Floor, session: Session, now: datetime
    ) -> None:
        floor.contact()
        contact = rung(session, floor, now)
        contact.due_at = now
        session.add(contact)
        assert held(counted(session, floor, now + HOUR)) == {"spacing": 1}

    def test_a_campaign_that_is_paused_holds_its_first_calls_alone(
        self, floor: Floor, session: Session, now: datetime
    ) -> None:
        floor.contact()
        floor.contact("13900139000", duty=Duty.CONFIRMATION)
        campaign = session.get_one(Campaign, known(floor.campaign.id))
        campaigns.pause(session, campaign, by=staff(session, floor.cast.manager), now=now)
        found = counted(session, floor, now)
        assert (found.callable, held(found)) == (1, {"paused": 1})

    def test_a_dry_run_tells_what_would_be_if_it_opened_now(
        self, floor: Floor, session: Session, now: datetime
    ) -> None:
        floor.contact()
        floor.contact("13900139000", due_at=now + HOUR)
        listed(session, floor).suppressed = 7
        campaign = session.get_one(Campaign, known(floor.campaign.id))
        campaigns.pause(session, campaign, by=staff(session, floor.cast.manager), now=now)
        found = counted(session, floor, now, as_if_open=True)
        assert (found.callable, held(found), found.suppressed) == (1, {"later": 1}, 7)

    def test_a_dry_run_counts_before_the_first_day_as_if_it_were_that_day(
        self, floor: Floor, session: Session, now: datetime
    ) -> None:
        floor.contact()
        amended(session, floor, now, "starts: 2026-11-02", "starts: 2026-12-01")
        found = counted(session, floor, now)
        assert (held(found), found.first_at) == ({"not_begun": 1}, datetime(2026, 12, 1, 1, tzinfo=UTC))
        assert counted(session, floor, now, as_if_open=True).callable == 1

    def test_a_script_that_is_not_in_force_holds_its_duty(self, floor: Floor, session: Session, now: datetime) -> None:
        floor.contact()
        version = approval.in_force(session, known(floor.cast.fz.id), "family-number-pitch")
        assert version is not None
        version.state = ScriptState.RETIRED
        session.flush()
        assert held(counted(session, floor, now)) == {"no_script": 1}

    def test_a_list_that_is_too_old_is_held_whole(self, floor: Floor, session: Session, now: datetime) -> None:
        floor.contact(US)
        amended(session, floor, now, "profile: cn-telecom", "profile: us-tsr")
        listed(session, floor).at = now - timedelta(days=31, seconds=1)
        session.flush()
        assert held(counted(session, floor, now + 6 * HOUR)) == {"list_too_old": 1}

    def test_more_than_were_counted_is_told_as_at_least(
        self, floor: Floor, session: Session, now: datetime, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for number in ("13800138001", "13800138002", "13800138003"):
            floor.contact(number)
        monkeypatch.setattr(tallies, "MOST_COUNTED", 2)
        found = counted(session, floor, now)
        assert (found.callable, found.bounded) == (2, True)

    def test_only_the_duties_asked_for_are_counted(self, floor: Floor, session: Session, now: datetime) -> None:
        floor.contact()
        floor.contact("13900139000", duty=Duty.CONFIRMATION)
        assert counted(session, floor, now, duties=[Duty.CONFIRMATION]).waiting == 1


def scene(floor: Floor, session: Session, now: datetime) -> None:
    """One of everything: two callable, one in hand, one kept, three not due, two asleep, one blocked, one done."""
    floor.contact("13800138000", priority=9)
    by = staff(session, floor.cast.agent)
    assert handout.claim_next(session, by, roles=[Role.AGENT], now=now)
    session.commit()
    floor.contact("13800138001")
    floor.contact("13800138002", priority=3)
    floor.contact("13800138003", callback=True, kept_for_id=floor.cast.outsider.id)
    floor.contact("13800138004", due_at=now + HOUR)
    floor.contact("13800138005", due_at=now + 2 * HOUR, priority=3)
    floor.contact("13800138006", due_at=now + HOUR, callback=True)
    floor.contact(US)
    floor.contact("+12125550101", due_at=now + HOUR)
    blocked = floor.contact("13800138007")
    floor.contact("13800138008", state=ContactState.CLOSED, closed_why="refused")
    phone = session.get_one(Phone, blocked.phone_id)
    opt_outs.block(session, phone, category=Category.REFUSAL, source="call", by=None, now=now)


@pytest.mark.parametrize("seed", range(3))
def test_figures_and_words_agree_on_any_list(floor: Floor, session: Session, now: datetime, seed: int) -> None:
    chance = Random(seed)
    for place in range(24):
        kept = chance.choice([None, None, floor.cast.agent.id])
        floor.contact(
            chance.choice(["1380013{:04d}", "1390013{:04d}", "+1212555{:04d}"]).format(100 + place),
            due_at=now + chance.choice([-60, -20, -10, 0, 30, 600]) * timedelta(minutes=1),
            priority=chance.choice([0, 0, 3]),
            callback=chance.random() < 0.4 or kept is not None,
            kept_for_id=kept,
            duty=chance.choice([Duty.PITCH, Duty.PITCH, Duty.CONFIRMATION, Duty.CORRECTION]),
        )
    for person in (floor.cast.second_agent, floor.cast.reviewer)[: chance.randint(1, 2)]:
        rung(session, floor, now, chance.choice(["busy", "hung_up"]), by=person)
    if chance.random() < 0.5:
        campaign = session.get_one(Campaign, known(floor.campaign.id))
        campaigns.pause(session, campaign, by=staff(session, floor.cast.manager), now=now)
    then = now + chance.choice([0, 1, 4, 5]) * HOUR
    found = counted(session, floor, then)
    every = [of_contact(session, contact, now=then) for contact in session.exec(select(Contact)).all()]
    queued = [each for each in every if each.contact.state == ContactState.QUEUED]
    assert (found.callable, found.waiting) == (sum(each.is_callable for each in queued), len(queued))


def test_a_cap_over_more_than_a_week_counts_older_dials(floor: Floor, session: Session, now: datetime) -> None:
    floor.contact()
    amended(session, floor, now, "  overrides:\n", "  overrides:\n    caps: [{count: 1, within: 10 days}]\n")
    contact = rung(session, floor, now)
    then = now + timedelta(days=8)
    assert keys(session, contact, then) == ["cap"]
    assert held(counted(session, floor, then)) == {"cap": 1}
    by = staff(session, floor.cast.agent)
    assert handout.claim_next(session, by, roles=[Role.AGENT], now=then) is None


def test_a_callback_that_a_cap_holds_waits_for_the_cap_alone(floor: Floor, session: Session, now: datetime) -> None:
    floor.contact()
    amended(session, floor, now, "  overrides:\n", "  overrides:\n    caps: [{count: 1, within: 1 h}]\n")
    contact = rung(session, floor, now, "callback", callback_at=now + HOUR / 2, callback_personal=False)
    by, free_at = staff(session, floor.cast.agent), why(session, contact, now).free_at
    assert free_at == now + HOUR
    assert handout.claim_next(session, by, roles=[Role.AGENT], now=now + HOUR / 2) is None
    assert handout.claim_next(session, by, roles=[Role.AGENT], now=free_at) is not None


def test_a_number_in_hand_for_another_contact_is_still_held_by_its_own_time(
    floor: Floor, session: Session, now: datetime
) -> None:
    contact = floor.contact(due_at=now + 3 * HOUR)
    theirs = CallList(centre_id=contact.centre_id, campaign_id=contact.campaign_id, name="b", sha256="2" * 64, at=now)
    campaign = Maker(session, session.get_one(Centre, known(floor.cast.fz.id)), now=now).campaign()
    session.add(theirs)
    session.flush()
    other = Contact(
        **contact.model_dump(exclude={"id", "campaign_id", "call_list_id", "due_at"}),
        campaign_id=known(campaign.id),
        call_list_id=known(theirs.id),
        due_at=now,
    )
    session.add(other)
    session.flush()
    claim = Claim(
        centre_id=contact.centre_id,
        campaign_id=known(campaign.id),
        contact_id=known(other.id),
        phone_id=contact.phone_id,
        agent_id=known(floor.cast.outsider.id),
        duty=Duty.PITCH,
        epoch=1,
        claimed_at=now,
        lease_until=now + HOUR / 4,
    )
    session.add(claim)
    session.flush()
    told = why(session, contact, now)
    assert [reason.key for reason in told.reasons] == ["in_hand", "later"]
    # Who works at another centre is not named.
    assert told.reasons[0].en == "in an agent's hands"
    assert told.free_at == now + 3 * HOUR


def test_a_campaign_that_ends_before_the_next_try_says_so(floor: Floor, session: Session, now: datetime) -> None:
    floor.contact()
    amended(session, floor, now, "ends: 2027-01-31", "ends: 2026-11-23")
    told = why(session, rung(session, floor, now, "hung_up"), now)
    assert [reason.key for reason in told.reasons] == ["later", "spacing", "over_by_then:2026-11-23"]
    assert told.free_at is None
    assert counted(session, floor, now).first_at is None


def test_a_list_that_is_too_old_by_the_next_try_says_so(floor: Floor, session: Session, now: datetime) -> None:
    contact = floor.contact(due_at=now + timedelta(days=40))
    amended(session, floor, now, "  overrides:\n", "  overrides:\n    list_max_age_days: 31\n")
    told = why(session, contact, now)
    assert [reason.key for reason in told.reasons] == ["later", "too_old_by_then:list.csv"]
    assert told.free_at is None
