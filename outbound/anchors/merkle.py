"""The tree of hashes over a chain's entries (RFC 6962, section 2.1): one root names them all, and a few hashes prove
that an entry is among them, without showing any other entry.

Leaves are the entries' own hashes, as text; a leaf and a node are hashed with another byte in front, so that neither
passes for the other.
"""

import hashlib
from collections.abc import Iterable, Sequence

EMPTY = hashlib.sha256().digest()
"""The root over nothing."""


def leaf(entry_hash: str) -> bytes:
    """What stands for an entry at the foot of the tree."""
    return hashlib.sha256(b"\0" + entry_hash.encode()).digest()


def node(left: bytes, right: bytes) -> bytes:
    """What stands for two neighbours."""
    return hashlib.sha256(b"\1" + left + right).digest()


class Frontier:
    """A tree that grows at its right end: it remembers the roots of its whole parts, and nothing else."""

    def __init__(self) -> None:
        self.size = 0
        self._peaks: list[tuple[int, bytes]] = []

    def add(self, hashed: bytes, *, height: int = 0) -> None:
        """Put a leaf at the end, or the root over 2^`height` leaves that follow the whole parts before them."""
        self.size += 1 << height
        while self._peaks and self._peaks[-1][0] == height:
            _, before = self._peaks.pop()
            hashed, height = node(before, hashed), height + 1
        self._peaks.append((height, hashed))

    def root(self) -> bytes:
        """The root over everything so far."""
        if not self._peaks:
            return EMPTY
        *before, (_, last) = self._peaks
        return _folded(before, last)

    def root_before(self, rest: bytes) -> bytes:
        """The root over everything so far and a smaller part behind it, of which `rest` is the root."""
        return _folded(self._peaks, rest)


def _folded(peaks: Iterable[tuple[int, bytes]], found: bytes) -> bytes:
    for _, before in reversed(list(peaks)):
        found = node(before, found)
    return found


def root(leaves: Iterable[bytes]) -> bytes:
    """The root over leaves."""
    tree = Frontier()
    for each in leaves:
        tree.add(each)
    return tree.root()


def split(size: int) -> int:
    """How many of so many leaves (two at least) are on the left: the largest power of two below their number."""
    return 1 << (size - 1).bit_length() - 1


def path(leaves: Sequence[bytes], place: int) -> list[bytes]:
    """The hashes beside the way from a leaf up to the root, the lowest first."""
    if len(leaves) < 2:
        return []
    middle = split(len(leaves))
    if place < middle:
        return [*path(leaves[:middle], place), root(leaves[middle:])]
    return [*path(leaves[middle:], place - middle), root(leaves[:middle])]


def climbed(hashed: bytes, place: int, size: int, beside: Sequence[bytes]) -> bytes | None:
    """The root to which a leaf at `place` of `size` leads with these hashes beside its way; None where they are not as
    many as the way is long.
    """
    last = size - 1
    found = hashed
    for other in beside:
        if last == 0:
            return None
        if place & 1 or place == last:
            found = node(other, found)
            while place and not place & 1:
                place, last = place >> 1, last >> 1
        else:
            found = node(found, other)
        place, last = place >> 1, last >> 1
    return found if last == 0 else None
