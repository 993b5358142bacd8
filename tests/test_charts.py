"""Charts: every point lies where its share is, and the axis reaches what is drawn."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from web.charts import Point, axis, bars, trend

SHARES = st.lists(st.floats(0, 1), min_size=3, max_size=3).map(sorted)


@pytest.mark.parametrize(
    ("most", "lines"),
    [
        (0, (0, 0.01, 0.02, 0.03, 0.04)),
        (0.1346, (0, 0.05, 0.1, 0.15)),
        (0.5, (0, 0.1, 0.2, 0.3, 0.4, 0.5)),
        (1, (0, 0.2, 0.4, 0.6, 0.8, 1)),
    ],
)
def test_an_axis_has_a_few_round_lines(most: float, lines: tuple[float, ...]) -> None:
    assert axis(most) == pytest.approx(lines)


@given(st.floats(0, 1))
def test_an_axis_reaches_what_is_drawn_and_not_far_beyond(most: float) -> None:
    lines = axis(most)
    assert most <= lines[-1] + 1e-9
    assert lines[-1] <= 1
    assert 3 <= len(lines) <= 6


@given(st.lists(SHARES, min_size=1, max_size=8))
def test_intervals_hold_their_estimates_within_the_frame(shares: list[list[float]]) -> None:
    points = [Point(str(number), share, low, high, "", "") for number, (low, share, high) in enumerate(shares)]
    across, upwards = bars(points), trend(points)
    for mark in across.marks:
        assert across.left - 1e-6 <= mark.low <= mark.x <= mark.high <= across.right + 1e-6
        assert across.top < mark.y < across.bottom
    for mark in upwards.marks:
        assert upwards.bottom + 1e-6 >= mark.low >= mark.y >= mark.high >= upwards.top - 1e-6
        assert upwards.left < mark.x < upwards.right
