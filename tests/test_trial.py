"""Trial arithmetic: whole days in the centre's zone, to midnight; the charge on the day after."""

from datetime import UTC, date, datetime, timedelta

import pytest

from outbound.billing import charges
from outbound.people import Centre
from outbound.subscriptions import trial
from outbound.subscriptions.model import SubscriptionState as S
from tests.conftest import Cast
from tests.sales import Sales


def in_zone(sales: Sales, zone: str) -> None:
    """Let the centre's days be counted in another zone."""
    centre = sales.session.get_one(Centre, sales.centre.id)
    centre.zone = zone
    sales.session.flush()


@pytest.mark.parametrize(
    ("yes", "days", "last_free_day", "charged_on"),
    [
        ("2026-11-23T02:00", 7, "2026-11-30", "2026-12-01"),
        ("2026-01-30T02:00", 1, "2026-01-31", "2026-02-01"),
        ("2026-01-31T02:00", 30, "2026-03-02", "2026-03-03"),
        ("2026-02-21T02:00", 7, "2026-02-28", "2026-03-01"),
        ("2028-02-21T02:00", 7, "2028-02-28", "2028-02-29"),
        ("2028-02-22T02:00", 7, "2028-02-29", "2028-03-01"),
        ("2026-12-24T02:00", 7, "2026-12-31", "2027-01-01"),
        ("2026-12-31T02:00", 30, "2027-01-30", "2027-01-31"),
        # Before and after midnight in Shanghai, on the same day in London.
        ("2026-11-23T15:59", 7, "2026-11-30", "2026-12-01"),
        ("2026-11-23T16:01", 7, "2026-12-01", "2026-12-02"),
    ],
)
def test_the_days_after_the_day_of_the_yes_are_free(
    sales: Sales, yes: str, days: int, last_free_day: str, charged_on: str
) -> None:
    sales.campaign(trial_days=days)
    subscription = sales.sell(at=datetime.fromisoformat(yes).replace(tzinfo=UTC))
    assert subscription.trial_ends_on == date.fromisoformat(last_free_day)
    assert subscription.chargeable_from == date.fromisoformat(charged_on)


@pytest.mark.parametrize(
    ("zone", "yes", "last_free_day"),
    [
        ("America/New_York", "2026-03-08T04:30", "2026-03-14"),  # 23:30 on 7 March: the clocks change that night
        ("America/New_York", "2026-03-08T05:30", "2026-03-15"),  # 00:30 on 8 March
        ("America/New_York", "2026-11-01T04:30", "2026-11-08"),  # 00:30 on the day of 25 hours
        ("Europe/London", "2026-10-24T23:30", "2026-11-01"),  # 00:30 on the 25th, summer time
    ],
)
def test_a_changed_clock_does_not_move_the_trials_end(sales: Sales, zone: str, yes: str, last_free_day: str) -> None:
    in_zone(sales, zone)
    subscription = sales.sell(at=datetime.fromisoformat(yes).replace(tzinfo=UTC))
    assert subscription.trial_ends_on == date.fromisoformat(last_free_day)


def test_the_day_is_that_of_the_call_and_not_of_its_wrap_up(sales: Sales) -> None:
    subscription = sales.sell(at=datetime(2026, 11, 23, 15, 59, tzinfo=UTC))
    assert subscription.trial_starts_on == date(2026, 11, 23)


def test_nothing_is_charged_before_the_first_minute_after_the_trial(sales: Sales) -> None:
    subscription = sales.confirmed()
    last_minute = datetime(2026, 11, 30, 15, 59, tzinfo=UTC)
    assert charges.run(sales.session, sales.centre, now=last_minute) == {}
    assert charges.run(sales.session, sales.centre, now=last_minute + timedelta(minutes=1)) == {"charged": 1}
    assert sales.charges(subscription)[0].cycle == "2026-12-01"


def test_an_extension_is_as_long_as_the_trial_and_moves_the_charge(sales: Sales) -> None:
    subscription = sales.due()
    trial.end_trial(sales.session, subscription, now=sales.now)
    assert subscription.trial_ends_on == date(2026, 12, 7)
    sales.confirm(subscription)
    charges.run(sales.session, sales.centre, now=datetime(2026, 12, 8, 1, tzinfo=UTC))
    assert [entry.cycle for entry in sales.charges(subscription)] == ["2026-12-08"]


def test_the_window_opens_some_days_before_the_trial_ends(sales: Sales) -> None:
    sales.campaign(trial_days=7, days_before=3)
    subscription = sales.sell()
    evening_before = datetime(2026, 11, 27, 15, 59, tzinfo=UTC) - timedelta(days=1)
    assert trial.due_for_window(sales.session, sales.centre, now=evening_before) == []
    midnight = evening_before + timedelta(minutes=1)
    assert trial.due_for_window(sales.session, sales.centre, now=midnight) == [subscription]


def test_a_missed_window_is_still_due_later(sales: Sales) -> None:
    subscription = sales.sell()
    assert trial.due_for_window(sales.session, sales.centre, now=sales.now + timedelta(days=6)) == [subscription]


def test_without_a_trial_the_confirmation_is_due_at_once_and_ends_in_time(sales: Sales) -> None:
    sales.campaign(trial_days=0)
    subscription = sales.sell()
    assert (subscription.state, subscription.trial_ends_on) == (S.CONFIRMING, date(2026, 11, 30))
    trial.end_trial(sales.session, subscription, now=sales.now)
    assert subscription.state == S.LAPSED


def test_a_trial_is_over_on_the_day_after_its_last_day(sales: Sales) -> None:
    subscription = sales.due()
    last_day = datetime(2026, 11, 30, 15, 59, tzinfo=UTC)
    assert trial.past_their_trial(sales.session, sales.centre, now=last_day) == []
    assert trial.past_their_trial(sales.session, sales.centre, now=last_day + timedelta(minutes=1)) == [subscription]


def test_the_confirmed_are_not_among_those_whose_trial_ended_without_a_yes(sales: Sales) -> None:
    sales.confirmed()
    assert trial.past_their_trial(sales.session, sales.centre, now=sales.now + timedelta(days=30)) == []


def test_another_centres_trials_are_not_ended_here(sales: Sales, cast: Cast) -> None:
    sales.due()
    assert trial.past_their_trial(sales.session, cast.xm, now=sales.now + timedelta(days=30)) == []
    assert trial.due_for_window(sales.session, cast.xm, now=sales.now + timedelta(days=30)) == []


@pytest.mark.parametrize(
    ("first", "starts"),
    [
        ("2026-12-01", ["2026-12-01", "2027-01-01", "2027-02-01"]),
        ("2027-01-31", ["2027-01-31", "2027-02-28", "2027-03-31", "2027-04-30"]),
        ("2028-01-30", ["2028-01-30", "2028-02-29", "2028-03-30"]),
        ("2028-02-29", ["2028-02-29", "2028-03-29", "2028-04-29"]),
        ("2026-12-31", ["2026-12-31", "2027-01-31", "2027-02-28", "2027-03-31"]),
    ],
)
def test_each_cycle_begins_on_the_same_day_of_its_month_or_on_the_last(first: str, starts: list[str]) -> None:
    day = date.fromisoformat(first)
    assert [charges.month_later(day, months).isoformat() for months in range(len(starts))] == starts


def test_every_cycle_lies_in_a_month_of_its_own() -> None:
    for first in (date(2027, 1, 1) + timedelta(days=step) for step in range(800)):
        months = [charges.month_later(first, ahead).isoformat()[:7] for ahead in range(26)]
        assert len(set(months)) == 26, first
