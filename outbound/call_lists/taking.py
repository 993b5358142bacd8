"""A chunk of a list taken into the database: contacts, numbers and refused rows, at the driver's own speed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import sqlalchemy as sa
from sqlmodel import Session

from outbound.call_lists import bulk
from outbound.call_lists.judging import Fate, Judge
from outbound.call_lists.model import CallList, Contact, ContactNumber, ContactState, Duty, RefusedRow
from outbound.call_lists.phones import Fresh, keep_phones
from outbound.call_lists.preparing import HOME, Chunk
from outbound.db import is_sqlite, table_of
from outbound.phones.vault import Vault
from outbound.phones.zones import group_of

FIGURES = ("rows", "accepted", "duplicate", "invalid", "suppressed")


@dataclass
class Taker:
    """Takes the chunks of one list, in their order. Contacts are not handed out before the list is published."""

    session: Session
    vault: Vault
    call_list: CallList
    judge: Judge
    groups: dict[str, int] = field(default_factory=dict)

    def take(self, chunk: Chunk) -> dict[str, int]:
        """Store what becomes of these rows; how many of each kind there were."""
        one_at_a_time(self.session, self.call_list.campaign_id)
        judged, phones = self.judge.judge(chunk)
        accepted = [(at, fate) for at, fate in enumerate(judged) if fate.fault is None]
        new = {number for _, fate in accepted for number in fate.numbers if number not in phones}
        places = chunk.places
        fresh: list[Fresh] = [(digest, chunk.phones[digest], *places.get(digest, HOME)) for digest in sorted(new)]
        phones.update(keep_phones(self.session, fresh, now=self.call_list.at))
        self._keep_contacts(chunk, accepted, phones)
        self._keep_numbers(accepted, phones)
        self._keep_refused(chunk, judged)
        return counted(judged)

    def _keep_contacts(self, chunk: Chunk, accepted: Sequence[tuple[int, Fate]], phones: Mapping[bytes, int]) -> None:
        same = contact_same(self.session, self.call_list)
        alike, groups = tuple(same.values()), self._groups(chunk)
        names, attributes, priorities, places = chunk.names, chunk.attributes, chunk.priorities, chunk.places
        sealed = chunk.sealed
        rows = [
            (
                *alike,
                phones[fate.numbers[0]],
                names[at],
                attributes[at],
                sealed.get(at),
                priorities[at],
                groups[places.get(fate.numbers[0], HOME)[1]],
            )
            for at, fate in accepted
        ]
        bulk.insert(self.session, table_of(Contact), [*same, *CONTACT_VARIES], rows)

    def _groups(self, chunk: Chunk) -> dict[str, int]:
        for zones in {HOME[1], *(zones for _, zones in chunk.places.values())} - self.groups.keys():
            self.groups[zones] = group_of(self.session, zones)
        return self.groups

    def _keep_numbers(self, accepted: Sequence[tuple[int, Fate]], phones: Mapping[bytes, int]) -> None:
        several = [[phones[number] for number in fate.numbers] for _, fate in accepted if len(fate.numbers) > 1]
        asked = "SELECT phone_id, id FROM contact WHERE campaign_id = ? AND phone_id IN "
        contacts = bulk.pairs(self.session, asked, [first for first, *_ in several], self.call_list.campaign_id)
        rows = [
            (contacts[first], position, self.call_list.campaign_id, phone)
            for first, *others in several
            for position, phone in enumerate(others, start=1)
        ]
        columns = ("contact_id", "position", "campaign_id", "phone_id")
        bulk.insert(self.session, table_of(ContactNumber), columns, rows)

    def _keep_refused(self, chunk: Chunk, judged: Sequence[Fate]) -> None:
        refused = [(at, fate) for at, fate in enumerate(judged) if fate.fault]
        sealed = self.vault.seal_many([chunk.cells[at] for at, _ in refused])
        rows = [
            (self.call_list.id, chunk.rows[at], str(fate.fault), str(fate.reason), seal)
            for (at, fate), seal in zip(refused, sealed, strict=True)
        ]
        bulk.insert(self.session, table_of(RefusedRow), REFUSED_COLUMNS, rows)


CONTACT_VARIES = ("phone_id", "name", "attributes", "sealed", "priority", "zone_group_id")
REFUSED_COLUMNS = ("call_list_id", "row", "fault", "reason", "sealed")


def contact_same(session: Session, call_list: CallList) -> dict[str, object]:
    """What all contacts of a list have in common, as the driver takes it."""
    return {
        "centre_id": call_list.centre_id,
        "campaign_id": call_list.campaign_id,
        "call_list_id": call_list.id,
        "state": ContactState.QUEUED.value,
        "duty": Duty.PITCH.value,
        "due_at": bulk.stored(session, table_of(Contact).c.due_at, call_list.at),
        "callback": False,
        "attempts": 0,
        "epoch": 0,
        "closed_why": "",
    }


def one_at_a_time(session: Session, campaign_id: int) -> None:
    """Two lists into one campaign take turns, so that each sees what the other has brought."""
    # On SQLite every writer is alone already.
    if not is_sqlite(session):
        session.execute(sa.text("SELECT id FROM campaign WHERE id = :id FOR NO KEY UPDATE"), {"id": campaign_id})


def counted(judged: Sequence[Fate]) -> dict[str, int]:
    """How many rows there are of each kind."""
    told = dict.fromkeys(FIGURES, 0)
    told["rows"] = len(judged)
    for fate in judged:
        told[fate.fault.value if fate.fault else "accepted"] += 1
    return told


def added(so_far: Mapping[str, int], more: Mapping[str, int]) -> dict[str, int]:
    """The figures of a list up to here."""
    return {name: so_far.get(name, 0) + more[name] for name in FIGURES}


@dataclass
class Campaign:
    """What of a campaign bears on its lists."""

    id: int | None
    centre_id: int
    kind: str


def campaign_of(session: Session, call_list: CallList) -> Campaign:
    """The campaign of a list, of which only the upper floors know more."""
    table = sa.table("campaign", sa.column("id"), sa.column("kind"))
    kind = session.execute(sa.select(table.c.kind).where(table.c.id == call_list.campaign_id)).scalar_one()
    return Campaign(call_list.campaign_id, call_list.centre_id, kind)
