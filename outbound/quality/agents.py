"""An agent's file: how strictly the calls are sampled and why, what reviews and patrols said, how much was done."""

from dataclasses import dataclass
from datetime import date, timedelta

import sqlalchemy as sa
from sqlmodel import Session, col, select

from outbound.billing.credits import Credit, Part, credits_of
from outbound.calls.model import Call, Outcome
from outbound.clock import day_ends, day_starts
from outbound.people import Centre, Role, Staff, holders, known
from outbound.quality import figures
from outbound.quality.figures import Dimension, Figure, Honesty
from outbound.quality.samples import Sample, sample_of
from qa import ladder, patrol
from qa.ladder import Standing
from qa.patrol import Seen

_MOMENT = timedelta(microseconds=1)


@dataclass(frozen=True)
class AgentFile:
    """What is known of an agent's work in some days."""

    agent: Staff
    standing: Standing
    dialled: int
    reached: int
    figure: Figure | None
    """The estimated failure rate; None where no call of theirs was drawn from."""
    honesty: Honesty | None
    patrols: Seen
    sold: Credit
    """What became of the sales of theirs that were first charged in these days."""
    confirmed: Credit
    """The same of the sales that they confirmed."""


def agents_at(session: Session, centre: Centre, first: date, last: date) -> list[AgentFile]:
    """The files of everybody who calls at a centre, by login, as they stand at the end of the last day."""
    sample = sample_of(session, known(centre.id), first, last)
    seen = [*holders(session, Role.AGENT, centre.id), *holders(session, Role.VERIFIER, centre.id)]
    callers = {person.id: person for person in seen}
    return _files(session, centre, list(callers.values()), sample, first, last)


def file_of(session: Session, centre: Centre, agent: Staff, first: date, last: date) -> AgentFile:
    """One agent's file."""
    sample = sample_of(session, known(centre.id), first, last)
    return _files(session, centre, [agent], sample, first, last)[0]


def _files(
    session: Session, centre: Centre, callers: list[Staff], sample: Sample, first: date, last: date
) -> list[AgentFile]:
    since, until = day_starts(first, centre.zone), day_ends(last, centre.zone)
    rates = {figure.key: figure for figure in figures.by(sample, Dimension.AGENT)}
    honest = {each.agent_id: each for each in figures.honesty(sample)}
    seen = patrol.counts(session, known(centre.id), since=since, until=until)
    dialled = dict(_calls(session, centre, first, last))
    credits = {(each.staff_id, each.part): each for each in credits_of(session, centre, since, until)}
    return [
        AgentFile(
            agent=person,
            standing=ladder.standing_of(session, known(person.id), zone=centre.zone, now=until - _MOMENT),
            dialled=dialled.get(known(person.id), (0, 0))[0],
            reached=dialled.get(known(person.id), (0, 0))[1],
            figure=rates.get(person.id),
            honesty=honest.get(known(person.id)),
            patrols=seen.get(known(person.id), Seen()),
            sold=credits.get((known(person.id), Part.SELLER), Credit(known(person.id), Part.SELLER)),
            confirmed=credits.get((known(person.id), Part.VERIFIER), Credit(known(person.id), Part.VERIFIER)),
        )
        for person in callers
    ]


def _calls(session: Session, centre: Centre, first: date, last: date) -> list[tuple[int, tuple[int, int]]]:
    """By agent, how many calls were dialled, and in how many somebody was spoken to."""
    reached = sa.func.coalesce(sa.func.sum(sa.case((col(Outcome.contacted), 1), else_=0)), 0)
    asked = (
        select(Call.agent_id, sa.func.count(), reached)
        .join(Outcome, col(Outcome.code) == col(Call.outcome_code), isouter=True)
        .where(Call.centre_id == centre.id, col(Call.dialled_at) >= day_starts(first, centre.zone))
        .where(col(Call.dialled_at) < day_ends(last, centre.zone))
        .group_by(col(Call.agent_id))
    )
    return [(agent, (dialled, spoken)) for agent, dialled, spoken in session.exec(asked)]
