"""What a campaign is meant to reach, and how far it is. Reads only."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session, col

from outbound.calls.model import Call
from outbound.campaigns import lookups
from outbound.campaigns.model import Campaign
from outbound.clock import day_starts, local_day
from outbound.errors import Language
from outbound.overview.progress import NOT_VALID, Progress
from outbound.people import Centre
from outbound.quality.figures import rate
from outbound.quality.samples import sample_of
from outbound.subscriptions.model import Subscription
from qa.estimates import Interval


@dataclass(frozen=True)
class Target:
    """One aim, and what was reached of it; `reached` is None before there is anything to go by."""

    key: str
    zh: str
    en: str
    wanted: float
    reached: float | None
    is_share: bool
    interval: Interval | None = None
    """Between which shares it lies, of one that is estimated from reviews."""

    @property
    def is_met(self) -> bool | None:
        """Whether it is reached; None before there is anything to go by."""
        return None if self.reached is None else self.reached >= self.wanted

    @property
    def part(self) -> float:
        """How much of it is reached, from 0 to 1."""
        return min(1.0, (self.reached or 0.0) / self.wanted)

    def said(self, language: Language) -> str:
        """The aim in the reader's language."""
        return self.zh if language == "zh" else self.en


def targets_of(session: Session, campaign: Campaign, progress: Progress, *, now: datetime) -> list[Target]:
    """The aims that a campaign's definition names, as they stand now."""
    return list(_targets(session, campaign, progress, now))


def _targets(session: Session, campaign: Campaign, progress: Progress, now: datetime) -> Iterator[Target]:
    aims = lookups.definition_of(session, campaign).targets
    if aims.sales_per_day:
        reached = _sales_per_agent(session, campaign, now)
        yield Target("sales", "今日人均有效订购", "Valid sales per agent today", aims.sales_per_day, reached, False)
    if aims.reach_percent:
        yield Target("reach", "接通率", "Contacts spoken to", aims.reach_percent / 100, progress.reach, is_share=True)
    if aims.valid_percent:
        yield _passing(session, campaign, aims.valid_percent / 100, now)


def _sales_per_agent(session: Session, campaign: Campaign, now: datetime) -> float | None:
    """Valid sales of today by each who dialled today; None where nobody did."""
    zone = session.get_one(Centre, campaign.centre_id).zone
    today = day_starts(local_day(now, zone), zone)
    dialled = sa.select(sa.func.count(sa.distinct(col(Call.agent_id)))).where(
        col(Call.campaign_id) == campaign.id, col(Call.dialled_at) >= today, col(Call.duty) == "pitch"
    )
    sold = sa.select(sa.func.count()).where(
        col(Subscription.campaign_id) == campaign.id,
        col(Subscription.made_at) >= today,
        col(Subscription.state).not_in(NOT_VALID),
    )
    agents, sales = session.scalar(dialled) or 0, session.scalar(sold) or 0
    return sales / agents if agents else None


def _passing(session: Session, campaign: Campaign, wanted: float, now: datetime) -> Target:
    """Estimated over all recordings from those that were drawn and reviewed."""
    centre = session.get_one(Centre, campaign.centre_id)
    sample = sample_of(session, centre.id, campaign.starts_on, local_day(now, centre.zone))
    estimate = rate(sample, lambda place: place.campaign_id == campaign.id).estimate
    zh, en = "质检合格率", "Calls that pass review"
    if estimate is None:
        return Target("valid", zh, en, wanted, None, is_share=True)
    between = Interval(1 - estimate.interval.high, 1 - estimate.interval.low)
    return Target("valid", zh, en, wanted, 1 - estimate.share, is_share=True, interval=between)
