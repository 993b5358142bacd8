"""What the end of a call does: to the contact, to the subscription, and what it refuses."""

from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from pydantic import ValidationError
from sqlmodel import Session, select

from outbound.call_lists.model import Contact, ContactState, Duty
from outbound.calls import consent, outcomes, placing, speaking
from outbound.calls import wrap_up as calls
from outbound.calls.lookups import today_of
from outbound.calls.model import Call, LateWrapUp
from outbound.calls.speaking import Said
from outbound.calls.wrap_up import Report
from outbound.campaigns import lookups
from outbound.campaigns.model import Campaign
from outbound.compliance import CriteriaNotAllMarked, Criterion, Mark
from outbound.concluding import conclude, settle_late
from outbound.dialing import handout
from outbound.dialing.model import Claim, ClaimEnd
from outbound.errors import NotFound
from outbound.opt_outs import verbs as opt_outs
from outbound.people import Role, known
from outbound.phones.model import Phone
from outbound.subscriptions.model import Subscription, SubscriptionState
from scripts.vocabulary import Kind
from tests.desk import Floor, desks, floor, staff, vault

__all__ = ["desks", "floor", "vault"]

ASKED = {"identity": 0.5, "permission": 0.8, "understanding": 5.5, "consent": 6.0}
TICKS = {"functions": 1.0, "tariff": 2.0, "trial_end": 3.0, "usage": 4.0, "cancel": 5.0, **ASKED}
PASSING = dict.fromkeys(Criterion, Mark.PASS)


def report(outcome: str, **more: Any) -> Report:
    return Report(key=uuid4().hex, outcome=outcome, **more)


def sale(**marks: Mark) -> Report:
    given = {**PASSING, **{Criterion(name): mark for name, mark in marks.items()}}
    return report("sold", ticks=TICKS, marks=given, seconds=90)


def call_on(session: Session, floor: Floor, now: datetime) -> Call:
    by = staff(session, floor.cast.agent)
    claim = handout.claim_next(session, by, roles=[Role.AGENT], now=now)
    assert claim is not None
    return placing.begin(session, handout.issue_token(session, claim, by=by, now=now), by=by, now=now)


def end(session: Session, floor: Floor, told: Report, now: datetime) -> calls.WrappedUp:
    floor.contact()
    return conclude(session, call_on(session, floor, now), told, by=staff(session, floor.cast.agent), now=now)


def contact_of(session: Session, done: calls.WrappedUp) -> Contact:
    return session.get_one(Contact, done.call.contact_id)


def test_a_no_answer_is_tried_again_after_its_delay(floor: Floor, session: Session, now: datetime) -> None:
    contact = contact_of(session, end(session, floor, report("no_answer"), now))
    assert (contact.state, contact.due_at) == (ContactState.QUEUED, now + timedelta(hours=4))


def test_who_is_not_interested_is_left_in_peace(floor: Floor, session: Session, now: datetime) -> None:
    contact = contact_of(session, end(session, floor, report("refused"), now))
    assert (contact.state, contact.closed_why) == (ContactState.CLOSED, "refused")


def test_a_refusal_blocks_the_number_in_the_same_transaction(floor: Floor, session: Session, now: datetime) -> None:
    done = end(session, floor, report("do_not_call", note="别再打了"), now)
    phone = session.get_one(Phone, done.call.phone_id)
    held = opt_outs.of_number(session, phone, now=now)[0]
    assert (held.reason, held.expires_at) == ("别再打了", None), "for ever"
    session.refresh(contact := contact_of(session, done))
    assert contact.closed_why == "opted_out"


def test_a_callback_is_due_when_the_customer_said_and_kept_for_the_agent(
    floor: Floor, session: Session, now: datetime
) -> None:
    at = now + timedelta(hours=5)
    contact = contact_of(session, end(session, floor, report("callback", callback_at=at), now))
    assert (contact.due_at, contact.callback, contact.kept_for_id) == (at, True, floor.cast.agent.id)


@pytest.mark.parametrize("hours", [-1, 12, 24 * 61])
def test_a_callback_in_the_past_the_night_or_the_far_future_is_refused(
    floor: Floor, session: Session, now: datetime, hours: int
) -> None:
    with pytest.raises(calls.CallbackOutsideHours):
        end(session, floor, report("callback", callback_at=now + timedelta(hours=hours)), now)


def test_a_callback_needs_its_time(floor: Floor, session: Session, now: datetime) -> None:
    with pytest.raises(calls.CallbackTimeNeeded):
        end(session, floor, report("callback"), now)


def test_four_passes_begin_the_trial_and_close_the_claim(floor: Floor, session: Session, now: datetime) -> None:
    done = end(session, floor, sale(), now)
    subscription = session.exec(select(Subscription)).one()
    assert subscription.state == SubscriptionState.TRIAL
    assert str(subscription.trial_ends_on) == "2026-12-23"
    assert session.get_one(Claim, done.call.claim_id).ended_how == ClaimEnd.DONE


def test_one_doubt_leads_to_a_recall(floor: Floor, session: Session, now: datetime) -> None:
    done = end(session, floor, sale(understanding=Mark.UNSURE), now)
    assert session.exec(select(Subscription)).one().state == SubscriptionState.RECALL_DUE
    assert contact_of(session, done).duty == Duty.RECALL


def test_one_failure_makes_no_sale(floor: Floor, session: Session, now: datetime) -> None:
    end(session, floor, sale(explicit_consent=Mark.FAIL), now)
    assert session.exec(select(Subscription)).one().state == SubscriptionState.VOID


def test_a_sale_needs_all_four_marks(floor: Floor, session: Session, now: datetime) -> None:
    with pytest.raises(CriteriaNotAllMarked):
        end(session, floor, report("sold", ticks=TICKS), now)


def test_a_sale_that_claims_the_script_was_followed_needs_every_disclosure(
    floor: Floor, session: Session, now: datetime
) -> None:
    with pytest.raises(consent.DisclosuresMissing):
        end(session, floor, report("sold", marks=PASSING, ticks={"functions": 1.0}), now)


@pytest.mark.parametrize(
    ("ticks", "early"),
    [
        (TICKS | {"tariff": 7.0}, "资费标准"),
        (TICKS | {"understanding": 7.0}, "确认客户听明白"),
        ({step: second for step, second in TICKS.items() if step != "permission"}, "征求许可"),
        ({step: second for step, second in TICKS.items() if step != "consent"}, "征求同意"),
    ],
)
def test_a_yes_counts_only_after_everything_that_comes_before_it(
    floor: Floor, session: Session, now: datetime, ticks: dict[str, float], early: str
) -> None:
    with pytest.raises(consent.ConsentTooEarly) as refused:
        end(session, floor, report("sold", marks=PASSING, ticks=ticks), now)
    assert early in refused.value.sentence("zh")
    assert "called again" in refused.value.sentence("en")


def test_a_doubt_about_the_script_is_no_refusal_but_a_recall(floor: Floor, session: Session, now: datetime) -> None:
    told = report("sold", marks=PASSING | {Criterion.SCRIPT_FOLLOWED: Mark.UNSURE}, ticks=TICKS | {"tariff": 7.0})
    end(session, floor, told, now)
    assert session.exec(select(Subscription)).one().state == SubscriptionState.RECALL_DUE


@pytest.mark.parametrize("meaning", ["no", "unsure", "other"])
def test_what_was_no_yes_in_the_call_is_none_in_its_report(
    floor: Floor, session: Session, now: datetime, meaning: str
) -> None:
    floor.contact()
    call, by = call_on(session, floor, now), staff(session, floor.cast.agent)
    asked = Said(place=0, step="consent", second=6, meaning=meaning)
    speaking.keep(session, call, [asked], by=by, now=now)
    with pytest.raises(consent.ConsentNotGiven):
        conclude(session, call, sale(), by=by, now=now)
    assert not conclude(session, call, sale(explicit_consent=Mark.UNSURE), by=by, now=now).repeated


def test_a_yes_after_a_no_that_was_asked_again_counts(floor: Floor, session: Session, now: datetime) -> None:
    floor.contact()
    call, by = call_on(session, floor, now), staff(session, floor.cast.agent)
    said = [Said(place=n, step="consent", second=6 + n, meaning=meaning) for n, meaning in enumerate(("no", "yes"))]
    speaking.keep(session, call, said, by=by, now=now)
    assert conclude(session, call, sale(), by=by, now=now).outcome.code == "sold"


@pytest.mark.parametrize("second", [-1.0, float("nan"), float("inf")])
def test_a_tick_has_a_second_of_the_call(second: float) -> None:
    with pytest.raises(ValidationError):
        report("sold", ticks={"tariff": second})


@pytest.mark.parametrize("outcome", ["renewed", "completed", "confirmed", "made-up"])
def test_an_outcome_of_another_kind_of_call_is_refused(
    floor: Floor, session: Session, now: datetime, outcome: str
) -> None:
    with pytest.raises(calls.OutcomeUnknown):
        end(session, floor, report(outcome, marks=PASSING, ticks=TICKS), now)


def test_no_two_outcomes_on_one_screen_have_the_same_key(session: Session) -> None:
    outcomes.fill(session)
    for duty in Duty:
        for kind in Kind:
            keys = [outcome.key for outcome in outcomes.of_duty(session, duty, kind)]
            assert len(keys) == len(set(keys)), (duty, kind)


def test_a_colleague_cannot_wrap_up(floor: Floor, session: Session, now: datetime) -> None:
    floor.contact()
    call = call_on(session, floor, now)
    with pytest.raises(NotFound):
        conclude(session, call, report("busy"), by=staff(session, floor.cast.second_agent), now=now)


def test_a_recorders_reference_belongs_to_one_call(floor: Floor, session: Session, now: datetime) -> None:
    floor.contact()
    floor.contact("13800138001")
    by = staff(session, floor.cast.agent)
    conclude(session, call_on(session, floor, now), report("busy", reference="PBX-7"), by=by, now=now)
    second = call_on(session, floor, now)
    with pytest.raises(calls.ReferenceTaken, match="PBX-7"):
        conclude(session, second, report("busy", reference=" PBX-7 "), by=by, now=now)
    assert conclude(session, second, report("busy", reference="PBX-8"), by=by, now=now).call.reference == "PBX-8"


def test_the_key_of_another_calls_report_is_refused(floor: Floor, session: Session, now: datetime) -> None:
    floor.contact()
    floor.contact("13800138001")
    by, told = staff(session, floor.cast.agent), report("busy")
    conclude(session, call_on(session, floor, now), told, by=by, now=now)
    with pytest.raises(calls.KeyTaken):
        conclude(session, call_on(session, floor, now), told, by=by, now=now)


def test_the_same_key_again_is_no_news(floor: Floor, session: Session, now: datetime) -> None:
    floor.contact()
    call, told, by = call_on(session, floor, now), sale(), staff(session, floor.cast.agent)
    conclude(session, call, told, by=by, now=now)
    again = conclude(session, call, told, by=by, now=now + timedelta(minutes=1))
    assert again.repeated
    assert len(session.exec(select(Subscription)).all()) == 1


def test_a_second_report_is_refused_with_the_first_ones_outcome(floor: Floor, session: Session, now: datetime) -> None:
    floor.contact()
    call, by = call_on(session, floor, now), staff(session, floor.cast.agent)
    conclude(session, call, report("busy"), by=by, now=now)
    with pytest.raises(calls.AlreadyWrappedUp) as refused:
        conclude(session, call, report("refused"), by=by, now=now)
    assert refused.value.sentence("zh") == "这通电话已经登记为“占线”，如有误请联系班组长。"
    assert "“Busy”" in refused.value.sentence("en")


def late(session: Session, floor: Floor, told: Report, now: datetime) -> calls.WrappedUp:
    floor.contact()
    call = call_on(session, floor, now)
    by = staff(session, floor.cast.agent)
    return conclude(session, call, told, by=by, now=now + timedelta(minutes=20))


def test_what_comes_after_the_lease_waits_for_a_supervisor(floor: Floor, session: Session, now: datetime) -> None:
    done = late(session, floor, sale(), now)
    assert done.late
    assert done.call.outcome_code is None
    assert session.exec(select(Subscription)).all() == []


def test_a_late_refusal_blocks_all_the_same(floor: Floor, session: Session, now: datetime) -> None:
    done = late(session, floor, report("do_not_call"), now)
    assert opt_outs.of_number(session, session.get_one(Phone, done.call.phone_id), now=now)


def test_a_settled_late_sale_becomes_a_sale(floor: Floor, session: Session, now: datetime) -> None:
    late(session, floor, sale(), now)
    waiting = session.exec(select(LateWrapUp)).one()
    supervisor = staff(session, floor.cast.supervisor)
    settle_late(session, waiting, note="网络中断", by=supervisor, now=now + timedelta(hours=1))
    assert session.exec(select(Subscription)).one().state == SubscriptionState.TRIAL
    assert calls.late_ones(session, known(floor.cast.fz.id)) == []


def test_a_customer_who_cannot_be_called_again_never_becomes_a_sale(
    floor: Floor, session: Session, now: datetime
) -> None:
    end(session, floor, sale(understanding=Mark.UNSURE), now)
    later = now + timedelta(hours=5)
    call = call_on_recall(session, floor, later)
    conclude(session, call, report("wrong_number"), by=staff(session, floor.cast.agent), now=later)
    assert session.exec(select(Subscription)).one().state == SubscriptionState.VOID


def call_on_recall(session: Session, floor: Floor, now: datetime) -> Call:
    call = call_on(session, floor, now)
    assert call.duty == Duty.RECALL
    return call


def test_the_days_figures_count_dials_people_and_valid_yeses(floor: Floor, session: Session, now: datetime) -> None:
    for number in ("13800138001", "13800138002", "13800138003"):
        floor.contact(number)
    by = staff(session, floor.cast.agent)
    for told in (report("no_answer"), sale(understanding=Mark.UNSURE), sale()):
        conclude(session, call_on(session, floor, now), told, by=by, now=now)
    today = today_of(session, by, zone="Asia/Shanghai", now=now)
    assert (today.dialled, today.reached, today.valid) == (3, 2, 1)


def test_a_call_whose_end_nobody_told_is_left_open(floor: Floor, session: Session, now: datetime) -> None:
    floor.contact()
    by, call = staff(session, floor.cast.agent), call_on(session, floor, now)
    later = now + timedelta(minutes=20)
    handout.claim_next(session, staff(session, floor.cast.verifier), roles={Role.VERIFIER}, now=later)
    assert today_of(session, by, zone="Asia/Shanghai", now=later).left_open == [call.id]
    conclude(session, call, report("busy"), by=by, now=later)
    assert today_of(session, by, zone="Asia/Shanghai", now=later).left_open == []


def test_a_sale_is_made_under_the_terms_with_which_it_was_dialled(
    floor: Floor, session: Session, now: datetime
) -> None:
    done = end(session, floor, sale(), now)
    campaign = session.get_one(Campaign, known(floor.campaign.id))
    assert done.call.campaign_version_id == lookups.in_force(session, campaign).id
    assert session.exec(select(Subscription)).one().price_fen == 500
