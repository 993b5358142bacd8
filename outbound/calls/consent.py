"""What a report must show of a customer's yes: everything was told and asked before it, and it was a yes."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from outbound.calls.speaking import Spoken
from outbound.compliance import CriteriaNotAllMarked, Criterion, Disclosure, Mark, Words, unmarked
from outbound.errors import Language, Refusal
from scripts.language import ASKING, Meaning, Purpose, Script, Step, disclosures_of

_ASKED = {
    Purpose.VERIFIES_IDENTITY: Words("核实身份", "verify identity"),
    Purpose.ASKS_PERMISSION: Words("征求许可", "ask permission"),
    Purpose.CHECKS_UNDERSTANDING: Words("确认客户听明白", "check understanding"),
    Purpose.ASKS_CONSENT: Words("征求同意", "ask consent"),
}


class DisclosuresMissing(Refusal):
    """A sale needs every disclosure said and ticked; still missing: {missing}."""

    zh = "登记成交前必须说完并勾选全部必须告知项，还缺：{missing}。"
    status = 422

    def __init__(self, missing: Sequence[Disclosure]) -> None:
        self.missing = missing
        super().__init__(missing="")

    def sentence(self, language: Language) -> str:
        """The missing disclosures by their names."""
        return _naming(self, [item.label for item in self.missing], language)


class ConsentTooEarly(Refusal):
    """Consent counts only after everything before it; before consent, this was not done: {missing}. Mark the script
    as “unsure” and the customer is called again.
    """

    zh = "征求同意之前还有事项没有完成：{missing}。请将“按脚本执行”标为“拿不准”，之后会重新拨打客户。"
    status = 422

    def __init__(self, missing: Sequence[Words]) -> None:
        self.missing = missing
        super().__init__(missing="")

    def sentence(self, language: Language) -> str:
        """What was not told or asked before consent, by its names."""
        return _naming(self, self.missing, language)


class ConsentNotGiven(Refusal):
    """The customer's answer to the question of consent was not a yes; mark explicit consent as “unsure” or “fail”."""

    zh = "客户对征求同意的回答不是“同意”，请将“明确同意”标为“拿不准”或“不合格”。"
    status = 422


class CancelRouteNotTold(Refusal):
    """Who wants to think it over is told first how to cancel; read that step and tick it."""

    zh = "客户表示再考虑时，须先告知取消方法并勾选该步骤。"
    status = 422


def _naming(refusal: Refusal, names: Sequence[Words], language: Language) -> str:
    template = refusal.zh if language == "zh" else " ".join(str(refusal.__doc__).split())
    return template.format(missing=("、" if language == "zh" else ", ").join(name.said(language) for name in names))


def refuse_unproved(
    script: Script, ticks: Mapping[str, float], marks: Mapping[Criterion, Mark], way: Sequence[Spoken]
) -> None:
    """Refuse a yes whose marks say more than the call shows; `way` is what was kept while it went on.

    Raises CriteriaNotAllMarked, DisclosuresMissing, ConsentTooEarly, ConsentNotGiven.
    """
    if missing := unmarked(marks):
        raise CriteriaNotAllMarked(missing)
    if marks[Criterion.SCRIPT_FOLLOWED] is Mark.PASS:
        said = {item for step in ticks for item in script.steps[step].disclosures}
        if untold := [item for item in disclosures_of(script) if item not in said]:
            raise DisclosuresMissing(untold)
        if early := list(_not_before_consent(script, ticks)):
            raise ConsentTooEarly(early)
    if marks[Criterion.EXPLICIT_CONSENT] is Mark.PASS and _was_refused(script, way):
        raise ConsentNotGiven


def _not_before_consent(script: Script, ticks: Mapping[str, float]) -> Iterator[Words]:
    """What the script tells and asks and the call did not, up to the second at which consent was asked last."""
    asked = [second for step, second in ticks.items() if Purpose.ASKS_CONSENT in script.steps[step].purposes]
    by_then = [script.steps[step] for step, second in ticks.items() if asked and second <= max(asked)]
    for purpose in ASKING:
        if _asks(script.steps.values(), purpose) and not _asks(by_then, purpose):
            yield _ASKED[purpose]
    told = frozenset[Disclosure]().union(*(step.disclosures for step in by_then))
    yield from (item.label for item in disclosures_of(script) if asked and item not in told)


def _asks(steps: Iterable[Step], purpose: Purpose) -> bool:
    return any(purpose in step.purposes for step in steps)


def _was_refused(script: Script, way: Sequence[Spoken]) -> bool:
    answers = [each.meaning for each in way if Purpose.ASKS_CONSENT in script.steps[each.step].purposes]
    return bool(answers) and answers[-1] not in (None, Meaning.YES)


def refuse_untold_route(script: Script, ticks: Mapping[str, float]) -> None:
    """Who wants to think it over was told how to cancel, where the script tells it. Raises CancelRouteNotTold."""
    telling = {name for name, step in script.steps.items() if _tells_cancel_route(step)}
    if telling and not telling & set(ticks):
        raise CancelRouteNotTold


def _tells_cancel_route(step: Step) -> bool:
    return Purpose.TELLS_CANCEL_ROUTE in step.purposes or Disclosure.ENQUIRE_OR_CANCEL in step.disclosures
