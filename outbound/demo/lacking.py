"""What visitors of the demo must find and chance may have left out: the last calls of the fortnight see to it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from sqlmodel import col, select

from outbound.call_lists.model import Duty
from outbound.calls import outcomes
from outbound.calls.model import Call
from outbound.compliance import Criterion, Mark
from outbound.demo.stage import Stage
from outbound.subscriptions.model import StateChange, Subscription
from outbound.subscriptions.model import SubscriptionState as S
from scripts.vocabulary import CONSENTED, Kind

_DAY = timedelta(hours=12)
_PASSED = dict.fromkeys(Criterion, Mark.PASS)
_UNSURE = {**_PASSED, Criterion.UNDERSTANDING: Mark.UNSURE}
_FAILED = {**_PASSED, Criterion.IDENTITY_AND_PERMISSION: Mark.FAIL}


@dataclass(frozen=True)
class Wanted:
    """How a call shall end, and for a yes how its seller marks it and whether a fault is heard on it."""

    outcome: str
    marks: Mapping[Criterion, Mark] | None = None
    faulty: bool = False


def wanted(stage: Stage, call: Call, kind: Kind) -> Wanted | None:
    """How this call must end so that everything is there to be seen; None where chance may decide."""
    if call.duty == Duty.CORRECTION and "corrected" not in _ended(stage):
        return Wanted("corrected")
    if not stage.last_days:
        return None
    if call.duty == Duty.RECALL:
        # A doubt that is left for the visitors to settle.
        return Wanted("no_answer")
    ended = _ended(stage)
    for outcome in outcomes.of_duty(stage.session, call.duty, kind):
        if outcome.code not in ended:
            return Wanted(outcome.code, _PASSED)
    if call.duty == Duty.CONFIRMATION:
        return _of_confirmation(stage)
    yes = CONSENTED.get(kind)
    return _of_sale(stage, call, str(yes)) if call.duty == Duty.PITCH and stage.last_day and yes else None


def _ended(stage: Stage) -> set[str | None]:
    return set(stage.session.exec(select(Call.outcome_code).distinct()))


def _states(stage: Stage) -> set[str]:
    return set(stage.session.exec(select(Subscription.state).distinct()))


def _of_confirmation(stage: Stage) -> Wanted | None:
    """By the last evening somebody has confirmed, whose charge a complaint then holds, and somebody took it back."""
    states = _states(stage)
    if S.CONFIRMED not in states:
        return Wanted("confirmed")
    return Wanted("declined") if S.CANCELLED not in states else None


def _of_sale(stage: Stage, call: Call, yes: str) -> Wanted | None:
    """Each centre has a sale of the last day to draw from, one with a fault; one is in doubt, one was none."""
    if not _sold_today(stage, call):
        return Wanted(yes, _PASSED, faulty=call.centre_id == stage.company.centres["fz"].id)
    states = _states(stage)
    for state, marks in ((S.RECALL_DUE, _UNSURE), (S.VOID, _FAILED)):
        if state not in states:
            return Wanted(yes, marks)
    return None


def _sold_today(stage: Stage, call: Call) -> bool:
    asked = select(StateChange.id).join(Subscription, col(Subscription.id) == col(StateChange.subscription_id))
    here = asked.where(Subscription.centre_id == call.centre_id, col(StateChange.before).is_(None))
    today = here.where(col(StateChange.at) > call.dialled_at - _DAY, StateChange.after == S.TRIAL)
    return stage.session.exec(today.limit(1)).first() is not None
