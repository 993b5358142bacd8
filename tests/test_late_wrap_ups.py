"""Wrap-ups that came after the lease: what becomes of them once the customer has gone on without them."""

from datetime import datetime, timedelta

import pytest
from sqlmodel import Session

from outbound.call_lists.model import Contact, ContactState
from outbound.calls import placing
from outbound.calls import wrap_up as calls
from outbound.calls.model import Call
from outbound.calls.wrap_up import Report
from outbound.concluding import conclude, settle_late
from outbound.dialing import handout
from outbound.dialing.model import Claim, ClaimEnd
from outbound.opt_outs import verbs as opt_outs
from outbound.people import Role, Staff
from outbound.phones.model import Phone
from tests.desk import Floor, desks, floor, staff, vault

__all__ = ["desks", "floor", "vault"]

HOUR = timedelta(hours=1)


def claimed(session: Session, by: Staff, now: datetime) -> Claim:
    claim = handout.claim_next(session, by, roles=[Role.AGENT], now=now)
    assert claim is not None
    return claim


def rung(session: Session, by: Staff, now: datetime) -> Call:
    claim = claimed(session, by, now)
    return placing.begin(session, handout.issue_token(session, claim, by=by, now=now), by=by, now=now)


def told(session: Session, call: Call, by: Staff, outcome: str, now: datetime) -> calls.WrappedUp:
    return conclude(session, call, Report(key=f"key-{call.id:06d}", outcome=outcome), by=by, now=now)


def settled(session: Session, floor: Floor, now: datetime) -> calls.WrappedUp:
    (late,) = calls.late_ones(session, floor.cast.fz.id or 0)
    return settle_late(session, late, note="听过录音", by=staff(session, floor.cast.supervisor), now=now)


@pytest.mark.parametrize("outcome", ["refused", "no_answer"])
def test_a_later_call_decides_what_becomes_of_the_customer(
    floor: Floor, session: Session, now: datetime, outcome: str
) -> None:
    floor.contact()
    first, second = staff(session, floor.cast.agent), staff(session, floor.cast.second_agent)
    call = rung(session, first, now)
    again = rung(session, second, now + 5 * HOUR)
    told(session, again, second, "hung_up", now + 5 * HOUR)
    told(session, call, first, outcome, now + 5 * HOUR)
    done = settled(session, floor, now + 6 * HOUR)
    contact = session.get_one(Contact, call.contact_id)
    assert (done.call.outcome_code, contact.state) == (outcome, ContactState.QUEUED)
    assert contact.due_at == now + 53 * HOUR


def test_a_refusal_that_comes_late_blocks_although_the_customer_was_rung_again(
    floor: Floor, session: Session, now: datetime
) -> None:
    floor.contact()
    first, second = staff(session, floor.cast.agent), staff(session, floor.cast.second_agent)
    call = rung(session, first, now)
    told(session, rung(session, second, now + 5 * HOUR), second, "hung_up", now + 5 * HOUR)
    told(session, call, first, "do_not_call", now + 5 * HOUR)
    assert len(opt_outs.of_number(session, session.get_one(Phone, call.phone_id), now=now + 5 * HOUR)) == 1


def test_a_customer_who_is_done_with_is_taken_from_the_colleague_who_has_not_rung(
    floor: Floor, session: Session, now: datetime
) -> None:
    floor.contact()
    first, second = staff(session, floor.cast.agent), staff(session, floor.cast.second_agent)
    call = rung(session, first, now)
    claim = claimed(session, second, now + 5 * HOUR)
    told(session, call, first, "refused", now + 5 * HOUR)
    settled(session, floor, now + 5 * HOUR)
    session.refresh(claim)
    assert claim.ended_how == ClaimEnd.BLOCKED
    with pytest.raises(handout.ClaimEnded):
        handout.issue_token(session, claim, by=second, now=now + 5 * HOUR)
