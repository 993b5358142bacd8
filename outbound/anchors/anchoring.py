"""Dropping an anchor, and proving that entries were there when it was dropped."""

import hashlib
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cache

import sqlalchemy as sa
from sqlmodel import Session, col, select

from outbound import journal
from outbound.anchors import merkle
from outbound.anchors.model import BLOCK, BLOCK_HEIGHT, JournalAnchor, JournalBlock
from outbound.errors import Refusal
from outbound.journal import START, JournalEntry, JournalHead
from outbound.people import Centre


class JournalGap(Refusal):
    """The journal's chain {chain} lacks entries between {start} and {end}; run `outbound verify`, restore a backup."""

    zh = "审计日志第 {chain} 号链在第 {start} 至 {end} 条之间有缺失，请运行 outbound verify 查明并从备份恢复。"
    status = 500


def latest(session: Session, chain: int) -> JournalAnchor | None:
    """A chain's last anchor."""
    asked = select(JournalAnchor).where(JournalAnchor.chain == chain).order_by(col(JournalAnchor.length).desc())
    return session.exec(asked.limit(1)).first()


def drop(session: Session, chain: int, *, now: datetime) -> JournalAnchor | None:
    """Anchor a chain as it is committed now; where nothing came since the last anchor, that one. None: no entries.

    Raises JournalGap.
    """
    head = session.get(JournalHead, chain, populate_existing=True)
    before = latest(session, chain)
    if head is None or head.length == 0 or (before and before.length >= head.length):
        return before
    anchor = JournalAnchor(
        chain=chain,
        length=head.length,
        head=head.hash,
        root=_grown(session, chain, head.length).hex(),
        previous=digest(session, before) if before else START,
        at=now,
    )
    session.add(anchor)
    session.flush()
    return anchor


def _grown(session: Session, chain: int, length: int) -> bytes:
    """The root over the first `length` entries; blocks that are whole since the last time are kept."""
    tree = merkle.Frontier()
    for kept in _blocks(session, chain):
        tree.add(kept, height=BLOCK_HEIGHT)
    while tree.size < length:
        leaves = _leaves(session, chain, tree.size, min(tree.size + BLOCK, length))
        if len(leaves) == BLOCK:
            session.add(JournalBlock(chain=chain, number=tree.size // BLOCK, root=merkle.root(leaves).hex()))
        for each in leaves:
            tree.add(each)
    return tree.root()


def _blocks(session: Session, chain: int) -> list[bytes]:
    asked = select(JournalBlock.root).where(JournalBlock.chain == chain).order_by(col(JournalBlock.number))
    return [bytes.fromhex(root) for root in session.exec(asked)]


def _leaves(session: Session, chain: int, start: int, end: int) -> list[bytes]:
    """The leaves from a place (from 0) up to another."""
    asked = select(JournalEntry.hash).where(
        JournalEntry.chain == chain, col(JournalEntry.sequence) > start, col(JournalEntry.sequence) <= end
    )
    found = [merkle.leaf(each) for each in session.exec(asked.order_by(col(JournalEntry.sequence)))]
    if len(found) != end - start:
        raise JournalGap(chain=chain, start=start + 1, end=end)
    return found


class Proofs:
    """The proofs that entries of a chain are under an anchor; no more of the chain is read than they need."""

    def __init__(self, session: Session, anchor: JournalAnchor) -> None:
        self.session, self.anchor = session, anchor
        self._whole = _blocks(session, anchor.chain)
        self._root, self._read = cache(self._root_of), cache(self._leaves_of)

    def of(self, sequence: int) -> list[str]:
        """The hashes beside the way from an entry to the anchor's root, in hexadecimal, the lowest first."""
        return [each.hex() for each in self._beside(sequence - 1, 0, self.anchor.length)]

    def _beside(self, place: int, start: int, end: int) -> Iterator[bytes]:
        if end - start <= BLOCK:
            yield from merkle.path(self._read(start, end), place - start)
            return
        middle = start + merkle.split(end - start)
        if place < middle:
            yield from self._beside(place, start, middle)
            yield self._root(middle, end)
        else:
            yield from self._beside(place, middle, end)
            yield self._root(start, middle)

    def _root_of(self, start: int, end: int) -> bytes:
        if end - start == BLOCK and start // BLOCK < len(self._whole):
            return self._whole[start // BLOCK]
        if end - start <= BLOCK:
            return merkle.root(self._read(start, end))
        middle = start + merkle.split(end - start)
        return merkle.node(self._root(start, middle), self._root(middle, end))

    def _leaves_of(self, start: int, end: int) -> list[bytes]:
        return _leaves(self.session, self.anchor.chain, start, end)


def line(session: Session, anchor: JournalAnchor) -> str:
    """An anchor as it is kept outside and printed: one line of JSON with sorted keys."""
    asked = sa.select(col(Centre.code)).where(col(Centre.id) == anchor.chain)
    return written(anchor, session.execute(asked).scalar() or "")


def written(anchor: JournalAnchor, centre: str) -> str:
    """As `line`, for who knows the centre's code already."""
    at = anchor.at.astimezone(UTC).isoformat()
    facts = anchor.model_dump(include={"chain", "length", "head", "root", "previous"})
    return journal.canonical({**facts, "at": at, "centre": centre})


def digest(session: Session, anchor: JournalAnchor) -> str:
    """What the chain's next anchor names it by."""
    return digest_of_line(line(session, anchor))


def digest_of_line(text: str) -> str:
    """SHA-256 of an anchor's line, in hexadecimal."""
    return hashlib.sha256(text.encode()).hexdigest()
