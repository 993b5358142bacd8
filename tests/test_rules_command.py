"""`outbound rules`, and calling rules among the files of `outbound check` and `outbound schema`."""

import json
from pathlib import Path

import pytest
from sqlalchemy.engine import Engine
from sqlmodel import Session

from outbound.calling_rules import own_rules
from outbound.calling_rules.overriding import own_schema
from outbound.calling_rules.profiles import shipped
from outbound.people import known
from tests.conftest import NOW, Cast
from tests.test_campaigns import TRIAL
from tests.test_cli import SQLITE, Outbound, assert_one_sentence, english, here, outbound

__all__ = ["english", "here", "outbound"]

OURS = "name: our-rules\nlabel: {zh: 本中心规则, en: Our rules}\nextends: cn-telecom\nspacing: 1 h\n"
NAMING = TRIAL.replace("profile: cn-telecom", "profile: our-rules")


@pytest.fixture
def ours(tmp_path: Path) -> Path:
    """A file of rules."""
    file = tmp_path / "ours.yaml"
    file.write_text(OURS, "utf-8")
    return file


@pytest.fixture
def naming(tmp_path: Path) -> Path:
    """A file of a definition that names them."""
    file = tmp_path / "campaign.yaml"
    file.write_text(NAMING, "utf-8")
    return file


def test_a_file_is_checked_without_a_database(outbound: Outbound, ours: Path) -> None:
    told = outbound("rules", "check", ours).stdout
    assert told.startswith("our-rules  Our rules\n  Every day 09:00–21:00")
    assert told.endswith(
        "Looser than cn-telecom, at the centre’s own responsibility:\n"
        "  Less than 4 h may lie between two calls to a number.\n"
    )


def test_a_fault_of_a_file_is_told_with_its_line(outbound: Outbound, ours: Path) -> None:
    ours.write_text(f"{OURS}colour: red\n", "utf-8")
    answer = outbound("rules", "check", ours)
    assert_one_sentence(answer, "Line 5, column 1: `colour` is not known here")
    refused = json.loads(outbound("rules", "check", ours, "--json").stdout)["refused"]
    assert refused == answer.stderr.strip()


def test_a_file_is_kept_as_the_next_version(
    outbound: Outbound, here: Engine, cast: Cast, session: Session, ours: Path
) -> None:
    first = json.loads(outbound("rules", "keep", ours, "--centre", "fz", "--note", "quiet", "--json").stdout)
    assert first == {"name": "our-rules", "centre": "fz", "version": 1, "sha256": own_rules.digest(OURS)}
    assert outbound("rules", "keep", ours, "--centre", "fz").stdout == "fz  our-rules  version 1\n"
    ours.write_text(OURS.replace("1 h", "2 h"), "utf-8")
    assert outbound("rules", "keep", ours, "--centre", "fz").stdout == "fz  our-rules  version 2\n"
    rules = own_rules.find(session, known(cast.fz.id), "our-rules")
    assert rules
    assert [(each.number, each.note, each.by_id) for each in own_rules.versions(session, rules)] == [
        (2, "", None),
        (1, "quiet", None),
    ]


@SQLITE
def test_a_centre_is_asked_for_where_there_are_several(
    outbound: Outbound, here: Engine, cast: Cast, ours: Path
) -> None:
    assert_one_sentence(outbound("rules", "keep", ours), "Say with --centre which centre is meant", "fz, xm")


def test_the_rules_that_there_are_can_be_listed(
    outbound: Outbound, here: Engine, cast: Cast, session: Session, ours: Path
) -> None:
    version = own_rules.keep(session, cast.fz, OURS, by=cast.manager, now=NOW)
    rules = session.get_one(own_rules.OwnRules, version.rules_id)
    own_rules.retire(session, rules, why="replaced", by=cast.manager, now=NOW)
    own_rules.keep(session, cast.xm, OURS, by=None, now=NOW)
    session.commit()
    found = json.loads(outbound("rules", "list", "--json").stdout)
    assert [each["name"] for each in found[:3]] == ["cn-telecom", "us-tsr", "uk"]
    assert [(each["centre"], each["version"], each["retired"]) for each in found[3:]] == [
        ("fz", 1, True),
        ("xm", 1, False),
    ]
    told = outbound("rules", "list", "--centre", "fz").stdout.splitlines()
    assert told[3:] == ["our-rules  Our rules  fz  version 1  retired"]


@SQLITE
def test_rules_are_shown_in_words_as_json_and_as_written(
    outbound: Outbound, here: Engine, cast: Cast, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    own_rules.keep(session, cast.fz, OURS, by=cast.manager, now=NOW)
    session.commit()
    assert "At least 1 h between two calls to a number." in outbound("rules", "show", "our-rules").stdout
    told = json.loads(outbound("rules", "show", "our-rules", "--json").stdout)
    assert (told["version"], told["looser_than"], len(told["looser"])) == (1, "cn-telecom", 1)
    assert outbound("rules", "show", "our-rules", "--yaml").stdout == OURS
    assert outbound("rules", "show", "uk", "--yaml").stdout == shipped("uk").text
    assert_one_sentence(outbound("rules", "show", "mars"), "There are no calling rules “mars” here")
    monkeypatch.setenv("LC_ALL", "zh_CN.UTF-8")
    assert "两次拨打的间隔可短于 4 小时。" in outbound("rules", "show", "our-rules").stdout


def test_the_schema_of_rules_is_published(outbound: Outbound) -> None:
    assert json.loads(outbound("schema", "rules").stdout) == own_schema()


def test_a_definition_says_which_rules_only_its_centre_knows(outbound: Outbound, naming: Path) -> None:
    answer = outbound("check", naming)
    assert answer.exit_code == 0
    assert answer.stdout == (
        f"{naming}: calling rules `our-rules` can only be looked up at the centre; or give their file beside it.\n"
        "All correct.\n"
    )


def test_rules_beside_a_definition_are_found_and_checked(outbound: Outbound, naming: Path, ours: Path) -> None:
    assert outbound("check", naming, ours).stdout == "All correct.\n"
    ours.write_text(f"{OURS}retention_years: -1\n", "utf-8")
    answer = outbound("check", naming, ours)
    assert answer.exit_code == 1
    assert answer.stdout.startswith(f"{ours}: Line 5, column 1: `retention_years` cannot be -1")


def test_a_definition_of_a_profile_of_the_product_needs_no_centre(outbound: Outbound, naming: Path) -> None:
    naming.write_text(TRIAL, "utf-8")
    assert outbound("check", naming).stdout == "All correct.\n"
