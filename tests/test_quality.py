"""Quality figures: estimates of all recordings, weighed by the draw, never the bare percentage of a sample."""

from collections.abc import Collection
from datetime import date, timedelta

import pytest
from sqlmodel import select

from outbound.call_lists.model import Duty
from outbound.calls.model import Call
from outbound.clock import day_ends, day_starts
from outbound.compliance import Criterion, Mark
from outbound.people import Role, Staff, known
from outbound.quality import figures
from outbound.quality.figures import Dimension
from outbound.quality.samples import Sample, sample_of
from outbound.quality.workload import workloads
from outbound.recordings.model import Recording
from qa.review import verbs as reviews
from qa.review.marks import CriterionMark
from qa.review.model import ReviewTask
from qa.sampling import verbs as sampling
from qa.sampling.model import Draw, DrawKind
from tests.conftest import Cast
from tests.factories import ALL_PASS, Maker

DAY = date(2026, 11, 23)
ZONE = "Asia/Shanghai"
AFTER = day_ends(DAY, ZONE) + timedelta(hours=1)
PASSED = {criterion: CriterionMark(Mark.PASS) for criterion in Criterion}
CONSENT = Criterion.EXPLICIT_CONSENT
FAILED = {**PASSED, CONSENT: CriterionMark(Mark.FAIL, reason="other", note="没有听到同意")}


@pytest.fixture
def agents(make: Maker) -> list[Staff]:
    """The first is sampled in full, the others at one in ten."""
    return [make.staff(Role.AGENT) for _ in range(3)]


def drawn(make: Maker, agents: list[Staff]) -> Draw:
    sampling.commit_seed(
        make.session, make.centre, DrawKind.DAILY, str(DAY), seed="seed", now=day_starts(DAY, ZONE) - timedelta(hours=1)
    )
    full = agents[0].id

    def rates(_campaign: int, agent: int) -> int:
        return 100 if agent == full else 10

    return sampling.draw(make.session, make.centre, DrawKind.DAILY, str(DAY), now=AFTER, rates=rates)


def review(make: Maker, failing: Collection[int], *, leave: Collection[int] = ()) -> None:
    """Review everything that was drawn; calls of the agents in `failing` fail, those in `leave` are left."""
    for task in make.session.exec(select(ReviewTask).order_by(ReviewTask.id)).all():  # type: ignore[arg-type]
        agent = make.session.get_one(Call, task.call_id).agent_id
        if agent not in leave:
            marks = FAILED if agent in failing else PASSED
            reviews.mark(make.session, task, marks, by=make.session.get_one(Staff, task.reviewer_id), now=AFTER)


@pytest.fixture
def sample(make: Maker, agents: list[Staff]) -> Sample:
    """Ten calls of the first agent, all reviewed and failed; forty each of the others, a tenth of them reviewed."""
    make.days_of_calls(agents[:1], [DAY], each=10)
    make.days_of_calls(agents[1:], [DAY], each=40)
    drawn(make, agents)
    review(make, {known(agents[0].id)})
    return sample_of(make.session, known(make.centre.id), DAY, DAY)


def test_the_failure_rate_is_weighed_by_the_draw(sample: Sample) -> None:
    found = figures.rate(sample)
    assert (found.recordings, found.reviewed, found.failed) == (90, 18, 10)
    assert found.estimate is not None
    assert found.estimate.share == pytest.approx(10 / 90)
    assert found.estimate.interval.low >= 10 / 90 - 1e-9
    assert found.estimate.interval.high < 0.5


def test_each_agent_has_their_own_figure(sample: Sample, agents: list[Staff]) -> None:
    by_agent = {each.key: each.estimate for each in figures.by(sample, Dimension.AGENT)}
    full, other = by_agent[agents[0].id], by_agent[agents[1].id]
    assert full is not None
    assert (full.share, full.interval.low, full.interval.high) == (1, 1, 1)
    assert other is not None
    assert (other.share, other.interval.low) == (0, 0)
    assert other.interval.high > 0.3


def test_only_the_criterion_that_failed_has_failures(sample: Sample) -> None:
    found = {each.key: each.failed for each in figures.by(sample, Dimension.CRITERION)}
    assert found == {**dict.fromkeys(Criterion, 0), CONSENT: 10}


def test_weeks_campaigns_and_centres_are_told_apart(sample: Sample, make: Maker) -> None:
    assert [each.key for each in figures.by(sample, Dimension.WEEK)] == ["2026-W48"]
    assert [each.recordings for each in figures.by(sample, Dimension.CAMPAIGN)] == [90]
    assert [each.key for each in figures.by(sample, Dimension.CENTRE)] == [make.centre.id]


def test_a_criterion_of_one_agent_is_asked_for_within_that_agent(sample: Sample, agents: list[Staff]) -> None:
    found = figures.by(sample, Dimension.CRITERION, lambda place: place.agent_id == agents[1].id)
    assert {each.recordings for each in found} == {40}
    assert {each.failed for each in found} == {0}


def test_what_is_not_reviewed_yet_widens_the_interval_and_is_no_pass(make: Maker, agents: list[Staff]) -> None:
    make.days_of_calls(agents[1:], [DAY], each=40)
    drawn(make, agents)
    review(make, set(), leave={known(agents[2].id)})
    found = figures.rate(sample_of(make.session, known(make.centre.id), DAY, DAY))
    assert (found.recordings, found.reviewed, found.left_out) == (80, 4, 0)
    nobody = figures.by(sample_of(make.session, known(make.centre.id), DAY, DAY), Dimension.AGENT)
    unseen = next(each for each in nobody if each.key == agents[2].id)
    assert (unseen.estimate, unseen.left_out) == (None, 40)


def test_reviews_besides_the_draw_are_not_in_the_figures(make: Maker, agents: list[Staff], sample: Sample) -> None:
    framed = make.session.exec(select(Recording).order_by(Recording.id.desc())).first()  # type: ignore[union-attr]
    assert framed is not None
    task = reviews.pull_in(make.session, framed, by=None, now=AFTER)
    reviews.mark(make.session, task, FAILED, by=make.session.get_one(Staff, task.reviewer_id), now=AFTER)
    again = figures.rate(sample_of(make.session, known(make.centre.id), DAY, DAY))
    assert (again.reviewed, again.failed) == (18, 10)


def test_another_centres_draws_are_not_in_the_figures(sample: Sample, make: Maker, cast: Cast) -> None:
    assert sample_of(make.session, known(cast.xm.id), DAY, DAY).frame == {}
    assert sample_of(make.session, None, DAY, DAY).drawn == 18


def test_who_passes_what_a_reviewer_fails_is_not_honest(make: Maker, agents: list[Staff]) -> None:
    for agent, given in ((agents[0], ALL_PASS), (agents[1], {**ALL_PASS, CONSENT: Mark.UNSURE})):
        for _ in range(10):
            make.recording(make.call(agent, given=given, duty=Duty.PITCH))
    make.days_of_calls(agents[2:], [DAY], each=10)
    drawn(make, agents)
    review(make, {known(agents[0].id), known(agents[1].id)})
    found = {each.agent_id: each for each in figures.honesty(sample_of(make.session, make.centre.id, DAY, DAY))}
    liar, doubter = found[known(agents[0].id)], found[known(agents[1].id)]
    assert (liar.checked, liar.reviewed, liar.overstated, liar.share) == (10, 10, 10, 0)
    assert (doubter.overstated, doubter.share) == (0, 1)
    assert agents[2].id not in found


def test_reviewers_work_is_counted(sample: Sample, make: Maker, cast: Cast) -> None:
    found = workloads(make.session, make.centre.id, since=AFTER, until=AFTER + timedelta(days=1), now=AFTER)
    assert {each.reviewer.id for each in found} == {cast.reviewer.id, cast.second_reviewer.id}
    assert [(each.asked, each.done, each.open, each.overdue) for each in found] == [(9, 9, 0, 0)] * 2
    assert found[0].heard_seconds == pytest.approx(9 * 66)
