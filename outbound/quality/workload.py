"""Who reviewed how much: what was asked for, done, late and still open, and how long it was to hear. Reads only."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col

from outbound.people import Staff
from outbound.recordings.model import Recording
from qa.review.model import ReviewTask


@dataclass(frozen=True)
class Workload:
    """A reviewer's reviews: those asked for in a stretch of time, and what is open now."""

    reviewer: Staff
    asked: int
    done: int
    late: int
    """Done after they were due."""
    open: int
    overdue: int
    heard_seconds: float
    """Sound of what is done."""


def workloads(
    session: Session, centre_id: int | None, *, since: datetime, until: datetime, now: datetime
) -> list[Workload]:
    """Of one centre or (None) of all, by login; `open` and `overdue` whenever they were asked for."""
    done, due = col(ReviewTask.done_at), col(ReviewTask.due_at)
    within = sa.and_(col(ReviewTask.made_at) >= since, col(ReviewTask.made_at) < until)
    finished = sa.and_(within, done.is_not(None))
    conditions = (within, finished, sa.and_(within, done > due), done.is_(None), sa.and_(done.is_(None), due < now))
    asked = (
        sa.select(col(ReviewTask.reviewer_id), *map(_count, conditions), _sum(finished, col(Recording.seconds)))
        .join(Recording, col(Recording.id) == col(ReviewTask.recording_id))
        .group_by(col(ReviewTask.reviewer_id))
    )
    here = asked if centre_id is None else asked.where(col(ReviewTask.centre_id) == centre_id)
    found = [Workload(session.get_one(Staff, number), *counts) for number, *counts in session.execute(here)]
    return sorted(found, key=lambda each: each.reviewer.login)


def _sum(condition: sa.ColumnElement[bool], value: Any) -> Any:
    return sa.func.coalesce(sa.func.sum(sa.case((condition, value), else_=0)), 0)


def _count(condition: sa.ColumnElement[bool]) -> Any:
    return _sum(condition, 1)
