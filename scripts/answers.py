"""Answers to a script's questions: what may be recorded, and how it is read again."""

import math
from collections.abc import Iterable, Mapping
from typing import Any, ClassVar

from outbound.errors import Language, Refusal
from scripts.language import Question, Script

LONGEST = 2000
"""Characters of an answer in words."""

Answer = str | int | float | list[str]
"""A code, a mark or number, words, or several codes."""


class AnswerUnfit(Refusal):
    """“{answer}” is no answer to the question of the step “{step}”; choose or type another."""

    zh = "“{answer}”不是步骤“{step}”所问问题的有效答案，请重新选择或填写。"
    status: ClassVar[int] = 422


def checked(script: Script, given: Mapping[str, Any]) -> dict[str, Answer]:
    """The answers as they are kept, by the step that asks: empty ones are left out. Raises AnswerUnfit."""
    kept: dict[str, Answer] = {}
    for name, answer in given.items():
        if answer in (None, "", []):
            continue
        question = script.steps[name].question if name in script.steps else None
        fitting = _fitting(question, answer) if question else None
        if fitting is None:
            raise AnswerUnfit(step=name[:60], answer=str(answer)[:60])
        kept[name] = fitting
    return kept


def _fitting(question: Question, answer: Any) -> Answer | None:
    codes = [option.code for option in question.options]
    match question.kind:
        case "single":
            return answer if isinstance(answer, str) and answer in codes else None
        case "multiple":
            chosen = answer if isinstance(answer, list) else []
            return [code for code in codes if code in chosen] if chosen and _within(chosen, codes) else None
        case "text":
            return answer.strip()[:LONGEST] or None if isinstance(answer, str) else None
    return _number(question, answer)


def _within(chosen: Iterable[Any], codes: list[str]) -> bool:
    return all(isinstance(code, str) and code in codes for code in chosen)


def _number(question: Question, answer: Any) -> int | float | None:
    if isinstance(answer, bool) or not isinstance(answer, int | float) or not math.isfinite(answer):
        return None
    if question.kind == "scale" and answer != int(answer):
        return None
    within = (question.least is None or answer >= question.least) and (question.most is None or answer <= question.most)
    if not within:
        return None
    return int(answer) if answer == int(answer) else answer


def worded(question: Question, answer: Any, language: Language) -> str:
    """An answer as people read it: the labels of its codes, the number, the words."""
    labels = {option.code: option.label.shown(language) for option in question.options}
    given = answer if isinstance(answer, list) else [answer]
    return ("、" if language == "zh" else ", ").join(labels.get(str(each), str(each)) for each in given)
