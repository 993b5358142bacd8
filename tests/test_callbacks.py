"""Callbacks: whose they are, when they are refused, and what becomes of one that nobody kept."""

from datetime import date, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from sqlmodel import Session, select

from outbound import journal
from outbound.call_lists.model import Contact, ContactNumber, ContactState
from outbound.calling_rules import calendar
from outbound.calling_rules.profiles import DayKind
from outbound.calls import callbacks, lookups, placing
from outbound.calls.broken import BrokenCallback, broken_since, record_broken
from outbound.calls.model import Call, Outcome
from outbound.calls.outcomes import of_duty
from outbound.calls.wrap_up import CallbackOutsideHours, NoteNeeded, Report
from outbound.campaigns import verbs as campaigns
from outbound.campaigns.definition import read_definition
from outbound.campaigns.model import Campaign
from outbound.clock import local
from outbound.concluding import conclude
from outbound.dialing import handout
from outbound.documents import DocumentFaulty
from outbound.people import Centre, Role, Staff, known
from outbound.phones.model import keep
from outbound.phones.parsing import Number, parse
from outbound.timetable.jobs import JOBS
from outbound.timetable.ledger import Every, Job, run_due
from scripts.language import Kind
from tests.desk import Floor, desks, example, floor, staff, vault

__all__ = ["desks", "floor", "vault"]

HOUR = timedelta(hours=1)


def called_back(
    session: Session, floor: Floor, now: datetime, *, at: datetime, by: Staff | None = None, **told: Any
) -> Call:
    """A first call that ends with a callback."""
    caller = staff(session, by or floor.cast.agent)
    claim = handout.claim_next(session, caller, roles=[Role.AGENT], now=now)
    assert claim is not None
    call = placing.begin(session, handout.issue_token(session, claim, by=caller, now=now), by=caller, now=now)
    key = f"key-{call.id:06d}"
    return conclude(session, call, Report(key=key, outcome="callback", callback_at=at, **told), by=caller, now=now).call


def centre(session: Session, floor: Floor) -> Centre:
    return session.get_one(Centre, known(floor.cast.fz.id))


def contact_of(session: Session, call: Call) -> Contact:
    return session.get_one(Contact, call.contact_id)


def test_a_callback_is_the_callers_own_unless_they_say_otherwise(floor: Floor, session: Session, now: datetime) -> None:
    floor.contact()
    call = called_back(session, floor, now, at=now + 3 * HOUR)
    assert contact_of(session, call).kept_for_id == floor.cast.agent.id


@pytest.mark.parametrize("chosen", [True, False])
def test_the_caller_chooses_whose_the_callback_is(floor: Floor, session: Session, now: datetime, chosen: bool) -> None:
    floor.contact()
    call = called_back(session, floor, now, at=now + 3 * HOUR, callback_personal=chosen)
    assert contact_of(session, call).kept_for_id == (floor.cast.agent.id if chosen else None)


def test_an_outcome_may_say_that_its_callbacks_are_anybodys(floor: Floor, session: Session, now: datetime) -> None:
    floor.contact()
    session.get_one(Outcome, "callback").personal = False
    call = called_back(session, floor, now, at=now + 3 * HOUR)
    assert contact_of(session, call).kept_for_id is None


def test_a_callback_on_a_day_that_the_centre_closed_is_refused(floor: Floor, session: Session, now: datetime) -> None:
    floor.contact()
    text = example("family-number-trial").replace("  overrides:\n", "  overrides:\n    windows: {holiday: []}\n")
    campaign = session.get_one(Campaign, known(floor.campaign.id))
    campaigns.amend(session, campaign, text, by=staff(session, floor.cast.manager), now=now)
    tomorrow = local(now + 24 * HOUR, floor.cast.fz.zone).date()
    calendar.decide(
        session, centre(session, floor), tomorrow, DayKind.HOLIDAY, why="台风", by=floor.cast.manager, now=now
    )
    with pytest.raises(CallbackOutsideHours):
        called_back(session, floor, now, at=now + 24 * HOUR)


def test_the_times_offered_leave_out_a_day_that_the_centre_closed(now: datetime) -> None:
    rules = read_definition(
        example("family-number-trial").replace("  overrides:\n", "  overrides:\n    windows: {holiday: []}\n")
    ).profile
    closed = {date(2026, 11, 24): DayKind.HOLIDAY}
    here = ["Asia/Shanghai"]
    for offered in (callbacks.possible_times, callbacks.suggested_times):
        days = {local(at, here[0]).date() for at in offered(rules, here, zone=here[0], now=now, overrides=closed)}
        assert date(2026, 11, 24) not in days
        assert date(2026, 11, 25) in days


def test_a_callback_that_nobody_kept_is_recorded_and_goes_to_anybody(
    floor: Floor, session: Session, now: datetime
) -> None:
    floor.contact()
    call = called_back(session, floor, now, at=now + 3 * HOUR)
    (broken,) = record_broken(session, centre(session, floor), now=now + 5 * HOUR)
    assert (broken.call_id, broken.outcome_code, broken.personal) == (call.id, "callback_broken", True)
    assert (broken.promised_at, broken.at, broken.agent_id) == (now + 3 * HOUR, now + 5 * HOUR, floor.cast.agent.id)
    contact = contact_of(session, call)
    assert (contact.kept_for_id, contact.state, contact.callback) == (None, ContactState.QUEUED, True)
    colleague = staff(session, floor.cast.second_agent)
    claim = handout.claim_next(session, colleague, roles=[Role.AGENT], now=now + 5 * HOUR)
    assert claim is not None
    assert claim.contact_id == contact.id


def test_a_broken_callback_is_recorded_once(floor: Floor, session: Session, now: datetime) -> None:
    floor.contact()
    called_back(session, floor, now, at=now + 3 * HOUR)
    fz = centre(session, floor)
    assert [len(record_broken(session, fz, now=now + hours * HOUR)) for hours in (4, 5, 6)] == [0, 1, 0]
    assert len(broken_since(session, known(fz.id), now)) == 1


def test_the_campaign_says_after_how_many_hours_a_callback_is_broken(
    floor: Floor, session: Session, now: datetime
) -> None:
    floor.contact()
    text = example("family-number-trial").replace("calling:\n", "calling:\n  callback_broken_hours: 1\n")
    campaign = session.get_one(Campaign, known(floor.campaign.id))
    campaigns.amend(session, campaign, text, by=staff(session, floor.cast.manager), now=now)
    called_back(session, floor, now, at=now + 3 * HOUR)
    fz = centre(session, floor)
    assert record_broken(session, fz, now=now + 4 * HOUR - timedelta(seconds=1)) == []
    assert len(record_broken(session, fz, now=now + 4 * HOUR)) == 1


def test_a_callback_that_was_kept_is_not_broken(floor: Floor, session: Session, now: datetime) -> None:
    floor.contact()
    called_back(session, floor, now, at=now + 3 * HOUR)
    called_back(session, floor, now + 3 * HOUR, at=now + 8 * HOUR)
    assert record_broken(session, centre(session, floor), now=now + 6 * HOUR) == []


def test_a_customer_in_somebodys_hands_is_not_given_up(floor: Floor, session: Session, now: datetime) -> None:
    floor.contact()
    called_back(session, floor, now, at=now + 3 * HOUR)
    handout.claim_next(session, staff(session, floor.cast.agent), roles=[Role.AGENT], now=now + 5 * HOUR)
    assert record_broken(session, centre(session, floor), now=now + 5 * HOUR) == []


def test_who_wants_no_calls_any_more_is_owed_no_callback(floor: Floor, session: Session, now: datetime) -> None:
    floor.contact()
    call = called_back(session, floor, now, at=now + 3 * HOUR)
    contact = contact_of(session, call)
    contact.state, contact.closed_why = ContactState.CLOSED, "opted_out"
    session.add(contact)
    session.flush()
    assert record_broken(session, centre(session, floor), now=now + 6 * HOUR) == []


def test_a_broken_callback_stands_in_the_journal_and_cannot_be_taken_back(
    floor: Floor, session: Session, now: datetime
) -> None:
    floor.contact()
    called_back(session, floor, now, at=now + 3 * HOUR)
    record_broken(session, centre(session, floor), now=now + 6 * HOUR)
    session.commit()
    actions = session.exec(select(journal.JournalEntry.action)).all()
    assert "callback.broken" in actions
    with pytest.raises(sa.exc.DBAPIError, match="append-only"):
        session.exec(sa.delete(BrokenCallback))


def test_nobody_can_choose_that_a_callback_was_broken(floor: Floor, session: Session) -> None:
    offered = {outcome.code for duty in ("pitch", "confirmation") for outcome in of_duty(session, duty, Kind.PITCH)}  # type: ignore[arg-type]
    assert "callback" in offered
    assert "callback_broken" not in offered
    assert session.get(Outcome, "callback_broken") is not None


def test_the_timetable_looks_for_broken_callbacks_every_hour(floor: Floor, session: Session, now: datetime) -> None:
    floor.contact()
    called_back(session, floor, now, at=now + 3 * HOUR)
    session.commit()
    job = tuple(job for job in JOBS if job.name == "broken_callbacks")
    for hours in (4, 5, 6):
        run_due(floor.engine, job, now=now + hours * HOUR + timedelta(minutes=6))
    assert len(session.exec(select(BrokenCallback)).all()) == 1


def test_an_hourly_jobs_periods_are_hours_in_utc(now: datetime) -> None:
    job = Job("hourly", Every.HOUR, JOBS[0].at.replace(hour=0, minute=5), lambda *_: {})
    assert job.period_at(now, "Asia/Shanghai") == "2026-11-23T01"
    assert job.period_at(now + timedelta(minutes=5), "Asia/Shanghai") == "2026-11-23T02"
    assert job.due_at("2026-11-23T02", "Asia/Shanghai") == now + timedelta(minutes=5)
    assert job.following("2026-11-23T23") == "2026-11-24T00"


def with_a_second_number(floor: Floor, session: Session) -> tuple[int, int]:
    """Somebody on the list with a further number; the phones in the order in which they are rung."""
    contact, other = floor.contact(), parse("13900139000")
    assert isinstance(other, Number)
    further = known(keep(session, floor.vault, other, now=floor.now).id)
    session.add(
        ContactNumber(contact_id=known(contact.id), position=1, campaign_id=contact.campaign_id, phone_id=further)
    )
    session.flush()
    return contact.phone_id, further


def ended(session: Session, floor: Floor, now: datetime, outcome: str, note: str = "") -> Contact:
    caller = staff(session, floor.cast.agent)
    claim = handout.claim_next(session, caller, roles=[Role.AGENT], now=now)
    assert claim is not None
    call = lookups.open_call_of(session, claim)
    if call is None:
        call = placing.begin(session, handout.issue_token(session, claim, by=caller, now=now), by=caller, now=now)
    conclude(session, call, Report(key=f"key-{call.id:06d}", outcome=outcome, note=note), by=caller, now=now)
    return contact_of(session, call)


def test_an_outcome_may_turn_to_the_contacts_other_number(floor: Floor, session: Session, now: datetime) -> None:
    _first, second = with_a_second_number(floor, session)
    assert ended(session, floor, now, "no_answer").phone_id == second


def test_a_busy_number_is_tried_again_itself(floor: Floor, session: Session, now: datetime) -> None:
    first, _second = with_a_second_number(floor, session)
    assert ended(session, floor, now, "busy").phone_id == first


OWN = """calling:
  outcomes:
    no_answer: {retry_minutes: 300, next_number: same, note_required: true}
    callback: {personal: false}
"""


def with_own_outcomes(floor: Floor, session: Session, now: datetime) -> None:
    text = example("family-number-trial").replace("calling:\n", OWN)
    campaign = session.get_one(Campaign, known(floor.campaign.id))
    campaigns.amend(session, campaign, text, by=staff(session, floor.cast.manager), now=now)
    session.flush()


def test_a_campaign_changes_what_an_outcome_does(floor: Floor, session: Session, now: datetime) -> None:
    first, _second = with_a_second_number(floor, session)
    with_own_outcomes(floor, session, now)
    with pytest.raises(NoteNeeded):
        ended(session, floor, now, "no_answer")
    contact = ended(session, floor, now, "no_answer", note="振铃 40 秒")
    assert (contact.phone_id, contact.due_at) == (first, now + 5 * HOUR)
    assert session.get_one(Outcome, "no_answer").retry_minutes == 240


def test_a_campaign_says_whose_its_callbacks_are(floor: Floor, session: Session, now: datetime) -> None:
    floor.contact()
    with_own_outcomes(floor, session, now)
    call = called_back(session, floor, now, at=now + 3 * HOUR)
    assert contact_of(session, call).kept_for_id is None


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("no_reply: {retry_minutes: 60}", "there is no outcome `no_reply`"),
        ("callback_broken: {note_required: true}", "there is no outcome `callback_broken`"),
        ("refused: {retry_minutes: 60}", "`retry_minutes` does nothing after `refused`"),
        ("busy: {personal: true}", "`personal` does nothing after `busy`"),
        ("busy: {retry_minutes: 0}", "retry_minutes"),
    ],
)
def test_what_an_outcome_cannot_do_is_told_at_its_line(written: str, said: str) -> None:
    text = example("family-number-trial").replace("calling:\n", f"calling:\n  outcomes:\n    {written}\n")
    with pytest.raises(DocumentFaulty) as refused:
        read_definition(text)
    (fault,) = refused.value.list
    assert said in f"{fault.path} {fault.en}"
    assert text.splitlines()[fault.line - 1].strip() == written
