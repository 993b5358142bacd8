"""The commands about evidence, from the file to its check by a stranger."""

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from sqlalchemy.engine import Engine
from sqlmodel import select

from outbound import clock, db, migrating
from outbound.cli import main
from outbound.journal import JournalEntry
from outbound.phones.vault import Vault
from outbound.settings import Settings
from tests.conftest import Cast, owning
from tests.desk import vault
from tests.sold_and_charged import sold_and_charged

__all__ = ["vault"]

pytestmark = pytest.mark.parametrize("engine", ["sqlite"], indirect=True)

Outbound = Callable[..., Result]


@pytest.fixture
def outbound(
    engine: Engine,
    settings: Settings,
    vault: Vault,
    cast: Cast,
    now: datetime,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Outbound:
    """The command line beside a database with one charged sale, in a folder of its own."""
    sold_and_charged(engine, settings, vault, cast, now)
    with owning(engine) as owner, owner.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL)")
        connection.exec_driver_sql(f"INSERT INTO alembic_version VALUES ('{migrating.newest_version()}')")
    monkeypatch.setenv("LC_ALL", "C.UTF-8")
    monkeypatch.setenv("OUTBOUND_DATA", str(settings.data))
    monkeypatch.setenv("OUTBOUND_DATABASE_URL", engine.url.render_as_string(hide_password=False))
    monkeypatch.chdir(tmp_path)

    def run(*arguments: object) -> Result:
        return CliRunner().invoke(main, [str(each) for each in arguments], catch_exceptions=False)

    return run


def test_a_file_is_made_and_a_stranger_checks_it_with_the_public_key(
    outbound: Outbound, engine: Engine, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert outbound("evidence", 1).stdout == "The evidence is in evidence-1.zip.\n"
    Path("fz.pem").write_text(outbound("keys", "public", "--centre", "fz").stdout)
    anchors = settings.data / "anchors.jsonl"
    with db.reading(engine) as session:
        taken = session.exec(select(JournalEntry).where(JournalEntry.action == "evidence.taken")).one()
    assert taken.actor_id is None
    monkeypatch.setenv("OUTBOUND_DATABASE_URL", "postgresql://nobody@127.0.0.1:1/nothing")
    told = outbound("evidence", "--check", "evidence-1.zip", "--key", "fz.pem", "--anchors", anchors)
    assert (told.exit_code, told.stdout.splitlines()[0][:45]) == (0, "Whole: the evidence of subscription 1, signed")
    assert len(told.stdout.splitlines()) == 1


def test_without_a_key_one_is_told_whose_to_ask_for(outbound: Outbound) -> None:
    outbound("evidence", 1, "--to", "kept.zip")
    told = outbound("evidence", "--check", "kept.zip")
    assert told.exit_code == 0
    assert "ask the centre" in told.stdout.splitlines()[1]


def test_a_file_of_another_centre_ends_with_one_and_a_sentence(outbound: Outbound) -> None:
    outbound("evidence", 1)
    Path("xm.pem").write_text(outbound("keys", "public", "--centre", "xm").stdout)
    told = outbound("evidence", "--check", "evidence-1.zip", "--key", "xm.pem")
    assert told.exit_code == 1
    assert told.stdout.startswith("It was not signed with the key that you trust")


def test_a_truncated_file_ends_with_one_and_a_sentence(outbound: Outbound) -> None:
    outbound("evidence", 1)
    file = Path("evidence-1.zip")
    file.write_bytes(file.read_bytes()[:5000])
    told = outbound("evidence", "--check", file)
    assert (told.exit_code, told.stdout) == (
        1,
        "This is not a whole ZIP file: it was cut short, or it is something else.\n",
    )


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("evidence", 1, "--to", "nowhere/kept.zip"), "nowhere/kept.zip cannot be written"),
        (("evidence", "--check", "odd.txt", "--key", "odd.txt"), "That is no public key"),
        (("evidence", 4711), "There is nothing here under that number"),
        (("keys", "public", "--centre", "np"), "There is no centre with the code “np”"),
    ],
)
def test_what_cannot_be_done_is_one_sentence(outbound: Outbound, arguments: tuple[object, ...], said: str) -> None:
    Path("odd.txt").write_text("nothing")
    told = outbound(*arguments)
    assert (told.exit_code, told.stdout, len(told.stderr.splitlines())) == (1, "", 1)
    assert said in told.stderr


@pytest.mark.parametrize("arguments", [("evidence",), ("evidence", 1, "--check", "odd.txt")])
def test_either_a_subscription_or_a_file_is_needed(outbound: Outbound, arguments: tuple[object, ...]) -> None:
    Path("odd.txt").write_text("nothing")
    assert outbound(*arguments).exit_code == 2


@pytest.fixture
def afterwards(now: datetime, monkeypatch: pytest.MonkeyPatch) -> None:
    """The command's present is later than everything in the database, whatever day it is."""
    monkeypatch.setattr(clock, "now", lambda: now + timedelta(days=60))


@pytest.mark.usefixtures("afterwards")
def test_verify_tells_its_progress_beside_its_answer(outbound: Outbound) -> None:
    told = outbound("verify", "--json")
    assert (told.exit_code, json.loads(told.stdout)) == (0, [])
    assert "journal" in told.stderr


@pytest.mark.usefixtures("afterwards")
def test_verify_holds_the_journal_against_the_anchors_outside(outbound: Outbound, settings: Settings) -> None:
    outbound("evidence", 1)
    file = settings.data / "anchors.jsonl"
    file.write_text(file.read_text().replace('"head":"', '"head":"0'))
    told = outbound("verify", "--json")
    assert told.exit_code == 1
    assert {each["promise"] for each in json.loads(told.stdout)} == {"journal_rewritten", "anchor_not_in_file"}


def test_the_keys_of_every_centre_and_of_the_anchors_are_printed(outbound: Outbound) -> None:
    told = outbound("keys", "public").stdout
    assert [line.split()[0] for line in told.splitlines() if " " in line and "KEY" not in line] == [
        "fz",
        "xm",
        "anchors",
    ]
