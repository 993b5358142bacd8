"""How many of a campaign may be rung now, and how many are held back by what.

Everybody is counted once, under the first reason that holds: whole lists, duties and groups of time zones by index,
what depends on the number or the contact by looking at the few that were rung lately, are kept, or are in hand.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col, select

from outbound.call_lists.model import CallList, Contact, ContactState, Duty
from outbound.calling_rules.holds import Facts, Hold
from outbound.calling_rules.rules import held_back
from outbound.calling_rules.windows import next_opening
from outbound.calls.model import Call
from outbound.campaigns.model import Campaign
from outbound.dialing.counting import Counted, count
from outbound.dialing.facts import is_waived, known_of
from outbound.dialing.lanes import Candidate, Lane
from outbound.dialing.model import Claim
from outbound.dialing.reasons import Reason, duty_reasons, hold_reason, list_reason, settings_of, told
from outbound.dialing.statements import Book
from outbound.dialing.terms import Terms, is_open, zones_of
from outbound.errors import Language
from outbound.people import known

MOST_COUNTED = 1_000_000
"""Contacts counted of one lane; where there are more, the figures are told as at least."""
MOST_ASKED = 50_000
"""Numbers rung lately that are looked at one by one."""
AT_ONCE = 5_000
LATELY = timedelta(days=30)
"""How far back attempts are looked for where a campaign limits them."""

Place = tuple[int, Duty, int, bool]
"""List, duty, group of zones, callback or not."""


@dataclass(frozen=True, slots=True)
class Held:
    """How many one reason holds back, and when it lets the first of them go."""

    reason: Reason
    count: int

    def sentence(self, language: Language) -> str:
        """The reason in the reader's language."""
        return self.reason.sentence(language)


@dataclass
class Tally:
    """A campaign's contacts: who may be rung now, who waits and why, who is done with."""

    callable: int = 0
    held: list[Held] = field(default_factory=list)
    closed: list[Held] = field(default_factory=list)
    suppressed: int = 0
    """Rows of its lists that were on the opt-out list already when they came in."""
    first_at: datetime | None = None
    """When the first may be rung, as far as that can be said."""
    bounded: bool = False
    """Whether there may be more than were counted."""

    @property
    def waiting(self) -> int:
        """Everybody who is still to be rung."""
        return self.callable + sum(held.count for held in self.held)


def tally(
    session: Session,
    campaign: Campaign,
    *,
    now: datetime,
    duties: Collection[Duty] = tuple(Duty),
    as_if_open: bool = False,
) -> Tally:
    """Who of a campaign may be rung now and who is held back by what.

    `as_if_open`: a dry run, as if it were open and its scripts approved.
    """
    session.flush()
    return _Counting(session, campaign, duties, now=now, as_if_open=as_if_open).result()


class _Counting:
    """One counting of one campaign."""

    def __init__(
        self, session: Session, campaign: Campaign, duties: Collection[Duty], *, now: datetime, as_if_open: bool
    ) -> None:
        self._session, self._campaign, self._now = session, campaign, now
        self._book = Book(session.connection())
        self._terms: Terms = settings_of(session, campaign)
        asked = select(CallList).where(CallList.campaign_id == campaign.id)
        self._lists = {known(each.id): each for each in session.exec(asked)}
        self._duties = tuple(duty for duty in Duty if duty in duties)
        self._barred = duty_reasons(session, campaign, self._terms, now=now, as_if_open=as_if_open)
        self._zones = zones_of(self._book)
        self._counts: Counter[str] = Counter()
        self._reasons: dict[str, Reason] = {}
        self._firsts: list[datetime] = []

    def result(self) -> Tally:
        """Everything counted."""
        seeds = [(number, duty) for number in self._lists for duty in self._duties]
        lanes = count(self._book, seeds, now=self._now, most=MOST_COUNTED)
        hands = self._in_hand()
        found = Tally(bounded=any(lane.bounded for lane in lanes))
        open_lanes: list[Counted] = []
        for lane in lanes:
            self._take_out(lane, hands)
            if self._hold_whole(lane):
                continue
            self._hold_later(lane)
            open_lanes.append(lane)
        held = self._held_singly(open_lanes, found)
        found.callable = max(0, sum(lane.due for lane in open_lanes) - held)
        found.held = [Held(self._reasons[key], number) for key, number in self._counts.most_common() if number]
        found.closed = list(self._closed())
        found.suppressed = sum(each.suppressed for each in self._lists.values())
        found.first_at = self._now if found.callable else min(self._firsts, default=None)
        return found

    def _hold(self, reason: Reason, number: int) -> None:
        if not number:
            return
        before = self._reasons.get(reason.key)
        if before is None or (reason.free_at and (before.free_at is None or reason.free_at < before.free_at)):
            self._reasons[reason.key] = reason
        self._counts[reason.key] += number
        if reason.free_at and reason.may_come_free:
            self._firsts.append(reason.free_at)

    def _hold_whole(self, lane: Counted) -> bool:
        """Whether everybody in a lane is held by one reason: its list, its duty, or the hours where it is."""
        listed = self._lists[lane.call_list_id]
        reason = (
            list_reason(listed, lane.duty, self._terms, now=self._now) or self._barred[lane.duty] or self._hours(lane)
        )
        if reason:
            self._hold(reason, lane.due + lane.later)
        return reason is not None

    def _hours(self, lane: Counted) -> Reason | None:
        zones, terms = self._zones[lane.zone_group_id], self._terms
        if is_open(terms.rules, zones, terms.overrides, now=self._now):
            return None
        from_then = self._now if lane.due else (lane.next_at or self._now)
        opens = next_opening(terms.rules, from_then, tuple(zones.split(",")) if zones else (), terms.overrides)
        return told("hours", opens, subject=zones)

    def _hold_later(self, lane: Counted) -> None:
        if not lane.later or lane.next_at is None:
            return
        zones, terms = self._zones[lane.zone_group_id], self._terms
        opens = next_opening(terms.rules, lane.next_at, tuple(zones.split(",")), terms.overrides)
        self._hold(told("callback_later" if lane.callback else "later", opens or lane.next_at), lane.later)

    def _in_hand(self) -> Counter[tuple[Place, bool]]:
        """Contacts that are with an agent, on this campaign or another, by place and whether they are due."""
        open_now = select(Claim.phone_id, Claim.lease_until).where(col(Claim.ended_at).is_(None))
        leases = dict(self._session.exec(open_now.where(col(Claim.lease_until) > self._now)).all())
        contacts = self._queued(col(Contact.phone_id), leases)
        for contact in contacts:
            self._hold(told("in_hand", leases[contact.phone_id]), 1)
        self._hands = {known(contact.id) for contact in contacts}
        return Counter((_place(contact), contact.due_at <= self._now) for contact in contacts)

    def _queued(self, column: Any, among: Collection[int]) -> list[Contact]:
        """The campaign's queued contacts of these numbers, a few thousand at a time."""
        asked = select(Contact).where(Contact.campaign_id == self._campaign.id, Contact.state == ContactState.QUEUED)
        wanted = asked.where(col(Contact.duty).in_(self._duties))
        every = sorted(among)
        parts = (every[at : at + AT_ONCE] for at in range(0, len(every), AT_ONCE))
        return [row for part in parts for row in self._session.exec(wanted.where(column.in_(part))).all()]

    def _take_out(self, lane: Counted, hands: Counter[tuple[Place, bool]]) -> None:
        # Of several lanes at one place (priorities) the first that has enough gives.
        place = (lane.call_list_id, lane.duty, lane.zone_group_id, lane.callback)
        due, later = min(lane.due, hands[place, True]), min(lane.later, hands[place, False])
        lane.due, lane.later = lane.due - due, lane.later - later
        hands.subtract({(place, True): due, (place, False): later})

    def _held_singly(self, lanes: Iterable[Counted], found: Tally) -> int:
        """How many due contacts of open lanes are held for a reason of their own; each is counted."""
        places = {(lane.call_list_id, lane.duty, lane.zone_group_id, lane.callback) for lane in lanes if lane.due}
        kept = {known(contact.id): contact for contact in self._kept(places)}
        release = timedelta(minutes=self._terms.definition.calling.callback_release_minutes)
        for contact in kept.values():
            self._hold(told("kept", contact.due_at + release), 1)
        rung = [each for each in self._rung_lately() if each.id not in kept and _place(each) in places]
        found.bounded = found.bounded or not self._asked_all
        holds = dict(self._held_by_rules([each for each in rung if each.id not in self._hands]))
        for hold in holds.values():
            self._hold(hold_reason(hold), 1)
        return len(kept) + len(holds)

    def _kept(self, places: Collection[Place]) -> list[Contact]:
        """Personal callbacks that are due and not released to anybody yet."""
        lists = {place[0] for place in places if place[3]}
        if not lists:
            return []
        release = timedelta(minutes=self._terms.definition.calling.callback_release_minutes)
        asked = select(Contact).where(
            Contact.state == ContactState.QUEUED,
            col(Contact.call_list_id).in_(lists),
            col(Contact.duty).in_(self._duties),
            col(Contact.zone_group_id).in_({place[2] for place in places}),
            col(Contact.callback).is_(True),
            col(Contact.due_at) <= self._now,
            col(Contact.due_at) > self._now - release,
            col(Contact.kept_for_id).is_not(None),
        )
        found = self._session.exec(asked).all()
        return [each for each in found if _place(each) in places and each.id not in self._hands]

    def _rung_lately(self) -> list[Contact]:
        """Due contacts whose number was rung so lately, in any campaign, that a rule may still hold them."""
        rung = select(Call.phone_id).where(
            col(Call.campaign_id).in_(select(Campaign.id)), col(Call.dialled_at) > self._now - _reach(self._terms)
        )
        numbers = set(self._session.exec(rung.distinct().limit(MOST_ASKED)).all())
        found = self._queued(col(Contact.phone_id), numbers) + self._queued(col(Contact.id), self._tried_often())
        self._asked_all = len(numbers) < MOST_ASKED
        return list({known(each.id): each for each in found if each.due_at <= self._now}.values())

    def _tried_often(self) -> list[int]:
        """Contacts that were tried so often that the campaign's own limits may hold them."""
        limits = [
            limit for limit in (self._terms.rules.attempts.max, self._terms.rules.attempts.in_one_day_part) if limit
        ]
        if not limits:
            return []
        asked = select(Call.contact_id).where(
            Call.campaign_id == self._campaign.id, col(Call.dialled_at) > self._now - LATELY
        )
        often = asked.group_by(col(Call.contact_id)).having(sa.func.count() >= min(limits))
        return list(self._session.exec(often).all())

    def _held_by_rules(self, contacts: Iterable[Contact]) -> Iterator[tuple[int, Hold]]:
        candidates = [self._candidate(contact) for contact in contacts]
        facts = known_of(self._book, candidates, now=self._now) if candidates else None
        for candidate in candidates:
            assert facts is not None, "there are candidates"
            lane = candidate.lane
            asked = Facts(
                time_zones=lane.time_zones,
                tries=facts.tries.get(candidate.phone_id, ()),
                attempts_on_contact=facts.attempts.get((candidate.id, lane.duty), ()),
                workday_override=self._terms.overrides,
            )
            holds = held_back(self._terms.rules, now=self._now, **asked)
            hold = next((each for each in holds if not is_waived(each, callback=lane.callback)), None)
            if hold:
                yield candidate.id, hold

    def _candidate(self, contact: Contact) -> Candidate:
        zones = tuple(self._zones[contact.zone_group_id].split(","))
        lane = Lane(self._terms, contact.call_list_id, contact.duty, contact.zone_group_id, contact.callback, 0, zones)
        return Candidate(known(contact.id), None, contact.phone_id, None, None, 0, 0, lane, is_released=True)

    def _closed(self) -> Iterator[Held]:
        asked = (
            sa.select(col(Contact.closed_why), sa.func.count())
            .where(col(Contact.state) == ContactState.CLOSED, col(Contact.call_list_id).in_(list(self._lists)))
            .group_by(col(Contact.closed_why))
        )
        counts: Mapping[str, int] = dict(self._session.execute(asked).all())
        grouped = Counter[str]()
        for why, number in counts.items():
            grouped[why if why in ("opted_out", "rules") else "done"] += number
        for key, number in grouped.most_common():
            yield Held(told(key, None), number)


def _place(contact: Contact) -> Place:
    return contact.call_list_id, contact.duty, contact.zone_group_id, contact.callback


def _reach(terms: Terms) -> timedelta:
    """How far back a dial may still hold a number."""
    rules = terms.rules
    daily = rules.attempts.per_day or rules.attempts.per_day_part
    spans = [cap.within for cap in rules.caps] + [rules.spacing or timedelta()]
    return max([*spans, timedelta(hours=50) if daily else timedelta()])
