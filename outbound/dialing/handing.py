"""The hand-out of many at once: who asks gets the best contact that is theirs, in the order in which they ask.

One transaction, a few statements, whatever the number of those who ask. `outbound.dialing.queue` brings them together;
`handout.claim_next` asks for one. The answers are those that asking one after the other would give.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from outbound.dialing.barring import reviewers
from outbound.dialing.facts import Known, PutOff, known_of, put_off
from outbound.dialing.lanes import Candidate, Stream, lanes_of
from outbound.dialing.statements import Book, Question, Statement
from outbound.dialing.terms import Asker, Calls, Ground, Terms, questions

PUT_BACK_FOR = timedelta(minutes=10)
"""How long a contact that was put back rests, so that the next hand-out is another one."""
MOST_PUT_OFF = 2_000
"""Contacts held back by a rule that are put off in one transaction; who asks then is served in the next one."""

# A wrap-up that has one of them in its hands ends it itself.
_END_EXPIRED = Statement(
    """UPDATE claim SET ended_at = :now, ended_how = 'lease_ended' WHERE id IN (
        SELECT id FROM claim WHERE ended_at IS NULL AND lease_until <= :now {lock})""",
    only={"lock": {"sqlite": "", "postgresql": "FOR UPDATE SKIP LOCKED"}},
)
# A call under way is not undone: who has dialled keeps the contact.
_PUT_BACK = Statement(
    """UPDATE claim SET ended_at = :now, ended_how = 'put_back' FROM {claims} AS n
    WHERE claim.id = n.id AND claim.agent_id = n.agent AND claim.ended_at IS NULL
    AND NOT EXISTS (SELECT 1 FROM call c WHERE c.claim_id = claim.id AND c.wrapped_up_at IS NULL)""",
    claims={"id": "integer", "agent": "integer"},
)
_REST = Statement(
    """UPDATE contact SET due_at = CASE WHEN p.was_due_at > {until} THEN p.was_due_at ELSE {until} END
    FROM {claims} AS n JOIN claim p ON p.id = n.id
    WHERE contact.id = p.contact_id AND p.agent_id = n.agent AND p.ended_how = 'put_back' AND p.ended_at = :now
    AND NOT EXISTS (SELECT 1 FROM claim o WHERE o.contact_id = p.contact_id AND o.ended_at IS NULL)""",
    only={"until": {"sqlite": ":until", "postgresql": "CAST(:until AS timestamptz)"}},
    claims={"id": "integer", "agent": "integer"},
)
_WHO = Statement(
    """SELECT s.id, s.centre_id, (SELECT c.id FROM claim c WHERE c.agent_id = s.id AND c.ended_at IS NULL)
    FROM {staff} AS asked JOIN staff s ON s.id = asked.id""",
    staff={"id": "integer"},
)
_CLAIM = {
    "centre": "integer",
    "campaign": "integer",
    "contact": "integer",
    "phone": "integer",
    "agent": "integer",
    "duty": "text",
    "epoch": "integer",
    "why": "text",
    "lease": "timestamptz",
    "due": "timestamptz",
}
# Looked at in the same statement: to wait for a wrap-up that is about to end a claim would be to wait in a circle.
_INSERT = Statement(
    """INSERT INTO claim (centre_id, campaign_id, contact_id, phone_id, agent_id, duty, epoch, why_now, claimed_at,
        lease_until, was_due_at)
    SELECT n.centre, n.campaign, n.contact, n.phone, n.agent, n.duty, n.epoch, n.why, {now}, n.lease, n.due
    FROM {claims} AS n
    WHERE NOT EXISTS (SELECT 1 FROM claim o WHERE o.ended_at IS NULL AND o.contact_id = n.contact)
    AND NOT EXISTS (SELECT 1 FROM claim o WHERE o.ended_at IS NULL AND o.phone_id = n.phone)
    AND NOT EXISTS (SELECT 1 FROM claim o WHERE o.ended_at IS NULL AND o.agent_id = n.agent)
    ORDER BY n.phone
    ON CONFLICT DO NOTHING RETURNING id, agent_id""",
    only={"now": {"sqlite": ":now", "postgresql": "CAST(:now AS timestamptz)"}},
    claims=_CLAIM,
)
_TAKE = Statement(
    """UPDATE contact SET epoch = t.epoch, due_at = t.lease_until
    FROM {picked} AS n JOIN claim t ON t.contact_id = n.id AND t.ended_at IS NULL
    WHERE contact.id = n.id AND t.epoch = contact.epoch + 1""",
    picked={"id": "integer"},
)
_PUT_OFF = Statement(
    "UPDATE contact SET due_at = n.until FROM {contacts} AS n WHERE contact.id = n.id",
    contacts={"id": "integer", "until": "timestamptz"},
)
_CLOSE = Statement(
    "UPDATE contact SET state = 'closed', closed_why = n.why FROM {contacts} AS n WHERE contact.id = n.id",
    contacts={"id": "integer", "why": "text"},
)


@dataclass
class HandedOut:
    """Who got what: the claim by the agent's number.

    `unserved` must ask again, there was too much to be put off; `contested`: nobody is left but those whom another
    transaction looks at just now, and may leave.
    """

    claims: dict[int, int] = field(default_factory=dict)
    unserved: set[int] = field(default_factory=set)
    contested: set[int] = field(default_factory=set)


def hand_out(book: Book, askers: Sequence[Asker], *, now: datetime) -> HandedOut:
    """A claim for everybody who asks and for whom somebody is due; who holds one gets the same again.

    Due callbacks go first, then priority, then who has waited longest; of two who could get the same contact, who
    asked first gets it. Staff who do not exist get nobody.
    """
    staff = {asker.staff_id for asker in askers}
    who = _WHO.of(staff=[[number] for number in staff])
    opening = [_END_EXPIRED.of(now=now), *_put_back(askers, now=now), who]
    answers = book.ask_together(*opening, *questions(staff, now=now))
    done, centres = HandedOut(), dict[int, int]()
    for number, centre, claim in answers[len(opening) - 1]:
        if claim is not None:
            done.claims[number] = claim
        elif centre is not None:
            centres[number] = centre
    empty_handed = [asker for asker in askers if asker.staff_id in centres]
    if empty_handed:
        ground = Ground(book, answers[len(opening) :], now=now)
        calls = ground.calls(empty_handed, [centres[asker.staff_id] for asker in empty_handed])
        _Round(book, ground, list(zip(empty_handed, calls, strict=True)), done, now=now).serve()
    return done


def _put_back(askers: Sequence[Asker], *, now: datetime) -> list[Question]:
    given = [[asker.puts_back, asker.staff_id] for asker in askers if asker.puts_back is not None]
    rest = _REST.of(claims=given, until=now + PUT_BACK_FOR, now=now)
    return [_PUT_BACK.of(claims=given, now=now), rest] if given else []


class _Round:
    """One hand-out to people who hold nothing."""

    def __init__(
        self, book: Book, ground: Ground, askers: Sequence[tuple[Asker, Calls]], done: HandedOut, *, now: datetime
    ) -> None:
        self._book, self._now, self._done = book, now, done
        self._askers = [(asker, open_to) for asker, open_to in askers if open_to]
        self._lanes = lanes_of(book, ground, {open_to for _, open_to in self._askers}, now=now)
        self._leases = {campaign.id: self._lease(campaign) for campaign in ground.terms}
        self._streams: dict[Calls, Stream] = {}
        self._known: dict[int, Known] = {}
        self._reviewers: dict[int, frozenset[int]] = {}
        self._gone: set[int] = set()
        """Contacts that are nobody's any more in this round."""
        self._phones_gone: set[int] = set()
        self._put_off: list[PutOff] = []

    def serve(self) -> None:
        """Give out, and write down what was given and what was put off."""
        waiting = self._askers
        while waiting and (picked := dict(self._picks(waiting))):
            self._claim(picked)
            self._find_claims_of(picked.keys() - self._done.claims.keys())
            lost = picked.keys() - self._done.claims.keys()
            waiting = [each for each in waiting if each[0].staff_id in lost]
        self._write_put_off()

    def _picks(self, askers: Iterable[tuple[Asker, Calls]]) -> Iterator[tuple[int, Candidate]]:
        picked: set[int] = set()
        for asker, open_to in askers:
            if asker.staff_id in picked:
                continue
            if candidate := self._pick(asker, self._stream(open_to)):
                self._gone.add(candidate.id)
                self._phones_gone.add(candidate.phone_id)
                picked.add(asker.staff_id)
                yield asker.staff_id, candidate

    def _stream(self, open_to: Calls) -> Stream:
        if open_to not in self._streams:
            wanted = dict(open_to)
            lanes = [lane for lane in self._lanes if lane.duty in wanted.get(lane.terms, ())]
            agents = {asker.staff_id for asker, _ in self._askers}
            self._streams[open_to] = Stream(self._book, lanes, agents, now=self._now)
        return self._streams[open_to]

    def _pick(self, asker: Asker, stream: Stream) -> Candidate | None:
        """The first in the stream that may be rung by who asks."""
        for candidate in stream.without(self._gone):
            if candidate.id not in self._known:
                self._learn(stream.waiting)
            if self._is_for(candidate, asker.staff_id) and self._may_be_rung(candidate):
                return candidate
            if len(self._put_off) >= MOST_PUT_OFF:
                self._done.unserved.add(asker.staff_id)
                return None
        if self._book.saw_locked:
            self._done.contested.add(asker.staff_id)
        return None

    def _learn(self, candidates: Iterable[Candidate]) -> None:
        strangers = [each for each in candidates if each.id not in self._known]
        self._known |= dict.fromkeys((each.id for each in strangers), known_of(self._book, strangers, now=self._now))
        self._reviewers |= reviewers(self._book, strangers, now=self._now)

    def _is_for(self, candidate: Candidate, staff_id: int) -> bool:
        return candidate.is_for(staff_id) and staff_id not in self._reviewers.get(candidate.id, ())

    def _may_be_rung(self, candidate: Candidate) -> bool:
        known = self._known[candidate.id]
        if candidate.phone_id in known.in_hand or candidate.phone_id in self._phones_gone:
            return False
        hold = put_off(candidate, known, now=self._now)
        if hold:
            self._put_off.append(hold)
            self._gone.add(candidate.id)
        return hold is None

    def _find_claims_of(self, losers: Collection[int]) -> None:
        """Who asked twice at once may have got a claim by the other request."""
        if losers:
            held = self._book.ask(_WHO, staff=[[agent] for agent in losers])
            self._done.claims |= {agent: claim for agent, _centre, claim in held if claim is not None}

    def _claim(self, picked: Mapping[int, Candidate]) -> None:
        rows = [self._claim_row(agent, candidate) for agent, candidate in picked.items()]
        contacts = [[candidate.id] for candidate in picked.values()]
        made, _ = self._book.ask_together(_INSERT.of(claims=rows, now=self._now), _TAKE.of(picked=contacts))
        self._done.claims |= {agent: claim for claim, agent in made}

    def _claim_row(self, agent: int, candidate: Candidate) -> list[Any]:
        lane = candidate.lane
        whose = [lane.terms.centre_id, lane.terms.id, candidate.id, candidate.phone_id, agent]
        return [
            *whose,
            lane.duty,
            candidate.epoch + 1,
            _why_now(candidate),
            self._leases[lane.terms.id],
            self._book.at(candidate.due_at),
        ]

    def _lease(self, terms: Terms) -> Any:
        return self._book.at(self._now + timedelta(minutes=terms.definition.calling.lease_minutes))

    def _write_put_off(self) -> None:
        later = [[hold.candidate.id, self._book.at(hold.until)] for hold in self._put_off if hold.until]
        never = [[hold.candidate.id, hold.why] for hold in self._put_off if not hold.until]
        if later:
            self._book.do(_PUT_OFF, contacts=later)
        if never:
            self._book.do(_CLOSE, contacts=never)


def _why_now(candidate: Candidate) -> str:
    if candidate.lane.callback:
        return "callback"
    return "retry" if candidate.attempts else str(candidate.lane.duty)
