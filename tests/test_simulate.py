"""`outbound simulate`: days of a centre by the real verbs, the same for the same seed, and never among real rows."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from sqlalchemy.engine import Engine
from sqlmodel import Session, select

from outbound import db, migrating
from outbound.calls import outcomes
from outbound.cli import main
from outbound.people import Centre
from outbound.settings import Settings
from outbound.simulation import running
from outbound.simulation.figures import HEADINGS, lines
from outbound.simulation.plan import Plan, ScriptNotAtHand, ready_made
from outbound.verification import broken_promises


def plan(**changed: Any) -> Plan:
    return Plan(**{"days": 2, "agents": 2, "contacts": 25, "seed": 7, "text": ready_made(), **changed})


def lived_through(folder: Path, engine: Engine | None = None, **changed: Any) -> dict[str, Any]:
    """The figures of a simulation in a database of its own."""
    settings = Settings(data=folder)
    engine = engine or migrating.open_checked(settings)
    migrating.upgrade(engine)
    try:
        return running.simulate(engine, settings, plan(**changed), say=lambda _line: None)
    finally:
        engine.dispose()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("simulated")


@pytest.fixture(scope="module")
def found(folder: Path) -> dict[str, Any]:
    return lived_through(folder, days=8)


def command(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["simulate", *arguments])


def test_the_same_seed_gives_the_same_figures(found: dict[str, Any], tmp_path: Path) -> None:
    assert lived_through(tmp_path, days=8) == found


def test_the_figures_fit_together(found: dict[str, Any]) -> None:
    assert found["contacts"] == 25
    assert found["contacts"] >= found["dialled"] >= found["reached"] >= found["sales"]
    assert found["calls"] >= found["dialled"]
    assert found["dialled"] + found["untouched"] == found["contacts"]
    accounted = found["waiting"] + sum(each["count"] for each in found["done_with"])
    assert accounted == found["contacts"]
    assert found["waiting"] == found["callable"] + sum(each["count"] for each in found["held_back"])


def test_hours_of_the_agents_are_those_of_their_shifts(found: dict[str, Any]) -> None:
    hours = found["agent_hours"]
    at_the_desk = 2 * found["working_days"] * 9
    assert 0 < hours["busy"] < hours["idle"]
    assert at_the_desk - 2 <= sum(hours.values()) <= at_the_desk + 2


def test_a_short_list_ends_within_the_days(found: dict[str, Any]) -> None:
    assert found["untouched"] == 0
    assert found["list_end_estimated"] is False
    assert found["from"] <= found["list_ends"] < "2026-11-11"


def test_where_a_list_is_too_long_its_end_is_estimated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(running, "CLOSES", (9, 20))
    told = lived_through(tmp_path, days=1)
    assert told["untouched"] > 0
    assert told["list_end_estimated"] is True
    assert told["list_ends"] > "2026-11-02"


def test_every_promise_holds_in_what_it_leaves(found: dict[str, Any], folder: Path) -> None:
    engine = db.open_database(Settings(data=folder).database)
    with db.reading(engine) as session:
        assert broken_promises(session) == []
    engine.dispose()


def test_it_runs_in_an_empty_database_of_either_engine(engine: Engine, tmp_path: Path) -> None:
    with db.transaction(engine) as session:
        outcomes.fill(session)
    told = running.simulate(engine, Settings(data=tmp_path), plan(days=1, contacts=4), say=lambda _line: None)
    assert told["dialled"] == 4


def test_it_refuses_a_database_with_a_centre_in_it(engine: Engine, tmp_path: Path) -> None:
    with db.transaction(engine) as session:
        session.add(Centre(code="real", name_zh="真", name_en="real"))
    with pytest.raises(running.DatabaseInUse):
        running.simulate(engine, Settings(data=tmp_path), plan(), say=lambda _line: None)
    with Session(engine) as session:
        assert [each.code for each in session.exec(select(Centre))] == ["real"]


def test_scripts_beside_the_definition_are_read(tmp_path: Path) -> None:
    text = ready_made().replace("pitch: family-number-pitch", "pitch: own-pitch")
    with pytest.raises(ScriptNotAtHand, match="own-pitch"):
        plan(text=text, folder=tmp_path).scripts()
    from scripts.language import library

    own = library()["family-number-pitch"].replace("script: family-number-pitch", "script: own-pitch")
    (tmp_path / "any-name.yaml").write_text(own, "utf-8")
    assert own in plan(text=text, folder=tmp_path).scripts()


def test_a_faulty_definition_is_refused_with_its_line(tmp_path: Path) -> None:
    file = tmp_path / "campaign.yaml"
    file.write_text(ready_made().replace("price_fen: 500", "price_fen: -500"), "utf-8")
    told = command("--definition", str(file), "--json")
    assert told.exit_code == 1
    assert "price_fen" in json.loads(told.stdout)["refused"]


def test_the_command_prints_figures_as_json(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(running, "CLOSES", (9, 10))
    told = command("--days", "1", "--agents", "1", "--contacts", "2", "--json")
    assert told.exit_code == 0
    assert {*HEADINGS, "agent_hours", "held_back", "list_ends"} <= set(json.loads(told.stdout))


@pytest.mark.parametrize(("language", "word"), [("zh", "清单用完："), ("en", "the list runs out: ")])
def test_figures_are_told_in_both_languages(found: dict[str, Any], language: Any, word: str) -> None:
    assert any(line.startswith(word) for line in lines(found, language))


@pytest.mark.parametrize(("days", "told"), [(14, True), (45, False)])
def test_days_too_few_for_a_charge_are_told(found: dict[str, Any], days: int, told: bool) -> None:
    assert any("--days 38" in line for line in lines({**found, "days": days}, "en")) is told


def test_days_without_a_working_day_are_refused() -> None:
    told = command("--days", "0")
    assert told.exit_code == 2
    assert "0" in told.stderr
