"""`outbound batches`: what leaves is written, written again byte for byte, and answered."""

import hashlib
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa
from click.testing import CliRunner, Result
from sqlalchemy.engine import Engine

from outbound import db, migrating
from outbound.cli import main
from outbound.phones.model import keep
from outbound.phones.parsing import Number, parse
from outbound.phones.vault import open_vault
from tests.conftest import Cast, owning
from tests.sales import Sales

SOLD = datetime(2026, 6, 1, 2, 0, tzinfo=UTC)
"""Before today, whenever that is: the command line goes by the clock."""

pytestmark = pytest.mark.parametrize("engine", ["sqlite"], indirect=True)


@pytest.fixture(autouse=True)
def sold(engine: Engine, cast: Cast, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One activation waits in the database of the settings."""
    monkeypatch.setenv("LC_ALL", "C.UTF-8")
    monkeypatch.setenv("OUTBOUND_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("OUTBOUND_DATABASE_URL", engine.url.render_as_string(hide_password=False))
    with owning(engine) as owner, owner.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL)")
        connection.execute(sa.text("INSERT INTO alembic_version VALUES (:at)"), {"at": migrating.newest_version()})
    number = parse("13812345678")
    assert isinstance(number, Number)
    with db.transaction(engine) as session:
        phone = keep(session, open_vault(tmp_path / "data"), number, now=SOLD)
        Sales(session, cast, SOLD).sell(phone=phone)


def run(*arguments: object) -> Result:
    return CliRunner().invoke(main, ["batches", *map(str, arguments)], catch_exceptions=False)


def test_a_batch_leaves_as_three_files_that_nobody_else_reads(tmp_path: Path) -> None:
    assert run("export", "--centre", "fz", "--to", tmp_path / "out").exit_code == 0
    files = {file.name: file for file in (tmp_path / "out").iterdir()}
    assert set(files) == {"instructions-fz-1.csv", "instructions-fz-1.json", "instructions-fz-1.manifest.json"}
    assert {file.stat().st_mode & 0o777 for file in files.values()} == {0o600}
    manifest = json.loads(files["instructions-fz-1.manifest.json"].read_bytes())
    hashes = {each["name"]: each["sha256"] for each in manifest["files"]}
    assert hashes == {name: hashlib.sha256(files[name].read_bytes()).hexdigest() for name in hashes}


def test_a_batch_is_written_again_byte_for_byte(tmp_path: Path) -> None:
    run("export", "--centre", "fz", "--to", tmp_path / "first")
    run("again", "1", "--centre", "fz", "--to", tmp_path / "second")
    first, second = ({f.name: f.read_bytes() for f in (tmp_path / name).iterdir()} for name in ("first", "second"))
    assert first == second
    assert len(run("list", "--centre", "fz").stdout.splitlines()) == 1


def test_a_batch_that_cannot_be_written_has_not_left(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file, not a folder")
    refused = run("export", "--centre", "fz", "--to", tmp_path / "taken" / "out")
    assert (refused.exit_code, len(refused.stderr.splitlines())) == (1, 1)
    assert run("list", "--centre", "fz").stdout == ""


def test_answers_are_read_from_a_file(tmp_path: Path) -> None:
    run("export", "--centre", "fz", "--to", tmp_path)
    answers = tmp_path / "answers.csv"
    answers.write_text("1-activate-1,rejected,no such number\n", "utf-8")
    told = run("acknowledge", answers, "--centre", "fz").stdout
    assert told == "accepted 0  rejected 1  known 0  other amounts 0  unknown 0\n"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("again", "9", "--centre", "fz"), "There is no batch 9 at the centre fz."),
        (("export", "--centre", "nowhere"), "There is no centre with the code “nowhere”"),
    ],
)
def test_what_is_not_there_is_told_in_one_sentence(arguments: tuple[str, ...], said: str) -> None:
    refused = run(*arguments)
    assert (refused.exit_code, refused.stdout, said in refused.stderr) == (1, "", True)
