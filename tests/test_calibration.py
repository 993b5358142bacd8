"""Calibrations: the same recordings to several reviewers, blind until the end, and what follows where they differ."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa
from sqlmodel import Session, select

from outbound.compliance import Criterion, Mark
from outbound.errors import NotFound
from outbound.journal import JournalEntry
from outbound.people import Role, Staff, known
from outbound.recordings.model import Recording
from qa import ladder
from qa.calibration import results, verbs
from qa.calibration.model import Calibration
from qa.calibration.verbs import CalibrationClosed, CallsUnfit, KnowsTheCall, MarkedAlready, TooFewReviewers
from qa.ladder import Level
from qa.review import verbs as reviews
from qa.review.marks import CriterionMark
from qa.review.model import Review
from tests.conftest import Cast
from tests.factories import Maker

CONSENT = Criterion.EXPLICIT_CONSENT
PASSED = {criterion: CriterionMark(Mark.PASS) for criterion in Criterion}
FAILED = {**PASSED, CONSENT: CriterionMark(Mark.FAIL, reason="other", note="没有听到同意")}
TEN_CALLS = (3, 3, 2, 0, 3, 1, 3, 0, 3, 2)
"""How many of three reviewers pass each of ten calls: Krippendorff's alpha is .565."""


@pytest.fixture
def reviewers(make: Maker, cast: Cast) -> list[Staff]:
    return [cast.reviewer, cast.second_reviewer, make.staff(Role.REVIEWER)]


def begun(make: Maker, cast: Cast, reviewers: Sequence[Staff], calls: int = 2) -> Calibration:
    recordings = [make.recorded_call(cast.agent) for _ in range(calls)]
    return verbs.begin(make.session, cast.fz, "十一月校准", recordings, reviewers, by=cast.supervisor, now=make.now)


def marked(make: Maker, calibration: Calibration, reviewers: Sequence[Staff], passes: Sequence[int]) -> None:
    """So many reviewers of each call say that the consent was clear, the others that it was not."""
    for recording, passing in zip(verbs.recordings_of(make.session, calibration), passes, strict=True):
        for place, reviewer in enumerate(reviewers):
            marks = PASSED if place < passing else FAILED
            verbs.mark(make.session, calibration, recording, marks, by=reviewer, now=make.now)


def first(session: Session, calibration: Calibration) -> Recording:
    return verbs.recordings_of(session, calibration)[0]


def test_the_reference_calls_are_not_agreed_upon_enough(make: Maker, cast: Cast, reviewers: list[Staff]) -> None:
    calibration = begun(make, cast, reviewers, calls=10)
    marked(make, calibration, reviewers, TEN_CALLS)
    found = results.agreements(make.session, calibration)
    assert found[CONSENT].fleiss == pytest.approx(0.55)
    assert found[CONSENT].krippendorff == pytest.approx(0.565)
    assert found[Criterion.UNDERSTANDING].krippendorff is None
    assert list(results.not_counting(make.session, known(cast.fz.id), now=make.now)) == [CONSENT]


def test_where_they_differ_is_told_call_by_call(make: Maker, cast: Cast, reviewers: list[Staff]) -> None:
    calibration = begun(make, cast, reviewers)
    marked(make, calibration, reviewers, (3, 1))
    assert [call.differs(CONSENT) for call in results.heard(make.session, calibration)] == [False, True]


def test_it_closes_when_everybody_has_marked_everything(make: Maker, cast: Cast, reviewers: list[Staff]) -> None:
    calibration = begun(make, cast, reviewers)
    assert verbs.left(make.session, calibration) == 6
    marked(make, calibration, reviewers, (3, 1))
    closing = verbs.closing_of(make.session, calibration)
    assert closing is not None and closing.by_id is None
    assert verbs.close(make.session, calibration, by=cast.supervisor, now=make.now) is closing


def test_what_was_said_is_not_in_the_journal(make: Maker, cast: Cast, reviewers: list[Staff]) -> None:
    calibration = begun(make, cast, reviewers)
    verbs.mark(make.session, calibration, first(make.session, calibration), FAILED, by=reviewers[0], now=make.now)
    make.session.commit()
    said = make.session.exec(select(JournalEntry.details).where(JournalEntry.action == "calibration.marked")).one()
    assert "fail" not in said


def test_after_the_end_nobody_marks(make: Maker, cast: Cast, reviewers: list[Staff]) -> None:
    calibration = begun(make, cast, reviewers)
    verbs.close(make.session, calibration, by=cast.supervisor, now=make.now)
    with pytest.raises(CalibrationClosed):
        verbs.mark(make.session, calibration, first(make.session, calibration), PASSED, by=reviewers[0], now=make.now)
    with pytest.raises(sa.exc.DBAPIError, match="the calibration is closed"):
        make.session.connection().exec_driver_sql(
            "INSERT INTO calibration_verdict (calibration_id, recording_id, reviewer_id, comment, at)"
            " SELECT calibration_id, recording_id, reviewer_id, '', '2026-11-23' FROM calibration_call"
            " JOIN calibration_reviewer USING (calibration_id)"
        )


def test_a_recording_is_marked_once_by_each(make: Maker, cast: Cast, reviewers: list[Staff]) -> None:
    calibration = begun(make, cast, reviewers)
    heard = first(make.session, calibration)
    verbs.mark(make.session, calibration, heard, PASSED, by=reviewers[0], now=make.now)
    with pytest.raises(MarkedAlready):
        verbs.mark(make.session, calibration, heard, FAILED, by=reviewers[0], now=make.now)


def test_who_takes_no_part_does_not_mark(make: Maker, cast: Cast, reviewers: list[Staff]) -> None:
    calibration = begun(make, cast, reviewers[:2])
    with pytest.raises(NotFound):
        verbs.mark(make.session, calibration, first(make.session, calibration), PASSED, by=reviewers[2], now=make.now)


def test_nothing_follows_for_the_sale(make: Maker, cast: Cast, reviewers: list[Staff]) -> None:
    calibration = begun(make, cast, reviewers)
    marked(make, calibration, reviewers, (0, 0))
    assert make.session.exec(select(Review)).first() is None
    assert ladder.failures_of(make.session, cast.agent, zone=cast.fz.zone, now=make.now) == []


def test_one_reviewer_agrees_with_nobody(make: Maker, cast: Cast) -> None:
    with pytest.raises(TooFewReviewers):
        begun(make, cast, [cast.reviewer, cast.reviewer])


def test_a_recording_that_is_not_valid_is_not_calibrated_on(make: Maker, cast: Cast, reviewers: list[Staff]) -> None:
    silent = make.recording(make.call(cast.agent), valid=False)
    with pytest.raises(CallsUnfit):
        verbs.begin(make.session, cast.fz, "x", [silent], reviewers, by=cast.supervisor, now=make.now)


def test_who_called_the_customer_does_not_hear_the_call_as_a_stranger(make: Maker, cast: Cast) -> None:
    both = make.staff(Role.AGENT, Role.REVIEWER, name="林敏")
    recording = make.recorded_call(both)
    with pytest.raises(KnowsTheCall, match="林敏"):
        verbs.begin(make.session, cast.fz, "x", [recording], [cast.reviewer, both], by=cast.supervisor, now=make.now)


def calibrated(make: Maker, cast: Cast, reviewers: Sequence[Staff], passes: Sequence[int], at: datetime) -> None:
    make.now = at
    calibration = begun(make, cast, reviewers, calls=len(passes))
    marked(make, calibration, reviewers, passes)


def test_after_agreeing_again_verdicts_count_again(make: Maker, cast: Cast, reviewers: list[Staff]) -> None:
    began, centre = make.now, known(cast.fz.id)
    calibrated(make, cast, reviewers, TEN_CALLS, began)
    calibrated(make, cast, reviewers, (3, 3, 0, 0, 3, 0), began + timedelta(days=3))
    assert results.not_counting(make.session, centre, now=began + timedelta(days=2))
    assert not results.not_counting(make.session, centre, now=began + timedelta(days=3))


def test_a_failure_on_a_criterion_to_be_recalibrated_does_not_tighten(
    make: Maker, cast: Cast, reviewers: list[Staff]
) -> None:
    calibrated(make, cast, reviewers, TEN_CALLS, make.now)
    later = make.now + timedelta(hours=1)
    task = reviews.pull_in(make.session, make.recorded_call(cast.agent), reviewer=reviewers[0], by=None, now=later)
    reviews.mark(make.session, task, FAILED, by=reviewers[0], now=later)
    agent = known(cast.agent.id)
    assert ladder.standing_of(make.session, agent, zone=cast.fz.zone, now=later).level is Level.NORMAL
    lied = {**FAILED, Criterion.UNDERSTANDING: CriterionMark(Mark.FAIL, reason="other", note="没有听懂")}
    other = reviews.pull_in(make.session, make.recorded_call(cast.agent), reviewer=reviewers[0], by=None, now=later)
    reviews.mark(make.session, other, lied, by=reviewers[0], now=later)
    assert ladder.standing_of(make.session, agent, zone=cast.fz.zone, now=later).level is Level.TIGHTENED
