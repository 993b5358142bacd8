"""Which rows of a list become contacts: not twice in the file, not twice in the campaign, not against an opt-out.

What the campaign has already is asked of the database, a chunk at a time; no list of all numbers is held in memory.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from sqlmodel import Session, col, select

from outbound.call_lists import bulk
from outbound.call_lists.fates import IN_CAMPAIGN, IN_FILE, ForCampaign
from outbound.call_lists.model import RowFault
from outbound.call_lists.phones import phone_ids
from outbound.call_lists.preparing import Chunk
from outbound.opt_outs import verbs as opt_outs
from outbound.opt_outs.model import Category, OptOut


class Fate(NamedTuple):
    """What becomes of a row: `numbers` are those that its contact gets, the one to be rung first; else a fault."""

    numbers: tuple[bytes, ...] = ()
    fault: RowFault | None = None
    reason: str = ""


class Marks:
    """A set of row numbers that takes a bit for each, so that ten million need little more than a megabyte."""

    def __init__(self) -> None:
        self._bits = bytearray()

    def add(self, number: int) -> None:
        """Mark a number."""
        if (missing := number // 8 + 1 - len(self._bits)) > 0:
            self._bits.extend(bytes(missing + 4096))
        self._bits[number // 8] |= 1 << number % 8

    def __contains__(self, number: int) -> bool:
        return number // 8 < len(self._bits) and bool(self._bits[number // 8] >> number % 8 & 1)


class Judge:
    """Judges the chunks of one file in their order; `list_id` is None where nothing of it is stored, as in a preview.

    A row is a duplicate when all its numbers came before, suppressed when none of those left may be rung.
    """

    def __init__(
        self,
        session: Session,
        campaign: ForCampaign,
        list_id: int | None,
        *,
        suppressed: Marks | None = None,
        now: datetime,
    ) -> None:
        """`suppressed` are phones on earlier rows of this file that an opt-out held back: they are duplicates now."""
        self.session, self.campaign, self.list_id, self.now = session, campaign, list_id, now
        self.suppressed = Marks() if suppressed is None else suppressed
        self.stored = list_id is not None
        self._before: set[bytes] = set()

    def judge(self, chunk: Chunk) -> tuple[list[Fate], dict[bytes, int]]:
        """What becomes of each row, and the phones that are known already, by digest."""
        phones = phone_ids(self.session, sorted(chunk.phones))
        taken = self._taken(phones)
        blocked = self._blocked(phones)
        if not self.stored:
            taken = dict.fromkeys(self._before & chunk.phones.keys(), IN_FILE) | taken
        fates = _fates(chunk, taken, blocked)
        if self.stored:
            self._remember(fates, phones)
        else:
            self._before.update(chunk.phones)
        return fates, phones

    def _remember(self, fates: Sequence[Fate], phones: Mapping[bytes, int]) -> None:
        for fate in fates:
            if fate.fault is RowFault.SUPPRESSED:
                for digest in fate.numbers:
                    self.suppressed.add(phones[digest])

    def _taken(self, phones: Mapping[bytes, int]) -> dict[bytes, str]:
        """Why a number's row is a duplicate: it has a contact in the campaign, or came before in the file."""
        if not phones:
            return {}
        asked = "SELECT phone_id, call_list_id FROM contact WHERE campaign_id = ? AND phone_id IN "
        lists = bulk.pairs(self.session, asked, phones.values(), self.campaign.id)
        lists.update(self._further(phones))
        return {
            digest: IN_FILE if phone in self.suppressed or lists[phone] == self.list_id else IN_CAMPAIGN
            for digest, phone in phones.items()
            if phone in lists or phone in self.suppressed
        }

    def _further(self, phones: Mapping[bytes, int]) -> dict[int, int]:
        some = self.session.connection().exec_driver_sql(
            f"SELECT 1 FROM contact_number WHERE campaign_id = {int(self.campaign.id or 0)} LIMIT 1"
        )
        if some.first() is None:
            return {}
        asked = """SELECT contact_number.phone_id, contact.call_list_id FROM contact_number
            JOIN contact ON contact.id = contact_number.contact_id
            WHERE contact_number.campaign_id = ? AND contact_number.phone_id IN """
        return bulk.pairs(self.session, asked, phones.values(), self.campaign.id)

    def _blocked(self, phones: Mapping[bytes, int]) -> dict[bytes, Category]:
        why: dict[int, Category] = {}
        in_force = opt_outs.in_force(self.now, kind=self.campaign.kind, campaign_id=self.campaign.id)
        asked = select(OptOut.phone_id, OptOut.category).where(in_force)
        here = bulk.among(self.session, col(OptOut.phone_id), phones.values())
        for phone, category in self.session.exec(asked.where(here)):
            why[phone] = Category(category)
        return {digest: why[phone] for digest, phone in phones.items() if phone in why}


IN_FILE_ALREADY = Fate(fault=RowFault.DUPLICATE, reason=IN_FILE)
IN_CAMPAIGN_ALREADY = Fate(fault=RowFault.DUPLICATE, reason=IN_CAMPAIGN)


def _fates(chunk: Chunk, taken: Mapping[bytes, str], blocked: Mapping[bytes, Category]) -> list[Fate]:
    seen: set[bytes] = set()
    fates: list[Fate] = []
    several = chunk.several
    for at, digest in enumerate(chunk.digests):
        # Nearly every row of a list comes this way.
        if digest and digest not in taken and digest not in seen and digest not in blocked and at not in several:
            seen.add(digest)
            fates.append(Fate((digest,)))
        elif digest:
            fates.append(_fate(several.get(at) or (digest,), seen, taken, blocked))
        else:
            fates.append(Fate(fault=RowFault.INVALID, reason=chunk.reasons[at]))
    return fates


def _fate(
    numbers: tuple[bytes, ...], seen: set[bytes], taken: Mapping[bytes, str], blocked: Mapping[bytes, Category]
) -> Fate:
    fresh = tuple([number for number in numbers if number not in taken and number not in seen])
    if not fresh:
        elsewhere = any(taken.get(number) == IN_CAMPAIGN for number in numbers)
        return IN_CAMPAIGN_ALREADY if elsewhere else IN_FILE_ALREADY
    seen.update(fresh)
    if fresh[0] not in blocked:
        return Fate(fresh)
    free = [number for number in fresh if number not in blocked]
    if not free:
        return Fate(fresh, RowFault.SUPPRESSED, blocked[fresh[0]])
    return Fate((free[0], *(number for number in fresh if number != free[0])))
