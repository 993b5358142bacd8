"""Who may call whom just now: campaigns, definitions, dates, scripts, lists and hours, looked up once for many."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlmodel import Session

from outbound.call_lists.model import Duty
from outbound.calling_rules.calendar import overrides_of
from outbound.calling_rules.days import NO_OVERRIDES, Overrides
from outbound.calling_rules.profiles import Profile
from outbound.calling_rules.windows import window_open
from outbound.campaigns import lookups as campaigns
from outbound.campaigns.definition import Definition
from outbound.campaigns.model import CampaignState
from outbound.clock import local_day
from outbound.dialing.statements import Book, Statement
from outbound.people import Role

DUTIES = {
    Role.AGENT: (Duty.PITCH, Duty.RECALL, Duty.CORRECTION),
    Role.VERIFIER: (Duty.CONFIRMATION,),
}
"""Which calls each role makes."""
PROTECTIVE = (Duty.CONFIRMATION, Duty.CORRECTION)
"""Calls that protect a customer go on when a campaign is paused, over or closed."""


@dataclass(frozen=True, slots=True)
class Asker:
    """Somebody who wants the next contact, and in which roles."""

    staff_id: int
    roles: frozenset[Role]
    puts_back: int | None = None
    """The claim that they give back for another contact."""

    @property
    def duties(self) -> tuple[Duty, ...]:
        """The calls that they make."""
        return tuple(duty for role in Role if role in self.roles for duty in DUTIES.get(role, ()))


@dataclass(frozen=True, slots=True, eq=False)
class Terms:
    """What a campaign allows now."""

    id: int
    centre_id: int
    kind: str
    name: str
    definition: Definition
    overrides: Overrides
    ready: frozenset[Duty]
    """The duties that go on, and for which a script is in force."""
    names_its_staff: bool

    @property
    def rules(self) -> Profile:
        """The calling rules."""
        return self.definition.profile


_CAMPAIGNS = Statement(
    """SELECT c.id, c.centre_id, c.kind, c.name, c.state, c.starts_on, c.ends_on, v.source, z.zone,
        EXISTS (SELECT 1 FROM campaign_staff s WHERE s.campaign_id = c.id),
        EXISTS (SELECT 1 FROM calendar_decision d WHERE d.centre_id = c.centre_id)
    FROM campaign c JOIN campaign_version v ON v.campaign_id = c.id AND v.number = c.version
    JOIN centre z ON z.id = c.centre_id
    WHERE c.centre_id IN (SELECT id FROM {centres} AS asked) AND c.state <> 'draft' ORDER BY c.name""",
    centres={"id": "integer"},
)
_SCRIPTS = Statement(
    """SELECT s.centre_id, s.name FROM script s JOIN script_version v ON v.script_id = s.id
    WHERE v.state = 'in_force' AND s.centre_id IN (SELECT id FROM {centres} AS asked)""",
    centres={"id": "integer"},
)
_LISTS = Statement(
    """SELECT l.id, l.campaign_id, l.at FROM {campaigns} AS asked JOIN call_list l ON l.campaign_id = asked.id
    WHERE l.published_at <= :now""",
    campaigns={"id": "integer"},
)
_ZONES = Statement("SELECT id, zones FROM zone_group")
_NAMED = Statement(
    "SELECT s.staff_id, s.campaign_id FROM {staff} AS asked JOIN campaign_staff s ON s.staff_id = asked.id",
    staff={"id": "integer"},
)


def terms_of(book: Book, centres: Collection[int], *, now: datetime) -> list[Terms]:
    """What every campaign of those centres allows now, by name; those that were never opened are left out."""
    asked = [[centre] for centre in centres]
    readable = {(centre, name) for centre, name in book.ask(_SCRIPTS, centres=asked)}
    return [_terms(book, row, readable, now) for row in book.ask(_CAMPAIGNS, centres=asked)]


def _terms(book: Book, row: Any, readable: Collection[tuple[int, str]], now: datetime) -> Terms:
    number, centre, kind, name, state, starts, ends, source, zone, names_staff, decided = row
    definition = campaigns.definition_written(source)
    within = str(starts) <= local_day(now, zone).isoformat() <= str(ends)
    selling = state == CampaignState.OPEN and within
    ready = frozenset(
        duty
        for duty in Duty
        if (selling or duty in PROTECTIVE) and (centre, campaigns.script_name(definition, duty)) in readable
    )
    overrides = overrides_of(Session(book.connection), centre) if decided else NO_OVERRIDES
    return Terms(number, centre, kind, name, definition, overrides, ready, bool(names_staff))


Calls = tuple[tuple[Terms, tuple[Duty, ...]], ...]
"""The campaigns that somebody may call for, each with the duties."""


def calls_of(book: Book, askers: Sequence[Asker], centres: Sequence[int], terms: Sequence[Terms]) -> list[Calls]:
    """For each of the askers, who is of the centre at the same place, the calls that are open to them."""
    named: dict[int, set[int]] = {}
    for staff, campaign in book.ask(_NAMED, staff=[[asker.staff_id] for asker in askers]):
        named.setdefault(staff, set()).add(campaign)
    alike: dict[tuple[int, frozenset[Role], frozenset[int]], Calls] = {}
    found = []
    for asker, centre in zip(askers, centres, strict=True):
        kind = (centre, asker.roles, frozenset(named.get(asker.staff_id, ())))
        if kind not in alike:
            alike[kind] = _calls(asker.duties, centre, kind[2], terms)
        found.append(alike[kind])
    return found


def _calls(duties: Sequence[Duty], centre: int, named: Collection[int], terms: Iterable[Terms]) -> Calls:
    open_to = (
        (campaign, tuple(duty for duty in duties if duty in campaign.ready))
        for campaign in terms
        if campaign.centre_id == centre and (not campaign.names_its_staff or campaign.id in named)
    )
    return tuple((campaign, ready) for campaign, ready in open_to if ready)


def lists_of(book: Book, terms: Iterable[Terms], *, now: datetime) -> list[tuple[int, int, datetime]]:
    """The published lists of those campaigns: number, campaign, and when it came in."""
    rows = book.ask(_LISTS, campaigns=[[campaign.id] for campaign in terms], now=now)
    return [(number, campaign, book.instant(at)) for number, campaign, at in rows]


def is_too_old(rules: Profile, imported_at: datetime, *, now: datetime) -> bool:
    """Whether a list came in so long ago that nobody on it gets a first call before it is imported anew."""
    return bool(rules.list_max_age_days) and now - imported_at > timedelta(days=rules.list_max_age_days or 0)


def zones_of(book: Book) -> dict[int, str]:
    """Every group of time zones, as `Phone.zones` writes it."""
    return dict(tuple(row) for row in book.ask(_ZONES))


_hours: dict[tuple[int, int, str], tuple[Profile, Overrides, datetime, bool]] = {}
"""The answers of this minute by rules, calendar and zones; the objects are held, so that no other gets their id."""
_MOST_HOURS = 20_000


def is_open(rules: Profile, zones: str, overrides: Overrides, *, now: datetime) -> bool:
    """Whether numbers of these zones may ring in this minute; asked of the rules once a minute."""
    minute = now.replace(second=0, microsecond=0)
    key = (id(rules), id(overrides), zones)
    known = _hours.get(key)
    if known and known[2] == minute:
        return known[3]
    answer = window_open(rules, minute, tuple(zones.split(",")) if zones else (), overrides)
    if len(_hours) > _MOST_HOURS:
        _hours.clear()
    _hours[key] = (rules, overrides, minute, answer)
    return answer
