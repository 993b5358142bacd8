"""Recordings under attack: what was promised about them holds against raw SQL."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Engine
from sqlmodel import Session

from outbound.db import reading, transaction
from outbound.errors import DATABASE_REFUSALS
from outbound.people import known
from outbound.recordings import deleting, holds, reconciling, rules
from outbound.recordings.deleting import RecordingDeletion, UnderHold, WithinTerm
from outbound.recordings.holds import HoldDecided, LegalHold, NoLiftAsked, RecordingDeleted, SecondPersonNeeded
from outbound.recordings.model import AgentSide, Recording
from outbound.recordings.store import Store
from tests.conftest import Cast
from tests.kept_recordings import SOUND, Keep, keeper

once = pytest.mark.parametrize("engine", ["sqlite"], indirect=True)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(str(tmp_path / "recordings"))


@pytest.fixture
def keep(engine: Engine, cast: Cast, store: Store) -> Keep:
    return keeper(engine, cast, store)


def refused(engine: Engine, statement: str, **facts: Any) -> str:
    with pytest.raises((sa.exc.IntegrityError, sa.exc.InternalError)) as error, engine.begin() as connection:
        connection.execute(sa.text(statement), facts)
    return str(error.value.orig)


def bury_by_sql(engine: Engine, number: int, *, at: str = "2199-01-01 00:00:00.000000+00:00") -> str:
    return refused(
        engine,
        """INSERT INTO recording_deletion (recording_id, centre_id, sha256, storage_key, size, why, at)
        SELECT id, centre_id, sha256, storage_key, size, 'attack', :at FROM recording WHERE id = :row""",
        row=number,
        at=at if engine.dialect.name == "postgresql" else at[:26],
    )


def bury(engine: Engine, number: int, now: datetime) -> None:
    with transaction(engine) as session:
        deleting.bury(session, session.get_one(Recording, number), why="term over", by=None, now=now)


# Sealed


@pytest.mark.parametrize(
    "change",
    [
        "sha256 = 'x'",
        "storage_key = 'x'",
        "reference = 'x'",
        "size = 1",
        "seconds = 1",
        "valid = NOT valid",
        "call_id = NULL",
    ],
)
def test_a_kept_recording_cannot_be_rewritten(engine: Engine, keep: Keep, change: str) -> None:
    number = keep("pitch")
    assert "sealed" in refused(engine, f"UPDATE recording SET {change} WHERE id = :row", row=number)


@pytest.mark.parametrize("column", ["keep_until", "keep_sale_until"])
def test_a_term_is_never_shortened(engine: Engine, keep: Keep, column: str) -> None:
    number = keep("sale")
    statement = f"UPDATE recording SET {column} = kept_at WHERE id = :row"
    assert "sealed" in refused(engine, statement, row=number)


def test_a_recording_s_row_is_never_deleted(engine: Engine, keep: Keep) -> None:
    assert "kept" in refused(engine, "DELETE FROM recording WHERE id = :row", row=keep())


def test_a_recording_cannot_be_made_unheard_again(engine: Engine, keep: Keep) -> None:
    false = "false" if engine.dialect.name == "postgresql" else "0"
    true = "true" if engine.dialect.name == "postgresql" else "1"
    statement = f"UPDATE recording SET waits = {true}, valid = {false} WHERE id = :row"
    assert "sealed" in refused(engine, statement, row=keep())


# The term


def test_nothing_is_deleted_within_its_term_whatever_instant_is_claimed(
    engine: Engine, cast: Cast, keep: Keep, now: datetime
) -> None:
    assert "stays its term" in bury_by_sql(engine, keep(at=now))


def test_a_sale_stays_longer_than_another_call(engine: Engine, cast: Cast, keep: Keep, now: datetime) -> None:
    four_years_ago = datetime.now(UTC) - timedelta(days=4 * 366)
    pitch, sale = keep("pitch", at=four_years_ago), keep("sale", at=four_years_ago)
    bury(engine, pitch, now)
    with pytest.raises(WithinTerm):
        bury(engine, sale, now)
    assert "stays its term" in bury_by_sql(engine, sale)


def test_what_has_no_call_yet_stays_as_long_as_a_sale(engine: Engine, cast: Cast, keep: Keep, now: datetime) -> None:
    number = keep("none", at=datetime.now(UTC) - timedelta(days=4 * 366))
    assert "stays its term" in bury_by_sql(engine, number)


def test_a_tombstone_carries_the_hash_that_was_registered(engine: Engine, keep: Keep) -> None:
    said = refused(
        engine,
        """INSERT INTO recording_deletion (recording_id, centre_id, sha256, storage_key, size, why, at)
        SELECT id, centre_id, 'other', storage_key, size, 'attack', kept_at FROM recording WHERE id = :row""",
        row=keep(),
    )
    assert "stays its term" in said


def test_a_recording_past_its_term_leaves_a_tombstone_and_no_file(
    engine: Engine, cast: Cast, keep: Keep, store: Store, now: datetime
) -> None:
    number = keep("pitch")
    assert reconciling.delete_over(engine, store, now=now) == 1
    assert list(store.keys()) == []
    with reading(engine) as session:
        recording, tombstone = session.get_one(Recording, number), session.get_one(RecordingDeletion, number)
    assert (tombstone.sha256, tombstone.size, tombstone.at) == (recording.sha256, len(SOUND), now)
    assert reconciling.delete_over(engine, store, now=now) == 0
    assert "append-only" in refused(engine, "UPDATE recording_deletion SET why = 'x'")
    assert "append-only" in refused(engine, "DELETE FROM recording_deletion")


@once
def test_a_longer_rule_lengthens_what_is_kept_and_a_shorter_one_does_not(
    engine: Engine, cast: Cast, keep: Keep, now: datetime
) -> None:
    number, until = keep(at=now), []
    for days in (4000, 10):
        with transaction(engine) as session:
            facts = {"agent_side": AgentSide.LEFT, "sale_years": 5, "other_days": days}
            rules.decide(session, cast.fz, by=cast.manager, now=now, **facts)  # type: ignore[arg-type]
        with reading(engine) as session:
            until.append(session.get_one(Recording, number).keep_until)
    assert until == [now + timedelta(days=4000)] * 2


def test_terms_shorter_than_the_law_s_are_refused_by_the_database(engine: Engine, cast: Cast) -> None:
    statement = """INSERT INTO recording_rules (centre_id, agent_side, sale_years, other_days)
        VALUES (:centre, 'left', 1, 10)"""
    assert "sale_years" in refused(engine, statement, centre=cast.fz.id)


# Holds


def place(engine: Engine, cast: Cast, number: int, now: datetime) -> int:
    with transaction(engine) as session:
        found = session.get_one(Recording, number)
        return known(holds.place(session, found, reason="court file 17", by=cast.manager, now=now).id)


def test_nothing_under_hold_is_deleted(engine: Engine, cast: Cast, keep: Keep, store: Store, now: datetime) -> None:
    number = keep("pitch")
    place(engine, cast, number, now)
    assert reconciling.delete_over(engine, store, now=now) == 0
    with pytest.raises(UnderHold):
        bury(engine, number, now)
    assert "under legal hold" in bury_by_sql(engine, number)
    assert len(list(store.keys())) == 1


def test_one_person_alone_neither_confirms_nor_lifts_in_the_database(
    engine: Engine, cast: Cast, keep: Keep, now: datetime
) -> None:
    hold = place(engine, cast, keep(), now)
    for change in (
        "confirmed_by_id = placed_by_id, confirmed_at = placed_at",
        "lift_asked_by_id = placed_by_id, lift_asked_at = placed_at, lifted_by_id = placed_by_id,"
        " lifted_at = placed_at",
        "lifted_by_id = placed_by_id, lifted_at = placed_at",
        "reason = 'other'",
        "recording_id = recording_id + 1",
    ):
        refused(engine, f"UPDATE legal_hold SET {change} WHERE id = :row", row=hold)
    assert "kept" in refused(engine, "DELETE FROM legal_hold WHERE id = :row", row=hold)


def test_asking_and_agreeing_in_one_statement_lifts_nothing(
    engine: Engine, cast: Cast, keep: Keep, now: datetime
) -> None:
    hold = place(engine, cast, keep(), now)
    said = refused(
        engine,
        """UPDATE legal_hold SET lift_asked_by_id = :one, lift_asked_at = placed_at, lifted_by_id = :other,
        lifted_at = placed_at WHERE id = :row""",
        one=cast.manager.id,
        other=cast.supervisor.id,
        row=hold,
    )
    assert "goes forward" in said


def test_two_people_who_hold_a_recording_at_once_have_one_hold(
    engine: Engine, cast: Cast, keep: Keep, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    number, look, looks = keep("pitch"), holds.in_force, iter([False])
    first = place(engine, cast, number, now)
    # What the second looks at is older than the first one's hold.
    monkeypatch.setattr(holds, "in_force", lambda *asked: look(*asked) if next(looks, True) else None)
    with transaction(engine) as session:
        found = session.get_one(Recording, number)
        assert holds.place(session, found, reason="the same", by=cast.supervisor, now=now).id == first
    with reading(engine) as session:
        assert session.get_one(LegalHold, first).placed_by_id == cast.manager.id


def test_of_two_who_decide_on_a_hold_at_once_the_second_is_told(
    engine: Engine, cast: Cast, keep: Keep, now: datetime
) -> None:
    hold = place(engine, cast, keep("pitch"), now)
    with transaction(engine) as session:
        holds.ask_to_lift(session, session.get_one(LegalHold, hold), reason="settled", by=cast.manager, now=now)
    with reading(engine) as session:
        seen = [session.get_one(LegalHold, hold)]
    with reading(engine) as session:
        seen.append(session.get_one(LegalHold, hold))
    with transaction(engine) as session:
        session.add(seen[0])
        holds.keep_on(session, seen[0], by=cast.supervisor, now=now)
    with pytest.raises((sa.exc.IntegrityError, sa.exc.InternalError)) as error, transaction(engine) as session:
        session.add(seen[1])
        holds.lift(session, seen[1], by=cast.care, now=now)
    (told,) = [refusal for word, refusal in DATABASE_REFUSALS.items() if word in str(error.value.orig)]
    assert told is HoldDecided
    with reading(engine) as session:
        found = session.get_one(LegalHold, hold)
        assert (found.lifted_at, found.lift_asked_at) == (None, None)


def test_a_hold_that_is_placed_while_the_worker_deletes_wins_or_comes_too_late(
    engine: Engine, cast: Cast, keep: Keep, store: Store, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    held, free = keep("pitch"), keep("pitch")
    look = deleting.over

    def then_held(session: Session, *, now: datetime) -> Sequence[Recording]:
        ended = look(session, now=now)
        place(engine, cast, held, now)
        return ended

    monkeypatch.setattr(deleting, "over", then_held)
    assert reconciling.delete_over(engine, store, now=now) == 1
    with reading(engine) as session:
        kept, gone = session.get_one(Recording, held), session.get_one(Recording, free)
        assert list(store.keys()) == [kept.storage_key]
        assert deleting.of(session, gone) and not deleting.of(session, kept)
    with pytest.raises(RecordingDeleted), transaction(engine) as session:
        holds.place(session, session.get_one(Recording, free), reason="late", by=cast.manager, now=now)


def test_a_worker_that_did_not_see_the_hold_is_refused_by_the_database(
    engine: Engine, cast: Cast, keep: Keep, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    number, look, looks = keep("pitch"), deleting._held, iter([False])
    place(engine, cast, number, now)
    monkeypatch.setattr(deleting, "_held", lambda *asked: look(*asked) if next(looks, True) else False)
    with pytest.raises(UnderHold):
        bury(engine, number, now)


@once
def test_a_hold_is_lifted_when_another_agrees_and_the_recording_may_go(
    engine: Engine, cast: Cast, keep: Keep, store: Store, now: datetime
) -> None:
    hold = place(engine, cast, keep("pitch"), now)
    with transaction(engine) as session:
        found = session.get_one(LegalHold, hold)
        with pytest.raises(NoLiftAsked):
            holds.lift(session, found, by=cast.supervisor, now=now)
        holds.ask_to_lift(session, found, reason="settled", by=cast.manager, now=now)
        with pytest.raises(SecondPersonNeeded):
            holds.lift(session, found, by=cast.manager, now=now)
        holds.keep_on(session, found, by=cast.supervisor, now=now)
        assert found.lift_asked_at is None
        holds.ask_to_lift(session, found, reason="settled", by=cast.manager, now=now)
        holds.lift(session, found, by=cast.supervisor, now=now)
    assert reconciling.delete_over(engine, store, now=now) == 1


def test_what_is_deleted_cannot_be_held(engine: Engine, cast: Cast, keep: Keep, now: datetime) -> None:
    number = keep("pitch")
    bury(engine, number, now)
    said = refused(
        engine,
        """INSERT INTO legal_hold (centre_id, recording_id, reason, placed_by_id, placed_at, lift_reason)
        SELECT centre_id, id, 'late', :who, kept_at, '' FROM recording WHERE id = :row""",
        who=cast.manager.id,
        row=number,
    )
    assert "deleted recording cannot be held" in said
