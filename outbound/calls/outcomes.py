"""Outcomes as data: the table is filled from outcomes.yaml, and read by duty; a campaign may change some of it."""

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field
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


class OutcomeTerms(BaseModel):
    """What an outcome of a call does in a campaign; what is not written is as everywhere."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    retry_minutes: int | None = Field(default=None, strict=True, ge=1, le=20_160)
    """Minutes until the next try."""
    next_number: Literal["same", "other"] | None = None
    """Which of the customer's numbers is rung then."""
    note_required: bool | None = None
    """Whether the caller must write a note."""
    personal: bool | None = None
    """Whether its callback is the caller's own unless they say otherwise."""


Changes = Mapping[str, OutcomeTerms]
"""What a campaign changes, by the codes of the outcomes."""

_SETTINGS = {After.RETRY: {"retry_minutes", "next_number"}, After.CALLBACK: {"personal"}}
FOLLOWING = frozenset({"retry_minutes", "next_number", "personal"})
"""Settings that are for some outcomes only: what follows the call."""


@cache
def changeable() -> Mapping[str, frozenset[str]]:
    """The codes of the outcomes that callers choose from, each with those settings of what follows that it has."""
    return {row["code"]: frozenset(_SETTINGS.get(After(row["after"]), set())) for row in _rows() if row["duties"]}


def of_duty(session: Session, duty: Duty, kind: Kind, changes: Changes | None = None) -> list[Outcome]:
    """How calls of this duty may end with a script of `kind`, in the order of the screen: a survey cannot sell."""
    every = session.exec(select(Outcome).order_by(col(Outcome.position))).all()
    fitting = (outcome for outcome in every if duty in outcome.duties.split(",") and _fits(outcome, kind))
    return [changed(outcome, changes or {}) for outcome in fitting]


def changed(outcome: Outcome, changes: Changes) -> Outcome:
    """An outcome as it is in a campaign; a copy that belongs to no session where the campaign changes it."""
    terms = changes.get(outcome.code)
    return Outcome(**outcome.model_dump() | terms.model_dump(exclude_none=True)) if terms else outcome


def _fits(outcome: Outcome, kind: Kind) -> bool:
    if outcome.after == After.CONSENT:
        return outcome.code == CONSENTED.get(kind)
    return outcome.code != Ending.COMPLETED or kind not in CONSENTED
