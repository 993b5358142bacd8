"""Opt-outs as a table that leaves the house, with headers that an import understands."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import timedelta
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col, select

from outbound import clock
from outbound.errors import Language
from outbound.opt_outs.model import Category, OptOut
from outbound.phones.model import Phone
from outbound.phones.parsing import as_dialled, masked
from outbound.phones.vault import Vault

HEADERS: dict[Language, tuple[str, ...]] = {
    "zh": ("手机号码", "类别", "范围", "到期日", "原因", "来源", "登记时间"),
    "en": ("phone", "category", "scope", "expiry", "reason", "source", "blocked at"),
}
CATEGORY_WORDS: dict[Category, tuple[str, str]] = {
    Category.REFUSAL: ("客户拒绝", "refusal"),
    Category.COMPLAINT: ("客户投诉", "complaint"),
    Category.REGULATOR: ("监管名单", "regulator's list"),
    Category.LITIGATION: ("诉讼", "litigation"),
    Category.STAFF_REQUEST: ("内部申请", "staff request"),
}


class Count:
    """Counts rows that pass by, where nobody should hold all of them."""

    def __init__(self) -> None:
        self.rows = 0

    def of(self, rows: Iterable[tuple[str, ...]]) -> Iterator[tuple[str, ...]]:
        """The same rows, each counted."""
        for row in rows:
            self.rows += 1
            yield row


def exported(
    session: Session, vault: Vault, rows: Any, *, zone: str, language: Language, whole: bool
) -> Iterator[tuple[str, ...]]:
    """The opt-outs of the condition `rows` as cells beneath `HEADERS`, in the order in which they were made.

    `zone` is where their days are; `whole` numbers go only to who may see them, others get 138****5678.
    """
    names = {number: name for name, number in _campaigns(session, None)}
    asked = select(OptOut, Phone.sealed).join(Phone, col(Phone.id) == col(OptOut.phone_id)).where(rows)
    streamed = session.exec(asked.order_by(col(OptOut.id)), execution_options={"yield_per": 5_000})
    for opt_out, sealed in streamed:
        number = vault.open(sealed)
        yield (
            as_dialled(number) if whole else masked(number),
            CATEGORY_WORDS[opt_out.category][language == "en"],
            _scope(opt_out, names, language),
            last_day(opt_out, zone),
            opt_out.reason,
            opt_out.source,
            clock.local(opt_out.at, zone).strftime("%Y-%m-%d %H:%M"),
        )
        session.expunge(opt_out)


def campaigns_named(session: Session, centre_id: int | None) -> dict[str, int]:
    """The campaigns of a centre (None: of all) by name, as lists of opt-outs call them; none whose name another has."""
    found = _campaigns(session, centre_id)
    times = Counter(name for name, _number in found)
    return {name: number for name, number in found if times[name] == 1}


def _campaigns(session: Session, centre_id: int | None) -> list[tuple[str, int]]:
    table = sa.table("campaign", sa.column("id"), sa.column("name"), sa.column("centre_id"))
    here = sa.true() if centre_id is None else table.c.centre_id == centre_id
    return [(name, number) for name, number in session.execute(sa.select(table.c.name, table.c.id).where(here))]


def _scope(opt_out: OptOut, names: Mapping[int, str], language: Language) -> str:
    if opt_out.campaign_id is not None:
        return f"{'活动：' if language == 'zh' else 'campaign: '}{names[opt_out.campaign_id]}"
    return opt_out.campaign_kind or ("全部" if language == "zh" else "all")


def last_day(opt_out: OptOut, zone: str) -> str:
    """The last day on which an opt-out holds; empty where it holds for ever."""
    if opt_out.expires_at is None:
        return ""
    return clock.local_day(opt_out.expires_at - timedelta(microseconds=1), zone).isoformat()
