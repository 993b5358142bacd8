"""Which rows of the journal tell of a subscription."""

from collections.abc import Collection, Iterator, Sequence
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, SQLModel, col, select

from outbound import complaints
from outbound.billing.model import Instruction, InstructionBatch
from outbound.calls.model import Call
from outbound.complaints import Complaint
from outbound.confirmations.model import Confirmation
from outbound.journal import JournalEntry
from outbound.notices.model import Notice, Reply, ReplyMatch
from outbound.phones.model import Phone
from outbound.recordings.model import Recording
from outbound.subscriptions.model import Subscription
from qa.review.model import Correction, Review, ReviewTask
from scripts.model import ScriptVersion

TAKEN = "evidence.taken"
"""The journal's word for evidence that somebody took along; such rows are no evidence themselves."""


def calls_of(session: Session, subscription: Subscription) -> Sequence[Call]:
    """Every call to the customer in this campaign, in order."""
    asked = select(Call).where(Call.contact_id == subscription.contact_id)
    return session.exec(asked.order_by(col(Call.dialled_at), col(Call.id))).all()


def complaints_about(session: Session, subscription: Subscription) -> list[Complaint]:
    """Complaints about a subscription, and those of its number that name none; the oldest first."""
    phone = session.get_one(Phone, subscription.phone_id)
    every = complaints.of_number(session, subscription.centre_id, phone)
    return [row for row in reversed(every) if row.subscription_id in (None, subscription.id)]


def of_notice(session: Session, model: Any, notice: Notice) -> Sequence[Any]:
    """What hangs on a notice, of one kind, in the order in which it came about."""
    return session.exec(select(model).where(model.notice_id == notice.id).order_by(model.id)).all()


def replies_to(session: Session, notice: Notice) -> Sequence[tuple[ReplyMatch, Reply]]:
    """What the customer answered to a notice, with what it came to."""
    matched = select(ReplyMatch, Reply).join(Reply, col(Reply.id) == col(ReplyMatch.reply_id))
    return session.exec(matched.where(ReplyMatch.notice_id == notice.id).order_by(col(Reply.id))).all()


def entries_about(session: Session, subscription: Subscription) -> Sequence[JournalEntry]:
    """The journal's rows about a subscription and everything that hangs on it, in order."""
    asked = select(JournalEntry).where(JournalEntry.chain == subscription.centre_id, JournalEntry.action != TAKEN)
    about = asked.where(sa.or_(*_subjects(session, subscription)))
    return session.exec(about.order_by(col(JournalEntry.sequence))).all()


def _subjects(session: Session, subscription: Subscription) -> Iterator[sa.ColumnElement[bool]]:
    for subject, numbers in _about(session, subscription).items():
        kind = col(JournalEntry.subject_kind) == subject.__tablename__
        yield sa.and_(kind, col(JournalEntry.subject_id).in_(numbers))


def _about(session: Session, subscription: Subscription) -> dict[type[SQLModel], Collection[int | None]]:
    calls = calls_of(session, subscription)
    numbers = [call.id for call in calls]

    def of_calls(model: Any) -> Sequence[int | None]:
        return session.exec(select(model.id).where(model.call_id.in_(numbers))).all()

    def of_subscription(model: Any, column: str = "id") -> Sequence[int | None]:
        asked = select(getattr(model, column)).where(model.subscription_id == subscription.id)
        return session.exec(asked).all()

    return {
        Subscription: [subscription.id],
        Call: numbers,
        ScriptVersion: {call.script_version_id for call in calls},
        **{model: of_calls(model) for model in (Confirmation, Recording, Review, ReviewTask)},
        **{model: of_subscription(model) for model in (Correction, Notice)},
        InstructionBatch: {number for number in of_subscription(Instruction, "batch_id") if number},
        Complaint: [row.id for row in complaints_about(session, subscription)],
    }


def broken(session: Session, entries: Sequence[JournalEntry]) -> Iterator[int]:
    """Of these entries, the places at which the row was changed or does not follow the one before it."""
    for entry in entries:
        asked = select(JournalEntry.hash).where(
            JournalEntry.chain == entry.chain, JournalEntry.sequence == entry.sequence - 1
        )
        before = session.exec(asked).first() or entry.previous_hash
        if (entry.hash, entry.previous_hash) != (entry.digest(), before):
            yield entry.sequence
