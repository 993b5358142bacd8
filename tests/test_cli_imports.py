"""Imports on the command line: every sample as agreed, progress kept, what was left is taken up."""

import json
import sqlite3
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Engine
from sqlmodel import select

from outbound import clock, db
from outbound.call_lists import importing, keeping, remembering, starting, taking
from outbound.call_lists.model import CallList, Contact, ImportState
from outbound.call_lists.reading import open_list
from outbound.campaigns import verbs as campaigns
from outbound.campaigns.model import Campaign
from outbound.cli import main
from outbound.people import known
from outbound.phones.vault import open_vault
from outbound.settings import Settings
from tests.conftest import NOW
from tests.desk import Floor, floor, vault
from tests.test_cli import Outbound, assert_one_sentence, english, here, outbound
from tests.test_importing import EXPECTED, FIGURES, REFUSED, SAMPLES, TAKEN

__all__ = ["english", "floor", "here", "outbound", "vault"]
SQLITE = pytest.mark.parametrize("engine", ["sqlite"], indirect=True)


@pytest.mark.parametrize("name", [name for name in TAKEN if not name.startswith("06")])
def test_a_sample_prints_exactly_the_agreed_counts(outbound: Outbound, here: Engine, floor: Floor, name: str) -> None:
    result = outbound("import", SAMPLES / name, "--campaign", floor.campaign.name, "--json")
    assert json.loads(result.stdout) == {figure: EXPECTED[name][figure] for figure in FIGURES}


def test_the_sample_that_meets_the_blacklist_prints_exactly_the_agreed_counts(
    outbound: Outbound, here: Engine, floor: Floor
) -> None:
    name = "06-meets-blacklist.csv"
    outbound("optouts", "import", SAMPLES / "06-blacklist.csv", "--json")
    result = outbound("import", SAMPLES / name, "--campaign", floor.campaign.name, "--json")
    assert json.loads(result.stdout) == {figure: EXPECTED[name][figure] for figure in FIGURES}


@SQLITE
@pytest.mark.parametrize("name", REFUSED)
def test_a_sample_that_is_no_list_is_refused_with_one_sentence(
    outbound: Outbound, here: Engine, floor: Floor, settings: Settings, name: str
) -> None:
    result = outbound("import", SAMPLES / name, "--campaign", floor.campaign.name, "--json")
    (sentence,) = json.loads(result.stdout).values()
    assert (result.exit_code, "\n" in sentence) == (1, False)
    with db.reading(here) as session:
        assert session.exec(select(Contact)).all() == []
        assert session.exec(select(CallList).where(CallList.name == name)).all() == []


@SQLITE
def test_a_fault_deep_in_a_file_is_one_sentence_and_nothing_stays(
    outbound: Outbound, here: Engine, floor: Floor, tmp_path: Path
) -> None:
    file = tmp_path / "deep.csv"
    file.write_text("手机号码\n" + "".join(f"138{place:08d}\n" for place in range(12_000)) + '"138', encoding="utf-8")
    result = outbound("import", file, "--campaign", floor.campaign.name, "--json")
    assert (result.exit_code, "row 12002" in json.loads(result.stdout)["refused"]) == (1, True)
    with db.reading(here) as session:
        assert session.exec(select(Contact)).all() == []
        (call_list,) = session.exec(select(CallList).where(CallList.name == "deep.csv"))
        assert call_list.state is ImportState.REFUSED


@SQLITE
def test_a_centre_that_is_not_there_is_told_with_those_that_are(outbound: Outbound, here: Engine, floor: Floor) -> None:
    file = SAMPLES / "01-clean-utf8-bom.csv"
    result = outbound("import", file, "--campaign", floor.campaign.name, "--centre", "nowhere")
    assert_one_sentence(result, "There is no centre with the code “nowhere”", "fz")


@SQLITE
def test_an_import_without_its_campaign_is_told_how_to_be_written(outbound: Outbound, here: Engine) -> None:
    assert_one_sentence(outbound("import", __file__), "--campaign", code=2)


@SQLITE
def test_a_sheet_can_be_named(outbound: Outbound, here: Engine, floor: Floor) -> None:
    file = SAMPLES / "05-title-row.xlsx"
    result = outbound("import", file, "--campaign", floor.campaign.name, "--sheet", "nowhere")
    assert_one_sentence(result, "nowhere")


@pytest.fixture
def left(here: Engine, floor: Floor, settings: Settings) -> int:
    """An import that nobody has in hand."""
    file = SAMPLES / "03-duplicates.csv"
    with db.transaction(here) as session:
        opened = open_list(file, file.name)
        call_list = importing.begin(session, floor.campaign, opened, opened.columns(), by=None, now=NOW)
        call_list.file = keeping.keep(keeping.folder_in(settings.data), open_vault(settings.data), opened.source)
    return known(call_list.id)


def test_an_import_that_was_left_is_brought_to_its_end(outbound: Outbound, here: Engine, left: int) -> None:
    assert outbound("import", "--resume", left).exit_code == 0
    with db.reading(here) as session:
        done = session.get_one(CallList, left)
    assert (done.state, done.accepted, done.duplicate) == (ImportState.PUBLISHED, 100, 37)


@SQLITE
def test_the_worker_starts_a_process_for_each_import_that_nobody_has_in_hand(
    here: Engine, settings: Settings, left: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[int] = []
    monkeypatch.setattr(starting, "start", lambda _settings, number: started.append(number))
    assert starting.take_up(here, settings, now=clock.now()) == 1
    with db.transaction(here) as session:
        session.get_one(CallList, left).lease_until = clock.now() + timedelta(minutes=1)
    assert starting.take_up(here, settings, now=clock.now()) == 0
    assert started == [left]


def test_the_command_that_the_console_starts_is_there() -> None:
    assert "resume" in {parameter.name for parameter in main.commands["import"].params}


@SQLITE
def test_a_list_that_sounds_like_opt_outs_is_doubted_beside_its_counts(
    outbound: Outbound, here: Engine, floor: Floor
) -> None:
    result = outbound("import", SAMPLES / "06-meets-blacklist.csv", "--campaign", floor.campaign.name, "--json")
    assert "optouts import" in result.stderr
    assert json.loads(result.stdout)["rows"] == 80


# What the preview of the console puts right, said on the command line


def a_file(folder: Path, content: str | bytes) -> Path:
    file = folder / "list.csv"
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    return file


ODD = "对端,称呼语\n13800138001,王秀英\n13800138002,陈芳\n"


def names_in(engine: Engine) -> list[str]:
    with db.reading(engine) as session:
        return sorted(session.exec(select(Contact.name)))


@SQLITE
def test_columns_can_be_named(outbound: Outbound, here: Engine, floor: Floor, tmp_path: Path) -> None:
    chosen = ("--column", "对端=phone", "--column", "称呼语 = name")
    result = outbound("import", a_file(tmp_path, ODD), "--campaign", floor.campaign.name, *chosen, "--json")
    assert (json.loads(result.stdout)["accepted"], names_in(here)) == (2, ["王秀英", "陈芳"])


@SQLITE
@pytest.mark.parametrize(
    ("said", "told"), [("对端", "HEADER=ROLE"), ("=phone", "HEADER=ROLE"), ("对端=x", "phone, name")]
)
def test_a_column_said_wrongly_is_told(
    outbound: Outbound, here: Engine, floor: Floor, tmp_path: Path, said: str, told: str
) -> None:
    file = a_file(tmp_path, ODD)
    assert_one_sentence(outbound("import", file, "--campaign", floor.campaign.name, "--column", said), told)


@SQLITE
def test_columns_are_as_the_centre_chose_them_last(
    outbound: Outbound, here: Engine, floor: Floor, tmp_path: Path
) -> None:
    with db.transaction(here) as session:
        roles = {"对端": "phone", "称呼语": "name"}
        remembering.remember(session, floor.campaign.centre_id, roles, by=None, now=NOW)
    result = outbound("import", a_file(tmp_path, ODD), "--campaign", floor.campaign.name, "--json")
    assert (json.loads(result.stdout)["accepted"], names_in(here)) == (2, ["王秀英", "陈芳"])


@SQLITE
def test_what_may_be_another_encoding_is_doubted_beside_its_counts(
    outbound: Outbound, here: Engine, floor: Floor, tmp_path: Path
) -> None:
    file = a_file(tmp_path, "name,phone\n張偉,13800138001\n陳靜,13800138002\n".encode("big5"))
    result = outbound("import", file, "--campaign", floor.campaign.name, "--json")
    assert ("--encoding" in result.stderr, json.loads(result.stdout)["rows"]) == (True, 2)


@SQLITE
def test_a_closed_campaign_takes_no_list(outbound: Outbound, here: Engine, floor: Floor) -> None:
    with db.transaction(here) as session:
        campaigns.close(session, session.get_one(Campaign, floor.campaign.id), by=floor.cast.manager, now=NOW)
    result = outbound("import", SAMPLES / "03-duplicates.csv", "--campaign", floor.campaign.name, "--json")
    assert (result.exit_code, "closed for good" in json.loads(result.stdout)["refused"]) == (1, True)


@SQLITE
def test_a_full_disk_is_one_sentence(
    outbound: Outbound, here: Engine, floor: Floor, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise sa.exc.OperationalError("INSERT", {}, sqlite3.OperationalError("database or disk is full"))

    monkeypatch.setattr(taking.Taker, "take", full)
    result = outbound("import", SAMPLES / "03-duplicates.csv", "--campaign", floor.campaign.name)
    assert_one_sentence(result, "no room left on the disk", "outbound import --resume")
