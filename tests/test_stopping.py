"""A campaign whose agents are all sampled in full stops, and goes on once a manager has said what was done."""

from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Engine
from sqlmodel import Session, select

from outbound import db
from outbound.campaigns import readiness, stops, verbs
from outbound.campaigns.model import Campaign, CampaignState
from outbound.campaigns.stops import CampaignRelease, CampaignStop, WhatWasDone
from outbound.compliance import Criterion, Mark
from outbound.people import Role, Staff
from qa.review import verbs as reviews
from qa.review.marks import CriterionMark
from qa.stopping import stop_where_needed
from tests.conftest import Cast
from tests.factories import Maker
from tests.test_ladder import failed

FAILED = {
    **dict.fromkeys(Criterion, CriterionMark(Mark.PASS, second=1.0)),
    Criterion.EXPLICIT_CONSENT: CriterionMark(Mark.FAIL, reason="not_audible", note="没有听到同意"),
}


@pytest.fixture
def agents(make: Maker) -> list[Staff]:
    return [make.staff(Role.AGENT) for _ in range(2)]


def on_full(make: Maker, campaign: Campaign, agents: list[Staff], reviewer: Staff, at: datetime) -> None:
    """Two failed reviews of each agent."""
    for agent in agents:
        for _ in range(2):
            failed(make, make.recorded_call(agent, campaign=campaign), reviewer, at)


@pytest.fixture
def stopped(make: Maker, cast: Cast, agents: list[Staff], now: datetime) -> Campaign:
    campaign = make.campaign(staff=agents)
    on_full(make, campaign, agents, cast.reviewer, now)
    stop_where_needed(make.session, cast.fz, now=now)
    return campaign


def test_a_campaign_whose_agents_are_all_on_full_is_paused(stopped: Campaign, session: Session) -> None:
    assert stopped.state is CampaignState.PAUSED
    assert stops.standing(session, stopped) is not None


def test_it_is_paused_in_the_transaction_of_the_review_that_leaves_nobody_else(
    make: Maker, cast: Cast, agents: list[Staff], now: datetime
) -> None:
    campaign = make.campaign(staff=agents)
    on_full(make, campaign, agents[:1], cast.reviewer, now)
    states = []
    for _ in range(2):
        recording = make.recorded_call(agents[1], campaign=campaign)
        task = reviews.pull_in(make.session, recording, reviewer=cast.reviewer, by=cast.manager, now=now)
        reviews.mark(make.session, task, FAILED, by=cast.reviewer, now=now)
        states.append(campaign.state)
    assert states == [CampaignState.OPEN, CampaignState.PAUSED]
    assert stops.standing(make.session, campaign) is not None


def test_one_agent_who_is_not_keeps_it_open(make: Maker, cast: Cast, agents: list[Staff], now: datetime) -> None:
    campaign = make.campaign(staff=agents)
    on_full(make, campaign, agents[:1], cast.reviewer, now)
    assert stop_where_needed(make.session, cast.fz, now=now) == []
    assert campaign.state is CampaignState.OPEN


def test_nobody_resumes_it_before_it_is_written_down_what_was_done(
    stopped: Campaign, session: Session, cast: Cast, now: datetime
) -> None:
    with pytest.raises(readiness.NotReady, match="write down what was done"):
        verbs.resume(session, stopped, by=cast.manager, now=now)
    with pytest.raises(sa.exc.DBAPIError, match="stopped for its quality"):
        session.connection().exec_driver_sql("UPDATE campaign SET state = 'open'")


def release(session: Session, campaign: Campaign, cast: Cast, now: datetime) -> CampaignRelease:
    stop = stops.standing(session, campaign)
    assert stop is not None
    return stops.release(session, stop, done="全员重新培训，逐一通关", by=cast.manager, now=now)


def test_what_was_done_lifts_the_stop_once(stopped: Campaign, session: Session, cast: Cast, now: datetime) -> None:
    released = release(session, stopped, cast, now)
    assert stops.standing(session, stopped) is None
    stop = session.get_one(CampaignStop, released.stop_id)
    assert stops.release(session, stop, done="other words", by=cast.manager, now=now).done == "全员重新培训，逐一通关"
    session.connection().exec_driver_sql("UPDATE campaign SET state = 'open'")


def test_a_stop_without_words_is_not_lifted(stopped: Campaign, session: Session, cast: Cast, now: datetime) -> None:
    stop = stops.standing(session, stopped)
    assert stop is not None
    with pytest.raises(WhatWasDone):
        stops.release(session, stop, done="  ", by=cast.manager, now=now)


def test_after_that_only_a_further_failure_stops_it_again(
    stopped: Campaign, make: Maker, agents: list[Staff], cast: Cast, now: datetime
) -> None:
    release(make.session, stopped, cast, now + timedelta(hours=1))
    stopped.state = CampaignState.OPEN
    make.session.add(stopped)
    make.session.flush()
    assert stop_where_needed(make.session, cast.fz, now=now + timedelta(hours=2)) == []
    failed(make, make.recorded_call(agents[0], campaign=stopped), cast.reviewer, now + timedelta(hours=3))
    assert len(stop_where_needed(make.session, cast.fz, now=now + timedelta(hours=4))) == 1


def test_a_campaign_is_stopped_once_however_often_the_round_goes(
    stopped: Campaign, session: Session, cast: Cast, now: datetime
) -> None:
    stops.stop(session, stopped, now=now)
    stop_where_needed(session, cast.fz, now=now + timedelta(hours=1))
    assert len(session.exec(select(CampaignStop)).all()) == 1


def test_a_stop_never_changes(engine: Engine, stopped: Campaign, session: Session) -> None:
    session.commit()
    with pytest.raises(sa.exc.DBAPIError, match="append-only"), db.transaction(engine) as other:
        other.connection().exec_driver_sql("DELETE FROM campaign_stop")
