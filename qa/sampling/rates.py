"""At which rate whose recordings are reviewed: the campaign's own, and in the daily draw the agent's step above it."""

from collections.abc import Callable
from datetime import datetime

from sqlmodel import Session

from outbound.campaigns.lookups import definition_of
from outbound.campaigns.model import Campaign
from outbound.people import Centre
from qa import ladder
from qa.sampling.model import DrawKind

Rates = Callable[[int, int], int]
"""From a campaign's and an agent's number to the per cent of that agent's recordings that are reviewed."""


def in_force(session: Session, centre: Centre, kind: DrawKind, *, now: datetime) -> Rates:
    """The rates that hold now.

    The weekly draw keeps to the campaign's rate: it measures how well reviewers agree, and not the agent.
    """

    def rate(campaign_id: int, agent_id: int) -> int:
        quality = definition_of(session, session.get_one(Campaign, campaign_id)).qa
        if kind == DrawKind.WEEKLY:
            return quality.weekly_percent
        return ladder.rate_for(
            session, agent_id, percent=quality.daily_percent, tightened=quality.ladder, zone=centre.zone, now=now
        )

    return rate
