"""What samples tell about a part: the reference centre, parts of strata, several draws, many simulated centres."""

import math
from collections import Counter

import numpy as np
import pytest

from qa.domains import Cell, estimate_part
from qa.drawing import FrameItem, draw, strata

REFERENCE = [(120, 36, 9), (300, 30, 2), (580, 29, 1)]


def whole(population: int, reviewed: int, failed: int, *, group: str = "", pool: str = "day") -> Cell:
    """A stratum of which everything belongs to the part."""
    return Cell(group or f"{population}", pool, population, reviewed, population, reviewed, failed)


def test_the_whole_of_one_draw_is_estimated_as_the_reference_centre() -> None:
    found = estimate_part([whole(*numbers) for numbers in REFERENCE])
    assert found is not None
    assert (found.total, found.share) == pytest.approx((70, 0.07))
    assert found.standard_error == pytest.approx(0.0246535, abs=6e-8)
    assert found.effective_n == pytest.approx(107.1088, abs=6e-5)
    assert (found.interval.low, found.interval.high) == pytest.approx((0.035132, 0.134644), abs=6e-7)


def test_it_is_never_the_bare_percentage_of_the_sample() -> None:
    found = estimate_part([whole(*numbers) for numbers in REFERENCE])
    assert found is not None
    assert found.failed / found.reviewed == pytest.approx(0.126316, abs=6e-7)
    assert found.share < 0.08


def test_what_was_reviewed_in_full_is_known() -> None:
    found = estimate_part([whole(50, 50, 5), whole(10, 10, 0)])
    assert found is not None
    assert (found.share, found.interval.low, found.interval.high) == (5 / 60, 5 / 60, 5 / 60)


def test_the_interval_keeps_to_what_is_known_already() -> None:
    found = estimate_part([whole(50, 50, 20), whole(50, 10, 0)])
    assert found is not None
    assert found.interval.low == pytest.approx(0.2)
    assert found.interval.high < 0.4


def test_a_part_of_which_nothing_was_reviewed_has_no_estimate() -> None:
    assert estimate_part([]) is None
    assert estimate_part([whole(40, 0, 0)]) is None
    assert estimate_part([Cell("a", "day", 40, 4, inside_population=5, inside=0, failed=0)]) is None


def test_what_waits_for_its_review_is_taken_to_be_like_the_rest_of_its_draw() -> None:
    found = estimate_part([whole(100, 10, 2, group="a"), whole(100, 0, 0, group="b")])
    assert found is not None
    assert found.population == 200
    assert found.share == pytest.approx(0.2)


def test_a_draw_of_which_nothing_was_reviewed_is_left_out_and_seen_to_be() -> None:
    found = estimate_part([whole(100, 10, 2), whole(100, 0, 0, pool="next day")])
    assert found is not None
    assert found.population == 100
    assert found.share == pytest.approx(0.2)


def test_more_reviews_of_one_agent_over_many_days_narrow_the_interval() -> None:
    few = estimate_part([whole(10, 1, int(day < 1), group="agent", pool=str(day)) for day in range(5)])
    many = estimate_part([whole(10, 1, int(day < 8), group="agent", pool=str(day)) for day in range(40)])
    assert few is not None
    assert many is not None
    assert few.share == many.share
    assert many.interval.high - many.interval.low < 0.5 * (few.interval.high - few.interval.low)


Call = tuple[int, bool, bool]
"""The agent, whether it is of the second campaign, whether it failed."""


def _day(chance: np.random.Generator, qualities: list[float], sizes: list[int], day: int) -> dict[str, Call]:
    calls: dict[str, Call] = {}
    for agent, (quality, size) in enumerate(zip(qualities, sizes, strict=True)):
        for number in range(size):
            second = bool(chance.random() < 0.3)
            calls[f"{day}-{agent}-{number}"] = agent, second, bool(chance.random() < min(1, quality + 0.1 * second))
    return calls


def _cells(calls: dict[str, Call], part: str, *, rate: int, seed: str, day: int, ladder: bool) -> list[Cell]:
    """What reviewers find of a part in one day's sample."""
    steps = {0: 100, 1: 30, 2: 30} if ladder else {}
    frame = [FrameItem(name, f"agent{call[0]}", steps.get(call[0])) for name, call in calls.items()]
    drawn = {each.recording for each in draw(frame, rate=rate, seed=seed)}
    cells = []
    for stratum in strata(frame, rate=rate):
        inside = [item.recording for item in stratum.items if _belongs(calls[item.recording], part)]
        heard = [name for name in inside if name in drawn]
        failed = sum(calls[name][2] for name in heard)
        pool = f"{day} {stratum.name.split(' ')[0]}"
        cells.append(Cell(stratum.name, pool, len(stratum.items), stratum.take, len(inside), len(heard), failed))
    return cells


def _belongs(call: Call, part: str) -> bool:
    return {"all": True, "campaign": call[1], "agent": call[0] == 5}[part]


@pytest.mark.parametrize("ladder", [False, True])
@pytest.mark.parametrize(
    ("part", "days", "centres"), [("all", 1, 900), ("all", 5, 500), ("campaign", 5, 500), ("agent", 5, 500)]
)
def test_parts_are_estimated_without_bias_and_their_intervals_hold_the_truth(
    part: str, days: int, centres: int, ladder: bool
) -> None:
    chance = np.random.default_rng(7)
    errors, held = [], 0
    for centre in range(centres):
        qualities, sizes = list(chance.beta(1.2, 8.8, size=10)), [int(size) + 1 for size in chance.poisson(15, size=10)]
        qualities[0], sizes[0], sizes[1] = 0.4, 3, 3
        cells, truth = list[Cell](), Counter[str]()
        for day in range(days):
            calls = _day(chance, qualities, sizes, day)
            cells += _cells(calls, part, rate=15, seed=f"{centre}/{day}", day=day, ladder=ladder)
            mine = [call for call in calls.values() if _belongs(call, part)]
            truth["calls"] += len(mine)
            truth["failed"] += sum(call[2] for call in mine)
        found = estimate_part(cells)
        if found is not None:
            errors.append(found.share - truth["failed"] / truth["calls"])
            held += truth["failed"] / truth["calls"] in found.interval
    assert len(errors) > 0.99 * centres
    assert abs(np.mean(errors)) < 3.5 * np.std(errors) / math.sqrt(len(errors))
    assert 0.93 <= held / len(errors) <= 0.97
