"""The script language: what a call script is, as a YAML file that a trainer writes and an agent reads aloud.

A script is a graph of named steps. A step says something, may stand for something that the four criteria ask for, and
leads on by `choices` (what the customer answers), by `next`, or ends the call with an outcome. Objections can be
answered from any step. `read_script` refuses a bad file with every fault at its line; `scripts/proof.py` then proves
the graph.
"""

import hashlib
import json
import re
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Discriminator, Field, StringConstraints, Tag

from outbound.documents import Document, DocumentFaulty, Fault
from outbound.errors import Language
from outbound.json_schema import chinese_words, published
from scripts.vocabulary import (
    ASKING,
    CONSENTED,
    ENDINGS,
    HERE,
    MAX_CHOICES,
    Disclosure,
    Ending,
    Kind,
    Meaning,
    Purpose,
    endings_of,
    required_disclosures,
)

__all__ = [
    "ASKING",
    "CONSENTED",
    "ENDINGS",
    "HERE",
    "MAX_CHOICES",
    "Choice",
    "Discloses",
    "Disclosure",
    "Ending",
    "Kind",
    "Meaning",
    "Objection",
    "Option",
    "Purpose",
    "Question",
    "Script",
    "Step",
    "When",
    "Words",
    "WordsPart",
    "content_hash",
    "disclosures_of",
    "endings_of",
    "library",
    "read_script",
    "required_disclosures",
    "schema",
]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True, serialize_by_alias=True)


_CJK = "\u2e80-\u9fff\uf900-\ufaff\uff00-\uffef\u3000-\u303f"
_BETWEEN_CJK = re.compile(rf"(?<=[{_CJK}])\s+(?=[{_CJK}])")


def _one_line(text: Any) -> Any:
    # YAML folds lines with a space, which Chinese does not put between characters.
    return _BETWEEN_CJK.sub("", " ".join(text.split())) if isinstance(text, str) else text


Text = Annotated[str, BeforeValidator(_one_line), StringConstraints(min_length=1, max_length=2000)]
Name = Annotated[str, StringConstraints(pattern=r"^\w[\w-]{0,63}$")]


def _as_list(value: Any) -> Any:
    return value if isinstance(value, list | tuple) or value is None else [value]


def _as_words(value: Any) -> Any:
    return {"zh": value} if isinstance(value, str) else value


class WordsPart(_Part):
    """A text in Chinese, in English, or in both."""

    zh: Text | None = Field(default=None, description="The text in Chinese.")
    en: Text | None = Field(default=None, description="The text in English.")

    def languages(self) -> tuple[Language, ...]:
        """The languages in which the text exists."""
        both: tuple[Language, ...] = ("zh", "en")
        return tuple(language for language in both if self.spoken(language))

    def spoken(self, language: Language) -> str:
        """The text in `language`, empty where there is none: what is said is never said in another language."""
        return (self.zh if language == "zh" else self.en) or ""

    def shown(self, language: Language) -> str:
        """The text in `language`, or else in the other one: for labels and names."""
        return self.spoken(language) or self.zh or self.en or ""


Words = Annotated[WordsPart, BeforeValidator(_as_words, json_schema_input_type=WordsPart | str)]
"""Written as `{zh: …, en: …}`; a plain string is Chinese."""
# Three lists that may also be written as a single item; a generic alias would lose the schema of the item.
Codes = Annotated[tuple[str, ...], BeforeValidator(_as_list, json_schema_input_type=tuple[str, ...] | str)]
Disclosures = Annotated[
    tuple[Disclosure, ...], BeforeValidator(_as_list, json_schema_input_type=tuple[Disclosure, ...] | Disclosure)
]


class Discloses(_Part):
    """A step tells the customer these things."""

    discloses: Disclosures = Field(description="What the customer is told here.")


StandsFor = Annotated[
    Annotated[Purpose, Tag("purpose")] | Annotated[Discloses, Tag("tells")],
    Discriminator(lambda value: "tells" if isinstance(value, dict | Discloses) else "purpose"),
]

Purposes = Annotated[
    tuple[StandsFor, ...], BeforeValidator(_as_list, json_schema_input_type=tuple[StandsFor, ...] | StandsFor)
]


class Choice(_Part):
    """One answer that the customer may give, chosen by its number key."""

    label: Words = Field(description="The answer, as the agent sees it on the key.")
    meaning: Meaning = Field(default=Meaning.OTHER, description="What the answer amounts to.")
    to: str | None = Field(default=None, description="The step that follows.")
    ends: Ending | None = Field(default=None, description="The outcome, where the call ends with this answer.")


class Option(_Part):
    """One answer of a survey question."""

    code: Name = Field(description="What is stored.")
    label: Words = Field(description="What the agent reads or ticks.")


class Question(_Part):
    """A question whose answer is recorded."""

    kind: Literal["single", "multiple", "scale", "number", "text"] = Field(description="How it is answered.")
    options: tuple[Option, ...] = Field(default=(), description="The answers of a single or multiple question.")
    least: int | None = Field(default=None, description="The lowest mark of a scale, or the least number.")
    most: int | None = Field(default=None, description="The highest mark of a scale, or the greatest number.")
    required: bool = Field(default=True, description="Whether the agent must record an answer to go on.")


class When(_Part):
    """The step is spoken only where an earlier answer fits; otherwise the call goes on with its `next`."""

    answer_to: str = Field(description="The step that asked the question.")
    is_: Codes = Field(default=(), alias="is", description="The answer is, or contains, one of these codes.")
    is_not: Codes = Field(default=(), description="The answer is, and contains, none of these codes.")
    at_least: int | None = Field(default=None, description="The mark or number is this or more.")
    at_most: int | None = Field(default=None, description="The mark or number is this or less.")

    def fits(self, answer: Any) -> bool:
        """Whether `answer` (a code, several codes, a number; None where none was recorded) lets the step be said."""
        given = {str(code) for code in answer} if isinstance(answer, list | tuple | set) else {str(answer)}
        if answer is None or (self.is_ and not given & set(self.is_)) or given & set(self.is_not):
            return False
        if self.at_least is None and self.at_most is None:
            return True
        mark = int(answer)
        return (self.at_least is None or mark >= self.at_least) and (self.at_most is None or mark <= self.at_most)


class Step(_Part):
    """Something the agent says, and how the call goes on from there."""

    say: Words = Field(description="What the agent reads aloud; names in braces are filled in.")
    stands_for: Purposes = Field(default=(), description="What the four criteria get from this step.")
    choices: tuple[Choice, ...] = Field(default=(), description="The customer's possible answers.")
    next: str | None = Field(default=None, description="The only continuation.")
    ends: Ending | None = Field(default=None, description="The outcome, where the call ends here.")
    question: Question | None = Field(default=None, description="A question whose answer is recorded.")
    when: When | None = Field(default=None, description="Say this step only where an earlier answer fits.")
    note: Words | None = Field(default=None, description="A hint to the agent, not read aloud.")

    @property
    def purposes(self) -> frozenset[Purpose]:
        """What the step stands for besides its disclosures."""
        return frozenset(item for item in self.stands_for if isinstance(item, Purpose))

    @property
    def disclosures(self) -> frozenset[Disclosure]:
        """What the step tells the customer."""
        return frozenset(told for item in self.stands_for if isinstance(item, Discloses) for told in item.discloses)


class Objection(_Part):
    """What a customer may throw in at any step, and the answer to it."""

    title: Words = Field(description="The objection, as customers put it.")
    triggers: tuple[Text, ...] = Field(default=(), description="Words by which the agent finds it.")
    say: Words = Field(description="The answer that the agent reads aloud.")
    returns: str = Field(default=HERE, description="The step to go on with; `here` is the one that was interrupted.")
    ends: Ending | None = Field(default=None, description="The outcome, where the call ends with this.")


class Script(_Part):
    """A whole script."""

    script: Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$")] = Field(description="Its name.")
    kind: Kind = Field(description="What it is for.")
    title: Words = Field(description="Its title on the desks.")
    trial: bool = Field(default=True, description="Whether the offer comes with a free trial whose end must be told.")
    start: str = Field(description="The first step.")
    steps: Annotated[dict[Name, Step], Field(min_length=1, max_length=300)] = Field(description="The steps, by name.")
    objections: dict[Name, Objection] = Field(default_factory=dict, description="Objections, by name.")
    never_say: tuple[Words, ...] = Field(default=(), description="Phrases that must not occur in anything said.")
    must_say: tuple[Words, ...] = Field(default=(), description="Phrases that must be said in some step.")

    @property
    def languages(self) -> tuple[Language, ...]:
        """The languages in which it can be spoken."""
        return self.steps[self.start].say.languages()

    @property
    def consented(self) -> Ending | None:
        """The ending that means yes; None for surveys and care visits."""
        return CONSENTED.get(self.kind)


def disclosures_of(script: Script) -> tuple[Disclosure, ...]:
    """Everything that some step of the script tells, in the usual order."""
    told = frozenset[Disclosure]().union(*(step.disclosures for step in script.steps.values()))
    return tuple(disclosure for disclosure in Disclosure if disclosure in told)


def read_script(text: str) -> Script:
    """The script written in `text`; raises DocumentFaulty with every fault at its line and column."""
    from scripts.crossings import crossed

    document = Document(text)
    faults: list[Fault] = [document.fault(found.path, zh=found.zh, en=found.en) for found in crossed(document.plain())]
    try:
        script = document.read_as(Script)
    except DocumentFaulty as refused:
        raise DocumentFaulty([*refused.list, *faults]) from None
    if faults:
        raise DocumentFaulty(faults)
    return script


def schema() -> dict[str, Any]:
    """The JSON Schema of scripts, described in both languages, for editors that complete them."""
    return published(Script, chinese_words("scripts"))


_LIBRARY = Path(__file__).parent / "library"


def library() -> dict[str, str]:
    """The ready-made scripts: the text of each by its name."""
    return {file.stem: file.read_text(encoding="utf-8") for file in sorted(_LIBRARY.glob("*.yaml"))}


def content_hash(text: str) -> str:
    """SHA-256 (hex) of what the document says, whatever its comments, line breaks and order of names."""
    plain = Document(text).plain()
    canonical = json.dumps(plain, ensure_ascii=False, sort_keys=True, separators=(",", ":"), default=str)
    return hashlib.sha256(canonical.encode()).hexdigest()
