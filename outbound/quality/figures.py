"""What the samples tell: the failure rate by campaign, centre, agent, criterion and week; how honest self-checks are.

Every figure is an estimate of all recordings, weighed by the chances of the draw, with its interval; never the bare
percentage of a sample. Reviews besides the draws are not in it.
"""

from collections import Counter
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from outbound.clock import week_name
from outbound.compliance import Criterion, Verdict
from outbound.quality.samples import Heard, Layer, Place, Sample, count_by
from qa.domains import Cell, estimate_part
from qa.estimates import Estimate, Interval

Belongs = Callable[[Place], bool]
Failed = Callable[[Heard], bool]


class Dimension(StrEnum):
    """By what the failure rate is told apart."""

    WEEK = "week"
    CAMPAIGN = "campaign"
    AGENT = "agent"
    CRITERION = "criterion"
    CENTRE = "centre"


@dataclass(frozen=True)
class Figure:
    """One estimate, what it is about, and on how much it rests."""

    key: Hashable
    recordings: int
    """All recordings that it is about."""
    reviewed: int
    failed: int
    doubtful: int
    """Reviewed ones that nobody could tell: they do not count as failed."""
    estimate: Estimate | None
    """None where nothing of it was reviewed."""

    @property
    def left_out(self) -> int:
        """Recordings of draws of which nothing was reviewed yet: the estimate says nothing of them."""
        return self.recordings - (self.estimate.population if self.estimate else 0)


def anything(_place: Place) -> bool:
    """That a recording belongs, whatever it is."""
    return True


def failed_call(heard: Heard) -> bool:
    """That a call is not valid."""
    return heard.verdict == Verdict.INVALID


def rate(sample: Sample, belongs: Belongs = anything, failed: Failed = failed_call, *, key: Hashable = "") -> Figure:
    """The failure rate of the recordings that belong to something."""
    reviewed = [heard for heard in sample.heard if belongs(heard.place)]
    return Figure(
        key=key,
        recordings=sum(count for place, count in sample.frame.items() if belongs(place)),
        reviewed=len(reviewed),
        failed=sum(map(failed, reviewed)),
        doubtful=sum(heard.verdict == Verdict.UNSURE for heard in reviewed),
        estimate=estimate_part(_cells(sample, sample.frame, belongs, failed)),
    )


def _cells(
    sample: Sample, places: Mapping[Place, int], belongs: Belongs, failed: Failed, *, checked: bool = False
) -> list[Cell]:
    """The strata of all draws, with what lies of each within a part; of `checked` only what was self-checked."""
    part = count_by({place: count for place, count in places.items() if belongs(place)})
    reviewed, inside, wrong = Counter[Layer](), Counter[Layer](), Counter[Layer]()
    for heard in sample.heard:
        layer = heard.place.layer
        reviewed[layer] += 1
        if belongs(heard.place) and (heard.claimed is not None or not checked):
            inside[layer] += 1
            wrong[layer] += failed(heard)
    return [
        Cell(
            group=f"{layer.centre_id} {layer.stratum}",
            pool=f"{layer.draw_id} {layer.stratum.partition('%')[0]}",
            population=population,
            reviewed=reviewed[layer],
            inside_population=part[layer],
            inside=inside[layer],
            failed=wrong[layer],
        )
        for layer, population in count_by(sample.frame).items()
    ]


def by(sample: Sample, dimension: Dimension, within: Belongs = anything) -> list[Figure]:
    """The failure rate for each week, campaign, agent, criterion or centre that lies within a part, by its key."""
    if dimension is Dimension.CRITERION:
        return [rate(sample, within, _failed_on(criterion), key=criterion) for criterion in Criterion]
    keys = sorted({key_of(place, dimension) for place in sample.frame if within(place)}, key=str)
    return [rate(sample, _both(within, dimension, key), key=key) for key in keys]


def key_of(place: Place, dimension: Dimension) -> int | str:
    """The week, campaign, agent or centre of a recording."""
    if dimension is Dimension.WEEK:
        return week_name(date.fromisoformat(place.period))
    numbers = {
        Dimension.CAMPAIGN: place.campaign_id,
        Dimension.AGENT: place.agent_id,
        Dimension.CENTRE: place.centre_id,
    }
    return numbers[dimension]


def _both(within: Belongs, dimension: Dimension, key: int | str) -> Belongs:
    return lambda place: key_of(place, dimension) == key and within(place)


def _failed_on(criterion: Criterion) -> Failed:
    return lambda heard: criterion in heard.failed


@dataclass(frozen=True)
class Honesty:
    """How often an agent's self-check passed nothing that a reviewer failed."""

    agent_id: int
    checked: int
    """All recordings that the agent checked."""
    reviewed: int
    overstated: int
    share: float | None
    """Estimated over all the agent checked; None where nothing of it was reviewed."""
    interval: Interval | None


def honesty(sample: Sample) -> list[Honesty]:
    """For each agent, the share of self-checks that passed nothing which a reviewer failed."""
    agents = sorted({place.agent_id for place in sample.checked})
    return [_honesty_of(sample, agent) for agent in agents]


def _honesty_of(sample: Sample, agent: int) -> Honesty:
    cells = _cells(
        sample, sample.checked, _both(anything, Dimension.AGENT, agent), lambda heard: heard.overstated, checked=True
    )
    found = estimate_part(cells)
    return Honesty(
        agent_id=agent,
        checked=sum(cell.inside_population for cell in cells),
        reviewed=sum(cell.inside for cell in cells),
        overstated=sum(cell.failed for cell in cells),
        share=1 - found.share if found else None,
        interval=Interval(1 - found.interval.high, 1 - found.interval.low) if found else None,
    )
