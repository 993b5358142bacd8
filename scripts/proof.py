"""The proof of a script, made before anybody reads it to a customer.

What is proved, for every way in which the customer may answer: identity, then permission, then every required
disclosure, then understanding come before consent is asked; nothing is sold without a yes, after a no, or after an
unsure answer; every call can end; price, trial end and cancel route are said in so many words.

Why it is sound. A call is a walk over the script's graph. What a rule asks about a walk depends on it only through
the step that is entered and a state of finitely many values (`scripts/walk.py`): which questions stand answered with
yes, what was told, whether a no was heard. The state is a function of the previous state, the step and the answer
alone. So every walk, however long, corresponds to a walk over pairs of step and state; breadth-first search reaches
every pair that any walk reaches, and each rule is checked at each pair. If no pair breaks a rule, no walk does. If
one does, the search's tree gives a shortest walk to it, which is shown. Three choices are on the safe side: an
objection establishes nothing, a step with `when` may be spoken or skipped at will, and asking a question again leaves
it open until it is answered. The static rules then carry over: where each step that claims to tell the price holds
the price's placeholder, and each walk to a yes passes such a step, each walk to a yes tells the price.
"""

from collections.abc import Iterator
from itertools import pairwise

import networkx as nx

from scripts.findings import Failure, Findings, Proof, Stop
from scripts.language import Script, Step
from scripts.vocabulary import (
    ASKING,
    CONSENTED,
    Disclosure,
    Ending,
    Meaning,
    Purpose,
    required_disclosures,
)
from scripts.walk import Exit, Node, State, Walk, arrivals, own_exits, spoken
from scripts.wording import wording

__all__ = ["Failure", "Proof", "Stop", "prove"]

_YES = frozenset(CONSENTED.values())


def prove(script: Script) -> Proof:
    """The proof of `script`, or the shortest way to each rule's breach."""
    walk = Walk(script, required_disclosures(script.kind, trial=script.trial))
    found = Findings(walk)
    _structure(walk, found)
    for node in walk.came:
        _on_speaking(walk, node, found)
        _on_ending(walk, node, found)
    wording(walk, found)
    return Proof(failures=tuple(found.failures.values()))


def _structure(walk: Walk, found: Findings) -> None:
    script = walk.script
    for name, step in script.steps.items():
        if name not in walk.first:
            found.add("unreachable", step=name)
        elif not list(own_exits(step)):
            found.add("dead_end", walk.path(walk.first[name]), step=name)
        if name in walk.first and step.purposes & set(ASKING) and not _can_be_answered(step):
            found.add("answer_needed", walk.path(walk.first[name]), step=name)
    _loops(walk, found)
    yes = script.consented
    if yes and not any(way.ends is yes for name in walk.first for way in own_exits(script.steps[name])):
        found.add("yes_is_possible", ending=yes)


def _can_be_answered(step: Step) -> bool:
    return {Meaning.YES, Meaning.NO} <= {choice.meaning for choice in step.choices}


def _loops(walk: Walk, found: Findings) -> None:
    graph = _graph(walk)
    finished = {name for name in walk.first if _finishes(walk.script.steps[name])}
    saved = finished.union(*(nx.ancestors(graph, name) for name in finished)) if finished else set()
    trapped = graph.subgraph(set(walk.first) - saved)
    for ring in nx.strongly_connected_components(trapped):
        if len(ring) == 1 and not any(trapped.has_edge(name, name) for name in ring):
            continue
        entry = next(name for name in walk.first if name in ring)
        found.add("endless_loop", _around(walk, trapped.subgraph(ring), entry), step=entry)


def _graph(walk: Walk) -> "nx.DiGraph[str]":
    """The steps as their own exits join them: a way out must not depend on the customer's objecting."""
    graph: nx.DiGraph[str] = nx.DiGraph()
    graph.add_nodes_from(walk.first)
    for name in walk.first:
        for way in own_exits(walk.script.steps[name]):
            for target in arrivals(walk.script, way.to) if way.to else ():
                graph.add_edge(name, target, way=way)
    return graph


def _finishes(step: Step) -> bool:
    ways = list(own_exits(step))
    return not ways or any(way.ends for way in ways)


def _around(walk: Walk, ring: "nx.DiGraph[str]", entry: str) -> list[tuple[str, Exit | None]]:
    back = min((nx.shortest_path(ring, name, entry) for name in ring.successors(entry)), key=len)
    cycle = [entry, *back]
    ways: list[tuple[str, Exit | None]] = [
        (name, ring.edges[name, following]["way"]) for name, following in pairwise(cycle)
    ]
    return [*walk.path(walk.first[entry])[:-1], *ways, (entry, None)]


def _on_speaking(walk: Walk, node: Node, found: Findings) -> None:
    for rule in _spoken_too_early(walk, node):
        found.add(rule, walk.path(node))


def _spoken_too_early(walk: Walk, node: Node) -> Iterator[str]:
    step = walk.script.steps[node.step]
    known = node.state.answered
    if walk.script.kind in CONSENTED:
        if Purpose.ASKS_PERMISSION in step.purposes and Purpose.VERIFIES_IDENTITY not in known:
            yield "identity_before_permission"
        if step.disclosures and Purpose.ASKS_PERMISSION not in known:
            yield "permission_before_disclosure"
    if Purpose.ASKS_CONSENT in step.purposes:
        # Only what stood before this step counts: a question cannot be answered in the breath that asks for consent.
        yield from _missing(spoken(step, node.state), node.state.told, walk.required)


def _missing(state: State, told: frozenset[Disclosure], required: frozenset[Disclosure]) -> Iterator[str]:
    for purpose in (Purpose.VERIFIES_IDENTITY, Purpose.ASKS_PERMISSION, Purpose.CHECKS_UNDERSTANDING):
        if purpose not in state.answered:
            yield f"{purpose}_before_consent"
    for disclosure in Disclosure:
        if disclosure in required - told:
            yield f"{disclosure}_before_consent"


def _on_ending(walk: Walk, node: Node, found: Findings) -> None:
    for way, state in walk.ways(node):
        if way.ends in _YES:
            for rule in (*_missing(state, state.told, walk.required), *_unwilling(state)):
                found.add(rule, walk.path(node, way), ending=way.ends)
        if way.ends is Ending.CONSIDERING and not state.cancel_told:
            found.add("considering_hears_cancel_route", walk.path(node, way))


def _unwilling(state: State) -> Iterator[str]:
    if state.barred is not None:
        yield f"no_sale_after_{state.barred}"
    if Purpose.ASKS_CONSENT not in state.answered:
        yield "no_sale_without_yes"
