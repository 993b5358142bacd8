"""The benchmark of the hand-out measures what it says, against a peer that has what it needs."""

import json
from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Engine

from outbound.bench import handout, naive

Prepared = tuple[Engine, list[int], int]


@pytest.fixture(params=["sqlite", "postgresql"])
def name(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """An engine on which it can measure."""
    if request.param == "postgresql":
        server = request.getfixturevalue("postgres")
        monkeypatch.setenv("OUTBOUND_BENCH_URL", server.render_as_string(hide_password=False))
    return str(request.param)


@pytest.fixture
def prepared(name: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Prepared]:
    """A list of its own; the tests' server, which does not wait for its disk, will do."""
    monkeypatch.setattr(handout, "_refuse_undurable", lambda _engine: None)
    with handout._prepared(name, 2, 2000, hostile=True) as made:
        yield made


@pytest.mark.parametrize("name", ["postgresql"], indirect=True)
def test_a_server_that_does_not_wait_for_its_disk_is_not_measured(name: str) -> None:
    with pytest.raises(handout.NotDurable), handout._prepared(name, 1, 10, hostile=False):
        pass


def test_the_peer_has_the_index_that_suits_it(prepared: Prepared) -> None:
    engine, staff, zones = prepared
    naive.prepare(engine)
    names = {index["name"] for index in sa.inspect(engine).get_indexes("contact")}
    assert "ix_naive" in names and "ix_contact_due" not in names
    assert all(naive.claimer(engine, zones, who)() for who in staff)
    with engine.connect() as connection:
        first = sa.text("SELECT c.priority FROM claim k JOIN contact c ON c.id = k.contact_id WHERE k.ended_at IS NULL")
        # The two highest of five priorities are not due yet.
        assert [priority for (priority,) in connection.execute(first)] == [2, 2]


def test_whoever_is_measured_next_finds_the_whole_list(prepared: Prepared) -> None:
    engine, staff, _ = prepared
    due = sa.text("SELECT count(*), min(due_at), max(due_at) FROM contact")
    with engine.connect() as connection:
        before = connection.execute(due).one()
    measured = handout._all_there(engine, [handout._asker(engine, who) for who in staff], 0.2)
    assert all(measured.waits)
    with engine.connect() as connection:
        assert connection.execute(due).one() == before
        assert connection.execute(sa.text("SELECT count(*) FROM claim")).scalar_one() == 0


@pytest.mark.parametrize("name", ["sqlite"], indirect=True)
def test_a_line_for_each_number_of_agents(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    asked = {"hostile": [False], "seconds": 0.1, "http": False, "as_json": True}
    handout.run([name], [1, 2], [1000], **asked)  # type: ignore[arg-type]
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [(line["agents"], line["contacts"], line["hostile"]) for line in lines] == [
        (1, 1000, False),
        (2, 1000, False),
    ]
    for line in lines:
        assert line["slowest_ms"] > 0 < line["naive_slowest_ms"] and 0 < line["naive_fairness"] <= 1
        assert line["ratio"] == pytest.approx(line["claims_per_s"] / line["naive_per_s"], rel=0.1)
