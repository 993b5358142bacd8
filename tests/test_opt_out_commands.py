"""Lists of opt-outs on the command line."""

import csv
import io
import json
from pathlib import Path

import pytest
from sqlalchemy.engine import Engine
from sqlmodel import col, select

from outbound import db
from outbound.journal import JournalEntry
from outbound.opt_outs.model import OptOut, Scope
from tests.conftest import Cast
from tests.desk import Floor, floor, vault
from tests.test_cli import SQLITE, Outbound, assert_one_sentence, english, here, outbound

__all__ = ["english", "floor", "here", "outbound", "vault"]

LISTS = Path(__file__).parent / "samples/call-lists"
EXPECTED = json.loads((LISTS / "expected.json").read_text())


def test_a_list_that_meets_the_blacklist_has_exactly_the_expected_figures(
    outbound: Outbound, here: Engine, floor: Floor
) -> None:
    blocked = outbound("optouts", "import", LISTS / "06-blacklist.csv", "--json")
    rows = len((LISTS / "06-blacklist.csv").read_text("utf-8-sig").strip().splitlines()) - 1
    figures = {"rows": rows, "accepted": rows, "duplicate": 0, "invalid": 0, "suppressed": 0}
    assert (blocked.exit_code, json.loads(blocked.stdout)) == (0, figures)
    taken = outbound("import", LISTS / "06-meets-blacklist.csv", "--campaign", floor.campaign.name, "--json")
    assert json.loads(taken.stdout) == EXPECTED["06-meets-blacklist.csv"]


@SQLITE
def test_the_same_list_again_is_all_duplicates(outbound: Outbound, here: Engine, cast: Cast) -> None:
    outbound("optouts", "import", LISTS / "06-blacklist.csv")
    again = json.loads(outbound("optouts", "import", LISTS / "06-blacklist.csv", "--json").stdout)
    assert (again["accepted"], again["duplicate"]) == (0, again["rows"])


@SQLITE
@pytest.mark.parametrize("name", [name for name, expected in EXPECTED.items() if "refused" in expected])
def test_a_file_that_is_no_list_is_refused_with_one_sentence(
    outbound: Outbound, here: Engine, cast: Cast, name: str
) -> None:
    told = outbound("optouts", "import", LISTS / name, "--json")
    assert (told.exit_code, list(json.loads(told.stdout))) == (1, ["refused"])
    assert_one_sentence(outbound("optouts", "import", LISTS / name))


@SQLITE
def test_a_fault_in_the_last_row_blocks_nobody(outbound: Outbound, here: Engine, cast: Cast, tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    file.write_text('phone,reason\n13800138000,a\n13900139000,"b\n')
    assert_one_sentence(outbound("optouts", "import", file), "quot")
    with db.reading(here) as session:
        assert session.exec(select(OptOut)).all() == []


def test_a_list_may_be_for_one_campaign_until_a_day(
    outbound: Outbound, here: Engine, floor: Floor, tmp_path: Path
) -> None:
    file = tmp_path / "a.csv"
    file.write_text("phone\n13800138000\n")
    options = ("--campaign", floor.campaign.name, "--until", "2031-12-31", "--category", "complaint")
    assert outbound("optouts", "import", file, *options).stdout.startswith("rows 1  accepted 1")
    with db.reading(here) as session:
        row = session.exec(select(OptOut)).one()
        assert (row.scope, row.campaign_id, row.category) == (Scope.CAMPAIGN, floor.campaign.id, "complaint")
        assert row.expires_at and row.expires_at.isoformat() == "2031-12-31T16:00:00+00:00"


@SQLITE
@pytest.mark.parametrize(
    "options", [("--scope", "campaign"), ("--scope", "campaign_kind"), ("--kind", "telesales", "--campaign", "x")]
)
def test_a_scope_that_does_not_say_of_what_is_refused(
    outbound: Outbound, here: Engine, cast: Cast, options: tuple[str, ...]
) -> None:
    assert_one_sentence(outbound("optouts", "import", LISTS / "06-blacklist.csv", *options), "--kind")


@SQLITE
@pytest.mark.parametrize("option", ["--campaign", "--centre"])
def test_a_name_that_nobody_knows_is_refused(outbound: Outbound, here: Engine, cast: Cast, option: str) -> None:
    assert_one_sentence(outbound("optouts", "import", LISTS / "06-blacklist.csv", option, "nowhere"), "nowhere")


@SQLITE
@pytest.mark.parametrize("name", ["out.csv", "out.xlsx"])
def test_opt_outs_are_given_out_as_a_list_that_is_taken_in_again(
    outbound: Outbound, here: Engine, cast: Cast, tmp_path: Path, name: str
) -> None:
    outbound("optouts", "import", LISTS / "06-blacklist.csv")
    file = tmp_path / name
    assert outbound("optouts", "export", file).exit_code == 0
    again = json.loads(outbound("optouts", "import", file, "--json").stdout)
    assert (again["accepted"], again["duplicate"]) == (0, again["rows"])
    with db.reading(here) as session:
        noted = session.exec(select(JournalEntry).where(col(JournalEntry.action) == "opt_outs.exported")).all()
        assert {entry.chain for entry in noted} == {cast.fz.id, cast.xm.id}


@SQLITE
def test_masked_numbers_are_given_out_where_that_is_asked(
    outbound: Outbound, here: Engine, cast: Cast, tmp_path: Path
) -> None:
    outbound("optouts", "import", LISTS / "06-blacklist.csv")
    outbound("optouts", "export", tmp_path / "out.csv", "--masked")
    rows = list(csv.reader(io.StringIO((tmp_path / "out.csv").read_text("utf-8-sig"))))
    assert "158****6673" in [cells[0] for cells in rows]
    assert not any("15808546673" in cell for cells in rows for cell in cells)


@SQLITE
def test_a_list_of_customers_is_doubted_before_they_are_blocked(
    outbound: Outbound, here: Engine, cast: Cast, tmp_path: Path
) -> None:
    file = tmp_path / "customers.csv"
    file.write_text("手机号码,客户姓名\n13800138000,王秀英\n", encoding="utf-8")
    result = outbound("optouts", "import", file)
    assert "outbound import" in result.stderr
    assert result.stdout.startswith("rows 1  accepted 1")


@SQLITE
def test_a_list_that_says_what_it_is_is_not_doubted(
    outbound: Outbound, here: Engine, cast: Cast, tmp_path: Path
) -> None:
    file = tmp_path / "拒呼名单.csv"
    file.write_text("手机号码,客户姓名\n13800138000,王秀英\n", encoding="utf-8")
    assert outbound("optouts", "import", file).stderr == ""


@SQLITE
def test_the_column_of_numbers_can_be_named(outbound: Outbound, here: Engine, cast: Cast, tmp_path: Path) -> None:
    file = tmp_path / "黑名单.csv"
    file.write_text("对端,经办\n13800138001,王\n", encoding="utf-8")
    assert_one_sentence(outbound("optouts", "import", file), "对端、经办")
    told = outbound("optouts", "import", file, "--column", "对端=phone", "--json")
    assert json.loads(told.stdout)["accepted"] == 1


@SQLITE
def test_the_file_that_is_given_out_is_readable_by_nobody_else(
    outbound: Outbound, here: Engine, cast: Cast, tmp_path: Path
) -> None:
    outbound("optouts", "export", tmp_path / "a.csv")
    assert (tmp_path / "a.csv").stat().st_mode & 0o077 == 0
    assert [file.name for file in tmp_path.iterdir() if file.name.endswith(".part")] == []


@SQLITE
def test_a_file_that_cannot_be_written_is_one_sentence(
    outbound: Outbound, here: Engine, cast: Cast, tmp_path: Path
) -> None:
    assert_one_sentence(outbound("optouts", "export", tmp_path / "nowhere" / "a.csv"), "cannot be written")
