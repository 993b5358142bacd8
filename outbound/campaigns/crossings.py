"""What the parts of a definition say about each other, checked on the plain document: all faults come at once."""

from collections.abc import Iterator
from datetime import date, datetime
from typing import Any

from outbound.calling_rules.profiles import PROFILES, ProfileFaulty, profile
from outbound.calls.outcomes import FOLLOWING, changeable
from outbound.documents import Document, Fault

SELLING = ("telesales", "retention")
"""The kinds of campaign that cannot be without an offer."""


def crossed(document: Document) -> Iterator[Fault]:
    """Every contradiction between the parts of a definition; none raises on a malformed part."""
    plain = document.plain()
    yield from _dates(document, plain)
    yield from _offer(document, plain)
    yield from _scripts(document, plain)
    yield from _calling(document, plain)
    yield from _outcomes(document, plain)


def _dates(document: Document, plain: dict[str, Any]) -> Iterator[Fault]:
    starts, ends = _day(plain.get("starts")), _day(plain.get("ends"))
    if starts and ends and ends < starts:
        yield document.fault(
            ("ends",),
            zh=f"结束日期 {ends} 早于开始日期 {starts}，请核对。",
            en=f"it ends on {ends}, before it starts on {starts}; check both days.",
        )


def _day(written: Any) -> date | None:
    if isinstance(written, datetime):
        return written.date()
    if isinstance(written, str):
        try:
            return date.fromisoformat(written)
        except ValueError:
            return None
    return written if isinstance(written, date) else None


def _offer(document: Document, plain: dict[str, Any]) -> Iterator[Fault]:
    offer = plain.get("offer")
    if offer is None and plain.get("kind") in SELLING:
        yield document.fault(
            ("kind",),
            zh=f"{plain['kind']} 活动必须写明所办业务，请补上 offer。",
            en=f"a {plain['kind']} campaign needs an offer; add `offer`.",
        )
    if not isinstance(offer, dict):
        return
    if offer.get("price_fen") is None:
        yield document.fault(
            ("offer", "price_fen"),
            zh="业务没有写资费，请补上 price_fen，以分为单位（500 即 5 元）。",
            en="the offer has no price; add `price_fen`, in fen (500 is ¥5.00).",
        )
    days = offer.get("trial_days")
    if isinstance(days, int) and days < 0:
        yield document.fault(
            ("offer", "trial_days"),
            zh=f"体验期不能是 {days} 天；没有体验期请写 0。",
            en=f"a trial cannot last {days} days; write 0 where there is no trial.",
        )


def _scripts(document: Document, plain: dict[str, Any]) -> Iterator[Fault]:
    scripts = plain.get("scripts")
    if not isinstance(plain.get("offer"), dict) or not isinstance(scripts, dict):
        return
    for key, zh, en in (("confirmation", "二次确认", "second confirmation"), ("correction", "回访修正", "correction")):
        if scripts.get(key) is None:
            yield document.fault(
                ("scripts", key),
                zh=f"有业务的活动要有{zh}脚本，请补上 {key}。",
                en=f"a campaign with an offer needs a script for the {en}; add `{key}`.",
            )


def _calling(document: Document, plain: dict[str, Any]) -> Iterator[Fault]:
    calling = plain.get("calling")
    overrides = calling.get("overrides") if isinstance(calling, dict) else None
    if not isinstance(calling, dict) or not isinstance(overrides, dict):
        return
    name = calling.get("profile", PROFILES[0])
    try:
        profile(name if name in PROFILES else PROFILES[0], overrides)
    except ProfileFaulty as refused:
        for fault in refused.list:
            path = [int(key) if key.isdecimal() else key for key in fault.path.split(".")]
            yield document.fault(("calling", "overrides", *path), zh=fault.zh, en=fault.en)


def _outcomes(document: Document, plain: dict[str, Any]) -> Iterator[Fault]:
    """Outcomes that do not exist, and settings that do nothing for them."""
    calling = plain.get("calling")
    changed = calling.get("outcomes") if isinstance(calling, dict) else None
    known = changeable()
    for code, terms in changed.items() if isinstance(changed, dict) else ():
        if code not in known:
            listed = ", ".join(known)
            zh = f"没有名为“{code}”的通话结果，可以写：{listed}。"
            yield document.fault(
                ("calling", "outcomes", code), zh=zh, en=f"there is no outcome `{code}`; write one of {listed}."
            )
        elif isinstance(terms, dict):
            for name in sorted(set(terms) & FOLLOWING - known[code]):
                zh = f"“{code}”之后不会用到 {name}，请删去。"
                en = f"`{name}` does nothing after `{code}`; take it out."
                yield document.fault(("calling", "outcomes", code, name), zh=zh, en=en)
