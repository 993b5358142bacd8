"""Patrols: what was seen at a seat is kept once, never changed, and counted in the agent's file."""

from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Engine
from sqlmodel import Session

from outbound import db
from outbound.errors import NotFound
from outbound.people import Staff
from qa import patrol
from qa.patrol import OwnSeat, PatrolNote, SaidNothing, Seen, Topic
from tests.conftest import Cast


def seen(session: Session, agent: Staff, by: Staff, now: datetime, *, key: str = "k", **facts: object) -> PatrolNote:
    given = {"in_order": True, "topic": Topic.SCRIPT, **facts}
    return patrol.note(session, agent, given.pop("topic"), key=key, by=by, now=now, **given)  # type: ignore[arg-type]


def test_patrols_are_counted_by_agent(session: Session, cast: Cast, now: datetime) -> None:
    seen(session, cast.agent, cast.supervisor, now, key="a")
    seen(session, cast.agent, cast.supervisor, now, key="b", in_order=False, note="未戴耳麦", topic=Topic.EQUIPMENT)
    seen(session, cast.verifier, cast.supervisor, now - timedelta(days=9), key="c")
    found = patrol.counts(session, cast.fz.id or 0, since=now - timedelta(days=7), until=now + timedelta(days=1))
    assert found == {cast.agent.id: Seen(times=2, not_in_order=1)}
    assert [note.note for note, _by in patrol.notes_of(session, cast.agent)] == ["未戴耳麦", ""]


def test_a_second_tap_is_the_same_note(session: Session, cast: Cast, now: datetime) -> None:
    assert seen(session, cast.agent, cast.supervisor, now) is seen(session, cast.agent, cast.supervisor, now)


def test_another_centres_agent_is_not_found(session: Session, cast: Cast, now: datetime) -> None:
    with pytest.raises(NotFound):
        seen(session, cast.outsider, cast.supervisor, now)


def test_somebody_who_makes_no_calls_has_no_seat(session: Session, cast: Cast, now: datetime) -> None:
    with pytest.raises(NotFound):
        seen(session, cast.finance, cast.supervisor, now)


def test_nobody_inspects_their_own_seat(session: Session, cast: Cast, now: datetime) -> None:
    with pytest.raises(OwnSeat):
        seen(session, cast.agent, cast.agent, now)


def test_something_else_wants_words(session: Session, cast: Cast, now: datetime) -> None:
    with pytest.raises(SaidNothing):
        seen(session, cast.agent, cast.supervisor, now, topic=Topic.OTHER)


@pytest.mark.parametrize("attack", ["UPDATE patrol_note SET in_order = NOT in_order", "DELETE FROM patrol_note"])
def test_what_was_seen_is_never_changed(
    engine: Engine, session: Session, cast: Cast, now: datetime, attack: str
) -> None:
    seen(session, cast.agent, cast.supervisor, now)
    session.commit()
    with pytest.raises(sa.exc.DBAPIError, match="append-only"), db.transaction(engine) as other:
        other.connection().exec_driver_sql(attack)
