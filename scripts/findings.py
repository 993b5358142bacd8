"""What a proof found: each broken rule once, as a sentence in both languages, with the shortest way to its breach."""

from collections.abc import Sequence

from pydantic import BaseModel, ConfigDict, computed_field

from outbound.errors import Language
from scripts.language import WordsPart
from scripts.walk import Exit, Walk

RULES: dict[str, tuple[str, str]] = {
    "unreachable": (
        "步骤“{step}”走不到，请接上或删除。",
        "the step `{step}` cannot be reached; lead to it or remove it.",
    ),
    "dead_end": (
        "步骤“{step}”之后没有下文，请写 choices、next 或 ends。",
        "nothing follows the step `{step}`; give it `choices`, `next` or `ends`.",
    ),
    "endless_loop": (
        "从步骤“{step}”起一直绕圈，没有出口。",
        "from the step `{step}` the call goes round without a way out.",
    ),
    "answer_needed": (
        "步骤“{step}”要客户自己回答，choices 里应有“是”和“否”两种答复。",
        "the step `{step}` needs the customer's own answer: among its `choices` must be a yes and a no.",
    ),
    "yes_is_possible": (
        "没有任何一条路能以“{ending}”结束。",
        "no way through the script ends with `{ending}`.",
    ),
    "identity_before_permission": (
        "还没有核实身份就征求许可。",
        "permission is asked before identity is verified.",
    ),
    "permission_before_disclosure": (
        "客户还没有同意听介绍，就开始介绍业务。",
        "the offer is explained before the customer allowed it.",
    ),
    "verifies_identity_before_consent": (
        "没有核实身份就走到了同意办理。",
        "consent is reached without identity being verified.",
    ),
    "asks_permission_before_consent": (
        "没有得到客户许可就走到了同意办理。",
        "consent is reached without the customer's permission.",
    ),
    "checks_understanding_before_consent": (
        "告知全部内容之后，没有确认客户听明白，就走到了同意办理。",
        "consent is reached without a check, after all disclosures, that the customer understood.",
    ),
    "functions_before_consent": (
        "没有说明业务功能就走到了同意办理。",
        "consent is reached without the functions being told.",
    ),
    "tariff_before_consent": ("没有说明资费就走到了同意办理。", "consent is reached without the price being told."),
    "trial_end_before_consent": (
        "没有说明体验期何时结束就走到了同意办理。",
        "consent is reached without the end of the trial being told.",
    ),
    "usage_before_consent": (
        "没有说明使用方法就走到了同意办理。",
        "consent is reached without the usage being told.",
    ),
    "enquire_or_cancel_before_consent": (
        "没有说明查询和取消的办法就走到了同意办理。",
        "consent is reached without the way to enquire and to cancel being told.",
    ),
    "no_sale_without_yes": (
        "客户没有明确说同意，却以“{ending}”结束。",
        "the call ends with `{ending}` although the customer did not say yes.",
    ),
    "no_sale_after_no": (
        "客户说过“不”，却以“{ending}”结束。",
        "the call ends with `{ending}` although the customer had said no.",
    ),
    "no_sale_after_unsure": (
        "客户对是否办理没有拿定主意，却以“{ending}”结束。",
        "the call ends with `{ending}` although the customer had been unsure about consenting.",
    ),
    "considering_hears_cancel_route": (
        "客户说再考虑，通话结束前却没有再告诉他怎么取消。",
        "the customer wants to think it over, and the call ends without the cancel route being told.",
    ),
    "said_in_so_many_words": (
        "步骤“{step}”的{language}话术应说出{what}，请写上 {placeholder}。",
        "the step `{step}` must say {what} in {language}: write {placeholder}.",
    ),
    "placeholder_known": (
        "“{place}”里的 {placeholder} 不是可用的占位内容。",
        "{placeholder} in `{place}` is not a known placeholder.",
    ),
    "label_is_plain": (
        "“{place}”的选项或标题里有 {placeholder}，这里不会填写内容，请直接写文字。",
        "a label in `{place}` holds {placeholder}, but nothing is filled in there; write plain words.",
    ),
    "never_say": (
        "“{place}”里有禁用语“{phrase}”，请改掉。",
        "`{place}` holds the forbidden phrase “{phrase}”; reword it.",
    ),
    "notice_says": (
        "这条通知的{language}内容必须写明 {placeholder}。",
        "this notice must say {placeholder} in {language}.",
    ),
    "notice_in_both": (
        "通知要有中文和英文两种内容。",
        "a notice must be written in Chinese and in English.",
    ),
    "must_say": ("没有任何一步说到必说语“{phrase}”。", "no step says the required phrase “{phrase}”."),
}
"""Each rule's sentence in Chinese and in English."""


class _Frozen(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Stop(_Frozen):
    """One step of an offending way: what the agent says there, and what the customer answers."""

    step: str
    said: WordsPart
    answer: WordsPart | None = None
    ends: str | None = None

    def line(self, language: Language) -> str:
        """The step as a line of a transcript."""
        reply = f" → {self.answer.shown(language)}" if self.answer else ""
        over = f" → [{self.ends}]" if self.ends else ""
        return f"{self.step}: {self.said.shown(language)}{reply}{over}"


class Failure(_Frozen):
    """One broken rule, with the shortest way to break it; the way is empty where no single way shows it."""

    rule: str
    zh: str
    en: str
    path: tuple[Stop, ...] = ()

    @property
    def steps(self) -> tuple[str, ...]:
        """The names of the steps on the way."""
        return tuple(stop.step for stop in self.path)

    def sentence(self, language: Language) -> str:
        """What is wrong, in the reader's language."""
        return self.zh if language == "zh" else self.en

    def transcript(self, language: Language) -> str:
        """The offending way in the script's own words, a line for each step."""
        return "\n".join(stop.line(language) for stop in self.path)


class Proof(_Frozen):
    """Whether every rule holds, and what breaks those that do not."""

    failures: tuple[Failure, ...]

    @computed_field  # type: ignore[prop-decorator]
    @property
    def holds(self) -> bool:
        """Whether the script is proved."""
        return not self.failures


class Findings:
    """The failures found so far: of each rule and subject the first, which the search's order makes the shortest."""

    def __init__(self, walk: Walk) -> None:
        self.walk = walk
        self.failures: dict[tuple[str, str], Failure] = {}

    def add(self, rule: str, path: Sequence[tuple[str, Exit | None]] = (), **facts: object) -> None:
        """Note that `rule` is broken at the end of `path`, unless the same breach was found on an earlier one."""
        zh, en = RULES[rule]
        en_facts = {key: value[1] if isinstance(value, tuple) else value for key, value in facts.items()}
        zh_facts = {key: value[0] if isinstance(value, tuple) else value for key, value in facts.items()}
        subject = (rule, en.format(**en_facts))
        if subject not in self.failures:
            stops = tuple(self._stop(step, way) for step, way in path)
            self.failures[subject] = Failure(rule=rule, zh=zh.format(**zh_facts), en=subject[1], path=stops)

    def _stop(self, step: str, way: Exit | None) -> Stop:
        said = self.walk.script.steps[step].say
        return Stop(step=step, said=said, answer=way.answer if way else None, ends=way.ends if way else None)
