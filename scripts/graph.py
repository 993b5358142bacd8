"""A script as a picture: its steps in layers from the start downwards, and the ways between them as curves.

The layout is Sugiyama's: ways that lead back are turned round, each step is put one layer below the lowest step that
leads to it, long ways get a place in every layer that they cross, and the places in each layer are put in the order
that makes the ways cross least.
"""

from bisect import bisect_left, insort
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import fmean

import networkx as nx

from scripts.language import Script
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
SWEEPS = 8

Place = str | tuple[str, str, int]
"""A step, or where a long way from one step to another crosses a layer."""


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
    ways = _ways(script)
    back = _leading_back(script, ways)
    layers = _ordered(_layers(script, ways, back))
    centres = _centres(layers)
    boxes = tuple(_box(script, name, centres) for name in reading_order(script))
    routes = _Routes(layers, centres, ways, back)
    width = max(x for x, _y in centres.values()) + WIDTH / 2 + MARGIN + 2 * GAP
    height = MARGIN * 2 + HEIGHT + LAYER * (len(layers) - 1)
    return Graph(width, height, boxes, tuple(routes.arrows()))


@dataclass
class _Way:
    """Everything that leads from one step to another."""

    meanings: list[Meaning | None]
    keys: list[int]


Ways = Mapping[tuple[str, str], _Way]


def _ways(script: Script) -> Ways:
    found: dict[tuple[str, str], _Way] = defaultdict(lambda: _Way([], []))
    for name in reading_order(script):
        for key, way in enumerate(own_exits(script.steps[name]), start=1):
            if way.to:
                found[name, way.to].meanings.append(way.meaning)
                found[name, way.to].keys += [key] if way.answer else []
    return found


def _leading_back(script: Script, ways: Ways) -> set[tuple[str, str]]:
    """The ways to a step through which the search has come: without them nothing goes round."""
    following: dict[str, list[str]] = defaultdict(list)
    for source, target in ways:
        following[source].append(target)
    back: set[tuple[str, str]] = set()
    done: set[str] = set()
    for start in reading_order(script):
        open_: dict[str, Iterator[str]] = {} if start in done else {start: iter(following[start])}
        while open_:
            name = next(reversed(open_))
            for target in open_[name]:
                if target in open_:
                    back.add((name, target))
                elif target not in done:
                    open_[target] = iter(following[target])
                    break
            else:
                done.add(name)
                del open_[name]
    return back


def _layers(script: Script, ways: Ways, back: set[tuple[str, str]]) -> list[dict[Place, list[Place]]]:
    """Each layer's places with what lies above each; ways that cross a layer have a place in it."""
    graph: nx.DiGraph[str] = nx.DiGraph()
    graph.add_nodes_from(reading_order(script))
    turned = [(target, source) if (source, target) in back else (source, target) for source, target in ways]
    graph.add_edges_from(edge for edge in turned if edge[0] != edge[1])
    at = {name: number for number, layer in enumerate(nx.topological_generations(graph)) for name in layer}
    layers: list[dict[Place, list[Place]]] = [{} for _ in range(max(at.values()) + 1)]
    for name in reading_order(script):
        layers[at[name]][name] = []
    for upper, lower in graph.edges:
        above: Place = upper
        for number in range(at[upper] + 1, at[lower]):
            passing = (upper, lower, number)
            layers[number][passing] = [above]
            above = passing
        layers[at[lower]][lower].append(above)
    return layers


def _ordered(layers: list[dict[Place, list[Place]]]) -> list[dict[Place, list[Place]]]:
    """The layers with the places of each in the order with the fewest crossings that was found."""
    best, fewest = layers, _crossings(layers)
    for sweep in range(SWEEPS):
        layers = _swept(layers, downwards=sweep % 2 == 0)
        if (crossings := _crossings(layers)) < fewest:
            best, fewest = layers, crossings
    return best


def _swept(layers: list[dict[Place, list[Place]]], *, downwards: bool) -> list[dict[Place, list[Place]]]:
    """Every place moved towards the middle of those that it is joined to, above or below."""
    joined = _above(layers) if downwards else _below(layers)
    swept = [dict(layer) for layer in layers]
    numbers = range(1, len(layers)) if downwards else range(len(layers) - 2, -1, -1)
    for number in numbers:
        fixed = {place: at for at, place in enumerate(swept[number - 1 if downwards else number + 1])}
        here = {place: at for at, place in enumerate(swept[number])}
        wanted = {
            place: fmean(fixed[each] for each in joined[place]) if joined[place] else float(at)
            for place, at in here.items()
        }
        swept[number] = {place: swept[number][place] for place in sorted(here, key=lambda place: wanted[place])}
    return swept


def _above(layers: Sequence[Mapping[Place, list[Place]]]) -> dict[Place, list[Place]]:
    return {place: above for layer in layers for place, above in layer.items()}


def _below(layers: Sequence[Mapping[Place, list[Place]]]) -> dict[Place, list[Place]]:
    below: dict[Place, list[Place]] = {place: [] for layer in layers for place in layer}
    for place, above in _above(layers).items():
        for each in above:
            below[each].append(place)
    return below


def _crossings(layers: Sequence[Mapping[Place, list[Place]]]) -> int:
    count = 0
    for upper, lower in pairwise(layers):
        at = {place: number for number, place in enumerate(upper)}
        seen: list[int] = []
        for above in lower.values():
            ends = sorted(at[each] for each in above)
            count += sum(len(seen) - bisect_left(seen, end + 1) for end in ends)
            for end in ends:
                insort(seen, end)
    return count


def _centres(layers: list[dict[Place, list[Place]]]) -> dict[Place, tuple[float, float]]:
    """The middle of each place: towards those that it is joined to, without two overlapping."""
    xs = _side_by_side(layers)
    above, below = _above(layers), _below(layers)
    for sweep in range(SWEEPS):
        for layer in layers if sweep % 2 == 0 else reversed(layers):
            joined = above if sweep % 2 == 0 else below
            _move(list(layer), xs, {place: [xs[each] for each in joined[place]] for place in layer})
    left = min(x - _width(place) / 2 for place, x in xs.items()) - MARGIN
    return {
        place: (xs[place] - left, MARGIN + HEIGHT / 2 + LAYER * number)
        for number, layer in enumerate(layers)
        for place in layer
    }


def _width(place: Place) -> float:
    return WIDTH if isinstance(place, str) else PASSING


def _side_by_side(layers: list[dict[Place, list[Place]]]) -> dict[Place, float]:
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

    def __init__(
        self,
        layers: Sequence[Mapping[Place, list[Place]]],
        centres: Mapping[Place, tuple[float, float]],
        ways: Ways,
        back: set[tuple[str, str]],
    ) -> None:
        self.centres, self.ways, self.back = centres, ways, back
        below, above = _below(layers), _above(layers)
        self.lower = {place: sorted(each, key=self._x) for place, each in below.items()}
        self.upper = {place: sorted(each, key=self._x) for place, each in above.items()}

    def _x(self, place: Place) -> float:
        return self.centres[place][0]

    def arrows(self) -> Iterator[Arrow]:
        for (source, target), way in self.ways.items():
            back = (source, target) in self.back
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
