"""What the demo's supervisors and managers do for quality: patrols, calibrations, an answer to each stop."""

from datetime import datetime, timedelta

from sqlmodel import Session, col, select

from outbound.calls.model import Call
from outbound.campaigns import stops
from outbound.campaigns import verbs as campaigns
from outbound.compliance import Criterion, Mark
from outbound.demo.cast import Company
from outbound.demo.reviewing import heard
from outbound.demo.stage import Stage
from outbound.people import Role, Staff
from outbound.recordings.model import Recording
from qa import patrol
from qa.calibration import verbs as calibrations
from qa.calibration.model import Calibration
from qa.patrol import Topic
from qa.review.marks import CriterionMark

SEEN = (
    (Topic.SCRIPT, True, ""),
    (Topic.EQUIPMENT, False, "耳麦摘下，改用免提。"),
    (Topic.MANNER, True, ""),
    (Topic.CUSTOMER_DATA, False, "桌面纸上抄有客户号码，已当场销毁。"),
    (Topic.PRESENCE, True, ""),
)
"""What a patrol sees, in turn."""
CALLS = 6
"""Calls of a calibration."""


def look_around(stage: Stage, centre: str, now: datetime) -> None:
    """The supervisor stops at two seats."""
    supervisor = stage.company.holding(centre, Role.SUPERVISOR)[0]
    agents = stage.company.holding(centre, Role.AGENT)
    for offset in range(2):
        turn = now.toordinal() + offset
        topic, in_order, words = SEEN[(3 * now.toordinal() + offset) % len(SEEN)]
        agent, key = agents[turn % len(agents)], stage.next_key()
        patrol.note(stage.session, agent, topic, in_order=in_order, note=words, key=key, by=supervisor, now=now)


def calibrate(stage: Stage, centre: str, name: str, now: datetime, *, marked: bool) -> None:
    """The supervisor lets all who review hear the same calls; the last of them is unsure of the first call."""
    reviewers = [*stage.company.holding(centre, Role.REVIEWER), *stage.company.holding(centre, Role.SUPERVISOR)]
    latest = select(Recording).join(Call, col(Call.id) == col(Recording.call_id))
    here = latest.where(Recording.centre_id == stage.company.centres[centre].id, col(Recording.valid))
    recordings = list(stage.session.exec(here.order_by(col(Recording.id).desc()).limit(CALLS)))
    begun = calibrations.begin(
        stage.session, stage.company.centres[centre], name, recordings, reviewers, by=reviewers[-1], now=now
    )
    if marked:
        _mark(stage, begun, recordings, reviewers, now + timedelta(minutes=5))


def _mark(stage: Stage, begun: Calibration, recordings: list[Recording], reviewers: list[Staff], now: datetime) -> None:
    for recording in recordings:
        for reviewer in reviewers:
            marks = heard(recording, stage)
            if reviewer is reviewers[-1] and recording is recordings[0]:
                marks[Criterion.UNDERSTANDING] = CriterionMark(Mark.UNSURE, second=1.0)
            calibrations.mark(stage.session, begun, recording, marks, by=reviewer, now=now)


def answer_stops(session: Session, company: Company, now: datetime) -> None:
    """The managers say what was done about campaigns that were stopped, and resume them."""
    for code, centre in company.centres.items():
        manager = company.holding(code, Role.MANAGER)[0]
        for stop, campaign in stops.stops_at(session, centre.id or 0):
            if stops.release_of(session, stop) is None:
                stops.release(session, stop, done="逐人约谈并重新通关，重点复训明确同意环节。", by=manager, now=now)
                campaigns.resume(session, campaign, by=manager, now=now)
