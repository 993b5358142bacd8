"""What customers answered: for each question of a campaign's scripts the answers counted, with their intervals."""

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from statistics import fmean, median
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col, select

from outbound.calls.model import Call
from outbound.campaigns.model import Campaign
from qa.estimates import Interval, wilson
from scripts.language import Question, WordsPart
from scripts.model import ScriptVersion, script_of

BARS = 12
"""Numbers with more different answers than this are counted in ranges."""
TEXTS = 20
"""Answers in words that are shown beside a question, the latest first."""


@dataclass(frozen=True)
class Share:
    """An answer, how many gave it, and between which shares it lies among all such customers."""

    answer: str
    label: WordsPart
    count: int
    of: int
    single: bool = True
    """Whether it is one answer, and not a range of them."""

    @property
    def share(self) -> float:
        """The share of those who answered, from 0 to 1."""
        return self.count / self.of if self.of else 0.0

    @property
    def interval(self) -> Interval:
        """Wilson's interval of the share, at 95 percent."""
        return wilson(self.count, self.of)


@dataclass
class Result:
    """A question with everything that was answered to it."""

    step: str
    said: WordsPart
    question: Question
    answers: list[Any] = field(default_factory=list)

    @property
    def answered(self) -> int:
        """How many customers answered it."""
        return len(self.answers)

    @property
    def mean(self) -> float | None:
        """The mean of marks and numbers."""
        return fmean(self.answers) if self.answers and self.question.kind in ("scale", "number") else None

    @property
    def median(self) -> float | None:
        """The median of marks and numbers."""
        return median(self.answers) if self.answers and self.question.kind in ("scale", "number") else None

    @property
    def texts(self) -> list[str]:
        """The latest answers in words."""
        return list(reversed(self.answers[-TEXTS:])) if self.question.kind == "text" else []

    @property
    def shares(self) -> list[Share]:
        """Each possible answer with how many gave it; several may be given to a question with several answers."""
        asked = self.question
        if asked.kind in ("single", "multiple"):
            return self._of_options()
        if asked.kind == "scale" and asked.least is not None and asked.most is not None:
            return self._of_values(range(asked.least, asked.most + 1))
        return self._of_numbers() if asked.kind == "number" and self.answers else []

    def _of_options(self) -> list[Share]:
        given = Counter(code for answer in self.answers for code in (answer if isinstance(answer, list) else [answer]))
        return [Share(each.code, each.label, given[each.code], self.answered) for each in self.question.options]

    def _of_values(self, values: Sequence[Any]) -> list[Share]:
        given = Counter(self.answers)
        return [Share(json.dumps(value), _same(f"{value:g}"), given[value], self.answered) for value in values]

    def _of_numbers(self) -> list[Share]:
        values = sorted(set(self.answers))
        if len(values) <= BARS:
            return self._of_values(values)
        least, width = values[0], (values[-1] - values[0]) / BARS
        placed = Counter(min(BARS - 1, int((answer - least) / width)) for answer in self.answers)
        edges = [least + width * place for place in range(BARS + 1)]
        return [
            Share("", _same(f"{edges[at]:.4g}–{edges[at + 1]:.4g}"), placed[at], self.answered, single=False)
            for at in range(BARS)
        ]


def _same(text: str) -> WordsPart:
    return WordsPart(zh=text, en=text)


def results(session: Session, campaign: Campaign) -> list[Result]:
    """Every question that calls of a campaign asked, in the order of the newest script, with its answers.

    A question is known by its step: later versions may word it otherwise, and one of another kind is another question.
    """
    found = {(result.step, str(result.question.kind)): result for result in questions(session, campaign)}
    asked = select(Call.script_version_id, Call.answers).where(*answered_calls(campaign)).order_by(col(Call.id))
    kinds: dict[int, dict[str, str]] = {}
    for version_id, answers in session.execute(asked.execution_options(yield_per=5000)):
        if version_id not in kinds:
            kinds[version_id] = _kinds(session.get_one(ScriptVersion, version_id))
        for step, answer in answers.items():
            if result := found.get((step, kinds[version_id].get(step, ""))):
                result.answers.append(answer)
    return list(found.values())


def questions(session: Session, campaign: Campaign) -> Iterator[Result]:
    """The questions of the script versions with which a campaign's answers were given, the newest wording of each."""
    used = select(Call.script_version_id).where(*answered_calls(campaign)).distinct()
    versions = session.exec(
        select(ScriptVersion).where(col(ScriptVersion.id).in_(used)).order_by(col(ScriptVersion.id).desc())
    )
    seen: set[tuple[str, str]] = set()
    for version in versions.all():
        for name, step in script_of(version).steps.items():
            if step.question and (name, step.question.kind) not in seen:
                seen.add((name, step.question.kind))
                yield Result(name, step.say, step.question)


def _kinds(version: ScriptVersion) -> dict[str, str]:
    steps = script_of(version).steps
    return {name: step.question.kind for name, step in steps.items() if step.question}


def answered_calls(campaign: Campaign) -> tuple[sa.ColumnElement[bool], ...]:
    """The condition for calls of a campaign in which something was answered."""
    return (
        col(Call.campaign_id) == campaign.id,
        col(Call.wrapped_up_at).is_not(None),
        sa.cast(col(Call.answers), sa.Text) != "{}",
    )


def answered_with(step: str, answer: str) -> sa.ColumnElement[bool]:
    """The condition for calls that gave an answer, a code or a number, to the question of a step."""
    written = sa.cast(col(Call.answers)[step], sa.Text)
    quoted = [json.dumps(answer), json.dumps(answer, ensure_ascii=False)]
    among = [written.contains(each, autoescape=True) for each in quoted]
    return sa.or_(written == answer, *among)
