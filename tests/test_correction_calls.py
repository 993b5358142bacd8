"""Who is handed the call that puts a failed sale right, and what is told where nobody may make it."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy.engine import Engine
from sqlmodel import Session, select

from outbound import attendance, db
from outbound.attendance import Stance
from outbound.call_lists.model import Duty
from outbound.compliance import Criterion, Mark
from outbound.dialing import handout
from outbound.dialing.model import Claim
from outbound.people import Role, Staff
from outbound.phones.vault import Vault
from outbound.recordings.model import Recording
from qa.review import verbs as reviews
from qa.review.marks import CriterionMark
from qa.waiting import waiting
from tests.conftest import Cast
from tests.desk import Floor, brief, desks, example, floor, open_floor, staff, vault
from tests.factories import Maker
from web.app import Console

__all__ = ["desks", "floor", "vault"]

ANOTHER = "correction_by_another: true"
VAGUE = CriterionMark(Mark.FAIL, second=5, reason="vague", note="“嗯”")
FAILS = dict.fromkeys(Criterion, CriterionMark(Mark.PASS)) | {Criterion.EXPLICIT_CONSENT: VAGUE}
LATER = timedelta(hours=6)
"""Long enough after the sale that the number may be rung again."""


def fail_a_sale(floor: Floor) -> None:
    """The agent sold, and a reviewer fails the call."""
    contact = floor.contact()
    with db.transaction(floor.engine) as session:
        make = Maker(session, floor.cast.fz, now=floor.now)
        sale = make.sale(floor.cast.agent, contact=contact)
        recording = session.exec(select(Recording).where(Recording.call_id == sale.sale_call_id)).one()
        task = reviews.pull_in(session, recording, reviewer=floor.cast.reviewer, by=None, now=floor.now)
        reviews.mark(session, task, FAILS, by=floor.cast.reviewer, now=floor.now)


def asks(floor: Floor, person: Staff) -> Claim | None:
    """Somebody asks for the next customer."""
    with db.transaction(floor.engine) as session:
        brief(session, floor.campaign, now=floor.now)
    with db.transaction(floor.engine) as session:
        return handout.claim_next(session, staff(session, person), roles=[Role.AGENT], now=floor.now + LATER)


def sit(floor: Floor, *people: Staff) -> None:
    with db.transaction(floor.engine) as session:
        for person in people:
            attendance.enter(session, staff(session, person), Stance.READY, now=floor.now + LATER)


def told(floor: Floor) -> list[str]:
    """Why the one failed sale waits."""
    with Session(floor.engine) as session:
        (found,) = waiting(session, floor.cast.fz, now=floor.now + LATER)
        return [reason.key for reason in found.reasons]


def test_the_seller_is_not_handed_the_correction_and_another_agent_is(floor: Floor) -> None:
    fail_a_sale(floor)
    assert asks(floor, floor.cast.agent) is None
    claim = asks(floor, floor.cast.second_agent)
    assert claim is not None and claim.duty == Duty.CORRECTION


@pytest.fixture
def lenient(engine: Engine, vault: Vault, cast: Cast, now: datetime) -> Floor:
    """A campaign that lets the seller put it right."""
    text = example("family-number-trial").replace(ANOTHER, ANOTHER.replace("true", "false"))
    return open_floor(engine, vault, cast, now, definition=text)


def test_who_puts_a_sale_right_reads_what_the_review_found_wrong(
    floor: Floor, client_as: Callable[[str], FlaskClient], app: Console
) -> None:
    fail_a_sale(floor)
    with db.transaction(floor.engine) as session:
        brief(session, floor.campaign, now=floor.now)
    app.config["NOW"] = lambda: floor.now + LATER
    answer = client_as("second_agent").post("/api/v1/claims", json={"desk": "agent"}).json
    assert answer is not None
    said, fault = answer["claim"]["why"].splitlines()
    assert said == "The sale failed its review: put it right"
    assert fault.startswith("Explicit consent: ")
    assert fault.endswith(": “嗯”")


def test_where_the_campaign_does_not_mind_the_seller_is_handed_the_correction(lenient: Floor) -> None:
    fail_a_sale(lenient)
    claim = asks(lenient, lenient.cast.agent)
    assert claim is not None and claim.duty == Duty.CORRECTION


def test_with_only_the_seller_at_a_desk_the_supervisor_reads_why_it_waits(floor: Floor) -> None:
    fail_a_sale(floor)
    sit(floor, floor.cast.agent)
    assert told(floor) == ["seller_here"]


def test_with_another_agent_at_a_desk_it_is_next(floor: Floor) -> None:
    fail_a_sale(floor)
    sit(floor, floor.cast.agent, floor.cast.second_agent)
    assert told(floor) == ["next"]


def test_with_nobody_at_a_desk_that_is_said(floor: Floor) -> None:
    fail_a_sale(floor)
    assert told(floor) == ["nobody_here"]


def test_the_seller_at_a_desk_is_enough_where_the_campaign_does_not_mind(lenient: Floor) -> None:
    fail_a_sale(lenient)
    sit(lenient, lenient.cast.agent)
    assert told(lenient) == ["next"]


@pytest.fixture
def alone(engine: Engine, vault: Vault, cast: Cast, now: datetime) -> Floor:
    """A campaign on which nobody works but the seller."""
    text = example("family-number-trial")
    return open_floor(
        engine, vault, cast, now, definition=f"{text}\nstaff: [{cast.agent.login}, {cast.verifier.login}]\n"
    )


def test_a_campaign_of_nobody_but_the_seller_is_told_to_take_on_another(alone: Floor) -> None:
    fail_a_sale(alone)
    sit(alone, alone.cast.agent, alone.cast.second_agent)
    assert told(alone) == ["only_seller"]


def test_a_rule_that_holds_the_number_back_is_told_too(floor: Floor) -> None:
    fail_a_sale(floor)
    with Session(floor.engine) as session:
        (found,) = waiting(session, floor.cast.fz, now=floor.now)
    assert "spacing" in {str(reason.key) for reason in found.reasons}
