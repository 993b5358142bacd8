"""The demo centre: a fortnight of work, done by the real verbs on a simulated clock, ready to be looked at."""

import io
import logging
import shutil
import time as stopwatch
from collections.abc import Callable
from datetime import UTC, datetime, time, timedelta
from importlib.resources import files
from pathlib import Path
from random import Random
from zoneinfo import ZoneInfo

import click
import structlog
from ruamel.yaml import YAML
from sqlalchemy.engine import Engine
from sqlmodel import Session

from outbound import clock, complaints, migrating
from outbound.anchors import outings
from outbound.call_lists.importing import import_list
from outbound.call_lists.reading import open_list
from outbound.campaigns import verbs as campaigns
from outbound.campaigns.model import Campaign
from outbound.campaigns.opt_out_ends import earliest_ends, strictest
from outbound.db import transaction
from outbound.demo import accounts, cast, lists, quality, reviewing, scripting, shift
from outbound.demo.gateway import Gateway, carry
from outbound.errors import Refusal
from outbound.opt_outs import verbs as opt_outs
from outbound.opt_outs.lists import taking as opt_out_lists
from outbound.opt_outs.lists.columns import Given
from outbound.opt_outs.model import Category
from outbound.people import Role, Staff
from outbound.phones.model import Phone
from outbound.phones.vault import Vault, open_vault
from outbound.recordings.store import open_store
from outbound.settings import Settings
from outbound.subscriptions.model import SubscriptionState as S
from outbound.timetable.jobs import JOBS
from outbound.timetable.ledger import run_due

ZONE = "Asia/Shanghai"
SEED = 20261121
WORKING_DAYS = 10
MARKER = "demo-made"
"""Written last, so that a demo cut off while it was made is begun anew."""
PARTS = ("numbers.key", "recordings.key", "recordings", "lists", outings.FILE, "outbound.sqlite3")
"""What the demo centre consists of in its folder."""
LIST_SIZES = {"fz": (4200, 420), "xm": (700, 0)}
CALLS_A_DAY = {"fz": 12, "xm": 7}


class NotTheDemo(Refusal):
    """There is a database in {data} already that is no demo; choose another OUTBOUND_DATA for the demo."""

    zh = "{data} 中已有正式数据库，不是演示数据；请为演示另选 OUTBOUND_DATA。"


class DemoWantsSqlite(Refusal):
    """The demo makes its own SQLite database; unset OUTBOUND_DATABASE_URL."""

    zh = "演示使用自带的 SQLite 数据库，请取消设置 OUTBOUND_DATABASE_URL。"


def prepare(settings: Settings, *, fresh: bool, say: Callable[[str], None] = click.echo) -> None:
    """Make the demo centre where there is none, or anew; then say who may sign in."""
    if settings.database_url:
        raise DemoWantsSqlite
    data = settings.data.absolute()
    made = (data / MARKER).exists()
    if (data / "outbound.sqlite3").exists() and not made:
        raise NotTheDemo(data=data)
    if fresh or not made:
        began = stopwatch.monotonic()
        _make(settings, data, say)
        say(f"  {stopwatch.monotonic() - began:.0f} s")
    migrating.migrate_database(settings)
    _introduce(settings, say)


def _make(settings: Settings, data: Path, say: Callable[[str], None]) -> None:
    """Make everything in a folder beside, then put it in place: what was there stays until the new one is whole."""
    making = data / "demo-in-the-making"
    shutil.rmtree(making, ignore_errors=True)
    making.mkdir(parents=True)
    within = settings.model_copy(update={"data": making})
    engine = migrating.open_checked(within)
    migrating.upgrade(engine)
    # A fortnight of periods would bury the progress.
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    simulate(engine, within, now=clock.now(), say=say)
    outings.put_in_file(engine, making, now=clock.now())
    # The last connection that closes brings everything into the one file that is moved.
    engine.dispose()
    _put_in_place(making, data)


def _put_in_place(making: Path, data: Path) -> None:
    """Set the old centre aside, move the new one in, then drop the old one."""
    before = data / "demo-before"
    shutil.rmtree(before, ignore_errors=True)
    before.mkdir()
    for name in ("outbound.sqlite3-wal", "outbound.sqlite3-shm", *PARTS):
        if (data / name).exists():
            (data / name).rename(before / name)
    for name in PARTS:
        # Keys may come from settings, and recordings may be kept as they are.
        if (making / name).exists():
            (making / name).rename(data / name)
    (data / MARKER).write_text("")
    shutil.rmtree(making)
    shutil.rmtree(before)


def simulate(engine: Engine, settings: Settings, *, now: datetime, say: Callable[[str], None]) -> None:
    """Ten working days that end before today, and the nights between, up to `now`."""
    chance, serial = Random(SEED), [0]  # noqa: S311  # a play, not a secret
    days = working_days_before(now)
    vault, store, gateway = open_vault(settings.data), open_store(settings), Gateway()
    with transaction(engine) as session:
        company = cast.hire(session, now=_at(days[0] - timedelta(days=30), 9))
        _set_up(session, settings, company, chance, days)
    night = _at(days[0], 0, 1)
    for number, day in enumerate(days, start=1):
        night = _pass_nights(engine, vault, gateway, night, until=_at(day, 1))
        with transaction(engine) as session:
            stage = shift.Stage(session, vault, store, company, chance, serial, number == len(days))
            _day(stage, day, number)
        say(f"  {number}/{len(days)}  {day:%m-%d}")
    _pass_nights(engine, vault, gateway, night, until=now)
    with transaction(engine) as session:
        quality.answer_stops(session, company, now)


def working_days_before(now: datetime) -> list[datetime]:
    """The last ten Mondays to Fridays before today, as midnights in the centre's zone."""
    day = clock.local(now, ZONE).replace(hour=0, minute=0, second=0, microsecond=0)
    days: list[datetime] = []
    while len(days) < WORKING_DAYS:
        day -= timedelta(days=1)
        if day.weekday() < 5:
            days.insert(0, day)
    return days


def _at(day: datetime, hour: int, minute: int = 0) -> datetime:
    return datetime.combine(day.date(), time(hour, minute), ZoneInfo(ZONE)).astimezone(UTC)


def _pass_nights(engine: Engine, vault: Vault, gateway: Gateway, night: datetime, *, until: datetime) -> datetime:
    """Let the timetable run soon after each midnight, as it does on its own, and the notices leave."""
    while night <= until:
        run_due(engine, JOBS, now=night + timedelta(minutes=50))
        carry(engine, vault, gateway, now=night + timedelta(minutes=55))
        night += timedelta(days=1)
    return night


def _set_up(session: Session, settings: Settings, company: cast.Company, chance: Random, days: list[datetime]) -> None:
    before = _at(days[0] - timedelta(days=7), 10)
    for code, centre in company.centres.items():
        manager = company.holding(code, Role.MANAGER)[0]
        for name in scripting.SCRIPTS:
            scripting.approve(session, company, centre, name, before)
        for name, size in zip(("family-number-trial", "contract-renewal-retention"), LIST_SIZES[code], strict=True):
            if size:
                campaign = campaigns.create(session, centre, _definition(name, days), by=manager, now=before)
                # Who works on both campaigns takes the one whose list has waited longer: the renewals.
                came = before - timedelta(hours=2) if "renewal" in name else before
                _import(session, settings, campaign, lists.carrier_list(chance, size), by=manager, now=came)
                campaigns.open_(session, campaign, by=manager, now=_at(days[0], 8))


def _definition(name: str, days: list[datetime]) -> str:
    """A ready-made definition with the demo's dates, a trial that ends within the fortnight, and open hours."""
    yaml = YAML()
    yaml.width = 200
    definition = yaml.load(files("outbound.campaigns").joinpath("examples", f"{name}.yaml").read_text("utf-8"))
    definition["starts"], definition["ends"] = days[0].date(), (days[-1] + timedelta(days=90)).date()
    if definition["offer"]["trial_days"]:
        definition["offer"]["trial_days"] = 7
    else:
        definition["staff"] = ["agent4", "agent5", "verifier1", "verifier2"]
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
    import_list(session, open_vault(settings.data), campaign, (data, name), by=by, now=now + timedelta(hours=2))


def _day(stage: shift.Stage, day: datetime, number: int) -> None:
    quality.answer_stops(stage.session, stage.company, _at(day, 8, 50))
    for code, centre in stage.company.centres.items():
        shift.work_day(stage, code, _at(day, 9, 5), calls=CALLS_A_DAY[code])
        reviewing.review_day(stage, code, _at(day, 17), leave=1 if stage.last_day else 0)
        if stage.last_day:
            reviewing.find_a_fault(stage, code, _at(day, 17, 50))
        reviewing.answer_reviews(stage, code, _at(day, 19))
        quality.look_around(stage, code, _at(day, 15, 20))
        accounts.settle(stage, centre, _at(day, 18))
    if number == WORKING_DAYS // 2:
        quality.calibrate(stage, "fz", "首次校准", _at(day, 19, 40), marked=True)
    if number == WORKING_DAYS - 1:
        _take_regulators_list(stage, _at(day, 18))
        _hear_complaint(stage, _at(day, 18, 30))
    if stage.last_day:
        quality.answer_stops(stage.session, stage.company, _at(day, 19, 20))
        scripting.propose(stage, _at(day, 16))
        quality.calibrate(stage, "fz", "第二次校准", _at(day, 19, 40), marked=False)
        shift.ask_for_help(stage, "fz", _at(day, 19, 30))
        shift.leave_loose_ends(stage, "fz", _at(day, 20))


def _take_regulators_list(stage: shift.Stage, now: datetime) -> None:
    centre, clerk = stage.company.centres["fz"], stage.company.holding("fz", Role.CARE)[0]
    ends = earliest_ends(strictest(stage.session, centre.id), now)
    given = Given(earliest=ends, zone=centre.zone, category=Category.REGULATOR)
    listed = open_list(lists.regulators_list(), "谢绝来电名单-11月.csv")
    opt_out_lists.take_in(stage.session, stage.vault, listed, given, by=clerk, now=now, centre_id=centre.id)


def _hear_complaint(stage: shift.Stage, now: datetime) -> None:
    centre = stage.company.centres["fz"]
    clerk = stage.company.holding("fz", Role.CARE)[0]
    found = shift.living_subscription(stage.session, centre, {S.TRIAL, S.CONFIRMING, S.CONFIRMED})
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
    if other:
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


def _introduce(settings: Settings, say: Callable[[str], None]) -> None:
    say(f"\nhttp://{settings.host}:{settings.port}    密码 / password: {cast.PASSWORD}\n")
    for part in cast.CAST:
        say(f"  {part.login:14}{part.name:6}{', '.join(part.roles)}")
    say("")
