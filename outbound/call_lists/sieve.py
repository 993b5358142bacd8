"""Which rows of a list become contacts: not twice in the file, not twice in the campaign, not against an opt-out."""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Protocol, TypeVar

from sqlmodel import Session, col, select

from outbound import opt_outs
from outbound.call_lists.columns import ColumnMap
from outbound.call_lists.examining import Refused, Row, examine
from outbound.call_lists.model import Contact, RowFault
from outbound.call_lists.reading import ListFile
from outbound.errors import Language
from outbound.opt_outs import Category, OptOut
from outbound.people import known
from outbound.phones.model import Phone
from outbound.phones.parsing import Number, Reason
from outbound.phones.vault import Vault

ENCODE = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
"""JSON as it is stored; one encoder for all rows, because making one takes longer than using it."""

MOST_VALUES = 10_000
"""In one question to the database; engines take some 32,000, and a row may hold many numbers."""
ItemT = TypeVar("ItemT")

IN_FILE, IN_CAMPAIGN = "in_file", "in_campaign"

_WORDS: dict[str, tuple[str, str]] = {
    IN_FILE: ("清单内重复", "already earlier in this list"),
    IN_CAMPAIGN: ("本活动中已有该号码", "already in this campaign"),
    Category.REFUSAL: ("客户已拒绝来电", "the customer does not want to be called"),
    Category.COMPLAINT: ("客户曾投诉", "the customer has complained"),
    Category.REGULATOR: ("在监管部门的拒呼名单上", "on the regulator's list"),
    Category.LITIGATION: ("涉及诉讼", "in litigation"),
    Category.STAFF_REQUEST: ("内部申请拒呼", "blocked by staff"),
}


def reason_words(reason: str, language: Language) -> str:
    """The reason of a refused row, as shown beside it."""
    if reason in _WORDS:
        return _WORDS[reason][language == "en"]
    return Reason(reason).words(language)


@dataclass(frozen=True)
class RowFate:
    """A row of a list as it was written, and why it became no contact; without a fault it is accepted."""

    row: int
    cells: list[str]
    fault: RowFault | None
    reason: str

    def words(self, language: Language) -> str:
        """The reason in the reader's language; empty where the row is accepted."""
        return reason_words(self.reason, language) if self.fault else ""


class ForCampaign(Protocol):
    """What of a campaign bears on its lists."""

    id: int | None
    centre_id: int
    kind: str


@dataclass(frozen=True, slots=True)
class Judged:
    """A row and what becomes of it: `chosen` is the number under which the customer is rung; else fault and reason."""

    row: int
    cells: list[str]
    found: Row | Refused
    chosen: bytes | None
    numbers: dict[bytes, Number]
    fault: RowFault | None = None
    reason: str = ""


def rows(list_file: ListFile, columns: ColumnMap) -> Iterator[tuple[Row | Refused, list[str]]]:
    """Every row beneath the header as it was understood, and as it was written."""
    beneath = (cells for number, cells in list_file.rows() if number > columns.header_row)
    return zip(examine(list_file, columns), beneath, strict=True)


class Sieve:
    """Judges the rows of one file, a chunk at a time; it remembers the numbers that came before."""

    def __init__(self, session: Session, vault: Vault, campaign: ForCampaign, *, now: datetime) -> None:
        self.session, self.vault, self.campaign, self.now = session, vault, campaign, now
        self.seen: set[bytes] = set()
        self.phones: dict[bytes, int] = {}
        """Of the latest chunk: the numbers that have a row already, by digest."""

    def judge(self, chunk: Iterable[tuple[Row | Refused, list[str]]]) -> list[Judged]:
        """What becomes of each of these rows."""
        digest = self.vault.digest
        numbered = [
            (found, cells, {digest(number.e164): number for number in found.numbers} if isinstance(found, Row) else {})
            for found, cells in chunk
        ]
        self.phones = phone_ids(self.session, {each for _, _, numbers in numbered for each in numbers})
        taken, blocked = self._taken(), self._blocked()
        return [self._judged(found, cells, numbers, taken, blocked) for found, cells, numbers in numbered]

    def _judged(
        self,
        found: Row | Refused,
        cells: list[str],
        numbers: dict[bytes, Number],
        taken: set[bytes],
        blocked: dict[bytes, Category],
    ) -> Judged:
        if isinstance(found, Refused):
            return Judged(found.row, cells, found, None, numbers, RowFault.INVALID, found.reason)
        fresh = [each for each in numbers if each not in self.seen and each not in taken]
        before = self.seen.issuperset(numbers)
        self.seen.update(numbers)
        if not fresh:
            reason = IN_FILE if before else IN_CAMPAIGN
            return Judged(found.row, cells, found, None, numbers, RowFault.DUPLICATE, reason)
        chosen = next((each for each in fresh if each not in blocked), None)
        if chosen is None:
            return Judged(found.row, cells, found, None, numbers, RowFault.SUPPRESSED, blocked[fresh[0]])
        return Judged(found.row, cells, found, chosen, numbers)

    def _taken(self) -> set[bytes]:
        """The chunk's numbers that have a contact in the campaign already."""
        taken = set[int]()
        for some in _parts(self.phones.values()):
            asked = select(Contact.phone_id).where(Contact.campaign_id == self.campaign.id)
            taken.update(self.session.exec(asked.where(col(Contact.phone_id).in_(some))))
        return {digest for digest, phone in self.phones.items() if phone in taken}

    def _blocked(self) -> dict[bytes, Category]:
        """The chunk's numbers that must not be rung, and why."""
        holds = opt_outs.in_force(self.now, kind=self.campaign.kind, campaign_id=self.campaign.id)
        why = dict[int, Category]()
        for some in _parts(self.phones.values()):
            asked = select(OptOut.phone_id, OptOut.category).where(holds, col(OptOut.phone_id).in_(some))
            why.update({phone: Category(category) for phone, category in self.session.exec(asked)})
        return {digest: why[phone] for digest, phone in self.phones.items() if phone in why}


def phone_ids(session: Session, digests: Iterable[bytes]) -> dict[bytes, int]:
    """The rows of those numbers that have one, by digest."""
    found = dict[bytes, int]()
    for some in _parts(digests):
        asked = select(Phone.digest, Phone.id).where(col(Phone.digest).in_(some))
        found.update({digest: known(identity) for digest, identity in session.exec(asked)})
    return found


def _parts(items: Iterable[ItemT]) -> Iterator[list[ItemT]]:
    left = iter(items)
    while part := list(islice(left, MOST_VALUES)):
        yield part


def as_text(cells: Sequence[str]) -> str:
    """A row as it came, as one text that `from_text` takes apart again."""
    return ENCODE(cells)


def from_text(text: str) -> list[str]:
    """The cells of a row kept by `as_text`."""
    cells: list[str] = json.loads(text)
    return cells
