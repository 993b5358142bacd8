"""A script as a picture: its steps in layers, and the ways between them as curves."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean

from scripts.language import Script
from scripts.layering import SWEEPS, Layer, Layered, Place, above, below, layered
from scripts.rendering import reading_order
from scripts.vocabulary import Ending, Meaning
from scripts.walk import own_exits

WIDTH, HEIGHT = 136, 44
"""Of a step's box, in pixels."""
GAP, LAYER = 14, 84
"""Between two boxes of a layer, and from one layer to the next."""
PASSING = 14
"""The room of a way that passes through a layer."""
MARGIN = 12


@dataclass(frozen=True)
class Box:
    """A step: its upper left corner, and the endings with which calls end here."""

    step: str
    x: float
    y: float
    ends: tuple[Ending, ...]
    optional: bool
    """Whether it is passed over unless an earlier answer fits."""


@dataclass(frozen=True)
class Arrow:
    """A way from one step to another, as an SVG path; `keys` are the answers that take it."""

    source: str
    target: str
    path: str
    meaning: Meaning | None
    keys: tuple[int, ...]
    key_at: tuple[float, float]
    back: bool


@dataclass(frozen=True)
class Graph:
    """The picture, in pixels."""

    width: float
    height: float
    boxes: tuple[Box, ...]
    arrows: tuple[Arrow, ...]


def draw(script: Script) -> Graph:
    """The picture of a script; the same script gives the same picture."""
    laid = layered(script)
    centres = _centres(laid.layers)
    boxes = tuple(_box(script, name, centres) for name in reading_order(script))
    width = max(x for x, _y in centres.values()) + WIDTH / 2 + MARGIN + 2 * GAP
    height = MARGIN * 2 + HEIGHT + LAYER * (len(laid.layers) - 1)
    return Graph(width, height, boxes, tuple(_Routes(laid, centres).arrows()))


def _centres(layers: Sequence[Layer]) -> dict[Place, tuple[float, float]]:
    """The middle of each place: towards those that it is joined to, without two overlapping."""
    xs = _side_by_side(layers)
    for sweep in range(SWEEPS):
        downwards = sweep % 2 == 0
        joined = above(layers) if downwards else below(layers)
        for layer in layers if downwards else reversed(layers):
            _move(list(layer), xs, {place: [xs[each] for each in joined[place]] for place in layer})
    left = min(x - _width(place) / 2 for place, x in xs.items()) - MARGIN
    return {
        place: (xs[place] - left, MARGIN + HEIGHT / 2 + LAYER * number)
        for number, layer in enumerate(layers)
        for place in layer
    }


def _width(place: Place) -> float:
    return WIDTH if isinstance(place, str) else PASSING


def _side_by_side(layers: Sequence[Layer]) -> dict[Place, float]:
    xs: dict[Place, float] = {}
    for layer in layers:
        right = 0.0
        for place in layer:
            xs[place] = right + _width(place) / 2
            right += _width(place) + GAP
    return xs


def _move(layer: list[Place], xs: dict[Place, float], joined: Mapping[Place, list[float]]) -> None:
    wanted = [fmean(joined[place]) if joined[place] else xs[place] for place in layer]
    rightwards = _apart(layer, wanted)
    mirrored = _apart(layer[::-1], [-x for x in wanted[::-1]])
    for place, one, other in zip(layer, rightwards, mirrored[::-1], strict=True):
        xs[place] = (one - other) / 2


def _apart(layer: Sequence[Place], wanted: Sequence[float]) -> list[float]:
    """The wanted middles, each moved right as far as its left neighbour needs."""
    placed: list[float] = []
    for place, x in zip(layer, wanted, strict=True):
        least = placed[-1] + (_width(layer[len(placed) - 1]) + _width(place)) / 2 + GAP if placed else x
        placed.append(max(x, least))
    return placed


def _box(script: Script, name: str, centres: Mapping[Place, tuple[float, float]]) -> Box:
    x, y = centres[name]
    ends = dict.fromkeys(way.ends for way in own_exits(script.steps[name]) if way.ends)
    return Box(name, x - WIDTH / 2, y - HEIGHT / 2, tuple(ends), script.steps[name].when is not None)


class _Routes:
    """The curves: each leaves and enters its box at a point of its own."""

    def __init__(self, laid: Layered, centres: Mapping[Place, tuple[float, float]]) -> None:
        self.laid, self.centres = laid, centres
        self.lower = {place: sorted(each, key=self._x) for place, each in below(laid.layers).items()}
        self.upper = {place: sorted(each, key=self._x) for place, each in above(laid.layers).items()}

    def _x(self, place: Place) -> float:
        return self.centres[place][0]

    def arrows(self) -> Iterator[Arrow]:
        for (source, target), way in self.laid.ways.items():
            back = (source, target) in self.laid.back
            points = self._points(target, source)[::-1] if back else self._points(source, target)
            meaning = way.meanings[0] if len(set(way.meanings)) == 1 else None
            x, y = points[0]
            at = (x, y - 4) if back and source != target else (x, y + 12)
            yield Arrow(source, target, _curve(points), meaning, tuple(way.keys), at, back)

    def _points(self, upper: str, lower: str) -> list[tuple[float, float]]:
        if upper == lower:
            x, y = self.centres[upper][0] + WIDTH / 2, self.centres[upper][1]
            return [(x, y + 10), (x + GAP, y), (x, y - 10)]
        chain: list[Place] = [upper, *self._crossed(upper, lower), lower]
        first = self._port(upper, chain[1], self.lower[upper], HEIGHT / 2)
        last = self._port(lower, chain[-2], self.upper[lower], -HEIGHT / 2)
        return [first, *(self.centres[place] for place in chain[1:-1]), last]

    def _crossed(self, upper: str, lower: str) -> list[Place]:
        passing = [place for place in self.centres if isinstance(place, tuple) and place[:2] == (upper, lower)]
        return sorted(passing, key=lambda place: place[2])

    def _port(self, name: str, to: Place, neighbours: list[Place], down: float) -> tuple[float, float]:
        x, y = self.centres[name]
        room = WIDTH - 24
        step = room / (len(neighbours) + 1)
        return x - room / 2 + step * (neighbours.index(to) + 1), y + down


def _curve(points: Sequence[tuple[float, float]]) -> str:
    """Through the points, upright at each of them."""
    (x, y), *rest = points
    path = f"M{x:.1f} {y:.1f}"
    for to_x, to_y in rest:
        middle = (y + to_y) / 2
        path += f"C{x:.1f} {middle:.1f} {to_x:.1f} {middle:.1f} {to_x:.1f} {to_y:.1f}"
        x, y = to_x, to_y
    return path
