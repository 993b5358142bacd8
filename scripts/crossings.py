"""What a script's parts say about each other: targets that exist, one continuation each, the same languages throughout.

The checks read the plain document rather than the model, so that a file with a misspelt key elsewhere still gets all
its faults told at once.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from outbound.documents import Path
from scripts.vocabulary import HERE, MAX_CHOICES, Ending, Kind, endings_of


@dataclass(frozen=True)
class Crossing:
    """One contradiction, with where it stands in the document."""

    path: Path
    zh: str
    en: str


def crossed(plain: dict[str, Any]) -> Iterator[Crossing]:
    """Every contradiction between the parts of the document; none raises on a malformed part."""
    steps = _group(plain.get("steps"))
    yield from _targets(plain, steps)
    yield from _continuations(plain, steps)
    yield from _endings(plain, steps)
    yield from _languages(plain, steps)
    yield from _questions(steps)
    yield from _conditions(steps)


def _group(value: Any) -> dict[str, dict[str, Any]]:
    return {name: part for name, part in value.items() if isinstance(part, dict)} if isinstance(value, dict) else {}


def _choices(step: dict[str, Any]) -> Iterator[tuple[int, dict[str, Any]]]:
    choices = step.get("choices")
    for position, choice in enumerate(choices if isinstance(choices, list) else []):
        if isinstance(choice, dict):
            yield position, choice


def _links(plain: dict[str, Any], steps: dict[str, dict[str, Any]]) -> Iterator[tuple[Path, Any]]:
    yield ("start",), plain.get("start")
    for name, step in steps.items():
        yield ("steps", name, "next"), step.get("next")
        for position, choice in _choices(step):
            yield ("steps", name, "choices", position, "to"), choice.get("to")
    for name, objection in _group(plain.get("objections")).items():
        returns = objection.get("returns")
        yield ("objections", name, "returns"), None if returns == HERE else returns


def _targets(plain: dict[str, Any], steps: dict[str, dict[str, Any]]) -> Iterator[Crossing]:
    for path, target in _links(plain, steps):
        if target is not None and str(target) not in steps:
            yield Crossing(
                path,
                f"没有名为“{target}”的步骤，请写已有步骤的名称：{'、'.join(list(steps)[:20])}。",
                f"there is no step named `{target}`; write the name of one of {', '.join(list(steps)[:20])}.",
            )


def _continuations(plain: dict[str, Any], steps: dict[str, dict[str, Any]]) -> Iterator[Crossing]:
    for name, step in steps.items():
        ways = [way for way in ("choices", "next", "ends") if step.get(way)]
        if len(ways) > 1:
            yield Crossing(
                ("steps", name, ways[-1]),
                "choices、next、ends 只能写其中一项。",
                "write only one of `choices`, `next` and `ends`.",
            )
        choices = step.get("choices")
        if isinstance(choices, list) and len(choices) > MAX_CHOICES:
            yield Crossing(
                ("steps", name, "choices", MAX_CHOICES),
                f"一步最多 {MAX_CHOICES} 个选项，每个选项对应一个数字键，请分成两步。",
                f"a step has at most {MAX_CHOICES} choices, one for each number key; split it in two.",
            )
        for position, choice in _choices(step):
            if (choice.get("to") is None) == (choice.get("ends") is None):
                yield Crossing(
                    ("steps", name, "choices", position),
                    "每个选项应写 to（转到哪一步）或 ends（以什么结果结束），且只写一项。",
                    "a choice leads `to` a step or `ends` the call: write exactly one of them.",
                )
    for name, objection in _group(plain.get("objections")).items():
        if objection.get("ends") is not None and "returns" in objection:
            yield Crossing(
                ("objections", name, "ends"), "returns 和 ends 只能写一项。", "write only one of `returns` and `ends`."
            )


def _endings(plain: dict[str, Any], steps: dict[str, dict[str, Any]]) -> Iterator[Crossing]:
    if plain.get("kind") not in list(Kind):
        return
    kind = Kind(plain["kind"])
    allowed = endings_of(kind)
    for path, ending in _ends(plain, steps):
        yes = path[0] == "objections" and ending in list(_YES)
        if ending in list(Ending) and (ending not in list(allowed) or yes):
            choose = ", ".join(sorted(allowed - _YES if path[0] == "objections" else allowed))
            yield Crossing(
                path,
                f"这里不能以“{ending}”结束，可选：{choose}。",
                f"the call cannot end with `{ending}` here; choose from {choose}.",
            )


_YES = frozenset({Ending.SOLD, Ending.RENEWED, Ending.CONFIRMED, Ending.CORRECTED})


def _ends(plain: dict[str, Any], steps: dict[str, dict[str, Any]]) -> Iterator[tuple[Path, Any]]:
    for name, step in steps.items():
        yield ("steps", name, "ends"), step.get("ends")
        for position, choice in _choices(step):
            yield ("steps", name, "choices", position, "ends"), choice.get("ends")
    for name, objection in _group(plain.get("objections")).items():
        yield ("objections", name, "ends"), objection.get("ends")


def _spoken(say: Any) -> frozenset[str]:
    words = {"zh": say} if isinstance(say, str) else say
    return frozenset(key for key in ("zh", "en") if isinstance(words, dict) and words.get(key))


def _languages(plain: dict[str, Any], steps: dict[str, dict[str, Any]]) -> Iterator[Crossing]:
    said: dict[Path, Any] = {("steps", name, "say"): step.get("say") for name, step in steps.items()}
    for name, objection in _group(plain.get("objections")).items():
        said["objections", name, "say"] = objection.get("say")
    everywhere = frozenset[str]().union(*map(_spoken, said.values()))
    for path, say in said.items():
        if say == "" or say is None:
            continue
        for language in sorted(everywhere - _spoken(say)) or ([] if _spoken(say) else ["zh"]):
            named = {"zh": ("中文", "Chinese"), "en": ("英文", "English")}[language]
            yield Crossing(
                path,
                f"这里没有{named[0]}话术，请补上，或把其他步骤的{named[0]}也去掉。",
                f"there is no {named[1]} text here; add it, or remove {named[1]} from the other steps too.",
            )


def _questions(steps: dict[str, dict[str, Any]]) -> Iterator[Crossing]:
    for name, step in steps.items():
        question = step.get("question")
        if not isinstance(question, dict):
            continue
        codes = _codes(question)
        path: Path = ("steps", name, "question")
        if question.get("kind") in ("single", "multiple") and len(set(codes)) < 2:
            yield Crossing(
                path, "单选题和多选题至少要有两个不同的选项。", "such a question needs two different options."
            )
        if len(set(codes)) < len(codes):
            yield Crossing(
                path, "选项的 code 有重复，请改成不同的。", "two options have the same `code`; tell them apart."
            )
        if question.get("kind") == "scale" and not _ranges(question):
            yield Crossing(
                path,
                "打分题要写 least 和 most，且 least 小于 most。",
                "a scale needs `least` and `most`, the first below the second.",
            )


def _codes(question: dict[str, Any]) -> list[str]:
    options = question.get("options")
    return (
        [str(option.get("code")) for option in options if isinstance(option, dict)] if isinstance(options, list) else []
    )


def _ranges(question: dict[str, Any]) -> bool:
    least, most = question.get("least"), question.get("most")
    return isinstance(least, int) and isinstance(most, int) and least < most


def _conditions(steps: dict[str, dict[str, Any]]) -> Iterator[Crossing]:
    for name, step in steps.items():
        when = step.get("when")
        if not isinstance(when, dict):
            continue
        asked = str(when.get("answer_to"))
        question = steps.get(asked, {}).get("question")
        if "answer_to" in when and not isinstance(question, dict):
            yield Crossing(
                ("steps", name, "when", "answer_to"),
                f"步骤“{asked}”没有提问，请写一个有 question 的步骤。",
                f"the step `{asked}` asks no question; name one that has a `question`.",
            )
        if not step.get("next"):
            yield Crossing(
                ("steps", name, "when"),
                "有 when 的步骤可能跳过，要写 next 说明接着到哪一步。",
                "a step with `when` may be skipped; give it a `next` to go on with.",
            )
        yield from _comparisons(("steps", name, "when"), when, question if isinstance(question, dict) else {})


def _comparisons(path: Path, when: dict[str, Any], question: dict[str, Any]) -> Iterator[Crossing]:
    if not {"is", "is_not", "at_least", "at_most"} & set(when):
        yield Crossing(
            path,
            "when 要写条件：is、is_not、at_least 或 at_most。",
            "`when` needs a condition: `is`, `is_not`, `at_least` or `at_most`.",
        )
    counted = question.get("kind") in ("scale", "number")
    if question and {"at_least", "at_most"} & set(when) and not counted:
        yield Crossing(path, "只有打分题和数字题可以比大小。", "only a scale or a number can be compared.")
    codes = set(_codes(question))
    for key in ("is", "is_not"):
        named = when.get(key) if isinstance(when.get(key), list) else [when.get(key)] if key in when else []
        for code in named or []:
            if codes and str(code) not in codes:
                yield Crossing(
                    (*path, key),
                    f"问题没有“{code}”这个选项，可选：{'、'.join(sorted(codes))}。",
                    f"the question has no option `{code}`; choose from {', '.join(sorted(codes))}.",
                )
