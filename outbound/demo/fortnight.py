"""A fortnight in two centres, lived through by the real verbs on a simulated clock with seeded chance."""

import io
from collections.abc import Callable
from datetime import datetime, timedelta
from importlib.resources import files
from random import Random

from ruamel.yaml import YAML
from sqlalchemy.engine import Engine
from sqlmodel import Session

from outbound import clock, complaints
from outbound.call_lists.importing import import_list
from outbound.call_lists.reading import open_list
from outbound.campaigns import verbs as campaigns
from outbound.campaigns.model import Campaign
from outbound.campaigns.opt_out_ends import earliest_ends, strictest
from outbound.db import transaction
from outbound.demo import accounts, cast, house_rules, lists, quality, reviewing, scripting, shift
from outbound.demo.gateway import Gateway
from outbound.demo.nights import at, pass_nights
from outbound.demo.stage import Stage
from outbound.opt_outs import verbs as opt_outs
from outbound.opt_outs.lists import taking as opt_out_lists
from outbound.opt_outs.lists.columns import Given
from outbound.opt_outs.model import Category
from outbound.people import Centre, Role, Staff
from outbound.phones.model import Phone
from outbound.phones.vault import open_vault
from outbound.recordings.store import open_store
from outbound.settings import Settings
from outbound.subscriptions.model import SubscriptionState as S
from outbound.timetable.jobs import JOBS
from scripts.language import library

SEED = 20261121
WORKING_DAYS = 10
CALLS_A_DAY = {"fz": 10, "xm": 7}
LISTS: dict[str, dict[str, int]] = {
    "fz": {"family-number-trial": 4200, "contract-renewal-retention": 420, "other-network-survey": 60},
    "xm": {"family-number-trial": 700},
}
"""The campaigns of each centre, and how many rows their lists have."""
STAFF = {
    "contract-renewal-retention": ["agent4", "agent5", "verifier1", "verifier2"],
    "other-network-survey": ["agent3"],
}
"""Who works on a campaign that is not everybody's."""
LED = {"contract-renewal-retention": timedelta(hours=2), "other-network-survey": timedelta(hours=3)}
"""Who works on several campaigns takes the one whose list has waited longest: by so much these came before."""


def live_through(engine: Engine, settings: Settings, *, now: datetime, say: Callable[[str], None]) -> None:
    """Ten working days that end before today, and the nights between, up to `now`."""
    chance, serial = Random(SEED), [0]  # noqa: S311  # a play, not a secret
    days = working_days_before(now)
    vault, store, gateway = open_vault(settings.data), open_store(settings), Gateway()
    with transaction(engine) as session:
        company = cast.hire(session, now=at(days[0] - timedelta(days=30), 9))
        _set_up(session, settings, company, chance, days)
    night = at(days[0], 0, 1)
    for number, day in enumerate(days, start=1):
        night = pass_nights(engine, vault, gateway, night, until=at(day, 1), jobs=JOBS)
        with transaction(engine) as session:
            _day(Stage(session, vault, store, company, chance, serial, True, number, len(days)), day)
        say(f"  {number}/{len(days)}  {day:%m-%d}")
    pass_nights(engine, vault, gateway, night, until=now, jobs=JOBS)
    with transaction(engine) as session:
        quality.answer_stops(session, company, now)


def working_days_before(now: datetime) -> list[datetime]:
    """The last ten Mondays to Fridays before today, as midnights in the centre's zone."""
    day = clock.local(now, cast.ZONE).replace(hour=0, minute=0, second=0, microsecond=0)
    days: list[datetime] = []
    while len(days) < WORKING_DAYS:
        day -= timedelta(days=1)
        if day.weekday() < 5:
            days.insert(0, day)
    return days


def _set_up(session: Session, settings: Settings, company: cast.Company, chance: Random, days: list[datetime]) -> None:
    before = at(days[0] - timedelta(days=7), 10)
    for code, centre in company.centres.items():
        manager = company.holding(code, Role.MANAGER)[0]
        for name in scripting.SCRIPTS:
            scripting.approve(session, company, centre, library()[name], before)
        if code == house_rules.CENTRE:
            house_rules.write(session, centre, by=manager, now=before)
        for name, size in LISTS[code].items():
            campaign = campaigns.create(session, centre, _definition(name, days), by=manager, now=before)
            came = before - LED.get(name, timedelta(0))
            _import(session, settings, campaign, lists.carrier_list(chance, size), by=manager, now=came)
            campaigns.open_(session, campaign, by=manager, now=at(days[0], 8))


def _definition(name: str, days: list[datetime]) -> str:
    """A ready-made definition with the demo's dates, a trial that ends within the fortnight, and open hours."""
    yaml = YAML()
    yaml.width = 200
    folder = (
        files("outbound.demo").joinpath("definitions")
        if "survey" in name
        else files("outbound.campaigns").joinpath("examples")
    )
    definition = yaml.load(folder.joinpath(f"{name}.yaml").read_text("utf-8"))
    definition["starts"], definition["ends"] = days[0].date(), (days[-1] + timedelta(days=90)).date()
    if definition.get("offer", {}).get("trial_days"):
        definition["offer"]["trial_days"] = 7
    if name in STAFF:
        definition["staff"] = STAFF[name]
    if name == house_rules.CAMPAIGN:
        definition["calling"]["profile"] = house_rules.NAME
    # 仅供演示: so that calls can be tried at any hour of the day.
    definition["calling"].setdefault("overrides", {})["windows"] = {"every_day": ["00:00-24:00"]}
    out = io.StringIO()
    yaml.dump(definition, out)
    return out.getvalue()


def _import(session: Session, settings: Settings, campaign: Campaign, data: bytes, *, by: Staff, now: datetime) -> None:
    folder = settings.data / "lists"
    folder.mkdir(exist_ok=True)
    name = f"{by.login}-{campaign.kind}.csv"
    (folder / name).write_bytes(data)
    import_list(session, open_vault(settings.data), campaign, (data, name), by=by, now=now + timedelta(hours=4))


def _day(stage: Stage, day: datetime) -> None:
    quality.answer_stops(stage.session, stage.company, at(day, 8, 50))
    for code, centre in stage.company.centres.items():
        shift.work_day(stage, code, at(day, 9, 5), calls=CALLS_A_DAY[code])
        reviewing.review_day(stage, code, at(day, 17), leave=1 if stage.last_day else 0)
        if stage.last_day or stage.day == WORKING_DAYS // 2 + 1:
            reviewing.find_a_fault(stage, code, at(day, 17, 50))
        reviewing.answer_reviews(stage, code, at(day, 19))
        quality.look_around(stage, code, at(day, 15, 20))
        accounts.settle(stage, centre, at(day, 18))
    if stage.day == WORKING_DAYS // 2:
        quality.calibrate(stage, "fz", "首次校准", at(day, 19, 40), marked=True)
        manager = stage.company.holding(house_rules.CENTRE, Role.MANAGER)[0]
        centre = stage.company.centres[house_rules.CENTRE]
        house_rules.revise(stage.session, centre, by=manager, now=at(day, 18, 30))
    if stage.day == WORKING_DAYS - 1:
        _take_regulators_list(stage, at(day, 18))
    if stage.last_day:
        _last_evening(stage, day)


def _last_evening(stage: Stage, day: datetime) -> None:
    for code, centre in stage.company.centres.items():
        _hear_complaint(stage, centre, at(day, 18, 30))
        shift.ask_for_help(stage, code, at(day, 19, 30))
        shift.leave_loose_ends(stage, code, at(day, 20))
    quality.answer_stops(stage.session, stage.company, at(day, 19, 20))
    scripting.propose(stage, at(day, 16))
    quality.calibrate(stage, "fz", "第二次校准", at(day, 19, 40), marked=False)


def _take_regulators_list(stage: Stage, now: datetime) -> None:
    centre, clerk = stage.company.centres["fz"], stage.company.holding("fz", Role.CARE)[0]
    ends = earliest_ends(strictest(stage.session, centre.id), now)
    given = Given(earliest=ends, zone=centre.zone, category=Category.REGULATOR)
    listed = open_list(lists.regulators_list(), "谢绝来电名单-11月.csv")
    opt_out_lists.take_in(stage.session, stage.vault, listed, given, by=clerk, now=now, centre_id=centre.id)


def _hear_complaint(stage: Stage, centre: Centre, now: datetime) -> None:
    """Somebody who confirmed complains, so that the charge is held; somebody on trial wants to hear no more."""
    clerk = stage.company.holding(centre.code, Role.CARE)[0]
    found = shift.living_subscription(stage.session, centre, {S.CONFIRMED}) or shift.living_subscription(
        stage.session, centre, {S.TRIAL, S.CONFIRMING}
    )
    if found:
        subscription, _ = found
        complaints.take(
            stage.session,
            centre,
            stage.session.get_one(Phone, subscription.phone_id),
            grievance=complaints.Grievance.NEVER_ORDERED,
            said="客户称从未办理过该业务，要求说明并取消。",
            subscription=subscription,
            by=clerk,
            now=now,
        )
    other = shift.living_subscription(stage.session, centre, {S.TRIAL})
    if other and (found is None or other[0] is not found[0]):
        phone = stage.session.get_one(Phone, other[1].phone_id)
        opt_outs.block(
            stage.session,
            phone,
            category=Category.COMPLAINT,
            source="care",
            reason="客户来电要求不再外呼",
            centre_id=centre.id,
            by=clerk,
            now=now,
        )
