"""Days of a centre that has not opened yet, lived through by the real verbs: the demo's machinery with another cast."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from random import Random
from typing import Any

from sqlalchemy.engine import Engine
from sqlmodel import Session, select

from outbound import attendance
from outbound.attendance import Stance
from outbound.call_lists.importing import import_list
from outbound.call_lists.model import Duty
from outbound.campaigns import verbs as campaigns
from outbound.campaigns.model import Campaign
from outbound.db import transaction
from outbound.demo import cast, lists, quality, reviewing, scripting, shift
from outbound.demo.calling import one_call
from outbound.demo.chances import CHANCES, COLD
from outbound.demo.gateway import Gateway
from outbound.demo.nights import at, pass_nights
from outbound.demo.stage import Pace, Stage
from outbound.dialing.tally import tally
from outbound.errors import Refusal
from outbound.overview.why import tally_told
from outbound.people import Centre, Role, Staff
from outbound.phones.vault import open_vault
from outbound.recordings.store import open_store
from outbound.settings import Settings
from outbound.simulation import figures
from outbound.simulation.plan import CENTRE, Plan
from outbound.timetable.jobs import JOBS, promise_seeds
from outbound.timetable.ledger import Job

PACE = Pace(wait=timedelta(minutes=10), wrap_up=(15, 45), rest=(5, 20))
ANSWERS = {**CHANCES, Duty.PITCH: COLD}
OPENS, MEAL, CLOSES = (9, 5), (12, 0), (18, 0)
CALLING = (Role.AGENT, Role.VERIFIER)


class DatabaseInUse(Refusal):
    """There is a centre in this database already; a simulation takes an empty one, or none: leave --database out."""

    zh = "该数据库中已有外呼中心的数据。模拟只能用空数据库；也可以不写 --database，使用临时数据库。"


@dataclass
class _Caller:
    """Somebody who calls, and when they are free for the next call."""

    staff: Staff
    role: Role
    free_at: datetime
    has_eaten: bool = False


def simulate(engine: Engine, settings: Settings, plan: Plan, *, say: Callable[[str], None]) -> dict[str, Any]:
    """Live through the days of a plan in an empty database, which is filled; the figures as plain values.

    Raises DatabaseInUse, ScriptNotAtHand, and DocumentFaulty for a definition or a script with faults.
    """
    texts, chance, days = plan.scripts(), Random(plan.seed), plan.working_days  # noqa: S311  # a play, not a secret
    vault, store, gateway, jobs = open_vault(settings.data), open_store(settings), Gateway(), _jobs_of(plan)
    with transaction(engine) as session:
        _refuse_rows(session)
        company = cast.hire(session, parts=plan.cast(), open_=[CENTRE], now=at(days[0] - timedelta(days=30), 9))
        campaign = _open(session, settings, company, plan, texts, chance)
    night, serial = at(days[0], 0, 1), [0]
    held: dict[str, Any] = {}
    for number, day in enumerate(days, start=1):
        night = pass_nights(engine, vault, gateway, night, until=at(day, 1), jobs=jobs)
        with transaction(engine) as session:
            stage = Stage(session, vault, store, company, chance, serial, pace=PACE, chances=ANSWERS)
            _day(stage, day)
            held = tally_told(campaign.name, tally(session, campaign, now=at(day, *CLOSES)))
        say(f"{day:%Y-%m-%d}  {number}/{len(days)}")
    pass_nights(engine, vault, gateway, night, until=plan.until, jobs=jobs)
    with transaction(engine) as session:
        return figures.told(session, plan, campaign, held)


def _refuse_rows(session: Session) -> None:
    if session.exec(select(Centre).limit(1)).first():
        raise DatabaseInUse


def _jobs_of(plan: Plan) -> tuple[Job, ...]:
    """The timetable, with draws whose seeds hang on the plan's: outside a simulation they are nobody's choice."""
    chance = Random(plan.seed)  # noqa: S311
    promise = partial(promise_seeds, new=lambda: chance.randbytes(32).hex())
    return tuple(replace(job, effect=promise) if job.effect is promise_seeds else job for job in JOBS)


def _open(
    session: Session, settings: Settings, company: cast.Company, plan: Plan, texts: list[str], chance: Random
) -> Campaign:
    """The campaign with its scripts and its list, opened on the first morning."""
    centre, first = company.centres[CENTRE[0]], plan.working_days[0]
    manager = company.holding(CENTRE[0], Role.MANAGER)[0]
    before = at(first - timedelta(days=7), 10)
    for text in texts:
        scripting.approve(session, company, centre, text, before)
    campaign = campaigns.create(session, centre, plan.written(), by=manager, now=before)
    rows = lists.carrier_list(chance, plan.contacts, faults=False)
    came = at(first - timedelta(days=1), 10)
    import_list(session, open_vault(settings.data), campaign, (rows, "simulated.csv"), by=manager, now=came)
    campaigns.open_(session, campaign, by=manager, now=at(first, 8))
    return campaign


def _day(stage: Stage, day: datetime) -> None:
    quality.answer_stops(stage.session, stage.company, at(day, 8, 50))
    _work(stage, day)
    reviewing.review_day(stage, CENTRE[0], at(day, 18, 5))
    reviewing.answer_reviews(stage, CENTRE[0], at(day, 19))


def _work(stage: Stage, day: datetime) -> None:
    """Whoever is free first calls first, from morning to evening."""
    opens, noon, closes = (at(day, *hour) for hour in (OPENS, MEAL, CLOSES))
    callers = [_Caller(staff, role, opens) for role in CALLING for staff in stage.company.holding(CENTRE[0], role)]
    for caller in callers:
        shift.read_what_is_new(stage, caller.staff, {caller.role}, opens)
        attendance.enter(stage.session, caller.staff, Stance.READY, now=opens)
    while (caller := min(callers, key=lambda each: each.free_at)).free_at < closes:
        attendance.stayed(stage.session, caller.staff, until=caller.free_at)
        if caller.free_at >= noon and not caller.has_eaten:
            caller.free_at, caller.has_eaten = shift.eat(stage, caller.staff, caller.free_at), True
        else:
            caller.free_at = one_call(stage, caller.staff, {caller.role}, caller.free_at)
    for caller in callers:
        attendance.stayed(stage.session, caller.staff, until=caller.free_at)
        attendance.leave(stage.session, caller.staff, now=caller.free_at)
