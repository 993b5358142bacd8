"""What samples tell: reference values, and whether estimates hold over many simulated centres."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qa.drawing import FrameItem, draw
from qa.estimates import Estimate, Stratum, clopper_pearson, detection, estimate, wilson

REFERENCE = [
    (0, 10, (0, 0.277533), (0, 0.308497)),
    (2, 40, (0.013821, 0.165039), (0.006114, 0.169197)),
    (5, 200, (0.010725, 0.057178), (0.008166, 0.057374)),
    (97, 100, (0.915481, 0.989745), (0.914824, 0.993770)),
    (40, 40, (0.912378, 1), (0.911903, 1)),
]


@pytest.mark.parametrize(("failed", "n", "expected", "_"), REFERENCE)
def test_wilsons_interval(failed: int, n: int, expected: tuple[float, float], _: object) -> None:
    interval = wilson(failed, n)
    assert (interval.low, interval.high) == pytest.approx(expected, abs=6e-7)


@pytest.mark.parametrize(("failed", "n", "_", "expected"), REFERENCE)
def test_clopper_and_pearsons_interval(failed: int, n: int, _: object, expected: tuple[float, float]) -> None:
    interval = clopper_pearson(failed, n)
    assert (interval.low, interval.high) == pytest.approx(expected, abs=6e-7)


@given(st.integers(1, 400), st.data())
def test_clopper_and_pearsons_ends_leave_two_and_a_half_per_cent_on_each_side(n: int, data: st.DataObject) -> None:
    failed = data.draw(st.integers(0, n))
    interval = clopper_pearson(failed, n)
    at_most = [math.comb(n, k) * interval.high**k * (1 - interval.high) ** (n - k) for k in range(failed + 1)]
    at_least = [math.comb(n, k) * interval.low**k * (1 - interval.low) ** (n - k) for k in range(failed, n + 1)]
    assert failed == n or math.fsum(at_most) == pytest.approx(0.025, rel=1e-6)
    assert failed == 0 or math.fsum(at_least) == pytest.approx(0.025, rel=1e-6)


def test_clopper_and_pearsons_interval_of_a_million_reviews_is_narrow() -> None:
    interval = clopper_pearson(100_000, 1_000_000)
    assert interval.low < 0.1 < interval.high
    assert interval.high - interval.low == pytest.approx(2 * 1.96 * math.sqrt(0.09 / 1e6), rel=0.01)


def test_more_failed_than_reviewed_is_refused() -> None:
    with pytest.raises(ValueError, match="11 of 10"):
        clopper_pearson(11, 10)


def test_without_any_review_nothing_is_known() -> None:
    interval = wilson(0, 0)
    assert (interval.low, interval.high) == (0, 1)


@pytest.mark.parametrize(
    ("population", "drawn", "bad", "chance"), [(60, 6, 3, 0.275161), (200, 20, 10, 0.660226), (1000, 50, 10, 0.402689)]
)
def test_what_a_sample_finds(population: int, drawn: int, bad: int, chance: float) -> None:
    assert detection(population, drawn, bad) == pytest.approx(chance, abs=6e-7)


@pytest.mark.parametrize(("drawn", "bad", "chance"), [(10, 1, 1), (0, 5, 0), (5, 0, 0), (6, 5, 1)])
def test_what_a_sample_must_find_or_cannot(drawn: int, bad: int, chance: float) -> None:
    assert detection(10, drawn, bad) == chance


@given(st.integers(0, 80), st.data())
def test_detection_agrees_with_counting_all_samples(population: int, data: st.DataObject) -> None:
    drawn, bad = (data.draw(st.integers(0, population)) for _ in range(2))
    none = math.comb(population - bad, drawn) / math.comb(population, drawn)
    assert detection(population, drawn, bad) == pytest.approx(1 - none, abs=1e-12)


def test_the_reference_centre() -> None:
    found = estimate([Stratum(120, 36, 9), Stratum(300, 30, 2), Stratum(580, 29, 1)])
    assert (found.total, found.share) == pytest.approx((70, 0.07))
    assert found.standard_error == pytest.approx(0.0246535, abs=6e-8)
    assert found.effective_n == pytest.approx(107.1088, abs=6e-5)
    assert (found.interval.low, found.interval.high) == pytest.approx((0.035132, 0.134644), abs=6e-7)


def test_an_estimate_is_not_the_bare_percentage_of_the_sample() -> None:
    found = estimate([Stratum(120, 36, 9), Stratum(300, 30, 2), Stratum(580, 29, 1)])
    assert found.failed / found.reviewed == pytest.approx(0.126316, abs=6e-7)
    assert found.share == pytest.approx(0.07)


def test_what_was_reviewed_in_full_is_known() -> None:
    found = estimate([Stratum(50, 50, 5), Stratum(10, 10, 0)])
    assert (found.total, found.standard_error, found.effective_n) == (5, 0, math.inf)
    assert (found.interval.low, found.interval.high) == (5 / 60, 5 / 60)


def test_the_interval_never_leaves_what_is_already_known() -> None:
    found = estimate([Stratum(50, 50, 20), Stratum(50, 10, 0)])
    assert found.interval.low == pytest.approx(20 / 100)
    assert found.interval.high < 0.4


def test_a_sample_without_failures_still_has_an_upper_end() -> None:
    found = estimate([Stratum(100, 10, 0), Stratum(100, 10, 0)])
    assert (found.share, found.interval.low) == (0, 0)
    assert 0.1 < found.interval.high < 0.2


def test_single_reviews_of_many_agents_give_an_interval() -> None:
    found = estimate([Stratum(10, 1, int(agent < 4)) for agent in range(20)])
    assert found.share == pytest.approx(0.2)
    assert found.interval.low < 0.1
    assert found.interval.high > 0.3


@pytest.mark.parametrize("strata", [[], [Stratum(10, 0, 0)], [Stratum(10, 5, 1), Stratum(3, 0, 0)]])
def test_nothing_is_estimated_where_nothing_was_reviewed(strata: list[Stratum]) -> None:
    with pytest.raises(ValueError, match="at least one reviewed"):
        estimate(strata)


def test_a_stratum_with_more_failed_than_reviewed_is_refused() -> None:
    with pytest.raises(ValueError, match="3 failed of 2 reviewed of 10"):
        Stratum(10, 2, 3)


def _strata_of(frame: list[FrameItem], bad: set[str], *, rate: int, seed: str) -> list[Stratum]:
    """What reviewers find in a drawn sample, stratum by stratum."""
    found: dict[str, list[int]] = {}
    for drawn in draw(frame, rate=rate, seed=seed):
        population, taken, failed = found.get(drawn.stratum, [drawn.population, drawn.taken, 0])
        found[drawn.stratum] = [population, taken, failed + (drawn.recording in bad)]
    return [Stratum(*numbers) for numbers in found.values()]


def _simulated(centres: int, *, rate: int, ladder: bool, seed: int) -> tuple[list[float], int]:
    """Errors of the estimates, and how many intervals hold the truth, over simulated centres of ten agents."""
    chance = np.random.default_rng(seed)
    errors, held = [], 0
    for number in range(centres):
        frame, bad = _centre(chance, rate=rate, ladder=ladder)
        found: Estimate = estimate(_strata_of(frame, bad, rate=rate, seed=f"{seed}/{number}"))
        truth = len(bad) / len(frame)
        errors.append(found.share - truth)
        held += truth in found.interval
    return errors, held


def _centre(chance: np.random.Generator, *, rate: int, ladder: bool) -> tuple[list[FrameItem], set[str]]:
    steps = [100, 3 * rate, 3 * rate] if ladder else []
    frame, bad = [], set()
    for agent in range(10):
        step = steps[agent] if agent < len(steps) else None
        quality = chance.beta(1.2, 8.8)
        for number, draw_of_quality in enumerate(chance.random(int(chance.poisson(30)) + 1)):
            frame.append(FrameItem(f"{agent}-{number}", f"agent{agent}", step))
            if draw_of_quality < quality:
                bad.add(f"{agent}-{number}")
    return frame, bad


@pytest.mark.parametrize(("rate", "ladder"), [(10, False), (20, False), (20, True)])
def test_estimates_are_unbiased_and_their_intervals_hold_the_truth_as_often_as_they_say(
    rate: int, ladder: bool
) -> None:
    errors, held = _simulated(1200, rate=rate, ladder=ladder, seed=rate)
    assert abs(np.mean(errors)) < 3 * np.std(errors) / math.sqrt(len(errors))
    assert 0.93 <= held / 1200 <= 0.97
