"""Briefings: a new campaign, offer or script is read and acknowledged before anybody's first call of it.

Who has not read it is not handed its contacts, and the database takes no call of theirs with it.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

import sqlalchemy as sa
from sqlmodel import Field, Session, SQLModel, col, select
from sqlmodel.sql.expression import SelectOfScalar

from outbound import journal
from outbound.call_lists.model import Duty
from outbound.calls.model import Call
from outbound.campaigns import lookups
from outbound.campaigns.model import Campaign, CampaignState, CampaignVersion
from outbound.db import UtcDateTime, append_only, guard, table_of
from outbound.dialing.statements import Book
from outbound.dialing.terms import DUTIES, Asker, ground_of
from outbound.errors import DATABASE_REFUSALS, NotFound, Refusal
from outbound.people import Centre, Role, Staff, known, roles_of
from scripts.model import ScriptVersion


class BriefingUnread(Refusal):
    """What is said in this call is new to you; read it and say that you have, then dial."""

    zh = "这通电话有您还没有阅读的新内容，请先阅读并确认，再拨打。"


class BriefingOutdated(Refusal):
    """This has changed since you opened it; read it as it is now."""

    zh = "内容已经更新，请阅读最新内容后再确认。"


DATABASE_REFUSALS["the briefing is unread"] = BriefingUnread


class Novelty(StrEnum):
    """What is new to somebody."""

    CAMPAIGN = "campaign"
    OFFER = "offer"
    SCRIPT = "script"


class BriefingRead(SQLModel, table=True):
    """Somebody has read a campaign's offer and a script, as they were then."""

    __tablename__ = "briefing_read"
    __table_args__ = (sa.UniqueConstraint("staff_id", "script_version_id", "campaign_version_id"),)

    id: int | None = Field(default=None, primary_key=True)
    centre_id: int = Field(foreign_key="centre.id")
    campaign_id: int = Field(foreign_key="campaign.id", index=True)
    campaign_version_id: int = Field(foreign_key="campaign_version.id")
    script_version_id: int = Field(foreign_key="script_version.id")
    staff_id: int = Field(foreign_key="staff.id")
    at: datetime = Field(sa_type=UtcDateTime)


append_only(table_of(BriefingRead))
guard(
    table_of(Call),
    "call_after_briefing",
    when="BEFORE INSERT",
    refuse_if="""NOT EXISTS (SELECT 1 FROM briefing_read b JOIN campaign_version seen ON seen.id = b.campaign_version_id
        JOIN campaign_version told ON told.id = NEW.campaign_version_id
        WHERE b.staff_id = NEW.agent_id AND b.script_version_id = NEW.script_version_id
        AND b.campaign_id = NEW.campaign_id AND (seen.offer_since = told.offer_since
            OR (seen.offer_since IS NULL AND told.offer_since IS NULL)))""",
    saying="the briefing is unread",
)


@dataclass(frozen=True)
class Briefing:
    """What somebody has to read: a campaign's offer, and the script of some of its calls."""

    campaign: Campaign
    version: CampaignVersion
    script: ScriptVersion
    duties: tuple[Duty, ...]
    novelty: Novelty
    former_version: CampaignVersion | None = None
    """The campaign as they read it last."""
    former_script: ScriptVersion | None = None
    """The version of this script that they read last."""


@dataclass(frozen=True)
class Standing:
    """Who has read a briefing, with when, and who has not."""

    campaign: Campaign
    script: ScriptVersion
    duties: tuple[Duty, ...]
    read: tuple[tuple[Staff, datetime], ...]
    unread: tuple[Staff, ...]


def unread(session: Session, staff: Staff, *, roles: Collection[Role], now: datetime) -> list[Briefing]:
    """What somebody must read before they are handed a contact of it, by the campaign's name."""
    if staff.centre_id is None:
        return []
    session.flush()
    book, asker = Book(session.connection()), Asker(known(staff.id), frozenset(roles))
    ground = ground_of(book, [asker.staff_id], now=now)
    return [
        _briefing(session, staff, campaign.id, number, duties)
        for campaign, unread_duties in ground.unread(asker, staff.centre_id)
        for number, duties in _by_script(campaign.scripts, unread_duties)
    ]


def _by_script(scripts: Mapping[Duty, int], duties: Collection[Duty]) -> Iterator[tuple[int, tuple[Duty, ...]]]:
    for number in dict.fromkeys(scripts[duty] for duty in duties):
        yield number, tuple(duty for duty in duties if scripts[duty] == number)


def _briefing(session: Session, staff: Staff, campaign_id: int, script_id: int, duties: tuple[Duty, ...]) -> Briefing:
    campaign, script = session.get_one(Campaign, campaign_id), session.get_one(ScriptVersion, script_id)
    asked = (
        select(BriefingRead, ScriptVersion.script_id)
        .join(ScriptVersion, col(ScriptVersion.id) == col(BriefingRead.script_version_id))
        .where(BriefingRead.staff_id == staff.id, BriefingRead.campaign_id == campaign_id)
        .order_by(col(BriefingRead.id).desc())
    )
    past = session.exec(asked).all()
    same = next((read for read, of in past if of == script.script_id), None)
    before = past[0][0] if past else None
    return Briefing(
        campaign=campaign,
        version=lookups.in_force(session, campaign),
        script=script,
        duties=duties,
        novelty=_novelty(before, same, script),
        former_version=session.get_one(CampaignVersion, before.campaign_version_id) if before else None,
        former_script=session.get_one(ScriptVersion, same.script_version_id) if same else None,
    )


def _novelty(before: BriefingRead | None, same: BriefingRead | None, script: ScriptVersion) -> Novelty:
    if before is None:
        return Novelty.CAMPAIGN
    return Novelty.OFFER if same and same.script_version_id == script.id else Novelty.SCRIPT


def acknowledge(session: Session, campaign: Campaign, script: ScriptVersion, *, by: Staff, now: datetime) -> None:
    """`by` has read a campaign's offer and this script.

    Raises NotFound where they do not work on the campaign, BriefingOutdated where the script is not in force for it.
    """
    if not lookups.works_on(session, campaign, by):
        raise NotFound
    if not _duties_of(session, campaign, script):
        raise BriefingOutdated
    version = lookups.in_force(session, campaign)
    if has_read(session, version, script, by):
        return
    read = BriefingRead(
        centre_id=campaign.centre_id,
        campaign_id=known(campaign.id),
        campaign_version_id=known(version.id),
        script_version_id=known(script.id),
        staff_id=known(by.id),
        at=now,
    )
    session.add(read)
    session.flush()
    journal.record(session, "briefing.read", read, by=by, now=now, campaign=campaign.id, script_version=script.id)


def _duties_of(session: Session, campaign: Campaign, script: ScriptVersion) -> tuple[Duty, ...]:
    """The calls of a campaign in which this very version is read now."""
    in_force = {duty: lookups.script_in_force(session, campaign, duty) for duty in Duty}
    return tuple(duty for duty, version in in_force.items() if version and version.id == script.id)


def has_read(session: Session, version: CampaignVersion, script: ScriptVersion, staff: Staff) -> bool:
    """Whether somebody has read this script, and the offer of this version of a campaign."""
    asked = _reads(version, script).where(BriefingRead.staff_id == staff.id)
    return session.exec(asked.limit(1)).first() is not None


def _reads(version: CampaignVersion, script: ScriptVersion) -> SelectOfScalar[BriefingRead]:
    """Who has read a script with the offer of a version, whatever else was changed about the campaign."""
    return (
        select(BriefingRead)
        .join(CampaignVersion, col(CampaignVersion.id) == col(BriefingRead.campaign_version_id))
        .where(BriefingRead.campaign_id == version.campaign_id, BriefingRead.script_version_id == script.id)
        .where(col(CampaignVersion.offer_since).is_not_distinct_from(version.offer_since))
        .order_by(col(BriefingRead.id))
    )


def refuse_unread(session: Session, version: CampaignVersion, script: ScriptVersion, *, by: Staff) -> None:
    """Raise BriefingUnread where `by` has not read the offer of this version and this script."""
    if not has_read(session, version, script, by):
        raise BriefingUnread


def standings(session: Session, campaign: Campaign) -> list[Standing]:
    """For each script that is read in a campaign now: who of those who read it aloud has read the briefing."""
    if campaign.state in (CampaignState.DRAFT, CampaignState.CLOSED):
        return []
    in_force = {duty: lookups.script_in_force(session, campaign, duty) for duty in Duty}
    scripts = {version.id: version for version in in_force.values() if version}
    people = [(worker, roles_of(session, worker)) for worker in lookups.staff_of(session, campaign)]
    return [_standing(session, campaign, script, people) for script in scripts.values()]


def _standing(
    session: Session, campaign: Campaign, script: ScriptVersion, people: list[tuple[Staff, frozenset[Role]]]
) -> Standing:
    duties = _duties_of(session, campaign, script)
    callers = [staff for staff, roles in people if any(set(DUTIES.get(role, ())) & set(duties) for role in roles)]
    version = lookups.in_force(session, campaign)
    read = {each.staff_id: each.at for each in session.exec(_reads(version, script))}
    return Standing(
        campaign,
        script,
        duties,
        tuple((staff, read[known(staff.id)]) for staff in callers if staff.id in read),
        tuple(staff for staff in callers if staff.id not in read),
    )


def standings_at(session: Session, centre: Centre) -> list[Standing]:
    """The briefings of every campaign of a centre that calls, by the campaign's name."""
    asked = select(Campaign).where(Campaign.centre_id == centre.id).order_by(Campaign.name)
    return [standing for campaign in session.exec(asked).all() for standing in standings(session, campaign)]
