"""The picture of a script as the pages show it: each step with its line, its words and what it stands for."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from sqlmodel import Session, select

from outbound.calls.model import Outcome
from outbound.documents import Document
from outbound.errors import Language
from scripts.graph import HEIGHT, WIDTH, Graph, draw
from scripts.language import Ending, Purpose, Script, Step
from scripts.proof import Proof
from web.language import chosen_language, lazy_gettext

PURPOSES = {
    Purpose.VERIFIES_IDENTITY: lazy_gettext("verifies identity"),
    Purpose.ASKS_PERMISSION: lazy_gettext("asks permission"),
    Purpose.CHECKS_UNDERSTANDING: lazy_gettext("checks understanding"),
    Purpose.ASKS_CONSENT: lazy_gettext("asks consent"),
    Purpose.TELLS_CANCEL_ROUTE: lazy_gettext("tells how to cancel"),
}
NAME_WIDTH, WORDS_WIDTH = 128, 130
"""Pixels for a step's name and for the line beneath it."""


@dataclass(frozen=True)
class Drawn:
    """A step's box as it is shown; `line` is where the step stands in the text."""

    step: str
    x: float
    y: float
    line: int
    name: str
    words: str
    said: str
    kind: str


@dataclass(frozen=True)
class Picture:
    """A script's picture, with the reader's words in it."""

    graph: Graph
    boxes: tuple[Drawn, ...]
    box: tuple[int, int] = (WIDTH, HEIGHT)


def picture_of(session: Session, script: Script, source: str, proof: Proof) -> Picture:
    """The picture of a script whose text is `source`; steps at which a proof fails are marked."""
    graph, place, endings = draw(script), Document(source), ending_words(session)
    faulty = {failure.steps[-1] for failure in proof.failures if failure.steps}
    boxes = []
    for box in graph.boxes:
        step, line = script.steps[box.step], place.position(("steps", box.step))[0]
        ended = "、".join(endings.get(ending, ending) for ending in box.ends)
        words = f"■ {ended}" if ended else " · ".join(_stands_for(step))
        kind = _kind(step, box.ends, script) + (" optional" if box.optional else "")
        kind += " faulty" if box.step in faulty else ""
        name, said = _clipped(box.step, NAME_WIDTH), step.say.shown(chosen_language())
        boxes.append(Drawn(box.step, box.x, box.y, line, name, _clipped(words, WORDS_WIDTH, size=11), said, kind))
    return Picture(graph, tuple(boxes))


def ending_words(session: Session) -> Mapping[str, str]:
    """What each outcome is called, in the reader's language."""
    language: Language = chosen_language()
    return {each.code: each.zh if language == "zh" else each.en for each in session.exec(select(Outcome))}


def _stands_for(step: Step) -> Iterable[str]:
    yield from (str(PURPOSES[each]) for each in Purpose if each in step.purposes)
    yield from (each.label.said(chosen_language()) for each in sorted(step.disclosures))
    if step.question:
        yield "?"


def _kind(step: Step, ends: tuple[Ending, ...], script: Script) -> str:
    if ends:
        return "yes" if script.consented in ends else "end"
    return "asks" if step.purposes else "tells" if step.disclosures else "plain"


def _clipped(text: str, width: int, *, size: int = 12) -> str:
    """As much of a text as fits: a Chinese character is as wide as its size, a Latin one a bit over half."""
    used = 0.0
    for place, letter in enumerate(text):
        used += size if letter > "\u2e80" else size * 0.56
        if used > width:
            return f"{text[: place - 1]}…"
    return text
