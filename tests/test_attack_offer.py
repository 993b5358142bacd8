"""Attacks on what customers are told: nobody hears of a changed offer from a script that was approved for another."""

from datetime import timedelta

import pytest
from sqlalchemy.exc import DBAPIError
from sqlmodel import Session

from outbound import errors
from outbound.call_lists.model import Duty
from outbound.campaigns import lookups, verbs
from outbound.campaigns.model import Campaign, CampaignVersion
from outbound.people import Role, known
from scripts.model import ScriptState
from tests.conftest import NOW, Cast
from tests.factories_calls import CallMaker

HOUR = timedelta(hours=1)


def repriced(session: Session, maker: CallMaker) -> Campaign:
    """A campaign whose second definition has another offer since NOW, while the script is the one it had before."""
    campaign = maker.campaign()
    first = maker.version_of(campaign)
    session.add(
        CampaignVersion(
            campaign_id=known(campaign.id),
            number=2,
            source=first.source,
            document=first.document,
            offer_since=NOW,
            at=NOW,
        )
    )
    campaign.version = 2
    session.add(campaign)
    session.flush()
    return campaign


@pytest.mark.parametrize("in_force_at", [None, NOW - HOUR, NOW])
def test_the_database_places_no_pitch_with_a_script_older_than_the_offer(
    session: Session, cast: Cast, in_force_at: object
) -> None:
    maker = CallMaker(session, cast.fz, now=NOW)
    campaign, agent = repriced(session, maker), maker.staff(Role.AGENT)
    maker._default_script().in_force_at = in_force_at  # type: ignore[assignment]
    session.flush()
    with pytest.raises(DBAPIError, match="the script is older than the offer"):
        maker.call(agent, campaign=campaign)


def test_a_script_approved_after_the_change_tells_the_new_offer(session: Session, cast: Cast) -> None:
    maker = CallMaker(session, cast.fz, now=NOW)
    campaign, agent = repriced(session, maker), maker.staff(Role.AGENT)
    script = maker._default_script()
    assert script.state is ScriptState.DRAFT
    script.in_force_at = NOW + HOUR
    session.flush()
    assert maker.call(agent, campaign=campaign).id


def test_who_was_sold_the_old_offer_is_still_told_of_it(session: Session, cast: Cast) -> None:
    maker = CallMaker(session, cast.fz, now=NOW)
    campaign, agent = repriced(session, maker), maker.staff(Role.VERIFIER)
    assert maker.call(agent, campaign=campaign, duty=Duty.CONFIRMATION, outcome="confirmed").id


def test_the_refusal_of_the_database_is_told_in_words() -> None:
    assert errors.DATABASE_REFUSALS["the script is older than the offer"] is verbs.ScriptOlderThanOffer


def test_a_change_that_leaves_the_offer_keeps_since_when_it_holds(session: Session, cast: Cast) -> None:
    from tests.test_campaigns import DEARER, made

    campaign = made(session, cast)
    changed = verbs.amend(session, campaign, DEARER, by=cast.manager, now=NOW + HOUR)
    longer = verbs.amend(
        session, campaign, DEARER.replace("2027-01-31", "2027-02-28"), by=cast.manager, now=NOW + 2 * HOUR
    )
    assert changed and longer
    assert (lookups.versions(session, campaign)[0].offer_since, changed.offer_since) == (None, NOW + HOUR)
    assert longer.offer_since == NOW + HOUR
