"""The queue before the hand-out: many who ask at once are served together, fairly, and nobody hurts the others."""

import threading
from datetime import datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Engine
from sqlmodel import Session, col, select

from outbound import db
from outbound.call_lists.model import CallList, Contact, ContactState
from outbound.calls import placing
from outbound.dialing import handing, handout, queue
from outbound.dialing.model import Claim, ClaimEnd
from outbound.dialing.queue import queue_of
from outbound.people import Centre, Role, Staff, known
from tests.desk import Floor, brief, floor, vault
from tests.factories import Maker

__all__ = ["floor", "vault"]

AGENT = (Role.AGENT,)


@pytest.fixture
def crowd(floor: Floor) -> list[int]:
    """The numbers of twelve agents of the centre."""
    with db.transaction(floor.engine) as session:
        maker = Maker(session, session.get_one(Centre, floor.cast.fz.id), now=floor.now)
        agents = [known(maker.staff(Role.AGENT).id) for _ in range(12)]
        brief(session, floor.campaign, now=floor.now)
        return agents


def people(floor: Floor, count: int, **facts: Any) -> list[int]:
    """As many customers; their numbers, in the order in which they are due."""
    made = []
    for place in range(count):
        due = floor.now - timedelta(minutes=count - place)
        made.append(known(floor.contact(f"138001{place:05d}", due_at=due, **facts).id))
    return made


def at_once(floor: Floor, agents: list[int]) -> dict[int, int | None]:
    """What the queue gives to agents who ask at the same time."""
    got: dict[int, int | None] = {}
    start = threading.Barrier(len(agents))

    def ask(agent: int) -> None:
        start.wait()
        got[agent] = queue_of(floor.engine).claim(agent, AGENT, now=floor.now)

    threads = [threading.Thread(target=ask, args=(agent,)) for agent in agents]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return got


def claims(engine: Engine) -> list[Claim]:
    with db.reading(engine) as session:
        return list(session.exec(select(Claim).order_by(col(Claim.id))).all())


def test_everybody_who_asks_at_once_gets_somebody_else(floor: Floor, crowd: list[int]) -> None:
    people(floor, 20)
    got = at_once(floor, crowd)
    assert None not in got.values()
    assert len(set(got.values())) == len(crowd)


def test_those_who_are_due_first_are_handed_out_first(floor: Floor, crowd: list[int]) -> None:
    waiting = people(floor, 4 * len(crowd))
    at_once(floor, crowd)
    # On PostgreSQL a second transaction passes over whom the first one looks at just then, and may leave.
    passed_over = 0 if floor.engine.dialect.name == "sqlite" else len(crowd)
    assert {claim.contact_id for claim in claims(floor.engine)} <= set(waiting[: len(crowd) + passed_over])


def test_when_too_few_are_due_the_others_are_told_so(floor: Floor, crowd: list[int]) -> None:
    people(floor, 5)
    got = list(at_once(floor, crowd).values())
    assert got.count(None) == len(crowd) - 5


def test_who_holds_somebody_gets_the_same_again(floor: Floor, crowd: list[int]) -> None:
    people(floor, 20)
    assert at_once(floor, crowd) == at_once(floor, crowd)


def test_one_agent_in_many_tabs_gets_one_contact_in_all_of_them(floor: Floor, crowd: list[int]) -> None:
    people(floor, 20)
    got: list[int | None] = []
    start = threading.Barrier(10)

    def ask() -> None:
        start.wait()
        got.append(queue_of(floor.engine).claim(crowd[0], AGENT, now=floor.now))

    threads = [threading.Thread(target=ask) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert got == [claims(floor.engine)[0].id] * 10


def test_an_answer_is_committed_when_it_comes(floor: Floor, crowd: list[int]) -> None:
    people(floor, 1)
    claim = queue_of(floor.engine).claim(crowd[0], AGENT, now=floor.now)
    assert [row.id for row in claims(floor.engine)] == [claim]


def test_somebody_who_does_not_exist_gets_nobody_and_hurts_nobody(floor: Floor, crowd: list[int]) -> None:
    people(floor, 20)
    got = at_once(floor, [*crowd, 987_654])
    assert got.pop(987_654) is None
    assert None not in got.values()


def test_what_goes_wrong_with_one_request_is_told_to_that_one_alone(
    floor: Floor, crowd: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    people(floor, 20)
    real = handing.hand_out

    def fails_for_one(book: Any, askers: Any, *, now: datetime) -> Any:
        if any(asker.staff_id == crowd[3] for asker in askers):
            raise sa.exc.IntegrityError("", {}, Exception("planted"))
        return real(book, askers, now=now)

    monkeypatch.setattr(queue, "hand_out", fails_for_one)
    failed: list[int] = []
    got: dict[int, int | None] = {}
    start = threading.Barrier(len(crowd))

    def ask(agent: int) -> None:
        start.wait()
        try:
            got[agent] = queue_of(floor.engine).claim(agent, AGENT, now=floor.now)
        except sa.exc.IntegrityError:
            failed.append(agent)

    threads = [threading.Thread(target=ask, args=(agent,)) for agent in crowd]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == [crowd[3]]
    assert len(set(got.values())) == len(crowd) - 1


def test_a_claim_that_is_given_back_rests_and_another_one_comes(floor: Floor, crowd: list[int]) -> None:
    first, second = people(floor, 2)
    asked = queue_of(floor.engine)
    held = asked.claim(crowd[0], AGENT, now=floor.now)
    other = asked.claim(crowd[0], AGENT, now=floor.now, puts_back=held)
    ended, open_one = claims(floor.engine)
    assert (ended.contact_id, ended.ended_how) == (first, ClaimEnd.PUT_BACK)
    assert (open_one.id, open_one.contact_id) == (other, second)
    with db.reading(floor.engine) as session:
        assert session.get_one(Contact, first).due_at == floor.now + handout.PUT_BACK_FOR


def test_a_colleagues_claim_cannot_be_given_back(floor: Floor, crowd: list[int]) -> None:
    people(floor, 3)
    asked = queue_of(floor.engine)
    theirs = asked.claim(crowd[0], AGENT, now=floor.now)
    asked.claim(crowd[1], AGENT, now=floor.now, puts_back=theirs)
    assert claims(floor.engine)[0].ended_at is None


def test_who_has_dialled_keeps_the_contact(floor: Floor, crowd: list[int]) -> None:
    people(floor, 2)
    asked = queue_of(floor.engine)
    held = asked.claim(crowd[0], AGENT, now=floor.now)
    with db.transaction(floor.engine) as session:
        by, claim = session.get_one(Staff, crowd[0]), session.get_one(Claim, held)
        placing.begin(session, handout.issue_token(session, claim, by=by, now=floor.now), by=by, now=floor.now)
    assert asked.claim(crowd[0], AGENT, now=floor.now, puts_back=held) == held


def test_a_claimed_contact_is_due_again_when_its_lease_ends(floor: Floor, crowd: list[int]) -> None:
    (contact,) = people(floor, 1)
    queue_of(floor.engine).claim(crowd[0], AGENT, now=floor.now)
    (claim,) = claims(floor.engine)
    with db.reading(floor.engine) as session:
        assert session.get_one(Contact, contact).due_at == claim.lease_until
    assert claim.was_due_at == floor.now - timedelta(minutes=1)


def test_where_more_must_be_put_off_than_one_transaction_takes_the_next_one_goes_on(
    floor: Floor, crowd: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(handing, "MOST_PUT_OFF", 3)
    waiting = people(floor, 12)
    with db.transaction(floor.engine) as session:
        blocked = sa.text(
            """INSERT INTO opt_out (phone_id, category, scope, source, reason, at)
            SELECT phone_id, 'refusal', 'all', 'test', '', :at FROM contact WHERE id < :last"""
        )
        session.execute(blocked, {"at": "2026-11-01 00:00:00.000000", "last": waiting[-1]})
        # As if the block had come before the list.
        session.exec(sa.update(Contact).values(state=ContactState.QUEUED, closed_why=""))
    queue_of(floor.engine).claim(crowd[0], AGENT, now=floor.now)
    assert [claim.contact_id for claim in claims(floor.engine)] == [waiting[-1]]


def test_a_list_that_is_not_published_is_not_handed_out(floor: Floor, crowd: list[int]) -> None:
    people(floor, 1)
    with db.transaction(floor.engine) as session:
        coming_in = CallList(
            centre_id=floor.campaign.centre_id,
            campaign_id=known(floor.campaign.id),
            name="next.csv",
            sha256="9" * 64,
            at=floor.now,
        )
        session.add(coming_in)
        session.flush()
        session.exec(sa.update(Contact).values(call_list_id=coming_in.id))
    assert queue_of(floor.engine).claim(crowd[0], AGENT, now=floor.now) is None


def test_the_heads_of_lanes_are_found_by_index(floor: Floor, session: Session) -> None:
    people(floor, 3)
    from outbound.dialing import lanes

    sqlite = floor.engine.dialect.name == "sqlite"
    statement = lanes._HEADS_SQLITE if sqlite else lanes._HEADS_POSTGRESQL
    text = statement.sqlite if sqlite else statement.postgresql
    given = {"seeds": '[[1, "pitch"]]', "zones": "[[1]]", "now": "2026-11-23 02:00:00+00"}
    if not sqlite:
        session.connection().exec_driver_sql("SET LOCAL enable_seqscan = off")
    plan = session.connection().exec_driver_sql(f"EXPLAIN {'QUERY PLAN ' if sqlite else ''}{text}", given).all()
    said = "\n".join(str(row[-1]) for row in plan)
    assert said.count("ix_contact_due") == 2
    assert "SCAN contact" not in said and "Seq Scan on contact" not in said
