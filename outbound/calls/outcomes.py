"""Outcomes as data: the table is filled from outcomes.yaml, and read by duty."""

from functools import cache
from importlib.resources import files
from typing import Any

from ruamel.yaml import YAML
from sqlmodel import Session, col, select

from outbound.call_lists.model import Duty
from outbound.calls.model import After, Outcome
from scripts.vocabulary import CONSENTED, Ending, Kind


def fill(session: Session) -> None:
    """Bring the table of outcomes to what outcomes.yaml says; codes that were used stay."""
    for position, row in enumerate(_rows()):
        session.merge(Outcome(**{**row, "duties": ",".join(row["duties"]), "position": position}))


@cache
def _rows() -> list[dict[str, Any]]:
    text = files("outbound.calls").joinpath("outcomes.yaml").read_text("utf-8")
    rows: list[dict[str, Any]] = YAML(typ="safe", pure=True).load(text)
    return rows


def of_duty(session: Session, duty: Duty, kind: Kind) -> list[Outcome]:
    """How calls of this duty may end with a script of `kind`, in the order of the screen: a survey cannot sell."""
    every = session.exec(select(Outcome).order_by(col(Outcome.position))).all()
    return [outcome for outcome in every if duty in outcome.duties.split(",") and _fits(outcome, kind)]


def _fits(outcome: Outcome, kind: Kind) -> bool:
    if outcome.after == After.CONSENT:
        return outcome.code == CONSENTED.get(kind)
    return outcome.code != Ending.COMPLETED or kind not in CONSENTED
