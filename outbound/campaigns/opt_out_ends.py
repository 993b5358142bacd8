"""How early an opt-out may end: as the strictest calling rules say under which the number could be rung."""

from collections.abc import Mapping
from datetime import datetime

from sqlmodel import Session, select

from outbound.calling_rules.profiles import Profile, profile
from outbound.campaigns.lookups import definition_of
from outbound.campaigns.model import Campaign, CampaignState
from outbound.opt_outs.model import Category
from outbound.opt_outs.verbs import earliest_end


def strictest(session: Session, centre_id: int | None, campaign: Campaign | None = None) -> Profile:
    """The rules of that campaign; without one, of all campaigns of the centre (None: of all centres) that still call,
    those which keep a refusal longest.
    """
    if campaign is not None:
        return definition_of(session, campaign).profile
    asked = select(Campaign).where(Campaign.state != CampaignState.CLOSED)
    here = asked if centre_id is None else asked.where(Campaign.centre_id == centre_id)
    profiles = [profile(), *(definition_of(session, each).profile for each in session.exec(here))]
    return max(profiles, key=lambda rules: rules.refusal.minimum_months)


def earliest_ends(rules: Profile, now: datetime) -> Mapping[Category, datetime]:
    """For each category, the first instant at which an opt-out made now may end."""
    return {category: earliest_end(category, now, rules) for category in Category}
