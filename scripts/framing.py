"""Rendering in a hurry: most of a script is the same for every customer of a day, so that is filled in once."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from outbound.errors import Language
from scripts.filling import Facts, FactsMissing, fill
from scripts.language import Script, WordsPart
from scripts.model import script_written
from scripts.placeholders import names_in
from scripts.rendering import Rendered, RenderedObjection, RenderedStep, render

FRAMES_KEPT = 512
_CUSTOMER = "customer."


@dataclass(frozen=True)
class _Frame:
    """A script filled in for anybody, and the places of the texts that say something of the customer."""

    script: Script
    rendered: Rendered
    steps: tuple[int, ...]
    objections: tuple[int, ...]


def render_framed(source: str, facts: Facts, language: Language) -> Rendered:
    """The same as `render` of the script that `source` says, an order of magnitude quicker; raises what it raises."""
    common = facts.model_copy(update={"customer": {}}).model_dump_json()
    try:
        frame = _frame(source, common, language)
        steps, objections = list(frame.rendered.steps), list(frame.rendered.objections)
        for place in frame.steps:
            steps[place] = _step(frame.script, steps[place], facts, language)
        for place in frame.objections:
            objections[place] = _objection(frame.script, objections[place], facts, language)
    except FactsMissing:
        # Said whole: everything that is not known, and not only the first of it.
        return render(script_written(source), facts, language)
    return frame.rendered.model_copy(update={"steps": tuple(steps), "objections": tuple(objections)})


@lru_cache(maxsize=FRAMES_KEPT)
def _frame(source: str, common: str, language: Language) -> _Frame:
    script, facts = script_written(source), Facts.model_validate_json(common)
    anybody = {name.removeprefix(_CUSTOMER): "-" for text in _texts(script, language) for name in _personal(text)}
    rendered = render(script, facts.model_copy(update={"customer": anybody}), language)
    return _Frame(
        script,
        rendered,
        tuple(
            place for place, step in enumerate(rendered.steps) if any(map(_personal, _said(script, step.key, language)))
        ),
        tuple(
            place
            for place, objection in enumerate(rendered.objections)
            if _personal(script.objections[objection.key].say.spoken(language))
        ),
    )


def _texts(script: Script, language: Language) -> Iterator[str]:
    for key in script.steps:
        yield from _said(script, key, language)
    for objection in script.objections.values():
        yield objection.say.spoken(language)


def _said(script: Script, key: str, language: Language) -> tuple[str, str]:
    step = script.steps[key]
    return step.say.spoken(language), _note(step.note, language)


def _note(note: WordsPart | None, language: Language) -> str:
    return note.shown(language) if note else ""


def _personal(text: str) -> list[str]:
    return [name for name in names_in(text) if name.startswith(_CUSTOMER)]


def _step(script: Script, step: RenderedStep, facts: Facts, language: Language) -> RenderedStep:
    said, note = _said(script, step.key, language)
    filled = {"said": fill(said, facts, language), "note": fill(note, facts, language) if note else None}
    return step.model_copy(update=filled)


def _objection(script: Script, objection: RenderedObjection, facts: Facts, language: Language) -> RenderedObjection:
    said = script.objections[objection.key].say.spoken(language)
    return objection.model_copy(update={"said": fill(said, facts, language)})
