"""Charts of estimates, laid out on the server: a dot for the estimate, a line for its interval, axes with titles."""

from collections.abc import Sequence
from dataclasses import dataclass

WIDTH = 860
LABELS, FIGURES = 180, 150
"""Pixels at the left for what a row is about, and at the right for its figure."""
ROW, HEAD, FOOT = 28, 8, 44
TREND_HEIGHT, TREND_LEFT = 260, 64
STEPS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.25, 0.5)
"""Distances between the lines of an axis, as shares."""
SHORTEST = 0.04
"""The share that an axis reaches at least."""


@dataclass(frozen=True)
class Point:
    """One estimate: what it is about, the share with the ends of its interval, what it says, where it leads."""

    label: str
    share: float
    low: float
    high: float
    told: str
    href: str


@dataclass(frozen=True)
class Tick:
    """A line of an axis."""

    at: float
    share: float


@dataclass(frozen=True)
class Mark:
    """A point in its place; for a bar `x` runs along the share, for a trend `y` does."""

    point: Point
    x: float
    y: float
    low: float
    high: float


@dataclass(frozen=True)
class Chart:
    """Everything in pixels."""

    width: float
    height: float
    left: float
    right: float
    top: float
    bottom: float
    ticks: tuple[Tick, ...]
    marks: tuple[Mark, ...]

    @property
    def line(self) -> str:
        """The way through all points, as an SVG path."""
        return "M" + "L".join(f"{mark.x:.1f} {mark.y:.1f}" for mark in self.marks)


def axis(most: float) -> tuple[float, ...]:
    """The lines of an axis from 0 to where `most` fits, at most 1: three to six of them."""
    reached = min(max(most, SHORTEST), 1.0)
    step = next((step for step in STEPS if reached <= 5 * step), STEPS[-1])
    lines = [0.0]
    while lines[-1] < reached - 1e-9:
        lines.append(round(lines[-1] + step, 10))
    return tuple(lines)


def bars(points: Sequence[Point]) -> Chart:
    """A row for each point, the shares running to the right."""
    lines = axis(max((point.high for point in points), default=0))
    left, right = LABELS, WIDTH - FIGURES
    bottom = HEAD + ROW * len(points)

    def across(share: float) -> float:
        return left + (right - left) * share / lines[-1]

    marks = (
        Mark(each, across(each.share), HEAD + ROW * (row + 0.5), across(each.low), across(each.high))
        for row, each in enumerate(points)
    )
    ticks = tuple(Tick(across(line), line) for line in lines)
    return Chart(WIDTH, bottom + FOOT, left, right, HEAD, bottom, ticks, tuple(marks))


def trend(points: Sequence[Point]) -> Chart:
    """The points one after the other, the shares running upwards."""
    lines = axis(max((point.high for point in points), default=0))
    left, right, bottom = TREND_LEFT, WIDTH - 24, TREND_HEIGHT - FOOT
    place = (right - left) / max(1, len(points))

    def up(share: float) -> float:
        return bottom - (bottom - HEAD) * share / lines[-1]

    marks = (
        Mark(each, left + place * (number + 0.5), up(each.share), up(each.low), up(each.high))
        for number, each in enumerate(points)
    )
    ticks = tuple(Tick(up(line), line) for line in lines)
    return Chart(WIDTH, TREND_HEIGHT, left, right, HEAD, bottom, ticks, tuple(marks))
