"""The life of a subscription as one table.

Each line: which event leads from where to where, what must be true, what the carrier is told, what the customer is
told, and under which name the journal keeps it. `outbound.subscriptions.diagram` draws docs/subscription.md from it.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlmodel import Session

from outbound import journal
from outbound.billing import instructions
from outbound.billing.model import InstructionKind
from outbound.calls.model import Call
from outbound.errors import Language, Refusal
from outbound.notices import making
from outbound.notices.model import NoticeKind
from outbound.people import Staff, known
from outbound.subscriptions import guards
from outbound.subscriptions.guards import Guard
from outbound.subscriptions.model import FINAL, StateChange, Subscription
from outbound.subscriptions.model import SubscriptionState as S

WAITING = frozenset({S.CONFIRMING, S.EXTENDED})
"""States in which a second confirmation is due."""
SOLD: frozenset[S] = frozenset()
"""Before the first state: the sale itself."""


@dataclass(frozen=True)
class Transition:
    """One line of the table; `after` is None where it leads back to where the review found the subscription.

    Who `prolongs` gives one further trial with the step.
    """

    before: frozenset[S]
    after: S | None
    guard: Guard
    journal: str
    tells: InstructionKind | None = None
    notifies: NoticeKind | None = None
    prolongs: bool = False


_ACTIVE = frozenset({S.TRIAL, S.CONFIRMING, S.EXTENDED, S.CONFIRMED, S.CHARGED})
TRANSITIONS: dict[str, Transition] = {
    "sale_valid": Transition(
        SOLD,
        S.TRIAL,
        guards.FIRST_STANDS,
        "subscription.trial",
        InstructionKind.ACTIVATE,
        NoticeKind.ORDER_SUMMARY,
    ),
    "sale_unsure": Transition(SOLD, S.RECALL_DUE, guards.FIRST_LACKS, "subscription.recall_due"),
    "sale_invalid": Transition(SOLD, S.VOID, guards.FIRST_LACKS, "subscription.void"),
    "recall_passed": Transition(
        frozenset({S.RECALL_DUE}),
        S.TRIAL,
        guards.FIRST_STANDS,
        "subscription.trial",
        InstructionKind.ACTIVATE,
        NoticeKind.ORDER_SUMMARY,
    ),
    "never_valid": Transition(frozenset({S.RECALL_DUE}), S.VOID, guards.FIRST_LACKS, "subscription.void"),
    "window_opened": Transition(frozenset({S.TRIAL}), S.CONFIRMING, guards.HAS_TRIAL, "subscription.confirming"),
    "not_reached": Transition(
        frozenset({S.CONFIRMING}),
        S.EXTENDED,
        guards.DESERVES_EXTENSION,
        "subscription.extended",
        InstructionKind.EXTEND,
        prolongs=True,
    ),
    "confirmed": Transition(WAITING, S.CONFIRMED, guards.CONFIRMED, "subscription.confirmed"),
    "confirmation_void": Transition(
        frozenset({S.CONFIRMED}), S.CONFIRMING, guards.SECOND_IS_VOID, "subscription.confirming"
    ),
    "charged": Transition(
        frozenset({S.CONFIRMED}), S.CHARGED, guards.CHARGED, "subscription.charged", notifies=NoticeKind.CHARGE
    ),
    "review_failed": Transition(_ACTIVE, S.CORRECTION_DUE, guards.FIRST_LACKS, "subscription.correction_due"),
    "corrected": Transition(frozenset({S.CORRECTION_DUE}), None, guards.FIRST_STANDS, "subscription.corrected"),
    "declined": Transition(
        frozenset(set(S) - FINAL),
        S.CANCELLED,
        guards.WITHDRAWN,
        "subscription.cancelled",
        InstructionKind.CANCEL,
        NoticeKind.CANCELLATION,
    ),
    "charge_void": Transition(
        frozenset({S.CHARGED}),
        S.CANCELLED,
        guards.SECOND_IS_VOID,
        "subscription.cancelled",
        InstructionKind.CANCEL,
        NoticeKind.CANCELLATION,
    ),
    "lapsed": Transition(
        frozenset({S.TRIAL, S.CONFIRMING, S.EXTENDED, S.CORRECTION_DUE}),
        S.LAPSED,
        guards.IS_LACKING,
        "subscription.lapsed",
        InstructionKind.CANCEL,
        NoticeKind.CANCELLATION,
    ),
}
"""The whole life, in the order in which it goes."""


class WrongState(Refusal):
    """This subscription is {state}; that step is not possible now."""

    zh = "该订购当前状态为“{state}”，不能执行此步骤。"

    def __init__(self, state: S) -> None:
        self.state = state
        super().__init__(state=state)

    def sentence(self, language: Language) -> str:
        """The sentence with the state as people read it."""
        template = self.zh if language == "zh" else str(self.__doc__)
        return template.format(state=self.state.words(language))


class GuardNotMet(Refusal):
    """This subscription cannot take that step; it needs this first: {guard}."""

    zh = "该订购还不能执行此步骤，须先满足：{guard}。"

    def __init__(self, guard: Guard) -> None:
        self.guard = guard
        super().__init__(guard=guard)


def move(
    session: Session,
    subscription: Subscription,
    event: str,
    *,
    now: datetime,
    by: Staff | None,
    call: Call | None = None,
    why: str = "",
) -> bool:
    """Take one step of TRANSITIONS; False where it was taken already. Raises WrongState and GuardNotMet."""
    step = TRANSITIONS[event]
    if subscription.state == step.after:
        return False
    if subscription.state not in step.before:
        raise WrongState(state=subscription.state)
    _refuse_unguarded(session, subscription, step)
    before, after = subscription.state, step.after or subscription.before_correction or S.TRIAL
    if step.after is None:
        subscription.before_correction = None
    if step.prolongs:
        subscription.prolong()
    subscription.state = after
    session.add(subscription)
    _write_down(session, subscription, step, why or event, before=before, by=by, call=call, now=now)
    _tell(session, subscription, step, now=now)
    return True


def begin(
    session: Session, subscription: Subscription, event: str, *, by: Staff, call: Call, now: datetime, **facts: Any
) -> None:
    """Write the first step of a new subscription, which stands in the state it leads to. Raises GuardNotMet."""
    step = TRANSITIONS[event]
    _refuse_unguarded(session, subscription, step)
    _write_down(session, subscription, step, event, before=None, by=by, call=call, now=now, **facts)
    _tell(session, subscription, step, now=now)


def _refuse_unguarded(session: Session, subscription: Subscription, step: Transition) -> None:
    if not step.guard.holds(session, subscription):
        raise GuardNotMet(step.guard)


def _write_down(
    session: Session,
    subscription: Subscription,
    step: Transition,
    why: str,
    *,
    before: S | None,
    by: Staff | None,
    call: Call | None,
    now: datetime,
    **facts: Any,
) -> None:
    session.add(
        StateChange(
            subscription_id=known(subscription.id),
            before=before,
            after=subscription.state,
            why=why,
            call_id=call.id if call else None,
            by_id=by.id if by else None,
            at=now,
        )
    )
    session.flush()
    journal.record(session, step.journal, subscription, by=by, now=now, before=before, why=why, **facts)


def _tell(session: Session, subscription: Subscription, step: Transition, *, now: datetime) -> None:
    """Tell the carrier and the customer, unless neither ever heard of it."""
    if subscription.trial_starts_on is None:
        return
    if step.tells and not (
        step.tells == InstructionKind.CANCEL and instructions.is_never_active(session, subscription)
    ):
        instructions.tell(session, subscription, step.tells, now=now)
    if step.notifies:
        making.notify(session, subscription, step.notifies, now=now)
