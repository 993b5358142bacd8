"""`outbound why`: a number or a campaign on the command line, for people and as JSON."""

import json
from datetime import datetime, timedelta

import pytest
from sqlalchemy.engine import Engine

from outbound import clock, db
from outbound.campaigns import verbs as campaigns
from outbound.campaigns.model import Campaign
from outbound.people import known
from tests.desk import Floor, floor, staff, vault
from tests.test_cli import SQLITE, Outbound, assert_one_sentence, english, here, outbound

__all__ = ["english", "floor", "here", "outbound", "vault"]


@pytest.fixture(autouse=True)
def frozen(monkeypatch: pytest.MonkeyPatch, now: datetime) -> None:
    """The command's clock stands at the tests' instant."""
    monkeypatch.setattr(clock, "now", lambda: now)


def test_a_number_is_told_as_json(outbound: Outbound, here: Engine, floor: Floor, now: datetime) -> None:
    contact = floor.contact(due_at=now + timedelta(hours=2))
    found = json.loads(outbound("why", "138-0013-8000", "--json").stdout)
    assert found["number"] == "138****8000"
    [told] = found["contacts"]
    assert (told["contact"], told["campaign"], told["callable"]) == (contact.id, floor.campaign.name, False)
    assert [reason["key"] for reason in told["reasons"]] == ["later"]
    assert told["free_at"] == "2026-11-23T04:00:00+00:00"


def test_a_number_is_told_to_people(outbound: Outbound, here: Engine, floor: Floor, now: datetime) -> None:
    floor.contact(due_at=now + timedelta(hours=2))
    told = outbound("why", "13800138000").stdout
    assert "138****8000  Never dialled." in told
    assert "  - the next try is not due yet → 2026-11-23 12:00" in told
    assert "\n  → 2026-11-23 12:00" in told


def test_a_campaign_is_told_as_json(outbound: Outbound, here: Engine, floor: Floor, now: datetime) -> None:
    floor.contact()
    floor.contact("13900139000", due_at=now + timedelta(hours=2))
    found = json.loads(outbound("why", "--campaign", floor.campaign.name, "--json").stdout)
    assert (found["callable"], found["waiting"], found["at_least"]) == (1, 2, False)
    assert [(group["key"], group["count"]) for group in found["held"]] == [("later", 1)]


@SQLITE
def test_a_dry_run_counts_as_if_the_campaign_were_open(
    outbound: Outbound, here: Engine, floor: Floor, now: datetime
) -> None:
    floor.contact()
    with db.transaction(here) as session:
        campaign = session.get_one(Campaign, known(floor.campaign.id))
        campaigns.pause(session, campaign, by=staff(session, floor.cast.manager), now=now)
    asked = ("why", "--campaign", floor.campaign.name)
    assert "1  the campaign is paused" in outbound(*asked).stdout
    assert "1  may be called now" in outbound(*asked, "--dry-run").stdout


@SQLITE
def test_what_cannot_be_told_is_one_sentence(outbound: Outbound, here: Engine, floor: Floor) -> None:
    assert_one_sentence(outbound("why"), "Give a number", code=2)
    assert_one_sentence(outbound("why", "13800138000", "--campaign", "x"), "Give a number", code=2)
    assert_one_sentence(outbound("why", "10086"), "10086", "no number that can be called")
    assert_one_sentence(outbound("why", "13911112222"), "on no list")
    assert_one_sentence(outbound("why", "--campaign", "nobody's"), "nobody's")
