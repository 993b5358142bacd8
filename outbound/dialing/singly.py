"""A campaign's contacts that must be looked at one by one: in hand, kept for somebody, or rung so lately that a rule
may hold them.
"""

from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col, select

from outbound.call_lists.model import Contact, ContactState, Duty
from outbound.calling_rules.holds import Facts
from outbound.calling_rules.rules import held_back, next_free
from outbound.calls.model import Call
from outbound.campaigns.model import Campaign
from outbound.dialing.facts import as_wished, known_of, reach
from outbound.dialing.lanes import Candidate, Lane
from outbound.dialing.model import Claim
from outbound.dialing.reasons import Reason, hold_reason, told
from outbound.dialing.statements import Book
from outbound.dialing.terms import Terms
from outbound.people import known

MOST_ASKED = 50_000
"""Numbers rung lately that are looked at one by one."""
AT_ONCE = 5_000
LATELY = timedelta(days=70)
"""Who is due and was ever tried was tried within that time: no callback is further away."""

Place = tuple[int, Duty, int, bool]
"""List, duty, group of zones, callback or not."""


@dataclass(frozen=True, slots=True)
class HeldSingly:
    """A contact that is held for a reason of its own; `free_at` asks when everything lets go of it."""

    contact: Contact
    reason: Reason
    free_at: Callable[[], datetime | None]


class Singly:
    """The contacts of one campaign, for some duties."""

    def __init__(
        self, session: Session, campaign: Campaign, terms: Terms, duties: Collection[Duty], *, now: datetime
    ) -> None:
        """Nothing is read before it is asked for."""
        self._session, self._campaign, self._terms, self._duties = session, campaign, terms, duties
        self._now = now
        self._release = timedelta(minutes=terms.definition.calling.callback_release_minutes)
        self._hands: set[int] = set()
        self.asked_all = True
        """Whether everybody who may be held was looked at."""

    def in_hand(self) -> list[tuple[Contact, datetime]]:
        """Contacts that are with an agent, on this campaign or another, and how long."""
        open_now = select(Claim.phone_id, Claim.lease_until).where(col(Claim.ended_at).is_(None))
        leases = dict(self._session.exec(open_now.where(col(Claim.lease_until) > self._now)).all())
        contacts = self._queued(col(Contact.phone_id), leases)
        self._hands = {known(contact.id) for contact in contacts}
        return [(contact, leases[contact.phone_id]) for contact in contacts]

    def held(self, places: Collection[Place], zones: dict[int, str]) -> Iterator[HeldSingly]:
        """Due contacts of those places, in nobody's hands, that something holds."""
        kept = {known(each.id): each for each in self._kept(places)}
        rung = [each for each in self._rung_lately() if each.id not in kept and place_of(each) in places]
        others = [each for each in rung if each.id not in self._hands]
        candidates = {known(each.id): self._candidate(each, zones) for each in (*kept.values(), *others)}
        facts = dict(self._facts(candidates.values()))
        for number, contact in kept.items():
            released = contact.due_at + self._release
            yield self._held(contact, told("kept", released), facts[number], since=released)
        for contact in others:
            number = known(contact.id)
            rules = as_wished(self._terms.rules, callback=contact.callback)
            if holds := held_back(rules, now=self._now, **facts[number]):
                yield self._held(contact, hold_reason(holds[0]), facts[number], since=self._now)

    def _held(self, contact: Contact, reason: Reason, facts: Facts, *, since: datetime) -> HeldSingly:
        rules = as_wished(self._terms.rules, callback=contact.callback)
        return HeldSingly(contact, reason, lambda: next_free(rules, now=since, **facts))

    def _facts(self, candidates: Collection[Candidate]) -> Iterator[tuple[int, Facts]]:
        if not candidates:
            return
        found = known_of(Book.of(self._session), candidates, now=self._now)
        for candidate in candidates:
            yield (
                candidate.id,
                Facts(
                    time_zones=candidate.lane.time_zones,
                    tries=found.tries.get(candidate.phone_id, ()),
                    attempts_on_contact=found.attempts.get((candidate.id, candidate.lane.duty), ()),
                    workday_override=self._terms.overrides,
                ),
            )

    def _candidate(self, contact: Contact, zones: dict[int, str]) -> Candidate:
        named = tuple(zones[contact.zone_group_id].split(","))
        lane = Lane(self._terms, contact.call_list_id, contact.duty, contact.zone_group_id, contact.callback, 0, named)
        return Candidate(known(contact.id), None, contact.phone_id, None, None, 0, 0, lane, is_released=True)

    def _queued(self, column: Any, among: Iterable[int]) -> list[Contact]:
        """The campaign's queued contacts of these numbers, a few thousand at a time."""
        asked = select(Contact).where(Contact.campaign_id == self._campaign.id, Contact.state == ContactState.QUEUED)
        wanted = asked.where(col(Contact.duty).in_(self._duties))
        every = sorted(among)
        parts = (every[at : at + AT_ONCE] for at in range(0, len(every), AT_ONCE))
        return [row for part in parts for row in self._session.exec(wanted.where(column.in_(part))).all()]

    def _kept(self, places: Collection[Place]) -> list[Contact]:
        """Personal callbacks that are due and not released to anybody yet."""
        if not any(place[3] for place in places):
            return []
        asked = select(Contact).where(
            Contact.state == ContactState.QUEUED,
            col(Contact.call_list_id).in_({place[0] for place in places if place[3]}),
            col(Contact.duty).in_(self._duties),
            col(Contact.zone_group_id).in_({place[2] for place in places}),
            col(Contact.callback).is_(True),
            col(Contact.due_at) <= self._now,
            col(Contact.due_at) > self._now - self._release,
            col(Contact.kept_for_id).is_not(None),
        )
        found = self._session.exec(asked).all()
        return [each for each in found if place_of(each) in places and each.id not in self._hands]

    def _rung_lately(self) -> list[Contact]:
        """Due contacts whose number was rung so lately, in any campaign, that a rule may still hold them."""
        rung = select(Call.phone_id).where(
            col(Call.campaign_id).in_(select(Campaign.id)), col(Call.dialled_at) > self._now - reach(self._terms.rules)
        )
        numbers = set(self._session.exec(rung.distinct().limit(MOST_ASKED)).all())
        found = self._queued(col(Contact.phone_id), numbers) + self._queued(col(Contact.id), self._tried_often())
        self.asked_all = len(numbers) < MOST_ASKED
        return list({known(each.id): each for each in found if each.due_at <= self._now}.values())

    def _tried_often(self) -> list[int]:
        """Due contacts that were tried so often that the campaign's own limits may hold them."""
        limits = self._terms.rules.attempts
        least = min((limit for limit in (limits.max, limits.in_one_day_part) if limit), default=None)
        if least is None:
            return []
        tried = select(Call.contact_id).where(
            Call.campaign_id == self._campaign.id, col(Call.dialled_at) > self._now - LATELY
        )
        due = select(Contact.id).where(
            col(Contact.id).in_(tried), Contact.state == ContactState.QUEUED, col(Contact.due_at) <= self._now
        )
        often = select(Call.contact_id).where(col(Call.contact_id).in_(due)).group_by(col(Call.contact_id))
        return list(self._session.exec(often.having(sa.func.count() >= least)).all())


def place_of(contact: Contact) -> Place:
    """Where a contact is counted."""
    return contact.call_list_id, contact.duty, contact.zone_group_id, contact.callback
