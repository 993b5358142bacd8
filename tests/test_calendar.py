"""A centre's own calendar: what it decides about days, and the years of which nobody knows the decree."""

import json
from datetime import UTC, date, datetime, timedelta

import pytest
import sqlalchemy as sa
from sqlmodel import Session, select

from outbound import journal
from outbound.calling_rules import calendar
from outbound.calling_rules.calendar import CalendarDecision, DayOutOfReach, overrides_of
from outbound.calling_rules.profiles import DayKind, profile
from outbound.calling_rules.rules import callable_now, next_free
from outbound.people import known
from tests.conftest import Cast

DAY = date(2027, 2, 9)
CLOSED_ON_HOLIDAYS: dict[str, dict[str, list[str]]] = {"windows": {"holiday": []}}


def test_what_a_centre_decides_about_a_day_counts_for_it_alone(session: Session, cast: Cast, now: datetime) -> None:
    calendar.decide(session, cast.fz, DAY, DayKind.HOLIDAY, why="春节放假", by=cast.manager, now=now)
    assert overrides_of(session, known(cast.fz.id)) == {DAY: DayKind.HOLIDAY}
    assert overrides_of(session, known(cast.xm.id)) == {}


def test_the_last_decision_on_a_day_counts(session: Session, cast: Cast, now: datetime) -> None:
    for kind in (DayKind.HOLIDAY, DayKind.WORKDAY):
        calendar.decide(session, cast.fz, DAY, kind, why="通知", by=cast.manager, now=now)
    assert overrides_of(session, known(cast.fz.id)) == {DAY: DayKind.WORKDAY}
    calendar.decide(session, cast.fz, DAY, None, why="通知撤回", by=cast.manager, now=now)
    assert overrides_of(session, known(cast.fz.id)) == {}


def test_deciding_the_same_again_writes_nothing(session: Session, cast: Cast, now: datetime) -> None:
    for _ in range(2):
        calendar.decide(session, cast.fz, DAY, DayKind.HOLIDAY, why="春节放假", by=cast.manager, now=now)
    calendar.decide(session, cast.fz, DAY + timedelta(days=1), None, why="照常", by=cast.manager, now=now)
    assert len(session.exec(select(CalendarDecision)).all()) == 1


def test_a_decision_is_journalled_and_never_rewritten(session: Session, cast: Cast, now: datetime) -> None:
    calendar.decide(session, cast.fz, DAY, DayKind.HOLIDAY, why="春节放假", by=cast.manager, now=now)
    session.commit()
    entry = session.exec(select(journal.JournalEntry).where(journal.JournalEntry.action == "calendar.decided")).one()
    assert json.loads(entry.details) == {"day": "2027-02-09", "kind": "holiday", "why": "春节放假"}
    with pytest.raises(sa.exc.DBAPIError, match="append-only"):
        session.exec(sa.update(CalendarDecision).values(kind=DayKind.WORKDAY))


def test_the_rules_obey_the_centres_calendar(session: Session, cast: Cast, now: datetime) -> None:
    rules = profile("cn-telecom", CLOSED_ON_HOLIDAYS)
    noon = datetime(2027, 2, 9, 4, tzinfo=UTC)
    assert callable_now(rules, now=noon, time_zones=["Asia/Shanghai"], tries=[])
    calendar.decide(session, cast.fz, DAY, DayKind.HOLIDAY, why="春节放假", by=cast.manager, now=now)
    table = overrides_of(session, known(cast.fz.id))
    free = next_free(rules, now=noon, time_zones=["Asia/Shanghai"], tries=[], workday_override=table)
    assert free == datetime(2027, 2, 10, 1, tzinfo=UTC)


def test_the_same_days_are_the_same_object(session: Session, cast: Cast, now: datetime) -> None:
    calendar.decide(session, cast.fz, DAY, DayKind.HOLIDAY, why="春节放假", by=cast.manager, now=now)
    assert overrides_of(session, known(cast.fz.id)) is overrides_of(session, known(cast.fz.id))


@pytest.mark.parametrize("day", [date(1999, 12, 31), date(2101, 1, 1)])
def test_a_day_in_another_century_is_a_slip(session: Session, cast: Cast, now: datetime, day: date) -> None:
    with pytest.raises(DayOutOfReach):
        calendar.decide(session, cast.fz, day, DayKind.HOLIDAY, why="手误", by=cast.manager, now=now)


def test_an_undecreed_year_is_warned_of_until_somebody_entered_it(session: Session, cast: Cast, now: datetime) -> None:
    days, fz = [date(2026, 12, 31), date(2027, 3, 1)], known(cast.fz.id)
    assert [warning.year for warning in calendar.warnings(session, fz, profile(), days)] == [2027]
    calendar.declare_complete(session, cast.fz, 2027, why="国办发明电〔2026〕7号", by=cast.manager, now=now)
    calendar.declare_complete(session, cast.fz, 2027, why="再说一次", by=cast.manager, now=now)
    assert calendar.warnings(session, fz, profile(), days) == []
    assert calendar.years_declared(session, fz)[2027].why == "国办发明电〔2026〕7号"
    assert [warning.year for warning in calendar.warnings(session, known(cast.xm.id), profile(), days)] == [2027]
