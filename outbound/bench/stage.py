"""A centre made to be measured: one open campaign, agents who can sign in, and a list of any length."""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from importlib.resources import files

from argon2 import PasswordHasher
from ruamel.yaml import YAML
from sqlalchemy.engine import Engine
from sqlmodel import Session

from outbound import briefings, people
from outbound.bench import waiting_list
from outbound.briefings import BriefingRead
from outbound.call_lists.model import CallList
from outbound.campaigns import lookups
from outbound.campaigns import verbs as campaigns
from outbound.campaigns.model import Campaign
from outbound.clock import local
from outbound.db import transaction
from outbound.people import Centre, Role, Staff, StaffRole, known
from outbound.phones.vault import Vault
from outbound.phones.zones import group_of
from scripts import approval

PASSWORD = "outbound-bench"  # noqa: S105  # of a database that is thrown away
ZONE, ELSEWHERE = "Asia/Shanghai", "America/New_York"
SCRIPTS = ("family-number-pitch", "family-number-confirmation", "family-number-correction")


@dataclass(frozen=True)
class Plan:
    """What is put in place; `hostile`: half the list in a closed zone, the two highest priorities not yet due."""

    agents: int
    contacts: int
    hostile: bool


def set_up(engine: Engine, vault: Vault, plan: Plan, *, now: datetime) -> list[str]:
    """Everything that a shift needs; the agents' sign-in names."""
    with transaction(engine) as session:
        _, logins = open_campaign(session, plan, now=now)
        zones, closed = group_of(session, ZONE), group_of(session, ELSEWHERE)
    number = "+8613800138000"
    of_one = {"sealed": vault.seal(number), "digest": vault.digest(number)}
    listed = waiting_list.Waiting(plan.contacts, plan.hostile, zones, closed, **of_one)
    waiting_list.fill(engine, listed, now=now)
    return logins


def open_campaign(session: Session, plan: Plan, *, now: datetime) -> tuple[Campaign, list[str]]:
    """An open campaign with its list, on which nobody is yet, and its agents; the agents' sign-in names."""
    centre = people.open_centre(session, "bench", name="测试中心", now=now)
    manager = _hire(session, centre, "manager", Role.MANAGER, now)
    _hire(session, centre, "verifier", Role.VERIFIER, now)
    approvers = [_hire(session, None, role.value, role, now) for role in (Role.BUSINESS_SUPPORT, Role.CARRIER)]
    logins = [f"agent{number}" for number in range(1, plan.agents + 1)]
    hire_many(session, centre, logins, Role.AGENT, now=now)
    for name in SCRIPTS:
        text = files("scripts.library").joinpath(f"{name}.yaml").read_text("utf-8")
        version = approval.write(session, centre, text, by=manager, now=now)
        approval.submit(session, version, by=manager, now=now)
        for approver in approvers:
            approval.approve(session, version, by=approver, now=now)
    campaign = campaigns.create(session, centre, _definition(now), by=manager, now=now)
    session.add(_list(campaign, plan, now))
    session.flush()
    campaigns.open_(session, campaign, by=manager, now=now)
    brief(session, campaign, now=now)
    return campaign, logins


def brief(session: Session, campaign: Campaign, *, now: datetime) -> None:
    """Everybody has read what is new: rows for many at once, as the verb would write them one by one."""
    version = lookups.in_force(session, campaign)
    session.add_all(
        BriefingRead(
            centre_id=campaign.centre_id,
            campaign_id=version.campaign_id,
            campaign_version_id=known(version.id),
            script_version_id=known(standing.script.id),
            staff_id=known(person.id),
            at=now,
        )
        for standing in briefings.standings(session, campaign)
        for person in standing.unread
    )


def _hire(session: Session, centre: Centre | None, login: str, role: Role, now: datetime) -> Staff:
    return people.add_staff(
        session,
        centre=centre,
        login=login,
        name=login,
        number="6001",
        password=PASSWORD,
        roles=[role],
        by=None,
        now=now,
    )


def hire_many(session: Session, centre: Centre, logins: Sequence[str], role: Role, *, now: datetime) -> None:
    """Many who sign in with PASSWORD, checked at little cost: what is measured begins when they sit at their desks."""
    cheap = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)
    many = [
        Staff(centre_id=centre.id, login=login, name=login, number="6001", password_hash=cheap, added_at=now)
        for login in logins
    ]
    session.add_all(many)
    session.flush()
    session.add_all(StaffRole(staff_id=known(one.id), role=role) for one in many)


def _definition(now: datetime) -> str:
    """A ready-made definition that calls from two hours ago for eight hours: by night elsewhere."""
    yaml = YAML()
    yaml.width = 200
    definition = yaml.load(files("outbound.campaigns").joinpath("examples", "family-number-trial.yaml").read_text())
    here = local(now, ZONE)
    definition["starts"], definition["ends"] = here.date() - timedelta(days=1), here.date() + timedelta(days=90)
    least, most = max(0, here.hour - 2), min(24, here.hour + 6)
    overrides = definition["calling"].setdefault("overrides", {})
    overrides["windows"] = {"every_day": [f"{least:02d}:00-{most:02d}:00"]}
    out = io.StringIO()
    yaml.dump(definition, out)
    return out.getvalue()


def _list(campaign: Campaign, plan: Plan, now: datetime) -> CallList:
    return CallList(
        centre_id=campaign.centre_id,
        campaign_id=known(campaign.id),
        name="bench.csv",
        sha256="0" * 64,
        at=now,
        published_at=now,
        rows=plan.contacts,
        accepted=plan.contacts,
    )
