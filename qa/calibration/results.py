"""What a calibration came to: how well the reviewers agree, where they differ, and whose verdicts do not count yet."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlmodel import Session, col, select

from outbound.compliance import Criterion, Mark
from outbound.people import Staff, known
from outbound.recordings.model import Recording
from qa.agreement import Agreement, agreement
from qa.calibration.model import (
    Calibration,
    CalibrationCall,
    CalibrationClosing,
    CalibrationMark,
    CalibrationResult,
    CalibrationReviewer,
    CalibrationVerdict,
)
from qa.review.model import Review, ReviewMark, ReviewSource, ReviewTask, stands

Given = Mapping[int, CalibrationMark | None]
"""By reviewer, what one said of one criterion; None where it was not marked."""


@dataclass(frozen=True)
class Heard:
    """A recording of a calibration with what each reviewer said of it, criterion by criterion."""

    recording: Recording
    marks: Mapping[Criterion, Given]

    def differs(self, criterion: Criterion) -> bool:
        """Whether the reviewers said different things of a criterion."""
        return len({given.mark for given in self.marks[criterion].values() if given}) > 1

    @property
    def disputed(self) -> bool:
        """Whether the reviewers said different things of anything."""
        return any(map(self.differs, Criterion))


def reviewers_of(session: Session, calibration: Calibration) -> Sequence[Staff]:
    """Who takes part, by login."""
    asked = select(Staff).join(CalibrationReviewer, col(CalibrationReviewer.reviewer_id) == col(Staff.id))
    return session.exec(asked.where(CalibrationReviewer.calibration_id == calibration.id).order_by(Staff.login)).all()


def heard(session: Session, calibration: Calibration) -> list[Heard]:
    """Every recording with what was said of it, in their order."""
    reviewers = [known(person.id) for person in reviewers_of(session, calibration)]
    given = _given(session, calibration)
    asked = (
        select(Recording)
        .join(CalibrationCall, col(CalibrationCall.recording_id) == col(Recording.id))
        .where(CalibrationCall.calibration_id == calibration.id)
        .order_by(col(CalibrationCall.place))
    )
    return [
        Heard(
            recording,
            {each: {who: given.get((known(recording.id), who, each)) for who in reviewers} for each in Criterion},
        )
        for recording in session.exec(asked)
    ]


def _given(session: Session, calibration: Calibration) -> dict[tuple[int, int, Criterion], CalibrationMark]:
    asked = (
        select(CalibrationVerdict, CalibrationMark)
        .join(CalibrationMark, col(CalibrationMark.verdict_id) == col(CalibrationVerdict.id))
        .where(CalibrationVerdict.calibration_id == calibration.id)
    )
    return {(verdict.recording_id, verdict.reviewer_id, mark.criterion): mark for verdict, mark in session.exec(asked)}


def agreements(session: Session, calibration: Calibration) -> dict[Criterion, Agreement]:
    """How well the reviewers of a calibration agree on each criterion."""
    calls = heard(session, calibration)
    return {
        criterion: agreement(
            [[given.mark if given else None for given in call.marks[criterion].values()] for call in calls], list(Mark)
        )
        for criterion in Criterion
    }


_DRAWN = (ReviewSource.DAILY, ReviewSource.WEEKLY)


def in_overlap(session: Session, centre_id: int, *, since: datetime, until: datetime) -> dict[Criterion, Agreement]:
    """How well the weekly reviews agree with the daily ones, on the calls that both draws took.

    Only calls whose weekly review was given from `since` until before `until`; the first column is the daily review.
    """
    asked = (
        select(ReviewTask.recording_id, ReviewTask.source, ReviewMark.criterion, ReviewMark.mark)
        .join(Review, col(Review.task_id) == col(ReviewTask.id))
        .join(ReviewMark, col(ReviewMark.review_id) == col(Review.id))
        .where(ReviewTask.centre_id == centre_id, col(ReviewTask.source).in_(_DRAWN), stands())
        .where(col(ReviewTask.recording_id).in_(_heard_weekly(centre_id, since, until)))
    )
    said: dict[Criterion, dict[int, dict[ReviewSource, Mark]]] = {each: defaultdict(dict) for each in Criterion}
    for recording, source, criterion, mark in session.exec(asked):
        said[Criterion(criterion)][recording][ReviewSource(source)] = Mark(mark)
    return {
        criterion: agreement(
            [[by[ReviewSource.DAILY], by[ReviewSource.WEEKLY]] for by in calls.values() if len(by) == 2], list(Mark)
        )
        for criterion, calls in said.items()
    }


def _heard_weekly(centre_id: int, since: datetime, until: datetime) -> Any:
    asked = select(ReviewTask.recording_id).join(Review, col(Review.task_id) == col(ReviewTask.id))
    return asked.where(
        ReviewTask.centre_id == centre_id,
        ReviewTask.source == ReviewSource.WEEKLY,
        col(Review.at) >= since,
        col(Review.at) < until,
    )


@dataclass(frozen=True, slots=True)
class Suspension:
    """A criterion whose verdicts do not count: reviewers agreed too little on it, from then until they agreed again."""

    criterion: Criterion
    alpha: float | None
    since: datetime
    until: datetime | None = None

    def holds(self, at: datetime) -> bool:
        """Whether it holds at an instant."""
        return self.since <= at and (self.until is None or at < self.until)


def suspensions(session: Session, centre_id: int) -> list[Suspension]:
    """When verdicts of a centre on which criterion do not count, by its closed calibrations, the oldest first."""
    asked = (
        select(CalibrationResult, CalibrationClosing.at)
        .join(CalibrationClosing, col(CalibrationClosing.calibration_id) == col(CalibrationResult.calibration_id))
        .join(Calibration, col(Calibration.id) == col(CalibrationResult.calibration_id))
        .where(Calibration.centre_id == centre_id)
        .order_by(col(CalibrationClosing.at), col(Calibration.id))
    )
    ended: list[Suspension] = []
    standing: dict[Criterion, Suspension] = {}
    for result, at in session.exec(asked):
        before = standing.pop(result.criterion, None)
        if before:
            ended.append(Suspension(before.criterion, before.alpha, before.since, at))
        if result.recalibrate:
            standing[result.criterion] = Suspension(result.criterion, result.alpha, at)
    return sorted([*ended, *standing.values()], key=lambda each: (each.since, each.criterion))


def not_counting(session: Session, centre_id: int, *, now: datetime) -> dict[Criterion, Suspension]:
    """The criteria on which the reviewers of a centre must be calibrated again before their verdicts count."""
    return {each.criterion: each for each in suspensions(session, centre_id) if each.holds(now)}
