"""Agents who sit ready and have nobody to ring, and why: hours, waiting times, or a list that is used up."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlmodel import Session, col, select

from outbound import clock
from outbound.calls.model import Call
from outbound.campaigns import lookups
from outbound.campaigns.model import Campaign, CampaignState
from outbound.dialing.model import Claim
from outbound.dialing.tally import Tally, tally
from outbound.dialing.terms import DUTIES
from outbound.people import Centre, Role, SignIn, Staff, holders

QUIET = timedelta(minutes=10)
"""Somebody signed in who has neither held a contact nor dialled for so long is idle."""
MOST_REASONS = 3
"""Reasons told in one sentence; the campaign's page tells all."""


@dataclass(frozen=True)
class Idle:
    """Agents for whom nobody is due, and why; `campaign_id` is None where no campaign calls for them."""

    zh: str
    en: str
    campaign_id: int | None


def idle_agents(session: Session, centre: Centre, *, now: datetime) -> Iterator[Idle]:
    """The idle agents of a centre by reason; whoever has somebody due takes a break of their own and is left out."""
    stuck: dict[int | None, list[Staff]] = defaultdict(list)
    why: dict[int | None, tuple[str, str]] = {None: ("今天没有可外呼的活动。", "no campaign calls for them today.")}
    for agent in _quiet(session, centre, now):
        campaigns = _calling(session, agent, now)
        for campaign in campaigns:
            if campaign.id not in why:
                why[campaign.id] = _nobody_due(session, campaign, centre, now)
        if all(why[campaign.id][0] for campaign in campaigns):
            for identity in [campaign.id for campaign in campaigns] or [None]:
                stuck[identity].append(agent)
    for identity, agents in stuck.items():
        yield _told(agents, why[identity], identity)


def _told(agents: list[Staff], why: tuple[str, str], campaign_id: int | None) -> Idle:
    count = len(agents)
    zh = f"{count} 名坐席空闲，无人可拨：{why[0]}"
    return Idle(zh, f"{count} {'agent has' if count == 1 else 'agents have'} nobody to call: {why[1]}", campaign_id)


def _quiet(session: Session, centre: Centre, now: datetime) -> list[Staff]:
    today = clock.day_starts(clock.local_day(now, centre.zone), centre.zone)
    here = sa.exists().where(
        col(SignIn.staff_id) == col(Staff.id), col(SignIn.at) >= today, col(SignIn.at) <= now - QUIET
    )
    holding = sa.exists().where(col(Claim.agent_id) == col(Staff.id), col(Claim.ended_at).is_(None))
    dialled = sa.exists().where(col(Call.agent_id) == col(Staff.id), col(Call.dialled_at) > now - QUIET)
    still = here.where(col(SignIn.ends_at) > now)
    asked = select(Staff.id).where(Staff.centre_id == centre.id, still, ~holding, ~dialled)
    quiet = set(session.exec(asked).all())
    return [agent for agent in holders(session, Role.AGENT, centre.id) if agent.id in quiet]


def _calling(session: Session, agent: Staff, now: datetime) -> list[Campaign]:
    """The campaigns that hand out contacts to an agent today."""
    return [
        campaign
        for campaign in lookups.campaigns_of(session, agent)
        if campaign.state is CampaignState.OPEN and lookups.is_within_dates(session, campaign, now=now)
    ]


def _nobody_due(session: Session, campaign: Campaign, centre: Centre, now: datetime) -> tuple[str, str]:
    """Why nobody of a campaign can be rung now, in Chinese and English; empty where somebody can."""
    found, name = tally(session, campaign, now=now, duties=DUTIES[Role.AGENT]), campaign.name
    if found.callable:
        return "", ""
    if not found.waiting:
        return (
            f"“{name}”的联系人都已拨打完毕，请导入新清单。",
            f"every contact of “{name}” is done; import another list.",
        )
    if found.first_at is None:
        return _mixed(found, name, *_never(found))
    zh, en = _clock(found.first_at, now, centre.zone)
    kinds = {held.reason.key.partition(":")[0] for held in found.held}
    if kinds == {"hours"}:
        return f"“{name}”现在不在外呼时段，{zh}开始。", f"outside the calling hours of “{name}”; they begin {en}."
    if kinds <= {"later", "callback_later"}:
        return (
            f"“{name}”的联系人都在等待重拨，最早{zh}到期。",
            f"all contacts of “{name}” wait to be rung again, the first from {en}.",
        )
    return _mixed(found, name, f"；最早{zh}可拨", f"; the first from {en}")


def _never(found: Tally) -> tuple[str, str]:
    """What is said besides where nobody comes free: nothing where each reason says so itself."""
    if not any(held.reason.free_at and held.reason.key != "in_hand" for held in found.held):
        return "", ""
    return (
        "；等到可拨时，活动已经结束或清单已经过期",
        "; by the time they come free the campaign has ended, or the list is too old",
    )


def _mixed(found: Tally, name: str, then_zh: str, then_en: str) -> tuple[str, str]:
    """The weightiest reasons, each with how many it holds, and how it goes on."""
    most = found.held[:MOST_REASONS]
    listed_zh = "，".join(f"{held.count:,} 人{held.reason.zh}" for held in most)
    listed_en = ", ".join(f"{held.count:,}: {held.reason.en}" for held in most)
    return f"“{name}”{listed_zh}{then_zh}。", f"“{name}”: {listed_en}{then_en}."


def _clock(instant: datetime, now: datetime, zone: str) -> tuple[str, str]:
    """An instant on the centre's wall clock: its time, and its day where that is another than today."""
    there = clock.local(instant, zone)
    if there.date() == clock.local_day(now, zone):
        return f"今天 {there:%H:%M} ", f"{there:%H:%M}"
    return f"{there.month} 月 {there.day} 日 {there:%H:%M} ", f"{there:%Y-%m-%d %H:%M}"
