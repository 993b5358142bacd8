"""What no statement can ask: texts against their hashes, draws drawn again, periods without a gap."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from datetime import date, timedelta
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col, select

from outbound import clock
from outbound.campaigns.definition import Means
from outbound.campaigns.lookups import definition_written
from outbound.documents import DocumentFaulty
from qa.sampling import checking
from qa.sampling.model import Draw, DrawKind, DrawSeed
from qa.sampling.seeds import anchor_of
from scripts.language import content_hash

Row = Mapping[str, Any]
_DAILY = ("seeds", "trial_ends", "confirmation_windows", "charge_run", "daily_draw")
_WEEKLY = ("weekly_draw",)


def changed_scripts(session: Session) -> Iterator[Row]:
    """Versions whose text is not the one that was approved."""
    asked = sa.text("SELECT id, source, content_hash FROM script_version ORDER BY id").execution_options(yield_per=200)
    for number, source, expected in session.execute(asked):
        try:
            fits = content_hash(source) == expected
        except DocumentFaulty:
            fits = False
        if not fits:
            yield {"id": number}


def changed_definitions(session: Session) -> Iterator[Row]:
    """Versions of a campaign under which something was sold, and whose columns do not say what their text says."""
    asked = sa.text("""SELECT id, source, needs_reply FROM campaign_version v WHERE EXISTS
        (SELECT 1 FROM subscription s WHERE s.campaign_version_id = v.id) ORDER BY id""")
    for number, source, needs_reply in session.execute(asked.execution_options(yield_per=200)):
        try:
            fits = (Means.SMS in definition_written(source).confirmation.requires) == bool(needs_reply)
        except DocumentFaulty:
            fits = False
        if not fits:
            yield {"id": number}


def changed_draws(session: Session) -> Iterator[Row]:
    """Draws that come out otherwise when they are drawn again."""
    for draw in session.exec(select(Draw).order_by(col(Draw.id))):
        for difference in checking.verify(session, draw):
            yield {"id": draw.id, "period": draw.period, "why": str(difference)}


def skipped_periods(session: Session) -> Iterator[Row]:
    """Periods that no job ever took although earlier and later ones were."""
    done: dict[tuple[str, int], list[str]] = defaultdict(list)
    for job, centre, period in session.execute(sa.text("SELECT job, centre_id, period FROM period_done")):
        done[job, centre].append(period)
    for (job, centre), periods in sorted(done.items()):
        following = {**dict.fromkeys(_DAILY, _next_day), **dict.fromkeys(_WEEKLY, _next_week)}.get(job)
        if following:
            yield from ({"job": job, "centre_id": centre, "period": each} for each in _gaps(periods, following))


def _gaps(periods: list[str], following: Callable[[str], str]) -> Iterator[str]:
    there, period = set(periods), min(periods)
    while period < max(periods):
        period = following(period)
        if period not in there:
            yield period


def _next_day(period: str) -> str:
    return (date.fromisoformat(period) + timedelta(days=1)).isoformat()


def _next_week(period: str) -> str:
    return clock.week_name(clock.week_days(period)[0] + timedelta(days=7))


def missed_draws(session: Session) -> Iterator[Row]:
    """Periods whose draw was due and has its seed, and was not made."""
    drawn = set(session.exec(select(Draw.centre_id, Draw.kind, Draw.period)))
    drawn |= _not_to_be_drawn_yet(session)
    promised = {(seed.centre_id, seed.kind, seed.period): seed.at for seed in session.exec(select(DrawSeed))}
    asked = "SELECT job, centre_id, period FROM period_done WHERE job IN ('daily_draw', 'weekly_draw')"
    for job, centre, period in session.execute(sa.text(asked)):
        kind = DrawKind.DAILY if job == "daily_draw" else DrawKind.WEEKLY
        before = _day_before(period) if kind == DrawKind.DAILY else _week_before(period)
        if (centre, kind, before) in promised and (centre, kind, before) not in drawn:
            yield {"job": job, "centre_id": centre, "period": before}


def _not_to_be_drawn_yet(session: Session) -> set[tuple[int, DrawKind, str]]:
    """Draws whose seed was promised late and which the job that makes them has not come by to make."""
    asked = "SELECT centre_id, max(period) AS last FROM period_done WHERE job = 'late_draws' GROUP BY centre_id"
    done = {row.centre_id: row.last for row in session.execute(sa.text(asked))}
    return {
        (seed.centre_id, seed.kind, seed.period)
        for seed in session.exec(select(DrawSeed).where(col(DrawSeed.late).is_not(None)))
        if (anchor := anchor_of(session, seed)) is None or f"{anchor.at:%Y-%m-%dT%H}" >= done.get(seed.centre_id, "")
    }


def _day_before(period: str) -> str:
    return (date.fromisoformat(period) - timedelta(days=1)).isoformat()


def _week_before(period: str) -> str:
    return clock.week_name(clock.week_days(period)[0] - timedelta(days=7))


def missed_seeds(session: Session) -> Iterator[Row]:
    """Days on which the job that promises seeds came by, and whose draw has none."""
    there = set(session.exec(select(DrawSeed.centre_id, DrawSeed.period).where(DrawSeed.kind == DrawKind.DAILY)))
    asked = "SELECT centre_id, period FROM period_done WHERE job = 'seeds' ORDER BY centre_id, period"
    for centre, period in session.execute(sa.text(asked)):
        if (centre, period) not in there:
            yield {"centre_id": centre, "period": period}


def missed_trial_ends(session: Session) -> Iterator[Row]:
    """Subscriptions whose trial was over when the job that ends trials came by, and which are as if it was not."""
    last = """SELECT centre_id, max(period) AS day FROM period_done WHERE job = 'trial_ends' GROUP BY centre_id"""
    asked = f"""SELECT s.id, s.state FROM subscription s JOIN ({last}) d ON d.centre_id = s.centre_id
        WHERE s.state IN ('trial', 'confirming', 'extended', 'correction_due')
        AND CAST(s.trial_ends_on AS TEXT) < d.day"""
    yield from map(dict, session.execute(sa.text(asked)).mappings())


def missed_charges(session: Session) -> Iterator[Row]:
    """Subscriptions that were confirmed before the last charge run, with nothing in the way, and not charged in it."""
    asked = """SELECT s.id, s.trial_ends_on FROM subscription s JOIN period_done d ON d.centre_id = s.centre_id
        AND d.job = 'charge_run' AND d.period = (SELECT max(l.period) FROM period_done l
            WHERE l.job = 'charge_run' AND l.centre_id = s.centre_id)
        WHERE s.state = 'confirmed' AND CAST(s.trial_ends_on AS TEXT) < d.period
        AND (SELECT max(h.at) FROM state_change h WHERE h.subscription_id = s.id) < d.at
        AND NOT EXISTS (SELECT 1 FROM charge_hold b WHERE b.subscription_id = s.id)
        AND NOT EXISTS (SELECT 1 FROM campaign_version v WHERE v.id = s.campaign_version_id AND v.needs_reply)
        AND NOT EXISTS (SELECT 1 FROM confirmation c WHERE c.subscription_id = s.id AND c.result = 'passed'
            AND NOT EXISTS (SELECT 1 FROM recording r WHERE r.call_id = c.call_id AND r.valid
                AND r.matched_at < d.at))"""
    yield from map(dict, session.execute(sa.text(asked)).mappings())


CHECKS: dict[str, Callable[[Session], Iterator[Row]]] = {
    "script_text_changed": changed_scripts,
    "definition_changed": changed_definitions,
    "draw_not_repeatable": changed_draws,
    "period_skipped": skipped_periods,
    "draw_missed": missed_draws,
    "seed_missed": missed_seeds,
    "trial_end_missed": missed_trial_ends,
    "charge_missed": missed_charges,
}
