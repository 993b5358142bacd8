"""Anchors of the journal: one root over a whole chain, short proofs, and their way out of the database."""

import hashlib
import json
import threading
from collections.abc import Iterator
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.engine import Engine
from sqlmodel import Session, select

from outbound import db, journal, signing
from outbound.anchors import anchoring, merkle, model, outings
from outbound.anchors.model import JournalAnchor, JournalBlock
from outbound.journal import START, JournalEntry
from outbound.people import known
from outbound.settings import Settings
from outbound.timetable.rounds import put_anchors_out
from tests.conftest import Cast


def note(engine: Engine, cast: Cast, *actions: str, now: datetime) -> None:
    with db.transaction(engine) as session:
        for action in actions:
            journal.record(session, action, cast.agent, by=cast.agent, now=now)


def drop(engine: Engine, chain: int, now: datetime) -> JournalAnchor:
    with db.transaction(engine) as session:
        anchor = anchoring.drop(session, chain, now=now)
        assert anchor
        return anchor


@pytest.fixture
def chain(cast: Cast) -> int:
    return known(cast.fz.id)


# The tree


def naive(leaves: list[bytes]) -> bytes:
    """The definition of RFC 6962, word for word."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    half = max(1 << power for power in range(20) if 1 << power < len(leaves))
    return hashlib.sha256(b"\1" + naive(leaves[:half]) + naive(leaves[half:])).digest()


@given(st.integers(0, 70))
def test_the_root_is_that_of_the_definition(size: int) -> None:
    leaves = [merkle.leaf(str(number)) for number in range(size)]
    assert merkle.root(leaves) == naive(leaves)


@given(st.data(), st.integers(1, 70))
def test_a_path_leads_from_its_leaf_to_the_root_and_from_no_other(data: st.DataObject, size: int) -> None:
    leaves = [merkle.leaf(str(number)) for number in range(size)]
    place = data.draw(st.integers(0, size - 1))
    beside, root = merkle.path(leaves, place), naive(leaves)
    assert merkle.climbed(leaves[place], place, size, beside) == root
    assert merkle.climbed(merkle.leaf("another"), place, size, beside) != root
    assert merkle.climbed(leaves[place], place, size, [*beside, root]) is None
    if beside:
        assert merkle.climbed(leaves[place], place, size, beside[:-1]) is None


# Anchors


def test_an_anchor_names_the_length_the_head_and_the_root_of_a_chain(
    engine: Engine, cast: Cast, chain: int, now: datetime
) -> None:
    anchor = drop(engine, chain, now)
    with db.reading(engine) as session:
        hashes = session.exec(
            select(JournalEntry.hash).where(JournalEntry.chain == chain).order_by(JournalEntry.sequence)  # type: ignore[arg-type]
        ).all()
    assert (anchor.length, anchor.head, anchor.previous) == (len(hashes), hashes[-1], START)
    assert anchor.root == naive([merkle.leaf(each) for each in hashes]).hex()


def test_where_nothing_happened_no_second_anchor_is_dropped(
    engine: Engine, cast: Cast, chain: int, now: datetime
) -> None:
    first = drop(engine, chain, now)
    assert drop(engine, chain, now + timedelta(hours=1)).id == first.id


def test_a_chain_without_entries_has_no_anchor(engine: Engine, now: datetime) -> None:
    with db.transaction(engine) as session:
        assert anchoring.drop(session, 4711, now=now) is None


def test_an_anchor_names_the_line_of_the_one_before(engine: Engine, cast: Cast, chain: int, now: datetime) -> None:
    first = drop(engine, chain, now)
    note(engine, cast, "a", now=now)
    second = drop(engine, chain, now)
    with db.reading(engine) as session:
        assert second.previous == hashlib.sha256(anchoring.line(session, first).encode()).hexdigest()
        assert json.loads(anchoring.line(session, second)) == {
            "at": "2026-11-23T02:00:00+00:00",
            "centre": "fz",
            "chain": chain,
            "head": second.head,
            "length": second.length,
            "previous": second.previous,
            "root": second.root,
        }


@pytest.fixture
def short_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Blocks of four entries, so that a chain of thirty has several."""
    monkeypatch.setattr(anchoring, "BLOCK", 4)
    monkeypatch.setattr(anchoring, "BLOCK_HEIGHT", 2)


@pytest.mark.usefixtures("short_blocks")
def test_every_entry_is_proved_under_an_anchor_that_grew_in_steps(
    engine: Engine, cast: Cast, chain: int, now: datetime
) -> None:
    for count in (1, 6, 9):
        note(engine, cast, *["act"] * count, now=now)
        anchor = drop(engine, chain, now)
    with db.reading(engine) as session:
        assert len(session.exec(select(JournalBlock)).all()) == anchor.length // 4
        proofs = anchoring.Proofs(session, anchor)
        for entry in session.exec(select(JournalEntry).where(JournalEntry.chain == chain)):
            beside = [bytes.fromhex(each) for each in proofs.of(entry.sequence)]
            climbed = merkle.climbed(merkle.leaf(entry.hash), entry.sequence - 1, anchor.length, beside)
            assert climbed == bytes.fromhex(anchor.root)


def test_a_block_is_as_long_as_its_height_says() -> None:
    assert model.BLOCK == 2**model.BLOCK_HEIGHT


def test_a_chain_with_a_gap_is_not_anchored(engine: Engine, cast: Cast, chain: int, now: datetime) -> None:
    with db.transaction(engine) as session:
        session.execute(sa.text(f"UPDATE journal_head SET length = length + 1 WHERE chain = {chain}"))
    with pytest.raises(anchoring.JournalGap), db.transaction(engine) as session:
        anchoring.drop(session, chain, now=now)


# Their way out


@pytest.fixture
def dropped(engine: Engine, cast: Cast, chain: int, now: datetime) -> str:
    """The line of an anchor."""
    anchor = drop(engine, chain, now)
    with db.reading(engine) as session:
        return anchoring.line(session, anchor)


def test_each_anchor_goes_into_the_file_once(
    engine: Engine, cast: Cast, dropped: str, chain: int, settings: Settings, now: datetime
) -> None:
    put_anchors_out(engine, settings, now)
    put_anchors_out(engine, settings, now)
    note(engine, cast, "a", now=now)
    drop(engine, chain, now)
    put_anchors_out(engine, settings, now)
    lines = (settings.data / "anchors.jsonl").read_text().splitlines()
    assert (len(lines), lines[0]) == (2, dropped)


class Keeper(BaseHTTPRequestHandler):
    """Somebody who keeps anchors; of `answers` the first is given to the next request."""

    taken: list[tuple[str, str]]
    answers: list[int]

    def do_POST(self) -> None:  # the name is the library's
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        status = self.answers.pop(0) if self.answers else 204
        if status < 300:
            self.taken.append((body, self.headers["Outbound-Signature"]))
        self.send_response(status)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Nothing."""


@pytest.fixture
def keeper() -> Iterator[tuple[str, type[Keeper]]]:
    """The address of a keeper, and what it took."""
    handler = type("OneKeeper", (Keeper,), {"taken": [], "answers": []})
    server = HTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/", handler
    server.shutdown()
    server.server_close()


def test_an_anchor_is_sent_with_a_signature_until_it_is_taken_and_then_no_more(
    engine: Engine, dropped: str, settings: Settings, now: datetime, keeper: tuple[str, type[Keeper]]
) -> None:
    address, kept = keeper
    kept.answers.append(503)
    sending = settings.model_copy(update={"anchor_url": address})
    assert [outings.send(engine, sending, now=now) for _ in range(3)] == [0, 1, 0]
    [(body, signature)] = kept.taken
    assert body == dropped
    key = signing.read_public(signing.public_key(settings.data, 0))
    assert signing.signed(key, bytes.fromhex(signature), body.encode())


def test_an_address_that_nobody_answers_at_holds_nothing_up(
    engine: Engine, dropped: str, settings: Settings, now: datetime, keeper: tuple[str, type[Keeper]]
) -> None:
    nobody = settings.model_copy(update={"anchor_url": "http://127.0.0.1:9/"})
    put_anchors_out(engine, nobody, now)
    assert (settings.data / "anchors.jsonl").read_text() == f"{dropped}\n"
    assert outings.send(engine, settings.model_copy(update={"anchor_url": keeper[0]}), now=now) == 1


@pytest.mark.parametrize("statement", ["UPDATE journal_anchor SET head = root", "DELETE FROM journal_anchor"])
def test_raw_sql_cannot_change_an_anchor(session: Session, engine: Engine, dropped: str, statement: str) -> None:
    with pytest.raises(sa.exc.DBAPIError):
        session.execute(sa.text(statement))
