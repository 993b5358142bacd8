"""The four criteria of a valid sale, the marks that people give them, and when a set of marks passes.

All four must pass: one failure makes the sale invalid. Marks are never averaged or weighted.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import ClassVar

from outbound.errors import Language, Refusal


@dataclass(frozen=True, slots=True)
class Words:
    """One text in both languages."""

    zh: str
    en: str

    def said(self, language: Language) -> str:
        """The text in the reader's language."""
        return self.zh if language == "zh" else self.en


class Criterion(StrEnum):
    """What both recorded calls must show, in the order in which it is asked."""

    IDENTITY_AND_PERMISSION = "identity_and_permission"
    UNDERSTANDING = "understanding"
    SCRIPT_FOLLOWED = "script_followed"
    EXPLICIT_CONSENT = "explicit_consent"

    @property
    def label(self) -> Words:
        """Its short name, for column heads and badges."""
        return _LABELS[self]

    @property
    def wording(self) -> Words:
        """The question as it is put to the marker; kept with each mark, because wording may change later."""
        return _WORDINGS[self]

    @property
    def reasons(self) -> tuple["Reason", ...]:
        """Why this criterion may fail, the commonest first; `other` stands last and wants a note."""
        return _REASONS[self]


class Mark(StrEnum):
    """What a person says of one criterion after a call, or after hearing it."""

    PASS = "pass"  # noqa: S105
    FAIL = "fail"
    UNSURE = "unsure"

    @property
    def in_self_check(self) -> Words:
        """How the seller reads this mark."""
        return _IN_SELF_CHECK[self]

    @property
    def in_review(self) -> Words:
        """How a reviewer reads this mark."""
        return _IN_REVIEW[self]


class Verdict(StrEnum):
    """What four marks come to."""

    VALID = "valid"
    INVALID = "invalid"
    UNSURE = "unsure"

    @property
    def label(self) -> Words:
        """The verdict as people read it."""
        return _VERDICTS[self]


class Disclosure(StrEnum):
    """What the customer must have been told before consent is asked, in the usual order of telling."""

    FUNCTIONS = "functions"
    TARIFF = "tariff"
    TRIAL_END = "trial_end"
    ENQUIRE_OR_CANCEL = "enquire_or_cancel"
    USAGE = "usage"

    @property
    def label(self) -> Words:
        """Its name on the agent's and the reviewer's screen."""
        return _DISCLOSURES[self]


@dataclass(frozen=True, slots=True)
class Reason:
    """One reason for which a criterion failed; `code` is stored and unique within its criterion."""

    code: str
    zh: str
    en: str

    def said(self, language: Language) -> str:
        """The reason in the reader's language."""
        return self.zh if language == "zh" else self.en


class CriteriaNotAllMarked(Refusal):
    """All four criteria must be marked; still to mark: {missing}."""

    zh = "四项标准须逐项标记，尚未标记：{missing}。"
    status: ClassVar[int] = 422

    def __init__(self, missing: Iterable[Criterion]) -> None:
        self.missing = tuple(missing)
        super().__init__(missing=", ".join(criterion.value for criterion in self.missing))

    def sentence(self, language: Language) -> str:
        """Which criteria are still to be marked, by their labels."""
        titles = [criterion.label.said(language) for criterion in self.missing]
        if language == "zh":
            return self.zh.format(missing="、".join(titles))
        return f"All four criteria must be marked; still to mark: {', '.join(titles)}."


class ReasonUnknown(Refusal):
    """{code} is not a reason for failing “{criterion}”; choose one from its list."""

    zh = "“{code}”不是“{criterion}”的不合格原因，请从列表中选择。"
    status: ClassVar[int] = 422


def unmarked(marks: Mapping[Criterion, Mark]) -> tuple[Criterion, ...]:
    """The criteria that have no mark yet, in the order in which they are asked."""
    return tuple(criterion for criterion in Criterion if criterion not in marks)


def verdict(marks: Mapping[Criterion, Mark]) -> Verdict:
    """What the four marks come to: one failure is invalid, else one doubt is unsure, else valid.

    Raises CriteriaNotAllMarked, naming those that have no mark.
    """
    if missing := unmarked(marks):
        raise CriteriaNotAllMarked(missing)
    given = {marks[criterion] for criterion in Criterion}
    if Mark.FAIL in given:
        return Verdict.INVALID
    return Verdict.UNSURE if Mark.UNSURE in given else Verdict.VALID


def reason(criterion: Criterion, code: str) -> Reason:
    """The reason stored under `code`; raises ReasonUnknown where the criterion has none such."""
    for known in criterion.reasons:
        if known.code == code:
            return known
    raise ReasonUnknown(code=code, criterion=criterion.value)


_LABELS = MappingProxyType(
    {
        Criterion.IDENTITY_AND_PERMISSION: Words("身份与许可", "Identity and permission"),
        Criterion.UNDERSTANDING: Words("清醒理解", "Understanding"),
        Criterion.SCRIPT_FOLLOWED: Words("按脚本执行", "Script followed"),
        Criterion.EXPLICIT_CONSENT: Words("明确同意", "Explicit consent"),
    }
)
_WORDINGS = MappingProxyType(
    {
        Criterion.IDENTITY_AND_PERMISSION: Words(
            "是否核实了接听人是机主本人，或是能够做主、具有完全民事行为能力的家庭成员，并且对方同意听取介绍？",
            "Was it verified that this was the owner of the number, or a family member who decides and has full legal "
            "capacity, and did that person allow the pitch?",
        ),
        Criterion.UNDERSTANDING: Words(
            "该接听人是否清醒、未醉酒、能够跟上通话，并且听懂了所介绍的业务？",
            "Was that person awake, sober and able to follow, and did they understand what is offered?",
        ),
        Criterion.SCRIPT_FOLLOWED: Words(
            "是否按已审批的脚本执行，并且逐项说清了全部必须告知项？",
            "Was the approved script followed, and was every disclosure made?",
        ),
        Criterion.EXPLICIT_CONSENT: Words(
            "对方是否亲口明确表示接受？沉默、“再说吧”，或者由他人代为同意，一律视为不同意。",
            'Did the person say in words that they accept? Silence, "maybe", or someone else\'s yes is a no.',
        ),
    }
)
_IN_SELF_CHECK = MappingProxyType(
    {Mark.PASS: Words("合格", "Pass"), Mark.FAIL: Words("不合格", "Fail"), Mark.UNSURE: Words("拿不准", "Unsure")}
)
_IN_REVIEW = MappingProxyType(
    {
        Mark.PASS: Words("合格", "Pass"),
        Mark.FAIL: Words("不合格", "Fail"),
        Mark.UNSURE: Words("无法判定", "Cannot tell"),
    }
)
_VERDICTS = MappingProxyType(
    {
        Verdict.VALID: Words("有效", "Valid"),
        Verdict.INVALID: Words("无效", "Invalid"),
        Verdict.UNSURE: Words("存疑", "Unsure"),
    }
)
_DISCLOSURES = MappingProxyType(
    {
        Disclosure.FUNCTIONS: Words("业务功能", "Functions"),
        Disclosure.TARIFF: Words("资费标准", "Tariff"),
        Disclosure.TRIAL_END: Words("免费体验截止日期", "End of the free trial"),
        Disclosure.ENQUIRE_OR_CANCEL: Words("查询与退订方式", "How to enquire or cancel"),
        Disclosure.USAGE: Words("使用方法", "How to use it"),
    }
)
_OTHER = Reason("other", "其他（请写明）", "Other (please say what)")
_REASONS: Mapping[Criterion, tuple[Reason, ...]] = MappingProxyType(
    {
        Criterion.IDENTITY_AND_PERMISSION: (
            Reason("not_asked", "未核实接听人身份", "The person's identity was not verified"),
            Reason("not_the_decider", "接听人不是机主，也不能做主", "Neither the owner nor someone who decides"),
            Reason(
                "minor_or_incapable", "接听人未成年或不具备完全民事行为能力", "A minor, or without full legal capacity"
            ),
            Reason("permission_not_asked", "未征得同意就开始推介", "The pitch began without permission"),
            Reason(
                "permission_refused", "对方已表示不想听，仍继续推介", "The pitch went on after the person declined it"
            ),
            Reason("caller_not_named", "未报明单位、工号或来意", "The caller did not say who is calling or why"),
            Reason("posed_as_another", "冒充客服、运营商官方或其他身份", "The caller posed as someone else"),
            _OTHER,
        ),
        Criterion.UNDERSTANDING: (
            Reason(
                "misunderstood_offer", "客户误解业务内容，未予纠正", "The offer was misunderstood and not put right"
            ),
            Reason("took_it_for_free", "客户以为一直免费，未予澄清", "The person took it to be free for good"),
            Reason("drunk_or_unwell", "客户醉酒、身体不适或神志不清", "Drunk, unwell or confused"),
            Reason("half_asleep", "客户刚被吵醒或明显困倦", "Just woken, or clearly half asleep"),
            Reason(
                "could_not_follow",
                "客户因年迈、听力或语言障碍跟不上",
                "Could not follow, from age, hearing or language",
            ),
            Reason("distracted", "客户正忙（如开车、开会），无心听讲", "Busy, for example driving or in a meeting"),
            Reason("question_unanswered", "客户的疑问未得到解答", "A question of the person was left unanswered"),
            Reason(
                "spoken_too_fast", "语速过快或吐字不清，客户听不明白", "Spoken too fast or unclearly to be understood"
            ),
            _OTHER,
        ),
        Criterion.SCRIPT_FOLLOWED: (
            Reason("functions_not_told", "未告知业务功能", "The functions were not told"),
            Reason("tariff_not_told", "未告知资费，或资费说错", "The tariff was not told, or told wrongly"),
            Reason("trial_end_not_told", "未告知免费体验何时结束、到期如何收费", "The trial's end was not told"),
            Reason("cancel_not_told", "未告知查询与退订方式", "How to enquire or cancel was not told"),
            Reason("usage_not_told", "未告知使用方法", "How to use it was not told"),
            Reason("told_after_consent", "先要求同意，后补充告知", "Disclosures came only after consent was asked"),
            Reason("misleading_promise", "夸大、虚假承诺或诱导性说法", "An exaggerated, false or leading promise"),
            Reason("off_script", "擅自更改或省略脚本内容", "The script was changed or cut short"),
            Reason("rude_or_pressing", "态度生硬，或反复纠缠施压", "Rude, or pressing again and again"),
            _OTHER,
        ),
        Criterion.EXPLICIT_CONSENT: (
            Reason("consent_not_asked", "未征求客户同意", "Consent was not asked for"),
            Reason("silence", "客户沉默或未作答", "The person was silent or gave no answer"),
            Reason("vague", "答复含糊（如“嗯”“再说吧”“随便”）", 'A vague answer ("mm", "maybe", "whatever")'),
            Reason("someone_else", "由他人代为同意", "Someone else said yes"),
            Reason("refused", "客户已拒绝，仍按同意登记", "The person declined, and a yes was recorded"),
            Reason(
                "consented_to_less",
                "客户只同意了解或收短信，未同意办理",
                "The yes was only to hearing more or a text message",
            ),
            Reason(
                "led_or_tricked", "以诱导方式取得同意（如“您说好就行”）", "The yes was led or tricked out of the person"
            ),
            Reason("not_audible", "录音中听不到同意的话", "No yes can be heard on the recording"),
            _OTHER,
        ),
    }
)
