"""How many of a campaign may be rung now, and how many are held back by what.

Everybody is counted once, under the first reason that holds: whole lists, duties and groups of time zones by index,
what depends on the number or the contact by looking at the few that were rung lately, are kept, or are in hand.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session, col, select

from outbound import clock
from outbound.call_lists.model import CallList, Contact, ContactState, Duty
from outbound.calling_rules.holds import Rule
from outbound.calling_rules.windows import MOST_ZONES, next_opening, zones_named
from outbound.campaigns.model import Campaign
from outbound.dialing.counting import Counted, count
from outbound.dialing.hands import hands_of
from outbound.dialing.reasons import Reason, duty_reasons, list_reason, settings_of, told
from outbound.dialing.singly import Place, Singly, place_of
from outbound.dialing.statements import Book
from outbound.dialing.terms import PROTECTIVE, Terms, is_open, zones_of
from outbound.errors import Language
from outbound.people import Centre, known

MOST_COUNTED = 1_000_000
"""Contacts counted of one lane; where there are more, the figures are told as at least."""


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
        self._stopped = self._stopping(as_if_open=as_if_open)
        self._ends_at = clock.day_ends(campaign.ends_on, session.get_one(Centre, campaign.centre_id).zone)
        self._zones = zones_of(self._book)
        self._singly = Singly(session, campaign, self._terms, self._duties, now=now)
        self._counts: Counter[str] = Counter()
        self._reasons: dict[str, Reason] = {}
        self._first_at: datetime | None = None

    def _stopping(self, *, as_if_open: bool) -> dict[Duty, Reason]:
        """What stands first in the way of all calls of a duty."""
        stopped = duty_reasons(self._session, self._campaign, self._terms, now=self._now, as_if_open=as_if_open)
        hands = hands_of(self._session, self._campaign, now=self._now)
        nobody = {duty: hands.lacking(duty, as_if_open=as_if_open) for duty in self._duties}
        every = {duty: [*stopped[duty], nobody[duty]] for duty in self._duties}
        return {duty: reasons[0] for duty, reasons in every.items() if reasons[0]}

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
        found.first_at = self._now if found.callable else self._first_at
        return found

    def _hold(self, reason: Reason, number: int) -> None:
        if not number:
            return
        before = self._reasons.get(reason.key)
        if before is None or (reason.free_at and (before.free_at is None or reason.free_at < before.free_at)):
            self._reasons[reason.key] = reason
        self._counts[reason.key] += number

    def _come_free(self, at: datetime | None, call_list: int, duty: Duty) -> None:
        """Somebody of that list may be rung from then on, unless the campaign is over or the list too old by then."""
        if at is None or (self._first_at and at >= self._first_at):
            return
        is_over = duty not in PROTECTIVE and at >= self._ends_at
        if not is_over and list_reason(self._lists[call_list], duty, self._terms, now=at) is None:
            self._first_at = at

    def _hold_whole(self, lane: Counted) -> bool:
        """Whether everybody in a lane is held by one reason: its list, its duty, or the hours where it is."""
        listed = self._lists[lane.call_list_id]
        standing = list_reason(listed, lane.duty, self._terms, now=self._now) or self._stopped.get(lane.duty)
        reason = standing or self._hours(lane)
        if reason:
            self._hold(reason, lane.due + lane.later)
            self._come_free(self._opens_after(reason, lane), lane.call_list_id, lane.duty)
        return reason is not None

    def _opens_after(self, reason: Reason, lane: Counted) -> datetime | None:
        """When the first of a lane may be rung once a reason that holds all of it lets go."""
        since = reason.free_at if lane.due else max(filter(None, (reason.free_at, lane.next_at)), default=None)
        if reason.free_at is None or since is None or not lane.due + lane.later:
            return None
        zones = tuple(self._zones[lane.zone_group_id].split(","))
        return next_opening(self._terms.rules, since, zones, self._terms.overrides)

    def _hours(self, lane: Counted) -> Reason | None:
        zones, terms = self._zones[lane.zone_group_id], self._terms
        if is_open(terms.rules, zones, terms.overrides, now=self._now):
            return None
        names = tuple(zones.split(",")) if zones else ()
        if len(names) > MOST_ZONES or zones_named(names) is None:
            return told(Rule.TOO_MANY_ZONES if len(names) > MOST_ZONES else Rule.ZONE_UNKNOWN, None)
        from_then = self._now if lane.due else (lane.next_at or self._now)
        return told("hours", next_opening(terms.rules, from_then, names, terms.overrides), subject=zones)

    def _hold_later(self, lane: Counted) -> None:
        if not lane.later or lane.next_at is None:
            return
        zones, terms = self._zones[lane.zone_group_id], self._terms
        opens = next_opening(terms.rules, lane.next_at, tuple(zones.split(",")), terms.overrides)
        self._hold(told("callback_later" if lane.callback else "later", opens or lane.next_at), lane.later)
        self._come_free(opens, lane.call_list_id, lane.duty)

    def _in_hand(self) -> Counter[tuple[Place, bool]]:
        """Contacts that are with an agent, on this campaign or another, by place and whether they are due."""
        hands = self._singly.in_hand()
        for _contact, lease_until in hands:
            self._hold(told("in_hand", lease_until), 1)
        return Counter((place_of(contact), contact.due_at <= self._now) for contact, _lease_until in hands)

    def _take_out(self, lane: Counted, hands: Counter[tuple[Place, bool]]) -> None:
        # Of several lanes at one place (priorities) the first that has enough gives.
        place = (lane.call_list_id, lane.duty, lane.zone_group_id, lane.callback)
        due, later = min(lane.due, hands[place, True]), min(lane.later, hands[place, False])
        lane.due, lane.later = lane.due - due, lane.later - later
        hands.subtract({(place, True): due, (place, False): later})

    def _held_singly(self, lanes: Iterable[Counted], found: Tally) -> int:
        """How many due contacts of open lanes are held for a reason of their own; each is counted."""
        places = {(lane.call_list_id, lane.duty, lane.zone_group_id, lane.callback) for lane in lanes if lane.due}
        held = list(self._singly.held(places, self._zones))
        found.bounded = found.bounded or not self._singly.asked_all
        for each in held:
            self._hold(each.reason, 1)
            ends = each.reason.free_at
            # It is free no sooner than its one reason ends: most need not be asked.
            if ends and (self._first_at is None or ends < self._first_at):
                self._come_free(each.free_at(), each.contact.call_list_id, each.contact.duty)
        return len(held)

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
