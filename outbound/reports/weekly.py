"""The weekly report to the carrier: what a centre's week came to and the anchors of its journal, as one page to print.

It lies in OUTBOUND_DATA/reports, signed by its centre, and is written once, as soon as the week is over; after a stop
every week that was missed is made up for. Who keeps one can tell later whether the journal is still the same.
"""

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache
from importlib.resources import files
from pathlib import Path

import sqlalchemy as sa
from jinja2 import Environment, StrictUndefined, Template
from sqlalchemy.engine import Engine
from sqlmodel import Session, col, select

from outbound import clock
from outbound.anchors import anchoring
from outbound.compliance import Words
from outbound.db import UtcDateTime, reading, transaction
from outbound.journal import JournalEntry
from outbound.people import Centre, known
from outbound.reports import signature
from qa.sampling.lateness import late_between

FOLDER = "reports"
_NAME = re.compile(r"(?P<centre>.+)-(?P<week>\d{4}-W\d{2})\.html")
_MONEY = "_fen"

FIGURES: dict[str, tuple[Words, str]] = {
    "dialled": (Words("拨打次数", "Calls dialled"), "count(*) FROM call t WHERE true"),
    "sold": (Words("客户同意办理（首次通话）", "First yeses"), "count(*) FROM subscription t WHERE true"),
    "reviewed": (Words("已质检通话", "Calls reviewed"), "count(DISTINCT call_id) FROM review t WHERE true"),
    "failed": (
        Words("其中不合格", "of these, found invalid"),
        "count(DISTINCT call_id) FROM review t WHERE t.verdict = 'invalid'"
        " AND NOT EXISTS (SELECT 1 FROM review x WHERE x.task_id = t.task_id AND x.version > t.version)",
    ),
    "confirmed": (
        Words("二次确认通过", "Second confirmations passed"),
        "count(*) FROM confirmation t JOIN subscription s ON s.id = t.subscription_id"
        " WHERE t.kind = 'second' AND t.result = 'passed' AND t.restored = 0",
    ),
    "ended": (
        Words("退订、失效或无效", "Cancelled, lapsed or void"),
        "count(*) FROM state_change t JOIN subscription s ON s.id = t.subscription_id"
        " WHERE t.after IN ('cancelled', 'lapsed', 'void')",
    ),
    "complaints": (Words("投诉", "Complaints"), "count(*) FROM complaint t WHERE true"),
    "charged": (Words("计费笔数", "Charges"), "count(*) FROM ledger_entry t WHERE t.kind = 'charge'"),
    "charged_fen": (
        Words("计费金额", "Charged"),
        "coalesce(sum(t.amount_fen), 0) FROM ledger_entry t WHERE t.kind = 'charge'",
    ),
    "reversed": (Words("冲正笔数", "Reversals"), "count(*) FROM ledger_entry t WHERE t.kind = 'reversal'"),
    "reversed_fen": (
        Words("冲正金额", "Taken back"),
        "coalesce(-sum(t.amount_fen), 0) FROM ledger_entry t WHERE t.kind = 'reversal'",
    ),
}
"""What is reported, in order: how it is called, and the rows `t` that are counted; money in 分."""

_INSTANTS = {"call": "dialled_at", "subscription": "made_at"}
"""The column that says when, where it is not called `at`."""


@dataclass(frozen=True)
class Report:
    """A report that was written."""

    centre: str
    week: str
    file: Path


def figures(session: Session, centre: Centre, week: str) -> dict[str, int]:
    """What a week came to at a centre, Monday to Sunday in its zone; money in 分."""
    monday, sunday = clock.week_days(week)
    span = {"since": clock.day_starts(monday, centre.zone), "until": clock.day_ends(sunday, centre.zone)}
    return {
        name: int(session.execute(_question(counted), {"centre": centre.id, **span}).scalar_one())
        for name, (_words, counted) in FIGURES.items()
    }


def _question(counted: str) -> sa.TextClause:
    table = re.findall(r"FROM (\w+) t\b", counted)[0]
    instant, owner = _INSTANTS.get(table, "at"), "s" if " s ON " in counted else "t"
    asked = f"SELECT {counted} AND {owner}.centre_id = :centre AND t.{instant} >= :since AND t.{instant} < :until"
    spans = (sa.bindparam(name, type_=UtcDateTime()) for name in ("since", "until"))
    return sa.text(asked).bindparams(*spans)


def page(session: Session, centre: Centre, week: str, anchors: list[str]) -> str:
    """The report as HTML that opens without a network, in both languages."""
    first, last = clock.week_days(week)
    shown = [
        (FIGURES[name][0], f"¥{value / 100:,.2f}" if name.endswith(_MONEY) else f"{value:,}")
        for name, value in figures(session, centre, week).items()
    ]
    late = [each.told for each in late_between(session, centre.id, first, last)]
    facts = {"centre": centre, "week": week, "first": first, "last": last, "late": late}
    return _template().render(facts, figures=shown, anchors=anchors)


@cache
def _template() -> Template:
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    return environment.from_string(files("outbound.reports").joinpath("weekly.html").read_text("utf-8"))


def write_due(engine: Engine, data: Path, *, now: datetime) -> int:
    """Write the report of every week that is over, for each centre, since the last one that it has; how many.

    A process that dies in between leaves no half report, and the next beat writes it.
    """
    with reading(engine) as session:
        due = [(known(centre.id), week) for centre, week in _due(session, data, now=now)]
    for centre_id, week in due:
        with transaction(engine) as session:
            centre = session.get_one(Centre, centre_id)
            dropped = [anchoring.drop(session, chain, now=now) for chain in (centre_id, 0)]
            lines = [anchoring.line(session, anchor) for anchor in dropped if anchor]
            text = page(session, centre, week, lines)
            file = _file(data, centre, week)
        # After the commit: an anchor on paper that the database never kept would look like a rewritten journal.
        _write(file, signature.sign(text, data, centre_id))
    return len(due)


def _due(session: Session, data: Path, *, now: datetime) -> Iterator[tuple[Centre, str]]:
    """Centres and weeks in their order: without a report from the first week of a centre's journal on."""
    for centre in session.exec(select(Centre).order_by(col(Centre.id))):
        last = clock.local_day(now, centre.zone) - timedelta(days=7)
        monday = _next_monday(session, data, centre)
        while monday and clock.week_name(monday) <= clock.week_name(last):
            yield centre, clock.week_name(monday)
            monday += timedelta(days=7)


def _next_monday(session: Session, data: Path, centre: Centre) -> date | None:
    if done := written(data, centre.code):
        return clock.week_days(done[0].week)[0] + timedelta(days=7)
    began = select(JournalEntry.at).where(JournalEntry.chain == centre.id).order_by(col(JournalEntry.sequence)).limit(1)
    first = session.exec(began).first()
    return clock.week_days(clock.week_name(clock.local_day(first, centre.zone)))[0] if first else None


def _file(data: Path, centre: Centre, week: str) -> Path:
    return data / FOLDER / f"{centre.code}-{week}.html"


def _write(file: Path, page: bytes) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    draft = file.with_name(f".{file.name}.{os.getpid()}")
    with draft.open("wb") as opened:
        opened.write(page)
        opened.flush()
        os.fsync(opened.fileno())
    draft.replace(file)


def written(data: Path, centre: str | None) -> list[Report]:
    """The reports of a centre, by its code, the latest first; of every centre where none is named."""
    found = ((_NAME.fullmatch(file.name), file) for file in (data / FOLDER).glob("*.html"))
    reports = [Report(name["centre"], name["week"], file) for name, file in found if name]
    mine = [each for each in reports if centre in (None, each.centre)]
    return sorted(mine, key=lambda each: (each.week, each.centre), reverse=True)
