"""Complaints: a customer's grievance, and who settled it how. “Never ordered” blocks the charge at once."""

from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from enum import StrEnum

import sqlalchemy as sa
from sqlmodel import Field, Session, SQLModel, col, select

from outbound import journal
from outbound.billing import charges
from outbound.billing.model import ChargeHold
from outbound.calls.model import Call
from outbound.confirmations.model import Confirmation, ConfirmationResult
from outbound.db import UtcDateTime, append_only, choice, table_of
from outbound.errors import NotFound, Refusal
from outbound.people import Centre, Staff, known
from outbound.phones.model import Phone
from outbound.recordings.model import Recording
from outbound.subscriptions import life, queueing
from outbound.subscriptions.model import FINAL, Subscription
from outbound.subscriptions.transitions import WAITING
from qa.review import verbs as reviews
from qa.review.sharing import NobodyToReview


class Grievance(StrEnum):
    """What a customer complains of."""

    NEVER_ORDERED = "never_ordered"
    PRICE = "price"
    CALLED_TOO_OFTEN = "called_too_often"
    MANNER = "manner"
    OTHER = "other"


class Complaint(SQLModel, table=True):
    """A grievance, as the customer said it."""

    __tablename__ = "complaint"

    id: int | None = Field(default=None, primary_key=True)
    centre_id: int = Field(foreign_key="centre.id", index=True)
    phone_id: int = Field(foreign_key="phone.id", index=True)
    subscription_id: int | None = Field(default=None, foreign_key="subscription.id")
    grievance: Grievance = Field(sa_type=choice(Grievance))
    said: str = Field(max_length=2000)
    taken_by_id: int = Field(foreign_key="staff.id")
    at: datetime = Field(sa_type=UtcDateTime)


class Settlement(SQLModel, table=True):
    """How a complaint was settled."""

    __tablename__ = "settlement"

    complaint_id: int = Field(foreign_key="complaint.id", primary_key=True)
    answer: str = Field(max_length=2000)
    upheld: bool = Field(description="whether the customer was right")
    by_id: int = Field(foreign_key="staff.id")
    at: datetime = Field(sa_type=UtcDateTime)


append_only(table_of(Complaint))
append_only(table_of(Settlement))


class SettledAlready(Refusal):
    """This complaint is settled already; take a new one where the customer comes back."""

    zh = "该投诉已经处理完毕，客户再次投诉时请另行登记。"


class WordsNeeded(Refusal):
    """Write what the customer said, and for the settlement what was answered."""

    zh = "请写明客户的诉求，处理时请写明答复内容。"
    status = 422


def take(
    session: Session,
    centre: Centre,
    phone: Phone,
    *,
    grievance: Grievance,
    said: str,
    subscription: Subscription | None = None,
    by: Staff,
    now: datetime,
) -> Complaint:
    """Take a complaint. “Never ordered” holds every charge of the number at once, and its calls are to be reviewed.

    Raises WordsNeeded, and NotFound for a subscription of another centre or number.
    """
    if subscription and (subscription.centre_id, subscription.phone_id) != (centre.id, phone.id):
        raise NotFound
    if not said.strip():
        raise WordsNeeded
    complaint = Complaint(
        centre_id=known(centre.id),
        phone_id=known(phone.id),
        subscription_id=subscription.id if subscription else None,
        grievance=grievance,
        said=said.strip(),
        taken_by_id=known(by.id),
        at=now,
    )
    session.add(complaint)
    session.flush()
    journal.record(session, "complaint.taken", complaint, by=by, now=now, grievance=grievance, phone=phone.id)
    concerned = concerned_by(session, complaint)
    if grievance == Grievance.NEVER_ORDERED:
        for living in concerned:
            charges.hold(session, living, reason=hold_reason(complaint), by=by, now=now)
            queueing.hold_back(session, living, now=now)
    for disputed in concerned:
        _have_reviewed(session, disputed, by=by, now=now)
    return complaint


def concerned_by(session: Session, complaint: Complaint) -> list[Subscription]:
    """The living subscriptions a complaint is about: the one it names, all of the number where nothing was ordered."""
    of_number = select(Subscription).where(
        Subscription.centre_id == complaint.centre_id, Subscription.phone_id == complaint.phone_id
    )
    living = of_number.where(col(Subscription.state).not_in(FINAL))
    if complaint.grievance != Grievance.NEVER_ORDERED:
        living = living.where(Subscription.id == complaint.subscription_id)
    return list(session.exec(living.order_by(col(Subscription.id))).all())


def hold_reason(complaint: Complaint) -> str:
    """Under which reason a complaint holds charges; each complaint's hold stands and falls by itself."""
    return f"{queueing.COMPLAINT}{complaint.id}"


def _have_reviewed(session: Session, subscription: Subscription, *, by: Staff, now: datetime) -> None:
    """Pull in the recordings of the calls on which a subscription rests."""
    rests_on = select(Recording).join(Confirmation, col(Confirmation.call_id) == col(Recording.call_id))
    passed = rests_on.where(
        Confirmation.subscription_id == subscription.id, Confirmation.result == ConfirmationResult.PASSED
    )
    for recording in session.exec(passed.order_by(col(Recording.id))).all():
        # A complaint is taken even where nobody can review: the draw takes its calls in any case.
        with suppress(NobodyToReview):
            reviews.pull_in(session, recording, by=by, now=now)


def settle(
    session: Session, complaint: Complaint, *, answer: str, upheld: bool, by: Staff, now: datetime
) -> Settlement:
    """Settle a complaint, upheld or not. Where nothing was ordered, the subscription ends and its charges are reversed.

    Whatever the complaint held up and does not end goes on.

    Raises SettledAlready where it was settled otherwise, WordsNeeded, NotFound for another centre's complaint.
    """
    if by.centre_id is not None and by.centre_id != complaint.centre_id:
        raise NotFound
    answer = answer.strip()
    if already := session.get(Settlement, known(complaint.id)):
        return _same(already, answer, upheld)
    if not answer:
        raise WordsNeeded
    settlement = Settlement(complaint_id=known(complaint.id), answer=answer, upheld=upheld, by_id=known(by.id), at=now)
    session.add(settlement)
    session.flush()
    journal.record(session, "complaint.settled", complaint, by=by, now=now, upheld=upheld)
    if upheld and complaint.grievance == Grievance.NEVER_ORDERED:
        _end_what_was_never_ordered(session, complaint, answer, by=by, now=now)
    _lift_holds(session, complaint, answer, by=by, now=now)
    return settlement


def _end_what_was_never_ordered(
    session: Session, complaint: Complaint, answer: str, *, by: Staff, now: datetime
) -> None:
    of_number = select(Subscription).where(
        Subscription.centre_id == complaint.centre_id, Subscription.phone_id == complaint.phone_id
    )
    if complaint.subscription_id:
        of_number = of_number.where(Subscription.id == complaint.subscription_id)
    for subscription in session.exec(of_number.order_by(col(Subscription.id))).all():
        # One that ended since may have been charged before.
        charges.reverse_all(session, subscription, why="complaint", by=by, now=now)
        life.cancel(session, subscription, via="complaint", reason=answer, by=by, now=now)


def _same(settlement: Settlement, answer: str, upheld: bool) -> Settlement:
    if (settlement.answer, settlement.upheld) != (answer, upheld):
        raise SettledAlready
    return settlement


def _lift_holds(session: Session, complaint: Complaint, answer: str, *, by: Staff, now: datetime) -> None:
    for held in session.exec(select(ChargeHold).where(ChargeHold.reason == hold_reason(complaint))).all():
        charges.lift_hold(session, held, reason=answer[:400], by=by, now=now)
        session.flush()
        subscription = session.get_one(Subscription, held.subscription_id)
        if subscription.state in WAITING and not queueing.complained_of(session, subscription):
            queueing.let_go(session, subscription, now=now)


def settlement_of(session: Session, complaint: Complaint) -> Settlement | None:
    """How a complaint was settled, if it was."""
    return session.get(Settlement, known(complaint.id))


def open_complaints(session: Session, centre_id: int) -> Sequence[Complaint]:
    """Complaints of a centre that nobody has settled, the oldest first."""
    settled = sa.exists().where(col(Settlement.complaint_id) == col(Complaint.id))
    asked = select(Complaint).where(Complaint.centre_id == centre_id, ~settled)
    return session.exec(asked.order_by(col(Complaint.at), col(Complaint.id))).all()


def of_number(session: Session, centre_id: int, phone: Phone) -> Sequence[Complaint]:
    """Every complaint of a number at a centre, the newest first."""
    asked = select(Complaint).where(Complaint.centre_id == centre_id, Complaint.phone_id == phone.id)
    return session.exec(asked.order_by(col(Complaint.at).desc(), col(Complaint.id).desc())).all()


def calls_complained_of(session: Session, centre_id: int) -> set[int]:
    """The calls to numbers of a centre that were made before their customer complained, for the draw."""
    asked = (
        select(Call.id)
        .join(Complaint, col(Complaint.phone_id) == col(Call.phone_id))
        .where(Complaint.centre_id == centre_id, Call.centre_id == centre_id, col(Call.dialled_at) <= col(Complaint.at))
    )
    return {known(number) for number in session.exec(asked)}
