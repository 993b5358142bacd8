"""The life of a subscription as one table: which event leads from where to where, and what the carrier is told."""

from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session

from outbound import journal
from outbound.billing import instructions
from outbound.billing.model import InstructionKind
from outbound.calls.model import Call
from outbound.errors import Language, Refusal
from outbound.people import Staff, known
from outbound.subscriptions.model import FINAL, StateChange, Subscription
from outbound.subscriptions.model import SubscriptionState as S

WAITING = frozenset({S.CONFIRMING, S.EXTENDED})
"""States in which a second confirmation is due."""


@dataclass(frozen=True)
class Transition:
    """From which states an event leads where, and what the carrier is told."""

    before: frozenset[S]
    after: S
    tells: InstructionKind | None = None


TRANSITIONS: dict[str, Transition] = {
    "recall_passed": Transition(frozenset({S.RECALL_DUE}), S.TRIAL, InstructionKind.ACTIVATE),
    "never_valid": Transition(frozenset({S.RECALL_DUE}), S.VOID),
    "window_opened": Transition(frozenset({S.TRIAL}), S.CONFIRMING),
    "not_reached": Transition(frozenset({S.CONFIRMING}), S.EXTENDED, InstructionKind.EXTEND),
    "confirmed": Transition(WAITING, S.CONFIRMED),
    "confirmation_void": Transition(frozenset({S.CONFIRMED}), S.CONFIRMING),
    "charged": Transition(frozenset({S.CONFIRMED}), S.CHARGED),
    "review_failed": Transition(
        frozenset({S.TRIAL, S.CONFIRMING, S.EXTENDED, S.CONFIRMED, S.CHARGED}), S.CORRECTION_DUE
    ),
    "declined": Transition(frozenset(set(S) - FINAL), S.CANCELLED, InstructionKind.CANCEL),
    "lapsed": Transition(
        frozenset({S.TRIAL, S.CONFIRMING, S.EXTENDED, S.CORRECTION_DUE}), S.LAPSED, InstructionKind.CANCEL
    ),
}
"""The whole life after the sale; `resume_after_correction` goes back to where the review found it."""


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
    """Take one step of TRANSITIONS; False where it was taken already. Raises WrongState."""
    step = TRANSITIONS[event]
    if subscription.state == step.after:
        return False
    if subscription.state not in step.before:
        raise WrongState(state=subscription.state)
    enter(session, subscription, step.after, why or event, by=by, call=call, now=now)
    if step.tells and not _was_never_active(subscription, step.tells):
        instructions.tell(session, subscription, step.tells, now=now)
    return True


def _was_never_active(subscription: Subscription, kind: InstructionKind) -> bool:
    """What the carrier was never told to activate need not be cancelled."""
    return kind == InstructionKind.CANCEL and subscription.trial_starts_on is None


def enter(
    session: Session,
    subscription: Subscription,
    state: S,
    why: str,
    *,
    by: Staff | None,
    call: Call | None,
    now: datetime,
) -> None:
    """Put a subscription into a state, with its row of history; which steps are possible is for `move` to say."""
    before = subscription.state
    subscription.state = state
    session.add(subscription)
    session.add(
        StateChange(
            subscription_id=known(subscription.id),
            before=before,
            after=state,
            why=why,
            call_id=call.id if call else None,
            by_id=by.id if by else None,
            at=now,
        )
    )
    session.flush()
    journal.record(session, f"subscription.{state}", subscription, by=by, now=now, before=before, why=why)
