"""What callers do is kept as rows that never change, and a day's hours follow from them."""

from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa
from sqlmodel import Session, col, select

from outbound import attendance
from outbound.attendance import Attendance, BreakReason, BreakReasonNeeded, Presence, Stance
from outbound.calls import placing
from outbound.calls.wrap_up import Report
from outbound.clock import local_day
from outbound.concluding import conclude
from outbound.dialing import handout
from outbound.people import Role, Staff
from tests.conftest import Cast
from tests.desk import Floor, desks, floor, staff, vault

__all__ = ["desks", "floor", "vault"]

MINUTE = timedelta(minutes=1)


def entered(session: Session, person: Staff) -> list[tuple[Stance, BreakReason | None]]:
    asked = select(Attendance).where(Attendance.staff_id == person.id).order_by(col(Attendance.id))
    return [(each.state, each.reason) for each in session.exec(asked)]


def sit(session: Session, person: Staff, now: datetime, *states: tuple[int, Stance]) -> None:
    """Somebody enters states, so many minutes after `now`, and was there all the time between."""
    for minutes, state in states:
        at = now + minutes * MINUTE
        attendance.stayed(session, person, until=at)
        reason = BreakReason.MEAL if state == Stance.BREAK else None
        attendance.enter(session, person, state, reason=reason, now=at)


def test_a_state_that_is_entered_twice_is_one(session: Session, cast: Cast, now: datetime) -> None:
    for _ in range(2):
        attendance.enter(session, cast.agent, Stance.READY, now=now)
    assert entered(session, cast.agent) == [(Stance.READY, None)]


def test_a_break_needs_its_reason(session: Session, cast: Cast, now: datetime) -> None:
    with pytest.raises(BreakReasonNeeded):
        attendance.enter(session, cast.agent, Stance.BREAK, now=now)
    attendance.enter(session, cast.agent, Stance.BREAK, reason=BreakReason.TRAINING, now=now)
    assert entered(session, cast.agent) == [(Stance.BREAK, BreakReason.TRAINING)]


def test_a_call_and_its_wrap_up_are_states(floor: Floor, session: Session) -> None:
    floor.contact()
    agent, now = staff(session, floor.cast.agent), floor.now
    attendance.enter(session, agent, Stance.READY, now=now)
    claim = handout.claim_next(session, agent, roles=[Role.AGENT], now=now)
    assert claim
    token = handout.issue_token(session, claim, by=agent, now=now)
    call = placing.begin(session, token, by=agent, now=now)
    attendance.enter(session, agent, Stance.WRAP_UP, now=now + MINUTE)
    conclude(session, call, Report(key="a-key-of-its-own", outcome="busy"), by=agent, now=now + 2 * MINUTE)
    assert [state for state, _ in entered(session, agent)] == [
        Stance.READY,
        Stance.IN_CALL,
        Stance.WRAP_UP,
        Stance.READY,
    ]


def test_wrap_up_that_is_told_after_the_report_is_over_already(session: Session, cast: Cast, now: datetime) -> None:
    attendance.enter(session, cast.agent, Stance.READY, now=now)
    attendance.enter(session, cast.agent, Stance.WRAP_UP, now=now)
    assert attendance.stands(session, cast.agent) == Stance.READY


def test_who_was_not_seen_was_away_from_then_on(session: Session, cast: Cast, now: datetime) -> None:
    attendance.enter(session, cast.agent, Stance.READY, now=now)
    attendance.was_there(session, cast.agent, now=now + MINUTE)
    attendance.enter(session, cast.agent, Stance.READY, now=now + 60 * MINUTE)
    rows = session.exec(select(Attendance).order_by(col(Attendance.id))).all()
    assert [(row.state, row.at) for row in rows] == [
        (Stance.READY, now),
        (Stance.AWAY, now + MINUTE),
        (Stance.READY, now + 60 * MINUTE),
    ]


def test_a_machine_that_slept_goes_on_with_what_it_did(session: Session, cast: Cast, now: datetime) -> None:
    attendance.enter(session, cast.agent, Stance.READY, now=now)
    attendance.was_there(session, cast.agent, now=now + 30 * MINUTE)
    assert [state for state, _ in entered(session, cast.agent)] == [Stance.READY, Stance.AWAY, Stance.READY]


def test_who_signs_out_is_away(session: Session, cast: Cast, now: datetime) -> None:
    attendance.leave(session, cast.agent, now=now)
    assert entered(session, cast.agent) == []
    attendance.enter(session, cast.agent, Stance.READY, now=now)
    attendance.leave(session, cast.agent, now=now + MINUTE)
    assert attendance.stands(session, cast.agent) == Stance.AWAY


def test_hours_of_a_day_add_up(session: Session, cast: Cast, now: datetime) -> None:
    sit(
        session,
        cast.agent,
        now,
        (0, Stance.READY),
        (10, Stance.IN_CALL),
        (15, Stance.WRAP_UP),
        (17, Stance.BREAK),
        (47, Stance.READY),
        (60, Stance.AWAY),
    )
    [hours] = attendance.hours_of(session, cast.fz, local_day(now, cast.fz.zone), now=now + 90 * MINUTE)
    assert [hours.of(state) / MINUTE for state in attendance.WORKING] == [23, 5, 2]
    assert hours.worked == 30 * MINUTE
    assert hours.breaks == {BreakReason.MEAL: 30 * MINUTE}
    assert (hours.began, hours.ended) == (now, now + 60 * MINUTE)


def test_hours_that_run_over_midnight_are_counted_on_both_days(session: Session, cast: Cast, now: datetime) -> None:
    day = local_day(now, cast.fz.zone)
    evening = now + timedelta(hours=13, minutes=30)  # 23:30 in Fuzhou
    sit(session, cast.agent, evening, (0, Stance.READY), (75, Stance.AWAY))
    later = evening + timedelta(hours=8)
    worked = [
        attendance.hours_of(session, cast.fz, each, now=later)[0].worked for each in (day, day + timedelta(days=1))
    ]
    assert worked == [30 * MINUTE, 45 * MINUTE]


def test_what_lasts_still_is_counted_until_they_were_seen_last(session: Session, cast: Cast, now: datetime) -> None:
    sit(session, cast.agent, now, (0, Stance.READY))
    attendance.was_there(session, cast.agent, now=now + 4 * MINUTE)
    [hours] = attendance.hours_of(session, cast.fz, local_day(now, cast.fz.zone), now=now + 60 * MINUTE)
    assert hours.worked == 4 * MINUTE


def test_the_board_shows_who_is_there_now(session: Session, cast: Cast, now: datetime) -> None:
    sit(session, cast.agent, now, (0, Stance.READY))
    sit(session, cast.second_agent, now, (0, Stance.READY), (1, Stance.AWAY))
    sit(session, cast.outsider, now, (0, Stance.READY))
    assert [seat.staff.login for seat in attendance.seats(session, cast.fz, now=now + 2 * MINUTE)] == ["agent"]
    assert attendance.seats(session, cast.fz, now=now + 30 * MINUTE) == []


@pytest.mark.parametrize("change", ["UPDATE attendance SET state = 'ready'", "DELETE FROM attendance"])
def test_nobody_changes_what_was(session: Session, cast: Cast, now: datetime, change: str) -> None:
    attendance.enter(session, cast.agent, Stance.READY, now=now)
    with pytest.raises(sa.exc.IntegrityError, match="append-only"):
        session.execute(sa.text(change))


def test_being_seen_often_is_written_seldom(session: Session, cast: Cast, now: datetime) -> None:
    attendance.enter(session, cast.agent, Stance.READY, now=now)
    attendance.was_there(session, cast.agent, now=now + timedelta(seconds=10))
    assert session.get_one(Presence, cast.agent.id).seen_at == now
