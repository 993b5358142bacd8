"""Which years somebody has to enter into the calendar: a campaign calls in them, and nobody knows their decree."""

from collections.abc import Iterable
from datetime import date, datetime

from sqlmodel import Session, col, select

from outbound import clock
from outbound.calling_rules import calendar
from outbound.calling_rules.days import UndecreedYear
from outbound.campaigns import lookups
from outbound.campaigns.model import Campaign, CampaignState
from outbound.people import Centre, known


def warnings_of(session: Session, campaign: Campaign, *, now: datetime) -> list[UndecreedYear]:
    """The years, from today on, in which a campaign calls without anybody knowing their holidays."""
    if campaign.state is CampaignState.CLOSED:
        return []
    centre = session.get_one(Centre, campaign.centre_id)
    rules = lookups.definition_of(session, campaign).profile
    today = clock.local_day(now, centre.zone)
    years = _years(max(today, campaign.starts_on), campaign.ends_on)
    return calendar.warnings(session, campaign.centre_id, rules, years)


def _years(first: date, last: date) -> Iterable[date]:
    """A day of each year in which a stretch of days lies."""
    return (max(first, date(year, 1, 1)) for year in range(first.year, last.year + 1))


def warnings_at(session: Session, centre: Centre, *, now: datetime) -> list[UndecreedYear]:
    """The warnings of all campaigns of a centre, each year once."""
    asked = select(Campaign).where(Campaign.centre_id == known(centre.id), Campaign.state != CampaignState.CLOSED)
    every = session.exec(asked.order_by(col(Campaign.id))).all()
    found = {warning.year: warning for campaign in every for warning in warnings_of(session, campaign, now=now)}
    return [found[year] for year in sorted(found)]
