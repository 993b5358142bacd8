"""The life of a subscription, step by step, as the table of the design has it."""

from datetime import timedelta

import pytest
import sqlalchemy as sa
from sqlmodel import col, select

from outbound.billing import charges
from outbound.call_lists.model import ContactState, Duty
from outbound.calls.model import Call
from outbound.compliance import Mark
from outbound.confirmations import verbs as confirmations
from outbound.journal import JournalEntry
from outbound.subscriptions import life, trial
from outbound.subscriptions.model import FINAL, Subscription, Withdrawal
from outbound.subscriptions.model import SubscriptionState as S
from outbound.subscriptions.transitions import TRANSITIONS, GuardNotMet, WrongState, move
from tests.conftest import Cast
from tests.factories import marks
from tests.sales import Sales

UNSURE, FAILED = marks(understanding=Mark.UNSURE), marks(explicit_consent=Mark.FAIL)


# The first yes


def test_a_yes_with_all_four_criteria_begins_a_trial(sales: Sales) -> None:
    subscription = sales.sell()
    assert sales.steps(subscription) == [("trial", "sale_valid")]
    assert sales.told(subscription) == ["activate"]


def test_a_doubtful_yes_is_to_be_called_again_and_nobody_is_told(sales: Sales) -> None:
    subscription = sales.sell(given=UNSURE)
    contact = sales.contact(subscription)
    assert subscription.state == S.RECALL_DUE
    assert (contact.state, contact.duty) == (ContactState.QUEUED, Duty.RECALL)
    assert sales.told(subscription) == []


def test_a_yes_that_fails_a_criterion_was_never_a_sale(sales: Sales) -> None:
    subscription = sales.sell(given=FAILED)
    assert sales.steps(subscription) == [("void", "sale_invalid")]
    assert sales.told(subscription) == []


def test_a_failure_beside_a_doubt_is_a_failure(sales: Sales) -> None:
    both = marks(understanding=Mark.UNSURE, explicit_consent=Mark.FAIL)
    assert sales.sell(given=both).state == S.VOID


def test_the_same_call_makes_one_subscription(sales: Sales, cast: Cast) -> None:
    subscription = sales.sell()
    call = sales.session.get_one(Call, subscription.sale_call_id)
    again = life.begin(sales.session, call, by=cast.agent, now=sales.now)
    assert again is subscription
    assert len(sales.session.exec(select(Subscription)).all()) == 1


def test_what_was_offered_is_kept_with_the_sale(sales: Sales) -> None:
    sales.campaign(price_fen=1990, trial_days=30)
    subscription = sales.sell()
    assert (subscription.offer_name, subscription.price_fen, subscription.trial_days) == ("亲情网", 1990, 30)


# The re-call


def test_a_recall_that_passes_begins_the_trial(sales: Sales) -> None:
    subscription = sales.sell(given=UNSURE)
    sales.recall(subscription)
    assert sales.steps(subscription) == [("recall_due", "sale_unsure"), ("trial", "recall_passed")]
    assert sales.told(subscription) == ["activate"]


def test_a_recall_that_leaves_a_doubt_is_repeated_up_to_the_limit(sales: Sales) -> None:
    sales.campaign(recalls=2)
    subscription = sales.sell(given=UNSURE)
    seen = []
    for _recall in range(2):
        sales.recall(subscription, given=UNSURE)
        seen.append(subscription.state)
    assert seen == [S.RECALL_DUE, S.VOID]
    assert sales.contact(subscription).state == ContactState.CLOSED


def test_a_recall_that_fails_ends_it(sales: Sales) -> None:
    subscription = sales.sell(given=UNSURE)
    sales.recall(subscription, given=FAILED)
    assert subscription.state == S.VOID


def test_without_recalls_a_doubtful_yes_is_void(sales: Sales) -> None:
    sales.campaign(recalls=0)
    subscription = sales.sell(given=UNSURE)
    assert subscription.state == S.VOID
    assert sales.contact(subscription).state == ContactState.CLOSED


def test_who_cancels_before_the_trial_began_is_not_told_to_the_carrier(sales: Sales) -> None:
    subscription = sales.sell(given=UNSURE)
    sales.cancel(subscription)
    assert subscription.state == S.CANCELLED
    assert sales.told(subscription) == []


# Not reached, extension, lapse


def test_who_was_not_reached_gets_one_further_trial(sales: Sales) -> None:
    subscription = sales.due()
    ended = subscription.trial_ends_on
    sales.confirm(subscription, "no_answer")
    trial.end_trial(sales.session, subscription, now=sales.now)
    assert subscription.state == S.EXTENDED
    assert ended and subscription.trial_ends_on == ended + timedelta(days=7)
    assert sales.told(subscription) == ["activate", "extend"]


def test_a_suspended_line_gets_the_further_trial_too(sales: Sales) -> None:
    subscription = sales.due()
    sales.confirm(subscription, "line_suspended")
    trial.end_trial(sales.session, subscription, now=sales.now)
    assert subscription.state == S.EXTENDED


def test_who_is_not_reached_in_the_further_trial_either_lapses(sales: Sales) -> None:
    subscription = sales.due()
    for _trial in range(2):
        trial.end_trial(sales.session, subscription, now=sales.now)
    assert [state for state, _why in sales.steps(subscription)] == ["trial", "confirming", "extended", "lapsed"]
    assert sales.told(subscription) == ["activate", "extend", "cancel"]


@pytest.mark.parametrize("outcome", ["considering", "confirmed"])
def test_who_was_reached_and_gave_no_valid_yes_lapses_without_a_further_trial(sales: Sales, outcome: str) -> None:
    subscription = sales.due()
    sales.confirm(subscription, outcome, given=FAILED)
    trial.end_trial(sales.session, subscription, now=sales.now)
    assert subscription.state == S.LAPSED


def test_no_second_further_trial_follows_a_yes_that_was_void(sales: Sales, cast: Cast) -> None:
    subscription = sales.due()
    trial.end_trial(sales.session, subscription, now=sales.now)
    yes = sales.confirm(subscription)
    confirmations.void_confirmation(sales.session, yes, reason="review_failed", by=cast.reviewer, now=sales.now)
    sales.confirm(subscription, "no_answer")
    trial.end_trial(sales.session, subscription, now=sales.now)
    assert subscription.state == S.LAPSED
    assert sales.told(subscription) == ["activate", "extend", "cancel"]


def test_a_campaign_may_do_without_extensions(sales: Sales) -> None:
    sales.campaign(extension=False)
    subscription = sales.due()
    trial.end_trial(sales.session, subscription, now=sales.now)
    assert subscription.state == S.LAPSED


def test_the_extended_are_confirmed_like_the_others(sales: Sales) -> None:
    subscription = sales.due()
    trial.end_trial(sales.session, subscription, now=sales.now)
    assert sales.contact(subscription).duty == Duty.CONFIRMATION
    sales.confirm(subscription)
    assert subscription.state == S.CONFIRMED


def test_a_trial_whose_window_was_missed_is_not_lost(sales: Sales) -> None:
    subscription = sales.sell()
    trial.end_trial(sales.session, subscription, now=sales.now)
    assert subscription.state == S.EXTENDED


# The charge


def test_the_charge_is_the_last_step(sales: Sales) -> None:
    subscription = sales.confirmed()
    sales.charge(subscription)
    assert [state for state, _why in sales.steps(subscription)] == ["trial", "confirming", "confirmed", "charged"]
    assert sales.told(subscription) == ["activate", "charge"]


# Corrections


@pytest.mark.parametrize("state", [S.TRIAL, S.CONFIRMING, S.EXTENDED, S.CONFIRMED])
def test_a_failed_sale_waits_for_its_correction_and_then_goes_on_where_it_was(sales: Sales, state: S) -> None:
    subscription = _in(sales, state)
    sales.fail_review(subscription)
    contact = sales.contact(subscription)
    assert (subscription.state, contact.duty, contact.barred_id) == (S.CORRECTION_DUE, Duty.CORRECTION, _seller(sales))
    sales.correct(subscription)
    assert (subscription.state, subscription.before_correction) == (state, None)


def test_a_corrected_sale_can_be_charged(sales: Sales) -> None:
    subscription = sales.confirmed()
    sales.fail_review(subscription)
    assert charges.obstacle(sales.session, subscription)
    sales.correct(subscription)
    assert charges.obstacle(sales.session, subscription) is None


def test_a_confirmation_is_due_again_after_the_correction_where_it_was_due_before(sales: Sales) -> None:
    subscription = sales.due()
    sales.fail_review(subscription)
    sales.correct(subscription)
    contact = sales.contact(subscription)
    assert (contact.state, contact.duty, contact.barred_id) == (ContactState.QUEUED, Duty.CONFIRMATION, _seller(sales))


def test_a_charge_is_taken_back_when_the_sale_fails_in_review(sales: Sales) -> None:
    subscription = _in(sales, S.CHARGED)
    sales.fail_review(subscription)
    assert sales.balance(subscription) == 0
    assert sales.told(subscription) == ["activate", "charge", "reverse"]
    sales.correct(subscription)
    assert subscription.state == S.CONFIRMED


def test_a_no_in_the_correction_call_cancels(sales: Sales) -> None:
    subscription = sales.due()
    sales.fail_review(subscription)
    sales.cancel(subscription, via="correction")
    assert subscription.state == S.CANCELLED
    assert sales.told(subscription) == ["activate", "cancel"]


def test_a_correction_that_reaches_nobody_lapses_at_the_trials_end(sales: Sales) -> None:
    subscription = sales.due()
    sales.fail_review(subscription)
    trial.end_trial(sales.session, subscription, now=sales.now)
    assert subscription.state == S.LAPSED


def test_the_same_review_twice_is_no_news(sales: Sales) -> None:
    subscription = sales.due()
    sales.fail_review(subscription)
    steps = sales.steps(subscription)
    sales.fail_review(subscription)
    assert sales.steps(subscription) == steps


def test_only_a_failed_sale_is_corrected(sales: Sales) -> None:
    subscription = sales.due()
    with pytest.raises(WrongState, match="confirmation due"):
        sales.correct(subscription)


# Cancelling


@pytest.mark.parametrize(
    "state", [S.RECALL_DUE, S.TRIAL, S.CONFIRMING, S.EXTENDED, S.CONFIRMED, S.CHARGED, S.CORRECTION_DUE]
)
def test_a_customer_may_cancel_at_any_time(sales: Sales, state: S) -> None:
    subscription = _in(sales, state)
    sales.cancel(subscription)
    withdrawal = sales.session.get_one(Withdrawal, subscription.id)
    assert (subscription.state, withdrawal.via, withdrawal.reason) == (S.CANCELLED, "care desk", "不要了")
    assert sales.contact(subscription).state == ContactState.CLOSED


def test_cancelling_twice_is_no_news(sales: Sales) -> None:
    subscription = sales.sell()
    sales.cancel(subscription)
    steps = sales.steps(subscription)
    sales.cancel(subscription)
    assert (sales.steps(subscription), sales.told(subscription)) == (steps, ["activate", "cancel"])


def test_cancelling_leaves_what_was_rightly_charged(sales: Sales) -> None:
    subscription = _in(sales, S.CHARGED)
    sales.cancel(subscription)
    assert sales.balance(subscription) == 500


def test_never_having_ordered_takes_the_charge_back(sales: Sales) -> None:
    subscription = _in(sales, S.CHARGED)
    sales.cancel(subscription, via="complaint")
    assert sales.balance(subscription) == 0


# The table itself

POSSIBLE = {
    "recall_passed": {S.RECALL_DUE},
    "never_valid": {S.RECALL_DUE},
    "window_opened": {S.TRIAL},
    "not_reached": {S.CONFIRMING},
    "confirmed": {S.CONFIRMING, S.EXTENDED},
    "confirmation_void": {S.CONFIRMED},
    "charged": {S.CONFIRMED},
    "review_failed": {S.TRIAL, S.CONFIRMING, S.EXTENDED, S.CONFIRMED, S.CHARGED},
    "corrected": {S.CORRECTION_DUE},
    "declined": {S.RECALL_DUE, S.TRIAL, S.CONFIRMING, S.EXTENDED, S.CONFIRMED, S.CHARGED, S.CORRECTION_DUE},
    "charge_void": {S.CHARGED},
    "lapsed": {S.TRIAL, S.CONFIRMING, S.EXTENDED, S.CORRECTION_DUE},
}
UNGUARDED = {
    S.RECALL_DUE: {"never_valid"},
    S.TRIAL: {"window_opened", "lapsed"},
    S.CONFIRMING: {"not_reached", "lapsed"},
    S.EXTENDED: {"lapsed"},
    S.CORRECTION_DUE: {"lapsed"},
}
"""What may happen in each state without anything else having happened: no yes, no void, no withdrawal, no charge."""


@pytest.mark.parametrize("state", list(S))
@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_every_step_from_every_state_is_taken_refused_guarded_or_known_already(sales: Sales, state: S) -> None:
    subscription = _in(sales, state)
    came_to = {event: _came_to(sales, subscription, event) for event in POSSIBLE}
    assert came_to == {event: _expected(event, state) for event in POSSIBLE}


def _expected(event: str, state: S) -> str:
    if state == TRANSITIONS[event].after:
        return "known"
    if state not in POSSIBLE[event]:
        return "refused"
    return "taken" if event in UNGUARDED.get(state, set()) else "guarded"


def _came_to(sales: Sales, subscription: Subscription, event: str) -> str:
    trial_run = sales.session.begin_nested()
    try:
        return "taken" if move(sales.session, subscription, event, by=None, now=sales.now) else "known"
    except WrongState:
        return "refused"
    except GuardNotMet:
        return "guarded"
    finally:
        trial_run.rollback()


def test_the_table_of_steps_is_the_one_of_the_design() -> None:
    assert TRANSITIONS.keys() == POSSIBLE.keys() | {"sale_valid", "sale_unsure", "sale_invalid"}


def test_a_guard_that_is_not_met_says_what_is_missing() -> None:
    refused = GuardNotMet(TRANSITIONS["charged"].guard)
    assert refused.sentence("zh") == "该订购还不能执行此步骤，须先满足：账本中有该订购的计费记录。"
    assert "the ledger holds its charge" in refused.sentence("en")


@pytest.mark.parametrize("state", sorted(FINAL))
def test_an_ended_subscription_is_not_woken_by_raw_sql(sales: Sales, state: S) -> None:
    subscription = _in(sales, state)
    with pytest.raises(sa.exc.IntegrityError, match="stays ended"):
        _set(sales, subscription, "state", "confirmed")


@pytest.mark.parametrize(
    ("column", "value"), [("price_fen", 1), ("trial_days", 0), ("seller_id", 2), ("sale_call_id", 99), ("version", -1)]
)
def test_what_was_agreed_does_not_change(sales: Sales, column: str, value: int) -> None:
    subscription = sales.sell()
    with pytest.raises(sa.exc.IntegrityError, match="stays ended"):
        _set(sales, subscription, column, value)


def test_charged_is_not_said_without_a_line_in_the_ledger(sales: Sales) -> None:
    subscription = sales.confirmed()
    with pytest.raises(sa.exc.IntegrityError, match="the ledger says so"):
        _set(sales, subscription, "state", "charged")


@pytest.mark.parametrize("table", ["state_change", "withdrawal"])
@pytest.mark.parametrize("statement", ["UPDATE {} SET at = at", "DELETE FROM {}"])
def test_history_is_not_rewritten(sales: Sales, table: str, statement: str) -> None:
    sales.cancel(sales.sell())
    with pytest.raises(sa.exc.IntegrityError, match="append-only"):
        sales.session.execute(sa.text(statement.format(table)))


def test_every_step_is_in_the_journal(sales: Sales) -> None:
    sales.confirmed()
    sales.session.commit()
    asked = select(JournalEntry.action).where(JournalEntry.subject_kind == "subscription")
    actions = sales.session.exec(asked.order_by(col(JournalEntry.sequence))).all()
    assert actions == ["subscription.trial", "subscription.confirming", "subscription.confirmed"]


def test_a_refused_step_is_told_in_both_languages() -> None:
    refused = WrongState(state=S.CORRECTION_DUE)
    assert refused.sentence("zh") == "该订购当前状态为“待回访修正”，不能执行此步骤。"
    assert refused.sentence("en") == "This subscription is correction due; that step is not possible now."


# Ways there


def _seller(sales: Sales) -> int | None:
    return sales.cast.agent.id


def _set(sales: Sales, subscription: Subscription, column: str, value: object) -> None:
    sales.session.flush()
    statement = sa.text(f"UPDATE subscription SET {column} = :value WHERE id = :id")
    sales.session.execute(statement, {"value": value, "id": subscription.id})


def _in(sales: Sales, state: S) -> Subscription:
    """A subscription brought into a state by the verbs alone."""
    match state:
        case S.RECALL_DUE:
            return sales.sell(given=UNSURE)
        case S.VOID:
            return sales.sell(given=FAILED)
        case S.TRIAL:
            return sales.sell()
        case S.CONFIRMING:
            return sales.due()
        case S.CONFIRMED:
            return sales.confirmed()
    subscription = sales.confirmed() if state == S.CHARGED else sales.due()
    match state:
        case S.EXTENDED:
            trial.end_trial(sales.session, subscription, now=sales.now)
        case S.CHARGED:
            sales.charge(subscription)
        case S.CORRECTION_DUE:
            sales.fail_review(subscription)
        case S.CANCELLED:
            sales.cancel(subscription)
        case S.LAPSED:
            trial.lapse(sales.session, subscription, now=sales.now, why="test")
    assert subscription.state == state
    return subscription
