"""The steps of a script in layers, from the start downwards.

The layout is Sugiyama's: ways that lead back are turned round, each step is put one layer below the lowest step that
leads to it, long ways get a place in every layer that they cross, and the places in each layer are put in the order
that makes the ways cross least.
"""

from bisect import bisect_left, insort
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import fmean

import networkx as nx

from scripts.language import Script
from scripts.rendering import reading_order
from scripts.vocabulary import Meaning
from scripts.walk import own_exits

Place = str | tuple[str, str, int]
"""A step, or where a long way from one step to another crosses a layer."""
Layer = Mapping[Place, list[Place]]
"""A layer's places from left to right, and with each those above that it is joined to."""
SWEEPS = 8
"""Down and up in turn: the order hardly improves any more."""


@dataclass
class Way:
    """Everything that leads from one step to another."""

    meanings: list[Meaning | None]
    keys: list[int]


Ways = Mapping[tuple[str, str], Way]


@dataclass(frozen=True)
class Layered:
    """A script's steps in layers: everything about its picture but the pixels."""

    ways: Ways
    back: frozenset[tuple[str, str]]
    """The ways that lead back to an earlier step."""
    layers: Sequence[Layer]


def layered(script: Script) -> Layered:
    """The steps of a script in layers, in the order that makes the ways cross least."""
    ways = _ways(script)
    back = _leading_back(script, ways)
    return Layered(ways, frozenset(back), _ordered(_layers(script, ways, back)))


def _ways(script: Script) -> Ways:
    found: dict[tuple[str, str], Way] = defaultdict(lambda: Way([], []))
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


def _layers(script: Script, ways: Ways, back: Collection[tuple[str, str]]) -> Sequence[Layer]:
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


def _ordered(layers: Sequence[Layer]) -> Sequence[Layer]:
    """The layers with the places of each in the order with the fewest crossings that was found."""
    best, fewest = layers, _crossings(layers)
    for sweep in range(SWEEPS):
        layers = _swept(layers, downwards=sweep % 2 == 0)
        if (crossings := _crossings(layers)) < fewest:
            best, fewest = layers, crossings
    return best


def _swept(layers: Sequence[Layer], *, downwards: bool) -> Sequence[Layer]:
    """Every place moved towards the middle of those that it is joined to, above or below."""
    joined = above(layers) if downwards else below(layers)
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


def above(layers: Sequence[Layer]) -> dict[Place, list[Place]]:
    """What lies above each place and is joined to it."""
    return {place: above for layer in layers for place, above in layer.items()}


def below(layers: Sequence[Layer]) -> dict[Place, list[Place]]:
    """What lies below each place and is joined to it."""
    found: dict[Place, list[Place]] = {place: [] for layer in layers for place in layer}
    for place, joined in above(layers).items():
        for each in joined:
            found[each].append(place)
    return found


def _crossings(layers: Sequence[Layer]) -> int:
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
