"""A centre made to be measured: one open campaign, agents who can sign in, and a list of any length."""

import io
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from importlib.resources import files
from random import Random
from typing import Any

from ruamel.yaml import YAML
from sqlalchemy.engine import Engine
from sqlmodel import Session

from outbound import people
from outbound.call_lists import bulk
from outbound.call_lists.model import CallList, Contact, Duty
from outbound.campaigns import verbs as campaigns
from outbound.campaigns.model import Campaign
from outbound.clock import local
from outbound.db import table_of, transaction
from outbound.people import Centre, Role, Staff, known
from outbound.phones.model import Phone
from outbound.phones.vault import Vault
from outbound.phones.zones import group_of
from scripts import approval

PASSWORD = "outbound-bench"  # noqa: S105  # of a database that is thrown away
ZONE, ELSEWHERE = "Asia/Shanghai", "America/New_York"
SCRIPTS = ("family-number-pitch", "family-number-confirmation", "family-number-correction")
ROWS_AT_ONCE = 50_000


@dataclass(frozen=True)
class Plan:
    """What is put in place; `hostile`: half the list in a closed zone, the two highest priorities not yet due."""

    agents: int
    contacts: int
    hostile: bool


def set_up(engine: Engine, vault: Vault, plan: Plan, *, now: datetime) -> list[str]:
    """Everything that a shift needs; the agents' sign-in names."""
    with transaction(engine) as session:
        campaign, logins = open_campaign(session, plan, now=now)
    _fill(engine, vault, campaign, plan, now=now)
    return logins


def open_campaign(session: Session, plan: Plan, *, now: datetime) -> tuple[Campaign, list[str]]:
    """An open campaign with its list, on which nobody is yet, and its agents; the agents' sign-in names."""
    centre = people.open_centre(session, "bench", name="测试中心", now=now)
    manager = _hire(session, centre, "manager", Role.MANAGER, now)
    _hire(session, centre, "verifier", Role.VERIFIER, now)
    approvers = [_hire(session, None, role.value, role, now) for role in (Role.BUSINESS_SUPPORT, Role.CARRIER)]
    logins = [f"agent{number}" for number in range(1, plan.agents + 1)]
    for login in logins:
        _hire(session, centre, login, Role.AGENT, now)
    for name in SCRIPTS:
        text = files("scripts.library").joinpath(f"{name}.yaml").read_text("utf-8")
        version = approval.write(session, centre, text, by=manager, now=now)
        approval.submit(session, version, by=manager, now=now)
        for approver in approvers:
            approval.approve(session, version, by=approver, now=now)
    campaign = campaigns.create(session, centre, _definition(now), by=manager, now=now)
    session.add(_list(campaign, plan, now))
    session.flush()
    return campaigns.open_(session, campaign, by=manager, now=now), logins


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


def _fill(engine: Engine, vault: Vault, campaign: Campaign, plan: Plan, *, now: datetime) -> None:
    for begin in range(0, plan.contacts, ROWS_AT_ONCE):
        with transaction(engine) as session:
            rows = range(begin, min(begin + ROWS_AT_ONCE, plan.contacts))
            groups = {zone: group_of(session, zone) for zone in (ZONE, ELSEWHERE)}
            phones = bulk.next_ids(session, table_of(Phone), len(rows))
            _insert(session, Phone, _phones(vault, plan, rows, phones, now))
            _insert(session, Contact, _contacts(campaign, plan, rows, phones, groups, now))


def _zone(plan: Plan, row: int) -> str:
    return ELSEWHERE if plan.hostile and row % 2 else ZONE


def _phones(vault: Vault, plan: Plan, rows: range, ids: list[int], now: datetime) -> Iterator[dict[str, Any]]:
    numbers = [f"+86138{row:08d}" for row in rows]
    kept = zip(rows, ids, vault.digest_many(numbers), vault.seal_many(numbers), strict=True)
    for row, number, digest, sealed in kept:
        facts = {"id": number, "digest": digest, "sealed": sealed, "region": "CN", "zones": _zone(plan, row)}
        yield {**facts, "version": 0, "added_at": now}


def _contacts(
    campaign: Campaign, plan: Plan, rows: range, phones: list[int], groups: dict[str, int], now: datetime
) -> Iterator[dict[str, Any]]:
    chance = Random(rows.start)  # noqa: S311  # a list, not a secret
    for row, phone in zip(rows, phones, strict=True):
        priority = chance.randrange(5)
        later = plan.hostile and priority >= 3
        yield {
            "centre_id": campaign.centre_id,
            "campaign_id": campaign.id,
            "call_list_id": 1,
            "phone_id": phone,
            "zone_group_id": groups[_zone(plan, row)],
            "name": "王秀英",
            "attributes": {"地市": "福州", "套餐": "畅享58"},
            "state": "queued",
            "duty": Duty.PITCH.value,
            "priority": priority,
            "due_at": now + timedelta(days=1) if later else now - timedelta(hours=chance.randrange(1, 100)),
            "callback": False,
            "attempts": 0,
            "epoch": 0,
            "closed_why": "",
        }


def _insert(session: Session, model: type[Any], rows: Iterator[dict[str, Any]]) -> None:
    table, kept = table_of(model), list(rows)
    columns = list(kept[0])
    bound = [tuple(bulk.stored(session, table.c[name], row[name]) for name in columns) for row in kept]
    bulk.insert(session, table, columns, bound)
