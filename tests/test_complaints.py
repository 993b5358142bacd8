"""Complaints: “never ordered” holds the charge at once; settled, it ends the subscription or lets it go on."""

from datetime import timedelta

import pytest
import sqlalchemy as sa
from sqlmodel import Session, col, select

from outbound import complaints
from outbound.billing import charges
from outbound.billing.model import EntryKind, Instruction, InstructionKind, LedgerEntry
from outbound.complaints import Complaint, Grievance, SettledAlready, WordsNeeded
from outbound.confirmations.model import ConfirmationKind
from outbound.errors import NotFound
from outbound.people import Role
from outbound.phones.model import Phone
from outbound.subscriptions.model import Subscription, SubscriptionState, Withdrawal
from qa.review.model import ReviewSource, ReviewTask
from tests.conftest import Cast
from tests.factories import Maker


@pytest.fixture
def confirmed(make: Maker, cast: Cast) -> Subscription:
    """A subscription that would be charged."""
    sale = make.sale(cast.agent)
    make.confirmed(sale, cast.verifier)
    return sale


def take(
    make: Maker,
    cast: Cast,
    subscription: Subscription,
    grievance: Grievance = Grievance.NEVER_ORDERED,
    *,
    named: bool = False,
) -> Complaint:
    phone = make.session.get_one(Phone, subscription.phone_id)
    return complaints.take(
        make.session,
        cast.fz,
        phone,
        grievance=grievance,
        said="我从来没有办过这个业务。",
        subscription=subscription if named else None,
        by=cast.care,
        now=make.now,
    )


def settle(make: Maker, cast: Cast, complaint: Complaint, *, upheld: bool, answer: str = "已答复客户。") -> None:
    complaints.settle(make.session, complaint, answer=answer, upheld=upheld, by=cast.care, now=make.now)


def charge(make: Maker, subscription: Subscription) -> None:
    then = make.now + timedelta(days=20)
    assert charges.charge(make.session, subscription, today=then.date(), now=then)


def kinds(session: Session, subscription: Subscription) -> list[EntryKind]:
    asked = select(LedgerEntry.kind).where(LedgerEntry.subscription_id == subscription.id)
    return [EntryKind(kind) for kind in session.exec(asked.order_by(col(LedgerEntry.id)))]


def test_never_ordered_holds_the_charge_at_once(make: Maker, cast: Cast, confirmed: Subscription) -> None:
    assert charges.obstacle(make.session, confirmed) is None
    take(make, cast, confirmed)
    assert charges.obstacle(make.session, confirmed) == "held"


def test_the_database_too_refuses_the_charge_of_a_complaint(make: Maker, cast: Cast, confirmed: Subscription) -> None:
    take(make, cast, confirmed)
    confirmation = charges.latest_of(make.session, confirmed, ConfirmationKind.SECOND)
    assert confirmation
    make.session.add(
        LedgerEntry(
            centre_id=confirmed.centre_id,
            subscription_id=confirmed.id or 0,
            cycle="2026-12-01",
            kind=EntryKind.CHARGE,
            amount_fen=confirmed.price_fen,
            confirmation_id=confirmation.id,
            confirmation_kind=confirmation.kind,
            confirmation_result=confirmation.result,
            at=make.now + timedelta(days=20),
        )
    )
    with pytest.raises(sa.exc.IntegrityError, match="valid second confirmation"):
        make.session.flush()


def test_every_living_subscription_of_the_number_is_held(make: Maker, cast: Cast, confirmed: Subscription) -> None:
    phone = make.session.get_one(Phone, confirmed.phone_id)
    other = make.sale(cast.agent, contact=make.contact(make.campaign(), phone=phone))
    ended = make.sale(cast.agent, contact=make.contact(make.campaign(), phone=phone))
    make.moved(ended, SubscriptionState.CANCELLED)
    bystander = make.sale(cast.agent)
    take(make, cast, confirmed, named=True)
    held = [bool(charges.standing_holds(make.session, each)) for each in (confirmed, other, ended, bystander)]
    assert held == [True, True, False, False]


def test_its_calls_are_pulled_in_for_review(make: Maker, cast: Cast, confirmed: Subscription) -> None:
    take(make, cast, confirmed)
    tasks = make.session.exec(select(ReviewTask)).all()
    assert {task.source for task in tasks} == {ReviewSource.TARGETED}
    assert len({task.call_id for task in tasks}) == 2
    assert confirmed.sale_call_id in {task.call_id for task in tasks}


def test_a_complaint_is_taken_even_where_nobody_can_review(make: Maker, cast: Cast) -> None:
    elsewhere = Maker(make.session, cast.xm, now=make.now)
    care, sale = elsewhere.staff(Role.CARE), elsewhere.sale(cast.outsider)
    phone = make.session.get_one(Phone, sale.phone_id)
    complaints.take(
        make.session, cast.xm, phone, grievance=Grievance.NEVER_ORDERED, said="没办过", by=care, now=make.now
    )
    assert charges.standing_holds(make.session, sale)
    assert make.session.exec(select(ReviewTask)).all() == []


def test_a_complaint_of_manners_holds_no_charge(make: Maker, cast: Cast, confirmed: Subscription) -> None:
    take(make, cast, confirmed, Grievance.MANNER, named=True)
    assert charges.obstacle(make.session, confirmed) is None
    assert make.session.exec(select(ReviewTask)).all()


def test_another_numbers_or_centres_subscription_is_not_found(make: Maker, cast: Cast, confirmed: Subscription) -> None:
    for centre, phone in ((cast.fz, make.phone()), (cast.xm, make.session.get_one(Phone, confirmed.phone_id))):
        with pytest.raises(NotFound):
            complaints.take(
                make.session,
                centre,
                phone,
                grievance=Grievance.PRICE,
                said="太贵",
                subscription=confirmed,
                by=cast.care,
                now=make.now,
            )


def test_a_complaint_needs_the_customers_words(make: Maker, cast: Cast) -> None:
    with pytest.raises(WordsNeeded):
        complaints.take(
            make.session, cast.fz, make.phone(), grievance=Grievance.OTHER, said=" ", by=cast.care, now=make.now
        )


def test_upheld_it_cancels_and_takes_every_charge_back(make: Maker, cast: Cast, confirmed: Subscription) -> None:
    charge(make, confirmed)
    settle(make, cast, take(make, cast, confirmed), upheld=True)
    withdrawal = make.session.get_one(Withdrawal, confirmed.id)
    told = make.session.exec(select(Instruction.kind).where(Instruction.subscription_id == confirmed.id)).all()
    assert (confirmed.state, withdrawal.via) == (SubscriptionState.CANCELLED, "complaint")
    assert kinds(make.session, confirmed) == [EntryKind.CHARGE, EntryKind.REVERSAL]
    assert {InstructionKind.REVERSE, InstructionKind.CANCEL} <= set(told)


def test_upheld_it_reverses_what_was_cancelled_since(make: Maker, cast: Cast, confirmed: Subscription) -> None:
    charge(make, confirmed)
    complaint = take(make, cast, confirmed)
    make.moved(confirmed, SubscriptionState.CANCELLED)
    settle(make, cast, complaint, upheld=True)
    assert kinds(make.session, confirmed) == [EntryKind.CHARGE, EntryKind.REVERSAL]


def test_upheld_of_one_subscription_lets_the_others_go_on(make: Maker, cast: Cast, confirmed: Subscription) -> None:
    phone = make.session.get_one(Phone, confirmed.phone_id)
    other = make.sale(cast.agent, contact=make.contact(make.campaign(), phone=phone))
    settle(make, cast, take(make, cast, confirmed, named=True), upheld=True)
    assert (confirmed.state, other.state) == (SubscriptionState.CANCELLED, SubscriptionState.TRIAL)
    assert charges.standing_holds(make.session, other) == []


def test_not_upheld_the_charge_goes_on(make: Maker, cast: Cast, confirmed: Subscription) -> None:
    settle(make, cast, take(make, cast, confirmed), upheld=False)
    assert charges.obstacle(make.session, confirmed) is None
    charge(make, confirmed)


def test_another_complaint_still_holds_the_charge(make: Maker, cast: Cast, confirmed: Subscription) -> None:
    first = take(make, cast, confirmed)
    take(make, cast, confirmed)
    settle(make, cast, first, upheld=False)
    assert charges.obstacle(make.session, confirmed) == "held"


def test_an_upheld_complaint_of_the_price_ends_nothing(make: Maker, cast: Cast, confirmed: Subscription) -> None:
    settle(make, cast, take(make, cast, confirmed, Grievance.PRICE, named=True), upheld=True)
    assert confirmed.state is SubscriptionState.CONFIRMED


def test_a_complaint_is_settled_once(make: Maker, cast: Cast, confirmed: Subscription) -> None:
    complaint = take(make, cast, confirmed)
    settle(make, cast, complaint, upheld=False)
    settle(make, cast, complaint, upheld=False)
    with pytest.raises(SettledAlready):
        settle(make, cast, complaint, upheld=True)


def test_another_centre_settles_nothing_here(make: Maker, cast: Cast, confirmed: Subscription) -> None:
    complaint = take(make, cast, confirmed)
    with pytest.raises(NotFound):
        complaints.settle(make.session, complaint, answer="好", upheld=True, by=cast.outsider_manager, now=make.now)


def test_open_complaints_are_those_that_nobody_has_settled(make: Maker, cast: Cast, confirmed: Subscription) -> None:
    first, second = take(make, cast, confirmed), take(make, cast, confirmed, Grievance.MANNER)
    settle(make, cast, first, upheld=False)
    phone = make.session.get_one(Phone, confirmed.phone_id)
    assert complaints.open_complaints(make.session, cast.fz.id or 0) == [second]
    assert complaints.open_complaints(make.session, cast.xm.id or 0) == []
    assert complaints.of_number(make.session, cast.fz.id or 0, phone) == [second, first]


def test_calls_before_a_complaint_are_those_complained_of(make: Maker, cast: Cast, confirmed: Subscription) -> None:
    make.call(cast.agent)
    take(make, cast, confirmed)
    assert confirmed.sale_call_id in complaints.calls_complained_of(make.session, cast.fz.id or 0)
    assert len(complaints.calls_complained_of(make.session, cast.fz.id or 0)) == 2
    assert complaints.calls_complained_of(make.session, cast.xm.id or 0) == set()
