"""The evidence as a page for people, in both languages, that opens without a network: in the ZIP beside the sound."""

from collections.abc import Callable, Sequence
from datetime import datetime
from enum import StrEnum
from functools import cache
from importlib.resources import files
from typing import Any
from zoneinfo import ZoneInfo

from jinja2 import Environment, StrictUndefined, Template

from outbound.anchors.model import JournalAnchor
from outbound.compliance import Criterion, Disclosure, Mark, Verdict, Words
from outbound.errors import Language
from outbound.evidence.gathering import Evidence
from outbound.journal import JournalEntry
from outbound.notices.model import NoticeKind, NoticeState
from outbound.subscriptions.model import SubscriptionState

_WORDS = {
    "pitch": Words("首次通话", "First call"),
    "recall": Words("重拨核实", "Re-call"),
    "confirmation": Words("二次确认", "Second confirmation"),
    "correction": Words("回访修正", "Correction call"),
    "passed": Words("四项合格", "passed"),
    "declined": Words("客户不同意", "customer said no"),
    "considering": Words("客户考虑中", "considering"),
    "not_reached": Words("未联系上", "not reached"),
    "suspended": Words("号码停机", "line suspended"),
    "failed": Words("未全部合格", "not all four met"),
    "complained": Words("客户投诉", "the customer complained"),
    "charge": Words("计费", "charge"),
    "reversal": Words("冲正", "reversal"),
    "reverse": Words("冲正", "reverse"),
    "activate": Words("开通", "activate"),
    "extend": Words("延长体验", "extend the trial"),
    "cancel": Words("退订", "cancel"),
    "charged": Words("已计费", "Charged"),
    "chargeable": Words("可以计费", "May be charged"),
    "reversed": Words("已计费，后已冲正", "Charged, and taken back"),
    "not_chargeable": Words("不得计费", "Must not be charged"),
    "sale_passed": Words("销售通话四项全部合格", "The sale's call met all four criteria"),
    "sale_stands": Words("没有质检判定销售通话无效", "No review has found the sale's call invalid"),
    "sale_recorded": Words("销售通话有有效录音", "The sale's call has a valid recording"),
    "confirmed_by_another": Words(
        "由销售以外的人完成二次确认，四项全部合格",
        "Somebody other than the seller confirmed it a second time, all four met",
    ),
    "confirmation_stands": Words("二次确认仍然有效", "The second confirmation still counts"),
    "confirmation_recorded": Words("二次确认有有效录音", "The second confirmation has a valid recording"),
    "not_withdrawn": Words("客户没有撤回同意", "The customer has not taken the yes back"),
    "not_held": Words("没有暂停计费的事项", "Nothing holds the charge"),
    "deleted": Words("录音已到保存期限并删除，哈希值仍在", "deleted at the end of its term; its hash stays"),
    "gone": Words("录音文件缺失", "the file is missing"),
    "changed": Words("录音文件已被改动，未附上", "the file was changed and is not enclosed"),
}
_KINDS: tuple[tuple[type[StrEnum], Callable[[Any, Language], str]], ...] = (
    (SubscriptionState, SubscriptionState.words),
    (NoticeKind, NoticeKind.words),
    (NoticeState, NoticeState.words),
    (Criterion, lambda item, language: str(item.label.said(language))),
    (Disclosure, lambda item, language: str(item.label.said(language))),
    (Mark, lambda item, language: str(item.in_review.said(language))),
    (Verdict, lambda item, language: str(item.label.said(language))),
)


@cache
def _templates() -> tuple[Template, Template]:
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    folder = files("outbound.evidence")
    page, side = (folder.joinpath(name).read_text("utf-8") for name in ("summary.html", "summary_side.html"))
    return environment.from_string(page), environment.from_string(side)


def page(found: Evidence, entries: Sequence[JournalEntry], anchor: JournalAnchor) -> str:
    """The page as HTML; `found` is what was gathered, each recording with the name under which it is enclosed."""
    outer, side = _templates()
    facts = {"found": found, "terms": found["subscription"], "entries": entries, "anchor": anchor}
    sides = {language: side.render(facts, **_reading(found, language)) for language in ("zh", "en")}
    return outer.render(facts, sides=sides)


def _reading(found: Evidence, language: Any) -> dict[str, Any]:
    zone = ZoneInfo(found["subscription"]["zone"])

    def when(at: str | datetime | None) -> str:
        if at is None:
            return "–"
        instant = at if isinstance(at, datetime) else datetime.fromisoformat(at)
        return f"{instant.astimezone(zone):%Y-%m-%d %H:%M:%S}"

    def said(text: Any) -> str:
        return (
            str(text.get(language) or text.get("zh") or text.get("en") or "") if isinstance(text, dict) else str(text)
        )

    return {
        "language": language,
        "t": lambda zh, en: zh if language == "zh" else en,
        "word": lambda code, kind=None: _word(code, kind, language),
        "when": when,
        "said": said,
        "money": lambda fen: f"¥{fen / 100:.2f}",
        "clock": lambda second: f"{int(second) // 60}:{int(second) % 60:02d}",
        "person": lambda who: (
            f"{who['name']} {who['number']}".strip() if who else ("定时任务", "the timetable")[language == "en"]
        ),
    }


def _word(code: str, kind: str | None, language: Language) -> str:
    """What a code is called; of a `kind` where several have the same one; an unknown one as it stands."""
    for each, words in _KINDS:
        if each.__name__ == kind and code in {str(item) for item in each}:
            return words(each(code), language)
    return _WORDS[code].said(language) if code in _WORDS else code
