"""Calibrating: begin with recordings and reviewers, mark blind, close, and see whose verdicts may count."""

from collections.abc import Mapping, Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session, col, select

from outbound import compliance, journal
from outbound.calls.model import Call
from outbound.compliance import Criterion
from outbound.errors import DATABASE_REFUSALS, NotFound, Refusal
from outbound.people import Centre, Staff, known, may, roles_of
from outbound.recordings.model import Recording
from qa.calibration.model import (
    Calibration,
    CalibrationCall,
    CalibrationClosing,
    CalibrationMark,
    CalibrationResult,
    CalibrationReviewer,
    CalibrationVerdict,
)
from qa.calibration.results import agreements
from qa.review.marks import CriterionMark, as_asked, check
from qa.review.sharing import callers_of

MOST_CALLS = 50


class TooFewReviewers(Refusal):
    """Choose at least two reviewers: agreement is between people."""

    zh = "请至少选择两名质检员，一致性须由多人比对得出。"
    status = 422


class CallsUnfit(Refusal):
    """Choose 1 to {most} valid recordings of this centre, each matched to its call."""

    zh = "请选择本中心 1 至 {most} 条已匹配通话的有效录音。"
    status = 422


class KnowsTheCall(Refusal):
    """{name} called the customer of {reference}; leave out the one or the other."""

    zh = "{name}给录音 {reference} 的客户打过电话，请去掉该录音或该质检员。"
    status = 422


class CalibrationClosed(Refusal):
    """This calibration is closed; its results can be read."""

    zh = "这次校准已经结束，可以查看结果。"


class MarkedAlready(Refusal):
    """You have marked this recording already; what was said in a calibration is never rewritten."""

    zh = "您已标记过这条录音，校准中的标记不能改写。"


DATABASE_REFUSALS["the calibration is closed"] = CalibrationClosed


def begin(
    session: Session,
    centre: Centre,
    name: str,
    recordings: Sequence[Recording],
    reviewers: Sequence[Staff],
    *,
    by: Staff,
    now: datetime,
) -> Calibration:
    """Give the same recordings to several reviewers.

    Raises TooFewReviewers, CallsUnfit, KnowsTheCall, and NotFound for somebody who reviews nothing here.
    """
    _check_reviewers(session, centre, reviewers)
    _check_calls(session, centre, recordings, reviewers)
    made = Calibration(centre_id=known(centre.id), name=name.strip(), made_by_id=known(by.id), made_at=now)
    session.add(made)
    session.flush()
    number = known(made.id)
    for place, recording in enumerate(recordings, start=1):
        session.add(CalibrationCall(calibration_id=number, recording_id=known(recording.id), place=place))
    session.add_all(CalibrationReviewer(calibration_id=number, reviewer_id=known(each.id)) for each in reviewers)
    session.flush()
    journal.record(
        session, "calibration.begun", made, by=by, now=now, calls=len(recordings), reviewers=[r.id for r in reviewers]
    )
    return made


def _check_reviewers(session: Session, centre: Centre, reviewers: Sequence[Staff]) -> None:
    if len({reviewer.id for reviewer in reviewers}) < 2:
        raise TooFewReviewers
    for reviewer in reviewers:
        if reviewer.centre_id != centre.id or not may(roles_of(session, reviewer), "review_calls"):
            raise NotFound


def _check_calls(session: Session, centre: Centre, recordings: Sequence[Recording], reviewers: Sequence[Staff]) -> None:
    fit = all(each.valid and each.call_id and each.centre_id == centre.id for each in recordings)
    if not fit or not 1 <= len({each.id for each in recordings}) <= MOST_CALLS:
        raise CallsUnfit(most=MOST_CALLS)
    for recording in recordings:
        call = session.get_one(Call, recording.call_id)
        callers = callers_of(session, call)
        for reviewer in reviewers:
            if reviewer.id in callers:
                raise KnowsTheCall(name=reviewer.name, reference=call.reference)


def mark(
    session: Session,
    calibration: Calibration,
    recording: Recording,
    marks: Mapping[Criterion, CriterionMark],
    *,
    comment: str = "",
    by: Staff,
    now: datetime,
) -> CalibrationVerdict:
    """Mark a recording of a calibration; when everybody has marked everything, it closes.

    Nothing follows for the sale or the agent. Raises NotFound, CalibrationClosed, MarkedAlready, CriteriaNotAllMarked,
    ReasonUnknown, FailNeedsReason, NoteNeeded, SecondNeeded, SecondOutside.
    """
    number = known(calibration.id)
    takes_part = session.get(CalibrationReviewer, (number, known(by.id)))
    if takes_part is None or session.get(CalibrationCall, (number, known(recording.id))) is None:
        raise NotFound
    if closing_of(session, calibration):
        raise CalibrationClosed
    if recording.id in marked_by(session, calibration, by):
        raise MarkedAlready
    compliance.verdict({criterion: given.mark for criterion, given in marks.items()})
    for criterion in Criterion:
        check(criterion, marks[criterion], seconds=recording.seconds)
    given = _keep(session, calibration, recording, marks, comment=comment, by=by, now=now)
    if not left(session, calibration):
        close(session, calibration, by=None, now=now)
    return given


def _keep(
    session: Session,
    calibration: Calibration,
    recording: Recording,
    marks: Mapping[Criterion, CriterionMark],
    *,
    comment: str,
    by: Staff,
    now: datetime,
) -> CalibrationVerdict:
    given = CalibrationVerdict(
        calibration_id=known(calibration.id),
        recording_id=known(recording.id),
        reviewer_id=known(by.id),
        comment=comment.strip(),
        at=now,
    )
    session.add(given)
    session.flush()
    session.add_all(CalibrationMark(verdict_id=known(given.id), **as_asked(each, marks[each])) for each in Criterion)
    session.flush()
    # What was said stays hidden until the end, in the journal too.
    journal.record(session, "calibration.marked", calibration, by=by, now=now, recording=recording.id)
    return given


def close(session: Session, calibration: Calibration, *, by: Staff | None, now: datetime) -> CalibrationClosing:
    """End a calibration and keep what it came to; closed already, that end."""
    if already := closing_of(session, calibration):
        return already
    closing = CalibrationClosing(calibration_id=known(calibration.id), by_id=by.id if by else None, at=now)
    session.add(closing)
    session.flush()
    found = agreements(session, calibration)
    session.add_all(
        CalibrationResult(
            calibration_id=known(calibration.id),
            criterion=criterion,
            alpha=agreement.krippendorff,
            recalibrate=agreement.recalibrate,
        )
        for criterion, agreement in found.items()
    )
    session.flush()
    again = [criterion for criterion in Criterion if found[criterion].recalibrate]
    journal.record(session, "calibration.closed", calibration, by=by, now=now, recalibrate=again)
    return closing


def closing_of(session: Session, calibration: Calibration) -> CalibrationClosing | None:
    """The end of a calibration, where it has come."""
    return session.get(CalibrationClosing, known(calibration.id))


def marked_by(session: Session, calibration: Calibration, reviewer: Staff) -> set[int]:
    """The recordings of a calibration that somebody has marked."""
    asked = select(CalibrationVerdict.recording_id).where(
        CalibrationVerdict.calibration_id == calibration.id, CalibrationVerdict.reviewer_id == reviewer.id
    )
    return set(session.exec(asked))


def left(session: Session, calibration: Calibration) -> int:
    """How many marks are still to be given, over all reviewers."""
    counts = [
        session.exec(select(sa.func.count()).where(col(table.calibration_id) == calibration.id)).one()
        for table in (CalibrationCall, CalibrationReviewer, CalibrationVerdict)
    ]
    calls, reviewers, given = counts
    return calls * reviewers - given


def recordings_of(session: Session, calibration: Calibration) -> Sequence[Recording]:
    """The recordings of a calibration, in their order."""
    asked = select(Recording).join(CalibrationCall, col(CalibrationCall.recording_id) == col(Recording.id))
    return session.exec(
        asked.where(CalibrationCall.calibration_id == calibration.id).order_by(col(CalibrationCall.place))
    ).all()


def open_for(session: Session, reviewer: Staff) -> Sequence[Calibration]:
    """The calibrations in which somebody takes part and that are not closed, the oldest first."""
    closed = sa.exists().where(col(CalibrationClosing.calibration_id) == col(Calibration.id))
    asked = select(Calibration).join(
        CalibrationReviewer, col(CalibrationReviewer.calibration_id) == col(Calibration.id)
    )
    theirs = asked.where(CalibrationReviewer.reviewer_id == reviewer.id, ~closed)
    return session.exec(theirs.order_by(col(Calibration.id))).all()
