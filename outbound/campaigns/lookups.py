"""What a campaign says at this moment: its definition, its people, its scripts."""

from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache

import sqlalchemy as sa
from sqlmodel import Session, col, select

from outbound import clock
from outbound.call_lists.model import Duty
from outbound.calling_rules.profiles import PROFILES
from outbound.campaigns import pinning
from outbound.campaigns.definition import Definition, read_definition
from outbound.campaigns.model import Campaign, CampaignStaff, CampaignVersion, StaffSkill
from outbound.people import Centre, Role, Staff, StaffRole, known
from scripts import approval
from scripts.model import ScriptVersion

WORKING = (Role.AGENT, Role.VERIFIER)
"""The roles in which somebody works on a campaign."""


def find(session: Session, centre_id: int, name: str) -> Campaign | None:
    """The campaign of that name at a centre."""
    return session.exec(select(Campaign).where(Campaign.centre_id == centre_id, Campaign.name == name)).first()


def in_force(session: Session, campaign: Campaign) -> CampaignVersion:
    """The version of the definition that counts now."""
    for held in session.info.get("held", {}).values():
        if isinstance(held, CampaignVersion) and (held.campaign_id, held.number) == (campaign.id, campaign.version):
            return held
    same = CampaignVersion.campaign_id == campaign.id
    return session.exec(select(CampaignVersion).where(same, CampaignVersion.number == campaign.version)).one()


def versions(session: Session, campaign: Campaign) -> list[CampaignVersion]:
    """Every version of the definition, the oldest first."""
    asked = select(CampaignVersion).where(CampaignVersion.campaign_id == campaign.id)
    return list(session.exec(asked.order_by(col(CampaignVersion.number))).all())


def definition_of(session: Session, campaign: Campaign) -> Definition:
    """The definition that counts now."""
    return definition_in(in_force(session, campaign))


def definition_in(version: CampaignVersion) -> Definition:
    """The definition as a version holds it, under the calling rules that it pins."""
    return definition_written(version.source, rules_text(version))


def rules_text(version: CampaignVersion) -> str:
    """The text of the centre's own rules by which a version is held; empty where it names shipped ones."""
    if definition_written(version.source).calling.profile in PROFILES:
        return ""
    rules = pinning.pinned(version)
    return rules.text if rules else ""


def definition_written(source: str, rules: str = "") -> Definition:
    """The definition that a version's text says, read once; under the text of own rules where it names such."""
    return _read_under(source, rules) if rules else _read(source)


# By the text, not by the row: a text never changes, and two databases in one process have the same row numbers.
@lru_cache(maxsize=256)
def _read(source: str) -> Definition:
    return read_definition(source)


@lru_cache(maxsize=256)
def _read_under(source: str, rules: str) -> Definition:
    return _read(source).under(rules)


def offer_changed_at(session: Session, campaign: Campaign) -> datetime | None:
    """When the offer was last changed; None where it is still the first one."""
    return in_force(session, campaign).offer_since


def named(session: Session, centre_id: int, definition: Definition) -> list[Staff]:
    """Who of the centre's agents and verifiers a definition means, by login."""
    works = sa.exists().where(col(StaffRole.staff_id) == col(Staff.id), col(StaffRole.role).in_(WORKING))
    asked = select(Staff).where(Staff.centre_id == centre_id, col(Staff.left_at).is_(None), works)
    if definition.staff:
        asked = asked.where(col(Staff.login).in_(definition.staff))
    if definition.skills:
        asked = asked.where(_able(definition.skills))
    return list(session.exec(asked.order_by(Staff.login)).all())


def _able(skills: Sequence[str]) -> sa.ColumnElement[bool]:
    """Whether somebody has every skill, or confirms and so needs none."""
    verifies = sa.exists().where(col(StaffRole.staff_id) == col(Staff.id), col(StaffRole.role) == Role.VERIFIER)
    has = (
        sa.exists().where(col(StaffSkill.staff_id) == col(Staff.id), col(StaffSkill.skill) == skill) for skill in skills
    )
    return sa.or_(verifies, sa.and_(*has))


def staff_of(session: Session, campaign: Campaign) -> list[Staff]:
    """Who works on a campaign today, by login: those it names, or every agent and verifier of its centre."""
    return named(session, campaign.centre_id, definition_of(session, campaign))


def staff_ids(session: Session, campaign: Campaign) -> frozenset[int]:
    """The numbers of those who work on a campaign today."""
    return frozenset(known(worker.id) for worker in staff_of(session, campaign))


def works_on(session: Session, campaign: Campaign, staff: Staff) -> bool:
    """Whether somebody works on a campaign."""
    return staff.id in staff_ids(session, campaign)


def is_within_dates(session: Session, campaign: Campaign, *, now: datetime) -> bool:
    """Whether today, in the centre's zone, is one of the days on which a campaign calls."""
    today = clock.local_day(now, session.get_one(Centre, campaign.centre_id).zone)
    return campaign.starts_on <= today <= campaign.ends_on


def campaigns_of(session: Session, staff: Staff) -> list[Campaign]:
    """The campaigns of their centre that somebody may work on, by name: those that name them, or nobody."""
    rows = sa.exists().where(col(CampaignStaff.campaign_id) == col(Campaign.id))
    allowed = sa.or_(~rows, rows.where(col(CampaignStaff.staff_id) == staff.id))
    asked = select(Campaign).where(Campaign.centre_id == staff.centre_id, allowed)
    return list(session.exec(asked.order_by(Campaign.name)).all())


def script_name(definition: Definition, duty: Duty) -> str | None:
    """The name of the script that is read for a duty; None where the campaign has none."""
    scripts = definition.scripts
    return {Duty.CONFIRMATION: scripts.confirmation, Duty.CORRECTION: scripts.correction}.get(duty, scripts.pitch)


def script_in_force(session: Session, campaign: Campaign, duty: Duty) -> ScriptVersion | None:
    """The script version that is to be read now for a duty, if it is approved."""
    name = script_name(definition_of(session, campaign), duty)
    return approval.in_force(session, campaign.centre_id, name) if name else None
