"""What the rules want to know of contacts, and what they say: of one, or of many with one statement."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlmodel import Session, select

from outbound.call_lists.model import Contact, Duty
from outbound.calling_rules.calendar import overrides_of
from outbound.calling_rules.holds import Facts, Hold
from outbound.calling_rules.profiles import Profile
from outbound.calling_rules.rules import held_back, next_free
from outbound.campaigns import lookups as campaigns
from outbound.campaigns.model import Campaign
from outbound.dialing.lanes import Candidate
from outbound.dialing.statements import Book, Statement
from outbound.opt_outs import verbs as opt_outs
from outbound.opt_outs.model import OptOut
from outbound.phones.model import Phone

DAYS_COUNT_FOR = timedelta(hours=50)
"""How long a day in which somebody was tried may go on somewhere, and be counted."""


def holds_on(session: Session, contact: Contact, *, now: datetime) -> list[Hold]:
    """Every rule that holds a contact back now, in words, and when each lets go."""
    phone = session.get_one(Phone, contact.phone_id)
    rules = rules_for(session, contact)
    return held_back(rules, now=now, **facts_of(session, contact, phone, rules, now=now))


def rules_for(session: Session, contact: Contact) -> Profile:
    """The calling rules that hold for a contact."""
    written = campaigns.definition_of(session, session.get_one(Campaign, contact.campaign_id)).profile
    return as_wished(written, callback=contact.callback)


def as_wished(rules: Profile, *, callback: bool) -> Profile:
    """The rules as far as the customer's own wish does not stand above them."""
    # The customer chose the time of a callback: the distance between tries protects nobody then. Caps still hold.
    return rules.model_copy(update={"spacing": None}) if callback and rules.spacing else rules


def reach(rules: Profile) -> timedelta:
    """How far back a dial of a number, or of a contact on that day, may still hold it."""
    return max([cap.within for cap in rules.caps] + [rules.spacing or timedelta(), DAYS_COUNT_FOR])


def opted_out(session: Session, phone: Phone, campaign: Campaign, *, now: datetime) -> bool:
    """Whether the number must not be rung for this campaign."""
    condition = opt_outs.in_force(now, kind=campaign.kind, campaign_id=campaign.id)
    asked = select(OptOut.id).where(OptOut.phone_id == phone.id, condition)
    return session.exec(asked.limit(1)).first() is not None


_DIALS = Statement(
    """SELECT 'try', c.dialled_at FROM call c WHERE c.phone_id = :phone AND c.dialled_at > :since
    UNION ALL SELECT 'attempt', c.dialled_at FROM call c WHERE c.contact_id = :contact AND c.duty = :duty
    UNION ALL SELECT 'list', l.at FROM call_list l WHERE l.id = :list"""
)


def facts_of(session: Session, contact: Contact, phone: Phone, rules: Profile, *, now: datetime) -> Facts:
    """What the calling rules want to know of a contact: one ledger of dials, by hand or not, in all campaigns."""
    book = Book.of(session)
    rows = book.ask(
        _DIALS,
        phone=phone.id,
        contact=contact.id,
        duty=contact.duty,
        list=contact.call_list_id,
        since=now - reach(rules),
    )
    found: dict[str, list[datetime]] = {"try": [], "attempt": [], "list": []}
    for what, at in rows:
        found[what].append(book.instant(at))
    return Facts(
        time_zones=phone.time_zones,
        tries=found["try"],
        list_imported_at=found["list"][0] if contact.duty == Duty.PITCH else None,
        attempts_on_contact=found["attempt"],
        workday_override=overrides_of(session, contact.centre_id),
    )


_KNOWN = Statement(
    """SELECT 'try', c.phone_id, c.dialled_at, CAST(NULL AS text), CAST(NULL AS integer)
        FROM {phones} AS p JOIN call c ON c.phone_id = p.id AND c.dialled_at > :since
    UNION ALL SELECT 'attempt', c.contact_id, c.dialled_at, c.duty, NULL
        FROM {contacts} AS p JOIN call c ON c.contact_id = p.id
    UNION ALL SELECT 'opt_out', o.phone_id, NULL, o.campaign_kind, o.campaign_id
        FROM {phones} AS p JOIN opt_out o ON o.phone_id = p.id
        WHERE (o.expires_at IS NULL OR o.expires_at > :now)
        AND NOT EXISTS (SELECT 1 FROM opt_out_lifting l WHERE l.opt_out_id = o.id)
    UNION ALL SELECT 'in_hand', h.phone_id, NULL, NULL, NULL
        FROM {phones} AS p JOIN claim h ON h.phone_id = p.id AND h.ended_at IS NULL""",
    phones={"id": "integer"},
    contacts={"id": "integer"},
)


@dataclass
class Known:
    """What is known of some contacts and their numbers."""

    tries: defaultdict[int, list[datetime]] = field(default_factory=lambda: defaultdict(list))
    attempts: defaultdict[tuple[int, str], list[datetime]] = field(default_factory=lambda: defaultdict(list))
    opt_outs: defaultdict[int, list[tuple[str | None, int | None]]] = field(default_factory=lambda: defaultdict(list))
    in_hand: set[int] = field(default_factory=set)

    def is_opted_out(self, candidate: Candidate) -> bool:
        """Whether the number must not be rung for the candidate's campaign."""
        terms = candidate.lane.terms
        concerning = ((None, None), (terms.kind, None), (None, terms.id))
        return any(blocked in concerning for blocked in self.opt_outs.get(candidate.phone_id, ()))


def known_of(book: Book, candidates: Collection[Candidate], *, now: datetime) -> Known:
    """What is known of all of them; there is one at least."""
    known = Known()
    phones, contacts = [[each.phone_id] for each in candidates], [[each.id] for each in candidates]
    since = now - max(reach(terms.rules) for terms in {each.lane.terms for each in candidates})
    rows = book.ask(_KNOWN, phones=phones, contacts=contacts, since=since, now=now)
    for what, number, at, text, campaign in rows:
        _note(known, book, (what, number, at, text, campaign))
    return known


def _note(known: Known, book: Book, row: Sequence[Any]) -> None:
    what, number, at, text, campaign = row
    if what == "try":
        known.tries[number].append(book.instant(at))
    elif what == "attempt":
        known.attempts[number, text].append(book.instant(at))
    elif what == "opt_out":
        known.opt_outs[number].append((text, campaign))
    else:
        known.in_hand.add(number)


@dataclass(frozen=True, slots=True)
class PutOff:
    """A contact that is not to be rung now: not before an instant, or (None) never."""

    candidate: Candidate
    until: datetime | None
    why: str


def put_off(candidate: Candidate, known: Known, *, now: datetime) -> PutOff | None:
    """Whether something holds the candidate back, and until when; None where it may be rung.

    Its lane is open and its list young enough: what is asked here is what depends on the number and the contact.
    """
    if known.is_opted_out(candidate):
        return PutOff(candidate, None, "opted_out")
    tries, attempts = known.tries.get(candidate.phone_id), known.attempts.get((candidate.id, candidate.lane.duty))
    if not tries and not attempts:
        return None
    terms = candidate.lane.terms
    facts = Facts(
        time_zones=candidate.lane.time_zones,
        tries=tries or (),
        attempts_on_contact=attempts or (),
        workday_override=terms.overrides,
    )
    free_at = next_free(as_wished(terms.rules, callback=candidate.lane.callback), now=now, **facts)
    if free_at == now:
        return None
    return PutOff(candidate, free_at, "" if free_at else "rules")
