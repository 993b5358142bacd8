"""Campaigns, and every version of their definitions."""

from datetime import date, datetime
from enum import StrEnum
from typing import Any, ClassVar

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from outbound.db import UtcDateTime, append_only, choice, guard, table_of


class CampaignState(StrEnum):
    """Where a campaign is in its life."""

    DRAFT = "draft"
    OPEN = "open"
    PAUSED = "paused"
    CLOSED = "closed"


class Campaign(SQLModel, table=True):
    """A purpose, an offer, a script, lists, calling rules, staff, QA policy and dates, of one centre."""

    __tablename__ = "campaign"
    asked_often: ClassVar[bool] = True
    __table_args__ = (sa.UniqueConstraint("centre_id", "name"),)

    id: int | None = Field(default=None, primary_key=True)
    centre_id: int = Field(foreign_key="centre.id")
    name: str = Field(max_length=80)
    kind: str = Field(max_length=40, description="the purpose: telesales, retention, …")
    state: CampaignState = Field(default=CampaignState.DRAFT, sa_type=choice(CampaignState))
    version: int = Field(default=1, description="number of the definition in force")
    starts_on: date
    ends_on: date
    made_by_id: int | None = Field(default=None, foreign_key="staff.id")
    made_at: datetime = Field(sa_type=UtcDateTime)


class CampaignVersion(SQLModel, table=True):
    """A definition as it was written; what a customer was told points here and can never change."""

    __tablename__ = "campaign_version"
    asked_often: ClassVar[bool] = True
    __table_args__ = (sa.UniqueConstraint("campaign_id", "number"),)

    id: int | None = Field(default=None, primary_key=True)
    campaign_id: int = Field(foreign_key="campaign.id")
    number: int
    source: str = Field(sa_type=sa.Text, description="the YAML, byte for byte")
    document: dict[str, Any] = Field(sa_type=sa.JSON)
    needs_reply: bool = Field(
        default=False, description="whether a second confirmation needs the customer's SMS besides the call"
    )
    offer_since: datetime | None = Field(
        default=None,
        sa_type=UtcDateTime,
        description="when this offer took another one's place: scripts must be approved after that; none: the first",
    )
    by_id: int | None = Field(default=None, foreign_key="staff.id")
    at: datetime = Field(sa_type=UtcDateTime)


class CampaignStaff(SQLModel, table=True):
    """Who works on a campaign."""

    __tablename__ = "campaign_staff"

    campaign_id: int = Field(foreign_key="campaign.id", primary_key=True)
    staff_id: int = Field(foreign_key="staff.id", primary_key=True, index=True)


class StaffSkill(SQLModel, table=True):
    """What somebody is able to do, such as a dialect; campaigns may ask for it."""

    __tablename__ = "staff_skill"

    staff_id: int = Field(foreign_key="staff.id", primary_key=True)
    skill: str = Field(max_length=80, primary_key=True)


class CampaignRules(SQLModel, table=True):
    """By which version of the centre's own calling rules a definition is held, where it names such."""

    __tablename__ = "campaign_rules"
    asked_often: ClassVar[bool] = True

    campaign_version_id: int = Field(foreign_key="campaign_version.id", primary_key=True)
    rules_version_id: int = Field(foreign_key="own_rules_version.id", index=True)


append_only(table_of(CampaignVersion))
append_only(table_of(CampaignRules))
guard(
    table_of(CampaignRules),
    "campaign_rules_of_its_centre",
    when="BEFORE INSERT",
    refuse_if="""NOT EXISTS (SELECT 1 FROM campaign_version v JOIN campaign c ON c.id = v.campaign_id
        JOIN own_rules r ON r.centre_id = c.centre_id JOIN own_rules_version w ON w.rules_id = r.id
        WHERE v.id = NEW.campaign_version_id AND w.id = NEW.rules_version_id)""",
    saying="a campaign is held by its own centre's rules",
)
