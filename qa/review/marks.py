"""One mark of a review, and what it must say to be of use: why something fails, and where that is heard."""

from dataclasses import dataclass
from typing import Any

from outbound import compliance
from outbound.compliance import Criterion, Mark
from outbound.errors import Language, Refusal

NOTHING_TO_HEAR = frozenset(
    {
        "other",
        "not_asked",
        "permission_not_asked",
        "caller_not_named",
        "question_unanswered",
        "functions_not_told",
        "tariff_not_told",
        "trial_end_not_told",
        "cancel_not_told",
        "usage_not_told",
        "off_script",
        "consent_not_asked",
        "not_audible",
    }
)
"""Reasons that may be an omission: there is no second at which they are heard."""


@dataclass(frozen=True, slots=True)
class CriterionMark:
    """What a reviewer says of one criterion: the mark, the second where it is heard, why it fails, a note."""

    mark: Mark
    second: float | None = None
    reason: str = ""
    """The code of the chief reason, among the criterion's own."""
    note: str = ""
    also: tuple[str, ...] = ()
    """The codes of further reasons."""

    @property
    def reasons(self) -> tuple[str, ...]:
        """Every reason's code once, the chief one first; none where nothing fails."""
        if self.mark != Mark.FAIL:
            return ()
        return tuple(dict.fromkeys(code for code in (self.reason, *self.also) if code))


def as_asked(criterion: Criterion, given: CriterionMark) -> dict[str, Any]:
    """The columns of a mark that is kept, with the words in which it was asked."""
    chief, *others = given.reasons or ("",)
    return {
        "criterion": criterion,
        "asked_zh": criterion.wording.zh,
        "asked_en": criterion.wording.en,
        "mark": given.mark,
        "second": given.second,
        "reason": chief,
        "also": others,
        "note": given.note.strip(),
    }


class _OfCriterion(Refusal):
    """The mark of “{criterion}” does not say enough."""

    zh = "“{criterion}”的标记不完整。"
    status = 422

    def __init__(self, criterion: Criterion) -> None:
        self.criterion = criterion
        super().__init__(criterion=criterion)

    def sentence(self, language: Language) -> str:
        """The sentence with the criterion's name in the reader's language."""
        template = self.zh if language == "zh" else " ".join(str(self.__doc__).split())
        return template.format(criterion=self.criterion.label.said(language))


class FailNeedsReason(_OfCriterion):
    """“{criterion}” fails: choose the reason from its list."""

    zh = "“{criterion}”判为不合格时，须从列表中选择原因。"


class NoteNeeded(_OfCriterion):
    """“{criterion}” fails: write in a note what was said or left out."""

    zh = "“{criterion}”判为不合格时，须在说明中写明对方或坐席说了什么、漏了什么。"


class SecondNeeded(_OfCriterion):
    """“{criterion}” fails for something that is heard: give the second at which it is."""

    zh = "“{criterion}”的不合格原因可以在录音中听到，请标出所在的秒数。"


class SecondOutside(_OfCriterion):
    """The second given for “{criterion}” lies outside the recording."""

    zh = "“{criterion}”标注的秒数超出了录音长度。"


def check(criterion: Criterion, given: CriterionMark, *, seconds: float) -> None:
    """Refuse a mark that does not say enough; `seconds` is the length of the recording.

    Raises SecondOutside, FailNeedsReason, ReasonUnknown, NoteNeeded, SecondNeeded.
    """
    if given.second is not None and not 0 <= given.second <= seconds:
        raise SecondOutside(criterion)
    if given.mark != Mark.FAIL:
        return
    if not given.reason:
        raise FailNeedsReason(criterion)
    for code in given.reasons:
        compliance.reason(criterion, code)
    if not given.note.strip():
        raise NoteNeeded(criterion)
    if given.second is None and not NOTHING_TO_HEAR.issuperset(given.reasons):
        raise SecondNeeded(criterion)
