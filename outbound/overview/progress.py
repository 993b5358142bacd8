"""How far each campaign is: who was dialled, who was reached, what was sold, who complained. Reads only."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col, select

from outbound.call_lists.model import CallList, Contact
from outbound.calls.model import Call, Outcome
from outbound.campaigns.model import Campaign
from outbound.complaints import Complaint
from outbound.people import known
from outbound.subscriptions.model import Subscription, SubscriptionState
from qa.review.model import Correction, CorrectionState

NOT_VALID = (SubscriptionState.RECALL_DUE, SubscriptionState.CORRECTION_DUE, SubscriptionState.VOID)
"""States of a sale whose four criteria have not all been met."""
NOT_PUT_RIGHT = (CorrectionState.DUE, CorrectionState.DECLINED, CorrectionState.LAPSED)


@dataclass(frozen=True)
class Progress:
    """A campaign in figures; contacts are people, however often they were dialled."""

    campaign: Campaign
    contacts: int
    dialled: int
    reached: int
    valid_sales: int
    complaints: int

    @property
    def reach(self) -> float | None:
        """Share of those dialled that were spoken to, from 0 to 1; None before the first call."""
        return self.reached / self.dialled if self.dialled else None


def progress_of(session: Session, campaigns: Collection[Campaign]) -> list[Progress]:
    """The figures of these campaigns, in their order."""
    ids = [known(campaign.id) for campaign in campaigns]
    figures = [ask(session, ids) for ask in (_contacts, _dialled, _reached, _valid_sales, _complaints)]
    return [Progress(campaign, *(figure.get(known(campaign.id), 0) for figure in figures)) for campaign in campaigns]


def _by_campaign(session: Session, asked: Any) -> dict[int, int]:
    return {campaign: count or 0 for campaign, count in session.execute(asked)}


def _contacts(session: Session, ids: Collection[int]) -> dict[int, int]:
    total = sa.func.sum(col(CallList.accepted))
    asked = sa.select(col(CallList.campaign_id), total).where(col(CallList.campaign_id).in_(ids))
    return _by_campaign(session, asked.group_by(col(CallList.campaign_id)))


def _people_called(ids: Collection[int]) -> Any:
    people = sa.func.count(sa.distinct(col(Call.contact_id)))
    asked = sa.select(col(Call.campaign_id), people).where(col(Call.campaign_id).in_(ids))
    return asked.group_by(col(Call.campaign_id))


def _dialled(session: Session, ids: Collection[int]) -> dict[int, int]:
    return _by_campaign(session, _people_called(ids))


def _reached(session: Session, ids: Collection[int]) -> dict[int, int]:
    spoken = _people_called(ids).join(Outcome, col(Outcome.code) == col(Call.outcome_code))
    return _by_campaign(session, spoken.where(col(Outcome.contacted)))


def _valid_sales(session: Session, ids: Collection[int]) -> dict[int, int]:
    failed = sa.exists().where(
        col(Correction.subscription_id) == col(Subscription.id), col(Correction.state).in_(NOT_PUT_RIGHT)
    )
    asked = sa.select(col(Subscription.campaign_id), sa.func.count()).where(
        col(Subscription.campaign_id).in_(ids), col(Subscription.state).not_in(NOT_VALID), ~failed
    )
    return _by_campaign(session, asked.group_by(col(Subscription.campaign_id)))


def _complaints(session: Session, ids: Collection[int]) -> dict[int, int]:
    """Those about a sale count for its campaign, others for every campaign that has called the number."""
    about_sale: Any = sa.select(
        col(Subscription.campaign_id).label("campaign"), col(Complaint.id).label("complaint")
    ).join(Complaint, col(Complaint.subscription_id) == col(Subscription.id))
    about_calls = (
        sa.select(col(Contact.campaign_id), col(Complaint.id))
        .join(Complaint, col(Complaint.phone_id) == col(Contact.phone_id))
        .where(col(Complaint.subscription_id).is_(None), sa.exists().where(col(Call.contact_id) == col(Contact.id)))
    )
    both = sa.union(about_sale, about_calls).subquery()
    asked = sa.select(both.c.campaign, sa.func.count()).where(both.c.campaign.in_(ids))
    return _by_campaign(session, asked.group_by(both.c.campaign))


def campaigns_at(session: Session, centre_id: int) -> list[Campaign]:
    """Every campaign of a centre, those that end soonest first."""
    asked = select(Campaign).where(Campaign.centre_id == centre_id)
    return list(session.exec(asked.order_by(col(Campaign.ends_on), col(Campaign.id))).all())
