"""Who may call whom just now: campaigns, definitions, dates, scripts, lists and hours, looked up once for many."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
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
from outbound.dialing.statements import Book, Question, Statement
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
    scripts: Mapping[Duty, int]
    """The script version that is read for each duty that goes on."""
    names_its_staff: bool

    @property
    def ready(self) -> Collection[Duty]:
        """The duties that go on, and for which a script is in force."""
        return self.scripts.keys()

    @property
    def rules(self) -> Profile:
        """The calling rules."""
        return self.definition.profile


_THEIRS = "(SELECT s.centre_id FROM {staff} AS asked JOIN staff s ON s.id = asked.id)"
_CAMPAIGNS = Statement(
    f"""SELECT c.id, c.centre_id, c.kind, c.name, c.state, c.starts_on, c.ends_on, v.source, z.zone,
        EXISTS (SELECT 1 FROM campaign_staff s WHERE s.campaign_id = c.id),
        EXISTS (SELECT 1 FROM calendar_decision d WHERE d.centre_id = c.centre_id),
        (SELECT w.text FROM campaign_rules p JOIN own_rules_version w ON w.id = p.rules_version_id
            WHERE p.campaign_version_id = v.id)
    FROM campaign c JOIN campaign_version v ON v.campaign_id = c.id AND v.number = c.version
    JOIN centre z ON z.id = c.centre_id
    WHERE c.centre_id IN {_THEIRS} AND c.state <> 'draft' ORDER BY c.name""",
    staff={"id": "integer"},
)
_SCRIPTS = Statement(
    f"""SELECT s.centre_id, s.name, v.id FROM script s JOIN script_version v ON v.script_id = s.id
    WHERE v.state = 'in_force' AND s.centre_id IN {_THEIRS}""",
    staff={"id": "integer"},
)
_LISTS = Statement(
    f"""SELECT l.id, l.campaign_id, l.at FROM call_list l JOIN campaign c ON c.id = l.campaign_id
    WHERE l.centre_id IN {_THEIRS} AND l.published_at <= :now AND c.state <> 'draft'""",
    staff={"id": "integer"},
)
_ZONES = Statement("SELECT id, zones FROM zone_group")
_NAMED = Statement(
    "SELECT s.staff_id, s.campaign_id FROM {staff} AS asked JOIN campaign_staff s ON s.staff_id = asked.id",
    staff={"id": "integer"},
)
# Whatever else was changed about the campaign: the offer is still the one that they read.
_READ = Statement(
    """SELECT b.staff_id, b.campaign_id, b.script_version_id
    FROM {staff} AS asked JOIN briefing_read b ON b.staff_id = asked.id
    JOIN campaign_version seen ON seen.id = b.campaign_version_id
    JOIN campaign c ON c.id = b.campaign_id
    JOIN campaign_version told ON told.campaign_id = c.id AND told.number = c.version
    WHERE seen.offer_since = told.offer_since OR (seen.offer_since IS NULL AND told.offer_since IS NULL)""",
    staff={"id": "integer"},
)

Calls = tuple[tuple[Terms, tuple[Duty, ...]], ...]
"""The campaigns that somebody may call for, each with the duties."""


class Ground:
    """What is so now in the centres of some staff: campaigns, scripts in force, lists, zones, who is named where."""

    def __init__(self, book: Book, answers: Sequence[Sequence[Any]], *, now: datetime) -> None:
        """`answers` are those to `questions`."""
        campaigns, scripts, lists, zones, named, read = answers
        in_force = {(centre, name): version for centre, name, version in scripts}
        self.terms = [_terms(book, row, in_force, now) for row in campaigns]
        """Every campaign that was ever opened, by name."""
        self.zones: dict[int, str] = dict(tuple(row) for row in zones)
        """Every group of time zones, as `Phone.zones` writes it."""
        self._lists = [(number, campaign, book.instant(at)) for number, campaign, at in lists]
        self._named: defaultdict[int, set[int]] = defaultdict(set)
        for staff, campaign in named:
            self._named[staff].add(campaign)
        self._read: defaultdict[int, set[tuple[int, int]]] = defaultdict(set)
        for staff, campaign, script in read:
            self._read[staff].add((campaign, script))

    def calls(self, askers: Sequence[Asker], centres: Sequence[int]) -> list[Calls]:
        """For each of the askers, who is of the centre at the same place, the calls that they may make.

        What they have not read the briefing of is not among them: neither are its contacts handed out to them.
        """
        alike: dict[object, Calls] = {}
        found = []
        for asker, centre in zip(askers, centres, strict=True):
            named, read = frozenset(self._named[asker.staff_id]), frozenset(self._read[asker.staff_id])
            kind = (centre, asker.roles, named, read)
            if kind not in alike:
                alike[kind] = _told(_calls(asker.duties, centre, named, self.terms), read)
            found.append(alike[kind])
        return found

    def unread(self, asker: Asker, centre: int) -> Calls:
        """The calls that they may make as soon as they have read the briefing."""
        every = _calls(asker.duties, centre, self._named[asker.staff_id], self.terms)
        return _told(every, self._read[asker.staff_id], is_read=False)

    def lists_of(self, terms: Iterable[Terms]) -> list[tuple[int, int, datetime]]:
        """The published lists of those campaigns: number, campaign, and when it came in."""
        wanted = {campaign.id for campaign in terms}
        return [listed for listed in self._lists if listed[1] in wanted]


def questions(staff: Collection[int], *, now: datetime) -> list[Question]:
    """What must be asked to know the ground for those staff."""
    asked = [[number] for number in staff]
    concerning_them = [_CAMPAIGNS.of(staff=asked), _SCRIPTS.of(staff=asked), _LISTS.of(staff=asked, now=now)]
    return [*concerning_them, _ZONES.of(), _NAMED.of(staff=asked), _READ.of(staff=asked)]


def ground_of(book: Book, staff: Collection[int], *, now: datetime) -> Ground:
    """What is so now in the centres of those staff."""
    return Ground(book, book.ask_together(*questions(staff, now=now)), now=now)


def _terms(book: Book, row: Any, in_force: Mapping[tuple[int, str | None], int], now: datetime) -> Terms:
    number, centre, kind, name, state, starts, ends, source, zone, names_staff, decided, rules = row
    definition = campaigns.definition_written(source, rules or "")
    within = str(starts) <= local_day(now, zone).isoformat() <= str(ends)
    selling = state == CampaignState.OPEN and within
    named = {duty: (centre, campaigns.script_name(definition, duty)) for duty in Duty if selling or duty in PROTECTIVE}
    scripts = {duty: in_force[name] for duty, name in named.items() if name in in_force}
    overrides = overrides_of(Session(book.connection), centre) if decided else NO_OVERRIDES
    return Terms(number, centre, kind, name, definition, overrides, scripts, bool(names_staff))


def _calls(duties: Sequence[Duty], centre: int, named: Collection[int], terms: Iterable[Terms]) -> Calls:
    open_to = (
        (campaign, tuple(duty for duty in duties if duty in campaign.ready))
        for campaign in terms
        if campaign.centre_id == centre and (not campaign.names_its_staff or campaign.id in named)
    )
    return tuple((campaign, ready) for campaign, ready in open_to if ready)


def _told(calls: Calls, read: Collection[tuple[int, int]], *, is_read: bool = True) -> Calls:
    """Those of which somebody has read the briefing, by campaign and script version; or those of which not."""
    some = (
        (each, tuple(duty for duty in duties if ((each.id, each.scripts[duty]) in read) == is_read))
        for each, duties in calls
    )
    return tuple((each, duties) for each, duties in some if duties)


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
