"""The journal: who did what and when, append-only, each row chained to the one before by its hash.

Entries are collected while a transaction works and sealed as its last act, so that the chain's head is locked for the
shortest time and always after every other row: two transactions can wait for each other here but never in a circle.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from json.encoder import encode_basestring as quoted
from typing import TYPE_CHECKING, Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.orm import Session as OrmSession
from sqlalchemy.orm import SessionTransaction
from sqlmodel import Field, Session, SQLModel, col, select

from outbound.db import UtcDateTime, append_only, table_of

if TYPE_CHECKING:
    from outbound.people import Staff

START = "0" * 64
"""What the first entry of a chain is chained to."""


class JournalEntry(SQLModel, table=True):
    """One act: its place in its centre's chain, when, who, what, on what, and the hashes."""

    __tablename__ = "journal_entry"
    __table_args__ = (sa.UniqueConstraint("chain", "sequence"), sa.Index(None, "subject_kind", "subject_id"))

    id: int | None = Field(default=None, primary_key=True)
    chain: int = Field(description="the centre's number; 0 for acts that belong to no centre")
    sequence: int
    at: datetime = Field(sa_type=UtcDateTime)
    actor_id: int | None = Field(default=None, description="null: the timetable")
    action: str = Field(max_length=60)
    subject_kind: str = Field(max_length=40)
    subject_id: int | None
    details: str = Field(sa_type=sa.Text, description="canonical JSON")
    previous_hash: str = Field(max_length=64)
    hash: str = Field(max_length=64)

    def digest(self) -> str:
        """The hash that this entry must carry: SHA-256 over the previous hash and its own canonical JSON."""
        about = (self.action, self.subject_kind, self.subject_id, self.details)
        return digest_of(
            self.previous_hash, self.chain, self.sequence, self.at.astimezone(UTC).isoformat(), self.actor_id, *about
        )


def digest_of(
    previous: str,
    chain: int,
    sequence: int,
    at: str,
    actor_id: int | None,
    action: str,
    kind: str,
    subject_id: int | None,
    details: str,
) -> str:
    """The hash of an entry, in hexadecimal: SHA-256 over the previous hash and a JSON list of what it says.

    `at` is ISO 8601 in UTC. The list is put together by hand, as `json.dumps` would without spaces: millions are held
    against their hashes.
    """
    actor = "null" if actor_id is None else actor_id
    subject = "null" if subject_id is None else subject_id
    text = f'{previous}[{chain},{sequence},"{at}",{actor},{quoted(action)},{quoted(kind)},{subject},{quoted(details)}]'
    return hashlib.sha256(text.encode()).hexdigest()


class JournalHead(SQLModel, table=True):
    """The last link of each chain; touched by every transaction that writes to the chain."""

    __tablename__ = "journal_head"

    chain: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    length: int = 0
    hash: str = Field(default=START, max_length=64)


append_only(table_of(JournalEntry))


def record(
    session: Session,
    action: str,
    subject: SQLModel,
    *,
    by: "Staff | None",
    now: datetime,
    centre_id: int | None = None,
    **details: Any,
) -> None:
    """Note that `by` (None: the timetable) did `action` to `subject`; sealed when the transaction commits.

    `centre_id` says whose chain it joins; by default the subject's own `centre_id`. Details must be JSON values.
    """
    chain = centre_id if centre_id is not None else getattr(subject, "centre_id", None)
    pending = {
        "within": session.get_nested_transaction(),
        "chain": chain or 0,
        "at": now,
        "actor": by,
        "action": action,
        "subject": subject,
        "details": canonical(details),
    }
    session.info.setdefault("journal", []).append(pending)


def canonical(details: Mapping[str, Any]) -> str:
    """JSON with sorted keys and no spaces, so that equal facts are equal bytes."""
    return json.dumps(details, ensure_ascii=False, sort_keys=True, separators=(",", ":"), default=str)


@event.listens_for(OrmSession, "before_commit")
def _seal(session: OrmSession) -> None:
    if not session.info.get("journal") or session.in_nested_transaction():
        return
    session.flush()
    pending = session.info.pop("journal")
    for chain in sorted({entry["chain"] for entry in pending}):
        _extend(session, chain, [entry for entry in pending if entry["chain"] == chain])


def _extend(session: OrmSession, chain: int, pending: list[dict[str, Any]]) -> None:
    head = _locked_head(session, chain)
    for entry in pending:
        link = JournalEntry(
            chain=chain,
            sequence=head.length + 1,
            at=entry["at"],
            actor_id=entry["actor"].id if entry["actor"] else None,
            action=entry["action"],
            subject_kind=entry["subject"].__tablename__,
            subject_id=getattr(entry["subject"], "id", None),
            details=entry["details"],
            previous_hash=head.hash,
            hash="",
        )
        link.hash = link.digest()
        head.length, head.hash = link.sequence, link.hash
        session.add(link)
    session.flush()


def _locked_head(session: OrmSession, chain: int) -> JournalHead:
    asked = select(JournalHead).where(col(JournalHead.chain) == chain).with_for_update()
    head = session.scalars(asked.execution_options(populate_existing=True)).one_or_none()
    if head is None:
        _begin_chain(session, chain)
        head = session.scalars(asked).one()
    return head


def _begin_chain(session: OrmSession, chain: int) -> None:
    dialect = session.get_bind().dialect.name
    if dialect == "sqlite":
        from sqlalchemy.dialects.sqlite import insert
    else:
        from sqlalchemy.dialects.postgresql import insert  # type: ignore[assignment]
    session.execute(insert(JournalHead).values(chain=chain, length=0, hash=START).on_conflict_do_nothing())


@event.listens_for(OrmSession, "after_soft_rollback")
def _forget(session: OrmSession, previous: SessionTransaction) -> None:
    if not previous.nested:
        session.info.pop("journal", None)
    elif session.info.get("journal"):
        session.info["journal"] = [entry for entry in session.info["journal"] if not _inside(entry["within"], previous)]


def _inside(savepoint: SessionTransaction | None, rolled_back: SessionTransaction) -> bool:
    while savepoint is not None:
        if savepoint is rolled_back:
            return True
        savepoint = savepoint.parent
    return False


def chains(session: Session) -> list[int]:
    """Every chain that has entries or a head."""
    return sorted({*session.exec(select(JournalHead.chain)), *session.exec(select(JournalEntry.chain).distinct())})


class Link(NamedTuple):
    """An entry as its chain sees it: its place, the hash that it names, its own, and the one that it should have."""

    sequence: int
    previous: str
    hash: str
    digest: str


_LINKS = """SELECT sequence, previous_hash, hash, at, actor_id, action, subject_kind, subject_id, details
FROM journal_entry WHERE chain = :chain ORDER BY sequence"""


def links(session: Session, chain: int) -> Iterator[Link]:
    """Every entry of a chain in order, its hash computed anew: some 200,000 a second."""
    asked = sa.text(_LINKS).execution_options(yield_per=5000)
    for row in session.connection().execute(asked, {"chain": chain}):
        sequence, previous, stored, at, actor, action, kind, subject, details = row
        digest = digest_of(previous, chain, sequence, _iso(at), actor, action, kind, subject, details)
        yield Link(sequence, previous, stored, digest)


def _iso(at: datetime | str) -> str:
    # SQLite hands back the text it keeps, `2026-11-23 02:00:00.000000`: to make an instant of it takes longer.
    if isinstance(at, str):
        fraction = at[19:] if at[20:].strip("0") else ""
        return f"{at[:10]}T{at[11:19]}{fraction}+00:00"
    return at.astimezone(UTC).isoformat()


def broken_links(session: Session, chain: int) -> list[int]:
    """The sequence numbers at which a chain does not hold: a changed row, a gap, a wrong link, or a cut end."""
    return list(broken_among(session, chain, links(session, chain)))


def broken_among(session: Session, chain: int, told: Iterator[Link]) -> Iterator[int]:
    """As `broken_links`, of links that somebody else looks at as well."""
    previous, expected = START, 1
    for link in told:
        if (link.sequence, link.previous, link.hash) != (expected, previous, link.digest):
            yield link.sequence
        previous, expected = link.hash, link.sequence + 1
    head = session.get(JournalHead, chain, populate_existing=True)
    if (head.length, head.hash) != (expected - 1, previous) if head else expected > 1:
        yield expected
