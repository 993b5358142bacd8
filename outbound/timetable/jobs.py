"""What the timetable does: one line per job. Effects are verbs of the rooms; nothing is decided here."""

import secrets
from collections.abc import Callable, Mapping
from datetime import date, datetime, time, timedelta
from typing import Any

from sqlmodel import Session

from outbound import clock, complaints
from outbound.anchors import anchoring
from outbound.billing import charges
from outbound.calls import broken
from outbound.notices import making as notices
from outbound.people import Centre, known
from outbound.subscriptions import life, trial
from outbound.timetable.ledger import Every, Job
from qa import corrections, stopping
from qa.sampling import seeds
from qa.sampling import verbs as sampling
from qa.sampling.model import DrawKind


def open_windows(session: Session, centre: Centre, _day: str, now: datetime) -> Mapping[str, Any]:
    """Second confirmations become due N days before a trial ends."""
    due = trial.due_for_window(session, centre, now=now)
    for subscription in due:
        trial.open_window(session, subscription, now=now)
    return {"opened": len(due)}


def end_trials(session: Session, centre: Centre, _day: str, now: datetime) -> Mapping[str, Any]:
    """Trials that ended without a yes are extended once, or lapse."""
    over = trial.past_their_trial(session, centre, now=now)
    for subscription in over:
        trial.end_trial(session, subscription, now=now)
    return {
        "ended": len(over),
        "corrections_lapsed": len(corrections.lapse(session, centre, now=now)),
        "recalls_ended": life.end_hopeless_recalls(session, centre, now=now),
    }


def charge(session: Session, centre: Centre, _day: str, now: datetime) -> Mapping[str, Any]:
    """Confirmed subscriptions are charged on the day after their trial."""
    return charges.run(session, centre, now=now)


def remind_of_charges(session: Session, centre: Centre, day: str, now: datetime) -> Mapping[str, Any]:
    """Customers who are charged tomorrow are reminded today."""
    tomorrow = date.fromisoformat(day) + timedelta(days=1)
    if tomorrow <= clock.local_day(now, centre.zone):
        return {"reminded": 0}
    due = charges.due_on(session, centre, tomorrow)
    for subscription in due:
        notices.remind(session, subscription, tomorrow, now=now)
    return {"reminded": len(due)}


def secret_seed() -> str:
    """A seed that nobody can guess."""
    return secrets.token_hex(32)


def promise_seeds(
    session: Session, centre: Centre, day: str, now: datetime, *, new: Callable[[], str] = secret_seed
) -> Mapping[str, Any]:
    """The seeds of this and the coming draws are made, and their hashes published, before there is a frame."""
    today = date.fromisoformat(day)
    for ahead in (0, 1):
        for kind, period in (
            (DrawKind.DAILY, (today + timedelta(days=ahead)).isoformat()),
            (DrawKind.WEEKLY, clock.week_name(today + timedelta(days=7 * ahead))),
        ):
            seeds.commit_seed(session, centre, kind, period, seed=new(), now=now)
    return {"late": sum(_promise_missed(session, centre, kind, now, new) for kind in DrawKind)}


def _promise_missed(session: Session, centre: Centre, kind: DrawKind, now: datetime, new: Callable[[], str]) -> int:
    """Periods that nobody promised a seed are promised one late, and say so; how many."""
    missed = seeds.unpromised(session, centre, kind, now=now)
    for period in missed:
        seeds.commit_seed(session, centre, kind, period, seed=new(), now=now)
    return len(missed)


def draw_yesterday(session: Session, centre: Centre, day: str, now: datetime) -> Mapping[str, Any]:
    """Yesterday's recordings are sampled for the reviewers."""
    yesterday = (date.fromisoformat(day) - timedelta(days=1)).isoformat()
    return _drawn(session, centre, DrawKind.DAILY, yesterday, now)


def draw_last_week(session: Session, centre: Centre, week: str, now: datetime) -> Mapping[str, Any]:
    """Last week's recordings are sampled for the supervisors."""
    last = clock.week_name(clock.week_days(week)[0] - timedelta(days=7))
    return _drawn(session, centre, DrawKind.WEEKLY, last, now)


def _drawn(session: Session, centre: Centre, kind: DrawKind, period: str, now: datetime) -> Mapping[str, Any]:
    seed = seeds.seed_of(session, centre, kind, period)
    if seed is None:
        return {"seed": "never promised"}
    if seed.late and seeds.anchor_of(session, seed) is None:
        return {"seed": "promised late"}
    complained = complaints.calls_complained_of(session, known(centre.id))
    drawn = sampling.draw(session, centre, kind, period, now=now, complained=complained)
    return {"frame": drawn.frame_size, "drawn": drawn.sample_size}


def draw_late(session: Session, centre: Centre, _hour: str, now: datetime) -> Mapping[str, Any]:
    """Periods whose seed was promised late are drawn once the anchor is there that they are bound to."""
    waiting = seeds.undrawn(session, centre, now=now)
    return {seed.period: dict(_drawn(session, centre, seed.kind, seed.period, now)) for seed in waiting}


def record_broken_callbacks(session: Session, centre: Centre, _hour: str, now: datetime) -> Mapping[str, Any]:
    """Callbacks that nobody kept are recorded as such, and are anybody's from now on."""
    return {"broken": len(broken.record_broken(session, centre, now=now))}


def stop_campaigns(session: Session, centre: Centre, _hour: str, now: datetime) -> Mapping[str, Any]:
    """Campaigns whose agents are all sampled in full are stopped until a manager says what was done."""
    return {"stopped": len(stopping.stop_where_needed(session, centre, now=now))}


def anchor_journal(session: Session, centre: Centre, _hour: str, now: datetime) -> Mapping[str, Any]:
    """The journal of a centre, and the one of no centre, is anchored; a round takes the anchors outside."""
    anchors = [anchoring.drop(session, chain, now=now) for chain in (known(centre.id), 0)]
    return {"lengths": [anchor.length if anchor else 0 for anchor in anchors]}


JOBS = (
    Job("broken_callbacks", Every.HOUR, time(0, 5), record_broken_callbacks),
    Job("quality_stops", Every.HOUR, time(0, 10), stop_campaigns),
    Job("seeds", Every.DAY, time(0, 0), promise_seeds),
    Job("trial_ends", Every.DAY, time(0, 5), end_trials),
    Job("confirmation_windows", Every.DAY, time(0, 10), open_windows),
    Job("charge_run", Every.DAY, time(0, 20), charge),
    Job("reminders", Every.DAY, time(0, 25), remind_of_charges),
    Job("daily_draw", Every.DAY, time(0, 30), draw_yesterday),
    Job("weekly_draw", Every.WEEK, time(0, 40), draw_last_week),
    Job("anchors", Every.HOUR, time(0, 50), anchor_journal),
    Job("late_draws", Every.HOUR, time(0, 55), draw_late),
)
"""The timetable, in the order of the day."""
