"""The trial and its end: whole days in the centre's zone, the window for the second confirmation, one extension."""

from collections.abc import Collection
from datetime import datetime, timedelta

from sqlmodel import Session, col, select

from outbound.calls.model import Call
from outbound.clock import local_day
from outbound.people import Centre
from outbound.subscriptions import guards
from outbound.subscriptions.model import Subscription
from outbound.subscriptions.model import SubscriptionState as S
from outbound.subscriptions.queueing import close_contact, definition_of, queue_confirmation
from outbound.subscriptions.transitions import move

DAYS_TO_CONFIRM_WITHOUT_TRIAL = 7
"""Where there is no trial whose end could set the date: so long may the second call take (our own)."""


def begin_trial(session: Session, subscription: Subscription, call: Call) -> None:
    """The days after the yes are free, whole days, to midnight; without a trial, a week is there to confirm."""
    today = local_day(call.dialled_at, zone_of(session, subscription))
    days = subscription.trial_days or DAYS_TO_CONFIRM_WITHOUT_TRIAL
    subscription.trial_starts_on, subscription.trial_ends_on = today, today + timedelta(days=days)
    session.add(subscription)


def end_with_confirmation(session: Session, subscription: Subscription, call: Call) -> None:
    """Without a trial the days to confirm end with the yes: the charge may come on the day after."""
    if not subscription.trial_days:
        subscription.trial_ends_on = local_day(call.dialled_at, zone_of(session, subscription))
        session.add(subscription)


def open_window(session: Session, subscription: Subscription, *, now: datetime) -> None:
    """The second confirmation is due from now on: somebody other than the seller is to call."""
    if move(session, subscription, "window_opened", by=None, now=now):
        queue_confirmation(session, subscription, due_at=now)


def lapse(session: Session, subscription: Subscription, *, now: datetime, why: str) -> None:
    """Nobody confirmed in time: it ends, and the carrier is told."""
    if move(session, subscription, "lapsed", by=None, now=now, why=why):
        close_contact(session, subscription, "lapsed", now=now)


def end_trial(session: Session, subscription: Subscription, *, now: datetime) -> None:
    """The trial ended without a yes: one further trial for who was not reached, otherwise the end."""
    if subscription.state == S.TRIAL:
        open_window(session, subscription, now=now)
    deserves = guards.DESERVES_EXTENSION.holds
    if subscription.state == S.CONFIRMING and deserves(session, subscription):
        move(session, subscription, "not_reached", by=None, now=now)
        queue_confirmation(session, subscription, due_at=now)
    else:
        lapse(session, subscription, now=now, why=f"{subscription.state}_at_trial_end")


def due_for_window(session: Session, centre: Centre, *, now: datetime) -> list[Subscription]:
    """Trials whose confirmation window has opened by today."""
    today = local_day(now, centre.zone)
    trials = _in_states(session, centre, {S.TRIAL})
    return [s for s in trials if s.trial_ends_on and s.trial_ends_on - _window(session, s) <= today]


def _window(session: Session, subscription: Subscription) -> timedelta:
    return timedelta(days=definition_of(session, subscription).confirmation.days_before)


def past_their_trial(session: Session, centre: Centre, *, now: datetime) -> list[Subscription]:
    """Subscriptions whose trial is over and which nobody confirmed."""
    today = local_day(now, centre.zone)
    open_states = {S.TRIAL, S.CONFIRMING, S.EXTENDED, S.CORRECTION_DUE}
    return [s for s in _in_states(session, centre, open_states) if s.trial_ends_on and s.trial_ends_on < today]


def _in_states(session: Session, centre: Centre, states: Collection[S]) -> list[Subscription]:
    asked = select(Subscription).where(Subscription.centre_id == centre.id, col(Subscription.state).in_(states))
    return list(session.exec(asked.order_by(col(Subscription.id))).all())


def zone_of(session: Session, subscription: Subscription) -> str:
    """The time zone in which the subscription's days are counted."""
    return session.get_one(Centre, subscription.centre_id).zone
