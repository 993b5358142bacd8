"""Why not dialled: what holds a number or a campaign back now, and when it will be free."""

from datetime import datetime
from typing import Any

from flask import g
from pydantic import BaseModel, Field

from outbound.campaigns.model import Campaign
from outbound.dialing.tally import tally
from outbound.overview.why import number_told, phone_typed, tally_told
from web.api.blueprint import bp, vault
from web.guard import allows, mine


class NumberAsked(BaseModel):
    """The number stands in the body, never in an address."""

    number: str = Field(min_length=1, max_length=40)


class DryRun(BaseModel):
    """How a campaign is asked about."""

    dry_run: bool = Field(default=False, description="as if it were open and its scripts approved")


class ReasonTold(BaseModel):
    """One thing that holds somebody back."""

    key: str
    zh: str
    en: str
    free_at: datetime | None = Field(description="when it lets go by itself; null: never")


class GroupTold(ReasonTold):
    """How many it holds back."""

    count: int


class ContactTold(BaseModel):
    """A contact that has the number."""

    contact: int
    campaign: str
    duty: str
    callable: bool
    free_at: datetime | None
    attempts: int
    reasons: list[ReasonTold]


class NumberTold(BaseModel):
    """A number, masked."""

    number: str
    dials: dict[str, Any]
    opt_outs: list[dict[str, Any]]
    contacts: list[ContactTold]


class CampaignTold(BaseModel):
    """A campaign in figures."""

    campaign: str
    waiting: int
    callable: int
    first_at: datetime | None
    at_least: bool = Field(description="whether there may be more than were counted")
    held: list[GroupTold]
    closed: list[GroupTold]
    suppressed_at_import: int


@bp.post("/why")
@allows("ask_why_not", writes=False)
@bp.input(NumberAsked)
@bp.output(NumberTold)
def why_number(json_data: NumberAsked) -> NumberTold:
    """Every rule that holds a number back now, for each contact of the centre that has it."""
    phone = phone_typed(g.session, vault(), json_data.number)
    return NumberTold(**number_told(g.session, vault(), phone, centre_id=g.centre.id, now=g.now))


@bp.get("/campaigns/<int:campaign_id>/why")
@allows("ask_why_not")
@bp.input(DryRun, location="query")
@bp.output(CampaignTold)
def why_campaign(campaign_id: int, query_data: DryRun) -> CampaignTold:
    """How many of a campaign may be rung now, and how many are held back by what."""
    campaign = mine(g.session, Campaign, campaign_id)
    found = tally(g.session, campaign, now=g.now, as_if_open=query_data.dry_run)
    return CampaignTold(**tally_told(campaign.name, found))
