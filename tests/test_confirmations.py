"""The second confirmation: by somebody else, recorded, all four criteria; and what each answer leads to."""

from collections.abc import Mapping
from datetime import timedelta

import pytest
import sqlalchemy as sa
from sqlmodel import select

from outbound.billing import charges
from outbound.call_lists.model import ContactState, Duty
from outbound.calls.model import Call, Outcome
from outbound.compliance import Criterion, Mark
from outbound.confirmations import verbs as confirmations
from outbound.confirmations.model import Confirmation, ConfirmationKind, ConfirmationVoid
from outbound.confirmations.verbs import SellerCannotConfirm
from outbound.journal import JournalEntry
from outbound.people import Staff
from outbound.subscriptions.model import Subscription, Withdrawal
from outbound.subscriptions.model import SubscriptionState as S
from tests.conftest import Cast
from tests.factories import ALL_PASS, marks
from tests.sales import Sales


def test_the_verifiers_queue_holds_the_customer_and_never_for_the_seller(sales: Sales, cast: Cast) -> None:
    contact = sales.contact(sales.due())
    assert (contact.state, contact.duty, contact.barred_id) == (
        ContactState.QUEUED,
        Duty.CONFIRMATION,
        cast.agent.id,
    )


def test_a_yes_that_meets_all_four_confirms(sales: Sales) -> None:
    subscription = sales.due()
    confirmation = sales.confirm(subscription)
    assert (confirmation.result, subscription.state) == ("passed", S.CONFIRMED)
    assert sales.contact(subscription).state == ContactState.CLOSED


@pytest.mark.parametrize("mark", [Mark.FAIL, Mark.UNSURE])
def test_a_yes_that_leaves_one_criterion_open_is_due_again(sales: Sales, mark: Mark) -> None:
    subscription = sales.due()
    confirmation = sales.confirm(subscription, given=marks(identity_and_permission=mark))
    contact = sales.contact(subscription)
    assert (confirmation.result, subscription.state) == ("failed", S.CONFIRMING)
    assert (contact.state, contact.duty) == (ContactState.QUEUED, Duty.CONFIRMATION)


def test_the_seller_cannot_confirm(sales: Sales, cast: Cast) -> None:
    subscription = sales.due()
    call = _call(sales, subscription, cast.agent)
    with pytest.raises(SellerCannotConfirm):
        confirmations.record(sales.session, subscription, call, _outcome(sales), by=cast.agent, now=sales.now)


@pytest.mark.parametrize("outcome", ["declined", "do_not_call"])
def test_a_no_cancels_at_once(sales: Sales, outcome: str) -> None:
    subscription = sales.due()
    assert sales.confirm(subscription, outcome).result == "declined"
    assert subscription.state == S.CANCELLED
    assert sales.session.get_one(Withdrawal, subscription.id).via == "confirmation"
    assert sales.told(subscription) == ["activate", "cancel"]


def test_who_considers_is_left_in_peace(sales: Sales) -> None:
    subscription = sales.due()
    sales.confirm(subscription, "considering")
    assert subscription.state == S.CONFIRMING
    assert sales.contact(subscription).closed_why == "considering"


def test_who_considers_and_books_a_call_stays_in_the_queue(sales: Sales) -> None:
    subscription = sales.due()
    sales.confirm(subscription, "considering", callback_at=sales.now + timedelta(days=1))
    assert sales.contact(subscription).state == ContactState.QUEUED


def test_who_is_not_reached_is_tried_again_up_to_the_agreed_number(sales: Sales) -> None:
    sales.campaign(tries=2)
    subscription = sales.due()
    sales.confirm(subscription, "no_answer")
    assert sales.contact(subscription).state == ContactState.QUEUED
    sales.confirm(subscription, "no_answer")
    contact = sales.contact(subscription)
    assert (contact.state, contact.closed_why) == (ContactState.CLOSED, "not_reached")


def test_a_later_yes_counts_after_one_who_considered(sales: Sales) -> None:
    subscription = sales.due()
    sales.confirm(subscription, "considering")
    sales.confirm(subscription)
    assert subscription.state == S.CONFIRMED


def test_a_yes_for_a_cancelled_subscription_changes_nothing(sales: Sales) -> None:
    subscription = sales.due()
    sales.cancel(subscription)
    sales.confirm(subscription)
    assert subscription.state == S.CANCELLED
    assert charges.obstacle(sales.session, subscription) == "withdrawn"


# Void


def test_a_void_confirmation_is_due_again_before_the_charge(sales: Sales, cast: Cast) -> None:
    subscription = sales.due()
    _void(sales, sales.confirm(subscription), cast)
    assert subscription.state == S.CONFIRMING
    assert sales.contact(subscription).state == ContactState.QUEUED
    sales.confirm(subscription)
    assert charges.obstacle(sales.session, subscription) is None


def test_a_void_confirmation_takes_the_charge_back_and_ends_it(sales: Sales, cast: Cast) -> None:
    subscription = sales.due()
    confirmation = sales.confirm(subscription)
    sales.charge(subscription)
    _void(sales, confirmation, cast)
    assert (subscription.state, sales.balance(subscription)) == (S.CANCELLED, 0)
    assert sales.told(subscription) == ["activate", "charge", "reverse", "cancel"]


def test_voiding_twice_is_no_news(sales: Sales, cast: Cast) -> None:
    subscription = sales.due()
    confirmation = sales.confirm(subscription)
    _void(sales, confirmation, cast)
    sales.confirm(subscription)
    _void(sales, confirmation, cast)
    assert subscription.state == S.CONFIRMED


def test_voiding_an_earlier_call_leaves_the_later_yes(sales: Sales, cast: Cast) -> None:
    subscription = sales.due()
    earlier = sales.confirm(subscription, given=marks(understanding=Mark.FAIL))
    sales.confirm(subscription)
    _void(sales, earlier, cast)
    assert subscription.state == S.CONFIRMED
    assert charges.obstacle(sales.session, subscription) is None


def test_a_confirmation_voided_while_the_sale_is_corrected_is_due_again_afterwards(sales: Sales, cast: Cast) -> None:
    subscription = sales.due()
    confirmation = sales.confirm(subscription)
    sales.fail_review(subscription)
    _void(sales, confirmation, cast)
    sales.correct(subscription)
    assert subscription.state == S.CONFIRMING
    assert sales.contact(subscription).duty == Duty.CONFIRMATION


def test_who_voided_what_is_in_the_journal(sales: Sales, cast: Cast) -> None:
    confirmation = sales.confirm(sales.due())
    _void(sales, confirmation, cast)
    sales.session.commit()
    entry = sales.session.exec(select(JournalEntry).where(JournalEntry.action == "confirmation.voided")).one()
    assert (entry.actor_id, entry.subject_id) == (cast.reviewer.id, confirmation.id)


# The database's own word


def test_the_database_refuses_the_sellers_confirmation(sales: Sales, cast: Cast) -> None:
    subscription = sales.due()
    call = _call(sales, subscription, cast.agent)
    with pytest.raises(sa.exc.IntegrityError, match="never the seller"):
        _insert(sales, subscription, call_id=call.id, by_id=cast.agent.id)


def test_the_database_refuses_a_confirmation_in_the_name_of_somebody_who_did_not_call(sales: Sales, cast: Cast) -> None:
    subscription = sales.due()
    call = _call(sales, subscription, cast.agent)
    with pytest.raises(sa.exc.IntegrityError, match="never the seller"):
        _insert(sales, subscription, call_id=call.id, by_id=cast.verifier.id)


def test_the_database_refuses_a_sale_as_second_confirmation(sales: Sales, cast: Cast) -> None:
    subscription = sales.due()
    call = sales.make.call(cast.second_agent, contact=sales.contact(subscription), outcome="sold", given=ALL_PASS)
    with pytest.raises(sa.exc.IntegrityError, match="never the seller"):
        _insert(sales, subscription, call_id=call.id, by_id=cast.second_agent.id)


def test_the_database_refuses_another_customers_call(sales: Sales, cast: Cast) -> None:
    subscription, other = sales.due(), sales.due()
    call = _call(sales, other, cast.verifier)
    with pytest.raises(sa.exc.IntegrityError, match="never the seller"):
        _insert(sales, subscription, call_id=call.id, by_id=cast.verifier.id)


@pytest.mark.parametrize("given", [{}, marks(understanding=Mark.FAIL), marks(understanding=Mark.UNSURE)])
def test_the_database_refuses_passed_without_four_passing_marks(
    sales: Sales, cast: Cast, given: Mapping[Criterion, Mark]
) -> None:
    subscription = sales.due()
    call = _call(sales, subscription, cast.verifier, given=given)
    with pytest.raises(sa.exc.IntegrityError, match="all four"):
        _insert(sales, subscription, call_id=call.id, by_id=cast.verifier.id)


@pytest.mark.parametrize("table", ["confirmation", "confirmation_void"])
@pytest.mark.parametrize("statement", ["UPDATE {} SET at = at", "DELETE FROM {}"])
def test_confirmations_are_not_rewritten(sales: Sales, cast: Cast, table: str, statement: str) -> None:
    _void(sales, sales.confirm(sales.due()), cast)
    with pytest.raises(sa.exc.IntegrityError, match="append-only"):
        sales.session.execute(sa.text(statement.format(table)))


def test_everything_that_bears_on_the_charge_raises_the_version(sales: Sales, cast: Cast) -> None:
    subscription = sales.due()
    seen = [_version(sales, subscription)]
    confirmation = sales.confirm(subscription)
    seen.append(_version(sales, subscription))
    charges.hold(sales.session, subscription, reason="test", by=cast.care, now=sales.now)
    seen.append(_version(sales, subscription))
    _void(sales, confirmation, cast)
    seen.append(_version(sales, subscription))
    sales.cancel(subscription)
    seen.append(_version(sales, subscription))
    assert seen == sorted(set(seen))


def _void(sales: Sales, confirmation: Confirmation, cast: Cast) -> None:
    confirmations.void_confirmation(
        sales.session, confirmation, reason="review_failed", by=cast.reviewer, now=sales.now
    )
    assert sales.session.get(ConfirmationVoid, confirmation.id)


def _call(sales: Sales, subscription: Subscription, by: Staff, given: Mapping[Criterion, Mark] = ALL_PASS) -> Call:
    contact = sales.contact(subscription)
    call = sales.make.call(by, contact=contact, duty=Duty.CONFIRMATION, outcome="confirmed", given=given)
    sales.make.recording(call)
    return call


def _outcome(sales: Sales) -> Outcome:
    return sales.session.get_one(Outcome, "confirmed")


def _version(sales: Sales, subscription: Subscription) -> int:
    asked = sa.text("SELECT version FROM subscription WHERE id = :id")
    return int(sales.session.execute(asked, {"id": subscription.id}).scalar_one())


def _insert(sales: Sales, subscription: Subscription, **facts: object) -> None:
    row = {"subscription_id": subscription.id, "kind": ConfirmationKind.SECOND, "result": "passed", **facts}
    statement = """INSERT INTO confirmation (subscription_id, kind, result, call_id, by_id, at)
        VALUES (:subscription_id, :kind, :result, :call_id, :by_id, '2026-11-23 02:00:00')"""
    sales.session.execute(sa.text(statement), row)
