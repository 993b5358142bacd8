"""The command line: what each command prints, and that every error is one sentence and a non-zero exit."""

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from click.testing import CliRunner, Result
from sqlalchemy.engine import Engine
from sqlmodel import select

from outbound import clock, db, migrating, people, sign_ins
from outbound.anchors import anchoring
from outbound.call_lists.model import Contact
from outbound.cli import main
from outbound.commands.draws import draw_again
from outbound.people import known
from outbound.phones.model import keep
from outbound.phones.parsing import Number, parse
from outbound.phones.vault import Vault
from outbound.settings import Settings
from qa.sampling.model import DrawKind
from qa.sampling.seeds import PeriodUnknown
from qa.sampling.verbs import commit_seed, draw
from tests.conftest import NOW, Cast, owning
from tests.desk import EXAMPLES, Floor, floor, vault
from tests.sales import Sales

__all__ = ["floor", "vault"]

SQLITE = pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
SAMPLES = Path(__file__).parent / "samples"

Outbound = Callable[..., Result]


@pytest.fixture(autouse=True)
def english(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A terminal in English, and no data of anybody's."""
    monkeypatch.setenv("LC_ALL", "C.UTF-8")
    monkeypatch.setenv("OUTBOUND_DATA", str(tmp_path / "data"))


@pytest.fixture
def outbound() -> Outbound:
    """The command line, in this process."""

    def run(*arguments: object) -> Result:
        return CliRunner().invoke(main, [str(each) for each in arguments], catch_exceptions=False)

    return run


@pytest.fixture
def here(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> Engine:
    """The test's database, at the newest version, as the one of the settings."""
    with owning(engine) as owner, owner.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL)")
        connection.execute(sa.text("INSERT INTO alembic_version VALUES (:at)"), {"at": migrating.newest_version()})
    monkeypatch.setenv("OUTBOUND_DATABASE_URL", engine.url.render_as_string(hide_password=False))
    return engine


def assert_one_sentence(result: Result, *words: str, code: int = 1) -> None:
    """The command ended with a sentence on the error stream and nothing else."""
    assert (result.exit_code, result.stdout) == (code, ""), result.output
    assert len(result.stderr.splitlines()) == 1, result.stderr
    assert [word for word in words if word not in result.stderr] == []


# Help


@pytest.mark.parametrize("command", sorted(main.commands))
def test_every_command_has_its_help(outbound: Outbound, command: str) -> None:
    result = outbound(command, "--help")
    assert result.exit_code == 0
    assert " ".join(str(main.commands[command].help).split()) in " ".join(result.stdout.split())


def test_the_help_names_every_command(outbound: Outbound) -> None:
    told = outbound("--help").stdout
    assert [name for name in main.commands if f"  {name} " not in told] == []


def test_the_surface_of_the_design_is_there() -> None:
    assert {"demo", "serve", "work", "migrate", "check", "import", "draw", "evidence", "verify", "authz"} <= set(
        main.commands
    )


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (("dance",), "dance"),
        (("verify", "--fast"), "--fast"),
        (("check",), "FILES"),
        (("check", "nowhere.yaml"), "nowhere.yaml"),
        (("evidence", "one"), "one"),
    ],
)
def test_a_wrong_command_or_option_is_refused_in_one_sentence(
    outbound: Outbound, arguments: tuple[str, ...], word: str
) -> None:
    assert_one_sentence(outbound(*arguments), word, code=2)


# Settings and database


def test_an_unknown_setting_stops_every_command(outbound: Outbound, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OUTBOUND_PROT", "9000")
    for command in ("migrate", "serve", "work", "verify", "authz"):
        assert_one_sentence(outbound(command), "OUTBOUND_PROT", "OUTBOUND_PORT")


def test_a_refusal_is_in_chinese_on_a_chinese_terminal(outbound: Outbound, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LC_ALL", "zh_CN.UTF-8")
    monkeypatch.setenv("OUTBOUND_PROT", "9000")
    assert_one_sentence(outbound("verify"), "环境变量 OUTBOUND_PROT 不是 Outbound 的设置项")


@pytest.mark.parametrize(
    "url", ["postgresql://me:secret@127.0.0.1:1/it", "sqlite:////proc/nowhere/it.sqlite3", "nonsense:secret"]
)
@pytest.mark.parametrize("command", ["migrate", "serve", "work", "verify", "draw"])
def test_a_database_out_of_reach_is_told_in_one_sentence(
    outbound: Outbound, monkeypatch: pytest.MonkeyPatch, url: str, command: str
) -> None:
    monkeypatch.setenv("OUTBOUND_DATABASE_URL", url)
    result = outbound(command)
    assert_one_sentence(result, "The database cannot be opened")
    assert "secret" not in result.stderr


def test_a_file_that_is_no_database_is_told_in_one_sentence(outbound: Outbound, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data/outbound.sqlite3").write_text("a letter to a friend, longer than a header" * 50)
    assert_one_sentence(outbound("verify"), "file is not a database")


@pytest.mark.parametrize(
    "arguments",
    [("verify",), ("draw",), ("evidence", 1), ("serve",), ("work", "--once"), ("import", __file__, "--campaign", "x")],
)
def test_a_database_that_was_never_migrated_is_told_in_one_sentence(
    outbound: Outbound, arguments: tuple[object, ...]
) -> None:
    assert_one_sentence(outbound(*arguments), "run `outbound migrate` first")


def test_migrate_makes_the_database_and_names_its_version(outbound: Outbound, tmp_path: Path) -> None:
    first, second = outbound("migrate"), outbound("migrate")
    assert first.stdout == second.stdout == f"{migrating.newest_version()}\n"
    assert (tmp_path / "data/outbound.sqlite3").exists()
    assert json.loads(outbound("verify", "--json").stdout) == []


def test_a_database_of_a_newer_program_is_told_in_one_sentence(outbound: Outbound, here: Engine) -> None:
    with owning(here) as owner, owner.begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    assert_one_sentence(outbound("migrate"), "install the newer program again")


# Check


def test_good_definitions_and_scripts_are_all_correct(outbound: Outbound) -> None:
    scripts = Path(people.__file__).parent.parent / "scripts/library"
    result = outbound("check", *EXAMPLES.glob("*.yaml"), *scripts.glob("*.yaml"))
    assert (result.exit_code, result.stdout) == (0, "All correct.\n")


def test_a_fault_is_told_with_file_line_column_and_remedy(outbound: Outbound, tmp_path: Path) -> None:
    text = (EXAMPLES / "family-number-trial.yaml").read_text(encoding="utf-8")
    lines = text.splitlines()
    at = next(number for number, line in enumerate(lines) if line.startswith("  price_fen:"))
    lines[at] = "  price_fen: -3"
    faulty = tmp_path / "faulty.yaml"
    faulty.write_text("\n".join(lines), encoding="utf-8")
    result = outbound("check", EXAMPLES / "family-number-trial.yaml", faulty)
    assert result.exit_code == 1
    (line,) = result.stdout.splitlines()
    assert line.startswith(f"{faulty}: Line {at + 1}, column 3: `price_fen` cannot be -3; it must be at least")


def test_every_fault_of_every_file_is_told(outbound: Outbound, tmp_path: Path) -> None:
    for name in ("one.yaml", "two.yaml"):
        (tmp_path / name).write_text("name: x\ncolour: red\n", encoding="utf-8")
    result = outbound("check", tmp_path / "one.yaml", tmp_path / "two.yaml")
    unknown = [line for line in result.stdout.splitlines() if "`colour` is not known here" in line]
    assert [line.split(":")[0] for line in unknown] == [str(tmp_path / "one.yaml"), str(tmp_path / "two.yaml")]


def test_a_script_that_cannot_be_proved_is_told_at_the_step(outbound: Outbound, tmp_path: Path) -> None:
    text = (Path(people.__file__).parent.parent / "scripts/library/family-number-pitch.yaml").read_text("utf-8")
    faulty = tmp_path / "script.yaml"
    faulty.write_text(text.replace("{trial.ends_words}", "下个月"), encoding="utf-8")
    assert faulty.read_text("utf-8") != text
    result = outbound("check", faulty)
    assert result.exit_code == 1
    assert result.stdout.startswith(f"{faulty}: Line ")


def test_a_picture_is_no_definition(outbound: Outbound) -> None:
    picture = SAMPLES / "call-lists/07-picture.csv"
    assert_one_sentence(outbound("check", picture), str(picture), "UTF-8")


# Import


def test_an_import_prints_its_counts(outbound: Outbound, here: Engine, floor: Floor) -> None:
    file = SAMPLES / "call-lists/02-spellings-gbk.csv"
    result = outbound("import", file, "--campaign", floor.campaign.name, "--json")
    assert result.exit_code == 0, result.output
    counts = json.loads(result.stdout)
    assert counts["rows"] == counts["accepted"] + counts["duplicate"] + counts["invalid"] + counts["suppressed"] > 0
    with db.reading(here) as session:
        assert len(session.exec(select(Contact)).all()) == counts["accepted"]


def test_the_same_list_again_is_refused_as_json(outbound: Outbound, here: Engine, floor: Floor) -> None:
    command = ("import", SAMPLES / "call-lists/01-clean-utf8-bom.csv", "--campaign", floor.campaign.name, "--json")
    outbound(*command)
    result = outbound(*command)
    assert result.exit_code == 1
    assert "01-clean-utf8-bom.csv" in json.loads(result.stdout)["refused"]


@SQLITE
@pytest.mark.parametrize(
    "name", ["07-picture.csv", "07-empty.csv", "07-head-only.csv", "07-no-phone-column.csv", "07-broken.xlsx"]
)
def test_what_is_no_list_is_refused_and_leaves_nothing(
    outbound: Outbound, here: Engine, floor: Floor, name: str
) -> None:
    result = outbound("import", SAMPLES / "call-lists" / name, "--campaign", floor.campaign.name, "--json")
    assert result.exit_code == 1
    assert list(json.loads(result.stdout)) == ["refused"]
    with db.reading(here) as session:
        assert session.exec(select(Contact)).all() == []


@SQLITE
def test_a_campaign_that_is_not_there_is_told_with_those_that_are(
    outbound: Outbound, here: Engine, floor: Floor
) -> None:
    result = outbound("import", SAMPLES / "call-lists/01-clean-utf8-bom.csv", "--campaign", "nothing")
    assert_one_sentence(result, "nothing", floor.campaign.name)


@SQLITE
def test_an_import_with_another_number_key_is_refused(
    outbound: Outbound, here: Engine, floor: Floor, settings: Settings, vault: Vault
) -> None:
    floor.contact()
    (settings.data / "numbers.key").write_bytes(bytes(64))
    file = SAMPLES / "call-lists/01-clean-utf8-bom.csv"
    assert_one_sentence(outbound("import", file, "--campaign", floor.campaign.name), "put back the key")


# What can be looked at


@pytest.fixture
def afterwards(monkeypatch: pytest.MonkeyPatch) -> None:
    """The command's present is later than everything in the database, whatever day it is."""
    monkeypatch.setattr(clock, "now", lambda: NOW + timedelta(days=1))


@pytest.mark.usefixtures("afterwards")
def test_a_fresh_database_breaks_no_promise(outbound: Outbound, here: Engine) -> None:
    assert json.loads(outbound("verify", "--json").stdout) == []
    assert outbound("verify").stdout == "ok\n"


@pytest.mark.usefixtures("afterwards")
def test_a_broken_promise_is_told_and_ends_with_one(outbound: Outbound, here: Engine, cast: Cast) -> None:
    with owning(here) as owner, owner.begin() as connection:
        connection.exec_driver_sql(f"DELETE FROM journal_head WHERE chain = {cast.fz.id}")
    result = outbound("verify", "--json")
    assert result.exit_code == 1
    (found,) = json.loads(result.stdout)
    assert (found["promise"], found["chain"]) == ("journal_chain", cast.fz.id)


def test_every_route_is_listed_with_its_roles_and_no_database(outbound: Outbound) -> None:
    table = json.loads(outbound("authz", "--json").stdout)
    assert {"route": "/sign-in", "method": "POST", "permission": None, "roles": ["anybody"]} in table
    assert all(row["roles"] and row["method"] in {"GET", "POST", "PUT", "PATCH", "DELETE"} for row in table)
    assert len(outbound("authz").stdout.splitlines()) == len(table)


def test_the_evidence_of_a_sale_is_json(
    outbound: Outbound, here: Engine, cast: Cast, vault: Vault, now: datetime
) -> None:
    number = parse("13812345678")
    assert isinstance(number, Number)
    with db.transaction(here) as session:
        phone = keep(session, vault, number, now=now)
        sold = Sales(session, cast, now).confirmed(phone=phone)
    found = json.loads(outbound("evidence", sold.id, "--json").stdout)
    assert found["verdict"]["word"] == "chargeable"


@SQLITE
def test_the_evidence_of_nothing_is_refused(outbound: Outbound, here: Engine) -> None:
    assert_one_sentence(outbound("evidence", 9999), "There is nothing here under that number")


def test_without_draws_the_list_is_empty(outbound: Outbound, here: Engine) -> None:
    assert outbound("draw").stdout.strip() == ""
    assert_one_sentence(outbound("draw", "--verify", "2026-11-20"), "No draw was made of 2026-11-20")


@pytest.mark.parametrize(
    "nonsense", ["yesterday", "2026-11-31", "2026-W60", "20261120", "W", "2026-11-20; DROP", "9999-12-31"]
)
def test_what_names_no_period_is_refused_by_name(nonsense: str) -> None:
    with pytest.raises(PeriodUnknown, match="is not a period"):
        draw_again(nonsense, "en")


@SQLITE
def test_a_draw_that_is_drawn_again_says_how_it_went(
    outbound: Outbound, here: Engine, cast: Cast, now: datetime
) -> None:
    before, after = now - timedelta(days=1), now + timedelta(days=1)
    with db.transaction(here) as session:
        commit_seed(session, cast.fz, DrawKind.DAILY, "2026-11-23", seed="secret", now=before)
        draw(session, cast.fz, DrawKind.DAILY, "2026-11-23", now=after)
    assert outbound("draw", "--verify", "2026-11-23").stdout == "fz daily 2026-11-23: the same sample.\n"
    with here.begin() as connection:
        connection.exec_driver_sql("DROP TRIGGER draw_no_update")
        connection.exec_driver_sql("UPDATE draw SET seed = 'another'")
    steered = outbound("draw", "--verify", "2026-11-23")
    assert (steered.exit_code, "The seed is not the one that was promised." in steered.stdout) == (1, True)


@SQLITE
def test_a_draw_that_was_promised_late_says_so_in_both_languages(
    outbound: Outbound, here: Engine, cast: Cast, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    with db.transaction(here) as session:
        commit_seed(session, cast.fz, DrawKind.DAILY, "2026-11-23", seed="s", now=now + timedelta(days=1))
    with db.transaction(here) as session:
        anchoring.drop(session, known(cast.fz.id), now=now + timedelta(days=1, hours=1))
        draw(session, cast.fz, DrawKind.DAILY, "2026-11-23", now=now + timedelta(days=1, hours=1))
    assert outbound("draw").stdout.strip().endswith("promised late")
    verified = outbound("draw", "--verify", "2026-11-23")
    assert "the same sample. The seed of 2026-11-23 was promised late" in verified.stdout
    assert verified.exit_code == 0
    monkeypatch.setenv("LC_ALL", "zh_CN.UTF-8")
    made, again = (outbound("draw", *options).stdout.strip() for options in ((), ("--verify", "2026-11-23")))
    assert (made[:19], made[-8:]) == ("fz 2026-11-23 每日抽检：", "，种子为补作承诺")
    assert again.startswith("fz 2026-11-23 每日抽检：重新抽样，结果相同。2026-11-23 的抽样种子未能事先承诺")


# Taking somebody on


def test_the_first_manager_of_a_centre_is_taken_on(outbound: Outbound, here: Engine) -> None:
    command = ("hire", "--login", "boss", "--name", "林静", "--role", "manager", "--centre", "np", "--password")
    assert outbound(*command, "a long password").exit_code == 0
    with db.reading(here) as session:
        assert people.roles_of(session, sign_ins.check_password(session, "boss", "a long password")) == {"manager"}
    assert_one_sentence(outbound(*command, "a long password"), "boss is taken")
    assert_one_sentence(outbound(*command, "short"), "10 characters")


@SQLITE
def test_a_role_that_is_not_there_is_told_with_those_that_are(outbound: Outbound, here: Engine) -> None:
    command = ("hire", "--login", "boss", "--name", "x", "--role", "owner", "--password", "a long password")
    assert_one_sentence(outbound(*command), "owner", "manager", "business_support")
