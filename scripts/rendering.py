"""What the agent reads: a script with everything filled in, in reading order, ready to go to the page as JSON.

Nothing is left open in silence: an unknown name, or a fact that is missing, refuses the whole script before the call
rather than in it.
"""

from collections.abc import Iterator

from pydantic import BaseModel, ConfigDict

from outbound.errors import Language, Refusal
from scripts.filling import Facts, FactsMissing, OfferFacts, PlaceholderUnknown, fill, value_of
from scripts.language import (
    Disclosure,
    Ending,
    Kind,
    Meaning,
    Purpose,
    Question,
    Script,
    Step,
    When,
    disclosures_of,
    required_disclosures,
)
from scripts.placeholders import Placeholder, placeholders

__all__ = [
    "Facts",
    "FactsMissing",
    "NotSpokenIn",
    "OfferFacts",
    "PlaceholderUnknown",
    "Rendered",
    "RenderedChoice",
    "RenderedObjection",
    "RenderedOption",
    "RenderedQuestion",
    "RenderedStep",
    "fill",
    "reading_order",
    "render",
]


class NotSpokenIn(Refusal):
    """This script has no text in that language; choose another language."""

    zh = "该脚本没有这种语言的话术，请换一种语言。"


class _Frozen(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class RenderedChoice(_Frozen):
    """One answer, with the number key that chooses it."""

    key: int
    label: str
    meaning: Meaning
    to: str | None
    ends: Ending | None


class RenderedOption(_Frozen):
    """One answer of a question."""

    code: str
    label: str


class RenderedQuestion(_Frozen):
    """A question whose answer is recorded."""

    kind: str
    options: tuple[RenderedOption, ...]
    least: int | None
    most: int | None
    required: bool


class RenderedStep(_Frozen):
    """One step as it is read aloud."""

    key: str
    said: str
    note: str | None
    stands_for: tuple[Purpose, ...]
    discloses: tuple[Disclosure, ...]
    choices: tuple[RenderedChoice, ...]
    next: str | None
    ends: Ending | None
    question: RenderedQuestion | None
    when: When | None


class RenderedObjection(_Frozen):
    """An objection with its answer."""

    key: str
    title: str
    triggers: tuple[str, ...]
    said: str
    returns: str
    ends: Ending | None


class Rendered(_Frozen):
    """The whole script for one call; `model_dump(mode="json")` is what the agent's page gets."""

    script: str
    kind: Kind
    title: str
    language: Language
    start: str
    steps: tuple[RenderedStep, ...]
    objections: tuple[RenderedObjection, ...]
    disclosures: tuple[Disclosure, ...]
    required: tuple[Disclosure, ...]

    def step(self, key: str) -> RenderedStep:
        """The step named `key`; raises KeyError where there is none."""
        return {step.key: step for step in self.steps}[key]


def render(script: Script, facts: Facts, language: Language) -> Rendered:
    """`script` as the agent reads it in `language`.

    Raises NotSpokenIn, PlaceholderUnknown or FactsMissing (each naming all that is wrong).
    """
    if language not in script.languages:
        raise NotSpokenIn
    _refuse_gaps(script, facts, language)
    required = required_disclosures(script.kind, trial=script.trial)
    return Rendered(
        script=script.script,
        kind=script.kind,
        title=script.title.shown(language),
        language=language,
        start=script.start,
        steps=tuple(_step(key, script.steps[key], facts, language) for key in reading_order(script)),
        objections=_objections(script, facts, language),
        disclosures=disclosures_of(script),
        required=tuple(disclosure for disclosure in Disclosure if disclosure in required),
    )


def reading_order(script: Script) -> tuple[str, ...]:
    """The steps in the order in which they are best read: the way of yes to its end, then each branch as it leaves."""
    order: dict[str, None] = {}
    waiting = [script.start, *(objection.returns for objection in script.objections.values()), *script.steps]
    while waiting:
        key: str | None = waiting.pop(0)
        branches: list[str] = []
        while key in script.steps and key not in order:
            order[key] = None
            following = _following(script.steps[key])
            branches += following[1:]
            key = following[0] if following else None
        waiting = branches + waiting
    return tuple(order)


def _following(step: Step) -> list[str]:
    choices = sorted(step.choices, key=lambda choice: choice.meaning is not Meaning.YES)
    return [target for target in (step.next, *(choice.to for choice in choices)) if target]


def _refuse_gaps(script: Script, facts: Facts, language: Language) -> None:
    found = [placeholder for text in _texts(script, language) for placeholder in placeholders(text)]
    if unknown := _written(placeholder for placeholder in found if not placeholder.known):
        raise PlaceholderUnknown(unknown)
    if missing := _written(placeholder for placeholder in found if value_of(placeholder, facts, language) is None):
        raise FactsMissing(missing)


def _written(found: Iterator[Placeholder]) -> list[str]:
    return list(dict.fromkeys(placeholder.written for placeholder in found))


def _texts(script: Script, language: Language) -> Iterator[str]:
    for step in script.steps.values():
        yield step.say.spoken(language)
        yield step.note.shown(language) if step.note else ""
    for objection in script.objections.values():
        yield objection.say.spoken(language)


def _step(key: str, step: Step, facts: Facts, language: Language) -> RenderedStep:
    return RenderedStep(
        key=key,
        said=fill(step.say.spoken(language), facts, language),
        note=fill(step.note.shown(language), facts, language) if step.note else None,
        stands_for=tuple(purpose for purpose in Purpose if purpose in step.purposes),
        discloses=tuple(disclosure for disclosure in Disclosure if disclosure in step.disclosures),
        choices=_choices(step, language),
        next=step.next,
        ends=step.ends,
        question=_question(step.question, language) if step.question else None,
        when=step.when,
    )


def _choices(step: Step, language: Language) -> tuple[RenderedChoice, ...]:
    return tuple(
        RenderedChoice(
            key=key, label=choice.label.shown(language), meaning=choice.meaning, to=choice.to, ends=choice.ends
        )
        for key, choice in enumerate(step.choices, start=1)
    )


def _question(question: Question, language: Language) -> RenderedQuestion:
    options = tuple(RenderedOption(code=option.code, label=option.label.shown(language)) for option in question.options)
    return RenderedQuestion(
        kind=question.kind, options=options, least=question.least, most=question.most, required=question.required
    )


def _objections(script: Script, facts: Facts, language: Language) -> tuple[RenderedObjection, ...]:
    return tuple(
        RenderedObjection(
            key=key,
            title=objection.title.shown(language),
            triggers=objection.triggers,
            said=fill(objection.say.spoken(language), facts, language),
            returns=objection.returns,
            ends=objection.ends,
        )
        for key, objection in script.objections.items()
    )
