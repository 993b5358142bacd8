"""What the columns of an opt-out list say besides the number: category, scope, expiry and reason, in people's words."""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any, NamedTuple

from outbound.call_lists.columns import ColumnMap
from outbound.call_lists.reading import ListFile
from outbound.clock import day_ends
from outbound.opt_outs.model import Category, Scope
from outbound.phones.hiding import without_numbers

_HEADERS: Mapping[str, str] = {
    "category": """类别 类型 分类 拒呼类别 拒呼类型 黑名单类别 黑名单类型 禁呼类型 名单类型 原因类别 原因分类
        category type kind optoutcategory optouttype reasoncategory""",
    "scope": "范围 拒呼范围 禁呼范围 适用范围 生效范围 屏蔽范围 业务范围 scope optoutscope appliesto",
    "expiry": """到期 到期日 到期日期 到期时间 失效日期 失效时间 截止日期 截止时间 有效期 有效期至 有效期限 拒呼到期日
        解禁日期 expiry expires expiresat expirydate expirationdate validuntil until enddate""",
    "reason": """原因 拒呼原因 禁呼原因 拉黑原因 加黑原因 黑名单原因 投诉原因 说明 备注 描述
        reason remark remarks note notes comment comments description why""",
}
_CATEGORIES: Sequence[tuple[Category, re.Pattern[str]]] = [
    (Category.LITIGATION, re.compile("诉讼|起诉|律师|法院|涉诉|litig|lawsuit|legal")),
    (Category.REGULATOR, re.compile("监管|工信|通管|管局|谢绝来电|regulat|national|registry")),
    (Category.COMPLAINT, re.compile("投诉|举报|申诉|complain")),
    (Category.REFUSAL, re.compile("拒|不要|勿扰|免打扰|骚扰|refus|do.?not.?call|dnc|opt.?out")),
    (Category.STAFF_REQUEST, re.compile("内部|员工|自有|staff|internal")),
]
_KINDS: Mapping[str, str] = {
    "telesales": "sales marketing 营销 电话营销 电销 销售 推销 业务推荐",
    "retention": "维系 续约 挽留 合约续约 存量维系",
    "after_sale_care": "care 关怀 售后 售后关怀 客户关怀",
    "consumer_survey": "survey 调查 调研 消费者调查 市场调查",
    "satisfaction_survey": "satisfaction 满意度 满意度调查 满意度回访",
    "other_network_survey": "异网调查 异网用户调查",
}
_CAMPAIGN = re.compile(r"(?:活动|campaign)\s*[:：]\s*(.+)", re.IGNORECASE)
_DATE = re.compile(r"(\d{4})\s*[-/.年]?\s*(\d{1,2})\s*[-/.月]?\s*(\d{1,2})\s*日?(?:[T ].*)?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Said:
    """What a row says of its numbers; None where it says nothing that is understood."""

    category: Category | None
    kind: str | None
    """The kind of campaign to which the opt-out is limited."""
    campaign: str
    """The name of the one campaign to which it is limited; empty where it names none."""
    until: date | None
    """The last day on which it holds."""
    reason: str


@dataclass(frozen=True)
class OptOutColumns:
    """Where an opt-out list says what; columns are counted from 0, None where there is no such column."""

    numbers: ColumnMap
    category: int | None
    scope: int | None
    expiry: int | None
    reason: int | None

    @property
    def places(self) -> tuple[int, ...]:
        """The columns that say something."""
        return tuple(at for at in (self.category, self.scope, self.expiry, self.reason) if at is not None)

    def said(self, cells: Sequence[str]) -> Said:
        """What a row says. Where no category is given, the reason may tell it; what nobody understands is no limit."""

        def cell(at: int | None) -> str:
            return cells[at] if at is not None and at < len(cells) else ""

        return _said(cell(self.category), cell(self.scope), cell(self.expiry), cell(self.reason))


def opt_out_columns(list_file: ListFile, chosen: Mapping[str, str] | None = None) -> OptOutColumns:
    """The columns of an opt-out list; `chosen` maps headers to roles and overrules what is recognised.

    Raises what `ListFile.columns` raises.
    """
    numbers = list_file.columns(chosen)
    named = [_bare(header) for header in numbers.headers]
    found = {
        role: next((at for at, header in enumerate(named) if header in words.split() and at not in numbers.phone), None)
        for role, words in _HEADERS.items()
    }
    # Names, priorities and attributes are nothing to an opt-out.
    lean = replace(numbers, name=None, priority=None, city=None, attributes=())
    return OptOutColumns(lean, **found)


def _bare(text: str) -> str:
    folded = unicodedata.normalize("NFKC", text).lower()
    return "".join(char for char in folded if char.isalnum())


def _said(category: str, scope: str, expiry: str, reason: str) -> Said:
    told, plain = category_in(category) or category_in(reason), " ".join(reason.replace("\0", "").split())[:400]
    one = _CAMPAIGN.fullmatch(scope.strip())
    return Said(told, _kind(scope), one[1] if one else "", _day(expiry), without_numbers(plain))


def category_in(text: str) -> Category | None:
    """The category that these words mean, if they mean one."""
    folded = unicodedata.normalize("NFKC", text).strip().lower()
    if folded in set(Category):
        return Category(folded)
    return next((category for category, words in _CATEGORIES if words.search(folded)), None)


def _kind(scope: str) -> str | None:
    bare = _bare(scope)
    return next((kind for kind, words in _KINDS.items() if bare in words.split() or bare == _bare(kind)), None)


def _day(text: str) -> date | None:
    match = _DATE.fullmatch(unicodedata.normalize("NFKC", text).strip())
    if not match:
        return None
    try:
        return date(*(int(part) for part in match.groups()))
    except ValueError:
        return None


@dataclass(frozen=True)
class Given:
    """What holds for a whole list where its rows say nothing else.

    `earliest` is, for each category, the first instant at which an opt-out may end; `zone` is where its days are;
    `columns` (header to role) are those for which somebody has chosen, `campaigns` those that a row may name.
    """

    earliest: Mapping[Category, datetime]
    zone: str
    category: Category | None = None
    scope: Scope = Scope.ALL
    campaign_kind: str | None = None
    campaign_id: int | None = None
    expires_at: datetime | None = None
    columns: Mapping[str, str] = field(default_factory=dict)
    campaigns: Mapping[str, int] = field(default_factory=dict)

    def kept(self) -> dict[str, Any]:
        """As it is kept with its list, in what JSON holds."""
        facts = {name: getattr(self, name) for name in ("zone", "category", "scope", "campaign_kind", "campaign_id")}
        earliest = {category.value: at.isoformat() for category, at in self.earliest.items()}
        ends = self.expires_at and self.expires_at.isoformat()
        named = {"columns": dict(self.columns), "campaigns": dict(self.campaigns)}
        return {**facts, **named, "earliest": earliest, "expires_at": ends}

    @classmethod
    def from_kept(cls, kept: Mapping[str, Any]) -> "Given":
        """What `kept` has written."""
        category, ends = kept["category"], kept["expires_at"]
        return cls(
            earliest={Category(name): datetime.fromisoformat(at) for name, at in kept["earliest"].items()},
            zone=kept["zone"],
            category=Category(category) if category else None,
            scope=Scope(kept["scope"]),
            campaign_kind=kept["campaign_kind"],
            campaign_id=kept["campaign_id"],
            expires_at=datetime.fromisoformat(ends) if ends else None,
            columns=kept.get("columns", {}),
            campaigns=kept.get("campaigns", {}),
        )

    def wanted(self, said: Said) -> "Wanted":
        """The opt-out that a row asks for."""
        category = said.category or self.category or Category.REFUSAL
        ends = day_ends(said.until, self.zone) if said.until else self.expires_at
        return Wanted(
            category, *self._reach(said), ends, max(ends, self.earliest[category]) if ends else None, said.reason
        )

    def _reach(self, said: Said) -> tuple[Scope, str | None, int | None]:
        """From what a row holds off: a list for some calls only is not widened by what its rows say."""
        if self.scope == Scope.ALL and said.campaign in self.campaigns:
            return Scope.CAMPAIGN, None, self.campaigns[said.campaign]
        if self.scope == Scope.ALL and said.kind is not None:
            return Scope.CAMPAIGN_KIND, said.kind, None
        return self.scope, self.campaign_kind, self.campaign_id


class Held(NamedTuple):
    """What an opt-out covers, and until when."""

    scope: str
    campaign_kind: str | None
    campaign_id: int | None
    expires_at: datetime | None

    def covers(self, wanted: "Wanted") -> bool:
        """Whether another opt-out, as wanted, would add nothing to this one."""
        asked = (wanted.scope, wanted.campaign_kind, wanted.campaign_id)
        if self.scope != Scope.ALL and (self.scope, self.campaign_kind, self.campaign_id) != asked:
            return False
        return self.expires_at is None or (wanted.asked_end is not None and self.expires_at >= wanted.asked_end)


@dataclass(frozen=True, slots=True)
class Wanted:
    """An opt-out as it is asked for: `asked_end` as the list says it, `expires_at` not before the rules allow."""

    category: Category
    scope: Scope
    campaign_kind: str | None
    campaign_id: int | None
    asked_end: datetime | None
    expires_at: datetime | None
    reason: str

    @property
    def held(self) -> Held:
        """What it covers once it is in force."""
        return Held(self.scope, self.campaign_kind, self.campaign_id, self.expires_at)
