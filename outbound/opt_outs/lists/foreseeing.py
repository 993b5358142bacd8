"""What taking in a list of opt-outs would do, told before it is done."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session, col

from outbound.call_lists import bulk
from outbound.call_lists.model import Contact, ContactState
from outbound.call_lists.phones import phone_ids
from outbound.call_lists.reading import ListFile
from outbound.opt_outs.lists import taking
from outbound.opt_outs.lists.columns import Given, Wanted, opt_out_columns
from outbound.opt_outs.lists.preparing import CHUNK
from outbound.opt_outs.model import Category, Scope
from outbound.phones.vault import Vault


@dataclass
class Foreseen:
    """The figures of a list's rows, what would be blocked why, and who would no longer be called."""

    counts: Counter[str] = field(default_factory=Counter)
    categories: Counter[Category] = field(default_factory=Counter)
    contacts: int = 0
    """Contacts that wait for a call and would be closed."""
    put_off: int = 0
    """Rows whose end is earlier than the rules allow."""
    whole: bool = True
    """Whether these are the figures of all rows, or of the first ones."""
    narrow: int = 0
    """Numbers that would be blocked for some calls only."""


def foresee(
    session: Session, vault: Vault, list_file: ListFile, given: Given, *, now: datetime, most: int = CHUNK
) -> Foreseen:
    """What would come of this list, of one longer than `most` lines: of its first chunk.

    Raises what taking it in would raise. A number that stands in it twice, far apart, counts twice here.
    """
    columns, seen = opt_out_columns(list_file, given.columns), Foreseen(whole=list_file.lines <= most)
    for chunk in taking.chunks(list_file, columns, vault):
        ids = phone_ids(session, sorted(chunk.numbers))
        judged = taking.judge(session, chunk, columns, given, ids, now=now)
        seen.counts.update(judged.counts)
        by_scope: dict[tuple[str, str | None, int | None], list[int]] = defaultdict(list)
        for digest, wanted in judged.new:
            _count(seen, wanted)
            if digest in ids:
                by_scope[wanted.held[:3]].append(ids[digest])
        seen.contacts += sum(_waiting(session, phones, *scope[1:]) for scope, phones in by_scope.items())
        if not seen.whole:
            break
    return seen


def _count(seen: Foreseen, wanted: Wanted) -> None:
    seen.categories[wanted.category] += 1
    seen.put_off += wanted.asked_end != wanted.expires_at
    seen.narrow += wanted.scope != Scope.ALL


def _waiting(session: Session, phones: Iterable[int], kind: str | None, campaign_id: int | None) -> int:
    campaigns = sa.table("campaign", sa.column("id"), sa.column("kind"))
    asked = sa.select(sa.func.count()).select_from(Contact).where(col(Contact.state) == ContactState.QUEUED)
    if campaign_id is not None:
        asked = asked.where(col(Contact.campaign_id) == campaign_id)
    if kind is not None:
        of_kind = sa.select(campaigns.c.id).where(campaigns.c.kind == kind)
        asked = asked.where(col(Contact.campaign_id).in_(of_kind))
    return int(session.execute(asked.where(bulk.among(session, col(Contact.phone_id), phones))).scalar_one())
