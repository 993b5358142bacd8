"""What a caller chooses from: how the call may end, and when the customer can be called back.

Both stay the same for hours, so they are worded once; what they are worded from is looked at every time, so that
nothing is ever stale.
"""

from datetime import date, datetime
from functools import lru_cache
from itertools import groupby

from sqlmodel import Session

from outbound.call_lists.model import Duty
from outbound.calling_rules.calendar import overrides_of
from outbound.calling_rules.profiles import DayKind
from outbound.calls import callbacks
from outbound.calls import outcomes as table_of_outcomes
from outbound.calls.model import Outcome
from outbound.calls.outcomes import Changes
from outbound.campaigns.lookups import definition_written, rules_text
from outbound.clock import local_day
from outbound.dialing.statements import Book, Statement
from outbound.errors import Language
from outbound.prompter import InHand
from scripts.vocabulary import Kind
from web import filters
from web.api import saying, shapes
from web.language import chosen_language

Decided = tuple[tuple[date, DayKind], ...]
MOST_KEPT = 256
_OUTCOMES = Statement("SELECT * FROM outcome ORDER BY code")
_worded: dict[object, list[shapes.OutcomeShown]] = {}


def outcomes(session: Session, duty: Duty, kind: Kind, changes: Changes) -> list[shapes.OutcomeShown]:
    """How a call of this duty may end with a script of `kind`, in the order of the screen."""
    rows = tuple(Book.of(session).ask(_OUTCOMES))
    key = (rows, duty, kind, tuple(changes.items()), chosen_language())
    if key not in _worded:
        if len(_worded) >= MOST_KEPT:
            _worded.clear()
        _worded[key] = [_outcome(outcome) for outcome in table_of_outcomes.of_duty(session, duty, kind, changes)]
    return _worded[key]


def _outcome(outcome: Outcome) -> shapes.OutcomeShown:
    return shapes.OutcomeShown(
        code=outcome.code,
        label=saying.outcome_name(outcome),
        key=outcome.key,
        contacted=outcome.contacted,
        after=outcome.after,
        note_required=outcome.note_required,
        consequence=saying.consequence(outcome),
    )


def callback_times(session: Session, hand: InHand, *, now: datetime) -> shapes.Callbacks:
    """When the customer in hand can be called back: a few likely times, and every half hour of the next days."""
    overrides = overrides_of(session, hand.claim.centre_id)
    rules, zones, zone = hand.definition.profile, hand.phone.time_zones, filters.zone()
    suggested = callbacks.suggested_times(rules, zones, zone=zone, now=now, overrides=overrides)
    half_hour = now.replace(minute=now.minute // 30 * 30, second=0, microsecond=0)
    return shapes.Callbacks(
        suggested=[shapes.Time(at=at, label=saying.said_time(at, now=now)) for at in suggested],
        days=_days(
            (hand.version.source, rules_text(hand.version)),
            zones,
            zone,
            half_hour,
            tuple(sorted(overrides.items())),
            chosen_language(),
        ),
    )


@lru_cache(maxsize=MOST_KEPT)
def _days(
    definition: tuple[str, str],
    zones: tuple[str, ...],
    zone: str,
    half_hour: datetime,
    overrides: Decided,
    _language: Language,
) -> list[shapes.Day]:
    rules = definition_written(*definition).profile
    possible = callbacks.possible_times(rules, zones, zone=zone, now=half_hour, overrides=dict(overrides))
    return [
        shapes.Day(label=saying.said_weekday(day), times=[shapes.Time(at=at, label=saying.clock(at)) for at in times])
        for day, times in groupby(possible, key=lambda at: local_day(at, zone))
    ]
