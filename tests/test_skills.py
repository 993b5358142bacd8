"""Skills: a campaign that asks for one goes only to agents who have it."""

import pytest
from flask.testing import FlaskClient
from sqlmodel import Session, select

from outbound.campaigns import lookups, skills
from outbound.campaigns.model import CampaignStaff
from tests.conftest import NOW, Cast
from tests.test_campaigns import TRIAL, lacking, made, ready, with_

FUJIAN = "闽南语"


def able(session: Session, cast: Cast, *names: str) -> list[str]:
    return skills.have_skills(session, cast.agent, names, by=cast.manager, now=NOW)


def test_only_agents_with_the_skill_work_on_it(session: Session, cast: Cast) -> None:
    able(session, cast, FUJIAN, "投诉")
    campaign = made(session, cast, with_(TRIAL, skills=[FUJIAN]))
    assert lookups.staff_ids(session, campaign) == {cast.agent.id, cast.verifier.id}
    assert lookups.campaigns_of(session, cast.second_agent) == []


def test_every_skill_is_needed(session: Session, cast: Cast) -> None:
    able(session, cast, FUJIAN)
    campaign = made(session, cast, with_(TRIAL, skills=[FUJIAN, "投诉"]))
    assert cast.agent.id not in lookups.staff_ids(session, campaign)
    able(session, cast, FUJIAN, "投诉")
    assert campaign in lookups.campaigns_of(session, cast.agent)


def test_a_skill_that_is_gone_takes_the_campaign_away(session: Session, cast: Cast) -> None:
    able(session, cast, FUJIAN)
    campaign = made(session, cast, with_(TRIAL, skills=[FUJIAN]))
    able(session, cast)
    assert campaign not in lookups.campaigns_of(session, cast.agent)


def test_where_nobody_has_the_skill_it_is_not_everybodys(session: Session, cast: Cast) -> None:
    campaign = made(session, cast, with_(TRIAL, staff=["agent"], skills=[FUJIAN]))
    assert lookups.campaigns_of(session, cast.agent) == lookups.campaigns_of(session, cast.second_agent) == []
    assert [row.staff_id for row in session.exec(select(CampaignStaff)).all()] == [campaign.made_by_id]


def test_a_campaign_without_a_fitting_agent_says_which_skills_are_lacking(session: Session, cast: Cast) -> None:
    campaign = ready(session, cast, with_(TRIAL, skills=[FUJIAN]))
    assert FUJIAN in lacking(session, campaign)["no_staff"][0]


def test_the_same_skills_again_are_no_news(session: Session, cast: Cast) -> None:
    assert able(session, cast, f" {FUJIAN} ", "") == able(session, cast, FUJIAN) == [FUJIAN]


def test_a_skill_is_a_word_or_two(session: Session, cast: Cast) -> None:
    with pytest.raises(skills.SkillTooLong):
        able(session, cast, "x" * 81)


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_a_manager_notes_skills_on_the_page(client_as: object, session: Session, cast: Cast) -> None:
    manager: FlaskClient = client_as("manager")  # type: ignore[operator]
    manager.post(f"/manager/staff/{cast.agent.id}/skills", data={"skills": "闽南语，投诉、 "})
    assert skills.skills_of(session, cast.agent) == ["投诉", "闽南语"]
    assert 'value="投诉、闽南语"' in manager.get(f"/manager/staff/{cast.agent.id}").text
