"""Stopping: a campaign whose agents are all sampled in full is paused until a manager says what was done."""

from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session, col, select

from outbound.calls.model import Call
from outbound.campaigns import stops, verbs
from outbound.campaigns.model import Campaign, CampaignState
from outbound.campaigns.stops import CampaignStop
from outbound.compliance import Verdict
from outbound.people import Centre
from qa import ladder
from qa.review.model import Review


def stop_where_needed(session: Session, centre: Centre, *, now: datetime) -> list[CampaignStop]:
    """Stop the open campaigns of a centre whose agents are all on full; what was done about counts until the next
    failed review.
    """
    opened = select(Campaign).where(Campaign.centre_id == centre.id, Campaign.state == CampaignState.OPEN)
    return [
        _stop(session, campaign, now=now)
        for campaign in session.exec(opened.order_by(col(Campaign.id))).all()
        if _failed_since_release(session, campaign) and ladder.all_on_full(session, campaign, zone=centre.zone, now=now)
    ]


def stop_after_failure(session: Session, call: Call, *, now: datetime) -> list[CampaignStop]:
    """Stop at once what a failed review leaves without an agent who is not on full: in the review's own transaction."""
    centre = session.get_one(Centre, call.centre_id)
    caller = ladder.standing_of(session, call.agent_id, zone=centre.zone, now=now)
    return stop_where_needed(session, centre, now=now) if caller.level is ladder.Level.FULL else []


def _stop(session: Session, campaign: Campaign, *, now: datetime) -> CampaignStop:
    stopped = stops.stop(session, campaign, now=now)
    verbs.pause(session, campaign, by=None, now=now, why="all agents are sampled in full")
    return stopped


def _failed_since_release(session: Session, campaign: Campaign) -> bool:
    released = stops.released_last(session, campaign)
    if released is None:
        return True
    failed = select(sa.func.max(col(Review.at))).join(Call, col(Call.id) == col(Review.call_id))
    last = session.exec(failed.where(Call.campaign_id == campaign.id, Review.verdict == Verdict.INVALID)).one()
    return last is not None and last > released
