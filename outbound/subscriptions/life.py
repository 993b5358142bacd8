"""The life of a subscription: one table of transitions, and the verbs that walk it.

Every step writes its row of history, its journal entry, and the instruction to the carrier, in one transaction.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import Session, col, select

from outbound import journal
from outbound.billing import charges, instructions
from outbound.billing.model import InstructionKind
from outbound.call_lists.model import Contact, ContactState, Duty
from outbound.calls.model import Call, SelfMark
from outbound.campaigns import verbs as campaigns
from outbound.campaigns.definition import Definition
from outbound.campaigns.model import Campaign, CampaignVersion
from outbound.clock import local_day
from outbound.compliance import Verdict, verdict
from outbound.confirmations.model import Confirmation, ConfirmationKind, ConfirmationResult, ConfirmationVoid
from outbound.errors import Refusal
from outbound.people import Centre, Staff, known
from outbound.subscriptions.model import FINAL, StateChange, Subscription, Withdrawal
from outbound.subscriptions.model import SubscriptionState as S

CONFIRMATION_PRIORITY = 100
CORRECTION_PRIORITY = 200
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
    _enter(session, subscription, step.after, why or event, by=by, call=call, now=now)
    if step.tells:
        instructions.tell(session, subscription, step.tells, now=now)
    return True


def _enter(
    session: Session,
    subscription: Subscription,
    state: S,
    why: str,
    *,
    by: Staff | None,
    call: Call | None,
    now: datetime,
) -> None:
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


def of_call(session: Session, call: Call) -> Subscription | None:
    """The subscription that a call is about."""
    return of_contact(session, call.contact_id)


def of_contact(session: Session, contact_id: int) -> Subscription | None:
    """The subscription of a contact."""
    return session.exec(select(Subscription).where(Subscription.contact_id == contact_id)).first()


def marks_of(session: Session, call: Call) -> Verdict:
    """What the four marks of a call come to; raises CriteriaNotAllMarked."""
    marks = session.exec(select(SelfMark).where(SelfMark.call_id == call.id)).all()
    return verdict({mark.criterion: mark.mark for mark in marks})


def begin(session: Session, call: Call, *, by: Staff, now: datetime) -> Subscription:
    """A customer said yes for the first time: a trial, a re-call, or nothing, as the four marks say."""
    if existing := of_call(session, call):
        return existing
    came_to = marks_of(session, call)
    version = session.get_one(CampaignVersion, call.campaign_version_id)
    offer = Definition.model_validate(version.document).offer
    assert offer is not None, "a consent call belongs to a campaign with an offer"
    subscription = Subscription(
        centre_id=call.centre_id,
        campaign_id=call.campaign_id,
        campaign_version_id=call.campaign_version_id,
        contact_id=call.contact_id,
        phone_id=call.phone_id,
        sale_call_id=known(call.id),
        seller_id=known(by.id),
        offer_name=str(offer.name),
        price_fen=offer.price_fen,
        cycle=offer.cycle,
        trial_days=offer.trial_days,
        state=S.RECALL_DUE if came_to != Verdict.INVALID else S.VOID,
        made_at=now,
    )
    session.add(subscription)
    session.flush()
    session.add(
        StateChange(
            subscription_id=known(subscription.id),
            after=subscription.state,
            why=f"sale_{came_to}",
            call_id=call.id,
            by_id=by.id,
            at=now,
        )
    )
    journal.record(session, f"subscription.{subscription.state}", subscription, by=by, now=now, marks=came_to)
    _settle_sale(session, subscription, call, came_to, by=by, now=now)
    return subscription


def recalled(session: Session, subscription: Subscription, call: Call, *, by: Staff, now: datetime) -> None:
    """An unsure sale was called again and the customer answered yes."""
    subscription.recalls += 1
    came_to = marks_of(session, call)
    limit = _definition(session, subscription).calling.recalls
    if came_to == Verdict.INVALID or (came_to == Verdict.UNSURE and subscription.recalls >= limit):
        move(session, subscription, "never_valid", by=by, call=call, now=now)
        close_contact(session, subscription, "void")
        return
    _settle_sale(session, subscription, call, came_to, by=by, now=now)


def _settle_sale(
    session: Session, subscription: Subscription, call: Call, came_to: Verdict, *, by: Staff, now: datetime
) -> None:
    result = {Verdict.VALID: ConfirmationResult.PASSED, Verdict.INVALID: ConfirmationResult.FAILED}.get(came_to)
    if result:
        _keep_first(session, subscription, call, result, by=by, now=now)
    if came_to == Verdict.UNSURE:
        queue(session, subscription, Duty.RECALL, due_at=now, priority=CORRECTION_PRIORITY, barred_id=None)
    elif came_to == Verdict.VALID:
        _begin_trial(session, subscription, call, by=by, now=now)


def _keep_first(
    session: Session, subscription: Subscription, call: Call, result: ConfirmationResult, *, by: Staff, now: datetime
) -> None:
    session.add(
        Confirmation(
            subscription_id=known(subscription.id),
            kind=ConfirmationKind.FIRST,
            result=result,
            call_id=known(call.id),
            by_id=known(by.id),
            at=now,
        )
    )
    session.flush()


def _begin_trial(session: Session, subscription: Subscription, call: Call, *, by: Staff, now: datetime) -> None:
    """The days after the day of the yes are free, whole days, to midnight; without a trial, the days to confirm in."""
    today = local_day(call.dialled_at, zone_of(session, subscription))
    days = subscription.trial_days or _definition(session, subscription).confirmation.days_before
    subscription.trial_starts_on, subscription.trial_ends_on = today, today + timedelta(days=days)
    move(session, subscription, "recall_passed", by=by, call=call, now=now, why="all_four_pass")
    if not subscription.trial_days:
        open_window(session, subscription, now=now)


def open_window(session: Session, subscription: Subscription, *, now: datetime) -> None:
    """The second confirmation is due from now on: somebody other than the seller is to call."""
    if move(session, subscription, "window_opened", by=None, now=now):
        queue_confirmation(session, subscription, due_at=now)


def queue_confirmation(session: Session, subscription: Subscription, *, due_at: datetime) -> None:
    """Put the customer in the verifiers' queue, never for the seller."""
    queue(
        session,
        subscription,
        Duty.CONFIRMATION,
        due_at=due_at,
        priority=CONFIRMATION_PRIORITY,
        barred_id=subscription.seller_id,
    )


def queue(
    session: Session, subscription: Subscription, duty: Duty, *, due_at: datetime, priority: int, barred_id: int | None
) -> None:
    """The next call to the customer is for `duty`."""
    contact = session.get_one(Contact, subscription.contact_id)
    if contact.closed_why == "opted_out":
        return
    contact.state, contact.duty, contact.closed_why = ContactState.QUEUED, duty, ""
    contact.due_at, contact.priority, contact.barred_id = due_at, priority, barred_id
    contact.callback, contact.kept_for_id, contact.attempts = False, None, 0
    session.add(contact)
    session.flush()


def close_contact(session: Session, subscription: Subscription, why: str) -> None:
    """No further call to this customer."""
    contact = session.get_one(Contact, subscription.contact_id)
    if contact.state != ContactState.CLOSED:
        contact.state, contact.closed_why = ContactState.CLOSED, why
        session.add(contact)


def cancel(
    session: Session,
    subscription: Subscription,
    *,
    via: str,
    reason: str,
    by: Staff | None,
    now: datetime,
    call: Call | None = None,
) -> None:
    """The customer takes the yes back: at once everywhere; what was charged is reversed where it never was valid."""
    if subscription.state in FINAL:
        return
    session.add(
        Withdrawal(
            subscription_id=known(subscription.id), via=via, reason=reason[:400], by_id=by.id if by else None, at=now
        )
    )
    session.flush()
    session.refresh(subscription)
    if via == "complaint":
        charges.reverse_all(session, subscription, why="complaint", by=by, now=now)
    move(session, subscription, "declined", by=by, call=call, now=now, why=via)
    close_contact(session, subscription, "cancelled")


def lapse(session: Session, subscription: Subscription, *, now: datetime, why: str) -> None:
    """Nobody confirmed in time: it ends, and the carrier is told."""
    if move(session, subscription, "lapsed", by=None, now=now, why=why):
        close_contact(session, subscription, "lapsed")


def end_trial(session: Session, subscription: Subscription, *, now: datetime) -> None:
    """The trial ended without a yes: one further trial for who was not reached, otherwise the end."""
    if subscription.state == S.TRIAL:
        open_window(session, subscription, now=now)
    if _deserves_extension(session, subscription):
        assert subscription.trial_ends_on is not None
        subscription.trial_ends_on += timedelta(days=subscription.trial_days)
        move(session, subscription, "not_reached", by=None, now=now)
        queue_confirmation(session, subscription, due_at=now)
    else:
        lapse(session, subscription, now=now, why=f"{subscription.state}_at_trial_end")


def _deserves_extension(session: Session, subscription: Subscription) -> bool:
    if subscription.state != S.CONFIRMING or not subscription.trial_days or was_extended(session, subscription):
        return False
    if not _definition(session, subscription).confirmation.extension:
        return False
    latest = charges.latest_of(session, subscription, ConfirmationKind.SECOND)
    return latest is None or latest.result in (ConfirmationResult.NOT_REACHED, ConfirmationResult.SUSPENDED)


def was_extended(session: Session, subscription: Subscription) -> bool:
    """Whether the one further trial has been given."""
    asked = select(StateChange.id).where(
        StateChange.subscription_id == subscription.id, StateChange.after == S.EXTENDED
    )
    return session.exec(asked.where(StateChange.why == "not_reached").limit(1)).first() is not None


def suspend_for_correction(
    session: Session, subscription: Subscription, *, review_id: int, call_id: int, by: Staff, now: datetime
) -> None:
    """A reviewer failed the sale: it waits for a correction call; what was charged on it is taken back."""
    if subscription.state in FINAL or subscription.state == S.CORRECTION_DUE:
        return
    first = session.exec(select(Confirmation).where(Confirmation.call_id == call_id)).first()
    if first and not session.get(ConfirmationVoid, known(first.id)):
        session.add(
            ConfirmationVoid(
                confirmation_id=known(first.id),
                subscription_id=known(subscription.id),
                reason="review_failed",
                by_id=by.id,
                at=now,
            )
        )
        session.flush()
        session.refresh(subscription)
    if subscription.state == S.RECALL_DUE:
        return
    charges.reverse_all(session, subscription, why="review_failed", by=by, now=now)
    subscription.before_correction = S.CONFIRMED if subscription.state == S.CHARGED else subscription.state
    move(session, subscription, "review_failed", by=by, now=now)
    queue_correction(session, subscription, now=now)


def queue_correction(session: Session, subscription: Subscription, *, now: datetime) -> None:
    """The sale is to be called again, by another agent where the QA policy says so."""
    another = _definition(session, subscription).qa.correction_by_another
    queue(
        session,
        subscription,
        Duty.CORRECTION,
        due_at=now,
        priority=CORRECTION_PRIORITY,
        barred_id=subscription.seller_id if another else None,
    )


def resume_after_correction(
    session: Session, subscription: Subscription, call: Call, *, by: Staff, now: datetime
) -> None:
    """The correction call passed all four: the subscription goes on where the review found it."""
    if subscription.state != S.CORRECTION_DUE:
        raise WrongState(state=subscription.state)
    _keep_first(session, subscription, call, ConfirmationResult.PASSED, by=by, now=now)
    back = subscription.before_correction or S.TRIAL
    subscription.before_correction = None
    _enter(session, subscription, back, "corrected", by=by, call=call, now=now)
    if back in WAITING:
        queue_confirmation(session, subscription, due_at=now)
    else:
        close_contact(session, subscription, "corrected")


def due_for_window(session: Session, centre: Centre, *, now: datetime) -> list[Subscription]:
    """Trials whose confirmation window has opened by today."""
    today = local_day(now, centre.zone)
    trials = _in_states(session, centre, {S.TRIAL})
    return [s for s in trials if s.trial_ends_on and s.trial_ends_on - _window(session, s) <= today]


def _window(session: Session, subscription: Subscription) -> timedelta:
    return timedelta(days=_definition(session, subscription).confirmation.days_before)


def past_their_trial(session: Session, centre: Centre, *, now: datetime) -> list[Subscription]:
    """Subscriptions whose trial is over and which nobody confirmed."""
    today = local_day(now, centre.zone)
    open_states = {S.TRIAL, S.CONFIRMING, S.EXTENDED, S.CORRECTION_DUE}
    return [s for s in _in_states(session, centre, open_states) if s.trial_ends_on and s.trial_ends_on < today]


def _in_states(session: Session, centre: Centre, states: Collection[S]) -> list[Subscription]:
    asked = select(Subscription).where(Subscription.centre_id == centre.id, col(Subscription.state).in_(states))
    return list(session.exec(asked.order_by(col(Subscription.id))).all())


def zone_of(session: Session, subscription: Subscription) -> str:
    """The time zone in which the subscription's days are counted."""
    return session.get_one(Centre, subscription.centre_id).zone


def _definition(session: Session, subscription: Subscription) -> Definition:
    return campaigns.definition_of(session, session.get_one(Campaign, subscription.campaign_id))
