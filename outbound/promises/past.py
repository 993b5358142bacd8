"""The past does not change: each link of the journal, each block and each anchor, and the anchors that lie outside.

A journal that somebody wrote anew, whole and with hashes that fit, is found by the anchors that were kept elsewhere.
"""

import json
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from sqlmodel import Session, col, select

from outbound.anchors import anchoring, merkle
from outbound.anchors.model import BLOCK, BLOCK_HEIGHT, AnchorOuting, JournalAnchor, JournalBlock, Place
from outbound.anchors.outings import FILE
from outbound.journal import START, Link, broken_among, chains, links
from outbound.people import Centre

Row = Mapping[str, Any]
Found = tuple[str, Row]
"""The promise that is broken, and where."""
_TELL_EVERY = 500_000


def check(session: Session, data: Path | None, told: Callable[[str], None]) -> Iterator[Found]:
    """Everything about the journal that does not hold; `data` is where the file of anchors lies (None: not asked)."""
    kept = _kept(data)
    unreadable = kept.pop(_UNREADABLE, [])
    codes = {centre.id: centre.code for centre in session.exec(select(Centre))}
    for chain in sorted({*chains(session), *kept}):
        witness = _Witness(session, chain, codes.get(chain, ""), kept.get(chain, []), told)
        broken = list(broken_among(session, chain, witness.watch()))
        yield from (("journal_chain", {"chain": chain, "sequence": at}) for at in broken)
        yield from witness.found(of_file=data is not None)
    yield from (("anchor_file", {"line": line}) for line in unreadable)


_UNREADABLE = -1


def _kept(data: Path | None) -> dict[int, list[str]]:
    """The lines of the file by their chain, in order; what is no anchor stands under _UNREADABLE by its number."""
    found: dict[int, list[str]] = defaultdict(list)
    file = data / FILE if data else None
    if file is None or not file.exists():
        return found
    with file.open(encoding="utf-8", errors="replace") as lines:
        for number, line in enumerate(lines, start=1):
            try:
                found[int(json.loads(line)["chain"])].append(line.rstrip("\n"))
            except (ValueError, KeyError, TypeError):
                found[_UNREADABLE].append(str(number))
    return found


class _Witness:
    """Looks at a chain while it passes, and holds it against its blocks and anchors."""

    def __init__(self, session: Session, chain: int, code: str, kept: list[str], told: Callable[[str], None]) -> None:
        self.session, self.chain, self.code, self.told = session, chain, code, told
        self.kept = list(dict.fromkeys(kept))
        every = select(JournalAnchor).where(JournalAnchor.chain == chain).order_by(col(JournalAnchor.length))
        self.anchors = list(session.exec(every))
        blocks = select(JournalBlock.number, JournalBlock.root).where(JournalBlock.chain == chain)
        self.blocks = dict(session.exec(blocks).all())
        self.wanted = {anchor.length for anchor in self.anchors} | {_length(line) for line in self.kept}
        self.seen: dict[int, tuple[str, str]] = {}
        """Head and root of the chain at each length at which it was anchored."""
        self.unfit: list[Found] = []

    def watch(self) -> Iterator[Link]:
        """The links of the chain; what is wrong with its blocks is known once they have passed."""
        tree, block = merkle.Frontier(), merkle.Frontier()
        for link in links(self.session, self.chain):
            hashed = merkle.leaf(link.hash)
            block.add(hashed)
            if block.size == BLOCK:
                self._close(tree, block.root())
                block = merkle.Frontier()
            place = tree.size + block.size
            if place in self.wanted:
                self.seen[place] = (link.hash, _joined(tree, block).hex())
            if place % _TELL_EVERY == 0:
                self.told(f"journal of chain {self.chain}: {place:,}")
            yield link
        beyond = [number for number in self.blocks if number >= tree.size // BLOCK]
        self.unfit += [("journal_block", {"chain": self.chain, "number": number}) for number in beyond]

    def _close(self, tree: merkle.Frontier, root: bytes) -> None:
        number = tree.size // BLOCK
        if self.blocks.get(number, root.hex()) != root.hex():
            self.unfit.append(("journal_block", {"chain": self.chain, "number": number}))
        tree.add(root, height=BLOCK_HEIGHT)

    def found(self, *, of_file: bool) -> Iterator[Found]:
        """What is wrong with blocks and anchors, in the database and, if asked, in the file."""
        yield from self.unfit
        before = START
        for anchor in self.anchors:
            line = anchoring.written(anchor, self.code)
            if self.seen.get(anchor.length) != (anchor.head, anchor.root) or anchor.previous != before:
                yield "journal_anchor", {"chain": self.chain, "length": anchor.length}
            before = anchoring.digest_of_line(line)
        if of_file:
            yield from self._of_file()

    def _of_file(self) -> Iterator[Found]:
        ours = {anchoring.written(anchor, self.code): anchor for anchor in self.anchors}
        for line in self.kept:
            told = json.loads(line)
            length = _length(line)
            if self.seen.get(length) != (told.get("head"), told.get("root")):
                yield "journal_rewritten", {"chain": self.chain, "length": length, "anchored_at": told.get("at")}
            elif line not in ours:
                yield "anchor_not_in_database", {"chain": self.chain, "length": length}
        for line, anchor in ours.items():
            if line not in self.kept and self._left(anchor):
                yield "anchor_not_in_file", {"chain": self.chain, "length": anchor.length}

    def _left(self, anchor: JournalAnchor) -> bool:
        return self.session.get(AnchorOuting, (anchor.id, Place.FILE)) is not None


def _length(line: str) -> int:
    found = json.loads(line).get("length")
    return found if isinstance(found, int) else 0


def _joined(tree: merkle.Frontier, block: merkle.Frontier) -> bytes:
    """The root over whole blocks and the beginning of the next one."""
    return tree.root_before(block.root()) if block.size else tree.root()
