"""Walking a script in every way it can go: its graph together with what has been established so far.

A node of the product is a step and the state in which it is entered. Speaking the step and the customer's answer turn
one state into the next, and nothing else does, so the nodes that breadth-first search finds are exactly those that
some call can pass, each with a shortest way there.
"""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property

from scripts.language import Script, Step, WordsPart
from scripts.vocabulary import ASKING, HERE, Disclosure, Ending, Meaning, Purpose


@dataclass(frozen=True)
class State:
    """What is established at a point of a call."""

    answered: frozenset[Purpose] = frozenset()
    """The questions of the four criteria whose last answer was a valid yes."""
    told: frozenset[Disclosure] = frozenset()
    cancel_told: bool = False
    barred: Meaning | None = None
    """NO after a no to one of those questions; UNSURE after an unsure answer to the consent."""


@dataclass(frozen=True)
class Exit:
    """One way in which a call goes on from a step."""

    answer: WordsPart | None = None
    meaning: Meaning | None = None
    to: str | None = None
    ends: Ending | None = None


@dataclass(frozen=True)
class Node:
    """A step and the state in which it is entered."""

    step: str
    state: State


def spoken(step: Step, state: State) -> State:
    """The state when `step` has been said and not yet been answered.

    A question that is asked again is open again, and something new that is told was not part of what was understood.
    """
    open_again = step.purposes & frozenset(ASKING)
    if step.disclosures - state.told:
        open_again |= {Purpose.CHECKS_UNDERSTANDING}
    told_cancel = {Purpose.TELLS_CANCEL_ROUTE} & step.purposes
    return replace(
        state,
        answered=state.answered - open_again,
        told=state.told | step.disclosures,
        cancel_told=state.cancel_told or bool(told_cancel),
    )


def answered(step: Step, state: State, meaning: Meaning | None, required: frozenset[Disclosure]) -> State:
    """The state after the customer's answer to `step`; understanding is of everything required, or of nothing."""
    asked = step.purposes & frozenset(ASKING)
    if meaning is Meaning.YES:
        counts = asked if required <= state.told else asked - {Purpose.CHECKS_UNDERSTANDING}
        return replace(state, answered=state.answered | counts)
    if meaning is Meaning.NO and asked:
        return replace(state, barred=Meaning.NO)
    if meaning is Meaning.UNSURE and Purpose.ASKS_CONSENT in asked:
        return replace(state, barred=state.barred or Meaning.UNSURE)
    return state


def exits(script: Script, name: str) -> Iterator[Exit]:
    """Every way on from the step, the customer's objections that lead elsewhere included."""
    step = script.steps[name]
    yield from own_exits(step)
    for objection in script.objections.values():
        if objection.ends or objection.returns != HERE:
            to = None if objection.ends else objection.returns
            yield Exit(answer=objection.title, to=to, ends=objection.ends)


def own_exits(step: Step) -> Iterator[Exit]:
    """The ways on that the step itself gives."""
    for choice in step.choices:
        yield Exit(answer=choice.label, meaning=choice.meaning, to=choice.to, ends=choice.ends)
    if step.next or step.ends:
        yield Exit(to=step.next, ends=step.ends)


def arrivals(script: Script, target: str) -> tuple[str, ...]:
    """The steps that may be the next one spoken when a call goes to `target`: a step with `when` may be skipped."""
    found: dict[str, None] = {}
    name: str | None = target
    while name is not None and name not in found:
        found[name] = None
        step = script.steps[name]
        name = step.next if step.when else None
    return tuple(found)


class Walk:
    """Every reachable node, in the order of breadth-first search, with the node and exit that led to it first."""

    def __init__(self, script: Script, required: frozenset[Disclosure]) -> None:
        self.script = script
        self.required = required
        self.came: dict[Node, tuple[Node, Exit] | None] = {}
        waiting = deque(Node(step, State()) for step in arrivals(script, script.start))
        self.came.update(dict.fromkeys(waiting))
        while waiting:
            node = waiting.popleft()
            for way, state in self.ways(node):
                for step in arrivals(script, way.to) if way.to else ():
                    following = Node(step, state)
                    if following not in self.came:
                        self.came[following] = (node, way)
                        waiting.append(following)

    def ways(self, node: Node) -> Iterator[tuple[Exit, State]]:
        """The ways on from `node`, each with the state after the answer."""
        step = self.script.steps[node.step]
        said = spoken(step, node.state)
        for way in exits(self.script, node.step):
            yield way, answered(step, said, way.meaning, self.required)

    @cached_property
    def first(self) -> dict[str, Node]:
        """The node by which each reachable step is reached soonest."""
        soonest: dict[str, Node] = {}
        for node in self.came:
            soonest.setdefault(node.step, node)
        return soonest

    def path(self, node: Node, way: Exit | None = None) -> list[tuple[str, Exit | None]]:
        """A shortest way from the start to `node`: each step with the exit taken there, `way` at the last one."""
        steps: list[tuple[str, Exit | None]] = [(node.step, way)]
        while (came := self.came[node]) is not None:
            node, way = came
            steps.append((node.step, way))
        return steps[::-1]
