"""A campaign that is stopped for its quality: it stays paused until a manager has written down what was done."""

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Field, Session, SQLModel, col, select

from outbound import journal
from outbound.campaigns.model import Campaign
from outbound.db import UtcDateTime, append_only, guard, table_of
from outbound.errors import DATABASE_REFUSALS, Refusal
from outbound.people import Staff, known


class CampaignStop(SQLModel, table=True):
    """When a campaign was stopped."""

    __tablename__ = "campaign_stop"

    id: int | None = Field(default=None, primary_key=True)
    centre_id: int = Field(foreign_key="centre.id", index=True)
    campaign_id: int = Field(foreign_key="campaign.id", index=True)
    at: datetime = Field(sa_type=UtcDateTime)


class CampaignRelease(SQLModel, table=True):
    """What a manager did about a stop: from then on the campaign may be resumed."""

    __tablename__ = "campaign_release"

    stop_id: int = Field(foreign_key="campaign_stop.id", primary_key=True)
    done: str = Field(max_length=1000)
    by_id: int = Field(foreign_key="staff.id")
    at: datetime = Field(sa_type=UtcDateTime)


append_only(table_of(CampaignStop))
append_only(table_of(CampaignRelease))
guard(
    table_of(Campaign),
    "campaign_stopped_stays_paused",
    when="BEFORE UPDATE OF state",
    refuse_if="""NEW.state = 'open' AND OLD.state <> 'open' AND EXISTS (SELECT 1 FROM campaign_stop s
        WHERE s.campaign_id = NEW.id AND NOT EXISTS (SELECT 1 FROM campaign_release r WHERE r.stop_id = s.id))""",
    saying="a campaign is stopped for its quality",
)


class StoppedForQuality(Refusal):
    """This campaign was stopped for its quality; write down what was done about it, then resume it."""

    zh = "该活动因质量问题已停拨，请先填写整改措施，再恢复活动。"


class WhatWasDone(Refusal):
    """Write what was done, so that it can be read afterwards."""

    zh = "请写明采取了哪些整改措施，以便日后查阅。"
    status = 422


DATABASE_REFUSALS["a campaign is stopped for its quality"] = StoppedForQuality


def stop(session: Session, campaign: Campaign, *, now: datetime) -> CampaignStop:
    """Let a campaign not be resumed until a manager says what was done; stopped already, that stop.

    Whoever resumes it at this moment waits for the lock, and then finds the stop.
    """
    # Not the whole row's lock: calls and sales in flight refer to it, and one of them may hold what this review needs.
    session.refresh(campaign, with_for_update={"key_share": True})
    if already := standing(session, campaign):
        return already
    stopped = CampaignStop(centre_id=campaign.centre_id, campaign_id=known(campaign.id), at=now)
    session.add(stopped)
    session.flush()
    journal.record(session, "campaign.stopped", stopped, by=None, now=now, campaign=campaign.id)
    return stopped


def release(session: Session, stopped: CampaignStop, *, done: str, by: Staff, now: datetime) -> CampaignRelease:
    """Write down what was done about a stop; released already, that release. Raises WhatWasDone."""
    if already := release_of(session, stopped):
        return already
    if not done.strip():
        raise WhatWasDone
    released = CampaignRelease(stop_id=known(stopped.id), done=done.strip(), by_id=known(by.id), at=now)
    session.add(released)
    session.flush()
    journal.record(session, "campaign.released", stopped, by=by, now=now, done=released.done)
    return released


def release_of(session: Session, stopped: CampaignStop) -> CampaignRelease | None:
    """What was done about a stop, where something was."""
    return session.get(CampaignRelease, known(stopped.id))


def standing(session: Session, campaign: Campaign) -> CampaignStop | None:
    """The stop of a campaign that nobody has released yet."""
    released = sa.exists().where(col(CampaignRelease.stop_id) == col(CampaignStop.id))
    return session.exec(select(CampaignStop).where(CampaignStop.campaign_id == campaign.id, ~released)).first()


def stops_at(session: Session, centre_id: int) -> Sequence[tuple[CampaignStop, Campaign]]:
    """Every stop of a centre with its campaign, the latest first."""
    asked = select(CampaignStop, Campaign).join(Campaign, col(Campaign.id) == col(CampaignStop.campaign_id))
    here = asked.where(CampaignStop.centre_id == centre_id)
    return session.exec(here.order_by(col(CampaignStop.id).desc())).all()


def released_last(session: Session, campaign: Campaign) -> datetime | None:
    """When somebody last wrote down what was done about a stop of a campaign."""
    asked = select(sa.func.max(col(CampaignRelease.at))).join(
        CampaignStop, col(CampaignStop.id) == col(CampaignRelease.stop_id)
    )
    return session.exec(asked.where(CampaignStop.campaign_id == campaign.id)).one()
