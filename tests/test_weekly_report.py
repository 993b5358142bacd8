"""The weekly report: written once when a week is over, true to the rows, with the anchors of its moment."""

import html
import json
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner
from flask.testing import FlaskClient
from sqlalchemy.engine import Engine
from sqlmodel import Session

from outbound import db, journal, signing
from outbound.anchors import anchoring
from outbound.billing import charges
from outbound.cli import main
from outbound.people import known
from outbound.reports import signature, weekly
from tests.conftest import NOW, Cast
from tests.sales import Sales

WEEK = "2026-W48"
"""The week of NOW, a Monday."""
CENTRES = 2
MONDAY = NOW + timedelta(days=7)


@pytest.fixture
def worked(session: Session, cast: Cast) -> Sales:
    """A week with two sales, one confirmed and one cancelled."""
    sales = Sales(session, cast, NOW)
    sales.campaign()
    sales.confirmed()
    sales.cancel(sales.due())
    session.commit()
    return sales


def report(data: Path) -> str:
    return html.unescape((data / "reports" / f"fz-{WEEK}.html").read_text("utf-8"))


def test_a_week_is_counted_from_its_rows(session: Session, worked: Sales) -> None:
    found = weekly.figures(session, worked.centre, WEEK)
    assert {name: value for name, value in found.items() if value} == {
        "dialled": 3,
        "sold": 2,
        "confirmed": 1,
        "ended": 1,
    }


def test_charges_are_counted_in_the_week_in_which_they_are_made(session: Session, worked: Sales) -> None:
    charges.run(session, worked.centre, now=MONDAY + timedelta(days=1))
    found = weekly.figures(session, worked.centre, "2026-W49")
    assert (found["charged"], found["charged_fen"], found["sold"]) == (1, 500, 0)


@pytest.mark.parametrize(("at", "sold"), [("2026-11-29T15:59:59+00:00", 1), ("2026-11-29T16:00:00+00:00", 0)])
def test_a_week_ends_at_midnight_in_the_centres_zone(session: Session, cast: Cast, at: str, sold: int) -> None:
    sales = Sales(session, cast, datetime.fromisoformat(at) - timedelta(minutes=2))
    sales.sell()
    assert weekly.figures(session, sales.centre, WEEK)["sold"] == sold


def test_the_report_carries_the_anchors_of_its_moment(engine: Engine, worked: Sales, tmp_path: Path) -> None:
    assert weekly.write_due(engine, tmp_path, now=MONDAY) == CENTRES
    told = [json.loads(line.split("<")[0]) for line in report(tmp_path).split('class="hash">')[1:]]
    with db.reading(engine) as session:
        ours = [anchoring.latest(session, chain) for chain in (known(worked.centre.id), 0)]
    assert [line["root"] for line in told] == [anchor.root for anchor in ours if anchor]


def test_a_report_is_written_once_and_not_before_its_week_is_over(
    engine: Engine, worked: Sales, tmp_path: Path
) -> None:
    assert weekly.write_due(engine, tmp_path, now=MONDAY - timedelta(hours=11)) == 0
    assert weekly.write_due(engine, tmp_path, now=MONDAY) == CENTRES
    before = report(tmp_path)
    assert weekly.write_due(engine, tmp_path, now=MONDAY + timedelta(days=1)) == 0
    assert report(tmp_path) == before


def test_after_a_stop_every_week_that_was_missed_is_reported(engine: Engine, worked: Sales, tmp_path: Path) -> None:
    assert weekly.write_due(engine, tmp_path, now=MONDAY) == CENTRES
    assert weekly.write_due(engine, tmp_path, now=MONDAY + timedelta(weeks=6)) == 6 * CENTRES
    weeks = [each.week for each in weekly.written(tmp_path, "fz")]
    assert weeks == ["2027-W01", "2026-W53", "2026-W52", "2026-W51", "2026-W50", "2026-W49", WEEK]
    assert weekly.write_due(engine, tmp_path, now=MONDAY + timedelta(weeks=6)) == 0


@pytest.fixture
def signed(engine: Engine, worked: Sales, tmp_path: Path) -> bytes:
    """The report of the week as it lies in its folder."""
    weekly.write_due(engine, tmp_path, now=MONDAY)
    return (tmp_path / "reports" / f"fz-{WEEK}.html").read_bytes()


def test_a_report_is_signed_with_its_centres_key(signed: bytes, worked: Sales, tmp_path: Path) -> None:
    mine, other = (signing.private_key(tmp_path, number).public_key() for number in (known(worked.centre.id), 0))
    assert signature.check(signed, key=mine) == signature.Checked([], signing.fingerprint(mine))
    assert signature.check(signed).faults == []
    assert signature.check(signed, key=other).faults == [signature.OTHER_KEY]


@pytest.mark.parametrize(
    ("changed", "into"),
    [(b">2</td>", b">3</td>"), (b"<main>", b"<main> "), (b"</html>\n", b"</html>\n<p>more</p>\n")],
)
def test_a_report_that_was_changed_is_found_out(signed: bytes, changed: bytes, into: bytes) -> None:
    assert changed in signed
    assert signature.check(signed.replace(changed, into)).faults == [signature.CHANGED]


def test_a_page_without_its_last_line_or_with_more_behind_it_is_no_report(signed: bytes) -> None:
    without = b"".join(signed.splitlines(keepends=True)[:-1])
    assert signature.check(without).faults == signature.check(signed + b"<p>").faults == [signature.UNSIGNED]


def test_a_reports_anchors_are_held_against_those_that_others_kept(
    signed: bytes, engine: Engine, tmp_path: Path
) -> None:
    with db.reading(engine) as session:
        chains = journal.chains(session)
        kept = [anchoring.line(session, each) for chain in chains if (each := anchoring.latest(session, chain))]
    assert signature.check(signed, anchors=kept).faults == []
    assert signature.check(signed, anchors=["another"]).faults == [signature.OTHER_ANCHOR]


@pytest.mark.parametrize(("code", "said"), [(0, "was signed with the key"), (1, "does not fit the page")])
def test_a_stranger_checks_a_report_on_the_command_line(signed: bytes, tmp_path: Path, code: int, said: str) -> None:
    file = tmp_path / "report.html"
    file.write_bytes(signed.replace(b"</h1>", b"!</h1>") if code else signed)
    (tmp_path / "fz.pem").write_bytes(signing.public_key(tmp_path, 1))
    arguments = ["evidence", "--check", str(file), "--key", str(tmp_path / "fz.pem")]
    ended = CliRunner().invoke(main, arguments, env={"LC_ALL": "C.UTF-8"})
    assert (ended.exit_code, said in ended.output) == (code, True)


@pytest.mark.parametrize("login", ["manager", "carrier"])
def test_who_sees_quality_finds_the_report(
    engine: Engine, worked: Sales, client_as: Callable[[str], FlaskClient], login: str
) -> None:
    client = client_as(login)
    weekly.write_due(engine, client.application.config["SETTINGS"].data, now=MONDAY)
    listed = client.get("/quality/reports").text
    assert (f"fz-{WEEK}.html" in listed, "Fuzhou centre" in listed) == (True, True)
    answer = client.get(f"/quality/reports/export/fz-{WEEK}.html")
    assert (answer.status_code, "周报" in answer.text) == (200, True)
    assert "attachment" in answer.headers["Content-Disposition"]
    others = client.get(f"/quality/reports/export/xm-{WEEK}.html").status_code
    assert others == (200 if login == "carrier" else 404)
    assert client.get("/quality/reports/export/..%2Fnumbers.key").status_code == 404
